# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: The netvpn.dynamic_l2l contributors
"""What a device lets pass, and which packets of the outside go to the NAT namespace.

Lists of a port are checked where the port is: those of outside ports in the crypto namespace, before what they name is
translated back (access lists before 8.3 name translated addresses: asa-cli.md 3.1) and only for what was not decrypted
(`sysopt connection permit-vpn`; IOS from 12.3(8)T: ios-nat-acl.md D4.3). Those of other ports in the NAT namespace.
"""

from __future__ import annotations

import ipaddress
from collections.abc import Iterable, Mapping, Sequence

from .names import Joint
from .natmodel import linux, mapped_networks, reverse_checks
from .nft import Addresses, Chain, addressed, list_chain, match, names, note, resolve
from .reading import Fabric, Port
from .strays import chain as stray_chain

Joints = Mapping[str, Joint]
# Devices of charon's userspace ESP
TUNNEL = 'iifname "ipsec*"'
# In UDP 4500: ESP, or IKE behind four zero bytes (RFC 3948). The emulated devices always use it.
_ESP = "udp dport 4500 @th,64,32 != 0"
_IKE = "udp dport 4500 @th,64,32 == 0"
_ESP_OUT = "udp sport 4500 @th,64,32 != 0"
_OWN_UDP = "{ 68, 500, 4500 }"


def nat_chains(fabric: Fabric, addresses: Addresses, joints: Joints) -> list[Chain]:
    """The filters of the NAT namespace."""
    return _pix_nat(fabric, addresses, joints) if fabric.platform == "pix" else _ios_nat(fabric, addresses, joints)


def cry_chains(fabric: Fabric, addresses: Addresses, joints: Joints) -> list[Chain]:
    """The filters of the crypto namespace, and the marks of what must go to the NAT namespace."""
    steer = _steer(fabric, addresses, joints)
    return [steer, *(_pix_cry if fabric.platform == "pix" else _ios_cry)(fabric, addresses, joints)]


# -- which packets are the NAT namespace's


def _steer(fabric: Fabric, addresses: Addresses, joints: Joints) -> Chain:
    """Marks (the number of the joint) for packets to addresses that this namespace has and the other one serves."""
    chain = Chain("steer", hook="type filter hook prerouting priority mangle; policy accept;")
    lan = sorted(addresses[p.name][0] for p in fabric.ports if p.name in addresses and p.name not in joints)
    for name, joint in joints.items():
        chain.add(f'iifname "{joint.cry}" ct state new ct mark set {joint.number}')
        if lan:
            # the addresses of the inside are there, whoever else has them
            where = f"{{ {', '.join(lan)} }}" if len(lan) > 1 else lan[0]
            chain.add(f'iifname != "{joint.cry}" ip daddr {where} meta mark set {joint.number}')
        if name not in addresses:
            continue
        own = f'iifname {{ "{joint.port}", "ipsec*" }} ip daddr {addresses[name][0]}'
        chain.add(own, f"ct direction reply ct mark {joint.number} meta mark set {joint.number}")
        for rule in fabric.nat:
            target = resolve(rule.target or "", addresses)
            if rule.kind != "static" or target is None or target.partition("/")[0] != addresses[name][0]:
                continue
            port = f"{rule.protocol} dport {rule.target_port}" if rule.protocol else ""
            new = "ct direction original"
            chain.add(own, port, new, f"meta mark set {joint.number}", note(rule.line))
    return chain


# -- PIX


