# Copyright: The netvpn.dynamic_l2l contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""What a dialect says of debugging: the commands of a platform, and how their answers are read."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Debug:
    """One kind of debugging: what switches it on and off, and how ``show debugging`` names it (a pattern, searched)."""

    on: str
    off: str
    shown: str


@dataclass(frozen=True)
class Debugging:
    """How a platform is debugged.

    ``busy`` prints the load and ``load`` finds it in per cent. ``shows`` prints what is on. ``condition`` limits IKE and
    IPsec debugging to a peer (``{peer}``), ``uncondition`` takes that back, ``conditions`` shows what is limited already
    and ``conditioned`` finds that somebody did. ``monitor`` sends what is printed to this session, ``unmonitor`` ends it.
    """

    busy: str
    load: str
    shows: str
    debugs: tuple[Debug, ...]
    condition: str
    uncondition: str
    #: a command that prints one row that is known beforehand, whatever else is printed
    last: str
    ends: str = r"Current privilege level(?: is| *:) *\d+"
    conditions: str = "show  crypto debug-condition"
    conditioned: str = r"(?i)currently is turned ON"
    monitor: str = ""
    unmonitor: str = ""
    log: str = "show  logging"
