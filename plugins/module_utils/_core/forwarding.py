# Copyright: The netvpn.dynamic_l2l contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""What a device does with packets: the same steps for all platforms, over tables that ``asa`` and ``ios`` fill.

A packet that enters is let in or not, routed, translated, checked against the crypto map of the interface that it
leaves by, and let out or not, in this order ("NAT Order of Operation", Cisco document 6209; PIX/ASA: CLI guide 7.2,
chapters 17 and 27). Every step takes a box of packets, cuts it where packets fare differently, and hands the pieces on.

Only new flows are told of, and all interfaces are taken as up. Left out: routes that a routing protocol may put before
a static one (where no route is known at all the answer is unknown), multicast, packets *to* a leased address, and the
protocols that a PAT cannot carry.
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from enum import Enum
from functools import lru_cache, partial
from typing import Any, Generic, NamedTuple, TypeVar

from .algorithms import IkeProposal, Transform
from .firstmatch import UNCHANGED, Change, Hit, Image, Rules, common, compose, overlap
from .prefixes import ALL_ADDRESSES, ALL_PORTS, ALL_PROTOCOLS, EVERYTHING, EVERYTHING_BOX, Box, Interval, Prefix, Region
from .secret import Secret

#: Where the device's own packets enter.
SELF = "self"

#: The peers of a dynamic entry, in ``peers``.
ANY_PEER = "0.0.0.0"


class Letter(str, Enum):  # noqa: UP042 (ansible-test judges as 3.8, which has no StrEnum)
    """What a packet of a new flow meets."""

    E = "E"  #: protected by a named peer and able to negotiate; dropped while it has no SA
    V = "V"  #: protected while there is an SA, else in clear with its own source (on arrival: accepted in clear)
    N = "N"  #: translated, then protected
    D = "D"  #: dropped; also: protected, and unable to negotiate
    T = "T"  #: translated and in clear
    X = "X"  #: in clear with its own source
    U = "U"  #: unknown


#: What more pieces than these of one box have to go through is found out once, for the whole box; in how few parts that
#: is looked through for each of them.
_MANY, _FEW = 16, 4

#: What tells one treatment from another, as :attr:`Fate.key`.
Key = frozenset[str]


@dataclass(frozen=True)
class Fate:
    """What a class of packets meets.

    ``key`` tells one treatment from another: a letter, with the peer behind E, V and N; more than one where the
    sources leave a choice. ``line`` is what decides in the configuration, ``detail`` the rest, both for people.
    ``open`` are the keys between which a line that is not understood decides; then ``key`` is U.
    """

    key: Key
    line: str = field(compare=False)
    detail: str = field(default="", compare=False)
    open: frozenset[Key] = field(default=frozenset(), compare=False)

    @classmethod
    def of(cls, letter: Letter, line: str, detail: str = "", peer: str = "") -> Fate:
        """A fate without a choice."""
        return cls(frozenset((f"{letter.value} {peer}" if peer else letter.value,)), line, detail)

    @property
    def worlds(self) -> frozenset[Key]:
        """``open``, or the one key."""
        return self.open or frozenset((self.key,))

    def settled(self, worlds: frozenset[Key]) -> Fate:
        """The same with other worlds: U unless they agree."""
        if len(worlds) == 1:
            return replace(self, key=next(iter(worlds)), open=frozenset())
        return replace(self, key=_UNKNOWN, open=worlds)

    @property
    def letters(self) -> frozenset[Letter]:
        """The letters of ``key``."""
        return frozenset(Letter(item[0]) for item in self.key)

    def __str__(self) -> str:
        return " or ".join(sorted(self.key))


_DROPPED: Key = frozenset((Letter.D.value,))
_CLEAR: Key = frozenset((Letter.X.value,))
_UNKNOWN: Key = frozenset((Letter.U.value,))


@dataclass(frozen=True)
class PacketClass:
    """Packets that enter at one place and meet one fate.

    ``enters`` is an interface, or ``self`` for the device's own packets; ``direction`` is ``in`` where that interface
    leads to the peers and the Internet, else ``out``.
    """

    enters: str
    direction: str
    region: Region
    fate: Fate


@dataclass(frozen=True)
class Needed:
    """What a peer must be met with; ``key`` is None where the caller does not know it."""

    ike: IkeProposal
    ipsec: Transform
    key: Secret | None = None


class Ability(Enum):
    """Whether a crypto map entry can protect what its list permits."""

    ABLE = "able"
    UNABLE = "unable"
    MAYBE = "maybe"  #: a line that is not modelled decides
    INCOMPLETE = "incomplete"  #: drops its packets or passes them on: no source tells
    UNMODELLED = "unmodelled"


