# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: The netvpn.dynamic_l2l contributors
"""What a device's running configuration says of its data plane, as data of one form for both platforms.

Only the lines of the device's own store are read. What is derived from them without a doubt is put in words that both
platforms share (masks become lengths, names of ports become numbers, object groups become rules); what a packet meets
because of it is said elsewhere (natmodel.py, filters.py).
"""

from __future__ import annotations

import ipaddress
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from itertools import product
from typing import TYPE_CHECKING, Literal

from ..platforms import names
from ..store import Block, Item

if TYPE_CHECKING:
    from ..device import Device

Ports = tuple[int, int]
Action = Literal["permit", "deny"]
ANY = "0.0.0.0/0"
_NUMBERS = {name: number for number, name in {**names.PIX_PROTOCOLS, **names.IOS_PROTOCOLS}.items()} | {"ah": 51}
_TCP = {name: number for number, name in {**names.PIX_TCP, **names.IOS_TCP}.items()} | {"https": 443, "cmd": 514}
_UDP = {name: number for number, name in {**names.PIX_UDP, **names.IOS_UDP}.items()}
_ICMP = {name: (number, None) for number, name in names.ICMP.items()} | {
    "packet-too-big": (3, 4),
    "port-unreachable": (3, 3),
    "host-unreachable": (3, 1),
    "net-unreachable": (3, 0),
    "ttl-exceeded": (11, 0),
    "traceroute": (30, None),
}


@dataclass(frozen=True)
class Port:
    """An interface with a name. `level`: PIX only; `nat`: IOS only; `map`: the crypto map that is bound to it."""

    name: str
    hardware: str
    address: str | None = None
    length: int = 0
    dhcp: bool = False
    setroute: bool = False
    up: bool = True
    level: int | None = None
    nat: Literal["inside", "outside"] | None = None
    map: str | None = None
    secondary: tuple[tuple[str, int], ...] = ()
    mtu: int = 1500


@dataclass(frozen=True)
class Route:
    """A static route."""

    prefix: str
    hop: str | None
    port: str | None
    metric: int


@dataclass(frozen=True)
class Rule:
    """One entry of an access list, or one of the rules that an entry with object groups stands for.

    `source`, `destination`: `10.1.1.0/24`; `10.1.0.5&255.255.0.255` for a wildcard with holes; `interface:NAME` for
    the address that an interface has. `protocol`: `ip` or a number's usual name (`tcp`, `esp`, `99`).
    `icmp`: type and code. `text`: the entry as the device shows it from `permit` or `deny` on.
    """

    action: Action
    protocol: str
    source: str = ANY
    source_ports: Ports | None = None
    destination: str = ANY
    destination_ports: Ports | None = None
    icmp: tuple[int, int | None] | None = None
    other: tuple[str, ...] = ()
    text: str = ""


@dataclass(frozen=True)
class Clause:
    """A condition of a translation: what one of the lists permits (none named: everything), leaving by `port`."""

    action: Action
    lists: tuple[str, ...] = ()
    port: str | None = None


@dataclass(frozen=True)
class Pool:
    """Where translated sources come from: the address of an interface, or addresses. `overload`: with their ports.

    `port`: PIX, the interface that the traffic leaves by.
    """

    interface: str | None = None
    first: str | None = None
    last: str | None = None
    overload: bool = True
    port: str | None = None


@dataclass(frozen=True)
class NatRule:
    """A translation of sources of traffic that enters at `real` and leaves at `mapped` (None: any, by its roles).

    The rules of a `Fabric` stand in the order in which the device tries them.
    `exempt`: not translated. `identity`: translated to itself (started from the real side only).
    `static`: one to one, in both directions: `source` to `target`, with `protocol` only these ports.
    `dynamic`: to one of the `pools`, in this order; an empty tuple: there is nothing to translate to.
    `when`: conditions beside `source`; the first clause that applies decides. `outside`: PIX `nat ... outside`.
    """

    kind: Literal["exempt", "identity", "static", "dynamic"]
    line: str
    real: str | None = None
    mapped: str | None = None
    source: str = ANY
    when: tuple[Clause, ...] = ()
    target: str | None = None
    pools: tuple[Pool, ...] = ()
    protocol: str | None = None
    source_port: int | None = None
    target_port: int | None = None
    outside: bool = False


@dataclass(frozen=True)
class Filter:
    """An access list on an interface."""

    port: str
    direction: Literal["in", "out"]
    acl: str


