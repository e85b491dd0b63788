# Copyright: The netvpn.dynamic_l2l contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""How long it takes to read the security associations of a large hub, and to name them; beside ntc-templates.

Run by `make bench`, in an environment of its own (requirements.txt). The texts are made of one block of a published output
(tests/golden/shows), with addresses and SPIs of each site. Times are the least of several runs in this very process; what
counts is the ratios, and how they grow. Sites: as arguments, by default 1000 10000; ntc-templates reads 1000 at most, its
time for more is the one for 1000 times the number, which favours it if it should not be linear.
"""

from __future__ import annotations

import re
import sys
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parents[2]
sys.path.insert(0, str(ROOT / "plugins/module_utils"))

from _core.associations.reading import named, read  # noqa: E402
from _core.intent import parse_intent  # noqa: E402
from _core.prefixes import dotted  # noqa: E402
from ntc_templates.parse import parse_output  # noqa: E402

SHOWS = ROOT / "tests/golden/shows"
#: A run that takes longer than this is made once.
PATIENCE = 1.0
#: So many sites the peer reads.
MOST = 1000


def sites_of(name: str, head: str, block: str, number: int) -> str:
    """The output ``name`` with its first line and as many blocks, each with a site's networks, peer and SPIs."""
    text = (SHOWS / f"{name}.txt").read_text(encoding="ascii")
    text = text.replace(" --More-- \n", "")
    first = re.search(head, text)
    found = re.search(block, text, re.DOTALL)
    assert first, head
    assert found, block
    parts = [first[0]]
    for site in range(number):
        part = re.sub(
            r"(remote ident[^(]*\([^)]*\): )\([\d.]+/[\d.]+/", rf"\g<1>({_net(site)}/255.255.255.0/", found[0]
        )
        part = re.sub(r"(current_peer:? )[\d.]+", rf"\g<1>{dotted((100 << 24) + site + 1)}", part)
        parts.append(re.sub(r"0x[0-9A-F]{8}(?= ?\()", partial(_spi, site), part))
    return "".join(parts)


def _spi(site: int, found: re.Match[str]) -> str:
    return f"0x{(int(found[0], 16) + site) % 2**32:08X}"


def _net(site: int) -> str:
    return dotted((11 << 24) + (site << 8))


#: Platform, template's platform and command, the text's file, its first rows, one block.
KINDS: dict[str, tuple[str, str, str, tuple[str, str, str]]] = {
    "ASA": ("asa", "cisco_asa", "show crypto ipsec sa",
            ("asa-9-ipsec-sa", r"interface: outside\n", r"    Crypto map tag: outside_map, seq num: 2,.*?(?=    Crypto map tag)")),
    "IOS": ("ios", "cisco_ios", "show crypto ipsec sa detail",
            ("ios-15-ipsec-sa-detail", "", r"interface: Tunnel1\n.*?outbound pcp sas:\n\n")),
}  # fmt: skip


def least(work: Callable[[], object]) -> float:
    """Seconds of the processor, the least of up to five runs."""
    best = float("inf")
    for _run in range(5):
        begin = time.process_time()
        work()
        best = min(best, time.process_time() - begin)
        if best > PATIENCE:
            break
    return best


def intent(sites: int, local: str) -> Any:
    """What names them."""
    responder = {
        "host": "hub", "address": "192.168.1.2", "networks": [local], "suite": "aes256-sha-g5", "pre_shared_key": "a-key",
    }  # fmt: skip
    tunnels = [
        {"name": f"s{site}", "initiator": f"pix{site}", "responder": "hub", "networks": [f"{_net(site)}/24"]}
        for site in range(sites)
    ]
    return parse_intent([responder], tunnels)


def row(kind: str, sites: int) -> dict[str, float]:
    """The times for one size."""
    platform, theirs, command, (name, head, block) = KINDS[kind]
    text = sites_of(name, head, block, sites)
    found = read(text, platform)
    assert len(found.ipsec) == sites, "every block is read"
    assert not found.unread
    assert not found.truncated
    local = found.ipsec[0].local
    assert local
    wanted = intent(sites, local.network)
    assert [sa.tunnel for sa in named(found, wanted, "hub").ipsec] == [f"s{site}" for site in range(sites)]
    less = min(sites, MOST)
    short = sites_of(name, head, block, less)
    records = parse_output(platform=theirs, command=command, data=short)
    assert len(records) in (less, 2 * less), "the peer reads every block too; on IOS a record is one direction"
    peer = least(lambda: parse_output(platform=theirs, command=command, data=short)) * sites / less
    return {
        "read": least(lambda: read(text, platform)),
        "ntc-templates": peer,
        "name": least(lambda: named(found, wanted, "hub")),
        "as data": least(found.as_dict),
    }


def main(arguments: list[str]) -> int:
    """Print the tables."""
    sizes = [int(word) for word in arguments] or [1000, 10000]
    for kind in KINDS:
        previous: dict[str, float] = {}
        for sites in sizes:
            found = row(kind, sites)
            head = f"{kind}: {sites} pairs of SAs"
            print(f"\n{head:<28}seconds   of ntc-templates   growth")
            for name, seconds in found.items():
                growth = f"{seconds / previous[name]:>8.1f}" if previous else ""
                print(
                    f"  {name:<24}{seconds:>10.4f}{seconds / found['ntc-templates']:>16.3f}      {growth}", flush=True
                )
            previous = found
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
