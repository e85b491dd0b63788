# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: The netvpn.dynamic_l2l contributors
"""Command grammar: from a typed line to the one table entry that it fits, or to the reason why none fits.

A grammar is a line of words::

    access-group <acl:word> <direction:=in|out> interface <name:word>
    show access-lists [<acl:word>]
    set transform-set <name:word>+

`[x]` may be left out, `{x | y}` is a choice, `<name:type>` is a value, `<name:=a|b>` one of several keywords, `+` one
or more of it, `$MACRO` a named part. Keywords may be shortened to a prefix that no other keyword at that place has,
and upper and lower case are equal in them (not in values).

All entries of a table are followed at once, word by word, as the devices' parsers do it. So the place where a line
stops to fit (the caret under it) and the shortest abbreviations come from the whole table, not from one entry.
"""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Generic, TypeVar

T = TypeVar("T")

_PARTS = re.compile(r"\s*(?:(\[|\]|\{|\}|\|)|(<[^>]+>\+?)|([^\s\[\]{}|]+))")
# Ethernet0/0, gi0/1.10, Vlan20, Serial2/0:0
_INTERFACE = re.compile(r"[A-Za-z-]+\d[\d/.:]*\Z")
_INTERFACE_NUMBER = re.compile(r"\d[\d/.:]*\Z")


def is_address(text: str) -> bool:
    """Four numbers of 0 to 255, as all these devices write an IPv4 address."""
    parts = text.split(".")
    return len(parts) == 4 and all(part.isdigit() and len(part) <= 3 and int(part) <= 255 for part in parts)


def is_mask(text: str) -> bool:
    """A netmask: ones, then zeros."""
    if not is_address(text):
        return False
    inverted = int(ipaddress.IPv4Address(text)) ^ 0xFFFFFFFF
    return inverted & (inverted + 1) == 0


TYPES: dict[str, Callable[[str], bool]] = {
    "word": lambda text: True,
    "secret": lambda text: True,
    "address": is_address,
    "mask": is_mask,
    "wildcard": is_address,
    "interface": lambda text: bool(_INTERFACE.match(text)),
    "interface-type": lambda text: text.replace("-", "").isalpha(),
    "interface-number": lambda text: bool(_INTERFACE_NUMBER.match(text)),
    # PIX: the interface names of `nat (inside) 1 ...` and `static (inside,outside) ...`
    "paren": lambda text: bool(re.match(r"\([^(),\s]+\)\Z", text)),
    "paren-pair": lambda text: bool(re.match(r"\([^(),\s]+,[^(),\s]+\)\Z", text)),
    "time": lambda text: bool(re.match(r"\d+:\d\d:\d\d\Z", text)),
}


def _accepts(kind: str, text: str) -> bool:
    low, dash, high = kind.partition("-")
    if dash and low.isdigit() and high.isdigit():
        return text.isdigit() and int(low) <= int(text) <= int(high)
    return TYPES[kind](text)


@dataclass(eq=False)
class _Node(Generic[T]):
    """A place in a grammar: what may come next, and whether the line may end here."""

    edges: list[_Edge[T]] = field(default_factory=list)
    free: list[_Node[T]] = field(default_factory=list)
    accepts: list[T] = field(default_factory=list)


@dataclass(eq=False)
class _Edge(Generic[T]):
    target: _Node[T]
    name: str = ""
    keyword: str = ""
    kind: str = ""


@dataclass(frozen=True)
class Word:
    """A typed word and the column where it begins."""

    text: str
    column: int


def split(line: str) -> list[Word]:
    """The words of a line."""
    return [Word(found.group(), found.start()) for found in re.finditer(r"\S+", line)]


@dataclass(frozen=True)
class Failure:
    """Why a line fits nothing: `invalid` (at a column), `incomplete` or `ambiguous`."""

    reason: str
    column: int = 0
    depth: int = 0


@dataclass
class Match(Generic[T]):
    """A line that fits: the entry, its values by name, and its words with the keywords written out."""

    entry: T
    values: dict[str, list[str]] = field(default_factory=dict)
    words: list[str] = field(default_factory=list)
    secret_columns: list[tuple[int, int]] = field(default_factory=list)

    def __getitem__(self, name: str) -> str:
        """The value of that name, or an empty text where it was left out."""
        return self.values.get(name, [""])[0]

    def all(self, name: str) -> list[str]:
        """All values of that name."""
        return self.values.get(name, [])

    def has(self, name: str) -> bool:
        """Was a value of that name typed?"""
        return name in self.values


@dataclass(frozen=True)
class _State(Generic[T]):
    node: _Node[T]
    taken: tuple[tuple[str, str, str, int], ...] = ()  # (name, shown word, kind, column)