@dataclass(frozen=True)
class Fabric:
    """The data plane of a device."""

    platform: Literal["pix", "ios"]
    ports: tuple[Port, ...] = ()
    routes: tuple[Route, ...] = ()
    acls: dict[str, tuple[Rule, ...]] = field(default_factory=dict)
    nat: tuple[NatRule, ...] = ()
    filters: tuple[Filter, ...] = ()
    permit_vpn: bool = True
    nat_control: bool = False
    same_level: bool = False
    hairpin: bool = False
    inspect_icmp: bool = False
    # PIX: the interface that can be managed through a tunnel that ends at another
    management: str | None = None
    # PIX: `icmp permit|deny ... IF`: pings of the device's own interfaces, by the interface
    icmp: tuple[tuple[str, Rule], ...] = ()
    # seconds after which a quiet flow is forgotten: tcp, udp, icmp; closed: TCP that has ended
    timeouts: tuple[tuple[str, int], ...] = ()

    def port(self, name: str | None) -> Port | None:
        """An interface by its name."""
        return next((port for port in self.ports if port.name == name), None)

    def filter(self, port: str, direction: str) -> tuple[Rule, ...] | None:
        """The rules on an interface; None where nothing is filtered."""
        for each in self.filters:
            if (each.port, each.direction) == (port, direction):
                return self.acls.get(each.acl)
        return None


def read_fabric(device: Device) -> Fabric:
    """The data plane that the running configuration describes."""
    return _pix(device.config) if device.platform.name.startswith("pix") else _ios(device.config)


# -- both


def _length(mask: str) -> int:
    return ipaddress.IPv4Network(f"0.0.0.0/{mask}").prefixlen


def _network(address: str, mask: str) -> str:
    return str(ipaddress.IPv4Network((address, mask), strict=False))


def _port_number(text: str, protocol: str) -> int:
    if text.isdigit():
        return int(text)
    table = _UDP if protocol == "udp" else _TCP
    return table.get(text) or _TCP.get(text) or _UDP[text]


def _port_ranges(operator: str, values: list[str], protocol: str) -> list[Ports]:
    numbers = [_port_number(value, protocol) for value in values]
    first = numbers[0]
    ranges = {
        "eq": [(first, first)],
        "lt": [(0, first - 1)],
        "gt": [(first + 1, 65535)],
        "neq": [(0, first - 1), (first + 1, 65535)],
        "range": [(first, numbers[-1])],
    }[operator]
    return [(low, high) for low, high in ranges if low <= high]


def _protocol(text: str) -> str:
    if text.isdigit():
        known = {number: name for name, number in _NUMBERS.items()}
        return known.get(int(text), text)
    return "ah" if text == "ahp" else text


def protocol_number(name: str) -> int:
    """The number of a protocol by the name that a `Rule` has."""
    return int(name) if name.isdigit() else _NUMBERS[name]


class _Words:
    """The words of an entry, taken one by one."""

    def __init__(self, text: str) -> None:
        self._words = text.split()

    def __bool__(self) -> bool:
        return bool(self._words)

    def peek(self) -> str:
        return self._words[0] if self._words else ""

    def next(self) -> str:
        return self._words.pop(0) if self._words else ""

    def second(self) -> str:
        return self._words[1] if len(self._words) > 1 else ""

    def rest(self) -> list[str]:
        words, self._words = self._words, []
        return words


def _icmp(words: list[str]) -> tuple[tuple[int, int | None] | None, list[str]]:
    if not words:
        return None, []
    head, *rest = words
    if head.isdigit():
        code = int(rest.pop(0)) if rest and rest[0].isdigit() else None
        return (int(head), code), rest
    return (_ICMP[head], rest) if head in _ICMP else (None, words)


# -- PIX


