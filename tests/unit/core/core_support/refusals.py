# Copyright: The netvpn.dynamic_l2l contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""Every refusal and failure that stands in the source, as text with ``…`` where a value comes in."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

PLUGINS = Path(__file__).resolve().parents[4] / "plugins"
CORE = PLUGINS / "module_utils/_core"

#: Functions that are told the option: which ones they are told.
_TOLD = {
    "_address": "address",
    "_listed": "lists",
    "_mapping": "mappings",
    "_name": "names",
    "_read_address": "address",
    "_read_bool": "match_address",
    "_read_network": "networks",
    "_read_key": "key of an end (diagnose_ike)",
    "_require_range": "seconds, max_cpu",
    "_read_end": "options of an end (diagnose_ike)",
    "_read_sa": "associations (diagnose_ike)",
    "_required": "options that a state needs",
    "_unfit": "texts, lists, mappings (diagnose_ike)",
    "_word": "names (filters)",
    "choice": "choices",
    "home_of": "networks",
    "host": "host, initiator, responder",
    "integer": "numbers",
    "interface_name": "interface, outside_interface",
    "key": "pre_shared_key",
    "networks": "networks",
    "parse": "networks",
    "parse_intent": "l2l_responders, l2l_tunnels",
    "refuse_choice": "choices",
    "require_available": "suite",
    "require_group": "pfs",
    "require_group_strength": "pfs",
    "require_strength": "suite",
    "text": "texts",
    "__post_init__": "mappings",
    "_pairs": "local, remote (filters)",
    "_seconds": "wait, interval",
    "read_expectations": "expect[…]",
}

_FLAGS = "remove_shared, exclusive, partial, behind_nat"

#: What is raised → when.
_WHEN = {
    "CollectError": "collecting",
    "ReadError": "reading",
    "PlanError": "planning",
    "Refused": "planning",
    "DeviceError": "sending, saving",
    "TransportError": "connection",
    "AnsibleConnectionFailure": "connection",
}

#: Tables of a pattern (or a name) and what it means, part of messages.
_TABLES = {"_REASONS": "connection: cannot open a session", "_ADVICE": "advice behind what a device answered"}


def refusals() -> list[tuple[str, str, str, str]]:
    """``(file, option, problem, remedy)`` of each ``InputError(…)``, in the order of the files."""
    rows: list[tuple[str, str, str, str]] = []
    for path in _sources():
        tree = ast.parse(path.read_text(encoding="utf-8"))
        for function in _functions(tree):
            for call in (node for node in ast.walk(function) if _refuses(node)):
                option, problem, remedy = (_text(call.args[i], function) for i in (0, 2, 3))
                if not option.strip("….[]"):
                    option = _FLAGS if path.name == "options.py" else _TOLD[function.name]
                row = (path.name, option, problem, remedy)
                if row not in rows:
                    rows.append(row)
    return rows


def failures() -> list[tuple[str, str]]:
    """``(when, message)`` of everything else that is raised on purpose."""
    rows: list[tuple[str, str]] = []
    for path in _sources():
        tree = ast.parse(path.read_text(encoding="utf-8"))
        for function in _functions(tree):
            for node in ast.walk(function):
                match node:
                    case ast.Call(func=ast.Name(id=name), args=[said, *_]) if name in _WHEN:
                        rows.append((_WHEN[name], _text(said, function)))
                    case ast.Call(func=ast.Attribute(value=ast.Call(func=ast.Name(id="super"))), args=[said]):
                        if path.name == "preflight.py":
                            rows.append(("preflight", _text(said, function)))
        for node in tree.body:
            match node:
                case ast.Assign(targets=[ast.Name(id=name)], value=ast.Tuple(elts=items)) if name in _TABLES:
                    rows += [
                        (_TABLES[name], item.elts[-1].value)
                        for item in items
                        if isinstance(item, ast.Tuple) and isinstance(item.elts[-1], ast.Constant)
                    ]
    return [row for row in dict.fromkeys(rows) if row[1].strip("…: .;")]


def _sources() -> list[Path]:
    doors = [
        PLUGINS / "module_utils/_cli_transport.py",
        PLUGINS / "module_utils/_backup.py",
        PLUGINS / "terminal/asa.py",
    ]
    return [*sorted(CORE.rglob("*.py")), *doors]


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
        case ast.FormattedValue(value=ast.Name(id=name)):
            # Said in one of a few ways that are all written out here; anything else is a value.
            given = list(_given(name, function))
            if all(isinstance(value, ast.Constant) and isinstance(value.value, str) for value in given):
                return " / ".join(text for value in given if (text := _text(value, function))) or "…"
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
