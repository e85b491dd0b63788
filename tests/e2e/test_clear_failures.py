# Copyright: The netvpn.dynamic_l2l contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""Each failure says what it is, where, and what to do; through both SSH libraries where the connection decides."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from .conftest import DEVICES, SEED, Playbooks, free_port
from .test_connection import LIBRARIES, lines_of

KEY = "Qv8sN3xTz6Lb1Wd4Jm9f"
MODULES = {"pix515e": "netvpn.dynamic_l2l.asa_ipsec_l2l", "hub": "netvpn.dynamic_l2l.ios_ipsec_l2l"}
BOTH = tuple(MODULES)

#: A failure: the devices that may have it, the host's variables (None takes one away), what the message says.
CONNECTING: dict[str, tuple[tuple[str, ...], dict[str, Any], str]] = {
    "wrong password": (
        BOTH,
        {"ansible_password": "wrong"},
        r"cannot open a session: the device refused the user name or the password: check ansible_user and "
        r"ansible_password \(said: .*\)\. Nothing was changed\.",
    ),
    "wrong enable password": (
        BOTH,
        {"ansible_become_password": "wrong"},
        r"cannot open a session: enable failed: check ansible_become_password \(said: .*\)\. Nothing was changed\.",
    ),
    "no enable": (
        BOTH,
        {"ansible_become": False},
        r"the session is not privileged \(prompt \S+>\): set ansible_become: true, .* ansible_become_password\. "
        r"Nothing was changed\.",
    ),
    "unreachable": (
        BOTH,
        {"ansible_port": 0, "ansible_network_cli_retries": 0},
        r"cannot open a session: the device cannot be reached: check ansible_host and ansible_port, and the way there "
        r"\(said: .*\)\. Nothing was changed\.",
    ),
    "unknown name": (
        ("pix515e",),
        {"ansible_host": "no-such-host.invalid", "ansible_network_cli_retries": 0},
        r"cannot open a session: the device cannot be reached: .*\. Nothing was changed\.",
    ),
    "PIX as IOS": (
        ("pix515e",),
        {"ansible_network_os": DEVICES["hub"][2], "module": "hub"},
        r"cannot open a session: .*for a PIX/ASA set ansible_network_os: netvpn\.dynamic_l2l\.asa.*"
        r"Nothing was changed\.",
    ),
    "IOS as PIX": (
        ("hub",),
        {"ansible_network_os": DEVICES["pix515e"][2], "module": "pix515e"},
        r"cannot open a session: for IOS set ansible_network_os: cisco\.ios\.ios and use ios_ipsec_l2l.*"
        r"\(said: this is no PIX/ASA: .*\)\. Nothing was changed\.",
    ),
    "the other's module": (
        ("pix515e",),
        {"module": "hub"},
        r".*the device is a PIX/ASA\. Use asa_ipsec_l2l for it, .*Nothing was changed\.",
    ),
    "the other's module too": (
        ("hub",),
        {"module": "pix515e"},
        r".*the device is an IOS device\. Use ios_ipsec_l2l for it, .*Nothing was changed\.",
    ),
}

LOCKED = "Configuration mode locked exclusively by user 'netop' process '187' from terminal '7'. Please try later."
DENIED = "Command authorization failed"
START = {
    "pix515e": (SEED / "pix-7.2-start.cfg").read_text(encoding="utf-8"),
    "hub": "Building configuration...\n\n" + (SEED / "ios-12.4-start.cfg").read_text(encoding="utf-8"),
}
READS = {"pix515e": "^more|^show  running", "hub": "^show  running"}

#: A failure in a session: the devices, what they answer instead, the message.
ANSWERING: dict[str, tuple[tuple[str, ...], dict[str, str], str]] = {
    "level": (
        BOTH,
        # cisco.ios asks for it, too, when it becomes; hence without.
        {"^show +(privilege|curpriv)": "Current privilege level {is} 7\n"},
        r".*the session has privilege level 7, and below 15 a device hides parts of its configuration.*Log in as a user "
        r"of level 15, or set ansible_become: true.*Nothing was changed\.",
    ),
    "reading": (
        BOTH,
        {"^more|^show  running": f"{DENIED}\n"},
        rf".*the device does not show it \(.*{DENIED}\)\. Command authorization does not let this user type that: "
        r"permit it .*Nothing was changed\.",
    ),
    "configuring": (
        BOTH,
        {"^configure": f"{DENIED}\n"},
        rf"the device refused 'configure terminal': {DENIED}\. Nothing was changed\. Command authorization does not let "
        r"this user type that: permit it .*\.",
    ),
    "locked": (
        ("hub",),
        {"^configure": f"{LOCKED}\n"},
        rf"the device refused 'configure terminal': {re.escape(LOCKED)} Nothing was changed\. Another session holds the "
        r"configuration lock: run again when .*\.",
    ),
}

