# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: The netvpn.dynamic_l2l contributors
"""Segments of no connection: from the kernel's message to the line of a PIX's log."""

from __future__ import annotations

import socket
import struct

import pytest
from devices.platforms.pix.log import no_connection
from devices.wire.strays import strays

_PAYLOAD, _PREFIX, _TIME = 9, 10, 3


def packet(flags: int, protocol: int = 6) -> bytes:
    """From 10.1.1.10, port 4000, to 10.2.1.10, port 7, without data."""
    ends = socket.inet_aton("10.1.1.10") + socket.inet_aton("10.2.1.10")
    head = struct.pack("!BBHHHBBH", 0x45, 0, 40, 1, 0, 64, protocol, 0) + ends
    return head + struct.pack("!HHIIBBHHH", 4000, 7, 1, 1, 0x50, flags, 0, 0, 0)


def told(*attributes: tuple[int, bytes], kind: int = 4 << 8) -> bytes:
    """What the kernel would say."""
    body = struct.pack("!BBH", socket.AF_INET, 0, 1)
    for name, value in attributes:
        part = struct.pack("=HH", 4 + len(value), name) + value
        body += part + b"\0" * (-len(part) % 4)
    return struct.pack("=IHHII", 16 + len(body), kind, 0, 0, 0) + body


@pytest.mark.parametrize(
    ("flags", "text"),
    [(0x10, "ACK"), (0x18, "PSH ACK"), (0x12, "SYN ACK"), (0x19, "FIN PSH ACK"), (0x14, "RST ACK"), (0x04, "RST")],
)
def test_a_segment_becomes_a_line(flags: int, text: str) -> None:
    (found,) = strays(told((_TIME, b"12345678"), (_PAYLOAD, packet(flags)), (_PREFIX, b"inside\0")))
    (record,) = no_connection(found)
    assert f"%PIX-{record.line.severity}-{record.line.number}" == "%PIX-6-106015"
    assert record.text == (
        f"Deny TCP (no connection) from 10.1.1.10/4000 to 10.2.1.10/7 flags {text}  on interface inside"
    )


def test_several_come_in_one_message_and_others_are_passed_over() -> None:
    segment = told((_PREFIX, b"dmz-3\0"), (_PAYLOAD, packet(0x10)))
    other = told((_PREFIX, b"inside\0"), (_PAYLOAD, packet(0x10, protocol=17)))
    short = told((_PREFIX, b"inside\0"), (_PAYLOAD, packet(0x10)[:30]))
    empty, done = told((_PREFIX, b"inside\0")), told(kind=2)
    assert [each.port for each in strays(segment + other + short + empty + done + segment)] == ["dmz-3", "dmz-3"]
    assert not list(strays(b""))
