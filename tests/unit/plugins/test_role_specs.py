# Copyright: The netvpn.dynamic_l2l contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""Role specs have no fragments: that both roles and both modules take the same intent is checked here, by option."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import yaml
from ansible_collections.netvpn.dynamic_l2l.plugins.module_utils._core.options import Names, Options
from ansible_collections.netvpn.dynamic_l2l.plugins.module_utils._door import ARGUMENT_SPEC
from ansible_collections.netvpn.dynamic_l2l.plugins.module_utils._verify_door import VERIFY_SPEC

ROLES = Path(__file__).parents[3] / "roles"
BOTH = pytest.mark.parametrize("role", ["asa_l2l_initiator", "ios_dynamic_responder"])

#: What the module has and the role does not: states without a device, and what feeds them.
MODULE_ONLY = {"running_config", "version"}

#: What the role has and the module does not: another module is called afterwards.
ROLE_ONLY = {"verify", "verify_options"}


def spec(role: str) -> dict[str, Any]:
    text = (ROLES / role / "meta/argument_specs.yml").read_text(encoding="utf-8")
    options: dict[str, Any] = yaml.safe_load(text)["argument_specs"]["main"]["options"]
    return options


def without_prose(options: dict[str, Any]) -> dict[str, Any]:
    """Options without descriptions, defaults filled in, so that two can be compared."""
    return {
        name: {
            "type": option.get("type", "str"),
            "elements": option.get("elements"),
            "required": option.get("required", False),
            "choices": option.get("choices"),
            "default": option.get("default"),
            "no_log": bool(option.get("no_log")),
            "options": without_prose(option.get("options", {})),
        }
        for name, option in options.items()
    }


def test_both_roles_take_the_same_intent() -> None:
    one, two = (without_prose(spec(role)) for role in ("asa_l2l_initiator", "ios_dynamic_responder"))
    for name in ("l2l_responders", "l2l_tunnels"):
        assert one[name] == two[name]


@BOTH
def test_the_role_takes_the_intent_as_the_module_does(role: str) -> None:
    ours, module = without_prose(spec(role)), without_prose(ARGUMENT_SPEC)
    for mine, theirs in (("l2l_responders", "responders"), ("l2l_tunnels", "tunnels")):
        assert ours[mine]["options"] == module[theirs]["options"]


@BOTH
def test_the_role_passes_every_option_of_its_module(role: str) -> None:
    ours, module = without_prose(spec(role)), without_prose(ARGUMENT_SPEC)
    for name, option in module.items():
        if name in MODULE_ONLY | {"responders", "tunnels"}:
            continue
        mine = ours[f"{role}_{name}"]
        assert mine["type"] == option["type"]
        if name == "state":
            assert mine["choices"] == ["present", "absent"]
        elif name not in ("host", "names"):
            assert (mine["choices"], mine["default"]) == (option["choices"], option["default"])
    assert len(ours) == len(module) - len(MODULE_ONLY) + len(ROLE_ONLY)


@BOTH
def test_the_role_passes_every_option_of_the_verification_that_it_does_not_share(role: str) -> None:
    ours = without_prose(spec(role))
    level = ours[f"{role}_verify"]
    assert level["choices"] == ["none", *VERIFY_SPEC["level"]["choices"]]
    shared = {*ARGUMENT_SPEC, "level"}
    module = {name: option for name, option in without_prose(VERIFY_SPEC).items() if name not in shared}
    mine = ours[f"{role}_verify_options"]["options"]
    # The module has the defaults; whether tunnels are brought up depends on the level here.
    assert {name: {**option, "default": None} for name, option in module.items()} == mine
    tasks = (ROLES / role / "tasks/verify.yml").read_text(encoding="utf-8")
    assert all(f"    {name}: " in tasks for name in VERIFY_SPEC)


@BOTH
def test_each_default_of_the_role_is_the_one_that_it_documents(role: str) -> None:
    defaults = yaml.safe_load((ROLES / role / "defaults/main.yml").read_text(encoding="utf-8"))
    documented = {name: option["default"] for name, option in spec(role).items() if "default" in option}
    assert defaults == documented
    assert all(name in (ROLES / role / "README.md").read_text(encoding="utf-8") for name in spec(role))


def test_the_modules_name_every_name_and_option_of_the_core() -> None:
    assert set(ARGUMENT_SPEC["names"]["options"]) == set(Names.__dataclass_fields__)
    assert set(Options.__dataclass_fields__) <= set(ARGUMENT_SPEC)
