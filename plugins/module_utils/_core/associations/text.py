# Copyright: The netvpn.dynamic_l2l contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""Output of show commands as rows, and what reads them: one :class:`Form` for each kind of output.

Rows are compared with their blanks folded, so that copies which lost indentation or doubled blanks read the same. Each
row is looked at once.
"""

from __future__ import annotations

import ipaddress
import re
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Generic, TypeVar

from ..prefixes import Prefix, parse_address
from ..session import LOG_LINE, PROMPT, as_seen
from .sa import Associations, Identity, IkeSa, IpsecSa, Unread, join

#: What a pager leaves in a capture (IOS, PIX/ASA).
_PAGER = re.compile(r"<?-+ ?[Mm]ore ?-+>?")

#: A command behind its prompt, as typed (abbreviated or not).
_ECHO = re.compile(rf"{PROMPT} ?((?:do )?sh[ow]* .*)")
_BARE = re.compile(rf"{PROMPT}.*")

#: Protocols of proxy identities as words.
PROTOCOLS = {"ip": 0, "ipv6": 0, "icmp": 1, "tcp": 6, "udp": 17, "gre": 47, "esp": 50, "ah": 51}

#: A word of a show command may be shortened to so many letters.
_SHORTEST = 2


@dataclass(frozen=True)
class Shows:
    """The commands for all SAs of a platform.

    ``ike``: sets of commands, the newest releases' first; the first set whose first command is not refused as unknown is
    typed whole. ``also``: commands that a release may lack. ``ipsec`` takes ``peer ADDRESS`` and ``detail`` behind it.
    Two blanks: the connection drops output lines that equal the command.
    """

    ike: tuple[tuple[str, ...], ...]
    also: tuple[str, ...]
    ipsec: str


@dataclass
class Found:
    """What the rows of one output said, so far."""

    command: str = ""
    ike: list[IkeSa] = field(default_factory=list)
    ipsec: list[IpsecSa] = field(default_factory=list)
    unread: list[Unread] = field(default_factory=list)
    truncated: bool = False

    def frozen(self) -> Associations:
        """As the rest of the core wants it."""
        return Associations(tuple(self.ike), tuple(self.ipsec), tuple(self.unread), self.truncated)


class Form(ABC):
    """One kind of output. ``words`` are what stood behind its command (``detail``, ``identity``)."""

    def __init__(self, found: Found, words: Sequence[str] = ()) -> None:
        self.found = found
        self.words = words

    @abstractmethod
    def take(self, row: str) -> bool:
        """Read a row (blanks folded); False when it is not understood. Raises ValueError for the same."""

    @abstractmethod
    def end(self) -> None:
        """The output is over: give away what was read last, say whether something is missing."""


F = TypeVar("F", bound=Form)


class Lines(Generic[F]):
    """How lines begin, and what reads each; ``unneeded`` ones say nothing that is not read elsewhere.

    Of two beginnings the first in the table counts. Looked up by two letters, for outputs are long.
    """

    def __init__(self, table: Iterable[tuple[str, Callable[[F, str], None]]], unneeded: Iterable[str] = ()) -> None:
        self._by_letters: dict[str, list[tuple[str, Callable[[F, str], None] | None]]] = {}
        for start, method in (*table, *((start, None) for start in unneeded)):
            self._by_letters.setdefault(start[:2], []).append((start, method))

    def take(self, form: F, row: str) -> bool:
        """Let ``form`` read a row; False when none of the beginnings is its."""
        for start, method in self._by_letters.get(row[:2], ()):
            if row.startswith(start):
                if method is not None:
                    method(form, row)
                return True
        return False


@dataclass(frozen=True)
class Reader:
    """How a platform's outputs are read.

    ``commands``: words of a command (without ``show``) → form. ``begins``: the form that begins with a row, if any;
    it is asked for every row, so it must be quick.
    """

    forms: Mapping[str, Callable[[Found, Sequence[str]], Form]]
    commands: Mapping[tuple[str, ...], str]
    begins: Callable[[str], str]

    def read(self, text: str, command: str = "") -> Associations:
        """All outputs in ``text``; ``command`` is what was typed for it, where that is known."""
        outputs: list[Found] = [Found(command)]
        form, name = self._open(command, outputs[-1])
        for number, row in rows(text):
            if row is None:
                outputs[-1].truncated = True
                continue
            if row[0] != "#" and ("#" in row or ">" in row) and (echo := _ECHO.fullmatch(row)):
                if form:
                    form.end()
                outputs.append(Found(echo[1]))
                form, name = self._open(echo[1], outputs[-1])
                continue
            begun = self.begins(row)
            if begun and begun != name:
                if form:
                    form.end()
                    outputs.append(Found(outputs[-1].command))
                form, name = self.forms[begun](outputs[-1], ()), begun
            try:
                understood = form is not None and form.take(row)
            except (ValueError, LookupError):
                understood = False
            if not understood and not _nobodys(row) and row != command:
                outputs[-1].unread.append(Unread(outputs[-1].command, number, row))
        if form:
            form.end()
        return join(found.frozen() for found in outputs)

    def _open(self, command: str, found: Found) -> tuple[Form | None, str]:
        typed = command.lower().split()
        typed = typed[1:] if typed[:1] == ["do"] else typed
        for words, name in self.commands.items():
            if len(typed) > len(words) and all(map(_abbreviates, typed[1:], words)):
                return self.forms[name](found, typed[1 + len(words) :]), name
        return None, ""


def _abbreviates(typed: str, word: str) -> bool:
    return typed == word or (len(typed) >= _SHORTEST and word.startswith(typed))


def _nobodys(row: str) -> bool:
    """A prompt, a log line that arrived in between, the mark below an error."""
    return bool(_BARE.fullmatch(row) or LOG_LINE.fullmatch(row) or not row.strip("^ "))


def rows(text: str) -> Iterator[tuple[int, str | None]]:
    """Number (from 1) and text of each row that is not empty, blanks folded, pager marks taken out.

    None for the last row if it is a pager's mark: the text ends where somebody did not turn the page.
    """
    paged = 0
    for number, raw in enumerate(text.split("\n"), 1):
        row = as_seen(raw.rstrip("\r")) if "\b" in raw or "\r" in raw.rstrip("\r") else raw
        if "ore" in row and "-" in row:
            row, marks = _PAGER.subn(" ", row)
            paged = number if marks and not row.strip() else paged
        row = " ".join(row.split())
        if row:
            paged = 0
            yield number, row
    if paged:
        yield paged, None


def identity(text: str) -> Identity:
    """``(10.1.1.0/255.255.255.0/0/0)``: address, mask (IPv6: prefix length), protocol, port. Raises ValueError."""
    address, mask, protocol, port = text.strip("()").split("/")
    if ":" in address:
        return identity6(f"{address}/{mask}", int(protocol), int(port))
    return Identity.of(Prefix.from_mask(address, mask), int(protocol), int(port))


def identity6(network: str, protocol: int = 0, port: int = 0) -> Identity:
    """``2001:db8::/64``. Raises ValueError."""
    found = ipaddress.IPv6Network(network, strict=False)
    ports = (port, port) if port else (0, 65535)
    return Identity(int(found[0]), int(found[-1]), protocol, ports, 6)


def selector(text: str) -> Identity:
    """``10.1.1.0/0 - 10.1.1.255/65535``: first address and port, last address and port (IKEv2). Raises ValueError."""
    first, last = text.split(" - ")
    (low, begin), (high, end) = first.rsplit("/", 1), last.rsplit("/", 1)
    ports = (int(begin), int(end))
    if ":" in low:
        return Identity(int(ipaddress.IPv6Address(low)), int(ipaddress.IPv6Address(high)), 0, ports, 6)
    return Identity(parse_address(low), parse_address(high), 0, ports)


def seconds(text: str) -> int | None:
    """``23:59:41`` and ``41`` → seconds; None for what is neither (``4w2d``)."""
    parts = text.split(":")
    if not all(part.isdecimal() for part in parts):
        return None
    total = 0
    for part in parts:
        total = total * 60 + int(part)
    return total


def spi(text: str) -> str:
    """``0x537BC76F(1400620911)``, ``0x537BC76F (1400620911)``, ``537BC76F`` → ``0x537bc76f``. Raises ValueError."""
    return f"0x{int(text.partition('(')[0], 16):08x}"


_NAMES: dict[str, str] = {}


def counters(row: str, into: dict[str, int]) -> bool:
    """Add the counters of ``#pkts encaps: 10, #pkts encrypt: 10``. False when the row is no such one."""
    for item in row.split(", "):
        words, blank, number = item.rstrip(", ").rpartition(" ")
        if not (item.startswith("#") and blank and number.isdecimal()):
            return False
        name = _NAMES.get(words)
        if name is None:
            name = _NAMES[words] = re.sub(r"[^a-z0-9]+", "_", words.lower()).strip("_")
        into[name] = int(number)
    return True


def endpoint(text: str) -> tuple[str, int | None]:
    """``192.0.2.1/500``, ``192.0.2.1:500``, ``192.0.2.1`` → address (or name) and port, None where there is none or 0."""
    address, _sep, port = text.partition("/")
    if not port and text.count(":") == 1:
        address, _sep, port = text.partition(":")
    return address, (int(port) or None) if port.isdecimal() else None
