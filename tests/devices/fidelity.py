# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: The netvpn.dynamic_l2l contributors
"""`docs/fidelity.md`, made of the tables: `python -m devices.fidelity` prints it, with `--write FILE` it is written."""

from __future__ import annotations

import argparse
import collections
import sys
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path

from .engine import Grade
from .logs.lines import Line
from .platforms import rows
from .platforms.ios.log_lines import lines as ios_lines
from .platforms.pix.log_lines import lines as pix_lines
from .wire import facts, used
from .wire.facts import Fact

_HEAD = """<!-- SPDX-License-Identifier: GPL-3.0-or-later -->
<!-- Copyright: The netvpn.dynamic_l2l contributors -->
<!-- Made by `PYTHONPATH=tests python -m devices.fidelity --write docs/fidelity.md` from the tables in tests/devices. -->
# What the emulated devices do, and how well it is founded

The tests run against emulated devices (`tests/devices`), not against a PIX or a router: none was at hand. This page says
what the emulation does, what it does not, and who says that the devices behave so.

| grade | who says so |
| --- | --- |
| seed | the reference scenario's own configurations, show and debug output |
| capture | device output and measurements published by third parties |
| vendor | Cisco's documents and models |
| tool | programs in use against real devices |
| **recall** | nobody that was found: an assumption |

Sources named `asa-cli.md`, `ios-crypto.md`, `ios-nat-acl.md`, `ios-show.md`, `treatment.md`, `failures.md` are the fact
sheets in `tests/devices/sheets`, by section; each of their rows names its public source. The others:
`tests/devices/SOURCES.md`.
Where an assumption stands beside a source, the source column says for what there is none.
"""

_LEVELS = """
## The two levels

**Level cli**: the command line of a PIX 7.2(2) and of a router with IOS 12.4. Modes, prompts, abbreviations, refusals,
questions, pages; a running configuration that is printed as the device prints it. No packet moves, and show commands
print what a device prints without any association.

**Level wire**: the same devices, and the running configuration drives real networking in network namespaces of Linux:

- Interfaces with static addresses and leases (a DHCP client), routes, translation, access lists, by nftables and conntrack;
- IKEv1 main mode and quick mode with pre-shared keys and ESP in tunnel mode, by strongSwan. What the device decides by
  its own rules (policies, keys, order of entries, proxy identities, what starts a negotiation, what is dropped) is
  decided by these rules;
- each line that is typed takes effect before the next prompt; associations and flows that exist are treated as the
  tables below say;
- the show and clear commands print and end what there is: SPIs, counters and lifetimes are those of the kernel of the
  emulation, so a capture shows the same SPIs;
- debugs and log messages of IKE and IPsec are printed for what the IKE daemon does, with its message ids, SPIs and
  networks, wherever `debug`, `terminal monitor` and `logging` lines send them.

Algorithms: DES, 3DES, AES-128, -192, -256; MD5, SHA-1; groups 1, 2, 5.

## How times are triggered

Nothing is waited for. `python -m devices --state-dir DIR --event ...`, or `WorldClient.event(...)`:

| event | what happens |
| --- | --- |
| `lease LINK ADDRESS [GATEWAY]` | the ISP gives another lease; the client gives the old one back and asks, as if it had run out |
| `renew DEVICE [INTERFACE]` | the client asks for the same lease again |
| `rekey DEVICE child\\|ike [PEER]` | phase 2 or 1 is renewed as if its time had come |
| `dpd DEVICE [PEER]` | waits until each peer was asked and has answered or was given up; the seconds of keepalives pass ten times as fast |
| `reload DEVICE` | the power goes and comes |
| `cable DEVICE INTERFACE up\\|down`, `filter LINK WORD...` | the far end of a cable; what does not pass at the ISP |
"""

