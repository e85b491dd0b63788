# Copyright: The netvpn.dynamic_l2l contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""The collection's plans, applied line by line while new flows begin all the time: each class switches once."""

from __future__ import annotations

import re
from collections.abc import Callable

import pytest
from devices.wire.packets import Packet

from .sites import INTERNET, REFERENCE_TOPOLOGY, SITE, SOUND, TEARDOWN, TUNNEL, Site, changed, in_clear, seed
from .treatments import probe, shortened, switches

FAR, NEAR, OUTSIDE, HUB = "10.2.1.10", "10.1.1.10", "172.16.1.1", "192.168.1.2"

#: Translation of Internet traffic that stood before, as the reference has it.
_INSIDE, _OUTSIDE = " ip address 10.2.1.1 255.255.255.0\n", " ip address 192.168.1.2 255.255.255.0\n"
_RULE = """ip nat inside source list 100 interface Ethernet0/0 overload
!
access-list 100 permit ip 10.2.1.0 0.0.0.255 any
!
"""
PAT = {
    "pix515e": [("route outside", "global (outside) 1 interface\nnat (inside) 1 0.0.0.0 0.0.0.0\nroute outside")],
    "hub": [
        (_OUTSIDE, f"{_OUTSIDE} ip nat outside\n ip virtual-reassembly\n"),
        (_INSIDE, f"{_INSIDE} ip nat inside\n ip virtual-reassembly\n"),
        ("control-plane\n", f"{_RULE}control-plane\n"),
    ],
}
STARTS = {"pix515e": "pix-7.2-start.cfg", "hub": "ios-12.4-start.cfg"}

#: Case → PAT before, the collection's `pat`, and what new flows of the initiator's LAN show while the tunnel comes and
#: while it goes (with remove_shared): to the hub's network and to the Internet.
CASES: dict[str, tuple[bool, str, tuple[str, str], tuple[str, str]]] = {
    "translation stands and stays": (True, "foreign", ("TE", "T"), ("ET", "T")),
    "no translation before, ours then": (False, "present", ("XE", "XT"), ("EX", "TX")),
}


def configs(pat: bool) -> dict[str, str]:
    return {name: changed(seed(file), *(PAT[name] if pat else [])) for name, file in STARTS.items()}


@pytest.mark.parametrize("case", CASES)
def test_each_class_of_new_flows_switches_once_and_old_flows_keep_what_they_had(
    case: str, start: Callable[..., Site]
) -> None:
    before, pat, coming, going = CASES[case]
    site = start(configs=configs(before))
    world = site.world
    site.intend([SOUND], [TUNNEL], pat)
    for playbook, wanted in ((SITE, coming), (TEARDOWN, going)):
        # A router's rule that is in use is not taken away: ios-nat-acl.md D4.4. So nobody uses it when it is to go.
        hub_in_use = playbook == SITE or pat == "foreign"
        if playbook == TEARDOWN:
            for host in site.playbooks.hosts.values():
                host |= {"asa_l2l_initiator_remove_shared": True, "ios_dynamic_responder_remove_shared": True}
        if not hub_in_use:
            site.show("hub", "clear ip nat translation *")
        with world.capture("isp-pix") as pix, world.capture("isp-hub") as hub:
            near = probe(site, "lan-pix", NEAR, tunnel=FAR, internet=INTERNET)
            far = probe(site, "lan-hub", FAR, tunnel=NEAR, internet=INTERNET) if hub_in_use else None
            # Begun before the first line. They go on, whatever becomes of new ones.
            old = {
                name: world.flow("lan-pix", address, interval=0.01) for name, address in (("I", INTERNET), ("P", FAR))
            }
            # Traffic that the plans have nothing to do with.
            unrelated = [world.start("internet", "ping", "-n", "-i", "0.02", device) for device in (OUTSIDE, HUB)]
            for flow in [*old.values(), *unrelated]:
                flow.wait_for("\n2 " if flow in old.values() else "icmp_seq=2 ")
            site.play(playbook)
            if playbook == SITE:
                site.bring_up()
            letters = near.judged(pix)
            back = far.judged(hub) if far else {}
            said = {name: flow.finish().stdout.splitlines() for name, flow in old.items()}
            for ping in unrelated:
                answered = [int(number) for number in re.findall(r"icmp_seq=(\d+) ", ping.finish().stdout)]
                # Nothing is lost, and that is counted.
                assert answered == list(range(1, len(answered) + 1))
                assert len(answered) > 100
        assert (switches(letters["tunnel"]), switches(letters["internet"])) == wanted, (playbook, shortened(letters))
        if back:
            # What the hub's LAN sends to the initiator's is E as soon as the tunnel is up, and dropped before.
            assert switches(back["tunnel"]) == wanted[0], (playbook, shortened(back))
            assert switches(back["internet"]) == wanted[1], (playbook, shortened(back))
        if pat == "foreign":
            # Nor does what is translated as it was.
            assert [line for line in said["I"] if "lost" in line] == [], playbook
            assert len(said["I"]) > 100
        if playbook == SITE:
            # What asks comes by the tunnel, for the ISP has no way back: so nothing answers in clear, on either side.
            for link, host in ((pix, FAR), (hub, NEAR)):
                assert [p for p in link.packets("udp") if p.destination == host and p.source_port == 7] == []
        if playbook == SITE and before:
            # A flow that was translated before stays so until its translation ends: ASA 8.4 guide p. 30-3.
            ours = [packet for packet in pix.packets("udp") if old_flow(packet)]
            assert {packet.source for packet in ours} == {OUTSIDE}
            assert len(ours) >= len(said["P"])
        if playbook == TEARDOWN and before:
            # And one that was not is not translated when the exemption goes (treatment.md 1).
            assert {packet.source for packet in pix.packets("udp") if old_flow(packet)} <= {NEAR}


