# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: The netvpn.dynamic_l2l contributors
"""DHCP: a server (dnsmasq) that gives one address, and the client of a device's interface (udhcpc)."""

from __future__ import annotations

import contextlib
import ipaddress
import signal
import subprocess
import threading
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from .topology import Interface
from .world import Node

SECONDS = 43200
_READY = "DHCP, sockets bound exclusively"
_SCRIPT = '#!/bin/sh\nprintf "%s|%s|%s|%s\\n" "$1" "$ip" "$subnet" "${router%% *}"\n'


@dataclass(frozen=True)
class Offer:
    """What a server gives: an address, and the gateway it names."""

    address: Interface
    gateway: str


class Server:
    """The DHCP server on an interface of a node; the interface has its address."""

    def __init__(self, node: Node, interface: str, directory: Path) -> None:
        self._node, self._interface, self._directory = node, interface, directory
        self._process: subprocess.Popen[str] | None = None
        self.offer: Offer | None = None

    def serve(self, offer: Offer) -> None:
        """Give this from now on; returns when the server listens."""
        self.stop()
        leases = self._directory / f"{self._interface}.leases"
        leases.unlink(missing_ok=True)
        address = offer.address
        mask = ipaddress.IPv4Network(str(address), strict=False).netmask
        process = self._node.popen(
            "dnsmasq",
            "--no-daemon",  # neither does it change its groups, which a user's root may not
            "--conf-file=/dev/null",
            "--port=0",
            f"--interface={self._interface}",
            "--except-interface=lo",
            "--bind-interfaces",
            "--dhcp-authoritative",
            "--no-ping",
            f"--dhcp-leasefile={leases}",
            f"--dhcp-range={address.address},{address.address},{mask},{SECONDS}",
            f"--dhcp-option=option:router,{offer.gateway}",
            "--log-facility=-",
            stderr=subprocess.PIPE,
        )
        said: list[str] = []
        ready = threading.Event()

        def read() -> None:
            assert process.stderr
            with contextlib.suppress(ValueError, OSError):
                for line in process.stderr:
                    said.append(line)
                    if _READY in line:
                        ready.set()
            ready.set()

        threading.Thread(target=read, daemon=True).start()
        ready.wait(5)
        if process.poll() is not None or not any(_READY in line for line in said):
            raise RuntimeError(f"dnsmasq on {self._interface}: {''.join(said).strip()}")
        self._process, self.offer = process, offer

    def stop(self) -> None:
        """Give nothing any more."""
        if self._process:
            self._process.terminate()
            self._process.wait(5)
        self._process = None


class Client:
    """The DHCP client of an interface. `told` is called, in a thread of the client, with each lease and with None when
    there is none any more."""

    def __init__(self, node: Node, interface: str, directory: Path, told: Callable[[Offer | None], None]) -> None:
        self._told = told
        self._stopped = False
        script = directory / "udhcpc.sh"
        if not script.exists():
            script.write_text(_SCRIPT)
            script.chmod(0o755)
        self._process = node.popen(
            "udhcpc", "-f", "-i", interface, "-s", str(script), "-t", "4", "-T", "1", "-A", "2",
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
        )  # fmt: skip
        threading.Thread(target=self._read, daemon=True).start()

    def _read(self) -> None:
        assert self._process.stdout
        with contextlib.suppress(ValueError, OSError):
            for line in self._process.stdout:
                if self._stopped:
                    return
                if line.count("|") == 3:
                    self._hear(*line.strip().split("|"))

    def _hear(self, event: str, address: str, mask: str, router: str) -> None:
        if event in ("bound", "renew"):
            length = ipaddress.IPv4Network(f"0.0.0.0/{mask or '255.255.255.255'}").prefixlen
            self._told(Offer(Interface(address, length), router))
        elif event == "deconfig":
            self._told(None)

    def renew(self) -> None:
        """Ask for the same again."""
        self._process.send_signal(signal.SIGUSR1)

    def anew(self) -> None:
        """Give the lease back and ask for one, as if it had run out."""
        # udhcpc takes signals in order, and asks at once after a release; after a refusal it would wait three seconds
        self._process.send_signal(signal.SIGUSR2)
        self._process.send_signal(signal.SIGUSR1)

    def stop(self) -> None:
        """End; the lease is not given back."""
        self._stopped = True
        self._process.kill()
        self._process.wait(5)
