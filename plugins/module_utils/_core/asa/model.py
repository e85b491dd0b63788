# Copyright: The netvpn.dynamic_l2l contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""What a PIX/ASA configuration holds, as far as tunnels, translation and routing go."""

from __future__ import annotations

from dataclasses import dataclass, field, replace

from ..acl import AccessList
from ..algorithms import IkeProposal
from ..intent import DeadPeerDetection
from ..prefixes import Prefix
from ..secret import Secret


@dataclass(frozen=True)
class Interface:
    """An interface with a ``nameif``. ``prefix`` is its connected network, None for an address by DHCP.

    ``address`` is its own address (a number), ``level`` its security level where it is stated.
    """

    name: str
    hardware: str
    prefix: Prefix | None = None
    dhcp: bool = False
    setroute: bool = False
    address: int | None = None
    level: int | None = None
    shutdown: bool = False
    #: ``ip address pppoe``: leased as by DHCP (``dhcp`` is set too)
    pppoe: bool = False

    @property
    def numbered(self) -> bool:
        """Whether it has an address, or asks for one."""
        return self.address is not None or self.dhcp

    @property
    def security(self) -> int:
        """``inside`` is 100 unless stated, any other 0 (command reference 7.2, ``nameif``)."""
        if self.level is not None:
            return self.level
        return 100 if self.name == "inside" else 0


@dataclass(frozen=True)
class Route:
    """``route INTERFACE NETWORK MASK GATEWAY METRIC [track NUMBER]``."""

    interface: str
    prefix: Prefix
    gateway: str
    metric: int = 1
    tracked: bool = False


@dataclass(frozen=True)
class AccessGroup:
    """``access-group ACL in|out interface INTERFACE``."""

    acl: str
    direction: str
    interface: str

    @property
    def text(self) -> str:
        """The line."""
        return f"access-group {self.acl} {self.direction} interface {self.interface}"


@dataclass(frozen=True)
class Static:
    """``static (REAL,MAPPED) …``: ``mapped`` and ``real`` are networks of one size, ``mapped`` None for ``interface``.

    With ``acl`` the list says what is translated. ``protocol`` and the ports are those of a static PAT.
    """

    real_interface: str
    mapped_interface: str
    mapped: Prefix | None
    real: Prefix | None = None
    acl: str | None = None
    protocol: str | None = None
    mapped_port: int | None = None
    real_port: int | None = None


@dataclass(frozen=True)
class IkePolicy:
    """``crypto isakmp policy NUMBER``; ``proposal`` is None when it is not pre-shared or not understood."""

    number: int
    proposal: IkeProposal | None
    lines: tuple[str, ...] = ()


@dataclass(frozen=True)
class TransformSet:
    """``crypto ipsec transform-set NAME WORDS``."""

    name: str
    words: tuple[str, ...]


@dataclass(frozen=True)
class MapEntry:
    """One sequence of a crypto map. ``others`` are its lines that we do not manage, without their head."""

    map: str
    sequence: int
    acl: str | None = None
    peers: tuple[str, ...] = ()
    transform_sets: tuple[str, ...] = ()
    pfs: str | None = None
    seconds: int | None = None
    kilobytes: int | None = None
    dynamic: str | None = None
    others: tuple[str, ...] = ()

    @property
    def head(self) -> str:
        """``crypto map IPSEC 10``."""
        return f"crypto map {self.map} {self.sequence}"


@dataclass(frozen=True)
class TunnelGroup:
    """``tunnel-group NAME``: its type, the key, keepalives, and the lines we do not manage (with their section)."""

    name: str
    type: str | None = None
    key: Secret | None = None
    dpd: DeadPeerDetection | None = None
    others: tuple[tuple[str, str], ...] = ()

    @property
    def policy(self) -> str:
        """Its group policy."""
        named = (line.split()[1] for _section, line in self.others if line.startswith("default-group-policy "))
        return next(named, "DfltGrpPolicy")


@dataclass(frozen=True)
class Nat:
    """``nat (INTERFACE) ID …`` with an id of 1 and more: ``prefix`` or ``acl`` says what is translated."""

    interface: str
    id: int
    prefix: Prefix | None = None
    acl: str | None = None
    tail: str = ""


