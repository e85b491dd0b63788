# Copyright: The netvpn.dynamic_l2l contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""Each tunnel of the intent as its host shows it: which of its pairs are up, with whom, what was sent and received."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from ..associations.sa import Associations, Identity, IkeSa, IpsecSa
from ..intent import Tunnel
from ..prefixes import ALL_PORTS, ALL_PROTOCOLS, Prefix, Region

#: What the counters are called in :mod:`.sa`.
_SENT, _RECEIVED = "pkts_encaps", "pkts_decaps"
_ERRORS = ("send_errors", "recv_errors")


@dataclass(frozen=True)
class Readings:
    """The device's SAs, named by the intent: ``first`` before and ``last`` after the time in which traffic was looked for.

    Without a second reading both are the same. ``probed`` are the tunnels through which packets were sent in between.
    """

    first: Associations
    last: Associations
    probed: frozenset[str] = frozenset()

    @property
    def twice(self) -> bool:
        """Whether there were two readings."""
        return self.first is not self.last


@dataclass(frozen=True)
class Traffic:
    """Packets of a tunnel in one direction: ``total`` that the device counts, ``more`` since the first reading.

    None: not shown, or there was one reading only.
    """

    total: int | None
    more: int | None

    @property
    def found(self) -> str:
        """In words."""
        if self.total is None:
            return "not shown"
        return f"{self.total}" if self.more is None else f"{self.total}, {self.more} of them new"


@dataclass(frozen=True)
class Seen:
    """One tunnel as its host shows it. ``local`` and ``remote`` are the host's own view, mirrored at a responder."""

    host: str
    tunnel: Tunnel
    initiator: bool
    flows: tuple[IpsecSa, ...]
    ike: tuple[IkeSa, ...]
    #: SAs of the same peers that belong to no tunnel
    strangers: tuple[IpsecSa, ...]
    sent: Traffic
    received: Traffic
    errors: Mapping[str, Traffic]

    @property
    def other_end(self) -> str:
        """Inventory name of the other end."""
        return self.tunnel.responder.host if self.initiator else self.tunnel.initiator

    @property
    def pairs(self) -> tuple[tuple[Prefix, Prefix], ...]:
        """``(local, remote)`` of the host."""
        return own_pairs(self.tunnel, initiator=self.initiator)

    @property
    def peers(self) -> tuple[str, ...]:
        """The addresses at which the tunnel's SAs end."""
        return tuple(dict.fromkeys(flow.peer for flow in self.flows if flow.up))

    def state(self, pair: tuple[Prefix, Prefix]) -> str:
        """Whether packets of a pair are protected both ways: ``up``, ``part`` (some of them) or ``down``."""
        wanted = Region.pair(*pair)
        rest = wanted
        for flow in self.flows:
            region = _region(flow)
            if flow.up and region is not None:
                rest = rest.subtract(region)
        if not rest:
            return "up"
        return "part" if rest != wanted else "down"

    def as_dict(self) -> dict[str, Any]:
        """Plain data: ``tunnels`` of the document, see docs/verification.md."""
        states = [(local, remote, self.state((local, remote))) for local, remote in self.pairs]
        return {
            "name": self.tunnel.name,
            "other_end": self.other_end,
            "state": "present" if self.tunnel.present else "absent",
            "up": all(state == "up" for _local, _remote, state in states),
            "pairs": [{"local": str(local), "remote": str(remote), "state": state} for local, remote, state in states],
            "peers": list(self.peers),
            "sent": self.sent.total,
            "sent_more": self.sent.more,
            "received": self.received.total,
            "received_more": self.received.more,
            "strangers": [identities(flow) for flow in self.strangers],
        }


def own_pairs(tunnel: Tunnel, *, initiator: bool) -> tuple[tuple[Prefix, Prefix], ...]:
    """The proxy identities of a tunnel, ``(local, remote)``, as one of its ends has them."""
    return tunnel.pairs if initiator else tuple((theirs, ours) for ours, theirs in tunnel.pairs)


