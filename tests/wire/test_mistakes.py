# Copyright: The netvpn.dynamic_l2l contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""Every class of mistake fails as on the real devices, in packets and in what both ends show."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import asdict, dataclass
from pathlib import Path

import pytest
from devices.wire.client import Packet

from .mistakes import MISTAKES, Pair, pairs, topology
from .sites import Site

#: What the tests found, for people and for other tools: build/wire/mistakes/NAME/.
KEPT = Path(__file__).parents[2] / "build/wire/mistakes"

#: Mistake → patterns of both ends' `show crypto isakmp sa` while traffic asks for the tunnel, and of `show crypto ipsec
#: sa`. Empty: nothing of the kind is listed.
NO_PAIR = ""
UP = r"MM_ACTIVE"
SHOWN: dict[str, tuple[str, str]] = {
    # initiator, responder. Names of states: ios-show.md, asa-cli.md 6; grades there.
    "wrong-key": (r"MM_WAIT_MSG6|no isakmp sas", r"MM_KEY_EXCH|MM_NO_STATE|^dst[^\n]*\s*$"),
    "no-ike-policy": (r"MM_WAIT_MSG2|no isakmp sas", r"MM_NO_STATE|^dst[^\n]*\s*$"),
    "no-transform-set": (UP, r"QM_IDLE"),
    "no-mirror": (UP, r"QM_IDLE"),
    "no-exemption": (r"no isakmp sas", r"^dst[^\n]*\s*$"),
    "exemption-of-another-network": (r"no isakmp sas", r"^dst[^\n]*\s*$"),
    "static-over-exemption": (UP, r"QM_IDLE"),
    "map-not-bound": (r"no isakmp sas", r"^dst[^\n]*\s*$"),
    "isakmp-not-enabled": (r"no isakmp sas", r"^dst[^\n]*\s*$"),
    "wrong-peer": (r"MM_WAIT_MSG2|no isakmp sas", r"^dst[^\n]*\s*$"),
    "pfs-mismatch": (UP, r"QM_IDLE"),
    "missing-route": (r"no isakmp sas|MM_WAIT_MSG2", r"^dst[^\n]*\s*$"),
    "udp-500-filtered": (r"MM_WAIT_MSG2|no isakmp sas", r"^dst[^\n]*\s*$"),
}


@dataclass
class Found:
    """What one pair did while its LAN asked for the tunnel."""

    pair: Pair
    answers: int
    packets: list[Packet]
    far_packets: list[Packet]
    isakmp: tuple[str, str]
    ipsec: tuple[str, str]

    def keep(self) -> None:
        """Write it where others find it."""
        folder = KEPT / self.pair.name
        folder.mkdir(parents=True, exist_ok=True)
        for end, isakmp, ipsec in zip(("initiator", "responder"), self.isakmp, self.ipsec, strict=True):
            (folder / f"{end}.txt").write_text(f"{isakmp}\n\n{ipsec}\n", encoding="utf-8")
        rows = [{key: value for key, value in asdict(packet).items() if key != "payload"} for packet in self.packets]
        (folder / "packets.json").write_text(json.dumps(rows, indent=1), encoding="utf-8")


@pytest.fixture(scope="module")
def found(start_shared: Callable[..., Site]) -> dict[str, Found]:
    """All pairs at once: none waits for another's time-outs."""
    everyone = list(pairs())
    configs = {name: text for pair in everyone for name, text in pair.configs().items()}
    like = {pair.initiator: "pix515e" for pair in everyone} | {pair.responder: "hub" for pair in everyone}
    keys = {peer: key for pair in everyone for peer, key in pair.keys().items()}
    site = start_shared(topology(), configs, keys, like)
    world = site.world
    with ExitStack() as stack:
        captures = {
            pair.name: tuple(stack.enter_context(world.capture(link)) for link in (pair.link, pair.far_link))
            for pair in everyone
        }
        asking = {
            pair.name: world.start(pair.lan, "ping", "-n", "-i", "0.2", "-c", "25", "-W", "1", "10.2.1.10")
            for pair in everyone
        }
        shown: dict[str, tuple[str, str]] = {}
        for pair in everyone:
            first, second = SHOWN[pair.name]
            shown[pair.name] = (
                _shows(site, pair.initiator, first),
                _shows(site, pair.responder, second),
            )
        done = {name: ping.finish(None, 15).stdout for name, ping in asking.items()}
        result = {
            pair.name: Found(
                pair,
                done[pair.name].count("bytes from"),
                captures[pair.name][0].packets(),
                captures[pair.name][1].packets(),
                shown[pair.name],
                (site.show(pair.initiator, "show crypto ipsec sa"), site.show(pair.responder, "show crypto ipsec sa")),
            )
            for pair in everyone
        }
    for each in result.values():
        each.keep()
    return result


def _shows(site: Site, device: str, pattern: str) -> str:
    def shown() -> str:
        text = site.show(device, "show crypto isakmp sa")
        return text if re.search(pattern, text, re.MULTILINE) else ""

    return str(site.until(shown, f"{device}: {pattern}"))


@pytest.mark.parametrize("name", MISTAKES)
def test_a_mistake_fails_as_on_the_devices(name: str, found: dict[str, Found]) -> None:
    each, mistake = found[name], MISTAKES[name]
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


def test_a_missing_policy_is_proposed_and_not_chosen(found: dict[str, Found]) -> None:
    ike = [packet for packet in found["no-ike-policy"].packets if packet.kind == "ike"]
    assert ike
    # It never came to a key exchange: main mode's third message is the first that has one.
    assert "QM" not in found["no-ike-policy"].isakmp[1]


def test_what_is_filtered_leaves_and_never_arrives(found: dict[str, Found]) -> None:
    each = found["udp-500-filtered"]
    assert [packet for packet in each.packets if packet.kind == "ike"]
    assert [packet for packet in each.far_packets if packet.kind == "ike"] == []


def test_a_wrong_peer_is_called_and_nobody_answers(found: dict[str, Found]) -> None:
    each = found["wrong-peer"]
    ike = [packet for packet in each.packets if packet.kind == "ike"]
    assert ike
    assert {packet.destination for packet in ike} == {each.pair.addressed("192.168.1.3")}


def test_isakmp_that_is_not_enabled_says_nothing(found: dict[str, Found]) -> None:
    assert found["isakmp-not-enabled"].packets == [
        packet for packet in found["isakmp-not-enabled"].packets if packet.kind not in ("ike", "esp", "icmp")
    ]


def test_a_server_with_a_static_translation_answers_with_its_public_address(found: dict[str, Found]) -> None:
    each = found["static-over-exemption"]
    public = each.pair.addressed("192.168.1.9")
    assert [packet for packet in each.packets if packet.encrypted]
    answers = [packet for packet in each.far_packets if packet.kind == "icmp" and packet.source == public]
    assert answers
    assert {packet.destination for packet in answers} == {"10.1.1.10"}


def reading() -> Iterator[str]:
    yield from MISTAKES


def test_each_mistake_is_kept_for_later_tests(found: dict[str, Found]) -> None:
    for name in reading():
        assert {file.name for file in (KEPT / name).iterdir()} == {"initiator.txt", "responder.txt", "packets.json"}
