# Copyright: The netvpn.dynamic_l2l contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""The conversation with a device: reading whole, writing guardedly, the way back, and no key anywhere."""

from __future__ import annotations

from collections.abc import Sequence

import pytest
from _core.asa.dialect import CLI as ASA
from _core.errors import CoreError, DeviceError, ReadError, TransportError
from _core.ios.dialect import CLI as IOS
from _core.secret import Secret
from _core.session import LINES_PER_WRITE, Cli, Session, split_answers, trim_read
from _core.steps import Line, Step
from core_support import golden
from core_support.asa_device import AsaDevice
from core_support.asa_worlds import PAT
from core_support.asa_worlds import start as asa_start
from core_support.ios_device import IosDevice
from core_support.ios_worlds import start as ios_start
from core_support.scenario import intent, options, plan_asa, plan_ios, responder
from core_support.transports import ModelTransport, ScriptedTransport

PIX = golden.seed("pix-7.2-running-config.cfg")
ROUTER = golden.seed("ios-12.4-running-config.cfg")

#: Lines that a reader by patterns stumbles over: a prompt, the command, refusals, trailers of other texts.
STUMBLING = (
    "hub#",
    "hub(config)#",
    "pixfirewall# show running-config",
    "show  running-config",
    "more  system:running-config",
    "% Invalid input detected at '^' marker.",
    "ERROR: % Incomplete command",
    "line not found",
    "[no]:",
    "--More--",
    "end",
    ": end",
)

# --- reading --------------------------------------------------------------------------------------------------------


def same_rows(one: str, two: str) -> bool:
    return [row.rstrip() for row in one.splitlines()] == [row.rstrip() for row in two.splitlines()]


@pytest.mark.parametrize("end", ["\n", "\r\n"])
@pytest.mark.parametrize(("cli", "text"), [(ASA, PIX), (IOS, ROUTER)], ids=["asa", "ios"])
def test_a_configuration_is_read_line_for_line_without_echo_and_prompt(cli: object, text: str, end: str) -> None:
    raw = f"show  running-config{end}" + text.replace("\n", end) + f"{end}hub# "
    read = trim_read(raw, cli)  # type: ignore[arg-type]
    assert read is not None
    assert same_rows(read, text)


@pytest.mark.parametrize("row", STUMBLING)
def test_text_that_looks_like_something_else_is_kept_on_pix(row: str) -> None:
    more = f"banner motd {row}\nbanner motd ^C\naccess-list A remark {row}\n"
    text = PIX.replace("pager lines 24\n", f"{more}pager lines 24\n").replace(
        " nameif inside\n", f" description {row}\n nameif inside\n"
    )
    read = trim_read(f"more  system:running-config\n{text}\npixfirewall# ", ASA)
    assert read is not None
    assert same_rows(read, text)


@pytest.mark.parametrize("row", STUMBLING)
def test_text_that_looks_like_something_else_is_kept_on_ios(row: str) -> None:
    banner = f"banner motd ^C\n{row}\n{row} \n^C\n"
    text = ROUTER.replace("line con 0\n", f"{banner}line con 0\n").replace(
        " half-duplex\n", f" description {row}\n half-duplex\n"
    )
    read = trim_read(f"show  running-config\n{text}\nRouter#", IOS)
    assert read is not None
    assert same_rows(read, text)


def test_asdm_lines_behind_the_end_are_kept() -> None:
    tail = "asdm image flash:/asdm-522.bin\nno asdm history enable\n"
    read = trim_read(f"{PIX}{tail}pixfirewall# ", ASA)
    assert read is not None
    assert read.endswith(f": end\n{tail}")


def test_a_log_line_behind_the_end_is_nobodys() -> None:
    read = trim_read(f"{ROUTER}*Mar  1 00:42:37.815: %SYS-5-CONFIG_I: Configured from console\nRouter#", IOS)
    assert read is not None
    assert read.endswith("\nend\n")


@pytest.mark.parametrize("cut", range(5, len(ROUTER.splitlines()) - 1, 7))
def test_a_configuration_that_was_cut_short_is_refused(cut: int) -> None:
    raw = "\n".join(["show  running-config", *ROUTER.splitlines()[:cut]]) + "\nRouter#"
    with pytest.raises(ReadError, match="cut short"):
        trim_read(raw, IOS)


