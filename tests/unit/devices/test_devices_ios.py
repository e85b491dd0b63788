# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: The netvpn.dynamic_l2l contributors
"""What an IOS 12.4 answers."""

from __future__ import annotations

import pytest
from devices import Device, comparable

NOTE = "% NOTE: This new crypto map will remain disabled until a peer\n        and a valid access list have been configured."


def config(session) -> list[str]:
    return comparable(session.device.running_config())


def lists(session) -> list[str]:
    return session.type("show access-lists").split("\n")


@pytest.mark.parametrize(
    ("line", "caret"),
    [
        ("show foooooooo", len("Router#show ")),
        ("show crypto isakmq", len("Router#show crypto isakm")),
        ("configure replace flash:x", len("Router#configure ")),
        ("foo bar", len("Router#")),
    ],
)
def test_an_unknown_line_is_refused_with_the_caret_under_the_first_letter_that_fits_nothing(ios, line, caret) -> None:
    assert ios.type(line) == f"{' ' * caret}^\n% Invalid input detected at '^' marker.\n"


def test_lines_that_stop_too_early_or_mean_several_are_told_apart(ios) -> None:
    assert ios.type("show") == '% Type "show ?" for a list of subcommands'
    assert ios.type("show crypto") == "% Incomplete command.\n"
    assert ios.type("clear c") == '% Ambiguous command:  "clear c"'


def test_an_unknown_word_alone_is_taken_for_a_host_name(ios) -> None:
    assert ios.type("frob").split("\n") == [
        'Translating "frob"...domain server (255.255.255.255)',
        "% Bad IP address or host name",
        "% Unknown command or computer name, or unable to find computer address",
    ]
    ios.enter("no ip domain lookup")
    assert ios.type("frob").startswith("% Bad IP address")
    assert "no ip domain lookup" in config(ios)


def test_a_second_key_for_an_address_is_refused_and_a_change_needs_the_old_key_away(ios) -> None:
    new = "crypto isakmp key new address 0.0.0.0 0.0.0.0"
    assert ios.enter(new) == {new: "A pre-shared key for address mask 0.0.0.0 0.0.0.0 already exists!"}
    assert "crypto isakmp key cisco123 address 0.0.0.0 0.0.0.0" in config(ios)
    assert ios.enter("no crypto isakmp key wrong address 0.0.0.0 0.0.0.0") != {}
    assert ios.enter("no crypto isakmp key cisco123 address 0.0.0.0 0.0.0.0", new) == {}
    assert new in config(ios)
    assert ios.enter("crypto isakmp key k address 192.0.2.1", "crypto isakmp key l address 192.0.2.1") == {
        "crypto isakmp key l address 192.0.2.1": (
            "A pre-shared key for address mask 192.0.2.1 255.255.255.255 already exists!"
        )
    }


def test_defaults_of_a_policy_are_hidden_and_come_back(ios) -> None:
    ios.enter(
        "crypto isakmp policy 20",
        " lifetime 86400",
        " encryption aes 256",
        " group 5",
        " hash sha",
        " authentication pre-share",
    )
    text = config(ios)
    begin = text.index("crypto isakmp policy 20")
    assert text[begin + 1 : begin + 4] == [" encr aes 256", " authentication pre-share", " group 5"]
    ios.enter("crypto isakmp policy 20", " no encryption", " default group", " no authentication")
    text = config(ios)
    assert text[text.index("crypto isakmp policy 20") + 1].startswith("crypto isakmp key")


def test_a_static_entry_is_noted_once_and_marked_while_it_is_incomplete(ios) -> None:
    first = ios.enter("crypto map NEW 10 ipsec-isakmp", "crypto map NEW 10", "exit")
    assert first == {"crypto map NEW 10 ipsec-isakmp": NOTE}
    text = config(ios)
    assert text[text.index("crypto map NEW 10 ipsec-isakmp") + 1] == " ! Incomplete"
    ios.enter("crypto map NEW 10", " match address 100", " set transform-set DYN-TS", " set peer 192.0.2.1")
    text = config(ios)
    begin = text.index("crypto map NEW 10 ipsec-isakmp")
    assert text[begin + 1 : begin + 4] == [" set peer 192.0.2.1", " set transform-set DYN-TS", " match address 100"]


