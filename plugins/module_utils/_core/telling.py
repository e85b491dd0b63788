# Copyright: The netvpn.dynamic_l2l contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""What people are told of the proof of a plan: which packets switch at which line, what suffers, why it is refused."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from .errors import PlanError
from .forwarding import SELF, Letter
from .intent import NOT_MODELLED, OTHERS_CHANGED
from .prefixes import Box, dotted
from .rule import ACCEPT, DROP, Change, Key, Kind, Piece, Seen, Sight, State, Verdict
from .steps import Finding, Ref, Step, Switch


class Refused(PlanError):
    """No order of the steps keeps the rule; ``blocked`` are the objects that the refused steps edit."""

    def __init__(self, message: str, blocked: frozenset[Ref] = frozenset()) -> None:
        self.blocked = blocked
        super().__init__(message)


class EndsOtherwise(Refused):
    """Every line keeps the rule, and yet packets end otherwise than the intent asks for, or nobody knows how."""


def refusal_of(step: Step, verdict: Verdict, blocked: frozenset[Ref] = frozenset()) -> Refused:
    change = verdict.worst
    if change is None:
        return Refused(f"'{step.do[0].shown}' cannot be put in order; nothing was changed.", blocked)
    piece, line = change.piece, next((line.shown for line in step.do), "")
    remedy = (
        f"accept it with accept: [{ACCEPT[verdict.kind]}] on the tunnel"
        if verdict.kind in ACCEPT
        else "look at the lines that decide about these packets"
    )
    because = f" ({change.fate.line})" if change.fate and change.fate.line else ""
    return Refused(
        f"the plan has no order that is safe for every packet: with '{line}' {_packet(piece.enters, change.box)} is "
        f"{_words(change.key)}{because}; before the plan it is {_words(piece.before)}, after it {_words(piece.after)}. "
        f"Nothing was changed. Change those lines by hand when nobody needs them, or {remedy}.",
        blocked,
    )


_WORDS = {
    Letter.E.value: "protected",
    Letter.V.value: "protected, and in clear while there is no SA",
    Letter.N.value: "translated and then protected",
    Letter.D.value: "dropped",
    Letter.T.value: "translated and in clear",
    Letter.X.value: "in clear with its own source",
    Letter.U.value: "treated as a line says that is not modelled",
}


def _words(key: Key) -> str:
    """``protected (192.168.1.2)``, several with ``or``."""
    told = []
    for item in sorted(key):
        letter, _blank, peer = item.partition(" ")
        told.append(f"{_WORDS.get(letter, letter)} ({peer})" if peer else _WORDS.get(letter, letter))
    return " or ".join(told)


def _packet(enters: str, box: Box) -> str:
    """``a packet from 10.1.1.1 to 10.2.1.1 that enters at inside``."""
    source, destination = (dotted(min(low + (low < high), high)) for low, high in (box[1], box[3]))
    whence = "of the device itself" if enters == SELF else f"that enters at {enters}"
    return f"a packet from {source} to {destination} {whence}"


@dataclass(frozen=True)
class Proof:
    """What packets meet something else after each step, and what should be known of it."""

    switches: tuple[tuple[Switch, ...], ...]
    findings: tuple[Finding, ...] = ()


class Record:
    """What the steps of a plan do, one after the other."""

    def __init__(self) -> None:
        self.switches: list[tuple[Switch, ...]] = []
        self.findings: list[Finding] = []

    def add(self, step: Step, verdict: Verdict, sight: Callable[[], Sight]) -> None:
        """The next step, before it is taken; ``sight`` is what packets meet after it."""
        self.switches.append(_switches(verdict, sight))
        if verdict.worst and verdict.kind > Kind.SWITCH:
            self.findings.append(_finding(step, verdict.kind, verdict.worst))

    def proof(self, state: State) -> Proof:
        """All of it, at the end of the plan; every class must have come where it was to go."""
        wrong = state.astray()
        if wrong:
            raise Refused(
                f"after all lines {_packet(wrong.enters, wrong.box)} would be {_words(wrong.now)}, and not "
                f"{_words(wrong.after)}. This is a fault of the collection: please report it, with the plan's options; "
                "nothing was changed."
            )
        ends = (_at_the_end(state, word) for word in (NOT_MODELLED, OTHERS_CHANGED))
        return Proof(tuple(self.switches), (*self.findings, *(finding for finding in ends if finding)))


