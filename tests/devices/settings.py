# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: The netvpn.dynamic_l2l contributors
"""Which devices to run: from the command line or from a YAML file, checked before anything starts."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import yaml

from . import faults
from .device import Device, Secrets
from .grammar import is_address

KEYS = (
    "platform",
    "port",
    "config",
    "hostname",
    "secrets",
    "banner",
    "startup",
    "fault",
    "lease",
    "answers",
    "privileged",
    "privilege",
    "cpu",
)
_SEVERAL = ("fault", "lease", "answers")


class SettingsError(Exception):
    """Something is wrong with what was asked for; the text says what."""


@dataclass(frozen=True)
class Defaults:
    """What holds for all devices that do not say otherwise."""

    user: str = "admin"
    password: str = "admin"
    enable: str = "admin"


@dataclass(frozen=True)
class Settings:
    """One device."""

    name: str
    platform: str
    port: int
    config: str
    hostname: str | None = None
    secrets: str | None = None
    banner: str | None = None
    startup: str | None = None
    privileged: bool = False
    privilege: int = 15
    cpu: int = 1
    fault: Sequence[str] = field(default_factory=tuple)
    lease: Sequence[str] = field(default_factory=tuple)
    answers: Sequence[str] = field(default_factory=tuple)

    def device(self, defaults: Defaults) -> Device:
        """The device, ready to be served."""
        data: Mapping[str, Any] = yaml.safe_load(_read(self.secrets)) or {} if self.secrets else {}
        try:
            device = Device.from_text(
                self.platform,
                _read(self.config),
                hostname=self.hostname,
                secrets=Secrets.of(data, defaults.enable, {defaults.user: defaults.password}),
                startup=_read(self.startup) if self.startup else None,
                banner=_read(self.banner) if self.banner else "",
                faults=faults.parse(self.fault),
            )
        except ValueError as error:
            raise SettingsError(f"device {self.name}: {error}") from error
        for lease in self.lease:
            interface, colon, rest = lease.partition(":")
            address, comma, gateway = rest.partition(",")
            if not colon or not _is_lease(address) or (comma and not is_address(gateway)):
                raise SettingsError(f"device {self.name}: lease=INTERFACE:ADDRESS[/LENGTH][,GATEWAY], not {lease}")
            device.leases[interface] = address
            if gateway:
                device.gateways[interface] = gateway
        for address in self.answers:
            if not is_address(address):
                raise SettingsError(f"device {self.name}: answers=ADDRESS, not {address}")
            device.answers.add(address)
        device.privilege, device.cpu = self.privilege, self.cpu
        return device


def _is_lease(text: str) -> bool:
    address, slash, length = text.partition("/")
    return is_address(address) and (not slash or (length.isdigit() and int(length) <= 32))


def from_words(words: Sequence[str]) -> Settings:
    """`NAME platform=... port=... config=...`"""
    name, *pairs = words
    data: dict[str, Any] = {"name": name}
    for pair in pairs:
        key, equals, value = pair.partition("=")
        if not equals or key not in KEYS:
            raise SettingsError(f"device {name}: {pair} is not one of {', '.join(f'{key}=' for key in KEYS)}")
        if key in _SEVERAL:
            data.setdefault(key, []).append(value)
        else:
            data[key] = value
    return _checked(data)


def from_file(path: Path) -> list[Settings]:
    """The devices of a YAML file: `devices: [{name: ..., platform: ..., port: ..., config: ...}]`."""
    return [_checked(dict(entry)) for entry in _spec(path)["devices"]]


def wire_of(path: Path) -> object:
    """The topology in such a file, key `wire`; None if it has none."""
    return _spec(path).get("wire")


def _spec(path: Path) -> dict[str, Any]:
    data = yaml.safe_load(_read(str(path)))
    if not isinstance(data, dict) or not isinstance(data.get("devices"), list):
        raise SettingsError(f"{path}: a mapping with a list `devices` is wanted")
    return data


def _checked(data: dict[str, Any]) -> Settings:
    name = data.get("name", "?")
    if missing := [key for key in ("name", "platform", "port", "config") if key not in data]:
        raise SettingsError(f"device {name}: {', '.join(missing)} is missing")
    if unknown := [key for key in data if key not in ("name", *KEYS)]:
        raise SettingsError(f"device {name}: unknown: {', '.join(unknown)}")
    for key in _SEVERAL:
        value = data.get(key, [])
        data[key] = tuple([value] if isinstance(value, str) else value)
    if not str(data["port"]).isdigit():
        raise SettingsError(f"device {name}: port {data['port']} is not a number")
    data["port"] = int(data["port"])
    level = str(data.get("privilege", 15))
    if not level.isdigit() or int(level) > 15:
        raise SettingsError(f"device {name}: privilege {level} is not a level from 0 to 15")
    data["privilege"] = int(level)
    cpu = str(data.get("cpu", 1))
    if not cpu.isdigit() or int(cpu) > 100:
        raise SettingsError(f"device {name}: cpu {cpu} is not a percentage")
    data["cpu"] = int(cpu)
    data["privileged"] = str(data.get("privileged", False)).lower() in ("true", "yes", "1")
    return Settings(**data)


def _read(path: str) -> str:
    try:
        return Path(path).read_text(encoding="utf-8")
    except OSError as error:
        raise SettingsError(f"{path}: {error.strerror}") from error
