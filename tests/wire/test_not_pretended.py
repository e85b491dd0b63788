# Copyright: The netvpn.dynamic_l2l contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""What the devices show is what happens: by hand, by packets, by counters, and with a peer that nobody here made."""

from __future__ import annotations

import contextlib
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from .sites import CONFIGURED, INTERNET, REFERENCE_TOPOLOGY, SECRET, Site, in_clear, spis
from .test_reference import DES, transforms, values

NEUTRAL = Path(__file__).with_name("neutral")
KEYS = {"192.168.1.2": SECRET}


def test_one_line_typed_by_hand_changes_what_the_packets_do(start: Callable[..., Site]) -> None:
    site = start(configs=CONFIGURED, keys=KEYS)
    world = site.world
    site.bring_up()
    assert world.ping("lan-hub", "10.1.1.10", 2) == 2
    site.show("hub", "clear ip nat translation *")
    # Numbered lists lose a line by its number: ios-nat-acl.md.
    site.type("hub", "ip access-list extended 100", "no deny ip 10.2.1.0 0.0.0.255 10.1.1.0 0.0.0.255")
    with world.capture("isp-hub") as hub:
        assert world.ping("lan-hub", "10.1.1.10", 2, seconds=0.5) == 0
        clear = in_clear(hub.packets(), "10.1.1.")
    assert [(packet.source, packet.destination) for packet in clear] == [("192.168.1.2", "10.1.1.10")] * 2
    site.show("hub", "clear ip nat translation *")
    site.type("hub", "ip access-list extended 100", "5 deny ip 10.2.1.0 0.0.0.255 10.1.1.0 0.0.0.255")
    with world.capture("isp-hub") as hub:
        assert world.ping("lan-hub", "10.1.1.10", 2) == 2
        assert in_clear(hub.packets(), "10.1.1.", "10.2.1.") == []
        assert sum(packet.encrypted for packet in hub.packets()) == 4


def test_spis_and_counters_are_those_of_the_packets(start: Callable[..., Site]) -> None:
    site = start(configs=CONFIGURED, keys=KEYS)
    world = site.world
    with world.capture("isp-pix") as pix:
        site.bring_up()
        before = counters(site)
        assert world.ping("lan-pix", "10.2.1.10", 10) == 10
        after = counters(site)
        packets = [packet for packet in pix.packets() if packet.encrypted]
    for name in ("pix515e", "hub"):
        assert spis(site.show(name, "show crypto ipsec sa")) == {packet.spi for packet in packets}, name
        assert [new - old for new, old in zip(after[name], before[name], strict=True)] == [10, 10]
    sent = [packet for packet in packets if packet.source == "172.16.1.1"]
    assert after["pix515e"][0] == len(sent)
    assert [packet.sequence for packet in sent] == list(range(1, len(sent) + 1))
    # What is outbound here is inbound there.
    outbound = re.findall(r"current outbound spi: (?:0x)?([0-9A-F]+)", site.show("pix515e", "show crypto ipsec sa"))
    assert [int(number, 16) for number in outbound] == [sent[0].spi]
    # Nobody translates between the two, so neither shows the encapsulation that the userspace ESP forces.
    assert "local 192.168.1.2/500 remote 172.16.1.1/500 Active" in site.show("hub", "show crypto session")
    for name in after:
        assert not re.search(r"4500|Encaps", site.show(name, "show crypto ipsec sa"))
    # The volume goes down by what went through: 10 pings of 1028 bytes and their answers. The router's hour counts.
    first = {name: left(site, name) for name in after}
    assert world.ping("lan-pix", "10.2.1.10", 10, "-s", "1000") == 10
    for name, (volume, seconds) in first.items():
        now, later = left(site, name)
        assert 20 <= volume - now <= 24, name
        assert 3500 < later <= seconds <= 3600, name
    # And the time runs, on both ends at the same pace.
    site.until(lambda: all(left(site, name)[1] < seconds for name, (_, seconds) in first.items()), "a second later")
    assert abs(left(site, "pix515e")[1] - left(site, "hub")[1]) <= 5


def left(site: Site, name: str) -> tuple[int, int]:
    """What is left of a pair of SAs: kilobytes and seconds, the same in both directions."""
    (found,) = set(re.findall(r"key lifetime [^:]*: \((\d+)/(\d+)\)", site.show(name, "show crypto ipsec sa")))
    return int(found[0]), int(found[1])