def _pix(config: Block) -> Fabric:
    groups = {item["name"]: item for item in config.find("object-group")}
    maps = {item["interface"]: item["map"] for item in config.find("crypto-map") if item["interface"]}
    mtus = {item["interface"]: int(item["mtu"]) for item in config.find("mtu")}
    sysopt = config.one("sysopt", what="permit-vpn")
    same = {item["which"] for item in config.find("same-security-traffic")}
    acls: dict[str, list[Rule]] = {}
    for item in config.find("access-list"):
        acls.setdefault(item["id"], [])
        if item["type"] != "remark":
            acls[item["id"]] += _pix_rules(item, groups)
    return Fabric(
        platform="pix",
        ports=tuple(_pix_ports(config, maps, mtus)),
        routes=tuple(
            Route(_network(r["net"], r["mask"]), r["hop"], r["interface"], int(r["metric"] or 1))
            for r in config.find("route")
        ),
        acls={name: tuple(rules) for name, rules in acls.items()},
        nat=tuple(_pix_nat(config)),
        filters=tuple(
            Filter(item["interface"], "in" if item["direction"] == "in" else "out", item["acl"])
            for item in config.find("access-group")
        ),
        permit_vpn=sysopt is None or not sysopt["no"],
        nat_control=bool(config.one("nat-control")),
        same_level="inter-interface" in same,
        hairpin="intra-interface" in same,
        inspect_icmp=_inspects(config, "icmp"),
        management=management["interface"] if (management := config.one("management-access")) else None,
        icmp=tuple(_pix_icmp(config)),
        timeouts=tuple(_pix_timeouts(config)),
    )


def _pix_ports(config: Block, maps: dict[str, str], mtus: dict[str, int]) -> Iterator[Port]:
    for item in config.find("interface"):
        block = item.block
        nameif, security, address = block.one("nameif"), block.one("security"), block.one("address")
        name = nameif["name"] if nameif else ""
        if not name:
            continue  # no packet passes an interface without a name
        given = address["address"] if address else ""
        rest = address["rest"].split() if address else []
        dhcp = given == "dhcp"
        fixed = bool(given) and not dhcp
        yield Port(
            name,
            item["name"],
            given if fixed else None,
            _length(rest[0]) if fixed else 0,
            dhcp,
            "setroute" in rest,
            not block.one("shutdown"),
            int(security["level"]) if security and security["level"] else 0,
            map=maps.get(name),
            mtu=mtus.get(name, 1500),
        )


def _members(groups: dict[str, Item], name: str) -> Iterator[str]:
    """The members of an object group as text, those of groups within it too."""
    for member in groups[name].block if name in groups else ():
        head, _, rest = member.text.partition(" ")
        if head == "group-object":
            yield from _members(groups, rest)
        elif head != "description":
            yield member.text


def _pix_addresses(words: _Words, groups: dict[str, Item]) -> list[str]:
    word = words.next()
    if word == "any":
        return [ANY]
    if word == "host":
        return [f"{words.next()}/32"]
    if word == "interface":
        return [f"interface:{words.next()}"]
    if word == "object-group":
        found = []
        for text in _members(groups, words.next()):
            _, *value = text.split()
            found.append(f"{value[1]}/32" if value[0] == "host" else _network(value[0], value[1]))
        return found
    return [_network(word, words.next())]


def _pix_ports_of(words: _Words, groups: dict[str, Item], protocol: str) -> list[Ports | None]:
    word = words.peek()
    if word in names.OPERATORS:
        words.next()
        values = [words.next() for _ in range(2 if word == "range" else 1)]
        return [*_port_ranges(word, values, protocol)]
    # what stands behind an address may be a group of ports or the next address
    if word == "object-group" and words.second() in groups and groups[words.second()]["type"] == "service":
        name = (words.next(), words.next())[1]
        found: list[Ports | None] = []
        for text in _members(groups, name):
            head, *value = text.split()
            if head == "port-object":
                found += _port_ranges(value[0], value[1:], protocol)
        return found
    return [None]


def _pix_protocols(words: _Words, groups: dict[str, Item]) -> list[str]:
    word = words.next()
    if word != "object-group":
        return [_protocol(word)]
    return [_protocol(text.split()[1]) for text in _members(groups, words.next()) if text.startswith("protocol-object")]


def _pix_rules(item: Item, groups: dict[str, Item]) -> list[Rule]:
    """The rules of an entry (PIX 7.2 guide OL-12172-03: an entry with groups stands for all their combinations)."""
    words = _Words(item["rest"])
    action: Action = "deny" if words.next() == "deny" else "permit"
    if item["type"] == "standard":
        return [Rule(action, "ip", destination=each, text=item["rest"]) for each in _pix_addresses(words, groups)]
    protocols = _pix_protocols(words, groups)
    sources = _pix_addresses(words, groups)
    source_ports = _pix_ports_of(words, groups, protocols[0]) if protocols else []
    destinations = _pix_addresses(words, groups)
    destination_ports = _pix_ports_of(words, groups, protocols[0]) if protocols else []
    rest = words.rest()
    icmp, rest = _icmp(rest) if protocols == ["icmp"] else (None, rest)
    if "inactive" in rest:
        return []
    return [
        Rule(action, protocol, source, low, destination, high, icmp, tuple(rest), item["rest"])
        for protocol, source, low, destination, high in product(
            protocols, sources, source_ports, destinations, destination_ports
        )
    ]