def test_a_trailer_inside_a_banner_is_none() -> None:
    cut = ROUTER.replace("line con 0\n", "banner motd ^C\nthe\nend\n^C\nline con 0\n").split("line aux")[0]
    with pytest.raises(ReadError, match="cut short"):
        trim_read(f"show  running-config\n{cut}\nRouter#", IOS)


def test_an_answer_that_is_no_configuration_is_none() -> None:
    assert trim_read("more  system:running-config\nCommand authorization failed\npix# ", ASA) is None
    assert trim_read("show  running-config\n% Invalid input detected at '^' marker.\n\nhub>", IOS) is None


def test_a_cut_read_drops_the_connection() -> None:
    transport = ScriptedTransport({"show running-config": ROUTER.removesuffix("end\n") + "Router#"})
    with pytest.raises(ReadError):
        Session(transport, IOS).read()
    assert transport.dropped


def test_a_device_that_shows_nothing_is_told_with_its_answers_and_dropped() -> None:
    transport = ScriptedTransport(
        {"more system:running-config": "more  system:running-config\nCommand authorization failed\npix# "}
    )
    with pytest.raises(ReadError) as error:
        Session(transport, ASA).read()
    assert "more system:running-config: " in str(error.value)
    assert "Command authorization failed" in str(error.value)
    assert "Invalid input" in str(error.value)
    assert transport.dropped


@pytest.mark.parametrize("shown", ["crypto isakmp key S3cret99 address 0.0.0.0 0.0.0.0", "S3cret99"])
@pytest.mark.parametrize(("cli", "text"), [(ASA, PIX), (IOS, ROUTER)], ids=["asa", "ios"])
def test_a_configuration_without_its_beginning_is_refused_and_no_line_of_it_is_shown(
    cli: Cli, text: str, shown: str
) -> None:
    tail = [shown, *text.splitlines()[-20:]]
    for rows in (tail, tail[:1], tail[:1] + tail[-1:]):
        transport = ScriptedTransport({" ".join(read.split()): "\n".join([*rows, "hub#"]) for read in cli.reads})
        with pytest.raises(ReadError, match=r"begins without its first line.*Nothing was changed") as error:
            Session(transport, cli).read()
        assert "S3cret" not in str(error.value)
        assert transport.dropped
        # The masked configuration is no second chance for a clear one that came in pieces.
        assert transport.typed[-1] == cli.reads[0]


@pytest.mark.parametrize(
    ("cli", "text", "family", "module"),
    [(ASA, ROUTER, "an IOS device", "ios_ipsec_l2l"), (IOS, PIX, "a PIX/ASA", "asa_ipsec_l2l")],
    ids=["asa", "ios"],
)
def test_a_device_of_the_other_family_is_told_by_its_configuration(
    cli: Cli, text: str, family: str, module: str
) -> None:
    whole = text if text.startswith(":") else f"Building configuration...\n\n{text}"
    transport = ScriptedTransport({"show running-config": f"{whole}hub#"})
    with pytest.raises(ReadError, match="Nothing was changed") as error:
        Session(transport, cli).read()
    assert f"the device is {family}" in str(error.value)
    assert module in str(error.value)
    assert transport.dropped


LEVELS = {
    "show privilege": "Current privilege level is {}",
    "show curpriv": "Username : admin\nCurrent privilege level : {}\nCurrent Mode/s : P_PRIV",
}
IOS_LEVELS = ("show privilege",)


@pytest.mark.parametrize("command", LEVELS)
@pytest.mark.parametrize("level", [1, 7, 14])
def test_a_session_of_a_lower_level_is_refused_before_it_reads(command: str, level: int) -> None:
    transport = ScriptedTransport({command: f"{command}\n{LEVELS[command].format(level)}\nhub#"})
    with pytest.raises(ReadError, match=rf"level {level},.*ansible_become.*Nothing was changed"):
        Session(transport, IOS if command in IOS_LEVELS else ASA).read()
    assert transport.dropped
    assert not any("running-config" in line for line in transport.typed)