def look(host: str, tunnels: Sequence[Tunnel], readings: Readings) -> tuple[Seen, ...]:
    """What the readings show of each of ``tunnels``. One pass over the SAs, however many there are."""
    flows: dict[str, list[IpsecSa]] = defaultdict(list)
    strangers: dict[str, list[IpsecSa]] = defaultdict(list)
    ike: dict[str, list[IkeSa]] = defaultdict(list)
    with_peer: dict[str, list[IkeSa]] = defaultdict(list)
    owner: dict[str, str] = {}
    for flow in readings.last.ipsec:
        if flow.tunnel:
            flows[flow.tunnel].append(flow)
            owner.setdefault(flow.peer, flow.tunnel)
        elif flow.inbound or flow.outbound:
            strangers[flow.peer].append(flow)
    for sa in readings.last.ike:
        with_peer[sa.peer].append(sa)
        for name in sa.tunnels:
            ike[name].append(sa)
    before = {_key(flow): flow for flow in readings.first.ipsec} if readings.twice else None
    seen = []
    for tunnel in tunnels:
        initiator = tunnel.initiator == host
        own = flows[tunnel.name]
        peers = dict.fromkeys(flow.peer for flow in own)
        mine_by_address: list[IkeSa] = []
        if initiator:
            # The responder's address is known, and no other tunnel of this host ends there: also an SA without the
            # identities that we want is this tunnel's business.
            peers.setdefault(tunnel.responder.address)
            owner[tunnel.responder.address] = tunnel.name
            mine_by_address = with_peer[tunnel.responder.address]
        mine = [peer for peer in peers if owner.get(peer) == tunnel.name]
        seen.append(
            Seen(
                host,
                tunnel,
                initiator,
                tuple(own),
                tuple(dict.fromkeys([*ike[tunnel.name], *mine_by_address])),
                tuple(flow for peer in mine for flow in strangers[peer]),
                _traffic(own, before, _SENT),
                _traffic(own, before, _RECEIVED),
                {name: _traffic(own, before, name) for name in _ERRORS},
            )
        )
    return tuple(seen)


def _traffic(flows: Iterable[IpsecSa], before: Mapping[tuple[Any, ...], IpsecSa] | None, counter: str) -> Traffic:
    """The sum over a tunnel's SAs. A counter that is smaller than before was set back, so all of it is new."""
    counts = [(flow, flow.counters[counter]) for flow in flows if counter in flow.counters]
    if not counts:
        return Traffic(None, None)
    if before is None:
        return Traffic(sum(count for _flow, count in counts), None)
    more = 0
    for flow, count in counts:
        old = before.get(_key(flow))
        was = old.counters.get(counter, 0) if old else 0
        more += count - was if count >= was else count
    return Traffic(sum(count for _flow, count in counts), more)


def _key(flow: IpsecSa) -> tuple[Any, ...]:
    return (flow.peer, flow.interface, flow.local, flow.remote)


def _region(flow: IpsecSa) -> Region | None:
    """The packets that an SA protects on their way out."""
    if flow.local is None or flow.remote is None or flow.local.family != 4:
        return None
    protocol = flow.local.protocol or flow.remote.protocol
    return Region(
        (
            (
                (protocol, protocol) if protocol else ALL_PROTOCOLS,
                (flow.local.low, flow.local.high),
                _ports(flow.local),
                (flow.remote.low, flow.remote.high),
                _ports(flow.remote),
            ),
        )
    )


def _ports(identity: Identity) -> tuple[int, int]:
    return ALL_PORTS if identity.ports == (0, 0) else identity.ports


def identities(flow: IpsecSa) -> str:
    """``10.1.1.0/24 to 10.2.1.0/24``."""
    return " to ".join(_side(side) for side in (flow.local, flow.remote))


def _side(identity: Identity | None) -> str:
    if identity is None:
        return "not shown"
    more = [f"protocol {identity.protocol}"] if identity.protocol else []
    if _ports(identity) != ALL_PORTS:
        more.append("port " + "-".join(str(port) for port in dict.fromkeys(identity.ports)))
    return " ".join([identity.network, *more])
