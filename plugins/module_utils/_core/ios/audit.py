# Copyright: The netvpn.dynamic_l2l contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""What is wrong with an IOS router's end of its tunnels: judged by what the device does with their packets.

Each finding that can be mended from here has the lines that mend it. They are computed for the device as it is: after
those of one finding were typed it is read again.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

from ..acl import AccessList, Ace, Entry, Remark
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
    some,
    unprotected,
    weak_algorithm,
    weaknesses,
)
from ..firstmatch import compiled
from ..forwarding import ANY_PEER, Fate, Letter, Needed
from ..intent import DeadPeerDetection, Network, Responder, Tunnel
from ..list_edits import with_denies_above
from ..options import PREFIX, Options, first_free
from ..prefixes import ANY, Box, Prefix, Region, longest_match, parse_address
from ..secret import MASK
from ..steps import EXEMPT_BUT_UNPROTECTED, Finding, Line, Packet, foreign_identity
from ..treatment import model
from . import render
from .dialect import Dialect
from .model import DynamicEntry, IosConfig, MapEntry

if TYPE_CHECKING:
    from .wanted import Wanted

#: List and route map by which the mending lines keep static translations out of tunnels.
_STATIC = PREFIX + "STATIC"

#: What is suggested where nothing is stated: asked only when there is something to send and nothing came for ten seconds
#: (on demand, the default: "IPsec Dead Peer Detection Periodic Message Option", 12.4).
_DPD = DeadPeerDetection(10, 3)

#: Addresses of documentation (RFC 5737): nobody's network, so a peer that claims one is nobody's initiator.
_STRANGERS = tuple(Prefix(parse_address(text), 24) for text in ("203.0.113.0", "198.51.100.0", "192.0.2.0"))


@dataclass(frozen=True)
class Own:
    """What is meant to be protected by one entry of a crypto map, or of the dynamic map that it names (None: no entry)."""

    owner: str
    flows: tuple[Flow, ...]
    outside: str
    peer: str
    entry: MapEntry | None
    dynamic: DynamicEntry | None = None


def find(wanted: Wanted, tunnels: Sequence[Tunnel]) -> list[Finding]:
    """The findings on the ``tunnels`` of a responder; ``wanted`` has the configuration and knows which entry is whose."""
    # A copy: the model of a configuration is kept by its identity, and the planner edits its own.
    audit = _Audit(wanted.current.copy(), wanted.options, wanted.dialect, wanted.responder, wanted)
    audit.judge(tunnels)
    return audit.findings


def find_alone(config: IosConfig, options: Options, dialect: Dialect) -> list[Finding]:
    """The findings on what the device's own crypto maps protect."""
    audit = _Audit(config.copy(), options, dialect, None, None)
    audit.judge(())
    return audit.findings


