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
