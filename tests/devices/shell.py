# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: The netvpn.dynamic_l2l contributors
"""A session on a device, character by character: echo, line editing, prompts, questions and paging."""

from __future__ import annotations

import re
import threading
from collections.abc import Callable
from typing import TYPE_CHECKING

from .engine import EXEC, USER, Mode, Question, Reply
from .grammar import Failure

if TYPE_CHECKING:
    from .device import Device

BACKSPACE = ("\b", "\x7f")
# IOS: ISAKMP keys, passwords and secrets, in whatever line they stand
_SECRETS = re.compile(r"\b((?:pre-shared-key|password|secret|key|passwd)(?: [0567])?) (?!address|config-key)(\S+)")


class Shell:
    """One session. `feed` takes what is typed and returns everything that the device prints."""

    def __init__(self, device: Device, *, user: str = "", privileged: bool = False) -> None:
        self.device = device
        self.platform = device.platform
        self.user = user
        self.level = 0
        self.mode: Mode = USER
        self.raise_to(15 if privileged else 1)
        self.closed = False
        # A hanging session takes and prints nothing any more; its connection stays.
        self.hanging = False
        self.dropped = False
        self.lines_taken = 0
        self.width_override: int | None = None
        self.page_override: int | None = None
        self.monitor = False
        self.number = device.open(self)
        self._line = ""
        self._first_shown = 0
        self._question: Question | None = None
        self._pages: list[str] = []
        self._out: list[str] = []
        self._quoted = False
        self._later: list[str] = []
        # What the device prints by itself waits here; told of it: who carries it to the terminal
        self._unsolicited: list[str] = []
        self.on_output: Callable[[], None] | None = None
        self._busy = False
        self._at_start = True
        self._lock = threading.RLock()
        self._prompted, self._width = "", 0
        # Where in what is printed now the echo of the present line begins
        self._echo_begins = 0

    # -- the session

    def raise_to(self, level: int) -> None:
        """Give the session a privilege level, as far as the device's users may have it."""
        self.level = min(level, self.device.privilege)
        self.mode = EXEC if self.level >= self.platform.exec_level else USER

    def start(self) -> str:
        """What the device prints when the session begins, prompt included."""
        banner = self.device.banner
        if self.device.faults.banner:
            banner += self.device.faults.banner.rstrip("\n") + "\n"
        self._print(banner)
        self._print(self.platform.greeting(self))
        self._prompt()
        return self._flush()

    def feed(self, text: str) -> str:
        """Type `text`."""
        previous = ""
        with self._lock:
            self._busy = True
        for character in text:
            if self.closed or self.hanging:
                break
            if character == "\n" and previous == "\r":
                previous = ""
                continue
            previous = character
            self._character(character)
        with self._lock:
            self._busy = False
            if not self._pages and self._question is None:
                self._interrupt()
            return self._flush()

    def notify(self, text: str) -> None:
        """The device prints a line by itself, on a line of its own; the prompt is not repeated.

        While a line is typed at or carried out, or a page or a question stands, it waits for the next prompt.
        """
        with self._lock:
            if self.hanging or self.closed:
                return
            self._unsolicited.append(text)
            if not self._busy and not self._pages and self._question is None:
                self._interrupt()
        if self.on_output is not None:
            self.on_output()

    def _interrupt(self) -> None:
        for text in self._unsolicited:
            self._print(self.platform.interruption(text, self._at_start))
        self._unsolicited.clear()

    def unread(self) -> str:
        """What the device printed by itself since what was typed last; nothing while a line is carried out."""
        with self._lock:
            return "" if self._busy else self._flush()

    def notify_later(self, text: str) -> None:
        """The same behind the next prompt."""
        self._later.append(text)

    def close(self) -> None:
        """The session is over."""
        self.closed = True
        self.device.close(self)

    # -- characters

    def _character(self, character: str) -> None:
        if self._pages:
            self._page_key(character)
        elif self._question and self._question.single:
            self._print("\n" if character in "\r\n" else f"{character}\n")
            self._answer("" if character in "\r\n" else character)
        elif character in "\r\n":
            self._enter()
        elif character in BACKSPACE:
            self._erase()
        elif character in ("\x03", "\x15"):
            self._print("\n" if character == "\x03" else "\b \b" * len(self._line))
            self._line, self._first_shown = "", 0
            if character == "\x03":
                self._question = None
                self._prompt()
        elif character == "\x1a" and not self._question:
            self._line, self._first_shown = "", 0
            self._print("^Z\n")
            self.platform.control_z(self)
            self._prompt()
        elif character == "\x16":
            self._quoted = True
        elif character == self.platform.help_key and not self._question and not self._quoted:
            self._help()
        elif character >= " " or self._quoted:
            self._quoted = False
            self._type(character)

    def _type(self, character: str) -> None:
        self._line += character
        if self._question and not self._question.echo:
            return
        self._at_start = False
        width = 0 if self._question else self._width
        room = width - len(self._prompted) - 1
        if not width or room < 12:
            self._out.append(character)
            return
        shown = len(self._line) - self._first_shown - 1
        if shown + 1 < room:
            self._out.append(character)
            return
        # A line that reaches the edge is shifted to the left by ten characters behind a `$`. That the visible line is
        # `<prompt>$<tail>` is captured; the bytes with which the device gets there are not (unsourced).
        self._first_shown += 10
        tail = "$" + self._line[self._first_shown + 1 :]
        rest = max(0, shown - len(tail))
        self._out.append("\b" * shown + tail + " " * rest + "\b" * rest)

    def _erase(self) -> None:
        if self._line:
            self._line = self._line[:-1]
            if not self._question or self._question.echo:
                self._out.append("\b \b")

    def _help(self) -> None:
        words = self.platform.next_words(self, self._line)
        self._print("?\n" + "".join(f"  {word}\n" for word in words) + "\n")
        self._prompt()
        self._out.append(self._line)

    # -- lines

    def _enter(self) -> None:
        line, self._line, self._first_shown = self._line, "", 0
        self._print("\n")
        self.lines_taken += 1
        if self._question:
            self._answer(line)
            return
        self.device.record(self, f"{self.platform.prompt(self)}{self._masked(line)}")
        faults, number = self.device.faults, 0
        configuring = self.mode.configures and bool(line.strip()) and not line.strip().startswith("!")
        if configuring and line.split()[0].lower() not in ("exit", "end", "do", "quit"):
            self.device.config_lines += 1
            number = self.device.config_lines
        if number and faults.at(faults.drop_at, number, line):
            faults.drop_at = None
            self._drop()
            return
        if number and (refusal := faults.refusal(number, line)) is not None:
            text = refusal + "\n" if refusal else self.platform.explain(self, line, Failure("invalid"))
            self._show(Reply(text))
            return
        reply = self.platform.execute(self, line)
        if faults.hangs(number, line):
            faults.silent = None
            self.hanging = True
            del self._out[self._echo_begins :]
            return
        if number and any(faults.at(place, number, line) for place in faults.garbage):
            reply.text = "\x00\xfe#>%^*\x1b[2J~\n" + reply.text
        if number and faults.at(faults.drop_after, number, line):
            faults.drop_after = None
            self._drop()
            return
        self._show(reply)

    def _drop(self) -> None:
        del self._out[self._echo_begins :]
        self.dropped = True
        self.close()

    def _answer(self, line: str) -> None:
        question, self._question = self._question, None
        assert question
        self._show(question.answer(line))

    def _show(self, reply: Reply) -> None:
        if self.device.plant is not None:
            self.device.plant.changed()
        later = reply.later
        page = self.platform.page(self)
        lines = reply.text.split("\n")
        if reply.paged and page and len(lines) - 1 > page:
            self._print("".join(line + "\n" for line in lines[: page - 1]))
            self._pages = lines[page - 1 :]
            self._out.append(self.platform.more_marker)
            return
        self._print(reply.text[: reply.gap])
        with self._lock:
            if reply.gap:
                self._interrupt()
        self._print(reply.text[reply.gap :])
        self._finish(reply)
        for text in later:
            self.device.log(text)
        for text in self._later:
            self.notify(text)
        self._later.clear()
        with self._lock:
            if self._question is None and not self.closed:
                self._interrupt()

    def _finish(self, reply: Reply) -> None:
        if reply.close:
            self.close()
        elif reply.question:
            self._question = reply.question
            self._out.append(reply.question.prompt)
        else:
            self._prompt()

    def _page_key(self, key: str) -> None:
        self._out.append(self.platform.more_erase)
        count = {" ": max(1, self.platform.page(self) - 1), "\r": 1, "\n": 1}.get(key, 0)
        if not count:
            self._pages = []
            self._prompt()
            return
        shown, self._pages = self._pages[:count], self._pages[count:]
        if self._pages == [""] or not self._pages:
            text = "\n".join(shown)
            self._print(text if text.endswith("\n") or not text else text + "\n")
            self._pages = []
            self._prompt()
        else:
            self._print("".join(line + "\n" for line in shown))
            self._out.append(self.platform.more_marker)

    def _prompt(self) -> None:
        self._prompted, self._width = self.platform.prompt(self), self.platform.width(self)
        self._out.append(self.platform.new_prompt + self._prompted)
        self._at_start = False
        self._echo_begins = len(self._out)

    def _print(self, text: str) -> None:
        if text:
            self._at_start = text.endswith("\n")
        self._out.append(text.replace("\n", "\r\n"))

    def _flush(self) -> str:
        text = "".join(self._out)
        self._out.clear()
        self._echo_begins = 0
        return text

    def _masked(self, line: str) -> str:
        for begin, end in reversed(self.platform.secret_columns(self, line)):
            line = f"{line[:begin]}***{line[end:]}"
        return _SECRETS.sub(r"\1 ***", line)