@dataclass
class _Audit:
    config: IosConfig
    options: Options
    dialect: Dialect
    responder: Responder | None
    wanted: Wanted | None
    findings: list[Finding] = field(default_factory=list)
    needed: dict[str, Needed] = field(default_factory=dict)

    def judge(self, tunnels: Sequence[Tunnel]) -> None:
        """All checks, in the order in which their findings are best mended."""
        responder = self.responder
        self.own_addresses = {address for i in self.config.interfaces.values() for address in i.addresses}
        if responder is None or self.wanted is None:
            owns = self._from_entries()
        elif not tunnels:
            return
        else:
            self.needed = {ANY_PEER: Needed(responder.suite.ike, responder.suite.ipsec, responder.pre_shared_key)}
            owns = [self._own(responder, self.wanted, tunnels)]
        for own in owns:
            faults = len(self.findings)
            self._judge_entry(own, owns)
            explained = len([f for f in self.findings[faults:] if f.code != "dynamic-entry-before-static"]) > 0
            self._judge_flows(own, explained=explained)
        self._judge_exempt(owns)
        callers = [own for own in owns if own.dynamic]
        if callers:
            self._judge_callers(callers[0])
        if owns and self.config.identity not in ("", "address"):
            self.findings.append(foreign_identity(f"crypto isakmp identity {self.config.identity}"))
        self._judge_algorithms(owns)

    # --- what is meant --------------------------------------------------------------------------------------------

    def _home(self, network: Network) -> str:
        return network.interface or longest_match(network.prefix.network, self.config.routing_table()) or ""

    def _own(self, responder: Responder, wanted: Wanted, tunnels: Sequence[Tunnel]) -> Own:
        owner = f"responder {responder.host}"
        behind = dict.fromkeys(network for tunnel in tunnels for network in tunnel.responder_networks)
        homes = {network.prefix: self._home(network) for network in behind}
        flows = tuple(
            Flow(f"tunnel {tunnel.name}", hub, spoke, homes[hub]) for tunnel in tunnels for spoke, hub in tunnel.pairs
        )
        # An entry without a list is ours too where the intent wants one: that is what is wrong with it.
        wanted = replace(wanted, responder=replace(responder, match_address=False))
        try:
            outside = wanted.outside()
        except InputError:
            outside = next((name for prefix, name in self.config.routing_table() if prefix == ANY), "")
        interface = self.config.interfaces.get(outside)
        bound = interface.crypto_map if interface else None
        maps = dict.fromkeys(
            (bound or "", self.options.names.crypto_map, *(name for name, _seq in self.config.entries))
        )
        for name in maps:
            dynamic = wanted.find_dynamic(name, tunnels)
            entry = next((e for e in self.config.entries_of(name) if dynamic and e.dynamic == dynamic.map), None)
            if dynamic and entry:
                return Own(owner, flows, outside, f"dynamic-map {dynamic.map}", entry, dynamic)
        return Own(owner, flows, outside, "its initiators", None)

    def _from_entries(self) -> list[Own]:
        """What the device itself says that it protects, bound or not."""
        bound = {i.crypto_map: i.name for i in self.config.interfaces.values() if i.crypto_map}
        default = next((name for prefix, name in self.config.routing_table() if prefix == ANY), "")
        owns = []
        for _key, entry in sorted(self.config.entries.items()):
            outside = bound.get(entry.map, default)
            for part in self.config.dynamic_of(entry.dynamic) if entry.dynamic else ():
                owns.append(
                    Own(part.head, self._flows(part.head, part.acl), outside, f"dynamic-map {part.map}", entry, part)
                )
            if not entry.dynamic and entry.acl and entry.peers:
                owner = f"crypto map {entry.map} {entry.sequence}"
                owns.append(Own(owner, self._flows(owner, entry.acl), outside, entry.peers[0], entry))
        return owns

    def _flows(self, owner: str, acl: str | None) -> tuple[Flow, ...]:
        return tuple(
            Flow(owner, ace.source.prefix, ace.destination.prefix, self._home(Network(ace.source.prefix)))
            for ace in self._list(acl).aces
            if ace.action == "permit" and ace.exact and ace.protocol == "ip" and ace.source.prefix != ANY
        )

    def _list(self, name: str | None) -> AccessList:
        return self.config.access_lists.get(name or "", AccessList(name or ""))

    def _packet(self, flow: Flow | None) -> Packet | None:
        return example(flow.region, flow.enters, self.own_addresses) if flow else None

    # --- the entry ------------------------------------------------------------------------------------------------

    def _judge_entry(self, own: Own, owns: Sequence[Own]) -> None:
        """Whether the entry is there, reached, and able to negotiate."""
        packet = self._packet(next(iter(own.flows), None))
        if own.entry is None:
            self.findings.append(
                Finding(
                    "no-crypto-entry",
                    "warning",
                    f"{own.owner}: no dynamic crypto map entry protects its networks. {BY_THE_PLAN}",
                    (),
                    packet,
                )
            )
            return
        if own.dynamic:
            self._judge_order(own, own.entry)
        self._judge_key(own, packet)
        if self.config.isakmp_disabled:
            self.findings.append(
                Finding(
                    "isakmp-not-enabled",
                    "warning",
                    f"{own.owner}: IKE is switched off on the router, so no tunnel can come up and their packets are dropped. "
                    "Enable it",
                    ("no crypto isakmp enable",),
                    packet,
                    ("crypto isakmp enable",),
                )
            )
        interface = self.config.interfaces.get(own.outside)
        if interface is None or interface.crypto_map != own.entry.map:
            self._judge_binding(own, own.entry, owns, packet)

    def _judge_order(self, own: Own, entry: MapEntry) -> None:
        """In front of static entries a dynamic one takes their peers' negotiations."""
        entries = self.config.entries_of(entry.map)
        behind = [other for other in entries if not other.dynamic and other.sequence > entry.sequence]
        if not behind:
            return
        sequence = first_free({other.sequence for other in entries}, above=entries[-1].sequence)
        self.findings.append(
            Finding(
                "dynamic-entry-before-static",
                "warning",
                f"{own.owner}: the dynamic entry {entry.sequence} of crypto map {entry.map} stands before the static entry "
                f"{behind[0].sequence}, and takes the negotiations of its peer. Put it behind all static entries",
                (entry.head,),
                self._packet(next(iter(own.flows), None)),
                (
                    f"crypto map {entry.map} {sequence} ipsec-isakmp dynamic {entry.dynamic}",
                    f"no crypto map {entry.map} {entry.sequence}",
                )
                if sequence
                else (),
            )
        )

    def _judge_key(self, own: Own, packet: Packet | None) -> None:
        hidden = [line for line in (*self.config.unmodelled, *self.config.statics) if line.startswith("crypto ")]
        try:
            address = None if own.dynamic else parse_address(own.peer)
        except ValueError:
            return
        fit = [
            key
            for key in self.config.keys
            if (key.prefix == ANY if address is None else key.prefix.network <= address <= key.prefix.last)
        ]
        if fit or hidden:
            return
        target = "0.0.0.0 0.0.0.0" if address is None else own.peer
        self.findings.append(
            Finding(
                "key-missing",
                "warning",
                f"{own.owner}: the router has no pre-shared key for {'any address' if address is None else own.peer}, so the "
                "tunnel cannot come up and its packets are dropped. Give it the key that the other end has",
                (),
                packet,
                (f"crypto isakmp key {MASK} address {target}",),
            )
        )

    def _judge_binding(self, own: Own, entry: MapEntry, owns: Sequence[Own], packet: Packet | None) -> None:
        """A map that is on no interface protects nothing."""
        ours = {other.entry for other in owns}
        interface = self.config.interfaces.get(own.outside)
        elsewhere = next((i.name for i in self.config.interfaces.values() if i.crypto_map == entry.map), None)
        strangers = [item for item in self.config.entries_of(entry.map) if item not in ours]
        remedy = "Bind it"
        commands: tuple[str, ...] = (f"interface {own.outside}", f"crypto map {entry.map}")
        if interface is None:
            remedy, commands = "No interface has the address that the initiators call: correct it first", ()
        elif interface.crypto_map:
            remedy = f"{own.outside} has map {interface.crypto_map} already, and takes one only. {BY_THE_PLAN}"
            commands = ()
        elif elsewhere:
            remedy, commands = f"It is bound to {elsewhere}: correct the responder's address, or outside_interface", ()
        elif strangers:
            remedy = f"To bind it would bring {strangers[0].head} to life, which is not ours: take that away first"
            commands = ()
        self.findings.append(
            Finding(
                "map-not-bound",
                "warning",
                f"{own.owner}: crypto map {entry.map} is not bound to {own.outside or 'any interface'}, so nothing is "
                f"protected. {remedy}",
                (entry.head,),
                packet,
                commands,
            )
        )

    # --- the packets ----------------------------------------------------------------------------------------------

    def _fates(self, config: IosConfig, flow: Flow) -> Iterator[tuple[Box, Fate]]:
        tables = model(config, self.needed)
        for box in flow.region.boxes:
            yield from tables.treat(flow.enters, box)

    def _judge_flows(self, own: Own, *, explained: bool) -> None:
        """What the device does with the packets themselves. ``explained``: the entry's findings say why none is protected."""
        bare = self.config.copy()
        bare.interfaces = {name: replace(i, crypto_map=None) for name, i in bare.interfaces.items()}
        by_list: list[tuple[Flow, Box, Fate]] = []
        by_static: dict[str, tuple[Flow, Box]] = {}
        clear: tuple[Flow, Box, Fate] | None = None
        homeless_ones: set[Prefix] = set()
        for flow in own.flows:
            if flow.enters not in self.config.interfaces or flow.enters == own.outside:
                # The source of a device's own list may be what translation makes of it, and enter nowhere.
                if self.responder and flow.source not in homeless_ones:
                    homeless_ones.add(flow.source)
                    self.findings.append(homeless(flow, own.outside))
                continue
            taken: list[Box] = []
            for box, fate in self._fates(bare, flow):
                if not _translated(fate):
                    continue
                if fate.line.startswith("ip nat inside source static"):
                    by_static.setdefault(fate.line, (flow, box))
                elif not taken or by_list[-1][0] is not flow:
                    by_list.append((flow, box, fate))
                taken.append(box)
            for box, fate in () if explained else self._fates(self.config, flow):
                rest = Region((box,)).subtract(Region(tuple(taken)))
                if not rest or protected_by(fate, own.peer):
                    continue
                if fate.letters == {Letter.V}:
                    clear = clear or (flow, box, fate)
                    continue
                packet = example(rest, flow.enters, self.own_addresses)
                self.findings.append(unprotected(flow, fate, packet, own.peer))
                break
        denied = {entry for name in self._deciding() for entry in self._list(name).entries}
        shadowed = [row for row in by_list if row[0].ace("deny") in denied]
        missing = [row for row in by_list if row[0].ace("deny") not in denied]
        if shadowed:
            self._judge_list(own, shadowed, shadowed=True)
        if missing:
            self._judge_list(own, missing, shadowed=False)
        for line, (flow, box) in by_static.items():
            self._judge_static(own, line, flow, box)
        if own.dynamic and own.entry and self._bound(own):
            self._judge_openness(own, own.dynamic, clear)

    def _bound(self, own: Own) -> bool:
        interface = self.config.interfaces.get(own.outside)
        return bool(interface and own.entry and interface.crypto_map == own.entry.map)

    def _deciding(self) -> list[str]:
        """The lists that decide what is translated."""
        return list(dict.fromkeys(name for rule in self.config.nat_rules for name in self.config.lists_of(rule)))

    def _judge_list(self, own: Own, rows: Sequence[tuple[Flow, Box, Fate]], *, shadowed: bool) -> None:
        """Flows that a translation rule takes: no ``deny`` exempts them, or it stands below the permit."""
        flow, box, fate = rows[0]
        lines: list[Line] = []
        after = self.config.copy()
        reason = ""
        denies = [row[0].ace("deny") for row in rows]
        for name in self._deciding():
            old = self._list(name)
            permitted = [deny for deny in denies if _may_permit(old, deny)]
            if permitted and name in self.config.standard_lists:
                reason = f". Not by list {name}: a standard list exempts no destination; replace it by an extended one"
            elif permitted:
                more, after.access_lists[name] = _denied_above(old, permitted)
                lines += more
        allowed = {Letter.X} if own.dynamic and not own.dynamic.acl else {Letter.X, Letter.V}
        if not reason and any(fate.letters & allowed for row in rows for _box, fate in self._fates(after, row[0])):
            reason = ", but only once the crypto map protects it: until then it would leave in clear"
        names = list(dict.fromkeys(row[0].owner for row in rows))
        where = f"{own.owner}, {some(names)}: " if names != [own.owner] else f"{own.owner}: "
        if shadowed:
            name = next(n for n in self._deciding() if flow.ace("deny") in self._list(n).entries)
            above = _first_against(self._list(name).entries, flow.ace("deny"))
            self.findings.append(
                Finding(
                    "exemption-shadowed",
                    "warning",
                    f"{where}'{render.entry_text(above)}' stands above the deny from {flow.source} to {flow.destination} in list "
                    f"{name}, so it is translated and not protected. Put the deny above it{reason}",
                    tuple(f"access-list {name} {render.entry_text(e)}" for e in (above, flow.ace("deny"))),
                    example(Region((box,)), flow.enters, self.own_addresses),
                    () if reason else shown(lines),
                )
            )
            return
        self.findings.append(
            Finding(
                "exemption-missing",
                "warning",
                f"{where}traffic from {flow.source} to {flow.destination} is not exempt from translation: '{fate.line}' takes "
                f"it, and what is translated is not protected. Deny it in the list of that rule{reason}",
                (fate.line,),
                example(Region((box,)), flow.enters, self.own_addresses),
                () if reason else shown(lines),
            )
        )

    def _judge_static(self, own: Own, text: str, flow: Flow, box: Box) -> None:
        """Statics come before every list: nothing but a route map on the line itself exempts them."""
        words = text.split()
        address = next((word for word in words if word.count(".") == 3), "")
        lines: list[Line] = []
        reason = ""
        if words[5] in ("tcp", "udp", "network"):
            reason = ". Whether this form takes a route map is not known here, so no command is given"
        elif _STATIC in self.config.access_lists or _STATIC in self.config.route_maps:
            reason = f". {_STATIC} exists already, so no command is given"
        else:
            head = (render.list_head(_STATIC),)
            lines = [Line.of(render.entry_text(each.ace("deny")), parents=head) for each in own.flows]
            lines += [
                Line.of(render.entry_text(Ace.between("permit", ANY, ANY)), parents=head),
                Line.of(f"match ip address {_STATIC}", parents=(f"route-map {_STATIC} permit 10",)),
                Line.of(f"no {text}"),
                Line.of(f"{text} route-map {_STATIC}"),
            ]
        self.findings.append(
            Finding(
                "static-nat-shadows-exemption",
                "warning",
                f"static translations come before the list: {address} answers into the tunnel with its public address. "
                "Give the static line a route-map that denies the tunnels' networks; the device may ask before it takes the "
                f"line out, and ends that host's sessions{reason}",
                (text,),
                example(Region((box,)), flow.enters, self.own_addresses),
                shown(lines),
            )
        )

    # --- what an entry lets happen ------------------------------------------------------------------------------------

    def _judge_openness(self, own: Own, dynamic: DynamicEntry, clear: tuple[Flow, Box, Fate] | None) -> None:
        """An entry without an access list, or with one that names anybody."""
        wide = [ace for ace in self._list(dynamic.acl).aces if ace.action == "permit" and ace.destination.prefix == ANY]
        if dynamic.acl and not wide:
            return
        if dynamic.acl:
            missing = [flow.ace("permit") for flow in own.flows if flow.destination != ANY]
            added = [ace for ace in missing if ace not in self._list(dynamic.acl).entries]
            lines = [
                Line.of(
                    f"{'no ' if ace in wide else ''}{render.entry_text(ace)}", parents=(render.list_head(dynamic.acl),)
                )
                for ace in (*added, *wide)
            ]
            reason = "" if missing else "; which networks the initiators have the intent must say"
            at_fault = tuple(f"access-list {dynamic.acl} {render.entry_text(ace)}" for ace in wide)
        else:
            lines, reason = self._listing(own, dynamic)
            at_fault = (dynamic.head,)
        commands = () if reason else shown(lines)
        where = own.owner if own.owner == dynamic.head else f"{own.owner}: {dynamic.head}"
        if not dynamic.acl:
            sample = clear or self._some_clear(own)
            self.findings.append(
                Finding(
                    "clear-without-sa",
                    "warning",
                    f"{where} has no access list, so the router sends traffic for the initiators' networks in clear while no SA "
                    f"exists. Set match_address: true{reason}",
                    at_fault,
                    example(Region((sample[1],)), sample[0].enters, self.own_addresses) if sample else None,
                    commands,
                )
            )
        self.findings.append(
            Finding(
                "any-proxy-accepted",
                "warning",
                f"{where} accepts whatever networks a caller with the key claims, those of other sites too. Give it a list of the "
                f"initiators' networks (match_address: true){reason}",
                at_fault,
                self._stranger(own),
                commands,
            )
        )

    def _listing(self, own: Own, dynamic: DynamicEntry) -> tuple[list[Line], str]:
        """The lines that give the entry the mirror of the initiators' lists."""
        name = self.options.names.match_acl
        if not own.flows:
            return [], "; which networks the initiators have the intent must say"
        if name in self.config.access_lists:
            return [], f"; list {name} exists already: give names.match_acl another name"
        head = (render.list_head(name),)
        lines = [Line.of(render.entry_text(flow.ace("permit")), parents=head) for flow in own.flows]
        return [*lines, Line.of(f"match address {name}", parents=(dynamic.head,))], ""

    def _some_clear(self, own: Own) -> tuple[Flow, Box, Fate] | None:
        """Where nobody says which networks are meant: any packet that would leave in clear by the entry."""
        for interface in self.config.interfaces.values():
            for prefix in interface.prefixes if interface.name != own.outside else ():
                flow = Flow(own.owner, prefix, ANY, interface.name)
                for box, fate in self._fates(self.config, flow):
                    if fate.letters == {Letter.V}:
                        return flow, box, fate
        return None

    def _stranger(self, own: Own) -> Packet | None:
        """A packet that comes out of a tunnel, is accepted, and is from nobody whom the intent names."""
        tables = model(self.config, self.needed)
        spokes = [flow.destination for flow in own.flows]
        targets = list(dict.fromkeys(flow.source for flow in own.flows)) or [
            prefix for i in self.config.interfaces.values() if i.name != own.outside for prefix in i.prefixes
        ]
        for source in _STRANGERS:
            if any(source.overlaps(spoke) for spoke in spokes):
                continue
            for target in targets:
                parts = tables.emerge(own.outside, Region.pair(source, target).boxes[0])
                if accepted := tuple(box for box, fate in parts if protected_by(fate, own.peer)):
                    return example(Region(accepted), own.outside, self.own_addresses)
        return None

    def _judge_exempt(self, owns: Sequence[Own]) -> None:
        """Exempt from translation, but part of no tunnel: such packets leave in clear with their own source."""
        flows = [flow for own in owns for flow in own.flows]
        permits = [flow.ace("permit") for flow in flows]
        permits += [
            ace for name in self.config.crypto_lists() for ace in self._list(name).aces if ace.action == "permit"
        ]
        protected = Protected(permits)
        hub = [network.prefix for network in self.responder.networks] if self.responder else None
        for name in sorted(self._deciding()):
            for ace in self._list(name).aces:
                if ace.action != "deny" or not ace.exact:
                    continue
                if hub is not None and not any(ace.source.prefix.overlaps(prefix) for prefix in hub):
                    continue
                if hub is None and not flows:
                    # An entry without a list: nobody can tell what it is meant to protect.
                    continue
                if left := protected.left_of(ace):
                    commands, reason = self._without(name, ace, permits)
                    line = f"access-list {name} {render.entry_text(ace)}"
                    home = self._home(Network(ace.source.prefix))
                    self.findings.append(
                        Finding(
                            "exempt-but-unprotected",
                            "warning",
                            f"'{line}': {EXEMPT_BUT_UNPROTECTED}{reason}",
                            (line,),
                            example(left, home, self.own_addresses),
                            commands,
                        )
                    )

    def _without(self, name: str, ace: Ace, permits: Sequence[Ace]) -> tuple[tuple[str, ...], str]:
        """The lines that take a deny out and leave exempt what is protected; or why there are none."""
        kept = parts_within(ace, permits)
        if kept is None:
            return (), ". It also covers traffic that an entry protects in part: exempt that by hand first"
        if name in self.config.standard_lists:
            return (), f". {name} is a standard list, which is not edited from here"
        old = self._list(name)
        lines: list[Line] = []
        for deny in kept:
            rest = tuple(entry for entry in old.entries if entry != ace)
            if deny in old.entries[: old.entries.index(ace)] or with_denies_above(rest, [deny]) == rest:
                continue
            typed_lines, old = _inserted(old, deny, old.entries.index(ace))
            lines += typed_lines
        lines.append(Line.of(f"no {render.entry_text(ace)}", parents=(render.list_head(name),)))
        return shown(lines), ""

    # --- the device around it -------------------------------------------------------------------------------------

    def _judge_callers(self, own: Own) -> None:
        """What is said once for all callers with the wildcard key."""
        wildcards = [key for key in self.config.keys if key.prefix == ANY]
        if wildcards:
            self.findings.append(
                Finding(
                    "wildcard-key",
                    "note",
                    "one key serves every caller: whoever has it may claim any network that the dynamic entry accepts. A key "
                    "per initiator needs IKEv2, so nothing mends it here: make it long and random, and change it when a site "
                    "leaves",
                    tuple(f"crypto isakmp key {MASK} {render.key_target(key)}" for key in wildcards),
                )
            )
        if self.config.keepalive is None:
            dpd = (self.responder.dpd if self.responder else None) or _DPD
            self.findings.append(
                Finding(
                    "no-dpd-on-responder",
                    "note",
                    f"{own.owner}: the router does not ask whether its peers are alive: after an initiator's address changed, the "
                    "old SA may take the answers for up to its lifetime. State dpd, at best on both ends",
                    (),
                    self._packet(next(iter(own.flows), None)),
                    (f"crypto isakmp keepalive {dpd.interval} {dpd.retry}",),
                )
            )

    def _judge_algorithms(self, owns: Sequence[Own]) -> None:
        spelling = self.dialect.spelling
        policies = {
            f"crypto isakmp policy {number}": policy.proposal
            for number, policy in sorted(self.config.policies.items())
            if policy.proposal
        }
        used = dict.fromkeys(
            name
            for own in owns
            for name in (own.dynamic.transform_sets if own.dynamic else own.entry.transform_sets if own.entry else ())
        )
        sets = [found for name in used if (found := self.config.transform_sets.get(name))]
        if self.responder:
            suite = self.responder.suite
            heads = [head for head, proposal in policies.items() if proposal.matches(suite.ike)]
            lines = [
                render.transform_set_lines(found)[0]
                for found in sets
                if spelling.read_transform(found.words) == suite.ipsec
            ]
            for part, grade in suite.weaknesses():
                at_fault = lines if part.startswith("ESP") else heads[:1]
                self.findings.append(weak_algorithm(f"responder {self.responder.host}", part, grade, at_fault))
            return
        for head, proposal in policies.items() if owns else ():
            for part, grade in weaknesses(ike=proposal):
                self.findings.append(weak_algorithm(head, part, grade, [head]))
        for found in sets:
            for part, grade in weaknesses(ipsec=spelling.read_transform(found.words)):
                line = render.transform_set_lines(found)[0]
                self.findings.append(weak_algorithm(f"transform set {found.name}", part, grade, [line]))


