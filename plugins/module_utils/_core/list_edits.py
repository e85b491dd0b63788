# Copyright: The netvpn.dynamic_l2l contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""From one access list to another that means something else: the fewest lines with which no packet suffers.

Order counts only between entries that overlap and differ in action. So the most common entries stay where they are; new
ones are inserted from the top down, each above the old ones of its gap; then old ones are deleted from the bottom up.
Why no packet changes twice: let E be the first entry of the wanted list that a packet meets. Before E stands, no new entry
that the packet could meet stands above its old one; from then on it is decided by E, or by an old entry above E, and
those go from the bottom up, so that the one that always decided goes last.

An entry that must change its place cannot be there twice in the meantime, for no device takes the same entry twice.
The ways, from the cheapest (:class:`Way`): delete and add in an order in which every packet stays lawful; two halves of
the entry for a while; another list and one line that refers to it. Never an entry that is wider than wanted.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from enum import StrEnum
from itertools import combinations, pairwise

from .acl import (
    Ace,
    Address,
    Delete,
    Edit,
    Entry,
    Insert,
    Meaning,
    Opaque,
    Places,
    Remark,
    longest_rising,
    meaning,
    pair_up,
)
from .errors import PlanError
from .overlaps import Meetings, cells
from .prefixes import ALL_PORTS, Interval, Prefix


class Use(StrEnum):
    """What a list is for."""

    #: A crypto map's: each entry is a proxy identity, so that half an entry is another tunnel's business.
    CRYPTO = "crypto"
    #: ``nat … 0 access-list`` up to 8.2: a deny, a protocol or a port makes the device remove the line. So no two entries of
    #: it conflict, and none ever has to change its place.
    EXEMPTION = "exemption"
    #: Any other that permits or denies: translation, filter.
    CHOICE = "choice"


class Way(StrEnum):
    """How a list is brought to its new meaning; each costs more lines than the one before."""

    PLAIN = "plain"  # nothing moves
    DELETE_ADD = "delete-add"  # moved entries are deleted and added: two lines each
    HALVES = "halves"  # two halves stand for a moved entry meanwhile: six lines each
    NEW_LIST = "new-list"  # a list of another name, complete, and one line that refers to it


@dataclass(frozen=True)
class ListChange:
    """``edits`` lead from the old list to ``after``, which means what was wanted.

    ``after`` holds the wanted entries, those that nobody had to move in the old order, and each as it stood where only
    logging differs. With ``Way.NEW_LIST`` there are no edits: ``after`` is what the new list is to hold, ``moved`` are the
    entries that no order of edits can bring to their places.
    """

    way: Way
    edits: tuple[Edit, ...]
    after: tuple[Entry, ...]
    #: For each edit, with all old and new entries in their places: the position in the old list of its own entry, or of
    #: the next one below it; and how many rows stand above it.
    places: tuple[tuple[int, int], ...] = ()
    #: What was deleted and added, and what was replaced by halves meanwhile.
    moved: tuple[Entry, ...] = ()
    halved: tuple[Ace, ...] = ()

    @property
    def lines(self) -> int:
        """How many lines are typed, the one that refers to a new list included."""
        return len(self.after) + 1 if self.way is Way.NEW_LIST else len(self.edits)


#: Searches end here, and the next way is taken: states of one search, sets of entries that could move instead of each
#: other, pairs of entries that conflict.
_STATES, _CHOICES, _CONFLICTS = 4_000, 48, 1_000_000
#: As many entries may change where their lines are tried in any order.
_FREE = 12


def change_list(
    old: Sequence[Entry],
    new: Sequence[Entry],
    use: Use = Use.CHOICE,
    movable: Collection[Entry] = frozenset(),
    *,
    bound: bool = True,
) -> ListChange:
    """How ``old`` becomes a list that means what ``new`` means.

    ``movable``: which entries move rather than all others. ``bound``: whether anything refers to the list; where nothing
    does, no packet can suffer. Raises PlanError where the list may not hold an entry that ``new`` brings.
    """
    layout = _Layout(old, new, movable)
    if use is Use.EXEMPTION:
        for j in layout.added:
            _refuse_in_exemption(new[j])
    best: _Order | None = None
    fixed: frozenset[int] = frozenset()
    for stay in layout.choices():
        fixed = fixed or stay
        order = _Order(layout, stay, halves_allowed=use is not Use.CRYPTO, bound=bound)
        if order.possible and (best is None or len(order.halved) < len(best.halved)):
            best = order
        if best and not best.halved:
            break
    if best:
        return best.change()
    after = tuple(layout.text_of(j) for j in range(len(new)))
    return ListChange(Way.NEW_LIST, (), after, moved=tuple(after[j] for j in sorted(layout.common) if j not in fixed))


