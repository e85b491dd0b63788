# Copyright: The netvpn.dynamic_l2l contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""Every class of mistake between two devices: by name, as edits of the reference's configurations.

Each is a pair of its own in one world: `pix-NAME` and `hub-NAME`. The fixture ``found_mistakes`` gives what each shows:
packets and show text of both ends (``Found``).
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from devices.wire.client import Packet

from .sites import CONFIGURED, SECRET, Site, changed

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


#: What the tests found, for people and for other tools: build/wire/mistakes/NAME/.
KEPT = Path(__file__).parents[2] / "build/wire/mistakes"

#: The logs: NAME-END-CHANNEL.txt.
KEPT_LOGS = KEPT.with_name("logs")


def keep_logs(name: str, logs: dict[str, dict[str, list[str]]]) -> None:
    """Write what devices logged where others find it, one file for each device and channel."""
    KEPT_LOGS.mkdir(parents=True, exist_ok=True)
    for device, channels in logs.items():
        for channel, texts in channels.items():
            file = KEPT_LOGS / f"{name}-{device}-{channel}.txt"
            file.write_text("".join(f"{text}\n" for text in texts), encoding="utf-8")


#: Mistake → patterns of both ends' `show crypto isakmp sa` while traffic asks for the tunnel. The names of the states and
#: their grades: asa-cli.md 6, ios-show.md, failures.md.
NONE_HERE, NONE_THERE = r"There are no isakmp sas", r"^dst[^\n]*\s*\Z"
UP_HERE, UP_THERE = r"MM_ACTIVE", r"QM_IDLE .* ACTIVE"
SHOWN: dict[str, tuple[str, str]] = {
    "wrong-key": (r"MM_WAIT_MSG6", r"MM_KEY_EXCH"),
    # Refused at once: between two attempts nothing is listed.
    "no-ike-policy": (rf"MM_WAIT_MSG2|{NONE_HERE}", r"MM_NO_STATE .*\(deleted\)"),
    "no-transform-set": (UP_HERE, UP_THERE),
    "no-mirror": (UP_HERE, UP_THERE),
    "no-exemption": (NONE_HERE, NONE_THERE),
    "exemption-of-another-network": (NONE_HERE, NONE_THERE),
    "static-over-exemption": (UP_HERE, UP_THERE),
    "map-not-bound": (NONE_HERE, NONE_THERE),
    "isakmp-not-enabled": (NONE_HERE, NONE_THERE),
    "wrong-peer": (r"MM_WAIT_MSG2", NONE_THERE),
    "pfs-mismatch": (UP_HERE, UP_THERE),
    "missing-route": (NONE_HERE, NONE_THERE),
    "udp-500-filtered": (r"MM_WAIT_MSG2", NONE_THERE),
}


@dataclass
class Found:
    """What one pair did while its LAN asked for the tunnel."""

    pair: Pair
    answers: int
    packets: list[Packet]
    far_packets: list[Packet]
    isakmp: tuple[str, str]
    ipsec: tuple[str, str]
    #: What both ends had to log, by `isakmp`, `ipsec` (their debugs) and `syslog`
    logs: tuple[dict[str, list[str]], dict[str, list[str]]]

    def log(self, end: str, channel: str) -> str:
        """What an end (``pix``, ``hub``) logged."""
        return "\n".join(self.logs[("pix", "hub").index(end)][channel])

    def keep(self) -> None:
        """Write it where others find it."""
        keep_logs(self.pair.name, {"pix": self.logs[0], "hub": self.logs[1]})
        folder = KEPT / self.pair.name
        folder.mkdir(parents=True, exist_ok=True)
        for end, isakmp, ipsec in zip(("initiator", "responder"), self.isakmp, self.ipsec, strict=True):
            (folder / f"{end}.txt").write_text(f"{isakmp}\n\n{ipsec}\n", encoding="utf-8")
        rows = [{key: value for key, value in asdict(packet).items() if key != "payload"} for packet in self.packets]
        (folder / "packets.json").write_text(json.dumps(rows, indent=1), encoding="utf-8")


def find(start: Callable[..., Site]) -> dict[str, Found]:
    """Let all pairs run at once, so that none waits for another's time-outs; what each showed."""
    everyone = list(pairs())
    configs = {name: text for pair in everyone for name, text in pair.configs().items()}
    like = {pair.initiator: "pix515e" for pair in everyone} | {pair.responder: "hub" for pair in everyone}
    keys = {peer: key for pair in everyone for peer, key in pair.keys().items()}
    site = start(topology(), configs, keys, like)
    world = site.world
    with ExitStack() as stack:
        captures = {
            pair.name: tuple(stack.enter_context(world.capture(link)) for link in (pair.link, pair.far_link))
            for pair in everyone
        }
        asking = {pair.name: world.start(pair.lan, "ping", "-n", "-i", "0.2", "10.2.1.10") for pair in everyone}
        shown: dict[str, tuple[str, str]] = {}
        for pair in everyone:
            first, second = SHOWN[pair.name]
            shown[pair.name] = (
                _shows(site, pair.initiator, first),
                _shows(site, pair.responder, second),
            )
        done = {name: ping.finish().stdout for name, ping in asking.items()}
        result = {
            pair.name: Found(
                pair,
                done[pair.name].count("bytes from"),
                captures[pair.name][0].packets(),
                captures[pair.name][1].packets(),
                shown[pair.name],
                (site.show(pair.initiator, "show crypto ipsec sa"), site.show(pair.responder, "show crypto ipsec sa")),
                (world.history(pair.initiator), world.history(pair.responder)),
            )
            for pair in everyone
        }
    for each in result.values():
        each.keep()
    return result


def _shows(site: Site, device: str, pattern: str) -> str:
    def shown() -> str:
        text = site.show(device, "show crypto isakmp sa")
        return text if re.search(pattern, text, re.MULTILINE) else ""

    return str(site.until(shown, f"{device}: {pattern}"))
