# Copyright: The netvpn.dynamic_l2l contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""What a planner makes of a :class:`.list_edits.ListChange`: what waits for what, and what is said of it."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from .acl import Ace, Entry, Insert
from .errors import PlanError
from .list_edits import ListChange, Way
from .steps import Finding


def require_edits(change: ListChange, name: str, old: Sequence[Entry], text: Callable[[Entry], str]) -> None:
    """Raises PlanError where no edits of the list in place keep every packet as it is wanted."""
    if change.way is not Way.NEW_LIST:
        return
    before, after = set(old), set(change.after)
    left, right = [entry for entry in old if entry in after], [entry for entry in change.after if entry in before]
    moved = next((entry for entry, other in zip(left, right) if entry != other), left[0])  # noqa: B905
    raise PlanError(
        f"list {name} has entries that would have to change places, '{text(moved)}' for one, and no order of lines does that "
        "without a packet that is treated otherwise for a while. Put a list of another name in its place by hand, or take "
        "the entry away when nobody needs it; nothing was changed."
    )


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