def _pix_nat(fabric: Fabric, addresses: Addresses, joints: Joints) -> list[Chain]:
    ports = [port for port in fabric.ports if port.up]
    local = [port for port in ports if port.name not in joints]
    outer = [port for port in ports if port.name in joints]
    forward = Chain("forward", hook="type filter hook forward priority filter; policy drop;")
    more: list[Chain] = []
    forward.add(_known(fabric), "accept")
    for port in outer:
        if port.name in addresses:
            # the address of another interface than the one that a host is behind cannot be reached (recall)
            forward.add(f'oifname "{linux(port)}" ip daddr {addresses[port.name][0]} drop')
    for port, chain in reverse_checks(fabric, addresses):
        lower = [other for other in ports if (other.level or 0) < (port.level or 0)]
        if lower:
            entering = f'iifname {names(map(linux, lower))} oifname "{linux(port)}"'
            forward.add(entering, "ct state new ct status & dnat == 0 jump", chain.name)
            more.append(chain)
    if outer:
        forward.rules += _back(fabric, addresses, outer)
        forward.add(f"iifname {names(map(linux, outer))} accept", note("was filtered where it came in"))
    for port in local:
        rules = fabric.filter(port.name, "in")
        if rules is not None:
            more.append(list_chain(f"in_{linux(port)}", rules, addresses, "accept"))
            forward.add(f'iifname "{linux(port)}" jump in_{linux(port)}')
            continue
        allowed = [other for other in ports if other is not port and _may_start(fabric, port, other)]
        if allowed:
            forward.add(f'iifname "{linux(port)}" oifname {names(map(linux, allowed))} accept')
    leave = Chain("leave", hook="type filter hook postrouting priority srcnat + 10; policy accept;")
    for port in ports:
        rules = fabric.filter(port.name, "out")
        if rules is not None:
            # also checks what was decrypted: it cannot be told from the rest here
            leave.rules = leave.rules or [f"{_known(fabric)} accept", "ct direction original ct mark 0 continue"]
            more.append(list_chain(f"out_{linux(port)}", rules, addresses, "accept"))
            leave.add(f'oifname "{linux(port)}" jump out_{linux(port)}')
    leave.rules = [rule for rule in leave.rules if not rule.endswith("continue")]
    box = Chain("box", hook="type filter hook input priority filter; policy accept;")
    for port in outer:
        managed = fabric.port(fabric.management)
        if managed and managed.name in addresses:
            box.add(f'iifname "{linux(port)}" ip daddr {addresses[managed.name][0]} accept', note("management-access"))
        box.add(f'iifname "{linux(port)}" ct state new drop')
    box.rules += _box_icmp(fabric, addresses, local)
    stray = stray_chain((linux(port), port.name) for port in ports)
    return [stray, forward, *([leave] if leave.rules else []), box, *more]


def _back(fabric: Fabric, addresses: Addresses, outer: Sequence[Port]) -> list[str]:
    """Packets that came from outside and would go there again, decrypted ones too.

    A PIX drops them without `same-security-traffic permit intra-interface`; a router routes them. What was sent to an
    address that is translated to, and no translation took, is for nobody.
    """
    if not outer:
        return []
    both = f"iifname {names(map(linux, outer))} oifname {names(map(linux, outer))}"
    if not fabric.hairpin:
        return [f"{both} drop"]
    known = mapped_networks(fabric, addresses)
    networks = ipaddress.collapse_addresses(network for port in outer for network in known.get(port.name, ()))
    texts = [str(network) for network in networks]
    return [f"{both} ip daddr {{ {', '.join(texts)} }} drop"] if texts else []


def _known(fabric: Fabric) -> str:
    """Packets of flows that exist.

    Without `inspect icmp` there are no flows of ICMP: each packet is looked at, so answers to pings of the inside are
    dropped unless an access list permits them (Cisco, Handling ICMP Pings with the PIX; the seed inspects no ICMP).
    """
    return ("" if fabric.inspect_icmp else "meta l4proto != icmp ") + "ct state established,related"


def _may_start(fabric: Fabric, port: Port, other: Port) -> bool:
    mine, its = port.level or 0, other.level or 0
    return mine > its or (mine == its and fabric.same_level)


def _box_icmp(fabric: Fabric, addresses: Addresses, ports: Iterable[Port]) -> list[str]:
    """`icmp permit|deny`: with a line for an interface what none permits is denied (ASA command reference, icmp)."""
    found = []
    for port in ports:
        rules = [rule for name, rule in fabric.icmp if name == port.name]
        for rule in rules:
            how = match(rule, addresses)
            verdict = "accept" if rule.action == "permit" else "drop"
            found.append(f'iifname "{linux(port)}" {how} {verdict} {note(rule.text)}')
        if rules:
            found.append(f'iifname "{linux(port)}" meta l4proto icmp drop')
    return found


