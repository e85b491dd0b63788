# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: The netvpn.dynamic_l2l contributors
"""What a PIX 7.2 answers."""

from __future__ import annotations

import pytest
from devices import Device, comparable

ACE = "permit ip 10.1.1.0 255.255.255.0 10.2.1.0 255.255.255.0"
L2L_WARNING = """WARNING: L2L tunnel-groups that have names which are not an IP
address may only be used if the tunnel authentication
method is Digital Certificates and/or The peer is
configured to use Aggressive Mode"""


def config(session) -> list[str]:
    return comparable(session.device.running_config())


@pytest.mark.parametrize(
    ("line", "caret"),
    [
        ("terminal length 0", len("edge# terminal ")),
        ("show crypto foo", len("edge# show crypto ")),
        ("frobnicate", len("edge# ")),
        ("show runninx", len("edge# show runnin")),
    ],
)
def test_an_unknown_line_is_refused_with_the_caret_under_the_first_letter_that_fits_nothing(pix, line, caret) -> None:
    pix.enter("hostname edge")
    assert pix.type(line) == f"{' ' * caret}^\nERROR: % Invalid input detected at '^' marker."


def test_a_line_that_stops_too_early_and_one_that_means_several_are_refused(pix) -> None:
    assert pix.type("show running-config crypto m x y z").endswith("marker.")
    assert pix.type("clear crypto isakmp") == "ERROR: % Incomplete command"
    assert pix.type("show p") == 'ERROR: % Ambiguous command:  "show p"'


def test_a_missing_object_is_refused_and_nothing_is_stored(pix_start) -> None:
    before = config(pix_start)
    answers = pix_start.enter(
        "nat (inside) 0 access-list NONE",
        "nat (dmz) 1 0 0",
        "access-group NONE in interface outside",
        "crypto map M 10 match address NONE",
        "crypto map M 10 set transform-set NONE",
        "crypto map M interface outside",
        "crypto isakmp enable dmz",
        "tunnel-group 192.0.2.1 ipsec-attributes",
        "access-list A permit ip object-group NONE any",
    )
    assert len(answers) == 9
    assert all(answer.startswith("ERROR:") for answer in answers.values())
    assert config(pix_start) == before


def test_a_crypto_map_warns_until_list_peer_and_set_are_there(pix) -> None:
    answers = pix.enter(
        "crypto map NEW 10 set peer 192.0.2.1",
        "crypto map NEW 10 match address IPSec-traffic",
        "crypto map NEW 10 set transform-set DYN-TS",
        "no crypto map NEW 10 set peer 192.0.2.1",
        "no crypto map NEW 10 match address IPSec-traffic",
        "no crypto map NEW 10 set transform-set DYN-TS",
    )
    assert list(answers.values()) == [
        *["WARNING: The crypto map entry is incomplete!"] * 2,
        *["WARNING: The crypto map entry will be incomplete!"] * 2,
    ]
    assert not [line for line in config(pix) if "NEW" in line]


def test_peers_and_transform_sets_are_appended_and_six_sets_are_the_most(pix) -> None:
    sets = [f"S{number}" for number in range(6)]
    answers = pix.enter(
        "crypto map IPSEC 10 set peer 192.0.2.9",
        *(f"crypto ipsec transform-set {name} esp-aes esp-sha-hmac" for name in sets),
        *(f"crypto map IPSEC 10 set transform-set {name}" for name in sets),
    )
    assert list(answers) == ["crypto map IPSEC 10 set transform-set S5"]
    assert "crypto map IPSEC 10 set peer 192.168.1.2 192.0.2.9" in config(pix)
    assert "crypto map IPSEC 10 set transform-set DYN-TS S0 S1 S2 S3 S4" in config(pix)


def test_binding_a_bound_map_again_tears_the_tunnels_down(pix) -> None:
    pix.enter("crypto map IPSEC interface outside")
    assert [event.name for event in pix.device.events] == ["tunnels-torn-down"]


def test_a_transform_set_goes_with_its_references(pix) -> None:
    pix.enter("no crypto ipsec transform-set DYN-TS esp-des esp-md5-hmac")
    assert not [line for line in config(pix) if "DYN-TS" in line]


