# Copyright: The netvpn.dynamic_l2l contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""What is cleared over real packets: one tunnel and not the other, SAs of what leaves, flows that began before a change."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from .sites import CONFIGURED, INTERNET, REFERENCE, SECRET, SITE, SOUND, TEARDOWN, TUNNEL, Site, changed, seed
from .test_several import branch, topology

CLEAR = "netvpn.dynamic_l2l.clear"

OSAKA = TUNNEL
KOBE = {**TUNNEL, "name": "kobe", "initiator": "pix2", "networks": ["10.1.2.0/24"]}
PAT = "global (outside) 1 interface\nnat (inside) 1 0.0.0.0 0.0.0.0\n"


def two_branches() -> tuple[dict[str, Any], dict[str, str]]:
    """The hub, which translates already, and two branches."""
    places = topology()
    del places["links"]["isp-pix3"], places["lans"]["lan-pix3"]
    second = branch("pix2").replace("pager lines 24\n", f"{PAT}pager lines 24\n")
    return places, {"hub": seed("ios-12.4-start.cfg"), "pix515e": branch("pix515e"), "pix2": second}


def spis_by_peer(site: Site, name: str) -> dict[str, set[int]]:
    """Peer → the SPIs that the device's IKE daemon has with it."""
    found: dict[str, set[int]] = {}
    for each in site.world.sas(name)["children"]:
        found.setdefault(each["peer"], set()).update((each["spi_in"], each["spi_out"]))
    return found


def test_one_tunnel_is_cleared_and_one_leaves_while_the_other_stays_up(start: Callable[..., Site]) -> None:
    places, configs = two_branches()
    site = start(places, configs, like={"pix2": "pix515e"})
    world = site.world
    site.intend([SOUND], [OSAKA])
    site.playbooks.hosts["pix2"] |= {"l2l_tunnels": []}
    site.play(SITE)
    site.bring_up("lan-pix515e")
    osaka = spis_by_peer(site, "hub")["172.16.1.1"]

    # Another host beside the first: the emulated router clears all translations of a host.
    world.run("lan-hub", "ip", "address", "add", "10.2.1.11/32", "dev", "lo", check=True)
    # A second tunnel comes while hosts of both ends speak already: translated, for there is no tunnel yet.
    site.intend(
        [SOUND], [OSAKA, KOBE], asa_l2l_initiator_clear_flows="affected", ios_dynamic_responder_clear_flows="affected"
    )
    with world.capture("isp-pix2") as pix2, world.capture("isp-hub") as hub:
        old = [world.flow("lan-pix2", "10.2.1.10", interval=0.05), world.flow("lan-hub", "10.1.2.10", interval=0.05)]
        elsewhere = world.flow("lan-hub", INTERNET, interval=0.05, source="10.2.1.11")
        for link, address in ((pix2, "172.16.2.1"), (hub, "192.168.1.2")):
            link.wait(lambda packets, address=address: _in_clear(packets, address, "10."))  # type: ignore[misc]
        elsewhere.wait_for("\n3 ")
        done = site.results(SITE)
        # What is old does not go on as it began: its answers come through the tunnel.
        for flow in old:
            flow.wait_for(f"\n{len(flow.output().splitlines()) + 20} 10.")
    for flow in old:
        assert flow.finish().stdout.splitlines()[-1].split()[1].startswith("10.")
    # The responder comes twice: what is added, and once the initiators let go what goes.
    (pix2_result,), (hub_result, again) = done["pix2"], done["hub"]
    assert not again["commands"]
    assert [item["command"] for item in pix2_result["cleared"]] == ["clear xlate local 10.1.2.10"]
    assert pix2_result["old_flows"]["before"] == {"connections": 1, "translations": 1}
    assert pix2_result["old_flows"]["after"] == {"connections": 0, "translations": 0}
    (command,) = [item["command"] for item in hub_result["cleared"]]
    assert command.startswith("clear ip nat translation udp inside 192.168.1.2 ")
    assert hub_result["old_flows"]["before"] == {"connections": 0, "translations": 1}
    assert hub_result["old_flows"]["after"] == {"connections": 0, "translations": 0}
    # Somebody else's flow is not interrupted.
    rows = elsewhere.finish().stdout.splitlines()
    assert len({row.split()[2] for row in rows if "lost" not in row}) == 1
    assert spis_by_peer(site, "hub")["172.16.1.1"] == osaka

    # One tunnel is cleared, on the responder alone and then on both ends; the other's SAs are those that were.
    site.bring_up("lan-pix2")
    kobe = spis_by_peer(site, "hub")["172.16.2.1"]
    (cleared,) = site.results(CLEAR, "-e", "tunnel=kobe", "--limit", "hub", "--check")["hub"]
    assert (cleared["before"], cleared["after"]) == ({"ike": 1, "ipsec": 1}, None)
    assert spis_by_peer(site, "hub") == {"172.16.1.1": osaka, "172.16.2.1": kobe}
    (real,) = site.results(CLEAR, "-e", "tunnel=kobe", "--limit", "hub")["hub"]
    assert real["commands"] == cleared["commands"]
    assert (real["changed"], real["after"]) == (True, {"ike": 0, "ipsec": 0})
    assert spis_by_peer(site, "hub") == {"172.16.1.1": osaka}
    site.until(lambda: spis_by_peer(site, "pix2") == {}, "the branch was told")
    site.bring_up("lan-pix2")
    done = site.results(CLEAR, "-e", "tunnel=kobe")
    assert set(done) == {"hub", "pix2"}
    (first,) = done["pix2"]
    assert (first["before"], first["after"], first["also"]) == ({"ike": 1, "ipsec": 1}, {"ike": 0, "ipsec": 0}, [])
    assert spis_by_peer(site, "hub") == {"172.16.1.1": osaka}

    # It leaves the intent: its SAs go with it at both ends.
    site.bring_up("lan-pix2")
    site.intend([SOUND], [OSAKA, {**KOBE, "state": "absent"}])
    done = site.results(SITE)
    # The initiator goes first, and tells the responder of what it has cleared.
    assert "kobe" in {item["tunnel"] for item in _cleared(done, "pix2")}
    assert {item["tunnel"] for item in _cleared(done, "hub")} <= {"kobe", ""}
    assert spis_by_peer(site, "hub") == {"172.16.1.1": osaka}
    assert spis_by_peer(site, "pix2") == {}
    assert spis_by_peer(site, "pix515e")["192.168.1.2"] == osaka
    assert world.ping("lan-pix515e", "10.2.1.10", 3) == 3


