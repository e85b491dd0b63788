# Copyright: The netvpn.dynamic_l2l contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""Hubs of many sites: what is looked at together, or not at all, comes out as when all is looked at after every line."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace
from typing import Any

import pytest
from _core import ordering, prove, rule
from _core.acl import AccessList, Ace
from _core.asa import parse as asa_parse
from _core.asa import plan as asa_plan
from _core.asa import wanted as asa_wanted
from _core.asa.dialect import for_version
from _core.firstmatch import Rule, Rules
from _core.intent import Intent
from _core.ios import parse as ios_parse
from _core.ios import plan as ios_plan
from _core.options import Options
from _core.prefixes import Prefix
from _core.prove import Platform, Proof, Question, Refused
from _core.rule import View
from _core.steps import Plan, Step, replay_together
from _core.steps import replay as replayed
from core_support import asa_worlds, ios_worlds, scenario
from core_support.asa_device import AsaDevice
from core_support.effort import calls
from core_support.ios_device import IosDevice
from core_support.scenario import intent, options, plan_asa, plan_ios, responder, tunnel
from hypothesis import given, settings
from hypothesis import strategies as st

#: All entries of a list that wait are looked at together, or none ever.
TOGETHER, ALONE = 2, 10**9


def hub(sites: Iterable[int], absent: Iterable[int] = (), *, listed: bool = True) -> Intent:
    """Sites by their number; no two of their networks touch."""
    tunnels = [
        tunnel(name=f"s{site}", initiator=f"pix{site}", networks=[f"10.{100 + site // 100}.{2 * (site % 100)}.0/24"])
        for site in dict.fromkeys([*sites, *absent])
    ]
    gone = {f"s{site}" for site in absent}
    marked = [{**one, "state": "absent"} if one["name"] in gone else one for one in tunnels]
    return intent([responder(match_address=listed)], marked)


def at_once(number: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ordering, "SWEEP", number)
    monkeypatch.setattr(prove, "SWEEP", number)
    # As where there are many pieces, or few.
    monkeypatch.setattr(rule, "MANY", 0 if number == TOGETHER else ALONE)
    monkeypatch.setattr(rule, "SOME", 0)


PAT = {
    "none": ("", False),
    "live": (ios_worlds.PAT, True),
    "everything": (ios_worlds.RULE + ios_worlds.EVERYTHING, True),
    "others": (ios_worlds.RULE + ios_worlds.OTHERS_DENY + ios_worlds.PERMIT, True),
}


@st.composite
def changes_of_hubs(draw: st.DrawFn) -> tuple[IosDevice, Intent, str]:
    """A hub that serves some sites, and the intent of other ones."""
    total = draw(st.integers(1, 12))
    before = [site for site in range(total) if draw(st.booleans())]
    after = [site for site in range(total) if draw(st.booleans())] or [0]
    text, live = PAT[draw(st.sampled_from(sorted(PAT)))]
    pat = draw(st.sampled_from(["foreign", "present"]))
    device = ios_worlds.start(text, inside=live, outside=live)
    if before:
        scenario.replay(device, plan_ios(device, hub(before), options(pat=pat)).steps)
        device.mode = ()
    return device, hub(after, [site for site in before if site not in after]), pat


def planned(device: IosDevice, wanted: Intent, pat: str) -> Plan:
    return plan_ios(device, wanted, options(pat=pat))


def asked(device: IosDevice, steps: Sequence[Step]) -> Question:
    config = ios_parse.parse(device.text(), device.show_access_lists())
    return Question(scenario.IOS, config, replayed(config, steps))


def plainly(question: Question, steps: Sequence[Step]) -> tuple[Question, list[Step]]:
    """The same, where all packets are looked at after every step."""
    everything = frozenset().union(*(step.edits for step in steps))
    platform = Platform(question.platform.look, lambda _config: everything)
    blind = [replace(step, region=None, placed=None, placing=None) for step in steps]
    return Question(platform, question.config, question.target), blind


