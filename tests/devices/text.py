# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: The netvpn.dynamic_l2l contributors
"""Text that devices print: filters behind `|`, and the one way to compare two configurations."""

from __future__ import annotations

import re
from collections.abc import Iterable

# What a device computes or stamps anew, and what the loss of blanks at line ends does to golden text.
_COMPUTED = re.compile(
    r"Current configuration : \d+ bytes|Using \d+ out of \d+ bytes.*|Cryptochecksum: ?[0-9a-f ]+|: Written by .*"
)


def comparable(text: str) -> list[str]:
    """The lines of a configuration without blanks at their ends, sizes, checksums and dates."""
    lines = [line.rstrip() for line in text.replace("\r", "").strip("\n").split("\n")]
    return [line for line in lines if not _COMPUTED.fullmatch(line)]


def split_filter(line: str) -> tuple[str, str, str]:
    """A command and the filter behind its `|`: the command, the filter's word, the expression."""
    command, bar, rest = line.partition("|")
    if not bar:
        return line, "", ""
    word, _, expression = rest.strip().partition(" ")
    return command.rstrip(), word.lower(), expression.strip()


def filtered(lines: list[str], word: str, expression: str) -> list[str]:
    """The lines that pass `include`, `exclude`, `begin`, `section` or `count`."""
    try:
        regex = re.compile(expression)
    except re.error:
        regex = re.compile(re.escape(expression))
    if word == "include":
        return [line for line in lines if regex.search(line)]
    if word == "exclude":
        return [line for line in lines if not regex.search(line)]
    if word == "begin":
        first = next((number for number, line in enumerate(lines) if regex.search(line)), len(lines))
        return lines[first:]
    if word == "count":
        return [f"Number of lines which match regexp = {sum(1 for line in lines if regex.search(line))}"]
    return list(_section(lines, regex))


def _section(lines: Iterable[str], regex: re.Pattern[str]) -> Iterable[str]:
    """Matching lines with their sub-lines. A sub-line that matches alone is printed alone (unsourced)."""
    inside = -1
    for line in lines:
        depth = len(line) - len(line.lstrip(" "))
        if inside >= 0 and line.strip() and depth > inside:
            yield line
            continue
        inside = -1
        if regex.search(line):
            inside = depth
            yield line
