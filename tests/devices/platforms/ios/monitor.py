# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: The netvpn.dynamic_l2l contributors
"""IOS 12.4: logging and debugging: what is on, where it goes, and what is shown of it."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from ...engine import BadWord, Call, Effect, Grade, Question, Reply, Result, Rows, silent
from ...logs.lines import Record
from ...logs.sink import LEVELS, SIZE, Logs, severity

if TYPE_CHECKING:
    from ...device import Device

_SEVERITY = re.compile(r"%[A-Z0-9_]+-(\d)-")
_NAMES = {"isakmp": "Crypto ISAKMP", "ipsec": "Crypto IPSEC", "engine": "Crypto Engine"}
_OFF = "All possible debugging has been turned off"


class IosLogs(Logs):
    """Debugs are the device's, and log messages of level 7: sessions see both after `terminal monitor`."""

    def __init__(self, device: Device) -> None:
        super().__init__(device)
        self.debugs: list[str] = []
        self.peers: list[str] = []

    def take(self, record: Record) -> None:
        line = record.line
        with self._lock:
            debug = line.channel != "syslog"
            stamped = self._stamp("debug" if debug else "log") + record.text
            self.remember(line.channel, stamped)
            if debug and (line.channel not in self.debugs or (self.peers and record.peer not in self.peers)):
                return
            self._put(stamped, 7 if debug else line.severity)

    def say(self, text: str) -> None:
        with self._lock:
            found = _SEVERITY.search(text)
            stamped = self._stamp("log") + text
            self.remember("syslog", stamped)
            self._put(stamped, int(found[1]) if found else 5)

    def _put(self, stamped: str, level: int) -> None:
        for where in ("console", "monitor", "buffered"):
            limit = self.level(where)
            if limit is None or level > limit:
                continue
            self.counts[where] += 1
            if where == "buffered":
                self.buffer.add(stamped, self.size())
            elif where == "monitor":
                self.show([shell for shell in self.device.shells if shell.monitor], stamped)

    def _lines(self, where: str) -> str | None:
        """The words behind `logging WHERE`; None behind `no`, and for the buffer without a line."""
        item = self.device.config.one("logging", what=where)
        if item is None:
            return None if where == "buffered" else ""
        return None if item["no"] else item["rest"]

    def level(self, where: str) -> int | None:
        """The highest level that goes to `console`, `monitor` or `buffered`; None: nothing does."""
        words = self._lines(where)
        if words is None or any(item.text == "no logging on" for item in self.device.config.find("logging-on")):
            return None
        named = [word for word in words.split() if not word.isdigit()]
        found = severity(named[-1]) if named else 7
        return 7 if found is None else found

    def size(self) -> int:
        """Bytes of the buffer."""
        return next((int(word) for word in (self._lines("buffered") or "").split() if word.isdigit()), SIZE)

    def _stamp(self, service: str) -> str:
        """By `service timestamps`: nothing without (captures); `*`: no time server sets the clock (ios-show.md C6)."""
        item = self.device.config.one("timestamps", what=service)
        if item is None or item["no"]:
            return ""
        words = item["rest"].split()
        if "datetime" not in words:
            return f"{self.uptime()}: "
        now = self.now()
        year = now.strftime(" %Y") if "year" in words else ""
        msec = f".{now.microsecond // 1000:03}" if "msec" in words else ""
        zone = " UTC" if "show-timezone" in words else ""
        return f"*{now:%b} {now.day:>2}{year} {now:%H:%M:%S}{msec}{zone}: "


def logs(device: Device) -> IosLogs:
    """The logging of a router."""
    found = device.logs
    assert isinstance(found, IosLogs)
    return found


# -- rows


def _monitor(call: Call) -> Result:
    call.shell.monitor = call.words[-2] != "no"
    return None


def _debug(call: Call) -> Result:
    what = call["what"]
    if what not in logs(call.device).debugs:
        logs(call.device).debugs.append(what)
    return f"{_NAMES[what]} debugging is on"


