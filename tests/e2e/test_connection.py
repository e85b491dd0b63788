# Copyright: The netvpn.dynamic_l2l contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""The connection to a PIX/ASA where devices are slow, refuse, or fall silent, through both SSH libraries."""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from .conftest import ROOT, Playbooks

Start = Callable[..., tuple[int, Path]]
KEY = "Vz7fQ2mKx9Lw4Rt8Bn3c"
START = (ROOT / "tests/golden/seed/pix-7.2-start.cfg").read_text(encoding="utf-8")
VERSION = (
    "Cisco PIX Security Appliance Software Version 7.2(2)\n\nfw up 3 hours 1 min\n\nHardware:   PIX-515E, 128 MB RAM\n"
)
LIBRARIES = ("libssh", "paramiko")
INTENT: dict[str, Any] = {
    "responders": [
        {
            "host": "hub",
            "address": "192.168.1.2",
            "networks": ["10.2.1.0/24"],
            "suite": "aes256-sha-g5",
            "pre_shared_key": KEY,
        }
    ],
    "tunnels": [{"name": "osaka", "initiator": "fw", "responder": "hub", "networks": ["10.1.1.0/24"]}],
}


def task(module: str, *, fails: bool = False, **arguments: Any) -> dict[str, Any]:
    return {module: arguments, "ignore_errors": fails, "register": "result"}


def says(expression: str) -> dict[str, Any]:
    return {"ansible.builtin.assert": {"that": expression, "fail_msg": "{{ result | to_json }}"}}


def play(*tasks: dict[str, Any]) -> list[dict[str, Any]]:
    return [{"hosts": "all", "gather_facts": False, "tasks": list(tasks)}]


def connect(playbooks: Playbooks, name: str, device: tuple[int, Path], **variables: Any) -> Path:
    port, folder = device
    playbooks.add(name, port, folder / "known_hosts", ansible_network_os="netvpn.dynamic_l2l.asa", **variables)
    return folder / "typed"


def lines_of(typed: Path) -> list[str]:
    """What was typed, without our comments."""
    return [line for line in typed.read_text(encoding="utf-8").splitlines() if not line.startswith("! ")]


def test_commands_and_configuration_lines_through_a_banner_full_of_prompts(
    playbooks: Playbooks, misbehaving: Start
) -> None:
    # Each line that looks like a prompt is followed by a pause longer than netcommon waits for more.
    banner = [["Use of # and > is logged\r\nrouter#", 0.3], ["\r\nWelcome>", 0.3], ["\r\nfw# \r\n", 0.3]]
    answers = {"show version": VERSION, "show running-config": "hostname fw\n", "nonsense": "ERROR: % Invalid input\n"}
    script = {"banner": banner, "enable": "admin", "answers": answers}
    typed = [
        connect(playbooks, library, misbehaving(**script), ansible_network_cli_ssh_type=library)
        for library in LIBRARIES
    ]
    playbooks.run(
        play(
            task("ansible.netcommon.cli_command", command="show version"),
            says("'Version 7.2(2)' in result.stdout and 'fw#' not in result.stdout"),
            task("ansible.netcommon.cli_config", config="hostname fw\naccess-list A extended permit ip any any"),
            says("result.commands == ['access-list A extended permit ip any any']"),
            task("ansible.netcommon.cli_config", config="nonsense", fails=True),
            says("result is failed and 'Invalid input' in result.msg"),
            # A refused line does not leave the session in configuration mode.
            task("ansible.netcommon.cli_command", command="show version"),
            says("'Version 7.2(2)' in result.stdout"),
        )
    )
    for lines in map(lines_of, typed):
        assert lines[:3] == ["enable", "admin", "terminal pager 0"]
        assert lines[-3:] == ["nonsense", "end", "show version"]
        # The terminal's width can only be set in the configuration.
        assert not any("width" in line for line in lines)


def test_a_wrong_enable_password_is_called_so_and_typed_once(playbooks: Playbooks, misbehaving: Start) -> None:
    typed = [
        connect(playbooks, library, misbehaving(enable="other"), ansible_network_cli_ssh_type=library)
        for library in LIBRARIES
    ]
    begin = time.monotonic()
    playbooks.run(
        play(
            task("ansible.netcommon.cli_command", command="show version", fails=True),
            says("result is failed and 'ansible_become_password is wrong' in result.msg"),
        )
    )
    assert [lines_of(file) for file in typed] == [["enable", "admin"]] * 2
    assert time.monotonic() - begin < 20, "it waited for a time-out"


