# Copyright: The netvpn.dynamic_l2l contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""What the collection's model says of a class of packets is what the packets do: in right scenarios and in wrong ones."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass

import pytest
from ansible_collections.netvpn.dynamic_l2l.plugins.module_utils._core import prove, treatment
from ansible_collections.netvpn.dynamic_l2l.plugins.module_utils._core.asa import parse as asa_parse
from ansible_collections.netvpn.dynamic_l2l.plugins.module_utils._core.asa import plan as asa_plan
from ansible_collections.netvpn.dynamic_l2l.plugins.module_utils._core.asa import render
from ansible_collections.netvpn.dynamic_l2l.plugins.module_utils._core.intent import parse_intent
from ansible_collections.netvpn.dynamic_l2l.plugins.module_utils._core.ios import parse as ios_parse
from ansible_collections.netvpn.dynamic_l2l.plugins.module_utils._core.options import Options
from ansible_collections.netvpn.dynamic_l2l.plugins.module_utils._core.prefixes import parse_address
from ansible_collections.netvpn.dynamic_l2l.plugins.module_utils._core.proven import platform
from ansible_collections.netvpn.dynamic_l2l.plugins.module_utils._core.steps import replay, typed

from . import mistakes
from .sites import CONFIGURED, INTERNET, SECRET, SOUND, TUNNEL, Site, changed, seed
from .treatments import probe, shortened, switches

NEAR, FAR = "10.1.1.10", "10.2.1.10"
UDP = 17

#: What the model says → what may be seen of new flows. What is protected is dropped while there is no association.
SEEN = {"E": "ED", "V": "EX", "N": "EDT", "D": "D", "T": "T", "X": "X"}

_LIST = "ip access-list extended MATCH\n permit ip 10.2.1.0 0.0.0.255 10.1.1.0 0.0.0.255\n!\n"
#: Right ones, beside the mistakes: the reference with the tunnel, the same with a list, and before there was anything.
RIGHT: dict[str, dict[str, str]] = {
    "reference": CONFIGURED,
    "with a list": CONFIGURED
    | {
        "hub": changed(
            CONFIGURED["hub"],
            (" set transform-set DYN-TS\n", " set transform-set DYN-TS\n match address MATCH\n"),
            ("access-list 100 deny", f"{_LIST}access-list 100 deny"),
        )
    },
    "before": {"pix515e": seed("pix-7.2-start.cfg"), "hub": seed("ios-12.4-start.cfg")},
}


@dataclass(frozen=True)
class Place:
    """A LAN host, what it sends to, the device before it, and the ISP's link of that device."""

    node: str
    address: str
    target: str
    device: str
    enters: str
    link: str


def said(text: str, place: Place, destination: str) -> treatment.Fate:
    """What the model says of a datagram of the host."""
    config = asa_parse.parse(text) if "PIX Version" in text else ios_parse.parse(text, "")
    packet = (UDP, parse_address(place.address), 10000, parse_address(destination), 7)
    return treatment.fate_of(config, place.enters, packet)


def seen(site: Site, places: list[Place]) -> dict[Place, dict[str, str]]:
    """The letters of new flows from each host, to the other network and to the Internet, once the tunnels are tried."""
    with ExitStack() as stack:
        links = {place.link: stack.enter_context(site.world.capture(place.link)) for place in places}
        # The first packets ask for the tunnel; what comes of it is to be seen, and what new flows meet meanwhile.
        for wait in ("0.3", "1"):
            asked = [
                site.world.start(place.node, "ping", "-n", "-c", "3", "-i", wait, "-W", "1", place.target)
                for place in places
            ]
            if wait == "1":
                probes = {
                    place: probe(site, place.node, place.address, tunnel=place.target, internet=INTERNET)
                    for place in places
                }
            for ping in asked:
                ping.finish(None, 20)
        return {place: probing.judged(links[place.link]) for place, probing in probes.items()}


