# Copyright: The netvpn.dynamic_l2l contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""That the reference comes out is the devices' doing, not a replay: other names, networks, interfaces, initiators."""

from __future__ import annotations

import re
from typing import Any

import pytest
from conftest import HUB, OSAKA, Site, comparable, seed

RENAMED = {
    "crypto_map": "Wan-Map",
    "transform_set": "strong.1",
    "crypto_acl": "to-{tunnel}",
    "exemption_acl": "exempt",
    "dynamic_map": "callers",
    "match_acl": "callers-nets",
    "nat_acl": "translate",
    "ike_policy": 30,
    "sequence": 77,
}

AES_HUB: dict[str, Any] = HUB | {
    "address": "192.168.1.2",
    "networks": ["10.2.1.0/24", "10.77.0.0/16"],
    "suite": "aes256-sha-g5",
    "allow_weak_crypto": "legacy",
    "match_address": True,
    "pre_shared_key": "An0ther-key",
    "dpd": {"interval": 30, "retry": 5},
    "pfs": 5,
    "lifetimes": {"ike_seconds": 28800, "ipsec_seconds": 7200},
}

TUNNELS = [
    OSAKA | {"networks": ["10.1.1.0/24", "10.3.1.0/24"]},
    {"name": "kobe", "initiator": "pix2", "responder": "hub", "networks": ["10.4.0.0/22"]},
]

DMZ = """interface Ethernet2
 nameif dmz
 security-level 50
 ip address 10.3.1.1 255.255.255.0
!
"""


IDENTITY = "static (inside,dmz) 10.1.1.0 10.1.1.0 netmask 255.255.255.0"


def with_dmz() -> str:
    """With PAT, what goes from inside to the DMZ needs a translation of its own: it is said to keep its address."""
    text = seed("pix-7.2-start.cfg").replace("passwd 2KFQ", DMZ + "passwd 2KFQ").replace("!\n!\npasswd", "!\npasswd")
    return text.replace("route outside", f"{IDENTITY}\nroute outside", 1)


def with_lan2() -> str:
    text = seed("ios-12.4-start.cfg")
    return text.replace(
        "interface Serial2/0\n no ip address\n shutdown\n", "interface Serial2/0\n ip address 10.77.0.1 255.255.0.0\n"
    )


def site_of(platform: str) -> Site:
    return Site("asa", with_dmz()) if platform == "asa" else Site("ios", with_lan2())


BOTH = pytest.mark.parametrize("platform", ["asa", "ios"])


@pytest.mark.parametrize("names", [{}, RENAMED], ids=["default names", "other names"])
@pytest.mark.parametrize("pat", ["present", "foreign"])
@BOTH
def test_another_site_is_brought_up_kept_and_taken_down(names: dict[str, str], pat: str, platform: str) -> None:
    site = site_of(platform)
    begin = comparable(site.text)
    options = {"responders": [AES_HUB], "tunnels": TUNNELS, "names": names, "pat": pat}
    made = site.run(**options)
    assert made["changed"]
    assert not site.run(**options)["changed"]
    held = site.text
    assert "An0ther-key" not in str(made)
    for name in ("IPSec-traffic", "NO-NAT", "DYN-TS"):
        assert name not in held
    site.run(state="absent", remove_shared=True, **options)
    assert comparable(site.text) == begin


def test_each_network_is_exempt_on_the_interface_behind_which_it_lies() -> None:
    site = site_of("asa")
    site.run(responders=[AES_HUB], tunnels=TUNNELS, names={}, pat="present")
    rows = comparable(site.text)
    assert "nat (inside) 0 access-list L2L-NONAT-inside" in rows
    assert "nat (dmz) 0 access-list L2L-NONAT-dmz" in rows
    assert "nat (dmz) 1 0.0.0.0 0.0.0.0" in rows
    dmz = [row for row in rows if row.startswith("access-list L2L-NONAT-dmz")]
    assert all(" 10.3.1.0 255.255.255.0 10." in row for row in dmz)
    assert len(dmz) == 2


