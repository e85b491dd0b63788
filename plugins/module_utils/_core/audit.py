# Copyright: The netvpn.dynamic_l2l contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""What is wrong with one end of the tunnels: findings on a configuration, with what mends each."""

from __future__ import annotations

from typing import Union

from .asa import audit as asa_audit
from .asa.dialect import for_version as asa_version
from .asa.model import AsaConfig
from .asa.wanted import Wanted as AsaWanted
from .intent import Intent
from .ios import audit as ios_audit
from .ios.dialect import for_version as ios_version
from .ios.model import IosConfig
from .ios.wanted import Wanted as IosWanted
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
        tunnels = intent.of_initiator(host) if intent else ()
        staying = [tunnel for tunnel in tunnels if tunnel.present and not absent]
        leaving = [tunnel for tunnel in tunnels if tunnel not in staying]
        asa = AsaWanted(config, chosen, asa_version(config.version), tunnels)
        return tuple(asa_audit.find(asa, staying if intent else None, leaving))
    responder = intent.responder(host) if intent else None
    if intent is None or responder is None:
        return tuple(ios_audit.find_alone(config, chosen, ios_version(config.version)))
    tunnels = intent.of_responder(host)
    ios = IosWanted(config, chosen, ios_version(config.version), responder, tunnels)
    return tuple(ios_audit.find(ios, [tunnel for tunnel in tunnels if tunnel.present and not absent]))
