# Copyright: The netvpn.dynamic_l2l contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""The rule for every change, and the order of steps that keeps it.

    What new flows of a class meet, drops struck, is after each line what they met before the plan, then what they meet
    after it: one change. In clear, unprotected while there is no SA, or translated into the tunnel they are in between
    only where they are so before or after. A drop in between is told, and of others' packets only let through when the
    intent accepts it.

The order follows from the rule alone. Of the steps that the device itself would take, until none is left: (1) one that
adds and changes nothing; (2) one after which every class that it touches is as it will be; (3) one that takes away and
changes nothing, or that nobody knows how to take back; (4) one that drops, and then what ends the drop. Of several the
first as they were given. When all are refused, one of them stands too late: it must come before the step that spoilt it.
"""

from __future__ import annotations

import heapq
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from enum import IntEnum
from typing import Any, Protocol, Union

from .errors import PlanError
from .firstmatch import Rule, Rules, common, covers, mirrored, overlap, tidy
from .forwarding import SELF, Forwarding, Letter, stretches
from .intent import CLEAR_WHILE_CHANGING, OTHERS_INTERRUPTED, Tunnel
from .prefixes import (
    ALL_ADDRESSES,
    ALL_PORTS,
    ALL_PROTOCOLS,
    ANY,
    EVERYTHING,
    Box,
    Prefix,
    Region,
    dotted,
    parse_address,
)
from .steps import Finding, Ref, Step, Switch

DROP = Letter.D.value

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
        return self.tables.treat(enters, box)


def _from(low: int, high: int) -> Box:
    return (ALL_PROTOCOLS, (low, high), ALL_PORTS, ALL_ADDRESSES, ALL_PORTS)


@dataclass(frozen=True)
class Platform:
    """How configurations of a platform are looked at.

    ``look`` gives what a configuration does with packets; ``reached`` the objects that packets can meet: whatever edits
    none of them changes nothing.
    """

    look: Callable[[Any], Sight]
    reached: Callable[[Any], frozenset[Ref]]


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


def accepted(tunnels: Iterable[Tunnel]) -> dict[Kind, Region]:
    """What tunnels accept, and for which packets."""
    found: dict[Kind, Region] = {}
    for tunnel in tunnels:
        for kind, word in ACCEPT.items():
            if word in tunnel.accept:
                found[kind] = found.get(kind, Region()).union(tunnel.region)
    return found


@dataclass(frozen=True)
class Question:
    """From which configuration to which, what the plan is about, and what the intent accepts.

    ``ours`` are the packets of the tunnels, as they leave the device; ``accepted`` those of them for which the intent
    accepts a kind of harm.
    """

    platform: Platform
    config: Any
    target: Any
    ours: Region = Region()
    accepted: Mapping[Kind, Region] = field(default_factory=dict)
    #: the classes, once they were found
    _classes: list[tuple[str, tuple[Box, ...], Key, Key]] = field(default_factory=list, repr=False, compare=False)

    def classes(self) -> list[tuple[str, tuple[Box, ...], Key, Key]]:
        """All packets, cut by what they meet before and after: where they enter, which, and both."""
        if not self._classes:
            look = self.platform.look
            self._classes.extend(_partition(look(self.config), look(self.target)))
        return self._classes

    def begin(self) -> _State:
        """The state before the first step."""
        return _State(self)

    def accepts(self, kind: Kind, box: Box) -> bool:
        """Whether the intent accepts that packets of ``box`` suffer so."""
        region = self.accepted.get(kind, Region())
        if kind is Kind.INTERRUPTS:
            return bool(region)
        return any(covers(other, piece) for piece in (box, mirrored(box)) for other in region.boxes)


#: Documentation addresses (RFC 5737): nobody has them, and the temporary ACE of a crypto list is written with them.
_NOBODYS = Region.pair(ANY, Prefix(parse_address("192.0.2.0"), 24)).union(
    Region.pair(Prefix(parse_address("192.0.2.0"), 24), ANY)
)


class _Cell:
    """Packets that met the same before the plan, meet the same after it, and were treated alike so far."""

    __slots__ = ("after", "before", "boxes", "enters", "moved", "now", "parts")

    def __init__(self, enters: str, boxes: tuple[Box, ...], before: Key, after: Key, now: Key, moved: bool) -> None:
        self.enters = enters
        self.boxes = boxes
        self.before = before
        self.after = after
        self.now = now
        self.moved = moved
        #: what it was cut into
        self.parts: list[_Cell] = []

    def leaves(self) -> Iterator[_Cell]:
        """The cells that it consists of."""
        if self.parts:
            for part in self.parts:
                yield from part.leaves()
        else:
            yield self

    def may_become(self, key: Key) -> bool:
        """Whether the rule lets its packets meet ``key`` now; every possibility must keep it."""
        shown = key - {DROP}
        return shown <= self.after or (not self.moved and shown <= self.before | self.after)


@dataclass(frozen=True)
class _Change:
    cell: _Cell
    box: Box
    fate: Seen


@dataclass(frozen=True)
class _Verdict:
    kind: Kind
    changes: tuple[_Change, ...] = ()
    #: the change for which it is no better
    worst: _Change | None = None
    #: nothing refers to what the step edits: it was not looked at
    idle: bool = False
    #: what packets can meet after the step
    reached: frozenset[Ref] = frozenset()
    #: what the rule forbids is accepted
    lawful: bool = True


class _State:
    """A configuration on its way, and what every class meets and met."""

    def __init__(self, question: Question) -> None:
        self.question = question
        self.platform = question.platform
        self.config = question.config
        self.cells = [
            _Cell(enters, boxes, before, after, before, moved=False)
            for enters, boxes, before, after in question.classes()
        ]
        self._index = Rules(Rule(box, cell, "") for cell in self.cells for box in cell.boxes)
        self._reached = self.platform.reached(self.config)

    def near(self, region: Region | None) -> list[_Cell]:
        """The cells that may hold packets of a region."""
        if region is None:
            roots = self.cells
        else:
            roots = list(dict.fromkeys(rule.value for box in region.boxes for rule in self._index.over(box)))
        return [leaf for root in roots for leaf in root.leaves()]

    def judge(self, step: Step, config: Any, *, up_to: Kind | None = None) -> _Verdict:
        """What ``step`` does, which leads to ``config``; the first change will do that is worse than ``up_to``."""
        reached = self.platform.reached(config)
        if step.edits and not step.edits & self._reached and not step.edits & reached:
            return _Verdict(Kind.INERT, idle=True, reached=reached)
        changes = []
        kind, worst, lawful = Kind.INERT, None, True
        for change in self._changes(step.region, config):
            changes.append(change)
            how = self.kind(change)
            refused = how in ACCEPT and not self.question.accepts(how, change.box)
            if (refused, how) > (not lawful, kind):
                kind, worst, lawful = how, change, not refused
                if up_to is not None and (refused or how > up_to):
                    break
        return _Verdict(kind, tuple(changes), worst, reached=reached, lawful=lawful)

    def _changes(self, region: Region | None, config: Any) -> Iterator[_Change]:
        sight = self.platform.look(config)
        for cell in self.near(region):
            for box in cell.boxes:
                for part in [box] if region is None else _parts(box, region):
                    for piece, fate in sight.treat(cell.enters, part):
                        if fate.key != cell.now:
                            yield _Change(cell, piece, fate)

    def kind(self, change: _Change) -> Kind:
        """How good or bad a change is."""
        cell, key = change.cell, change.fate.key
        if not cell.may_become(key):
            return Kind.OWN if cell.enters == SELF else Kind.EXPOSES
        # The device's own packets may wait for a moment: nobody's service depends on them.
        if DROP in key - cell.after - cell.now and cell.enters != SELF:
            ours = cell.before != cell.after or self.question.ours.overlaps(Region((change.box, mirrored(change.box))))
            return Kind.DROPS if ours else Kind.INTERRUPTS
        return Kind.SWITCH

    def take(self, config: Any, verdict: _Verdict) -> None:
        """Go on to ``config``, where ``verdict`` was right."""
        self.config = config
        self._reached = verdict.reached
        cut: dict[_Cell, list[_Change]] = {}
        for change in verdict.changes:
            cut.setdefault(change.cell, []).append(change)
        for cell, changes in cut.items():
            groups: dict[Key, list[Box]] = {}
            for change in changes:
                groups.setdefault(change.fate.key, []).append(change.box)
            rest = Region(cell.boxes).subtract(Region(tuple(change.box for change in changes)))
            for key, boxes in groups.items():
                shown = key - {DROP}
                moved = cell.moved or bool(shown - cell.before)
                if not rest and len(groups) == 1:
                    cell.now, cell.moved = key, moved
                else:
                    cell.parts.append(_Cell(cell.enters, tidy(boxes), cell.before, cell.after, key, moved))
            if rest and cell.parts:
                cell.parts.append(_Cell(cell.enters, rest.boxes, cell.before, cell.after, cell.now, cell.moved))


def _partition(old: Sight, new: Sight) -> Iterator[tuple[str, tuple[Box, ...], Key, Key]]:
    for enters, region in old.usual().items():
        groups: dict[tuple[Key, Key], list[Box]] = {}
        for box in region.subtract(_NOBODYS).boxes:
            for piece, fate in old.treat(enters, box):
                for part, last in new.treat(enters, piece):
                    groups.setdefault((fate.key, last.key), []).append(part)
        for (before, after), boxes in groups.items():
            yield enters, tidy(boxes), before, after


def _forth(region: Region) -> list[Box]:
    """The boxes of a step's region without those of the answers, which go the same way as their packets."""
    return [box for box in region.boxes if box[1] == ALL_ADDRESSES] or list(region.boxes)


