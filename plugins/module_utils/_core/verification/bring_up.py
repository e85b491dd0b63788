# Copyright: The netvpn.dynamic_l2l contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""Bringing tunnels up from their initiator, and waiting for them, for a bounded time.

A PIX/ASA sends from an address of its own with ``ping INTERFACE ADDRESS``; for networks in which it has none,
``packet-tracer`` sends a packet as if it had come in from there, on the releases that have it. A responder with a dynamic
crypto map cannot begin.
"""

from __future__ import annotations

import re
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any, Protocol

from ..asa.dialect import for_version
from ..asa.model import AsaConfig
from ..errors import InputError
from ..intent import Network, Tunnel, scalar, shown
from ..prefixes import Prefix, dotted, longest_match, parse_address
from ..preflight import answer_rows, ping_answers

#: Seconds between two rounds, where the device answers so quickly that nothing else paces them.
PAUSE = 1.0

#: ``Drop-reason: (acl-drop) Flow is denied by configured rule``, and the rows that refuse a command.
_TRACED = re.compile(r"Action: \S+|Drop-reason: .*")
_REFUSED = re.compile(r"(% |ERROR: ).*|(Command )?[Aa]uthorization failed.*")


class Clock(Protocol):
    """Time, so that tests need none."""

    def now(self) -> float:
        """Seconds, from whenever."""

    def pause(self, seconds: float) -> None:
        """Let time pass."""


class SystemClock:
    """The machine's."""

    def now(self) -> float:
        """Seconds that only grow."""
        return time.monotonic()

    def pause(self, seconds: float) -> None:
        """Sleep."""
        time.sleep(seconds)


@dataclass(frozen=True)
class Probe:
    """What asks for the SAs of one pair of networks. Without a ``command`` nothing can, and ``reason`` says why."""

    tunnel: str
    pair: tuple[Prefix, Prefix]
    command: str
    reason: str = ""


@dataclass(frozen=True)
class Attempt:
    """A probe that was sent, or why it was not. ``answers`` is None where the device does not count any."""

    tunnel: str
    local: str
    remote: str
    command: str
    answers: int | None
    said: str

    def as_dict(self) -> dict[str, Any]:
        """Plain data."""
        return asdict(self)


def read_targets(values: Sequence[object] | None) -> tuple[int, ...]:
    """``probe``: addresses behind the other end that answer. Raises InputError."""
    found = []
    for index, value in enumerate(values or ()):
        text = scalar(value) or ""
        try:
            found.append(parse_address(text))
        except ValueError:
            raise InputError(
                f"probe[{index}]",
                shown(value),
                "this is not an IPv4 address",
                "Give the address of a host behind the other end that answers ping, as 10.2.1.10",
            ) from None
    return tuple(found)


def require_reached(targets: Iterable[int], tunnels: Iterable[Tunnel]) -> None:
    """Refuse a target that is behind no responder. Raises InputError."""
    remotes = [network.prefix for tunnel in tunnels for network in tunnel.responder_networks]
    for index, target in enumerate(targets):
        if not any(prefix.network <= target <= prefix.last for prefix in remotes):
            raise InputError(
                f"probe[{index}]",
                dotted(target),
                "no tunnel of the intent leads there",
                f"Give addresses in {', '.join(map(str, remotes)) or 'networks of a responder'}",
            )


def asa_probes(config: AsaConfig | None, tunnels: Iterable[Tunnel], targets: Sequence[int]) -> tuple[Probe, ...]:
    """One for each pair of networks of each tunnel that is to be there.

    ``config`` is None for a release whose configuration is not read: then only interfaces that the intent names are known.
    """
    found = []
    for tunnel in tunnels:
        for local in tunnel.networks if tunnel.present else ():
            for remote in tunnel.responder_networks:
                target = _target(remote.prefix, targets)
                command, reason = _asa_command(config, local, target) if config else _named_only(local, target)
                found.append(Probe(tunnel.name, (local.prefix, remote.prefix), command, reason))
    return tuple(found)


def _asa_command(config: AsaConfig, local: Network, target: str) -> tuple[str, str]:
    name = local.interface or longest_match(local.prefix.network, config.routing_table()) or ""
    interface = config.interfaces.get(name)
    if interface is None:
        return "", f"no interface of the device leads to {local}"
    own = interface.address
    # A leased address is not in the configuration. It is of the network that is joined, or the SAs do not come.
    if (own is None and interface.dhcp) or (own is not None and local.prefix.network <= own <= local.prefix.last):
        return f"ping {name} {target}", ""
    dialect = for_version(config.version)
    if dialect.packet_tracer:
        # Type 8, code 0: an echo request.
        return f"packet-tracer input {name} icmp {_host(local.prefix)} 8 0 {target}", ""
    return "", f"the device has no address in {local}, and {dialect.name} no packet-tracer: ping from a host of it"


def _named_only(local: Network, target: str) -> tuple[str, str]:
    if local.interface:
        return f"ping {local.interface} {target}", ""
    return "", f"the configuration of this release is not read: name the interface of {local} in the intent"


def _target(remote: Prefix, targets: Sequence[int]) -> str:
    return next((dotted(each) for each in targets if remote.network <= each <= remote.last), _host(remote))


def _host(prefix: Prefix) -> str:
    """The first address that a host can have."""
    return dotted(prefix.network + (1 if prefix.length < 31 else 0))


def bring_up(
    ask: Callable[[str], str],
    probes: Sequence[Probe],
    settled: Callable[[Sequence[Probe]], Mapping[Probe, bool]],
    wait: float,
    clock: Clock,
) -> tuple[Attempt, ...]:
    """Send ``probes``, again and again, until all are settled or ``wait`` seconds are over.

    ``settled`` reads the SAs anew and says of each probe whether its pair is what is waited for. What is sent first may
    be lost while the SAs are made, so a probe may need a second round. The last attempt of each is returned.
    """
    deadline = clock.now() + wait
    attempts = {probe: _attempt(probe, None, probe.reason) for probe in probes}
    open_ = [probe for probe in probes if probe.command]
    while open_:
        for at, probe in enumerate(open_):
            if at and clock.now() >= deadline:
                # No answer takes a device ten seconds: many dead tunnels must not make a run endless.
                break
            attempts[probe] = _send(ask, probe)
        told = settled(open_)
        open_ = [probe for probe in open_ if not told[probe]]
        if clock.now() >= deadline:
            break
        if open_:
            clock.pause(min(PAUSE, max(deadline - clock.now(), 0)))
    return tuple(attempts.values())


def _send(ask: Callable[[str], str], probe: Probe) -> Attempt:
    rows = answer_rows(ask(probe.command), probe.command)
    answers = ping_answers(rows)
    if answers is not None:
        return _attempt(probe, answers, "answered" if answers else "no answer")
    # Only these rows are repeated: whatever else arrives may belong to somebody's log.
    told = [row[:100] for row in rows if _TRACED.fullmatch(row) or _REFUSED.fullmatch(row)]
    return _attempt(probe, None, ", ".join(told) or "the answer was not understood")


def _attempt(probe: Probe, answers: int | None, said: str) -> Attempt:
    local, remote = probe.pair
    return Attempt(
        probe.tunnel, str(local), str(remote), probe.command, answers, said or "not tried: the time was over"
    )
