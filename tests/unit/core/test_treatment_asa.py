# Copyright: The netvpn.dynamic_l2l contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""What a PIX/ASA does with packets: by the model, and by a walk through the text with one packet in hand."""

from __future__ import annotations

import random
from collections.abc import Callable
from dataclasses import replace

import pytest
from _core.acl import AccessList
from _core.algorithms import SUITES
from _core.asa.model import AsaConfig
from _core.asa.parse import parse
from _core.asa.treat import forwarding
from _core.prefixes import EVERYTHING_BOX, Prefix, Region, dotted, parse_address
from _core.secret import Secret
from _core.treatment import SELF, Needed, classes, emerging, fate_of, model
from core_support import asa_worlds, fates, golden, treatments
from core_support.effort import calls
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

NINE = "tunnel-group 203.0.113.9 ipsec-attributes\n pre-shared-key nine"

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
    ("route outside 0.0.0.0 0.0.0.0 198.51.100.1 1", "route outside 0.0.0.0 0.0.0.0 198.51.100.1 1 track 1"),
    ("", "", "", "route dmz 0.0.0.0 0.0.0.0 10.1.2.9 200"),
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
    (NINE, NINE, ""),
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


#: What lines that are taken away begin with.
CHANGED = ("access-list", "nat ", "global ", "static ", "crypto map", "crypto isakmp enable", "access-group")
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

SEED = golden.seed("pix-7.2-running-config.cfg")
#: The slip of the reference document's own text: the exemption names 10.2.2.0.
SLIP = SEED.replace(
    "NO-NAT extended permit ip 10.1.1.0 255.255.255.0 10.2.1.0",
    "NO-NAT extended permit ip 10.1.1.0 255.255.255.0 10.2.2.0",
)


@pytest.mark.parametrize(
    ("name", "text"), [("seed", SEED), ("start", golden.seed("pix-7.2-start.cfg")), ("slip", SLIP)]
)
def test_the_classes_of_the_reference_are_as_kept(name: str, text: str, same_as_golden: golden.Compare) -> None:
    config = parse(text)
    same_as_golden(f"asa-classes-{name}.txt", treatments.table([*classes(config), *emerging(config)]))


def meets(text: str, enters: str = "inside", source: str = "10.1.1.5", destination: str = "10.2.1.5") -> str:
    """The fate of a TCP packet, with its line."""
    packet = (6, parse_address(source), 1024, parse_address(destination), 80)
    fate = fate_of(parse(text), enters, packet)
    return f"{fate} | {fate.line}"


def with_lines(*lines: str, text: str = SEED) -> str:
    """``text`` with more lines, or without some (``no …``)."""
    for line in lines:
        if line.startswith("no "):
            assert f"{line[3:]}\n" in text
            text = text.replace(f"{line[3:]}\n", "")
        else:
            text = text.replace("pager lines 24\n", f"{line}\npager lines 24\n")
    return text


EXEMPTION = "no nat (inside) 0 access-list NO-NAT"
BINDING = "no crypto map IPSEC interface outside"
ENTRY = "crypto map IPSEC 10 match address IPSec-traffic"
WITHOUT_PAT = ("no nat (inside) 1 0.0.0.0 0.0.0.0", "no global (outside) 1 interface")
EXEMPT = "nat (inside) 0 access-list NO-NAT"