def _translated(fate: Fate) -> bool:
    """Without its crypto map: whether translation decides what a packet meets, or refuses it."""
    return Letter.T in fate.letters or (Letter.D in fate.letters and fate.line.startswith("ip nat "))


def _first_against(entries: Sequence[Entry], deny: Ace) -> Entry:
    """The first entry that could permit a packet of ``deny``."""
    return next(
        entry
        for entry in entries
        if not isinstance(entry, Remark)
        and (not isinstance(entry, Ace) or (entry.action == "permit" and entry.region.overlaps(deny.region)))
    )


def _may_permit(access_list: AccessList, deny: Ace) -> bool:
    """Whether a list permits a packet of ``deny``, as far as it is understood."""
    return any(hit.value or not hit.sure for _piece, hit in compiled(access_list).split(deny.box))


def _denied_above(old: AccessList, denies: Sequence[Ace]) -> tuple[list[Line], AccessList]:
    """Each ``deny`` where it takes effect; a copy further down, which does nothing, goes first: no list takes one twice."""
    head = (render.list_head(old.name),)
    entries = with_denies_above(old.entries, denies)
    placed = set(denies)
    old_numbers = old.numbers or render.default_numbers(old.entries)
    kept = [number for entry, number in zip(old.entries, old_numbers, strict=True) if entry not in placed]
    lines = [Line.of(f"no {render.entry_text(entry)}", parents=head) for entry in old.entries if entry in placed]
    gaps = [0] * (len(kept) + 1)
    position = 0
    for entry in entries:
        if entry in placed:
            gaps[position] += 1
        else:
            position += 1
    distance, _numbers, fresh = render.free_numbers(kept, gaps)
    if distance:
        lines.append(Line.of(f"ip access-list resequence {old.name} {distance} {distance}"))
    numbers = iter([number for row in fresh for number in row])
    lines += [
        Line.of(f"{next(numbers)} {render.entry_text(entry)}", parents=head) for entry in entries if entry in placed
    ]
    return lines, AccessList(old.name, entries)


def _inserted(old: AccessList, entry: Ace, position: int) -> tuple[list[Line], AccessList]:
    """An entry above the one at ``position``, by its number; where no number is free the list gets new ones first."""
    numbers = list(old.numbers or render.default_numbers(old.entries))
    gaps = [int(index == position) for index in range(len(old.entries) + 1)]
    distance, numbers, fresh = render.free_numbers(numbers, gaps)
    lines = [Line.of(f"ip access-list resequence {old.name} {distance} {distance}")] if distance else []
    number = fresh[position][0]
    lines.append(Line.of(f"{number} {render.entry_text(entry)}", parents=(render.list_head(old.name),)))
    return lines, AccessList(
        old.name,
        (*old.entries[:position], entry, *old.entries[position:]),
        (*numbers[:position], number, *numbers[position:]),
    )
