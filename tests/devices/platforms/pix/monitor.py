# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: The netvpn.dynamic_l2l contributors
"""PIX 7.2: logging and debugging: what is on, where it goes, and what is shown of it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ...engine import BadWord, Call, Effect, Grade, Reply, Result, Rows, drop, put, silent
from ...logs.lines import Line, Record
from ...logs.sink import LEVELS, SIZE, Logs, severity

if TYPE_CHECKING:
    from ...device import Device
    from ...shell import Shell

# From which level of `debug crypto isakmp` and `ipsec` on a line is seen: 7 is the seed's; for lower ones nobody says
_BRIEF, _DETAIL = 1, 7


class PixLogs(Logs):
    """Debugs belong to the session that asked for them; log messages go where `logging` lines say."""

    def __init__(self, device: Device) -> None:
        super().__init__(device)
        self._debugs: dict[int, dict[str, int]] = {}

    def debugs(self, shell: Shell) -> dict[str, int]:
        """The levels of the debugs of a session, by name."""
        return self._debugs.setdefault(shell.number, {})

    def take(self, record: Record) -> None:
        line = record.line
        with self._lock:
            if line.channel != "syslog":
                self._debug(line, record.text)
            if line.number:
                self._put(f"%PIX-{line.severity}-{line.number}: {record.text}", line.severity)

    def say(self, text: str) -> None:
        with self._lock:
            self._put(text, 5)

    def _debug(self, line: Line, text: str) -> None:
        needed = _BRIEF if line.brief else _DETAIL
        if line.channel == "isakmp":
            now = self.now()
            text = f"{now:%b} {now.day:02} {now:%H:%M:%S} [IKEv1{'' if line.brief else ' DEBUG'}]: {text}"
        self.remember(line.channel, text)
        self.show([each for each in self.device.shells if self.debugs(each).get(line.channel, 0) >= needed], text)

    def _put(self, text: str, level: int) -> None:
        now = self.now()
        # with the year: T5
        stamp = f"{now:%b} {now.day:02} {now:%Y %H:%M:%S}: "
        self.remember("syslog", stamp + text)
        if not self._on("enable"):
            return
        stamp = stamp if self._on("timestamp") else ""
        for where in ("console", "monitor", "buffered"):
            limit = self.level(where)
            if limit is None or level > limit:
                continue
            self.counts[where] += 1
            if where == "buffered":
                self.buffer.add(stamp + text, self.size())
            elif where == "monitor":
                self.show([shell for shell in self.device.shells if shell.monitor], stamp + text)

    def _on(self, what: str) -> bool:
        return self.device.config.one("logging", what=what) is not None

    def level(self, where: str) -> int | None:
        """The highest level that goes to `console`, `monitor` or `buffered`; None: nothing does."""
        item = self.device.config.one("logging", what=where)
        return severity(item["rest"].strip()) if item is not None and self._on("enable") else None

    def size(self) -> int:
        """Bytes of the buffer."""
        item = self.device.config.one("logging", what="buffer-size")
        return int(item["rest"]) if item is not None else SIZE


def logs(device: Device) -> PixLogs:
    """The logging of a PIX."""
    found = device.logs
    assert isinstance(found, PixLogs)
    return found


# -- rows


def _debug(call: Call) -> Result:
    logs(call.device).debugs(call.shell)[call["what"]] = int(call["level"] or "1")
    return None


def _no_debug(call: Call) -> Result:
    logs(call.device).debugs(call.shell).pop(call["what"], None)
    return None


def _undebug(call: Call) -> Result:
    logs(call.device).debugs(call.shell).clear()
    return None


def _show_debug(call: Call) -> Result:
    found = logs(call.device).debugs(call.shell)
    return "\n".join(f"debug crypto {what} enabled at level {found[what]}" for what in sorted(found)) or None


def _monitor(call: Call) -> Result:
    call.shell.monitor = "no" not in call.words
    return None


def show_logging(call: Call) -> Result:
    """`show logging`: captures of an ASA 8; the buffer's messages follow."""
    found = logs(call.device)

    def sink(where: str) -> str:
        level = found.level(where)
        return "disabled" if level is None else f"level {LEVELS[level]}, {found.counts[where]} messages logged"

    config = call.config
    on = {what: "enabled" if config.one("logging", what=what) else "disabled" for what in ("enable", "timestamp")}
    lines = [
        f"Syslog logging: {on['enable']}",
        "    Facility: 20",
        f"    Timestamp logging: {on['timestamp']}",
        "    Standby logging: disabled",
        "    Debug-trace logging: disabled",
        f"    Console logging: {sink('console')}",
        f"    Monitor logging: {sink('monitor')}",
        f"    Buffer logging: {sink('buffered')}",
        "    Trap logging: disabled",
        "    History logging: disabled",
        "    Device ID: disabled",
        "    Mail logging: disabled",
        "    ASDM logging: disabled",
        *found.buffer,
    ]
    return Reply("".join(f"{line}\n" for line in lines), paged=True)


def _clear(call: Call) -> Result:
    logs(call.device).clear()
    return None


def _cpu(call: Call) -> Result:
    busy = call.device.cpu
    return f"CPU utilization for 5 seconds = {busy}%; 1 minute: {busy}%; 5 minutes: {busy}%"


def _limited(where: str) -> Effect:
    def effect(call: Call) -> Result:
        number = severity(call["level"])
        if number is None:
            raise BadWord(call["level"])
        call.config.put(f"logging {where} {LEVELS[number]}")
        return None

    return effect


def add(rows: Rows) -> None:
    """The rows of this module."""
    guide = "PIX/ASA guide 7.2 (logging)"
    for switch in ("enable", "timestamp"):
        rows.both("config", f"logging {switch}", put(f"logging {switch}"), f"logging {switch}",
                  drop("logging", what=switch), f"captures; {guide}", Grade.CAPTURE)  # fmt: skip
    for where in ("buffered", "console", "monitor"):
        rows.both("config", f"logging {where} <level:word>", _limited(where), f"logging {where} [<level:word>]",
                  drop("logging", what=where), f"captures; {guide}", Grade.CAPTURE)  # fmt: skip
    rows.both("config", "logging buffer-size <size:4096-1048576>", put("logging buffer-size {size}"),
              "logging buffer-size [<size:word>]", drop("logging", what="buffer-size"), guide, Grade.VENDOR)  # fmt: skip
    debug = "debug crypto <what:=isakmp|ipsec> [<level:1-255>]"
    rows.add("exec", debug, _debug, "seed; asa-cli.md 8; silence: recall", Grade.SEED)
    for no in ("no debug", "undebug"):
        rows.add("exec", f"{no} crypto <what:=isakmp|ipsec> [<level:1-255>]", _no_debug, "recall", Grade.RECALL)
        rows.add("exec", f"{no} all", _undebug, "recall", Grade.RECALL)
    rows.add("exec", "show debug", _show_debug, "recall", Grade.RECALL)
    rows.add("exec", "terminal { monitor | no monitor }", _monitor, "recall", Grade.RECALL)
    rows.add("exec", "show logging", show_logging, "captures of an ASA 8", Grade.CAPTURE)
    rows.add("exec", "clear logging buffer", _clear, "recall: silent", Grade.RECALL)
    rows.add("exec", "clear arp", silent, "recall", Grade.RECALL)
    rows.add("exec", "show cpu [usage]", _cpu, "captures", Grade.CAPTURE)