@pytest.mark.parametrize("command", LEVELS)
def test_a_session_of_the_highest_level_is_asked_once(command: str) -> None:
    answer = f"{command}\n{LEVELS[command].format(15)}\nhub#"
    cli, whole = (
        (IOS, f"Building configuration...\n{ROUTER}hub#")
        if command in IOS_LEVELS
        else (ASA, f": Saved\n:\n{golden.seed('pix-7.2-start.cfg')}hub#")
    )
    transport = ScriptedTransport({command: answer, "show running-config": whole})
    session = Session(transport, cli)
    assert session.read() == session.read()
    assert sum(" ".join(line.split()) == command for line in transport.typed) == 1


def test_a_connection_that_breaks_while_reading_changed_nothing_and_says_what_to_do() -> None:
    class Away(ModelTransport):
        def read(self, command: str) -> str:
            raise TransportError("the device did not answer within ansible_command_timeout; the connection was closed.")

    with pytest.raises(ReadError) as error:
        Session(Away(AsaDevice(PIX)), ASA).read()
    assert str(error.value) == (
        "the running configuration could not be read: the device did not answer within ansible_command_timeout; the "
        "connection was closed. Nothing was changed. Run again, if need be with a longer ansible_command_timeout."
    )


def test_a_configuration_that_cannot_be_read_back_is_not_called_unchanged() -> None:
    class Away(ModelTransport):
        def read(self, command: str) -> str:
            if self.writes:
                raise TransportError("the connection to the device was lost; the connection was closed.")
            return super().read(command)

    device, steps = ios_case()
    session = Session(Away(device), IOS)
    session.apply(steps, session.read())
    with pytest.raises(ReadError, match="was changed and not saved") as error:
        session.read()
    assert "Nothing was changed" not in str(error.value)


def test_the_masked_configuration_is_read_where_the_clear_one_is_refused() -> None:
    device = AsaDevice(PIX, {"192.168.1.2": "cisco123"})
    assert " pre-shared-key cisco123\n" in Session(ModelTransport(device), ASA).read()
    assert " pre-shared-key *\n" in Session(ModelTransport(device, masked=True), ASA).read()


def test_the_list_numbers_of_ios_are_read_beside_the_configuration() -> None:
    session = Session(ModelTransport(IosDevice(ROUTER)), IOS)
    session.transport.device.head.insert(0, "Building configuration...")  # type: ignore[attr-defined]
    session.read()
    assert "10 deny ip 10.2.1.0" in session.supplements["show  access-lists"]


def test_sizes_dates_and_checksums_are_no_difference_but_a_line_is() -> None:
    session = Session(ScriptedTransport({}), IOS)
    other = ROUTER.replace("1354 bytes", "2001 bytes").replace(
        "!\nversion", "! Last configuration change at 1:00\n!\nversion"
    )
    assert session.same(ROUTER, other)
    assert not session.same(ROUTER, ROUTER.replace("ip cef", "no ip cef"))


# --- splitting ------------------------------------------------------------------------------------------------------


def test_the_answers_to_several_lines_are_told_apart() -> None:
    raw = (
        "crypto map A 10 set peer 192.0.2.1\r\nWARNING: The crypto map entry is incomplete!\r\n"
        "pix(config)# crypto map A 10 set transform-set B\r\npix(config)# nonsense\r\n        ^\r\n"
        "ERROR: % Invalid input detected at '^' marker.\r\npix(config)# "
    )
    lines = ["crypto map A 10 set peer 192.0.2.1", "crypto map A 10 set transform-set B", "nonsense"]
    assert split_answers(raw, lines) == [
        "WARNING: The crypto map entry is incomplete!",
        "",
        "        ^\nERROR: % Invalid input detected at '^' marker.",
    ]


def test_a_line_that_was_scrolled_sideways_is_recognised_by_its_end() -> None:
    line = "access-list 100 permit ip 192.168.1.0 0.0.0.255 192.168.2.0 0.0.0.255"
    raw = "Router(config)#$ 100 permit ip 192.168.1.0 0.0.0.255 192.168.2.0 0.0.0.255\n% refused\nRouter(config)#"
    assert split_answers(raw, [line]) == ["% refused"]


