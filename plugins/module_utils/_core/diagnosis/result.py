# Copyright: The netvpn.dynamic_l2l contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""What a diagnosis says, as values. ``docs/diagnosis.md`` documents :meth:`Diagnosis.as_dict` key by key."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from .negotiation import Place, Stage

#: So many lines are told of one problem, the first ones; ``lines_in_all`` counts them.
SHOWN_LINES = 20
#: So many lines that were not understood are listed; ``unread_count`` counts them.
SHOWN_UNREAD = 500


def _line(place: Place) -> dict[str, Any]:
    return {"end": place.end, "text": place.text, "line": place.number, "says": place.shown}


@dataclass(frozen=True)
class Negotiation:
    """One negotiation as one end's log tells it.

    ``mode`` is main, aggressive, quick (of an IKE SA that was there), ikev2, ipsec (only the IPsec debug tells of it), or
    empty. ``outcome``: ``up``, ``ike-up`` (phase 1 alone), ``failed``, ``unfinished`` (the log ends, or goes on with
    other things).
    """

    number: int
    end: str
    host: str
    peer: str
    local: str
    role: str
    version: int
    mode: str
    reached: str
    stages: tuple[Stage, ...]
    outcome: str
    agreed: dict[str, Any]
    identifiers: dict[str, Any]
    begun: bool
    first: Place
    last: Place
    tunnel: str = ""

    def as_dict(self) -> dict[str, Any]:
        """Plain data."""
        return {
            "number": self.number,
            "end": self.end,
            "host": self.host,
            "peer": self.peer,
            "local": self.local,
            "role": self.role,
            "version": self.version,
            "mode": self.mode,
            "reached": self.reached,
            "stages": [
                {"step": stage.step, "line": stage.place.number, "text": stage.place.text} for stage in self.stages
            ],
            "outcome": self.outcome,
            "agreed": self.agreed,
            "identifiers": self.identifiers,
            "begun": self.begun,
            "tunnel": self.tunnel,
            "lines": [self.first.number, self.last.number],
        }


@dataclass(frozen=True)
class Fix:
    """What to type at an end; ``end`` is empty where no end of that platform is known."""

    end: str
    platform: str
    command: str
    releases: str = ""

    def as_dict(self) -> dict[str, Any]:
        """Plain data."""
        return {"end": self.end, "platform": self.platform, "command": self.command, "releases": self.releases}


@dataclass(frozen=True)
class Narrowing:
    """What configurations, show output and the other end's log say more: which lines it is, and what mends them.

    ``code`` is another failure than the log alone suggested, or empty; ``at_fault`` are ``(end, device line)``.
    """

    sentence: str
    code: str = ""
    at_fault: tuple[tuple[str, str], ...] = ()
    commands: tuple[Fix, ...] = ()


@dataclass(frozen=True)
class Problem:
    """A failure: what it is, after which step, why, which lines show it, and what to do.

    ``stage`` is the last step that was seen (negotiation.STEPS); ``state`` what show output says where no log tells.
    """

    code: str
    title: str
    end: str
    peer: str
    stage: str
    likely: str
    others: tuple[str, ...]
    lines: tuple[Place, ...]
    confirm: tuple[Fix, ...]
    mend: str
    commands: tuple[Fix, ...]
    source: str
    grade: str
    negotiations: tuple[int, ...] = ()
    narrowed: bool = False
    at_fault: tuple[tuple[str, str], ...] = ()
    tunnel: str = ""
    state: str = ""

    def as_dict(self) -> dict[str, Any]:
        """Plain data."""
        return {
            "code": self.code,
            "title": self.title,
            "end": self.end,
            "peer": self.peer,
            "tunnel": self.tunnel,
            "stage": self.stage,
            "state": self.state,
            "likely": self.likely,
            "others": list(self.others),
            "narrowed": self.narrowed,
            "at_fault": [{"end": end, "line": line} for end, line in self.at_fault],
            "lines": [_line(place) for place in self.lines[:SHOWN_LINES]],
            "lines_in_all": len(self.lines),
            "confirm": [fix.as_dict() for fix in self.confirm],
            "mend": {"what": self.mend, "commands": [fix.as_dict() for fix in self.commands]},
            "negotiations": list(self.negotiations),
            "source": self.source,
            "grade": self.grade,
        }


@dataclass(frozen=True)
class Note:
    """Something worth knowing that keeps nothing from working."""

    code: str
    end: str
    peer: str
    message: str
    lines: tuple[Place, ...]

    def as_dict(self) -> dict[str, Any]:
        """Plain data."""
        return {
            "code": self.code,
            "end": self.end,
            "peer": self.peer,
            "message": self.message,
            "lines": [_line(place) for place in self.lines[:SHOWN_LINES]],
        }


@dataclass(frozen=True)
class Alignment:
    """Two ends' negotiations side by side. ``by``: ``spi``, ``message id``, ``ike spi``, or ``stage``: then their identifiers
    differ or are not known, and only the steps can be compared. ``steps`` are ``(step, line here, line there)``."""

    negotiations: tuple[int, int]
    by: str
    same: bool | None
    message: str
    steps: tuple[tuple[str, int | None, int | None], ...]

    def as_dict(self) -> dict[str, Any]:
        """Plain data."""
        return {
            "negotiations": list(self.negotiations),
            "by": self.by,
            "same": self.same,
            "message": self.message,
            "steps": [{"step": step, "lines": [here, there]} for step, here, there in self.steps],
        }


@dataclass(frozen=True)
class Diagnosis:
    """All that the logs, configurations and show output of one or both ends tell."""

    verdict: str
    negotiations: tuple[Negotiation, ...] = ()
    problems: tuple[Problem, ...] = ()
    notes: tuple[Note, ...] = ()
    alignments: tuple[Alignment, ...] = ()
    unread: tuple[Place, ...] = ()
    #: messages of the devices that are of other matters, lines typed or printed at a prompt
    elsewhere: int = 0
    #: what of the input could not be used, and why
    unused: tuple[str, ...] = field(default=())

    def as_dict(self) -> dict[str, Any]:
        """Plain data, as the filter and the playbook return it."""
        return {
            "verdict": self.verdict,
            "negotiations": [one.as_dict() for one in self.negotiations],
            "problems": [one.as_dict() for one in self.problems],
            "notes": [one.as_dict() for one in self.notes],
            "alignments": [one.as_dict() for one in self.alignments],
            "unread": [_line(place) for place in self.unread[:SHOWN_UNREAD]],
            "unread_count": len(self.unread),
            "elsewhere_count": self.elsewhere,
            "unused": list(self.unused),
        }
