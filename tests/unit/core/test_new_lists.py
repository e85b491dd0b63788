# Copyright: The netvpn.dynamic_l2l contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""Lists that no edits in place bring to their meaning: another list takes their place, and what referred to them."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from itertools import permutations
from typing import Any

import pytest
from _core.errors import DeviceError, InputError, PlanError
from _core.intent import Intent
from _core.ios.dialect import CLI
from _core.options import Options
from _core.session import Session
from _core.steps import Plan
from _core.telling import EndsOtherwise
from core_support import golden
from core_support.asa_device import AsaDevice
from core_support.asa_worlds import OTHERS as ASA_OTHERS
from core_support.asa_worlds import PAT as ASA_PAT
from core_support.asa_worlds import start as asa_start
from core_support.ios_device import IosDevice
from core_support.ios_worlds import BRANCHES, OTHERS, PERMIT, RULE, start
from core_support.packets import Packet, changes
from core_support.scenario import intent, options, plan_asa, plan_ios, replay, responder, tunnel, undo
from core_support.transports import ModelTransport
from hypothesis import given, settings
from hypothesis import strategies as st

#: A hub and a site of one host each: an entry between them has no halves.
HOSTS = intent([responder(networks=["10.2.1.5/32"], match_address=True)], [tunnel(networks=["10.1.1.5/32"])])
LISTED = intent([responder(match_address=True)])
WEB = "access-list 100 permit tcp 10.2.1.0 0.0.0.255 any eq www\n"
HOST_DENY = "access-list 100 deny   ip host 10.2.1.5 host 10.1.1.5\n"
#: The deny is needed for the pings of its host, and stands below what translates its web pages.
TRANSLATING = RULE + WEB + HOST_DENY + PERMIT
AFFECTED = options(clear_flows="affected")

#: Our dynamic entry as somebody typed it. What he denied in its list is ours in part, and in part that of another intent.
BY_HAND = (
    BRANCHES
    + """\
access-list 150 remark not the printer
access-list 150 deny   ip host 10.2.1.5 10.1.0.0 0.0.255.255
access-list 150 remark the other intent's
access-list 150 permit ip 10.2.1.0 0.0.0.255 10.1.7.0 0.0.0.255
access-list 150 permit ip 10.2.1.0 0.0.0.255 10.1.1.0 0.0.0.255
"""
)
PARTIAL = options({}, partial=True)

PACKETS = [
    Packet(source, target)
    for source in ("10.2.1.5", "10.2.1.6")
    for target in ("10.1.1.5", "10.1.1.6", "10.1.7.5", "10.9.0.5", "198.51.100.7")
]


def translating(extra: str = TRANSLATING, bound: str = "") -> IosDevice:
    return start(extra, inside=True, outside=True, bound=bound)


#: The same without remarks: a device takes one twice, so a list that was refused to go has them twice on the way back.
NO_WORDS = "".join(line for line in BY_HAND.splitlines(keepends=True) if " remark " not in line)


def by_hand(extra: str = "", entry: str = BY_HAND) -> IosDevice:
    return translating(RULE + PERMIT + entry + extra, "vpn")


def watched(device: IosDevice | AsaDevice, plan: Plan) -> tuple[Any, dict[Packet, list[str]]]:
    """The device after a plan, and what packets met; each switched once at most, and the lines lead back."""
    fate: Callable[[Packet], str]
    typed_at = device.copy()
    fate = typed_at.fate
    seen = {packet: [fate(packet)] for packet in PACKETS}

    def watch() -> None:
        for packet, told in seen.items():
            told.append(fate(packet))

    replay(typed_at, plan.steps, watch)
    for packet, told in seen.items():
        assert changes(told) == changes([told[0], told[-1]]), f"{packet}: {changes(told)}\n{golden.plan_text(plan)}"
    back = typed_at.copy()
    undo(back, plan.steps)
    assert back.state() == device.state(), golden.plan_text(plan)
    return typed_at, {packet: changes(told) for packet, told in seen.items()}


