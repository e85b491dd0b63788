# Copyright: The netvpn.dynamic_l2l contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""Show output of all releases as data: published transcripts, and what happens to text on its way."""

from __future__ import annotations

import json
import random
import re
from pathlib import Path

import pytest
from _core.associations.reading import read
from _core.associations.sa import Associations
from core_support import golden
from hypothesis import given
from hypothesis import strategies as st

SHOWS = Path(__file__).resolve().parents[2] / "golden" / "shows"
TEXTS = {path.stem: path.read_text(encoding="ascii") for path in sorted(SHOWS.glob("*.txt"))}
SEED = {name: golden.seed(f"{name}.txt") for name in ("ios-12.4-show", "pix-7.2-show")}
ALL = {**TEXTS, **SEED}


def shown(found: Associations) -> str:
    """For people: an SA to a row, without what is unknown, zero counters and answers of no."""
    data = found.as_dict()
    rows = []
    for kind in ("ike", "ipsec", "unread"):
        for item in data[kind]:
            item["counters"] = {name: count for name, count in item.get("counters", {}).items() if count}
            told = {key: value for key, value in item.items() if value not in (None, "", [], {}, False)}
            rows.append(f"{kind} {json.dumps(told)}")
    return "\n".join([*rows, f"truncated {json.dumps(data['truncated'])}"]) + "\n"


@pytest.mark.parametrize("name", ALL)
def test_a_published_output_is_read_wholly(name: str, same_as_golden: golden.Compare) -> None:
    found = read(ALL[name])
    assert not found.unread
    assert not found.truncated
    same_as_golden(f"sa/{name}.txt", shown(found))


@pytest.mark.parametrize("name", ALL)
def test_the_platform_is_found_in_the_text(name: str) -> None:
    platform = "ios" if name.startswith("ios") else "asa"
    assert read(ALL[name]) == read(ALL[name], platform)


@pytest.mark.parametrize("name", [name for name in ALL if "ikev2" not in name])
def test_output_of_the_other_platform_is_not_read_but_reported(name: str) -> None:
    """The tables of IKEv2 aside, which are nearly the same."""
    assert read(ALL[name], "asa" if name.startswith("ios") else "ios").unread


@pytest.mark.parametrize("name", ALL)
def test_every_number_of_an_output_is_in_the_data_or_in_a_line_that_is_known_not_to_be_needed(name: str) -> None:
    """SPIs: each one that is listed is read, whatever stands around it."""
    listed = {int(spi, 16) for spi in re.findall(r"(?m)^ *spi: 0x([0-9A-F]+)", ALL[name])}
    pairs = re.findall(r"ESP spi in/out: 0x(\w+)/0x(\w+)", ALL[name])
    listed |= {int(spi, 16) for pair in pairs for spi in pair}
    found = read(ALL[name]).ipsec
    assert {int(one.spi, 16) for sa in found for one in (*sa.inbound, *sa.outbound)} == listed


def mangled(text: str, dice: random.Random) -> str:
    """Blanks as terminals, mail and web pages leave them: folded, doubled, tabs, at line ends; empty lines; CRLF."""
    rows = []
    for row in text.split("\n"):
        way = dice.randrange(4)
        if way == 0:
            row = " ".join(row.split())
        elif way == 1:
            row = re.sub(" {2,}", lambda found: " " * (len(found[0]) + dice.randrange(3)), row)
        elif way == 2:
            row = "\t" + re.sub(" {4,}", "\t", row) + "  "
        rows += [row, ""] if dice.random() < 0.2 else [row]
    return ("\r\n" if dice.random() < 0.3 else "\n").join(rows)


@pytest.mark.parametrize("name", ALL)
def test_blanks_and_empty_lines_carry_no_meaning(name: str) -> None:
    dice = random.Random(name)
    for _round in range(5):
        assert read(mangled(ALL[name], dice)) == read(ALL[name])


