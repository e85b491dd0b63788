# Copyright: The netvpn.dynamic_l2l contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""What an IOS router is wanted to hold: a copy of its configuration, edited to the intent.

What exists is adopted, what is impossible or would harm others is refused. :mod:`.plan` makes lines of the difference.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace
from itertools import chain

from ..acl import AccessList, Ace, Entry, Remark, meaning
from ..algorithms import require_available, require_group, transform_name
from ..errors import InputError, PlanError
from ..firstmatch import Rule, Rules, compiled
from ..forwarding import SELF, Forwarding
from ..intent import Network, Responder, Tunnel
from ..list_edits import ListChange, Use, Way, change_list, with_denies_above, with_permits_above
from ..moving import names_like, new_list_finding, those_that_move
from ..named import CALLERS_COME, CALLERS_GO, Boxes, Named, translated
from ..options import EXTENDED, PREFIX, Names, Options, first_free
from ..prefixes import ANY, Box, Prefix, Region, parse_address
from ..routing import home_of, known_interface
from ..steps import NOT_IN_THE_INTENT, Finding, Ref, key_not_compared, shared_policy_changed
from . import audit, render
from .dialect import Dialect
from .model import DynamicEntry, IkePolicy, IosConfig, IsakmpKey, MapEntry, NatRule, TransformSet

WILDCARD = Prefix(0, 0)

ENTRY_KEPT = (
    "this dynamic entry has no access list, so nobody can tell whether it serves tunnels that a partial call does not "
    "name; it stays. Run without partial to take it away"
)


