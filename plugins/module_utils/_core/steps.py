# Copyright: The netvpn.dynamic_l2l contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""Steps, their order, and the plan that they make.

A step is one line that changes the device's meaning (or a few that the device takes as one), the lines that
undo it, and what it needs. Secrets are typed parts of a line and are redacted by their position, never by
replacing text: a key that equals a word of the configuration mangles nothing.
"""

from __future__ import annotations

import heapq
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from .algorithms import IkeProposal
from .errors import PlanError
from .secret import MASK, Secret

#: A device object, as ``("access-list", "NO-NAT")``: what steps provide, need, release and remove.
Ref = tuple[str, ...]


@dataclass(frozen=True)
class Line:
    """A configuration line: its parts (text and secrets, joined without blanks) and the lines that open its mode."""

    parts: tuple[str | Secret, ...]
    parents: tuple[str, ...] = ()
    #: What the device may ask after this line, as a regular expression; the answer is always "no". None: nothing.
    question: str | None = None

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


@dataclass(frozen=True)
class Step:
    """One change.

    ``stage`` is its place in the platform's ``SWITCH_ORDER``. ``needs`` must exist before it, ``provides`` exists after
    it; ``releases`` are references that it ends, ``removes`` what it takes away (only once all are released).
    """

    do: tuple[Line, ...]
    undo: tuple[Line, ...]
    stage: str
    provides: frozenset[Ref] = frozenset()
    needs: frozenset[Ref] = frozenset()
    releases: frozenset[Ref] = frozenset()
    removes: frozenset[Ref] = frozenset()


def simple_step(
    text: str,
    stage: str,
    *,
    provides: Iterable[Ref] = (),
    needs: Iterable[Ref] = (),
    parents: tuple[str, ...] = (),
) -> Step:
    """One line that adds, undone by the same line with ``no``."""
    return Step(
        (Line.of(text, parents=parents),),
        (Line.of(f"no {text}", parents=parents),),
        stage,
        provides=frozenset(provides),
        needs=frozenset(needs),
    )


def removal_step(
    text: str,
    stage: str,
    *,
    removes: Iterable[Ref] = (),
    releases: Iterable[Ref] = (),
    parents: tuple[str, ...] = (),
) -> Step:
    """``no`` and the line, undone by the line."""
    return Step(
        (Line.of(f"no {text}", parents=parents),),
        (Line.of(text, parents=parents),),
        stage,
        removes=frozenset(removes),
        releases=frozenset(releases),
    )


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
class Finding:
    """Something to know: ``level`` is ``warning`` or ``note``; ``lines`` are the device lines at fault."""

    code: str
    level: str
    message: str
    lines: tuple[str, ...] = ()

    def as_dict(self) -> dict[str, object]:
        """For a module's return value."""
        return {"code": self.code, "level": self.level, "message": self.message, "lines": list(self.lines)}


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
class Plan:
    """Everything that one device needs, in order, and the owned configuration before and after it (redacted text)."""

    steps: tuple[Step, ...]
    before: str
    after: str
    findings: tuple[Finding, ...] = ()
    #: The objects that ``before`` and ``after`` show, and ``after`` as plain data.
    scope: frozenset[Ref] = frozenset()
    after_data: Mapping[str, Any] = field(default_factory=dict)

    @property
    def commands(self) -> list[str]:
        """The lines as the user sees them, mode lines included, secrets masked."""
        return [row.shown for row in typed(self.lines)[0]]

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


def in_order(steps: Sequence[Step], switch_order: Sequence[str]) -> tuple[Step, ...]:
    """``steps`` by stage, then as given, but never against what the device itself would refuse.

    Kahn's algorithm with a heap: of the steps whose needs are met the first by ``switch_order`` is taken. Raises
    PlanError when needs form a circle.
    """
    position = {stage: index for index, stage in enumerate(switch_order)}
    waits: list[set[int]] = [set() for _step in steps]
    providers: dict[Ref, set[int]] = {}
    releasers: dict[Ref, set[int]] = {}
    for index, step in enumerate(steps):
        for ref in step.provides:
            providers.setdefault(ref, set()).add(index)
        for ref in step.releases:
            releasers.setdefault(ref, set()).add(index)
    followers: list[set[int]] = [set() for _step in steps]
    for index, step in enumerate(steps):
        for ref in step.needs:
            waits[index] |= providers.get(ref, set()) - {index}
        for ref in step.removes:
            waits[index] |= releasers.get(ref, set()) - {index}
        for other in waits[index]:
            followers[other].add(index)
    ready = [(position[step.stage], index) for index, step in enumerate(steps) if not waits[index]]
    heapq.heapify(ready)
    result: list[Step] = []
    while ready:
        _stage, index = heapq.heappop(ready)
        result.append(steps[index])
        for follower in followers[index]:
            waits[follower].discard(index)
            if not waits[follower]:
                heapq.heappush(ready, (position[steps[follower].stage], follower))
    if len(result) < len(steps):
        stuck = next(step for index, step in enumerate(steps) if waits[index])
        raise PlanError(
            f"the lines need each other in a circle, beginning with '{stuck.do[0].shown}'. This is a fault of the "
            "collection: please report it, with the plan's options; nothing was changed."
        )
    return tuple(result)
