# Copyright: The netvpn.dynamic_l2l contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""What both platforms' treatment tests ask and show."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from itertools import combinations
from math import prod

import pytest
from _core import forwarding
from _core.prefixes import Box, Interval, Region, dotted
from _core.treatment import Config, PacketClass, classes, fate_of, model, touched

from .fates import Packet


def box_of(packet: Packet) -> Box:
    """The box of one packet."""
    return tuple((value, value) for value in packet)


def holds(box: Box, packet: Packet) -> bool:
    return all(low <= value <= high for (low, high), value in zip(box, packet, strict=True))


def size(box: Box) -> int:
    return prod(high - low + 1 for low, high in box)


def check_classes(config: Config, packets: Sequence[Packet]) -> None:
    """Classes are disjoint, hold all that can enter, and each of ``packets`` meets the fate of its class; as well where
    what two pieces go through is found out for their whole box, as it is where they are many."""
    _check(config, packets)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(forwarding, "_MANY", 1)
        _check(config, packets)


def _check(config: Config, packets: Iterable[Packet]) -> None:
    found = classes(config)
    for enters, region in model(config).places().items():
        here = [(box, known) for known in found if known.enters == enters for box in known.region.boxes]
        assert sum(size(box) for box, _known in here) == sum(size(box) for box in region.boxes), enters
        for (one, _a), (two, _b) in combinations(here, 2):
            assert any(max(a, c) > min(b, d) for (a, b), (c, d) in zip(one, two, strict=True)), (enters, one, two)
        for packet in packets:
            if any(holds(box, packet) for box in region.boxes):
                (known,) = [known for box, known in here if holds(box, packet)]
                assert fate_of(config, enters, packet) == known.fate


def check_touched(before: Config, after: Config, packets: Iterable[Packet]) -> None:
    """No packet changes its fate outside what the change is said to touch."""
    regions = touched(before, after)
    for enters, place in model(before).places().items():
        region = regions.get(enters, Region())
        for one, two in combinations(region.boxes, 2):
            assert any(max(a, c) > min(b, d) for (a, b), (c, d) in zip(one, two, strict=True)), (enters, one, two)
        for packet in packets:
            if any(holds(box, packet) for box in place.boxes):
                same = fate_of(before, enters, packet) == fate_of(after, enters, packet)
                assert same or any(holds(box, packet) for box in region.boxes), (enters, packet)


def table(found: Iterable[PacketClass]) -> str:
    """Classes for people: what enters where, its fate, the lines that decide, and the packets."""
    rows = []
    for known in sorted(found, key=lambda known: (known.enters, known.direction, str(known.fate), known.fate.line)):
        rows.append(
            f"{known.enters} {known.direction}: {known.fate} | {known.fate.line} | {known.fate.detail}".rstrip(" |")
        )
        rows += [f"    {box_text(box)}" for box in known.region.boxes]
    return "\n".join(rows) + "\n"


def box_text(box: Box) -> str:
    """``10.1.1.0/24 → any, protocol 6, from 80``."""
    words = [f"{span(box[1])} → {span(box[3])}"]
    for name, interval, whole in (
        ("protocol", box[0], (0, 255)),
        ("from port", box[2], (0, 65535)),
        ("to port", box[4], (0, 65535)),
    ):
        if interval != whole:
            words.append(f"{name} {interval[0]}" + (f"-{interval[1]}" if interval[0] != interval[1] else ""))
    return ", ".join(words)


def span(interval: Interval) -> str:
    """A prefix where it is one."""
    low, high = interval
    count = high - low + 1
    if count == 2**32:
        return "any"
    if count & (count - 1) == 0 and low % count == 0:
        return dotted(low) if count == 1 else f"{dotted(low)}/{33 - count.bit_length()}"
    return f"{dotted(low)}-{dotted(high)}"
