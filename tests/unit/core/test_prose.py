# Copyright: The netvpn.dynamic_l2l contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""Commands as people and documents write them mean what the device's own spelling of them means."""

from __future__ import annotations

import pytest
from _core.asa import parse as asa_parse
from _core.asa.render import owned_data as asa_data
from _core.ios import parse as ios_parse
from _core.ios.render import owned_data as ios_data
from core_support.golden import seed

#: What the reference document prints in its text or types at the device, and how the device shows it.
PIX = [
    (
        "access-list nonat permit ip 10.1.1.0 255.255.255.0 10.2.2.0 255.255.255.0",
        "access-list nonat extended permit ip 10.1.1.0 255.255.255.0 10.2.2.0 255.255.255.0",
    ),
    (
        "access-list nonat permit ip 10.1.1.0 255.255.255.0 10.2.2.0 255.255.255.0\nnat (inside) 0 access-list nonat",
        "access-list nonat extended permit ip 10.1.1.0 255.255.255.0 10.2.2.0 255.255.255.0\n"
        "nat (inside) 0 access-list nonat",
    ),
    ("nat (inside) 1 10.1.1.0 255.255.255.0 0 0", "nat (inside) 1 10.1.1.0 255.255.255.0"),
    ("isakmp enable outside", "crypto isakmp enable outside"),
    (
        "isakmp policy 10 authentication pre-share\nisakmp policy 10 encryption des\nisakmp policy 10 hash md5\n"
        "isakmp policy 10 group 1\nisakmp policy 10 lifetime 86400",
        "crypto isakmp policy 10\n authentication pre-share\n encryption des\n hash md5\n group 1\n lifetime 86400",
    ),
    (
        "isakmp policy 10\n authentication pre-share\n encryption des\n hash md5\n group 1\n lifetime 86400",
        "crypto isakmp policy 10\n authentication pre-share\n encryption des\n hash md5\n group 1\n lifetime 86400",
    ),
]
IOS = [
    (
        "access-list 100 deny ip 10.2.1.0 0.0.0.255 10.1.1.0 0.0.0.255\naccess-list 100 permit ip 10.2.1.0 0.0.0.255 any",
        "access-list 100 deny   ip 10.2.1.0 0.0.0.255 10.1.1.0 0.0.0.255\n"
        "access-list 100 permit ip 10.2.1.0 0.0.0.255 any",
    ),
    (
        "crypto isakmp policy 10\n encryption des\n hash md5\n authentication pre-share\n group 1",
        "crypto isakmp policy 10\n hash md5\n authentication pre-share",
    ),
    (
        "crypto isakmp key 0 K address 0.0.0.0 0.0.0.0",
        "crypto isakmp key K address 0.0.0.0 0.0.0.0",
    ),
]


@pytest.mark.parametrize(("written", "shown"), PIX)
def test_a_pix_means_the_same_by_both(written: str, shown: str) -> None:
    def read(lines: str) -> dict[str, object]:
        config = asa_parse.parse(seed("pix-7.2-start.cfg").replace("pager lines 24\n", f"{lines}\npager lines 24\n"))
        return asa_data(config, None, asa_parse.for_version(config.version))

    assert read(written) == read(shown) != read("")


@pytest.mark.parametrize(("written", "shown"), IOS)
def test_a_router_means_the_same_by_both(written: str, shown: str) -> None:
    def read(lines: str) -> dict[str, object]:
        config = ios_parse.parse(seed("ios-12.4-start.cfg").replace("control-plane\n", f"{lines}\ncontrol-plane\n"))
        data = ios_data(config, None, ios_parse.for_version(config.version))
        # Lines as they stand are kept for an undo; what they mean is the proposal.
        data["ike_policies"] = [str(policy.proposal) for policy in config.policies.values()]
        data["keys"] = [(str(key.prefix), key.key.reveal()) for key in config.keys]
        return data

    assert read(written) == read(shown) != read("")
