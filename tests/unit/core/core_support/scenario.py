# Copyright: The netvpn.dynamic_l2l contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""The reference scenario as data, and what is done with plans in many tests: typing them, undoing them."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, Protocol

from _core.asa import parse as asa_parse
from _core.asa import plan as asa_plan
from _core.asa import render as asa_render
from _core.intent import Intent, parse_intent
from _core.ios import parse as ios_parse
from _core.ios import plan as ios_plan
from _core.ios import render as ios_render
from _core.options import Names, Options
from _core.proven import platform
from _core.steps import Plan, Step, typed

from .asa_device import AsaDevice
from .ios_device import IosDevice

#: How the planners look at configurations.
ASA, IOS = platform(asa_render.reached), platform(ios_render.reached)

KEY = "cisco123"
REFERENCE_NAMES = {
    "crypto_map": "IPSEC",
    "transform_set": "DYN-TS",
    "crypto_acl": "IPSec-traffic",
    "exemption_acl": "NO-NAT",
    "dynamic_map": "DYN",
    "nat_acl": "100",
}


class Device(Protocol):
    """What the two device models have in common."""

    def type(self, line: str) -> None: ...
    def state(self) -> list[str]: ...
    def text(self) -> str: ...


def responder(**changed: Any) -> dict[str, Any]:
    """The reference's router, as the user writes it."""
    data: dict[str, Any] = {
        "host": "hub",
        "address": "192.168.1.2",
        "networks": ["10.2.1.0/24"],
        "suite": "reference",
        "allow_weak_crypto": "broken",
        "match_address": False,
        "pre_shared_key": KEY,
    }
    return {key: value for key, value in {**data, **changed}.items() if value is not None}


def tunnel(**changed: Any) -> dict[str, Any]:
    """The reference's tunnel, as the user writes it."""
    data = {"name": "osaka", "initiator": "pix", "responder": "hub", "networks": ["10.1.1.0/24"]}
    return {key: value for key, value in {**data, **changed}.items() if value is not None}


def intent(
    responders: Sequence[dict[str, Any]] | None = None, tunnels: Sequence[dict[str, Any]] | None = None
) -> Intent:
    """The reference's intent, or another one."""
    return parse_intent([responder()] if responders is None else responders, [tunnel()] if tunnels is None else tunnels)


def options(names: dict[str, Any] | None = None, **given: Any) -> Options:
    """Options with the reference's names; ``names={}`` for the defaults."""
    return Options(names=Names.read(REFERENCE_NAMES if names is None else names), **given)


def plan_asa(device: AsaDevice, wanted: Intent, chosen: Options, *, host: str = "pix", absent: bool = False) -> Plan:
    """The plan for a device model, read through its text."""
    return asa_plan.make_plan(asa_parse.parse(device.text()), wanted, host, chosen, absent=absent)


def plan_ios(device: IosDevice, wanted: Intent, chosen: Options, *, host: str = "hub", absent: bool = False) -> Plan:
    """The same for IOS; the list numbers come from ``show access-lists``."""
    config = ios_parse.parse(device.text(), device.show_access_lists())
    return ios_plan.make_plan(config, wanted, host, chosen, absent=absent)


def replay(device: Device, steps: Sequence[Step], watch: Callable[[], None] | None = None) -> None:
    """Type all steps exactly as a session does; ``watch`` is called after each line."""
    lines, _mode = typed(line for step in steps for line in step.do)
    for line in lines:
        device.type(line.sent)
        if watch:
            watch()


def undo(device: Device, steps: Sequence[Step]) -> None:
    """Take steps back, the last one first."""
    lines, _mode = typed(line for step in reversed(steps) for line in step.undo)
    for line in lines:
        device.type(line.sent)


def walk(device: Device, plan: Plan, fate: Callable[[], str], kind: Callable[[str], str]) -> str:
    """What one packet meets while a plan is typed: ``T; E 192.168.1.2 at nat0``. Drops are struck.

    ``kind`` names a line shortly.
    """
    told: list[str] = []
    last = ""
    lines, _mode = typed(plan.lines)
    for line in (None, *lines):
        if line is not None:
            device.type(line.sent)
        now = fate()
        if now not in ("D", last):
            told.append(now if line is None or not told else f"{now} at {kind(line.shown)}")
            last = now
    return "; ".join(told)


def kinds(plan: Plan, kind: Callable[[str], str]) -> str:
    """The kinds of a plan's commands, each run of equal ones once."""
    result: list[str] = []
    for command in plan.commands:
        if command != "exit" and (name := kind(command)) and (not result or result[-1] != name):
            result.append(name)
    return ", ".join(result)
