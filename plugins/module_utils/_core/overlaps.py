# Copyright: The netvpn.dynamic_l2l contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""Which entries of long access lists share packets, without looking at every pair."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping

from .acl import Ace, Entry
from .prefixes import ANY, EVERYTHING_BOX, Box, Prefix

#: More classes of packets than this are not told apart.
CELLS = 20_000


def _box(entry: Entry) -> Box:
    return entry.box if isinstance(entry, Ace) else EVERYTHING_BOX


def _prefixes(entry: Entry) -> tuple[Prefix, Prefix]:
    return (entry.source.prefix, entry.destination.prefix) if isinstance(entry, Ace) else (ANY, ANY)


class Meetings:
    """Which of many entries overlap with one: by tables of (source length, destination length).

    Two prefixes overlap when they agree in the bits of the shorter one, so that an entry needs one look into the table
    of each pair of lengths in use, however many entries there are.
    """

    def __init__(self, entries: Mapping[int, Entry]) -> None:
        self._boxes: dict[int, Box] = {}
        self._by_lengths: dict[tuple[int, int], list[tuple[int, int, int]]] = {}
        self._tables: dict[tuple[int, int, int, int], dict[tuple[int, int], list[int]]] = {}
        for known, entry in entries.items():
            self.add(known, entry)

    def add(self, known: int, entry: Entry) -> None:
        """One entry more."""
        source, destination = _prefixes(entry)
        lengths = (source.length, destination.length)
        self._boxes[known] = _box(entry)
        self._by_lengths.setdefault(lengths, []).append((known, source.network, destination.network))
        for (*of, first, second), table in self._tables.items():
            if (*of,) == lengths:
                key = (source.network >> (32 - first), destination.network >> (32 - second))
                table.setdefault(key, []).append(known)

    def of(self, entry: Entry) -> Iterator[int]:
        """The entries that share a packet with ``entry``, itself included."""
        source, destination = _prefixes(entry)
        box = _box(entry)
        for lengths in self._by_lengths:
            bits = (min(source.length, lengths[0]), min(destination.length, lengths[1]))
            table = self._tables.get((*lengths, *bits))
            if table is None:
                table = self._tables[(*lengths, *bits)] = {}
                for known, first, second in self._by_lengths[lengths]:
                    table.setdefault((first >> (32 - bits[0]), second >> (32 - bits[1])), []).append(known)
            key = (source.network >> (32 - bits[0]), destination.network >> (32 - bits[1]))
            for known in table.get(key, ()):
                if _share(box, self._boxes[known]):
                    yield known


def _share(one: Box, two: Box) -> bool:
    return all(a <= d and c <= b for (a, b), (c, d) in zip(one, two, strict=True))


def cells(entries: Mapping[int, Entry], within: Collection[int]) -> set[frozenset[int]] | None:
    """Which sets of ``entries`` a packet can match at once, for all packets that one of ``within`` may match.

    Field by field: between two ends of intervals all packets match the same entries. An entry that is not exact may
    match a packet of its box or not. None where there are too many.
    """
    boxes = {known: _box(entry) for known, entry in entries.items()}
    target = frozenset(within)
    groups = {frozenset(entries)}
    for dimension in range(len(EVERYTHING_BOX)):
        parts: set[frozenset[int]] = set()
        for group in groups:
            events: dict[int, tuple[list[int], list[int]]] = {}
            for known in group:
                low, high = boxes[known][dimension]
                events.setdefault(low, ([], []))[0].append(known)
                events.setdefault(high + 1, ([], []))[1].append(known)
            there: set[int] = set()
            for _at, (come, go) in sorted(events.items()):
                there.difference_update(go)
                there.update(come)
                if not target.isdisjoint(there):
                    parts.add(frozenset(there))
            if len(parts) > CELLS:
                return None
        groups = parts
    for known, entry in entries.items():
        if not (isinstance(entry, Ace) and entry.exact):
            groups |= {group - {known} for group in groups}
            if len(groups) > CELLS:
                return None
    return {group for group in groups if not target.isdisjoint(group)}
