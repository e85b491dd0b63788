# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: The netvpn.dynamic_l2l contributors
"""What devices log: the reference scenario's four logs line for line, and a row behind every line."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path

import pytest
from devices import Device
from devices.logs.lines import Line, Record
from devices.platforms.ios import log as ios_log
from devices.platforms.ios import log_lines as ios_lines
from devices.platforms.pix import log as pix_log
from devices.platforms.pix import log_lines as pix_lines
from devices.wire.crypto import Crypto, read_crypto
from devices.wire.steps import Main, Quick, Step, StepName, Suite

TESTS = Path(__file__).resolve().parents[2]
SEED = TESTS / "golden" / "seed"
SHEETS = TESTS / "devices" / "sheets"
SOURCES = (TESTS / "devices" / "SOURCES.md").read_text(encoding="utf-8")

DES = Suite("des", "md5", (1,))
PIX, HUB = "172.16.1.1", "192.168.1.2"
BRANCH, HEAD = "10.1.1.0/24", "10.2.1.0/24"


def seed(name: str) -> list[str]:
    return (SEED / name).read_text(encoding="utf-8").splitlines()


def crypto(platform: str) -> Crypto:
    return read_crypto(Device.from_text(platform, "\n".join(seed(f"{platform}-running-config.cfg"))))


# -- the initiator's logs


class PixMemory(pix_log.Narrator):
    """The addresses of the seed."""

    def memory(self, what: str, number: int) -> int:
        return super().memory(what, 0)


def pix_records(main: Main, quick: Quick, steps: Iterable[tuple[StepName, int, int]]) -> list[Record]:
    view = pix_log.View(crypto("pix-7.2"), frozenset({HUB}), {PIX: "outside"}, 3600)
    wanted = {"interface": "inside", "map": "IPSEC", "local": BRANCH, "remote": HEAD}
    narrator, found = PixMemory(), []
    for name, size, message in steps:
        about = quick if name.startswith("qm") else None
        main.up = main.up or name == "up"
        found += narrator.narrate(Step(name, main, about, message, size, values=wanted), view)
    return found


def pix_history(records: Iterable[Record], channel: str) -> list[str]:
    """As a session sees them, without the time."""
    device = Device.from_text("pix-7.2", "hostname pix\n")
    for record in records:
        device.logs.take(record)
    return [re.sub(r"^\w{3} \d\d [\d:]{8} ", "", line) for line in device.logs.history[channel]]


def test_the_pix_isakmp_log_of_a_success_is_the_seeds_line_for_line() -> None:
    main = Main(4, True, PIX, HUB, suite=DES, cookies=("280e6478", ""), probes=1)
    quick = Quick(0x27072FBD, True, BRANCH, HEAD, "IPSEC:10/1", 0x81004014, 0x07502A09, suite=DES)
    steps: list[tuple[StepName, int, int]] = [
        ("wanted", 0, 0),
        ("mm1-sent", 144, 0),
        ("mm2-received", 84, 0),
        ("mm3-sent", 224, 0),
        ("mm4-received", 224, 0),
        ("mm5-sent", 92, 0),
        ("mm6-received", 60, 0),
        ("up", 0, 0),
        ("qm1-sent", 192, quick.message),
        ("qm2-received", 192, quick.message),
        ("qm3-sent", 72, quick.message),
        ("dpd-sent", 80, 0x8FBA0B26),
        ("dpd-answered", 80, 0x7A18C21C),
    ]
    printed = pix_history(pix_records(main, quick, steps), "isakmp")
    assert printed == [
        line.partition(" ")[2].partition(" ")[2].partition(" ")[2] for line in seed("pix-7.2-debug-isakmp.txt")[1:]
    ]


# What extraction did to the ipsec log: words of a line stand on two
PIX_BROKEN = (("    SPI\n    : 0x", "    SPI : 0x"), ("    Use\n    SPI: true", "    Use SPI: true"))


def test_the_pix_ipsec_log_of_a_success_is_the_seeds_line_for_line() -> None:
    main = Main(4, True, PIX, HUB, suite=DES)
    quick = Quick(1, True, BRANCH, HEAD, "IPSEC:10/1", 0xAD0608C2, 0x9BEF30FB, suite=DES)
    printed = pix_history(pix_records(main, quick, [("qm1-sent", 0, 1), ("qm2-received", 0, 1)]), "ipsec")
    wanted = "\n".join(seed("pix-7.2-debug-ipsec.txt")[1:])
    for broken, whole in PIX_BROKEN:
        wanted = wanted.replace(broken, whole)
    assert "\n".join(printed).split("\n") == wanted.split("\n")


# -- the responder's logs


class IosMemory(ios_log.Narrator):
    """The addresses of the seed."""

    def memory(self, what: str, number: int) -> int:
        return {"struct": 0x64C2864C, "sa": 0x65166F40, "peer_handle": 0x80000005, "sibling": 0x80000005}.get(what, 0)


def ios_records(quick: Quick) -> list[Record]:
    main = Main(1, False, HUB, PIX, step=1)
    view = ios_log.View(crypto("ios-12.4"), quick.spi_out)
    narrator, found = IosMemory(), []

    def step(name: StepName, about: Quick | None = None) -> None:
        found.extend(narrator.narrate(Step(name, main, about), view))

    step("mm1-received")
    main.offered, main.suite = (DES, Suite("3des", "sha", (2,))), DES
    for name in ("mm2-sent", "mm3-received", "mm4-sent", "mm5-received", "up", "mm6-sent"):
        step(name)  # type: ignore[arg-type]
    for name in ("qm1-received", "qm2-sent", "qm3-received"):
        step(name, quick)  # type: ignore[arg-type]
    return found


def by_row(records: Iterable[Record], name: str) -> dict[int, str]:
    """The texts by the seed's line, in the order in which they are printed."""
    found: dict[int, str] = {}
    for record in records:
        file, _, number = record.line.row.partition(":")
        if file == name:
            found[int(number)] = found.get(int(number), "") + record.text
    return found


