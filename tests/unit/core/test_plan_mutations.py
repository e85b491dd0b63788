# Copyright: The netvpn.dynamic_l2l contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""Plans of both platforms with one line dropped, or with two swapped: refused wherever a packet really goes wrong.

What a packet really meets is said by the test devices, which take the lines as text (``core_support``).
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

import pytest
from _core.asa import parse as asa_parse
from _core.intent import Intent
from _core.ios import parse as ios_parse
from _core.prefixes import Region
from _core.prove import Question, Refused, prove
from _core.steps import Step, replay
from core_support import asa_worlds, ios_worlds, scenario
from core_support.asa_device import AsaDevice
from core_support.asa_device import Refused as NotTakenByAsa
from core_support.ios_device import IosDevice
from core_support.ios_device import Refused as NotTakenByIos
from core_support.packets import Packet, changes
from core_support.scenario import intent, options, plan_asa, plan_ios, responder, tunnel

NotTaken = (NotTakenByAsa, NotTakenByIos)


@dataclass(frozen=True)
class Case:
    """A device, what is wanted of it, and packets of the tunnel, of the Internet and of others that are looked at.

    ``first`` is what it was brought to before.
    """

    device: AsaDevice | IosDevice
    wanted: Intent
    absent: bool = False
    first: Intent | None = None
    chosen: dict[str, Any] = field(default_factory=dict)

    def plan(self) -> tuple[AsaDevice | IosDevice, tuple[Step, ...]]:
        """The device as it is before the plan, and the plan's steps."""
        device = self.device.copy()
        if self.first:
            scenario.replay(device, _steps(device, self.first, self.chosen))
            device.mode = ()
        return device, _steps(device, self.wanted, self.chosen, absent=self.absent)

    def packets(self) -> list[Packet]:
        """Packets that the device sends outside."""
        out = [
            Packet("10.1.1.5", "10.2.1.5"),
            Packet("10.1.3.5", "10.2.1.5"),
            Packet("10.1.1.5", "198.51.100.7"),
            Packet("10.1.1.5", "10.9.0.5"),
        ]
        back = [Packet("10.2.1.5", there) for there in ("10.1.1.5", "10.1.3.5", "198.51.100.7", "10.9.0.5")]
        return out if isinstance(self.device, AsaDevice) else back


def _steps(
    device: AsaDevice | IosDevice, wanted: Intent, chosen: dict[str, Any], *, absent: bool = False
) -> tuple[Step, ...]:
    if isinstance(device, AsaDevice):
        return plan_asa(device, wanted, options(**chosen), absent=absent).steps
    return plan_ios(device, wanted, options(**chosen), absent=absent).steps


def question(device: AsaDevice | IosDevice, steps: Sequence[Step], wanted: Intent) -> Question:
    ours = Region()
    for each in wanted.tunnels:
        ours = ours.union(each.region)
    if isinstance(device, AsaDevice):
        asa = asa_parse.parse(device.text())
        return Question(scenario.ASA, asa, replay(asa, steps), ours=ours.boxes)
    ios = ios_parse.parse(device.text(), device.show_access_lists())
    return Question(scenario.IOS, ios, replay(ios, steps), ours=ours.boxes)


def met(device: AsaDevice | IosDevice, packet: Packet) -> str:
    return device.fate(packet, incomplete="drop") if isinstance(device, AsaDevice) else device.fate(packet)


def seen(device: AsaDevice | IosDevice, steps: Sequence[Step], packet: Packet) -> list[str]:
    """What a packet meets while the steps are typed, drops struck; the device may refuse a line."""
    device = device.copy()
    found = [met(device, packet)]
    scenario.replay(device, steps, lambda: found.append(met(device, packet)))
    return changes(found)


def refusal(asked: Question, steps: Sequence[Step]) -> str:
    """What is said of a plan that is refused; empty where it is not."""
    try:
        prove(asked, steps)
    except Refused as refused:
        return str(refused)
    return ""


TWO = [tunnel(networks=["10.1.1.0/24", "10.1.3.0/24"])]
LISTED = responder(match_address=True)
KOBE = tunnel(name="kobe", initiator="pix-kobe", networks=["10.1.3.0/24"])
DENY = "access-list 100 deny   ip 10.2.1.0 0.0.0.255 10.1.1.0 0.0.0.255\n"

_TRANSLATING = ios_worlds.start(ios_worlds.PAT, inside=True, outside=True)
_OTHERS = ios_worlds.OTHERS_DENY + ios_worlds.PERMIT + ios_worlds.OTHERS