def test_a_scrolled_line_may_hold_dollars_itself() -> None:
    line = "pre-shared-key " + "x" * 60 + "a$b"
    assert split_answers(f"pix(config-tunnel-ipsec)# ${'x' * 30}a$b\npix(config-tunnel-ipsec)# ", [line]) == [""]


def test_a_missing_echo_is_a_lost_step_and_the_line_is_not_told() -> None:
    with pytest.raises(TransportError) as error:
        split_answers("hub(config)#interface X\nhub(config)#", ["interface X", "pre-shared-key outside99"])
    assert "outside99" not in str(error.value)


def test_nothing_typed_gives_no_answers() -> None:
    assert split_answers("hub#", []) == []


# --- judging --------------------------------------------------------------------------------------------------------


def answering(answer: str, line: str = "nat (inside) 1 0.0.0.0 0.0.0.0") -> None:
    """Apply one line to a device that says ``answer``."""
    device = asa_start()
    transport = ModelTransport(device, answer=lambda typed: answer if typed == line else None)
    Session(transport, ASA).apply([Step((Line.of(line),), ())], device.text())


@pytest.mark.parametrize(
    "answer",
    [
        "",
        "  ",
        "WARNING: The crypto map entry is incomplete!",
        "WARNING: The crypto map entry will be incomplete!",
        "INFO: outside interface address added to PAT pool",
        "outside interface address added to PAT pool",
        "nat 0 0.0.0.0 will be non-translated",
        "%SYS-5-CONFIG_I: Configured from console by console",
        "*Mar  1 00:42:37.815: %CRYPTO-6-ISAKMP_ON_OFF: ISAKMP is ON",
    ],
)
def test_what_is_known_to_be_harmless_passes(answer: str) -> None:
    answering(answer)


@pytest.mark.parametrize(
    "answer",
    [
        "ERROR: % Invalid input detected at '^' marker.",
        "ERROR: ACE contains port, protocol, or deny. Removing NAT configuration",
        "Command authorization failed",
        "Removing object-group (X) not allowed, it is being used.",
        "Some words that nobody has seen before",
        "WARNING: The crypto map entry is incomplete! And more",
        "A pre-shared key for address mask 0.0.0.0 0.0.0.0 already exists!",
        "INFO: fine\nERROR: not fine",
    ],
)
def test_whatever_is_not_known_is_a_refusal(answer: str) -> None:
    with pytest.raises(DeviceError) as error:
        answering(answer)
    assert answer.splitlines()[-1] in str(error.value)
    assert error.value.line == "nat (inside) 1 0.0.0.0 0.0.0.0"


# --- writing and the way back ---------------------------------------------------------------------------------------

BUILD = intent([responder(match_address=True)])
PRESENT = options(pat="present")


def asa_case() -> tuple[AsaDevice, list[Step]]:
    device = asa_start(PAT)
    return device, list(plan_asa(device, BUILD, PRESENT).steps)


def ios_case() -> tuple[IosDevice, list[Step]]:
    device = ios_start()
    device.head.insert(0, "Building configuration...")
    return device, list(plan_ios(device, BUILD, PRESENT).steps)


CASES = {"asa": (asa_case, ASA), "ios": (ios_case, IOS)}


@pytest.mark.parametrize("platform", CASES)
def test_all_lines_are_sent_in_order_and_what_is_shown_is_what_is_typed(platform: str) -> None:
    make, cli = CASES[platform]
    device, steps = make()
    plan = plan_asa(device, BUILD, PRESENT) if platform == "asa" else plan_ios(device, BUILD, PRESENT)
    transport = ModelTransport(device)
    Session(transport, cli).apply(steps, "")
    shown = [row.replace("cisco123", "********") for row in transport.typed]
    assert shown == ["configure terminal", *plan.commands, "end"]


