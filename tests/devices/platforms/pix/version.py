# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: The netvpn.dynamic_l2l contributors
"""What differs between versions of the PIX's software, as data."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from ...engine import Call


def _policy_7x() -> Mapping[str, str]:
    # What a new policy has. 7.x is not sourced: ASA 9.1 by a configuration auditor's source, 8.4 by a quiz.
    return {"authentication": "pre-share", "encryption": "3des", "hash": "sha", "group": "2", "lifetime": "86400"}


@dataclass(frozen=True)
class PixVersion:
    """A version. Its rows are those of the modules beside this one; a new version says here what is other."""

    name: str
    number: str
    # `no hostname` gives the name that the device left the factory with
    factory_name: str
    # 7.x: one star (seed); 8.x: five (captures)
    masked_key: str = "*"
    # 7.2: guide OL-12172-03 p. 27-12; later eleven
    most_transform_sets: int = 6
    # `INFO: ` on an ASA, nothing on a PIX (Netspoc-Approve)
    pat_prefix: str = ""
    policy_defaults: Mapping[str, str] = field(default_factory=_policy_7x)
    # `crypto isakmp policy`: a capture; `(config-isakmp-policy)` stands in a blog on the ASA
    policy_prompt: str = "(config-isakmp)"
    # `object-group network`: notes on the ASA 8
    group_prompt: str = "(config-network)"


PIX_7_2 = PixVersion("pix-7.2", "7.2(2)", "pix" + "firewall")


def version(call: Call) -> PixVersion:
    """The version of the device that is typed on."""
    found = call.device.platform.version
    assert isinstance(found, PixVersion)
    return found
