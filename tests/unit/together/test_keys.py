# Copyright: The netvpn.dynamic_l2l contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""Keys at emulated devices: masked, encrypted, foreign, changed; what is known of them and what is done with them."""

from __future__ import annotations

from typing import Any

import pytest
from ansible_collections.netvpn.dynamic_l2l.plugins.module_utils._core.errors import InputError
from conftest import HUB, ShellTransport, Site, seed
from devices.faults import parse as parse_faults

OLD, NEW = "0ld-key.of-2007", "N3w+key/2026"


def running(platform: str, key: str = OLD, **device: Any) -> Site:
    """A device of the reference scenario, with a key of ours on it."""
    name = {"asa": "pix-7.2-running-config.cfg", "ios": "ios-12.4-running-config.cfg"}[platform]
    if platform == "asa":
        return Site("asa", seed(name), secrets={"pre_shared_keys": {"192.168.1.2": key}}, **device)
    return Site("ios", seed(name).replace("cisco123", key), **device)


def key_of(site: Site) -> str:
    """The key that the device has, asked as somebody who may see it."""
    shell = site.device.open_shell(privileged=True)
    shell.start()
    if site.platform == "asa":
        shell.feed("terminal pager 0\r")
        text = shell.feed("more system:running-config\r")
        return next(row.split()[-1] for row in text.splitlines() if "pre-shared-key" in row)
    shell.feed("terminal length 0\r")
    text = shell.feed("show running-config\r")
    return next(row.split()[3] for row in text.splitlines() if row.startswith("crypto isakmp key"))


def with_key(key: str) -> dict[str, Any]:
    return {"responders": [HUB | {"pre_shared_key": key}]}


BOTH = pytest.mark.parametrize("platform", ["asa", "ios"])


@BOTH
def test_the_same_key_is_not_sent(platform: str) -> None:
    site = running(platform)
    assert not site.run(**with_key(OLD))["changed"]
    assert not site.run(update_secret="always", **with_key(OLD))["changed"]


@BOTH
def test_another_key_is_seen_without_being_shown_and_replaced(platform: str) -> None:
    site = running(platform)
    planned = site.run(check=True, **with_key(NEW))
    assert key_of(site) == OLD
    done = site.run(**with_key(NEW))
    assert planned["commands"] == done["commands"]
    assert key_of(site) == NEW
    assert not site.run(**with_key(NEW))["changed"]
    assert not any(key in str(result) for key in (OLD, NEW) for result in (planned, done))


def test_on_a_router_the_old_key_goes_and_the_new_comes_in_one_write() -> None:
    """A second key for an address is refused by the device, without a percent sign."""
    site = running("ios")
    with pytest.MonkeyPatch.context() as patch:
        written, write = [], ShellTransport.write
        patch.setattr(ShellTransport, "write", lambda self, *given: written.append(given[0]) or write(self, *given))
        result = site.run(**with_key(NEW))
    assert result["commands"] == [
        "no crypto isakmp key ******** address 0.0.0.0 0.0.0.0",
        "crypto isakmp key ******** address 0.0.0.0 0.0.0.0",
    ]
    assert [
        f"no crypto isakmp key {OLD} address 0.0.0.0 0.0.0.0",
        f"crypto isakmp key {NEW} address 0.0.0.0 0.0.0.0",
    ] in written
    # The device itself: with the old key in place it keeps that, and what it says holds no percent sign.
    shell = site.device.open_shell(privileged=True)
    shell.start()
    shell.feed("configure terminal\r")
    assert "%" not in shell.feed(f"crypto isakmp key {OLD} address 0.0.0.0 0.0.0.0\r")
    assert key_of(site) == NEW


def test_a_key_for_everybody_that_is_not_ours_is_never_replaced() -> None:
    theirs = seed("ios-12.4-start.cfg").replace(
        "control-plane\n", "crypto isakmp key theirs address 0.0.0.0 0.0.0.0\n!\ncontrol-plane\n"
    )
    for policy in ("on_create", "always"):
        site = Site("ios", theirs)
        with pytest.raises(InputError, match="callers of others use") as error:
            site.run(update_secret=policy, **with_key(NEW))
        assert "theirs" not in str(error.value)
        assert key_of(site) == "theirs"


def codes(result: dict[str, Any]) -> list[str]:
    return [finding["code"] for finding in result["findings"]]


@pytest.mark.parametrize("fault", ["no-more", "more-masked"])
def test_behind_stars_the_policy_decides(fault: str) -> None:
    """Whether ``more system:running-config`` is refused or shows stars itself."""
    site = running("asa", faults=[fault])
    result = site.run(**with_key(NEW))
    assert not result["changed"]
    assert "key-not-compared" in codes(result)
    result = site.run(update_secret="always", **with_key(NEW))
    assert result["commands"] == ["tunnel-group 192.168.1.2 ipsec-attributes", "pre-shared-key ********"]
    assert "key-not-compared" not in codes(result)
    site.device.faults = parse_faults([])
    assert key_of(site) == NEW


@pytest.mark.parametrize("policy", ["on_create", "always"])
def test_an_encrypted_key_is_left_alone_unless_told(policy: str) -> None:
    """Type 6: ``password encryption aes`` and ``crypto isakmp key 6 TEXT address …``."""
    sealed = "FLgBaJHXdYY_AcHZZMgQ_RhTDJXHUBAAB"
    text = seed("ios-12.4-running-config.cfg").replace("crypto isakmp key cisco123", f"crypto isakmp key 6 {sealed}")
    site = Site("ios", text.replace("ip cef\n", "ip cef\npassword encryption aes\n", 1))
    result = site.run(update_secret=policy, **with_key(NEW))
    assert result["changed"] is (policy == "always")
    assert sealed not in str(result)
    assert (sealed in site.text) is (policy == "on_create")
    assert ("key-not-compared" in codes(result)) is (policy == "on_create")