#: A failure while lines are sent or saved, by emulated devices: their faults, the message, whether all is as before.
WRITING: dict[str, tuple[str, str, bool]] = {
    "a line": (
        f"refuse:/^crypto map \\S+( interface|$)/:{DENIED}",
        rf"the device refused 'crypto map L2L-MAP.*': {DENIED}\. Command authorization does not let this user type "
        r"that: permit it .*\. What had been sent was undone; the configuration is the one before\.",
        True,
    ),
    "held by another": (
        "locked:netop",
        # A router refuses configuration mode, a PIX/ASA enters it and ignores what is typed there.
        r"the device refused '(configure terminal': Configuration mode locked exclusively by user 'netop' .*|"
        r"crypto isakmp policy 10': Command Ignored, Configuration in progress)\..* Another session .*: run again when "
        r".*\.",
        True,
    ),
    "saving": (
        "nvram-full",
        r"the running configuration was changed but not saved: the device answered '.+' to 'write memory'\. What runs "
        r"now is lost with the next reload.* Mend that \(free space in the NVRAM, .*run again with save: always\.",
        False,
    ),
}


def tasks() -> list[dict[str, Any]]:
    """One task for each module; a host runs that of its own kind, or the one that it names."""
    given = {"responders": "{{ l2l_responders }}", "tunnels": "{{ l2l_tunnels }}", "pat": "present"}
    return [
        {
            "name": "bring",
            module: {**given, "host": name},
            "ignore_errors": True,
            "ignore_unreachable": True,
            "when": f"module == '{name}'",
        }
        for name, module in MODULES.items()
    ]


def bring(playbooks: Playbooks, expected: dict[str, str]) -> None:
    """Run the task on all hosts and look at what each says."""
    responder = {"host": "hub", "address": "192.168.1.2", "networks": ["10.2.1.0/24"], "suite": "aes256-sha-g5"}
    variables = {
        "l2l_responders": [responder | {"pre_shared_key": KEY}],
        "l2l_tunnels": [{"name": "osaka", "initiator": "pix515e", "responder": "hub", "networks": ["10.1.1.0/24"]}],
    }
    rows = playbooks.results(
        [{"hosts": "all", "strategy": "free", "gather_facts": False, "vars": variables, "tasks": tasks()}],
        "--forks=8",
    )
    said = {row.host: row.result for row in rows}
    assert said.keys() == expected.keys()
    for host, pattern in expected.items():
        assert said[host].get("failed"), (host, said[host])
        assert re.fullmatch(pattern, said[host]["msg"], re.DOTALL), (host, said[host]["msg"])
    assert KEY not in playbooks.printed


def hostname(failure: str, name: str, library: str) -> str:
    return f"{failure} {name} {library}".replace(" ", "_").replace("'", "")


def test_what_keeps_a_session_from_opening_is_named(playbooks: Playbooks, emulated: Callable[..., Path]) -> None:
    cases = {
        hostname(failure, name, library): (name, library, more, said)
        for failure, (names, more, said) in CONNECTING.items()
        for name in names
        for library in LIBRARIES
    }
    state = emulated(like={host: (case[0],) for host, case in cases.items()})
    for host, (name, library, more, _said) in cases.items():
        variables = {"module": name, "ansible_network_cli_ssh_type": library, **more}
        if "ansible_port" in more:
            variables["ansible_port"] = free_port()
        playbooks.hosts[host].update(variables)
    bring(playbooks, {host: case[3] for host, case in cases.items()})
    for host in cases:
        log = state / f"{host}.log"
        assert not log.exists() or "configure" not in log.read_text(encoding="utf-8"), host


def test_what_a_session_may_not_do_is_named_and_nothing_is_written(
    playbooks: Playbooks, misbehaving: Callable[..., tuple[int, Path]]
) -> None:
    typed: dict[str, Path] = {}
    expected: dict[str, str] = {}
    for failure, (names, more, said) in ANSWERING.items():
        for name in names:
            words = {"pix515e": ":", "hub": "is"}[name]
            own = {pattern: text.format(**{"is": words}) for pattern, text in more.items()}
            answers = {
                "^show +(privilege|curpriv)": f"Current privilege level {words} 15\n",
                READS[name]: START[name],
                **own,
            }
            if "^more|^show  running" in own:
                answers = {key: text for key, text in answers.items() if key == "^more|^show  running" or "priv" in key}
            port, folder = misbehaving(enabled=True, answers=answers, behind_prompt=" " if name == "pix515e" else "")
            host = hostname(failure, name, "")
            playbooks.add(
                host,
                port,
                folder / "known_hosts",
                ansible_network_os=DEVICES[name][2],
                ansible_become=False,
                ansible_network_cli_ssh_type=LIBRARIES[len(typed) % 2],
                module=name,
            )
            typed[host], expected[host] = folder / "typed", said
    bring(playbooks, expected)
    for host, file in typed.items():
        # Reading, looking before the first line, and asking for configuration mode.
        allowed = ("show", "more", "terminal", "ping", "!", "configure terminal")
        assert [line for line in lines_of(file) if line and not line.startswith(allowed)] == [], host


@pytest.mark.parametrize("name", BOTH)
def test_what_goes_wrong_while_writing_is_named_with_what_holds_now(
    name: str, playbooks: Playbooks, emulated: Callable[..., Path]
) -> None:
    state = emulated(
        like={hostname(failure, name, ""): (name, f"fault={case[0]}") for failure, case in WRITING.items()}
    )
    for number, host in enumerate(playbooks.hosts.values()):
        host.update(module=name, ansible_network_cli_ssh_type=LIBRARIES[number % 2])
    bring(playbooks, {hostname(failure, name, ""): case[1] for failure, case in WRITING.items()})
    for failure, (_fault, _said, as_before) in WRITING.items():
        held = (state / f"{hostname(failure, name, '')}.running").read_text(encoding="utf-8")
        assert ("L2L-MAP" not in held) == as_before, failure
