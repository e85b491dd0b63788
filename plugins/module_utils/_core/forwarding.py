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
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from enum import Enum
from functools import lru_cache, partial
from itertools import islice
from typing import NamedTuple

from .algorithms import IkeProposal, Transform
from .firstmatch import UNCHANGED, Change, Hit, Image, Rules, common, compose, mirrored, overlap
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


#: For more pieces than these it is found out first what all of them have to do with; in how few pieces that is known.
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
Parts = Iterator[tuple[Box, Fate]]
Way = Callable[[Box], Parts]
#: Makes one fate of several that are possible.
Join = Callable[[Sequence[Fate]], Fate]


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


def _either(box: Box, ways: Sequence[Way], join: Join) -> Parts:
    parts: list[tuple[Box, tuple[Fate, ...]]] = [(box, ())]
    for way in ways:
        parts = [(piece, (*fates, fate)) for part, fates in parts for piece, fate in way(part)]
    for piece, fates in parts:
        yield piece, join(fates)


def _always(fate: Fate) -> Way:
    return lambda box: iter([(box, fate)])


def _for_all(way: Way, box: Box, *, also_many: bool = False) -> Way:
    """The same for parts of ``box``, found out once where it cuts ``box`` into a few pieces only.

    ``also_many``: into many as well, for parts that are such pieces. Lists of one tunnel cut alike.
    """
    found = list(way(box) if also_many else islice(way(box), _FEW + 1))
    if len(found) == 1:
        return _always(found[0][1])
    if len(found) > _FEW:
        known = dict(found)
        return (lambda part: iter([(part, known[part])]) if part in known else way(part)) if also_many else way

    def parts(part: Box) -> Parts:
        return ((common(piece, part), fate) for piece, fate in found if overlap(piece, part))

    return parts


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


