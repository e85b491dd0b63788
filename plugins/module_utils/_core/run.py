# Copyright: The netvpn.dynamic_l2l contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""One call for one device: read → validate → plan → apply → read back → save.

The doors (modules) give their options as they are and return what :func:`run` returns.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from .asa import dialect as asa_dialect
from .asa import model as asa_model
from .asa import parse as asa_parse
from .asa import plan as asa_plan
from .asa import render as asa_render
from .associations import aftermath
from .associations.clear import Words
from .audit import audit
from .errors import InputError, PlanError
from .intent import Intent, parse_intent, scalar
from .ios import dialect as ios_dialect
from .ios import model as ios_model
from .ios import parse as ios_parse
from .ios import plan as ios_plan
from .ios import render as ios_render
from .options import Names, Options, require_list_names
from .parts import meant
from .preflight import Checks, PreconditionError, asa_checks, failed, ios_checks
from .session import Cli, Session
from .steps import Finding, Plan


@dataclass(frozen=True)
class Platform:
    """What :func:`run` needs of a platform. ``Any`` is its configuration type, which only its own functions look into.

    ``blank`` makes a configuration that has nothing but a version and named interfaces.
    """

    name: str
    role: str
    cli: Cli
    for_version: Callable[[str], Any]
    parse: Callable[[str, Mapping[str, str]], Any]
    make_plan: Callable[..., Plan]
    owned_text: Callable[..., str]
    owned_data: Callable[..., dict[str, Any]]
    blank: Callable[[str, list[str]], Any]
    checks: Callable[[Any, Intent, str, Options], Checks]
    #: its name in code, and how a release clears what the device holds
    key: str
    clears: Callable[[str], Words]


def _parse_asa(text: str, _supplements: Mapping[str, str]) -> asa_model.AsaConfig:
    return asa_parse.parse(text)


def _blank_asa(version: str, interfaces: list[str]) -> asa_model.AsaConfig:
    return asa_model.AsaConfig(
        version=version, interfaces={name: asa_model.Interface(name, name) for name in interfaces}
    )


def _parse_ios(text: str, supplements: Mapping[str, str]) -> ios_model.IosConfig:
    return ios_parse.parse(text, next(iter(supplements.values()), ""))


def _blank_ios(version: str, interfaces: list[str]) -> ios_model.IosConfig:
    return ios_model.IosConfig(version=version, interfaces={name: ios_model.Interface(name) for name in interfaces})


PLATFORMS = {
    "asa": Platform(
        "PIX/ASA", "initiator", asa_dialect.CLI, asa_dialect.for_version, _parse_asa, asa_plan.make_plan,
        asa_render.owned_text, asa_render.owned_data, _blank_asa, asa_checks, "asa", asa_dialect.clears,
    ),
    "ios": Platform(
        "IOS", "responder", ios_dialect.CLI, ios_dialect.for_version, _parse_ios, ios_plan.make_plan,
        ios_render.owned_text, ios_render.owned_data, _blank_ios, ios_checks, "ios", ios_dialect.clears,
    ),
}  # fmt: skip


def run(
    platform: str,
    request: Mapping[str, Any],
    *,
    check_mode: bool,
    open_session: Callable[[Cli], Session],
    keep: Callable[[str, str], str] | None = None,
) -> dict[str, Any]:
    """Do what a module was asked to do and return its result.

    ``request`` holds the module's options with the real keys. ``open_session`` is called at most once, and never for
    the states ``rendered`` and ``parsed``. ``keep`` is given the running configuration, keys and all, and the host's name
    before anything is sent, and returns where it put it. Raises CoreError; its text may be shown.
    """
    chosen = PLATFORMS[platform]
    state = request["state"]
    if state == "parsed":
        return {"changed": False, "parsed": _parsed(chosen, _required(request, "running_config"))}
    options = read_options(request)
    if state == "gathered":
        return _gathered(chosen, request, options, open_session)
    intent = parse_intent(request.get("responders"), request.get("tunnels"))
    host = _host(chosen, request, intent)
    if chosen.role == "initiator" and state != "absent":
        require_list_names(options.names, intent.of_initiator(host))
    if state == "rendered":
        config = _start(chosen, request, intent, host, options)
        plan = chosen.make_plan(config, intent, host, options)
        findings = [item.as_dict() for item in plan.findings]
        return {"changed": False, "rendered": plan.commands, "findings": findings, "switches": plan.switch_data}
    session = open_session(chosen.cli)
    before = session.read()
    kept = keep(before, host) if keep and not check_mode else None
    result = _bring_about(chosen, request, intent, host, options, check_mode, session, before)
    return result if kept is None else {**result, "backup_path": kept}


