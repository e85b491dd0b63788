# Copyright: The netvpn.dynamic_l2l contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""docs/diagnosis.md says what a diagnosis is made of: its keys, the steps, the causes, an example as it is printed."""

from __future__ import annotations

import re
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import pytest
from _core.diagnosis.causes import CAUSES, NOTES
from _core.diagnosis.evidence import diagnose_ike
from _core.diagnosis.negotiation import STEPS
from _core.diagnosis.text import diagnosis_text
from core_support import scenario
from core_support.golden import seed

PAGE = Path(__file__).resolve().parents[3] / "docs/diagnosis.md"
BEGIN, END = "<!-- begin: {} -->\n", "<!-- end: {} -->\n"
MATCH = "ip access-list extended MATCH\n permit ip 10.2.1.0 0.0.0.255 10.1.1.0 0.0.0.255\n!\n"


def example() -> dict[str, Any]:
    """The reference with a mistake at its initiator, and the responder's log of it (failures.md)."""
    wide = "access-list IPSec-traffic extended permit ip 10.1.0.0 255.255.0.0 10.2.1.0 255.255.255.0"
    log = """\
*Nov 26 03:00:00.010: ISAKMP:(0:1:SW:1): processing SA payload. message ID = -2012147396
*Nov 26 03:00:00.020: IPSEC(validate_transform_proposal): proxy identities not supported
*Nov 26 03:00:00.020: ISAKMP:(0:1:SW:1): IPSec policy invalidated proposal with error 32
*Nov 26 03:00:00.030: ISAKMP:(0:1:SW:1): phase 2 SA policy not acceptable! (local 192.168.1.2 remote 172.16.1.1)
"""
    pix = re.sub(r"access-list IPSec-traffic .*", wide, seed("pix-7.2-running-config.cfg"))
    hub = seed("ios-12.4-running-config.cfg")
    hub = hub.replace("access-list 100 deny", f"{MATCH}access-list 100 deny")
    hub = hub.replace(" set transform-set DYN-TS\n", " set transform-set DYN-TS\n match address MATCH\n")
    ends = {"pix": {"running_config": pix}, "hub": {"logs": log, "running_config": hub}}
    return diagnose_ike(ends, [scenario.responder(pre_shared_key=None)], [scenario.tunnel()])


def test_the_tables_and_the_example_are_as_the_code_has_them(request: pytest.FixtureRequest) -> None:
    """They are written from the source: ``pytest --update-golden`` writes them anew."""
    text = PAGE.read_text(encoding="utf-8")
    text = _with(text, "example", f"```text\n{diagnosis_text(example())}```\n")
    text = _with(text, "steps", _rows("step | means", ((f"`{step}`", meaning) for step, meaning in STEPS.items())))
    causes = ((f"`{code}`", cause.title, cause.likely, cause.mend) for code, cause in CAUSES.items())
    text = _with(text, "causes", _rows("code | is | most likely | to mend", causes))
    if request.config.getoption("--update-golden", default=False):
        PAGE.write_text(text, encoding="utf-8")
    assert PAGE.read_text(encoding="utf-8") == text


def _with(text: str, name: str, content: str) -> str:
    head, begin, rest = text.partition(BEGIN.format(name))
    _old, end, tail = rest.partition(END.format(name))
    assert begin, name
    assert end, name
    return f"{head}{begin}{content}{end}{tail}"


def _rows(columns: str, rows: Iterable[tuple[str, ...]]) -> str:
    ruler = " | ".join("---" for _column in columns.split("|"))
    return f"| {columns} |\n| {ruler} |\n" + "".join(
        f"| {' | '.join(cell.replace('|', chr(92) + '|') for cell in row)} |\n" for row in rows
    )


def documented(head: str) -> set[str]:
    """The keys in the first column of the table that begins so."""
    text = PAGE.read_text(encoding="utf-8")
    table = text[text.index(f"| {head} | is |\n") :].split("\n\n")[0]
    return {key for row in table.splitlines()[2:] for key in re.findall(r"`([a-z0-9_]+)`", row.split(" | ")[0])}


def inner(head: str, key: str) -> set[str]:
    """The keys that a row names first, in its list."""
    text = PAGE.read_text(encoding="utf-8")
    row = next(row for row in text[text.index(f"| {head} | is |") :].splitlines() if row.startswith(f"| `{key}` |"))
    return set(re.findall(r"`([a-z0-9_]+)`", row.split(" | ")[1]))


def test_every_key_of_a_diagnosis_is_documented_and_no_other() -> None:
    ends = {name: seed(f"{name}-debug-isakmp.txt") for name in ("pix-7.2", "ios-12.4")}
    whole, failed = diagnose_ike(ends), example()
    assert documented("key") == set(whole) == set(failed)
    assert documented("negotiation") == set(whole["negotiations"][0])
    assert documented("problem") == set(failed["problems"][0])
    assert inner("negotiation", "agreed") == set(whole["negotiations"][0]["agreed"])
    assert inner("negotiation", "identifiers") == set(whole["negotiations"][0]["identifiers"])
    assert inner("negotiation", "stages") == set(whole["negotiations"][0]["stages"][0])
    assert inner("problem", "confirm") == set(failed["problems"][0]["confirm"][0])
    assert inner("problem", "at_fault") == set(failed["problems"][0]["at_fault"][0])
    assert inner("problem", "mend") == set(failed["problems"][0]["mend"])
    assert inner("key", "notes") == set(whole["notes"][0])
    assert inner("key", "unread") == set(failed["problems"][0]["lines"][0])
    assert set(whole["alignments"][0]) <= inner("key", "alignments")


def test_every_note_is_documented() -> None:
    text = PAGE.read_text(encoding="utf-8")
    assert all(f"`{code}`" in text for code in NOTES)
