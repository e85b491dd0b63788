# Copyright: The netvpn.dynamic_l2l contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""What an IOS configuration holds, as far as tunnels, translation and routing go."""

from __future__ import annotations

from dataclasses import dataclass, field, replace

from ..acl import AccessList
from ..algorithms import IkeProposal
from ..intent import DeadPeerDetection
from ..prefixes import Prefix
from ..secret import Secret


@dataclass(frozen=True)
class Interface:
    """An interface; ``prefixes`` are its connected networks, ``addresses`` its own addresses (numbers).

    ``unmodelled`` are its lines that may change what happens to packets and that nothing here understands.
    """

    name: str
    prefixes: tuple[Prefix, ...] = ()
    addresses: tuple[int, ...] = ()
    nat: str | None = None
    crypto_map: str | None = None
    leased: bool = False
    shutdown: bool = False
    access_in: str | None = None
    access_out: str | None = None
    vrf: str | None = None
    zone: str | None = None
    unmodelled: tuple[str, ...] = ()

    @property
    def numbered(self) -> bool:
        """Whether it has an address, or asks for one."""
        return bool(self.addresses) or self.leased


@dataclass(frozen=True)
class Route:
    """``ip route NETWORK MASK VIA [HOP] [DISTANCE] [track NUMBER]``: ``via`` is an interface or a next hop."""

    prefix: Prefix
    via: str
    distance: int = 1
    tracked: bool = False


@dataclass(frozen=True)
class RouteMapEntry:
    """One entry of a route map: it matches where one of ``lists`` permits and the packet leaves by one of ``interfaces``.

    None of either matches all; ``others`` are its other ``match`` lines.
    """

    action: str
    sequence: int
    lists: tuple[str, ...] = ()
    interfaces: tuple[str, ...] = ()
    others: tuple[str, ...] = ()


@dataclass(frozen=True)
class StaticNat:
    """``ip nat inside source static …``: ``local`` and ``outer`` are networks of one size, ``outer`` None for an interface."""

    local: Prefix
    outer: Prefix | None
    interface: str = ""
    protocol: str | None = None
    local_port: int | None = None
    outer_port: int | None = None
    route_map: str | None = None


@dataclass(frozen=True)
class IkePolicy:
    """``crypto isakmp policy NUMBER``; ``proposal`` is None when it is not pre-shared or not understood."""

    number: int
    proposal: IkeProposal | None
    lines: tuple[str, ...] = ()


@dataclass(frozen=True)
class IsakmpKey:
    """``crypto isakmp key KEY address PREFIX``. The wildcard is 0.0.0.0/0. ``tail`` is ``no-xauth`` or empty.

    An encrypted (type 6) key is not known.
    """

    prefix: Prefix
    key: Secret
    tail: str = ""


@dataclass(frozen=True)
class TransformSet:
    """``crypto ipsec transform-set NAME WORDS``; ``lines`` are the lines under it (``mode transport``)."""

    name: str
    words: tuple[str, ...]
    lines: tuple[str, ...] = ()


@dataclass(frozen=True)
class DynamicEntry:
    """One sequence of a dynamic map. ``others`` are its lines that we do not manage."""

    map: str
    sequence: int
    transform_sets: tuple[str, ...] = ()
    acl: str | None = None
    pfs: str | None = None
    seconds: int | None = None
    kilobytes: int | None = None
    others: tuple[str, ...] = ()

    @property
    def head(self) -> str:
        """``crypto dynamic-map DYN 10``."""
        return f"crypto dynamic-map {self.map} {self.sequence}"


@dataclass(frozen=True)
class MapEntry:
    """One sequence of a crypto map: ``dynamic`` names a dynamic map; a static entry keeps its lines as they stand."""

    map: str
    sequence: int
    dynamic: str | None = None
    head: str = ""
    lines: tuple[str, ...] = ()

    @property
    def acl(self) -> str | None:
        """The list of a static entry."""
        return next((line.split()[-1] for line in self.lines if line.startswith("match address ")), None)

    @property
    def peers(self) -> tuple[str, ...]:
        """The peers of a static entry, in order."""
        return tuple(line.split()[2] for line in self.lines if line.startswith("set peer "))

    @property
    def transform_sets(self) -> tuple[str, ...]:
        """The transform sets of a static entry."""
        return tuple(name for line in self.lines if line.startswith("set transform-set ") for name in line.split()[2:])


