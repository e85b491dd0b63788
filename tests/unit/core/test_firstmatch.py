# Copyright: The netvpn.dynamic_l2l contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""First match over many rows, by asking the rows one after the other for each packet."""

from __future__ import annotations

import itertools

from _core.firstmatch import Lookup, Rule, Rules, covers, mirrored, overlap, tidy
from _core.prefixes import ALL_PORTS, EVERYTHING_BOX, Box, Prefix, parse_address
from hypothesis import given, settings
from hypothesis import strategies as st

LEFT, RIGHT = parse_address("10.1.1.0"), parse_address("10.2.1.0")

Packet = tuple[int, int, int, int, int]
PACKETS: list[Packet] = [
    (protocol, LEFT + source, 1024, RIGHT + destination, port)
    for protocol, source, destination, port in itertools.product((6, 17), (0, 3, 8, 17), (0, 5, 9, 17), (80, 81))
]


def prefixes(base: int) -> st.SearchStrategy[Prefix]:
    lengths = st.sampled_from([0, 27, 28, 29, 30, 31, 32])
    return st.builds(
        lambda length, offset: Prefix(((base + offset) >> (32 - length)) << (32 - length), length),
        lengths,
        st.integers(0, 17),
    )


def box(source: Prefix, target: Prefix, protocol: int | None, port: int | None) -> Box:
    protocols = (0, 255) if protocol is None else (protocol, protocol)
    return (protocols, source.interval, ALL_PORTS, target.interval, ALL_PORTS if port is None else (port, port))


rows = st.builds(
    lambda where, value, exact: Rule(where, value, "row", exact=exact),
    st.builds(
        box, prefixes(LEFT), prefixes(RIGHT), st.sampled_from([None, None, 6]), st.sampled_from([None, None, 80])
    ),
    st.sampled_from([True, False]),
    st.sampled_from([True, True, True, False]),
)
wholes = st.builds(box, prefixes(LEFT), prefixes(RIGHT), st.none(), st.none())


def point(packet: Packet) -> Box:
    return tuple((value, value) for value in packet)


def by_hand(rules: list[Rule], packet: Packet) -> bool | None:
    """What the rows say one by one; None where an uncertain one makes a difference."""
    possible = set()
    for rule in rules:
        if covers(rule.box, point(packet)):
            possible.add(rule.value)
            if rule.exact:
                break
    else:
        possible.add(False)
    return possible.pop() if len(possible) == 1 else None


@given(st.lists(rows, max_size=40), wholes)
@settings(max_examples=60)
def test_every_packet_of_every_piece_gets_what_the_rows_say_one_by_one(rules: list[Rule], whole: Box) -> None:
    pieces = Rules(rules).split(whole)
    for packet in PACKETS:
        held = [hit for piece, hit in pieces if covers(piece, point(packet))]
        assert len(held) == covers(whole, point(packet))
        for hit in held:
            assert (bool(hit.value) if hit.sure else None) == by_hand(rules, packet)


#: One side of every row is the same network.
ladders = st.lists(
    st.builds(
        lambda target, value: Rule(box(Prefix(LEFT, 29), target, None, None), value, "row"),
        prefixes(RIGHT),
        st.sampled_from([True, False]),
    ),
    min_size=25,
    max_size=40,
)


@given(ladders, st.lists(wholes, min_size=2, max_size=5))
@settings(max_examples=60)
def test_a_long_table_of_one_network_says_the_same_however_often_and_of_which_box_it_is_asked(
    rules: list[Rule], boxes: list[Box]
) -> None:
    table = Rules(rules)
    for whole in [EVERYTHING_BOX, *boxes]:
        pieces = table.split(whole)
        for packet in PACKETS:
            held = [hit for piece, hit in pieces if covers(piece, point(packet))]
            assert len(held) == covers(whole, point(packet))
            for hit in held:
                assert bool(hit.value) == by_hand(rules, packet)


@given(st.lists(rows, max_size=70), wholes)
@settings(max_examples=60)
def test_the_rows_over_a_box_are_found_by_tables_as_by_reading_them_all(rules: list[Rule], whole: Box) -> None:
    # Below some two dozen there are no tables.
    rules = rules * (1 + 30 // len(rules)) if rules else rules
    met = [
        rule for rule in rules if all(max(a, c) <= min(b, d) for (a, b), (c, d) in zip(rule.box, whole, strict=True))
    ]
    table = Rules(rules)
    # The first questions are answered by reading them all, those after them by tables.
    assert [table.over(whole) for _question in range(6)] == [met] * 6


#: Rows that differ in little but one field, as those of a hub do: looked at from one end to the other.
alike = st.builds(
    lambda target, source, value: Rule(box(source, target, None, None), value, "row"),
    prefixes(RIGHT),
    st.sampled_from([Prefix(LEFT, 28), Prefix(LEFT, 28), Prefix(0, 0)]),
    st.booleans(),
)


@given(st.lists(alike, min_size=7, max_size=40), wholes, st.booleans())
@settings(max_examples=100)
def test_rows_that_differ_in_one_field_decide_the_same_from_one_end_to_the_other(
    rules: list[Rule], whole: Box, turned: bool
) -> None:
    if turned:
        rules = [Rule(mirrored(rule.box), rule.value, "row") for rule in rules]
        whole = mirrored(whole)
    pieces = Rules(rules).split(whole)
    points = [mirrored(point(packet)) if turned else point(packet) for packet in PACKETS]
    for where in points:
        held = [hit for piece, hit in pieces if covers(piece, where)]
        assert len(held) == covers(whole, where)
        first = next((rule for rule in rules if covers(rule.box, where)), None)
        for hit in held:
            assert (hit.value, hit.rule, hit.sure) == (first.value if first else False, first, True)


@given(st.lists(st.tuples(wholes, st.booleans()), max_size=60), wholes)
@settings(max_examples=60)
def test_boxes_are_found_as_they_come_and_go(rows: list[tuple[Box, bool]], whole: Box) -> None:
    known = Lookup()
    there: list[tuple[Box, object]] = []
    for where, goes in rows:
        mine = object()
        known.add([(where, mine)])
        if goes:
            known.drop(mine)
        there.append((where, None if goes else mine))
    wanted = [(where, mine) for where, mine in there if mine and overlap(where, whole)]
    assert known.over(whole) == wanted
    assert known.any(whole) == bool(wanted)


@given(st.lists(rows, max_size=12))
@settings(max_examples=20)
def test_pieces_put_together_hold_the_same_packets(rules: list[Rule]) -> None:
    pieces = [piece for piece, _hit in Rules(rules).split(box(Prefix(0, 0), Prefix(0, 0), None, None))]
    some, fewer = pieces[::2], tidy(pieces[::2])
    assert len(fewer) <= len(some)
    for packet in PACKETS:
        held = sum(covers(piece, point(packet)) for piece in fewer)
        assert held == any(covers(piece, point(packet)) for piece in some)
