# Copyright: The netvpn.dynamic_l2l contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""The planner of PIX/ASA: which lines, in which order, and what packets meet while they are typed."""

from __future__ import annotations

from typing import Any

import pytest
from _core.acl import Ace
from _core.asa import dialect, parse, render
from _core.asa.model import AsaConfig
from _core.errors import InputError
from _core.intent import Intent
from _core.options import Options
from _core.prefixes import Region
from _core.prove import View
from _core.steps import Plan, Step, typed
from _core.telling import EndsOtherwise
from _core.treatment import model
from core_support import golden
from core_support.asa_device import AsaDevice
from core_support.asa_worlds import (
    DMZ,
    EXEMPTION,
    HUBS,
    OTHERS,
    OTHERS_EXEMPT,
    PAT,
    ROUTE,
    WIDE,
    as_old_release,
    intents,
    kind,
    start,
    worlds,
)
from core_support.packets import Packet, changes
from core_support.scenario import intent, kinds, options, plan_asa, replay, responder, tunnel, undo, walk
from hypothesis import given, settings
from hypothesis import strategies as st

#: From the initiator's network to the responder's; to the Internet; to somebody else's tunnel; from the device itself.
P = Packet("10.1.1.5", "10.2.1.5")
ADDED = Packet("10.1.3.5", "10.2.1.5")
INTERNET = Packet("10.1.1.5", "198.51.100.7")
FOREIGN = Packet("10.1.1.5", "10.9.0.5")
OWN = Packet("10.1.1.2", "10.2.1.5")

REFERENCE = options(pat="present")
BOTH = intent(tunnels=[tunnel(networks=["10.1.1.0/24", "10.1.3.0/24"])])


def running() -> AsaDevice:
    return AsaDevice(golden.seed("pix-7.2-running-config.cfg"), {"192.168.1.2": "cisco123"})


def built(
    device: AsaDevice, wanted: Intent | None = None, chosen: Options | None = None, *, absent: bool = False
) -> AsaDevice:
    """The device after a run."""
    device = device.copy()
    replay(device, plan_asa(device, wanted or intent(), chosen or options(), absent=absent).steps)
    return device


# --- golden plans ---------------------------------------------------------------------------------------------------

SLIP = running()
SLIP.acls["NO-NAT"] = ["permit ip 10.1.1.0 255.255.255.0 10.2.2.0 255.255.255.0"]
TWO_HUBS = intent(
    [responder(host=host, suite="aes256-sha-g5", **data) for host, data in HUBS.items()],
    [
        tunnel(name="to-hub", networks=["10.1.1.0/24", "10.1.2.0/24"], responder_networks=["10.2.1.0/24"]),
        tunnel(name="to-rome", responder="rome"),
    ],
)
EVERYTHING_STATED = intent(
    [
        responder(
            suite="aes256-sha-g5",
            dpd={"interval": 30, "retry": 3},
            pfs=5,
            lifetimes={"ike_seconds": 28800, "ipsec_seconds": 3600, "ipsec_kilobytes": 100000},
        )
    ]
)

GOLDEN: dict[str, tuple[AsaDevice, Intent, Options, bool]] = {
    "reference": (start(), intent(), REFERENCE, False),
    "pat-of-somebody-else": (start(PAT), intent(), options(), False),
    "default-names": (start(PAT), intent([responder(suite="aes256-sha-g5")]), options({}), False),
    "everything-stated": (start(PAT), EVERYTHING_STATED, options({}), False),
    "7.1": (AsaDevice(as_old_release(start().text())), intent(), REFERENCE, False),
    "two-hubs-and-dmz": (start(DMZ + PAT), TWO_HUBS, options({}, pat="present"), False),
    "one-of-two-hubs-leaves": (
        built(start(DMZ + PAT), TWO_HUBS, options({})),
        intent(
            [responder(host=host, suite="aes256-sha-g5", **data) for host, data in HUBS.items()],
            [
                tunnel(name="to-hub", networks=["10.1.1.0/24", "10.1.2.0/24"], responder_networks=["10.2.1.0/24"]),
                tunnel(name="to-rome", responder="rome", state="absent"),
            ],
        ),
        options({}),
        False,
    ),
    "slip": (SLIP, intent(), REFERENCE, False),
    "slip-exclusive": (SLIP, intent(), options(pat="present", exclusive=True), False),
    "beside-others": (start(PAT + OTHERS + OTHERS_EXEMPT + EXEMPTION), intent(), options({}), False),
    "absent": (running(), intent(), REFERENCE, True),
    "absent-remove-shared": (running(), intent(), options(pat="present", remove_shared=True), True),
    "suite-change": (
        built(start(PAT), intent([responder(suite="3des-sha-g2")]), options({})),
        intent([responder(suite="aes256-sha-g5")]),
        options({}),
        False,
    ),
    "responder-moved": (
        built(start(PAT), chosen=options({})),
        intent([responder(address="192.168.1.9")]),
        options({}),
        False,
    ),
}

