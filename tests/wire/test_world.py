# Copyright: The netvpn.dynamic_l2l contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""The world itself: what is in it, what can be made to happen, and that nothing of it is left behind."""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import asyncssh
import pytest
import yaml
from devices.wire.client import ControlError, WorldClient

TESTS = Path(__file__).resolve().parents[1]
GOLDEN = TESTS / "golden" / "seed"
TOPOLOGY: dict[str, Any] = {
    "links": {
        "isp-pix": {"port": "pix Ethernet0", "gateway": "172.16.1.2/24", "lease": "172.16.1.1"},
        "isp-hub": {"port": "hub Ethernet0/0", "gateway": "192.168.1.1/24"},
    },
    "lans": {
        "lan-pix": {"port": "pix Ethernet1", "address": "10.1.1.10/24", "gateway": "10.1.1.2"},
        "lan-hub": {"port": "hub FastEthernet1/0", "address": "10.2.1.10/24", "gateway": "10.2.1.1"},
    },
}
STARTS = {"pix": ("pix-7.2", "pix-7.2-start.cfg"), "hub": ("ios-12.4", "ios-12.4-start.cfg")}
TUNNELS = {"pix": ("pix-7.2", "pix-7.2-running-config.cfg"), "hub": ("ios-12.4", "ios-12.4-running-config.cfg")}
INTERNET = "198.51.100.10"


def devices(state: Path, *arguments: str, before: tuple[str, ...] = ()) -> subprocess.CompletedProcess[str]:
    """Run the program."""
    return subprocess.run(
        [*before, sys.executable, "-m", "devices", "--state-dir", str(state), *arguments],
        env=os.environ | {"PYTHONPATH": str(TESTS)},
        stdin=subprocess.DEVNULL,
        text=True,
        capture_output=True,
        check=False,
        timeout=120,
    )


@contextlib.contextmanager
def running(
    topology: dict[str, Any] = TOPOLOGY,
    edit: Callable[[str], str] = lambda text: text,
    before: tuple[str, ...] = (),
    configs: dict[str, tuple[str, str]] = STARTS,
    below: str | None = None,
) -> Iterator[WorldClient]:
    """A world with the reference's two devices, their configurations edited; its folder is in `below`."""
    state = Path(tempfile.mkdtemp(prefix="l2l-", dir=below))
    try:
        (state / "topology.yml").write_text(yaml.safe_dump(topology))
        (state / "secrets.yml").write_text("pre_shared_keys: {192.168.1.2: cisco123}\n")
        words: list[str] = []
        for name, (platform, config) in configs.items():
            (state / config).write_text(edit((GOLDEN / config).read_text()))
            words += ["--device", name, f"platform={platform}", "port=0", f"config={state / config}"]
            words += [f"secrets={state / 'secrets.yml'}"]
        begun = devices(state, *words, "--wire", str(state / "topology.yml"), "--daemon", before=before)
        assert (begun.returncode, begun.stderr) == (0, "")
        yield WorldClient(state)
    finally:
        assert devices(state, "--stop").returncode == 0
        shutil.rmtree(state)


def typed(world: WorldClient, name: str, *lines: str) -> str:
    """Type lines on a device over SSH, from enable mode on; returns what was printed."""
    port = json.loads((world.state / "ready").read_text())[name]

    async def talk() -> str:
        async with (
            asyncssh.connect(
                "127.0.0.1", port, username="admin", password="admin", known_hosts=None, client_keys=None
            ) as connection,
            connection.create_process(term_type="vt100") as process,
        ):
            process.stdin.write("".join(f"{line}\n" for line in ("enable", "admin", *lines, "end", "exit")))
            return await asyncio.wait_for(process.stdout.read(), 60)

    return asyncio.run(talk())


def parents() -> dict[int, int]:
    """The parent of each process."""
    found: dict[int, int] = {}
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit():
            with contextlib.suppress(OSError):
                found[int(entry.name)] = int((entry / "stat").read_text().rpartition(")")[2].split()[1])
    return found


