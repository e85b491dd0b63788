# Copyright: The netvpn.dynamic_l2l contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""What is a prompt of a PIX/ASA and what only looks like one; what is an error and what is a message."""

from __future__ import annotations

import pytest
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
