# Copyright: The netvpn.dynamic_l2l contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""What a PIX/ASA is wanted to hold: a copy of its configuration, edited to the intent.

What exists is adopted, what is impossible or would harm others is refused. :mod:`.plan` makes lines of the difference.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass, field, replace

from ..acl import AccessList, Ace, meaning
from ..algorithms import require_available, require_group, transform_name
from ..errors import InputError
from ..firstmatch import Lookup, Rule, Rules, common, compiled
from ..forwarding import Forwarding
from ..intent import Network, Tunnel
from ..named import Named, leading, translated
from ..options import PREFIX, Options, first_free
from ..prefixes import ANY, EVERYTHING_BOX, Box, Prefix, Region, longest_match, parse_address
from ..routing import home_of, known_interface
from ..secret import Secret
from ..steps import NOT_IN_THE_INTENT, Finding, Ref, key_not_compared, shared_policy_changed
from . import audit, render
from .dialect import BUILT_IN_POLICY, Dialect
from .model import AsaConfig, Global, IkePolicy, MapEntry, Nat, TransformSet, TunnelGroup

#: An ACE that is nobody's traffic (RFC 5737): it makes a map entry complete without touching a packet.
TEMPORARY = Ace.between("permit", Prefix(parse_address("192.0.2.1"), 32), Prefix(parse_address("192.0.2.2"), 32))


