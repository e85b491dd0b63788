# Copyright: The netvpn.dynamic_l2l contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""The pure core: parsing, planning and session, without Ansible. Private: no promise to others."""
