# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: The netvpn.dynamic_l2l contributors
"""The translations of a device as chains of nftables.

They stand in the NAT namespace, where every port of the device has its Linux name, the outside ports too (the near end
of the joint to the crypto namespace). What is translated gets the address that the device would give it, not that of a
joint, so the crypto namespace sees the packet that the device's crypto map sees.

The rules are tried for the first packet of a flow; later ones follow what was decided (conntrack). So a change of the
rules does not touch flows that are translated, as on the devices (treatment.md 1: PIX, ASA 8.4 guide p. 30-3; IOS, tech
note 13779). What else a change does to old flows is in natstage.py.
"""

from __future__ import annotations

import ipaddress
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import replace

from .names import interface_name
from .nft import Addresses, Chain, mark_of, match, names, note, resolve
from .reading import ANY, Clause, Fabric, NatRule, Pool, Port, Rule

# The ports of IKE are the device's own: PAT never gives them to a host (recall for both platforms)
_IKE_PORTS = "udp sport { 500, 4500 }"
_ANYWHERE = Rule("permit", "ip")
Action = Callable[[Rule], str]
Change = Callable[[Rule], Rule | None]


def linux(port: Port | None) -> str:
    """The Linux name of an interface."""
    return interface_name(port.hardware) if port else "none"


def chains(fabric: Fabric, addresses: Addresses) -> list[Chain]:
    """The chains of the NAT hooks, and what they need."""
    return _Pix(fabric, addresses).all() if fabric.platform == "pix" else _Ios(fabric, addresses).all()


class _Translations:
    """What both platforms share. `found`: the chains of single rules, made on the way."""

    def __init__(self, fabric: Fabric, addresses: Addresses) -> None:
        self.fabric, self.addresses = fabric, addresses
        self.ports = [port for port in fabric.ports if port.up]
        self.found: list[Chain] = []

    def when(self, name: str, clauses: Sequence[Clause], action: Action, *, change: Change | None = None) -> str:
        """Chains that do `action` with what the clauses permit, and return what they do not; the first one's name.

        `change`: look for packets of the way back, with the entries changed so before.
        """
        steps = [(clause, acl) for clause in clauses for acl in (clause.lists or (None,))]
        made = [Chain(name if not number else f"{name}_{number}") for number in range(len(steps))] or [Chain(name)]
        if not steps:
            self._step(made[0], Clause("permit"), (_ANYWHERE,), action, "return", change)
        for number, (clause, acl) in enumerate(steps):
            further = f"goto {made[number + 1].name}" if number + 1 < len(made) else "return"
            # a list that is missing permits nothing (ios-nat-acl.md D2.4; for a route-map: recall)
            rules = (_ANYWHERE,) if acl is None else self.fabric.acls.get(acl, ())
            self._step(made[number], clause, rules, action, further, change)
        self.found += made
        return name

    def _step(
        self,
        chain: Chain,
        clause: Clause,
        rules: Iterable[Rule],
        action: Action,
        further: str,
        change: Change | None,
    ) -> None:
        leaving = ""
        if clause.port:
            leaving = f'{"iifname" if change else "oifname"} "{linux(self.fabric.port(clause.port))}"'
        for rule in rules:
            changed = change(rule) if change else rule
            found = match(changed, self.addresses, reverse=bool(change)) if changed else None
            if found is None:
                continue
            if rule.action == "deny":
                chain.add(leaving, found, further)
            else:
                chain.add(leaving, found, action(rule) if clause.action == "permit" else "return")
        chain.add(further)

    # -- statics

    def static_source(self, rule: NatRule, entry: Rule = _ANYWHERE) -> str:
        """Translate the source of a packet that a static applies to."""
        target = self.target(rule, entry)
        if target is None:
            return "drop"  # to an interface without an address (batfish PR 6528, tested on GNS3)
        change = _one_to_one("snat", "saddr", self.real(rule, entry), target, rule.protocol, rule.target_port)
        return f"ct mark set {mark_of(rule.line)} {change}"

    def static_match(self, rule: NatRule) -> str:
        """What a packet to be translated must be, beside the conditions of `when`."""
        parts = [f"ip saddr {_plain(rule.source)}"] if rule.source != ANY else []
        if rule.protocol and rule.source_port is not None:
            parts.append(f"{rule.protocol} sport {rule.source_port}")
        elif rule.protocol:
            parts.append(f"meta l4proto {rule.protocol}")
        return " ".join(parts)

    def real(self, rule: NatRule, entry: Rule) -> str:
        """The real addresses of a static: its own, or those of the entry of its list."""
        return entry.source if rule.source == ANY else rule.source

    def target(self, rule: NatRule, entry: Rule = _ANYWHERE) -> str | None:
        """The addresses that a static translates to; as many as there are real ones."""
        found = resolve(rule.target or "", self.addresses)
        if found is None:
            return None
        if "/" in found:
            # one address stands for one
            return found if found.partition("/")[2] == self.real(rule, entry).partition("/")[2] else None
        # the list of a policy static says how many
        return str(ipaddress.IPv4Network((found, self.real(rule, entry).partition("/")[2]), strict=False))

    def static_destinations(self, number: int, rule: NatRule, arrives: Sequence[Port]) -> Iterator[str]:
        """Rules for packets that are sent to the address that a static translates to."""
        entering = f"iifname {names(map(linux, arrives))}"
        mark = f"ct mark set {mark_of(rule.line)}"
        if rule.source == ANY:

            def mirrored(entry: Rule) -> Rule | None:
                target = self.target(rule, entry)
                if target is None:
                    return None
                ports = (rule.target_port, rule.target_port) if rule.target_port is not None else entry.source_ports
                return replace(entry, source=target, source_ports=ports)

            def back(entry: Rule) -> str:
                port = entry.source_ports[0] if rule.protocol and entry.source_ports else None
                target = self.target(rule, entry) or ""
                return f"{mark} {_one_to_one('dnat', 'daddr', target, entry.source, rule.protocol, port)}"

            name = self.when(f"to_{number}", rule.when, back, change=mirrored)
            yield f"{entering} jump {name} {note(rule.line)}"
            return
        target = self.target(rule)
        if target is None:
            return
        there = f"ip daddr {_plain(target)}"
        if rule.protocol:
            there += f" {rule.protocol} dport {rule.target_port}"
        action = f"{mark} {_one_to_one('dnat', 'daddr', target, rule.source, rule.protocol, rule.source_port)}"
        if not rule.when:
            yield f"{entering} {there} {action} {note(rule.line)}"
            return

        def far(entry: Rule) -> Rule | None:
            return replace(entry, source=ANY) if _holds(entry.source, rule.source) else None

        # a static with a route-map, from outside: where the map permits the way back (recall)
        name = self.when(f"to_{number}", rule.when, lambda _: action, change=far)
        yield f"{entering} {there} jump {name} {note(rule.line)}"

    # -- dynamic ones

    def pooled(self, line: str, pool: Pool) -> list[str]:
        """Statements that translate to a pool, one rule each."""
        mark = f"ct mark set {mark_of(line)}"
        if pool.interface:
            found = self.addresses.get(pool.interface)
            if not found:
                return ["drop"]
            return [f"{_IKE_PORTS} {mark} snat to {found[0]}:1024-65535", f"{mark} snat to {found[0]}"]
        place = pool.first if pool.first == pool.last else f"{pool.first}-{pool.last}"
        # a host keeps its address; that each has one of its own is not emulated
        return [f"{mark} snat to {place} persistent"]


