# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: The netvpn.dynamic_l2l contributors
"""Translations and filters as text for nft; the kernel's flows as the devices' tables.

The golden texts are those of the reference's configurations. Whether rules do what they say is shown with packets
(tests/wire/test_stages.py).
"""

from __future__ import annotations

import importlib
import random
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from devices import Device, rows
from devices.wire.names import Joint
from devices.wire.natstage import compile_cry, compile_nat, compile_places, deletions
from devices.wire.nft import addressed, match
from devices.wire.reading import Rule, read_fabric
from devices.wire.translations import FlowState, Translation, Way, connections, flows, translations
from test_devices_any_line import parts_of, sentence

Golden = Callable[[str], str]
WIRE = Path(__file__).resolve().parents[2] / "golden" / "wire"
PIX = {"outside": ("172.16.1.1", 24), "inside": ("10.1.1.2", 24)}
IOS = {"Ethernet0/0": ("192.168.1.2", 24), "FastEthernet1/0": ("10.2.1.1", 24)}
CASES = {
    "pix-7.2-running-config": ("pix-7.2", PIX, Joint("et0")),
    "pix-7.2-start": ("pix-7.2", PIX, Joint("et0")),
    "ios-12.4-running-config": ("ios-12.4", IOS, Joint("et0-0")),
    "ios-12.4-start": ("ios-12.4", IOS, Joint("et0-0")),
}
TABLE = """
ipv4     2 tcp      6 431999 ESTABLISHED src=10.1.1.10 dst=198.51.100.10 sport=4000 dport=80 packets=5 bytes=1268 \
src=198.51.100.10 dst=172.16.1.1 sport=80 dport=1030 packets=4 bytes=700 [ASSURED] mark={mark} use=1
ipv4     2 icmp     1 29 src=10.1.1.10 dst=198.51.100.10 type=8 code=0 id=7 packets=1 bytes=84 \
src=198.51.100.10 dst=172.16.1.1 type=0 code=0 id=1024 packets=1 bytes=84 mark={mark} use=1
ipv4     2 udp      17 20 src=10.1.1.10 dst=10.2.1.10 sport=5000 dport=7 packets=1 bytes=50 \
src=10.2.1.10 dst=10.1.1.10 sport=7 dport=5000 packets=1 bytes=50 mark=0 use=1
ipv4     2 tcp      6 100 SYN_SENT src=198.51.100.10 dst=172.16.1.20 sport=6000 dport=22 packets=1 bytes=60 [UNREPLIED] \
src=10.1.1.20 dst=198.51.100.10 sport=22 dport=6000 packets=0 bytes=0 mark=5 use=1
"""


@pytest.mark.parametrize("name", CASES)
def test_reference(name: str, golden: Golden) -> None:
    platform, addresses, joint = CASES[name]
    fabric = read_fabric(Device.from_text(platform, golden(f"{name}.cfg")))
    assert compile_nat(fabric, addresses, [joint]) == (WIRE / f"{name}.nat.nft").read_text()
    assert compile_cry(fabric, addresses, [joint]) == (WIRE / f"{name}.cry.nft").read_text()
    assert compile_places(fabric, addresses, [joint]) == (set(), set())


@pytest.mark.parametrize(
    ("rule", "text"),
    [
        (Rule("permit", "ip"), ""),
        (Rule("permit", "ip", "10.1.1.0/24", None, "10.2.1.1/32"), "ip saddr 10.1.1.0/24 ip daddr 10.2.1.1"),
        (Rule("permit", "ip", "10.0.1.0&255.0.255.0"), "ip saddr & 255.0.255.0 == 10.0.1.0"),
        (Rule("permit", "tcp", destination_ports=(80, 80)), "tcp dport 80"),
        (Rule("permit", "udp", source_ports=(0, 52)), "udp sport 0-52"),
        (Rule("permit", "tcp"), "meta l4proto tcp"),
        (Rule("permit", "tcp", other=("established",)), "tcp flags & (ack | rst) != 0x0"),
        (Rule("permit", "icmp", icmp=(3, 4)), "icmp type 3 icmp code 4"),
        (Rule("permit", "esp", other=("log", "6", "interval", "300")), "meta l4proto 50"),
        (Rule("permit", "ip", "interface:outside"), "ip saddr 172.16.1.1"),
        (Rule("permit", "ip", "interface:dmz"), None),
        (Rule("permit", "tcp", other=("fragments",)), None),
    ],
)
def test_entries(rule: Rule, text: str | None) -> None:
    assert match(rule, PIX) == text


