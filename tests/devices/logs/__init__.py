# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: The netvpn.dynamic_l2l contributors
"""Logs of devices: lines with the row that each follows, and where a device puts them."""
