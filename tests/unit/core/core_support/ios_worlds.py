# Copyright: The netvpn.dynamic_l2l contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""IOS configurations and intents to try plans on: by hand, and drawn by hypothesis."""

from __future__ import annotations

import re
from typing import Any

from hypothesis import strategies as st

from . import golden, scenario
from .ios_device import IosDevice

RULE = "ip nat inside source list 100 interface Ethernet0/0 overload\n"
PERMIT = "access-list 100 permit ip 10.2.1.0 0.0.0.255 any\n"
EVERYTHING = "access-list 100 permit ip any any\n"
PAT = RULE + PERMIT

#: Somebody else's tunnel through a map that is bound.
OTHERS = """\
crypto isakmp policy 5
 encr 3des
 authentication pre-share
 group 2
crypto isakmp key other address 203.0.113.9
crypto ipsec transform-set OTHER-TS esp-3des esp-sha-hmac
crypto map OUTSIDE 20 ipsec-isakmp
 set peer 203.0.113.9
 set transform-set OTHER-TS
 match address OTHER
ip access-list extended OTHER
 remark the tunnel to the partner
 permit ip 10.2.1.0 0.0.0.255 10.9.0.0 0.0.255.255
"""

OTHERS_DENY = "access-list 100 deny   ip 10.2.1.0 0.0.0.255 10.9.0.0 0.0.255.255\n"

#: Callers of others: a dynamic entry with its own list and their key for everybody.
CALLERS = """\
crypto isakmp key cisco123 address 0.0.0.0 0.0.0.0
crypto dynamic-map REMOTE 10
 set transform-set OTHER-TS
 match address CALLERS
crypto map OUTSIDE 65000 ipsec-isakmp dynamic REMOTE
ip access-list extended CALLERS
 permit ip 10.2.1.0 0.0.0.255 10.8.0.0 0.0.255.255
"""

#: A dynamic entry that somebody typed under names of his own, without its list 150.
BRANCHES = """\
crypto isakmp policy 7
 hash md5
 authentication pre-share
crypto isakmp key cisco123 address 0.0.0.0 0.0.0.0
crypto ipsec transform-set des-md5 esp-des esp-md5-hmac
crypto dynamic-map branches 20
 set transform-set des-md5
 match address 150
crypto map vpn 500 ipsec-isakmp dynamic branches
"""

LAN = """\
interface FastEthernet2/0
 ip address 10.2.5.1 255.255.255.0
ip route 10.2.4.0 255.255.255.0 10.2.1.254
"""


def start(extra: str = "", *, inside: bool = False, outside: bool = False, bound: str = "") -> IosDevice:
    """The reference's start configuration and more lines; roles of the interfaces; the map of the outside one."""
    text = golden.seed("ios-12.4-start.cfg")
    if inside:
        text = text.replace(
            " ip address 10.2.1.1 255.255.255.0\n", " ip address 10.2.1.1 255.255.255.0\n ip nat inside\n"
        )
    if outside:
        lan = " ip address 192.168.1.2 255.255.255.0\n"
        text = text.replace(lan, f"{lan} ip nat outside\n")
    if bound:
        text = text.replace(" half-duplex\n", f" half-duplex\n crypto map {bound}\n")
    return IosDevice(text.replace("control-plane\n", f"{extra}control-plane\n"))


_KINDS = (
    (r"crypto isakmp policy|encr |hash |authentication |group |lifetime ", "policy"),
    (r"crypto isakmp key", "key"),
    (r"crypto isakmp keepalive", "keepalive"),
    (r"crypto ipsec transform-set", "transform set"),
    (r"crypto dynamic-map|set (transform-set|pfs|security)|match address", "dynamic map"),
    (r"crypto map \S+ \d+", "map entry"),
    (r"crypto map \S+$", "bind"),
    (r"ip nat (inside|outside)$", "nat role"),
    (r"ip nat inside source", "nat rule"),
    (r"ip access-list resequence", "resequence"),
    (r"(\d+ )?deny ", "deny"),
    (r"(\d+ )?permit ip \S+ \S+ any$", "permit any"),
    (r"(\d+ )?permit ip host 10|(\d+ )?permit ip ", "match ACE"),
    (r"access-list \d+$|ip access-list extended \S*(NAT|\d)$", "nat list"),
    (r"ip access-list extended", "match list"),
    (r"interface ", ""),
)


