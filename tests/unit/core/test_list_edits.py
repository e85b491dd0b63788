# Copyright: The netvpn.dynamic_l2l contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""Edits of access lists: judged packet by packet after every line, by a model that shares no code with the core."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import replace
from functools import cache

import pytest
from _core.acl import (
    Ace,
    Address,
    Delete,
    Edit,
    Entry,
    Insert,
    Opaque,
    Remark,
    apply_edits,
    longest_rising,
    meaning,
    read_ace,
    undone,
)
from _core.errors import PlanError
from _core.list_edits import (
    ListChange,
    Use,
    Way,
    change_list,
    heaviest_antichain,
    with_denies_above,
    with_permits_above,
)
from _core.prefixes import ANY, Prefix
from core_support import lists
from core_support.effort import calls
from core_support.golden import Compare
from hypothesis import given, settings
from hypothesis import strategies as st

#: The corpus: this many pairs, each there and back.
PAIRS = 600


def parsed(lines: Sequence[str]) -> list[Entry]:
    return [read_ace(line, _address) for line in lines]


def _address(words: list[str]) -> tuple[Address, list[str]]:
    if words[0] == "object-group":
        return Address(ANY, " ".join(words[:2])), words[2:]
    return Address(ANY if words[0] == "any" else Prefix.parse(words[0])), words[1:]


def text(entry: Entry) -> str:
    if isinstance(entry, Remark):
        return f"remark {entry.text}"
    return str(entry).replace("0.0.0.0/0", "any") if isinstance(entry, Ace) else entry.text


def texts(entries: Sequence[Entry]) -> list[str]:
    return [text(entry) for entry in entries]


def rows(edits: Sequence[Edit]) -> list[lists.EditRow]:
    return [("+" if isinstance(edit, Insert) else "-", edit.position, text(edit.entry)) for edit in edits]


def change(old: Sequence[str], new: Sequence[str], use: str = "choice", movable: Sequence[str] = ()) -> ListChange:
    return change_list(parsed(old), parsed(new), Use(use), frozenset(parsed(movable)))


def judged(old: Sequence[str], new: Sequence[str], found: ListChange) -> None:
    """No packet suffers, and the list means what was wanted; and the same on the way back."""
    assert sorted(texts(found.after)) == sorted(new)
    if found.way is Way.NEW_LIST:
        assert not found.edits
        assert texts(found.after) == list(new)
        assert found.lines == len(new) + 1
        return
    end = lists.judge(old, rows(found.edits))
    assert list(end) == texts(found.after)
    assert lists.permitted(end) == lists.permitted(tuple(new))
    assert lists.ordered(end, new)
    back = undone(found.edits)
    assert lists.judge(end, rows(back)) == tuple(old)
    too_many = len(set(old) ^ set(new)) if len(set(old)) == len(old) and len(set(new)) == len(new) else None
    if too_many is not None:
        assert found.lines == too_many + 2 * len(found.moved) + 6 * len(found.halved)


# --- the corpus -----------------------------------------------------------------------------------------------------


def test_in_the_corpus_no_packet_suffers_and_the_ways_are_counted(same_as_golden: Compare) -> None:
    ways: Counter[tuple[str, str]] = Counter()
    told = []
    for seed in range(PAIRS):
        pair = lists.pair(seed)
        row = []
        for old, new in ((pair.old, pair.new), (pair.new, pair.old)):
            found = change(old, new, pair.use)
            judged(old, new, found)
            ways[(pair.use, found.way.value)] += 1
            # The ways that a list's use forbids.
            assert pair.use != "crypto" or not found.halved
            assert pair.use != "exemption" or found.way is Way.PLAIN
            row.append(f"{found.way.value}, {found.lines} lines, {len(found.moved)} moved, {len(found.halved)} halved")
        told.append(f"{seed:03} {pair.use}, {pair.kind}, {len(pair.old)} -> {len(pair.new)}: {' | '.join(row)}")
    totals = [f"{use}: " + ", ".join(f"{way.value} {ways[(use, way.value)]}" for way in Way) for use in Use]
    assert {way for _use, way in ways} == set(Way)
    head = f"{PAIRS} pairs of lists, there | and back; how often each way was taken:"
    same_as_golden("list-edits.txt", "\n".join([head, *totals, "", *told]) + "\n")


