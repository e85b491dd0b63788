# Copyright: The netvpn.dynamic_l2l contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""What the filters refuse, and that they agree with each other."""

from __future__ import annotations

from typing import Any

import pytest
from ansible.errors import AnsibleFilterError
from ansible_collections.netvpn.dynamic_l2l.plugins.filter.l2l import FilterModule

FILTERS = FilterModule().filters()
TUNNEL = {"local": ["10.1.1.0/24", "10.1.9.1/32"], "remote": ["10.2.1.0/24"], "address": "192.168.1.2"}
RESPONDER: dict[str, Any] = {
    "host": "hub",
    "address": "192.168.1.2",
    "networks": ["10.2.1.0/24", {"prefix": "10.2.2.0/24", "interface": "Ethernet1"}],
    "suite": "aes256-sha-g5",
}
TUNNELS: list[dict[str, Any]] = [
    {"name": "osaka", "initiator": "pix", "responder": "hub", "networks": ["10.1.1.0/24"], "state": "absent"},
    {"name": "kobe", "initiator": "asa", "responder": "hub", "networks": ["10.1.2.0/24"]},
]


def refusal(name: str, *args: Any, **kwargs: Any) -> str:
    with pytest.raises(AnsibleFilterError) as caught:
        FILTERS[name](*args, **kwargs)
    return str(caught.value)


@pytest.mark.parametrize("platform", ["asa", "ios"])
@pytest.mark.parametrize("other", ["asa", "ios"])
def test_mirror_of_a_crypto_list_is_the_crypto_list_of_the_other_end(platform: str, other: str) -> None:
    lines = FILTERS["crypto_acl"](TUNNEL, "LIST", platform=platform)
    there = {"local": TUNNEL["remote"], "remote": TUNNEL["local"]}
    assert FILTERS["mirror_acl"](lines, platform, to=other) == FILTERS["crypto_acl"](there, "LIST", platform=other)


@pytest.mark.parametrize("platform", ["asa", "ios"])
def test_mirror_of_the_mirror_is_the_list(platform: str) -> None:
    lines = [*FILTERS["crypto_acl"](TUNNEL, "101", platform=platform)]
    lines.insert(1, "access-list 101 remark who asks   for two blanks gets two")
    there = FILTERS["mirror_acl"](lines, platform, to="ios")
    assert FILTERS["mirror_acl"](there, "ios", to=platform) == lines


def test_ports_change_sides_and_words_that_both_platforms_know_stay() -> None:
    line = "access-list A extended permit tcp 10.1.1.0 255.255.255.0 eq www host 10.2.1.9 gt 1023 log"
    assert FILTERS["mirror_acl"]([line], "asa", to="ios") == [
        "ip access-list extended A",
        " permit tcp host 10.2.1.9 gt 1023 10.1.1.0 0.0.0.255 eq www log",
    ]


def test_sequence_numbers_of_a_list_that_was_shown_are_not_taken_for_words() -> None:
    lines = "ip access-list extended A\n 10 permit ip 10.2.1.0 0.0.0.255 any\n"
    assert FILTERS["mirror_acl"](lines, "ios", to="asa") == [
        "access-list A extended permit ip any 10.2.1.0 255.255.255.0"
    ]


@pytest.mark.parametrize(
    ("line", "platform", "to"),
    [
        ("access-list A extended permit ip object-group X any", "asa", "ios"),
        ("access-list A extended permit ip any any inactive", "asa", "ios"),
        ("access-list A extended permit ip any any log 6 interval 60", "asa", "ios"),
        ("access-list A standard permit 10.1.1.0 255.255.255.0", "asa", "asa"),
        ("access-list 10 permit 10.1.1.0 0.0.0.255", "ios", "ios"),
        ("access-list 101 permit ip 10.1.0.1 0.0.255.0 any", "ios", "asa"),
        ("access-list 101 permit tcp any any established", "ios", "asa"),
        ("hostname foo", "asa", "ios"),
        ("ip access-list standard A\n permit 10.1.1.0 0.0.0.255", "ios", "ios"),
    ],
)
def test_a_line_that_cannot_be_mirrored_is_named(line: str, platform: str, to: str) -> None:
    text = refusal("mirror_acl", [line], platform, to=to)
    assert line.splitlines()[-1].strip() in text
    assert "netvpn.dynamic_l2l.mirror_acl: line 1" in text


