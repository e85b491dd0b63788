# Copyright: The netvpn.dynamic_l2l contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""A small PIX/ASA 7.0 to 8.2: takes lines, refuses what must not be sent, tells each packet's fate.

It shares no code with the core, so that it does not agree with the core's mistakes. It is stricter than a device:
whatever a plan should never do (a reference to something missing, the same entry twice, a bound map bound again) is
refused.
"""

from __future__ import annotations

import copy
import re
from collections.abc import Iterable
from ipaddress import IPv4Network

from .packets import Packet, first_match, holds, network


class Refused(Exception):
    """The device's answer to a line that it does not take."""


class AsaDevice:
    """Loads a running configuration; then lines are typed one after the other."""

    def __init__(self, text: str, secrets: dict[str, str] | None = None) -> None:
        self.head: list[str] = []
        self.tail: list[str] = []
        self.acls: dict[str, list[str]] = {}
        self.globals: list[str] = []
        self.nat0: dict[str, str] = {}
        self.nats: list[str] = []
        self.statics: list[str] = []
        self.sets: dict[str, str] = {}
        self.entries: dict[tuple[str, int], dict[str, list[str]]] = {}
        self.bindings: dict[str, str] = {}
        self.enabled: list[str] = []
        self.policies: dict[int, dict[str, str]] = {}
        self.groups: dict[str, dict[str, list[str]]] = {}
        self.mode: tuple[str, ...] = ()
        self.old = bool(re.search(r"^PIX Version 7\.[01]", text, re.MULTILINE))
        self._ways: dict[str, str | None] = {}
        self.loading = True
        for line in text.splitlines():
            self._load(line.rstrip())
        self.loading = False
        self.mode = ()
        self.own = self.addresses()
        for group, key in (secrets or {}).items():
            rows = self.groups[group]["ipsec-attributes"]
            self.groups[group]["ipsec-attributes"] = [
                f"pre-shared-key {key}" if row.startswith("pre-shared-key") else row for row in rows
            ]

    def copy(self) -> AsaDevice:
        """The same device, to be changed apart."""
        return copy.deepcopy(self)

    # --- lines ----------------------------------------------------------------------------------------------------

    def _load(self, line: str) -> None:
        if line in (": end",) or line.startswith(("Cryptochecksum", "prompt ")):
            self.tail.append(line)
            return
        if line.startswith(" ") and self.mode and self.mode[0] in ("policy", "group"):
            self.type(line.strip())
            return
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
        if self.mode and self.mode[0] == "policy" and words[0] in (
            "authentication", "encryption", "hash", "group", "lifetime",
        ):  # fmt: skip
            self.policies[int(self.mode[1])][words[0]] = " ".join(words[1:])
            return
        if self.mode and self.mode[0] == "group" and words[0] in (
            "pre-shared-key", "isakmp", "peer-id-validate", "default-group-policy",
        ):  # fmt: skip
            self._group_line(" ".join(words), negated)
            return
        if words[:1] == ["isakmp"] and self.old:
            words = ["crypto", *words]
        elif words[:2] == ["crypto", "isakmp"] and self.old:
            raise Refused("ERROR: % Invalid input detected at '^' marker.")
        handler = {
            "access-list": self._access_list,
            "global": self._global,
            "nat": self._nat,
            "static": self._static,
            "crypto": self._crypto,
            "tunnel-group": self._tunnel_group,
            "clear": self._clear,
        }.get(words[0] if words else "")
        if handler is None or words[1:2] == ["mode"]:
            raise Refused("ERROR: % Invalid input detected at '^' marker.")
        self.mode = ()
        handler(words, negated)

    def _group_line(self, text: str, negated: bool) -> None:
        rows = self.groups[self.mode[1]].setdefault(self.mode[2], [])
        head = text.split()[0] if not text.startswith("isakmp") else "isakmp keepalive"
        same = [row for row in rows if row.startswith(head)]
        if negated:
            if not same:
                raise Refused("ERROR: nothing of this kind")
            rows.remove(same[0])
            return
        if same:
            rows[rows.index(same[0])] = text
        elif head == "pre-shared-key":
            rows.insert(0, text)
        else:
            rows.append(text)

    def _access_list(self, words: list[str], negated: bool) -> None:
        name, rest = words[1], words[2:]
        at: int | None = None
        if rest[0] == "line":
            at, rest = int(rest[1]), rest[2:]
        if rest[0] == "extended":
            rest = rest[1:]
        elif rest[0] not in ("permit", "deny", "remark"):
            if not self.loading:
                raise Refused("ERROR: % Invalid input detected at '^' marker.")
        entry = " ".join(rest)
        rows = self.acls.get(name, [])
        if negated:
            if entry not in rows:
                raise Refused("Specified access-list does not exist")
            if not any(row.startswith(("permit", "deny")) for row in rows if row != entry) and self._list_users(name):
                raise Refused(f"(model) the last entry of {name} goes while it is used")
            rows.remove(entry)
            if not rows:
                del self.acls[name]
            return
        if entry in rows and not entry.startswith("remark"):
            raise Refused("ACE not added. Possible duplicate entry")
        if name in self.nat0.values() and (rest[0] == "deny" or (rest[:1] == ["permit"] and rest[1] != "ip")):
            raise Refused("ERROR: ACE contains port, protocol, or deny. Removing NAT configuration")
        if at is not None and at > len(rows) + 1:
            raise Refused(f"(model) line {at} of {len(rows)}")
        rows.insert(len(rows) if at is None else at - 1, entry)
        self.acls[name] = rows

    def _list_users(self, name: str) -> bool:
        return (
            name in self.nat0.values()
            or any(name in entry.get("match address", []) for entry in self.entries.values())
            or any(f"access-list {name}" in text for text in (*self.nats, *self.statics))
        )

    def _toggle(self, rows: list[str], text: str, negated: bool) -> None:
        if negated:
            if text not in rows:
                raise Refused(f"ERROR: {text} is not there")
            rows.remove(text)
        elif text in rows and not self.loading:
            raise Refused(f"ERROR: duplicate {text}")
        else:
            rows.append(text)

    def _global(self, words: list[str], negated: bool) -> None:
        if not negated and int(words[2]) < 1:
            raise Refused("ERROR: invalid nat id")
        self._toggle(self.globals, " ".join(words), negated)

    def _static(self, words: list[str], negated: bool) -> None:
        self._toggle(self.statics, " ".join(words), negated)

    def _nat(self, words: list[str], negated: bool) -> None:
        interface = words[1].strip("()")
        if words[2] == "0" and words[3] == "access-list" and len(words) == 5:
            name = words[4]
            if negated:
                if self.nat0.get(interface) != name:
                    raise Refused("ERROR: no such nat")
                del self.nat0[interface]
                return
            if not self.loading and name not in self.acls:
                raise Refused(f"ERROR: access-list {name} does not exist")
            if interface in self.nat0:
                raise Refused("(model) a second nat 0 access-list on an interface")
            self.nat0[interface] = name
            return
        self._toggle(self.nats, " ".join(words), negated)

    def _crypto(self, words: list[str], negated: bool) -> None:
        if words[1] == "isakmp":
            self._isakmp(words[2:], negated)
        elif words[1:3] == ["ipsec", "transform-set"]:
            self._transform_set(words, negated)
        elif words[1] == "map":
            self._map(words, negated)
        else:
            raise Refused("ERROR: % Invalid input detected at '^' marker.")

    def _isakmp(self, words: list[str], negated: bool) -> None:
        if words[0] == "enable":
            self._toggle(self.enabled, words[1], negated)
        elif words[0] == "policy":
            number = int(words[1])
            if negated:
                if number not in self.policies:
                    raise Refused("ERROR: no such policy")
                del self.policies[number]
                return
            defaults = {
                "authentication": "pre-share", "encryption": "3des", "hash": "sha", "group": "2", "lifetime": "86400",
            }  # fmt: skip
            policy = self.policies.setdefault(number, defaults)
            if self.old:
                policy[words[2]] = " ".join(words[3:])
            else:
                self.mode = ("policy", words[1])
        else:
            raise Refused("ERROR: % Invalid input detected at '^' marker.")

    def _transform_set(self, words: list[str], negated: bool) -> None:
        name, text = words[3], " ".join(words[4:])
        if negated:
            if any(name in entry.get("set transform-set", []) for entry in self.entries.values()):
                raise Refused(f"ERROR: transform set {name} is in use")
            if self.sets.get(name) != text:
                raise Refused("ERROR: no such transform set")
            del self.sets[name]
            return
        if name in self.sets and not self.loading:
            raise Refused(f"(model) transform set {name} exists")
        self.sets[name] = text

    def _map(self, words: list[str], negated: bool) -> None:
        name = words[2]
        if words[3] == "interface":
            interface = words[4]
            if negated:
                if self.bindings.get(interface) != name:
                    raise Refused("ERROR: not bound")
                del self.bindings[interface]
                return
            if interface in self.bindings:
                raise Refused("(model) an interface that has a map is bound again")
            if not self.loading and not any(owner == name for owner, _sequence in self.entries):
                raise Refused("ERROR: no such crypto map")
            self.bindings[interface] = name
            return
        key = (name, int(words[3]))
        attribute, values = " ".join(words[4:6]), words[6:]
        if words[4:7] == ["set", "security-association", "lifetime"]:
            attribute, values = " ".join(words[4:8]), words[8:]
        elif words[4] == "ipsec-isakmp":
            attribute, values = "ipsec-isakmp dynamic", words[6:]
        if negated:
            self._unset(key, attribute, values)
            return
        if not self.loading:
            if attribute == "match address" and values[0] not in self.acls:
                raise Refused(f"ERROR: access-list {values[0]} does not exist")
            missing = [v for v in values if attribute == "set transform-set" and v not in self.sets]
            if missing:
                raise Refused(f"ERROR: transform set {missing[0]} does not exist")
        rows = self.entries.setdefault(key, {})
        if attribute in ("set peer", "set transform-set"):
            if set(values) & set(rows.get(attribute, [])):
                raise Refused(f"(model) {attribute} {values} stands already")
            rows[attribute] = [*rows.get(attribute, []), *values]
        else:
            rows[attribute] = values

    def _unset(self, key: tuple[str, int], attribute: str, values: list[str]) -> None:
        rows = self.entries.get(key, {})
        if attribute not in rows or not set(values) <= set(rows[attribute]):
            raise Refused("ERROR: no such line")
        left = [value for value in rows[attribute] if value not in values]
        if left and values:
            rows[attribute] = left
        else:
            del rows[attribute]
        if not rows:
            del self.entries[key]
            if key[0] in self.bindings.values() and not any(owner == key[0] for owner, _s in self.entries):
                raise Refused("(model) the last entry of a bound map goes")

    def _tunnel_group(self, words: list[str], negated: bool) -> None:
        name = words[1]
        if negated:
            raise Refused("ERROR: % Invalid input detected at '^' marker.")
        if words[2] == "type":
            if name in self.groups:
                raise Refused("(model) tunnel-group exists")
            self.groups[name] = {"type": [words[3]]}
            return
        if name not in self.groups and not self.loading:
            raise Refused(f"ERROR: tunnel-group {name} does not exist")
        self.groups.setdefault(name, {}).setdefault(words[2], [])
        self.mode = ("group", name, words[2])

    def _clear(self, words: list[str], _negated: bool) -> None:
        if words[:3] != ["clear", "configure", "tunnel-group"] or len(words) != 4 or words[3] not in self.groups:
            raise Refused("ERROR: % Invalid input detected at '^' marker.")
        del self.groups[words[3]]

    # --- what it shows --------------------------------------------------------------------------------------------

    def text(self, *, masked: bool = False) -> str:
        """The running configuration."""
        isakmp = "isakmp" if self.old else "crypto isakmp"
        rows = list(self.head)
        for name, entries in self.acls.items():
            rows += [f"access-list {name} {'' if e.startswith('remark') else 'extended '}{e}" for e in entries]
        rows += self.globals
        rows += [f"nat ({interface}) 0 access-list {name}" for interface, name in self.nat0.items()]
        rows += [*self.nats, *self.statics]
        rows += [f"crypto ipsec transform-set {name} {text}" for name, text in self.sets.items()]
        order = ["match address", "set pfs", "set peer", "set transform-set"]
        for (name, sequence), attributes in sorted(self.entries.items()):
            keys = [*(k for k in order if k in attributes), *(k for k in attributes if k not in order)]
            rows += [f"crypto map {name} {sequence} {k} {' '.join(attributes[k])}".rstrip() for k in keys]
        rows += [f"crypto map {name} interface {interface}" for interface, name in self.bindings.items()]
        rows += [f"{isakmp} enable {interface}" for interface in self.enabled]
        for number, policy in sorted(self.policies.items()):
            if self.old:
                rows += [f"{isakmp} policy {number} {key} {value}" for key, value in policy.items()]
            else:
                rows += [f"{isakmp} policy {number}", *(f" {key} {value}" for key, value in policy.items())]
        for name, sections in self.groups.items():
            rows += [f"tunnel-group {name} type {sections['type'][0]}"] if "type" in sections else []
            for section, lines in sections.items():
                if section != "type" and lines:
                    rows.append(f"tunnel-group {name} {section}")
                    rows += [f" {'pre-shared-key *' if masked and 'pre-s' in line else line}" for line in lines]
        return "\n".join([*rows, *self.tail]) + "\n"

    def state(self) -> list[str]:
        """The configuration without the order between objects (within a list, order counts)."""
        rows = [row for row in self.text().splitlines() if not row.startswith("access-list")]
        return sorted([*rows, *(f"{name}: {entries}" for name, entries in self.acls.items())])

    # --- what a packet meets --------------------------------------------------------------------------------------

    def interfaces(self) -> dict[str, IPv4Network | None]:
        """``nameif`` → connected network."""
        found: dict[str, IPv4Network | None] = {}
        name = ""
        for row in self.head:
            words = row.split()
            if row.startswith("interface"):
                name = ""
            elif words[:1] == ["nameif"]:
                name = words[1]
                found[name] = None
            elif words[:2] == ["ip", "address"] and name and len(words) > 3 and words[2][0].isdigit():
                found[name] = network(words[2], words[3])
        return found

    def addresses(self) -> set[str]:
        """The addresses of its own interfaces."""
        return {words[2] for row in self.head if (words := row.split())[:2] == ["ip", "address"] and len(words) > 3}

    def way(self, address: str) -> str | None:
        """The interface towards an address."""
        # Lines that are typed never touch interfaces and routes.
        if address not in self._ways:
            table = [(net, name) for name, net in self.interfaces().items() if net]
            table += [(network(w[2], w[3]), w[1]) for row in self.head if (w := row.split())[:1] == ["route"]]
            hits = [(net.prefixlen, name) for net, name in table if holds(net, address)]
            self._ways[address] = max(hits, default=(0, None), key=lambda hit: hit[0])[1]
        return self._ways[address]

    def fate(self, packet: Packet, *, incomplete: str) -> str:
        """What happens to a new flow's packet.

        ``incomplete``: what an entry of a bound map without peer or transform set does to the packets of its list,
        which no source tells: ``drop`` or ``pass``.
        """
        home, out = self.way(packet.source), self.way(packet.destination)
        if home is None or out is None or home == out:
            return "D"
        # The addresses of the device's own interfaces are never translated.
        fate = "X" if packet.source in self.own else self._translation(packet, home, out)
        if fate == "D":
            return fate
        for attributes in self._bound(out):
            acl = attributes.get("match address", [""])[0]
            peers = attributes.get("set peer", [])
            complete = acl and peers and attributes.get("set transform-set")
            if not complete and self.old and not (acl and peers):
                return "D"
            entries = self.acls.get(acl, [])
            if fate == "T":
                # The source is the leased address: only ``any`` can match it.
                hit = first_match(entries, Packet("203.0.113.77", packet.destination), wildcard=False)
                if hit == "permit" and complete:
                    return "N"
                continue
            if first_match(entries, packet, wildcard=False) != "permit":
                continue
            if not complete:
                return "D" if incomplete == "drop" else fate
            return f"E {peers[0]}" if self._able(peers[0], out, attributes["set transform-set"]) else "D"
        return fate

    def _bound(self, out: str) -> Iterable[dict[str, list[str]]]:
        name = self.bindings.get(out)
        return [attributes for (owner, _s), attributes in sorted(self.entries.items()) if owner == name]

    def _able(self, peer: str, out: str, sets: list[str]) -> bool:
        rows = self.groups.get(peer, {})
        key = any(row.startswith("pre-shared-key") for row in rows.get("ipsec-attributes", []))
        return (
            out in self.enabled and key and "type" in rows and bool(self.policies) and all(s in self.sets for s in sets)
        )

    def _translation(self, packet: Packet, home: str, out: str) -> str:
        if home in self.nat0 and first_match(self.acls.get(self.nat0[home], []), packet, wildcard=False) == "permit":
            return "X"
        for text in self.statics:
            words = text.split()
            mask = words[words.index("netmask") + 1] if "netmask" in words else "255.255.255.255"
            if words[1] == f"({home},{out})" and holds(network(words[3], mask), packet.source):
                return "T"
        best: tuple[int, int] | None = None
        for text in self.nats:
            words = text.split()
            if words[1] != f"({home})":
                continue
            if words[3] == "access-list":
                if first_match(self.acls.get(words[4], []), packet, wildcard=False) == "permit":
                    best = (33, int(words[2]))
                    break
                continue
            net = network(words[3], words[4])
            if holds(net, packet.source) and (best is None or net.prefixlen > best[0]):
                best = (net.prefixlen, int(words[2]))
        if best is None:
            return "D" if "nat-control" in self.head else "X"
        if best[1] == 0:
            return "X"
        return "T" if any(g.split()[1:3] == [f"({out})", str(best[1])] for g in self.globals) else "D"
