# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: The netvpn.dynamic_l2l contributors
"""What every platform shares: table rows, modes, answers, and how a typed line finds its row."""

from __future__ import annotations

import enum
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterable, Mapping
from contextlib import nullcontext
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from .grammar import Failure, Match, Table, split
from .store import Block, Item, Schema
from .text import filtered, split_filter

if TYPE_CHECKING:
    from .device import Device
    from .logs.sink import Logs
    from .shell import Shell


class Grade(enum.StrEnum):
    """How well a fact is founded, best first."""

    SEED = "seed"
    CAPTURE = "capture"
    VENDOR = "vendor"
    TOOL = "tool"
    RECALL = "recall"


class Refused(Exception):
    """The device does not take the line; the text is what it prints."""


class BadWord(Exception):
    """A word of the line fits its place but is no good: the device sets its caret under it."""

    def __init__(self, word: str) -> None:
        super().__init__(word)
        self.word = word


@dataclass
class Question:
    """The device waits for an answer behind `prompt`. `single`: one key, as at `[confirm]`."""

    prompt: str
    answer: Callable[[str], Reply]
    echo: bool = True
    single: bool = False


@dataclass
class Reply:
    """What a line brings: text (lines, each with its end), maybe a question, maybe the end of the session.

    `later`: log lines that the device prints by itself a moment after the prompt. `gap`: where in the text it prints what
    it logs meanwhile (0: behind the prompt).
    """

    text: str = ""
    question: Question | None = None
    close: bool = False
    paged: bool = False
    later: list[str] = field(default_factory=list)
    gap: int = 0


Result = Reply | str | None
# Modes whose rows leave the configuration alone, wherever they are typed
_OUTSIDE = ("leave", "user", "exec", "any")
Effect = Callable[["Call"], Result]


@dataclass(frozen=True, eq=False)
class Row:
    """One row of the table: in this mode a line of this grammar has this effect, says this source."""

    platform: str
    mode: str
    grammar: str
    effect: Effect
    source: str
    grade: Grade

    def __str__(self) -> str:
        return f"{self.platform} {self.mode}: {self.grammar}"


@dataclass(frozen=True)
class Mode:
    """Where a session is. `target`: the line whose sub-lines are typed there."""

    name: str
    suffix: str = ""
    parent: Mode | None = None
    target: Item | None = None
    label: str = ""

    @property
    def configures(self) -> bool:
        """Is it the configuration mode or one below it?"""
        return self.name == "config" or (self.parent is not None and self.parent.configures)


USER = Mode("user")
EXEC = Mode("exec")
CONFIG = Mode("config", "(config)", EXEC)


@dataclass
class Call:
    """A typed line that fits a row, on its way through the row's effect."""

    device: Device
    shell: Shell
    match: Match[Row]
    line: str

    def __getitem__(self, name: str) -> str:
        return self.match[name]

    @property
    def words(self) -> list[str]:
        """The words of the line, keywords written out."""
        return self.match.words

    def has(self, name: str) -> bool:
        """Was a value of that name typed?"""
        return self.match.has(name)

    @property
    def config(self) -> Block:
        """The running configuration."""
        return self.device.config

    @property
    def target(self) -> Item:
        """The line that the session's mode is about."""
        target = self.shell.mode.target
        assert target is not None
        return target

    @property
    def here(self) -> Block:
        """The sub-lines of the mode's line."""
        return self.target.block

    def enter(self, name: str, suffix: str, target: Item | None = None, label: str = "") -> None:
        """Go to a mode below the configuration mode."""
        self.shell.mode = Mode(name, suffix, CONFIG, target, label)


class Rows:
    """Collects the rows of a platform. `both` adds a line and its `no` form."""

    def __init__(self, platform: str) -> None:
        self.platform = platform
        self.rows: list[Row] = []

    def add(self, mode: str, grammar: str, effect: Effect, source: str, grade: Grade) -> None:
        """Add a row."""
        self.rows.append(Row(self.platform, mode, grammar, effect, source, grade))

    def both(
        self,
        mode: str,
        grammar: str,
        effect: Effect,
        no_grammar: str,
        no_effect: Effect,
        source: str,
        grade: Grade,
        no_grade: Grade | None = None,
    ) -> None:
        """Add a row and the row of its `no` form (where the removal is less certain: `no_grade`)."""
        self.add(mode, grammar, effect, source, grade)
        self.add(mode, "no " + no_grammar, no_effect, source, no_grade or grade)


