# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: The netvpn.dynamic_l2l contributors
"""The table: every row has a source, and every row of the configuration modes can be typed."""

from __future__ import annotations

import pytest
from devices import PLATFORMS, Grade, rows

# Lines that use every row of the configuration modes at least once, `no` forms in a workable order.
PIX_LINES = """
hostname edge
domain-name example.net
names
name 10.9.0.0 lab
object-group network G
 description office
 network-object host 10.3.0.1
 network-object lab 255.255.0.0
object-group network H
 group-object G
 no group-object G
 no description
object-group network G
 no network-object host 10.3.0.1
access-list A extended permit ip object-group G any
access-list A line 1 permit tcp host 10.1.1.1 any eq 443 log
access-list A line 1 remark the office
no access-list A remark the office
no access-list A extended permit tcp host 10.1.1.1 any eq https log
access-list B permit ip 10.1.1.0 255.255.255.0 10.8.0.0 255.255.0.0
access-group B in interface outside
no access-group B in interface outside
clear configure access-list A
no object-group network H
interface Ethernet1
 description inside of the office
 no description
 security-level 90
 no security-level
 security-level 100
 shutdown
 no shutdown
 speed 100
 no speed
 duplex full
 no duplex
 ip address 10.1.1.3 255.255.255.0
interface Ethernet1.5
 vlan 5
 no vlan
 nameif dmz
 no ip address
 no nameif
pager lines 0
no pager
terminal width 511
no terminal width
logging enable
logging timestamp
logging buffer-size 8192
logging console errors
logging monitor 7
logging buffered debugging
no logging buffered
no logging monitor 7
no logging console
no logging buffer-size
no logging timestamp
no logging enable
mtu inside 1400
no mtu inside
same-security-traffic permit intra-interface
no same-security-traffic permit intra-interface
sysopt connection reclassify-vpn
no sysopt connection reclassify-vpn
no sysopt connection permit-ipsec
sysopt connection permit-ipsec
management-access inside
no management-access inside
telnet timeout 10
no telnet timeout
ssh timeout 10
no ssh timeout
console timeout 10
no console timeout
telnet 10.1.1.0 255.255.255.0 inside
no telnet 10.1.1.0 255.255.255.0 inside
ssh 10.1.1.0 255.255.255.0 inside
no ssh 10.1.1.0 255.255.255.0 inside
timeout xlate 1:00:00
timeout conn 0:30:00
timeout half-closed 0:05:00
timeout udp 0:01:00
timeout icmp 0:00:05
icmp permit any inside
no icmp permit any inside
enable password n3w
no enable password
nat-control
no nat-control
nat (inside) 0 access-list B
no nat (inside) 0 access-list B
nat (inside) 1 10.1.1.0 255.255.255.0 dns norandomseq tcp 100 50 udp 20
no nat (inside) 1 10.1.1.0 255.255.255.0 dns norandomseq tcp 100 50 udp 20
global (outside) 1 interface
no global (outside) 1 interface
static (inside,outside) 192.0.2.9 10.1.1.9
no static (inside,outside) 192.0.2.9 10.1.1.9 netmask 255.255.255.255
static (inside,outside) 192.0.2.9 10.1.1.9 netmask 255.255.255.255 dns norandomseq tcp 255 2000 udp 20
no static (inside,outside) 192.0.2.9 10.1.1.9 netmask 255.255.255.255 dns norandomseq tcp 255 2000 udp 20
route outside 10.77.0.0 255.255.0.0 172.16.1.2
no route outside 10.77.0.0 255.255.0.0 172.16.1.2 1
clear configure nat
clear configure global
clear configure static
clear configure access-group
clear configure route
crypto ipsec transform-set T esp-aes-256 esp-sha-hmac
crypto ipsec security-association lifetime seconds 3600
no crypto ipsec security-association lifetime seconds
crypto ipsec security-association lifetime kilobytes 100000
no crypto ipsec security-association lifetime kilobytes 100000
crypto dynamic-map D 10 match address B
crypto dynamic-map D 10 set peer 192.0.2.1
crypto dynamic-map D 10 set transform-set T
crypto dynamic-map D 10 set pfs group5
crypto dynamic-map D 10 set nat-t-disable
crypto dynamic-map D 10 set reverse-route
crypto dynamic-map D 10 set security-association lifetime seconds 3600
crypto dynamic-map D 10 set security-association lifetime kilobytes 3600
crypto map M 10 ipsec-isakmp
crypto map M 10 match address B
crypto map M 10 set peer 192.0.2.1 192.0.2.2
crypto map M 10 set transform-set T
crypto map M 10 set pfs
crypto map M 10 set nat-t-disable
crypto map M 10 set reverse-route
crypto map M 10 set connection-type originate-only
crypto map M 10 set trustpoint P
crypto map M 10 set phase1-mode aggressive
crypto map M 10 set security-association lifetime seconds 3600 kilobytes 4000
crypto map M 10 set security-association lifetime kilobytes 3600
crypto map M 65000 ipsec-isakmp dynamic D
crypto map M interface outside
no crypto map M interface outside
no crypto map M 65000 ipsec-isakmp dynamic D
no crypto map M 10 set security-association lifetime seconds 3600
no crypto map M 10 set security-association lifetime kilobytes
no crypto map M 10 set phase1-mode
no crypto map M 10 set trustpoint
no crypto map M 10 set connection-type
no crypto map M 10 set reverse-route
no crypto map M 10 set nat-t-disable
no crypto map M 10 set pfs
no crypto map M 10 set transform-set T
no crypto map M 10 set peer 192.0.2.2
no crypto map M 10 match address B
clear configure crypto map M
no crypto dynamic-map D 10 set security-association lifetime seconds
no crypto dynamic-map D 10 set security-association lifetime kilobytes
no crypto dynamic-map D 10 set reverse-route
no crypto dynamic-map D 10 set nat-t-disable
no crypto dynamic-map D 10 set pfs
no crypto dynamic-map D 10 set transform-set
no crypto dynamic-map D 10 set peer 192.0.2.1
no crypto dynamic-map D 10 match address
clear configure crypto dynamic-map
no crypto ipsec transform-set T
isakmp policy 20 encryption aes-256
isakmp policy 20 authentication pre-share
isakmp policy 20 hash sha
isakmp policy 20 group 5
isakmp policy 20 lifetime 3600
crypto isakmp policy 20
 authentication rsa-sig
 encryption des
 hash md5
 group 1
 lifetime 1000
 no authentication
 no encryption
 no hash
 no group
 no lifetime 1000
no crypto isakmp policy 20
clear configure crypto isakmp policy
crypto isakmp enable outside
no crypto isakmp enable outside
crypto isakmp identity address
no crypto isakmp identity
crypto isakmp nat-traversal 30
no crypto isakmp nat-traversal
crypto isakmp am-disable
no crypto isakmp am-disable
tunnel-group 192.0.2.1 type ipsec-l2l
group-policy P internal
group-policy P attributes
 vpn-idle-timeout none
 no vpn-idle-timeout
 vpn-session-timeout 60
 no vpn-session-timeout
 vpn-tunnel-protocol IPSec
 no vpn-tunnel-protocol
 vpn-filter value B
 no vpn-filter
tunnel-group 192.0.2.1 general-attributes
 default-group-policy P
 no default-group-policy
tunnel-group 192.0.2.1 ipsec-attributes
 pre-shared-key k
 isakmp keepalive threshold 10 retry 2
 peer-id-validate nocheck
 no peer-id-validate
 no isakmp keepalive
 no pre-shared-key
no tunnel-group 192.0.2.1 general-attributes
no tunnel-group 192.0.2.1 ipsec-attributes
no tunnel-group 192.0.2.1
tunnel-group 192.0.2.2 type ipsec-l2l
clear configure tunnel-group 192.0.2.2
no group-policy P
group-policy Q internal
clear configure group-policy Q
no sysopt connection permit-vpn
no names
no name 10.9.0.0
no domain-name
no hostname
"""

