# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: The netvpn.dynamic_l2l contributors
"""Control of a running world: a Unix socket in the state folder, one JSON request and one JSON answer per connection.

| `do` | |
| --- | --- |
| `exec` | `node`, `argv`, `timeout`, `input` → `code`, `stdout`, `stderr` |
| `start` | the same in the background → `id`; `finish` with `id` interrupts it → as `exec`; `output` → what it said so far |
| `capture` | `link`, `file` → `id`; `sync` with `id`: all that passed is in the file; `finish` with `id` |
| `event` | `event` and `arguments`: see `Control.event` |
| `status` | nodes, links, devices: addresses, gateways, leases, faults, seconds per change |
| `sas` | `device` → its security associations |
| `recall` | notes in `recall.json` what the associations that exist rest on |
| `log` | `device` → what its IKE daemon and the crypto stage noted, the latest last |
| `history` | `device` → what there was to log, by `isakmp`, `ipsec` (its debugs; both: `all`) and `syslog`, whatever is switched on |
"""

from __future__ import annotations

import contextlib
import dataclasses
import itertools
import json
import os
import signal
import socket
import subprocess
import threading
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from .capture import Capture
from .network import Network
from .plant import Plant
from .topology import TopologyError, interface
from .world import Node, World

SOCKET = "control"
Request = Mapping[str, Any]
Answer = dict[str, Any]


class ControlError(Exception):
    """The request cannot be done; the text says why."""


class _Running:
    """A program in the background; what it says goes to memory files, so that it never waits for a reader."""

    def __init__(self, node: Node, argv: list[str]) -> None:
        self._said = (os.memfd_create("stdout"), os.memfd_create("stderr"))
        self._process = node.popen(*argv, stdout=self._said[0], stderr=self._said[1])

    def output(self) -> Answer:
        out, err = (os.pread(each, os.fstat(each).st_size, 0).decode(errors="replace") for each in self._said)
        return {"code": self._process.poll(), "stdout": out, "stderr": err}

    def finish(self, number: int | None, seconds: float) -> Answer:
        if number:
            self._process.send_signal(number)
        try:
            self._process.wait(seconds)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
        answer = self.output()
        for each in self._said:
            os.close(each)
        return answer


