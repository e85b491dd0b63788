# Copyright: The netvpn.dynamic_l2l contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""Logs are read as negotiations: how far each came, what failed, which lines show it; the reference's own are right."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import pytest
from _core.diagnosis.diagnose import End, diagnose
from _core.diagnosis.result import Diagnosis
from _core.errors import InputError
from core_support.golden import Compare, seed
from core_support.sheet_lines import LOGS, published

MAIN_MODE = ["MM1", "MM2", "MM3", "MM4", "MM5", "MM6", "PHASE1", "QM1", "QM2", "QM3", "PHASE2"]
PUBLISHED = sorted(path.name for path in LOGS.glob("*.txt"))


def of(*texts: str, **more: Any) -> Diagnosis:
    return diagnose({"device": End(texts, **more)})


def steps(found: Diagnosis, number: int = 0) -> list[str]:
    return [stage.step for stage in found.negotiations[number].stages]


# --- the reference ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("name", "expected", "role", "peer"),
    [
        ("pix-7.2-debug-isakmp.txt", MAIN_MODE, "initiator", "192.168.1.2"),
        ("ios-12.4-debug-isakmp.txt", MAIN_MODE, "responder", "172.16.1.1"),
        ("pix-7.2-debug-ipsec.txt", ["SPI", "SA", "ACTIVE"], "", "192.168.1.2"),
        ("ios-12.4-debug-ipsec.txt", ["SPI", "SA", "ACTIVE"], "", "172.16.1.1"),
    ],
)
def test_a_log_of_the_reference_is_one_successful_negotiation(
    name: str, expected: list[str], role: str, peer: str
) -> None:
    found = of(seed(name))
    (one,) = found.negotiations
    assert [stage.step for stage in one.stages] == expected
    assert (one.outcome, one.role, one.peer) == ("up", role, peer)
    assert found.problems == ()
    told = [(note.code, note.lines[0].number) for note in found.notes]
    # The one thing worth telling stands in the PIX's log alone.
    assert told == ([("lifetime-changed", 65)] if name == "pix-7.2-debug-isakmp.txt" else [])
    if told:
        assert "from 28800 to 3600 seconds" in found.notes[0].message


def test_only_what_extraction_broke_is_not_understood() -> None:
    names = [path.name for path in Path(__file__).parents[2].glob("golden/seed/*-debug-*.txt")]
    unread = {name: [place.shown for place in of(seed(name)).unread] for name in names}
    assert {name: rows for name, rows in unread.items() if rows} == {
        "ios-12.4-debug-ipsec.txt": [": 0", "src port", "dst port", ": 0"]
    }


def test_what_the_reference_agreed_is_told() -> None:
    isakmp = of(seed("ios-12.4-debug-isakmp.txt")).negotiations[0]
    assert isakmp.agreed["ike"] == {
        "policy": 10,
        "encryption": "DES-CBC",
        "hash": "MD5",
        "group": 1,
        "lifetime_seconds": 86400,
    }
    assert isakmp.agreed["ipsec"]["lifetime_kilobytes"] == 4608000
    assert isakmp.identifiers["message_id"] == "139701c0"
    pix = of(seed("pix-7.2-debug-isakmp.txt")).negotiations[0]
    assert (pix.agreed["local_proxy"], pix.agreed["remote_proxy"]) == ("10.1.1.0/24", "10.2.1.0/24")
    assert pix.identifiers["spi_in"] == "0x81004014"
    ipsec = of(seed("ios-12.4-debug-ipsec.txt")).negotiations[0]
    assert ipsec.agreed["ipsec"]["transform"] == "esp-des esp-md5-hmac"


def test_the_ipsec_logs_of_the_reference_are_joined_by_spi() -> None:
    found = diagnose({"pix": End((seed("pix-7.2-debug-ipsec.txt"),)), "hub": End((seed("ios-12.4-debug-ipsec.txt"),))})
    (joined,) = found.alignments
    assert (joined.by, joined.same, joined.negotiations) == ("spi", True, (0, 1))
    assert [step for step, _here, _there in joined.steps] == ["SPI", "SA", "ACTIVE"]
    assert all(here and there for _step, here, there in joined.steps)