def test_a_hub_serves_all_its_initiators_by_one_list_and_one_deny_each() -> None:
    site = site_of("ios")
    site.run(responders=[AES_HUB], tunnels=TUNNELS, names=RENAMED, pat="present")
    rows = comparable(site.text)
    block = rows[rows.index("ip access-list extended translate") + 1 :]
    block = block[: next(i for i, row in enumerate(block) if not row.startswith(" "))]
    # Every pair of a network is denied before the network is permitted.
    for network in ("10.2.1.0", "10.77.0.0"):
        kinds = [row.split()[0] for row in block if row.split()[2] == network]
        assert kinds == ["deny"] * 3 + ["permit"]
    assert len(block) == 8
    matched = [row for row in rows if re.fullmatch(r" permit ip 10\.(2\.1|77\.0)\.0 \S+ 10\.[134]\.\d+\.0 \S+", row)]
    assert len(matched) == 6


def test_a_third_initiator_and_its_leaving_touch_only_its_own_lines() -> None:
    site = site_of("ios")
    options: dict[str, Any] = {"responders": [AES_HUB], "names": RENAMED, "pat": "present"}
    site.run(tunnels=TUNNELS, **options)
    before = comparable(site.text)
    third = {"name": "nara", "initiator": "pix3", "responder": "hub", "networks": ["10.9.9.0/24"]}
    added = site.run(tunnels=[*TUNNELS, third], **options)["commands"]
    assert all(row.startswith("ip access-list") or "10.9.9.0" in row for row in added)
    # The list of the dynamic entry first, then the deny: the class switches at the latter.
    assert ["deny" in row.split() for row in added if "10.9.9.0" in row] == [False, False, True, True]
    removed = site.run(tunnels=TUNNELS, **options)["commands"]
    assert comparable(site.text) == before
    assert all(row.startswith("ip access-list") or "10.9.9.0" in row for row in removed)


def test_partial_leaves_the_tunnels_that_are_not_named() -> None:
    site = site_of("ios")
    options: dict[str, Any] = {"responders": [AES_HUB], "names": RENAMED, "pat": "present"}
    site.run(tunnels=TUNNELS, **options)
    before = site.text
    assert not site.run(tunnels=TUNNELS[:1], partial=True, **options)["changed"]
    assert site.text == before


def test_two_responders_of_one_initiator_get_an_entry_each() -> None:
    site = site_of("asa")
    second = HUB | {"host": "hub2", "address": "192.168.9.9", "networks": ["10.8.0.0/16"], "pre_shared_key": "k2"}
    tunnel = {"name": "nagoya", "initiator": "pix", "responder": "hub2", "networks": ["10.1.1.0/24"]}
    options: dict[str, Any] = {"responders": [HUB, second], "tunnels": [OSAKA, tunnel], "names": {}, "pat": "present"}
    site.run(**options)
    rows = comparable(site.text)
    assert "crypto map L2L-MAP 10 set peer 192.168.1.2" in rows
    assert "crypto map L2L-MAP 20 set peer 192.168.9.9" in rows
    begin = rows
    only_one = options | {"tunnels": [OSAKA, tunnel | {"state": "absent"}]}
    site.run(**only_one)
    assert not [row for row in comparable(site.text) if "192.168.9.9" in row or "10.8.0.0" in row]
    site.run(**options)
    # A PIX shows its lists in the order in which they were made.
    assert sorted(comparable(site.text)) == sorted(begin)


@BOTH
def test_a_changed_suite_is_appended_before_the_old_one_goes(platform: str) -> None:
    site = site_of(platform)
    options: dict[str, Any] = {"tunnels": TUNNELS, "names": {}, "pat": "present"}
    site.run(responders=[AES_HUB], **options)
    result = site.run(responders=[AES_HUB | {"suite": "aes128-sha-g5"}], **options)
    assert "L2L-AES128-SHA" in site.text
    assert "set transform-set L2L-AES256-SHA" not in site.text
    assert not any(row.startswith("no crypto map") and "interface" in row for row in result["commands"])
    assert not site.run(responders=[AES_HUB | {"suite": "aes128-sha-g5"}], **options)["changed"]


@BOTH
def test_a_changed_key_is_seen_and_replaced(platform: str) -> None:
    site = site_of(platform)
    options: dict[str, Any] = {"tunnels": TUNNELS, "names": {}, "pat": "present"}
    site.run(responders=[AES_HUB], **options)
    result = site.run(responders=[AES_HUB | {"pre_shared_key": "outside"}], **options)
    assert result["changed"]
    assert all("********" in row or "tunnel-group" in row for row in result["commands"])
    assert not site.run(responders=[AES_HUB | {"pre_shared_key": "outside"}], **options)["changed"]
