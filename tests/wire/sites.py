# Copyright: The netvpn.dynamic_l2l contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""Sites at level wire: emulated devices, what they are plugged into, and Ansible's inventory of them."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
import time
import warnings
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import yaml
from devices.wire.client import Packet, WorldClient
from e2e.conftest import DEVICES, SEED, Playbooks, wait_for

with warnings.catch_warnings():
    # paramiko, which netmiko is built on, names ciphers that cryptography will drop.
    warnings.simplefilter("ignore")
    import netmiko

ROOT = Path(__file__).parents[2]
#: How long is waited for what must come, in seconds: for a machine that has much else to do.
PATIENCE = 60
KEY = "k5-of-the-hub"
SITE, TEARDOWN = "netvpn.dynamic_l2l.site", "netvpn.dynamic_l2l.teardown"
INTERNET = "198.51.100.10"

#: The reference scenario: the ISP's links and what is behind the devices.
REFERENCE_TOPOLOGY: dict[str, Any] = {
    "links": {
        "isp-pix": {"port": "pix515e Ethernet0", "gateway": "172.16.1.2/24", "lease": "172.16.1.1"},
        "isp-hub": {"port": "hub Ethernet0/0", "gateway": "192.168.1.1/24"},
    },
    "lans": {
        "lan-pix": {"port": "pix515e Ethernet1", "address": "10.1.1.10/24", "gateway": "10.1.1.2"},
        "lan-hub": {"port": "hub FastEthernet1/0", "address": "10.2.1.10/24", "gateway": "10.2.1.1"},
    },
}

#: The reference's intent, with the reference's algorithms or sound ones.
RESPONDER: dict[str, Any] = {
    "host": "hub",
    "address": "192.168.1.2",
    "networks": ["10.2.1.0/24"],
    "pre_shared_key": KEY,
}
TUNNEL: dict[str, Any] = {
    "name": "osaka",
    "initiator": "pix515e",
    "responder": "hub",
    "networks": ["10.1.1.0/24"],
}
REFERENCE = {**RESPONDER, "suite": "reference", "allow_weak_crypto": "broken", "match_address": False}
SOUND = {**RESPONDER, "suite": "aes256-sha-g5"}


def seed(name: str) -> str:
    """A text of the reference scenario."""
    return (SEED / name).read_text(encoding="utf-8")


#: The reference's devices with the tunnel, as the document prints them.
CONFIGURED = {"pix515e": seed("pix-7.2-running-config.cfg"), "hub": seed("ios-12.4-running-config.cfg")}
#: What stands behind the PIX's `*`: the key that the router shows.
SECRET = "cisco123"


def changed(text: str, *edits: tuple[str, str]) -> str:
    """``text`` with each (old, new) of ``edits``; an edit that finds nothing is a mistake of the test."""
    for old, new in edits:
        assert old in text, old
        text = text.replace(old, new)
    return text


