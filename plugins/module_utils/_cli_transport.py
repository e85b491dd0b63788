# Copyright: The netvpn.dynamic_l2l contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""The core's transport over Ansible's persistent ``network_cli`` connection.

netcommon decides by patterns where an answer ends and whether it is an error, and drops lines that hold the prompt.
None of that is safe for a running configuration. So each request ends with a comment that nobody can foresee; the
answer is whole when the device has repeated that comment and has shown its prompt again, and what came before the echo
of the first line belongs to nobody. Errors are the session's business, not netcommon's.
"""

from __future__ import annotations

import os
import re
import secrets
import time
from collections.abc import Sequence
from typing import Any

from ansible.module_utils.connection import Connection
from ansible.module_utils.connection import ConnectionError as RequestError

from ._core.errors import TransportError
from ._core.session import PROMPT, split_answers

#: The connection's own options that are changed for our requests, and put back by ``close``.
_OPTIONS = ("terminal_stderr_re", "terminal_stdout_re", "persistent_buffer_read_timeout")

#: Commands that print and never ask. Others get no comment behind them: a question would take it for its answer.
_INERT = re.compile(r"(show|more|terminal) ")

#: What exec commands ask before they overwrite something, and our answer: no.
_EXEC_QUESTIONS = {r"\[confirm\] ?$": "n", r"\[(?:yes/)?no\] ?[:?]? ?$": "no"}

_TIMED_OUT = r"(?i:time(d )?-?out)"

#: Why a session cannot be opened, in the words of the SSH libraries, netcommon and terminal plugins → what it means and
#: what to do. The first that is found counts.
_REASONS = (
    (
        r"authenticity of host|host key mismatch|[Hh]ost key for server has changed",
        "the device's host key is not the one in known_hosts. Find out why: it may be another device, or somebody in "
        "between. If the key is right, put it into ~/.ssh/known_hosts",
    ),
    (
        r"[Ff]ailed to authenticate|[Aa]uthentication failed|Access denied for",
        "the device refused the user name or the password: check ansible_user and ansible_password",
    ),
    (
        r"still at level \[15\]",
        "the prompt is not that of IOS: for a PIX/ASA set ansible_network_os: netvpn.dynamic_l2l.asa",
    ),
    (
        r"still at level",
        "enable did not lead to level 15: ansible_become_password is that of a lower level, or the user is held below it",
    ),
    (
        r"^enable: |elevate privilege",
        "enable failed: check ansible_become_password",
    ),
    (
        r"unable to set terminal parameters",
        "this is no IOS device: for a PIX/ASA set ansible_network_os: netvpn.dynamic_l2l.asa",
    ),
    (
        r"this is no PIX/ASA",
        "for IOS set ansible_network_os: cisco.ios.ios and use ios_ipsec_l2l or its role",
    ),
    (
        r"[Cc]onnection refused|[Uu]nable to connect to port|resolve|Name or service|[Nn]o route|unreachable|"
        r"(?i:connect)\w*\W.*" + _TIMED_OUT,
        "the device cannot be reached: check ansible_host and ansible_port, and the way there",
    ),
    (
        _TIMED_OUT + "|shows no prompt",
        "the device did not come to a prompt in time. If it asks for an enable password, set ansible_become_password; "
        "if it is slow, a longer ansible_command_timeout",
    ),
)

#: How long a closed connection may take to go away, in seconds.
_CLOSING = 5


def network_os(socket_path: str | None) -> str:
    """The connection's ``ansible_network_os``; opens no session. Raises TransportError."""
    try:
        return str(_connection(socket_path).get_option("network_os") or "")
    except RequestError as error:
        reason = " ".join(str(error).split()).rstrip(".")
    raise TransportError(f"the connection does not say what it is to: {reason}. Nothing was sent. Run again.")


def _connection(socket_path: str | None) -> Connection:
    if not socket_path:
        raise TransportError(
            "This state needs the device. Set ansible_connection: ansible.netcommon.network_cli for this host "
            "(states rendered and parsed need no connection)."
        )
    return Connection(socket_path)


