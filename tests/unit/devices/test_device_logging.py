# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: The netvpn.dynamic_l2l contributors
"""Where a device puts its log: sessions, buffers, levels, stamps; what is switched on and off; what is shown of it."""

from __future__ import annotations

import re
from collections.abc import Callable

import pytest
from devices import Device
from devices.logs.lines import Line, Record
from devices.logs.sink import Buffer, severity

Sessions = Callable[[Device], object]

ISAKMP = Record(Line("x", "", "isakmp"), "ISAKMP:(0:1:SW:1):SA has been authenticated with 172.16.1.1", "172.16.1.1")
OTHER = Record(Line("x", "", "isakmp"), "ISAKMP:(0:2:SW:1):SA has been authenticated with 172.16.1.9", "172.16.1.9")
IPSEC = Record(Line("x", "", "ipsec"), "IPSEC(key_engine): got a queue event with 1 kei messages", "172.16.1.1")
SYSLOG = Record(Line("x", "", "syslog", 4), "%CRYPTO-4-IKMP_NO_SA: IKE message from 172.16.1.1 has no SA", "172.16.1.1")

COMPLETED = Record(
    Line("x", "", "isakmp", 5, 713119, brief=True), "Group = 192.0.2.1, IP = 192.0.2.1, PHASE 1 COMPLETED", "192.0.2.1"
)
PAYLOAD = Record(Line("x", "", "isakmp", 7, 715047), "IP = 192.0.2.1, processing SA payload", "192.0.2.1")
EMBRYO = Record(Line("x", "", "ipsec"), "IPSEC: New embryonic SA created @ 0x01B84200,\n    SCB: 0x028BB1D8,")


def unread(session) -> str:
    return session.shell.unread().replace("\r", "")


# -- a router


def test_a_debug_is_seen_by_the_session_that_monitors(ios, session) -> None:
    other = session(ios.device)
    assert ios.type("debug crypto isakmp") == "Crypto ISAKMP debugging is on"
    ios.device.logs.take(ISAKMP)
    assert unread(ios) == ""
    ios.type("terminal monitor")
    ios.device.logs.take(ISAKMP)
    ios.device.logs.take(IPSEC)
    assert re.fullmatch(rf"\n\*Mar +1 00:00:\d\d\.000: {re.escape(ISAKMP.text)}", unread(ios))
    assert unread(other) == ""
    ios.type("terminal no monitor")
    ios.device.logs.take(ISAKMP)
    assert unread(ios) == ""


def test_what_the_device_prints_by_itself_stands_on_lines_of_its_own(ios) -> None:
    ios.type("terminal monitor")
    ios.shell.feed("show clo")
    ios.device.logs.take(SYSLOG)
    ios.device.logs.take(SYSLOG)
    printed = unread(ios)
    assert printed.startswith("\n")
    assert printed.count("\n") == 2
    # what is typed on stands right behind it, the prompt is not repeated (ios-session.md 1.6)
    assert printed.endswith(SYSLOG.text)
    assert ios.shell.feed("ck\r").startswith("ck\r\n")


def test_what_comes_while_a_line_is_carried_out_stands_behind_its_output(ios, monkeypatch) -> None:
    ios.type("terminal monitor")
    execute = ios.device.platform.execute

    def slow(shell, line: str):
        ios.device.logs.take(SYSLOG)
        return execute(shell, line)

    monkeypatch.setattr(ios.device.platform, "execute", slow)
    printed = ios.shell.feed("show clock\r").replace("\r", "")
    answer, prompt, log = printed.partition("Router#")
    assert "UTC" in answer
    assert SYSLOG.text not in answer
    assert prompt
    assert SYSLOG.text in log


def test_what_comes_while_a_router_pings_stands_before_the_marks(ios, monkeypatch) -> None:
    """As in a lab of XE 17: the marks stand right behind it (ios-show.md C9.5)."""
    ios.type("terminal monitor")
    execute = ios.device.platform.execute

    def slow(shell, line: str):
        ios.device.logs.take(SYSLOG)
        return execute(shell, line)

    monkeypatch.setattr(ios.device.platform, "execute", slow)
    printed = ios.type("ping 192.168.1.2")
    assert re.search(rf"timeout is 2 seconds:\n\n\*[^\n]*{re.escape(SYSLOG.text)}!!!!!\nSuccess rate", printed)


def test_what_comes_at_a_page_or_a_question_waits_for_the_prompt(ios) -> None:
    ios.type("terminal monitor")
    ios.shell.page_override = 5
    assert " --More-- " in ios.shell.feed("show running-config\r")
    ios.device.logs.take(SYSLOG)
    assert unread(ios) == ""
    assert SYSLOG.text in ios.shell.feed("q")
    ios.shell.page_override = 0
    ios.shell.feed("clear logging\r")
    ios.device.logs.take(SYSLOG)
    assert unread(ios) == ""
    assert SYSLOG.text in ios.shell.feed("\r")


