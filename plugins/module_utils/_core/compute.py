# Copyright: The netvpn.dynamic_l2l contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""The computations alone, for those who keep their own templates: no device, no plan, no key."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any

from .acl import AccessList, Ace, Entry, Opaque
from .asa import model as asa_model
from .asa import parse as asa_parse
from .asa import render as asa_render
from .errors import InputError
from .intent import parse_intent, scalar, shown, whole_number
from .ios import model as ios_model
from .ios import parse as ios_parse
from .ios import render as ios_render
from .prefixes import Prefix, parse_address

PLATFORMS = ("asa", "ios")

#: What both platforms write and understand in the same way behind the addresses.
_COMMON_OPTIONS = ((), ("log",))


def crypto_acl(tunnel: Mapping[str, Any], name: str, platform: str) -> list[str]:
    """The access list of what is protected, as the device sees it whose networks are ``local``."""
    entries = [Ace.between("permit", *pair) for pair in _pairs(tunnel)]
    return _list_lines(AccessList(_word(name, "name"), tuple(entries)), platform)


def nat_exemption(tunnel: Mapping[str, Any], name: str, platform: str, interface: str | None = None) -> list[str]:
    """What keeps the tunnel's traffic from being translated.

    On PIX/ASA a list of its own and the ``nat 0`` line of ``interface``; on IOS the ``deny`` entries that must stand
    above the ``permit`` entries of the translation's list.
    """
    if _known(platform) == "ios":
        entries = [Ace.between("deny", *pair) for pair in _pairs(tunnel)]
        return _list_lines(AccessList(_word(name, "name"), tuple(entries)), platform)
    return [
        *crypto_acl(tunnel, name, platform),
        f"nat ({_word(interface, 'interface')}) 0 access-list {name}",
    ]


def crypto_map(
    tunnel: Mapping[str, Any],
    name: str,
    *,
    platform: str,
    sequence: int,
    transform_set: str,
    acl: str | None = None,
    dynamic_map: str | None = None,
) -> list[str]:
    """The entry of a crypto map: on PIX/ASA towards ``address``, on IOS a dynamic one for peers of any address."""
    number, sets = _sequence(sequence), (_word(transform_set, "transform_set"),)
    if _known(platform) == "asa":
        lists, peers = _word(acl, "acl"), (_address(_mapping(tunnel, "tunnel").get("address")),)
        return asa_render.entry_lines(asa_model.MapEntry(_word(name, "name"), number, lists, peers, sets))
    match = None if acl is None else _word(acl, "acl")
    entry = ios_model.DynamicEntry(_word(dynamic_map, "dynamic_map"), number, acl=match, transform_sets=sets)
    return [
        entry.head,
        *(f" {line}" for line in ios_render.dynamic_attributes(entry)),
        f"crypto map {_word(name, 'name')} {number} ipsec-isakmp dynamic {entry.map}",
    ]


def mirror_acl(lines: Sequence[str], platform: str, to: str | None = None, name: str | None = None) -> list[str]:
    """The list of the other end: sources and destinations exchanged, written as ``to`` writes it.

    Remarks keep their places. Raises InputError naming the line that cannot be mirrored.
    """
    target = _known(to or platform)
    found, entries = "", []
    for index, (owner, text, entry) in enumerate(_read_list(lines, _known(platform))):
        if found and owner != found:
            raise InputError(f"line {index + 1}", text, f"it belongs to {owner}, and {found} is read", "Give one list")
        found = owner
        if isinstance(entry, Opaque) or (
            isinstance(entry, Ace) and target != platform and not (entry.exact and entry.options in _COMMON_OPTIONS)
        ):
            raise InputError(
                f"line {index + 1}",
                text,
                "what it matches cannot be told" + ("" if target == platform else f" in the words of {target}"),
                "Write networks and ports in full, or leave the line out",
            )
        entries.append(entry.mirrored if isinstance(entry, Ace) else entry)
    if not entries:
        raise InputError("lines", None, "there is no entry of an access list", "Give the lines of one list")
    return _list_lines(AccessList(_word(name or found, "name"), tuple(entries)), target)