@pytest.mark.parametrize("name", ALL)
def test_a_page_turned_leaves_nothing_behind(name: str) -> None:
    """A pager's mark in its line, before a line, or overwritten by the terminal."""
    ios = " --More-- "
    asa = "<--- More --->"
    rows = ALL[name].split("\n")
    for mark in (f"{ios}\n", ios, ios + "\b" * 9 + " " * 9 + "\b" * 9, f"{asa}\r{' ' * 14}\r", f"{asa}\n"):
        paged = "\n".join((mark if at and at % 23 == 0 and row.strip() else "") + row for at, row in enumerate(rows))
        assert read(paged) == read(ALL[name])


@pytest.mark.parametrize(
    ("name", "last"), [("ios-12.4-show", "outbound pcp sas:"), ("pix-7.2-show", "replay detection")]
)
def test_a_text_that_ends_within_a_block_is_called_truncated(name: str, last: str) -> None:
    rows = SEED[name].rstrip().split("\n")
    start = next(at for at, row in enumerate(rows) if row.startswith("interface:"))
    assert last in rows[-1]
    for end in range(start + 1, len(rows)):
        assert read("\n".join(rows[:end])).truncated, f"cut before {rows[end]}"


def test_a_table_that_says_how_many_rows_it_has_is_truncated_without_them() -> None:
    text = TEXTS["asa-9-isakmp-sa"]
    assert read(text.partition("2   IKE Peer")[0]).truncated
    assert read(text.partition("    Rekey   : no ")[0]).truncated
    assert read(text.rpartition("Child sa")[0]).truncated
    assert read(text.partition("      Life/Active")[0]).truncated


def test_a_table_with_one_section_of_two_is_truncated() -> None:
    assert read(TEXTS["ios-15-isakmp-sa"].partition("IPv6")[0]).truncated
    assert read(TEXTS["ios-xe-ikev2-sa"].partition(" IPv6")[0]).truncated


def test_a_session_that_is_cut_short_is_truncated() -> None:
    text = TEXTS["ios-15-session-detail"]
    assert read(text.rpartition("        Outbound")[0]).truncated
    assert read(text.rpartition("        Active SAs")[0]).truncated
    assert read(text.rpartition("Peer:")[0]).truncated
    assert read(TEXTS["asa-9-vpn-sessiondb-detail"].rpartition("  Pkts Tx")[0]).truncated


def test_a_pager_that_was_not_turned_is_truncation() -> None:
    for text in ("dst src state conn-id slot status\n --More-- ", "There are no ipsec sas\n<--- More --->"):
        found = read(text)
        assert found.truncated
        assert not found.unread


@pytest.mark.parametrize(
    ("text", "line"),
    [
        (SEED["ios-12.4-show"].replace("IV size: 8 bytes", "flux capacity: 8 bytes", 1), "flux capacity: 8 bytes"),
        (SEED["pix-7.2-show"].replace("current_peer: ", "current_pair: "), "current_pair: 192.168.1.2"),
        ("dst src state conn-id slot status\n% Something odd\n", "% Something odd"),
        ("Router#show version\nCisco IOS Software\nRouter#show crypto isakmp sa\ndst src state conn-id slot status\n",
         "Cisco IOS Software"),
        (SEED["ios-12.4-show"].replace("(10.2.1.0/255.255.255.0/0/0)", "(10.2.1.0/255.0.255.0/0/0)"),
         "local ident (addr/mask/prot/port): (10.2.1.0/255.0.255.0/0/0)"),
        (TEXTS["asa-7.0-vpn-sessiondb-detail"].replace("10.9.0.0/", "branch-net/", 1),
         "Remote Addr : branch-net/255.255.255.0"),
        ("Interface: Tunnel0\nIPSEC FLOW: permit 88 host 10.0.0.1 host 10.0.0.2 port 9\n",
         "IPSEC FLOW: permit 88 host 10.0.0.1 host 10.0.0.2 port 9"),
    ],
)  # fmt: skip
def test_a_line_that_is_not_understood_is_told_with_its_number(text: str, line: str) -> None:
    (unread,) = read(text).unread
    assert unread.text == line
    assert " ".join(text.split("\n")[unread.number - 1].split()) == line


def test_the_command_before_an_output_stands_beside_what_was_not_understood() -> None:
    text = "Router#sh cry ips sa\n\nNo SAs here\nRouter#"
    assert [(line.command, line.text) for line in read(text).unread] == [("sh cry ips sa", "No SAs here")]
    assert read("strange", "ios", "show crypto ipsec sa").unread[0].command == "show crypto ipsec sa"


