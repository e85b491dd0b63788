# Copyright: The netvpn.dynamic_l2l contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""The transport against a connection that behaves as netcommon's does, and against one that fails."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest
from ansible.module_utils.connection import ConnectionError as RequestError
from ansible_collections.netvpn.dynamic_l2l.plugins.module_utils import _cli_transport
from ansible_collections.netvpn.dynamic_l2l.plugins.module_utils._cli_transport import CliTransport
from ansible_collections.netvpn.dynamic_l2l.plugins.module_utils._core.errors import TransportError

KEY = "Vz7fQ2mKx9Lw4Rt8Bn3c"


class Device:
    """What ``Connection`` reaches: netcommon's options and ``send_command``, and a device that echoes."""

    def __init__(self, path: Path, prompt: str = "fw# ", **options: Any) -> None:
        self.path, self.prompt = path, prompt
        self.options = {
            "persistent_log_messages": False,
            "terminal_stderr_re": None,
            "terminal_stdout_re": None,
            "persistent_buffer_read_timeout": 0.1,
            **options,
        }
        self.answers: dict[str, str] = {}
        self.requests: list[dict[str, Any]] = []
        self.before, self.behind = "", ""
        self.failure: str | None = None
        self.closed = False
        path.touch()

    def get_option(self, name: str) -> Any:
        return self.options[name]

    def set_option(self, name: str, value: Any) -> None:
        self.options[name] = value

    def get_prompt(self) -> str:
        if self.failure:
            raise RequestError(self.failure)
        return f"\r\n{self.prompt}"

    def close(self) -> None:
        self.closed = True
        self.path.unlink()

    def send_command(self, command: str, strip_prompt: bool, **question: Any) -> str:
        assert strip_prompt is False
        self.requests.append({"command": command, **question})
        if self.failure:
            raise RequestError(self.failure)
        printed = self.before
        for line in command.split("\r"):
            answer = next((text for part, text in self.answers.items() if part in line), "")
            printed += f"{line}\r\n{answer}\r{self.prompt}".replace("\n", "\r\n").replace("\r\r\n", "\r\n")
        printed += self.behind
        (end,) = self.options["terminal_stdout_re"]
        assert re.search(end["pattern"], printed), f"no end of the answer in {printed!r}"
        # The pattern must not be content with less than the whole.
        last = command.rsplit("\r", 1)[-1]
        assert not re.search(end["pattern"], printed[: printed.rindex(last)]) or not last
        (error,) = self.options["terminal_stderr_re"]
        assert not re.search(error["pattern"], printed)
        # netcommon's _sanitize
        rows = [row for row in printed.splitlines() if not (command.strip() and row.strip() == command.strip())]
        return "\n".join(rows).strip()


