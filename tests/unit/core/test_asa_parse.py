# Copyright: The netvpn.dynamic_l2l contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""Reading PIX/ASA configurations."""

from __future__ import annotations

import json
from typing import Any

import pytest
from _core.acl import Ace, Address, Entry, Opaque, Remark
from _core.algorithms import IkeProposal
from _core.asa import parse, render
from _core.asa.dialect import for_version
from _core.asa.model import AsaConfig, Nat
from _core.errors import CoreError, InputError, ReadError
from _core.intent import DeadPeerDetection
from _core.prefixes import ANY, Prefix
from core_support import golden
from core_support.asa_worlds import OTHERS, as_old_release, start, worlds
from hypothesis import given, settings
from hypothesis import strategies as st

RUNNING = golden.seed("pix-7.2-running-config.cfg")
HEAD = "PIX Version 7.2(2)\nhostname pix\n"


def read(text: str) -> AsaConfig:
    return parse.parse(HEAD + text)


def entries(config: AsaConfig, name: str = "A") -> tuple[Entry, ...]:
    return config.access_lists[name].entries


def prefix(text: str) -> Prefix:
    return Prefix.parse(text)


@pytest.mark.parametrize("name", ["pix-7.2-running-config", "pix-7.2-start"])
def test_the_reference_is_read_as_the_golden_data(name: str, same_as_golden: golden.Compare) -> None:
    config = parse.parse(golden.seed(f"{name}.cfg"))
    data = render.owned_data(config, None, for_version(config.version))
    same_as_golden(f"asa-parsed-{name}.json", json.dumps(data, indent=1) + "\n")


def test_interfaces_and_routes_of_the_reference_are_known() -> None:
    config = parse.parse(RUNNING)
    assert config.hostname == "pixfirewall"
    assert config.interfaces["outside"].dhcp
    assert not config.interfaces["outside"].setroute
    assert config.routing_table() == [(prefix("10.1.1.0/24"), "inside"), (ANY, "outside")]


def test_a_lease_with_setroute_is_a_default_route_and_pppoe_is_a_lease() -> None:
    for words in ("dhcp setroute", "pppoe setroute", "dhcp client route setroute"):
        config = read(f"interface Ethernet0\n nameif outside\n ip address {words}\n")
        assert config.routing_table() == [(ANY, "outside")]
    assert read("interface Ethernet0\n nameif outside\n ip address pppoe\n").interfaces["outside"].dhcp


def test_names_stand_for_addresses_everywhere() -> None:
    config = read(
        "names\nname 10.1.1.0 lan\nname 10.2.1.0 remote description the hub's\nname 192.168.1.2 hub\nname 10.1.1.9 server\n"
        "access-list A extended permit ip lan 255.255.255.0 remote 255.255.255.0\n"
        "access-list A extended permit tcp host server any eq www\n"
        "route inside remote 255.255.255.0 server 1\n"
        "nat (inside) 1 lan 255.255.255.0\n"
        "crypto map M 10 set peer hub\ntunnel-group hub type ipsec-l2l\n"
    )
    assert entries(config)[0] == Ace.between("permit", prefix("10.1.1.0/24"), prefix("10.2.1.0/24"))
    assert str(entries(config)[1]) == "permit tcp 10.1.1.9/32 0.0.0.0/0 eq www"
    assert config.routes == [(prefix("10.2.1.0/24"), "inside")]
    assert config.nats == [Nat("inside", 1, prefix=prefix("10.1.1.0/24"))]
    assert config.entries[("M", 10)].peers == ("192.168.1.2",)
    assert config.groups["192.168.1.2"].type == "ipsec-l2l"


