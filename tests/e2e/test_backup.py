# Copyright: The netvpn.dynamic_l2l contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""``backup: true`` through both roles: beside the playbook, mode 0600, the configuration as it was, in no output."""

from __future__ import annotations

import stat
from collections.abc import Callable
from pathlib import Path
from typing import Any

from .conftest import Playbooks
from .test_pair import intent

ROLES = {"pix515e": "asa_l2l_initiator", "hub": "ios_dynamic_responder"}
OLD, NEW = "0ld-K3y.of.2007", "N3w-K3y.of.2026"


def play(host: str, key: str, **variables: Any) -> dict[str, Any]:
    role = ROLES[host]
    return {
        "hosts": host,
        "gather_facts": False,
        "vars": {**intent(key), **{f"{role}_{name}": value for name, value in variables.items()}},
        "tasks": [
            {"ansible.builtin.import_role": {"name": f"netvpn.dynamic_l2l.{role}"}},
            {"ansible.builtin.debug": {"var": f"{role}_result.backup_path"}},
        ],
    }


def test_a_backup_holds_what_was_there_before_and_nobody_else_reads_it(
    playbooks: Playbooks, emulated: Callable[..., Path]
) -> None:
    emulated(*ROLES)
    folder = playbooks.folder / "backup"
    playbooks.run([play(host, OLD, backup=True) for host in ROLES], "--check")
    assert not folder.exists()
    playbooks.run([play(host, OLD) for host in ROLES])
    options = {
        "backup": True,
        "backup_options": {"filename": "before.cfg", "dir_path": "kept/{{ inventory_hostname }}"},
    }
    playbooks.run([play("pix515e", NEW, backup=True), play("hub", NEW, **options)], "-vvvvv")
    (pix,) = folder.iterdir()
    hub = playbooks.folder / "kept/hub/before.cfg"
    assert pix.name.startswith("pix515e_config.2")
    for path, line in ((pix, f" pre-shared-key {OLD}"), (hub, f"crypto isakmp key {OLD} address 0.0.0.0 0.0.0.0")):
        assert stat.S_IMODE(path.stat().st_mode) == 0o600
        assert line in path.read_text(encoding="utf-8").splitlines()
        assert NEW not in path.read_text(encoding="utf-8")
        assert str(path) in playbooks.printed
    for key in (OLD, NEW):
        assert key not in playbooks.printed
        assert key not in playbooks.log.read_text(encoding="utf-8")


def test_a_backup_that_cannot_be_written_stops_before_the_first_line(
    playbooks: Playbooks, emulated: Callable[..., Path]
) -> None:
    state = emulated("pix515e")
    before = (state / "pix515e.running").read_text(encoding="utf-8")
    (playbooks.folder / "backup").write_text("a file, not a folder", encoding="utf-8")
    printed = playbooks.run([play("pix515e", OLD, backup=True)], expect=2)
    assert "the backup cannot be written" in printed
    assert (state / "pix515e.running").read_text(encoding="utf-8") == before