class Control:
    """Serves the socket of a state folder in threads of its own."""

    def __init__(self, state: Path, world: World, network: Network, plants: Mapping[str, Plant]) -> None:
        self._world, self._network, self._plants = world, network, plants
        self._running: dict[int, _Running | Capture] = {}
        self._numbers = itertools.count(1)
        self._path = state / SOCKET
        self._path.unlink(missing_ok=True)
        self._socket = _bound(state)
        threading.Thread(target=self._serve, daemon=True).start()

    def close(self) -> None:
        """Answer no more."""
        self._socket.close()
        self._path.unlink(missing_ok=True)

    def _serve(self) -> None:
        with contextlib.suppress(OSError):
            while True:
                connection, _ = self._socket.accept()
                threading.Thread(target=self._talk, args=[connection], daemon=True).start()

    def _talk(self, connection: socket.socket) -> None:
        with connection, contextlib.suppress(OSError), connection.makefile("rw", encoding="utf-8") as file:
            line = file.readline()
            if not line:
                return
            try:
                answer = self.answer(json.loads(line))
            except (ControlError, TopologyError, subprocess.SubprocessError, OSError, ValueError) as error:
                answer = {"error": str(error) or type(error).__name__}
            except Exception as error:
                answer = {"error": f"EMULATOR FAULT: {type(error).__name__}: {error}"}
            file.write(json.dumps(answer) + "\n")
            file.flush()

    def answer(self, request: Request) -> Answer:
        """Do what a request says."""
        verbs: dict[str, Callable[[Request], Answer]] = {
            "exec": self._exec,
            "start": self._start,
            "output": lambda request: self._program(request).output(),
            "finish": self._finish,
            "capture": self._capture,
            "sync": self._sync,
            "event": lambda request: self.event(request["event"], [str(word) for word in request["arguments"]]),
            "status": lambda _request: self.status(),
            "sas": self._sas,
            "recall": self._recall,
            "history": lambda request: {
                channel: list(texts) for channel, texts in self._plant(request["device"]).device.logs.history.items()
            },
            "log": lambda request: {"lines": [str(line) for line in self._plant(request["device"]).crypto.log]},
        }
        verb = verbs.get(str(request.get("do")))
        if verb is None:
            raise ControlError(f"do: one of {', '.join(verbs)}")
        try:
            return verb(request)
        except KeyError as error:
            raise ControlError(f"missing or unknown: {error}") from error

    # -- programs

    def _node(self, name: str) -> Node:
        if name not in self._world.nodes:
            raise ControlError(f"no node {name}: there are {', '.join(self._world.nodes)}")
        return self._world.nodes[name]

    def _exec(self, request: Request) -> Answer:
        node = self._node(request["node"])
        try:
            done = node.run(
                *request["argv"], timeout=request.get("timeout") or 30, input=request.get("input"), check=False
            )
        except FileNotFoundError as error:
            return {"code": 127, "stdout": "", "stderr": f"{error}\n"}
        return {"code": done.returncode, "stdout": done.stdout, "stderr": done.stderr}

    def _start(self, request: Request) -> Answer:
        return self._keep(_Running(self._node(request["node"]), list(request["argv"])))

    def _keep(self, started: _Running | Capture) -> Answer:
        number = next(self._numbers)
        self._running[number] = started
        return {"id": number}

    def _program(self, request: Request) -> _Running:
        found = self._running[request["id"]]
        if not isinstance(found, _Running):
            raise ControlError("that is a capture")
        return found

    def _finish(self, request: Request) -> Answer:
        found = self._running.pop(request["id"])
        if isinstance(found, Capture):
            found.stop()
            return {}
        return found.finish(request.get("signal", signal.SIGINT), request.get("timeout") or 5)

    # -- captures

    def _capture(self, request: Request) -> Answer:
        place = self._network.place(request["link"])
        return self._keep(Capture(place.node, place.interface, Path(request["file"])))

    def _sync(self, request: Request) -> Answer:
        found = self._running[request["id"]]
        if isinstance(found, Capture):
            found.sync()
        return {}

    # -- events

    def event(self, name: str, arguments: list[str]) -> Answer:
        """Let something happen.

        `lease LINK ADDRESS[/LENGTH] [GATEWAY[/LENGTH]]`: the ISP gives another lease, and moves its own address if a
        gateway is named; the device loses the old lease and asks; returns when it has the new one.
        `renew DEVICE [INTERFACE]`; `filter LINK [udp/500 ...]`: let these not pass (none: all pass);
        `cable DEVICE HARDWARE up|down`: the far end of a port; `reload DEVICE`: as by its power switch;
        `rekey DEVICE ...`, `dpd DEVICE ...`: of its crypto stage.
        """
        verbs: dict[str, Callable[..., object]] = {
            "lease": self._lease,
            "renew": self._renew,
            "filter": lambda link, *words: self._network.filter(link, words),
            "cable": self._cable,
            "reload": self._reload,
            "rekey": lambda device, *rest: self._stage(device, "rekey", rest),
            "dpd": lambda device, *rest: self._stage(device, "dpd", rest),
        }
        if name not in verbs:
            raise ControlError(f"event: one of {', '.join(verbs)}")
        try:
            result = verbs[name](*arguments)
        except TypeError as error:
            if "positional argument" not in str(error):
                raise
            raise ControlError(f"event {name}: {error}") from error
        return {"result": _plain(result)}

    def _lease(self, link: str, address: str, gateway: str = "") -> Answer:
        access = self._network.accesses.get(link)
        if access is None:
            raise ControlError(f"no device on {link}")
        length = access.gateway.length
        offer = interface(address, length)
        self._network.lease(link, offer, interface(gateway, offer.length) if gateway else None)
        plug = next(each.port for each in self._network.topology.links if each.name == link)
        assert plug
        plant = self._plant(plug.device)
        port = next((each.name for each in plant.fabric.ports if each.hardware == plug.hardware and each.dhcp), None)
        if port is None:
            return {"lease": None}  # the interface has no DHCP client: nobody asks
        if not plant.renew(port, anew=True):
            raise ControlError(f"{plug.device} {port}: no lease in time")
        return {"lease": "/".join(map(str, plant.addresses()[port]))}

    def _renew(self, device: str, port: str = "") -> Answer:
        if not self._plant(device).renew(port or None):
            raise ControlError(f"{device}: no lease to renew, or no answer")
        return {}

    def _cable(self, device: str, hardware: str, state: str) -> Answer:
        for link in self._network.topology.links:
            if link.port and (link.port.device, link.port.hardware) == (device, hardware):
                place = self._network.accesses[link.name].place
                place.node.raise_interface(place.interface, up=state == "up")
                return {}
        for lan in self._network.topology.lans:
            if (lan.port.device, lan.port.hardware) == (device, hardware):
                place = self._network.places[lan.name]
                place.node.raise_interface(place.interface, up=state == "up")
                return {}
        raise ControlError(f"{device} {hardware} is not plugged in")

    def _reload(self, device: str) -> Answer:
        plant = self._plant(device)
        plant.device.reload()
        if missing := plant.wait_for_leases(self._network):
            raise ControlError(f"{device}: no lease in time on {', '.join(missing)}")
        return {}

    def _plant(self, device: str) -> Plant:
        if device not in self._plants:
            raise ControlError(f"no device {device}: there are {', '.join(self._plants)}")
        return self._plants[device]

    def _stage(self, device: str, method: str, arguments: tuple[str, ...]) -> object:
        stage = self._plant(device).crypto
        return getattr(stage, method)(*arguments)

    # -- telling

    def _sas(self, request: Request) -> Answer:
        return {"result": _plain(self._stage(request["device"], "sas", ()))}

    def _recall(self, _request: Request) -> Answer:
        for plant in self._plants.values():
            plant.count()
        return {}

    def status(self) -> Answer:
        """Everything that is, for people and for tests."""
        return {
            "nodes": list(self._world.nodes),
            "links": list(self._network.places),
            "filters": {link: list(words) for link, words in self._network.filters.items() if words},
            "devices": {
                name: {
                    "addresses": {port: f"{a}/{n}" for port, (a, n) in plant.addresses().items()},
                    "gateways": plant.gateways(),
                    "faults": [*plant.faults, *plant.crypto.faults],
                    "seconds": [[changed, round(seconds, 4)] for changed, seconds in plant.seconds],
                }
                for name, plant in self._plants.items()
            },
        }


