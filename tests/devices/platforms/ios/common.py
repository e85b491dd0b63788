# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: The netvpn.dynamic_l2l contributors
"""What several groups of IOS rows need: interface names and lists."""

from __future__ import annotations

import ipaddress
import re

from ...engine import BadWord, Call
from ...store import Block, Item

# Types of interfaces; those that exist in software can be made.
TYPES = ("Async", "Dialer", "Ethernet", "FastEthernet", "GigabitEthernet", "Loopback", "Serial", "Tunnel", "Vlan")
VIRTUAL = ("Dialer", "Loopback", "Tunnel", "Vlan")
_SHORT = {"Ethernet": "Et", "FastEthernet": "Fa", "GigabitEthernet": "Gi", "Loopback": "Lo", "Serial": "Se"}


def full_name(text: str) -> str | None:
    """The full name of an interface typed short (`e0/0`, `gi0/1.10`); None where no type or several fit."""
    found = re.match(r"([A-Za-z-]+)(\d.*)\Z", text)
    if not found:
        return None
    types = [name for name in TYPES if name.lower().startswith(found[1].lower())]
    exact = [name for name in types if name.lower() == found[1].lower()]
    return (exact or types)[0] + found[2] if len(exact or types) == 1 else None


def short_name(name: str) -> str:
    """`Et0/0`, as messages have it."""
    found = re.match(r"([A-Za-z-]+)(.*)", name)
    assert found
    return _SHORT.get(found[1], found[1][:2]) + found[2]


def interface(call: Call, name: str = "interface") -> Item:
    """An interface that exists."""
    full = full_name(call[name])
    item = call.config.one("interface", name=full) if full else None
    if item is None:
        raise BadWord(call[name])
    return item


def acl_exists(config: Block, name: str) -> bool:
    """Is there a list of that name or number?"""
    return bool(config.find("ip-access-list", "access-list", id=name))


def networks(item: Item) -> list[ipaddress.IPv4Network]:
    """The networks of an interface."""
    found = []
    for line in item.block.find("address", "secondary"):
        if line["address"] and line["mask"] and line["address"] not in ("dhcp", "negotiated"):
            found.append(ipaddress.IPv4Network((line["address"], line["mask"]), strict=False))
    return found