def children(process: int) -> set[int]:
    """The processes below one."""
    known, found = parents(), {process}
    while more := {child for child, parent in known.items() if parent in found} - found:
        found |= more
    return found - {process}


def alive(processes: set[int]) -> set[int]:
    """Those of the processes that are there and not only waiting to be taken note of."""
    found = set()
    for process in processes:
        with contextlib.suppress(OSError):
            if Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()[0] != "Z":
                found.add(process)
    return found


def until(reached: Callable[[], object], seconds: float = 60) -> None:
    """Wait for a condition."""
    deadline = time.monotonic() + seconds
    while not reached():
        assert time.monotonic() < deadline, "not in time"
        time.sleep(0.01)


@pytest.fixture(scope="module")
def world() -> Iterator[WorldClient]:
    """A world that tests leave as they found it."""
    with running() as made:
        yield made


# -- what is there


def test_the_reference_stands_with_its_addresses_and_routes(world: WorldClient) -> None:
    status = world.status()["devices"]
    assert status["pix"]["addresses"] == {"outside": "172.16.1.1/24", "inside": "10.1.1.2/24"}
    assert status["pix"]["gateways"] == {"outside": "172.16.1.2"}
    assert status["hub"]["addresses"] == {"Ethernet0/0": "192.168.1.2/24", "FastEthernet1/0": "10.2.1.1/24"}
    assert [each["faults"] for each in status.values()] == [[], []]
    assert world.ping("lan-pix", "10.1.1.2") == world.ping("lan-hub", "10.2.1.1") == 1
    assert world.ping("internet", "172.16.1.1") == world.ping("internet", "192.168.1.2") == 1
    assert "172.16.1.1" in typed(world, "pix", "show interface ip brief")


def test_the_isp_loses_what_it_has_no_route_for(world: WorldClient) -> None:
    assert world.ping("internet", "10.1.1.2", seconds=0.2) == 0


def test_an_echo_tells_the_address_that_it_saw(world: WorldClient) -> None:
    for protocol in ("udp", "tcp"):
        assert world.seen("isp", INTERNET, protocol) == "198.51.100.1"
    flow = world.flow("isp", INTERNET, "tcp", interval=0.01)
    flow.wait_for("\n5 198.51.100.1 ")
    lines = [line.split() for line in flow.finish().stdout.splitlines()]
    assert [int(line[0]) for line in lines] == list(range(1, len(lines) + 1))
    assert len({tuple(line[1:]) for line in lines}) == 1


def test_a_capture_has_exactly_what_passed(world: WorldClient) -> None:
    with world.capture("isp-hub") as hub, world.capture("isp-pix") as pix:
        assert world.ping("internet", "192.168.1.2", 5) == 5
        pings = [packet for packet in hub.packets("icmp") if packet.ping]
        assert len(pings) == 10
        assert {(packet.source, packet.destination) for packet in pings} == {
            (INTERNET, "192.168.1.2"),
            ("192.168.1.2", INTERNET),
        }
        assert len(hub.tshark("-Y", "icmp")) == 10
        assert not pix.packets("icmp")
        assert hub.wait(lambda found: len(found) >= 10)


def test_the_command_line_runs_programs_in_nodes_captures_and_tells(world: WorldClient) -> None:
    done = devices(world.state, "--exec", "lan-pix", "--", "sh", "-c", "ip -br address show eth0; echo two >&2; exit 3")
    assert (done.returncode, "10.1.1.10/24" in done.stdout, done.stderr) == (3, True, "two\n")
    assert "no node nowhere: there are isp, " in devices(world.state, "--exec", "nowhere", "--", "true").stderr
    assert json.loads(devices(world.state, "--status").stdout)["devices"].keys() == {"pix", "hub"}
    pcap = world.state / "taken.pcap"
    process = subprocess.Popen(
        [sys.executable, "-m", "devices", "--state-dir", str(world.state), "--capture", "isp-pix", "--to", str(pcap)],
        env=os.environ | {"PYTHONPATH": str(TESTS)},
        stdout=subprocess.PIPE,
        text=True,
    )
    assert process.stdout
    assert "capturing" in process.stdout.readline()
    world.ping("internet", "172.16.1.1")
    process.send_signal(signal.SIGINT)
    assert process.wait(60) == 0
    process.stdout.close()
    assert pcap.stat().st_size > 200


