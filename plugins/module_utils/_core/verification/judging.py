# Copyright: The netvpn.dynamic_l2l contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""Is each tunnel of the intent configured, up, carrying traffic both ways, with the algorithms that were asked for?

Everything is judged from what is given: the intent, what the planner would still send, and one or two readings of the
device's SAs (:mod:`.sa`). What a device does not show is ``unknown``; nothing is guessed.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field

from ..associations.sa import Associations
from .agreed import DOWN, FAILED, OK, UNKNOWN, Check, check_ike, check_ipsec, check_lifetimes, check_pfs
from .seen import Readings, Seen, Traffic, identities

#: What is asked, each with all before it.
LEVELS = CONFIGURED, UP, TRAFFIC = ("configured", "up", "traffic")

#: So many plans are made to find which tunnels lack lines; one takes a second on a hub of hundreds.
SINGLE_PLANS = 64


@dataclass(frozen=True)
class Result:
    """The answer to one question about one tunnel on one host.

    ``tunnel`` is empty for what concerns the whole device. ``status`` is ``ok``, ``failed`` or ``unknown``; ``message``
    says what it means and what to do.
    """

    host: str
    tunnel: str
    check: str
    expected: str
    found: str
    status: str
    message: str

    def as_dict(self) -> dict[str, str]:
        """Plain data."""
        return asdict(self)


@dataclass(frozen=True)
class Missing:
    """What the planner would still send: to the device, and for single tunnels (or why there is no plan for one).

    A tunnel that is missing in ``of_tunnel`` was not looked at alone. ``error`` is why there is no plan for the device,
    ``unsupported`` whether that is only because the release is not one that is planned for.
    """

    commands: tuple[str, ...] = ()
    of_tunnel: Mapping[str, tuple[str, ...] | str] = field(default_factory=dict)
    error: str = ""
    unsupported: bool = False


def judge(
    host: str, seen: Sequence[Seen], missing: Missing, readings: Readings | None, level: str
) -> tuple[Result, ...]:
    """All results for one host, the device's first, then tunnel by tunnel. ``readings`` is None below the level ``up``."""
    results = [_device(host, missing)]
    if readings and (told := _doubts(host, readings.last)):
        results.append(told)
    for one in seen:
        results.append(_configured(one, missing))
        if level == CONFIGURED or readings is None:
            continue
        results.append(_up(one) if one.tunnel.present else _gone(one))
        if not one.tunnel.present:
            continue
        results += _agreed(one)
        if one.peers:
            results.append(_one_peer(one))
        results.append(_identities_only(one))
        if level == TRAFFIC:
            probed = one.tunnel.name in readings.probed
            results += [_sent(one, probed=probed), _received(one, probed=probed)]
            results += [_errors(one)] if one.peers else []
    return tuple(results)


# -- configured


def _device(host: str, missing: Missing) -> Result:
    expected = "nothing to send"
    if missing.error:
        status = UNKNOWN if missing.unsupported else FAILED
        return Result(host, "", CONFIGURED, expected, "no plan", status, missing.error)
    if not missing.commands:
        return Result(host, "", CONFIGURED, expected, expected, OK, f"{host} holds the intent")
    return Result(
        host,
        "",
        CONFIGURED,
        expected,
        f"{len(missing.commands)} lines to send",
        FAILED,
        f"{host} lacks or has too much; site would send: {list(missing.commands)}",
    )


def _configured(one: Seen, missing: Missing) -> Result:
    def result(found: str, status: str, message: str) -> Result:
        return Result(one.host, one.tunnel.name, CONFIGURED, "nothing to send", found, status, message)

    if not missing.commands and not missing.error:
        return result("nothing to send", OK, "The device holds the tunnel as the intent says")
    lines = missing.of_tunnel.get(one.tunnel.name)
    if lines is None:
        return result(
            "not asked", UNKNOWN, "See the device's own result; whether the tunnel is as the intent says was not asked"
        )
    if isinstance(lines, str):
        return result("no plan", FAILED, lines)
    if lines:
        return result(f"{len(lines)} lines to send", FAILED, f"Run site; for this tunnel it would send: {list(lines)}")
    return result("nothing to send", OK, "What the device lacks or has too much does not belong to this tunnel")