def _pix_cry(fabric: Fabric, addresses: Addresses, joints: Joints) -> list[Chain]:
    forward = Chain("forward", hook="type filter hook forward priority filter; policy accept;")
    box = Chain("box", hook="type filter hook input priority filter; policy accept;")
    more: list[Chain] = []
    for name, joint in joints.items():
        port = fabric.port(name)
        if port is None:
            continue
        ends = f'{{ "{joint.port}", "ipsec*" }}'
        if not fabric.hairpin:
            # in and out by one interface: `same-security-traffic permit intra-interface`
            forward.add(f"iifname {ends} oifname {ends} drop")
        entering = Chain(f"in_{joint.port}")
        entering.add(_known(fabric), "accept")
        rules = fabric.filter(name, "in")
        if rules is not None:
            entering.rules += list_chain("", rules, addresses, "accept").rules
        else:
            for other in fabric.ports:
                if other.name in addresses and other is not port and _may_start(fabric, port, other):
                    network = ipaddress.IPv4Network(addresses[other.name], strict=False)
                    entering.add(f"ip daddr {network} accept")
            entering.add("drop")
        more.append(entering)
        forward.add(f'iifname "{joint.port}" jump {entering.name}')
        forward.add(f'{TUNNEL} oifname "{joint.cry}"', "accept" if fabric.permit_vpn else f"jump {entering.name}")
        box.rules += _box_icmp(fabric, addresses, [port])
        # the device answers nothing that it does not serve
        box.add(f'iifname "{joint.port}" udp dport != {_OWN_UDP} ct state new drop')
        box.add(f'iifname "{joint.port}" meta l4proto tcp ct state new drop')
    return [forward, box, *more]


# -- IOS: lists look at each packet


def _ios_nat(fabric: Fabric, addresses: Addresses, joints: Joints) -> list[Chain]:
    # before the destination is translated, and before the router takes a packet for itself
    enter = Chain("enter", hook="type filter hook prerouting priority mangle; policy accept;")
    leave = Chain("leave", hook="type filter hook forward priority filter; policy accept;")
    more: list[Chain] = []
    # addresses that are only answered for (natstage.py), where no translation took the packet
    leave.add('oifname "lo" drop')
    leave.rules += _back(fabric, addresses, [port for port in fabric.ports if port.name in joints])
    for port in fabric.ports:
        if port.name in joints or not port.up:
            continue
        for direction, chain, word in (("in", enter, "iifname"), ("out", leave, "oifname")):
            rules = fabric.filter(port.name, direction)
            if rules is not None:
                more.append(list_chain(f"{direction}_{linux(port)}", rules, addresses, "return"))
                chain.add(f'{word} "{linux(port)}" jump {direction}_{linux(port)}')
    return [enter, leave, *more]


def _ios_cry(fabric: Fabric, addresses: Addresses, joints: Joints) -> list[Chain]:
    # after the marks, which need nothing of this
    enter = Chain("enter", hook="type filter hook prerouting priority mangle + 1; policy accept;")
    leave = Chain("leave", hook="type filter hook forward priority filter; policy accept;")
    sent = Chain("sent", hook="type filter hook output priority filter; policy accept;")
    more: list[Chain] = []
    for name, joint in joints.items():
        rules = fabric.filter(name, "in")
        if rules is not None:
            chain = f"in_{joint.port}"
            more.append(list_chain(f"{chain}_esp", addressed(rules, "esp"), addresses, "return"))
            more.append(list_chain(f"{chain}_ike", addressed(rules, "udp", 500), addresses, "return"))
            more.append(list_chain(chain, rules, addresses, "return"))
            # what one of them returned has passed; the next ones do not fit it
            for packets, suffix in (
                (_ESP, "_esp"),
                (_IKE, "_ike"),
                ("udp dport != 4500", ""),
                ("meta l4proto != udp", ""),
            ):
                enter.add(f'iifname "{joint.port}" {packets} jump {chain}{suffix}')
        rules = fabric.filter(name, "out")
        if rules is not None:
            more.append(list_chain(f"out_{joint.port}", rules, addresses, "return"))
            leave.add(f'oifname "{joint.port}" jump out_{joint.port}')
            # of what the router sends itself only ESP is looked at (measured on 17.15: ios-nat-acl.md D4.3)
            more.append(list_chain(f"out_{joint.port}_esp", addressed(rules, "esp"), addresses, "return"))
            sent.add(f'oifname "{joint.port}" {_ESP_OUT} jump out_{joint.port}_esp')
    return [enter, leave, *([sent] if sent.rules else []), *more]
