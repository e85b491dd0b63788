# Copyright: The netvpn.dynamic_l2l contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""Flows that a device has in its tables and that a change of its configuration does not touch by itself.

A connection or a translation that stands goes on as it began (treatment.md §1). Whether a plan means another treatment
for it is asked of the treatment model, flow by flow: what its packets meet before the plan and after it.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from ..acl import PROTOCOLS
from ..forwarding import SELF, Letter
from ..prefixes import ALL_ADDRESSES, ALL_PORTS, ALL_PROTOCOLS, Box, dotted, longest_match, parse_address
from ..treatment import Config, model
from .clear import Cleared

CONNECTION, TRANSLATION = "connection", "translation"

#: Without ``clear_flows: affected`` longer tables are not read: somebody else waits for the device meanwhile.
MOST = 5_000

_ADDRESS = r"(\d+\.\d+\.\d+\.\d+)"
_PORTED = ("tcp", "udp")


@dataclass(frozen=True)
class Flow:
    """A row of a device's table: from an inside host to somewhere.

    ``protocol`` is a word, empty where the table does not tell; ports and ``destination`` are None then. ``outer`` and
    ``outer_port`` are what the source is translated to; ``fixed``: the configuration made it, not traffic. An ICMP
    identifier stands in the place of a port. ``carried``: bytes since it began, where the table tells.
    """

    kind: str
    protocol: str
    source: int
    source_port: int | None = None
    destination: int | None = None
    destination_port: int | None = None
    outer: str = ""
    outer_port: int | None = None
    fixed: bool = False
    carried: int | None = field(default=None, compare=False)

    @property
    def box(self) -> Box:
        """Its packets, as the inside host sends them."""
        number = PROTOCOLS.get(self.protocol)
        ported = self.protocol in _PORTED

        def port(value: int | None) -> tuple[int, int]:
            return (value, value) if ported and value is not None else ALL_PORTS

        return (
            ALL_PROTOCOLS if number is None else (number, number),
            (self.source, self.source),
            port(self.source_port),
            ALL_ADDRESSES if self.destination is None else (self.destination, self.destination),
            port(self.destination_port),
        )


@dataclass
class Seen:
    """What the tables of a device hold; ``unread`` are rows that nobody understood."""

    flows: list[Flow] = field(default_factory=list)
    unread: list[str] = field(default_factory=list)


# --- PIX/ASA ------------------------------------------------------------------------------------------------------

_IN_USE = re.compile(r"(\d+) in use, \d+ most used")

#: ``PAT Global 172.16.1.1(1024) Local 10.1.1.10(1025)``, ``… Local 10.1.1.10 ICMP id 512``, ``Global A Local B``
#: (it-certification-network.blogspot.com 2008/11, diagnostic commands; command reference, show xlate).
_XLATE = re.compile(
    rf"(?:PAT )?Global {_ADDRESS}(?: ?\((\d+)\))? Local {_ADDRESS}(?: ?\((\d+)\))?(?: (ICMP) id (\d+))?(?:,? .*)?"
)

#: ``TCP out 198.51.100.10:80 in 10.1.1.10:1025 idle …`` (7.x), ``TCP outside A:80 inside B:1025, idle …`` (from 8.0).
_CONN = re.compile(
    rf"([A-Za-z0-9]+) \S+ {_ADDRESS}(?::(\d+))? \S+ {_ADDRESS}(?::(\d+))?,? idle [^\s,]+(?:,? [Bb]ytes (\d+))?.*"
)


def read_xlates(rows: Iterable[str], seen: Seen) -> None:
    """``show xlate`` of PIX/ASA up to 8.2."""
    for row in rows:
        found = _XLATE.fullmatch(row)
        if found:
            outer, outer_port, local, port, icmp, number = found.groups()
            seen.flows.append(
                Flow(
                    TRANSLATION, "icmp" if icmp else "", parse_address(local), _number(number if icmp else port),
                    outer=outer, outer_port=_number(outer_port), fixed=not (port or icmp),
                )
            )  # fmt: skip
        elif not _IN_USE.fullmatch(row):
            seen.unread.append(row)