_MISSING = """
## What they do not

### Command line

- IKEv2, certificates, aggressive mode, AH, manual keys, GRE and tunnel interfaces, VRF, failover, multiple contexts.
- Releases other than PIX 7.2 and IOS 12.4.
- Time does not pass: `reload in` is carried out when a test says so; dates stand still.

### Translation and filters

- A dynamic pool does not give each host an address of its own, and a range that is used up does not fall back to PAT.
- Lists outwards on an inside port also see decrypted traffic. What a list denies is dropped without an answer of ICMP.
- `fragments`, `dscp`, `tos` and `precedence` make an entry match nothing; `time-range` counts as active.
- There are no hit counters for each entry of a list.
- `ip nat inside source static network`, `ip nat outside source` and `ip nat enable` (NVI) are not read.
- `no-alias` of a static makes no difference: an address within the outside network is answered for.
- There is no inspection (`inspect`, `fixup`) but of ICMP.

### Interfaces and routes

- VLAN sub-interfaces carry nothing, two devices cannot share a LAN, and there is no routing protocol.
- Several ISP links of one device share the first one on the way back of decrypted traffic.
- A route whose next hop is reached by another static route is not used.
- The time to live falls by two for each device.
- Typing `ip address dhcp` again does not ask for a new lease.
- The ISP drops what it has no route for, and says nothing.

### IKE and IPsec

- Selectors with ranges of ports or wildcards with holes are not negotiated. Associations with the same networks and
  different ports are not told apart.
- AH, `esp-seal` and `esp-none` are not negotiated; of `mode transport` and `comp-lzs` nothing is seen: it is tunnel mode.
- Where a static entry's refusal would let the device go on to a dynamic entry without a list, a narrower proposal stays
  with the static entry.
- What one entry's list denies and another's permits behind it is not dropped when it comes in clear.
- `clear crypto isakmp ID` acts on the peer of that number, and phase 2 goes along; a router's phase 2 would stay.
- A PIX that answers takes policies whose lifetime is longer than the offer's too; the guide for 7.2 asks for a shorter or
  equal one (asa-cli.md 3.5). All transforms of an offer carry the first policy's lifetime.
- The counters of packets begin anew when an association is renewed.
- The responder's shorter lifetime is used, and no notify tells the initiator: emulated devices know it of each other;
  another peer counts by its own.
- Untranslated flows that are older than a tunnel are taken into it at once. An ASA leaves them alone
  (`sysopt connection reclassify-vpn` is off by default: recall, treatment.md 1).
- A peer is asked whether it lives when nothing was heard of it; a router's `on-demand` would wait until it has to send.
- `clear ... sa entry` ends the pair of that SPI, both directions; the peer is told of both.
- `vpn-idle-timeout`, `vpn-filter`, idle times and limits of volume end nothing.

### Show commands

- `show dhcp lease`, the counters of `show interface`, and `show isakmp stats` are missing.

### Logs

- Only lines that have a row are logged (`tests/devices/SOURCES.md`): none for NAT traversal, for a PIX that gets ESP with
  an unknown SPI, for lifetimes that end, for the reason why a PIX begins a rekey or a router ends a phase 1 itself.
- `logging host`, `logging trap`, `logging history`, `crypto logging session` and other debugs than those of IKE and IPsec
  do nothing. Nobody watches the console: its counter counts.
- A PIX whose peer has no tunnel group for it is told so by strongSwan at once, where a device would wait and send again.

## Differences that the userspace ESP forces

The kernels that the tests run on need not have ESP: strongSwan's `kernel-libipsec` makes it in userspace.

- **ESP is always in UDP 4500**, with and without NAT. What the devices show (ports 500 and 4500, `NAT-T-Encaps`,
  `Tunnel UDP-Encaps`, overheads) is what configuration and topology would give on them; a list that names `esp` is asked
  for ESP in UDP, a list that names UDP 500 for IKE on port 4500. Where NAT traversal is off and there is NAT on the way,
  these packets are dropped, as ESP would be lost.
- **A capture** shows UDP 4500 where a device would send protocol 50; the SPIs are those that the devices show.
- **No acquire**: traffic without an association goes to a device that is read by the emulation, which asks the crypto
  map and starts the negotiation. The packet itself is lost.
- **Selectors are not narrowed**: strongSwan would, so each pair of networks is surrounded by others that fit what the
  device would refuse and have no algorithm in common with anybody. The peer gets NO-PROPOSAL-CHOSEN, as from the device.
- **Associations with the same networks** and different peers have an interface of their own each; the newest one sends.
- strongSwan needs an address within each local network; it is there in the crypto namespace, and answers nobody.
- strongSwan keeps no phase 2 without phase 1.
"""


def document() -> str:
    """The whole page."""
    return "".join([_HEAD, _LEVELS, _MISSING, *_counts(), *_behaviours(), *_logs(), *_recall(), *_rows()])


