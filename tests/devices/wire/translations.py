# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: The netvpn.dynamic_l2l contributors
"""The flows that the kernel of a NAT namespace knows, in the words of the devices."""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass

from .nft import Addresses, mark_of, resolve
from .reading import ANY, Fabric

# By who began it: the inside, the outside (`B`: initial SYN from outside)
_FLAGS = {"ESTABLISHED": ("UIO", "UIOB"), "SYN_SENT": ("saA", "SaAB")}
_NUMBERS = {"1": "icmp", "6": "tcp", "17": "udp"}
# A PIX takes a connection out with its last packet
_ENDED = ("TIME_WAIT", "CLOSE", "LAST_ACK")
# What the headers take: once for a flow (the options of both SYN), and for each packet
_HEADERS = {"tcp": (16, 52), "udp": (0, 28), "icmp": (0, 28)}
_FIELD = re.compile(r"(\w+)=(\S+)")


@dataclass(frozen=True)
class Way:
    """One direction of a flow, as its packets are seen. Ports are empty where the protocol has none; ICMP: the id."""

    source: str
    destination: str
    source_port: str = ""
    destination_port: str = ""
    packets: int = 0
    bytes: int = 0


@dataclass(frozen=True)
class FlowState:
    """A flow: as its first packet came in, and as its answers come back."""

    protocol: str
    there: Way
    back: Way
    state: str = ""
    mark: int = 0
    seconds: int = 0

    @property
    def source_changed(self) -> bool:
        """Is its source translated?"""
        return (self.there.source, self.there.source_port) != (self.back.destination, self._back_port)

    @property
    def _back_port(self) -> str:
        return self.back.source_port if self.protocol == "icmp" else self.back.destination_port

    @property
    def destination_changed(self) -> bool:
        """Is its destination translated?"""
        if self.protocol == "icmp":
            return self.there.destination != self.back.source
        return (self.there.destination, self.there.destination_port) != (self.back.source, self.back.source_port)

    @property
    def carried(self) -> int:
        """Bytes of data that its packets had, both ways together: without what the headers take.

        Of TCP that is told by what each segment of the emulation's hosts has, Linux all of them: timestamps in each one,
        more options in the two that begin; other options (selective acknowledgements) are counted as data.
        """
        first, each = _HEADERS.get(self.protocol, (0, 20))
        packets = self.there.packets + self.back.packets
        return max(0, self.there.bytes + self.back.bytes - packets * each - first)

    @property
    def hosts(self) -> set[str]:
        """Its two ends by their own addresses: what translates changes where packets go, not who sends them."""
        return {self.there.source, self.back.source}

    @property
    def translated(self) -> bool:
        """Is it translated at all?"""
        return self.source_changed or self.destination_changed


@dataclass(frozen=True)
class Translation:
    """An entry of a device's table; an address with its port as `10.1.1.10:1025`. `outside`: empty for what is static.

    `line`: the line of the configuration that made it, if it is still there.
    """

    protocol: str
    inside_local: str
    inside_global: str
    outside_local: str = ""
    outside_global: str = ""
    line: str = ""


@dataclass(frozen=True)
class Connection:
    """A flow through a PIX: `inside` and `outside` as `address:port`."""

    protocol: str
    inside: str
    outside: str
    bytes: int = 0
    idle: int = 0
    flags: str = ""


def flows(text: str) -> list[FlowState]:
    """From what `conntrack -L -o extended` prints."""
    return [found for line in text.splitlines() if (found := _flow(line))]


def _flow(line: str) -> FlowState | None:
    words = line.split()
    if not words or words[0] != "ipv4":
        return None
    protocol = _NUMBERS.get(words[3], words[3] if words[2] == "unknown" else words[2])
    pairs = _FIELD.findall(line)
    starts = [place for place, (name, _) in enumerate(pairs) if name == "src"]
    if len(starts) != 2:
        return None
    there, back = (_way(dict(part)) for part in (pairs[starts[0] : starts[1]], pairs[starts[1] :]))
    mark = dict(pairs).get("mark", "0")
    states = [word for word in words[4:6] if "=" not in word and not word.isdigit()]
    seconds = int(words[4]) if words[4].isdigit() else 0
    return FlowState(protocol, there, back, states[0] if states else "", int(mark), seconds)


def _way(pairs: dict[str, str]) -> Way:
    number = pairs.get("id", "")
    return Way(
        pairs["src"],
        pairs["dst"],
        pairs.get("sport", number),
        pairs.get("dport", number),
        int(pairs.get("packets", "0")),
        int(pairs.get("bytes", "0")),
    )


def _place(address: str, port: str) -> str:
    return f"{address}:{port}" if port else address


def translations(found: Iterable[FlowState], fabric: Fabric, addresses: Addresses) -> list[Translation]:
    """The table of a device: what is static (IOS shows it at all times), then what flows have made.

    A PIX lists its statics too (`show xlate`: `Global ... Local ...`); its exemptions make no entry (ASA 7.0 guide).
    """
    lines = {mark_of(rule.line): rule.line for rule in fabric.nat}
    return [*_fixed(fabric, addresses), *(_entry(flow, lines) for flow in found if flow.translated)]


def _fixed(fabric: Fabric, addresses: Addresses) -> Iterator[Translation]:
    for rule in fabric.nat:
        target = resolve(rule.target or "", addresses)
        if rule.kind != "static" or target is None or rule.source == ANY:
            continue
        local, mapped = rule.source.removesuffix("/32"), target.removesuffix("/32")
        if rule.protocol:
            local, mapped = f"{local}:{rule.source_port}", f"{mapped}:{rule.target_port}"
        yield Translation(rule.protocol or "---", local, mapped, line=rule.line)


def _entry(flow: FlowState, lines: dict[int, str]) -> Translation:
    there, back, line = flow.there, flow.back, lines.get(flow.mark, "")
    if flow.protocol == "icmp":
        # the id is the port of the inside; outside it is the same (captures of 12.4 and 15.x)
        back = Way(back.source, back.destination, back.source_port, back.source_port)
    if flow.source_changed:
        outside = _place(back.source, back.source_port)
        inside = _place(there.source, there.source_port)
        return Translation(
            flow.protocol, inside, _place(back.destination, back.destination_port), outside, outside, line
        )
    outside = _place(there.source, there.source_port)
    inside = _place(back.source, back.source_port)
    return Translation(flow.protocol, inside, _place(there.destination, there.destination_port), outside, outside, line)


def connections(
    found: Iterable[FlowState], inner: Iterable[str], timeouts: Mapping[str, int] | None = None
) -> list[Connection]:
    """The flows of a PIX. `inner`: networks of the more secure interfaces, by which the side of an end is told."""
    networks = [ipaddress.IPv4Network(network) for network in inner]
    made = []
    for flow in found:
        if flow.state in _ENDED:
            continue
        inside = _place(flow.there.source, flow.there.source_port)
        outside = _place(flow.back.source, flow.back.source_port)
        inwards = not _within(flow.there.source, networks) and _within(flow.back.source, networks)
        if inwards:
            inside, outside = outside, inside
        flags = _FLAGS.get(flow.state, ("", ""))[inwards]
        # quiet for what is missing at the time that it is given (TCP: while it is open)
        lasts = (timeouts or {}).get(flow.protocol, 0) if flow.state in ("", "ESTABLISHED") else 0
        made.append(Connection(flow.protocol, inside, outside, flow.carried, max(0, lasts - flow.seconds), flags))
    return made


def _within(address: str, networks: Iterable[ipaddress.IPv4Network]) -> bool:
    return any(ipaddress.IPv4Address(address) in network for network in networks)