def read_connections(rows: Iterable[str], seen: Seen) -> None:
    """``show conn`` of PIX/ASA: the side of less security first."""
    for row in rows:
        found = _CONN.fullmatch(row)
        if found:
            protocol, outside, outside_port, inside, port, carried = found.groups()
            seen.flows.append(
                Flow(
                    CONNECTION, protocol.lower(), parse_address(inside), _number(port), parse_address(outside),
                    _number(outside_port), carried=_number(carried),
                )
            )  # fmt: skip
        elif not _IN_USE.fullmatch(row):
            seen.unread.append(row)


# --- IOS ----------------------------------------------------------------------------------------------------------

_TOTAL = re.compile(r"Total active translations: (\d+) .*")
_SKIPPED = re.compile(r"Pro +Inside global +.*|Total number of translations: \d+")


def read_translations(rows: Iterable[str], seen: Seen) -> None:
    """``show ip nat translations``: ``tcp GLOBAL:PORT LOCAL:PORT OUTSIDE:PORT OUTSIDE:PORT``, ``---`` for nothing."""
    for row in rows:
        words = row.split()
        if _SKIPPED.fullmatch(row):
            continue
        try:
            protocol, (outer, outer_port), (local, port), _outside, (there, there_port) = (
                words[0], *(_place(word) for word in words[1:5]),
            )  # fmt: skip
            if len(words) != 5 or local is None or outer is None:
                raise ValueError
        except ValueError:
            seen.unread.append(row)
            continue
        seen.flows.append(
            Flow(
                TRANSLATION, "" if protocol == "---" else protocol, parse_address(local), port,
                None if there is None else parse_address(there), there_port, outer, outer_port, fixed=there is None,
            )
        )  # fmt: skip


def _place(word: str) -> tuple[str | None, int | None]:
    if word == "---":
        return None, None
    address, _colon, port = word.partition(":")
    return dotted(parse_address(address)), int(port) if port else None


def _number(text: str | None) -> int | None:
    return int(text) if text else None


# --- asking -------------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Tables:
    """The tables of a platform: what counts a table (a command and what finds the number), what shows it, who reads it.

    Two blanks: the connection drops output lines that equal the command.
    """

    counts: tuple[tuple[str, re.Pattern[str]], ...]
    shows: tuple[tuple[str, Callable[[Iterable[str], Seen], None]], ...]


TABLES: Mapping[str, Tables] = {
    "asa": Tables(
        (("show  xlate count", _IN_USE), ("show  conn count", _IN_USE)),
        (("show  xlate", read_xlates), ("show  conn", read_connections)),
    ),
    "ios": Tables((("show  ip nat statistics", _TOTAL),), (("show  ip nat translations", read_translations),)),
}


def ask(read: Callable[[str], list[str] | None], platform: str, *, whatever_it_takes: bool = False) -> Seen | str:
    """The tables of a device; why not, where they cannot be had. ``read`` gives the rows of an answer, None for a refusal.

    A table of more than MOST rows is read only with ``whatever_it_takes``.
    """
    tables = TABLES[platform]
    if not whatever_it_takes:
        for command, pattern in tables.counts:
            rows = read(command) or []
            number = next((int(found[1]) for found in map(pattern.fullmatch, rows) if found), 0)
            if number > MOST:
                return f"'{_plain(command)}' tells of {number}, and more than {MOST} are not read"
    seen = Seen()
    for command, reader in tables.shows:
        answer = read(command)
        if answer is None:
            return f"the device does not take '{_plain(command)}'"
        reader(answer, seen)
    return seen


def _plain(command: str) -> str:
    return " ".join(command.split())


# --- judging ------------------------------------------------------------------------------------------------------


