# Copyright: The netvpn.dynamic_l2l contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""One call for one device: its configuration, its SAs, its log, and what is wrong there.

What the device says is returned too, as far as it may be shown: both ends' evidence together tells more than each alone.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from ..associations.reading import gather, named
from ..errors import CoreError
from ..intent import Intent, parse_intent
from ..parts import part_of_host, wanted_tunnels
from ..run import PLATFORMS, Platform
from ..session import Cli, Session
from ..verification.bring_up import Clock, SystemClock, asa_probes, read_targets, require_reached
from .collect import DEBUGGING, Listener, Request, collect
from .diagnose import End, diagnose
from .evidence import KEYS
from .exposed import exposed
from .narrow import has_the_intents_key

_OPTIONS = ("allow_debug", "seconds", "peer", "max_cpu")


def diagnose_device(
    request: Mapping[str, Any],
    *,
    check_mode: bool,
    open_session: Callable[[Cli], Session],
    clock: Clock | None = None,
) -> dict[str, Any]:
    """Do what ``ipsec_diagnose`` was asked to do and return its result.

    ``request`` holds the module's options with the real keys. In check mode nothing is debugged and no packet is sent.
    Raises CoreError; its text may be shown.
    """
    intent = parse_intent(request.get("responders"), request.get("tunnels"))
    platform, host = part_of_host(request, intent)
    tunnels = wanted_tunnels(request, intent, host)
    targets = read_targets(request.get("probe"))
    require_reached(targets, intent.tunnels)
    asked = {option: request[option] for option in _OPTIONS if request.get(option) is not None}
    if check_mode:
        asked["allow_debug"] = False
    Request(**asked)
    chosen = PLATFORMS[platform]
    session = open_session(chosen.cli)
    text = session.read()
    supplement = next(iter(session.supplements.values()), "")
    found = named(gather(session.transport, platform), intent, host)
    config = _config(chosen, text, session)
    probes: tuple[str, ...] = ()
    if request.get("bring_up") and not check_mode and platform == "asa":
        # A ping through each tunnel: what makes an initiator negotiate.
        probes = tuple(probe.command for probe in asa_probes(config, tunnels, targets) if probe.command)
        if not asked.get("allow_debug"):
            # Without debugging the packets go before the log is read, so that it tells of them.
            for command in probes:
                session.transport.read(command)
            probes = ()
    transport: Listener = session.transport  # type: ignore[assignment]  # the doors' transports listen, too
    collected = collect(
        transport, DEBUGGING[platform], Request(**asked, probe=probes), clock or SystemClock(), _keys(intent)
    )
    log = collected.as_dict()["log"]
    diagnosis = diagnose({host: End((log,), platform, text, supplement, found)}, intent)
    present = [tunnel for tunnel in (*intent.of_initiator(host), *intent.of_responder(host)) if tunnel.present]
    return {
        "changed": False,
        "host": host,
        "platform": platform,
        "diagnosis": diagnosis.as_dict(),
        "commands": list(collected.commands),
        "conditional": collected.conditional,
        "notes": list(collected.notes),
        "evidence": {
            "platform": platform,
            "logs": [log],
            "running_config": exposed(text, platform),
            "access_lists": supplement,
            "associations": found.as_dict(),
            # All that leaves the device of its key.
            "key": KEYS[config and has_the_intents_key(host, config, present)],
        },
    }


def _config(chosen: Platform, text: str, session: Session) -> Any:
    """The configuration; None for a release that is newer than what is planned for."""
    try:
        config = chosen.parse(text, session.supplements)
        chosen.for_version(config.version)
    except CoreError:
        return None
    return config


def _keys(intent: Intent) -> list[str]:
    return [key.reveal() for key in {responder.pre_shared_key for responder in intent.responders}]
