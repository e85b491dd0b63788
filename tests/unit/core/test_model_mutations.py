# Copyright: The netvpn.dynamic_l2l contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""The model with two of its stages swapped: the second opinions notice, packet by packet and line by line of a plan.

A proof is worth what the model is. So what keeps the model honest is itself tried: a walk through the text with one
packet in hand (``fates``), and the test devices on which plans are typed.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest
from _core import forwarding
from _core.asa import parse as asa_parse
from _core.forwarding import Entry, Forwarding, Outcome, Port, Way
from _core.ios import parse as ios_parse
from _core.treatment import SELF, fate_of
from core_support import asa_worlds, fates, golden, ios_worlds, scenario
from core_support.asa_device import AsaDevice
from core_support.fates import Packet, number
from core_support.ios_device import IosDevice
from core_support.packets import Packet as Plain
from core_support.scenario import intent, options, plan_asa, plan_ios, responder

Mutation = Callable[[pytest.MonkeyPatch], None]


def crypto_before_translation(patch: pytest.MonkeyPatch) -> None:
    """The crypto map sees packets as they came in, and what it leaves is translated then."""
    plain = Forwarding._plain

    def translated_then(self: Forwarding, passage: Any, port: Port, lax: Entry | None = None) -> Way:
        def onwards(outcome: Outcome | None) -> Way:
            return plain(self, passage.translated(outcome), port, lax)

        tables = self._tables(self.translations, passage.enters, port.name)
        return forwarding._by_outcome(tables, passage.see, onwards)

    patch.setattr(Forwarding, "_translated", Forwarding._protected)
    patch.setattr(Forwarding, "_plain", translated_then)


def _made_otherwise(patch: pytest.MonkeyPatch, how: Callable[[Forwarding], None]) -> None:
    finish = Forwarding.__post_init__

    def other(self: Forwarding) -> None:
        how(self)
        finish(self)

    patch.setattr(Forwarding, "__post_init__", other)


def last_translation_first(patch: pytest.MonkeyPatch) -> None:
    """``nat`` with numbers before ``static`` before the exemption."""

    def how(tables: Forwarding) -> None:
        tables.translations = tables.translations[::-1]

    _made_otherwise(patch, how)


def last_entry_first(patch: pytest.MonkeyPatch) -> None:
    """A crypto map read from the highest sequence number."""

    def how(tables: Forwarding) -> None:
        tables.ports = {name: replace(port, entries=port.entries[::-1]) for name, port in tables.ports.items()}

    _made_otherwise(patch, how)


def open_entry_counts_for_nothing(patch: pytest.MonkeyPatch) -> None:
    """What a dynamic entry without a list protects counts as in clear."""
    plain = Forwarding._plain

    def strict(self: Forwarding, passage: Any, port: Port, lax: Entry | None = None) -> Way:
        return plain(self, passage, port, None)

    patch.setattr(Forwarding, "_plain", strict)


#: Mutation → the platforms whose texts below show it.
MUTATIONS: dict[Mutation, set[str]] = {
    crypto_before_translation: {"PIX", "IOS"},
    # A router's lists that deny leave a packet to the next rule: there the order of rules says nothing of these texts.
    last_translation_first: {"PIX"},
    last_entry_first: {"PIX", "IOS"},
    open_entry_counts_for_nothing: {"IOS"},
}

_PIX, _HUB = golden.seed("pix-7.2-running-config.cfg"), golden.seed("ios-12.4-running-config.cfg")
_DENY = "access-list 100 deny   ip 10.2.1.0 0.0.0.255 10.1.1.0 0.0.0.255\n"


def _asa_twice() -> str:
    """Somebody else's entry behind ours has the same packets, and more."""
    wide = asa_worlds.OTHERS.replace("10.9.0.0 255.255.0.0", "10.0.0.0 255.0.0.0").replace("OUTSIDE", "IPSEC")
    return _PIX.replace("pager lines 24\n", f"{wide}pager lines 24\n")


def _listed(text: str, more: str = "") -> str:
    """The dynamic entry with a list."""
    ours = "ip access-list extended MATCH\n permit ip 10.2.1.0 0.0.0.255 10.1.1.0 0.0.0.255\n"
    text = text.replace(" set transform-set DYN-TS\n", " set transform-set DYN-TS\n match address MATCH\n")
    return text.replace("control-plane\n", f"{more}{ours}control-plane\n")


