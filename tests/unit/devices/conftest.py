# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: The netvpn.dynamic_l2l contributors
"""Devices to test, and the golden text."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

TESTS = Path(__file__).resolve().parents[2]
if str(TESTS) not in sys.path:
    sys.path.insert(0, str(TESTS))

from devices import Device, Shell  # noqa: E402
from devices.recall import watched  # noqa: E402


class Session:
    """A session that types whole lines and gives back what the device answered: no echo, no prompt, no CR."""

    def __init__(self, device: Device, *, privileged: bool = True) -> None:
        self.device = device
        self.shell: Shell = device.open_shell(privileged=privileged)
        self.shell.page_override = 0
        self.shell.width_override = 0
        self.raw = self.shell.start()

    @property
    def prompt(self) -> str:
        """The last line that stands on the screen."""
        return self.raw.replace("\r", "\n").split("\n")[-1]

    def type(self, line: str) -> str:
        """Type a line."""
        self.raw = self.shell.feed(f"{line}\r")
        _echo, _, rest = self.raw.partition("\r\n")
        answer, _, _prompt = rest.rpartition("\r\n") if "\r\n" in rest else ("", "", rest)
        return answer.replace("\r", "")

    def enter(self, *lines: str) -> dict[str, str]:
        """Type lines in configuration mode; returns the answers that are not empty, by line."""
        answers = {line: self.type(line) for line in ("configure terminal", *lines, "end")}
        answers.pop("configure terminal")
        return {line: answer for line, answer in answers.items() if answer}


@pytest.fixture(autouse=True)
def _recall(request: pytest.FixtureRequest) -> Iterator[None]:
    """Notes in the report which rows a test used that rest on recall."""
    with watched() as rows:
        yield
    request.node.user_properties.append(("recall", len(rows)))


@pytest.fixture
def golden() -> Callable[[str], str]:
    """The text of a golden file of the seed."""
    return lambda name: (TESTS / "golden" / "seed" / name).read_text()


@pytest.fixture
def session() -> Callable[..., Session]:
    """Makes a privileged session on a device."""
    return Session


@pytest.fixture
def pix(golden: Callable[[str], str]) -> Session:
    """A session on a PIX that runs the reference configuration."""
    secrets = {"pre_shared_keys": {"192.168.1.2": "s3cret"}}
    return Session(Device.from_text("pix-7.2", golden("pix-7.2-running-config.cfg"), secrets=secrets))


@pytest.fixture
def pix_start(golden: Callable[[str], str]) -> Session:
    """A session on a PIX without VPN and NAT."""
    return Session(Device.from_text("pix-7.2", golden("pix-7.2-start.cfg")))


@pytest.fixture
def ios(golden: Callable[[str], str]) -> Session:
    """A session on a router that runs the reference configuration."""
    return Session(Device.from_text("ios-12.4", golden("ios-12.4-running-config.cfg")))


@pytest.fixture
def ios_start(golden: Callable[[str], str]) -> Session:
    """A session on a router without VPN and NAT."""
    return Session(Device.from_text("ios-12.4", golden("ios-12.4-start.cfg")))
