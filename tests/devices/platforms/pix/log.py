# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: The netvpn.dynamic_l2l contributors
"""What a PIX 7.2 logs for each step of its negotiations: the lines of log_lines.py with their values.

Addresses in memory, handles, rules and session numbers are made up, the same for the same association; the sequence
numbers of keepalives count from the phase 1's cookie. All other values are those of the negotiation.
"""

from __future__ import annotations

import ipaddress
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from ...logs.lines import Line, Record, fill
from ...wire.crypto import Crypto
from ...wire.cryptorules import acceptable
from ...wire.steps import Main, Quick, Step
from ...wire.strays import Stray
from .log_lines import IPSEC, ISAKMP, PAYLOADS, SYSLOG

_SOFT = (0.95, 0.85)  # of phase 1 and 2: seed, 82080 of 86400 and 3060 of 3600

# In the order of their bits: `SYN ACK`, `FIN PSH ACK` in samples
_FLAGS = ("FIN", "SYN", "RST", "PSH", "ACK", "URG")


def no_connection(stray: Stray) -> Iterator[Record]:
    """A segment of TCP that belongs to no connection was dropped: message 106015."""
    packet = stray.packet
    values = {
        "source": packet.source,
        "source_port": packet.source_port,
        "destination": packet.destination,
        "destination_port": packet.destination_port,
        "flags": " ".join(name for bit, name in enumerate(_FLAGS) if stray.flags >> bit & 1),
        "port": stray.port,
    }
    return fill(SYSLOG["no-connection"], values)


@dataclass(frozen=True)
class View:
    """What a step does not say: the configuration, the addresses, tunnel groups, and the map's entry of a child.

    `forced`: the lifetime that the responder's notify names, where there was one. `session`: duration in seconds, bytes
    sent and received of the session with a peer, for the line of its end. `others`: the peer has other associations;
    `replaced`: a newer pair of the same networks is there.
    """

    crypto: Crypto = field(default_factory=lambda: Crypto("pix"))
    groups: frozenset[str] = frozenset()
    ports: Mapping[str, str] = field(default_factory=dict)  # interface by address
    forced: int | None = None
    session: tuple[int, int, int] = (0, 0, 0)
    others: bool = False
    replaced: bool = False


class Narrator:
    """Steps to records."""

    def __init__(self) -> None:
        # Why sessions end, by the number of the phase 1; pairs whose peer told that they are deleted, by its SPI
        self._ending: dict[int, str] = {}
        self._deleted: set[int] = set()

    def memory(self, what: str, number: int) -> int:
        """An address that nobody can know."""
        base = {"sa_in": 0x01B84200, "scb_in": 0x028BB1D8, "sa_out": 0x029956A0, "scb_out": 0x0291BAD0,
                "channel": 0x01727178, "handle_out": 0x0001C9AC, "handle_in": 0x00020724, "rule_encrypt": 0x029197A8,
                "rule_permit_out": 0x02996888, "rule_flow": 0x02918E30, "rule_decrypt": 0x02997CD0,
                "rule_permit_in": 0x029964F0, "structure": 0x01E62D18}[what]  # fmt: skip
        return base if what == "channel" else base + 0x5D8 * (number & 0xFFF)

    def narrate(self, step: Step, view: View) -> Iterator[Record]:
        """The records of a step, in order."""
        values = self._values(step, view)
        for lines in self._blocks(step, view, values):
            yield from fill(lines, values, step.main.remote)

    # -- which lines

    def _blocks(self, step: Step, view: View, values: dict[str, Any]) -> Iterator[tuple[Line, ...]]:
        main, quick, name = step.main, step.quick, step.name
        if name == "wanted":
            yield ISAKMP["wanted, phase 1 is there" if main.up else name]
            if step.values.get("group") == "none":
                yield ISAKMP["no-group"]
            elif main.up:
                yield ISAKMP["begin"]
        elif name in _SAME:
            yield ISAKMP[_SAME[name]]
            if name == "mm6-sent":
                yield ISAKMP["up"]
        elif name == "up":
            # a responder's is told with its last message
            yield ISAKMP[name] if main.initiator else ()
        elif name in ("qm1-sent", "qm2-sent"):
            yield ISAKMP[name]
            yield IPSEC["allocated"]
        elif name == "qm1-received" and quick:
            yield ISAKMP[name]
            yield ISAKMP[f"refused, {quick.refused}"] if quick.refused else ()
        elif name in ("qm2-received", "qm3-received"):
            yield ISAKMP[name]
            yield IPSEC["installed"]
            yield SYSLOG["created"]
            yield ISAKMP["installed"] if name == "qm3-received" else ()
        elif name == "qm3-sent":
            yield ISAKMP[name]
            yield ISAKMP["installed"]
        elif name == "policy-notified":
            yield ISAKMP[name]
            yield ISAKMP["given-up"]
        elif name == "quick-refused":
            yield ISAKMP[name]
            if quick and quick.refused == "proxies" and not view.others:
                self._ending[main.number] = "crypto map policy not found"
                yield ISAKMP["torn-down"]
        elif name == "delete-received":
            if step.why == "esp":
                self._deleted.add(step.spi)
            else:
                self._ending[main.number] = "Peer Terminate"
            yield ISAKMP[name]
        elif name == "child-closed" and quick:
            self._deleted.discard(quick.spi_out)
            yield ISAKMP["terminated"] if not view.replaced else ()
            yield ISAKMP[name]
            yield SYSLOG["deleted"]
        elif name == "down":
            self._ending.pop(main.number, None)
            yield SYSLOG["disconnected"] if not view.others else ()
        elif name in ISAKMP and not (name == "given-up" and main.up):
            if name == "dpd-dead":
                self._ending[main.number] = "Lost Service"
            yield ISAKMP[name]

    # -- their values

    def _why(self, step: Step) -> str | None:
        """The reason of 713050 and of 113019: the guide's and asa-cli.md 8's words (713050 has none for a dead peer)."""
        ending = self._ending.get(step.main.number, "")
        if step.name == "down":
            return ending if ending in ("Lost Service", "crypto map policy not found") else "User Requested"
        if ending == "Lost Service":
            return None
        told = ending == "Peer Terminate" or (step.quick is not None and step.quick.spi_out in self._deleted)
        return "Peer Terminate" if told else "Administrator Reset"

    def _values(self, step: Step, view: View) -> dict[str, Any]:
        main, quick = step.main, step.quick
        number = quick.spi_in if quick else main.number
        seconds, sent, taken = view.session
        payloads = PAYLOADS.get(0 if quick else main.step) if quick or not step.message else None
        return {
            "peer": main.remote,
            "local": main.local,
            "group": main.remote if main.remote in view.groups else "DefaultL2LGroup",
            "role": "Initiator" if main.initiator else "Responder",
            "size": step.size,
            "msgid": f"{step.message:08x}" if step.message else "0",
            "message": f"{(quick.message if quick and quick.message else step.message):08x}",
            "notice": f"{step.message:08x}",
            "notify": "NO_PROPOSAL_CHOSEN",
            "payloads": payloads,
            "interface": step.values.get("interface") or view.ports.get(main.local, "outside"),
            "map": step.values.get("map") or (quick.child.partition(":")[0] if quick else ""),
            "initiates": "" if main.initiator else None,
            "keepalive": "DPD" if _keeps_alive(view.crypto, main) else "None",
            "rekey": _rekey(view, main, quick),
            "probe": (int(main.cookies[0] or "0", 16) & 0x7FFFFFFF) + main.probes,
            "transform": main.offered.index(main.suite) + 1 if main.suite in main.offered else 1,
            "entry": main.configured.index(main.suite) + 1 if main.suite in main.configured else 1,
            "kind": "IPSec" if step.why == "esp" else "IKE",
            "why": self._why(step),
            "duration": f"{seconds // 3600}h:{seconds // 60 % 60:02}m:{seconds % 60:02}s",
            "sent": sent,
            "taken": taken,
            "session": main.number & 0xFFF,
            "port": 2,
            **_proxies(step, quick),
            **_lifetimes(view, quick),
            "spi_in": (quick.spi_in if quick else step.spi) or 0,
            "spi_out": quick.spi_out if quick else 0,
            **{what: self.memory(what, number) for what in _MEMORY},
        }


