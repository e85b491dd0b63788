# Copyright: The netvpn.dynamic_l2l contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""A host's part in the intent, and which of its tunnels a module was asked for."""

from __future__ import annotations

import difflib
from collections.abc import Mapping, Sequence
from typing import Any

from .errors import InputError
from .intent import Intent, Tunnel, scalar, shown

#: So many names are shown to somebody who gave another.
_SHOWN = 5


def part_of_host(request: Mapping[str, Any], intent: Intent) -> tuple[str, str]:
    """The platform of the host's part (``asa`` initiates, ``ios`` responds), and its name.

    Raises InputError for a host without a part.
    """
    host = scalar(request.get("host"))
    if not host:
        raise InputError("host", shown(request.get("host")), "it is missing or no text", "Give host")
    if intent.responder(host):
        return "ios", host
    if intent.of_initiator(host):
        return "asa", host
    names = sorted({name for tunnel in intent.tunnels for name in (tunnel.initiator, tunnel.responder.host)})
    raise InputError(
        "host",
        host,
        "it has no part in the intent",
        f"It is the inventory name, as the intent writes it: {meant(host, names)}",
    )


def wanted_tunnels(request: Mapping[str, Any], intent: Intent, host: str) -> tuple[Tunnel, ...]:
    """The host's tunnels that option ``tunnel`` names, all without it. Raises InputError for another name."""
    own = (*intent.of_initiator(host), *intent.of_responder(host))
    wanted = request.get("tunnel") or ()
    names = [tunnel.name for tunnel in own]
    for index, name in enumerate(wanted):
        if name not in names:
            raise InputError(
                f"tunnel[{index}]", shown(name), f"{host} has no tunnel of this name", f"Its tunnels are: {few(names)}"
            )
    return tuple(tunnel for tunnel in own if not wanted or tunnel.name in wanted)


def meant(name: str, names: Sequence[str]) -> str:
    """Those of ``names`` that may be meant: a fleet has thousands, so those that are alike come first and few are shown."""
    return few(list(dict.fromkeys([*difflib.get_close_matches(name, names, n=3), *names])))


def few(names: Sequence[str]) -> str:
    """The first of ``names``, and how many more there are."""
    more = f" and {len(names) - _SHOWN} more" if len(names) > _SHOWN else ""
    return (", ".join(names[:_SHOWN]) or "none") + more
