# Copyright: The netvpn.dynamic_l2l contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""Logs and debugging: bounded, only where allowed, never on a busy device, off again whatever happens, and no key in it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

import pytest
from _core.diagnosis.collect import DEBUGGING, MOST_ROWS, Collected, CollectError, Request, collect
from _core.diagnosis.debugging import Debugging
from _core.errors import InputError, TransportError
from core_support import golden

ASA, IOS = DEBUGGING["asa"], DEBUGGING["ios"]

#: ios-show.md C6, ``show logging``; two rows of the reference document's log behind it.
IOS_LOG = """Syslog logging: enabled (0 messages dropped, 3 messages rate-limited, 0 flushes, 0 overruns, xml disabled, filtering disabled)
    Console logging: level debugging, 9 messages logged, xml disabled,
                     filtering disabled
    Buffer logging:  level debugging, 9 messages logged, xml disabled,
                    filtering disabled
    Trap logging: level informational, 9 message lines logged

Log Buffer (4096 bytes):
*Feb 22 13:51:57.319: ISAKMP (0:0): received packet from 172.16.1.1 dport 500 sport 500 Global (N) NEW SA
*Feb 22 13:51:57.323: %PARSER-5-CFGLOG_LOGGEDCMD: User:admin  logged command:crypto isakmp key cisco123 address 0.0.0.0 0.0.0.0
"""

PIX_LOG = """Syslog logging: enabled
    Facility: 20
    Timestamp logging: disabled
    Buffer logging: level debugging, 4 messages logged
    Trap logging: disabled
%PIX-5-111008: User 'enable_15' executed the 'pre-shared-key cisco123' command.
%PIX-5-713119: Group = 192.168.1.2, IP = 192.168.1.2, PHASE 1 COMPLETED
"""

PEER = "172.16.1.1"


@dataclass
class Router:
    """An IOS router as far as ``collect`` speaks to it; ``prints`` comes on its own while debugging is on.

    Texts: ios-show.md C6.
    """

    load: str = "CPU utilization for five seconds: 20%/6%; one minute: 31%; five minutes: 19%"
    prints: Sequence[str] = ("*Feb 22 13:51:57.319: ISAKMP:(0): SA request profile is (NULL)",)
    on: list[str] = field(default_factory=list)
    conditions: bool = True
    condition: str = ""
    others_condition: bool = False
    typed: list[str] = field(default_factory=list)
    #: the number of the request that does not come back
    breaks: int | None = None
    stubborn: bool = False
    refuses: str = ""
    monitoring: bool = False
    prompt: str = "hub#"
    log: str = IOS_LOG
    glues: bool = True

    def read(self, command: str) -> str:
        return self._answer(command)

    def write(self, lines: Sequence[str], question: str | None = None, reply: str = "no") -> list[str]:
        raise AssertionError("nothing is written")

    def drop(self) -> None: ...

    def listen(self, lines: Sequence[str], last: str, ends: str) -> str:
        printed = self.prompt + self._own()
        for line in lines:
            printed += f"{line}\r\n{self._answer(line)}\r\n{self.prompt}"
        # What comes on its own is not held back by what is typed.
        return f"{printed}{self._own()}{last}\r\nCurrent privilege level is 15\r\n"

    def _own(self) -> str:
        """An IOS router prints no prompt behind such a line, and no end of line either (ios-session.md 1.6)."""
        if not (self.on and self.monitoring):
            return ""
        rows = "".join(f"\r\n{row}" for row in self.prints)
        return rows if self.glues else f"{rows}\r\n{self.prompt}"

    def _answer(self, command: str) -> str:
        self.typed.append(command)
        if self.breaks is not None and self.breaks <= len(self.typed):
            raise TransportError("the connection to the device was lost; the connection was closed.")
        if self.refuses and command.startswith(self.refuses):
            return "     ^\r\n% Invalid input detected at '^' marker.\r\n"
        kinds = {"debug crypto isakmp": "Crypto ISAKMP", "debug crypto ipsec": "Crypto IPSEC"}
        if command in kinds:
            self.on.append(f"  {kinds[command]} debugging is on")
            return f"{kinds[command]} debugging is on"
        if command.startswith("no debug crypto") and command[3:] in kinds:
            if not self.stubborn:
                self.on = [row for row in self.on if kinds[command[3:]] not in row]
            return f"{kinds[command[3:]]} debugging is off"
        if "crypto condition" in command:
            if not self.conditions:
                return "% Invalid input detected at '^' marker."
            self.condition = "" if command.startswith("no ") else command
            return ""
        if command == "show  crypto debug-condition":
            return f"Crypto conditional debug currently is turned {'ON' if self.others_condition else 'OFF'}"
        if command in ("terminal monitor", "terminal no monitor"):
            self.monitoring = command == "terminal monitor"
            return ""
        if command == "show  debugging":
            return "\r\n".join(["", "Cryptographic Subsystem:", *self.on]) if self.on else ""
        if command.startswith("show  processes cpu"):
            return self.load
        if command.startswith("ping "):
            return "Sending 5, 100-byte ICMP Echos to 10.2.1.1, timeout is 2 seconds:\r\n!!!!!\r\nSuccess rate is 100 percent (5/5)"
        assert command == "show  logging", command
        return self.log


