# Copyright: The netvpn.dynamic_l2l contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""Backups may hold keys: only their owner reads them, at any moment; and a disk that refuses is told before any line."""

from __future__ import annotations

import os
import stat
import tempfile
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest
from ansible_collections.netvpn.dynamic_l2l.plugins.module_utils._backup import write_backup
from ansible_collections.netvpn.dynamic_l2l.plugins.module_utils._core.errors import InputError

NOW = datetime(2026, 11, 24, 12, 0, 0)
TEXT = "hostname pix\n pre-shared-key S3cr3t-of-2026\n"


@pytest.fixture(autouse=True)
def _open_umask() -> Iterator[None]:
    old = os.umask(0)
    yield
    os.umask(old)


def mode(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)


def test_only_the_owner_may_read_it_even_while_it_is_written(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    seen: list[int] = []
    real = tempfile.mkstemp

    def watch(*args: Any, **kwargs: Any) -> tuple[int, str]:
        descriptor, path = real(*args, **kwargs)
        seen.append(mode(Path(path)))
        return descriptor, path

    monkeypatch.setattr(tempfile, "mkstemp", watch)
    path = Path(write_backup(TEXT, "pix", {"dir_path": str(tmp_path / "new/folder")}, NOW))
    assert path == tmp_path / "new/folder/pix_config.2026-11-24@12:00:00"
    assert path.read_text(encoding="utf-8") == TEXT
    assert [mode(path), *seen] == [0o600, 0o600]
    assert mode(path.parent) == 0o700
    assert [entry.name for entry in path.parent.iterdir()] == [path.name]


def test_a_file_of_the_same_name_is_replaced_and_a_link_is_not_followed(tmp_path: Path) -> None:
    other = tmp_path / "other"
    other.write_text("precious", encoding="utf-8")
    link = tmp_path / "pix.cfg"
    link.symlink_to(other)
    options = {"dir_path": str(tmp_path), "filename": "pix.cfg"}
    for text in (TEXT, TEXT + "!\n"):
        assert write_backup(text, "pix", options, NOW) == str(link)
        assert not link.is_symlink()
        assert link.read_text(encoding="utf-8") == text
    assert other.read_text(encoding="utf-8") == "precious"
    assert mode(link) == 0o600


@pytest.mark.parametrize("name", ["../pix.cfg", "a/b", "..", "/etc/pix.cfg"])
def test_a_name_is_no_path(tmp_path: Path, name: str) -> None:
    with pytest.raises(InputError, match=r"backup_options\.filename"):
        write_backup(TEXT, "pix", {"dir_path": str(tmp_path), "filename": name}, NOW)
    assert list(tmp_path.iterdir()) == []


def test_a_folder_that_cannot_be_is_told_and_nothing_is_left(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("", encoding="utf-8")
    with pytest.raises(InputError, match=r"the backup cannot be written: .*Nothing was changed") as error:
        write_backup(TEXT, "pix", {"dir_path": str(tmp_path / "file/folder")}, NOW)
    assert "S3cr3t" not in str(error.value)
    (tmp_path / "folder/pix.cfg").mkdir(parents=True)
    with pytest.raises(InputError, match="cannot be written"):
        write_backup(TEXT, "pix", {"dir_path": str(tmp_path / "folder"), "filename": "pix.cfg"}, NOW)
    assert [entry.name for entry in (tmp_path / "folder").iterdir()] == ["pix.cfg"]
