# Copyright: The netvpn.dynamic_l2l contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""What a plan may leave otherwise than it found it: what the intent names, and nothing else.

A class that the intent does not name ends as it began. Named are the packets of its tunnels, both ways, and what an
option asks for beside them: PAT, its end, entries of others that ``exclusive`` takes away, callers of any network.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from .firstmatch import Lookup, mirrored
from .forwarding import Forwarding, Letter, stretches
from .prefixes import ALL_ADDRESSES, ALL_PORTS, ALL_PROTOCOLS, EVERYTHING_BOX, Box, Interval, Region

Key = frozenset[str]
Letters = frozenset[Letter]


@dataclass(frozen=True)
class Named:
    """Packets that an option is about: of ``boxes``, where they enter at ``enters`` (None: anywhere).

    Those that meet one of ``before`` may come to meet one of ``after`` (None: anything); a drop beside it does not count.
    """

    boxes: tuple[Box, ...]
    enters: frozenset[str] | None = None
    before: Letters | None = None
    after: Letters | None = None

    def lets(self, enters: str, before: Key, after: Key) -> bool:
        """Whether packets that enter there may change so, if ``boxes`` hold them."""
        return (self.enters is None or enters in self.enters) and _all(before, self.before) and _all(after, self.after)


def same(before: Key, after: Key) -> bool:
    """Whether packets end as they began; that they are no longer dropped for a while, or by chance, is no change."""
    drop = {Letter.D.value}
    return before == after or (before - drop == after - drop and drop <= before)


def _all(key: Key, letters: Letters | None) -> bool:
    shown = key - {Letter.D.value} or key
    return letters is None or all(item[0] in letters for item in shown)


class Boxes:
    """Boxes, and whether all packets of another box are in them. Their answers are in them as well."""

    def __init__(self, boxes: Iterable[Box]) -> None:
        both = dict.fromkeys(turned for box in boxes for turned in (box, mirrored(box)))
        #: those of all protocols, by source and destination: nearly all are so
        self._pairs = {(box[1], box[3]) for box in both if box == (ALL_PROTOCOLS, box[1], ALL_PORTS, box[3], ALL_PORTS)}
        self._all = Lookup((box, box) for box in both)

    def hold(self, box: Box) -> bool:
        """Whether each packet of ``box`` is in one of them."""
        return (box[1], box[3]) in self._pairs or not self.without(box)

    def without(self, box: Box) -> Region:
        """The packets of ``box`` that are in none of them."""
        rest = Region((box,))
        for other in self.over(box):
            rest = rest.subtract(Region((other,)))
        return rest

    def over(self, box: Box) -> list[Box]:
        """Those that share packets with ``box``."""
        return [other for other, _value in self._all.over(box)]

    def any(self, box: Box) -> bool:
        """Whether a packet of ``box`` is in one of them."""
        return (box[1], box[3]) in self._pairs or self._all.any(box)


#: Without an access list a dynamic entry accepts whatever a caller proposes: what is in clear may be protected.
CALLERS_COME = Named((EVERYTHING_BOX,), before=frozenset({Letter.X}), after=frozenset({Letter.V}))
CALLERS_GO = Named((EVERYTHING_BOX,), before=frozenset({Letter.V}), after=frozenset({Letter.X}))


def translated(
    tables: Forwarding, enters: Iterable[str], outside: str, sources: Iterable[Interval], *, comes: bool
) -> tuple[Named, ...]:
    """PAT that comes, or goes, for packets from ``sources`` that enter at ``enters`` and leave by ``outside``.

    On a firewall an address that is translated on its way out is not reached by its own address from there.
    """
    inner, outer = tuple(sources), leading(tables, outside)
    forth = tuple((ALL_PROTOCOLS, source, ALL_PORTS, target, ALL_PORTS) for source in inner for target in outer)
    back = tuple(map(mirrored, forth))
    plain, dropped, translating = frozenset({Letter.X, Letter.V}), frozenset({Letter.D}), frozenset({Letter.T})
    homes, there = frozenset(enters), frozenset({outside})
    if comes:
        return Named(forth, homes, plain | dropped, translating), Named(back, there, plain, dropped)
    # Between inside networks too: what a line that goes has dropped for want of a translation there is dropped no more.
    around = tuple((ALL_PROTOCOLS, source, ALL_PORTS, ALL_ADDRESSES, ALL_PORTS) for source in inner)
    return Named(forth, homes, translating), Named(around, None, dropped)


def leading(tables: Forwarding, interface: str) -> tuple[Interval, ...]:
    """The addresses towards which packets leave by an interface."""
    return tuple(
        (low, high)
        for low, high, routes in stretches(tables.routes)[1]
        if any(route.interface == interface for route in routes)
    )
