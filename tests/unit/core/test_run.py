# Copyright: The netvpn.dynamic_l2l contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""One call for one device, as the modules make it: what it returns, writes, proves and saves."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest
from _core.errors import CoreError, DeviceError, InputError, PlanError, ReadError
from _core.run import PLATFORMS, _refuse_untypable, run
from _core.session import Cli, Session
from _core.steps import Line, Plan, Step
from core_support import golden
from core_support.asa_device import AsaDevice
from core_support.asa_worlds import PAT
from core_support.asa_worlds import start as asa_start
from core_support.ios_device import IosDevice
from core_support.ios_worlds import OTHERS_DENY, PERMIT, RULE
from core_support.ios_worlds import start as ios_start
from core_support.scenario import REFERENCE_NAMES, responder, tunnel
from core_support.transports import ModelTransport

KEYS = ("cisco123", "outside", "dk3-Zq_v!8xPw0RtLm2N")
HOSTS = {"asa": "pix", "ios": "hub"}


def device(platform: str) -> AsaDevice | IosDevice:
    if platform == "asa":
        return asa_start()
    router = ios_start()
    router.head.insert(0, "Building configuration...")
    return router


def request(platform: str, **changed: Any) -> dict[str, Any]:
    return {
        "state": "present",
        "host": HOSTS[platform],
        "responders": [responder()],
        "tunnels": [tunnel()],
        "names": REFERENCE_NAMES,
        "pat": "present",
        "save": "changed",
        **changed,
    }


def no_session(_cli: Cli) -> Session:
    raise AssertionError("a session was opened")


class Opened:
    """Opens sessions to a model device and remembers their transports."""

    def __init__(self, model: AsaDevice | IosDevice, **options: Any) -> None:
        self.model, self.options = model, options
        self.transports: list[ModelTransport] = []

    def __call__(self, cli: Cli) -> Session:
        self.transports.append(ModelTransport(self.model, **self.options))
        return Session(self.transports[-1], cli)

    @property
    def typed(self) -> list[str]:
        return [line for transport in self.transports for line in transport.typed]


def call(
    platform: str, opened: Callable[[Cli], Session], *, check_mode: bool = False, **changed: Any
) -> dict[str, Any]:
    return run(platform, request(platform, **changed), check_mode=check_mode, open_session=opened)


both = pytest.mark.parametrize("platform", ["asa", "ios"])


@both
def test_check_mode_returns_what_the_real_run_returns_and_writes_nothing(platform: str) -> None:
    model = device(platform)
    before = model.state()
    checked = Opened(model)
    planned = call(platform, checked, check_mode=True)
    assert model.state() == before
    assert "configure terminal" not in checked.typed
    done = call(platform, Opened(model))
    assert done.pop("saved") is True
    assert planned.pop("saved") is False
    assert planned == done
    assert done["changed"]
    assert model.state() != before


@both
def test_what_is_told_afterwards_is_what_the_device_holds(platform: str) -> None:
    model = device(platform)
    done = call(platform, Opened(model))
    again = call(platform, Opened(model))
    assert again["changed"] is False
    assert again["commands"] == []
    assert again["diff"]["before"] == again["diff"]["after"] == done["diff"]["after"]
    assert again["before"] == again["after"] == done["after"]
    assert done["diff"]["before_header"] == f"{HOSTS[platform]} (before)"


@both
@pytest.mark.parametrize(
    ("save", "first", "second"), [("changed", True, False), ("always", True, True), ("never", False, False)]
)
def test_saving_is_done_when_told(platform: str, save: str, first: bool, second: bool) -> None:
    model = device(platform)
    for expected in (first, second):
        opened = Opened(model)
        assert call(platform, opened, save=save)["saved"] is expected
        assert ("write memory" in opened.typed) is expected


@both
def test_a_session_is_opened_once(platform: str) -> None:
    opened = Opened(device(platform))
    call(platform, opened)
    assert len(opened.transports) == 1


