# Copyright: The netvpn.dynamic_l2l contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""Both modules over SSH against both emulated devices: plan, apply, apply again, take away.

Each way to reach a device (two SSH libraries, modules imported or not) goes from the start configurations to the tunnel
and back, every other time with a key that is a word of the configuration. All ways must return the same.
"""

from __future__ import annotations

import json
import re
import secrets
import string
from collections.abc import Callable
from pathlib import Path
from typing import Any

from .conftest import Playbooks

RANDOM_KEY = "".join(secrets.choice(string.ascii_letters + string.digits) for _ in range(20))

MODULES = {"pix515e": "netvpn.dynamic_l2l.asa_ipsec_l2l", "hub": "netvpn.dynamic_l2l.ios_ipsec_l2l"}

#: SSH library, import_modules, key.
WAYS = [
    ("libssh", True, RANDOM_KEY),
    ("paramiko", False, "outside"),
    ("paramiko", True, RANDOM_KEY),
    ("libssh", False, "outside"),
]

#: Name of the step → the module's options and the task's.
STEPS: dict[str, tuple[dict[str, Any], dict[str, Any]]] = {
    "planned": ({}, {"check_mode": True}),
    "done": ({}, {}),
    "repeated": ({}, {}),
    "gathered": ({"state": "gathered"}, {}),
    "planned_away": ({"state": "absent", "remove_shared": True}, {"check_mode": True}),
    "away": ({"state": "absent", "remove_shared": True}, {}),
}

#: Steps of the first way only: every task costs a second.
ONCE = ("gathered", "planned_away")

#: What a module returns, beside what Ansible adds.
RETURNED = ("changed", "commands", "diff", "before", "after", "findings", "saved", "gathered")

VOLATILE = re.compile(r"Cryptochecksum:.*|Current configuration : .*|: (Saved|Written by).*|! (Last|NVRAM) .*")


def intent(key: str) -> dict[str, Any]:
    responder = {"host": "hub", "address": "192.168.1.2", "networks": ["10.2.1.0/24"], "pre_shared_key": key}
    tunnel = {"name": "osaka", "initiator": "pix515e", "responder": "hub", "networks": ["10.1.1.0/24"]}
    return {
        "l2l_responders": [{**responder, "suite": "reference", "allow_weak_crypto": "broken"}],
        "l2l_tunnels": [tunnel],
    }


def tasks_of(name: str, whole: bool) -> list[dict[str, Any]]:
    """The steps on one device; ``whole`` with those that need to be looked at only once."""
    module = MODULES[name]
    given = {"responders": "{{ l2l_responders }}", "tunnels": "{{ l2l_tunnels }}", "host": name, "pat": "present"}
    tasks: list[dict[str, Any]] = [
        {"name": step, module: {**given, **options}, "diff": True, "when": f"inventory_hostname == '{name}'", **task}
        for step, (options, task) in STEPS.items()
        if whole or step not in ONCE
    ]
    if whole:
        # Only before and after: IOS shows the key of a tunnel in clear text, and that would be no output of ours.
        show = {"ansible.netcommon.cli_command": {"command": "show running-config"}, "when": tasks[0]["when"]}
        tasks = [{"name": "start", **show}, *tasks, {"name": "end", **show}]
    return tasks


def configuration(text: str) -> list[str]:
    return [row.rstrip() for row in text.splitlines() if row.strip() and not VOLATILE.fullmatch(row.strip())]


def run_all(pair: Playbooks, library: str, direct: bool, key: str, whole: bool) -> dict[str, dict[str, Any]]:
    """Host → step → what the task returned."""
    (pair.folder / "intent.yml").write_text(json.dumps(intent(key)), encoding="utf-8")
    tasks = [task for name in MODULES for task in tasks_of(name, whole)]
    rows = pair.results(
        [{"hosts": "all", "strategy": "free", "gather_facts": False, "vars_files": ["intent.yml"], "tasks": tasks}],
        "-vvvvv",
        ANSIBLE_NETWORK_CLI_SSH_TYPE=library,
        ANSIBLE_NETWORK_IMPORT_MODULES=str(direct),
    )
    results: dict[str, dict[str, Any]] = {name: {} for name in MODULES}
    for host, task, result in rows:
        results[host][task] = result
    return results


def test_every_way_gives_the_same_and_no_key_is_seen(playbooks: Playbooks, emulated: Callable[..., Path]) -> None:
    emulated(*MODULES)
    pair = playbooks
    first: dict[str, dict[str, Any]] = {}
    for library, direct, key in WAYS:
        results = run_all(pair, library, direct, key, whole=not first)
        first = first or results
        for name, result in results.items():
            assert [step for step in STEPS if step not in result] == ([] if first is results else [*ONCE])
            for step, returned in result.items():
                # A key that is a word of the configuration mangles nothing: it gives what a random one gives.
                same = {field: first[name][step][field] for field in RETURNED if field in first[name][step]}
                assert {field: returned[field] for field in RETURNED if field in returned} == same, (
                    name,
                    step,
                    library,
                )
    for name, result in first.items():
        # The plan is what is done, and what is done is all.
        for field in ("commands", "diff", "before", "after", "findings"):
            assert result["planned"][field] == result["done"][field], (name, field)
            assert result["planned_away"][field] == result["away"][field], (name, field)
        assert result["done"]["changed"]
        assert sum("********" in line for line in result["done"]["commands"]) == 1
        assert [result[step]["saved"] for step in ("planned", "done", "repeated", "away")] == [False, True, False, True]
        assert not result["repeated"]["changed"]
        assert result["repeated"]["commands"] == []
        assert (
            result["repeated"]["diff"]["before"]
            == result["repeated"]["diff"]["after"]
            == result["done"]["diff"]["after"]
        )
        assert result["gathered"]["gathered"]["transform_sets"] == result["done"]["after"]["transform_sets"]
        assert configuration(result["end"]["stdout"]) == configuration(result["start"]["stdout"])
    assert RANDOM_KEY not in pair.printed
    assert RANDOM_KEY not in pair.log.read_text(encoding="utf-8")
    assert RANDOM_KEY not in json.dumps(first)
