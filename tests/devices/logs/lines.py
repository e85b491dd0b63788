# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: The netvpn.dynamic_l2l contributors
"""Lines of a log as templates, each with the row of the reference that it follows, and with values as records.

A row is a line of one of the reference scenario's four logs (`pix-7.2-debug-isakmp.txt:12`), a section of a sheet
(`ios-show.md C7.3`), a row of `failures.md`, or a source that the sheets name (`SYS 713068`: the syslog guide;
`T5`, `L25`, `PFSB` ...: captures), see SOURCES.md. What has no row is not printed.
"""

from __future__ import annotations

import string
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Literal

Channel = Literal["isakmp", "ipsec", "syslog"]
_FORMATTER = string.Formatter()


@dataclass(frozen=True)
class Line:
    """A template. `text`: fields in braces, several lines where the device prints several.

    `channel`: the debug command that shows it, or `syslog`. `severity`: of the syslog; a debug's is 7. `number`: a PIX's
    message number (its debug lines of IKE are log messages at once; 0: they are not). `brief`: `[IKEv1]` rather than
    `[IKEv1 DEBUG]`.
    """

    row: str
    text: str
    channel: Channel = "isakmp"
    severity: int = 7
    number: int = 0
    brief: bool = False

    @property
    def fields(self) -> tuple[str, ...]:
        """The names of its values."""
        return tuple(name for _, name, _, _ in _FORMATTER.parse(self.text) if name)


@dataclass(frozen=True)
class Record:
    """A line with its values, on its way to buffers and sessions. `peer`: whom it is about, where it is about one."""

    line: Line
    text: str
    peer: str = ""


def fill(lines: Iterable[Line], values: Mapping[str, object], peer: str = "") -> Iterator[Record]:
    """The lines with their values. A line one of whose values is None is not printed."""
    for line in lines:
        if all(values.get(name, "") is not None for name in line.fields):
            yield Record(line, line.text.format_map(values), peer)
