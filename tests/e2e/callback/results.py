# Copyright: The netvpn.dynamic_l2l contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""Writes what each task returned to the file that L2L_RESULTS names, a line of JSON for each."""

from __future__ import annotations

import json
import os
from typing import Any

from ansible.plugins.callback import CallbackBase

DOCUMENTATION = """
name: results
type: notification
short_description: Results of tasks as lines of JSON
description: For the tests of this collection only.
author: netvpn.dynamic_l2l contributors (@netvpn)
"""


class CallbackModule(CallbackBase):
    """Enabled by ANSIBLE_CALLBACKS_ENABLED=results."""

    CALLBACK_VERSION = 2.0
    CALLBACK_TYPE = "notification"
    CALLBACK_NAME = "results"
    CALLBACK_NEEDS_ENABLED = True

    def v2_runner_on_ok(self, result: Any) -> None:
        """One line: host, task, result."""
        self._note(result, {})

    def _note(self, result: Any, more: dict[str, bool]) -> None:
        row = {"host": result.host.get_name(), "task": result.task.get_name(), "result": {**result.result, **more}}
        with open(os.environ["L2L_RESULTS"], "a", encoding="utf-8") as file:
            file.write(json.dumps(row, default=str) + "\n")

    def v2_runner_on_failed(self, result: Any, ignore_errors: bool = False) -> None:
        """The same for a task that failed."""
        self._note(result, {"failed": True})

    def v2_runner_on_unreachable(self, result: Any) -> None:
        """The same for a host that was not reached."""
        self._note(result, {"unreachable": True})
