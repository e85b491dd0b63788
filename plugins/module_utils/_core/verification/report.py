# Copyright: The netvpn.dynamic_l2l contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""Results of a verification for people and for pipelines: a table for the terminal, JUnit XML."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

# Nothing is parsed here. The writer of Ansible is private (ansible.utils._junit_xml), and the core imports nothing of it.
from xml.etree import ElementTree

from ..errors import InputError
from .agreed import DOWN, FAILED, OK, UNKNOWN

#: Column of the table → the checks that it sums up. What is in none is the user's own, or about the reading.
_COLUMNS: Mapping[str, tuple[str, ...]] = {
    "CONFIGURED": ("configured",),
    "UP": ("up",),
    "ALGORITHMS": ("ike", "ipsec", "pfs", "lifetimes"),
    "PEER": ("peer", "identities"),
    "SENT": ("sent",),
    "RECEIVED": ("received",),
    "ERRORS": ("errors",),
}
_OTHERS = "OTHER"

_SHOWN = {OK: "ok", FAILED: "FAILED", UNKNOWN: "unknown"}

#: What concerns a whole device stands under this name.
DEVICE = "(device)"

#: Name of all suites together, unless somebody gives another.
SUITES = "netvpn.dynamic_l2l.verify"

_KEYS = ("host", "tunnel", "check", "expected", "found", "status", "message")

#: What XML 1.0 cannot hold, not even escaped.
_UNFIT = re.compile("[^\t\n\r\u0020-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


def read_results(items: object) -> tuple[dict[str, str], ...]:
    """Results as a module returned them, of one host or of several. Raises InputError for anything else."""
    if not isinstance(items, (list, tuple)):
        raise InputError("results", type(items).__name__, "a list is expected here", "Give the results of ipsec_verify")
    for index, item in enumerate(items):
        if not isinstance(item, Mapping) or set(_KEYS) - set(item) or item["status"] not in _SHOWN:
            raise InputError(
                f"results[{index}]", None, "this is no result of ipsec_verify", f"It has the keys {', '.join(_KEYS)}"
            )
    return tuple({key: str(item[key]) for key in _KEYS} for item in items)


def counts(results: Iterable[Mapping[str, str]]) -> dict[str, int]:
    """Status → how many results have it."""
    found = dict.fromkeys(_SHOWN, 0)
    for result in results:
        found[result["status"]] += 1
    return found


def table(results: Sequence[Mapping[str, str]]) -> str:
    """A row for each tunnel on each host, then whatever is not as expected, with what to do about it.

    Text of fixed width; no colours, so that it stays readable in a log.
    """
    rows: dict[tuple[str, str], dict[str, str]] = {}
    for result in results:
        row = rows.setdefault((result["tunnel"] or DEVICE, result["host"]), {})
        column = next((name for name, checks in _COLUMNS.items() if result["check"] in checks), _OTHERS)
        row[column] = _worst(row.get(column, OK), result["status"])
    used = [name for name in (*_COLUMNS, _OTHERS) if any(name in row for row in rows.values())]
    # A tunnel's two ends stand together, the devices themselves behind all tunnels.
    ordered = sorted(rows, key=lambda key: (key[0] == DEVICE, key))
    cells = [
        ("TUNNEL", "HOST", *used),
        *((*key, *(_SHOWN[rows[key][name]] if name in rows[key] else "-" for name in used)) for key in ordered),
    ]
    widths = [max(len(row[at]) for row in cells) for at in range(len(cells[0]))]
    lines = ["  ".join(f"{cell:<{width}}" for cell, width in zip(row, widths)).rstrip() for row in cells]  # noqa: B905
    for status in (FAILED, UNKNOWN):
        for result in results:
            # That a tunnel which is down carries no traffic need not be told twice.
            if result["status"] == status and result["message"] != DOWN:
                lines += ["", *_detail(result)]
    lines += ["", summary(results)]
    return "\n".join(lines) + "\n"


def summary(results: Sequence[Mapping[str, str]]) -> str:
    """One sentence."""
    found = counts(results)
    return f"{len(results)} checks: {found[OK]} ok, {found[FAILED]} failed, {found[UNKNOWN]} unknown"


def junit(results: Sequence[Mapping[str, str]], name: str = SUITES) -> str:
    """JUnit XML: a suite for each tunnel, a case for each check on each host.

    What is unknown is ``skipped``, for pipelines count that apart from what passed.
    """
    root = ElementTree.Element("testsuites", _numbers(name, results))
    suites: dict[str, list[Mapping[str, str]]] = {}
    for result in results:
        suites.setdefault(result["tunnel"] or DEVICE, []).append(result)
    for tunnel, members in sorted(suites.items()):
        suite = ElementTree.SubElement(root, "testsuite", _numbers(tunnel, members))
        for result in members:
            where = {"classname": _fit(f"{tunnel}.{result['host']}"), "name": _fit(result["check"]), "time": "0"}
            case = ElementTree.SubElement(suite, "testcase", where)
            if result["status"] == FAILED:
                told = ElementTree.SubElement(case, "failure", {"message": _fit(result["message"]), "type": "failed"})
                told.text = _fit(f"expected: {result['expected']}\nfound: {result['found']}")
            elif result["status"] == UNKNOWN:
                ElementTree.SubElement(case, "skipped", {"message": _fit(f"{result['message']} ({result['found']})")})
    ElementTree.indent(root)
    return f'<?xml version="1.0" encoding="utf-8"?>\n{ElementTree.tostring(root, encoding="unicode")}\n'


def _numbers(name: str, results: Sequence[Mapping[str, str]]) -> dict[str, str]:
    found = counts(results)
    return {
        "name": _fit(name),
        "tests": str(len(results)),
        "failures": str(found[FAILED]),
        "errors": "0",
        "skipped": str(found[UNKNOWN]),
        "time": "0",
    }


def _detail(result: Mapping[str, str]) -> list[str]:
    head = f"{result['tunnel'] or DEVICE} on {result['host']}: {result['check']} {_SHOWN[result['status']]}"
    return [head, f"  expected {result['expected']}, found {result['found']}", f"  {result['message']}"]


def _worst(one: str, two: str) -> str:
    return max(one, two, key=(OK, UNKNOWN, FAILED).index)


def _fit(text: Any) -> str:
    return _UNFIT.sub("\ufffd", str(text))


def verification_table(results: object) -> str:
    """The filter of this name: :func:`table`. Raises InputError for what is no list of results."""
    return table(read_results(results))


def verification_junit(results: object, name: str = SUITES) -> str:
    """The filter of this name: :func:`junit`. Raises InputError for what is no list of results."""
    return junit(read_results(results), name)
