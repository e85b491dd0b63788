# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: The netvpn.dynamic_l2l contributors
"""Echo requests of a device itself: one after the other, as both platforms send them."""

from __future__ import annotations

import ipaddress
import re
import subprocess
from collections.abc import Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

from .base import Chosen, chosen

if TYPE_CHECKING:
    from .plant import Plant

# The devices wait two seconds for each answer. The emulated networks answer in milliseconds, and the packet that brings
# a tunnel up is lost on the devices too: half the time is enough, and a test of what does not answer takes half as long.
PATIENCE = 1.0
_TIME = re.compile(r"time[=<]([\d.]+) ms")
_UNREACHABLE = re.compile(r"^From (\S+) .*(Unreachable|Filtered|Prohibited)", re.MULTILINE)


class Host(Protocol):
    """A network namespace."""

    def run(self, *argv: str, timeout: float = 10, check: bool = True) -> subprocess.CompletedProcess[str]: ...


@dataclass(frozen=True)
class Pinged:
    """What became of each request: `!` answered, `.` nothing came, `U` unreachable; and the milliseconds of the answers.

    `source` is the address that they were sent from, empty where the system chose it.
    """

    address: str
    marks: str
    times: tuple[float, ...] = ()
    source: str = ""
    size: int = 100

    @property
    def answered(self) -> int:
        """How many were answered."""
        return self.marks.count("!")


def mark(output: str, own: str = "") -> tuple[str, float | None]:
    """The mark of one request, from what `ping -c 1` printed, and the time of the answer.

    What the system says from its own address (nobody answers ARP) is no answer.
    """
    if found := _TIME.search(output):
        return "!", float(found[1])
    told = _UNREACHABLE.search(output)
    return ("U" if told and told[1] != own else "."), None


def ping(
    host: Host, address: str, source: str | None = None, count: int = 5, size: int = 100, patience: float = PATIENCE
) -> Pinged:
    """Send `count` requests from a namespace; each waits for the answer to the one before it, or for its time to pass.

    `size` is that of the whole IP packet, as the devices count it.
    """
    marks, times = "", []
    origin = ("-I", source) if source else ()
    for _ in range(count):
        argv = ("ping", "-n", "-c", "1", "-W", f"{patience:g}", "-s", str(max(0, size - 28)), *origin, address)
        done = host.run(*argv, timeout=patience + 10, check=False)
        one, time = mark(done.stdout, source or "")
        marks += one
        if time is not None:
            times.append(time)
    return Pinged(address, marks, tuple(times), source or "", size)


def way(table: Iterable[Chosen], address: str) -> Chosen | None:
    """The route to an address: the longest prefix."""
    wanted = ipaddress.IPv4Address(address)
    fitting = [entry for entry in table if wanted in ipaddress.IPv4Network(entry.prefix)]
    return max(fitting, key=lambda entry: ipaddress.IPv4Network(entry.prefix).prefixlen, default=None)


def ping_from(plant: Plant, address: str, port: str | None = None, *, count: int = 5, size: int = 100) -> Pinged:
    """Send requests from a device: from the address of `port` (its name), or of the interface that the route leaves by."""
    addresses = plant.addresses()
    if port is None:
        entry = way(chosen(plant.fabric, addresses, plant.gateways()), address)
        port = entry.port.name if entry else None
    if port is None or port not in addresses:
        return Pinged(address, "." * count, size=size)
    # A loopback is where the inside is.
    node, _interface = plant.node_of(port) or (plant.nat_node, "lo")
    return ping(node, address, addresses[port][0], count, size)
