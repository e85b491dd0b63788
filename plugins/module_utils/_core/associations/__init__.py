# Copyright: The netvpn.dynamic_l2l contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""Security associations: read, named, cleared, and what a change leaves of them and of flows."""