def _gathered(
    chosen: Platform, request: Mapping[str, Any], options: Options, open_session: Callable[[Cli], Session]
) -> dict[str, Any]:
    """The device as it is, and what is wrong with it: for the tunnels of the intent where one is given."""
    intent, host = None, ""
    if all(request.get(option) for option in ("host", "responders", "tunnels")):
        intent = parse_intent(request["responders"], request["tunnels"])
        host = _host(chosen, request, intent)
    session = open_session(chosen.cli)
    config = chosen.parse(session.read(), session.supplements)
    return {
        "changed": False,
        "gathered": chosen.owned_data(config, None, chosen.for_version(config.version)),
        "findings": [item.as_dict() for item in audit(config, intent, host, options)],
    }


def _bring_about(
    chosen: Platform,
    request: Mapping[str, Any],
    intent: Intent,
    host: str,
    options: Options,
    check_mode: bool,
    session: Session,
    before: str,
) -> dict[str, Any]:
    """``present`` and ``absent``: the whole plan before the first write, and the proof afterwards."""
    config = chosen.parse(before, session.supplements)
    dialect = chosen.for_version(config.version)
    absent = request["state"] == "absent"
    plan = chosen.make_plan(config, intent, host, options, absent=absent)
    _refuse_untypable(plan)
    words = chosen.clears(config.version)
    left = aftermath.look(chosen.key, words, config, plan, intent, host, options, session.transport, absent=absent)
    plan = left.plan
    checked: list[Finding] = []
    mode = request.get("preflight") or "skip"
    # Only before lines that are to be sent: a run without any stays quick and silent.
    if plan.steps and not absent and mode != "skip":
        checked = chosen.checks(config, intent, host, options).carry_out(session.transport.read)
        if mode == "fail" and failed(checked):
            raise PreconditionError(failed(checked))
    if not check_mode:
        session.apply(plan.steps, before)
        if plan.steps:
            _prove(chosen, session, plan, before)
            left.finish(session)
    result: dict[str, Any] = {
        "changed": bool(plan.steps),
        "commands": plan.commands,
        "diff": {
            "before": plan.before,
            "after": plan.after,
            "before_header": f"{host} (before)",
            "after_header": f"{host} (after)",
        },
        "before": chosen.owned_data(config, plan.scope, dialect),
        "after": plan.after_data,
        "findings": [item.as_dict() for item in (*plan.findings, *checked, *left.findings)],
        "switches": plan.switch_data,
        **left.result(),
        "saved": False,
    }
    if not check_mode:
        if request["save"] == "always" or (request["save"] == "changed" and plan.steps):
            session.save()
            result["saved"] = True
    return result


def _refuse_untypable(plan: Plan) -> None:
    """What a device holds comes back in removals and on the way back: it must be a line that can be typed."""
    for line in (line for step in plan.steps for line in (*step.do, *step.undo)):
        if "?" in line.sent or not line.sent.isprintable():
            shown = "".join(char if char.isprintable() else repr(char)[1:-1] for char in line.shown)
            raise PlanError(
                f"'{shown}' would have to be typed, and holds '?' or a control character, which the command line does "
                "not take. Take it out on the device first; nothing was changed."
            )


