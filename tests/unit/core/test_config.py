# Copyright: The netvpn.dynamic_l2l contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""Configuration text as a tree and back: nothing is lost, nothing is judged."""

from __future__ import annotations

import pytest
from _core.config import ConfigLine, parse_tree, same_lines, to_text, understood
from _core.errors import ReadError
from core_support import golden
from hypothesis import given
from hypothesis import strategies as st

words = st.text(st.sampled_from("abcxyz 0159.-_()/"), min_size=1, max_size=20).map(str.strip).filter(bool)


@st.composite
def trees(draw: st.DrawFn, depth: int = 3) -> list[tuple[str, list]]:
    count = draw(st.integers(0, 3 if depth < 3 else 5))
    return [(draw(words), draw(trees(depth - 1)) if depth > 1 else []) for _line in range(count)]


def text_of(tree: list[tuple[str, list]], indent: str = "") -> str:
    return "".join(f"{indent}{line}\n{text_of(children, indent + ' ')}" for line, children in tree)


def shape(lines: list[ConfigLine]) -> list[tuple[str, list]]:
    return [(line.text, shape(line.children)) for line in lines]


@given(trees())
def test_text_to_tree_and_back_is_the_text(tree: list[tuple[str, list]]) -> None:
    text = text_of(tree)
    parsed = parse_tree(text)
    assert shape(parsed) == tree
    assert to_text(parsed) == text


@pytest.mark.parametrize("name", ["pix-7.2-running-config.cfg", "ios-12.4-running-config.cfg"])
def test_the_reference_survives_the_tree_but_for_separators(name: str) -> None:
    text = golden.seed(name)
    rows = [row.rstrip() for row in text.splitlines() if row.strip() not in ("", "!")]
    assert to_text(parse_tree(text)).splitlines() == rows


def test_lines_know_their_numbers() -> None:
    tree = parse_tree("a\n!\n\n b\nc\n")
    assert [(line.text, line.number) for line in tree] == [("a", 1), ("c", 5)]
    assert tree[0].children[0].number == 4


bodies = st.lists(
    st.text(st.characters(min_codepoint=32, max_codepoint=126), max_size=30).filter(
        lambda row: not row.rstrip().endswith("^C")
    ),
    max_size=6,
)


@given(bodies)
def test_a_banner_may_hold_anything(body: list[str]) -> None:
    text = "".join(f"{row}\n" for row in ["hostname a", "banner motd ^C", *body, "^C", "interface X", " shutdown"])
    tree = parse_tree(text, banner_blocks=True)
    assert [line.text for line in tree] == ["hostname a", "banner motd ^C", "interface X"]
    assert [line.text for line in tree[1].children] == [*body, "^C"]
    assert to_text(tree) == text


def test_a_banner_of_one_line_ends_there() -> None:
    tree = parse_tree("banner motd ^C hello ^C\ninterface X\n", banner_blocks=True)
    assert [line.text for line in tree] == ["banner motd ^C hello ^C", "interface X"]


def test_on_pix_a_banner_line_is_a_line_whatever_it_says() -> None:
    text = "banner motd ^C\nbanner motd crypto map X interface outside\nnat (inside) 1 0.0.0.0 0.0.0.0\n"
    assert [line.text for line in parse_tree(text)] == text.splitlines()


def test_texts_are_the_same_but_for_blanks_at_line_ends() -> None:
    assert same_lines("a \n b\n", "\na\n b  \n\n")
    assert not same_lines("a\n b\n", "a\nb\n")
    assert not same_lines("a\n", "a\n\nb\n")


def test_what_is_not_understood_is_told_by_its_place_and_never_by_its_end() -> None:
    line = ConfigLine("crypto isakmp key S3cret oddly", 17)
    with pytest.raises(ReadError) as error, understood(line):
        raise ValueError("S3cret")
    assert "line 17" in str(error.value)
    assert "crypto isakmp" in str(error.value)
    assert "S3cret" not in str(error.value)
    assert error.value.__suppress_context__
