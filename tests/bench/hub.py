# Copyright: The netvpn.dynamic_l2l contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""How long a hub of many sites takes: reading, the treatment of packets, planning; beside ciscoconfparse2's reading.

Run by `make bench`, in an environment of its own (requirements.txt). Times are the least of several runs in this very
process; what counts is the ratios, for the machine is in all of them. Sites: as arguments, by default 100 1000 10000.
Between the networks of the sites lies one that is nobody's, so that no two are one to anybody who merges prefixes.
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
from _core.asa import parse as asa_parse  # noqa: E402
from _core.asa import plan as asa_plan  # noqa: E402
from _core.intent import parse_intent  # noqa: E402
from _core.ios import parse as ios_parse  # noqa: E402
from _core.ios import plan as ios_plan  # noqa: E402
from _core.options import Names, Options  # noqa: E402
from _core.prefixes import Prefix, Region, dotted  # noqa: E402
from _core.steps import replay_together  # noqa: E402
from ciscoconfparse2 import CiscoConfParse  # noqa: E402

START = (ROOT / "tests/golden/seed/ios-12.4-start.cfg").read_text(encoding="utf-8")
PIX = ROOT / "tests/golden/seed/pix-7.2-start.cfg"
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
    """One /24 for each site, every other one."""
    return dotted((11 << 24) + (site << 9))


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


def least(work: Callable[[], float | None]) -> float:
    """Seconds, the least of up to five runs; those that ``work`` tells, where it tells any."""
    best = float("inf")
    for _run in range(5):
        begin = time.perf_counter()
        told = work()
        best = min(best, time.perf_counter() - begin if told is None else told)
        if time.perf_counter() - begin > PATIENCE:
            break
    return best


def plan(planner: Any, *arguments: Any) -> Callable[[], None]:
    """Planning, as it is done."""

    def work() -> None:
        planner.make_plan(*arguments)

    return work


def proof(planner: Any, *arguments: Any) -> Callable[[], float]:
    """The order and its proof alone, of a plan: how long they take."""

    def work() -> float:
        proven, taken = planner.proven, []

        def timed(*asked: Any) -> Any:
            begin = time.perf_counter()
            try:
                return proven(*asked)
            finally:
                taken.append(time.perf_counter() - begin)

        planner.proven = timed
        try:
            planner.make_plan(*arguments)
        finally:
            planner.proven = proven
        return sum(taken)

    return work


def row(sites: int) -> dict[str, float]:
    """The times for one size."""
    text = configured(sites)
    lines = text.splitlines()
    config = ios_parse.parse(text, "")
    start = ios_parse.parse(START, "")
    options = Options(pat="present")
    packets = {"FastEthernet1/0": _to(sites)}
    cases = {
        "nothing to do": (config, intent(sites)),
        "one more": (config, intent(sites + 1)),
        "one less": (config, intent(sites - 1)),
        "from nothing": (start, intent(sites)),
        # The list that translates is in use: each site is a line that switches its packets.
        "into a list in use": (ios_parse.parse(configured(0), ""), intent(sites)),
    }
    done = ios_plan.make_plan(*cases["nothing to do"], "hub", options)
    assert not done.steps, "the hub of this benchmark is as it should be"
    found = {
        "read": least(lambda: ios_parse.parse(text, "") and None),
        "ciscoconfparse2": least(lambda: CiscoConfParse(lines, syntax="ios") and None),
        "treatment": least(lambda: treatment.classes(ios_parse.parse(text, ""), packets) and None),
    }
    for name, (before, wanted) in cases.items():
        found[f"plan, {name}"] = least(plan(ios_plan, before, wanted, "hub", options))
        found[f"  order and proof, {name}"] = least(proof(ios_plan, before, wanted, "hub", options))
    return found


def initiator(tunnels: int) -> dict[str, float]:
    """The times for a PIX with many tunnels."""
    start = asa_parse.parse(PIX.read_text(encoding="utf-8"))
    found = {}
    for title, pat in (("", "present"), (", no translation", "foreign")):
        options = Options(names=Names.read({"crypto_acl": "L2L-{tunnel}"}), pat=pat)
        half, whole = (
            replay_together(start, asa_plan.make_plan(start, star(number), "pix", options).steps)
            for number in (tunnels // 2, tunnels)
        )
        cases = {
            "one more": (whole, star(tunnels + 1)),
            "one less": (whole, star(tunnels - 1)),
            "from nothing": (start, star(tunnels)),
            # In service and without a translation: by way of the temporary ACE.
            "twice as many": (half, star(tunnels)),
            "half of them": (whole, star(tunnels // 2)),
        }
        for name, (before, wanted) in cases.items():
            found[f"plan, {name}{title}"] = least(plan(asa_plan, before, wanted, "pix", options))
    return found


def star(tunnels: int) -> Any:
    """An initiator with tunnels to as many responders."""
    hubs = [
        {**RESPONDER, "host": f"hub{number}", "address": dotted((203 << 24) + number + 1), "networks": [net]}
        for number, net in ((number, f"{network(number)}/24") for number in range(tunnels))
    ]
    spokes = [
        {"name": f"t{number}", "initiator": "pix", "responder": f"hub{number}", "networks": ["10.1.1.0/24"]}
        for number in range(tunnels)
    ]
    return parse_intent(hubs, spokes)


def _to(sites: int) -> Region:
    """Everything that is for the sites."""
    hub = Prefix.parse("10.2.1.0/24")
    pairs = (Region.pair(hub, Prefix.parse(f"{network(site)}/24")) for site in range(sites))
    return Region(tuple(box for pair in pairs for box in pair.boxes))


def shown(title: str, found: dict[str, float], previous: dict[str, float], beside: str) -> None:
    """A table; ``beside`` is the row that the ratios are to."""
    ratio = f"of {beside}" if beside else ""
    print(f"\n{title:<40}{'seconds':>10}{ratio:>20}{'growth':>10}")
    for name, seconds in found.items():
        growth = f"{seconds / previous[name]:>10.1f}" if previous else ""
        part = f"{seconds / found[beside]:>20.2f}" if beside else " " * 20
        print(f"  {name:<38}{seconds:>10.4f}{part}{growth}", flush=True)


def main(arguments: list[str]) -> int:
    """Print the tables."""
    sizes = [int(word) for word in arguments] or [100, 1000, 10000]
    previous: dict[str, float] = {}
    for sites in sizes:
        found = row(sites)
        shown(f"{sites} sites", found, previous, "read")
        print(f"  {'read, of ciscoconfparse2':<38}{'':>10}{found['read'] / found['ciscoconfparse2']:>20.2f}")
        previous = found
    previous = {}
    for tunnels in (50, 200):
        found = initiator(tunnels)
        shown(f"an initiator with {tunnels} tunnels", found, previous, "")
        previous = found
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