def test_the_last_entry_of_a_list_in_use_stays(pix) -> None:
    answers = pix.enter(f"no access-list NO-NAT extended {ACE}", "clear configure access-list IPSec-traffic")
    assert all("in use" in answer for answer in answers.values())
    assert len(answers) == 2
    answers = pix.enter(
        "no nat (inside) 0 access-list NO-NAT",
        f"no access-list NO-NAT extended {ACE}",
        "no crypto map IPSEC 10 match address",
    )
    assert not [line for line in config(pix) if "NO-NAT" in line]


def test_a_deny_in_the_exemption_list_removes_the_exemption(pix) -> None:
    answers = pix.enter("access-list NO-NAT line 1 extended deny ip host 10.1.1.7 any")
    assert list(answers.values()) == ["ERROR: ACE contains port, protocol, or deny. Removing NAT configuration"]
    assert not [line for line in config(pix) if line.startswith("nat (inside) 0")]
    assert "access-list NO-NAT extended deny ip host 10.1.1.7 any" in config(pix)
    assert "nat (inside) 0 access-list NO-NAT" in pix.enter("nat (inside) 0 access-list NO-NAT")


def test_entries_are_written_as_the_device_writes_them(pix) -> None:
    pix.enter(
        "access-list E permit tcp 10.1.1.5 255.255.255.255 0.0.0.0 0.0.0.0 eq 443",
        "access-list E line 1 permit 50 any host 192.0.2.1",
        "access-list E line 1 remark encrypted traffic",
        "access-list E deny udp any range 137 138 any eq 500 log",
    )
    assert [line for line in config(pix) if line.startswith("access-list E ")] == [
        "access-list E remark encrypted traffic",
        "access-list E extended permit esp any host 192.0.2.1",
        "access-list E extended permit tcp host 10.1.1.5 any eq https",
        "access-list E extended deny udp any range netbios-ns netbios-dgm any eq isakmp log",
    ]
    assert (
        pix.type("show access-list E")
        .split("\n")[2]
        .startswith("access-list E line 2 extended permit esp any host 192.0.2.1 (hitcnt=0) 0x")
    )


def test_an_entry_stands_in_a_list_once(pix) -> None:
    answers = pix.enter(f"access-list NO-NAT {ACE}", f"access-list NO-NAT {ACE} log")
    assert list(answers.values()) == ["ACE not added. Possible duplicate entry"] * 2
    assert pix.enter("no access-list NO-NAT extended permit ip any any") == {
        "no access-list NO-NAT extended permit ip any any": "Specified access-list does not exist"
    }
    assert "ERROR: access-list <ZZ> does not exist" in pix.enter(f"no access-list ZZ extended {ACE}").values()


def test_an_object_group_in_use_can_neither_go_nor_become_empty(pix) -> None:
    answers = pix.enter(
        "object-group network HQ",
        " network-object 10.2.1.0 255.255.255.0",
        "access-list G extended permit ip any object-group HQ",
        "object-group network HQ",
        " no network-object 10.2.1.0 255.255.255.0",
        "no object-group network HQ",
    )
    assert list(answers.values()) == [
        "Removing obj from object-group not allowed;\nobject-group (HQ),  being used in access-list, would become empty",
        "Removing object-group (HQ) not allowed, it is being used.",
    ]


def test_nat_and_global_say_what_they_do(pix_start) -> None:
    answers = pix_start.enter(
        "global (outside) 1 interface",
        "global (outside) 2 192.0.2.5",
        "nat (inside) 0 10.9.0.0 255.255.0.0",
        "nat (inside) 0 0 0",
    )
    assert list(answers.values()) == [
        "outside interface address added to PAT pool",
        "Global 192.0.2.5 will be Port Address Translated",
        "nat 0 10.9.0.0 will be identity translated for outbound",
        "nat 0 0.0.0.0 will be non-translated",
    ]


