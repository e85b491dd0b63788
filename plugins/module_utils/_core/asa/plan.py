# Copyright: The netvpn.dynamic_l2l contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""From a PIX/ASA's configuration and the intent to the ordered lines that join them.

Three stages, one way: :func:`make_plan` copies the configuration and edits the copy into what is wanted (adopting
what exists), then takes the difference as steps, then puts the steps in order.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace

from ..acl import AccessList, Ace, Delete, Entry, Insert, list_edits, meaning
from ..algorithms import require_available, transform_name
from ..errors import InputError, PlanError
from ..intent import Intent, Network, Tunnel
from ..options import PREFIX, Options, first_free
from ..prefixes import ANY, Prefix, Region, longest_match, parse_address
from ..secret import Secret
from ..steps import EXEMPT_BUT_UNPROTECTED, Finding, Line, Plan, Ref, Step, in_order, removal_step, simple_step
from . import render
from .dialect import Dialect, for_version
from .model import AsaConfig, Global, IkePolicy, MapEntry, Nat, TransformSet, TunnelGroup

#: The places of steps, first to last. "untranslated" steps concern classes that leave with their own source before the
#: change: their exemption must stand before the binding, so that nothing else happens to them there; "translated"
#: classes switch at their exemption, which therefore comes after the binding. Removal is the mirror image.
SWITCH_ORDER = (
    "object",
    "crypto-acl",
    "entry",
    "enable",
    "exemption-untranslated",
    "global",
    "bind",
    "acl-untranslated",
    "temporary-out",
    "exemption-translated",
    "nat",
    # from here on things go
    "nat-out",
    "exemption-translated-out",
    "temporary-in",
    "acl-out",
    "unbind",
    "entry-out",
    "exemption-untranslated-out",
    "global-out",
    "rest",
)

#: An ACE that is nobody's traffic (RFC 5737): it makes a map entry complete without touching a packet.
_TEMPORARY = Ace.between("permit", Prefix(parse_address("192.0.2.1"), 32), Prefix(parse_address("192.0.2.2"), 32))

#: IKE policy that some releases carry by themselves; never sent, removed, or matched to an intent.
_BUILT_IN_POLICY = 65535


def make_plan(config: AsaConfig, intent: Intent, host: str, options: Options, *, absent: bool = False) -> Plan:
    """The plan for the initiator ``host``; ``absent`` takes all its tunnels away.

    Raises InputError or PlanError, before anything is sent, when the device cannot hold what is wanted.
    """
    tunnels = intent.of_initiator(host)
    planner = _Planner(config, options, for_version(config.version), tunnels)
    leaving = [tunnel for tunnel in tunnels if absent or not tunnel.present]
    staying = [tunnel for tunnel in tunnels if not absent and tunnel.present]
    if len(staying) > 1 and "{tunnel}" not in options.names.crypto_acl:
        raise InputError(
            "names.crypto_acl",
            options.names.crypto_acl,
            "this initiator has several tunnels",
            "Put {tunnel} into the name",
        )
    for tunnel in staying:
        planner.place(tunnel)
    for tunnel in leaving:
        planner.take_away(tunnel)
    if leaving and not staying:
        planner.take_shared_away(leaving)
    planner.clear_up()
    planner.protect_others(staying)
    planner.judge(staying)
    steps = planner.placed(in_order(planner.steps(), SWITCH_ORDER))
    dialect = planner.dialect
    return Plan(
        steps,
        render.owned_text(config, planner.scope, dialect),
        render.owned_text(planner.target, planner.scope, dialect),
        tuple(planner.findings),
        frozenset(planner.scope),
        render.owned_data(planner.target, planner.scope, dialect),
    )


@dataclass(frozen=True)
class _Edit:
    """An entry into a list, above ``above`` (None: at the end), or out of it."""

    entry: Entry
    adds: bool
    above: Entry | None = None


