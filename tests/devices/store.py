# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: The netvpn.dynamic_l2l contributors
"""A running configuration as the device prints it: lines, each of a kind, kept in the device's order.

A `Schema` lists the kinds of lines in the order in which the device prints them; `"!"` stands between kinds where the
device prints a separator whether or not there is anything on either side. A `Block` holds the lines themselves: the
whole configuration, or the sub-lines of one line. Lines that fit no kind are kept where they stood when the text was
loaded. Nothing is sorted anew when printed: a new line looks for its place among those that are there.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from typing import Any

SEPARATOR = "!"
Fields = dict[str, str]
SortKey = tuple[Any, ...]


@dataclass(frozen=True, eq=False)
class Kind:
    """A kind of line.

    `identity`: the fields by which two lines are the same line with another value (None: the whole text).
    `group`: lines with an equal value of this field stay together, groups in order of creation or of `group_key`.
    `key`: order inside a group (or of all); lines with equal keys stay in order of creation.
    The separators that come and go with the lines: `after_each` line, `after_all` of the kind, `between` two lines,
    `between_groups`.
    `trail`: what the device prints behind the line and extraction often loses: blanks.
    """

    name: str
    pattern: re.Pattern[str]
    identity: tuple[str, ...] | None = None
    group: str = ""
    group_key: Callable[[Fields], SortKey] | None = None
    key: Callable[[Fields], SortKey] | None = None
    children: Schema | None = None
    after_each: bool = False
    after_all: bool = False
    between: bool = False
    between_groups: bool = False
    trail: str = ""

    @property
    def separates(self) -> bool:
        """Do separators come and go with lines of this kind?"""
        return self.after_each or self.after_all or self.between or self.between_groups


def kind(name: str, pattern: str, identity: Iterable[str] | None = (), **rest: Any) -> Kind:
    """A `Kind` written short: one line of this kind exists at most, unless `identity` says otherwise."""
    return Kind(name, re.compile(pattern + r"\Z"), None if identity is None else tuple(identity), **rest)


class Schema:
    """Kinds of lines in the device's order, and separators between them."""

    def __init__(self, *entries: Kind | str) -> None:
        self.kinds = [entry for entry in entries if isinstance(entry, Kind)]
        self._place: dict[str, int] = {}
        self._separators: dict[str, int] = {}
        separators = 0
        for entry in entries:
            if isinstance(entry, Kind):
                self._place[entry.name] = len(self._place)
                self._separators[entry.name] = separators
            else:
                separators += 1

    def classify(self, text: str) -> tuple[Kind, Fields] | None:
        """The kind of a line and its fields, or None for a line that nothing is known of."""
        for entry in self.kinds:
            if found := entry.pattern.match(text):
                return entry, {name: value or "" for name, value in found.groupdict().items()}
        return None

    def place(self, entry: Kind) -> int:
        """Position of a kind."""
        return self._place[entry.name]

    def separators(self, first: Kind, second: Kind) -> int:
        """How many separators stand between two kinds."""
        return self._separators[second.name] - self._separators[first.name]


@dataclass(eq=False)
class Item:
    """One line with its sub-lines, and the separators that came with it.

    `secret`: the key behind a line that shows `*`. `number`: the hidden number of an access-list entry.
    """

    text: str
    kind: Kind | None = None
    fields: Fields = field(default_factory=dict)
    indent: str = ""
    block: Block = field(default_factory=lambda: Block(Schema()))
    tail: list[str] = field(default_factory=list)
    separator: bool = False
    secret: str | None = None
    number: int = 0

    def __getitem__(self, name: str) -> str:
        return self.fields.get(name, "")