@both
@pytest.mark.parametrize("key", KEYS)
def test_no_key_is_in_anything_that_is_returned(platform: str, key: str) -> None:
    model = device(platform)
    result = call(platform, Opened(model), responders=[responder(pre_shared_key=key)])
    assert key in model.text()
    told = json.dumps(result)
    if key == "outside":
        # As a word of the configuration it stays; as a key it is nowhere.
        assert f"pre-shared-key {key}" not in told
        assert f"key {key}" not in told
        assert ("crypto map IPSEC interface outside" if platform == "asa" else "ip nat outside") in told
    else:
        assert key not in told
    assert "********" in told


@both
def test_absent_gives_back_what_was_there(platform: str) -> None:
    model = device(platform)
    before = model.state()
    call(platform, Opened(model))
    result = call(platform, Opened(model), state="absent", remove_shared=True)
    assert result["changed"]
    assert model.state() == before
    assert result["diff"]["after"] == ""


# --- proof ----------------------------------------------------------------------------------------------------------


class Swallowing(ModelTransport):
    """A device that takes a line without a word and does not do it."""

    swallowed = ("nat (inside) 0", "crypto map IPSEC\x00", "deny ip")

    def _type(self, line: str) -> str:
        if f"{line}\x00".startswith(self.swallowed) and self.configuring:
            self.typed.append(line)
            return ""
        return super()._type(line)


@both
def test_a_device_that_does_not_hold_what_it_took_is_put_back_and_told(platform: str) -> None:
    model = device(platform)
    before = model.state()
    with pytest.raises(DeviceError) as error:
        call(platform, lambda cli: Session(Swallowing(model), cli))
    assert "took every line but does not hold what was wanted" in str(error.value)
    assert ("missing 'nat (inside) 0" if platform == "asa" else "missing 'access-list 100 deny") in str(error.value)
    assert error.value.rolled_back is True
    assert model.state() == before


@both
def test_a_refused_line_is_undone_and_nothing_is_saved(platform: str) -> None:
    model = device(platform)
    before = model.state()
    opened = Opened(model, refuse=7)
    with pytest.raises(DeviceError) as error:
        call(platform, opened, save="always")
    assert error.value.rolled_back is True
    assert model.state() == before
    assert "write memory" not in opened.typed


def test_where_the_device_puts_a_remark_is_no_difference() -> None:
    class Moving(ModelTransport):
        def read(self, command: str) -> str:
            rows = super().read(command).split("\n")
            remark = [row for row in rows if row.startswith("access-list 100 remark")]
            rest = [row for row in rows if row not in remark]
            at = next((i for i, row in enumerate(rest) if row.startswith("access-list 100")), len(rest) - 1)
            return "\n".join([*rest[:at], *remark, *rest[at:]])

    remarks = "access-list 100 remark partner\n", "access-list 100 remark all\n"
    model = ios_start(RULE + remarks[0] + OTHERS_DENY + remarks[1] + PERMIT, inside=True, outside=True)
    model.head.insert(0, "Building configuration...")
    assert call("ios", lambda cli: Session(Moving(model), cli))["changed"]


def test_a_configuration_that_is_cut_short_is_refused_before_anything_is_planned() -> None:
    class Cut(ModelTransport):
        def read(self, command: str) -> str:
            return super().read(command).replace(": end", "")

    model = asa_start()
    with pytest.raises(ReadError):
        call("asa", lambda cli: Session(Cut(model), cli))


# --- without a device -----------------------------------------------------------------------------------------------


@both
def test_rendered_needs_no_device(platform: str) -> None:
    names = {"asa": ("inside", "outside", "7.2(2)"), "ios": ("Vlan1", "Dialer0", "12.4")}[platform]
    inside, outside, version = names
    network = {"prefix": "10.1.1.0/24" if platform == "asa" else "10.2.1.0/24", "interface": inside}
    changed = (
        {"tunnels": [tunnel(networks=[network])]}
        if platform == "asa"
        else {"responders": [responder(networks=[network])]}
    )
    result = call(platform, no_session, state="rendered", outside_interface=outside, version=version, **changed)
    assert result["changed"] is False
    assert result["rendered"]
    told = "\n".join(result["rendered"])
    assert "********" in told
    assert "cisco123" not in told
    assert outside in told
    assert inside in told


@both
def test_rendered_from_a_configuration_is_what_present_would_send(platform: str) -> None:
    model = device(platform)
    rendered = call(platform, no_session, state="rendered", running_config=model.text())["rendered"]
    assert rendered == call(platform, Opened(model), check_mode=True)["commands"]


