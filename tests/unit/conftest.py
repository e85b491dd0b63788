# Copyright: The netvpn.dynamic_l2l contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""What is said after all unit tests. It stands here because parallel runs read no conftest further down."""

from __future__ import annotations

import pytest


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Says how many tests of the devices used such rows."""
    counts = [
        value
        for report in terminalreporter.stats.get("", [])  # the reports of teardowns
        for name, value in report.user_properties
        if name == "recall"
    ]
    if counts:
        resting = sum(1 for count in counts if count)
        terminalreporter.write_line(f"devices: {resting} of {len(counts)} tests used rows that rest on recall")