def wrong_orders(pair: lists.Pair) -> dict[str, list[lists.EditRow]]:
    """Orders in which one might also type the lines of a change without moves."""
    found = change(pair.old, pair.new, pair.use)
    after, gone = texts(found.after), [line for line in pair.old if line not in pair.new]
    come = [line for line in after if line not in pair.old]
    top_down = [(line, True) for line in come]
    bottom_up = [(line, False) for line in reversed(gone)]
    orders = {
        "as told": top_down + bottom_up,
        "inserted bottom-up": top_down[::-1] + bottom_up,
        "deleted top-down": top_down + bottom_up[::-1],
        "deleted first": bottom_up + top_down,
    }
    typed = {}
    for name, order in orders.items():
        current, edits = list(pair.old), []
        for line, comes in order:
            if comes:
                above = [current.index(other) for other in after[: after.index(line)] if other in current]
                at = above[-1] + 1 if above else 0
                edits.append(("+", at, line))
                current.insert(at, line)
            else:
                edits.append(("-", current.index(line), line))
                current.remove(line)
        typed[name] = edits
    return typed


def test_any_other_order_breaks_lists_and_the_judge_sees_it() -> None:
    broken: Counter[str] = Counter()
    count = 0
    for seed in range(PAIRS):
        pair = lists.pair(seed)
        plain = change(pair.old, pair.new, pair.use).way is Way.PLAIN
        if pair.use != "choice" or not plain or any("remark" in line for line in (*pair.old, *pair.new)):
            continue
        count += 1
        for name, edits in wrong_orders(pair).items():
            try:
                lists.judge(pair.old, edits)
            except lists.Unlawful:
                broken[name] += 1
    assert count > 100
    assert not broken["as told"]
    for name in ("inserted bottom-up", "deleted top-down", "deleted first"):
        assert broken[name] > count / 50, name


# --- the fewest lines, against a search that tries everything -------------------------------------------------------


def tiny(seed: int, size: int) -> tuple[list[str], list[str]]:
    """Two lists of a few entries in different orders."""
    dice = lists.Dice(10**6 + seed)
    drawn = [lists.entry(dice, "choice") for _k in range(size)]
    old = [line for line in dict.fromkeys(drawn) if "object-group" not in line]
    new = dice.shuffled(old)
    if dice.chance(0.6):
        line = lists.entry(dice, "choice")
        if "object-group" not in line and line not in new:
            new.insert(dice.below(len(new) + 1), line)
        if len(new) > 2 and dice.chance(0.5):
            new.pop(dice.below(len(new)))
    return old, new


@pytest.mark.parametrize(("size", "count"), [(3, 500), (4, 1000), (5, 250)])
def test_as_few_entries_move_as_can_and_in_the_cheapest_way(size: int, count: int) -> None:
    told: Counter[str] = Counter()
    for seed in range(count):
        old, new = tiny(seed, size)
        if not old or not new:
            continue
        found = change(old, new)
        judged(old, new, found)
        moves = lists.fewest_moves(old, new)
        if not moves:
            assert found.way is Way.PLAIN, (old, new)
            continue
        lawful = lists.lawful_way(old, new, len(set(old) ^ set(new)) + 2 * moves)
        assert (found.way is Way.DELETE_ADD) == lawful, (old, new)
        if found.way is not Way.NEW_LIST:
            assert len(found.moved) + len(found.halved) == moves, (old, new)
        told["delete and add" if lawful else "halves or a new list"] += 1
    # Both happen often enough to say something.
    assert told["delete and add"] > count / 100
    assert told["halves or a new list"] or size == 3