@dataclass(frozen=True)
class Entry:
    """One entry of a crypto map, or of a dynamic map that it names.

    ``rules`` is its list, None where it has none: then it accepts whatever a peer proposes (``dynamic``), or it is
    incomplete for every packet. ``filter`` is what may pass inside the tunnel, written from outside to inside.
    """

    line: str
    peer: str
    rules: Rules | None
    ability: Ability
    reason: str = ""
    dynamic: bool = False
    filter: Filter | None = None
    #: an incomplete entry that stops the whole interface
    stops: bool = False


@dataclass(frozen=True)
class Filter:
    """A packet filter of an interface; what it does not permit is dropped."""

    rules: Rules
    line: str


@dataclass(frozen=True)
class Port:
    """An interface: its filters, and the entries of the crypto map that is bound to it."""

    name: str
    enter: Filter | None = None
    leave: Filter | None = None
    entries: tuple[Entry, ...] = ()
    #: the boxes of the IPsec packets that this interface sends, per peer, where ``leave`` sees those instead
    outer: Callable[[str], Box] | None = None


@dataclass(frozen=True)
class Outcome:
    """What a translation rule does: ``image`` (UNCHANGED: the packet passes as it is), or a drop."""

    line: str
    image: Image = UNCHANGED
    text: str = ""
    drops: bool = False


@dataclass(frozen=True)
class Translation:
    """A table of translation rules for packets from one of ``enters`` to one of ``leaves`` (None: any).

    The value of a row is True (then ``outcome`` applies) or an Outcome of its own.
    """

    rules: Rules
    outcome: Outcome | None = None
    enters: frozenset[str] | None = None
    leaves: frozenset[str] | None = None

    def applies(self, enters: str, leaves: str) -> bool:
        """Whether a packet from one interface to the other sees the table."""
        return (self.enters is None or enters in self.enters) and (self.leaves is None or leaves in self.leaves)


@dataclass(frozen=True)
class Barrier:
    """Why one interface does not talk to another. A filter where packets enter can lift it, unless it is ``absolute``."""

    line: str
    absolute: bool = False


@dataclass(frozen=True)
class Unmodelled:
    """A line that may do anything to packets from one of ``enters`` to one of ``leaves`` (None: any).

    ``spares`` are pairs that it cannot touch, ``box`` the packets that it can. ``drops`` tells that it can only drop.
    """

    line: str
    enters: frozenset[str] | None = None
    leaves: frozenset[str] | None = None
    drops: bool = False
    spares: frozenset[tuple[str, str]] = frozenset()
    box: Box = EVERYTHING_BOX

    def applies(self, enters: str, leaves: str) -> bool:
        """Whether a packet from one interface to the other meets the line."""
        return (
            (self.enters is None or enters in self.enters)
            and (self.leaves is None or leaves in self.leaves)
            and (enters, leaves) not in self.spares
        )


class Route(NamedTuple):
    """A route: the longest prefix wins, then the lowest ``distance``. ``interface`` is empty where packets are discarded.

    A ``tracked`` one may be gone at the moment; then the next best is taken.
    """

    prefix: Prefix
    interface: str
    distance: int
    line: str
    tracked: bool = False


#: First and last address, and the routes that are taken there (several: the device shares the load).
_Stretch = tuple[int, int, tuple[Route, ...]]


@lru_cache(maxsize=64)
def stretches(routes: tuple[Route, ...]) -> tuple[tuple[int, ...], tuple[_Stretch, ...]]:
    """The address space in order, cut where another route is taken."""
    by_prefix: dict[Prefix, list[Route]] = {}
    for route in sorted(routes, key=lambda route: route.distance):
        known = by_prefix.setdefault(route.prefix, [])
        if not known or route.distance == known[-1].distance or all(other.tracked for other in known):
            known.append(route)
    found: list[_Stretch] = []
    stack: list[tuple[Prefix, tuple[Route, ...]]] = []
    position = 0

    def close(limit: int) -> None:
        nonlocal position
        if position <= limit:
            found.append((position, limit, stack[-1][1] if stack else ()))
            position = limit + 1

    for prefix in sorted(by_prefix, key=lambda item: (item.network, item.length)):
        while stack and stack[-1][0].last < prefix.network:
            close(stack[-1][0].last)
            stack.pop()
        close(prefix.network - 1)
        taken = tuple(by_prefix[prefix])
        if stack and all(route.tracked for route in taken):
            taken = (*taken, *stack[-1][1])
        stack.append((prefix, taken))
    while stack:
        close(stack[-1][0].last)
        stack.pop()
    close(ALL_ADDRESSES[1])
    return tuple(row[0] for row in found), tuple(found)