def test_the_isakmp_logs_of_the_reference_are_aligned_by_stage_and_said_to_be_different() -> None:
    found = diagnose(
        {"pix": End((seed("pix-7.2-debug-isakmp.txt"),)), "hub": End((seed("ios-12.4-debug-isakmp.txt"),))}
    )
    (joined,) = found.alignments
    assert (joined.by, joined.same) == ("stage", False)
    assert [step for step, _here, _there in joined.steps] == MAIN_MODE
    assert "27072fbd here, 139701c0 there" in joined.message
    assert found.problems == ()
    assert [note.code for note in found.notes] == ["lifetime-changed"]


def test_both_debugs_of_a_device_are_one_negotiation_where_they_name_one_spi() -> None:
    ipsec = seed("pix-7.2-debug-ipsec.txt").replace("AD0608C2", "81004014").replace("9BEF30FB", "07502A09")
    (one,) = of(seed("pix-7.2-debug-isakmp.txt"), ipsec).negotiations
    assert {stage.step for stage in one.stages} == {*MAIN_MODE, "SPI", "SA", "ACTIVE"}
    assert one.local == "172.16.1.1"


def test_logs_of_one_negotiation_are_aligned_by_message_id() -> None:
    found = diagnose(
        {
            "spoke": End((published("xe-17-proxies-initiator.txt"),)),
            "hub": End((published("xe-17-proxies-responder.txt"),)),
        }
    )
    (joined,) = found.alignments
    assert (joined.by, joined.same) == ("message id", True)
    # What the initiator calls refused is what the responder says that it was.
    (problem,) = found.problems
    assert (problem.code, problem.end) == ("crypto-acl-not-mirrored", "hub")
    assert {place.end for place in problem.lines} == {"spoke", "hub"}


# --- published logs --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", PUBLISHED)
def test_a_published_log_is_read_as_before(name: str, same_as_golden: Compare) -> None:
    found = of(published(name)).as_dict()
    same_as_golden(f"diagnose/{name.removesuffix('.txt')}.json", json.dumps(found, indent=1, ensure_ascii=False) + "\n")


@pytest.mark.parametrize(
    ("name", "code", "reached"),
    [
        ("asa-9.2-no-matching-map-entry.txt", "crypto-acl-not-mirrored", "PHASE1"),
        ("asa-9-qm-fsm-three-tries.txt", "crypto-acl-not-mirrored", ""),
        ("asa-8-no-tunnel-group.txt", "tunnel-group-missing", ""),
        ("asa-8-map-not-bound.txt", "map-not-bound", ""),
        ("asa-8-ike-policy.txt", "ike-policy-differs", ""),
        ("asa-8-proxy-not-mirrored.txt", "crypto-acl-not-mirrored", ""),
        ("asa-8.0-stuck-at-wait-msg4.txt", "tunnel-group-missing", "MM3"),
        ("pix-7-aggressive-unanswered.txt", "peer-unreachable", "AM1"),
        ("asa-inner-packet.txt", "crypto-acl-not-mirrored", ""),
        ("asa-ikev2-proposals.txt", "ike-policy-differs", ""),
        ("asa-ikev2-no-auth.txt", "auth-unanswered", ""),
        ("xe-17-no-key.txt", "key-missing", ""),
        ("xe-17-weak-suites-barred.txt", "weak-suite-barred", ""),
        ("xe-17-proxies-initiator.txt", "phase-2-refused", "QM1"),
        ("xe-17-proxies-responder.txt", "crypto-acl-not-mirrored", "QM1"),
        ("xe-16-ike-policy.txt", "ike-policy-differs", ""),
        ("xe-16.7-ikev2-transform.txt", "transform-set-differs", "IKEUP"),
        ("ios-15-transform-set.txt", "transform-set-differs", "QM1"),
        ("ios-12.4T-pfs-differs.txt", "phase-2-refused", "QM1"),
        ("ios-key-differs.txt", "key-differs", ""),
        ("ios-invalid-spi.txt", "stale-sa", ""),
    ],
)
def test_a_published_failure_is_named(name: str, code: str, reached: str) -> None:
    (problem,) = of(published(name)).problems
    assert (problem.code, problem.stage) == (code, reached)
    assert problem.lines


@pytest.mark.parametrize("name", ["asa-responder-up.txt", "xe-responder-behind-nat-up.txt"])
def test_a_published_success_has_no_problem(name: str) -> None:
    found = of(published(name))
    assert found.problems == ()
    assert [one.outcome for one in found.negotiations] == ["up"]
    assert "came up" in found.verdict


