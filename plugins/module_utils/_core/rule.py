# Copyright: The netvpn.dynamic_l2l contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""The rule for every change, and the judgement of one line by it.

    What new flows of a class meet, drops struck, is after each line what they met before the plan, then what they meet
    after it: one change. In clear, unprotected while there is no SA, or translated into the tunnel they are in between
    only where they are so before or after. A drop in between is told, and of others' packets only let through when the
    intent accepts it. A class that the intent does not name ends as it began. Where a line that is not modelled decides
    about packets of a tunnel nothing is changed.

A line is judged on the packets that it can touch, and on no others: what it cannot touch is as it was. So is where it
leads known without a look, where what is left to do cannot touch a packet any more: then it is as it will be.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from enum import IntEnum
from functools import cached_property
from typing import Any, NamedTuple, Protocol

from .firstmatch import Lookup, common, covers, mirrored, overlap, tidy
from .forwarding import SELF, Fate, Forwarding, Letter, Way, stretches
from .intent import CLEAR_WHILE_CHANGING, NOT_MODELLED, OTHERS_CHANGED, OTHERS_INTERRUPTED, Tunnel
from .named import Boxes, Named, same
from .prefixes import ALL_ADDRESSES, ALL_PORTS, ALL_PROTOCOLS, ANY, Box, Prefix, Region, parse_address
from .steps import Ref, Step

DROP, UNKNOWN = Letter.D.value, Letter.U.value

#: More rows of a table than these are looked at together with what lies between them.
FEW = 16
#: From so many pieces on, of which a step may touch so many, it is found out first about which it can no longer decide.
MANY, SOME = 1_000, 16

#: What a packet meets, as :class:`.forwarding.Fate` says it: what is possible, where sources leave a choice.
Key = frozenset[str]


class Seen(Protocol):
    """What one packet class meets."""

    @property
    def key(self) -> Key: ...
    @property
    def line(self) -> str: ...
    @property
    def detail(self) -> str: ...


class Sight(Protocol):
    """What a configuration does with packets; see :class:`View`."""

    def usual(self) -> Mapping[str, Region]: ...
    def treat(self, enters: str, box: Box) -> Iterable[tuple[Box, Seen]]: ...


@dataclass(frozen=True)
class View:
    """A :class:`.forwarding.Forwarding`, and which packets are usual: those whose answers would go where they came from.

    Others enter somewhere else than their source is routed to: they are forged, or their answers get lost.
    """

    tables: Forwarding
    #: place → what becomes of packets that enter there
    _ways: dict[str, Way] = field(default_factory=dict, init=False, repr=False, compare=False)

    def usual(self) -> dict[str, Region]:
        """Where packets enter, and which."""
        boxes: dict[str, list[Box]] = {}
        for low, high, routes in stretches(self.tables.routes)[1]:
            for enters in {route.interface for route in routes} & self.tables.ports.keys():
                boxes.setdefault(enters, []).append(_from(low, high))
        result = {enters: Region(tidy(found)) for enters, found in boxes.items()}
        return {**result, SELF: Region(tuple(_from(address, address) for address in self.tables.own))}

    def treat(self, enters: str, box: Box) -> Iterable[tuple[Box, Seen]]:
        """``box`` in pieces, each with what it meets."""
        way = self._ways.get(enters)
        if way is None:
            way = self._ways[enters] = self.tables.way(enters)
        return [(piece, _but_drops(fate) if fate.open else fate) for piece, fate in way(box)]


def _but_drops(fate: Fate) -> Fate:
    """Of packets of which it is only not known whether a line drops them: either, as drops are struck."""
    shown = {world - {DROP} for world in fate.open} - {frozenset()}
    return fate.settled(frozenset(world | {DROP} for world in shown)) if len(shown) == 1 else fate


def _from(low: int, high: int) -> Box:
    return (ALL_PROTOCOLS, (low, high), ALL_PORTS, ALL_ADDRESSES, ALL_PORTS)


