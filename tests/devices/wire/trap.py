# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: The netvpn.dynamic_l2l contributors
"""A device of Linux that packets are routed into and that nothing comes out of: somebody is told of each packet."""

from __future__ import annotations

import fcntl
import os
import struct
from collections.abc import Callable
from dataclasses import dataclass
from ipaddress import IPv4Address

from .reader import Reader
from .world import Node

_TUNSETIFF, _IFF_TUN, _IFF_NO_PI = 0x400454CA, 0x0001, 0x1000


@dataclass(frozen=True)
class Packet:
    """What a crypto map looks at. Ports: of TCP and UDP, else 0; `icmp`: type and code."""

    source: IPv4Address
    destination: IPv4Address
    protocol: int
    source_port: int = 0
    destination_port: int = 0
    icmp: tuple[int, int] = (0, 0)


def parse(data: bytes) -> Packet | None:
    """An IPv4 packet; None: it is none."""
    if len(data) < 20 or data[0] >> 4 != 4:
        return None
    protocol, head = data[9], (data[0] & 15) * 4
    source, destination = IPv4Address(data[12:16]), IPv4Address(data[16:20])
    body = data[head : head + 4]
    if struct.unpack("!H", data[6:8])[0] & 0x1FFF or len(body) < 4:
        return Packet(source, destination, protocol)
    if protocol in (6, 17):
        return Packet(source, destination, protocol, *struct.unpack("!HH", body))
    return Packet(source, destination, protocol, icmp=(body[0], body[1]) if protocol == 1 else (0, 0))


class Trap:
    """The device. Its reader runs in a thread until it is closed."""

    def __init__(self, node: Node, name: str, told: Callable[[Packet], None]) -> None:
        self._told = told
        self._reader = Reader(node.call(_open, name), name, self._take)
        node.ip(f"link set {name} up")

    def _take(self, data: bytes) -> None:
        if packet := parse(data):
            self._told(packet)

    def close(self) -> None:
        """Take the device away."""
        self._reader.close()


def _open(name: str) -> int:
    device = os.open("/dev/net/tun", os.O_RDWR | os.O_CLOEXEC | os.O_NONBLOCK)
    try:
        fcntl.ioctl(device, _TUNSETIFF, struct.pack("16sH22x", name.encode(), _IFF_TUN | _IFF_NO_PI))
    except OSError:
        os.close(device)
        raise
    return device
