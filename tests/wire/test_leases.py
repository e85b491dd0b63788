# Copyright: The netvpn.dynamic_l2l contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""The initiator's address changes: what comes back by itself, and what is left behind on the responder."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from .sites import REFERENCE, REFERENCE_TOPOLOGY, SITE, TUNNEL, Site, changed, seed

STATIC_DEFAULT = "route outside 0.0.0.0 0.0.0.0 172.16.1.2 1\n"
DEFAULT_BY_LEASE = [(" ip address dhcp\n", " ip address dhcp setroute\n"), (STATIC_DEFAULT, "")]
NAT_TRAVERSAL = [("crypto isakmp policy 65535", "crypto isakmp nat-traversal  20\ncrypto isakmp policy 65535")]
KEEPALIVES = {"dpd": {"interval": 10, "retry": 2}}


def with_tunnel(
    start: Callable[..., Site],
    *edits: tuple[str, str],
    topology: dict[str, Any] = REFERENCE_TOPOLOGY,
    **responder: Any,
) -> Site:
    """The reference's tunnel, brought by the playbook to a PIX that was edited before."""
    configs = {"pix515e": changed(seed("pix-7.2-start.cfg"), *edits), "hub": seed("ios-12.4-start.cfg")}
    site = start(topology, configs)
    site.intend([REFERENCE | responder], [TUNNEL])
    site.play(SITE)
    return site


def sas_of(site: Site) -> list[str]:
    """The initiators of the responder's phase 1 SAs, those that are gone left out."""
    rows = site.show("hub", "show crypto isakmp sa").splitlines()
    return [row.split()[1] for row in rows if row.startswith("192.168.1.2") and "QM_IDLE" in row]


@pytest.mark.parametrize("keepalives", [False, True])
def test_after_a_new_lease_the_tunnel_comes_back_and_the_old_association_goes_only_with_keepalives(
    keepalives: bool, start: Callable[..., Site]
) -> None:
    site = with_tunnel(start, **(KEEPALIVES if keepalives else {}))
    site.bring_up()
    assert sas_of(site) == ["172.16.1.1"]
    site.world.event("lease", "isp-pix", "172.16.1.7")
    site.bring_up()
    assert site.world.seen("lan-pix", "10.2.1.10") == "10.1.1.10"
    assert "172.16.1.7" in sas_of(site)
    if keepalives:
        # Triggered, not waited for: the responder asks the peer whose address is gone.
        site.world.event("dpd", "hub")
        site.until(lambda: sas_of(site) == ["172.16.1.7"], "only the new association")
        assert "172.16.1.1 " not in site.show("hub", "show crypto ipsec sa")
    else:
        # Nobody is asked.
        assert site.world.event("dpd", "hub") == 0
        # Which of the two a router would use for answers is recall; that both are listed is not (no DPD in the reference).
        assert sorted(sas_of(site)) == ["172.16.1.1", "172.16.1.7"]
        table = site.show("hub", "show crypto ipsec sa")
        assert "172.16.1.1" in table
        assert "172.16.1.7" in table


@pytest.mark.parametrize("by_lease", [True, False], ids=["setroute", "static default"])
def test_a_new_gateway_is_found_only_with_setroute(by_lease: bool, start: Callable[..., Site]) -> None:
    site = with_tunnel(start, *(DEFAULT_BY_LEASE if by_lease else []))
    site.bring_up()
    site.world.event("lease", "isp-pix", "172.16.9.1", "172.16.9.2")
    if by_lease:
        site.bring_up()
        assert "172.16.9.1" in sas_of(site)
    else:
        assert site.world.ping("lan-pix", "10.2.1.10", 5, seconds=0.3) == 0
        assert site.world.ping("lan-pix", "198.51.100.10", 2, seconds=0.3) == 0
        assert sas_of(site) == ["172.16.1.1"]


@pytest.mark.parametrize("traversal", [True, False], ids=["nat-traversal", "without"])
def test_a_lease_behind_a_translation_needs_nat_traversal(traversal: bool, start: Callable[..., Site]) -> None:
    topology: dict[str, Any] = {**REFERENCE_TOPOLOGY, "links": {**REFERENCE_TOPOLOGY["links"]}}
    topology["links"]["isp-pix"] = {
        **topology["links"]["isp-pix"],
        "box": {"address": "203.0.113.2/24", "gateway": "203.0.113.1/24"},
    }
    site = with_tunnel(start, *(NAT_TRAVERSAL if traversal else []), topology=topology)
    if not traversal:
        # Phase 1 passes the translation, ESP has no ports and does not.
        site.until(
            lambda: (
                site.world.ping("lan-pix", "10.2.1.10", seconds=0.2),
                "MM_ACTIVE" in site.show("pix515e", "show crypto isakmp sa"),
            )[1],
            "phase 1",
        )
        assert site.world.ping("lan-pix", "10.2.1.10", 5, seconds=0.3) == 0
        return
    site.bring_up()
    assert sas_of(site) == ["203.0.113.2"]
    # Both show that they are encapsulated, and the ports.
    pix, hub = (site.show(name, "show crypto ipsec sa") for name in ("pix515e", "hub"))
    assert "NAT-T-Encaps" in pix
    assert "remote crypto endpt.: 192.168.1.2/4500" in pix
    assert "UDP-Encaps" in hub
    assert "local 192.168.1.2/4500 remote 203.0.113.2/4500 Active" in site.show("hub", "show crypto session")
    assert site.world.seen("lan-hub", "10.1.1.10") == "10.2.1.10"
