# Copyright: The netvpn.dynamic_l2l contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""What one packet meets, line by line from the text of a configuration: the second opinion on the treatment model.

It knows no regions and no tables: it walks through the device with one packet in hand. Where something is not known
(what an object-group holds, which address was leased, which port a PAT takes) it tries every possibility; when they
end differently the answer is ``U``. Where the sources leave a choice the answer has more than one member.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from ipaddress import IPv4Address, IPv4Network
from typing import Any, NamedTuple

PROTOCOLS = {"icmp": 1, "tcp": 6, "udp": 17, "esp": 50}
PORTS = {"www": 80, "https": 443, "isakmp": 500, "telnet": 23}
Pick = Callable[[object, Sequence[Any]], Any]
Keys = frozenset[str]

DROP: Keys = frozenset("D")
CLEAR: Keys = frozenset("X")
UNKNOWN: Keys = frozenset("U")


class Packet(NamedTuple):
    """A packet; addresses as numbers."""

    protocol: int
    source: int
    source_port: int
    destination: int
    destination_port: int

    def answer(self) -> Packet:
        """The packet that comes back."""
        return Packet(self.protocol, self.destination, self.destination_port, self.source, self.source_port)


def number(text: str) -> int:
    """``10.1.1.1`` as a number."""
    return int(IPv4Address(text))


def inside(address: int, net: IPv4Network) -> bool:
    """Whether the network holds the address."""
    return int(net.network_address) <= address <= int(net.broadcast_address)


def every(run: Callable[[Pick], Keys]) -> Keys:
    """``run`` with every combination of what it picks; U where they do not agree."""
    results = set()
    todo: list[dict[object, Any]] = [{}]
    while todo:
        fixed = todo.pop()
        trail: dict[object, Any] = {}

        def pick(
            key: object, options: Sequence[Any], fixed: dict[object, Any] = fixed, trail: dict[object, Any] = trail
        ) -> Any:
            if key not in trail:
                if key not in fixed:
                    todo.extend({**fixed, **trail, key: option} for option in options[1:])
                trail[key] = fixed.get(key, options[0])
            return trail[key]

        results.add(run(pick))
    return results.pop() if len(results) == 1 else UNKNOWN


class Ace(NamedTuple):
    """An entry; an end is None where nobody knows it, a port a range."""

    text: str
    permit: bool | None
    protocol: int | None = None
    source: IPv4Network | None = IPv4Network("0.0.0.0/0")
    source_port: tuple[int, int] = (0, 65535)
    destination: IPv4Network | None = IPv4Network("0.0.0.0/0")
    destination_port: tuple[int, int] = (0, 65535)
    doubtful: bool = False

    def hits(self, packet: Packet, pick: Pick) -> bool:
        """Whether it matches; what is not known is picked."""
        if self.protocol is not None and packet.protocol != self.protocol:
            return False
        for net, address in ((self.source, packet.source), (self.destination, packet.destination)):
            if net is not None and not inside(address, net):
                return False
        for (low, high), port in (
            (self.source_port, packet.source_port),
            (self.destination_port, packet.destination_port),
        ):
            if not low <= port <= high:
                return False
        return pick(self.text, (True, False)) if self.doubtful else True


def read_ace(text: str, *, wildcard: bool) -> Ace:
    """``permit tcp host 10.1.1.1 any eq www``."""
    words = text.split()
    if words[0] not in ("permit", "deny") or words[1].startswith("object"):
        return Ace(text, {"permit": True, "deny": False}.get(words[0]), doubtful=True)
    rest = words[2:]
    nets: list[IPv4Network | None] = []
    ports: list[tuple[int, int]] = []
    for _end in range(2):
        if rest[0] == "any":
            net, rest = IPv4Network("0.0.0.0/0"), rest[1:]
        elif rest[0] == "host":
            net, rest = IPv4Network(rest[1]), rest[2:]
        elif rest[0] == "object-group":
            net, rest = None, rest[2:]
        else:
            mask = str(IPv4Address(int(IPv4Address(rest[1])) ^ (2**32 - 1))) if wildcard else rest[1]
            net, rest = IPv4Network(f"{rest[0]}/{mask}"), rest[2:]
        port = (0, 65535)
        if rest[:1] == ["eq"]:
            value = PORTS[rest[1]] if rest[1] in PORTS else int(rest[1])
            port, rest = (value, value), rest[2:]
        elif rest[:1] == ["range"]:
            port, rest = (int(rest[1]), int(rest[2])), rest[3:]
        nets.append(net)
        ports.append(port)
    return Ace(
        text, words[0] == "permit", None if words[1] == "ip" else PROTOCOLS[words[1]], nets[0], ports[0], nets[1],
        ports[1], None in nets or rest[:1] not in ([], ["log"]),
    )  # fmt: skip


def permits(entries: Iterable[Ace], packet: Packet, pick: Pick) -> bool:
    """The first entry that matches decides; at the end of the list nothing is permitted."""
    for ace in entries:
        if ace.hits(packet, pick):
            return pick((ace.text, "action"), (True, False)) if ace.permit is None else ace.permit
    return False