@pytest.mark.parametrize(
    ("text", "exact"),
    [
        ("permit ip any any", True),
        ("permit ip host 10.1.1.1 10.2.0.0 255.255.0.0", True),
        ("deny tcp any host 10.1.1.1 eq www", True),
        ("permit udp any eq domain any range 1024 65535 log", True),
        ("permit 89 any any", True),
        ("permit icmp any any echo", False),
        ("permit tcp any any eq whatever", False),
        ("permit ip object-group LAN any", False),
        ("permit tcp any object-group SERVERS eq www", False),
        ("permit ip any interface outside", False),
        ("permit ip any any inactive", False),
        ("permit ip any any time-range NIGHT", False),
    ],
)
def test_entries_are_read_and_written_back(text: str, exact: bool) -> None:
    (entry,) = entries(read(f"access-list A extended {text}\n"))
    assert isinstance(entry, Ace)
    assert entry.exact is exact
    assert render.entry_text(entry) == f"extended {text}"


@pytest.mark.parametrize(
    "text",
    ["extended permit object-group SERVICES any any", "standard permit 10.0.0.0 255.0.0.0", "webtype deny url any"],
)
def test_entries_of_other_kinds_are_kept_as_they_stand(text: str) -> None:
    (entry,) = entries(read(f"access-list A {text}\n"))
    assert isinstance(entry, Opaque)
    assert render.entry_text(entry) == text.removeprefix("extended ")


def test_the_short_form_of_the_documents_prose_is_read() -> None:
    assert entries(read("access-list nonat permit ip 10.1.1.0 255.255.255.0 10.2.2.0 255.255.255.0\n"), "nonat") == (
        Ace.between("permit", prefix("10.1.1.0/24"), prefix("10.2.2.0/24")),
    )
    assert parse.parse_entry("line 3 extended permit ip any any") == Ace("permit", Address(ANY), Address(ANY))


def test_remarks_keep_their_text_and_place() -> None:
    config = read("access-list A remark never  touch permit ip any\naccess-list A extended permit ip any any\n")
    assert entries(config)[0] == Remark("never  touch permit ip any")
    assert render.entry_text(entries(config)[0]) == "remark never  touch permit ip any"


def test_translation_is_told_apart() -> None:
    config = read(
        "nat-control\nglobal (outside) 1 interface\nglobal (outside) 2 192.0.2.10-192.0.2.20 netmask 255.255.255.0\n"
        "nat (inside) 0 access-list NO-NAT\nnat (inside) 1 0.0.0.0 0.0.0.0\nnat (inside) 2 access-list POLICY\n"
        "nat (dmz) 0 10.1.2.0 255.255.255.0\nnat (outside) 0 access-list IN outside\n"
        "static (inside,outside) 192.0.2.9 10.1.1.9 netmask 255.255.255.255\n"
    )
    assert config.nat_control
    assert config.exemptions == {"inside": "NO-NAT"}
    assert [render.nat_text(nat) for nat in config.nats] == [
        "nat (inside) 1 0.0.0.0 0.0.0.0",
        "nat (inside) 2 access-list POLICY",
        "nat (dmz) 0 10.1.2.0 255.255.255.0",
        "nat (outside) 0 access-list IN outside",
    ]
    assert [render.global_text(item) for item in config.globals] == [
        "global (outside) 1 interface",
        "global (outside) 2 192.0.2.10-192.0.2.20 netmask 255.255.255.0",
    ]
    assert len(config.statics) == 1


def test_crypto_maps_are_read_whole() -> None:
    config = read(
        "crypto map M 10 match address A\ncrypto map M 10 set pfs\ncrypto map M 10 set peer 192.0.2.1 192.0.2.2\n"
        "crypto map M 10 set transform-set X Y\ncrypto map M 10 set security-association lifetime seconds 3600\n"
        "crypto map M 10 set security-association lifetime kilobytes 4608000\ncrypto map M 10 set reverse-route\n"
        "crypto map M 65000 ipsec-isakmp dynamic D\ncrypto map M interface outside\n"
        "crypto map M client authentication LOCAL\n"
    )
    entry = config.entries[("M", 10)]
    assert (entry.acl, entry.pfs, entry.peers, entry.transform_sets) == (
        "A",
        "group2",
        ("192.0.2.1", "192.0.2.2"),
        ("X", "Y"),
    )
    assert (entry.seconds, entry.kilobytes, entry.others) == (3600, 4608000, ("set reverse-route",))
    assert config.entries[("M", 65000)].dynamic == "D"
    assert config.bindings == {"outside": "M"}
    text = "".join(f"{line}\n" for line in render.entry_lines(entry))
    assert read(text).entries[("M", 10)] == entry


