# Copyright: The netvpn.dynamic_l2l contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""IPv4 prefixes and exact header spaces.

A *box* is a product of closed intervals, one per header field, in the order of ``FIELDS``. A *region*
is a set of packets held as disjoint boxes, so that union, intersection and difference are exact.
Prefixes are parsed and merged by netaddr; nothing else of it is used.
"""

from __future__ import annotations

import re
import traceback
from collections.abc import Iterable
from dataclasses import dataclass

from .errors import InputError

try:
    import netaddr
except ImportError:  # reported by the doors with missing_required_lib
    NETADDR_IMPORT_ERROR: str | None = traceback.format_exc()
else:
    NETADDR_IMPORT_ERROR = None

ALL_ADDRESSES = (0, 2**32 - 1)
ALL_PORTS = (0, 2**16 - 1)
ALL_PROTOCOLS = (0, 2**8 - 1)

#: The header fields of a box, in order.
FIELDS = ("protocol", "source", "source_port", "destination", "destination_port")

Interval = tuple[int, int]
Box = tuple[Interval, ...]

#: What a network looks like. netaddr would also take masks, hexadecimal octets, blanks and the digits of other scripts.
_NETWORK = re.compile(r"[0-9]{1,3}(\.[0-9]{1,3}){3}(/(0|[1-9][0-9]?))?")

EVERYTHING_BOX: Box = (ALL_PROTOCOLS, ALL_ADDRESSES, ALL_PORTS, ALL_ADDRESSES, ALL_PORTS)


def outside_of(prefixes: Iterable[Prefix]) -> tuple[Interval, ...]:
    """The addresses that are in none of ``prefixes``."""
    free: list[Interval] = []
    position = 0
    for low, high in sorted(prefix.interval for prefix in prefixes):
        if position < low:
            free.append((position, low - 1))
        position = max(position, high + 1)
    if position <= ALL_ADDRESSES[1]:
        free.append((position, ALL_ADDRESSES[1]))
    return tuple(free)


def dotted(address: int) -> str:
    """``167837953`` → ``10.1.1.1``."""
    return ".".join(str(address >> shift & 255) for shift in (24, 16, 8, 0))


def parse_address(text: str) -> int:
    """``10.1.1.1`` → its number. Raises ValueError for anything but four decimal octets."""
    octets = text.split(".")
    if len(octets) != 4 or not all(o.isdecimal() and o.isascii() and len(o) <= 3 and int(o) < 256 for o in octets):
        raise ValueError(f"{text} is not an IPv4 address")
    return int.from_bytes(bytes(int(o) for o in octets), "big")


@dataclass(frozen=True, order=True)
class Prefix:
    """An IPv4 network: the number of its first address and the length of its mask (0 to 32)."""

    network: int
    length: int

    @classmethod
    def parse(cls, text: str, option: str = "prefix") -> Prefix:
        """From ``10.1.1.0/24``, or an address for a host. Host bits must be clear.

        Raises InputError naming ``option``.
        """
        if ":" in text:
            raise InputError(
                option,
                text,
                "IPv6 cannot be carried between a PIX/ASA and an IOS crypto map over IPv4",
                "Take the network out; no pair of these platforms has it",
            )
        try:
            parsed = netaddr.IPNetwork(text) if _NETWORK.fullmatch(text) else None
        except (netaddr.AddrFormatError, ValueError):
            parsed = None
        if parsed is None:
            raise InputError(option, text, "this is not an IPv4 network", "Write it as 10.1.1.0/24")
        if parsed.ip != parsed.network:
            raise InputError(option, text, "the address has bits behind the mask", f"Did you mean {parsed.cidr}")
        return cls(int(parsed.network), parsed.prefixlen)

    @classmethod
    def from_mask(cls, address: str, mask: str) -> Prefix:
        """From ``10.1.1.2 255.255.255.0``; host bits are cleared, as the devices do.

        Raises ValueError when the mask has holes.
        """
        bits = parse_address(mask)
        length = 32 - (bits ^ 0xFFFFFFFF).bit_length()
        if bits != 0xFFFFFFFF << (32 - length) & 0xFFFFFFFF:
            raise ValueError(f"{mask} is not a contiguous mask")
        return cls(parse_address(address) & bits, length)

    @classmethod
    def from_wildcard(cls, address: str, wildcard: str) -> Prefix:
        """From ``10.1.1.0 0.0.0.255``. Raises ValueError when the wildcard has holes."""
        return cls.from_mask(address, dotted(parse_address(wildcard) ^ 0xFFFFFFFF))

    @property
    def last(self) -> int:
        """The number of the last address."""
        return self.network | (0xFFFFFFFF >> self.length)

    @property
    def interval(self) -> Interval:
        """First and last address."""
        return (self.network, self.last)

    @property
    def address(self) -> str:
        """The network address, dotted."""
        return dotted(self.network)

    @property
    def netmask(self) -> str:
        """``255.255.255.0``."""
        return dotted(0xFFFFFFFF << (32 - self.length) & 0xFFFFFFFF)

    @property
    def wildcard(self) -> str:
        """``0.0.0.255``."""
        return dotted(0xFFFFFFFF >> self.length)

    def contains(self, other: Prefix) -> bool:
        """Whether every address of ``other`` is in this network."""
        return self.network <= other.network and other.last <= self.last

    def overlaps(self, other: Prefix) -> bool:
        """Whether the two share an address."""
        return self.network <= other.last and other.network <= self.last

    def __str__(self) -> str:
        return f"{self.address}/{self.length}"


ANY = Prefix(0, 0)


def merge(prefixes: Iterable[Prefix]) -> tuple[Prefix, ...]:
    """The fewest prefixes with exactly the addresses of ``prefixes``, ascending."""
    merged = netaddr.cidr_merge([netaddr.IPNetwork(str(prefix)) for prefix in prefixes])
    return tuple(Prefix(int(net.network), net.prefixlen) for net in merged)


def longest_match(address: int, candidates: Iterable[tuple[Prefix, str]]) -> str | None:
    """Of ``(prefix, label)`` pairs the label of the longest prefix that holds ``address``; None without one.

    Of several with the same length the first wins (connected routes are listed before static ones).
    """
    best: tuple[int, str] | None = None
    for prefix, label in candidates:
        if prefix.network <= address <= prefix.last and (best is None or prefix.length > best[0]):
            best = (prefix.length, label)
    return best[1] if best else None


def _meet(one: Box, two: Box) -> Box | None:
    """The packets in both boxes, or None."""
    result = []
    for (a, b), (c, d) in zip(one, two, strict=True):
        low, high = max(a, c), min(b, d)
        if low > high:
            return None
        result.append((low, high))
    return tuple(result)


def _without(one: Box, two: Box) -> list[Box]:
    """``one`` less ``two``, as disjoint boxes (at most two per field)."""
    common = _meet(one, two)
    if common is None:
        return [one]
    pieces = []
    rest = list(one)
    for field, ((low, high), (a, b)) in enumerate(zip(one, common, strict=True)):
        if low < a:
            pieces.append((*rest[:field], (low, a - 1), *rest[field + 1 :]))
        if b < high:
            pieces.append((*rest[:field], (b + 1, high), *rest[field + 1 :]))
        rest[field] = (a, b)
    return pieces


@dataclass(frozen=True)
class Region:
    """A set of packets: disjoint boxes. Two regions are the same set iff each contains the other."""

    boxes: tuple[Box, ...] = ()

    @classmethod
    def pair(cls, source: Prefix, destination: Prefix) -> Region:
        """All packets from one network to another."""
        return cls(((ALL_PROTOCOLS, source.interval, ALL_PORTS, destination.interval, ALL_PORTS),))

    @classmethod
    def pairs(cls, sources: Iterable[Prefix], destinations: Iterable[Prefix]) -> Region:
        """All packets from any of the sources to any of the destinations."""
        result = cls()
        targets = tuple(destinations)
        for source in sources:
            for destination in targets:
                result = result.union(cls.pair(source, destination))
        return result

    def __bool__(self) -> bool:
        return bool(self.boxes)

    def subtract(self, other: Region) -> Region:
        """The packets of this region that are not in ``other``."""
        boxes = list(self.boxes)
        for cut in other.boxes:
            boxes = [piece for box in boxes for piece in _without(box, cut)]
        return Region(tuple(boxes))

    def union(self, other: Region) -> Region:
        """The packets of either."""
        return Region(self.boxes + other.subtract(self).boxes)

    def intersect(self, other: Region) -> Region:
        """The packets of both."""
        met = (_meet(one, two) for one in self.boxes for two in other.boxes)
        return Region(tuple(box for box in met if box is not None))

    def contains(self, other: Region) -> bool:
        """Whether every packet of ``other`` is in this region."""
        return not other.subtract(self)

    def overlaps(self, other: Region) -> bool:
        """Whether the two share a packet."""
        return any(_meet(one, two) for one in self.boxes for two in other.boxes)

    def sample(self) -> dict[str, str]:
        """One packet of the region, its fields as text; raises ValueError when it is empty."""
        if not self.boxes:
            raise ValueError("an empty region has no packet")
        box = dict(zip(FIELDS, self.boxes[0], strict=True))
        return {
            "source": dotted(min(box["source"][0] + 1, box["source"][1])),
            "destination": dotted(min(box["destination"][0] + 1, box["destination"][1])),
        }


EVERYTHING = Region((EVERYTHING_BOX,))
