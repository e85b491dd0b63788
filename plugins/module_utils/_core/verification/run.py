# Copyright: The netvpn.dynamic_l2l contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""One call for one device: read its configuration and its SAs, bring tunnels up where asked, judge.

Nothing is configured, saved or cleared.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from ..associations.reading import gather, named
from ..associations.sa import Associations
from ..errors import InputError, PlanError
from ..intent import Intent, Tunnel, parse_intent, refuse_choice, shown
from ..options import Options
from ..parts import part_of_host, wanted_tunnels
from ..run import PLATFORMS, Platform, read_options
from ..session import Cli, Session
from . import report
from .agreed import FAILED
from .bring_up import Attempt, Clock, Probe, SystemClock, asa_probes, bring_up, read_targets, require_reached
from .expect import Compile, check, read_expectations
from .judging import CONFIGURED, LEVELS, SINGLE_PLANS, TRAFFIC, Missing, judge
from .seen import Readings, Seen, look

#: A device that answers nothing takes ten seconds for a ping; nobody waits an hour for a tunnel.
LONGEST_WAIT = 3600


@dataclass(frozen=True)
class _Asked:
    """The options of this module, validated."""

    level: str
    tunnels: tuple[Tunnel, ...]
    bring_up: bool
    wait: int
    interval: int
    targets: tuple[int, ...]


def verify(
    request: Mapping[str, Any],
    *,
    check_mode: bool,
    open_session: Callable[[Cli], Session],
    compile_query: Compile,
    clock: Clock | None = None,
) -> dict[str, Any]:
    """Do what ``ipsec_verify`` was asked to do and return its result; whether that is a failure, the door decides.

    ``request`` holds the module's options with the real keys. The platform is that of the host's part in the intent.
    Raises CoreError; its text may be shown.
    """
    options = replace(read_options(request), update_secret="on_create")
    expectations = read_expectations(request.get("expect"), compile_query)
    intent = parse_intent(request.get("responders"), request.get("tunnels"))
    platform, host = part_of_host(request, intent)
    chosen = PLATFORMS[platform]
    asked = _asked(request, intent, host)
    session = open_session(chosen.cli)
    config, unread = _config(chosen, session)
    missing, planned = (
        (Missing(error=f"It is not known whether {host} holds the intent: {unread}", unsupported=True), {})
        if unread
        else _missing(chosen, config, intent, host, options, asked.tunnels)
    )
    readings: Readings | None = None
    attempts: tuple[Attempt, ...] = ()
    if asked.level != CONFIGURED:

        def read() -> Associations:
            return named(gather(session.transport, platform), intent, host)

        wake = asked.bring_up and not check_mode and chosen.role == "initiator"
        probes = asa_probes(config, asked.tunnels, asked.targets) if wake else ()
        readings, attempts = _watch(session, asked, host, probes, read, clock or SystemClock())
    empty = Readings(Associations(), Associations())
    seen = look(host, asked.tunnels, readings or empty)
    results = judge(host, seen, missing, readings, asked.level)
    document = _document(chosen, host, config, missing, seen, readings, attempts)
    results = (*results, *check(host, expectations, document))
    told = [result.as_dict() for result in results]
    return {
        "changed": False,
        **document,
        **planned,
        "results": told,
        "verified": not any(result.status == FAILED for result in results),
        "counts": report.counts(told),
        "table": report.table(told),
    }


def _asked(request: Mapping[str, Any], intent: Intent, host: str) -> _Asked:
    level = request.get("level") or TRAFFIC
    if level not in LEVELS:
        raise refuse_choice("level", level, LEVELS)
    tunnels = wanted_tunnels(request, intent, host)
    targets = read_targets(request.get("probe"))
    # The same addresses are given to all hosts, so what is behind another one's peer is right for that one.
    require_reached(targets, intent.tunnels)
    return _Asked(
        str(level),
        tunnels,
        bool(request.get("bring_up")),
        _seconds(request, "wait", 1, 30),
        _seconds(request, "interval", 0, 0),
        targets,
    )


def _seconds(request: Mapping[str, Any], option: str, low: int, default: int) -> int:
    value = request.get(option)
    if value is None:
        return default
    if isinstance(value, bool) or not isinstance(value, int) or not low <= value <= LONGEST_WAIT:
        raise InputError(
            option, shown(value), "out of range", f"Give a whole number from {low} to {LONGEST_WAIT} (seconds)"
        )
    return value