def test_a_crypto_list_takes_a_new_list_exactly_where_halves_would_be_needed() -> None:
    for seed in range(400):
        old, new = tiny(seed, 4)
        free, crypto = change(old, new), change(old, new, "crypto")
        assert (crypto.way is Way.NEW_LIST) == (free.way in (Way.HALVES, Way.NEW_LIST))
        if crypto.way is not Way.NEW_LIST:
            assert crypto == free


# --- properties -----------------------------------------------------------------------------------------------------

sources = st.sampled_from(["any", "10.1.1.0/28", "10.1.1.0/29", "10.1.1.8/29", "10.1.1.1/32", "object-group FEW"])
targets = st.sampled_from(["any", "10.2.1.0/28", "10.2.1.0/30", "10.2.1.4/30", "10.2.1.9/32"])
protocols = st.sampled_from(["ip", "ip", "tcp", "udp eq"])


def _line(action: str, protocol: str, source: str, target: str) -> str:
    return f"{action} {protocol.split()[0]} {source} {target}{' eq 80' if ' ' in protocol else ''}"


def lines(action: st.SearchStrategy[str]) -> st.SearchStrategy[str]:
    return st.builds(_line, action, protocols, sources, targets)


either = lines(st.sampled_from(["permit", "deny"]))
remarks = st.sampled_from(["remark one", "remark two"])
foreign = st.sampled_from(sorted(lists.FOREIGN))


def several(*kinds: st.SearchStrategy[str], least: int = 1, most: int = 7) -> st.SearchStrategy[list[str]]:
    """Lists with an entry, in which only remarks may stand twice."""
    return st.lists(
        st.one_of(*kinds), min_size=least, max_size=most, unique_by=lambda line: id(line) if "remark" in line else line
    ).filter(lambda found: any(map(lists.action, found)))


@settings(max_examples=250)
@given(several(either, remarks, foreign), several(either, remarks, foreign))
def test_no_packet_suffers_on_the_way_there_or_back(old: list[str], new: list[str]) -> None:
    judged(old, new, change(old, new))


@settings(max_examples=150)
@given(several(either, most=6), st.data())
def test_no_packet_suffers_where_entries_are_shuffled(old: list[str], data: st.DataObject) -> None:
    new = data.draw(st.permutations(old))
    more = data.draw(st.lists(either.filter(lambda line: line not in old), max_size=2, unique=True))
    judged(old, [*more, *new], change(old, [*more, *new]))


@given(several(lines(st.just("permit")), most=9), st.data())
def test_in_a_list_of_permits_nothing_ever_moves(old: list[str], data: st.DataObject) -> None:
    new = data.draw(st.permutations(data.draw(several(st.sampled_from(old), lines(st.just("permit"))))))
    found = change(old, new, "crypto")
    judged(old, new, found)
    assert found.way is Way.PLAIN
    assert found.lines == len(set(old) ^ set(new))


@given(several(either, remarks, foreign))
def test_what_is_equal_needs_no_line(old: list[str]) -> None:
    assert change(old, old) == ListChange(Way.PLAIN, (), tuple(parsed(old)))


@given(several(either, remarks, foreign, most=8), several(either))
def test_remarks_and_what_others_wrote_in_unknown_words_are_not_touched(old: list[str], more: list[str]) -> None:
    kept = [line for line in old if "remark" in line or line in lists.FOREIGN or "object-group" in line]
    new = [line for line in old if line in kept] + [line for line in more if line not in kept]
    found = change(old, new)
    judged(old, new, found)
    touched = [text(edit.entry) for edit in found.edits]
    assert not [line for line in touched if line in kept]


