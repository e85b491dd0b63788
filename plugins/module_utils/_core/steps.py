# Copyright: The netvpn.dynamic_l2l contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""Steps, and the plan that they make; their order is found by :mod:`.prove`.

A step is one line that changes the device's meaning (or a few that the device takes as one), the lines that
undo it, and what it needs. Secrets are typed parts of a line and are redacted by their position, never by
replacing text: a key that equals a word of the configuration mangles nothing.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, field, replace
from typing import Any

from .acl import Ace, Entry, Opaque, Placed
from .algorithms import IkeProposal
from .prefixes import ANY, Box, Region
from .secret import MASK, Secret

#: A device object, as ``("access-list", "NO-NAT")``: what steps provide, need, release and remove.
Ref = tuple[str, ...]


@dataclass(frozen=True)
class Line:
    """A configuration line: its parts (text and secrets, joined without blanks) and the lines that open its mode."""

    parts: tuple[str | Secret, ...]
    parents: tuple[str, ...] = ()
    #: What the device may ask after this line, as a regular expression. None: nothing.
    question: str | None = None
    #: What that is answered with; anything but "no" only where it was seen to that nothing else is lost.
    answer: str = "no"
    #: An exec command that clears what the device holds beside its configuration. There is no way back, and whether it
    #: worked is seen by looking again, not by what the device says to it.
    clears: bool = False

    @classmethod
    def of(cls, *parts: str | Secret, parents: tuple[str, ...] = (), question: str | None = None) -> Line:
        """``Line.of("crypto isakmp key ", key, " address 0.0.0.0 0.0.0.0")``."""
        return cls(parts, parents, question)

    @property
    def shown(self) -> str:
        """The line for people: secrets masked."""
        return "".join(MASK if isinstance(part, Secret) else part for part in self.parts)

    @property
    def sent(self) -> str:
        """The line for the device. Holds the secrets: never print, log or return it."""
        return "".join(part.reveal() if isinstance(part, Secret) else part for part in self.parts)

    @property
    def secret(self) -> bool:
        """Whether the line holds a secret."""
        return any(isinstance(part, Secret) for part in self.parts)


#: What a step does to a platform's configuration model: gives the configuration after it and leaves the old one as it is.
Effect = Callable[[Any], Any]

#: What several entries that come to an access list or leave it do together: the same as one after the other, in one go.
Placing = Callable[[Any, Sequence[Placed]], Any]


def no_effect(config: Any) -> Any:
    """Of a line that changes nothing that the model knows."""
    return config


@dataclass(frozen=True)
class Step:
    """One change.

    ``needs`` must exist before it, ``provides`` exists after it; ``releases`` are references that it ends, ``removes`` what
    it takes away (only once all are released): what the device itself would refuse. All else about its place follows from
    ``effect``, see :mod:`.prove`.
    """

    do: tuple[Line, ...]
    undo: tuple[Line, ...]
    provides: frozenset[Ref] = frozenset()
    needs: frozenset[Ref] = frozenset()
    releases: frozenset[Ref] = frozenset()
    removes: frozenset[Ref] = frozenset()
    effect: Effect = field(default=no_effect, compare=False)
    #: The objects that it edits. It touches no packet as long as nothing refers to them. Empty: it may touch any.
    edits: frozenset[Ref] = frozenset()
    #: The packets that it may touch. None: any.
    region: Region | None = None
    #: False: it takes something away, or nobody knows how to take it back.
    adds: bool = True
    #: It serves only the line that needs or follows it, and is typed right before that where that is possible: an
    #: interrupted run leaves less behind.
    lazy: bool = False
    #: What should be there before it, though the device would take it without.
    follows: frozenset[Ref] = frozenset()
    #: One entry of an access list, and what several of that list do: then ``effect`` is what this one does.
    placed: Placed | None = field(default=None, compare=False)
    placing: Placing | None = field(default=None, compare=False)


def simple_step(
    text: str,
    effect: Effect = no_effect,
    *,
    provides: Iterable[Ref] = (),
    needs: Iterable[Ref] = (),
    edits: Iterable[Ref] = (),
    parents: tuple[str, ...] = (),
) -> Step:
    """One line that adds, undone by the same line with ``no``."""
    return Step(
        (Line.of(text, parents=parents),),
        (Line.of(f"no {text}", parents=parents),),
        provides=frozenset(provides),
        needs=frozenset(needs),
        effect=effect,
        edits=frozenset(edits),
    )


