# Copyright: The netvpn.dynamic_l2l contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""A diagnosis for somebody at a terminal: the verdict, then each problem with what shows it and what to type."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from ..errors import InputError

#: So many lines of a log are shown for a problem.
SHOWN = 5

#: What a diagnosis must have to be told.
_KEYS = ("verdict", "problems", "notes", "negotiations", "unread_count", "unused")


def diagnosis_text(diagnosis: object) -> str:
    """What :meth:`.diagnosis.Diagnosis.as_dict` gave, as text. Raises InputError for anything else."""
    if not isinstance(diagnosis, Mapping) or any(key not in diagnosis for key in _KEYS):
        raise InputError(
            "diagnosis",
            type(diagnosis).__name__,
            "this is no diagnosis",
            "Give what diagnose_ike or ipsec_diagnose returned",
        )
    rows = [str(diagnosis["verdict"])]
    for number, problem in enumerate(diagnosis["problems"], 1):
        rows += ["", *_problem(number, problem)]
    if diagnosis["notes"]:
        rows += ["", "Worth knowing:"]
        rows += [f"  {note['end']}: {note['message']}" for note in diagnosis["notes"]]
    rows += ["", *_negotiations(diagnosis["negotiations"])]
    if diagnosis["unread_count"]:
        rows.append(f"{diagnosis['unread_count']} lines of the logs were not understood; they are in unread")
    rows += [str(text) for text in diagnosis["unused"]]
    return "".join(f"{row}\n" for row in rows).rstrip("\n") + "\n"


def _problem(number: int, problem: Mapping[str, Any]) -> Iterable[str]:
    where = [
        problem["end"],
        problem["peer"] and f"peer {problem['peer']}",
        problem["stage"] and f"after {problem['stage']}",
        problem["state"],
    ]
    named = f"tunnel {problem['tunnel']}, " if problem["tunnel"] else ""
    yield f"{number}. {problem['title']} ({named}{', '.join(filter(None, where))})"
    yield f"   {'It is' if problem['narrowed'] else 'Most likely'}: {problem['likely']}"
    if problem["others"] and not problem["narrowed"]:
        yield f"   It could also be: {'; '.join(problem['others'])}"
    yield from _list("Lines at fault", [f"{fault['end']}: {fault['line']}" for fault in problem["at_fault"]])
    shown = [f"{line['end']}, line {line['line']}: {line['says']}" for line in problem["lines"][:SHOWN]]
    if problem["lines_in_all"] > SHOWN:
        shown.append(f"and {problem['lines_in_all'] - SHOWN} more")
    yield from _list("The log says", shown)
    yield from _list("To confirm", _commands(problem["confirm"]))
    yield f"   To mend: {problem['mend']['what']}"
    yield from (f"     {row}" for row in _commands(problem["mend"]["commands"]))


def _commands(fixes: Iterable[Mapping[str, Any]]) -> list[str]:
    found = []
    for fix in fixes:
        releases = f" ({fix['releases']})" if fix["releases"] else ""
        found.append(f"{fix['end'] or fix['platform']}: {fix['command']}{releases}")
    return found


def _list(title: str, rows: Sequence[str]) -> Iterable[str]:
    if rows:
        yield f"   {title}:"
        yield from (f"     {row}" for row in rows)


def _negotiations(found: Sequence[Mapping[str, Any]]) -> Iterable[str]:
    """One row for each: where, with whom, how far it came."""
    if not found:
        return
    yield "Negotiations in the logs:"
    for one in found:
        named = f" ({one['tunnel']})" if one["tunnel"] else ""
        steps = " ".join(dict.fromkeys(stage["step"] for stage in one["stages"]))
        yield f"  {one['end']} with {one['peer'] or 'an unknown peer'}{named}: {one['outcome']}{f', {steps}' if steps else ''}"
