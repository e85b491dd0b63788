# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: The netvpn.dynamic_l2l contributors
"""strongSwan's charon in a node, told through vici, and what its log says of negotiations.

Keys go through the socket alone: into no file, no argument of a process and no log (strongSwan logs keys at level 4; it
is asked for level 1, kept in memory).
"""

from __future__ import annotations

import collections
import contextlib
import os
import re
import signal
import socket
import subprocess
import threading
import time
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import vici  # type: ignore[import-untyped]

from .sa import IkeState
from .world import Node

DAEMON = "/usr/lib/ipsec/charon"
# strongSwan's own rule must match nothing: the marks of cryptomarks.py say what goes where
TABLE, _NEVER = 220, 0x7FFF0000
PLUGINS = "random nonce aes md5 sha1 sha2 hmac openssl gcrypt gmp kdf kernel-libipsec kernel-netlink socket-default vici updown"
_SETTINGS = """charon {{
  load = {plugins}
  routing_table = {table}
  install_virtual_ip = no
  delete_rekeyed = yes
  block_threshold = 0
  cookie_threshold = 0
  retransmit_tries = {tries}
  retransmit_timeout = {timeout}
  retransmit_base = 1
  plugins {{
    vici {{ socket = unix://{socket} }}
    openssl {{ load_legacy = yes }}
    kernel-netlink {{ fwmark = {mark:#x}
      roam_events = no }}
  }}
  syslog {{ daemon {{ default = -1 }}
    auth {{ default = -1 }} }}
  filelog {{ stderr {{ default = 1
      cfg = 2
      chd = 2
      esp = 2
      mgr = 2
      ike_name = yes
      flush_line = yes }} }}
}}
"""
_EVENTS = ("log", "ike-updown", "child-updown", "ike-rekey", "child-rekey")
Event = Callable[[str, dict[str, Any]], None]
# A line of the log: thread, group, number of the IKE SA ("" where there is none), text
Line = Callable[[str, str, str, str], None]
_LINE = re.compile(r"(?P<thread>\d+)\[(?P<group>[A-Z]+)\] (?:<(?:[^>]*\|)?(?P<number>\d+)> )?(?P<text>.*)")


class IkeError(Exception):
    """charon did not start, or refused what it was told; the text says what."""


def text(value: object) -> Any:
    """vici's bytes as text, in all depths."""
    if isinstance(value, bytes):
        return value.decode(errors="replace")
    if isinstance(value, Mapping):
        return {str(key): text(each) for key, each in value.items()}
    return [text(each) for each in value] if isinstance(value, list) else value