def _refuse_in_exemption(entry: Entry) -> None:
    fits = isinstance(entry, Remark) or (
        isinstance(entry, Ace)
        and entry.action == "permit"
        and entry.protocol == "ip"
        and not (entry.source_port or entry.destination_port)
    )
    if not fits:
        # "ERROR: ACE contains port, protocol, or deny. Removing NAT configuration"
        raise PlanError(
            f"'{entry.text if isinstance(entry, Opaque) else entry}' must not enter a list that 'nat 0' uses: before "
            "8.3 the device then removes the NAT line. Write it as 'permit ip', or leave it out; nothing was changed."
        )


# --- what stays -----------------------------------------------------------------------------------------------------


class _Layout:
    """Which entries are common, which of them conflict, and which therefore cannot all stay.

    An entry is known by its position in ``new``, or by ``len(new)`` + its position in ``old`` where it goes.
    """

    def __init__(self, old: Sequence[Entry], new: Sequence[Entry], movable: Collection[Entry]) -> None:
        self.old, self.new, self.movable = old, new, movable
        pairs = pair_up(old, new)
        #: position in new → position in old, of what is in both
        self.old_of = {j: i for i, j in pairs}
        self.new_of = dict(pairs)
        self.added = [j for j in range(len(new)) if j not in self.old_of]
        self.common = [j for _i, j in pairs]
        self.gone = [i for i in range(len(old)) if i not in self.new_of]
        #: entry of ``new`` → those above it in ``new`` that conflict, where anything changes places at all
        self.above: dict[int, list[int]] = {}
        #: above all of these in ``old``, below in ``new``, and something keeps it there
        self.under: dict[int, set[int]] = {}
        self.exact = True
        window = self._window()
        if window:
            self._find_conflicts(window)
            if self.exact:
                self._find_under(window)

    def text_of(self, j: int) -> Entry:
        """The entry as it stands, or as it comes."""
        return self.old[self.old_of[j]] if j in self.old_of else self.new[j]

    def entry(self, known: int) -> Entry:
        """The entry that is known by this number."""
        return self.text_of(known) if known < len(self.new) else self.old[known - len(self.new)]

    def _window(self) -> range:
        """From the first to the last position in ``new`` of common entries whose order is another one in ``old``."""
        rising = sorted(self.common)
        differ = [position for position, (a, b) in enumerate(zip(self.common, rising, strict=True)) if a != b]
        return range(rising[differ[0]], rising[differ[-1]] + 1) if differ else range(0)

    def _find_conflicts(self, window: range) -> None:
        entries = {j: self.text_of(j) for j in window if not isinstance(self.new[j], Remark)}
        if not _differ(entries.values()):
            return
        met = Meetings(entries)
        count = 0
        for j, entry in entries.items():
            found = sorted(k for k in met.of(entry) if k < j and _conflict(entry, entries[k]))
            count += len(found)
            if count > _CONFLICTS:
                self.exact = False
                return
            if found:
                self.above[j] = found

    def _find_under(self, window: range) -> None:
        # A set of positions in ``old`` is a number with those bits.
        reach: dict[int, int] = {}
        count = 0
        for j in window:
            mine = 0
            for k in self.above.get(j, ()):
                mine |= reach.get(k, 0) | (1 << self.old_of[k] if k in self.old_of else 0)
            reach[j] = mine
            if mine and j in self.old_of:
                place = self.old_of[j]
                late = {self.new_of[place + 1 + bit] for bit in _bits(mine >> (place + 1))}
                count += len(late)
                if count > _CONFLICTS:
                    self.exact = False
                    return
                if late:
                    self.under[j] = late

    def weight(self, j: int) -> int:
        """What moving the entry costs: those that others wrote in a way that is not understood here stay above all."""
        entry = self.text_of(j)
        if entry in self.movable:
            return 1
        return (len(self.old) + 1) ** (1 if isinstance(entry, Ace) and entry.exact else 2)

    def choices(self) -> Iterator[frozenset[int]]:
        """The heaviest sets of common entries that can all stay; the first is always there.

        "A stands above B in the old list, and something keeps it below B in the new one" is a partial order, and what can
        stay is a set without such pairs. (What keeps it there may be an entry between the two that conflicts with both.)
        """
        everything = frozenset(self.common)
        if not self.exact:
            # Too large to look for the most: a longest common subsequence never conflicts.
            rising = longest_rising(self.common, [self.weight(j) for j in self.common])
            yield frozenset(self.common[k] for k in rising)
            return
        if not self.under:
            yield everything
            return
        involved = sorted(set(self.under).union(*self.under.values()))
        free = everything - set(involved)
        partners: dict[int, set[int]] = {j: set() for j in involved}
        for j, others in self.under.items():
            partners[j] |= others
            for other in others:
                partners[other].add(j)
        weights = {j: self.weight(j) for j in involved}
        first = heaviest_antichain(involved, self.under, weights)
        yield free | first
        seen = {first}
        # The same weight with another entry kept: each entry that moves is tried.
        total = sum(weights[j] for j in first)
        for stay in _others_as_heavy(involved, partners, weights, total):
            if stay not in seen:
                seen.add(stay)
                yield free | stay
            if len(seen) >= _CHOICES:
                return


