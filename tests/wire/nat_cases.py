# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: The netvpn.dynamic_l2l contributors
"""The NAT stage with real packets, without crypto: who is seen where, under which address, before and after a change.

To be run in a sandbox: test_stages.py does it. The ISP of these tests routes the inside networks too, so that what
leaves untranslated arrives and tells its source.
"""

from __future__ import annotations

import re
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from devices import Device
from devices.wire.names import Joint
from devices.wire.natstage import compile_cry, compile_nat
from devices.wire.network import Network
from devices.wire.plant import Plant
from devices.wire.reading import read_fabric
from devices.wire.sa import Snapshot
from devices.wire.topology import Interface, from_text
from devices.wire.world import World

TESTS = Path(__file__).resolve().parents[1]
FLOW = str(TESTS / "devices" / "wire" / "flow.py")
INTERNET, PIX_OUT, HUB_OUT = "198.51.100.10", "172.16.1.1", "192.168.1.2"
TOPOLOGY = """
links:
  isp-pix: {port: pix Ethernet0, gateway: 172.16.1.2/24, lease: 172.16.1.1/24}
  isp-hub: {port: hub Ethernet0/0, gateway: 192.168.1.1/24}
lans:
  lan-pix: {port: pix Ethernet1, address: 10.1.1.10/24, hosts: {lan-pix-b: 10.1.1.11/24}, gateway: 10.1.1.2}
  dmz-pix: {port: pix Ethernet2, address: 10.1.5.10/24, gateway: 10.1.5.1}
  lan-hub: {port: hub FastEthernet1/0, address: 10.2.1.10/24, gateway: 10.2.1.1}
  dmz-hub: {port: hub FastEthernet1/1, address: 10.2.5.10/24, gateway: 10.2.5.1}
"""
PIX = """
interface Ethernet2
 nameif dmz
 security-level 50
 ip address 10.1.5.1 255.255.255.0
!
"""
HUB = """
interface FastEthernet1/1
 ip address 10.2.5.1 255.255.255.0
 duplex auto
 speed auto
!
"""
# What the tests add to the start configuration, in the order of treatment.md 2
PIX_NAT = (
    "access-list NO-NAT extended permit ip 10.1.1.0 255.255.255.0 10.2.1.0 255.255.255.0",
    "global (outside) 1 interface",
    "nat (inside) 0 access-list NO-NAT",
    "nat (inside) 1 0.0.0.0 0.0.0.0",
)
HUB_NAT = (
    "access-list 100 deny ip 10.2.1.0 0.0.0.255 10.1.1.0 0.0.0.255",
    "access-list 100 permit ip 10.2.1.0 0.0.0.255 any",
    "interface Ethernet0/0",
    "ip nat outside",
    "interface FastEthernet1/0",
    "ip nat inside",
    "exit",
    "ip nat inside source list 100 interface Ethernet0/0 overload",
)


class _Clear:
    """No crypto."""

    def apply(self, *_: object) -> None:
        """Nothing is encrypted."""

    def notice(self) -> None:
        """Nothing ends."""

    def sas(self) -> Snapshot:
        """There are none."""
        return Snapshot()

    def close(self) -> None:
        """Nothing runs."""