class Charon:
    """The daemon of one node."""

    def __init__(self, node: Node, directory: Path, *, tries: int = 3, timeout: float = 1) -> None:
        self._directory = directory
        self._socket = directory / "vici"
        directory.mkdir(mode=0o700, parents=True, exist_ok=True)
        settings = directory / "strongswan.conf"
        settings.write_text(
            _SETTINGS.format(
                plugins=PLUGINS, table=TABLE, tries=tries, timeout=timeout, socket=self._socket, mark=_NEVER
            )
        )
        for name in ("pid", "none.conf"):
            (directory / name).touch()
        # Each has a pid file of its own under the name that is built into it. `exec`: the process is charon itself.
        command = (
            f"touch /run/charon.pid && mount --bind {directory}/pid /run/charon.pid && "
            f"STRONGSWAN_CONF={settings} exec {DAEMON}"
        )
        self._process = node.popen(
            "unshare",
            "--mount",
            "sh",
            "-c",
            command,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.PIPE,
            errors="replace",
        )
        self._told_line: Line | None = None
        threading.Thread(target=self._read, name="charon's log", daemon=True).start()
        self._lock = threading.Lock()
        self._session = self.session(60)

    @property
    def alive(self) -> bool:
        """Does it run?"""
        return self._process.poll() is None

    def session(self, seconds: float = 30) -> vici.Session:
        """A connection of its own; waits until the daemon listens."""
        deadline = time.monotonic() + seconds
        while True:
            found = socket.socket(socket.AF_UNIX)
            try:
                found.connect(str(self._socket))
                return vici.Session(found)
            except OSError as error:
                found.close()
                if self._process.poll() is not None:
                    raise IkeError(f"charon ended with code {self._process.returncode}") from error
                if time.monotonic() > deadline:
                    raise IkeError("charon does not answer") from error
                time.sleep(0.005)

    # -- commands

    def load_connection(self, name: str, values: Mapping[str, Any]) -> None:
        """Load a connection or put it in the place of the one with this name."""
        with self._lock:
            self._session.load_conn({name: values})

    def unload_connection(self, name: str) -> None:
        """Forget a connection; its SAs stay."""
        with self._lock:
            self._session.unload_conn({"name": name})

    def load_key(self, name: str, owners: Iterable[str], secret: str) -> None:
        """Load a shared key or put it in the place of the one with this name."""
        with self._lock:
            self._session.load_shared({"id": name, "type": "IKE", "data": secret, "owners": list(owners)})

    def unload_key(self, name: str) -> None:
        """Forget a key."""
        with self._lock:
            self._session.unload_shared({"id": name})

    def sas(self) -> list[dict[str, Any]]:
        """All IKE SAs with their children (`child-sas`), oldest first; `name` is the connection's."""
        with self._lock:
            found = [text({"name": name, **sa}) for each in self._session.list_sas() for name, sa in each.items()]
        return sorted(found, key=lambda sa: int(sa["uniqueid"]))

    def rekey(self, **which: str) -> bool:
        """Rekey an IKE SA (`ike_id`) or a child (`child_id`)."""
        with self._lock:
            try:
                self._session.rekey({key.replace("_", "-"): value for key, value in which.items()})
            except vici.exception.CommandException:
                return False
        return True

    def terminate(self, *, force: bool = False, **which: str) -> None:
        """End an IKE SA (`ike_id`) or a child (`child_id`). `force`: without waiting for the peer."""
        request = {key.replace("_", "-"): value for key, value in which.items()}
        # One that is gone already is as good
        with self._lock, contextlib.suppress(vici.exception.CommandException):
            for _ in self._session.terminate({**request, "timeout": "2000", "force": "yes" if force else "no"}):
                pass

    def initiate(self, connection: str, child: str, seconds: float) -> bool:
        """Negotiate a child (and the IKE SA before it); True: it is there."""
        session = self.session()
        try:
            for _ in session.initiate(
                {"ike": connection, "child": child, "timeout": str(int(seconds * 1000)), "loglevel": "-1"}
            ):
                pass
        except (vici.exception.CommandException, vici.exception.SessionException, OSError):
            return False
        finally:
            _close(session)
        return True

    # -- events

    def narrate(self, told: Line) -> None:
        """Tell of every line of the log from now on, in one thread and in the order in which they are written.

        What vici tells as `log` ends at level 1; the choice of proposals and of networks, the SPIs that are taken and
        the packets that fit no association are told at level 2.
        """
        self._told_line = told

    def _read(self) -> None:
        pipe = self._process.stderr
        assert pipe is not None
        with contextlib.suppress(OSError, ValueError), pipe:
            for data in pipe:
                found = _LINE.match(data.rstrip("\n"))
                if found and self._told_line is not None:
                    self._told_line(found["thread"], found["group"], found["number"] or "", found["text"])

    def listen(self, told: Event) -> threading.Thread:
        """Tell of events and of lines of the log from now on, in a thread; `ended` is the last one, with the daemon."""
        session = self.session()
        ready = threading.Event()

        def follow() -> None:
            try:
                for name, event in session.listen(_Names(_EVENTS, ready)):
                    told(name.decode(), text(event))
            except (OSError, vici.exception.SessionException):
                pass  # the daemon has ended
            finally:
                _close(session)
            told("ended", {})

        thread = threading.Thread(target=follow, name="vici events", daemon=True)
        thread.start()
        if not ready.wait(30):
            raise IkeError("charon tells of no events")
        return thread

    def close(self) -> None:
        """End the daemon."""
        if self._process.poll() is None:
            self._process.send_signal(signal.SIGTERM)
            try:
                self._process.wait(2)
            except subprocess.TimeoutExpired:
                self._process.kill()
                self._process.wait()
        _close(self._session)


