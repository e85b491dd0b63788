# Copyright: The netvpn.dynamic_l2l contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""The playbooks by their full names, as a user runs them, against emulated devices over SSH."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

from .conftest import SEED, Playbooks

SITE, PLAN, VERIFY, TEARDOWN = (f"netvpn.dynamic_l2l.{name}" for name in ("site", "plan", "verify", "teardown"))

HUB: dict[str, Any] = {
    "host": "hub",
    "address": "192.168.1.2",
    "networks": ["10.2.1.0/24"],
    "suite": "reference",
    "allow_weak_crypto": "broken",
    "match_address": False,
    "pre_shared_key": "k5-of-the-hub",
}

OSAKA: dict[str, Any] = {
    "name": "osaka",
    "initiator": "pix515e",
    "responder": "hub",
    "networks": ["10.1.1.0/24"],
}

#: What the reference calls its objects.
REFERENCE: dict[str, Any] = {
    "asa_l2l_initiator_pat": "present",
    "ios_dynamic_responder_pat": "present",
    "asa_l2l_initiator_names": {
        "crypto_map": "IPSEC",
        "transform_set": "DYN-TS",
        "crypto_acl": "IPSec-traffic",
        "exemption_acl": "NO-NAT",
    },
    "ios_dynamic_responder_names": {
        "crypto_map": "IPSEC",
        "transform_set": "DYN-TS",
        "dynamic_map": "DYN",
        "nat_acl": "100",
    },
}

_COMPUTED = re.compile(r"Current configuration : .*|Cryptochecksum:.*")
_KEY = re.compile(r"( pre-shared-key |crypto isakmp key )\S+")


def comparable(text: str) -> list[str]:
    """A running configuration without blanks at line ends, keys, sizes and checksums."""
    return [_KEY.sub(r"\1*", row.rstrip()) for row in text.strip().splitlines() if not _COMPUTED.match(row)]


def seed(name: str) -> list[str]:
    """A configuration of the reference scenario."""
    return comparable((SEED / name).read_text(encoding="utf-8"))


def held(state: Path, name: str) -> list[str]:
    """What a device holds now."""
    return comparable((state / f"{name}.running").read_text(encoding="utf-8"))


def give_intent(playbooks: Playbooks, responders: list[dict[str, Any]], tunnels: list[dict[str, Any]]) -> None:
    """The same variables for all hosts."""
    for host in playbooks.hosts.values():
        host.update(REFERENCE, l2l_responders=responders, l2l_tunnels=tunnels)


def test_site_makes_the_reference_and_teardown_gives_the_start_back(
    playbooks: Playbooks, emulated: Callable[..., Path]
) -> None:
    state = emulated("pix515e", "hub")
    give_intent(playbooks, [HUB], [OSAKA])

    planned = playbooks.play(PLAN)
    assert "crypto map IPSEC interface outside" in planned
    # Which packets meet something else, and after which line.
    told = planned[planned.index("TASK [Show after which of them") :]
    assert "a packet from 10.2.1.1 to 10.1.1.1" in told
    assert re.search(r"a packet from 10\.1\.1\.1 to 10\.2\.1\.1 .*: in clear with its own source, then protected", told)
    assert held(state, "pix515e") == seed("pix-7.2-start.cfg")
    assert held(state, "hub") == seed("ios-12.4-start.cfg")
    lacking = playbooks.play(VERIFY, expect=2)
    assert "site would send" in lacking

    done = playbooks.play(SITE)
    assert done.index("Bring the responders to the intent") < done.index("Bring the initiators to the intent")
    assert held(state, "pix515e") == seed("pix-7.2-running-config.cfg")
    assert held(state, "hub") == seed("ios-12.4-running-config.cfg")
    again = playbooks.play(SITE)
    assert re.findall(r"changed=(\d+)", again) == ["0", "0"]
    assert "holds the intent" in playbooks.play(VERIFY)

    gone = playbooks.play(
        TEARDOWN, "-e", "asa_l2l_initiator_remove_shared=true", "-e", "ios_dynamic_responder_remove_shared=true"
    )
    assert gone.index("Take the tunnels from the initiators") < gone.index("Take the tunnels from the responders")
    assert held(state, "pix515e") == seed("pix-7.2-start.cfg")
    assert held(state, "hub") == seed("ios-12.4-start.cfg")
    assert HUB["pre_shared_key"] not in playbooks.printed


def test_with_the_default_match_address_one_more_list_and_its_reference_are_the_only_difference(
    playbooks: Playbooks, emulated: Callable[..., Path]
) -> None:
    state = emulated("pix515e", "hub")
    give_intent(playbooks, [{key: value for key, value in HUB.items() if key != "match_address"}], [OSAKA])
    playbooks.play(SITE)
    assert held(state, "pix515e") == seed("pix-7.2-running-config.cfg")
    extra = [
        " match address L2L-MATCH",
        "ip access-list extended L2L-MATCH",
        " permit ip 10.2.1.0 0.0.0.255 10.1.1.0 0.0.0.255",
    ]
    rows = [row for row in held(state, "hub") if row != "!"]
    assert [row for row in rows if row in extra] == extra
    reference = [row for row in seed("ios-12.4-running-config.cfg") if row != "!"]
    assert [row for row in rows if row not in extra] == reference


def test_an_initiator_is_left_alone_when_one_of_its_responders_failed(
    playbooks: Playbooks, emulated: Callable[..., Path]
) -> None:
    state = emulated("pix515e", "hub", "hub2")
    # hub2 does not have this interface, so it fails before anything is sent; hub goes on.
    wrong = HUB | {"host": "hub2", "address": "192.168.9.9", "networks": ["10.8.0.0/16"]}
    other = OSAKA | {"name": "nara", "responder": "hub2"}
    apart = OSAKA | {"name": "kobe", "initiator": "elsewhere", "networks": ["10.3.0.0/24"]}
    give_intent(playbooks, [HUB, wrong], [other, apart])
    playbooks.hosts["hub2"]["ios_dynamic_responder_outside_interface"] = "Ethernet9/9"
    printed = playbooks.play(SITE, expect=2)
    assert "the device has no such interface" in printed
    assert "pix515e is left as it is, for hub2 failed" in printed
    assert held(state, "pix515e") == seed("pix-7.2-start.cfg")
    assert held(state, "hub2") == seed("ios-12.4-start.cfg")
    assert held(state, "hub") != seed("ios-12.4-start.cfg")


def test_a_limited_run_says_which_other_ends_it_leaves_out(playbooks: Playbooks, emulated: Callable[..., Path]) -> None:
    state = emulated("pix515e")
    # The responder is in the inventory, but this run does not reach it.
    playbooks.hosts["hub"] = {"ansible_host": "127.0.0.1", "ansible_port": 1}
    give_intent(playbooks, [HUB], [OSAKA])
    printed = playbooks.play(SITE, "--limit", "pix515e")
    assert "hub: not in this run" in " ".join(printed.split())
    assert held(state, "pix515e") == seed("pix-7.2-running-config.cfg")
