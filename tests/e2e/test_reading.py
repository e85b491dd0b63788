# Copyright: The netvpn.dynamic_l2l contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""A running configuration is read line for line or refused, and from the device that was meant, through both libraries."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import asyncssh

from .conftest import DEVICES, ROOT, SEED, Playbooks
from .test_connection import LIBRARIES, connect, lines_of, play, says, task

Start = Callable[..., tuple[int, Path]]

#: What a reader by patterns takes for the prompt, for the command's echo, for a refusal, for a question or for the end.
STUMBLING = (
    "fw#",
    "fw# ",
    "fw(config)#",
    "fw# more system:running-config",
    "more system:running-config",
    "more  system:running-config",
    "show running-config",
    "show  running-config",
    "% Invalid input detected at '^' marker.",
    "ERROR: % Incomplete command",
    "Command authorization failed",
    "host not found",
    "Password: ",
    "[confirm]",
    "overwrite? [no]: ",
    "<--- More --->",
    " --More-- ",
    "end",
    ": end",
    "M\u00fcnchen",
    "two  blanks   and\ttab",
)

README = " ".join((ROOT / "README.md").read_text(encoding="utf-8").split())

ASDM = "asdm image flash:/asdm-522.bin\nno asdm history enable\n"


def pix() -> str:
    notes = "".join(f"banner motd {row}\naccess-list NOTES remark {row}\n" for row in STUMBLING)
    text = (SEED / "pix-7.2-running-config.cfg").read_text(encoding="utf-8")
    text = text.replace("pager lines 24\n", f"{notes}pager lines 24\n")
    return text.replace(" nameif inside\n", f" description {STUMBLING[3]}\n nameif inside\n") + ASDM


def router() -> str:
    rows = "".join(f"{row}\n" for row in STUMBLING)
    remarks = "".join(f"access-list 99 remark {row}\n" for row in STUMBLING)
    text = (SEED / "ios-12.4-running-config.cfg").read_text(encoding="utf-8")
    text = text.replace("line con 0\n", f"{remarks}banner motd ^C\n{rows}^C\nline con 0\n")
    return "Building configuration...\n\n" + text.replace(
        " half-duplex\n", f" description {STUMBLING[0]}\n half-duplex\n"
    )


#: Platform → its running configuration, the command that shows it, what else it answers, its network OS.
PLATFORMS: dict[str, tuple[str, str, dict[str, Any], str]] = {
    "asa": (pix(), "^more", {}, DEVICES["pix515e"][2]),
    "ios": (
        router(),
        "^show  running",
        {"answers": {"^show privilege": "Current privilege level is 15\n"}, "behind_prompt": ""},
        DEVICES["hub"][2],
    ),
}

