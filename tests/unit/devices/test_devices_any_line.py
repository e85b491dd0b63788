# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: The netvpn.dynamic_l2l contributors
"""Lines made at random from the table's grammars: whatever they do, the configuration stays one that can be loaded."""

from __future__ import annotations

import random
import re

import pytest
from devices import Device, comparable, rows

_PARTS = re.compile(r"\s*(?:(\[|\]|\{|\}|\|)|(<[^>]+>\+?)|([^\s\[\]{}|]+))")
# A few values of each kind, so that lines meet each other's objects
VALUES = {
    "word": ["A", "b-2", "100", "110", "inside", "outside", "IPSEC", "DYN", "DYN-TS", "192.168.1.2", "0.0.0.0"],
    "secret": ["k1", "k2"],
    "address": ["10.1.1.0", "10.2.1.1", "192.168.1.2", "0.0.0.0", "172.16.1.2"],
    "mask": ["255.255.255.0", "255.255.255.255", "0.0.0.0", "255.255.0.0"],
    "wildcard": ["0.0.0.255", "0.0.0.0", "255.255.255.0", "255.255.255.255"],
    "interface": ["Ethernet0/0", "fa1/0", "Ethernet0", "Ethernet1", "Loopback1", "Serial 2/0", "Ethernet1.7"],
    "paren": ["(inside)", "(outside)", "(nowhere)"],
    "paren-pair": ["(inside,outside)"],
    "time": ["0:05:00"],
    "port": ["80", "www", "500", "65000"],
    "icmp-type": ["8", "echo-reply"],
    "pix-protocol": ["ip", "tcp", "udp", "50", "icmp"],
    "ios-protocol": ["ip", "tcp", "udp", "50", "icmp"],
    "rest": ["some text"],
}


def sentence(parts: list[str], rng: random.Random) -> list[str]:
    """Words that fit a grammar; takes its parts off the list."""
    words: list[str] = []
    while parts and parts[0] not in ("]", "}", "|"):
        part = parts.pop(0)
        if part in ("[", "{"):
            choices = []
            while True:
                choices.append(sentence(parts, rng))
                if parts.pop(0) != "|":
                    break
            if part == "{" or rng.random() < 0.5:
                words += rng.choice(choices)
        elif part.startswith("<"):
            for _ in range(rng.choice((1, 1, 2)) if part.endswith("+") else 1):
                words.append(value(part.rstrip("+")[1:-1].partition(":")[2], rng))
        else:
            words.append(part)
    return words


def value(kind: str, rng: random.Random) -> str:
    """A value of a kind."""
    if kind.startswith("="):
        return rng.choice(kind[1:].split("|"))
    low, dash, high = kind.partition("-")
    if dash and low.isdigit():
        return str(rng.choice((int(low), min(int(high), int(low) + 10), min(int(high), 100000))))
    return rng.choice(VALUES[kind])


def parts_of(grammar: str, macros: dict[str, str]) -> list[str]:
    """The parts of a grammar, macros resolved."""
    found = []
    for match in _PARTS.finditer(grammar):
        part = match.group().strip()
        found += parts_of(macros[part[1:]], macros) if part.startswith("$") else [part] if part else []
    return found


@pytest.mark.parametrize("seed", range(3))
@pytest.mark.parametrize("platform", ["pix-7.2", "ios-12.4"])
def test_any_line_leaves_a_configuration_that_can_be_loaded_again(golden, session, platform: str, seed: int) -> None:
    if platform == "pix-7.2":
        from devices.platforms.pix.acl import MACROS
    else:
        from devices.platforms.ios.acl import MACROS
    rng = random.Random(seed)
    typed = session(Device.from_text(platform, golden(f"{platform}-running-config.cfg")))
    modes: dict[str, list[str]] = {}
    for row in rows(platform):
        if row.mode not in ("user", "exec", "any", "leave"):
            modes.setdefault(row.mode, []).append(row.grammar)
    typed.type("configure terminal")
    for number in range(400):
        mode = typed.shell.mode.name
        grammar = rng.choice(modes[mode if mode in modes and rng.random() < 0.6 else "config"])
        line = " ".join(sentence(parts_of(grammar, MACROS), rng))
        typed.type(line)
        if number % 8 == 0:
            text = typed.device.running_config()
            again = Device.from_text(platform, text)
            assert comparable(again.running_config()) == comparable(text), line
    # and whatever the configuration has become, it can be looked at
    viewer = session(typed.device)
    for row in rows(platform):
        if row.mode in ("exec", "any") and row.grammar.startswith("show"):
            line = " ".join(sentence(parts_of(row.grammar, MACROS), rng))
            assert "marker." not in viewer.type(line) or "interface" in line, line
    assert len(typed.device.used) > 100
