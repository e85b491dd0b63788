# Copyright: The netvpn.dynamic_l2l contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""Access lists: what they mean, by asking the first entry that matches for each of a few hundred packets."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import pytest
from _core.acl import (
    AccessList,
    Ace,
    Address,
    Delete,
    Entry,
    Insert,
    Opaque,
    Placed,
    Remark,
    apply_edits,
    edited,
    meaning,
    read_ace,
)
from _core.asa.parse import parse_entry
from _core.list_edits import with_denies_above, with_permits_above
from _core.prefixes import ALL_PORTS, ALL_PROTOCOLS, ANY, EVERYTHING, Prefix, Region, parse_address
from hypothesis import given, settings
from hypothesis import strategies as st

LEFT = parse_address("10.1.1.0")
RIGHT = parse_address("10.2.1.0")

#: Two /28 worlds: a network, its halves, two hosts, and everything.
SOURCES = [Prefix(LEFT, 28), Prefix(LEFT, 29), Prefix(LEFT + 8, 29), Prefix(LEFT + 1, 32), Prefix(LEFT + 9, 32), ANY]
TARGETS = [Prefix(RIGHT, 28), Prefix(RIGHT, 29), Prefix(RIGHT + 8, 29), Prefix(RIGHT + 1, 32), ANY]
PORTS: list[tuple[str, ...]] = [(), ("eq", "www"), ("eq", "81"), ("range", "80", "81"), ("lt", "81"), ("gt", "80")]

Packet = tuple[int, int, int, int, int]  # protocol, source, source port, destination, destination port

PACKETS: list[Packet] = [
    (protocol, source, 1024, destination, port)
    for protocol, port in ((1, 0), (6, 79), (6, 80), (6, 81), (17, 80))
    for source in (LEFT, LEFT + 1, LEFT + 8, LEFT + 9, LEFT + 99)
    for destination in (RIGHT, RIGHT + 1, RIGHT + 8, RIGHT + 99)
]


def aces(options: bool = False) -> st.SearchStrategy[Ace]:
    protocols = st.sampled_from(["ip", "ip", "tcp", "udp", "icmp"])

    def build(action: str, source: Prefix, target: Prefix, protocol: str, port: tuple[str, ...], flag: bool) -> Ace:
        ports = port if protocol in ("tcp", "udp") else ()
        tail = ("established",) if flag and options and protocol == "tcp" else ()
        return Ace(action, Address(source), Address(target), protocol, (), ports, tail)

    actions = st.sampled_from(["permit", "deny"])
    return st.builds(
        build,
        actions,
        st.sampled_from(SOURCES),
        st.sampled_from(TARGETS),
        protocols,
        st.sampled_from(PORTS),
        st.booleans(),
    )


remarks = st.sampled_from([Remark("one"), Remark("two")])
opaques = st.just(Opaque("evaluate mirror"))


def lists(*more: st.SearchStrategy[Entry], options: bool = False, size: int = 6) -> st.SearchStrategy[list[Entry]]:
    """Lists without the same ACE twice: no device has them."""
    entries: st.SearchStrategy[Entry] = st.one_of(aces(options), *more)
    return st.lists(entries, max_size=size, unique_by=lambda e: e if isinstance(e, Ace) else id(e))


def matches(ace: Ace, packet: Packet) -> bool:
    """By hand, without the algebra."""
    protocol, source, _source_port, destination, port = packet
    numbers = {"ip": None, "tcp": 6, "udp": 17, "icmp": 1}
    if numbers[ace.protocol] not in (None, protocol):
        return False
    if not ace.source.prefix.network <= source <= ace.source.prefix.last:
        return False
    if not ace.destination.prefix.network <= destination <= ace.destination.prefix.last:
        return False
    match ace.destination_port:
        case ("eq", "www"):
            return port == 80
        case ("eq", number):
            return port == int(number)
        case ("range", low, high):
            return int(low) <= port <= int(high)
        case ("lt", number):
            return port < int(number)
        case ("gt", number):
            return port > int(number)
    return True


def fate(entries: Sequence[Entry], packet: Packet) -> str:
    """``permit``, ``deny``, ``unsure`` or ``end``."""
    for entry in entries:
        if isinstance(entry, Opaque):
            return "unsure"
        if isinstance(entry, Ace) and matches(entry, packet):
            return "unsure" if entry.options else entry.action
    return "end"


def fates(entries: Sequence[Entry]) -> list[str]:
    return [fate(entries, packet) for packet in PACKETS]


def holds(region: Region, packet: Packet) -> bool:
    return any(
        all(low <= value <= high for value, (low, high) in zip(packet, box, strict=True)) for box in region.boxes
    )


# --- meaning --------------------------------------------------------------------------------------------------------


@given(lists(remarks, opaques, options=True))
def test_a_list_means_what_its_first_matching_entry_says(entries: list[Entry]) -> None:
    found = meaning(entries)
    for packet in PACKETS:
        told = [name for name in ("permit", "deny", "unsure") if holds(getattr(found, name), packet)]
        assert told == [name for name in [fate(entries, packet)] if name != "end"]