# -- up


def _up(one: Seen) -> Result:
    states = {pair: one.state(pair) for pair in one.pairs}
    ready = [pair for pair, state in states.items() if state == "up"]
    down = [f"{local} to {remote}" for (local, remote), state in states.items() if state != "up"]
    some = len(ready) if ready else ("none" if "part" not in states.values() else "part")
    expected = "SAs for " + ", ".join(f"{local} to {remote}" for local, remote in states)

    def result(found: str, status: str, message: str) -> Result:
        return Result(one.host, one.tunnel.name, UP, expected, found, status, message)

    if not down:
        return result(f"all {len(states)}", OK, "Every pair of networks has SAs in both directions")
    found = f"{some} of {len(states)}" if ready else str(some)
    begin = (
        f"Send traffic from {down[0]}, or run with bring_up: true"
        if one.initiator
        else f"A responder cannot begin: send traffic at {one.other_end}, or run with bring_up: true there"
    )
    if ready:
        return result(
            found, FAILED, f"No SAs for {', '.join(down)}: no packet asked for them yet, or they were refused. {begin}"
        )
    return result(found, FAILED, f"{DOWN}; {_phase_1(one)}. {begin}")


def _phase_1(one: Seen) -> str:
    """What is known of IKE with the other end, where there are no IPsec SAs."""
    if not one.initiator:
        # Whose an IKE SA is cannot be told without IPsec SAs: the initiator's address is not known.
        return "whether IKE was tried from there cannot be told at this end"
    if one.strangers:
        return f"the other end has SAs with {one.host}, but for {', '.join(identities(flow) for flow in one.strangers)}"
    live = [sa for sa in one.ike if not sa.deleted]
    if any(sa.up for sa in live):
        return "IKE is up, so phase 2 failed (transform set, crypto access lists, PFS), or no packet asked for it"
    if live:
        return (
            f"IKE is in state {', '.join(dict.fromkeys(sa.state for sa in live))}, so phase 1 does not come to its end"
        )
    return "there is no IKE SA, so no packet asked for it, or the other end did not answer"


def _gone(one: Seen) -> Result:
    live = [flow for flow in one.flows if flow.up]
    return Result(
        one.host,
        one.tunnel.name,
        UP,
        "no SAs, for its state is absent",
        f"{len(live)} with SAs" if live else "none",
        FAILED if live else OK,
        "SAs outlive the configuration that they were made with: clear them with ipsec_clear"
        if live
        else "Nothing is left of it",
    )


def _agreed(one: Seen) -> list[Result]:
    """Algorithms and lifetimes, as far as the intent says them and the device shows them."""
    responder = one.tunnel.responder
    live = [sa for sa in one.ike if sa.up and not sa.deleted]
    checks: dict[str, Check | None] = {}
    # What does not exist agreed on nothing: that the tunnel is down is told already.
    if one.peers or live:
        checks["ike"] = check_ike(responder.suite.ike, live)
    if one.peers:
        checks["ipsec"] = check_ipsec(responder.suite.ipsec, one.flows)
        checks["pfs"] = check_pfs(responder.pfs, one.flows)
    if checks:
        checks["lifetimes"] = check_lifetimes(responder, live, one.flows)
    return [
        Result(one.host, one.tunnel.name, name, check.expected, check.found, check.status, check.message)
        for name, check in checks.items()
        if check is not None
    ]


def _one_peer(one: Seen) -> Result:
    peers = one.peers
    wanted = one.tunnel.responder.address if one.initiator else "one peer"
    stray = len(peers) > 1 or (one.initiator and any(peer != wanted for peer in peers))
    return Result(
        one.host,
        one.tunnel.name,
        "peer",
        wanted,
        ", ".join(peers),
        FAILED if stray else OK,
        "SAs of an earlier address are left, and what is sent into them is lost: clear them with ipsec_clear"
        if stray
        else "The tunnel's SAs end at one address",
    )


