# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: The netvpn.dynamic_l2l contributors
"""Namespaces of our own: network, mounts, processes, and, without root, users.

    python -m devices.wire.sandbox COMMAND...      runs a command in them, e.g. pytest or a script that makes a `World`

Three processes: the caller, outside, waits; `init` (process 1 inside) takes orphans; the work is done by its child. Each
dies with the one before it, by the kernel: the caller's death kills `init`, and `init`'s death everything inside.
"""

from __future__ import annotations

import contextlib
import ctypes
import os
import select
import signal
import subprocess
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from types import FrameType

CLONE_NEWNS, CLONE_NEWUSER, CLONE_NEWPID, CLONE_NEWNET = 0x00020000, 0x10000000, 0x20000000, 0x40000000
MS_BIND, MS_REC, MS_PRIVATE, MNT_DETACH = 0x1000, 0x4000, 0x40000, 2
MS_NOSUID_NODEV = 2 | 4
_PR_SET_PDEATHSIG = 1
_FORWARDED = (signal.SIGTERM, signal.SIGINT, signal.SIGUSR1)

_libc = ctypes.CDLL(None, use_errno=True)


class SandboxError(Exception):
    """The kernel does not let us have what we need; the text says what."""


def _call(name: str, *arguments: object) -> None:
    if getattr(_libc, name)(*arguments) != 0:
        number = ctypes.get_errno()
        raise OSError(number, f"{name}: {os.strerror(number)}")


def unshare(flags: int) -> None:
    """unshare(2)"""
    _call("unshare", flags)


def setns(descriptor: int, kind: int) -> None:
    """setns(2)"""
    _call("setns", descriptor, kind)


def mount(source: str, target: str, kind: str | None, flags: int, data: str | None = None) -> None:
    """mount(2)"""
    _call(
        "mount",
        source.encode(),
        target.encode(),
        kind.encode() if kind else None,
        ctypes.c_ulong(flags),
        data.encode() if data else None,
    )


def umount(target: str) -> None:
    """umount2(2), at once and in the background"""
    _call("umount2", target.encode(), MNT_DETACH)


def isolated(
    work: Callable[[], int],
    keep: Sequence[Path] = (),
    outside: Callable[[], object] = lambda: None,
    failed: Callable[[str], object] = lambda text: print(f"devices: {text}", file=sys.stderr),
) -> int:
    """Do `work` in namespaces of its own and return its exit code.

    `keep`: folders that must be seen though below /run; `outside`: done by the processes that wait, once `work` has
    begun: they let go of what is not theirs. `failed` is told where the kernel does not allow it after all.
    Must be called while the process has one thread.
    """
    kept = [path.resolve() for path in keep]
    _enter_outer()
    alive, held = os.pipe()
    signal.pthread_sigmask(signal.SIG_BLOCK, _FORWARDED)
    _flush()
    init = os.fork()
    if not init:
        os.close(held)
        _guarded(lambda: _init(lambda: _guarded(work, failed), kept, alive, outside), failed)
    os.close(alive)
    outside()
    code = _wait_for(init)
    os.close(held)
    return code


def _enter_outer() -> None:
    """Processes and, where needed, users: only what children get, the caller's own files and network stay."""
    user, group = os.geteuid(), os.getegid()
    try:
        if user == 0:
            with contextlib.suppress(PermissionError):
                unshare(CLONE_NEWPID)
                return
        unshare(CLONE_NEWUSER | CLONE_NEWPID)
        Path("/proc/self/setgroups").write_text("deny")
        Path("/proc/self/uid_map").write_text(f"0 {user} 1")
        Path("/proc/self/gid_map").write_text(f"0 {group} 1")
    except OSError as error:
        raise SandboxError(f"no namespaces of our own: {error} (root or user namespaces are needed)") from error


def _guarded(function: Callable[[], int], failed: Callable[[str], object]) -> None:
    code = 1
    try:
        code = function()
    except SystemExit as leave:
        code = leave.code if isinstance(leave.code, int) else int(leave.code is not None)
    except BaseException as error:  # what is above belongs to the parent
        if isinstance(error, SandboxError | OSError):
            failed(str(error))
        else:
            sys.excepthook(type(error), error, error.__traceback__)
    finally:
        _flush()
        os._exit(code)


def _flush() -> None:
    for stream in (sys.stdout, sys.stderr):
        with contextlib.suppress(OSError, ValueError):
            stream.flush()


def _wait_for(child: int) -> int:
    """Pass signals on to the child until it ends; its exit code."""

    def forward(number: int, _frame: FrameType | None) -> None:
        with contextlib.suppress(ProcessLookupError):
            os.kill(child, number)

    before = {number: signal.signal(number, forward) for number in _FORWARDED}
    signal.pthread_sigmask(signal.SIG_UNBLOCK, _FORWARDED)
    while True:
        ended, status = os.wait()
        if ended == child:
            break
    for number, handler in before.items():
        signal.signal(number, handler)
    return os.waitstatus_to_exitcode(status) if os.WIFEXITED(status) else 128 + os.WTERMSIG(status)


def _init(work: Callable[[], object], kept: Sequence[Path], alive: int, outside: Callable[[], object]) -> int:
    _call("prctl", _PR_SET_PDEATHSIG, ctypes.c_ulong(signal.SIGKILL), 0, 0, 0)
    if select.select([alive], [], [], 0)[0]:
        return 1  # the caller died before it could take us along
    _private()
    _run(kept)
    # where nft, dnsmasq and udhcpc are, and users without root do not look
    os.environ["PATH"] = f"{os.environ.get('PATH', os.defpath)}:/usr/sbin:/sbin"
    child = os.fork()
    if not child:
        for number in _FORWARDED:
            signal.signal(number, signal.SIG_DFL)
        signal.signal(signal.SIGINT, signal.default_int_handler)
        signal.pthread_sigmask(signal.SIG_UNBLOCK, _FORWARDED)
        work()
    outside()
    return _wait_for(child)


def _private() -> None:
    try:
        unshare(CLONE_NEWNS | CLONE_NEWNET)
        mount("none", "/", None, MS_REC | MS_PRIVATE)
    except OSError as error:
        raise SandboxError(f"no network or mounts of our own: {error}") from error
    # Where parts of /proc or /sys are covered (containers) the kernel refuses new ones: the old ones do.
    for kind, target in (("proc", "/proc"), ("sysfs", "/sys")):
        with contextlib.suppress(OSError):
            mount(kind, target, kind, MS_NOSUID_NODEV | 8)


def _run(kept: Sequence[Path]) -> None:
    """A /run of our own, with what must be seen of the old one."""
    hidden = {path: os.open(path, os.O_PATH | os.O_DIRECTORY) for path in kept if path.is_relative_to("/run")}
    mount("tmpfs", "/run", "tmpfs", MS_NOSUID_NODEV, "mode=755")
    os.mkdir("/run/netns")
    for path, descriptor in hidden.items():
        path.mkdir(parents=True, exist_ok=True)
        mount(f"/proc/self/fd/{descriptor}", str(path), None, MS_BIND)
        os.close(descriptor)


def main(argv: Sequence[str]) -> int:
    """`python -m devices.wire.sandbox COMMAND...`"""
    try:
        return isolated(lambda: subprocess.run(argv, check=False).returncode)
    except SandboxError as error:
        print(f"devices: {error}", file=sys.stderr)
        return 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
