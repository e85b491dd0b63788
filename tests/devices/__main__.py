# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: The netvpn.dynamic_l2l contributors
"""`python -m devices`: run devices until told to stop. See README.md for the files of the state folder."""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import json
import os
import signal
import socket
import sys
import time
from collections.abc import Callable, Sequence
from pathlib import Path

import asyncssh

from .device import Device
from .recall import Ledger
from .server import ADDRESS, listen, port_of
from .settings import Defaults, Settings, SettingsError, from_file, from_words, wire_of
from .wire import client, topology
from .wire.sandbox import SandboxError, isolated
from .wire.serve import Wired, check

STOP_SECONDS = 30
# A configuration of thousands of lines is not written after each of them.
SHORT_WRITE = 0.01
LATER = 0.2


def _arguments(argv: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="devices", description="Emulated network devices on ports of 127.0.0.1.")
    parser.add_argument("--device", action="append", nargs="+", default=[], metavar=("NAME", "KEY=VALUE"))
    parser.add_argument("--spec", type=Path, help="the same as YAML: devices: [{name:, platform:, port:, config:}]")
    parser.add_argument("--user", default="admin")
    parser.add_argument("--password", default="admin")
    parser.add_argument("--password-file", type=Path)
    parser.add_argument("--enable-file", type=Path)
    parser.add_argument("--host-key", type=Path, help="an ed25519 key; by default one is made in the state folder")
    parser.add_argument("--state-dir", type=Path, required=True)
    parser.add_argument("--daemon", action="store_true", help="go to the background once all ports listen")
    parser.add_argument("--stop", action="store_true", help="stop the process of this state folder")
    parser.add_argument("--wire", type=Path, metavar="TOPOLOGY", help="level wire: what is plugged into what (YAML)")
    parser.add_argument("--exec", dest="node", metavar="NODE", help="run COMMAND in a node of the running world")
    parser.add_argument("--capture", metavar="LINK", help="capture on a link of the running world until interrupted")
    parser.add_argument("--to", type=Path, metavar="FILE", help="where the capture goes (pcap)")
    parser.add_argument(
        "--event", nargs="+", metavar=("NAME", "ARGUMENT"), help="let something happen: see wire/control.py"
    )
    parser.add_argument("--status", action="store_true", help="what the running world has, as JSON")
    parser.add_argument("command", nargs="*", metavar="COMMAND", help="behind --")
    return parser.parse_args(argv)


def main(argv: Sequence[str] | None = None) -> int:
    """Run or stop; returns the exit code."""
    arguments = _arguments(argv)
    if arguments.stop:
        return _stop(arguments.state_dir)
    if arguments.node or arguments.capture or arguments.event or arguments.status:
        return _control(arguments)
    try:
        settings = [from_words(words) for words in arguments.device]
        settings += from_file(arguments.spec) if arguments.spec else []
        if not settings:
            raise SettingsError("no device: --device or --spec")
        if len({each.name for each in settings}) < len(settings):
            raise SettingsError("two devices have the same name")
        defaults = Defaults(
            arguments.user,
            _line(arguments.password_file) if arguments.password_file else arguments.password,
            _line(arguments.enable_file) if arguments.enable_file else "admin",
        )
        devices = {each.name: each.device(defaults) for each in settings}
        plan = _topology(arguments, devices)
        state: Path = arguments.state_dir
        state.mkdir(parents=True, exist_ok=True, mode=0o700)
        if (process := _running(state)) is not None:
            raise SettingsError(f"{state}: process {process} runs here already")
        (state / "ready").unlink(missing_ok=True)
        key = _host_key(arguments.host_key or state / "host_key", make=not arguments.host_key)
    except (SettingsError, topology.TopologyError, OSError) as error:
        print(f"devices: {error}", file=sys.stderr)
        return 1
    run = _Run(state, key, settings, devices, plan)
    return _daemon(run) if arguments.daemon else run()


def _topology(arguments: argparse.Namespace, devices: dict[str, Device]) -> topology.Topology | None:
    """What the devices are plugged into, or None at level cli."""
    data = wire_of(arguments.spec) if arguments.spec else None
    if arguments.wire:
        plan = topology.from_file(arguments.wire)
    elif data is not None:
        plan = topology.from_data(data)
    else:
        return None
    check(plan, devices)
    return plan


