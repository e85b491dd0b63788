# Copyright: The netvpn.dynamic_l2l contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""The documentation names every finding that the core can make, and none that it cannot."""

from __future__ import annotations

import ast
import re
from pathlib import Path

import pytest
from core_support.refusals import refusals

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


BEGIN, END = "<!-- begin: from the source -->\n", "<!-- end -->\n"


def test_every_refusal_of_input_is_documented_with_its_remedy(request: pytest.FixtureRequest) -> None:
    """The table is written from the source: ``pytest --update-golden`` writes it anew."""
    path = ROOT / "docs/messages.md"
    head, _begin, rest = path.read_text(encoding="utf-8").partition(BEGIN)
    _table, _end, tail = rest.partition(END)
    rows = [
        f"| {' | '.join(_cell(text) for text in row[1:])} |\n" for row in sorted(refusals(), key=lambda row: row[1:])
    ]
    table = "| option | what is wrong | remedy |\n| --- | --- | --- |\n" + "".join(dict.fromkeys(rows))
    text = f"{head}{BEGIN}{table}{END}{tail}"
    if request.config.getoption("--update-golden", default=False):
        path.write_text(text, encoding="utf-8")
    assert path.read_text(encoding="utf-8") == text
    assert all(problem.strip("… ") and remedy.strip("… ") for _file, _option, problem, remedy in refusals())


def _cell(text: str) -> str:
    # ``l2l_tunnels[…]`` and the like come as a variable: the data model says where each key stands.
    return text.replace("|", "\\|").replace("<", "&lt;").removeprefix("….")