@given(several(either, most=6), st.data())
def test_the_movable_entries_move_rather_than_all_others(old: list[str], data: st.DataObject) -> None:
    movable = [line for line in old if line.startswith("deny")]
    new = [line for line in old if line not in movable]
    for line in movable:
        new.insert(data.draw(st.integers(0, len(new))), line)
    found = change(old, new, movable=movable)
    judged(old, new, found)
    touched = set(texts([*found.moved, *found.halved])) if found.way is not Way.NEW_LIST else set()
    assert touched <= set(movable)


@given(several(either, foreign), several(either, foreign))
def test_a_list_that_nothing_refers_to_needs_no_detour(old: list[str], new: list[str]) -> None:
    found = change_list(parsed(old), parsed(new), bound=False)
    assert found.way in (Way.PLAIN, Way.DELETE_ADD)
    states = list(lists.typed(old, rows(found.edits)))
    end = states[-1] if states else tuple(old)
    assert lists.ordered(end, new)


@given(st.permutations(range(9)), st.lists(st.integers(1, 5), min_size=9, max_size=9))
def test_the_heaviest_rising_positions_are_found(values: list[int], weights: list[int]) -> None:
    found = longest_rising(values, weights)
    assert [values[k] for k in found] == sorted(values[k] for k in found)
    assert found == sorted(found)
    best = [0] * 9
    for k, value in enumerate(values):
        best[k] = weights[k] + max((best[i] for i in range(k) if values[i] < value), default=0)
    assert sum(weights[k] for k in found) == max(best)


@settings(max_examples=200)
@given(st.permutations(range(7)), st.permutations(range(7)), st.lists(st.integers(1, 4), min_size=7, max_size=7))
def test_what_can_stay_is_the_heaviest_set_without_a_pair_that_cannot(
    one: list[int], two: list[int], weights: list[int]
) -> None:
    below = {a: {b for b in range(7) if one[a] < one[b] and two[a] < two[b]} for a in range(7)}
    found = heaviest_antichain(range(7), below, dict(enumerate(weights)))
    assert not any(below[a] & found for a in found)
    sets = [{k for k in range(7) if bits >> k & 1} for bits in range(1 << 7)]
    best = max(sum(weights[k] for k in some) for some in sets if not any(below[a] & some for a in some))
    assert sum(weights[k] for k in found) == best


denies = st.builds(
    Ace.between,
    st.just("deny"),
    st.sampled_from([Prefix.parse(text) for text in ("10.1.1.0/28", "10.1.1.0/29", "10.1.1.8/29", "10.1.1.1/32")]),
    st.sampled_from([Prefix.parse(text) for text in ("10.2.1.0/28", "10.2.1.0/30", "10.2.1.9/32")]),
)


def one_more(entries: Sequence[Entry], deny: Ace) -> tuple[Entry, ...]:
    """``deny`` above the first entry that could permit one of its packets, by going through all of them."""
    found = meaning(entries, deny.region)
    if not found.permit and not found.unsure and (found.deny.contains(deny.region) or deny in entries):
        return tuple(entries)
    rest = [entry for entry in entries if entry != deny]
    for position, entry in enumerate(rest):
        if isinstance(entry, Opaque) or (
            isinstance(entry, Ace)
            and (entry.action == "permit" or not entry.exact)
            and entry.region.overlaps(deny.region)
        ):
            return (*rest[:position], deny, *rest[position:])
    return (*rest, deny)


@settings(max_examples=200)
@given(several(either, remarks, foreign), st.lists(denies, max_size=5))
def test_many_denies_come_to_where_they_would_come_one_by_one(old: list[str], more: list[Ace]) -> None:
    entries, one_by_one = parsed(old), tuple(parsed(old))
    for deny in more:
        one_by_one = one_more(one_by_one, deny)
    found = with_denies_above(entries, more)

    def without_remarks(some: Sequence[Entry]) -> list[Entry]:
        return [entry for entry in some if not isinstance(entry, Remark)]

    assert without_remarks(found) == without_remarks(one_by_one)
    assert [entry for entry in found if entry not in more] == [entry for entry in entries if entry not in more]