class Block:
    """Lines of one level."""

    def __init__(self, schema: Schema, indent: str = "") -> None:
        self.schema = schema
        self.indent = indent
        self.items: list[Item] = []

    # -- finding

    def __iter__(self) -> Iterator[Item]:
        return iter(self.items)

    def find(self, *kinds: str, **fields: str) -> list[Item]:
        """Lines of these kinds (all if none is named) whose fields have these values."""
        return list(self._found(kinds, fields))

    def _found(self, kinds: tuple[str, ...], fields: Fields) -> Iterator[Item]:
        for item in self.items:
            if item.kind and (not kinds or item.kind.name in kinds):
                if not fields or all(item.fields.get(name, "") == value for name, value in fields.items()):
                    yield item

    def one(self, *kinds: str, **fields: str) -> Item | None:
        """The first of them, if there is any."""
        return next(self._found(kinds, fields), None)

    # -- changing

    def put(self, text: str, *, secret: str | None = None, children: Iterable[str] = ()) -> Item:
        """Add a line, or give the line with the same identity this text."""
        item = self.make(text)
        assert item.kind
        if item.kind.identity is not None:
            same = {name: item[name] for name in item.kind.identity}
            if found := self.one(item.kind.name, **same):
                found.text, found.fields, found.secret = item.text, item.fields, secret
                return found
        elif found := next((other for other in self.find(item.kind.name) if other.text == text), None):
            return found
        item.secret = secret
        self.insert(item)
        for child in children:
            item.block.put(child)
        return item

    def make(self, text: str) -> Item:
        """A line, not yet in the block."""
        text = text.rstrip()
        classified = self.schema.classify(text)
        if not classified:
            raise ValueError(f"no kind for the line: {text}")
        found, fields = classified
        item = Item(text, found, fields, self.indent)
        if found.children:
            item.block = Block(found.children, self.indent + " ")
        return item

    def insert(self, item: Item, after: Item | None = None, before: Item | None = None) -> None:
        """Put a line at its place: beside a named one, among its like, or where the device prints this kind."""
        assert item.kind
        with _Tails(self, item.kind):
            if after is not None:
                index = self.items.index(after) + 1
            elif before is not None:
                index = self.items.index(before)
            else:
                index = self._place(item)
            self.items.insert(index, item)

    def remove(self, item: Item) -> None:
        """Take a line away, with what belongs to it."""
        if item.kind:
            with _Tails(self, item.kind):
                self.items.remove(item)
        else:
            self.items.remove(item)

    def drop(self, *kinds: str, **fields: str) -> list[Item]:
        """Take all such lines away; returns them."""
        found = self.find(*kinds, **fields)
        for item in found:
            self.remove(item)
        return found

    def _place(self, item: Item) -> int:
        assert item.kind
        entry = item.kind
        alike = self.find(entry.name)
        if not alike:
            return self._place_of_first(entry)
        if entry.group:
            group = [other for other in alike if other[entry.group] == item[entry.group]]
            if not group and entry.group_key:
                own = entry.group_key(item.fields)
                for other in alike:
                    if entry.group_key(other.fields) > own:
                        return self.items.index(other)
            alike = group or alike
            if not group:
                return self.items.index(alike[-1]) + 1
        if entry.key:
            own = entry.key(item.fields)
            for other in alike:
                if entry.key(other.fields) > own:
                    return self.items.index(other)
        return self.items.index(alike[-1]) + 1

    def _place_of_first(self, entry: Kind) -> int:
        place = self.schema.place(entry)
        known = [(self.schema.place(other.kind), index) for index, other in enumerate(self.items) if other.kind]
        before = max(((rank, index) for rank, index in known if rank < place), default=None)
        after = min(((rank, index) for rank, index in known if rank > place), default=None)
        end = after[1] if after else len(self.items)
        if before is not None and before[1] < end:
            gap = self.items[before[1] + 1 : end]
            if all(other.separator for other in gap) or after is None:
                previous = self.items[before[1]].kind
                assert previous
                wanted = self.schema.separators(previous, entry)
                index = before[1] + 1
                while wanted and index < end and self.items[index].separator:
                    index, wanted = index + 1, wanted - 1
                return index
        if after is None:
            return before[1] + 1 if before else len(self.items)
        # Something unknown stands between: count from the line that follows.
        following = self.items[after[1]].kind
        assert following
        wanted = self.schema.separators(entry, following)
        index = after[1]
        while wanted and index and self.items[index - 1].separator:
            index, wanted = index - 1, wanted - 1
        return index

    # -- text

    def load(self, lines: list[str]) -> None:
        """Read lines; those that are deeper than the first are sub-lines of the line before them."""
        index = 0
        while index < len(lines):
            line = lines[index].rstrip()
            text = line.lstrip(" ")
            indent = line[: len(line) - len(text)]
            index += 1
            end = index
            while end < len(lines) and _depth(lines[end]) > len(indent) and lines[end].strip():
                end += 1
            below, index = lines[index:end], end
            item = Item(text, indent=indent, separator=text == SEPARATOR and not below)
            if not item.separator and (classified := self.schema.classify(text)):
                item.kind, item.fields = classified
            schema = item.kind.children if item.kind and item.kind.children else Schema()
            item.block = Block(schema, indent + " ")
            item.block.load(below)
            self.items.append(item)
        self._own_separators()

    def _own_separators(self) -> None:
        for entry in self.schema.kinds:
            for item, wanted in _wanted_tails(self, entry) if entry.separates else ():
                index = self.items.index(item) + 1
                while wanted and index < len(self.items) and self.items[index].separator:
                    item.tail.append(self.items.pop(index).text)
                    wanted -= 1

    def lines(self, show: Callable[[Item], str] | None = None) -> Iterator[str]:
        """The lines as the device prints them. `show` may print a line otherwise than it is kept."""
        for item in self.items:
            trail = item.kind.trail if item.kind else ""
            yield item.indent + (show(item) if show else item.text) + trail
            yield from item.block.lines(show)
            yield from item.tail


def _depth(line: str) -> int:
    return len(line) - len(line.lstrip(" "))


def _wanted_tails(block: Block, entry: Kind) -> list[tuple[Item, int]]:
    items = block.find(entry.name)
    wanted = []
    for item, following in zip(items, [*items[1:], None], strict=False):
        count = 0
        if (
            entry.after_each
            or (entry.after_all and following is None)
            or (
                following is not None
                and (entry.between or (entry.between_groups and following[entry.group] != item[entry.group]))
            )
        ):
            count = 1
        wanted.append((item, count))
    return wanted


class _Tails:
    """Gives and takes the separators that come and go with the lines of a kind, and leaves all others alone."""

    _before: dict[int, int]

    def __init__(self, block: Block, entry: Kind) -> None:
        self._block, self._kind = block, entry

    def __enter__(self) -> None:
        self._before = {}
        if not self._kind.separates:
            return
        self._before = {id(item): wanted for item, wanted in _wanted_tails(self._block, self._kind)}

    def __exit__(self, *_: object) -> None:
        if not self._kind.separates:
            return
        for item, wanted in _wanted_tails(self._block, self._kind):
            change = wanted - self._before.get(id(item), 0)
            if change > 0:
                item.tail.append(SEPARATOR)
            elif change < 0 and item.tail:
                item.tail.pop()