@dataclass(frozen=True)
class NatRule:
    """``ip nat inside source {list|route-map} NAME TARGET [overload]``."""

    kind: str
    name: str
    target: str

    @property
    def text(self) -> str:
        """The line."""
        return f"ip nat inside source {self.kind} {self.name} {self.target}"

    @property
    def turn(self) -> tuple[bool, bool, int, str]:
        """When the rule is asked, among those of the device: list before route map, numbers in order, then names.

        (batfish/batfish, CiscoIosNat: "based on GNS3 testing".)
        """
        number = self.name.isdecimal()
        return (self.kind == "route-map", not number, int(self.name) if number else 0, self.name)


@dataclass
class IosConfig:
    """An IOS configuration. The planner works on a :meth:`copy`."""

    version: str = ""
    hostname: str = ""
    interfaces: dict[str, Interface] = field(default_factory=dict)
    #: ``(prefix, interface or next hop)`` of static routes
    routes: list[tuple[Prefix, str]] = field(default_factory=list)
    access_lists: dict[str, AccessList] = field(default_factory=dict)
    #: names of the lists above that match sources only
    standard_lists: set[str] = field(default_factory=set)
    policies: dict[int, IkePolicy] = field(default_factory=dict)
    keys: list[IsakmpKey] = field(default_factory=list)
    keepalive: DeadPeerDetection | None = None
    #: ``crypto isakmp identity``; empty where the line is not shown (``address``)
    identity: str = ""
    transform_sets: dict[str, TransformSet] = field(default_factory=dict)
    dynamic_entries: dict[tuple[str, int], DynamicEntry] = field(default_factory=dict)
    entries: dict[tuple[str, int], MapEntry] = field(default_factory=dict)
    nat_rules: list[NatRule] = field(default_factory=list)
    #: static translations and other ``ip nat`` lines as they stand
    statics: list[str] = field(default_factory=list)
    #: route map → access lists of its permit entries
    route_maps: dict[str, tuple[str, ...]] = field(default_factory=dict)
    #: name → lines outside the objects above that use an access list or a transform set of that name
    other_users: dict[str, list[str]] = field(default_factory=dict)
    #: the static routes of the global table with their distances (``routes`` has them too, for finding interfaces)
    static_routes: list[Route] = field(default_factory=list)
    #: route map → its entries, by number
    route_map_entries: dict[str, tuple[RouteMapEntry, ...]] = field(default_factory=dict)
    #: ``ip nat pool``: name → first and last address
    pools: dict[str, tuple[int, int]] = field(default_factory=dict)
    #: ``no crypto isakmp enable``
    isakmp_disabled: bool = False
    #: global lines that may change what happens to packets and that nothing here understands
    unmodelled: list[str] = field(default_factory=list)

    def copy(self) -> IosConfig:
        """A copy whose collections can be changed without touching this one (their members are frozen)."""
        return replace(
            self,
            interfaces=dict(self.interfaces),
            access_lists=dict(self.access_lists),
            policies=dict(self.policies),
            keys=list(self.keys),
            transform_sets=dict(self.transform_sets),
            dynamic_entries=dict(self.dynamic_entries),
            entries=dict(self.entries),
            nat_rules=list(self.nat_rules),
        )

    def entries_of(self, name: str) -> list[MapEntry]:
        """The entries of a crypto map, by sequence."""
        return [entry for (owner, _sequence), entry in sorted(self.entries.items()) if owner == name]

    def dynamic_of(self, name: str) -> list[DynamicEntry]:
        """The entries of a dynamic map, by sequence."""
        return [entry for (owner, _sequence), entry in sorted(self.dynamic_entries.items()) if owner == name]

    def crypto_lists(self) -> set[str]:
        """The lists that some crypto map entry refers to."""
        found = {entry.acl for entry in self.entries.values()} | {entry.acl for entry in self.dynamic_entries.values()}
        return {name for name in found if name}

    def routing_table(self) -> list[tuple[Prefix, str]]:
        """``(prefix, interface)``: connected routes, then static ones, their next hops resolved to interfaces."""
        connected = [(prefix, i.name) for i in self.interfaces.values() for prefix in i.prefixes]
        return [*connected, *self.routes]

    def lists_of(self, rule: NatRule) -> tuple[str, ...]:
        """The access lists that decide what a rule translates."""
        return (rule.name,) if rule.kind == "list" else self.route_maps.get(rule.name, ())
