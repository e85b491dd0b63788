# Copyright: The netvpn.dynamic_l2l contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""Plans for real configurations: wrong orders are refused with packets that go wrong; order between devices; ``accept``."""

from __future__ import annotations

import re
from collections.abc import Sequence

import pytest
from _core.asa import parse as asa_parse
from _core.asa import plan as asa_plan
from _core.intent import ACCEPT, Intent
from _core.ios import parse as ios_parse
from _core.ios import plan as ios_plan
from _core.prove import Question, Refused, accepted, order, prove
from _core.steps import Plan, Step, replay
from _core.telling import EndsOtherwise
from core_support import asa_worlds, ios_worlds, scenario
from core_support.asa_device import AsaDevice
from core_support.asa_device import Refused as NotTaken
from core_support.ios_device import IosDevice
from core_support.packets import Packet, changes
from core_support.scenario import intent, options, plan_asa, plan_ios, responder, tunnel

P = Packet("10.1.1.5", "10.2.1.5")
ANSWER = Packet("10.2.1.5", "10.1.1.5")
LISTED = intent([responder(match_address=True)])


def asa_question(device: AsaDevice, plan: Plan, wanted: Intent) -> Question:
    config = asa_parse.parse(device.text())
    return Question(scenario.ASA, config, replay(config, plan.steps), ours=wanted.tunnels[0].region.boxes)


def found_on_device(device: AsaDevice, steps: Sequence[Step], packet: Packet) -> list[str]:
    """What the packet meets, drops struck, while the steps are typed at the test device; it may refuse one."""
    device = device.copy()
    seen = [device.fate(packet, incomplete="drop")]
    scenario.replay(device, steps, lambda: seen.append(device.fate(packet, incomplete="drop")))
    return changes(seen)


def refusal_of(question: Question, steps: Sequence[Step]) -> str:
    """What is said of a plan that is refused; empty where it is not."""
    try:
        prove(question, steps)
    except Refused as refusal:
        return str(refusal)
    return ""


# --- wrong plans ----------------------------------------------------------------------------------------------------

WORLDS = {"PAT": asa_worlds.PAT, "no NAT": "", "exempt already": asa_worlds.PAT + asa_worlds.WIDE}


@pytest.mark.parametrize("world", WORLDS)
def test_swapped_lines_are_refused_exactly_where_a_packet_really_goes_wrong(world: str) -> None:
    """Every line of the plan, at every other place where the device takes it."""
    device, chosen = asa_worlds.start(WORLDS[world]), options(pat="present")
    plan = plan_asa(device, intent(), chosen)
    packets = [P, Packet("10.1.1.5", "198.51.100.7"), Packet("10.1.1.9", "10.9.0.5")]
    question = asa_question(device, plan, intent())
    refused = 0
    for old in range(len(plan.steps)):
        for new in range(len(plan.steps)):
            steps = [step for index, step in enumerate(plan.steps) if index != old]
            steps.insert(new, plan.steps[old])
            try:
                found_on_device(device, steps, P)
            except NotTaken:
                continue
            wrong = any(len(seen) > 2 for packet in packets if (seen := found_on_device(device, steps, packet)))
            said = refusal_of(question, steps)
            if not said:
                assert not wrong, [step.do[0].shown for step in steps]
                continue
            if " is dropped" in said:
                # An entry without a list may stop everybody: no source tells, and the test device passes them on.
                continue
            refused += 1
            told = re.search(r"with '(.*)' a packet from (\S+) to (\S+) ", said)
            assert told
            assert told[1] in [line.shown for step in steps for line in step.do]
            if "of the device itself" not in said:
                assert len(found_on_device(device, steps, Packet(told[2], told[3]))) > 2, said
    assert refused or world != "PAT"


@pytest.mark.parametrize("world", WORLDS)
def test_a_plan_that_lacks_a_line_is_refused_where_the_line_counts(world: str) -> None:
    device = asa_worlds.start(WORLDS[world])
    plan = plan_asa(device, intent(), options(pat="present"))
    question = asa_question(device, plan, intent())
    whole = found_on_device(device, plan.steps, P)
    for left_out in range(len(plan.steps)):
        steps = [step for index, step in enumerate(plan.steps) if index != left_out]
        provided = frozenset().union(*(step.provides for step in steps))
        lost = plan.steps[left_out].provides - provided
        if any(step.needs & lost for step in steps):
            continue
        try:
            seen = found_on_device(device, steps, P)
        except NotTaken:
            continue
        if seen != whole:
            with pytest.raises(Refused):
                prove(question, steps)