class Site:
    """The two devices and what is around them."""

    def __init__(self) -> None:
        self.world = World()
        topology = from_text(TOPOLOGY)
        self.network = Network(self.world, topology)
        self.network.isp.ip("route add 10.1.0.0/16 via 172.16.1.1", "route add 10.2.0.0/16 via 192.168.1.2")
        self.plants: dict[str, Plant] = {}
        texts = {
            "pix": ("pix-7.2", "pix-7.2-start.cfg", "passwd", PIX),
            "hub": ("ios-12.4", "ios-12.4-start.cfg", "interface Serial2/0", HUB),
        }
        for name, (platform, file, place, more) in texts.items():
            text = (TESTS / "golden" / "seed" / file).read_text().replace(place, more.lstrip() + place, 1)
            device = Device.from_text(platform, text)
            plant = Plant(device, self.world, topology.wiring(name), name)
            plant.crypto = _Clear()  # type: ignore[assignment]
            self.plants[name] = device.plant = plant
            plant.changed()
        assert not self.plants["pix"].wait_for_leases(self.network)

    def type(self, name: str, *lines: str) -> str:
        """Type lines in the configuration mode of a device; what it said."""
        shell = self.plants[name].device.open_shell(privileged=True)
        shell.page_override = 0
        shell.start()
        said = "".join(shell.feed(f"{line}\r") for line in ("configure terminal", *lines, "end"))
        assert not self.plants[name].faults
        return said

    def show(self, name: str, line: str) -> str:
        """What a show command prints."""
        shell = self.plants[name].device.open_shell(privileged=True)
        shell.page_override = 0
        shell.start()
        return shell.feed(f"{line}\r")

    def seen(self, host: str, address: str, protocol: str = "udp") -> str:
        """The address that a new flow of a host is seen with at the other end; `lost` where nothing comes back."""
        done = self.world.node(host).run(sys.executable, FLOW, protocol, address, "1", "0", check=False)
        return done.stdout.split()[1] if done.stdout else "lost"

    def pings(self, host: str, address: str, *more: str) -> bool:
        """Is a ping answered?"""
        return self.world.node(host).run("ping", "-n", "-c1", "-W1", *more, address, check=False).returncode == 0

    def wait_for_log(self, name: str, pattern: str) -> None:
        """Wait until a line of this kind is in the syslog of a device."""
        history = self.plants[name].device.logs.history["syslog"]
        deadline = time.monotonic() + 60
        while not any(re.search(pattern, line) for line in list(history)):
            assert time.monotonic() < deadline, list(history)
            time.sleep(0.05)

    def started(self, host: str, address: str, protocol: str) -> Running:
        """A flow that has begun and goes on."""
        return Running(self.world, host, address, protocol)


class Running:
    """A flow of a host that sends a message every 50 ms."""

    def __init__(self, world: World, host: str, address: str, protocol: str) -> None:
        argv = (sys.executable, FLOW, protocol, address, "0", "0.05")
        self.process = world.node(host).popen(*argv, stdout=subprocess.PIPE)
        self._lines: list[str] = []
        self._heard = threading.Condition()
        self._thread = threading.Thread(target=self._read, daemon=True)
        self._thread.start()
        self.next()

    def _read(self) -> None:
        assert self.process.stdout
        with self.process.stdout as lines:
            for line in lines:
                with self._heard:
                    self._lines.append(line)
                    self._heard.notify_all()

    def next(self) -> str:
        """The address that a message sent from now on is seen with."""
        with self._heard:
            # one may be under way
            wanted = len(self._lines) + 2
            assert self._heard.wait_for(lambda: len(self._lines) >= wanted, 60), self._lines
            return self._lines[wanted - 1].split()[1]

    def end(self) -> str:
        """Send no more; all that was seen."""
        self.process.send_signal(signal.SIGINT)
        self._thread.join(60)
        self.process.wait(60)
        return "".join(self._lines)


@pytest.fixture
def site() -> Iterator[Site]:
    """A site of its own for each test."""
    made = Site()
    yield made
    for plant in made.plants.values():
        plant.close()
    made.world.close()


def test_without_nat_packets_keep_their_source(site: Site) -> None:
    assert site.seen("lan-pix", INTERNET) == "10.1.1.10"
    assert site.seen("lan-hub", INTERNET, "tcp") == "10.2.1.10"
    assert site.seen("lan-pix", "10.2.1.10") == "10.1.1.10"
    # from outside to inside of a PIX: nothing without an access list; a router lets everything in
    assert site.seen("internet", "10.1.1.10") == "lost"
    assert site.seen("internet", "10.2.1.10") == INTERNET


def test_the_reference_translates_all_but_the_exempt_pair(site: Site) -> None:
    site.type("pix", *PIX_NAT)
    site.type("hub", *HUB_NAT)
    for protocol in ("udp", "tcp"):
        assert site.seen("lan-pix", INTERNET, protocol) == PIX_OUT
        assert site.seen("lan-hub", INTERNET, protocol) == HUB_OUT
        assert site.seen("lan-pix", "10.2.1.10", protocol) == "10.1.1.10"
    # the devices' own pings, and pings to them
    assert site.pings("pix-cry", INTERNET)
    assert site.pings("hub-cry", INTERNET)
    assert site.pings("internet", PIX_OUT)
    assert site.pings("internet", HUB_OUT)
    # a router tracks nothing; a PIX that does not inspect ICMP drops the answer
    assert site.pings("lan-hub", INTERNET)
    assert not site.pings("lan-pix", INTERNET)