def put(form: str) -> Effect:
    """The line `form`, with the values in it, goes into the configuration."""

    def effect(call: Call) -> Result:
        call.config.put(form.format_map(_Values(call.match)))
        return None

    return effect


def put_here(form: str) -> Effect:
    """The same below the mode's line."""

    def effect(call: Call) -> Result:
        call.here.put(form.format_map(_Values(call.match)))
        return None

    return effect


def drop(kind: str, **fields: str) -> Effect:
    """Lines of this kind with these values (`name="{name}"`) go; nothing is said when there are none."""

    def effect(call: Call) -> Result:
        call.config.drop(kind, **{name: form.format_map(_Values(call.match)) for name, form in fields.items()})
        return None

    return effect


def drop_here(kind: str, **fields: str) -> Effect:
    """The same below the mode's line."""

    def effect(call: Call) -> Result:
        call.here.drop(kind, **{name: form.format_map(_Values(call.match)) for name, form in fields.items()})
        return None

    return effect


def silent(_call: Call) -> Result:
    """Nothing changes and nothing is said."""
    return None


def say(text: str) -> Effect:
    """Only an answer."""
    return lambda _call: text


def value_line(kind: str, form: str, default: str, default_form: str = "", here: bool = True) -> Effect:
    """A line that is not shown while it has its default value."""

    def effect(call: Call) -> Result:
        block = call.here if here else call.config
        text = form.format_map(_Values(call.match))
        if text == default:
            block.drop(kind)
            if default_form:
                block.put(default_form)
        else:
            block.put(text)
        return None

    return effect


class _Values(dict[str, str]):
    def __init__(self, match: Match[Row]) -> None:
        super().__init__()
        self._match = match

    def __missing__(self, name: str) -> str:
        return " ".join(self._match.all(name))