def removal_step(
    text: str,
    effect: Effect = no_effect,
    *,
    removes: Iterable[Ref] = (),
    releases: Iterable[Ref] = (),
    edits: Iterable[Ref] = (),
    parents: tuple[str, ...] = (),
) -> Step:
    """``no`` and the line, undone by the line."""
    return Step(
        (Line.of(f"no {text}", parents=parents),),
        (Line.of(text, parents=parents),),
        removes=frozenset(removes),
        releases=frozenset(releases),
        effect=effect,
        edits=frozenset(edits),
        adds=False,
    )


def towards(entries: Iterable[Entry]) -> Region | None:
    """The packets that entries of a list can have to do with, and their answers; None: any.

    Only the destination counts: what translates a packet on its way to the list may change the source.
    """
    boxes: list[Box] = []
    for entry in entries:
        if isinstance(entry, Opaque):
            return None
        if isinstance(entry, Ace):
            for side in dict.fromkeys((entry.destination.prefix, entry.source.prefix)):
                if side == ANY:
                    return None
            boxes += Region.pair(ANY, entry.destination.prefix).boxes + Region.pair(entry.destination.prefix, ANY).boxes
    return Region(tuple(dict.fromkeys(boxes)))


def replay_together(config: Any, steps: Sequence[Step]) -> Any:
    """The configuration after ``steps``; entries of one list that follow each other in one go."""
    index = 0
    while index < len(steps):
        first = steps[index]
        end = index + 1
        changes = [first.placed] if first.placed else []
        while changes and end < len(steps) and steps[end].edits == first.edits and (more := steps[end].placed):
            changes.append(more)
            end += 1
        config = first.placing(config, changes) if first.placing and len(changes) > 1 else first.effect(config)
        index = end
    return config


def joined(steps: Sequence[Step], *, adds: bool = True) -> Step:
    """Several steps that must share a write: one change."""

    def together(sets: Iterable[frozenset[Ref]]) -> frozenset[Ref]:
        return frozenset().union(*sets)

    provides = together(step.provides for step in steps)
    return Step(
        tuple(line for step in steps for line in step.do),
        tuple(line for step in reversed(steps) for line in step.undo),
        provides,
        together(step.needs for step in steps) - provides,
        together(step.releases for step in steps),
        together(step.removes for step in steps),
        lambda config: replay_together(config, steps),
        together(step.edits for step in steps) if all(step.edits for step in steps) else frozenset(),
        adds=adds,
    )


def put(table: str, key: Any, value: Any) -> Effect:
    """``config.TABLE[key] = value``."""
    return lambda config: replace(config, **{table: {**getattr(config, table), key: value}})


def take(table: str, key: Any) -> Effect:
    """``del config.TABLE[key]``."""
    return lambda config: replace(config, **{table: {k: v for k, v in getattr(config, table).items() if k != key}})


def alter(table: str, index: Any, /, **changed: Any) -> Effect:
    """Other attributes for ``config.TABLE[index]``, which is there."""
    return lambda config: put(table, index, replace(getattr(config, table)[index], **changed))(config)


def append(table: str, item: Any) -> Effect:
    """``config.TABLE.append(item)``."""
    return lambda config: replace(config, **{table: [*getattr(config, table), item]})


def without(table: str, item: Any) -> Effect:
    """``config.TABLE.remove(item)``."""
    return lambda config: replace(config, **{table: [other for other in getattr(config, table) if other != item]})


def replay(config: Any, steps: Iterable[Step]) -> Any:
    """The configuration after ``steps``."""
    for step in steps:
        config = step.effect(config)
    return config


#: The slip of the reference document's own text, and the commonest one in the field.
EXEMPT_BUT_UNPROTECTED = (
    "this traffic is exempt from translation but protected by no crypto map entry: it leaves in clear with its own "
    "source. If nobody needs it, set exclusive: true, or remove the line"
)

#: What a call that is not ``partial`` takes away because its name says that it is ours.
NOT_IN_THE_INTENT = (
    "it is ours and belongs to no tunnel of the intent, so it goes. If another intent names it, set partial: true"
)