def test_icmp_through_a_pix_needs_a_list(site: Site) -> None:
    site.type("pix", *PIX_NAT)
    site.type("pix", "access-list OUT extended permit icmp any any echo-reply", "access-group OUT in interface outside")
    assert site.pings("lan-pix", INTERNET)
    assert site.seen("lan-pix", INTERNET) == PIX_OUT
    site.type("pix", "no access-group OUT in interface outside")
    assert not site.pings("lan-pix", INTERNET)


@pytest.mark.parametrize("protocol", ["udp", "tcp"])
def test_one_line_typed_changes_new_flows_and_no_old_ones(site: Site, protocol: str) -> None:
    # without NAT on the router: it would translate the answers to what it does not exempt
    site.type("pix", *PIX_NAT)
    old = site.started("lan-pix", "10.2.1.10", protocol)
    site.type("pix", "no nat (inside) 0 access-list NO-NAT")
    assert old.next() == "10.1.1.10"
    assert site.seen("lan-pix", "10.2.1.10", protocol) == PIX_OUT
    translated = site.started("lan-pix", "10.2.1.10", protocol)
    site.type("pix", "nat (inside) 0 access-list NO-NAT")
    assert translated.next() == PIX_OUT
    assert site.seen("lan-pix", "10.2.1.10", protocol) == "10.1.1.10"
    old.end()
    translated.end()


def test_a_deny_that_is_deleted_translates_the_next_packet_of_a_flow_through_a_router(site: Site) -> None:
    site.type("hub", *HUB_NAT)
    # without NAT on the PIX: it would hide 10.1.1.10 from addresses that it does not exempt
    site.type("pix", "access-list OUT extended permit ip any any", "access-group OUT in interface outside")
    old = site.started("lan-hub", "10.1.1.10", "udp")
    assert old.next() == "10.2.1.10"
    site.type("hub", "ip access-list extended 100", "no 10")
    assert old.next() == HUB_OUT
    assert "192.168.1.2" in site.show("hub", "show ip nat translations")
    site.type("hub", "ip access-list extended 100", "10 deny ip 10.2.1.0 0.0.0.255 10.1.1.0 0.0.0.255")
    # its translation outlives the change; new flows follow the list
    assert old.next() == HUB_OUT
    assert site.seen("lan-hub", "10.1.1.10") == "10.2.1.10"
    site.show("hub", "clear ip nat translation *")
    assert old.next() == "10.2.1.10"
    old.end()


def test_statics_serve_the_outside(site: Site) -> None:
    site.type(
        "pix",
        *PIX_NAT,
        "static (inside,outside) 172.16.1.20 10.1.1.10 netmask 255.255.255.255",
        "static (dmz,outside) tcp interface 80 10.1.5.10 7 netmask 255.255.255.255",
        "access-list OUT extended permit tcp any host 172.16.1.20 eq echo",
        "access-list OUT extended permit tcp any host 172.16.1.1 eq www",
        "access-group OUT in interface outside",
    )
    assert site.seen("internet", "172.16.1.20", "tcp") == INTERNET
    assert site.seen("internet", "172.16.1.20", "udp") == "lost"
    assert site.seen("lan-pix", INTERNET) == "172.16.1.20"
    # the exemption wins over the static
    assert site.seen("lan-pix", "10.2.1.10") == "10.1.1.10"
    site.type(
        "hub",
        *HUB_NAT,
        "ip nat inside source static 10.2.1.10 192.168.1.20",
    )
    assert site.seen("internet", "192.168.1.20", "tcp") == INTERNET
    assert site.seen("lan-hub", INTERNET) == "192.168.1.20"
    # on a router the static wins over the deny
    site.type("pix", "access-list OUT extended permit ip any any")
    assert site.seen("lan-hub", "172.16.1.20") == "192.168.1.20"


def test_a_port_of_the_outside_address_is_served(site: Site) -> None:
    site.type("hub", *HUB_NAT, "ip nat inside source static tcp 10.2.1.10 7 interface Ethernet0/0 8007")
    node = site.world.node("internet")
    script = "import socket; s = socket.create_connection(('192.168.1.2', 8007), 2); s.send(b'x'); print(s.recv(99))"
    assert INTERNET in node.run(sys.executable, "-c", script).stdout
    assert site.pings("hub-cry", INTERNET)
    assert site.seen("lan-hub", INTERNET) == HUB_OUT


