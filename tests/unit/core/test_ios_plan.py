# Copyright: The netvpn.dynamic_l2l contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""The planner of IOS: which lines, in which order, and what packets meet while they are typed."""

from __future__ import annotations

import re
from typing import Any

import pytest
from _core.acl import Ace
from _core.errors import InputError
from _core.intent import Intent
from _core.ios import dialect, parse, render
from _core.ios.model import IosConfig
from _core.options import Options
from _core.prefixes import Prefix, Region, parse_address
from _core.prove import View
from _core.run import _proof
from _core.steps import Plan, Step, typed
from _core.telling import EndsOtherwise
from _core.treatment import model
from core_support import golden
from core_support.ios_device import IosDevice
from core_support.ios_worlds import (
    BRANCHES,
    CALLERS,
    EVERYTHING,
    LAN,
    OTHERS,
    OTHERS_DENY,
    PAT,
    PERMIT,
    RULE,
    intents,
    kind,
    start,
    worlds,
)
from core_support.packets import Packet, changes
from core_support.scenario import intent, kinds, options, plan_ios, replay, responder, tunnel, undo, walk
from hypothesis import given, settings
from hypothesis import strategies as st

#: From the hub's network to the first initiator's, to the second's, to the Internet, to somebody else's tunnel.
P = Packet("10.2.1.5", "10.1.1.5")
SECOND = Packet("10.2.1.5", "10.1.3.5")
INTERNET = Packet("10.2.1.5", "198.51.100.7")
FOREIGN = Packet("10.2.1.5", "10.9.0.5")

OSAKA = tunnel()
KOBE = tunnel(name="kobe", initiator="pix-kobe", networks=["10.1.3.0/24"])
REFERENCE = options(pat="present")
OPEN = intent()  # match_address: false, as the reference has it
LISTED = intent([responder(match_address=True)])
OPEN_BOTH, LISTED_BOTH = (intent([r], [OSAKA, KOBE]) for r in (responder(), responder(match_address=True)))
OPEN_LEFT, LISTED_LEFT = (
    intent([r], [OSAKA, {**KOBE, "state": "absent"}]) for r in (responder(), responder(match_address=True))
)
GONE = options(pat="present", remove_shared=True)

DENY = "access-list 100 deny   ip 10.2.1.0 0.0.0.255 10.1.1.0 0.0.0.255\n"


def running() -> IosDevice:
    return IosDevice(golden.seed("ios-12.4-running-config.cfg"))


def translating(extra: str = PAT, bound: str = "") -> IosDevice:
    return start(extra, inside=True, outside=True, bound=bound)


def built(
    device: IosDevice, wanted: Intent = OPEN, chosen: Options | None = None, *, absent: bool = False
) -> IosDevice:
    """The device after a run."""
    device = device.copy()
    replay(device, plan_ios(device, wanted, chosen or options(), absent=absent).steps)
    return device


def dense(device: IosDevice) -> IosDevice:
    """The device with no number free between the entries of its lists."""
    for name in device.acls:
        device._resequence(name, 1, 1)
    device.resequenced = 0
    return device


# --- golden plans ---------------------------------------------------------------------------------------------------

STRONG = responder(suite="aes256-sha-g5", match_address=None, allow_weak_crypto=None)
EVERYTHING_STATED = intent(
    [
        {
            **STRONG,
            "dpd": {"interval": 30, "retry": 3},
            "pfs": 5,
            "lifetimes": {"ike_seconds": 28800, "ipsec_seconds": 1800, "ipsec_kilobytes": 100000},
        }
    ]
)
THREE_NETWORKS = intent([{**STRONG, "networks": ["10.2.1.0/24", "10.2.4.0/24", "10.2.5.0/24"]}], [OSAKA, KOBE])