class Judge:
    """Which flows a change means another treatment for."""

    def __init__(self, before: Config, after: Config) -> None:
        self._before, self._after = model(before), model(after)
        self._routes = before.routing_table()
        self._places: dict[int, str] = {}
        self._told: dict[Box, bool] = {}

    def place(self, address: int) -> str:
        """Where packets of an inside host enter."""
        if address not in self._places:
            own = address in self._before.own
            self._places[address] = SELF if own else longest_match(address, self._routes) or ""
        return self._places[address]

    def switches(self, flow: Flow) -> bool:
        """Whether what packets of the flow meet after the change is another than before it."""
        if flow.box not in self._told:
            enters = self.place(flow.source)
            self._told[flow.box] = any(
                one.key != two.key
                for piece, one in self._before.treat(enters, flow.box)
                for _part, two in self._after.treat(enters, piece)
            )
        return self._told[flow.box]

    def translates(self, flow: Flow, *, after: bool = False) -> bool:
        """Whether packets of the flow are translated before the change, or after it."""
        tables = self._after if after else self._before
        fates = (fate for _piece, fate in tables.treat(self.place(flow.source), flow.box))
        return any(Letter.T in fate.letters for fate in fates)


@dataclass(frozen=True)
class Affected:
    """The flows of a device that a plan means another treatment for, and all that were seen."""

    flows: tuple[Flow, ...] = ()
    all: tuple[Flow, ...] = ()

    def as_dict(self) -> dict[str, int]:
        """How many of each kind."""
        kinds = Counter(flow.kind for flow in self.flows)
        return {"connections": kinds[CONNECTION], "translations": kinds[TRANSLATION]}


def affected(seen: Seen, judge: Judge) -> Affected:
    """Those of ``seen`` whose packets meet something else after the change.

    A translation of PIX/ASA tells no destination: it counts when a connection that uses it does; without any (ICMP),
    when any traffic of its host may.
    """
    users = _users(seen)

    def counts(flow: Flow) -> bool:
        if flow.destination is not None or flow.protocol == "icmp":
            return judge.switches(flow)
        return any(judge.switches(user) for user in users.get((flow.source, flow.source_port), ()))

    return Affected(tuple(flow for flow in seen.flows if counts(flow)), tuple(seen.flows))


def _users(seen: Seen) -> dict[tuple[int, int | None], list[Flow]]:
    """Inside host and port (None: any) → the connections that use a translation of it."""
    users: dict[tuple[int, int | None], list[Flow]] = {}
    for flow in seen.flows:
        if flow.kind == CONNECTION:
            for key in ((flow.source, flow.source_port), (flow.source, None)):
                users.setdefault(key, []).append(flow)
    return users


def _translated(found: Iterable[Flow]) -> set[tuple[int, int | None]]:
    """Inside hosts and ports (None: the whole host) that PIX/ASA translates."""
    rows = (flow for flow in found if flow.kind == TRANSLATION)
    return {(flow.source, None if flow.fixed else flow.source_port) for flow in rows}


def _is_in(flow: Flow, translated: set[tuple[int, int | None]]) -> bool:
    return bool({(flow.source, flow.source_port), (flow.source, None)} & translated)


def _begun_anew(then: Flow, now: Flow) -> bool:
    return then.carried is not None and now.carried is not None and now.carried < then.carried


def left_over(seen: Seen, judge: Judge, before: Affected) -> Affected:
    """Those of the tables after a change that still have the treatment of before: known from ``before``, or begun since.

    What is translated though its packets are not any more began between the reading of the tables and the switch.
    """
    # A row of now → that of then.
    known = {flow: flow for flow in before.flows}
    users = _users(seen)
    then, now = _translated(before.all), _translated(seen.flows)

    def stale(flow: Flow) -> bool:
        if flow.kind == CONNECTION:
            # The same hosts and ports may have begun anew: then it is translated where it was not, or the other way,
            # or has carried less than before.
            as_it_began = flow in known and not _begun_anew(known[flow], flow)
            return as_it_began and _is_in(flow, then) == _is_in(flow, now)
        if flow in known:
            return True
        if flow.protocol == "icmp" and flow.destination is None:
            return False
        own = [flow] if flow.destination is not None else users.get((flow.source, flow.source_port), [])
        return any(judge.switches(user) and not judge.translates(user, after=True) for user in own)

    return Affected(tuple(flow for flow in seen.flows if stale(flow)), tuple(seen.flows))


