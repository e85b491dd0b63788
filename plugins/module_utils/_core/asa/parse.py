# Copyright: The netvpn.dynamic_l2l contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""Running-config text of PIX/ASA 7.0 to 8.2 → :class:`AsaConfig`."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace

from ..acl import PORTS, AccessList, Address, Entry, read_ace
from ..algorithms import IkeProposal, Spelling
from ..config import ConfigLine, parse_tree, understood
from ..intent import DeadPeerDetection
from ..prefixes import ANY, Prefix, parse_address
from ..secret import MASKED, Secret
from .dialect import for_version
from .model import (
    AccessGroup,
    AsaConfig,
    Global,
    IkePolicy,
    Interface,
    MapEntry,
    Nat,
    Route,
    Static,
    TransformSet,
    TunnelGroup,
)

#: Lines that may change what happens to packets and that no model here understands.
_UNMODELLED = (
    "firewall transparent",
    "ip verify reverse-path",
    "alias",
    "aaa authentication match",
    "aaa authentication include",
    "aaa authorization match",
    "aaa authorization include",
    "router",
)


def parse(text: str) -> AsaConfig:
    """Read a running configuration (``show running-config`` or ``more system:running-config``).

    Lines that mean nothing here are passed over; a line that should mean something and is not understood is kept as
    opaque. Raises InputError for a release that is not supported.
    """
    config = AsaConfig()
    # asdm lines may follow ``: end``; comments begin with a colon.
    lines = [line for line in parse_tree(text) if not line.text.startswith(":")]
    for line in lines:
        if found := re.match(r"(?:PIX|ASA) Version (\S+)", line.text):
            config.version = found[1]
    spelling = for_version(config.version).spelling
    # ``name ADDRESS WORD [description …]``
    names = {words[2]: words[1] for line in lines if len(words := line.words) >= 3 and words[0] == "name"}
    config.names = names
    reader = _Reader(config, names, spelling)
    for line in lines:
        reader.take(line)
    reader.finish(lines)
    return config