def told(proof: Proof) -> list[set[tuple[str, str, str]]]:
    """What switches at each step, without the one packet that is an example."""
    return [{(switch.enters, switch.before, switch.after) for switch in row} for row in proof.switches]


@settings(max_examples=40)
@given(changes_of_hubs())
def test_what_is_looked_at_together_is_what_every_packet_meets_after_every_line(
    case: tuple[IosDevice, Intent, str],
) -> None:
    device, wanted, pat = case
    with pytest.MonkeyPatch.context() as patch:
        at_once(TOGETHER, patch)
        plan = planned(device, wanted, pat)
        question = asked(device, plan.steps)
        proof = prove.prove(question, plan.steps)
        assert told(proof) == told(Proof(plan.switches))
    assert told(prove.prove(*plainly(question, plan.steps))) == told(proof)


@settings(max_examples=40)
@given(changes_of_hubs())
def test_the_same_lines_come_whether_entries_are_looked_at_together_or_alone_and_each_proves_the_others_order(
    case: tuple[IosDevice, Intent, str],
) -> None:
    """What is looked at together is taken together, so that another line may come before it or after it."""
    plans = []
    for number in (TOGETHER, ALONE):
        with pytest.MonkeyPatch.context() as patch:
            at_once(number, patch)
            plans.append(planned(*case))
    lines = [[step.do for step in plan.steps] for plan in plans]
    assert sorted(map(str, lines[0])) == sorted(map(str, lines[1]))
    assert plans[0].after == plans[1].after
    for number, plan in ((ALONE, plans[0]), (TOGETHER, plans[1])):
        with pytest.MonkeyPatch.context() as patch:
            at_once(number, patch)
            assert told(prove.prove(asked(case[0], plan.steps), plan.steps)) == told(Proof(plan.switches))


@settings(max_examples=60)
@given(changes_of_hubs(), st.data())
def test_a_wrong_order_is_refused_whether_entries_are_looked_at_together_or_all_packets_after_every_line(
    case: tuple[IosDevice, Intent, str], data: st.DataObject
) -> None:
    device, wanted, pat = case
    steps = list(planned(device, wanted, pat).steps)
    if len(steps) < 2:
        return
    question = asked(device, steps)
    step = steps.pop(data.draw(st.integers(0, len(steps) - 1)))
    steps.insert(data.draw(st.integers(0, len(steps))), step)
    answers = []
    with pytest.MonkeyPatch.context() as patch:
        at_once(TOGETHER, patch)
        for one, chosen in ((question, steps), plainly(question, steps)):
            try:
                answers.append(told(prove.prove(one, chosen)))
            except Refused:
                answers.append([])
            except (KeyError, ValueError):
                # The device would not take it there.
                return
    assert answers[0] == answers[1]


@st.composite
def changes_of_initiators(draw: st.DrawFn) -> tuple[AsaDevice, Intent, Intent, str]:
    """A PIX whose tunnel gets other networks at the responder's end, in the midst of somebody else's entries."""
    networks = [f"10.{100 + number}.0.0/16" for number in range(8)]
    before, after = (
        draw(st.lists(st.sampled_from(networks), min_size=1, max_size=6, unique=True)) for _time in range(2)
    )
    text = draw(st.sampled_from(["", asa_worlds.PAT, asa_worlds.PAT + asa_worlds.WIDE]))
    device = asa_worlds.start(text)
    pat = draw(st.sampled_from(["foreign", "present"]))
    return device, intent([responder(networks=before)]), intent([responder(networks=after)]), pat


@settings(max_examples=25)
@given(changes_of_initiators())
def test_the_same_holds_for_an_initiator(case: tuple[AsaDevice, Intent, Intent, str]) -> None:
    device, first, then, pat = case
    scenario.replay(device, plan_asa(device, first, options(pat=pat)).steps)
    device.mode = ()
    with pytest.MonkeyPatch.context() as patch:
        at_once(TOGETHER, patch)
        plan = plan_asa(device, then, options(pat=pat))
        config = asa_parse.parse(device.text())
        question = Question(scenario.ASA, config, replayed(config, plan.steps))
        proof = prove.prove(question, plan.steps)
        assert told(proof) == told(Proof(plan.switches))
    if plan.steps:
        assert told(prove.prove(*plainly(question, plan.steps))) == told(proof)