def _ios_twice() -> str:
    others = ios_worlds.OTHERS.replace("10.9.0.0 0.0.255.255", "10.1.0.0 0.0.255.255").replace("OUTSIDE 20", "IPSEC 5")
    return _listed(_HUB, others.replace(" remark the tunnel to the partner\n", ""))


TEXTS: dict[str, list[str]] = {
    "PIX": [
        _PIX,
        _PIX.replace("nat (inside) 0 access-list NO-NAT\n", ""),
        _PIX.replace("crypto map IPSEC interface outside\n", ""),
        golden.seed("pix-7.2-start.cfg"),
        _asa_twice(),
    ],
    "IOS": [_HUB, _listed(_HUB), _listed(_HUB.replace(_DENY, "")), golden.seed("ios-12.4-start.cfg"), _ios_twice()],
}
ENTERS = {"PIX": ("inside", "outside", SELF), "IOS": ("FastEthernet1/0", "Ethernet0/0", SELF)}
ADDRESSES = ("10.1.1.2", "10.1.1.5", "10.2.1.1", "10.2.1.5", "198.51.100.7", "192.168.1.2", "203.0.113.9", "172.16.1.1")


def disagreements(platform: str) -> list[str]:
    """Where the model says something else of a packet than the walk."""
    found = []
    for text in TEXTS[platform]:
        walk = (fates.Asa if platform == "PIX" else fates.Ios)(text, map(number, ADDRESSES))
        config = asa_parse.parse(text) if platform == "PIX" else ios_parse.parse(text, "")
        for enters in ENTERS[platform]:
            sources = [*walk.own, *walk.leases] if enters == SELF else map(number, ADDRESSES)
            for source in sources:
                for destination in map(number, ADDRESSES):
                    packet = Packet(6, source, 1024, destination, 80)
                    said, true = fate_of(config, enters, packet).key, walk.fate(enters, packet)
                    if said != true:
                        found.append(f"{enters} {packet}: {sorted(said)}, not {sorted(true)}")
    return found


@pytest.mark.parametrize("platform", TEXTS)
def test_the_model_as_it_is_agrees_with_the_walk(platform: str) -> None:
    assert disagreements(platform) == []


@pytest.mark.parametrize("mutation", MUTATIONS, ids=lambda mutation: mutation.__name__)
def test_a_model_with_stages_swapped_says_something_else_than_the_walk(
    mutation: Mutation, monkeypatch: pytest.MonkeyPatch
) -> None:
    mutation(monkeypatch)
    assert {platform for platform in TEXTS if disagreements(platform)} == MUTATIONS[mutation]


# --- plans by a wrong model --------------------------------------------------------------------------------------------

P, ANSWER = Plain("10.1.1.5", "10.2.1.5"), Plain("10.2.1.5", "10.1.1.5")


def switching(platform: str) -> tuple[list[str], list[str]]:
    """The lines after which a packet of the tunnel meets something else where it was translated before: by the plan's own
    words, and by what it meets on the device on which the plan is typed."""
    device: AsaDevice | IosDevice
    if platform == "PIX":
        device, packet, enters = asa_worlds.start(asa_worlds.PAT), P, "inside"
        plan = plan_asa(device, intent(), options())
    else:
        device, packet, enters = ios_worlds.start(ios_worlds.PAT, inside=True, outside=True), ANSWER, "FastEthernet1/0"
        plan = plan_ios(device, intent([responder(match_address=True)]), options())
    said, met = [], []
    for step, switches in zip(plan.steps, plan.switches, strict=True):
        before = _met(device, packet)
        scenario.replay(device, [step])
        if _met(device, packet) != before:
            met.append(step.do[-1].shown)
        if any(switch.enters == enters and "translated" in switch.before for switch in switches):
            said.append(step.do[-1].shown)
    return said, met


def _met(device: AsaDevice | IosDevice, packet: Plain) -> str:
    return device.fate(packet, incomplete="drop") if isinstance(device, AsaDevice) else device.fate(packet)


@pytest.mark.parametrize("platform", TEXTS)
def test_a_plan_switches_where_it_says_and_by_a_model_with_crypto_before_translation_it_does_not(
    platform: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    said, met = switching(platform)
    assert len(met) == 1
    assert said == met
    crypto_before_translation(monkeypatch)
    said, met = switching(platform)
    assert said
    assert said != met
