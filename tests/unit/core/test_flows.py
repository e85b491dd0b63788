# Copyright: The netvpn.dynamic_l2l contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""Connections and translations that began before a plan: read, judged by the treatment model, cleared by the finest command."""

from __future__ import annotations

import pytest
from _core.asa import parse as asa_parse
from _core.associations import flows
from _core.associations.flows import (
    Affected,
    Flow,
    Judge,
    Seen,
    affected,
    ask,
    clear_asa,
    clear_ios,
    holding,
    left_over,
)
from _core.ios import parse as ios_parse
from _core.prefixes import dotted
from _core.steps import replay
from core_support.asa_worlds import PAT as ASA_PAT
from core_support.asa_worlds import start as asa_start
from core_support.ios_worlds import PAT as IOS_PAT
from core_support.ios_worlds import start as ios_start
from core_support.scenario import intent, options, plan_asa, plan_ios, responder

#: it-certification-network.blogspot.com 2008/11, diagnostic commands and tools: "show xlate" of a PIX.
XLATE = """\
3 in use, 3 most used
PAT Global 20.1.1.50(0) Local 10.1.1.50 ICMP id 340
PAT Global 20.1.1.50 (1024) Local 10.1.1.50(1028)
PAT Global 20.1.1.50 (1024) Local 10.1.1.50(516)"""

#: Cisco document 115993 (ASA 9.0): "show conn address 10.107.84.210".
CONN_9 = """\
55 in use, 108 most used
TCP outside 10.107.84.210:443 dmz 10.36.103.86:53613, idle 0:00:30, bytes 18155, flags UxIO
TCP outside 10.107.84.210:80 dmz 10.36.103.86:52723, idle 0:00:57, bytes 2932, flags UxIO"""

#: The form of PIX 6 and 7 (command reference, show conn).
CONN_7 = """\
3 in use, 9 most used
TCP out 10.2.1.10:80 in 10.1.1.10:1025 idle 0:00:02 Bytes 1208 flags UIO
TCP out 198.51.100.10:80 in 10.1.1.10:1026 idle 0:00:02 Bytes 1208 flags UIO
UDP out 198.51.100.10:53 in 10.1.1.11:1027 idle 0:00:20 Bytes 60 flags -"""

XLATE_7 = """\
3 in use, 9 most used
PAT Global 172.16.1.1(1024) Local 10.1.1.10(1025)
PAT Global 172.16.1.1(1025) Local 10.1.1.10(1026)
PAT Global 172.16.1.1(1) Local 10.1.1.12 ICMP id 512"""

#: Columns of ios-show.md C9.1, ISR G2; the statics and the ICMP row are its forms.
TRANSLATIONS = """\
Pro Inside global      Inside local       Outside local      Outside global
icmp 192.168.1.2:6     10.2.1.9:6         198.51.100.1:6     198.51.100.1:6
tcp 192.168.1.2:1025   10.2.1.10:1025     10.1.1.10:80       10.1.1.10:80
udp 192.168.1.2:1026   10.2.1.10:1026     198.51.100.1:53    198.51.100.1:53
--- 192.168.1.77       10.2.1.77          ---                ---
tcp 192.168.1.2:8080   10.2.1.80:80       ---                ---"""


def rows(text: str) -> list[str]:
    return [" ".join(row.split()) for row in text.splitlines()]


def seen_asa(xlate: str = XLATE_7, conn: str = CONN_7) -> Seen:
    seen = Seen()
    flows.read_xlates(rows(xlate), seen)
    flows.read_connections(rows(conn), seen)
    assert seen.unread == []
    return seen


def seen_ios(text: str = TRANSLATIONS) -> Seen:
    seen = Seen()
    flows.read_translations(rows(text), seen)
    assert seen.unread == []
    return seen


def told(flow: Flow) -> str:
    there = "?" if flow.destination is None else dotted(flow.destination)
    return f"{flow.protocol or 'any'} {dotted(flow.source)}:{flow.source_port} {there}:{flow.destination_port} {flow.outer}"