@pytest.mark.parametrize("platform", CASES)
def test_a_refusal_at_any_line_gives_back_the_configuration(platform: str) -> None:
    make, cli = CASES[platform]
    device, steps = make()
    transport = ModelTransport(device.copy())
    Session(transport, cli).apply(steps, "")
    total = transport.count
    assert total > 15
    for line in range(1, total + 1):
        fresh = device.copy()
        transport = ModelTransport(fresh, refuse=line)
        session = Session(transport, cli)
        before = session.read()
        with pytest.raises(DeviceError) as error:
            session.apply(steps, before)
        assert fresh.state() == device.state(), f"line {line}"
        assert error.value.rolled_back is True, f"line {line}: {error.value}"
        assert "the configuration is the one before" in str(error.value)
        assert "cisco123" not in str(error.value) + error.value.answer + error.value.line
        assert error.value.__cause__ is None
        assert error.value.__suppress_context__
        assert not transport.configuring


@pytest.mark.parametrize("platform", CASES)
def test_a_removal_that_is_refused_at_any_line_is_taken_back_too(platform: str) -> None:
    make, cli = CASES[platform]
    device, steps = make()
    Session(ModelTransport(device), cli).apply(steps, "")
    gone = options(pat="present", remove_shared=True)
    if isinstance(device, AsaDevice):
        steps = list(plan_asa(device, BUILD, gone, absent=True).steps)
    else:
        steps = list(plan_ios(device, BUILD, gone, absent=True).steps)
    transport = ModelTransport(device.copy())
    Session(transport, cli).apply(steps, "")
    for line in range(1, transport.count + 1):
        fresh = device.copy()
        session = Session(ModelTransport(fresh, refuse=line), cli)
        before = session.read()
        with pytest.raises(DeviceError) as error:
            session.apply(steps, before)
        assert fresh.state() == device.state(), f"line {line}"
        assert "cisco123" not in str(error.value)


@pytest.mark.parametrize("platform", CASES)
def test_a_connection_that_breaks_at_any_line_is_told_without_the_key(platform: str) -> None:
    make, cli = CASES[platform]
    device, steps = make()
    transport = ModelTransport(device.copy())
    Session(transport, cli).apply(steps, "")
    for line in range(1, transport.count + 1):
        fresh = device.copy()
        with pytest.raises(DeviceError) as error:
            Session(ModelTransport(fresh, fail=line), cli).apply(steps, "")
        assert "Run again" in str(error.value)
        assert "cisco123" not in str(error.value)
        assert error.value.rolled_back is None
        assert error.value.__suppress_context__


def test_a_key_is_in_no_message_even_when_the_device_repeats_a_piece_of_it() -> None:
    device = asa_start(PAT)
    steps = plan_asa(device, intent([responder(pre_shared_key="S3cr3t-and-long-key")]), options()).steps
    for piece in ("S3cr3t-and-long-key", "key too long: S3cr3t-and-lon", "% bad: ...ong-key"):
        transport = ModelTransport(
            device.copy(), answer=lambda line, said=piece: said if line.startswith("pre-shared-key") else None
        )
        with pytest.raises(DeviceError) as error:
            Session(transport, ASA).apply(steps, device.text())
        assert "(a line that is not shown)" in str(error.value)
        assert "ong-key" not in str(error.value)
        assert "S3cr" not in str(error.value)


LOGGED = "%PARSER-5-CFGLOG_LOGGEDCMD: User:admin  logged command:crypto isakmp key S3cr3t-and-long-key address 0.0.0.0"


def test_a_key_that_the_device_logs_late_is_in_no_message() -> None:
    device = ios_start()
    device.head.insert(0, "Building configuration...")
    steps = plan_ios(device, intent([responder(pre_shared_key="S3cr3t-and-long-key")]), options()).steps
    transport = ModelTransport(
        device, answer=lambda line: f"Router(config)#{LOGGED}" if line.startswith("crypto dynamic-map") else None
    )
    session = Session(transport, IOS)
    with pytest.raises(DeviceError) as error:
        session.apply(steps, session.read())
    assert "(a line that is not shown)" in str(error.value)
    assert "S3cr3t" not in str(error.value) + error.value.answer
    failed = ScriptedTransport({"write memory": f"write memory\n*Mar  1 00:42:37.815: {LOGGED}\n% Error: full\nhub#"})
    with pytest.raises(DeviceError, match="answered '% Error: full'") as error:
        Session(failed, IOS).save()
    assert "S3cr3t" not in str(error.value)