def test_what_is_in_use_is_not_removed(ios) -> None:
    before = config(ios)
    answers = ios.enter(
        "no crypto map IPSEC",
        "no crypto map IPSEC 10",
        "no crypto dynamic-map DYN",
        "no crypto dynamic-map DYN 10",
        "no crypto ipsec transform-set DYN-TS",
    )
    assert len(answers) == 5
    assert answers["no crypto map IPSEC"] == (
        "% Crypto-map IPSEC is in use by interface(s): Et0/0\n"
        "Please remove the crypto map from the above interface(s) first"
    )
    assert config(ios) == before


def test_an_entry_of_a_bound_map_goes_while_another_stays(ios) -> None:
    ios.enter("crypto map IPSEC 20 ipsec-isakmp dynamic DYN")
    assert ios.enter("no crypto map IPSEC 10") == {}
    assert "crypto map IPSEC 10 ipsec-isakmp dynamic DYN" not in config(ios)


def test_missing_objects_are_refused_where_the_router_refuses_them(ios_start) -> None:
    answers = ios_start.enter(
        "interface Ethernet0/0",
        " crypto map NONE",
        "crypto dynamic-map D 10",
        " set transform-set NONE",
        " match address NONE",
        "ip nat inside source list 50 pool NONE",
        "ip nat inside source list 50 interface e0/0 overload",
        "no ip nat inside source list 51 interface e0/0 overload",
        "no ip route 10.9.0.0 255.255.0.0 192.168.1.77",
        "interface FastEthernet7/0",
    )
    assert list(answers.values())[:5] == [
        'ERROR: Crypto Map with tag "NONE" does not exist.',
        'ERROR: transform set with tag "NONE" does not exist.',
        "%Pool NONE does not exist",
        "%Dynamic mapping not found",
        "%No matching route to delete",
    ]
    assert "% Invalid input detected" in list(answers.values())[5]
    assert " match address NONE" in config(ios_start)


def test_reassembly_comes_and_goes_with_nat(ios_start) -> None:
    ios_start.enter("interface FastEthernet1/0", " ip nat inside")
    text = config(ios_start)
    assert text[text.index(" ip nat inside") + 1] == " ip virtual-reassembly"
    ios_start.enter("interface FastEthernet1/0", " no ip nat inside")
    assert " ip virtual-reassembly" not in config(ios_start)


def test_entries_are_numbered_inside_and_a_number_places_a_new_one(ios) -> None:
    assert lists(ios) == [
        "Extended IP access list 100",
        "    10 deny ip 10.2.1.0 0.0.0.255 10.1.1.0 0.0.0.255",
        "    20 permit ip 10.2.1.0 0.0.0.255 any",
    ]
    answers = ios.enter(
        "ip access-list extended 100",
        " 5 deny ip 10.2.1.0 0.0.0.255 10.3.1.0 0.0.0.255",
        " 20 deny ip any any",
        " deny tcp any any eq 80",
    )
    assert answers == {" 20 deny ip any any": "% Duplicate sequence number"}
    assert [line.split()[0] for line in lists(ios)[1:]] == ["5", "10", "20", "30"]
    assert [line for line in config(ios) if line.startswith("access-list")] == [
        "access-list 100 deny   ip 10.2.1.0 0.0.0.255 10.3.1.0 0.0.0.255",
        "access-list 100 deny   ip 10.2.1.0 0.0.0.255 10.1.1.0 0.0.0.255",
        "access-list 100 permit ip 10.2.1.0 0.0.0.255 any",
        "access-list 100 deny   tcp any any eq www",
    ]
    ios.enter("ip access-list resequence 100 100 5")
    assert [line.split()[0] for line in lists(ios)[1:]] == ["100", "105", "110", "115"]
    ios.enter("ip access-list extended 100", " no 100", " no deny tcp any any eq www", " no 999")
    assert [line.split()[0] for line in lists(ios)[1:]] == ["105", "110"]


def test_the_same_entry_again_is_silent_and_changes_nothing(ios) -> None:
    before = config(ios)
    assert ios.enter("access-list 100 permit ip 10.2.1.0 0.0.0.255 any") == {}
    assert config(ios) == before


def test_no_and_a_whole_entry_removes_the_whole_numbered_list(ios) -> None:
    assert ios.enter("no access-list 100 deny ip 10.2.1.0 0.0.0.255 10.1.1.0 0.0.0.255") == {}
    assert not [line for line in config(ios) if line.startswith("access-list")]
    assert "ip nat inside source list 100 interface Ethernet0/0 overload" in config(ios)


