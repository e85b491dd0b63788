# Copyright: The netvpn.dynamic_l2l contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""PIX/ASA configurations and intents to try plans on: by hand, and drawn by hypothesis."""

from __future__ import annotations

import re
from typing import Any

from hypothesis import strategies as st

from . import golden, scenario
from .asa_device import AsaDevice

PAT = "global (outside) 1 interface\nnat (inside) 1 0.0.0.0 0.0.0.0\n"

#: Everything between the private networks is exempt: the commonest brownfield case.
WIDE = (
    "access-list NO-NAT extended permit ip 10.1.1.0 255.255.255.0 10.0.0.0 255.0.0.0\n"
    "nat (inside) 0 access-list NO-NAT\n"
)

#: Somebody else's tunnel through a map that is bound.
OTHERS = """\
access-list OTHER extended permit ip 10.1.1.0 255.255.255.0 10.9.0.0 255.255.0.0
crypto ipsec transform-set OTHER-TS esp-3des esp-sha-hmac
crypto map OUTSIDE 20 match address OTHER
crypto map OUTSIDE 20 set peer 203.0.113.9
crypto map OUTSIDE 20 set transform-set OTHER-TS
crypto map OUTSIDE 20 set security-association lifetime seconds 3600
crypto map OUTSIDE interface outside
crypto isakmp enable outside
crypto isakmp policy 5
 authentication pre-share
 encryption 3des
 hash sha
 group 2
 lifetime 3600
tunnel-group 203.0.113.9 type ipsec-l2l
tunnel-group 203.0.113.9 general-attributes
 default-group-policy OTHERS
tunnel-group 203.0.113.9 ipsec-attributes
 pre-shared-key other
"""

OTHERS_EXEMPT = "access-list NO-NAT extended permit ip 10.1.1.0 255.255.255.0 10.9.0.0 255.255.0.0\n"

EXEMPTION = "nat (inside) 0 access-list NO-NAT\n"

DMZ = """\
interface Ethernet2
 nameif dmz
 security-level 50
 ip address 10.1.2.1 255.255.255.0
!
"""

ROUTE = "route inside 10.1.3.0 255.255.255.0 10.1.1.1 1\n"


def start(extra: str = "") -> AsaDevice:
    """The reference's start configuration and more lines, wherever they belong."""
    return AsaDevice(golden.seed("pix-7.2-start.cfg").replace("pager lines 24\n", f"{extra}pager lines 24\n"))


def as_old_release(text: str) -> str:
    """A 7.2 configuration as 7.1 writes it: ``isakmp`` without ``crypto``, policies line by line."""
    rows, head = [], ""
    for row in text.replace("PIX Version 7.2(2)", "PIX Version 7.1(2)").splitlines():
        if row.startswith("crypto isakmp policy"):
            head = row.removeprefix("crypto ")
        elif head and row.startswith(" "):
            rows.append(head + row)
        else:
            head = ""
            rows.append(row.replace("crypto isakmp", "isakmp"))
    return "\n".join(rows) + "\n"


#: Names of lines, so that a sequence can be read beside the table that it comes from.
_KINDS = (
    (r"(crypto )?isakmp policy|authentication |encryption |hash |group |lifetime ", "policy"),
    (r"tunnel-group|clear configure tunnel-group|isakmp keepalive", "group"),
    (r"pre-shared-key", "key"),
    (r"crypto ipsec transform-set", "transform set"),
    (r"access-list \S+ .*host 192\.0\.2\.1 ", "temporary ACE"),
    (r"access-list (?:IPSec-traffic|L2L-(?!NONAT)\S+) ", "crypto ACE"),
    (r"access-list ", "exemption ACE"),
    (r"crypto map \S+ interface", "bind"),
    (r"crypto map \S+ \d+ match address", "match address"),
    (r"crypto map \S+ \d+ set peer", "set peer"),
    (r"crypto map \S+ \d+ set transform-set", "set transform-set"),
    (r"(crypto )?isakmp enable", "enable"),
    (r"nat \(\S+\) 0 access-list", "nat 0"),
    (r"nat ", "nat"),
    (r"global ", "global"),
)


def kind(line: str) -> str:
    """``crypto map IPSEC interface outside`` → ``bind``; ``no`` in front where the line takes away."""
    text = line.removeprefix("no ")
    name = next((name for pattern, name in _KINDS if re.match(pattern, text)), f"?{line}")
    return f"no {name}" if text != line or line.startswith("clear") else name


