# Copyright: The netvpn.dynamic_l2l contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""Transports that lead to no device: one answers from a script, one types at a device model."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from _core.errors import TransportError

from .asa_device import AsaDevice, Refused
from .ios_device import IosDevice

#: What exec and configuration mode answer to a line that they do not know.
INVALID = {"asa": "ERROR: % Invalid input detected at '^' marker.", "ios": "% Invalid input detected at '^' marker."}


class ModelTransport:
    """Types at a device model, as strict about modes as IOS: ``configure terminal`` inside itself is refused.

    ``refuse`` numbers the configuration line (1 is the first behind ``configure terminal``) that the device refuses;
    ``fail`` the one at which the connection breaks; ``answer`` may say something to a line.
    """

    def __init__(
        self,
        device: AsaDevice | IosDevice,
        *,
        refuse: int | None = None,
        fail: int | None = None,
        masked: bool = False,
        answer: Callable[[str], str | None] = lambda line: None,
    ) -> None:
        self.device = device
        self.platform = "asa" if isinstance(device, AsaDevice) else "ios"
        self.refuse, self.fail, self.masked, self.answer = refuse, fail, masked, answer
        self.configuring = False
        self.dropped = False
        self.count = 0
        #: every line that was typed
        self.typed: list[str] = []
        self.writes: list[list[str]] = []
        self.saved: str | None = None

    def read(self, command: str) -> str:
        self._alive()
        self.typed.append(command)
        prompt = "\nhub#"
        words = command.split()
        if self.configuring:
            raise AssertionError(f"{command} in configuration mode")
        if words == ["write", "memory"]:
            self.saved = self.device.text()
            return f"{command}\nBuilding configuration...\n[OK]{prompt}"
        if isinstance(self.device, AsaDevice):
            if words == ["more", "system:running-config"] and self.masked:
                return f"{command}\nCommand authorization failed{prompt}"
            if words in (["more", "system:running-config"], ["show", "running-config"]):
                masked = words[0] == "show"
                return f"{command}\n{self.device.text(masked=masked).rstrip()}{prompt}"
        elif words == ["show", "running-config"]:
            return f"{command}\n{self.device.text().rstrip()}{prompt}"
        elif words == ["show", "access-lists"]:
            return f"{command}\n{self.device.show_access_lists().rstrip()}{prompt}"
        return f"{command}\n{INVALID[self.platform]}{prompt}"

    def write(self, lines: Sequence[str], question: str | None = None, reply: str = "no") -> list[str]:
        self._alive()
        assert not question or len(lines) == 1
        self.writes.append(list(lines))
        return [self._type(line) for line in lines]

    def drop(self) -> None:
        self.dropped = True

    def _alive(self) -> None:
        if self.dropped:
            raise TransportError("the connection to the device was lost; the connection was closed.")

    def _type(self, line: str) -> str:
        self.typed.append(line)
        if line == "configure terminal":
            if self.configuring:
                return INVALID[self.platform]
            self.configuring = True
            return "Enter configuration commands, one per line.  End with CNTL/Z."
        if line == "end":
            assert self.configuring, "end in exec mode looks up a host of that name"
            self.configuring = False
            self.device.mode = ()
            return ""
        assert self.configuring, f"{line} in exec mode"
        self.count += 1
        if self.count == self.fail:
            self.dropped = True
            raise TransportError(f"no answer to '{line}'")
        said = self.answer(line)
        if said is not None:
            return said
        if self.count == self.refuse:
            # Devices repeat what they did not take.
            return f'{INVALID[self.platform]}\n% Ambiguous command:  "{line}"'
        if line == "exit" and not self.device.mode:
            self.configuring = False
            return ""
        try:
            self.device.type(line)
        except Refused as refusal:
            return str(refusal)
        return ""


class ScriptedTransport:
    """Answers reads from a table; a list is used up one by one."""

    def __init__(self, reads: dict[str, str | list[str]]) -> None:
        self.reads = reads
        self.dropped = False
        self.typed: list[str] = []

    def read(self, command: str) -> str:
        self.typed.append(command)
        answer = self.reads.get(" ".join(command.split()), "% Invalid input detected at '^' marker.\nhub#")
        return answer.pop(0) if isinstance(answer, list) else answer

    def write(self, lines: Sequence[str], question: str | None = None, reply: str = "no") -> list[str]:
        self.typed += lines
        return ["" for _line in lines]

    def drop(self) -> None:
        self.dropped = True