def test_entries_are_written_as_the_router_writes_them(ios) -> None:
    ios.enter(
        "ip access-list extended E",
        " permit ip 10.2.1.7 0.0.0.255 0.0.0.0 255.255.255.255",
        " permit 50 192.0.2.1 0.0.0.0 any",
        " permit udp any any range 500 4500",
        " permit icmp any any 8",
        " remark the rest",
        " permit tcp any eq 22 any established",
        "access-list 10 deny host 10.2.1.9",
        "access-list 10 permit 10.2.1.0 0.0.0.255",
    )
    text = config(ios)
    begin = text.index("ip access-list extended E")
    assert text[begin + 1 : begin + 7] == [
        " permit ip 10.2.1.0 0.0.0.255 any",
        " permit esp host 192.0.2.1 any",
        " permit udp any any range isakmp non500-isakmp",
        " permit icmp any any echo",
        " remark the rest",
        " permit tcp any eq 22 any established",
    ]
    assert [line for line in text if line.startswith("access-list 10 ")] == [
        "access-list 10 deny   10.2.1.9",
        "access-list 10 permit 10.2.1.0 0.0.0.255",
    ]
    assert "    20 permit 10.2.1.0, wildcard bits 0.0.0.255" in lists(ios)
    assert not [line for line in lists(ios) if "remark" in line]


def test_a_nat_rule_in_use_asks_or_refuses(golden, session) -> None:
    text, line = (
        golden("ios-12.4-running-config.cfg"),
        "no ip nat inside source list 100 interface Ethernet0/0 overload",
    )
    asked = session(Device.from_text("ios-12.4", text, faults=["nat-in-use:question"]))
    asked.type("configure terminal")
    asked.type(line)
    assert asked.raw.endswith("\r\nDynamic mapping in use, do you want to delete all entries? [no]: ")
    asked.type("")
    assert line[3:] in config(asked)
    asked.type(line)
    asked.type("yes")
    assert line[3:] not in config(asked)
    refused = session(Device.from_text("ios-12.4", text, faults=["nat-in-use:refuse"]))
    assert refused.enter(line) == {line: "%Dynamic mapping in use, cannot remove"}
    refused.type("clear ip nat translation *")
    assert refused.enter(line) == {}


def test_addresses_are_checked(ios) -> None:
    answers = ios.enter(
        "interface FastEthernet1/0",
        " ip address 10.2.1.0 255.255.255.0",
        " ip address 192.168.1.99 255.255.255.0",
        " ip address 10.2.1.1 255.0.255.0",
    )
    assert list(answers.values()) == [
        "Bad mask /24 for address 10.2.1.0",
        "% 192.168.1.0 overlaps with Ethernet0/0",
        "Bad mask 0xFF00FF00 for address 10.2.1.1",
    ]


def test_policies_are_shown_with_the_built_in_one_behind_them(ios) -> None:
    text = ios.type("show crypto isakmp policy").split("\n")
    assert text[1:5] == [
        "Global IKE policy",
        "Protection suite of priority 10",
        "\tencryption algorithm:\tDES - Data Encryption Standard (56 bit keys).",
        "\thash algorithm:\t\tMessage Digest 5",
    ]
    assert "Default protection suite" in text


def test_the_tables_without_associations(ios) -> None:
    assert ios.type("show crypto isakmp sa") == "dst             src             state          conn-id slot status"
    assert ios.type("show crypto ipsec sa") == "\nNo SAs found"
    assert ios.type("show ip nat translations") == ""
    text = ios.type("show crypto map").split("\n")
    assert text[:2] == ['Crypto Map "IPSEC" 10 ipsec-isakmp', "\tDynamic map template tag: DYN"]
    assert ios.type("clear crypto sa") == ios.type("clear crypto isakmp") == ""


def test_filters_pick_lines_and_sections(ios) -> None:
    assert ios.type("show running-config | section crypto dynamic-map").split("\n") == [
        "crypto dynamic-map DYN 10",
        " set transform-set DYN-TS ",
    ]
    assert ios.type("sh run | i ^hostname") == "hostname Router"
    assert ios.type("show run | inc configuration").split("\n")[0] == "Building configuration..."
    assert ios.type("show run | foo bar").endswith("marker.\n")


