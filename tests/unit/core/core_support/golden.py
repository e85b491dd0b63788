# Copyright: The netvpn.dynamic_l2l contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""Golden files: what a test computed, kept as text that a reviewer sees change."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

SEED = Path(__file__).resolve().parents[3] / "golden" / "seed"

Compare = Callable[[str, str], None]


def seed(name: str) -> str:
    """A text of the reference scenario."""
    return (SEED / name).read_text(encoding="ascii")


def compare_with(folder: Path, *, update: bool) -> Compare:
    """A comparison with the files of ``folder``; with ``update`` they are written."""

    def compare(name: str, text: str) -> None:
        path = folder / name
        if update:
            path.write_text(text, encoding="utf-8")
        assert path.exists(), f"{path} is missing: run pytest --update-golden and look at what it wrote"
        assert text == path.read_text(encoding="utf-8"), f"differs from {path.name} (pytest --update-golden)"

    return compare


def plan_text(plan: Any) -> str:
    """A plan for people: the commands, the findings, the owned configuration before and after."""
    # The packet and the commands of a finding are the business of the audit's own golden files.
    keys = ("code", "level", "message", "lines")
    rows = [{key: finding.as_dict()[key] for key in keys} for finding in plan.findings]
    findings = [json.dumps(row, ensure_ascii=False) for row in rows]
    parts = (
        ("commands", "\n".join(plan.commands)),
        ("findings", "\n".join(findings)),
        ("before", plan.before.rstrip("\n")),
        ("after", plan.after.rstrip("\n")),
    )
    return "\n".join(f"--- {head}\n{body}" if body else f"--- {head}" for head, body in parts) + "\n"
