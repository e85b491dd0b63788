# Copyright: The netvpn.dynamic_l2l contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""What happens to one packet, by brute force and with ``ipaddress``: the second opinion on the planners' orders.

A fate is one of: ``E PEER`` protected and able to negotiate; ``V`` protected while an SA exists, else in clear; ``N``
translated, then protected; ``D`` dropped; ``T`` translated and in clear; ``X`` in clear with its own source.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache
from ipaddress import IPv4Address, IPv4Network
from typing import NamedTuple


class Packet(NamedTuple):
    """An IP packet without ports: the lists here hold ``ip`` entries, or others that do not match it."""

    source: str
    destination: str


@cache
def network(address: str, mask: str, *, wildcard: bool = False) -> IPv4Network:
    """From an address and a mask (PIX/ASA) or a wildcard (IOS)."""
    if wildcard:
        mask = str(IPv4Address(int(IPv4Address(mask)) ^ 0xFFFFFFFF))
    return IPv4Network(f"{address}/{mask}", strict=False)


@cache
def holds(net: IPv4Network, address: str) -> bool:
    """Whether the address is in the network."""
    return IPv4Address(address) in net


@cache
def matches(entry: str, packet: Packet, *, wildcard: bool) -> bool:
    """Whether ``permit ip SOURCE DESTINATION`` matches; entries with ports never do here."""
    words = entry.split()
    if words[1] != "ip":
        return False
    rest = words[2:]
    for address in packet:
        if rest[0] == "any":
            rest = rest[1:]
            continue
        if rest[0] == "host":
            found = network(rest[1], "255.255.255.255")
        else:
            found = network(rest[0], rest[1], wildcard=wildcard)
        if not holds(found, address):
            return False
        rest = rest[2:]
    return not rest or rest[0] == "log"


def first_match(entries: Sequence[str], packet: Packet, *, wildcard: bool) -> str | None:
    """``permit`` or ``deny`` of the first entry that matches; None at the end of the list."""
    for entry in entries:
        action = entry.split(" ", 1)[0]
        if action in ("permit", "deny") and matches(entry, packet, wildcard=wildcard):
            return action
    return None


def changes(fates: Sequence[str]) -> list[str]:
    """The fates in order, drops struck, each run of equal ones once (the form of the rule for every change)."""
    result: list[str] = []
    for fate in fates:
        if fate != "D" and (not result or result[-1] != fate):
            result.append(fate)
    return result