# --- accept ---------------------------------------------------------------------------------------------------------


def test_a_plan_without_a_safe_order_goes_through_only_when_its_tunnel_accepts_what_happens_and_says_so() -> None:
    device = asa_worlds.start(asa_worlds.PAT)
    plan = plan_asa(device, intent(), options())
    question = asa_question(device, plan, intent())
    # The exemption first, whatever comes of it: nobody may type it later.
    first = [step for step in plan.steps if "NO-NAT" in step.do[0].shown]
    rest = [step for step in plan.steps if step not in first]
    chained = [
        Step(step.do, step.undo, step.provides, step.needs | {("exempt",)}, effect=step.effect, edits=step.edits)
        for step in rest
    ]
    first[-1] = Step(first[-1].do, first[-1].undo, frozenset({("exempt",)}), first[-1].needs, effect=first[-1].effect)
    with pytest.raises(
        Refused, match=r"with 'nat \(inside\) 0 access-list NO-NAT' .* accept: \[clear-while-changing\]"
    ):
        order(question, [*first, *chained])
    accepting = intent(tunnels=[tunnel(accept=["clear-while-changing"])])
    question = Question(question.platform, question.config, question.target, question.ours, accepted(accepting.tunnels))
    steps, proof = order(question, [*first, *chained])
    assert len(steps) == len(plan.steps)
    assert [finding.code for finding in proof.findings] == ["accepted-while-changing"]
    assert proof.findings[0].level == "warning"
    assert proof.findings[0].lines == ("nat (inside) 0 access-list NO-NAT",)


def test_a_safe_plan_is_the_same_whatever_its_tunnel_accepts() -> None:
    for text in WORLDS.values():
        device = asa_worlds.start(text)
        accepting = plan_asa(device, intent(tunnels=[tunnel(accept=list(ACCEPT))]), options(pat="present"))
        plain = plan_asa(device, intent(), options(pat="present"))
        assert accepting.commands == plain.commands
        assert accepting.findings == plain.findings


def test_a_tunnel_accepts_for_its_own_packets() -> None:
    both = intent(
        tunnels=[tunnel(accept="clear-while-changing"), tunnel(name="kobe", initiator="k", networks=["10.1.3.0/24"])]
    )
    assert accepted(both.tunnels) == {"clear-while-changing": both.tunnels[0].region}


# --- what the plan says -----------------------------------------------------------------------------------------------


def test_the_plan_says_line_by_line_which_packets_meet_something_else() -> None:
    plan = plan_asa(asa_worlds.start(asa_worlds.PAT), intent(), options())
    told = [
        (row["lines"], [(c["enters"], c["before"], c["after"]) for c in row["changes"]]) for row in plan.switch_data
    ]
    assert told == [
        (["crypto map IPSEC interface outside"], [("self", "in clear with its own source", "protected (192.168.1.2)")]),
        (["nat (inside) 0 access-list NO-NAT"], [("inside", "translated and in clear", "protected (192.168.1.2)")]),
    ]
    assert plan.switch_data[1]["changes"][0]["packet"] == "a packet from 10.1.1.1 to 10.2.1.1 that enters at inside"


# --- order between devices ----------------------------------------------------------------------------------------------


def leaks(asa: AsaDevice, ios: IosDevice, *, absent: bool, responder_first: bool) -> list[str]:
    """The lines after which the tunnel comes up and its answers leave the responder in clear."""
    asa, ios = asa.copy(), ios.copy()
    found: list[str] = []
    asa_steps = plan_asa(asa, LISTED, options(), absent=absent).steps
    ios_steps = plan_ios(ios, LISTED, options(), absent=absent).steps
    for device, steps in (
        ((ios, ios_steps), (asa, asa_steps)) if responder_first else ((asa, asa_steps), (ios, ios_steps))
    ):
        for step in steps:
            scenario.replay(device, [step])
            up = asa.fate(P, incomplete="drop").startswith("E") and any("dynamic" in r[0] for r in ios.entries.values())
            if up and ios.fate(ANSWER) in ("T", "X"):
                found.append(step.do[0].shown)
        device.mode = ()
    return found


