# Copyright: The netvpn.dynamic_l2l contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""What became of each new flow, told from the ISP's link and from the far end, and the rule for what may follow what.

The letters are those of the guide: E encrypted, X in clear with its own source, T in clear and translated, D dropped.
"""

from __future__ import annotations

import itertools
import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from devices.wire.client import CapturedLink

from .sites import Site

#: Between two new flows, in seconds.
INTERVAL = 0.02

#: Site and node → the first port that no probing used: a port that was used before may belong to an old flow, which keeps
#: the treatment that it had. All are above that of encapsulated ESP, which a capture takes by its port, and below those that
#: the system gives by itself.
_first_ports: dict[tuple[Path, str], int] = {}
_FIRST_PORT, _LAST_PORT = 4501, 32767


@dataclass
class Probing:
    """New flows that begin all the time, from one host: from ``own``, or as ``sources`` say for the target."""

    site: Site
    own: str
    program: Any
    node: str
    sources: Mapping[str, str] = field(default_factory=dict)

    def judged(self, link: CapturedLink) -> dict[str, str]:
        """End it; name of the target → the letters of its flows, in order, as the ISP's ``link`` shows them."""
        rows = [json.loads(row) for row in self.program.finish().stdout.splitlines() if row.startswith("{")]
        ports = self.site.state, self.node
        _first_ports[ports] += max(row["number"] for row in rows)
        assert _first_ports[ports] <= _LAST_PORT, f"{self.node}: too many flows"
        clear = {
            packet.payload.decode(): packet.source for packet in link.packets("udp") if packet.destination_port == 7
        }
        letters: dict[str, str] = {}
        for row in rows:
            source = clear.get(f"{row['name']} {row['number']}")
            if source is not None:
                letter = "X" if source == self.sources.get(str(row["name"]), self.own) else "T"
            else:
                letter = "E" if row["seen"] else "D"
            letters[row["name"]] = letters.get(row["name"], "") + letter
        return letters


def probe(
    site: Site,
    node: str,
    own: str,
    sources: Mapping[str, str] | None = None,
    interval: float = INTERVAL,
    /,
    **targets: str,
) -> Probing:
    """Begin. ``sources``: target → another address of the node than ``own``."""
    program = str(Path(__file__).with_name("prober.py"))
    sources = sources or {}
    words = [f"{name}={address}@{sources.get(name, '')}".removesuffix("@") for name, address in targets.items()]
    first = str(_first_ports.setdefault((site.state, node), _FIRST_PORT))
    started = site.world.start(node, "python3", program, str(interval), first, *words)
    started.wait_for("probing")
    return Probing(site, own, started, node, sources)


def switches(letters: str) -> str:
    """The treatments in order, drops struck, each named once: `TTTDDEE` → `TE`."""
    return "".join(letter for letter, _ in itertools.groupby(letters.replace("D", "")))


def shortened(letters: dict[str, str]) -> dict[str, str]:
    """For a message: `T120 D3 E80`."""
    return {
        name: " ".join(f"{letter}{len(list(group))}" for letter, group in itertools.groupby(text))
        for name, text in letters.items()
    }