#: A tunnel that somebody typed under names of his own, less translated than it should be.
BY_HAND = """\
access-list vpn-hub extended permit ip 10.1.1.0 255.255.255.0 10.2.1.0 255.255.255.0
access-list vpn-hub extended permit ip 10.1.1.0 255.255.255.0 10.2.7.0 255.255.255.0
access-list nonat extended permit ip 10.1.1.0 255.255.255.0 10.2.1.0 255.255.255.0
nat (inside) 0 access-list nonat
crypto ipsec transform-set des-md5 esp-des esp-md5-hmac
crypto map vpn 50 match address vpn-hub
crypto map vpn 50 set peer 192.168.1.2
crypto map vpn 50 set transform-set des-md5
crypto map vpn interface outside
crypto isakmp enable outside
crypto isakmp policy 7
 authentication pre-share
 encryption des
 hash md5
 group 1
 lifetime 86400
tunnel-group 192.168.1.2 type ipsec-l2l
tunnel-group 192.168.1.2 ipsec-attributes
 pre-shared-key cisco123
"""
TO_HUB_ONLY = intent(
    [responder(host=host, suite="aes256-sha-g5", **data) for host, data in HUBS.items()],
    [tunnel(name="to-hub", networks=["10.1.1.0/24", "10.1.2.0/24"], responder_networks=["10.2.1.0/24"])],
)
#: What bears our prefix and serves nothing any more, and the same under a name of somebody else.
LEFT_OVERS = """\
access-list L2L-old extended permit ip 10.1.1.0 255.255.255.0 10.6.0.0 255.255.0.0
access-list their-old extended permit ip 10.1.1.0 255.255.255.0 10.6.0.0 255.255.0.0
crypto ipsec transform-set L2L-SPARE esp-aes esp-sha-hmac
crypto ipsec transform-set their-set esp-aes esp-sha-hmac
"""
WITH_LEFT_OVERS = built(start(PAT + LEFT_OVERS), chosen=options({}, partial=True))
TWO_BUILT = built(start(PAT + DMZ), TWO_HUBS, options({}))
GOLDEN |= {
    # Whose is what: each a plan whose diff shows it.
    "forgotten-tunnel": (TWO_BUILT, TO_HUB_ONLY, options({}), False),
    "forgotten-tunnel-partial": (TWO_BUILT, TO_HUB_ONLY, options({}, partial=True), False),
    "forgotten-tunnel-absent": (TWO_BUILT, TO_HUB_ONLY, options({}), True),
    "name-prefix": (WITH_LEFT_OVERS, intent(), options({}), False),
    "name-prefix-partial": (WITH_LEFT_OVERS, intent(), options({}, partial=True), False),
    "adopted-names": (start(PAT + BY_HAND), intent(), options({}), False),
    "adopted-names-absent": (start(PAT + BY_HAND), intent(), options({}, remove_shared=True), True),
    "absent-beside-others": (
        built(start(PAT + OTHERS + OTHERS_EXEMPT + EXEMPTION), chosen=options({})),
        intent(),
        options({}, remove_shared=True),
        True,
    ),
    "network-more-behind-dmz": (
        built(start(PAT + DMZ), chosen=options({})),
        intent(tunnels=[tunnel(networks=["10.1.1.0/24", {"prefix": "10.1.2.0/24", "interface": "dmz"}])]),
        options({}),
        False,
    ),
    "part-of-the-responders-networks": (
        start(PAT),
        intent([responder(networks=["10.2.0.0/16"])], [tunnel(responder_networks=["10.2.1.0/24", "10.2.9.0/24"])]),
        options({}),
        False,
    ),
}


@pytest.mark.parametrize("name", GOLDEN)
def test_the_plan_is_the_golden_one(name: str, same_as_golden: golden.Compare) -> None:
    device, wanted, chosen, absent = GOLDEN[name]
    same_as_golden(f"asa-{name}.txt", golden.plan_text(plan_asa(device, wanted, chosen, absent=absent)))


def test_the_reference_is_reached_line_for_line() -> None:
    assert built(start(), chosen=REFERENCE).state() == running().state()


def test_from_the_reference_nothing_is_sent() -> None:
    plan = plan_asa(running(), intent(), REFERENCE)
    assert plan.steps == ()
    assert plan.before == plan.after


def test_from_masked_keys_nothing_is_sent() -> None:
    device = AsaDevice(golden.seed("pix-7.2-running-config.cfg"))
    assert plan_asa(device, intent([responder(pre_shared_key="another")]), REFERENCE).steps == ()


def test_the_slip_of_the_document_gives_one_line_and_one_finding() -> None:
    plan = plan_asa(SLIP, intent(), REFERENCE)
    assert plan.commands == [
        "access-list NO-NAT extended permit ip 10.1.1.0 255.255.255.0 10.2.1.0 255.255.255.0",
    ]
    foreign = [finding for finding in plan.findings if finding.code == "exempt-but-unprotected"]
    line = "access-list NO-NAT extended permit ip 10.1.1.0 255.255.255.0 10.2.2.0 255.255.255.0"
    assert [finding.lines for finding in foreign] == [(line,)]


# --- the table of orders --------------------------------------------------------------------------------------------

PREPARED = "policy, group, key, transform set"
ENTRY = "crypto ACE, match address, set peer, set transform-set"
GONE = "no set transform-set, no set peer, no match address"

