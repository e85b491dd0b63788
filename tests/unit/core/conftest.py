# Copyright: The netvpn.dynamic_l2l contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""The core is imported as ``_core``, without Ansible; a process must not import it by its other name too."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings

HERE = Path(__file__).resolve().parent
sys.path[:0] = [str(HERE.parents[2] / "plugins" / "module_utils"), str(HERE)]

from core_support import golden  # noqa: E402  (the path is set above)

settings.register_profile(
    "core",
    derandomize=True,
    database=None,
    deadline=None,
    max_examples=60,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.filter_too_much],
)
settings.load_profile("core")


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--update-golden", action="store_true", help="write the golden files anew; look at the diff")


@pytest.fixture
def same_as_golden(request: pytest.FixtureRequest) -> golden.Compare:
    """``same_as_golden("name.txt", text)``."""
    return golden.compare_with(HERE / "golden", update=bool(request.config.getoption("--update-golden", default=False)))