def tunnels_for(
    tunnels: Sequence[Mapping[str, Any]], host: str, responders: Sequence[Mapping[str, Any]]
) -> list[dict[str, Any]]:
    """One host's part of the intent, at whichever end it is. Keys are neither needed nor looked at."""
    given = [dict(_keyless(item), pre_shared_key="-") for item in _listed(responders, "l2l_responders")]
    intent = parse_intent(given, [_keyless(item) for item in _listed(tunnels, "l2l_tunnels")])
    result = []
    for tunnel in intent.tunnels:
        if host not in (tunnel.initiator, tunnel.responder.host):
            continue
        initiates = host == tunnel.initiator
        initiator_side = [str(network) for network in tunnel.networks]
        responder_side = [str(network) for network in tunnel.responder_networks]
        result.append(
            {
                "name": tunnel.name,
                "role": "initiator" if initiates else "responder",
                "state": "present" if tunnel.present else "absent",
                "peer": tunnel.responder.host if initiates else tunnel.initiator,
                "address": tunnel.responder.address,
                "local": initiator_side if initiates else responder_side,
                "remote": responder_side if initiates else initiator_side,
            }
        )
    return result


def _keyless(item: object) -> dict[str, Any]:
    found = _mapping(item, "l2l_responders or l2l_tunnels")
    return {option: found[option] for option in found if option != "pre_shared_key"}


def _mapping(item: object, option: str) -> Mapping[str, Any]:
    if not isinstance(item, Mapping):
        raise InputError(option, type(item).__name__, "a mapping is expected here", "See docs/data-model.md")
    return item


def _listed(items: object, option: str) -> Sequence[Any]:
    if not isinstance(items, (list, tuple)):
        raise InputError(option, type(items).__name__, "a list is expected here", "See docs/data-model.md")
    return items


def _pairs(tunnel: Mapping[str, Any]) -> list[tuple[Prefix, Prefix]]:
    sides = []
    for side in ("local", "remote"):
        prefixes = _mapping(tunnel, "tunnel").get(side)
        if not prefixes:
            raise InputError(side, None, "no networks are given", "Give a list as [10.1.1.0/24]")
        prefixes = [prefixes] if isinstance(prefixes, str) else _listed(prefixes, side)
        sides.append([Prefix.parse(scalar(prefix) or "", f"{side}[{index}]") for index, prefix in enumerate(prefixes)])
    return [(local, remote) for local in sides[0] for remote in sides[1]]


def _read_list(lines: Sequence[str], platform: str) -> list[tuple[str, str, Entry]]:
    """``(list name, line, entry)`` for each entry of ``lines``."""
    found: list[tuple[str, str, Entry]] = []
    block = ""
    for index, line in enumerate([lines] if isinstance(lines, str) else _listed(lines, "lines")):
        given = scalar(line)
        if given is None:
            raise InputError(f"lines[{index}]", shown(line), "a text is expected here", "Give the lines of one list")
        for text in filter(None, map(str.strip, given.splitlines())):
            if numbered := re.match(r"access-list (\S+) (.+)", text):
                block = ""
                entry = asa_parse.parse_entry(numbered[2]) if platform == "asa" else _ios_entry(*numbered.groups())
                found.append((numbered[1], text, entry))
            elif head := re.fullmatch(r"ip access-list (extended|standard) (\S+)", text):
                block = head[2] if head[1] == "extended" else ""
            elif block:
                found.append((block, text, ios_parse.parse_entry(re.sub(r"^\d+ ", "", text))))
            else:
                found.append(("", text, Opaque(text)))
    return found


def _ios_entry(name: str, text: str) -> Entry:
    # A standard list has no destination, so it has no mirror either.
    standard = name.isdecimal() and (int(name) < 100 or 1300 <= int(name) < 2000)
    return Opaque(text) if standard and not text.startswith("remark") else ios_parse.parse_entry(text)


def _list_lines(access_list: AccessList, platform: str) -> list[str]:
    if _known(platform) == "ios":
        return ios_render.list_lines(access_list)
    return [f"access-list {access_list.name} {asa_render.entry_text(entry)}" for entry in access_list.entries]


def _known(platform: str) -> str:
    if platform not in PLATFORMS:
        raise InputError("platform", shown(platform), "this is no platform", f"Choose one of {', '.join(PLATFORMS)}")
    return platform


def _word(value: object, option: str) -> str:
    """``value`` as one word of a device line."""
    text = scalar(value)
    if text is None or not re.fullmatch(r'["->@-~][!->@-~]{0,63}', text):
        raise InputError(
            option,
            shown(value),
            "it is missing or not one word",
            f"Give {option}: up to 64 characters without blanks and '?', the first one no '!'",
        )
    return text


def _address(value: object) -> str:
    text = scalar(value) or ""
    try:
        parse_address(text)
    except ValueError:
        raise InputError(
            "address", shown(value), "this is not an IPv4 address", "Give the peer's address, as 192.0.2.1"
        ) from None
    return text


def _sequence(value: object) -> int:
    number = whole_number(value, 1, 65535)
    if number is None:
        raise InputError("sequence", shown(value), "out of range", "Give a whole number from 1 to 65535")
    return number
