# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: The netvpn.dynamic_l2l contributors
"""Who may do what: privilege levels, command authorization, a configuration held by another, a session that hangs."""

from __future__ import annotations

import asyncio

import asyncssh
import pytest
from devices import Device
from devices.server import listen, port_of

START = {"ios-12.4": "ios-12.4-start.cfg", "pix-7.2": "pix-7.2-start.cfg"}


def made(golden, platform: str, *faults: str) -> Device:
    return Device.from_text(platform, golden(START[platform]), faults=faults)


# -- a session that hangs


@pytest.mark.parametrize("platform", START)
def test_a_line_is_executed_and_never_answered_and_the_connection_stays(golden, session, platform: str) -> None:
    device = made(golden, platform, "silent:2")
    typed = session(device)
    assert typed.shell.feed("configure terminal\rhostname one\r").endswith("one(config)#" + " " * (platform[0] == "p"))
    assert typed.shell.feed("hostname two\r") == ""
    assert typed.shell.feed("\rhostname three\r") == ""
    assert not typed.shell.closed
    assert "hostname two" in device.running_config()
    again = session(device)
    assert again.enter("hostname four") == {}


def test_the_lines_before_it_in_the_same_write_are_answered(golden, session) -> None:
    typed = session(made(golden, "ios-12.4", "silent:/^hostname two/"))
    printed = typed.shell.feed("configure terminal\nhostname one\nhostname two\nhostname three\n")
    assert printed.endswith("hostname one\r\none(config)#")
    assert "hostname two" in typed.device.running_config()


def test_an_exec_line_can_be_the_one(golden, session) -> None:
    typed = session(made(golden, "pix-7.2", "silent:/^write memory/"))
    typed.enter("hostname edge")
    assert typed.shell.feed("write memory\r") == ""
    assert "hostname edge" in typed.device.startup_config()


@pytest.mark.parametrize(("fault", "last", "stored"), [("drop-at:2", "one", "one"), ("drop-after:2", "one", "two")])
def test_a_drop_in_the_middle_of_a_write_keeps_the_answers_before_it(golden, session, fault, last, stored) -> None:
    typed = session(made(golden, "ios-12.4", fault))
    printed = typed.shell.feed("configure terminal\nhostname one\nhostname two\nhostname three\n")
    assert printed.endswith(f"{last}(config)#")
    assert typed.shell.dropped
    assert f"hostname {stored}" in typed.device.running_config()


def test_refusals_and_noise_hit_their_line_of_a_write(golden, session) -> None:
    typed = session(made(golden, "ios-12.4", "refuse:2:% No", "garbage:3"))
    printed = typed.shell.feed("configure terminal\nhostname one\nhostname two\nhostname three\n")
    assert "hostname two\r\n% No\r\none(config)#hostname three\r\n\x00" in printed


def _over_ssh(device: Device, talk):
    async def run():
        acceptor = await listen(device, 0, asyncssh.generate_private_key("ssh-ed25519"), privileged=True)
        try:
            return await talk(port_of(acceptor))
        finally:
            acceptor.close()

    return asyncio.run(run())


def _login(port: int, password: str = "admin", **more):
    return asyncssh.connect(
        "127.0.0.1", port, username="admin", password=password, known_hosts=None, client_keys=None, **more
    )


def test_a_hanging_session_over_ssh_stays_open(golden) -> None:
    async def talk(port: int) -> tuple[str, bool]:
        async with _login(port) as connection, connection.create_process(term_type="vt100") as process:
            process.stdin.write("configure terminal\nhostname one\nhostname two\n")
            said = ""
            while not said.endswith("one(config)#"):
                said += await process.stdout.read(4096)
            with pytest.raises(asyncio.TimeoutError):
                await asyncio.wait_for(process.stdout.read(4096), 0.3)
            return said, process.stdout.at_eof()

    said, closed = _over_ssh(made(golden, "ios-12.4", "silent:2"), talk)
    assert said.endswith("hostname one\r\none(config)#")
    assert not closed


# -- command authorization


@pytest.mark.parametrize(
    ("platform", "text"),
    [("ios-12.4", "Command authorization failed.\n"), ("pix-7.2", "Command authorization failed")],
)
def test_command_authorization_refuses_lines_whether_typed_short_or_in_full(golden, session, platform, text) -> None:
    denied = ("deny:/^show running-config/", "deny:/^configure/", "deny:/^more /", "deny:/^crypto isakmp key/")
    typed = session(made(golden, platform, *denied))
    for line in ("show running-config", "sh run", "show running-config | include hostname", "configure terminal",
                 "conf t", "more system:running-config"):  # fmt: skip
        assert typed.type(line) == text, line
        assert typed.prompt.rstrip().endswith("#")
        assert "(config)" not in typed.prompt
    assert "authorization" not in typed.type("show version")


def test_a_configuration_line_is_refused_and_the_mode_stays(golden, session) -> None:
    typed = session(made(golden, "ios-12.4", "deny:/^crypto isakmp key/"))
    answers = typed.enter("crypto isakmp policy 10", "crypto isakmp key K3y address 192.0.2.1", "hash md5")
    assert answers == {"crypto isakmp key K3y address 192.0.2.1": "Command authorization failed.\n"}
    assert " hash md5" in typed.device.running_config()
    assert "K3y" not in typed.device.running_config()


def test_deny_wants_an_expression(golden) -> None:
    with pytest.raises(ValueError, match="deny: an /expression/"):
        made(golden, "ios-12.4", "deny:3")