@dataclass(frozen=True)
class Platform:
    """How configurations of a platform are looked at.

    ``look`` gives what a configuration does with packets; ``reached`` the objects that packets can meet: whatever edits
    none of them changes nothing. ``touched`` says where packets enter, and which, that may meet something else in one
    configuration than in another, and ``roughly`` the same in few boxes; None: nobody knows.
    """

    look: Callable[[Any], Sight]
    reached: Callable[[Any], frozenset[Ref]]
    touched: Callable[[Any, Any], Mapping[str, Region]] | None = None
    roughly: Callable[[Any, Any], Mapping[str, Region]] | None = None


class Kind(IntEnum):
    """What a step does to the classes, the best first."""

    INERT = 0
    #: what changes is as it will be
    SWITCH = 1
    #: packets that the plan is about are dropped for a while
    DROPS = 2
    #: the device's own packets are for a while treated as neither before nor after
    OWN = 3
    #: packets of others are dropped for a while
    INTERRUPTS = 4
    #: packets are for a while in clear, or with another source, as neither before nor after
    EXPOSES = 5


#: What an intent may accept of each of the worst kinds, as ``accept`` of a tunnel says it.
ACCEPT = {Kind.INTERRUPTS: OTHERS_INTERRUPTED, Kind.EXPOSES: CLEAR_WHILE_CHANGING}


def accepted(tunnels: Iterable[Tunnel]) -> dict[str, Region]:
    """What tunnels accept, in the words of the intent, and for which packets."""
    found: dict[str, Region] = {}
    for tunnel in tunnels:
        for word in tunnel.accept:
            found[word] = found.get(word, Region()).union(tunnel.region)
    return found


@dataclass(frozen=True)
class Question:
    """From which configuration to which, what the plan is about, and what the intent accepts.

    ``ours`` are the packets of the tunnels, as they leave the device, ``named`` what the intent asks for beside them;
    ``accepted`` are those for which it accepts a kind of harm.
    """

    platform: Platform
    config: Any
    target: Any
    ours: tuple[Box, ...] = ()
    accepted: Mapping[str, Region] = field(default_factory=dict)
    #: None: nothing is said of what else may end otherwise, so anything may
    named: tuple[Named, ...] | None = None
    #: what packets meet before and after, as far as anybody asked: where they enter and which → pieces with both
    _met: dict[tuple[str, Box], list[tuple[Box, Key, Key]]] = field(default_factory=dict, repr=False, compare=False)

    @cached_property
    def usual(self) -> Mapping[str, Region]:
        """The packets that count: where they enter, and which."""
        usual = self.platform.look(self.config).usual()
        return {enters: region.subtract(_NOBODYS) for enters, region in usual.items()}

    def met(self, enters: str, box: Box) -> list[tuple[Box, Key, Key]]:
        """``box`` in pieces, with what each meets before the plan and after it."""
        found = self._met.get((enters, box))
        if found is None:
            old, new = (self.platform.look(config) for config in (self.config, self.target))
            groups: dict[Key, list[Box]] = {}
            for piece, fate in old.treat(enters, box):
                groups.setdefault(fate.key, []).append(piece)
            found = self._met[(enters, box)] = [
                (part, key, last.key)
                for key, pieces in groups.items()
                for piece in tidy(pieces)
                for part, last in new.treat(enters, piece)
            ]
        return found

    @cached_property
    def ours_both_ways(self) -> Boxes:
        """The packets that the plan is about, and the answers to them."""
        return Boxes(self.ours)

    @cached_property
    def _named_boxes(self) -> list[tuple[Named, Boxes]]:
        return [(named, Boxes(named.boxes)) for named in self.named or ()]

    def naming(self, enters: str, before: Key, after: Key) -> list[Boxes]:
        """The packets of which the intent asks that those that enter there change so."""
        others = (boxes for named, boxes in self._named_boxes if named.lets(enters, before, after))
        return [self.ours_both_ways, *others]

    def accepts(self, word: str, box: Box) -> bool:
        """Whether the intent accepts that packets of ``box`` suffer so."""
        region = self.accepted.get(word, Region())
        if word in (OTHERS_INTERRUPTED, OTHERS_CHANGED):
            return bool(region)
        return any(covers(other, piece) for piece in (box, mirrored(box)) for other in region.boxes)


