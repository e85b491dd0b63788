# Copyright: The netvpn.dynamic_l2l contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""Steps: their order, and that secrets are hidden by their place."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import pytest
from _core.errors import PlanError
from _core.prefixes import Box, Region
from _core.prove import Platform, Question, order
from _core.secret import MASK, Secret
from _core.steps import Finding, Line, Packet, Plan, Step, joined, put, removal_step, replay, simple_step, take, typed
from hypothesis import given
from hypothesis import strategies as st


class Blind:
    """A model that sees no packet: then only what the device itself would refuse decides, and the order that was given."""

    def usual(self) -> dict[str, Region]:
        return {}

    def treat(self, enters: str, box: Box) -> list[tuple[Box, Any]]:
        raise AssertionError((enters, box))


def in_order(steps: Sequence[Step]) -> tuple[Step, ...]:
    return order(Question(Platform(lambda _config: Blind(), lambda _config: frozenset()), None, None), steps)[0]


def step(
    name: str, provides: set[str] = frozenset(), needs: set[str] = frozenset(),  # type: ignore[assignment]
    releases: set[str] = frozenset(), removes: set[str] = frozenset(), *, adds: bool = True,  # type: ignore[assignment]
) -> Step:  # fmt: skip
    def refs(names: set[str]) -> frozenset[tuple[str, ...]]:
        return frozenset((item,) for item in names)

    return Step((Line.of(name),), (), refs(provides), refs(needs), refs(releases), refs(removes), adds=adds)


def names(steps: tuple[Step, ...]) -> list[str]:
    return [item.do[0].shown for item in steps]


def test_steps_come_as_given_and_what_takes_away_comes_last() -> None:
    given_ = [step("c", adds=False), step("a"), step("b2"), step("b1")]
    assert names(in_order(given_)) == ["a", "b2", "b1", "c"]


def test_a_need_goes_before_the_given_order() -> None:
    given_ = [step("user", needs={"list"}), step("list", provides={"list"})]
    assert names(in_order(given_)) == ["list", "user"]


def test_a_thing_goes_only_when_all_references_are_released() -> None:
    given_ = [
        step("list out", removes={"list"}, adds=False),
        step("one", releases={"list"}, adds=False),
        step("two", releases={"list"}, adds=False),
    ]
    assert names(in_order(given_)) == ["one", "two", "list out"]


def test_what_nobody_provides_is_there_already() -> None:
    assert names(in_order([step("a", needs={"old"})])) == ["a"]


def test_a_step_may_provide_what_it_needs() -> None:
    assert names(in_order([step("a", needs={"x"}, provides={"x"})])) == ["a"]


def test_a_circle_is_refused_and_a_line_of_it_is_named() -> None:
    secret = Step((Line.of("key ", Secret("outside")),), (), needs=frozenset({("b",)}), provides=frozenset({("a",)}))
    with pytest.raises(PlanError) as error:
        in_order([secret, step("b", needs={"a"}, provides={"b"})])
    assert f"key {MASK}" in str(error.value)
    assert "outside" not in str(error.value)


def test_what_serves_another_line_only_is_typed_right_before_it() -> None:
    lazy = replace(step("list", provides={"list"}), lazy=True)
    given_ = [lazy, step("a"), step("user", needs={"list"}), step("b")]
    assert names(in_order(given_)) == ["a", "list", "user", "b"]


@st.composite
def step_lists(draw: st.DrawFn) -> list[Step]:
    """Steps that need only objects of lower number, in any order: never a circle."""
    count = draw(st.integers(1, 8))
    made = []
    for number in range(count):
        needs = draw(st.sets(st.integers(0, max(number - 1, 0)), max_size=3)) if number else set()
        made.append(step(f"s{number}", provides={str(number)}, needs={str(n) for n in needs}, adds=draw(st.booleans())))
    return draw(st.permutations(made))