@dataclass
class Forwarding:
    """A device as tables; ``treat`` says what it does with a box of packets that enter somewhere."""

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
        self._pairs: dict[tuple[int, str, str], tuple[Translation, ...]] = {}
        self._kinds: dict[str, tuple[Box, ...]] = {}
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
        way = _Passage(enters)
        if enters == SELF:
            yield from self._here_or_on(box, way)
        elif enters not in self.ports:
            yield box, Fate.of(Letter.D, f"no interface {enters} that is up")
        elif not self.firewall:
            yield from self._enter(box, way)
        else:
            # The filters of a firewall do not see what is for itself (CLI guide 7.2, "Permitting or Denying Network Access").
            tables = self._pairs_of(self.arrivals, enters, "")
            for piece, owner in self._by_owner(box):
                if owner is None:
                    yield from self._enter(piece, way)
                    continue
                for part, outcomes, _line in _looked_up(tables, piece, UNCHANGED):
                    yield from self._here_or_on(part, way) if outcomes == (None,) else self._enter(part, way)

    def emerge(self, interface: str, box: Box) -> Parts:
        """The same for packets that come out of a tunnel whose packets came in by ``interface``.

        E: let in, as the entry says; D: no entry accepts such packets, or a filter or a translation stops them.
        """
        port = self.ports.get(interface)
        if port is None:
            yield box, Fate.of(Letter.D, f"no interface {interface} that is up")
            return
        refused = _always(Fate.of(Letter.D, "no crypto map entry accepts it"))

        def matched(entry: Entry, rest: Way) -> Way:
            if entry.rules is None and not entry.dynamic and not entry.stops:
                return rest
            return _judged(entry, partial(self._emerged, entry=entry, port=port), rest)

        yield from _scanning(port.entries, _see_answers, matched, refused)(box)

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

    def _here_or_on(self, box: Box, way: _Passage) -> Parts:
        """Packets to the device's own addresses stay here, others go on."""
        if way.image is not UNCHANGED:
            yield from self._routed(box, way)
            return
        for piece, owner in self._by_owner(box):
            if owner is None:
                yield from self._routed(piece, way)
            elif self.firewall and way.enters not in (SELF, owner) and not (way.tunnelled and owner == self.managed):
                fate = Fate.of(Letter.D, f"own address of {owner}", f"not reached through {way.enters}")
                yield piece, fate
            else:
                here = _always(Fate.of(Letter.X, f"own address of {owner}", "to the device itself"))
                yield from self._modelled(way, SELF, here)(piece)

    def _enter(self, box: Box, way: _Passage) -> Parts:
        port = self.ports[way.enters]
        inside = replace(way, admitted=port.enter is not None)
        checked = partial(self._checked, port=port, then=partial(self._arrived, way=inside))
        yield from _filtered(box, port.enter, checked)

    def _emerged(self, box: Box, entry: Entry, port: Port) -> Parts:
        """Through the filters and on, as an entry protects it."""
        fate = Fate.of(Letter.E, entry.line, f"peer {entry.peer}", entry.peer)
        way = _Passage(port.name, admitted=self.tunnels_pass or port.enter is not None, tunnelled=True)
        onwards = _instead(partial(self._arrived, way=way), fate)
        filtered = partial(_filtered, filter_=None if self.tunnels_pass else port.enter, way=onwards)
        yield from _filtered(box, entry.filter, filtered)

    def _checked(self, box: Box, port: Port, then: Way) -> Parts:
        """Packets in clear that should have come protected."""

        def matched(entry: Entry, rest: Way) -> Way:
            if entry.rules is None and entry.dynamic:
                # Whatever a peer proposes is accepted, and in clear too while nobody proposes it.
                return rest
            if self.firewall and not entry.stops:
                return _while_no_sa(entry, then) if entry.ability in _NEGOTIABLE else rest
            dropped = _always(Fate.of(Letter.D, entry.line, f"in clear, and {entry.peer} must protect it"))
            return _judged(entry, dropped, rest)

        if not port.entries:
            yield from then(box)
            return
        yield from _scanning(port.entries, _see_answers, matched, then)(box)

    def _arrived(self, box: Box, way: _Passage) -> Parts:
        """What comes to a mapped address goes on to the real one."""
        tables = self._pairs_of(self.arrivals, way.enters, "")
        if not tables:
            yield from self._here_or_on(box, way)
            return
        for piece, outcomes, line in _looked_up(tables, box, UNCHANGED):
            ways = [partial(self._here_or_on, way=_with(way, outcome)) for outcome in outcomes]
            yield from _either(piece, ways, _unsure(line)) if line else ways[0](piece)

    def _routed(self, box: Box, way: _Passage) -> Parts:
        lines = [u for u in self.unmodelled if u.leaves is None and not u.drops and u.applies(way.enters, "")]
        for piece, blind in _blinded(box, lines):
            if blind:
                yield piece, Fate.of(Letter.U, blind.line, "not modelled")
            else:
                yield from self._towards_hops(piece, way)

    def _towards_hops(self, box: Box, way: _Passage) -> Parts:
        change = way.image[3] or Change()
        # What a translation sends to one host goes one way.
        low, high = change.among[0] if change.among else (box[3][0] + change.shift, box[3][1] + change.shift)
        for first, last, routes in self._stretches[bisect_right(self._starts, low) - 1 :]:
            if first > high:
                break
            ends = (max(first, low) - change.shift, min(last, high) - change.shift)
            piece = box if change.among else _towards(box, *ends)
            hops = {route.interface: route for route in reversed(routes)}
            if not hops:
                letter = Letter.U if self.hidden_routes else Letter.D
                yield piece, Fate.of(letter, self.hidden_routes or "no route", "no route")
            elif len(hops) == 1:
                yield from self._leave(piece, way, routes[0])
            else:
                ways = [partial(self._leave, way=way, route=route) for route in hops.values()]
                yield from _either(piece, ways, _choice)

    def _leave(self, box: Box, way: _Passage, route: Route) -> Parts:
        hop = route.interface
        if hop not in self.ports:
            yield box, Fate.of(Letter.D, route.line, f"{hop} is down" if hop else "the route discards")
            return
        barrier = self.barriers.get((way.enters, hop))
        if barrier and (barrier.absolute or not way.admitted):
            yield box, Fate.of(Letter.D, barrier.line)
            return
        yield from self._modelled(way, hop, partial(self._reversible, way=way, hop=hop))(box)

    def _modelled(self, way: _Passage, hop: str, then: Way) -> Way:
        """Around ``then``: lines on the way that the model does not know."""
        found = [line for line in self.unmodelled if line.applies(way.enters, hop)]
        if not found:
            return then

        # What may do anything counts before what can only drop.
        surely = [line for line in found if not line.drops]
        lines = [*surely, *(line for line in found if line.drops)]

        def parts(box: Box) -> Parts:
            for piece, fate in then(box):
                for part, blind in _blinded(piece, surely if fate.key == _DROPPED else lines):
                    if blind is None:
                        yield part, fate
                    elif blind.drops:
                        yield part, _unsure(blind.line)((Fate.of(Letter.D, blind.line), fate))
                    else:
                        yield part, Fate.of(Letter.U, blind.line, f"not modelled; else {fate}")

        return parts

    def _reversible(self, box: Box, way: _Passage, hop: str) -> Parts:
        """A firewall lets a packet in only where the answer would come from the address that the packet went to.

        ``305013 Asymmetric NAT rules matched for forward and reverse flows … denied due to NAT reverse path failure``,
        and ``305005 No translation group found`` (PIX/ASA syslog messages guides 7.0 to 8.2).
        """
        tables = self._pairs_of(self.translations, hop, way.enters) if self.firewall and way.enters != SELF else ()
        if not tables or way.image is not UNCHANGED:
            yield from self._translated(box, way, hop)
            return
        for turned, outcomes, line in _looked_up(tables, mirrored(box), UNCHANGED):
            piece = mirrored(turned)
            ways = [
                partial(self._translated, way=way, hop=hop)
                if outcome is None or (outcome.image is UNCHANGED and not outcome.drops)
                else _always(Fate.of(Letter.D, outcome.line, "the answer would be translated"))
                for outcome in outcomes
            ]
            yield from _either(piece, ways, _unsure(line)) if line else ways[0](piece)

    def _translated(self, box: Box, way: _Passage, hop: str) -> Parts:
        tables = self._pairs_of(self.translations, way.enters, hop)
        pieces = list(_looked_up(tables, box, way.image))
        # Entries that permit none of many pieces are found out once.
        within = box if len(pieces) > _MANY else None
        # One way for all pieces with the same outcome.
        ready: dict[tuple[int, ...], list[Way]] = {}
        for piece, outcomes, line in pieces:
            key = tuple(map(id, outcomes))
            ways = ready.get(key)
            if ways is None:
                ways = ready[key] = [
                    _always(Fate.of(Letter.D, outcome.line, outcome.text))
                    if outcome and outcome.drops
                    else self._protected(_with(way, outcome), hop, within)
                    for outcome in outcomes
                ]
                if within is not None:
                    ways = ready[key] = [_for_all(each, within, also_many=True) for each in ways]
            yield from _either(piece, ways, _unsure(line)) if line else ways[0](piece)

    def _protected(self, way: _Passage, hop: str, within: Box | None = None) -> Way:
        """The crypto map of the interface that the packet leaves by, for all packets or those of a box."""
        port = self.ports[hop]
        lax = next((e for e in port.entries if e.dynamic and e.rules is None and e.ability in _NEGOTIABLE), None)
        plain = self._plain(way, port, lax)
        entries = [
            entry
            for entry in port.entries
            if within is None or entry.rules is None or entry.stops or entry.rules.meets(within, way.image)
        ]
        if not entries:
            return plain
        return _scanning(entries, partial(_see, image=way.image), partial(self._matched, way=way, port=port), plain)

    def _negotiating(self, box: Box, way: _Passage, port: Port) -> Iterator[tuple[Box, bool]]:
        """``box`` cut into IKE and ESP of the tunnel's own end, which no entry protects, and the rest."""
        kinds = self._kinds_of(port.name) if way.enters == SELF else ()
        if not any(overlap(box, kind) for kind in kinds):
            yield box, False
            return
        whole, region = Region((box,)), Region(kinds)
        yield from ((piece, True) for piece in whole.intersect(region).boxes)
        yield from ((piece, False) for piece in whole.subtract(region).boxes)

    def _kinds_of(self, name: str) -> tuple[Box, ...]:
        """IKE and ESP from the addresses of an interface."""
        found = self._kinds.get(name)
        if found is None:
            own = [(address, address) for address, interface in self.own.items() if interface == name]
            found = self._kinds[name] = tuple(
                (kind[0], source, *kind[2:]) for source in own or self.leased for kind in _NEGOTIATION
            )
        return found

    def _matched(self, entry: Entry, rest: Way, way: _Passage, port: Port) -> Way:
        if entry.rules is None and entry.dynamic:
            # Nothing matches it on the way out (CLI guide 7.0, p. 23-18); see ``lax``.
            return rest
        letter = Letter.N if way.image is not UNCHANGED else Letter.E
        words = [f"peer {entry.peer}", *([f"{way.line}: {way.text}" if way.text else way.line] if way.line else [])]
        safe = Fate.of(letter, entry.line, "; ".join(words), entry.peer)
        judged = _judged(entry, partial(self._tunnelled, entry=entry, fate=safe, way=way, port=port), rest)

        def parts(box: Box) -> Parts:
            for piece, negotiates in self._negotiating(box, way, port):
                yield from (rest if negotiates else judged)(piece)

        # An entry that is incomplete for every packet is so for these as well.
        return judged if entry.rules is None or entry.stops else parts

    def _tunnelled(self, box: Box, entry: Entry, fate: Fate, way: _Passage, port: Port) -> Parts:
        then = _always(fate)
        if port.leave and port.outer and way.enters != SELF:
            # The filter sees the packet around it.
            outer = [hit for _piece, hit in port.leave.rules.split(port.outer(entry.peer))]
            stopped = Fate.of(Letter.D, port.leave.line, f"does not permit ESP to {entry.peer}")
            if not any(hit.value or not hit.sure for hit in outer):
                then = _always(stopped)
            elif not all(hit.value and hit.sure for hit in outer):
                then = _always(_choice((fate, stopped)))
        elif port.leave and way.enters != SELF:
            then = partial(_filtered, filter_=port.leave, way=then, image=way.image)
        if entry.filter is None:
            yield from then(box)
            return
        # It is written for what comes out of the tunnel, and holds for what goes in too (Cisco document 118029).
        for piece, hit in entry.filter.rules.split_answers(box, way.image):
            refused = _always(
                Fate.of(Letter.D, entry.filter.line, hit.rule.text if hit.rule else "not permitted by it")
            )
            if hit.rule and not hit.sure:
                yield from _either(piece, (then, refused), _unsure(hit.rule.text))
            else:
                yield from (then if hit.value else refused)(piece)

    def _plain(self, way: _Passage, port: Port, lax: Entry | None = None) -> Way:
        """No entry protects it."""
        leave = None if way.enters == SELF else port.leave

        def let_out(fate: Fate, image: Image = UNCHANGED) -> Way:
            return _always(fate) if leave is None else partial(_filtered, filter_=leave, way=_always(fate), image=image)

        if way.image is not UNCHANGED:
            return let_out(Fate.of(Letter.T, way.line, way.text), way.image)
        clear = let_out(Fate.of(Letter.X, way.line or "no line translates or protects it", way.text))
        if lax is None:
            return clear
        # A peer may propose any identities; translated packets carry those of the outside address, and keep T.
        words = [lax.peer, "in clear while there is no SA", *([way.line] if way.line else [])]
        open_ = let_out(Fate.of(Letter.V, lax.line, "; ".join(words), lax.peer))

        def parts(box: Box) -> Parts:
            for piece, negotiates in self._negotiating(box, way, port):
                yield from (clear if negotiates else open_)(piece)

        return parts

    def _pairs_of(self, tables: tuple[Translation, ...], enters: str, leaves: str) -> tuple[Translation, ...]:
        key = (id(tables), enters, leaves)
        found = self._pairs.get(key)
        if found is None:
            found = self._pairs[key] = tuple(table for table in tables if table.applies(enters, leaves))
        return found


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