def _differ(entries: Iterable[Entry]) -> bool:
    """Whether any of the entries can conflict."""
    actions = {entry.action if isinstance(entry, Ace) else "" for entry in entries}
    return len(actions) > 1 or "" in actions


def _conflict(one: Entry, two: Entry) -> bool:
    """Whether the order of two entries that overlap counts."""
    return not (isinstance(one, Ace) and isinstance(two, Ace) and one.action == two.action)


def _bits(number: int) -> Iterator[int]:
    while number:
        low = number & -number
        yield low.bit_length() - 1
        number ^= low


def heaviest_antichain(
    items: Sequence[int], below: Mapping[int, set[int]], weights: Mapping[int, int]
) -> frozenset[int]:
    """The heaviest antichain of a partial order (Dilworth's theorem, by a maximum flow through its pairs)."""
    out = dict(weights)  # what may still leave an item as the upper one
    into = dict(weights)  # … and enter it as the lower one
    flow: dict[int, dict[int, int]] = {j: {} for j in items}  # lower → upper → amount
    for upper, lowers in below.items():
        for lower in sorted(lowers):
            amount = min(out[upper], into[lower])
            if amount:
                flow[lower][upper] = amount
                out[upper] -= amount
                into[lower] -= amount
    while True:
        came: dict[tuple[str, int], tuple[str, int] | None] = {("upper", j): None for j in items if out[j]}
        queue = deque(came)
        end: tuple[str, int] | None = None
        while queue and end is None:
            side, j = node = queue.popleft()
            steps = below.get(j, ()) if side == "upper" else [k for k, amount in flow[j].items() if amount]
            for k in steps:
                following = ("lower" if side == "upper" else "upper", k)
                if following not in came:
                    came[following] = node
                    if following[0] == "lower" and into[k]:
                        end = following
                        break
                    queue.append(following)
        if end is None:
            reached = set(came)
            return frozenset(j for j in items if ("upper", j) in reached and ("lower", j) not in reached)
        path = [end]
        while (back := came[path[-1]]) is not None:
            path.append(back)
        path.reverse()
        amount = min(out[path[0][1]], into[end[1]])
        for (side, j), (_side, k) in pairwise(path):
            if side == "lower":
                amount = min(amount, flow[j][k])
        out[path[0][1]] -= amount
        into[end[1]] -= amount
        for (side, j), (_side, k) in pairwise(path):
            if side == "upper":
                flow[k][j] = flow[k].get(j, 0) + amount
            else:
                flow[j][k] -= amount


def _others_as_heavy(
    items: Sequence[int], partners: Mapping[int, set[int]], weights: Mapping[int, int], total: int
) -> Iterator[frozenset[int]]:
    """All sets without a pair of partners that weigh ``total``, in a fixed order; only some where there are many items."""
    budget = _STATES

    def extend(index: int, taken: frozenset[int], weight: int, left: int) -> Iterator[frozenset[int]]:
        nonlocal budget
        budget -= 1
        if weight + left < total or budget < 0:
            return
        if index == len(items):
            yield taken
            return
        j = items[index]
        left -= weights[j]
        if not partners[j] & taken:
            yield from extend(index + 1, taken | {j}, weight + weights[j], left)
        yield from extend(index + 1, taken, weight, left)

    if len(items) <= 64:
        yield from extend(0, frozenset(), 0, sum(weights.values()))


