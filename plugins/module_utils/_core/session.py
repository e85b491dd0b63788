# Copyright: The netvpn.dynamic_l2l contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""A conversation with a device: one whole read, guarded writes, the way back, saving.

The session speaks to a :class:`Transport` and knows nothing of Ansible. What a platform prints is given by a
:class:`Cli`. Answers are judged by an allow-list: whatever is not known to be harmless is a refusal.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Sequence
from dataclasses import dataclass, field
from typing import Protocol

from .errors import DeviceError, ReadError, TransportError
from .secret import Secret
from .steps import Line, Step, typed

#: At most this many lines share a write: one request must end within the connection's command time-out.
LINES_PER_WRITE = 20

#: A prompt as both platforms print it: host name (and context, failover state), mode in parentheses, ``#`` or ``>``.
PROMPT = r"[\w.\-@/:+]{1,100}(?:\([\w.\-@/:+ ]{1,40}\))?[#>]"

#: Log lines that arrive on their own on IOS: ``*Mar  1 00:42:37.815: %SYS-5-CONFIG_I: …``.
_LOG_LINE = re.compile(r"([*.]?\w{3} +\d+ [\d:.]+( \w+)?: |\d\w+: )?%[A-Z0-9_]+(-[A-Z0-9_]+)*-[0-7]-[A-Z0-9_]+: .*")


@dataclass(frozen=True)
class Cli:
    """What a session must know of a platform's command line. Patterns match a whole line unless said otherwise.

    ``reads`` are tried in turn until one is not refused; ``supplements`` are read as they are, next to the running
    configuration. A read must begin with ``first_line`` and hold ``trailer``. ``volatile`` lines may differ between two
    reads of the same configuration. ``saved`` is searched for in the answer to ``save``.
    """

    reads: tuple[str, ...]
    supplements: tuple[str, ...]
    first_line: str
    trailer: str
    harmless: tuple[str, ...]
    save: str
    saved: str
    #: lines that may follow the trailer
    epilogue: str = r"(?!)"
    volatile: tuple[str, ...] = (
        r"Current configuration : \d+ bytes",
        r"Cryptochecksum:.*",
        r"! (Last configuration change|NVRAM config last updated|No configuration change) .*",
        r": (Saved|Written by) ?.*",
        r"ntp clock-period \d+",
    )
    enter: str = "configure terminal"
    leave: str = "end"
    entered: tuple[str, ...] = (r"Enter configuration commands, one per line\.  End with CNTL/Z\.",)


class Transport(Protocol):
    """A way to type lines at a device that is in privileged exec mode, paging off.

    All methods raise TransportError when the connection fails or times out.
    """

    def read(self, command: str) -> str:
        """Type an exec command; everything up to and with the next prompt, lines and inner blanks unchanged."""

    def write(self, lines: Sequence[str], question: str | None = None) -> list[str]:
        """Type lines; the answer to each, without echo and prompt.

        With ``question`` (a pattern; then there is one line) the device may ask: it is answered ``no``, and the
        question is part of the answer.
        """

    def drop(self) -> None:
        """Close the connection, now; what the device still sends is lost."""


def trim_read(raw: str, cli: Cli) -> str | None:
    """The running configuration in a raw answer; None when the answer is something else (a refusal).

    Raises ReadError when it begins like one but its trailer line is missing. What follows the trailer (asdm lines on
    PIX/ASA) is kept, the prompt is not. A line like the trailer inside a banner is none: others follow it.
    """
    rows = [row.rstrip("\r") for row in raw.split("\n")]
    start = next((i for i, row in enumerate(rows[:12]) if re.fullmatch(cli.first_line, row.rstrip())), None)
    if start is None:
        return None
    end = next((i for i in range(len(rows) - 1, start, -1) if re.fullmatch(cli.trailer, rows[i].rstrip())), None)
    tail = [row for row in rows[end + 1 :] if row.strip() and not _belongs_to_nobody(row)] if end is not None else []
    if end is None or any(not re.fullmatch(cli.epilogue, row.strip()) for row in tail):
        raise ReadError(
            f"the running configuration ends without its last line ({cli.trailer}): it was cut short. "
            "The connection was closed; nothing was changed. Run again, if need be with a longer "
            "persistent_command_timeout."
        )
    return "\n".join([*rows[start : end + 1], *tail]) + "\n"


def _belongs_to_nobody(row: str) -> bool:
    """A prompt, or a log line that arrived in between."""
    return bool(re.fullmatch(PROMPT, row.strip()) or _LOG_LINE.fullmatch(row.strip()))