# --- each way once, to be read --------------------------------------------------------------------------------------


def test_entries_that_do_not_overlap_may_stay_in_the_wrong_order() -> None:
    old = ["deny ip 10.1.1.0/29 any", "permit ip 10.1.1.8/29 any"]
    found = change(old, old[::-1])
    assert (found.way, found.edits, texts(found.after)) == (Way.PLAIN, (), old)


def test_an_entry_between_two_that_conflict_with_it_keeps_them_in_order() -> None:
    old = ["permit ip 10.1.1.0/29 any", "permit ip 10.1.1.8/29 any"]
    new = ["permit ip 10.1.1.8/29 any", "deny ip any any", "permit ip 10.1.1.0/29 any"]
    found = change(old, new)
    judged(old, new, found)
    assert texts(found.moved) == ["permit ip 10.1.1.0/29 any"]


def test_a_dead_deny_moves_up_by_delete_and_add() -> None:
    old = ["permit ip 10.1.1.0/28 any", "deny ip 10.1.1.0/28 10.2.1.0/28"]
    found = change(old, old[::-1], movable=old[1:])
    assert found.way is Way.DELETE_ADD
    assert rows(found.edits) == [("-", 1, old[1]), ("+", 0, old[1])]


def test_an_old_entry_goes_before_all_others_where_only_that_is_lawful() -> None:
    old = [
        "deny udp 10.1.1.0/28 any eq 80",
        "deny ip 10.1.1.0/31 10.2.1.12/32",
        "permit udp 10.1.1.3/32 10.2.1.8/30",
        "permit ip 10.1.1.10/31 10.2.1.4/30",
    ]
    new = [old[3], old[1], old[0], "permit ip 10.1.1.4/30 10.2.1.0/31"]
    found = change(old, new)
    judged(old, new, found)
    assert found.way is Way.DELETE_ADD
    assert next((kind, line) for kind, _at, line in rows(found.edits)) == ("-", old[2])


def test_no_packet_that_has_changed_goes_back_for_a_while() -> None:
    old = [
        "permit udp 10.1.1.8/30 any",
        "permit ip 10.1.1.2/31 10.2.1.0/30",
        "deny ip any any",
        "permit udp 10.1.1.5/32 10.2.1.6/32",
        "permit ip 10.1.1.0/31 10.2.1.4/30",
    ]
    new = [old[1], "deny ip any 10.2.1.0/30", old[3], old[2], old[0]]
    judged(old, new, change(old, new))


#: The permit must go below the deny; what it alone permits must not be denied meanwhile.
WIDE, NARROW = "permit ip 10.1.1.0/28 any", "deny ip 10.1.1.4/32 10.2.1.0/28"


def test_two_halves_stand_for_an_entry_that_must_move_without_a_gap() -> None:
    old, new = [WIDE, NARROW], [NARROW, WIDE]
    found = change(old, new, movable=[WIDE])
    judged(old, new, found)
    assert found.way is Way.HALVES
    assert texts(found.halved) == [WIDE]
    assert rows(found.edits) == [
        ("+", 2, "permit ip 10.1.1.0/28 0.0.0.0/1"),
        ("+", 3, "permit ip 10.1.1.0/28 128.0.0.0/1"),
        ("-", 0, WIDE),
        ("+", 1, WIDE),
        ("-", 3, "permit ip 10.1.1.0/28 128.0.0.0/1"),
        ("-", 2, "permit ip 10.1.1.0/28 0.0.0.0/1"),
    ]


def test_a_crypto_list_never_holds_half_a_proxy_identity() -> None:
    found = change([WIDE, NARROW], [NARROW, WIDE], "crypto", movable=[WIDE])
    assert found == ListChange(Way.NEW_LIST, (), tuple(parsed([NARROW, WIDE])), moved=tuple(parsed([WIDE])))
    assert found.lines == 3