def hops(routes: tuple[Route, ...], address: int) -> frozenset[str]:
    """The interfaces towards an address; several where the device shares the load."""
    starts, rows = stretches(routes)
    return frozenset(route.interface for route in rows[bisect_right(starts, address) - 1][2])


#: Pieces of a box with what each meets, and something that cuts a box into such pieces.
Parts = list[tuple[Box, Fate]]
Way = Callable[[Box], Parts]
#: Makes one fate of several that are possible.
Join = Callable[[Sequence[Fate]], Fate]
#: How a table is asked about a box: as packets are, as their answers are, or as a translation makes them.
See = Callable[[Rules, Box], list[tuple[Box, Hit]]]

_What = TypeVar("_What")


def _unsure(line: str) -> Join:
    """Either of the fates, and the model cannot tell which."""

    def join(fates: Sequence[Fate]) -> Fate:
        worlds = frozenset(world for fate in fates for world in fate.worlds)
        if len(worlds) == 1:
            return fates[0]
        words = ", or ".join(sorted(" or ".join(sorted(world)) for world in worlds))
        return Fate(_UNKNOWN, line, f"not modelled: {words}", worlds)

    return join


def _choice(fates: Sequence[Fate]) -> Fate:
    """Any of the fates: no source tells which."""
    worlds: frozenset[Key] = frozenset((frozenset(),))
    for fate in fates:
        worlds = frozenset(_UNKNOWN if _UNKNOWN & (one | two) else one | two for one in worlds for two in fate.worlds)
    blind = next((fate for fate in fates if fate.key == _UNKNOWN), None)
    if blind and len(worlds) > 1:
        return blind.settled(worlds)
    detail = "; ".join(dict.fromkeys(fate.detail for fate in fates if fate.detail))
    return Fate(frozenset(), (blind or fates[0]).line, detail).settled(worlds)


def _either(ways: Sequence[Way], join: Join) -> Way:
    """All of the ways, and what ``join`` makes of the fates at their ends."""

    def parts(box: Box) -> Parts:
        found: list[tuple[Box, tuple[Fate, ...]]] = [(box, ())]
        for way in ways:
            found = [(piece, (*fates, fate)) for part, fates in found for piece, fate in way(part)]
        return [(piece, join(fates)) for piece, fates in found]

    return parts


def _always(fate: Fate) -> Way:
    return lambda box: [(box, fate)]


class _Known(Generic[_What]):
    """What ``cut`` does with parts of ``box``: found out once, for those that it does not cut. Lists of one tunnel cut alike."""

    def __init__(self, cut: Callable[[Box], list[tuple[Box, _What]]], box: Box) -> None:
        self.cut = cut
        self.found = cut(box)
        self.exact = dict(self.found)

    def __call__(self, part: Box) -> list[tuple[Box, _What]]:
        found, exact = self.found, self.exact
        if part in exact:
            return [(part, exact[part])]
        if len(found) == 1:
            return [(part, found[0][1])]
        if len(found) > _FEW:
            return self.cut(part)
        return [(common(piece, part), what) for piece, what in found if overlap(piece, part)]


def _onwards(pieces: Sequence[tuple[Box, Way]], box: Box) -> Parts:
    """What meets the pieces of ``box``, each on its way."""
    if len(pieces) <= _MANY:
        return [part for piece, way in pieces for part in way(piece)]
    taken = Counter(way for _piece, way in pieces)
    known = {way: _Known(way, box) if count > _MANY else way for way, count in taken.items()}
    return [part for piece, way in pieces for part in known[way](piece)]


@dataclass(frozen=True)
class _Passage:
    """What is known of a packet on its way through the device."""

    enters: str
    image: Image = UNCHANGED
    #: what translated it, and to what
    line: str = ""
    text: str = ""
    #: whether a filter let it in
    admitted: bool = False
    #: whether it came out of a tunnel
    tunnelled: bool = False

    def translated(self, outcome: Outcome | None) -> _Passage:
        """The same behind a translation rule."""
        if outcome is None:
            return self
        image = self.image if outcome.image is UNCHANGED else compose(self.image, outcome.image)
        return replace(self, image=image, line=outcome.line, text=outcome.text)

    @property
    def see(self) -> See:
        """How a table sees it."""
        return Rules.split if self.image is UNCHANGED else partial(Rules.split, image=self.image)


