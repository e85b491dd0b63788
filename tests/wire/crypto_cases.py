# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: The netvpn.dynamic_l2l contributors
"""The crypto stage with real packets: negotiations, what changes of the configuration end, and what is refused.

To be run in a sandbox: test_stages.py does it. Two devices without translation (the exemption is the NAT stage's),
typed at line by line.
"""

from __future__ import annotations

import contextlib
import itertools
import re
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from devices import Device
from devices.wire import packets
from devices.wire.capture import Capture
from devices.wire.crypto import read_crypto
from devices.wire.network import Network
from devices.wire.plant import Plant
from devices.wire.sa import Snapshot
from devices.wire.topology import from_text
from devices.wire.world import World

SEED = Path(__file__).resolve().parents[1] / "golden" / "seed"
KEY = "a-key-to-look-for"
TOPOLOGY = """
links:
  isp-pix: {port: pix Ethernet0, gateway: 172.16.1.2/24, lease: 172.16.1.1/24}
  isp-hub: {port: hub Ethernet0/0, gateway: 192.168.1.1/24}
lans:
  lan-pix: {port: pix Ethernet1, address: 10.1.1.10/24, gateway: 10.1.1.2}
  lan-hub: {port: hub FastEthernet1/0, address: 10.2.1.10/24, gateway: 10.2.1.1}
"""
_NUMBERS = itertools.count()
PIX = (SEED / "pix-7.2-running-config.cfg").read_text(encoding="utf-8")
HUB = (SEED / "ios-12.4-running-config.cfg").read_text(encoding="utf-8").replace("key cisco123", f"key {KEY}")
# The hub as the initiator's mirror, and able to start itself
STATIC_HUB = (
    ("crypto dynamic-map DYN 10\n set transform-set DYN-TS\n!\n", ""),
    (
        "crypto map IPSEC 10 ipsec-isakmp dynamic DYN\n",
        "crypto map IPSEC 10 ipsec-isakmp\n set peer 172.16.1.1\n set transform-set DYN-TS\n match address VPN\n",
    ),
    (
        "access-list 100 deny",
        "ip access-list extended VPN\n permit ip 10.2.1.0 0.0.0.255 10.1.1.0 0.0.0.255\n!\naccess-list 100 deny",
    ),
)
LISTED_HUB = (
    (" set transform-set DYN-TS\n!", " set transform-set DYN-TS\n match address VPN\n!"),
    STATIC_HUB[2],
)


class Site:
    """The reference's two devices."""

    def __init__(self, pix: str = PIX, hub: str = HUB, key: str = KEY) -> None:
        self.world = World(f"w{next(_NUMBERS)}-")
        topology = from_text(TOPOLOGY)
        self.network = Network(self.world, topology)
        self.devices = {
            "pix": Device.from_text("pix-7.2", pix, secrets={"pre_shared_keys": {"192.168.1.2": key}}),
            "hub": Device.from_text("ios-12.4", hub),
        }
        self.plants = {}
        for name, device in self.devices.items():
            plant = self.plants[name] = Plant(device, self.world, topology.wiring(name), name)
            device.plant = plant
            plant.changed()
        for plant in self.plants.values():
            assert plant.wait_for_leases(self.network) == []

    def stage(self, name: str) -> Any:
        return self.plants[name].crypto

    def sas(self, name: str) -> Snapshot:
        found: Snapshot = self.stage(name).sas()
        return found

    def up(self, name: str) -> tuple[int, int]:
        """Established phase 1 and phase 2 SAs."""
        found = self.sas(name)
        return sum(sa.state == "established" for sa in found.ike), len(found.children)

    def ping(self, source: str = "lan-pix", destination: str = "10.2.1.10", count: int = 1, wait: str = "2") -> int:
        """How many were answered."""
        done = self.world.node(source).run(
            "ping", "-c", str(count), "-i", "0.02", "-W", wait, destination, check=False, timeout=30
        )
        found = re.search(r"(\d+) received", done.stdout)
        assert found, done.stdout
        return int(found[1])

    def bring_up(self, source: str = "lan-pix", destination: str = "10.2.1.10") -> float:
        begin = time.monotonic()
        while not self.ping(source, destination, wait="0.1"):
            assert time.monotonic() < begin + 60, self.story()
        return time.monotonic() - begin

    def type(self, name: str, *lines: str) -> str:
        shell = self.devices[name].open_shell(privileged=True)
        shell.start()
        return "".join(shell.feed(f"{line}\r") for line in ("configure terminal", *lines, "end"))

    @contextlib.contextmanager
    def capture(self, node: str, interface: str, kind: str) -> Iterator[Callable[[], list[str]]]:
        """What has passed until now, as `SOURCE > DESTINATION`."""
        path = self.world.directory / f"capture-{next(_NUMBERS)}"
        capture = Capture(self.world.node(node), interface, path)

        def seen() -> list[str]:
            capture.sync()
            return [f"{each.source} > {each.destination}" for each in packets.read(path) if each.kind == kind]

        try:
            yield seen
        finally:
            capture.stop()

    def until(self, condition: Callable[[], object], seconds: float = 60) -> None:
        deadline = time.monotonic() + seconds
        while not condition():
            assert time.monotonic() < deadline, self.story()
            time.sleep(0.01)

    def story(self) -> str:
        return "\n".join(
            f"== {name}\n{self.sas(name)}\n{self.plants[name].faults}\n" + "\n".join(list(self.stage(name).log)[-40:])
            for name in self.plants
        )

    def close(self) -> None:
        faults = {name: plant.faults for name, plant in self.plants.items() if plant.faults}
        for plant in self.plants.values():
            plant.close()
        self.world.close()
        assert not faults, faults


