# Copyright: The netvpn.dynamic_l2l contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""What is wrong with a PIX/ASA's end of its tunnels: judged by what the device does with their packets.

Each finding that can be mended from here has the lines that mend it. They are computed for the device as it is: after
those of one finding were typed it is read again.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

from ..acl import AccessList, Ace, Entry, Remark, meaning
from ..errors import InputError
from ..findings import (
    BY_THE_PLAN,
    Flow,
    Protected,
    example,
    homeless,
    parts_within,
    protected_by,
    shown,
    unprotected,
    weak_algorithm,
    weaknesses,
)
from ..forwarding import Fate, Letter, Needed
from ..intent import Network, Tunnel
from ..options import PREFIX, Options
from ..prefixes import ANY, Region, longest_match, parse_address
from ..secret import MASK
from ..steps import EXEMPT_BUT_UNPROTECTED, Finding, Line, Packet, foreign_identity
from ..treatment import classes
from . import render
from .dialect import BUILT_IN_POLICY, Dialect
from .model import AsaConfig, Interface, MapEntry, Route

if TYPE_CHECKING:
    from .wanted import Wanted

#: The group policy that the mending lines make for our tunnels, so that nobody else's idle time changes.
_POLICY = PREFIX + "POLICY"
_DEFAULT_POLICY = "DfltGrpPolicy"

#: Minutes without traffic after which a PIX/ASA ends a tunnel unless it is told otherwise (CLI guide 7.2, p. 30-36).
_DEFAULT_IDLE = "30"


@dataclass(frozen=True)
class Own:
    """A tunnel of ours on the device: what is meant to be protected, by which entry (None: there is none), to whom."""

    owner: str
    flows: tuple[Flow, ...]
    outside: str
    peer: str
    entry: MapEntry | None
    tunnel: Tunnel | None = None


def find(wanted: Wanted, tunnels: Sequence[Tunnel] | None, leaving: Sequence[Tunnel]) -> list[Finding]:
    """The findings on ``tunnels``; None: on what the entries of the device's own crypto maps protect.

    ``wanted`` has the configuration and knows which entry is whose. ``leaving`` are tunnels that the device holds no
    longer; what may be left of them is judged too.
    """
    # A copy: the model of a configuration is kept by its identity, and the planner edits its own.
    audit = _Audit(wanted.current.copy(), wanted.options, wanted.dialect, wanted)
    audit.judge(tunnels, leaving)
    return audit.findings