def test_an_answer_is_translated_where_the_router_would(site: Site) -> None:
    # Static NAT over the exemption (failing class of the issue): asked by its own address a server answers with the
    # public one, so the asker hears nothing from whom it asked.
    site.type("hub", *HUB_NAT)
    assert site.seen("internet", "10.2.1.10") == "lost"
    site.type("hub", "no ip nat inside source list 100 interface Ethernet0/0 overload")
    site.show("hub", "clear ip nat translation *")
    assert site.seen("internet", "10.2.1.10") == INTERNET


def test_a_pix_hides_real_addresses_that_it_translates(site: Site) -> None:
    site.type("pix", "access-list OUT extended permit ip any any", "access-group OUT in interface outside")
    assert site.seen("internet", "10.1.1.10") == INTERNET
    site.type("pix", *PIX_NAT)
    assert site.seen("internet", "10.1.1.10") == "lost"
    assert site.seen("lan-hub", "10.1.1.10") == "10.2.1.10"


def test_dmz_networks(site: Site) -> None:
    site.type("pix", *PIX_NAT)
    # a more secure interface may start; without a global on the dmz there is nothing to translate to
    assert site.seen("dmz-pix", INTERNET) == "10.1.5.10"
    assert site.seen("lan-pix", "10.1.5.10") == "lost"
    site.type("pix", "global (dmz) 1 interface")
    assert site.seen("lan-pix", "10.1.5.10") == "10.1.5.1"
    assert site.seen("dmz-pix", "10.1.1.10") == "lost"
    site.type("pix", "nat (dmz) 1 10.1.5.0 255.255.255.0")
    assert site.seen("dmz-pix", INTERNET) == PIX_OUT
    site.type("hub", *HUB_NAT)
    # without a role an interface of a router is routed
    assert site.seen("dmz-hub", INTERNET) == "10.2.5.10"
    assert site.seen("lan-hub", "10.2.5.10") == "10.2.1.10"
    site.type(
        "hub", "interface FastEthernet1/1", "ip nat inside", "exit", "access-list 100 permit ip 10.2.5.0 0.0.0.255 any"
    )
    assert site.seen("dmz-hub", INTERNET) == HUB_OUT
    assert site.seen("lan-hub", "10.2.5.10") == "10.2.1.10"


def test_nat_control_and_a_nat_id_without_global(site: Site) -> None:
    site.type("pix", "nat-control")
    assert site.seen("lan-pix", INTERNET) == "lost"
    site.type("pix", "no nat-control", "nat (inside) 2 10.1.1.0 255.255.255.0")
    assert site.seen("lan-pix", INTERNET) == "lost"
    site.type("pix", "global (outside) 2 172.16.1.30")
    assert site.seen("lan-pix", INTERNET) == "172.16.1.30"
    site.type("pix", "no nat (inside) 2 10.1.1.0 255.255.255.0", "nat (inside) 0 10.1.1.0 255.255.255.0")
    assert site.seen("lan-pix", INTERNET) == "10.1.1.10"


def test_policy_nat(site: Site) -> None:
    site.type(
        "pix",
        *PIX_NAT,
        "access-list POLICY extended permit ip 10.1.1.0 255.255.255.0 host 192.168.1.2",
        "global (outside) 3 172.16.1.40",
        "nat (inside) 3 access-list POLICY",
        "access-list ONE extended permit ip host 10.1.1.10 192.168.1.0 255.255.255.248",
    )
    assert site.seen("lan-pix", INTERNET) == PIX_OUT
    site.type("hub", *HUB_NAT, "ip nat inside source static udp 10.2.1.10 7 interface Ethernet0/0 7")
    assert site.seen("lan-pix", HUB_OUT) == "172.16.1.40"
    site.type("pix", "static (inside,outside) 172.16.1.50 access-list ONE")
    assert site.seen("lan-pix", HUB_OUT) == "172.16.1.50"
    assert site.seen("lan-pix", INTERNET) == PIX_OUT


