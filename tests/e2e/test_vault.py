# Copyright: The netvpn.dynamic_l2l contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""Key, password and enable password from a vault: as single values of the inventory, and as a file of variables."""

from __future__ import annotations

import json
import secrets
from collections.abc import Callable
from pathlib import Path

from ansible.parsing.vault import VaultLib, VaultSecret

from .conftest import Playbooks
from .test_secrets import MODULES, lines_with

#: None of them is a word of anything else.
KEY, PASSWORD, ENABLE, VAULT = (secrets.token_hex(10) for _ in range(4))


def encrypted(text: str) -> str:
    """What ``ansible-vault`` makes of a text."""
    return VaultLib([("default", VaultSecret(VAULT.encode()))]).encrypt(text).decode()


def value(text: str, indent: int) -> str:
    """The same as a value inside YAML."""
    return "!vault |\n" + "".join(f"{' ' * indent}{row}\n" for row in encrypted(text).splitlines())


def test_what_is_encrypted_works_everywhere_and_is_seen_nowhere(
    playbooks: Playbooks, emulated: Callable[..., Path], folders: Callable[[], Path]
) -> None:
    own = folders()
    users = own / "users.yml"
    users.write_text(json.dumps({"login": {"admin": PASSWORD}, "enable": ENABLE}), encoding="utf-8")
    (own / "password").write_text(VAULT, encoding="utf-8")
    emulated(like={name: (name, f"secrets={users}") for name in MODULES})
    for number, host in enumerate(playbooks.hosts.values()):
        del host["ansible_password"], host["ansible_become_password"]
        host["ansible_network_cli_ssh_type"] = ("libssh", "paramiko")[number]

    values = playbooks.folder / "group_vars"
    values.mkdir()
    (values / "all.yml").write_text(
        f"ansible_password: {value(PASSWORD, 2)}"
        f"ansible_become_password: {value(ENABLE, 2)}"
        "l2l_responders:\n"
        "  - host: hub\n"
        "    address: 192.168.1.2\n"
        "    networks: [10.2.1.0/24]\n"
        "    suite: aes256-sha-g5\n"
        f"    pre_shared_key: {value(KEY, 6)}"
        "l2l_tunnels: [{name: osaka, initiator: pix515e, responder: hub, networks: [10.1.1.0/24]}]\n",
        encoding="utf-8",
    )
    arguments = ["--vault-password-file", str(own / "password"), "-vvvvv", "--diff"]
    done = playbooks.play("netvpn.dynamic_l2l.site", *arguments)
    assert "crypto map L2L-MAP interface outside" in done

    # The same from a file: each device holds the key that the file names, so there is nothing to do.
    (values / "all.yml").unlink()
    variables = own / "vault.yml"
    file = {"key": KEY, "ansible_password": PASSWORD, "ansible_become_password": ENABLE}
    variables.write_text(encrypted(json.dumps(file)), encoding="utf-8")
    responder = {"host": "hub", "address": "192.168.1.2", "networks": ["10.2.1.0/24"], "suite": "aes256-sha-g5"}
    tunnel = {"name": "osaka", "initiator": "pix515e", "responder": "hub", "networks": ["10.1.1.0/24"]}
    for direct in ("true", "false"):
        tasks = [
            {
                module: {
                    "host": name,
                    "responders": [responder | {"pre_shared_key": "{{ key }}"}],
                    "tunnels": [tunnel],
                },
                "when": f"inventory_hostname == '{name}'",
                "register": f"result_{name}",
            }
            for name, module in MODULES.items()
        ]
        proof = {"ansible.builtin.assert": {"that": "not vars['result_' ~ inventory_hostname].changed"}}
        playbooks.run(
            [
                {
                    "hosts": "all",
                    "strategy": "free",
                    "gather_facts": False,
                    "vars_files": [str(variables)],
                    "tasks": [*tasks, proof],
                }
            ],
            *arguments,
            ANSIBLE_NETWORK_IMPORT_MODULES=direct,
        )

    log = playbooks.log.read_text(encoding="utf-8")
    for secret in (KEY, PASSWORD, ENABLE, VAULT):
        assert lines_with(secret, playbooks.printed) == []
        assert lines_with(secret, log) == []
        files = [path for path in playbooks.folder.rglob("*") if path.is_file()]
        assert [path for path in files if secret.encode() in path.read_bytes()] == []
