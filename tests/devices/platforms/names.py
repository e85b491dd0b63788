# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: The netvpn.dynamic_l2l contributors
"""Names that the devices put for the numbers of protocols, ports and ICMP types in access lists."""

from __future__ import annotations

from ..grammar import TYPES

# Names of IOS (tool: Netspoc-Approve's tables, cut to what IOS knows; `eq 22` and `eq 443` stay numbers in captures).
IOS_TCP = {
    7: "echo",
    9: "discard",
    13: "daytime",
    19: "chargen",
    20: "ftp-data",
    21: "ftp",
    23: "telnet",
    25: "smtp",
    37: "time",
    43: "whois",
    49: "tacacs",
    53: "domain",
    70: "gopher",
    79: "finger",
    80: "www",
    101: "hostname",
    109: "pop2",
    110: "pop3",
    111: "sunrpc",
    113: "ident",
    119: "nntp",
    179: "bgp",
    194: "irc",
    496: "pim-auto-rp",
    512: "exec",
    513: "login",
    514: "cmd",
    515: "lpd",
    517: "talk",
    540: "uucp",
    543: "klogin",
    544: "kshell",
}
IOS_UDP = {
    7: "echo",
    9: "discard",
    37: "time",
    49: "tacacs",
    53: "domain",
    67: "bootps",
    68: "bootpc",
    69: "tftp",
    80: "www",
    111: "sunrpc",
    123: "ntp",
    137: "netbios-ns",
    138: "netbios-dgm",
    139: "netbios-ss",
    161: "snmp",
    162: "snmptrap",
    177: "xdmcp",
    195: "dnsix",
    434: "mobile-ip",
    496: "pim-auto-rp",
    500: "isakmp",
    512: "biff",
    513: "who",
    514: "syslog",
    517: "talk",
    520: "rip",
    4500: "non500-isakmp",
}
# PIX and ASA: the same, less what they write as numbers, plus these (recall; `www`, `https`, `ssh` are in captures).
PIX_TCP = {number: name for number, name in IOS_TCP.items() if number not in (37, 514)} | {
    22: "ssh",
    143: "imap4",
    389: "ldap",
    443: "https",
    554: "rtsp",
    636: "ldaps",
    750: "kerberos",
    1521: "sqlnet",
    1720: "h323",
    1723: "pptp",
    5060: "sip",
    5190: "aol",
}
PIX_UDP = {number: name for number, name in IOS_UDP.items() if number not in (80, 4500)} | {
    1645: "radius",
    1646: "radius-acct",
    5060: "sip",
}
# Netspoc-Approve's protocol names; others stay numbers.
PROTOCOLS = {
    1: "icmp",
    2: "igmp",
    4: "ipinip",
    6: "tcp",
    17: "udp",
    47: "gre",
    50: "esp",
    88: "eigrp",
    89: "ospf",
    94: "nos",
    103: "pim",
    108: "pcp",
}
IOS_PROTOCOLS = PROTOCOLS | {51: "ahp"}
PIX_PROTOCOLS = PROTOCOLS | {51: "ah"}
ICMP = {
    0: "echo-reply",
    3: "unreachable",
    4: "source-quench",
    5: "redirect",
    8: "echo",
    11: "time-exceeded",
    12: "parameter-problem",
    13: "timestamp-request",
    14: "timestamp-reply",
}
_ICMP_MORE = {"packet-too-big", "port-unreachable", "host-unreachable", "net-unreachable", "ttl-exceeded", "traceroute"}
_PORTS = {*IOS_TCP.values(), *IOS_UDP.values(), *PIX_TCP.values(), *PIX_UDP.values()}
OPERATORS = ("eq", "neq", "lt", "gt", "range")


def _number(text: str, highest: int) -> bool:
    return text.isdigit() and int(text) <= highest


TYPES["port"] = lambda text: _number(text, 65535) or text in _PORTS
TYPES["icmp-type"] = lambda text: _number(text, 255) or text in ICMP.values() or text in _ICMP_MORE
TYPES["ios-protocol"] = lambda text: text == "ip" or _number(text, 255) or text in IOS_PROTOCOLS.values()
TYPES["pix-protocol"] = lambda text: text == "ip" or _number(text, 255) or text in PIX_PROTOCOLS.values()


def port(text: str, protocol: str, tcp: dict[int, str], udp: dict[int, str]) -> str:
    """A port as the device shows it."""
    table = tcp if protocol == "tcp" else udp
    return table.get(int(text), text) if text.isdigit() else text
