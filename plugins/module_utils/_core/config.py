# Copyright: The netvpn.dynamic_l2l contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""Running-config text as a tree of lines, and back.

Nothing is lost and nothing is judged: a line that nobody knows stays where it was.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

#: IOS prints a banner as ``banner motd ^C`` … ``^C`` over several lines; its body may look like anything.
_IOS_BANNER = re.compile(r"^banner \S+ (\^C|\S)")


@dataclass
class ConfigLine:
    """A line (without its indentation and without blanks at its end), its 1-based number, the lines under it."""

    text: str
    number: int
    children: list[ConfigLine] = field(default_factory=list)
    indent: int = 0

    @property
    def words(self) -> list[str]:
        """The line split at blanks."""
        return self.text.split()


def parse_tree(text: str) -> list[ConfigLine]:
    """The lines of a running configuration, nested by indentation.

    ``!`` and empty lines are separators and left out (their number varies with the release); banner bodies are
    kept inside the banner's line as children that no parser looks at.
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
        if banner := _IOS_BANNER.match(body):
            _take_banner(line, banner, rows)
            stack = []
    return roots


def _take_banner(line: ConfigLine, head: re.Match[str], rows: Iterator[tuple[int, str]]) -> None:
    """Move the body of a banner under its line; PIX/ASA banners are one line each and have no closing mark."""
    mark = head.group(1)
    if mark != "^C" or line.text[head.end() :].endswith(mark):
        return
    for number, raw in rows:
        line.children.append(ConfigLine(raw, number))
        if raw.rstrip().endswith(mark):
            return


def to_text(lines: Sequence[ConfigLine], indent: str = "") -> str:
    """The tree as text, one blank of indentation per level."""
    rows = []
    for line in lines:
        rows.append(f"{indent}{line.text}\n")
        rows.append(to_text(line.children, indent + " "))
    return "".join(rows)


def same_lines(one: str, two: str) -> bool:
    """Whether two texts are the same but for blanks at line ends and empty lines around them.

    Real devices end many lines in a blank; copies of their output mostly lost it.
    """
    return [row.rstrip() for row in one.strip("\r\n").splitlines()] == [
        row.rstrip() for row in two.strip("\r\n").splitlines()
    ]