def _prove(chosen: Platform, session: Session, plan: Plan, before: str) -> None:
    """Read back and compare with what was computed; undo when the device does not hold it."""
    held = chosen.parse(session.read(), session.supplements)
    text = chosen.owned_text(held, plan.scope, chosen.for_version(held.version))
    if _proof(text) != _proof(plan.after):
        missing = [line for line in plan.after.splitlines() if line not in text.splitlines()]
        extra = [line for line in text.splitlines() if line not in plan.after.splitlines()]
        detail = "; ".join(
            [
                *(f"missing '{line.strip()}'" for line in missing[:3]),
                *(f"not expected '{line.strip()}'" for line in extra[:3]),
            ]
        )
        raise session.undo(
            plan.steps,
            before,
            f"the device took every line but does not hold what was wanted ({detail or 'other order'})",
        )


def _proof(text: str) -> tuple[list[str], list[str]]:
    """What must be equal: the lines in their order, and the remarks of lists in any.

    A remark has no number; where one stands once an entry was inserted next to it is the device's choice.
    """
    rows: tuple[list[str], list[str]] = ([], [])
    for line in text.splitlines():
        rows[bool(re.match(r"(access-list \S+)? remark ", line))].append(line)
    return rows[0], sorted(rows[1])


def _parsed(chosen: Platform, text: str) -> dict[str, Any]:
    config = chosen.parse(text, {})
    return chosen.owned_data(config, None, chosen.for_version(config.version))


def read_options(request: Mapping[str, Any]) -> Options:
    given = {key: request.get(key) for key in Options.__dataclass_fields__ if key != "names"}
    return Options(
        names=Names.read(request.get("names")), **{key: value for key, value in given.items() if value is not None}
    )


def _required(request: Mapping[str, Any], option: str) -> str:
    text = scalar(request.get(option))
    if not text:
        raise InputError(option, None, f"state {request['state']} needs it", f"Give {option}")
    return text


def _host(chosen: Platform, request: Mapping[str, Any], intent: Intent) -> str:
    """The device's name in the intent; refuses the wrong platform for its part."""
    host = _required(request, "host")
    initiates, responds = bool(intent.of_initiator(host)), intent.responder(host) is not None
    if chosen.role == "initiator" and responds:
        raise InputError(
            "host", host, "it is a responder, and a PIX/ASA can only initiate here", "Use ios_ipsec_l2l for this host"
        )
    if chosen.role == "responder" and initiates:
        raise InputError(
            "host",
            host,
            "it is an initiator, and an IOS router can only respond here",
            "Use asa_ipsec_l2l for this host",
        )
    if not (initiates or responds):
        raise InputError(
            "host",
            host,
            f"no tunnel of the intent has this {chosen.role}",
            f"It is the inventory name, as the intent writes it: {_known(chosen, intent, host)}",
        )
    return host


def _known(chosen: Platform, intent: Intent, host: str) -> str:
    """The names of the platform's hosts that may be meant."""
    initiators = {tunnel.initiator for tunnel in intent.tunnels}
    return meant(host, sorted(initiators if chosen.role == "initiator" else {one.host for one in intent.responders}))


def _start(chosen: Platform, request: Mapping[str, Any], intent: Intent, host: str, options: Options) -> Any:
    """What ``rendered`` starts from: the given configuration, or nothing but the interfaces that the options name."""
    if request.get("running_config"):
        return chosen.parse(str(request["running_config"]), {})
    outside = _required(request, "outside_interface")
    version = _required(request, "version")
    chosen.for_version(version)
    responder = intent.responder(host)
    networks = [n for t in intent.of_initiator(host) for n in t.networks] + list(
        responder.networks if responder else ()
    )
    unnamed = next((network for network in networks if not network.interface), None)
    if unnamed:
        raise InputError(
            "networks",
            unnamed,
            "without running_config nobody knows the interface behind which it lies",
            f"Write {{prefix: {unnamed}, interface: …}}, or give running_config",
        )
    return chosen.blank(version, [outside, *dict.fromkeys(str(network.interface) for network in networks)])