def test_prompts_log_lines_and_the_echo_of_the_given_command_are_not_reported() -> None:
    noise = (
        "show crypto isakmp sa\ndst src state conn-id slot status\n"
        "*Mar  1 00:42:37.815: %SYS-5-CONFIG_I: Configured from console by console\nRouter#\nRouter(config)#exit\n"
    )
    assert read(noise, "ios", "show crypto isakmp sa") == Associations()


def test_a_row_without_its_header_is_read_with_and_without_a_slot() -> None:
    rows = "192.0.2.1 192.0.2.2 QM_IDLE 1 0 ACTIVE\n192.0.2.1 192.0.2.3 MM_NO_STATE 1002 ACTIVE (deleted)\n"
    found = read(rows, "ios", "show crypto isakmp sa")
    assert [(sa.identifier, sa.up, sa.deleted) for sa in found.ike] == [("1", True, False), ("1002", False, True)]


def test_outputs_one_after_the_other_need_no_commands_between_them() -> None:
    text = "\n".join(row for row in SEED["pix-7.2-show"].split("\n") if "#show" not in row)
    assert read(text) == read(SEED["pix-7.2-show"])


def test_a_session_and_its_sas_are_told_once() -> None:
    sas = read(
        "dst src state conn-id status\n203.0.113.1 198.51.100.1 QM_IDLE 2913 ACTIVE\n", "ios", "show crypto isakmp sa"
    )
    session = (
        "Interface: Gi0/0\nSession status: UP-ACTIVE\nPeer: 203.0.113.1 port 500 fvrf: (none) ivrf: (none)\n"
        "IKEv1 SA: local 198.51.100.1/500 remote 203.0.113.1/500 Active\nCapabilities:D connid:2913 lifetime:09:03:41\n"
    )
    (ike,) = (sas + read(session)).ike
    assert (ike.state, ike.peer, ike.local, ike.role) == ("QM_IDLE", "203.0.113.1", "198.51.100.1", "initiator")
    assert (ike.remaining, ike.nat_t) == (32621, False)
    (ike,) = (read(session) + sas).ike
    assert (ike.state, ike.role, ike.up) == ("UP-ACTIVE", "initiator", True)


def test_two_negotiations_with_one_peer_stay_two() -> None:
    plain = "dst src state conn-id slot status\n{0} 0 0 ACTIVE\n{0} 0 0 ACTIVE (deleted)\n".format(
        "203.0.113.1 198.51.100.1 MM_NO_STATE"
    )
    detail = "C-id Local Remote I-VRF Status Encr Hash Auth DH Lifetime Cap.\n" + 2 * (
        "0 198.51.100.1 203.0.113.1 ACTIVE 0\nEngine-id:Conn-id = ????\n"
    )
    found = read(plain) + read(detail)
    assert [(sa.peer, sa.role, sa.deleted) for sa in found.ike] == [
        ("203.0.113.1", "initiator", False),
        ("203.0.113.1", "initiator", True),
    ]


names = st.sampled_from(sorted(ALL))


@given(names, names)
def test_joining_with_nothing_changes_nothing_and_joining_twice_is_joining_once(one: str, two: str) -> None:
    first, second = read(ALL[one]), read(ALL[two])
    assert first + Associations() == first == Associations() + first
    assert (first + second) + second == first + second or first.ipsec == second.ipsec or _nameless(second)


def _nameless(found: Associations) -> bool:
    """SAs without identities are never taken for the same."""
    return any(sa.local is None for sa in found.ipsec)


@given(st.text(alphabet=st.sampled_from("abc:#/()0123. \n\t\r\b-")), st.sampled_from(["", "asa", "ios"]), names)
def test_no_text_makes_the_readers_stumble(noise: str, platform: str, name: str) -> None:
    text = ALL[name]
    at = len(noise) * 37 % len(text)
    read(noise, platform)
    read(text[:at] + noise + text[at:], platform).as_dict()
    read(text[at:], platform).as_dict()