@dataclass
class Firewall(Router):
    """A PIX 7.2: debugging belongs to the session. The wording of ``show debug`` is unsourced for 7.2."""

    load: str = "CPU utilization for 5 seconds = 1%; 1 minute: 0%; 5 minutes: 0%"
    prints: Sequence[str] = ("Feb 22 01:39:59 [IKEv1]: IP = 192.168.1.2, IKE Initiator: New Phase 1",)
    monitoring: bool = True
    conditions: bool = False
    prompt: str = "pixfirewall# "
    glues: bool = False

    def _answer(self, command: str) -> str:
        if command.startswith(("debug crypto is", "debug crypto ip")):
            self.typed.append(command)
            self.on.append(f"{command.rsplit(' ', 1)[0]} enabled at level 7")
            return self.on[-1]
        if command.startswith("no debug crypto i"):
            self.typed.append(command)
            self.on = [row for row in self.on if not row.startswith(command[3:])]
            return ""
        if command == "show  debug":
            return "\r\n".join(self.on)
        if command == "show  cpu usage":
            return self.load
        if command == "show  logging":
            return PIX_LOG
        return super()._answer(command)


class Time:
    """Passes only where it is told to."""

    def __init__(self) -> None:
        self.passed = 0.0

    def now(self) -> float:
        return self.passed

    def pause(self, seconds: float) -> None:
        self.passed += seconds


def gathered(device: Router, how: Debugging = IOS, clock: Time | None = None, **asked: object) -> Collected:
    return collect(device, how, Request(**asked), clock or Time(), keys=["sesame"])  # type: ignore[arg-type]


def test_the_buffer_is_read_without_its_head_and_without_keys() -> None:
    found = gathered(Router())
    assert found.buffer == (
        "*Feb 22 13:51:57.319: ISAKMP (0:0): received packet from 172.16.1.1 dport 500 sport 500 Global (N) NEW SA",
        "(a line that is not shown)",
    )
    assert found.hidden == 1
    assert found.commands == ("show logging",)
    assert not found.debug


def test_a_pix_shows_its_buffer_without_a_word_between_head_and_messages() -> None:
    found = gathered(Firewall(), ASA)
    assert found.buffer[1].endswith("PHASE 1 COMPLETED")
    assert found.buffer[0] == "(a line that is not shown)"
    assert "cisco123" not in str(found)


def test_nothing_is_debugged_unless_that_is_allowed() -> None:
    device = Router()
    gathered(device)
    assert device.typed == ["show  logging"]


@pytest.mark.parametrize(("device", "how"), [(Router(), IOS), (Firewall(), ASA)], ids=["ios", "asa"])
def test_debugging_is_bounded_and_off_again(device: Router, how: Debugging) -> None:
    clock = Time()
    found = gathered(device, how, clock, allow_debug=True, seconds=10, buffer=False)
    assert clock.passed == 10
    assert set(found.debug) == set(device.prints)
    assert not device.on
    assert [line for line in found.commands if line.startswith("no debug")] == [d.off for d in reversed(how.debugs)]
    assert device.monitoring is (how is ASA)


def test_one_peer_alone_is_debugged_where_the_release_can() -> None:
    device = Router()
    found = gathered(device, allow_debug=True, peer=PEER)
    assert found.conditional
    assert "debug crypto condition peer ipv4 172.16.1.1" in found.commands
    assert found.commands[-1] == "no debug crypto condition peer ipv4 172.16.1.1"
    assert not device.condition


def test_a_release_that_cannot_says_so_and_debugs_all() -> None:
    found = gathered(Firewall(), ASA, allow_debug=True, peer=PEER)
    assert not found.conditional
    assert "cannot debug one peer alone" in found.notes[0]
    assert found.debug


def test_a_busy_device_is_left_alone() -> None:
    device = Router(load="CPU utilization for five seconds: 97%/6%; one minute: 31%; five minutes: 19%")
    with pytest.raises(CollectError, match=r"busy \(97 % .* max_cpu is 60"):
        gathered(device, allow_debug=True)
    assert not [line for line in device.typed if "debug crypto" in line]


