# Copyright: The netvpn.dynamic_l2l contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""What an IOS router does with packets: by the model, and by a walk through the text with one packet in hand."""

from __future__ import annotations

import random

from _core.ios.parse import parse
from _core.prefixes import dotted
from _core.treatment import SELF, fate_of
from core_support import fates, treatments
from core_support.fates import Packet, number
from hypothesis import given, settings
from hypothesis import strategies as st

LISTS = {
    "100": (
        "deny ip 10.2.1.0 0.0.0.15 10.1.1.0 0.0.0.15",
        "permit ip 10.2.1.0 0.0.0.15 any",
        "permit ip any any",
        "permit tcp any any established",
        "deny ip host 10.2.1.5 any",
    ),
    "101": (
        "permit tcp 10.2.0.0 0.0.255.255 any eq www",
        "deny ip any 10.1.1.0 0.0.0.15",
        "permit ip host 10.2.1.6 any",
    ),
    "DENIED": ("permit ip 10.2.1.0 0.0.0.15 10.1.1.0 0.0.0.15", "permit ip any 10.1.2.0 0.0.0.15"),
    "MATCH": (
        "permit ip 10.2.1.0 0.0.0.15 10.1.1.0 0.0.0.15",
        "permit ip 10.2.1.0 0.0.0.15 object-group SITES",
        "permit ip any 10.1.1.0 0.0.0.15",
        "deny ip host 10.2.1.5 10.1.0.0 0.0.255.255",
        "permit ip host 198.51.100.2 10.1.0.0 0.0.255.255",
        "permit tcp any eq 80 10.1.0.0 0.0.255.255",
    ),
    "OTHER": ("permit ip 10.2.0.0 0.0.255.255 10.1.2.0 0.0.0.15", "permit ip host 192.0.2.8 10.1.0.0 0.0.255.255"),
    "IN": (
        "permit udp any any",
        "permit esp any any",
        "permit ip any any",
        "deny ip host 203.0.113.9 any",
        "deny tcp any any",
    ),
    "OUT": ("permit esp any any", "permit tcp any any", "permit ip any any", "deny ip host 192.0.2.8 any"),
}
GLOBAL: tuple[tuple[str, ...], ...] = (
    ("ip route 0.0.0.0 0.0.0.0 198.51.100.1",),
    ("", "", "ip route 0.0.0.0 0.0.0.0 198.51.100.3", "ip route 0.0.0.0 0.0.0.0 10.2.2.9 200", "ip route 0.0.0.0 0.0.0.0 10.2.2.9"),
    ("", "", "ip route 10.1.2.0 255.255.255.240 Null0", "ip route 10.1.2.0 255.255.255.240 10.2.2.9"),
    ("", "", "ip route 203.0.113.9 255.255.255.255 Ethernet2"),
    ("ip nat inside source list 100 interface Ethernet0 overload", "ip nat inside source list 100 pool P", ""),
    ("", "", "ip nat inside source list 101 pool P overload"),
    ("", "", "ip nat inside source route-map RM interface Ethernet0 overload", "ip nat inside source route-map RM interface Serial0"),
    ("ip nat pool P 192.0.2.16 192.0.2.19 netmask 255.255.255.0",),
    ("", "", "ip nat inside source static 10.2.1.5 192.0.2.8", "ip nat inside source static 10.2.1.5 192.0.2.8 route-map RM"),
    ("", "", "ip nat inside source static network 10.2.1.0 192.0.2.0 /28", "ip nat inside source static 10.2.1.7 10.2.1.7"),
    ("", "", "ip nat inside source static tcp 10.2.1.6 80 interface Ethernet0 80"),
    ("", "route-map RM deny 10\n match ip address DENIED"),
    ("", "route-map RM permit 20\n match ip address 100 101", "route-map RM permit 20\n match interface Ethernet0"),
    ("", "", "route-map RM permit 30\n match length 3 200", "route-map RM permit 30\n match ip address GONE", "route-map RM permit 40"),
    ("crypto map M 10 ipsec-isakmp\n set peer 203.0.113.9\n set transform-set TS\n match address OTHER",
     "crypto map M 10 ipsec-isakmp\n set peer 203.0.113.9\n match address OTHER", "", ""),
    ("crypto map M 20 ipsec-isakmp dynamic D", "crypto map M 20 ipsec-isakmp dynamic D", "crypto map M 5 ipsec-isakmp dynamic D"),
    ("crypto dynamic-map D 10\n set transform-set TS\n match address MATCH", "crypto dynamic-map D 10\n set transform-set TS",
     "crypto dynamic-map D 10\n set transform-set TS\n match address MATCH", "crypto dynamic-map D 10\n set transform-set TS\n match address GONE",
     "crypto dynamic-map D 10\n match address MATCH"),
    ("crypto ipsec transform-set TS esp-3des esp-sha-hmac",),
    ("crypto isakmp policy 10\n authentication pre-share",),
    ("crypto isakmp key any address 0.0.0.0 0.0.0.0", "crypto isakmp key any address 0.0.0.0 0.0.0.0",
     "crypto isakmp key nine address 203.0.113.9", ""),
    ("", "", "", "", "no crypto isakmp enable"),
)  # fmt: skip
OUTSIDE: tuple[tuple[str, ...], ...] = (
    ("ip address 198.51.100.2 255.255.255.240", "ip address 198.51.100.2 255.255.255.240", "ip address dhcp"),
    ("ip nat outside", "ip nat outside", "ip nat outside", ""),
    ("crypto map M", "crypto map M", "crypto map M", ""),
    ("", "", "", "ip access-group IN in"),
    ("", "", "", "ip access-group OUT out"),
)
INSIDE: tuple[tuple[str, ...], ...] = (("ip nat inside", "ip nat inside", "ip nat inside", ""),)
THIRD: tuple[tuple[str, ...], ...] = (
    ("ip nat inside", "ip nat outside", ""),
    ("", "", "", "shutdown"),
)
#: Lines that the model does not know, in a part of the configurations.
UNKNOWN: dict[str, tuple[tuple[str, ...], ...]] = {
    "Ethernet0": (("", "ip inspect FW out", "ip verify unicast reverse-path", "zone-member security WAN"),),
    "Ethernet1": (("", "", "ip inspect FW in", "ip policy route-map RM", "zone-member security LAN"),),
    "Ethernet2": (("", "vrf forwarding CUSTOMER", "zone-member security LAN"),),
    "": (
        ("", "", "router ospf 1"),
        ("", "", "ip local policy route-map RM"),
        ("", "zone-pair security Z source self destination WAN"),
        ("", "ip nat outside source static 10.9.9.9 10.2.9.9", "ip nat outside source static 203.0.113.9 10.1.1.5"),
    ),
}