def brought(device: IosDevice, wanted: Intent, chosen: Options) -> tuple[IosDevice, Plan, dict[Packet, list[str]]]:
    """The device after a run, which a second one leaves as it is."""
    plan = plan_ios(device, wanted, chosen)
    there, seen = watched(device, plan)
    assert plan_ios(there, wanted, chosen).steps == ()
    return there, plan, seen


def told(plan: Plan) -> str:
    (finding,) = [finding for finding in plan.findings if finding.code == "new-list"]
    return finding.message


def texts(device: IosDevice, name: str) -> list[str]:
    return [text for _number, text in device.acls[name]]


# --- translation ----------------------------------------------------------------------------------------------------


def test_a_translation_list_is_replaced_with_its_rule_and_the_others_never_lose_theirs() -> None:
    there, plan, seen = brought(translating(), HOSTS, AFFECTED)
    assert there.rules == [RULE.strip().replace("100", "L2L-NAT")]
    assert texts(there, "L2L-NAT") == [
        "deny ip host 10.2.1.5 host 10.1.1.5",
        "permit tcp 10.2.1.0 0.0.0.255 any eq www",
        "permit ip 10.2.1.0 0.0.0.255 any",
    ]
    assert seen[Packet("10.2.1.6", "198.51.100.7")] == ["T"]
    assert seen[Packet("10.2.1.5", "10.1.1.5")] == ["X", "E DYN"]
    commands = plan.commands
    assert commands.index(there.rules[0]) < commands.index(f"no {RULE.strip()}")
    assert told(plan).startswith(
        "in list 100 these would have to change places: 'deny ip host 10.2.1.5 host 10.1.1.5'."
    )
    # Somebody else's list stays.
    assert texts(there, "100") == texts(translating(), "100")
    assert "list 100 is somebody else's and stays" in told(plan)


def test_without_leave_to_end_connections_the_plan_names_list_entry_and_option() -> None:
    with pytest.raises(PlanError) as error:
        plan_ios(translating(), HOSTS, options())
    for part in ("in list 100", "'deny ip host 10.2.1.5 host 10.1.1.5'", RULE.strip(), "clear_flows: affected"):
        assert part in str(error.value)


def test_a_list_of_ours_goes_with_the_rule_and_the_next_one_takes_its_name() -> None:
    device = translating(
        "ip nat inside source list L2L-NAT interface Ethernet0/0 overload\nip access-list extended L2L-NAT\n"
        + "".join(line.replace("access-list 100", "") + "\n" for line in TRANSLATING.splitlines()[1:])
    )
    there, plan, _seen = brought(device, HOSTS, options({}, clear_flows="affected"))
    assert sorted(there.acls) == ["L2L-MATCH", "L2L-NAT-2"]
    assert "stays" not in told(plan)


def test_a_list_that_a_filter_uses_too_stays_as_it_is() -> None:
    device = translating(
        TRANSLATING + "interface FastEthernet2/0\n ip address 10.2.5.1 255.255.255.0\n ip access-group 100 in\n"
    )
    there, plan, _seen = brought(device, HOSTS, AFFECTED)
    assert texts(there, "100") == texts(device, "100")
    assert "others refer to list 100" in told(plan)


def test_what_a_route_map_refers_to_is_left_to_people() -> None:
    rule = (
        "ip nat inside source route-map OUT interface Ethernet0/0 overload\nroute-map OUT permit 10\n"
        " match ip address 100\n"
    )
    with pytest.raises(PlanError, match="no other list can take its place: route-map OUT refers to it"):
        plan_ios(translating(rule + TRANSLATING.removeprefix(RULE)), HOSTS, AFFECTED)


def beside(other: str) -> IosDevice:
    """With a second rule, by a list of that name."""
    return translating(
        TRANSLATING + "ip nat pool P 198.51.100.20 198.51.100.30 netmask 255.255.255.0\n"
        f"ip nat inside source list {other} pool P overload\n"
        + (f"access-list {other}" if other.isdecimal() else f"ip access-list extended {other}\n")
        + " permit ip 10.2.5.0 0.0.0.255 any\n"
    )


