# Copyright: The netvpn.dynamic_l2l contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""What a change of configuration can touch: the packets outside are treated after it as before.

The answer comes from the difference of the tables, without asking what any packet meets: it is as large as the rows
that changed, and may hold packets that are treated the same in the end.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import fields, replace
from functools import cached_property
from itertools import chain
from typing import Any, TypeVar

from .firstmatch import UNCHANGED, Image, Lookup, Rule, Rules, common, compose, mirrored, overlap
from .forwarding import Entry, Filter, Forwarding, Outcome, Translation
from .prefixes import EVERYTHING, EVERYTHING_BOX, Box, Region

_Item = TypeVar("_Item")

#: With more combinations of rows and translations than this everything is taken as touched.
_MANY = 1_000_000
#: So many boxes are compared one with the other.
_FEW = 24


def touched(before: Forwarding, after: Forwarding, *, many: int | None = None) -> dict[str, Region]:
    """Where packets enter → those that the change from ``before`` to ``after`` can touch; places without any are left out.

    Rows of one table that changed, more of them than ``many``, are taken together with the packets between them.
    """
    whole = {**before.places(), **after.places()}
    if _frame(before) != _frame(after):
        return {name: region for name, region in whole.items() if region}
    found = _Touched(before, after, many).boxes()
    # The same for most of the places.
    joined: dict[tuple[Any, ...], Region] = {}
    result = {}
    for name, place in whole.items():
        parts = found.get(name, ())
        key = (place.boxes, *map(id, parts))
        if key not in joined:
            joined[key] = _joined(chain.from_iterable(parts), place)
        if joined[key]:
            result[name] = joined[key]
    return result


def _frame(tables: Forwarding) -> tuple[Any, ...]:
    """What is compared as a whole."""
    return (
        set(tables.ports),
        tables.routes,
        tables.own,
        tables.leased,
        tables.barriers,
        tables.unmodelled,
        tables.firewall,
        tables.hidden_routes,
    )


def _joined(boxes: Iterable[Box], place: Region) -> Region:
    """The packets of ``boxes`` that can enter, as disjoint boxes."""
    wanted = list(dict.fromkeys(boxes))
    if EVERYTHING_BOX in wanted:
        return place
    if place.boxes != EVERYTHING.boxes:
        wanted = [common(box, other) for box in wanted for other in place.boxes if overlap(box, other)]
    table = Lookup((box, index) for index, box in enumerate(wanted)) if len(wanted) > _FEW else None
    found: list[Box] = []
    for index, box in enumerate(wanted):
        others = [(other, at) for at, other in enumerate(wanted[:index])] if table is None else table.over(box)
        before = tuple(other for other, at in others if at < index and overlap(other, box))
        found += Region((box,)).subtract(Region(before)).boxes if before else (box,)
    return Region(tuple(found))


class _Touched:
    def __init__(self, before: Forwarding, after: Forwarding, many: int | None) -> None:
        self.before = before
        self.after = after
        self.many = many
        #: place → what was found for it, several times
        self.found: dict[str, list[Sequence[Box]]] = {}
        self.everywhere = [*after.places()]

    def boxes(self) -> dict[str, list[Sequence[Box]]]:
        before, after = self.before, self.after
        for rows, tables in _changed(before.translations, after.translations, _same_table, _table_rows):
            boxes = self._boxes(rows)
            self._add(self.everywhere if tables.enters is None else tables.enters, self._as_entering(boxes))
            if after.firewall:
                # A translation must hold for the answers too.
                self._add(self.everywhere if tables.leaves is None else tables.leaves, [mirrored(box) for box in boxes])
        for rows, tables in _changed(before.arrivals, after.arrivals, _same_table, _table_rows):
            self._add(self.everywhere if tables.enters is None else tables.enters, self._boxes(rows))
        for name, new in after.ports.items():
            old = before.ports[name]
            self._add((name,), self._filter(old.enter, new.enter))
            self._add(self.everywhere, self._seen(self._filter(old.leave, new.leave)))
            for rows, entry in _changed(old.entries, new.entries, _same_entry, _entry_rows):
                boxes = [EVERYTHING_BOX] if entry.rules is None or entry.stops else self._boxes(rows)
                self._add(self.everywhere, self._seen(boxes))
                self._add((name,), [mirrored(box) for box in boxes])
        return self.found

    def _add(self, places: Iterable[str], boxes: Sequence[Box]) -> None:
        if boxes:
            for name in places:
                self.found.setdefault(name, []).append(boxes)

    def _filter(self, old: Filter | None, new: Filter | None) -> list[Box]:
        if old is None or new is None:
            return [] if old is new else [EVERYTHING_BOX]
        return self._boxes(_rows(old.rules, new.rules))

    def _boxes(self, rows: Sequence[Rule]) -> list[Box]:
        if self.many is None or len(rows) <= self.many:
            return [rule.box for rule in rows]
        sides = zip(*(rule.box for rule in rows))  # noqa: B905
        return [tuple((min(low for low, _high in side), max(high for _low, high in side)) for side in map(list, sides))]

    def _seen(self, boxes: list[Box]) -> list[Box]:
        """``boxes`` as they are after all translations, as packets that enter."""
        if not boxes or EVERYTHING_BOX in boxes:
            return boxes
        sources, targets = self._sources, self._targets
        if len(sources) * len(targets) * len(boxes) > _MANY:
            return [EVERYTHING_BOX]
        images = [compose(target, source) for target in targets for source in sources]
        return _before(boxes, images)

    def _as_entering(self, boxes: list[Box]) -> list[Box]:
        """``boxes`` as a translation table sees them, as packets that enter."""
        targets = self._targets
        return [EVERYTHING_BOX] if len(targets) * len(boxes) > _MANY else _before(boxes, targets)

    @cached_property
    def _sources(self) -> list[Image]:
        return self._images(lambda tables: tables.translations)

    @cached_property
    def _targets(self) -> list[Image]:
        return self._images(lambda tables: tables.arrivals)

    def _images(self, of: Callable[[Forwarding], tuple[Translation, ...]]) -> list[Image]:
        found: set[Image] = {UNCHANGED}
        for table in (*of(self.before), *of(self.after)):
            outcomes = [table.outcome] if table.outcome else [rule.value for rule in table.rules.rules]
            found |= {outcome.image for outcome in outcomes if isinstance(outcome, Outcome)}
        return list(found)