def test_policies_are_read_as_blocks_and_line_by_line() -> None:
    block = read(
        "crypto isakmp policy 10\n authentication pre-share\n encryption aes-256\n hash sha\n group 5\n lifetime 28800\n"
    )
    flat = parse.parse(
        "PIX Version 7.0(4)\nisakmp policy 10 authentication pre-share\nisakmp policy 10 encryption aes-256\n"
        "isakmp policy 10 hash sha\nisakmp policy 10 group 5\nisakmp policy 10 lifetime 28800\nisakmp enable outside\n"
    )
    assert block.policies == flat.policies
    assert block.policies[10].proposal == IkeProposal("aes256", "sha", 5, 28800)
    assert flat.enabled == ["outside"]


@pytest.mark.parametrize(
    "lines",
    [
        " authentication rsa-sig\n",
        " authentication pre-share\n encryption rot13\n",
        " authentication pre-share\n group ec2n\n",
        "",
    ],
)
def test_a_policy_that_is_not_understood_is_kept_and_never_matched(lines: str) -> None:
    policy = read(f"crypto isakmp policy 20\n{lines}").policies[20]
    assert policy.proposal is None
    assert render.policy_lines(policy, for_version("7.2"))[1:] == lines.splitlines()


def test_the_whole_7_2_configuration_and_its_7_1_form_say_the_same() -> None:
    new, old = parse.parse(RUNNING), parse.parse(as_old_release(RUNNING))
    assert old.policies == new.policies
    assert old.enabled == new.enabled
    assert old.entries == new.entries


def test_tunnel_groups_keys_and_keepalives() -> None:
    config = read(
        "tunnel-group 192.0.2.1 type ipsec-l2l\ntunnel-group 192.0.2.1 general-attributes\n default-group-policy G\n"
        "tunnel-group 192.0.2.1 ipsec-attributes\n pre-shared-key S3cret*\n peer-id-validate nocheck\n"
        " isakmp keepalive threshold 30 retry 3\n"
        "tunnel-group 192.0.2.2 type ipsec-l2l\ntunnel-group 192.0.2.2 ipsec-attributes\n pre-shared-key *****\n"
    )
    one, two = config.groups["192.0.2.1"], config.groups["192.0.2.2"]
    assert one.key
    assert one.key.reveal() == "S3cret*"
    assert one.dpd == DeadPeerDetection(30, 3)
    assert one.others == (
        ("general-attributes", "default-group-policy G"),
        ("ipsec-attributes", "peer-id-validate nocheck"),
    )
    assert two.key
    assert not two.key.known
    assert "S3cret" not in "".join(render.group_lines(one))


def test_who_else_uses_a_list_or_a_set_is_known() -> None:
    config = read(
        "access-list A extended permit ip any any\naccess-list B extended permit ip any any\n"
        "access-group A in interface outside\ncrypto map M 10 match address B\nnat (inside) 0 access-list B\n"
        "interface Ethernet0\n nameif outside\n description A\n"
    )
    assert set(config.other_users) == {"A"}
    assert config.other_users["A"] == ["access-group A in interface outside"]


def test_asdm_lines_and_comments_are_passed_over() -> None:
    assert parse.parse(RUNNING + "asdm image flash:/asdm.bin\n: Written by enable_15\n").access_lists