def edited(text: str, *edits: tuple[str, str]) -> str:
    for old, new in edits:
        assert old in text, old
        text = text.replace(old, new)
    return text


@pytest.fixture
def start() -> Iterator[Callable[..., Site]]:
    with contextlib.ExitStack() as stack:

        def make(**texts: str) -> Site:
            site = Site(**texts)
            stack.callback(site.close)
            return site

        yield make


@pytest.fixture(scope="module")
def shared() -> Iterator[Site]:
    """The reference, for tests that leave it as it was."""
    site = Site()
    yield site
    site.close()


def test_the_first_packet_brings_the_tunnel_up(shared: Site) -> None:
    for plant in shared.plants.values():
        plant.crypto.clear_ike()
    assert shared.ping(wait="0.05") == 0  # it is lost, as on the device
    shared.until(lambda: shared.up("pix") == shared.up("hub") == (1, 1))
    assert shared.ping(count=5) == 5
    pix, hub = shared.sas("pix").children[0], shared.sas("hub").children[0]
    assert (pix.spi_in, pix.spi_out) == (hub.spi_out, hub.spi_in)
    assert (pix.packets_in, pix.packets_out, hub.packets_in) == (5, 5, 5)
    # `Responder forcing change of IPSec rekeying duration from 28800 to 3600 seconds` (seed)
    assert (pix.lifetime, hub.lifetime) == (3600, 3600)
    assert (pix.encryption, pix.hash, pix.pfs, pix.nat_t) == ("des", "md5", None, False)
    ike = shared.sas("hub").ike[-1]
    assert (ike.encryption, ike.hash, ike.group, ike.lifetime, ike.initiator) == ("des", "md5", 1, 86400, False)
    assert (hub.dynamic, hub.dynamic_sequence, hub.map, hub.sequence, hub.acl) == ("DYN", 10, "IPSEC", 10, None)


def test_the_responder_cannot_and_its_traffic_leaves_in_clear(shared: Site) -> None:
    shared.stage("hub").clear_ike()
    shared.until(lambda: shared.up("pix") == (0, 0))
    with shared.capture("isp", "isp-hub", "icmp") as seen:
        assert shared.ping("lan-hub", "10.1.1.10", count=3, wait="0.1") == 0
        shared.until(lambda: len([line for line in seen() if "10.2.1.10 > 10.1.1.10" in line]) == 3)
    assert shared.up("hub") == (0, 0)


def test_what_comes_in_clear_for_a_tunnel_is_dropped(shared: Site) -> None:
    shared.bring_up()
    isp = shared.world.node("isp")
    isp.ip("address add 10.1.1.99/32 dev lo", "route add 10.2.1.0/24 via 192.168.1.2")
    with shared.capture("lan-hub", "eth0", "icmp") as seen:
        isp.run("ping", "-c", "3", "-i", "0.05", "-W", "0.2", "-I", "10.1.1.99", "10.2.1.10", check=False)
        assert shared.ping() == 1  # later than they: they would be here
        shared.until(lambda: any("10.1.1.10 >" in line for line in seen()))
        assert not [line for line in seen() if "10.1.1.99" in line]
    isp.ip("address del 10.1.1.99/32 dev lo", "route del 10.2.1.0/24")