@dataclass(frozen=True)
class Packet:
    """One packet as an example: ``protocol`` by name or number, ports where the protocol has them, where it enters."""

    protocol: str
    source: str
    destination: str
    enters: str
    source_port: int | None = None
    destination_port: int | None = None


@dataclass(frozen=True)
class Finding:
    """Something to know: ``level`` is ``warning`` or ``note``; ``lines`` are the device lines at fault.

    ``packet`` is one that suffers by it. ``commands`` are what to type in configuration mode, in this order and with
    keys masked, so that the finding goes; none where ``message`` says why nobody can mend it from here.
    """

    code: str
    level: str
    message: str
    lines: tuple[str, ...] = ()
    packet: Packet | None = None
    commands: tuple[str, ...] = ()

    def as_dict(self) -> dict[str, object]:
        """For a module's return value."""
        return {
            "code": self.code,
            "level": self.level,
            "message": self.message,
            "lines": list(self.lines),
            "packet": asdict(self.packet) if self.packet else None,
            "commands": list(self.commands),
        }


def foreign_identity(line: str) -> Finding:
    """With pre-shared keys in main mode a peer is known by its address, before it says who it is."""
    return Finding(
        "identity-not-address",
        "warning",
        f"with pre-shared keys in main mode peers know each other by address; '{line}' sends another identity, which the "
        "other end may refuse. Others may need it, so it is left as it is",
        (line,),
    )


def shared_policy_changed(number: int, proposal: IkeProposal) -> Finding:
    """An IKE policy that was adopted, and that others may use too, gets the lifetime that the intent states."""
    return Finding(
        "shared-policy-changed",
        "note",
        f"IKE policy {number} has the algorithms of the intent and another lifetime; it is set to {proposal.lifetime} "
        "seconds for everybody who uses it",
    )


def key_not_compared(whose: str) -> Finding:
    """The device hides a key, and the options say to leave it alone then."""
    return Finding(
        "key-not-compared",
        "note",
        f"the device hides the key for {whose}, so nobody can tell whether it is the intent's; it is left as it is. If the "
        "tunnel does not come up, or the key has changed, set update_secret: always once",
    )


@dataclass(frozen=True)
class Switch:
    """Packets that meet something else after a line: who they are, as one example, and what they met and meet.

    ``line`` and ``detail`` tell what decides about them then.
    """

    enters: str
    packet: str
    before: str
    after: str
    line: str = ""
    detail: str = ""

    def as_dict(self) -> dict[str, str]:
        """For a module's return value."""
        return asdict(self)


@dataclass(frozen=True)
class Plan:
    """Everything that one device needs, in order, and the owned configuration before and after it (redacted text)."""

    steps: tuple[Step, ...]
    before: str
    after: str
    findings: tuple[Finding, ...] = ()
    #: The objects that ``before`` and ``after`` show, and ``after`` as plain data.
    scope: frozenset[Ref] = frozenset()
    after_data: Mapping[str, Any] = field(default_factory=dict)
    #: What the packets meet that a step touches, for each step.
    switches: tuple[tuple[Switch, ...], ...] = ()

    @property
    def commands(self) -> list[str]:
        """The lines as the user sees them, mode lines included, secrets masked."""
        return [row.shown for row in typed(self.lines)[0]]

    @property
    def switch_data(self) -> list[dict[str, Any]]:
        """Each step that changes what packets meet: its lines, and for whom it changes what to what."""
        return [
            {"lines": [line.shown for line in step.do], "changes": [switch.as_dict() for switch in switches]}
            for step, switches in zip(self.steps, self.switches)  # noqa: B905 (one for each step)
            if switches
        ]

    @property
    def lines(self) -> tuple[Line, ...]:
        """All lines in order."""
        return tuple(line for step in self.steps for line in step.do)


def typed(lines: Iterable[Line], mode: tuple[str, ...] = ()) -> tuple[list[Line], tuple[str, ...]]:
    """What is typed for ``lines`` by somebody who is in ``mode``, and the mode afterwards.

    Lines that open a mode are put in where it changes, and ``exit`` before a global line: in interface mode of IOS both
    ``crypto map`` and ``ip nat inside`` mean something else.
    """
    rows: list[Line] = []
    for line in lines:
        if line.parents != mode:
            rows.extend(Line.of(parent) for parent in line.parents or ("exit",))
            mode = line.parents
        rows.append(line)
    return rows, mode