def old_flow(packet: Packet) -> bool:
    """Is it in clear and of the flow to the hub's network that began before the first line?"""
    return packet.destination == FAR and packet.payload.endswith(b"\n")


def test_in_the_wrong_order_the_leak_is_seen(start: Callable[..., Site]) -> None:
    """Initiator first: the tunnel comes up before the responder's exemption, and answers leave translated, in clear."""
    site = start(configs=configs(True))
    world = site.world
    site.intend([SOUND], [TUNNEL], "foreign")
    site.play(SITE, "--limit", "pix515e")
    lines = planned(site)
    exemption = next(index for index, line in enumerate(lines) if re.match(r"(\d+ )?deny ", line))
    with world.capture("isp-hub") as hub:
        site.type("hub", *lines[: exemption - 1])
        # The initiator's traffic is encrypted already: it brings the tunnel up by itself.
        site.until(
            lambda: (world.ping("lan-pix", FAR, seconds=0.2), "QM_IDLE" in site.show("hub", "show crypto isakmp sa"))[
                1
            ],
            "the tunnel",
        )
        assert world.ping("lan-pix", FAR, 3, seconds=0.5) == 0
        leaked = [packet for packet in hub.packets() if packet.destination == NEAR and not packet.encrypted]
        assert leaked
        assert {packet.source for packet in leaked} == {"192.168.1.2"}
    site.type("hub", *lines[exemption - 1 :])
    site.show("hub", "clear ip nat translation *")
    with world.capture("isp-hub") as hub:
        assert world.ping("lan-pix", FAR, 3) == 3
        assert [packet for packet in hub.packets() if packet.destination == NEAR and not packet.encrypted] == []


def planned(site: Site) -> list[str]:
    """The lines that the collection would type at the hub; the key, which it never tells, put in."""
    commands = site.results("netvpn.dynamic_l2l.plan", "--limit", "hub")["hub"][-1]["commands"]
    return [line.replace("********", SOUND["pre_shared_key"]) for line in commands]


def test_another_suite_and_another_network_leave_nothing_in_clear(start: Callable[..., Site]) -> None:
    """Changes of a tunnel in service: new flows are encrypted before and after, at worst dropped in between."""
    topology = {**REFERENCE_TOPOLOGY, "lans": {name: dict(lan) for name, lan in REFERENCE_TOPOLOGY["lans"].items()}}
    # A second network behind the PIX, on the same host, by a route.
    topology["lans"]["lan-pix"]["also"] = ["10.1.5.10/24"]
    route = "route outside 0.0.0.0"
    second = changed(configs(True)["pix515e"], (route, f"route inside 10.1.5.0 255.255.255.0 10.1.1.10 1\n{route}"))
    site = start(topology, {**configs(True), "pix515e": second})
    site.intend([SOUND], [TUNNEL], "foreign")
    site.play(SITE)
    site.bring_up()
    wider = TUNNEL | {"networks": ["10.1.1.0/24", "10.1.5.0/24"]}
    for responder, tunnel in (
        (SOUND | {"suite": "aes128-sha-g5"}, TUNNEL),
        (SOUND | {"suite": "aes128-sha-g5"}, wider),
    ):
        site.intend([responder], [tunnel], "foreign")
        with site.world.capture("isp-pix") as pix, site.world.capture("isp-hub") as hub:
            near = probe(site, "lan-pix", NEAR, tunnel=FAR, internet=INTERNET)
            far = probe(site, "lan-hub", FAR, tunnel=NEAR, internet=INTERNET)
            site.play(SITE)
            site.bring_up()
            for probing, link in ((near, pix), (far, hub)):
                letters = probing.judged(link)
                assert switches(letters["tunnel"]) == "E", shortened(letters)
                assert switches(letters["internet"]) == "T", shortened(letters)
            assert in_clear(pix.packets(), "10.") == in_clear(hub.packets(), "10.") == []
    site.until(lambda: site.world.seen("lan-pix", FAR, source="10.1.5.10") == "10.1.5.10", "the second network")
