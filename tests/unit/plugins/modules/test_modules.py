# Copyright: The netvpn.dynamic_l2l contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""The modules' ways out: results, refusals, bugs; and that no key takes any of them."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from ansible.module_utils.testing import patch_module_args
from ansible_collections.netvpn.dynamic_l2l.plugins.module_utils import _door
from ansible_collections.netvpn.dynamic_l2l.plugins.module_utils._core.errors import CoreError, DeviceError
from ansible_collections.netvpn.dynamic_l2l.plugins.module_utils._core.preflight import PreconditionError
from ansible_collections.netvpn.dynamic_l2l.plugins.module_utils._core.steps import Finding
from ansible_collections.netvpn.dynamic_l2l.plugins.modules import asa_ipsec_l2l, ios_ipsec_l2l

KEY = "outside"
RESPONDER = {
    "host": "hub",
    "address": "192.168.1.2",
    "networks": [{"prefix": "10.2.1.0/24", "interface": "Ethernet1"}],
    "suite": "aes256-sha-g5",
    "pre_shared_key": KEY,
}
TUNNEL = {
    "name": "osaka",
    "initiator": "pix",
    "responder": "hub",
    "networks": [{"prefix": "10.1.1.0/24", "interface": "inside"}],
    "pre_shared_key": KEY,
}
INTENT = {"responders": [RESPONDER], "tunnels": [TUNNEL]}
RENDER_ASA = {**INTENT, "host": "pix", "state": "rendered", "version": "7.2(2)", "outside_interface": "outside"}
RENDER_IOS = {**INTENT, "host": "hub", "state": "rendered", "version": "12.4", "outside_interface": "Ethernet0"}

Run = Callable[..., tuple[int, dict[str, Any], str]]


@pytest.fixture
def run(capsys: pytest.CaptureFixture[str]) -> Run:
    def call(module: Any, args: dict[str, Any]) -> tuple[int, dict[str, Any], str]:
        with patch_module_args(args), pytest.raises(SystemExit) as ended:
            module.main()
        printed = capsys.readouterr()
        result = json.loads(printed.out)
        return int(ended.value.code or 0), result, printed.out + printed.err

    return call


@pytest.mark.parametrize(("module", "args"), [(asa_ipsec_l2l, RENDER_ASA), (ios_ipsec_l2l, RENDER_IOS)])
def test_rendered_needs_no_device_and_a_key_mangles_nothing(run: Run, module: Any, args: dict[str, Any]) -> None:
    code, result, _text = run(module, args)
    assert code == 0
    lines = result["rendered"]
    key_lines = [line for line in lines if "********" in line]
    assert key_lines == [line for line in lines if line.startswith(("pre-shared-key", "crypto isakmp key"))]
    assert len(key_lines) == 1
    # The key is a word of the configuration here; it must be in no other place than a masked one.
    assert result["invocation"]["module_args"]["responders"][0]["pre_shared_key"] == "********"
    assert result["invocation"]["module_args"]["tunnels"][0]["pre_shared_key"] == "********"
    if module is asa_ipsec_l2l:
        assert "crypto map L2L-MAP interface outside" in lines


@pytest.mark.parametrize("key", ["outside", "Vz7fQ2mKx9Lw4Rt8Bn3c"])
def test_results_do_not_depend_on_the_key(run: Run, key: str) -> None:
    other = {
        **RENDER_ASA,
        "responders": [{**RESPONDER, "pre_shared_key": key}],
        "tunnels": [{**TUNNEL, "pre_shared_key": key}],
    }
    assert run(asa_ipsec_l2l, other)[1] == run(asa_ipsec_l2l, RENDER_ASA)[1]


def test_a_running_config_that_was_given_is_not_given_back(run: Run) -> None:
    text = "PIX Version 7.2(2)\nhostname pix\ntunnel-group 10.9.9.9 ipsec-attributes\n pre-shared-key hunter2hunter2\n: end\n"
    code, result, printed = run(asa_ipsec_l2l, {"state": "parsed", "running_config": text})
    assert code == 0
    assert result["parsed"]["tunnel_groups"]["10.9.9.9"]["pre_shared_key"] == "********"
    assert "hunter2" not in printed


