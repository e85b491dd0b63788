# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: The netvpn.dynamic_l2l contributors
"""PIX 7.x: what differs by version is data (version.py), the rest is in the modules beside this one."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import TYPE_CHECKING

from ...engine import CONFIG, Mode, Platform, Row, Rows
from ...grammar import Failure, Match
from ...store import Block, Item
from . import acl, base, crypto, exec, monitor, nat
from .exec import checksum
from .schema import CONFIG as SCHEMA
from .version import PIX_7_2, PixVersion

if TYPE_CHECKING:
    from ...device import Device
    from ...logs.sink import Logs
    from ...shell import Shell


__all__ = ["PIX_7_2", "Pix"]

# Commands of level 0; all others are of level 15, where `aaa authorization command` is on (guide OL-6721-01, 30-8)
_LEVEL_0 = (
    "show checksum",
    "show curpriv",
    "enable",
    "disable",
    "login",
    "logout",
    "exit",
    "quit",
    "terminal pager",
    "no terminal pager",
    "show pager",
    "show version",
)
_MASKED = re.compile(r"\*+")
# Lines where an address is shown as its name, and typed so, while `names` is on (captures of 8.2)
_NAMED = ("access-list", "nat", "global", "static", "route", "object-group", "crypto-map", "ssh", "telnet")


class Pix(Platform):
    """A PIX."""

    more_marker = "<--- More --->"
    more_erase = "\r" + " " * 14 + "\r"
    # The prompt comes behind a CR of its own (Netspoc-Approve; a mock with strings of a device)
    new_prompt = "\r"
    # cisco.asa's pattern; a client's report of an ASA has it behind `ERROR: `
    unauthorized = "Command authorization failed\n"
    # All commands without command authorization (guide OL-6721-01, 30-8)
    exec_level = 2
    filters = {"include": "include", "exclude": "exclude", "begin": "begin", "grep": "include"}
    schema = SCHEMA
    version: PixVersion

    def __init__(self, version: PixVersion) -> None:
        self.version = version
        rows = Rows(version.name)
        for module in (base, acl, nat, crypto, exec, monitor):
            module.add(rows)
        super().__init__(version.name, rows.rows, acl.MACROS)

    # -- sessions

    def logs(self, device: Device) -> Logs:
        return monitor.PixLogs(device)

    def lookup(self, mode: Mode) -> list[tuple[str, Mode]]:
        if mode.name == "user":
            return [("user", mode), ("any", mode)]
        if mode.name == "exec":
            return [("exec", mode), ("any", mode)]
        # Commands of the exec mode are taken in the configuration mode too, without `do`.
        outside = [("leave", mode), ("config", CONFIG), ("exec", mode), ("any", mode)]
        return outside if mode.name == "config" else [(mode.name, mode), *outside]

    def hostname(self, device: Device) -> str:
        found = device.config.one("hostname")
        return found["name"] if found else self.version.factory_name

    def prompt(self, shell: Shell) -> str:
        mode = shell.mode
        return f"{self.hostname(shell.device)}{mode.suffix}{'>' if mode.name == 'user' else '#'} "

    def greeting(self, shell: Shell) -> str:
        return "Type help or '?' for a list of available commands.\n"

    def width(self, shell: Shell) -> int:
        found = shell.device.config.one("terminal-width")
        return int(found["width"]) if found else 80

    def page(self, shell: Shell) -> int:
        if shell.page_override is not None:
            return shell.page_override
        found = shell.device.config.one("pager")
        return int(found["lines"] or "0") if found else 24

    def explain(self, shell: Shell, line: str, failure: Failure) -> str:
        if failure.reason == "incomplete":
            return "ERROR: % Incomplete command\n"
        if failure.reason == "ambiguous":
            return f'ERROR: % Ambiguous command:  "{line.strip()}"\n'
        column = len(self.prompt(shell)) + failure.column
        return f"{' ' * column}^\nERROR: % Invalid input detected at '^' marker.\n"

    def aliases(self, device: Device) -> dict[str, str]:
        names = device.config.one("names")
        if names is None or names.text != "names":
            return {}
        return {item["name"]: item["address"] for item in device.config.find("name")}

    def authorized(self, shell: Shell, match: Match[Row]) -> bool:
        if shell.level >= 15 or not any(
            item.text.startswith("aaa authorization command") for item in shell.device.config
        ):
            return True
        line = " ".join(match.words)
        return any(line == each or line.startswith(f"{each} ") for each in _LEVEL_0)

    def locked(self, shell: Shell, mode: Mode) -> str:
        if not shell.device.faults.locked or not mode.configures:
            return ""
        # While another session writes or replicates; any command that changes something (recall)
        return "Command Ignored, Configuration in progress...\n"

    # -- configuration

    def load(self, text: str, device: Device) -> None:
        lines = [line.rstrip() for line in text.replace("\r", "").split("\n")]
        body = [line for line in lines if not line.startswith((":", "Cryptochecksum:")) and line]
        device.config.load(body)
        for group in device.config.find("tunnel-group", what="ipsec-attributes"):
            for key in group.block.find("pre-shared-key"):
                if _MASKED.fullmatch(key["key"]):
                    key.secret = device.secrets.pre_shared_keys.get(group["name"])
                else:
                    key.secret = key["key"]
                key.text = f"pre-shared-key {self.version.masked_key}"
        self._resolve(device)

    def _resolve(self, device: Device) -> None:
        names = self.aliases(device)
        if not names:
            return
        for item in device.config.find(*_NAMED):
            for line in (item, *item.block):
                _replace(line, names, device.config if line is item else item.block)

    def render(self, device: Device, *, secrets: bool) -> list[str]:
        return list(device.config.lines(self.printer(device, secrets=secrets)))

    def printer(self, device: Device, *, secrets: bool) -> Callable[[Item], str]:
        """How a line is printed: keys, names for addresses, blanks at line ends."""
        addresses = {address: name for name, address in self.aliases(device).items()}

        def show(item: Item) -> str:
            if item.secret is not None and secrets:
                return f"pre-shared-key {item.secret}"
            kind = item.kind.name if item.kind else ""
            text = item.text
            if addresses and kind in (*_NAMED, "member"):
                head, *words = text.split(" ")
                text = " ".join([head, *(addresses.get(word, word) for word in words)])
            # one blank behind most entries (captures of 8.2 and 9.x)
            return text + " " if kind == "access-list" and item["type"] == "extended" else text

        return show

    def show_running(self, device: Device, *, secrets: bool = False) -> list[str]:
        body = self.render(device, secrets=secrets)
        digest = checksum(self.render(device, secrets=True))
        return [": Saved", ":", *body, f"Cryptochecksum:{digest}", ": end"]

    def show_startup(self, device: Device) -> list[str]:
        if device.startup is None:
            return ["No Configuration"]
        masked = [re.sub(r"^( pre-shared-key) .*", rf"\1 {self.version.masked_key}", line) for line in device.startup]
        # `Written by`: recall
        written = ": Written by enable_15 at 01:00:00.000 UTC Fri Jan 1 1993"
        return [": Saved", written, *masked, f"Cryptochecksum:{checksum(device.startup)}", ": end"]


def _replace(line: Item, names: dict[str, str], block: Block) -> None:
    if line.kind is None:
        return
    head, *words = line.text.split(" ")
    text = " ".join([head, *(names.get(word, word) for word in words)])
    if text != line.text and (found := block.schema.classify(text)):
        line.text, line.fields = text, found[1]
