# Copyright: The netvpn.dynamic_l2l contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""A PIX/ASA 7.0 to 8.2 as tables of what it does with packets.

Order of translation (CLI guide 7.2, p. 17-14): exemption (``nat 0 access-list``), ``static`` in order, policy ``nat`` in
order, ``nat`` by the longest prefix; what none of them matches passes as it is unless ``nat-control`` stands.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import replace
from typing import TypeVar

from ..acl import PROTOCOLS
from ..firstmatch import UNCHANGED, Change, Image, Rule, Rules, compiled
from ..forwarding import (
    ANY_PEER,
    Ability,
    Barrier,
    Entry,
    Filter,
    Forwarding,
    Needed,
    Outcome,
    Port,
    Route,
    Translation,
    Unmodelled,
    hops,
)
from ..prefixes import (
    ALL_ADDRESSES,
    ALL_PORTS,
    ALL_PROTOCOLS,
    ANY,
    EVERYTHING_BOX,
    Box,
    Interval,
    Prefix,
    outside_of,
    parse_address,
)
from .dialect import for_version
from .model import AsaConfig, Global, Interface, MapEntry, Nat, Static
from .parse import parse_static

_DEFAULT_GROUPS = ("DefaultL2LGroup", "DefaultRAGroup")

_Key = TypeVar("_Key")


def forwarding(
    config: AsaConfig,
    peers: Mapping[str, Needed],
    local: Collection[Prefix] = (),
    like: tuple[AsaConfig, Forwarding] | None = None,
) -> Forwarding:
    """The tables of ``config``; ``peers`` is what the other ends need, ``local`` are networks that no lease is from.

    ``like``: another configuration and its tables, for the same peers and networks. What both have is not made anew.
    """
    return _Builder(config, peers, local, like).build()


def _box(
    source: Prefix = ANY,
    destination: Prefix = ANY,
    protocol: str | None = None,
    source_port: int | None = None,
    destination_port: int | None = None,
) -> Box:
    number = PROTOCOLS[protocol] if protocol else None
    return (
        ALL_PROTOCOLS if number is None else (number, number),
        source.interval,
        ALL_PORTS if source_port is None else (source_port, source_port),
        destination.interval,
        ALL_PORTS if destination_port is None else (destination_port, destination_port),
    )


