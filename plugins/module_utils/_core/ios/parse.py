# Copyright: The netvpn.dynamic_l2l contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""Running-config text of IOS 12.4 → :class:`IosConfig`."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import replace

from ..acl import AccessList, Ace, Address, Entry, Opaque, Remark, read_ace
from ..algorithms import IkeProposal
from ..config import ConfigLine, parse_tree, understood
from ..errors import ReadError
from ..intent import DeadPeerDetection
from ..prefixes import ANY, Prefix, longest_match, parse_address
from ..secret import Secret
from .dialect import Dialect, for_version
from .model import (
    DynamicEntry,
    IkePolicy,
    Interface,
    IosConfig,
    IsakmpKey,
    MapEntry,
    NatRule,
    Route,
    RouteMapEntry,
    StaticNat,
    TransformSet,
)

#: Lines that may change what happens to packets and that no model here understands.
_UNMODELLED = (
    "crypto isakmp profile",
    "crypto keyring",
    "crypto isakmp client configuration group",
    "ip local policy route-map",
    "ip inspect name",
    "zone-pair security",
    "router",
    "no ip routing",
)

#: The same on an interface.
_UNMODELLED_ON_INTERFACE = (
    "zone-member security",
    "vrf forwarding",
    "ip vrf forwarding",
    "ip inspect",
    "ip verify unicast",
    "ip policy route-map",
    "ip nat enable",
    "crypto ipsec client ezvpn",
    "tunnel ",
    "bridge-group",
    "ip unnumbered",
    "ip auth-proxy",
    "ip admission",
    "ip ips",
)


def parse(text: str, access_lists: str = "") -> IosConfig:
    """Read a running configuration, and the sequence numbers out of ``show access-lists``.

    Lines that mean nothing here are passed over. Raises InputError for a release that is not supported, ReadError when
    the two texts do not show the same lists.
    """
    config = IosConfig()
    lines = parse_tree(text, banner_blocks=True)
    for line in lines:
        if line.text.startswith("version "):
            config.version = line.words[1]
    reader = _Reader(config, for_version(config.version))
    for line in lines:
        reader.take(line)
    reader.finish(lines)
    if access_lists:
        _number(config, access_lists)
    return config