def test_entries_of_the_way_back() -> None:
    rule = Rule("permit", "tcp", "10.1.1.0/24", (1, 9), "10.2.1.0/24", (80, 80))
    assert match(rule, PIX, reverse=True) == "ip saddr 10.2.1.0/24 ip daddr 10.1.1.0/24 tcp sport 80 tcp dport 1-9"


def test_esp_and_ike_in_one_port_meet_their_own_entries() -> None:
    rules = [
        Rule("deny", "tcp"),
        Rule("permit", "esp", "192.0.2.1/32"),
        Rule("permit", "udp", destination_ports=(500, 500)),
        Rule("permit", "udp", destination_ports=(4500, 4500)),
        Rule("deny", "ip", "10.0.0.0/8"),
    ]
    assert [(r.action, r.source) for r in addressed(rules, "esp")] == [
        ("permit", "192.0.2.1/32"),
        ("deny", "10.0.0.0/8"),
    ]
    assert [r.action for r in addressed(rules, "udp", 500)] == ["permit", "deny"]


def test_tables(golden: Golden) -> None:
    from devices.wire.nft import mark_of

    fabric = read_fabric(Device.from_text("pix-7.2", golden("pix-7.2-running-config.cfg")))
    line = "nat (inside) 1 0.0.0.0 0.0.0.0"
    found = flows(TABLE.format(mark=mark_of(line)))
    assert len(found) == 4
    assert translations(found, fabric, PIX) == [
        Translation("tcp", "10.1.1.10:4000", "172.16.1.1:1030", "198.51.100.10:80", "198.51.100.10:80", line),
        Translation("icmp", "10.1.1.10:7", "172.16.1.1:1024", "198.51.100.10:1024", "198.51.100.10:1024", line),
        Translation("tcp", "10.1.1.20:22", "172.16.1.20:22", "198.51.100.10:6000", "198.51.100.10:6000"),
    ]
    sides = [(each.inside, each.outside, each.bytes, each.flags) for each in connections(found, ["10.1.1.0/24"])]
    assert sides[0] == ("10.1.1.10:4000", "198.51.100.10:80", 1484, "UIO")
    assert sides[2] == ("10.1.1.10:5000", "10.2.1.10:7", 44, "")
    assert sides[3] == ("10.1.1.20:22", "198.51.100.10:6000", 0, "SaAB")


def test_headers_are_no_data_of_a_connection() -> None:
    def flow(protocol: str, *packets: int) -> FlowState:
        there, back = Way("10.1.1.10", "10.2.1.10", "1", "7"), Way("10.2.1.10", "10.1.1.10", "7", "1")
        sent = replace(there, packets=len(packets), bytes=sum(packets))
        return FlowState(protocol, sent, replace(back, packets=1, bytes=60))

    # a SYN and the answer, the acknowledgement of that; then ten bytes of data
    assert [flow("tcp", *packets).carried for packets in ((60,), (60, 52), (60, 52, 62))] == [0, 0, 10]
    assert [flow("udp", 38).carried, flow("icmp", 84).carried, flow("esp", 30).carried] == [42, 88, 50]


def test_a_connection_from_outside_is_told_by_its_flag() -> None:
    outside, inside = Way("198.51.100.10", "172.16.1.20"), Way("10.1.1.20", "198.51.100.10")
    table = connections(
        [FlowState("tcp", *sides, "ESTABLISHED") for sides in ((inside, outside), (outside, inside))], ["10.1.1.0/24"]
    )
    assert [(each.inside, each.flags) for each in table] == [("10.1.1.20", "UIO"), ("10.1.1.20", "UIOB")]


def test_only_a_pix_asks_for_connections(golden: Golden) -> None:
    for name, (platform, addresses, joint) in CASES.items():
        rules = compile_nat(read_fabric(Device.from_text(platform, golden(f"{name}.cfg"))), addresses, [joint])
        found = [line.split()[1] for line in rules.splitlines() if "!= syn" in line]
        assert found == (['"et0"', '"et1"'] if platform == "pix-7.2" else []), name