def _parts(box: Box, region: Region) -> list[Box]:
    return [common(box, other) for other in region.boxes if overlap(box, other)]


class _Stuck(Exception):
    """No step that is left may be taken: what is placed, and each step that was refused with what it would do."""

    def __init__(
        self, placed: list[int], refused: list[tuple[int, _Verdict]], spoilt: Mapping[int, Sequence[int]]
    ) -> None:
        super().__init__()
        self.placed = placed
        self.refused = refused
        #: step → what was taken when it could be taken no more
        self.spoilt = spoilt


class _Node:
    """What is known after some steps in some order: attempts begin alike, and are looked at once."""

    __slots__ = ("next", "verdicts")

    def __init__(self) -> None:
        self.next: dict[int, _Node] = {}
        self.verdicts: dict[tuple[int, ...], _Verdict] = {}


class _Search:
    """The steps of one plan, and the attempts to put them in order."""

    def __init__(self, question: Question, steps: Sequence[Step], limit: Kind, *, lazy: bool = True) -> None:
        self.question = question
        self.lazy = lazy
        self.steps = steps
        self.limit = limit
        self.root = _Node()
        #: step → steps that must come before it: what the attempts that failed have taught
        self.after: dict[int, set[int]] = {}
        self.providers: dict[Ref, list[int]] = {}
        self.releasers: dict[Ref, list[int]] = {}
        self.removers: dict[Ref, list[int]] = {}
        self.users: dict[Ref, list[int]] = {}
        for index, step in enumerate(steps):
            tables = (
                (self.providers, step.provides),
                (self.releasers, step.releases),
                (self.removers, step.removes),
                (self.users, step.needs | step.follows),
            )
            for table, refs in tables:
                for ref in refs:
                    table.setdefault(ref, []).append(index)
        #: steps that may touch any packet, those of them that do whatever refers to what, and where the others may
        self.unbounded = [index for index, step in enumerate(steps) if step.region is None]
        self.wide = [index for index in self.unbounded if not steps[index].edits]
        self.near = Rules(
            Rule(box, index, "") for index, step in enumerate(steps) if step.region for box in _forth(step.region)
        )

    def lets(self, verdict: _Verdict) -> bool:
        """Whether this search takes a step that does that."""
        return verdict.kind <= self.limit and verdict.lawful

    def run(self) -> _Attempt:
        """The attempt that took all steps; raises _Stuck."""
        watched: frozenset[int] = frozenset()
        while True:
            attempt = _Attempt(self, watched)
            try:
                attempt.run()
                return attempt
            except _Stuck as stuck:
                refused = frozenset(index for index, _verdict in stuck.refused)
                if not self._learn(stuck):
                    if refused <= watched:
                        raise
                    # Look at these all the time: when they could have been taken is seen only so.
                    watched |= refused

    def _learn(self, stuck: _Stuck) -> bool:
        """Let a step that stands too late come before the one that spoilt it; False where none is found."""
        for other, _verdict in stuck.refused:
            for spoiler in stuck.spoilt.get(other, ()):
                known = self.after.setdefault(spoiler, set())
                if other not in known and spoiler not in self._before(other):
                    known.add(other)
                    return True
        return False

    def _before(self, index: int) -> set[int]:
        """The steps that must come before one, by what was learnt."""
        found: set[int] = set()
        work = [index]
        while work:
            new = self.after.get(work.pop(), set()) - found
            found |= new
            work += new
        return found


