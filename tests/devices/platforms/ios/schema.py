# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: The netvpn.dynamic_l2l contributors
"""The order of an IOS 12.4 configuration (seed: running configuration of a 12.4(4)T to (6)T; others where named)."""

from __future__ import annotations

from ...store import Fields, Schema, SortKey, kind


def _seq(fields: Fields) -> SortKey:
    return (int(fields["seq"]),)


def _map_key(fields: Fields) -> SortKey:
    # lines of the whole map before its entries, entries by number, static and dynamic mixed (captures of 15.0)
    return (1, int(fields["seq"])) if fields["seq"] else (0, 0)


# Order of a block: seed; description, access-group: captures of 15.1 and 15.4.
INTERFACE = Schema(
    kind("description", r"description (?P<text>.+)"),
    kind("mac", r"mac-address (?P<mac>\S+)"),
    kind("encapsulation", r"encapsulation (?P<rest>.+)"),
    kind("address", r"(?:no ip address|ip address (?P<address>\S+)(?: (?P<mask>\S+))?)"),
    kind("secondary", r"ip address (?P<address>\S+) (?P<mask>\S+) secondary", ["address"]),
    kind("access-group", r"ip access-group (?P<acl>\S+) (?P<direction>in|out)", ["direction"],
         key=lambda fields: (fields["direction"],)),
    kind("redirects", r"no ip (?P<what>redirects|unreachables|proxy-arp)", ["what"]),
    kind("nat", r"ip nat (?P<side>inside|outside)"),
    kind("reassembly", r"(?P<no>no )?ip virtual-reassembly"),
    kind("adjust-mss", r"ip tcp adjust-mss (?P<value>\d+)"),
    kind("mtu", r"ip mtu (?P<value>\d+)"),
    kind("shutdown", r"shutdown"),
    kind("duplex", r"(?:duplex (?P<duplex>\S+)|half-duplex|full-duplex)"),
    kind("speed", r"speed (?P<speed>\S+)"),
    kind("crypto-map", r"crypto map (?P<map>\S+)"),
)  # fmt: skip

POLICY = Schema(
    *(kind(name, rf"{name} (?P<value>.+)") for name in ("encr", "hash", "authentication", "group", "lifetime"))
)

TRANSFORM = Schema(kind("mode", r"mode (?P<mode>.+)"))

# Order inside an entry: union of captures of 15.0 to XE 3.16 (dynamic and static entries alike).
MAP_ENTRY = Schema(
    kind("description", r"description (?P<text>.+)"),
    kind("nat-demux", r"set nat demux"),
    kind("peer", r"set peer (?P<peer>\S+)(?P<rest>.*)", ["peer"]),
    kind(
        "lifetime",
        r"set security-association lifetime (?P<unit>kilobytes|seconds) (?P<value>\d+)",
        ["unit"],
        key=lambda fields: (fields["unit"],),
    ),
    kind("idle-time", r"set security-association idle-time (?P<value>\d+)"),
    kind("transform-set", r"set transform-set (?P<names>.+)", trail=" "),
    kind("pfs", r"set pfs (?P<group>\S+)"),
    kind("isakmp-profile", r"set isakmp-profile (?P<name>\S+)"),
    kind("match", r"match address (?P<acl>\S+)"),
    kind("reverse-route", r"reverse-route(?P<rest>.*)"),
)

ACE = r"(?P<action>permit|deny|remark) +(?P<rest>.+)"
ACCESS_LIST = Schema(kind("ace", ACE, None))

ROUTE_MAP = Schema(
    kind("description", r"description (?P<text>.+)"),
    kind("match-address", r"match ip address (?P<acls>.+)"),
    kind("match-interface", r"match interface (?P<interface>.+)"),
    kind("set", r"set (?P<rest>.+)", None),
)

LINE = Schema(
    kind("privilege", r"privilege level (?P<level>\d+)"),
    kind("exec-timeout", r"exec-timeout (?P<rest>.+)"),
    kind("password", r"password (?P<rest>.+)"),
    kind("logging", r"logging synchronous"),
    kind("login", r"(?:no login|login(?P<rest>.*))"),
    kind("transport-input", r"transport input (?P<rest>.+)"),
)