@both
@pytest.mark.parametrize("missing", ["outside_interface", "version"])
def test_rendered_says_what_it_needs(platform: str, missing: str) -> None:
    given = {"outside_interface": "outside", "version": "7.2(2)" if platform == "asa" else "12.4"}
    with pytest.raises(InputError, match=missing):
        call(platform, no_session, state="rendered", **{**given, missing: None})


@both
def test_rendered_without_interfaces_of_the_networks_says_how_to_write_them(platform: str) -> None:
    version = "7.2(2)" if platform == "asa" else "12.4"
    with pytest.raises(InputError, match="interface: "):
        call(platform, no_session, state="rendered", outside_interface="outside", version=version)


@both
def test_parsed_needs_no_device_and_holds_no_key(platform: str) -> None:
    name = "pix-7.2-running-config.cfg" if platform == "asa" else "ios-12.4-running-config.cfg"
    result = call(platform, no_session, state="parsed", running_config=golden.seed(name))
    assert result["changed"] is False
    assert "IPSEC" in result["parsed"]["crypto_maps"]
    assert "cisco123" not in json.dumps(result)
    with pytest.raises(InputError, match="running_config"):
        call(platform, no_session, state="parsed")


@both
def test_gathered_reads_and_writes_nothing(platform: str) -> None:
    model = device(platform)
    call(platform, Opened(model))
    opened = Opened(model)
    result = call(platform, opened, state="gathered")
    assert result["changed"] is False
    assert "IPSEC" in result["gathered"]["crypto_maps"]
    assert "cisco123" not in json.dumps(result)
    assert "configure terminal" not in opened.typed


# --- refusals -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("platform", "host", "says"),
    [
        ("asa", "hub", "Use ios_ipsec_l2l"),
        ("ios", "pix", "Use asa_ipsec_l2l"),
        ("asa", "stranger", "no tunnel of the intent has this initiator. It is the inventory name"),
        ("ios", "stranger", "no tunnel of the intent has this responder. It is the inventory name"),
        ("ios", None, "state present needs it"),
    ],
)
def test_the_wrong_device_for_a_part_is_refused_before_a_connection_is_opened(
    platform: str, host: str | None, says: str
) -> None:
    with pytest.raises(InputError, match=says) as error:
        call(platform, no_session, host=host)
    assert error.value.option == "host"


@both
def test_what_the_intent_alone_shows_is_refused_before_a_connection_is_opened(platform: str) -> None:
    for changed in (
        {"tunnels": [tunnel(networks=["10.1.1.5/24"])]},
        {"names": {"crypto_map": "a b"}},
        {"responders": [responder(pre_shared_key="a b")]},
        {"outside_interface": "x\ny"},
    ):
        with pytest.raises(InputError):
            call(platform, no_session, **changed)


@both
def test_what_the_device_shows_is_refused_before_anything_is_written(platform: str) -> None:
    model = asa_start(PAT) if platform == "asa" else device(platform)
    before = model.state()
    opened = Opened(model)
    with pytest.raises(CoreError):
        call(platform, opened, outside_interface="nowhere")
    assert "configure terminal" not in opened.typed
    assert model.state() == before


def test_each_platform_has_its_part() -> None:
    assert {name: platform.role for name, platform in PLATFORMS.items()} == {"asa": "initiator", "ios": "responder"}


# --- what a device holds and nobody can type ------------------------------------------------------------------------


@pytest.mark.parametrize("text", ["remark why?", "remark a\tb", "remark \x03"])
@pytest.mark.parametrize("back", [True, False])
def test_a_line_that_cannot_be_typed_is_refused_before_anything_is_sent(text: str, back: bool) -> None:
    line, other = Line.of(f"access-list OURS {text}"), Line.of("no access-list OURS")
    step = Step((other,), (line,)) if back else Step((line,), (other,))
    with pytest.raises(PlanError, match="nothing was changed") as error:
        _refuse_untypable(Plan((step,), "", ""))
    assert str(error.value).isprintable()
    _refuse_untypable(Plan((Step((other,), (other,)),), "", ""))