# --- many entries at once -------------------------------------------------------------------------------------------


def with_denies_above(
    entries: Sequence[Entry], denies: Iterable[Ace], *, only_where_permitted: bool = False
) -> tuple[Entry, ...]:
    """``entries`` with each of ``denies`` (exact ones) where it takes effect: above the first that could permit its packets.

    One after the other. Where every packet of one is denied already nothing is added; a copy further down, which others
    shadow, moves up. ``only_where_permitted``: nor where the end of the list denies them.
    """
    return _taking_effect(
        entries,
        denies,
        lambda deny, found, there: (
            not (found.permit or found.unsure) and (only_where_permitted or there or found.deny.contains(deny.region))
        ),
    )


def with_permits_above(entries: Sequence[Entry], permits: Iterable[Ace]) -> tuple[Entry, ...]:
    """``entries`` with each of ``permits`` (exact ones) where it takes effect: above the first that could deny its packets.

    Each is there afterwards, also where a wider one permits its packets: in a crypto list each is a proxy identity.
    """
    return _taking_effect(entries, permits, lambda _permit, found, there: there and not (found.deny or found.unsure))


def _taking_effect(
    entries: Sequence[Entry], aces: Iterable[Ace], decided: Callable[[Ace, Meaning, bool], bool]
) -> tuple[Entry, ...]:
    """``entries`` with each of ``aces`` above the first that could treat its packets otherwise, one after the other.

    ``decided`` says of which the packets are treated so already, from what the list means for them and whether it has the
    entry. Only what overlaps is looked at, so that 10,000 of them are no matter of minutes.
    """
    known = {k: entry for k, entry in enumerate(entries) if not isinstance(entry, Remark)}
    # Above which entry it comes, 0 for those that come and 1 for the entry itself, and the turn.
    place = {k: (k, 1, 0) for k in known}
    met = Meetings(known)
    gone: set[int] = set()
    above: dict[int, list[Entry]] = {}
    for number, ace in enumerate(aces, len(entries)):
        near = sorted((k for k in met.of(ace) if k not in gone), key=place.__getitem__)
        same = {k for k in near if known[k] == ace}
        if decided(ace, meaning([known[k] for k in near], ace.region), bool(same)):
            continue
        gone |= same
        hits = (k for k in near if k not in same and not _surely(ace.action, known[k]))
        at = next(hits, len(entries))
        above.setdefault(at, []).append(ace)
        known[number], place[number] = ace, (at, 0, number)
        met.add(number, ace)
    result: list[Entry] = []
    for k, entry in enumerate(entries):
        if k in gone:
            continue
        if k in above:
            # A remark right above an entry speaks of it: stay above both.
            end = len(result)
            while end and isinstance(result[end - 1], Remark):
                end -= 1
            result[end:end] = above[k]
        result.append(entry)
    return (*result, *above.get(len(entries), ()))


def _surely(action: str, entry: Entry) -> bool:
    return isinstance(entry, Ace) and entry.action == action and entry.exact


# --- in which order -------------------------------------------------------------------------------------------------

#: A row of the list while everything has its place in it: "kept", "new" or "half" with the entry, "old" with its place.
_Row = tuple[str, int]
#: A row that comes (True) or goes.
_Do = tuple[bool, _Row]


@dataclass
class _Schedule:
    """When the entries of a group are moved: what follows each line of the plain order (None: comes before all)."""

    halved: dict[int, tuple[Ace, Ace]] = field(default_factory=dict)
    following: dict[_Do | None, list[_Do]] = field(default_factory=dict)


