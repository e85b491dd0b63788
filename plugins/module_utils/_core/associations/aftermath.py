# Copyright: The netvpn.dynamic_l2l contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""What a change of the configuration leaves behind on a device, and the steps of its plan that clear it.

SAs whose proxy identities no entry holds any more are cleared always: nothing else would end them before their lifetime.
Connections and translations that the plan means another treatment for are counted always, and cleared where the options
say so. All of it is asked before the first write and looked at again at the end.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, Generic, TypeVar

from ..errors import PlanError, ReadError, TransportError
from ..forwarding import Letter
from ..intent import Intent
from ..ios.model import IosConfig, NatRule
from ..options import Options
from ..prefixes import ALL_PORTS, ALL_PROTOCOLS, Box, longest_match
from ..session import Session, Transport, refused, rows_of
from ..steps import Finding, Line, Plan, Step, replay
from ..treatment import Config, model
from . import flows
from .clear import Cleared, Words, alive, described, entries, one_ike
from .cover import Cover
from .reading import gather, named
from .sa import Associations, IpsecSa

T = TypeVar("T")


@dataclass
class Aftermath:
    """What a plan leaves behind, found before its first write; ``plan`` has the steps that clear it.

    ``cleared`` are their commands; ``findings`` what should be known.
    """

    plan: Plan
    platform: str
    words: Words
    cleared: list[Cleared] = field(default_factory=list)
    findings: list[Finding] = field(default_factory=list)
    _leaving: Callable[[Associations], list[IpsecSa]] | None = None
    _name: Callable[[Associations], Associations] = lambda found: found
    _found: flows.Affected | None = None
    _why: str = ""
    _again: flows.Affected | None = None
    _clearing: bool = False
    _judge: Callable[[], flows.Judge] | None = None

    def result(self) -> dict[str, Any]:
        """For a module's return value."""
        return {
            "cleared": [item.as_dict() for item in self.cleared],
            "old_flows": flows.as_dict(self._found, self._again, self._why),
        }

    def finish(self, session: Session) -> None:
        """Look again, after the plan; what was negotiated anew while it was typed is cleared once more.

        Never raises for what the device does: the configuration is the one that is wanted, and is still to be saved.
        """
        try:
            self._look_again(session)
        except TransportError as error:
            self.findings.append(_unseen(str(error)))
        own = {self.words.configuring + item.command for item in self.cleared if item.kind not in ("ike", "ipsec")}
        self.findings += [_refused(line, answer) for line, answer in session.unheeded if line in own]

    def _look_again(self, session: Session) -> None:
        if self._leaving:
            found, left = self._associations(session)
            if commands := list(entries(found, left, self.words)):
                session.clear([item.command for item in commands])
                self.cleared += commands
                found, left = self._associations(session)
            self.findings += [_remains(sa) for sa in left]
        self._again = self._left(session)
        if self._clearing and self._again and self._again.flows:
            commands = list(flows.CLEARS[self.platform](self._again))
            session.clear([item.command for item in commands])
            self.cleared += commands
            self._again = self._left(session)

    def _left(self, session: Session) -> flows.Affected | None:
        """The flows that go on as they began."""
        if self._found is None or not (self._found.flows or self._clearing):
            return self._found
        seen = flows.ask(reader(session.transport), self.platform, whatever_it_takes=True)
        if isinstance(seen, str) or not seen.flows or self._judge is None:
            return flows.Affected()
        return flows.left_over(seen, self._judge(), self._found)

    def _associations(self, session: Session) -> tuple[Associations, list[IpsecSa]]:
        """All SAs, and those of them that should be gone."""
        try:
            found = self._name(gather(session.transport, self.platform))
        except ReadError:
            return Associations(), []
        return found, self._leaving(found) if self._leaving else []


