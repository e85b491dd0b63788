# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: The netvpn.dynamic_l2l contributors
"""Where a device puts its log: a buffer of so many bytes, sessions, the counters of `show logging`, and the clock.

What the lines look like and which go where is the platforms' (`platforms/*/monitor.py`).
"""

from __future__ import annotations

import collections
import datetime
import threading
import time
from abc import ABC, abstractmethod
from collections.abc import Iterator
from typing import TYPE_CHECKING

from .lines import Record

if TYPE_CHECKING:
    from ..device import Device
    from ..shell import Shell

#: Bytes of the buffer where the configuration names none: ios-show.md C6 (`Log Buffer (4096 bytes)`); PIX: recall
SIZE = 4096
LEVELS = (
    "emergencies", "alerts", "critical", "errors", "warnings", "notifications", "informational", "debugging",
)  # fmt: skip


def severity(word: str) -> int | None:
    """The number of a level that is written as a number or as a word; words may be shortened."""
    if word.isdigit():
        return int(word) if int(word) < len(LEVELS) else None
    found = [number for number, name in enumerate(LEVELS) if word and name.startswith(word.lower())]
    return found[0] if len(found) == 1 else None


class Buffer:
    """The last lines, as many as fit into `size` bytes."""

    def __init__(self) -> None:
        self._lines: collections.deque[str] = collections.deque()
        self._bytes = 0

    def add(self, line: str, size: int) -> None:
        """Put a line at the end; the oldest go where there is no room."""
        self._lines.append(line)
        self._bytes += len(line) + 1
        while self._bytes > size and self._lines:
            self._bytes -= len(self._lines.popleft()) + 1

    def __iter__(self) -> Iterator[str]:
        return iter(list(self._lines))

    def clear(self) -> None:
        """Forget all."""
        self._lines.clear()
        self._bytes = 0


class Logs(ABC):
    """The logging of a device."""

    def __init__(self, device: Device) -> None:
        self.device = device
        self.buffer = Buffer()
        self.counts: collections.Counter[str] = collections.Counter()
        # All that there was to print, by what it belongs to, whatever is switched on: for tests. `all`: the debugs as
        # they come.
        self.history: dict[str, collections.deque[str]] = {
            channel: collections.deque(maxlen=20000) for channel in ("isakmp", "ipsec", "syslog", "all")
        }
        self._lock = threading.RLock()
        self._ticks = 0
        self._begin = time.monotonic()

    @abstractmethod
    def take(self, record: Record) -> None:
        """A record, of a debug or of the syslog, goes where it belongs."""

    @abstractmethod
    def say(self, text: str) -> None:
        """A line of the syslog that a row brings (`%SYS-5-CONFIG_I: ...`)."""

    def clear(self) -> None:
        """Empty the buffer."""
        with self._lock:
            self.buffer.clear()

    def remember(self, channel: str, text: str) -> None:
        """Keep it for tests."""
        self.history[channel].append(text)
        if channel != "syslog":
            self.history["all"].append(text)

    def now(self) -> datetime.datetime:
        """The time in UTC. At level cli time does not pass: the clock ticks once for each line."""
        if self.device.plant is None:
            self._ticks += 1
            return datetime.datetime(2002, 3, 1, tzinfo=datetime.UTC) + datetime.timedelta(seconds=self._ticks)
        return datetime.datetime.now(datetime.UTC)

    def uptime(self) -> str:
        """`hh:mm:ss` since the start."""
        if self.device.plant is None:
            self._ticks += 1
            seconds = self._ticks
        else:
            seconds = int(time.monotonic() - self._begin)
        return f"{seconds // 3600:02}:{seconds // 60 % 60:02}:{seconds % 60:02}"

    def show(self, shells: list[Shell], text: str) -> None:
        """Print it in sessions."""
        for shell in shells:
            shell.notify(text)
