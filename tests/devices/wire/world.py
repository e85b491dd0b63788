# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: The netvpn.dynamic_l2l contributors
"""Network namespaces with names, and cables between them. To be used inside of a sandbox (sandbox.py)."""

from __future__ import annotations

import contextlib
import ctypes
import fcntl
import os
import shutil
import signal
import socket
import struct
import subprocess
import tempfile
import threading
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any, TypeVar

from .sandbox import CLONE_NEWNET, MS_BIND, mount, setns, umount, unshare

Value = TypeVar("Value")

NAMES = Path("/run/netns")
_SIOCGIFFLAGS, _SIOCSIFFLAGS, _SIOCETHTOOL, _IFF_UP = 0x8913, 0x8914, 0x8946, 1
# Checksums and segments are made by the sender, so that a capture shows what a wire would: TX checksum, TSO, GSO, GRO
_OFFLOADS = (0x17, 0x1F, 0x24, 0x2C)
# A router that does not guess: packets may come and go as the devices' rules say
_ROUTER = {
    "ip_forward": "1",
    "conf/all/rp_filter": "0",
    "conf/default/rp_filter": "0",
    "conf/all/accept_local": "1",
    "conf/default/accept_local": "1",
    "conf/all/send_redirects": "0",
    "conf/default/send_redirects": "0",
    "conf/all/arp_ignore": "1",
}


class CommandFailed(subprocess.CalledProcessError):
    """A program inside a node failed; says what it said."""

    def __str__(self) -> str:
        return f"{super().__str__()}: {(self.stderr or self.output or '').strip()}"


class Node:
    """One network namespace."""

    def __init__(self, world: World, name: str) -> None:
        self.world, self.name = world, name
        self._path = NAMES / (world.prefix + name)
        self._descriptor = -1
        made = threading.Event()
        failed: list[OSError] = []

        def make() -> None:
            try:
                unshare(CLONE_NEWNET)
                self._path.touch()
                mount("/proc/thread-self/ns/net", str(self._path), None, MS_BIND)
                self._descriptor = os.open(self._path, os.O_RDONLY | os.O_CLOEXEC)
            except OSError as error:
                failed.append(error)
            made.set()

        threading.Thread(target=make, daemon=True).start()
        made.wait()
        if failed:
            raise failed[0]
        self.call(self._prepare)

    def _prepare(self) -> None:
        for scope in ("all", "default"):
            with contextlib.suppress(OSError):  # a kernel without IPv6
                Path(f"/proc/sys/net/ipv6/conf/{scope}/disable_ipv6").write_text("1")
        _raise("lo")

    def path(self) -> str:
        """The file that stands for the namespace."""
        return str(self._path)

    def call(self, function: Callable[..., Value], *arguments: Any) -> Value:
        """Call a function inside: sockets it opens, processes it starts, and /proc/sys/net are the node's."""
        result: list[Value] = []
        raised: list[BaseException] = []

        def inside() -> None:
            try:
                setns(self._descriptor, CLONE_NEWNET)
                result.append(function(*arguments))
            except BaseException as error:  # the caller gets it
                raised.append(error)

        thread = threading.Thread(target=inside, daemon=True)
        thread.start()
        thread.join()
        if raised:
            raise raised[0]
        return result[0]

    def run(
        self,
        *argv: str,
        timeout: float = 60,
        input: str | None = None,  # noqa: A002 (as of subprocess)
        check: bool = True,
    ) -> subprocess.CompletedProcess[str]:
        """Run a program inside until it ends."""
        done = self.call(
            lambda: subprocess.run(
                argv,
                text=True,
                capture_output=True,
                timeout=timeout,
                check=False,
                **({"stdin": subprocess.DEVNULL} if input is None else {"input": input}),
            )
        )
        if check and done.returncode:
            raise CommandFailed(done.returncode, done.args, done.stdout, done.stderr)
        return done

    def popen(self, *argv: str, **more: Any) -> subprocess.Popen[str]:
        """Start a program inside that runs until the world closes; text and no standard input unless said."""
        settings: dict[str, Any] = {"stdin": subprocess.DEVNULL, "text": True} | more
        process: subprocess.Popen[str] = self.call(lambda: subprocess.Popen(argv, **settings))
        self.world.own(process)
        return process

    def ip(self, *commands: str) -> None:
        """Commands of `ip`, one text each, in one go; raises with the first that fails."""
        if commands:
            self.run("ip", "-batch", "-", input="".join(f"{command}\n" for command in commands))

    def nft(self, text: str) -> None:
        """Load a script of nft: all of it or nothing."""
        self.run("nft", "-f", "-", input=text)

    def sysctl(self, name: str, value: str) -> None:
        """Set a value below net/ipv4 (`conf/all/rp_filter`)."""
        self.call(Path("/proc/sys/net/ipv4", name).write_text, value)

    def router(self) -> Node:
        """Let it forward."""
        for name, value in _ROUTER.items():
            self.sysctl(name, value)
        return self

    def raise_interface(self, name: str, *, up: bool = True) -> None:
        """Set an interface up or down."""
        self.call(_raise, name, up)

    def has(self, interface: str) -> bool:
        """Is there an interface of that name?"""
        return interface in {name for _, name in self.call(socket.if_nameindex)}


