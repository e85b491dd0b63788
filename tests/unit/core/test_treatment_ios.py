# Copyright: The netvpn.dynamic_l2l contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""What an IOS router does with packets: by the model, and by a walk through the text with one packet in hand."""

from __future__ import annotations

import random

import pytest
from _core.algorithms import SUITES
from _core.ios.parse import parse
from _core.prefixes import Region, dotted, parse_address
from _core.secret import Secret
from _core.treatment import ANY_PEER, SELF, Needed, classes, emerging, fate_of
from core_support import fates, golden, treatments
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
    ("ip route 0.0.0.0 0.0.0.0 198.51.100.1", "ip route 0.0.0.0 0.0.0.0 198.51.100.1 track 1"),
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
     "crypto dynamic-map D 10\n set transform-set TS\n match address MATCH",
     "crypto dynamic-map D 10\n set transform-set TS\n match address GONE",
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
#: What lines that are taken away begin with.
CHANGED = (
    "access-list ",
    " permit ",
    " deny ",
    "ip nat inside",
    "crypto map ",
    " crypto map",
    " match ",
    " set ",
    " ip nat",
    " ip access-group",
)
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
@settings(max_examples=40)
def test_what_comes_out_of_a_tunnel_is_let_in_as_a_walk_says(text: str, seed: int) -> None:
    config, device = parse(text), walk(text)
    for packet in packets(seed, 20):
        (found,) = emerging(config, {"Ethernet0": Region((treatments.box_of(packet),))})
        assert found.fate.key == device.emerges("Ethernet0", packet), shown(packet)


@given(texts(), st.integers(0, 2**32))
@settings(max_examples=10)
def test_classes_are_disjoint_cover_everything_and_hold_packets_of_their_fate(text: str, seed: int) -> None:
    treatments.check_classes(parse(text), packets(seed, 30))


@given(texts(), st.data(), st.integers(0, 2**32))
@settings(max_examples=60)
def test_a_change_touches_no_packet_outside_its_region(text: str, data: st.DataObject, seed: int) -> None:
    lines = text.splitlines()
    edited = [row for row in lines if row.startswith(CHANGED)]
    gone = data.draw(st.lists(st.sampled_from(edited), min_size=1, max_size=2, unique=True))
    after = "\n".join(row for row in lines if row not in gone) + "\n"
    old, new = parse(text), parse(after)
    if data.draw(st.booleans()):
        old, new = new, old
    treatments.check_touched(old, new, packets(seed, 25))


def shown(packet: Packet) -> str:
    return f"{packet.protocol} {dotted(packet.source)}:{packet.source_port} > {dotted(packet.destination)}:{packet.destination_port}"


# --- the seed, and what single lines do -------------------------------------------------------------------------------

SEED = golden.seed("ios-12.4-running-config.cfg")
LISTED = SEED.replace(" set transform-set DYN-TS\n", " set transform-set DYN-TS\n match address L2L\n").replace(
    "control-plane", "ip access-list extended L2L\n permit ip 10.2.1.0 0.0.0.255 10.1.1.0 0.0.0.255\n!\ncontrol-plane"
)


@pytest.mark.parametrize(
    ("name", "text"), [("seed", SEED), ("start", golden.seed("ios-12.4-start.cfg")), ("with-list", LISTED)]
)
def test_the_classes_of_the_reference_are_as_kept(name: str, text: str, same_as_golden: golden.Compare) -> None:
    config = parse(text)
    same_as_golden(f"ios-classes-{name}.txt", treatments.table([*classes(config), *emerging(config)]))


LAN_SIDE, OUTER = "FastEthernet1/0", "Ethernet0/0"
DYNAMIC = "crypto map IPSEC 10 ipsec-isakmp dynamic DYN (crypto dynamic-map DYN 10"
MATCHED = f"{DYNAMIC} match address L2L)"
PAT = "ip nat inside source list 100 interface Ethernet0/0 overload"
DENY = "access-list 100 deny   ip 10.2.1.0 0.0.0.255 10.1.1.0 0.0.0.255\n"
PLAIN = "no line translates or protects it"


def meets(text: str, enters: str = LAN_SIDE, source: str = "10.2.1.5", destination: str = "10.1.1.5") -> str:
    """The fate of a TCP packet, with its line."""
    fate = fate_of(parse(text), enters, (6, parse_address(source), 1024, parse_address(destination), 80))
    return f"{fate} | {fate.line}"


def edited(text: str, *changes: tuple[str, str]) -> str:
    """``text`` with replacements; each must fit."""
    for old, new in changes:
        assert old in text
        text = text.replace(old, new)
    return text


def filter_120(entry: str) -> tuple[str, str]:
    """A change that adds a packet filter."""
    return "control-plane", f"access-list 120 {entry}"