#: What keeps a plan back although every line of it keeps the rule, and what to do.
_AT_THE_END = {
    NOT_MODELLED: "a line that is not modelled decides about it. Take that line away, or plan those lines by hand",
    OTHERS_CHANGED: "no tunnel of the intent names it. Let the device treat it so before, by hand, or leave out the option "
    "that asks for it (pat, remove_shared, exclusive)",
}


def _at_the_end(state: State, word: str) -> Finding | None:
    """The finding where the plan breaks the rule at its end and the intent accepts that; raises Refused where it does not."""
    accepting: tuple[Piece, Box] | None = None
    for piece, box in state.against(word):
        if not state.question.accepts(word, box):
            raise EndsOtherwise(
                f"with this plan {_from_to(state, piece, box)}: {_AT_THE_END[word]}, or accept it with accept: [{word}] on "
                f"{'the' if word == NOT_MODELLED else 'a'} tunnel. Nothing was changed."
            )
        accepting = accepting or (piece, box)
    if accepting is None:
        return None
    text = f"{_from_to(state, *accepting)}; accept: [{word}] lets it through"
    if word == NOT_MODELLED:
        return Finding("not-modelled", "warning", text)
    return Finding("others-changed", "warning", text)


def _from_to(state: State, piece: Piece, box: Box) -> str:
    """``a packet from … is in clear (no line …), and ends as translated (nat …)``."""
    question = state.question
    sights = (question.platform.look(config) for config in (question.config, question.target))
    before, after = (_fate(sight, piece.enters, box) for sight in sights)
    now, then = (
        f"{_words(key)} ({fate.line}{f', {fate.detail}' if DROP in key and fate.detail else ''})"
        for key, fate in ((piece.before, before), (piece.after, after))
    )
    return f"{_packet(piece.enters, box)}, which is {now}, ends as {then}"


def _finding(step: Step, kind: Kind, worst: Change) -> Finding:
    """What a line does for a while that is neither before nor after."""
    lines = tuple(line.shown for line in step.do)
    meets = f"{_packet(worst.piece.enters, worst.box)} is {_words(worst.key)}"
    while_ = "for a while, until the lines that follow are typed"
    if kind is Kind.DROPS:
        return Finding("dropped-while-changing", "note", f"{meets} {while_}", lines)
    if kind is Kind.OWN:
        return Finding("own-packets-while-changing", "warning", f"{meets} {while_}", lines)
    text = f"{meets} {while_}: accept: [{ACCEPT[kind]}] lets it through"
    return Finding("accepted-while-changing", "warning", text, lines)


def _switches(verdict: Verdict, sight: Callable[[], Sight]) -> tuple[Switch, ...]:
    """One for each place, treatment before and treatment after."""
    first: dict[tuple[str, Key, Key], Change] = {}
    for change in verdict.changes:
        key = (change.piece.enters, change.piece.now, change.key)
        known = first.get(key)
        if known is None or change.box < known.box:
            first[key] = change
    return tuple(
        Switch(
            enters,
            _packet(enters, change.box),
            _words(now),
            _words(key),
            *_decided(enters, change, sight),
        )
        for (enters, now, key), change in first.items()
    )


def _decided(enters: str, change: Change, sight: Callable[[], Sight]) -> tuple[str, str]:
    """The line that decides about the packets of a change, and the rest."""
    fate = change.fate or _fate(sight(), enters, change.box)
    return fate.line, fate.detail


def _fate(sight: Sight, enters: str, box: Box) -> Seen:
    """What packets of ``box`` meet, all of them the same."""
    return next(fate for _part, fate in sight.treat(enters, box))
