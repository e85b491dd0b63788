# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: The netvpn.dynamic_l2l contributors
"""A small server on each host, TCP and UDP port 7: it answers each message with the address it came from.

hello  →  172.16.1.1 1025 hello
"""

from __future__ import annotations

import contextlib
import selectors
import socket
import struct
import threading
from collections.abc import Callable

from .world import Node

PORT = 7
# linux/in.h; Python names it from 3.14 on. With a datagram comes `struct in_pktinfo`: interface, our address, the header's.
_IP_PKTINFO, _PKTINFO = 8, struct.Struct("=I4s4s")


class Echo:
    """Serves any number of nodes in one thread."""

    def __init__(self) -> None:
        self._selector = selectors.DefaultSelector()
        self._wake, self._waker = socket.socketpair()
        self._selector.register(self._wake, selectors.EVENT_READ, lambda: self._wake.recv(64))
        self._stopped = False
        threading.Thread(target=self._serve, daemon=True).start()

    def add(self, node: Node) -> None:
        """Answer in this node as well."""

        def sockets() -> tuple[socket.socket, socket.socket]:
            return socket.create_server(("", PORT), backlog=16), _datagrams()

        stream, datagram = node.call(sockets)
        stream.setblocking(False)
        self._register(stream, lambda: self._accept(stream))
        self._register(datagram, lambda: _answer(datagram))

    def close(self) -> None:
        """End the thread."""
        self._stopped = True
        self._waker.send(b"x")

    def _register(self, end: socket.socket, react: Callable[[], object]) -> None:
        self._selector.register(end, selectors.EVENT_READ, react)
        self._waker.send(b"x")

    def _serve(self) -> None:
        while not self._stopped:
            for key, _ in self._selector.select():
                with contextlib.suppress(OSError):
                    key.data()

    def _accept(self, stream: socket.socket) -> None:
        connection, (address, port, *_) = stream.accept()
        connection.setblocking(False)
        head = f"{address} {port} ".encode()
        self._selector.register(connection, selectors.EVENT_READ, lambda: self._reply(connection, head))

    def _reply(self, connection: socket.socket, head: bytes) -> None:
        try:
            data = connection.recv(65536)
            for line in data.splitlines():
                connection.send(head + line + b"\n")
        except BlockingIOError:
            return
        except OSError:
            data = b""
        if not data:
            self._selector.unregister(connection)
            connection.close()


def _datagrams() -> socket.socket:
    end = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    end.setsockopt(socket.IPPROTO_IP, _IP_PKTINFO, 1)
    end.bind(("", PORT))
    end.setblocking(False)
    return end


def _answer(end: socket.socket) -> None:
    """From the address that was asked: the host may have several."""
    data, ancillary, _flags, (address, port) = end.recvmsg(65536, socket.CMSG_SPACE(_PKTINFO.size))
    _interface, own, _header = _PKTINFO.unpack(ancillary[0][2])
    whence = [(socket.IPPROTO_IP, _IP_PKTINFO, _PKTINFO.pack(0, own, bytes(4)))]
    end.sendmsg([f"{address} {port} ".encode() + data], whence, 0, (address, port))
