# Copyright: The netvpn.dynamic_l2l contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""ansible-playbook in a closed environment, against devices on free ports."""

from __future__ import annotations

import json
import os
import shutil
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, NamedTuple

import ansible_collections.netvpn.dynamic_l2l.plugins.module_utils._core.errors as somewhere
import pytest
import yaml

ROOT = Path(__file__).parents[2]
#: A playbook that takes longer hangs, in seconds: on a machine that has much else to do one of many hosts takes minutes.
PLAYBOOK = 600
COLLECTIONS = Path(somewhere.__file__).parents[6]


SEED = ROOT / "tests/golden/seed"

#: Name → platform, start configuration, network OS.
DEVICES = {
    "pix515e": ("pix-7.2", "pix-7.2-start.cfg", "netvpn.dynamic_l2l.asa"),
    "hub": ("ios-12.4", "ios-12.4-start.cfg", "cisco.ios.ios"),
    "hub2": ("ios-12.4", "ios-12.4-start.cfg", "cisco.ios.ios"),
}


def free_port() -> int:
    """A port nobody listens on just now."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def wait_for(path: Path, seconds: float = 15) -> None:
    """Until a device says that it is ready."""
    until = time.monotonic() + seconds
    while not path.exists():
        assert time.monotonic() < until, f"{path} does not appear"
        time.sleep(0.05)


class Row(NamedTuple):
    """What a task returned on a host; ``failed`` and ``unreachable`` are in the result."""

    host: str
    task: str
    result: dict[str, Any]


@dataclass
class Playbooks:
    """Runs plays; all that they print and log is kept."""

    folder: Path
    hosts: dict[str, dict[str, Any]] = field(default_factory=dict)
    printed: str = ""

    def __post_init__(self) -> None:
        (self.folder / "home" / ".ssh").mkdir(parents=True)

    @property
    def log(self) -> Path:
        """What Ansible logs."""
        return self.folder / "ansible.log"

    def add(self, name: str, port: int, known_hosts: Path, **variables: Any) -> None:
        """A host, and its key."""
        self.hosts[name] = {
            "ansible_host": "127.0.0.1",
            "ansible_port": port,
            "ansible_connection": "ansible.netcommon.network_cli",
            "ansible_user": "admin",
            "ansible_password": "admin",
            "ansible_become": True,
            "ansible_become_method": "ansible.netcommon.enable",
            "ansible_become_password": "admin",
            **variables,
        }
        with (self.folder / "home/.ssh/known_hosts").open("a", encoding="utf-8") as known:
            known.write(known_hosts.read_text(encoding="utf-8"))

    def run(self, plays: list[dict[str, Any]], *arguments: str, expect: int = 0, **settings: str) -> str:
        """Run ``plays``; what was printed. ``settings`` are environment variables of Ansible."""
        playbook = self.folder / "playbook.yml"
        playbook.write_text(yaml.safe_dump(plays, sort_keys=False), encoding="utf-8")
        return self.play(str(playbook), *arguments, expect=expect, **settings)

    def results(
        self, plays: list[dict[str, Any]] | str, *arguments: str, expect: int = 0, **settings: str
    ) -> list[Row]:
        """Run ``plays``, or a playbook by its name; what all tasks returned, in the order in which they ended."""
        file = self.folder / "results"
        file.unlink(missing_ok=True)
        run = self.play if isinstance(plays, str) else self.run
        run(
            plays,  # type: ignore[arg-type]
            *arguments,
            expect=expect,
            ANSIBLE_CALLBACK_PLUGINS=str(Path(__file__).with_name("callback")),
            ANSIBLE_CALLBACKS_ENABLED="results",
            L2L_RESULTS=str(file),
            **settings,
        )
        return [Row(**json.loads(row)) for row in file.read_text(encoding="utf-8").splitlines()]

    def play(self, playbook: str, *arguments: str, expect: int = 0, **settings: str) -> str:
        """Run a playbook by its path or its full name; what was printed."""
        (self.folder / "inventory.yml").write_text(yaml.safe_dump({"all": {"hosts": self.hosts}}), encoding="utf-8")
        environment = {
            **{name: value for name, value in os.environ.items() if not name.startswith(("ANSIBLE_", "PYTHON"))},
            "HOME": str(self.folder / "home"),
            "ANSIBLE_HOME": str(self.folder / "a"),
            "ANSIBLE_COLLECTIONS_PATH": str(COLLECTIONS),
            "ANSIBLE_LOG_PATH": str(self.log),
            "ANSIBLE_DEPRECATION_WARNINGS": "0",
            # An idle session ends by itself after that; on a busy machine the next task may come late.
            "ANSIBLE_PERSISTENT_CONNECT_TIMEOUT": "60",
            "ANSIBLE_PYTHON_INTERPRETER": sys.executable,
            # Makes libssh read $HOME/.ssh/known_hosts, as paramiko does.
            "PYTHONPATH": str(ROOT / "scripts/pythonpath"),
            "NO_COLOR": "1",
            **settings,
        }
        command = [sys.executable, "-m", "ansible", "playbook", "-i", str(self.folder / "inventory.yml"), *arguments]
        done = subprocess.run(
            [*command, playbook], env=environment, capture_output=True, text=True, check=False, timeout=PLAYBOOK
        )
        self.printed += done.stdout + done.stderr
        assert done.returncode == expect, done.stdout + done.stderr
        return done.stdout + done.stderr


@pytest.fixture(scope="session")
def folders() -> Iterator[Callable[[], Path]]:
    """Makes folders with short paths: a Unix socket's may have 107 characters."""
    made: list[Path] = []

    def make() -> Path:
        made.append(Path(tempfile.mkdtemp(prefix="l2l-")))
        return made[-1]

    yield make
    for folder in made:
        shutil.rmtree(folder, ignore_errors=True)


