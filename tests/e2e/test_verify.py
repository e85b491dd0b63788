# Copyright: The netvpn.dynamic_l2l contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""Verification as a user runs it: the playbook, the role's option, the module with expectations; nothing is up here."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import pytest

from .conftest import SEED, Playbooks
from .test_playbooks import HUB, OSAKA, REFERENCE, VERIFY, give_intent, held, seed

#: Key of the reference's devices, as the router shows it.
KEY = "cisco123"

#: Both devices with the reference's tunnel.
CONFIGURED = {
    "pix515e": ("pix515e", f"config={SEED / 'pix-7.2-running-config.cfg'}"),
    "hub": ("hub", f"config={SEED / 'ios-12.4-running-config.cfg'}"),
}


@pytest.fixture
def state(playbooks: Playbooks, emulated: Callable[..., Path]) -> Path:
    """The reference's devices with their tunnel, and the intent that they hold."""
    state = emulated(like=CONFIGURED)
    give_intent(playbooks, [HUB | {"pre_shared_key": KEY}], [OSAKA])
    return state


def one_line(printed: str) -> str:
    """What was printed, however the terminal broke it."""
    return " ".join(printed.split())


def rows(printed: str) -> dict[tuple[str, str], list[str]]:
    """(tunnel, host) → the words of its row of the table."""
    found = re.findall(r'"(osaka|\(device\)) +(pix515e|hub) +([^"]*)"', printed)
    return {(tunnel, host): cells.split() for tunnel, host, cells in found}


def test_devices_that_hold_the_intent_without_a_tunnel_that_is_up(playbooks: Playbooks, state: Path) -> None:
    file = playbooks.folder / "results.xml"
    # With --check, which brings nothing up.
    asked = ("-e", "l2l_verify=up", "-e", "l2l_verify_bring_up=true", "-e", f"l2l_verify_junit={file}", "--check")
    printed = playbooks.play(VERIFY, *asked, expect=2)
    told = one_line(printed)
    assert rows(printed)["osaka", "pix515e"][:2] == rows(printed)["osaka", "hub"][:2] == ["ok", "FAILED"]
    assert "The tunnel is down; there is no IKE SA" in told
    assert "A responder cannot begin: send traffic at pix515e" in told
    root = ElementTree.parse(file).getroot()
    failed = [case.attrib["classname"] for case in root.iter("testcase") if case.find("failure") is not None]
    assert sorted(failed) == ["osaka.hub", "osaka.pix515e"]
    passed = {(case.attrib["classname"], case.attrib["name"]) for case in root.iter("testcase") if len(case) == 0}
    assert {(f"{tunnel}.{host}", "configured") for tunnel in ("osaka", "(device)") for host in CONFIGURED} <= passed
    for name, config in (("pix515e", "pix-7.2-running-config.cfg"), ("hub", "ios-12.4-running-config.cfg")):
        assert held(state, name) == seed(config)
    assert KEY not in playbooks.printed + file.read_text(encoding="utf-8")


def test_a_device_that_cannot_be_asked_does_not_hide_the_others(playbooks: Playbooks, state: Path) -> None:
    playbooks.hosts["hub"]["ansible_port"] = 1
    file = playbooks.folder / "results.xml"
    printed = playbooks.play(VERIFY, "-e", f"l2l_verify_junit={file}", expect=2)
    found = rows(printed)
    assert (found["osaka", "pix515e"], found["(device)", "hub"]) == (["ok"], ["FAILED"])
    assert "cannot be reached" in one_line(printed)
    assert "pix515e holds the intent" in printed
    failed = [case for case in ElementTree.parse(file).getroot().iter("testcase") if case.find("failure") is not None]
    assert [case.attrib["classname"] for case in failed] == ["(device).hub"]