def look(
    platform: str,
    words: Words,
    config: Config,
    plan: Plan,
    intent: Intent,
    host: str,
    options: Options,
    transport: Transport,
    *,
    absent: bool = False,
) -> Aftermath:
    """Ask what ``plan`` leaves behind and put what clears it into the plan.

    Raises PlanError where a line of the plan would be refused because of what is there (a translation rule in use) and
    the options do not allow to clear that; TransportError. Nothing was changed then.
    """
    result = Aftermath(plan, platform, words)
    if not plan.steps:
        return result
    before = Cover(config)
    switching = [index for index, switches in enumerate(plan.switches) if switches]
    if not before and not switching:
        return result
    after = _Once(lambda: replay(config, plan.steps))
    inserted: dict[int, list[Step]] = {}
    last = switching[-1] if switching else len(plan.steps) - 1
    try:
        if before:
            _associations(result, config, after, before, intent, host, absent, transport, inserted)
        if switching:
            _flows(result, config, after, options, transport, inserted, last)
    except TransportError as error:
        raise TransportError(f"{error} Nothing was changed.") from None
    if inserted:
        result.plan = _with(result.plan, inserted)
    return result


class _Once(Generic[T]):
    """Something that costs, made when somebody asks: many plans switch what nobody uses."""

    def __init__(self, make: Callable[[], T]) -> None:
        self._make = make
        self._made: T | None = None

    def __call__(self) -> T:
        if self._made is None:
            self._made = self._make()
        return self._made


# --- associations -------------------------------------------------------------------------------------------------


def _associations(
    result: Aftermath,
    config: Config,
    later: Callable[[], Config],
    before: Cover,
    intent: Intent,
    host: str,
    absent: bool,
    transport: Transport,
    inserted: dict[int, list[Step]],
) -> None:
    tunnels = (*intent.of_initiator(host), *intent.of_responder(host))
    gone = {tunnel.name for tunnel in tunnels if absent or not tunnel.present}
    after = Cover(later())
    if not (before.pairs - after.pairs or (before.open and (gone or not after.open))):
        return

    def leaving(found: Associations) -> list[IpsecSa]:
        return [
            sa
            for sa in found.ipsec
            if alive(sa)
            and (before.open or before.lists(sa))
            and not after.lists(sa)
            and (not after.open or before.lists(sa) or sa.tunnel in gone)
        ]

    try:
        found = named(gather(transport, result.platform), intent, host)
    except ReadError as error:
        result.findings.append(_unknown(str(error)))
        return
    result._leaving, result._name = leaving, lambda again: named(again, intent, host)
    chosen = leaving(found)
    if not chosen:
        return
    commands = [*entries(found, chosen, result.words), *_ike_of(found, chosen, result.words)]
    stays = _taken(chosen, after) if result.words.answers else _sent(chosen, config)
    at = _first(result.plan.steps, config, stays)
    _insert(result, inserted, at, commands)
    result.findings += [_hits(item) for item in commands if item.also]


def _ike_of(found: Associations, chosen: Sequence[IpsecSa], words: Words) -> list[Cleared]:
    """The IKE SAs of peers that keep no IPsec SA, where the release can clear one alone."""
    leaving = {id(sa) for sa in chosen}
    keeping = {sa.peer for sa in found.ipsec if alive(sa) and id(sa) not in leaving}
    peers = {sa.peer: sa for sa in chosen if sa.peer not in keeping}
    commands: dict[str, Cleared] = {}
    for one in found.ike:
        if one.peer in peers and not one.deleted and (command := one_ike(one, one.peer, words)):
            commands[command] = Cleared(command, "ike", one.peer, peers[one.peer].tunnel)
    return list(commands.values())


def _taken(chosen: Sequence[IpsecSa], after: Cover) -> Callable[[Config], bool]:
    """Whether an entry takes one of these SAs that will not: a peer that asks again would have it back at once."""

    def taken(config: Config) -> bool:
        cover = Cover(config)
        return (cover.open and not after.open) or any(cover.lists(sa) for sa in chosen)

    return taken