def _pix_nat(config: Block) -> Iterator[NatRule]:
    """In the order of OL-12172-03 p. 17-14: exemption, statics as they stand, policy NAT as it stands, best match."""
    lines = config.find("nat")
    for item in lines:
        if item["id"] == "0" and item["acl"]:
            when: tuple[Clause, ...] = (Clause("permit", (item["acl"],)),)
            yield NatRule("exempt", item.text, item["interface"], when=when, outside="outside" in item["rest"].split())
    for item in config.find("static"):
        if rule := _pix_static(item):
            yield rule
    policies = [item for item in lines if item["id"] != "0" and item["acl"]]
    plain = [item for item in lines if not item["acl"]]
    # the sort is stable: networks of one size stay as they stand
    for item in [*policies, *sorted(plain, key=lambda each: -_length(each["mask"]))]:
        source = ANY if item["acl"] else _network(item["address"], item["mask"])
        when = (Clause("permit", (item["acl"],)),) if item["acl"] else ()
        outside = "outside" in item["rest"].split()
        if item["id"] == "0":
            yield NatRule("identity", item.text, item["interface"], source=source, outside=outside)
            continue
        # a range is used up before the single addresses (ASA 7.0 guide OL-6721-01, 14-23)
        found = [pool for each in config.find("global", id=item["id"]) if (pool := _pix_pool(each))]
        pools = tuple(sorted(found, key=lambda pool: pool.overload))
        yield NatRule("dynamic", item.text, item["interface"], None, source, when, pools=pools, outside=outside)


def _pix_pool(item: Item) -> Pool | None:
    text = item["address"].split()[0]
    if text == "interface":
        return Pool(item["interface"], port=item["interface"])
    first, dash, last = text.partition("-")
    return _addresses(first, last or first, overload=not dash, port=item["interface"])


def _addresses(first: str, last: str, *, overload: bool, port: str | None = None) -> Pool | None:
    """A pool of addresses, where they are some."""
    try:
        low, high = ipaddress.IPv4Address(first), ipaddress.IPv4Address(last)
    except ValueError:
        return None
    return Pool(None, first, last, overload, port) if low <= high else None


def _pix_static(item: Item) -> NatRule | None:
    words = _Words(item["rest"])
    protocol = words.next() if words.peek() in ("tcp", "udp") else None
    target = words.next()
    if target == "interface":
        target = f"interface:{item['mapped']}"
    target_port = _port_number(words.next(), protocol) if protocol else None
    acl = item["acl"]
    if words.peek() == "access-list":  # more stands behind the list
        acl = (words.next(), words.next())[1]
    if acl:
        when = (Clause("permit", (acl,)),)
        return NatRule(
            "static", item.text, item["real"], item["mapped"], ANY, when, target, (), protocol, None, target_port
        )
    real = words.next()
    source_port = _port_number(words.next(), protocol) if protocol else None
    rest = words.rest()
    mask = rest[rest.index("netmask") + 1] if "netmask" in rest else "255.255.255.255"
    if not target.startswith("interface:"):
        target = _network(target, mask)
    source = _network(real, mask)
    return NatRule(
        "static",
        item.text,
        item["real"],
        item["mapped"],
        source,
        (),
        target,
        (),
        protocol,
        source_port,
        target_port,
    )


def _inspects(config: Block, protocol: str) -> bool:
    """Is there an `inspect` line for it in a policy map that is applied?"""
    applied = {item.text.split()[1] for item in config.find("service-policy")}

    def inside(block: Block) -> bool:
        return any(item.text == f"inspect {protocol}" or inside(item.block) for item in block)

    return any(inside(item.block) for item in config.find("policy-map") if item["rest"].split()[-1] in applied)


def _pix_icmp(config: Block) -> Iterator[tuple[str, Rule]]:
    for item in config.find("icmp"):
        words = _Words(item["rest"])
        action: Action = "deny" if item["action"] == "deny" else "permit"
        source = _pix_addresses(words, {})[0]
        *types, interface = words.rest()
        yield interface, Rule(action, "icmp", source, icmp=_icmp(types)[0], text=item.text)