def _control(arguments: argparse.Namespace) -> int:
    """Ask the running world for something."""
    world = client.WorldClient(arguments.state_dir)
    try:
        if arguments.node:
            done = world.run(arguments.node, *arguments.command, timeout=3600)
            sys.stdout.write(done.stdout)
            sys.stderr.write(done.stderr)
            return done.returncode
        if arguments.capture:
            stop = [signal.SIGINT, signal.SIGTERM]
            signal.pthread_sigmask(signal.SIG_BLOCK, stop)
            with world.capture(
                arguments.capture, (arguments.to or Path(f"{arguments.capture}.pcap")).absolute()
            ) as taken:
                print(f"capturing on {arguments.capture} to {taken.path}", flush=True)
                signal.sigwait(stop)
            return 0
        if arguments.event:
            print(json.dumps(world.event(*arguments.event)))
        else:
            print(json.dumps(world.status(), indent=2))
    except (client.ControlError, OSError) as error:
        print(f"devices: {error}", file=sys.stderr)
        return 1
    return 0


def _line(path: Path) -> str:
    return path.read_text(encoding="utf-8").rstrip("\n")


def _host_key(path: Path, *, make: bool) -> asyncssh.SSHKey:
    if make and not path.exists():
        key = asyncssh.generate_private_key("ssh-ed25519")
        path.touch(mode=0o600)
        path.write_bytes(key.export_private_key())
        return key
    return asyncssh.read_private_key(str(path))


class _Run:
    """Serves the devices and keeps the files of the state folder."""

    def __init__(
        self,
        state: Path,
        key: asyncssh.SSHKey,
        settings: list[Settings],
        devices: dict[str, Device],
        plan: topology.Topology | None = None,
    ) -> None:
        self._state, self._key, self._settings, self._devices = state, key, settings, devices
        self._plan = plan
        self._sockets: dict[str, socket.socket] = {}
        # The process that others know: at level wire the one outside
        self._process = 0
        self._names = {id(device): name for name, device in devices.items()}
        self._seconds: dict[str, float] = {}
        self._waiting: set[str] = set()

    def __call__(self, ready: int | None = None) -> int:
        self._process = os.getpid()
        try:
            if self._plan is None:
                return asyncio.run(self._serve(ready))
            return self._isolated(ready)
        except (OSError, SandboxError) as error:
            text = f"devices: {error}"
            if ready is not None:
                os.write(ready, text.encode())
            else:
                print(text, file=sys.stderr)
            return 1

    def _isolated(self, ready: int | None) -> int:
        """Level wire: the sockets are opened outside, where Ansible is; everything else is inside of namespaces."""
        self._state = self._state.resolve()
        for each in self._settings:
            try:
                self._sockets[each.name] = socket.create_server((ADDRESS, each.port), backlog=128)
            except OSError as error:
                raise OSError(f"device {each.name}, port {each.port}: {error.strerror or error}") from error

        def inside() -> int:
            try:
                return asyncio.run(self._serve(ready))
            except Exception as error:
                if isinstance(error, OSError):
                    raise  # told by the sandbox
                failed(str(error))
                raise

        def failed(text: str) -> None:
            if ready is not None:
                with contextlib.suppress(OSError):  # said already
                    os.write(ready, f"devices: {text}".encode())
            else:
                print(f"devices: {text}", file=sys.stderr)

        def told() -> None:
            """Only the process inside says that it is ready."""
            for end in self._sockets.values():
                end.close()
            if ready is not None:
                os.close(ready)

        code = isolated(inside, [self._state], told, failed)
        for name in ("ready", "pid"):
            (self._state / name).unlink(missing_ok=True)
        return code

    async def _serve(self, ready: int | None) -> int:
        loop, stop = asyncio.get_running_loop(), asyncio.Event()
        for number in (signal.SIGTERM, signal.SIGINT):
            loop.add_signal_handler(number, stop.set)
        loop.add_signal_handler(signal.SIGUSR1, self._write_all)
        Ledger(self._state)
        wired = Wired(self._plan, self._devices, self._state) if self._plan else None
        acceptors: dict[str, asyncssh.SSHAcceptor] = {}
        for each in self._settings:
            device = self._devices[each.name]
            try:
                acceptors[each.name] = await listen(
                    device,
                    each.port,
                    self._key,
                    privileged=each.privileged,
                    changed=self._changed,
                    sock=self._sockets.get(each.name),
                )
            except OSError as error:
                raise OSError(f"device {each.name}, port {each.port}: {error.strerror or error}") from error
            device.on_line = self._logger(each.name)
        ports = {name: port_of(acceptor) for name, acceptor in acceptors.items()}
        public = self._key.export_public_key().decode().split()[:2]
        known = "".join(f"[{ADDRESS}]:{port} {' '.join(public)}\n" for port in ports.values())
        (self._state / "known_hosts").write_text(known)
        self._write_all()
        (self._state / "pid").write_text(f"{self._process}\n")
        self._replace("ready", json.dumps(ports) + "\n")
        if ready is not None:
            os.write(ready, b"ready")
            os.close(ready)
        await stop.wait()
        for acceptor in acceptors.values():
            acceptor.close()
        self._write_all()
        if wired:
            wired.close()
        for name in ("ready", "pid"):
            (self._state / name).unlink(missing_ok=True)
        return 0

    def _logger(self, name: str) -> Callable[[str], None]:
        path = self._state / f"{name}.log"
        path.write_text("")

        def log(text: str) -> None:
            with path.open("a", encoding="utf-8") as file:
                file.write(text + "\n")

        return log

    def _changed(self, device: Device) -> None:
        """Write what a device runs: at once, or, where that is long, once for all lines of a moment."""
        name = self._names[id(device)]
        if self._seconds.get(name, 0.0) < SHORT_WRITE:
            begin = time.monotonic()
            self._write(device)
            self._seconds[name] = time.monotonic() - begin
        elif name not in self._waiting:
            self._waiting.add(name)
            asyncio.get_running_loop().call_later(LATER, self._write_waiting, device)

    def _write_waiting(self, device: Device) -> None:
        self._waiting.discard(self._names[id(device)])
        self._write(device)

    def _write(self, device: Device) -> None:
        self._replace(f"{self._names[id(device)]}.running", device.masked_config())

    def _write_all(self) -> None:
        for device in self._devices.values():
            self._write(device)

    def _replace(self, name: str, text: str) -> None:
        temporary = self._state / f".{name}.new"
        temporary.write_text(text, encoding="utf-8")
        temporary.replace(self._state / name)