def _identities_only(one: Seen) -> Result:
    names = [identities(flow) for flow in one.strangers]
    return Result(
        one.host,
        one.tunnel.name,
        "identities",
        "no others of the same peer",
        ", ".join(names) or "no others",
        FAILED if names else OK,
        f"The peer has SAs for networks that the intent does not join: compare the crypto access lists of {one.host} and "
        f"{one.other_end}, then clear these SAs"
        if names
        else "The peer has no SAs for other networks",
    )


# -- traffic


def _sent(one: Seen, *, probed: bool) -> Result:
    def result(status: str, message: str) -> Result:
        return _counted(one, "sent", one.sent, status, message)

    if unclear := _uncountable(one, one.sent):
        return result(*unclear)
    if probed and one.sent.more == 0:
        return result(
            FAILED,
            "The probe went another way than into the SAs: see the exemption from translation, the crypto access list and "
            "the route",
        )
    if one.sent.total:
        return result(OK, "Packets were encrypted")
    return result(
        FAILED,
        "Nothing was ever encrypted: no host sends to the other end, or its packets are translated or routed elsewhere"
        if not one.received.total
        else f"Packets come, but none goes back: the hosts behind {one.host} do not answer, or have no route back by it",
    )


def _received(one: Seen, *, probed: bool) -> Result:
    def result(status: str, message: str) -> Result:
        return _counted(one, "received", one.received, status, message)

    if unclear := _uncountable(one, one.received):
        return result(*unclear)
    # failures.md, "return route missing": no log, both SAs up, encaps > 0, decaps = 0.
    back = (
        f"no answer comes back: see the route back and the exemption from translation at {one.other_end}, and whether "
        "something on the way drops ESP"
    )
    if probed and one.received.more == 0:
        return result(
            FAILED, f"Packets were sent, and {back}. If only the probed host is silent, name another with probe"
        )
    if one.received.total:
        return result(OK, "Packets were decrypted")
    return result(
        FAILED, f"Packets are sent, and {back}" if one.sent.total else "Nothing ever came: no host sent anything"
    )


def _errors(one: Seen) -> Result:
    shown = {name: count for name, count in one.errors.items() if count.total is not None}
    found = ", ".join(f"{name} {count.found}" for name, count in shown.items()) or "not shown"

    def result(status: str, message: str) -> Result:
        return Result(one.host, one.tunnel.name, "errors", "none new", found, status, message)

    if not shown:
        return result(UNKNOWN, "The device does not show them")
    if any(count.more for count in shown.values()) and one.peers:
        return result(FAILED, "Packets were lost in the SAs while they were watched: read again, then look at the log")
    # What was sent while the tunnel came up counts as send errors (ios-show.md C2): the sum alone says nothing.
    return result(OK, "None since the first reading" if one.sent.more is not None else "What is counted may be old")


def _counted(one: Seen, check: str, traffic: Traffic, status: str, message: str) -> Result:
    return Result(one.host, one.tunnel.name, check, "packets", traffic.found, status, message)


def _uncountable(one: Seen, traffic: Traffic) -> tuple[str, str] | None:
    if not one.peers:
        return FAILED, DOWN
    if traffic.total is None:
        return UNKNOWN, "The device does not show the counter"
    return None


# -- the readings themselves


def _doubts(host: str, read: Associations) -> Result | None:
    if not (read.truncated or read.unread):
        return None
    lines = [line.text.strip() for line in read.unread]
    found = "cut short" if read.truncated else f"{len(lines)} lines not understood"
    return Result(
        host,
        "",
        "reading",
        "all lines understood",
        found,
        UNKNOWN,
        "The device's list of SAs ended early: run again, with a longer ansible_command_timeout"
        if read.truncated
        else f"What these lines say is not in the results: {lines[:3]}",
    )
