# Copyright: The netvpn.dynamic_l2l contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""The order between devices: what is added comes to the responder first, what goes goes from it last."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

from .conftest import Playbooks
from .test_playbooks import HUB, OSAKA, SITE, give_intent, held

LISTED = {key: value for key, value in HUB.items() if key != "match_address"}


def sent(playbooks: Playbooks, *arguments: str, expect: int = 0) -> list[tuple[str, list[str]]]:
    """Run ``site``; in the order in which it happened: host and the lines that were typed, where there were any."""
    rows = playbooks.results(SITE, *arguments, expect=expect)
    return [(row.host, row.result["commands"]) for row in rows if row.result.get("commands")]


def through_inside(*networks: str) -> dict[str, Any]:
    """Networks behind a PIX; the routes do not tell for all of them."""
    return {"networks": [{"prefix": network, "interface": "inside"} for network in networks]}


def unnumbered(line: str) -> str:
    """An entry of a list without its place."""
    return line.lstrip("0123456789 ")


def test_what_is_added_comes_to_the_responder_first_and_what_goes_goes_from_it_last(
    playbooks: Playbooks, emulated: Callable[..., Path]
) -> None:
    state = emulated("pix515e", "hub")
    playbooks.hosts["pix515e"]["asa_l2l_initiator_preflight"] = "skip"
    # What belongs to no tunnel goes, and not before the rest.
    playbooks.hosts["hub"]["ios_dynamic_responder_exclusive"] = True
    give_intent(playbooks, [LISTED], [OSAKA | through_inside("10.1.1.0/24", "10.1.5.0/24")])
    assert [host for host, _lines in sent(playbooks)] == ["hub", "pix515e"]
    before = held(state, "hub")

    # Another network in the place of the second one: seen at once in check mode, done in three parts.
    give_intent(playbooks, [LISTED], [OSAKA | through_inside("10.1.1.0/24", "10.1.6.0/24")])
    gone = [
        "no deny ip 10.2.1.0 0.0.0.255 10.1.5.0 0.0.0.255",
        "no permit ip 10.2.1.0 0.0.0.255 10.1.5.0 0.0.0.255",
    ]
    (first, shown), (second, _lines) = sent(playbooks, "--check", "--diff")
    assert [first, second] == ["hub", "pix515e"]
    assert held(state, "hub") == before
    (first, added), (second, both), (third, taken) = sent(playbooks)
    assert [first, second, third] == ["hub", "pix515e", "hub"]
    assert [line for line in added if line.startswith("no ")] == []
    assert any("10.1.6.0" in line for line in added)
    assert any("10.1.6.0" in line for line in both)
    assert any(line.startswith("no ") and "10.1.5.0" in line for line in both)
    assert [line for line in taken if "10." in line] == gone
    assert {unnumbered(line) for line in shown} == {unnumbered(line) for line in [*added, *taken]}

    # A tunnel that goes wholly.
    give_intent(playbooks, [LISTED], [OSAKA | through_inside("10.1.1.0/24", "10.1.6.0/24") | {"state": "absent"}])
    assert [host for host, _lines in sent(playbooks)] == ["pix515e", "hub"]
    assert sent(playbooks) == []


def test_a_responder_keeps_what_an_initiator_that_failed_may_still_use(
    playbooks: Playbooks, emulated: Callable[..., Path]
) -> None:
    state = emulated("pix515e", "hub", like={"pix2": ("pix515e",)})
    for name in ("pix515e", "pix2"):
        playbooks.hosts[name]["asa_l2l_initiator_preflight"] = "skip"
    nara = OSAKA | {"name": "nara", "initiator": "pix2"} | through_inside("10.1.7.0/24")
    give_intent(playbooks, [LISTED], [OSAKA | through_inside("10.1.1.0/24", "10.1.5.0/24"), nara])
    playbooks.play(SITE)
    before = held(state, "hub")
    give_intent(playbooks, [LISTED], [OSAKA | through_inside("10.1.1.0/24"), nara])
    playbooks.hosts["pix515e"]["asa_l2l_initiator_outside_interface"] = "nowhere"
    printed = playbooks.play(SITE, expect=2)
    assert "hub is left as it is, for pix515e failed" in " ".join(printed.split())
    assert held(state, "hub") == before