@dataclass
class Forwarding:
    """A device as tables; ``way`` says what it does with packets that enter somewhere.

    Each step is a method that makes the way from there on: a function that is asked about box after box.
    """

    ports: Mapping[str, Port]
    routes: tuple[Route, ...]
    #: the device's own addresses and their interfaces; ``leased`` are the addresses that it may get by DHCP
    own: Mapping[int, str]
    leased: tuple[Interval, ...] = ()
    #: what reverses a static translation for packets that come to the mapped address
    arrivals: tuple[Translation, ...] = ()
    translations: tuple[Translation, ...] = ()
    barriers: Mapping[tuple[str, str], Barrier] = field(default_factory=dict)
    unmodelled: tuple[Unmodelled, ...] = ()
    #: the interfaces towards peers and the Internet
    outward: frozenset[str] = frozenset()
    #: the firewall's habits: own addresses are reached through their own interface only, filters do not see packets
    #: to the device, a translation must hold in both directions, and packets in clear that an entry protects are
    #: dropped only while it has an SA
    firewall: bool = False
    #: whether what comes out of a tunnel passes the filter of the interface that the tunnel ends at
    tunnels_pass: bool = True
    #: the interface whose address is reached through tunnels that end at another one
    managed: str = ""
    #: why there may be routes that the model does not see
    hidden_routes: str = ""

    def __post_init__(self) -> None:
        self._starts, self._stretches = stretches(self.routes)
        self._addresses = sorted(self.own)

    # --- questions ------------------------------------------------------------------------------------------------

    def places(self) -> dict[str, Region]:
        """Where packets enter, and which can: anything at an interface, own sources at the device itself."""
        result = dict.fromkeys(self.ports, EVERYTHING)
        # A leased address may be any of these: each is treated as it would be if it were the one.
        sources = [*((address, address) for address in self._addresses), *self.leased]
        own = Region()
        for interval in sources:
            own = own.union(Region(((ALL_PROTOCOLS, interval, ALL_PORTS, ALL_ADDRESSES, ALL_PORTS),)))
        return {**result, SELF: own}

    def direction(self, enters: str) -> str:
        """``in`` for packets from the peers' side."""
        return "in" if enters in self.outward else "out"

    def treat(self, enters: str, box: Box) -> Parts:
        """``box`` in pieces, each with what it meets."""
        return self.way(enters)(box)

    def way(self, enters: str) -> Way:
        """What becomes of packets that enter there, to be asked about several boxes."""
        passage = _Passage(enters)
        if enters == SELF:
            return self._here_or_on(passage)
        if enters not in self.ports:
            return _always(Fate.of(Letter.D, f"no interface {enters} that is up"))
        if not self.firewall:
            return self._entered(passage)
        # The filters of a firewall do not see what is for itself (CLI guide 7.2, "Permitting or Denying Network Access").
        tables = self._tables(self.arrivals, enters, "")
        entered, unfiltered = self._entered(passage), self._here_or_on(passage)

        def parts(box: Box) -> Parts:
            found: Parts = []
            for piece, owner in self._by_owner(box):
                if owner is None:
                    found += entered(piece)
                    continue
                for part, outcomes, _line in _looked_up(tables, piece, Rules.split):
                    found += unfiltered(part) if outcomes == (None,) else entered(part)
            return found

        return parts

    def emerge(self, interface: str, box: Box) -> Parts:
        """The same for packets that come out of a tunnel whose packets came in by ``interface``.

        E: let in, as the entry says; D: no entry accepts such packets, or a filter or a translation stops them.
        """
        port = self.ports.get(interface)
        if port is None:
            return [(box, Fate.of(Letter.D, f"no interface {interface} that is up"))]
        refused = _always(Fate.of(Letter.D, "no crypto map entry accepts it"))

        def matched(entry: Entry, rest: Way) -> Way:
            if entry.rules is None and not entry.dynamic and not entry.stops:
                return rest
            return _judged(entry, self._emerged(entry, port), rest)

        return _scanning(port.entries, Rules.split_answers, matched, refused)(box)

    # --- steps ----------------------------------------------------------------------------------------------------

    def _by_owner(self, box: Box) -> Iterator[tuple[Box, str | None]]:
        """``box`` cut into the device's own addresses, with their interfaces, and the rest."""
        low, high = box[3]
        for address in self._addresses[bisect_left(self._addresses, low) :]:
            if address > high:
                break
            if low < address:
                yield _towards(box, low, address - 1), None
            yield _towards(box, address, address), self.own[address]
            low = address + 1
        if low <= high:
            yield _towards(box, low, high), None

    def _here_or_on(self, passage: _Passage) -> Way:
        """Packets to the device's own addresses stay here, others go on."""
        routed = self._routed(passage)
        if passage.image is not UNCHANGED:
            return routed

        def parts(box: Box) -> Parts:
            found: Parts = []
            for piece, owner in self._by_owner(box):
                found += routed(piece) if owner is None else self._here(passage, owner)(piece)
            return found

        return parts

    def _here(self, passage: _Passage, owner: str) -> Way:
        """To the own address of an interface."""
        elsewhere = passage.enters not in (SELF, owner)
        if self.firewall and elsewhere and not (passage.tunnelled and owner == self.managed):
            return _always(Fate.of(Letter.D, f"own address of {owner}", f"not reached through {passage.enters}"))
        here = _always(Fate.of(Letter.X, f"own address of {owner}", "to the device itself"))
        return self._modelled(passage, SELF, here)

    def _entered(self, passage: _Passage) -> Way:
        """Through the filter of the interface, and past its crypto map."""
        port = self.ports[passage.enters]
        arrived = self._arrived(replace(passage, admitted=port.enter is not None))
        return _filtered(port.enter, self._checked(port, arrived))

    def _emerged(self, entry: Entry, port: Port) -> Way:
        """Through the filters and on, as an entry protects it."""
        fate = Fate.of(Letter.E, entry.line, f"peer {entry.peer}", entry.peer)
        passage = _Passage(port.name, admitted=self.tunnels_pass or port.enter is not None, tunnelled=True)
        onwards = _instead(self._arrived(passage), fate)
        return _filtered(entry.filter, _filtered(None if self.tunnels_pass else port.enter, onwards))

    def _checked(self, port: Port, then: Way) -> Way:
        """Packets in clear that should have come protected."""
        if not port.entries:
            return then

        def matched(entry: Entry, rest: Way) -> Way:
            if entry.rules is None and entry.dynamic:
                # Whatever a peer proposes is accepted, and in clear too while nobody proposes it.
                return rest
            if self.firewall and not entry.stops:
                return _while_no_sa(entry, then) if entry.ability in _NEGOTIABLE else rest
            dropped = _always(Fate.of(Letter.D, entry.line, f"in clear, and {entry.peer} must protect it"))
            return _judged(entry, dropped, rest)

        return _scanning(port.entries, Rules.split_answers, matched, then)

    def _arrived(self, passage: _Passage) -> Way:
        """What comes to a mapped address goes on to the real one."""
        tables = self._tables(self.arrivals, passage.enters, "")
        return _by_outcome(tables, Rules.split, lambda outcome: self._here_or_on(passage.translated(outcome)))

    def _routed(self, passage: _Passage) -> Way:
        lines = [u for u in self.unmodelled if u.leaves is None and not u.drops and u.applies(passage.enters, "")]
        onwards = self._towards_hops(passage)
        if not lines:
            return onwards

        def parts(box: Box) -> Parts:
            found: Parts = []
            for piece, blind in _blinded(box, lines):
                found += [(piece, Fate.of(Letter.U, blind.line, "not modelled"))] if blind else onwards(piece)
            return found

        return parts

    def _towards_hops(self, passage: _Passage) -> Way:
        change = passage.image[3] or Change()
        nowhere = Fate.of(Letter.U if self.hidden_routes else Letter.D, self.hidden_routes or "no route", "no route")
        ready: dict[str, Way] = {}

        def leaving(route: Route) -> Way:
            if route.interface not in self.ports:
                text = f"{route.interface} is down" if route.interface else "the route discards"
                return _always(Fate.of(Letter.D, route.line, text))
            if route.interface not in ready:
                ready[route.interface] = self._leaving(passage, route.interface)
            return ready[route.interface]

        def taking(routes: tuple[Route, ...]) -> Way:
            ways = [leaving(route) for route in {route.interface: route for route in reversed(routes)}.values()]
            if not ways:
                return _always(nowhere)
            return ways[0] if len(ways) == 1 else _either(ways, _choice)

        def parts(box: Box) -> Parts:
            # What a translation sends to one host goes one way.
            low, high = change.among[0] if change.among else (box[3][0] + change.shift, box[3][1] + change.shift)
            found: Parts = []
            for first, last, routes in self._stretches[max(bisect_right(self._starts, low) - 1, 0) :]:
                if first > high:
                    break
                ends = (max(first, low) - change.shift, min(last, high) - change.shift)
                found += taking(routes)(box if change.among else _towards(box, *ends))
            return found

        return parts

    def _leaving(self, passage: _Passage, hop: str) -> Way:
        barrier = self.barriers.get((passage.enters, hop))
        if barrier and (barrier.absolute or not passage.admitted):
            return _always(Fate.of(Letter.D, barrier.line))
        return self._modelled(passage, hop, self._reversible(passage, hop))

    def _modelled(self, passage: _Passage, hop: str, then: Way) -> Way:
        """Around ``then``: lines on the way that the model does not know."""
        found = [line for line in self.unmodelled if line.applies(passage.enters, hop)]
        if not found:
            return then

        # What may do anything counts before what can only drop.
        surely = [line for line in found if not line.drops]
        lines = [*surely, *(line for line in found if line.drops)]

        def seen(blind: Unmodelled | None, fate: Fate) -> Fate:
            if blind is None:
                return fate
            if blind.drops:
                return _unsure(blind.line)((Fate.of(Letter.D, blind.line), fate))
            return Fate.of(Letter.U, blind.line, f"not modelled; else {fate}")

        return lambda box: [
            (part, seen(blind, fate))
            for piece, fate in then(box)
            for part, blind in _blinded(piece, surely if fate.key == _DROPPED else lines)
        ]

    def _reversible(self, passage: _Passage, hop: str) -> Way:
        """A firewall lets a packet in only where the answer would come from the address that the packet went to.

        ``305013 Asymmetric NAT rules matched for forward and reverse flows … denied due to NAT reverse path failure``,
        and ``305005 No translation group found`` (PIX/ASA syslog messages guides 7.0 to 8.2).
        """
        translated = self._translated(passage, hop)
        if not self.firewall or passage.enters == SELF or passage.image is not UNCHANGED:
            return translated

        def onwards(outcome: Outcome | None) -> Way:
            if outcome is None or (outcome.image is UNCHANGED and not outcome.drops):
                return translated
            return _always(Fate.of(Letter.D, outcome.line, "the answer would be translated"))

        return _by_outcome(self._tables(self.translations, hop, passage.enters), Rules.split_answers, onwards)

    def _translated(self, passage: _Passage, hop: str) -> Way:
        def onwards(outcome: Outcome | None) -> Way:
            if outcome and outcome.drops:
                return _always(Fate.of(Letter.D, outcome.line, outcome.text))
            return self._protected(passage.translated(outcome), hop)

        return _by_outcome(self._tables(self.translations, passage.enters, hop), passage.see, onwards)

    def _protected(self, passage: _Passage, hop: str) -> Way:
        """The crypto map of the interface that the packet leaves by."""
        port = self.ports[hop]
        lax = next((e for e in port.entries if e.dynamic and e.rules is None and e.ability in _NEGOTIABLE), None)
        plain = self._plain(passage, port, lax)
        if not port.entries:
            return plain
        return _scanning(port.entries, passage.see, partial(self._matched, passage=passage, port=port), plain)

    def _unless_negotiating(self, passage: _Passage, port: Port, negotiating: Way, else_: Way) -> Way:
        """IKE and ESP of the tunnel's own end, which no entry protects, and the rest."""
        if passage.enters != SELF:
            return else_
        own = [(address, address) for address, interface in self.own.items() if interface == port.name]
        kinds = [(kind[0], source, *kind[2:]) for source in own or self.leased for kind in _NEGOTIATION]
        region = Region(tuple(kinds))

        def parts(box: Box) -> Parts:
            if not any(overlap(box, kind) for kind in kinds):
                return else_(box)
            whole = Region((box,))
            found = [part for piece in whole.intersect(region).boxes for part in negotiating(piece)]
            return found + [part for piece in whole.subtract(region).boxes for part in else_(piece)]

        return parts

    def _matched(self, entry: Entry, rest: Way, passage: _Passage, port: Port) -> Way:
        """What an entry does with the packets that its list permits."""
        if entry.rules is None and entry.dynamic:
            # Nothing matches it on the way out (CLI guide 7.0, p. 23-18); see ``lax``.
            return rest
        letter = Letter.N if passage.image is not UNCHANGED else Letter.E
        by = f"{passage.line}: {passage.text}" if passage.text else passage.line
        words = "; ".join(filter(None, (f"peer {entry.peer}", by if passage.line else "")))
        safe = Fate.of(letter, entry.line, words, entry.peer)
        judged = _judged(entry, self._tunnelled(entry, safe, passage, port), rest)
        # An entry that is incomplete for every packet is so for these as well.
        whole = entry.rules is None or entry.stops
        return judged if whole else self._unless_negotiating(passage, port, rest, judged)

    def _tunnelled(self, entry: Entry, fate: Fate, passage: _Passage, port: Port) -> Way:
        then = _always(fate)
        if port.leave and port.outer and passage.enters != SELF:
            # The filter sees the packet around it.
            outer = [hit for _piece, hit in port.leave.rules.split(port.outer(entry.peer))]
            stopped = Fate.of(Letter.D, port.leave.line, f"does not permit ESP to {entry.peer}")
            if not any(hit.value or not hit.sure for hit in outer):
                then = _always(stopped)
            elif not all(hit.value and hit.sure for hit in outer):
                then = _always(_choice((fate, stopped)))
        elif port.leave and passage.enters != SELF:
            then = _filtered(port.leave, then, passage.see)
        # It is written for what comes out of the tunnel, and holds for what goes in too (Cisco document 118029).
        return _filtered(entry.filter, then, partial(Rules.split_answers, image=passage.image))

    def _plain(self, passage: _Passage, port: Port, lax: Entry | None = None) -> Way:
        """No entry protects it."""
        leave = None if passage.enters == SELF else port.leave

        def let_out(fate: Fate) -> Way:
            return _filtered(leave, _always(fate), passage.see)

        if passage.image is not UNCHANGED:
            return let_out(Fate.of(Letter.T, passage.line, passage.text))
        clear = let_out(Fate.of(Letter.X, passage.line or "no line translates or protects it", passage.text))
        if lax is None:
            return clear
        # A peer may propose any identities; translated packets carry those of the outside address, and keep T.
        words = [lax.peer, "in clear while there is no SA", *([passage.line] if passage.line else [])]
        open_ = let_out(Fate.of(Letter.V, lax.line, "; ".join(words), lax.peer))
        return self._unless_negotiating(passage, port, clear, open_)

    @staticmethod
    def _tables(tables: tuple[Translation, ...], enters: str, leaves: str) -> tuple[Translation, ...]:
        """Those that packets from one interface to the other see."""
        return tuple(table for table in tables if table.applies(enters, leaves))


