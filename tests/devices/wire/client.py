# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: The netvpn.dynamic_l2l contributors
"""A running world from a test's side: `WorldClient(state).run("lan-pix", "ping", "-c1", "10.2.1.10")`."""

from __future__ import annotations

import contextlib
import itertools
import os
import signal
import subprocess
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from . import packets
from .control import ControlError, ask
from .packets import Packet

__all__ = ["CapturedLink", "ControlError", "Packet", "Started", "WorldClient"]

_numbers = itertools.count(1)


class CapturedLink:
    """A capture: `packets()` at any time gives all that has passed until now."""

    def __init__(self, client: WorldClient, link: str, path: Path) -> None:
        self.path = path
        self._client = client
        self._number: int | None = client.ask("capture", link=link, file=str(path))["id"]

    def stop(self) -> None:
        """Take no more."""
        if self._number is not None:
            self._client.ask("finish", id=self._number)
            self._number = None

    def packets(self, *kinds: str) -> list[Packet]:
        """The IPv4 packets until now (of these kinds)."""
        if self._number is not None:
            self._client.ask("sync", id=self._number)
        return [packet for packet in packets.read(self.path) if not kinds or packet.kind in kinds]

    def wait(self, wanted: Callable[[list[Packet]], bool], seconds: float = 60) -> list[Packet]:
        """The packets, once they are as wanted."""
        deadline = time.monotonic() + seconds
        while not wanted(found := self.packets()):
            if time.monotonic() > deadline:
                raise TimeoutError(f"{self.path.name}: not in {seconds} s; {len(found)} packets")
            time.sleep(0.02)
        return found

    def tshark(self, *more: str) -> list[dict[str, Any]]:
        """What tshark says of the packets until now."""
        self.packets()
        return packets.tshark(self.path, *more)


class Started:
    """A program in the background of a node."""

    def __init__(self, client: WorldClient, node: str, argv: tuple[str, ...]) -> None:
        self._client, self._argv = client, argv
        self._number: int = client.ask("start", node=node, argv=list(argv))["id"]

    def output(self) -> str:
        """What it has printed so far."""
        return str(self._client.ask("output", id=self._number)["stdout"])

    def wait_for(self, text: str, seconds: float = 60) -> str:
        """What it has printed, once that has the text."""
        deadline = time.monotonic() + seconds
        while text not in (said := self.output()):
            if time.monotonic() > deadline:
                raise TimeoutError(f"{' '.join(self._argv)}: no {text!r} in {seconds} s:\n{said}")
            time.sleep(0.02)
        return said

    def finish(self, number: int | None = signal.SIGINT, seconds: float = 30) -> subprocess.CompletedProcess[str]:
        """Interrupt it (None: wait for its end) and return what it printed."""
        answer = self._client.ask("finish", id=self._number, signal=number, timeout=seconds)
        return subprocess.CompletedProcess(self._argv, answer["code"], answer["stdout"], answer["stderr"])


class WorldClient:
    """The world of a state folder."""

    def __init__(self, state: Path) -> None:
        self.state = Path(state)

    def ask(self, verb: str, **request: Any) -> dict[str, Any]:
        """A request of control.py."""
        return ask(self.state, {"do": verb} | request, seconds=(request.get("timeout") or 30) + 30)

    def run(
        self,
        node: str,
        *argv: str,
        timeout: float = 30,
        input: str | None = None,  # noqa: A002 (as of subprocess)
        check: bool = False,
    ) -> subprocess.CompletedProcess[str]:
        """Run a program in a node."""
        answer = self.ask("exec", node=node, argv=list(argv), timeout=timeout, input=input)
        done = subprocess.CompletedProcess(argv, answer["code"], answer["stdout"], answer["stderr"])
        if check:
            done.check_returncode()
        return done

    def ping(self, node: str, address: str, count: int = 1, *more: str, seconds: float = 2) -> int:
        """Ping; how many answers came. Each is waited for `seconds`; the next is sent 0.1 s behind the last."""
        wait = f"{seconds:g}"
        done = self.run(node, "ping", "-n", "-c", str(count), "-i", "0.1", "-W", wait, *more, address, timeout=60)
        return done.stdout.count("bytes from")

    def start(self, node: str, *argv: str) -> Started:
        """Run a program in the background of a node."""
        return Started(self, node, argv)

    def seen(self, node: str, address: str, protocol: str = "udp", source: str = "") -> str | None:
        """The address that the host `address` sees when `node` asks it (`source`: from that address of its own)."""
        done = self.run(node, *flow_command(protocol, address, 1, 0, source), timeout=15)
        return done.stdout.split()[1] if len(done.stdout.split()) > 1 else None

    def flow(self, node: str, address: str, protocol: str = "udp", interval: float = 0.02, source: str = "") -> Started:
        """A flow that goes on until it is finished; each line is `NUMBER ADDRESS PORT` as the host saw it, or
        `NUMBER lost`."""
        return self.start(node, *flow_command(protocol, address, 0, interval, source))

    @contextlib.contextmanager
    def capture(self, link: str, path: Path | None = None) -> Iterator[CapturedLink]:
        """Capture on a link while the block runs."""
        file = path or self.state / f"{link.replace(':', '-')}-{os.getpid()}-{next(_numbers)}.pcap"
        captured = CapturedLink(self, link, file)
        try:
            yield captured
        finally:
            captured.stop()

    def event(self, name: str, *arguments: object) -> Any:
        """Let something happen: see `Control.event`."""
        return self.ask("event", event=name, arguments=[str(word) for word in arguments], timeout=30).get("result")

    def sas(self, device: str) -> dict[str, Any]:
        """The security associations of a device."""
        result: dict[str, Any] = self.ask("sas", device=device)["result"]
        return result

    def log(self, device: str) -> list[str]:
        """What the device's IKE daemon and its crypto stage noted."""
        lines: list[str] = self.ask("log", device=device)["lines"]
        return lines

    def history(self, device: str) -> dict[str, list[str]]:
        """What there was to log, as the device prints it: `isakmp` and `ipsec`, its debugs, and `syslog`."""
        found: dict[str, list[str]] = self.ask("history", device=device)
        return found

    def status(self) -> dict[str, Any]:
        """See `Control.status`."""
        return self.ask("status")


def flow_command(protocol: str, address: str, count: int, interval: float, source: str = "") -> list[str]:
    """The program of flow.py, to be run in a node."""
    program = str(Path(__file__).with_name("flow.py"))
    return ["python3", program, protocol, address, str(count), str(interval), *([source] if source else [])]