#: (what the table says, device, intent, options, absent, the sequence, what each packet meets)
ROWS: dict[str, tuple[str, AsaDevice, Intent, Options, bool, str, dict[Packet, str]]] = {
    "PAT active": (
        "policy, tunnel-group, key, transform set, crypto ACL, map lines (match address, peer, transform set), enable, "
        "bind, exemption ACL, nat (inside) 0: E at the last line",
        start(PAT), intent(), options(), False,
        f"{PREPARED}, {ENTRY}, enable, bind, exemption ACE, nat 0",
        {P: "T; E 192.168.1.2 at nat 0", INTERNET: "T", OWN: "X; E 192.168.1.2 at bind"},
    ),
    "no NAT on the device": (
        "as above, but exemption ACL, nat 0 and global before the binding; nat 1 last: E at bind; I: T at nat 1",
        start(), intent(), REFERENCE, False,
        f"{PREPARED}, {ENTRY}, enable, exemption ACE, nat 0, global, bind, nat",
        {P: "X; E 192.168.1.2 at bind", INTERNET: "X; T at nat", OWN: "X; E 192.168.1.2 at bind"},
    ),
    "class exempt already": (
        "... bind last: E at bind",
        start(PAT + WIDE), intent(), options(), False,
        f"{PREPARED}, {ENTRY}, enable, bind",
        {P: "X; E 192.168.1.2 at bind", INTERNET: "T", FOREIGN: "X"},
    ),
    "map bound by others, class T": (
        "ACL, transform set, key; entry: match address, peer, transform set; then the exemption: E at the exemption",
        start(PAT + OTHERS + OTHERS_EXEMPT + EXEMPTION), intent(), options(), False,
        f"{PREPARED}, {ENTRY}, exemption ACE",
        {P: "T; E 192.168.1.2 at exemption ACE", INTERNET: "T", FOREIGN: "E 203.0.113.9"},
    ),
    "map bound by others, class not translated: no NAT": (
        "temporary ACE in the new list, match address, peer, transform set, the real ACE, temporary out: E at the ACE",
        start(OTHERS), intent(), options(), False,
        f"{PREPARED}, temporary ACE, match address, set peer, set transform-set, exemption ACE, nat 0, crypto ACE, "
        "no temporary ACE",
        {P: "X; E 192.168.1.2 at crypto ACE", INTERNET: "X", FOREIGN: "E 203.0.113.9"},
    ),
    "map bound by others, class not translated: wide exemption": (
        "as above",
        start(PAT + WIDE + OTHERS), intent(), options(), False,
        f"{PREPARED}, temporary ACE, match address, set peer, set transform-set, crypto ACE, no temporary ACE",
        {P: "X; E 192.168.1.2 at crypto ACE", INTERNET: "T", FOREIGN: "E 203.0.113.9"},
    ),
    "network added, PAT": (
        "crypto ACE then exemption ACE: E at line 2",
        built(start(ROUTE + PAT)), BOTH, options(), False,
        "crypto ACE, exemption ACE",
        {ADDED: "T; E 192.168.1.2 at exemption ACE", P: "E 192.168.1.2", INTERNET: "T"},
    ),
    "network added, no NAT": (
        "the reverse: E at line 2",
        built(start(ROUTE)), BOTH, options(), False,
        "exemption ACE, crypto ACE",
        {ADDED: "X; E 192.168.1.2 at crypto ACE", P: "E 192.168.1.2", INTERNET: "X"},
    ),
    "network taken away, PAT": (
        "exemption ACE then crypto ACE: T at line 1",
        built(start(ROUTE + PAT), BOTH), intent(), options(), False,
        "no exemption ACE, no crypto ACE",
        {ADDED: "E 192.168.1.2; T at no exemption ACE", P: "E 192.168.1.2"},
    ),
    "network taken away, no NAT": (
        "the reverse: X at line 1",
        built(start(ROUTE), BOTH), intent(), options(), False,
        "no crypto ACE, no exemption ACE",
        {ADDED: "E 192.168.1.2; X at no crypto ACE", P: "E 192.168.1.2"},
    ),
    "removal, PAT stays": (
        "nat 0 where the ACE is its list's last, else the ACE; unbind where it is the map's only entry: T at line 1",
        built(start(PAT)), intent(), options(), True,
        f"no nat 0, no bind, {GONE}, no crypto ACE, no exemption ACE, no transform set, no group",
        {P: "E 192.168.1.2; T at no nat 0", INTERNET: "T", OWN: "E 192.168.1.2; X at no bind"},
    ),
    "removal, PAT ours too": (
        "nat 1 (I: T, X); unbind (P: E, X); exemption after it",
        running(), intent(), options(pat="present", remove_shared=True), True,
        f"no nat, no bind, {GONE}, no nat 0, no global, no enable, no crypto ACE, no exemption ACE, no transform set, "
        "no group, no policy",
        {P: "E 192.168.1.2; X at no bind", INTERNET: "T; X at no nat", OWN: "E 192.168.1.2; X at no bind"},
    ),
    "one of several removed, class T": (
        "the ACE of the exemption; else the entry's lines, match address last; the rest: T at line 1",
        built(start(PAT + OTHERS + OTHERS_EXEMPT + EXEMPTION)), intent(), options(), True,
        f"no exemption ACE, {GONE}, no crypto ACE, no transform set, no group",
        {P: "E 192.168.1.2; T at no exemption ACE", INTERNET: "T", FOREIGN: "E 203.0.113.9"},
    ),
    "one of several removed, class not translated": (
        "temporary ACE in, the real ACE out, transform set, peer, match address, temporary out: X at the ACE",
        built(start(PAT + WIDE + OTHERS)), intent(), options(), True,
        f"temporary ACE, no crypto ACE, {GONE}, no temporary ACE, no transform set, no group",
        {P: "E 192.168.1.2; X at no crypto ACE", INTERNET: "T", FOREIGN: "E 203.0.113.9"},
    ),
    "suite change": (
        "append new, then remove old: E ... E",
        built(start(PAT), intent([responder(suite="3des-sha-g2")]), options({})),
        intent([responder(suite="aes256-sha-g5")]), options({}), False,
        "policy, transform set, set transform-set, no set transform-set, no transform set",
        {P: "E 192.168.1.2", INTERNET: "T", OWN: "E 192.168.1.2"},
    ),
    "peer change": (
        "append new, then remove old: E ... E",
        built(start(PAT), chosen=options({})), intent([responder(address="192.168.1.9")]), options({}), False,
        "group, key, set peer, no set peer, no group",
        {P: "E 192.168.1.2; E 192.168.1.9 at no set peer", INTERNET: "T"},
    ),
}  # fmt: skip


