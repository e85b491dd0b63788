# Copyright: The netvpn.dynamic_l2l contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""On a router in service another list takes the place of one: new flows switch once, and nobody else loses translation."""

from __future__ import annotations

from collections.abc import Callable

from .sites import INTERNET, RESPONDER, SITE, TUNNEL, Site, changed, seed
from .test_line_by_line import FAR, NEAR, PAT
from .treatments import probe, shortened, switches

#: The tunnel is of one host at each end: an entry between them has no halves.
HUB = {**RESPONDER, "suite": "aes256-sha-g5", "networks": [f"{FAR}/32"]}
OSAKA = {**TUNNEL, "networks": [f"{NEAR}/32"]}

#: What exempts the tunnel stands below what translates web pages, and above what translates the rest.
LISTED = f"""access-list 100 permit tcp 10.2.1.0 0.0.0.255 any eq www
access-list 100 deny   ip host {FAR} host {NEAR}
access-list 100 permit"""


def test_new_flows_switch_once_while_lists_of_a_router_are_replaced(start: Callable[..., Site]) -> None:
    configs = {
        "pix515e": changed(seed("pix-7.2-start.cfg"), *PAT["pix515e"]),
        "hub": changed(seed("ios-12.4-start.cfg"), *PAT["hub"], ("access-list 100 permit", LISTED)),
    }
    site = start(configs=configs)

    def brought(*arguments: str) -> tuple[dict[str, str], list[str]]:
        """What new flows of the hub's LAN show while the intent is brought to the devices; the hub's commands."""
        with site.world.capture("isp-hub") as link:
            probing = probe(site, "lan-hub", FAR, tunnel=NEAR, internet=INTERNET)
            results = site.results(SITE, *arguments)
            site.bring_up()
            site.until(lambda: site.world.ping("lan-hub", NEAR, 1), "the other way")
            letters = probing.judged(link)
        return letters, results["hub"][0]["commands"]

    # Without leave to end connections nothing is sent.
    site.intend([HUB], [OSAKA], "foreign")
    before = site.show("hub", "show running-config")
    printed = " ".join(site.play(SITE, "--limit", "hub", expect=2).split())
    assert f"'deny ip host {FAR} host {NEAR}'" in printed
    assert "Set clear_flows: affected, which ends them" in printed
    assert site.show("hub", "show running-config") == before

    # The list that decides what is translated, with its rule.
    site.intend([HUB], [OSAKA], "foreign", ios_dynamic_responder_clear_flows="affected")
    letters, commands = brought()
    assert switches(letters["tunnel"]) == "XE", shortened(letters)
    assert switches(letters["internet"]) == "T", shortened(letters)
    assert letters["internet"].count("D") <= len(letters["internet"]) / 50, shortened(letters)
    rule = "ip nat inside source list {} interface Ethernet0/0 overload"
    at = commands.index(f"no {rule.format(100)}")
    assert rule.format("L2L-NAT") in commands[:at]
    assert commands[at - 1] == "do clear ip nat translation *"
    assert rule.format(100) not in site.show("hub", "show running-config")

    # The list of our entry, in which somebody denied part of what the tunnel needs, and wants that denied to another network.
    site.type(
        "hub",
        "ip access-list extended L2L-MATCH",
        f"5 deny udp host {FAR} 10.1.0.0 0.0.255.255",
        f"7 permit ip host {FAR} 10.1.7.0 0.0.0.255",
    )
    # Associations that stand would go on.
    site.show("hub", "clear crypto sa")
    for host in site.playbooks.hosts.values():
        host["ios_dynamic_responder_partial"] = True
    letters, commands = brought("--limit", "hub")
    assert switches(letters["tunnel"]) == "XE", shortened(letters)
    assert switches(letters["internet"]) == "T", shortened(letters)
    assert commands[-3:] == ["match address L2L-MATCH-2", "exit", "no ip access-list extended L2L-MATCH"]
    assert not site.results(SITE, "--limit", "hub")["hub"][0]["commands"]