_NEGOTIABLE = (Ability.ABLE, Ability.MAYBE)
_NEGOTIATION: tuple[Box, ...] = (
    ((17, 17), ALL_ADDRESSES, (500, 500), ALL_ADDRESSES, (500, 500)),
    ((17, 17), ALL_ADDRESSES, (4500, 4500), ALL_ADDRESSES, (4500, 4500)),
    ((50, 51), ALL_ADDRESSES, ALL_PORTS, ALL_ADDRESSES, ALL_PORTS),
)


def _blinded(box: Box, lines: Sequence[Unmodelled]) -> Iterator[tuple[Box, Unmodelled | None]]:
    """``box`` cut where one of the lines touches it."""
    for index, line in enumerate(lines):
        if overlap(line.box, box):
            whole, part = Region((box,)), Region((line.box,))
            yield from ((piece, line) for piece in whole.intersect(part).boxes)
            for piece in whole.subtract(part).boxes:
                yield from _blinded(piece, lines[index + 1 :])
            return
    yield box, None


def _towards(box: Box, low: int, high: int) -> Box:
    return (*box[:3], (low, high), box[4])


def _instead(way: Way, fate: Fate) -> Way:
    """``fate`` for all that is not dropped or unknown on the way."""
    stopped = _DROPPED | _UNKNOWN

    def seen(found: Fate) -> Fate:
        if found.key.isdisjoint(stopped):
            return fate
        worlds = {world if world <= stopped else fate.key | world & stopped for world in found.worlds}
        return found.settled(frozenset(worlds))

    return lambda box: [(piece, seen(found)) for piece, found in way(box)]


