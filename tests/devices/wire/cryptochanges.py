# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: The netvpn.dynamic_l2l contributors
"""What a change of the configuration does to SAs that exist: a table, and which of its rows a change is."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from typing import Literal

from ..engine import Grade
from .crypto import Crypto, Entry

Place = tuple[str, int, str, int]
Scope = Literal["nothing", "port", "entry", "address"]


@dataclass(frozen=True)
class Consequence:
    """A row: what the change ends (all SAs of the interface, those of the entry, those of the address), and who says."""

    change: str
    ends: Scope
    source: str
    grade: Grade


UNBOUND = "crypto map taken from the interface"
REPLACED = "another crypto map on the interface"
AGAIN = "PIX: crypto map on the interface again"
DOWN = "interface shut down or without its name"
IKE_OFF = "IKE switched off"
SET_PIX = "PIX: transform set in use changed"
SET_IOS = "IOS: transform set changed"
SETTINGS = "lifetimes, PFS, transform sets of an entry"
TRAFFIC = "crypto ACL, peer or match address of an entry"
GONE = "entry removed"
KEY = "key changed or removed"
POLICY = "IKE policy changed or removed"
OPTIONS = "keepalives, NAT traversal, identity"
ADDRESS = "address of the interface changed"

_B, _T = "ios-crypto.md", "treatment.md"
CONSEQUENCES = {
    row.change: row
    for row in (
        Consequence(UNBOUND, "port", f"{_B} B5.3 (`SA effect unsourced`); removal in {_T} 2 rests on it", Grade.RECALL),
        Consequence(REPLACED, "port", "as taking the old one away", Grade.RECALL),
        Consequence(AGAIN, "port", "ASA 7.0 guide OL-6721-01 p. 23-13", Grade.VENDOR),
        Consequence(DOWN, "port", f"labs' log `ISAKMP is OFF` at shutdown ({_B} B3.3)", Grade.CAPTURE),
        Consequence(IKE_OFF, "port", "no source", Grade.RECALL),
        Consequence(SET_PIX, "entry", "ASA 8.4 guide 64-20", Grade.VENDOR),
        Consequence(SET_IOS, "nothing", f"IPsec Maintenance ({_B} B5.4)", Grade.VENDOR),
        Consequence(SETTINGS, "nothing", f"{_B} B4.2, B5.4", Grade.VENDOR),
        Consequence(TRAFFIC, "nothing", f"`clear crypto sa` reference ({_T} 1): it applies the change", Grade.VENDOR),
        Consequence(GONE, "entry", "no source", Grade.RECALL),
        Consequence(KEY, "nothing", f"{_T} 2: live SAs stay", Grade.VENDOR),
        Consequence(POLICY, "nothing", "negotiated once, at the beginning", Grade.RECALL),
        Consequence(OPTIONS, "nothing", "negotiated once, at the beginning", Grade.RECALL),
        Consequence(ADDRESS, "address", "on our side alone: nobody can tell the peer from an address that is gone", Grade.RECALL),
    )
}  # fmt: skip


@dataclass(frozen=True)
class Change:
    """A row that applies, and to what."""

    name: str
    port: str = ""
    places: frozenset[Place] = frozenset()


@dataclass(frozen=True)
class Ended:
    """Which SAs are at their end."""

    ports: frozenset[str] = frozenset()
    places: frozenset[Place] = frozenset()
    addresses: frozenset[str] = field(default=frozenset())

    def __bool__(self) -> bool:
        return bool(self.ports or self.places or self.addresses)


def changes(before: Crypto, now: Crypto, events: Iterable[str] = ()) -> Iterator[Change]:
    """The rows that apply. `events`: lines that tore tunnels down (PIX), as the rows of the command line tell."""
    for port, name in before.bound.items():
        if port not in now.ports:
            yield Change(DOWN, port)
        elif port not in now.bound:
            yield Change(UNBOUND, port)
        elif now.bound[port] != name:
            yield Change(REPLACED, port)
    for port in sorted(before.listens - now.listens):
        # a router stops to listen where its last map is taken away: that has a row of its own
        if port in now.ports and (now.platform == "pix" or now.bound):
            yield Change(IKE_OFF, port)
    old, new = _entries(before), _entries(now)
    yield from _torn(events, old)
    still = {name for port, name in before.bound.items() if now.bound.get(port) == name}
    gone = frozenset(place for place in old if place not in new and place[0] in still)
    if gone:
        yield Change(GONE, places=gone)
    for place in old.keys() & new.keys():
        yield from _edited(old[place], new[place], now.platform)
    for name, first, second in (
        (KEY, before.keys, now.keys),
        (POLICY, before.policies, now.policies),
        (OPTIONS, _options(before), _options(now)),
    ):
        if first != second:
            yield Change(name)


def _entries(crypto: Crypto) -> dict[Place, Entry]:
    return {entry.place: entry for entries in crypto.maps.values() for entry in entries}


def _options(crypto: Crypto) -> tuple[object, ...]:
    return crypto.keepalives, crypto.nat_t, crypto.identity


def _torn(events: Iterable[str], entries: dict[Place, Entry]) -> Iterator[Change]:
    for line in events:
        words = line.split()
        if "interface" in words:
            yield Change(AGAIN, words[-1])
        elif "transform-set" in words:
            name = words[words.index("transform-set") + 1]
            users = (place for place, entry in entries.items() if name in {each.name for each in entry.transforms})
            yield Change(SET_PIX, places=frozenset(users))


def _edited(before: Entry, now: Entry, platform: str) -> Iterator[Change]:
    place = frozenset({now.place})
    names = [[each.name for each in entry.transforms] for entry in (before, now)]
    if names[0] == names[1] and before.transforms != now.transforms and platform == "ios":
        yield Change(SET_IOS, places=place)
    if names[0] != names[1] or (before.pfs, before.lifetime, before.kilobytes) != (
        now.pfs,
        now.lifetime,
        now.kilobytes,
    ):
        yield Change(SETTINGS, places=place)
    if (before.rules, before.peers, before.acl) != (now.rules, now.peers, now.acl):
        yield Change(TRAFFIC, places=place)


def ended(found: Iterable[Change], addresses_gone: Iterable[str] = ()) -> Ended:
    """What the table says that these changes end."""
    ports, places = set[str](), set[Place]()
    for change in found:
        ends = CONSEQUENCES[change.name].ends
        if ends == "port":
            ports.add(change.port)
        elif ends == "entry":
            places |= change.places
    gone = frozenset(addresses_gone) if CONSEQUENCES[ADDRESS].ends == "address" else frozenset[str]()
    return Ended(frozenset(ports), frozenset(places), gone)
