# Copyright: The netvpn.dynamic_l2l contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""Security associations as data while real packets pass: the same tunnel at both ends, by its name, wherever its peer is."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from .sites import CONFIGURED, REFERENCE, REFERENCE_TOPOLOGY, SECRET, TUNNEL, Site, changed

#: The tunnel of another branch with the same router, where the first has the reference's.
KOBE = {**TUNNEL, "name": "kobe", "initiator": "pix2", "networks": ["10.1.2.0/24"]}


def second(text: str) -> str:
    """The same for the second branch: 172.16.2.0 outside, 10.1.2.0 inside."""
    return text.replace("172.16.1.", "172.16.2.").replace("10.1.1.", "10.1.2.")


def world(start: Callable[..., Site]) -> Site:
    """The reference's two devices and a second branch, configured as the document has it."""
    reference: dict[str, dict[str, Any]] = REFERENCE_TOPOLOGY
    topology = {
        "links": reference["links"]
        | {"isp-pix2": {"port": "pix2 Ethernet0", "gateway": "172.16.2.2/24", "lease": "172.16.2.1"}},
        "lans": reference["lans"]
        | {"lan-pix2": {"port": "pix2 Ethernet1", "address": "10.1.2.10/24", "gateway": "10.1.2.2"}},
    }
    exempt = "access-list 100 deny   ip 10.2.1.0 0.0.0.255 10.1.1.0 0.0.0.255\n"
    configs = {
        **CONFIGURED,
        "pix2": second(CONFIGURED["pix515e"]),
        "hub": changed(CONFIGURED["hub"], (exempt, exempt + second(exempt))),
    }
    site = start(topology, configs, keys={"192.168.1.2": SECRET}, like={"pix2": "pix515e"})
    site.intend([{**REFERENCE, "pre_shared_key": SECRET}], [TUNNEL, KOBE])
    return site


def look(site: Site, hosts: str = "all", **options: Any) -> dict[str, dict[str, Any]]:
    """Host → its associations."""
    task = {
        "host": "{{ inventory_hostname }}",
        "responders": "{{ l2l_responders }}",
        "tunnels": "{{ l2l_tunnels }}",
        **options,
    }
    rows = site.playbooks.results(
        [{"hosts": hosts, "gather_facts": False, "tasks": [{"name": "Look", "netvpn.dynamic_l2l.ipsec_info": task}]}]
    )
    found = {row.host: row.result["associations"] for row in rows}
    for associations in found.values():
        assert associations["unread"] == []
        assert not associations["truncated"]
    assert SECRET not in site.playbooks.printed
    return found


def spis(sas: list[dict[str, Any]], way: str) -> set[str]:
    return {one["spi"] for sa in sas for one in sa[way]}


def test_both_ends_tell_of_one_tunnel_by_its_name_wherever_its_initiator_is(start: Callable[..., Site]) -> None:
    site = world(start)
    site.bring_up("lan-pix")
    site.bring_up("lan-pix2")
    found = look(site)
    hub = {sa["tunnel"]: sa for sa in found["hub"]["ipsec"]}
    assert set(hub) == {"osaka", "kobe"}
    for name, host, peer in (("osaka", "pix515e", "172.16.1.1"), ("kobe", "pix2", "172.16.2.1")):
        (ours,), theirs = found[host]["ipsec"], hub[name]
        assert (ours["tunnel"], ours["up"], theirs["up"]) == (name, True, True)
        assert (ours["local"], ours["remote"]) == (theirs["remote"], theirs["local"])
        assert spis([ours], "inbound") == spis([theirs], "outbound")
        assert spis([ours], "outbound") == spis([theirs], "inbound")
        assert (ours["peer"], theirs["peer"]) == ("192.168.1.2", peer)
        assert ours["counters"]["pkts_encaps"] >= theirs["counters"]["pkts_decaps"] > 0
        (ike,) = found[host]["ike"]
        (answered,) = (sa for sa in found["hub"]["ike"] if sa["peer"] == peer)
        assert (ike["role"], answered["role"]) == ("initiator", "responder")
        assert (ike["up"], answered["up"]) == (True, True)
        assert ike["tunnels"] == answered["tunnels"] == [name]
        assert (ike["encryption"], answered["encryption"]) == ("des", "des")

    site.world.event("lease", "isp-pix", "172.16.1.7")
    site.bring_up("lan-pix")
    found = look(site, tunnel="osaka", hosts="pix515e:hub")
    # Without keepalives the router keeps the old association too: both are of this tunnel, by what they protect.
    theirs = found["hub"]["ipsec"]
    assert {(sa["tunnel"], sa["peer"]) for sa in theirs} == {("osaka", "172.16.1.1"), ("osaka", "172.16.1.7")}
    assert {sa["peer"] for sa in found["hub"]["ike"]} == {"172.16.1.1", "172.16.1.7"}
    (ours,) = found["pix515e"]["ipsec"]
    assert ours["local_address"] == "172.16.1.7"
    assert spis([ours], "inbound") < spis(theirs, "outbound")
