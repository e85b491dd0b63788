# Copyright: The netvpn.dynamic_l2l contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""The preflight at emulated devices: what they print is judged, and a device that is not ready stays as it was."""

from __future__ import annotations

import pytest
from ansible_collections.netvpn.dynamic_l2l.plugins.module_utils._core.preflight import PreconditionError
from conftest import HUB, Site, seed


def pix(lease: str | None) -> Site:
    site = Site("asa", seed("pix-7.2-start.cfg"))
    if lease:
        site.device.leases["outside"] = lease
    return site


@pytest.mark.parametrize("check", [True, False])
def test_without_a_lease_nothing_is_sent_if_so_chosen(check: bool) -> None:
    site = pix(lease=None)
    before = site.text
    with pytest.raises(PreconditionError, match=r"outside has no address.*preflight: warn"):
        site.run(preflight="fail", check=check)
    assert site.text == before


def test_without_a_lease_the_run_goes_on_and_says_so_by_default() -> None:
    site = pix(lease=None)
    planned = site.run(preflight="warn", check=True)
    done = site.run(preflight="warn")
    assert [row["code"] for row in done["findings"]] == [row["code"] for row in planned["findings"]]
    assert "preflight-no-address" in {row["code"] for row in done["findings"]}
    again = site.run(preflight="fail")
    assert not again["changed"]


def test_skipping_asks_nothing() -> None:
    site = pix(lease=None)
    assert not any(row["code"].startswith("preflight") for row in site.run(preflight="skip")["findings"])
    assert not any("brief" in line or "ping" in line for line in site.device.received)


def test_a_lease_is_an_address() -> None:
    codes = {row["code"] for row in pix(lease="172.16.1.1").run(preflight="warn")["findings"]}
    assert "preflight-no-address" not in codes


def test_a_router_that_is_called_at_another_address_is_not_ready() -> None:
    site = Site("ios", seed("ios-12.4-start.cfg"))
    elsewhere = {"responders": [HUB | {"address": "192.0.2.9"}], "outside_interface": "Ethernet0/0"}
    with pytest.raises(PreconditionError, match="behind_nat: true"):
        site.run(preflight="fail", **elsewhere)
    assert site.run(preflight="fail", behind_nat=True, **elsewhere)["changed"]


@pytest.mark.parametrize(
    ("platform", "start", "interface"),
    [
        ("asa", "pix-7.2-start.cfg", "interface Ethernet0\n"),
        ("ios", "ios-12.4-start.cfg", "interface Ethernet0/0\n"),
    ],
)
def test_an_interface_that_is_shut_down_is_told(platform: str, start: str, interface: str) -> None:
    text = seed(start)
    assert interface in text
    site = Site(platform, text.replace(interface, interface + " shutdown\n"))
    site.device.leases["outside"] = "172.16.1.1"
    with pytest.raises(PreconditionError, match=r"is down \(administratively down (up|down)\).*no shutdown"):
        site.run(preflight="fail")
    assert "preflight-interface-down" in {row["code"] for row in site.run(preflight="warn")["findings"]}


def test_taking_away_needs_no_readiness() -> None:
    site = Site("asa", seed("pix-7.2-running-config.cfg"))
    assert site.run(state="absent", preflight="fail")["changed"]