@pytest.mark.parametrize(
    ("entry", "deny", "halves"),
    [
        ("permit tcp 10.1.1.1/32 10.2.1.1/32", "deny tcp any any eq 80", ["lt 32768", "gt 32767"]),
        ("permit tcp 10.1.1.1/32 10.2.1.1/32 lt 100", "deny tcp any any eq 80", ["lt 50", "range 50 99"]),
        ("permit udp 10.1.1.1/32 10.2.1.1/32 range 80 81", "deny udp any any eq 80", ["eq 80", "eq 81"]),
        ("permit udp 10.1.1.1/32 10.2.1.1/32 gt 49999", "deny udp any any eq 50000", ["range 50000 57767", "gt 57767"]),
    ],
)
def test_an_entry_between_two_hosts_is_halved_by_its_ports(entry: str, deny: str, halves: list[str]) -> None:
    found = change([entry, deny], [deny, entry], movable=[entry])
    judged([entry, deny], [deny, entry], found)
    base = " ".join(entry.split()[:4])
    assert [line for _kind, _at, line in rows(found.edits)][:2] == [f"{base} {half}" for half in halves]
    assert found.lines == 6


def test_an_entry_that_cannot_be_halved_needs_a_new_list() -> None:
    # A host to a host, and any protocol.
    host, deny = "permit ip 10.1.1.1/32 10.2.1.1/32", "deny tcp any 10.2.1.0/28"
    found = change([host, deny], [deny, host], movable=[host])
    assert found.way is Way.NEW_LIST


def test_a_half_that_stands_in_the_list_already_is_cut_otherwise() -> None:
    taken = "permit ip 10.1.1.0/28 128.0.0.0/1"
    old, new = [WIDE, taken, NARROW], [NARROW, WIDE, taken]
    found = change(old, new, movable=[WIDE, taken])
    judged(old, new, found)
    assert found.way is Way.HALVES
    assert "permit ip 10.1.1.0/29 any" in [line for _kind, _at, line in rows(found.edits)]


@pytest.mark.parametrize(
    "line",
    ["deny ip 10.1.1.0/29 any", "permit tcp any any", "permit udp any any eq 80", "permit object-group WEB any any"],
)
def test_an_exemption_list_is_never_given_what_ends_the_exemption(line: str) -> None:
    old = ["permit ip 10.1.1.0/28 10.2.1.0/28"]
    with pytest.raises(PlanError, match="must not enter a list that 'nat 0' uses"):
        change(old, [*old, line], "exemption")
    # One that is there already is somebody else's business.
    assert change([line, *old], [line, *old, "permit ip 10.1.1.0/28 any"], "exemption").lines == 1
    # And elsewhere it may stand.
    assert change(old, [*old, line]).lines == 1


def test_an_entry_that_differs_in_logging_only_stays_as_it_stands() -> None:
    # "ACEs differing only in the log part count as identical" (Netspoc-Approve, cisco/diff.go): one cannot replace the
    # other without a gap, and none decides otherwise.
    found = change(["permit ip any any log"], ["deny tcp any any", "permit ip any any"])
    assert rows(found.edits) == [("+", 0, "deny tcp any any")]
    assert texts(found.after) == ["deny tcp any any", "permit ip any any log"]


def test_a_new_remark_goes_with_the_entry_below_it() -> None:
    old = ["permit ip 10.1.1.0/32 any", "permit ip 10.1.1.1/32 any", "permit ip 10.1.1.2/32 any"]
    # The deny must come above the first permit, which nobody has to move; so must what is said about it.
    new = [old[1], "remark about the deny", "deny tcp 10.1.1.0/32 any", old[0], old[2]]
    found = change(old, new)
    assert rows(found.edits) == [("+", 0, new[1]), ("+", 1, new[2])]