@dataclass
class _Audit:
    config: AsaConfig
    options: Options
    dialect: Dialect
    wanted: Wanted
    findings: list[Finding] = field(default_factory=list)
    needed: dict[str, Needed] = field(default_factory=dict)

    def judge(self, tunnels: Sequence[Tunnel] | None, leaving: Sequence[Tunnel]) -> None:
        """All checks, in the order in which their findings are best mended."""
        if tunnels is None:
            owns = self._from_entries()
        else:
            for tunnel in tunnels:
                suite = tunnel.responder.suite
                self.needed[tunnel.responder.address] = Needed(suite.ike, suite.ipsec, tunnel.responder.pre_shared_key)
            owns = [self._own(tunnel) for tunnel in tunnels]
        self.bare = replace(self.config, bindings={})
        for own in owns:
            faults = len(self.findings)
            self._judge_entry(own)
            self._judge_flows(own, explained=len(self.findings) > faults)
        homes = {flow.enters for own in owns for flow in own.flows}
        if tunnels is None:
            homes |= set(self.config.exemptions)
        else:
            homes |= {self._home(network) for tunnel in leaving for network in tunnel.networks}
        self._judge_exemptions(owns, homes)
        for own in owns:
            self._judge_initiation(own)
        for outside in sorted({own.outside for own in owns}):
            self._judge_default_route(outside)
        if owns and self.config.identity.split()[:1] not in ([], ["address"], ["auto"]):
            self.findings.append(foreign_identity(f"{self.dialect.isakmp} identity {self.config.identity}"))
        self._judge_algorithms(owns)

    # --- what is meant --------------------------------------------------------------------------------------------

    def _home(self, network: Network) -> str:
        return network.interface or longest_match(network.prefix.network, self.config.routing_table()) or ""

    def _way_to(self, peer: str) -> str:
        try:
            return longest_match(parse_address(peer), self.config.routing_table()) or ""
        except ValueError:
            return ""

    def _own(self, tunnel: Tunnel) -> Own:
        owner, peer = f"tunnel {tunnel.name}", tunnel.responder.address
        outside = self.options.outside_interface or self._way_to(peer)
        flows = tuple(
            Flow(owner, ours.prefix, theirs.prefix, self._home(ours))
            for ours in tunnel.networks
            for theirs in tunnel.responder_networks
        )
        bound = self.config.bindings.get(outside, "")
        maps = dict.fromkeys((bound, self.options.names.crypto_map, *(name for name, _seq in self.config.entries)))
        for name in maps:
            try:
                entry = self.wanted.find_entry(name, tunnel)
            except InputError:
                # An entry to this responder whose list cannot be resolved: not known to be ours.
                entry = None
            if entry:
                return Own(owner, flows, outside, peer, entry, tunnel)
        return Own(owner, flows, outside, peer, None, tunnel)

    def _from_entries(self) -> list[Own]:
        """What the device itself says that it protects, bound or not."""
        bound = {name: interface for interface, name in self.config.bindings.items()}
        owns = []
        for _key, entry in sorted(self.config.entries.items()):
            if entry.dynamic or not entry.acl or not entry.peers:
                continue
            flows = tuple(
                Flow(entry.head, ace.source.prefix, ace.destination.prefix, self._home(Network(ace.source.prefix)))
                for ace in self._list(entry.acl).aces
                if ace.action == "permit" and ace.exact and ace.protocol == "ip" and ace.source.prefix != ANY
            )
            outside = bound.get(entry.map) or self._way_to(entry.peers[0])
            owns.append(Own(entry.head, flows, outside, entry.peers[0], entry))
        return owns

    def _list(self, name: str | None) -> AccessList:
        return self.config.access_lists.get(name or "", AccessList(name or ""))

    # --- the entry ------------------------------------------------------------------------------------------------

    def _judge_entry(self, own: Own) -> None:
        """Whether the entry is there, reached, and able to negotiate."""
        packet = self._packet(own)
        if own.entry is None:
            self.findings.append(
                Finding(
                    "no-crypto-entry",
                    "warning",
                    f"{own.owner}: no crypto map entry to {own.peer} protects its networks. {BY_THE_PLAN}",
                    (),
                    packet,
                )
            )
            return
        self._judge_order(own, own.entry)
        self._judge_group(own)
        if own.outside and own.outside not in self.config.enabled:
            text = f"{self.dialect.isakmp} enable {own.outside}"
            self.findings.append(
                Finding(
                    "isakmp-not-enabled",
                    "warning",
                    f"{own.owner}: IKE is not enabled on {own.outside}, so the tunnel cannot come up and its packets are "
                    "dropped. Enable it",
                    (),
                    packet,
                    (text,),
                )
            )
        if self.config.bindings.get(own.outside) != own.entry.map:
            self._judge_binding(own, own.entry)

    def _packet(self, own: Own) -> Packet | None:
        flow = next(iter(own.flows), None)
        return example(flow.region, flow.enters, self._own_addresses) if flow else None

    @property
    def _own_addresses(self) -> set[int]:
        return {i.address for i in self.config.interfaces.values() if i.address is not None}

    def _judge_order(self, own: Own, entry: MapEntry) -> None:
        """A dynamic entry in front is asked first and takes the peer."""
        entries = self.config.entries_of(entry.map)
        for other in (other for other in entries if other.dynamic and other.sequence < entry.sequence):
            taken = {item.sequence for item in entries}
            last = next((number for number in range(65535, max(taken), -1) if number not in taken), None)
            line = f"{other.head} ipsec-isakmp dynamic {other.dynamic}"
            behind = f"crypto map {other.map} {last} ipsec-isakmp dynamic {other.dynamic}"
            self.findings.append(
                Finding(
                    "dynamic-entry-before-static",
                    "warning",
                    f"{own.owner}: the dynamic entry {other.sequence} of {other.map} stands before {entry.sequence}, is asked "
                    "first and may take its peer. Put it behind all static entries"
                    + ("" if last else "; no sequence is free behind them, so make room first"),
                    (line,),
                    self._packet(own),
                    (behind, f"no {line}") if last else (),
                )
            )

    def _judge_group(self, own: Own) -> None:
        """The tunnel group of the peer holds the key: without it nothing is negotiated."""
        group = self.config.groups.get(own.peer)
        if group and group.type == "ipsec-l2l" and group.key:
            return
        head = f"tunnel-group {own.peer}"
        lines: list[Line] = []
        what = "has no pre-shared key"
        if group is None or group.type is None:
            what = "is missing" if group is None else "has no type"
            lines.append(Line.of(f"{head} type ipsec-l2l"))
        if group and group.type not in (None, "ipsec-l2l"):
            what = f"is of type {group.type}, and a device takes no other type for a group that exists: remove it first"
        elif group is None or not group.key:
            # Never the key itself: who types the line puts it in.
            lines.append(Line.of(f"pre-shared-key {MASK}", parents=(f"{head} ipsec-attributes",)))
        self.findings.append(
            Finding(
                "tunnel-group-missing",
                "warning",
                f"{own.owner}: {head} {what}, so the tunnel cannot come up and its packets are dropped. Give it the key that "
                "the other end has",
                tuple(render.group_lines(group)) if group else (),
                self._packet(own),
                shown(lines) if lines and (group is None or group.type in (None, "ipsec-l2l")) else (),
            )
        )

    def _judge_binding(self, own: Own, entry: MapEntry) -> None:
        """An entry of a map that is not on the interface towards the peer protects nothing."""
        other = self.config.bindings.get(own.outside)
        elsewhere = next((i for i, name in self.config.bindings.items() if name == entry.map), None)
        strangers = [item.head for item in self.config.entries_of(entry.map) if item.head != entry.head]
        complete = entry.acl in self.config.access_lists and entry.peers and entry.transform_sets
        remedy = "Bind it"
        commands: tuple[str, ...] = (f"crypto map {entry.map} interface {own.outside}",)
        if not own.outside:
            remedy, commands = f"No route leads to {own.peer}: give the device one first", ()
        elif other:
            remedy, commands = f"{own.outside} has map {other} already, and takes one only. {BY_THE_PLAN}", ()
        elif elsewhere:
            remedy, commands = f"It is bound to {elsewhere}: correct the route to {own.peer}, or outside_interface", ()
        elif strangers and own.tunnel:
            remedy, commands = (
                f"To bind it would bring {strangers[0]} to life, which is not ours: take that away first",
                (),
            )
        elif not complete:
            remedy, commands = f"The entry lacks a list, a peer or a transform set. {BY_THE_PLAN}", ()
        self.findings.append(
            Finding(
                "map-not-bound",
                "warning",
                f"{own.owner}: crypto map {entry.map} is not bound to {own.outside or 'any interface'}, so nothing is "
                f"protected. {remedy}",
                tuple(render.entry_lines(entry)),
                self._packet(own),
                commands,
            )
        )

    # --- the packets ----------------------------------------------------------------------------------------------

    def _fates(self, config: AsaConfig, flow: Flow) -> Iterator[tuple[Region, Fate]]:
        for found in classes(config, {flow.enters: flow.region}, peers=self.needed):
            yield found.region, found.fate

    def _judge_flows(self, own: Own, *, explained: bool) -> None:
        """What the device does with the packets themselves. ``explained``: the entry's findings say why none is protected."""
        missing: list[tuple[Flow, Region, Fate]] = []
        for flow in own.flows:
            if flow.enters not in self.config.interfaces or flow.enters == own.outside:
                # The source of a device's own list may be what translation makes of it, and enter nowhere.
                self.findings += [homeless(flow, own.outside)] if own.tunnel else []
                continue
            pieces = [(region, fate) for region, fate in self._fates(self.bare, flow) if _translated(fate)]
            missing += [(flow, region, fate) for region, fate in pieces[:1]]
            left = flow.region
            for region, _fate in pieces:
                left = left.subtract(region)
            for region, fate in () if explained else self._fates(self.config, flow):
                rest = region.intersect(left)
                if rest and not protected_by(fate, own.peer):
                    packet = example(rest, flow.enters, self._own_addresses)
                    self.findings.append(unprotected(flow, fate, packet, own.peer))
                    break
        for home in dict.fromkeys(flow.enters for flow, _region, _fate in missing):
            self._judge_missing(own, [row for row in missing if row[0].enters == home], home)

    def _judge_missing(self, own: Own, rows: Sequence[tuple[Flow, Region, Fate]], home: str) -> None:
        """Flows that are translated (or dropped by ``nat-control``) because no exemption covers them, or a line shadows it."""
        name = self.config.exemptions.get(home)
        flow, region, fate = rows[0]
        aces = [flow.ace("permit") for flow, _region, _fate in rows]
        shadowed = next((ace for ace in aces if name and ace in self._list(name).entries), None)
        packet = example(region, home, self._own_addresses)
        lines = [*([f"nat ({home}) 0 access-list {name}"] if name else []), fate.line]
        if shadowed and name:
            above = self._list(name).entries[: self._list(name).entries.index(shadowed)]
            first = next(
                entry
                for entry in above
                if not isinstance(entry, Remark)
                and (not isinstance(entry, Ace) or entry.region.overlaps(shadowed.region))
            )
            entries = tuple(entry for entry in self._list(name).entries if entry != shadowed)
            position = entries.index(first)
            reason = self._not_yet(own, name, home, (*entries[:position], shadowed, *entries[position:]))
            text = f"access-list {name} {render.entry_text(shadowed)}"
            commands: tuple[str, ...] = (
                f"no {text}",
                render.entry_line(name, shadowed, position, len(entries)).shown,
            )
            self.findings.append(
                Finding(
                    "exemption-shadowed",
                    "warning",
                    f"{own.owner}: '{render.entry_text(first)}' stands above the exemption from {flow.source} to "
                    f"{flow.destination}, so it is not exempt. Put the exemption above it{reason}",
                    (f"access-list {name} {render.entry_text(first)}", text),
                    packet,
                    () if reason else commands,
                )
            )
            return
        wanted = name or self.options.names.rendered("exemption_acl", interface=home)
        old = self._list(wanted)
        reason = self._unfit(wanted, name) or self._not_yet(own, wanted, home, (*old.entries, *aces))
        commands = tuple(
            render.entry_line(wanted, ace, index, index).shown for index, ace in enumerate(aces, len(old.entries))
        )
        if not name:
            commands = (*commands, f"nat ({home}) 0 access-list {wanted}")
        self.findings.append(
            Finding(
                "exemption-missing",
                "warning",
                f"{own.owner}: traffic from {flow.source} to {flow.destination} is not exempt from translation: '{fate.line}' "
                f"takes it, and what is translated is not protected. Exempt it on {home}{reason}",
                tuple(lines),
                packet,
                () if reason else commands,
            )
        )

    def _unfit(self, name: str, applied: str | None) -> str:
        """Why a list cannot take the exemption."""
        old = self._list(name)
        wrong = next((ace for ace in old.aces if ace.action == "deny" or ace.protocol != "ip"), None)
        if wrong:
            # "ACE contains port, protocol, or deny. Removing NAT configuration"
            return f"; not by list {name}, which holds '{wrong}': an exemption list may hold permit ip only"
        if not applied and old.entries:
            return f"; list {name} exists and does not apply there: give names.exemption_acl another name"
        return ""

    def _not_yet(self, own: Own, name: str, home: str, entries: Sequence[Entry]) -> str:
        """Whether the exemption alone would send packets in clear that are translated now: the entry comes first."""
        after = self.config.copy()
        after.access_lists[name] = AccessList(name, tuple(entries))
        after.exemptions[home] = name
        clear = {Letter.X, Letter.V}
        for flow in (flow for flow in own.flows if flow.enters == home):
            for _region, fate in self._fates(after, flow):
                if fate.letters & clear:
                    return ", but only once the crypto map protects it: until then it would leave in clear"
        return ""

    # --- exempt, and protected by nobody --------------------------------------------------------------------------

    def _judge_exemptions(self, owns: Sequence[Own], homes: Iterable[str]) -> None:
        flows = [flow for own in owns for flow in own.flows]
        permits = [flow.ace("permit") for flow in flows]
        for entry in self.config.entries.values():
            if entry.map in self.config.bindings.values() and entry.acl:
                # What a deny above leaves of a permit is not taken apart: too much counts as protected, never too little.
                permits += [ace for ace in self._list(entry.acl).aces if ace.action == "permit"]
        protected = Protected(permits)
        lists = {name for interface, name in self.config.exemptions.items() if interface in homes}
        for name in sorted(lists):
            for ace in self._list(name).aces:
                if ace.action != "permit" or not ace.exact or not (left := protected.left_of(ace)):
                    continue
                home = next(i for i, acl in self.config.exemptions.items() if acl == name and i in homes)
                commands, reason = self._without(name, ace, permits)
                line = f"access-list {name} {render.entry_text(ace)}"
                self.findings.append(
                    Finding(
                        "exempt-but-unprotected",
                        "warning",
                        f"'{line}': {EXEMPT_BUT_UNPROTECTED}{reason}",
                        (line,),
                        example(left, home, self._own_addresses),
                        commands,
                    )
                )

    def _without(self, name: str, ace: Ace, permits: Sequence[Ace]) -> tuple[tuple[str, ...], str]:
        """The lines that take an exemption out and leave exempt what is protected; or why there are none."""
        kept = parts_within(ace, permits)
        old = self._list(name)
        if kept is None:
            return (), ". It also covers traffic that an entry protects in part: exempt that by hand first"
        if name in self.config.other_users or any(entry.acl == name for entry in self.config.entries.values()):
            return (), f". List {name} serves something else too: give the exemption its own list first"
        rest = [entry for entry in old.entries if entry != ace]
        added = [new for new in kept if not meaning(rest, new.region).permit.contains(new.region)]
        lines = [render.entry_line(name, new, len(old.entries), len(old.entries)).shown for new in added]
        if not added and not any(isinstance(entry, Ace) for entry in rest):
            # A device keeps no list that is empty, and no exemption without a list.
            lines += [f"no nat ({i}) 0 access-list {name}" for i, acl in self.config.exemptions.items() if acl == name]
        return (*lines, f"no access-list {name} {render.entry_text(ace)}"), ""

    # --- the device around it -------------------------------------------------------------------------------------

    def _judge_initiation(self, own: Own) -> None:
        entry = own.entry
        if entry is None:
            return
        # ASA command reference: an answer-only peer never initiates.
        answers = f"{entry.head} set connection-type answer-only"
        if "set connection-type answer-only" in entry.others:
            self.findings.append(
                Finding(
                    "never-initiates",
                    "warning",
                    f"{own.owner}: {entry.head} only answers, and nobody can call a device whose address is not known: the "
                    "tunnel will not come up. Remove the line",
                    (answers,),
                    self._packet(own),
                    (f"no {answers}",),
                )
            )
        self._judge_idle_time(own)

    def _judge_idle_time(self, own: Own) -> None:
        """Only the initiator can bring the tunnel up again: once it has ended for want of traffic nobody calls in."""
        group = self.config.groups.get(own.peer)
        if group is None:
            return
        policy = group.policy
        timeouts = self.config.idle_timeouts
        minutes = timeouts.get(policy, timeouts.get(_DEFAULT_POLICY, _DEFAULT_IDLE))
        if minutes == "none":
            return
        users = [name for name, other in self.config.groups.items() if other.policy == policy and name != own.peer]
        reason = ""
        never = Line.of("vpn-idle-timeout none", parents=(f"group-policy {policy} attributes",))
        if policy == _DEFAULT_POLICY:
            # One of its own, which inherits all else: DfltGrpPolicy is everybody's.
            lines = [
                Line.of(f"group-policy {_POLICY} internal"),
                Line.of("vpn-idle-timeout none", parents=(f"group-policy {_POLICY} attributes",)),
                Line.of(f"default-group-policy {_POLICY}", parents=(f"tunnel-group {own.peer} general-attributes",)),
            ]
            if timeouts.get(_POLICY) == "none":
                lines = lines[-1:]
        else:
            lines = [never]
            if users:
                reason = f". Tunnel group {users[0]} uses that policy too, so no command is given"
        stated = [f"group-policy {name} attributes" for name in (policy, _DEFAULT_POLICY) if name in timeouts][:1]
        self.findings.append(
            Finding(
                "idle-timeout-on-initiator",
                "note",
                f"{own.owner}: after {minutes} minutes without traffic the device ends the tunnel (group policy {policy}), and "
                "from then on the responder's side cannot reach this one until somebody here sends a packet. Set "
                f"vpn-idle-timeout none for it{reason}",
                (*stated, *(f" vpn-idle-timeout {minutes}" for _line in stated)),
                self._packet(own),
                () if reason else shown(lines),
            )
        )

    def _judge_default_route(self, outside: str) -> None:
        """A static default route whose next hop is not the lease's: a lease from elsewhere has no way out."""
        interface = self.config.interfaces.get(outside)
        if interface is None or not interface.dhcp:
            return
        for route in self.config.static_routes:
            # Behind the lease's own route, whose distance is 1, a static one is the way of last resort.
            spare = interface.setroute and route.metric > 1
            if route.interface == outside and route.prefix == ANY and not spare:
                self.findings.append(_static_default(interface, route))

    # --- algorithms -----------------------------------------------------------------------------------------------

    def _judge_algorithms(self, owns: Sequence[Own]) -> None:
        spelling = self.dialect.spelling
        policies = {
            f"{self.dialect.isakmp} policy {number}": policy.proposal
            for number, policy in sorted(self.config.policies.items())
            if number != BUILT_IN_POLICY and policy.proposal
        }
        for own in owns:
            if own.tunnel is None:
                continue
            suite = own.tunnel.responder.suite
            heads = [head for head, proposal in policies.items() if proposal.matches(suite.ike)]
            sets = [
                render.transform_set_text(found)
                for name in (own.entry.transform_sets if own.entry else ())
                if (found := self.config.transform_sets.get(name))
                and spelling.read_transform(found.words) == suite.ipsec
            ]
            for part, grade in suite.weaknesses():
                self.findings.append(
                    weak_algorithm(own.owner, part, grade, sets if part.startswith("ESP") else heads[:1])
                )
        if owns and not any(own.tunnel for own in owns):
            for head, proposal in policies.items():
                for part, grade in weaknesses(ike=proposal):
                    self.findings.append(weak_algorithm(head, part, grade, [head]))
            used = dict.fromkeys(name for own in owns if own.entry for name in own.entry.transform_sets)
            for found in (self.config.transform_sets[name] for name in used if name in self.config.transform_sets):
                for part, grade in weaknesses(ipsec=spelling.read_transform(found.words)):
                    line = render.transform_set_text(found)
                    self.findings.append(weak_algorithm(f"transform set {found.name}", part, grade, [line]))
        built_in = self.config.policies.get(BUILT_IN_POLICY)
        if built_in:
            self.findings.append(
                Finding(
                    "weak-built-in-policy",
                    "note",
                    f"policy {BUILT_IN_POLICY} is the device's own; it is offered to every peer, and weak today. Nothing takes it "
                    "away from here: a responder that has no such policy refuses it",
                    tuple(render.policy_lines(built_in, self.dialect)),
                )
            )


def _translated(fate: Fate) -> bool:
    """Without its crypto map: whether translation decides what a packet meets, or refuses it."""
    return Letter.T in fate.letters or (Letter.D in fate.letters and fate.line.startswith(("nat", "static")))


def _static_default(interface: Interface, route: Route) -> Finding:
    mask = "0.0.0.0 0.0.0.0"
    line = f"route {route.interface} {mask} {route.gateway} {route.metric}"
    how = "pppoe" if interface.pppoe else "dhcp"
    lines = (
        []
        if interface.setroute
        else [Line.of(f"ip address {how} setroute", parents=(f"interface {interface.hardware}",))]
    )
    return Finding(
        "static-default-on-dhcp",
        "warning",
        f"{interface.name} gets its address by {how.upper().replace('PPPOE', 'PPPoE')}, and the default route by {route.gateway} is "
        "static: a lease with another gateway has no way out. Take the default route of the lease (setroute) instead. The "
        "lines renew the lease, and sessions through the interface stop for that time: choose the hour, and come in by "
        "another way",
        (line, f"interface {interface.hardware}", f" ip address {how}{' setroute' if interface.setroute else ''}"),
        None,
        shown((*lines, Line.of(f"no {line}"))),
    )