class Platform(ABC):
    """A platform: its rows, the order of its configuration, its prompts and its way to refuse."""

    name: str
    # Each platform has a type of its own for what differs by version.
    version: object
    schema: Schema
    # One character may not be typed as such at the prompt: `?` asks for help.
    help_key = "?"
    # The privilege level from which on the commands of the exec mode may be typed
    exec_level = 15
    # What command authorization answers to a line that it refuses
    unauthorized: str
    more_marker: str
    more_erase: str
    new_prompt = ""
    # Commands that take `|`, and the words behind it.
    filtered_commands = ("s", "sh", "sho", "show", "more")
    filters: Mapping[str, str] = {"include": "include", "exclude": "exclude", "begin": "begin"}

    def __init__(self, name: str, rows: Iterable[Row], macros: Mapping[str, str]) -> None:
        self.name = name
        self.rows = list(rows)
        self._tables: dict[str, Table[Row]] = {}
        for row in self.rows:
            self._tables.setdefault(row.mode, Table(macros)).add(row.grammar, row)

    # -- what differs

    @abstractmethod
    def lookup(self, mode: Mode) -> list[tuple[str, Mode]]:
        """The tables where a line typed in `mode` is looked for, and the mode that it is then executed in."""

    @abstractmethod
    def load(self, text: str, device: Device) -> None:
        """Make `text` the running configuration."""

    @abstractmethod
    def render(self, device: Device, *, secrets: bool) -> list[str]:
        """The running configuration as lines, without what stands before and after it on the screen."""

    @abstractmethod
    def show_running(self, device: Device, *, secrets: bool = False) -> list[str]:
        """What `show running-config` prints."""

    @abstractmethod
    def show_startup(self, device: Device) -> list[str]:
        """What `show startup-config` prints."""

    @abstractmethod
    def logs(self, device: Device) -> Logs:
        """The logging of a new device."""

    @abstractmethod
    def hostname(self, device: Device) -> str:
        """The name in the prompt."""

    @abstractmethod
    def prompt(self, shell: Shell) -> str:
        """The prompt of a session."""

    @abstractmethod
    def greeting(self, shell: Shell) -> str:
        """What a session prints at its start, before the prompt."""

    @abstractmethod
    def width(self, shell: Shell) -> int:
        """Columns of the screen; 0: no limit."""

    @abstractmethod
    def page(self, shell: Shell) -> int:
        """Lines of a page; 0: no paging."""

    @abstractmethod
    def explain(self, shell: Shell, line: str, failure: Failure) -> str:
        """The refusal of a line that fits no row."""

    def printer(self, device: Device, *, secrets: bool) -> Callable[[Item], str]:
        """How a line is printed, where that is not how it is kept."""
        return lambda item: item.text

    def aliases(self, device: Device) -> dict[str, str]:
        """Names that may be typed for an address."""
        return {}

    def mask(self, line: str) -> str:
        """A line of the configuration for a file that others may read."""
        return line

    def authorized(self, shell: Shell, match: Match[Row]) -> bool:
        """May the user of the session do this?"""
        return True

    def locked(self, shell: Shell, mode: Mode) -> str:
        """What a line of `mode` is refused with while another user holds the configuration (empty: it is not)."""
        return ""

    def control_z(self, shell: Shell) -> None:
        """Ctrl-Z was typed: out of the configuration mode, and what was typed is forgotten."""
        if shell.mode.configures:
            shell.mode = EXEC

    def interruption(self, text: str, at_start: bool) -> str:
        """What the device prints by itself, as it stands on the screen; `at_start`: nothing stands on the line yet."""
        return ("" if at_start else "\n") + f"{text}\n"

    # -- what is the same

    def find(self, shell: Shell, line: str) -> tuple[Match[Row], Mode] | Failure:
        """The row of a line, and the mode to execute it in."""
        failures: list[Failure] = []
        aliases = self.aliases(shell.device)
        for table, mode in self.lookup(shell.mode):
            if table not in self._tables:
                continue
            found = self._tables[table].match(line, aliases)
            if isinstance(found, Match):
                return found, mode
            failures.append(found)
        if not failures:
            return Failure("invalid")
        furthest = max(failures, key=lambda failure: (failure.depth, failure.reason == "invalid", failure.column))
        told = [failure for failure in failures if failure.reason != "invalid"]
        return told[0] if told and told[0].depth >= furthest.depth - 1 else furthest

    def execute(self, shell: Shell, line: str) -> Reply:
        """What a typed line brings."""
        text = line.rstrip()
        if not text.strip() or text.strip().startswith("!"):
            return Reply()
        if shell.device.faults.denied(text.strip()):
            return Reply(self.unauthorized)
        if "|" in text and text.split()[0].lower() in self.filtered_commands:
            return self._filtered(shell, text)
        found = self.find(shell, text)
        if isinstance(found, Failure) and " !" in text:
            # A comment behind a command (common to both platforms' configuration files)
            shorter = self.find(shell, text[: text.index(" !")])
            found = found if isinstance(shorter, Failure) else shorter
        if isinstance(found, Failure):
            return Reply(self.explain(shell, text, found))
        match, mode = found
        device = shell.device
        # authorization is asked for the command with its words written out, whatever was typed
        if device.faults.denied(" ".join(match.words)) or not self.authorized(shell, match):
            return Reply(self.unauthorized)
        device.use(match.entry)
        if match.entry.mode not in ("leave", "exec", "any") and (told := self.locked(shell, mode)):
            return Reply(told)
        before = shell.mode
        # A global line that is understood leaves the sub-mode even when it is then refused (recall).
        shell.mode = mode
        try:
            with nullcontext() if match.entry.mode in _OUTSIDE else device.lock:
                result = match.entry.effect(Call(device, shell, match, text))
        except (Refused, BadWord) as refusal:
            if isinstance(refusal, BadWord):
                shell.mode = before
                column = next((word.column for word in split(text) if word.text == refusal.word), 0)
                return Reply(self.explain(shell, text, Failure("invalid", column)))
            return Reply(f"{refusal}\n" if str(refusal) else "")
        if mode.configures:
            device.touched = True
        if isinstance(result, Reply):
            return result
        return Reply(_ended(result or ""))

    def _filtered(self, shell: Shell, text: str) -> Reply:
        command, word, expression = split_filter(text)
        known = [name for name in self.filters if name.startswith(word)] if word else []
        if len(known) != 1 or not expression:
            column = text.index("|") + 1
            return Reply(self.explain(shell, text, Failure("invalid" if word and not known else "incomplete", column)))
        reply = self.execute(shell, command)
        lines = filtered(reply.text.split("\n")[:-1], self.filters[known[0]], expression)
        reply.text = "".join(f"{line}\n" for line in lines)
        return reply

    def next_words(self, shell: Shell, line: str) -> list[str]:
        """What may follow: for `?`."""
        found: set[str] = set()
        for table, _ in self.lookup(shell.mode):
            if table in self._tables:
                found.update(self._tables[table].next_words(line))
        return sorted(found)

    def secret_columns(self, shell: Shell, line: str) -> list[tuple[int, int]]:
        """Where a typed line holds keys or passwords."""
        found = self.find(shell, line)
        return [] if isinstance(found, Failure) else found[0].secret_columns


def _ended(text: str) -> str:
    return text if not text or text.endswith("\n") else text + "\n"
