# Copyright: The netvpn.dynamic_l2l contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""What the action plugin adds to a module's options: the playbook's folder, in front of the backup's."""

from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from ansible_collections.netvpn.dynamic_l2l.plugins.plugin_utils import direct


@pytest.fixture(autouse=True)
def _no_module(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(direct.NetworkActionModule, "run", lambda self, task_vars=None: {"args": self._task.args})
    monkeypatch.setenv("HOME", "/home/admin")
    monkeypatch.setenv("KEPT", "/srv/kept")


def passed_on(arguments: dict[str, Any], playbooks: str = "/home/admin/vpn") -> dict[str, Any]:
    plugin = direct.DirectActionModule.__new__(direct.DirectActionModule)
    plugin._task = SimpleNamespace(args=arguments)
    plugin._loader = SimpleNamespace(get_basedir=lambda: playbooks)
    args: dict[str, Any] = plugin.run()["args"]
    return args


@pytest.mark.parametrize(
    ("given", "folder"),
    [
        (None, "/home/admin/vpn/backup"),
        ("", "/home/admin/vpn/backup"),
        ("kept/hub", "/home/admin/vpn/kept/hub"),
        ("/srv/kept", "/srv/kept"),
        ("~/kept", "/home/admin/kept"),
        ("$KEPT/hub", "/srv/kept/hub"),
    ],
)
def test_a_backup_goes_where_its_option_says_as_seen_from_the_playbook(given: str | None, folder: str) -> None:
    options = {"dir_path": given, "filename": "before.cfg"}
    assert passed_on({"backup": True, "backup_options": options})["backup_options"] == {**options, "dir_path": folder}


def test_without_options_there_is_a_folder_too() -> None:
    for options in ({}, {"backup_options": None}):
        assert passed_on({"backup": True, **options})["backup_options"] == {"dir_path": "/home/admin/vpn/backup"}


def test_no_backup_goes_into_a_collection(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    collection = "/usr/share/ansible/collections/ansible_collections/netvpn/dynamic_l2l/playbooks"
    for given, folder in ((None, tmp_path / "backup"), ("kept", tmp_path / "kept"), ("/srv/kept", Path("/srv/kept"))):
        options = {"dir_path": given}
        passed = passed_on({"backup": True, "backup_options": options}, collection)
        assert passed["backup_options"] == {"dir_path": str(folder)}


@pytest.mark.parametrize("arguments", [{}, {"backup": False}, {"backup": True, "backup_options": "dir_path=x"}])
def test_everything_else_is_left_to_the_module(arguments: dict[str, Any]) -> None:
    assert passed_on(arguments) is arguments
