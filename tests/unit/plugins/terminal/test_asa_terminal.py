# Copyright: The netvpn.dynamic_l2l contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""What is a prompt of a PIX/ASA and what only looks like one; what is an error and what is a message."""

from __future__ import annotations

import json
from typing import Any

import pytest
from ansible.errors import AnsibleConnectionFailure
from ansible_collections.netvpn.dynamic_l2l.plugins.terminal.asa import TerminalModule

PROMPTS = [
    "pix515e>",
    "pix515e> ",
    "pix515e# ",
    "fw/ctx1/pri/act# ",
    "fw.example.net(config)# ",
    "fw(config-tunnel-ipsec)# ",
    "pixfirewall(config-isakmp-policy)#",
]


def is_prompt(text: str) -> bool:
    return any(pattern.search(text.encode()) for pattern in TerminalModule.terminal_stdout_re)


def is_error(text: str) -> bool:
    return any(pattern.search(text.encode()) for pattern in TerminalModule.terminal_stderr_re)


@pytest.mark.parametrize("prompt", PROMPTS)
@pytest.mark.parametrize("before", ["", "\r\n", "show clock\r\n12:00:00 UTC\r\n\r"])
def test_prompts(prompt: str, before: str) -> None:
    assert is_prompt(before + prompt)


@pytest.mark.parametrize(
    "text",
    [
        "\r\nAuthorized use only # ",
        "\r\n### welcome ###",
        "\r\nType help or '?' for a list of available commands.\r\n",
        "\r\n description of fw#",
        "\r\nfw# show clock",
        "\r\nfw#\r\n",
        "\r\nPassword: ",
        "\r\n<--- More --->",
        "\r\n" + "x" * 200 + "#",
    ],
)
def test_what_is_no_prompt(text: str) -> None:
    assert not is_prompt(text)


@pytest.mark.parametrize(
    "text",
    [
        "\r\nERROR: % Invalid input detected at '^' marker.\r\n",
        "\r\nCommand authorization failed\r\n",
        "\r\nRemoving object-group (G) not allowed, it is being used.\r\n",
        "\r\nERROR: access-list <A> does not exist\r\n",
    ],
)
def test_errors(text: str) -> None:
    assert is_error(text)


@pytest.mark.parametrize(
    "text",
    [
        "\r\nWARNING: The crypto map entry is incomplete!\r\n",
        "\r\naccess-list A remark ERROR: none\r\n",
        "\r\nINFO: outside interface address added to PAT pool\r\n",
        "\r\nbanner motd Command authorization failed\r\n",
    ],
)
def test_messages_and_configuration_text_are_no_errors(text: str) -> None:
    assert not is_error(text)


class Session:
    """What the terminal plugin reaches of ``network_cli``: a privileged session that answers everything alike."""

    def __init__(self, answer: str) -> None:
        self.answer, self.connected, self.typed = answer, True, list[str]()

    def get_prompt(self) -> bytes:
        return b"fw# "

    def exec_command(self, command: bytes) -> bytes:
        typed = json.loads(command)["command"] if command.startswith(b"{") else command.decode()
        self.typed.append(typed)
        return b"" if typed.startswith("!") else self.answer.encode()

    def close(self) -> None:
        self.connected = False


def opened(answer: str) -> tuple[Session, Any]:
    session = Session(answer)
    terminal: Any = TerminalModule(session)
    return session, terminal


@pytest.mark.parametrize(
    ("answer", "said"),
    [
        ("    ^\n% Invalid input detected at '^' marker.\n", "this is no PIX/ASA"),
        ("Command authorization failed\n", "Command authorization failed"),
        ("ERROR: Command authorization failed\n", "Command authorization failed"),
    ],
)
def test_a_session_whose_pages_cannot_be_turned_off_is_closed_and_says_why(answer: str, said: str) -> None:
    session, terminal = opened(answer)
    with pytest.raises(AnsibleConnectionFailure, match="'terminal pager 0' was refused") as caught:
        terminal.on_open_shell()
    assert said in str(caught.value)
    assert ("no PIX/ASA" in str(caught.value)) == ("no PIX/ASA" in said)
    assert not session.connected


def test_paging_is_turned_off_once() -> None:
    session, terminal = opened("")
    terminal.on_become("")
    terminal.on_open_shell()
    assert [line for line in session.typed if not line.startswith("!")] == ["terminal pager 0"]


@pytest.mark.parametrize("between", ["", "\r\n", "Invalid password\r\n", "\r\nInvalid password\r\n\r"])
def test_a_second_question_for_the_enable_password_ends_the_session(between: str) -> None:
    """It must count as an end of the answer: the session would wait for a prompt until its time-out."""
    answer = f"enable\r\nPassword: \r\n{between}Password: "

    class Asking(Session):
        prompt = b"fw> "

        def get_prompt(self) -> bytes:
            return self.prompt

        def exec_command(self, command: bytes) -> bytes:
            super().exec_command(command)
            if self.typed[-1] == "enable":
                self.prompt = next(
                    end[0] for pattern in terminal.terminal_stdout_re if (end := pattern.search(self.answer.encode()))
                )
            return b""

    session = Asking(answer)
    terminal: Any = TerminalModule(session)
    with pytest.raises(AnsibleConnectionFailure, match="ansible_become_password is wrong"):
        terminal.on_become("wrong")
    assert not session.connected
