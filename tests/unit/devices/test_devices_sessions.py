# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: The netvpn.dynamic_l2l contributors
"""A session byte by byte: echo, prompts, passwords, pages, and what goes wrong on demand."""

from __future__ import annotations

import pytest
from devices import Device, comparable


def test_a_pix_greets_and_a_router_does_not(pix, ios) -> None:
    assert pix.device.open_shell().start() == "Type help or '?' for a list of available commands.\r\n\rpixfirewall> "
    assert ios.device.open_shell().start() == "\r\nRouter>"


def test_input_is_echoed_and_two_lines_in_one_packet_get_two_answers(ios) -> None:
    assert (
        ios.shell.feed("show privilege\nshow privilege\n")
        == "show privilege\r\nCurrent privilege level is 15\r\nRouter#" * 2
    )
    assert ios.shell.feed("shx\x7fow priv\x08\x08\x08\x08\r\n").startswith("shx\b \bow priv\b \b")


def test_enable_asks_three_times(pix, ios) -> None:
    shell = pix.device.open_shell()
    shell.start()
    assert shell.feed("enable\r") == "enable\r\nPassword: "
    assert shell.feed("wrong\r") == "\r\nInvalid password\r\nPassword: "
    assert shell.feed("wrong\r") == "\r\nInvalid password\r\nPassword: "
    assert shell.feed("wrong\r") == "\r\nInvalid password\r\nAccess denied.\r\n\rpixfirewall> "
    assert shell.feed("en\radmin\r") == "en\r\nPassword: \r\n\rpixfirewall# "
    assert shell.feed("disable\r").endswith("\rpixfirewall> ")
    shell = ios.device.open_shell()
    shell.start()
    assert shell.feed("enable\rx\rx\rx\r").endswith("\r\n% Bad secrets\r\n\r\nRouter>")
    assert "Translating" in shell.feed("configure\r")
    assert shell.feed("enable\radmin\r").endswith("Password: \r\nRouter#")


def test_login_on_a_pix_reaches_the_exec_mode(pix) -> None:
    shell = pix.device.open_shell()
    shell.start()
    assert shell.feed("login\radmin\r") == "login\r\nUsername: admin\r\nPassword: "
    assert shell.feed("admin\r") == "\r\n\rpixfirewall# "


def test_leaving_closes_the_session(pix, ios) -> None:
    assert pix.shell.feed("exit\r") == "exit\r\n\r\nLogoff\r\n\r\n"
    assert ios.shell.feed("exit\r") == "exit\r\n"
    assert pix.shell.closed
    assert ios.shell.closed


@pytest.mark.parametrize("end", ["end\r", "\x1a"])
def test_end_and_control_z_leave_every_mode(ios, end: str) -> None:
    ios.type("configure terminal")
    ios.type("interface e0/0")
    assert ios.shell.feed(end).endswith("\r\nRouter#")


def test_a_long_answer_comes_in_pages(ios, pix) -> None:
    shell = ios.device.open_shell(privileged=True)
    shell.start()
    first = shell.feed("show running-config\r")
    assert first.endswith("\r\n --More-- ")
    assert first.count("\r\n") == 24
    erase = "\b" * 10 + " " * 10 + "\b" * 10
    line = shell.feed("\r")
    assert line.startswith(erase)
    assert line.count("\r\n") == 1
    assert shell.feed(" ").count("\r\n") == 23
    assert shell.feed("q") == f"{erase}Router#"
    assert shell.feed("show running-config\r" + " " * 3).endswith("end\r\n\r\nRouter#")
    shell = pix.device.open_shell(privileged=True)
    shell.start()
    assert shell.feed("show running-config\r").endswith("<--- More --->")
    assert shell.feed("q") == "\r" + " " * 14 + "\r\rpixfirewall# "


def test_pages_can_be_turned_off(ios, pix) -> None:
    for session, lines in ((ios, ["terminal length 0"]), (pix, ["terminal pager 0"]), (pix, ["no terminal pager"])):
        shell = session.device.open_shell(privileged=True)
        shell.start()
        for line in lines:
            assert shell.feed(line + "\r").count("\r\n") == 1
        assert "More" not in shell.feed("show running-config\r")
    assert "pager lines 24" in pix.device.running_config()


