# Copyright: The netvpn.dynamic_l2l contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""New flows without end: `prober.py INTERVAL FIRST_PORT NAME=ADDRESS[@SOURCE]...`, run in a node as it stands.

Each message goes from a port that no message to that address had before, so each is a flow that no device knows yet. The far
end's echo says from which address it came. On SIGINT one JSON row per message: name, number, and the address that was seen, or null.
Each row's message can be told in a capture by its payload: `NAME NUMBER`.
"""

from __future__ import annotations

import contextlib
import json
import select
import signal
import socket
import sys
import time

PORT = 7
#: How long an answer is waited for behind the last message, in seconds.
PATIENCE = 1.0


def main(argv: list[str]) -> int:
    """Run it."""
    interval, first_port = float(argv[0]), int(argv[1])
    targets = [_target(word) for word in argv[2:]]
    stopped: list[int] = []
    signal.signal(signal.SIGINT, lambda number, _frame: stopped.append(number))
    rows: list[dict[str, object]] = []
    waiting: dict[int, tuple[socket.socket, dict[str, object], float]] = {}
    number, end = 0, None
    while end is None or (waiting and time.monotonic() < end):
        if stopped and end is None:
            end = time.monotonic() + PATIENCE
        if end is None:
            number += 1
            for name, address, source in targets:
                flow = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
                flow.setblocking(False)
                row: dict[str, object] = {"name": name, "number": number, "seen": None}
                rows.append(row)
                # The targets share it: each socket hears only who it is connected to.
                flow.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
                flow.bind((source, first_port + number - 1))
                with contextlib.suppress(OSError):
                    flow.connect((address, PORT))
                    flow.send(f"{name} {number}".encode())
                waiting[flow.fileno()] = (flow, row, time.monotonic() + PATIENCE)
            if number == 1:
                print("probing", flush=True)
        _collect(waiting, interval)
    print("\n".join(map(json.dumps, rows)), flush=True)
    return 0


def _target(word: str) -> tuple[str, str, str]:
    """Name, address, and from which of the node's own addresses ("": as the routes say)."""
    name, _, way = word.partition("=")
    address, _, source = way.partition("@")
    return name, address, source


def _collect(waiting: dict[int, tuple[socket.socket, dict[str, object], float]], interval: float) -> None:
    """Take the answers that come within ``interval`` seconds; give up what waits too long."""
    until = time.monotonic() + interval
    while (left := until - time.monotonic()) > 0:
        try:
            ready, _, _ = select.select([entry[0] for entry in waiting.values()], [], [], left)
        except InterruptedError:
            return
        for flow in ready:
            _, row, _ = waiting.pop(flow.fileno())
            with contextlib.suppress(OSError):
                row["seen"] = flow.recv(2048).decode().split()[0]
            flow.close()
    for key, (flow, _row, deadline) in list(waiting.items()):
        if deadline < time.monotonic():
            flow.close()
            del waiting[key]


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
