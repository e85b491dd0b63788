# Copyright: The netvpn.dynamic_l2l contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""How long a hub of many sites takes: reading, the treatment of packets, planning; beside ciscoconfparse2's reading.

Run by `make bench`, in an environment of its own (requirements.txt). Times are the least of several runs in this very
process; what counts is the ratios, for the machine is in all of them. Sites: as arguments, by default 100 1000 3000.
"""

from __future__ import annotations

import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parents[2]
sys.path.insert(0, str(ROOT / "plugins/module_utils"))

from _core import treatment  # noqa: E402
from _core.intent import parse_intent  # noqa: E402
from _core.ios import parse as ios_parse  # noqa: E402
from _core.ios import plan as ios_plan  # noqa: E402
from _core.options import Options  # noqa: E402
from _core.prefixes import Prefix, Region, dotted  # noqa: E402
from ciscoconfparse2 import CiscoConfParse  # noqa: E402

START = (ROOT / "tests/golden/seed/ios-12.4-start.cfg").read_text(encoding="utf-8")
HUB = "10.2.1.0 0.0.0.255"
RESPONDER = {
    "host": "hub",
    "address": "192.168.1.2",
    "networks": ["10.2.1.0/24"],
    "suite": "aes256-sha-g5",
    "pre_shared_key": "a-key-for-benchmarks",
}
#: A run that takes longer than this is made once.
PATIENCE = 1.0


def network(site: int) -> str:
    """One /24 for each site."""
    return dotted((11 << 24) + (site << 8))


def configured(sites: int) -> str:
    """A hub with that many sites, as its running configuration shows it."""
    permits = "".join(f" permit ip {HUB} {network(site)} 0.0.0.255\n" for site in range(sites))
    denies = "".join(f" deny   ip {HUB} {network(site)} 0.0.0.255\n" for site in range(sites))
    crypto = (
        "crypto isakmp policy 10\n encr aes 256\n authentication pre-share\n group 5\n"
        "crypto isakmp key a-key-for-benchmarks address 0.0.0.0 0.0.0.0\n!\n!\n"
        "crypto ipsec transform-set L2L-AES256-SHA esp-aes 256 esp-sha-hmac \n!\n"
        "crypto dynamic-map L2L-DYN 10\n set transform-set L2L-AES256-SHA \n match address L2L-MATCH\n!\n!\n"
        "crypto map L2L-MAP 10 ipsec-isakmp dynamic L2L-DYN \n!\n!\n"
    )
    nat = (
        "ip nat inside source list L2L-NAT interface Ethernet0/0 overload\n!\n"
        f"ip access-list extended L2L-MATCH\n{permits}ip access-list extended L2L-NAT\n{denies} permit ip {HUB} any\n!\n"
    )
    text = START.replace("interface Ethernet0/0\n", f"{crypto}interface Ethernet0/0\n", 1)
    for address, role in (("192.168.1.2", "outside"), ("10.2.1.1", "inside")):
        line = f" ip address {address} 255.255.255.0\n"
        text = text.replace(line, f"{line} ip nat {role}\n ip virtual-reassembly\n")
    text = text.replace(" half-duplex\n", " half-duplex\n crypto map L2L-MAP\n", 1)
    return text.replace("control-plane\n", f"{nat}control-plane\n", 1)


def intent(sites: int) -> Any:
    """What names them."""
    tunnels = [
        {"name": f"s{site}", "initiator": f"pix{site}", "responder": "hub", "networks": [f"{network(site)}/24"]}
        for site in range(sites)
    ]
    return parse_intent([RESPONDER], tunnels)


def least(work: Callable[[], object]) -> float:
    """Seconds, the least of up to five runs."""
    best = float("inf")
    for _run in range(5):
        begin = time.perf_counter()
        work()
        best = min(best, time.perf_counter() - begin)
        if best > PATIENCE:
            break
    return best


def row(sites: int) -> dict[str, float]:
    """The times for one size."""
    text = configured(sites)
    lines = text.splitlines()
    config = ios_parse.parse(text, "")
    start = ios_parse.parse(START, "")
    wanted, one_more = intent(sites), intent(sites + 1)
    options = Options(pat="present")
    packets = {"FastEthernet1/0": _to(sites)}
    assert not ios_plan.make_plan(config, wanted, "hub", options).steps, "the hub of this benchmark is as it should be"
    return {
        "read": least(lambda: ios_parse.parse(text, "")),
        "ciscoconfparse2": least(lambda: CiscoConfParse(lines, syntax="ios")),
        "treatment": least(lambda: treatment.classes(ios_parse.parse(text, ""), packets)),
        "plan, nothing to do": least(lambda: ios_plan.make_plan(config, wanted, "hub", options)),
        "plan, one more": least(lambda: ios_plan.make_plan(config, one_more, "hub", options)),
        "plan, from nothing": least(lambda: ios_plan.make_plan(start, wanted, "hub", options)),
    }


def _to(sites: int) -> Region:
    """Everything that is for the sites."""
    return Region.pairs([Prefix.parse("10.2.1.0/24")], [Prefix.parse(f"{network(site)}/24") for site in range(sites)])


def main(arguments: list[str]) -> int:
    """Print the table."""
    sizes = [int(word) for word in arguments] or [100, 1000, 3000]
    previous: dict[str, float] = {}
    for sites in sizes:
        found = row(sites)
        print(f"\n{sites} sites{'':<20}seconds   of ciscoconfparse2   growth")
        for name, seconds in found.items():
            growth = f"{seconds / previous[name]:>8.1f}" if previous else ""
            print(f"  {name:<24}{seconds:>10.4f}{seconds / found['ciscoconfparse2']:>16.2f}      {growth}", flush=True)
        previous = found
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
