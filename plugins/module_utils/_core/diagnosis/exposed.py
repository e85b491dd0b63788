# Copyright: The netvpn.dynamic_l2l contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""A running configuration that may be shown: what tunnels, translation and routes are made of, and no key.

For what leaves a device to be looked at together with the other end's. It is an allow-list: a line that nobody named
here may hold a password, and stays where it is. What is left parses as the whole does, keys apart.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping

from ..config import ConfigLine, parse_tree
from ..secret import MASK

#: Beginnings of lines that are shown with all that stands below them.
_SHOWN: Mapping[str, tuple[str, ...]] = {
    "asa": (
        "ASA Version", "PIX Version", "hostname", "names", "name", "interface", "access-list", "access-group",
        "object-group", "global", "nat", "no nat", "nat-control", "no nat-control", "static", "alias", "route", "sysopt",
        "no sysopt", "crypto", "isakmp", "no isakmp", "tunnel-group", "group-policy", "management-access",
        "same-security-traffic", "timeout",
    ),
    "ios": (
        "Current configuration", "version", "hostname", "crypto isakmp", "crypto ipsec", "crypto dynamic-map",
        "crypto map", "crypto keyring", "interface", "ip route", "ip nat", "no ip nat", "ip access-list", "access-list",
        "route-map", "ip local policy", "ip inspect", "zone", "zone-pair", "object-group", "ip vrf", "vrf definition",
    ),
}  # fmt: skip

#: Below these only what begins so: the rest is somebody's password for a line, a routing protocol or a user.
_BELOW: Mapping[str, re.Pattern[str]] = {
    "interface": re.compile(
        r"(no )?(nameif|security-level|ip|crypto|shutdown|vrf|zone-member|encapsulation dot1Q|vlan|bridge-group)\b"
    ),
    "group-policy": re.compile(r"(no )?vpn-"),
    "tunnel-group": re.compile(
        r"(no )?(pre-shared-key|ikev1 pre-shared-key|isakmp|peer-id-validate|default-group-policy)\b"
    ),
}

#: Where a key stands, behind what and before what.
_KEYS = (
    re.compile(r"(?P<head>(crypto )?isakmp key )(?:[06] )?(?P<key>\S+)(?P<tail> .*)?"),
    re.compile(r"(?P<head>(ikev1 )?pre-shared-key )(?P<tail>address \S+( \S+)? key )?(?P<key>.+)"),
)

#: What else may hold one in lines that are shown.
_SECRET = re.compile(r"\b(password|secret|key-string|community|authentication-key|message-digest-key|chap|md5)\s+\S")

#: How a running configuration begins and ends.
_FRAME = {"asa": (": Saved\n:\n", ": end\n"), "ios": ("Building configuration...\n\n", "end\n")}


def exposed(text: str, platform: str) -> str:
    """What of a running configuration may be shown, keys masked. ``platform`` is ``asa`` or ``ios``."""
    first, last = _FRAME[platform]
    roots = parse_tree(text, banner_blocks=platform == "ios")
    rows = [row for line in roots for row in _shown(line, _SHOWN[platform])]
    return first + "".join(f"{row}\n" for row in rows) + last


def _shown(line: ConfigLine, heads: Iterable[str]) -> Iterable[str]:
    if line.verbatim or not any(line.text == head or line.text.startswith(f"{head} ") for head in heads):
        return
    masked = _masked(line.text)
    if masked is None:
        return
    yield masked
    below = _BELOW.get(line.words[0])
    for child in line.children:
        row = _masked(child.text)
        if row is not None and (below is None or below.match(child.text)):
            yield f" {row}"


def _masked(text: str) -> str | None:
    """The line without its key; None where another secret may be in it."""
    for pattern in _KEYS:
        if found := pattern.fullmatch(text):
            start, end = found.span("key")
            kept = "*" if set(found["key"]) == {"*"} else MASK
            # ``6`` and ``0`` before a key say how it is written, and are no part of a mask.
            head = found["head"] if pattern is _KEYS[0] else text[:start]
            return f"{head}{kept}{text[end:]}"
    # ``hash md5`` and ``esp-md5-hmac`` are no secrets.
    if _SECRET.search(text) and not re.match(r"(crypto|isakmp|hash|access-list|permit|deny|remark)\b", text):
        return None
    return text