# --- growth ---------------------------------------------------------------------------------------------------------


class Work:
    """How often anything was looked at: packets' pieces, and rows put into tables."""

    def __init__(self, patch: pytest.MonkeyPatch) -> None:
        self.pieces = self.rows = self.judged = 0
        treat, table, judge = View.treat, Rules.__init__, rule.State.judge

        def counted(view: View, enters: str, box: Any) -> Any:
            for found in treat(view, enters, box):
                self.pieces += 1
                yield found

        def made(rules: Rules, rows: Iterable[Rule]) -> None:
            table(rules, rows)
            self.rows += len(rules.rules)

        def judged(state: Any, *arguments: Any, **more: Any) -> Any:
            self.judged += 1
            return judge(state, *arguments, **more)

        patch.setattr(View, "treat", counted)
        patch.setattr(Rules, "__init__", made)
        patch.setattr(rule.State, "judge", judged)


def work_for(before: int, after: int, world: str, pat: str) -> Work:
    """What it takes to plan a hub of some sites into one of more or fewer."""
    text, live = PAT[world]
    device = ios_worlds.start(text, inside=live, outside=live)
    if before:
        scenario.replay(device, planned(device, hub(range(before)), pat).steps)
        device.mode = ()
    wanted = hub(range(after), range(after, before))
    config = ios_parse.parse(device.text(), device.show_access_lists())
    with pytest.MonkeyPatch.context() as patch:
        work = Work(patch)
        plan = ios_plan.make_plan(config, wanted, "hub", options(pat=pat))
    assert plan.steps
    return work


@pytest.mark.parametrize("world", ["none", "live"])
def test_four_times_as_many_sites_are_four_times_the_work(world: str) -> None:
    small, large = (work_for(0, sites, world, "present") for sites in (60, 240))
    assert large.pieces <= 4.5 * small.pieces
    # The tables of a hub are put in order anew a fixed number of times.
    assert large.rows <= 5 * small.rows
    assert large.judged <= small.judged + 8