# --- reading ------------------------------------------------------------------------------------------------------


def test_published_tables_of_pix_and_asa_are_read() -> None:
    assert [told(flow) for flow in seen_asa(XLATE, CONN_9).flows] == [
        "icmp 10.1.1.50:340 ?:None 20.1.1.50",
        "any 10.1.1.50:1028 ?:None 20.1.1.50",
        "any 10.1.1.50:516 ?:None 20.1.1.50",
        "tcp 10.36.103.86:53613 10.107.84.210:443 ",
        "tcp 10.36.103.86:52723 10.107.84.210:80 ",
    ]


def test_a_routers_table_is_read_with_its_statics() -> None:
    found = seen_ios().flows
    assert [told(flow) for flow in found] == [
        "icmp 10.2.1.9:6 198.51.100.1:6 192.168.1.2",
        "tcp 10.2.1.10:1025 10.1.1.10:80 192.168.1.2",
        "udp 10.2.1.10:1026 198.51.100.1:53 192.168.1.2",
        "any 10.2.1.77:None ?:None 192.168.1.77",
        "tcp 10.2.1.80:80 ?:None 192.168.1.2",
    ]
    assert [flow.fixed for flow in found] == [False, False, False, True, True]


@pytest.mark.parametrize("reader", [flows.read_xlates, flows.read_connections, flows.read_translations])
def test_a_row_that_nobody_understands_is_kept(reader: object) -> None:
    seen = Seen()
    reader(["tcp 1.2.3:4 x", "GRE something"], seen)  # type: ignore[operator]
    assert seen.unread == ["tcp 1.2.3:4 x", "GRE something"]
    assert seen.flows == []


def test_long_tables_are_not_read_unless_they_must_be() -> None:
    asked: list[str] = []

    def read(command: str) -> list[str]:
        asked.append(" ".join(command.split()))
        return ["20001 in use, 30000 most used"] if "count" in command else []

    why = ask(read, "asa")
    assert isinstance(why, str)
    assert "20001" in why
    assert asked == ["show xlate count"]
    assert isinstance(ask(read, "asa", whatever_it_takes=True), Seen)
    assert asked[1:] == ["show xlate", "show conn"]


def test_a_device_that_does_not_count_is_asked_for_the_table() -> None:
    answers = {"show xlate": rows(XLATE_7), "show conn": rows(CONN_7)}
    found = ask(lambda command: answers.get(" ".join(command.split())), "asa")
    assert isinstance(found, Seen)
    assert len(found.flows) == 6
    assert ask(lambda _command: None, "ios") == "the device does not take 'show ip nat translations'"


# --- judging ------------------------------------------------------------------------------------------------------


def judge_asa() -> Judge:
    """The reference's tunnel comes to a PIX that translates everything: 10.1.1.0/24 → 10.2.1.0/24 goes from T to E."""
    device = asa_start(ASA_PAT)
    config = asa_parse.parse(device.text())
    return Judge(config, replay(config, plan_asa(device, intent(), options()).steps))


def ios_configs() -> tuple[object, object]:
    device = ios_start(IOS_PAT, inside=True, outside=True)
    config = ios_parse.parse(device.text(), device.show_access_lists())
    plan = plan_ios(device, intent([responder(match_address=True)]), options())
    return config, replay(config, plan.steps)


def test_only_flows_whose_treatment_changes_are_affected() -> None:
    found = affected(seen_asa(), judge_asa())
    # A translation of ICMP tells no destination: its host may have traffic that switches.
    assert [told(flow) for flow in found.flows] == [
        "any 10.1.1.10:1025 ?:None 172.16.1.1",
        "icmp 10.1.1.12:512 ?:None 172.16.1.1",
        "tcp 10.1.1.10:1025 10.2.1.10:80 ",
    ]
    assert found.as_dict() == {"connections": 1, "translations": 2}
    assert [told(flow) for flow in affected(seen_ios(), Judge(*ios_configs())).flows] == [  # type: ignore[arg-type]
        "tcp 10.2.1.10:1025 10.1.1.10:80 192.168.1.2"
    ]