@pytest.mark.parametrize(("other", "name"), [("Z", "L2L-NAT"), ("A", "101"), ("102", "101")])
def test_the_rules_keep_their_turn(other: str, name: str) -> None:
    """Those with a number are asked first, then those with a name in their order."""
    _there, plan, _seen = brought(beside(other), HOSTS, AFFECTED)
    assert f"ip nat inside source list {name} interface Ethernet0/0 overload" in plan.commands


def test_where_no_name_keeps_the_turn_the_plan_is_refused() -> None:
    with pytest.raises(PlanError, match="with any free name the rules change their turn"):
        plan_ios(beside("101"), HOSTS, AFFECTED)


def test_what_an_interrupted_run_left_is_used_by_the_next() -> None:
    chosen = options({"dynamic_map": "DYN"}, clear_flows="affected")
    device = translating()
    plan = plan_ios(device, HOSTS, chosen)
    whole, _seen = watched(device, plan)
    for cut in range(len(plan.steps)):
        part = device.copy()
        replay(part, plan.steps[:cut])
        part.mode = ()
        replay(part, plan_ios(part, HOSTS, chosen).steps)
        assert part.state() == whole.state(), cut


def test_taken_away_again_the_rule_stays_and_exempts_nothing() -> None:
    chosen = options({}, clear_flows="affected")
    there, _plan, _seen = brought(translating(), HOSTS, chosen)
    replay(there, plan_ios(there, HOSTS, chosen, absent=True).steps)
    assert texts(there, "L2L-NAT") == ["permit tcp 10.2.1.0 0.0.0.255 any eq www", "permit ip 10.2.1.0 0.0.0.255 any"]
    assert "L2L-MATCH" not in there.acls


# --- what is protected ----------------------------------------------------------------------------------------------


def test_a_crypto_list_is_replaced_by_one_line_and_a_partial_call_protects_what_others_deny() -> None:
    there, plan, seen = brought(by_hand(), LISTED, PARTIAL)
    assert texts(there, "L2L-MATCH") == [
        "permit ip 10.2.1.0 0.0.0.255 10.1.1.0 0.0.0.255",
        "remark not the printer",
        "deny ip host 10.2.1.5 10.1.0.0 0.0.255.255",
        "remark the other intent's",
        "permit ip 10.2.1.0 0.0.0.255 10.1.7.0 0.0.0.255",
    ]
    assert "150" not in there.acls
    assert plan.commands.count("match address L2L-MATCH") == 1
    assert plan.commands[-1] == "no access-list 150"
    assert seen[Packet("10.2.1.5", "10.1.1.5")] == ["T", "E branches"]
    assert seen[Packet("10.2.1.5", "10.1.7.5")] == ["T"]
    assert told(plan).startswith(
        "in list 150 these would have to change places: 'permit ip 10.2.1.0 0.0.0.255 10.1.1.0"
    )
    assert not [finding for finding in plan.findings if finding.code == "not-protected"]


def test_a_crypto_list_that_another_entry_uses_too_stays_for_it() -> None:
    other = OTHERS.replace("match address OTHER", "match address 150").replace(
        "crypto map OUTSIDE 20", "crypto map vpn 600"
    )
    device = by_hand(other)
    there, plan, _seen = brought(device, LISTED, PARTIAL)
    assert texts(there, "150") == texts(device, "150")
    assert "match address 150" in there.entries[("vpn", 600)]
    assert "others refer to list 150" in told(plan)


def test_without_partial_what_others_deny_goes_and_nothing_has_to_move() -> None:
    plan = plan_ios(by_hand(), LISTED, options({}))
    assert "new-list" not in {finding.code for finding in plan.findings}
    there, seen = watched(by_hand(), plan)
    assert texts(there, "150")[2:] == ["permit ip 10.2.1.0 0.0.0.255 10.1.1.0 0.0.0.255"]
    assert seen[Packet("10.2.1.5", "10.1.1.5")] == ["T", "E branches"]


