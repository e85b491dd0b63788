# Copyright: The netvpn.dynamic_l2l contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""The documentation names every finding that the core can make, and none that it cannot."""

from __future__ import annotations

import ast
import re
from pathlib import Path

ROOT = Path(__file__).resolve().parents[3]


def made() -> set[str]:
    """The codes in calls of ``Finding(…)`` and what makes one for several places."""
    codes = set()
    for path in (ROOT / "plugins/module_utils/_core").rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == "Finding":
                code = node.args[0]
                assert isinstance(code, ast.Constant), f"{path.name}:{node.lineno}: the code is not written out"
                codes.add(code.value)
    return codes


def test_every_finding_is_documented_and_no_other() -> None:
    text = (ROOT / "docs/findings.md").read_text(encoding="utf-8")
    assert set(re.findall(r"^\| `([a-z-]+)` \|", text, re.MULTILINE)) == made()