def of_seed(name: str, rows: Iterable[int]) -> Iterator[tuple[int, str]]:
    """What stands from each of these lines to before the next one, without stamps."""
    lines = seed(name)
    starts = sorted(rows)
    # the log of a router begins with the line that switches it on
    for start, after in zip(starts, [*starts[1:], len(lines) + 1], strict=True):
        text = "\n".join(lines[start - 1 : after - 1])
        yield start, re.sub(r"^\*Feb 22 [\d:.]+:", "", text, flags=re.MULTILINE)


def squeezed(text: str) -> str:
    """Without blanks and line ends, which extraction put in and took out everywhere."""
    return re.sub(r"\s", "", text)


# What extraction did besides: remains of lines that it lost, characters that it read wrongly, and values that it put
# before their names (these are compared without their order).
IOS_WRONG = {
    28: ("IKE_PROCESS_MAIN_MODEMM1", "IKE_PROCESS_MAIN_MODE"),
    75: ("IKERMM5", "IKE_R_MM5"),
    34: ("IKER_MM3", "IKE_R_MM3"),
    49: ("IKER_MM3", "IKE_R_MM3"),
    93: ("IKEMESG_INTERNAL,IKEPHASE1_COMDLETE", "IKE_MESG_INTERNAL,IKE_PHASE1_COMPLETE"),
    138: ("createtransforms", "create_transforms"),
    121: ("IKE_QM_EXCHE_QM_SPI_STARVE", "IKE_QM_EXCH"),
    55: ("12ISAKMP:", "12"),
    16: ("policyISAKMP:", "policy"),
    18: ("default group 1ISAKMP:", "default group 1"),
}
SCATTERED = {55, 77}


def test_the_ios_isakmp_log_of_a_success_is_the_seeds_line_for_line() -> None:
    name = "ios-12.4-debug-isakmp.txt"
    quick = Quick(328663488, False, HEAD, BRANCH, "IPSEC:10:DYN:10/any", 0x1BB01835, 1995623635, (DES,), (DES,), DES,
                  (28800, 3600), number=1, first=True)  # fmt: skip
    printed = by_row(ios_records(quick), name)
    assert list(printed) == sorted(printed)
    for row, text in of_seed(name, printed):
        wanted, got = squeezed(text), squeezed(printed[row])
        if row in IOS_WRONG:
            wanted = wanted.replace(*map(squeezed, IOS_WRONG[row]))
        # a stamped `ISAKMP:` stands on the line before its attribute
        wanted = re.sub(r"ISAKMP:\Z", "", wanted) if row in range(16, 113) else wanted
        wanted = re.sub(r"ISAKMP:(?=:172)", "", wanted)
        got = re.sub(r"\AISAKMP:", "", got) if row in (18, 20, 22, 104, 106, 108, 110, 112) else got
        assert (sorted(wanted) == sorted(got)) if row in SCATTERED else wanted == got, row


def test_what_the_ios_logs_of_the_seed_lost_is_printed_too() -> None:
    """By ios-show.md: states that a message leads to, an attribute, and what is asked before the lists are compared."""
    quick = Quick(1, False, HEAD, BRANCH, "IPSEC:10:DYN:10/any", 1, 2, (DES,), (DES,), DES, (28800, 3600), number=1)
    lost = [record.text for record in ios_records(quick) if not record.line.row.startswith("ios-12.4-debug")]
    assert [re.sub(r"^ISAKMP:(\([^)]*\):)?\s*", "", text).split("\n")[0].strip() for text in lost] == [
        "auth pre-share",
        "Old State = IKE_R_MM1  New State = IKE_R_MM1",
        "Old State = IKE_R_MM3  New State = IKE_R_MM4",
        "Old State = IKE_R_MM4  New State = IKE_R_MM5",
        "Old State = IKE_R_MM5  New State = IKE_P1_COMPLETE",
        "IPSEC(validate_proposal_request): proposal part #1,",
        "Old State = IKE_QM_READY  New State = IKE_QM_SPI_STARVE",
    ]


