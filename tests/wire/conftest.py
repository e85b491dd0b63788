# Copyright: The netvpn.dynamic_l2l contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""Worlds for tests: each with namespaces of its own, gone when the test ends."""

from __future__ import annotations

import contextlib
import shutil
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from devices import recall
from e2e.conftest import Playbooks

from . import mistakes, sites
from .sites import Site

#: The state folders of the sites that run: their devices say what they did that rests on recall.
_running: list[Path] = []


@contextlib.contextmanager
def starting() -> Iterator[Callable[..., Site]]:
    """Starts worlds, and ends them."""
    with contextlib.ExitStack() as stack:

        def start(*arguments: Any, **more: Any) -> Site:
            # A short path: a Unix socket's may have 107 characters.
            folder = Path(tempfile.mkdtemp(prefix="l2l-"))
            stack.callback(shutil.rmtree, folder, ignore_errors=True)
            site = sites.start(folder, Playbooks(folder / "p"), *arguments, **more)
            stack.callback(site.close)
            _running.append(site.state)
            stack.callback(_running.remove, site.state)
            return site

        yield start


@pytest.fixture
def start() -> Iterator[Callable[..., Site]]:
    """Starts a world: see ``sites.start``."""
    with starting() as start:
        yield start


@pytest.fixture(scope="module")
def start_shared() -> Iterator[Callable[..., Site]]:
    """The same for all tests of a module."""
    with starting() as start:
        yield start


@pytest.fixture(scope="session")
def found_mistakes() -> Iterator[dict[str, mistakes.Found]]:
    """What each class of mistake shows: see ``mistakes.py``."""
    with starting() as start:
        yield mistakes.find(start)


@pytest.hookimpl(tryfirst=True)
def pytest_runtest_teardown(item: pytest.Item) -> None:
    """Notes in the report how many rows and facts a test used that rest on recall, while its devices run."""
    if _running:
        used = {what for state in _running for what in recall.found(state)}
        item.user_properties.append(("recall", len(used)))


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Says how many tests used such rows, as for the unit tests."""
    counts = [
        value
        for report in terminalreporter.stats.get("", [])  # the reports of teardowns
        for name, value in report.user_properties
        if name == "recall"
    ]
    if counts:
        resting = sum(1 for count in counts if count)
        terminalreporter.write_line(f"devices: {resting} of {len(counts)} tests used rows that rest on recall")