@dataclass
class Wanted:
    """A copy of the configuration that is edited to the intent."""

    current: AsaConfig
    options: Options
    dialect: Dialect
    tunnels: tuple[Tunnel, ...]
    target: AsaConfig = field(init=False)
    findings: list[Finding] = field(default_factory=list)
    scope: set[Ref] = field(default_factory=set)
    #: tunnel → interface of each of its networks, interface towards the responder
    homes: dict[str, tuple[dict[Prefix, str], str]] = field(default_factory=dict)
    #: ACEs that left a crypto list, and those of others that left an exemption list
    withdrawn: list[Ace] = field(default_factory=list)
    #: where PAT is wanted, or is taken away: inside, outside, whether it comes
    pat: list[tuple[str, str, bool]] = field(default_factory=list)
    #: map entry → names of the tunnels in it
    placed_in: dict[str, set[str]] = field(default_factory=lambda: defaultdict(set))

    def __post_init__(self) -> None:
        self.target = self.current.copy()

    # --- what is there --------------------------------------------------------------------------------------------

    def egress(self, tunnel: Tunnel) -> str:
        """The interface towards the responder."""
        given = self.options.outside_interface
        if given:
            return known_interface(given, self.current.interfaces)
        address = tunnel.responder.address
        found = longest_match(parse_address(address), self.current.routing_table())
        if found is None:
            raise InputError(
                f"tunnel {tunnel.name}",
                address,
                "no route of the device leads to this responder",
                "Give the device a route, or name the interface with outside_interface",
            )
        return found

    def interface_of(self, network: Network, outside: str, tunnel: Tunnel) -> str:
        """The interface behind which a network of ours lies."""
        routes = self.current.routing_table()
        return home_of(
            network, self.current.interfaces, routes, outside, f"tunnel {tunnel.name}, networks", "responder is"
        )

    def crypto_map(self, outside: str) -> str:
        """The crypto map of the interface: the bound one, or ours."""
        if outside in self.current.bindings:
            return self.current.bindings[outside]
        name = self.options.names.crypto_map
        other = next((i for i, bound in self.current.bindings.items() if bound == name), None)
        if other:
            raise InputError(
                "names.crypto_map", name, f"this map is bound to {other}, not to {outside}", "Choose another name"
            )
        return name

    def find_entry(self, name: str, tunnel: Tunnel) -> MapEntry | None:
        """Our entry of a map: its peer is the responder and its list overlaps the tunnel, or its list bears our name.

        The name finds what an interrupted run left behind, and a responder that got another address.
        """
        entries = self.current.entries_of(name)
        candidates = [entry for entry in entries if tunnel.responder.address in entry.peers]
        for entry in candidates:
            aces = self._list(entry.acl).aces
            if any(ace.exact and ace.region.overlaps(tunnel.region) for ace in aces):
                return entry
        wanted = self.options.names.rendered("crypto_acl", tunnel=tunnel.name)
        region = tunnel.region.union(TEMPORARY.region)
        named = [
            entry
            for entry in entries
            if entry.acl == wanted and all(ace.region.overlaps(region) for ace in self._list(wanted).aces)
        ]
        found = next((entry for entry in (*named, *candidates) if entry.acl in (wanted, None)), None)
        if found is None:
            self._refuse_unclear(tunnel, candidates)
        return found

    def _refuse_unclear(self, tunnel: Tunnel, candidates: Sequence[MapEntry]) -> None:
        """An entry with our peer whose list cannot be resolved may be ours or not: nobody can tell."""
        for entry in candidates:
            ace = next((ace for ace in self._list(entry.acl).aces if not ace.exact), None)
            if ace and ace.region.overlaps(tunnel.region):
                raise InputError(
                    f"tunnel {tunnel.name}",
                    tunnel.responder.address,
                    f"{entry.head} goes to this responder, and its list {entry.acl} holds '{ace}', which may be this tunnel",
                    "Write the networks out in that entry, or remove it",
                )

    def _list(self, name: str | None) -> AccessList:
        return self.target.access_lists.get(name or "", AccessList(name or ""))

    def exempt(self, config: AsaConfig, interface: str, region: Region) -> bool:
        """Whether ``nat 0`` covers every packet of ``region``."""
        acl = config.access_lists.get(config.exemptions.get(interface, ""), AccessList(""))
        return all(hit.value and hit.sure for box in region.boxes for _part, hit in compiled(acl).split(box))

    def translated(self, config: AsaConfig, interface: str, outside: str, region: Region) -> bool:
        """Whether a packet of ``region`` would not leave with its own source, were it not for ``nat 0 access-list``.

        It is translated, or dropped: by ``nat-control``, or because its ``nat`` has no ``global``. Where some packets
        of the region are and others are not, True is the answer that is safe for both.
        """
        identity = [nat.prefix for nat in config.nats if nat.interface == interface and nat.id == 0 and nat.prefix]
        if config.nat_control and not any(Region.pair(prefix, ANY).contains(region) for prefix in identity):
            return True
        for nat in config.nats:
            if nat.interface != interface or nat.id == 0:
                continue
            acl = config.access_lists.get(nat.acl or "")
            matched = meaning(acl.entries, region) if acl else None
            if matched and (matched.permit or matched.unsure):
                return True
            if nat.prefix and Region.pair(nat.prefix, ANY).overlaps(region):
                return True
        return any(
            text.startswith(f"static ({interface},{outside})") and _static_overlaps(text, region)
            for text in config.statics
        )

    def leaves_plain(self, config: AsaConfig, interface: str, outside: str, region: Region) -> bool:
        """Whether the packets of ``region`` pass the translation with their own source."""
        return self.exempt(config, interface, region) or not self.translated(config, interface, outside, region)

    @property
    def local(self) -> tuple[Prefix, ...]:
        """The networks that the intent says to lie behind the device."""
        return tuple(dict.fromkeys(network.prefix for tunnel in self.tunnels for network in tunnel.networks))

    def ours(self) -> tuple[Box, ...]:
        """What the plan is about: the packets of all tunnels of the intent, and of what leaves our lists."""
        regions = [*(tunnel.region for tunnel in self.tunnels), *(ace.region for ace in self.withdrawn)]
        return tuple(dict.fromkeys(box for region in regions for box in region.boxes))

    def named(self, tables: Forwarding) -> tuple[Named, ...]:
        """What the options ask for beside the tunnels; ``tables`` are those of the target."""
        return tuple(
            named
            for home, outside, comes in dict.fromkeys(self.pat)
            for named in translated(tables, (home,), outside, leading(tables, home), comes=comes)
        )

    def note(self, finding: Finding) -> None:
        """One finding more, once."""
        if finding not in self.findings:
            self.findings.append(finding)

    # --- what is wanted -------------------------------------------------------------------------------------------

    def place(self, tunnel: Tunnel) -> None:
        """Edit the target so that it holds ``tunnel``."""
        responder = tunnel.responder
        require_available(
            responder.suite, self.dialect.spelling, f"PIX/ASA {self.current.version}", f"suite of {responder.host}"
        )
        require_group(
            responder.pfs, self.dialect.spelling, f"PIX/ASA {self.current.version}", f"pfs of {responder.host}"
        )
        outside = self.egress(tunnel)
        homes = {network.prefix: self.interface_of(network, outside, tunnel) for network in tunnel.networks}
        self.homes[tunnel.name] = (homes, outside)
        self._place_policy(tunnel)
        if outside not in self.target.enabled:
            self.target.enabled.append(outside)
        self._place_group(tunnel)
        entry = self._place_entry(tunnel, self.crypto_map(outside))
        self.placed_in[entry.head].add(tunnel.name)
        self._place_crypto_acl(tunnel, entry)
        self._place_exemptions(tunnel, homes)
        if self.options.pat == "present":
            self._place_pat(tuple(dict.fromkeys(homes.values())), outside)
        self.target.bindings.setdefault(outside, entry.map)
        self.scope |= {render.enable_ref(outside), render.binding_ref(outside)}

    def _place_policy(self, tunnel: Tunnel) -> None:
        wanted = tunnel.responder.suite.ike
        policies = self.target.policies
        same = [
            number
            for number, policy in sorted(policies.items())
            if number != BUILT_IN_POLICY and policy.proposal and policy.proposal.matches(wanted)
        ]
        exact = [n for n in same if (found := policies[n].proposal) and wanted.lifetime in (None, found.lifetime)]
        if exact or same:
            number = (exact or same)[0]
            if not exact:
                # The first policy that fits is the one that counts: another one behind it would never be chosen.
                self.findings.append(shared_policy_changed(number, wanted))
                policies[number] = IkePolicy(number, wanted)
        else:
            free = first_free(set(policies), self.options.names.ike_policy, below=BUILT_IN_POLICY)
            if free is None or free in policies:
                raise InputError(
                    "names.ike_policy",
                    free,
                    "this policy exists with other algorithms",
                    "Choose a free number, or leave it out",
                )
            number = free
            policies[number] = IkePolicy(number, replace(wanted, lifetime=wanted.lifetime or 86400))
        self.scope.add(render.policy_ref(number))

    def _place_group(self, tunnel: Tunnel) -> None:
        responder = tunnel.responder
        old = self.target.groups.get(responder.address, TunnelGroup(responder.address))
        if old.type not in (None, "ipsec-l2l"):
            raise InputError(
                f"tunnel {tunnel.name}",
                responder.address,
                f"the device has a tunnel-group of type {old.type} for this peer",
                "Remove it first",
            )
        key: Secret | None = responder.pre_shared_key
        if old.key and not old.key.known and self.options.update_secret == "on_create":
            key = old.key
            self.findings.append(key_not_compared(old.name))
        self.target.groups[old.name] = replace(old, type="ipsec-l2l", key=key, dpd=responder.dpd or old.dpd)
        self.scope.add(render.group_ref(old.name))

    def _place_transform_set(self, tunnel: Tunnel, entry: MapEntry) -> str:
        wanted = tunnel.responder.suite.ipsec
        spelling = self.dialect.spelling
        name = self.options.names.rendered("transform_set", transform=transform_name(wanted))
        for candidate in (*entry.transform_sets, name):
            found = self.target.transform_sets.get(candidate)
            if found and spelling.read_transform(found.words) == wanted:
                return candidate
        if name in self.target.transform_sets:
            raise InputError(
                "names.transform_set", name, "this set exists with other transforms", "Choose another name"
            )
        self.target.transform_sets[name] = TransformSet(name, tuple(spelling.write_transform(wanted).split()))
        return name

    def _place_entry(self, tunnel: Tunnel, name: str) -> MapEntry:
        responder, names = tunnel.responder, self.options.names
        found = self.find_entry(name, tunnel)
        if found is None:
            taken = {entry.sequence for entry in self.target.entries_of(name)}
            dynamic = [entry.sequence for entry in self.target.entries_of(name) if entry.dynamic]
            # A dynamic entry in front would be asked first and take the peer.
            sequence = first_free(taken, names.sequence, below=min(dynamic, default=65536))
            if sequence is None or sequence in taken:
                raise InputError(
                    "names.sequence", sequence, f"crypto map {name} has this sequence already", "Choose a free one"
                )
            if dynamic and sequence > min(dynamic):
                raise InputError(
                    "names.sequence",
                    sequence,
                    f"crypto map {name} has a dynamic entry at {min(dynamic)}, which would be asked first and take the peer",
                    f"Choose a sequence below {min(dynamic)}, or leave it out",
                )
            found = MapEntry(name, sequence)
        acl = found.acl or names.rendered("crypto_acl", tunnel=tunnel.name)
        shared = any(other.acl == acl and other.head != found.head for other in self.current.entries.values())
        shared = shared or acl in self.current.exemptions.values() or self._used_by_others(acl)
        if not found.acl and acl in self.current.access_lists and shared:
            raise InputError(
                "names.crypto_acl", acl, "this list exists and serves something else", "Choose another name"
            )
        entry = replace(
            found,
            acl=acl,
            peers=found.peers if responder.address in found.peers else (responder.address,),
            transform_sets=(self._place_transform_set(tunnel, found),),
            pfs=f"group{responder.pfs}" if responder.pfs else found.pfs,
            seconds=responder.ipsec_seconds or found.seconds,
            kilobytes=responder.ipsec_kilobytes or found.kilobytes,
        )
        self.target.entries[(entry.map, entry.sequence)] = entry
        self._drop_unused_groups(set(found.peers) - set(entry.peers))
        self.scope |= {render.entry_ref(entry), render.acl_ref(acl), *map(render.set_ref, entry.transform_sets)}
        return entry

    def _used_by_others(self, acl: str) -> bool:
        return acl in self.current.other_users or any(nat.acl == acl for nat in self.current.nats)

    def _place_crypto_acl(self, tunnel: Tunnel, entry: MapEntry) -> None:
        name = entry.acl or ""
        old = self._list(name)
        wanted = [Ace.between("permit", ours, theirs) for ours, theirs in tunnel.pairs]
        stale = [ace for ace in old.aces if ace not in wanted]
        kept = [item for item in old.entries if item not in stale]
        added = [ace for ace in wanted if ace not in old.entries]
        self.target.access_lists[name] = AccessList(name, (*kept, *added))
        self.withdrawn += stale

    def _place_exemptions(self, tunnel: Tunnel, homes: dict[Prefix, str]) -> None:
        for ours, theirs in tunnel.pairs:
            home = homes[ours]
            region = Region.pair(ours, theirs)
            name = self.target.exemptions.get(home) or self.options.names.rendered("exemption_acl", interface=home)
            ace = Ace.between("permit", ours, theirs)
            self.scope |= {render.acl_ref(name), render.exemption_ref(home)}
            if not self.exempt(self.target, home, region):
                self._refuse_list_for_exemption(name)
                if home not in self.target.exemptions:
                    self._refuse_crypto_list(name, home)
                    self._refuse_to_exempt_others(name, home)
                old = self._list(name)
                if ace not in old.entries:
                    self.target.access_lists[name] = AccessList(name, (*old.entries, ace))
                self.target.exemptions[home] = name

    def _refuse_list_for_exemption(self, name: str) -> None:
        """An exemption list holds ``permit ip`` only.

        Up to 8.2 the device removes the NAT line itself when its list has a deny or a port ("ACE contains port,
        protocol, or deny. Removing NAT configuration").
        """
        wrong = next((ace for ace in self._list(name).aces if ace.action == "deny" or ace.protocol != "ip"), None)
        if wrong:
            raise InputError(
                "names.exemption_acl",
                name,
                f"the list holds '{wrong}', and an exemption list may hold permit ip only",
                "Choose another name",
            )

    def _refuse_crypto_list(self, name: str, home: str) -> None:
        """Names that are filled in can meet: one list cannot say what is protected and what is exempt."""
        if any(entry.acl == name for entry in self.target.entries.values()):
            raise InputError(
                "names.exemption_acl",
                name,
                f"behind {home} it would be the list of a crypto map entry too, and one list cannot be both",
                "Choose another name",
            )

    def _refuse_to_exempt_others(self, name: str, home: str) -> None:
        """A list that does not apply to ``home`` yet must not bring entries of others with it."""
        ours = {Ace.between("permit", *pair) for tunnel in self.tunnels for pair in tunnel.pairs}
        for ace in self.current.access_lists.get(name, AccessList(name)).aces:
            if ace not in ours and self._enters_at(ace.source.prefix, home):
                raise InputError(
                    "names.exemption_acl",
                    name,
                    f"the list exists, does not apply to {home} yet, and holds '{ace}', which would be exempt with it",
                    "Choose another name",
                )

    def _place_pat(self, homes: Sequence[str], outside: str) -> None:
        by_interface = next(
            (item for item in self.target.globals if item.interface == outside and item.value == "interface"), None
        )
        number = by_interface.id if by_interface else self.options.names.nat_id or 1
        for home in homes:
            self.pat.append((home, outside, True))
            identity = next((nat for nat in self.target.nats if nat.interface == home and nat.id == 0), None)
            if identity and identity.prefix == ANY:
                raise InputError(
                    "pat",
                    "present",
                    f"'{render.nat_text(identity)}' says that nothing behind {home} is translated",
                    "Remove that line first, or set pat: foreign",
                )
            existing = next((nat for nat in self.target.nats if nat.interface == home and nat.prefix == ANY), None)
            if existing is None:
                existing = Nat(home, number, prefix=ANY)
                self.target.nats.append(existing)
            if not any(item.interface == outside and item.id == existing.id for item in self.target.globals):
                self.target.globals.append(Global(outside, existing.id, "interface"))
            self.scope.add(render.nat_ref(existing))
            self.scope |= {
                render.global_ref(item)
                for item in self.target.globals
                if item.id == existing.id and item.interface == outside
            }

    # --- what goes ------------------------------------------------------------------------------------------------

    def take_away(self, tunnel: Tunnel) -> None:
        """Edit the target so that it no longer holds ``tunnel``; what others may use stays."""
        outside = self.egress(tunnel)
        name = self.crypto_map(outside)
        entry = self.find_entry(name, tunnel)
        if entry:
            self._take_entry(entry, outside)
        self._take_leftovers(tunnel)
        self.withdrawn += [Ace.between("permit", ours, theirs) for ours, theirs in tunnel.pairs]

    def take_forgotten(self) -> None:
        """Entries and lists that bear our prefix and belong to no tunnel of the intent: it no longer names them."""
        bound = {name: interface for interface, name in self.current.bindings.items()}
        for entry in list(self.target.entries.values()):
            if not (entry.acl or "").startswith(PREFIX) or entry.head in self.placed_in:
                continue
            lines = render.entry_lines(entry)
            self.findings.append(Finding("not-in-the-intent", "warning", NOT_IN_THE_INTENT, tuple(lines)))
            self._take_entry(entry, bound.get(entry.map, ""))
        for name in [name for name in self.target.access_lists if name.startswith(PREFIX)]:
            if not self._acl_needed(name):
                self.scope.add(render.acl_ref(name))
                del self.target.access_lists[name]

    def _take_leftovers(self, tunnel: Tunnel) -> None:
        """What an interrupted run left of a tunnel, or of its removal, and nothing refers to: list, set and group."""
        names, target = self.options.names, self.target
        pairs = {TEMPORARY, *(Ace.between("permit", *pair) for other in self.tunnels for pair in other.pairs)}
        # Only compared: a name that no list could have is the name of none.
        lists = {names.exemption_acl.format(interface=interface) for interface in self.current.interfaces}
        for acl in {names.rendered("crypto_acl", tunnel=tunnel.name)} | lists:
            ours = acl.startswith(PREFIX) or set(self._list(acl).entries) <= pairs
            if acl in target.access_lists and ours and not self._acl_needed(acl):
                self.scope.add(render.acl_ref(acl))
                del target.access_lists[acl]
        wanted = tunnel.responder.suite.ipsec
        name = names.rendered("transform_set", transform=transform_name(wanted))
        found = target.transform_sets.get(name)
        used = any(name in entry.transform_sets for entry in target.entries.values()) or name in target.other_users
        if found and not used and self.dialect.spelling.read_transform(found.words) == wanted:
            self.scope.add(render.set_ref(name))
            del target.transform_sets[name]
        self._drop_unused_groups([tunnel.responder.address])

    def _take_entry(self, entry: MapEntry, outside: str) -> None:
        del self.target.entries[(entry.map, entry.sequence)]
        self.scope |= {render.entry_ref(entry), *map(render.binding_ref, {outside} - {""})}
        others = self.target.entries_of(entry.map)
        if not others:
            self.target.bindings = {i: bound for i, bound in self.target.bindings.items() if bound != entry.map}
        acl = self._list(entry.acl)
        self.withdrawn += acl.aces
        if entry.acl and not self._acl_needed(entry.acl):
            self.scope.add(render.acl_ref(entry.acl))
            self.target.access_lists.pop(entry.acl, None)
        self._drop_unused_groups(entry.peers)

    def _drop_unused_groups(self, peers: Iterable[str]) -> None:
        for peer in peers:
            if not any(peer in other.peers for other in self.target.entries.values()):
                self.scope.add(render.group_ref(peer))
                self.target.groups.pop(peer, None)

    def _acl_needed(self, name: str) -> bool:
        in_maps = any(other.acl == name for other in self.target.entries.values())
        return in_maps or self._used_by_others(name) or name in self.target.exemptions.values()

    def _withdraw_exemption(self, ace: Ace) -> None:
        """Take an ACE that equals one of ours out of the exemption lists, unless another entry still needs it."""
        if any(ace in self._list(entry.acl).entries for entry in self.target.entries.values()):
            return
        for name in dict.fromkeys(self.target.exemptions.values()):
            if ace in self._list(name).entries:
                self._take_from_exemption(name, {ace})

    def _take_from_exemption(self, name: str, gone: Collection[Ace]) -> None:
        """Entries out of an exemption list; with the last one go the list and the ``nat 0`` lines that name it."""
        left = tuple(item for item in self._list(name).entries if item not in gone)
        homes = [interface for interface, acl in self.target.exemptions.items() if acl == name]
        self.scope |= {render.acl_ref(name), *map(render.exemption_ref, homes)}
        if any(isinstance(item, Ace) for item in left):
            self.target.access_lists[name] = AccessList(name, left)
            return
        for interface in homes:
            del self.target.exemptions[interface]
        if not self._acl_needed(name):
            self.target.access_lists.pop(name, None)

    def take_shared_away(self, leaving: Sequence[Tunnel]) -> None:
        """IKE policy, IKE on the interface, and PAT: only with ``remove_shared``, and only what nothing else needs."""
        if not self.options.remove_shared:
            return
        in_use = any(self.target.bindings.values())
        for tunnel in leaving:
            outside = self.egress(tunnel)
            if not in_use:
                self._take_policy(tunnel)
                if outside in self.target.enabled:
                    self.target.enabled.remove(outside)
                    self.scope.add(render.enable_ref(outside))
            if self.options.pat == "present":
                homes = {self.interface_of(network, outside, tunnel) for network in tunnel.networks}
                self._take_pat(homes, outside)

    def _take_policy(self, tunnel: Tunnel) -> None:
        wanted = tunnel.responder.suite.ike
        for number, policy in list(self.target.policies.items()):
            if number != BUILT_IN_POLICY and policy.proposal and policy.proposal.matches(wanted):
                del self.target.policies[number]
                self.scope.add(render.policy_ref(number))

    def _take_pat(self, homes: set[str], outside: str) -> None:
        self.pat += [(home, outside, False) for home in sorted(homes)]
        for nat in [nat for nat in self.target.nats if nat.interface in homes and nat.prefix == ANY]:
            self.target.nats.remove(nat)
            self.scope.add(render.nat_ref(nat))
            self.findings.append(
                Finding(
                    "pat-removed",
                    "warning",
                    f"taking '{render.nat_text(nat)}' away takes Internet access away from {nat.interface}",
                    (render.nat_text(nat),),
                )
            )
        used = {nat.id for nat in self.target.nats}
        for item in [g for g in self.target.globals if g.interface == outside and g.value == "interface"]:
            if item.id not in used:
                self.target.globals.remove(item)
                self.scope.add(render.global_ref(item))

    def clear_up(self) -> None:
        """Once every tunnel has its place: exemptions, and transform sets of our entries, that nothing needs any more."""
        for ace in self.withdrawn:
            self._withdraw_exemption(ace)
        kept = {name for entry in self.target.entries.values() for name in entry.transform_sets}
        # A partial call cannot tell for which tunnel a set was made that nothing refers to.
        unused = (
            [] if self.options.partial else [name for name in self.target.transform_sets if name.startswith(PREFIX)]
        )
        for key, entry in self.current.entries.items():
            if self.target.entries.get(key) != entry:
                unused += entry.transform_sets
        for name in unused:
            if name not in kept and name not in self.current.other_users:
                self.scope.add(render.set_ref(name))
                self.target.transform_sets.pop(name, None)

    # --- what would harm others, or be of no use --------------------------------------------------------------------

    def protect_others(self, staying: Sequence[Tunnel]) -> None:
        """Refuse what cannot be put in order: it would change what others' packets meet, or ours would not get there."""
        seen: set[str] = set()
        for tunnel in staying:
            outside = self.homes[tunnel.name][1]
            name = self.target.bindings[outside]
            entry = next(entry for entry in self.target.entries_of(name) if tunnel.name in self.placed_in[entry.head])
            self._refuse_shadow(tunnel, entry)
            strangers = [other for other in self.current.entries_of(name) if render.entry_ref(other) not in self.scope]
            if outside not in self.current.bindings and strangers:
                raise InputError(
                    "names.crypto_map",
                    name,
                    f"{strangers[0].head} is somebody else's, and the map is bound to no interface: to bind it would "
                    "bring that entry to life",
                    "Choose another name",
                )
            if outside not in seen:
                self._refuse_translation_of_others(outside)
            seen.add(outside)

    def _refuse_shadow(self, tunnel: Tunnel, entry: MapEntry) -> None:
        for other in self.target.entries_of(entry.map):
            if other.sequence >= entry.sequence:
                break
            found = meaning(self._list(other.acl).entries, tunnel.region)
            if found.permit or found.unsure:
                raise InputError(
                    "names.sequence",
                    entry.sequence,
                    f"{other.head} comes first and takes traffic of tunnel {tunnel.name}",
                    f"Choose a sequence below {other.sequence}, or take that entry away",
                )

    def _refuse_translation_of_others(self, outside: str) -> None:
        """PAT must not pull packets out of somebody's tunnel."""
        name = self.current.bindings.get(outside, "")
        for entry in self.current.entries_of(name):
            for ace in self._list(entry.acl).aces if self.target.entries.get((name, entry.sequence)) == entry else ():
                for home in {nat.interface for nat in self.target.nats if nat not in self.current.nats}:
                    if (
                        ace.action == "permit"
                        and self._enters_at(ace.source.prefix, home)
                        and self.leaves_plain(self.current, home, outside, ace.region)
                        and not self.leaves_plain(self.target, home, outside, ace.region)
                    ):
                        raise InputError(
                            "pat",
                            self.options.pat,
                            f"it would translate '{ace}', which {entry.head} protects and nothing exempts",
                            f"Exempt it first (nat ({home}) 0 access-list …), or set pat: foreign",
                        )

    def _enters_at(self, prefix: Prefix, interface: str) -> bool:
        """Whether packets from ``prefix`` may come in there (the default route leads to everything and tells nothing)."""
        return any(
            network.overlaps(prefix)
            for network, name in self.current.routing_table()
            if name == interface and network.length
        )

    # --- what the user should know --------------------------------------------------------------------------------

    def judge(self, staying: Sequence[Tunnel]) -> None:
        """Findings on what the device will hold."""
        if self.options.exclusive and staying:
            self._take_foreign_exemptions(staying)
        held = Wanted(self.target, self.options, self.dialect, self.tunnels)
        self.findings += audit.find(held, staying, [tunnel for tunnel in self.tunnels if tunnel not in staying])

    def _take_foreign_exemptions(self, staying: Sequence[Tunnel]) -> None:
        """Exempt, but protected by no crypto entry: such packets leave in clear with their own source."""
        bound = set(self.target.bindings.values())
        lists = dict.fromkeys(entry.acl for entry in self.target.entries.values() if entry.map in bound and entry.acl)
        protected = [
            box
            for name in lists
            for box, hit in compiled(self._list(name)).split(EVERYTHING_BOX)
            if hit.value and hit.sure
        ]
        table, permits = Rules(Rule(box, True, "") for box in protected), Lookup((box, box) for box in protected)
        ours = Rules(Rule(box, True, "") for tunnel in staying for box in tunnel.region.boxes)

        def is_foreign(ace: Ace) -> bool:
            if not ace.exact or all(hit.value for _box, hit in table.split(ace.box)):
                return False
            # Somebody else's tunnel may live on a wide entry: then it stays.
            shared = (common(box, ace.box) for box, _same in permits.over(ace.box))
            return all(hit.value for box in shared for _part, hit in ours.split(box))

        gone: dict[str, dict[Ace, None]] = {}
        for name in sorted({name for name in self.target.exemptions.values() if render.acl_ref(name) in self.scope}):
            old = self._list(name)
            foreign = dict.fromkeys(ace for ace in old.aces if is_foreign(ace))
            if foreign:
                gone[name] = foreign
                self.withdrawn += foreign
                left = tuple(entry for entry in old.entries if entry not in foreign)
                self.target.access_lists[name] = AccessList(name, left)
        for tunnel in staying:
            # What was exempt by an entry that goes needs its own.
            self._place_exemptions(tunnel, self.homes[tunnel.name][0])
        for name, foreign in gone.items():
            self._take_from_exemption(name, foreign)


def _static_overlaps(text: str, region: Region) -> bool:
    """Whether ``static (a,b) mapped real [netmask M]`` can match a packet of ``region``; True if unreadable."""
    words = text.split()[2:]
    if words[:1] in (["tcp"], ["udp"]):
        words = [words[0], *words[3:4]]
    mask = re.search(r"netmask (\S+)", text)
    try:
        real = Prefix.from_mask(words[1], mask[1] if mask else "255.255.255.255")
    except (ValueError, IndexError):
        return True
    return Region.pair(real, ANY).overlaps(region)