IOS_LINES = """
hostname hub
service timestamps log uptime
no service timestamps log
service password-encryption
no service password-encryption
ip domain lookup
no ip domain-lookup
ip domain name example.net
no ip domain-name example.net
ip cef
no ip cef
logging console
no logging console
logging buffered 8192
logging monitor informational
no logging monitor
logging monitor
no logging on
logging on
no logging buffered
username u privilege 15 secret s
no username u
enable secret s
no enable secret
file prompt quiet
no file prompt
ip http server
no ip http server
no ip http secure-server
ip http secure-server
line vty 0 4
 privilege level 15
 exec-timeout 0 0
 logging synchronous
 transport input ssh telnet
 login local
 password p
 no password
 no login
 no transport input
 no logging synchronous
 no exec-timeout
 no privilege level
line console 0
access-list 101 permit tcp any host 10.2.1.9 eq 80
access-list 101 remark web
no access-list 101 remark web
access-list 101 permit ip any any
no access-list 101 permit ip any any
access-list 2001 permit ip any any
no access-list 2001 permit ip any any
access-list 10 permit 10.2.1.0 0.0.0.255
no access-list 10 permit 10.2.1.0 0.0.0.255
access-list 1301 permit any
no access-list 1301 permit any
no access-list 101
ip access-list extended L
 10 permit ip any any
 remark all
 no remark all
 no 10
 permit udp any any eq 500
 no permit udp any any eq isakmp
 deny ip any any
ip access-list resequence L 100 100
ip access-list standard S
 10 permit any
 remark all
 no remark all
 no permit any
 no 10
no ip access-list standard S
ip access-list extended 110
 permit ip any any
interface FastEthernet1/0
 description inside
 no description
 ip address 10.2.1.5 255.255.255.0
 ip address 10.3.1.5 255.255.255.0 secondary
 no ip address 10.3.1.5 255.255.255.0 secondary
 no ip address
 ip address dhcp
 ip nat inside
 no ip virtual-reassembly
 ip virtual-reassembly
 no ip nat inside
 ip access-group 110 in
 no ip access-group 110 in
 duplex full
 no duplex
 half-duplex
 no half-duplex
 speed 100
 no speed
 ip tcp adjust-mss 1360
 no ip tcp adjust-mss
 ip mtu 1400
 no ip mtu
 shutdown
 no shutdown
interface FastEthernet1/0.5
 encapsulation dot1Q 5
 no encapsulation dot1Q 5
no interface FastEthernet1/0.5
interface Loopback0
 ip address 10.99.0.1 255.255.255.255
crypto isakmp policy 20
 encr aes 256
 hash md5
 authentication pre-share
 group 5
 lifetime 3600
 default encryption
 default hash
 default authentication
 default group
 default lifetime
 no encryption
 no hash
 no authentication
 no group
 no lifetime
no crypto isakmp policy 20
crypto isakmp key k address 192.0.2.1
no crypto isakmp key k address 192.0.2.1
crypto isakmp keepalive 10 3 periodic
no crypto isakmp keepalive
crypto isakmp identity hostname
no crypto isakmp identity
crypto isakmp nat keepalive 20
no crypto isakmp nat keepalive
crypto isakmp invalid-spi-recovery
no crypto isakmp invalid-spi-recovery
crypto isakmp aggressive-mode disable
no crypto isakmp aggressive-mode disable
no crypto isakmp enable
crypto isakmp enable
crypto ipsec security-association lifetime seconds 1800
no crypto ipsec security-association lifetime seconds
crypto ipsec security-association lifetime kilobytes 10000
no crypto ipsec security-association lifetime kilobytes
crypto ipsec df-bit clear
no crypto ipsec df-bit
crypto ipsec transform-set T esp-aes 256 esp-sha-hmac
 mode transport
 no mode
crypto dynamic-map D 10
 description callers
 set nat demux
 set security-association lifetime seconds 1800
 set security-association lifetime kilobytes 10000
 set security-association idle-time 600
 set transform-set T
 set pfs group5
 set isakmp-profile P
 match address L
 reverse-route
 no reverse-route
 no match address
 no set isakmp-profile
 no set pfs
 no set security-association idle-time
 no set security-association lifetime seconds
 no set security-association lifetime kilobytes
 no set nat demux
 no description
crypto map M 10 ipsec-isakmp
 set peer 192.0.2.1
 no set peer 192.0.2.1
 set transform-set T
 no set transform-set
crypto map M 20 ipsec-isakmp dynamic D
crypto map M local-address Loopback0
no crypto map M local-address
interface FastEthernet1/0
 crypto map M
 no crypto map M
exit
no crypto map M
no crypto dynamic-map D 10
no crypto ipsec transform-set T
ip nat pool P 192.0.2.10 192.0.2.20 netmask 255.255.255.0
ip nat inside source list L pool P overload
no ip nat inside source list L pool P overload
no ip nat pool P
ip nat translation timeout 300
ip nat inside source static tcp 10.2.1.9 80 192.0.2.9 80
no ip nat inside source static tcp 10.2.1.9 80 192.0.2.9 80
route-map R permit 10
 description all
 match ip address L 110
 match interface FastEthernet1/0
 no match interface
 no match ip address
 no description
no route-map R permit 10
ip route 10.50.0.0 255.255.0.0 192.168.1.9 200
no ip route 10.50.0.0 255.255.0.0 192.168.1.9 200
no ip access-list extended L
no hostname
"""


