# Copyright: The netvpn.dynamic_l2l contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""The reference scenario over real packets: configured by ansible-playbook, then used."""

from __future__ import annotations

import contextlib
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from .sites import INTERNET, REFERENCE, SITE, SOUND, TUNNEL, Site, in_clear

PIX, HUB = "172.16.1.1", "192.168.1.2"

DES = {"encryption": "1", "hash": "1", "group": "1"}

#: Algorithms → the responder's part of the intent, and the numbers that tshark finds: RFC 2409 appendix A.
ALGORITHMS: dict[str, tuple[dict[str, Any], dict[str, str]]] = {
    "DES, MD5, group 1": (REFERENCE, {**DES, "lifetime": "86400"}),
    "AES-256, SHA, group 5": (
        SOUND,
        {"encryption": "7", "key length": "256", "hash": "2", "group": "5", "lifetime": "86400"},
    ),
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
        shark = pix.tshark("--no-duplicate-keys", "-Y", "isakmp")
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
    # The key is in no file of the world's and in no argument of a process, nor did the IKE daemons tell it.
    key = responder["pre_shared_key"].encode()
    told = {str(path): path.read_bytes() for path in site.state.rglob("*") if path.is_file()}
    assert any(path.endswith(".running") for path in told)
    for process in Path("/proc").glob("[0-9]*"):
        with contextlib.suppress(OSError):
            told[str(process)] = (process / "cmdline").read_bytes()
    told |= {name: "\n".join(world.log(name)).encode() for name in ("pix515e", "hub")}
    assert [name for name, text in told.items() if key in text] == []


#: An attribute of a transform by tshark's name → ours. Numbers are those of RFC 2409 appendix A.
_ATTRIBUTES = {
    "isakmp.ike.attr.encryption_algorithm": "encryption",
    "isakmp.ike.attr.key_length": "key length",
    "isakmp.ike.attr.hash_algorithm": "hash",
    "isakmp.ike.attr.group_description": "group",
    "isakmp.ike.attr.life_duration": "lifetime",
}


def transforms(shark: list[dict[str, Any]]) -> list[dict[str, str]]:
    """The phase 1 transforms of all messages (``tshark --no-duplicate-keys``), the chosen one last."""
    found: list[dict[str, str]] = []
    for attributes in values(shark, "isakmp.ike.attr"):
        merged = {key: str(each) for attribute in attributes for key, each in attribute.items()}
        found.append({name: merged[key] for key, name in _ATTRIBUTES.items() if key in merged})
    return found


def values(tree: object, name: str) -> list[Any]:
    """Everything of that name in what tshark says, in order."""
    if isinstance(tree, list):
        return [each for branch in tree for each in values(branch, name)]
    if isinstance(tree, dict):
        return [each for key, branch in tree.items() for each in ([branch] if key == name else values(branch, name))]
    return []