def _config(chosen: Platform, session: Session) -> tuple[Any, str]:
    """The configuration, or None and why not: SAs can be read of more releases than are planned for."""
    text = session.read()
    try:
        config = chosen.parse(text, session.supplements)
        chosen.for_version(config.version)
    except InputError as error:
        if error.option != "version":
            raise
        return None, str(error)
    return config, ""


def _missing(
    chosen: Platform, config: Any, intent: Intent, host: str, options: Options, tunnels: Sequence[Tunnel]
) -> tuple[Missing, dict[str, Any]]:
    """What the planner would send, and what of its plan goes into the result."""

    def alone() -> dict[str, tuple[str, ...] | str]:
        return _alone(chosen, config, intent, host, options, tunnels)

    try:
        plan = chosen.make_plan(config, intent, host, options)
    except (InputError, PlanError) as error:
        return Missing(error=f"{host} cannot be brought to the intent: {error}", of_tunnel=alone()), {}
    result = {
        "findings": [finding.as_dict() for finding in plan.findings],
        "diff": {
            "before": plan.before,
            "after": plan.after,
            "before_header": f"{host} (now)",
            "after_header": f"{host} (as the intent says)",
        },
    }
    return Missing(tuple(plan.commands), alone() if plan.commands else {}), result


def _alone(
    chosen: Platform, config: Any, intent: Intent, host: str, options: Options, tunnels: Sequence[Tunnel]
) -> dict[str, tuple[str, ...] | str]:
    """What would be sent if a tunnel were the only one that the intent names; why not, where there is no plan for it.

    A group of tunnels that lacks nothing lacks nothing for each of them, so a few bad ones among thousands are found by
    halving. After SINGLE_PLANS plans the rest is left open.
    """
    found: dict[str, tuple[str, ...] | str] = {}
    groups = [tuple(tunnels)] if tunnels else []
    for _plan in range(SINGLE_PLANS):
        if not groups:
            break
        group = groups.pop()
        lacking: tuple[str, ...] | str
        try:
            plan = chosen.make_plan(config, Intent(intent.responders, group), host, replace(options, partial=True))
        except (InputError, PlanError) as error:
            lacking = str(error)
        else:
            lacking = tuple(plan.commands)
        if len(group) == 1 or not lacking:
            found.update({tunnel.name: lacking for tunnel in group})
        else:
            groups += [group[len(group) // 2 :], group[: len(group) // 2]]
    return found


def _watch(
    session: Session,
    asked: _Asked,
    host: str,
    probes: Sequence[Probe],
    read: Callable[[], Associations],
    clock: Clock,
) -> tuple[Readings, tuple[Attempt, ...]]:
    """One or two readings; between two, tunnels are brought up, or time passes."""
    first = last = read()
    if probes:

        def settled(open_: Sequence[Probe]) -> dict[Probe, bool]:
            nonlocal last
            last = read()
            seen = {one.tunnel.name: one for one in look(host, asked.tunnels, Readings(first, last))}
            return {probe: _settled(probe, seen[probe.tunnel], asked.level) for probe in open_}

        attempts = bring_up(session.transport.read, probes, settled, asked.wait, clock)
        # packet-tracer only says what would happen to a packet: no counter has to grow.
        probed = frozenset(one.tunnel for one in attempts if one.answers is not None)
        return Readings(first, last, probed), attempts
    if asked.interval:
        clock.pause(asked.interval)
        last = read()
    return Readings(first, last), ()


def _settled(probe: Probe, one: Seen, level: str) -> bool:
    """Whether a probe's pair is up and, where traffic is asked for, packets of the tunnel went and came since."""
    if one.state(probe.pair) != "up":
        return False
    return level != TRAFFIC or bool(one.sent.more and one.received.more)


def _document(
    chosen: Platform,
    host: str,
    config: Any,
    missing: Missing,
    seen: Sequence[Seen],
    readings: Readings | None,
    attempts: Sequence[Attempt],
) -> dict[str, Any]:
    """What expressions are evaluated on; docs/verification.md names the keys."""
    return {
        "host": host,
        "role": chosen.role,
        "version": config.version if config else None,
        "configured": None if missing.unsupported else not (missing.commands or missing.error),
        "commands": list(missing.commands),
        "tunnels": [one.as_dict() for one in seen] if readings else [],
        "associations": readings.last.as_dict() if readings else None,
        "attempts": [attempt.as_dict() for attempt in attempts],
    }
