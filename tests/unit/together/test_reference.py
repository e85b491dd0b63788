# Copyright: The netvpn.dynamic_l2l contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""The reference scenario: the core's lines, typed at the devices, make the reference's configurations."""

from __future__ import annotations

import pytest
from conftest import HUB, OSAKA, Site, comparable, seed

BOTH = pytest.mark.parametrize("platform", ["asa", "ios"])
FILES = {"asa": "pix-7.2", "ios": "ios-12.4"}


def start(platform: str) -> Site:
    return Site(platform, seed(f"{FILES[platform]}-start.cfg"))


def reference(platform: str) -> Site:
    secrets = {"pre_shared_keys": {"192.168.1.2": "cisco123"}} if platform == "asa" else None
    return Site(platform, seed(f"{FILES[platform]}-running-config.cfg"), secrets=secrets)


@BOTH
def test_from_the_start_configuration_the_reference_comes_out_line_for_line(platform: str) -> None:
    site = start(platform)
    result = site.run()
    assert result["changed"]
    assert comparable(site.text) == comparable(seed(f"{FILES[platform]}-running-config.cfg"))


@BOTH
def test_from_the_reference_nothing_is_sent(platform: str) -> None:
    site = reference(platform)
    result = site.run()
    assert not result["changed"]
    assert result["commands"] == []
    assert result["diff"]["before"] == result["diff"]["after"]


def test_with_match_address_one_more_list_and_its_reference_are_the_only_difference() -> None:
    site = start("ios")
    site.run(responders=[HUB | {"match_address": True}])
    wanted = comparable(seed("ios-12.4-running-config.cfg"))
    got = comparable(site.text)
    extra = [
        " match address L2L-MATCH",
        "ip access-list extended L2L-MATCH",
        " permit ip 10.2.1.0 0.0.0.255 10.1.1.0 0.0.0.255",
    ]
    assert [row for row in got if row in extra] == extra
    rows = [row for row in got if row not in extra]
    # A device ends the new section with a separator of its own.
    assert [row for row in rows if row != "!"] == [row for row in wanted if row != "!"]


@BOTH
def test_a_second_run_changes_nothing(platform: str) -> None:
    site = start(platform)
    site.run()
    before = site.text
    again = site.run()
    assert not again["changed"]
    assert site.text == before


@BOTH
@pytest.mark.parametrize("match_address", [True, False])
def test_check_mode_returns_what_the_real_run_returns_and_sends_nothing(platform: str, match_address: bool) -> None:
    site = start(platform)
    before = site.text
    responders = [HUB | {"match_address": match_address}]
    planned = site.run(check=True, responders=responders)
    assert site.text == before
    done = site.run(responders=responders)
    for key in ("commands", "diff", "before", "after", "findings", "changed"):
        assert planned[key] == done[key]


@BOTH
@pytest.mark.parametrize("match_address", [True, False])
def test_absent_with_shared_objects_gives_the_start_configuration_back(platform: str, match_address: bool) -> None:
    site = start(platform)
    responders = [HUB | {"match_address": match_address}]
    site.run(responders=responders)
    result = site.run(state="absent", remove_shared=True, responders=responders)
    assert result["changed"]
    assert comparable(site.text) == comparable(seed(f"{FILES[platform]}-start.cfg"))
    assert "pat-removed" in [finding["code"] for finding in result["findings"]]


def test_absent_alone_leaves_the_shared_lines_of_the_initiator() -> None:
    site = reference("asa")
    site.run(state="absent")
    gone = set(comparable(seed("pix-7.2-running-config.cfg"))) - set(comparable(site.text))
    assert gone == {
        "access-list IPSec-traffic extended permit ip 10.1.1.0 255.255.255.0 10.2.1.0 255.255.255.0",
        "access-list NO-NAT extended permit ip 10.1.1.0 255.255.255.0 10.2.1.0 255.255.255.0",
        "nat (inside) 0 access-list NO-NAT",
        "crypto ipsec transform-set DYN-TS esp-des esp-md5-hmac",
        "crypto map IPSEC 10 match address IPSec-traffic",
        "crypto map IPSEC 10 set peer 192.168.1.2",
        "crypto map IPSEC 10 set transform-set DYN-TS",
        "crypto map IPSEC interface outside",
        "tunnel-group 192.168.1.2 type ipsec-l2l",
        "tunnel-group 192.168.1.2 ipsec-attributes",
        " pre-shared-key *",
    }


def test_absent_alone_leaves_the_shared_lines_of_the_responder() -> None:
    site = reference("ios")
    site.run(state="absent")
    gone = set(comparable(seed("ios-12.4-running-config.cfg"))) - set(comparable(site.text))
    assert gone == {
        "access-list 100 deny   ip 10.2.1.0 0.0.0.255 10.1.1.0 0.0.0.255",
        "crypto ipsec transform-set DYN-TS esp-des esp-md5-hmac",
        "crypto dynamic-map DYN 10",
        " set transform-set DYN-TS",
        "crypto map IPSEC 10 ipsec-isakmp dynamic DYN",
        " crypto map IPSEC",
    }


def test_the_slip_of_the_document_gains_the_missing_entry_and_reports_the_foreign_one() -> None:
    wrong = "access-list NO-NAT extended permit ip 10.1.1.0 255.255.255.0 10.2.2.0 255.255.255.0"
    right = "access-list NO-NAT extended permit ip 10.1.1.0 255.255.255.0 10.2.1.0 255.255.255.0"
    text = seed("pix-7.2-running-config.cfg").replace(right, wrong)
    site = Site("asa", text, secrets={"pre_shared_keys": {"192.168.1.2": "cisco123"}})
    result = site.run()
    assert result["commands"] == [right]
    (finding,) = (f for f in result["findings"] if f["code"] == "exempt-but-unprotected")
    assert finding["lines"] == [wrong]
    assert comparable(site.text).count(wrong) == 1


def test_the_slip_on_the_responder_is_reported_too() -> None:
    wrong = "access-list 100 deny   ip 10.2.1.0 0.0.0.255 10.1.2.0 0.0.0.255"
    right = "access-list 100 deny   ip 10.2.1.0 0.0.0.255 10.1.1.0 0.0.0.255"
    site = Site("ios", seed("ios-12.4-running-config.cfg").replace(right, wrong))
    result = site.run()
    assert result["commands"] == ["ip access-list extended 100", "15 deny ip 10.2.1.0 0.0.0.255 10.1.1.0 0.0.0.255"]
    assert [row for row in comparable(site.text) if row.startswith("access-list")] == [
        wrong,
        right,
        "access-list 100 permit ip 10.2.1.0 0.0.0.255 any",
    ]
    assert "exempt-but-unprotected" in [finding["code"] for finding in result["findings"]]


@BOTH
def test_the_configuration_is_saved_after_a_change_and_only_then(platform: str) -> None:
    site = start(platform)
    assert site.run(save="never")["saved"] is False
    assert comparable(site.device.startup_config())[-40:] != comparable(site.text)[-40:]
    assert site.run(save="changed")["saved"] is False
    assert site.run(save="always")["saved"] is True
    assert "crypto map" in site.device.startup_config()


@BOTH
def test_a_tunnel_marked_absent_is_taken_away(platform: str) -> None:
    site = reference(platform)
    gone = site.run(tunnels=[OSAKA | {"state": "absent"}], remove_shared=True)
    assert gone["changed"]
    assert comparable(site.text) == comparable(seed(f"{FILES[platform]}-start.cfg"))
