# Copyright: The netvpn.dynamic_l2l contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""Every refusal of input that stands in the core's source, as text with ``…`` where a value comes in."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

CORE = Path(__file__).resolve().parents[4] / "plugins/module_utils/_core"


def refusals() -> list[tuple[str, str, str, str]]:
    """``(file, option, problem, remedy)`` of each ``InputError(…)``, in the order of the files."""
    rows: list[tuple[str, str, str, str]] = []
    for path in sorted(CORE.rglob("*.py")):
        tree = ast.parse(path.read_text(encoding="utf-8"))
        for function in _functions(tree):
            for call in (node for node in ast.walk(function) if _refuses(node)):
                option, problem, remedy = (_text(call.args[i], function) for i in (0, 2, 3))
                row = (str(path.relative_to(CORE)), option, problem, remedy)
                if row not in rows:
                    rows.append(row)
    return rows


def _functions(tree: ast.AST) -> Iterator[ast.FunctionDef]:
    return (node for node in ast.walk(tree) if isinstance(node, ast.FunctionDef))


def _refuses(node: ast.AST) -> bool:
    return isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == "InputError"


def _text(node: ast.expr, function: ast.FunctionDef) -> str:
    match node:
        case ast.Constant(value=str(value)):
            return value
        case ast.JoinedStr(values=values):
            return "".join(_text(value, function) for value in values)
        case ast.BinOp(left=left, right=right):
            return _text(left, function) + _text(right, function)
        case ast.IfExp(body=body, orelse=orelse):
            return f"{_text(body, function)} / {_text(orelse, function)}"
        case ast.Name(id=name):
            given = [_text(value, function) for value in _given(name, function)]
            return " / ".join(dict.fromkeys(text for text in given if text != "…")) or "…"
    return "…"


def _given(name: str, function: ast.FunctionDef) -> Iterator[ast.expr]:
    """What is assigned to a name in a function."""
    for node in ast.walk(function):
        match node:
            case ast.Assign(targets=[ast.Name(id=target)], value=value) if target == name:
                yield value
            case ast.AugAssign(target=ast.Name(id=target), value=value) if target == name:
                yield value
