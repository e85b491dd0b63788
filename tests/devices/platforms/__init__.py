# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: The netvpn.dynamic_l2l contributors
"""The platforms by name."""

from __future__ import annotations

from functools import cache

from ..engine import Platform, Row
from .ios import IOS_12_4, Ios
from .pix import PIX_7_2, Pix

PLATFORMS = (PIX_7_2.name, IOS_12_4.name)


@cache
def platform(name: str) -> Platform:
    """The platform of that name."""
    if name == PIX_7_2.name:
        return Pix(PIX_7_2)
    if name == IOS_12_4.name:
        return Ios(IOS_12_4)
    raise ValueError(f"unknown platform: {name}; there are {', '.join(PLATFORMS)}")


def rows(name: str | None = None) -> list[Row]:
    """All rows of a platform, or of all of them, with their sources and grades."""
    return [row for each in PLATFORMS if name in (None, each) for row in platform(each).rows]
