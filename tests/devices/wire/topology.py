# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: The netvpn.dynamic_l2l contributors
"""What is plugged into what: read from YAML, checked before anything starts.

    links:  # of the ISP's router, one subnet each; a capture is taken by the name
      isp-pix: {port: pix Ethernet0, gateway: 172.16.1.2/24, lease: 172.16.1.1}
      isp-hub: {port: hub Ethernet0/0, gateway: 192.168.1.1/24}
      internet: {host: internet, gateway: 198.51.100.1/24, address: 198.51.100.10}
    lans:
      lan-pix: {port: pix Ethernet1, address: 10.1.1.10/24, gateway: 10.1.1.2}
      lan-hub: {port: hub FastEthernet1/0, address: 10.2.1.10/24, gateway: 10.2.1.1}

A link: `port` (device and interface) or `host` with `address`; `gateway`: the router's own address; `lease`: what its
DHCP server gives; `router`: the gateway that the lease names, where it is another one than the router; `box: {address:
203.0.113.2/24, gateway: 203.0.113.1/24}`: a box that translates stands between (gateway and lease are then the box's);
`filter: [udp/500]`: what does not pass. A host may have more addresses: `also: [10.9.1.1/24]`.
A LAN: one host of the LAN's name with `address`, or `hosts: {NAME: ADDRESS/LENGTH}`; `gateway`: the hosts' default
route, by default the address that the device has there when it starts.
The link `internet` is as above unless the file has one.
"""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import yaml

from .names import Joint, interface_name

INTERNET = {"host": "internet", "gateway": "198.51.100.1/24", "address": "198.51.100.10"}
_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9_-]{0,14}")  # a name of a Linux interface
_FILTER = re.compile(r"(?:(?:udp|tcp)/\d{1,5}|udp|tcp|icmp|esp|all)")


class TopologyError(Exception):
    """Something is wrong with the file; the text says what."""


@dataclass(frozen=True)
class Interface:
    """An address with the length of its network."""

    address: str
    length: int

    def __str__(self) -> str:
        return f"{self.address}/{self.length}"

    @property
    def network(self) -> str:
        """The network, as `10.1.1.0/24`."""
        return str(ipaddress.IPv4Network(str(self), strict=False))


@dataclass(frozen=True)
class Port:
    """An interface of a device, as its configuration names it."""

    device: str
    hardware: str


@dataclass(frozen=True)
class Box:
    """A box of the customer's that translates: its outside address and the ISP's there."""

    address: Interface
    gateway: Interface


@dataclass(frozen=True)
class Link:
    """A link of the ISP's router."""

    name: str
    gateway: Interface
    port: Port | None = None
    host: str | None = None
    address: Interface | None = None
    also: tuple[Interface, ...] = ()
    lease: Interface | None = None
    router: str | None = None
    box: Box | None = None
    filter: tuple[str, ...] = ()


@dataclass(frozen=True)
class Lan:
    """What is behind an inside interface."""

    name: str
    port: Port
    hosts: Mapping[str, Interface]
    also: tuple[Interface, ...] = ()
    gateway: str | None = None


@dataclass(frozen=True)
class Wiring:
    """The ports of one device by their hardware names: into LANs (Linux names), and into links of the ISP (joints)."""

    inside: Mapping[str, str] = field(default_factory=dict)
    outside: Mapping[str, Joint] = field(default_factory=dict)


@dataclass(frozen=True)
class Topology:
    """Everything around the devices."""

    links: tuple[Link, ...]
    lans: tuple[Lan, ...]

    def wiring(self, device: str) -> Wiring:
        """Where the ports of a device are plugged in."""
        outside = [link.port.hardware for link in self.links if link.port and link.port.device == device]
        inside = [lan.port.hardware for lan in self.lans if lan.port.device == device]
        return Wiring(
            {hardware: interface_name(hardware) for hardware in inside},
            {name: Joint(interface_name(name), number) for number, name in enumerate(outside, 1)},
        )

    def ports(self) -> Iterator[Port]:
        """All ports that are plugged in."""
        yield from (link.port for link in self.links if link.port)
        yield from (lan.port for lan in self.lans)


def from_file(path: Path) -> Topology:
    """The topology of a YAML file."""
    try:
        text = path.read_text(encoding="utf-8")
    except OSError as error:
        raise TopologyError(f"{path}: {error.strerror}") from error
    return from_text(text, str(path))


def from_text(text: str, name: str = "topology") -> Topology:
    """The topology of a YAML text."""
    try:
        return from_data(yaml.safe_load(text))
    except (TopologyError, yaml.YAMLError) as error:
        raise TopologyError(f"{name}: {error}") from error


def from_data(data: object) -> Topology:
    """The same from what YAML made of it."""
    if not isinstance(data, Mapping):
        raise TopologyError("a mapping with `links` and `lans` is wanted")
    entries = _Entry("the topology", data)
    links = {"internet": INTERNET} | entries.mapping("links")
    lans = entries.mapping("lans")
    entries.done()
    topology = Topology(
        tuple(_link(name, _Entry(f"link {name}", entry)) for name, entry in links.items()),
        tuple(_lan(name, _Entry(f"lan {name}", entry)) for name, entry in lans.items()),
    )
    _check(topology)
    return topology