class _Names(list[str]):
    """Names of events; whoever has gone through them all once has registered for them."""

    def __init__(self, names: Iterable[str], ready: threading.Event) -> None:
        super().__init__(names)
        self._ready = ready

    def __iter__(self) -> Iterator[str]:
        yield from super().__iter__()
        self._ready.set()


def _close(session: vici.Session) -> None:
    with contextlib.suppress(OSError, AttributeError):
        session.transport.socket.close()


# -- what the log says


@dataclass(frozen=True)
class Attempt:
    """A main mode as the log tells it. `reason`: why it ended."""

    number: int
    local: str
    remote: str
    initiator: bool
    state: IkeState = "connecting"
    step: int = 0
    reason: str = ""
    when: float = 0


_STARTS = re.compile(r"initiating Main Mode IKE_SA .*\[\d+\] to (?P<remote>[\d.]+)")
_STARTED = re.compile(r"(?P<remote>[\d.]+) is initiating a Main Mode IKE_SA")
_SENT = re.compile(r"sending packet: from (?P<local>[\d.]+)\[\d+\] to (?P<remote>[\d.]+)\[")
_MESSAGE = re.compile(r"(?P<verb>generating|parsed) ID_PROT (?P<kind>request|response) 0 \[ (?P<payloads>.*) \]")
_REASONS = (
    (re.compile(r"no matching proposal found|received NO_PROPOSAL_CHOSEN"), "policy"),
    (re.compile(r"no shared key found"), "key"),
    (re.compile(r"invalid HASH|decryption failed|INVALID_HASH|AUTHENTICATION_FAILED|could not decrypt"), "wrong key"),
    (re.compile(r"giving up after"), "no answer"),
)
_ROUTE = re.compile(r"error installing route with policy (?P<local>[\d./]+)\S* === ")


_REFUSED = re.compile(r"no matching CHILD_SA config found|no matching proposal found, sending NO_PROPOSAL_CHOSEN")


def refused(message: str) -> bool:
    """Does a line of the log tell that we refused a peer's proposal? (Of a quick mode, where phase 1 is there.)"""
    return bool(_REFUSED.search(message))


def missing_route(message: str) -> str | None:
    """The network of which strongSwan's userspace ESP needs an address, from a line of the log."""
    found = _ROUTE.search(message)
    return found["local"] if found else None


class Attempts:
    """How far each main mode came, read off the log."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._lock = threading.Lock()
        self._found: collections.OrderedDict[int, Attempt] = collections.OrderedDict()

    def line(self, number: int, message: str) -> None:
        """A line of the log about an IKE SA."""
        with self._lock:
            if found := _STARTS.search(message):
                self._found[number] = Attempt(number, "", found["remote"], True, when=self._clock())
            elif found := _STARTED.search(message):
                self._found[number] = Attempt(number, "", found["remote"], False, step=1, when=self._clock())
            elif number in self._found:
                self._found[number] = self._read(self._found[number], message)
            while len(self._found) > 200:
                self._found.popitem(last=False)

    def _read(self, attempt: Attempt, message: str) -> Attempt:
        if found := _SENT.search(message):
            return replace(attempt, local=found["local"])
        if found := _MESSAGE.search(message):
            payloads = found["payloads"].split()
            odd = 1 if payloads[0] == "SA" else 3 if payloads[0] == "KE" else 5
            return replace(attempt, step=odd + (found["kind"] == "response"))
        for pattern, reason in _REASONS:
            if pattern.search(message):
                return replace(attempt, reason=reason)
        return attempt

    def ended(self, number: int) -> None:
        """The SA that had been established is gone."""
        with self._lock:
            if number in self._found:
                self._found[number] = replace(self._found[number], state="deleted", when=self._clock())

    def __iter__(self) -> Iterator[Attempt]:
        with self._lock:
            return iter(list(self._found.values()))

    def get(self, number: int) -> Attempt | None:
        """One of them."""
        with self._lock:
            return self._found.get(number)

    def forget(self, remote: str | None = None) -> None:
        """Forget those that ended (`clear`)."""
        with self._lock:
            for number, attempt in list(self._found.items()):
                if remote in (None, attempt.remote):
                    del self._found[number]


def available() -> bool:
    """Is charon installed?"""
    return os.access(DAEMON, os.X_OK)