class _Attempt:
    """Steps taken one after the other, none of them ever taken back."""

    def __init__(self, search: _Search, watched: frozenset[int] = frozenset()) -> None:
        self.search = search
        self.watched = watched
        self.node = search.root
        #: what was found out about a step, after which steps, with the configuration after it
        self.latest: dict[int, tuple[_Node, Any, _Verdict]] = {}
        self.record = _Record()
        self.state = search.question.begin()
        self.placed: list[int] = []
        self.left = set(range(len(search.steps)))
        self.verdicts: dict[int, _Verdict] = {}
        #: the steps of each tier, the first on top; those that were taken or are doubted since are passed over
        self.tiers: list[list[int]] = [[] for _kind in range(len(Kind) + 1)]
        #: the steps that have to be looked at, the first on top
        self.doubted = sorted(self.left)
        self.waiting = set(self.left)
        #: the steps that could be taken when they were looked at last, those that could be before, and what changed that
        self.possible: set[int] = set()
        self.spoilt: dict[int, list[int]] = {}
        self.last: list[int] = []
        #: how many steps had been taken when a step was looked at last
        self.seen: dict[int, int] = {}

    def run(self) -> None:
        """Take all steps; raises _Stuck."""
        while self.left:
            chosen = self._first()
            if chosen is None and self._doubt_refused():
                continue
            if chosen is None:
                refused = [(i, self.verdicts[i]) for i in sorted(self.left & self.verdicts.keys())]
                raise _Stuck(self.placed, refused, self.spoilt)
            group = self.group(chosen) or [chosen]
            # What was said of it before other steps were taken is looked at again: most of them are far away.
            if not self.search.lets(self.examine(group)):
                self._examine_anew(chosen)
                continue
            self.last = group
            self.take(group)

    def _doubt_refused(self) -> bool:
        """Look once more at what was refused before other steps were taken, far away as they are; False for nothing."""
        old = [index for index in self.left & self.verdicts.keys() if self.seen[index] != len(self.placed)]
        for index in old:
            self.waiting.add(index)
            heapq.heappush(self.doubted, index)
        return bool(old)

    def _examine_anew(self, index: int) -> None:
        self.seen[index] = len(self.placed)
        self.verdicts.pop(index, None)
        group = self.group(index)
        if not group:
            return
        verdict = self.verdicts[index] = self.examine(group)
        if self.search.lets(verdict):
            heapq.heappush(self.tiers[self._tier(index)], index)
            self.possible.add(index)
        elif index in self.possible:
            self.possible.discard(index)
            self.spoilt[index] = self.last

    def _first(self) -> int | None:
        """The step to take now: none in front of it, and none of a better tier."""
        for index in sorted(self.watched & self.waiting & self.left):
            self.waiting.discard(index)
            self._examine_anew(index)
        best = self.tiers[0]
        while self.doubted or best:
            while best and not self._stands(best[0], 0):
                heapq.heappop(best)
            while self.doubted and self.doubted[0] not in self.waiting:
                heapq.heappop(self.doubted)
            if best and (not self.doubted or best[0] < self.doubted[0]):
                return heapq.heappop(best)
            if not self.doubted:
                break
            index = heapq.heappop(self.doubted)
            self.waiting.discard(index)
            if index in self.left:
                self._examine_anew(index)
        for number, tier in enumerate(self.tiers):
            while tier:
                index = heapq.heappop(tier)
                if self._stands(index, number):
                    return index
        return None

    def _stands(self, index: int, tier: int) -> bool:
        return index in self.left and index in self.verdicts and self._tier(index) == tier

    def _tier(self, index: int) -> int:
        kind = self.verdicts[index].kind
        if kind is Kind.INERT:
            step = self.search.steps[index]
            return 0 if step.adds or step.lazy else 2
        return 1 if kind is Kind.SWITCH else int(kind) + 1

    def group(self, index: int) -> list[int]:
        """The steps that serve only this one, then the step; empty while the device would refuse it, or it serves another."""
        step = self.search.steps[index]
        found: list[int] = []
        if (step.lazy and self.search.lazy and self._served(index)) or not self._collect(index, found):
            return []
        return [*sorted(found[:-1]), index]

    def _collect(self, index: int, found: list[int]) -> bool:
        search, step = self.search, self.search.steps[index]
        if any(other in self.left for other in search.after.get(index, ())):
            return False
        if any(
            other in self.left and other != index for ref in step.removes for other in search.releasers.get(ref, ())
        ):
            return False
        for ref in step.needs | step.follows if search.lazy else step.needs:
            for other in search.providers.get(ref, ()):
                if other != index and other in self.left and other not in found:
                    if not (search.lazy and search.steps[other].lazy) or not self._collect(other, found):
                        return False
        found.append(index)
        return True

    def _served(self, index: int) -> bool:
        """Whether a step that is left needs what this one provides."""
        search = self.search
        return any(
            other in self.left and other != index and ref in search.steps[other].needs | search.steps[other].follows
            for ref in search.steps[index].provides
            for other in search.users.get(ref, ())
        )

    def examine(self, group: Sequence[int]) -> _Verdict:
        """What a group does: what the worst of its steps does."""
        known = self.node.verdicts.get(tuple(group))
        if known:
            return known
        config, worst = self.state.config, _Verdict(Kind.INERT)
        for index in group:
            step = self.search.steps[index]
            config = step.effect(config)
            verdict = self.state.judge(step, config, up_to=self.search.limit)
            worst = max(worst, verdict, key=lambda item: (not item.lawful, item.kind))
        if len(group) == 1 and self.search.lets(verdict):
            self.latest[group[0]] = (self.node, config, verdict)
        found = self.node.verdicts[tuple(group)] = replace(worst, changes=(), reached=verdict.reached)
        return found

    def take(self, group: Sequence[int]) -> None:
        """Take the steps of a group, and what may go as soon as they are taken."""
        for index in group:
            step = self.search.steps[index]
            node, config, verdict = self.latest.pop(index, (None, None, None))
            if node is not self.node or verdict is None:
                config = step.effect(self.state.config)
                verdict = self.state.judge(step, config)
            self.record.add(step, verdict)
            self.state.take(config, verdict)
            self.placed.append(index)
            self.left.discard(index)
            self.node = self.node.next.setdefault(index, _Node())
            self._doubt(index, idle=verdict.idle)

    def _doubt(self, index: int, *, idle: bool) -> None:
        """What was said of steps that this one has to do with counts no more."""
        search, step = self.search, self.search.steps[index]
        # It was not looked at, but it is reached once one of these is taken.
        related = {other for other in search.wide if (known := self.verdicts.get(other)) and known.reached & step.edits}
        for ref in step.provides | step.edits | step.removes | step.releases:
            related.update(search.users.get(ref, ()))
        for ref in step.needs | step.follows:
            related.update(search.providers.get(ref, ()))
        for ref in step.releases:
            related.update(search.removers.get(ref, ()))
        related.update(other for other, before in search.after.items() if index in before)
        if not idle:
            boxes = EVERYTHING.boxes if step.region is None else _forth(step.region)
            related.update(rule.value for box in boxes for rule in search.near.over(box))
            related.update(search.unbounded)
        # Who waits for a step that serves it waits for what that one waits for.
        work = [other for other in related & self.left if search.steps[other].lazy]
        while work:
            for ref in search.steps[work.pop()].provides:
                new = [other for other in search.users.get(ref, ()) if other not in related]
                related.update(new)
                work += [other for other in new if search.steps[other].lazy]
        for other in related & self.left:
            self.verdicts.pop(other, None)
            if other not in self.waiting:
                self.waiting.add(other)
                heapq.heappush(self.doubted, other)