def _sent(chosen: Sequence[IpsecSa], config: Config) -> Callable[[Config], bool]:
    """Whether packets for one of these SAs are protected: the next one would have it back."""
    routes = config.routing_table()
    boxes: list[tuple[str, Box]] = [
        (
            longest_match(sa.local.low, routes) or "",
            (ALL_PROTOCOLS, (sa.local.low, sa.local.high), ALL_PORTS, (sa.remote.low, sa.remote.high), ALL_PORTS),
        )
        for sa in chosen
        if sa.local and sa.remote
    ]

    def sent(now: Config) -> bool:
        tables = model(now)
        fates = (fate for enters, box in boxes for _piece, fate in tables.treat(enters, box))
        return any(fate.letters & _PROTECTED for fate in fates)

    return sent


_PROTECTED = frozenset((Letter.E, Letter.V, Letter.N))


def _first(steps: Sequence[Step], config: Config, wrong: Callable[[Config], bool]) -> int:
    """The first step after which it is not ``wrong`` any more; the last one where it always is.

    What goes stays away, so halving finds it.
    """
    low, high = 0, len(steps) - 1
    while low < high:
        middle = (low + high) // 2
        low, high = (middle + 1, high) if wrong(replay(config, steps[: middle + 1])) else (low, middle)
    return low


# --- flows --------------------------------------------------------------------------------------------------------


def reader(transport: Transport) -> Callable[[str], list[str] | None]:
    """Types a command; the rows of its answer with blanks folded, None for a refusal."""

    def read(command: str) -> list[str] | None:
        answer = transport.read(command)
        if refused(answer, command):
            return None
        return [" ".join(row.split()) for row in rows_of(answer, command)]

    return read


def _flows(
    result: Aftermath,
    config: Config,
    later: Callable[[], Config],
    options: Options,
    transport: Transport,
    inserted: dict[int, list[Step]],
    last: int,
) -> None:
    clearing = result._clearing = options.clear_flows == "affected"
    judge = result._judge = _Once(lambda: flows.Judge(config, later()))
    rules = _rules_gone(config, result.plan.steps)
    seen = flows.ask(reader(transport), result.platform, whatever_it_takes=clearing or bool(rules))
    if isinstance(seen, str):
        result._why = seen
        return
    found = flows.affected(seen, judge()) if seen.flows else flows.Affected()
    result._found = found
    done: set[flows.Flow] = set()
    for rule in rules:
        done |= _free(result, rule, _holding(config, rule, seen), seen, clearing=clearing)
    if not clearing:
        return
    rest = replace(found, flows=tuple(flow for flow in found.flows if flow not in done))
    commands = list(flows.CLEARS[result.platform](rest))
    _insert(result, inserted, last, commands)
    result.findings += [_ends(item) for item in commands if item.also]
    if result.platform == "ios" and any(flow.protocol == "icmp" for flow in rest.flows):
        if all(item.command != flows.CLEAR_ALL for item in commands):
            result.findings.append(_icmp_stays())


def _rules_gone(config: Config, steps: Sequence[Step]) -> list[NatRule]:
    """Translation rules that the plan takes away: a router keeps those that are in use."""
    if not isinstance(config, IosConfig):
        return []
    typed = {line.sent for step in steps for line in step.do if line.question}
    return [rule for rule in config.nat_rules if f"no {rule.text}" in typed]


def _holding(config: Config, rule: NatRule, seen: flows.Seen) -> list[flows.Flow]:
    """The translations that hold ``rule``."""
    if not isinstance(config, IosConfig):
        return []
    without = replace(config, nat_rules=[other for other in config.nat_rules if other != rule])
    return flows.holding(seen, flows.Judge(config, without))


