# Copyright: The netvpn.dynamic_l2l contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""Security associations are cleared and renewed."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from .sites import REFERENCE, SITE, TUNNEL, Site, in_clear, spis


@pytest.fixture(scope="module")
def site(start_shared: Callable[..., Site]) -> Site:
    site = start_shared()
    site.intend([REFERENCE], [TUNNEL])
    site.play(SITE)
    return site


#: Who clears, and the commands: the reference's spellings on the PIX, the router's own.
CLEARS = {
    "initiator, IPsec": ("pix515e", ["clear crypto ipsec sa"]),
    "initiator, both, short": ("pix515e", ["clear ipsec sa", "clear isakmp sa"]),
    "initiator, IKE": ("pix515e", ["clear crypto isakmp sa"]),
    "responder, both": ("hub", ["clear crypto sa", "clear crypto isakmp"]),
}


@pytest.mark.parametrize("who", CLEARS)
def test_after_a_clear_on_either_end_traffic_of_the_initiator_brings_the_tunnel_back(who: str, site: Site) -> None:
    name, commands = CLEARS[who]
    site.bring_up()
    before = spis(site.show(name, "show crypto ipsec sa"))
    assert len(before) == 2
    for command in commands:
        site.show(name, command)
    assert not before & spis(site.show(name, "show crypto ipsec sa"))
    site.bring_up()
    # The old pair is gone at the other end as well, for the devices tell each other.
    for end in ("pix515e", "hub"):
        site.until(lambda end=end: len(spis(site.show(end, "show crypto ipsec sa"))) == 2, f"one pair on {end}")  # type: ignore[misc]
    assert spis(site.show("pix515e", "show crypto ipsec sa")) == spis(site.show("hub", "show crypto ipsec sa"))
    assert site.world.ping("lan-hub", "10.1.1.10", 3) == 3


ENDS = ("pix515e", "hub")


def cookies(site: Site) -> list[set[str]]:
    """The cookies of the phase 1 SAs that are up, on each end."""
    return [
        {"-".join(sa["cookies"]) for sa in site.world.sas(end)["ike"] if sa["state"] == "established"} for end in ENDS
    ]


def pairs(site: Site) -> list[set[int]]:
    """The SPIs that each end shows."""
    return [spis(site.show(end, "show crypto ipsec sa")) for end in ENDS]


@pytest.mark.parametrize("phase", ["child", "ike"])
@pytest.mark.parametrize("name", ENDS)
def test_a_rekey_loses_at_most_one_packet(phase: str, name: str, site: Site) -> None:
    site.bring_up()
    old_cookies, old_pairs = set.union(*cookies(site)), pairs(site)[0]
    with site.world.capture("isp-pix") as link:
        flows = [site.world.flow(*way, interval=0.01) for way in (("lan-pix", "10.2.1.10"), ("lan-hub", "10.1.1.10"))]
        for flow in flows:
            flow.wait_for("\n20 ")
        assert site.world.event("rekey", name, phase) == 1
        # One phase is renewed, on both ends, and the other is not.
        if phase == "ike":

            def renewed() -> bool:
                # strongSwan keeps the old one for ten seconds; what is new is the same on both ends
                here, there = (found - old_cookies for found in cookies(site))
                return here == there and len(here) == 1

            site.until(renewed, "new cookies")
            assert pairs(site) == [old_pairs, old_pairs]
        else:

            def renewed() -> bool:
                here, there = pairs(site)
                return here == there and len(here) == 2 and not here & old_pairs

            site.until(renewed, "new SPIs")
            assert all(found <= old_cookies for found in cookies(site))
        for flow in flows:
            flow.wait_for(f"\n{len(flow.output().splitlines()) + 50} ")
        packets = link.packets()
    for flow in flows:
        said = flow.finish().stdout.splitlines()
        assert len(said) > 70
        assert sum("lost" in line for line in said) <= 1, [line for line in said if "lost" in line]
    assert in_clear(packets, "10.") == []
    used = {packet.spi for packet in packets if packet.encrypted}
    assert used == (old_pairs | pairs(site)[0])