class Face(NamedTuple):
    """An interface: where it leads, and what stands under it."""

    name: str
    rows: tuple[str, ...]
    net: IPv4Network | None
    address: int | None
    leased: bool


class Entry(NamedTuple):
    """An entry of a bound map: ``entries`` None where it has no list."""

    peer: str
    entries: list[Ace] | None
    state: str  # able, unable, maybe, incomplete, stops
    dynamic: bool = False
    filter: list[Ace] | None = None


class Way(NamedTuple):
    """A route."""

    net: IPv4Network
    name: str
    distance: int = 0
    tracked: bool = False


class Text:
    """A configuration as lines."""

    wildcard = False

    def __init__(self, text: str, samples: Iterable[int]) -> None:
        self.lines = [line.rstrip() for line in text.splitlines()]
        self.samples = sorted(samples)
        self._read: dict[tuple[str, str], Any] = {}
        self.acls: dict[str, list[Ace]] = {}
        self.faces = {face.name: face for face in self.read_faces()}
        self.read_lists()
        self.own = {face.address: face.name for face in self.faces.values() if face.address is not None}
        self.table = [*self.routes()]
        elsewhere = [way.net for way in self.table if way.net.prefixlen and not self.is_leased(way.name)]
        #: what a leased address may be, as far as the samples go
        free = [a for a in self.samples if not any(inside(a, net) for net in elsewhere)]
        self.leases = free if any(face.leased for face in self.faces.values()) else []

    def is_leased(self, name: str) -> bool:
        return name in self.faces and self.faces[name].leased

    def starting(self, head: str) -> list[list[str]]:
        """The words of the lines that begin so."""
        return self.once(("starting", head), lambda: [line.split() for line in self.lines if line.startswith(head)])

    def once(self, key: tuple[str, str], make: Callable[[], Any]) -> Any:
        """What is read from the text again and again."""
        if key not in self._read:
            self._read[key] = make()
        return self._read[key]

    def block(self, head: str) -> list[str]:
        """The lines under ``head``."""
        found: list[str] = []
        within = False
        for line in self.lines:
            if not line.startswith(" "):
                within = line.strip() == head
            elif within:
                found.append(line.strip())
        return found

    def heads(self, start: str) -> list[str]:
        return [line.strip() for line in self.lines if line.startswith(start)]

    def read_faces(self) -> Iterator[Face]:
        raise NotImplementedError

    def read_lists(self) -> None:
        raise NotImplementedError

    def routes(self) -> Iterator[Way]:
        raise NotImplementedError

    def way(self, address: int) -> list[str]:
        """The interfaces towards an address: the longest prefix, then the lowest distance."""
        hits = [way for way in self.table if inside(address, way.net)]
        names: set[str] = set()
        while hits:
            rank = min((-way.net.prefixlen, way.distance) for way in hits)
            best = [way for way in hits if (-way.net.prefixlen, way.distance) == rank]
            names |= {way.name for way in best}
            # Tracked routes may be gone.
            hits = [way for way in hits if way not in best] if all(way.tracked for way in best) else []
        return sorted(names)

    def negotiates(self, packet: Packet, hop: str) -> bool:
        """Whether it is IKE or ESP of a tunnel's own end, which is never put into a tunnel."""
        here = self.own.get(packet.source) == hop or (self.is_leased(hop) and packet.source in self.leases)
        ike = (
            packet.protocol == 17
            and packet.source_port == packet.destination_port
            and packet.source_port in (500, 4500)
        )
        return here and (ike or packet.protocol in (50, 51))

    def on_leaving(self, entries: Sequence[Entry], packet: Packet, plain: str, negotiates: bool, pick: Pick) -> Keys:
        """The crypto map: ``plain`` is T or X."""
        rest: set[str] = set()
        open_ = next((e for e in entries if e.dynamic and e.entries is None and e.state in ("able", "maybe")), None)
        for entry in entries:
            if entry.entries is None and entry.dynamic:
                continue
            if entry.entries is not None and negotiates and entry.state != "stops":
                continue
            if entry.state != "stops" and entry.entries is not None and not permits(entry.entries, packet, pick):
                continue
            if entry.state in ("unable", "stops"):
                return frozenset(rest | {"D"})
            if entry.state == "incomplete":
                rest.add("D")
                continue
            if entry.filter is not None and not permits(entry.filter, packet.answer(), pick):
                return frozenset(rest | {"D"})
            rest.add(f"{'N' if plain == 'T' else 'E'} {entry.peer}")
            return frozenset(rest | ({"D"} if entry.state == "maybe" else set()))
        rest.add(f"V {open_.peer}" if open_ and plain == "X" and not negotiates else plain)
        return frozenset(rest)


def _net(address: str, mask: str) -> IPv4Network:
    return IPv4Network(f"{address}/{mask}", strict=False)


