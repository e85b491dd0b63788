# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: The netvpn.dynamic_l2l contributors
"""The devices over SSH, and the process that serves them."""

from __future__ import annotations

import asyncio
import json
import os
import signal
import socket
import subprocess
import sys
import time
from pathlib import Path

import asyncssh
import pytest
from devices import Device
from devices.server import listen, port_of

TESTS = Path(__file__).resolve().parents[2]
GOLDEN = TESTS / "golden" / "seed"


async def _until(process: asyncssh.SSHClientProcess[str], end: str) -> str:
    text = ""
    while not text.endswith(end):
        part = await asyncio.wait_for(process.stdout.read(4096), 5)
        if not part:
            break
        text += part
    return text


def connected(device: Device, talk, *, password: str = "admin", authentication: str = "password"):
    """Serve a device, connect to it, and talk."""

    async def run():
        acceptor = await listen(device, 0, asyncssh.generate_private_key("ssh-ed25519"))
        try:
            async with asyncssh.connect(
                "127.0.0.1",
                port_of(acceptor),
                username="admin",
                password=password,
                known_hosts=None,
                client_keys=None,
                preferred_auth=authentication,
            ) as connection:
                return await talk(connection)
        finally:
            acceptor.close()

    return asyncio.run(run())


@pytest.fixture
def router() -> Device:
    return Device.from_text("ios-12.4", (GOLDEN / "ios-12.4-start.cfg").read_text())


@pytest.mark.parametrize("authentication", ["password", "keyboard-interactive"])
def test_a_user_logs_in_and_works_over_ssh(router: Device, authentication: str) -> None:
    async def talk(connection):
        async with connection.create_process(term_type="vt100") as process:
            said = [await _until(process, ">")]
            for line, end in (("enable", "Password: "), ("admin", "#"), ("terminal length 0", "#"), ("show run", "#")):
                process.stdin.write(line + "\n")
                said.append(await _until(process, "Router" + end if end == "#" else end))
            process.stdin.write("exit\n")
            return said, await process.stdout.read()

    said, last = connected(router, talk, authentication=authentication)
    assert said[0] == "\r\nRouter>"
    assert said[4].replace("\r", "").removeprefix("show run\n") == router.running_config() + "\nRouter#"
    assert last == "exit\r\n"


def test_a_wrong_password_is_refused(router: Device) -> None:
    async def talk(connection):
        return None

    with pytest.raises(asyncssh.PermissionDenied):
        connected(router, talk, password="wrong")


def test_one_command_can_be_run_without_a_shell(router: Device) -> None:
    async def talk(connection):
        return await connection.run("show version")

    assert "Version 12.4(6)T2" in connected(router, talk).stdout


def test_a_dropped_connection_is_cut(router: Device) -> None:
    router.faults.drop_at = 1

    async def talk(connection):
        process = await connection.create_process(term_type="vt100")
        process.stdin.write("enable\nadmin\nconfigure terminal\nhostname hub\n")
        await connection.wait_closed()

    connected(router, talk)
    assert "hostname Router" in router.running_config()


def run(*arguments: str) -> subprocess.CompletedProcess[str]:
    environment = os.environ | {"PYTHONPATH": str(TESTS)}
    return subprocess.run(
        [sys.executable, "-m", "devices", *arguments],
        env=environment,
        text=True,
        capture_output=True,
        timeout=20,
        check=False,
    )


def test_a_process_serves_devices_in_the_background_until_it_is_stopped(tmp_path: Path) -> None:
    state, spec, secrets = tmp_path / "state", tmp_path / "devices.yml", tmp_path / "secrets.yml"
    secrets.write_text("pre_shared_keys: {192.168.1.2: behind-the-star}\n")
    entry = {"name": "fw", "platform": "pix-7.2", "port": 0, "config": str(GOLDEN / "pix-7.2-running-config.cfg")}
    spec.write_text(json.dumps({"devices": [entry | {"secrets": str(secrets), "hostname": "fw-1"}]}))
    (tmp_path / "password").write_text("pass\n")
    (tmp_path / "enable").write_text("word\n")
    result = run(
        "--device", "hub", "platform=ios-12.4", "port=0", f"config={GOLDEN / 'ios-12.4-running-config.cfg'}",
        "--spec", str(spec), "--user", "me", "--password-file", str(tmp_path / "password"),
        "--enable-file", str(tmp_path / "enable"), "--state-dir", str(state), "--daemon",
    )  # fmt: skip
    assert (result.returncode, result.stderr) == (0, "")
    try:
        ports = json.loads((state / "ready").read_text())
        assert set(ports) == {"hub", "fw"}
        assert "cisco123" not in (state / "hub.running").read_text()
        assert "crypto isakmp key *** address 0.0.0.0 0.0.0.0" in (state / "hub.running").read_text()

        async def talk() -> str:
            async with (
                asyncssh.connect(
                    "127.0.0.1",
                    ports["fw"],
                    username="me",
                    password="pass",
                    known_hosts=str(state / "known_hosts"),
                    client_keys=None,
                ) as connection,
                connection.create_process(term_type="vt100") as process,
            ):
                said = ""
                for line, end in (
                    ("", "> "), ("enable", "Password: "), ("word", "# "), ("no terminal pager", "# "),
                    ("more system:running-config", ": end\r\n\rfw-1# "), ("configure terminal", "(config)# "),
                    ("hostname renamed", "renamed(config)# "),
                ):  # fmt: skip
                    process.stdin.write(line + "\n")
                    said += await _until(process, end)
                return said

        assert " pre-shared-key behind-the-star" in asyncio.run(talk())
        assert "hostname renamed" in (state / "fw.running").read_text()
        assert "[1] fw-1(config)# hostname renamed" in (state / "fw.log").read_text().split("\n")
        (state / "hub.running").unlink()
        os.kill(int((state / "pid").read_text()), signal.SIGUSR1)
        deadline = time.monotonic() + 5
        while not (state / "hub.running").exists() and time.monotonic() < deadline:
            time.sleep(0.02)
        assert (state / "hub.running").exists()
        assert "runs here already" in run("--spec", str(spec), "--state-dir", str(state), "--daemon").stderr
    finally:
        assert run("--state-dir", str(state), "--stop").returncode == 0
    assert not (state / "pid").exists()
    assert not (state / "ready").exists()
    assert run("--state-dir", str(state), "--stop").returncode == 0


def test_what_cannot_be_started_is_told(tmp_path: Path) -> None:
    config = f"config={GOLDEN / 'ios-12.4-start.cfg'}"
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        cases = {
            f"port {port}": ("--device", "r", "platform=ios-12.4", f"port={port}", config),
            "unknown platform: ios-1": ("--device", "r", "platform=ios-1", "port=0", config),
            "No such file": ("--device", "r", "platform=ios-12.4", "port=0", "config=/nowhere"),
            "colour=red is not one of": ("--device", "r", "platform=ios-12.4", "colour=red"),
            "port is missing": ("--device", "r", "platform=ios-12.4", config),
            "no device": (),
        }
        for text, arguments in cases.items():
            result = run(*arguments, "--state-dir", str(tmp_path / "state"), "--daemon")
            assert result.returncode == 1, text
            assert text in result.stderr
    assert not (tmp_path / "state" / "ready").exists()