@pytest.fixture
def device(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Device:
    made = Device(tmp_path / "socket")
    monkeypatch.setattr(_cli_transport, "Connection", lambda path: _connect(made, path))
    return made


def _connect(device: Device, path: str) -> Device:
    device.socket_path = path  # type: ignore[attr-defined]
    return device


@pytest.fixture
def transport(device: Device) -> CliTransport:
    return CliTransport(str(device.path))


@pytest.mark.parametrize("prompt", ["fw# ", "hub#", "fw/ctx/act(config-tunnel-ipsec)# ", "hub(config-if)#"])
def test_each_line_gets_its_answer(device: Device, transport: CliTransport, prompt: str) -> None:
    device.prompt = prompt
    device.answers = {"two": "WARNING: one\nINFO: two\n", "four": "ERROR: % Invalid input detected\n"}
    assert transport.write(["one", "two", "three", "four"]) == [
        "",
        "WARNING: one\nINFO: two",
        "",
        "ERROR: % Invalid input detected",
    ]
    assert len(device.requests) == 1


def test_a_read_keeps_lines_that_look_like_prompts_and_inner_blanks(device: Device, transport: CliTransport) -> None:
    text = ": Saved\nbanner motd fw# is mine\nfw#\ninterface  Ethernet0\n description  two  blanks>\n: end\n"
    device.answers = {"show": text}
    assert transport.read("show  running-config").strip("\n") == text.strip("\n")


def test_bytes_that_are_no_utf_8_are_read_as_latin_1(device: Device, transport: CliTransport) -> None:
    device.answers = {"show": " description M\udcfcnchen \udcfe\n"}
    assert transport.read("show  running-config") == " description M\xfcnchen \xfe"


def test_what_a_former_command_left_behind_belongs_to_nobody(device: Device, transport: CliTransport) -> None:
    device.before = "rest of a banner\r\nrouter#\r\nfw# "
    device.answers = {"show": "answer\n"}
    assert transport.read("show clock") == "answer"


def test_a_log_line_behind_the_last_prompt_does_not_hide_it(device: Device, transport: CliTransport) -> None:
    device.behind = "\r\n*Mar  1 00:42:37.815: %SYS-5-CONFIG_I: Configured from console by admin on vty0\r\n"
    assert transport.write(["end"]) == [""]


def test_a_comment_that_is_refused_ends_the_answer_all_the_same(device: Device, transport: CliTransport) -> None:
    device.answers = {"! ": "     ^\nERROR: % Invalid input detected at '^' marker.\n", "show": "answer\n"}
    assert transport.read("show clock") == "answer"


def test_every_request_has_a_comment_of_its_own(device: Device, transport: CliTransport) -> None:
    transport.write(["one"])
    transport.write(["one"])
    first, second = (request["command"] for request in device.requests)
    assert first.startswith("one\r! ")
    assert first != second


def test_a_line_that_may_ask_goes_alone_and_is_answered_no(device: Device, transport: CliTransport) -> None:
    device.answers = {"no ip nat": "Dynamic mapping in use, do you want to delete all entries? [no]: no\n"}
    (answer,) = transport.write(["no ip nat inside"], r"delete all ent\w+\? \[no\]: ?")
    assert "delete all entries" in answer
    assert device.requests[0] == {
        "command": "no ip nat inside",
        "prompt": [r"delete all ent\w+\? \[no\]: ?"],
        "answer": ["no"],
    }


def test_saving_is_no_place_for_a_comment_behind(device: Device, transport: CliTransport) -> None:
    device.answers = {"write": "Building configuration...\n[OK]\n"}
    assert transport.read("write memory") == "Building configuration...\n[OK]"
    assert device.requests[0]["command"] == "write memory"
    assert "n" in device.requests[0]["answer"]


@pytest.mark.parametrize("option", [None, [{"pattern": "mine"}]])
def test_the_connection_is_left_as_it_was_found(device: Device, tmp_path: Path, option: Any) -> None:
    device.options["terminal_stdout_re"] = option
    found = dict(device.options)
    transport = CliTransport(str(device.path))
    transport.write(["one"])
    assert device.options != found
    transport.close()
    assert device.options == found
    # The prompt that netcommon remembers is a plain one again.
    assert device.requests[-1] == {"command": ""}
    assert not device.closed


def test_logged_messages_are_refused_before_anything_is_sent(device: Device) -> None:
    device.options["persistent_log_messages"] = True
    with pytest.raises(TransportError, match="persistent_log_messages is on"):
        CliTransport(str(device.path))
    assert not device.requests


def test_an_unprivileged_session_says_how_to_become_privileged(device: Device) -> None:
    device.prompt = "fw> "
    with pytest.raises(TransportError, match=r"ansible_become_method: ansible.netcommon.enable"):
        CliTransport(str(device.path))
    assert device.closed


def test_without_a_connection_the_option_is_named() -> None:
    with pytest.raises(TransportError, match=r"ansible_connection: ansible\.netcommon\.network_cli"):
        CliTransport(None)


def test_the_reason_is_told_while_nothing_secret_was_sent(device: Device) -> None:
    device.failure = "timed out in the authentication"
    with pytest.raises(TransportError, match="timed out in the authentication"):
        CliTransport(str(device.path))
    assert device.closed


@pytest.mark.parametrize("option", ["persistent_log_messages", "terminal_stderr_re"])
def test_a_connection_that_is_gone_before_the_first_line_changed_nothing_and_says_what_to_do(
    device: Device, monkeypatch: pytest.MonkeyPatch, option: str
) -> None:
    """An idle connection's process ends by itself; on a busy machine the module may come later."""

    def gone(name: str) -> Any:
        if name == option:
            raise RequestError("unable to connect to socket")
        return device.options[name]

    monkeypatch.setattr(device, "get_option", gone)
    with pytest.raises(TransportError) as caught:
        CliTransport(str(device.path))
    assert str(caught.value) == (
        "cannot open a session: the connection to the device was lost; the connection was closed. Nothing was changed. "
        "Run again, if need be with a longer ansible_connect_timeout."
    )
    assert device.closed


def test_a_reason_that_is_not_known_is_told_with_where_to_look(device: Device) -> None:
    device.failure = "the moon is full."
    with pytest.raises(TransportError) as caught:
        CliTransport(str(device.path))
    assert str(caught.value) == (
        "cannot open a session: the moon is full. Nothing was changed. Run again with -vvvv: that shows what the "
        "connection does."
    )


#: What the libraries and plugins say (seen with netcommon 8.2.0, cisco.ios 11.1.1), and what it means.
REASONS = [
    ("ssh connection failed: Failed to authenticate with keyboard-interactive: Access denied", "ansible_password"),
    ("Failed to authenticate: Authentication failed.", "ansible_password"),
    ("host key mismatch for 127.0.0.1", "known_hosts"),
    ("The authenticity of host 'h' can't be established due to 'Host key for server has changed: 3f'", "known_hosts"),
    ("paramiko: The authenticity of host '[127.0.0.1]:22000' can't be established.", "known_hosts"),
    ("ssh connection failed: ssh connect failed: Connection refused", "cannot be reached"),
    ("ssh connection failed: ssh connect failed: Timeout connecting to h", "cannot be reached"),
    ("[Errno None] Unable to connect to port 22 on 192.0.2.1", "cannot be reached"),
    ("[Errno -2] Name or service not known", "cannot be reached"),
    ("[Errno 113] No route to host", "cannot be reached"),
    ("enable: the device asked for the password again", "ansible_become_password"),
    ("failed to elevate privilege to enable mode, at prompt [None] with error: For matched", "ansible_become_password"),
    ("failed to elevate privilege to enable mode, still at level [7] and prompt [b'hub#']", "level 15"),
    ("failed to elevate privilege to enable mode, still at level [15] and prompt [b'fw# ']", "netvpn.dynamic_l2l.asa"),
    ("unable to set terminal parameters", "netvpn.dynamic_l2l.asa"),
    ("this is no PIX/ASA: 'terminal pager 0' was refused", "cisco.ios.ios"),
    ("command timeout triggered, timeout value is 5 secs.\nSee the guide.", "ansible_command_timeout"),
]


@pytest.mark.parametrize(("reason", "remedy"), REASONS)
def test_why_a_session_cannot_be_opened_comes_with_what_to_do(device: Device, reason: str, remedy: str) -> None:
    device.failure = reason
    with pytest.raises(TransportError) as caught:
        CliTransport(str(device.path))
    text = str(caught.value)
    assert text.startswith("cannot open a session: ")
    assert text.endswith("Nothing was changed.")
    assert remedy in text.partition(" (said: ")[0]
    assert " ".join(reason.split()).rstrip(".") in text


@pytest.mark.parametrize(
    ("failure", "said"),
    [
        (f"timeout value 30 seconds reached while trying to send command: b'key {KEY}'", "ansible_command_timeout"),
        (f"something about key {KEY}", "lost"),
    ],
)
def test_a_failure_is_told_without_the_line_and_closes_the_connection(
    device: Device, transport: CliTransport, failure: str, said: str
) -> None:
    device.failure = failure
    with pytest.raises(TransportError) as caught:
        transport.write([f"crypto isakmp key {KEY} address 0.0.0.0 0.0.0.0"])
    assert said in str(caught.value)
    assert KEY not in str(caught.value)
    assert caught.value.__cause__ is None
    assert caught.value.__suppress_context__
    assert device.closed


def test_an_answer_out_of_step_closes_the_connection(device: Device, transport: CliTransport) -> None:
    def deaf(**_request: Any) -> str:
        return "None"

    device.send_command = deaf  # type: ignore[method-assign,assignment]
    with pytest.raises(TransportError, match="lost step"):
        transport.write(["one"])
    assert device.closed
    transport.close()


def test_a_socket_that_stays_is_taken_away(
    device: Device, transport: CliTransport, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(_cli_transport, "_CLOSING", 0)
    monkeypatch.setattr(device, "close", lambda: None)
    transport.drop()
    assert not device.path.exists()
