# Copyright: The netvpn.dynamic_l2l contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""The reference scenario over real packets: configured by ansible-playbook, then used."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from .sites import INTERNET, REFERENCE, SITE, SOUND, TUNNEL, Site, in_clear

PIX, HUB = "172.16.1.1", "192.168.1.2"

#: Algorithms → the responder's part of the intent, and how tshark names them: RFC 2409 appendix A, RFC 2407 4.5.
ALGORITHMS: dict[str, tuple[dict[str, Any], dict[str, str]]] = {
    "DES, MD5, group 1": (REFERENCE, {"encryption": "1", "hash": "1", "group": "1"}),
    "AES-256, SHA, group 5": (SOUND, {"encryption": "7", "hash": "2", "group": "5"}),
}


@pytest.mark.parametrize("algorithms", ALGORITHMS)
def test_tunnel_traffic_is_encrypted_and_never_translated_and_all_other_is_translated_and_never_encrypted(
    algorithms: str, start: Callable[..., Site]
) -> None:
    responder, numbers = ALGORITHMS[algorithms]
    site = start()
    site.intend([responder], [TUNNEL])
    site.play(SITE)
    world = site.world

    # The responder cannot begin. What it has for the initiator's network is dropped; with the reference's form, in clear.
    with world.capture("isp-hub") as hub:
        assert world.ping("lan-hub", "10.1.1.10", 3, seconds=0.5) == 0
        assert {packet.kind for packet in hub.packets()} <= {"icmp"}
        left = in_clear(hub.packets(), "10.1.1.")
    if responder.get("match_address", True):
        assert left == []
    else:
        assert [(packet.source, packet.destination) for packet in left] == [("10.2.1.10", "10.1.1.10")] * 3

    with world.capture("isp-pix") as pix, world.capture("isp-hub") as hub:
        # The initiator can.
        site.bring_up()
        for protocol in ("udp", "tcp"):
            assert world.seen("lan-pix", "10.2.1.10", protocol) == "10.1.1.10"
            assert world.seen("lan-hub", "10.1.1.10", protocol) == "10.2.1.10"
            assert world.seen("lan-pix", INTERNET, protocol) == PIX
            assert world.seen("lan-hub", INTERNET, protocol) == HUB
        assert world.ping("lan-pix", "10.2.1.10", 5) == world.ping("lan-hub", "10.1.1.10", 5) == 5
        shark = pix.tshark("-Y", "isakmp")
    for captured, outside in ((pix, PIX), (hub, HUB)):
        packets = captured.packets()
        assert in_clear(packets, "10.") == []
        between = [packet for packet in packets if {packet.source, packet.destination} == {PIX, HUB}]
        assert {packet.kind for packet in between} <= {"ike", "esp", "keepalive"}
        assert sum(packet.encrypted for packet in between) >= 20
        internet = [packet for packet in packets if INTERNET in (packet.source, packet.destination)]
        assert internet
        assert {packet.source for packet in internet} == {outside, INTERNET}
        assert not any(packet.encrypted for packet in internet)
    assert transforms(shark)[-1] == numbers


def transforms(shark: list[dict[str, Any]]) -> list[dict[str, str]]:
    """The phase 1 transforms of all messages, the chosen one last."""
    found: list[dict[str, str]] = []
    names = {"isakmp.ike.attr.encryption_algorithm": "encryption", "isakmp.ike.attr.hash_algorithm": "hash"}
    names["isakmp.ike.attr.group_description"] = "group"

    def walk(value: object) -> None:
        if isinstance(value, list):
            for each in value:
                walk(each)
        elif isinstance(value, dict):
            for key, each in value.items():
                if key in names:
                    if names[key] == "encryption":
                        found.append({})
                    found[-1][names[key]] = str(each)
                walk(each)

    walk(shark)
    return found