def test_an_object_group_can_be_mirrored_on_the_platform_that_has_it() -> None:
    line = "access-list A extended permit ip object-group X any"
    assert FILTERS["mirror_acl"]([line], "asa") == ["access-list A extended permit ip any object-group X"]


def test_lines_of_two_lists_are_refused() -> None:
    lines = ["access-list A extended permit ip any any", "access-list B extended permit ip any any"]
    assert "belongs to B" in refusal("mirror_acl", lines, "asa")


@pytest.mark.parametrize(
    ("name", "args", "kwargs", "part"),
    [
        ("crypto_acl", ({"local": ["10.1.1.0/24"]}, "A", "asa"), {}, "remote: no networks"),
        ("crypto_acl", ({"local": ["10.1.1.1/24"], "remote": ["10.2.1.0/24"]}, "A", "asa"), {}, "10.1.1.0/24"),
        ("crypto_acl", (TUNNEL, "A B", "asa"), {}, "name = A B"),
        ("crypto_acl", (TUNNEL, "A", "junos"), {}, "junos"),
        ("crypto_acl", ("osaka", "A", "asa"), {}, "crypto_acl"),
        ("crypto_acl", (TUNNEL,), {}, "name"),
        ("nat_exemption", (TUNNEL, "A", "asa"), {}, "interface"),
        ("crypto_map", (TUNNEL, "M"), {"platform": "asa", "sequence": 10, "transform_set": "T"}, "acl"),
        ("crypto_map", (TUNNEL, "M"), {"platform": "ios", "sequence": 10, "transform_set": "T"}, "dynamic_map"),
        (
            "crypto_map",
            (TUNNEL, "M"),
            {"platform": "asa", "sequence": 70000, "transform_set": "T", "acl": "A"},
            "1 to 65535",
        ),
        ("tunnels_for", (TUNNELS, "pix", []), {}, "no such host"),
        ("tunnels_for", (["osaka"], "pix", [RESPONDER]), {}, "mapping"),
        ("mirror_acl", ([], "asa"), {}, "no entry"),
    ],
)
def test_refusals_name_the_option(name: str, args: Any, kwargs: Any, part: str) -> None:
    assert part in refusal(name, *args, **kwargs)


def test_a_host_sees_its_tunnels_from_its_own_side() -> None:
    (pix,) = FILTERS["tunnels_for"](TUNNELS, "pix", [RESPONDER])
    hub = FILTERS["tunnels_for"](TUNNELS, "hub", [RESPONDER])
    assert (pix["role"], pix["state"], pix["peer"], pix["local"]) == ("initiator", "absent", "hub", ["10.1.1.0/24"])
    assert [item["peer"] for item in hub] == ["pix", "asa"]
    assert [item["role"] for item in hub] == ["responder", "responder"]
    assert hub[0]["local"] == pix["remote"] == ["10.2.1.0/24", "10.2.2.0/24"]


def test_a_stranger_has_no_tunnels() -> None:
    assert FILTERS["tunnels_for"](TUNNELS, "elsewhere", [RESPONDER]) == []


def test_keys_are_not_even_read() -> None:
    class Watched(dict[str, Any]):
        def __getitem__(self, key: str) -> Any:
            assert key != "pre_shared_key"
            return super().__getitem__(key)

    responder = Watched(RESPONDER, pre_shared_key="hidden!")
    tunnels = [Watched(tunnel, pre_shared_key="hidden!") for tunnel in TUNNELS]
    assert "hidden!" not in str(FILTERS["tunnels_for"](tunnels, "hub", [responder]))
