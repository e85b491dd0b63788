# Copyright: The netvpn.dynamic_l2l contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""Security associations as data: one shape for what PIX/ASA and IOS print of them, in all versions.

Everything is told as the device that was asked sees it: ``local`` is its own side, ``peer`` the other end. IOS prints
``dst`` and ``src`` of an IKE SA by role and not by side; the readers of the platforms turn that round.

The shape is public: filters and modules return :meth:`Associations.as_dict`, which ``docs/data-model.md`` documents.
"""

from __future__ import annotations

import ipaddress
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field, fields, replace
from typing import Any, Generic, TypeVar

from ..prefixes import Prefix, dotted

T = TypeVar("T")


@dataclass(frozen=True)
class Identity:
    """One side of the proxy identities: what an SA protects there.

    ``low`` and ``high`` are the first and the last address (IKEv2 may agree on a range that is no prefix); ``protocol``
    0 is any; ports are the first and last one, 0 and 65535 any. ``family`` is 4 or 6.
    """

    low: int
    high: int
    protocol: int = 0
    ports: tuple[int, int] = (0, 65535)
    family: int = 4

    @classmethod
    def of(cls, prefix: Prefix, protocol: int = 0, port: int = 0) -> Identity:
        """IKEv1: a network, a protocol and a port, where 0 is any."""
        return cls(prefix.network, prefix.last, protocol, (port, port) if port else (0, 65535))

    @property
    def network(self) -> str:
        """``10.1.1.0/24``, or ``10.1.1.5-10.1.1.9`` where it is no prefix."""
        if self.family == 6:
            low, high = ipaddress.IPv6Address(self.low), ipaddress.IPv6Address(self.high)
            found = [str(net) for net in ipaddress.summarize_address_range(low, high)]
            return found[0] if len(found) == 1 else f"{low}-{high}"
        size = self.high - self.low + 1
        if size & (size - 1) == 0 and self.low % size == 0:
            return f"{dotted(self.low)}/{33 - size.bit_length()}"
        return f"{dotted(self.low)}-{dotted(self.high)}"

    def within(self, prefix: Prefix) -> bool:
        """Whether all its addresses are in ``prefix``."""
        return self.family == 4 and prefix.network <= self.low and self.high <= prefix.last

    def as_dict(self) -> dict[str, Any]:
        """Plain data."""
        return {"network": self.network, "protocol": self.protocol, "ports": list(self.ports)}


@dataclass(frozen=True)
class IkeSa:
    """An IKE SA (phase 1). What the text does not tell is None or empty.

    ``dst`` and ``src`` are responder and initiator as IOS writes them, only while no text tells which of the two is the
    device itself; ``peer``, ``local`` and ``role`` are empty then. ``state`` is the device's own word (``MM_ACTIVE``,
    ``QM_IDLE``, ``UP-ACTIVE``, ``READY``); ``up`` whether it can carry negotiations; ``deleted`` whether the device calls
    it so (IOS: ``QM_IDLE … ACTIVE (deleted)``).
    """

    peer: str
    local: str = ""
    version: int = 1
    role: str = ""  # initiator, responder
    state: str = ""
    up: bool = False
    deleted: bool = False
    encryption: str = ""
    hash: str = ""
    group: int | None = None
    authentication: str = ""
    lifetime: int | None = None  # seconds agreed
    remaining: int | None = None  # seconds left
    nat_t: bool | None = None
    identifier: str = ""  # conn-id, tunnel id: the device's own number of the SA
    rekey: bool | None = None
    session: str = ""  # number of the session: Session-id of IKEv2, Index of vpn-sessiondb
    port: int | None = None  # the peer's UDP port
    dst: str = ""
    src: str = ""
    #: names of the tunnels whose IPsec SAs are with this peer, see associations.named
    tunnels: tuple[str, ...] = ()

    def as_dict(self) -> dict[str, Any]:
        """Plain data."""
        return {**vars(self), "tunnels": list(self.tunnels)}


@dataclass(frozen=True)
class Spi:
    """One direction of an IPsec SA; several of a direction are there while it is renewed."""

    spi: str  # 0x and eight digits, small letters
    transform: str = ""  # as the device writes it: "esp-des esp-md5-hmac"
    mode: str = ""  # tunnel, transport
    nat_t: bool | None = None
    remaining_seconds: int | None = None
    remaining_kilobytes: int | None = None
    active: bool = True

    def as_dict(self) -> dict[str, Any]:
        """Plain data."""
        return dict(vars(self))


@dataclass(frozen=True)
class IpsecSa:
    """The IPsec SAs (phase 2) of one pair of proxy identities with one peer.

    ``tunnel`` is its name in the intent, where one was given and its identities are the tunnel's: never found by the
    peer's address. ``up`` is whether there is one SPI in each direction. ``active`` is how many SAs, of both directions,
    the device says there are, where it lists sessions instead of SAs. ``pfs`` is ``none`` where the device says so.
    """

    peer: str
    local_address: str = ""
    interface: str = ""
    map: str = ""
    sequence: int | None = None
    dynamic: bool | None = None
    acl: str = ""
    version: int | None = None
    local: Identity | None = None
    remote: Identity | None = None
    inbound: tuple[Spi, ...] = ()
    outbound: tuple[Spi, ...] = ()
    #: what the device counts, by the device's words with _ for blanks and without #: ``pkts_encaps``, ``send_errors``
    counters: dict[str, int] = field(default_factory=dict)
    pfs: str = ""
    mtu: int | None = None
    tunnel: str = ""
    port: int | None = None  # the peer's UDP port
    active: int | None = None

    @property
    def up(self) -> bool:
        """Whether packets can be protected both ways."""
        if not self.inbound and not self.outbound:
            return (self.active or 0) >= 2
        return any(one.active for one in self.inbound) and any(one.active for one in self.outbound)

    def as_dict(self) -> dict[str, Any]:
        """Plain data; ``up`` is in it."""
        return {
            **vars(self),
            "local": self.local.as_dict() if self.local else None,
            "remote": self.remote.as_dict() if self.remote else None,
            "inbound": [one.as_dict() for one in self.inbound],
            "outbound": [one.as_dict() for one in self.outbound],
            "counters": dict(self.counters),
            "up": self.up,
        }


@dataclass(frozen=True)
class Unread:
    """A line that was not understood: its number in its text, from 1, and what it says."""

    command: str
    number: int
    text: str


@dataclass(frozen=True)
class Associations:
    """All that a device said of its SAs. ``truncated``: a text ended where more had to come."""

    ike: tuple[IkeSa, ...] = ()
    ipsec: tuple[IpsecSa, ...] = ()
    unread: tuple[Unread, ...] = ()
    truncated: bool = False

    def __add__(self, other: Associations) -> Associations:
        """What two texts of one device say together, see :func:`join`."""
        return join((self, other))

    def as_dict(self) -> dict[str, Any]:
        """Plain data, as modules and filters return it."""
        return {
            "ike": [sa.as_dict() for sa in self.ike],
            "ipsec": [sa.as_dict() for sa in self.ipsec],
            "unread": [dict(vars(line)) for line in self.unread],
            "truncated": self.truncated,
        }


def join(parts: Iterable[Associations]) -> Associations:
    """What several texts of one device, taken at one time, say together.

    Two of them may tell of one SA (``show crypto isakmp sa`` and the same with ``detail``; a session and its SAs): it is
    in the result once, with what either tells; of what both tell the first counts. An IKE SA is the same when version
    and addresses are, and its identifier where both have one; IPsec SAs are when peer and identities are, and interface
    and map where both tell them. Nothing within one text is ever taken for the same.
    """
    result = Associations()
    ike = _Joined[IkeSa](_ike_keys, _same_ike)
    ipsec = _Joined[IpsecSa](lambda sa: [(sa.peer, sa.local, sa.remote)], _same_ipsec)
    unread: list[Unread] = []
    for part in parts:
        ike.add(part.ike)
        ipsec.add(part.ipsec)
        unread += part.unread
        result = replace(result, truncated=result.truncated or part.truncated)
    found = tuple(ipsec.items)
    return Associations(tuple(_sided(ike.items, found)), found, tuple(unread), result.truncated)


class _Joined(Generic[T]):
    """SAs of several texts, each once. ``keys`` are what an SA can be found by, ``same`` decides."""

    def __init__(self, keys: Callable[[T], list[Any]], same: Callable[[T, T], bool]) -> None:
        self.items: list[T] = []
        self._keys = keys
        self._same = same
        self._places: dict[Any, list[int]] = {}

    def add(self, text: Iterable[T]) -> None:
        """Those of one more text."""
        taken: set[int] = set()
        fresh: list[T] = []
        for sa in text:
            near = (place for key in self._keys(sa) for place in self._places.get(key, ()))
            at = next((place for place in near if place not in taken and self._same(self.items[place], sa)), None)
            if at is None:
                fresh.append(sa)
            else:
                taken.add(at)
                self.items[at] = _merged(self.items[at], sa)
        for sa in fresh:
            for key in self._keys(sa):
                self._places.setdefault(key, []).append(len(self.items))
            self.items.append(sa)


def _ike_keys(sa: IkeSa) -> list[Any]:
    return [frozenset((sa.dst, sa.src))] if sa.dst else [sa.peer, frozenset((sa.local, sa.peer))]


def _same_ike(one: IkeSa, two: IkeSa) -> bool:
    if one.version != two.version or (one.identifier and two.identifier and one.identifier != two.identifier):
        return False
    return not (one.local and two.local and one.local != two.local)


def _same_ipsec(one: IpsecSa, two: IpsecSa) -> bool:
    if one.local is None or one.remote is None:
        return False
    pairs = ((one.interface, two.interface), (one.map, two.map))
    return all(not (mine and yours) or mine == yours for mine, yours in pairs)


#: Of these the second text's word does not count when the first told the state: they say the same in other words.
_STATE = ("state", "up", "deleted")


def _merged(one: T, two: T) -> T:
    """``one`` with what only ``two`` tells."""
    changed: dict[str, Any] = {}
    told = bool(getattr(one, "state", ""))
    for name in (item.name for item in fields(one)):  # type: ignore[arg-type]
        mine, yours = getattr(one, name), getattr(two, name)
        if name == "counters":
            changed[name] = {**yours, **mine}
        elif not told if name in _STATE else mine is None or mine in ("", ()):
            changed[name] = yours
    return replace(one, **changed)  # type: ignore[type-var]


def _sided(ike: Iterable[IkeSa], ipsec: Iterable[IpsecSa]) -> Iterator[IkeSa]:
    """IKE SAs of which IOS told responder and initiator, with local side and peer.

    A second text told it of this SA (``local`` is there already), or exactly one of the two addresses is the device's
    own elsewhere in the texts. Otherwise it stays open.
    """
    ike = list(ike)
    own = {sa.local_address for sa in ipsec} | {sa.local for sa in ike}
    for sa in ike:
        if sa.dst:
            mine = {sa.local} if sa.local else own
            if (sa.dst in mine) != (sa.src in mine):
                answers = sa.dst in mine
                local, peer = (sa.dst, sa.src) if answers else (sa.src, sa.dst)
                role = "responder" if answers else "initiator"
                sa = replace(sa, local=local, peer=peer, role=role, dst="", src="")
        yield sa
