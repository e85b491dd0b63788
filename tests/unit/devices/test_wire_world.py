# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: The netvpn.dynamic_l2l contributors
"""Level wire, the parts that need no namespaces: topology, interfaces and routes, packets, the control's refusals."""

from __future__ import annotations

import struct
from collections.abc import Callable
from pathlib import Path

import pytest
from devices import Device
from devices.wire import packets
from devices.wire.base import State, changes, chosen, compile_base, managed
from devices.wire.control import ControlError, ask
from devices.wire.names import Joint, interface_name
from devices.wire.reading import read_fabric
from devices.wire.topology import Interface, Port, TopologyError, Wiring, from_file, from_text

REFERENCE = """
links:
  isp-pix: {port: pix Ethernet0, gateway: 172.16.1.2/24, lease: 172.16.1.1}
  isp-hub: {port: hub Ethernet0/0, gateway: 192.168.1.1/24, filter: [udp/500, esp]}
lans:
  lan-pix: {port: pix Ethernet1, address: 10.1.1.10/24, gateway: 10.1.1.2}
  lan-hub: {port: hub FastEthernet1/0, gateway: 10.2.1.1, hosts: {a: 10.2.1.10/24, b: 10.2.1.11/24}}
"""
PIX = Wiring({"Ethernet1": "et1"}, {"Ethernet0": Joint("et0")})
HUB = Wiring({"FastEthernet1/0": "fa1-0"}, {"Ethernet0/0": Joint("et0-0")})
LEASED = {"outside": ("172.16.1.1", 24), "inside": ("10.1.1.2", 24)}
FIXED = {"Ethernet0/0": ("192.168.1.2", 24), "FastEthernet1/0": ("10.2.1.1", 24)}


# -- topology


def test_the_reference_is_a_few_lines() -> None:
    plan = from_text(REFERENCE)
    internet, pix, hub = plan.links
    assert (internet.host, internet.address) == ("internet", Interface("198.51.100.10", 24))
    assert (pix.port, pix.lease) == (Port("pix", "Ethernet0"), Interface("172.16.1.1", 24))
    assert (hub.port, hub.lease, hub.filter) == (Port("hub", "Ethernet0/0"), None, ("udp/500", "esp"))
    assert [dict(lan.hosts) for lan in plan.lans] == [
        {"lan-pix": Interface("10.1.1.10", 24)},
        {"a": Interface("10.2.1.10", 24), "b": Interface("10.2.1.11", 24)},
    ]
    assert plan.wiring("pix") == PIX
    assert plan.wiring("hub") == HUB
    assert plan.wiring("other") == Wiring()


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("[]", "a mapping with `links` and `lans`"),
        ("{links: {a: {gateway: 192.0.2.1/24}}}", "link a: either port, or host and address"),
        ("{links: {a: {port: p Ethernet0}}}", "link a: gateway is missing"),
        ("{links: {a: {port: p, gateway: 192.0.2.1/24}}}", "port: DEVICE INTERFACE, not p"),
        ("{links: {a: {port: p 0, gateway: 192.0.2.1/24}}}", "port: DEVICE INTERFACE, not p 0"),
        ("{links: {a: {port: p Ethernet0, gateway: 192.0.2.1}}}", "gateway: ADDRESS/LENGTH, not 192.0.2.1"),
        ("{links: {a: {port: p Ethernet0, gateway: 192.0.2.1/24, x: 1}}}", "link a: unknown: x"),
        (
            "{links: {a: {port: p Ethernet0, gateway: 192.0.2.1/24, lease: 10.0.0.1/24}}}",
            "not in the gateway's network",
        ),
        ("{links: {a: {port: p Ethernet0, gateway: 192.0.2.1/24, filter: udp 5}}}", "filter: udp 5 is none of"),
        ("{links: {a: {port: p Ethernet0, gateway: 192.0.2.1/24, box: {address: 10.0.0.1/8}}}}", "box: address and"),
        ("{links: {a-name-that-is-long: {}}}", "no name of at most 15"),
        ("{links: {a: {host: isp, gateway: 192.0.2.1/24, address: 192.0.2.2}}}", "two hosts have the name isp"),
        ("{lans: {a: {port: p Ethernet0}}}", "lan a: port, and address or hosts"),
        (
            "{lans: {a: {port: p Ethernet0, address: 10.0.0.1/24}, b: {port: p Ethernet0, address: 10.0.1.1/24}}}",
            "twice",
        ),
        ("{lanes: {}}", "unknown: lanes"),
        ("links: [", "topology: "),
    ],
)
def test_a_topology_that_cannot_be_is_refused(text: str, told: str) -> None:
    with pytest.raises(TopologyError, match=told):
        from_text(text)


