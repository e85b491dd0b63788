# Copyright: The netvpn.dynamic_l2l contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""``ipsec_info``: its options, its result, what it returns as documented, and what takes no way out."""

from __future__ import annotations

import json
from dataclasses import fields
from pathlib import Path
from typing import Any

import pytest
import yaml
from ansible.module_utils.testing import patch_module_args
from ansible_collections.netvpn.dynamic_l2l.plugins.module_utils import _door, _info_door
from ansible_collections.netvpn.dynamic_l2l.plugins.module_utils._core.associations import sa
from ansible_collections.netvpn.dynamic_l2l.plugins.module_utils._core.errors import TransportError
from ansible_collections.netvpn.dynamic_l2l.plugins.modules import ipsec_info

ROOT = Path(__file__).parents[4]
SEED = ROOT / "tests/golden/seed"
KEY = "a-key-for-tests"
INTENT: dict[str, Any] = {
    "responders": [
        {"host": "hub", "address": "192.168.1.2", "networks": ["10.2.1.0/24"], "suite": "aes256-sha-g5", "pre_shared_key": KEY}
    ],
    "tunnels": [
        {"name": "osaka", "initiator": "pix", "responder": "hub", "networks": ["10.1.1.0/24"]},
        {"name": "kobe", "initiator": "pix2", "responder": "hub", "networks": ["10.1.2.0/24"]},
    ],
}  # fmt: skip
ASA, IOS = "netvpn.dynamic_l2l.asa", "cisco.ios.ios"


class Device:
    """A connection whose device answers from the seed, and knows no other command."""

    answers: dict[str, str]
    typed: list[str]

    def __init__(self, _socket_path: str | None) -> None:
        pass

    def read(self, command: str) -> str:
        plain = " ".join(command.split())
        self.typed.append(plain)
        default = "        ^\n% Invalid input detected at '^' marker."
        return f"device#{command}\n{self.answers.get(plain, default)}\ndevice#"

    def write(self, lines: list[str], question: str | None = None) -> list[str]:
        raise AssertionError(f"typed in configuration mode: {lines}")

    def close(self) -> None:
        pass

    def drop(self) -> None:
        pass


def outputs(name: str) -> dict[str, str]:
    found: dict[str, str] = {}
    for part in (SEED / name).read_text(encoding="ascii").split("#show ")[1:]:
        command, _, rows = part.partition("\n")
        found[f"show {command}"] = rows.rpartition("\n")[0]
    return found


