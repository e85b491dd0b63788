# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: The netvpn.dynamic_l2l contributors
"""A capture's packets, as far as tests ask: addresses, ports, ESP in UDP or not, pings. The rest is tshark's."""

from __future__ import annotations

import ipaddress
import json
import struct
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

_PROTOCOLS = {1: "icmp", 6: "tcp", 17: "udp", 50: "esp"}


@dataclass(frozen=True)
class Packet:
    """An IPv4 packet. `kind`: what it is to a test: icmp, tcp, udp, esp (also in UDP), ike, keepalive, or a number.

    `spi`, `sequence`: of ESP; for pings `ping` is (type, identifier, sequence).
    """

    time: float
    source: str
    destination: str
    kind: str
    source_port: int = 0
    destination_port: int = 0
    spi: int = 0
    sequence: int = 0
    ping: tuple[int, int, int] | None = None
    payload: bytes = b""
    size: int = 0

    @property
    def encrypted(self) -> bool:
        """Is it ESP?"""
        return self.kind == "esp"


def read(path: Path) -> list[Packet]:
    """The IPv4 packets of a capture."""
    return list(_packets(path.read_bytes()))


def _packets(data: bytes) -> Iterator[Packet]:
    order = "<" if data[:4] in (b"\x4d\x3c\xb2\xa1", b"\xd4\xc3\xb2\xa1") else ">"
    unit = 1e-9 if data[:4] in (b"\x4d\x3c\xb2\xa1", b"\xa1\xb2\x3c\x4d") else 1e-6
    offset = 24
    while offset + 16 <= len(data):
        seconds, fraction, size, _ = struct.unpack_from(f"{order}IIII", data, offset)
        frame = data[offset + 16 : offset + 16 + size]
        offset += 16 + size
        if len(frame) == size and (packet := _packet(seconds + fraction * unit, frame)):
            yield packet


def _packet(time: float, frame: bytes) -> Packet | None:
    if len(frame) < 34 or frame[12:14] != b"\x08\x00":
        return None
    head = (frame[14] & 15) * 4
    total, fragment = struct.unpack_from("!HxxH", frame, 16)
    number = frame[23]
    source, destination = (str(ipaddress.IPv4Address(frame[at : at + 4])) for at in (26, 30))
    body = frame[14 + head : 14 + total]
    packet = Packet(time, source, destination, _PROTOCOLS.get(number, str(number)), payload=body, size=total)
    if fragment & 0x1FFF or len(body) < 8:
        return packet  # a later part, without ports
    if number == 50:
        return _esp(packet)
    if number == 1:
        ping = (body[0], *struct.unpack_from("!HH", body, 4)) if body[0] in (0, 8) else None
        return replace(packet, ping=ping, payload=body[8:])
    if number in (6, 17):
        source_port, destination_port = struct.unpack_from("!HH", body)
        start = (body[12] >> 4) * 4 if number == 6 and len(body) > 12 else 8
        packet = replace(packet, source_port=source_port, destination_port=destination_port, payload=body[start:])
    return _udp(packet) if number == 17 else packet


def _esp(packet: Packet) -> Packet:
    spi, sequence = struct.unpack_from("!II", packet.payload)
    return replace(packet, kind="esp", spi=spi, sequence=sequence, payload=packet.payload[8:])


def _udp(packet: Packet) -> Packet:
    """RFC 3948: on port 4500 four zero bytes are before IKE, one 0xff byte is a keepalive, all else is ESP."""
    ports, payload = {packet.source_port, packet.destination_port}, packet.payload
    if 4500 in ports:
        if payload == b"\xff":
            return replace(packet, kind="keepalive")
        if payload[:4] == b"\0\0\0\0":
            return replace(packet, kind="ike", payload=payload[4:])
        if len(payload) >= 8:
            return _esp(packet)
    return replace(packet, kind="ike") if 500 in ports else packet


def tshark(path: Path, *more: str) -> list[dict[str, Any]]:
    """What tshark says of each packet (`more`: further arguments, `-Y FILTER` among them): its layers."""
    done = subprocess.run(
        ["tshark", "-n", "-r", str(path), "-T", "json", *more], capture_output=True, text=True, check=True, timeout=60
    )
    return [entry["_source"]["layers"] for entry in json.loads(done.stdout or "[]")]
