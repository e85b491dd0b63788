# Copyright: The netvpn.dynamic_l2l contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""Clearing as a user runs it, on devices without SAs: what is refused, what is asked, and that nothing is typed."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from .conftest import SEED, Playbooks
from .test_playbooks import HUB, OSAKA, give_intent, held, seed

CLEAR = "netvpn.dynamic_l2l.clear"
KEY = "cisco123"

#: Both devices with the reference's tunnel.
CONFIGURED = {
    "pix515e": ("pix515e", f"config={SEED / 'pix-7.2-running-config.cfg'}"),
    "hub": ("hub", f"config={SEED / 'ios-12.4-running-config.cfg'}"),
}


@pytest.fixture
def state(playbooks: Playbooks, emulated: Callable[..., Path]) -> Path:
    """The reference's devices with their tunnel, and the intent that they hold."""
    state = emulated(like=CONFIGURED)
    give_intent(playbooks, [HUB | {"pre_shared_key": KEY}], [OSAKA])
    return state


def one_line(printed: str) -> str:
    return " ".join(printed.split())


def unchanged(state: Path) -> bool:
    return held(state, "pix515e") == seed("pix-7.2-running-config.cfg") and held(state, "hub") == seed(
        "ios-12.4-running-config.cfg"
    )


def test_the_playbook_refuses_to_guess_and_finds_nothing_to_clear(playbooks: Playbooks, state: Path) -> None:
    for arguments, told in (
        ([], "Nothing says whose associations to clear. Give one of -e tunnel=NAME, -e peer=ADDRESS or -e all=true"),
        (["-e", "tunnel=osaka", "-e", "all=true"], "tunnel and all are given together"),
        (["-e", "tunnel=kobe"], "None of the hosts of this run has a part in tunnel kobe"),
        (["-e", "peer=hub"], "this is not an IPv4 address"),
    ):
        assert told in one_line(playbooks.play(CLEAR, *arguments, expect=2))
    for arguments in (["-e", "tunnel=osaka"], ["-e", "all=true", "-e", "what=ipsec", "--check"]):
        printed = one_line(playbooks.play(CLEAR, *arguments))
        assert printed.count('"commands": []') == 2
        assert "changed=0" in printed
        assert "changed=1" not in printed
    assert unchanged(state)
    assert KEY not in playbooks.printed


def task(**options: Any) -> list[dict[str, Any]]:
    intent = {"responders": "{{ l2l_responders }}", "tunnels": "{{ l2l_tunnels }}", "host": "{{ inventory_hostname }}"}
    return [
        {
            "hosts": "all",
            "gather_facts": False,
            "tasks": [{"netvpn.dynamic_l2l.ipsec_clear": {**intent, **options}}],
        }
    ]


def test_the_module_says_what_is_missing_and_what_a_host_has_no_part_in(playbooks: Playbooks, state: Path) -> None:
    told = one_line(playbooks.run(task(tunnel="osaka", host="hub"), "--limit", "pix515e", expect=2))
    assert "host = hub: the intent has it as responder, and the device is PIX/ASA" in told
    told = one_line(playbooks.run(task(tunnel=["osaka"], responders=[]), "--limit", "hub", expect=2))
    assert "nobody knows which associations are of this tunnel without the intent" in told
    assert unchanged(state)
    assert KEY not in playbooks.printed
