# Copyright: The netvpn.dynamic_l2l contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""Every class of mistake between two devices: by name, as edits of the reference's configurations.

Each is a pair of its own in one world: `pix-NAME` and `hub-NAME`. Later tests read what is found here: packets and show
text of both ends (``Pair``).
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from .sites import CONFIGURED, SECRET, changed

Edits = tuple[tuple[str, str], ...]

OURS = "permit ip 10.1.1.0 255.255.255.0"
SET = " set transform-set DYN-TS\n"
DENY = "access-list 100 deny"
MATCH = """!
ip access-list extended MATCH
 permit ip 10.2.1.0 0.0.0.255 10.1.1.0 0.0.0.255
!
"""

POLICIES = """crypto isakmp policy 65535
 authentication pre-share
 encryption 3des
 hash sha
 group 2
 lifetime 86400
"""


@dataclass(frozen=True)
class Mistake:
    """What is wrong, and how it shows.

    ``initiator``, ``responder``: edits of the two configurations. ``key``: behind the initiator's stars.
    ``filter``: what the ISP does not let pass. ``phase``: the last phase that is completed (0 to 2).
    ``shows``: pattern in the initiator's `show crypto isakmp sa` while it tries; ``in_clear``: the sources that tunnel
    traffic of the initiator's LAN shows on the ISP's link, where it does at all (None: nothing of it is seen).
    """

    initiator: Edits = ()
    responder: Edits = ()
    key: str = SECRET
    filter: tuple[str, ...] = ()
    phase: int = 0
    in_clear: str | None = None
    link: dict[str, Any] = field(default_factory=dict)


#: ``outside`` stands for the initiator's outside address.
MISTAKES: dict[str, Mistake] = {
    "wrong-key": Mistake(key="not-" + SECRET),
    "no-ike-policy": Mistake(initiator=((" group 1\n", " group 5\n"), (POLICIES, ""))),
    "no-transform-set": Mistake(
        initiator=(("transform-set DYN-TS esp-des esp-md5-hmac", "transform-set DYN-TS esp-aes-256 esp-sha-hmac"),), phase=1
    ),
    # With the responder's list, that is: without it any proxy identity is taken.
    "no-mirror": Mistake(
        initiator=((f"IPSec-traffic extended {OURS}", "IPSec-traffic extended permit ip 10.1.0.0 255.255.0.0"),),
        responder=((SET, f"{SET} match address MATCH\n"), (DENY, f"{MATCH}{DENY}")),
        phase=1,
    ),
    "no-exemption": Mistake(initiator=(("nat (inside) 0 access-list NO-NAT\n", ""),), in_clear="outside"),
    # The reference's own slip: its text exempts another network.
    "exemption-of-another-network": Mistake(
        initiator=((f"NO-NAT extended {OURS} 10.2.1.0", f"NO-NAT extended {OURS} 10.2.2.0"),),
        in_clear="outside",
    ),
    # On the router: its server answers into the tunnel with its public address (treatment.md, packetu.com 2012-06-05).
    "static-over-exemption": Mistake(
        responder=(("ip nat inside source list 100", "ip nat inside source static 10.2.1.10 192.168.1.9\nip nat inside source list 100"),),
        phase=2,
    ),
    "map-not-bound": Mistake(initiator=(("crypto map IPSEC interface outside\n", ""),), in_clear="10.1.1.10"),
    "isakmp-not-enabled": Mistake(initiator=(("crypto isakmp enable outside\n", ""),)),
    "wrong-peer": Mistake(
        initiator=(
            ("IPSEC 10 set peer 192.168.1.2", "IPSEC 10 set peer 192.168.1.3"),
            ("tunnel-group 192.168.1.2", "tunnel-group 192.168.1.3"),
        ),
    ),
    "pfs-mismatch": Mistake(
        responder=((SET, f"{SET} set pfs group5\n"),), phase=1
    ),
    "missing-route": Mistake(initiator=(("route outside 0.0.0.0 0.0.0.0 172.16.1.2 1\n", ""),)),
    "udp-500-filtered": Mistake(filter=("udp/500",)),
}  # fmt: skip


@dataclass(frozen=True)
class Pair:
    """One mistake's pair of devices in the world."""

    name: str
    number: int

    @property
    def mistake(self) -> Mistake:
        return MISTAKES[self.name]

    @property
    def initiator(self) -> str:
        return f"pix-{self.name}"

    @property
    def responder(self) -> str:
        return f"hub-{self.name}"

    @property
    def lan(self) -> str:
        """The host behind the initiator; behind the responder it is ``far``."""
        return f"a{self.number}"

    @property
    def far(self) -> str:
        return f"b{self.number}"

    @property
    def link(self) -> str:
        """The ISP's link of the initiator; the responder's is ``far_link``."""
        return f"ia{self.number}"

    @property
    def far_link(self) -> str:
        return f"ib{self.number}"

    def addressed(self, text: str) -> str:
        """Outside addresses of this pair: the ISP has them all on one router."""
        return text.replace("172.16.1.", f"172.16.{self.number}.").replace("192.168.1.", f"192.168.{self.number}.")

    @property
    def outside(self) -> str:
        return self.addressed("172.16.1.1")

    @property
    def peer(self) -> str:
        return self.addressed("192.168.1.2")

    def configs(self) -> dict[str, str]:
        """The two configurations."""
        return {
            self.initiator: self.addressed(changed(CONFIGURED["pix515e"], *self.mistake.initiator)),
            self.responder: self.addressed(changed(CONFIGURED["hub"], *self.mistake.responder)),
        }

    def keys(self) -> dict[str, str]:
        """What is behind the stars of the initiator."""
        return {self.addressed(peer): self.mistake.key for peer in ("192.168.1.2", "192.168.1.3")}


def pairs() -> Iterator[Pair]:
    """One for each mistake."""
    for number, name in enumerate(MISTAKES, 1):
        yield Pair(name, number)


def topology() -> dict[str, Any]:
    """All pairs on one ISP."""
    links: dict[str, Any] = {}
    lans: dict[str, Any] = {}
    for pair in pairs():
        links[pair.link] = {
            "port": f"{pair.initiator} Ethernet0",
            "gateway": pair.addressed("172.16.1.2/24"),
            "lease": pair.outside,
            "filter": list(pair.mistake.filter),
        }
        links[pair.far_link] = {"port": f"{pair.responder} Ethernet0/0", "gateway": pair.addressed("192.168.1.1/24")}
        lans[pair.lan] = {"port": f"{pair.initiator} Ethernet1", "address": "10.1.1.10/24", "gateway": "10.1.1.2"}
        lans[pair.far] = {
            "port": f"{pair.responder} FastEthernet1/0",
            "address": "10.2.1.10/24",
            "gateway": "10.2.1.1",
        }
    return {"links": links, "lans": lans}