def test_nothing_is_done_for_a_configuration_that_is_the_same(shared: Site) -> None:
    plant = shared.plants["hub"]
    stage, crypto = plant.crypto, read_crypto(shared.devices["hub"])
    log = list(stage.log)
    for _ in range(20):
        stage.apply(crypto, plant.addresses())
    # strongSwan would tell of each connection and key that it is given
    assert not [line for line in list(stage.log)[len(log) :] if "vici connection" in line or "loaded" in line]


def test_keys_are_in_no_file_no_argument_and_no_log(shared: Site) -> None:
    shared.bring_up()
    places = [path for path in shared.world.directory.rglob("*") if path.is_file()]
    assert any(path.name == "strongswan.conf" for path in places)
    texts = {str(path): path.read_bytes() for path in places}
    for process in Path("/proc").glob("[0-9]*"):
        with contextlib.suppress(OSError):
            texts[f"{process}/cmdline"] = (process / "cmdline").read_bytes()
            texts[f"{process}/environ"] = (process / "environ").read_bytes()
    for name in shared.plants:
        texts[f"log of {name}"] = "\n".join(shared.stage(name).log).encode()
        texts[f"repr of {name}"] = repr(shared.stage(name).crypto).encode()
    assert [name for name, text in texts.items() if KEY.encode() in text] == []


@pytest.mark.parametrize("what", ["child", "ike"])
def test_a_rekey_loses_one_packet_at_most(what: str, shared: Site) -> None:
    shared.bring_up()
    for name in ("pix", "hub"):
        before = {child.spi_in for child in shared.sas("pix").children}
        cookies = {sa.cookies for sa in shared.sas("pix").ike}
        lost: list[int] = []
        thread = threading.Thread(target=lambda lost=lost: lost.append(60 - shared.ping(count=60)))  # type: ignore[misc]
        thread.start()
        assert shared.stage(name).rekey(what) == 1
        thread.join()
        assert lost[0] <= 1
        if what == "child":
            assert before.isdisjoint({child.spi_in for child in shared.sas("pix").children})
        else:
            shared.until(lambda: {sa.cookies for sa in shared.sas("pix").ike if sa.state == "established"} - cookies)  # noqa: B023
        assert shared.ping(count=3) == 3


# What a line does to SAs: device, lines, established phase 1 and 2 SAs there after it (`CONSEQUENCES`)
CHANGES: dict[str, tuple[str, list[str], tuple[int, int]]] = {
    "unbound": ("hub", ["interface Ethernet0/0", "no crypto map"], (0, 0)),
    "unbound, pix": ("pix", ["no crypto map IPSEC interface outside"], (0, 0)),
    "bound again, pix": ("pix", ["crypto map IPSEC interface outside"], (0, 0)),
    "shut down": ("hub", ["interface Ethernet0/0", "shutdown"], (0, 0)),
    "isakmp off": ("hub", ["no crypto isakmp enable"], (0, 0)),
    "isakmp off, pix": ("pix", ["no crypto isakmp enable outside"], (0, 0)),
    "transform set": ("hub", ["crypto ipsec transform-set DYN-TS esp-aes 256 esp-sha-hmac"], (1, 1)),
    "transform set, pix": ("pix", ["crypto ipsec transform-set DYN-TS esp-aes-256 esp-sha-hmac"], (1, 0)),
    "key": (
        "hub",
        [f"no crypto isakmp key {KEY} address 0.0.0.0 0.0.0.0", "crypto isakmp key other address 0.0.0.0 0.0.0.0"],
        (1, 1),
    ),
    "key, pix": ("pix", ["tunnel-group 192.168.1.2 ipsec-attributes", "pre-shared-key other"], (1, 1)),
    "policy": ("hub", ["crypto isakmp policy 10", "group 2"], (1, 1)),
    "lifetime": ("hub", ["crypto ipsec security-association lifetime seconds 120"], (1, 1)),
    "list, pix": ("pix", ["access-list IPSec-traffic extended permit ip 10.1.1.0 255.255.255.0 10.3.1.0 255.255.255.0"], (1, 1)),
    "entry, pix": ("pix", ["clear configure crypto map IPSEC"], (0, 0)),
}  # fmt: skip


