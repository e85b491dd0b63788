# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: The netvpn.dynamic_l2l contributors
"""The NAT stage of a device: its rules in the two namespaces, kept equal to the configuration, and its tables.

What a change does to flows that exist:

| flow | after a change of the rules | source |
| --- | --- | --- |
| translated | goes on, translated as before, until it is quiet or cleared | PIX: ASA 8.4 guide p. 30-3; IOS: tech note 13779 |
| untranslated through a PIX | goes on: the connection is looked up first; ICMP has none and is looked at anew | treatment.md 1 (R) |
| of TCP through a PIX that has forgotten it | ends: only a SYN begins a connection (strays.py) | SYS 106015, 106100 |
| untranslated through IOS | each packet is looked at: the next one is translated if the rules say so | ios-nat-acl.md D4.3 (L) |
| translated by an IOS static that is taken away | ends: the line is the entry | L |
| translated to the address of an interface that has another one now | ends | recall |
"""

from __future__ import annotations

import contextlib
import ipaddress
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import TYPE_CHECKING

from . import filters, natmodel
from .names import Joint
from .nft import Addresses, mark_of, script
from .reading import Fabric
from .translations import Connection, FlowState, Translation, connections, flows, translations

if TYPE_CHECKING:
    from .world import Node

TABLE = "plane"
# Preferences of the rules that decide where a packet is routed: marked ones go to the NAT namespace even where this one
# has the address, so the `local` table comes after them.
MARKED, MAPPED, LOCAL = 10, 20, 100
MARKED_TABLE, MAPPED_TABLE = 1000, 2000
_TIMEOUTS = {
    # the devices know no shorter time for what waits for an acknowledgement
    "tcp": tuple(f"nf_conntrack_tcp_timeout_{state}" for state in ("established", "unacknowledged", "max_retrans")),
    "udp": ("nf_conntrack_udp_timeout", "nf_conntrack_udp_timeout_stream"),
    "icmp": ("nf_conntrack_icmp_timeout",),
    # one side has said that it ends, without or with an answer
    "half-closed": ("nf_conntrack_tcp_timeout_fin_wait", "nf_conntrack_tcp_timeout_close_wait"),
    "closed": ("nf_conntrack_tcp_timeout_time_wait", "nf_conntrack_tcp_timeout_last_ack"),
}


def joints_of(fabric: Fabric, joints: Iterable[Joint]) -> dict[str, Joint]:
    """The joints by the names of the device's interfaces."""
    by_port = {joint.port: joint for joint in joints}
    found = {port.name: by_port.get(natmodel.linux(port)) for port in fabric.ports}
    return {name: joint for name, joint in found.items() if joint}


def compile_nat(fabric: Fabric, addresses: Addresses, joints: Iterable[Joint] = ()) -> str:
    """The rules of the NAT namespace, as a script for nft."""
    known = joints_of(fabric, joints)
    return script(TABLE, [*natmodel.chains(fabric, addresses), *filters.nat_chains(fabric, addresses, known)])


def compile_cry(fabric: Fabric, addresses: Addresses, joints: Iterable[Joint]) -> str:
    """The rules of the crypto namespace that belong to the data plane."""
    return script(TABLE, filters.cry_chains(fabric, addresses, joints_of(fabric, joints)))


def compile_places(fabric: Fabric, addresses: Addresses, joints: Iterable[Joint]) -> tuple[set[str], set[str]]:
    """Objects of `ip` that translations need in the NAT and the crypto namespace.

    What is translated to must find its way to the NAT namespace (`route ...`), and where it is in the network of a port
    somebody must answer for it (`neigh proxy ...`).
    """
    nat, cry = set[str](), set[str]()
    known = joints_of(fabric, joints)
    taken = {ipaddress.IPv4Address(address) for address, _ in addresses.values()}
    taken |= {ipaddress.IPv4Address(route.hop) for route in fabric.routes if route.hop}
    for name, networks in natmodel.mapped_networks(fabric, addresses).items():
        joint = known.get(name)
        way = f"via {joint.nat_address} dev {joint.cry}" if joint else "dev lo"
        device = joint.port if joint else natmodel.linux(fabric.port(name))
        place = cry if joint else nat
        for network in networks:
            if not natmodel.holds(addresses, name, network):
                # routed to the device by others
                cry |= {f"route {network} {way} table {MAPPED_TABLE}"} if joint else set()
                continue
            for host in network:
                if host not in taken:
                    place |= {f"route {host} {way} table {MAPPED_TABLE}", f"neigh proxy {host} dev {device}"}
    return nat, cry