def split_answers(raw: str, lines: Sequence[str]) -> list[str]:
    """The answer to each of several lines typed at once, from what the device printed.

    Each line's echo (behind a prompt, or scrolled with ``$`` when it was longer than the terminal's width) ends the
    answer to the line before it. Raises TransportError when an echo is missing: the session has lost step.
    """
    answers: list[list[str]] = [[] for _line in lines]
    at = -1
    for row in raw.replace("\r\n", "\n").split("\n"):
        if at + 1 < len(lines) and _is_echo(row, lines[at + 1]):
            at += 1
        elif at >= 0:
            answers[at].append(row.rstrip("\r"))
    if at + 1 < len(lines):
        raise TransportError("the device did not repeat a line that was typed: the session has lost step with it")
    if answers and answers[-1] and re.fullmatch(rf"\r?{PROMPT} ?", answers[-1][-1]):
        answers[-1].pop()
    return ["\n".join(answer).strip("\n") for answer in answers]


def _is_echo(row: str, line: str) -> bool:
    text = re.sub(rf"^{PROMPT} ?", "", _as_seen(row).strip())
    if text == line.strip():
        return True
    # Longer than the terminal is wide: the device shows ``$`` and the end of what was typed.
    tails = (text[at + 1 :] for at, character in enumerate(text) if character == "$")
    return any(len(tail) >= 8 and line.strip().endswith(tail) for tail in tails)


def _as_seen(row: str) -> str:
    """What a terminal shows of a row in which the cursor moves back (to scroll a long line sideways)."""
    shown: list[str] = []
    cursor = 0
    for character in row:
        if character == "\x08":
            cursor = max(cursor - 1, 0)
        elif character == "\r":
            cursor = 0
        else:
            shown[cursor : cursor + 1] = character
            cursor += 1
    return "".join(shown)