def _table(head: Sequence[str], lines: Iterable[Sequence[str]]) -> Iterator[str]:
    for line in (head, ["---"] * len(head), *lines):
        yield "| " + " | ".join(cell.replace("|", "\\|") for cell in line) + " |\n"


def _grade(grade: Grade) -> str:
    return f"**{grade}**" if grade is Grade.RECALL else str(grade)


_PLATFORMS = {"pix": "PIX", "ios": "IOS", "both": "both"}


def _counts() -> Iterator[str]:
    yield "\n## How many of each grade\n\n"
    wire = collections.Counter(fact.grade for fact in facts.table().values())
    lines: dict[str, collections.Counter[Grade]] = {}
    for row in rows():
        lines.setdefault(row.platform, collections.Counter())[row.grade] += 1
    named = [
        ("behaviours of level wire", wire),
        *((f"lines of {name}", count) for name, count in sorted(lines.items())),
    ]
    yield from _table(
        ["", *(_grade(grade) for grade in Grade), "all"],
        ([name, *(str(count[grade]) for grade in Grade), str(count.total())] for name, count in named),
    )


def _behaviours() -> Iterator[str]:
    yield "\n## Behaviours of level wire\n"
    for subject in facts.SUBJECTS:
        found = [fact for fact in facts.table().values() if fact.subject == subject]
        yield f"\n### {subject}\n\n"
        yield from _table(["", "behaviour", "source", "grade"], map(_behaviour, found))


def _behaviour(fact: Fact) -> list[str]:
    return [_PLATFORMS[fact.platform], fact.says, fact.source, _grade(fact.grade)]


def _logs() -> Iterator[str]:
    yield "\n## Lines of logs\n\n"
    yield (
        "Each line that a device logs for IKE and IPsec names the row that it follows. How many follow what (sheets by\n"
        "section; `SYS`, `T5` and others: `tests/devices/SOURCES.md`):\n\n"
    )
    counts: collections.Counter[tuple[str, str]] = collections.Counter()
    for platform, lines in (("PIX", pix_lines()), ("IOS", ios_lines())):
        counts.update((platform, _origin(line)) for line in lines)
    yield from _table(["", "row", "lines"], ([*key, str(count)] for key, count in sorted(counts.items())))


def _origin(line: Line) -> str:
    file, colon, _number = line.row.partition(":")
    return f"seed, {file}" if colon else line.row if ".md" in line.row else line.row.partition(" ")[0]


def _recall() -> Iterator[str]:
    counted = used.counted()
    found = [fact for fact in facts.table().values() if fact.grade is Grade.RECALL]
    yield "\n## How the tests count what rests on recall\n\n"
    yield (
        "`make test` prints how many tests used lines or behaviours on recall. A line counts when it was typed. A\n"
        "behaviour counts, for each test that ran against the device, when this was so since the device's start; counted\n"
        "is rather too much than too little, since nobody knows whether a packet met it.\n\n"
    )
    yield from _table(
        ["", "behaviour", "counts when"],
        ([_PLATFORMS[fact.platform], fact.says, counted[fact.key]] for fact in found if fact.key in counted),
    )
    yield "\nNot tracked, since only single packets or times would tell:\n\n"
    yield from (f"- {_PLATFORMS[fact.platform]}: {fact.says}\n" for fact in found if fact.key not in counted)


def _rows() -> Iterator[str]:
    yield "\n## Lines on recall\n\nThe lines of the command line that nobody could source, or not wholly, with what is known of them.\n"
    for platform in sorted({row.platform for row in rows()}):
        yield f"\n### {platform}\n\n"
        found = [row for row in rows() if row.platform == platform and row.grade is Grade.RECALL]
        yield from _table(["mode", "line", "source"], ([row.mode, f"`{row.grammar}`", row.source] for row in found))


def main(argv: Sequence[str] | None = None) -> int:
    """Print or write it."""
    parser = argparse.ArgumentParser(prog="devices.fidelity", description="What the emulated devices do, as Markdown.")
    parser.add_argument("--write", type=Path, metavar="FILE")
    file = parser.parse_args(argv).write
    if file is None:
        sys.stdout.write(document())
    else:
        file.write_text(document(), encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