class _Reader:
    """Dispatches each top-level line by its first words."""

    def __init__(self, config: IosConfig, dialect: Dialect) -> None:
        self.config = config
        self.dialect = dialect
        self.handlers: dict[tuple[str, ...], Callable[[ConfigLine, list[str]], None]] = {
            ("hostname",): self._hostname,
            ("interface",): self._interface,
            ("ip", "route"): self._route,
            ("access-list",): self._numbered_list,
            ("ip", "access-list"): self._named_list,
            ("ip", "nat"): self._nat,
            ("route-map",): self._route_map,
            ("crypto", "isakmp", "policy"): self._policy,
            ("crypto", "isakmp", "key"): self._key,
            ("crypto", "isakmp", "keepalive"): self._keepalive,
            ("crypto", "isakmp", "identity"): self._identity,
            ("crypto", "ipsec", "transform-set"): self._transform_set,
            ("crypto", "dynamic-map"): self._dynamic_map,
            ("crypto", "map"): self._crypto_map,
        }

    def take(self, line: ConfigLine) -> None:
        words = line.words
        for length in (3, 2, 1):
            if handler := self.handlers.get(tuple(words[:length])):
                with understood(line):
                    handler(line, words)
                return
        if line.text == "no crypto isakmp enable":
            self.config.isakmp_disabled = True
        elif line.text.startswith(_UNMODELLED):
            self.config.unmodelled.append(line.text)

    def finish(self, lines: Sequence[ConfigLine]) -> None:
        """What needs the whole text: interfaces behind next hops, and who else uses a list."""
        config = self.config
        table = config.routing_table()
        names = set(config.interfaces)
        config.routes = [
            (prefix, via if via in names else found)
            for prefix, via in config.routes
            if via in names or (found := _interface_of(via, table))
        ]
        wanted = {*config.access_lists, *config.transform_sets}
        own = (
            "access-list",
            "ip access-list",
            "ip nat inside source list",
            "crypto ipsec transform-set",
            "crypto dynamic-map",
        )
        for line in lines:
            for row in (line, *line.children):
                inside = line.text.startswith(own) or row.text.startswith(("remark", "description", "match address"))
                # ``match ip address`` of a route map that no translation uses is somebody else's too.
                if inside:
                    continue
                for word in wanted.intersection(row.words[1:]):
                    config.other_users.setdefault(word, []).append(row.text)

    def _hostname(self, _line: ConfigLine, words: list[str]) -> None:
        self.config.hostname = words[1]

    def _interface(self, line: ConfigLine, words: list[str]) -> None:
        found = Interface("".join(words[1:2]))
        for child in line.children:
            match child.words:
                case ["ip", "address", address, mask, *_rest] if address[0].isdigit():
                    prefixes = (*found.prefixes, Prefix.from_mask(address, mask))
                    found = replace(found, prefixes=prefixes, addresses=(*found.addresses, parse_address(address)))
                case ["ip", "nat", ("inside" | "outside") as role]:
                    found = replace(found, nat=role)
                case ["crypto", "map", name, *_options]:
                    found = replace(found, crypto_map=name)
                case ["ip", "address", ("dhcp" | "negotiated"), *_rest]:
                    found = replace(found, leased=True)
                case ["shutdown"]:
                    found = replace(found, shutdown=True)
                case ["ip", "access-group", name, "in"]:
                    found = replace(found, access_in=name)
                case ["ip", "access-group", name, "out"]:
                    found = replace(found, access_out=name)
            if child.text.startswith(_UNMODELLED_ON_INTERFACE):
                found = replace(found, unmodelled=(*found.unmodelled, child.text))
                match child.words:
                    case ["zone-member", "security", zone]:
                        found = replace(found, zone=zone)
                    case [*_head, "forwarding", vrf]:
                        found = replace(found, vrf=vrf)
        self.config.interfaces[found.name] = found

    def _route(self, _line: ConfigLine, words: list[str]) -> None:
        try:
            prefix = Prefix.from_mask(words[2], words[3])
            self.config.routes.append((prefix, words[4]))
            self.config.static_routes.append(Route(prefix, words[4], _distance(words[5:]), "track" in words[5:]))
        except (ValueError, IndexError):
            # ``ip route vrf …``: not the table that our packets take.
            return

    def _append(self, name: str, entry: Entry) -> None:
        known = self.config.access_lists.get(name, AccessList(name))
        self.config.access_lists[name] = replace(known, entries=(*known.entries, entry))

    def _numbered_list(self, line: ConfigLine, words: list[str]) -> None:
        name = words[1]
        standard = _is_standard(name)
        if standard:
            self.config.standard_lists.add(name)
        self._append(name, parse_entry(line.text.split(None, 2)[2], standard=standard))

    def _named_list(self, line: ConfigLine, words: list[str]) -> None:
        kind, name = words[2], words[3]
        if kind == "standard":
            self.config.standard_lists.add(name)
        self.config.access_lists.setdefault(name, AccessList(name))
        for child in line.children:
            # Releases from 16.12 on show sequence numbers here.
            body = re.sub(r"^\d+ ", "", child.text)
            self._append(name, parse_entry(body, standard=kind == "standard"))

    def _nat(self, line: ConfigLine, words: list[str]) -> None:
        match words[2:]:
            case ["inside", "source", ("list" | "route-map") as kind, name, *target]:
                self.config.nat_rules.append(NatRule(kind, name, " ".join(target)))
            case ["pool", name, first, last, *_mask] if first[0].isdigit():
                self.config.pools[name] = (parse_address(first), parse_address(last))
                self.config.statics.append(line.text)
            case _:
                self.config.statics.append(line.text)

    def _route_map(self, line: ConfigLine, words: list[str]) -> None:
        known = self.config.route_maps.get(words[1], ())
        lists = [
            name
            for child in line.children
            if words[2:3] == ["permit"] and child.text.startswith("match ip address ")
            for name in child.words[3:]
        ]
        self.config.route_maps[words[1]] = (*known, *lists)
        action, sequence = "".join(words[2:3]) or "permit", int("".join(words[3:4]) or "10")
        found = RouteMapEntry(action, sequence)
        for child in line.children:
            match child.words:
                case ["match", "ip", "address", *names] if "prefix-list" not in names:
                    found = replace(found, lists=(*found.lists, *names))
                case ["match", "interface", *names]:
                    found = replace(found, interfaces=(*found.interfaces, *names))
                case ["match", *_what]:
                    found = replace(found, others=(*found.others, child.text))
        entries = (*self.config.route_map_entries.get(words[1], ()), found)
        self.config.route_map_entries[words[1]] = tuple(sorted(entries, key=lambda entry: entry.sequence))

    def _policy(self, line: ConfigLine, words: list[str]) -> None:
        default = self.dialect.default_policy
        values = dict(child.text.split(None, 1) for child in line.children if " " in child.text)
        encryption = values.get("encr", values.get("encryption"))
        word = default.encryption if encryption is None else self.dialect.spelling.read_ike(encryption.split())
        lines = tuple(child.text for child in line.children)
        proposal = None
        group = values.get("group", str(default.group))
        if word and values.get("authentication") == "pre-share" and group.isdecimal():
            lifetime = int(values.get("lifetime", default.lifetime or 86400))
            proposal = IkeProposal(word, values.get("hash", default.hash), int(group), lifetime)
        self.config.policies[int(words[3])] = IkePolicy(int(words[3]), proposal, lines)

    def _key(self, line: ConfigLine, words: list[str]) -> None:
        """``crypto isakmp key [0|6] KEY address A [M] [no-xauth]``; from 15.2 on the wildcard has no mask."""
        rest = words[3:]
        encrypted = False
        # ``6 KEY address``: the number is the key's form, unless it is the key itself.
        if rest[0] in ("0", "6") and rest[2:3] == ["address"]:
            encrypted, rest = rest[0] == "6", rest[1:]
        if rest[1:2] != ["address"] or not rest[2][0].isdigit() or ":" in rest[2]:
            self.config.statics.append("crypto isakmp key (not by IPv4 address)")
            return
        address, tail = rest[2], rest[3:]
        mask = "0.0.0.0" if address == "0.0.0.0" else "255.255.255.255"
        if tail and tail[0][0].isdigit():
            mask, tail = tail[0], tail[1:]
        # An encrypted key is not known, but can be taken out and put back as it is shown.
        # Stars are what this collection puts for a key that may not be shown (exposed.py).
        key = Secret(f"6 {rest[0]}", known=False) if encrypted else Secret(rest[0], known=set(rest[0]) != {"*"})
        self.config.keys.append(IsakmpKey(Prefix.from_mask(address, mask), key, " ".join(tail)))

    def _identity(self, _line: ConfigLine, words: list[str]) -> None:
        self.config.identity = words[3]

    def _keepalive(self, _line: ConfigLine, words: list[str]) -> None:
        # The default retry, 2 seconds, is not shown.
        retry = int(words[4]) if words[4:5] and words[4].isdecimal() else 2
        self.config.keepalive = DeadPeerDetection(int(words[3]), retry)

    def _transform_set(self, line: ConfigLine, words: list[str]) -> None:
        lines = tuple(child.text for child in line.children)
        self.config.transform_sets[words[3]] = TransformSet(words[3], tuple(words[4:]), lines)

    def _dynamic_map(self, line: ConfigLine, words: list[str]) -> None:
        entry = DynamicEntry(words[2], int(words[3]))
        for child in line.children:
            match child.words:
                case ["set", "transform-set", *sets]:
                    entry = replace(entry, transform_sets=tuple(sets))
                case ["match", "address", acl]:
                    entry = replace(entry, acl=acl)
                case ["set", "pfs", *group]:
                    # A bare ``set pfs`` is group 1.
                    entry = replace(entry, pfs=group[0] if group else "group1")
                case ["set", "security-association", "lifetime", "seconds", value]:
                    entry = replace(entry, seconds=int(value))
                case ["set", "security-association", "lifetime", "kilobytes", value] if value.isdecimal():
                    entry = replace(entry, kilobytes=int(value))
                case _:
                    entry = replace(entry, others=(*entry.others, child.text))
        self.config.dynamic_entries[(entry.map, entry.sequence)] = entry

    def _crypto_map(self, line: ConfigLine, words: list[str]) -> None:
        if not words[3].isdecimal():
            return
        dynamic = words[6] if words[4:6] == ["ipsec-isakmp", "dynamic"] else None
        lines = tuple(child.text for child in line.children)
        entry = MapEntry(words[2], int(words[3]), dynamic, " ".join(words), lines)
        self.config.entries[(entry.map, entry.sequence)] = entry