def _see(rules: Rules, box: Box, image: Image) -> list[tuple[Box, Hit]]:
    return rules.split(box, image)


def _see_answers(rules: Rules, box: Box) -> list[tuple[Box, Hit]]:
    return rules.split_answers(box)


def _instead(way: Way, fate: Fate) -> Way:
    """``fate`` for all that is not dropped or unknown on the way."""
    stopped = _DROPPED | _UNKNOWN

    def parts(box: Box) -> Parts:
        for piece, found in way(box):
            if found.key.isdisjoint(stopped):
                yield piece, fate
                continue
            worlds = {world if world <= stopped else fate.key | world & stopped for world in found.worlds}
            yield piece, found.settled(frozenset(worlds))

    return parts


def _with(way: _Passage, outcome: Outcome | None) -> _Passage:
    if outcome is None:
        return way
    image = way.image if outcome.image is UNCHANGED else compose(way.image, outcome.image)
    return replace(way, image=image, line=outcome.line, text=outcome.text)


def _filtered(box: Box, filter_: Filter | None, way: Way, image: Image = UNCHANGED) -> Parts:
    """Through a packet filter and on."""
    if filter_ is None:
        yield from way(box)
        return
    for piece, hit in filter_.rules.split(box, image):
        if hit.value and hit.sure:
            yield from way(piece)
            continue
        refused = _always(Fate.of(Letter.D, filter_.line, hit.rule.text if hit.rule else "not permitted by it"))
        if hit.rule and not hit.sure:
            yield from _either(piece, (way, refused), _unsure(hit.rule.text))
        else:
            yield from refused(piece)