class _Builder:
    def __init__(
        self,
        config: AsaConfig,
        peers: Mapping[str, Needed],
        local: Collection[Prefix],
        like: tuple[AsaConfig, Forwarding] | None,
    ) -> None:
        self.config = config
        self.peers = peers
        self.local = local
        self.like = like
        self.dialect = for_version(config.version)
        self.up = {name: interface for name, interface in config.interfaces.items() if not interface.shutdown}
        self.table = [row for row in config.routing_table() if row[1] in self.up]
        self.statics = [(text, self._read_static(text)) for text in config.statics]
        self.leased = self._leased()
        self.routes = self._routes()

    def _read_static(self, text: str) -> Static | None:
        """A ``static`` with its networks; those of a policy static are as large as the sources of its list."""
        found = parse_static(text, self.config.names)
        if found is None or found.acl is None:
            return found
        access_list = self.config.access_lists.get(found.acl)
        sources = {ace.source for ace in access_list.aces} if access_list else set()
        if len(sources) != 1 or found.protocol:
            return None
        (source,) = sources
        if source.opaque or (found.mapped is None and source.prefix.length < 32):
            return None
        mapped = found.mapped and Prefix(found.mapped.network, source.prefix.length)
        return replace(found, real=source.prefix, mapped=mapped)

    def build(self) -> Forwarding:
        config = self.config
        own = {i.address: i.name for i in self.up.values() if i.address is not None}
        return Forwarding(
            ports={name: self._port(name) for name in self.up},
            routes=self.routes,
            own=own,
            leased=self.leased,
            arrivals=tuple(self._arrivals()),
            translations=tuple(self._translations()),
            barriers=self._barriers(),
            unmodelled=tuple(self._unmodelled()),
            outward=frozenset(
                {name for prefix, name in self.table if prefix == ANY}
                | set(config.bindings)
                | set(config.enabled)
                | {item.interface for item in config.globals}
            ),
            firewall=True,
            tunnels_pass=config.permit_vpn,
            managed=config.management_access,
            hidden_routes=next((line for line in config.unmodelled if line.startswith("router ")), ""),
        )

    # --- routes and interfaces ------------------------------------------------------------------------------------

    def _routes(self) -> tuple[Route, ...]:
        connected = [
            Route(i.prefix, i.name, 0, f"interface {i.hardware}") for i in self.up.values() if i.prefix is not None
        ]
        static = [
            Route(
                route.prefix,
                route.interface,
                route.metric,
                _route_text(route.interface, route.prefix, route.gateway),
                route.tracked,
            )
            for route in self.config.static_routes
            if route.interface in self.up
        ]
        leased = [
            Route(ANY, i.name, 1, f"interface {i.hardware}: ip address dhcp setroute")
            for i in self.up.values()
            if i.setroute
        ]
        return (*connected, *static, *leased)

    def _leased(self) -> tuple[Interval, ...]:
        """What an address by DHCP may be: anything that is not routed elsewhere, or said to lie elsewhere."""
        by_dhcp = {i.name for i in self.up.values() if i.dhcp}
        if not by_dhcp:
            return ()
        routed = [prefix for prefix, name in self.table if name not in by_dhcp and prefix.length]
        return outside_of((*routed, *self.local))

    def _barriers(self) -> dict[tuple[str, str], Barrier]:
        """Who does not talk to whom by itself (CLI guide 7.2, "Security Level Overview")."""
        found: dict[tuple[str, str], Barrier] = {}
        for enters in self.up.values():
            for leaves in self.up.values():
                pair = (enters.name, leaves.name)
                if enters is leaves:
                    if "intra-interface" not in self.config.same_security:
                        found[pair] = Barrier("no same-security-traffic permit intra-interface", absolute=True)
                elif enters.security == leaves.security:
                    if "inter-interface" not in self.config.same_security:
                        found[pair] = Barrier("no same-security-traffic permit inter-interface", absolute=True)
                elif enters.security < leaves.security:
                    found[pair] = Barrier(f"no access-group in interface {enters.name}: its security level is lower")
        return found

    def _filter(self, interface: str, direction: str) -> Filter | None:
        for group in self.config.access_groups:
            access_list = self.config.access_lists.get(group.acl)
            if group.interface == interface and group.direction == direction and access_list:
                return Filter(compiled(access_list), group.text)
        return None

    def _port(self, name: str) -> Port:
        bound = self.config.bindings.get(name)
        return Port(
            name,
            enter=self._filter(name, "in"),
            leave=self._filter(name, "out"),
            entries=tuple(self._entries(name, bound)) if bound else (),
        )

    def _unmodelled(self) -> list[Unmodelled]:
        found = []
        for line in self.config.unmodelled:
            words = line.split()
            named = frozenset(word.strip("()") for word in words) & frozenset(self.up)
            if line.startswith("router "):
                continue
            if line.startswith(("ip verify reverse-path", "aaa ", "access-group")):
                found.append(Unmodelled(line, enters=named, drops=True))
            else:
                found.append(Unmodelled(line))
        for text, static in self.statics:
            if static is None:
                found += self._unknown_translation(text)
        return found

    def _unknown_translation(self, text: str) -> list[Unmodelled]:
        """A ``static`` touches packets between its two interfaces, a ``nat`` those that enter at its own."""
        names = [name for name in text.split()[1].strip("()").split(",") if name in self.up]
        if len(names) == 2:
            real, mapped = names
            return [
                Unmodelled(text, frozenset((real,)), frozenset((mapped,))),
                Unmodelled(text, frozenset((mapped,)), frozenset((real,))),
            ]
        return [Unmodelled(text, frozenset(names))] if names else [Unmodelled(text)]

    # --- translation ----------------------------------------------------------------------------------------------

    def _addresses_of(self, interface: str) -> tuple[Interval, ...]:
        found = self.config.interfaces.get(interface)
        if found is None or found.address is None:
            return self.leased or (ALL_ADDRESSES,)
        return ((found.address, found.address),)

    def _translations(self) -> list[Translation]:
        config = self.config
        tables: list[Translation] = []
        for interface, acl in config.exemptions.items():
            access_list = config.access_lists.get(acl)
            if access_list:
                line = f"nat ({interface}) 0 access-list {acl}"
                tables.append(Translation(compiled(access_list), Outcome(line), enters=frozenset((interface,))))
        tables += self._static_tables()
        for enters in self.up.values():
            for leaves in self.up.values():
                tables += self._dynamic_tables(enters, leaves)
        return tables

    def _static_tables(self) -> list[Translation]:
        """``static`` in order; neighbours between the same interfaces share a table."""
        tables: list[Translation] = []
        rows: list[Rule] = []
        pair = ("", "")

        def close() -> None:
            if rows:
                tables.append(Translation(Rules(rows), None, frozenset((pair[0],)), frozenset((pair[1],))))
                rows.clear()

        for text, static in self.statics:
            if static is None or static.real is None:
                continue
            if (static.real_interface, static.mapped_interface) != pair:
                close()
                pair = (static.real_interface, static.mapped_interface)
            target = f"to {static.mapped or f'the address of {static.mapped_interface}'}"
            image = self._static_image(static)
            outcome = Outcome(text, image, "to itself" if image is UNCHANGED else target)
            if static.acl is None:
                rows.append(Rule(_box(static.real, ANY, static.protocol, static.real_port), outcome, text))
                continue
            close()
            rules = compiled(self.config.access_lists[static.acl])
            tables.append(Translation(rules, outcome, frozenset((pair[0],)), frozenset((pair[1],))))
        close()
        return tables

    def _static_image(self, static: Static) -> Image:
        port = None
        if static.real_port is not None and static.mapped_port is not None:
            port = Change(static.mapped_port - static.real_port)
        if static.mapped is None or static.real is None:
            return (None, Change(among=self._addresses_of(static.mapped_interface)), port, None, None)
        shift = static.mapped.network - static.real.network
        if not shift and (port is None or not port.shift):
            return UNCHANGED
        return (None, Change(shift), port, None, None)

    def _arrivals(self) -> list[Translation]:
        """What comes to a mapped address goes to the real one."""
        rows: dict[str, list[Rule]] = {}
        for text, static in self.statics:
            if static is None or static.real is None or self._static_image(static) is UNCHANGED:
                continue
            # Of a policy static only what comes from the destinations of its list.
            lists = [compiled(self.config.access_lists[static.acl])] if static.acl else []
            ends = [(rule.box, rule.value, rule.exact) for rules in lists for rule in rules.rules] or [
                (_box(static.real, ANY, static.protocol, static.real_port), True, True)
            ]
            targets = self._addresses_of(static.mapped_interface)
            for box, value, exact in ends:
                for low, high in (static.mapped.interval,) if static.mapped else targets:
                    # The address of the interface; where that is leased it may be any of several.
                    known = exact and (static.mapped is not None or low == high)
                    rows.setdefault(static.mapped_interface, []).append(
                        self._arrival(text, static, box, (low, high), value, known)
                    )
        return [Translation(Rules(found), None, enters=frozenset((name,))) for name, found in rows.items()]

    def _arrival(self, text: str, static: Static, box: Box, target: Interval, value: bool | None, known: bool) -> Rule:
        real = static.real or ANY
        port, target_port = None, box[2]
        if static.real_port is not None and static.mapped_port is not None:
            port = Change(static.real_port - static.mapped_port)
            target_port = (static.mapped_port, static.mapped_port)
        change = Change(real.network - target[0]) if static.mapped else Change(among=(real.interval,))
        outcome = Outcome(text, (None, None, None, change, port), f"to {real}")
        return Rule((box[0], box[3], box[4], target, target_port), outcome if value else value, text, exact=known)

    def _dynamic_tables(self, enters: Interface, leaves: Interface) -> list[Translation]:
        """Policy ``nat`` in order, then ``nat`` by the longest prefix, between two interfaces."""
        ends = {"enters": frozenset((enters.name,)), "leaves": frozenset((leaves.name,))}
        policy: list[Translation] = []
        plain: list[tuple[int, Rule]] = []
        for nat in self.config.nats:
            outside = "outside" in nat.tail.split()
            # From a lower security level only with ``outside`` (command reference 7.2, ``nat``).
            if nat.interface != enters.name or (enters.security < leaves.security and not outside):
                continue
            text = _nat_text(nat)
            outcome = self._dynamic_outcome(nat, leaves.name, text)
            if nat.prefix is not None:
                plain.append((-nat.prefix.length, Rule(_box(nat.prefix), outcome, text)))
                continue
            access_list = self.config.access_lists.get(nat.acl or "")
            if access_list:
                policy.append(Translation(compiled(access_list), outcome, **ends))
        rows = [rule for _length, rule in sorted(plain, key=lambda row: row[0])]
        if self.config.nat_control and enters.security > leaves.security:
            refused = Outcome("nat-control", text="no translation rule matches", drops=True)
            rows.append(Rule(EVERYTHING_BOX, refused, "nat-control"))
        return [*policy, Translation(Rules(rows), None, **ends)] if rows else policy

    def _dynamic_outcome(self, nat: Nat, leaves: str, text: str) -> Outcome:
        if nat.id == 0:
            return Outcome(text, text="to itself")
        pool = [item for item in self.config.globals if item.id == nat.id and item.interface == leaves]
        if not pool:
            # "Real Addresses in a NAT Rule Must be Translated on All Lower or Same Security Interfaces" (ASDM guide,
            # Configuring NAT (ASA 8.2 and Earlier), p. 6-22). 8.2 has a row for each interface without one, "No
            # matching global", and drops what it matches (packetsneverlie.blogspot.com 2015-03, "Dynamic NAT and no
            # matching global").
            return Outcome(text, text=f"no global ({leaves}) {nat.id}", drops=True)
        among: list[Interval] = []
        overload = False
        for item in pool:
            found, one = self._pool(item)
            among += found
            overload = overload or one
        port = Change(among=(ALL_PORTS,)) if overload else None
        image: Image = (None, Change(among=tuple(sorted(among))), port, None, None)
        return Outcome(
            text, image, "by " + ", ".join(f"global ({item.interface}) {item.id} {item.value}" for item in pool)
        )

    def _pool(self, item: Global) -> tuple[tuple[Interval, ...], bool]:
        """The addresses of a ``global``, and whether it translates ports too."""
        word = item.value.split()[0]
        if word == "interface":
            return self._addresses_of(item.interface), True
        ends = [self.config.names.get(end, end) for end in word.split("-")]
        try:
            numbers = [parse_address(end) for end in ends]
        except ValueError:
            return (ALL_ADDRESSES,), True
        return ((numbers[0], numbers[-1]),), len(numbers) == 1

    # --- crypto maps ----------------------------------------------------------------------------------------------

    def _entries(self, interface: str, name: str) -> list[Entry]:
        ready = self._ready(interface, name)
        found = []
        for entry in self.config.entries_of(name):
            if entry.dynamic:
                found += [self._dynamic_entry(interface, entry, part) for part in self.config.dynamic_of(entry.dynamic)]
            else:
                key = (entry.map, entry.sequence)
                found.append(ready[key] if key in ready else self._static_entry(interface, entry))
        return found

    def _ready(self, interface: str, name: str) -> dict[tuple[str, int], Entry]:
        """The entries that are as they were in the tables that are like these; none where that is not known of any."""
        if self.like is None:
            return {}
        (old, tables), new = self.like, self.config
        port = tables.ports.get(interface)
        if (
            port is None
            or old.bindings.get(interface) != name
            or not _same_around(old, new, tables.routes == self.routes)
        ):
            return {}
        lists, groups = _changed(old.access_lists, new.access_lists), _changed(old.groups, new.groups)
        if not groups.isdisjoint(_DEFAULT_GROUPS) or not lists.isdisjoint(new.vpn_filters.values()):
            return {}
        gone = _changed(old.entries, new.entries)
        if any(
            entry.dynamic for entry in (*old.entries.values(), *(new.entries[key] for key in gone & new.entries.keys()))
        ):
            return {}
        pairs = zip(old.entries_of(name), port.entries)  # noqa: B905 (one for each)
        ready = {(entry.map, entry.sequence): made for entry, made in pairs}
        if lists:
            gone.update(key for key, entry in new.entries.items() if entry.acl in lists)
        if groups:
            gone.update(key for key, entry in new.entries.items() if not groups.isdisjoint(entry.peers))
        for key in gone:
            ready.pop(key, None)
        return ready

    def _static_entry(self, interface: str, entry: MapEntry) -> Entry:
        access_list = self.config.access_lists.get(entry.acl or "")
        rules = compiled(access_list) if access_list else None
        peer = entry.peers[0] if entry.peers else ""
        lacking = [
            word
            for word, there in (("list", access_list), ("peer", entry.peers), ("transform set", entry.transform_sets))
            if not there
        ]
        line = f"{entry.head} match address {entry.acl}" if entry.acl else entry.head
        if lacking:
            stops = self.dialect.entry_at_once and not (access_list and entry.peers)
            reason = f"the entry has no {', no '.join(lacking)}"
            return Entry(line, peer, rules, Ability.INCOMPLETE, reason, stops=stops)
        ability, reason = self._able(interface, entry)
        return Entry(line, peer, rules, ability, reason, filter=self._vpn_filter(peer))

    def _dynamic_entry(self, interface: str, entry: MapEntry, part: MapEntry) -> Entry:
        access_list = self.config.access_lists.get(part.acl or "")
        ability, reason = self._negotiates(interface, part, self.peers.get(ANY_PEER))
        if ability is Ability.ABLE:
            ability, reason = self._default_key()
        line = f"{entry.head} ipsec-isakmp dynamic {entry.dynamic}"
        peer = f"dynamic-map {part.map}"
        if part.acl and access_list is None:
            return Entry(line, peer, None, Ability.INCOMPLETE, f"list {part.acl} is missing")
        rules = compiled(access_list) if access_list else None
        return Entry(line, peer, rules, ability, reason, dynamic=part.acl is None)

    def _default_key(self) -> tuple[Ability, str]:
        """Peers that nobody knows by address fall into the default groups."""
        groups = [self.config.groups.get(name) for name in _DEFAULT_GROUPS]
        if any(group and group.key for group in groups):
            return Ability.ABLE, ""
        if any(group.key and group.name not in self._addressed() for group in self.config.groups.values()):
            return Ability.MAYBE, "peers by the name of a tunnel-group"
        return Ability.UNABLE, "no pre-shared-key in tunnel-group DefaultL2LGroup"

    def _addressed(self) -> set[str]:
        return {peer for entry in self.config.entries.values() for peer in entry.peers}

    def _negotiates(self, interface: str, entry: MapEntry, needed: Needed | None) -> tuple[Ability, str]:
        """Whether the interface, the policies and the transform sets are fit for a peer."""
        config = self.config
        if interface not in config.enabled:
            return Ability.UNABLE, f"{self.dialect.isakmp} is not enabled on {interface}"
        sets = [config.transform_sets[name].words for name in entry.transform_sets if name in config.transform_sets]
        if not sets:
            return Ability.UNABLE, "no transform set"
        proposals = [policy.proposal for policy in config.policies.values()]
        if needed is None:
            if not proposals:
                return Ability.UNABLE, f"no {self.dialect.isakmp} policy"
            return Ability.ABLE, ""
        if not any(proposal and proposal.matches(needed.ike) for proposal in proposals):
            return Ability.UNABLE, f"no {self.dialect.isakmp} policy with {needed.ike}"
        if not any(self.dialect.spelling.read_transform(words) == needed.ipsec for words in sets):
            return Ability.UNABLE, f"no transform set with {needed.ipsec}"
        return Ability.ABLE, ""

    def _able(self, interface: str, entry: MapEntry) -> tuple[Ability, str]:
        """Whether any of the peers of a static entry can be met."""
        answers = [self._meets(interface, entry, peer) for peer in entry.peers]
        order = (Ability.ABLE, Ability.MAYBE, Ability.UNABLE)
        return min(answers, key=lambda answer: order.index(answer[0]))

    def _meets(self, interface: str, entry: MapEntry, peer: str) -> tuple[Ability, str]:
        needed = self.peers.get(peer)
        ability, reason = self._negotiates(interface, entry, needed)
        if ability is not Ability.ABLE:
            return ability, reason
        try:
            ways = hops(self.routes, parse_address(peer))
        except ValueError:
            return Ability.MAYBE, f"peer {peer}"
        reason = f"the route to {peer} leads to {', '.join(sorted(ways))}"
        if ways and interface not in ways:
            return Ability.UNABLE, reason
        certificate = next((line for line in entry.others if line.startswith("set trustpoint")), None)
        if certificate:
            return Ability.MAYBE, f"{entry.head} {certificate}"
        lacking = self._lacks_key(peer, needed)
        if lacking:
            return Ability.UNABLE, lacking
        return (Ability.MAYBE, reason) if len(ways) > 1 else (Ability.ABLE, "")

    def _lacks_key(self, peer: str, needed: Needed | None) -> str:
        """Why a peer cannot be met with a pre-shared key; empty where it can."""
        group = self.config.groups.get(peer)
        if group is None or not group.key:
            default = self.config.groups.get(_DEFAULT_GROUPS[0])
            return "" if default and default.key else f"no pre-shared-key in tunnel-group {peer}"
        if group.type != "ipsec-l2l":
            return f"no tunnel-group {peer} type ipsec-l2l"
        if needed and needed.key and needed.key.same_as(group.key) is False:
            return f"another pre-shared-key in tunnel-group {peer}"
        return ""

    def _vpn_filter(self, peer: str) -> Filter | None:
        config = self.config
        group = config.groups.get(peer)
        policy = group.policy if group else "DfltGrpPolicy"
        acl = config.vpn_filters.get(policy, config.vpn_filters.get("DfltGrpPolicy", ""))
        access_list = config.access_lists.get(acl)
        return Filter(compiled(access_list), f"group-policy {policy}: vpn-filter value {acl}") if access_list else None


def _changed(old: Mapping[_Key, object], new: Mapping[_Key, object]) -> set[_Key]:
    """The keys whose values are not the same object in both, or that only one of them has."""
    if old is new:
        return set()
    found = {key for key, value in new.items() if old.get(key) is not value}
    found.update(old.keys() - new.keys())
    return found


def _same_around(old: AsaConfig, new: AsaConfig, routes: bool) -> bool:
    """Whether all is equal that an entry depends on beside its own lines, its list and the groups of its peers."""
    return routes and all(
        getattr(old, part) == getattr(new, part)
        for part in ("version", "enabled", "policies", "transform_sets", "vpn_filters")
    )


def _nat_text(nat: Nat) -> str:
    what = f"{nat.prefix.address} {nat.prefix.netmask}" if nat.prefix else f"access-list {nat.acl}"
    return f"nat ({nat.interface}) {nat.id} {what} {nat.tail}".rstrip()


def _route_text(interface: str, prefix: Prefix, gateway: str) -> str:
    return f"route {interface} {prefix.address} {prefix.netmask} {gateway}"
