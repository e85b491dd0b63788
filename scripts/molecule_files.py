# SPDX-License-Identifier: GPL-3.0-or-later
"""Does every scenario have the playbooks and the inventory that its sequence names?

Molecule passes over a playbook that is not there with a warning; a misspelt verify.yml would be a passed test.
"""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

import yaml

MOLECULE = Path(__file__).resolve().parent.parent / "extensions/molecule"


def _sequence(path: Path) -> list[str] | None:
    settings: dict[str, Any] = yaml.safe_load(path.read_text(encoding="utf-8")) or {}
    sequence: list[str] | None = settings.get("scenario", {}).get("test_sequence")
    return sequence


def _playbook(item: str) -> str:
    action, _, named = item.partition(" ")
    # these two run the playbook of converge
    return named or f"{'converge' if action in ('check', 'idempotence') else action}.yml"


def main() -> int:
    shared = _sequence(MOLECULE / "config.yml") or []
    faults: list[str] = []
    scenarios = sorted(MOLECULE.glob("*/molecule.yml"))
    for path in scenarios:
        folder = path.parent
        wanted = [folder / _playbook(item) for item in _sequence(path) or shared]
        if folder.name != "default":
            wanted.append(MOLECULE / "inventory" / f"{folder.name}.yml")
        faults += [f"missing: {file.relative_to(MOLECULE)}" for file in dict.fromkeys(wanted) if not file.is_file()]
    if len(scenarios) < 2:
        faults.append("there is no scenario beside default")
    print("\n".join(faults) or f"molecule: {len(scenarios)} scenarios, every playbook is there")
    return 1 if faults else 0


if __name__ == "__main__":
    sys.exit(main())