def _interface_of(hop: str, table: Sequence[tuple[Prefix, str]]) -> str:
    try:
        return longest_match(parse_address(hop), [row for row in table if not row[1][0].isdigit()]) or ""
    except ValueError:
        return ""


def _distance(words: Sequence[str]) -> int:
    """The administrative distance behind ``ip route NETWORK MASK VIA``: the first number; 1 is not shown."""
    for word in words:
        if word in ("name", "tag", "track", "permanent"):
            break
        if word.isdecimal():
            return int(word)
    return 1


def parse_static_nat(text: str) -> StaticNat | None:
    """``ip nat inside source static [network|tcp|udp] LOCAL [PORT] {OUTER|interface IF} [PORT] [MASK] [route-map RM] …``.

    None for a line that is not understood.
    """
    words = text.split()
    if words[:5] != ["ip", "nat", "inside", "source", "static"] or "vrf" in words or "redundancy" in words:
        return None
    rest = words[5:]
    kind = rest.pop(0) if rest and rest[0] in ("tcp", "udp", "network") else ""
    protocol = kind if kind in ("tcp", "udp") else None
    try:
        local = parse_address(rest.pop(0))
        local_port = int(rest.pop(0)) if protocol else None
        interface = ""
        outer = None
        if rest[0] == "interface":
            interface, rest = rest[1], rest[2:]
        else:
            outer = parse_address(rest.pop(0))
        outer_port = int(rest.pop(0)) if protocol else None
        length = 32
        if kind == "network":
            word = rest.pop(0)
            length = int(word[1:]) if word.startswith("/") else Prefix.from_mask("0.0.0.0", word).length
        route_map = rest[rest.index("route-map") + 1] if "route-map" in rest else None
    except (ValueError, IndexError):
        return None
    mask = 0xFFFFFFFF << (32 - length) & 0xFFFFFFFF
    return StaticNat(
        Prefix(local & mask, length),
        None if outer is None else Prefix(outer & mask, length),
        interface,
        protocol,
        local_port,
        outer_port,
        route_map,
    )


