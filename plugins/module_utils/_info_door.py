# Copyright: The netvpn.dynamic_l2l contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""The door of ``ipsec_info``: its options, and which platform is at the other end of the connection."""

from __future__ import annotations

from typing import Any

from ansible.module_utils.basic import AnsibleModule

from ._cli_transport import network_os
from ._core.associations.info import info, platform_of
from ._core.run import PLATFORMS
from ._core.session import Transport
from ._door import ARGUMENT_SPEC, OpenSession, carry_out

INFO_SPEC: dict[str, Any] = {
    **{option: ARGUMENT_SPEC[option] for option in ("host", "responders", "tunnels")},
    "tunnel": {"type": "list", "elements": "str"},
    "peer": {"type": "str"},
    "detail": {"type": "bool", "default": False},
}


def run_info(module: AnsibleModule) -> None:
    """Look, and return what is there. Ends the module."""

    def work(request: dict[str, Any], open_session: OpenSession) -> dict[str, Any]:
        def open_device() -> tuple[str, Transport]:
            platform = platform_of(network_os(getattr(module, "_socket_path", None)))
            return platform, open_session(PLATFORMS[platform].cli).transport

        return info(request, open_device)

    carry_out(module, work)