def _free(
    result: Aftermath, rule: NatRule, held: Sequence[flows.Flow], seen: flows.Seen, *, clearing: bool
) -> set[flows.Flow]:
    """See to it that ``rule``, held by these translations, can go; the translations that are cleared for it."""
    if not held:
        return set()
    if not clearing:
        raise PlanError(
            f"'{rule.text}' is to go and is in use by {len(held)} translations: the router would refuse to take it away, "
            "or ask whether to delete all entries. Set clear_flows: affected, which ends these connections, or end them "
            "first; nothing was changed."
        )
    # What is typed one by one is back before the last one went: where all are held by the rule they go at once.
    everybody = flows.Affected(tuple(held), tuple(seen.flows))
    if all(flow in set(held) for flow in seen.flows if not flow.fixed):
        commands = [Cleared(flows.CLEAR_ALL, flows.TRANSLATION)]
    else:
        commands = list(flows.clear_ios(everybody, must=True))
    head = tuple(_line(result.words, item) for item in commands)
    steps = []
    for step in result.plan.steps:
        if step.do[-1].sent == f"no {rule.text}":
            # New ones may have begun in between: they are the same traffic, so the router's question is answered yes.
            step = replace(step, do=(*head, *step.do[:-1], replace(step.do[-1], answer="yes")))
        steps.append(step)
    result.plan = replace(result.plan, steps=tuple(steps))
    result.cleared += commands
    result.findings += [_ends(item) for item in commands if item.also]
    return set(held)


# --- steps --------------------------------------------------------------------------------------------------------


def _line(words: Words, item: Cleared) -> Line:
    return replace(Line.of(words.configuring + item.command), clears=True)


def _insert(result: Aftermath, inserted: dict[int, list[Step]], at: int, commands: Sequence[Cleared]) -> None:
    if commands:
        result.cleared += commands
        inserted.setdefault(at, []).append(Step(tuple(_line(result.words, item) for item in commands), ()))


def _with(plan: Plan, inserted: dict[int, list[Step]]) -> Plan:
    """The plan with steps put behind those of the given numbers."""
    steps: list[Step] = []
    switches = []
    for index, step in enumerate(plan.steps):
        more = inserted.get(index, [])
        steps += [step, *more]
        switches += [plan.switches[index] if index < len(plan.switches) else (), *(() for _step in more)]
    return replace(plan, steps=tuple(steps), switches=tuple(switches))


# --- findings -----------------------------------------------------------------------------------------------------


def _unknown(why: str) -> Finding:
    return Finding(
        "associations-unknown",
        "note",
        f"whether SAs of what goes are still up is not known: {why.rstrip('.')}. Any that are stay until their lifetime "
        "ends; clear them with ipsec_clear",
    )


def _unseen(why: str) -> Finding:
    return Finding(
        "associations-unknown",
        "note",
        f"the configuration is as wanted; whether SAs and flows that it left behind are gone is not known: {why.rstrip('.')}. "
        "Look at them with ipsec_info, clear them with ipsec_clear",
    )


def _remains(sa: IpsecSa) -> Finding:
    return Finding(
        "association-remains",
        "warning",
        f"no entry holds {described(sa)} any more, and its SA with {sa.peer} is still there after it was cleared: it stays "
        "until its lifetime ends. Clear it with ipsec_clear, peer: " + sa.peer,
    )


def _hits(item: Cleared) -> Finding:
    return Finding(
        "clear-hits-others",
        "note",
        f"'{item.command}' also ends the SAs of {'; '.join(item.also)}, for the device did not show what names one alone; "
        "they come up again with their next packet",
    )


def _ends(item: Cleared) -> Finding:
    return Finding(
        "clear-hits-others",
        "note",
        f"'{item.command}' also ends {'; '.join(item.also)}: no command is finer. They begin anew",
    )


def _refused(line: str, answer: str) -> Finding:
    return Finding(
        "clear-refused",
        "warning",
        f"the device did not take '{line}': {answer}. Old flows go on as they began until they end by themselves",
        commands=(line,),
    )


def _icmp_stays() -> Finding:
    return Finding(
        "flow-not-cleared",
        "note",
        "no command clears one translation of ICMP, and 'clear ip nat translation *' would end those of everybody: those "
        "of switched traffic go by themselves once they are quiet for a minute",
    )