@dataclass(frozen=True)
class Global:
    """``global (INTERFACE) ID VALUE``."""

    interface: str
    id: int
    value: str


@dataclass
class AsaConfig:
    """A PIX/ASA configuration. The planner works on a :meth:`copy`."""

    version: str = ""
    hostname: str = ""
    interfaces: dict[str, Interface] = field(default_factory=dict)
    routes: list[tuple[Prefix, str]] = field(default_factory=list)
    access_lists: dict[str, AccessList] = field(default_factory=dict)
    policies: dict[int, IkePolicy] = field(default_factory=dict)
    enabled: list[str] = field(default_factory=list)
    #: ``crypto isakmp identity``; empty where the line is not shown
    identity: str = ""
    transform_sets: dict[str, TransformSet] = field(default_factory=dict)
    entries: dict[tuple[str, int], MapEntry] = field(default_factory=dict)
    bindings: dict[str, str] = field(default_factory=dict)
    groups: dict[str, TunnelGroup] = field(default_factory=dict)
    #: interface → access list of its ``nat (interface) 0 access-list``
    exemptions: dict[str, str] = field(default_factory=dict)
    nats: list[Nat] = field(default_factory=list)
    globals: list[Global] = field(default_factory=list)
    #: ``static`` and other NAT lines as they stand
    statics: list[str] = field(default_factory=list)
    nat_control: bool = False
    #: name → lines outside the objects above that use an access list or a transform set of that name
    other_users: dict[str, list[str]] = field(default_factory=dict)
    #: the static routes with their gateways and metrics (``routes`` has them too, for finding interfaces)
    static_routes: list[Route] = field(default_factory=list)
    #: ``names``: word → address
    names: dict[str, str] = field(default_factory=dict)
    #: entries of dynamic maps, as those of a map that they would stand in
    dynamic_entries: dict[tuple[str, int], MapEntry] = field(default_factory=dict)
    access_groups: list[AccessGroup] = field(default_factory=list)
    #: group policy → the list of its ``vpn-filter``
    vpn_filters: dict[str, str] = field(default_factory=dict)
    #: group policy → its ``vpn-idle-timeout`` (minutes, or ``none``)
    idle_timeouts: dict[str, str] = field(default_factory=dict)
    #: ``sysopt connection permit-vpn``, which is on and not shown unless it is taken away
    permit_vpn: bool = True
    #: ``inter-interface``, ``intra-interface``
    same_security: set[str] = field(default_factory=set)
    management_access: str = ""
    #: lines that may change what happens to packets and that nothing here understands
    unmodelled: list[str] = field(default_factory=list)

    def copy(self) -> AsaConfig:
        """A copy whose collections can be changed without touching this one (their members are frozen)."""
        return replace(
            self,
            access_lists=dict(self.access_lists),
            policies=dict(self.policies),
            enabled=list(self.enabled),
            transform_sets=dict(self.transform_sets),
            entries=dict(self.entries),
            bindings=dict(self.bindings),
            groups=dict(self.groups),
            exemptions=dict(self.exemptions),
            nats=list(self.nats),
            globals=list(self.globals),
        )

    def entries_of(self, name: str) -> list[MapEntry]:
        """The entries of a crypto map, by sequence."""
        return [entry for (owner, _sequence), entry in sorted(self.entries.items()) if owner == name]

    def dynamic_of(self, name: str) -> list[MapEntry]:
        """The entries of a dynamic map, by sequence."""
        return [entry for (owner, _sequence), entry in sorted(self.dynamic_entries.items()) if owner == name]

    def routing_table(self) -> list[tuple[Prefix, str]]:
        """``(prefix, interface)``: connected routes, then static ones, then a default route by DHCP."""
        connected = [(i.prefix, i.name) for i in self.interfaces.values() if i.prefix]
        leased = [(Prefix(0, 0), i.name) for i in self.interfaces.values() if i.setroute]
        return [*connected, *self.routes, *leased]
