# Copyright: The netvpn.dynamic_l2l contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""Before the first line: is there an address, a way out, an answer? On texts of devices, by configuration and by asking."""

from __future__ import annotations

from typing import Any

import pytest
from _core.asa import parse as asa_parse
from _core.errors import TransportError
from _core.intent import Intent
from _core.ios import parse as ios_parse
from _core.preflight import Checks, PreconditionError, asa_checks, failed, ios_checks
from core_support.golden import seed
from core_support.scenario import intent, options, responder, tunnel
from hypothesis import given
from hypothesis import strategies as st

PIX = seed("pix-7.2-start.cfg")
ROUTER = seed("ios-12.4-start.cfg")

#: The table of both platforms (ntc-templates, cisco_ios_show_ip_interface_brief: a 12.4 capture's columns).
BRIEF = """\
Interface                  IP-Address      OK? Method Status                Protocol
Ethernet0                  172.16.1.1      YES DHCP   up                    up
Ethernet1                  10.1.1.2        YES CONFIG up                    up
"""
#: Total failure has no round-trip part (captures; see the emulated devices' sources).
PING = """\
Type escape sequence to abort.
Sending 5, 100-byte ICMP Echos to 192.168.1.2, timeout is 2 seconds:
{}
Success rate is {}
"""
ANSWERED = PING.format("!!!!!", "100 percent (5/5), round-trip min/avg/max = 1/2/4 ms")
FIRST_LOST = PING.format("?!!!!", "80 percent (4/5), round-trip min/avg/max = 1/2/4 ms")
LOST = PING.format("?????", "0 percent (0/5)")
#: The router's, of the same capture's columns.
ROUTER_BRIEF = """\
Interface                  IP-Address      OK? Method Status                Protocol
Ethernet0/0                192.168.1.2     YES NVRAM  up                    up
FastEthernet1/0            10.2.1.1        YES NVRAM  up                    up
"""
GATEWAY = "show ip route | include Gateway of last resort"
ROUTER_READY = {"show ip interface brief": ROUTER_BRIEF}
READY = {"show interface ip brief": BRIEF, "ping 192.168.1.2": ANSWERED}


class Device:
    """Answers commands, echo and prompt around, and remembers them."""

    def __init__(self, answers: dict[str, str]) -> None:
        self.answers = answers
        self.typed: list[str] = []

    def ask(self, command: str) -> str:
        command = " ".join(command.split())
        self.typed.append(command)
        return f"{command}\r\n{self.answers[command]}\r\npix# "


def asa(text: str = PIX, wanted: Intent | None = None, **given_: Any) -> Checks:
    return asa_checks(asa_parse.parse(text), wanted or intent(), "pix", options(**given_))


def ios(text: str = ROUTER, wanted: Intent | None = None, **given_: Any) -> Checks:
    return ios_checks(ios_parse.parse(text), wanted or intent(), "hub", options(**given_))


def codes(checks: Checks, answers: dict[str, str]) -> list[str]:
    return [finding.code for finding in checks.carry_out(Device(answers).ask)]


def test_an_initiator_that_is_ready_gives_nothing_and_is_asked_little() -> None:
    device = Device(READY)
    assert asa().carry_out(device.ask) == []
    assert device.typed == ["show interface ip brief", "ping 192.168.1.2"]
    assert codes(asa(), READY | {"ping 192.168.1.2": FIRST_LOST}) == []


@pytest.mark.parametrize(
    ("answers", "found"),
    [
        ({"show interface ip brief": BRIEF.replace("172.16.1.1", "unassigned")}, ["preflight-no-address"]),
        ({"show interface ip brief": BRIEF.replace("up  ", "down", 1)}, ["preflight-interface-down"]),
        ({"show interface ip brief": "Command authorization failed"}, ["preflight-unclear"]),
        ({"show interface ip brief": ""}, ["preflight-unclear"]),
        ({"ping 192.168.1.2": LOST}, ["preflight-no-answer"]),
        ({"ping 192.168.1.2": "ERROR: % Invalid input detected at '^' marker."}, ["preflight-unclear"]),
    ],
)
def test_what_is_missing_is_found(answers: dict[str, str], found: list[str]) -> None:
    assert codes(asa(), READY | answers) == found


def test_nobody_is_pinged_without_an_address() -> None:
    device = Device(READY | {"show interface ip brief": BRIEF.replace("172.16.1.1", "unassigned")})
    asa().carry_out(device.ask)
    assert device.typed == ["show interface ip brief"]


@pytest.mark.parametrize(
    "state", ["down                  down", "administratively down up", "up                    down"]
)
def test_an_interface_that_is_down_is_found_whatever_its_address_is(state: str) -> None:
    static = PIX.replace(" ip address dhcp", " ip address 172.16.1.1 255.255.255.0")
    assert asa(static).carry_out(Device(READY).ask) == []
    down = BRIEF.replace("up                    up", state, 1)
    assert codes(asa(static), READY | {"show interface ip brief": down}) == ["preflight-interface-down"]
    router = ROUTER_BRIEF.replace("up                    up", state, 1)
    assert codes(ios(), {"show ip interface brief": router}) == ["preflight-interface-down"]


