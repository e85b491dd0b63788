# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: The netvpn.dynamic_l2l contributors
"""Interfaces, addresses and routes of a device as its two namespaces must have them: pure, config in, `ip` commands out."""

from __future__ import annotations

import ipaddress
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field

from .reading import Fabric, Port, Route
from .topology import Wiring

Addresses = Mapping[str, tuple[str, int]]
# Distance of the default route that DHCP brings. PIX with `setroute`: 1, and a static route of the same distance wins
# (recall). IOS: 254 (command reference, `ip dhcp-client default-router distance`).
PIX_DHCP_DISTANCE, IOS_DHCP_DISTANCE = 1, 254
BLACKHOLE = "blackhole"


@dataclass(frozen=True)
class State:
    """What a namespace has of the device. `up`: interfaces; `routes`: `PREFIX` → `via HOP dev INTERFACE`."""

    up: frozenset[str] = frozenset()
    mtus: Mapping[str, int] = field(default_factory=dict)
    addresses: frozenset[tuple[str, str]] = frozenset()
    routes: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Chosen:
    """A route that the device uses. `hop`: None where the network is connected."""

    prefix: str
    hop: str | None
    port: Port
    distance: int


def chosen(fabric: Fabric, addresses: Addresses, gateways: Mapping[str, str]) -> list[Chosen]:
    """The device's routing table: connected networks, then the best static or DHCP route of each prefix."""
    ports = {port.name: port for port in fabric.ports if port.up}
    table = {entry.prefix: entry for entry in _connected(ports.values(), addresses)}
    connected = list(table.values())
    found: list[Chosen] = []
    for route in fabric.routes:
        if entry := _static(route, ports, connected, fabric.platform):
            found.append(entry)
    for name, gateway in gateways.items():
        port = ports.get(name)
        if port and port.dhcp and name in addresses and gateway and (port.setroute or fabric.platform == "ios"):
            distance = PIX_DHCP_DISTANCE if fabric.platform == "pix" else IOS_DHCP_DISTANCE
            found.append(Chosen("0.0.0.0/0", gateway, port, distance))
    for entry in sorted(found, key=lambda each: each.distance):
        table.setdefault(entry.prefix, entry)
    return list(table.values())


def _connected(ports: Iterable[Port], addresses: Addresses) -> Iterator[Chosen]:
    for port in ports:
        own = [addresses[port.name]] if port.name in addresses else []
        for address, length in [*own, *port.secondary]:
            yield Chosen(str(ipaddress.IPv4Network(f"{address}/{length}", strict=False)), None, port, 0)


def _static(route: Route, ports: Mapping[str, Port], connected: list[Chosen], platform: str) -> Chosen | None:
    if route.port is not None:
        port = ports.get(route.port)
        # A named interface is enough: a hop outside its network is asked for by ARP there and does not answer.
        return Chosen(route.prefix, route.hop, port, route.metric) if port else None
    if route.hop is None:
        return None
    hop = ipaddress.IPv4Address(route.hop)
    near = next((each for each in connected if hop in ipaddress.IPv4Network(each.prefix)), None)
    return Chosen(route.prefix, route.hop, near.port, route.metric) if near else None


def compile_base(
    fabric: Fabric, addresses: Addresses, gateways: Mapping[str, str], wiring: Wiring
) -> tuple[State, State]:
    """What the NAT namespace and the crypto namespace must have."""
    inside, outside = wiring.inside, wiring.outside
    nat_up, cry_up = set[str](), set[str]()
    nat_addresses, cry_addresses = set[tuple[str, str]](), set[tuple[str, str]]()
    nat_routes, cry_routes = dict[str, str](), dict[str, str]()
    nat_mtus, cry_mtus = dict[str, int](), dict[str, int]()
    joints = list(outside.values())
    for port in fabric.ports:
        own = [addresses[port.name]] if port.name in addresses else []
        texts = [f"{address}/{length}" for address, length in [*own, *port.secondary]]
        if port.hardware in outside:
            name = outside[port.hardware].port
            cry_addresses |= {(name, text) for text in texts if port.up}
            cry_mtus[name] = port.mtu
            if port.up:
                cry_up.add(name)
        elif port.hardware in inside:
            name = inside[port.hardware]
            nat_addresses |= {(name, text) for text in texts if port.up}
            nat_mtus[name] = port.mtu
            if port.up:
                nat_up.add(name)
        elif port.hardware.lower().startswith("loopback") and port.up:
            nat_addresses |= {("lo", text) for text in texts}
    for entry in chosen(fabric, addresses, gateways):
        hardware = entry.port.hardware
        if hardware in outside:
            joint = outside[hardware]
            nat_routes[entry.prefix] = f"via {joint.cry_address} dev {joint.nat}"
            if entry.hop:
                cry_routes[entry.prefix] = f"via {entry.hop} dev {joint.port} onlink"
            elif entry.hop is None and entry.distance:
                cry_routes[entry.prefix] = f"dev {joint.port}"
            continue
        if hardware in inside:
            if entry.hop:
                nat_routes[entry.prefix] = f"via {entry.hop} dev {inside[hardware]} onlink"
            elif entry.distance:
                nat_routes[entry.prefix] = f"dev {inside[hardware]}"
        elif not hardware.lower().startswith(("loopback", "null")):
            continue
        elif entry.hop is None and entry.distance:
            nat_routes[entry.prefix] = BLACKHOLE
            continue
        if joints:
            cry_routes[entry.prefix] = f"via {joints[0].nat_address} dev {joints[0].cry}"
    return (
        State(frozenset(nat_up), nat_mtus, frozenset(nat_addresses), nat_routes),
        State(frozenset(cry_up), cry_mtus, frozenset(cry_addresses), cry_routes),
    )


def managed(wiring: Wiring) -> tuple[set[str], set[str]]:
    """The interfaces that follow the configuration in the two namespaces: all others stay as they are."""
    return set(wiring.inside.values()), {joint.port for joint in wiring.outside.values()}


def changes(before: State, after: State, interfaces: Iterable[str]) -> tuple[list[str], list[str]]:
    """Commands for `ip`: what goes (may be gone already, by the kernel), and what comes (must succeed)."""
    gone = [f"route del {prefix}" for prefix in before.routes if prefix not in after.routes]
    gone += [f"address del {text} dev {name}" for name, text in sorted(before.addresses - after.addresses)]
    come = []
    for name in sorted(interfaces):
        if (name in before.up) != (name in after.up):
            come.append(f"link set {name} {'up' if name in after.up else 'down'}")
        if after.mtus.get(name, 1500) != before.mtus.get(name, 1500):
            come.append(f"link set {name} mtu {after.mtus.get(name, 1500)}")
    come += [f"address add {text} dev {name}" for name, text in sorted(after.addresses - before.addresses)]
    # An address or an interface that goes takes routes along: then all are said again.
    again = before.up != after.up or before.addresses != after.addresses
    for prefix, way in after.routes.items():
        if again or before.routes.get(prefix) != way:
            come.append(f"route replace blackhole {prefix}" if way == BLACKHOLE else f"route replace {prefix} {way}")
    return gone, come
