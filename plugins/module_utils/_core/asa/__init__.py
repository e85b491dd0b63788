# Copyright: The netvpn.dynamic_l2l contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""PIX/ASA: what is written, ordered and shown only there."""