CASES: dict[str, tuple[IosDevice, Intent, Options, bool]] = {
    "reference": (start(), OPEN, REFERENCE, False),
    "reference-with-list": (start(), LISTED, REFERENCE, False),
    "pat-of-somebody-else": (translating(), LISTED, options(), False),
    "default-names": (translating(), intent([STRONG]), options({}), False),
    "everything-stated": (translating(), EVERYTHING_STATED, options({}), False),
    "three-networks-two-initiators": (start(LAN), THREE_NETWORKS, options({}, pat="present"), False),
    "one-initiator-more": (built(translating(), LISTED), LISTED_BOTH, options(), False),
    "one-of-two-leaves": (built(translating(), LISTED_BOTH), LISTED_LEFT, options(), False),
    "beside-others": (
        translating(RULE + OTHERS_DENY + PERMIT + OTHERS + CALLERS, "OUTSIDE"), LISTED, options({}), False,
    ),
    "remarks": (
        translating(RULE + "access-list 100 remark partner\n" + OTHERS_DENY + "access-list 100 remark all\n" + EVERYTHING),
        LISTED, options(), False,
    ),
    "no-number-free": (dense(translating(RULE + OTHERS_DENY + PERMIT)), LISTED_BOTH, options(), False),
    "deny-below-permit": (translating(RULE + PERMIT + DENY), LISTED, options(), False),
    "key-change": (built(translating()), intent([responder(pre_shared_key="new")]), options(), False),
    "suite-change": (
        built(translating(), intent([STRONG]), options({})),
        intent([{**STRONG, "suite": "aes128-sha-g5"}]), options({}), False,
    ),
    "absent": (running(), OPEN, REFERENCE, True),
    "absent-remove-shared": (running(), OPEN, GONE, True),
}  # fmt: skip
#: Callers that somebody typed under names of his own.
BY_HAND = (
    BRANCHES
    + """\
access-list 150 permit ip 10.2.1.0 0.0.0.255 10.1.1.0 0.0.0.255
access-list 150 permit ip 10.2.1.0 0.0.0.255 10.1.7.0 0.0.0.255
"""
)
NARA = tunnel(name="nara", initiator="pix-nara", networks=["10.1.4.0/24"])
LISTED_THREE = intent([responder(match_address=True)], [OSAKA, KOBE, NARA])
THREE_BUILT = built(translating(), LISTED_THREE, options({}))
NARA_LEAVES = intent([responder(match_address=True)], [{**NARA, "state": "absent"}])
#: What bears our prefix and serves nothing any more, and the same under a name of somebody else.
LEFT_OVERS = """\
crypto ipsec transform-set L2L-3DES-SHA esp-3des esp-sha-hmac
crypto ipsec transform-set L2L-SPARE esp-aes esp-sha-hmac
crypto ipsec transform-set THEIR-TS esp-3des esp-sha-hmac
crypto dynamic-map L2L-OLD 10
 set transform-set L2L-3DES-SHA
 match address L2L-OLD
crypto dynamic-map THEIR-OLD 10
 set transform-set THEIR-TS
 match address THEIR-OLD
ip access-list extended L2L-OLD
 permit ip 10.2.1.0 0.0.0.255 10.6.0.0 0.0.255.255
ip access-list extended THEIR-OLD
 permit ip 10.2.1.0 0.0.0.255 10.6.0.0 0.0.255.255
"""
BESIDE = translating(RULE + OTHERS_DENY + PERMIT + OTHERS + CALLERS, "OUTSIDE")
WITH_LEFT_OVERS = built(translating(PAT + LEFT_OVERS), LISTED, options({}, partial=True))
CASES |= {
    # Whose is what: each a plan whose diff shows it.
    "two-of-three": (THREE_BUILT, LISTED_BOTH, options({}), False),
    "two-of-three-partial": (THREE_BUILT, LISTED_BOTH, options({}, partial=True), False),
    "one-of-three-absent-partial": (THREE_BUILT, NARA_LEAVES, options({}, partial=True, remove_shared=True), False),
    "name-prefix": (WITH_LEFT_OVERS, LISTED, options({}), False),
    "name-prefix-partial": (WITH_LEFT_OVERS, LISTED, options({}, partial=True), False),
    "no-tunnels": (THREE_BUILT, intent([responder(match_address=True)], []), options({}), False),
    "exclusive": (built(translating(RULE + OTHERS_DENY + PERMIT)), OPEN, options(exclusive=True), False),
    "adopted-names": (translating(PAT + BY_HAND, "vpn"), LISTED_BOTH, options({}), False),
    "adopted-names-absent": (translating(PAT + BY_HAND, "vpn"), LISTED, options({}, remove_shared=True), True),
    "absent-beside-others": (built(BESIDE, LISTED, options({})), LISTED, options({}, remove_shared=True), True),
    "part-of-the-networks": (
        start(LAN + PAT, inside=True, outside=True),
        intent(
            [{**STRONG, "networks": ["10.2.1.0/24", "10.2.4.0/24"]}],
            [OSAKA, {**KOBE, "responder_networks": ["10.2.1.0/25"]}],
        ),
        options({}),
        False,
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", CASES)
def test_the_plan_is_the_golden_one(name: str, same_as_golden: golden.Compare) -> None:
    device, wanted, chosen, absent = CASES[name]
    same_as_golden(f"ios-{name}.txt", golden.plan_text(plan_ios(device, wanted, chosen, absent=absent)))


def rows_that_count(device: IosDevice) -> list[str]:
    """``ip virtual-reassembly`` comes and goes with ``ip nat`` by itself."""
    return [row for row in device.state() if "virtual-reassembly" not in row]


def test_the_reference_is_reached_line_for_line() -> None:
    assert rows_that_count(built(start(), OPEN, REFERENCE)) == rows_that_count(running())


def test_with_match_address_one_list_and_its_reference_are_all_that_is_more() -> None:
    more = set(rows_that_count(built(start(), LISTED, REFERENCE))) ^ set(rows_that_count(running()))
    assert more == {" match address L2L-MATCH", "L2L-MATCH: ['permit ip 10.2.1.0 0.0.0.255 10.1.1.0 0.0.0.255']"}


def test_from_the_reference_nothing_is_sent() -> None:
    plan = plan_ios(running(), OPEN, REFERENCE)
    assert plan.steps == ()
    assert plan.before == plan.after


# --- the table of orders --------------------------------------------------------------------------------------------

KEYED = "policy, key, transform set"
LISTED_ENTRY = "match ACE, dynamic map, map entry"
OUT = "no bind, no map entry"

ROWS: dict[str, tuple[str, IosDevice, Intent, Options, bool, str, dict[Packet, str]]] = {
    "NAT rule active": (
        "policy, key, transform set, list for match address, dynamic map, map entry, interface crypto map, then the "
        "deny above the permit: E at the deny",
        translating(), LISTED, options(), False,
        f"{KEYED}, {LISTED_ENTRY}, bind, deny",
        {P: "T; E DYN at deny", INTERNET: "T"},
    ),
    "NAT rule active, match_address false": (
        "as above: V",
        translating(), OPEN, options(), False,
        f"{KEYED}, dynamic map, map entry, bind, deny",
        {P: "T; V at deny", INTERNET: "T"},
    ),
    "rule stands, this LAN has no ip nat inside": (
        "crypto, bind, deny, then ip nat inside: E at bind; I: T at the last line",
        start(RULE + EVERYTHING, outside=True), LISTED, REFERENCE, False,
        f"{KEYED}, {LISTED_ENTRY}, bind, deny, nat role",
        {P: "X; E DYN at bind", INTERNET: "X; T at nat role"},
    ),
    "rule stands, this LAN has no ip nat inside, match_address false": (
        "the binding last, or I would show V",
        start(RULE + EVERYTHING, outside=True), OPEN, REFERENCE, False,
        f"{KEYED}, dynamic map, deny, nat role, map entry, bind",
        {P: "X; V at bind", INTERNET: "X; T at nat role"},
    ),
    "class exempt already": (
        "... interface crypto map last: E at bind",
        translating(RULE + DENY + PERMIT), LISTED, options(), False,
        f"{KEYED}, {LISTED_ENTRY}, bind",
        {P: "X; E DYN at bind", INTERNET: "T"},
    ),
    "no NAT, with match address": (
        "crypto, bind; NAT list complete; ip nat inside/outside; ip nat inside source last: E at bind; I: T at the last",
        start(), LISTED, REFERENCE, False,
        f"{KEYED}, {LISTED_ENTRY}, bind, deny, permit any, nat role, nat rule",
        {P: "X; E DYN at bind", INTERNET: "X; T at nat rule"},
    ),
    "no NAT, match_address false": (
        "NAT list, ip nat inside/outside, NAT rule, then the binding last: V at bind; I: T at the rule",
        start(), OPEN, REFERENCE, False,
        f"{KEYED}, dynamic map, deny, permit any, nat role, nat rule, map entry, bind",
        {P: "X; V at bind", INTERNET: "X; T at nat rule"},
    ),
    "map bound by others, class T": (
        "as NAT rule active, the dynamic entry behind all static ones: E at the deny",
        translating(RULE + OTHERS_DENY + PERMIT + OTHERS, "OUTSIDE"), LISTED, options(), False,
        f"{KEYED}, {LISTED_ENTRY}, deny",
        {P: "T; E DYN at deny", INTERNET: "T", FOREIGN: "E 203.0.113.9"},
    ),
    "map bound by others, class not translated": (
        "the new dynamic map complete while unreferenced, then one crypto map line: E at that line",
        start(OTHERS, bound="OUTSIDE"), LISTED, options(), False,
        f"{KEYED}, {LISTED_ENTRY}",
        {P: "X; E DYN at map entry", INTERNET: "X", FOREIGN: "E 203.0.113.9"},
    ),
    "hub: an initiator added, PAT": (
        "ACE in the dynamic entry's list, then the deny: E at the deny",
        built(translating(), LISTED), LISTED_BOTH, options(), False,
        "match ACE, deny",
        {SECOND: "T; E DYN at deny", P: "E DYN", INTERNET: "T"},
    ),
    "hub: an initiator added, no NAT": (
        "the list alone: E at the ACE",
        built(start(), LISTED), LISTED_BOTH, options(), False,
        "match ACE",
        {SECOND: "X; E DYN at match ACE", P: "E DYN"},
    ),
    "hub: an initiator added, PAT, match_address false": (
        "the deny alone",
        built(translating()), OPEN_BOTH, options(), False,
        "deny",
        {SECOND: "T; V at deny", P: "V", INTERNET: "T"},
    ),
    "hub: one of several leaves, PAT": (
        "its deny, its ACE in the list: T at line 1",
        built(translating(), LISTED_BOTH), LISTED_LEFT, options(), False,
        "no deny, no match ACE",
        {SECOND: "E DYN; T at no deny", P: "E DYN", INTERNET: "T"},
    ),
    "hub: one of several leaves, PAT, match_address false": (
        "its deny: T at line 1",
        built(translating(), OPEN_BOTH), OPEN_LEFT, options(), False,
        "no deny",
        {SECOND: "V; T at no deny", P: "V", INTERNET: "T"},
    ),
    "hub: one of several leaves, no NAT": (
        "its ACE: X",
        built(start(), LISTED_BOTH), LISTED_LEFT, options(), False,
        "no match ACE",
        {SECOND: "E DYN; X at no match ACE", P: "E DYN"},
    ),
    "removal, NAT stays": (
        "the deny first (P: E, T); interface no crypto map; the rest",
        built(translating(), LISTED), LISTED, options(remove_shared=True), True,
        f"no deny, {OUT}, no dynamic map, no match list, no transform set, no key, no policy",
        {P: "E DYN; T at no deny", INTERNET: "T"},
    ),
    "removal, NAT stays, match_address false": (
        "as above",
        built(translating()), OPEN, options(remove_shared=True), True,
        f"no deny, {OUT}, no dynamic map, no transform set, no key, no policy",
        {P: "V; T at no deny", INTERNET: "T"},
    ),
    "removal, NAT ours too, with match address": (
        "NAT rule; unbind; the list: I: X; P: X at unbind",
        built(start(), LISTED, REFERENCE), LISTED, GONE, True,
        f"no nat rule, {OUT}, no nat role, no nat list, no dynamic map, no match list, no transform set, no key, "
        "no policy",
        {P: "E DYN; X at no bind", INTERNET: "T; X at no nat rule"},
    ),
    "removal, NAT ours too, match_address false": (
        "unbind first (P: V, X), then the NAT rule (I: T, X), list",
        running(), OPEN, GONE, True,
        f"{OUT}, no nat rule, no nat role, no nat list, no dynamic map, no transform set, no key, no policy",
        {P: "V; X at no bind", INTERNET: "T; X at no nat rule"},
    ),
    "suite change": (
        "set transform-set NEW is one replacing line: E ... E",
        built(translating(), LISTED, options({"dynamic_map": "DYN"})),
        intent([responder(match_address=True, suite="aes256-sha-g5")]), options({"dynamic_map": "DYN"}), False,
        "policy, transform set, dynamic map, no transform set",
        {P: "E DYN", INTERNET: "T"},
    ),
    "key change": (
        "no, new, in one write",
        built(translating(), LISTED), intent([responder(match_address=True, pre_shared_key="new")]), options(), False,
        "no key, key",
        {P: "E DYN", INTERNET: "T"},
    ),
    "a list is given to a live entry that had none": (
        "V, E at match address",
        built(translating()), LISTED, options(), False,
        "match ACE, dynamic map",
        {P: "V; E DYN at dynamic map", INTERNET: "T"},
    ),
}  # fmt: skip


@pytest.mark.parametrize("row", ROWS)
def test_the_order_is_the_one_of_the_table(row: str) -> None:
    says, device, wanted, chosen, absent, sequence, fates = ROWS[row]
    plan = plan_ios(device, wanted, chosen, absent=absent)
    assert kinds(plan, kind) == sequence, says
    for packet, expected in fates.items():
        typed_at = device.copy()
        told = walk(typed_at, plan, lambda at=typed_at, what=packet: at.fate(what), kind)
        assert told == expected, (packet, says)


def test_a_key_change_is_one_step_of_two_lines() -> None:
    plan = plan_ios(built(translating()), intent([responder(pre_shared_key="new")]), options())
    assert [[line.sent for line in step.do] for step in plan.steps] == [
        [
            "no crypto isakmp key cisco123 address 0.0.0.0 0.0.0.0",
            "crypto isakmp key new address 0.0.0.0 0.0.0.0",
        ]
    ]


# --- lists ----------------------------------------------------------------------------------------------------------


WEB = "access-list 100 permit tcp 10.2.1.0 0.0.0.255 any eq www\n"


def test_a_deny_that_decides_about_some_packets_moves_up_in_halves_and_the_plan_says_so() -> None:
    """As long as it were out, what it exempts would be translated; and no list takes an entry twice."""
    device = built(translating(RULE + WEB + DENY + PERMIT))
    assert [text for _number, text in device.acls["100"]] == [
        "deny ip 10.2.1.0 0.0.0.255 10.1.1.0 0.0.0.255",
        "permit tcp 10.2.1.0 0.0.0.255 any eq www",
        "permit ip 10.2.1.0 0.0.0.255 any",
    ]
    plan = plan_ios(translating(RULE + WEB + DENY + PERMIT), OPEN, REFERENCE)
    edits = [line.shown for line in plan.lines if "10.1.1." in line.shown]
    assert [line.split(" ", 2)[1 if line.startswith("no ") else 0] for line in edits].count("deny") == 3, edits
    (finding,) = [finding for finding in plan.findings if finding.code == "moved-in-halves"]
    assert finding.lines == ("access-list 100 deny ip 10.2.1.0 0.0.0.255 10.1.1.0 0.0.0.255",)
    typed_at = translating(RULE + WEB + DENY + PERMIT)
    seen: list[list[str]] = [[], []]
    packets = (Packet("10.2.1.5", "10.1.1.5"), Packet("10.2.1.5", "10.1.1.200"))

    def watch() -> None:
        for told, packet in zip(seen, packets, strict=True):
            told.append(typed_at.fate(packet))

    replay(typed_at, plan.steps, watch)
    for told in seen:
        assert changes(told) in (["X", "E"], ["X", "V"], ["X"], ["V"]), changes(told)


def test_a_deny_stands_above_the_permit_whatever_was_there() -> None:
    for extra in (PAT, RULE + EVERYTHING, RULE + OTHERS_DENY + PERMIT, RULE + PERMIT + DENY, RULE + DENY + PERMIT):
        device = built(translating(extra))
        texts = [text for _number, text in device.acls["100"]]
        deny = texts.index("deny ip 10.2.1.0 0.0.0.255 10.1.1.0 0.0.0.255")
        assert deny < next(i for i, text in enumerate(texts) if text.startswith("permit"))


def test_a_permit_is_never_taken_out_of_a_list_in_use() -> None:
    below = "".join(
        f"access-list 100 deny   ip 10.2.1.0 0.0.0.255 {network} 0.0.0.255\n" for network in ("10.1.1.0", "10.1.3.0")
    )
    plan = plan_ios(translating(RULE + PERMIT + below), OPEN_BOTH, options())
    assert not any(command.startswith("no permit") for command in plan.commands)


def test_a_list_is_renumbered_only_when_no_number_is_free() -> None:
    sparse = plan_ios(translating(RULE + OTHERS_DENY + PERMIT), OPEN, options())
    assert not any("resequence" in command for command in sparse.commands)
    device = dense(translating(RULE + OTHERS_DENY + PERMIT))
    plan = plan_ios(device, OPEN, options())
    assert [command for command in plan.commands if "resequence" in command] == ["ip access-list resequence 100 10 10"]
    replay(device, plan.steps)
    assert [text.split()[0] for _number, text in device.acls["100"]] == ["deny", "deny", "permit"]


def test_many_initiators_fit_into_one_gap() -> None:
    many = [tunnel(name=f"s{i}", initiator=f"pix{i}", networks=[f"10.1.{i}.0/24"]) for i in range(60)]
    wanted = intent([responder(match_address=True)], many)
    device = built(dense(translating()), wanted)
    assert device.resequenced == 1
    assert device.fate(Packet("10.2.1.5", "10.1.59.5")) == "E DYN"
    assert plan_ios(device, wanted, options()).steps == ()


def test_remarks_stay_and_stay_with_their_entries() -> None:
    device = built(CASES["remarks"][0], LISTED)
    texts = [text for _number, text in device.acls["100"]]
    assert texts == [
        "remark partner",
        "deny ip 10.2.1.0 0.0.0.255 10.9.0.0 0.0.255.255",
        "deny ip 10.2.1.0 0.0.0.255 10.1.1.0 0.0.0.255",
        "remark all",
        "permit ip any any",
    ]


def test_a_list_in_use_is_edited_in_its_block_and_never_rebuilt() -> None:
    for name in ("one-initiator-more", "one-of-two-leaves", "remarks", "deny-below-permit"):
        device, wanted, chosen, absent = CASES[name]
        commands = plan_ios(device, wanted, chosen, absent=absent).commands
        assert not any(re.match(r"no (ip )?access-list", command) for command in commands)
        assert not any(command.startswith("access-list") for command in commands)


def test_an_initiators_network_that_grows_is_never_translated_in_between() -> None:
    small, large = (
        intent([responder(match_address=True)], [tunnel(networks=[network])])
        for network in ("10.1.4.0/24", "10.1.4.0/23")
    )
    for first, then in ((small, large), (large, small)):
        device = built(translating(), first)
        plan = plan_ios(device, then, options())
        assert walk(device, plan, lambda at=device: at.fate(Packet("10.2.1.5", "10.1.4.5")), kind) == "E DYN"


# --- the rule, on drawn configurations ------------------------------------------------------------------------------

SOURCES = ("10.2.1.5", "10.2.1.6", "10.2.4.5", "10.2.5.5")
TARGETS = ("10.1.1.5", "10.1.3.5", "10.1.4.5", "10.9.0.5", "10.8.0.5", "198.51.100.7")
STRANGE = ("10.9.0.5", "10.8.0.5", "198.51.100.7")
PACKETS = [Packet(source, target) for source in SOURCES for target in TARGETS]


def inside(address: str, prefix: Prefix) -> bool:
    return prefix.contains(Prefix(parse_address(address), 32))


def judge(device: IosDevice, wanted: Intent, chosen: Options, *, absent: bool = False) -> IosDevice | None:
    """Type the plan and watch every packet; None when the plan is refused. Returns the device afterwards."""
    try:
        plan = plan_ios(device, wanted, chosen, absent=absent)
    except (InputError, EndsOtherwise):
        return None
    typed_at = device.copy()
    fates = {packet: [device.fate(packet)] for packet in PACKETS}

    def watch() -> None:
        for packet, seen in fates.items():
            seen.append(typed_at.fate(packet))

    replay(typed_at, plan.steps, watch)
    present = [] if absent else [t for t in wanted.of_responder("hub") if t.present]
    pairs = [(hub, spoke) for tunnel_ in present for spoke, hub in tunnel_.pairs]
    for packet, seen in fates.items():
        told = f"{packet}: {changes(seen)}\n{golden.plan_text(plan)}"
        # One change: what it meets before and what it meets after, and nothing else in between but a drop.
        assert changes(seen) == changes([seen[0], seen[-1]]), told
        if any(inside(packet.source, hub) and inside(packet.destination, spoke) for hub, spoke in pairs):
            # A static translation is evaluated before any list; that is reported, not mended.
            static = any(packet.source in text.split() for text in device.statics)
            assert static or seen[-1] in ("V", "E DYN"), told
        elif packet.destination in STRANGE:
            allowed = {seen[0]}
            if chosen.pat == "present" and chosen.remove_shared:
                # Without our PAT somebody's tunnel works again.
                allowed |= {"E 203.0.113.9", "E REMOTE"}
            if chosen.pat == "present" and not seen[0].startswith("E"):
                allowed |= {"T", "X", "V"}
            if seen[0] in ("X", "V"):
                # An entry without a list touches every class while it is there.
                allowed |= {"X", "V"} | ({"T"} if chosen.exclusive else set())
            assert seen[-1] in allowed, told
        else:
            assert seen[-1] == seen[0] or not seen[-1].startswith("E"), told
        if not any(tunnel_.accept for tunnel_ in wanted.tunnels) and seen[-1] != seen[0]:
            # What the intent does not name ends as it began.
            every = [(hub, spoke) for one in wanted.of_responder("hub") for spoke, hub in one.pairs]
            ours = any(inside(packet.source, hub) and inside(packet.destination, spoke) for hub, spoke in every)
            networks = [network.prefix for network in wanted.responders[0].networks]
            from_ours = chosen.pat == "present" and any(inside(packet.source, prefix) for prefix in networks)
            translated = from_ours and (seen[-1] == "T" or (chosen.remove_shared and seen[0] == "T"))
            left = seen[0] == "E DYN" or (chosen.exclusive and seen[0] in ("X", "V"))
            assert ours or translated or left or {seen[0], seen[-1]} == {"X", "V"}, told
    assert _proof(held(typed_at, plan)) == _proof(plan.after), golden.plan_text(plan)
    back = typed_at.copy()
    undo(back, plan.steps)
    assert back.state() == device.state(), golden.plan_text(plan)
    assert plan_ios(typed_at, wanted, chosen, absent=absent).commands == []
    return typed_at


def held(device: IosDevice, plan: Plan) -> str:
    """What a run reads back and compares with the plan."""
    config = parse.parse(device.text(), device.show_access_lists())
    return render.owned_text(config, plan.scope, dialect.for_version(config.version))


@settings(max_examples=150)
@given(
    worlds(),
    intents(),
    intents(absent=True),
    st.sampled_from(["foreign", "present"]),
    st.fixed_dictionaries({"exclusive": st.booleans(), "remove_shared": st.booleans()}),
    st.booleans(),
)
def test_whatever_stood_there_every_packet_changes_at_most_once_and_nothing_of_others_is_lost(
    device: IosDevice,
    first: tuple[list[dict[str, Any]], list[dict[str, Any]]],
    then: tuple[list[dict[str, Any]], list[dict[str, Any]]],
    pat: str,
    flags: dict[str, bool],
    absent: bool,
) -> None:
    names = {"dynamic_map": "DYN", "nat_acl": "100", "crypto_map": "IPSEC"}
    there = judge(device, intent(*first), options(names, pat=pat))
    if there is not None:
        there = judge(there, intent(*then), options(names, pat=pat, **flags), absent=absent)
    if there is None:
        return
    for name in ("OTHER", "CALLERS"):
        assert there.acls.get(name) == device.acls.get(name)
    assert there.sets.get("OTHER-TS") == device.sets.get("OTHER-TS")
    assert {key: v for key, v in device.entries.items() if key[0] == "OUTSIDE"}.items() <= there.entries.items()
    assert {key: v for key, v in device.dynamic.items() if key[0] == "REMOTE"}.items() <= there.dynamic.items()
    assert {key for key in device.keys if key[0] == "other"} <= set(there.keys)
    assert there.statics == device.statics


@settings(max_examples=80)
@given(worlds(), intents(), st.sampled_from(["foreign", "present"]), st.integers(0, 400))
def test_a_run_that_was_cut_off_anywhere_is_finished_by_the_next_one(
    device: IosDevice, wanted: tuple[list[dict[str, Any]], list[dict[str, Any]]], pat: str, cut: int
) -> None:
    names = {"dynamic_map": "DYN", "nat_acl": "100", "crypto_map": "IPSEC"}
    chosen = options(names, pat=pat, remove_shared=True)
    for absent in (False, True):
        try:
            plan = plan_ios(device, intent(*wanted), chosen, absent=absent)
        except (InputError, EndsOtherwise):
            return
        whole, part = device.copy(), device.copy()
        replay(whole, plan.steps)
        replay(part, plan.steps[: cut % (len(plan.steps) + 1)])
        part.mode = ()
        replay(part, plan_ios(part, intent(*wanted), chosen, absent=absent).steps)
        assert [part.fate(packet) for packet in PACKETS] == [whole.fate(packet) for packet in PACKETS]
        if not absent:
            assert {name: sorted(t for _n, t in rows) for name, rows in part.acls.items()} == {
                name: sorted(t for _n, t in rows) for name, rows in whole.acls.items()
            }
        device = whole


@settings(max_examples=25)
@given(worlds(), intents())
def test_no_plan_holds_a_key(device: IosDevice, wanted: tuple[list[dict[str, Any]], list[dict[str, Any]]]) -> None:
    wanted[0][0]["pre_shared_key"] = "outside"
    device.keys = [key for key in device.keys if key[1] != "0.0.0.0 0.0.0.0"]
    try:
        plan = plan_ios(device, intent(*wanted), options({"dynamic_map": "DYN", "nat_acl": "100"}, pat="present"))
    except (InputError, EndsOtherwise):
        return
    assert not any("key outside" in text for text in (*plan.commands, plan.before, plan.after))
    # ... and no word that merely equals it is lost.
    assert " ip nat outside" in plan.after
    assert "********" not in plan.after.replace("crypto isakmp key ********", "")


def shown(config: IosConfig) -> dict[str, Any]:
    """All that steps may change; rules of which the order says nothing are sorted."""
    data = render.owned_data(config, None, dialect.for_version(config.version))
    return {
        key: sorted(value) if key in ("nat", "globals", "nat_rules", "isakmp_enabled") else value
        for key, value in data.items()
    }


@settings(max_examples=25)
@given(worlds(), intents(), intents(absent=True), st.sampled_from(["foreign", "present"]), st.booleans())
def test_what_a_step_says_that_it_does_is_what_its_lines_do_at_the_device(
    device: IosDevice,
    first: tuple[list[dict[str, Any]], list[dict[str, Any]]],
    then: tuple[list[dict[str, Any]], list[dict[str, Any]]],
    pat: str,
    absent: bool,
) -> None:
    """Also where: outside the packets that it says it may touch nothing changes."""
    device = device.copy()
    for wanted, gone in ((first, False), (then, absent)):
        config = parse.parse(device.text(), device.show_access_lists())
        try:
            plan = plan_ios(
                device, intent(*wanted), options({"dynamic_map": "DYN", "nat_acl": "100"}, pat=pat), absent=gone
            )
        except (InputError, EndsOtherwise):
            return
        mode: tuple[str, ...] = ()
        for step in plan.steps:
            lines, mode = typed(step.do, mode)
            for line in lines:
                device.type(line.sent)
            before, config = config, step.effect(config)
            assert shown(parse.parse(device.text(), device.show_access_lists())) == shown(config), step.do[0].shown
            untouched_elsewhere(before, config, step)
        device.mode = ()


def untouched_elsewhere(before: IosConfig, after: IosConfig, step: Step) -> None:
    old, new = View(model(before)), View(model(after))
    idle = step.edits and not step.edits & (render.reached(before) | render.reached(after))
    if step.region is None and not idle:
        return
    for enters, region in old.usual().items():
        for box in (region if idle else region.subtract(step.region or Region())).boxes:
            for piece, fate in old.treat(enters, box):
                assert {found.key for _part, found in new.treat(enters, piece)} == {fate.key}, (
                    step.do[0].shown,
                    enters,
                    piece,
                )


# --- removal --------------------------------------------------------------------------------------------------------


def test_absent_with_remove_shared_gives_back_the_start() -> None:
    for wanted in (OPEN, LISTED):
        gone = built(built(start(), wanted, REFERENCE), wanted, GONE, absent=True)
        assert gone.state() == start().state()


def test_absent_leaves_what_is_shared_and_the_binding_of_a_map_without_entries_goes() -> None:
    gone = built(running(), OPEN, REFERENCE, absent=True)
    assert gone.keys == [("cisco123", "0.0.0.0 0.0.0.0")]
    assert 10 in gone.policies
    assert gone.rules == ["ip nat inside source list 100 interface Ethernet0/0 overload"]
    assert [text for _n, text in gone.acls["100"]] == ["permit ip 10.2.1.0 0.0.0.255 any"]
    assert (gone.entries, gone.dynamic, gone.sets) == ({}, {}, {})
    assert not any(row.startswith("crypto map") for row in gone.interfaces["Ethernet0/0"])


def test_a_rule_that_may_be_in_use_is_removed_by_a_line_that_may_ask_and_is_answered_no() -> None:
    plan = plan_ios(running(), OPEN, GONE, absent=True)
    asking = [line for line in plan.lines if line.question]
    assert [line.shown for line in asking] == ["no ip nat inside source list 100 interface Ethernet0/0 overload"]
    for text in (
        "Dynamic mapping in use, do you want to delete all entries? [no]: ",
        "Dynamic mapping in use, do you want to delete all entires? [no]: ",
    ):
        assert re.search(asking[0].question or "", text)


def test_a_hub_given_two_of_its_three_tunnels_loses_exactly_the_third() -> None:
    three = intent(
        [responder(match_address=True)], [OSAKA, KOBE, tunnel(name="n", initiator="n", networks=["10.1.4.0/24"])]
    )
    device = built(translating(), three)
    assert plan_ios(device, LISTED_BOTH, options()).commands == [
        "ip access-list extended 100",
        "no deny ip 10.2.1.0 0.0.0.255 10.1.4.0 0.0.0.255",
        "ip access-list extended L2L-MATCH",
        "no permit ip 10.2.1.0 0.0.0.255 10.1.4.0 0.0.0.255",
    ]
    assert plan_ios(device, LISTED_BOTH, options(partial=True)).commands == []


def test_a_partial_call_that_takes_one_tunnel_leaves_the_others() -> None:
    gone = built(THREE_BUILT, NARA_LEAVES, options({}, partial=True, remove_shared=True))
    assert gone.state() == built(THREE_BUILT, LISTED_BOTH, options({})).state()
    by_state = built(
        THREE_BUILT, intent([responder(match_address=True)], [NARA]), options({}, partial=True), absent=True
    )
    assert by_state.state() == gone.state()


def test_without_a_list_a_partial_call_cannot_tell_whose_the_entry_is_and_leaves_it() -> None:
    device = built(translating(), OPEN_BOTH)
    plan = plan_ios(device, OPEN, options(partial=True), absent=True)
    assert plan.commands == ["ip access-list extended 100", "no deny ip 10.2.1.0 0.0.0.255 10.1.1.0 0.0.0.255"]
    assert "entry-kept" in {finding.code for finding in plan.findings}


@pytest.mark.parametrize("pat", ["foreign", "present"])
@given(device=worlds(), wanted=intents())
def test_absent_leaves_exactly_what_stood_there_before(device: IosDevice, wanted: Any, pat: str) -> None:
    responders, tunnels = wanted
    chosen = options({}, pat=pat, remove_shared=True)
    given_intent = intent(responders, tunnels)
    try:
        there = built(device, given_intent, chosen)
    except (InputError, EndsOtherwise):
        return
    gone = built(there, given_intent, chosen, absent=True)
    for of in ("entries", "sets", "dynamic", "statics"):
        assert getattr(gone, of) == getattr(device, of), of
    # What equals the intent is ours, whoever typed it; so is PAT that is said to be.
    ours = {
        render.entry_text(Ace.between("deny", hub, spoke)) for one in given_intent.tunnels for spoke, hub in one.pairs
    }
    if pat == "foreign":
        lists = {name: [row for _n, row in rows if row not in ours] for name, rows in device.acls.items()}
        assert {name: [row for _n, row in rows] for name, rows in gone.acls.items()} == lists
        assert (gone.rules, gone.interfaces) == (device.rules, device.interfaces)
    # Nobody can tell which policy and key a foreign peer uses: as long as a map is bound they stay.
    if not any("crypto map" in row for rows in device.interfaces.values() for row in rows):
        assert (gone.policies, gone.keys) == (device.policies, device.keys)


def test_the_key_stays_when_somebody_elses_map_is_bound() -> None:
    device = built(translating(RULE + OTHERS_DENY + PERMIT + OTHERS, "OUTSIDE"), LISTED)
    gone = built(device, LISTED, options(remove_shared=True), absent=True)
    assert ("cisco123", "0.0.0.0 0.0.0.0") in gone.keys
    assert set(gone.policies) == {5, 10}


@pytest.mark.parametrize("policy", ["on_create", "always"])
def test_a_key_that_callers_of_others_use_beside_ours_is_never_replaced(policy: str) -> None:
    """A new key would take their tunnels away, and they are not in the intent."""
    device, wanted = built(BESIDE, LISTED), intent([responder(match_address=True, pre_shared_key="new")])
    with pytest.raises(InputError, match=r"another key for 0\.0\.0\.0 0\.0\.0\.0, which callers of others use"):
        plan_ios(device, wanted, options(update_secret=policy))
    unbound = device.copy()
    del unbound.entries[("OUTSIDE", 65000)]
    assert any(command.startswith("crypto isakmp key") for command in plan_ios(unbound, wanted, options()).commands)


def test_an_entry_in_front_that_denies_our_traffic_is_no_hindrance() -> None:
    spared = OTHERS.replace(
        " permit ip 10.2.1.0 0.0.0.255 10.9.0.0 0.0.255.255",
        " deny   ip 10.2.1.0 0.0.0.255 10.1.1.0 0.0.0.255\n permit ip 10.2.1.0 0.0.0.255 any",
    )
    device = built(start(spared, bound="OUTSIDE"), LISTED)
    assert device.fate(P) == "E DYN"


def test_behind_a_translation_the_default_route_tells_the_interface() -> None:
    elsewhere = intent([responder(address="192.0.2.9")])
    assert (
        plan_ios(start(), elsewhere, options(behind_nat=True)).commands == plan_ios(start(), OPEN, options()).commands
    )


def test_a_pfs_group_that_the_release_lacks_is_refused() -> None:
    with pytest.raises(InputError, match="no Diffie-Hellman group 14"):
        plan_ios(start(), intent([{**STRONG, "pfs": 14}]), options())


def test_an_entry_of_others_whose_list_cannot_be_resolved_is_left_alone() -> None:
    theirs = CALLERS.replace(
        "permit ip 10.2.1.0 0.0.0.255 10.8.0.0 0.0.255.255", "permit ip object-group LAN object-group FAR"
    )
    device = translating(RULE + OTHERS_DENY + PERMIT + OTHERS + theirs, "OUTSIDE")
    with pytest.raises(
        EndsOtherwise, match=r"access-list CALLERS permit ip object-group LAN object-group FAR.*not-modelled"
    ):
        built(device, LISTED)
    after = built(device, intent([responder(match_address=True)], [tunnel(accept=["not-modelled"])]))
    assert after.acls["CALLERS"] == device.acls["CALLERS"]
    assert ("DYN", 10) in after.dynamic


# --- findings -------------------------------------------------------------------------------------------------------


def codes(device: IosDevice, wanted: Intent = OPEN, chosen: Options | None = None) -> set[str]:
    return {finding.code for finding in plan_ios(device, wanted, chosen or options()).findings}


def test_what_the_user_should_know_is_told() -> None:
    told = {"weak-algorithm", "wildcard-key", "clear-without-sa", "any-proxy-accepted", "no-dpd-on-responder"}
    assert told == codes(running())
    assert "clear-without-sa" not in codes(running(), LISTED)
    static = translating(PAT + "ip nat inside source static 10.2.1.5 198.51.100.8\n")
    assert "static-nat-shadows-exemption" in codes(static)
    mapped = translating(PAT + "ip nat inside source static 10.2.1.5 198.51.100.8 route-map R\n")
    with pytest.raises(EndsOtherwise, match=r"from 10\.2\.1\.5 to .* route-map R\).*accept: \[not-modelled\]"):
        codes(mapped)
    told = codes(mapped, intent([responder()], [tunnel(accept=["not-modelled"])]))
    assert "not-modelled" in told
    assert "static-nat-shadows-exemption" not in told


def test_another_identity_than_the_address_is_told() -> None:
    for word, told in (("hostname", True), ("dn", True), ("address", False)):
        assert ("identity-not-address" in codes(translating(PAT + f"crypto isakmp identity {word}\n"))) is told


def test_what_takes_a_deny_out_has_the_numbers_of_the_list_after_the_plan() -> None:
    telnet = "access-list 100 deny   tcp any any eq telnet\n"
    plan = plan_ios(translating(RULE + telnet + WEB), LISTED, REFERENCE)
    (finding,) = [finding for finding in plan.findings if finding.code == "exempt-but-unprotected"]
    # Our own deny stands below it: no other has to come first.
    assert finding.commands == ("ip access-list extended 100", "no deny tcp any any eq telnet")


def test_a_deny_for_nobodys_tunnel_is_reported_and_goes_with_exclusive() -> None:
    device = built(translating(RULE + OTHERS_DENY + PERMIT))
    plan = plan_ios(device, OPEN, options())
    assert plan.steps == ()
    found = [finding.lines for finding in plan.findings if finding.code == "exempt-but-unprotected"]
    assert found == [("access-list 100 deny ip 10.2.1.0 0.0.0.255 10.9.0.0 0.0.255.255",)]
    plan = plan_ios(device, OPEN, options(exclusive=True))
    assert plan.commands == ["ip access-list extended 100", "no deny ip 10.2.1.0 0.0.0.255 10.9.0.0 0.0.255.255"]


# --- refusals -------------------------------------------------------------------------------------------------------

STANDARD = "ip nat inside source list 10 interface Ethernet0/0 overload\naccess-list 10 permit 10.2.1.0 0.0.0.255\n"
REFUSALS: dict[str, tuple[Any, dict[str, Any], dict[str, Any], str]] = {
    "IOS 15": (lambda: IosDevice(start().text().replace("version 12.4", "version 15.1")), {}, {}, "version = 15.1"),
    "IOS 12.3": (lambda: IosDevice(start().text().replace("version 12.4", "version 12.3")), {}, {}, "Supported is 12.4"),
    "a suite that the release lacks": (start, {"suite": "aes256-sha-g14"}, {}, "best suite"),
    "a foreign key for everybody": (
        lambda: start("crypto isakmp key theirs address 0.0.0.0 0.0.0.0\n"), {}, {}, "callers of others use",
    ),
    "a standard list that decides translation": (lambda: translating(STANDARD), {}, {}, "standard list"),
    "an address that no interface has": (start, {"address": "192.168.7.7"}, {}, "no interface of the device has this"),
    "behind a translation, and no default route": (
        lambda: IosDevice(start().text().replace("ip route 0.0.0.0 0.0.0.0 192.168.1.1\n", "")),
        {"address": "192.0.2.9"}, {"behind_nat": True}, "Name it with outside_interface",
    ),
    "an unknown outside interface": (start, {}, {"outside_interface": "Dialer1"}, "outside_interface = Dialer1"),
    "a network behind the outside interface": (start, {"networks": ["10.7.0.0/24"]}, {}, "lies behind Ethernet0/0"),
    "a network that nothing reaches": (
        lambda: IosDevice(start().text().replace("ip route 0.0.0.0 0.0.0.0 192.168.1.1\n", "")),
        {"networks": ["10.7.0.0/24"]}, {}, "no interface and no route",
    ),
    "an interface that the device does not have": (
        start, {"networks": [{"prefix": "10.2.1.0/24", "interface": "Vlan7"}]}, {}, "Vlan7",
    ),
    "a transform set of that name with other transforms": (
        lambda: start("crypto ipsec transform-set DYN-TS esp-3des esp-sha-hmac\n"), {}, {}, "names.transform_set",
    ),
    "a transform set of that name in transport mode": (
        lambda: start("crypto ipsec transform-set DYN-TS esp-des esp-md5-hmac\n mode transport\n"), {}, {},
        "names.transform_set",
    ),
    "a policy number that is taken": (
        lambda: start(OTHERS), {}, {"names": {"ike_policy": 5}}, "names.ike_policy = 5",
    ),
    "a sequence in front of static entries": (
        lambda: start(OTHERS, bound="OUTSIDE"), {}, {"names": {"sequence": 10}}, "names.sequence = 10",
    ),
    "an unbound map of others": (
        lambda: start(OTHERS.replace("OUTSIDE", "IPSEC")), {}, {}, "bound to no interface",
    ),
    "a map that is bound elsewhere": (
        lambda: IosDevice(start(LAN + OTHERS.replace("OUTSIDE", "IPSEC")).text().replace(
            " ip address 10.2.5.1 255.255.255.0\n", " ip address 10.2.5.1 255.255.255.0\n crypto map IPSEC\n")),
        {}, {}, "names.crypto_map = IPSEC",
    ),
    "an entry in front that takes the traffic": (
        lambda: start(OTHERS.replace("10.9.0.0 0.0.255.255", "any"), bound="OUTSIDE"), {}, {},
        "crypto map OUTSIDE 20 comes first",
    ),
    "a match list that serves somebody else": (
        lambda: start(OTHERS, bound="OUTSIDE"), {"match_address": True}, {"names": {"match_acl": "OTHER"}},
        "names.match_acl = OTHER",
    ),
    "a standard match list": (
        lambda: start("access-list 10 permit any\n"), {"match_address": True}, {"names": {"match_acl": "10"}},
        "names.match_acl = 10",
    ),
    "PAT that would pull packets out of somebody's tunnel": (
        lambda: start(OTHERS, bound="OUTSIDE"), {}, {"pat": "present"}, "pat = present",
    ),
    "a list of others that no rule uses": (
        lambda: start("access-list 100 permit ip 10.9.0.0 0.0.255.255 any\n"), {}, {"pat": "present"},
        "names.nat_acl = 100",
    ),
    "a route map that does not name the network": (
        lambda: translating("ip nat inside source route-map OUT interface Ethernet0/0 overload\n"
                            "route-map OUT permit 10\n match ip address 120\n"
                            "access-list 120 permit ip 10.9.0.0 0.0.255.255 any\n"),
        {}, {"pat": "present"}, "route-map OUT",
    ),
}  # fmt: skip


@pytest.mark.parametrize("case", REFUSALS)
def test_what_cannot_be_done_is_refused_before_anything_is_sent(case: str) -> None:
    make, changed, given_options, says = REFUSALS[case]
    with pytest.raises(InputError) as refusal:
        plan_ios(make(), intent([responder(**changed)]), options(**given_options))
    assert says in str(refusal.value)
    assert "cisco123" not in str(refusal.value)
    assert refusal.value.remedy
