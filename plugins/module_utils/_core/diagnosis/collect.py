# Copyright: The netvpn.dynamic_l2l contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""What a device logged about IKE and IPsec: its buffer as it is, and debugging for a while where that is allowed.

Debugging is global on IOS, costs the device time and prints into every monitoring session. So it is switched on only
on a device that is not busy, for one peer where the release can tell peers apart, and for a bounded time; only what was
off is switched on, exactly that is switched off again whatever happens, and the device is asked whether it is off.
PIX/ASA debug per session, and need no ``terminal monitor`` (Cisco, "Differences Between Logs and Debugs on ASA").
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol

from ..asa import dialect as asa_dialect
from ..errors import CoreError, InputError, TransportError
from ..ios import dialect as ios_dialect
from ..prefixes import dotted, parse_address
from ..session import HIDDEN, PROMPT, Transport
from ..verification.bring_up import Clock
from .debugging import Debugging

#: Between two looks at what came, in seconds: so often the session is kept from running full.
PAUSE = 2

#: A flood ends the debugging early.
MOST_ROWS = 20_000

_LIMITS = {"seconds": (1, 300), "max_cpu": (1, 100)}


class CollectError(CoreError):
    """Debugging was refused, or what it changed may not be undone; the text says which."""


class Listener(Transport, Protocol):
    """A transport that also gives what the device prints on its own."""

    def listen(self, lines: Sequence[str], last: str, ends: str) -> str:
        """Type exec commands; all that was printed since the last request and until ``last``, typed behind them, answers.

        ``ends`` is a pattern of a whole row of that answer. Lines that the device prints on its own may stand anywhere
        between and in the echoes.
        """


#: How each platform is debugged.
DEBUGGING = {"asa": asa_dialect.DEBUGGING, "ios": ios_dialect.DEBUGGING}

_REFUSED = re.compile(
    r"\s*(% ?(Invalid|Incomplete|Ambiguous|Unrecognized|Unknown)|ERROR:|(Command )?[Aa]uthorization failed).*"
)

#: What is in a log and not of IKE or IPsec, and may hold a key: lines that were typed (``CFGLOG_LOGGEDCMD`` of IOS,
#: 111008 to 111010 of PIX/ASA), and whatever names a key or a password.
_TYPED = re.compile(r"%PARSER-\d-CFGLOG|%(ASA|PIX)-\d-1110(08|09|10)")
_KEYS = re.compile(r"(?i)pre-shared-key \S|isakmp key \S|\bpassword \S|\bsecret \d? ?\S")

#: What the commands of this module print themselves.
_OWN = re.compile(
    r"Current privilege level.*|Username : .*|Current Mode/s : .*|Type escape sequence to abort\.|"
    r"Sending \d+, .*|Packet sent with a source address of .*|[!.?]{1,100}|Success rate is .*|Crypto (ISAKMP|IPSEC) debugging is (on|off)|"
    r"Cryptographic Subsystem:"
)

#: The head of ``show logging`` (ios-show.md C6; PIX/ASA: the rows before the first message).
_IOS_HEAD = re.compile(r"Log Buffer \(\d+ bytes\):\s*")
#: A row of the head on IOS alone: without a buffer nothing follows it.
_NO_BUFFER = re.compile(r"\s*Count and timestamp logging messages: \w+")
_ASA_HEAD = re.compile(r"Syslog logging: .*|\s+(Facility|Timestamp logging|Standby logging|Deny Conn|Console|Monitor|"
                       r"Buffer|Trap|History|Device ID|Mail|ASDM|Hide Username|Debug-trace).*")  # fmt: skip


@dataclass(frozen=True)
class Request:
    """What to collect: the buffer, and for ``seconds`` what is debugged, of ``peer`` (an address) where one is given.

    ``probe`` are exec commands that make the device negotiate, typed once debugging is on.
    """

    buffer: bool = True
    allow_debug: bool = False
    seconds: int = 20
    peer: str = ""
    max_cpu: int = 60
    probe: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        for option, (low, high) in _LIMITS.items():
            _require_range(option, getattr(self, option), low, high)
        if self.peer:
            try:
                parse_address(self.peer)
            except ValueError:
                raise InputError("peer", self.peer, "this is no address", "Write it as 192.0.2.1") from None


def _require_range(option: str, value: int, low: int, high: int) -> None:
    if not low <= value <= high:
        raise InputError(option, value, "out of range", f"Give a whole number from {low} to {high}")