class _Reader:
    """Dispatches each top-level line by its first words."""

    def __init__(self, config: AsaConfig, names: dict[str, str], spelling: Spelling) -> None:
        self.config = config
        self.names = names
        self.spelling = spelling
        self.policies: dict[int, dict[str, str]] = {}
        self.handlers: dict[tuple[str, ...], Callable[[ConfigLine, list[str]], None]] = {
            ("hostname",): self._hostname,
            ("interface",): self._interface,
            ("route",): self._route,
            ("access-list",): self._access_list,
            ("nat",): self._nat,
            ("global",): self._global,
            ("static",): self._static,
            ("nat-control",): self._nat_control,
            ("crypto", "ipsec", "transform-set"): self._transform_set,
            ("crypto", "map"): self._crypto_map,
            ("crypto", "dynamic-map"): self._dynamic_map,
            ("crypto", "isakmp"): lambda line, words: self._isakmp(line, words[1:]),
            ("isakmp",): self._isakmp,
            ("tunnel-group",): self._tunnel_group,
            ("access-group",): self._access_group,
            ("group-policy",): self._group_policy,
            ("same-security-traffic",): lambda _line, words: self.config.same_security.add(words[2]),
            ("management-access",): self._management_access,
            ("no", "sysopt", "connection"): self._sysopt,
        }

    def take(self, line: ConfigLine) -> None:
        words = line.words
        for length in (3, 2, 1):
            if handler := self.handlers.get(tuple(words[:length])):
                with understood(line):
                    handler(line, words)
                return
        if line.text.startswith(_UNMODELLED):
            self.config.unmodelled.append(line.text)

    def finish(self, lines: Sequence[ConfigLine]) -> None:
        for number, values in self.policies.items():
            self.config.policies[number] = _policy(number, values, self.spelling)
        self._find_other_users(lines)

    def _resolve(self, word: str) -> str:
        """An address that ``names`` may show as a name."""
        return self.names.get(word, word)

    def _prefix(self, address: str, mask: str) -> Prefix:
        return Prefix.from_mask(self._resolve(address), self._resolve(mask))

    def _hostname(self, _line: ConfigLine, words: list[str]) -> None:
        self.config.hostname = words[1]

    def _interface(self, line: ConfigLine, words: list[str]) -> None:
        found = Interface(name="", hardware=words[1])
        for child in line.children:
            match child.words:
                case ["nameif", name]:
                    found = replace(found, name=name)
                case ["ip", "address", ("dhcp" | "pppoe") as how, *rest]:
                    found = replace(found, dhcp=True, setroute="setroute" in rest, pppoe=how == "pppoe")
                case ["ip", "address", address, mask, *_rest]:
                    own = parse_address(self._resolve(address))
                    found = replace(found, prefix=self._prefix(address, mask), address=own)
                case ["security-level", level]:
                    found = replace(found, level=int(level))
                case ["shutdown"]:
                    found = replace(found, shutdown=True)
        if found.name:
            self.config.interfaces[found.name] = found

    def _route(self, _line: ConfigLine, words: list[str]) -> None:
        prefix = self._prefix(words[2], words[3])
        self.config.routes.append((prefix, words[1]))
        metric = int(words[5]) if words[5:6] and words[5].isdecimal() else 1
        # A ``tunneled`` route is for what comes out of tunnels alone.
        if "tunneled" not in words:
            gateway = self._resolve("".join(words[4:5]))
            self.config.static_routes.append(Route(words[1], prefix, gateway, metric, "track" in words))

    def _access_list(self, line: ConfigLine, words: list[str]) -> None:
        name = words[1]
        known = self.config.access_lists.get(name, AccessList(name))
        entry = parse_entry(line.text.split(None, 2)[2], self._resolve)
        self.config.access_lists[name] = replace(known, entries=(*known.entries, entry))

    def _nat(self, line: ConfigLine, words: list[str]) -> None:
        interface, number = words[1].strip("()"), words[2]
        # ``0 0`` behind it: no limit of connections, which is the default and is shown by no release from 7.0 on.
        if words[-2:] == ["0", "0"] and len(words) > 5:
            words = words[:-2]
        match words[3:]:
            case ["access-list", acl] if number == "0":
                self.config.exemptions[interface] = acl
            case ["access-list", acl, *tail] if number.isdecimal():
                self.config.nats.append(Nat(interface, int(number), acl=acl, tail=" ".join(tail)))
            case [address, mask, *tail] if number.isdecimal():
                prefix = self._prefix(address, mask)
                self.config.nats.append(Nat(interface, int(number), prefix=prefix, tail=" ".join(tail)))
            case _:
                self.config.statics.append(line.text)

    def _global(self, _line: ConfigLine, words: list[str]) -> None:
        self.config.globals.append(Global(words[1].strip("()"), int(words[2]), " ".join(words[3:])))

    def _static(self, line: ConfigLine, _words: list[str]) -> None:
        self.config.statics.append(line.text)

    def _nat_control(self, _line: ConfigLine, _words: list[str]) -> None:
        self.config.nat_control = True

    def _transform_set(self, _line: ConfigLine, words: list[str]) -> None:
        # ``transform-set X mode transport`` is a second line of a set that is not for tunnels.
        known = self.config.transform_sets.get(words[3])
        self.config.transform_sets[words[3]] = TransformSet(words[3], (*(known.words if known else ()), *words[4:]))

    def _crypto_map(self, _line: ConfigLine, words: list[str]) -> None:
        name = words[2]
        if words[3] == "interface":
            self.config.bindings[words[4]] = name
            return
        if not words[3].isdecimal():
            return
        self._map_entry(self.config.entries, words)

    def _dynamic_map(self, _line: ConfigLine, words: list[str]) -> None:
        self._map_entry(self.config.dynamic_entries, words)

    def _map_entry(self, table: dict[tuple[str, int], MapEntry], words: list[str]) -> None:
        key = (words[2], int(words[3]))
        entry = table.get(key, MapEntry(*key))
        match words[4:]:
            case ["match", "address", acl]:
                entry = replace(entry, acl=acl)
            case ["set", "peer", *peers]:
                entry = replace(entry, peers=(*entry.peers, *map(self._resolve, peers)))
            case ["set", "transform-set", *sets]:
                entry = replace(entry, transform_sets=(*entry.transform_sets, *sets))
            case ["set", "pfs", *group]:
                # A bare ``set pfs`` is group 2 before 9.13 and shown so.
                entry = replace(entry, pfs=group[0] if group else "group2")
            case ["set", "security-association", "lifetime", *pairs]:
                values = dict(zip(pairs[::2], pairs[1::2], strict=False))
                entry = replace(
                    entry,
                    seconds=int(values["seconds"]) if "seconds" in values else entry.seconds,
                    kilobytes=int(values["kilobytes"]) if "kilobytes" in values else entry.kilobytes,
                )
            case ["ipsec-isakmp", "dynamic", dynamic]:
                entry = replace(entry, dynamic=dynamic)
            case others:
                entry = replace(entry, others=(*entry.others, " ".join(others)))
        table[key] = entry

    def _access_group(self, line: ConfigLine, words: list[str]) -> None:
        match words[1:]:
            case [acl, ("in" | "out") as direction, "interface", interface]:
                self.config.access_groups.append(AccessGroup(acl, direction, interface))
            case _:
                # ``per-user-override``, ``control-plane``
                self.config.unmodelled.append(line.text)

    def _group_policy(self, line: ConfigLine, words: list[str]) -> None:
        for child in line.children:
            match child.words:
                case ["vpn-filter", "value", acl]:
                    self.config.vpn_filters[words[1]] = acl
                case ["vpn-filter", "none"]:
                    self.config.vpn_filters[words[1]] = ""
                case ["vpn-idle-timeout", value]:
                    self.config.idle_timeouts[words[1]] = value

    def _management_access(self, _line: ConfigLine, words: list[str]) -> None:
        self.config.management_access = words[1]

    def _sysopt(self, _line: ConfigLine, words: list[str]) -> None:
        # ``permit-ipsec`` before 7.1
        if words[3:4] in (["permit-vpn"], ["permit-ipsec"]):
            self.config.permit_vpn = False

    def _isakmp(self, line: ConfigLine, words: list[str]) -> None:
        match words[1:]:
            case ["enable", interface]:
                self.config.enabled.append(interface)
            case ["identity", *kind]:
                self.config.identity = " ".join(kind)
            case ["policy", number]:
                self.policies.setdefault(int(number), {}).update(_attribute(child.text) for child in line.children)
            case ["policy", number, attribute, value]:
                self.policies.setdefault(int(number), {})[attribute] = value

    def _tunnel_group(self, line: ConfigLine, words: list[str]) -> None:
        name = self._resolve(words[1])
        group = self.config.groups.get(name, TunnelGroup(name))
        if words[2] == "type":
            group = replace(group, type=words[3])
        for child in line.children:
            match child.words:
                case ["pre-shared-key", key] if set(key) == {"*"}:
                    group = replace(group, key=MASKED)
                case ["pre-shared-key", key]:
                    group = replace(group, key=Secret(key))
                case ["isakmp", "keepalive", "threshold", interval, "retry", retry]:
                    group = replace(group, dpd=DeadPeerDetection(int(interval), int(retry)))
                case _:
                    group = replace(group, others=(*group.others, (words[2], child.text)))
        self.config.groups[name] = group

    def _find_other_users(self, lines: Sequence[ConfigLine]) -> None:
        """Which lines outside crypto maps and ``nat`` use a list or a set: it is not only ours then."""
        wanted = {*self.config.access_lists, *self.config.transform_sets}
        own = ("access-list", "nat", "crypto map", "crypto ipsec transform-set")
        for line in lines:
            for row in (line, *line.children):
                if line.text.startswith(own) or row.text.startswith(("remark", "description")):
                    continue
                for word in wanted.intersection(row.words[1:]):
                    self.config.other_users.setdefault(word, []).append(row.text)


