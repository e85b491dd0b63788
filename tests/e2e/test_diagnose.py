# Copyright: The netvpn.dynamic_l2l contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""``ipsec_diagnose`` and diagnose.yml over SSH, on devices without a peer: what is asked, what is refused, what stays on."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

from .conftest import Playbooks

KEY = "a-key-that-is-nowhere"
RESPONDER = {
    "host": "hub", "address": "192.168.1.2", "networks": ["10.2.1.0/24"], "suite": "aes256-sha-g5", "pre_shared_key": KEY,
}  # fmt: skip
TUNNEL = {"name": "osaka", "initiator": "pix515e", "responder": "hub", "networks": ["10.1.1.0/24"]}
DIAGNOSE = "netvpn.dynamic_l2l.diagnose"


def look(playbooks: Playbooks, plays: list[tuple[str, dict[str, Any]]]) -> list[tuple[str, dict[str, Any]]]:
    """Run tasks, given by their hosts with options of the module; host and result of each, in order."""
    given = {"host": "{{ inventory_hostname }}", "responders": [RESPONDER], "tunnels": [TUNNEL]}
    rows = playbooks.results(
        [
            {
                "hosts": hosts,
                "gather_facts": False,
                "tasks": [
                    {
                        "name": f"Look {number}",
                        "check_mode": options.pop("check", False),
                        "netvpn.dynamic_l2l.ipsec_diagnose": {**given, **options},
                        "ignore_errors": True,
                    }
                ],
            }
            for number, (hosts, options) in enumerate(plays)
        ],
    )
    return [(row.host, row.result) for row in rows]


def test_debugging_is_asked_for_refused_on_a_busy_device_and_never_done_in_check_mode(
    emulated: Callable[..., Path], playbooks: Playbooks
) -> None:
    state = emulated("pix515e", like={"hub": ("hub", "cpu=97"), "calm": ("hub",)})
    debug = {"allow_debug": True, "seconds": 1}
    bad: list[tuple[dict[str, Any], str]] = [
        ({"seconds": 0}, "seconds = 0: out of range. Give a whole number from 1 to 300."),
        ({"max_cpu": 0}, "max_cpu = 0: out of range. Give a whole number from 1 to 100."),
        ({"peer": "osaka"}, "peer = osaka: this is no address. Write it as 192.0.2.1."),
        ({"tunnel": "kobe"}, "tunnel[0] = kobe: hub has no tunnel of this name. Its tunnels are: osaka."),
        ({"host": "kyoto"}, "host = kyoto: it has no part in the intent."),
        ({"probe": ["192.0.2.1"]}, "probe[0] = 192.0.2.1: no tunnel of the intent leads there."),
    ]
    # The router that is not busy is asked by the same name.
    calm = {"host": "hub", "peer": "172.16.1.1"}
    found = look(
        playbooks,
        [
            ("pix515e", debug),
            ("hub", {**debug, "check": True}),
            ("hub", debug),
            ("calm", {**debug, **calm}),
            *(("hub", options) for options, _message in bad),
        ],
    )
    results = [result for _host, result in found]
    assert results[0]["commands"] == [
        "show logging",
        "debug crypto isakmp 7",
        "debug crypto ipsec 7",
        "no debug crypto ipsec",
        "no debug crypto isakmp",
    ]
    assert results[1]["commands"] == ["show logging"]
    assert results[2]["msg"].startswith("the device is busy (97 % of its processor, max_cpu is 60)")
    assert results[3]["conditional"] is True
    assert results[3]["commands"][-1] == "no debug crypto condition peer ipv4 172.16.1.1"
    for result, (_options, message) in zip(results[4:], bad, strict=True):
        assert result["msg"].startswith(message)
    typed = (state / "hub.log").read_text(encoding="utf-8")
    assert "debug crypto" not in typed
    assert KEY not in playbooks.printed


def test_the_playbook_tells_of_both_ends_and_fails_for_a_problem(
    emulated: Callable[..., Path], playbooks: Playbooks
) -> None:
    """Start configurations: nothing is configured, so nothing negotiates, and the playbook says which lines are missing."""
    emulated("pix515e", "hub")
    for host in playbooks.hosts.values():
        host.update(l2l_responders=[RESPONDER], l2l_tunnels=[TUNNEL])
    file = playbooks.folder / "diagnosis.json"
    printed = playbooks.play(DIAGNOSE, "-e", "tunnel=osaka", "-e", f"diagnosis_to={file}", "--check", expect=2)
    diagnosis = json.loads(file.read_text(encoding="utf-8"))
    assert [problem["code"] for problem in diagnosis["problems"]] == ["no-interesting-traffic"]
    assert diagnosis["problems"][0]["end"] == "pix515e"
    assert diagnosis["verdict"] in printed
    assert "To mend:" in printed
    printed = playbooks.play(DIAGNOSE, "-e", "fail_on_problems=false")
    assert diagnosis["verdict"] in printed
    assert "None of the hosts of this run has a part in tunnel kobe" in playbooks.play(
        DIAGNOSE, "-e", "tunnel=kobe", expect=2
    )
    assert KEY not in playbooks.printed
