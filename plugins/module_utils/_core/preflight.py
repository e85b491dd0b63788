# Copyright: The netvpn.dynamic_l2l contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""What a device must have before tunnels make sense: an outside address, a default route, a remote end that answers.

Most of it stands in its configuration. Only what that does not tell (a lease, a link, a learnt route, whether the other
end answers) is asked, with commands that print and change nothing. An answer that is not understood is a note.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass

from .asa.model import AsaConfig
from .errors import CoreError, TransportError
from .intent import Intent
from .ios.model import IosConfig
from .options import Options
from .prefixes import Prefix, dotted, longest_match, parse_address
from .session import PROMPT
from .steps import Finding

ANY = Prefix(0, 0)

#: Types a command in privileged exec mode and returns its answer.
Ask = Callable[[str], str]

#: What refuses a command. Only these rows are repeated: whatever else arrives may belong to somebody's log.
_REFUSAL = re.compile(r"(% |ERROR: ).*|(Command )?[Aa]uthorization failed.*")

#: ``Ethernet0/0   192.168.1.2   YES NVRAM  up   up`` (IOS); PIX/ASA prints the same columns.
#: The last two columns are status and protocol; the first may be two words, ``administratively down``.
_BRIEF = re.compile(r"(\S+)\s+(unassigned|\d+\.\d+\.\d+\.\d+)\s+(?:YES|NO)\s+\S+\s+(\S.*)")

_GATEWAY = re.compile(r"Gateway of last resort is (not set|\d+\.\d+\.\d+\.\d+ to network 0\.0\.0\.0)")

_PING = re.compile(r"Success rate is \d+ percent \((\d+)/\d+\).*")


class PreconditionError(CoreError):
    """A device lacks what its tunnels need, and the user chose to stop then. ``findings`` are the failed checks."""

    def __init__(self, findings: Sequence[Finding]) -> None:
        self.findings = tuple(findings)
        told = "; ".join(f"{finding.code}: {finding.message}" for finding in findings)
        super().__init__(
            f"preflight failed, nothing was changed: {told}. With preflight: warn the run goes on and reports this."
        )


@dataclass(frozen=True)
class Check:
    """One question: ``judge`` makes the finding of the rows of the answer, None where all is well.

    It raises ValueError for rows that it does not understand. ``late``: asked only while nothing is wrong.
    """

    command: str
    what: str
    judge: Callable[[list[str]], Finding | None]
    late: bool = False


@dataclass(frozen=True)
class Checks:
    """What the configuration tells by itself, and what is left to ask."""

    known: tuple[Finding, ...] = ()
    open: tuple[Check, ...] = ()

    def carry_out(self, ask: Ask) -> list[Finding]:
        """All findings. Raises TransportError when the connection fails."""
        found = list(self.known)
        for check in self.open:
            if check.late and any(finding.level == "warning" for finding in found):
                continue
            try:
                rows = answer_rows(ask(check.command), check.command)
            except TransportError as error:
                raise TransportError(
                    f"preflight, '{' '.join(check.command.split())}': {error} Nothing was changed. With preflight: skip "
                    "nothing is asked."
                ) from None
            try:
                finding = check.judge(rows)
            except ValueError:
                finding = _unclear(check, rows)
            if finding:
                found.append(finding)
        return found


def failed(findings: Iterable[Finding]) -> list[Finding]:
    """Those that stop a run with ``preflight: fail``: what is not understood does not."""
    return [finding for finding in findings if finding.level == "warning"]


def asa_checks(config: AsaConfig, intent: Intent, host: str, options: Options) -> Checks:
    """For an initiator with tunnels that stay: its own address and default route, and whether responders answer."""
    known: list[Finding] = []
    open_: list[Check] = []
    pings: dict[str, Check] = {}
    routes = config.routing_table()
    routed: list[str] = []
    for tunnel in (t for t in intent.of_initiator(host) if t.present):
        address = tunnel.responder.address
        by_route = longest_match(parse_address(address), routes)
        outside = options.outside_interface or by_route
        interface = config.interfaces.get(outside or "")
        if interface is None:
            continue
        if by_route not in (None, outside):
            known.append(_elsewhere_by_route(address, str(by_route), interface.name))
        if interface.dhcp or interface.prefix:
            open_.append(_interface_check("show  interface ip brief", interface.name, (interface.hardware,)))
        else:
            known.append(_no_address(interface.name, "Configure one, by 'ip address dhcp setroute' or a static one"))
        reached = [parse_address(address), *(network.prefix.network for network in tunnel.responder_networks)]
        if any(longest_match(number, routes) is None for number in reached):
            routed.append(f"responder {tunnel.responder.host} and its networks")
        pings.setdefault(address, _ping_check(tunnel.responder.host, address))
    if routed:
        open_.append(_route_check("show  route", ", ".join(dict.fromkeys(routed))))
    return Checks(_distinct(known), (*_distinct_checks(open_), *pings.values()))


