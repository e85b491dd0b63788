# Copyright: The netvpn.dynamic_l2l contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""Helpers of the core's tests: small device models, a packet's fate by brute force, golden files."""