def test_sessions_that_are_privileged_or_not_and_what_needs_none(playbooks: Playbooks, misbehaving: Start) -> None:
    script = {"answers": {"show version": VERSION}}
    typed = {
        "privileged": connect(playbooks, "privileged", misbehaving(enabled=True, **script)),
        "plain": connect(playbooks, "plain", misbehaving(**script), ansible_become=False),
        "logged": connect(
            playbooks, "logged", misbehaving(enabled=True, **script), ansible_persistent_log_messages=True
        ),
        "rendered": connect(playbooks, "rendered", misbehaving(enabled=True, **script)),
    }
    gathered = task("netvpn.dynamic_l2l.asa_ipsec_l2l", state="gathered", fails=True)
    rendered = task(
        "netvpn.dynamic_l2l.asa_ipsec_l2l", **INTENT, host="fw", state="rendered", running_config=START, pat="present"
    )
    cases: dict[str, list[dict[str, Any]]] = {
        "privileged": [task("ansible.netcommon.cli_command", command="show version")],
        "plain": [gathered, says("'ansible_become_method: ansible.netcommon.enable' in result.msg")],
        "logged": [gathered, says("'persistent_log_messages is on' in result.msg")],
        "rendered": [rendered, says("'crypto map L2L-MAP interface outside' in result.rendered")],
    }
    playbooks.run([{"hosts": host, "gather_facts": False, "tasks": tasks} for host, tasks in cases.items()])
    assert {host: lines_of(file) for host, file in typed.items()} == {
        "privileged": ["terminal pager 0", "show version"],
        "plain": [],
        "logged": [],
        "rendered": [],
    }


def test_a_device_that_stops_at_the_key_takes_it_nowhere(playbooks: Playbooks, misbehaving: Start) -> None:
    answers = {"^more": f": Saved\n:\n{START.strip()}\n: end\n", "show version": VERSION}
    typed = []
    for library in LIBRARIES:
        for fault in ("silent_at", "closed_at"):
            device = misbehaving(enabled=True, answers=answers, **{fault: "pre-shared-key"})
            settings = {"ansible_network_cli_ssh_type": library, "ansible_command_timeout": 3}
            typed.append(connect(playbooks, f"{library}_{fault}", device, **settings))
    playbooks.run(
        play(
            task("netvpn.dynamic_l2l.asa_ipsec_l2l", **INTENT, host="fw", fails=True),
            says("result is failed and 'the connection was closed' in result.msg and result.rolled_back is none"),
            # The next task has a session of its own and reads nothing of the last one.
            task("ansible.netcommon.cli_command", command="show version"),
            says("result.stdout.startswith('Cisco PIX')"),
        ),
        "-vvvv",
    )
    assert all(any(KEY in line for line in lines_of(file)) for file in typed)
    assert KEY not in playbooks.printed
    assert KEY not in playbooks.log.read_text(encoding="utf-8")


def test_a_refused_line_is_undone_and_comes_back_with_its_answer(playbooks: Playbooks, misbehaving: Start) -> None:
    answers = {
        "^more": f": Saved\n:\n{START.strip()}\n: end\n",
        "^crypto map L2L-MAP interface": "     ^\nERROR: % Invalid input detected at '^' marker.\n",
    }
    typed = [
        connect(playbooks, name, misbehaving(enabled=True, answers=answers), ansible_network_import_modules=direct)
        for name, direct in (("direct", True), ("packed", False))
    ]
    playbooks.run(
        play(
            task("netvpn.dynamic_l2l.asa_ipsec_l2l", **INTENT, host="fw", fails=True),
            says("result is failed and result.rolled_back and result.line == 'crypto map L2L-MAP interface outside'"),
            says("result.answer.startswith('ERROR: % Invalid input') and 'This is a bug' not in result.msg"),
        )
    )
    for lines in map(lines_of, typed):
        refused = lines.index("crypto map L2L-MAP interface outside")
        assert "no crypto isakmp enable outside" in lines[refused:]
        assert "write memory" not in lines