@pytest.mark.parametrize("incomplete", ["drop", "pass"])
@pytest.mark.parametrize("row", ROWS)
def test_the_order_is_the_one_of_the_table(row: str, incomplete: str) -> None:
    """``incomplete``: what a bound entry without peer or set does to its packets, which no source tells."""
    says, device, wanted, chosen, absent, sequence, fates = ROWS[row]
    plan = plan_asa(device, wanted, chosen, absent=absent)
    assert kinds(plan, kind) == sequence, says
    for packet, expected in fates.items():
        typed_at = device.copy()
        told = walk(typed_at, plan, lambda at=typed_at, what=packet: at.fate(what, incomplete=incomplete), kind)
        assert told == expected, (packet, says)


def test_an_entry_of_a_bound_map_up_to_7_1_loses_list_and_peer_in_one_write() -> None:
    """Without one of them it would stop the whole interface."""
    device = AsaDevice(as_old_release(start(PAT + OTHERS + OTHERS_EXEMPT + EXEMPTION).text()))
    plan = plan_asa(built(device), intent(), options(), absent=True)
    together = [[line.shown for line in step.do] for step in plan.steps if len(step.do) == 2]
    assert together == [
        ["no crypto map OUTSIDE 10 set peer 192.168.1.2", "no crypto map OUTSIDE 10 match address IPSec-traffic"]
    ]


def test_an_entry_of_a_bound_map_up_to_7_1_gets_list_and_peer_in_one_write() -> None:
    device = AsaDevice(as_old_release(start(PAT + OTHERS + OTHERS_EXEMPT + EXEMPTION).text()))
    plan = plan_asa(device, intent(), options())
    together = [[line.shown for line in step.do] for step in plan.steps if len(step.do) == 2]
    assert together == [
        ["crypto map OUTSIDE 10 match address IPSec-traffic", "crypto map OUTSIDE 10 set peer 192.168.1.2"]
    ]
    assert "interface-stops" in {finding.code for finding in plan.findings}


def test_so_it_does_where_pfs_stands_between_the_two() -> None:
    device = AsaDevice(as_old_release(start(PAT + OTHERS + OTHERS_EXEMPT + EXEMPTION).text()))
    wanted = intent([responder(pfs=2)])
    come = plan_asa(device, wanted, options())
    go = plan_asa(built(device, wanted), wanted, options(), absent=True)
    lines = ["match address IPSec-traffic", "set pfs", "set peer 192.168.1.2"]
    for plan, expected in (
        (come, [f"crypto map OUTSIDE 10 {line}" for line in lines]),
        (go, [f"no crypto map OUTSIDE 10 {line}" for line in reversed(lines)]),
    ):
        assert [[line.shown for line in step.do] for step in plan.steps if len(step.do) == 3] == [expected]


# --- the rule, on drawn configurations ------------------------------------------------------------------------------

SPOKES = ("10.1.1.5", "10.1.1.6", "10.1.3.5", "10.1.2.5", "10.1.1.2")
TARGETS = ("10.2.1.5", "10.2.4.5", "10.3.1.5", "10.9.0.5", "10.8.0.5", "198.51.100.7")
#: A destination behind nobody's tunnel of ours: what it meets is none of our business, but for PAT.
STRANGE = ("10.9.0.5", "10.8.0.5", "198.51.100.7")
PACKETS = [Packet(source, destination) for source in SPOKES for destination in TARGETS]


def pairs(wanted: Intent) -> list[tuple[Any, Any, str]]:
    return [(a, b, t.responder.address) for t in wanted.of_initiator("pix") if t.present for a, b in t.pairs]


def inside(address: str, prefix: Any) -> bool:
    return parse.parse_entry(f"permit ip host {address} any").source.prefix.network in range(  # type: ignore[union-attr]
        prefix.network, prefix.last + 1
    )


def judge(
    device: AsaDevice, wanted: Intent, chosen: Options, incomplete: str, *, absent: bool = False
) -> AsaDevice | None:
    """Type the plan and watch every packet; None when the plan is refused. Returns the device afterwards."""
    try:
        plan = plan_asa(device, wanted, chosen, absent=absent)
    except (InputError, EndsOtherwise):
        return None
    typed_at = device.copy()
    fates = {packet: [device.fate(packet, incomplete=incomplete)] for packet in PACKETS}

    def watch() -> None:
        for packet, seen in fates.items():
            seen.append(typed_at.fate(packet, incomplete=incomplete))

    replay(typed_at, plan.steps, watch)
    for packet, seen in fates.items():
        # One change: what it meets before and what it meets after, and nothing else in between but a drop.
        assert changes(seen) == changes([seen[0], seen[-1]]), f"{packet}: {changes(seen)}\n{golden.plan_text(plan)}"
        peers = [] if absent else [p for a, b, p in pairs(wanted) if inside(packet[0], a) and inside(packet[1], b)]
        if peers:
            assert seen[-1] == f"E {peers[0]}", f"{packet}\n{golden.plan_text(plan)}"
        elif packet.destination in STRANGE:
            allowed = {seen[0]}
            if chosen.pat == "present" and not seen[0].startswith("E"):
                allowed |= {"T", "X", "D"}
            if chosen.pat == "present" and chosen.remove_shared:
                # Without our PAT somebody's tunnel works again.
                allowed |= {"E 203.0.113.9", "E 203.0.113.7"}
            if chosen.exclusive and seen[0] == "X":
                allowed |= {"T", "D"}
            assert seen[-1] in allowed, f"{packet}: {seen[0]} becomes {seen[-1]}\n{golden.plan_text(plan)}"
        else:
            assert seen[-1] == seen[0] or not seen[-1].startswith("E"), f"{packet}\n{golden.plan_text(plan)}"
        if not any(tunnel.accept for tunnel in wanted.tunnels) and seen[-1] != seen[0]:
            # What the intent does not name ends as it began.
            ours = any(inside(packet[0], a) and inside(packet[1], b) for a, b, _peer in pairs(wanted))
            translated = chosen.pat == "present" and (seen[-1] == "T" or (chosen.remove_shared and seen[0] == "T"))
            left = seen[0] in {f"E {hub.address}" for hub in wanted.responders}
            assert ours or translated or left or (chosen.exclusive and seen[0] == "X"), f"{packet}: {seen}"
    assert held(typed_at, plan) == plan.after, golden.plan_text(plan)
    back = typed_at.copy()
    undo(back, plan.steps)
    assert back.state() == device.state(), golden.plan_text(plan)
    assert plan_asa(typed_at, wanted, chosen, absent=absent).commands == []
    return typed_at


