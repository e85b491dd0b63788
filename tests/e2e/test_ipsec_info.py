# Copyright: The netvpn.dynamic_l2l contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""``ipsec_info`` over SSH, on devices without a peer: what it types, what it refuses, what it returns of nothing."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

from .conftest import DEVICES, SEED, Playbooks

KEY = "a-key-that-is-nowhere"
RESPONDER = {
    "host": "hub", "address": "192.168.1.2", "networks": ["10.2.1.0/24"], "suite": "aes256-sha-g5", "pre_shared_key": KEY,
}  # fmt: skip
TUNNEL = {"name": "osaka", "initiator": "pix515e", "responder": "hub", "networks": ["10.1.1.0/24"]}
INTENT = {"responders": [RESPONDER], "tunnels": [TUNNEL]}
LEVEL = "Current privilege level is 15\n"
NOTHING = {"ike": [], "ipsec": [], "unread": [], "truncated": False}


def look(playbooks: Playbooks, plays: dict[str, list[dict[str, Any]]], expect: int = 0) -> list[tuple[str, Any]]:
    """Run tasks, given by their hosts as options of the module; host and result of each, in order."""
    tasks = {
        hosts: [
            {
                "name": f"Look {number}",
                "netvpn.dynamic_l2l.ipsec_info": options,
                "check_mode": options.pop("check", False),
                "ignore_errors": True,
            }
            for number, options in enumerate(given)
        ]
        for hosts, given in plays.items()
    }
    rows = playbooks.results(
        [{"hosts": hosts, "gather_facts": False, "tasks": found} for hosts, found in tasks.items()], expect=expect
    )
    return [(row.host, row.result) for row in rows]


def test_devices_without_a_peer_have_nothing_and_bad_options_are_refused_with_a_remedy(
    emulated: Callable[..., Path], playbooks: Playbooks
) -> None:
    emulated("pix515e", "hub")
    whole = {"host": "{{ inventory_hostname }}", **INTENT}
    bad: list[tuple[dict[str, Any], str]] = [
        ({"tunnel": "osaka"}, "tunnel = osaka: nobody knows which associations are of this tunnel without the intent"),
        ({"tunnel": "kobe", **whole}, "tunnel[0] = kobe: hub has no tunnel of this name. Its tunnels are: osaka."),
        ({"peer": "10.1.1"}, "peer = 10.1.1: this is not an IPv4 address. Give the peer's address, as 192.0.2.1."),
    ]
    results = look(
        playbooks, {"pix515e:hub": [whole, {**whole, "check": True}], "hub": [options for options, _ in bad]}
    )
    assert sorted(host for host, _result in results) == ["hub"] * 5 + ["pix515e"] * 2
    for host, result in results[:4]:
        assert result["changed"] is False
        assert result["platform"] == {"pix515e": "asa", "hub": "ios"}[host]
        assert result["associations"] == NOTHING
        assert "ansible_facts" not in result
    for (_host, result), (_options, message) in zip(results[4:], bad, strict=True):
        assert result["msg"].startswith(message)
    assert KEY not in playbooks.printed


def test_what_a_device_shows_comes_back_line_for_line_and_a_refusal_is_told(
    misbehaving: Callable[..., tuple[int, Path]], playbooks: Playbooks
) -> None:
    """The seed's outputs, typed by a device over SSH; and a device that lets nobody look."""
    parts = (SEED / "ios-12.4-show.txt").read_text(encoding="utf-8").split("Router#show ")[1:]
    isakmp, ipsec = (part.partition("\n")[2] for part in parts)
    answers = {
        "hub": {
            "^show  crypto isakmp sa detail": "\n",
            "^show  crypto isakmp sa": isakmp,
            "^show  crypto ikev2": "             ^\n% Invalid input detected at '^' marker.\n\n",
            "^show  crypto ipsec sa": ipsec,
        },
        "guarded": {"^show  crypto": "% Authorization failed.\n"},
    }
    typed = {}
    for name, answer in answers.items():
        port, folder = misbehaving(enabled=True, behind_prompt="", answers=answer | {"^show privilege": LEVEL})
        playbooks.add(name, port, folder / "known_hosts", ansible_network_os=DEVICES["hub"][2])
        typed[name] = folder / "typed"
    found = dict(look(playbooks, {"hub": [{"host": "hub", "tunnel": "osaka", **INTENT}], "guarded": [{}]}))
    (ike,), (sa,) = found["hub"]["associations"]["ike"], found["hub"]["associations"]["ipsec"]
    assert (ike["peer"], ike["role"], ike["tunnels"]) == ("172.16.1.1", "responder", ["osaka"])
    assert (sa["tunnel"], sa["up"], sa["inbound"][0]["spi"]) == ("osaka", True, "0x537bc76f")
    assert found["hub"]["associations"]["unread"] == []
    assert not found["hub"]["associations"]["truncated"]
    lines = typed["hub"].read_text(encoding="utf-8").splitlines()
    assert [line for line in lines if line.startswith("show  crypto")] == [
        "show  crypto isakmp sa",
        "show  crypto isakmp sa detail",
        "show  crypto ikev2 sa detailed",
        "show  crypto ipsec sa",
    ]
    message = "the device refused 'show crypto isakmp sa': % Authorization failed"
    assert found["guarded"]["msg"].startswith(message)
    assert "configure terminal" not in "".join(file.read_text(encoding="utf-8") for file in typed.values())