class _Entry:
    """A mapping of the file whose keys are taken one by one; what is left over is an error."""

    def __init__(self, title: str, data: object) -> None:
        if not isinstance(data, Mapping):
            raise TopologyError(f"{title}: a mapping is wanted")
        self.title = title
        self._data = dict(data)

    def mapping(self, key: str) -> dict[str, Any]:
        value = self._data.pop(key, None) or {}
        if not isinstance(value, Mapping):
            raise TopologyError(f"{self.title}: {key}: a mapping is wanted")
        for name in value:
            if not isinstance(name, str) or not _NAME.fullmatch(name):
                raise TopologyError(f"{self.title}: {key}: {name} is no name of at most 15 letters, digits, - and _")
        return dict(value)

    def text(self, key: str) -> str | None:
        value = self._data.pop(key, None)
        return None if value is None else str(value)

    def texts(self, key: str) -> list[str]:
        value = self._data.pop(key, None) or []
        return [str(each) for each in ([value] if isinstance(value, str) else value)]

    def port(self) -> Port | None:
        text = self.text("port")
        if text is None:
            return None
        device, blank, hardware = text.partition(" ")
        try:
            interface_name(hardware)
        except ValueError:
            blank = ""
        if not blank:
            raise TopologyError(f"{self.title}: port: DEVICE INTERFACE, not {text}")
        return Port(device, hardware)

    def address(self, key: str) -> str | None:
        text = self.text(key)
        return None if text is None else str(self._interface(key, text, 32).address)

    def interface(self, key: str, length: int | None = None) -> Interface | None:
        text = self.text(key)
        return None if text is None else self._interface(key, text, length)

    def interfaces(self, key: str) -> tuple[Interface, ...]:
        return tuple(self._interface(key, text, None) for text in self.texts(key))

    def _interface(self, key: str, text: str, length: int | None) -> Interface:
        try:
            return interface(text, length)
        except ValueError as error:
            raise TopologyError(f"{self.title}: {key}: {error}") from error

    def done(self) -> None:
        if self._data:
            raise TopologyError(f"{self.title}: unknown: {', '.join(map(str, self._data))}")


def interface(text: str, length: int | None) -> Interface:
    """`ADDRESS/LENGTH`, or `ADDRESS` where the length is known from elsewhere."""
    if "/" not in text and length is None:
        raise ValueError(f"ADDRESS/LENGTH, not {text}")
    found = ipaddress.IPv4Interface(text if "/" in text else f"{text}/{length}")
    return Interface(str(found.ip), found.network.prefixlen)


def _link(name: str, entry: _Entry) -> Link:
    gateway = entry.interface("gateway")
    if gateway is None:
        raise TopologyError(f"{entry.title}: gateway is missing")
    box = None
    if inner := entry.mapping("box"):
        values = _Entry(f"{entry.title}: box", inner)
        address, far = values.interface("address"), values.interface("gateway")
        values.done()
        if address is None or far is None:
            raise TopologyError(f"{entry.title}: box: address and gateway are wanted")
        box = Box(address, far)
    link = Link(
        name,
        gateway,
        entry.port(),
        entry.text("host"),
        entry.interface("address", gateway.length),
        entry.interfaces("also"),
        entry.interface("lease", gateway.length),
        entry.address("router"),
        box,
        tuple(entry.texts("filter")),
    )
    entry.done()
    if (link.port is None) == (link.host is None) or (link.host is None) != (link.address is None):
        raise TopologyError(f"{entry.title}: either port, or host and address")
    for word in link.filter:
        check_filter(word)
    for address in (link.address, link.lease):
        if address and address.network != gateway.network:
            raise TopologyError(f"{entry.title}: {address} is not in the gateway's network {gateway.network}")
    return link


def check_filter(word: str) -> str:
    """A word of a filter: `udp/500`, `esp`, `icmp`, `all`."""
    if not _FILTER.fullmatch(word):
        raise TopologyError(f"filter: {word} is none of udp/PORT, tcp/PORT, udp, tcp, icmp, esp, all")
    return word


def _lan(name: str, entry: _Entry) -> Lan:
    port, address = entry.port(), entry.interface("address")
    hosts = _Entry(f"{entry.title}: hosts", entry.mapping("hosts"))
    found = {name: address} if address else {}
    for host in list(hosts._data):
        found[host] = hosts.interface(host) or Interface("0.0.0.0", 0)
    lan_gateway, also = entry.address("gateway"), entry.interfaces("also")
    entry.done()
    if port is None or not found:
        raise TopologyError(f"{entry.title}: port, and address or hosts, are wanted")
    return Lan(name, port, found, also, lan_gateway)


def _check(topology: Topology) -> None:
    seen: set[tuple[str, str]] = set()
    for port in topology.ports():
        key = (port.device, interface_name(port.hardware))
        if key in seen:
            raise TopologyError(f"{port.device} {port.hardware} is plugged in twice")
        seen.add(key)
    names = [link.host for link in topology.links if link.host] + [host for lan in topology.lans for host in lan.hosts]
    names += ["isp"]
    if twice := sorted({name for name in names if names.count(name) > 1}):
        raise TopologyError(f"two hosts have the name {twice[0]}")
