# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: The netvpn.dynamic_l2l contributors
"""The order of a PIX 7.2 configuration (seed: running configuration of a PIX 7.2(2); others where named)."""

from __future__ import annotations

from ...store import Fields, Schema, SortKey, kind

# Order inside a crypto map entry: ASA 7.2(3) capture and `show running-config all crypto map` (ntc-templates).
MAP_LINES = (
    "match address",
    "set pfs",
    "set connection-type",
    "set peer",
    "set transform-set",
    "set security-association lifetime seconds",
    "set security-association lifetime kilobytes",
    "set nat-t-disable",
    "set reverse-route",
    "set phase1-mode",
    "set trustpoint",
    "ipsec-isakmp dynamic",
)
_MAP = "|".join(MAP_LINES)


# Order of the lines of logging: captures of 8.x
LOGGING = ("enable", "timestamp", "buffer-size", "console", "monitor", "buffered")


def _map_key(fields: Fields) -> SortKey:
    if fields.get("interface"):
        return (65536, 0)
    return (int(fields["seq"]), MAP_LINES.index(fields["what"]))


def _numbered(fields: Fields) -> SortKey:
    return (int(fields["seq"]),)


def _tunnel_key(fields: Fields) -> SortKey:
    return (("type", "general-attributes", "ipsec-attributes").index(fields["what"]),)


INTERFACE = Schema(
    kind("description", r"description (?P<text>.+)"),
    kind("speed", r"speed (?P<value>\S+)"),
    kind("duplex", r"duplex (?P<value>\S+)"),
    kind("shutdown", r"shutdown"),
    kind("vlan", r"(no )?vlan ?(?P<vlan>\d*)"),
    kind("nameif", r"(?:no nameif|nameif (?P<name>\S+))"),
    kind("security", r"(?:no security-level|security-level (?P<level>\d+))"),
    kind("address", r"(?:no ip address|ip address (?P<address>\S+)(?P<rest>.*))"),
)

# All five lines are printed, in this order, whether or not they are defaults (seed; ASA 7.2(3) capture).
POLICY = Schema(
    *(kind(name, rf"{name} (?P<value>.+)") for name in ("authentication", "encryption", "hash", "group", "lifetime"))
)

IPSEC_ATTRIBUTES = Schema(
    kind("pre-shared-key", r"pre-shared-key (?P<key>\S+)"),
    kind("peer-id-validate", r"peer-id-validate (?P<value>\S+)"),
    kind("keepalive", r"isakmp keepalive (?P<value>.+)"),
    kind("trust-point", r"trust-point (?P<value>\S+)"),
)
GENERAL_ATTRIBUTES = Schema(kind("default-group-policy", r"default-group-policy (?P<name>\S+)"))
TUNNEL = Schema(*IPSEC_ATTRIBUTES.kinds, *GENERAL_ATTRIBUTES.kinds)

GROUP_POLICY = Schema(
    kind("vpn-idle-timeout", r"vpn-idle-timeout (?P<value>\S+)"),
    kind("vpn-session-timeout", r"vpn-session-timeout (?P<value>\S+)"),
    kind("vpn-filter", r"vpn-filter (?P<value>.+)"),
    kind("vpn-tunnel-protocol", r"vpn-tunnel-protocol (?P<value>.+)"),
)

OBJECT_GROUP = Schema(
    kind("group-description", r"description (?P<text>.+)"),
    kind("member", r"(?P<type>network-object|group-object) (?P<value>.+)", None),
)