@dataclass(frozen=True)
class Collected:
    """What was found: the buffer's rows, those that were printed while debugging, and what was typed for them."""

    buffer: tuple[str, ...] = ()
    debug: tuple[str, ...] = ()
    commands: tuple[str, ...] = ()
    conditional: bool = False
    notes: tuple[str, ...] = ()
    hidden: int = 0

    def as_dict(self) -> dict[str, Any]:
        """For a module's return value; ``log`` is all of it, as one text."""
        rows = (*self.buffer, *self.debug)
        return {
            "log": "".join(f"{row}\n" for row in rows),
            "buffer": list(self.buffer),
            "debug": list(self.debug),
            "commands": list(self.commands),
            "conditional": self.conditional,
            "notes": list(self.notes),
            "hidden": self.hidden,
        }


def collect(transport: Listener, how: Debugging, request: Request, clock: Clock, keys: Sequence[str] = ()) -> Collected:
    """Read the buffer and, where allowed, debug for a while.

    ``keys`` are texts that no row may hold. Raises CollectError when the device is busy, or when it does not say that
    debugging is off again; TransportError when the connection fails.
    """
    hide = _Hide(keys)
    buffer: tuple[str, ...] = ()
    commands: list[str] = []
    if request.buffer:
        commands.append(_plain(how.log))
        buffer = hide.rows(_buffer(transport.read(how.log)))
    if not request.allow_debug:
        return Collected(buffer, commands=tuple(commands), hidden=hide.count)
    debugger = _Debugger(transport, how, request, clock)
    debugger.run()
    return Collected(
        buffer,
        hide.rows(debugger.rows),
        (*commands, *debugger.commands),
        debugger.conditional,
        tuple(debugger.notes),
        hide.count,
    )


def _plain(command: str) -> str:
    """A command as people write it: reads have two blanks, for the connection drops rows that equal the command."""
    return " ".join(command.split())


class _Hide:
    """Takes out of a log what may hold a key."""

    def __init__(self, keys: Sequence[str]) -> None:
        self.keys = [key for key in keys if key]
        self.count = 0

    def rows(self, rows: Sequence[str]) -> tuple[str, ...]:
        shown = []
        for row in rows:
            if _TYPED.search(row) or _KEYS.search(row) or any(key in row for key in self.keys):
                self.count += 1
                shown.append(HIDDEN)
            else:
                shown.append(row)
        return tuple(shown)


def _rows(answer: str) -> list[str]:
    return [row.rstrip() for row in answer.replace("\r\n", "\n").replace("\r", "\n").split("\n") if row.strip()]


def _buffer(answer: str) -> list[str]:
    """The messages of ``show logging``, without its head."""
    rows = [row for row in _rows(answer) if not re.fullmatch(rf"{PROMPT} ?(show +logging)?", row)]
    head = next((index for index, row in enumerate(rows) if _IOS_HEAD.fullmatch(row)), None)
    if head is not None:
        return rows[head + 1 :]
    if any(_NO_BUFFER.fullmatch(row) for row in rows):
        return []
    return [row for row in rows if not _ASA_HEAD.fullmatch(row)]