def test_translations_and_connections_are_those_of_the_packets(start: Callable[..., Site]) -> None:
    site = start(configs=CONFIGURED, keys=KEYS)
    world = site.world
    site.bring_up()
    ends = {"pix": ("10.1.1.10", "172.16.1.1"), "hub": ("10.2.1.10", "192.168.1.2")}
    with contextlib.ExitStack() as stack:
        links = {
            link: stack.enter_context(world.capture(link)) for end in ends for link in (f"lan-{end}", f"isp-{end}")
        }
        flows = [world.flow(f"lan-{end}", INTERNET, protocol) for end in ends for protocol in ("udp", "tcp")]
        tunnel = world.flow("lan-pix", "10.2.1.10", "tcp")
        for flow in [*flows, tunnel]:
            flow.wait_for("\n5 ")
        shown = {
            "xlate": site.show("pix515e", "show xlate").splitlines(),
            "conn": site.show("pix515e", "show conn").splitlines(),
            "translations": site.show("hub", "show ip nat translations").splitlines(),
        }
        packets = {link: found.packets("udp", "tcp") for link, found in links.items()}

    def port(link: str, protocol: str, source: str, destination: str) -> int:
        (number,) = {
            packet.source_port
            for packet in packets[link]
            if (packet.kind, packet.source, packet.destination) == (protocol, source, destination)
        }
        return number

    for protocol in ("udp", "tcp"):
        own, outer = (port(f"{link}-pix", protocol, ends["pix"][link == "isp"], INTERNET) for link in ("lan", "isp"))
        assert f"PAT Global 172.16.1.1({outer}) Local 10.1.1.10({own})" in shown["xlate"]
        rows = [row for row in shown["conn"] if f"in 10.1.1.10:{own} " in row]
        assert len(rows) == 1, shown["conn"]
        found = re.fullmatch(
            rf"{protocol.upper()} out {INTERNET}:7 in 10.1.1.10:{own} idle 0:00:\d\d bytes (\d+) flags (\S+)", rows[0]
        )
        assert found, rows
        assert int(found[1]) >= 10
        assert found[2] == {"udp": "-", "tcp": "UIO"}[protocol]
        own, outer = (port(f"{link}-hub", protocol, ends["hub"][link == "isp"], INTERNET) for link in ("lan", "isp"))
        inside = f"{protocol} 192.168.1.2:{outer}".ljust(22), f"10.2.1.10:{own}".ljust(18)
        assert f"{inside[0]} {inside[1]} {INTERNET}:7    {INTERNET}:7" in shown["translations"]
    # Tunnel traffic is a connection through the PIX, and translated by neither.
    own = port("lan-pix", "tcp", "10.1.1.10", "10.2.1.10")
    assert [row for row in shown["conn"] if row.startswith(f"TCP out 10.2.1.10:7 in 10.1.1.10:{own} ")]
    assert shown["xlate"][0].startswith("2 in use, ")
    assert len(shown["xlate"]) == len(shown["translations"]) == 3
    assert shown["conn"][0].startswith("3 in use, ")
    for flow in [*flows, tunnel]:
        flow.finish()
    # What is cleared is gone, and the flows with it.
    site.show("pix515e", "clear xlate")
    site.show("hub", "clear ip nat translation *")
    assert site.show("pix515e", "show xlate").splitlines()[0].startswith("0 in use, ")
    assert site.show("hub", "show ip nat translations").strip() == ""


def counters(site: Site) -> dict[str, list[int]]:
    """Packets encapsulated and decapsulated, as each device shows them."""
    pattern = re.compile(r"#pkts (?:encaps|decaps): (\d+)")
    return {
        name: [int(number) for number in pattern.findall(site.show(name, "show crypto ipsec sa"))]
        for name in ("pix515e", "hub")
    }


def neutral_world(plays: str) -> dict[str, Any]:
    """The reference's topology with a host of strongSwan's in the place of one device."""
    lan, link, host, address, also = {
        "hub": ("lan-hub", "isp-hub", "neutral", "192.168.1.2", "10.2.1.1/24"),
        "branch": ("lan-pix", "isp-pix", "neutral", "172.16.1.1", "10.1.1.2/24"),
    }[plays]
    links = dict(REFERENCE_TOPOLOGY["links"])
    links[link] = {"host": host, "gateway": links[link]["gateway"], "address": address, "also": [also]}
    return {"links": links, "lans": {name: each for name, each in REFERENCE_TOPOLOGY["lans"].items() if name != lan}}