class _Pix(_Translations):
    """PIX and ASA before 8.3. Order of the rules: reading.py."""

    def all(self) -> list[Chain]:
        before = Chain("prerouting", hook="type nat hook prerouting priority dstnat; policy accept;")
        after = Chain("postrouting", hook="type nat hook postrouting priority srcnat; policy accept;")
        for number, rule in enumerate(self.fabric.nat, 1):
            if rule.kind == "static" and (port := self._up(rule.mapped)):
                before.rules += self.static_destinations(number, rule, [port])
            self._source(number, rule, after)
        if self.fabric.nat_control:
            self._must_translate(after)
        return [before, after, *self.found]

    def _up(self, name: str | None) -> Port | None:
        return next((port for port in self.ports if port.name == name), None)

    def below(self, port: Port, *, outside: bool = False) -> list[Port]:
        """The interfaces to which traffic of a port is translated: less secure ones, or, with `outside`, more secure."""
        others = [other for other in self.ports if other is not port]
        if outside:
            return [other for other in others if (other.level or 0) > (port.level or 0)]
        return [other for other in others if (other.level or 0) <= (port.level or 0)]

    def _source(self, number: int, rule: NatRule, after: Chain) -> None:
        real = self._up(rule.real)
        if not real:
            return
        entering = f'iifname "{linux(real)}"'
        if rule.kind == "static":
            if not (mapped := self._up(rule.mapped)):
                return
            name = self.when(f"nat_{number}", rule.when, lambda entry: self.static_source(rule, entry))
            after.add(entering, f'oifname "{linux(mapped)}"', self.static_match(rule), "jump", name, note(rule.line))
            return
        leaving = self.below(real, outside=rule.outside)
        if not leaving:
            return
        start = [entering, f"oifname {names(map(linux, leaving))}"]
        if rule.source != ANY:
            start.append(f"ip saddr {_plain(rule.source)}")
        if rule.kind in ("exempt", "identity"):
            name = self.when(f"nat_{number}", rule.when, lambda entry: "accept")
        else:
            name = self.when(f"nat_{number}", rule.when, lambda entry: f"goto pool_{number}")
            pools = Chain(f"pool_{number}")
            for pool in rule.pools:
                if port := self._up(pool.port):
                    for statement in self.pooled(rule.line, pool):
                        pools.add(f'oifname "{linux(port)}"', statement)
            # a nat id without a global on the interface that the traffic leaves by: it has nothing to be translated
            # to and is dropped, which `show nat` of 8.2 calls `No matching global` (packetsneverlie.blogspot.com 2015-03)
            pools.add("drop")
            self.found.append(pools)
        after.add(*start, "jump", name, note(rule.line))

    def _must_translate(self, after: Chain) -> None:
        # nat-control: what no rule applies to does not pass to a less secure interface (refer-points, chapter 5)
        for port in self.ports:
            lower = [other for other in self.below(port) if other.level != port.level]
            if lower:
                after.add(f'iifname "{linux(port)}" oifname {names(map(linux, lower))} drop', note("nat-control"))

    def reverse(self, port: Port) -> Chain:
        """What happens to new flows from less secure interfaces that are sent to real addresses behind `port`.

        An address that would be translated on its way out cannot be reached by its real address: `No translation group
        found`, `Asymmetric NAT rules matched for forward and reverse flows` (Cisco document 71871). An exemption works
        both ways; identity NAT only outwards (FWSM guide OL-20748-01: it is a translation).
        """
        chain = Chain(f"reverse_{linux(port)}")
        for rule in self.fabric.nat:
            if rule.real != port.name or rule.outside:
                continue
            verdict = "return" if rule.kind == "exempt" else "drop"
            mapped = f'iifname "{linux(self.fabric.port(rule.mapped))}"' if rule.mapped else ""
            parts = [f"ip daddr {_plain(rule.source)}"] if rule.source != ANY else []
            if rule.protocol and rule.source_port is not None:
                parts.append(f"{rule.protocol} dport {rule.source_port}")
            if not rule.when:
                chain.add(mapped, *parts, verdict, note(rule.line))
                continue
            for acl in rule.when[0].lists:
                for entry in self.fabric.acls.get(acl, ()):
                    found = match(entry, self.addresses, reverse=True)
                    if found is not None and entry.action == "permit":
                        chain.add(mapped, *parts, found, verdict, note(rule.line))
        if self.fabric.nat_control:
            chain.add("drop", note("nat-control"))
        return chain


