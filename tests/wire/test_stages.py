# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: The netvpn.dynamic_l2l contributors
"""The two stages with real packets: runs their cases in namespaces of their own and tells what became of each."""

from __future__ import annotations

import os
import re
import subprocess
import sys
import xml.etree.ElementTree as ElementTree
from collections.abc import Callable
from functools import lru_cache
from pathlib import Path

import pytest

HERE = Path(__file__).resolve().parent
FILES = ("nat_cases.py", "crypto_cases.py")
CASES = [
    (name, case)
    for name in FILES
    for case in re.findall(r"^def (test_\w+)", (HERE / name).read_text(encoding="utf-8"), re.MULTILINE)
]

#: What failed, by the name of the case.
Results = dict[str, list[str]]


@pytest.fixture(scope="module")
def results(tmp_path_factory: pytest.TempPathFactory) -> Callable[[str], Results]:
    """``results(FILE)`` runs a file of cases once."""

    @lru_cache
    def run(name: str) -> Results:
        report = tmp_path_factory.mktemp("stage") / "report.xml"
        # worlds come and go in one process here: sockets that die with a world are not what is tested
        quiet = ["-W", "ignore::pytest.PytestUnraisableExceptionWarning", "-W", "ignore::ResourceWarning"]
        pytest_line = [sys.executable, "-m", "pytest", "-q", *quiet, f"--junitxml={report}", str(HERE / name)]
        done = subprocess.run(
            [sys.executable, "-m", "devices.wire.sandbox", *pytest_line],
            env={**os.environ, "PYTHONPATH": str(HERE.parent)},
            capture_output=True,
            text=True,
            timeout=600,
            check=False,
        )
        assert report.exists(), done.stdout + done.stderr
        found: Results = {}
        for case in ElementTree.parse(report).getroot().iter("testcase"):
            title = case.get("name", "").partition("[")[0]
            found.setdefault(title, []).extend(f"{each.tag}: {each.get('message')}\n{each.text}" for each in case)
        return found

    return run


@pytest.mark.parametrize(("name", "case"), CASES)
def test_stage(name: str, case: str, results: Callable[[str], Results]) -> None:
    found = results(name)
    assert case in found, "was not run"
    failures = [text for text in found[case] if not text.startswith("properties")]
    assert not failures, "\n".join(failures)
