# Copyright: The netvpn.dynamic_l2l contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""The reference's configurations with one thing wrong each: what the audit must say of it, and what mends it.

Texts only: the test devices of the core and the emulated devices take the same.
"""

from __future__ import annotations

from dataclasses import dataclass

SPOKE_TO_HUB = ("inside", "10.1.1.1", "10.2.1.1")
HUB_TO_SPOKE = ("FastEthernet1/0", "10.2.1.2", "10.1.1.1")

#: What stands in the reference's configurations and is right.
PIX_EXEMPT = "access-list NO-NAT extended permit ip 10.1.1.0 255.255.255.0 10.2.1.0 255.255.255.0\n"
PIX_NAT0 = "nat (inside) 0 access-list NO-NAT\n"
PIX_GROUP = "tunnel-group 192.168.1.2 type ipsec-l2l\ntunnel-group 192.168.1.2 ipsec-attributes\n pre-shared-key *\n"
IOS_DENY = "access-list 100 deny   ip 10.2.1.0 0.0.0.255 10.1.1.0 0.0.0.255\n"
IOS_PERMIT = "access-list 100 permit ip 10.2.1.0 0.0.0.255 any\n"
IOS_ENTRY = "crypto map IPSEC 10 ipsec-isakmp dynamic DYN\n"

#: The router with a list in its dynamic entry, as it should be.
LISTED = (
    (" set transform-set DYN-TS\n", " set transform-set DYN-TS\n match address MATCH\n"),
    (
        "control-plane\n",
        "ip access-list extended MATCH\n permit ip 10.2.1.0 0.0.0.255 10.1.1.0 0.0.0.255\n!\ncontrol-plane\n",
    ),
)


@dataclass(frozen=True)
class Fault:
    """``edits`` (text before, text after) make the fault; ``walk`` is what the packet of the tunnel shows while it is mended."""

    name: str
    platform: str
    edits: tuple[tuple[str, str], ...]
    code: str
    commands: tuple[str, ...]
    #: where it enters, from, to; None where it is not about packets
    packet: tuple[str, str, str] | None = None
    #: drops struck, by the small test devices; None: they do not take the lines
    walk: tuple[str, ...] | None = None

    def made(self, text: str) -> str:
        """The reference's configuration with the fault."""
        for old, new in self.edits:
            assert text.count(old) == 1, (self.name, old)
            text = text.replace(old, new)
        return text


E = ("E 192.168.1.2",)
TO_E = ("T", "E 192.168.1.2")

