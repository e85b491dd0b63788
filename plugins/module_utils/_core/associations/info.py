# Copyright: The netvpn.dynamic_l2l contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""One call for one device: its SAs, with the names of the intent's tunnels where an intent is given."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any

from ..errors import InputError
from ..intent import Intent, parse_intent, scalar, shown
from ..parts import part_of_host, wanted_tunnels
from ..prefixes import parse_address
from ..session import HIDDEN, Transport
from .reading import gather, named, of_tunnels
from .sa import Associations

#: The connection's network OS → the platform.
NETWORK_OS = {
    "netvpn.dynamic_l2l.asa": "asa",
    "cisco.asa.asa": "asa",
    "asa": "asa",
    "cisco.ios.ios": "ios",
    "ios": "ios",
}


def info(request: Mapping[str, Any], open_device: Callable[[], tuple[str, Transport]]) -> dict[str, Any]:
    """Do what ``ipsec_info`` was asked to do and return its result.

    ``request`` holds the module's options with the real keys. ``open_device`` gives the device's platform and the
    transport to it; it is called after everything that can be refused without a device. Raises CoreError; its text may
    be shown.
    """
    intent, host = _intent(request)
    names = [tunnel.name for tunnel in wanted_tunnels(request, intent, host)] if request.get("tunnel") else []
    peer = _peer(request.get("peer"))
    platform, transport = open_device()
    found = gather(transport, platform, peer=peer, detail=bool(request.get("detail")))
    found = named(found, intent, host)
    if names:
        found = of_tunnels(found, names)
    return {"changed": False, "platform": platform, "associations": _without_keys(found, intent).as_dict()}


def platform_of(network_os: str) -> str:
    """``asa`` or ``ios``. Raises InputError for a connection to something else."""
    if network_os not in NETWORK_OS:
        raise InputError(
            "ansible_network_os",
            network_os or None,
            "this is neither a PIX/ASA nor an IOS device",
            "Set netvpn.dynamic_l2l.asa or cisco.ios.ios for this host",
        )
    return NETWORK_OS[network_os]


def _intent(request: Mapping[str, Any]) -> tuple[Intent, str]:
    """The intent and the host's name in it; an empty one where none is given."""
    given = [option for option in ("responders", "tunnels") if request.get(option)]
    if given:
        intent = parse_intent(request.get("responders"), request.get("tunnels"))
        return intent, part_of_host(request, intent)[1]
    if request.get("tunnel"):
        raise InputError(
            "tunnel",
            ", ".join(map(str, request["tunnel"])),
            "nobody knows which associations are of this tunnel without the intent",
            "Give host, responders and tunnels too, or peer: ADDRESS instead",
        )
    return Intent(), ""


def _peer(value: object) -> str:
    """Goes into a line: nothing but an address."""
    if value is None:
        return ""
    text = scalar(value) or ""
    try:
        parse_address(text)
    except ValueError:
        raise InputError(
            "peer", shown(value), "this is not an IPv4 address", "Give the peer's address, as 192.0.2.1"
        ) from None
    return text


def _without_keys(found: Associations, intent: Intent) -> Associations:
    """A line that nobody understood may be a log line in the middle of another, and hold what somebody typed."""
    keys = {responder.pre_shared_key.reveal() for responder in intent.responders}
    unread = tuple(
        replace(line, text=HIDDEN) if any(key in line.text for key in keys) else line for line in found.unread
    )
    return replace(found, unread=unread)
