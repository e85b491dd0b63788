# Copyright: The netvpn.dynamic_l2l contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""The rule for every change, and the order of steps that keeps it.

    What new flows of a class meet, drops struck, is after each line what they met before the plan, then what they meet
    after it: one change. In clear, unprotected while there is no SA, or translated into the tunnel they are in between
    only where they are so before or after. A drop in between is told, and of others' packets only let through when the
    intent accepts it.

What a line does is judged by :mod:`.rule`, the order is found by :mod:`.ordering`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from functools import partial
from typing import Any, Union

from .ordering import SWEEP, Search, Stuck
from .rule import ACCEPT, FEW, Kind, Platform, Question, State, Verdict, View, accepted, together
from .steps import Ref, Step, replay_together
from .telling import Proof, Record, Refused, refusal_of

__all__ = (
    "ACCEPT",
    "FEW",
    "Detour",
    "Kind",
    "Platform",
    "Proof",
    "Question",
    "Refused",
    "View",
    "accepted",
    "order",
    "prove",
)


#: Other steps for the same change, which take a longer way around some objects; None where there are none.
Detour = Callable[[frozenset[Ref]], Union[Sequence[Step], None]]


def order(
    question: Question, steps: Sequence[Step], detour: Detour = lambda _blocked: None
) -> tuple[tuple[Step, ...], Proof]:
    """``steps`` in an order that keeps the rule; those of ``detour`` where they have none. Raises Refused."""
    limits = [
        Kind.SWITCH,
        Kind.DROPS,
        Kind.OWN,
        *sorted(kind for kind, word in ACCEPT.items() if word in question.accepted),
    ]
    ways = [steps]
    for limit in limits:
        for lazy in (True, False):
            tried = 0
            while tried < len(ways):
                chosen = ways[tried]
                tried += 1
                search = Search(question, chosen, limit, lazy=lazy)
                try:
                    attempt = search.run()
                except Stuck as stuck:
                    refused = _refusal(search, stuck)
                else:
                    return tuple(chosen[index] for index in attempt.placed), attempt.record.proof(attempt.state)
                other = detour(refused.blocked)
                if other is not None:
                    ways.append(other)
    raise refused


def _refusal(search: Search, stuck: Stuck) -> Refused:
    if not stuck.refused:
        waiting = next(step for index, step in enumerate(search.steps) if index not in stuck.placed)
        return Refused(
            f"the lines need each other in a circle, beginning with '{waiting.do[0].shown}'. This is a fault of the "
            "collection: please report it, with the plan's options; nothing was changed."
        )
    blocked = frozenset().union(*(search.steps[index].edits for index, _verdict in stuck.refused))
    index, verdict = stuck.refused[0]
    return refusal_of(search.steps[index], verdict, blocked)


def prove(question: Question, steps: Sequence[Step]) -> Proof:
    """Whether ``steps`` keep the rule in the order in which they are. Raises Refused where they do not."""
    state, record = State(question), Record()
    for run in _runs(steps):
        config = replay_together(state.config, run)
        verdicts = state.judge_together(run, config) if len(run) > 1 else [None]
        if None in verdicts:
            for step in run:
                config = step.effect(state.config)
                verdict = state.judge(step, config)
                _judge(state, record, step, config, verdict)
                state.take(config, verdict)
        else:
            found = [verdict for verdict in verdicts if verdict is not None]
            for step, verdict in zip(run, found):  # noqa: B905 (one for each step)
                _judge(state, record, step, config, verdict)
            state.take(config, together(found))
    return record.proof(state)


def _runs(steps: Sequence[Step]) -> Iterator[Sequence[Step]]:
    """``steps`` one by one, but many entries of one list that follow each other together."""
    start = 0
    while start < len(steps):
        end = start + 1
        while end < len(steps) and steps[start].placed and steps[end].placed and steps[end].edits == steps[start].edits:
            end += 1
        if end - start < SWEEP:
            end = start + 1
        yield steps[start:end]
        start = end


def _judge(state: State, record: Record, step: Step, config: Any, verdict: Verdict) -> None:
    if not verdict.lawful:
        raise refusal_of(step, verdict)
    record.add(step, verdict, partial(state.platform.look, config))