def test_lists_on_interfaces(site: Site) -> None:
    site.type("hub", "access-list 101 permit udp any any", "access-list 101 permit icmp any any")
    site.type("hub", "interface Ethernet0/0", "ip access-group 101 in")
    assert site.seen("lan-hub", INTERNET, "udp") == "10.2.1.10"
    assert site.seen("lan-hub", INTERNET, "tcp") == "lost"
    site.type("hub", "access-list 101 permit tcp any any established")
    assert site.seen("lan-hub", INTERNET, "tcp") == "10.2.1.10"
    assert site.seen("internet", "10.2.1.10", "tcp") == "lost"
    # a list that is gone permits all
    site.type("hub", "no access-list 101")
    assert site.seen("internet", "10.2.1.10", "tcp") == INTERNET
    site.type("pix", "access-list IN extended deny udp any any eq echo", "access-list IN extended permit ip any any")
    site.type("pix", "access-group IN in interface inside")
    assert site.seen("lan-pix", INTERNET, "udp") == "lost"
    assert site.seen("lan-pix", INTERNET, "tcp") == "10.1.1.10"


def test_a_new_lease_ends_what_was_translated_to_the_old_one(site: Site) -> None:
    site.type("pix", *PIX_NAT)
    old = site.started("lan-pix", INTERNET, "udp")
    assert old.next() == PIX_OUT
    site.network.lease("isp-pix", Interface("172.16.1.7", 24))
    assert site.plants["pix"].renew("outside", anew=True)
    assert site.seen("lan-pix", INTERNET) == "172.16.1.7"
    assert old.next() in ("172.16.1.7", "lost")
    assert old.next() == "172.16.1.7"
    old.end()


def test_tables(site: Site) -> None:
    site.type("pix", *PIX_NAT)
    site.type("hub", *HUB_NAT)
    flows = [site.started("lan-pix", INTERNET, "tcp"), site.started("lan-hub", INTERNET, "tcp")]
    assert "PAT Global 172.16.1.1(" in site.show("pix", "show xlate")
    assert "1 in use" in site.show("pix", "show conn")
    assert "tcp 192.168.1.2:" in site.show("hub", "show ip nat translations")
    assert site.plants["hub"].nat.in_use(HUB_NAT[-1])
    said = site.type("hub", f"no {HUB_NAT[-1]}", "no")
    assert "Dynamic mapping in use" in said
    assert flows[1].next() == HUB_OUT
    site.type("hub", f"no {HUB_NAT[-1]}", "yes")
    assert flows[1].next() in ("10.2.1.10", "lost")
    site.show("pix", "clear xlate")
    for flow in flows:
        flow.end()


@pytest.mark.parametrize(("protocol", "anew"), [("udp", PIX_OUT), ("tcp", "lost")])
def test_clear_local_host_ends_an_untranslated_flow_and_not_that_of_another_host(
    site: Site, protocol: str, anew: str
) -> None:
    # `anew`: how the PIX treats the next packet; one of TCP in the middle of a connection means nothing to the far end.
    site.type("pix", *PIX_NAT)
    ours, other = (site.started(host, "10.2.1.10", protocol) for host in ("lan-pix", "lan-pix-b"))
    site.type("pix", "no nat (inside) 0 access-list NO-NAT")
    # nor does `clear xlate` end what has no translation, nor the other command for an address of the PIX
    for line in ("clear xlate local 10.1.1.10", f"clear local-host {PIX_OUT}", "clear local-host 10.1.1.99"):
        site.show("pix", line)
        assert [ours.next(), other.next()] == ["10.1.1.10", "10.1.1.11"]
    site.show("pix", "clear local-host 10.1.1.10")
    assert [ours.next(), other.next()] == [anew, "10.1.1.11"]
    for flow in (ours, other):
        flow.end()


@pytest.mark.parametrize(("protocol", "anew"), [("udp", "10.1.1.10"), ("tcp", "lost")])
def test_clear_local_host_ends_a_translated_flow_and_not_that_of_another_host(
    site: Site, protocol: str, anew: str
) -> None:
    site.type("pix", *PIX_NAT[1:2], PIX_NAT[3])
    ours, other = (site.started(host, "10.2.1.10", protocol) for host in ("lan-pix", "lan-pix-b"))
    site.type("pix", PIX_NAT[0], PIX_NAT[2])
    assert [ours.next(), other.next()] == [PIX_OUT, PIX_OUT]
    site.show("pix", f"clear local-host {PIX_OUT}")
    assert [ours.next(), other.next()] == [PIX_OUT, PIX_OUT]
    site.show("pix", "clear local-host 10.1.1.10")
    assert [ours.next(), other.next()] == [anew, PIX_OUT]
    for flow in (ours, other):
        flow.end()


