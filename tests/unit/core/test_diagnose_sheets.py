# Copyright: The netvpn.dynamic_l2l contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""Every message that the fact sheets list as a failure is named correctly, and every row of the tables has a source."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from _core.asa.logs import TABLE as ASA
from _core.diagnosis.causes import CAUSES, NOTES, UNANSWERED
from _core.diagnosis.diagnose import End, diagnose
from _core.ios import logs as ios
from core_support.sheet_lines import LINES, NOT_MESSAGES, SheetLine

SHEETS = Path(__file__).parents[2] / "devices" / "sheets"
ROWS = [row for table in (ASA, ios.ISAKMP, ios.SYSLOG, ios.IPSEC, ios.IKEV2) for row in table.rows]


@pytest.mark.parametrize("given", LINES, ids=lambda given: f"{given.sheet}: {given.quote[:60]}")
def test_a_line_of_the_sheets_is_named(given: SheetLine) -> None:
    found = diagnose({"device": End((given.line,))})
    assert found.unread == ()
    problems = [problem.code for problem in found.problems]
    assert problems == ([given.code] if given.kind == "problem" else [])
    assert ([note.code for note in found.notes] == [given.code]) is (given.kind == "note")


def _quoted(sheet: str, begin: str, end: str, column: int) -> set[str]:
    text = (SHEETS / sheet).read_text(encoding="utf-8")
    part = text[text.index(begin) : text.index(end, text.index(begin) + len(begin))]
    rows = [row.split("|") for row in part.splitlines() if row.startswith("|") and not set(row) <= set("|- ")]
    return {quote for row in rows if len(row) > column for quote in re.findall(r"`([^`]+)`", row[column])}


@pytest.mark.parametrize(
    ("sheet", "begin", "end", "column"),
    [
        ("failures.md", "| failure | lines", "Prefixes to accept", 2),
        ("ios-show.md", "### C7.6 Failures", "### C7.7", 2),
        ("ios-show.md", "| IKE proposal |", "## C8. Syslog", 2),
        ("ios-show.md", "## C8. Syslog", "Wrong forms met", 1),
    ],
)
def test_no_line_of_the_sheets_is_left_out(sheet: str, begin: str, end: str, column: int) -> None:
    told = {line.quote for line in LINES if line.sheet == sheet}
    assert _quoted(sheet, begin, end, column) - told - NOT_MESSAGES == set()


def test_every_stuck_state_of_the_sheet_is_named() -> None:
    text = (SHEETS / "asa-cli.md").read_text(encoding="utf-8")
    assert set(re.findall(r"^\| (MM_WAIT_MSG[0-9])", text, re.MULTILINE)) <= {line.quote for line in LINES}


def test_every_row_names_its_source_and_a_known_code() -> None:
    for row in ROWS:
        assert row.source, row
        assert row.grade in ("V", "G", "M", "U"), row
        if row.kind in (
            "fault",
            "hint",
            "trial",
            "data",
            "end_hint",
            "by_peer",
            "fault2",
            "refused1",
            "refused2",
            "invalidated",
        ):
            assert row.code in CAUSES, row
        if row.kind == "note":
            assert row.code in NOTES, row
    assert set(UNANSWERED.values()) <= CAUSES.keys()


def test_rows_that_follow_no_capture_say_so() -> None:
    unsourced = [row for row in ROWS if row.grade == "U"]
    assert unsourced
    assert all(
        row.code or row.kind in ("resent", "resent2", "quiet", "died", "begin_aggressive", "attribute", "session")
        for row in unsourced
    )


def test_every_cause_tells_what_to_look_at_and_what_to_do() -> None:
    for cause in CAUSES.values():
        assert all((cause.title, cause.likely, cause.mend, cause.source)), cause.code
        assert cause.confirm, cause.code
        assert cause.general or cause.others or cause.code == "peer-wrong", cause.code
        assert {command.platform for command in (*cause.confirm, *cause.lines)} <= {"asa", "ios"}
