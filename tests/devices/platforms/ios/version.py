# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: The netvpn.dynamic_l2l contributors
"""What differs between versions of IOS, as data."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from ...engine import Call


def _policy_12_4() -> Mapping[str, str]:
    # Hidden in a policy (seed: its debug shows what the policy's two lines leave out)
    return {"encr": "des", "hash": "sha", "authentication": "rsa-sig", "group": "1", "lifetime": "86400"}


@dataclass(frozen=True)
class IosVersion:
    """A version. Its rows are those of the modules beside this one; a new version says here what is other."""

    name: str
    number: str
    # First line of `show version`, and the image (ntc-templates: 12.4(6)T2; the model is of the seed's age)
    title: str
    image: str
    policy_defaults: Mapping[str, str] = field(default_factory=_policy_12_4)
    # Printed by itself with `ip nat inside|outside`: so in 12.4 and 15.0, with ` in` behind it later, not at all on XE
    reassembly: str = "ip virtual-reassembly"
    # six in 12.4, more later (recall)
    most_transform_sets: int = 6
    # Size of the NVRAM in `show startup-config`
    nvram: int = 129016


IOS_12_4 = IosVersion(
    "ios-12.4",
    "12.4",
    "Cisco IOS Software, 3600 Software (C3640-JK9O3S-M), Version 12.4(6)T2, RELEASE SOFTWARE (fc1)",
    "flash:/c3640-jk9o3s-mz.124-6.T2.bin",
)


def version(call: Call) -> IosVersion:
    """The version of the device that is typed on."""
    found = call.device.platform.version
    assert isinstance(found, IosVersion)
    return found