PIX = (
    Fault(
        "the slip of the document: another network is exempt",
        "asa",
        ((PIX_EXEMPT, PIX_EXEMPT.replace("10.2.1.0", "10.2.2.0")),),
        "exemption-missing",
        (PIX_EXEMPT.rstrip(),),
        SPOKE_TO_HUB,
        TO_E,
    ),
    Fault(
        "nothing is exempt",
        "asa",
        ((PIX_EXEMPT, ""), (PIX_NAT0, "")),
        "exemption-missing",
        (PIX_EXEMPT.rstrip(), PIX_NAT0.rstrip()),
        SPOKE_TO_HUB,
        TO_E,
    ),
    Fault(
        "a part of the network is exempt",
        "asa",
        ((PIX_EXEMPT, PIX_EXEMPT.replace("10.2.1.0 255.255.255.0", "10.2.1.128 255.255.255.128")),),
        "exemption-missing",
        (PIX_EXEMPT.rstrip(),),
        SPOKE_TO_HUB,
        TO_E,
    ),
    Fault(
        "the map is not bound, and the class is exempt",
        "asa",
        (("crypto map IPSEC interface outside\n", ""),),
        "map-not-bound",
        ("crypto map IPSEC interface outside",),
        SPOKE_TO_HUB,
        ("X", *E),
    ),
    Fault(
        "IKE is not enabled",
        "asa",
        (("crypto isakmp enable outside\n", ""),),
        "isakmp-not-enabled",
        ("crypto isakmp enable outside",),
        SPOKE_TO_HUB,
        E,
    ),
    Fault(
        "the tunnel group is missing",
        "asa",
        ((PIX_GROUP, ""),),
        "tunnel-group-missing",
        (
            "tunnel-group 192.168.1.2 type ipsec-l2l",
            "tunnel-group 192.168.1.2 ipsec-attributes",
            "pre-shared-key ********",
        ),
        SPOKE_TO_HUB,
        E,
    ),
    Fault(
        "the tunnel group has no key",
        "asa",
        ((PIX_GROUP, PIX_GROUP.replace(" pre-shared-key *\n", " isakmp keepalive threshold 20 retry 3\n")),),
        "tunnel-group-missing",
        ("tunnel-group 192.168.1.2 ipsec-attributes", "pre-shared-key ********"),
        SPOKE_TO_HUB,
        E,
    ),
    Fault(
        "a dynamic entry stands before ours",
        "asa",
        (
            (
                "crypto map IPSEC 10 match",
                "crypto dynamic-map ANY 10 set transform-set DYN-TS\ncrypto map IPSEC 5 ipsec-isakmp dynamic ANY\n"
                "crypto map IPSEC 10 match",
            ),
        ),
        "dynamic-entry-before-static",
        ("crypto map IPSEC 65535 ipsec-isakmp dynamic ANY", "no crypto map IPSEC 5 ipsec-isakmp dynamic ANY"),
        SPOKE_TO_HUB,
    ),
    Fault(
        "another network is exempt too",
        "asa",
        ((PIX_EXEMPT, PIX_EXEMPT + PIX_EXEMPT.replace("10.2.1.0", "10.2.2.0")),),
        "exempt-but-unprotected",
        ("no " + PIX_EXEMPT.replace("10.2.1.0", "10.2.2.0").rstrip(),),
        ("inside", "10.1.1.1", "10.2.2.1"),
        E,
    ),
    Fault(
        "everything private is exempt",
        "asa",
        ((PIX_EXEMPT, PIX_EXEMPT.replace("10.2.1.0 255.255.255.0", "10.0.0.0 255.0.0.0")),),
        "exempt-but-unprotected",
        (PIX_EXEMPT.rstrip(), "no " + PIX_EXEMPT.replace("10.2.1.0 255.255.255.0", "10.0.0.0 255.0.0.0").rstrip()),
        ("inside", "10.1.1.1", "10.2.2.1"),
        E,
    ),
    Fault(
        "only another network is exempt",
        "asa",
        ((PIX_EXEMPT, PIX_EXEMPT.replace("10.2.1.0", "10.2.2.0")),),
        "exempt-but-unprotected",
        ("no " + PIX_NAT0.rstrip(), "no " + PIX_EXEMPT.replace("10.2.1.0", "10.2.2.0").rstrip()),
        ("inside", "10.1.1.1", "10.2.2.1"),
        ("T",),
    ),
    Fault(
        "the entry only answers",
        "asa",
        (
            (
                "crypto map IPSEC interface",
                "crypto map IPSEC 10 set connection-type answer-only\ncrypto map IPSEC interface",
            ),
        ),
        "never-initiates",
        ("no crypto map IPSEC 10 set connection-type answer-only",),
        SPOKE_TO_HUB,
        E,
    ),
    Fault(
        "the default route is static on a leased address",
        "asa",
        (),
        "static-default-on-dhcp",
        (
            "interface Ethernet0",
            "ip address dhcp setroute",
            "exit",
            "no route outside 0.0.0.0 0.0.0.0 172.16.1.2 1",
        ),
    ),
    Fault(
        "the tunnel ends when it is idle",
        "asa",
        (),
        "idle-timeout-on-initiator",
        (
            "group-policy L2L-POLICY internal",
            "group-policy L2L-POLICY attributes",
            "vpn-idle-timeout none",
            "tunnel-group 192.168.1.2 general-attributes",
            "default-group-policy L2L-POLICY",
        ),
        SPOKE_TO_HUB,
    ),
    Fault(
        "the tunnel has a policy of its own, which ends it when it is idle",
        "asa",
        (
            (
                "tunnel-group 192.168.1.2 ipsec-attributes\n",
                "tunnel-group 192.168.1.2 general-attributes\n default-group-policy HUB\n"
                "tunnel-group 192.168.1.2 ipsec-attributes\n",
            ),
            (
                "tunnel-group 192.168.1.2 type ipsec-l2l\n",
                "group-policy HUB internal\ngroup-policy HUB attributes\n vpn-idle-timeout 60\n"
                "tunnel-group 192.168.1.2 type ipsec-l2l\n",
            ),
        ),
        "idle-timeout-on-initiator",
        ("group-policy HUB attributes", "vpn-idle-timeout none"),
        SPOKE_TO_HUB,
    ),
)