@dataclass
class Session:
    """One device, from the first read to the last."""

    transport: Transport
    cli: Cli
    supplements: dict[str, str] = field(default_factory=dict)
    _configuring: bool = False
    _mode: tuple[str, ...] = ()

    def read(self) -> str:
        """The running configuration, whole. Reads the supplements too. Raises ReadError or TransportError."""
        refusals = []
        for command in self.cli.reads:
            raw = self.transport.read(command)
            try:
                text = trim_read(raw, self.cli)
            except ReadError:
                self.transport.drop()
                raise
            if text is not None:
                for supplement in self.cli.supplements:
                    self.supplements[supplement] = self.transport.read(supplement)
                return text
            refusals.append(f"{' '.join(command.split())}: {_first_words(raw, command)}")
        self.transport.drop()
        raise ReadError(f"the device does not show its running configuration ({'; '.join(refusals)})")

    def apply(self, steps: Sequence[Step], before: str) -> None:
        """Send ``steps``. On the first refusal undo what was sent, in reverse, and compare with ``before``.

        Raises DeviceError saying which line failed, what the device answered and whether everything is as it was.
        """
        if not steps:
            return
        done: list[Step] = []
        try:
            self._enter()
            for step in steps:
                done.append(step)
                self._send(step.do)
            self._leave()
        except TransportError as error:
            sent = sum(len(step.do) for step in done)
            last = done[-1].do[-1].shown if done else self.cli.enter
            raise DeviceError(
                f"{_without_secrets(str(error), _secrets(done))} It happened at or before '{last}' "
                f"(up to {sent} lines were sent, nothing was undone). "
                "Run again: only what is still missing will be sent."
            ) from None
        except DeviceError as error:
            if not done:
                raise DeviceError(f"{str(error).rstrip('.')}. Nothing was changed.", error.line, error.answer) from None
            raise self._go_back(error, done, before) from None

    def undo(self, steps: Sequence[Step], before: str, reason: str) -> DeviceError:
        """Take back ``steps`` that were all sent; the error to raise, saying how it went."""
        return self._go_back(DeviceError(reason), list(steps), before)

    def save(self) -> None:
        """Write the running configuration to the startup configuration. Raises DeviceError."""
        try:
            answer = self.transport.read(self.cli.save)
        except TransportError as error:
            raise DeviceError(
                f"the configuration was changed; whether it was saved is not known: {error} Run again with save: always."
            ) from None
        if not re.search(self.cli.saved, answer):
            raise DeviceError(
                f"the configuration was changed but not saved: the device answered '{_first_words(answer, self.cli.save)}'"
            )

    def same(self, one: str, two: str) -> bool:
        """Whether two reads show the same configuration (sizes, checksums and dates aside)."""
        return self._comparable(one) == self._comparable(two)

    def _comparable(self, text: str) -> list[str]:
        volatile = re.compile("|".join(self.cli.volatile))
        return [row.rstrip() for row in text.splitlines() if row.strip(" !") and not volatile.fullmatch(row.rstrip())]

    def _enter(self) -> None:
        """Into configuration mode, unless we are there: some releases refuse to enter it twice."""
        if self._configuring:
            return
        answer = self.transport.write([self.cli.enter])[0]
        self._judge(Line.of(self.cli.enter), answer, self.cli.entered)
        self._configuring = True

    def _leave(self) -> None:
        self._configuring, self._mode = False, ()
        self._judge(Line.of(self.cli.leave), self.transport.write([self.cli.leave])[0])

    def _send(self, lines: Sequence[Line]) -> None:
        """Lines of one step, those of one mode in one write. A line that may ask goes alone."""
        batch: list[Line] = []
        for line in lines:
            if line.question:
                self._write(batch)
                batch = []
                self._write([line], line.question)
            else:
                batch.append(line)
        self._write(batch)

    def _write(self, lines: Sequence[Line], question: str | None = None) -> None:
        rows, self._mode = typed(lines, self._mode)
        part: list[Line] = []
        for row in rows:
            if row not in lines:
                # A line that changes the mode is judged before anything is typed there: behind a refused
                # ``interface X`` the next lines would change the interface that was open before.
                self._exchange(part)
                self._exchange([row])
                part = []
            else:
                part.append(row)
            if len(part) == LINES_PER_WRITE:
                self._exchange(part)
                part = []
        self._exchange(part, question)

    def _exchange(self, rows: Sequence[Line], question: str | None = None) -> None:
        if rows:
            secrets = {part.reveal() for row in rows for part in row.parts if isinstance(part, Secret)}
            for row, answer in zip(rows, self.transport.write([row.sent for row in rows], question), strict=True):
                self._judge(row, answer, secrets=secrets)

    def _judge(self, line: Line, answer: str, also: Sequence[str] = (), secrets: Collection[str] = ()) -> None:
        harmless = re.compile("|".join((*self.cli.harmless, *also)))
        bad = [
            row.strip()
            for row in answer.splitlines()
            if row.strip(" ^\r") and not harmless.fullmatch(row.strip()) and not _LOG_LINE.fullmatch(row.strip())
        ]
        if not bad:
            return
        shown = " / ".join(_without_secrets(row, secrets) for row in bad)
        raise DeviceError(f"the device refused '{line.shown}': {shown}", line.shown, shown)

    def _go_back(self, error: DeviceError, done: Sequence[Step], before: str) -> DeviceError:
        trouble = ""
        try:
            if self._configuring:
                # Which mode the refused line left us in is not known: out, and in again.
                self._leave()
            self._enter()
            for step in reversed(done):
                for line in step.undo:
                    try:
                        self._send([line])
                    except DeviceError:
                        # What was never taken cannot be taken back; the comparison below decides. Which mode we are
                        # in is not known now: a line of another mode must not follow.
                        self._leave()
                        self._enter()
            self._leave()
            restored = self.same(self.read(), before)
            if any(line.secret for step in done if not step.undo for line in step.do):
                restored, trouble = False, " (the key that was there is not known and cannot be put back)"
        except (TransportError, DeviceError, ReadError) as second:
            restored, trouble = False, f" ({second})"
        reason = str(error).rstrip(".")
        if restored:
            text = f"{reason}. What had been sent was undone; the configuration is the one before."
        else:
            text = (
                f"{reason}. Undoing what had been sent did NOT restore the configuration{trouble}: look at the device."
            )
        result = DeviceError(text, error.line, error.answer)
        result.rolled_back = restored
        return result


def _secrets(steps: Sequence[Step]) -> set[str]:
    parts = (part for step in steps for line in (*step.do, *step.undo) for part in line.parts)
    return {part.reveal() for part in parts if isinstance(part, Secret)}


def _without_secrets(row: str, secrets: Collection[str]) -> str:
    """``row``, or a remark where it repeats a secret, or a piece of one (``% Ambiguous command:  "…"``)."""
    for secret in secrets:
        pieces = (secret[at : at + 4] for at in range(max(len(secret) - 3, 1)))
        if secret and any(piece in row for piece in pieces):
            return "(a line that is not shown)"
    return row


def _first_words(answer: str, command: str) -> str:
    """The beginning of a short answer to ``command``, fit for an error message."""
    noise = (command, "Building configuration...")
    rows = [
        row.strip()
        for row in answer.splitlines()
        if row.strip(" ^\r") and row.strip() not in noise and not re.fullmatch(PROMPT + " ?.*", row.strip())
    ]
    return " / ".join(rows[:2])[:120] or "no answer"
