# Copyright: The netvpn.dynamic_l2l contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""A device that refuses a line, at each line in turn, is left as it was; one that hangs up is told from that."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import pytest
from ansible_collections.netvpn.dynamic_l2l.plugins.module_utils._core.errors import DeviceError, PlanError, ReadError
from conftest import HUB, ShellTransport, Site, comparable, seed

FILES = {"asa": "pix-7.2", "ios": "ios-12.4"}
BOTH = pytest.mark.parametrize("platform", ["asa", "ios"])


def start(platform: str, *faults: str, **device: Any) -> Site:
    return Site(platform, seed(f"{FILES[platform]}-start.cfg"), faults=list(faults), **device)


def lines_of(platform: str, responders: list[dict[str, Any]]) -> int:
    """How many configuration lines a run sends; the device does not count ``exit`` as one."""
    commands = start(platform).run(check=True, responders=responders)["commands"]
    return sum(line != "exit" for line in commands)


@BOTH
@pytest.mark.parametrize("match_address", [True, False])
def test_whichever_line_is_refused_everything_is_as_it_was(platform: str, match_address: bool) -> None:
    responders = [HUB | {"match_address": match_address}]
    for number in range(1, lines_of(platform, responders) + 1):
        site = start(platform, f"refuse:{number}")
        begin = comparable(site.text)
        with pytest.raises(DeviceError) as caught:
            site.run(responders=responders)
        assert caught.value.rolled_back is True, str(caught.value)
        assert HUB["pre_shared_key"] not in str(caught.value) + caught.value.line + caught.value.answer
        assert comparable(site.text) == begin
        # Nothing was saved on the way either.
        assert "crypto map" not in site.device.startup_config()


@BOTH
def test_after_a_broken_connection_the_next_run_sends_only_what_is_missing(platform: str) -> None:
    for number in range(1, lines_of(platform, [HUB]) + 1):
        site = start(platform, f"drop-at:{number}")
        with pytest.raises(DeviceError, match="nothing was undone") as caught:
            site.run()
        assert caught.value.rolled_back is None
        assert HUB["pre_shared_key"] not in str(caught.value)
        missing = len(site.run()["commands"])
        assert not site.run()["changed"]
        assert missing
        # A policy that was cut off in its middle is left, under its number; everything else is as in the reference.
        lacking = set(comparable(seed(f"{FILES[platform]}-running-config.cfg"))) - set(comparable(site.text))
        assert not lacking


@BOTH
def test_an_undo_that_meets_trouble_says_which_line_and_that_it_is_not_as_before(platform: str) -> None:
    last = {"asa": "crypto map IPSEC interface outside", "ios": "crypto map IPSEC"}[platform]
    stuck = {"asa": "no crypto isakmp enable outside", "ios": "no crypto dynamic-map DYN 10"}[platform]
    site = start(platform, f"refuse:/^{last}$/", f"refuse:/^{stuck}/:Command authorization failed")
    with pytest.raises(DeviceError, match="did NOT restore the configuration") as caught:
        site.run()
    assert caught.value.rolled_back is False
    assert caught.value.line == last
    assert f"refused '{stuck}': Command authorization failed" in str(caught.value)
    assert str(caught.value).endswith("look at the device.")
    assert HUB["pre_shared_key"] not in str(caught.value) + caught.value.answer


@BOTH
def test_a_connection_that_breaks_on_the_way_back_leaves_no_claim(platform: str) -> None:
    last = {"asa": "crypto map IPSEC interface outside", "ios": "crypto map IPSEC"}[platform]
    site = start(platform, f"refuse:/^{last}$/", "drop-at:/^no /")
    with pytest.raises(DeviceError, match="did NOT restore the configuration") as caught:
        site.run()
    assert caught.value.rolled_back is False
    assert "connection was closed" in str(caught.value)
    # The next run finds what is missing.
    site.device.faults.refuse.clear()
    site.run()
    assert not site.run()["changed"]


@BOTH
def test_a_configuration_that_another_session_holds_stays_as_it_is_and_who_holds_it_is_told(platform: str) -> None:
    """IOS refuses to enter the mode; a PIX/ASA enters it and ignores each line."""
    site = start(platform, "locked:netop")
    begin = comparable(site.text)
    with pytest.raises(DeviceError, match=r"\. Another session .*: run again when ") as caught:
        site.run()
    assert comparable(site.text) == begin
    said = {
        "asa": ("crypto isakmp policy 10", "Command Ignored, Configuration in progress", True, "is the one before."),
        "ios": (
            "configure terminal",
            "Configuration mode locked exclusively by user 'netop'",
            None,
            "Nothing was changed.",
        ),
    }[platform]
    assert caught.value.line == said[0]
    assert caught.value.answer.startswith(said[1])
    assert caught.value.rolled_back is said[2]
    assert said[3] in str(caught.value)