@pytest.fixture
def run(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> Any:
    def call(network_os: str, args: dict[str, Any], check: bool = False, **more: str) -> tuple[int, dict[str, Any]]:
        ios = network_os == IOS
        answers = outputs("ios-12.4-show.txt" if ios else "pix-7.2-show.txt")
        name = "show crypto isakmp sa"
        answers |= {f"{name} detail": "" if ios else answers[name]} | more
        Device.answers, Device.typed = answers, []
        monkeypatch.setattr(_door, "CliTransport", Device)
        monkeypatch.setattr(_info_door, "network_os", lambda _socket: network_os)
        with patch_module_args({**args, "_ansible_check_mode": check}), pytest.raises(SystemExit) as ended:
            ipsec_info.main()
        printed = capsys.readouterr()
        assert KEY not in printed.out + printed.err
        return int(ended.value.code or 0), json.loads(printed.out)

    return call


@pytest.mark.parametrize("check", [False, True])
@pytest.mark.parametrize(("network_os", "host"), [(ASA, "pix"), (IOS, "hub")])
def test_both_ends_name_the_same_tunnel_and_change_nothing(run: Any, network_os: str, host: str, check: bool) -> None:
    code, result = run(network_os, {**INTENT, "host": host}, check)
    assert code == 0
    assert result["changed"] is False
    assert "ansible_facts" not in result
    found = result["associations"]
    assert [(sa["tunnel"], sa["up"]) for sa in found["ipsec"]] == [("osaka", True)]
    assert [sa["tunnels"] for sa in found["ike"]] == [["osaka"]]
    assert not found["unread"]
    assert not found["truncated"]


@pytest.mark.parametrize("network_os", [ASA, IOS])
def test_without_an_intent_nothing_has_a_name(run: Any, network_os: str) -> None:
    code, result = run(network_os, {})
    assert code == 0
    assert [sa["tunnel"] for sa in result["associations"]["ipsec"]] == [""]


@pytest.mark.parametrize(("network_os", "host"), [(ASA, "pix"), (IOS, "hub")])
def test_one_tunnel_is_asked_for_by_its_name_at_either_end(run: Any, network_os: str, host: str) -> None:
    _code, result = run(network_os, {**INTENT, "host": host, "tunnel": "osaka"})
    assert len(result["associations"]["ipsec"]) == len(result["associations"]["ike"]) == 1
    if host == "hub":
        _code, result = run(network_os, {**INTENT, "host": host, "tunnel": ["kobe"]})
        assert result["associations"]["ipsec"] == result["associations"]["ike"] == []


def test_a_peer_and_detail_are_asked_of_the_device(run: Any) -> None:
    answer = outputs("ios-12.4-show.txt")["show crypto ipsec sa"]
    more = {"show crypto ipsec sa peer 172.16.1.1 detail": answer, "show crypto ipsec sa peer 192.0.2.9": ""}
    code, result = run(IOS, {"peer": "172.16.1.1", "detail": True}, **more)
    assert code == 0
    assert [sa["peer"] for sa in result["associations"]["ike"]] == ["172.16.1.1"]
    code, result = run(IOS, {"peer": "192.0.2.9"}, **more)
    assert result["associations"]["ike"] == result["associations"]["ipsec"] == []


def test_a_line_that_holds_a_key_is_not_returned(run: Any) -> None:
    log = f"dst src state conn-id slot status\nlogged command: crypto isakmp key {KEY} address 0.0.0.0\n"
    code, result = run(IOS, {**INTENT, "host": "hub"}, **{"show crypto isakmp sa": log})
    assert code == 0
    assert [line["text"] for line in result["associations"]["unread"]] == ["(a line that is not shown)"]


@pytest.mark.parametrize(
    ("network_os", "args", "message"),
    [
        (IOS, {"tunnel": ["osaka"]}, "tunnel = osaka: nobody knows which associations are of this tunnel without the intent"),
        (IOS, {**INTENT, "host": "hub", "tunnel": ["tokyo"]}, "tunnel[0] = tokyo: hub has no tunnel of this name. Its tunnels are"),
        (IOS, {**INTENT, "host": "spoke"}, "host = spoke: it has no part in the intent"),
        (IOS, INTENT, "host: it is missing"),
        (IOS, {"peer": "172.16.1.1 detail\nreload"}, "peer = 172.16.1.1 detail\\nreload: this is not an IPv4 address"),
        (IOS, {"peer": "hub"}, "peer = hub: this is not an IPv4 address. Give the peer's address, as 192.0.2.1"),
        ("junipernetworks.junos.junos", {}, "ansible_network_os = junipernetworks.junos.junos: this is neither"),
    ],
)  # fmt: skip
def test_what_cannot_be_asked_for_is_refused_before_anything_is_typed(
    run: Any, network_os: str, args: dict[str, Any], message: str
) -> None:
    code, result = run(network_os, args)
    assert code == 1
    assert message in result["msg"]
    assert Device.typed == []


def test_without_a_connection_it_says_which_one_is_needed(capsys: pytest.CaptureFixture[str]) -> None:
    with patch_module_args({}), pytest.raises(SystemExit):
        ipsec_info.main()
    assert "ansible.netcommon.network_cli" in json.loads(capsys.readouterr().out)["msg"]


def test_a_connection_that_is_lost_is_told(run: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    def lost(_self: Device, _command: str) -> str:
        raise TransportError("the connection to the device was lost; the connection was closed.")

    monkeypatch.setattr(Device, "read", lost)
    code, result = run(IOS, {})
    assert code == 1
    assert result["msg"].startswith("the connection to the device was lost")


def keys(contains: dict[str, Any]) -> dict[str, set[str]]:
    """Path of each documented dictionary → its keys."""
    found = {"": set(contains)}
    for name, item in contains.items():
        for path, inner in keys(item.get("contains", {})).items() if item.get("contains") else ():
            found[f"{name}.{path}".rstrip(".")] = inner
    return found


def test_the_documented_keys_are_those_of_the_data() -> None:
    documented = keys(yaml.safe_load(ipsec_info.RETURN)["associations"]["contains"])
    identity = sa.Identity(0, 0)
    pair = sa.IpsecSa("", local=identity, remote=identity, inbound=(sa.Spi(""),))
    assert documented[""] == set(sa.Associations().as_dict())
    assert documented["ike"] == set(sa.IkeSa("").as_dict()) == {field.name for field in fields(sa.IkeSa)}
    assert documented["ipsec"] == set(pair.as_dict()) == {field.name for field in fields(sa.IpsecSa)} | {"up"}
    assert documented["ipsec.local"] == set(pair.as_dict()["local"])
    assert documented["ipsec.inbound"] == set(pair.as_dict()["inbound"][0])
    assert documented["unread"] == {field.name for field in fields(sa.Unread)}


def test_the_data_model_names_each_key() -> None:
    text = (ROOT / "docs/data-model.md").read_text(encoding="utf-8").partition("## Security associations")[2]
    assert text
    missing = [
        field.name
        for kind in (sa.Associations, sa.IkeSa, sa.IpsecSa, sa.Spi, sa.Unread)
        for field in fields(kind)
        if f"`{field.name}`" not in text
    ]
    assert missing == []