def test_a_device_that_does_not_tell_its_load_is_left_alone() -> None:
    with pytest.raises(CollectError, match="does not tell how busy"):
        gathered(Router(load="% Invalid input detected at '^' marker."), allow_debug=True)


def test_what_somebody_else_debugs_stays_on() -> None:
    device = Router(on=["  Crypto ISAKMP debugging is on"])
    found = gathered(device, allow_debug=True)
    assert device.on == ["  Crypto ISAKMP debugging is on"]
    assert "no debug crypto isakmp" not in found.commands
    assert "no debug crypto ipsec" in found.commands


def test_a_condition_of_somebody_else_is_not_touched() -> None:
    device = Router(others_condition=True)
    with pytest.raises(CollectError, match="somebody has limited"):
        gathered(device, allow_debug=True, peer=PEER)
    assert not device.on


def test_a_refused_line_takes_back_what_was_typed() -> None:
    device = Router(refuses="debug crypto ipsec")
    with pytest.raises(CollectError, match="refused 'debug crypto ipsec': % Invalid input"):
        gathered(device, allow_debug=True)
    assert not device.on
    assert not device.monitoring


def test_a_failure_of_our_own_leaves_nothing_on() -> None:
    class Interrupted(Time):
        def pause(self, seconds: float) -> None:
            raise KeyboardInterrupt

    device = Router()
    with pytest.raises(KeyboardInterrupt):
        gathered(device, clock=Interrupted(), allow_debug=True)
    assert not device.on
    assert not device.monitoring


def test_a_device_that_keeps_it_on_is_named() -> None:
    with pytest.raises(CollectError, match=r"does not show the debugging that it showed before .* type 'undebug all'"):
        gathered(Router(stubborn=True), allow_debug=True)


@pytest.mark.parametrize("at", range(3, 14))
def test_a_lost_connection_says_what_to_type(at: int) -> None:
    device = Router(breaks=at)
    with pytest.raises((CollectError, TransportError)) as raised:
        gathered(device, allow_debug=True, peer=PEER)
    if device.on:
        assert "no debug crypto isakmp" in str(raised.value)
    if len(device.on) == 2:
        assert "no debug crypto ipsec" in str(raised.value)


def test_a_flood_ends_the_debugging() -> None:
    device = Router(prints=["*Feb 22 13:51:57.319: ISAKMP:(0): row"] * (MOST_ROWS // 2))
    clock = Time()
    found = gathered(device, clock=clock, allow_debug=True, seconds=300)
    assert clock.passed < 300
    assert "ended early" in found.notes[-1]
    assert not device.on


def test_what_makes_it_negotiate_is_typed_until_time_is_over() -> None:
    device = Firewall()
    found = gathered(device, ASA, allow_debug=True, seconds=6, probe=("ping inside 10.2.1.1",))
    assert device.typed.count("ping inside 10.2.1.1") == 3
    assert "!!!!!" not in str(found.debug)
    assert found.commands.count("ping inside 10.2.1.1") == 1


def test_a_router_without_a_buffer_has_no_rows() -> None:
    device = Router()
    device.log = IOS_LOG.partition("Log Buffer")[0] + "    Count and timestamp logging messages: disabled\n"
    assert gathered(device).buffer == ()


def test_no_row_holds_a_key_of_the_intent() -> None:
    found = gathered(Router(prints=["*Feb 22 13:51:57.319: ISAKMP:(0): found open sesame"]), allow_debug=True)
    assert "sesame" not in str(found.as_dict())
    assert found.hidden


def test_the_reference_log_comes_through_whole() -> None:
    # Its first row is the prompt with the command that is typed here as well.
    rows = [row for row in golden.seed("ios-12.4-debug-isakmp.txt").splitlines() if row.strip()][1:]
    found = gathered(Router(prints=rows), allow_debug=True, seconds=1, buffer=False)
    assert list(found.debug[: len(rows)]) == [row.rstrip() for row in rows]


@pytest.mark.parametrize(
    ("asked", "told"),
    [
        ({"seconds": 0}, "seconds = 0"),
        ({"seconds": 301}, "1 to 300"),
        ({"max_cpu": 0}, "max_cpu"),
        ({"peer": "osaka"}, "peer = osaka"),
    ],
)
def test_what_cannot_be_asked_for_is_refused(asked: dict[str, object], told: str) -> None:
    with pytest.raises(InputError, match=told):
        Request(**asked)  # type: ignore[arg-type]
