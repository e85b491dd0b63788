# Copyright: The netvpn.dynamic_l2l contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""The messages that the fact sheets list as failures, each with a line as a device prints it and its right name."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path

LOGS = Path(__file__).resolve().parents[3] / "golden" / "logs"
_DATA = json.loads((LOGS / "sheet-lines.json").read_text(encoding="utf-8"))


@dataclass(frozen=True)
class SheetLine:
    """``quote`` as the sheet has it; ``line`` as it is printed; ``code`` its name, of a ``kind``: problem, note, or read
    (nothing by itself)."""

    sheet: str
    quote: str
    line: str
    kind: str
    code: str


LINES = tuple(SheetLine(**row) for row in _DATA["lines"])

#: What the sheets quote in the same tables and no log holds: show output, commands, parts of the lines above, patterns.
NOT_MESSAGES = frozenset(_DATA["not_messages"])


def published(name: str) -> str:
    """A published log; its source is in the README beside it."""
    return (LOGS / name).read_text(encoding="utf-8")