@given(lists(remarks, opaques, options=True), aces())
def test_within_a_region_only_its_packets_are_told(entries: list[Entry], limit: Ace) -> None:
    found, whole = meaning(entries, limit.region), meaning(entries)
    for name in ("permit", "deny", "unsure"):
        part = getattr(found, name)
        assert limit.region.contains(part)
        assert part.contains(getattr(whole, name).intersect(limit.region))


@pytest.mark.parametrize(
    "text",
    [
        "permit ip object-group A any",
        "permit tcp any any eq unheard-of",
        "permit tcp any any neq 80",
        "permit tcp any any established",
        "permit 300000x any any",
        "permit ip any any inactive",
        "permit ip any any time-range NIGHT",
        "permit ip any any log time-range NIGHT",
        "permit ip any any log 6 interval 300 inactive",
        "permit ip any any log-input fragments",
    ],
)
def test_what_cannot_be_resolved_is_never_sure(text: str) -> None:
    entry = parse_entry(text)
    found = meaning([entry])
    assert not found.permit
    assert not found.deny
    assert found.unsure


def test_logging_changes_no_meaning() -> None:
    for text in ("permit ip any any log", "permit ip any any log 6 interval 300", "permit ip any any log-input"):
        assert meaning([parse_entry(text)]).permit.contains(EVERYTHING)


@pytest.mark.parametrize(
    "text",
    [
        "permit tcp any any eq www",
        "permit tcp any any eq 80 log",
        "permit 6 any any eq http log warnings interval 60",
        "permit tcp any any eq 80 log disable",
    ],
)
def test_a_device_takes_entries_for_one_that_differ_in_logging_and_spelling_only(text: str) -> None:
    assert parse_entry(text).identity == parse_entry("permit tcp any any eq 80").identity  # type: ignore[union-attr]


@pytest.mark.parametrize("text", ["permit tcp any any", "permit tcp any any eq 80 inactive", "deny tcp any any eq 80"])
def test_other_entries_are_others_to_a_device(text: str) -> None:
    assert parse_entry(text).identity != parse_entry("permit tcp any any eq 80").identity  # type: ignore[union-attr]


@pytest.mark.parametrize(
    "text", ["", "permit", "permit ip", "permit ip any", "permit ip host", "evaluate X", "standard permit 10.0.0.0"]
)
def test_a_line_that_is_no_entry_is_kept_as_it_stands(text: str) -> None:
    assert parse_entry(text) == Opaque(text)


def test_ports_that_no_packet_has_are_not_matched_by_guess() -> None:
    for ports in (("lt", "0"), ("gt", "65535")):
        ace = Ace("permit", Address(ANY), Address(ANY), "tcp", (), ports)
        assert not ace.exact
        assert ace.box[4] == ALL_PORTS
    assert Ace("permit", Address(ANY), Address(ANY)).box[0] == ALL_PROTOCOLS


@given(aces(options=True))
def test_mirroring_twice_gives_the_entry_back(ace: Ace) -> None:
    assert ace.mirrored.mirrored == ace
    assert ace.mirrored.source == ace.destination


def test_the_words_of_an_entry_are_read_in_any_number_of_blanks() -> None:
    assert parse_entry("permit   tcp  host 10.1.1.1  any   eq www") == read_ace(
        "permit tcp 10.1.1.1 any eq www",
        lambda words: (Address(ANY if words[0] == "any" else Prefix(LEFT + 1, 32)), words[1:]),
    )


denies = st.builds(Ace.between, st.just("deny"), st.sampled_from(SOURCES), st.sampled_from(TARGETS))


# --- edits ----------------------------------------------------------------------------------------------------------


@given(lists(remarks, opaques), st.data())
def test_what_comes_and_goes_together_is_what_comes_and_goes_one_by_one(
    entries: list[Entry], data: st.DataObject
) -> None:
    entries = list(dict.fromkeys(entries))
    there = AccessList("A", tuple(entries), tuple(range(10, 10 * len(entries) + 10, 10)))
    fresh = data.draw(st.lists(st.builds(Remark, st.sampled_from(["new", "newer"])) | denies, unique=True, max_size=4))
    fresh = [entry for entry in fresh if entry not in entries]
    numbers = data.draw(st.lists(st.none() | st.integers(1, 99), min_size=len(fresh), max_size=len(fresh)))
    numbers = [number if number is None or number % 10 else number + 1 for number in numbers]
    gone = data.draw(st.lists(st.sampled_from(entries), unique=True)) if entries else []
    changes = [
        *(Placed(entry, number, comes=True) for entry, number in zip(fresh, numbers, strict=True)),
        *(Placed(entry, None, comes=False) for entry in gone),
    ]
    together, one_by_one = edited(there, there.numbers, changes), there
    for change in changes:
        one_by_one = edited(one_by_one, one_by_one.numbers, [change])
    if all(isinstance(entry, Ace) for entry in fresh) and len(set(numbers)) == len(numbers):
        assert together == one_by_one
        assert together.numbers == one_by_one.numbers
    assert [entry for entry in together.entries if entry in entries] == [e for e in entries if e not in gone]
    assert {*together.entries} == ({*entries} - {*gone}) | {*fresh}