V_DYN = ("V",)
E_DYN = ("E DYN",)

IOS = (
    Fault(
        "the slip on the router: another network is denied",
        "ios",
        ((IOS_DENY, IOS_DENY.replace("10.1.1.0", "10.1.2.0")), *LISTED),
        "exemption-missing",
        ("ip access-list extended 100", "15 deny ip 10.2.1.0 0.0.0.255 10.1.1.0 0.0.0.255"),
        HUB_TO_SPOKE,
        ("T", *E_DYN),
    ),
    Fault(
        "nothing is denied, and the intent wants no list",
        "ios",
        ((IOS_DENY, ""),),
        "exemption-missing",
        ("ip access-list extended 100", "5 deny ip 10.2.1.0 0.0.0.255 10.1.1.0 0.0.0.255"),
        HUB_TO_SPOKE,
        ("T", "V"),
    ),
    Fault(
        "the deny stands below the permit",
        "ios",
        ((IOS_DENY, ""), (IOS_PERMIT, IOS_PERMIT + IOS_DENY), *LISTED),
        "exemption-shadowed",
        (
            "ip access-list extended 100",
            "no deny ip 10.2.1.0 0.0.0.255 10.1.1.0 0.0.0.255",
            "5 deny ip 10.2.1.0 0.0.0.255 10.1.1.0 0.0.0.255",
        ),
        HUB_TO_SPOKE,
        ("T", *E_DYN),
    ),
    Fault(
        "the map is not bound",
        "ios",
        ((" crypto map IPSEC\n", ""), *LISTED),
        "map-not-bound",
        ("interface Ethernet0/0", "crypto map IPSEC"),
        HUB_TO_SPOKE,
        ("X", *E_DYN),
    ),
    Fault(
        "there is no key",
        "ios",
        (("crypto isakmp key cisco123 address 0.0.0.0 0.0.0.0\n", ""), *LISTED),
        "key-missing",
        ("crypto isakmp key ******** address 0.0.0.0 0.0.0.0",),
        HUB_TO_SPOKE,
        E_DYN,
    ),
    Fault(
        "IKE is switched off",
        "ios",
        (("crypto isakmp policy 10\n", "no crypto isakmp enable\ncrypto isakmp policy 10\n"), *LISTED),
        "isakmp-not-enabled",
        ("crypto isakmp enable",),
        HUB_TO_SPOKE,
    ),
    Fault(
        "the dynamic entry stands before a static one",
        "ios",
        (
            LISTED[0],
            (
                IOS_ENTRY,
                IOS_ENTRY + "crypto map IPSEC 20 ipsec-isakmp\n set peer 203.0.113.9\n set transform-set DYN-TS\n"
                " match address OTHER\n",
            ),
            (
                "crypto isakmp key cisco123",
                "crypto isakmp key other address 203.0.113.9\ncrypto isakmp key cisco123",
            ),
            (IOS_PERMIT, IOS_DENY.replace("10.1.1.0", "10.9.1.0") + IOS_PERMIT),
            (
                LISTED[1][0],
                "ip access-list extended OTHER\n permit ip 10.2.1.0 0.0.0.255 10.9.1.0 0.0.0.255\n!\n" + LISTED[1][1],
            ),
        ),
        "dynamic-entry-before-static",
        ("crypto map IPSEC 30 ipsec-isakmp dynamic DYN", "no crypto map IPSEC 10"),
        HUB_TO_SPOKE,
        E_DYN,
    ),
    Fault(
        "the entry has no list: in clear",
        "ios",
        (),
        "clear-without-sa",
        (
            "ip access-list extended L2L-MATCH",
            "permit ip 10.2.1.0 0.0.0.255 10.1.1.0 0.0.0.255",
            "crypto dynamic-map DYN 10",
            "match address L2L-MATCH",
        ),
        HUB_TO_SPOKE,
        ("V", *E_DYN),
    ),
    Fault(
        "the entry has no list: anybody",
        "ios",
        (),
        "any-proxy-accepted",
        (
            "ip access-list extended L2L-MATCH",
            "permit ip 10.2.1.0 0.0.0.255 10.1.1.0 0.0.0.255",
            "crypto dynamic-map DYN 10",
            "match address L2L-MATCH",
        ),
        ("Ethernet0/0", "203.0.113.1", "10.2.1.3"),
        ("V", *E_DYN),
    ),
    Fault(
        "the entry's list names anybody",
        "ios",
        (LISTED[0], (LISTED[1][0], LISTED[1][1].replace("10.1.1.0 0.0.0.255", "any"))),
        "any-proxy-accepted",
        (
            "ip access-list extended MATCH",
            "permit ip 10.2.1.0 0.0.0.255 10.1.1.0 0.0.0.255",
            "no permit ip 10.2.1.0 0.0.0.255 any",
        ),
        ("Ethernet0/0", "203.0.113.1", "10.2.1.3"),
        E_DYN,
    ),
    Fault(
        "another network is denied too",
        "ios",
        ((IOS_DENY, IOS_DENY + IOS_DENY.replace("10.1.1.0", "10.1.2.0")), *LISTED),
        "exempt-but-unprotected",
        ("ip access-list extended 100", "no deny ip 10.2.1.0 0.0.0.255 10.1.2.0 0.0.0.255"),
        ("FastEthernet1/0", "10.2.1.2", "10.1.2.1"),
        E_DYN,
    ),
    Fault(
        "everything private is denied",
        "ios",
        ((IOS_DENY, IOS_DENY.replace("10.1.1.0 0.0.0.255", "10.0.0.0 0.255.255.255")), *LISTED),
        "exempt-but-unprotected",
        (
            "ip access-list extended 100",
            "5 deny ip 10.2.1.0 0.0.0.255 10.1.1.0 0.0.0.255",
            "no deny ip 10.2.1.0 0.0.0.255 10.0.0.0 0.255.255.255",
        ),
        ("FastEthernet1/0", "10.2.1.2", "10.1.2.1"),
        E_DYN,
    ),
    Fault(
        "a server has a static translation",
        "ios",
        (
            (
                "ip nat inside source list 100",
                "ip nat inside source static 10.2.1.5 198.51.100.8\nip nat inside source list 100",
            ),
            *LISTED,
        ),
        "static-nat-shadows-exemption",
        (
            "ip access-list extended L2L-STATIC",
            "deny ip 10.2.1.0 0.0.0.255 10.1.1.0 0.0.0.255",
            "permit ip any any",
            "route-map L2L-STATIC permit 10",
            "match ip address L2L-STATIC",
            "exit",
            "no ip nat inside source static 10.2.1.5 198.51.100.8",
            "ip nat inside source static 10.2.1.5 198.51.100.8 route-map L2L-STATIC",
        ),
        ("FastEthernet1/0", "10.2.1.5", "10.1.1.1"),
    ),
    Fault(
        "the router does not ask whether its peers are alive",
        "ios",
        (),
        "no-dpd-on-responder",
        ("crypto isakmp keepalive 10 3",),
        HUB_TO_SPOKE,
        V_DYN,
    ),
)

FAULTS = PIX + IOS