class CliTransport:
    """Types lines at a device in privileged exec mode. See ``_core.session.Transport``."""

    def __init__(self, socket_path: str | None) -> None:
        """Connect, and refuse what cannot work or would show a key. Raises TransportError."""
        self._connection = _connection(socket_path)
        self._saved: dict[str, Any] = {}
        if self._option("persistent_log_messages"):
            raise TransportError(
                "persistent_log_messages is on: it writes all that is sent and received into the log, keys included. "
                "Turn it off for this host (ansible_persistent_log_messages: false); nothing was sent."
            )
        prompt = self._open()
        if not prompt.endswith("#"):
            self.drop()
            raise TransportError(
                f"the session is not privileged (prompt {prompt}): set ansible_become: true, "
                "ansible_become_method: ansible.netcommon.enable and ansible_become_password. Nothing was changed."
            )
        for option in _OPTIONS:
            self._saved[option] = self._option(option)
        self._never_an_error()

    def read(self, command: str) -> str:
        """Type an exec command; its whole answer."""
        if _INERT.match(command):
            return self.write([command])[0]
        return self._ask(command, list(_EXEC_QUESTIONS), list(_EXEC_QUESTIONS.values()))

    def write(self, lines: Sequence[str], question: str | None = None, reply: str = "no") -> list[str]:
        """Type lines; the answer to each. One that may ask goes alone and is answered with ``reply``."""
        if question:
            return [self._ask(lines[0], [question], [reply])]
        tag = f"! {secrets.token_hex(5)}"
        # Begins with plain text, so that searching a long answer after each piece stays quick. The comment's echo
        # follows a prompt: a terminal that repeats what it has not yet executed does not count.
        behind = rf"(?:(?<=[#>]{tag})|(?<=[#>] {tag}))"
        self._ends_with(rf"{tag}{behind}[^\r\n]*[\r\n](?:[^\r\n]*[\r\n]){{0,8}}?{PROMPT}(?= ?$| ?[\r\n])")
        raw = self._send(command="\r".join([*lines, tag]), strip_prompt=False)
        try:
            return split_answers(raw, [*lines, tag])[:-1]
        except TransportError as error:
            self.drop()
            raise TransportError(f"{error}; the connection was closed.") from None

    def listen(self, lines: Sequence[str], last: str, ends: str) -> str:
        """Type exec commands; all that was printed since the last request and until ``last``, typed behind them, answers.

        What the device prints on its own may stand in the middle of an echo, so no echo can tell the end: ``ends`` is a
        pattern of a whole row of the answer to ``last``.
        """
        self._ends_with(rf"(?:^|[\r\n]){ends} *[\r\n]")
        return self._send(command="\r".join([*lines, last]), strip_prompt=False)

    def drop(self) -> None:
        """Close the connection for good: what the device still sends must never be read by a later command."""
        path = self._connection.socket_path
        try:
            self._connection.close()
        except RequestError:
            pass
        # The connection's process answers first and then takes its socket away; the next task must not find it.
        until = time.monotonic() + _CLOSING
        while os.path.exists(path) and time.monotonic() < until:
            time.sleep(0.05)
        if os.path.exists(path):
            os.unlink(path)
        self._saved = {}

    def close(self) -> None:
        """Leave the connection to the next task as it was found."""
        if not self._saved:
            return
        try:
            # An empty line: the connection remembers the prompt that it saw last, and ours has a comment before it.
            self._ends_with(rf"(?:^|[\r\n]){PROMPT} ?$")
            self._send(command="", strip_prompt=False)
            for option, value in self._saved.items():
                self._call("set_option", option, value)
        except TransportError:
            # Everything was done and judged before; this session is of no use to anybody else.
            self.drop()
        self._saved = {}

    def _ask(self, line: str, questions: Sequence[str], answers: Sequence[str]) -> str:
        self._ends_with(rf"(?:^|[\r\n]){PROMPT} ?$")
        raw = self._send(command=line, prompt=list(questions), answer=list(answers), strip_prompt=False)
        # A request with a comment shows that the device has come to rest: the prompt above was no text of an answer.
        self.write(["!"])
        rows = raw.split("\n")
        if rows and re.fullmatch(rf"\r?{PROMPT} ?", rows[-1]):
            rows.pop()
        if rows and re.sub(rf"^{PROMPT} ?", "", rows[0].strip()) == line.strip():
            rows.pop(0)
        return "\n".join(rows).strip("\r\n")

    def _open(self) -> str:
        """The prompt. The first request opens the session; nothing secret was sent yet, so the reason may be shown."""
        try:
            prompt = self._connection.get_prompt()
        except RequestError as error:
            reason = str(error)
        else:
            if prompt:
                return str(prompt).strip().rpartition("\n")[2].strip()
            reason = "the device shows no prompt"
        self.drop()
        meaning = next((meaning for pattern, meaning in _REASONS if re.search(pattern, reason)), "")
        said = " ".join(reason.split()).rstrip(".")
        raise TransportError(
            f"cannot open a session: {meaning} (said: {said}). Nothing was changed."
            if meaning
            else f"cannot open a session: {said}. Nothing was changed. Run again with -vvvv: that shows what the connection "
            "does."
        ) from None

    def _option(self, name: str) -> Any:
        """An option of the connection, asked for before the first line. Nobody may wait at its socket any more."""
        try:
            return self._call("get_option", name)
        except TransportError as error:
            reason = str(error)
        raise TransportError(
            f"cannot open a session: {reason} Nothing was changed. Run again, if need be with a longer "
            "ansible_connect_timeout."
        )

    def _never_an_error(self) -> None:
        # Plain text that nobody sends. An empty list would mean the platform's own patterns.
        self._call("set_option", "terminal_stderr_re", [{"pattern": f"{secrets.token_hex(16)}(?!)"}])
        # No waiting for more after the end of an answer: our patterns leave nothing to doubt.
        self._call("set_option", "persistent_buffer_read_timeout", 0)

    def _ends_with(self, pattern: str) -> None:
        self._call("set_option", "terminal_stdout_re", [{"pattern": pattern}])

    def _send(self, **request: Any) -> str:
        # Bytes that are no UTF-8 (a description in Latin-1, noise) come as surrogates, which no result may hold.
        answer = str(self._call("send_command", **request))
        return re.sub("[\udc80-\udcff]", lambda found: chr(ord(found[0]) - 0xDC00), answer)

    def _call(self, method: str, *args: Any, **kwargs: Any) -> Any:
        """One request. What goes wrong is told without the request's text: it may hold a key."""
        reason = ""
        try:
            return getattr(self._connection, method)(*args, **kwargs)
        except RequestError as error:
            if "timeout" in str(error) or "timed out" in str(error):
                reason = "the device did not answer within ansible_command_timeout"
            else:
                reason = "the connection to the device was lost"
        self.drop()
        raise TransportError(f"{reason}; the connection was closed.") from None
