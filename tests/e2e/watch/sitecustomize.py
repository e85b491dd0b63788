# Copyright: The netvpn.dynamic_l2l contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""In every Python that a test starts: notes what child processes are given, and lets a module fail where it is told.

With this folder on PYTHONPATH each child process becomes a line of JSON in the file that L2L_WATCH names. A module
whose option ``version`` is ``raise-at-STAGE`` meets an exception at that stage whose text holds the key; the
connection's process meets one when it is given a line that holds "-raise". Nothing of this is in the collection.
"""

from __future__ import annotations

import importlib.util
import json
import os
import runpy
import sys
from collections.abc import Callable, Sequence
from dataclasses import replace
from importlib.abc import Loader
from importlib.machinery import ModuleSpec
from pathlib import Path
from types import ModuleType
from typing import Any

# Python imports only one module of this name.
runpy.run_path(str(Path(__file__).parents[3] / "scripts/pythonpath/sitecustomize.py"))

DOOR = "ansible_collections.netvpn.dynamic_l2l.plugins.module_utils._door"
CLICONF = "ansible_collections.ansible.netcommon.plugins.plugin_utils.cliconf_base"

#: Audit events of a new program → where its arguments and its environment stand.
_CHILDREN = {"subprocess.Popen": (1, 3), "os.exec": (1, 2), "os.posix_spawn": (1, 2), "os.system": (0, None)}


def _watch(event: str, arguments: tuple[Any, ...]) -> None:
    if event == "import" and sys.meta_path[0] is not _finder:
        # Ansible puts its finder of collections first.
        sys.meta_path.remove(_finder)
        sys.meta_path.insert(0, _finder)
    if event in _CHILDREN:
        argv, environment = _CHILDREN[event]
        row = {
            "event": event,
            "argv": repr(arguments[argv]),
            "environment": repr(arguments[environment]) if environment else "",
        }
        with open(os.environ["L2L_WATCH"], "a", encoding="utf-8") as file:
            file.write(json.dumps(row) + "\n")


class _Patched(Loader):
    """Loads as another loader does, then patches."""

    def __init__(self, loader: Any) -> None:
        self._loader = loader

    def __getattr__(self, name: str) -> Any:
        return getattr(self._loader, name)

    def create_module(self, spec: ModuleSpec) -> ModuleType | None:
        made: ModuleType | None = self._loader.create_module(spec)
        return made

    def exec_module(self, module: ModuleType) -> None:
        self._loader.exec_module(module)
        (_patch if module.__name__ == DOOR else _patch_cliconf)(module)


class _Finder:
    _busy = False

    def find_spec(
        self, name: str, path: Sequence[str] | None = None, target: ModuleType | None = None
    ) -> ModuleSpec | None:
        if name not in (DOOR, CLICONF) or self._busy:
            return None
        self._busy = True
        try:
            spec = importlib.util.find_spec(name)
        finally:
            self._busy = False
        if spec is not None and spec.loader is not None:
            spec.loader = _Patched(spec.loader)
        return spec


def _patch(door: Any) -> None:
    take, run = door._take_secrets, door.run

    def take_secrets(module: Any) -> dict[str, Any]:
        request: dict[str, Any] = take(module)
        if request["version"] == "raise-at-take":
            raise Injected(request["responders"][0]["pre_shared_key"])
        return request

    def run_module(platform: str, request: dict[str, Any], **more: Any) -> dict[str, Any]:
        kind, _, stage = (request["version"] or "").rpartition("-")
        if kind == "raise-at":
            _arm(door, stage, platform, request["responders"][0]["pre_shared_key"])
        done: dict[str, Any] = run(platform, request, **more)
        return done

    door._take_secrets, door.run = take_secrets, run_module


def _patch_cliconf(cliconf: Any) -> None:
    send = cliconf.CliconfBase.send_command

    def send_command(self: Any, command: Any = None, **more: Any) -> Any:
        if "-raise" in str(command):
            raise InConnection(command)
        return send(self, command, **more)

    cliconf.CliconfBase.send_command = send_command


class InConnection(Exception):
    """The same in the process that holds the connection."""


class Injected(Exception):
    """What no code expects. Its text is a key."""


def _arm(door: Any, stage: str, platform: str, key: str) -> None:
    package = door.__name__.rpartition(".")[0]
    core = sys.modules[f"{package}._core.run"]
    session, transport = door.Session, door.CliTransport

    def fail(*_args: Any, **_more: Any) -> Any:
        raise Injected(key)

    def on_second(method: Callable[..., Any]) -> Callable[..., Any]:
        calls: list[None] = []

        def call(*args: Any, **more: Any) -> Any:
            calls.append(None)
            return fail() if len(calls) == 2 else method(*args, **more)

        return call

    def at_the_key(self: Any, lines: Sequence[str], question: str | None = None) -> Any:
        once = any(key in line for line in lines) and next(left, None) is not None
        return fail() if once else write(self, lines, question)

    write, left = transport.write, iter("1")
    match stage:
        case "options":
            core.parse_intent = fail  # type: ignore[attr-defined]
        case "connect":
            transport.__init__ = fail
        case "read":
            session.read = fail
        case "parse":
            core.PLATFORMS[platform] = replace(core.PLATFORMS[platform], parse=fail)
        case "plan":
            core.PLATFORMS[platform] = replace(core.PLATFORMS[platform], make_plan=fail)
        case "apply":
            transport.write = at_the_key
        case "back":
            session.read = on_second(session.read)
        case "undo":
            core._proof = lambda text: object()  # type: ignore[attr-defined]
            session._go_back = fail
        case "save":
            session.save = fail
        case "close":
            transport.close = fail
        case _:
            raise ValueError(stage)


_finder = _Finder()
sys.meta_path.insert(0, _finder)
if "L2L_WATCH" in os.environ:
    sys.addaudithook(_watch)
