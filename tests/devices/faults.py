# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: The netvpn.dynamic_l2l contributors
"""What goes wrong with a device, on demand. Nothing does by default, and nothing depends on the time of day.

A fault is written `name`, `name:value` or `name:value:text`; a place is the number of a configuration line, counted
over all sessions from 1, or a regular expression between slashes that the line must match (`silent`, `deny`: exec
lines too). Of several lines in one write each is a line of its own: the answers to those before the place arrive.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass, field

Place = int | re.Pattern[str]


@dataclass
class Faults:
    """The faults of one device."""

    latency: float = 0.0  # latency:SECONDS        before every answer
    banner_delay: float = 0.0  # banner-delay:SECONDS   before the first prompt
    banner: str = ""  # banner:TEXT            before the first prompt (`|` is a line end)
    drop_at: Place | None = None  # drop-at:PLACE          the connection ends before the line is executed
    drop_after: Place | None = None  # drop-after:PLACE       it ends after that, without an answer
    refuse: list[tuple[Place, str]] = field(default_factory=list)  # refuse:PLACE[:TEXT]     invalid input, or the text
    garbage: list[Place] = field(default_factory=list)  # garbage:PLACE          noise before the answer
    nvram_full: bool = False  # nvram-full             saving fails
    silent: Place | None = (
        None  # silent:PLACE           it is executed; no echo, no answer, nothing more: the session hangs
    )
    deny: list[re.Pattern[str]] = field(
        default_factory=list
    )  # deny:/REGEX/           exec or config line not authorized
    no_more: bool = False  # no-more                `more system:running-config` is not authorized
    more_masked: bool = False  # more-masked            it prints the keys as stars
    locked: str = ""  # locked:NAME            another user NAME holds the configuration
    nat_in_use: str = ""  # nat-in-use:question|refuse   translations exist and hold the NAT rule

    def at(self, place: Place | None, number: int, line: str) -> bool:
        """Is this the line?"""
        if isinstance(place, int):
            return place == number
        return bool(place and place.search(line))

    def refusal(self, number: int, line: str) -> str | None:
        """The text with which the line is refused: empty for invalid input, None when it is not refused."""
        return next((text for place, text in self.refuse if self.at(place, number, line)), None)

    def hangs(self, number: int, line: str) -> bool:
        """Is this the line at which the session hangs? Here an expression is looked for in exec lines too."""
        if isinstance(self.silent, int):
            return bool(number) and self.silent == number
        return bool(line.strip() and self.silent and self.silent.search(line.strip()))

    def denied(self, line: str) -> bool:
        """Does command authorization refuse the line?"""
        return any(expression.search(line) for expression in self.deny)


def parse(specifications: Iterable[str]) -> Faults:
    """Faults from their written form."""
    faults = Faults()
    for specification in specifications:
        name, _, value = specification.partition(":")
        match name:
            case "latency" | "banner-delay":
                setattr(faults, name.replace("-", "_"), float(value))
            case "banner":
                faults.banner = value.replace("|", "\n")
            case "drop-at" | "drop-after" | "silent":
                setattr(faults, name.replace("-", "_"), _place(value)[0])
            case "refuse":
                faults.refuse.append(_place(value))
            case "garbage":
                faults.garbage.append(_place(value)[0])
            case "deny":
                place, rest = _place(value)
                if isinstance(place, int) or rest:
                    raise ValueError(f"fault {name}: an /expression/, not {value!r}")
                faults.deny.append(place)
            case "locked":
                faults.locked = value or "unknown"
            case "nvram-full" | "no-more" | "more-masked":
                setattr(faults, name.replace("-", "_"), True)
            case "nat-in-use":
                if value not in ("question", "refuse"):
                    raise ValueError(f"fault {name}: question or refuse, not {value!r}")
                faults.nat_in_use = value
            case _:
                raise ValueError(f"unknown fault: {specification}")
    return faults


def _place(value: str) -> tuple[Place, str]:
    if found := re.match(r"/(.*?)/(?::(.*))?\Z", value):
        return re.compile(found[1]), found[2] or ""
    number, _, text = value.partition(":")
    if not number.isdigit():
        raise ValueError(f"fault: a line number or /expression/, not {value!r}")
    return int(number), text