def test_debugs_of_a_router_are_switched_on_and_off(ios) -> None:
    assert ios.type("show debugging") == ""
    ios.type("debug crypto isakmp")
    assert ios.type("debug crypto ipsec") == "Crypto IPSEC debugging is on"
    assert ios.type("show debug").split("\n") == [
        "",
        "Cryptographic Subsystem:",
        "  Crypto ISAKMP debugging is on",
        "  Crypto IPSEC debugging is on",
    ]
    assert ios.type("no debug crypto isakmp") == "Crypto ISAKMP debugging is off"
    assert "ISAKMP" not in ios.type("show debug")
    for line in ("u all", "undebug all", "no debug all"):
        ios.type("debug crypto ipsec")
        assert ios.type(line) == "All possible debugging has been turned off"
        assert ios.type("show debug") == ""


def test_a_condition_lets_one_peer_through(ios) -> None:
    ios.type("terminal monitor")
    ios.type("debug crypto isakmp")
    assert ios.type("show crypto debug-condition") == "Crypto conditional debug currently is turned OFF"
    assert ios.type("debug crypto condition peer ipv4 172.16.1.1") == ""
    shown = ios.type("show crypto debug-condition").split("\n")
    assert shown[0] == "Crypto conditional debug currently is turned ON"
    assert shown[-2:] == ["IKE peer IP address filters:", "172.16.1.1"]
    ios.device.logs.take(OTHER)
    assert unread(ios) == ""
    ios.device.logs.take(ISAKMP)
    assert ISAKMP.text in unread(ios)
    # log messages are no debugs
    ios.device.logs.take(SYSLOG)
    assert SYSLOG.text in unread(ios)
    assert ios.type("no debug crypto condition peer ipv4 172.16.1.1") == ""
    ios.device.logs.take(OTHER)
    assert OTHER.text in unread(ios)
    ios.type("debug crypto condition peer ipv4 172.16.1.1")
    ios.type("debug crypto condition reset")
    assert "OFF" in ios.type("show crypto debug-condition")


def test_the_buffer_of_a_router_is_shown_and_cleared(ios) -> None:
    ios.enter("no logging console")
    assert "Log Buffer" not in ios.type("show logging")
    ios.enter("logging buffered 4096 debugging")
    ios.type("debug crypto isakmp")
    ios.device.logs.take(ISAKMP)
    ios.device.logs.take(SYSLOG)
    shown = ios.type("show logging")
    assert shown.startswith("Syslog logging: enabled (0 messages dropped, 0 messages rate-limited,\n")
    assert "    Console logging: disabled, xml disabled,\n" in shown
    assert "    Buffer logging: level debugging, 3 messages logged, xml disabled,\n" in shown
    head, _, buffer = shown.partition("Log Buffer (4096 bytes):\n\n")
    assert head
    assert [line.partition(": ")[2] for line in buffer.splitlines()[-2:]] == [ISAKMP.text, SYSLOG.text]
    assert "Clear logging buffer [confirm]" in ios.raw + ios.shell.feed("clear logging\r")
    ios.shell.feed("\r")
    assert ios.type("show logging").endswith("Log Buffer (4096 bytes):\n")


def test_the_level_of_the_buffer_keeps_debugs_out(ios) -> None:
    ios.enter("logging buffered warnings")
    assert "logging buffered 4096 warnings" in ios.device.running_config()
    ios.type("debug crypto isakmp")
    ios.device.logs.take(ISAKMP)
    ios.device.logs.take(SYSLOG)
    shown = ios.type("show logging")
    assert SYSLOG.text in shown
    assert ISAKMP.text not in shown
    assert ios.enter("logging buffered nonsense")["logging buffered nonsense"].endswith("marker.\n")


@pytest.mark.parametrize(
    ("line", "stamp"),
    [
        ("service timestamps log datetime msec", r"\*Mar  1 00:00:\d\d\.000: "),
        ("service timestamps log datetime", r"\*Mar  1 00:00:\d\d: "),
        ("service timestamps log datetime msec show-timezone", r"\*Mar  1 00:00:\d\d\.000 UTC: "),
        ("service timestamps log uptime", r"00:00:\d\d: "),
        ("no service timestamps log", ""),
    ],
)
def test_lines_are_stamped_as_the_configuration_says(ios, line: str, stamp: str) -> None:
    ios.type("terminal monitor")
    ios.enter(line)
    ios.device.logs.take(SYSLOG)
    assert re.fullmatch(rf"\n{stamp}{re.escape(SYSLOG.text)}", unread(ios))