def test_a_line_longer_than_the_screen_is_shifted_and_still_taken_whole(pix, ios) -> None:
    line = "access-list A extended permit ip 10.100.100.0 255.255.255.0 10.200.200.0 255.255.255.0"
    for session, wide in ((pix, "terminal width 511"), (ios, "terminal width 0")):
        shell = session.device.open_shell(privileged=True)
        shell.start()
        shell.feed("configure terminal\r")
        if session is ios:
            line = "access-list 101 permit ip 10.100.100.0 0.0.0.255 10.200.200.0 0.0.0.255 log"
        printed = shell.feed(line + "\r")
        assert line not in printed
        assert "$" in printed
        assert "Invalid" not in printed
        shell.feed(
            ("end\r" if session is ios else "") + wide + "\r" + ("configure terminal\r" if session is ios else "")
        )
        assert line in shell.feed(line + "\r")
    assert line in ios.device.running_config()
    assert "terminal width 511" in pix.device.running_config()


def test_a_question_mark_lists_what_may_follow_and_types_the_line_again(ios) -> None:
    printed = ios.shell.feed("show running-config ?")
    assert "  all\r\n" in printed
    assert printed.endswith("Router#show running-config ")
    assert ios.shell.feed("\r").startswith("\r\nBuilding configuration...")


def test_sessions_share_the_configuration_and_have_modes_of_their_own(ios) -> None:
    other = ios.device.open_shell(privileged=True)
    other.start()
    ios.type("configure terminal")
    ios.type("hostname hub")
    assert other.feed("\r") == "\r\nhub#"


def test_what_was_typed_is_kept_without_keys(ios) -> None:
    ios.enter(
        "crypto isakmp key s3cret address 192.0.2.1",
        "cr isa key s3cret address 192.0.2.1",
        "username u password s3cret",
    )
    assert "[1] Router(config)#crypto isakmp key *** address 192.0.2.1" in ios.device.received
    assert "s3cret" not in "\n".join(ios.device.received)
    assert "s3cret" in ios.device.running_config()
    assert "s3cret" not in ios.device.masked_config()


def faulty(golden, session, *faults: str, platform: str = "ios-12.4"):
    return session(Device.from_text(platform, golden(f"{platform}-start.cfg"), faults=faults))


def test_a_connection_drops_before_or_behind_a_line(golden, session) -> None:
    for fault, stored in (("drop-at:2", False), ("drop-after:/^hostname/", True)):
        typed = faulty(golden, session, fault)
        typed.enter("ip http server", "hostname hub", "no ip http server")
        assert typed.shell.dropped
        assert ("hostname hub" in typed.device.running_config()) is stored
        assert "ip http server" in comparable(typed.device.running_config())
        again = session(typed.device)
        assert again.enter("hostname again") == {}


def test_a_line_is_refused_on_demand(golden, session) -> None:
    typed = faulty(golden, session, "refuse:1", "refuse:/^ip route/:% No room")
    typed.type("configure terminal")
    assert typed.type("hostname hub").endswith("% Invalid input detected at '^' marker.\n")
    assert typed.type("hostname hub") == ""
    assert typed.type("ip route 10.0.0.0 255.0.0.0 192.168.1.9") == "% No room"
    assert typed.prompt == "hub(config)#"
    assert "ip route 10.0.0.0" not in typed.device.running_config()


def test_saving_fails_on_demand(golden, session) -> None:
    typed = faulty(golden, session, "nvram-full")
    typed.enter("hostname hub")
    typed.type("write memory")
    assert typed.raw.endswith("Truncate config?? [no]: ")
    typed.type("")
    assert "hostname hub" not in typed.device.startup_config()
    typed = faulty(golden, session, "nvram-full", "no-more", platform="pix-7.2")
    assert typed.type("write memory").endswith("[FAILED]")
    assert typed.type("more system:running-config") == "Command authorization failed"


def test_noise_and_a_banner_come_on_demand(golden, session) -> None:
    typed = faulty(golden, session, "garbage:1", "banner:Keep out!|Router#")
    assert typed.raw.startswith("Keep out!\r\nRouter#\r\n")
    assert "\x1b[2J" in typed.enter("ip http server")["ip http server"]


def test_a_fault_that_nobody_knows_is_an_error(golden) -> None:
    with pytest.raises(ValueError, match="unknown fault: earthquake"):
        Device.from_text("ios-12.4", golden("ios-12.4-start.cfg"), faults=["earthquake"])