# --- long lists -----------------------------------------------------------------------------------------------------

HUB = Prefix.parse("172.16.0.0/16")

#: So many calls may an entry of a long list cost.
MOST_CALLS = 400


def _spokes(action: str, first: int, count: int) -> list[Entry]:
    return [Ace.between(action, HUB, Prefix((10 << 24) + (k << 8), 24)) for k in range(first, first + count)]


@cache
def _long() -> dict[str, tuple[list[Entry], list[Entry], int]]:
    """Lists of 10,000 entries: old, new, and how many lines that must take."""
    count = 10_000
    permits, denies = _spokes("permit", 0, count), _spokes("deny", 0, count)
    rest = Ace.between("permit", HUB, ANY)
    (more,) = _spokes("deny", count, 1)
    dice = lists.Dice(1)
    order = dice.shuffled(map(str, range(count)))
    shuffled = [permits[int(k)] for k in order]
    return {
        "from nothing": ([], permits, count),
        "equal": (permits, list(permits), 0),
        "shuffled": (permits, shuffled, 0),
        "one more": ([*denies, rest], [*denies[:77], more, *denies[77:], rest], 1),
        "one less": ([*denies, rest], [*denies[:77], *denies[78:], rest], 1),
        "all others": (permits, _spokes("permit", count, count), 2 * count),
        "denies shuffled": ([*denies, rest], [*(denies[int(k)] for k in order), rest], 0),
        "one moves up": ([*denies, rest, more], [*denies, more, rest], 2),
    }


@pytest.mark.parametrize(
    "case",
    ["from nothing", "equal", "shuffled", "one more", "one less", "all others", "denies shuffled", "one moves up"],
)
def test_ten_thousand_entries_take_some_dozen_steps_each(case: str) -> None:
    old, new, count = _long()[case]
    found = change_list(old, new)
    assert found.lines == count
    assert apply_edits(old, found.edits) == found.after
    assert calls(lambda: change_list(old, new)) < MOST_CALLS * len({*old, *new})


def test_long_lists_in_which_order_counts_are_not_quadratic() -> None:
    def work(count: int) -> int:
        dice = lists.Dice(count)
        rows: list[Entry] = []
        for k in range(count):
            length = (20, 22, 24, 24, 24, 24)[dice.below(6)]
            net = Prefix((10 << 24) + (k << 8 >> (32 - length) << (32 - length)), length)
            rows.append(Ace.between(dice.one(("permit", "deny")), net, HUB))
        old = list(dict.fromkeys(rows))
        new = [old[int(k)] for k in dice.shuffled(map(str, range(len(old))))]
        return calls(lambda: change_list(old, new))

    # Eight times as many: 64 times as much would be quadratic.
    assert work(4_000) < 16 * work(500)


def test_ten_thousand_denies_come_above_a_permit_in_some_dozen_steps_each() -> None:
    rest, denies = Ace.between("permit", HUB, ANY), _spokes("deny", 0, 10_000)
    wanted = [deny for deny in denies if isinstance(deny, Ace)]
    assert with_denies_above([rest], wanted) == (*denies, rest)
    assert calls(lambda: with_denies_above([rest], wanted)) < MOST_CALLS * len(denies)
    permits = [replace(deny, action="permit") for deny in wanted]
    assert with_permits_above([*permits, wanted[0]], permits) == (*permits, wanted[0])
    assert calls(lambda: with_permits_above([*permits, wanted[0]], permits)) < MOST_CALLS * len(denies)


def test_edits_are_what_the_planners_apply() -> None:
    old, new = parsed(["permit ip any any", "remark one"]), parsed(["deny tcp any any", "remark one"])
    found = change_list(old, new)
    assert found.edits == (Insert(0, new[0]), Delete(1, old[0]))
    assert apply_edits(found.after, undone(found.edits)) == tuple(old)
    assert isinstance(parsed(["evaluate mirror"])[0], Opaque)