@dataclass
class _Planner:
    """Edits ``target``, a copy of the configuration, and remembers what the order of steps depends on."""

    current: AsaConfig
    options: Options
    dialect: Dialect
    tunnels: tuple[Tunnel, ...]
    target: AsaConfig = field(init=False)
    findings: list[Finding] = field(default_factory=list)
    scope: set[Ref] = field(default_factory=set)
    #: Stage of an ACE that is added to, or taken from, a list; the default depends on the list's use.
    ace_stage: dict[tuple[str, Entry], str] = field(default_factory=dict)
    #: tunnel → interface of each of its networks, interface towards the responder
    homes: dict[str, tuple[dict[Prefix, str], str]] = field(default_factory=dict)
    #: ACEs that left a crypto list
    withdrawn: list[Ace] = field(default_factory=list)
    #: entries that go, their lists, the interface of their map
    taken: list[tuple[MapEntry, AccessList, str]] = field(default_factory=list)
    #: map entry → names of the tunnels in it
    placed_in: dict[str, set[str]] = field(default_factory=lambda: defaultdict(set))
    #: What a step does to which list; its line number is known only when the steps are in order.
    edits: dict[Line, tuple[str, _Edit]] = field(default_factory=dict)
    #: Lists that get the temporary ACE while their entry of a bound map is made or taken apart.
    temporary: dict[str, tuple[str, str]] = field(default_factory=dict)
    #: Interfaces whose exemption line concerns untranslated classes (before, or after for one that goes).
    plain_exemptions: set[str] = field(default_factory=set)

    def __post_init__(self) -> None:
        self.target = self.current.copy()

    # --- what is there --------------------------------------------------------------------------------------------

    def egress(self, tunnel: Tunnel) -> str:
        """The interface towards the responder."""
        given = self.options.outside_interface
        if given:
            if given not in self.current.interfaces:
                raise InputError("outside_interface", given, "the device has no such interface", self._interfaces())
            return given
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
        option = f"tunnel {tunnel.name}, networks"
        name = network.interface or longest_match(network.prefix.network, self.current.routing_table())
        if name is None or name not in self.current.interfaces:
            problem = (
                "the device has no such interface" if name else "no interface and no route of the device reaches it"
            )
            raise InputError(option, network.interface or network, problem, self._interfaces())
        if name == outside:
            raise InputError(
                option,
                network,
                f"it lies behind {outside}, where the responder is",
                "Give the device a route to it, or name its interface: {prefix: …, interface: …}",
            )
        return name

    def _interfaces(self) -> str:
        return f"Its interfaces are: {', '.join(self.current.interfaces) or 'none'}"

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
        wanted = self.options.names.crypto_acl.format(tunnel=tunnel.name)
        region = tunnel.region.union(_TEMPORARY.region)
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
        return meaning(acl.entries, region).permit.contains(region)

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

    # --- what is wanted -------------------------------------------------------------------------------------------

    def place(self, tunnel: Tunnel) -> None:
        """Edit the target so that it holds ``tunnel``."""
        responder = tunnel.responder
        require_available(
            responder.suite, self.dialect.spelling, f"PIX/ASA {self.current.version}", f"suite of {responder.host}"
        )
        outside = self.egress(tunnel)
        homes = {network.prefix: self.interface_of(network, outside, tunnel) for network in tunnel.networks}
        self.homes[tunnel.name] = (homes, outside)
        self._place_policy(tunnel)
        if outside not in self.target.enabled:
            self.target.enabled.append(outside)
        self._place_group(tunnel)
        bound = outside in self.current.bindings
        entry = self._place_entry(tunnel, self.crypto_map(outside), bound)
        self.placed_in[entry.head].add(tunnel.name)
        self._place_crypto_acl(tunnel, entry, homes, outside, bound)
        self._place_exemptions(tunnel, homes, outside)
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
            if number != _BUILT_IN_POLICY and policy.proposal and policy.proposal.matches(wanted)
        ]
        exact = [n for n in same if (found := policies[n].proposal) and wanted.lifetime in (None, found.lifetime)]
        if exact or same:
            number = (exact or same)[0]
            if not exact:
                policies[number] = IkePolicy(number, wanted)
        else:
            free = first_free(set(policies), self.options.names.ike_policy, below=_BUILT_IN_POLICY)
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
        self.target.groups[old.name] = replace(old, type="ipsec-l2l", key=key, dpd=responder.dpd or old.dpd)
        self.scope.add(render.group_ref(old.name))

    def _place_transform_set(self, tunnel: Tunnel, entry: MapEntry) -> str:
        wanted = tunnel.responder.suite.ipsec
        spelling = self.dialect.spelling
        name = self.options.names.transform_set.format(transform=transform_name(wanted))
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

    def _place_entry(self, tunnel: Tunnel, name: str, bound: bool) -> MapEntry:
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
            found = MapEntry(name, sequence)
        acl = found.acl or names.crypto_acl.format(tunnel=tunnel.name)
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

    def _place_crypto_acl(
        self, tunnel: Tunnel, entry: MapEntry, homes: dict[Prefix, str], outside: str, bound: bool
    ) -> None:
        name = entry.acl or ""
        old = self._list(name)
        wanted = [Ace.between("permit", ours, theirs) for ours, theirs in tunnel.pairs]
        live = bound and self.current.entries.get((entry.map, entry.sequence), MapEntry("", 0)).acl == name
        stale = [ace for ace in old.aces if ace not in wanted]
        kept = [item for item in old.entries if item not in stale]
        added = [ace for ace in wanted if ace not in old.entries]
        self.target.access_lists[name] = AccessList(name, (*kept, *added))
        plain_new = False
        for ace in added:
            region = ace.region
            home = homes[ace.source.prefix]
            plain = self.leaves_plain(self.current, home, outside, region)
            self.ace_stage[(name, ace)] = "acl-untranslated" if plain and bound else "crypto-acl"
            plain_new = plain_new or plain
        if plain_new and bound and not live:
            self.temporary[name] = ("crypto-acl", "temporary-out")
        for ace in stale:
            self.ace_stage[(name, ace)] = "acl-out"
            self.withdrawn.append(ace)

    def _place_exemptions(self, tunnel: Tunnel, homes: dict[Prefix, str], outside: str) -> None:
        for ours, theirs in tunnel.pairs:
            home = homes[ours]
            region = Region.pair(ours, theirs)
            name = self.target.exemptions.get(home) or self.options.names.exemption_acl.format(interface=home)
            ace = Ace.between("permit", ours, theirs)
            self.scope |= {render.acl_ref(name), render.exemption_ref(home)}
            if not self.exempt(self.target, home, region):
                self._refuse_list_for_exemption(name)
                if home not in self.target.exemptions:
                    self._refuse_to_exempt_others(name, home)
                old = self._list(name)
                if ace not in old.entries:
                    self.target.access_lists[name] = AccessList(name, (*old.entries, ace))
                plain = self.leaves_plain(self.current, home, outside, region)
                stage = "exemption-untranslated" if plain else "exemption-translated"
                self.ace_stage.setdefault((name, ace), stage)
                if plain and home not in self.current.exemptions:
                    self.plain_exemptions.add(home)
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

    def _take_leftovers(self, tunnel: Tunnel) -> None:
        """What an interrupted run left of a tunnel, or of its removal, and nothing refers to: list, set and group."""
        names, target = self.options.names, self.target
        pairs = {_TEMPORARY, *(Ace.between("permit", *pair) for other in self.tunnels for pair in other.pairs)}
        lists = {names.exemption_acl.format(interface=interface) for interface in self.current.interfaces}
        for acl in {names.crypto_acl.format(tunnel=tunnel.name)} | lists:
            ours = acl.startswith(PREFIX) or set(self._list(acl).entries) <= pairs
            if acl in target.access_lists and ours and not self._acl_needed(acl):
                self.scope.add(render.acl_ref(acl))
                del target.access_lists[acl]
        wanted = tunnel.responder.suite.ipsec
        name = names.transform_set.format(transform=transform_name(wanted))
        found = target.transform_sets.get(name)
        used = any(name in entry.transform_sets for entry in target.entries.values()) or name in target.other_users
        if found and not used and self.dialect.spelling.read_transform(found.words) == wanted:
            self.scope.add(render.set_ref(name))
            del target.transform_sets[name]
        self._drop_unused_groups([tunnel.responder.address])

    def _take_entry(self, entry: MapEntry, outside: str) -> None:
        del self.target.entries[(entry.map, entry.sequence)]
        self.scope |= {render.entry_ref(entry), render.binding_ref(outside)}
        others = self.target.entries_of(entry.map)
        if not others:
            self.target.bindings = {i: bound for i, bound in self.target.bindings.items() if bound != entry.map}
        acl = self._list(entry.acl)
        self.withdrawn += acl.aces
        if entry.acl and not self._acl_needed(entry.acl):
            self.scope.add(render.acl_ref(entry.acl))
            self.target.access_lists.pop(entry.acl, None)
            self.taken.append((entry, acl, outside))
        self._drop_unused_groups(entry.peers)

    def _drop_unused_groups(self, peers: Iterable[str]) -> None:
        for peer in peers:
            if not any(peer in other.peers for other in self.target.entries.values()):
                self.scope.add(render.group_ref(peer))
                self.target.groups.pop(peer, None)

    def _keep_entry_whole(self, acl: AccessList, outside: str) -> None:
        """One entry of several goes: an untranslated class switches at its ACE, and a temporary one takes its place."""
        for ace in acl.aces:
            home = longest_match(ace.source.prefix.network, self.current.routing_table()) or outside
            if self.leaves_plain(self.target, home, outside, ace.region):
                self.ace_stage[(acl.name, ace)] = "acl-out"
                self.temporary[acl.name] = ("temporary-in", "rest")

    def _acl_needed(self, name: str) -> bool:
        in_maps = any(other.acl == name for other in self.target.entries.values())
        return in_maps or self._used_by_others(name) or name in self.target.exemptions.values()

    def _withdraw_exemption(self, ace: Ace) -> None:
        """Take an ACE that equals one of ours out of the exemption lists, unless another entry still needs it."""
        if any(ace in self._list(entry.acl).entries for entry in self.target.entries.values()):
            return
        for name in dict.fromkeys(self.target.exemptions.values()):
            if ace in self._list(name).entries:
                self._take_from_exemption(name, ace)

    def _take_from_exemption(self, name: str, ace: Ace) -> None:
        """One entry out of an exemption list; with the last one go the list and the ``nat 0`` lines that name it."""
        left = tuple(item for item in self._list(name).entries if item != ace)
        homes = [interface for interface, acl in self.target.exemptions.items() if acl == name]
        self.scope |= {render.acl_ref(name), *map(render.exemption_ref, homes)}
        self.ace_stage[(name, ace)] = "exemption-out"
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
            if number != _BUILT_IN_POLICY and policy.proposal and policy.proposal.matches(wanted):
                del self.target.policies[number]
                self.scope.add(render.policy_ref(number))

    def _take_pat(self, homes: set[str], outside: str) -> None:
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
        for entry, acl, outside in self.taken:
            if self.target.entries_of(entry.map) and outside in self.current.bindings:
                self._keep_entry_whole(acl, outside)
        kept = {name for entry in self.target.entries.values() for name in entry.transform_sets}
        unused = [name for name in self.target.transform_sets if name.startswith(PREFIX)]
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
            self._refuse_translation_of_others(outside)

    def _refuse_shadow(self, tunnel: Tunnel, entry: MapEntry) -> None:
        for other in self.target.entries_of(entry.map):
            found = meaning(self._list(other.acl).entries, tunnel.region)
            if other.sequence < entry.sequence and (found.permit or found.unsure):
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
        self._judge_exemptions(staying)
        for tunnel in staying:
            for part, grade in tunnel.responder.suite.weaknesses():
                self.findings.append(Finding("weak-algorithm", "warning", f"tunnel {tunnel.name}: {part} is {grade}"))
        built_in = self.target.policies.get(_BUILT_IN_POLICY)
        if built_in:
            self.findings.append(
                Finding(
                    "weak-built-in-policy",
                    "note",
                    f"policy {_BUILT_IN_POLICY} is the device's own; it is offered to every peer, and weak today",
                    tuple(render.policy_lines(built_in, self.dialect)),
                )
            )

    def _judge_exemptions(self, staying: Sequence[Tunnel]) -> None:
        """Exempt, but protected by no crypto entry: such packets leave in clear with their own source."""
        protected, ours = Region(), Region()
        gone: list[tuple[str, Ace]] = []
        for entry in self.target.entries.values():
            if entry.map in self.target.bindings.values() and entry.acl:
                protected = protected.union(meaning(self._list(entry.acl).entries).permit)
        for tunnel in staying:
            ours = ours.union(tunnel.region)
        for name in sorted({name for name in self.target.exemptions.values() if render.acl_ref(name) in self.scope}):
            foreign = [ace for ace in self._list(name).aces if ace.exact and not protected.contains(ace.region)]
            for ace in foreign:
                # Somebody else's tunnel may live on a wide entry: then it stays.
                needed = ace.region.subtract(ours).overlaps(protected)
                if self.options.exclusive and staying and not needed:
                    gone.append((name, ace))
                    continue
                self.findings.append(
                    Finding(
                        "exempt-but-unprotected",
                        "warning",
                        EXEMPT_BUT_UNPROTECTED,
                        (f"access-list {name} {render.entry_text(ace)}",),
                    )
                )
        for name, ace in gone:
            left = tuple(entry for entry in self._list(name).entries if entry != ace)
            self.target.access_lists[name] = AccessList(name, left)
        for tunnel in staying:
            # What was exempt by an entry that goes needs its own.
            self._place_exemptions(tunnel, *self.homes[tunnel.name])
        for name, ace in gone:
            self._take_from_exemption(name, ace)

    # --- from the difference to steps -----------------------------------------------------------------------------

    def steps(self) -> list[Step]:
        """The difference between current and target, in the natural order of the platform."""
        return [*self._adding(), *self._removing()]

    def _adding(self) -> list[Step]:
        old, new = self.current, self.target
        steps: list[Step] = []
        for number, policy in sorted(new.policies.items()):
            if number not in old.policies:
                steps.append(render.create_policy(policy, self.dialect))
            elif old.policies[number] != policy:
                steps.append(self._change_lifetime(old.policies[number], policy))
        for name, group in new.groups.items():
            if name not in old.groups:
                steps += render.create_group(group)
            elif old.groups[name] != group:
                steps += render.change_group(old.groups[name], group)
        for name, transform_set in new.transform_sets.items():
            if name not in old.transform_sets:
                steps.append(
                    simple_step(render.transform_set_text(transform_set), "object", provides={render.set_ref(name)})
                )
        for name, access_list in new.access_lists.items():
            steps += self._list_additions(old.access_lists.get(name), access_list)
        for key, entry in new.entries.items():
            steps += self._entry_additions(old.entries.get(key), entry)
        for interface in new.enabled:
            if interface not in old.enabled:
                steps.append(simple_step(f"{self.dialect.isakmp} enable {interface}", "enable"))
        for interface, name in new.exemptions.items():
            if old.exemptions.get(interface) != name:
                stage = "exemption-untranslated" if interface in self.plain_exemptions else "exemption-translated"
                text = f"nat ({interface}) 0 access-list {name}"
                steps.append(simple_step(text, stage, needs={render.acl_ref(name)}))
        for item in new.globals:
            if item not in old.globals:
                # Where its ``nat`` waits already, this line is what lets packets out.
                waiting = any(nat.id == item.id for nat in old.nats)
                steps.append(simple_step(render.global_text(item), "nat" if waiting else "global"))
        for interface, name in new.bindings.items():
            if old.bindings.get(interface) != name:
                needs = {render.entry_ref(entry) for entry in new.entries_of(name)}
                steps.append(simple_step(f"crypto map {name} interface {interface}", "bind", needs=needs))
        for nat in new.nats:
            if nat not in old.nats:
                steps.append(simple_step(render.nat_text(nat), "nat"))
        return steps

    def _change_lifetime(self, old: IkePolicy, new: IkePolicy) -> Step:
        head = f"{self.dialect.isakmp} policy {new.number}"
        if new.proposal is None or old.proposal is None:
            raise PlanError(f"policy {new.number} cannot be read")
        do, undo = (f"lifetime {proposal.lifetime}" for proposal in (new.proposal, old.proposal))
        if self.dialect.policy_block:
            return Step((Line.of(do, parents=(head,)),), (Line.of(undo, parents=(head,)),), "object")
        return Step((Line.of(f"{head} {do}"),), (Line.of(f"{head} {undo}"),), "object")

    def _list_additions(self, old: AccessList | None, new: AccessList) -> list[Step]:
        steps: list[Step] = []
        old_entries = old.entries if old else ()
        entries = list(old_entries)
        for edit in list_edits(old_entries, new.entries):
            if isinstance(edit, Insert):
                stage = self.ace_stage.get((new.name, edit.entry), "crypto-acl")
                above = next((entry for entry in entries[edit.position :] if entry in old_entries), None)
                provides = old is None and stage != "acl-untranslated"
                steps.append(self._insertion(new.name, _Edit(edit.entry, True, above), stage, provides=provides))
                entries.insert(edit.position, edit.entry)
            else:
                steps.append(self._deletion(new.name, edit.entry, self._out_stage(new.name, edit), last=False))
                del entries[edit.position]
        # An interrupted run may have left the temporary entry behind; then it goes with the others that are too many.
        if new.name in self.temporary and _TEMPORARY not in old_entries:
            place, out = self.temporary[new.name]
            steps.insert(0, self._insertion(new.name, _Edit(_TEMPORARY, True), place, provides=True))
            steps.append(self._deletion(new.name, _TEMPORARY, out, last=False))
        return steps

    def _insertion(self, name: str, edit: _Edit, stage: str, *, provides: bool) -> Step:
        step = render.insert_entry(name, edit.entry, stage, provides=provides)
        self.edits[step.do[0]] = (name, edit)
        return step

    def _deletion(self, name: str, entry: Entry, stage: str, *, last: bool) -> Step:
        step = render.delete_entry(name, entry, stage, last=last)
        self.edits[step.do[0]] = (name, _Edit(entry, False))
        return step

    def placed(self, steps: Sequence[Step]) -> tuple[Step, ...]:
        """``steps`` with line numbers for the order that they are in, and the target's lists as they then come out."""
        lists = {name: list(access_list.entries) for name, access_list in self.current.access_lists.items()}
        result = []
        for step in steps:
            name, edit = self.edits.get(step.do[0], ("", None))
            if edit is None:
                result.append(step)
                continue
            entries = lists.setdefault(name, [])
            if edit.adds:
                position = entries.index(edit.above) if edit.above in entries else len(entries)
                result.append(replace(step, do=(render.entry_line(name, edit.entry, position, len(entries)),)))
                entries.insert(position, edit.entry)
            else:
                position = entries.index(edit.entry)
                del entries[position]
                result.append(replace(step, undo=(render.entry_line(name, edit.entry, position, len(entries)),)))
        for name in self.target.access_lists:
            self.target.access_lists[name] = AccessList(name, tuple(lists.get(name, ())))
        return tuple(result)

    def _out_stage(self, name: str, edit: Delete) -> str:
        stage = self.ace_stage.get((name, edit.entry), "rest")
        if stage != "exemption-out":
            return stage
        return self._exemption_out_stage(edit.entry, name)

    def _exemption_out_stage(self, entry: Entry, name: str) -> str:
        """A class that is translated afterwards switches here, before its protection goes; another one after it."""
        homes = [interface for interface, acl in self.current.exemptions.items() if acl == name]
        region = entry.region if isinstance(entry, Ace) else Region()
        outsides = set(self.current.bindings) or {item.interface for item in self.current.globals}
        later = any(self.translated(self.target, home, outside, region) for home in homes for outside in outsides)
        return "exemption-translated-out" if later else "exemption-untranslated-out"

    def _entry_additions(self, old: MapEntry | None, new: MapEntry) -> list[Step]:
        head = f"{new.head} "
        before = render.entry_lines(old) if old else []
        added = [line.removeprefix(head) for line in render.entry_lines(new) if line not in before]
        steps: list[Step] = []
        for line in added:
            if old and line.startswith("set transform-set") and old.transform_sets:
                steps += self._swap(new, "set transform-set", old.transform_sets, new.transform_sets)
            elif old and line.startswith("set peer") and old.peers:
                steps += self._swap(new, "set peer", old.peers, new.peers)
            elif old and line.startswith(("set pfs", "set security-association")):
                steps.append(self._replace_line(old, new, line))
            else:
                steps.append(render.create_map_line(new, line))
        if self.dialect.entry_at_once and old is None and new.map in self.current.bindings.values():
            steps = [_joined(steps[:2]), *steps[2:]]
            self.findings.append(
                Finding(
                    "interface-stops",
                    "warning",
                    f"{self.dialect.name}: until its peer is set, the new entry of the bound map may stop all traffic "
                    "of the interface",
                )
            )
        return steps

    def _swap(self, entry: MapEntry, attribute: str, old: Sequence[str], new: Sequence[str]) -> list[Step]:
        """The new peer or set is appended, then the old ones go: the entry is never without one."""
        ref = render.set_ref if attribute == "set transform-set" else render.group_ref
        return [
            *(
                simple_step(
                    f"{entry.head} {attribute} {name}", "entry", needs={ref(name)}, provides={render.entry_ref(entry)}
                )
                for name in new
                if name not in old
            ),
            *(
                removal_step(f"{entry.head} {attribute} {name}", "entry-out", releases={ref(name)})
                for name in old
                if name not in new
            ),
        ]

    def _replace_line(self, old: MapEntry, new: MapEntry, line: str) -> Step:
        """A single-valued line: typed again it replaces the old one."""
        word = " ".join(line.split()[: 4 if "lifetime" in line else 2])
        previous = next((row for row in render.entry_lines(old) if row.startswith(f"{old.head} {word}")), None)
        undo = previous or f"no {new.head} {line}"
        return Step((Line.of(f"{new.head} {line}"),), (Line.of(undo),), "entry")

    def _removing(self) -> list[Step]:
        old, new = self.current, self.target
        steps: list[Step] = []
        for nat in old.nats:
            if nat not in new.nats:
                steps.append(removal_step(render.nat_text(nat), "nat-out"))
        for interface, name in old.exemptions.items():
            if interface not in new.exemptions:
                stages = {
                    self._exemption_out_stage(ace, name) for ace in old.access_lists.get(name, AccessList(name)).aces
                }
                stage = min(stages, key=SWITCH_ORDER.index, default="rest")
                text = f"nat ({interface}) 0 access-list {name}"
                steps.append(removal_step(text, stage, releases={render.acl_ref(name)}))
        for interface, name in old.bindings.items():
            if interface not in new.bindings:
                steps.append(removal_step(f"crypto map {name} interface {interface}", "unbind"))
        for key, entry in old.entries.items():
            if key not in new.entries:
                # Reversed: transform set, peer, and the list last.
                for line in reversed(render.entry_lines(entry)):
                    steps.append(render.remove_map_line(entry, line.removeprefix(f"{entry.head} ")))
        for item in old.globals:
            if item not in new.globals:
                steps.append(removal_step(render.global_text(item), "global-out"))
        for interface in old.enabled:
            if interface not in new.enabled:
                steps.append(removal_step(f"{self.dialect.isakmp} enable {interface}", "rest"))
        for name, access_list in old.access_lists.items():
            if name not in new.access_lists:
                steps += self._list_removal(access_list)
        for name, transform_set in old.transform_sets.items():
            if name not in new.transform_sets:
                text = render.transform_set_text(transform_set)
                steps.append(removal_step(text, "rest", removes={render.set_ref(name)}))
        for name, group in old.groups.items():
            if name not in new.groups:
                steps.append(render.remove_group(group))
        for number, policy in old.policies.items():
            if number not in new.policies:
                steps.append(render.remove_policy(policy, self.dialect))
        return steps

    def _list_removal(self, access_list: AccessList) -> list[Step]:
        """A list goes entry by entry, from the bottom up; its last ones only once nothing refers to it."""
        steps: list[Step] = []
        name = access_list.name
        whole = name in self.temporary
        if whole:
            place, out = self.temporary[name]
            if _TEMPORARY not in access_list.entries:
                steps.append(self._insertion(name, _Edit(_TEMPORARY, True), place, provides=False))
        for entry in reversed([entry for entry in access_list.entries if not whole or entry != _TEMPORARY]):
            stage = self.ace_stage.get((name, entry), "rest")
            early = whole and stage == "acl-out"
            steps.append(self._deletion(name, entry, stage if early else "rest", last=not early))
        if whole:
            steps.append(self._deletion(name, _TEMPORARY, out, last=True))
        return steps


def _joined(steps: Sequence[Step]) -> Step:
    """Several steps that must share a write."""
    return Step(
        tuple(line for step in steps for line in step.do),
        tuple(line for step in reversed(steps) for line in step.undo),
        steps[0].stage,
        provides=frozenset().union(*(step.provides for step in steps)),
        needs=frozenset().union(*(step.needs for step in steps)),
    )


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
