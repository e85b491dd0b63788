# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: The netvpn.dynamic_l2l contributors
"""The crypto stage with real packets: runs crypto_cases.py in namespaces of its own and tells what became of each case."""

from __future__ import annotations

import os
import re
import subprocess
import sys
import xml.etree.ElementTree as ElementTree
from pathlib import Path

import pytest

HERE = Path(__file__).resolve().parent
CASES = re.findall(r"^def (test_\w+)", (HERE / "crypto_cases.py").read_text(encoding="utf-8"), re.MULTILINE)


@pytest.fixture(scope="module")
def results(tmp_path_factory: pytest.TempPathFactory) -> dict[str, list[str]]:
    """What failed, by the name of the case."""
    report = tmp_path_factory.mktemp("crypto") / "report.xml"
    # worlds come and go in one process here: sockets that die with a world are not what is tested
    quiet = ["-W", "ignore::pytest.PytestUnraisableExceptionWarning", "-W", "ignore::ResourceWarning"]
    pytest_line = [sys.executable, "-m", "pytest", "-q", *quiet, f"--junitxml={report}", str(HERE / "crypto_cases.py")]
    done = subprocess.run(
        [sys.executable, "-m", "devices.wire.sandbox", *pytest_line],
        env={**os.environ, "PYTHONPATH": str(HERE.parent)},
        capture_output=True,
        text=True,
        timeout=600,
        check=False,
    )
    assert report.exists(), done.stdout + done.stderr
    found: dict[str, list[str]] = {}
    for case in ElementTree.parse(report).getroot().iter("testcase"):
        name = case.get("name", "").partition("[")[0]
        found.setdefault(name, []).extend(f"{each.tag}: {each.get('message')}\n{each.text}" for each in case)
    return found


@pytest.mark.parametrize("case", CASES)
def test_crypto_stage(case: str, results: dict[str, list[str]]) -> None:
    assert case in results, "was not run"
    failures = [text for text in results[case] if not text.startswith("properties")]
    assert not failures, "\n".join(failures)
