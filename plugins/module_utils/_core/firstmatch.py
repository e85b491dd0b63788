# Copyright: The netvpn.dynamic_l2l contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""First match over many rules: which rule of an ordered table decides each packet of a box.

A table is asked about a box, never about everything: it finds the rules that overlap the box by tables of (source
length, destination length), and cuts the box in halves until one rule decides each piece. For n rules that lie apart
both take no longer than sorting them.
"""

from __future__ import annotations

import weakref
from bisect import bisect_left, bisect_right
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from heapq import heappop, heappush
from itertools import pairwise
from typing import Any, NamedTuple, Union

from .acl import AccessList, Ace, Entry, Opaque, Remark
from .prefixes import ALL_ADDRESSES, ALL_PORTS, ALL_PROTOCOLS, EVERYTHING_BOX, Box, Interval, Region

#: The fields of a box in the order of the answer: protocol, destination, its port, source, its port.
_MIRROR = (0, 3, 4, 1, 2)
_SOURCE, _DESTINATION = 1, 3
_ALL: Box = (ALL_PROTOCOLS, ALL_ADDRESSES, ALL_PORTS, ALL_ADDRESSES, ALL_PORTS)
#: Below this a table is read from top to bottom.
_SMALL = 24

#: So many questions are answered by looking at all rows: many tables are asked a few times only, and putting one in order
#: costs as much as some of them.
_UNSORTED = 3
#: For more rows than these a box is looked at from one end to the other, in at most so many bands.
_FEW, _BANDS = 6, 16


def overlap(one: Box, two: Box) -> bool:
    """Whether two boxes share a packet."""
    (a, b), (c, d), (e, f), (g, h), (i, j) = one
    (a2, b2), (c2, d2), (e2, f2), (g2, h2), (i2, j2) = two
    return (
        g <= h2
        and g2 <= h
        and c <= d2
        and c2 <= d
        and a <= b2
        and a2 <= b
        and e <= f2
        and e2 <= f
        and i <= j2
        and i2 <= j
    )


def covers(outer: Box, inner: Box) -> bool:
    """Whether ``outer`` holds every packet of ``inner``."""
    (a, b), (c, d), (e, f), (g, h), (i, j) = outer
    (a2, b2), (c2, d2), (e2, f2), (g2, h2), (i2, j2) = inner
    return (
        g <= g2
        and h2 <= h
        and c <= c2
        and d2 <= d
        and a <= a2
        and b2 <= b
        and e <= e2
        and f2 <= f
        and i <= i2
        and j2 <= j
    )


def common(one: Box, two: Box) -> Box:
    """The packets of both; the caller knows that there are some."""
    (a, b), (c, d), (e, f), (g, h), (i, j) = one
    (a2, b2), (c2, d2), (e2, f2), (g2, h2), (i2, j2) = two
    return (
        (a if a > a2 else a2, b if b < b2 else b2),
        (c if c > c2 else c2, d if d < d2 else d2),
        (e if e > e2 else e2, f if f < f2 else f2),
        (g if g > g2 else g2, h if h < h2 else h2),
        (i if i > i2 else i2, j if j < j2 else j2),
    )


def mirrored(box: Box) -> Box:
    """The answers to the packets of ``box``."""
    protocol, source, source_port, destination, destination_port = box
    return (protocol, destination, destination_port, source, source_port)


@dataclass(frozen=True)
class Change:
    """What a translation does with one field: it is moved by ``shift``, or becomes one ``among`` several, nobody knows which."""

    shift: int = 0
    among: tuple[Interval, ...] = ()


#: What a translation does with a packet: one :class:`Change` per field of a box, None where it keeps its value.
Image = tuple[Union[Change, None], ...]

UNCHANGED: Image = (None, None, None, None, None)


def compose(first: Image, then: Image) -> Image:
    """``first`` and then ``then``, which change different fields."""
    return tuple(b or a for a, b in zip(first, then))  # noqa: B905


def _seen(box: Box, image: Image) -> Box:
    """The smallest box that holds the packets of ``box`` after the translation."""
    result = []
    for (low, high), change in zip(box, image):  # noqa: B905
        if change is None:
            result.append((low, high))
        elif change.among:
            result.append((change.among[0][0], change.among[-1][1]))
        else:
            result.append((low + change.shift, high + change.shift))
    return tuple(result)


class Rule:
    """One row of a table: the packets of ``box`` get ``value``; not surely where the row is not ``exact``.

    ``value`` False ends the table without a match.
    """

    __slots__ = ("box", "exact", "origin", "value")

    def __init__(self, box: Box, value: Any, origin: str | tuple[str, Entry], *, exact: bool = True) -> None:
        self.box = box
        self.value = value
        self.origin = origin
        self.exact = exact

    @property
    def text(self) -> str:
        """The configuration line, for people."""
        if isinstance(self.origin, str):
            return self.origin
        name, entry = self.origin
        return f"access-list {name} {entry.text if isinstance(entry, Opaque) else entry}"

    def before(self, image: Image) -> Rule | None:
        """This row for packets as they are before the translation; None where it matches none of them."""
        box, exact = [], self.exact
        for (low, high), change, whole in zip(self.box, image, _ALL):  # noqa: B905
            if change is None:
                box.append((low, high))
            elif change.among:
                if all(b < low or high < a for a, b in change.among):
                    return None
                exact = exact and all(low <= a and b <= high for a, b in change.among)
                box.append(whole)
            else:
                first, last = max(low - change.shift, whole[0]), min(high - change.shift, whole[1])
                if first > last:
                    return None
                box.append((first, last))
        return Rule(tuple(box), self.value, self.origin, exact=exact)


class Hit(NamedTuple):
    """What a table says of a piece: ``value`` of the row that decides, False where none matches.

    ``sure`` is False where ``rule`` may or may not match and that makes a difference.
    """

    value: Any
    rule: Rule | None
    sure: bool = True


NO_HIT = Hit(False, None)


class _Group:
    """The rows whose source and destination are blocks of the same two sizes."""

    def __init__(self, sizes: tuple[int, int]) -> None:
        self.sizes = sizes
        self.rows: dict[tuple[int, int], list[int]] = {}
        self.by_source: list[tuple[int, int]] = []
        self.by_destination: list[tuple[int, int]] = []

    def ready(self) -> None:
        self.by_source = sorted(self.rows)
        self.by_destination = sorted((destination, source) for source, destination in self.rows)

    def over(self, box: Box) -> Iterator[int]:
        (source_size, destination_size) = self.sizes
        (low, high), (first, last) = box[_SOURCE], box[_DESTINATION]
        a, b = low // source_size, high // source_size
        c, d = first // destination_size, last // destination_size
        if a == b and c == d:
            yield from self.rows.get((a, c), ())
            return
        sources = (bisect_left(self.by_source, (a, 0)), bisect_left(self.by_source, (b + 1, 0)))
        targets = (bisect_left(self.by_destination, (c, 0)), bisect_left(self.by_destination, (d + 1, 0)))
        if sources[1] - sources[0] <= targets[1] - targets[0]:
            for key in self.by_source[sources[0] : sources[1]]:
                if c <= key[1] <= d:
                    yield from self.rows[key]
        else:
            for destination, source in self.by_destination[targets[0] : targets[1]]:
                if a <= source <= b:
                    yield from self.rows[(source, destination)]


class Rules:
    """An ordered table; the first row that matches a packet decides."""

    def __init__(self, rules: Iterable[Rule]) -> None:
        self.rules = tuple(rules)
        self._groups: list[_Group] | None = None
        self._others: list[int] = []
        self._asked = 0
        #: for each field where the last row begins and where the first ends, when somebody has asked
        self._inner: list[tuple[int, int]] | None = None
        self._swept = False
        self._bands: list[_Band] | None = None

    def __bool__(self) -> bool:
        return bool(self.rules)

    def over(self, box: Box) -> list[Rule]:
        """The rows that overlap ``box``, in order."""
        if len(self.rules) <= _SMALL:
            return [rule for rule in self.rules if overlap(rule.box, box)]
        if self._groups is None:
            self._asked += 1
            if self._asked <= _UNSORTED:
                return [rule for rule in self.rules if overlap(rule.box, box)]
            self._groups = self._grouped()
        found = [index for group in self._groups for index in group.over(box)]
        return [self.rules[index] for index in sorted(found + self._others) if overlap(self.rules[index].box, box)]

    def _grouped(self) -> list[_Group]:
        groups: dict[tuple[int, int], _Group] = {}
        for index, rule in enumerate(self.rules):
            (low, high), (first, last) = rule.box[_SOURCE], rule.box[_DESTINATION]
            sizes = (high - low + 1, last - first + 1)
            if low % sizes[0] or first % sizes[1]:
                # No prefixes: a range of a pool.
                self._others.append(index)
                continue
            group = groups.setdefault(sizes, _Group(sizes))
            group.rows.setdefault((low // sizes[0], first // sizes[1]), []).append(index)
        for group in groups.values():
            group.ready()
        return list(groups.values())

    def _bands_over(self, box: Box) -> list[_Band] | None:
        """The whole table as bands, for a box that all rows overlap; None for others, and where there are none."""
        if self._inner is None:
            sides = _sides(self.rules)
            self._inner = [(max(side)[0], min(high for _low, high in side)) for side in sides]
        for (low, high), (last_begin, first_end) in zip(box, self._inner):  # noqa: B905
            if high < last_begin or first_end < low:
                return None
        if not self._swept:
            self._bands = _bands(self.rules, EVERYTHING_BOX)
            self._swept = True
        return self._bands

    def split(self, box: Box, image: Image = UNCHANGED) -> list[tuple[Box, Hit]]:
        """``box`` in pieces, and what decides each; the table sees the packets as ``image`` makes them."""
        if image is UNCHANGED:
            bands = self._bands_over(box) if len(self.rules) > _SMALL else None
            if bands is not None:
                return [part for band in bands if overlap(band.box, box) for part in band.within(box)]
            return _decide(self.over(box), box)
        found = (rule.before(image) for rule in self.over(_seen(box, image)))
        return _decide([rule for rule in found if rule is not None and overlap(rule.box, box)], box)

    def split_answers(self, box: Box, image: Image = UNCHANGED) -> list[tuple[Box, Hit]]:
        """The same, where the table is written for the other direction."""
        turned = image if image is UNCHANGED else tuple(image[field] for field in _MIRROR)
        return [(mirrored(piece), hit) for piece, hit in self.split(mirrored(box), turned)]


class Lookup:
    """Boxes with what belongs to each, to be asked which of them share a packet with another; more come, and some go.

    They are kept in tables of which each is larger than all after it together: each row is put in order anew log n times,
    and as many tables are asked.
    """

    def __init__(self, rows: Iterable[tuple[Box, Any]] = ()) -> None:
        self._tables: list[Rules] = []
        self._gone: set[int] = set()
        self.add(rows)

    def add(self, rows: Iterable[tuple[Box, Any]]) -> None:
        """More of them."""
        new = [Rule(box, value, "") for box, value in rows]
        while new and self._tables and len(self._tables[-1].rules) <= 2 * len(new) + _SMALL:
            new = [*self._tables.pop().rules, *new]
        if new:
            self._tables.append(Rules(new))

    def drop(self, value: Any) -> None:
        """What belongs to ``value``, which is kept as long as this is, is no longer there."""
        self._gone.add(id(value))

    def over(self, box: Box) -> list[tuple[Box, Any]]:
        """Those that overlap ``box``, in the order in which they came."""
        found = [rule for table in self._tables for rule in table.over(box)]
        return [(rule.box, rule.value) for rule in found if id(rule.value) not in self._gone]

    def any(self, box: Box) -> bool:
        """Whether one of them overlaps ``box``."""
        return bool(self.over(box))


#: A piece, the rows that overlap it, where in them to go on, and the rows of either kind that may match above.
_Work = tuple[Box, Sequence[Rule], int, tuple[Rule, ...]]


def _decide(rules: Sequence[Rule], box: Box) -> list[tuple[Box, Hit]]:
    if len(rules) > _FEW:
        bands = _bands(rules, box)
        if bands is not None:
            return [part for band in bands for part in band.within(box)]
    result: list[tuple[Box, Hit]] = []
    work: list[_Work] = [(box, rules, 0, ())]
    while work:
        piece, rows, start, doubts = work.pop()
        if start == len(rows):
            result.append((piece, _settled(NO_HIT, doubts)))
            continue
        first = rows[start]
        if covers(first.box, piece):
            if first.exact:
                result.append((piece, _settled(Hit(first.value, first), doubts)))
            else:
                known = any(doubt.value == first.value for doubt in doubts)
                work.append((piece, rows, start + 1, doubts if known else (*doubts, first)))
            continue
        for part in _halves(rows, start, piece) or _around(first.box, piece):
            work.append((part, _left(rows, start, part), 0, doubts))
    return result


class _Band:
    """A box in which rows differ in one field only: what decides from one end of it to the other."""

    def __init__(self, box: Box, along: int, rules: Sequence[Rule]) -> None:
        self.box = box
        self.along = along
        self.spans: list[Interval] = []
        self.hits: list[Hit] = []
        for low, high, row in _sweep(rules, along, box[along]):
            self.spans.append((low, high))
            self.hits.append(NO_HIT if row is None else Hit(row.value, row))

    def within(self, box: Box) -> list[tuple[Box, Hit]]:
        """What decides in the part of ``box`` that lies in this one; the caller knows that there is some."""
        part = common(self.box, box)
        low, high = part[self.along]
        # No span begins like another: what is beside the beginning does not count.
        first, last = (
            bisect_right(self.spans, (low, ALL_ADDRESSES[1])),
            bisect_right(self.spans, (high, ALL_ADDRESSES[1])),
        )
        spans = self.spans[first - 1 : last]
        spans[0] = (low, spans[0][1])
        spans[-1] = (spans[-1][0], high)
        head, tail = part[: self.along], part[self.along + 1 :]
        return [((*head, span, *tail), hit) for span, hit in zip(spans, self.hits[first - 1 : last])]  # noqa: B905


def _sides(rules: Sequence[Rule]) -> list[set[Interval]]:
    """What the rows say of each field."""
    return [set(side) for side in zip(*(rule.box for rule in rules))]  # noqa: B905


def _bands(rules: Sequence[Rule], box: Box) -> list[_Band] | None:
    """``box`` in a few parts in which the rows differ in one field only; None where they do not, or are not exact."""
    if not all(rule.exact for rule in rules):
        return None
    cuts: list[set[int]] = []
    for (first, last), sides in zip(box, _sides(rules)):  # noqa: B905
        places = {low for low, _high in sides if low > first}
        places.update(high + 1 for _low, high in sides if high < last)
        cuts.append(places)
    along = max(range(len(cuts)), key=lambda field: len(cuts[field]))
    bands = [box]
    for field, places in enumerate(cuts):
        if field == along or not places:
            continue
        if len(bands) * (len(places) + 1) > _BANDS:
            return None
        low, high = box[field]
        ends = [low, *sorted(places), high + 1]
        parts = [(first, second - 1) for first, second in pairwise(ends)]
        bands = [(*band[:field], part, *band[field + 1 :]) for band in bands for part in parts]
    if len(bands) == 1:
        return [_Band(box, along, rules)]
    return [_Band(band, along, [rule for rule in rules if overlap(rule.box, band)]) for band in bands]


def _sweep(rows: Sequence[Rule], field: int, within: Interval) -> Iterator[tuple[int, int, Rule | None]]:
    """``within`` cut where another of ``rows`` is the first, which differ in ``field`` only."""
    begins = sorted((max(row.box[field][0], within[0]), index) for index, row in enumerate(rows))
    if all(rows[one].box[field][1] < low for (_low, one), (low, _two) in pairwise(begins)):
        yield from _side_by_side(rows, field, within, begins)
        return
    active: list[int] = []
    position, end, at = within[0], within[1], 0
    start, current = position, -1
    while position <= end:
        while at < len(begins) and begins[at][0] <= position:
            heappush(active, begins[at][1])
            at += 1
        while active and rows[active[0]].box[field][1] < position:
            heappop(active)
        top = active[0] if active else -1
        if top != current:
            if position > start:
                yield start, position - 1, rows[current] if current >= 0 else None
            start, current = position, top
        following = begins[at][0] if at < len(begins) else end + 1
        position = min(following, rows[top].box[field][1] + 1) if top >= 0 else following
    yield start, end, rows[current] if current >= 0 else None


def _side_by_side(
    rows: Sequence[Rule], field: int, within: Interval, begins: Sequence[tuple[int, int]]
) -> Iterator[tuple[int, int, Rule | None]]:
    """The same for rows that do not overlap there, in their order."""
    position, end = within
    for low, index in begins:
        if low > position:
            yield position, low - 1, None
        row = rows[index]
        position = row.box[field][1] + 1
        yield low, min(position - 1, end), row
    if position <= end:
        yield position, end, None


def _settled(hit: Hit, doubts: tuple[Rule, ...]) -> Hit:
    for rule in doubts:
        if rule.value != hit.value:
            return Hit(hit.value, rule, sure=False)
    return hit


def _left(rows: Sequence[Rule], start: int, piece: Box) -> list[Rule]:
    """The rows from ``start`` on that overlap ``piece``, up to one that takes it whole."""
    found = []
    for index in range(start, len(rows)):
        rule = rows[index]
        if overlap(rule.box, piece):
            found.append(rule)
            if rule.exact and covers(rule.box, piece):
                break
    return found


def _halves(rows: Sequence[Rule], start: int, piece: Box) -> tuple[Box, Box] | None:
    """``piece`` cut where about half of the rows lie on either side; None for few rows, or when there is no such place."""
    if len(rows) - start <= 4:
        return None
    best: list[int] = []
    chosen = 0
    for field in (_SOURCE, _DESTINATION):
        low, high = piece[field]
        cuts = {rows[index].box[field][0] for index in range(start, len(rows))}
        cuts |= {rows[index].box[field][1] + 1 for index in range(start, len(rows))}
        inside = sorted(cut for cut in cuts if low < cut <= high)
        if len(inside) > len(best):
            best, chosen = inside, field
    if not best:
        return None
    cut = best[len(best) // 2]
    low, high = piece[chosen]
    return (
        (*piece[:chosen], (low, cut - 1), *piece[chosen + 1 :]),
        (*piece[:chosen], (cut, high), *piece[chosen + 1 :]),
    )


def _around(inner: Box, piece: Box) -> list[Box]:
    """The part of ``piece`` in ``inner``, and the boxes around it."""
    return [common(inner, piece), *Region((piece,)).subtract(Region((inner,))).boxes]


def tidy(boxes: Iterable[Box]) -> tuple[Box, ...]:
    """The same packets in fewer boxes: those that differ in one field and touch there are made one."""
    current = list(boxes)
    while True:
        count = len(current)
        for field in range(len(EVERYTHING_BOX) - 1, -1, -1):
            current.sort(key=lambda box, f=field: (box[:f], box[f + 1 :], box[f]))  # type: ignore[misc]
            merged: list[Box] = []
            for box in current:
                last = merged[-1] if merged else None
                if (
                    last is not None
                    and last[:field] == box[:field]
                    and last[field + 1 :] == box[field + 1 :]
                    and last[field][1] + 1 == box[field][0]
                ):
                    merged[-1] = (*box[:field], (last[field][0], box[field][1]), *box[field + 1 :])
                else:
                    merged.append(box)
            current = merged
        if len(current) == count:
            return tuple(sorted(current))


_COMPILED: dict[int, tuple[weakref.ref[AccessList], Rules]] = {}


def compiled(access_list: AccessList) -> Rules:
    """The table of a list: True for permit, False for deny. Made once per list: an edit makes a new list."""
    key = id(access_list)
    found = _COMPILED.get(key)
    if found is not None and found[0]() is access_list:
        return found[1]
    rules = Rules(_rule_of(access_list.name, entry) for entry in access_list.entries if not isinstance(entry, Remark))
    _COMPILED[key] = (weakref.ref(access_list, lambda _gone: _COMPILED.pop(key, None)), rules)
    return rules


def _rule_of(name: str, entry: Ace | Opaque) -> Rule:
    if isinstance(entry, Opaque):
        # An entry of another kind (``evaluate``, ``dynamic``) may do either: None equals neither.
        value = {"permit": True, "deny": False}.get(entry.text.split(None, 1)[0])
        return Rule(EVERYTHING_BOX, value, (name, entry), exact=False)
    return Rule(entry.box, entry.action == "permit", (name, entry), exact=entry.exact)