def test_statics_are_entries_at_all_times() -> None:
    text = (
        "version 12.4\ninterface Ethernet0/0\n ip address 192.168.1.2 255.255.255.0\n ip nat outside\n!\n"
        "ip nat inside source static 10.2.1.5 192.168.1.20\n"
        "ip nat inside source static tcp 10.2.1.6 80 interface Ethernet0/0 8080\nend\n"
    )
    fabric = read_fabric(Device.from_text("ios-12.4", text))
    found = translations([], fabric, IOS)
    assert [(each.protocol, each.inside_local, each.inside_global) for each in found] == [
        ("---", "10.2.1.5", "192.168.1.20"),
        ("tcp", "10.2.1.6:80", "192.168.1.2:8080"),
    ]
    assert compile_places(fabric, IOS, [Joint("et0-0")]) == (
        set(),
        {"route 192.168.1.20 via 169.254.1.1 dev n-et0-0 table 2000", "neigh proxy 192.168.1.20 dev et0-0"},
    )


@pytest.mark.parametrize("seed", range(3))
@pytest.mark.parametrize("name", ["pix-7.2-running-config", "ios-12.4-running-config"])
def test_whatever_is_typed_can_be_compiled(name: str, seed: int, golden: Golden, session: Callable[..., Any]) -> None:
    platform, addresses, joint = CASES[name]
    macros = importlib.import_module(f"devices.platforms.{platform[:3]}.acl").MACROS
    rng = random.Random(seed)
    typed = session(Device.from_text(platform, golden(f"{name}.cfg")))
    modes: dict[str, list[str]] = {}
    for row in rows(platform):
        if any(word in row.grammar for word in ("nat", "access", "static", "global", "route", "interface", "$ACE")):
            modes.setdefault(row.mode, []).append(row.grammar)
    typed.type("configure terminal")
    for number in range(300):
        mode = typed.shell.mode.name
        grammar = rng.choice(modes[mode if mode in modes and rng.random() < 0.6 else "config"])
        typed.type(" ".join(sentence(parts_of(grammar, macros), rng)))
        if number % 5 == 0:
            fabric = read_fabric(typed.device)
            for joints in ([joint], []):
                assert "None" not in compile_nat(fabric, addresses, joints) + compile_cry(fabric, addresses, joints)
                compile_places(fabric, addresses, joints)


def test_a_flow_has_two_hosts_and_what_they_are_translated_to_is_none() -> None:
    found = [flow.hosts for flow in flows(TABLE.format(mark=9))]
    outward, inward = {"10.1.1.10", "198.51.100.10"}, {"198.51.100.10", "10.1.1.20"}
    assert found == [outward, outward, {"10.1.1.10", "10.2.1.10"}, inward]


def test_flows_are_ended_by_pairs_of_hosts_where_all_of_them_go() -> None:
    def udp(number: int, to: str = "", source: str = "10.1.1.10") -> FlowState:
        there = Way(source, "198.51.100.10", str(number), "7")
        return FlowState("udp", there, Way("198.51.100.10", to or source, "7", str(number)), mark=9 if to else 0)

    one, old, new = "-D -f ipv4 -p udp -s 10.1.1.10 -d 198.51.100.10", "172.16.1.1", "172.16.1.7"
    assert deletions([udp(1), udp(2)], [udp(3, old), udp(3, source="10.1.1.11")]) == [f"{one} -m 0"]
    assert deletions([udp(1), udp(2, old)], [udp(3), udp(4, old)]) == [
        f"{one} --sport 1 --dport 7",
        f"{one} --sport 2 --dport 7",
    ]
    # An address that is gone may have had thousands of flows, and new ones have the new address already.
    assert deletions([udp(number, old) for number in range(5000)], [udp(5000, new)]) == [f"{one} -q {old}"]

    def ping(number: str) -> FlowState:
        way = Way("10.1.1.10", "198.51.100.10", number, number)
        return FlowState("icmp", way, way, mark=9)

    assert deletions([ping("77")], [ping("78")]) == ["-D -f ipv4 -p icmp -s 10.1.1.10 -d 198.51.100.10 --icmp-id 77"]
