# Copyright: The netvpn.dynamic_l2l contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""Failures that no log line tells: what show output says of a tunnel that negotiates nothing, or carries nothing back.

failures.md: "return route missing: no log; both SAs up, encaps > 0, decaps = 0", "no interesting traffic: no log";
stuck IKE states: asa-cli.md 8, ios-show.md C1.1.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass

from .asa.logs import STUCK
from .asa.model import AsaConfig
from .diagnosis import Negotiation
from .narrow import Knowledge
from .sa import Associations, IpsecSa

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
    """What show output alone tells, or a log without a line of the tunnel.

    ``told`` are ``(end, peer)`` of which a failure is known already, ``logged`` the ends whose log is given.
    """
    known = {end for end, _peer in told}
    seen: set[str] = set()
    for end, shown in knowledge.shows.items():
        found = list(_one_way(knowledge, end, shown))
        if not known:
            found += [*_stuck(end, shown), *_no_phase_2(end, shown)]
            if not found and not seen and _idle(knowledge, end, shown, negotiations):
                found = [Silent("no-interesting-traffic", end, "", "no SA, nothing in the log")]
        for one in found:
            # Both ends show the same failure, and a device lists what it tries again.
            if one.code not in seen:
                seen.add(one.code)
                yield one
    if seen:
        return
    if known or negotiations:
        return
    for end in logged:
        # Without show output only what the configuration lacks tells that the log is empty for a reason.
        if end not in knowledge.shows and _calls(knowledge, end):
            one = Silent("no-interesting-traffic", end, "", "nothing in the log")
            if knowledge.narrow(one.code, end, "", (), ()):
                yield one


def _stuck(end: str, shown: Associations) -> Iterator[Silent]:
    for sa in shown.ike:
        if sa.up or sa.deleted:
            continue
        code = _IOS_STATES.get(sa.state) or STUCK.get(sa.state[-1:] if "_WAIT_MSG" in sa.state else "", "")
        if code:
            yield Silent(code, end, sa.peer, sa.state)


def _no_phase_2(end: str, shown: Associations) -> Iterator[Silent]:
    """asa-cli.md 8: ``MM_ACTIVE, no IPsec SA``; ios-show.md C7.6: PFS, steady state."""
    for sa in shown.ike:
        if sa.up and not sa.deleted and not shown.truncated and not any(other.up for other in shown.ipsec):
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
        for name, shown in knowledge.shows.items()
        if name != end
        for other in shown.ipsec
        if other.local == sa.remote and other.remote == sa.local
    ]


def _counters(sa: IpsecSa) -> tuple[int, int]:
    return sa.counters.get("pkts_encaps", 0), sa.counters.get("pkts_decaps", 0)


def _idle(knowledge: Knowledge, end: str, shown: Associations, negotiations: Sequence[Negotiation]) -> bool:
    """An initiator with nothing: no SA, no packet that asked for one, no negotiation in the log."""
    if shown.truncated or any(sa.up for sa in shown.ike) or any(sa.up for sa in shown.ipsec):
        return False
    if any(one.end == end for one in negotiations) or any(_counters(sa)[0] for sa in shown.ipsec):
        return False
    # Where neither configuration nor intent says who calls, a PIX/ASA is taken for an initiator.
    told = knowledge.intent is not None or end in knowledge.configs
    return _calls(knowledge, end) if told else knowledge.platform_of(end) == "asa"


def _calls(knowledge: Knowledge, end: str) -> bool:
    """Whether the end is one that begins."""
    config = knowledge.configs.get(end)
    if knowledge.intent:
        return any(tunnel.initiator == end for tunnel in knowledge.tunnels(end))
    return isinstance(config, AsaConfig) and any(entry.peers for entry in config.entries.values())
