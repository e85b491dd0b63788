# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: The netvpn.dynamic_l2l contributors
"""Rules of access lists as text of nftables."""

from __future__ import annotations

import zlib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from .reading import ANY, Ports, Rule, protocol_number

# An interface's address, by the interface's name, with the length of its network
Addresses = Mapping[str, tuple[str, int]]
# Options of an entry that change nothing of what it matches
_SILENT = ("log", "log-input", "disable", "default", "interval", "time-range")


@dataclass
class Chain:
    """A chain. `hook`: a base chain's `type ... hook ... priority ...;` line."""

    name: str
    rules: list[str] = field(default_factory=list)
    hook: str = ""

    def add(self, *words: str) -> None:
        """A rule, from its parts; empty ones fall out."""
        self.rules.append(" ".join(word for word in words if word))


def script(table: str, chains: Iterable[Chain]) -> str:
    """A script that puts this table in the place of the one before it, in one transaction."""
    lines = [f"table ip {table} {{}}", f"delete table ip {table}", f"table ip {table} {{"]
    for chain in chains:
        lines.append(f"\tchain {chain.name} {{")
        lines += [f"\t\t{chain.hook}"] if chain.hook else []
        lines += [f"\t\t{rule}" for rule in chain.rules]
        lines.append("\t}")
    return "\n".join([*lines, "}", ""])


def mark_of(line: str) -> int:
    """The number by which connections remember the line of the configuration that translated them."""
    return (zlib.crc32(line.encode()) & 0x7FFFFFFF) or 1


def note(text: str) -> str:
    """A comment of a rule."""
    return 'comment "' + text.replace('"', "'")[:120] + '"'


def names(interfaces: Iterable[str]) -> str:
    """One or several interfaces, for `iifname` and `oifname`."""
    quoted = [f'"{name}"' for name in interfaces]
    return quoted[0] if len(quoted) == 1 else "{ " + ", ".join(quoted) + " }"


def span(ports: Ports) -> str:
    """A range of ports."""
    return str(ports[0]) if ports[0] == ports[1] else f"{ports[0]}-{ports[1]}"


def resolve(address: str, addresses: Addresses) -> str | None:
    """An address of a rule, with that of an interface in the place of its name; None: it has none."""
    if not address.startswith("interface:"):
        return address
    found = addresses.get(address.partition(":")[2])
    return f"{found[0]}/32" if found else None


def _side(word: str, address: str) -> str:
    if address == ANY:
        return ""
    value, holes, mask = address.partition("&")
    if holes:
        return f"ip {word} & {mask} == {value}"
    return f"ip {word} {address.removesuffix('/32')}"


def match(rule: Rule, addresses: Addresses, *, reverse: bool = False) -> str | None:
    """What a packet must be for an entry to apply; None: no packet is. `reverse`: for the packets of the way back."""
    source, destination = resolve(rule.source, addresses), resolve(rule.destination, addresses)
    if source is None or destination is None:
        return None
    words = []
    for option, before in zip(rule.other, ("", *rule.other), strict=False):
        if option == "established" and rule.protocol == "tcp":
            words.append("tcp flags & (ack | rst) != 0x0")
        elif option not in _SILENT and before not in ("interval", "time-range", "log"):
            return None  # an option that is not emulated: the entry matches nothing
    source_ports, destination_ports = rule.source_ports, rule.destination_ports
    if reverse:
        source, destination = destination, source
        source_ports, destination_ports = destination_ports, source_ports
    parts = [_side("saddr", source), _side("daddr", destination)]
    if rule.protocol in ("tcp", "udp"):
        parts += [f"{rule.protocol} sport {span(source_ports)}"] if source_ports else []
        parts += [f"{rule.protocol} dport {span(destination_ports)}"] if destination_ports else []
        parts += [] if source_ports or destination_ports or words else [f"meta l4proto {rule.protocol}"]
    elif rule.protocol == "icmp" and rule.icmp:
        kind, code = rule.icmp
        parts += [f"icmp type {kind}"] + ([f"icmp code {code}"] if code is not None else [])
    elif rule.protocol != "ip":
        parts.append(f"meta l4proto {protocol_number(rule.protocol)}")
    return " ".join(part for part in [*parts, *words] if part)


def list_chain(name: str, rules: Iterable[Rule], addresses: Addresses, permit: str, deny: str = "drop") -> Chain:
    """The entries of a list in their order, the first that applies decides; what none permits is denied."""
    chain = Chain(name)
    for rule in rules:
        found = match(rule, addresses)
        if found is not None:
            chain.add(found, permit if rule.action == "permit" else deny)
    chain.add(deny)
    return chain


def addressed(rules: Iterable[Rule], protocol: str, port: int | None = None) -> list[Rule]:
    """The entries that apply to packets of this protocol (and port), with only their addresses left to be matched.

    ESP and IKE of the emulated devices are all in UDP 4500, whatever the devices would send.
    """
    found = []
    for rule in rules:
        if rule.protocol == "ip" or (
            rule.protocol == protocol and all(ports is None or _within(port, ports) for ports in _both(rule))
        ):
            found.append(Rule(rule.action, "ip", rule.source, None, rule.destination, None, None, rule.other))
    return found


def _both(rule: Rule) -> tuple[Ports | None, Ports | None]:
    return rule.source_ports, rule.destination_ports


def _within(port: int | None, ports: Ports) -> bool:
    return port is not None and ports[0] <= port <= ports[1]
