# Copyright: The netvpn.dynamic_l2l contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""What a PIX/ASA does with packets: by the model, and by a walk through the text with one packet in hand."""

from __future__ import annotations

import random

from _core.asa.parse import parse
from _core.prefixes import Region, dotted
from _core.treatment import SELF, emerging, fate_of
from core_support import fates, treatments
from core_support.fates import Packet, number
from hypothesis import given, settings
from hypothesis import strategies as st

HEAD = """\
: Saved
:
PIX Version {version}
hostname pix
interface Ethernet0
 nameif outside
 security-level 0
 ip address {outside}
interface Ethernet1
 nameif inside
 security-level 100
 ip address 10.1.1.2 255.255.255.240
interface Ethernet2
 nameif dmz
 security-level {dmz}
 ip address 10.1.2.1 255.255.255.240
"""

#: Optional lines, one of each row is drawn.
LISTS = {
    "CRYPTO": (
        "permit ip 10.1.1.0 255.255.255.240 10.2.1.0 255.255.255.240",
        "permit ip any 10.2.1.0 255.255.255.240",
        "permit ip host 198.51.100.2 10.2.1.0 255.255.255.240",
        "permit ip 198.51.100.0 255.255.255.240 any",
        "permit tcp 10.1.1.0 255.255.255.240 10.2.1.0 255.255.255.240 eq www",
        "deny ip host 10.1.1.5 10.2.1.0 255.255.255.240",
        "permit ip 10.1.1.0 255.255.255.240 object-group HUBS",
        "permit tcp any eq www any",
    ),
    "CRYPTO2": (
        "permit ip 10.1.0.0 255.255.0.0 10.2.0.0 255.255.0.0",
        "permit ip 10.1.3.0 255.255.255.240 10.2.2.0 255.255.255.240",
        "permit ip host 192.0.2.8 10.2.1.0 255.255.255.240",
    ),
    "NO-NAT": (
        "permit ip 10.1.1.0 255.255.255.240 10.2.1.0 255.255.255.240",
        "permit ip 10.1.0.0 255.255.0.0 10.2.2.0 255.255.255.240",
        "permit ip object-group LAN 10.2.1.0 255.255.255.240",
        "permit ip host 10.1.1.5 host 10.2.1.5",
    ),
    "POLICY": ("permit tcp 10.1.1.0 255.255.255.240 any eq www", "permit ip host 10.1.1.6 10.2.1.0 255.255.255.240"),
    "STATIC": ("permit ip host 10.1.1.7 10.2.1.0 255.255.255.240", "permit tcp host 10.1.1.7 any eq 443"),
    "IN": (
        "permit ip any any",
        "permit ip 10.2.1.0 255.255.255.240 10.1.1.0 255.255.255.240",
        "deny ip any host 10.1.1.5",
        "permit tcp any host 192.0.2.8 eq www",
        "permit ip any object-group SERVERS",
    ),
    "OUT": ("deny ip host 10.1.1.6 any", "permit ip any any", "deny tcp any any eq www"),
    "FILTER": (
        "permit ip 10.2.1.0 255.255.255.240 10.1.1.0 255.255.255.240",
        "permit tcp any any",
        "deny ip any host 10.1.1.5",
    ),
}
LINES: tuple[tuple[str, ...], ...] = (
    ("", "", "nat (inside) 0 access-list NO-NAT"),
    ("", "nat (dmz) 0 access-list NO-NAT"),
    ("nat (inside) 1 0.0.0.0 0.0.0.0", "nat (inside) 1 10.1.1.0 255.255.255.240", "nat (inside) 3 0.0.0.0 0.0.0.0", ""),
    ("", "", "nat (inside) 0 10.1.1.4 255.255.255.252"),
    ("", "nat (inside) 2 access-list POLICY"),
    ("", "", "nat (dmz) 1 0.0.0.0 0.0.0.0", "nat (dmz) 1 10.1.2.0 255.255.255.240 outside"),
    ("global (outside) 1 interface", "global (outside) 1 192.0.2.16-192.0.2.19", "global (outside) 1 192.0.2.21", ""),
    ("", "", "global (outside) 2 192.0.2.20", "global (dmz) 1 interface"),
    ("", "", "static (inside,outside) 192.0.2.8 10.1.1.5 netmask 255.255.255.255"),
    ("", "", "static (inside,outside) 192.0.2.24 10.1.1.8 netmask 255.255.255.248"),
    ("", "static (inside,outside) tcp interface 80 10.1.1.6 80 netmask 255.255.255.255"),
    ("", "", "static (inside,outside) 192.0.2.9 access-list STATIC"),
    ("", "static (inside,dmz) 10.1.1.0 10.1.1.0 netmask 255.255.255.240"),
    ("", "", "", "nat-control"),
    ("", "", "access-group IN in interface outside"),
    ("", "", "", "access-group OUT in interface inside"),
    ("", "", "", "access-group OUT out interface outside"),
    ("", "same-security-traffic permit inter-interface"),
    ("", "", "same-security-traffic permit intra-interface"),
    ("route inside 10.1.3.0 255.255.255.240 10.1.1.1 1",),
    ("route outside 0.0.0.0 0.0.0.0 198.51.100.1 1",),
    ("", "", "route dmz 10.2.2.0 255.255.255.240 10.1.2.9 1"),
    ("", "", "route dmz 203.0.113.9 255.255.255.255 10.1.2.9 1"),
    ("crypto map M 10 match address CRYPTO",),
    ("crypto map M 10 set peer 203.0.113.9", "crypto map M 10 set peer 203.0.113.9", "crypto map M 10 set peer 203.0.113.9", ""),
    ("crypto map M 10 set transform-set TS", "crypto map M 10 set transform-set TS", ""),
    ("", "crypto map M 20 match address CRYPTO2\ncrypto map M 20 set peer 203.0.113.8\ncrypto map M 20 set transform-set TS",
     "crypto map M 5 match address CRYPTO2\ncrypto map M 5 set peer 203.0.113.8", "crypto map M 20 set peer 203.0.113.8"),
    ("", "", "", "crypto map M 30 ipsec-isakmp dynamic D"),
    ("crypto dynamic-map D 1 set transform-set TS",),
    ("", "crypto dynamic-map D 1 match address CRYPTO2", "crypto dynamic-map D 1 match address MISSING"),
    ("crypto ipsec transform-set TS esp-3des esp-sha-hmac",),
    ("crypto map M interface outside", "crypto map M interface outside", "crypto map M interface outside", ""),
    ("{isakmp} enable outside", "{isakmp} enable outside", "{isakmp} enable outside", ""),
    ("management-access inside", ""),
    ("", "", "no sysopt connection permit-vpn"),
    ("group-policy G attributes\n vpn-filter value FILTER", ""),
    ("tunnel-group DefaultL2LGroup ipsec-attributes\n pre-shared-key any", "", ""),
    ("tunnel-group 203.0.113.9 type ipsec-l2l",),
    ("", "", "tunnel-group 203.0.113.9 general-attributes\n default-group-policy G"),
    ("tunnel-group 203.0.113.9 ipsec-attributes\n pre-shared-key nine", "tunnel-group 203.0.113.9 ipsec-attributes\n pre-shared-key nine", ""),
    ("tunnel-group 203.0.113.8 type ipsec-l2l\ntunnel-group 203.0.113.8 ipsec-attributes\n pre-shared-key eight",),
)  # fmt: skip