def test_responders_come_first_when_tunnels_are_added_and_initiators_when_they_go() -> None:
    asa = asa_worlds.start(asa_worlds.PAT)
    ios = ios_worlds.start(ios_worlds.PAT, inside=True, outside=True)
    assert leaks(asa, ios, absent=False, responder_first=True) == []
    assert leaks(asa, ios, absent=False, responder_first=False) != []
    scenario.replay(asa, plan_asa(asa, LISTED, options()).steps)
    scenario.replay(ios, plan_ios(ios, LISTED, options()).steps)
    asa.mode = ios.mode = ()
    assert leaks(asa, ios, absent=True, responder_first=False) == []
    assert leaks(asa, ios, absent=True, responder_first=True) != []


def test_the_platforms_of_the_planners_look_at_what_they_plan() -> None:
    for platform, config in (
        (scenario.ASA, asa_parse.parse(asa_worlds.start().text())),
        (scenario.IOS, ios_parse.parse(ios_worlds.start().text())),
    ):
        assert platform.look(config).usual()
        assert not platform.reached(config)


# --- what nobody asked for --------------------------------------------------------------------------------------------

IDENTITY = "static (inside,dmz) 10.1.1.0 10.1.1.0 netmask 255.255.255.0\n"
RULE_OF_ALL = ios_worlds.RULE + "access-list 100 permit ip any any\n"


def test_pat_that_would_stop_what_goes_to_a_dmz_is_refused() -> None:
    """A `nat` counts for all lower interfaces, and there is no `global` for this one."""
    device, chosen = asa_worlds.start(asa_worlds.DMZ), options(pat="present")
    with pytest.raises(EndsOtherwise) as refusal:
        plan_asa(device, intent(), chosen)
    told = str(refusal.value)
    assert "which is in clear with its own source (no line translates or protects it)" in told
    assert (
        "ends as dropped (nat (inside) 1 0.0.0.0 0.0.0.0, no global (dmz) 1): no tunnel of the intent names it" in told
    )
    apart = plan_asa(asa_worlds.start(asa_worlds.DMZ + IDENTITY), intent(), chosen)
    assert "nat (inside) 1 0.0.0.0 0.0.0.0" in apart.commands
    loud = plan_asa(device, intent(tunnels=[tunnel(accept=["others-changed"])]), chosen)
    assert loud.commands == apart.commands
    assert [finding.level for finding in loud.findings if finding.code == "others-changed"] == ["warning"]


def test_a_role_that_would_wake_somebody_elses_translation_is_refused() -> None:
    """The rule of the router names more networks than the hub's, and no interface has a part yet."""
    lan2 = ios_worlds.start(RULE_OF_ALL)
    with pytest.raises(EndsOtherwise, match=r"ends as translated and in clear \(ip nat inside source list 100 "):
        plan_ios(lan2, LISTED, options(pat="present"))


def test_a_lease_is_from_no_network_that_the_intent_says_to_lie_inside() -> None:
    """No route tells so; else what is translated to the leased address might be what the crypto list permits."""
    far = intent(tunnels=[tunnel(networks=[{"prefix": "10.1.7.0/24", "interface": "inside"}])])
    for world in WORLDS.values():
        plan = plan_asa(asa_worlds.start(world), far, options(pat="present"))
        assert any(command.endswith("interface outside") for command in plan.commands)


# --- interfaces that are shut -----------------------------------------------------------------------------------------


@pytest.mark.parametrize("world", WORLDS)
@pytest.mark.parametrize("address", ["dhcp", "10.1.1.2 255.255.255.0"])
def test_an_initiators_order_is_the_same_while_an_interface_is_shut(world: str, address: str) -> None:
    text, chosen = asa_worlds.start(WORLDS[world]).text(), options(pat="present")
    shut = text.replace(f" ip address {address}", f" shutdown\n ip address {address}")
    assert shut != text
    plans = [asa_plan.make_plan(asa_parse.parse(each), intent(), "pix", chosen).commands for each in (text, shut)]
    assert plans[0] == plans[1]


@pytest.mark.parametrize("translating", [True, False])
@pytest.mark.parametrize("address", ["192.168.1.2 255.255.255.0", "10.2.1.1 255.255.255.0"])
def test_a_responders_order_is_the_same_while_an_interface_is_shut(translating: bool, address: str) -> None:
    device = ios_worlds.start(ios_worlds.PAT if translating else "", inside=translating, outside=translating)
    text, chosen = device.text(), options(pat="present")
    shut = text.replace(f" ip address {address}\n", f" ip address {address}\n shutdown\n")
    assert shut != text
    plans = [
        ios_plan.make_plan(ios_parse.parse(each, device.show_access_lists()), LISTED, "hub", chosen).commands
        for each in (text, shut)
    ]
    assert plans[0] == plans[1]