def test_every_published_log_has_a_source() -> None:
    readme = published("README.md")
    assert all(f"`{name}`" in readme for name in PUBLISHED)


def test_tries_one_after_the_other_are_told_apart_and_are_one_problem() -> None:
    found = of(published("asa-9-qm-fsm-three-tries.txt"))
    assert [one.identifiers["message_id"] for one in found.negotiations] == ["fc16eec2", "03012dbd", "77a7a125"]
    assert found.problems[0].negotiations == (0, 1, 2)


# --- what only looks like a fault ----------------------------------------------------------------------------------------------


def test_a_policy_that_does_not_fit_before_one_that_does_is_no_failure() -> None:
    found = of(published("ios-12.4T-pfs-differs.txt"))
    assert all(problem.code != "ike-policy-differs" for problem in found.problems)
    assert found.negotiations[0].agreed["ike"]["policy"] == 5


def test_lines_of_a_success_that_look_like_faults_are_none() -> None:
    lines = [
        "ISAKMP:(0:1:SW:1):: peer matches *none* of the profiles",
        "ISAKMP:(0:1:SW:1): vendor ID seems Unity/DPD but major 194 mismatch",
        "ISAKMP:(0:1:SW:1):vendor ID seems Unity/DPD but hash mismatch",
        'ISAKMP:(0:1:SW:1):deleting node 328663488 error FALSE reason "QM done (await)"',
        "ISAKMP-ERROR: (0):Failed to find peer index node to update peer_info_list",
        "Feb 22 01:39:59 [IKEv1]: Group = 192.168.1.2, IP = 192.168.1.2, Freeing previously allocated memory for "
        "authorization-dn-attributes",
    ]
    found = of("\n".join(lines))
    assert (found.problems, found.notes, found.unread) == ((), (), ())


def test_an_old_sa_that_goes_while_the_tunnel_comes_up_is_a_note() -> None:
    found = of(published("xe-responder-behind-nat-up.txt"))
    note = next(note for note in found.notes if note.code == "stale-sa")
    assert "afterwards the tunnel with 198.51.100.11 came up" in note.message


def test_ike_that_is_switched_on_again_is_not_off() -> None:
    off = "%CRYPTO-6-ISAKMP_ON_OFF: ISAKMP is OFF\n"
    assert [problem.code for problem in of(off).problems] == ["ike-off"]
    assert of(f"{off}%CRYPTO-6-ISAKMP_ON_OFF: ISAKMP is ON\n").problems == ()


def test_a_failure_before_the_tunnel_came_up_is_told_as_a_note() -> None:
    failed = "*Feb 22 13:50:00.000: %CRYPTO-4-IKMP_BAD_MESSAGE: IKE message from 172.16.1.1 failed its sanity check or is malformed\n"
    found = of(failed + seed("ios-12.4-debug-isakmp.txt"))
    assert found.problems == ()
    assert [note.code for note in found.notes] == ["key-differs"]


def test_a_log_that_just_ends_has_failed_at_nothing() -> None:
    text = "".join(seed("pix-7.2-debug-isakmp.txt").splitlines(keepends=True)[:30])
    found = of(text)
    assert (found.problems, found.negotiations[0].outcome, found.negotiations[0].reached) == ((), "unfinished", "MM4")
    assert found.verdict == "The log ends after MM4 with 192.168.1.2, before anything failed."


NO_KEY = """\
*Nov 26 03:00:00.000: ISAKMP (0:0): received packet from 172.16.1.1 dport 500 sport 500 Global (N) NEW SA
*Nov 26 03:00:00.010: ISAKMP:(0:0:N/A:0):No pre-shared key with 172.16.1.1!
*Nov 26 03:00:00.020: ISAKMP:(0:0:N/A:0):Preshared authentication offered but does not match policy!
*Nov 26 03:00:00.030: ISAKMP:(0:0:N/A:0):no offers accepted!
*Nov 26 03:00:00.040: ISAKMP:(0:0:N/A:0): phase 1 SA policy not acceptable! (local 192.168.1.2 remote 172.16.1.1)
"""
NOTIFIED = """\
Nov 26 03:00:00 [IKEv1]: IP = 192.168.1.2, IKE Initiator: New Phase 1, Intf inside, IKE Peer 192.168.1.2 local Proxy Address 10.1.1.0, remote Proxy Address 10.2.1.0, Crypto map (IPSEC)
Nov 26 03:00:00 [IKEv1]: IP = 192.168.1.2, IKE_DECODE SENDING Message (msgid=0) with payloads : HDR + SA (1) + NONE (0) total length : 144
Nov 26 03:00:00 [IKEv1]: IP = 192.168.1.2, Received an un-encrypted NO_PROPOSAL_CHOSEN notify message, dropping
Nov 26 03:00:00 [IKEv1]: IP = 192.168.1.2, Removing peer from peer table failed, no match!
"""  # noqa: E501