def parse_static(text: str, names: Mapping[str, str]) -> Static | None:
    """``static (inside,outside) [tcp|udp] MAPPED [PORT] {REAL [PORT] [netmask MASK] | access-list ACL} …``.

    None for a line that is not understood.
    """
    words = text.split()
    interfaces = re.fullmatch(r"\((\S+),(\S+)\)", words[1]) if len(words) > 4 and words[0] == "static" else None
    if interfaces is None:
        return None
    protocol = words[2] if words[2] in ("tcp", "udp") else None
    rest = words[3:] if protocol else words[2:]
    try:
        mapped_word, rest = rest[0], rest[1:]
        mapped_port, rest = (_port(rest[0]), rest[1:]) if protocol else (None, rest)
        base = Static(interfaces[1], interfaces[2], None, protocol=protocol, mapped_port=mapped_port)
        if rest[0] == "access-list":
            mapped = (
                None if mapped_word == "interface" else Prefix(parse_address(names.get(mapped_word, mapped_word)), 32)
            )
            return replace(base, mapped=mapped, acl=rest[1])
        real_word, rest = rest[0], rest[1:]
        real_port, rest = (_port(rest[0]), rest[1:]) if protocol else (None, rest)
        mask = rest[1] if rest[:1] == ["netmask"] else "255.255.255.255"
        real = Prefix.from_mask(names.get(real_word, real_word), mask)
        mapped = None if mapped_word == "interface" else Prefix.from_mask(names.get(mapped_word, mapped_word), mask)
    except (ValueError, IndexError):
        return None
    # The source of a policy static is the list's; only hosts and networks of one size are translated one to one.
    return replace(base, mapped=mapped, real=real, real_port=real_port)