#: Other steps for the same change, which take a longer way around some objects; None where there are none.
Detour = Callable[[frozenset[Ref]], Union[Sequence[Step], None]]


def order(
    question: Question, steps: Sequence[Step], detour: Detour = lambda _blocked: None
) -> tuple[tuple[Step, ...], Proof]:
    """``steps`` in an order that keeps the rule; those of ``detour`` where they have none. Raises Refused."""
    limits = [Kind.SWITCH, Kind.DROPS, Kind.OWN, *sorted(question.accepted)]
    ways = [steps]
    for limit in limits:
        for lazy in (True, False):
            tried = 0
            while tried < len(ways):
                chosen = ways[tried]
                tried += 1
                search = _Search(question, chosen, limit, lazy=lazy)
                try:
                    attempt = search.run()
                except _Stuck as stuck:
                    refused = _refusal(search, stuck)
                else:
                    return tuple(chosen[index] for index in attempt.placed), attempt.record.proof(attempt.state)
                other = detour(refused.blocked)
                if other is not None:
                    ways.append(other)
    raise refused


class Refused(PlanError):
    """No order of the steps keeps the rule; ``blocked`` are the objects that the refused steps edit."""

    def __init__(self, message: str, blocked: frozenset[Ref] = frozenset()) -> None:
        self.blocked = blocked
        super().__init__(message)


