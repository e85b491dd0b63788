# Copyright: The netvpn.dynamic_l2l contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""Reading IOS configurations."""

from __future__ import annotations

import json
from typing import Any

import pytest
from _core.acl import Ace, Address, Opaque, Remark
from _core.algorithms import IkeProposal
from _core.errors import CoreError, InputError, ReadError
from _core.intent import DeadPeerDetection
from _core.ios import parse, render
from _core.ios.dialect import for_version
from _core.ios.model import IosConfig
from _core.prefixes import ANY, Prefix, parse_address
from core_support import golden
from core_support.ios_worlds import worlds
from hypothesis import given, settings
from hypothesis import strategies as st

RUNNING = golden.seed("ios-12.4-running-config.cfg")


def read(text: str, access_lists: str = "") -> IosConfig:
    return parse.parse(f"version 12.4\nhostname hub\n{text}end\n", access_lists)


def prefix(text: str) -> Prefix:
    return Prefix.parse(text)


@pytest.mark.parametrize("name", ["ios-12.4-running-config", "ios-12.4-start"])
def test_the_reference_is_read_as_the_golden_data(name: str, same_as_golden: golden.Compare) -> None:
    config = parse.parse(golden.seed(f"{name}.cfg"))
    data = render.owned_data(config, None, for_version(config.version))
    same_as_golden(f"ios-parsed-{name}.json", json.dumps(data, indent=1) + "\n")


def test_interfaces_and_routes_are_known() -> None:
    config = read(
        "interface Ethernet0/0\n ip address 192.168.1.2 255.255.255.0\n ip nat outside\n crypto map M redundancy HSRP\n"
        "interface Vlan1\n ip address 10.2.1.1 255.255.255.0\n ip address 10.2.2.1 255.255.255.0 secondary\n ip nat inside\n"
        "interface Dialer1\n ip address negotiated\ninterface Ethernet1/0\n ip address dhcp client-id Ethernet1/0\n"
        "interface Ethernet2/0\n ip address pool LANS\n"
        "ip route 0.0.0.0 0.0.0.0 192.168.1.1\nip route 10.7.0.0 255.255.0.0 Dialer1\nip route 10.8.0.0 255.255.0.0 10.2.2.9 250\n"
        "ip route vrf RED 10.9.0.0 255.255.0.0 10.2.2.9\nip route 10.10.0.0 255.255.0.0 172.31.0.1\n"
    )
    assert config.interfaces["Ethernet0/0"].crypto_map == "M"
    assert config.interfaces["Vlan1"].prefixes == (prefix("10.2.1.0/24"), prefix("10.2.2.0/24"))
    assert config.interfaces["Vlan1"].addresses == (parse_address("10.2.1.1"), parse_address("10.2.2.1"))
    assert config.interfaces["Dialer1"].prefixes == ()
    assert config.interfaces["Ethernet1/0"].prefixes == config.interfaces["Ethernet2/0"].prefixes == ()
    assert config.routes == [
        (ANY, "Ethernet0/0"),
        (prefix("10.7.0.0/16"), "Dialer1"),
        (prefix("10.8.0.0/16"), "Vlan1"),
    ]


@pytest.mark.parametrize(
    ("text", "exact"),
    [
        ("permit ip any any", True),
        ("deny ip host 10.1.1.1 10.2.0.0 0.0.255.255 log", True),
        ("permit tcp any eq www any", True),
        ("permit esp any any", True),
        ("permit tcp any any established", False),
        ("permit ip 10.0.0.1 255.255.255.0 any", False),
        ("permit ip object-group LAN any", False),
        ("permit icmp any any echo-reply", False),
        ("permit ip any any time-range NIGHT", False),
        ("permit tcp any any neq 80", False),
    ],
)
def test_entries_are_read_and_written_back(text: str, exact: bool) -> None:
    for config in (read(f"access-list 100 {text}\n"), read(f"ip access-list extended L\n {text}\n")):
        ((entry,),) = (access_list.entries for access_list in config.access_lists.values())
        assert isinstance(entry, Ace)
        assert entry.exact is exact
        assert render.entry_text(entry) == text


def test_padding_behind_deny_is_no_difference() -> None:
    padded = read("access-list 100 deny   ip any host 10.1.1.1\n").access_lists["100"]
    assert padded.entries == (Ace.between("deny", ANY, prefix("10.1.1.1/32")),)
    assert render.list_lines(padded) == ["access-list 100 deny   ip any host 10.1.1.1"]


