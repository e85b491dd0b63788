# Copyright: The netvpn.dynamic_l2l contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""Why a tunnel does not come up, asked of devices whose packets really go wrong: the playbook names each mistake.

All mistakes are in one world and one run; debugging is on for a while and off again.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import pytest

from .conftest import starting
from .mistakes import MISTAKES, Pair, pairs, topology
from .sites import REFERENCE, SECRET, TUNNEL, Site

DIAGNOSE = "netvpn.dynamic_l2l.diagnose"

#: Mistake → what the problem is called, and words of what is said to be wrong.
NAMED: dict[str, tuple[str, str]] = {
    "wrong-key": ("key-differs", "is not the one of the intent"),
    "no-ike-policy": ("ike-policy-differs", "policy"),
    "no-transform-set": ("transform-set-differs", "transform"),
    "no-mirror": ("crypto-acl-not-mirrored", "10.1.0.0"),
    "no-exemption": ("no-interesting-traffic", "not exempt from translation"),
    "exemption-of-another-network": ("no-interesting-traffic", "not exempt from translation"),
    "static-over-exemption": ("return-route-missing", "ip nat inside source static"),
    "map-not-bound": ("map-not-bound", "crypto map IPSEC interface outside"),
    "isakmp-not-enabled": ("ike-off", "isakmp enable"),
    "wrong-peer": ("peer-wrong", "192.168."),
    "pfs-mismatch": ("pfs-differs", "group5"),
    "missing-route": ("no-interesting-traffic", "route"),
    "udp-500-filtered": ("peer-unreachable", "500"),
}


def intents(everyone: list[Pair]) -> tuple[list[dict[str, Any]], list[dict[str, Any]]]:
    responders = [
        {**REFERENCE, "pre_shared_key": SECRET, "host": pair.responder, "address": pair.peer} for pair in everyone
    ]
    tunnels = [
        {**TUNNEL, "name": pair.name, "initiator": pair.initiator, "responder": pair.responder} for pair in everyone
    ]
    return responders, tunnels


@pytest.fixture(scope="module")
def diagnosed() -> Iterator[tuple[Site, dict[str, Any], str]]:
    """The world, the diagnosis of all of it, and what was printed."""
    everyone = list(pairs())
    configs = {name: text for pair in everyone for name, text in pair.configs().items()}
    like = {pair.initiator: "pix515e" for pair in everyone} | {pair.responder: "hub" for pair in everyone}
    keys = {peer: key for pair in everyone for peer, key in pair.keys().items()}
    with starting() as start:
        site = start(topology(), configs, keys, like)
        site.intend(*intents(everyone))
        file = site.state / "diagnosis.json"
        options = {
            "bring_up": True,
            "allow_debug": True,
            "seconds": 15,
            "diagnosis_to": str(file),
            "probe": ["10.2.1.10"],
        }
        site.play(DIAGNOSE, "-e", json.dumps(options), "--forks", "26", expect=2)
        yield site, json.loads(file.read_text(encoding="utf-8")), site.playbooks.printed


@pytest.mark.parametrize("name", MISTAKES)
def test_each_mistake_is_named(name: str, diagnosed: tuple[Site, dict[str, Any], str]) -> None:
    _site, diagnosis, _printed = diagnosed
    ours = [one for one in diagnosis["problems"] if one["end"] in (f"pix-{name}", f"hub-{name}")]
    code, words = NAMED[name]
    # Both ends may tell of it.
    assert {one["code"] for one in ours} == {code}, json.dumps(ours, indent=1)
    assert words in json.dumps(ours), json.dumps(ours, indent=1)


def test_nothing_of_it_is_secret_and_nothing_stays_on(diagnosed: tuple[Site, dict[str, Any], str]) -> None:
    site, diagnosis, printed = diagnosed
    assert SECRET not in printed
    assert SECRET not in json.dumps(diagnosis)
    for pair in pairs():
        assert "debugging is on" not in site.show(pair.responder, "show debugging")
    assert diagnosis["unread"] == []