def _refusal(search: _Search, stuck: _Stuck) -> Refused:
    if not stuck.refused:
        waiting = next(step for index, step in enumerate(search.steps) if index not in stuck.placed)
        return Refused(
            f"the lines need each other in a circle, beginning with '{waiting.do[0].shown}'. This is a fault of the "
            "collection: please report it, with the plan's options; nothing was changed."
        )
    blocked = frozenset().union(*(search.steps[index].edits for index, _verdict in stuck.refused))
    index, verdict = stuck.refused[0]
    return _told(search.steps[index], verdict, blocked)


def _told(step: Step, verdict: _Verdict, blocked: frozenset[Ref] = frozenset()) -> Refused:
    change = verdict.worst
    if change is None:
        return Refused(f"'{step.do[0].shown}' cannot be put in order; nothing was changed.", blocked)
    cell, fate = change.cell, change.fate
    line = next((line.shown for line in step.do), "")
    remedy = (
        f"accept it with accept: [{ACCEPT[verdict.kind]}] on the tunnel"
        if verdict.kind in ACCEPT
        else "look at the lines that decide about these packets"
    )
    because = f" ({fate.line})" if fate.line else ""
    return Refused(
        f"the plan has no order that is safe for every packet: with '{line}' {_packet(cell.enters, change.box)} is "
        f"{_words(fate.key)}{because}; before the plan it is {_words(cell.before)}, after it {_words(cell.after)}. "
        f"Nothing was changed. Change those lines by hand when nobody needs them, or {remedy}.",
        blocked,
    )