def test_lists_of_all_kinds_are_read() -> None:
    config = read(
        "access-list 10 permit 10.2.1.0 0.0.0.255\naccess-list 10 permit 10.2.2.1\naccess-list 10 deny any\n"
        "access-list 1300 remark old ones\naccess-list 2000 permit ip any any\n"
        "ip access-list standard S\n permit host 10.2.1.1\nip access-list extended E\n remark deny is padded\n"
        " deny   ip any any\n evaluate MIRROR\nip access-list extended EMPTY\nipv6 access-list SIX\n permit ipv6 any any\n"
    )
    assert config.standard_lists == {"10", "1300", "S"}
    assert config.access_lists["10"].entries[0] == Ace.between("permit", prefix("10.2.1.0/24"), ANY)
    assert config.access_lists["10"].entries[1] == Ace.between("permit", prefix("10.2.2.1/32"), ANY)
    assert config.access_lists["1300"].entries == (Remark("old ones"),)
    assert config.access_lists["E"].entries == (
        Remark("deny is padded"), Ace("deny", Address(ANY), Address(ANY)), Opaque("evaluate MIRROR"),
    )  # fmt: skip
    assert config.access_lists["EMPTY"].entries == ()
    assert "SIX" not in config.access_lists
    assert render.list_lines(config.access_lists["10"], standard=True) == [
        "access-list 10 permit 10.2.1.0 0.0.0.255",
        "access-list 10 permit 10.2.2.1",
        "access-list 10 deny any",
    ]


LISTS = "ip access-list extended E\n remark one\n permit ip host 10.0.0.1 any\n remark two\n permit ip any any\n"


def test_numbers_come_from_show_access_lists_and_remarks_have_none() -> None:
    shown = "Extended IP access list E\n    5 permit ip host 10.0.0.1 any (12 matches)\n    30 permit ip any any\n"
    assert read(LISTS, f"show  access-lists\n{shown}hub#").access_lists["E"].numbers == (0, 5, 0, 30)


@pytest.mark.parametrize(
    "shown", ["Extended IP access list E\n    5 permit ip any any\n", "Standard IP access list 10\n    10 permit any\n"]
)
def test_lists_that_changed_between_two_reads_are_refused(shown: str) -> None:
    with pytest.raises(ReadError, match="list E"):
        read(LISTS, shown)


@pytest.mark.parametrize(
    ("line", "network", "key", "known"),
    [
        ("cisco123 address 0.0.0.0 0.0.0.0", "0.0.0.0/0", "cisco123", True),
        ("cisco123 address 0.0.0.0", "0.0.0.0/0", "cisco123", True),
        ("0 cisco123 address 192.0.2.1", "192.0.2.1/32", "cisco123", True),
        ("address address 192.0.2.0 255.255.255.0 no-xauth", "192.0.2.0/24", "address", True),
        ("6 `YZ]gKZ^ address 0.0.0.0 0.0.0.0", "0.0.0.0/0", "6 `YZ]gKZ^", False),
        ("6 address 192.0.2.1", "192.0.2.1/32", "6", True),
    ],
)
def test_all_forms_of_a_key_are_read_and_written_back(line: str, network: str, key: str, known: bool) -> None:
    (found,) = read(f"crypto isakmp key {line}\n").keys
    assert (found.prefix, found.key.reveal(), found.key.known) == (prefix(network), key, known)
    sent = render.key_line(found).sent
    again = read(f"{sent}\n").keys
    assert again == [found]
    assert (
        key not in render.key_line(found).shown.removeprefix("crypto isakmp key ********").replace("address", "")
        or key == "6"
    )


@pytest.mark.parametrize("line", ["cisco123 hostname hub.example", "cisco123 address ipv6 2001:DB8::/64"])
def test_keys_that_are_not_by_ipv4_address_are_others_and_are_not_told(line: str) -> None:
    config = read(f"crypto isakmp key {line}\n")
    assert config.keys == []
    assert not any("cisco123" in text for text in config.statics)


@pytest.mark.parametrize(
    ("lines", "proposal"),
    [
        ("", None),
        (" authentication pre-share\n", IkeProposal("des", "sha", 1, 86400)),
        (" hash md5\n authentication pre-share\n", IkeProposal("des", "md5", 1, 86400)),
        (" encr aes 256\n authentication pre-share\n group 5\n lifetime 3600\n", IkeProposal("aes256", "sha", 5, 3600)),
        (" encryption 3des\n authentication pre-share\n group 2\n", IkeProposal("3des", "sha", 2, 86400)),
        (" encr unheard-of\n authentication pre-share\n", None),
        (" authentication rsa-encr\n", None),
    ],
)
def test_what_a_policy_does_not_show_is_its_default(lines: str, proposal: IkeProposal | None) -> None:
    policy = read(f"crypto isakmp policy 10\n{lines}").policies[10]
    assert policy.proposal == proposal
    assert render.policy_lines(policy) == ["crypto isakmp policy 10", *lines.splitlines()]
    if proposal:
        shown = "".join(f" {row}\n" for row in render.policy_attributes(proposal, for_version("12.4")))
        assert read(f"crypto isakmp policy 10\n{shown}").policies[10].proposal == proposal


