# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: The netvpn.dynamic_l2l contributors
"""Captures of an interface, written as pcap.

A raw socket and no program: it sees everything from the moment `Capture` returns, and `sync` knows that everything that
passed before it was called is in the file.
"""

from __future__ import annotations

import contextlib
import select
import socket
import struct
import threading
from pathlib import Path

from .world import Node

_ETH_P_ALL = 3
_SO_TIMESTAMPNS, _SO_RCVBUFFORCE = 35, 33
_BUFFER = 16 << 20
_SNAP = 65535


class Capture:
    """Takes what passes an interface until it is stopped."""

    def __init__(self, node: Node, interface: str, path: Path) -> None:
        self._socket = node.call(_listen, interface)
        self._file = path.open("wb")
        # Nanoseconds, Ethernet
        self._file.write(struct.pack("<IHHiIII", 0xA1B23C4D, 2, 4, 0, 0, _SNAP, 1))
        self._file.flush()
        self._lock = threading.Lock()
        self._wake, self._waker = socket.socketpair()
        self._thread = threading.Thread(target=self._read, daemon=True)
        self._thread.start()

    def sync(self) -> None:
        """Returns when everything that has passed is in the file."""
        with self._lock:
            if not self._file.closed:
                self._drain()

    def stop(self) -> None:
        """Take no more."""
        self._waker.send(b"x")
        self._thread.join()
        with self._lock:
            self._drain()
            self._file.close()
            self._socket.close()
        self._wake.close()
        self._waker.close()

    def _read(self) -> None:
        while True:
            ready, _, _ = select.select([self._socket, self._wake], [], [])
            if self._wake in ready:
                return
            with self._lock:
                self._drain()

    def _drain(self) -> None:
        with contextlib.suppress(BlockingIOError):
            while True:
                try:
                    frame, controls, _, _ = self._socket.recvmsg(_SNAP, 256)
                except BlockingIOError:
                    raise
                except OSError:
                    break  # the interface went down: what comes after it is up again is taken
                seconds = nanoseconds = 0
                for _level, kind, data in controls:
                    if kind == _SO_TIMESTAMPNS:
                        seconds, nanoseconds = struct.unpack("@ll", data[:16])
                size = len(frame)
                self._file.write(struct.pack("<IIII", seconds & 0xFFFFFFFF, nanoseconds, size, size) + frame)
        self._file.flush()


def _listen(interface: str) -> socket.socket:
    end = socket.socket(socket.AF_PACKET, socket.SOCK_RAW, 0)
    end.setblocking(False)
    end.setsockopt(socket.SOL_SOCKET, _SO_TIMESTAMPNS, 1)
    for option in (_SO_RCVBUFFORCE, socket.SO_RCVBUF):
        with contextlib.suppress(OSError):
            end.setsockopt(socket.SOL_SOCKET, option, _BUFFER)
            break
    end.bind((interface, _ETH_P_ALL))
    return end
