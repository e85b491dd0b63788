# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: The netvpn.dynamic_l2l contributors
"""Echo requests of a device itself: one after the other, as both platforms send them."""

from __future__ import annotations

import re
import subprocess
from dataclasses import dataclass
from typing import Protocol

# The devices wait two seconds for each answer. The emulated networks answer in milliseconds, and the packet that brings
# a tunnel up is lost on the devices too: half the time is enough, and a test of what does not answer takes half as long.
PATIENCE = 1.0
_TIME = re.compile(r"time[=<]([\d.]+) ms")
_UNREACHABLE = re.compile(r"Unreachable|unreachable|Filtered|Prohibited", re.IGNORECASE)


class Host(Protocol):
    """A network namespace."""

    def run(self, *argv: str, timeout: float = 10, check: bool = True) -> subprocess.CompletedProcess[str]: ...


@dataclass(frozen=True)
class Pinged:
    """What became of each request: `!` answered, `.` nothing came, `U` unreachable; and the milliseconds of the answers.

    `source` is the address that they were sent from, empty where the system chose it.
    """

    address: str
    marks: str
    times: tuple[float, ...] = ()
    source: str = ""
    size: int = 100

    @property
    def answered(self) -> int:
        """How many were answered."""
        return self.marks.count("!")


def mark(output: str) -> tuple[str, float | None]:
    """The mark of one request, from what `ping -c 1` printed, and the time of the answer."""
    if found := _TIME.search(output):
        return "!", float(found[1])
    return ("U" if _UNREACHABLE.search(output) else "."), None


def ping(
    host: Host, address: str, source: str | None = None, count: int = 5, size: int = 100, patience: float = PATIENCE
) -> Pinged:
    """Send `count` requests from a namespace; each waits for the answer to the one before it, or for its time to pass.

    `size` is that of the whole IP packet, as the devices count it.
    """
    marks, times = "", []
    origin = ("-I", source) if source else ()
    for _ in range(count):
        argv = ("ping", "-n", "-c", "1", "-W", f"{patience:g}", "-s", str(max(0, size - 28)), *origin, address)
        done = host.run(*argv, timeout=patience + 10, check=False)
        one, time = mark(done.stdout + done.stderr)
        marks += one
        if time is not None:
            times.append(time)
    return Pinged(address, marks, tuple(times), source or "", size)