@pytest.fixture
def playbooks(folders: Callable[[], Path]) -> Playbooks:
    """An empty inventory."""
    return Playbooks(folders())


@pytest.fixture
def misbehaving(folders: Callable[[], Path]) -> Iterator[Callable[..., tuple[int, Path]]]:
    """Starts devices of ``scripted.py``; each is a port and a folder with ``known_hosts`` and ``typed``."""
    started: list[subprocess.Popen[bytes]] = []

    def start(**script: Any) -> tuple[int, Path]:
        port, folder = free_port(), folders()
        program = [sys.executable, str(Path(__file__).with_name("scripted.py")), str(port), str(folder)]
        (folder / "typed").touch()
        started.append(subprocess.Popen([*program, json.dumps(script)], stdin=subprocess.DEVNULL))
        wait_for(folder / "ready")
        return port, folder

    yield start
    for process in started:
        process.terminate()
        process.wait(timeout=10)


@pytest.fixture
def emulated(folders: Callable[[], Path], playbooks: Playbooks) -> Iterator[Callable[..., Path]]:
    """Starts emulated devices and puts them into the inventory; gives the folder of their state.

    A name is one of DEVICES; ``like={name: (one of DEVICES, words of --device…)}`` makes further ones, the last value
    of a word counting, so that they may have another configuration, faults, or users.
    """
    environment = {**os.environ, "PYTHONPATH": str(ROOT / "tests")}
    states: list[Path] = []

    def command(state: Path) -> list[str]:
        return [sys.executable, "-m", "devices", "--state-dir", str(state)]

    def start(*names: str, like: Mapping[str, tuple[str, *tuple[str, ...]]] | None = None) -> Path:
        state = folders()
        states.append(state)
        wanted = {**{name: (name,) for name in names}, **(like or {})}
        arguments = command(state)
        for name in wanted:
            platform, config, _network_os = DEVICES[wanted[name][0]]
            arguments += ["--device", name, f"platform={platform}", "port=0", f"config={SEED / config}"]
            arguments += wanted[name][1:]
        subprocess.run([*arguments, "--daemon"], env=environment, check=True, stdin=subprocess.DEVNULL)
        wait_for(state / "ready")
        ports: dict[str, int] = json.loads((state / "ready").read_text(encoding="utf-8"))
        hosts = (state / "known_hosts").read_text(encoding="utf-8")
        for name, port in ports.items():
            own = state / f"known_{name}"
            own.write_text("".join(row for row in hosts.splitlines(True) if f":{port} " in row), encoding="utf-8")
            playbooks.add(name, port, own, ansible_network_os=DEVICES[wanted[name][0]][2])
        return state

    yield start
    for state in states:
        subprocess.run([*command(state), "--stop"], env=environment, check=False, stdin=subprocess.DEVNULL)
