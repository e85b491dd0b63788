# Copyright: The netvpn.dynamic_l2l contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""The preflight as a user chooses it: ``warn`` goes on and tells, ``fail`` sends nothing, ``skip`` asks nothing."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

from .conftest import DEVICES, SEED, Playbooks
from .test_connection import LIBRARIES, lines_of

MODULES = {"pix515e": "netvpn.dynamic_l2l.asa_ipsec_l2l", "hub": "netvpn.dynamic_l2l.ios_ipsec_l2l"}
CHOICES = ("warn", "fail", "skip")

HUB: dict[str, Any] = {
    "host": "hub",
    "address": "192.168.1.2",
    "networks": ["10.2.1.0/24"],
    "suite": "aes256-sha-g5",
    "pre_shared_key": "pR3fl1ght-of-the-hub",
}
OSAKA: dict[str, Any] = {"name": "osaka", "initiator": "pix515e", "responder": "hub", "networks": ["10.1.1.0/24"]}

PIX = (SEED / "pix-7.2-start.cfg").read_text(encoding="utf-8")
ROUTER = "Building configuration...\n\n" + (SEED / "ios-12.4-start.cfg").read_text(encoding="utf-8")
PIX_ROUTE = "route outside 0.0.0.0 0.0.0.0 172.16.1.2 1\n"
ROUTER_ROUTE = "ip route 0.0.0.0 0.0.0.0 192.168.1.1\n"

HEAD = "Interface                  IP-Address      OK? Method Status                Protocol\n"
LEASED = f"{HEAD}Ethernet0                  172.16.1.1      YES DHCP   up                    up\n"
ADDRESSED = f"{HEAD}Ethernet0/0                192.168.1.2     YES NVRAM  up                    up\n"
PING = (
    "Type escape sequence to abort.\nSending 5, 100-byte ICMP Echos to 192.168.1.2, timeout is 2 seconds:\n"
    "{}\nSuccess rate is {}\n"
)
ANSWERED = PING.format("!!!!!", "100 percent (5/5), round-trip min/avg/max = 1/2/4 ms")
LOST = PING.format("?????", "0 percent (0/5)")

#: What a device that is ready shows, by what is asked.
READY = {
    "pix515e": {
        "^show +curpriv": "Current privilege level : 15\n",
        "^more": f": Saved\n:\n{PIX.strip()}\n: end\n",
        "^show +interface ip brief": LEASED,
        "^ping": ANSWERED,
    },
    "hub": {
        "^show +privilege": "Current privilege level is 15\n",
        "^show +running": ROUTER,
        "^show +ip interface brief": ADDRESSED,
    },
}

#: Name → the device, what it shows instead, the host's variables, the finding and a piece of what it tells to do.
CASES: dict[str, tuple[str, dict[str, str], dict[str, Any], str, str]] = {
    "pix_ready": ("pix515e", {}, {}, "", ""),
    "pix_without_lease": (
        "pix515e",
        {"^show +interface ip brief": LEASED.replace("172.16.1.1", "unassigned")},
        {},
        "preflight-no-address",
        "then renew the lease",
    ),
    "pix_without_route": (
        "pix515e",
        {
            "^more": READY["pix515e"]["^more"].replace(PIX_ROUTE, ""),
            "^show +route": "Gateway of last resort is not set\n",
        },
        {"outside": "outside"},
        "preflight-no-default-route",
        "Configure a static one",
    ),
    "pix_without_answer": ("pix515e", {"^ping": LOST}, {}, "preflight-no-answer", "Check the way there"),
    "hub_ready": ("hub", {}, {}, "", ""),
    "hub_called_elsewhere": (
        "hub",
        {},
        {"outside": "Ethernet0/0", "hub": HUB | {"address": "192.0.2.9"}},
        "preflight-address-elsewhere",
        "set behind_nat: true",
    ),
    "hub_behind_nat": ("hub", {}, {"hub": HUB | {"address": "192.0.2.9"}, "behind_nat": True}, "", ""),
    "hub_without_route": (
        "hub",
        {
            "^show +running": ROUTER.replace(ROUTER_ROUTE, ""),
            "^show +ip route": "Gateway of last resort is not set\n",
        },
        {},
        "preflight-no-default-route",
        "Configure a static one",
    ),
}