def _cleared(done: dict[str, list[dict[str, Any]]], host: str) -> list[dict[str, Any]]:
    return [item for result in done[host] for item in result["cleared"]]


def _in_clear(packets: Any, source: str, towards: str) -> bool:
    return any(
        not packet.encrypted and packet.source == source and packet.destination.startswith(towards)
        for packet in packets
    )


def test_a_network_that_leaves_takes_its_own_sa_along_and_not_the_other_of_its_peer(
    start: Callable[..., Site],
) -> None:
    # A second network behind the PIX, whose one host is the first one's router.
    configs = {
        "pix515e": changed(
            seed("pix-7.2-start.cfg"),
            ("pager lines 24\n", "route inside 10.1.7.0 255.255.255.0 10.1.1.10 1\npager lines 24\n"),
        ),
        "hub": seed("ios-12.4-start.cfg"),
    }
    site = start(configs=configs)
    site.world.run("lan-pix", "ip", "address", "add", "10.1.7.10/32", "dev", "lo", check=True)
    two = {**TUNNEL, "networks": ["10.1.1.0/24", "10.1.7.0/24"]}
    site.intend([SOUND], [two])
    site.play(SITE)
    site.bring_up()
    site.until(lambda: site.world.ping("lan-pix", "10.2.1.10", 1, "-I", "10.1.7.10"), "the second network is reached")

    def pairs(name: str, side: str) -> dict[str, set[int]]:
        return {each[side]: {each["spi_in"], each["spi_out"]} for each in site.world.sas(name)["children"]}

    before = pairs("hub", "remote_ident")
    assert set(before) == {"10.1.1.0/24", "10.1.7.0/24"}
    site.intend([SOUND], [TUNNEL])
    done = site.results(SITE)
    (pix,) = [item["command"] for item in _cleared(done, "pix515e")]
    assert "entry" in pix
    # The responder was told; where that got lost it clears by itself.
    assert all(item["command"].startswith("clear crypto sa entry 192.168.1.2 esp 0x") for item in _cleared(done, "hub"))
    for name, side in (("hub", "remote_ident"), ("pix515e", "local_ident")):
        assert pairs(name, side) == {"10.1.1.0/24": before["10.1.1.0/24"]}