@pytest.mark.parametrize("state", ["present", "absent"])
def test_a_state_that_needs_a_device_says_so(run: Run, state: str) -> None:
    code, result, _text = run(asa_ipsec_l2l, {**INTENT, "host": "pix", "state": state})
    assert code == 1
    assert "ansible.netcommon.network_cli" in result["msg"]


@pytest.mark.parametrize(
    ("args", "part"),
    [
        ({"state": "present"}, "host, responders, tunnels"),
        ({"state": "parsed"}, "running_config"),
        ({**RENDER_ASA, "host": "hub"}, "ios_ipsec_l2l"),
        ({**RENDER_ASA, "version": "9.1(2)"}, "Supported are 7.0 to 8.2"),
        ({**RENDER_ASA, "responders": [{**RESPONDER, "suite": "rot13"}]}, "suite"),
    ],
)
def test_refusals_name_the_option(run: Run, args: dict[str, Any], part: str) -> None:
    code, result, _text = run(asa_ipsec_l2l, args)
    assert code == 1
    assert part in result["msg"]


def test_a_refused_line_comes_back_with_its_answer(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    error = DeviceError("the device refused it", "crypto map M interface outside", "ERROR: no")
    error.rolled_back = True

    def refuse(*_args: Any, **_kwargs: Any) -> dict[str, Any]:
        raise error

    monkeypatch.setattr(_door, "run", refuse)
    code, result, _text = run(asa_ipsec_l2l, RENDER_ASA)
    assert code == 1
    assert (result["line"], result["answer"], result["rolled_back"]) == (error.line, error.answer, True)


def test_a_device_that_is_not_ready_comes_back_with_what_is_missing(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    finding = Finding("preflight-no-answer", "warning", "responder hub does not answer ping")

    def fail(*_args: object, **_kwargs: object) -> None:
        raise PreconditionError([finding])

    monkeypatch.setattr(_door, "run", fail)
    code, result, _text = run(asa_ipsec_l2l, RENDER_ASA)
    assert code == 1
    assert result["findings"] == [finding.as_dict()]
    assert "does not answer ping" in result["msg"]


def test_a_run_that_fails_tells_where_its_backup_is(run: Run, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    def refuse(*_args: Any, keep: Callable[[str, str], str], **_kwargs: Any) -> dict[str, Any]:
        keep(f"hostname pix\n pre-shared-key {KEY}-of-2026\n", "pix")
        raise CoreError("because")

    monkeypatch.setattr(_door, "run", refuse)
    options = {"backup": True, "backup_options": {"dir_path": str(tmp_path), "filename": "pix.cfg"}}
    code, result, text = run(asa_ipsec_l2l, {**RENDER_ASA, **options})
    assert (code, result["msg"], result["backup_path"]) == (1, "because", str(tmp_path / "pix.cfg"))
    assert f"{KEY}-of-2026" not in text


def test_any_other_refusal_has_a_message_only(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_args: Any, **_kwargs: Any) -> dict[str, Any]:
        raise CoreError("because")

    monkeypatch.setattr(_door, "run", refuse)
    _code, result, _text = run(asa_ipsec_l2l, RENDER_ASA)
    assert result["msg"] == "because"
    assert "rolled_back" not in result


def test_a_bug_tells_where_it_is_and_no_value(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    secret = "Vz7fQ2mKx9Lw4Rt8Bn3c"

    def crash(_platform: str, request: dict[str, Any], **_kwargs: Any) -> dict[str, Any]:
        try:
            raise ValueError(f"bad key {request['responders'][0]['pre_shared_key']}")
        except ValueError as error:
            raise KeyError(request["responders"][0]["pre_shared_key"]) from error

    monkeypatch.setattr(_door, "run", crash)
    # As a user who wants to see everything would have it.
    monkeypatch.setenv("ANSIBLE_DISPLAY_TRACEBACK", "always")
    code, result, text = run(
        asa_ipsec_l2l,
        {**RENDER_ASA, "responders": [{**RESPONDER, "pre_shared_key": secret}], "tunnels": []},
    )
    assert code == 1
    assert "This is a bug" in result["msg"]
    assert "KeyError" in result["msg"]
    assert any("test_modules.py" in frame for frame in result["frames"])
    assert secret not in text