def _looked_up(
    tables: Sequence[Translation], box: Box, image: Image
) -> Iterator[tuple[Box, tuple[Outcome | None, ...], str]]:
    """Pieces of ``box``, what translates each (None: nothing), and the line that leaves it open where there are several."""
    work: list[tuple[Box, int, tuple[Outcome | None, ...], str]] = [(box, 0, (), "")]
    while work:
        piece, index, doubts, line = work.pop()
        if index == len(tables):
            yield piece, (*doubts, None), line
            continue
        table = tables[index]
        for part, hit in table.rules.split(piece, image):
            values = [hit.value]
            because = line
            if hit.rule and not hit.sure:
                values += (True, False) if hit.rule.value is None else (hit.rule.value,)
                because = line or hit.rule.text
            found = tuple(table.outcome if value is True else value for value in values if value is not False)
            if False in values:
                work.append((part, index + 1, (*doubts, *found), because))
            else:
                yield part, (*doubts, *found), because


def _scanning(
    entries: Sequence[Entry],
    see: Callable[[Rules, Box], list[tuple[Box, Hit]]],
    matched: Callable[[Entry, Way], Way],
    missed: Way,
) -> Way:
    """Through the entries of a crypto map: a permit is the entry's business, a deny goes on to the next entry.

    "Match criterion in an ACE containing a deny statement: … resume evaluation against the ACEs in the next crypto map"
    (CLI guide 7.2, chapter 27; IOS: ``crypto ipsec … deny-policy``, whose default is to jump).
    """
    # What an entry does with what it matches is made once, however many pieces there are.
    ways: dict[int, Way] = {}

    def way_of(at: int) -> Way:
        found = ways.get(at)
        if found is None:
            found = ways[at] = matched(entries[at], partial(scan, index=at + 1))
        return found

    def scan(box: Box, index: int = 0) -> Parts:
        work: list[tuple[Box, int]] = [(box, index)]
        while work:
            piece, at = work.pop()
            if at == len(entries):
                yield from missed(piece)
                continue
            entry = entries[at]
            if entry.rules is None or entry.stops:
                yield from way_of(at)(piece)
                continue
            parts = see(entry.rules, piece)
            taken: Way = way_of(at)
            left: Way = partial(scan, index=at + 1)
            if len(parts) > _MANY:
                taken, left = _for_all(taken, piece), _for_all(left, piece)
            for part, hit in parts:
                if hit.rule and not hit.sure:
                    yield from _either(part, (taken, left), _unsure(hit.rule.text))
                elif hit.value:
                    yield from taken(part)
                elif len(parts) > _MANY:
                    yield from left(part)
                else:
                    work.append((part, at + 1))

    return scan