class Asa(Text):
    """A PIX/ASA 7.0 to 8.2."""

    def read_faces(self) -> Iterator[Face]:
        for head in self.heads("interface "):
            rows = self.block(head)
            name = next((row.split()[1] for row in rows if row.startswith("nameif ")), "")
            words = next((row.split() for row in rows if row.startswith("ip address ")), [])
            if name and "shutdown" not in rows:
                dhcp = words[2:3] == ["dhcp"]
                known = bool(words) and not dhcp
                net = _net(words[2], words[3]) if known else None
                yield Face(name, tuple(rows), net, number(words[2]) if known else None, dhcp)

    def read_lists(self) -> None:
        for line in self.lines:
            if found := re.match(r"access-list (\S+) extended (.+)", line):
                self.acls.setdefault(found[1], []).append(read_ace(found[2], wildcard=False))

    def routes(self) -> Iterator[Way]:
        for face in self.faces.values():
            if face.net is not None:
                yield Way(face.net, face.name)
            if any(row.endswith("setroute") for row in face.rows):
                yield Way(IPv4Network("0.0.0.0/0"), face.name, 1)
        for words in self.starting("route "):
            if words[1] in self.faces:
                yield Way(_net(words[2], words[3]), words[1], int(words[5]), "track" in words)

    def level(self, name: str) -> int:
        rows = self.faces[name].rows
        stated = next((int(row.split()[1]) for row in rows if row.startswith("security-level ")), None)
        return stated if stated is not None else 100 if name == "inside" else 0

    def list_of(self, start: str) -> list[Ace] | None:
        """The list behind ``access-group LIST in interface outside``, where there is one."""
        lines = self.once(("list", start), lambda: [line for line in self.lines if re.fullmatch(start, line)])
        return self.acls.get(lines[0].split()[1]) if lines else None

    # --- the walk ---------------------------------------------------------------------------------------------------

    def fate(self, enters: str, packet: Packet) -> Keys:
        """What the packet meets that enters at an interface, or at the device itself."""
        return every(lambda pick: self._walk(enters, packet, pick))

    def emerges(self, interface: str, packet: Packet) -> Keys:
        """What it meets when it comes out of a tunnel."""

        def run(pick: Pick) -> Keys:
            rest: set[str] = set()
            for entry in self._entries(interface):
                if entry.state == "stops":
                    return frozenset(rest | {"D"})
                if entry.entries is None:
                    if not entry.dynamic:
                        continue
                elif not permits(entry.entries, packet.answer(), pick):
                    continue
                if entry.state in ("unable", "stops"):
                    return frozenset(rest | {"D"})
                if entry.state == "incomplete":
                    rest.add("D")
                    continue
                end: Keys = DROP
                if entry.filter is None or permits(entry.filter, packet, pick):
                    bypass = "no sysopt connection permit-vpn" not in self.lines
                    end = self._walk(interface, packet, pick, tunnelled=True, bypass=bypass)
                stopped = end & {"D", "U"}
                rest |= stopped if end <= {"D", "U"} else stopped | {f"E {entry.peer}"}
                return frozenset(rest | ({"D"} if entry.state == "maybe" else set()))
            return frozenset(rest | {"D"})

        return every(run)

    def _walk(self, enters: str, packet: Packet, pick: Pick, *, tunnelled: bool = False, bypass: bool = False) -> Keys:
        own = enters == "self"
        if not own and enters not in self.faces:
            return DROP
        forwarded = None if own else self._to_real(enters, packet, pick)
        target = self.own.get(packet.destination)
        if target and forwarded is None:
            managed = tunnelled and f"management-access {target}" in self.lines
            reached = own or target == enters or managed
            let_in = not tunnelled or bypass or self._let_in(enters, packet, pick)
            return CLEAR if reached and let_in else DROP
        admitted = bypass
        if not own and not bypass:
            filter_ = self.list_of(rf"access-group \S+ in interface {enters}")
            if filter_ is not None and not permits(filter_, packet, pick):
                return DROP
            admitted = filter_ is not None
        # The first entry that protects it guards it, unless one above stops the interface.
        guard = None if own or tunnelled else self._guard(enters, packet, pick)
        if guard == "stops":
            return DROP
        fate = self._on(enters, packet, forwarded or packet, forwarded is not None, admitted, pick)
        if guard and fate == CLEAR:
            return frozenset((f"V {guard}",))
        if guard and "T" in fate:
            return fate | {"D"}
        return fate

    def _let_in(self, enters: str, packet: Packet, pick: Pick) -> bool:
        filter_ = self.list_of(rf"access-group \S+ in interface {enters}")
        return filter_ is None or permits(filter_, packet, pick)

    def _guard(self, enters: str, packet: Packet, pick: Pick) -> str | None:
        """The peer that should have protected what comes in clear."""
        for entry in self._entries(enters):
            if entry.state == "stops":
                return "stops"
            if entry.entries is None or entry.state not in ("able", "maybe"):
                continue
            if permits(entry.entries, packet.answer(), pick):
                return entry.peer
        return None

    def _statics(self) -> Iterator[tuple[str, str, list[str]]]:
        for words in self.starting("static ("):
            real, mapped = words[1].strip("()").split(",")
            yield real, mapped, words[2:]

    def _address(self, name: str, pick: Pick) -> int:
        face = self.faces[name]
        if face.address is not None:
            return face.address
        lease: int = pick("lease", self.leases)
        return lease

    def _to_real(self, enters: str, packet: Packet, pick: Pick) -> Packet | None:
        """The packet behind a ``static``, None where none reverses it."""
        for _real, mapped, words in self._statics():
            if mapped != enters:
                continue
            if words[0] in ("tcp", "udp"):
                outer = self._address(mapped, pick) if words[1] == "interface" else number(words[1])
                if packet[0] == PROTOCOLS[words[0]] and packet[3] == outer and packet[4] == int(words[2]):
                    return packet._replace(destination=number(words[3]), destination_port=int(words[4]))
                continue
            if words[1] == "access-list":
                for ace in self.acls[words[2]]:
                    assert ace.source is not None
                    shift = number(words[0]) - int(ace.source.network_address)
                    before = packet._replace(destination=packet.destination - shift)
                    if before.destination >= 0 and ace.hits(before.answer(), pick):
                        if ace.permit:
                            return before
                        break
                continue
            net = _net(words[0], words[3])
            shift = number(words[1]) - number(words[0])
            if shift and inside(packet.destination, net):
                return packet._replace(destination=packet.destination + shift)
        return None

    def _on(self, enters: str, wire: Packet, packet: Packet, forwarded: bool, admitted: bool, pick: Pick) -> Keys:
        """Routing, levels, translation, crypto map."""
        ways = self.way(packet.destination)
        if not ways:
            return DROP
        result: set[str] = set()
        for hop in ways:
            result |= self._out(enters, wire, packet, hop, forwarded, admitted, pick)
        return frozenset(result)

    def _out(
        self, enters: str, wire: Packet, packet: Packet, hop: str, forwarded: bool, admitted: bool, pick: Pick
    ) -> Keys:
        own = enters == "self"
        plain, source = "X", packet
        if not own:
            permitted = {words[2] for words in self.starting("same-security-traffic")}
            if enters == hop:
                if "intra-interface" not in permitted:
                    return DROP
            elif self.level(enters) == self.level(hop):
                if "inter-interface" not in permitted:
                    return DROP
            elif self.level(enters) < self.level(hop) and not admitted:
                return DROP
            if not forwarded and self._translate(hop, enters, packet.answer(), pick) != ("X", packet.answer()):
                return DROP
            plain, source = self._translate(enters, hop, packet, pick)
            if plain == "D":
                return DROP
            if forwarded:
                plain = "T"
        negotiates = own and self.negotiates(packet, hop)
        keys = self.on_leaving(self._entries(hop), source, plain, negotiates, pick)
        filter_ = self.list_of(rf"access-group \S+ out interface {hop}")
        if own or filter_ is None or permits(filter_, source, pick):
            return keys
        return DROP

    def _translate(self, enters: str, hop: str, packet: Packet, pick: Pick) -> tuple[str, Packet]:
        exempt = next((words[4] for words in self.starting(f"nat ({enters}) 0 access-list ")), None)
        if exempt and permits(self.acls.get(exempt, []), packet, pick):
            return "X", packet
        for real, mapped, words in self._statics():
            if (real, mapped) != (enters, hop):
                continue
            if words[0] in ("tcp", "udp"):
                if packet[0] == PROTOCOLS[words[0]] and packet[1] == number(words[3]) and packet[2] == int(words[4]):
                    outer = self._address(mapped, pick) if words[1] == "interface" else number(words[1])
                    return "T", packet._replace(source=outer, source_port=int(words[2]))
                continue
            if words[1] == "access-list":
                ace = next((a for a in self.acls[words[2]] if a.hits(packet, pick)), None)
                if ace and ace.permit and ace.source:
                    return "T", packet._replace(
                        source=packet.source + number(words[0]) - int(ace.source.network_address)
                    )
                continue
            net = _net(words[1], words[3])
            if inside(packet.source, net):
                shift = number(words[0]) - number(words[1])
                return ("T" if shift else "X"), packet._replace(source=packet.source + shift)
        upwards = self.level(enters) < self.level(hop)
        rules = [w for w in self.starting(f"nat ({enters}) ") if "outside" in w or not upwards]
        policy = [w for w in rules if w[3] == "access-list" and w[2] != "0"]
        plain = sorted((w for w in rules if w[3] != "access-list"), key=lambda w: -_net(w[3], w[4]).prefixlen)
        chosen = next((w for w in policy if permits(self.acls.get(w[4], []), packet, pick)), None)
        chosen = chosen or next((w for w in plain if inside(packet.source, _net(w[3], w[4]))), None)
        if chosen is None:
            return ("D" if "nat-control" in self.lines and self.level(enters) > self.level(hop) else "X"), packet
        if chosen[2] == "0":
            return "X", packet
        pool = [w[3] for w in self.starting(f"global ({hop}) {chosen[2]} ")]
        if not pool:
            return "D", packet
        item = pick(("pool", chosen[2], hop), pool)
        ports = any("-" not in one for one in pool)
        if item == "interface":
            source = self._address(hop, pick)
        else:
            low, _dash, high = item.partition("-")
            source = pick(("pool", item), [a for a in self.samples if number(low) <= a <= number(high or low)])
        port = (
            pick("port", [*dict.fromkeys((packet.source_port, 0, 80, 500, 1024, 65535))])
            if ports
            else packet.source_port
        )
        return "T", packet._replace(source=source, source_port=port)

    # --- crypto maps ------------------------------------------------------------------------------------------------

    def _attributes(self, head: str) -> dict[str, list[str]]:
        found: dict[str, list[str]] = {}
        for line in self.lines:
            if line.startswith(f"{head} "):
                words = line.removeprefix(f"{head} ").split()
                found.setdefault(" ".join(words[:2]), []).extend(words[2:])
        return found

    def _entries(self, interface: str) -> list[Entry]:
        entries: list[Entry] = self.once(("entries", interface), lambda: self._read_entries(interface))
        return entries

    def _read_entries(self, interface: str) -> list[Entry]:
        bound = next(
            (line.split()[2] for line in self.lines if re.fullmatch(rf"crypto map \S+ interface {interface}", line)),
            None,
        )
        result: list[Entry] = []
        numbers = sorted({int(w[3]) for w in self.starting(f"crypto map {bound} ") if w[3].isdecimal()})
        for sequence in numbers:
            rows = self._attributes(f"crypto map {bound} {sequence}")
            if dynamic := rows.get("ipsec-isakmp dynamic"):
                for part in sorted({int(w[3]) for w in self.starting(f"crypto dynamic-map {dynamic[0]} ")}):
                    result.append(self._dynamic(interface, dynamic[0], part))
                continue
            result.append(self._static(interface, rows))
        return result

    def _static(self, interface: str, rows: dict[str, list[str]]) -> Entry:
        entries = self.acls.get(rows.get("match address", [""])[0])
        peers, sets = rows.get("set peer", []), rows.get("set transform-set", [])
        if not (entries and peers and sets):
            old = any(line.startswith(("PIX Version 7.0", "PIX Version 7.1")) for line in self.lines)
            stops = old and not (entries and peers)
            return Entry(peers[0] if peers else "", entries, "stops" if stops else "incomplete")
        ways = [self.way(number(peer)) or [interface] for peer in peers if self._keyed(peer)]
        state = "able" if [interface] in ways else "maybe" if any(interface in names for names in ways) else "unable"
        if not self._ready(interface, sets):
            state = "unable"
        rules = self.block(f"tunnel-group {peers[0]} general-attributes")
        policy = next((row.split()[1] for row in rules if row.startswith("default-group-policy")), "DfltGrpPolicy")
        for name in (policy, "DfltGrpPolicy"):
            rows_of = self.block(f"group-policy {name} attributes")
            value = next((row.split()[1:] for row in rows_of if row.startswith("vpn-filter ")), None)
            if value:
                return Entry(peers[0], entries, state, filter=self.acls.get(value[-1]) if value[0] == "value" else None)
        return Entry(peers[0], entries, state)

    def _ready(self, interface: str, sets: list[str]) -> bool:
        old = any(line.startswith(("PIX Version 7.0", "PIX Version 7.1")) for line in self.lines)
        prefix = "isakmp" if old else "crypto isakmp"
        known = [name for name in sets if any(True for _w in self.starting(f"crypto ipsec transform-set {name} "))]
        return (
            f"{prefix} enable {interface}" in self.lines
            and any(line.startswith(f"{prefix} policy") for line in self.lines)
            and bool(known)
        )

    def _key(self, name: str) -> bool:
        return any(row.startswith("pre-shared-key") for row in self.block(f"tunnel-group {name} ipsec-attributes"))

    def _keyed(self, peer: str) -> bool:
        if self._key(peer):
            return f"tunnel-group {peer} type ipsec-l2l" in self.lines
        return self._key("DefaultL2LGroup")

    def _dynamic(self, interface: str, name: str, sequence: int) -> Entry:
        rows = self._attributes(f"crypto dynamic-map {name} {sequence}")
        acl = rows.get("match address", [""])[0]
        ready = self._ready(interface, rows.get("set transform-set", []))
        keyed = self._key("DefaultL2LGroup")
        others = {w[1] for w in self.starting("tunnel-group ") if w[2] == "ipsec-attributes"}
        peers = {p for w in self.starting("crypto map ") if w[4:6] == ["set", "peer"] for p in w[6:]}
        state = "able" if ready and keyed else "maybe" if ready and others - peers else "unable"
        if acl and acl not in self.acls:
            state = "incomplete"
        return Entry(f"dynamic-map {name}", self.acls.get(acl), state, dynamic=not acl)


