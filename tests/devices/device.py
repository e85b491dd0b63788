# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: The netvpn.dynamic_l2l contributors
"""A device: its running and startup configuration, its secrets, what happened to it, and its sessions."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from . import faults as fault
from .engine import Grade, Platform, Row
from .platforms import platform as find_platform
from .shell import Shell
from .store import Block

if TYPE_CHECKING:
    from .logs.sink import Logs
    from .wire.plant import Plant

_TRANSLATION = "tcp 192.0.2.1:1025     198.51.100.1:1025  203.0.113.1:80     203.0.113.1:80"
# Told of every row that is used, in all devices: see recall.py
watchers: list[Callable[[Row], None]] = []


@dataclass(frozen=True)
class Event:
    """Something that a test may want to know and that no line of output tells."""

    name: str
    detail: str = ""


@dataclass
class Secrets:
    """What stands behind the `*` of a PIX, and who may log in. Kept beside the configuration, as nowhere else."""

    pre_shared_keys: dict[str, str] = field(default_factory=dict)
    enable: str = "admin"
    login: dict[str, str] = field(default_factory=lambda: {"admin": "admin"})

    @classmethod
    def of(cls, data: Mapping[str, Any], enable: str | None = None, login: dict[str, str] | None = None) -> Secrets:
        """From a mapping with `pre_shared_keys`, `enable` and `login`; what it leaves out is given or a default."""
        default = cls()
        return cls(
            {str(name): str(key) for name, key in (data.get("pre_shared_keys") or {}).items()},
            str(data.get("enable", default.enable if enable is None else enable)),
            {str(user): str(word) for user, word in (data.get("login") or login or default.login).items()},
        )


class Device:
    """An emulated device."""

    def __init__(self, platform: Platform, text: str, secrets: Secrets, faults: fault.Faults) -> None:
        self.platform = platform
        self.secrets = secrets
        self.faults = faults
        self.banner = ""
        self.events: list[Event] = []
        self.used: dict[str, Row] = {}
        self.received: list[str] = []
        self.on_line: Callable[[str], None] | None = None
        self.config_lines = 0
        self.touched = False
        # NAT translations that exist: any text; the rule that made them is then in use.
        self.translations: list[str] = [_TRANSLATION] if faults.nat_in_use else []
        # Addresses from DHCP, by interface: the configuration does not have them.
        self.leases: dict[str, str] = {}
        # The highest privilege level that a login or `enable` reaches
        self.privilege = 15
        # Addresses that answer a ping, and the gateways that DHCP gave with an address, by interface
        self.answers: set[str] = set()
        self.gateways: dict[str, str] = {}
        # A reload that was scheduled (`reload in`): its minutes. Nobody waits for it: a test calls `reload()`.
        self.reload_minutes: int | None = None
        self.config: Block = Block(platform.schema)
        self.startup: list[str] | None = None
        # Level wire: the namespaces that follow the running configuration. Level cli: None.
        self.plant: Plant | None = None
        # Held while a line changes the configuration: at level wire sessions and leases have threads of their own
        self.lock = threading.RLock()
        # Percent of the processor that `show processes cpu` and `show cpu usage` name
        self.cpu = 1
        self.logs: Logs = platform.logs(self)
        self._shells: list[Shell] = []
        self._sessions = 0
        platform.load(text, self)

    @classmethod
    def from_text(
        cls,
        platform: str,
        text: str,
        *,
        hostname: str | None = None,
        secrets: Secrets | Mapping[str, Any] | None = None,
        enable: str | None = None,
        startup: str | None = None,
        banner: str = "",
        faults: fault.Faults | Iterable[str] | None = None,
    ) -> Device:
        """A device that runs the configuration `text`, which is also its startup configuration unless one is given."""
        if not isinstance(secrets, Secrets):
            secrets = Secrets.of(secrets or {}, enable)
        if not isinstance(faults, fault.Faults):
            faults = fault.parse(faults or ())
        device = cls(find_platform(platform), startup if startup is not None else text, secrets, faults)
        device.save()
        if startup is not None:
            device.load(text)
        if hostname:
            device.config.put(f"hostname {hostname}")
            if startup is None:
                device.save()
        device.banner = banner if not banner or banner.endswith("\n") else banner + "\n"
        device.events.clear()
        return device

    # -- configuration

    def load(self, text: str) -> None:
        """Make `text` the running configuration."""
        with self.lock:
            self.config = Block(self.platform.schema)
            self.platform.load(text, self)
        if self.plant is not None:
            self.plant.changed()

    def save(self) -> None:
        """Running to startup configuration."""
        self.startup = self.platform.render(self, secrets=True)
        self.event("saved")

    def reload(self) -> None:
        """Start anew: every session ends, the startup configuration runs."""
        for shell in list(self._shells):
            shell.close()
        self.reload_minutes = None
        if self.plant is not None:
            self.plant.power_off()
        self.load("\n".join(self.startup or []))
        self.event("reloaded")

    def running_config(self) -> str:
        """What `show running-config` prints."""
        return "\n".join(self.platform.show_running(self)) + "\n"

    def startup_config(self) -> str:
        """What `show startup-config` prints."""
        return "\n".join(self.platform.show_startup(self)) + "\n"

    def masked_config(self) -> str:
        """The running configuration without any key: for files that others may read."""
        return "\n".join(self.platform.mask(line) for line in self.platform.show_running(self)) + "\n"

    # -- what happened

    def event(self, name: str, detail: str = "") -> None:
        """Note that something happened."""
        self.events.append(Event(name, detail))

    def rows_on_recall(self) -> list[Row]:
        """The rows used so far that rest on recall."""
        return [row for row in self.used.values() if row.grade is Grade.RECALL]

    def use(self, row: Row) -> None:
        """A typed line fitted this row."""
        self.used[str(row)] = row
        for watcher in watchers:
            watcher(row)

    def record(self, shell: Shell, line: str) -> None:
        """A line was typed (keys masked)."""
        text = f"[{shell.number}] {line}"
        self.received.append(text)
        if self.on_line:
            self.on_line(text)

    # -- sessions

    def open_shell(self, *, privileged: bool = False, user: str = "") -> Shell:
        """A new session."""
        return Shell(self, user=user, privileged=privileged)

    def open(self, shell: Shell) -> int:
        """A session begins; returns its number."""
        self._shells.append(shell)
        self._sessions += 1
        return self._sessions

    def close(self, shell: Shell) -> None:
        """A session is over."""
        if shell in self._shells:
            self._shells.remove(shell)

    @property
    def shells(self) -> list[Shell]:
        """The sessions that there are."""
        return list(self._shells)

    def log(self, text: str) -> None:
        """A line of the syslog that something typed brings."""
        self.event("log", text)
        self.logs.say(text)