def _daemon(run: _Run) -> int:
    reader, writer = os.pipe()
    sys.stdout.flush()
    sys.stderr.flush()
    child = os.fork()
    if not child:
        os.close(reader)
        os.setsid()
        null = os.open(os.devnull, os.O_RDWR)
        for descriptor in (0, 1, 2):
            os.dup2(null, descriptor)
        code = 1
        try:
            code = run(writer)
        finally:
            os._exit(code)
    os.close(writer)
    said = b""
    while part := os.read(reader, 4096):
        said += part
    if said == b"ready":
        return 0
    with contextlib.suppress(ChildProcessError):
        os.waitpid(child, 0)
    print(said.decode() or "devices: the process ended before it was ready", file=sys.stderr)
    return 1


def _running(state: Path) -> int | None:
    """The process of a state folder, if it is alive and one of ours."""
    try:
        process = int((state / "pid").read_text())
        os.kill(process, 0)
    except (OSError, ValueError):
        return None
    try:
        command = Path(f"/proc/{process}/cmdline").read_bytes()
        status = Path(f"/proc/{process}/stat").read_text()
    except OSError:
        return process  # no /proc here
    if status.rpartition(")")[2].split()[0] == "Z":
        return None
    return process if b"devices" in command else None


def _ended(state: Path, process: int, number: int) -> bool:
    """Send a process a signal; has it ended in time?"""
    deadline = time.monotonic() + STOP_SECONDS
    with contextlib.suppress(ProcessLookupError):
        os.kill(process, number)
        while _running(state) == process:
            if time.monotonic() > deadline:
                return False
            time.sleep(0.02)
            os.kill(process, 0)
    return True


def _stop(state: Path) -> int:
    process = _running(state)
    if process is not None and not _ended(state, process, signal.SIGTERM):
        # What it has started dies with it.
        print(f"devices: process {process} did not stop, and was killed", file=sys.stderr)
        _ended(state, process, signal.SIGKILL)
    for name in ("pid", "ready"):
        (state / name).unlink(missing_ok=True)
    return 0


if __name__ == "__main__":
    sys.exit(main())