def test_the_ios_ipsec_log_of_a_success_is_the_seeds_line_for_line() -> None:
    name = "ios-12.4-debug-ipsec.txt"
    quick = Quick(1, False, HEAD, BRANCH, "IPSEC:10:DYN:10/any", 0x9BEF30FB, 0xAD0608C2, (DES,), (DES,), DES,
                  (28800, 3600), number=1, first=True)  # fmt: skip
    printed = by_row(ios_records(quick), name)
    assert list(printed) == sorted(printed)
    # of the first one only its end is left
    assert squeezed(printed.pop(2)).endswith("srcport:0dstport:0")
    for row, text in of_seed(name, printed):
        wanted, got = squeezed(text), squeezed(printed[row])
        # connection numbers are those of the show commands, where what comes in has the lower one
        got = got.replace("sa_conn_id=2001", "sa_conn_id=200x").replace("sa_conn_id=2002", "sa_conn_id=200x")
        wanted = wanted.replace("sa_conn_id=2001", "sa_conn_id=200x").replace("sa_conn_id=2002", "sa_conn_id=200x")
        assert (sorted(wanted) == sorted(got)) if row == 25 else wanted == got, row


# -- rows


ALL = [("pix", line) for line in pix_lines.lines()] + [("ios", line) for line in ios_lines.lines()]
_HEADS = re.compile(r"^#+ (?P<name>[A-Z]?[\d.]+)[. ]", re.MULTILINE)


@pytest.mark.parametrize(("platform", "line"), ALL, ids=[f"{p}-{n}-{line.row}" for n, (p, line) in enumerate(ALL)])
def test_every_line_names_a_row_that_exists(platform: str, line: Line) -> None:
    file, _, number = line.row.partition(":")
    if number:
        assert file.startswith(platform)
        assert 1 < int(number) <= len(seed(file))
        return
    source, _, place = line.row.partition(" ")
    if source == "failures.md":
        rows = [row.split("|")[1].strip() for row in (SHEETS / source).read_text().splitlines() if row.startswith("|")]
        assert place in rows
    elif source.endswith(".md"):
        heads = {head.rstrip(".") for head in _HEADS.findall((SHEETS / source).read_text(encoding="utf-8"))}
        assert place in heads, line.row
    else:
        assert re.search(rf"^\| `{source}` \|", SOURCES, re.MULTILINE), line.row


# The sheet writes `also Hash / Diffie-Hellman group`, and the second one without its head
_SHORTENED = {
    "Hash algorithm offered does not match policy!": "also Hash",
    "Diffie-Hellman group offered does not match policy!": "Diffie-Hellman group",
    "IPSEC(ipsec_process_proposal): proxy identities not supported": "proxy identities not supported",
}
_FAILURES = [line for _, line in ALL if line.row.startswith("failures.md")]


@pytest.mark.parametrize("line", _FAILURES, ids=[line.text[:60] for line in _FAILURES])
def test_a_line_of_the_failure_sheet_is_in_the_sheet(line: Line) -> None:
    """In the row that it names or in one of the same failure, word for word."""
    sheet = (SHEETS / "failures.md").read_text(encoding="utf-8")
    text = re.sub(r"^(ISAKMP:\(\{conn\}\):|Group = \{group\}, IP = \{peer\}, |IP = \{peer\}, )\s*", "", line.text)
    text = _SHORTENED.get(text, text)
    longest = max(re.split(r"\{[^{}]*\}|\n|\{\{|\}\}", text), key=len).strip()
    assert squeezed(longest.rstrip("!. ").removesuffix(".  Aborting")) in squeezed(sheet), longest


def test_numbers_of_messages_of_a_pix_are_in_the_sheet_or_a_named_source() -> None:
    sheet = (SHEETS / "asa-cli.md").read_text() + (SHEETS / "failures.md").read_text()
    for line in pix_lines.lines():
        if line.number and str(line.number) not in sheet:
            assert str(line.number) in SOURCES, line


@pytest.mark.parametrize("lines", [pix_lines.lines, ios_lines.lines])
def test_no_template_holds_a_value_that_is_nobodys(lines: Callable[[], tuple[Line, ...]]) -> None:
    """Addresses, SPIs and message ids of the seed's negotiation are fields."""
    for line in lines():
        assert not re.search(r"\d+\.\d+\.\d+\.\d+", line.text.replace("255.255.255.255", "")), line
        assert not re.search(r"27072fbd|328663488|AD0608C2|9BEF30FB", line.text, re.IGNORECASE), line