#: Documentation addresses (RFC 5737): nobody has them, and the temporary ACE of a crypto list is written with them.
_NOBODYS = Region.pair(ANY, Prefix(parse_address("192.0.2.0"), 24)).union(
    Region.pair(Prefix(parse_address("192.0.2.0"), 24), ANY)
)


def is_nobodys(box: Box) -> bool:
    """Whether nobody has any of these packets."""
    return any(covers(other, box) for other in _NOBODYS.boxes)


class Piece:
    """Packets that met the same before the plan, meet the same after it, and were treated alike so far."""

    __slots__ = ("after", "before", "box", "enters", "moved", "now")

    def __init__(self, enters: str, box: Box, before: Key, after: Key, now: Key, *, moved: bool) -> None:
        self.enters = enters
        self.box = box
        self.before = before
        self.after = after
        self.now = now
        #: whether they have met something that is not as before
        self.moved = moved

    def may_become(self, key: Key) -> bool:
        """Whether the rule lets its packets meet ``key`` now; every possibility must keep it."""
        shown = key - {DROP}
        return shown <= self.after or (not self.moved and shown <= self.before | self.after)


class Change(NamedTuple):
    """Packets of a piece that meet something else after a step: ``key``, and ``fate`` where somebody has looked."""

    piece: Piece
    box: Box
    key: Key
    fate: Seen | None


@dataclass(frozen=True)
class Verdict:
    """What a step does."""

    kind: Kind
    changes: tuple[Change, ...] = ()
    #: the change for which it is no better
    worst: Change | None = None
    #: nothing refers to what the step edits: it was not looked at
    idle: bool = False
    #: what packets can meet after a step that edits none of the objects
    reached: frozenset[Ref] = frozenset()
    #: what the rule forbids is accepted
    lawful: bool = True


def together(verdicts: Sequence[Verdict]) -> Verdict:
    """What steps do that are taken in one go: several may change parts of one piece."""
    changes = tuple(change for verdict in verdicts for change in verdict.changes)
    return replace(verdicts[-1], changes=changes)


class _Owners(dict[Box, "list[tuple[Box, int]]"]):
    """For a box the boxes of steps that share packets with it, with the numbers of the steps."""

    def __init__(self, table: Lookup) -> None:
        super().__init__()
        self.table = table

    def __missing__(self, box: Box) -> list[tuple[Box, int]]:
        found = self[box] = self.table.over(box)
        return found


def _shared_out(box: Box, among: Sequence[tuple[Box, int]]) -> list[tuple[Box, int]]:
    """``box`` cut into the parts that it has in common with ``among``, where they fill it next to each other; else none."""
    parts = [(common(other, box), index) for other, index in among]
    fields = [field for field in range(len(box)) if any(part[field] != box[field] for part, _index in parts)]
    if len(fields) != 1:
        return []
    (field,) = fields
    parts.sort(key=lambda item: item[0][field])
    ends = [box[field][0] - 1, *(part[field][1] for part, _index in parts)]
    starts = [*(part[field][0] for part, _index in parts), box[field][1] + 1]
    return parts if all(start == end + 1 for start, end in zip(starts, ends)) else []  # noqa: B905 (one more of each)