class _Ios(_Translations):
    """IOS: only from inside to outside; statics, then lists, then route-maps (reading.py)."""

    def all(self) -> list[Chain]:
        before = Chain("prerouting", hook="type nat hook prerouting priority dstnat; policy accept;")
        after = Chain("postrouting", hook="type nat hook postrouting priority srcnat; policy accept;")
        own = Chain("own", hook="type filter hook output priority mangle; policy accept;")
        again = Chain("again", hook="type filter hook postrouting priority srcnat + 1; policy accept;")
        inside = [port for port in self.ports if port.nat == "inside"]
        outside = [port for port in self.ports if port.nat == "outside"]
        if not outside or not self.fabric.nat:
            return [before, after]
        for number, rule in enumerate(self.fabric.nat, 1):
            if rule.kind == "static":
                before.rules += self.static_destinations(number, rule, outside)
        leaving = f"oifname {names(map(linux, outside))}"
        addresses = sorted({self.addresses[port.name][0] for port in self.ports if port.name in self.addresses})
        if addresses:
            after.add(f"ip daddr {{ {', '.join(addresses)} }} accept", note("to the router itself"))
        # packets that the router makes are translated too (batfish PR 6671; N17)
        own.add("meta mark set 1")
        for entering in [f"iifname {names(map(linux, inside))}"] if inside else []:
            after.add(entering, leaving, "jump source")
            # IOS looks at each packet from inside to outside: an answer to a flow that came in untranslated is
            # translated like any other (packetu.com 2012-06-05 for statics; ios-nat-acl.md D4.3), which breaks the flow
            again.add(entering, leaving, "ct direction reply ct status & dnat == 0 jump answer")
        after.add("meta mark 1", leaving, "jump source")
        source, answer = Chain("source"), Chain("answer")
        for number, rule in enumerate(self.fabric.nat, 1):
            self._source(number, rule, source)
            self._answer(number, rule, answer)
        return [before, after, own, again, source, answer, *self.found]

    def _source(self, number: int, rule: NatRule, source: Chain) -> None:
        if rule.kind == "static":
            name = self.when(f"nat_{number}", rule.when, lambda entry: self.static_source(rule, entry))
            source.add(self.static_match(rule), "jump", name, note(rule.line))
            return
        name = self.when(f"nat_{number}", rule.when, lambda entry: f"goto pool_{number}")
        pools = Chain(f"pool_{number}")
        for pool in rule.pools:
            pools.rules += self.pooled(rule.line, pool)
        pools.add("drop")
        self.found.append(pools)
        source.add("jump", name, note(rule.line))

    def _answer(self, number: int, rule: NatRule, answer: Chain) -> None:
        if rule.kind == "static":
            target = self.target(rule)
            change = f"ip saddr set {_plain(target)}" if target else ""
            if change and rule.target_port is not None:
                change = f"{rule.protocol} sport set {rule.target_port} {change}"
        else:
            pool = rule.pools[0] if rule.pools else Pool()
            found = self.addresses.get(pool.interface or "", (pool.first, 32))[0]
            change = f"ip saddr set {found}" if found else ""
        name = self.when(f"answer_{number}", rule.when, lambda entry: f"{change} accept" if change else "drop")
        answer.add(self.static_match(rule) if rule.kind == "static" else "", "jump", name, note(rule.line))