LISTED = ("access-list OUT extended permit ip any any", "access-group OUT in interface outside")
NO_CONNECTION = r"%PIX-6-106015: Deny TCP \(no connection\) from {}/\d+ to {}/7 flags PSH ACK  on interface {}"


@pytest.mark.parametrize(
    ("host", "far", "source", "port"),
    [("lan-pix", "10.2.1.10", "10.1.1.10", "inside"), ("lan-hub", "10.1.1.10", "10.2.1.10", "outside")],
)
def test_a_pix_without_nat_drops_tcp_of_a_connection_that_it_was_told_to_forget(
    site: Site, host: str, far: str, source: str, port: str
) -> None:
    site.type("pix", *LISTED)
    ours, other = site.started(host, far, "tcp"), site.started("lan-pix-b", "10.2.1.10", "tcp")
    assert [ours.next(), other.next()] == [source, "10.1.1.11"]
    site.show("pix", "clear local-host 10.1.1.10")
    assert [ours.next(), other.next()] == ["lost", "10.1.1.11"]
    # it stays so, and a connection that begins is none the worse for it
    assert [ours.next(), site.seen(host, far, "tcp")] == ["lost", source]
    site.wait_for_log("pix", NO_CONNECTION.format(re.escape(source), re.escape(far), port))
    assert "lost" not in other.end()
    ours.end()


def test_a_pix_drops_what_comes_to_the_address_of_a_connection_that_it_forgot(site: Site) -> None:
    site.type("pix", *PIX_NAT, "static (dmz,outside) tcp interface 7 10.1.5.10 7 netmask 255.255.255.255", *LISTED)
    ours = site.started("internet", PIX_OUT, "tcp")
    assert ours.next() == INTERNET
    site.show("pix", "clear local-host 10.1.5.10")
    assert ours.next() == "lost"
    assert site.seen("internet", PIX_OUT, "tcp") == INTERNET
    site.wait_for_log("pix", NO_CONNECTION.format(re.escape(INTERNET), re.escape(PIX_OUT), "outside"))
    ours.end()


def test_a_router_passes_tcp_whatever_it_was_told_to_forget(site: Site) -> None:
    site.type("pix", *LISTED)
    site.type("hub", *HUB_NAT)
    exempt = site.started("lan-hub", "10.1.1.10", "tcp")
    site.show("hub", "clear ip nat translation *")
    assert exempt.next() == "10.2.1.10"
    site.plants["hub"].nat.clear_connections()
    assert exempt.next() == "10.2.1.10"
    assert "lost" not in exempt.end()


def test_a_router_without_nat_has_nothing_to_forget(site: Site) -> None:
    flow = site.started("lan-hub", INTERNET, "tcp")
    site.show("hub", "clear ip nat translation *")
    site.plants["hub"].nat.clear_connections()
    assert flow.next() == "10.2.1.10"
    assert "lost" not in flow.end()


def test_rules_that_come_and_go_take_no_connection_along(site: Site) -> None:
    flows = [site.started(host, "10.2.1.10", "tcp") for host in ("lan-pix", "lan-pix-b")]
    lines = [*PIX_NAT, *LISTED, "timeout conn 2:00:00"]
    for number in range(2):
        for line in lines:
            site.type("pix", line)
        for line in reversed(lines[:-1]):
            site.type("pix", f"no {line}")
        site.type("pix", f"timeout conn {number + 1}:00:00")
    for flow in flows:
        assert "lost" not in flow.end()
    assert "106015" not in "".join(site.plants["pix"].device.logs.history["syslog"])


def carried(site: Site, host: str) -> list[int]:
    """The bytes of the connections of a host, as the PIX shows them."""
    found = re.findall(rf" in {host}:\d+ idle \d:\d\d:\d\d bytes (\d+) flags", site.show("pix", "show conn"))
    return [int(number) for number in found]


TALK = """
import socket, sys
kind = {"tcp": socket.SOCK_STREAM, "udp": socket.SOCK_DGRAM}[sys.argv[1]]
end = socket.socket(socket.AF_INET, kind)
end.connect((sys.argv[2], 7))
answers = end.makefile()
for line in sys.stdin:
    end.send(line.encode())
    print(answers.readline(), end="", flush=True)
"""