@pytest.mark.parametrize(
    ("lines", "fate"),
    [
        pytest.param((), f"E 192.168.1.2 | {ENTRY}", id="exempt and protected"),
        pytest.param((EXEMPTION,), "T | nat (inside) 1 0.0.0.0 0.0.0.0", id="not exempt: translated before the crypto map"),
        pytest.param((BINDING,), f"X | {EXEMPT}", id="exempt, map not bound: in clear"),
        pytest.param((EXEMPTION, BINDING, *WITHOUT_PAT), "X | no line translates or protects it", id="no nat-control"),
        pytest.param((EXEMPTION, "nat-control", *WITHOUT_PAT), "D | nat-control", id="nat-control without a rule"),
        pytest.param((EXEMPTION, WITHOUT_PAT[1]), "D | nat (inside) 1 0.0.0.0 0.0.0.0", id="nat without its global"),
        pytest.param(("no crypto isakmp enable outside",), f"D | {ENTRY}", id="IKE not enabled"),
        pytest.param(("no tunnel-group 192.168.1.2 ipsec-attributes", "no  pre-shared-key *"), f"D | {ENTRY}", id="no key"),
        pytest.param(("no tunnel-group 192.168.1.2 type ipsec-l2l",), f"D | {ENTRY}", id="tunnel-group of no type"),
        pytest.param(("no crypto map IPSEC 10 set peer 192.168.1.2",), f"D or X | {ENTRY}", id="incomplete: no peer"),
        pytest.param(("no crypto map IPSEC 10 set transform-set DYN-TS",), f"D or X | {ENTRY}", id="incomplete: no set"),
        pytest.param(
            ("no crypto map IPSEC 10 set peer 192.168.1.2", EXEMPTION), "T | nat (inside) 1 0.0.0.0 0.0.0.0",
            id="incomplete, and translated",
        ),
        pytest.param(
            ("static (inside,outside) 203.0.113.5 10.1.1.5 netmask 255.255.255.255",), f"E 192.168.1.2 | {ENTRY}",
            id="exemption wins over a static",
        ),
        pytest.param(
            ("static (inside,outside) 203.0.113.5 10.1.1.5 netmask 255.255.255.255", EXEMPTION),
            "T | static (inside,outside) 203.0.113.5 10.1.1.5 netmask 255.255.255.255", id="static before nat",
        ),
        pytest.param(
            ("route inside 10.2.1.0 255.255.255.128 10.1.1.9 1",),
            "D | no same-security-traffic permit intra-interface", id="a more specific route elsewhere",
        ),
        pytest.param(
            ("route inside 192.168.1.0 255.255.255.0 10.1.1.9 1",), f"D | {ENTRY}", id="the route to the peer leads elsewhere",
        ),
        pytest.param(
            ("access-list IPSec-traffic extended permit ip any 10.2.1.0 255.255.255.0", EXEMPTION),
            "N 192.168.1.2 | " + ENTRY, id="source any: what is translated matches",
        ),
        pytest.param(
            ("access-list IPSec-traffic extended permit ip 203.0.113.0 255.255.255.0 10.2.1.0 255.255.255.0", EXEMPTION),
            "U | access-list IPSec-traffic permit ip 203.0.113.0/24 10.2.1.0/24", id="a public source and a leased address",
        ),
        pytest.param(
            ("access-list L extended permit tcp any any eq telnet", "access-group L in interface inside"),
            "D | access-group L in interface inside", id="filtered on entering",
        ),
        pytest.param(
            ("group-policy G attributes", " vpn-filter value F", "access-list F extended permit tcp 10.2.1.0 255.255.255.0 any eq 22",
             "tunnel-group 192.168.1.2 general-attributes", " default-group-policy G"),
            "D | group-policy G: vpn-filter value F", id="filtered inside the tunnel",
        ),
        pytest.param(
            ("group-policy G attributes", " vpn-filter value F", "access-list F extended permit tcp 10.2.1.0 255.255.255.0 eq www any",
             "tunnel-group 192.168.1.2 general-attributes", " default-group-policy G"),
            f"E 192.168.1.2 | {ENTRY}", id="let through by the filter, which is written from the other end",
        ),
        pytest.param(
            ("ip verify reverse-path interface inside",), "U | ip verify reverse-path interface inside", id="uRPF",
        ),
        pytest.param(
            ("access-list NO-NAT extended deny ip 10.1.1.0 255.255.255.0 object-group HUBS",), f"E 192.168.1.2 | {ENTRY}",
            id="an object-group below what decides touches nothing",
        ),
    ],
)  # fmt: skip
def test_what_decides_between_the_lan_and_the_hub(lines: tuple[str, ...], fate: str) -> None:
    # A line of a block goes where its head is; the last given comes first.
    ordered = [line for line in lines if line.startswith("no ")] + [
        line for line in lines if not line.startswith("no ")
    ]
    assert meets(with_lines(*ordered)) == fate


