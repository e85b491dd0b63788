# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: The netvpn.dynamic_l2l contributors
"""Classic IOS: what differs by version is data (version.py), the rest is in the modules beside this one."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from ...engine import CONFIG, Mode, Platform, Rows
from ...grammar import Failure
from ...store import Item
from . import acl, base, crypto, exec, monitor, nat
from .schema import CONFIG as SCHEMA
from .version import IOS_12_4, IosVersion

if TYPE_CHECKING:
    from ...device import Device
    from ...logs.sink import Logs
    from ...shell import Shell


__all__ = ["IOS_12_4", "Ios"]

_KEYS = re.compile(r"^(\s*(?:crypto isakmp key(?: [06])?|enable (?:secret|password)(?: \d)?|password(?: \d)?) )(\S+)")
_USER = re.compile(r"^(username .*(?:password|secret) \d )(\S+)")


class Ios(Platform):
    """A router."""

    more_marker = " --More-- "
    # ten characters back, over, and back (captures; older ones have nine and eight)
    more_erase = "\b" * 10 + " " * 10 + "\b" * 10
    # cisco.ios, scrapli; an empty line follows (captures)
    unauthorized = "Command authorization failed.\n\n"
    filters = {name: name for name in ("include", "exclude", "begin", "section", "count")}
    schema = SCHEMA
    version: IosVersion

    def __init__(self, version: IosVersion) -> None:
        self.version = version
        rows = Rows(version.name)
        for module in (base, acl, nat, crypto, exec, monitor):
            module.add(rows)
        super().__init__(version.name, rows.rows, acl.MACROS)

    # -- sessions

    def logs(self, device: Device) -> Logs:
        return monitor.IosLogs(device)

    def lookup(self, mode: Mode) -> list[tuple[str, Mode]]:
        if mode.name in ("user", "exec"):
            return [(mode.name, mode), ("any", mode)]
        outside = [("leave", mode), ("config", CONFIG)]
        return outside if mode.name == "config" else [(mode.name, mode), *outside]

    def hostname(self, device: Device) -> str:
        found = device.config.one("hostname")
        return found["name"] if found else "Router"

    def prompt(self, shell: Shell) -> str:
        name, mode = self.hostname(shell.device), shell.mode
        if mode.configures:
            name = name[:20]  # in the configuration modes alone (netmiko issues 2755, 1786)
        # levels 2 to 14 have the commands of level 1 and the sign of level 15
        return f"{name}{mode.suffix}{'>' if mode.name == 'user' and shell.level < 2 else '#'}"

    def greeting(self, shell: Shell) -> str:
        return "\n"  # one line end before the first prompt (netmiko's log of an 881)

    def width(self, shell: Shell) -> int:
        return 80 if shell.width_override is None else shell.width_override

    def page(self, shell: Shell) -> int:
        return 24 if shell.page_override is None else shell.page_override

    def interruption(self, text: str, at_start: bool) -> str:
        # always on a new line; what is typed or printed next stands right behind it (ios-session.md 1.6, a lab of XE 17)
        return f"\n{text}"

    def explain(self, shell: Shell, line: str, failure: Failure) -> str:
        words = line.split()
        if failure.reason == "incomplete":
            if len(words) == 1 and "show".startswith(words[0].lower()):
                return '% Type "show ?" for a list of subcommands\n'
            return "% Incomplete command.\n\n"
        if failure.reason == "ambiguous":
            return f'% Ambiguous command:  "{line.strip()}"\n'
        if not shell.mode.configures and len(words) == 1 and failure.depth == 0:
            # the word is taken for a host name (netmiko's log of an 881)
            text = "% Bad IP address or host name\n% Unknown command or computer name, or unable to find computer address\n"
            looks_up = not shell.device.config.one("domain-lookup")
            return (f'Translating "{words[0]}"...domain server (255.255.255.255)\n' if looks_up else "") + text
        column = len(self.prompt(shell)) + failure.column
        return f"{' ' * column}^\n% Invalid input detected at '^' marker.\n\n"

    # -- configuration

    def load(self, text: str, device: Device) -> None:
        lines = [line.rstrip() for line in text.replace("\r", "").strip("\n").split("\n")]
        head = next((i for i, line in enumerate(lines[:6]) if line.startswith(("Current configuration", "Using "))), -1)
        lines = [line for line in lines[head + 1 :] if line.strip() != "! Incomplete"]
        while lines and lines[0] in ("!", "", "Building configuration..."):
            lines.pop(0)
        device.config.load(lines)
        acl.number_all(device.config)

    def render(self, device: Device, *, secrets: bool) -> list[str]:
        lines: list[str] = []
        for item in device.config:
            lines += self._lines(item)
        return lines

    def _lines(self, item: Item) -> list[str]:
        trail = item.kind.trail if item.kind else ""
        if item.kind and item.kind.name == "crypto-map" and not item["seq"]:
            trail = ""  # `crypto map M local-address I` has no blank behind it (captures of 15.0)
        lines = [item.indent + item.text + trail]
        if crypto.incomplete(item):
            lines.append(" ! Incomplete")
        return [*lines, *item.block.lines(), *item.tail]

    def show_running(self, device: Device, *, secrets: bool = False) -> list[str]:
        body = ["!", *self.render(device, secrets=secrets)]
        # the text below the line, one byte for each line end (counted on captures)
        size = sum(len(line) + 1 for line in body)
        return ["Building configuration...", "", f"Current configuration : {size} bytes", *body]

    def show_startup(self, device: Device) -> list[str]:
        if device.startup is None:
            return ["startup-config is not present"]
        size = sum(len(line) + 1 for line in device.startup) + 2
        return [f"Using {size} out of {self.version.nvram} bytes", "!", *device.startup]

    def mask(self, line: str) -> str:
        return _USER.sub(r"\1***", _KEYS.sub(r"\1***", line))