class State:
    """A configuration on its way, and what every packet that a step can touch meets and met."""

    def __init__(self, question: Question) -> None:
        self.question = question
        self.platform = question.platform
        self.config = question.config
        self.reached = self.platform.reached(self.config)
        self._usual = question.usual
        self._asked = {enters: Lookup() for enters in self._usual}
        self._index = {enters: Lookup() for enters in self._usual}
        self._exact: dict[tuple[str, Box], Piece] = {}
        if self.platform.roughly is None:
            for enters, region in self._usual.items():
                self._ask(enters, region.boxes)

    # --- pieces ---------------------------------------------------------------------------------------------------

    def _ask(self, enters: str, boxes: Iterable[Box]) -> None:
        """Find out what packets met before the plan and meet after it, where nobody has asked yet.

        They meet now what they met before: no step that was taken could touch them, or somebody would have asked.
        """
        asked = self._asked[enters]
        for box in boxes:
            known = asked.over(box)
            if any(covers(other, box) for other, _fresh in known):
                continue
            new = Region((box,))
            for other, fresh in known:
                if fresh and new:
                    new = new.subtract(Region((other,)))
            for part in new.boxes:
                found = self.question.met(enters, part)
                pieces = [Piece(enters, piece, before, after, before, moved=False) for piece, before, after in found]
                self._add(enters, pieces)
            # What was asked about, and the parts of it that nobody had asked about before.
            asked.add([*((part, True) for part in new.boxes if part != box), (box, new.boxes == (box,))])

    def _add(self, enters: str, pieces: Sequence[Piece]) -> None:
        self._index[enters].add((piece.box, piece) for piece in pieces)
        self._exact.update(((enters, piece.box), piece) for piece in pieces)

    def _over(self, enters: str, box: Box) -> list[Piece]:
        """The pieces that share packets with ``box``."""
        exact = self._exact.get((enters, box))
        return [exact] if exact else [piece for _box, piece in self._index[enters].over(box)]

    # --- judging --------------------------------------------------------------------------------------------------

    def judge(self, step: Step, config: Any, *, up_to: Kind | None = None, suspect: Change | None = None) -> Verdict:
        """What ``step`` does, which leads to ``config``; the first change will do that is worse than ``up_to``.

        ``suspect`` is such a change by the same step at another time: its packets are looked at first.
        """
        if step.edits and not self._meet(step.edits, config):
            return Verdict(Kind.INERT, idle=True)
        reached = frozenset() if step.edits else self.platform.reached(config)
        # Before anything is looked at: tables of ``config`` are made from those of now, as far as both have the same.
        places = list(self.touches(config, step.region))
        if suspect is not None and up_to is not None:
            again = self._looked(self.platform.look(config), suspect.piece.enters, suspect.box)
            verdict = self._weighed(again, reached, up_to)
            if verdict.kind > up_to or not verdict.lawful:
                return verdict
        return self._weighed(self._changes(places, config), reached, up_to)

    def _meet(self, edits: frozenset[Ref], config: Any) -> bool:
        """Whether packets can meet one of these objects now, or in ``config``."""
        return bool(edits & self.reached) or bool(edits & self.platform.reached(config))

    def _weighed(self, found: Iterable[Change], reached: frozenset[Ref], up_to: Kind | None) -> Verdict:
        changes = []
        kind, worst, lawful = Kind.INERT, None, True
        for change in found:
            changes.append(change)
            how = self.kind(change)
            refused = how in ACCEPT and not self.question.accepts(ACCEPT[how], change.box)
            if (refused, how) > (not lawful, kind):
                kind, worst, lawful = how, change, not refused
                if up_to is not None and (refused or how > up_to):
                    break
        return Verdict(kind, tuple(changes), worst, reached=reached, lawful=lawful)

    def judge_together(self, steps: Sequence[Step], config: Any, *, up_to: Kind | None = None) -> list[Verdict | None]:
        """What each of ``steps`` does, entries of one list, which lead to ``config`` when all are taken.

        A packet that only one of them can touch meets after all of them what it meets after that one, whatever the order.
            None for a step that shares packets with another: it must be looked at alone.
        """
        if not self._meet(steps[0].edits, config):
            return [Verdict(Kind.INERT, idle=True)] * len(steps)
        touched, alone = self.platform.touched, [True] * len(steps)
        regions = [step.region for step in steps]
        if touched is None or None in regions:
            return [None] * len(steps)
        table = Lookup((box, index) for index, region in enumerate(regions) if region for box in region.boxes)
        # The same boxes are asked for at several places, and again by what changes in them.
        owners = _Owners(table)
        for region in touched(self.config, config).values():
            for box in region.boxes:
                indexes = {index for _box, index in owners[box]}
                if len(indexes) != 1:
                    for index in indexes or range(len(steps)):
                        alone[index] = False
        if not any(alone):
            return [None] * len(steps)
        found: list[list[Change]] = [[] for _step in steps]
        for change in self._changes(list(self.touches(config)), config):
            met = owners[change.box]
            indexes = {index for _box, index in met}
            parts = [(change.box, next(iter(indexes)))] if len(indexes) == 1 else _shared_out(change.box, met)
            for box, index in parts:
                found[index].append(change if box == change.box else change._replace(box=box))
            for index in () if parts else indexes:
                alone[index] = False
        return [
            self._weighed(changes, frozenset(), up_to) if single else None
            for changes, single in zip(found, alone)  # noqa: B905 (one for each step)
        ]

    def touches(self, config: Any, within: Region | None = None) -> Iterator[tuple[str, list[Box]]]:
        """Where packets enter, and which of the usual ones may meet something else in ``config`` than now."""
        touched = self.platform.roughly
        if touched is None:
            found: Mapping[str, Region] = self._usual
        else:
            found, within = touched(self.config, config), None
        for enters, usual in self._usual.items():
            boxes = [
                common(box, other) for box in usual.boxes for other in _boxes(found, enters) if overlap(box, other)
            ]
            if within is not None:
                boxes = [common(box, other) for box in boxes for other in within.boxes if overlap(box, other)]
            if boxes:
                yield enters, boxes

    @property
    def large(self) -> bool:
        """Whether there are so many pieces that it pays to find out which of them need not be looked at."""
        return len(self._exact) >= MANY

    def _changes(self, places: Sequence[tuple[str, Sequence[Box]]], config: Any) -> Iterator[Change]:
        sight = self.platform.look(config)
        for enters, boxes in places:
            self._ask(enters, boxes)
        roughly = self.platform.roughly
        open_ = roughly(config, self.question.target) if roughly and self.large and self._some(places) else None
        for enters, boxes in places:
            if open_ is None:
                for box in boxes:
                    yield from self._looked(sight, enters, box)
                continue
            still = _boxes(open_, enters)
            for box in boxes:
                inside = tuple(other for other in still if overlap(box, other))
                for part in Region((box,)).subtract(Region(inside)).boxes:
                    yield from self._arrived(enters, part)
                for other in inside:
                    yield from self._looked(sight, enters, common(box, other))

    def _some(self, places: Sequence[tuple[str, Sequence[Box]]]) -> bool:
        """Whether there are SOME pieces at these places. No more than those are counted."""
        count = 0
        for enters, boxes in places:
            for box in boxes:
                count += len(self._over(enters, box))
                if count >= SOME:
                    return True
        return False

    def _arrived(self, enters: str, box: Box) -> Iterator[Change]:
        """Packets that no step that is left can touch: they are as they will be."""
        for piece in self._over(enters, box):
            if piece.now != piece.after:
                inside = piece.box if covers(box, piece.box) else common(piece.box, box)
                yield Change(piece, inside, piece.after, None)

    def _looked(self, sight: Sight, enters: str, box: Box) -> Iterator[Change]:
        for part, fate in sight.treat(enters, box):
            key = fate.key
            for piece in self._over(enters, part):
                if key != piece.now:
                    yield Change(piece, part if piece.box == part else common(piece.box, part), key, fate)

    def kind(self, change: Change) -> Kind:
        """How good or bad a change is."""
        piece, key = change.piece, change.key
        if key == piece.after:
            return Kind.SWITCH
        if not piece.may_become(key):
            return Kind.OWN if piece.enters == SELF else Kind.EXPOSES
        # The device's own packets may wait for a moment: nobody's service depends on them.
        if DROP in key and DROP not in piece.after and DROP not in piece.now and piece.enters != SELF:
            ours = piece.before != piece.after or self.question.ours_both_ways.any(change.box)
            return Kind.DROPS if ours else Kind.INTERRUPTS
        return Kind.SWITCH

    # --- going on -------------------------------------------------------------------------------------------------

    def take(self, config: Any, verdict: Verdict) -> None:
        """Go on to ``config``, where ``verdict`` was right."""
        self.config = config
        self.reached = self.platform.reached(config)
        cut: dict[Piece, list[Change]] = {}
        for change in verdict.changes:
            cut.setdefault(change.piece, []).append(change)
        for piece, changes in cut.items():
            if len(changes) == 1 and changes[0].box == piece.box:
                piece.moved = piece.moved or bool(changes[0].key - {DROP} - piece.before)
                piece.now = changes[0].key
                continue
            groups: dict[Key, list[Box]] = {}
            for change in changes:
                groups.setdefault(change.key, []).append(change.box)
            rest = Region((piece.box,)).subtract(Region(tuple(change.box for change in changes)))
            parts = [(box, piece.now) for box in rest.boxes]
            parts += [(box, key) for key, boxes in groups.items() for box in tidy(boxes)]
            del self._exact[(piece.enters, piece.box)]
            self._index[piece.enters].drop(piece)
            self._add(
                piece.enters,
                [
                    Piece(
                        piece.enters,
                        box,
                        piece.before,
                        piece.after,
                        key,
                        moved=piece.moved or bool(key - {DROP} - piece.before),
                    )
                    for box, key in parts
                ],
            )

    def astray(self) -> Piece | None:
        """Packets that are not as they are to be after the plan, when all of its steps are taken."""
        roughly = self.platform.roughly
        if roughly is not None:
            # What no step touched is as before, and the plan may want it otherwise.
            found = roughly(self.question.config, self.question.target)
            for enters, usual in self._usual.items():
                changed = _boxes(found, enters)
                self._ask(
                    enters, [common(box, other) for box in usual.boxes for other in changed if overlap(box, other)]
                )
        return next((piece for piece in self._exact.values() if piece.now != piece.after), None)

    def against(self, word: str) -> Iterator[tuple[Piece, Box]]:
        """What breaks the rule although every line keeps it, with the packets of a piece that do: those that the intent
        does not name and that end otherwise (OTHERS_CHANGED), or ours about which nobody knows (NOT_MODELLED)."""
        if word == OTHERS_CHANGED and self.question.named is not None:
            yield from self._unnamed()
        elif word == NOT_MODELLED:
            ours = self.question.ours_both_ways
            for piece in self._exact.values():
                if UNKNOWN in piece.before | piece.after:
                    yield from ((piece, common(piece.box, box)) for box in ours.over(piece.box))

    def _unnamed(self) -> Iterator[tuple[Piece, Box]]:
        naming: dict[tuple[str, Key, Key], list[Boxes]] = {}
        for piece in self._exact.values():
            if piece.before == piece.after:
                continue
            change = (piece.enters, piece.before, piece.after)
            named = naming.get(change)
            if named is None:
                named = naming[change] = self.question.naming(*change)
            if any(boxes.surely_hold(piece.box) for boxes in named) or same(piece.before, piece.after):
                continue
            rest: tuple[Box, ...] = (piece.box,)
            for boxes in named:
                rest = tuple(part for box in rest for part in boxes.without(box).boxes)
            yield from ((piece, box) for box in rest)


def _boxes(found: Mapping[str, Region], enters: str) -> tuple[Box, ...]:
    region = found.get(enters)
    return region.boxes if region else ()