def held(device: AsaDevice, plan: Plan) -> str:
    """What a run reads back and compares with the plan."""
    config = parse.parse(device.text())
    return render.owned_text(config, plan.scope, dialect.for_version(config.version))


@settings(max_examples=130)
@given(
    worlds(),
    intents(),
    intents(absent=True),
    st.sampled_from(["foreign", "present"]),
    st.fixed_dictionaries({"exclusive": st.booleans(), "remove_shared": st.booleans()}),
    st.sampled_from(["drop", "pass"]),
    st.booleans(),
)
def test_whatever_stood_there_every_packet_changes_at_most_once_and_nothing_of_others_is_lost(
    device: AsaDevice,
    first: tuple[list[dict[str, Any]], list[dict[str, Any]]],
    then: tuple[list[dict[str, Any]], list[dict[str, Any]]],
    pat: str,
    flags: dict[str, bool],
    incomplete: str,
    absent: bool,
) -> None:
    names = {"exemption_acl": "NO-NAT"}
    there = judge(device, intent(*first), options(names, pat=pat), incomplete)
    if there is not None:
        there = judge(there, intent(*then), options(names, pat=pat, **flags), incomplete, absent=absent)
    if there is None:
        return
    # Whatever bears somebody else's name is as it was.
    for name in ("OTHER", "OTHER2"):
        assert there.acls.get(name) == device.acls.get(name)
    assert there.sets.get("OTHER-TS") == device.sets.get("OTHER-TS")
    for peer in ("203.0.113.9", "203.0.113.7"):
        assert there.groups.get(peer) == device.groups.get(peer)
    assert {k: v for k, v in device.entries.items() if k[0] == "OUTSIDE"}.items() <= there.entries.items()
    assert there.statics == device.statics


@settings(max_examples=80)
@given(worlds(), intents(), st.sampled_from(["foreign", "present"]), st.integers(0, 400))
def test_a_run_that_was_cut_off_anywhere_is_finished_by_the_next_one(
    device: AsaDevice, wanted: tuple[list[dict[str, Any]], list[dict[str, Any]]], pat: str, cut: int
) -> None:
    chosen = options({"exemption_acl": "NO-NAT"}, pat=pat, remove_shared=True)
    for absent in (False, True):
        try:
            plan = plan_asa(device, intent(*wanted), chosen, absent=absent)
        except (InputError, EndsOtherwise):
            return
        whole, part = device.copy(), device.copy()
        replay(whole, plan.steps)
        replay(part, plan.steps[: cut % (len(plan.steps) + 1)])
        part.mode = ()
        replay(part, plan_asa(part, intent(*wanted), chosen, absent=absent).steps)
        assert entries_sorted(part) == entries_sorted(whole), golden.plan_text(plan)
        device = whole


def entries_sorted(device: AsaDevice) -> list[str]:
    """Our lists hold permits only: their order says nothing."""
    device = device.copy()
    device.acls = {name: sorted(entries) for name, entries in device.acls.items()}
    return device.state()


@settings(max_examples=25)
@given(worlds(), intents())
def test_no_plan_holds_a_key(device: AsaDevice, wanted: tuple[list[dict[str, Any]], list[dict[str, Any]]]) -> None:
    for item in wanted[0]:
        item["pre_shared_key"] = "outside"
    try:
        plan = plan_asa(device, intent(*wanted), options({"exemption_acl": "NO-NAT"}))
    except (InputError, EndsOtherwise):
        return
    assert not any("pre-shared-key outside" in text for text in (*plan.commands, plan.before, plan.after))
    # ... and no word that merely equals it is lost.
    assert "isakmp enable outside" in plan.after
    assert "********" not in plan.after.replace("pre-shared-key ********", "")


def shown(config: AsaConfig) -> dict[str, Any]:
    """All that steps may change; rules of which the order says nothing are sorted."""
    data = render.owned_data(config, None, dialect.for_version(config.version))
    return {
        key: sorted(value) if key in ("nat", "globals", "nat_rules", "isakmp_enabled") else value
        for key, value in data.items()
    }


@settings(max_examples=25)
@given(worlds(), intents(), intents(absent=True), st.sampled_from(["foreign", "present"]), st.booleans())
def test_what_a_step_says_that_it_does_is_what_its_lines_do_at_the_device(
    device: AsaDevice,
    first: tuple[list[dict[str, Any]], list[dict[str, Any]]],
    then: tuple[list[dict[str, Any]], list[dict[str, Any]]],
    pat: str,
    absent: bool,
) -> None:
    """Also where: outside the packets that it says it may touch nothing changes."""
    device = device.copy()
    for wanted, gone in ((first, False), (then, absent)):
        config = parse.parse(device.text())
        try:
            plan = plan_asa(device, intent(*wanted), options({"exemption_acl": "NO-NAT"}, pat=pat), absent=gone)
        except (InputError, EndsOtherwise):
            return
        mode: tuple[str, ...] = ()
        for step in plan.steps:
            lines, mode = typed(step.do, mode)
            for line in lines:
                device.type(line.sent)
            before, config = config, step.effect(config)
            assert shown(parse.parse(device.text())) == shown(config), step.do[0].shown
            untouched_elsewhere(before, config, step)
        device.mode = ()


