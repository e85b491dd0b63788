# Copyright: The netvpn.dynamic_l2l contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""Failures that no log line tells: what show output says of a tunnel that negotiates nothing, or carries nothing back.

failures.md: "return route missing: no log; both SAs up, encaps > 0, decaps = 0", "no interesting traffic: no log";
stuck IKE states: asa-cli.md 8, ios-show.md C1.1.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass

from ..asa.logs import STUCK
from ..asa.model import AsaConfig
from ..associations.sa import Associations, IpsecSa
from .narrow import Knowledge
from .result import Negotiation

#: What an IKE SA that stays in a state says, on IOS.
_IOS_STATES = {
    "MM_NO_STATE": "peer-unreachable",
    "AG_NO_STATE": "peer-unreachable",
    "MM_SA_SETUP": "tunnel-group-missing",
    "MM_KEY_EXCH": "key-differs",
    "AG_INIT_EXCH": "key-differs",
}


@dataclass(frozen=True)
class Silent:
    """A failure without a log line: ``state`` is the state or the counters that show it."""

    code: str
    end: str
    peer: str
    state: str


def silent(
    knowledge: Knowledge, negotiations: Sequence[Negotiation], told: Sequence[tuple[str, str]], logged: Collection[str]
) -> Iterator[Silent]:
    """What show output and configurations alone tell, or a log without a line of the tunnel.

    ``told`` are ``(end, peer)`` of which a failure is known already, ``logged`` the ends whose log is given.
    """
    known = _Known(knowledge, list(told))
    lost = _Known(knowledge, [])
    for end, shown in knowledge.shows.items():
        # Packets that get lost are another failure than one that was told of the negotiation.
        yield from filter(lost.fresh, _one_way(knowledge, end, shown))
        yield from filter(known.fresh, (*_stuck(end, shown), *_no_phase_2(end, shown)))
    known.told += lost.told
    for end in knowledge.platforms:
        yield from filter(known.fresh, _idle(knowledge, end, negotiations, end in logged))
    for end in knowledge.configs:
        yield from filter(known.fresh, _outside(knowledge, end, negotiations))


@dataclass
class _Known:
    """Where a failure was told already: both ends show the same, and a device lists what it tries again."""

    knowledge: Knowledge
    told: list[tuple[str, str]]

    def fresh(self, one: Silent) -> bool:
        """Whether nothing was told of it; from now on it is."""
        here = (one.end, one.peer)
        for end, peer in self.told:
            if end == one.end and (not peer or not one.peer or peer == one.peer):
                return False
            if self.knowledge.of_each_other(here, (end, peer)):
                return False
        self.told.append(here)
        return True


def _stuck(end: str, shown: Associations) -> Iterator[Silent]:
    for sa in shown.ike:
        if sa.up or sa.deleted:
            continue
        code = _IOS_STATES.get(sa.state) or STUCK.get(sa.state[-1:] if "_WAIT_MSG" in sa.state else "", "")
        if code:
            yield Silent(code, end, sa.peer, sa.state)


def _no_phase_2(end: str, shown: Associations) -> Iterator[Silent]:
    """asa-cli.md 8: ``MM_ACTIVE, no IPsec SA``; ios-show.md C7.6: PFS, steady state."""
    protected = {sa.peer for sa in shown.ipsec if sa.up}
    for sa in shown.ike:
        if sa.up and not sa.deleted and not shown.truncated and not protected & {sa.peer, ""}:
            yield Silent("phase-2-refused", end, sa.peer, f"{sa.state}, no IPsec SA")


def _one_way(knowledge: Knowledge, end: str, shown: Associations) -> Iterator[Silent]:
    for sa in shown.ipsec:
        sent, received = _counters(sa)
        if not sa.up or not sent or received:
            continue
        there = [_counters(other) for other in _others(knowledge, end, sa)]
        if not there:
            yield Silent("return-route-missing", end, sa.peer, f"{sent} packets sent, none received")
        elif any(other_received for _sent, other_received in there):
            yield Silent(
                "return-route-missing", end, sa.peer, f"{sent} packets sent, none received; the other end received them"
            )
        else:
            yield Silent(
                "esp-filtered", end, sa.peer, f"{sent} packets sent, none received; the other end received none"
            )


def _others(knowledge: Knowledge, end: str, sa: IpsecSa) -> list[IpsecSa]:
    """The other end's view of the same identities."""
    return [
        other
        for name in knowledge.partners(end, sa.peer)
        if name in knowledge.shows
        for other in knowledge.shows[name].ipsec
        if other.local == sa.remote and other.remote == sa.local
    ]


def _counters(sa: IpsecSa) -> tuple[int, int]:
    return sa.counters.get("pkts_encaps", 0), sa.counters.get("pkts_decaps", 0)


def _idle(knowledge: Knowledge, end: str, negotiations: Sequence[Negotiation], logged: bool) -> Iterator[Silent]:
    """An initiator without SAs, without a packet that asked for one, without a negotiation in its log."""
    shown = knowledge.shows.get(end)
    if shown is None and not logged:
        return
    tried = {one.peer for one in negotiations if one.end == end}
    if shown is not None:
        if shown.truncated:
            return
        tried |= {sa.peer for sa in shown.ike}
        tried |= {sa.peer for sa in shown.ipsec if sa.up or _counters(sa)[0]}
    called = _called(knowledge, end)
    if called != [""] and tried - {*called, ""}:
        return  # it calls somebody else instead
    for peer in called:
        if tried and (not peer or tried & {peer, ""}):
            continue
        state = "no SA, nothing in the log" if shown is not None else "nothing in the log"
        one = Silent("no-interesting-traffic", end, peer, state)
        # Without show output only what the configuration lacks tells that the log is empty for a reason.
        if shown is not None or knowledge.narrow(one.code, end, peer, (), ()):
            yield one


def _called(knowledge: Knowledge, end: str) -> list[str]:
    """The addresses that an end calls; one without an address where only its platform tells that it calls somebody."""
    if knowledge.intent is not None and knowledge.tunnels(end):
        return list(dict.fromkeys(one.responder.address for one in knowledge.tunnels(end) if one.initiator == end))
    config = knowledge.configs.get(end)
    if isinstance(config, AsaConfig):
        return list(dict.fromkeys(peer for _key, entry in sorted(config.entries.items()) for peer in entry.peers))
    # A PIX/ASA is taken for an initiator.
    return [""] if config is None and knowledge.platform_of(end) == "asa" else []


def _outside(knowledge: Knowledge, end: str, negotiations: Sequence[Negotiation]) -> Iterator[Silent]:
    """A tunnel that is up, and that packets of its networks do not get into, by the configuration."""
    up = {one.peer: None for one in negotiations if one.end == end and one.outcome == "up"}
    if end in knowledge.shows:
        up.update((sa.peer, None) for sa in knowledge.shows[end].ipsec if sa.up)
    for peer in up:
        if knowledge.outside(end, peer):
            code = "no-interesting-traffic" if _called(knowledge, end) else "return-route-missing"
            yield Silent(code, end, peer, "up")
