# Copyright: The netvpn.dynamic_l2l contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""A plan's steps in an order that is proven on the device's model: what both planners do last.

Interfaces that are shut count as up: nobody knows when somebody ends that. The order must keep the rule as they are, too.
"""

from __future__ import annotations

import gc
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from functools import partial
from typing import Any, Protocol

from .forwarding import Forwarding
from .intent import Tunnel
from .named import Named
from .prefixes import Box, Prefix
from .prove import FEW, Detour, Platform, Proof, Question, View, accepted, order, prove
from .steps import Ref, Step
from .treatment import NOTHING_ELSE, Known, is_lifted, model, touched

#: The objects of a configuration that packets can meet.
Reached = Callable[[Any], frozenset[Ref]]


class Wish(Protocol):
    """What a planner has made of the intent: from which configuration to which, and what it is about."""

    current: Any
    target: Any
    tunnels: tuple[Tunnel, ...]

    @property
    def local(self) -> tuple[Prefix, ...]: ...
    def ours(self) -> tuple[Box, ...]: ...
    def named(self, tables: Forwarding) -> tuple[Named, ...]: ...


def platform(reached: Reached, known: Known = NOTHING_ELSE) -> Platform:
    """How configurations of a platform are looked at."""
    return Platform(
        lambda config: View(model(config, known=known)),
        reached,
        partial(touched, known=known),
        partial(touched, many=FEW, known=known),
    )


@contextmanager
def _all_is_kept() -> Iterator[None]:
    """Nothing is looked through for garbage meanwhile: what is made is kept until the end, and there is much of it."""
    enabled = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if enabled:
            gc.enable()


@_all_is_kept()
def proven(
    reached: Reached, wish: Wish, steps: Sequence[Step], detour: Detour = lambda _blocked: None
) -> tuple[tuple[Step, ...], Proof]:
    """``steps``, or those of ``detour``, in their order. Raises Refused when no order keeps the rule."""
    target = wish.target.copy()

    def question(lifted: bool) -> Question:
        known = Known(wish.local, lifted)
        return Question(
            platform(reached, known),
            wish.current,
            target,
            ours=wish.ours(),
            accepted=accepted(wish.tunnels),
            named=wish.named(model(target, known=known)),
        )

    ordered, proof = order(question(True), steps, detour)
    if is_lifted(wish.current):
        prove(question(False), ordered)
    return ordered, proof