def test_what_an_end_was_notified_of_is_what_the_other_end_says() -> None:
    found = diagnose({"pix": End((NOTIFIED,)), "hub": End((NO_KEY,))})
    (problem,) = found.problems
    assert (problem.code, problem.end, problem.peer) == ("key-missing", "hub", "172.16.1.1")
    assert {place.end for place in problem.lines} == {"pix", "hub"}
    (alone,) = diagnose({"pix": End((NOTIFIED,))}).problems
    assert alone.code == "ike-policy-differs"


def test_what_a_router_refuses_again_and_again_are_negotiations_of_their_own() -> None:
    found = of(NO_KEY * 3)
    assert [one.outcome for one in found.negotiations] == ["failed"] * 3
    (problem,) = found.problems
    assert problem.negotiations == (0, 1, 2)


# --- how text comes --------------------------------------------------------------------------------------------------------


def _same(one: Diagnosis, two: Diagnosis) -> bool:
    def told(found: Diagnosis) -> list[Any]:
        return [
            [
                (n.peer, n.role, n.outcome, [s.step for s in n.stages], n.agreed, n.identifiers)
                for n in found.negotiations
            ],
            [(p.code, p.peer, p.stage) for p in found.problems],
            [note.code for note in found.notes],
        ]

    return told(one) == told(two)


@pytest.mark.parametrize("name", ["pix-7.2-debug-isakmp.txt", "ios-12.4-debug-isakmp.txt"])
@pytest.mark.parametrize(
    "prefix",
    [
        "<189>",
        "<189>4711: ",
        "000123: ",
        "Nov 26 03:00:00 192.0.2.7 : ",
        "Nov 26 03:00:00 host 123: ",
        "2026-11-26T03:00:00.123Z host ",
    ],
)
def test_what_a_collector_writes_before_the_lines_does_not_matter(name: str, prefix: str) -> None:
    # Lines without a stamp belong to the line before: no collector sees them apart.
    rows = [f"{prefix}{row}" if "[IKEv1" in row or row.startswith("*Feb") else row for row in seed(name).splitlines()]
    assert _same(of("\n".join(rows)), of(seed(name)))


@pytest.mark.parametrize(
    ("stamp", "instead"),
    [
        ("*Feb 22 13:51:57.", "00:27:07."),
        ("*Feb 22 13:51:57.", ".Mar 13 15:29:24."),
        ("*Feb 22 13:51:57.", "Feb 22 2026 13:51:57."),
    ],
)
def test_a_time_stamp_may_be_of_any_form(stamp: str, instead: str) -> None:
    text = seed("ios-12.4-debug-isakmp.txt")
    assert _same(of(text.replace(stamp, instead)), of(text))


@pytest.mark.parametrize("end", ["\r\n", "\r"])
def test_line_ends_do_not_matter(end: str) -> None:
    for name in ("pix-7.2-debug-isakmp.txt", "pix-7.2-debug-ipsec.txt", "ios-12.4-debug-isakmp.txt"):
        assert _same(of(seed(name).replace("\n", end)), of(seed(name)))


def test_remains_of_a_pager_do_not_matter() -> None:
    rows = seed("pix-7.2-debug-isakmp.txt").splitlines()
    rows[20] = "<--- More --->\r              \r" + rows[20]
    rows[40] = " --More-- \x08\x08\x08\x08        \x08\x08" + rows[40]
    assert _same(of("\n".join(rows)), of(seed("pix-7.2-debug-isakmp.txt")))


def test_syslog_of_other_matters_is_counted_and_nothing_else() -> None:
    rows = seed("ios-12.4-debug-isakmp.txt").splitlines()
    for at in (10, 40, 60):
        rows.insert(
            at, "*Feb 22 13:51:57.330: %LINEPROTO-5-UPDOWN: Line protocol on Interface Serial2/0, changed state to down"
        )
    found, alone = of("\n".join(rows)), of(seed("ios-12.4-debug-isakmp.txt"))
    assert _same(found, alone)
    assert found.elsewhere == alone.elsewhere + 3


