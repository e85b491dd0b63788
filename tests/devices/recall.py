# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: The netvpn.dynamic_l2l contributors
"""How much of what tests prove rests on recall: which rows of that grade the devices of a test used.

A test session counts it with::

    from devices.recall import watched

    @pytest.fixture(autouse=True)
    def _recall(request):
        with watched() as rows:
            yield
        request.node.user_properties.append(("recall", sorted(rows)))
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from . import device
from .engine import Grade, Row


@contextmanager
def watched() -> Iterator[set[str]]:
    """The rows on recall that devices of this process use from now on, as text."""
    found: set[str] = set()

    def note(row: Row) -> None:
        if row.grade is Grade.RECALL:
            found.add(str(row))

    device.watchers.append(note)
    try:
        yield found
    finally:
        device.watchers.remove(note)