def test_a_host_without_the_tunnel_is_left_out_and_an_expression_that_cannot_be_read_is_refused_by_name(
    playbooks: Playbooks, state: Path
) -> None:
    far = OSAKA | {"name": "nara", "initiator": "elsewhere", "networks": ["10.3.0.0/24"]}
    for host in playbooks.hosts.values():
        host["l2l_tunnels"] = [OSAKA, far]
    asked = {"l2l_verify_tunnel": ["nara"], "l2l_verify_expect": [{"name": "mine", "query": "tunnels[?up"}]}
    printed = playbooks.play(VERIFY, "-e", json.dumps(asked), expect=2)
    assert list(rows(printed)) == [("(device)", "hub")]
    assert "expect[0].query = tunnels[?up: it cannot be read as JMESPath" in one_line(printed)
    assert "pix515e has none of the tunnels that were asked for" in printed
    # A name that nobody has is a slip, and not a success of all.
    printed = playbooks.play(VERIFY, "-e", '{"l2l_verify_tunnel": ["osak"]}', expect=2)
    assert "the intent has no tunnel osak" in one_line(printed)


def verify_task(**options: Any) -> dict[str, Any]:
    """A task with the reference's names."""
    return {
        "netvpn.dynamic_l2l.ipsec_verify": {
            "host": "{{ inventory_hostname }}",
            "responders": "{{ l2l_responders }}",
            "tunnels": "{{ l2l_tunnels }}",
            "names": REFERENCE["asa_l2l_initiator_names"],
            "pat": "present",
            **options,
        }
    }


def test_expectations_over_the_modules_own_result(playbooks: Playbooks, state: Path) -> None:
    expect = [
        {"name": "no tunnel is up", "query": "tunnels[?up]", "truthy": False},
        {
            "name": "two networks",
            "query": "tunnels[].pairs[].[local, remote]",
            "equals": [["10.1.1.0/24", "10.2.1.0/24"]],
        },
        {"name": "release", "query": "starts_with(version, '7.2')"},
        {"name": "something is encrypted", "query": "sum(tunnels[].sent)", "equals": 7},
    ]
    task = verify_task(level="up", expect=expect, fail_on="never")
    says = "{{ found.results | selectattr('check', 'match', 'expect') | map(attribute='status') }}"
    tasks = [
        {**task, "register": "found"},
        {
            "ansible.builtin.assert": {
                "that": f"{says[3:-3]} | list == ['ok', 'ok', 'ok', 'failed']",
                "fail_msg": "{{ found.results | to_json }}",
            }
        },
        {
            "ansible.builtin.assert": {
                "that": "not found.verified and not found.changed and found.tunnels[0].sent is none"
            }
        },
        {**verify_task(level="up"), "register": "again", "ignore_errors": True},
        {"ansible.builtin.assert": {"that": "again is failed and again.results | length == 4"}},
    ]
    printed = playbooks.run([{"hosts": "pix515e", "gather_facts": False, "tasks": tasks}])
    assert "osaka, up: The tunnel is down" in one_line(printed)


def test_the_role_looks_at_its_tunnels_when_told(playbooks: Playbooks, state: Path) -> None:
    def play(level: str) -> dict[str, Any]:
        role = {"role": "netvpn.dynamic_l2l.asa_l2l_initiator", "vars": {"asa_l2l_initiator_verify": level}}
        options = {"asa_l2l_initiator_verify_options": {"bring_up": False}, "asa_l2l_initiator_preflight": "skip"}
        return {"name": level, "hosts": "pix515e", "gather_facts": False, "vars": options, "roles": [role]}

    printed = playbooks.run([play(level) for level in ("none", "configured", "up")], expect=2)
    none, configured, up = re.split(r"PLAY \[\w+\]", printed)[1:]
    assert "skipping" in none
    assert "Verify the tunnels" not in none
    assert "Verify the tunnels" in configured
    assert "fatal" not in none + configured
    assert "1 failed" in one_line(up)
    assert "or run with bring_up: true" in one_line(up)
