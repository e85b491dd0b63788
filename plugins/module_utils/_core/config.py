# Copyright: The netvpn.dynamic_l2l contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""Running-config text as a tree of lines, and back.

Nothing is lost and nothing is judged: a line that nobody knows stays where it was.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field

from .errors import ReadError

#: IOS prints a banner as ``banner motd ^C`` … ``^C`` over several lines; its body may look like anything.
_IOS_BANNER = re.compile(r"banner \S+ \^C")


@dataclass
class ConfigLine:
    """A line (without its indentation and without blanks at its end), its 1-based number, the lines under it."""

    text: str
    number: int
    children: list[ConfigLine] = field(default_factory=list)
    indent: int = 0
    #: a banner, or a line of one
    verbatim: bool = False

    @property
    def words(self) -> list[str]:
        """The line split at blanks."""
        return self.text.split()


def parse_tree(text: str, *, banner_blocks: bool = False) -> list[ConfigLine]:
    """The lines of a running configuration, nested by indentation.

    ``!`` and empty lines are separators and left out (their number varies with the release). With ``banner_blocks``
    (IOS) the body of a banner is kept, as it stands, inside the banner's line, where no parser looks. On PIX/ASA each
    banner line is a line of its own, whatever it says.
    """
    roots: list[ConfigLine] = []
    stack: list[ConfigLine] = []
    rows = iter(enumerate(text.splitlines(), 1))
    for number, raw in rows:
        body = raw.rstrip()
        stripped = body.lstrip(" ")
        if not stripped or stripped == "!":
            continue
        line = ConfigLine(stripped, number, indent=len(body) - len(stripped))
        while stack and stack[-1].indent >= line.indent:
            stack.pop()
        (stack[-1].children if stack else roots).append(line)
        stack.append(line)
        if banner_blocks and (banner := _IOS_BANNER.match(body)):
            line.verbatim = True
            if not body[banner.end() :].endswith("^C"):
                _take_banner(line, rows)
            stack = []
    return roots


def _take_banner(line: ConfigLine, rows: Iterator[tuple[int, str]]) -> None:
    """Move the body of a banner under its line."""
    for number, raw in rows:
        line.children.append(ConfigLine(raw, number, verbatim=True))
        if raw.rstrip().endswith("^C"):
            return


def to_text(lines: Sequence[ConfigLine], indent: str = "") -> str:
    """The tree as text, one blank of indentation per level; the body of a banner as it stands."""
    rows = []
    for line in lines:
        rows.append(f"{indent}{line.text}\n")
        rows.append(to_text(line.children, "" if line.verbatim else indent + " "))
    return "".join(rows)


@contextmanager
def understood(line: ConfigLine) -> Iterator[None]:
    """Whatever a parser stumbles over becomes a ReadError that names the line: to guess would be to plan on sand.

    Only its first words are told, for it may hold a key.
    """
    try:
        yield
    except (ValueError, IndexError):
        raise ReadError(
            f"line {line.number} of the running configuration ('{' '.join(line.words[:2])} …') is written in a way "
            "that this collection does not understand. Nothing was changed; please report the line's form."
        ) from None


def same_lines(one: str, two: str) -> bool:
    """Whether two texts are the same but for blanks at line ends and empty lines around them.

    Real devices end many lines in a blank; copies of their output mostly lost it.
    """
    return [row.rstrip() for row in one.strip("\r\n").splitlines()] == [
        row.rstrip() for row in two.strip("\r\n").splitlines()
    ]