def _filtered(filter_: Filter | None, way: Way, see: See = Rules.split) -> Way:
    """Through a packet filter and on."""
    if filter_ is None:
        return way
    line, rules = filter_.line, filter_.rules

    def onwards(hit: Hit) -> Way:
        if hit.value and hit.sure:
            return way
        refused = _always(Fate.of(Letter.D, line, hit.rule.text if hit.rule else "not permitted by it"))
        return _either((way, refused), _unsure(hit.rule.text)) if hit.rule and not hit.sure else refused

    return lambda box: [part for piece, hit in see(rules, box) for part in onwards(hit)(piece)]


def _cut(rules: Rules, see: See, box: Box, pieces: Sequence[Any]) -> Callable[[Box], list[tuple[Box, Hit]]]:
    """How a table cuts the pieces of ``box``."""
    cut = partial(see, rules)
    return _Known(cut, box) if len(pieces) > _MANY else cut


def _looked_up(tables: Sequence[Translation], box: Box, see: See) -> list[tuple[Box, tuple[Outcome | None, ...], str]]:
    """Pieces of ``box``, what translates each (None: nothing), and the line that leaves it open where there are several."""
    found: list[tuple[Box, tuple[Outcome | None, ...], str]] = []
    rest: list[tuple[Box, tuple[Outcome | None, ...], str]] = [(box, (), "")]
    for table in tables:
        cut = _cut(table.rules, see, box, rest)
        coming, rest = rest, []
        for piece, doubts, line in coming:
            for part, hit in cut(piece):
                values, because = [hit.value], line
                if hit.rule and not hit.sure:
                    values += (True, False) if hit.rule.value is None else (hit.rule.value,)
                    because = line or hit.rule.text
                outcomes = tuple(table.outcome if value is True else value for value in values if value is not False)
                (rest if False in values else found).append((part, (*doubts, *outcomes), because))
    return found + [(piece, (*doubts, None), line) for piece, doubts, line in rest]


