# Copyright: The netvpn.dynamic_l2l contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""A conversation with a device: one whole read, guarded writes, the way back, saving.

The session speaks to a :class:`Transport` and knows nothing of Ansible. What a platform prints is given by a
:class:`Cli`. Answers are judged by an allow-list: whatever is not known to be harmless is a refusal.
"""

from __future__ import annotations

import os
import re
import traceback
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
LOG_LINE = re.compile(r"([*.]?\w{3} +\d+ [\d:.]+( \w+)?: |\d\w+: )?%[A-Z0-9_]+(-[A-Z0-9_]+)*-[0-7]-[A-Z0-9_]+: .*")


@dataclass(frozen=True)
class Cli:
    """What a session must know of a platform's command line. Patterns match a whole line unless said otherwise.

    ``reads`` are tried in turn until one is not refused; ``supplements`` are read as they are, next to the running
    configuration. A read must begin with ``first_line`` and hold ``trailer``. ``volatile`` lines may differ between two
    reads of the same configuration. ``saved`` is searched for in the answer to ``save``. ``levels`` are the commands
    that tell the privilege level, tried in turn.
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
    levels: tuple[str, ...] = ()


#: ``Current privilege level is 15`` (IOS), ``Current privilege level : 15`` (PIX/ASA).
_LEVEL = re.compile(r"(?m)^\s*Current privilege level(?: is| *:) *(\d+)\s*$")

#: Below this, IOS leaves out of its running configuration whatever the level may not change, and says nothing.
FULL_LEVEL = 15

#: What stands for a row of the device that may hold a secret.
HIDDEN = "(a line that is not shown)"

#: What stands for an answer without a word.
NO_WORDS = "no answer"

#: How a running configuration begins, by family: to tell somebody who asks the wrong kind of device.
_FAMILIES = (
    (r": (Saved|Written by .*)|(PIX|ASA) Version .*", "a PIX/ASA", "asa_ipsec_l2l", "netvpn.dynamic_l2l.asa"),
    (r"Building configuration\.\.\.|Current configuration : .*", "an IOS device", "ios_ipsec_l2l", "cisco.ios.ios"),
)

#: What refuses a whole exec command. No line of a configuration reads so.
_REFUSAL = re.compile(r"(%|ERROR: ).*|(Command )?[Aa]uthorization failed\.?")

#: Answers that somebody else must do something about, and what.
_ADVICE = (
    (
        r"locked (exclusively )?by",
        "Another session holds the configuration lock: run again when it has left configuration mode "
        "('show configuration lock' tells who it is)",
    ),
    (
        # PIX/ASA let everybody enter configuration mode, and ignore each line while another session writes.
        r"(?i)configuration in progress",
        "Another session is writing the configuration, or the other unit of a failover pair is copying it: run again when "
        "that has ended",
    ),
    (
        r"(?i)authorization failed|not authorized",
        "Command authorization does not let this user type that: permit it (AAA server, or the command's privilege "
        "level), or log in as another user",
    ),
)