# -- a line changes it


def test_a_typed_line_has_worked_when_the_prompt_comes(world: WorldClient) -> None:
    typed(world, "pix", "configure terminal", "interface Ethernet1", "ip address 10.1.1.3 255.255.255.0")
    assert world.ping("lan-pix", "10.1.1.3") == 1
    assert world.ping("lan-pix", "10.1.1.2", seconds=0.2) == 0
    typed(world, "pix", "configure terminal", "interface Ethernet1", "ip address 10.1.1.2 255.255.255.0")
    assert world.ping("lan-pix", "10.1.1.2") == 1
    typed(world, "hub", "configure terminal", "interface Ethernet0/0", "shutdown")
    assert world.ping("internet", "192.168.1.2", seconds=0.2) == 0
    typed(world, "hub", "configure terminal", "interface Ethernet0/0", "no shutdown")
    assert world.ping("internet", "192.168.1.2") == 1
    typed(world, "hub", "configure terminal", "no ip route 0.0.0.0 0.0.0.0 192.168.1.1")
    assert world.ping("internet", "192.168.1.2", seconds=0.2) == 0
    assert world.ping("isp", "192.168.1.2") == 1
    typed(world, "hub", "configure terminal", "ip route 0.0.0.0 0.0.0.0 192.168.1.1")
    assert world.ping("internet", "192.168.1.2") == 1
    assert [each["faults"] for each in world.status()["devices"].values()] == [[], []]


def test_dhcp_can_be_taken_away_and_given_back(world: WorldClient) -> None:
    typed(world, "pix", "configure terminal", "interface Ethernet0", "ip address 172.16.1.9 255.255.255.0")
    assert world.status()["devices"]["pix"]["addresses"]["outside"] == "172.16.1.9/24"
    assert world.ping("internet", "172.16.1.9") == 1
    typed(world, "pix", "configure terminal", "interface Ethernet0", "ip address dhcp")
    until(lambda: world.status()["devices"]["pix"]["addresses"].get("outside") == "172.16.1.1/24")
    # The lease is told before it is on the interface.
    until(lambda: world.ping("internet", "172.16.1.1", seconds=0.5))


# -- events


def test_what_the_isp_filters_does_not_pass(world: WorldClient) -> None:
    world.event("filter", "isp-pix", "udp/7", "icmp")
    assert world.ping("internet", "172.16.1.1", seconds=0.2) == 0
    world.event("filter", "isp-pix")
    assert world.ping("internet", "172.16.1.1") == 1
    with pytest.raises(ControlError, match="none of"):
        world.event("filter", "isp-pix", "udp 7")
    with pytest.raises(ControlError, match="no link"):
        world.event("filter", "elsewhere")


def test_a_cable_can_be_pulled(world: WorldClient) -> None:
    world.event("cable", "pix", "Ethernet0", "down")
    assert world.ping("internet", "172.16.1.1", seconds=0.2) == 0
    world.event("cable", "pix", "Ethernet0", "up")
    until(lambda: world.ping("internet", "172.16.1.1", seconds=0.2))


def test_events_that_cannot_be_are_refused(world: WorldClient) -> None:
    for words in (
        ["nothing"],
        ["lease"],
        ["lease", "isp-hub", "192.168.1.7"],
        ["lease", "isp-pix", "x"],
        ["renew", "x"],
    ):
        with pytest.raises(ControlError):
            world.event(*words)