def test_dynamic_and_static_entries_are_read_whole() -> None:
    config = read(
        "crypto isakmp keepalive 30 5 periodic\ncrypto ipsec transform-set T esp-aes 256 esp-sha-hmac\n mode transport\n"
        "crypto dynamic-map D 10\n set security-association lifetime kilobytes 100000\n"
        " set security-association lifetime seconds 1800\n set transform-set T U\n set pfs\n match address L\n reverse-route\n"
        "crypto map M local-address Loopback0\ncrypto map M 20 ipsec-isakmp\n set peer 203.0.113.9\n match address P\n"
        "crypto map M 65535 ipsec-isakmp dynamic D\n"
    )
    entry = config.dynamic_entries[("D", 10)]
    assert (entry.acl, entry.transform_sets, entry.pfs, entry.seconds, entry.kilobytes) == (
        "L",
        ("T", "U"),
        "group1",
        1800,
        100000,
    )
    assert entry.others == ("reverse-route",)
    assert config.keepalive == DeadPeerDetection(30, 5)
    assert config.transform_sets["T"].lines == ("mode transport",)
    assert config.entries[("M", 20)].acl == "P"
    assert config.entries[("M", 65535)].dynamic == "D"
    assert config.crypto_lists() == {"L", "P"}
    assert read("crypto isakmp keepalive 10\n").keepalive == DeadPeerDetection(10, 2)


def test_translation_rules_and_their_lists_are_known() -> None:
    config = read(
        "ip nat inside source list 100 interface Ethernet0/0 overload\n"
        "ip nat inside source route-map R interface Ethernet0/0 overload\n"
        "ip nat inside source static 10.2.1.9 192.0.2.9\nip nat pool P 192.0.2.1 192.0.2.2 netmask 255.255.255.0\n"
        "route-map R permit 10\n match ip address 110 111\nroute-map R deny 20\n match ip address 112\n"
    )
    assert [config.lists_of(rule) for rule in config.nat_rules] == [("100",), ("110", "111")]
    assert config.nat_rules[0].text == "ip nat inside source list 100 interface Ethernet0/0 overload"
    assert len(config.statics) == 2


def test_who_else_uses_a_list_is_known() -> None:
    config = read(
        "access-list 100 permit ip any any\naccess-list 101 permit ip any any\n"
        "interface Ethernet0/0\n description 100 percent\n ip access-group 101 in\n"
        "ip nat inside source list 100 interface Ethernet0/0 overload\n"
    )
    assert set(config.other_users) == {"101"}


def test_a_banner_that_quotes_a_configuration_changes_nothing() -> None:
    quoted = RUNNING.replace(
        "line con 0\n", "banner motd ^C\ninterface Ethernet0/0\n no crypto map IPSEC\nend\n^C\nline con 0\n"
    )
    assert parse.parse(quoted) == parse.parse(RUNNING)


@pytest.mark.parametrize("version", ["12.3", "15.1", "16.9", "17.3", "11.2", ""])
def test_releases_that_are_not_supported_are_refused(version: str) -> None:
    with pytest.raises(InputError, match=r"Supported is 12\.4"):
        for_version(version)


@settings(max_examples=150)
@given(st.lists(st.sampled_from(RUNNING.split()), min_size=1, max_size=7), st.integers(4, 80), st.booleans())
def test_reading_never_ends_in_an_error_of_its_own(words: list[str], place: int, indented: bool) -> None:
    rows = RUNNING.splitlines()
    rows.insert(max(place, 5), (" " if indented else "") + " ".join(words))
    try:
        parse.parse("\n".join(rows))
    except CoreError:
        return


@settings(max_examples=40)
@given(worlds())
def test_what_is_read_can_be_written_and_read_again(device: Any) -> None:
    config = parse.parse(device.text(), device.show_access_lists())
    scope = {render.acl_ref(name) for name in config.access_lists} | {
        render.set_ref(name) for name in config.transform_sets
    }
    scope |= {render.entry_ref(e) for e in config.entries.values()} | {render.policy_ref(n) for n in config.policies}
    scope |= {render.dynamic_ref(name) for name, _sequence in config.dynamic_entries}
    scope |= {render.rule_ref(rule) for rule in config.nat_rules}
    text = render.owned_text(config, scope, for_version(config.version))
    again = parse.parse(f"version 12.4\n{text}end\n")
    for name in (
        "access_lists",
        "transform_sets",
        "entries",
        "dynamic_entries",
        "policies",
        "nat_rules",
        "standard_lists",
    ):
        assert getattr(again, name) == getattr(config, name), name
    assert render.owned_text(again, scope, for_version(config.version)) == text


def test_the_data_of_a_configuration_holds_no_key() -> None:
    config = parse.parse(RUNNING)
    data = json.dumps(render.owned_data(config, None, for_version(config.version)))
    assert "cisco123" not in data
    assert '"0.0.0.0/0": "********"' in data
