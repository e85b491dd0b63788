# Copyright: The netvpn.dynamic_l2l contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""Direct execution: a module of this collection runs in the controller's own process.

netcommon's action plugin imports the module and calls its ``main`` instead of starting another Python for it, where
the connection's ``import_modules`` allows it (the default). So does this one over ``ansible_connection: local``: what
needs no device needs no other interpreter either, and netaddr only where Ansible itself runs.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from ansible_collections.ansible.netcommon.plugins.action.network import ActionModule as NetworkActionModule


def _beside(playbooks: str) -> str:
    """Where files of a playbook's user go: its folder, and for a playbook of a collection where the user stands.

    The next upgrade of a collection deletes its folder, and often nobody may write there.
    """
    return os.getcwd() if "ansible_collections" in Path(os.path.abspath(playbooks)).parts else playbooks


class DirectActionModule(NetworkActionModule):
    """Base of the action plugins, one for each module that talks to a device."""

    # Neither ``src`` nor ``backup``: netcommon's backups pass the configuration, keys included, through the result.
    _config_module = False

    def run(self, task_vars: dict[str, Any] | None = None) -> dict[str, Any]:
        """Run the module. Only here it is known where the playbook lies, and with it the folder of backups."""
        arguments = self._task.args
        given = arguments.get("backup_options") or {}
        # Anything else than a mapping is the module's to refuse.
        if arguments.get("backup") and isinstance(given, Mapping):
            # As the module itself would read it; behind another folder a ``~`` means nothing.
            named = os.path.expanduser(os.path.expandvars(str(given.get("dir_path") or "backup")))
            folder = os.path.join(_beside(self._loader.get_basedir()), named)
            self._task.args = {**arguments, "backup_options": {**given, "dir_path": folder}}
        result: dict[str, Any] = super().run(task_vars=task_vars)
        return result

    def _check_dexec_eligibility(self, host: str) -> bool:
        """Whether to run the module in this process."""
        if self._connection.transport == "local":
            return not self._task.async_val
        return bool(super()._check_dexec_eligibility(host))
