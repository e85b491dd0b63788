# SPDX-License-Identifier: GPL-3.0-or-later
"""libssh reads the known hosts of the passwd home, whatever $HOME says; paramiko reads $HOME's.

With this folder on PYTHONPATH both read `$HOME/.ssh/known_hosts`, so that a test can make the emulated devices' host
keys known, and have them checked, without touching anybody's real file.
"""

from __future__ import annotations

import importlib.util
import os
import sys
from collections.abc import Sequence
from importlib.abc import Loader
from importlib.machinery import ModuleSpec
from types import ModuleType
from typing import Any

NAME = "pylibsshext.session"


class _Patched(Loader):
    def __init__(self, loader: Loader) -> None:
        self.loader = loader

    def create_module(self, spec: ModuleSpec) -> ModuleType | None:
        return self.loader.create_module(spec)

    def exec_module(self, module: ModuleType) -> None:
        self.loader.exec_module(module)
        base: Any = module.Session  # type: ignore[attr-defined]

        class Session(base):  # type: ignore[misc]
            def connect(self, **options: Any) -> Any:
                options.setdefault("knownhosts", os.path.expanduser("~/.ssh/known_hosts"))
                return super().connect(**options)

        module.Session = Session  # type: ignore[attr-defined]


class _Finder:
    def find_spec(
        self, name: str, path: Sequence[str] | None = None, target: ModuleType | None = None
    ) -> ModuleSpec | None:
        if name != NAME:
            return None
        sys.meta_path.remove(self)  # type: ignore[arg-type]
        spec = importlib.util.find_spec(name)
        if spec is not None and spec.loader is not None:
            spec.loader = _Patched(spec.loader)
        return spec


sys.meta_path.insert(0, _Finder())  # type: ignore[arg-type]
