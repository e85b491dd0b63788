# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: The netvpn.dynamic_l2l contributors
"""A flow from a host to the echo of another: `flow.py udp|tcp ADDRESS COUNT INTERVAL [SOURCE]` (COUNT 0: until SIGINT).

One socket, so one flow. Each message is waited for before the next is sent. Prints `NUMBER ADDRESS PORT` (as the other
end saw the message come) or `NUMBER lost`. Needs nothing but Python: it is run in nodes as it stands.
"""

from __future__ import annotations

import itertools
import signal
import socket
import sys
import time

PORT = 7
PATIENCE = 1.0


def main(argv: list[str]) -> int:
    """Run it."""
    protocol, address, count, interval = argv[0], argv[1], int(argv[2]), float(argv[3])
    stopped: list[int] = []
    signal.signal(signal.SIGINT, lambda number, _frame: stopped.append(number))
    kind = socket.SOCK_STREAM if protocol == "tcp" else socket.SOCK_DGRAM
    with socket.socket(socket.AF_INET, kind) as end:
        end.settimeout(PATIENCE)
        if len(argv) > 4:
            end.bind((argv[4], 0))
        try:
            end.connect((address, PORT))
        except OSError as error:
            print(f"0 lost {error}", flush=True)
            return 1
        for number in itertools.count(1):
            if stopped or (count and number > count):
                return 0
            print(number, _message(end, number), flush=True)
            if interval:
                time.sleep(interval)
    return 0


def _message(end: socket.socket, number: int) -> str:
    deadline = time.monotonic() + PATIENCE
    try:
        end.send(f"{number}\n".encode())
        while time.monotonic() < deadline:
            for line in end.recv(65536).decode().splitlines():
                address, port, said = [*line.split(), "", "", ""][:3]
                if said == str(number):
                    return f"{address} {port}"
    except OSError:
        pass
    return "lost"


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