@pytest.mark.parametrize(
    ("typed", "shown"),
    [
        # the line in the prose of the seed document
        ("nat (inside) 1 10.1.1.0 255.255.255.0 0 0", "nat (inside) 1 10.1.1.0 255.255.255.0"),
        ("nat (inside) 1 0 0 0 0", "nat (inside) 1 0.0.0.0 0.0.0.0"),
        ("nat (inside) 1 0 0 dns norandomseq tcp 0 0 udp 0", "nat (inside) 1 0.0.0.0 0.0.0.0 dns norandomseq"),
        ("nat (inside) 1 0 0 100 50", "nat (inside) 1 0.0.0.0 0.0.0.0 tcp 100 50"),
        ("nat (inside) 1 0 0 tcp 100 0 udp 20", "nat (inside) 1 0.0.0.0 0.0.0.0 tcp 100 udp 20"),
        ("nat (inside) 1 0 0 0 50", "nat (inside) 1 0.0.0.0 0.0.0.0 tcp 0 50"),
        (
            "static (inside,outside) 192.0.2.9 10.1.1.9 dns 0 0",
            "static (inside,outside) 192.0.2.9 10.1.1.9 netmask 255.255.255.255 dns",
        ),
        (
            "static (inside,outside) 192.0.2.9 10.1.1.9 tcp 255 2000",
            "static (inside,outside) 192.0.2.9 10.1.1.9 netmask 255.255.255.255 tcp 255 2000",
        ),
        (
            "static (inside,outside) tcp interface 80 10.1.1.9 80 udp 20",
            "static (inside,outside) tcp interface 80 10.1.1.9 80 netmask 255.255.255.255 udp 20",
        ),
    ],
)
def test_a_limit_of_0_is_no_limit_and_not_shown(pix_start, typed, shown) -> None:
    before = config(pix_start)
    assert pix_start.enter(typed, typed, shown) == {}
    assert [line for line in config(pix_start) if line.startswith(("nat ", "static "))] == [shown]
    assert pix_start.enter(f"no {typed}") == {}
    assert config(pix_start) == before


def test_a_list_stays_in_use_behind_a_limit(pix) -> None:
    pix.enter(
        f"access-list POLICY extended {ACE}", "static (inside,outside) 192.0.2.9 access-list POLICY norandomseq 9 0"
    )
    assert "static (inside,outside) 192.0.2.9 access-list POLICY norandomseq tcp 9" in config(pix)
    (answer,) = pix.enter("clear configure access-list POLICY").values()
    assert "in use" in answer


def test_routes_are_shown_with_and_without_a_default_route(pix) -> None:
    assert "Gateway of last resort is 172.16.1.2 to network 0.0.0.0" in pix.type("show route").split("\n")
    pix.enter("no route outside 0.0.0.0 0.0.0.0 172.16.1.2 1")
    assert "Gateway of last resort is not set" in pix.type("show route").split("\n")


def test_a_tunnel_group_with_a_name_is_warned_about(pix) -> None:
    assert pix.enter("tunnel-group branch type ipsec-l2l") == {"tunnel-group branch type ipsec-l2l": L2L_WARNING}


def test_a_policy_in_one_line_each_is_the_same_policy(pix_start) -> None:
    pix_start.enter(
        "isakmp policy 10 authentication pre-share", "isakmp policy 10 hash md5", "crypto isakmp policy 10 group 1"
    )
    text = config(pix_start)
    begin = text.index("crypto isakmp policy 10")
    assert text[begin + 1 : begin + 6] == [
        " authentication pre-share",
        " encryption 3des",
        " hash md5",
        " group 1",
        " lifetime 86400",
    ]


def test_default_values_are_hidden(pix) -> None:
    before = config(pix)
    pix.enter(
        "sysopt connection permit-vpn",
        "crypto ipsec security-association lifetime seconds 28800",
        "crypto map IPSEC 10 set connection-type bidirectional",
        "terminal width 80",
    )
    assert config(pix) == before
    pix.enter("no sysopt connection permit-vpn", "crypto map IPSEC 10 set pfs group2", "terminal width 511")
    assert set(config(pix)) - set(before) == {
        "no sysopt connection permit-vpn",
        "crypto map IPSEC 10 set pfs",
        "terminal width 511",
    }


def test_keys_are_shown_by_more_alone(pix) -> None:
    assert "s3cret" not in pix.device.running_config()
    assert " pre-shared-key *" in pix.type("show running-config tunnel-group").split("\n")
    assert " pre-shared-key s3cret" in pix.type("more system:running-config").split("\n")
    pix.enter("tunnel-group 192.168.1.2 ipsec-attributes", " pre-shared-key n3w")
    assert " pre-shared-key n3w" in pix.type("more system:running-config").split("\n")
    assert "n3w" not in pix.device.running_config() + pix.device.startup_config() + "\n".join(pix.device.received)