def test_absent_takes_the_new_list_away() -> None:
    there, _plan, _seen = brought(by_hand(), LISTED, PARTIAL)
    plan = plan_ios(there, LISTED, options({}), absent=True)
    gone, _seen = watched(there, plan)
    assert sorted(gone.acls) == ["100"]
    assert not gone.dynamic


# --- every line -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("device", "wanted", "chosen"),
    [(translating(), HOSTS, AFFECTED), (by_hand(entry=NO_WORDS), LISTED, PARTIAL)],
    ids=["nat", "crypto"],
)
def test_a_refusal_at_any_line_gives_back_the_old_list(device: IosDevice, wanted: Intent, chosen: Options) -> None:
    device = device.copy()
    device.head.insert(0, "Building configuration...")
    steps = plan_ios(device, wanted, chosen).steps
    transport = ModelTransport(device.copy())
    Session(transport, CLI).apply(steps, "")
    for line in range(1, transport.count + 1):
        fresh = device.copy()
        session = Session(ModelTransport(fresh, refuse=line), CLI)
        before = session.read()
        with pytest.raises(DeviceError) as error:
            session.apply(steps, before)
        assert fresh.state() == device.state(), line
        assert error.value.rolled_back is True


# --- the rule, on drawn lists ---------------------------------------------------------------------------------------

_CRYPTO = (
    "deny   ip host 10.2.1.5 10.1.0.0 0.0.255.255",
    "deny   ip 10.2.1.0 0.0.0.255 host 10.1.1.5",
    "deny   ip host 10.2.1.6 host 10.1.7.5",
    "permit ip 10.2.1.0 0.0.0.255 10.1.7.0 0.0.0.255",
    "permit ip 10.2.1.0 0.0.0.255 10.1.1.0 0.0.0.255",
    "permit ip host 10.2.1.5 10.1.0.0 0.0.255.255",
    "permit ip 10.2.1.0 0.0.0.255 10.0.0.0 0.255.255.255",
    "remark a word",
)
_NAT = (
    "permit tcp 10.2.1.0 0.0.0.255 any eq www",
    "deny   ip host 10.2.1.5 host 10.1.1.5",
    "deny   ip host 10.2.1.5 10.1.0.0 0.0.255.255",
    "deny   tcp any any eq telnet",
    "permit ip host 10.2.1.5 any",
    "permit ip 10.2.1.0 0.0.0.255 any",
    "deny   ip 10.2.1.0 0.0.0.255 10.9.0.0 0.0.255.255",
    "remark a word",
)


def drawn(lines: Sequence[str]) -> st.SearchStrategy[list[str]]:
    """Some of the lines, in any order."""
    return st.tuples(st.permutations(lines), st.integers(3, len(lines))).map(lambda found: found[0][: found[1]])


def listed(number: int, lines: Sequence[str]) -> str:
    return "".join(f"access-list {number} {line}\n" for line in lines)


@settings(max_examples=150)
@given(drawn(_CRYPTO), drawn(_NAT))
def test_whatever_stands_in_the_lists_every_packet_changes_at_most_once(crypto: list[str], nat: list[str]) -> None:
    if not any(line.startswith("permit") for line in crypto) or nat == ["remark a word"]:
        return
    entry = BRANCHES
    device = translating(RULE + listed(100, nat) + entry + listed(150, crypto), "vpn")
    wanted = intent([responder(networks=["10.2.1.5/32"], match_address=True)], [tunnel(networks=["10.1.1.0/24"])])
    chosen = options({"dynamic_map": "branches"}, partial=True, clear_flows="affected")
    try:
        plan = plan_ios(device, wanted, chosen)
    except (InputError, EndsOtherwise):
        return
    there, seen = watched(device, plan)
    for packet, fates in seen.items():
        if packet.source == "10.2.1.5" and packet.destination.startswith("10.1.1."):
            assert fates[-1] == "E branches", f"{packet}\n{golden.plan_text(plan)}"
        else:
            assert len(fates) == 1, f"{packet}: {fates}\n{golden.plan_text(plan)}"
    assert plan_ios(there, wanted, chosen).commands == []