def _is_standard(number: str) -> bool:
    return number.isdecimal() and (int(number) < 100 or 1300 <= int(number) < 2000)


def parse_entry(text: str, *, standard: bool = False) -> Entry:
    """An entry as it stands behind ``access-list N`` or in a list's block: ``deny ip host 10.2.1.5 any log``.

    A standard entry matches sources only; it is read as ``ip SOURCE any``.
    """
    if standard:
        words = text.split()
        if words[0] not in ("permit", "deny"):
            return Remark(text.split("remark", 1)[1].strip()) if words[0] == "remark" else Opaque(text)
        try:
            source, rest = _take_address(words[1:] if len(words) > 2 or words[1] == "any" else ["host", *words[1:]])
        except (ValueError, IndexError):
            return Opaque(text)
        return Ace(words[0], source, Address(ANY), options=tuple(rest))
    return read_ace(" ".join(text.split()) if not text.startswith("remark") else text, _take_address)


def _take_address(words: list[str]) -> tuple[Address, list[str]]:
    match words:
        case ["any", *rest]:
            return Address(ANY), rest
        case ["host", host, *rest]:
            return Address(Prefix(parse_address(host), 32)), rest
        case ["object-group", name, *rest]:
            return Address(opaque=f"object-group {name}"), rest
        case [address, wildcard, *rest]:
            parse_address(address)
            try:
                return Address(Prefix.from_wildcard(address, wildcard)), rest
            except ValueError:
                # A wildcard with holes is legal; we only know that it matches something.
                parse_address(wildcard)
                return Address(opaque=f"{address} {wildcard}"), rest
    raise ValueError("no address")


def _number(config: IosConfig, text: str) -> None:
    """Put the numbers of ``show access-lists`` on the entries; remarks are not shown there and get 0."""
    name = ""
    numbers: dict[str, list[int]] = {}
    for row in text.splitlines():
        if head := re.match(r"(?:Extended|Standard) IP access list (\S+)", row):
            name = head[1]
            numbers[name] = []
        elif name and (found := re.match(r" +(\d+) (permit|deny|dynamic|evaluate)\b", row)):
            numbers[name].append(int(found[1]))
    for name, access_list in config.access_lists.items():
        if name in config.standard_lists:
            # Standard lists are shown in another order than they were typed; we never edit them.
            continue
        shown = iter(numbers.get(name, ()))
        matching = [entry for entry in access_list.entries if not isinstance(entry, Remark)]
        if len(matching) != len(numbers.get(name, ())):
            raise ReadError(
                f"the running configuration and 'show access-lists' differ on list {name} "
                f"({len(matching)} and {len(numbers.get(name, ()))} entries): somebody is changing it. Run again."
            )
        in_order = tuple(0 if isinstance(entry, Remark) else next(shown) for entry in access_list.entries)
        config.access_lists[name] = replace(access_list, numbers=in_order)
