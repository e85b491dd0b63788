# Copyright: The netvpn.dynamic_l2l contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""A small IOS 12.4: takes lines, refuses what must not be sent, tells each packet's fate.

It shares no code with the core, so that it does not agree with the core's mistakes, and is stricter than a device.
"""

from __future__ import annotations

import copy
import re
from ipaddress import IPv4Network

from .asa_device import Refused
from .packets import Packet, first_match, holds, network

INVALID = "% Invalid input detected at '^' marker."


class IosDevice:
    """Loads a running configuration; then lines are typed one after the other."""

    def __init__(self, text: str) -> None:
        self.head: list[str] = []
        self.interfaces: dict[str, list[str]] = {}
        self.policies: dict[int, list[str]] = {}
        self.keys: list[tuple[str, str]] = []
        self.keepalive: str | None = None
        self.sets: dict[str, list[str]] = {}
        self.dynamic: dict[tuple[str, int], list[str]] = {}
        self.entries: dict[tuple[str, int], list[str]] = {}
        self.rules: list[str] = []
        self.statics: list[str] = []
        #: name → (number, text) of each entry; a remark has number 0
        self.acls: dict[str, list[tuple[int, str]]] = {}
        self.standard: set[str] = set()
        self.mode: tuple[str, ...] = ()
        self.resequenced = 0
        self._ways: dict[str, str | None] = {}
        self.loading = True
        for line in text.splitlines():
            self._load(line.rstrip())
        self.loading = False
        self.mode = ()

    def copy(self) -> IosDevice:
        """The same device, to be changed apart."""
        return copy.deepcopy(self)

    # --- lines ----------------------------------------------------------------------------------------------------

    def _load(self, line: str) -> None:
        if line.strip() in ("end", "!"):
            return
        if line.startswith(" ") and self.mode and self.mode != ("other",):
            if line.startswith(" no ") and self.mode[0] == "interface":
                self.interfaces[self.mode[1]].append(line.strip())
            else:
                self.type(line.strip())
            return
        self.mode = ()
        try:
            self.type(line)
        except Refused:
            self.mode = ("other",)
            self.head.append(line)

    def type(self, line: str) -> None:
        """One line in configuration mode; raises Refused."""
        words = line.split()
        negated = words[:1] == ["no"]
        if negated:
            words = words[1:]
        if words == ["exit"] and self.mode:
            self.mode = ()
            return
        if self._global_line(words, negated):
            return
        if not self.mode or self.mode == ("other",):
            raise Refused(INVALID)
        self._mode_line(words, negated)

    def _global_line(self, words: list[str], negated: bool) -> bool:
        match words:
            case ["interface", name] if not negated:
                if name not in self.interfaces and not self.loading:
                    raise Refused(INVALID)
                self.interfaces.setdefault(name, [])
                self.mode = ("interface", name)
            case ["crypto", "isakmp", "policy", number]:
                self._remove_or_enter(self.policies, int(number), negated, "policy")
            case ["crypto", "isakmp", "key", key, "address", *target]:
                self._key(key, " ".join(target), negated)
            case ["crypto", "isakmp", "keepalive", *values]:
                if negated and self.keepalive is None:
                    raise Refused(INVALID)
                self.keepalive = None if negated else " ".join(values)
                self.mode = ()
            case ["crypto", "ipsec", "transform-set", name, *transforms]:
                self._transform_set(name, " ".join(transforms), negated)
            case ["crypto", "dynamic-map", name, sequence]:
                last = [key for key in self.dynamic if key[0] == name] == [(name, int(sequence))]
                if negated and last and any(rows[0].split()[-1] == name for rows in self.entries.values()):
                    raise Refused(f"(model) dynamic map {name} is referred to")
                self._remove_or_enter(self.dynamic, (name, int(sequence)), negated, "dynamic")
            case ["crypto", "map", name, sequence, *kind] if sequence.isdecimal():
                self._crypto_map((name, int(sequence)), words, kind, negated)
            case ["ip", "nat", "inside", "source", ("list" | "route-map") as kind, name, *_target]:
                text = " ".join(words)
                if negated and text not in self.rules:
                    raise Refused("%Dynamic mapping not found")
                if negated:
                    self.rules.remove(text)
                else:
                    if text in self.rules or (not self.loading and kind == "list" and name not in self.acls):
                        raise Refused(f"(model) {text}: there already, or its list is missing")
                    self.rules.append(text)
                self.mode = ()
            case ["ip", "nat", "inside", "source", "static", *_rest] if not negated and self.loading:
                self.statics.append(" ".join(words))
            case ["ip", "access-list", "resequence", name, start, step]:
                self._resequence(name, int(start), int(step))
            case ["ip", "access-list", kind, name]:
                self._named_list(kind, name, negated)
            case ["access-list", name, *rest]:
                if negated and not rest:
                    self._named_list("extended", name, negated)
                    return True
                if not self.loading:
                    raise Refused("(model) a numbered list is edited in its block, never line by line")
                if int(name) < 100:
                    self.standard.add(name)
                self.mode = ("acl", name)
                self._entry(name, rest, negated)
            case _:
                return False
        return True

    def _remove_or_enter(self, table: dict, key: object, negated: bool, mode: str) -> None:
        if negated:
            if key not in table:
                raise Refused(INVALID)
            del table[key]
            self.mode = ()
            return
        table.setdefault(key, [])
        self.mode = (mode, *(map(str, key) if isinstance(key, tuple) else (str(key),)))

    def _key(self, key: str, target: str, negated: bool) -> None:
        self.mode = ()
        if negated:
            if (key, target) not in self.keys:
                raise Refused("% no such key")
            self.keys.remove((key, target))
            return
        if any(target == other for _key, other in self.keys):
            raise Refused(f"A pre-shared key for address mask {target} already exists!")
        self.keys.append((key, target))

    def _transform_set(self, name: str, text: str, negated: bool) -> None:
        if negated:
            rows = [row for table in (self.dynamic, self.entries) for entry in table.values() for row in entry]
            if any(row.startswith("set transform-set") and name in row.split() for row in rows):
                raise Refused(f"% transform set {name} is in use")
            if name not in self.sets:
                raise Refused(INVALID)
            del self.sets[name]
            self.mode = ()
            return
        if name in self.sets and not self.loading:
            raise Refused(f"(model) transform set {name} exists")
        self.sets[name] = [text]
        self.mode = ("set", name)

    def _crypto_map(self, key: tuple[str, int], words: list[str], kind: list[str], negated: bool) -> None:
        bound = any(f"crypto map {key[0]}" in rows for rows in self.interfaces.values())
        if negated:
            if key not in self.entries:
                raise Refused(INVALID)
            if bound and [other for other in self.entries if other[0] == key[0]] == [key]:
                raise Refused("(model) the last entry of a bound map goes")
            del self.entries[key]
            self.mode = ()
            return
        if kind[:2] == ["ipsec-isakmp", "dynamic"]:
            if not self.loading and (key in self.entries or not any(kind[2] == owner for owner, _s in self.dynamic)):
                raise Refused(f"(model) {' '.join(words)}: there already, or its dynamic map is missing")
            self.entries[key] = [" ".join(words)]
            self.mode = ()
            return
        if not self.loading:
            raise Refused("(model) we make no static entries")
        self.entries[key] = [" ".join(words)]
        self.mode = ("map", key[0], str(key[1]))

    def _named_list(self, kind: str, name: str, negated: bool) -> None:
        if negated:
            if name not in self.acls:
                raise Refused(INVALID)
            if self._users(name):
                raise Refused(f"(model) list {name} goes while it is used")
            del self.acls[name]
            self.mode = ()
            return
        if name in self.acls and (kind == "standard") != (name in self.standard):
            raise Refused("% A named list with this name and another type exists")
        if kind == "standard":
            self.standard.add(name)
        if name not in self.acls and self.loading:
            self.acls[name] = []
        self.mode = ("acl", name)

    def _users(self, name: str) -> list[str]:
        rows = [row for table in (self.dynamic, self.entries) for entry in table.values() for row in entry]
        rows += [row for entry in self.interfaces.values() for row in entry]
        rows += [" ".join(rule.split()[4:7]) for rule in self.rules]
        rows += [row for row in self.head if row.strip().startswith("match ip address")]
        users = ("match address", "list", "ip access-group", "match ip address")
        return [row for row in rows if name in row.split() and row.strip().startswith(users)]

    def _resequence(self, name: str, start: int, step: int) -> None:
        if name not in self.acls:
            raise Refused(INVALID)
        rows, number = [], start - step
        for old, text in self.acls[name]:
            number += step if old else 0
            rows.append((number if old else 0, text))
        self.acls[name] = rows
        self.resequenced += 1
        self.mode = ()

    def _mode_line(self, words: list[str], negated: bool) -> None:
        text = " ".join(words)
        if self.mode[0] == "acl":
            self._entry(self.mode[1], words, negated)
            return
        if self.mode[0] == "interface":
            rows = self.interfaces[self.mode[1]]
            if text.startswith("crypto map") and not self.loading:
                self._bind(rows, words[2], negated)
            single = ("ip nat", "crypto map")
        elif self.mode[0] == "policy":
            rows, single = self.policies[int(self.mode[1])], ("encr", "hash", "authentication", "group", "lifetime")
        elif self.mode[0] == "set":
            rows, single = self.sets[self.mode[1]], ("mode",)
        elif self.mode[0] == "dynamic":
            rows = self.dynamic[(self.mode[1], int(self.mode[2]))]
            single = ("set transform-set", "match address", "set pfs", "set security-association lifetime seconds",
                      "set security-association lifetime kilobytes")  # fmt: skip
            if not negated and not self.loading:
                self._check_references(words)
        else:
            rows, single = self.entries[(self.mode[1], int(self.mode[2]))], ()
        head = next((item for item in single if text.startswith(item)), text)
        same = [row for row in rows if row.startswith(head)]
        if negated:
            if not same:
                raise Refused(INVALID)
            rows.remove(same[0])
            return
        if not self.loading and head == text and text not in single:
            raise Refused(INVALID)
        if same:
            rows[rows.index(same[0])] = text
        else:
            rows.append(text)

    def _bind(self, rows: list[str], name: str, negated: bool) -> None:
        if not negated and any(row.startswith("crypto map") for row in rows):
            raise Refused("(model) an interface that has a map is bound again")
        if not negated and not any(owner == name for owner, _sequence in self.entries):
            raise Refused("ERROR: Crypto Map with tag does not exist.")

    def _check_references(self, words: list[str]) -> None:
        if words[:2] == ["set", "transform-set"] and not set(words[2:]) <= set(self.sets):
            raise Refused("ERROR: transform set does not exist")
        if words[:2] == ["match", "address"] and not self.acls.get(words[2]):
            raise Refused("(model) match address names a list that is missing")

    def _entry(self, name: str, words: list[str], negated: bool) -> None:
        rows = self.acls.get(name, [])
        number: int | None = None
        if words[0].isdecimal():
            number, words = int(words[0]), words[1:]
        text = " ".join(words)
        if words[0] not in ("permit", "deny", "remark", "evaluate"):
            raise Refused(INVALID)
        if negated:
            hits = [row for row in rows if row[1] == text]
            if not hits or number is not None:
                raise Refused("% Specified entry does not exist")
            if len([row for row in rows if row[0]]) == 1 and self._users(name):
                raise Refused(f"(model) the last entry of {name} goes while it is used")
            rows.remove(hits[0])
            return
        if words[0] == "remark":
            rows.append((0, text))
        else:
            if any(text == other for _n, other in rows):
                raise Refused("(model) the same entry twice")
            if number in [n for n, _text in rows]:
                raise Refused("% Duplicate sequence number")
            last = max((n for n, _text in rows), default=0)
            new = number or (last // 10 + 1) * 10
            # A remark belongs to the entry under it: the new entry goes above the remarks of its successor.
            at = next((i for i, (n, _text) in enumerate(rows) if n > new), len(rows))
            while at < len(rows) and at and rows[at - 1][0] == 0:
                at -= 1
            rows.insert(at, (new, text))
        self.acls[name] = rows

    # --- what it shows --------------------------------------------------------------------------------------------

    def text(self) -> str:
        """The running configuration."""
        rows = list(self.head)
        for number, lines in sorted(self.policies.items()):
            order = ("encr", "hash", "authentication", "group", "lifetime")
            rows += [f"crypto isakmp policy {number}"]
            rows += [f" {line}" for key in order for line in lines if line.startswith(key)]
        rows += [f"crypto isakmp key {key} address {target}" for key, target in self.keys]
        rows += [f"crypto isakmp keepalive {self.keepalive}"] if self.keepalive else []
        for name, lines in self.sets.items():
            rows += [f"crypto ipsec transform-set {name} {lines[0]}", *(f" {line}" for line in lines[1:])]
        for (name, sequence), lines in sorted(self.dynamic.items()):
            order = (
                "set security-association lifetime k",
                "set security-association lifetime s",
                "set tr",
                "set p",
                "m",
            )
            known = [line for key in order for line in lines if line.startswith(key)]
            rows += [f"crypto dynamic-map {name} {sequence}", *(f" {line}" for line in known)]
            rows += [f" {line}" for line in lines if line not in known]
        for _key, lines in sorted(self.entries.items()):
            rows += [lines[0], *(f" {line}" for line in lines[1:])]
        for name, lines in self.interfaces.items():
            rows += [f"interface {name}", *(f" {line}" for line in lines)]
        rows += [*self.rules, *self.statics]
        for name, entries in self.acls.items():
            shown = [re.sub(r"^deny ", "deny   ", text) for _number, text in entries]
            if name.isdecimal():
                rows += [f"access-list {name} {text}" for text in shown]
            else:
                kind = "standard" if name in self.standard else "extended"
                rows += [f"ip access-list {kind} {name}", *(f" {text}" for text in shown)]
        return "\n".join([*rows, "end"]) + "\n"

    def show_access_lists(self) -> str:
        """``show access-lists``: the numbers, without the remarks."""
        rows = []
        for name, entries in self.acls.items():
            rows.append(f"{'Standard' if name in self.standard else 'Extended'} IP access list {name}")
            rows += [f"    {number} {text}" for number, text in entries if number]
        return "\n".join(rows) + "\n"

    def state(self) -> list[str]:
        """The configuration without the order between objects (within a list, order counts, but for remarks)."""
        apart = copy.copy(self)
        apart.acls = {}
        lists = []
        for name, entries in self.acls.items():
            lists.append(f"{name}: {[text for number, text in entries if number]}")
            lists += [f"{name}: {text}" for number, text in entries if not number]
        return sorted([*(row for row in apart.text().splitlines() if row.strip(" !")), *lists])

    # --- what a packet meets --------------------------------------------------------------------------------------

    def connected(self) -> list[tuple[IPv4Network, str]]:
        """Connected networks and their interfaces."""
        found = []
        for name, rows in self.interfaces.items():
            for row in rows:
                words = row.split()
                if words[:2] == ["ip", "address"] and len(words) >= 4:
                    found.append((network(words[2], words[3]), name))
        return found

    def way(self, address: str) -> str | None:
        """The interface towards an address."""
        # Lines that are typed never touch addresses and routes.
        if address not in self._ways:
            table: list[tuple[IPv4Network, str | None]] = [*self.connected()]
            for row in self.head:
                words = row.split()
                if words[:2] == ["ip", "route"]:
                    via = next((name for net, name in self.connected() if holds(net, words[4])), None)
                    table.append((network(words[2], words[3]), via))
            hits = [(net.prefixlen, name) for net, name in table if holds(net, address)]
            self._ways[address] = max(hits, default=(0, None), key=lambda hit: hit[0])[1]
        return self._ways[address]

    def fate(self, packet: Packet) -> str:
        """What happens to a new flow's packet on its way out; see ``packets``."""
        home, out = self.way(packet.source), self.way(packet.destination)
        if home is None or out is None or home == out:
            return "D"
        fate = "T" if self._translated(packet, home, out) else "X"
        if fate == "T":
            packet = Packet("203.0.113.77", packet.destination)
        name = next((row.split()[2] for row in self.interfaces[out] if row.startswith("crypto map")), None)
        for (owner, _sequence), rows in sorted(self.entries.items()):
            if owner != name:
                continue
            if "dynamic" not in rows[0].split():
                peer = next((row.split()[2] for row in rows if row.startswith("set peer")), None)
                found = self._protected(
                    rows, packet, f"E {peer}", any(k[1] == peer or "0.0" in k[1] for k in self.keys)
                )
                if found:
                    return "N" if fate == "T" else found
                continue
            for (dynamic, _s), lines in sorted(self.dynamic.items()):
                if dynamic != rows[0].split()[-1]:
                    continue
                able = any(target.startswith("0.0.0.0 0.0.0.0") for _key, target in self.keys)
                found = self._protected(lines, packet, f"E {dynamic}", able)
                if found:
                    return "N" if fate == "T" else found
                if fate == "X" and not any(row.startswith("match address") for row in lines):
                    return "V" if self._complete(lines, able) else "X"
        return fate

    def _protected(self, rows: list[str], packet: Packet, fate: str, key: bool) -> str | None:
        acl = next((row.split()[2] for row in rows if row.startswith("match address")), None)
        entries = [text for _number, text in self.acls.get(acl or "", [])]
        if acl is None or first_match(entries, packet, wildcard=True) != "permit":
            return None
        return fate if self._complete(rows, key) else "D"

    def _complete(self, rows: list[str], key: bool) -> bool:
        """Whether an entry has what it needs to negotiate."""
        sets = next((row.split()[2:] for row in rows if row.startswith("set transform-set")), [])
        return bool(key and self.policies and sets and all(item in self.sets for item in sets))

    def _translated(self, packet: Packet, home: str, out: str) -> bool:
        if "ip nat inside" not in self.interfaces[home] or "ip nat outside" not in self.interfaces[out]:
            return False
        if any(packet.source in text.split() for text in self.statics):
            return True
        for rule in self.rules:
            name = rule.split()[5]
            if rule.split()[4] == "route-map":
                at = next(i for i, row in enumerate(self.head) if row.startswith(f"route-map {name} permit"))
                name = self.head[at + 1].split()[3]
            entries = [text for _number, text in self.acls.get(name, [])]
            if name in self.standard:
                entries = [f"{e.split()[0]} ip {' '.join(e.split()[1:])} any" for e in entries]
            if first_match(entries, packet, wildcard=True) == "permit":
                return True
        return False