def test_what_is_not_understood_is_listed() -> None:
    found = of("*Feb 22 13:51:57.330: ISAKMP:(1001):a flux compensator was inserted\nsomething typed\n")
    assert [(place.number, place.shown) for place in found.unread] == [
        (1, "ISAKMP:(1001):a flux compensator was inserted"),
        (2, "something typed"),
    ]
    assert found.as_dict()["unread_count"] == 2


def test_two_devices_in_one_text_are_told_apart() -> None:
    text = "".join(
        f"Nov 26 03:00:0{number} {host} %ASA-5-713119: Group = {peer}, IP = {peer}, PHASE 1 COMPLETED\n"
        for number, (host, peer) in enumerate(
            (("fw1", "198.51.100.1"), ("fw2", "198.51.100.1"), ("fw2", "198.51.100.2"))
        )
    )
    assert [(one.host, one.peer) for one in of(text).negotiations] == [
        ("fw1", "198.51.100.1"),
        ("fw2", "198.51.100.1"),
        ("fw2", "198.51.100.2"),
    ]


# --- negotiations are told apart -------------------------------------------------------------------------------------------


def test_interleaved_peers_of_a_pix_are_separated() -> None:
    text = seed("pix-7.2-debug-isakmp.txt")
    other = text.replace("192.168.1.2", "192.168.9.9").replace("27072fbd", "00c0ffee").replace("81004014", "81004015")
    rows = [row for pair in zip(text.splitlines(), other.splitlines(), strict=True) for row in pair]
    found = of("\n".join(rows))
    assert [(one.peer, one.outcome) for one in found.negotiations] == [("192.168.1.2", "up"), ("192.168.9.9", "up")]
    assert steps(found, 0) == steps(found, 1) == MAIN_MODE
    assert [note.peer for note in found.notes] == ["192.168.1.2", "192.168.9.9"]


def test_a_second_quick_mode_of_an_ike_sa_is_a_negotiation_of_its_own() -> None:
    rows = seed("pix-7.2-debug-isakmp.txt").splitlines()
    quick = [row.replace("27072fbd", "00c0ffee") for row in rows[49:75]]
    found = of("\n".join([*rows[:75], *quick, *rows[75:]]))
    assert [(one.mode, one.outcome) for one in found.negotiations] == [("main", "up"), ("quick", "up")]
    assert steps(found, 1) == ["QM1", "QM2", "QM3", "PHASE2"]


def test_a_new_phase_1_with_the_same_peer_is_a_negotiation_of_its_own() -> None:
    text = seed("pix-7.2-debug-isakmp.txt")
    later = text.replace("27072fbd", "00c0ffee").replace(" 01:", " 05:")
    later = later.replace("81004014", "81004015").replace("07502a09", "07502a0a")
    found = of(text + later)
    assert [one.outcome for one in found.negotiations] == ["up", "up"]
    assert steps(found, 0) == steps(found, 1) == MAIN_MODE


def test_aggressive_mode_is_told_by_its_three_messages() -> None:
    head = "Nov 26 03:00:00 [IKEv1]: IP = 198.51.100.1, IKE_DECODE"
    text = (
        f"{head} RECEIVED Message (msgid=0) with payloads : HDR + SA (1) + KE (4) + NONCE (10) + ID (5) + NONE (0) total length : 400\n"
        f"{head} SENDING Message (msgid=0) with payloads : HDR + SA (1) + KE (4) + NONCE (10) + ID (5) + HASH (8) + NONE (0) total "
        f"length : 420\n{head} RECEIVED Message (msgid=0) with payloads : HDR + HASH (8) + NONE (0) total length : 60\n"
        "Nov 26 03:00:00 [IKEv1]: Group = 198.51.100.1, IP = 198.51.100.1, PHASE 1 COMPLETED\n"
    )
    found = of(text)
    assert steps(found) == ["AM1", "AM2", "AM3", "PHASE1"]
    assert (found.negotiations[0].mode, found.negotiations[0].role) == ("aggressive", "responder")


def test_ikev2_is_told_by_its_exchanges() -> None:
    (one,) = of(published("xe-16.7-ikev2-transform.txt")).negotiations
    assert [stage.step for stage in one.stages] == ["INIT1", "INIT2", "AUTH1", "AUTH2", "IKEUP"]
    assert (one.version, one.role, one.outcome) == (2, "initiator", "failed")
    assert one.identifiers["ike_spis"] == ["1d418169b24bf95a", "a645046f734260c6"]


