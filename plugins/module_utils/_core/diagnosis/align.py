# Copyright: The netvpn.dynamic_l2l contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""The negotiations of two ends side by side: by their identifiers, or where those differ by their steps."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence

from .negotiation import STEPS
from .result import Alignment, Negotiation

#: What identifies a negotiation, most certain first. An SPI that one end calls inbound is the other's outbound.
_BY = ("spi", "ike spi", "message id")


def _keys(one: Negotiation, *, there: bool = False) -> Iterator[tuple[str, str, str]]:
    """``(kind, what it is of, value)`` that the same negotiation has at the other end (``there``: as it has it here)."""
    for way, other in (("in", "out"), ("out", "in")):
        if value := one.identifiers[f"spi_{way}"]:
            yield "spi", other if there else way, str(value)
    if one.identifiers["ike_spis"]:
        yield "ike spi", "", " ".join(one.identifiers["ike_spis"])
    if one.identifiers["message_id"]:
        yield "message id", "", str(one.identifiers["message_id"])


def align(
    negotiations: Sequence[Negotiation], of_each_other: Callable[[tuple[str, str], tuple[str, str]], bool]
) -> tuple[Alignment, ...]:
    """Each negotiation of one end with the one of another end that is the same, or could be.

    Those that share an SPI, IKEv2 SPIs or a message id are the same. What is left of two ends, of one kind and with each
    other as peers as far as is known (``of_each_other``: of two ``(end, peer)``), is laid side by side by steps, in order;
    then the message says whether their identifiers differ.
    """
    found: list[Alignment] = []
    taken: set[int] = set()
    for kind in _BY:
        owners: dict[tuple[str, str], Negotiation] = {}
        for one in negotiations:
            for name, way, value in _keys(one, there=True):
                other = owners.get((way, value))
                if name == kind and other and other.end != one.end and not {one.number, other.number} & taken:
                    found.append(_aligned(other, one, kind, True, f"the same negotiation: {kind} {value}"))
                    taken |= {one.number, other.number}
            for name, way, value in _keys(one):
                if name == kind:
                    owners.setdefault((way, value), one)
    ends = list(dict.fromkeys(one.end for one in negotiations))
    for index, end in enumerate(ends):
        rest = [item for item in negotiations if item.end in ends[index + 1 :] and item.number not in taken]
        for one in (item for item in negotiations if item.end == end and item.number not in taken):
            other = next(
                (
                    item
                    for item in rest
                    if _comparable(one, item) and of_each_other((one.end, one.peer), (item.end, item.peer))
                ),
                None,
            )
            if other:
                same, message = _difference(one, other)
                found.append(_aligned(one, other, "stage", same, message))
                taken |= {one.number, other.number}
                rest.remove(other)
    return tuple(sorted(found, key=lambda item: item.negotiations))


def _comparable(one: Negotiation, other: Negotiation) -> bool:
    if one.version != other.version or (one.mode == "ipsec") != (other.mode == "ipsec"):
        return False
    if one.role and one.role == other.role and one.mode != "ipsec":
        return False
    sides = ((one.peer, other.local), (other.peer, one.local))
    return all(not peer or not local or peer == local for peer, local in sides)


def _difference(one: Negotiation, other: Negotiation) -> tuple[bool | None, str]:
    """Whether the two can be the same by what both know."""
    told = []
    for name, label in (("message_id", "message id"), ("spi_in", "SPIs"), ("ike_spis", "IKE SPIs")):
        here, there = one.identifiers[name], other.identifiers["spi_out" if name == "spi_in" else name]
        if here and there and here != there:
            told.append(f"{label} {here} here, {there} there")
    if told:
        return False, f"different negotiations, only their steps can be compared: {'; '.join(told)}"
    return None, "compared by their steps: the logs name no identifier that both ends have"


def _aligned(one: Negotiation, other: Negotiation, by: str, same: bool | None, message: str) -> Alignment:
    here = {stage.step: stage.place.number for stage in one.stages}
    there = {stage.step: stage.place.number for stage in other.stages}
    steps = tuple((step, here.get(step), there.get(step)) for step in STEPS if step in here or step in there)
    return Alignment((one.number, other.number), by, same, message, steps)
