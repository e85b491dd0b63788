# Copyright: The netvpn.dynamic_l2l contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""What a plan may leave otherwise than it found it: what the intent names, and nothing else.

A class that the intent does not name ends as it began. Named are the packets of its tunnels, both ways, and what an
option asks for beside them: PAT, its end, entries of others that ``exclusive`` takes away, callers of any network.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
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


#: So many networks are at most looked through for one that holds another.
_FEW = 64


class _Holders(dict[Interval, Interval]):
    """For what was asked for the first of a few networks that holds it, or itself."""

    def __init__(self, few: Sequence[Interval]) -> None:
        super().__init__()
        self.few = few

    def __missing__(self, interval: Interval) -> Interval:
        low, high = interval
        found = self[interval] = next(((a, b) for a, b in self.few if a <= low and high <= b), interval)
        return found


class Boxes:
    """Boxes, and whether all packets of another box are in them. Their answers are in them as well."""

    def __init__(self, boxes: Iterable[Box]) -> None:
        forth = dict.fromkeys(boxes)
        self._all = Lookup((turned, turned) for box in forth for turned in (box, mirrored(box)))
        #: those of all protocols, by source and destination: nearly all are so, and nearly all that is asked for is in one
        self._pairs = {
            (box[1], box[3]) for box in forth if box == (ALL_PROTOCOLS, box[1], ALL_PORTS, box[3], ALL_PORTS)
        }
        sides = [sorted({pair[side] for pair in self._pairs}) for side in (0, 1)]
        #: for a network the one of the pairs that holds it, by side
        self._holders = [_Holders(side if len(side) <= _FEW else ()) for side in sides]

    def surely_hold(self, box: Box) -> bool:
        """Whether one of them holds ``box``, where that is seen at a glance."""
        (sources, targets), source, target = self._holders, box[1], box[3]
        return (sources[source], targets[target]) in self._pairs or (sources[target], targets[source]) in self._pairs

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
        return self.surely_hold(box) or self._all.any(box)


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