@dataclass
class _Debugger:
    """One stretch of debugging, from the first question to the proof that it is off again."""

    transport: Listener
    how: Debugging
    request: Request
    clock: Clock
    commands: list[str] = field(default_factory=list)
    rows: list[str] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
    conditional: bool = False
    #: what takes back what was typed, the last first
    undo: list[str] = field(default_factory=list)

    def run(self) -> None:
        """Debug; see :func:`collect`."""
        self._refuse_busy()
        before = self._state(self.transport.read(self.how.shows))
        failure: CollectError | None = None
        try:
            try:
                self._limit()
                self._switch_on(before)
                self._listen()
            except CollectError as error:
                failure = error
            finally:
                # Also after a failure that is none of the connection's: nothing may stay on.
                self._switch_off()
        except TransportError as error:
            raise CollectError(
                f"{error} What was typed may still be on: log in and type {' / '.join(self._left()) or 'undebug all'}. On a "
                "PIX/ASA it ended with the session."
            ) from None
        after = self._state(self.transport.read(self.how.shows))
        if after != before:
            raise CollectError(
                f"the device does not show the debugging that it showed before ({', '.join(after) or 'none'}; before: "
                f"{', '.join(before) or 'none'}): log in and type 'undebug all', if nobody else debugs there"
            )
        if failure:
            raise failure

    def _refuse_busy(self) -> None:
        found = re.search(self.how.load, self.transport.read(self.how.busy))
        if not found:
            raise CollectError(
                f"'{_plain(self.how.busy)}' does not tell how busy the device is, so nothing is debugged there. Collect "
                "its log without allow_debug"
            )
        if int(found[1]) > self.request.max_cpu:
            raise CollectError(
                f"the device is busy ({found[1]} % of its processor, max_cpu is {self.request.max_cpu}), so nothing is "
                "debugged there. Try again later, or collect its log without allow_debug"
            )

    def _limit(self) -> None:
        """Only the peer's negotiations, where the release can."""
        if not self.request.peer:
            return
        if re.search(self.how.conditioned, self.transport.read(self.how.conditions)):
            raise CollectError(
                "somebody has limited crypto debugging on this device already ('show crypto debug-condition'): ours would "
                "mix with theirs. Wait until they are done"
            )
        peer = dotted(parse_address(self.request.peer))
        line = self.how.condition.format(peer=peer)
        if self._refused(self.transport.read(line)):
            self.notes.append("this release cannot debug one peer alone: what others negotiated is among the rows")
            return
        self.commands.append(line)
        self.undo.append(self.how.uncondition.format(peer=peer))
        self.conditional = True

    def _switch_on(self, before: Sequence[str]) -> None:
        if self.how.monitor:
            self._type(self.how.monitor, self.how.unmonitor)
        for debug in self.how.debugs:
            if not any(re.search(debug.shown, row) for row in before):
                self._type(debug.on, debug.off)
        shown = self._take([self.how.shows])
        missing = [debug.on for debug in self.how.debugs if not any(re.search(debug.shown, row) for row in shown)]
        if missing:
            raise CollectError(
                f"the device does not show that '{missing[0]}' is on. What was typed was taken back; collect its log "
                "without allow_debug"
            )

    def _listen(self) -> None:
        end = self.clock.now() + self.request.seconds
        self.commands += self.request.probe
        while True:
            # Again and again: the other end may have begun to listen later, and what failed is worth seeing twice.
            self._keep(self._take(self.request.probe))
            self.clock.pause(min(PAUSE, self.request.seconds))
            self._keep(self._take([]))
            if self.clock.now() >= end:
                return
            if len(self.rows) > MOST_ROWS:
                self.notes.append(f"more than {MOST_ROWS} rows came, so debugging ended early")
                return

    def _type(self, line: str, undo: str) -> None:
        # What undoes it first: nobody knows whether a line whose answer was lost was taken.
        self.undo.append(undo)
        self.commands.append(line)
        rows = self._take([line])
        if any(self._refused(row) for row in rows):
            raise CollectError(
                f"the device refused '{line}': {next(row for row in rows if self._refused(row)).strip()}. What was typed was "
                "taken back"
            )

    def _switch_off(self) -> None:
        """All at once, the last first."""
        lines = self._left()
        self.undo.clear()
        if not lines:
            return
        try:
            self.commands += lines
            # Once the debugging is off nothing comes on its own any more; what comes until then is kept.
            self._keep(self._take(lines))
        except TransportError:
            self.undo[:] = reversed(lines)
            raise

    def _left(self) -> list[str]:
        return list(reversed(self.undo))

    def _take(self, lines: Sequence[str]) -> list[str]:
        """The rows that came, without prompts and what was typed."""
        typed = (*lines, self.how.last)
        found = []
        for row in _rows(self.transport.listen(lines, self.how.last, self.how.ends)):
            rest = re.sub(rf"^(?:{PROMPT} ?)+", "", row)
            # IOS ends such a line only when it prints the next one: an echo stands right behind it (ios-session.md 1.6).
            rest = next((rest[: -len(line)] for line in typed if line and rest.endswith(line)), rest)
            if rest.strip():
                found.append(rest)
        return found

    def _keep(self, rows: Sequence[str]) -> None:
        self.rows += [row for row in rows if not _OWN.fullmatch(row.strip())]

    @staticmethod
    def _refused(answer: str) -> bool:
        return any(_REFUSED.fullmatch(row) for row in answer.replace("\r", "\n").split("\n"))

    @staticmethod
    def _state(answer: str) -> list[str]:
        """What is on, as the device shows it; the echo and blank rows are no part of it."""
        return [row.strip() for row in _rows(answer) if not re.fullmatch(rf"{PROMPT} ?.*|show +debug\w*", row.strip())]