def test_a_key_that_nobody_gave_stays_a_star(golden, session) -> None:
    device = Device.from_text("pix-7.2", golden("pix-7.2-running-config.cfg"))
    assert " pre-shared-key *" in session(device).type("more system:running-config").split("\n")


@pytest.mark.parametrize(
    ("section", "first", "count"),
    [
        ("crypto map", "crypto map IPSEC 10 match address IPSec-traffic", 4),
        ("crypto isakmp", "crypto isakmp enable outside", 13),
        ("crypto ipsec", "crypto ipsec transform-set DYN-TS esp-des esp-md5-hmac", 1),
        ("access-list NO-NAT", f"access-list NO-NAT extended {ACE}", 1),
        ("nat", "nat (inside) 0 access-list NO-NAT", 2),
        ("global", "global (outside) 1 interface", 1),
        ("route", "route outside 0.0.0.0 0.0.0.0 172.16.1.2 1", 1),
        ("interface Ethernet1", "interface Ethernet1", 5),
        ("tunnel-group", "tunnel-group 192.168.1.2 type ipsec-l2l", 3),
    ],
)
def test_a_section_shows_its_lines_alone(pix, section: str, first: str, count: int) -> None:
    lines = comparable(pix.type(f"show running-config {section}"))
    assert (lines[0], len(lines)) == (first, count)


def test_filters_pick_lines(pix) -> None:
    assert (
        pix.type("show running-config | include ^nat")
        == "nat (inside) 0 access-list NO-NAT\nnat (inside) 1 0.0.0.0 0.0.0.0"
    )
    assert pix.type("show running-config | grep hostname").startswith("hostname")
    assert pix.type("show running-config | begin prompt").split("\n")[0] == "prompt hostname context"
    assert "nat (" not in pix.type("show run | exclude nat")


def test_saving_makes_the_startup_configuration(pix) -> None:
    pix.enter("hostname edge")
    assert "hostname pixfirewall" in pix.device.startup_config()
    saved = pix.type("write memory").split("\n")
    assert (saved[0], saved[2], saved[-1]) == ("Building configuration...", "", "[OK]")
    assert saved[1].startswith("Cryptochecksum: ")
    assert comparable(pix.device.startup_config())[1:] == comparable(pix.device.running_config())[2:]
    pix.enter("hostname other")
    pix.device.reload()
    assert "hostname edge" in pix.device.running_config()
    assert pix.shell.closed


def test_addresses_are_shown_by_their_names(golden, session) -> None:
    text = golden("pix-7.2-running-config.cfg").replace("names\n", "names\nname 10.2.1.0 HQ-LAN\n")
    typed = session(Device.from_text("pix-7.2", text))
    assert f"access-list NO-NAT extended {ACE}".replace("10.2.1.0", "HQ-LAN") in config(typed)
    typed.enter("access-list MORE permit ip any HQ-LAN 255.255.255.0")
    assert "access-list MORE extended permit ip any HQ-LAN 255.255.255.0" in config(typed)
    typed.enter("no names")
    assert "access-list MORE extended permit ip any 10.2.1.0 255.255.255.0" in config(typed)


def test_without_associations_the_tables_are_empty(pix) -> None:
    assert pix.type("show crypto ipsec sa") == "\nThere are no ipsec sas"
    assert pix.type("show isakmp sa") == "\nThere are no isakmp sas"
    assert pix.type("clear crypto ipsec sa peer 192.168.1.2") == ""
    assert pix.device.events[-1].detail == "ipsec 192.168.1.2"


def test_commands_of_the_exec_mode_work_in_the_configuration_mode(pix) -> None:
    pix.type("configure terminal")
    pix.type("tunnel-group 192.168.1.2 ipsec-attributes")
    assert pix.type("show running-config global") == "global (outside) 1 interface"
    assert pix.prompt == "pixfirewall(config-tunnel-ipsec)# "
    pix.type("hostname edge")
    assert pix.prompt == "edge(config)# "
