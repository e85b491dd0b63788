# Copyright: The netvpn.dynamic_l2l contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""In which order steps are taken: what the rule asks for, and nothing else.

Of the steps that the device itself would take, until none is left: (1) one that adds and changes nothing; (2) one after
which every class that it touches is as it will be; (3) one that takes away and changes nothing, or that nobody knows how
to take back; (4) one that drops, and then what ends the drop. Of several the first as they were given. When all are
refused, one of them stands too late: it must come before the step that spoilt it.
"""

from __future__ import annotations

import heapq
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import replace
from functools import partial
from typing import Any

from .firstmatch import Lookup, Rule, Rules
from .prefixes import ALL_ADDRESSES, EVERYTHING, Box, Region
from .rule import Change, Kind, Question, State, Verdict, is_nobodys, together
from .steps import Ref, Step, replay_together
from .telling import Record


def _forth(region: Region) -> list[Box]:
    """The boxes of a step's region without those of the answers, which go the same way as their packets, and of nobody's."""
    forth = [box for box in region.boxes if box[1] == ALL_ADDRESSES] or region.boxes
    return [box for box in forth if not is_nobodys(box)]


#: So many entries of one list that wait are looked at together.
SWEEP = 16


class Stuck(Exception):
    """No step that is left may be taken: what is placed, and each step that was refused with what it would do."""

    def __init__(
        self, placed: list[int], refused: list[tuple[int, Verdict]], spoilt: Mapping[int, Sequence[int]]
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
        self.verdicts: dict[tuple[int, ...], Verdict] = {}


class Search:
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
        #: the steps that put an entry into a list or take one out, by list
        self.families: dict[frozenset[Ref], list[int]] = {}
        for index, step in enumerate(steps):
            if step.placed and step.placing and step.region is not None:
                self.families.setdefault(step.edits, []).append(index)
        #: those of them with an entry that is nobody's; as the last one of its list it has to do with all that use the list
        self.nobodys = {
            edits: alone
            for edits, family in self.families.items()
            if (alone := [i for i in family if not self.about(i)])
        }
        self.near = Rules(
            Rule(box, index, "") for index, step in enumerate(steps) if step.region for box in _forth(step.region)
        )

    def lets(self, verdict: Verdict) -> bool:
        """Whether this search takes a step that does that."""
        return verdict.kind <= self.limit and verdict.lawful

    def run(self) -> Attempt:
        """The attempt that took all steps; raises Stuck."""
        watched: frozenset[int] = frozenset()
        while True:
            attempt = Attempt(self, watched)
            try:
                attempt.run()
                return attempt
            except Stuck as stuck:
                refused = frozenset(index for index, _verdict in stuck.refused)
                if not self._learn(stuck):
                    if refused <= watched:
                        raise
                    # Look at these all the time: when they could have been taken is seen only so.
                    watched |= refused

    def _learn(self, stuck: Stuck) -> bool:
        """Let steps that stand too late come before those that spoilt them; False where none is found.

        Of steps that may touch the same packets one at a time: what is learnt of it may be enough for the others.
        """
        learnt, any_ = Lookup(), False
        for other, _verdict in stuck.refused:
            for spoiler in stuck.spoilt.get(other, ()):
                known = self.after.setdefault(spoiler, set())
                if other in known or spoiler in self._before(other):
                    continue
                boxes = [box for index in (other, spoiler) for box in self.about(index)]
                if not any(map(learnt.any, boxes)):
                    known.add(other)
                    learnt.add((box, other) for box in boxes)
                    any_ = True
                break
        return any_

    def about(self, index: int) -> Sequence[Box]:
        """The packets that a step may touch."""
        region = self.steps[index].region
        return EVERYTHING.boxes if region is None else _forth(region)

    def _before(self, index: int) -> set[int]:
        """The steps that must come before one, by what was learnt."""
        found: set[int] = set()
        work = [index]
        while work:
            new = self.after.get(work.pop(), set()) - found
            found |= new
            work += new
        return found


class Attempt:
    """Steps taken one after the other, none of them ever taken back."""

    def __init__(self, search: Search, watched: frozenset[int] = frozenset()) -> None:
        self.search = search
        self.watched = watched
        self.node = search.root
        #: what was found out about a step, after which steps, with the configuration after it
        self.latest: dict[int, tuple[_Node, Any, Verdict]] = {}
        self.record = Record()
        self.state = State(search.question)
        self.placed: list[int] = []
        self.left = set(range(len(search.steps)))
        self.verdicts: dict[int, Verdict] = {}
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
        #: for what a step was refused
        self.suspects: dict[int, Change] = {}
        #: what was found out together of entries of one list, and after which steps
        self.swept: dict[int, Verdict] = {}
        self.swept_at: _Node | None = None
        #: what comes before one of them
        self.before_swept: dict[int, list[int]] = {}

    def run(self) -> None:
        """Take all steps; raises Stuck."""
        while self.left:
            chosen = self._first()
            if chosen is None and self._doubt_refused():
                continue
            if chosen is None:
                refused = [(i, self.verdicts[i]) for i in sorted(self.left & self.verdicts.keys())]
                raise Stuck(self.placed, refused, self.spoilt)
            together = self._together(chosen)
            if together:
                self.last = self.before_swept[chosen] or together
                if self.before_swept[chosen]:
                    self.take(self.before_swept[chosen])
                else:
                    self._take_together(together)
                continue
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
        self.verdicts.pop(index, None)
        if self._sweep(index, self.waiting):
            return
        self.seen[index] = len(self.placed)
        group = self.group(index)
        if group:
            self._note(index, self.examine(group))

    def _note(self, index: int, verdict: Verdict) -> None:
        """What was found out about a step."""
        self.seen[index] = len(self.placed)
        self.verdicts[index] = verdict
        if self.search.lets(verdict):
            heapq.heappush(self.tiers[self._tier(index)], index)
            self.possible.add(index)
        elif index in self.possible:
            self.possible.discard(index)
            self.spoilt[index] = self.last

    def _sweep(self, index: int, among: Collection[int]) -> bool:
        """Look at entries of the list of a step together, at those of ``among`` that may be taken; False where they are few."""
        search, step = self.search, self.search.steps[index]
        family = search.families.get(step.edits, ()) if step.placed else ()
        if len(family) < SWEEP or len(among) < SWEEP - 1:
            return False
        # New numbers for the list, or nothing.
        first = self.group(index)[:-1]
        mates = [i for i in family if i in self.left and (i == index or i in among) and self.group(i) == [*first, i]]
        if len(mates) < SWEEP or index not in mates or any(search.steps[i].placed for i in first):
            return False
        steps = [search.steps[i] for i in mates]
        config = replay_together(self.state.config, [search.steps[i] for i in first] + steps)
        if self.swept_at is not self.node:
            self.swept, self.swept_at = {}, self.node
        verdicts = self.state.judge_together(steps, config, up_to=search.limit)
        if not any(verdicts):
            # Often the first entry of a list, which changes what the list is. The others are taken to be like it until they
            # are chosen: then they are looked at.
            self.waiting.difference_update(mates)
            verdict = self.examine([*first, index])
            for i in mates:
                self._note(i, verdict)
            return True
        for i, found in zip(mates, verdicts):  # noqa: B905
            if found is not None:
                self.swept[i], self.before_swept[i] = found, first
                self.waiting.discard(i)
                self._note(i, replace(found, changes=()))
        return index in self.swept

    def _together(self, chosen: int) -> list[int]:
        """The steps that may be taken with the chosen one: entries of its list that do the same, to other packets."""
        if self.search.steps[chosen].placed is None:
            return []
        if self.swept_at is not self.node or chosen not in self.swept:
            self._sweep(chosen, self.verdicts)
        if self.swept_at is not self.node or chosen not in self.swept or not self.search.lets(self.swept[chosen]):
            return []
        tier, edits = self._tier(chosen), self.search.steps[chosen].edits
        return [
            i
            for i in sorted(self.swept)
            if i in self.left and i in self.verdicts and self.search.steps[i].edits == edits and self._tier(i) == tier
        ]

    def _take_together(self, chosen: Sequence[int]) -> None:
        steps = [self.search.steps[index] for index in chosen]
        config = replay_together(self.state.config, steps)
        verdicts = [self.swept[index] for index in chosen]
        sight = self.state.platform.look(config)
        for index, step, verdict in zip(chosen, steps, verdicts):  # noqa: B905 (one for each)
            self.record.add(step, verdict, lambda: sight)
            self.placed.append(index)
            self.left.discard(index)
            self.node = self.node.next.setdefault(index, _Node())
        self.state.take(config, together(verdicts))
        self._doubt(zip(chosen, verdicts))  # noqa: B905

    def _first(self) -> int | None:
        """The step to take now: none in front of it, and none of a better tier."""
        for index in sorted(self.watched & self.waiting & self.left):
            self.waiting.discard(index)
            self._examine_anew(index)
        best = self.tiers[0]
        later: list[int] = []
        while self.doubted or best:
            while best and not self._stands(best[0], 0):
                heapq.heappop(best)
            while self.doubted and self.doubted[0] not in self.waiting:
                heapq.heappop(self.doubted)
            if best and (not self.doubted or best[0] < self.doubted[0]):
                for index in later:
                    self.waiting.add(index)
                    heapq.heappush(self.doubted, index)
                return heapq.heappop(best)
            if not self.doubted:
                break
            index = heapq.heappop(self.doubted)
            self.waiting.discard(index)
            if index not in self.left:
                continue
            if self._comes_later(index):
                later.append(index)
            else:
                self._examine_anew(index)
        for index in later:
            self.waiting.add(index)
            heapq.heappush(self.doubted, index)
        for number, tier in enumerate(self.tiers):
            while tier:
                index = heapq.heappop(tier)
                if self._stands(index, number):
                    return index
        return None

    def _comes_later(self, index: int) -> bool:
        """Whether a step that may touch anything need not be looked at now: it changes something, and another comes first."""
        if not self.state.large:
            return False
        switching = self.tiers[1]
        while switching and not self._stands(switching[0], 1):
            heapq.heappop(switching)
        if self.search.steps[index].region is not None or not switching or switching[0] > index:
            return False
        group = self.group(index)
        if not group:
            return False
        config = replay_together(self.state.config, [self.search.steps[i] for i in group])
        return self.state.judge(self.search.steps[index], config, up_to=Kind.INERT).kind is not Kind.INERT

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
        if (step.lazy and self.search.lazy and self._served(index)) or not self._collect(index, found, set()):
            return []
        return [*sorted(found[:-1]), index]

    def _collect(self, index: int, found: list[int], known: set[int]) -> bool:
        search, step = self.search, self.search.steps[index]
        if any(other in self.left for other in search.after.get(index, ())):
            return False
        if any(
            other in self.left and other != index for ref in step.removes for other in search.releasers.get(ref, ())
        ):
            return False
        for ref in step.needs | step.follows if search.lazy else step.needs:
            for other in search.providers.get(ref, ()):
                if other != index and other in self.left and other not in known:
                    if not (search.lazy and search.steps[other].lazy) or not self._collect(other, found, known):
                        return False
        found.append(index)
        known.add(index)
        return True

    def _served(self, index: int) -> bool:
        """Whether a step that is left needs what this one provides."""
        search = self.search
        return any(
            other in self.left and other != index and ref in search.steps[other].needs | search.steps[other].follows
            for ref in search.steps[index].provides
            for other in search.users.get(ref, ())
        )

    def examine(self, group: Sequence[int]) -> Verdict:
        """What a group does: what the worst of its steps does."""
        known = self.node.verdicts.get(tuple(group))
        if known:
            return known
        config, worst, idle = self.state.config, Verdict(Kind.INERT), True
        for index in group:
            step = self.search.steps[index]
            config = step.effect(config)
            verdict = self.state.judge(step, config, up_to=self.search.limit, suspect=self.suspects.get(index))
            if verdict.worst and not self.search.lets(verdict):
                self.suspects[index] = verdict.worst
            worst = max(worst, verdict, key=lambda item: (not item.lawful, item.kind))
            idle = idle and (not verdict.changes or index == group[-1])
        if idle and self.search.lets(verdict):
            # What comes before it changes nothing: it is as if they were one.
            self.latest[group[-1]] = (self.node, config, verdict)
        found = self.node.verdicts[tuple(group)] = replace(worst, changes=(), reached=verdict.reached)
        return found

    def take(self, group: Sequence[int]) -> None:
        """Take the steps of a group, and what may go as soon as they are taken."""
        start = self.node
        for index in group:
            step = self.search.steps[index]
            node, config, verdict = self.latest.pop(index, (None, None, None))
            if node is not start or verdict is None or index != group[-1]:
                config = step.effect(self.state.config)
                verdict = self.state.judge(step, config)
            self.record.add(step, verdict, partial(self.state.platform.look, config))
            self.state.take(config, verdict)
            self.placed.append(index)
            self.left.discard(index)
            self.node = self.node.next.setdefault(index, _Node())
            self._doubt([(index, verdict)])

    def _doubt(self, taken: Iterable[tuple[int, Verdict]]) -> None:
        """What was said of steps that those have to do with which were taken counts no more."""
        search = self.search
        related: set[int] = set()
        for index, verdict in taken:
            step = search.steps[index]
            # It was not looked at, but it is reached once one of these is taken.
            related |= {i for i in search.wide if (known := self.verdicts.get(i)) and known.reached & step.edits}
            for ref in step.provides | step.edits | step.removes | step.releases:
                related.update(search.users.get(ref, ()))
            for ref in step.needs | step.follows:
                related.update(search.providers.get(ref, ()))
            for ref in step.releases:
                related.update(search.removers.get(ref, ()))
            related.update(other for other, before in search.after.items() if index in before)
            if not verdict.idle:
                related.update(rule.value for box in search.about(index) for rule in search.near.over(box))
                related.update(search.unbounded)
                related.update(search.nobodys.get(step.edits, ()))
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