@pytest.mark.parametrize(
    ("lines", "code"),
    [
        (1, "peer-unreachable"),
        (3, "tunnel-group-missing"),
        (5, "key-differs"),
    ],
)
def test_what_nobody_answers_means_what_its_step_says(lines: int, code: str) -> None:
    rows = [row for row in seed("pix-7.2-debug-isakmp.txt").splitlines() if "IKE_DECODE" in row or "New Phase 1" in row]
    sent = rows[: lines + 1]
    found = of("\n".join([*sent, sent[-1].replace("SENDING", "RESENDING")]))
    (problem,) = found.problems
    assert (problem.code, problem.stage) == (code, f"MM{lines}")
    assert found.negotiations[0].outcome == "failed"


def test_debug_and_syslog_of_one_negotiation_are_one() -> None:
    debug = seed("pix-7.2-debug-isakmp.txt")
    syslog = re.sub(r"^Feb 22 (\S+) \[IKEv1[^\]]*\]:", r"Feb 22 2026 \1: %PIX-7-715000:", debug, flags=re.MULTILINE)
    found = of(debug, syslog)
    assert [one.outcome for one in found.negotiations] == ["up"]
    assert [note.code for note in found.notes] == ["lifetime-changed"]
    failed = "\n".join(row for row in debug.splitlines()[:7] if "SA (1)" in row or "New Phase 1" in row)
    again = failed.replace(" 01:", " 02:")
    both = [f"{failed}\n{again}\n", ""]
    both[1] = re.sub(r"^Feb 22 (\S+) \[IKEv1[^\]]*\]:", r"Feb 22 2026 \1: %PIX-7-715000:", both[0], flags=re.MULTILINE)
    assert len(of(*both).negotiations) == len(of(both[0]).negotiations) == 2


# --- what is told -----------------------------------------------------------------------------------------------------------


def test_commands_are_those_of_the_end_that_saw_it_and_name_its_peer() -> None:
    (problem,) = of(published("asa-9.2-no-matching-map-entry.txt")).problems
    assert {(fix.end, fix.platform) for fix in problem.confirm} == {("device", "asa"), ("", "ios")}
    (stale,) = of(published("ios-invalid-spi.txt")).problems
    assert "clear crypto session remote 198.51.100.3" in [fix.command for fix in stale.commands]


def test_what_was_typed_between_the_lines_shows_no_secret() -> None:
    text = (
        "spoke1(config)#crypto isakmp key Hidden-1 address 203.0.113.1\ncrypto isakmp key Hidden-2 address 0.0.0.0 0.0.0.0\n"
        "tunnel-group X ipsec-attributes\n pre-shared-key Hidden-3\nenable password Hidden-4\n ikev1 pre-shared-key 0 Hidden-5\n"
        "IKEv2:(SESSION ID = 31,SA ID = 1):Use preshared key for id 192.0.2.2, key len 8\n"
        "*Feb 22 13:51:57.330: ISAKMP:(1001):skeyid 0a 0b 0c 0d 0e 0f 10 11 12 13 14 15 16 17 18 19 1a 1b\n"
    )
    told = json.dumps(of(text).as_dict())
    assert "Hidden" not in told
    assert "12 13 14" not in told
    assert "len 8" not in told


def test_an_end_does_not_show_its_configuration() -> None:
    assert "Hidden" not in repr(End((), running_config="crypto isakmp key Hidden address 0.0.0.0"))


@pytest.mark.parametrize(
    ("ends", "part"),
    [
        ({}, "no end is given"),
        ({"pix": End(("x",), platform="junos")}, "ends.pix.platform = junos: this is no platform"),
        ({"pix": End((7,))}, "ends.pix.logs[0] = int: a text is expected"),  # type: ignore[arg-type]
    ],
)
def test_input_that_means_nothing_is_refused(ends: dict[str, End], part: str) -> None:
    with pytest.raises(InputError, match=r".") as caught:
        diagnose(ends)
    assert part in str(caught.value)


def test_nothing_in_a_log_is_said_to_be_nothing() -> None:
    assert of("").verdict == (
        "The logs hold no negotiation: no packet asked for the tunnel, or IKE is not logged there."
    )
    assert diagnose({"pix": End()}).verdict == "No log was given, and nothing else shows a failure."