class Ios(Text):
    """An IOS 12.4 router."""

    def read_faces(self) -> Iterator[Face]:
        for head in self.heads("interface "):
            rows = self.block(head)
            words = next((row.split() for row in rows if row.startswith("ip address ")), [])
            if "shutdown" not in rows:
                dhcp = words[2:3] == ["dhcp"]
                known = bool(words) and not dhcp
                net = _net(words[2], words[3]) if known else None
                apart = any(row.startswith(("vrf ", "ip vrf ")) for row in rows)
                address = number(words[2]) if known and not apart else None
                yield Face(head.split()[1], tuple(rows), None if apart else net, address, dhcp)

    def read_lists(self) -> None:
        for head in self.heads("ip access-list extended "):
            self.acls[head.split()[3]] = [read_ace(row, wildcard=True) for row in self.block(head)]
        for words in self.starting("access-list "):
            self.acls.setdefault(words[1], []).append(read_ace(" ".join(words[2:]), wildcard=True))

    def routes(self) -> Iterator[Way]:
        connected = [(face.net, face.name) for face in self.faces.values() if face.net is not None]
        for net, name in connected:
            yield Way(net, name)
        for face in self.faces.values():
            if face.leased:
                yield Way(IPv4Network("0.0.0.0/0"), face.name, 254)
        for words in self.starting("ip route "):
            net, via = _net(words[2], words[3]), words[4]
            distance = int(words[5]) if words[5:6] and words[5].isdecimal() else 1
            tracked = "track" in words
            if via == "Null0" or via in self.faces:
                yield Way(net, "" if via == "Null0" else via, distance, tracked)
            elif via[0].isdigit():
                found = [name for home, name in connected if inside(number(via), home)]
                found = found or [face.name for face in self.faces.values() if face.leased]
                yield from (Way(net, name, distance, tracked) for name in found[:1])

    def row(self, name: str, start: str) -> list[str]:
        """The words of an interface's line."""
        return next((row.split() for row in self.faces[name].rows if row.startswith(start)), [])

    def list_on(self, name: str, direction: str) -> list[Ace] | None:
        """The filter of an interface; a missing or an empty one is none."""
        for row in self.faces[name].rows:
            if row.startswith("ip access-group ") and row.endswith(f" {direction}"):
                return self.acls.get(row.split()[2]) or None
        return None

    # --- the walk ---------------------------------------------------------------------------------------------------

    def fate(self, enters: str, packet: Packet) -> Keys:
        """What the packet meets that enters at an interface, or at the device itself."""
        return every(lambda pick: self._walk(enters, packet, pick))

    def _walk(self, enters: str, packet: Packet, pick: Pick, *, tunnelled: bool = False) -> Keys:
        own = enters == "self"
        rest: set[str] = set()
        if not own and not tunnelled:
            if enters not in self.faces:
                return DROP
            filter_ = self.list_on(enters, "in")
            if filter_ is not None and not permits(filter_, packet, pick):
                return DROP
            for entry in self._entries(enters):
                if entry.entries is None:
                    rest |= set() if entry.dynamic else {"D"}
                elif permits(entry.entries, packet.answer(), pick):
                    if entry.state != "incomplete":
                        return DROP
                    rest.add("D")
        forwarded = None if own else self._to_local(enters, packet, pick)
        target = forwarded or packet
        if not own and any(row.startswith(("ip policy ", "vrf ")) for row in self.faces[enters].rows):
            return UNKNOWN
        if own and any(line.startswith("ip local policy ") for line in self.lines):
            return UNKNOWN
        for words in self.starting("ip nat outside source static "):
            address = target.source if self._role(enters) == "outside" else target.destination
            if self._role(enters) and address == number(words[5 if self._role(enters) == "outside" else 6]):
                return UNKNOWN
        if forwarded is None and packet.destination in self.own:
            return self._blind(enters, "self", frozenset(rest | {"X"}))
        ways = self.way(target.destination)
        if not ways:
            return UNKNOWN if any(line.startswith("router ") for line in self.lines) else DROP
        for hop in ways:
            fate = DROP
            if hop in self.faces:
                fate = self._blind(enters, hop, self._out(enters, target, hop, forwarded is not None, pick))
            if fate == UNKNOWN:
                return UNKNOWN
            rest |= fate
        return frozenset(rest)

    def emerges(self, interface: str, packet: Packet) -> Keys:
        """What it meets when it comes out of a tunnel."""

        def run(pick: Pick) -> Keys:
            rest: set[str] = set()
            for entry in self._entries(interface):
                if entry.entries is None and not entry.dynamic:
                    continue
                if entry.entries is not None and not permits(entry.entries, packet.answer(), pick):
                    continue
                if entry.state == "unable":
                    return frozenset(rest | {"D"})
                if entry.state == "incomplete":
                    rest.add("D")
                    continue
                # The filter of the interface saw the packet around it.
                end = self._walk(interface, packet, pick, tunnelled=True)
                stopped = end & {"D", "U"}
                rest |= stopped if end <= {"D", "U"} else stopped | {f"E {entry.peer}"}
                result = frozenset(rest | ({"D"} if entry.state == "maybe" else set()))
                return UNKNOWN if "U" in result else result
            return frozenset(rest | {"D"})

        return every(run)

    def _blind(self, enters: str, hop: str, fate: Keys) -> Keys:
        """What is not modelled: it may drop, or do anything."""
        rows = [] if enters == "self" else [("in", row) for row in self.faces[enters].rows]
        rows += [] if hop == "self" else [("out", row) for row in self.faces[hop].rows]
        zone = {name: self.row(name, "zone-member") if name in self.faces else [] for name in (enters, hop)}
        for side, row in rows:
            words = row.split()
            if words[0] in ("vrf", "tunnel") and (side, words[0]) != ("in", "tunnel"):
                return UNKNOWN
            drops = (
                (words[:2] == ["ip", "inspect"] and words[-1] == side)
                or (words[:2] == ["ip", "verify"] and side == "in")
                or (words[0] == "zone-member" and "self" not in (enters, hop) and zone[enters] != zone[hop])
                or (words[0] == "zone-member" and "self" in (enters, hop) and self._own_zone())
            )
            if drops and fate != DROP:
                return UNKNOWN
        return fate

    def _own_zone(self) -> bool:
        return any("self" in words for words in self.starting("zone-pair security "))

    def _role(self, name: str) -> str:
        return "inside" if name == "self" else "".join(self.row(name, "ip nat ")[2:3])

    def _statics(self) -> list[tuple[str, list[str]]]:
        found = [(" ".join(words), words[5:]) for words in self.starting("ip nat inside source static ")]
        return sorted(found, key=lambda row: row[1][0] == "network")

    def _to_local(self, enters: str, packet: Packet, pick: Pick) -> Packet | None:
        if self._role(enters) != "outside":
            return None
        for text, words in self._statics():
            if words[0] == "tcp":
                outer = self._address(words[4], pick) if words[3] == "interface" else number(words[3])
                port = int(words[5] if words[3] == "interface" else words[4])
                if packet.protocol != 6 or packet.destination != outer or packet.destination_port != port:
                    continue
                return packet._replace(destination=number(words[1]), destination_port=int(words[2]))
            network = words[0] == "network"
            local, outer = number(words[1 if network else 0]), number(words[2 if network else 1])
            size = 16 if network else 1
            if local != outer and outer <= packet.destination < outer + size:
                if "route-map" not in words or pick((text, "back"), (True, False)):
                    return packet._replace(destination=packet.destination - outer + local)
        return None

    def _address(self, name: str, pick: Pick) -> int:
        if name not in self.faces:
            return -1
        if self.faces[name].leased:
            lease: int = pick("lease", self.leases)
            return lease
        address = self.faces[name].address
        return -1 if address is None else address

    def _out(self, enters: str, packet: Packet, hop: str, forwarded: bool, pick: Pick) -> Keys:
        own = enters == "self"
        plain, source = "X", packet
        if self._role(enters) == "inside" and self._role(hop) == "outside":
            plain, source = self._translate(hop, packet, pick)
            if plain == "D":
                return DROP
        if forwarded:
            plain = "T"
        negotiates = own and self.negotiates(packet, hop)
        keys = self.on_leaving(self._entries(hop), source, plain, negotiates, pick)
        filter_ = self.list_on(hop, "out")
        if own or filter_ is None:
            return keys
        result: set[str] = set()
        for key in keys:
            if key in ("T", "X") or key.startswith("V"):
                result.add(key if permits(filter_, source, pick) else "D")
            elif key == "D":
                result.add("D")
            else:
                # From 12.3(8)T on the filter sees the packet around it.
                peers = self.samples if "dynamic" in key else [number(key.split()[1])]
                face = self.faces[hop]
                froms = self.samples if face.address is None else [face.address]
                seen = {permits(filter_, Packet(50, one, 0, peer, 0), pick) for peer in peers for one in froms}
                result |= ({key} if True in seen else set()) | ({"D"} if False in seen else set())
        return frozenset(result)

    def _translate(self, hop: str, packet: Packet, pick: Pick) -> tuple[str, Packet]:
        for text, words in self._statics():
            if words[0] == "tcp":
                if packet.protocol != 6 or packet.source != number(words[1]) or packet.source_port != int(words[2]):
                    continue
                outer = self._address(words[4], pick) if words[3] == "interface" else number(words[3])
                port = int(words[5] if words[3] == "interface" else words[4])
                return ("D", packet) if outer < 0 else ("T", packet._replace(source=outer, source_port=port))
            network = words[0] == "network"
            local, outer = number(words[1 if network else 0]), number(words[2 if network else 1])
            size = 16 if network else 1
            if not local <= packet.source < local + size:
                continue
            if "route-map" in words and not self._mapped(words[words.index("route-map") + 1], hop, packet, text, pick):
                continue
            return ("X" if local == outer else "T"), packet._replace(source=packet.source - local + outer)
        rules = [
            words[4:] for kind in ("list", "route-map") for words in self.starting(f"ip nat inside source {kind} ")
        ]
        order = {"list": 0, "route-map": 1}
        for words in sorted(
            rules, key=lambda w: (order[w[0]], not w[1].isdecimal(), int(w[1]) if w[1].isdecimal() else 0, w[1])
        ):
            if words[0] == "list":
                if not permits(self.acls.get(words[1], []), packet, pick):
                    continue
            elif not self._mapped(words[1], hop, packet, " ".join(words), pick):
                continue
            port = packet.source_port
            if "overload" in words:
                port = pick("port", [*dict.fromkeys((port, 0, 80, 500, 1024, 65535))])
            if words[2] == "interface":
                address = self._address(words[3], pick)
                if address < 0:
                    return "D", packet
            else:
                low, high = next((number(p[4]), number(p[5])) for p in self.starting(f"ip nat pool {words[3]} "))
                address = pick(("pool", words[3]), [a for a in self.samples if low <= a <= high])
            return "T", packet._replace(source=address, source_port=port)
        return "X", packet

    def _mapped(self, name: str, hop: str, packet: Packet, user: str, pick: Pick) -> bool:
        """Whether a route map permits."""
        heads = sorted(self.heads(f"route-map {name} "), key=lambda head: int(head.split()[3]))
        if not heads:
            result: bool = pick((user, name), (True, False))
            return result
        for head in heads:
            rows = self.block(head)
            faces = [w for row in rows if row.startswith("match interface") for w in row.split()[2:]]
            if faces and hop not in faces:
                continue
            if any(row.startswith("match length") for row in rows) and not pick((user, head), (True, False)):
                continue
            lists = [w for row in rows if row.startswith("match ip address") for w in row.split()[3:]]
            if lists:
                hit = False
                for acl in lists:
                    if acl not in self.acls:
                        hit = pick((user, head, acl), (True, False))
                    else:
                        hit = permits(self.acls[acl], packet, pick)
                    if hit:
                        break
                if not hit:
                    continue
            return head.split()[2] == "permit"
        return False

    # --- crypto maps ------------------------------------------------------------------------------------------------

    def _entries(self, interface: str) -> list[Entry]:
        entries: list[Entry] = self.once(("entries", interface), lambda: self._read_entries(interface))
        return entries

    def _read_entries(self, interface: str) -> list[Entry]:
        bound = "".join(self.row(interface, "crypto map ")[2:3])
        heads = [head for head in self.heads(f"crypto map {bound} ") if head.split()[3].isdecimal()] if bound else []
        result = []
        for head in sorted(heads, key=lambda head: int(head.split()[3])):
            words = head.split()
            if words[5:6] == ["dynamic"]:
                parts = sorted(self.heads(f"crypto dynamic-map {words[6]} "), key=lambda part: int(part.split()[3]))
                result += [self._dynamic(interface, words[6], self.block(part)) for part in parts]
                continue
            rows = self.block(head)
            peers = [row.split()[2] for row in rows if row.startswith("set peer ")]
            sets = [name for row in rows if row.startswith("set transform-set") for name in row.split()[2:]]
            acl = next((row.split()[2] for row in rows if row.startswith("match address")), "")
            entries = self.acls.get(acl) or None
            if not (entries and peers and sets):
                result.append(Entry(peers[0] if peers else "", entries, "incomplete"))
                continue
            able = any(self._meets(interface, sets, peer) for peer in peers)
            sure = any(len(self.way(number(peer))) < 2 for peer in peers)
            result.append(Entry(peers[0], entries, ("able" if sure else "maybe") if able else "unable"))
        return result

    def _dynamic(self, interface: str, name: str, rows: list[str]) -> Entry:
        sets = [one for row in rows if row.startswith("set transform-set") for one in row.split()[2:]]
        acl = next((row.split()[2] for row in rows if row.startswith("match address")), "")
        peer = f"dynamic-map {name}"
        if not acl:
            return Entry(peer, None, "able" if self._meets(interface, sets, "") else "unable", dynamic=True)
        entries = self.acls.get(acl) or None
        if entries is None or not sets:
            return Entry(peer, entries, "incomplete")
        return Entry(peer, entries, "able" if self._meets(interface, sets, "") else "unable")

    def _meets(self, interface: str, sets: list[str], peer: str) -> bool:
        if "no crypto isakmp enable" in self.lines or not self.heads("crypto isakmp policy "):
            return False
        if not any(self.heads(f"crypto ipsec transform-set {name} ") for name in sets):
            return False
        if peer and interface not in (self.way(number(peer)) or [interface]):
            return False
        filter_ = self.list_on(interface, "in")
        if filter_ is not None:
            froms = [number(peer)] if peer else self.samples
            address = self.faces[interface].address
            tos = self.samples if address is None else [address]
            for protocol in (17, 50):
                tried = (
                    Packet(protocol, one, port, to, 500) for one in froms for to in tos for port in (0, 80, 500, 1024)
                )
                if not any(permits(filter_, packet, lambda _key, options: options[0]) for packet in tried):
                    return False
        for words in self.starting("crypto isakmp key "):
            net = _net(words[5], words[6] if len(words) > 6 else "255.255.255.255")
            if net.prefixlen == 0 or (peer and inside(number(peer), net)):
                return True
        return False
