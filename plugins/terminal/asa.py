# Copyright: The netvpn.dynamic_l2l contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""How a PIX/ASA session begins: prompts, enable, paging. Used by ``ansible_network_os: netvpn.dynamic_l2l.asa``."""

from __future__ import annotations

import json
import re
import secrets

from ansible.errors import AnsibleConnectionFailure
from ansible.module_utils.common.text.converters import to_text
from ansible_collections.ansible.netcommon.plugins.plugin_utils.terminal_base import TerminalBase

#: Host name (with context and failover state), mode in parentheses, ``#`` or ``>``. No blank inside, and a line's
#: beginning before it: banners hold ``#`` and ``>`` too.
_PROMPT = rb"[\w.\-@/:+]{1,100}(?:\([\w.\-@/:+ ]{1,40}\))?[#>]"

_PASSWORD = r"[Pp]assword: ?$"


class TerminalModule(TerminalBase):
    """PIX/ASA 7.0 and later."""

    terminal_stdout_re = [re.compile(rb"(?:^|[\r\n])" + _PROMPT + rb" ?$")]

    terminal_stderr_re = [
        re.compile(rb"(?:^|[\r\n])ERROR: "),
        re.compile(rb"(?:^|[\r\n])(?:ERROR: )?Command authorization failed"),
        # These two come without "ERROR:".
        re.compile(rb"(?:^|[\r\n])Removing (?:object-group|obj) .*(?:not allowed|failed)"),
        re.compile(rb"(?:^|[\r\n])Adding obj .* failed; cause a loop"),
    ]

    # The base class also takes out each backspace with the character behind it. A line longer than the terminal is wide
    # is scrolled with backspaces and "$"; what remained of its echo would be no end of it.
    ansi_re = [re.compile(rb"\x1b\[\?1h\x1b="), re.compile(rb"\x1b\[m")]

    terminal_config_prompt = re.compile(r"^.+\(config(-.*)?\)#$")

    _settled = False
    _paging_off = False

    def on_open_shell(self) -> None:
        """Turn paging off. At ``>`` that is not allowed: then it waits for :meth:`on_become`."""
        if not self._connection.connected:
            raise AnsibleConnectionFailure("the session is closed: enable has failed")
        self._settle()
        self._turn_paging_off()

    def on_become(self, passwd: str | None = None) -> None:
        """``enable``, unless the login is privileged already."""
        self._settle()
        if not self._privileged():
            # A device without an enable password asks too and takes an empty answer. A second question means that the
            # answer was wrong; it counts as an end here, else the session would wait for its time-out.
            # Some say so in a line of its own before they ask again.
            again = re.compile(rb"[Pp]assword: ?[\r\n](?:[^\r\n]*[\r\n]+){0,3}[^\r\n]*[Pp]assword: ?$")
            answer = self._exchange("enable", [*self.terminal_stdout_re, again], prompt=_PASSWORD, answer=passwd or "")
            if re.search(_PASSWORD, to_text(self._get_prompt())):
                self._connection.close()
                raise AnsibleConnectionFailure(
                    "enable: the device asked for the password again, so ansible_become_password is wrong. "
                    "The connection was closed."
                )
            if not self._privileged():
                reason = " / ".join(line.strip() for line in to_text(answer).splitlines() if line.strip())
                raise AnsibleConnectionFailure(f"enable: still not privileged ({reason or 'no reason given'})")
        self._turn_paging_off()

    def on_unbecome(self) -> None:
        """Back to ``>``."""
        if b"(config" in (self._get_prompt() or b""):
            self._exec_cli_command(b"end")
        if self._privileged():
            self._exec_cli_command(b"disable")

    def _privileged(self) -> bool:
        return (self._get_prompt() or b"").strip().endswith(b"#")

    def _turn_paging_off(self) -> None:
        # For this session only: ``terminal width`` and ``pager lines`` would change the configuration.
        if self._privileged() and not self._paging_off:
            answer = to_text(self._exchange("terminal pager 0", [*self.terminal_stdout_re]))
            said = [row.strip() for row in answer.splitlines() if re.match(r"\s*(%|ERROR: |Command auth)", row)]
            if said:
                # Without it the first long answer would stop at a page's end and wait for a key.
                self._connection.close()
                other = "this is no PIX/ASA: " if said[0].startswith("% ") else ""
                raise AnsibleConnectionFailure(f"{other}'terminal pager 0' was refused ({said[0]})")
            self._paging_off = True

    def _settle(self) -> None:
        """Type a comment nobody can foresee and wait until it was answered.

        A line of a slow banner may look like the prompt; what came before the comment's echo does not count.
        """
        if self._settled:
            return
        self._settled = True
        tag = b"! l2l-" + secrets.token_hex(4).encode()
        self._exchange(to_text(tag), [re.compile(rb"(?<=" + tag + rb")(?:[^\r\n]*[\r\n]){1,8}?" + _PROMPT + rb" ?$")])

    def _exchange(self, command: str, ends: list[re.Pattern[bytes]], **more: str) -> bytes:
        """Type ``command``; the answer is whole when one of ``ends`` matches. Error texts are not looked for."""
        self.terminal_stdout_re, self.terminal_stderr_re = ends, []
        try:
            answer: bytes = self._exec_cli_command(json.dumps({"command": command, **more}).encode())
        finally:
            # The instance's own go, the class's show again.
            del self.terminal_stdout_re, self.terminal_stderr_re
        return answer