@dataclass
class Wanted:
    """A copy of the configuration that is edited to the intent."""

    current: IosConfig
    options: Options
    dialect: Dialect
    responder: Responder
    tunnels: tuple[Tunnel, ...]
    target: IosConfig = field(init=False)
    findings: list[Finding] = field(default_factory=list)
    scope: set[Ref] = field(default_factory=set)
    #: All packets of the tunnels that stay, as the hub sends them.
    staying: Region = field(default_factory=Region)
    #: Whether our entry has no access list.
    unlisted: bool = False
    #: Entries that are taken out of our crypto list, or by ``exclusive`` out of one that decides translation.
    withdrawn: list[Ace] = field(default_factory=list)
    #: Where PAT is wanted, or is taken away: the interfaces inside, the one outside, whether it comes.
    pat: list[tuple[frozenset[str], str, bool]] = field(default_factory=list)
    #: Our dynamic entry, where it stays.
    entry: tuple[str, int] | None = None
    #: How each list that is there becomes what is wanted.
    changes: dict[str, ListChange] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.target = self.current.copy()

    # --- what is there --------------------------------------------------------------------------------------------

    def outside(self) -> str:
        """The interface that has the responder's address, or is named by ``outside_interface``.

        Behind a translation no interface has that address: then it is the one of the default route.
        """
        given = self.options.outside_interface
        if given:
            return known_interface(given, self.current.interfaces)
        address = parse_address(self.responder.address)
        found = next((i.name for i in self.current.interfaces.values() if address in i.addresses), None)
        if found is None and self.options.behind_nat:
            found = next((name for prefix, name in self.current.routing_table() if prefix == ANY), None)
            if found is None:
                raise InputError(
                    "behind_nat",
                    True,
                    "the device has no default route that would tell its interface towards the initiators",
                    "Name it with outside_interface",
                )
        if found is None:
            raise InputError(
                f"responder {self.responder.host}, address",
                self.responder.address,
                "no interface of the device has this address",
                "Correct it, or set behind_nat: true when the router stands behind a translation",
            )
        return found

    def interface_of(self, network: Network, outside: str) -> str:
        """The interface behind which a network of the hub lies."""
        routes = self.current.routing_table()
        return home_of(
            network,
            self.current.interfaces,
            routes,
            outside,
            f"responder {self.responder.host}, networks",
            "initiators are",
        )

    def crypto_map(self, outside: str) -> str:
        """The crypto map of the interface: the bound one, or ours."""
        bound = self.current.interfaces[outside].crypto_map
        if bound:
            return bound
        name = self.options.names.crypto_map
        other = next((i.name for i in self.current.interfaces.values() if i.crypto_map == name), None)
        if other:
            raise InputError(
                "names.crypto_map", name, f"this map is bound to {other}, not to {outside}", "Choose another name"
            )
        return name

    def find_dynamic(self, map_name: str, tunnels: Sequence[Tunnel]) -> DynamicEntry | None:
        """Our dynamic entry among those that the map refers to.

        By its proxy identities, else by its name, else (where the intent wants no list) the one that has none and
        offers the same transforms. An unreferenced map of our name is ours too.
        """
        reached = [
            dynamic
            for entry in self.current.entries_of(map_name)
            if entry.dynamic
            for dynamic in self.current.dynamic_of(entry.dynamic)
        ]
        pairs = Rules(Rule(box, True, "") for box in _between(tunnels).boxes)
        for dynamic in reached:
            aces = self.list_named(dynamic.acl).aces if dynamic.acl else ()
            if any(ace.exact and pairs.over(ace.box) for ace in aces):
                return dynamic
        named = [*reached, *self.current.dynamic_of(self.options.names.dynamic_map)]
        for dynamic in named:
            if dynamic.map == self.options.names.dynamic_map:
                return dynamic
        open_entries = [dynamic for dynamic in reached if not dynamic.acl and not dynamic.others]
        if not self.responder.match_address:
            return next((dynamic for dynamic in open_entries if self._same_set(dynamic.transform_sets)), None)
        return None

    def _same_set(self, names: Sequence[str]) -> str | None:
        """The first of the sets that has the suite's transforms, in tunnel mode."""
        for name in names:
            found = self.target.transform_sets.get(name)
            if found and self.dialect.spelling.read_transform(found.words) == self.responder.suite.ipsec:
                if not any("transport" in line for line in found.lines):
                    return name
        return None

    def list_named(self, name: str | None) -> AccessList:
        return self.target.access_lists.get(name or "", AccessList(name or ""))

    def rules_from(self, config: IosConfig, home: str, outside: str) -> list[NatRule]:
        """The rules that can translate packets from an interface on their way out."""
        if config.interfaces[home].nat != "inside" or config.interfaces[outside].nat != "outside":
            return []
        return list(config.nat_rules)

    def translated(self, config: IosConfig, home: str, outside: str, region: Region) -> bool:
        """Whether a packet of ``region`` that enters at ``home`` leaves with another source."""
        for rule in self.rules_from(config, home, outside):
            for name in config.lists_of(rule):
                found = meaning(config.access_lists.get(name, AccessList(name)).entries, region)
                if found.permit or found.unsure:
                    return True
        return False

    @property
    def local(self) -> tuple[Prefix, ...]:
        """The networks that the intent says to lie behind the device."""
        return tuple(network.prefix for network in self.responder.networks)

    def ours(self) -> tuple[Box, ...]:
        """What the plan is about: the packets of all tunnels of the hub, and of what leaves our lists."""
        gone = dict.fromkeys(box for ace in self.withdrawn for box in ace.region.boxes)
        return (*_between(self.tunnels).boxes, *gone)

    def named(self, tables: Forwarding) -> tuple[Named, ...]:
        """What the options ask for beside the tunnels; ``tables`` are those of the target."""
        found: list[Named] = []
        networks = [network.prefix.interval for network in self.responder.networks]
        for homes, outside, comes in self.pat:
            found += translated(tables, homes | {SELF}, outside, networks, comes=comes)
        if self.unlisted:
            found.append(CALLERS_COME)
        before, after = self.current.dynamic_entries, self.target.dynamic_entries
        if any(not entry.acl and (key not in after or after[key].acl) for key, entry in before.items()):
            found.append(CALLERS_GO)
        return tuple(found)

    # --- what is wanted -------------------------------------------------------------------------------------------

    def place(self, tunnels: Sequence[Tunnel], leaving: Sequence[Tunnel]) -> None:
        """Edit the target so that it holds all tunnels of the hub."""
        suite = self.responder.suite
        require_available(
            suite, self.dialect.spelling, f"IOS {self.current.version}", f"suite of {self.responder.host}"
        )
        require_group(
            self.responder.pfs,
            self.dialect.spelling,
            f"IOS {self.current.version}",
            f"pfs of {self.responder.host}",
        )
        outside = self.outside()
        for network in self.responder.networks:
            self.interface_of(network, outside)
        self.staying = _between(tunnels)
        map_name = self.crypto_map(outside)
        found = self.find_dynamic(map_name, tunnels)
        self._place_policy()
        self._place_key(ours=found is not None and not self._others_are_called(found))
        if self.responder.dpd:
            self.target.keepalive = self.responder.dpd
            self.scope.add(render.keepalive_ref())
        dynamic = self._place_dynamic(found, tunnels, leaving)
        self._place_map_entry(map_name, dynamic)
        self.target.interfaces[outside] = replace(self.target.interfaces[outside], crypto_map=map_name)
        self.scope.add(render.binding_ref(outside))
        self.unlisted = not dynamic.acl
        if self.options.pat == "present":
            self._place_pat(outside)
        self._place_denies(tunnels, outside)
        if not self.options.partial:
            self._drop_forgotten()
        kept = _aces("deny", tunnels)
        self._withdraw_denies(ace for ace in _aces("deny", leaving) if ace not in kept)
        self._drop_unused_sets()
        self._refuse_to_wake_others(map_name, outside)
        self._refuse_shadow(map_name, dynamic)
        self._refuse_translation_of_others(map_name, outside)

    def _place_policy(self) -> None:
        wanted = self.responder.suite.ike
        policies = self.target.policies
        same = [n for n, policy in sorted(policies.items()) if policy.proposal and policy.proposal.matches(wanted)]
        exact = [n for n in same if (p := policies[n].proposal) and wanted.lifetime in (None, p.lifetime)]
        number = next(iter(exact or same), None)
        if number is None:
            number = first_free(set(policies), self.options.names.ike_policy, below=10001)
            if number is None or number in policies:
                raise InputError(
                    "names.ike_policy",
                    number,
                    "this policy exists with other algorithms",
                    "Choose a free number, or leave it out",
                )
        if same and not exact:
            # The first policy that fits is the one that counts: another one behind it would never be chosen.
            self.findings.append(shared_policy_changed(number, wanted))
        if not exact:
            policies[number] = IkePolicy(number, wanted, render.policy_attributes(wanted, self.dialect))
        self.scope.add(render.policy_ref(number))

    def _place_key(self, *, ours: bool) -> None:
        """The key for callers whose address nobody knows: the wildcard.

        A wildcard key that is there without our dynamic entry, or that serves another one too, is somebody else's and is
        never replaced.
        """
        wanted = IsakmpKey(WILDCARD, self.responder.pre_shared_key)
        self.scope.add(render.key_ref(wanted))
        index = next((i for i, key in enumerate(self.target.keys) if key.prefix == WILDCARD), None)
        if index is None:
            self.target.keys.append(wanted)
            return
        old = self.target.keys[index]
        same = old.key.same_as(wanted.key)
        if same:
            return
        if same is None and self.options.update_secret == "on_create":
            self.findings.append(key_not_compared("every caller (0.0.0.0 0.0.0.0)"))
            return
        if not ours:
            raise InputError(
                f"responder {self.responder.host}, pre_shared_key",
                None,
                "the device has another key for 0.0.0.0 0.0.0.0, which callers of others use",
                "Use that key in the intent, or remove it from the device first",
            )
        self.target.keys[index] = replace(wanted, tail=old.tail)

    def _others_are_called(self, ours: DynamicEntry) -> bool:
        """Whether somebody else's callers find a dynamic entry on an interface: they come with the wildcard key."""
        bound = {interface.crypto_map for interface in self.current.interfaces.values()}
        reached = {entry.dynamic for entry in self.current.entries.values() if entry.dynamic and entry.map in bound}
        return any(
            dynamic.map in reached and dynamic != ours and not dynamic.map.startswith(PREFIX)
            for dynamic in self.current.dynamic_entries.values()
        )

    def _place_dynamic(
        self, found: DynamicEntry | None, tunnels: Sequence[Tunnel], leaving: Sequence[Tunnel]
    ) -> DynamicEntry:
        names = self.options.names
        responder = self.responder
        entry = found or DynamicEntry(names.dynamic_map, 10)
        transform_set = self._same_set(entry.transform_sets) or self._place_transform_set()
        entry = replace(
            entry,
            transform_sets=(transform_set,),
            pfs=f"group{responder.pfs}" if responder.pfs else entry.pfs,
            seconds=responder.ipsec_seconds or entry.seconds,
            kilobytes=responder.ipsec_kilobytes or entry.kilobytes,
            acl=(entry.acl or names.match_acl) if responder.match_address else entry.acl,
        )
        if entry.acl:
            self._place_match_list(entry.acl, tunnels, leaving, live=bool(found and found.acl))
        self.entry = (entry.map, entry.sequence)
        self.target.dynamic_entries[self.entry] = entry
        self.scope |= {render.dynamic_ref(entry.map), render.set_ref(transform_set)}
        return entry

    def _place_transform_set(self) -> str:
        wanted = self.responder.suite.ipsec
        name = self.options.names.rendered("transform_set", transform=transform_name(wanted))
        if self._same_set([name]):
            return name
        if name in self.target.transform_sets:
            raise InputError(
                "names.transform_set", name, "this set exists with other transforms", "Choose another name"
            )
        words = tuple(self.dialect.spelling.write_transform(wanted).split())
        self.target.transform_sets[name] = TransformSet(name, words)
        return name

    def _place_match_list(self, name: str, tunnels: Sequence[Tunnel], leaving: Sequence[Tunnel], *, live: bool) -> None:
        """The mirror of the initiators' crypto lists, exactly (with ``partial`` at least)."""
        if name in self.current.standard_lists:
            raise InputError("names.match_acl", name, "this list exists and is a standard one", "Choose another name")
        if not live and (name in self.current.crypto_lists() or self._acl_needed(name)):
            raise InputError(
                "names.match_acl", name, "this list exists and serves something else", "Choose another name"
            )
        old = self.list_named(name)
        wanted, gone, before = _aces("permit", tunnels), _aces("permit", leaving), set(old.entries)
        stale = dict.fromkeys(
            ace for ace in old.aces if ace not in wanted and (not self.options.partial or ace in gone)
        )
        kept = [entry for entry in old.entries if entry not in stale]
        entries = (*kept, *(ace for ace in wanted if ace not in before))
        if self.options.partial:
            # What others deny stays, below what our tunnels need: else they would leave in clear.
            entries = with_permits_above(kept, wanted)
        self.target.access_lists[name] = AccessList(name, entries, old.numbers)
        self.scope.add(render.acl_ref(name))
        self.withdrawn += stale
        self._withdraw_denies(replace(ace, action="deny") for ace in stale)
        forgotten = tuple(f"access-list {name} {render.entry_text(ace)}" for ace in stale if ace not in gone)
        if forgotten:
            self.findings.append(Finding("not-in-the-intent", "warning", NOT_IN_THE_INTENT, forgotten))

    def _place_map_entry(self, map_name: str, dynamic: DynamicEntry) -> None:
        existing = next((entry for entry in self.target.entries_of(map_name) if entry.dynamic == dynamic.map), None)
        if existing is None:
            entries = self.target.entries_of(map_name)
            taken = {entry.sequence for entry in entries}
            # In front of static entries it would take their peers' negotiations. Without a list of its own it would
            # take those of other dynamic entries too.
            before = [entry.sequence for entry in entries if not entry.dynamic or not dynamic.acl]
            last = max(before, default=0)
            sequence = first_free(taken, self.options.names.sequence, above=last)
            if sequence is None or sequence in taken or sequence < last:
                raise InputError(
                    "names.sequence",
                    sequence,
                    f"crypto map {map_name} has entries up to {last}, and a dynamic entry must come after them",
                    "Choose a free number above, or leave it out",
                )
            head = f"crypto map {map_name} {sequence} ipsec-isakmp dynamic {dynamic.map}"
            existing = MapEntry(map_name, sequence, dynamic.map, head)
            self.target.entries[(map_name, sequence)] = existing
        self.scope.add(render.entry_ref(existing))

    def _place_pat(self, outside: str) -> None:
        """One overload rule on the outside interface that translates the hub's networks."""
        rule = self._overload_rule(outside)
        self.pat.append((self._homes(outside), outside, True))
        self.scope |= {render.rule_ref(rule), render.role_ref(outside)}
        self.scope |= {render.acl_ref(name) for name in self.target.lists_of(rule)}
        self.target.interfaces[outside] = replace(self.target.interfaces[outside], nat="outside")
        for network in self.responder.networks:
            home = self.interface_of(network, outside)
            self.target.interfaces[home] = replace(self.target.interfaces[home], nat="inside")
            self.scope.add(render.role_ref(home))
            if rule.kind == "route-map":
                self._require_in_route_map(rule, network)
                continue
            old = self.list_named(rule.name)
            permit = Ace.between("permit", network.prefix, ANY)
            decided = permit in old.entries or all(
                hit.rule and hit.sure for _part, hit in compiled(old).split(permit.box)
            )
            if not decided:
                self._refuse_standard(rule.name)
                self.target.access_lists[rule.name] = AccessList(rule.name, (*old.entries, permit), old.numbers)

    def _homes(self, outside: str) -> frozenset[str]:
        """The interfaces behind which the hub's networks lie."""
        return frozenset(self.interface_of(network, outside) for network in self.responder.networks)

    def _overload_rule(self, outside: str) -> NatRule:
        """The rule that translates to the outside interface's address: the device's own, or ours."""
        found = [rule for rule in self.target.nat_rules if f"interface {outside} overload" in rule.target]
        rule = next((rule for rule in found if rule.kind == "list"), next(iter(found), None))
        if rule is None:
            rule = NatRule("list", self.options.names.nat_acl, f"interface {outside} overload")
            self._refuse_standard(rule.name)
            self._refuse_foreign_list(rule.name)
            self.target.nat_rules.append(rule)
        return rule

    def _require_in_route_map(self, rule: NatRule, network: Network) -> None:
        region = Region.pair(network.prefix, ANY)
        for name in self.target.lists_of(rule):
            found = meaning(self.list_named(name).entries, region)
            if found.permit.union(found.deny).contains(region):
                return
        raise InputError(
            "pat",
            self.options.pat,
            f"route-map {rule.name} decides what is translated, and does not name {network}",
            "Permit the network in its access list, or set pat: foreign",
        )

    def _refuse_standard(self, name: str) -> None:
        if name in self.current.standard_lists:
            raise InputError(
                "names.nat_acl",
                name,
                "translation is decided by this standard list, which cannot exempt a destination",
                "Replace it on the device by an extended list (permit ip NETWORK any) first",
            )

    def _place_denies(self, tunnels: Sequence[Tunnel], outside: str) -> None:
        """In every list that translates a hub network: ``deny`` to each initiator's networks, above the permits."""
        denies: dict[str, list[Ace]] = {}
        lists = {
            network.prefix: [
                name
                for rule in self.rules_from(self.target, self.interface_of(network, outside), outside)
                for name in self.target.lists_of(rule)
            ]
            for tunnel in tunnels
            for network in tunnel.responder_networks
        }
        for tunnel in tunnels:
            for network in tunnel.responder_networks:
                for name in lists[network.prefix]:
                    wanted = denies.setdefault(name, [])
                    wanted += [Ace.between("deny", network.prefix, spoke.prefix) for spoke in tunnel.networks]
        for name, wanted in denies.items():
            old = self.list_named(name)
            entries = with_denies_above(old.entries, wanted, only_where_permitted=True)
            if entries != old.entries:
                self._refuse_standard(name)
                self.target.access_lists[name] = AccessList(name, entries, old.numbers)
            if entries != old.entries or not set(wanted).isdisjoint(old.entries):
                self.scope.add(render.acl_ref(name))

    # --- what would harm others -----------------------------------------------------------------------------------

    def _refuse_shadow(self, map_name: str, dynamic: DynamicEntry) -> None:
        """An entry in front whose list takes our packets would send them to its peer, or drop them."""
        ours = next(entry for entry in self.target.entries_of(map_name) if entry.dynamic == dynamic.map)
        for other in self.target.entries_of(map_name):
            if other.sequence >= ours.sequence:
                break
            lists = {other.acl, *(item.acl for item in self.target.dynamic_of(other.dynamic or ""))} - {None}
            for name in lists:
                if taken := meaning(self.list_named(name).entries, self.staying).permit:
                    packet = taken.sample()
                    raise InputError(
                        f"responder {self.responder.host}",
                        map_name,
                        f"crypto map {map_name} {other.sequence} comes first and its list {name} takes traffic of the "
                        f"tunnels, as from {packet['source']} to {packet['destination']}",
                        "Deny that traffic in its list, or take the entry away",
                    )

    def _refuse_to_wake_others(self, map_name: str, outside: str) -> None:
        """A map that is bound nowhere yet must not bring entries of others to life."""
        strangers = [e for e in self.current.entries_of(map_name) if render.entry_ref(e) not in self.scope]
        if strangers and not self.current.interfaces[outside].crypto_map:
            raise InputError(
                "names.crypto_map",
                map_name,
                f"crypto map {map_name} {strangers[0].sequence} is somebody else's, and the map is bound to no "
                "interface: to bind it would bring that entry to life",
                "Choose another name",
            )

    def _refuse_translation_of_others(self, map_name: str, outside: str) -> None:
        """PAT must not pull packets out of somebody's tunnel."""
        lists = {entry.acl for entry in self.current.entries_of(map_name)}
        for entry in self.current.entries_of(map_name):
            lists |= {dynamic.acl for dynamic in self.current.dynamic_of(entry.dynamic or "")}
        for name in sorted(name for name in lists if name and render.acl_ref(name) not in self.scope):
            for ace in self.list_named(name).aces:
                for home in self._homes_of(ace.source.prefix, outside):
                    if (
                        ace.action == "permit"
                        and not self.translated(self.current, home, outside, ace.region)
                        and self.translated(self.target, home, outside, ace.region)
                    ):
                        raise InputError(
                            "pat",
                            self.options.pat,
                            f"it would translate '{ace}', which another entry of crypto map {map_name} protects (list "
                            f"{name})",
                            "Deny that traffic in the translation's list first, or set pat: foreign",
                        )

    def _homes_of(self, prefix: Prefix, outside: str) -> set[str]:
        """The interfaces at which packets from ``prefix`` may come in (the default route tells nothing)."""
        table = self.current.routing_table()
        return {name for net, name in table if net.length and net.overlaps(prefix)} - {outside}

    def _refuse_foreign_list(self, name: str) -> None:
        """A new rule must not begin to translate what somebody wrote into a list that nothing uses."""
        ours = {Ace.between("permit", network.prefix, ANY) for network in self.responder.networks}
        for entry in self.list_named(name).entries:
            if not isinstance(entry, Remark) and not (isinstance(entry, Ace) and entry.action == "deny"):
                if entry not in ours:
                    raise InputError(
                        "names.nat_acl",
                        name,
                        f"the list exists, no rule uses it, and it holds '{entry}', which would be translated",
                        "Choose another name",
                    )

    def keep_all(self) -> None:
        """The intent names no tunnel of this hub: a slip far more often than a wish, so nothing goes by it."""
        self.findings.append(
            Finding(
                "no-tunnels",
                "warning",
                f"the intent names no tunnel of {self.responder.host}, so nothing is changed. To take its last tunnel "
                "away keep it with state: absent",
            )
        )

    # --- what goes ------------------------------------------------------------------------------------------------

    def take_away(self, tunnels: Sequence[Tunnel]) -> None:
        """Edit the target so that the hub serves none of its tunnels; what others may use stays."""
        outside = self.outside()
        map_name = self.crypto_map(outside)
        found = self.find_dynamic(map_name, tunnels)
        self._withdraw_denies(_aces("deny", tunnels))
        others = found and self.options.partial and self._serves_others(found, tunnels)
        if found and others:
            self._take_from_match_list(found, tunnels)
        elif found:
            self._take_dynamic(found, map_name, outside)
        if self.options.remove_shared and not others:
            self._take_shared(outside)
        self._take_leftovers()

    def _serves_others(self, dynamic: DynamicEntry, tunnels: Sequence[Tunnel]) -> bool:
        """Whether the entry may serve tunnels that a ``partial`` call does not name; without a list nobody can tell."""
        named = _aces("permit", tunnels)
        return not dynamic.acl or any(ace not in named for ace in self.list_named(dynamic.acl).aces)

    def _take_from_match_list(self, dynamic: DynamicEntry, tunnels: Sequence[Tunnel]) -> None:
        if not dynamic.acl:
            self.findings.append(Finding("entry-kept", "warning", ENTRY_KEPT, (dynamic.head,)))
            return
        old = self.list_named(dynamic.acl)
        named = _aces("permit", tunnels)
        left = tuple(entry for entry in old.entries if entry not in named)
        self.scope.add(render.acl_ref(dynamic.acl))
        self.target.access_lists[dynamic.acl] = AccessList(dynamic.acl, left, old.numbers)

    def _take_dynamic(self, dynamic: DynamicEntry, map_name: str, outside: str) -> None:
        target = self.target
        del target.dynamic_entries[(dynamic.map, dynamic.sequence)]
        self.scope |= {render.dynamic_ref(dynamic.map), render.binding_ref(outside)}
        if not target.dynamic_of(dynamic.map):
            for key, entry in list(target.entries.items()):
                if entry.dynamic == dynamic.map:
                    self.scope.add(render.entry_ref(entry))
                    del target.entries[key]
        if not target.entries_of(map_name):
            target.interfaces[outside] = replace(target.interfaces[outside], crypto_map=None)
        self.withdrawn += self.list_named(dynamic.acl).aces
        if dynamic.acl and not self._acl_needed(dynamic.acl):
            self.scope.add(render.acl_ref(dynamic.acl))
            target.access_lists.pop(dynamic.acl, None)
        self._drop_unused_sets()

    def _take_leftovers(self) -> None:
        """What an interrupted run left behind, and nothing refers to: our lists and our set."""
        names, target = self.options.names, self.target
        pairs = [(hub, spoke) for tunnel in self.tunnels for spoke, hub in tunnel.pairs]
        matches = {Ace.between("permit", *pair) for pair in pairs}
        denies = {Ace.between("deny", *pair) for pair in pairs}
        permits = {Ace.between("permit", network.prefix, ANY) for network in self.responder.networks}
        for acl, entries in ((names.match_acl, matches), (names.nat_acl, denies | permits)):
            ours = acl.startswith(PREFIX) or set(self.list_named(acl).entries) <= entries
            if acl in target.access_lists and ours and not self._acl_needed(acl):
                self.scope.add(render.acl_ref(acl))
                del target.access_lists[acl]
        name = names.rendered("transform_set", transform=transform_name(self.responder.suite.ipsec))
        if self._same_set([name]) and not self._set_needed(name):
            self.scope.add(render.set_ref(name))
            del target.transform_sets[name]
        self._drop_unused_sets()

    def _drop_forgotten(self) -> None:
        """Lists and dynamic maps that bear our prefix and that nothing refers to any more."""
        target = self.target
        referred = {entry.dynamic for entry in target.entries.values()}
        for key, dynamic in list(target.dynamic_entries.items()):
            # Ours is not referred to yet where its crypto map is made by this plan.
            if dynamic.map.startswith(PREFIX) and dynamic.map not in referred | {self.options.names.dynamic_map}:
                self.scope.add(render.dynamic_ref(dynamic.map))
                del target.dynamic_entries[key]
        for name in [name for name in target.access_lists if name.startswith(PREFIX)]:
            if not self._acl_needed(name):
                self.scope.add(render.acl_ref(name))
                del target.access_lists[name]

    def _set_needed(self, name: str) -> bool:
        used = any(name in other.transform_sets for other in self.target.dynamic_entries.values())
        static = any(name in line.split() for entry in self.target.entries.values() for line in entry.lines)
        return used or static or name in self.current.other_users

    def _drop_unused_sets(self) -> None:
        """Transform sets that only our entry used, or that bear our prefix, go when they are no longer used."""
        # A partial call cannot tell for which tunnel a set was made that nothing refers to.
        unused = (
            [] if self.options.partial else [name for name in self.target.transform_sets if name.startswith(PREFIX)]
        )
        for key, entry in self.current.dynamic_entries.items():
            if self.target.dynamic_entries.get(key) != entry:
                unused += entry.transform_sets
        for name in unused:
            if not self._set_needed(name):
                self.scope.add(render.set_ref(name))
                self.target.transform_sets.pop(name, None)

    def _acl_needed(self, name: str) -> bool:
        rules = any(name in self.target.lists_of(rule) for rule in self.target.nat_rules)
        return name in self.target.crypto_lists() or rules or name in self.current.other_users

    def _withdraw_denies(self, denies: Iterable[Ace]) -> None:
        """Take each ``deny`` that equals one of ours out of the lists that decide translation."""
        gone = set(denies)
        for name in {name for rule in self.target.nat_rules for name in self.target.lists_of(rule)} if gone else ():
            old = self.list_named(name)
            if gone.isdisjoint(old.entries):
                continue
            left = [index for index, entry in enumerate(old.entries) if entry not in gone]
            numbers = tuple(old.numbers[index] for index in left if index < len(old.numbers))
            self.scope.add(render.acl_ref(name))
            self.target.access_lists[name] = AccessList(name, tuple(old.entries[index] for index in left), numbers)

    def _take_shared(self, outside: str) -> None:
        """Policy, wildcard key and PAT: what nothing else needs any more."""
        target = self.target
        in_use = any(interface.crypto_map for interface in target.interfaces.values())
        if not in_use:
            for number, policy in list(target.policies.items()):
                if policy.proposal and policy.proposal.matches(self.responder.suite.ike):
                    del target.policies[number]
                    self.scope.add(render.policy_ref(number))
            for key in list(target.keys):
                if key.prefix == WILDCARD and key.key.same_as(self.responder.pre_shared_key):
                    target.keys.remove(key)
                    self.scope.add(render.key_ref(key))
            if self.responder.dpd and target.keepalive == self.responder.dpd:
                target.keepalive = None
                self.scope.add(render.keepalive_ref())
        if self.options.pat == "present":
            self._take_pat(outside)

    def _take_pat(self, outside: str) -> None:
        """Our permits; with the last one the rule and its list; with the last rule the interfaces' roles."""
        target, homes = self.target, self._homes(outside)
        self.pat.append((homes, outside, False))
        wanted = {Ace.between("permit", network.prefix, ANY) for network in self.responder.networks}
        for rule in [r for r in target.nat_rules if r.kind == "list" and f"interface {outside} overload" in r.target]:
            old = self.list_named(rule.name)
            left = [entry for entry in old.entries if entry not in wanted]
            self.scope |= {render.acl_ref(rule.name), render.rule_ref(rule)}
            if any(isinstance(entry, Ace) and entry.action == "permit" for entry in left):
                self.target.access_lists[rule.name] = AccessList(rule.name, tuple(left))
                continue
            target.nat_rules.remove(rule)
            if not self._acl_needed(rule.name):
                target.access_lists.pop(rule.name, None)
            self.findings.append(
                Finding("pat-removed", "warning", f"taking '{rule.text}' away takes Internet access away", (rule.text,))
            )
        if not target.nat_rules and not any(text.startswith("ip nat inside source") for text in target.statics):
            for name in {outside, *homes}:
                target.interfaces[name] = replace(target.interfaces[name], nat=None)
                self.scope.add(render.role_ref(name))

    # --- how lists become what is wanted --------------------------------------------------------------------------

    def settle_lists(self) -> None:
        """Find out how each list that is there becomes what is wanted; where only a new one can take its place it does.

        Raises PlanError where the options or what refers to the list do not let it.
        """
        reached = render.reached(self.current)
        for name in list(self.target.access_lists):
            self._settle(name, reached)

    def _settle(self, name: str, reached: frozenset[Ref]) -> None:
        old, new = self.current.access_lists.get(name), self.target.access_lists[name]
        if old is None or old.entries == new.entries:
            return
        # A permit is never moved: as long as it is out, nobody behind it has Internet access.
        movable = {entry for entry in new.entries if isinstance(entry, Ace) and entry.action == "deny"}
        use = Use.CRYPTO if name in self.target.crypto_lists() else Use.CHOICE
        change = change_list(old.entries, new.entries, use, movable, bound=render.acl_ref(name) in reached)
        if change.way is Way.NEW_LIST:
            self._settle(self._replace_list(old, change), reached)
        else:
            self.changes[name] = change

    def _replace_list(self, old: AccessList, change: ListChange) -> str:
        """A list of another name in the place of one, for our entry and the rules that translate by it; its name.

        Two rules of one interface with lists of different names stand together (batfish/batfish, CiscoIosNat). That another
        ``match address`` replaces the first is not sourced (recall); every published entry shows one.
        """
        target, name = self.target, old.name
        entries = those_that_move(change, render.entry_text)
        rules = [rule for rule in target.nat_rules if rule.kind == "list" and rule.name == name]
        mapped = next((r for r in target.nat_rules if r.kind == "route-map" and name in target.lists_of(r)), None)
        new = self._name_instead(name, change, rules)
        if mapped or new is None:
            hindrance = (
                f"route-map {mapped.name} refers to it" if mapped else "with any free name the rules change their turn"
            )
            raise PlanError(
                f"in list {name} these would have to change places: {entries}. No order of lines does that without a packet "
                f"that is treated otherwise for a while, and no other list can take its place: {hindrance}. Put them in order "
                "by hand when nobody needs them; nothing was changed."
            )
        if rules and self.options.clear_flows != "affected":
            raise PlanError(
                f"in list {name} these would have to change places: {entries}. No order of lines does that without a packet "
                "that is treated otherwise for a while. Another list can take its place, but for that "
                f"'{rules[0].text}' has to go, and a router lets a rule go only with the connections that it translates. Set "
                "clear_flows: affected, which ends them, or put the entries in order by hand when nobody needs them; nothing "
                "was changed."
            )
        target.access_lists |= {name: old, new: AccessList(new, change.after)}
        self.scope.add(render.acl_ref(new))
        entry = target.dynamic_entries.get(self.entry) if self.entry else None
        ours = entry is not None and entry.acl == name
        if entry and ours:
            target.dynamic_entries[(entry.map, entry.sequence)] = replace(entry, acl=new)
        for rule in rules:
            other = replace(rule, name=new)
            target.nat_rules.remove(rule)
            target.nat_rules += [other] if other not in target.nat_rules else []
            self.scope |= {render.rule_ref(rule), render.rule_ref(other)}
        also = [f"connections that '{rule.text}' translates end when it goes" for rule in rules]
        if self._acl_needed(name):
            also.append(f"others refer to list {name}, so it stays as it is")
        elif ours or name.startswith(PREFIX):
            del target.access_lists[name]
        else:
            also.append(f"list {name} is somebody else's and stays, though nothing refers to it any more")
        lines = [f"access-list {name} {render.entry_text(entry)}" for entry in change.moved]
        self.findings.append(new_list_finding(name, new, entries, lines, also))
        return new

    def _name_instead(self, name: str, change: ListChange, rules: Sequence[NatRule]) -> str | None:
        """A name for a list in the place of ``name``, by which the rules keep their turn; None where there is none."""
        given, ours = self.options.names, Names()
        others = [rule for rule in self.target.nat_rules if rule not in rules]
        for other in others:
            # An interrupted run came as far as the rule beside the one that is to go.
            if self.list_named(other.name).entries == change.after:
                if all(replace(rule, name=other.name) in others for rule in rules):
                    return other.name
        if not rules:
            wanted: Iterable[str] = names_like(given.match_acl, ours.match_acl)
        elif name.isdecimal():
            numbers = (str(n) for low, high in EXTENDED for n in range(max(low, int(name)), high + 1))
            wanted = chain(names_like(given.nat_acl, ours.nat_acl), numbers)
        else:
            wanted = names_like(given.nat_acl, ours.nat_acl, name)

        def keeps_turn(new: str) -> bool:
            pairs = ((rule.turn, replace(rule, name=new).turn, other.turn) for rule in rules for other in others)
            return all((before < other) == (after < other) for before, after, other in pairs)

        return next((new for new in wanted if keeps_turn(new) and self._is_free(new, change.after)), None)

    def _is_free(self, name: str, entries: Sequence[Entry]) -> bool:
        """Whether a list of that name and these entries hurts nobody: there is none, or one that an interrupted run left."""
        configs = (self.current, self.target)
        if any(
            name in {*config.crypto_lists(), *(used for rule in config.nat_rules for used in config.lists_of(rule))}
            for config in configs
        ):
            return False
        groups = {group for i in self.current.interfaces.values() for group in (i.access_in, i.access_out)}
        if name in self.current.other_users or name in groups or name in self.current.standard_lists:
            return False
        found = [config.access_lists[name].entries for config in configs if name in config.access_lists]
        return name.startswith(PREFIX) or all(known == tuple(entries) for known in found)

    # --- what the user should know --------------------------------------------------------------------------------

    def judge(self, staying: Sequence[Tunnel]) -> None:
        """Findings on what the device will hold."""
        held = Wanted(self.target, self.options, self.dialect, self.responder, self.tunnels)
        self.findings += audit.find(held, staying)

    def take_foreign_denies(self, staying: Sequence[Tunnel]) -> None:
        """Exempt from translation, but not part of any tunnel: such packets leave in clear with their own source."""
        tunnels = Boxes(_between(staying).boxes)
        protecting = [compiled(self.list_named(name)) for name in self.target.crypto_lists()]

        def is_protected(box: Box) -> bool:
            rest: Sequence[Box] = () if tunnels.surely_hold(box) else tunnels.without(box).boxes
            for table in protecting:
                rest = [part for box in rest for part, hit in table.split(box) if not (hit.value and hit.sure)]
            return not rest

        hub_networks = [network.prefix for network in self.responder.networks]
        lists = {name for rule in self.target.nat_rules for name in self.target.lists_of(rule)}
        for name in sorted(name for name in lists if render.acl_ref(name) in self.scope):
            old = self.list_named(name)
            gone = {
                ace: None
                for ace in old.aces
                if ace.action == "deny"
                and ace.exact
                and any(ace.source.prefix.overlaps(prefix) for prefix in hub_networks)
                and not is_protected(ace.box)
            }
            if gone:
                left = tuple(entry for entry in old.entries if entry not in gone)
                self.target.access_lists[name] = AccessList(name, left)
                self.withdrawn += gone


def _between(tunnels: Iterable[Tunnel]) -> Region:
    """The packets of tunnels, as the hub sends them; no two tunnels of an intent share any."""
    pairs = dict.fromkeys((hub, spoke) for tunnel in tunnels for spoke, hub in tunnel.pairs)
    return Region(tuple(box for hub, spoke in pairs for box in Region.pair(hub, spoke).boxes))


def _aces(action: str, tunnels: Iterable[Tunnel]) -> dict[Ace, None]:
    """What the lists of a hub hold for tunnels, in their order and to be asked."""
    return dict.fromkeys(Ace.between(action, hub, spoke) for tunnel in tunnels for spoke, hub in tunnel.pairs)