_WORDS = {
    Letter.E.value: "protected",
    Letter.V.value: "protected, and in clear while there is no SA",
    Letter.N.value: "translated and then protected",
    Letter.D.value: "dropped",
    Letter.T.value: "translated and in clear",
    Letter.X.value: "in clear with its own source",
    Letter.U.value: "treated as a line says that is not modelled",
}


def _words(key: Key) -> str:
    """``protected (192.168.1.2)``, several with ``or``."""
    told = []
    for item in sorted(key):
        letter, _blank, peer = item.partition(" ")
        told.append(f"{_WORDS.get(letter, letter)} ({peer})" if peer else _WORDS.get(letter, letter))
    return " or ".join(told)


def _packet(enters: str, box: Box) -> str:
    """``a packet from 10.1.1.1 to 10.2.1.1 that enters at inside``."""
    source, destination = (dotted(min(low + (low < high), high)) for low, high in (box[1], box[3]))
    whence = "of the device itself" if enters == SELF else f"that enters at {enters}"
    return f"a packet from {source} to {destination} {whence}"


@dataclass(frozen=True)
class Proof:
    """What packets meet something else after each step, and what should be known of it."""

    switches: tuple[tuple[Switch, ...], ...]
    findings: tuple[Finding, ...] = ()


class _Record:
    """What the steps of a plan do, one after the other."""

    def __init__(self) -> None:
        self.switches: list[tuple[Switch, ...]] = []
        self.findings: list[Finding] = []

    def add(self, step: Step, verdict: _Verdict) -> None:
        """The next step, before it is taken."""
        self.switches.append(_switches(verdict))
        if verdict.worst and verdict.kind > Kind.SWITCH:
            self.findings.append(_finding(step, verdict.kind, verdict.worst))

    def proof(self, state: _State) -> Proof:
        """All of it, at the end of the plan; every class must have come where it was to go."""
        wrong = next((leaf for cell in state.cells for leaf in cell.leaves() if leaf.now != leaf.after), None)
        if wrong:
            raise Refused(
                f"after all lines {_packet(wrong.enters, wrong.boxes[0])} would be {_words(wrong.now)}, and not "
                f"{_words(wrong.after)}. This is a fault of the collection: please report it, with the plan's options; "
                "nothing was changed."
            )
        return Proof(tuple(self.switches), tuple(self.findings))