class Table(Generic[T]):
    """Entries with their grammars, followed together."""

    def __init__(self, macros: Mapping[str, str] | None = None) -> None:
        self._start: _Node[T] = _Node()
        self._macros = dict(macros or {})

    def add(self, grammar: str, entry: T) -> None:
        """Add an entry. Of two entries that fit the same line the first added is taken."""
        end: _Node[T] = _Node(accepts=[entry])
        start: _Node[T] = _Node()
        self._start.free.append(start)
        parts = list(self._parts(grammar))
        rest = self._sequence(parts, start, end)
        if rest:
            raise ValueError(f"grammar: {grammar}: {rest} left over")

    def _parts(self, grammar: str) -> Iterable[str]:
        for found in _PARTS.finditer(grammar):
            part = found.group().strip()
            if part.startswith("$"):
                yield from self._parts(self._macros[part[1:]])
            elif part:
                yield part

    def _sequence(self, parts: list[str], start: _Node[T], end: _Node[T]) -> list[str]:
        node = start
        while parts and parts[0] not in ("]", "}", "|"):
            part = parts.pop(0)
            following: _Node[T] = _Node()
            if part in ("[", "{"):
                closing = "]" if part == "[" else "}"
                while True:
                    parts = self._sequence(parts, node, following)
                    if not parts:
                        raise ValueError(f"grammar: {closing} is missing")
                    if parts.pop(0) == closing:
                        break
                if part == "[":
                    node.free.append(following)
            elif part.startswith("<"):
                self._value(part, node, following)
            else:
                node.edges.append(_Edge(following, keyword=part))
            node = following
        node.free.append(end)
        return parts

    def _value(self, part: str, node: _Node[T], following: _Node[T]) -> None:
        repeat = part.endswith("+")
        name, _, kind = part.rstrip("+")[1:-1].partition(":")
        if kind.startswith("="):
            for keyword in kind[1:].split("|"):
                node.edges.append(_Edge(following, name=name, keyword=keyword))
        elif kind == "interface":
            # `Ethernet0/0` may be typed with a blank in it (captures)
            middle: _Node[T] = _Node(edges=[_Edge(following, name=name, kind="interface-number")])
            node.edges.append(_Edge(following, name=name, kind="interface"))
            node.edges.append(_Edge(middle, name=name, kind="interface-type"))
        else:
            node.edges.append(_Edge(following, name=name, kind=kind))
        if repeat:
            following.free.append(node)

    def match(self, line: str, aliases: Mapping[str, str] | None = None) -> Match[T] | Failure:
        """The entry that `line` fits. `aliases`: names that may stand for an address."""
        aliases = aliases or {}
        states: list[_State[T]] = [_State(self._start)]
        words = split(line)
        for depth, word in enumerate(words):
            open_edges = [(state, edge) for state in states for edge in _closure(state.node)[0]]
            if rest := [(state, edge) for state, edge in open_edges if edge.kind == "rest"]:
                if not any(edge.keyword == word.text.lower() for _, edge in open_edges):
                    state, edge = rest[0]
                    taken = (*state.taken, (edge.name, line[word.column :].rstrip(), "rest", word.column))
                    return self._accept([_State(edge.target, taken)])
            stepped = self._step(open_edges, word, aliases)
            if isinstance(stepped, Failure):
                return Failure(stepped.reason, stepped.column, depth)
            states = stepped
        return self._accept(states) if words else Failure("incomplete")

    def _step(
        self, open_edges: list[tuple[_State[T], _Edge[T]]], word: Word, aliases: Mapping[str, str]
    ) -> list[_State[T]] | Failure:
        text = word.text.lower()
        keywords = [
            (state, edge) for state, edge in open_edges if edge.keyword.lower().startswith(text) and edge.keyword
        ]
        exact = [(state, edge) for state, edge in keywords if edge.keyword.lower() == text]
        values: list[_State[T]] = []
        for state, edge in open_edges:
            if edge.kind:
                value = aliases.get(word.text, word.text) if edge.kind == "address" else word.text
                if _accepts(edge.kind, value):
                    values.append(_State(edge.target, (*state.taken, (edge.name, value, edge.kind, word.column))))
        if not exact:
            if values:
                return values
            if len({edge.keyword for _, edge in keywords}) > 1:
                return Failure("ambiguous", word.column)
        if not keywords:
            known = (edge.keyword.lower() for _, edge in open_edges if edge.keyword)
            return Failure("invalid", word.column + max((_common(text, keyword) for keyword in known), default=0))
        return [
            _State(edge.target, (*state.taken, (edge.name, edge.keyword, "", word.column)))
            for state, edge in exact or keywords
        ]

    @staticmethod
    def _accept(states: list[_State[T]]) -> Match[T] | Failure:
        for state in states:
            for entry in _closure(state.node)[1]:
                match: Match[T] = Match(entry)
                interface = ""
                for name, word, kind, column in state.taken:
                    if kind == "interface-type":
                        interface = word
                        continue
                    shown, interface = interface + word, ""
                    match.words.append(shown)
                    if name:
                        match.values.setdefault(name, []).append(shown)
                    if kind == "secret":
                        match.secret_columns.append((column, column + len(word)))
                return match
        return Failure("incomplete")

    def next_words(self, line: str) -> list[str]:
        """What may follow the words of `line`: for the device's `?`."""
        states: list[_State[T]] = [_State(self._start)]
        for word in split(line):
            stepped = self._step([(s, e) for s in states for e in _closure(s.node)[0]], word, {})
            if isinstance(stepped, Failure):
                return []
            states = stepped
        found = {edge.keyword or edge.name.upper() for state in states for edge in _closure(state.node)[0]}
        ends = ["<cr>"] if any(_closure(state.node)[1] for state in states) else []
        return sorted(found) + ends


def _closure(node: _Node[T]) -> tuple[list[_Edge[T]], list[T]]:
    """Edges and entries that can be reached from a place without typing anything."""
    edges: list[_Edge[T]] = []
    accepts: list[T] = []
    seen: set[int] = set()
    waiting = [node]
    while waiting:
        current = waiting.pop(0)
        if id(current) in seen:
            continue
        seen.add(id(current))
        edges += current.edges
        accepts += current.accepts
        waiting += current.free
    return edges, accepts


def _common(left: str, right: str) -> int:
    length = 0
    while length < min(len(left), len(right)) and left[length] == right[length]:
        length += 1
    return length
