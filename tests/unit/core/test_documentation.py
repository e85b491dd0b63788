# Copyright: The netvpn.dynamic_l2l contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""The documentation names every finding that the core can make, and none that it cannot."""

from __future__ import annotations

import ast
import re
from collections.abc import Sequence
from pathlib import Path

import pytest
from core_support.refusals import failures, refusals

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


#: In docs/messages.md, around what is written from the source.
BEGIN, END = "<!-- begin: {} -->\n", "<!-- end: {} -->\n"


def test_every_message_is_documented_with_its_remedy(request: pytest.FixtureRequest) -> None:
    """The tables are written from the source: ``pytest --update-golden`` writes them anew."""
    path = ROOT / "docs/messages.md"
    written = path.read_text(encoding="utf-8")
    text = _with_table(written, "refusals", "option | what is wrong | remedy", [row[1:] for row in refusals()])
    text = _with_table(text, "failures", "when | message", failures())
    if request.config.getoption("--update-golden", default=False):
        path.write_text(text, encoding="utf-8")
    assert path.read_text(encoding="utf-8") == text
    assert all(problem.strip("… ") and remedy.strip("… ") for _file, _option, problem, remedy in refusals())


def test_every_message_says_in_words_what_is_wrong() -> None:
    assert len(refusals()) > 90
    assert {"reading", "planning", "sending, saving", "connection", "preflight"} <= {when for when, _text in failures()}
    # Also what is put in from a few ways of saying it.
    assert any("did not answer within ansible_command_timeout" in text for _when, text in failures())


def _with_table(text: str, name: str, columns: str, rows: Sequence[tuple[str, ...]]) -> str:
    head, begin, rest = text.partition(BEGIN.format(name))
    _table, end, tail = rest.partition(END.format(name))
    assert begin, name
    assert end, name
    lines = sorted({f"| {' | '.join(map(_cell, row))} |\n" for row in rows})
    ruler = " | ".join("---" for _column in columns.split("|"))
    return f"{head}{begin}| {columns} |\n| {ruler} |\n{''.join(lines)}{end}{tail}"


def _cell(text: str) -> str:
    # ``l2l_tunnels[…]`` and the like come as a variable: the data model says where each key stands.
    return text.strip().replace("|", "\\|").replace("<", "&lt;").removeprefix("….")