def test_half_of_the_sites_go_with_four_times_the_work_where_they_are_four_times_as_many() -> None:
    small, large = (work_for(sites, sites // 2, "live", "present") for sites in (60, 240))
    assert large.pieces <= 4.5 * small.pieces
    assert large.rows <= 5 * small.rows
    assert large.judged <= small.judged + 8


@pytest.mark.parametrize("world", ["none", "live"])
def test_four_times_as_many_sites_are_four_times_the_steps_of_the_machine(world: str) -> None:
    def work(sites: int) -> int:
        text, live = PAT[world]
        device, wanted = ios_worlds.start(text, inside=live, outside=live), hub(range(sites))
        config = ios_parse.parse(device.text(), device.show_access_lists())
        return calls(lambda: ios_plan.make_plan(config, wanted, "hub", options(pat="present")))

    assert work(240) <= 5 * work(60)


@pytest.mark.parametrize("more", [1, -1])
def test_a_site_more_or_less_is_no_more_work_for_the_proof_however_many_there_are(more: int) -> None:
    """But its lists are read again, and what is wrong with the device is asked of each site."""
    small, large = (work_for(sites, sites + more, "live", "present") for sites in (60, 240))
    assert large.pieces <= small.pieces
    assert large.judged <= small.judged
    assert large.rows <= 4.5 * small.rows


def test_what_goes_with_exclusive_is_found_in_some_dozen_steps_for_each_entry() -> None:
    """As many foreign entries as sites: each is asked for by itself."""

    def work(sites: int) -> int:
        text, live = PAT["live"]
        device = ios_worlds.start(text, inside=live, outside=live)
        wanted = hub(range(sites))
        scenario.replay(device, planned(device, wanted, "present").steps)
        device.mode = ()
        foreign = [
            f"access-list 100 deny ip 10.2.1.0 0.0.0.255 172.{16 + n // 200}.{n % 200}.0 0.0.0.255\n"
            for n in range(sites)
        ]
        text = device.text().replace("access-list 100 ", f"{''.join(foreign)}access-list 100 ", 1)
        config = ios_parse.parse(text)
        found = ios_plan.make_plan(config, wanted, "hub", options(pat="present", exclusive=True))
        assert len(found.commands) == sites + 1
        return calls(lambda: ios_plan.make_plan(config, wanted, "hub", options(pat="present", exclusive=True)))

    assert work(240) <= 5 * work(60)


# --- initiators of many tunnels ---------------------------------------------------------------------------------------


def star(tunnels: int, absent: int = 0) -> Intent:
    """Tunnels to as many responders; the first of them go."""
    hubs = [
        responder(
            host=f"hub{n}", address=f"203.0.{n // 200}.{n % 200 + 1}", networks=[f"11.{n // 100}.{2 * (n % 100)}.0/24"]
        )
        for n in range(tunnels)
    ]
    spokes = [tunnel(name=f"t{n}", responder=f"hub{n}", state="absent" if n < absent else None) for n in range(tunnels)]
    return intent(hubs, spokes)


def many(**given: Any) -> Options:
    """Options for many tunnels: each list has its own name."""
    return options({"crypto_acl": "L2L-{tunnel}", "exemption_acl": "NO-NAT"}, **given)


def effort(before: int, wanted: Intent, pat: str, **more: Any) -> Work:
    """What it takes to plan an initiator of some tunnels into another one."""
    config = asa_parse.parse(asa_worlds.start().text())
    if before:
        config = replay_together(config, asa_plan.make_plan(config, star(before), "pix", many(pat=pat)).steps)
    with pytest.MonkeyPatch.context() as patch:
        work = Work(patch)
        assert asa_plan.make_plan(config, wanted, "pix", many(pat=pat), **more).steps
    return work


@pytest.mark.parametrize("pat", ["present", "foreign"])
@pytest.mark.parametrize("case", ["from nothing", "twice as many", "half of them go", "all go"])
def test_lines_of_an_initiator_are_judged_four_times_as_often_where_it_has_four_times_as_many_tunnels(
    case: str, pat: str
) -> None:
    """In service, and without a translation: by way of the temporary ACE, which is found out once for all tunnels."""

    def work(tunnels: int) -> Work:
        before = {"from nothing": 0, "twice as many": tunnels // 2}.get(case, tunnels)
        absent = tunnels // 2 if case == "half of them go" else 0
        return effort(before, star(tunnels, absent), pat, absent=case == "all go")

    small, large = work(20), work(80)
    assert large.judged <= 4.5 * small.judged
    assert large.pieces <= 5 * small.pieces


def test_a_tunnel_more_is_no_more_work_for_the_proof_however_many_an_initiator_has() -> None:
    small, large = (effort(tunnels, star(tunnels + 1), "foreign") for tunnels in (20, 80))
    assert large.judged == small.judged


def test_what_goes_with_exclusive_is_found_on_an_initiator_in_some_dozen_steps_for_each_entry() -> None:
    """As many foreign entries as tunnels, each of them alone in its list."""

    def work(tunnels: int) -> int:
        config = asa_parse.parse(asa_worlds.start().text())
        wanted, chosen = star(tunnels), many(pat="present", exclusive=True)
        config = replay_together(config, asa_plan.make_plan(config, wanted, "pix", chosen).steps)
        exempt = config.access_lists["NO-NAT"]
        foreign = tuple(
            Ace.between("permit", Prefix.parse("10.1.1.0/24"), Prefix.parse(f"172.16.{n}.0/24")) for n in range(tunnels)
        )
        config.access_lists["NO-NAT"] = AccessList("NO-NAT", (*foreign, *exempt.entries))
        held = asa_wanted.Wanted(config, chosen, for_version(config.version), wanted.tunnels)
        for one in wanted.tunnels:
            held.place(one)
        count = calls(lambda: held._take_foreign_exemptions(wanted.tunnels))
        assert held.target.access_lists["NO-NAT"] == exempt
        return count

    assert work(160) <= 5 * work(40)