@dataclass
class _Order:
    """The order of the lines once it is settled what stays."""

    layout: _Layout
    stay: frozenset[int]
    halves_allowed: bool
    bound: bool
    possible: bool = True
    #: entry that moves → its halves
    halved: dict[int, tuple[Ace, Ace]] = field(default_factory=dict)
    rows: list[_Row] = field(default_factory=list)
    lines: list[_Do] = field(default_factory=list)
    moved: list[int] = field(default_factory=list)

    def __post_init__(self) -> None:
        layout = self.layout
        self.moved = [j for j in sorted(layout.common) if j not in self.stay]
        self._gaps = self._find_gaps()
        self.rows = self._rows()
        self._row_ranks = {row: index for index, row in enumerate(self.rows)}
        schedules: list[_Schedule] = []
        if self.moved:
            everything = {j: layout.text_of(j) for j in range(len(layout.new)) if not isinstance(layout.new[j], Remark)}
            for i in layout.gone:
                if not isinstance(layout.old[i], Remark):
                    everything[len(layout.new) + i] = layout.old[i]
            met = Meetings(everything)
            for group in self._groups(met):
                near = {known: everything[known] for j in group for known in met.of(everything[j])}
                schedule = self._schedule(group, near)
                if schedule is None or schedule.halved:
                    free = self._free_order(everything, met)
                    if free:
                        self.halved, self.lines = {}, free
                        return
                if schedule is None:
                    self.possible = False
                    return
                schedules.append(schedule)
                self.halved.update(schedule.halved)
            if self.halved:
                self.rows = self._rows()
                self._row_ranks = {row: index for index, row in enumerate(self.rows)}
        self.lines = self._merged(schedules)

    # Rows.

    def _find_gaps(self) -> dict[int, int]:
        """Each entry that comes → the place in the old list of the kept entry below which it comes (-1: on top)."""
        layout = self.layout
        kept_above, kept_below = self._kept_around()
        below: dict[int, int] = {}
        for j in range(len(layout.new) - 1, -1, -1):
            # What stands below j and conflicts has told j already.
            limit = layout.old_of[j] if j in self.stay else below.get(j, len(layout.old))
            for k in layout.above.get(j, ()):
                below[k] = min(below.get(k, len(layout.old)), limit)
        gaps: dict[int, int] = {}
        wanted = -1
        for j in range(len(layout.new)):
            if j in self.stay:
                wanted = layout.old_of[j]
                continue
            if kept_above[j] < kept_below[j]:
                gaps[j] = wanted = kept_above[j]
                continue
            # Kept entries around it stand the other way round: any place will do that its conflicts leave.
            least = max((layout.old_of[k] if k in self.stay else gaps[k] for k in layout.above.get(j, ())), default=-1)
            most = self._kept_before(below[j], least) if j in below else wanted
            gaps[j] = wanted = max(least, min(wanted, most))
        # A remark speaks of the entry below it, wherever that has gone.
        for j in range(len(layout.new) - 2, -1, -1):
            if j in gaps and isinstance(layout.new[j], Remark) and kept_above[j] >= kept_below[j]:
                gaps[j] = gaps[j + 1] if j + 1 in gaps else self._kept_before(layout.old_of[j + 1], -1)
        return gaps

    def _kept_around(self) -> tuple[list[int], list[int]]:
        """For each entry of ``new`` the lowest old place of those above it that stay, the highest of those below."""
        layout = self.layout
        above, below = [-1] * len(layout.new), [len(layout.old)] * len(layout.new)
        last = -1
        for j in range(len(layout.new)):
            above[j] = last
            if j in self.stay:
                last = max(last, layout.old_of[j])
        last = len(layout.old)
        for j in range(len(layout.new) - 1, -1, -1):
            below[j] = last
            if j in self.stay:
                last = min(last, layout.old_of[j])
        return above, below

    def _kept_before(self, place: int, least: int) -> int:
        """The old place of the kept entry above ``place``, and above the remarks that speak of what is there."""
        layout = self.layout
        place -= 1
        while place > least and (layout.new_of.get(place) not in self.stay or isinstance(layout.old[place], Remark)):
            place -= 1
        return place

    def _rows(self) -> list[_Row]:
        layout = self.layout
        coming: dict[int, list[_Row]] = {}
        for j, gap in self._gaps.items():
            coming.setdefault(gap, []).append(("new", j))
            if j in self.halved:
                coming[gap] += [("half", 2 * j), ("half", 2 * j + 1)]
        rows = coming.get(-1, [])
        for i in range(len(layout.old)):
            kept = layout.new_of.get(i, -1)
            if kept in self.stay:
                rows.append(("kept", kept))
                rows += coming.get(i, ())
            else:
                rows.append(("old", i))
        return rows

    # Groups of moved entries that overlap; a packet meets those of one group only.

    def _groups(self, met: Meetings) -> list[list[int]]:
        waiting, groups = set(self.moved), []
        for first in self.moved:
            if first not in waiting:
                continue
            waiting.discard(first)
            group = [first]
            for j in group:
                found = sorted(waiting.intersection(met.of(self.layout.text_of(j))))
                waiting.difference_update(found)
                group += found
            groups.append(sorted(group))
        return groups

    def _schedule(self, group: Sequence[int], near: dict[int, Entry]) -> _Schedule | None:
        """With as few halves as can be; None where there is no way."""
        if not self.bound:
            return _Schedule(following={None: [do for j in group for do in self.move(j)]})
        taken = {entry.identity for entry in near.values() if isinstance(entry, Ace)}
        sizes = range(len(group) + 1 if self.halves_allowed else 1)
        tries = (set(halved) for size in sizes for halved in combinations(group, size))
        for count, chosen in enumerate(tries):
            if count > _CHOICES:
                chosen = set(group)
            halves = {j: halved for j in sorted(chosen) if (halved := _halves(self.layout.text_of(j), taken))}
            if len(halves) == len(chosen):
                schedule = _Search(self, group, near, halves).schedule()
                if schedule:
                    return schedule
            if count > _CHOICES:
                break
        return None

    def _free_order(self, everything: Mapping[int, Entry], met: Meetings) -> list[_Do] | None:
        """All lines in any order that is lawful, where they are few enough to try: now and then an old entry must go first."""
        layout = self.layout
        edited = [j for j in (*layout.added, *self.moved) if j in everything]
        edited += [known for i in layout.gone if (known := len(layout.new) + i) in everything]
        if len(edited) > _FREE:
            return None
        near = {known: everything[known] for j in edited for known in met.of(everything[j])}
        found = _Search(self, self.moved, near, {}, within=edited).order()
        if found is None:
            return None
        remarks = [do for do in self._merged(()) if do[1] not in {row for _comes, row in found}]
        return [do for do in remarks if do[0]] + found + [do for do in remarks if not do[0]]

    def move(self, j: int) -> tuple[_Do, _Do]:
        """The two lines that bring an entry to its new place."""
        return (False, ("old", self.layout.old_of[j])), (True, ("new", j))

    def rank(self, row: _Row) -> tuple[int, int]:
        """Where the row stands; the halves of an entry are right below it."""
        if row[0] == "half":
            return (self._row_ranks[("new", row[1] // 2)], 1 + row[1] % 2)
        return (self._row_ranks[row], 0)

    def _merged(self, schedules: Sequence[_Schedule]) -> list[_Do]:
        layout = self.layout
        added = set(layout.added)
        going = set(layout.gone) | {layout.old_of[j] for j in self.halved}
        plain: list[_Do] = [
            (True, row) for row in self.rows if row[0] == "half" or (row[0] == "new" and row[1] in added)
        ]
        plain += [(False, row) for row in reversed(self.rows) if row[0] == "old" and row[1] in going]
        following: dict[_Do | None, list[_Do]] = {}
        for schedule in schedules:
            for after, lines in schedule.following.items():
                following.setdefault(after, []).extend(lines)
        lines = list(following.get(None, ()))
        for do in plain:
            lines += [do, *following.get(do, ())]
        # The entry itself, while its halves stand below it; then they are dead.
        for j in self.halved:
            lines += [(True, ("new", j)), (False, ("half", 2 * j + 1)), (False, ("half", 2 * j))]
        return lines

    def change(self) -> ListChange:
        """The result, with the position of each line in the list as it then is."""
        layout = self.layout
        places = Places(row[0] in ("kept", "old") for row in self.rows)
        edits: list[Edit] = []
        spots: list[tuple[int, int]] = []
        below = self._old_below()
        for comes, row in self.lines:
            at = self._row_ranks[row]
            spots.append((below[at], at))
            if comes:
                edits.append(Insert(places.enter(at), self._text(row)))
            else:
                edits.append(Delete(places.leave(at), self._text(row)))
        after = tuple(self._text(row) for row in self.rows if row[0] in ("kept", "new"))
        moved = tuple(layout.text_of(j) for j in self.moved if j not in self.halved)
        halved = tuple(ace for j in self.halved if isinstance(ace := layout.text_of(j), Ace))
        way = Way.HALVES if halved else Way.DELETE_ADD if moved else Way.PLAIN
        return ListChange(way, tuple(edits), after, tuple(spots), moved, halved)

    def _old_below(self) -> list[int]:
        """For each row the position in the old list of the entry that it is, or of the next one below."""
        found = []
        position = len(self.layout.old)
        for kind, number in reversed(self.rows):
            if kind in ("kept", "old"):
                position = number if kind == "old" else self.layout.old_of[number]
            found.append(position)
        return found[::-1]

    def _text(self, row: _Row) -> Entry:
        kind, number = row
        if kind == "half":
            return self.halved[number // 2][number % 2]
        return self.layout.old[number] if kind == "old" else self.layout.text_of(number)


def _halves(entry: Entry, taken: set[Ace]) -> tuple[Ace, Ace] | None:
    """Two entries that match together what ``entry`` matches, neither of them in ``taken``."""
    if not isinstance(entry, Ace):
        return None
    for pair in _cuts(entry):
        if taken.isdisjoint(half.identity for half in pair):
            return pair
    return None


def _cuts(ace: Ace) -> Iterator[tuple[Ace, Ace]]:
    destination, source = _address_halves(ace.destination), _address_halves(ace.source)
    if destination:
        yield replace(ace, destination=destination[0]), replace(ace, destination=destination[1])
    if source:
        yield replace(ace, source=source[0]), replace(ace, source=source[1])
    if ace.identity.protocol in ("6", "17"):
        ports = _port_halves(ace.destination_port, ace.box[4])
        if ports:
            yield replace(ace, destination_port=ports[0]), replace(ace, destination_port=ports[1])
        ports = _port_halves(ace.source_port, ace.box[2])
        if ports:
            yield replace(ace, source_port=ports[0]), replace(ace, source_port=ports[1])


def _address_halves(address: Address) -> tuple[Address, Address] | None:
    prefix = address.prefix
    if address.opaque or prefix.length == 32:
        return None
    length = prefix.length + 1
    return Address(Prefix(prefix.network, length)), Address(Prefix(prefix.network | 1 << (32 - length), length))


def _port_halves(words: tuple[str, ...], interval: Interval) -> tuple[tuple[str, ...], tuple[str, ...]] | None:
    low, high = interval
    # Words that are not understood have the widest interval.
    if low == high or (words and interval == ALL_PORTS):
        return None
    middle = (low + high) // 2
    return _port_words(low, middle), _port_words(middle + 1, high)


def _port_words(low: int, high: int) -> tuple[str, ...]:
    if low == high:
        return ("eq", str(low))
    if low == ALL_PORTS[0]:
        return ("lt", str(high + 1))
    if high == ALL_PORTS[1]:
        return ("gt", str(low - 1))
    return ("range", str(low), str(high))


#: The lines of the plain order that are done (bits), and for each moved entry whether it still is in its old place (0),
#: out (1) or in its new place (2).
_State = tuple[int, tuple[int, ...]]


class _Search:
    """Looks for an order of moves and of the lines of the plain order in which every packet stays lawful.

    Lawful: the packet is treated as in the old list, or from some line on as in the new one. As long as the lines of the
    plain order keep their order, only packets that a moved entry may match can suffer; ``within`` names the entries whose
    packets are looked at, and then the lines go in any order.
    """

    def __init__(
        self,
        order: _Order,
        group: Sequence[int],
        near: Mapping[int, Entry],
        halves: Mapping[int, tuple[Ace, Ace]],
        within: Collection[int] = (),
    ) -> None:
        self._order = order
        self._halves = dict(halves)
        self._moved = [j for j in group if j not in halves]
        self._free = bool(within)
        self._within = within or self._moved
        layout = order.layout
        count = len(layout.new)
        rows: dict[int, list[_Row]] = {}
        entries = dict(near)
        for known in near:
            if known >= count:
                rows[known] = [("old", known - count)]
            elif known in order.stay:
                rows[known] = [("kept", known)]
            elif known in layout.old_of:
                rows[known] = [("old", layout.old_of[known]), ("new", known)]
            else:
                rows[known] = [("new", known)]
        for j, pair in halves.items():
            rows[j] = [("old", layout.old_of[j])]  # the entry itself comes when all is done
            for side, half in enumerate(pair):
                entries[-1 - (2 * j + side)] = half
                rows[-1 - (2 * j + side)] = [("half", 2 * j + side)]
        self._rows, self._entries = rows, entries
        moves = {row for j in self._moved for row in rows[j]}
        standing = sorted((order.rank(row), row) for known in rows for row in rows[known])
        come = [(True, row) for _rank, row in standing if row[0] in ("new", "half") and row not in moves]
        go = [(False, row) for _rank, row in reversed(standing) if row[0] == "old" and row not in moves]
        self._plain: list[_Do] = come + go

    def schedule(self) -> _Schedule | None:
        """The moves, each after a line of the plain order; None where there is no lawful order."""
        done = self.order() if self._moved else []
        if done is None:
            return None
        schedule = _Schedule(self._halves)
        plain = set(self._plain)
        after: _Do | None = None
        for do in done:
            if do in plain:
                after = do
            else:
                schedule.following.setdefault(after, []).append(do)
        return schedule

    def order(self) -> list[_Do] | None:
        """All lines in a lawful order, or None: depth first, no state twice."""
        met = cells(self._entries, self._within)
        if met is None:
            return None
        tables = self._tables(met)
        start: _State = (0, (0,) * len(self._moved))
        end: _State = ((1 << len(self._plain)) - 1, (2,) * len(self._moved))
        first, last = _values(tables, start), _values(tables, end)
        budget = min(_STATES, 4_000_000 // (1 + sum(map(len, tables))))
        path = [self._following(start)]
        done: list[_Do] = []
        seen = {start}
        # For each state on the path which classes of packets have switched.
        switched = [[old == new for old, new in zip(first, last, strict=True)]]
        while path and budget:
            following, do = next(path[-1], (start, None))
            if do is None:
                path.pop()
                switched.pop()
                del done[-1:]
                continue
            if following in seen:
                continue
            budget -= 1
            now = _values(tables, following)
            flags = [value == new for value, new in zip(now, last, strict=True)]
            if all(
                flag or (value == old and not before)
                for value, old, flag, before in zip(now, first, flags, switched[-1], strict=True)
            ):
                done.append(do)
                if following == end:
                    return done
                seen.add(following)
                path.append(self._following(following))
                switched.append(flags)
        return None

    def _following(self, state: _State) -> Iterator[tuple[_State, _Do]]:
        """The next states, those first that leave an entry out for the shortest time, and move it in its turn."""
        count, status = state

        def moved(k: int) -> tuple[_State, _Do]:
            do = self._order.move(self._moved[k])[status[k]]
            return (count, (*status[:k], status[k] + 1, *status[k + 1 :])), do

        for k, now in enumerate(status):
            if now == 1:
                yield moved(k)
        rank = self._order.rank
        waiting = [k for k, now in enumerate(status) if now == 0]
        next_one = (~count & (count + 1)).bit_length() - 1  # the lowest bit that is not set
        upcoming = self._plain[next_one] if next_one < len(self._plain) else None
        in_turn = [
            k for k in waiting if not (upcoming and upcoming[0]) or rank(("new", self._moved[k])) < rank(upcoming[1])
        ]
        for k in in_turn:
            yield moved(k)
        for number in range(next_one, len(self._plain) if self._free else min(next_one + 1, len(self._plain))):
            if not count >> number & 1:
                yield (count | 1 << number, status), self._plain[number]
        for k in waiting:
            if k not in in_turn:
                yield moved(k)

    def _tables(self, classes: Iterable[frozenset[int]]) -> list[_Cell]:
        """For each class of packets the rows that it may meet, from the top: (when there, treatment)."""
        order = self._order
        at = {do[1]: (do[0], index) for index, do in enumerate(self._plain)}
        place = {j: k for k, j in enumerate(self._moved)}
        told: dict[_Row, tuple[_When, str]] = {}
        for known, rows in self._rows.items():
            entry = self._entries[known]
            value = entry.action if isinstance(entry, Ace) else f"unknown {known}"
            for row in rows:
                if row[0] == "kept":
                    told[row] = (("always", 0), value)
                elif row in at:
                    told[row] = (("from" if at[row][0] else "until", at[row][1]), value)
                else:
                    told[row] = ((row[0], place[known]), value)
        ranks = {row: order.rank(row) for row in told}
        tables = set()
        for cell in classes:
            table: list[tuple[_When, str]] = []
            for row in sorted((row for known in cell for row in self._rows[known]), key=ranks.__getitem__):
                table.append(told[row])
                if row[0] == "kept":
                    break
            tables.add(tuple(table))
        return sorted(tables)


#: When a row is there: ("always" | "from" a plain line on | "until" one | "old" or "new" place of a moved entry, number).
_When = tuple[str, int]
_Cell = tuple[tuple[_When, str], ...]


def _values(tables: Iterable[_Cell], state: _State) -> list[str]:
    """How each class of packets is treated in a state; the end of a list is a deny."""
    count, status = state

    def there(when: _When) -> bool:
        kind, number = when
        if kind in ("from", "until"):
            return bool(count >> number & 1) == (kind == "from")
        return kind == "always" or status[number] == (0 if kind == "old" else 2)

    return [next((value for when, value in cell if there(when)), "deny") for cell in tables]