def test_a_banner_that_quotes_a_configuration_changes_nothing() -> None:
    more = "banner motd ^C\nbanner motd crypto map IPSEC 10 set peer 203.0.113.1\nbanner exec nat (inside) 0 access-list X\n"
    quoted = parse.parse(RUNNING.replace("pager lines 24\n", f"{more}pager lines 24\n"))
    assert quoted.entries == parse.parse(RUNNING).entries
    assert quoted.bindings == {"outside": "IPSEC"}


@pytest.mark.parametrize("version", ["6.3(5)", "8.3(1)", "8.4(2)", "9.1(7)", "9.16(4)", "", "x"])
def test_releases_that_are_not_supported_are_refused(version: str) -> None:
    with pytest.raises(InputError, match=r"7\.0 to 8\.2"):
        for_version(version)


@pytest.mark.parametrize(
    ("version", "says"),
    [("6.3(5)", "PIX 6.x has no tunnel groups"), ("8.4(2)", "from 8.3 on translation"), ("seven", "is not supported")],
)
def test_a_refused_release_is_told_why(version: str, says: str) -> None:
    with pytest.raises(InputError, match=says):
        parse.parse(f": Saved\n:\nPIX Version {version}\n: end\n")


@pytest.mark.parametrize(
    ("version", "name"),
    [
        ("7.0(1)", "7.0-7.1"),
        ("7.1(2)", "7.0-7.1"),
        ("7.2(2)", "7.2-8.2"),
        ("8.0(4)", "7.2-8.2"),
        ("8.2(5)13", "7.2-8.2"),
    ],
)
def test_each_release_has_its_dialect(version: str, name: str) -> None:
    assert name in for_version(version).name


@pytest.mark.parametrize(
    "line", ["route inside", "crypto map M", "nat (inside)", "global (outside) x interface", "access-list A"]
)
def test_a_line_that_is_not_understood_is_named(line: str) -> None:
    with pytest.raises(ReadError, match="line 3 of the running configuration"):
        read(f"{line}\n")


@settings(max_examples=150)
@given(st.lists(st.sampled_from(RUNNING.split()), min_size=1, max_size=7), st.integers(0, 90))
def test_reading_never_ends_in_an_error_of_its_own(words: list[str], place: int) -> None:
    rows = RUNNING.splitlines()
    rows.insert(max(place, 3), " ".join(words))
    try:
        parse.parse("\n".join(rows))
    except CoreError:
        return


@settings(max_examples=40)
@given(worlds())
def test_what_is_read_can_be_written_and_read_again(device: Any) -> None:
    config = parse.parse(device.text())
    scope = {render.acl_ref(name) for name in config.access_lists} | {
        render.set_ref(name) for name in config.transform_sets
    }
    scope |= {render.entry_ref(entry) for entry in config.entries.values()} | {
        render.policy_ref(n) for n in config.policies
    }
    scope |= {render.binding_ref(i) for i in config.interfaces} | {render.enable_ref(i) for i in config.interfaces}
    scope |= {render.nat_ref(nat) for nat in config.nats} | {render.global_ref(item) for item in config.globals}
    scope |= {render.exemption_ref(i) for i in config.interfaces}
    text = render.owned_text(config, scope, for_version(config.version))
    again = parse.parse(HEAD + text)
    for name in ("access_lists", "transform_sets", "entries", "bindings", "exemptions", "policies"):
        assert getattr(again, name) == getattr(config, name), name
    assert sorted(map(render.nat_text, again.nats)) == sorted(map(render.nat_text, config.nats))
    assert render.owned_text(again, scope, for_version(config.version)) == text


def test_the_data_of_a_configuration_holds_no_key() -> None:
    config = parse.parse(start(OTHERS).text())
    data = json.dumps(render.owned_data(config, None, for_version(config.version)))
    assert '"pre_shared_key": "********"' in data
    assert '"pre_shared_key": "other"' not in data