#: What becomes of the configuration on its way → what is said of it.
WAYS: dict[str, tuple[Callable[[str], str], str]] = {
    "whole": (lambda text: text, ""),
    "without the first lines": (lambda text: text[text.index("\n!\n") :], "begins without its first line"),
    "without the last line": (
        lambda text: text.replace("\n: end\n", "\n").removesuffix("\nend\n") + "\n",
        "ends without its last line",
    ),
    "half": (lambda text: text[: len(text) // 2], "ends without its last line"),
}


def read(platform: str, folder: Path) -> dict[str, Any]:
    """The task that writes what it has read."""
    path = f"{folder}/{{{{ inventory_hostname }}}}.read"
    return task("read_device", platform=platform, path=path, fails=True) | {"when": f"platform == '{platform}'"}


def test_a_configuration_is_read_line_for_line_or_refused(playbooks: Playbooks, misbehaving: Start) -> None:
    typed: dict[str, Path] = {}
    for platform, (text, command, script, network_os) in PLATFORMS.items():
        for number, (way, (changed, said)) in enumerate(WAYS.items()):
            for library in LIBRARIES:
                if way == "half" and library == LIBRARIES[platform == "ios"]:
                    continue
                answers = {**script.get("answers", {}), command: changed(text)}
                name = f"{platform}{number}{library}"
                device = misbehaving(enabled=True, **{**script, "answers": answers})
                typed[name] = connect(
                    playbooks, name, device, ansible_network_cli_ssh_type=library, platform=platform, said=said
                )
                playbooks.hosts[name]["ansible_network_os"] = network_os
    again = task("ansible.netcommon.cli_command", command="show clock")
    refused = "(said == '') if result is not failed else (said in result.msg and 'Nothing was changed' in result.msg)"
    tasks = [step for platform in PLATFORMS for step in (read(platform, playbooks.folder), checked(platform, refused))]
    playbooks.run(
        [{"hosts": "all", "strategy": "free", "gather_facts": False, "tasks": [*tasks, again]}],
        "--forks=8",
        ANSIBLE_LIBRARY=str(Path(__file__).with_name("library")),
    )
    for name, file in typed.items():
        text = PLATFORMS[name[:3]][0]
        whole = playbooks.hosts[name]["said"] == ""
        path = playbooks.folder / f"{name}.read"
        assert path.exists() == whole, name
        if whole:
            assert rows(path.read_text(encoding="utf-8")) == rows(text), name
        # After a refused read the next task has a session of its own.
        starts = [line for line in lines_of(file) if line in ("terminal pager 0", "terminal length 0")]
        assert len(starts) == (1 if whole else 2), name


def checked(platform: str, expression: str) -> dict[str, Any]:
    return says(expression) | {"when": f"platform == '{platform}'"}


def rows(text: str) -> list[str]:
    """Lines without blanks at their ends: those are not kept, and no device minds them."""
    return [row.rstrip() for row in text.strip("\n").splitlines()]


def test_a_device_with_another_host_key_is_not_spoken_to(playbooks: Playbooks, misbehaving: Start) -> None:
    typed = []
    for library in LIBRARIES:
        for known in ("another", "none"):
            port, folder = misbehaving(enabled=True)
            public = asyncssh.generate_private_key("ssh-ed25519").export_public_key().decode().split()
            line = f"[127.0.0.1]:{port} {public[0]} {public[1]}\n" if known == "another" else ""
            (folder / "known_hosts").write_text(line, encoding="utf-8")
            variables = {"ansible_network_cli_ssh_type": library}
            typed.append(connect(playbooks, f"{library}_{known}", (port, folder), **variables))
    playbooks.run(
        play(
            task("netvpn.dynamic_l2l.asa_ipsec_l2l", state="gathered", fails=True),
            says("result is failed and 'host key is not the one in known_hosts. Find out why' in result.msg"),
        )
    )
    assert [lines_of(file) for file in typed] == [[]] * 4


def test_an_inventory_for_cisco_asa_works_with_the_role_without_that_collection(
    playbooks: Playbooks, emulated: Callable[..., Path]
) -> None:
    state = emulated("pix515e")
    responder = {"host": "hub", "address": "192.168.1.2", "networks": ["10.2.1.0/24"], "suite": "aes256-sha-g5"}
    tunnel = {"name": "osaka", "initiator": "pix515e", "responder": "hub", "networks": ["10.1.1.0/24"]}
    intent = {"l2l_responders": [responder | {"pre_shared_key": "k5-of-the-hub"}], "l2l_tunnels": [tunnel]}
    playbooks.hosts["pix515e"].update(intent, ansible_network_os="cisco.asa.asa")
    playbooks.run([{"hosts": "all", "gather_facts": False, "roles": ["netvpn.dynamic_l2l.asa_l2l_initiator"]}])
    assert "crypto map L2L-MAP interface outside\n" in (state / "pix515e.running").read_text(encoding="utf-8")

    # A module alone does not know better: netcommon stops it, naming the value that it does not know.
    gathered = task("netvpn.dynamic_l2l.asa_ipsec_l2l", state="gathered")
    printed = playbooks.run(play(gathered), expect=4)
    assert "network os cisco.asa.asa is not supported" in printed
    # The line that README.md names for that.
    assert "put `ansible_network_os: netvpn.dynamic_l2l.asa` into the inventory" in README
    playbooks.hosts["pix515e"]["ansible_network_os"] = "netvpn.dynamic_l2l.asa"
    playbooks.run(play(gathered, says("'osaka' in result.gathered | to_json")))