@pytest.mark.parametrize("change", CHANGES)
def test_what_a_change_does_to_sas(change: str, start: Callable[..., Site]) -> None:
    name, lines, wanted = CHANGES[change]
    site = start()
    site.bring_up()
    other = "pix" if name == "hub" else "hub"
    assert (site.up(name), site.up(other)) == ((1, 1), (1, 1))
    site.type(name, *lines)
    assert site.up(name) == wanted, site.story()
    if wanted == (1, 1):
        assert site.ping(count=3) == 3
    elif change != "shut down":
        # the peer is told
        site.until(lambda: site.up(other) == wanted)


def test_the_new_key_counts_from_the_next_negotiation(start: Callable[..., Site]) -> None:
    site = start()
    site.bring_up()
    site.type(
        "hub", f"no crypto isakmp key {KEY} address 0.0.0.0 0.0.0.0", "crypto isakmp key other address 0.0.0.0 0.0.0.0"
    )
    assert site.ping(count=3) == 3
    site.stage("hub").clear_ike()
    site.until(lambda: site.up("pix") == (0, 0))
    assert site.ping(count=3, wait="0.2") == 0
    site.until(lambda: any(sa.state == "connecting" and sa.step == 5 for sa in site.sas("pix").ike))
    site.type("pix", "tunnel-group 192.168.1.2 ipsec-attributes", "pre-shared-key other")
    site.bring_up()


def test_a_crypto_list_switches_traffic_at_once_and_leaves_the_sas(start: Callable[..., Site]) -> None:
    """treatment.md 2, PIX, a network taken away without translation: X at the line."""
    site = start(pix=edited(PIX, ("nat (inside) 1 0.0.0.0 0.0.0.0\n", ""), ("nat (inside) 0 access-list NO-NAT\n", "")))
    site.bring_up()
    line = "access-list IPSec-traffic extended permit ip 10.1.1.0 255.255.255.0 10.2.1.0 255.255.255.0"
    other = line.replace("10.2.1.0", "10.3.1.0")
    with site.capture("isp", "isp-pix", "icmp") as seen:
        site.type("pix", other, f"no {line}")
        site.ping(wait="0.1")
        site.until(lambda: any("10.1.1.10 > 10.2.1.10" in row for row in seen()))
    assert site.up("pix") == (1, 1)
    with site.capture("isp", "isp-pix", "icmp") as seen:
        site.type("pix", line)
        assert site.ping(count=3) == 3
        assert not [row for row in seen() if "10.2.1.10" in row]


def test_a_dynamic_entry_with_a_list_drops_without_sas(start: Callable[..., Site]) -> None:
    site = start(hub=edited(HUB, *LISTED_HUB))
    with site.capture("isp", "isp-hub", "icmp") as seen:
        assert site.ping("lan-hub", "10.1.1.10", count=3, wait="0.1") == 0
        assert site.ping("lan-hub", "198.51.100.10", count=1) == 1
        site.until(lambda: any("198.51.100.10" in row for row in seen()))
        assert not [row for row in seen() if "10.1.1.10" in row]
    site.bring_up()
    assert site.ping("lan-hub", "10.1.1.10", count=3) == 3
    # in clear it is refused, SAs or not
    site.stage("pix").clear_ike()
    assert site.sas("hub").children == ()


def test_two_static_ends_both_start(start: Callable[..., Site]) -> None:
    site = start(hub=edited(HUB, *STATIC_HUB))
    site.bring_up("lan-hub", "10.1.1.10")
    assert site.sas("hub").ike[-1].initiator
    assert site.ping(count=3) == 3
    for name in site.plants:
        site.stage(name).clear_ike()
    site.until(lambda: site.up("pix") == site.up("hub") == (0, 0))
    site.bring_up()
    assert site.sas("pix").ike[-1].initiator


@pytest.mark.parametrize(("role", "starts", "answers"), [("answer-only", False, True), ("originate-only", True, False)])
def test_connection_types(role: str, starts: bool, answers: bool, start: Callable[..., Site]) -> None:
    site = start(
        pix=edited(PIX, ("IPSEC 10 set peer", f"IPSEC 10 set connection-type {role}\ncrypto map IPSEC 10 set peer")),
        hub=edited(HUB, *STATIC_HUB),
    )
    site.ping(count=5, wait="0.3")
    assert bool(site.sas("pix").children) == starts
    for name in site.plants:
        site.stage(name).clear_ike()
    site.until(lambda: site.up("pix") == site.up("hub") == (0, 0))
    site.ping("lan-hub", "10.1.1.10", count=5, wait="0.3")
    assert bool(site.sas("hub").children) == answers