# --- clearing -----------------------------------------------------------------------------------------------------


def clear_asa(found: Affected) -> Iterator[Cleared]:
    """PIX/ASA: by inside host, the translations with what uses them; the whole host where a connection has none.

    ``clear xlate`` ends the connections that use the translations (ASA 8.4 guide p. 30-3); ``clear local-host`` all
    connections and translations of a host (PIX command reference 6.2, show local-host/clear local-host).
    """
    translated = _translated(found.all)
    hosts: dict[int, bool] = {}
    for flow in found.flows:
        alone = flow.kind == CONNECTION and not _is_in(flow, translated)
        hosts[flow.source] = hosts.get(flow.source, False) or alone
    chosen = set(found.flows)
    others = Counter(flow.source for flow in found.all if flow.kind == CONNECTION and flow not in chosen)
    for host, whole in hosts.items():
        command = f"clear local-host {dotted(host)}" if whole else f"clear xlate local {dotted(host)}"
        also = (f"{others[host]} other connections of {dotted(host)}",) if others[host] else ()
        yield Cleared(command, CONNECTION if whole else TRANSLATION, also=also)


def clear_ios(found: Affected, *, must: bool = False) -> Iterator[Cleared]:
    """IOS: each translation by its ports, all at once only where that is what is affected or where nothing else goes.

    No command names one translation without ports (ICMP). They end by themselves after a quiet minute; with ``must``
    they have to go now. Statics stay whatever is typed (command reference, ios-nat-acl.md D4.4).
    """
    portless = [flow for flow in found.flows if _alone(flow) is None]
    others = [flow for flow in found.all if not flow.fixed and flow not in set(found.flows)]
    if portless and (must or not others):
        also = (f"{len(others)} translations of other traffic",) if others else ()
        yield Cleared(CLEAR_ALL, TRANSLATION, also=also)
        return
    commands = (_alone(flow) for flow in found.flows)
    yield from (Cleared(command, TRANSLATION) for command in dict.fromkeys(commands) if command)


#: All translations that traffic made, of everybody.
CLEAR_ALL = "clear ip nat translation *"


def _alone(flow: Flow) -> str | None:
    """The command for one translation: with its ports, or by its addresses where it has none and no destination."""
    inner = dotted(flow.source)
    if flow.protocol in _PORTED and flow.source_port is not None and flow.outer_port is not None:
        ports = f"{flow.outer} {flow.outer_port} {inner} {flow.source_port}"
        return f"clear ip nat translation {flow.protocol} inside {ports}"
    return f"clear ip nat translation inside {flow.outer} {inner}" if not flow.protocol else None


CLEARS: Mapping[str, Callable[..., Iterator[Cleared]]] = {"asa": clear_asa, "ios": clear_ios}


def holding(seen: Seen, judge: Judge) -> list[Flow]:
    """The translations that hold a rule which a change takes away; ``judge`` compares with and without that rule alone.

    Translations that another rule makes do not; of those that no rule makes any more nobody can tell, so they do.
    """
    return [flow for flow in seen.flows if not flow.fixed and (judge.switches(flow) or not judge.translates(flow))]


def as_dict(before: Affected | None, after: Affected | None, why: str = "") -> dict[str, Any]:
    """``old_flows`` of a module's result."""
    return {
        "before": before.as_dict() if before else None,
        "after": after.as_dict() if after else None,
        "unknown": why,
    }