@pytest.mark.parametrize(("platform", "lines"), [("pix-7.2", PIX_LINES), ("ios-12.4", IOS_LINES)])
def test_every_row_of_the_configuration_modes_can_be_typed(request, platform: str, lines: str) -> None:
    session = request.getfixturevalue("pix_start" if platform.startswith("pix") else "ios_start")
    answers = session.enter(*lines.strip().split("\n"))
    refused = {line: answer for line, answer in answers.items() if "Invalid input" in answer or "ERROR" in answer}
    assert refused == {}
    modes = {row.mode for row in rows(platform)} - {"user", "exec", "any", "leave"}
    used = session.device.used
    assert [str(row) for row in rows(platform) if row.mode in modes and str(row) not in used] == []


def test_what_was_typed_and_taken_back_leaves_nothing_that_cannot_be_loaded_again(ios_start, pix_start) -> None:
    from devices import Device, comparable

    for session, lines in ((ios_start, IOS_LINES), (pix_start, PIX_LINES)):
        for line in ("configure terminal", *lines.strip().split("\n")):
            session.type(line)
            text = session.device.running_config()
            again = Device.from_text(session.device.platform.name, text)
            assert comparable(again.running_config()) == comparable(text), line


@pytest.mark.parametrize("platform", PLATFORMS)
def test_every_row_names_its_source(platform: str) -> None:
    table = rows(platform)
    assert len(table) > 150
    assert all(row.source and isinstance(row.grade, Grade) for row in table)
    assert len({str(row) for row in table}) == len(table)


def test_a_device_tells_which_rows_it_used_and_which_of_them_rest_on_recall(pix) -> None:
    pix.type("show running-config")
    assert pix.device.rows_on_recall() == []
    pix.type("show clock")
    assert [row.grammar for row in pix.device.rows_on_recall()] == ["show clock"]