@given(step_lists())
def test_the_order_is_never_against_a_need_and_otherwise_stable(steps: list[Step]) -> None:
    result = in_order(steps)
    assert sorted(names(result)) == sorted(names(tuple(steps)))
    done: set[tuple[str, ...]] = set()
    left = list(steps)
    for item in result:
        assert item.needs <= done
        # Of those that could come now, none adds while this one takes away, or stood before this one.
        ready = [other for other in left if other.needs <= done]
        best = min(ready, key=lambda other: (not other.adds, steps.index(other)))
        assert item is best
        left.remove(item)
        done |= item.provides
    assert in_order(steps) == result


# --- lines ----------------------------------------------------------------------------------------------------------


def test_a_secret_is_hidden_by_its_place_and_every_other_word_stays() -> None:
    line = Line.of("crypto isakmp key ", Secret("outside"), " address 0.0.0.0 outside")
    assert line.shown == f"crypto isakmp key {MASK} address 0.0.0.0 outside"
    assert line.sent == "crypto isakmp key outside address 0.0.0.0 outside"
    assert line.secret
    assert "outside" not in repr(line).replace("address 0.0.0.0 outside", "")
    assert not Line.of("interface outside").secret


@given(st.text(st.characters(min_codepoint=33, max_codepoint=126), min_size=1, max_size=20))
def test_what_is_shown_does_not_depend_on_the_key(key: str) -> None:
    other = Line.of("a ", Secret("something else"), " b")
    assert Line.of("a ", Secret(key), " b").shown == other.shown == f"a {MASK} b"


def test_modes_are_entered_once_and_left_before_a_global_line() -> None:
    mode = ("interface X",)
    rows, left = typed(
        [Line.of("a", parents=mode), Line.of("b", parents=mode), Line.of("c"), Line.of("d", parents=mode)]
    )
    assert [row.shown for row in rows] == ["interface X", "a", "b", "exit", "c", "interface X", "d"]
    assert left == mode
    rows, left = typed([Line.of("e")], left)
    assert [row.shown for row in rows] == ["exit", "e"]
    assert left == ()


def test_simple_steps_undo_themselves() -> None:
    made = simple_step("crypto map A interface outside", needs={("x",)})
    gone = removal_step("crypto map A interface outside", releases={("x",)})
    assert (made.do[0].sent, made.undo[0].sent) == (gone.undo[0].sent, gone.do[0].sent)
    assert made.needs == gone.releases == {("x",)}


@dataclass(frozen=True)
class Config:
    table: dict[str, int] = field(default_factory=dict)


def test_effects_give_a_new_configuration_and_leave_the_old_one() -> None:
    start = Config({"a": 1})
    steps = [simple_step("b", put("table", "b", 2)), removal_step("a", take("table", "a"))]
    assert replay(start, steps) == Config({"b": 2})
    assert replay(start, [joined(steps)]) == Config({"b": 2})
    assert start == Config({"a": 1})


def test_steps_that_share_a_write_are_undone_the_other_way_round() -> None:
    both = joined([step("a", provides={"x"}), simple_step("b", needs={("x",), ("y",)})])
    assert [line.shown for line in both.do] == ["a", "b"]
    assert [line.shown for line in both.undo] == ["no b"]
    assert both.needs == {("y",)}


def test_a_plan_shows_modes_and_hides_keys() -> None:
    mode = ("tunnel-group 192.0.2.1 ipsec-attributes",)
    plan = Plan((Step((Line.of("pre-shared-key ", Secret("tunnel"), parents=mode),), ()),), "", "")
    assert plan.commands == ["tunnel-group 192.0.2.1 ipsec-attributes", f"pre-shared-key {MASK}"]


def test_a_finding_is_plain_data() -> None:
    assert Finding("code", "note", "text", ("a", "b")).as_dict() == {
        "code": "code",
        "level": "note",
        "message": "text",
        "lines": ["a", "b"],
        "packet": None,
        "commands": [],
    }
    packet = Packet("udp", "10.1.1.1", "10.2.1.1", "inside", 1024, 53)
    found = Finding("code", "note", "text", packet=packet, commands=("c",)).as_dict()
    assert found["commands"] == ["c"]
    assert found["packet"] == {
        "protocol": "udp",
        "source": "10.1.1.1",
        "destination": "10.2.1.1",
        "enters": "inside",
        "source_port": 1024,
        "destination_port": 53,
    }