def _plain(value: object) -> object:
    """Something that JSON can say."""
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        return {field.name: _plain(getattr(value, field.name)) for field in dataclasses.fields(value)}
    if isinstance(value, Mapping):
        return {str(key): _plain(each) for key, each in value.items()}
    if isinstance(value, list | tuple | set | frozenset):
        return [_plain(each) for each in value]
    return value if value is None or isinstance(value, str | int | float | bool) else str(value)


def _bound(state: Path) -> socket.socket:
    end = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    with _short(state) as path:
        before = os.umask(0o177)
        try:
            end.bind(path)
        finally:
            os.umask(before)
    end.listen(16)
    return end


@contextlib.contextmanager
def _short(state: Path) -> Any:
    """The socket's path in less than the 108 characters that a socket's path may have."""
    folder = os.open(state, os.O_PATH | os.O_DIRECTORY)
    try:
        yield f"/proc/self/fd/{folder}/{SOCKET}"
    finally:
        os.close(folder)


def ask(state: Path, request: Request, seconds: float = 60) -> Answer:
    """Send a request to the process of a state folder."""
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as end:
        end.settimeout(seconds)
        try:
            with _short(state) as path:
                end.connect(path)
        except OSError as error:
            raise ControlError(f"{state}: no world runs here ({error.strerror})") from error
        with end.makefile("rw", encoding="utf-8") as file:
            file.write(json.dumps(dict(request)) + "\n")
            file.flush()
            line = file.readline()
    if not line:
        raise ControlError(f"{state}: the world ended without an answer")
    answer: Answer = json.loads(line)
    if "error" in answer:
        raise ControlError(answer["error"])
    return answer