def test_an_interface_is_shown_alone(ios) -> None:
    lines = ios.type("show running-config interface fa1/0").split("\n")
    assert lines[0] == "Building configuration..."
    assert lines[3:5] == ["!", "interface FastEthernet1/0"]
    assert lines[-2:] == ["end", ""]


def test_nvram_holds_what_was_saved(ios) -> None:
    ios.enter("hostname hub")
    assert "hostname Router" in ios.device.startup_config()
    ios.type("copy running-config startup-config")
    assert ios.raw.endswith("Destination filename [startup-config]? ")
    assert ios.type("") == "Building configuration...\n[OK]"
    assert "hostname hub" in ios.device.startup_config()
    assert ios.device.startup_config().startswith("Using ")


def test_do_runs_an_exec_command_and_keeps_the_mode(ios) -> None:
    ios.type("configure terminal")
    ios.type("interface e0/0")
    assert ios.type("do show privilege") == "Current privilege level is 15"
    assert ios.prompt == "Router(config-if)#"
    assert "Invalid input" in ios.type("do configure terminal")


def test_a_global_line_in_a_sub_mode_works_and_leaves_it(ios) -> None:
    prompts = []
    for line in (
        "configure terminal",
        "crypto isakmp policy 20",
        "crypto ipsec transform-set T esp-3des esp-sha-hmac",
        "crypto dynamic-map D 10",
        "! a comment",
        "",
        "interface ethernet 0/0",
        "ip access-list extended X",
        "ip access-list standard Y",
        "route-map R permit 10",
        "line vty 0 4",
        "ip route 10.8.0.0 255.255.0.0 192.168.1.3",
        "exit",
    ):
        ios.type(line)
        prompts.append(ios.prompt.removeprefix("Router"))
    assert prompts == [
        "(config)#",
        "(config-isakmp)#",
        "(cfg-crypto-trans)#",
        "(config-crypto-map)#",
        "(config-crypto-map)#",
        "(config-crypto-map)#",
        "(config-if)#",
        "(config-ext-nacl)#",
        "(config-std-nacl)#",
        "(config-route-map)#",
        "(config-line)#",
        "(config)#",
        "#",
    ]


def test_the_first_binding_is_logged_where_the_terminal_monitors(ios_start) -> None:
    ios_start.enter("crypto ipsec transform-set T esp-des", "crypto dynamic-map D 1", " set transform-set T",
                    "crypto map M 1 ipsec-isakmp dynamic D")  # fmt: skip
    ios_start.type("terminal monitor")
    ios_start.type("configure terminal")
    ios_start.type("interface e0/0")
    ios_start.type("crypto map M")
    assert ios_start.raw.endswith("%CRYPTO-6-ISAKMP_ON_OFF: ISAKMP is ON")
    assert [event.detail for event in ios_start.device.events if event.name == "log"][-1].endswith("ISAKMP is ON")


def test_a_long_host_name_is_cut_in_the_configuration_mode(ios) -> None:
    ios.enter("hostname veryveryverylonghostname")
    ios.type("")
    assert ios.prompt == "veryveryverylonghostname#"
    ios.type("configure terminal")
    assert ios.prompt == "veryveryverylonghost(config)#"


def test_the_size_is_counted_from_the_text(ios) -> None:
    text = ios.device.running_config()
    head, body = text.split(" bytes\n")
    assert int(head.split()[-1]) == len(body)


def test_a_scheduled_reload_asks_for_what_is_not_saved_and_can_be_cancelled(ios) -> None:
    ios.enter("hostname hub")
    ios.type("reload in 10")
    assert ios.raw.endswith("\r\nSystem configuration has been modified. Save? [yes/no]: ")
    ios.type("maybe")
    assert "% Please answer 'yes' or 'no'." in ios.raw
    ios.type("n")
    assert ios.raw.endswith("Reload reason: Reload Command\r\nProceed with reload? [confirm]")
    assert ios.shell.feed("\r") == "\r\nhub#"
    assert ios.device.reload_minutes == 10
    ios.type("reload cancel")
    assert ios.raw.startswith("reload cancel\r\nhub#\r\n")
    assert "SHUTDOWN ABORTED" in ios.raw
    assert ios.type("show reload") == "No reload is scheduled."
    ios.device.reload()
    assert "hostname Router" in ios.device.running_config()
