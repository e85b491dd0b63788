# Copyright: The netvpn.dynamic_l2l contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""Backups of running configurations, on the controller.

They may hold keys in clear text: nobody but their owner can read them at any moment, and their text goes through no
result. netcommon's own backups pass it through the module's result.
"""

from __future__ import annotations

import os
import tempfile
from collections.abc import Mapping
from datetime import datetime
from typing import Any

from ._core.errors import InputError

#: Where backups go when nobody says: the action plugin puts the playbook's folder in front.
FOLDER = "backup"


def write_backup(text: str, host: str, options: Mapping[str, Any] | None, now: datetime) -> str:
    """Write ``text`` and return the path. An older file of the same name is replaced, a link is not followed.

    Raises InputError when the folder or the file cannot be made.
    """
    given = options or {}
    folder = os.path.abspath(os.path.expanduser(given.get("dir_path") or FOLDER))
    name = given.get("filename") or f"{host}_config.{now:%Y-%m-%d@%H:%M:%S}"
    if os.path.basename(name) != name or name in (".", ".."):
        raise InputError(
            "backup_options.filename",
            name,
            "it is not the name of a file in a folder",
            "Put the folder into backup_options.dir_path",
        )
    path = os.path.join(folder, name)
    temporary = ""
    try:
        os.makedirs(folder, mode=0o700, exist_ok=True)
        # mkstemp: mode 0600 from creation, whatever the umask, and never an existing file.
        descriptor, temporary = tempfile.mkstemp(prefix=f".{name[:100]}.", dir=folder)
        with os.fdopen(descriptor, "w", encoding="utf-8") as file:
            file.write(text)
        os.replace(temporary, path)
    except OSError as error:
        if temporary and os.path.exists(temporary):
            os.unlink(temporary)
        raise InputError(
            "backup_options.dir_path",
            folder,
            f"the backup cannot be written: {error.strerror}. Nothing was changed",
            "Choose a folder on the controller where its user may write",
        ) from None
    return path