@BOTH
@pytest.mark.parametrize(
    ("denied", "says"),
    [
        ("^(more|show running)", "the device does not show it"),
        ("^configure", "refused 'configure terminal': Command authorization failed"),
        ("^crypto map", "What had been sent was undone; the configuration is the one before"),
    ],
)
def test_what_command_authorization_refuses_changes_nothing_and_who_can_permit_it_is_told(
    platform: str, denied: str, says: str
) -> None:
    site = start(platform, f"deny:/{denied}/")
    begin = comparable(site.text)
    with pytest.raises((DeviceError, ReadError), match=says) as caught:
        site.run()
    assert "permit it (AAA server, or the command's privilege level)" in str(caught.value)
    assert comparable(site.text) == begin


@BOTH
@pytest.mark.parametrize("level", [2, 14])
def test_a_session_of_a_lower_level_is_refused_before_it_reads(platform: str, level: int) -> None:
    site = start(platform)
    site.device.privilege = level
    with pytest.raises(ReadError, match=f"privilege level {level}, and below 15 .*ansible_become_password"):
        site.run()
    assert not any("running-config" in line for line in site.device.received)


@BOTH
def test_a_full_nvram_is_said_and_the_change_stays(platform: str) -> None:
    site = start(platform, "nvram-full")
    with pytest.raises(DeviceError, match=r"changed but not saved.*run again with save: always") as caught:
        site.run()
    assert caught.value.line == "write memory"
    assert comparable(site.text) == comparable(seed(f"{FILES[platform]}-running-config.cfg"))


def test_where_the_clear_keys_are_refused_the_masked_configuration_is_read() -> None:
    site = Site(
        "asa",
        seed("pix-7.2-running-config.cfg"),
        secrets={"pre_shared_keys": {"192.168.1.2": "another"}},
        faults=["no-more"],
    )
    assert not site.run()["changed"]
    assert site.run(update_secret="always")["commands"] == [
        "tunnel-group 192.168.1.2 ipsec-attributes",
        "pre-shared-key ********",
    ]


@pytest.mark.parametrize("how", ["question", "refuse"])
def test_a_translation_rule_in_use_is_not_removed_behind_its_users_backs(how: str) -> None:
    site = Site("ios", seed("ios-12.4-running-config.cfg"), faults=[f"nat-in-use:{how}"])
    begin = comparable(site.text)
    for check in (True, False):
        with pytest.raises(PlanError, match="clear_flows: affected"):
            site.run(check=check, state="absent", remove_shared=True)
    assert comparable(site.text) == begin
    assert site.device.translations


@pytest.mark.parametrize("how", ["question", "refuse"])
def test_translations_that_began_after_the_table_was_read_stop_the_removal_and_all_is_taken_back(how: str) -> None:
    site = Site("ios", seed("ios-12.4-running-config.cfg"), faults=[f"nat-in-use:{how}"])
    site.device.translations.clear()
    begin = comparable(site.text)

    class Late(ShellTransport):
        def write(self, lines: Sequence[str], question: str | None = None, reply: str = "no") -> list[str]:
            if "configure terminal" in lines and not site.device.translations:
                site.device.translations.append("icmp 192.168.1.2:6 10.2.1.9:6 198.51.100.1:6 198.51.100.1:6")
            return super().write(lines, question, reply)

    with pytest.raises(DeviceError) as caught:
        site.run(transport=Late, state="absent", remove_shared=True)
    assert caught.value.rolled_back is True, str(caught.value)
    assert comparable(site.text) == begin
    assert site.device.translations


@pytest.mark.parametrize("how", ["question", "refuse"])
def test_a_translation_rule_in_use_goes_with_its_translations_where_that_is_asked_for(how: str) -> None:
    site = Site("ios", seed("ios-12.4-running-config.cfg"), faults=[f"nat-in-use:{how}"])
    planned = site.run(check=True, state="absent", remove_shared=True, clear_flows="affected")
    assert "do clear ip nat translation *" in planned["commands"]
    assert site.device.translations
    done = site.run(state="absent", remove_shared=True, clear_flows="affected")
    assert done["commands"] == planned["commands"]
    assert done["old_flows"]["after"] == {"connections": 0, "translations": 0}
    assert "ip nat inside source" not in site.text
    assert site.device.translations == []