class Transport(Protocol):
    """A way to type lines at a device that is in privileged exec mode, paging off.

    All methods raise TransportError when the connection fails or times out.
    """

    def read(self, command: str) -> str:
        """Type an exec command; everything up to and with the next prompt, lines and inner blanks unchanged."""

    def write(self, lines: Sequence[str], question: str | None = None, reply: str = "no") -> list[str]:
        """Type lines; the answer to each, without echo and prompt.

        With ``question`` (a pattern; then there is one line) the device may ask: it is answered with ``reply``, and the
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
            f"it ends without its last line ({cli.trailer}): it was cut short, and the connection was closed. Run again, "
            "if need be with a longer ansible_command_timeout"
        )
    return "\n".join([*rows[start : end + 1], *tail]) + "\n"


def _belongs_to_nobody(row: str) -> bool:
    """A prompt, or a log line that arrived in between."""
    return bool(re.fullmatch(PROMPT, row.strip()) or LOG_LINE.fullmatch(row.strip()))


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
    text = re.sub(rf"^{PROMPT} ?", "", as_seen(row).strip())
    if text == line.strip():
        return True
    # Longer than the terminal is wide: the device shows ``$`` and the end of what was typed.
    tails = (text[at + 1 :] for at, character in enumerate(text) if character == "$")
    return any(len(tail) >= 8 and line.strip().endswith(tail) for tail in tails)


def as_seen(row: str) -> str:
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
    _privileged: bool = False
    _written: bool = False
    _secrets: set[str] = field(default_factory=set)
    #: lines that clear something and that the device did not take, each with its answer
    unheeded: list[tuple[str, str]] = field(default_factory=list)
    _cleared: list[str] = field(default_factory=list)

    def read(self) -> str:
        """The running configuration, whole. Reads the supplements too. Raises ReadError.

        What it says includes whether anything was changed before.
        """
        try:
            self._check_level()
            return self._read()
        except ReadError as error:
            reason, remedy = str(error).rstrip("."), ""
        except TransportError as error:
            reason, remedy = str(error).rstrip("."), " Run again, if need be with a longer ansible_command_timeout."
        if self._written:
            raise ReadError(
                f"the lines were sent, but what the device holds now could not be read: {reason}. The configuration was "
                "changed and not saved. Run again: only what is still missing will be sent."
            ) from None
        raise ReadError(
            f"the running configuration could not be read: {reason}. Nothing was changed.{remedy}"
        ) from None

    def _check_level(self) -> None:
        """Refuse a session that sees and may do only a part. A device that does not tell its level is believed."""
        if self._privileged:
            return
        for command in self.cli.levels:
            if found := _LEVEL.search(self.transport.read(command).replace("\r", "")):
                if int(found[1]) < FULL_LEVEL:
                    self.transport.drop()
                    raise ReadError(
                        f"the session has privilege level {found[1]}, and below {FULL_LEVEL} a device hides parts of "
                        f"its configuration and refuses lines. Log in as a user of level {FULL_LEVEL}, or set "
                        "ansible_become: true, ansible_become_method: ansible.netcommon.enable and "
                        "ansible_become_password"
                    )
                break
        self._privileged = True

    def _read(self) -> str:
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
            if other := _other_family(raw):
                self.transport.drop()
                raise ReadError(other)
            if not is_refusal(raw, command):
                # Not a word of it is shown: it may be any line of the configuration.
                self.transport.drop()
                raise ReadError(
                    "it begins without its first line: what came before was lost, and the connection was closed. "
                    "Run again"
                )
            refusals.append(f"{' '.join(command.split())}: {first_words(raw, command)}")
        self.transport.drop()
        answers = "; ".join(refusals)
        raise ReadError(f"the device does not show it ({answers}){_advice(answers)}")

    def apply(self, steps: Sequence[Step], before: str) -> None:
        """Send ``steps``. On the first refusal undo what was sent, in reverse, and compare with ``before``.

        Raises DeviceError saying which line failed, what the device answered and whether everything is as it was.
        """
        if not steps:
            return
        self._written = True
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
                text = f"{str(error).rstrip('.')}. Nothing was changed{_advice(error.answer)}."
                raise DeviceError(text, error.line, error.answer) from None
            raise self._go_back(error, done, before) from None
        except Exception as error:
            # What was sent must not stay because of a bug of ours.
            raise self._go_back(DeviceError(_bug(error)), done, before) from None

    def undo(self, steps: Sequence[Step], before: str, reason: str) -> DeviceError:
        """Take back ``steps`` that were all sent; the error to raise, saying how it went."""
        return self._go_back(DeviceError(reason), list(steps), before)

    def clear(self, commands: Sequence[str]) -> None:
        """Type exec commands that clear something. What the device does not take is in ``unheeded``.

        Raises TransportError.
        """
        for start in range(0, len(commands), LINES_PER_WRITE):
            self._exchange([Line((text,), clears=True) for text in commands[start : start + LINES_PER_WRITE]])

    def save(self) -> None:
        """Write the running configuration to the startup configuration. Raises DeviceError."""
        try:
            answer = self.transport.read(self.cli.save)
        except TransportError as error:
            raise DeviceError(
                f"{self._state()}; whether it was saved is not known: {error} Run again with save: always."
            ) from None
        if not re.search(self.cli.saved, answer):
            words = first_words(answer, self.cli.save)
            raise DeviceError(
                f"{self._state()} but not saved: the device answered '{words}' to '{self.cli.save}'. What runs now is "
                f"lost with the next reload{_advice(words)}. Mend that (free space in the NVRAM, the right to save), "
                "then run again with save: always.",
                self.cli.save,
                words,
            )

    def _state(self) -> str:
        return "the running configuration was changed" if self._written else "the running configuration is as wanted"

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
            self._secrets |= secrets
            sent = [row.sent for row in rows]
            replied = () if rows[0].answer == "no" else (rows[0].answer,)
            self._cleared += [row.shown for row in rows if row.clears]
            for row, answer in zip(rows, self.transport.write(sent, question, *replied), strict=True):
                # A question that is answered otherwise than "no" is no refusal.
                also = (f".*{question}.*",) if question and replied else ()
                self._judge(row, answer, also, secrets)

    def _judge(self, line: Line, answer: str, also: Sequence[str] = (), secrets: Collection[str] = ()) -> None:
        harmless = re.compile("|".join((*self.cli.harmless, *also)))
        bad = [
            row.strip()
            for row in answer.splitlines()
            if row.strip(" ^\r") and not harmless.fullmatch(row.strip()) and not LOG_LINE.fullmatch(row.strip())
        ]
        if not bad:
            return
        shown = " / ".join(self._fit_to_show(line, row, secrets) for row in bad)
        if line.clears:
            self.unheeded.append((line.shown, shown))
            return
        raise DeviceError(f"the device refused '{line.shown}': {shown}", line.shown, shown)

    def _fit_to_show(self, line: Line, row: str, secrets: Collection[str]) -> str:
        """A row of the answer to ``line``: nothing of a secret that was typed with it, nor one that was typed before.

        A device may log what was typed, late and in the middle of a row.
        """
        rest = row.replace(line.sent, "")
        if any(secret and secret in rest for secret in self._secrets):
            return HIDDEN
        return _without_secrets(row, secrets)

    def _go_back(self, error: DeviceError, done: Sequence[Step], before: str) -> DeviceError:
        trouble, refused = "", []
        try:
            if self._configuring:
                # Which mode the refused line left us in is not known: out, and in again.
                self._leave()
            self._enter()
            for step in reversed(done):
                for line in step.undo:
                    try:
                        self._send([line])
                    except DeviceError as refusal:
                        refused.append(str(refusal))
                        # What was never taken cannot be taken back; the comparison below decides. Which mode we are
                        # in is not known now: a line of another mode must not follow.
                        self._leave()
                        self._enter()
            self._leave()
            restored = self.same(self._read(), before)
            trouble = f" ({'; '.join(refused[:3])})" if refused else ""
            if any(line.secret for step in done if not step.undo for line in step.do):
                restored, trouble = False, " (the key that was there is not known and cannot be put back)"
        except (TransportError, DeviceError, ReadError) as second:
            restored, trouble = False, f" ({second})"
        except Exception as second:
            restored, trouble = False, f" ({_bug(second)})"
        reason = f"{str(error).rstrip('.')}{_advice(error.answer)}"
        if restored:
            text = f"{reason}. What had been sent was undone; the configuration is the one before."
        else:
            text = (
                f"{reason}. Undoing what had been sent did NOT restore the configuration{trouble}: look at the device."
            )
        if self._cleared:
            shown = ", ".join(f"'{line}'" for line in self._cleared[:3])
            text += f" What was cleared has no way back ({shown}): it comes up again with its next packets."
        result = DeviceError(text, error.line, error.answer)
        result.rolled_back = restored
        return result


def _bug(error: Exception) -> str:
    """An error that nobody expects. Its text may hold a key, so only its kind and its place are told."""
    where = traceback.extract_tb(error.__traceback__)[-1]
    place = f"{os.path.basename(where.filename)}:{where.lineno} {where.name}"
    return f"this is a bug in netvpn.dynamic_l2l, please report it: {type(error).__name__} at {place}"


def _advice(answer: str) -> str:
    """What to do about ``answer``, as a sentence that follows one without its full stop; mostly nothing."""
    return next((f". {advice}" for pattern, advice in _ADVICE if re.search(pattern, answer)), "")


def _other_family(raw: str) -> str:
    """Whose running configuration ``raw`` is, if it is one: it was asked for by the wrong module."""
    rows = [row.strip() for row in raw.splitlines()[:12]]
    for pattern, family, module, network_os in _FAMILIES:
        if any(re.fullmatch(pattern, row) for row in rows):
            return (
                f"the device is {family}. Use {module} for it, with ansible_network_os: {network_os}, and its role in "
                "the intent"
            )
    return ""


def _secrets(steps: Sequence[Step]) -> set[str]:
    parts = (part for step in steps for line in (*step.do, *step.undo) for part in line.parts)
    return {part.reveal() for part in parts if isinstance(part, Secret)}


def _without_secrets(row: str, secrets: Collection[str]) -> str:
    """``row``, or a remark where it repeats a secret, or a piece of one (``% Ambiguous command:  "…"``)."""
    for secret in secrets:
        pieces = (secret[at : at + 4] for at in range(max(len(secret) - 3, 1)))
        if secret and any(piece in row for piece in pieces):
            return HIDDEN
    return row


def is_refusal(answer: str, command: str) -> bool:
    """Whether ``answer`` is a few words about ``command`` that no configuration holds."""
    rows = rows_of(answer, command)
    return len(rows) <= 3 and all(_REFUSAL.fullmatch(row) for row in rows)


def refused(answer: str, command: str) -> bool:
    """Whether a device refused ``command``. One that has nothing to show may say nothing at all."""
    return is_refusal(answer, command) and first_words(answer, command) != NO_WORDS


def rows_of(answer: str, command: str) -> list[str]:
    """The rows of an answer, without echo, prompt, the mark below an error, and log lines (they may repeat a key)."""
    noise = (command, "Building configuration...")
    rows = [row.strip() for row in answer.splitlines() if row.strip(" ^\r")]
    return [
        row
        for row in rows
        if row not in noise and not re.fullmatch(PROMPT + " ?.*", row) and not LOG_LINE.fullmatch(row)
    ]


def first_words(answer: str, command: str) -> str:
    """The beginning of a short answer to ``command``, fit for an error message."""
    return " / ".join(rows_of(answer, command)[:2])[:120] or NO_WORDS