def test_the_keys_behind_more_are_shown_or_refused_or_stars(golden, session) -> None:
    text, secrets = golden("pix-7.2-running-config.cfg"), {"pre_shared_keys": {"192.168.1.2": "s3cret"}}
    answers = {
        fault: session(
            Device.from_text("pix-7.2", text, secrets=secrets, faults=[fault] if fault else [])
        ).type("more system:running-config")
        for fault in ("", "no-more", "more-masked")
    }  # fmt: skip
    assert "pre-shared-key s3cret" in answers[""]
    assert answers["no-more"] == "Command authorization failed"
    assert "s3cret" not in answers["more-masked"]
    assert " pre-shared-key *\n" in answers["more-masked"]


# -- privilege levels


@pytest.mark.parametrize(("level", "sign"), [(0, ">"), (1, ">"), (2, "#"), (7, "#"), (14, "#")])
def test_a_router_s_user_of_a_low_level_sees_its_sign_and_may_not_configure(golden, session, level, sign) -> None:
    device = made(golden, "ios-12.4")
    device.privilege = level
    typed = session(device)
    assert typed.prompt == f"Router{sign}"
    for _ in range(2):
        assert typed.type("show privilege") == f"Current privilege level is {level}"
        refused = f"\n% Invalid input detected at '^' marker.\n"  # noqa: F541
        assert typed.type("configure terminal") == " " * 7 + "^" + refused
        assert typed.type("show running-config") == " " * 12 + "^" + refused
        assert typed.shell.feed("enable\radmin\r").endswith(f"Router{sign}")


def test_enable_on_a_router_can_ask_for_a_level(golden, session) -> None:
    typed = session(made(golden, "ios-12.4"), privileged=False)
    assert typed.shell.feed("enable 7\radmin\r").endswith("\r\nRouter#")
    assert typed.type("show privilege") == "Current privilege level is 7"
    assert typed.shell.feed("enable\radmin\r").endswith("\r\nRouter#")
    assert typed.type("show privilege") == "Current privilege level is 15"
    assert typed.type("configure terminal").startswith("Enter configuration commands")


def test_enable_with_aaa_is_denied_at_once(golden, session) -> None:
    text = golden(START["ios-12.4"]).replace("no aaa new-model", "aaa new-model")
    typed = session(Device.from_text("ios-12.4", text), privileged=False)
    assert typed.shell.feed("enable\rwrong\r") == "enable\r\nPassword: \r\n% Access denied\r\n\r\nRouter>"


@pytest.mark.parametrize(("level", "sign", "mode"), [(1, ">", "P_UNPR"), (5, "#", "P_PRIV"), (15, "#", "P_PRIV")])
def test_a_pix_tells_the_level_of_the_user(golden, session, level, sign, mode) -> None:
    device = made(golden, "pix-7.2")
    device.privilege = level
    typed = session(device, privileged=False)
    assert typed.shell.feed("enable\radmin\r").endswith(f"pixfirewall{sign} ")
    answer = typed.type("show curpriv")
    assert f"Current privilege level : {level}\nCurrent Mode/s : {mode}" in answer
    allowed = typed.type("configure terminal") == ""
    assert allowed is (level > 1)


def test_with_command_authorization_on_a_pix_a_low_level_may_look_and_not_change(golden, session) -> None:
    text = golden(START["pix-7.2"]).replace(
        "no snmp-server location", "aaa authorization command LOCAL\nno snmp-server location"
    )
    device = Device.from_text("pix-7.2", text)
    device.privilege = 5
    typed = session(device)
    assert "Version 7.2" in typed.type("show version")
    for line in ("configure terminal", "show running-config", "more system:running-config"):
        assert typed.type(line) == "Command authorization failed"
    device.privilege = 15
    assert session(device).type("configure terminal") == ""


# -- a locked configuration


def test_a_router_whose_configuration_another_holds_does_not_enter_the_mode(golden, session) -> None:
    typed = session(made(golden, "ios-12.4", "locked:netop"))
    text = "Configuration mode locked exclusively by user 'netop' process '187' from terminal '7'. Please try later."
    assert typed.type("configure terminal") == text
    assert typed.prompt == "Router#"
    assert typed.shell.feed("configure\r\r").endswith(f"{text}\r\nRouter#")
    assert "hostname" in typed.type("show running-config")


def test_a_pix_whose_configuration_another_writes_ignores_what_would_change_it(golden, session) -> None:
    typed = session(made(golden, "pix-7.2", "locked:admin2"))
    assert typed.enter("hostname edge") == {"hostname edge": "Command Ignored, Configuration in progress..."}
    assert typed.prompt == "pixfirewall# "
    assert "hostname pixfirewall" in typed.type("show running-config")


# -- logins over SSH


def test_the_third_wrong_password_ends_the_connection(golden) -> None:
    tried: list[str] = []

    class Client(asyncssh.SSHClient):
        def password_auth_requested(self) -> str:
            tried.append("password")
            return f"wrong{len(tried)}"

    async def talk(port: int) -> None:
        await asyncssh.create_connection(
            Client, "127.0.0.1", port, username="admin", known_hosts=None, client_keys=None, preferred_auth="password"
        )

    with pytest.raises(asyncssh.DisconnectError) as error:
        _over_ssh(made(golden, "ios-12.4"), talk)
    assert "Too many authentication failures" in str(error.value)
    assert len(tried) == 3