class NatStage:
    """Makes the namespaces follow the configuration."""

    def __init__(self, nat: Node, cry: Node, joints: Iterable[Joint]) -> None:
        self.nat, self.cry = nat, cry
        self.joints = list(joints)
        self._fabric = Fabric("pix")
        self._addresses: Addresses = {}
        self._rules = ("", "")
        self._places = (set[str](), set[str]())
        self._prepare()

    def _prepare(self) -> None:
        for joint in self.joints:
            self.cry.ip(
                f"rule add pref {MARKED} fwmark {joint.number} lookup {MARKED_TABLE + joint.number}",
                f"route add default via {joint.nat_address} dev {joint.cry} table {MARKED_TABLE + joint.number}",
            )
            self.cry.sysctl(f"neigh/{joint.port}/proxy_delay", "0")
        self.cry.ip(
            f"rule add pref {MAPPED} lookup {MAPPED_TABLE}", f"rule add pref {LOCAL} lookup local", "rule del pref 0"
        )
        self.nat.ip(f"rule add pref {LOCAL} lookup {MAPPED_TABLE}")
        _write(self.nat, "netfilter/nf_conntrack_acct", "1")
        # a segment out of its window belongs to its flow all the same; a router goes on with flows that it never saw begin
        _write(self.nat, "netfilter/nf_conntrack_tcp_be_liberal", "1")

    def apply(self, fabric: Fabric, addresses: Addresses) -> None:
        """The configuration or an address has changed."""
        known = dict(addresses)
        rules = compile_nat(fabric, known, self.joints), compile_cry(fabric, known, self.joints)
        places = compile_places(fabric, known, self.joints)
        changed = rules[0] != self._rules[0]
        if any(places) or any(self._places):
            # even where they are the same: an interface that went down took some along
            self._place(places)
        for node, before, after in zip((self.nat, self.cry), self._rules, rules, strict=True):
            if after != before:
                node.nft(after)
        if fabric.timeouts != self._fabric.timeouts:
            for kind, seconds in fabric.timeouts:
                for name in _TIMEOUTS[kind]:
                    _write(self.nat, f"netfilter/{name}", str(seconds))
        gone = {address for address, _ in self._addresses.values()} - {address for address, _ in known.values()}
        statics = _statics(self._fabric) - _statics(fabric) if fabric.platform == "ios" else set()
        first = not self._rules[0]
        self._fabric, self._addresses, self._rules, self._places = fabric, known, rules, places
        if changed and not first:
            self._forget(
                lambda flow: self._looked_at_anew(flow) or flow.back.destination in gone or flow.mark in statics
            )

    def _place(self, places: tuple[set[str], set[str]]) -> None:
        for node, before, after in zip((self.nat, self.cry), self._places, places, strict=True):
            for text in sorted(before - after):
                node.run("ip", *_command(text, "del"), check=False)
            node.ip(*(" ".join(_command(text, "replace")) for text in sorted(after)))

    def _looked_at_anew(self, flow: FlowState) -> bool:
        """Does the device decide about this flow packet by packet?"""
        return not flow.translated and (self._fabric.platform == "ios" or flow.protocol == "icmp")

    # -- what there is

    def flows(self) -> list[FlowState]:
        """The flows through the device."""
        listed = self.nat.run("conntrack", "-L", "-f", "ipv4", "-o", "extended", check=False)
        found = flows(listed.stdout)
        # what the device itself sends and receives is no flow through it
        own = {address for address, _ in self._addresses.values()}
        return [flow for flow in found if not own & flow.hosts]

    def translations(self) -> list[Translation]:
        """The table of translations."""
        return translations(self.flows(), self._fabric, self._addresses)

    def connections(self) -> list[Connection]:
        """The table of connections (PIX)."""
        inner = [
            str(ipaddress.IPv4Network(self._addresses[port.name], strict=False))
            for port in self._fabric.ports
            if port.level and port.name in self._addresses
        ]
        icmp = self._fabric.inspect_icmp
        found = (flow for flow in self.flows() if icmp or flow.protocol != "icmp")
        return connections(found, inner, dict(self._fabric.timeouts))

    @property
    def hits(self) -> int:
        """Packets of the flows that are translated now (IOS counts all that ever were)."""
        return sum(flow.there.packets + flow.back.packets for flow in self.flows() if flow.translated)

    def in_use(self, line: str) -> bool:
        """Have flows been translated by this line of the configuration? (IOS then asks before it takes the line away.)"""
        return any(each.outside_global and each.line == line for each in self.translations())

    # -- what clears it

    def clear(self, line: str | None = None, *, local: str | None = None, mapped: str | None = None) -> None:
        """End translations that traffic made, with their flows: all, those of a line, of an inside address, or to one.

        `clear xlate` ends the connections that use translations (ASA 8.4 guide p. 30-3); `clear ip nat translation *`
        the same, statics stay (command reference).
        """

        def wanted(flow: FlowState) -> bool:
            if not flow.translated:
                return False
            found = translations([flow], Fabric(self._fabric.platform, nat=self._fabric.nat), {})[-1]
            return (
                line in (None, found.line)
                and local in (None, found.inside_local.partition(":")[0])
                and mapped in (None, found.inside_global.partition(":")[0])
            )

        self._forget(wanted)

    def clear_connections(self) -> None:
        """End all flows, translated or not (PIX: `clear local-host`)."""
        self.nat.run("conntrack", "-F", check=False)

    def clear_host(self, address: str) -> None:
        """End all flows of one host, translated or not (PIX: `clear local-host ADDRESS`).

        "It stops all connections and xlates that are associated with the [...] specific IP addresses" (PIX course NS1
        2.0). A host on either side is one: there is an entry "for any host that forwards traffic to, or through" the
        device (the same). What a host is translated to is no host (logic).
        """
        self._forget(lambda flow: address in flow.hosts)

    def _forget(self, which: Callable[[FlowState], bool]) -> None:
        found = self.flows()
        chosen = [flow for flow in found if which(flow)]
        if chosen:
            # one program for all of them, there may be thousands; flows that have ended by themselves do not stop it
            lines = "".join(f"{line}\n" for line in deletions(chosen, [flow for flow in found if not which(flow)]))
            self.nat.run("conntrack", "-R", "-", input=lines, check=False)