ASA: dict[str, Case] = {
    "PAT": Case(asa_worlds.start(asa_worlds.PAT), intent()),
    "no translation": Case(asa_worlds.start(), intent(), chosen={"pat": "present"}),
    "map bound by others": Case(asa_worlds.start(asa_worlds.PAT + asa_worlds.OTHERS), intent()),
    "exempt already, map bound by others": Case(
        asa_worlds.start(asa_worlds.PAT + asa_worlds.WIDE + asa_worlds.OTHERS), intent()
    ),
    "a network more": Case(
        asa_worlds.start(asa_worlds.PAT + asa_worlds.ROUTE), intent([LISTED], TWO), first=intent([LISTED])
    ),
    "a network less": Case(
        asa_worlds.start(asa_worlds.PAT + asa_worlds.ROUTE), intent([LISTED]), first=intent([LISTED], TWO)
    ),
    "gone": Case(asa_worlds.start(asa_worlds.PAT), intent(), absent=True, first=intent()),
}
IOS: dict[str, Case] = {
    "rule active": Case(_TRANSLATING, intent([LISTED])),
    "rule active, without a list": Case(_TRANSLATING, intent()),
    "no translation": Case(ios_worlds.start(), intent([LISTED]), chosen={"pat": "present"}),
    "no translation, without a list": Case(ios_worlds.start(), intent(), chosen={"pat": "present"}),
    "exempt already": Case(
        ios_worlds.start(ios_worlds.RULE + DENY + ios_worlds.PERMIT, inside=True, outside=True), intent([LISTED])
    ),
    "map bound by others": Case(
        ios_worlds.start(ios_worlds.RULE + _OTHERS, inside=True, outside=True, bound="OUTSIDE"), intent([LISTED])
    ),
    "exempt already, map bound by others": Case(
        ios_worlds.start(ios_worlds.RULE + DENY + _OTHERS, inside=True, outside=True, bound="OUTSIDE"),
        intent([LISTED]),
    ),
    "an initiator more": Case(_TRANSLATING, intent([LISTED], [tunnel(), KOBE]), first=intent([LISTED])),
    "an initiator less": Case(
        _TRANSLATING,
        intent([LISTED], [tunnel(), {**KOBE, "state": "absent"}]),
        first=intent([LISTED], [tunnel(), KOBE]),
    ),
    "gone": Case(_TRANSLATING, intent([LISTED]), absent=True, first=intent([LISTED])),
}
CASES = {
    f"{platform}, {name}": case for platform, cases in (("PIX", ASA), ("IOS", IOS)) for name, case in cases.items()
}


def moved(steps: Sequence[Step]) -> Iterator[list[Step]]:
    """Each step at every other place."""
    for old in range(len(steps)):
        rest = [step for index, step in enumerate(steps) if index != old]
        for new in range(len(steps)):
            if new != old:
                yield [*rest[:new], steps[old], *rest[new:]]


@pytest.mark.parametrize("name", CASES)
def test_lines_that_are_swapped_are_refused_where_a_packet_goes_wrong_and_only_there(name: str) -> None:
    case = CASES[name]
    device, steps = case.plan()
    asked = question(device, steps, case.wanted)
    assert refusal(asked, steps) == ""
    for way in moved(steps):
        try:
            wrong = [packet for packet in case.packets() if len(seen(device, way, packet)) > 2]
        except NotTaken:
            continue
        said = refusal(asked, way)
        lines = [step.do[0].shown for step in way]
        if not said:
            assert not wrong, (wrong, lines)
            continue
        told = re.search(r"with '(.*)' a packet (?:from (\S+) to (\S+) )?", said)
        assert told, said
        assert told[1] in [line.shown for step in way for line in step.do]
        if " is dropped" in said or "of the device itself" in said or not told[2]:
            # What is dropped is none of the test devices' business, nor what the device itself sends.
            continue
        packet = Packet(told[2], told[3])
        if met(device, packet) != "D":
            assert len(seen(device, way, packet)) > 2, (said, lines)


@pytest.mark.parametrize("name", CASES)
def test_a_plan_that_lacks_a_line_is_refused_wherever_the_line_counts(name: str) -> None:
    case = CASES[name]
    device, steps = case.plan()
    asked = question(device, steps, case.wanted)
    whole = {packet: seen(device, steps, packet) for packet in case.packets()}
    counted = 0
    for left_out, step in enumerate(steps):
        rest = [*steps[:left_out], *steps[left_out + 1 :]]
        lost = step.provides.difference(*(other.provides for other in rest))
        if any(other.needs & lost for other in rest):
            continue
        try:
            differs = any(seen(device, rest, packet) != whole[packet] for packet in whole)
        except NotTaken:
            continue
        if differs:
            counted += 1
            with pytest.raises(Refused):
                prove(asked, rest)
    # Of a tunnel that goes wholly the device itself refuses what would follow without the line that switches.
    assert counted or case.absent