@pytest.mark.parametrize("setroute", [False, True])
def test_another_lease_and_another_gateway(setroute: bool) -> None:
    def edit(text: str) -> str:
        if not setroute:
            return text
        without = [line for line in text.splitlines(True) if not line.startswith("route outside")]
        return "".join(without).replace(" ip address dhcp\n", " ip address dhcp setroute\n")

    with running(edit=edit) as world:
        assert world.ping("internet", "172.16.1.1") == 1
        world.event("renew", "pix")
        assert world.event("lease", "isp-pix", "172.16.1.77") == {"lease": "172.16.1.77/24"}
        assert world.ping("internet", "172.16.1.77") == 1
        assert world.ping("internet", "172.16.1.1", seconds=0.2) == 0
        assert world.event("lease", "isp-pix", "172.16.9.5", "172.16.9.2/24") == {"lease": "172.16.9.5/24"}
        assert world.status()["devices"]["pix"]["gateways"] == {"outside": "172.16.9.2"}
        # The static default route names the gateway that is no more.
        assert world.ping("internet", "172.16.9.5", seconds=0.3) == setroute
        assert world.ping("isp", "172.16.9.5") == 1


def test_a_lease_behind_a_box_that_translates() -> None:
    box = {"gateway": "192.168.77.1/24", "lease": "192.168.77.20", "port": "pix Ethernet0"}
    box["box"] = {"address": "203.0.113.2/24", "gateway": "203.0.113.1/24"}  # type: ignore[assignment]
    plan = {**TOPOLOGY, "links": {**TOPOLOGY["links"], "isp-pix": box}}

    def edit(text: str) -> str:
        return text.replace("0.0.0.0 0.0.0.0 172.16.1.2", "0.0.0.0 0.0.0.0 192.168.77.1")

    with running(plan, edit) as world, world.capture("isp-pix") as outer, world.capture("isp-pix-in") as inner:
        assert world.status()["devices"]["pix"]["addresses"]["outside"] == "192.168.77.20/24"
        assert world.ping("pix-cry", INTERNET, 1, "-I", "192.168.77.20") == 1
        assert {packet.source for packet in outer.packets("icmp")} == {"203.0.113.2", INTERNET}
        assert {packet.source for packet in inner.packets("icmp")} == {"192.168.77.20", INTERNET}


def test_a_device_without_power_forgets_and_tells_nobody() -> None:
    with running(configs=TUNNELS) as world:
        until(lambda: world.ping("lan-pix", "10.2.1.10", seconds=0.5))
        (before,) = world.sas("pix")["children"]
        world.event("reload", "pix")
        assert world.sas("pix")["children"] == []
        assert [each["spi_in"] for each in world.sas("hub")["children"]] == [before["spi_out"]]
        until(lambda: world.ping("lan-pix", "10.2.1.10", seconds=0.5))
        assert world.seen("lan-pix", INTERNET) == "172.16.1.1"
        assert [each["faults"] for each in world.status()["devices"].values()] == [[], []]


# -- nothing is left behind


def outside() -> tuple[Any, ...]:
    """What a world could leave outside of its namespaces."""
    mounts = Path("/proc/self/mountinfo").read_text()
    names = Path("/run/netns")
    forward = Path("/proc/sys/net/ipv4/ip_forward").read_text()
    return sorted(os.listdir("/sys/class/net")), mounts, sorted(names.iterdir()) if names.exists() else None, forward


def test_several_worlds_stand_beside_each_other_and_leave_nothing() -> None:
    before = outside()
    with running() as first, running() as second:
        first.event("lease", "isp-pix", "172.16.1.50")
        assert second.ping("internet", "172.16.1.1") == first.ping("internet", "172.16.1.50") == 1
        assert outside() == before
        inside = {process for each in (first, second) for process in children(int((each.state / "pid").read_text()))}
        assert len(inside) >= 8
    assert outside() == before
    until(lambda: not alive(inside))