class Talk:
    """A connection that says what it is told to, and nothing else. `data`: bytes that went, both ways together."""

    def __init__(self, site: Site, host: str, address: str, protocol: str) -> None:
        pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE}
        self.process = site.world.node(host).popen(sys.executable, "-c", TALK, protocol, address, **pipes)
        self.data = 0

    def say(self, text: str) -> None:
        """Say a line and wait for the answer."""
        assert self.process.stdin
        assert self.process.stdout
        self.process.stdin.write(f"{text}\n")
        self.process.stdin.flush()
        answer = self.process.stdout.readline()
        assert answer.endswith(f" {text}\n")
        self.data += len(text) + 1 + len(answer)


@pytest.mark.parametrize("protocol", ["udp", "tcp"])
def test_bytes_are_those_that_packets_carried_and_begin_anew_where_a_connection_does(site: Site, protocol: str) -> None:
    talk = Talk(site, "lan-pix", "10.2.1.10", protocol)
    shown = []
    for text in ("a", "b" * 1000, "c" * 1000):
        talk.say(text)
        (number,) = carried(site, "10.1.1.10")
        # TCP may have had to say something again
        assert number == talk.data if protocol == "udp" else number >= talk.data
        shown.append(number)
    assert shown == sorted(set(shown))
    site.show("pix", "clear local-host 10.1.1.10")
    assert carried(site, "10.1.1.10") == []
    # the same hosts and ports with UDP; TCP has to begin with a SYN
    again = talk if protocol == "udp" else Talk(site, "lan-pix", "10.2.1.10", protocol)
    again.say("d")
    (number,) = carried(site, "10.1.1.10")
    assert 0 < number < shown[1]
    for each in (talk, again):
        each.process.kill()


def test_the_tables_without_what_local_hosts_had(site: Site) -> None:
    site.type("pix", *PIX_NAT)
    # quiet flows: what is cleared does not come back
    for host in ("lan-pix", "lan-pix-b"):
        for address in ("10.2.1.10", INTERNET):
            assert site.seen(host, address) != "lost"

    def there() -> tuple[list[tuple[str, str]], list[str]]:
        found = re.findall(r"out (\S+):7 in (\S+):", site.show("pix", "show conn"))
        return sorted(found), sorted(re.findall(r"Local ([\d.]+)", site.show("pix", "show xlate")))

    ours, other = ([(far, host) for far in ("10.2.1.10", INTERNET)] for host in ("10.1.1.10", "10.1.1.11"))
    assert there() == (sorted(ours + other), ["10.1.1.10", "10.1.1.11"])
    site.show("pix", "clear local-host 10.1.1.10")
    assert there() == (other, ["10.1.1.11"])
    # a host on the outside
    site.show("pix", f"clear local-host {INTERNET}")
    assert there() == (other[:1], [])
    site.show("pix", "clear local-host")
    assert there() == ([], [])


def test_a_change_loses_nothing_of_other_flows(site: Site) -> None:
    site.type("pix", *PIX_NAT)
    site.type("hub", *HUB_NAT)
    flows = [site.started(host, INTERNET, protocol) for host in ("lan-pix", "lan-hub") for protocol in ("udp", "tcp")]
    change: Callable[[str], object] = lambda no: site.type("pix", f"{no}nat (inside) 0 access-list NO-NAT")  # noqa: E731
    for number in range(4):
        change("no " if number % 2 == 0 else "")
        site.type("hub", "ip access-list extended 100", "no 10" if number % 2 == 0 else f"10 {HUB_NAT[0][16:]}")
    for flow in flows:
        assert "lost" not in flow.end()


EVERYTHING = {
    "pix-7.2": ({"outside": ("172.16.1.1", 24), "inside": ("10.1.1.2", 24), "dmz": ("10.1.5.1", 24)}, Joint("et0")),
    "ios-12.4": ({"Ethernet0/0": ("192.168.1.2", 24), "FastEthernet1/0": ("10.2.1.1", 24)}, Joint("et0-0")),
}


@pytest.mark.parametrize("platform", EVERYTHING)
def test_the_kernel_takes_everything_that_a_configuration_can_say(platform: str) -> None:
    text = (TESTS / "golden" / "wire" / f"{platform}-everything.cfg").read_text()
    fabric = read_fabric(Device.from_text(platform, text))
    known, joint = EVERYTHING[platform]
    world = World()
    node = world.node("any")
    for addresses in (known, {}):
        for joints in ([joint], []):
            node.nft(compile_nat(fabric, addresses, joints))
            node.nft(compile_cry(fabric, addresses, joints))
    world.close()