BOUND = (" crypto map IPSEC\n", "")
KEY = ("crypto isakmp key cisco123 address 0.0.0.0 0.0.0.0\n", "")
NO_DENY = (DENY, "")
RULE = (f"{PAT}\n", "")
ON_LAN = " ip address 10.2.1.1 255.255.255.0\n"
MAP = (
    f"{PAT}\n",
    (
        "ip nat inside source route-map RM interface Ethernet0/0 overload\n!\nroute-map RM deny 5\n match ip address VPN\n!\n"
        "route-map RM permit 10\n match ip address 101\n!\naccess-list 101 permit ip any any\n"
        "ip access-list extended VPN\n permit ip any 10.1.1.0 0.0.0.255\n"
    ),
)


@pytest.mark.parametrize(
    ("text", "fate"),
    [
        pytest.param(SEED, f"V dynamic-map DYN | {DYNAMIC})", id="no list: in clear while there is no SA"),
        pytest.param(LISTED, f"E dynamic-map DYN | {MATCHED}", id="list"),
        pytest.param(edited(LISTED, NO_DENY), f"T | {PAT}", id="no deny: translated before the crypto map"),
        pytest.param(edited(LISTED, BOUND), f"X | {PLAIN}", id="map not bound"),
        pytest.param(edited(LISTED, KEY), f"D | {MATCHED}", id="list and no key"),
        pytest.param(edited(SEED, KEY), f"X | {PLAIN}", id="no list and no key: nobody can make an SA"),
        pytest.param(edited(LISTED, ("0.0.0.0 0.0.0.0\n!", "203.0.113.9\n!")), f"D | {MATCHED}", id="no wildcard key"),
        pytest.param(edited(LISTED, (" set transform-set DYN-TS\n", "")), f"D or X | {MATCHED}", id="incomplete"),
        pytest.param(
            edited(LISTED, (" permit ip 10.2.1.0 0.0.0.255 10.1.1.0 0.0.0.255\n", "")), f"D or X | {MATCHED}", id="empty list",
        ),
        pytest.param(edited(LISTED, (ON_LAN, f"{ON_LAN} shutdown\n")), "D | no interface FastEthernet1/0 that is up", id="shut down"),
        pytest.param(edited(LISTED, NO_DENY, (" ip nat inside\n", "")), f"E dynamic-map DYN | {MATCHED}", id="not an inside interface"),
        pytest.param(
            edited(LISTED, (PAT, f"{PAT}\nip nat inside source static 10.2.1.5 203.0.113.5")),
            "T | ip nat inside source static 10.2.1.5 203.0.113.5", id="a static is not exempted by the deny of the list",
        ),
        pytest.param(
            edited(LISTED, NO_DENY, (PAT, f"{PAT}\nip nat inside source static 10.2.1.5 203.0.113.5")),
            "T | ip nat inside source static 10.2.1.5 203.0.113.5", id="a static comes before the list",
        ),
        pytest.param(
            edited(LISTED, MAP, ("RM deny 5\n match ip address VPN", "RM deny 5\n match interface FastEthernet1/0")),
            "T | ip nat inside source route-map RM interface Ethernet0/0 overload", id="a route map for another way out",
        ),
        pytest.param(
            edited(LISTED, MAP, (" permit ip 10.2.1.0 0.0.0.255 10.1", " permit ip any 10.1")), f"E dynamic-map DYN | {MATCHED}",
            id="exempt by the deny of a route map",
        ),
        pytest.param(
            edited(LISTED, MAP, ("RM deny 5", "RM permit 5")),
            "T | ip nat inside source route-map RM interface Ethernet0/0 overload", id="translated by a route map",
        ),
        pytest.param(
            edited(LISTED, MAP, ("access-list extended VPN\n permit ip any 10.1", "access-list extended OTHER\n permit ip any 10.1")),
            "U | route-map RM deny 5: match ip address VPN, a list that is missing", id="a route map with a missing list",
        ),
        pytest.param(
            edited(LISTED, NO_DENY, (" permit ip 10.2.1.0 0.0.0.255 10.1", " permit ip any 10.1")), f"N dynamic-map DYN | {MATCHED}",
            id="source any: what is translated matches",
        ),
        pytest.param(
            edited(LISTED, NO_DENY, ("permit ip 10.2.1.0 0.0.0.255 10.1", "permit ip host 192.168.1.2 10.1")),
            f"N dynamic-map DYN | {MATCHED}",
            id="the outside address as source",
        ),
        pytest.param(
            edited(
                LISTED, NO_DENY, ("permit ip 10.2.1.0 0.0.0.255 10.1", "permit ip host 192.168.1.2 10.1"),
                ("ip address 192.168.1.2 255.255.255.0", "ip address dhcp"),
            ),
            "U | access-list L2L permit ip 192.168.1.2/32 10.1.1.0/24", id="the outside address as source, and leased",
        ),
        pytest.param(
            edited(LISTED, (ON_LAN, f"{ON_LAN} ip policy route-map P\n")), "U | interface FastEthernet1/0: ip policy route-map P",
            id="policy routing",
        ),
        pytest.param(
            edited(LISTED, (ON_LAN, f"{ON_LAN} zone-member security LAN\n")),
            "U | interface FastEthernet1/0: zone-member security LAN", id="zone firewall",
        ),
        pytest.param(
            edited(LISTED, (ON_LAN, f"{ON_LAN} ip access-group 120 in\n"), filter_120("permit tcp any any eq 22")),
            "D | interface FastEthernet1/0: ip access-group 120 in", id="filtered on entering",
        ),
        pytest.param(
            edited(LISTED, (ON_LAN, f"{ON_LAN} ip access-group 120 in\n")), f"E dynamic-map DYN | {MATCHED}",
            id="a missing filter permits all",
        ),
        pytest.param(
            edited(LISTED, ("ip nat outside\n", "ip nat outside\n ip access-group 120 out\n"), filter_120("permit esp any any")),
            f"E dynamic-map DYN | {MATCHED}", id="the filter outside sees ESP",
        ),
        pytest.param(
            edited(LISTED, ("ip nat outside\n", "ip nat outside\n ip access-group 120 in\n"), filter_120("permit udp any any")),
            f"D | {MATCHED}", id="ESP does not come in",
        ),
    ],
)  # fmt: skip
def test_what_decides_between_the_lan_and_the_initiator(text: str, fate: str) -> None:
    assert meets(text) == fate