class World:
    """Nodes, and what runs in them."""

    def __init__(self, prefix: str = "") -> None:
        self.prefix = prefix
        self.directory = Path(tempfile.mkdtemp(prefix="wire-", dir="/run"))
        self.nodes: dict[str, Node] = {}
        self._processes: list[subprocess.Popen[str]] = []
        self._closing: list[Callable[[], object]] = []
        self._lock = threading.RLock()

    def node(self, name: str) -> Node:
        """The node of that name, made on first use."""
        with self._lock:
            if name not in self.nodes:
                self.nodes[name] = Node(self, name)
            return self.nodes[name]

    def link(self, left: Node, left_interface: str, right: Node, right_interface: str) -> None:
        """A cable: both ends up."""
        # NAMES is where `ip` looks as well
        far = Path(right.path()).name
        left.ip(f"link add name {left_interface} type veth peer name {right_interface} netns {far}")
        for node, interface in ((left, left_interface), (right, right_interface)):
            node.call(_plug, interface)

    def own(self, process: subprocess.Popen[str]) -> None:
        """Kill this process when the world closes."""
        with self._lock:
            self._processes = [each for each in self._processes if each.poll() is None]
            self._processes.append(process)

    def on_close(self, function: Callable[[], object]) -> None:
        """Call this when the world closes, the last first."""
        self._closing.append(function)

    def close(self) -> None:
        """End all processes and take all namespaces away."""
        for function in reversed(self._closing):
            function()
        self._closing.clear()
        _end(self._processes)
        self._processes.clear()
        for node in self.nodes.values():
            with contextlib.suppress(OSError):
                umount(node.path())
            Path(node.path()).unlink(missing_ok=True)
            os.close(node._descriptor)
        self.nodes.clear()
        shutil.rmtree(self.directory, ignore_errors=True)


def _end(processes: Iterable[subprocess.Popen[str]], grace: float = 1) -> None:
    alive = [each for each in processes if each.poll() is None]
    for process in alive:
        process.send_signal(signal.SIGTERM)
    for process in alive:
        try:
            process.wait(grace)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
    for process in processes:
        for stream in (process.stdout, process.stderr, process.stdin):
            if stream:
                with contextlib.suppress(OSError, ValueError):
                    stream.close()


def _raise(name: str, up: bool = True) -> None:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as control:
        request = struct.pack("16sH14x", name.encode(), 0)
        flags = struct.unpack("16sH14x", fcntl.ioctl(control, _SIOCGIFFLAGS, request))[1]
        wanted = flags | _IFF_UP if up else flags & ~_IFF_UP
        if wanted != flags:
            fcntl.ioctl(control, _SIOCSIFFLAGS, struct.pack("16sH14x", name.encode(), wanted))


def _plug(name: str) -> None:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as control:
        for command in _OFFLOADS:
            value = bytearray(struct.pack("II", command, 0))
            pointer = _address_of(value)
            with contextlib.suppress(OSError):
                fcntl.ioctl(control, _SIOCETHTOOL, struct.pack("16sQ8x", name.encode(), pointer))
    _raise(name)


def _address_of(buffer: bytearray) -> int:
    return ctypes.addressof((ctypes.c_char * len(buffer)).from_buffer(buffer))