def prove(question: Question, steps: Sequence[Step]) -> Proof:
    """Whether ``steps`` keep the rule in the order in which they are. Raises Refused where they do not."""
    state, record = question.begin(), _Record()
    for step in steps:
        config = step.effect(state.config)
        verdict = state.judge(step, config)
        if not verdict.lawful:
            raise _told(step, verdict)
        record.add(step, verdict)
        state.take(config, verdict)
    return record.proof(state)


def _finding(step: Step, kind: Kind, worst: _Change) -> Finding:
    """What a line does for a while that is neither before nor after."""
    lines = tuple(line.shown for line in step.do)
    meets = f"{_packet(worst.cell.enters, worst.box)} is {_words(worst.fate.key)}"
    while_ = "for a while, until the lines that follow are typed"
    if kind is Kind.DROPS:
        return Finding("dropped-while-changing", "note", f"{meets} {while_}", lines)
    if kind is Kind.OWN:
        return Finding("own-packets-while-changing", "warning", f"{meets} {while_}", lines)
    text = f"{meets} {while_}: accept: [{ACCEPT[kind]}] lets it through"
    return Finding("accepted-while-changing", "warning", text, lines)


def _switches(verdict: _Verdict) -> tuple[Switch, ...]:
    """One for each place, treatment before and treatment after."""
    found: dict[tuple[str, Key, Key], Switch] = {}
    for change in verdict.changes:
        cell, fate = change.cell, change.fate
        key = (cell.enters, cell.now, fate.key)
        if key not in found:
            packet = _packet(cell.enters, change.box)
            found[key] = Switch(cell.enters, packet, _words(cell.now), _words(fate.key), fate.line, fate.detail)
    return tuple(found.values())
