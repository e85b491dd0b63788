# Copyright: The netvpn.dynamic_l2l contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""An IOS 12.4 router as tables of what it does with packets.

Only what goes from an ``ip nat inside`` to an ``ip nat outside`` interface is translated, and what the router itself
sends out of the latter. Static translations come first, the longer prefix before the shorter; then rules with a list
(numbers in order, then names), then rules with a route map (batfish/batfish, CiscoIosNat: "based on GNS3 testing").
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass

from ..acl import PROTOCOLS, AccessList
from ..firstmatch import UNCHANGED, Change, Rule, Rules, compiled
from ..forwarding import (
    ANY_PEER,
    SELF,
    Ability,
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
    longest_match,
    outside_of,
    parse_address,
)
from .dialect import for_version
from .model import DynamicEntry, Interface, IosConfig, MapEntry, NatRule, RouteMapEntry, StaticNat
from .parse import parse_static_nat

#: ``ip nat`` lines that translate nothing by themselves.
_HARMLESS_NAT = ("ip nat pool ", "ip nat translation ", "ip nat log ", "ip nat service ", "ip nat portmap ")

_EVERYTHING = Rules((Rule(EVERYTHING_BOX, True, "everything"),))


def forwarding(config: IosConfig, peers: Mapping[str, Needed], local: Collection[Prefix] = ()) -> Forwarding:
    """The tables of ``config``; ``peers`` is what the other ends need, ``local`` are networks that no lease is from."""
    return _Builder(config, peers, local).build()


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
    def __init__(self, config: IosConfig, peers: Mapping[str, Needed], local: Collection[Prefix]) -> None:
        self.config = config
        self.peers = peers
        self.local = local
        self.dialect = for_version(config.version)
        self.up = {name: interface for name, interface in config.interfaces.items() if not interface.shutdown}
        self.inside = frozenset(i.name for i in self.up.values() if i.nat == "inside") | {SELF}
        self.outside = frozenset(i.name for i in self.up.values() if i.nat == "outside")
        self.routes = self._routes()
        self.leased = self._leased()

    def build(self) -> Forwarding:
        default = {route.interface for route in self.routes if route.prefix == ANY and route.interface}
        bound = {i.name for i in self.up.values() if i.crypto_map}
        return Forwarding(
            ports={interface.name: self._port(interface) for interface in self.up.values()},
            routes=self.routes,
            own={address: i.name for i in self.up.values() if i.vrf is None for address in i.addresses},
            leased=self.leased,
            arrivals=tuple(self._arrivals()),
            translations=(*self._static_tables(), *self._dynamic_tables()),
            unmodelled=tuple(self._unmodelled()),
            outward=frozenset(default | bound | self.outside),
            hidden_routes=next((line for line in self.config.unmodelled if line.startswith("router ")), ""),
        )

    # --- routes and interfaces ------------------------------------------------------------------------------------

    def _routes(self) -> tuple[Route, ...]:
        connected = [
            Route(prefix, i.name, 0, f"interface {i.name}")
            for i in self.up.values()
            if i.vrf is None
            for prefix in i.prefixes
        ]
        pairs = [(route.prefix, route.interface) for route in connected]
        static = []
        for route in self.config.static_routes:
            text = f"ip route {route.prefix.address} {route.prefix.netmask} {route.via}"
            if route.via in self.config.interfaces:
                # The route of an interface that is down is not in the table.
                names = [route.via] if route.via in self.up else []
            elif route.via.startswith("Null"):
                names = [""]
            else:
                names = self._behind(route.via, pairs)
            static += [Route(route.prefix, name, route.distance, text, route.tracked) for name in names]
        # ``ip address dhcp`` installs the default route of the lease with distance 254.
        leased = [Route(ANY, i.name, 254, f"interface {i.name}: ip address dhcp") for i in self.up.values() if i.leased]
        return (*connected, *static, *leased)

    def _behind(self, hop: str, connected: list[tuple[Prefix, str]]) -> list[str]:
        """The interface towards a next hop; by a connected network, else by a lease that may hold it, else by a route."""
        try:
            address = parse_address(hop)
        except ValueError:
            return []
        found = longest_match(address, connected)
        if found is not None:
            return [found]
        leased = [i.name for i in self.up.values() if i.leased]
        if leased:
            return leased[:1]
        # By another static route, whose own next hop is connected.
        known = [
            (route.prefix, via)
            for route in self.config.static_routes
            if route.prefix.length and (via := _connected(route.via, connected))
        ]
        recursive = longest_match(address, known)
        return [recursive] if recursive else []

    def _leased(self) -> tuple[Interval, ...]:
        """What an address by DHCP may be: anything that is not routed elsewhere, or said to lie elsewhere."""
        by_dhcp = {i.name for i in self.up.values() if i.leased}
        if not by_dhcp:
            return ()
        routed = [route.prefix for route in self.routes if route.interface not in by_dhcp and route.prefix.length]
        return outside_of((*routed, *self.local))

    def _list(self, name: str | None) -> AccessList | None:
        """A list that has entries: a missing or an empty one permits all on an interface, and translates nothing."""
        found = self.config.access_lists.get(name or "")
        return found if found and compiled(found) else None

    def _port(self, interface: Interface) -> Port:
        enter, leave = self._list(interface.access_in), self._list(interface.access_out)
        source = interface.addresses[0] if interface.addresses else None

        def outer(peer: str) -> Box:
            try:
                target = Prefix(parse_address(peer), 32)
            except ValueError:
                target = ANY
            return _box(ANY if source is None else Prefix(source, 32), target, "esp")

        return Port(
            interface.name,
            enter=Filter(compiled(enter), f"interface {interface.name}: ip access-group {enter.name} in")
            if enter
            else None,
            leave=Filter(compiled(leave), f"interface {interface.name}: ip access-group {leave.name} out")
            if leave
            else None,
            entries=tuple(self._entries(interface, interface.crypto_map)) if interface.crypto_map else (),
            # 12.3(8)T and later: the lists of the outside interface see the encrypted packet only ("Crypto Access Check
            # on Clear-Text Packets", field notice 29690).
            outer=outer,
        )

    def _unmodelled(self) -> list[Unmodelled]:
        found = []
        zones = [(i.name, i.zone) for i in self.up.values() if i.zone]
        spares = frozenset((one, two) for one, zone in zones for two, other in zones if zone == other)
        pairs = [line.split() for line in self.config.unmodelled if line.startswith("zone-pair security")]
        own_zone = [" ".join(words) for words in pairs if "self" in words]
        for interface in self.up.values():
            name = frozenset((interface.name,))
            for line in interface.unmodelled:
                text = f"interface {interface.name}: {line}"
                words = line.split()
                if words[0] == "zone-member":
                    # Interfaces of one zone talk freely; the router itself only where a pair names the zone self.
                    free = spares | (frozenset() if own_zone else {(SELF, interface.name), (interface.name, SELF)})
                    found += [Unmodelled(text, name, None, True, free), Unmodelled(text, None, name, True, free)]
                elif words[:2] == ["ip", "inspect"]:
                    enters, leaves = (name, None) if words[-1] == "in" else (None, name)
                    found.append(Unmodelled(text, enters, leaves, drops=True))
                elif words[:2] in (["ip", "verify"], ["ip", "auth-proxy"], ["ip", "admission"], ["ip", "ips"]):
                    found.append(Unmodelled(text, name, None, drops=True))
                elif words[:2] == ["ip", "policy"]:
                    found.append(Unmodelled(text, name))
                elif words[0] == "tunnel":
                    found.append(Unmodelled(text, None, name))
                else:
                    found += [Unmodelled(text, name), Unmodelled(text, None, name)]
        for line in self.config.unmodelled:
            if line.startswith("ip local policy"):
                found.append(Unmodelled(line, frozenset((SELF,))))
            elif line == "no ip routing":
                found.append(Unmodelled(line))
        for text in self.config.statics:
            if not text.startswith("ip nat") or text.startswith(_HARMLESS_NAT) or parse_static_nat(text):
                continue
            found += self._unknown_nat(text)
        return found

    def _unknown_nat(self, text: str) -> list[Unmodelled]:
        """``ip nat outside source``, ``ip nat inside destination``, ``ip nat source`` …"""
        words = text.split()
        if words[2:5] == ["outside", "source", "static"] and len(words) > 6 and words[5][0].isdigit():
            # Known by its outer address outside, by its local address inside.
            outer, local = (Prefix(parse_address(word), 32) for word in words[5:7])
            return [
                Unmodelled(text, self.outside, box=_box(outer)),
                Unmodelled(text, self.inside, box=_box(ANY, local)),
            ]
        return [Unmodelled(text, self.inside, self.outside), Unmodelled(text, self.outside)]

    # --- translation ----------------------------------------------------------------------------------------------

    def _addresses_of(self, name: str) -> tuple[Interval, ...] | None:
        """The addresses that a translation to an interface uses; None where it has none."""
        found = self.up.get(name)
        if found is None:
            return None
        if found.leased:
            return self.leased or (ALL_ADDRESSES,)
        return ((found.addresses[0], found.addresses[0]),) if found.addresses else None

    def _static_nats(self) -> list[tuple[str, StaticNat]]:
        read = [(text, parse_static_nat(text)) for text in self.config.statics]
        found = [(text, static) for text, static in read if static is not None]
        return sorted(found, key=lambda row: (-row[1].local.length, row[1].protocol is None))

    def _static_tables(self) -> list[Translation]:
        """Static translations; those without a route map share tables."""
        tables: list[Translation] = []
        rows: list[Rule] = []
        for text, static in self._static_nats():
            outcome = self._static_outcome(text, static)
            rule = Rule(_box(static.local, ANY, static.protocol, static.local_port), outcome, text)
            if static.route_map is None:
                rows.append(rule)
                continue
            if rows:
                tables.append(Translation(Rules(rows), None, self.inside, self.outside))
                rows = []
            tables += self._by_route_map(static.route_map, outcome, rule.box)
        if rows:
            tables.append(Translation(Rules(rows), None, self.inside, self.outside))
        return tables

    def _static_outcome(self, text: str, static: StaticNat) -> Outcome:
        port = None
        if static.local_port is not None and static.outer_port is not None:
            port = Change(static.outer_port - static.local_port)
        if static.outer is None:
            among = self._addresses_of(static.interface)
            if among is None:
                return Outcome(text, text=f"{static.interface} has no address", drops=True)
            return Outcome(text, (None, Change(among=among), port, None, None), f"to the address of {static.interface}")
        shift = static.outer.network - static.local.network
        if not shift and (port is None or not port.shift):
            return Outcome(text, UNCHANGED, "to itself")
        return Outcome(text, (None, Change(shift), port, None, None), f"to {static.outer}")

    def _arrivals(self) -> list[Translation]:
        """What comes to the outer address of a static translation goes to the local one."""
        rows = []
        for text, static in self._static_nats():
            if static.outer is not None and self._static_outcome(text, static).image is UNCHANGED:
                continue
            # The address of an interface; where that is leased it may be any of several.
            targets = (static.outer.interval,) if static.outer else self._addresses_of(static.interface) or ()
            port = None
            if static.local_port is not None and static.outer_port is not None:
                port = Change(static.local_port - static.outer_port)
            for target in targets:
                change = Change(among=(static.local.interval,))
                if static.outer:
                    change = Change(static.local.network - target[0])
                whole = _box(ANY, ANY, static.protocol, None, static.outer_port)
                value = Outcome(text, (None, None, None, change, port), f"to {static.local}")
                # With a route map only flows that began inside are translated back, unless it is reversible.
                known = static.route_map is None and (static.outer is not None or target[0] == target[1])
                rows.append(Rule((*whole[:3], target, whole[4]), value, text, exact=known))
        return [Translation(Rules(rows), None, self.outside)] if rows else []

    def _dynamic_tables(self) -> list[Translation]:
        tables: list[Translation] = []
        for rule in sorted(self.config.nat_rules, key=lambda rule: rule.turn):
            outcome = self._dynamic_outcome(rule)
            if rule.kind == "route-map":
                tables += self._by_route_map(rule.name, outcome, EVERYTHING_BOX)
                continue
            access_list = self._list(rule.name)
            if access_list:
                tables.append(Translation(compiled(access_list), outcome, self.inside, self.outside))
        return tables

    def _dynamic_outcome(self, rule: NatRule) -> Outcome:
        words = rule.target.split()
        port = Change(among=(ALL_PORTS,)) if "overload" in words else None
        among: tuple[Interval, ...] | None = (ALL_ADDRESSES,)
        if words[:1] == ["interface"]:
            among = self._addresses_of(words[1])
        elif words[:1] == ["pool"] and words[1] in self.config.pools:
            among = (self.config.pools[words[1]],)
        if among is None:
            # "still matches, and the matched traffic is dropped" (batfish/batfish pull request 6528).
            return Outcome(rule.text, text=f"{words[1]} has no address", drops=True)
        return Outcome(rule.text, (None, Change(among=among), port, None, None), f"to {' '.join(words)}")

    def _by_route_map(self, name: str, outcome: Outcome, within: Box) -> list[Translation]:
        """The entries of a route map in order: a permit translates, a deny leaves the rest of the map out.

        Each entry is a table whose rows say what it does; only the packets that it does not match go to the next.
        """
        entries = self.config.route_map_entries.get(name)
        if entries is None:
            doubt = Rule(within, outcome, f"route-map {name}", exact=False)
            return [Translation(Rules((doubt,)), None, self.inside, self.outside)]
        return [
            Translation(Rules(rows), None, self.inside, frozenset((leaves,)))
            for leaves in sorted(self.outside)
            if (rows := self._route_map_rows(name, entries, outcome, leaves, within))
        ]

    def _route_map_rows(
        self, name: str, entries: tuple[RouteMapEntry, ...], outcome: Outcome, leaves: str, within: Box
    ) -> list[Rule]:
        """A route map as one table for packets that leave by one interface."""
        region = _Cut(within)
        for entry in entries:
            if entry.interfaces and leaves not in entry.interfaces:
                continue
            value: Outcome | bool = outcome if entry.action == "permit" else False
            text = f"route-map {name} {entry.action} {entry.sequence}"
            if entry.others:
                region.doubt(value, f"{text}: {entry.others[0]}")
            elif not entry.lists:
                region.take(_EVERYTHING, value, text)
            else:
                for acl in entry.lists:
                    access_list = self._list(acl)
                    if access_list is None:
                        # "treated as match-all for routing; for NAT not measured"
                        region.doubt(value, f"{text}: match ip address {acl}, a list that is missing")
                    else:
                        region.take(compiled(access_list), value, f"{text}: match ip address {acl}")
        return region.rows

    # --- crypto maps ----------------------------------------------------------------------------------------------

    def _entries(self, interface: Interface, name: str) -> list[Entry]:
        found = []
        for entry in self.config.entries_of(name):
            if entry.dynamic:
                found += [self._dynamic_entry(interface, entry, part) for part in self.config.dynamic_of(entry.dynamic)]
            else:
                found.append(self._static_entry(interface, entry))
        return found

    def _static_entry(self, interface: Interface, entry: MapEntry) -> Entry:
        acl = entry.acl
        access_list = self._list(acl)
        line = f"{entry.head}: match address {acl}" if acl else entry.head
        peer = entry.peers[0] if entry.peers else ""
        rules = compiled(access_list) if access_list else None
        if entry.head.split()[4:5] != ["ipsec-isakmp"]:
            return Entry(line, peer, rules or _EVERYTHING, Ability.UNMODELLED, "not modelled")
        lacking = [
            word
            for word, there in (("list", access_list), ("peer", entry.peers), ("transform set", entry.transform_sets))
            if not there
        ]
        if lacking:
            return Entry(line, peer, rules, Ability.INCOMPLETE, f"the entry has no {', no '.join(lacking)}")
        profile = next(
            (text for text in entry.lines if text.startswith(("set isakmp-profile", "set ip access-group"))), ""
        )
        if profile:
            return Entry(line, peer, rules, Ability.MAYBE, f"{entry.head}: {profile}")
        answers = [self._meets(interface, entry.transform_sets, peer) for peer in entry.peers]
        order = (Ability.ABLE, Ability.MAYBE, Ability.UNABLE)
        ability, reason = min(answers, key=lambda answer: order.index(answer[0]))
        return Entry(line, peer, rules, ability, reason)

    def _dynamic_entry(self, interface: Interface, entry: MapEntry, part: DynamicEntry) -> Entry:
        access_list = self._list(part.acl)
        line = f"{entry.head} ({part.head}{f' match address {part.acl}' if part.acl else ''})"
        rules = compiled(access_list) if access_list else None
        peer = f"dynamic-map {part.map}"
        if part.acl and access_list is None:
            # "never matches, or drops everything": no source tells.
            return Entry(line, peer, None, Ability.INCOMPLETE, f"list {part.acl} is missing or empty")
        if not part.transform_sets:
            if part.acl is None:
                return Entry(line, peer, None, Ability.UNABLE, "no transform set", dynamic=True)
            return Entry(line, peer, rules, Ability.INCOMPLETE, "the entry has no transform set")
        profile = next((text for text in part.others if text.startswith("set isakmp-profile")), "")
        if profile:
            return Entry(line, peer, rules, Ability.MAYBE, f"{part.head}: {profile}", dynamic=part.acl is None)
        ability, reason = self._meets(interface, part.transform_sets, ANY_PEER)
        return Entry(line, peer, rules, ability, reason, dynamic=part.acl is None)

    def _meets(self, interface: Interface, sets: tuple[str, ...], peer: str) -> tuple[Ability, str]:
        """Whether a peer (ANY_PEER: one that is known by the wildcard key alone) can be met."""
        config = self.config
        needed = self.peers.get(peer)
        if config.isakmp_disabled:
            return Ability.UNABLE, "no crypto isakmp enable"
        words = [config.transform_sets[name].words for name in sets if name in config.transform_sets]
        if not words:
            return Ability.UNABLE, "no transform set"
        proposals = [policy.proposal for policy in config.policies.values()]
        if not proposals:
            return Ability.UNABLE, "no crypto isakmp policy"
        if needed and not any(proposal and proposal.matches(needed.ike) for proposal in proposals):
            return Ability.UNABLE, f"no crypto isakmp policy with {needed.ike}"
        if needed and not any(self.dialect.spelling.read_transform(row) == needed.ipsec for row in words):
            return Ability.UNABLE, f"no transform set with {needed.ipsec}"
        reached, reason = self._reached(interface, peer)
        key = self._key(peer, needed)
        if reached is Ability.UNABLE or key[0] is Ability.ABLE:
            return reached, reason
        return key

    def _reached(self, interface: Interface, peer: str) -> tuple[Ability, str]:
        """Why IKE with the peer cannot work: the way to it, or the filter where its packets come in."""
        answer = Ability.ABLE, ""
        target = ANY
        if peer != ANY_PEER:
            try:
                target = Prefix(parse_address(peer), 32)
            except ValueError:
                return Ability.MAYBE, f"peer {peer}"
            ways = hops(self.routes, target.network)
            reason = f"the route to {peer} leads to {', '.join(sorted(way or 'Null0' for way in ways))}"
            if ways and interface.name not in ways:
                return Ability.UNABLE, reason
            if len(ways) > 1:
                answer = Ability.MAYBE, reason
        enter = self._list(interface.access_in)
        if enter:
            own = Prefix(interface.addresses[0], 32) if interface.addresses else ANY
            for box, what in ((_box(target, own, "udp", None, 500), "IKE"), (_box(target, own, "esp"), "ESP")):
                if not any(hit.value or not hit.sure for _piece, hit in compiled(enter).split(box)):
                    return Ability.UNABLE, f"ip access-group {enter.name} in does not permit {what}"
        return answer

    def _key(self, peer: str, needed: Needed | None) -> tuple[Ability, str]:
        config = self.config
        try:
            address = 0 if peer == ANY_PEER else parse_address(peer)
        except ValueError:
            return Ability.MAYBE, f"peer {peer}"
        # A peer that nobody knows by address is met by the wildcard alone.
        fit = [
            key for key in config.keys
            if (not key.prefix.length if peer == ANY_PEER else key.prefix.network <= address <= key.prefix.last)
        ]  # fmt: skip
        if fit:
            best = max(fit, key=lambda key: key.prefix.length)
            if needed and needed.key and needed.key.same_as(best.key) is False:
                return Ability.UNABLE, f"another crypto isakmp key for {best.prefix}"
            return Ability.ABLE, ""
        hidden = [line for line in (*config.unmodelled, *config.statics) if line.startswith("crypto ")]
        if hidden:
            return Ability.MAYBE, hidden[0]
        return Ability.UNABLE, "no crypto isakmp key for " + ("any address" if peer == ANY_PEER else peer)


@dataclass
class _Cut:
    """Rows of one table that are collected in order, all within one box."""

    within: Box

    def __post_init__(self) -> None:
        self.rows: list[Rule] = []

    def take(self, rules: Rules, value: Outcome | bool, text: str) -> None:
        """``value`` for what ``rules`` permits; what they deny goes on to the next rows."""
        for piece, hit in rules.split(self.within):
            if hit.value or not hit.sure:
                self.rows.append(Rule(piece, value, text, exact=hit.sure))

    def doubt(self, value: Outcome | bool, text: str) -> None:
        """``value`` for what something matches that nothing here understands."""
        self.rows.append(Rule(self.within, value, text, exact=False))


def _connected(hop: str, connected: list[tuple[Prefix, str]]) -> str | None:
    try:
        return longest_match(parse_address(hop), connected)
    except ValueError:
        return None