def test_a_plan_that_switches_nothing_affects_nothing() -> None:
    config, _after = ios_configs()
    assert affected(seen_ios(), Judge(config, config)).flows == ()  # type: ignore[arg-type]


def test_the_rule_in_use_is_held_by_what_it_translates_or_may_have_translated() -> None:
    config, _after = ios_configs()
    without = ios_parse.parse(ios_start("", inside=True, outside=True).text(), "")
    held = holding(seen_ios(), Judge(config, without))  # type: ignore[arg-type]
    assert len(held) == 3
    assert not any(flow.fixed for flow in held)


def test_what_has_begun_anew_is_no_old_flow_any_more() -> None:
    judge, before = judge_asa(), affected(seen_asa(), judge_asa())
    assert [told(flow) for flow in left_over(seen_asa(), judge, before).flows] == [told(flow) for flow in before.flows]
    # The same hosts and ports, without a translation: it is in the tunnel now.
    anew = seen_asa("1 in use, 9 most used\nPAT Global 172.16.1.1(1025) Local 10.1.1.10(1026)")
    assert left_over(anew, judge, before).flows == ()
    # The same again where nothing was translated before either: fewer bytes, for they are counted from its beginning.
    nothing = "0 in use, 9 most used"
    plain = affected(seen_asa(nothing), judge)
    assert left_over(seen_asa(nothing), judge, plain).flows == plain.flows != ()
    assert left_over(seen_asa(nothing, CONN_7.replace("Bytes 1208", "Bytes 60")), judge, plain).flows == ()
    late = seen_ios()
    old = left_over(late, Judge(*ios_configs()), Affected())  # type: ignore[arg-type]
    assert [told(flow) for flow in old.flows] == ["tcp 10.2.1.10:1025 10.1.1.10:80 192.168.1.2"]


# --- clearing -----------------------------------------------------------------------------------------------------


def test_pix_clears_by_host_and_says_what_else_ends() -> None:
    found = affected(seen_asa(), judge_asa())
    assert [(item.command, item.also) for item in clear_asa(found)] == [
        ("clear xlate local 10.1.1.10", ("1 other connections of 10.1.1.10",)),
        ("clear xlate local 10.1.1.12", ()),
    ]


def test_a_connection_without_a_translation_goes_with_its_host() -> None:
    found = affected(seen_asa("0 in use, 0 most used"), judge_asa())
    assert [item.command for item in clear_asa(found)] == ["clear local-host 10.1.1.10"]


def test_a_router_clears_each_translation_by_its_ports() -> None:
    found = affected(seen_ios(), Judge(*ios_configs()))  # type: ignore[arg-type]
    assert [item.command for item in clear_ios(found)] == [
        "clear ip nat translation tcp inside 192.168.1.2 1025 10.2.1.10 1025"
    ]


def test_everybodys_translations_go_only_where_all_are_meant_or_nothing_finer_would_do() -> None:
    dynamic = tuple(flow for flow in seen_ios().flows if not flow.fixed)
    everything = Affected(dynamic, tuple(seen_ios().flows))
    assert [item.command for item in clear_ios(everything)] == ["clear ip nat translation *"]
    some = Affected(dynamic[:2], tuple(seen_ios().flows))
    assert [item.command for item in clear_ios(some)] == [
        "clear ip nat translation tcp inside 192.168.1.2 1025 10.2.1.10 1025"
    ]
    (must,) = clear_ios(some, must=True)
    assert (must.command, must.also) == ("clear ip nat translation *", ("1 translations of other traffic",))
    assert list(clear_ios(Affected((), dynamic))) == list(clear_asa(Affected((), dynamic))) == []