@pytest.mark.parametrize("times", [1, 9])
def test_a_bug_on_the_way_is_no_reason_to_leave_half_of_it(times: int) -> None:
    left = iter(range(times))

    class Buggy(ModelTransport):
        def write(self, lines: Sequence[str], question: str | None = None, reply: str = "no") -> list[str]:
            if any("S3cr3t" in line for line in lines) and next(left, None) is not None:
                raise KeyError(lines)
            return super().write(lines, question, reply)

    device = ios_start()
    device.head.insert(0, "Building configuration...")
    before = device.state()
    steps = plan_ios(device, intent([responder(pre_shared_key="S3cr3t-and-long-key")]), options()).steps
    session = Session(Buggy(device), IOS)
    with pytest.raises(DeviceError, match=r"bug in netvpn\.dynamic_l2l, please report it: KeyError at ") as error:
        session.apply(steps, session.read())
    assert error.value.__suppress_context__
    assert "S3cr3t" not in str(error.value)
    assert error.value.rolled_back is (times == 1)
    assert (device.state() == before) is (times == 1)
    assert ("did NOT restore" in str(error.value)) is (times > 1)


def test_a_key_that_is_a_word_of_the_configuration_hides_nothing_else() -> None:
    device = asa_start(PAT)
    steps = plan_asa(device, intent([responder(pre_shared_key="outside")]), options()).steps
    line = "crypto map IPSEC interface outside"
    transport = ModelTransport(device, answer=lambda typed: f"no: {typed}" if typed == line else None)
    with pytest.raises(DeviceError) as error:
        Session(transport, ASA).apply(steps, device.text())
    assert f"refused '{line}': no: {line}" in str(error.value)


LOCKED = "Configuration mode locked exclusively by user 'netop' process '187' from terminal '7'. Please try later."


def test_configuration_mode_that_is_refused_changes_nothing_and_says_so() -> None:
    class Locked(ModelTransport):
        def write(self, lines: Sequence[str], question: str | None = None, reply: str = "no") -> list[str]:
            return [LOCKED]

    with pytest.raises(
        DeviceError, match=r"Nothing was changed\. Another session holds the configuration lock"
    ) as error:
        Session(Locked(ios_start()), IOS).apply(ios_case()[1], "")
    assert LOCKED in str(error.value)
    assert error.value.rolled_back is None


@pytest.mark.parametrize("answer", ["Command authorization failed", "ERROR: Command authorization failed"])
def test_a_line_that_is_not_authorized_is_undone_and_says_who_can_permit_it(answer: str) -> None:
    device, steps = asa_case()
    before = device.state()
    transport = ModelTransport(
        device, answer=lambda line: answer if line == "crypto map IPSEC interface outside" else None
    )
    session = Session(transport, ASA)
    with pytest.raises(DeviceError, match="Command authorization does not let this user type that: permit it") as error:
        session.apply(steps, session.read())
    assert "refused 'crypto map IPSEC interface outside'" in str(error.value)
    assert error.value.rolled_back is True
    assert device.state() == before


def test_behind_a_refused_mode_line_nothing_of_that_mode_is_typed() -> None:
    device, steps = ios_case()
    transport = ModelTransport(
        device, answer=lambda line: "% refused" if line.startswith("crypto dynamic-map") else None
    )
    session = Session(transport, IOS)
    with pytest.raises(DeviceError):
        session.apply(steps, session.read())
    after = transport.typed[transport.typed.index("crypto dynamic-map DYN 10") + 1]
    assert after == "end"


def test_on_the_way_back_nothing_is_typed_behind_a_refused_mode_line() -> None:
    mode = ("interface Serial2/0",)
    lines = tuple(Line.of(text, parents=mode) for text in ("description a", "shutdown"))
    undo = tuple(Line.of(f"no {text}", parents=mode) for text in ("shutdown", "description"))
    device = ios_start()
    transport = ModelTransport(device, answer=lambda line: "% refused" if line == mode[0] else None)
    with pytest.raises(DeviceError):
        Session(transport, IOS).apply([Step(lines, undo)], "")
    assert not any("shutdown" in line or "description" in line for line in transport.typed)


