# Copyright: The netvpn.dynamic_l2l contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""Whatever way logs are mixed, cut or spoilt: what is told of a negotiation is the same, and nothing is an error."""

from __future__ import annotations

import json
import re
from collections.abc import Sequence
from itertools import pairwise

import pytest
from _core.diagnosis.diagnose import End, diagnose
from _core.diagnosis.logs import read_records
from _core.diagnosis.result import Diagnosis
from core_support.effort import calls
from core_support.golden import seed
from core_support.sheet_lines import LINES, LOGS, published
from hypothesis import given
from hypothesis import strategies as st

SEED = (
    "pix-7.2-debug-isakmp.txt",
    "pix-7.2-debug-ipsec.txt",
    "ios-12.4-debug-isakmp.txt",
    "ios-12.4-debug-ipsec.txt",
)
TEXTS = {**{name: seed(name) for name in SEED}, **{path.name: published(path.name) for path in LOGS.glob("*.txt")}}
NAMES = sorted(TEXTS)
READ = {name: diagnose({"device": End((text,))}) for name, text in TEXTS.items()}


def blocks(text: str) -> list[str]:
    """The text in pieces that each begin with a record: nothing else may come between the lines of a message."""
    starts = [record.number for record in read_records(text).records if record.tag]
    rows = text.splitlines()
    cuts = [0, *(start - 1 for start in starts if start > 1), len(rows)]
    return ["\n".join(rows[one:two]) for one, two in pairwise(cuts) if two > one]


def mixed(one: Sequence[str], two: Sequence[str], order: Sequence[bool]) -> str:
    """The pieces of both in their own orders; ``order`` says whose turn it is, as long as it says anything."""
    left, right = list(one), list(two)
    found = []
    for turn in order:
        if side := left if turn else right:
            found.append(side.pop(0))
    return "\n".join([*found, *left, *right]) + "\n"


def told(found: Diagnosis) -> list[str]:
    """What is said, without places and in no order."""
    return sorted(
        [
            *(
                json.dumps(
                    [
                        "negotiation",
                        n.peer,
                        n.role,
                        n.mode,
                        n.outcome,
                        [s.step for s in n.stages],
                        n.agreed,
                        n.identifiers,
                    ]
                )
                for n in found.negotiations
            ),
            *(json.dumps(["problem", p.code, p.peer, p.stage, len(p.lines)]) for p in found.problems),
            *(json.dumps(["note", note.code, note.peer, note.message]) for note in found.notes),
            json.dumps(["unread", sorted(place.shown for place in found.unread)]),
        ]
    )


def of(text: str) -> Diagnosis:
    return diagnose({"device": End((text,))})


TURNS = st.lists(st.booleans(), max_size=200)


# --- mixed -----------------------------------------------------------------------------------------------------------------

#: Logs of one PIX/ASA with one peer; each of their lines names the peer, or says nothing of a negotiation.
OF_ASA = [
    name
    for name in NAMES
    if name.startswith(("asa", "pix"))
    and len({n.peer for n in READ[name].negotiations}) == 1
    and all(one.peer for one in (*READ[name].negotiations, *READ[name].problems))
]


@given(st.sampled_from(OF_ASA), st.sampled_from(OF_ASA), TURNS)
def test_two_peers_of_a_pix_are_told_as_each_alone(one: str, two: str, order: list[bool]) -> None:
    mine = TEXTS[one]
    (peer,) = {n.peer for n in READ[one].negotiations}
    other = TEXTS[two]
    (its,) = {n.peer for n in READ[two].negotiations}
    if its == peer:
        other = _renumbered(other.replace(its, "192.0.2.99"))
    text = mixed(blocks(mine), blocks(other), order)
    assert _joined(told(of(text))) == _joined([*told(of(mine)), *told(of(other))])


def _renumbered(text: str) -> str:
    """Another negotiation's SPIs, message ids and session: those of one device are never the same."""
    text = text.replace("Session ID: 0x0000004", "Session ID: 0x0000005")
    numbers = {found.lower() for found in re.findall(r"(?:0x|msgid=|SPI = 0x|spi 0x|\b)([0-9a-fA-F]{8})\b", text)}
    for number in sorted(numbers):
        if number != "00000000":
            text = re.sub(number, f"{int(number, 16) ^ 0x5A:08x}", text, flags=re.IGNORECASE)
    return text


def _joined(rows: list[str]) -> list[str]:
    """Unread lines of both together; a note that both have stands once."""
    rows = [
        *{row for row in rows if row.startswith('["note"')},
        *(row for row in rows if not row.startswith('["note"')),
    ]
    unread = sorted(line for row in rows if row.startswith('["unread"') for line in json.loads(row)[1])
    return [*sorted(row for row in rows if not row.startswith('["unread"')), *unread]