def _before(boxes: list[Box], images: list[Image]) -> list[Box]:
    rules = (Rule(box, True, "").before(image) for box in boxes for image in images)
    return [rule.box for rule in rules if rule is not None]


def _changed(
    old: Sequence[_Item],
    new: Sequence[_Item],
    same: Callable[[_Item, _Item], bool],
    rows: Callable[[_Item], Rules | None],
) -> Iterator[tuple[list[Rule], _Item]]:
    """The items that differ, each with its rows that make the difference."""
    start = _alike(old, new, same)
    one, two = old[start:], new[start:]
    end = _alike(one[::-1], two[::-1], same)
    one, two = one[: len(one) - end], two[: len(two) - end]
    if len(one) == len(two) and all(_but_rows(a) == _but_rows(b) for a, b in zip(one, two)):  # noqa: B905
        for a, b in zip(one, two):  # noqa: B905
            first, second = rows(a), rows(b)
            if first is not None and second is not None:
                yield _rows(first, second), b
            elif first is not second:
                yield [], a if first is None else b
        return
    for item in chain(one, two):
        known = rows(item)
        # What a table denies it leaves to the next one, as if it were not there.
        yield [rule for rule in known.rules if rule.value is not False] if known else [], item


def _alike(old: Sequence[_Item], new: Sequence[_Item], same: Callable[[_Item, _Item], bool]) -> int:
    """With how many of the same both begin. Most are the very same objects."""
    others = (index for index, (one, two) in enumerate(zip(old, new)) if one is not two and not same(one, two))  # noqa: B905
    return next(others, min(len(old), len(new)))


def _but_rows(item: Any) -> Any:
    """A table or an entry without its rows, and whether it has any."""
    return replace(item, rules=None), item.rules is None


def _table_rows(table: Translation) -> Rules | None:
    return table.rules


def _entry_rows(entry: Entry) -> Rules | None:
    return entry.rules


def _same_table(one: Translation, two: Translation) -> bool:
    return _but_rows(one) == _but_rows(two) and not _rows(one.rules, two.rules)


#: What is compared as it is, of two entries.
_PLAIN = [part.name for part in fields(Entry) if part.name not in ("rules", "filter")]


def _same_entry(one: Entry, two: Entry) -> bool:
    if one is two:
        return True
    filters = (one.filter, two.filter)
    return (
        all(getattr(one, name) == getattr(two, name) for name in _PLAIN)
        and (
            one.rules is two.rules
            or (one.rules is not None and two.rules is not None and not _rows(one.rules, two.rules))
        )
        and (filters[0] is filters[1] or (None not in filters and not _filter_rows(*filters)))
    )


def _filter_rows(one: Filter | None, two: Filter | None) -> list[Rule]:
    return _rows(one.rules, two.rules) if one and two else []


def _what(rule: Rule) -> tuple[Any, ...]:
    return rule.box, rule.value, rule.exact


def _rows(old: Rules, new: Rules) -> list[Rule]:
    """The rows of either that the other has not, or has in another place."""
    if old is new:
        return []
    one, two = old.rules, new.rules
    start = 0
    while start < min(len(one), len(two)) and _what(one[start]) == _what(two[start]):
        start += 1
    end = 0
    while end < min(len(one), len(two)) - start and _what(one[-1 - end]) == _what(two[-1 - end]):
        end += 1
    left, right = one[start : len(one) - end], two[start : len(two) - end]
    mine, theirs = {_what(rule) for rule in left}, {_what(rule) for rule in right}
    if [w for rule in left if (w := _what(rule)) in theirs] != [w for rule in right if (w := _what(rule)) in mine]:
        return [*left, *right]
    return [rule for rule in left if _what(rule) not in theirs] + [rule for rule in right if _what(rule) not in mine]