def _no_debug(call: Call) -> Result:
    what = call["what"]
    if what in logs(call.device).debugs:
        logs(call.device).debugs.remove(what)
    return f"{_NAMES[what]} debugging is off"


def _undebug(call: Call) -> Result:
    logs(call.device).debugs.clear()
    return _OFF


def _debug_all(call: Call) -> Result:
    def answer(text: str) -> Reply:
        if text.strip().lower() not in ("y", "yes"):
            return Reply()
        logs(call.device).debugs[:] = list(_NAMES)
        return Reply("All possible debugging has been turned on\n")

    text = "This may severely impact network performance. Continue? (yes/[no]): "
    return Reply(question=Question(text, answer))


def _show_debug(call: Call) -> Result:
    found = [each for each in _NAMES if each in logs(call.device).debugs]
    if not found:
        return None
    return "\n".join(["", "Cryptographic Subsystem:", *(f"  {_NAMES[each]} debugging is on" for each in found)])


def _condition(call: Call) -> Result:
    if call["peer"] not in logs(call.device).peers:
        logs(call.device).peers.append(call["peer"])
    return None


def _no_condition(call: Call) -> Result:
    if call["peer"] in logs(call.device).peers:
        logs(call.device).peers.remove(call["peer"])
    return None


def _no_conditions(call: Call) -> Result:
    logs(call.device).peers.clear()
    return None


def _show_condition(call: Call) -> Result:
    peers = logs(call.device).peers
    if not peers:
        return "Crypto conditional debug currently is turned OFF"
    # One row of the guide holds several addresses, three blanks apart
    return "\n".join(
        [
            "Crypto conditional debug currently is turned ON",
            "IKE debug context unmatched flag: OFF",
            "IPsec debug context unmatched flag: OFF",
            "Crypto Engine debug context unmatched flag: OFF",
            "",
            "IKE peer IP address filters:",
            "   ".join(peers),
        ]
    )


def _sink(found: IosLogs, where: str, title: str, indent: int) -> list[str]:
    level = found.level(where)
    what = "disabled" if level is None else f"level {LEVELS[level]}, {found.counts[where]} messages logged"
    if level is None:
        return [f"    {title} logging: disabled, xml disabled,", f"{' ' * indent}filtering disabled"]
    return [f"    {title} logging: {what}, xml disabled,", f"{' ' * indent}filtering disabled"]


def show_logging(call: Call) -> Result:
    """`show logging`: the header of 12.x (a capture; ios-show.md C6), then the buffer."""
    found = logs(call.device)
    lines = [
        "Syslog logging: enabled (0 messages dropped, 0 messages rate-limited,",
        "                0 flushes, 0 overruns, xml disabled, filtering disabled)",
        *_sink(found, "console", "Console", 21),
        *_sink(found, "monitor", "Monitor", 21),
        *_sink(found, "buffered", "Buffer", 20),
        "    Logging Exception size (4096 bytes)",
        "    Count and timestamp logging messages: disabled",
        "",
        "No active filter modules.",
        "",
        f"    Trap logging: level informational, {found.counts['trap']} message lines logged",
    ]
    if found.level("buffered") is not None:
        lines += ["", f"Log Buffer ({found.size()} bytes):", ""]
        lines += [line for text in found.buffer for line in text.split("\n")]
    return Reply("".join(f"{line}\n" for line in lines), paged=True)


def _clear_logging(call: Call) -> Result:
    def answer(key: str) -> Reply:
        if key in ("", "y", "Y"):
            logs(call.device).clear()
        return Reply()

    return Reply(question=Question("Clear logging buffer [confirm]", answer, single=True))


def _cpu(call: Call) -> Result:
    busy = call.device.cpu
    return "\n".join(
        [
            f"CPU utilization for five seconds: {busy}%/0%; one minute: {busy}%; five minutes: {busy}%",
            " PID Runtime(ms)   Invoked      uSecs   5Sec   1Min   5Min TTY Process ",
            "   1           0         1          0  0.00%  0.00%  0.00%   0 Chunk Manager    ",
            "   2         324     32865          9  0.00%  0.00%  0.00%   0 Load Meter       ",
        ]
    )