# Networks that the initiator proposes, and whether a static IOS entry for 10.2.1.0/24, 10.1.1.0/24 takes them
OFFERS = {
    ("10.1.1.0 255.255.255.0", "10.2.1.0 255.255.255.0"): True,
    ("10.1.1.0 255.255.255.128", "10.2.1.0 255.255.255.0"): True,
    ("10.1.1.0 255.255.255.0", "host 10.2.1.10"): True,
    ("10.1.0.0 255.255.0.0", "10.2.1.0 255.255.255.0"): False,
    ("10.1.1.0 255.255.255.0", "10.2.0.0 255.255.0.0"): False,
}


@pytest.mark.parametrize("offer", OFFERS)
def test_a_static_router_takes_what_is_within_its_list(offer: tuple[str, str], start: Callable[..., Site]) -> None:
    source, destination = offer
    line = "access-list IPSec-traffic extended permit ip 10.1.1.0 255.255.255.0 10.2.1.0 255.255.255.0"
    site = start(
        pix=edited(PIX, (line, f"access-list IPSec-traffic extended permit ip {source} {destination}")),
        hub=edited(HUB, *STATIC_HUB),
    )
    if OFFERS[offer]:
        # of a host that nothing names the first try fails: strongSwan needs an address there
        site.until(lambda: (site.ping(wait="0.05"), site.sas("pix").children)[1])
        return
    site.ping(count=3, wait="0.3")
    site.until(lambda: any("NO_PROPOSAL_CHOSEN" in row for row in site.stage("pix").log))
    assert site.sas("pix").children == ()
    assert site.up("hub")[0] == 1


def test_a_static_pix_takes_its_list_alone(start: Callable[..., Site]) -> None:
    site = start(
        hub=edited(
            HUB, *STATIC_HUB, (" permit ip 10.2.1.0 0.0.0.255 10.1.1.0", " permit ip 10.2.1.0 0.0.0.127 10.1.1.0")
        )
    )
    site.ping("lan-hub", "10.1.1.10", count=3, wait="0.3")
    site.until(lambda: any("NO_PROPOSAL_CHOSEN" in row for row in site.stage("pix").log))
    # `Session is being torn down. Reason: crypto map policy not found`
    site.until(lambda: site.up("pix") == site.up("hub") == (0, 0))


def test_a_network_that_the_hub_does_not_know_is_taken_at_the_next_try(start: Callable[..., Site]) -> None:
    """Without a list a dynamic entry takes any proxy identity, also one of networks that are not ours."""
    line = "access-list IPSec-traffic extended permit ip 10.1.1.0 255.255.255.0 10.2.1.0 255.255.255.0"
    exempt = "access-list NO-NAT extended permit ip 10.1.1.0 255.255.255.0 10.2.1.0 255.255.255.0"
    site = start(pix=edited(PIX, *((each, each.replace("10.2.1.0", "10.77.0.0")) for each in (line, exempt))))
    site.ping(destination="10.77.0.10", count=3, wait="0.2")
    site.until(lambda: (site.ping(destination="10.77.0.10", wait="0.05"), len(site.sas("hub").children))[1] == 1)
    assert site.sas("hub").children[0].local_ident == "10.77.0.0/24"


SECOND_GROUP = """tunnel-group 192.168.1.77 type ipsec-l2l
tunnel-group 192.168.1.77 ipsec-attributes
 pre-shared-key x
"""


def test_the_second_peer_is_tried(start: Callable[..., Site]) -> None:
    site = start(
        pix=edited(
            PIX,
            ("IPSEC 10 set peer 192.168.1.2", "IPSEC 10 set peer 192.168.1.77 192.168.1.2"),
            ("tunnel-group 192.168.1.2 type", SECOND_GROUP + "tunnel-group 192.168.1.2 type"),
        )
    )  # fmt: skip
    site.bring_up()
    assert site.sas("pix").children[0].peer == "192.168.1.2"


def test_a_deny_sends_traffic_past_the_entry(start: Callable[..., Site]) -> None:
    line = "access-list IPSec-traffic extended permit ip 10.1.1.0 255.255.255.0 10.2.1.0 255.255.255.0"
    site = start(
        pix=edited(PIX, (line, f"access-list IPSec-traffic extended deny ip host 10.1.1.10 host 10.2.1.10\n{line}"))
    )
    with site.capture("isp", "isp-pix", "icmp") as seen:
        site.ping(wait="0.1")
        site.until(lambda: any("10.1.1.10 > 10.2.1.10" in row for row in seen()))
    assert site.up("pix") == (0, 0)