def test_an_entry_comes_above_the_remark_that_speaks_of_the_entry_below_it() -> None:
    above, below, new = (Ace.between("permit", prefix, ANY) for prefix in SOURCES[:3])
    there = AccessList("A", (above, Remark("of what is below"), below, Remark("last")), (10, 0, 20, 0))
    found = edited(there, there.numbers, [Placed(new, 15, comes=True)])
    assert found.entries == (above, new, Remark("of what is below"), below, Remark("last"))
    assert found.numbers == (10, 15, 0, 20, 0)
    assert edited(there, there.numbers, [Placed(new, None, comes=True)]).entries[-2:] == (Remark("last"), new)
    assert edited(there, there.numbers, [Placed(new, None, comes=True)]).numbers[-1] == 30


def test_what_is_not_there_cannot_leave() -> None:
    one, two = (Ace.between("permit", prefix, ANY) for prefix in SOURCES[:2])
    for gone in ([one], [one, two]):
        with pytest.raises(ValueError, match="not in"):
            edited(AccessList("A", ()), (), [Placed(entry, None, comes=False) for entry in gone])
    assert edited(AccessList("A"), (), [Placed(one, None, comes=True), Placed(one, None, comes=False)]).entries == ()


def test_edits_that_do_not_fit_are_an_error() -> None:
    ace = Ace.between("permit", ANY, ANY)
    with pytest.raises(ValueError, match="does not stand"):
        apply_edits([ace], [Delete(0, Ace.between("deny", ANY, ANY))])
    with pytest.raises(ValueError, match="no position"):
        apply_edits([], [Insert(1, ace)])


# --- a deny that must take effect -----------------------------------------------------------------------------------


@settings(max_examples=150)
@given(lists(remarks, opaques, options=True), denies)
def test_the_deny_takes_effect_and_nothing_else_changes(entries: list[Entry], deny: Ace) -> None:
    result = with_denies_above(entries, [deny])
    for packet, before, after in zip(PACKETS, fates(entries), fates(result), strict=True):
        if matches(deny, packet):
            assert after in ("deny", "end"), packet
        else:
            assert after == before, packet


@given(lists(remarks, opaques, options=True), denies)
def test_all_other_entries_and_remarks_stay_in_their_order(entries: list[Entry], deny: Ace) -> None:
    result = with_denies_above(entries, [deny])
    assert [entry for entry in result if entry != deny] == [entry for entry in entries if entry != deny]
    assert result.count(deny) <= 1
    assert with_denies_above(result, [deny]) == result


@given(lists(remarks), denies)
def test_the_deny_never_comes_between_a_remark_and_its_entry(entries: list[Entry], deny: Ace) -> None:
    result = list(with_denies_above(entries, [deny]))
    if deny in result and deny not in entries:
        at = result.index(deny)
        assert at == len(result) - 1 or at == 0 or not isinstance(result[at - 1], Remark)


@settings(max_examples=150)
@given(lists(remarks, opaques, options=True), denies.map(lambda deny: replace(deny, action="permit")))
def test_a_permit_takes_effect_is_there_once_and_nothing_else_changes(entries: list[Entry], permit: Ace) -> None:
    result = with_permits_above(entries, [permit])
    for packet, before, after in zip(PACKETS, fates(entries), fates(result), strict=True):
        assert after == ("permit" if matches(permit, packet) else before), packet
    assert [entry for entry in result if entry != permit] == [entry for entry in entries if entry != permit]
    assert result.count(permit) == 1
    assert with_permits_above(result, [permit]) == result


def test_a_copy_further_down_moves_up() -> None:
    permit = Ace.between("permit", SOURCES[0], ANY)
    deny = Ace.between("deny", SOURCES[0], TARGETS[0])
    assert with_denies_above([permit, deny], [deny]) == (deny, permit)


def test_nothing_is_added_where_nothing_would_permit() -> None:
    wide = Ace.between("deny", ANY, ANY)
    deny = Ace.between("deny", SOURCES[0], TARGETS[0])
    assert with_denies_above([wide], [deny]) == (wide,)


def test_a_deny_that_no_entry_speaks_of_is_written_down_at_the_end() -> None:
    deny = Ace.between("deny", SOURCES[1], TARGETS[0])
    other = Ace.between("permit", SOURCES[2], TARGETS[0])
    assert with_denies_above([], [deny]) == (deny,)
    assert with_denies_above([other], [deny]) == (other, deny)


def test_a_list_compares_without_its_numbers_and_knows_its_aces() -> None:
    ace = Ace.between("permit", ANY, ANY)
    assert AccessList("A", (ace,), (10,)) == AccessList("A", (ace,), (20,))
    assert AccessList("A", (Remark("x"), ace, Opaque("y"))).aces == (ace,)
