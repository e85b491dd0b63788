# Copyright: The netvpn.dynamic_l2l contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""Security associations are cleared and renewed."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from .sites import CONFIGURED, SECRET, Site, spis

KEYS = {"192.168.1.2": SECRET}


@pytest.fixture(scope="module")
def site(start_shared: Callable[..., Site]) -> Site:
    return start_shared(configs=CONFIGURED, keys=KEYS)


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


@pytest.mark.parametrize("phase", ["child", "ike"])
@pytest.mark.parametrize("name", ["pix515e", "hub"])
def test_a_rekey_loses_at_most_one_packet(phase: str, name: str, site: Site) -> None:
    site.bring_up()
    before = spis(site.show("pix515e", "show crypto ipsec sa"))
    flow = site.world.flow("lan-pix", "10.2.1.10", interval=0.01)
    back = site.world.flow("lan-hub", "10.1.1.10", interval=0.01)
    flow.wait_for("20 ")
    site.world.event("rekey", name, phase)
    if phase == "child":
        site.until(lambda: spis(site.show("pix515e", "show crypto ipsec sa")) - before, "new SPIs")
    count = len(flow.output().splitlines())
    flow.wait_for(f"\n{count + 50} ")
    for each in (flow, back):
        said = each.finish().stdout.splitlines()
        assert sum("lost" in line for line in said) <= 1, [line for line in said if "lost" in line]
