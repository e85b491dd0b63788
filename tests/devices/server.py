# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: The netvpn.dynamic_l2l contributors
"""SSH in front of the devices. Management access is not in their running configurations: users are given beside them."""

from __future__ import annotations

import asyncio
import contextlib
import socket
from collections.abc import Callable, Sequence
from typing import Any, TypeVar

import asyncssh

from .device import Device
from .shell import Shell

ADDRESS = "127.0.0.1"
# A connection ends behind the third wrong password (IOS: the default of `ip ssh authentication-retries`; PIX: recall)
ATTEMPTS = 3
Changed = Callable[[Device], None]
Value = TypeVar("Value")


class _Session(asyncssh.SSHServerSession[str]):
    """One channel: a shell, or one command."""

    def __init__(self, device: Device, user: str, privileged: bool, changed: Changed) -> None:
        self._device = device
        self._shell = Shell(device, user=user, privileged=privileged)
        self._changed = changed
        self._typed: asyncio.Queue[str | None] = asyncio.Queue()
        self._command: str | None = None
        # Until the first prompt is written nothing else is
        self._busy = True
        self._task: asyncio.Task[None] | None = None

    def connection_made(self, chan: asyncssh.SSHServerChannel[str]) -> None:
        self._channel = chan

    def pty_requested(self, term_type: str, term_size: tuple[int, int, int, int], term_modes: object) -> bool:
        return True

    def shell_requested(self) -> bool:
        return True

    def exec_requested(self, command: str) -> bool:
        self._command = command
        return True

    def session_started(self) -> None:
        loop = asyncio.get_running_loop()

        def printed() -> None:
            # in whatever thread the device logs
            with contextlib.suppress(RuntimeError):
                loop.call_soon_threadsafe(self._push)

        self._shell.on_output = printed
        self._task = asyncio.create_task(self._run())

    def data_received(self, data: str, datatype: int | None) -> None:
        self._typed.put_nowait(data)

    def eof_received(self) -> bool:
        self._typed.put_nowait(None)
        return True

    def connection_lost(self, exc: Exception | None) -> None:
        self._shell.close()
        self._typed.put_nowait(None)

    async def _run(self) -> None:
        shell, faults = self._shell, self._device.faults
        if self._command is not None:
            shell.start()
            reply = await self._do(shell.platform.execute, shell, self._command)
            if self._device.plant is not None:
                await asyncio.to_thread(self._device.plant.changed)
            self._channel.write(reply.text.replace("\n", "\r\n"))
            self._end()
            return
        await asyncio.sleep(faults.banner_delay)
        self._write(shell.start())
        self._busy = False
        while not shell.closed and (typed := await self._typed.get()) is not None:
            before = shell.lines_taken
            self._busy = True
            try:
                printed = await self._do(shell.feed, typed)
            except Exception as error:
                # A fault of the emulator, not of what was typed: the test that met it must find it.
                self._device.record(shell, f"EMULATOR FAULT: {type(error).__name__}: {error}")
                shell.dropped = True
                self._end()
                raise
            if faults.latency:
                await asyncio.sleep(faults.latency * (shell.lines_taken - before))
            self._write(printed)
            self._busy = False
            self._push()
            if self._device.touched:
                self._device.touched = False
                self._changed(self._device)
        self._end()

    async def _do(self, function: Callable[..., Value], *arguments: Any) -> Value:
        """Call a function; at level wire it may wait for packets, and others must not wait for it."""
        if self._device.plant is None:
            return function(*arguments)
        return await asyncio.to_thread(function, *arguments)

    def _push(self) -> None:
        """What the device printed by itself, unless a line is carried out: then it comes behind that."""
        if not self._busy and not self._shell.closed and (text := self._shell.unread()):
            self._write(text)

    def _write(self, text: str) -> None:
        if not self._channel.is_closing():
            self._channel.write(text)

    def _end(self) -> None:
        if self._shell.dropped:
            connection = self._channel.get_connection()
            connection.abort()
        elif not self._channel.is_closing():
            self._shell.close()
            self._channel.exit(0)


class _Server(asyncssh.SSHServer):
    """Authentication: password, asked either way that clients know."""

    def __init__(self, device: Device, privileged: bool, changed: Changed) -> None:
        self._device = device
        self._privileged = privileged
        self._changed = changed
        self._user = ""
        self._failures = 0

    def connection_made(self, conn: asyncssh.SSHServerConnection) -> None:
        self._connection = conn

    def begin_auth(self, username: str) -> bool:
        self._user = username
        return True

    def public_key_auth_supported(self) -> bool:
        return False

    def password_auth_supported(self) -> bool:
        return True

    def validate_password(self, username: str, password: str) -> bool:
        if self._device.secrets.login.get(username) == password:
            return True
        self._failures += 1
        if self._failures >= ATTEMPTS:
            self._connection.disconnect(
                asyncssh.DISC_NO_MORE_AUTH_METHODS_AVAILABLE, "Too many authentication failures"
            )
        return False

    def kbdint_auth_supported(self) -> bool:
        return True

    def get_kbdint_challenge(
        self, username: str, lang: str, submethods: str
    ) -> tuple[str, str, str, list[tuple[str, bool]]]:
        return "", "", "", [("Password: ", False)]

    def validate_kbdint_response(self, username: str, responses: Sequence[str]) -> bool:
        return len(responses) == 1 and self.validate_password(username, responses[0])

    def session_requested(self) -> asyncssh.SSHServerSession[str]:
        return _Session(self._device, self._user, self._privileged, self._changed)


async def listen(
    device: Device,
    port: int,
    key: asyncssh.SSHKey,
    *,
    privileged: bool = False,
    changed: Changed = lambda device: None,
    sock: socket.socket | None = None,
) -> asyncssh.SSHAcceptor:
    """Serve a device on a port of 127.0.0.1 (0: any free one), or on a socket that is bound. `privileged`: users need no
    `enable`."""
    where: dict[str, Any] = {"host": ADDRESS, "port": port} if sock is None else {"sock": sock}
    return await asyncssh.listen(
        **where,
        server_factory=lambda: _Server(device, privileged, changed),
        server_host_keys=[key],
        line_editor=False,
        encoding="latin-1",
    )


def port_of(acceptor: asyncssh.SSHAcceptor) -> int:
    """The port that is listened on."""
    return int(acceptor.get_port())
