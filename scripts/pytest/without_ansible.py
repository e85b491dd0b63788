# SPDX-License-Identifier: GPL-3.0-or-later
"""A pytest plugin: this process cannot import Ansible, nor anything else that the core has no business with."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from importlib.machinery import ModuleSpec
from types import ModuleType

REFUSED = {"ansible", "asyncssh", "jinja2", "jmespath", "paramiko", "pylibsshext", "yaml"}
OURS = "ansible_collections.netvpn"


class Refuse:
    """Stands first among the finders."""

    def find_spec(
        self, name: str, path: Sequence[str] | None = None, target: ModuleType | None = None
    ) -> ModuleSpec | None:
        top, _, rest = name.partition(".")
        foreign = top == "ansible_collections" and rest and not f"{name}.".startswith(f"{OURS}.")
        if top in REFUSED or foreign:
            raise ModuleNotFoundError(f"{name} is refused: the core runs without Ansible", name=name)
        return None


loaded = sorted(name for name in sys.modules if name.partition(".")[0] in REFUSED)
if loaded:
    raise RuntimeError(f"imported before it could be refused: {', '.join(loaded)}")
sys.meta_path.insert(0, Refuse())