def test_before_7_2_an_incomplete_entry_stops_the_whole_interface() -> None:
    text = asa_worlds.as_old_release(with_lines("no crypto map IPSEC 10 set peer 192.168.1.2"))
    assert meets(text, destination="203.0.113.200") == f"D | {ENTRY}"


def test_an_entry_without_a_list_may_drop_all_that_leaves() -> None:
    text = with_lines(f"no {ENTRY}")
    assert meets(text, destination="203.0.113.200") == "D or T | crypto map IPSEC 10"


def test_an_exemption_without_protection_is_in_clear_and_the_rest_is_translated() -> None:
    assert meets(SLIP) == "T | nat (inside) 1 0.0.0.0 0.0.0.0"
    assert meets(SLIP, destination="10.2.2.5") == f"X | {EXEMPT}"


def test_own_packets_are_never_translated_and_switch_at_the_binding() -> None:
    assert meets(with_lines(EXEMPTION), SELF, "10.1.1.2") == f"E 192.168.1.2 | {ENTRY}"
    assert meets(with_lines(EXEMPTION, BINDING), SELF, "10.1.1.2") == "X | no line translates or protects it"


def test_nothing_comes_in_in_clear_without_a_filter_that_lets_it_in() -> None:
    assert meets(SEED, "outside", "10.2.1.5", "10.1.1.5").startswith("D | no access-group in interface outside")
    let_in = ("access-group L in interface outside", "access-list L extended permit ip any any")
    assert meets(with_lines(*let_in), "outside", "10.2.1.5", "10.1.1.5").startswith("V 192.168.1.2 | ")
    assert meets(with_lines(*let_in, BINDING), "outside", "10.2.1.5", "10.1.1.5").startswith("X | ")
    # The answer would be translated: refused.
    assert meets(with_lines(*let_in, EXEMPTION), "outside", "10.2.1.5", "10.1.1.5").startswith("D | nat (inside) 1")


NEEDED = Needed(SUITES["reference"].ike, SUITES["reference"].ipsec)


@pytest.mark.parametrize(
    ("needed", "fate", "reason"),
    [
        (NEEDED, "E 192.168.1.2", ""),
        (Needed(SUITES["aes256-sha-g5"].ike, NEEDED.ipsec), "D", "no crypto isakmp policy with aes256, sha, group 5"),
        (Needed(NEEDED.ike, SUITES["aes256-sha-g5"].ipsec), "D", "no transform set with aes256, sha"),
        (Needed(NEEDED.ike, NEEDED.ipsec, Secret("cisco123")), "E 192.168.1.2", ""),
        (Needed(NEEDED.ike, NEEDED.ipsec, Secret("other")), "D", "another pre-shared-key in tunnel-group 192.168.1.2"),
    ],
)
def test_an_entry_protects_only_with_what_its_peer_needs(needed: Needed, fate: str, reason: str) -> None:
    config = parse(SEED.replace("pre-shared-key *", "pre-shared-key cisco123"))
    packet = (6, parse_address("10.1.1.5"), 1024, parse_address("10.2.1.5"), 80)
    found = fate_of(config, "inside", packet, peers={"192.168.1.2": needed})
    assert str(found) == fate
    assert "cisco123" not in found.detail
    if reason:
        assert found.detail == reason


def test_classes_can_be_asked_for_a_part() -> None:
    region = Region.pair(Prefix.parse("10.1.1.0/24"), Prefix.parse("10.2.1.0/24"))
    (found,) = classes(parse(SEED), {"inside": region})
    assert (found.enters, found.direction, found.region, str(found.fate)) == ("inside", "out", region, "E 192.168.1.2")


