# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: The netvpn.dynamic_l2l contributors
"""How much of what tests prove rests on recall: which rows and facts of that grade the devices of a test used.

A test session counts it with::

    from devices.recall import watched

    @pytest.fixture(autouse=True)
    def _recall(request):
        with watched() as rows:
            yield
        request.node.user_properties.append(("recall", sorted(rows)))

Devices in a process of their own keep `recall.json` in their state folder: ``found(state)``.
"""

from __future__ import annotations

import json
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from . import device
from .engine import Grade, Row
from .wire import facts
from .wire.facts import Fact

FILE = "recall.json"


def _subscribe(told: Callable[[str], None]) -> Callable[[], None]:
    """Tell of each use of a row or a fact on recall; what is returned ends it."""

    def row(used: Row) -> None:
        if used.grade is Grade.RECALL:
            told(str(used))

    def fact(used: Fact) -> None:
        if used.grade is Grade.RECALL:
            told(f"wire: {used.key}")

    device.watchers.append(row)
    facts.watchers.append(fact)

    def end() -> None:
        device.watchers.remove(row)
        facts.watchers.remove(fact)

    return end


@contextmanager
def watched() -> Iterator[set[str]]:
    """The rows and facts on recall that devices of this process use from now on, as text."""
    used: set[str] = set()
    end = _subscribe(used.add)
    try:
        yield used
    finally:
        end()


class Ledger:
    """Keeps the file of a state folder: a list of the rows and facts on recall that were used so far."""

    def __init__(self, state: Path) -> None:
        self._path = state / FILE
        self._used: set[str] = set()
        self._lock = threading.Lock()
        self._write()
        self.close = _subscribe(self._note)

    def _note(self, what: str) -> None:
        with self._lock:
            if what not in self._used:
                self._used.add(what)
                self._write()

    def _write(self) -> None:
        temporary = self._path.with_name(f".{FILE}.new")
        temporary.write_text(json.dumps(sorted(self._used), indent=1) + "\n", encoding="utf-8")
        temporary.replace(self._path)


def found(state: Path) -> list[str]:
    """What the devices of a state folder used so far, running or ended."""
    from .wire.control import ControlError, ask

    with suppress(ControlError, OSError):
        ask(state, {"do": "recall"}, seconds=5)  # at level cli nobody answers, nor is there more to know
    with suppress(OSError):
        used: list[str] = json.loads((state / FILE).read_text(encoding="utf-8"))
        return used
    return []