@given(
    st.sampled_from(OF_ASA),
    st.sampled_from([name for name in NAMES if name not in OF_ASA and "asa" not in name]),
    TURNS,
)
def test_a_log_of_each_platform_in_one_text_is_told_as_each_alone(one: str, two: str, order: list[bool]) -> None:
    text = mixed(blocks(TEXTS[one]), blocks(TEXTS[two]), order)
    assert _joined(told(of(text))) == _joined([*told(READ[one]), *told(READ[two])])


@given(st.sampled_from(NAMES), st.sampled_from(NAMES), TURNS)
def test_devices_that_a_collector_names_are_told_as_each_alone(one: str, two: str, order: list[bool]) -> None:
    here, there = (
        [f"Nov 26 03:00:00 {host} {block}" for block in blocks(TEXTS[name]) if _BEGUN.search(block)]
        for host, name in (("left", one), ("right", two))
    )
    apart = [of("\n".join(part) + "\n") for part in (here, there)]
    assert _joined(told(of(mixed(here, there, order)))) == _joined([row for found in apart for row in told(found)])


_BEGUN = re.compile(r"[%\[]|ISAKMP|IPSEC|IPSec|IKEv2")

IOS = seed("ios-12.4-debug-isakmp.txt")
PACKET = re.compile(r"ISAKMP.*(?:received packet from|sending packet to)")


@given(TURNS)
def test_two_peers_of_a_router_are_told_apart_between_packets(order: list[bool]) -> None:
    """Lines without a number are of what was spoken of last, so only between packets the log may change its subject."""
    other = _renumbered(
        IOS.replace("172.16.1.1", "172.16.9.9").replace("0:1:SW:1", "0:2:SW:1").replace("134217729", "134217730")
    )
    text = mixed(_packets(IOS), _packets(other), order)
    assert _joined(told(of(text))) == _joined([*told(of(IOS)), *told(of(other))])


def _packets(text: str) -> list[str]:
    """Pieces that each begin where a packet comes or goes."""
    pieces: list[list[str]] = [[]]
    for block in blocks(text):
        if PACKET.search(block) and pieces[-1]:
            pieces.append([])
        pieces[-1].append(block)
    return ["\n".join(piece) for piece in pieces]


# --- cut -------------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", NAMES)
def test_a_log_that_ends_earlier_tells_the_first_of_the_steps(name: str) -> None:
    rows = TEXTS[name].splitlines()
    whole = [[stage.step for stage in n.stages] for n in READ[name].negotiations]
    for end in range(len(rows)):
        found = of("\n".join(rows[:end]))
        for number, one in enumerate(found.negotiations):
            steps = [stage.step for stage in one.stages]
            assert steps == whole[number][: len(steps)], (end, rows[end - 1])


@given(st.sampled_from(NAMES), st.data())
def test_a_text_may_begin_and_end_anywhere(name: str, data: st.DataObject) -> None:
    text = TEXTS[name]
    begin = data.draw(st.integers(0, len(text)))
    end = data.draw(st.integers(begin, len(text)))
    json.dumps(of(text[begin:end]).as_dict())


# --- spoilt ----------------------------------------------------------------------------------------------------------------

ROWS = sorted({row for text in TEXTS.values() for row in text.splitlines()} | {line.line for line in LINES})


@given(st.lists(st.one_of(st.sampled_from(ROWS), st.text(max_size=60)), max_size=60), st.data())
def test_lines_in_any_order_with_anything_between_are_no_error(rows: list[str], data: st.DataObject) -> None:
    text = "\n".join(rows)
    if text:
        at = data.draw(st.integers(0, len(text)))
        text = text[:at] + data.draw(st.text(max_size=5)) + text[at + data.draw(st.integers(0, 5)) :]
    found = of(text)
    assert found.verdict.endswith(".")
    json.dumps(found.as_dict())


@given(st.sampled_from(NAMES), st.data())
def test_a_line_that_nobody_knows_is_listed_and_changes_nothing(name: str, data: st.DataObject) -> None:
    pieces = blocks(TEXTS[name])
    platform = next(record.platform for record in read_records(TEXTS[name]).records if record.platform)
    strange = {
        "asa": "[IKEv1]: Group = 203.0.113.77, IP = 203.0.113.77, a flux compensator was inserted",
        "ios": "ISAKMP:(4711):a flux compensator was inserted",
    }[platform]
    pieces.insert(data.draw(st.integers(0, len(pieces))), strange)
    found, before = of("\n".join(pieces) + "\n"), READ[name]
    assert len(found.unread) == len(before.unread) + 1
    assert any("flux compensator" in place.shown for place in found.unread)
    assert told(found)[: len(told(before)) - 1] == told(before)[:-1]


@pytest.mark.parametrize("name", NAMES)
def test_the_work_grows_as_the_text_does(name: str) -> None:
    once, twice = (calls(lambda times=times: of(TEXTS[name] * times)) for times in (6, 12))  # type: ignore[misc]
    assert twice < 2.2 * once
