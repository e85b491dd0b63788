# Copyright: The netvpn.dynamic_l2l contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""What the audit finds on the emulated devices, and that its lines, typed there, make each finding go."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

import pytest
from conftest import Site, seed

sys.path.append(str(Path(__file__).parents[1] / "core"))
from core_support.faults import FAULTS, Fault

FILES = {"asa": "pix-7.2-running-config.cfg", "ios": "ios-12.4-running-config.cfg"}
BOTH = pytest.mark.parametrize("platform", ["asa", "ios"])


def site_with(platform: str, text: str) -> Site:
    keys = {"192.168.1.2": "cisco123"} if platform == "asa" and "pre-shared-key *" in text else {}
    return Site(platform, text, secrets={"pre_shared_keys": keys} if keys else None)


def gathered(site: Site, **options: Any) -> list[dict[str, Any]]:
    """The findings on the device as it is, for the reference's intent."""
    result = site.run(state="gathered", names={"exemption_acl": "NO-NAT"}, **options)
    assert not result["changed"]
    return list(result["findings"])


def only(findings: list[dict[str, Any]], code: str) -> dict[str, Any]:
    (found,) = (finding for finding in findings if finding["code"] == code)
    return found


def typed(site: Site, commands: list[str]) -> None:
    """The lines as a person types them, the key in the place of its mask."""
    shell = site.device.open_shell(privileged=True)
    shell.start()
    for line in ("configure terminal", *commands, "end"):
        answer = shell.feed(line.replace("********", "cisco123") + "\r")
        assert "%" not in answer, (line, answer)
        assert "ERROR" not in answer, (line, answer)


@pytest.mark.parametrize("fault", FAULTS, ids=lambda fault: fault.name)
def test_its_lines_make_the_finding_go_and_bring_no_other_warning(fault: Fault) -> None:
    site = site_with(fault.platform, fault.made(seed(FILES[fault.platform])))
    before = gathered(site)
    found = only(before, fault.code)
    assert found["commands"] == list(fault.commands)
    typed(site, found["commands"])
    after = gathered(site)
    assert fault.code not in {finding["code"] for finding in after}
    # A note may come with what was missing: a key that is there is one for everybody.
    known = {finding["code"] for finding in before}
    assert {finding["code"] for finding in after if finding["level"] == "warning"} <= known


@BOTH
def test_all_that_can_be_mended_is_mended_finding_by_finding(platform: str) -> None:
    site = site_with(platform, seed(FILES[platform]))
    for _round in range(10):
        found = next((finding for finding in gathered(site) if finding["commands"]), None)
        if found is None:
            break
        typed(site, found["commands"])
    left = gathered(site)
    assert {finding["code"] for finding in left} <= {"weak-algorithm", "weak-built-in-policy", "wildcard-key"}


@BOTH
def test_without_the_intent_the_devices_own_entries_are_judged(platform: str) -> None:
    site = site_with(platform, seed(FILES[platform]))
    alone = site.run(state="gathered", host=None)
    assert {finding["code"] for finding in alone["findings"]} == {finding["code"] for finding in gathered(site)}


def test_a_wrong_intent_is_refused_before_the_device_is_read() -> None:
    site = site_with("asa", seed(FILES["asa"]))
    with pytest.raises(Exception, match="no tunnel of the intent has this initiator"):
        site.run(state="gathered", host="elsewhere")


@BOTH
def test_a_plan_tells_what_remains_wrong_and_not_what_it_mends(platform: str) -> None:
    slip = {
        "asa": (
            "access-list NO-NAT extended permit ip 10.1.1.0 255.255.255.0 10.2.1.0",
            "access-list NO-NAT extended permit ip 10.1.1.0 255.255.255.0 10.2.2.0",
        ),
        "ios": (
            "access-list 100 deny   ip 10.2.1.0 0.0.0.255 10.1.1.0",
            "access-list 100 deny   ip 10.2.1.0 0.0.0.255 10.1.2.0",
        ),
    }
    site = site_with(platform, seed(FILES[platform]).replace(*slip[platform]))
    assert "exemption-missing" in {finding["code"] for finding in gathered(site)}
    planned = site.run(check=True)
    assert planned["changed"]
    codes = {finding["code"] for finding in planned["findings"]}
    assert "exemption-missing" not in codes
    done = site.run()
    assert done["findings"] == planned["findings"]
    # What the plan leaves alone is mended by the finding's own lines.
    found = only(done["findings"], "exempt-but-unprotected")
    assert found["packet"]["destination"] in ("10.2.2.1", "10.1.2.1")
    typed(site, found["commands"])
    again = site.run(check=True)
    assert not again["changed"]
    assert "exempt-but-unprotected" not in {finding["code"] for finding in again["findings"]}


@BOTH
def test_a_device_without_its_tunnels_is_judged_no_more(platform: str) -> None:
    site = site_with(platform, seed(FILES[platform]))
    gone = site.run(state="absent", remove_shared=True)
    assert {finding["code"] for finding in gone["findings"]} <= {"pat-removed", "weak-built-in-policy"}
