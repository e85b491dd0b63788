# Copyright: The netvpn.dynamic_l2l contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""What is wrong with one end of the tunnels: findings on a configuration, with what mends each."""

from __future__ import annotations

from typing import Union

from .asa import audit as asa_audit
from .asa.model import AsaConfig
from .intent import Intent
from .ios import audit as ios_audit
from .ios.model import IosConfig
from .options import Options
from .steps import Finding

Config = Union[AsaConfig, IosConfig]


def audit(
    config: Config,
    intent: Intent | None = None,
    host: str = "",
    options: Options | None = None,
    *,
    absent: bool = False,
) -> tuple[Finding, ...]:
    """The findings on a configuration as it is.

    With an intent they judge what matters to the tunnels of ``host`` (``absent``: it holds none any more). Without one
    what the device's own crypto maps protect is what was meant.
    """
    chosen = options or Options()
    if isinstance(config, AsaConfig):
        tunnels = intent.of_initiator(host) if intent else None
        staying = None if tunnels is None else [tunnel for tunnel in tunnels if tunnel.present and not absent]
        leaving = [tunnel for tunnel in tunnels or () if absent or not tunnel.present]
        return tuple(asa_audit.find(config, staying, leaving, chosen))
    responder = intent.responder(host) if intent else None
    tunnels = intent.of_responder(host) if intent else ()
    staying = [tunnel for tunnel in tunnels if tunnel.present and not absent]
    return tuple(ios_audit.find(config, responder, staying, chosen))
