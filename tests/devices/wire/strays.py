# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: The netvpn.dynamic_l2l contributors
"""Segments of TCP that a PIX drops since they belong to no connection: the rule, and who is told of each of them.

A connection begins with a SYN. Anything else without one is dropped: after `clear local-host`, after a reload, after the
time of a quiet connection. The kernel would take a segment in the middle of a connection for the first one of a new
connection (`nf_conntrack_tcp_loose`); the rule drops it before it is one, and before anything is translated. So a
connection that stands is not touched, however often the rules are loaded anew: conntrack knows it all the while.

Sources: message 106015; message 106100 of the ASA's guide ("if an ACK packet is received [...] for which no TCP
connection exists in the connection table [...] the packet is later correctly dropped because of no matching
connection"). A router asks nobody for connections.
"""

from __future__ import annotations

import os
import socket
import struct
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass

from .nft import Chain
from .reader import Reader
from .trap import Packet, parse
from .world import Node

GROUP = 1
_NO_SYN = "tcp flags & (fin | syn | rst | ack) != syn ct state { new, invalid }"
# netlink of netfilter (linux/netfilter/nfnetlink_log.h): messages, attributes, the command and the mode of a group
_NETFILTER, _LOG = 12, 4 << 8
_CONFIG, _PACKET = _LOG | 1, _LOG
_COMMAND, _MODE, _PAYLOAD, _PREFIX = 1, 2, 9, 10
_BIND, _COPY_PACKET, _BYTES = 1, 2, 128
_REQUEST_ACK = 5


@dataclass(frozen=True)
class Stray:
    """A segment that was dropped. `port`: the name of the interface that it came in by; `flags`: as in its header."""

    port: str
    packet: Packet
    flags: int


def chain(ports: Iterable[tuple[str, str]]) -> Chain:
    """The rules: for each interface, by its Linux name and its own."""
    made = Chain("stray", hook="type filter hook prerouting priority mangle; policy accept;")
    for device, name in ports:
        label = name.replace('"', "'")
        made.add(f'iifname "{device}" {_NO_SYN} log prefix "{label}" group {GROUP} queue-threshold 1 drop')
    return made


class Strays:
    """Tells of the segments that a node's rules have dropped, in a thread of its own until it is closed."""

    def __init__(self, node: Node, told: Callable[[Stray], None]) -> None:
        self._told = told
        self._reader = Reader(node.call(_open), "strays", self._take)

    def _take(self, data: bytes) -> None:
        for stray in strays(data):
            self._told(stray)

    def close(self) -> None:
        """Tell no more."""
        self._reader.close()


def strays(data: bytes) -> Iterator[Stray]:
    """Those that the kernel's messages tell of."""
    while len(data) >= 20:
        length, kind = struct.unpack("=IH", data[:6])
        if kind == _PACKET:
            found = dict(_attributes(data[20:length]))
            body = found.get(_PAYLOAD, b"")
            packet = parse(body)
            place = (body[0] & 15) * 4 + 13 if body else 0
            if packet and packet.protocol == socket.IPPROTO_TCP and len(body) > place:
                yield Stray(found.get(_PREFIX, b"").rstrip(b"\0").decode(), packet, body[place])
        data = data[max(_aligned(length), 20) :]


def _attributes(data: bytes) -> Iterator[tuple[int, bytes]]:
    while len(data) >= 4:
        length, kind = struct.unpack("=HH", data[:4])
        yield kind & 0x7FFF, data[4:length]
        data = data[max(_aligned(length), 4) :]


def _aligned(length: int) -> int:
    return (length + 3) & ~3


def _open() -> int:
    with socket.socket(socket.AF_NETLINK, socket.SOCK_RAW | socket.SOCK_CLOEXEC, _NETFILTER) as end:
        end.bind((0, 0))
        for kind, value in ((_COMMAND, bytes([_BIND])), (_MODE, struct.pack("!IBx", _BYTES, _COPY_PACKET))):
            _configure(end, kind, value)
        return end.detach()


def _configure(end: socket.socket, kind: int, value: bytes) -> None:
    attribute = struct.pack("=HH", 4 + len(value), kind) + value
    body = struct.pack("!BBH", socket.AF_INET, 0, GROUP) + attribute.ljust(_aligned(len(attribute)), b"\0")
    end.send(struct.pack("=IHHII", 16 + len(body), _CONFIG, _REQUEST_ACK, 1, 0) + body)
    # the answer is an error whose number is 0 where all is well
    number = struct.unpack("=i", end.recv(4096)[16:20])[0]
    if number:
        raise OSError(-number, os.strerror(-number))
