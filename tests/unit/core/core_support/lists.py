# Copyright: The netvpn.dynamic_l2l contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""Access lists by brute force over a small address space, and a generator of pairs of lists.

It shares no code with the core: a list is lines of text (``permit tcp 10.1.1.0/28 10.2.1.4/30 eq 80``), an edit is
``("+" or "-", position, line)``, and what a line matches is found by asking for each of 1,445 packets. A set of packets is
a number with those bits.
"""

from __future__ import annotations

import random
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import cache
from ipaddress import IPv4Address, IPv4Network
from itertools import permutations

Line = str
EditRow = tuple[str, int, Line]

#: 4-bit addresses and one beyond on both sides; two protocols with two destination ports, and one without.
SOURCES = [*(IPv4Address("10.1.1.0") + n for n in range(16)), IPv4Address("192.0.2.1")]
TARGETS = [*(IPv4Address("10.2.1.0") + n for n in range(16)), IPv4Address("192.0.2.2")]
PACKETS: list[tuple[str, IPv4Address, IPv4Address, int]] = [
    (protocol, source, target, port)
    for protocol, port in (("tcp", 80), ("tcp", 50000), ("udp", 80), ("udp", 50000), ("icmp", 0))
    for source in SOURCES
    for target in TARGETS
]
ALL = (1 << len(PACKETS)) - 1

#: What the devices know and a list does not tell: the members of groups.
GROUPS = {"object-group ODD": frozenset(SOURCES[1::2]), "object-group FEW": frozenset((SOURCES[2], SOURCES[9]))}
#: Lines that the core's parser does not know, and what they do.
FOREIGN = {"evaluate mirror": ("permit", 3), "permit object-group WEB any any": ("permit", 5)}


@cache
def matched(line: Line) -> int:
    """The packets that an entry matches."""
    if line.startswith("remark"):
        return 0
    if line in FOREIGN:
        return sum(1 << bit for bit in range(0, len(PACKETS), FOREIGN[line][1]))
    words = line.split()
    protocol, rest = words[1], words[2:]
    source, rest = _address(rest)
    # All packets come from port 1024.
    ports, rest = _ports(rest)
    if 1024 not in ports:
        return 0
    target, rest = _address(rest)
    ports, rest = _ports(rest)
    if rest not in ([], ["log"]):
        raise ValueError(line)
    kinds = _those("protocol", protocol) if protocol != "ip" else ALL
    return kinds & _those("source", source) & _those("target", target) & _with_port(ports)


@cache
def _those(side: str, word: str) -> int:
    """The packets of a protocol, or with an address."""
    if side == "protocol":
        return sum(1 << bit for bit, packet in enumerate(PACKETS) if packet[0] == word)
    place = 1 if side == "source" else 2
    inside = GROUPS.get(word) or IPv4Network("0.0.0.0/0" if word == "any" else word)
    return sum(1 << bit for bit, packet in enumerate(PACKETS) if packet[place] in inside)


@cache
def _with_port(ports: range) -> int:
    return sum(1 << bit for bit, packet in enumerate(PACKETS) if packet[3] in ports)


def _address(words: list[str]) -> tuple[str, list[str]]:
    count = 2 if words[0] == "object-group" else 1
    return " ".join(words[:count]), words[count:]


def _ports(words: list[str]) -> tuple[range, list[str]]:
    match words:
        case ["eq", port, *rest]:
            return range(int(port), int(port) + 1), rest
        case ["lt", port, *rest]:
            return range(int(port)), rest
        case ["gt", port, *rest]:
            return range(int(port) + 1, 65536), rest
        case ["range", low, high, *rest]:
            return range(int(low), int(high) + 1), rest
    return range(65536), words


def action(line: Line) -> str:
    """``permit``, ``deny``, or ``""`` for a remark."""
    return FOREIGN[line][0] if line in FOREIGN else line.split()[0].replace("remark", "")


@cache
def permitted(lines: tuple[Line, ...]) -> int:
    """The packets that a list permits: the first entry that matches decides, the end denies."""
    result, left = 0, ALL
    for line in lines:
        hit = matched(line) & left
        left &= ~hit
        if action(line) == "permit":
            result |= hit
    return result


def known_as(line: Line) -> Line:
    """What the device compares when it is asked to take an entry twice."""
    return line.removesuffix(" log")


class Unlawful(AssertionError):
    """A device refuses an edit, or a packet suffers."""


def typed(lines: Sequence[Line], edits: Iterable[EditRow]) -> Iterator[tuple[Line, ...]]:
    """The list after each edit, as a device with a list in use takes them."""
    current = list(lines)
    for kind, position, line in edits:
        if kind == "+":
            if not line.startswith("remark") and known_as(line) in map(known_as, current):
                raise Unlawful(f"{line} stands twice in {current}")
            if not 0 <= position <= len(current):
                raise Unlawful(f"no position {position} in {current}")
            current.insert(position, line)
        else:
            if current[position] != line:
                raise Unlawful(f"{line} does not stand at {position} of {current}")
            del current[position]
            if not any(action(other) for other in current) and action(line):
                raise Unlawful(f"{line} is the last entry of a list in use")
        yield tuple(current)


def judge(lines: Sequence[Line], edits: Sequence[EditRow]) -> tuple[Line, ...]:
    """The list after ``edits``. Raises Unlawful unless every packet has one switch, from the old list to the new one."""
    states = [tuple(lines), *typed(lines, edits)]
    before, after = permitted(states[0]), permitted(states[-1])
    last = before
    for number, state in enumerate(states):
        now = permitted(state)
        # Equal in both: never otherwise. Else: once new, never old again.
        wrong = (now ^ before) & ~(before ^ after) | (last ^ before) & ~(now ^ before)
        if wrong:
            packet = PACKETS[(wrong & -wrong).bit_length() - 1]
            raise Unlawful(f"{packet} suffers at {edits[number - 1]} of {edits} on {lines}")
        last = now
    return states[-1]


def ordered(old: Sequence[Line], new: Sequence[Line]) -> bool:
    """Whether both hold the same lines, and entries that overlap and differ in action in the same order."""
    if sorted(old) != sorted(new):
        return False
    place = {line: k for k, line in enumerate(new)}
    aces = [line for line in old if action(line)]
    return not any(
        place[upper] > place[lower] and clash(upper, lower) for k, upper in enumerate(aces) for lower in aces[k + 1 :]
    )


def clash(one: Line, two: Line) -> bool:
    """Whether the order of two entries counts."""
    return action(one) != action(two) and bool(matched(one) & matched(two))


def fewest_moves(old: Sequence[Line], new: Sequence[Line]) -> int:
    """How many common lines cannot stay, by trying all wanted orders; for tiny lists."""
    return min(
        len(set(old) & set(new)) - _common_order([line for line in old if line in new], order)
        for order in permutations(new)
        if ordered(order, new)
    )


def _common_order(one: Sequence[Line], two: Sequence[Line]) -> int:
    """The length of a longest common subsequence."""
    row = [0] * (len(two) + 1)
    for line in one:
        previous = 0
        for k, other in enumerate(two):
            previous, row[k + 1] = row[k + 1], previous + 1 if line == other else max(row[k], row[k + 1])
    return row[-1]


def lawful_way(old: Sequence[Line], new: Sequence[Line], lines: int) -> bool:
    """Whether any ``lines`` edits with entries of the two lists lead to an order like ``new`` lawfully: all are tried."""
    start, goal = tuple(old), permitted(tuple(new))
    before = permitted(start)
    differ = before ^ goal
    seen = set()
    stack = [(start, lines)]
    target = frozenset(new)
    while stack:
        state, left = stack.pop()
        if ordered(state, new):
            return True
        here = permitted(state)
        for following in _neighbours(state, target):
            # An edit more is at best one closer: entries that are too many or missing, each.
            missing = len(target ^ frozenset(following))
            if missing > left - 1 or (following, left - 1) in seen:
                continue
            now = permitted(following)
            if (now ^ before) & ~differ or (here ^ before) & ~(now ^ before):
                continue
            if not following:
                continue
            seen.add((following, left - 1))
            stack.append((following, left - 1))
    return False


def _neighbours(state: tuple[Line, ...], wanted: Iterable[Line]) -> Iterator[tuple[Line, ...]]:
    for k in range(len(state)):
        yield state[:k] + state[k + 1 :]
    for line in sorted(wanted):
        if line not in state:
            for k in range(len(state) + 1):
                yield (*state[:k], line, *state[k:])


# --- pairs of lists -------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Pair:
    """An old list and a new one, and what they are for: ``crypto``, ``exemption`` or ``choice``."""

    use: str
    kind: str
    old: tuple[Line, ...]
    new: tuple[Line, ...]


class Dice:
    """A seeded source of choices that gives the same ones in every release of Python."""

    def __init__(self, seed: int) -> None:
        self._random = random.Random(seed)

    def below(self, number: int) -> int:
        """0 to ``number`` - 1."""
        return int(self._random.random() * number)

    def one(self, items: Sequence[str]) -> str:
        """One of them."""
        return items[self.below(len(items))]

    def chance(self, part: float) -> bool:
        """True in ``part`` of the cases."""
        return self._random.random() < part

    def shuffled(self, items: Iterable[Line]) -> list[Line]:
        """In another order."""
        rest, result = list(items), []
        while rest:
            result.append(rest.pop(self.below(len(rest))))
        return result


def _prefix(dice: Dice, base: str) -> str:
    length = (0, 2, 2, 3, 3, 4, 4)[dice.below(7)]
    if not length:
        return dice.one(("any", f"{base}.0/28"))
    return f"{base}.{dice.below(1 << length) << (4 - length)}/{28 + length}"


def entry(dice: Dice, use: str) -> Line:
    """An entry that a list of this use may hold."""
    simple = use != "choice"
    what = "permit" if simple or dice.chance(0.5) else "deny"
    protocol = "ip" if simple or dice.chance(0.6) else dice.one(("tcp", "udp"))
    port = " eq 80" if protocol != "ip" and dice.chance(0.4) else ""
    source = _prefix(dice, "10.1.1")
    if use == "choice" and dice.chance(0.07):
        source = dice.one(sorted(GROUPS))
    return f"{what} {protocol} {source} {_prefix(dice, '10.2.1')}{port}"


def some_list(dice: Dice, use: str, size: int) -> list[Line]:
    """Entries, none twice; now and then a remark or a line that nobody knows."""
    result: list[Line] = []
    for _k in range(size):
        line = entry(dice, use)
        if line not in result:
            result.append(line)
    for line in ("remark one", "remark two", "remark one", *(sorted(FOREIGN) if use == "choice" else ())):
        if dice.chance(0.15):
            result.insert(dice.below(len(result) + 1), line)
    return result


def _changed(dice: Dice, use: str, old: Sequence[Line], *, count: int) -> list[Line]:
    new = list(old)
    for _k in range(count):
        if new and dice.chance(0.4):
            new.pop(dice.below(len(new)))
        else:
            line = entry(dice, use)
            if line not in new:
                new.insert(dice.below(len(new) + 1), line)
    return new


def _with_moves(dice: Dice, old: Sequence[Line], *, count: int) -> list[Line]:
    new = list(old)
    for _k in range(count):
        if new:
            line = new.pop(dice.below(len(new)))
            new.insert(dice.below(len(new) + 1), line)
    return new


KINDS = ("other", "changed", "moved", "changed and moved", "shuffled")


def pair(seed: int) -> Pair:
    """The pair of this number."""
    dice = Dice(seed)
    use = ("crypto", "exemption", "choice", "choice", "choice", "choice", "mixed crypto", "choice")[seed % 8]
    kind = KINDS[seed // 8 % len(KINDS)]
    # A crypto list that somebody else wrote may hold a deny.
    style = "choice" if use == "mixed crypto" else use
    use = "crypto" if use == "mixed crypto" else use
    old = some_list(dice, style, 2 + dice.below(8))
    if kind == "other":
        new = some_list(dice, style, 2 + dice.below(8))
    elif kind == "changed":
        new = _changed(dice, style, old, count=1 + dice.below(4))
    elif kind == "moved":
        new = _with_moves(dice, old, count=1 + dice.below(2))
    elif kind == "changed and moved":
        new = _with_moves(dice, _changed(dice, style, old, count=1 + dice.below(3)), count=1 + dice.below(3))
    else:
        new = dice.shuffled(old)
    # The last entry of a list goes with what refers to it: that is not the business of list edits.
    if not any(map(action, new)):
        new.append(entry(dice, style))
    return Pair(use, kind, tuple(old), tuple(new))
