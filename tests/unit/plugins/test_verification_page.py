# Copyright: The netvpn.dynamic_l2l contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""``docs/verification.md`` names each check, each variable of the playbook, and each key of the data for expressions."""

from __future__ import annotations

import ast
import re
from pathlib import Path

import yaml
from ansible_collections.netvpn.dynamic_l2l.plugins.module_utils._verify_door import VERIFY_SPEC
from ansible_collections.netvpn.dynamic_l2l.plugins.modules import ipsec_verify

ROOT = Path(__file__).parents[3]
TEXT = (ROOT / "docs/verification.md").read_text(encoding="utf-8")
WRITTEN = set(re.findall(r"`([a-z0-9_]+)`", TEXT))
CORE = ROOT / "plugins/module_utils/_core"


def test_every_variable_of_the_playbook_is_named_and_no_other() -> None:
    played = "".join(
        (ROOT / "playbooks" / name).read_text(encoding="utf-8") for name in ("verify.yml", "tasks/verify_host.yml")
    )
    variables = set(re.findall(r"\bl2l_verify\w*", played))
    assert {word for word in WRITTEN if word.startswith("l2l_verify")} == variables
    own = {"level", "bring_up", "wait", "probe", "interval", "tunnel", "expect", "fail_on"}
    assert {f"l2l_verify_{option}" for option in own - {"level"}} <= variables
    assert own <= set(VERIFY_SPEC)


def test_every_key_that_the_module_returns_is_named() -> None:
    returned = yaml.safe_load(ipsec_verify.RETURN)
    keys = {*returned, *(key for option in returned.values() for key in option.get("contains", {}))}
    assert sorted(keys - WRITTEN) == []


def test_every_check_is_named() -> None:
    tree = ast.parse((CORE / "verification/judging.py").read_text(encoding="utf-8"))
    words = {
        node.args[2].value
        for node in ast.walk(tree)
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == "Result"
        if isinstance(node.args[2], ast.Constant)
    }
    checks = {*words, "configured", "up", "ike", "ipsec", "pfs", "lifetimes", "sent", "received"}
    table = TEXT[TEXT.index("| check |") : TEXT.index("An SA belongs")]
    assert set(re.findall(r"(?m)^\| ([^|]+) \|", table)) - {"check", "---"} == {
        "`configured`", "`reading`", "`up`", "`ike`", "`ipsec`", "`pfs`", "`lifetimes`", "`peer`", "`identities`",
        "`sent`, `received`", "`errors`", "`expect NAME`",
    }  # fmt: skip
    assert checks <= set(re.findall(r"`(\w+)`", table))
