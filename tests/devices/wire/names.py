# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: The netvpn.dynamic_l2l contributors
"""What things are called inside a world: interfaces of Linux, and the joint between a device's two namespaces.

A device has two namespaces, first NAT, then crypto. Ports that are plugged into a LAN are in the NAT namespace. A port
that is plugged into a link of the ISP is in the crypto namespace, under its own name and with its own address; the NAT
namespace has, *under the same name*, the near end of a joint to it:

    NAT namespace                                     crypto namespace
    fa1-0  10.2.1.1/24                                et0-0    192.168.1.2/24 (the real address, from the device)
    et0-0  169.254.1.1/30  ---------- joint --------  n-et0-0  169.254.1.2/30
"""

from __future__ import annotations

import re
from dataclasses import dataclass

_PORT = re.compile(r"([A-Za-z-]+)[ ]?([\d/.:]*)")


def interface_name(hardware: str) -> str:
    """The Linux name of a device's port: `Ethernet0/0` → `et0-0`, `FastEthernet1/0` → `fa1-0`, `Ethernet1` → `et1`."""
    found = _PORT.fullmatch(hardware)
    if not found:
        raise ValueError(f"not a port: {hardware}")
    return found[1][:2].lower() + found[2].replace("/", "-").replace(":", "-")


@dataclass(frozen=True)
class Joint:
    """The link between the two namespaces of a device, for its outside port `port` (a Linux name)."""

    port: str
    number: int = 1

    @property
    def nat(self) -> str:
        """Interface in the NAT namespace."""
        return self.port

    @property
    def cry(self) -> str:
        """Interface in the crypto namespace."""
        return f"n-{self.port}"

    @property
    def nat_address(self) -> str:
        """Address in the NAT namespace (/30)."""
        return f"169.254.{self.number}.1"

    @property
    def cry_address(self) -> str:
        """Address in the crypto namespace (/30): where the NAT namespace routes to."""
        return f"169.254.{self.number}.2"