def test_a_routers_processor_is_as_busy_as_it_is_made(ios) -> None:
    assert ios.type("show processes cpu").startswith("CPU utilization for five seconds: 1%/0%; one minute: 1%; ")
    ios.device.cpu = 93
    first = ios.type("show processes cpu | include CPU")
    assert first == "CPU utilization for five seconds: 93%/0%; one minute: 93%; five minutes: 93%"


# -- a PIX


def test_a_debug_of_a_pix_goes_to_the_session_that_asked(pix, session) -> None:
    other = session(pix.device)
    assert pix.type("debug crypto isakmp 7") == ""
    assert other.type("debug crypto ipsec 7") == ""
    for record in (COMPLETED, PAYLOAD, EMBRYO):
        pix.device.logs.take(record)
    seen = [line for line in unread(pix).split("\n") if line]
    assert [re.sub(r"^Mar 01 00:00:\d\d ", "", line) for line in seen] == [
        f"[IKEv1]: {COMPLETED.text}",
        f"[IKEv1 DEBUG]: {PAYLOAD.text}",
    ]
    assert unread(other) == f"\n{EMBRYO.text}\n"
    other.shell.close()
    assert pix.type("show debug") == "debug crypto isakmp enabled at level 7"


def test_a_low_level_shows_the_brief_lines_alone(pix) -> None:
    pix.type("debug crypto isakmp")
    pix.device.logs.take(PAYLOAD)
    assert unread(pix) == ""
    pix.device.logs.take(COMPLETED)
    assert "PHASE 1 COMPLETED" in unread(pix)


@pytest.mark.parametrize(
    "line", ["no debug crypto isakmp", "undebug crypto isakmp 7", "undebug all", "no debug all", "u all"]
)
def test_debugs_of_a_pix_are_switched_off(pix, line: str) -> None:
    pix.type("debug crypto isakmp 7")
    assert pix.type(line) == ""
    pix.device.logs.take(COMPLETED)
    assert unread(pix) == ""
    assert pix.type("show debug") == ""


def test_a_pix_7_2_knows_no_condition_of_a_debug(pix) -> None:
    """It came with 8.0 (ASA command reference)."""
    assert "Invalid input detected" in pix.type("debug crypto condition peer 192.0.2.1")


def test_messages_of_a_pix_go_where_logging_is_configured(pix) -> None:
    pix.device.logs.take(COMPLETED)
    assert "PHASE" not in pix.type("show logging")
    pix.enter("logging enable", "logging buffered informational")
    pix.device.logs.take(COMPLETED)
    pix.device.logs.take(PAYLOAD)
    shown = pix.type("show logging").split("\n")
    assert shown[0] == "Syslog logging: enabled"
    assert "    Buffer logging: level informational, 1 messages logged" in shown
    assert shown[-1] == f"%PIX-5-713119: {COMPLETED.text}"
    assert not any("processing" in line for line in shown)
    pix.enter("logging timestamp", "logging buffered 7")
    pix.device.logs.take(PAYLOAD)
    assert re.search(r"^Mar 01 2002 00:00:\d\d: %PIX-7-715047: ", pix.type("show logging").split("\n")[-1])
    assert pix.type("clear logging buffer") == ""
    assert "%PIX" not in pix.type("show logging")
    assert "logging buffered debugging" in pix.type("show running-config logging")


def test_messages_of_a_pix_are_seen_by_sessions_that_monitor(pix) -> None:
    pix.enter("logging enable", "logging monitor notifications")
    pix.device.logs.take(COMPLETED)
    assert unread(pix) == ""
    pix.type("terminal monitor")
    pix.device.logs.take(COMPLETED)
    pix.device.logs.take(PAYLOAD)
    assert unread(pix) == f"\n%PIX-5-713119: {COMPLETED.text}\n"


def test_a_pixs_processor_is_as_busy_as_it_is_made(pix) -> None:
    pix.device.cpu = 88
    assert pix.type("show cpu usage") == "CPU utilization for 5 seconds = 88%; 1 minute: 88%; 5 minutes: 88%"


# -- parts


def test_a_buffer_keeps_the_last_lines_that_fit() -> None:
    buffer = Buffer()
    for number in range(100):
        buffer.add(f"line {number:02}", 40)
    assert list(buffer) == [f"line {number}" for number in range(95, 100)]
    buffer.clear()
    assert list(buffer) == []


@pytest.mark.parametrize(
    ("word", "level"), [("7", 7), ("8", None), ("debugging", 7), ("warn", 4), ("e", None), ("err", 3), ("x", None)]
)
def test_levels_are_written_as_numbers_or_words(word: str, level: int | None) -> None:
    assert severity(word) == level
