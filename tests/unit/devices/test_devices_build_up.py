# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: The netvpn.dynamic_l2l contributors
"""From the start configurations to the reference ones by typed lines, in many orders, and back."""

from __future__ import annotations

import random
from collections.abc import Callable, Sequence

import pytest
from devices import Device, comparable

# A group is typed as it stands; groups in any order, except that a group comes behind those it names.
PIX = {
    "policy": (
        "crypto isakmp policy 10",
        " lifetime 86400",
        " group 1",
        " authentication pre-share",
        " hash md5",
        " encryption des",
    ),
    "enable": ("isakmp enable outside",),
    "group": (
        "tunnel-group 192.168.1.2 type ipsec-l2l",
        "tunnel-group 192.168.1.2 ipsec-attributes",
        " pre-shared-key s3cret",
    ),
    "set": ("crypto ipsec transform-set DYN-TS esp-des esp-md5-hmac",),
    "acl": ("access-list IPSec-traffic permit ip 10.1.1.0 255.255.255.0 10.2.1.0 255.255.255.0",),
    "match": ("crypto map IPSEC 10 match address IPSec-traffic",),
    "peer": ("crypto map IPSEC 10 set peer 192.168.1.2",),
    "map set": ("crypto map IPSEC 10 set transform-set DYN-TS",),
    "bind": ("crypto map IPSEC interface outside",),
    # lists are printed in order of creation
    "exempt acl": ("access-list NO-NAT extended permit ip 10.1.1.0 255.255.255.0 10.2.1.0 255.255.255.0",),
    "exempt": ("nat (inside) 0 access-list NO-NAT",),
    "global": ("global (outside) 1 interface",),
    "nat": ("nat (inside) 1 0.0.0.0 0.0.0.0",),
}
PIX_AFTER = {
    "match": ["acl"],
    "map set": ["set"],
    "bind": ["match", "peer"],
    "exempt acl": ["acl"],
    "exempt": ["exempt acl"],
}
PIX_AWAY = (
    "no crypto map IPSEC interface outside",
    "clear configure crypto map IPSEC",
    "no nat (inside) 0 access-list NO-NAT",
    "no nat (inside) 1 0.0.0.0 0.0.0.0",
    "no global (outside) 1 interface",
    "no access-list NO-NAT extended permit ip 10.1.1.0 255.255.255.0 10.2.1.0 255.255.255.0",
    "clear configure access-list IPSec-traffic",
    "no crypto ipsec transform-set DYN-TS esp-des esp-md5-hmac",
    "no crypto isakmp enable outside",
    "no crypto isakmp policy 10",
    "clear configure tunnel-group 192.168.1.2",
)

IOS = {
    "policy": ("crypto isakmp policy 10", " authentication pre-share", " encryption des", " group 1", " hash md5"),
    "key": ("crypto isakmp key cisco123 address 0.0.0.0 0.0.0.0",),
    "set": ("crypto ipsec transform-set DYN-TS esp-des esp-md5-hmac",),
    "dynamic": ("crypto dynamic-map DYN 10", " set transform-set DYN-TS"),
    "map": ("crypto map IPSEC 10 ipsec-isakmp dynamic DYN",),
    "bind": ("interface Ethernet0/0", " crypto map IPSEC"),
    "outside": ("interface Ethernet0/0", " ip nat outside"),
    "inside": ("interface FastEthernet1/0", " ip nat inside"),
    "list": (
        "access-list 100 deny ip 10.2.1.0 0.0.0.255 10.1.1.0 0.0.0.255",
        "access-list 100 permit ip 10.2.1.0 0.0.0.255 any",
    ),
    "nat": ("ip nat inside source list 100 interface Ethernet0/0 overload",),
}
IOS_AFTER = {"dynamic": ["set"], "map": ["dynamic"], "bind": ["map"]}
IOS_AWAY = (
    "no ip nat inside source list 100 interface Ethernet0/0 overload",
    "interface Ethernet0/0",
    " no crypto map IPSEC",
    " no ip nat outside",
    "interface FastEthernet1/0",
    " no ip nat inside",
    "no access-list 100",
    "no crypto map IPSEC 10 ipsec-isakmp dynamic DYN",
    "no crypto dynamic-map DYN 10",
    "no crypto ipsec transform-set DYN-TS",
    "no crypto isakmp key cisco123 address 0.0.0.0 0.0.0.0",
    "no crypto isakmp policy 10",
)


def shuffled(groups: dict[str, Sequence[str]], after: dict[str, list[str]], seed: int) -> list[str]:
    """The lines of the groups in an order that keeps what `after` says."""
    rng, waiting, lines = random.Random(seed), list(groups), []
    while waiting:
        free = [name for name in waiting if not set(after.get(name, ())) & set(waiting)]
        name = rng.choice(free)
        waiting.remove(name)
        lines += groups[name]
    return lines