def test_an_interface_without_any_address_is_found_without_asking_for_it() -> None:
    bare = PIX.replace(" ip address dhcp", " no ip address")
    assert codes(asa(bare, outside_interface="outside"), READY) == ["preflight-no-address"]


@pytest.mark.parametrize(
    ("answer", "found"),
    [
        ("Gateway of last resort is 172.16.1.2 to network 0.0.0.0\n\nd* 0.0.0.0 0.0.0.0 [1/0] via 172.16.1.2", []),
        ("Gateway of last resort is not set\n", ["preflight-no-default-route"]),
        ("", ["preflight-unclear"]),
    ],
)
def test_a_route_that_the_configuration_does_not_show_is_asked_for(answer: str, found: list[str]) -> None:
    without = PIX.replace("route outside 0.0.0.0 0.0.0.0 172.16.1.2 1\n", "")
    assert without != PIX
    checks = asa(without, outside_interface="outside")
    assert codes(checks, READY | {"show route": answer}) == found
    leased = without.replace(" ip address dhcp", " ip address dhcp setroute")
    assert codes(asa(leased), READY) == []


def test_a_responder_pings_nobody() -> None:
    device = Device(ROUTER_READY)
    assert ios().carry_out(device.ask) == []
    assert device.typed == ["show ip interface brief"]


def test_a_responder_needs_the_address_that_is_called_or_a_translation_in_front() -> None:
    elsewhere = intent([responder(address="192.0.2.9")])
    named = ios(wanted=elsewhere, outside_interface="Ethernet0/0")
    assert codes(named, ROUTER_READY) == ["preflight-address-elsewhere"]
    assert codes(ios(wanted=elsewhere, behind_nat=True), ROUTER_READY) == []
    inside = intent([responder(address="10.2.1.1")])
    (found,) = ios(wanted=inside, outside_interface="Ethernet0/0").carry_out(Device(ROUTER_READY).ask)
    assert found.code == "preflight-address-elsewhere"
    assert (
        "call 10.2.1.1, which FastEthernet1/0 has, and the crypto map is on Ethernet0/0 (192.168.1.2)" in found.message
    )


@pytest.mark.parametrize(
    ("address", "found"),
    [
        ("192.168.1.2", []),
        ("192.0.2.7", ["preflight-address-elsewhere"]),
        ("unassigned", ["preflight-no-address"]),
    ],
)
def test_an_address_that_a_router_negotiates_is_asked_for(address: str, found: list[str]) -> None:
    text = ROUTER.replace(" ip address 192.168.1.2 255.255.255.0", " ip address dhcp")
    assert text != ROUTER
    brief = ROUTER_BRIEF.replace("192.168.1.2", address)
    asked = READY | {
        "show ip interface brief": brief,
        GATEWAY: "Gateway of last resort is 192.168.1.1 to network 0.0.0.0",
    }
    assert codes(ios(text, outside_interface="Ethernet0/0"), asked) == found


def test_a_responder_needs_a_default_route() -> None:
    without = ROUTER.replace("ip route 0.0.0.0 0.0.0.0 192.168.1.1\n", "")
    unset = ROUTER_READY | {GATEWAY: "Gateway of last resort is not set"}
    assert codes(ios(without), unset) == ["preflight-no-default-route"]
    learnt = ROUTER_READY | {GATEWAY: "Gateway of last resort is 192.168.1.1 to network 0.0.0.0"}
    assert codes(ios(without), learnt) == []


def test_tunnels_that_go_need_nothing() -> None:
    gone = intent(tunnels=[tunnel(state="absent")])
    assert asa(wanted=gone) == Checks()
    assert ios(wanted=gone) == Checks()


def test_failing_names_everything_that_is_missing_and_what_is_unclear_stops_nobody() -> None:
    answers = READY | {"show interface ip brief": "", "ping 192.168.1.2": LOST}
    found = asa().carry_out(Device(answers).ask)
    assert {finding.code for finding in failed(found)} == {"preflight-no-answer"}
    error = PreconditionError(failed(found))
    assert "192.168.1.2) does not answer ping" in str(error)
    assert "nothing was" in str(error).lower()


def test_a_lost_connection_says_where_it_happened() -> None:
    def ask(_command: str) -> str:
        raise TransportError("the connection to the device was lost.")

    with pytest.raises(TransportError, match=r"preflight, 'show interface ip brief'.*Nothing was changed"):
        asa().carry_out(ask)


@given(st.text(max_size=200), st.text(max_size=200))
def test_no_text_is_an_error(brief: str, ping: str) -> None:
    codes(asa(), {"show interface ip brief": brief, "ping 192.168.1.2": ping})