def ios_checks(config: IosConfig, intent: Intent, host: str, options: Options) -> Checks:
    """For a responder with tunnels that stay. Where its initiators are nobody knows, so none is pinged."""
    responder = intent.responder(host)
    if responder is None or not any(t.present for t in intent.of_responder(host)):
        return Checks()
    known: list[Finding] = []
    open_: list[Check] = []
    number = parse_address(responder.address)
    holder = next((i.name for i in config.interfaces.values() if number in i.addresses), None)
    routes = config.routing_table()
    default = next((name for prefix, name in routes if prefix == ANY), None)
    outside = options.outside_interface or holder or (default if options.behind_nat else None)
    interface = config.interfaces.get(outside or "")
    if interface is None:
        return Checks()
    called = None if options.behind_nat and holder is None else responder.address
    if called and interface.addresses and number not in interface.addresses:
        theirs = ", ".join(map(dotted, interface.addresses))
        known.append(_elsewhere(called, holder, interface.name, theirs))
    # An address that its configuration does not show may be leased, negotiated or borrowed (ip unnumbered).
    wanted = None if interface.addresses else called
    open_.append(_interface_check("show  ip interface brief", interface.name, wanted=wanted, holder=holder))
    if default is None:
        open_.append(
            _route_check("show  ip route | include Gateway of last resort", "the initiators and their networks")
        )
    return Checks(tuple(known), tuple(open_))


def _interface_check(
    command: str, name: str, also: Sequence[str] = (), wanted: str | None = None, holder: str | None = None
) -> Check:
    """Whether interface ``name`` is up and has an address: ``wanted`` if one is, which ``holder`` has by configuration."""

    def judge(rows: list[str]) -> Finding | None:
        found = {match[1]: (match[2], match[3]) for match in map(_BRIEF.fullmatch, rows) if match}
        address, state = next((found[key] for key in (*also, name) if key in found), ("", ""))
        if not address:
            raise ValueError
        # PIX/ASA shows a port that is switched off as ``administratively down up`` too: either word counts.
        if "down" in state.split():
            return _interface_down(name, state)
        if address in ("unassigned", "0.0.0.0"):
            return _no_address(name, "Look at the cable, the provider and the DHCP server, then renew the lease")
        if wanted and address != wanted:
            return _elsewhere(wanted, holder, name, address)
        return None

    return Check(command, f"the state of {name}", judge)


def _route_check(command: str, whither: str) -> Check:
    def judge(rows: list[str]) -> Finding | None:
        told = next((match[1] for match in map(_GATEWAY.match, rows) if match), None)
        if told is None:
            raise ValueError
        return _no_default_route(whither) if told == "not set" else None

    return Check(command, "the default route", judge)


def _ping_check(host: str, address: str) -> Check:
    def judge(rows: list[str]) -> Finding | None:
        if any(re.search(r"[Nn]o route to host", row) for row in rows):
            return _no_answer(host, address)
        answers = ping_answers(rows)
        if answers is None:
            raise ValueError
        # The first packets may be lost to address resolution: one answer is enough.
        return None if answers else _no_answer(host, address)

    return Check(f"ping {address}", f"whether responder {host} answers", judge, late=True)


def _no_address(name: str, remedy: str) -> Finding:
    return Finding(
        "preflight-no-address", "warning", f"{name} has no address, so no tunnel can come up through it. {remedy}"
    )


def _no_default_route(whither: str) -> Finding:
    return Finding(
        "preflight-no-default-route",
        "warning",
        f"the device has no default route, and it needs one to {whither}. Configure a static one, or "
        "'ip address dhcp setroute' on a PIX/ASA whose address is leased",
    )


def _interface_down(name: str, state: str) -> Finding:
    said = " ".join(state.split())
    return Finding(
        "preflight-interface-down",
        "warning",
        f"{name} is down ({said}), so no tunnel can come up through it. Look at the cable and at the other side, and type "
        "'no shutdown' on the interface where it is administratively down",
    )


def _elsewhere(address: str, holder: str | None, name: str, theirs: str) -> Finding:
    return Finding(
        "preflight-address-elsewhere",
        "warning",
        f"initiators call {address}, which {holder or 'no interface'} has, and the crypto map is on {name} ({theirs}). "
        "Correct the responder's address or outside_interface, or set behind_nat: true when the router stands behind a "
        "translation",
    )


def _elsewhere_by_route(address: str, by_route: str, name: str) -> Finding:
    return Finding(
        "preflight-address-elsewhere",
        "warning",
        f"the route to responder {address} leads out of {by_route}, and the crypto map is on {name}: nothing will be "
        "protected. Correct the route or outside_interface",
    )


def _no_answer(host: str, address: str) -> Finding:
    return Finding(
        "preflight-no-answer",
        "warning",
        f"responder {host} ({address}) does not answer ping. Check the way there and whether it is up; where somebody "
        "on the way drops ping although IKE passes, preflight: skip",
    )


def _unclear(check: Check, rows: list[str]) -> Finding:
    refusal = next((row for row in rows if _REFUSAL.fullmatch(row)), None)
    said = f"the device refused it: {refusal[:100]}" if refusal else "the answer was not understood"
    command = " ".join(check.command.split())
    return Finding(
        "preflight-unclear",
        "note",
        f"{check.what} is not known ('{command}': {said}). Permit the command, look yourself, or set preflight: skip",
    )


def ping_answers(rows: Iterable[str]) -> int | None:
    """How many requests were answered, from what `ping` printed; None where it does not say."""
    told = next((match[1] for match in map(_PING.fullmatch, rows) if match), None)
    return None if told is None else int(told)


def answer_rows(answer: str, command: str) -> list[str]:
    """The rows of an answer without its echo and the prompt."""
    rows = [row.strip() for row in answer.splitlines() if row.strip()]
    echo = " ".join(command.split())
    return [row for row in rows if " ".join(row.split()) != echo and not re.fullmatch(rf"{PROMPT} ?", row)]


def _distinct(findings: Sequence[Finding]) -> tuple[Finding, ...]:
    return tuple(dict.fromkeys(findings))


def _distinct_checks(checks: Sequence[Check]) -> tuple[Check, ...]:
    return tuple({(check.command, check.what): check for check in checks}.values())