# What a responder does is printed with the lines of an initiator's other message of the same kind
_SAME = {"mm3-received": "mm4-received", "mm4-sent": "mm3-sent", "mm5-received": "mm6-received", "mm6-sent": "mm5-sent",
         "mm5-unreadable": "unreadable", "mm6-unreadable": "unreadable"}  # fmt: skip


_MEMORY = (
    "sa_in", "scb_in", "sa_out", "scb_out", "channel", "handle_out", "handle_in", "rule_encrypt", "rule_permit_out",
    "rule_flow", "rule_decrypt", "rule_permit_in", "structure",
)  # fmt: skip


def _proxies(step: Step, quick: Quick | None) -> dict[str, str | None]:
    found: dict[str, str | None] = {}
    for side in ("local", "remote"):
        text = getattr(quick, side) if quick else step.values.get(side, "")
        network = ipaddress.IPv4Network(text, strict=False) if text else None
        found[f"{side}_proxy"] = str(network.network_address) if network else None
        found[f"{side}_mask"] = str(network.netmask) if network else None
    return found


def _lifetimes(view: View, quick: Quick | None) -> dict[str, object]:
    """An initiator is told the responder's by a notify, a responder says that its own is shorter."""
    none: dict[str, object] = {"offered": None, "forced": None, "notified": None}
    if quick is None:
        return none
    if quick.initiator:
        own = _own_lifetime(view.crypto, quick)
        if view.forced is not None and view.forced < own:
            return {"offered": own, "forced": view.forced, "notified": ""}
        return none
    theirs, ours = quick.lifetimes
    return {"offered": theirs, "forced": ours, "notified": None} if ours < theirs else none


def _own_lifetime(crypto: Crypto, quick: Quick) -> int:
    for entries in crypto.maps.values():
        for entry in entries:
            if quick.child.partition("/")[0] in (f"{entry.map}:{entry.sequence}", _dynamic(entry)):
                return entry.lifetime
    return 28800


def _dynamic(entry: Any) -> str:
    return f"{entry.map}:{entry.sequence}:{entry.dynamic}:{entry.dynamic_sequence}"


def _rekey(view: View, main: Main, quick: Quick | None) -> int:
    if quick is None:
        chosen = (main.suite.encryption, main.suite.hash, main.suite.group)
        found = [p for p in acceptable(view.crypto) if (p.encryption, p.hash, p.group) == chosen]
        return int((found[0].lifetime if found else 86400) * _SOFT[0])
    own = _own_lifetime(view.crypto, quick)
    other = view.forced if quick.initiator else quick.lifetimes[0] or None
    return int(min(own, other or own) * _SOFT[1])


def _keeps_alive(crypto: Crypto, main: Main) -> bool:
    from ...wire.crypto import most_specific

    return bool(main.remote) and most_specific(crypto.keepalives, main.remote) is not None