CONFIG = Schema(
    kind("version", r"version (?P<version>\S+)"),
    kind(
        "timestamps",
        r"(?P<no>no )?service timestamps (?P<what>debug|log)(?P<rest>.*)",
        ["what"],
        key=lambda fields: (fields["what"],),
    ),
    kind("service", r"(?P<no>no )?service (?P<what>.+)", ["what"]),
    "!",
    kind("hostname", r"hostname (?P<name>\S+)"),
    "!",
    kind("boot", r"boot-(?P<what>start|end)-marker", ["what"]),
    "!",
    kind("logging-on", r"no logging on"),
    kind("logging", r"(?P<no>no )?logging (?P<what>buffered|console|monitor)(?P<rest>.*)", ["what"]),
    kind("enable", r"enable (?P<what>secret|password) (?P<rest>.+)", ["what"]),
    "!",
    kind("aaa", r"(no )?aaa new-model"),
    "!",
    kind("resource", r"resource policy"),
    "!",
    "!",
    "!",
    kind("cef", r"(no )?ip cef"),
    kind("domain-lookup", r"no ip domain lookup"),
    kind("domain-name", r"ip domain name (?P<name>\S+)"),
    "!",
    "!",
    kind("username", r"username (?P<name>\S+)(?P<rest>.*)", ["name"], after_all=True),
    kind("isakmp-policy", r"crypto isakmp policy (?P<seq>\d+)", ["seq"], key=_seq, children=POLICY, between=True),
    # Behind the policies without a separator (seed; captures of 15.0); key, identity, invalid SPI, keepalive.
    kind(
        "isakmp-key",
        r"crypto isakmp key (?:(?P<type>[06]) )?(?P<key>\S+) (?P<by>address|hostname) "
        r"(?P<peer>\S+)(?: +(?P<mask>\d+\.\d+\.\d+\.\d+))?(?P<xauth> no-xauth)?",
        None,
    ),
    kind("isakmp-identity", r"crypto isakmp identity (?P<value>\S+)"),
    kind("invalid-spi", r"crypto isakmp invalid-spi-recovery"),
    kind("isakmp-keepalive", r"crypto isakmp keepalive (?P<value>.+)"),
    kind("nat-keepalive", r"crypto isakmp nat keepalive (?P<value>\d+)"),
    kind("aggressive", r"crypto isakmp aggressive-mode disable"),
    kind("isakmp-off", r"no crypto isakmp enable"),
    "!",
    "!",
    # A block with a separator of its own before the transform sets (captures of 15.2 and 15.4)
    kind(
        "ipsec-lifetime",
        r"crypto ipsec security-association lifetime (?P<unit>kilobytes|seconds) (?P<value>\d+)",
        ["unit"],
        key=lambda fields: (fields["unit"],),
        after_all=True,
    ),
    kind(
        "transform-set",
        r"crypto ipsec transform-set (?P<name>\S+) (?P<transforms>.+)",
        ["name"],
        children=TRANSFORM,
        trail=" ",
    ),
    kind("df-bit", r"crypto ipsec df-bit (?P<value>\S+)"),
    "!",
    kind(
        "dynamic-map",
        r"crypto dynamic-map (?P<map>\S+) (?P<seq>\d+)",
        ["map", "seq"],
        group="map",
        key=_seq,
        children=MAP_ENTRY,
    ),
    "!",
    "!",
    kind(
        "crypto-map",
        r"crypto map (?P<map>\S+) (?:(?P<seq>\d+) ipsec-isakmp(?: dynamic (?P<dynamic>\S+))?"
        r"|(?P<wide>local-address) (?P<value>.+))",
        ["map", "seq", "wide"],
        group="map",
        key=_map_key,
        children=MAP_ENTRY,
        between_groups=True,
        trail=" ",
    ),
    "!",
    "!",
    kind("interface", r"interface (?P<name>\S+)(?: .*)?", ["name"], children=INTERFACE, after_each=True),
    kind("http", r"(?P<no>no )?ip http (?P<what>server|secure-server|\S.*)", ["what"]),
    "!",
    kind(
        "route",
        r"ip route (?P<net>\d\S*) (?P<mask>\S+) (?P<rest>.+)",
        None,
        key=lambda fields: (tuple(int(part) for part in fields["net"].split(".")), fields["mask"]),
    ),
    "!",
    # pools, then rules with a list before those with a route-map (batfish, tested on GNS3), then statics (15.4)
    kind("nat-translation", r"ip nat translation (?P<rest>.+)", None),
    kind("nat-pool", r"ip nat pool (?P<name>\S+) (?P<rest>.+)", ["name"]),
    kind(
        "nat-rule",
        r"ip nat inside source (?P<by>list|route-map) (?P<name>\S+) (?:interface (?P<interface>\S+)|pool (?P<pool>\S+))"
        r"(?P<overload> overload)?",
        ["by", "name"],
        key=lambda fields: (
            fields["by"],
            not fields["name"].isdigit(),
            int(fields["name"]) if fields["name"].isdigit() else fields["name"],
        ),
    ),
    kind("nat-static", r"ip nat inside source static (?P<rest>.+)", None),
    "!",
    # Named lists by name, one separator behind the last (captures of 15.0 to 15.4)
    kind(
        "ip-access-list",
        r"ip access-list (?P<type>standard|extended) (?P<id>\S+)",
        ["id"],
        key=lambda fields: (fields["type"] == "extended", fields["id"]),
        children=ACCESS_LIST,
        after_all=True,
    ),
    kind(
        "access-list",
        rf"access-list (?P<id>\d+) {ACE}",
        None,
        group="id",
        group_key=lambda fields: (int(fields["id"]),),
    ),
    "!",
    # Creation order, a separator behind each entry (captures of 15.0)
    kind(
        "route-map",
        r"route-map (?P<name>\S+) (?P<action>permit|deny) (?P<seq>\d+)",
        ["name", "seq"],
        group="name",
        key=_seq,
        children=ROUTE_MAP,
        after_each=True,
    ),
    kind("control-plane", r"control-plane"),
    "!",
    "!",
    kind("line", r"line (?P<type>con|aux|vty) (?P<range>.+)", ["type", "range"], children=LINE,
         group="type", group_key=lambda fields: (("con", "aux", "vty").index(fields["type"]),)),
    "!",
    "!",
    kind("end", r"end"),
)  # fmt: skip