def test_when_the_way_back_fails_it_is_said() -> None:
    device, steps = asa_case()
    stuck = "no crypto map IPSEC interface outside"
    transport = ModelTransport(
        device,
        answer=lambda line: "ERROR: no" if line in (stuck, "nat (inside) 0 access-list NO-NAT") else None,
    )
    session = Session(transport, ASA)
    with pytest.raises(DeviceError, match="did NOT restore") as error:
        session.apply(steps, session.read())
    assert f"refused '{stuck}': ERROR: no" in str(error.value)
    assert error.value.rolled_back is False


def test_a_key_that_was_not_known_cannot_be_put_back_and_that_is_said() -> None:
    device = AsaDevice(PIX, {"192.168.1.2": "old"})
    text = device.text(masked=True)
    wanted = intent([responder(pre_shared_key="brandnew")], None)
    steps = plan_asa(AsaDevice(text), wanted, options(update_secret="always")).steps
    session = Session(ModelTransport(device, masked=True), ASA)
    error = session.undo(steps, session.read(), "the device does not hold what was wanted")
    assert error.rolled_back is False
    assert "cannot be put back" in str(error)
    assert "brandnew" not in str(error)


def test_many_lines_are_sent_in_writes_that_end_in_time() -> None:
    device = ios_start("access-list 100 permit ip any any\n")
    mode = ("ip access-list extended 100",)
    lines = tuple(Line.of(f"permit ip host 10.0.{i // 250}.{i % 250 + 1} any", parents=mode) for i in range(50))
    transport = ModelTransport(device)
    Session(transport, IOS).apply([Step(lines, ())], "")
    assert max(len(write) for write in transport.writes) == LINES_PER_WRITE
    assert len(device.acls["100"]) == 51


def test_a_line_that_may_ask_goes_alone_and_its_question_is_a_refusal() -> None:
    device, steps = ios_case()
    Session(ModelTransport(device), IOS).apply(steps, "")
    steps = list(plan_ios(device, BUILD, options(pat="present", remove_shared=True), absent=True).steps)
    question = "Dynamic mapping in use, do you want to delete all entries? [no]: no"
    transport = ModelTransport(
        device, answer=lambda line: question if line.startswith("no ip nat inside source") else None
    )
    session = Session(transport, IOS)
    before = device.state()
    with pytest.raises(DeviceError, match="Dynamic mapping in use"):
        session.apply(steps, session.read())
    assert device.state() == before
    asked = next(
        write for write in transport.writes if any(line.startswith("no ip nat inside source") for line in write)
    )
    assert len(asked) == 1


def test_nothing_to_do_opens_no_configuration_mode() -> None:
    transport = ModelTransport(asa_start())
    Session(transport, ASA).apply([], "")
    assert transport.typed == []


# --- saving ---------------------------------------------------------------------------------------------------------


def test_saving_is_proved_by_the_devices_ok() -> None:
    transport = ModelTransport(asa_start())
    Session(transport, ASA).save()
    assert transport.saved == transport.device.text()
    failed = ScriptedTransport({"write memory": "write memory\nBuilding configuration...\n% Error: NVRAM full\nhub#"})
    with pytest.raises(DeviceError, match=r"not saved: .*NVRAM full.*lost with the next reload.*save: always"):
        Session(failed, IOS).save()


def test_a_connection_that_breaks_while_saving_leaves_no_doubt_about_what_is_done() -> None:
    class Broken(ModelTransport):
        def read(self, command: str) -> str:
            raise TransportError("the connection to the device was lost.")

    with pytest.raises(DeviceError, match="whether it was saved is not known"):
        Session(Broken(asa_start()), ASA).save()


def test_every_error_of_a_session_is_one_of_ours() -> None:
    assert issubclass(DeviceError, CoreError)
    assert issubclass(TransportError, CoreError)
    assert issubclass(ReadError, CoreError)
    assert "outside" not in repr(Line.of("key ", Secret("outside")))