def _seconds(time: str) -> int:
    hours, minutes, seconds = (int(part) for part in time.split(":"))
    return hours * 3600 + minutes * 60 + seconds


def _pix_timeouts(config: Block) -> Iterator[tuple[str, int]]:
    # the defaults are those of the seed's line
    line = config.one("timeout-conn")
    words = line["rest"].split() if line else ["1:00:00"]
    given = {"tcp": words[0]} | dict(zip(words[1::2], words[2::2], strict=False))
    defaults = {"tcp": "1:00:00", "half-closed": "0:10:00", "udp": "0:02:00", "icmp": "0:00:02"}
    for name, default in defaults.items():
        yield name, _seconds(given.get(name, default))
    yield "closed", 30  # a port of PAT is free again after that (recall)


# -- IOS


def _ios(config: Block) -> Fabric:
    acls: dict[str, list[Rule]] = {}
    for item in config.find("ip-access-list"):
        rules = acls.setdefault(item["id"], [])
        for entry in item.block.find("ace"):
            rules += _ios_rules(entry, item["type"] == "extended")
    for entry in config.find("access-list"):
        number = int(entry["id"])
        rules = acls.setdefault(entry["id"], [])
        rules += _ios_rules(entry, 100 <= number <= 199 or 2000 <= number <= 2699)
    interfaces = config.find("interface")
    return Fabric(
        platform="ios",
        ports=tuple(_ios_port(item) for item in interfaces),
        routes=tuple(_ios_route(item) for item in config.find("route")),
        # a list without an entry is as none (ios-nat-acl.md D2.4)
        acls={name: tuple(rules) for name, rules in acls.items() if rules},
        nat=tuple(_ios_nat(config)),
        filters=tuple(
            Filter(item["name"], "in" if line["direction"] == "in" else "out", line["acl"])
            for item in interfaces
            for line in item.block.find("access-group")
        ),
        same_level=True,
        hairpin=True,
        inspect_icmp=True,
        timeouts=tuple(_ios_timeouts(config)),
    )


def _ios_port(item: Item) -> Port:
    block = item.block
    address, side, bound, mtu = block.one("address"), block.one("nat"), block.one("crypto-map"), block.one("mtu")
    given = address["address"] if address else ""
    dhcp = given == "dhcp"
    fixed = bool(given) and given not in ("dhcp", "negotiated")
    return Port(
        item["name"],
        item["name"],
        given if fixed else None,
        _length(address["mask"]) if fixed and address else 0,
        dhcp,
        # IOS installs the default route of a lease by itself, with distance 254 (recall)
        dhcp,
        not block.one("shutdown"),
        None,
        None if side is None else ("inside" if side["side"] == "inside" else "outside"),
        bound["map"] if bound else None,
        tuple((line["address"], _length(line["mask"])) for line in block.find("secondary")),
        int(mtu["value"]) if mtu else 1500,
    )


def _ios_route(item: Item) -> Route:
    words = item["rest"].split()
    hop, port, metric = None, None, 1
    if words[0].count(".") == 3 and words[0][0].isdigit():
        hop = words.pop(0)
    else:
        port = words.pop(0)
        if words and words[0].count(".") == 3:
            hop = words.pop(0)
    if words and words[0].isdigit():
        metric = int(words[0])
    return Route(_network(item["net"], item["mask"]), hop, port, metric)


def _wildcard(address: str, wildcard: str) -> str:
    mask = int(ipaddress.IPv4Address(wildcard)) ^ 0xFFFFFFFF
    value = ipaddress.IPv4Address(int(ipaddress.IPv4Address(address)) & mask)
    try:
        return str(ipaddress.IPv4Network((int(value), str(ipaddress.IPv4Address(mask)))))
    except ValueError:
        return f"{value}&{ipaddress.IPv4Address(mask)}"


def _ios_address(words: _Words) -> str:
    word = words.next()
    if word == "any":
        return ANY
    if word == "host":
        return f"{words.next()}/32"
    return _wildcard(word, words.next())


def _ios_ports(words: _Words, protocol: str) -> list[Ports | None]:
    operator = words.peek()
    if operator not in names.OPERATORS:
        return [None]
    words.next()
    values = [words.next() for _ in range(2 if operator == "range" else 1)]
    while operator in ("eq", "neq") and (words.peek().isdigit() or words.peek() in {**_TCP, **_UDP}):
        values.append(words.next())  # several ports behind one `eq`: named lists only
    if operator == "eq":
        return [each for value in values for each in _port_ranges("eq", [value], protocol)]
    return [*_port_ranges(operator, values, protocol)]