CONFIG = Schema(
    kind("version", r"(PIX|ASA) Version (?P<version>\S+).*"),
    "!",
    # before the host name in an ASA 9.5 capture
    kind("terminal-width", r"terminal width (?P<width>\d+)"),
    kind("hostname", r"hostname (?P<name>\S+)"),
    kind("domain-name", r"domain-name (?P<name>\S+)"),
    kind("enable-password", r"enable password (?P<rest>.+)"),
    kind("names", r"(no )?names"),
    kind("name", r"name (?P<address>\S+) (?P<name>\S+)", ["address"]),
    "!",
    kind("interface", r"interface (?P<name>\S+)", ["name"], children=INTERFACE, after_each=True),
    kind("passwd", r"passwd (?P<rest>.+)"),
    kind("ftp", r"ftp mode (?P<mode>\S+)"),
    kind("clock", r"clock (?P<rest>.+)", None),
    kind("dns", r"dns (?P<rest>.+)", None),
    kind("same-security-traffic", r"same-security-traffic permit (?P<which>\S+)", ["which"]),
    kind(
        "object-group",
        r"object-group (?P<type>network|service|protocol|icmp-type) (?P<name>\S+).*",
        ["name"],
        children=OBJECT_GROUP,
    ),
    # Lists in order of their creation (captures), entries in their own order.
    kind("access-list", r"access-list (?P<id>\S+) (?P<type>extended|remark|standard) (?P<rest>.*)", None, group="id"),
    kind("pager", r"(?:no pager|pager lines (?P<lines>\d+))"),
    kind(
        "logging",
        rf"logging (?P<what>{'|'.join(LOGGING)})(?P<rest>.*)",
        ["what"],
        key=lambda fields: (LOGGING.index(fields["what"]),),
    ),
    kind("logging-other", r"logging (?P<rest>.+)", None),
    kind("mtu", r"mtu (?P<interface>\S+) (?P<mtu>\d+)", ["interface"]),
    kind("failover", r"(no )?failover"),
    kind("icmp-unreachable", r"icmp unreachable (?P<rest>.+)"),
    kind("icmp", r"icmp (?P<action>permit|deny) (?P<rest>.+)", None),
    kind("asdm", r"(no )?asdm (?P<rest>.+)", None),
    kind("arp", r"arp timeout (?P<seconds>\d+)"),
    kind("nat-control", r"nat-control"),
    kind("global", r"global \((?P<interface>\S+)\) (?P<id>\d+) (?P<address>.+)", None, group="interface"),
    kind(
        "nat",
        r"nat \((?P<interface>\S+)\) (?P<id>\d+) (?:access-list (?P<acl>\S+)|(?P<address>\S+) (?P<mask>\S+))(?P<rest>.*)",
        None,
        group="interface",
        key=lambda fields: (int(fields["id"]), fields["acl"] == ""),
    ),
    kind(
        "static",
        r"static \((?P<real>[^,]+),(?P<mapped>[^)]+)\) (?P<rest>.*?)(?: access-list (?P<acl>\S+))?"
        r"(?P<tail>(?: dns)?(?: norandomseq)?(?: tcp \d+(?: \d+)?)?(?: udp \d+)?)",
        None,
        trail=" ",
    ),
    kind(
        "access-group",
        r"access-group (?P<acl>\S+) (?P<direction>in|out) interface (?P<interface>\S+)",
        ["interface", "direction"],
    ),
    kind("route", r"route (?P<interface>\S+) (?P<net>\S+) (?P<mask>\S+) (?P<hop>\S+)(?: (?P<metric>\d+))?", None),
    kind("timeout-xlate", r"timeout xlate (?P<time>\S+)"),
    kind("timeout-conn", r"timeout conn (?P<rest>.+)"),
    kind("timeout", r"timeout (?P<what>sunrpc|sip|uauth) (?P<rest>.+)", ["what"]),
    # Before `http`, `snmp` in configurations of 7.0 to 7.2(2) in Cisco's examples (recall); 7.2(3) has it at the end.
    kind(
        "group-policy",
        r"group-policy (?P<name>\S+) (?P<what>internal|external|attributes).*",
        ["name", "what"],
        group="name",
        key=lambda fields: (fields["what"] == "attributes",),
        children=GROUP_POLICY,
    ),
    kind("username", r"username (?P<name>\S+) (?P<rest>.+)", None),
    kind("snmp", r"(no )?snmp-server (?P<rest>.+)", None),
    kind("sysopt", r"(?P<no>no )?sysopt connection (?P<what>.+)", ["what"]),
    kind(
        "transform-set", r"crypto ipsec transform-set (?P<name>\S+) (?P<transforms>.+)", ["name", "mode"], group="name"
    ),
    kind(
        "ipsec-lifetime",
        r"crypto ipsec security-association lifetime (?P<unit>seconds|kilobytes) (?P<value>\d+)",
        ["unit"],
        key=lambda fields: (fields["unit"] == "kilobytes",),
    ),
    kind(
        "dynamic-map",
        rf"crypto dynamic-map (?P<map>\S+) (?P<seq>\d+) (?P<what>{_MAP})(?: (?P<value>.+))?",
        ["map", "seq", "what"],
        group="map",
        key=_map_key,
    ),
    kind(
        "crypto-map",
        rf"crypto map (?P<map>\S+) (?:interface (?P<interface>\S+)|(?P<seq>\d+) (?P<what>{_MAP})(?: (?P<value>.+))?)",
        ["map", "seq", "what", "interface"],
        group="map",
        key=_map_key,
    ),
    # After the crypto maps: identity, enable, policies, then the rest (ASA 7.2(3) capture).
    kind("isakmp-identity", r"crypto isakmp identity (?P<value>.+)"),
    kind("isakmp-enable", r"crypto isakmp enable (?P<interface>\S+)", ["interface"]),
    kind("isakmp-policy", r"crypto isakmp policy (?P<seq>\d+)", ["seq"], key=_numbered, children=POLICY),
    kind("isakmp-nat-traversal", r"crypto isakmp nat-traversal +(?P<seconds>\d+)"),
    kind("isakmp-am-disable", r"crypto isakmp am-disable"),
    kind(
        "tunnel-group",
        r"tunnel-group (?P<name>\S+) (?P<what>type|general-attributes|ipsec-attributes)(?: (?P<value>\S+))?",
        ["name", "what"],
        group="name",
        key=_tunnel_key,
        children=TUNNEL,
    ),
    kind("telnet", r"telnet (?P<address>\S+) (?P<mask>\S+) (?P<interface>\S+)", None),
    kind("telnet-timeout", r"telnet timeout (?P<minutes>\d+)"),
    kind("ssh", r"ssh (?P<address>[\d.]+) (?P<mask>\S+) (?P<interface>\S+)", None),
    kind("ssh-timeout", r"ssh timeout (?P<minutes>\d+)"),
    kind("ssh-version", r"ssh version (?P<version>\d)"),
    kind("console", r"console timeout (?P<minutes>\d+)"),
    kind("management-access", r"management-access (?P<interface>\S+)"),
    "!",
    kind("class-map", r"class-map (?P<rest>.+)", None),
    kind("policy-map", r"policy-map (?P<rest>.+)", None),
    kind("service-policy", r"service-policy (?P<rest>.+)", None),
    kind("prompt", r"prompt (?P<rest>.+)"),
)