def judge(site: Site, texts: dict[str, str], places: list[Place]) -> Iterator[tuple[Place, str, str]]:
    for place, letters in seen(site, places).items():
        for target, destination in (("tunnel", place.target), ("internet", INTERNET)):
            fate = said(texts[place.device], place, destination)
            allowed = {letter for key in fate.letters for letter in SEEN[key.value]}
            said_and_seen = (place.device, target, str(fate), fate.line, shortened(letters))
            # A datagram may get lost on a busy machine; it never gets another treatment.
            assert set(letters[target]) <= allowed | {"D"}, said_and_seen
            assert "D" in allowed or letters[target].count("D") <= len(letters[target]) / 50, said_and_seen
            yield place, target, letters[target]


@pytest.mark.parametrize("scenario", RIGHT)
def test_what_the_model_says_is_what_the_packets_do(scenario: str, start: Callable[..., Site]) -> None:
    site = start(configs=RIGHT[scenario], keys={"192.168.1.2": SECRET})
    places = [
        Place("lan-pix", NEAR, FAR, "pix515e", "inside", "isp-pix"),
        Place("lan-hub", FAR, NEAR, "hub", "FastEthernet1/0", "isp-hub"),
    ]
    found = {(place.device, target): letters for place, target, letters in judge(site, RIGHT[scenario], places)}
    if scenario == "before":
        assert {letters[-1] for letters in found.values()} == {"X"}
    else:
        assert found["pix515e", "tunnel"][-1] == found["hub", "tunnel"][-1] == "E"
        assert found["pix515e", "internet"][-1] == found["hub", "internet"][-1] == "T"


def test_what_the_model_says_of_mistakes_is_what_the_packets_do(start: Callable[..., Site]) -> None:
    pairs = list(mistakes.pairs())
    texts = {name: text for pair in pairs for name, text in pair.configs().items()}
    like = {pair.initiator: "pix515e" for pair in pairs} | {pair.responder: "hub" for pair in pairs}
    keys = {peer: key for pair in pairs for peer, key in pair.keys().items()}
    site = start(mistakes.topology(), texts, keys, like)
    places = [Place(pair.lan, NEAR, FAR, pair.initiator, "inside", pair.link) for pair in pairs]
    places += [Place(pair.far, FAR, NEAR, pair.responder, "FastEthernet1/0", pair.far_link) for pair in pairs]
    found = {(place.device, target): letters for place, target, letters in judge(site, texts, places)}
    # The comparison is worth something: every way to fail was seen.
    assert {letter for letters in found.values() for letter in letters} == set("DTX")


def test_a_wrong_order_is_refused_with_a_packet_that_really_goes_wrong(start: Callable[..., Site]) -> None:
    text = changed(
        seed("pix-7.2-start.cfg"),
        ("route outside", "global (outside) 1 interface\nnat (inside) 1 0.0.0.0 0.0.0.0\nroute outside"),
    )
    config, intent = asa_parse.parse(text), parse_intent([SOUND], [TUNNEL])
    steps = list(asa_plan.make_plan(config, intent, "pix515e", Options()).steps)
    exemption = next(step for step in steps if step.do[0].shown.startswith("nat (inside) 0"))
    binding = next(step for step in steps if step.do[0].shown.endswith("interface outside"))
    assert steps.index(binding) < steps.index(exemption)
    # Wrong: what is not translated any more is not protected yet.
    steps.remove(binding)
    steps.insert(steps.index(exemption) + 1, binding)
    question = prove.Question(
        platform(render.reached), config, replay(config, steps), ours=intent.tunnels[0].region.boxes
    )
    with pytest.raises(
        prove.Refused, match=r"a packet from 10\.1\.1\.\d+ to 10\.2\.1\.\d+ .* in clear with its own source"
    ):
        prove.prove(question, steps)

    site = start(configs={"pix515e": text, "hub": CONFIGURED["hub"]})
    lines = [line.sent for line in typed(line for step in steps for line in step.do)[0]]
    wrong = lines.index(exemption.do[0].sent) + 1
    with site.world.capture("isp-pix") as captured:
        probing = probe(site, "lan-pix", NEAR, tunnel=FAR, internet=INTERNET)
        site.type("pix515e", *lines[:wrong])
        captured.wait(lambda packets: any(packet.source == NEAR and packet.kind == "udp" for packet in packets), 30)
        site.type("pix515e", *lines[wrong:])
        letters = probing.judged(captured)
    assert switches(letters["tunnel"]).startswith("TX"), shortened(letters)
    assert switches(letters["internet"]) == "T"