@pytest.mark.parametrize("victim", ["the process outside", "the process that serves"])
def test_everything_dies_with_the_process(victim: str) -> None:
    with running(configs=TUNNELS) as world:
        process = int((world.state / "pid").read_text())
        world.start("lan-pix", "sh", "-c", "setsid sleep 1000 & sleep 1000")
        until(lambda: len(children(process)) >= 9)
        inside = children(process)
        names = {pid: Path(f"/proc/{pid}/comm").read_text().strip() for pid in alive(inside)}
        assert {"dnsmasq", "udhcpc", "sleep", "charon"} <= set(names.values())
        (init,) = (child for child, parent in parents().items() if parent == process)
        (served,) = (child for child, parent in parents().items() if parent == init)
        os.kill(process if victim == "the process outside" else served, signal.SIGKILL)
        until(lambda: not alive(inside | {process}))


def test_a_user_without_rights_has_a_world_as_well() -> None:
    # Root without capabilities is to the kernel what any user is; one is left, without which root cannot be mapped.
    without = ("setpriv", "--bounding-set", "-all,+setfcap", "--inh-caps", "-all") if os.geteuid() == 0 else ()
    with running(before=without, configs=TUNNELS) as world:
        assert os.readlink(f"/proc/{int((world.state / 'pid').read_text())}/ns/user") != os.readlink(
            "/proc/self/ns/user"
        )
        assert world.ping("internet", "172.16.1.1") == world.ping("lan-hub", "10.2.1.1") == 1
        assert world.event("lease", "isp-pix", "172.16.1.50") == {"lease": "172.16.1.50/24"}
        with world.capture("isp-pix") as pix:
            until(lambda: world.ping("lan-pix", "10.2.1.10", seconds=0.5))
            assert {packet.kind for packet in pix.packets()} == {"ike", "esp"}


if os.geteuid() == 0:  # nobody else may write there

    def test_the_state_folder_may_be_where_the_world_has_a_folder_of_its_own() -> None:
        with running(below="/run") as world:
            assert world.ping("internet", "172.16.1.1") == 1
            with world.capture("isp-pix") as pix:
                world.ping("internet", "172.16.1.1")
                assert pix.packets("icmp")


def test_a_port_that_is_taken_and_a_topology_that_does_not_fit_are_told(world: WorldClient, tmp_path: Path) -> None:
    port = json.loads((world.state / "ready").read_text())["pix"]
    plan = tmp_path / "plan.yml"
    words = ["--device", "fw", "platform=pix-7.2", f"config={GOLDEN / 'pix-7.2-start.cfg'}", "--wire", str(plan)]
    plan.write_text("{}")
    for background in ([], ["--daemon"]):
        told = devices(tmp_path / "state", *words[:3], f"port={port}", *words[3:], *background)
        assert told.returncode == 1
        assert told.stderr.startswith(f"devices: device fw, port {port}: Address already in use")
        assert not (tmp_path / "state" / "pid").exists()
    plan.write_text("links: {a: {port: fw Ethernet7, gateway: 192.0.2.1/24}}")
    told = devices(tmp_path / "state", *words[:3], "port=0", *words[3:])
    assert (told.returncode, told.stderr) == (1, "devices: fw has no interface Ethernet7\n")
    plan.write_text("links: {a: {port: fw Ethernet0, gateway: 192.0.2.1/24}}")
    (tmp_path / "ip").write_text("#!/bin/sh\necho no such thing >&2\nexit 1\n")
    (tmp_path / "ip").chmod(0o755)
    path = f"PATH={tmp_path}:{os.environ['PATH']}"
    told = devices(tmp_path / "state", *words[:3], "port=0", *words[3:], "--daemon", before=("env", path))
    assert (told.returncode, "no such thing" in told.stderr) == (1, True)