SPOKE_NETWORKS = ("10.1.1.0/24", "10.1.3.0/24", "10.1.2.0/24")
HUBS: dict[str, dict[str, Any]] = {
    "hub": {"address": "192.168.1.2", "networks": ["10.2.1.0/24", "10.2.4.0/24"]},
    "rome": {"address": "192.168.2.2", "networks": ["10.3.1.0/24"]},
}

_NAT = {
    "none": "",
    "pat": PAT,
    "pat everywhere": PAT + "nat (dmz) 1 0.0.0.0 0.0.0.0\n",
    "pat of one network": "global (outside) 1 interface\nnat (inside) 1 10.1.1.0 255.255.255.0\n",
    "pool": "global (outside) 1 198.51.100.9\nnat (inside) 1 0.0.0.0 0.0.0.0\n",
    "no global": "nat (inside) 1 0.0.0.0 0.0.0.0\n",
    "nat-control": "nat-control\n",
    "nat-control, pat": "nat-control\n" + PAT,
    "static": PAT + "static (inside,outside) 198.51.100.8 10.1.1.5 netmask 255.255.255.255\n",
    "identity": "nat (inside) 0 10.1.1.0 255.255.255.0\n",
}
_EXEMPT = {
    "none": "",
    "wide": WIDE,
    "others": OTHERS_EXEMPT + EXEMPTION,
    "remark": "access-list NO-NAT remark never touch this\n" + OTHERS_EXEMPT + EXEMPTION,
    "shared": OTHERS_EXEMPT + EXEMPTION + "nat (dmz) 0 access-list NO-NAT\n",
    "ours": "access-list NO-NAT extended permit ip 10.1.1.0 255.255.255.0 10.2.1.0 255.255.255.0\n" + EXEMPTION,
    "list alone": OTHERS_EXEMPT,
}
_FOREIGN = {
    "none": "",
    "bound": OTHERS,
    "bound, and a dynamic entry": OTHERS + "crypto map OUTSIDE 65000 ipsec-isakmp dynamic REMOTE\n",
    "many": OTHERS + "crypto map OUTSIDE 10 match address OTHER2\ncrypto map OUTSIDE 10 set peer 203.0.113.7\n"
    "crypto map OUTSIDE 10 set transform-set OTHER-TS\n"
    "access-list OTHER2 extended permit ip 10.1.3.0 255.255.255.0 10.8.0.0 255.255.0.0\n"
    "tunnel-group 203.0.113.7 type ipsec-l2l\ntunnel-group 203.0.113.7 ipsec-attributes\n pre-shared-key seven\n",
}


def worlds() -> st.SearchStrategy[AsaDevice]:
    """Start configurations with all kinds of translation, exemption and foreign tunnels."""
    parts = st.tuples(*(st.sampled_from(sorted(table)) for table in (_NAT, _EXEMPT, _FOREIGN)))
    return parts.map(lambda names: start(DMZ + ROUTE + _NAT[names[0]] + _EXEMPT[names[1]] + _FOREIGN[names[2]]))


@st.composite
def intents(draw: st.DrawFn, absent: bool = False) -> tuple[list[dict[str, Any]], list[dict[str, Any]]]:
    """Responders and tunnels of one initiator: one or two hubs, one to three networks each."""
    suite = draw(st.sampled_from(["reference", "3des-sha-g2", "aes256-sha-g5"]))
    responders = [scenario.responder(host=host, suite=suite, **data) for host, data in HUBS.items()]
    tunnels = []
    accept = draw(st.sampled_from([[], ["not-modelled", "others-changed"]]))
    for host in draw(st.sampled_from([["hub"], ["rome"], ["hub", "rome"], ["rome", "hub"]])):
        networks = draw(st.lists(st.sampled_from(SPOKE_NETWORKS), min_size=1, max_size=3, unique=True))
        chosen = draw(st.sampled_from([None, [HUBS[host]["networks"][0]]]))
        state = draw(st.sampled_from(["present", "present", "absent"])) if absent else "present"
        tunnels.append(
            scenario.tunnel(
                name=f"to-{host}",
                responder=host,
                networks=networks,
                responder_networks=chosen,
                state=state,
                accept=accept,
            )
        )
    return responders, tunnels