def reverse_checks(fabric: Fabric, addresses: Addresses) -> list[tuple[Port, Chain]]:
    """PIX: for each interface, what becomes of new flows to the real addresses behind it."""
    made = _Pix(fabric, addresses)
    found = [(port, made.reverse(port)) for port in made.ports]
    return [(port, chain) for port, chain in found if chain.rules]


def mapped_networks(fabric: Fabric, addresses: Addresses) -> dict[str, list[ipaddress.IPv4Network]]:
    """Where translations translate to, beside the addresses of the interfaces, by the port that the outside reaches it.

    IOS: on the outside port whose network holds them, else on all (with `no-alias` too: the difference is not emulated).
    """
    found: dict[str, set[ipaddress.IPv4Network]] = {}
    outside = [port.name for port in fabric.ports if port.nat == "outside"]
    for rule in fabric.nat:
        places = [(rule.mapped, network) for network in _static_networks(fabric, rule)]
        for pool in rule.pools:
            if pool.first and pool.last:
                bounds = ipaddress.IPv4Address(pool.first), ipaddress.IPv4Address(pool.last)
                places += [(pool.port, network) for network in ipaddress.summarize_address_range(*bounds)]
        for port, network in places:
            near = [port] if port else [name for name in outside if holds(addresses, name, network)] or outside
            for name in near:
                found.setdefault(name, set()).add(network)
    return {name: sorted(networks) for name, networks in found.items()}


def _static_networks(fabric: Fabric, rule: NatRule) -> list[ipaddress.IPv4Network]:
    if rule.kind != "static" or not rule.target or rule.target.startswith("interface:"):
        return []
    base, _, length = rule.target.partition("/")
    # the list of a policy static says how many addresses there are
    entries = [entry for clause in rule.when for acl in clause.lists for entry in fabric.acls.get(acl, ())]
    lengths = [length] if length else [entry.source.partition("/")[2] or "32" for entry in entries]
    return [ipaddress.IPv4Network((base, each), strict=False) for each in lengths]


def holds(addresses: Addresses, port: str, network: ipaddress.IPv4Network) -> bool:
    """Is it within the network of an interface?"""
    found = addresses.get(port)
    return bool(found) and network.subnet_of(ipaddress.IPv4Network(found, strict=False))


def _holds(outer: str, inner: str) -> bool:
    try:
        return ipaddress.IPv4Network(inner).subnet_of(ipaddress.IPv4Network(outer))
    except ValueError:
        return False  # a wildcard with holes, the address of an interface


def _plain(address: str) -> str:
    return address.removesuffix("/32")


def _one_to_one(verb: str, word: str, before: str, after: str, protocol: str | None, port: int | None) -> str:
    if not before.endswith("/32"):
        return f"{verb} ip prefix to ip {word} map {{ {before} : {after} }}"
    if protocol is None or port is None:
        return f"{verb} to {_plain(after)}"
    # nft wants to see the protocol in the rule that sets a port
    return f"meta l4proto {protocol} {verb} to {_plain(after)}:{port}"
