# Copyright: The netvpn.dynamic_l2l contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""What the audits of both platforms have in common: flows that are meant to be protected, and what is said of them."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass

from .acl import PROTOCOLS, Ace
from .algorithms import IkeProposal, Suite, Transform
from .forwarding import Fate, Letter
from .prefixes import ALL_PORTS, Prefix, Region, dotted
from .steps import Finding, Line, Packet, typed

#: What a person can send by hand comes first: ping, then what has ports.
_PREFERRED = (1, 6, 17)
_NAMES = {number: name for name, number in PROTOCOLS.items() if name not in ("ah", "nos")}

#: Parts of a suite that are sound, to grade the other part alone.
_SOUND = Suite("", IkeProposal("aes256", "sha", 14), Transform("aes256", "sha"))

#: So many names or lines are written into a message.
_SHOWN = 3

#: What is missing altogether is the plan's business.
BY_THE_PLAN = "Run with state: present, which brings the whole tunnel in a safe order"


@dataclass(frozen=True)
class Flow:
    """Packets that are meant to be protected; ``owner`` is the tunnel or the crypto map entry that says so."""

    owner: str
    source: Prefix
    destination: Prefix
    enters: str

    @property
    def region(self) -> Region:
        """All its packets."""
        return Region.pair(self.source, self.destination)

    def ace(self, action: str) -> Ace:
        """The entry that means it in a list."""
        return Ace.between(action, self.source, self.destination)


def example(region: Region, enters: str, avoid: Collection[int] = ()) -> Packet:
    """One packet of a region that has some, such as a person can send; not from or to the addresses to ``avoid``."""
    # The widest: a piece of one address is often the network's own, or the device's.
    box = max(region.boxes, key=lambda box: (box[1][1] - box[1][0], box[3][1] - box[3][0]))
    protocols, sources, source_ports, destinations, destination_ports = box
    with_ports = source_ports != ALL_PORTS or destination_ports != ALL_PORTS
    preferred = _PREFERRED[1:] if with_ports else _PREFERRED
    number = next((wanted for wanted in preferred if protocols[0] <= wanted <= protocols[1]), protocols[0])
    ports = number in _PREFERRED[1:]
    return Packet(
        _NAMES.get(number, str(number)),
        dotted(_host(sources, avoid)),
        dotted(_host(destinations, avoid)),
        enters,
        # An unprivileged port, as a client has it, where the region leaves the choice.
        max(source_ports[0], min(1024, source_ports[1])) if ports else None,
        max(destination_ports[0], min(80, destination_ports[1])) if ports else None,
    )


def _host(interval: tuple[int, int], avoid: Collection[int]) -> int:
    """An address that a host may have: not the network's own, where there is another."""
    low, high = interval
    candidates = (number for number in range(min(low + 1, high), high + 1) if number not in avoid)
    return next(candidates, low)


def shown(lines: Iterable[Line]) -> tuple[str, ...]:
    """Lines as they are typed in configuration mode, mode lines included, secrets masked."""
    return tuple(row.shown for row in typed(lines)[0])


def some(names: Sequence[str]) -> str:
    """``osaka, kobe, nara and 9,997 more``."""
    more = f" and {len(names) - _SHOWN:,} more" if len(names) > _SHOWN else ""
    return f"{', '.join(names[:_SHOWN])}{more}"


def weaknesses(ike: IkeProposal | None = None, ipsec: Transform | None = None) -> tuple[tuple[str, str], ...]:
    """What is not sound of an IKE policy or of a transform set, each part with its grade."""
    return Suite("", ike or _SOUND.ike, ipsec or _SOUND.ipsec).weaknesses()


def weak_algorithm(owner: str, part: str, grade: str, lines: Sequence[str]) -> Finding:
    """Both ends must offer the same, so nobody can mend it from one of them."""
    return Finding(
        "weak-algorithm",
        # No supported PIX/ASA has more than group 5: a note, or every run would warn.
        "warning" if grade == "broken" else "note",
        f"{owner}: {part} is {grade}. Choose another suite; it changes at both ends, so no line is given for one alone",
        tuple(lines),
    )


def protected_by(fate: Fate, peer: str) -> bool:
    """Whether a packet is protected by the peer that is meant, by no other and without a doubt."""
    return fate.key == frozenset((f"{Letter.E.value} {peer}",))


def unprotected(flow: Flow, fate: Fate, packet: Packet, peer: str) -> Finding:
    """What is meant to be protected and is not, for a reason that no other finding names."""
    where = f"{flow.owner}: from {flow.source} to {flow.destination}, entering at {flow.enters}"
    detail = f" ({fate.detail})" if fate.detail else ""
    if Letter.U in fate.letters:
        return Finding(
            "not-judged",
            "note",
            f"{where}: whether it is protected cannot be told because of '{fate.line}'{detail}. Look for yourself, or test it "
            "with the packet",
            (fate.line,),
            packet,
        )
    taken = next((key[2:] for key in fate.key if key.startswith("E ") and key[2:] != peer), "")
    what = (
        f"is protected by {taken}, not by {peer}"
        if taken
        else "may be dropped or leave in clear"
        if len(fate.letters) > 1
        else {
            Letter.D: "is dropped",
            Letter.T: "leaves translated and in clear",
            Letter.N: "is translated before it is protected, so the other end refuses its identity",
        }.get(next(iter(fate.letters)), "leaves in clear with its own source")
    )
    return Finding(
        "not-protected",
        "warning",
        f"{where}: it {what}, because of '{fate.line}'{detail}. Correct that line; what it does for others is not known "
        "here, so no command is given",
        (fate.line,),
        packet,
    )


def homeless(flow: Flow, outside: str) -> Finding:
    """A network of the intent whose packets do not enter where the intent thinks."""
    where = f"lies behind {outside}, where the other end is" if flow.enters else "is behind no interface and no route"
    return Finding(
        "not-protected",
        "warning",
        f"{flow.owner}: {flow.source} {where}, so none of its packets is protected. Give the device a route to it, or name "
        "its interface in the intent",
    )


def parts_within(ace: Ace, others: Iterable[Ace]) -> list[Ace] | None:
    """What ``others`` permit of the packets of ``ace``, as entries with its action; None where that is no pair of networks."""
    found: list[Ace] = []
    for other in others:
        if not other.region.overlaps(ace.region):
            continue
        if other.protocol != "ip" or not other.exact:
            return None
        source = max(other.source.prefix, ace.source.prefix, key=lambda prefix: prefix.length)
        destination = max(other.destination.prefix, ace.destination.prefix, key=lambda prefix: prefix.length)
        found.append(Ace.between(ace.action, source, destination))
    return list(dict.fromkeys(found))


class Protected:
    """Permits that protect, to be asked which of many other entries they cover: equal pairs are found at once."""

    def __init__(self, aces: Iterable[Ace]) -> None:
        self.aces = tuple(ace for ace in aces if ace.action == "permit")
        self._pairs = {(ace.source.prefix, ace.destination.prefix) for ace in self.aces if _plain(ace)}

    def left_of(self, ace: Ace) -> Region:
        """The packets of ``ace`` that no permit covers."""
        if (ace.source.prefix, ace.destination.prefix) in self._pairs:
            return Region()
        left = ace.region
        for other in self.aces:
            if other.exact and other.region.overlaps(left):
                left = left.subtract(other.region)
        return left


def _plain(ace: Ace) -> bool:
    return ace.exact and ace.protocol == "ip" and not ace.source_port and not ace.destination_port
