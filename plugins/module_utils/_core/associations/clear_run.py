# Copyright: The netvpn.dynamic_l2l contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""One call of ``ipsec_clear`` for one device: ask what there is → type what clears it → ask again."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from typing import Any

from ..errors import DeviceError, InputError, ReadError, TransportError
from ..intent import Intent, parse_intent
from ..parts import part_of_host, wanted_tunnels
from ..run import PLATFORMS
from ..session import Cli, Session, first_words
from .clear import Clearance, Target, chosen_of, clearance, counts, kinds, outcome, session_stays
from .reading import gather, named
from .sa import Associations

#: What a device is, by a row of ``show version`` (asa-cli.md §2; ntc-templates for IOS), and its release.
_KINDS = (
    ("asa", re.compile(r"\s*Cisco (?:PIX|Adaptive) ?(?:Security Appliance|Firewall) (?:Software )?Version (\S+).*")),
    ("ios", re.compile(r"\s*(?:Cisco )?(?:IOS|Internetwork Operating System) .*?(?:, Version ([^, ]+).*)?")),
)
_VERSION = "show  version"


def clear(request: Mapping[str, Any], *, check_mode: bool, open_session: Callable[[Cli], Session]) -> dict[str, Any]:
    """Do what ``ipsec_clear`` was asked to do and return its result.

    ``request`` holds the module's options with the real keys. In check mode nothing is cleared. Raises CoreError.
    """
    target = Target.read(request.get("tunnel"), request.get("peer"), request.get("all"))
    what = kinds(request.get("what"))
    intent, part, host = _intent(request, target)
    session = open_session(PLATFORMS["asa"].cli)
    try:
        platform, version = _device(session)
        chosen = PLATFORMS[platform]
        if intent is not None and part != platform:
            raise InputError(
                "host",
                host,
                f"the intent has it as {PLATFORMS[part].role}, and the device is {PLATFORMS[platform].name}",
                "Look at ansible_host of this host, and at its part in the intent",
            )
        session.cli = chosen.cli

        def ask() -> Associations:
            found = gather(session.transport, platform)
            return named(found, intent, host) if intent is not None else found

        found = ask()
        if found.truncated:
            session.transport.drop()
            raise ReadError("what the device said of its SAs ends too early, and the connection was closed. Run again")
    except TransportError as error:
        raise TransportError(f"{error} Nothing was cleared.") from None
    words = chosen.clears(version)
    todo = clearance(found, target, what, words)
    result: dict[str, Any] = {
        "changed": bool(todo.commands),
        "commands": [item.command for item in todo.commands],
        "cleared": [item.as_dict() for item in todo.commands],
        "also": todo.also,
        "before": counts(todo.chosen),
        "after": None if check_mode else counts(todo.chosen),
        "findings": list(todo.findings),
    }
    if todo.commands and not check_mode:
        session.clear(result["commands"])
        after = _again(ask(), target, what, todo)
        result["after"] = counts(after)
        told = outcome(todo.chosen, after, todo.commands)
        sessions = {words.session.format(peer=item.peer): item.peer for item in todo.commands if words.session}
        refused = [pair for pair in session.unheeded if pair[0] not in sessions]
        if refused and (after.ike or any(finding.level == "warning" for finding in told)):
            raise _refused(refused[0], after)
        told += [session_stays(line, sessions[line], said) for line, said in session.unheeded if line in sessions]
        result["findings"] += told
    return {**result, "findings": [finding.as_dict() for finding in result["findings"]]}


def _again(found: Associations, target: Target, what: tuple[str, ...], todo: Clearance) -> Associations:
    """The chosen SAs after the commands. IKE SAs without IPsec SAs have no tunnel's name: those with the same peers count."""
    after = chosen_of(found, target, what)
    if not target.tunnels:
        return after
    peers = {sa.peer for sa in todo.chosen.ike}
    return Associations(tuple(sa for sa in found.ike if sa.peer in peers and not sa.deleted), after.ipsec)


def _intent(request: Mapping[str, Any], target: Target) -> tuple[Intent | None, str, str]:
    """The intent, the platform of the device's part in it, and its name; None where none is given: only tunnels need one."""
    if not all(request.get(option) for option in ("host", "responders", "tunnels")):
        if target.tunnels:
            raise InputError(
                "tunnel",
                ", ".join(target.tunnels),
                "nobody knows which associations are of this tunnel without the intent",
                "Give host, responders and tunnels too, or peer: ADDRESS instead",
            )
        return None, "", ""
    intent = parse_intent(request["responders"], request["tunnels"])
    part, host = part_of_host(request, intent)
    wanted_tunnels({"tunnel": target.tunnels}, intent, host)
    return intent, part, host


def _device(session: Session) -> tuple[str, str]:
    """The platform, and its release (empty where it is not told and not needed)."""
    answer = session.transport.read(_VERSION)
    for row in answer.splitlines():
        for platform, pattern in _KINDS:
            if found := pattern.fullmatch(row.rstrip()):
                return platform, found[1] or ""
    raise ReadError(
        f"'show version' does not tell what the device is ({first_words(answer, _VERSION)}). Is it a PIX/ASA or an IOS "
        "router? Nothing was cleared"
    )


def _refused(refusal: tuple[str, str], after: Associations) -> DeviceError:
    line, answer = refusal
    left = sum(counts(after).values())
    return DeviceError(
        f"the device did not take '{line}': {answer}. {left} of the SAs that were meant are there. Log in as a user who may "
        "type that, then run again",
        line,
        answer,
    )
