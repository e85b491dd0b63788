# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: The netvpn.dynamic_l2l contributors
"""A configuration read as the data plane that it describes."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from devices import Device
from devices.wire.reading import Clause, Fabric, Filter, NatRule, Pool, Port, Route, Rule, read_fabric

Golden = Callable[[str], str]
PIX_HEAD = """
interface Ethernet0
 nameif outside
 security-level 0
 ip address 172.16.1.1 255.255.255.0
!
interface Ethernet1
 nameif inside
 security-level 100
 ip address 10.1.1.2 255.255.255.0
!
interface Ethernet2
 shutdown
 nameif dmz
 security-level 50
 ip address 10.1.5.1 255.255.255.0
!
interface Ethernet3
 no nameif
 no security-level
 no ip address
!
"""


def pix(text: str) -> Fabric:
    return read_fabric(Device.from_text("pix-7.2", f"PIX Version 7.2(2)\n{PIX_HEAD}{text}"))


def ios(text: str) -> Fabric:
    return read_fabric(Device.from_text("ios-12.4", f"version 12.4\n{text}\nend\n"))


def test_reference_pix(golden: Golden) -> None:
    found = read_fabric(Device.from_text("pix-7.2", golden("pix-7.2-running-config.cfg")))
    assert found.ports == (
        Port("outside", "Ethernet0", dhcp=True, level=0, map="IPSEC"),
        Port("inside", "Ethernet1", "10.1.1.2", 24, level=100),
    )
    assert found.routes == (Route("0.0.0.0/0", "172.16.1.2", "outside", 1),)
    pair = Rule("permit", "ip", "10.1.1.0/24", None, "10.2.1.0/24")
    assert [(r.source, r.destination) for r in found.acls["IPSec-traffic"]] == [(pair.source, pair.destination)]
    assert found.nat == (
        NatRule("exempt", "nat (inside) 0 access-list NO-NAT", "inside", when=(Clause("permit", ("NO-NAT",)),)),
        NatRule(
            "dynamic",
            "nat (inside) 1 0.0.0.0 0.0.0.0",
            "inside",
            pools=(Pool("outside", port="outside"),),
        ),
    )
    assert not found.inspect_icmp
    assert found.permit_vpn
    assert dict(found.timeouts) == {"tcp": 3600, "half-closed": 600, "udp": 120, "icmp": 2, "closed": 30}


def test_reference_ios(golden: Golden) -> None:
    found = read_fabric(Device.from_text("ios-12.4", golden("ios-12.4-running-config.cfg")))
    assert found.ports[:2] == (
        Port("Ethernet0/0", "Ethernet0/0", "192.168.1.2", 24, nat="outside", map="IPSEC"),
        Port("FastEthernet1/0", "FastEthernet1/0", "10.2.1.1", 24, nat="inside"),
    )
    assert not any(port.up for port in found.ports[2:])
    assert found.routes == (Route("0.0.0.0/0", "192.168.1.1", None, 1),)
    assert [rule.action for rule in found.acls["100"]] == ["deny", "permit"]
    line = "ip nat inside source list 100 interface Ethernet0/0 overload"
    assert found.nat == (NatRule("dynamic", line, when=(Clause("permit", ("100",)),), pools=(Pool("Ethernet0/0"),)),)


def test_pix_interfaces_lists_and_switches() -> None:
    found = pix(
        "same-security-traffic permit inter-interface\n"
        "access-list A extended permit icmp any any echo-reply \n"
        "access-list A extended deny udp host 10.1.1.5 range 100 200 any neq domain \n"
        "access-list A remark something\n"
        "access-list A extended permit tcp any interface outside eq www log 6 interval 300 \n"
        "access-list A extended permit ip any any inactive \n"
        "nat-control\n"
        "access-group A in interface outside\n"
        "no sysopt connection permit-vpn\n"
        "management-access inside\n"
    )
    assert [port.name for port in found.ports] == ["outside", "inside", "dmz"]
    assert not found.ports[2].up
    assert found.same_level
    assert not found.hairpin
    assert found.nat_control
    assert not found.permit_vpn
    assert found.management == "inside"
    assert found.filters == (Filter("outside", "in", "A"),)
    rules = found.acls["A"]
    assert rules[0].icmp == (0, None)
    assert [(r.source_ports, r.destination_ports) for r in rules[1:3]] == [
        ((100, 200), (0, 52)),
        ((100, 200), (54, 65535)),
    ]
    assert (rules[3].destination, rules[3].destination_ports) == ("interface:outside", (80, 80))
    assert rules[3].other == ("log", "6", "interval", "300")
    assert len(rules) == 4
    assert found.filter("outside", "in") == rules
    assert found.filter("outside", "out") is None


def test_pix_object_groups_are_rules() -> None:
    found = pix(
        "object-group network NEAR\n network-object 10.1.1.0 255.255.255.0\n network-object host 10.1.9.9\n"
        "object-group network ALL\n group-object NEAR\n description those\n network-object 10.3.0.0 255.255.0.0\n"
        "object-group service WEB tcp\n port-object eq www\n port-object range 8000 8010\n"
        "access-list A extended permit ip object-group ALL host 10.2.1.1 \n"
        "access-list B extended permit ip object-group NEAR object-group NEAR \n"
        "access-list C extended permit tcp object-group NEAR object-group WEB any object-group WEB \n"
    )
    assert [(rule.source, rule.destination) for rule in found.acls["B"]] == [
        (source, destination)
        for source in ("10.1.1.0/24", "10.1.9.9/32")
        for destination in ("10.1.1.0/24", "10.1.9.9/32")
    ]
    assert len(found.acls["C"]) == 8
    assert found.acls["C"][1].destination_ports == (8000, 8010)
    assert [rule.source for rule in found.acls["A"]] == ["10.1.1.0/24", "10.1.9.9/32", "10.3.0.0/16"]
    assert {rule.text for rule in found.acls["A"]} == {"permit ip object-group ALL host 10.2.1.1"}


def test_pix_order_of_translations() -> None:
    found = pix(
        "access-list N extended permit ip 10.1.1.0 255.255.255.0 10.2.1.0 255.255.255.0 \n"
        "access-list P extended permit ip 10.1.1.0 255.255.255.0 host 192.0.2.9 \n"
        "global (outside) 1 interface\n"
        "global (outside) 2 172.16.1.40\n"
        "global (outside) 2 172.16.1.30-172.16.1.39 netmask 255.255.255.0\n"
        "global (dmz) 1 10.1.5.200\n"
        "nat (inside) 0 access-list N\n"
        "nat (inside) 0 10.1.1.128 255.255.255.128\n"
        "nat (inside) 2 access-list P\n"
        "nat (inside) 1 0.0.0.0 0.0.0.0\n"
        "nat (inside) 3 10.1.1.0 255.255.255.0\n"
        "static (inside,outside) 172.16.1.20 10.1.1.20 netmask 255.255.255.255 \n"
        "static (inside,outside) tcp interface www 10.1.1.21 8080 netmask 255.255.255.255 \n"
        "static (inside,outside) 172.16.1.21 access-list P \n"
    )
    assert [(rule.kind, rule.line.split(")", 1)[1].split()[0]) for rule in found.nat] == [
        ("exempt", "0"),
        ("static", "172.16.1.20"),
        ("static", "tcp"),
        ("static", "172.16.1.21"),
        ("dynamic", "2"),
        ("identity", "0"),
        ("dynamic", "3"),
        ("dynamic", "1"),
    ]
    port, policy, two, three, one = (found.nat[place] for place in (2, 3, 4, 6, 7))
    assert (port.protocol, port.target, port.target_port) == ("tcp", "interface:outside", 80)
    assert (port.source, port.source_port) == ("10.1.1.21/32", 8080)
    assert (policy.target, policy.when) == ("172.16.1.21", (Clause("permit", ("P",)),))
    assert [(pool.first, pool.overload) for pool in two.pools] == [("172.16.1.30", False), ("172.16.1.40", True)]
    assert not three.pools
    assert [pool.port for pool in one.pools] == ["outside", "dmz"]


def test_ios_lists() -> None:
    found = ios(
        "ip access-list standard S\n permit 10.0.0.0 0.255.0.255\n deny   10.1.1.1\n permit any\n"
        "ip access-list extended EMPTY\n"
        "ip access-list extended X\n"
        " remark hello\n"
        " permit tcp any eq 22 telnet 10.1.1.0 0.0.0.255 established\n"
        " deny   icmp any host 10.1.1.1 echo\n"
        "access-list 7 permit 10.9.0.0 0.0.255.255\n"
        "access-list 150 permit 50 any any\n"
    )
    assert [rule.source for rule in found.acls["S"]] == ["10.0.0.0&255.0.255.0", "10.1.1.1/32", "0.0.0.0/0"]
    assert "EMPTY" not in found.acls
    assert [rule.source_ports for rule in found.acls["X"]] == [(22, 22), (23, 23), None]
    assert found.acls["X"][0].other == ("established",)
    assert found.acls["X"][2].icmp == (8, None)
    assert found.acls["7"][0].source == "10.9.0.0/16"
    assert found.acls["150"][0].protocol == "esp"


def test_ios_order_of_translations_and_routes() -> None:
    found = ios(
        "interface Ethernet0/0\n ip address dhcp\n ip access-group 101 in\n ip nat outside\n ip mtu 1400\n!\n"
        "interface FastEthernet1/0\n ip address 10.2.1.1 255.255.255.0\n"
        " ip address 10.2.9.1 255.255.255.0 secondary\n ip nat inside\n!\n"
        "ip route 0.0.0.0 0.0.0.0 Ethernet0/0 192.0.2.1 200\n"
        "ip route 10.9.0.0 255.255.0.0 10.2.1.9 name x\n"
        "ip route 10.8.0.0 255.255.0.0 Null0\n"
        "ip nat translation udp-timeout 100\n"
        "ip nat pool P 192.0.2.10 192.0.2.12 netmask 255.255.255.0\n"
        "ip nat inside source route-map A interface Ethernet0/0 overload\n"
        "ip nat inside source route-map NONE interface Ethernet0/0 overload\n"
        "ip nat inside source list NAMED pool P\n"
        "ip nat inside source list 100 pool P overload\n"
        "ip nat inside source list 20 interface Ethernet0/0 overload\n"
        "ip nat inside source static tcp 10.2.1.5 80 interface Ethernet0/0 8080\n"
        "ip nat inside source static 10.2.1.6 192.0.2.6 route-map A\n"
        "route-map A deny 5\n match ip address VPN\n!\n"
        "route-map A permit 10\n match ip address 100 101\n match interface Ethernet0/0\n!\n"
    )
    outside, inside = found.ports
    assert (outside.dhcp, outside.setroute, outside.mtu) == (True, True, 1400)
    assert inside.secondary == (("10.2.9.1", 24),)
    assert found.filters == (Filter("Ethernet0/0", "in", "101"),)
    assert set(found.routes) == {
        Route("0.0.0.0/0", "192.0.2.1", "Ethernet0/0", 200),
        Route("10.8.0.0/16", None, "Null0", 1),
        Route("10.9.0.0/16", "10.2.1.9", None, 1),
    }
    assert [rule.line.split("source ")[1].split(" interface")[0].split(" pool")[0] for rule in found.nat] == [
        "static tcp 10.2.1.5 80",
        "static 10.2.1.6 192.0.2.6 route-map A",
        "list 20",
        "list 100",
        "list NAMED",
        "route-map A",
    ]
    port, static, _, many, named, mapped = found.nat
    assert (port.source_port, port.target, port.target_port) == (80, "interface:Ethernet0/0", 8080)
    assert mapped.when == (Clause("deny", ("VPN",)), Clause("permit", ("100", "101"), "Ethernet0/0"))
    assert static.when == mapped.when
    assert many.pools == (Pool(None, "192.0.2.10", "192.0.2.12", overload=True),)
    assert named.pools == (Pool(None, "192.0.2.10", "192.0.2.12", overload=False),)
    assert dict(found.timeouts) == {"tcp": 86400, "udp": 100, "icmp": 60, "closed": 60}


@pytest.mark.parametrize("applied", [True, False])
def test_pix_inspects_icmp_where_the_map_is_applied(golden: Golden, applied: bool) -> None:
    text = golden("pix-7.2-start.cfg").replace("  inspect tftp\n", "  inspect tftp\n  inspect icmp\n")
    if not applied:
        text = text.replace("service-policy global_policy global\n", "")
    assert read_fabric(Device.from_text("pix-7.2", text)).inspect_icmp is applied
