# Copyright: The netvpn.dynamic_l2l contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""Every class of mistake fails as on the real devices, in packets and in what both ends show."""

from __future__ import annotations

import re
from typing import TypeAlias

import pytest

from .mistakes import KEPT, MISTAKES, Found

FoundOnes: TypeAlias = "dict[str, Found]"


@pytest.mark.parametrize("name", MISTAKES)
def test_a_mistake_fails_as_on_the_devices(name: str, found_mistakes: FoundOnes) -> None:
    each, mistake = found_mistakes[name], MISTAKES[name]
    assert each.answers == 0
    ike = [packet for packet in each.packets if packet.kind == "ike"]
    clear = [packet for packet in each.packets if packet.kind == "icmp" and packet.destination == "10.2.1.10"]
    if mistake.in_clear:
        source = each.pair.outside if mistake.in_clear == "outside" else mistake.in_clear
        assert {packet.source for packet in clear} == {source}
        assert ike == []
    else:
        assert clear == []
    if mistake.phase < 2:
        assert not any(packet.encrypted for packet in each.packets)
        for table in each.ipsec:
            assert not re.search(r"spi: 0x0*[1-9A-Fa-f]", table), table


def test_a_missing_policy_is_proposed_and_not_chosen(found_mistakes: FoundOnes) -> None:
    ike = [packet for packet in found_mistakes["no-ike-policy"].packets if packet.kind == "ike"]
    assert ike
    # It never came to a key exchange: main mode's third message is the first that has one.
    assert "QM" not in found_mistakes["no-ike-policy"].isakmp[1]


def test_what_is_filtered_leaves_and_never_arrives(found_mistakes: FoundOnes) -> None:
    each = found_mistakes["udp-500-filtered"]
    assert [packet for packet in each.packets if packet.kind == "ike"]
    assert [packet for packet in each.far_packets if packet.kind == "ike"] == []


def test_a_wrong_peer_is_called_and_nobody_answers(found_mistakes: FoundOnes) -> None:
    each = found_mistakes["wrong-peer"]
    ike = [packet for packet in each.packets if packet.kind == "ike"]
    assert ike
    assert {packet.destination for packet in ike} == {each.pair.addressed("192.168.1.3")}


def test_isakmp_that_is_not_enabled_says_nothing(found_mistakes: FoundOnes) -> None:
    assert found_mistakes["isakmp-not-enabled"].packets == [
        packet for packet in found_mistakes["isakmp-not-enabled"].packets if packet.kind not in ("ike", "esp", "icmp")
    ]


def test_a_server_with_a_static_translation_answers_with_its_public_address(found_mistakes: FoundOnes) -> None:
    each = found_mistakes["static-over-exemption"]
    public = each.pair.addressed("192.168.1.9")
    assert [packet for packet in each.packets if packet.encrypted]
    answers = [packet for packet in each.far_packets if packet.kind == "icmp" and packet.source == public]
    assert answers
    assert {packet.destination for packet in answers} == {"10.1.1.10"}


@pytest.mark.usefixtures("found_mistakes")
def test_each_mistake_is_kept_for_people_and_other_tools() -> None:
    for name in MISTAKES:
        assert {file.name for file in (KEPT / name).iterdir()} == {"initiator.txt", "responder.txt", "packets.json"}