def tasks() -> list[dict[str, Any]]:
    """Each choice on each device. A plan is all that is wanted, but where it fails a real run must send nothing too."""
    return [
        {
            "name": choice,
            module: {
                "host": name,
                "responders": ["{{ hub }}"],
                "tunnels": [OSAKA],
                "pat": "present",
                "preflight": choice,
                "outside_interface": "{{ outside | default(omit) }}",
                "behind_nat": "{{ behind_nat | default(false) }}",
            },
            "check_mode": "{{ ready }}" if choice == "fail" else True,
            "ignore_errors": True,
            "when": f"device == '{name}'",
        }
        for name, module in MODULES.items()
        for choice in CHOICES
    ]


def test_each_check_warns_fails_or_is_skipped_as_chosen(
    playbooks: Playbooks, misbehaving: Callable[..., tuple[int, Path]]
) -> None:
    typed: dict[str, Path] = {}
    for number, (name, (device, shown, variables, code, _remedy)) in enumerate(CASES.items()):
        answers = {**READY[device], **shown}
        port, folder = misbehaving(enabled=True, answers=answers, behind_prompt=" " if device == "pix515e" else "")
        playbooks.add(
            name,
            port,
            folder / "known_hosts",
            ansible_network_os=DEVICES[device][2],
            ansible_become=False,
            ansible_network_cli_ssh_type=LIBRARIES[number % 2],
            **{"device": device, "ready": not code, "hub": HUB, **variables},
        )
        typed[name] = folder / "typed"
    rows = playbooks.results(
        [{"hosts": "all", "strategy": "free", "gather_facts": False, "tasks": tasks()}],
        "--forks=8",
    )
    said: dict[str, dict[str, Any]] = {name: {} for name in CASES}
    for row in rows:
        said[row.host][row.task] = row.result

    for name, (_device, _shown, _variables, code, remedy) in CASES.items():
        result = said[name]
        assert sorted(result) == sorted(CHOICES), name
        found = {
            choice: [row for row in result[choice].get("findings", ()) if row["code"].startswith("preflight")]
            for choice in CHOICES
        }
        assert [row["code"] for row in found["warn"]] == ([code] if code else []), (name, result["warn"])
        assert all(remedy in row["message"] for row in found["warn"])
        assert found["fail"] == found["warn"]
        assert found["skip"] == []
        assert result["warn"]["commands"] == result["skip"]["commands"] != []
        assert bool(result["fail"].get("failed")) == bool(code), (name, result["fail"])
        if code:
            assert result["fail"]["msg"] == (
                f"preflight failed, nothing was changed: {code}: {found['warn'][0]['message']}. With preflight: warn "
                "the run goes on and reports this."
            )
        lines = lines_of(typed[name])
        assert "configure terminal" not in lines, name
        # What ``warn`` and ``fail`` ask, each once; ``skip`` nothing.
        assert sum("brief" in line for line in lines) == 2, (name, lines)


def test_roles_change_a_device_that_is_not_ready_only_where_that_was_chosen(
    playbooks: Playbooks, emulated: Callable[..., Path]
) -> None:
    state = emulated("pix515e", "hub")
    roles = {"pix515e": "asa_l2l_initiator", "hub": "ios_dynamic_responder"}
    # The PIX has no lease, and the router is called at an address that it does not have.
    intent = {"l2l_responders": [HUB | {"address": "192.0.2.9"}], "l2l_tunnels": [OSAKA]}

    def held(name: str) -> str:
        return (state / f"{name}.running").read_text(encoding="utf-8")

    def run(pix: dict[str, Any], hub: dict[str, Any], *, fails: bool = False) -> str:
        chosen = {"pix515e": pix, "hub": hub}
        plays = [
            {
                "hosts": name,
                "gather_facts": False,
                "vars": {**intent, **{f"{role}_{option}": value for option, value in chosen[name].items()}},
                "ignore_errors": fails,
                "roles": [f"netvpn.dynamic_l2l.{role}"],
            }
            for name, role in roles.items()
        ]
        return " ".join(playbooks.run(plays).split())

    before = {name: held(name) for name in roles}
    outside = {"outside_interface": "Ethernet0/0"}
    printed = run({"preflight": "fail"}, {"preflight": "fail", **outside}, fails=True)
    assert "preflight failed, nothing was changed: preflight-no-address: outside has no address" in printed
    assert "preflight failed, nothing was changed: preflight-address-elsewhere: initiators call 192.0.2.9" in printed
    assert {name: held(name) for name in roles} == before

    printed = run({}, {"preflight": "fail", "behind_nat": True})
    assert "outside has no address, so no tunnel can come up through it" in printed
    assert "crypto map L2L-MAP interface outside\n" in held("pix515e")
    assert " crypto map L2L-MAP\n" in held("hub")
    assert HUB["pre_shared_key"] not in playbooks.printed