def kind(line: str) -> str:
    """``crypto map IPSEC`` → ``bind``; ``no`` in front where the line takes away; mode lines are nothing."""
    text = line.removeprefix("no ")
    name = next((name for pattern, name in _KINDS if re.match(pattern, text)), f"?{line}")
    if text == line and name in ("nat list", "match list"):
        return ""
    return f"no {name}" if text != line else name


SPOKES = {"osaka": "10.1.1.0/24", "kobe": "10.1.3.0/24", "nara": "10.1.4.0/23"}
HUB_NETWORKS = ("10.2.1.0/24", "10.2.4.0/24", "10.2.5.0/24")

_NAT: dict[str, tuple[str, bool, bool]] = {
    "none": ("", False, False),
    "pat": (PAT, True, True),
    "everything": (RULE + EVERYTHING, True, True),
    "no inside": (RULE + EVERYTHING, False, True),
    "no roles": (PAT, False, False),
    "others' deny": (RULE + OTHERS_DENY + PERMIT, True, True),
    "remarks": (
        RULE + "access-list 100 remark partner\n" + OTHERS_DENY + "access-list 100 remark the rest\n" + EVERYTHING,
        True,
        True,
    ),
    "deny stands": (RULE + "access-list 100 deny   ip 10.2.1.0 0.0.0.255 10.1.1.0 0.0.0.255\n" + PERMIT, True, True),
    "deny below": (RULE + PERMIT + "access-list 100 deny   ip 10.2.1.0 0.0.0.255 10.1.1.0 0.0.0.255\n", True, True),
    "named": (
        "ip nat inside source list USERS interface Ethernet0/0 overload\nip access-list extended USERS\n"
        " permit tcp host 10.2.1.9 any eq www\n permit ip any any\n",
        True,
        True,
    ),
    "route map": (
        "ip nat inside source route-map OUT interface Ethernet0/0 overload\nroute-map OUT permit 10\n"
        " match ip address 120\naccess-list 120 permit ip 10.2.0.0 0.0.255.255 any\n",
        True,
        True,
    ),
    "static": (PAT + "ip nat inside source static 10.2.1.5 198.51.100.8\n", True, True),
    "list alone": (PERMIT, True, True),
}
_FOREIGN = {"none": ("", ""), "bound": (OTHERS, "OUTSIDE"), "callers": (OTHERS + CALLERS, "OUTSIDE")}


@st.composite
def worlds(draw: st.DrawFn) -> IosDevice:
    """Start configurations with all kinds of translation and foreign tunnels; list numbers sparse or dense."""
    nat, inside, outside = _NAT[draw(st.sampled_from(sorted(_NAT)))]
    foreign, bound = _FOREIGN[draw(st.sampled_from(sorted(_FOREIGN)))]
    device = start(LAN + nat + foreign, inside=inside, outside=outside, bound=bound)
    if draw(st.booleans()):
        for name in device.acls:
            device._resequence(name, 1, 1)
        device.resequenced = 0
    return device


@st.composite
def intents(draw: st.DrawFn, absent: bool = False) -> tuple[list[dict[str, Any]], list[dict[str, Any]]]:
    """A hub with one to three networks and one to three initiators."""
    networks = draw(st.lists(st.sampled_from(HUB_NETWORKS), min_size=1, max_size=3, unique=True))
    hub = scenario.responder(
        networks=networks,
        suite=draw(st.sampled_from(["reference", "3des-sha-g2", "aes256-sha-g5"])),
        match_address=draw(st.booleans()),
    )
    tunnels = []
    accept = draw(st.sampled_from([[], ["not-modelled", "others-changed"]]))
    for name in draw(st.lists(st.sampled_from(sorted(SPOKES)), min_size=1, max_size=3, unique=True)):
        chosen = draw(st.sampled_from([None, networks[:1]]))
        state = draw(st.sampled_from(["present", "present", "absent"])) if absent else "present"
        tunnels.append(
            scenario.tunnel(
                name=name,
                initiator=f"pix-{name}",
                networks=[SPOKES[name]],
                responder_networks=chosen,
                state=state,
                accept=accept,
            )
        )
    return [hub], tunnels