def _judged(entry: Entry, safe: Way, rest: Way) -> Way:
    """What an entry does with what its list permits, as it is able to."""
    dropped = _always(Fate.of(Letter.D, entry.line, entry.reason))
    if entry.stops or entry.ability is Ability.UNABLE:
        return dropped
    if entry.ability is Ability.ABLE:
        return safe
    if entry.ability is Ability.MAYBE:
        return lambda box: _either(box, (safe, dropped), _choice)
    if entry.ability is Ability.INCOMPLETE:
        return lambda box: _either(box, (dropped, rest), _choice)
    return _always(Fate.of(Letter.U, entry.line, entry.reason))


def _while_no_sa(entry: Entry, then: Way) -> Way:
    """A packet in clear that is let in: only an established tunnel makes the firewall refuse it (``ipsec-spoof``)."""

    def seen(world: Key) -> Key:
        if world == _CLEAR:
            return frozenset((f"{Letter.V.value} {entry.peer}",))
        return world | _DROPPED if Letter.T.value in world else world

    def parts(box: Box) -> Parts:
        for piece, fate in then(box):
            worlds = frozenset(seen(world) for world in fate.worlds)
            if worlds == fate.worlds:
                yield piece, fate
            else:
                words = f"{fate.line}; {entry.line}: dropped while there is an SA"
                yield piece, replace(fate, detail=words).settled(worlds)

    return parts