@pytest.mark.parametrize(
    ("platform", "file"),
    [
        ("pix-7.2", "pix-7.2-start.cfg"),
        ("pix-7.2", "pix-7.2-running-config.cfg"),
        ("ios-12.4", "ios-12.4-start.cfg"),
        ("ios-12.4", "ios-12.4-running-config.cfg"),
    ],
)
def test_a_configuration_comes_back_as_it_was_loaded(golden: Callable[[str], str], platform: str, file: str) -> None:
    device = Device.from_text(platform, golden(file))
    assert comparable(device.running_config()) == comparable(golden(file))


@pytest.mark.parametrize("seed", range(12))
def test_a_pix_prints_the_reference_whatever_the_order_of_typing(pix_start, golden, seed: int) -> None:
    answers = pix_start.enter(*shuffled(PIX, PIX_AFTER, seed))
    assert not [answer for answer in answers.values() if "ERROR" in answer]
    assert comparable(pix_start.device.running_config()) == comparable(golden("pix-7.2-running-config.cfg"))


@pytest.mark.parametrize("seed", range(12))
def test_a_router_prints_the_reference_whatever_the_order_of_typing(ios_start, golden, seed: int) -> None:
    assert ios_start.enter(*shuffled(IOS, IOS_AFTER, seed)) == {}
    assert comparable(ios_start.device.running_config()) == comparable(golden("ios-12.4-running-config.cfg"))


def test_taking_all_lines_off_a_pix_leaves_the_start_configuration(pix, golden) -> None:
    answers = pix.enter(*PIX_AWAY)
    assert not [answer for answer in answers.values() if "ERROR" in answer]
    assert comparable(pix.device.running_config()) == comparable(golden("pix-7.2-start.cfg"))


def test_taking_all_lines_off_a_router_leaves_the_start_configuration(ios, golden) -> None:
    assert ios.enter(*IOS_AWAY) == {}
    assert comparable(ios.device.running_config()) == comparable(golden("ios-12.4-start.cfg"))


def test_a_router_built_up_twice_and_taken_down_twice_is_the_same_again(ios_start, golden) -> None:
    for seed in (1, 2):
        ios_start.enter(*shuffled(IOS, IOS_AFTER, seed))
        ios_start.enter(*IOS_AWAY)
    assert comparable(ios_start.device.running_config()) == comparable(golden("ios-12.4-start.cfg"))


# Other names, networks and interface names: nothing may hang on those of the reference.
OTHER = {
    "IPSec-traffic": "LAN_TO_HUB",
    "NO-NAT": "EXEMPT",
    "DYN-TS": "Suite.1",
    "IPSEC": "Vpn",
    "DYN": "callers",
    "10.1.1.": "172.20.5.",
    "10.2.1.": "172.20.6.",
    "192.168.1.": "198.51.100.",
    "pixfirewall": "branch-7",
    "Router": "hub-1",
    "(inside)": "(lan)",
    "(outside)": "(wan)",
    "mtu inside": "mtu lan",
    "mtu outside": "mtu wan",
    "nameif inside": "nameif lan",
    "nameif outside": "nameif wan",
    "interface outside": "interface wan",
    "enable outside": "enable wan",
    "route outside": "route wan",
    "access-list 100": "access-list 130",
    "source list 100": "source list 130",
    "Ethernet0/0": "FastEthernet0/1",
    "FastEthernet1/0": "FastEthernet0/0",
    "policy 10": "policy 30",
}


def renamed(text: str) -> str:
    """The text with the other names."""
    for old, new in OTHER.items():
        text = text.replace(old, new)
    return text


def test_other_names_networks_and_numbers_come_out_in_the_same_places(golden, session) -> None:
    for platform, groups, after, away in (
        ("pix-7.2", PIX, PIX_AFTER, PIX_AWAY),
        ("ios-12.4", IOS, IOS_AFTER, IOS_AWAY),
    ):
        start, goal = renamed(golden(f"{platform}-start.cfg")), renamed(golden(f"{platform}-running-config.cfg"))
        typed = session(Device.from_text(platform, start))
        answers = typed.enter(*(renamed(line) for line in shuffled(groups, after, 3)))
        assert not [answer for answer in answers.values() if "ERROR" in answer or "Invalid" in answer]
        assert comparable(typed.device.running_config()) == comparable(goal)
        typed.enter(*(renamed(line) for line in away))
        assert comparable(typed.device.running_config()) == comparable(start)


def test_a_second_tunnel_stands_behind_the_first_wherever_it_was_typed(pix) -> None:
    pix.enter(
        "access-list SECOND permit ip 10.1.1.0 255.255.255.0 10.3.1.0 255.255.255.0",
        "crypto map IPSEC 5 match address SECOND",
        "crypto map IPSEC 5 set transform-set DYN-TS",
        "crypto map IPSEC 5 set peer 192.0.2.77",
        "tunnel-group 192.0.2.77 type ipsec-l2l",
        "crypto isakmp policy 5",
        " encryption aes",
    )
    text = comparable(pix.device.running_config())
    begin = text.index("crypto map IPSEC 5 match address SECOND")
    assert text[begin : begin + 4] == [
        "crypto map IPSEC 5 match address SECOND",
        "crypto map IPSEC 5 set peer 192.0.2.77",
        "crypto map IPSEC 5 set transform-set DYN-TS",
        "crypto map IPSEC 10 match address IPSec-traffic",
    ]
    assert text.index("crypto isakmp policy 5") < text.index("crypto isakmp policy 10")
    assert text[text.index("crypto isakmp policy 5") + 1 : text.index("crypto isakmp policy 10")] == [
        " authentication pre-share",
        " encryption aes",
        " hash sha",
        " group 2",
        " lifetime 86400",
    ]
    assert text.index(
        "access-list SECOND extended permit ip 10.1.1.0 255.255.255.0 10.3.1.0 255.255.255.0"
    ) < text.index("pager lines 24")


