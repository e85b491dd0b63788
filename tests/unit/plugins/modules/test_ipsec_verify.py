# Copyright: The netvpn.dynamic_l2l contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""The door of ``ipsec_verify``: when it fails, what it says then, JMESPath, and that no key takes any way out."""

from __future__ import annotations

import json
from typing import Any

import pytest
from ansible.module_utils.testing import patch_module_args
from ansible_collections.netvpn.dynamic_l2l.plugins.module_utils import _verify_door
from ansible_collections.netvpn.dynamic_l2l.plugins.modules import ipsec_verify

KEY = "Vz7fQ2mKx9Lw4Rt8Bn3c"
ASKED: dict[str, Any] = {
    "host": "pix",
    "responders": [
        {
            "host": "hub",
            "address": "192.168.1.2",
            "networks": ["10.2.1.0/24"],
            "suite": "aes256-sha-g5",
            "pre_shared_key": KEY,
        }
    ],
    "tunnels": [{"name": "osaka", "initiator": "pix", "responder": "hub", "networks": ["10.1.1.0/24"]}],
}


def result(*statuses: str) -> dict[str, Any]:
    """What the core returns."""
    told = {"host": "pix", "tunnel": "osaka", "check": "up", "expected": "SAs", "found": "none", "message": "It is so"}
    return {"changed": False, "results": [{**told, "status": status} for status in statuses]}


def run(capsys: pytest.CaptureFixture[str], args: dict[str, Any]) -> tuple[int, dict[str, Any], str]:
    """The module's exit code, its result, all that it printed."""
    with patch_module_args(args), pytest.raises(SystemExit) as ended:
        ipsec_verify.main()
    printed = capsys.readouterr()
    return int(ended.value.code or 0), json.loads(printed.out), printed.out + printed.err


@pytest.mark.parametrize(
    ("fail_on", "statuses", "code"),
    [
        ("failed", ("ok", "unknown"), 0),
        ("failed", ("ok", "failed"), 1),
        ("unknown", ("ok", "ok"), 0),
        ("unknown", ("ok", "unknown"), 1),
        ("never", ("failed", "unknown"), 0),
    ],
)
def test_the_task_fails_when_it_was_told_to_and_returns_the_results_all_the_same(
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
    fail_on: str,
    statuses: tuple[str, ...],
    code: int,
) -> None:
    monkeypatch.setattr(_verify_door, "verify", lambda *_args, **_kwargs: result(*statuses))
    ended, told, _text = run(capsys, {**ASKED, "fail_on": fail_on})
    assert (ended, [each["status"] for each in told["results"]]) == (code, list(statuses))
    assert ("msg" in told) is bool(code)
    if code:
        assert told["msg"].endswith("osaka, up: It is so")


def test_the_core_gets_the_key_and_nothing_gives_it_back(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    seen: list[Any] = []

    def look(request: dict[str, Any], **_kwargs: Any) -> dict[str, Any]:
        seen.append(request["responders"][0]["pre_shared_key"])
        return result("failed")

    monkeypatch.setattr(_verify_door, "verify", look)
    _code, told, text = run(capsys, ASKED)
    assert KEY not in text
    assert seen == [KEY]
    assert told["invocation"]["module_args"]["responders"][0]["pre_shared_key"] == "********"


def test_expressions_are_jmespath(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    found: list[Any] = []

    def look(_request: dict[str, Any], *, compile_query: Any, **_kwargs: Any) -> dict[str, Any]:
        found.append(compile_query("length(tunnels[?up])")({"tunnels": [{"up": True}, {"up": False}]}))
        # What the core takes for an expression that cannot be read, or does not fit.
        for query in ("tunnels[", "length(host)"):
            with pytest.raises(ValueError, match=r"\S"):
                compile_query(query)({"host": 7})
        return result("ok")

    monkeypatch.setattr(_verify_door, "verify", look)
    assert run(capsys, ASKED)[0] == 0
    assert found == [1]


def test_expressions_without_the_library_say_what_is_missing(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(_verify_door, "JMESPATH_IMPORT_ERROR", "No module named jmespath")
    monkeypatch.setattr(_verify_door, "verify", lambda *_args, **_kwargs: result("ok"))
    code, told, _text = run(capsys, {**ASKED, "expect": [{"name": "mine", "query": "host"}]})
    assert code == 1
    assert "jmespath" in told["msg"]
    assert run(capsys, ASKED)[0] == 0


def test_a_run_without_a_device_says_how_to_reach_it(capsys: pytest.CaptureFixture[str]) -> None:
    code, told, _text = run(capsys, ASKED)
    assert code == 1
    assert "ansible.netcommon.network_cli" in told["msg"]


def test_an_expression_that_cannot_be_read_is_refused_before_the_device_is_asked(
    capsys: pytest.CaptureFixture[str],
) -> None:
    code, told, _text = run(capsys, {**ASKED, "expect": [{"name": "mine", "query": "tunnels[?up"}]})
    assert code == 1
    assert told["msg"].startswith("expect[0].query = tunnels[?up: it cannot be read as JMESPath: ")