def test_entries_that_cannot_negotiate_are_no_more_work_than_their_lists_are_long() -> None:
    """Each leaves what its long list permits to the next: that is looked at once, not once for each way there."""

    def work(entries: int) -> int:
        lines = [
            *(f"crypto map IPSEC {100 + n} match address C{n}" for n in range(entries)),
            *(
                f"access-list C{n} extended permit ip 10.1.1.0 255.255.255.0 11.{n}.{2 * row}.0 255.255.255.0"
                for n in range(entries)
                for row in range(20)
            ),
        ]
        lines += [f"crypto map IPSEC {100 + n} set peer 203.0.113.{n + 1}" for n in range(entries)]
        lines += [f"crypto map IPSEC {100 + n} set transform-set MISSING" for n in range(entries)]
        tables = model(parse(with_lines(*lines)))
        return calls(lambda: tables.treat("outside", EVERYTHING_BOX))

    # Quadratic in the worst case: each entry is asked about what those before it left.
    assert work(12) <= 12 * work(4)


#: One edit of a configuration with somebody's tunnel in service.
EDITS: dict[str, Callable[[AsaConfig], object]] = {
    "list": lambda c: c.access_lists.update(OTHER=AccessList("OTHER", c.access_lists["NO-NAT"].entries)),
    "list gone": lambda c: c.access_lists.pop("OTHER"),
    "list of a filter": lambda c: c.access_lists.update(VPN=AccessList("VPN", c.access_lists["NO-NAT"].entries)),
    "group": lambda c: c.groups.update({"203.0.113.9": replace(c.groups["203.0.113.9"], key=None)}),
    "group gone": lambda c: c.groups.pop("203.0.113.9"),
    "default group": lambda c: c.groups.pop("DefaultL2LGroup"),
    "filter": lambda c: setattr(c, "vpn_filters", {}),
    "policy": lambda c: c.policies.clear(),
    "transform set": lambda c: c.transform_sets.pop("OTHER-TS"),
    "enabled": lambda c: c.enabled.clear(),
    "entry": lambda c: c.entries.update({("OUTSIDE", 20): replace(c.entries[("OUTSIDE", 20)], transform_sets=())}),
    "entry gone": lambda c: c.entries.pop(("OUTSIDE", 20)),
    "another entry": lambda c: c.entries.update({("OUTSIDE", 10): replace(c.entries[("OUTSIDE", 20)], sequence=10)}),
    "dynamic": lambda c: c.entries.update({("OUTSIDE", 20): replace(c.entries[("OUTSIDE", 20)], dynamic="DYN")}),
    "bound": lambda c: c.bindings.clear(),
    "route": lambda c: setattr(c, "static_routes", []),
    "translation": lambda c: c.nats.clear(),
}


@pytest.mark.parametrize("edit", EDITS)
@pytest.mark.parametrize("known", [False, True])
def test_tables_that_take_over_what_is_as_it_was_are_those_that_are_made_anew(edit: str, known: bool) -> None:
    extra = (
        "access-list VPN extended permit ip 10.9.0.0 255.255.0.0 10.1.1.0 255.255.255.0\n"
        "group-policy OTHERS internal\ngroup-policy OTHERS attributes\n vpn-filter value VPN\n"
        "tunnel-group DefaultL2LGroup ipsec-attributes\n pre-shared-key other\n"
    )
    text = asa_worlds.PAT + asa_worlds.OTHERS_EXEMPT + asa_worlds.EXEMPTION + asa_worlds.OTHERS + extra
    config = parse(asa_worlds.start(text).text())
    suite = SUITES["reference"]
    needed = {"203.0.113.9": Needed(suite.ike, suite.ipsec, Secret("other"))} if known else {}
    tables = forwarding(config, needed)
    edited = config.copy()
    EDITS[edit](edited)
    made, anew = forwarding(edited, needed, like=(config, tables)), forwarding(edited, needed)
    ports = made.ports.keys() | anew.ports.keys()
    assert all(made.ports[name].entries == anew.ports[name].entries for name in ports)
    # ... and what is there already is taken over.
    assert (
        forwarding(config, needed, like=(config, tables)).ports["outside"].entries[0]
        is tables.ports["outside"].entries[0]
    )
