# Copyright: The netvpn.dynamic_l2l contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""Access lists: typed entries, first-match meaning, and what edits make of a list.

What a list *means* is the same on all platforms; how an entry is written is the dialect's business. Which edits lead from
one meaning to another, without a packet that suffers on the way, is in :mod:`.list_edits`.
"""

from __future__ import annotations

from bisect import bisect_right
from collections import deque
from collections.abc import Callable, Hashable, Iterable, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from itertools import pairwise
from typing import Union

from .prefixes import ALL_PORTS, ALL_PROTOCOLS, ANY, EVERYTHING, Box, Interval, Prefix, Region

#: Protocol names that the devices print (IOS and ASA; IANA numbers).
PROTOCOLS = {
    "icmp": 1, "igmp": 2, "ipinip": 4, "tcp": 6, "igrp": 9, "udp": 17, "gre": 47, "esp": 50,
    "ahp": 51, "ah": 51, "eigrp": 88, "ospf": 89, "nos": 94, "pim": 103, "pcp": 108, "sctp": 132,
}  # fmt: skip

#: Port names that the devices print instead of a number. A name that is missing here makes the
#: entry inexact, never wrong.
PORTS = {
    "bgp": 179, "bootpc": 68, "bootps": 67, "domain": 53, "echo": 7, "finger": 79, "ftp": 21, "ftp-data": 20,
    "gopher": 70, "https": 443, "isakmp": 500, "ldap": 389, "netbios-dgm": 138, "netbios-ns": 137,
    "netbios-ss": 139, "non500-isakmp": 4500, "ntp": 123, "pop3": 110, "rip": 520, "smtp": 25, "snmp": 161,
    "snmptrap": 162, "ssh": 22, "sunrpc": 111, "syslog": 514, "tacacs": 49, "telnet": 23, "tftp": 69,
    "whois": 43, "www": 80, "http": 80,
}  # fmt: skip

#: Words behind the addresses that say what is logged, not what is matched: ``log 6 interval 300``.
_LOGGING = frozenset({"log", "log-input"})
_LOG_LEVELS = frozenset(
    "default disable emergencies alerts critical errors warnings notifications informational debugging".split()
)


@dataclass(frozen=True)
class Address:
    """One end of an entry: a prefix, or something that the model cannot resolve.

    ``opaque`` is the device's own text (``object-group X``, ``interface outside``, a wildcard with
    holes); then ``prefix`` is ANY and the entry is inexact.
    """

    prefix: Prefix = ANY
    opaque: str = ""

    def __str__(self) -> str:
        return self.opaque or str(self.prefix)


@dataclass(frozen=True)
class Ace:
    """One access control entry.

    ``protocol`` is the printed word (``ip``, ``tcp``, ``89``); the ports are the printed words
    (``("eq", "www")``), empty where there are none; ``options`` is all that follows.
    """

    action: str
    source: Address
    destination: Address
    protocol: str = "ip"
    source_port: tuple[str, ...] = ()
    destination_port: tuple[str, ...] = ()
    options: tuple[str, ...] = ()

    @classmethod
    def between(cls, action: str, source: Prefix, destination: Prefix) -> Ace:
        """``permit ip SOURCE DESTINATION``: the only kind that we write."""
        return cls(action, Address(source), Address(destination))

    @property
    def mirrored(self) -> Ace:
        """The same entry as the other end writes it."""
        return Ace(
            self.action,
            self.destination,
            self.source,
            self.protocol,
            self.destination_port,
            self.source_port,
            self.options,
        )

    @cached_property
    def box(self) -> Box:
        """The smallest box that holds all packets which the entry can match."""
        return (
            _protocol_interval(self.protocol) or ALL_PROTOCOLS,
            self.source.prefix.interval,
            _port_interval(self.source_port) or ALL_PORTS,
            self.destination.prefix.interval,
            _port_interval(self.destination_port) or ALL_PORTS,
        )

    @property
    def region(self) -> Region:
        """``box`` as a region."""
        return Region((self.box,))

    @cached_property
    def exact(self) -> bool:
        """Whether the entry matches every packet of its box."""
        return (
            not self.source.opaque
            and not self.destination.opaque
            and _protocol_interval(self.protocol) is not None
            and _port_interval(self.source_port) is not None
            and _port_interval(self.destination_port) is not None
            and not _matching(self.options)
        )

    @cached_property
    def identity(self) -> Ace:
        """The entry as a device compares it: no list takes a second one that differs in what is logged only.

        (Netspoc-Approve, cisco/diff.go, of ASA: the old one must go before the new one comes.) Nor in the spelling of
        a protocol or port.
        """
        if self.protocol == "ip" and not (self.options or self.source_port or self.destination_port):
            return self
        return replace(
            self,
            protocol=str(PROTOCOLS.get(self.protocol, self.protocol)),
            source_port=tuple(str(PORTS.get(word, word)) for word in self.source_port),
            destination_port=tuple(str(PORTS.get(word, word)) for word in self.destination_port),
            options=_matching(self.options),
        )

    def __str__(self) -> str:
        words = [
            self.action, self.protocol, str(self.source), *self.source_port, str(self.destination),
            *self.destination_port, *self.options,
        ]  # fmt: skip
        return " ".join(words)


def _matching(options: tuple[str, ...]) -> tuple[str, ...]:
    """``options`` without what is logged: a time range or ``inactive`` may follow it."""
    start = next((index for index, word in enumerate(options) if word in _LOGGING), len(options))
    end = start + 1
    if options[end : end + 1] and (options[end] in _LOG_LEVELS or options[end].isdecimal()):
        end += 1
    if options[end : end + 1] == ("interval",):
        end += 2
    return options[:start] + options[end:]


def _protocol_interval(word: str) -> Interval | None:
    if word == "ip":
        return ALL_PROTOCOLS
    number = PROTOCOLS.get(word, int(word) if word.isdecimal() else None)
    return None if number is None else (number, number)


def _port_interval(words: tuple[str, ...]) -> Interval | None:
    if not words:
        return ALL_PORTS
    numbers = [PORTS.get(word, int(word) if word.isdecimal() else None) for word in words[1:]]
    match words[0], numbers:
        case "eq", [int(port)]:
            return (port, port)
        case "range", [int(low), int(high)]:
            return (low, high)
        case "lt", [int(port)] if port > 0:
            return (0, port - 1)
        case "gt", [int(port)] if port < ALL_PORTS[1]:
            return (port + 1, ALL_PORTS[1])
    return None


@dataclass(frozen=True)
class Remark:
    """A comment line of a list; it has a place but no meaning."""

    text: str


@dataclass(frozen=True)
class Opaque:
    """A line of a list that the parser does not know, kept as it stands; it may match anything."""

    text: str


# Not written with |: ansible-test judges module_utils as Python 3.8, where that fails at run time.
Entry = Union[Ace, Remark, Opaque]


@dataclass(frozen=True)
class AccessList:
    """A list and its entries in order.

    ``numbers`` holds the sequence number of each entry where the platform has them and they were read
    (IOS), else it is empty.
    """

    name: str
    entries: tuple[Entry, ...] = ()
    numbers: tuple[int, ...] = field(default=(), compare=False)

    @property
    def aces(self) -> tuple[Ace, ...]:
        """The entries that match packets and are understood."""
        return tuple(entry for entry in self.entries if isinstance(entry, Ace))


#: How many words follow a port operator.
_PORT_OPERATORS = {"eq": 1, "neq": 1, "gt": 1, "lt": 1, "range": 2}

#: Takes an address off the front of the words; raises ValueError or IndexError when there is none.
AddressReader = Callable[[list[str]], tuple[Address, list[str]]]


def read_ace(text: str, take_address: AddressReader) -> Entry:
    """``permit tcp SOURCE [PORT] DESTINATION [PORT] OPTIONS``; how an address is written is the platform's business.

    What is not understood becomes Opaque.
    """
    words = text.split()
    if words[:1] == ["remark"]:
        return Remark(text.split("remark", 1)[1].strip())
    # Protocol or service groups make the whole entry something that we cannot resolve.
    if len(words) < 4 or words[0] not in ("permit", "deny") or words[1].startswith("object"):
        return Opaque(text)
    try:
        source, rest = take_address(words[2:])
        source_port, rest = _take_port(rest)
        destination, rest = take_address(rest)
        destination_port, rest = _take_port(rest)
    except (ValueError, IndexError):
        return Opaque(text)
    return Ace(words[0], source, destination, words[1], source_port, destination_port, tuple(rest))


def _take_port(words: list[str]) -> tuple[tuple[str, ...], list[str]]:
    count = _PORT_OPERATORS[words[0]] + 1 if words and words[0] in _PORT_OPERATORS else 0
    return tuple(words[:count]), words[count:]


@dataclass(frozen=True)
class Meaning:
    """What a list does with every packet: three disjoint regions; what is in none meets the end of the list."""

    permit: Region
    deny: Region
    unsure: Region


def meaning(entries: Sequence[Entry], within: Region = EVERYTHING) -> Meaning:
    """First-match meaning of ``entries`` for the packets of ``within``.

    What an inexact entry (object-group, flags, unknown line) can match is ``unsure``, and stays so.
    """
    permit, deny, unsure = Region(), Region(), Region()
    left = within
    for entry in entries:
        if isinstance(entry, Remark) or not left:
            continue
        region = EVERYTHING if isinstance(entry, Opaque) else entry.region
        taken = left.intersect(region)
        if not taken:
            continue
        left = left.subtract(region)
        if isinstance(entry, Opaque) or not entry.exact:
            unsure = Region(unsure.boxes + taken.boxes)
        elif entry.action == "permit":
            permit = Region(permit.boxes + taken.boxes)
        else:
            deny = Region(deny.boxes + taken.boxes)
    return Meaning(permit, deny, unsure)


@dataclass(frozen=True)
class Insert:
    """Put ``entry`` before the entry that now stands at ``position`` (0-based; the length appends)."""

    position: int
    entry: Entry


@dataclass(frozen=True)
class Delete:
    """Take the entry at ``position`` out."""

    position: int
    entry: Entry


Edit = Union[Insert, Delete]


def apply_edits(entries: Sequence[Entry], edits: Sequence[Edit]) -> tuple[Entry, ...]:
    """The list after ``edits``, one after the other. Raises ValueError when one does not fit."""
    current = list(entries)
    for edit in edits:
        if isinstance(edit, Insert):
            if not 0 <= edit.position <= len(current):
                raise ValueError(f"no position {edit.position} in a list of {len(current)}")
            current.insert(edit.position, edit.entry)
        elif current[edit.position] != edit.entry:
            raise ValueError(f"{edit.entry} does not stand at {edit.position}")
        else:
            del current[edit.position]
    return tuple(current)


def undone(edits: Sequence[Edit]) -> tuple[Edit, ...]:
    """The edits that lead back, through the same lists."""
    return tuple(
        Delete(edit.position, edit.entry) if isinstance(edit, Insert) else Insert(edit.position, edit.entry)
        for edit in reversed(edits)
    )


@dataclass(frozen=True)
class Placed:
    """``entry`` comes into a list (``comes``), or leaves it.

    ``number`` says where among the numbers of the others; None: at the end.
    """

    entry: Entry
    number: int | None
    comes: bool


def edited(access_list: AccessList, numbers: Sequence[int], changes: Iterable[Placed]) -> AccessList:
    """The list after ``changes``, in one go for however many; ``numbers`` are those of its entries.

    What has none (0: a remark of IOS) stands with the entry below it. Raises ValueError where an entry is to leave that is
    not there.
    """
    rows: list[Placed | None] = []
    coming: dict[Entry, int] = {}
    leaving: dict[Entry, int] = {}
    for change in changes:
        if change.comes:
            coming[change.entry] = len(rows)
            rows.append(change)
        elif change.entry in coming:
            rows[coming.pop(change.entry)] = None
        else:
            leaving[change.entry] = leaving.get(change.entry, 0) + 1
    entries, known = list(access_list.entries), list(numbers)
    for at in reversed(_found(entries, leaving)):
        del entries[at], known[at]
    last = max(known, default=0)
    keys = _keys(known)
    inserts: list[tuple[int, int, Entry]] = []
    for row in rows:
        if row is None:
            continue
        number = (last // 10 + 1) * 10 if row.number is None else row.number
        last = max(last, number)
        at = len(entries) if row.number is None else bisect_right(keys, number)
        inserts.append((at, number, row.entry))
    inserts.sort(key=lambda row: row[:2])
    result: list[Entry] = []
    new_numbers: list[int] = []
    begin = 0
    for at, number, entry in inserts:
        result += entries[begin:at]
        new_numbers += known[begin:at]
        result.append(entry)
        new_numbers.append(0 if isinstance(entry, Remark) else number)
        begin = at
    return AccessList(access_list.name, (*result, *entries[begin:]), (*new_numbers, *known[begin:]))


def _found(entries: Sequence[Entry], wanted: dict[Entry, int]) -> list[int]:
    """Where the ``wanted`` stand, each as often as it says, the first ones."""
    if len(wanted) == 1 and next(iter(wanted.values())) == 1:
        return [entries.index(next(iter(wanted)))]
    left = dict(wanted)
    found = []
    for at, entry in enumerate(entries) if left else ():
        if left.get(entry):
            left[entry] -= 1
            found.append(at)
    missing = next((entry for entry, count in left.items() if count), None)
    if missing is not None:
        raise ValueError(f"{missing} is not in the list")
    return found


def _keys(numbers: Sequence[int]) -> list[int]:
    """``numbers`` with those of the entries below for what has none, rising."""
    keys = []
    below = max(numbers, default=0)
    for number in reversed(numbers):
        below = number or below
        keys.append(below)
    return keys[::-1]


def pair_up(old: Sequence[Entry], new: Sequence[Entry]) -> list[tuple[int, int]]:
    """Which entry of ``old`` is which of ``new``, ascending by the former; log words do not matter.

    Equal beginnings and ends belong together. A remark may stand in a list many times: it goes with the entry below it.
    """
    start = 0
    while start < min(len(old), len(new)) and old[start] == new[start]:
        start += 1
    end = 0
    while end < min(len(old), len(new)) - start and old[-1 - end] == new[-1 - end]:
        end += 1
    pairs = [(k, k) for k in range(start)] + [(len(old) - k, len(new) - k) for k in range(1, end + 1)]
    rest_old: Sequence[int] = range(start, len(old) - end)
    rest_new: Sequence[int] = range(start, len(new) - end)
    for keys in (_with_entry_below, _alone):
        waiting: dict[Hashable, deque[int]] = {}
        for j, key in keys(new, rest_new):
            waiting.setdefault(key, deque()).append(j)
        found = {}
        for i, key in keys(old, rest_old):
            if waiting.get(key):
                found[i] = waiting[key].popleft()
        pairs += found.items()
        taken = set(found.values())
        rest_old = [i for i in rest_old if i not in found]
        rest_new = [j for j in rest_new if j not in taken]
    return sorted(pairs)


def _alone(entries: Sequence[Entry], positions: Iterable[int]) -> list[tuple[int, Hashable]]:
    return [(k, entry.identity if isinstance(entry := entries[k], Ace) else entry) for k in positions]


def _with_entry_below(entries: Sequence[Entry], positions: Sequence[int]) -> list[tuple[int, Hashable]]:
    below: Entry | None = None
    keys: list[tuple[int, Hashable]] = []
    for k in reversed(positions):
        entry = entries[k]
        if isinstance(entry, Remark):
            keys.append((k, (entry, below)))
        else:
            below = entry.identity if isinstance(entry, Ace) else entry
            keys.append((k, below))
    return keys[::-1]


def longest_rising(values: Sequence[int], weights: Sequence[int]) -> list[int]:
    """The positions of the heaviest rising subsequence of ``values`` (all different), in n log n."""
    if all(a < b for a, b in pairwise(values)):
        return list(range(len(values)))
    rank = {value: index + 1 for index, value in enumerate(sorted(values))}
    # A Fenwick tree of (weight, position) over the values: the best that ends at or below each.
    best: list[tuple[int, int]] = [(0, -1)] * (len(values) + 1)
    before: list[int] = []
    for position, (value, weight) in enumerate(zip(values, weights, strict=True)):
        top = (0, -1)
        node = rank[value]
        while node:
            top = max(top, best[node])
            node -= node & -node
        before.append(top[1])
        mine = (top[0] + weight, position)
        node = rank[value]
        while node < len(best):
            best[node] = max(best[node], mine)
            node += node & -node
    end = max(best)[1]
    result = []
    while end >= 0:
        result.append(end)
        end = before[end]
    return result[::-1]


class Places:
    """Which rows of a list are there at the moment, and at which position each stands: a Fenwick tree."""

    def __init__(self, present: Iterable[bool]) -> None:
        self._tree = [0, *map(int, present)]
        for node in range(1, len(self._tree)):
            parent = node + (node & -node)
            if parent < len(self._tree):
                self._tree[parent] += self._tree[node]

    def position(self, row: int) -> int:
        """How many rows above ``row`` are there."""
        total = 0
        while row:
            total += self._tree[row]
            row -= row & -row
        return total

    def enter(self, row: int) -> int:
        """The row comes; its position."""
        self._set(row, 1)
        return self.position(row)

    def leave(self, row: int) -> int:
        """The row goes; the position that it had."""
        self._set(row, -1)
        return self.position(row)

    def _set(self, row: int, change: int) -> None:
        node = row + 1
        while node < len(self._tree):
            self._tree[node] += change
            node += node & -node
