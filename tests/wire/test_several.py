# Copyright: The netvpn.dynamic_l2l contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""Several initiators of one responder."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from .sites import REFERENCE, SITE, SOUND, Site, changed, seed

BRANCHES = {
    "pix515e": ("172.16.1", "10.1.1"),
    "pix2": ("172.16.2", "10.1.2"),
    "pix3": ("172.16.3", "10.1.3"),
}


def topology() -> dict[str, Any]:
    """Three branches and the hub."""
    links: dict[str, Any] = {"isp-hub": {"port": "hub Ethernet0/0", "gateway": "192.168.1.1/24"}}
    lans: dict[str, Any] = {
        "lan-hub": {"port": "hub FastEthernet1/0", "address": "10.2.1.10/24", "gateway": "10.2.1.1"}
    }
    for name, (outside, inside) in BRANCHES.items():
        links[f"isp-{name}"] = {"port": f"{name} Ethernet0", "gateway": f"{outside}.2/24", "lease": f"{outside}.1"}
        lans[f"lan-{name}"] = {
            "port": f"{name} Ethernet1",
            "address": f"{inside}.10/24",
            "gateway": f"{inside}.2",
        }
    return {"links": links, "lans": lans}


def branch(name: str) -> str:
    outside, inside = BRANCHES[name]
    text = seed("pix-7.2-start.cfg")
    return text.replace("172.16.1.", f"{outside}.").replace("10.1.1.", f"{inside}.")


def test_each_initiator_reaches_the_hub_and_none_another(start: Callable[..., Site]) -> None:
    configs = {"hub": seed("ios-12.4-start.cfg"), **{name: branch(name) for name in BRANCHES}}
    site = start(topology(), configs, like=dict.fromkeys(BRANCHES, "pix515e"))
    tunnels = [
        {"name": f"of-{name}", "initiator": name, "responder": "hub", "networks": [f"{inside}.0/24"]}
        for name, (_outside, inside) in BRANCHES.items()
    ]
    world = site.world
    # The second and the third join a hub in service.
    site.intend([SOUND], tunnels[:1])
    for name in ("pix2", "pix3"):
        site.playbooks.hosts[name] |= {"l2l_tunnels": []}
    site.play(SITE, "--limit", "hub,pix515e")
    site.bring_up("lan-pix515e")
    first = world.sas("hub")["children"]
    site.intend([SOUND], tunnels)
    site.play(SITE)
    for name in ("pix2", "pix3"):
        site.bring_up(f"lan-{name}")
    # The tunnel that stood is the one that stood.
    assert {each["spi_in"] for each in first} <= {each["spi_in"] for each in world.sas("hub")["children"]}
    for name, (_outside, inside) in BRANCHES.items():
        assert world.seen(f"lan-{name}", "10.2.1.10") == f"{inside}.10"
        assert world.seen("lan-hub", f"{inside}.10") == "10.2.1.10"
        for other, (_, elsewhere) in BRANCHES.items():
            if other != name:
                assert world.ping(f"lan-{name}", f"{elsewhere}.10", seconds=0.3) == 0
    # One goes, the others' associations stay.
    before = {each["peer"]: each["spi_in"] for each in world.sas("hub")["children"]}
    site.show("pix2", "clear crypto ipsec sa")
    site.show("pix2", "clear crypto isakmp sa")
    site.until(lambda: len(world.sas("hub")["children"]) == 2, "two pairs")
    after = {each["peer"]: each["spi_in"] for each in world.sas("hub")["children"]}
    assert after == {peer: spi for peer, spi in before.items() if peer != "172.16.2.1"}


def test_an_initiator_that_proposes_the_network_of_another_is_accepted_with_the_wildcard_key(
    start: Callable[..., Site],
) -> None:
    # The second branch claims the first one's network. One key serves every caller, and a dynamic entry without a list
    # takes what is proposed: ios-crypto.md, seed log.
    configs = {
        "hub": seed("ios-12.4-running-config.cfg"),
        "pix2": changed(branch("pix2"), ("10.1.2.2 255", "10.1.1.2 255")),
    }
    world_of_two = topology()
    world_of_two["lans"]["lan-pix2"] |= {"address": "10.1.1.10/24", "gateway": "10.1.1.2"}
    for name in ("pix515e", "pix3"):
        del world_of_two["links"][f"isp-{name}"], world_of_two["lans"][f"lan-{name}"]
    site = start(world_of_two, configs, like={"pix2": "pix515e"})
    claim = {"name": "claim", "initiator": "pix2", "responder": "hub", "networks": ["10.1.1.0/24"]}
    site.intend([{**REFERENCE, "pre_shared_key": "cisco123"}], [claim])
    site.play(SITE, "--limit", "pix2")
    site.bring_up("lan-pix2")
    (pair,) = site.world.sas("hub")["children"]
    assert (pair["remote_ident"], pair["peer"]) == ("10.1.1.0/24", "172.16.2.1")