def test_with_keepalives_a_peer_that_is_gone_is_noticed(start: Callable[..., Site]) -> None:
    site = start(hub=edited(HUB, ("crypto isakmp key", "crypto isakmp keepalive 10\ncrypto isakmp key")))
    site.bring_up()
    assert site.stage("hub").dpd() == 0
    assert site.up("hub") == (1, 1)
    site.network.filter("isp-pix", ("udp",))
    assert site.stage("hub").dpd() == 1
    assert site.up("hub") == (0, 0)


def test_the_responders_policies_are_compared_in_their_order(start: Callable[..., Site]) -> None:
    """`The remote peer checks each of its policies in order of its priority` (IOS security guide, IKE).

    The PIX offers policy 10, DES, before policy 65535, 3DES.
    """
    strong = "crypto isakmp policy 5\n encr 3des\n authentication pre-share\n group 2\n!\ncrypto isakmp policy 10"
    for hub, chosen in (
        (HUB, ("des", "md5", 1)),
        (edited(HUB, ("crypto isakmp policy 10", strong)), ("3des", "sha", 2)),
    ):
        site = start(hub=hub)
        site.bring_up()
        for name in site.plants:
            (ike,) = (sa for sa in site.sas(name).ike if sa.state == "established")
            assert (ike.encryption, ike.hash, ike.group) == chosen


def test_the_key_of_a_host_counts_before_the_wildcard(start: Callable[..., Site]) -> None:
    wildcard = f"crypto isakmp key {KEY} address 0.0.0.0 0.0.0.0"
    own = "crypto isakmp key {} address {}\ncrypto isakmp key {} address 0.0.0.0 0.0.0.0"
    site = start(hub=edited(HUB, (wildcard, own.format(KEY, "172.16.1.1", "another"))))
    site.bring_up()
    other = start(hub=edited(HUB, (wildcard, own.format("another", "172.16.1.1", KEY))))
    assert other.ping(count=3, wait="0.2") == 0
    other.until(lambda: any(sa.step == 5 for sa in other.sas("pix").ike))
    assert other.up("hub") == (0, 0)


def test_the_first_transform_set_that_both_have_is_taken(start: Callable[..., Site]) -> None:
    more = "crypto ipsec transform-set A esp-aes-256 esp-sha-hmac\ncrypto ipsec transform-set B esp-3des esp-sha-hmac\n"
    site = start(
        pix=edited(
            PIX,
            ("crypto ipsec transform-set DYN-TS", f"{more}crypto ipsec transform-set DYN-TS"),
            ("set transform-set DYN-TS", "set transform-set A B DYN-TS"),
        ),
        hub=edited(HUB, ("DYN-TS esp-des esp-md5-hmac", "DYN-TS esp-3des esp-sha-hmac")),
    )
    site.bring_up()
    assert {(sas.children[0].encryption, sas.children[0].hash) for sas in map(site.sas, site.plants)} == {
        ("3des", "sha")
    }


def test_pfs(start: Callable[..., Site]) -> None:
    site = start(pix=edited(PIX, ("IPSEC 10 set peer", "IPSEC 10 set pfs group5\ncrypto map IPSEC 10 set peer")))
    site.bring_up()  # the responder takes any group where it asks for none
    assert {site.sas(name).children[0].pfs for name in site.plants} == {5}
    site.type("hub", "crypto dynamic-map DYN 10", "set pfs group2")
    site.stage("pix").clear_ipsec()
    assert site.ping(count=3, wait="0.2") == 0
    site.type("hub", "crypto dynamic-map DYN 10", "set pfs group5")
    site.bring_up()


def daemons() -> int:
    """strongSwan's processes, of all worlds of this sandbox."""
    found = 0
    for process in Path("/proc").glob("[0-9]*"):
        with contextlib.suppress(OSError):
            found += (process / "cmdline").read_bytes().startswith(b"/usr/lib/ipsec/charon")
    return found


def test_strongswan_ends_with_the_world() -> None:
    before = daemons()
    site = Site()
    site.bring_up()
    assert daemons() == before + 2
    site.close()
    assert daemons() == before