def _by_outcome(tables: Sequence[Translation], see: See, onwards: Callable[[Outcome | None], Way]) -> Way:
    """Through tables of translations, and on as what is found there says."""
    if not tables:
        return onwards(None)
    # As many as the tables have outcomes.
    ready: dict[int, Way] = {}

    def way_of(outcome: Outcome | None) -> Way:
        found = ready.get(id(outcome))
        if found is None:
            found = ready[id(outcome)] = onwards(outcome)
        return found

    def parts(box: Box) -> Parts:
        pieces = [
            (piece, _either([*map(way_of, outcomes)], _unsure(line)) if line else way_of(outcomes[0]))
            for piece, outcomes, line in _looked_up(tables, box, see)
        ]
        return _onwards(pieces, box)

    return parts


def _scanning(
    entries: Sequence[Entry], see: See, matched: Callable[[Entry, Way], Way], missed: Way, start: int = 0
) -> Way:
    """Through the entries of a crypto map: a permit is the entry's business, a deny goes on to the next entry.

    "Match criterion in an ACE containing a deny statement: … resume evaluation against the ACEs in the next crypto map"
    (CLI guide 7.2, chapter 27; IOS: ``crypto ipsec … deny-policy``, whose default is to jump). ``matched`` makes the way
    of what an entry permits, of the entry and of the way through those behind it.
    """
    ready: dict[int, tuple[Way, Way]] = {}

    def ways_of(at: int) -> tuple[Way, Way]:
        found = ready.get(at)
        if found is None:
            left = _scanning(entries, see, matched, missed, at + 1)
            found = ready[at] = matched(entries[at], left), left
        return found

    def parts(box: Box) -> Parts:
        pieces: list[tuple[Box, Way]] = []
        rest = [box]
        for at in range(start, len(entries)):
            entry = entries[at]
            if entry.rules is None or entry.stops:
                return _onwards(pieces + [(piece, ways_of(at)[0]) for piece in rest], box)
            cut = _cut(entry.rules, see, box, rest)
            coming, rest = rest, []
            for piece in coming:
                for part, hit in cut(piece):
                    if hit.rule is None or (hit.sure and not hit.value):
                        rest.append(part)
                        continue
                    taken, left = ways_of(at)
                    if taken is left:
                        # What it permits is not its business either: as if it were not there.
                        rest.append(part)
                    elif hit.sure:
                        pieces.append((part, taken))
                    else:
                        pieces.append((part, _either((taken, left), _unsure(hit.rule.text))))
        return _onwards(pieces + [(piece, missed) for piece in rest], box)

    return parts


