# Copyright: The netvpn.dynamic_l2l contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""Reading and changing a PIX/ASA through the cliconf plugin, over a connection that remembers what was typed."""

from __future__ import annotations

import json
from typing import Any

import pytest
from ansible.errors import AnsibleConnectionFailure, AnsibleError
from ansible_collections.netvpn.dynamic_l2l.plugins.cliconf.asa import Cliconf


class Session:
    """The connection plugin's side."""

    connected = True

    def __init__(self, **answers: str) -> None:
        self.answers = answers
        self.typed: list[str] = []
        self.prompt: bytes | None = b"\r\nfw# "

    def get_prompt(self) -> bytes | None:
        return self.prompt

    def send(self, command: bytes, **_options: Any) -> str:
        text = command.decode()
        self.typed.append(text)
        if text == "refused":
            raise AnsibleConnectionFailure("ERROR: no")
        return self.answers.get(text.split()[-1].replace("-", "_"), "")


def cliconf(session: Session) -> Cliconf:
    return Cliconf(session)


@pytest.mark.parametrize(
    ("text", "model"),
    [
        (
            "Cisco PIX Security Appliance Software Version 7.2(2) \nDevice Manager Version 5.2(2)\n\n"
            'System image file is "flash:/pix722.bin"\n\npix515e up 20 mins 43 secs\n\nHardware:   PIX-515E, 128 MB RAM\n',
            "PIX-515E",
        ),
        (
            "Cisco Adaptive Security Appliance Software Version 7.2(2) \n\n"
            'System image file is "flash:/pix722.bin"\npix515e up 1 day\nHardware:   ASA5510-K8, 256 MB RAM, CPU Pentium\n',
            "ASA5510-K8",
        ),
    ],
)
def test_device_info_comes_from_show_version(text: str, model: str) -> None:
    session = Session(version=text)
    plugin = cliconf(session)
    assert plugin.get_device_info() == {
        "network_os": "asa",
        "network_os_version": "7.2(2)",
        "network_os_model": model,
        "network_os_hostname": "pix515e",
        "network_os_image": "flash:/pix722.bin",
    }
    plugin.get_device_info()
    assert session.typed == ["show version"], "asked once"


def test_a_configuration_keeps_lines_that_hold_the_prompt() -> None:
    session = Session(running_config=": Saved\nbanner motd fw# is watched\n: end\nfw# ")
    assert cliconf(session).get_config() == ": Saved\nbanner motd fw# is watched\n: end"


def test_lines_are_typed_in_configuration_mode_which_is_left_again() -> None:
    session = Session()
    result = cliconf(session).edit_config(["hostname fw", "! comment", "", "end", {"command": "names"}])
    assert session.typed == ["configure terminal", "hostname fw", "names", "end"]
    assert result["request"] == ["hostname fw", "names"]


def test_configuration_mode_is_left_after_a_refusal_too() -> None:
    session = Session()
    with pytest.raises(AnsibleConnectionFailure):
        cliconf(session).edit_config(["refused", "names"])
    assert session.typed == ["configure terminal", "refused", "end"]


def test_an_unprivileged_session_can_neither_read_nor_write_the_configuration() -> None:
    session = Session()
    session.prompt = b"\r\nfw> "
    with pytest.raises(AnsibleError, match="privilege"):
        cliconf(session).get_config()
    with pytest.raises(AnsibleError, match="privilege"):
        cliconf(session).edit_config(["names"])
    assert session.typed == []


@pytest.mark.parametrize(("prompt", "typed"), [(b"fw# ", []), (b"fw(config-if)# ", ["end"])])
def test_a_task_begins_outside_configuration_mode(prompt: bytes, typed: list[str]) -> None:
    session = Session()
    session.prompt = prompt
    cliconf(session).set_cli_prompt_context()
    assert session.typed == typed


def test_what_is_not_there_is_refused() -> None:
    plugin = cliconf(Session())
    with pytest.raises(ValueError, match="startup"):
        plugin.get_config("candidate")
    with pytest.raises(ValueError, match="text only"):
        plugin.get_config(format="xml")
    with pytest.raises(ValueError, match="candidate"):
        plugin.edit_config(["names"], commit=False)
    with pytest.raises(ValueError, match="diff_match"):
        plugin.get_diff("names", diff_match="fuzzy")


def test_capabilities_say_what_cli_config_asks_for() -> None:
    capabilities = json.loads(cliconf(Session()).get_capabilities())
    assert capabilities["device_operations"]["supports_generate_diff"]
    assert capabilities["network_api"] == "cliconf"
    assert "get_diff" in capabilities["rpc"]


def test_the_diff_holds_the_lines_that_are_missing() -> None:
    plugin = cliconf(Session())
    running = "hostname fw\ninterface Ethernet0\n nameif outside\n"
    wanted = "hostname fw\ninterface Ethernet0\n nameif outside\n security-level 0\n"
    assert plugin.get_diff(wanted, running)["config_diff"] == "interface Ethernet0\nsecurity-level 0"
    assert plugin.get_diff("hostname fw", running)["config_diff"] == ""
