# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: The netvpn.dynamic_l2l contributors
"""What the show and clear rows of a living device share: its parts, its flows, and how values are written.

A device is alive at level wire: `device.plant` holds its network. At level cli it is None and everything is printed
as if nothing had ever gone through the device.
"""

from __future__ import annotations

import ipaddress
import weakref
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from ..engine import Call, Effect, Result
from ..wire.base import Chosen, chosen
from ..wire.ping import Pinged, ping_from
from ..wire.reading import read_fabric
from ..wire.sa import ChildSa, Errors, Snapshot

if TYPE_CHECKING:
    from ..device import Device
    from ..store import Item
    from ..wire.plant import Plant


def plant_of(device: Device) -> Plant | None:
    """The network behind a device; None at level cli."""
    found: Plant | None = getattr(device, "plant", None)
    return found


def alive(plain: Effect, living: Callable[[Call, Plant], Result]) -> Effect:
    """`plain` at level cli, `living` where there is a network behind the device."""

    def effect(call: Call) -> Result:
        plant = plant_of(call.device)
        return plain(call) if plant is None else living(call, plant)

    return effect


def snapshot(device: Device) -> Snapshot:
    """The security associations of a device; none at level cli."""
    plant = plant_of(device)
    found: Snapshot = Snapshot() if plant is None else plant.crypto.sas()
    return found


def plugged(device: Device, item: Item, named: str = "") -> bool:
    """Is there a cable in an interface? At level cli in all. `named`: the line that holds its name, where it has one."""
    plant = plant_of(device)
    if plant is None or item["name"].lower().startswith(("loopback", "tunnel", "null", "vlan", "dialer")):
        return True
    line = item.block.one(named) if named else item
    return bool(line and line["name"] and plant.node_of(line["name"]))


def addresses(device: Device) -> dict[str, tuple[str, int]]:
    """The addresses of the interfaces by their names; at level cli the static ones and the leases that were given."""
    plant = plant_of(device)
    if plant is not None:
        return plant.addresses()
    found = {}
    for port in read_fabric(device).ports:
        if port.address is not None:
            found[port.name] = (port.address, port.length)
        elif port.dhcp and port.name in device.leases:
            address, _, length = device.leases[port.name].partition("/")
            found[port.name] = (address, int(length or "24"))
    return found


def routing_table(device: Device) -> list[Chosen]:
    """The routes of a device."""
    plant = plant_of(device)
    if plant is None:
        return chosen(read_fabric(device), addresses(device), device.gateways)
    return chosen(plant.fabric, plant.addresses(), plant.gateways())


def ping(device: Device, address: str, port: str | None, count: int, size: int = 100) -> Pinged:
    """Echo requests of a device, from the address of `port` (its name), or of the interface that the route leaves by.

    At level cli there is nobody to ask: the device itself answers, the gateways of its leases, and what the settings
    name (`answers=`), each in a millisecond.
    """
    plant = plant_of(device)
    if plant is not None:
        return ping_from(plant, address, port, count=count, size=size)
    own = {each for each, _ in addresses(device).values()}
    answered = address in own | device.answers | set(device.gateways.values())
    return Pinged(address, ("!" if answered else ".") * count, (1.0,) * count if answered else (), size=size)


# -- flows: what the devices print a block for


@dataclass(frozen=True)
class Flow:
    """A pair of networks with its peer, and the pairs of SAs that protect it (none: a block without SAs), oldest first."""

    interface: str
    map: str
    sequence: int
    acl: str | None
    peer: str
    local: str
    local_ident: str
    remote_ident: str
    pairs: tuple[ChildSa, ...] = ()
    errors: Errors = Errors()

    @property
    def newest(self) -> ChildSa | None:
        """The pair that packets are sent with."""
        return self.pairs[-1] if self.pairs else None

    @property
    def dynamic(self) -> str:
        """The dynamic map whose entry the flow belongs to."""
        return self.newest.dynamic if self.newest else ""

    @property
    def nat_t(self) -> bool:
        """Is it encapsulated in UDP?"""
        return bool(self.newest and self.newest.nat_t)

    @property
    def port(self) -> int:
        """The peer's port."""
        return self.newest.remote_port if self.newest else 500

    def sum(self, counter: str) -> int:
        """A counter over all pairs."""
        return sum(getattr(pair, counter) for pair in self.pairs)


_Key = tuple[str, str, int, str, str, str]


def flows(found: Snapshot, *, idle: bool = False) -> list[Flow]:
    """The flows of a snapshot by interface and place in the map; with `idle` also those that have no SAs."""
    groups: dict[_Key, list[ChildSa]] = {}
    for each in sorted(found.children, key=lambda child: child.number):
        key = (each.interface, each.map, each.sequence, each.local_ident, each.remote_ident, each.peer)
        groups.setdefault(key, []).append(each)
    out = []
    for pairs in groups.values():
        one = pairs[-1]
        errors = found.errors.get((one.local_ident, one.remote_ident), Errors())
        out.append(
            Flow(one.interface, one.map, one.sequence, one.acl, one.peer, one.local, one.local_ident,
                 one.remote_ident, tuple(pairs), errors)
        )  # fmt: skip
    busy = {(each.map, each.sequence, each.local_ident, each.remote_ident) for each in out}
    for name in found.identities if idle else ():
        if (name.map, name.sequence, name.local_ident, name.remote_ident) not in busy:
            errors = found.errors.get((name.local_ident, name.remote_ident), Errors())
            out.append(
                Flow(name.interface, name.map, name.sequence, name.acl, name.peer, name.local, name.local_ident,
                     name.remote_ident, (), errors)
            )  # fmt: skip
    places = list(dict.fromkeys(each.interface for each in out))
    return sorted(out, key=lambda each: (places.index(each.interface), each.map, each.sequence))


def pair_numbers(found: Snapshot) -> dict[int, int]:
    """A number from 1 for each pair, by its inbound SPI: its own, or its place where it has none."""
    return {each.spi_in: each.number or place for place, each in enumerate(found.children, 1)}


# -- values


def network(ident: str) -> ipaddress.IPv4Network:
    """`10.1.1.0/24`"""
    return ipaddress.IPv4Network(ident, strict=False)


def with_mask(ident: str) -> str:
    """`10.1.1.0/255.255.255.0`"""
    found = network(ident)
    return f"{found.network_address}/{found.netmask}"


def clock(seconds: int) -> str:
    """`hh:mm:ss`"""
    seconds = max(0, seconds)
    return f"{seconds // 3600:02}:{seconds // 60 % 60:02}:{seconds % 60:02}"


def split_port(text: str) -> tuple[str, str]:
    """An address and the port or id behind it."""
    address, _, port = text.partition(":")
    return address, port


# Most entries seen at once, by device and table: the devices remember the highest number, this emulator the highest
# that it was asked for.
_PEAKS: weakref.WeakKeyDictionary[Any, dict[str, int]] = weakref.WeakKeyDictionary()


def peak(device: Device, table: str, count: int) -> int:
    """The most entries that a table of a device ever had."""
    peaks = _PEAKS.setdefault(device, {})
    peaks[table] = max(count, peaks.get(table, 0))
    return peaks[table]
