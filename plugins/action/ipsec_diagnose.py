# Copyright: The netvpn.dynamic_l2l contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""Direct execution of ``ipsec_diagnose``."""

from __future__ import annotations

from ansible_collections.netvpn.dynamic_l2l.plugins.plugin_utils.direct import DirectActionModule as ActionModule

__all__ = ["ActionModule"]
