# Copyright: The netvpn.dynamic_l2l contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""Whose is what, on devices that others configured before: what is adopted, what goes, and what stays to the letter."""

from __future__ import annotations

from typing import Any

import pytest
from conftest import HUB, OSAKA, Site, comparable, seed

PLAIN: dict[str, Any] = {"names": {}, "pat": "foreign"}

#: A partner's tunnel, the office's translation, and an exemption of its own, on either platform.
PIX_OTHERS = """\
access-list PARTNER extended permit ip 10.1.1.0 255.255.255.0 10.9.0.0 255.255.0.0
access-list NO-NAT remark agreed with the partner
access-list NO-NAT extended permit ip 10.1.1.0 255.255.255.0 10.9.0.0 255.255.0.0
global (outside) 1 interface
nat (inside) 0 access-list NO-NAT
nat (inside) 1 0.0.0.0 0.0.0.0
crypto ipsec transform-set PARTNER-TS esp-3des esp-sha-hmac
crypto map WAN 20 match address PARTNER
crypto map WAN 20 set peer 203.0.113.9
crypto map WAN 20 set transform-set PARTNER-TS
crypto map WAN interface outside
crypto isakmp enable outside
crypto isakmp policy 5
 authentication pre-share
 encryption 3des
 hash sha
 group 2
 lifetime 86400
tunnel-group 203.0.113.9 type ipsec-l2l
tunnel-group 203.0.113.9 ipsec-attributes
 pre-shared-key partner-key
"""
IOS_OTHERS = """\
crypto isakmp policy 5
encr 3des
authentication pre-share
group 2
exit
crypto isakmp key partner-key address 203.0.113.9
crypto ipsec transform-set PARTNER-TS esp-3des esp-sha-hmac
exit
ip access-list extended PARTNER
permit ip 10.2.1.0 0.0.0.255 10.9.0.0 0.0.255.255
exit
crypto map WAN 20 ipsec-isakmp
set peer 203.0.113.9
set transform-set PARTNER-TS
match address PARTNER
exit
access-list 100 remark agreed with the partner
access-list 100 deny ip 10.2.1.0 0.0.0.255 10.9.0.0 0.0.255.255
access-list 100 permit ip 10.2.1.0 0.0.0.255 any
ip nat inside source list 100 interface Ethernet0/0 overload
interface FastEthernet1/0
ip nat inside
interface Ethernet0/0
ip nat outside
crypto map WAN
"""


def typed_before(platform: str) -> Site:
    """A device on which others typed their lines, one by one."""
    name, lines = {"asa": ("pix-7.2-start.cfg", PIX_OTHERS), "ios": ("ios-12.4-start.cfg", IOS_OTHERS)}[platform]
    site = Site(platform, seed(name))
    shell = site.device.open_shell(privileged=True)
    shell.start()
    shell.feed("configure terminal\r")
    for line in lines.splitlines():
        answer = shell.feed(f"{line}\r")
        assert "nvalid" not in answer, answer
    return site


BOTH = pytest.mark.parametrize("platform", ["asa", "ios"])
RESPONDER = HUB | {"suite": "aes256-sha-g5", "allow_weak_crypto": "legacy", "match_address": True}


@BOTH
def test_absent_leaves_exactly_the_lines_of_others(platform: str) -> None:
    site = typed_before(platform)
    before = comparable(site.text)
    site.run(responders=[RESPONDER], **PLAIN)
    assert len(comparable(site.text)) > len(before)
    site.run(responders=[RESPONDER], state="absent", remove_shared=True, **PLAIN)
    # The policy stays: the partner's map is bound, and nobody can tell which policy the partner negotiates.
    left = [row for row in comparable(site.text) if row not in before]
    assert sorted(row for row in before if row not in comparable(site.text)) == []
    key = f"crypto isakmp key {HUB['pre_shared_key']} address 0.0.0.0 0.0.0.0"
    shared = {"asa": [" encryption aes-256", " group 5"], "ios": [" encr aes 256", " group 5", key]}
    assert left == ["crypto isakmp policy 10", *shared[platform]]


@BOTH
def test_nothing_is_sent_twice_beside_others(platform: str) -> None:
    site = typed_before(platform)
    planned = site.run(check=True, responders=[RESPONDER], **PLAIN)
    done = site.run(responders=[RESPONDER], **PLAIN)
    assert planned["commands"] == done["commands"]
    assert planned["diff"] == done["diff"]
    assert not site.run(responders=[RESPONDER], **PLAIN)["changed"]


def test_a_tunnel_that_vanishes_from_the_intent_goes_from_the_initiator() -> None:
    site = typed_before("asa")
    second = RESPONDER | {"host": "rome", "address": "192.168.9.9", "networks": ["10.8.0.0/16"]}
    to_rome = {"name": "rome", "initiator": "pix", "responder": "rome", "networks": ["10.1.1.0/24"]}
    both = [RESPONDER, second]
    site.run(responders=both, tunnels=[OSAKA], **PLAIN)
    one = comparable(site.text)
    site.run(responders=both, tunnels=[OSAKA, to_rome], **PLAIN)
    two = comparable(site.text)
    assert not site.run(responders=both, tunnels=[OSAKA], partial=True, **PLAIN)["changed"]
    assert comparable(site.text) == two
    result = site.run(responders=both, tunnels=[OSAKA], **PLAIN)
    assert comparable(site.text) == one
    assert [finding["code"] for finding in result["findings"]].count("not-in-the-intent") == 1


def test_a_partial_absent_takes_one_of_three_from_the_hub() -> None:
    site = typed_before("ios")
    three = [
        OSAKA,
        {"name": "kobe", "initiator": "pix2", "responder": "hub", "networks": ["10.1.2.0/24"]},
        {"name": "nara", "initiator": "pix3", "responder": "hub", "networks": ["10.1.3.0/24"]},
    ]
    site.run(responders=[RESPONDER], tunnels=three[:2], **PLAIN)
    two = comparable(site.text)
    site.run(responders=[RESPONDER], tunnels=three, **PLAIN)
    site.run(responders=[RESPONDER], tunnels=three[2:], state="absent", partial=True, remove_shared=True, **PLAIN)
    assert comparable(site.text) == two