ADDRESSES = [
    "10.2.1.0", "10.2.1.1", "10.2.1.5", "10.2.1.6", "10.2.1.7", "10.2.1.15", "10.2.1.16", "10.2.2.1", "10.2.2.3",
    "10.1.1.0", "10.1.1.5", "10.1.1.15", "10.1.2.3", "192.0.2.0", "192.0.2.5", "192.0.2.8", "192.0.2.15", "192.0.2.16",
    "192.0.2.19", "198.51.100.2", "198.51.100.3", "198.51.100.77", "203.0.113.8", "203.0.113.9", "203.0.113.200",
    "0.0.0.0", "255.255.255.255",
]  # fmt: skip
LAN = ADDRESSES[:7]
REMOTE = ADDRESSES[9:13]


@st.composite
def texts(draw: st.DrawFn) -> str:
    """Configurations with everything that the model knows, and lines that it does not know here and there."""

    def drawn(options: tuple[tuple[str, ...], ...]) -> list[str]:
        return [line for row in options if (line := draw(st.sampled_from(row)))]

    rows = ["version 12.4", "hostname Router"]
    unknown = UNKNOWN if draw(st.integers(0, 3)) == 3 else {}
    doubtful = draw(st.sampled_from(["100", "MATCH"]))
    for name, address, options in (
        ("Ethernet0", "", OUTSIDE),
        ("Ethernet1", "ip address 10.2.1.1 255.255.255.240", INSIDE),
        ("Ethernet2", "ip address 10.2.2.1 255.255.255.240", THIRD),
        ("Serial0", "no ip address", ()),
    ):
        rows += [
            f"interface {name}",
            *(f" {line}" for line in [address, *drawn(options + unknown.get(name, ()))] if line),
        ]
    rows += drawn(GLOBAL + unknown.get("", ()))
    for name, entries in LISTS.items():
        known = [entry for entry in entries if name == doubtful or not entry.endswith(("SITES", "established"))]
        chosen = draw(st.lists(st.sampled_from(known), min_size=1, max_size=3, unique=True))
        if name.isdecimal():
            rows += [f"access-list {name} {entry}" for entry in chosen]
        else:
            rows += [f"ip access-list extended {name}", *(f" {entry}" for entry in chosen)]
    return "\n".join([*rows, "end", ""])


def packets(seed: int, count: int) -> list[Packet]:
    """Packets between the addresses of the configurations, half of them between the networks of tunnels."""
    rng = random.Random(seed)
    found = []
    for _packet in range(count):
        ends = rng.choice(((LAN, REMOTE), (REMOTE, LAN), (ADDRESSES, ADDRESSES), (ADDRESSES, ADDRESSES)))
        source, destination = (number(rng.choice(addresses)) for addresses in ends)
        protocol = rng.choice((1, 6, 6, 17, 50))
        found.append(Packet(protocol, source, rng.choice((80, 500, 1024)), destination, rng.choice((80, 80, 443, 500))))
    return found


def walk(text: str) -> fates.Ios:
    return fates.Ios(text, [number(address) for address in ADDRESSES])


@given(texts(), st.integers(0, 2**32))
@settings(max_examples=60)
def test_the_model_says_of_every_packet_what_a_walk_through_the_lines_says(text: str, seed: int) -> None:
    config, device = parse(text), walk(text)
    for enters in ("Ethernet0", "Ethernet1", "Ethernet2", SELF):
        for packet in packets(seed, 12):
            if enters == SELF:
                packet = packet._replace(source=random.Random(str(packet)).choice(sorted(device.own) + device.leases))
            assert fate_of(config, enters, packet).key == device.fate(enters, packet), (enters, shown(packet))


@given(texts(), st.integers(0, 2**32))
@settings(max_examples=10)
def test_classes_are_disjoint_cover_everything_and_hold_packets_of_their_fate(text: str, seed: int) -> None:
    treatments.check_classes(parse(text), packets(seed, 30))


def shown(packet: Packet) -> str:
    return f"{packet.protocol} {dotted(packet.source)}:{packet.source_port} > {dotted(packet.destination)}:{packet.destination_port}"