def untouched_elsewhere(before: AsaConfig, after: AsaConfig, step: Step) -> None:
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
    gone = built(built(start(), chosen=REFERENCE), chosen=options(pat="present", remove_shared=True), absent=True)
    assert gone.state() == start().state()


def test_absent_leaves_what_is_shared_and_the_binding_of_a_map_without_entries_goes() -> None:
    gone = built(running(), chosen=REFERENCE, absent=True)
    assert gone.bindings == {}
    assert gone.enabled == ["outside"]
    assert 10 in gone.policies
    assert gone.nats == ["nat (inside) 1 0.0.0.0 0.0.0.0"]
    assert gone.globals == ["global (outside) 1 interface"]
    assert (gone.entries, gone.acls, gone.sets, gone.groups, gone.nat0) == ({}, {}, {}, {}, {})


def test_absent_twice_sends_nothing_more() -> None:
    chosen = options(pat="present", remove_shared=True)
    assert plan_asa(built(running(), chosen=chosen, absent=True), intent(), chosen, absent=True).steps == ()


def test_an_absent_tunnel_of_several_goes_alone() -> None:
    device = GOLDEN["one-of-two-hubs-leaves"][0]
    gone = built(device, GOLDEN["one-of-two-hubs-leaves"][1], options({}))
    assert set(gone.groups) == {"192.168.1.2"}
    assert set(gone.acls) == {"L2L-to-hub", "L2L-NONAT-inside", "L2L-NONAT-dmz"}
    assert gone.bindings == {"outside": "L2L-MAP"}


def test_a_tunnel_that_the_intent_no_longer_names_goes_as_if_it_were_absent() -> None:
    device, wanted, chosen, absent = GOLDEN["forgotten-tunnel"]
    gone = intent(
        [responder(host=host, suite="aes256-sha-g5", **data) for host, data in HUBS.items()],
        [
            tunnel(name="to-hub", networks=["10.1.1.0/24", "10.1.2.0/24"], responder_networks=["10.2.1.0/24"]),
            tunnel(name="to-rome", responder="rome", state="absent"),
        ],
    )
    assert plan_asa(device, wanted, chosen, absent=absent).commands == plan_asa(device, gone, chosen).commands != []
    assert plan_asa(device, wanted, options({}, partial=True)).commands == []


def test_a_foreign_entry_whose_list_has_another_name_is_never_taken_for_a_forgotten_one() -> None:
    device = built(start(PAT + OTHERS + OTHERS_EXEMPT + EXEMPTION), chosen=options({}))
    assert plan_asa(device, intent(), options({})).commands == []


@pytest.mark.parametrize("pat", ["foreign", "present"])
@given(device=worlds(), wanted=intents())
def test_absent_leaves_exactly_what_stood_there_before(device: AsaDevice, wanted: Any, pat: str) -> None:
    responders, tunnels = wanted
    chosen = options({}, pat=pat, remove_shared=True)
    given_intent = intent(responders, tunnels)
    try:
        there = built(device, given_intent, chosen)
    except (InputError, EndsOtherwise):
        return
    gone = built(there, given_intent, chosen, absent=True)
    for of in ("entries", "sets", "groups", "bindings", "statics"):
        assert getattr(gone, of) == getattr(device, of), of
    # What equals the intent is ours, whoever typed it; so is PAT that is said to be.
    ours = {render.entry_text(Ace.between("permit", *pair)) for one in given_intent.tunnels for pair in one.pairs}
    lists = {name: [row for row in rows if f"extended {row}" not in ours] for name, rows in device.acls.items()}
    assert {name: rows for name, rows in gone.acls.items() if rows} == {name: r for name, r in lists.items() if r}
    assert gone.nat0 == {home: name for home, name in device.nat0.items() if lists[name]}
    if pat == "foreign":
        assert (gone.nats, gone.globals) == (device.nats, device.globals)
    # Nobody can tell which policy a foreign peer negotiates: as long as a map is bound they stay.
    if not device.bindings:
        assert (gone.policies, gone.enabled) == (device.policies, device.enabled)


def test_policies_that_a_foreign_map_uses_stay_even_with_remove_shared() -> None:
    device = built(start(PAT + OTHERS + OTHERS_EXEMPT + EXEMPTION))
    gone = built(device, chosen=options(remove_shared=True), absent=True)
    assert set(gone.policies) == {5, 10, 65535}
    assert gone.enabled == ["outside"]


# --- adoption and keys ----------------------------------------------------------------------------------------------


def test_what_stands_under_other_names_is_adopted() -> None:
    assert plan_asa(running(), intent(), options({}, pat="present")).steps == ()


def test_one_list_for_exemption_and_tunnel_is_adopted_and_taken_away_in_order() -> None:
    shared = "access-list nonat extended permit ip 10.1.1.0 255.255.255.0 10.2.1.0 255.255.255.0\n"
    device = built(start(PAT), chosen=options({"crypto_acl": "nonat"}))
    device.nat0, device.acls = {"inside": "nonat"}, {"nonat": device.acls["nonat"]}
    assert shared.strip() in device.text()
    assert plan_asa(device, intent(), options({})).steps == ()
    plan = plan_asa(device, intent(), options({}), absent=True)
    fate = walk(gone := device.copy(), plan, lambda: gone.fate(P, incomplete="drop"), kind)
    assert fate == "E 192.168.1.2; T at no nat 0"
    assert gone.acls == {}