def deletions(gone: Iterable[FlowState], staying: Iterable[FlowState]) -> list[str]:
    """Lines for `conntrack -R`: one for each flow, or for all between two hosts that are untranslated (mark 0), or that
    are translated to one address.

    Each line goes through the kernel's whole table, so few lines count: thousands of flows of one host may go at once.
    """

    def pair(flow: FlowState) -> tuple[str, str, str]:
        return flow.protocol, flow.there.source, flow.there.destination

    kept = {(*pair(flow), flow.back.destination if flow.mark else "") for flow in staying}
    made: dict[str, None] = {}
    for flow in gone:
        line = "-D -f ipv4 -p {} -s {} -d {}".format(*pair(flow))
        if (*pair(flow), flow.back.destination if flow.mark else "") not in kept:
            line += f" -q {flow.back.destination}" if flow.mark else " -m 0"
        elif flow.protocol == "icmp":
            line += f" --icmp-id {flow.there.source_port}"
        elif flow.protocol in ("tcp", "udp"):
            line += f" --sport {flow.there.source_port} --dport {flow.there.destination_port}"
        made[line] = None
    return list(made)


def _statics(fabric: Fabric) -> set[int]:
    return {mark_of(rule.line) for rule in fabric.nat if rule.kind == "static"}


def _command(text: str, verb: str) -> list[str]:
    kind, *rest = text.split()
    return [kind, verb, *rest]


def _write(node: Node, name: str, value: str) -> None:
    with contextlib.suppress(OSError):
        node.call(Path("/proc/sys/net", name).write_text, value)