def _port(word: str) -> int:
    return PORTS[word] if word in PORTS else int(word)


def _attribute(text: str) -> tuple[str, str]:
    """``encryption aes-256`` → ``("encryption", "aes-256")``."""
    name, _blank, value = text.partition(" ")
    return name, value


def _policy(number: int, values: dict[str, str], spelling: Spelling) -> IkePolicy:
    """Defaults where a line is missing: 3des, sha, group 2, 86400 (7.x shows all five lines)."""
    lines = tuple(f"{key} {value}" for key, value in values.items())
    encryption = spelling.read_ike(values.get("encryption", "3des").split())
    group = values.get("group", "2")
    understood = values.get("authentication") == "pre-share" and encryption is not None and group.isdecimal()
    if not understood or encryption is None:
        return IkePolicy(number, None, lines)
    proposal = IkeProposal(encryption, values.get("hash", "sha"), int(group), int(values.get("lifetime", "86400")))
    return IkePolicy(number, proposal, lines)


def parse_entry(text: str, resolve: Callable[[str], str] = lambda word: word) -> Entry:
    """What stands behind ``access-list NAME``: ``[line N] [extended] permit ip any host 10.1.1.1 log``."""
    body = re.sub(r"^(line \d+ )?(extended )?", "", text.strip())

    def take_address(words: list[str]) -> tuple[Address, list[str]]:
        match words:
            case ["any" | "any4", *rest]:
                return Address(ANY), rest
            case ["host", host, *rest]:
                return Address(Prefix(parse_address(resolve(host)), 32)), rest
            case [("object" | "object-group" | "interface") as kind, name, *rest]:
                return Address(opaque=f"{kind} {name}"), rest
            case [address, mask, *rest]:
                return Address(Prefix.from_mask(resolve(address), resolve(mask))), rest
        raise ValueError("no address")

    return read_ace(body, take_address)