@pytest.mark.parametrize(("update", "sent"), [("on_create", False), ("always", True)])
def test_a_masked_key_is_sent_again_only_when_told(update: str, sent: bool) -> None:
    device = AsaDevice(golden.seed("pix-7.2-running-config.cfg"))
    plan = plan_asa(device, intent(), options(pat="present", update_secret=update))
    assert (plan.commands == ["tunnel-group 192.168.1.2 ipsec-attributes", "pre-shared-key ********"]) is sent


def test_a_key_that_is_shown_and_differs_is_replaced_and_can_be_put_back() -> None:
    plan = plan_asa(running(), intent([responder(pre_shared_key="new")]), REFERENCE)
    assert [line.sent for line in plan.lines] == ["pre-shared-key new"]
    assert [line.sent for step in plan.steps for line in step.undo] == ["pre-shared-key cisco123"]


def test_the_built_in_policy_is_never_touched_nor_matched() -> None:
    plan = plan_asa(start(PAT), intent([responder(suite="3des-sha-g2")]), options())
    assert "crypto isakmp policy 10" in plan.commands
    assert not any("65535" in command for command in plan.commands)
    assert "weak-built-in-policy" in {finding.code for finding in plan.findings}


def test_an_entry_goes_in_front_of_dynamic_ones() -> None:
    device = start(
        PAT + OTHERS.replace("OUTSIDE 20", "OUTSIDE 3") + "crypto map OUTSIDE 9 ipsec-isakmp dynamic REMOTE\n"
    )
    plan = plan_asa(device, intent(), options())
    assert "crypto map OUTSIDE 1 set peer 192.168.1.2" in plan.commands


def test_exclusive_spares_an_entry_that_somebody_elses_tunnel_lives_on() -> None:
    plan = plan_asa(start(PAT + WIDE + OTHERS), intent(), options(exclusive=True))
    assert not any(command.startswith("no access-list NO-NAT") for command in plan.commands)
    assert "exempt-but-unprotected" in {finding.code for finding in plan.findings}
    alone = plan_asa(start(PAT + WIDE), intent(), options(exclusive=True))
    assert alone.commands[-1] == "no access-list NO-NAT extended permit ip 10.1.1.0 255.255.255.0 10.0.0.0 255.0.0.0"
    typed_at = start(PAT + WIDE)
    assert walk(typed_at, alone, lambda: typed_at.fate(P, incomplete="drop"), kind) == "X; E 192.168.1.2 at bind"


def test_one_nat_0_for_a_translated_and_an_untranslated_network_goes_before_the_binding() -> None:
    """Whichever of them stands first in the list: the translated one must never leave in clear with its own source."""
    some = "global (outside) 1 interface\nnat (inside) 1 10.1.1.0 255.255.255.0\n"
    for networks in (["10.1.1.0/24", "10.1.3.0/24"], ["10.1.3.0/24", "10.1.1.0/24"]):
        wanted = intent(tunnels=[tunnel(networks=networks)])
        device = built(start(ROUTE + some), wanted)
        plan = plan_asa(device, wanted, options(), absent=True)
        for packet, expected in ((P, "E 192.168.1.2; T at no nat 0"), (ADDED, "E 192.168.1.2; X at no bind")):
            typed_at = device.copy()
            told = walk(typed_at, plan, lambda at=typed_at, what=packet: at.fate(what, incomplete="drop"), kind)
            assert told == expected


def test_the_binding_is_never_sent_when_it_stands() -> None:
    plan = plan_asa(start(PAT + OTHERS + OTHERS_EXEMPT + EXEMPTION), intent(), options())
    assert not any("interface outside" in command for command in plan.commands)


def codes_of(extra: str) -> set[str]:
    return {finding.code for finding in plan_asa(start(PAT + extra), intent(), options()).findings}


def test_what_keeps_a_tunnel_from_coming_up_is_told() -> None:
    """ASA command reference: isakmp identity {address | hostname | key-id | auto}, connection-type answer-only."""
    for line, told in (("hostname", True), ("key-id branch", True), ("address", False), ("auto", False)):
        assert ("identity-not-address" in codes_of(f"crypto isakmp identity {line}\n")) is told
    only = "crypto map vpn 50 set connection-type answer-only\n"
    assert "never-initiates" in codes_of(BY_HAND.replace("crypto map vpn interface", f"{only}crypto map vpn interface"))
    assert "never-initiates" not in codes_of(BY_HAND)
    assert "never-initiates" not in codes_of(OTHERS.replace("203.0.113.9\n", "203.0.113.9\n" + only, 1))


def test_an_odd_interface_of_somebody_else_hinders_no_removal() -> None:
    odd = running().text().replace("interface Ethernet1\n", DMZ.replace("dmz", "dmz#1") + "interface Ethernet1\n", 1)
    assert "dmz#1" in odd
    device = AsaDevice(odd, {"192.168.1.2": "cisco123"})
    assert "no crypto map IPSEC interface outside" in plan_asa(device, intent(), REFERENCE, absent=True).commands


@pytest.mark.parametrize(
    ("names", "pfs", "says"), [({"sequence": 30}, 5, "dynamic entry at 20"), ({}, 14, "no Diffie-Hellman group 14")]
)
def test_what_the_device_would_misread_or_lacks_is_refused(names: dict[str, int], pfs: int, says: str) -> None:
    device = start(
        PAT + OTHERS.replace("OUTSIDE 20", "OUTSIDE 3") + "crypto map OUTSIDE 20 ipsec-isakmp dynamic REMOTE\n"
    )
    with pytest.raises(InputError, match=says):
        plan_asa(device, intent([responder(suite="aes256-sha-g5", pfs=pfs)]), options(names))


# --- refusals -------------------------------------------------------------------------------------------------------