def daemon(site: Site, plays: str) -> Any:
    """strongSwan in its node, with the configuration written by hand; its own /run."""
    script = f"""
        run=$(mktemp -d -p /run) && mount --bind $run /run
        STRONGSWAN_CONF={NEUTRAL}/strongswan.conf /usr/lib/ipsec/charon 2>&1 &
        until [ -S /run/charon.vici ]; do kill -0 $! || exit 1; sleep 0.05; done
        swanctl --load-all --file {NEUTRAL}/{plays}.conf --uri unix:///run/charon.vici
        echo loaded at $run.
        wait
    """
    started = site.world.start("neutral", "unshare", "--mount", "sh", "-c", script)
    started.wait_for("loaded at")
    return started


def key_of(said: str) -> str:
    """The key of the last phase 1 in what strongSwan said."""
    found = re.findall(r"encryption key Ka => \d+ bytes[^\n]*\n[^\n]*\] +0: ((?:[0-9A-F]{2} )+)", said)
    return str(found[-1]).replace(" ", "")


@pytest.mark.parametrize("plays", ["hub", "branch"])
def test_a_peer_configured_by_hand_brings_each_device_up_and_tshark_reads_what_is_configured(
    plays: str, start: Callable[..., Site]
) -> None:
    name = {"hub": "pix515e", "branch": "hub"}[plays]
    site = start(neutral_world(plays), {name: CONFIGURED[name]}, KEYS)
    world = site.world
    strongswan = daemon(site, plays)
    with world.capture("isp-pix" if plays == "hub" else "isp-hub") as captured:
        if plays == "hub":
            site.bring_up("lan-pix", "10.2.1.1")
        else:
            initiate(site, strongswan)
            assert world.ping("neutral", "10.2.1.10", 2, "-I", "10.1.1.2") == 2
        table = site.show(name, "show crypto ipsec sa")
        assert spis(table) == {packet.spi for packet in captured.packets() if packet.encrypted}
        cookie = captured.tshark("-Y", "isakmp")[-1]["isakmp"]["isakmp.ispi"].replace(":", "")
        key = f"uat:ikev1_decryption_table:{cookie},{key_of(strongswan.output())}"
        shark = captured.tshark("-o", key, "--no-duplicate-keys", "-Y", f"isakmp.ispi=={cookie}")
    main_mode = [each for each in shark if "2" in values(each, "isakmp.exchangetype")]
    quick_mode = [each for each in shark if "32" in values(each, "isakmp.exchangetype")]
    # Phase 1: what is proposed, what is chosen, and who each says it is.
    proposed = transforms(main_mode[:1])
    if plays == "hub":
        # The PIX offers its policy 65535 too: 3DES, SHA, group 2.
        builtin = {"encryption": "5", "hash": "2", "group": "2"}
        assert proposed == [{**DES, "lifetime": "86400"}, {**builtin, "lifetime": "86400"}]
    chosen = transforms(main_mode[1:2])
    assert [{key: each[key] for key in DES} for each in chosen] == [DES]
    assert values(values(main_mode, "isakmp.id.data"), "isakmp.id.data.ipv4_addr") == ["172.16.1.1", "192.168.1.2"]
    # Phase 2: DES (transform 2) with HMAC-MD5 (1), the lifetime of each, and the proxy identities.
    assert values(quick_mode[:1], "isakmp.ipsec.attr.auth_algorithm") == ["1"]
    assert values(quick_mode[:1], "isakmp.trans.id") == ["2"]
    (proposed_lifetime,) = values(quick_mode[:1], "isakmp.ipsec.attr.life_duration")
    assert proposed_lifetime == "28800"
    # The router has the shorter one, and it counts: 28800 → 3600 in the reference's logs.
    remaining = max(int(number) for number in re.findall(r"key lifetime [^:]*: \(\d+/(\d+)\)", table))
    assert remaining <= (28800 if plays == "hub" else 3600)
    identities = ["10.1.1.0", "10.2.1.0"]
    for message in quick_mode[:2]:
        assert values(values(message, "isakmp.id.data"), "isakmp.id.data.ipv4_addr") == identities
        assert values(values(message, "isakmp.id.data"), "isakmp.id.data.ipv4_subnet") == ["255.255.255.0"] * 2
    assert "established" in strongswan.output()


def initiate(site: Site, strongswan: Any) -> None:
    """Let strongSwan begin: its ESP in userspace does not do so by itself."""
    folder = re.findall(r"loaded at (\S+)\.", strongswan.output())[0]
    command = ["swanctl", "--initiate", "--child", "hub", "--timeout", "5", "--uri", f"unix://{folder}/charon.vici"]
    site.world.run("neutral", *command, check=True)
