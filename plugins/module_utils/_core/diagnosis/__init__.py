# Copyright: The netvpn.dynamic_l2l contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""Why a tunnel does not come up: logs read, failures named, lines found."""