def without(device: AsaDevice, text: str) -> AsaDevice:
    return AsaDevice(device.text().replace(text, ""))


def version(number: str) -> AsaDevice:
    return AsaDevice(start().text().replace("7.2(2)", number))


OTHER_LIST = "access-list NO-NAT extended permit tcp any any eq www\n"
REFUSALS: dict[str, tuple[Any, dict[str, Any], dict[str, Any], str]] = {
    "PIX 6.3": (lambda: version("6.3(5)"), {}, {}, "version = 6.3(5)"),
    "8.3": (lambda: version("8.3(1)"), {}, {}, "version = 8.3(1)"),
    "9.1": (lambda: version("9.1(7)"), {}, {}, "Supported are 7.0 to 8.2"),
    "no version at all": (lambda: without(start(), "PIX Version 7.2(2)\n"), {}, {}, "version"),
    "a suite that the release lacks": (
        start, {"responder": {"suite": "aes256-sha-g14"}}, {}, "best suite of this version is aes256-sha-g5",
    ),
    "no route to the responder": (
        lambda: without(start(), "route outside 0.0.0.0 0.0.0.0 172.16.1.2 1\n"), {}, {}, "outside_interface",
    ),
    "an unknown outside interface": (start, {}, {"outside_interface": "wan"}, "outside_interface = wan"),
    "a network that nothing reaches": (
        lambda: without(start(), "route outside 0.0.0.0 0.0.0.0 172.16.1.2 1\n"),
        {"tunnel": {"networks": ["10.7.0.0/24"]}}, {"outside_interface": "outside"}, "10.7.0.0/24",
    ),
    "a network behind the outside interface": (
        start, {"tunnel": {"networks": ["10.7.0.0/24"]}}, {}, "lies behind outside",
    ),
    "an interface that the device does not have": (
        start, {"tunnel": {"networks": [{"prefix": "10.7.0.0/24", "interface": "lan"}]}}, {}, "lan",
    ),
    "names that meet when they are filled in": (
        start, {"tunnel": {"name": "inside"}},
        {"names": {"crypto_acl": "VPN-{tunnel}", "exemption_acl": "VPN-{interface}"}},
        "behind inside it would be the list of a crypto map entry too",
    ),
    "a tunnel-group of another type": (
        lambda: start("tunnel-group 192.168.1.2 type ipsec-ra\n"), {}, {}, "type ipsec-ra",
    ),
    "an exemption list with a port": (lambda: start(PAT + OTHER_LIST), {}, {}, "permit ip only"),
    "an exemption list of others that does not apply yet": (
        lambda: start(PAT + OTHERS_EXEMPT), {}, {}, "does not apply to inside yet",
    ),
    "PAT that would pull packets out of somebody's tunnel": (
        lambda: start(OTHERS), {}, {"pat": "present"}, "pat = present",
    ),
    "PAT where everything is said to be untranslated": (
        lambda: start("nat (inside) 0 0.0.0.0 0.0.0.0\n"), {}, {"pat": "present"}, "nat (inside) 0 0.0.0.0 0.0.0.0",
    ),
    "an unbound map of others": (
        lambda: start(PAT + OTHERS.replace("OUTSIDE", "IPSEC").replace("crypto map IPSEC interface outside\n", "")),
        {}, {}, "bound to no interface",
    ),
    "a map that is bound elsewhere": (
        lambda: start(DMZ + OTHERS.replace("OUTSIDE", "IPSEC").replace("IPSEC interface outside", "IPSEC interface dmz")),
        {}, {}, "names.crypto_map = IPSEC",
    ),
    "an entry in front that takes the traffic": (
        lambda: start(PAT + OTHERS.replace("OUTSIDE 20", "OUTSIDE 5").replace("10.9.0.0 255.255.0.0", "10.0.0.0 255.0.0.0")),
        {}, {}, "Choose a sequence below 5",
    ),
    "an entry with our peer whose list cannot be resolved": (
        lambda: start(OTHERS.replace("203.0.113.9", "192.168.1.2").replace(
            "10.1.1.0 255.255.255.0 10.9.0.0 255.255.0.0", "object-group LANS object-group REMOTE")),
        {}, {}, "object-group LANS",
    ),
    "a crypto list that serves somebody else": (
        lambda: start(PAT + OTHERS), {}, {"names": {"crypto_acl": "OTHER"}}, "names.crypto_acl = OTHER",
    ),
    "an exemption list named as crypto list": (
        lambda: start(PAT + WIDE), {}, {"names": {"crypto_acl": "NO-NAT"}}, "names.crypto_acl = NO-NAT",
    ),
    "a transform set of that name with other transforms": (
        lambda: start("crypto ipsec transform-set DYN-TS esp-3des esp-sha-hmac\n"), {}, {}, "names.transform_set",
    ),
    "a policy number that is taken": (
        lambda: start(OTHERS), {}, {"names": {"ike_policy": 5}}, "names.ike_policy = 5",
    ),
    "a sequence that is taken": (lambda: start(OTHERS), {}, {"names": {"sequence": 20}}, "names.sequence = 20"),
}  # fmt: skip


@pytest.mark.parametrize("case", REFUSALS)
def test_what_cannot_be_done_is_refused_before_anything_is_sent(case: str) -> None:
    make, changed, given_options, says = REFUSALS[case]
    responders = [responder(**changed.get("responder", {}))]
    tunnels = [tunnel(**changed.get("tunnel", {}))]
    chosen = options(**given_options)
    with pytest.raises(InputError) as refusal:
        plan_asa(make(), intent(responders, tunnels), chosen)
    assert says in str(refusal.value)
    assert "cisco123" not in str(refusal.value)
    assert refusal.value.remedy