def test_a_topology_that_is_not_there_is_told(tmp_path: Path) -> None:
    with pytest.raises(TopologyError, match="No such file"):
        from_file(tmp_path / "none.yml")


@pytest.mark.parametrize(
    ("hardware", "name"),
    [
        ("Ethernet0", "et0"),
        ("Ethernet0/0", "et0-0"),
        ("FastEthernet1/0", "fa1-0"),
        ("GigabitEthernet0/1.100", "gi0-1.100"),
        ("Loopback0", "lo0"),
    ],
)
def test_interfaces_have_names_that_linux_takes(hardware: str, name: str) -> None:
    assert interface_name(hardware) == name
    assert len(Joint(name).cry) <= 15


# -- interfaces and routes


@pytest.fixture
def pix_device(golden: Callable[[str], str]) -> Device:
    return Device.from_text("pix-7.2", golden("pix-7.2-start.cfg"))


@pytest.fixture
def hub_device(golden: Callable[[str], str]) -> Device:
    return Device.from_text("ios-12.4", golden("ios-12.4-start.cfg"))


def test_the_reference_pix_in_its_two_namespaces(pix_device: Device) -> None:
    nat, cry = compile_base(read_fabric(pix_device), LEASED, {"outside": "172.16.1.2"}, PIX)
    assert (nat.up, nat.addresses) == ({"et1"}, {("et1", "10.1.1.2/24")})
    assert nat.routes == {
        "172.16.1.0/24": "via 169.254.1.2 dev et0",
        "0.0.0.0/0": "via 169.254.1.2 dev et0",
    }
    assert (cry.up, cry.addresses) == ({"et0"}, {("et0", "172.16.1.1/24")})
    assert cry.routes == {
        "10.1.1.0/24": "via 169.254.1.1 dev n-et0",
        "0.0.0.0/0": "via 172.16.1.2 dev et0 onlink",
    }


def test_the_reference_router_in_its_two_namespaces(hub_device: Device) -> None:
    nat, cry = compile_base(read_fabric(hub_device), FIXED, {}, HUB)
    assert nat.addresses == {("fa1-0", "10.2.1.1/24")}
    assert cry.addresses == {("et0-0", "192.168.1.2/24")}
    assert cry.routes["0.0.0.0/0"] == "via 192.168.1.1 dev et0-0 onlink"
    assert managed(HUB) == ({"fa1-0"}, {"et0-0"})


def defaults(device: Device, addresses: dict[str, tuple[str, int]], gateways: dict[str, str]) -> list[str | None]:
    """The hops of the default route that is used."""
    table = chosen(read_fabric(device), addresses, gateways)
    return [entry.hop for entry in table if entry.prefix == "0.0.0.0/0"]


def test_a_leased_gateway_is_used_as_the_platform_says(pix_device: Device, hub_device: Device) -> None:
    new = {"outside": ("172.16.9.5", 24), "inside": ("10.1.1.2", 24)}
    assert defaults(pix_device, new, {"outside": "172.16.9.2"}) == ["172.16.1.2"]
    pix_device.config.drop("route")
    assert defaults(pix_device, new, {"outside": "172.16.9.2"}) == []
    pix_device.config.find("interface", name="Ethernet0")[0].block.put("ip address dhcp setroute")
    assert defaults(pix_device, new, {"outside": "172.16.9.2"}) == ["172.16.9.2"]
    assert defaults(pix_device, LEASED | {}, {}) == []
    hub_device.config.find("interface", name="Ethernet0/0")[0].block.put("ip address dhcp")
    assert defaults(hub_device, FIXED, {"Ethernet0/0": "192.168.1.254"}) == ["192.168.1.1"]
    hub_device.config.drop("route")
    assert defaults(hub_device, FIXED, {"Ethernet0/0": "192.168.1.254"}) == ["192.168.1.254"]


def test_a_route_is_used_only_while_its_way_is_up(hub_device: Device) -> None:
    elsewhere = {"Ethernet0/0": ("198.51.100.9", 24)}
    assert defaults(hub_device, elsewhere, {}) == []
    hub_device.config.find("interface", name="Ethernet0/0")[0].block.put("shutdown")
    assert defaults(hub_device, FIXED, {}) == []
    nat, cry = compile_base(read_fabric(hub_device), FIXED, {}, HUB)
    assert (cry.up, cry.addresses, nat.up) == (frozenset(), frozenset(), {"fa1-0"})