@dataclass
class Site:
    """A running world."""

    state: Path
    playbooks: Playbooks
    world: WorldClient = field(init=False)
    _terminals: dict[str, Any] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.world = WorldClient(self.state)

    # -- Ansible

    def intend(
        self, responders: list[dict[str, Any]], tunnels: list[dict[str, Any]], pat: str = "present", **more: Any
    ) -> None:
        """Give all hosts an intent."""
        options = {"asa_l2l_initiator_pat": pat, "ios_dynamic_responder_pat": pat, **more}
        for host in self.playbooks.hosts.values():
            host.update(options, l2l_responders=responders, l2l_tunnels=tunnels)

    def play(self, playbook: str, *arguments: str, expect: int = 0) -> str:
        """Run one of the collection's playbooks."""
        return self.playbooks.play(playbook, *arguments, expect=expect)

    def results(self, playbook: str, *arguments: str) -> dict[str, list[dict[str, Any]]]:
        """Run it; host → what its tasks returned that have commands."""
        found: dict[str, list[dict[str, Any]]] = {}
        for host, _task, result in self.playbooks.results(playbook, *arguments):
            if "commands" in result:
                found.setdefault(host, []).append(result)
        return found

    # -- a client that nobody of this project wrote

    def terminal(self, name: str) -> Any:
        """A netmiko session on a device, privileged."""
        if name not in self._terminals:
            host = self.playbooks.hosts[name]
            kind = "cisco_ios" if "ios" in host["ansible_network_os"] else "cisco_asa"
            session = netmiko.ConnectHandler(
                device_type=kind,
                host=host["ansible_host"],
                port=host["ansible_port"],
                username=host["ansible_user"],
                password=host["ansible_password"],
                secret=host["ansible_become_password"],
                conn_timeout=PATIENCE,
                auth_timeout=PATIENCE,
                banner_timeout=PATIENCE,
                read_timeout_override=PATIENCE,
            )
            session.enable()
            self._terminals[name] = session
        return self._terminals[name]

    def show(self, name: str, command: str) -> str:
        """What a device answers to a command."""
        return str(self.terminal(name).send_command(command))

    def type(self, name: str, *lines: str) -> str:
        """Type configuration lines at a device, one after the other; what it printed."""
        return str(self.terminal(name).send_config_set(list(lines), cmd_verify=False))

    def close(self) -> None:
        """End the sessions and the devices."""
        for session in self._terminals.values():
            session.disconnect()
        _devices(self.state, "--stop")

    # -- traffic

    def bring_up(self, source: str = "lan-pix", destination: str = "10.2.1.10", seconds: float = PATIENCE) -> float:
        """Ping until an answer comes, as a user does who waits for a tunnel; how long it took."""
        begin = time.monotonic()
        while not self.world.ping(source, destination, seconds=0.5):
            assert time.monotonic() < begin + seconds, f"{source} does not reach {destination}:\n{self.tables()}"
        return time.monotonic() - begin

    def tables(self) -> str:
        """The SA tables of all devices, for a message."""
        shown = [
            f"{name}# {command}\n{self.show(name, command)}"
            for name in self.playbooks.hosts
            for command in ("show crypto isakmp sa", "show crypto ipsec sa")
        ]
        return "\n".join(shown)

    def until(self, condition: Callable[[], object], what: str, seconds: float = PATIENCE) -> Any:
        """Wait until ``condition`` is true; its value."""
        deadline = time.monotonic() + seconds
        while not (found := condition()):
            assert time.monotonic() < deadline, f"{what}: not in {seconds} s\n{self.tables()}"
            time.sleep(0.05)
        return found


def in_clear(packets: Iterable[Packet], *prefixes: str) -> list[Packet]:
    """Packets that nobody encrypted and that show an address beginning with one of ``prefixes``."""
    return [
        packet
        for packet in packets
        if not packet.encrypted and (packet.source.startswith(prefixes) or packet.destination.startswith(prefixes))
    ]


def spis(table: str) -> set[int]:
    """All SPIs that a table of either platform shows."""
    return {int(number, 16) for number in re.findall(r"spi: 0x([0-9A-Fa-f]+)", table)} - {0}


def _devices(state: Path, *arguments: str) -> None:
    environment = {**os.environ, "PYTHONPATH": str(ROOT / "tests")}
    command = [sys.executable, "-m", "devices", "--state-dir", str(state), *arguments]
    subprocess.run(command, env=environment, check=True, stdin=subprocess.DEVNULL)


def start(
    folder: Path,
    playbooks: Playbooks,
    topology: Mapping[str, Any] = REFERENCE_TOPOLOGY,
    configs: Mapping[str, str] | None = None,
    keys: Mapping[str, str] | None = None,
    like: Mapping[str, str] | None = None,
) -> Site:
    """Start devices in a world.

    ``configs``: name → running configuration; by default the start configurations of the reference's two devices.
    ``keys``: peer → pre-shared key, behind the stars of every PIX. ``like``: name → name in ``DEVICES``.
    """
    kinds = {"pix515e": "pix515e", "hub": "hub", **(like or {})}
    configs = configs or {name: seed(DEVICES[name][1]) for name in ("pix515e", "hub")}
    files = folder / "given"
    files.mkdir()
    (files / "topology.yml").write_text(yaml.safe_dump(dict(topology), sort_keys=False), encoding="utf-8")
    (files / "secrets.yml").write_text(yaml.safe_dump({"pre_shared_keys": dict(keys or {})}), encoding="utf-8")
    arguments: list[str] = []
    for name, text in configs.items():
        (files / f"{name}.cfg").write_text(text, encoding="utf-8")
        arguments += ["--device", name, f"platform={DEVICES[kinds[name]][0]}", "port=0"]
        arguments += [f"config={files / name}.cfg", f"secrets={files / 'secrets.yml'}"]
    state = folder / "s"
    _devices(state, *arguments, "--wire", str(files / "topology.yml"), "--daemon")
    wait_for(state / "ready", PATIENCE)
    ports: dict[str, int] = json.loads((state / "ready").read_text(encoding="utf-8"))
    known = (state / "known_hosts").read_text(encoding="utf-8").splitlines(True)
    for name, port in ports.items():
        own = state / f"known_{name}"
        own.write_text("".join(row for row in known if f":{port} " in row), encoding="utf-8")
        playbooks.add(name, port, own, ansible_network_os=DEVICES[kinds[name]][2])
    return Site(state, playbooks)
