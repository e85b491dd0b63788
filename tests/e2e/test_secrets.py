# Copyright: The netvpn.dynamic_l2l contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""No key in any output, whichever way a module ends.

Each exit is taken by devices of its own: with a random key through libssh in the controller's process and through
paramiko in a process of its own (or the other way round), and with a key that is a word of the configuration, which
must give what the random one gives. Looked through for the random key: what is printed at -vvvvv, the log, all results,
the fact cache, every file left behind, and the arguments and environments of all processes.
"""

from __future__ import annotations

import json
import re
import secrets
import string
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from .conftest import DEVICES, SEED, Playbooks

RANDOM_KEY = "".join(secrets.choice(string.ascii_letters + string.digits) for _ in range(20))
WORD = "outside"

MODULES = {"pix515e": "netvpn.dynamic_l2l.asa_ipsec_l2l", "hub": "netvpn.dynamic_l2l.ios_ipsec_l2l"}
CONFIGS = {"pix515e": "pix-7.2", "hub": "ios-12.4"}

#: Library, import_modules, key. An exit is taken with all of a list or the first two, on the other platform and at the
#: next exit with those of the other list.
WAYS = [
    [("libssh", True, RANDOM_KEY), ("paramiko", False, WORD), ("paramiko", False, RANDOM_KEY)],
    [("paramiko", True, WORD), ("libssh", False, RANDOM_KEY), ("paramiko", True, RANDOM_KEY)],
]

#: The line with the key, and the one that makes all that was sent before it take effect.
KEY_LINE = {"pix515e": "^pre-shared-key ", "hub": "^crypto isakmp key "}
LAST_LINE = {"pix515e": "^crypto map L2L-MAP interface ", "hub": "^crypto map L2L-MAP$"}

#: Exit → the device's faults (KEY_LINE, LAST_LINE and the key are put in), the host's variables, what the message says.
EXITS: dict[str, tuple[list[str], dict[str, Any], str]] = {
    "changed": ([], {}, ""),
    "ok": ([], {"config": True, "intent": "reference"}, ""),
    "checked": ([], {"check": True}, ""),
    "replaced": ([], {"config": True, "intent": "another key"}, ""),
    "away": ([], {"config": True, "intent": "reference", "state": "absent"}, ""),
    "gathered": ([], {"config": True, "state": "gathered"}, ""),
    "parsed": ([], {"state": "parsed"}, ""),
    "option": ([], {"pat": "nonsense"}, "value of pat must be one of"),
    "intent": ([], {"intent": "wrong address"}, "192.168.1.999"),
    "key": ([], {"intent": "wrong key"}, "pre_shared_key"),
    "two keys": ([], {"intent": "two keys"}, "pre_shared_key"),
    "logged": ([], {"ansible_persistent_log_messages": True}, "persistent_log_messages is on"),
    "refused": (["refuse:/{line}/:% no such key {key}, {piece}"], {}, r"refused '.*\*{8}.*a line that is not shown"),
    "refused later": (["refuse:/{last}/"], {}, "the configuration is the one before"),
    "no way back": (["refuse:/{last}/", "refuse:/^no crypto isakmp (enable|key)/:% {key}"], {}, "did NOT restore"),
    "noise": (["garbage:/{line}/"], {}, r"the device refused '.*\*{8}|lost step"),
    "dropped": (["drop-at:/{line}/"], {}, r"lost.*at or before '.*\*{8}"),
    "dropped behind": (["drop-after:/{line}/"], {}, r"lost.*at or before '.*\*{8}"),
    "in the connection": ([], {"intent": "raising"}, r"connection to the device was lost.*at or before '.*\*{8}"),
    "silent": (["silent"], {"ansible_command_timeout": 8}, r"did not answer within .*at or before '.*\*{8}"),
    "not saved": (["nvram-full"], {}, "changed but not saved"),
}

START = {name: (SEED / f"{config}-start.cfg").read_text(encoding="utf-8") for name, config in CONFIGS.items()}

#: What a device answers that falls silent at the key.
SILENT: dict[str, dict[str, Any]] = {
    "pix515e": {"answers": {"^more": START["pix515e"]}},
    "hub": {
        "answers": {
            "^show privilege": "Current privilege level is 15\n",
            "^show  running": f"Building configuration...\n\n{START['hub']}",
        },
        "behind_prompt": "",
    },
}

#: Exits where the key was on its way: the random one goes both ways here.
WITH_THE_KEY = ("changed", "ok", "checked", "refused", "no way back", "dropped", "silent")

#: Stages at which an exception is injected whose text is the key → what the message says of it.
STAGES = {
    **dict.fromkeys(
        ("take", "options", "connect", "read", "parse", "plan", "back", "undo", "save", "close"), "This is a bug"
    ),
    "apply": "a bug in netvpn.dynamic_l2l.*the configuration is the one before",
}

#: What a module returns, beside what Ansible adds.
RETURNED = "msg failed changed commands diff before after findings saved gathered parsed line answer rolled_back frames".split()


def intents(key: str) -> dict[str, list[dict[str, Any]]]:
    """What the hosts want: one intent that can be carried out, others that cannot."""
    good = {
        "host": "hub",
        "address": "192.168.1.2",
        "networks": ["10.2.1.0/24"],
        "suite": "aes256-sha-g5",
        "pre_shared_key": key,
    }
    tunnel = {"name": "osaka", "initiator": "pix515e", "responder": "hub", "networks": ["10.1.1.0/24"]}
    reference = good | {"suite": "reference", "allow_weak_crypto": "broken", "match_address": False}
    return {
        "good": [good, tunnel],
        "reference": [reference, tunnel],
        "another key": [reference | {"pre_shared_key": f"{key}-new"}, tunnel],
        "wrong address": [good | {"address": "192.168.1.999"}, tunnel],
        "wrong key": [good | {"pre_shared_key": f"{key} ?"}, tunnel],
        "raising": [good | {"pre_shared_key": f"{key}-raise"}, tunnel],
        "two keys": [good, tunnel | {"pre_shared_key": f"{key}2"}],
    }


def given(name: str, folder: Path, key: str) -> dict[str, str]:
    """Files that hold a key before anything runs: the reference's configuration, and what is behind a PIX's stars."""
    text = (SEED / f"{CONFIGS[name]}-running-config.cfg").read_text(encoding="utf-8")
    text = text.replace("crypto isakmp key cisco123", f"crypto isakmp key {key}")
    clear = text.replace(" pre-shared-key *", f" pre-shared-key {key}")
    files = {"config": text, "clear": clear, "secrets": json.dumps({"pre_shared_keys": {"192.168.1.2": key}})}
    for kind, content in files.items():
        (folder / f"{kind}-{name}-{len(key)}").write_text(content, encoding="utf-8")
    return {kind: str(folder / f"{kind}-{name}-{len(key)}") for kind in files}


#: Ansible's connection process logs an exception that it does not expect, before anybody else has it. docs/security.md.
LOGGED_BY_ANSIBLE = re.compile(rb"[^\n]*InConnection: [^\n]*")


def lines_with(key: str, text: str) -> list[str]:
    """Where a key is seen; without it, for whoever reads why the test failed."""
    places = (match.start() for match in re.finditer(re.escape(key), text))
    return [text[max(place - 300, 0) : place + 100].replace(key, "<KEY>") for place in places]


@pytest.mark.parametrize("name", MODULES)
def test_no_key_is_seen_whichever_way_a_module_ends(
    name: str,
    playbooks: Playbooks,
    emulated: Callable[..., Path],
    misbehaving: Callable[..., tuple[int, Path]],
    folders: Callable[[], Path],
) -> None:
    own = folders()
    devices: dict[str, tuple[str, ...]] = {}
    variables: dict[str, dict[str, Any]] = {}
    of_exit: dict[str, list[str]] = {}

    def add(exit_: str, way: tuple[str, bool, str], faults: list[str], **more: Any) -> None:
        library, direct, key = way
        host = f"d{len(variables)}"
        of_exit.setdefault(exit_, []).append(host)
        if faults == ["silent"]:
            port, folder = misbehaving(enabled=True, silent_at=KEY_LINE[name], **SILENT[name])
            playbooks.add(host, port, folder / "known_hosts", ansible_network_os=DEVICES[name][2])
            faults = []
        files = given(name, own, key)
        texts = {"line": KEY_LINE[name], "last": LAST_LINE[name], "key": key, "piece": key[:-1]}
        words = [f"fault={fault.format(**texts)}" for fault in faults]
        if more.pop("config", False):
            words += [f"config={files['config']}", f"secrets={files['secrets']}"]
        if host not in playbooks.hosts:
            devices[host] = (name, *words)
        variables[host] = {
            "ansible_network_cli_ssh_type": library,
            "ansible_network_import_modules": direct,
            "exit": exit_,
            "which": {RANDOM_KEY: "random", WORD: "word"}[key],
            "clear": files["clear"],
            **more,
        }

    for index, (exit_, (faults, more, _says)) in enumerate(EXITS.items()):
        for way in WAYS[(index + (name == "hub")) % 2][: 3 if exit_ in WITH_THE_KEY else 2]:
            add(exit_, way, faults, **more)
    for index, stage in enumerate(STAGES):
        # The other way on the other platform: the stages are the core's, whatever the device.
        way = WAYS[0][::2][(index + (name == "hub")) % 2]
        add(f"raise-at-{stage}", way, [], version=f"raise-at-{stage}")
    emulated(like=devices)
    for host, values in variables.items():
        playbooks.hosts[host].update(values)

    (own / "intents.yml").write_text(
        json.dumps({"intents": {"random": intents(RANDOM_KEY), "word": intents(WORD)}}), encoding="utf-8"
    )
    for folder in ("tmp", "facts"):
        (playbooks.folder / folder).mkdir()
    wanted = "intents[which][intent | default('good')]"
    module = {
        "host": name,
        "responders": f"{{{{ [{wanted}[0]] }}}}",
        "tunnels": f"{{{{ [{wanted}[1]] }}}}",
        "pat": "{{ pat | default('present') }}",
        "state": "{{ state | default('present') }}",
        "remove_shared": "{{ state | default('') == 'absent' }}",
        "version": "{{ version | default(omit) }}",
        "running_config": "{{ lookup('file', clear) if state | default('') == 'parsed' else omit }}",
    }
    task = {
        "name": "exit",
        MODULES[name]: module,
        "ignore_errors": True,
        "check_mode": "{{ check | default(false) }}",
        "register": "result",
    }
    keep = {"name": "keep", "ansible.builtin.set_fact": {"kept": "{{ result }}", "cacheable": True}}
    rows = playbooks.results(
        [
            {
                "hosts": "all",
                "strategy": "free",
                "gather_facts": False,
                "vars_files": [str(own / "intents.yml")],
                "tasks": [task, keep],
            }
        ],
        "-vvvvv",
        "--diff",
        "--forks=10",
        L2L_WATCH=str(playbooks.folder / "children"),
        PYTHONPATH=str(Path(__file__).with_name("watch")),
        TMPDIR=str(playbooks.folder / "tmp"),
        ANSIBLE_CACHE_PLUGIN="jsonfile",
        ANSIBLE_CACHE_PLUGIN_CONNECTION=str(playbooks.folder / "facts"),
    )
    printed = playbooks.printed
    results = {row.host: row.result for row in rows if row.task == "exit"}

    # Everything that was left behind, the results and the record of processes among it.
    assert lines_with(RANDOM_KEY, printed) == []
    holding = [
        str(path.relative_to(playbooks.folder))
        for path in playbooks.folder.rglob("*")
        if path.is_file() and RANDOM_KEY.encode() in LOGGED_BY_ANSIBLE.sub(b"", path.read_bytes())
    ]
    assert holding == []

    # It was looked for where there was something to find.
    assert len(results) == len(variables)
    assert {results[host]["changed"] for host in of_exit["ok"]} == {False}
    for host in (*of_exit["replaced"], *of_exit["away"]):
        assert results[host]["changed"]
        assert "********" in results[host]["diff"]["before"]
    for host in of_exit["checked"]:
        assert results[host]["changed"]
        assert any("********" in line for line in results[host]["commands"])
        assert "********" in results[host]["diff"]["after"]
        assert not results[host]["saved"]
    for exit_, (_faults, _more, says) in EXITS.items():
        for host in of_exit[exit_]:
            assert bool(results[host].get("failed")) == bool(says), (exit_, results[host])
            assert re.search(says, results[host].get("msg", "")), (exit_, results[host])
        first, *others = [{field: results[host].get(field) for field in RETURNED} for host in of_exit[exit_]]
        for other in others:
            # The word, too, is masked where it is a key, and only there.
            assert other == first, exit_
    for stage, says in STAGES.items():
        for host in of_exit[f"raise-at-{stage}"]:
            assert re.search(says, results[host]["msg"]), (stage, results[host])
    assert "ansible_connection_cli_stub" in (playbooks.folder / "children").read_text(encoding="utf-8")
    assert len(list((playbooks.folder / "facts").iterdir())) == len(variables)
    assert len(printed) > 10_000
