# Copyright: The netvpn.dynamic_l2l contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""``docs/data-model.md`` names every option of the modules."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from ansible_collections.netvpn.dynamic_l2l.plugins.module_utils._door import ARGUMENT_SPEC

TEXT = (Path(__file__).parents[3] / "docs/data-model.md").read_text(encoding="utf-8")


def names(options: dict[str, Any]) -> Iterator[str]:
    for name, option in options.items():
        yield name
        yield from names(option.get("options", {}))


def test_every_option_is_named() -> None:
    written = set(re.findall(r"`([a-z_0-9]+)`", TEXT))
    assert sorted(set(names(ARGUMENT_SPEC)) - written) == []