def _buffered(call: Call) -> Result:
    level = _level(call)
    size = call["size"] if call.has("size") else str(SIZE)
    call.config.put(" ".join(filter(None, ("logging buffered", size, level))))
    return None


def _level(call: Call) -> str:
    if not call.has("level"):
        return ""
    number = severity(call["level"])
    if number is None:
        raise BadWord(call["level"])
    return LEVELS[number]


def _limited(where: str) -> Effect:
    def effect(call: Call) -> Result:
        level = _level(call)
        if level in ("", "debugging"):
            call.config.drop("logging", what=where)
        else:
            call.config.put(f"logging {where} {level}")
        return None

    return effect


def _off(where: str) -> Effect:
    def effect(call: Call) -> Result:
        if where == "buffered":
            call.config.drop("logging", what=where)
        else:
            call.config.put(f"no logging {where}")
        return None

    return effect


def _switched(on: bool) -> Effect:
    def effect(call: Call) -> Result:
        call.config.drop("logging-on")
        if not on:
            call.config.put("no logging on")
        return None

    return effect


def add(rows: Rows) -> None:
    """The rows of this module."""
    clients = "Netspoc-Approve, netmiko"
    rows.both("config", "logging console [<level:word>]", _limited("console"), "logging console", _off("console"),
              clients, Grade.TOOL)  # fmt: skip
    rows.both("config", "logging monitor [<level:word>]", _limited("monitor"), "logging monitor", _off("monitor"),
              "Cisco command reference", Grade.VENDOR)  # fmt: skip
    rows.both("config", "logging buffered [<size:4096-2147483647>] [<level:word>]", _buffered, "logging buffered",
              _off("buffered"), "captures; which words it shows: recall", Grade.RECALL)  # fmt: skip
    rows.both("config", "logging on", _switched(True), "logging on", _switched(False), "recall", Grade.RECALL)
    rows.add("exec", "terminal monitor", _monitor, "captures", Grade.CAPTURE)
    rows.add("exec", "terminal no monitor", _monitor, "captures", Grade.CAPTURE)
    sheet = "ios-show.md C6"
    crypto = "crypto <what:=isakmp|ipsec>"
    rows.add("exec", f"debug {crypto}", _debug, f"{sheet} (captures)", Grade.CAPTURE)
    rows.add("exec", "debug crypto <what:=engine>", _debug, f"{sheet}; unsourced", Grade.RECALL)
    for no in ("no debug", "undebug"):
        rows.add("exec", f"{no} crypto <what:=isakmp|ipsec|engine>", _no_debug, f"{sheet}; simulators", Grade.RECALL)
        rows.add("exec", f"{no} all", _undebug, f"{sheet} (captures)", Grade.CAPTURE)
    rows.add("exec", "debug all", _debug_all, f"{sheet}; unsourced", Grade.RECALL)
    rows.add("exec", "show debugging", _show_debug, f"{sheet} (captures); nothing on: unsourced", Grade.CAPTURE)
    rows.add("exec", "debug crypto condition peer ipv4 <peer:address>", _condition, f"{sheet}; the guide", Grade.RECALL)
    rows.add("exec", "no debug crypto condition peer ipv4 <peer:address>", _no_condition, f"{sheet}; the guide",
             Grade.RECALL)  # fmt: skip
    rows.add("exec", "debug crypto condition reset", _no_conditions, f"{sheet}; unsourced", Grade.RECALL)
    rows.add("exec", "show crypto debug-condition [peer]", _show_condition, f"{sheet}; unsourced", Grade.RECALL)
    rows.add("any", "show logging", show_logging, f"{sheet}; capture of 12.x", Grade.CAPTURE)
    rows.add("exec", "clear logging", _clear_logging, "recall: it asks", Grade.RECALL)
    rows.add("exec", "clear { counters | access-list counters }", silent, "common", Grade.RECALL)
    rows.add("any", "show processes cpu", _cpu, "captures (first line, heading)", Grade.CAPTURE)