#: In each order of these some entry of ours may have to change its place.
_ORDERS = {
    "nat": (_NAT[0], _NAT[1], _NAT[4], _NAT[5], _NAT[6]),
    "crypto": (_CRYPTO[0], _CRYPTO[1], _CRYPTO[3], _CRYPTO[4], _CRYPTO[5]),
}


@pytest.mark.parametrize(("which", "least"), [("nat", 10), ("crypto", 20)])
def test_in_any_order_of_a_few_entries_new_lists_are_needed_and_do(which: str, least: int) -> None:
    count = 0
    for lines in permutations(_ORDERS[which]):
        if which == "nat":
            device, wanted, chosen = translating(RULE + listed(100, lines)), HOSTS, AFFECTED
        else:
            entry = BRANCHES
            device = translating(RULE + PERMIT + entry + listed(150, lines), "vpn")
            wanted, chosen = LISTED, PARTIAL
        _there, plan, seen = brought(device, wanted, chosen)
        assert seen[Packet("10.2.1.5", "10.1.1.5")][-1].startswith("E "), golden.plan_text(plan)
        count += "new-list" in {finding.code for finding in plan.findings}
    assert count >= least


# --- a firewall -----------------------------------------------------------------------------------------------------

_OF_ENTRY = (
    "deny ip host 10.1.1.5 10.2.0.0 255.255.0.0",
    "deny ip 10.1.1.0 255.255.255.0 host 10.2.1.5",
    "permit ip 10.1.1.0 255.255.255.0 10.2.1.0 255.255.255.0",
    "permit ip 10.1.1.0 255.255.255.0 10.2.1.0 255.255.255.0 log",
    "permit ip 10.1.3.0 255.255.255.0 10.2.1.0 255.255.255.0",
    "permit ip 10.1.0.0 255.255.0.0 10.2.0.0 255.255.0.0",
    "permit ip host 10.1.1.6 10.2.1.0 255.255.255.0",
)


@settings(max_examples=100)
@given(
    st.lists(st.sampled_from(_OF_ENTRY), min_size=1, unique_by=lambda line: line.removesuffix(" log")), st.booleans()
)
def test_no_list_of_a_firewall_ever_needs_a_new_one(lines: list[str], pat: bool) -> None:
    """Its crypto list is exact: what stays keeps its order, and what comes are permits behind it."""
    extra = ASA_OTHERS.replace("OUTSIDE 20", "OUTSIDE 50") + (ASA_PAT if pat else "") + (
        "crypto map OUTSIDE 20 match address OURS\ncrypto map OUTSIDE 20 set peer 192.168.1.2\n"
        "crypto map OUTSIDE 20 set transform-set OTHER-TS\n"
    ) + "".join(f"access-list OURS extended {line}\n" for line in lines)  # fmt: skip
    device = asa_start(extra)
    wanted = intent(tunnels=[tunnel(networks=["10.1.1.0/24", "10.1.3.0/24"])])
    try:
        plan = plan_asa(device, wanted, options({}))
    except (InputError, EndsOtherwise):
        return
    typed_at = device.copy()
    packets = [Packet(s, t) for s in ("10.1.1.5", "10.1.1.6", "10.1.3.5") for t in ("10.2.1.5", "10.2.4.5", "10.9.0.5")]
    seen = {packet: [device.fate(packet)] for packet in packets}

    def watch() -> None:
        for packet, fates in seen.items():
            fates.append(typed_at.fate(packet))

    replay(typed_at, plan.steps, watch)
    for packet, fates in seen.items():
        assert changes(fates) == changes([fates[0], fates[-1]]), f"{packet}: {changes(fates)}\n{golden.plan_text(plan)}"
        assert packet.destination != "10.2.1.5" or fates[-1] == "E 192.168.1.2", golden.plan_text(plan)
    assert "OURS" in {name for name, entries in typed_at.acls.items() if entries}
    assert plan_asa(typed_at, wanted, options({})).commands == []