def test_only_what_differs_is_done() -> None:
    before = State(frozenset({"a"}), {}, frozenset({("a", "10.0.0.1/24")}), {"0.0.0.0/0": "via 10.0.0.2 dev a"})
    assert changes(before, before, ["a"]) == ([], [])
    other = State(before.up, {}, before.addresses, {"0.0.0.0/0": "via 10.0.0.3 dev a", "10.9.0.0/16": "blackhole"})
    assert changes(before, other, ["a"]) == (
        [],
        ["route replace 0.0.0.0/0 via 10.0.0.3 dev a", "route replace blackhole 10.9.0.0/16"],
    )
    moved = State(before.up, {"a": 1400}, frozenset({("a", "10.0.0.9/24")}), before.routes)
    assert changes(before, moved, ["a"]) == (
        ["address del 10.0.0.1/24 dev a"],
        ["link set a mtu 1400", "address add 10.0.0.9/24 dev a", "route replace 0.0.0.0/0 via 10.0.0.2 dev a"],
    )
    gone, come = changes(before, State(), ["a"])
    assert gone == ["route del 0.0.0.0/0", "address del 10.0.0.1/24 dev a"]
    assert come == ["link set a down"]


# -- packets


def frame(protocol: int, body: bytes, fragment: int = 0) -> bytes:
    """An Ethernet frame with an IPv4 packet from 192.0.2.1 to 192.0.2.2."""
    total = 20 + len(body)
    head = struct.pack("!BBHHHBBH4B4B", 0x45, 0, total, 1, fragment, 64, protocol, 0, 192, 0, 2, 1, 192, 0, 2, 2)
    return bytes(12) + b"\x08\x00" + head + body


def pcap(path: Path, *frames: bytes) -> Path:
    """A capture."""
    records = b"".join(struct.pack("<IIII", 7, 500000000, len(each), len(each)) + each for each in frames)
    path.write_bytes(struct.pack("<IHHiIII", 0xA1B23C4D, 2, 4, 0, 0, 65535, 1) + records)
    return path


def udp(source: int, destination: int, payload: bytes) -> bytes:
    """A UDP datagram."""
    return struct.pack("!HHHH", source, destination, 8 + len(payload), 0) + payload


def test_packets_are_told_apart(tmp_path: Path) -> None:
    taken = pcap(
        tmp_path / "a.pcap",
        frame(1, struct.pack("!BBHHH", 8, 0, 0, 77, 3) + b"data"),
        frame(50, struct.pack("!II", 0xAD0608C2, 9) + b"secret"),
        frame(17, udp(4500, 4500, struct.pack("!II", 0x9BEF30FB, 5) + b"secret")),
        frame(17, udp(4500, 4500, bytes(4) + b"isakmp")),
        frame(17, udp(4500, 4500, b"\xff")),
        frame(17, udp(500, 500, b"isakmp")),
        frame(17, udp(1025, 7, b"hello")),
        frame(6, struct.pack("!HHIIBBHHH", 1025, 80, 1, 1, 0x50, 2, 0, 0, 0) + b"GET"),
        frame(17, b"the rest of it", fragment=185),
        frame(89, b"ospf"),
        b"\xff" * 12 + b"\x08\x06" + bytes(28),
    )
    found = packets.read(taken)
    assert [each.kind for each in found] == [
        "icmp", "esp", "esp", "ike", "keepalive", "ike", "udp", "tcp", "udp", "89",
    ]  # fmt: skip
    assert {(each.source, each.destination, each.time) for each in found} == {("192.0.2.1", "192.0.2.2", 7.5)}
    assert found[0].ping == (8, 77, 3)
    assert [(each.spi, each.sequence, each.encrypted) for each in found[1:3]] == [
        (0xAD0608C2, 9, True),
        (0x9BEF30FB, 5, True),
    ]
    assert (found[3].payload, found[6].payload, found[7].payload) == (b"isakmp", b"hello", b"GET")
    assert (found[6].source_port, found[6].destination_port, found[8].destination_port) == (1025, 7, 0)


def test_a_capture_that_is_being_written_is_read_as_far_as_it_goes(tmp_path: Path) -> None:
    taken = pcap(tmp_path / "a.pcap", frame(17, udp(1, 2, b"")), frame(17, udp(3, 4, b"")))
    taken.write_bytes(taken.read_bytes()[:-5])
    assert [each.source_port for each in packets.read(taken)] == [1]


# -- control


def test_without_a_world_the_control_says_so(tmp_path: Path) -> None:
    with pytest.raises(ControlError, match="no world runs here"):
        ask(tmp_path, {"do": "status"})


def test_at_level_cli_a_device_has_no_plant(pix_device: Device) -> None:
    assert pix_device.plant is None