def _judged(entry: Entry, safe: Way, rest: Way) -> Way:
    """What an entry does with what its list permits, as it is able to."""
    dropped = _always(Fate.of(Letter.D, entry.line, entry.reason))
    if entry.stops or entry.ability is Ability.UNABLE:
        return dropped
    if entry.ability is Ability.ABLE:
        return safe
    if entry.ability is Ability.MAYBE:
        return _either((safe, dropped), _choice)
    if entry.ability is Ability.INCOMPLETE:
        return _either((dropped, rest), _choice)
    return _always(Fate.of(Letter.U, entry.line, entry.reason))


def _while_no_sa(entry: Entry, then: Way) -> Way:
    """A packet in clear that is let in: only an established tunnel makes the firewall refuse it (``ipsec-spoof``)."""

    def world_of(world: Key) -> Key:
        if world == _CLEAR:
            return frozenset((f"{Letter.V.value} {entry.peer}",))
        return world | _DROPPED if Letter.T.value in world else world

    def seen(fate: Fate) -> Fate:
        worlds = frozenset(world_of(world) for world in fate.worlds)
        if worlds == fate.worlds:
            return fate
        return replace(fate, detail=f"{fate.line}; {entry.line}: dropped while there is an SA").settled(worlds)

    return lambda box: [(piece, seen(fate)) for piece, fate in then(box)]