ADDRESSES = [
    "10.1.1.0", "10.1.1.2", "10.1.1.5", "10.1.1.6", "10.1.1.7", "10.1.1.9", "10.1.1.15", "10.1.1.16", "10.1.2.1",
    "10.1.2.3", "10.1.3.1", "10.2.1.0", "10.2.1.5", "10.2.1.15", "10.2.2.3", "192.0.2.8", "192.0.2.9", "192.0.2.16",
    "192.0.2.19", "192.0.2.20", "192.0.2.21", "192.0.2.25", "198.51.100.2", "198.51.100.3", "198.51.100.77",
    "203.0.113.8", "203.0.113.9", "203.0.113.200", "0.0.0.0", "255.255.255.255",
]  # fmt: skip


@st.composite
def texts(draw: st.DrawFn) -> str:
    """Configurations with everything that the model knows, and an object-group here and there."""
    version = draw(st.sampled_from(["7.2(2)", "7.2(2)", "8.2(5)", "7.1(2)"]))
    outside = draw(st.sampled_from(["198.51.100.2 255.255.255.240", "dhcp", "dhcp setroute"]))
    dmz = draw(st.sampled_from([50, 50, 100, 0]))
    rows = [HEAD.format(version=version, outside=outside, dmz=dmz)]
    doubtful = draw(st.sampled_from(sorted(LISTS)))
    for name, entries in LISTS.items():
        # One list with an object-group at a time: the walk knows that it is one group, the model does not.
        usable = [entry for entry in entries if name == doubtful or "object-group" not in entry]
        chosen = draw(st.lists(st.sampled_from(usable), min_size=1, max_size=3, unique=True))
        if name in ("NO-NAT", "STATIC"):
            chosen = [entry for entry in chosen if entry.startswith("permit")]
        rows += [f"access-list {name} extended {entry}" for entry in chosen]
    isakmp = "isakmp" if version.startswith("7.1") else "crypto isakmp"
    rows += [line.format(isakmp=isakmp) for options in LINES if (line := draw(st.sampled_from(options)))]
    policy = f"{isakmp} policy 10"
    rows.append(
        f"{policy} authentication pre-share\n{policy} encryption 3des" if version.startswith("7.1")
        else f"{policy}\n authentication pre-share\n encryption 3des"
    )  # fmt: skip
    return "\n".join([*rows, ": end", ""])


LAN = ADDRESSES[:8]
REMOTE = ADDRESSES[11:15]


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


def walk(text: str) -> fates.Asa:
    return fates.Asa(text, [number(address) for address in ADDRESSES])


@given(texts(), st.integers(0, 2**32))
@settings(max_examples=60)
def test_the_model_says_of_every_packet_what_a_walk_through_the_lines_says(text: str, seed: int) -> None:
    config, device = parse(text), walk(text)
    for enters in ("inside", "outside", "dmz", SELF):
        for packet in packets(seed, 12):
            if enters == SELF:
                packet = packet._replace(source=random.Random(str(packet)).choice(sorted(device.own) + device.leases))
            assert fate_of(config, enters, packet).key == device.fate(enters, packet), (enters, shown(packet))


@given(texts(), st.integers(0, 2**32))
@settings(max_examples=40)
def test_what_comes_out_of_a_tunnel_is_let_in_as_a_walk_says(text: str, seed: int) -> None:
    config, device = parse(text), walk(text)
    for packet in packets(seed, 20):
        region = Region((treatments.box_of(packet),))
        (found,) = emerging(config, {"outside": region})
        assert found.fate.key == device.emerges("outside", packet), shown(packet)


@given(texts(), st.integers(0, 2**32))
@settings(max_examples=10)
def test_classes_are_disjoint_cover_everything_and_hold_packets_of_their_fate(text: str, seed: int) -> None:
    config = parse(text)
    treatments.check_classes(config, packets(seed, 30))


def shown(packet: Packet) -> str:
    return f"{packet.protocol} {dotted(packet.source)}:{packet.source_port} > {dotted(packet.destination)}:{packet.destination_port}"