def test_what_comes_in_clear_is_accepted_until_a_map_with_a_matching_list_is_bound() -> None:
    ends = (OUTER, "10.1.1.5", "10.2.1.5")
    assert meets(edited(LISTED, BOUND), *ends) == f"X | {PLAIN}"
    assert meets(LISTED, *ends) == f"D | {MATCHED}"
    assert meets(SEED, *ends) == f"X | {PLAIN}"


def test_own_packets_are_translated_where_they_leave_outside() -> None:
    assert meets(edited(LISTED, NO_DENY), SELF, "10.2.1.1") == f"T | {PAT}"
    assert meets(LISTED, SELF, "10.2.1.1") == f"E dynamic-map DYN | {MATCHED}"


def test_only_what_goes_from_inside_to_outside_is_translated() -> None:
    assert meets(SEED, OUTER, "10.2.1.5", "203.0.113.7") == f"V dynamic-map DYN | {DYNAMIC})"


def test_what_comes_to_a_static_translation_goes_to_the_host() -> None:
    text = edited(SEED, (PAT, f"{PAT}\nip nat inside source static tcp 10.2.1.5 80 interface Ethernet0/0 80"))
    assert meets(text, OUTER, "203.0.113.7", "192.168.1.2").startswith("T | ip nat inside source static tcp")
    assert meets(SEED, OUTER, "203.0.113.7", "192.168.1.2") == "X | own address of Ethernet0/0"


def test_interfaces_of_one_zone_talk_freely() -> None:
    text = edited(
        LISTED,
        (ON_LAN, f"{ON_LAN} zone-member security Z\n"),
        (" ip nat outside\n", " ip nat outside\n zone-member security Z\n"),
    )
    assert meets(text) == f"E dynamic-map DYN | {MATCHED}"
    assert meets(text, SELF, "10.2.1.1") == f"E dynamic-map DYN | {MATCHED}"


REFERENCE, STRONG = SUITES["reference"], SUITES["aes256-sha-g5"]


@pytest.mark.parametrize(
    ("needed", "fate"),
    [
        (Needed(REFERENCE.ike, REFERENCE.ipsec, Secret("cisco123")), "E dynamic-map DYN"),
        (Needed(REFERENCE.ike, REFERENCE.ipsec, Secret("other")), "D"),
        (Needed(STRONG.ike, REFERENCE.ipsec), "D"),
        (Needed(REFERENCE.ike, STRONG.ipsec), "D"),
    ],
)
def test_a_dynamic_entry_protects_only_with_what_the_initiators_need(needed: Needed, fate: str) -> None:
    packet = (6, parse_address("10.2.1.5"), 1024, parse_address("10.1.1.5"), 80)
    found = fate_of(parse(LISTED), LAN_SIDE, packet, peers={ANY_PEER: needed})
    assert str(found) == fate
    assert "cisco123" not in f"{found.line}{found.detail}"
