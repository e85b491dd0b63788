# Copyright: The netvpn.dynamic_l2l contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""What a planner makes of a :class:`.list_edits.ListChange`: what waits for what, and what is said of it."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence

from .acl import Ace, Entry, Insert
from .list_edits import ListChange, Way
from .options import NAME_LIMIT
from .steps import Finding


def those_that_move(change: ListChange, text: Callable[[Entry], str]) -> str:
    """The entries that would have to change places, for a message: some of them."""
    named = [f"'{text(entry)}'" for entry in change.moved[:_NAMED]]
    others = len(change.moved) - len(named)
    return ", ".join(named) + (f" and {others} more" if others else "")


#: So many entries are named.
_NAMED = 3


def names_like(*wanted: str) -> Iterator[str]:
    """Each name of ``wanted``, then each that is no number with ``-2``, ``-3`` … behind it."""
    yield from wanted
    for name in wanted:
        for tail in (f"-{number}" for number in range(2, 100)):
            if not name.isdecimal():
                yield name[: NAME_LIMIT - len(tail)] + tail


def new_list_finding(old: str, new: str, entries: str, lines: Sequence[str], also: Sequence[str]) -> Finding:
    """That list ``new`` takes the place of ``old``; ``also`` says what becomes of that and of what uses it."""
    text = (
        f"in list {old} these would have to change places: {entries}. No order of lines does that without a packet that is "
        f"treated otherwise for a while, so list {new} takes its place, complete, with the line that refers to it"
    )
    return Finding("new-list", "note", "; ".join((text, *also)), tuple(lines))


def halves_finding(change: ListChange, lines: Sequence[str]) -> list[Finding]:
    """That entries are replaced by two halves for a while, where they are."""
    if change.way is not Way.HALVES:
        return []
    return [
        Finding(
            "moved-in-halves",
            "note",
            "this entry must change its place, and no list takes it twice: two entries that match the two halves of its packets "
            "stand for it meanwhile, and go when it has come to its new place",
            tuple(lines),
        )
    ]


class Moving:
    """Which edits of a change wait for which others: the device refuses an entry twice, and half an entry protects alone."""

    def __init__(self, change: ListChange) -> None:
        self.moved = set(change.moved)
        self.halved: set[Entry] = set(change.halved)
        known = {*change.after}
        deleted = {edit.entry for edit in change.edits if not isinstance(edit, Insert)}
        self._came = {edit.entry: index for index, edit in enumerate(change.edits) if isinstance(edit, Insert)}
        #: halves: what comes and goes again
        self._halves = {entry: index for entry, index in self._came.items() if entry in deleted and entry not in known}
        self._of: dict[Entry, list[Entry]] = {}
        for half in self._halves:
            for whole in change.halved:
                if isinstance(half, Ace) and whole.region.contains(half.region) and half.action == whole.action:
                    self._of.setdefault(whole, []).append(half)

    def moves(self, entry: Entry) -> bool:
        """Whether what is deleted comes again elsewhere."""
        return entry in self.moved or entry in self.halved

    def came_at(self, entry: Entry, index: int) -> int | None:
        """The edit that brought what the edit of this index deletes; None where it stood there before."""
        return self._halves.get(entry) if entry in self._halves and self._halves[entry] < index else None

    def needs_of_insert(self, entry: Entry) -> tuple[Entry, ...]:
        """What must have left its old place before ``entry`` comes."""
        return (entry,) if self.moves(entry) else ()

    def needs_of_delete(self, entry: Entry) -> tuple[Entry, ...]:
        """What must be there before ``entry`` goes: its halves; of a half the whole entry."""
        if entry in self._halves:
            return tuple(whole for whole, halves in self._of.items() if entry in halves)
        return tuple(self._of.get(entry, ()))

    def waited_for(self, entry: Entry) -> bool:
        """Whether another edit waits until this entry is there."""
        return entry in self._halves or entry in self.halved