def test_two_initiators_and_a_second_policy_on_a_router_stand_where_a_router_prints_them(ios) -> None:
    ios.enter(
        "crypto isakmp policy 20",
        " authentication pre-share",
        "crypto isakmp key other address 203.0.113.7",
        "crypto dynamic-map DYN 20",
        " match address BRANCH2",
        " set transform-set DYN-TS",
        "ip access-list extended BRANCH2",
        " permit ip 10.2.1.0 0.0.0.255 10.9.1.0 0.0.0.255",
        "crypto map ALPHA 10 ipsec-isakmp dynamic DYN",
        "route-map RM permit 10",
        " match ip address 100",
    )
    text = comparable(ios.device.running_config())
    begin = text.index("crypto isakmp policy 10")
    end = text.index("interface Ethernet0/0")
    assert text[begin:end] == [
        "crypto isakmp policy 10",
        " hash md5",
        " authentication pre-share",
        "!",
        "crypto isakmp policy 20",
        " authentication pre-share",
        "crypto isakmp key cisco123 address 0.0.0.0 0.0.0.0",
        "crypto isakmp key other address 203.0.113.7",
        "!",
        "!",
        "crypto ipsec transform-set DYN-TS esp-des esp-md5-hmac",
        "!",
        "crypto dynamic-map DYN 10",
        " set transform-set DYN-TS",
        "crypto dynamic-map DYN 20",
        " set transform-set DYN-TS",
        " match address BRANCH2",
        "!",
        "!",
        "crypto map IPSEC 10 ipsec-isakmp dynamic DYN",
        "!",
        "crypto map ALPHA 10 ipsec-isakmp dynamic DYN",
        "!",
        "!",
    ]
    tail = text[
        text.index("ip nat inside source list 100 interface Ethernet0/0 overload") : text.index("control-plane")
    ]
    assert tail == [
        "ip nat inside source list 100 interface Ethernet0/0 overload",
        "!",
        "ip access-list extended BRANCH2",
        " permit ip 10.2.1.0 0.0.0.255 10.9.1.0 0.0.0.255",
        "!",
        "access-list 100 deny   ip 10.2.1.0 0.0.0.255 10.1.1.0 0.0.0.255",
        "access-list 100 permit ip 10.2.1.0 0.0.0.255 any",
        "!",
        "route-map RM permit 10",
        " match ip address 100",
        "!",
    ]


def test_lines_that_nobody_here_understands_stay_where_they_were_and_new_ones_find_their_place(golden, session) -> None:
    text = golden("ios-12.4-start.cfg").replace(
        "interface Ethernet0/0\n", "policy-map VOICE\n class RTP\n  priority 64\n!\ninterface Ethernet0/0\n"
    )
    text = text.replace(" half-duplex\n", " half-duplex\n service-policy output VOICE\n")
    text = text.replace("control-plane\n", "snmp-server community public RO\n!\ncontrol-plane\n")
    typed = session(Device.from_text("ios-12.4", text))
    assert comparable(typed.device.running_config()) == comparable(text)
    assert typed.enter(*shuffled(IOS, IOS_AFTER, 5)) == {}
    built = comparable(typed.device.running_config())
    assert built.index("crypto map IPSEC 10 ipsec-isakmp dynamic DYN") < built.index("interface Ethernet0/0")
    assert " service-policy output VOICE" in built
    assert typed.enter(*IOS_AWAY) == {}
    assert comparable(typed.device.running_config()) == comparable(text)


def test_a_third_interface_is_kept_and_can_be_configured(golden, session) -> None:
    block = "interface Ethernet2\n shutdown\n no nameif\n no security-level\n no ip address\n!\n"
    text = golden("pix-7.2-start.cfg").replace("passwd ", block + "passwd ")
    typed = session(Device.from_text("pix-7.2", text))
    assert comparable(typed.device.running_config()) == comparable(text)
    answers = typed.enter("interface Ethernet2", " nameif dmz", " security-level 50", " ip address 10.9.9.1 255.255.255.0",
                          " no shutdown", "nat (dmz) 1 0 0")  # fmt: skip
    assert list(answers.values()) == ['INFO: Security level for "dmz" set to 0 by default.']
    lines = comparable(typed.device.running_config())
    begin = lines.index("interface Ethernet2")
    assert lines[begin : begin + 5] == [
        "interface Ethernet2",
        " nameif dmz",
        " security-level 50",
        " ip address 10.9.9.1 255.255.255.0",
        "!",
    ]
    assert "mtu dmz 1500" in lines