def test_connections_that_nothing_translates_end_by_their_inside_host(start: Callable[..., Site]) -> None:
    # No device translates, and the ISP knows the networks: hosts speak with each other in clear already.
    site = start()
    site.world.run("isp", "ip", "route", "add", "10.1.0.0/16", "via", "172.16.1.1", check=True)
    site.world.run("isp", "ip", "route", "add", "10.2.0.0/16", "via", "192.168.1.2", check=True)
    site.world.run("lan-pix", "ip", "address", "add", "10.1.1.11/32", "dev", "lo", check=True)
    site.intend([SOUND], [TUNNEL], pat="foreign", asa_l2l_initiator_clear_flows="affected")
    # A connection in the middle of which the PIX forgets it is lost; a datagram begins a flow anew.
    old = site.world.flow("lan-pix", "10.2.1.10", interval=0.05, source="10.1.1.10")
    beside = site.world.flow("lan-pix", INTERNET, "tcp", interval=0.05, source="10.1.1.10")
    elsewhere = site.world.flow("lan-pix", INTERNET, "tcp", interval=0.05, source="10.1.1.11")
    for flow in (old, beside, elsewhere):
        flow.wait_for("\n3 ")
    with site.world.capture("isp-pix") as link:
        done = site.results(SITE)
        beside.wait_for(" lost")
        link.wait(lambda packets: any(packet.encrypted for packet in packets))
        begun = len(old.output().splitlines())
        site.until(lambda: " 10.1.1.10 " in "".join(old.output().splitlines()[begun:]), "the tunnel is used")
        elsewhere.wait_for(f"\n{len(elsewhere.output().splitlines()) + 20} ")
    pix, *again = done["pix515e"]
    assert [item["command"] for item in pix["cleared"]] == ["clear local-host 10.1.1.10"]
    assert [item["also"] for item in pix["cleared"]] == [["1 other connections of 10.1.1.10"]]
    assert pix["old_flows"]["before"] == {"connections": 1, "translations": 0}
    assert pix["old_flows"]["after"] == {"connections": 0, "translations": 0}
    assert not any(result["commands"] for result in again)
    # A router has no state for what it does not translate.
    assert all(not result["cleared"] for result in done["hub"])
    assert "lost" not in elsewhere.finish().stdout
    for flow in (old, beside):
        flow.finish()


def test_a_translation_rule_in_use_stays_unless_its_flows_may_end(start: Callable[..., Site]) -> None:
    site = start(configs=CONFIGURED, keys={"192.168.1.2": SECRET})
    gone = {"ios_dynamic_responder_remove_shared": True, "ios_dynamic_responder_names": {"nat_acl": "100"}}
    site.intend([{**REFERENCE, "pre_shared_key": SECRET}], [TUNNEL], **gone)
    flow = site.world.flow("lan-hub", INTERNET, interval=0.05)
    flow.wait_for("\n3 ")
    before = site.show("hub", "show running-config")
    printed = site.play(TEARDOWN, "--limit", "hub", expect=2)
    assert "Set clear_flows: affected, which ends these connections" in " ".join(printed.split())
    assert site.show("hub", "show running-config") == before
    (done,) = site.results(TEARDOWN, "--limit", "hub", "-e", "ios_dynamic_responder_clear_flows=affected")["hub"]
    at = next(place for place, line in enumerate(done["commands"]) if line.startswith("no ip nat inside source"))
    assert done["commands"][at - 1] == "do clear ip nat translation *"
    assert "ip nat inside source" not in site.show("hub", "show running-config")
    assert "192.168.1.2" not in site.show("hub", "show ip nat translations")
    flow.finish()
