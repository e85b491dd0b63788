# Copyright: The netvpn.dynamic_l2l contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""The core speaking to emulated devices inside one process: every line goes over the device's own prompt."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import pytest
from ansible_collections.netvpn.dynamic_l2l.plugins.module_utils._core.errors import TransportError
from ansible_collections.netvpn.dynamic_l2l.plugins.module_utils._core.run import PLATFORMS, run
from ansible_collections.netvpn.dynamic_l2l.plugins.module_utils._core.session import Session, split_answers
from devices import Device
from devices.recall import watched

GOLDEN = Path(__file__).parents[2] / "golden/seed"

#: What the reference calls its objects, and what it does.
REFERENCE: dict[str, Any] = {
    "names": {
        "crypto_map": "IPSEC",
        "transform_set": "DYN-TS",
        "crypto_acl": "IPSec-traffic",
        "exemption_acl": "NO-NAT",
        "dynamic_map": "DYN",
        "nat_acl": "100",
    },
    "pat": "present",
}

HUB: dict[str, Any] = {
    "host": "hub",
    "address": "192.168.1.2",
    "networks": ["10.2.1.0/24"],
    "suite": "reference",
    "pre_shared_key": "cisco123",
    "match_address": False,
    "allow_weak_crypto": "broken",
}

OSAKA: dict[str, Any] = {"name": "osaka", "initiator": "pix", "responder": "hub", "networks": ["10.1.1.0/24"]}


def seed(name: str) -> str:
    """A text of the reference scenario."""
    return (GOLDEN / name).read_text(encoding="utf-8")


def comparable(text: str) -> list[str]:
    """A running configuration without what a device computes (sizes, checksums) and blanks at line ends."""
    computed = re.compile(r"(Current configuration : \d+ bytes|Cryptochecksum:.*)")
    return [computed.sub("", row.rstrip()) for row in text.strip().splitlines()]


class ShellTransport:
    """Types at a shell of the emulated device; see the core's ``Transport``."""

    def __init__(self, device: Device, *, ios: bool) -> None:
        self.shell = device.open_shell(privileged=True)
        self.shell.start()
        self.shell.feed("terminal length 0\r" if ios else "terminal pager 0\r")
        self.dropped = False

    def read(self, command: str) -> str:
        return self.write([command])[0]

    def write(self, lines: Sequence[str], question: str | None = None, reply: str = "no") -> list[str]:
        if self.shell.closed:
            raise TransportError("the connection was closed.")
        raw = self.shell.feed("".join(f"{line}\r" for line in lines))
        if question and re.search(question, raw):
            raw += self.shell.feed(f"{reply}\r")
        if self.shell.closed:
            raise TransportError("the connection was closed.")
        return split_answers(raw, lines)

    def drop(self) -> None:
        self.dropped = True


class Site:
    """One emulated device and what a module would be asked to do with it."""

    def __init__(self, platform: str, text: str, **device: Any) -> None:
        self.platform = platform
        release = {"asa": "pix-7.2", "ios": "ios-12.4"}[platform]
        self.device = Device.from_text(release, text, **device)
        self.host = {"asa": "pix", "ios": "hub"}[platform]

    @property
    def text(self) -> str:
        """The running configuration, as a person would see it."""
        return self.device.running_config()

    def session(self, transport: type[ShellTransport] = ShellTransport) -> Session:
        return Session(transport(self.device, ios=self.platform == "ios"), PLATFORMS[self.platform].cli)

    def run(
        self,
        *,
        check: bool = False,
        responders: Any = None,
        tunnels: Any = None,
        transport: type[ShellTransport] = ShellTransport,
        **options: Any,
    ) -> dict[str, Any]:
        """Call the core as a module does."""
        request = {
            "host": self.host,
            "state": "present",
            "save": "changed",
            "responders": responders or [HUB],
            "tunnels": tunnels or [OSAKA],
            **REFERENCE,
            **options,
        }
        return run(self.platform, request, check_mode=check, open_session=lambda _cli: self.session(transport))


@pytest.fixture(autouse=True)
def _recall(request: pytest.FixtureRequest) -> Iterator[None]:
    """Notes which rows of the devices' tables a test used that rest on recall; the devices' tests print the count."""
    with watched() as rows:
        yield
    request.node.user_properties.append(("recall", len(rows)))