def _ios_rules(entry: Item, extended: bool) -> list[Rule]:
    if entry["action"] == "remark":
        return []
    action: Action = "deny" if entry["action"] == "deny" else "permit"
    text = f"{action} {entry['rest']}"
    words = _Words(entry["rest"])
    if not extended:
        first = words.next()
        if first == "any":
            source = ANY
        elif first == "host":
            source = f"{words.next()}/32"
        else:
            source = _wildcard(first, words.next() if words.peek().count(".") == 3 else "0.0.0.0")
        return [Rule(action, "ip", source, other=tuple(words.rest()), text=text)]
    protocol = _protocol(words.next())
    source, source_ports = _ios_address(words), _ios_ports(words, protocol)
    destination, destination_ports = _ios_address(words), _ios_ports(words, protocol)
    rest = words.rest()
    icmp, rest = _icmp(rest) if protocol == "icmp" else (None, rest)
    return [
        Rule(action, protocol, source, low, destination, high, icmp, tuple(rest), text)
        for low, high in product(source_ports, destination_ports)
    ]


def _ios_nat(config: Block) -> Iterator[NatRule]:
    """Statics first; lists before route-maps, each by number and name (ios-nat-acl.md D4.2)."""
    pools = {item["name"]: item["rest"].split() for item in config.find("nat-pool")}
    maps = _route_maps(config)
    for item in config.find("nat-static"):
        yield from _ios_static(item, maps)
    rules = sorted(
        config.find("nat-rule"),
        key=lambda rule: (
            rule["by"] != "list",
            not rule["name"].isdigit(),
            int(rule["name"]) if rule["name"].isdigit() else 0,
            rule["name"],
        ),
    )
    for item in rules:
        if item["by"] == "list":
            when: tuple[Clause, ...] = (Clause("permit", (item["name"],)),)
        else:
            when = maps.get(item["name"], ())
            if not when:
                continue  # a route-map that is missing: taken as a list that is missing (recall)
        if item["interface"]:
            found: tuple[Pool, ...] = (Pool(item["interface"]),)
        else:
            bounds = pools.get(item["pool"])
            pool = _addresses(bounds[0], bounds[1], overload=bool(item["overload"])) if bounds else None
            found = (pool,) if pool else ()
        yield NatRule("dynamic", item.text, when=when, pools=found)


def _route_maps(config: Block) -> dict[str, tuple[Clause, ...]]:
    found: dict[str, list[tuple[int, Clause]]] = {}
    for item in config.find("route-map"):
        action: Action = "deny" if item["action"] == "deny" else "permit"
        addresses, interface = item.block.one("match-address"), item.block.one("match-interface")
        clause = Clause(
            action, tuple(addresses["acls"].split()) if addresses else (), interface["interface"] if interface else None
        )
        found.setdefault(item["name"], []).append((int(item["seq"]), clause))
    return {name: tuple(clause for _, clause in sorted(all_, key=lambda e: e[0])) for name, all_ in found.items()}


def _ios_static(item: Item, maps: dict[str, tuple[Clause, ...]]) -> Iterable[NatRule]:
    words = _Words(item["rest"])
    protocol = words.next() if words.peek() in ("tcp", "udp") else None
    local = words.next()
    if local == "network":
        return  # `static network`: the command line does not take it
    source_port = _port_number(words.next(), protocol) if protocol else None
    target = words.next()
    target = f"interface:{words.next()}" if target == "interface" else f"{target}/32"
    target_port = _port_number(words.next(), protocol) if protocol else None
    rest = words.rest()
    when = maps.get(rest[rest.index("route-map") + 1], ()) if "route-map" in rest else ()
    yield NatRule("static", item.text, None, None, f"{local}/32", when, target, (), protocol, source_port, target_port)


def _ios_timeouts(config: Block) -> Iterator[tuple[str, int]]:
    # ios-nat-acl.md D4.4
    given = {words[0]: words[1] for item in config.find("nat-translation") if (words := item["rest"].split())[1:]}
    for name, key, default in (
        ("tcp", "tcp-timeout", 86400),
        ("udp", "udp-timeout", 300),
        ("icmp", "icmp-timeout", 60),
        ("closed", "finrst-timeout", 60),
    ):
        value = given.get(key, "")
        yield name, int(value) if value.isdigit() else default
