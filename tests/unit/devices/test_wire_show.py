# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: The netvpn.dynamic_l2l contributors
"""What living devices show, clear and ping: from fixed records to text, against golden text and public clients."""

from __future__ import annotations

import subprocess
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field, replace
from types import SimpleNamespace
from typing import Any

import pytest
from devices import Device, comparable
from devices.platforms.ios import live as ios_live
from devices.platforms.live import clock, flows
from devices.platforms.pix import live as pix_live
from devices.wire.ping import Pinged, mark, ping, way
from devices.wire.reading import read_fabric
from devices.wire.sa import ChildSa, Errors, Identity, IkeSa, Snapshot
from devices.wire.translations import Connection, Translation
from ntc_templates.parse import parse_output

PIX, HUB = "172.16.1.1", "192.168.1.2"
LAN, FAR = "10.1.1.0/24", "10.2.1.0/24"
PIX_SPI, HUB_SPI = 0x64D800CB, 0x537BC76F

# What both ends of the reference scenario have when its show commands were typed
PIX_IKE = IkeSa(1, PIX, HUB, True, "established", "des", "md5", 1, 86400, 86300, interface="outside")
PIX_CHILD = ChildSa(
    HUB, PIX, "IPSEC", 10, "IPSec-traffic", "outside", LAN, FAR, PIX_SPI, HUB_SPI, "des", "md5",
    packets_in=10, packets_out=10, bytes_in=600, bytes_out=600, lifetime=3600, remaining=3506, kilobytes=4274999,
    initiator=True, number=1,
)  # fmt: skip
AT_PIX = Snapshot((PIX_IKE,), (PIX_CHILD,))
HUB_IKE = IkeSa(2, HUB, PIX, False, "established", "des", "md5", 1, 86400, 86290, interface="Ethernet0/0")
HUB_CHILD = ChildSa(
    PIX, HUB, "IPSEC", 10, None, "Ethernet0/0", FAR, LAN, HUB_SPI, PIX_SPI, "des", "md5",
    packets_in=10, packets_out=10, lifetime=3600, remaining=3494, kilobytes=4390267,
    dynamic="DYN", dynamic_sequence=10, number=1,
)  # fmt: skip
AT_HUB = Snapshot((HUB_IKE,), (HUB_CHILD,))
IDLE = Identity("IPSEC", 20, "Ethernet0/0", "101", "198.51.100.7", HUB, FAR, "10.3.1.0/24")


RULE = "ip nat inside source list 100 interface Ethernet0/0 overload"
TCP = Translation("tcp", "10.2.1.9:1025", f"{HUB}:1025", "203.0.113.80:80", "203.0.113.80:80", RULE)
ICMP = Translation("icmp", "10.2.1.9:512", f"{HUB}:512", "203.0.113.80:512", "203.0.113.80:512", RULE)
STATIC = Translation("---", "10.2.1.20", "192.0.2.20")
WEB = Connection("tcp", "10.1.1.9:1025", "203.0.113.80:80", 1774, 22, "UIO")


@dataclass
class Host:
    """A namespace whose `ping` prints what is given, one after the other."""

    outputs: list[str]
    typed: list[tuple[str, ...]] = field(default_factory=list)

    def run(self, *argv: str, timeout: float = 10, check: bool = True) -> subprocess.CompletedProcess[str]:
        self.typed.append(argv)
        return subprocess.CompletedProcess(argv, 0, self.outputs[(len(self.typed) - 1) % len(self.outputs)], "")


ANSWER = "64 bytes from 10.2.1.1: icmp_seq=1 ttl=64 time=2.40 ms\n"
LOST = "1 packets transmitted, 0 received, 100% packet loss, time 0ms\n"


class Plant:
    """A device's network that is only records."""

    def __init__(
        self, device: Device, found: Snapshot, table: Iterable[Translation] = (), outputs: Iterable[str] = (ANSWER,)
    ):
        self.device, self.cleared = device, list[tuple[Any, ...]]()
        self.table = list(table)
        self.inner, self.outer = Host(list(outputs)), Host(list(outputs))
        self.nat_node, self.cry_node = self.inner, self.outer
        note: Callable[..., None] = lambda *words: self.cleared.append(words)  # noqa: E731
        self.crypto = SimpleNamespace(
            sas=lambda: found,
            clear_ike=lambda peer=None: note("ike", peer),
            clear_ipsec=lambda peer=None, name=None: note("ipsec", peer, name),
            clear_spi=lambda spis: note("spi", *spis),
            clear_counters=lambda peer=None: note("counters", peer),
        )
        self.nat = SimpleNamespace(
            translations=lambda: self.table,
            connections=lambda: [WEB],
            in_use=lambda line: any(each.line == line for each in self.table),
            clear=self.clear,
            clear_connections=lambda: note("connections"),
            clear_host=lambda address: note("host", address),
        )
        device.plant = self  # type: ignore[assignment]

    def clear(self, line: str | None = None, *, local: str | None = None, mapped: str | None = None) -> None:
        self.cleared.append(("nat", line, local, mapped))
        self.table.clear()

    def changed(self) -> None:
        """Nothing follows the configuration here."""

    @property
    def fabric(self) -> Any:
        return read_fabric(self.device)

    def addresses(self) -> dict[str, tuple[str, int]]:
        found = {port.name: (port.address, port.length) for port in self.fabric.ports if port.address}
        leased = {name: text.partition("/")[0] for name, text in self.device.leases.items()}
        return found | {name: (address, 24) for name, address in leased.items()}

    def gateways(self) -> dict[str, str]:
        return self.device.gateways

    def node_of(self, port: str) -> tuple[Host, str] | None:
        if port.startswith("Serial"):
            return None
        return (self.outer, port) if port in ("outside", "Ethernet0/0") else (self.inner, port)


@pytest.fixture
def living(pix, ios) -> Callable[..., Any]:
    """A session on a device of the reference scenario that is alive."""

    def make(platform: str, found: Snapshot, *rest: Any) -> Any:
        session = pix if platform == "pix" else ios
        session.device.leases["outside" if platform == "pix" else "-"] = f"{PIX}/24"
        if platform == "ios":
            session.device.leases.clear()
        session.plant = Plant(session.device, found, *rest)
        return session

    return make


def shown(golden, name: str, command: str) -> list[str]:
    """What a golden file has below a command, up to the next one."""
    body = golden(name).partition(f"#{command}\n")[2]
    host = golden(name).split("#")[0]
    return comparable(body.partition(f"\n{host}#")[0])


# -- golden text of the reference scenario


def test_the_pix_shows_the_associations_of_the_reference(golden, living) -> None:
    pix = living("pix", AT_PIX)
    for command in ("show crypto isakmp sa", "show crypto ipsec sa"):
        assert comparable(pix.type(command)) == shown(golden, "pix-7.2-show.txt", command)
    assert pix.type("show ipsec sa") == pix.type("show crypto ipsec sa peer 192.168.1.2")
    assert pix.type("show isakmp sa") == pix.type("show crypto isakmp sa")


def test_the_router_shows_the_associations_of_the_reference(golden, living) -> None:
    ios = living("ios", AT_HUB)
    assert comparable(ios.type("show crypto isakmp sa")) == shown(golden, "ios-12.4-show.txt", "show crypto isakmp sa")
    # the reader of the seed turned a page between the two lists: two seconds
    text = ios_live.ipsec_sa(AT_HUB, pause=2)
    assert comparable(text) == shown(golden, "ios-12.4-show.txt", "show crypto ipsec sa")
    assert ios.type("show crypto ipsec sa") == ios_live.ipsec_sa(AT_HUB).rstrip("\n")


# -- phase 1


@pytest.mark.parametrize(
    ("initiator", "step", "pix_state", "ios_state"),
    [
        (True, 1, "MM_WAIT_MSG2", "MM_NO_STATE"),
        (True, 3, "MM_WAIT_MSG4", "MM_SA_SETUP"),
        (True, 5, "MM_WAIT_MSG6", "MM_KEY_EXCH"),
        (False, 2, "MM_WAIT_MSG3", "MM_SA_SETUP"),
        (False, 4, "MM_WAIT_MSG5", "MM_KEY_EXCH"),
    ],
)
def test_a_negotiation_that_stands_still_is_named_as_each_platform_names_it(
    initiator, step, pix_state, ios_state
) -> None:
    suite = ("des", "md5", 1) if step > 1 else ("", "", 0)
    sa = IkeSa(7, PIX, HUB, initiator, "connecting", *suite, step=step)
    text = pix_live.isakmp_sa(Snapshot((sa,)))
    assert f"State   : {pix_state} " in text
    assert f"Type    : user            Role    : {'initiator' if initiator else 'responder'} " in text
    row = ios_live.isakmp_sa(Snapshot((sa,))).split("\n")[1]
    dst, src = (HUB, PIX) if initiator else (PIX, HUB)
    number = 7 if step > 1 else 0
    assert row == f"{dst:<16}{src:<16}{ios_state:<16}{number:>6}    0 ACTIVE"


def test_rekeying_and_deleted_associations() -> None:
    old, new = replace(PIX_IKE, rekeying=True), replace(PIX_IKE, number=2)
    other = replace(PIX_IKE, number=3, remote="198.51.100.7", initiator=False)
    gone = replace(PIX_IKE, number=4, state="deleted")
    text = pix_live.isakmp_sa(Snapshot((new, old, other, gone)))
    assert text.split("\n")[1:4] == [
        "   Active SA: 2",
        "    Rekey SA: 1 (A tunnel will report 1 Active and 1 Rekey SA during rekey)",
        "Total IKE SA: 3",
    ]
    assert [line for line in text.split("\n") if "IKE Peer" in line] == [
        f"1   IKE Peer: {HUB}",
        f"2   IKE Peer: {HUB}",
        "3   IKE Peer: 198.51.100.7",
    ]
    rows = ios_live.isakmp_sa(Snapshot((gone, other, new))).split("\n")[1:4]
    assert rows == [
        "192.168.1.2     172.16.1.1      QM_IDLE              2    0 ACTIVE",
        "192.168.1.2     172.16.1.1      MM_NO_STATE          4    0 ACTIVE (deleted)",
        "172.16.1.1      198.51.100.7    QM_IDLE              3    0 ACTIVE",
    ]


def test_phase_1_in_detail() -> None:
    lines = pix_live.isakmp_sa(Snapshot((replace(PIX_IKE, encryption="aes256", hash="sha"),)), detail=True).split("\n")
    assert lines[8:11] == [
        "    Encrypt : aes-256         Hash    : SHA       ",
        "    Auth    : preshared       Lifetime: 86400",
        "    Lifetime Remaining: 86300",
    ]
    detail = ios_live.isakmp_sa_detail(Snapshot((replace(HUB_IKE, nat_t=True, dpd=True),))).split("\n")
    assert detail[-3:] == [
        "2     192.168.1.2     172.16.1.1             ACTIVE des  md5    psk  1  23:58:10 DN   ",
        "       Engine-id:Conn-id =  SW:2",
        "",
    ]
    # columns of captures: Local 6, Remote 22, Status 45, Encr 52, Hash 57, Auth 64, DH 69, Lifetime 72, Cap. 81
    for column, word in (
        (6, HUB),
        (22, PIX),
        (45, "ACTIVE"),
        (52, "des"),
        (57, "md5"),
        (64, "psk"),
        (72, "23"),
        (81, "D"),
    ):
        assert detail[-3][column:].startswith(word)


def test_the_tables_of_a_living_device_without_associations(living) -> None:
    pix = living("pix", Snapshot())
    assert pix.type("show crypto isakmp sa") == "\nThere are no isakmp sas"
    assert pix.type("show crypto ipsec sa detail") == "\nThere are no ipsec sas"
    ios = living("ios", Snapshot())
    assert ios.type("show crypto isakmp sa") == "dst             src             state          conn-id slot status"
    assert ios.type("show crypto ipsec sa") == "\nNo SAs found"
    assert ios.type("show crypto session") == "Crypto session current status\n"


# -- phase 2


def test_a_static_entry_of_a_router_has_a_block_before_any_association() -> None:
    found = Snapshot(identities=(IDLE,), errors={(FAR, "10.3.1.0/24"): Errors(send=5)})
    lines = ios_live.ipsec_sa(found).split("\n")
    assert lines[1:3] == ["interface: Ethernet0/0", f"    Crypto map tag: IPSEC, local addr {HUB}"]
    assert "   current_peer 198.51.100.7 port 500" in lines
    assert "     PERMIT, flags={origin_is_acl,}" in lines
    assert "    #send errors 5, #recv errors 0" in lines
    assert "     current outbound spi: 0x0(0)" in lines
    assert [line for line in lines if line.endswith("sas:")] == [
        f"     {way}bound {protocol} sas:" for way in ("in", "out") for protocol in ("esp", "ah", "pcp")
    ]
    assert pix_live.ipsec_sa(found) == "\nThere are no ipsec sas"


def test_several_identities_stand_under_their_interface_once() -> None:
    second = replace(HUB_CHILD, peer="198.51.100.7", remote_ident="10.3.1.0/24", spi_in=0x31CA189, spi_out=2, number=2)
    text = ios_live.ipsec_sa(Snapshot((), (HUB_CHILD, second)))
    assert text.count("interface: ") == text.count("Crypto map tag") == 1
    assert text.count("protected vrf: (none)") == 2
    assert "      spi: 0x31CA189(52208009)" in text  # no zero in front (genieparser)
    assert "conn id: 2003, flow_id: SW:3, crypto map: IPSEC" in text
    assert ios_live.ipsec_sa(Snapshot((), (HUB_CHILD, second)), peer="198.51.100.7").count("protected vrf") == 1
    one = replace(PIX_CHILD, sequence=20, peer="198.51.100.7", remote_ident="10.3.1.0/24", number=2)
    text = pix_live.ipsec_sa(Snapshot((), (one, PIX_CHILD)))
    assert [line for line in text.split("\n") if "interface:" in line or "Crypto map tag" in line] == [
        "interface: outside",
        "    Crypto map tag: IPSEC, seq num: 10, local addr: 172.16.1.1",
        "    Crypto map tag: IPSEC, seq num: 20, local addr: 172.16.1.1",
    ]
    assert pix_live.ipsec_sa(Snapshot((), (one, PIX_CHILD)), crypto_map="OTHER") == "\nThere are no ipsec sas"


def test_while_keys_are_renewed_both_pairs_are_shown() -> None:
    new = replace(PIX_CHILD, spi_in=0xE2B83FD5, spi_out=0xC7CCEEBF, pfs=2, number=2, packets_in=1, packets_out=2)
    lines = pix_live.ipsec_sa(Snapshot((), (replace(PIX_CHILD, pfs=2), new))).split("\n")
    # the new pair first, the old one marked (capture of an ASA 9)
    assert [line.strip() for line in lines if "spi:" in line] == [
        "current outbound spi: C7CCEEBF",
        "spi: 0xE2B83FD5 (3803725781)",
        "spi: 0x64D800CB (1691877579)",
        "spi: 0xC7CCEEBF (3352096447)",
        "spi: 0x537BC76F (1400620911)",
    ]
    assert [line.strip() for line in lines if "settings" in line][:2] == [
        "in use settings ={L2L, Tunnel, PFS Group 2, }",
        "in use settings ={L2L, Tunnel, PFS Group 2, Rekeyed}",
    ]
    assert "      #pkts encaps: 12, #pkts encrypt: 12, #pkts digest: 12" in lines
    pair = replace(HUB_CHILD, spi_in=0x11, spi_out=0x22, number=2)
    text = ios_live.ipsec_sa(Snapshot((), (HUB_CHILD, pair)))
    assert "     current outbound spi: 0x22(34)" in text
    assert text.count("Status: ACTIVE") == 4


def test_nat_between_the_ends() -> None:
    child = replace(PIX_CHILD, nat_t=True, local_port=4500, remote_port=4500, encryption="aes256", hash="sha")
    text = pix_live.ipsec_sa(Snapshot((), (child,)))
    assert "in use settings ={L2L, Tunnel,  NAT-T-Encaps, }" in text  # two blanks (ntc-templates)
    assert "local crypto endpt.: 172.16.1.1/4500, remote crypto endpt.: 192.168.1.2/4500" in text
    assert "path mtu 1500, ipsec overhead 82, media mtu 1500" in text
    assert "transform: esp-aes-256 esp-sha-hmac none" in text
    assert "IV size: 16 bytes" in text
    hub = replace(HUB_CHILD, nat_t=True, remote_port=1024, encryption="aes256", hash="sha")
    text = ios_live.ipsec_sa(Snapshot((), (hub,)))
    assert "   current_peer 172.16.1.1 port 1024" in text
    assert "in use settings ={Tunnel UDP-Encaps, }" in text
    assert "transform: esp-256-aes esp-sha-hmac ," in text


def test_a_stale_association_is_listed_beside_the_new_one() -> None:
    # the same networks from another address: a block of its own
    moved = replace(HUB_CHILD, peer="172.16.9.9", spi_in=0x10, spi_out=0x20, number=2)
    ike = replace(HUB_IKE, number=3, remote="172.16.9.9")
    found = Snapshot((HUB_IKE, ike), (HUB_CHILD, moved))
    assert ios_live.ipsec_sa(found).count("remote ident (addr/mask/prot/port): (10.1.1.0/255.255.255.0/0/0)") == 2
    assert ios_live.sessions(found).count("Session status: UP-ACTIVE") == 2
    assert [each.peer for each in flows(found)] == [PIX, "172.16.9.9"]


def test_a_dynamic_entry_of_a_pix_goes_by_the_name_of_its_map() -> None:
    child = replace(PIX_CHILD, dynamic="DYN", dynamic_sequence=10, sequence=65000, acl=None)
    lines = pix_live.ipsec_sa(Snapshot((), (child,))).split("\n")
    assert lines[1:4] == [
        "    Crypto map tag: DYN, seq num: 10, local addr: 172.16.1.1",
        "",
        "      local ident (addr/mask/prot/port): (10.1.1.0/255.255.255.0/0/0)",
    ]
    assert pix_live.ipsec_sa(Snapshot((), (child,)), crypto_map="DYN") != "\nThere are no ipsec sas"


def test_the_entry_of_the_list_is_shown_and_not_what_was_agreed_on(living) -> None:
    pix = living("pix", Snapshot((), (replace(PIX_CHILD, acl="WIDE", local_ident="10.1.1.64/26"),)))
    pix.enter("access-list WIDE extended deny ip host 10.1.1.64 any",
              "access-list WIDE extended permit ip 10.1.0.0 255.255.0.0 10.2.0.0 255.255.0.0")  # fmt: skip
    lines = pix.type("show crypto ipsec sa").split("\n")
    assert lines[3:5] == [
        "      access-list WIDE permit ip 10.1.0.0 255.255.0.0 10.2.0.0 255.255.0.0 ",
        "      local ident (addr/mask/prot/port): (10.1.1.64/255.255.255.192/0/0)",
    ]


def test_other_orders_and_detail_of_the_pix() -> None:
    other = replace(PIX_CHILD, peer="10.9.9.9", remote_ident="10.9.0.0/16", number=2)
    found = Snapshot((), (PIX_CHILD, other), {(LAN, FAR): Errors(3, 4)})
    assert [line for line in pix_live.ipsec_sa(found, by_peer=True).split("\n") if line.startswith("peer")] == [
        "peer address: 10.9.9.9",
        "peer address: 192.168.1.2",
    ]
    assert "esp sas" not in pix_live.ipsec_sa(found, identity=True)
    detail = pix_live.ipsec_sa(found, detail=True)
    assert "#pkts no sa (send): 0, #pkts invalid sa (rcv): 0" in detail
    assert "#send errors" not in detail
    assert "#send errors: 0, #recv errors: 4" in pix_live.ipsec_sa(found)
    named = pix_live.ipsec_sa(found, peer=HUB, names={HUB: "hub", PIX: "me"})
    assert "current_peer: hub" in named
    assert "local addr: me" in named


# -- sessions


def test_the_words_for_a_session() -> None:
    def status(found: Snapshot) -> list[str]:
        return [line.strip() for line in ios_live.sessions(found).split("\n") if line.startswith("Session status")]

    assert status(AT_HUB) == ["Session status: UP-ACTIVE"]
    assert status(Snapshot((HUB_IKE,))) == ["Session status: UP-IDLE"]
    assert status(Snapshot((), (HUB_CHILD,))) == ["Session status: UP-NO-IKE"]
    assert status(Snapshot(identities=(IDLE,))) == ["Session status: DOWN"]
    trying = IkeSa(1, HUB, IDLE.peer, True, "connecting", step=1, interface="Ethernet0/0")
    assert status(Snapshot((trying,), identities=(IDLE,))) == ["Session status: DOWN-NEGOTIATING"]
    assert status(Snapshot((replace(HUB_IKE, state="deleted"),))) == []


def test_a_negotiation_of_no_entry_is_at_the_interface_of_its_address(living) -> None:
    lost = replace(HUB_IKE, number=1, state="connecting", step=4, interface="")
    ios = living("ios", Snapshot((lost,)))
    assert ios.type("show crypto session").split("\n")[2:4] == [
        "Interface: Ethernet0/0",
        "Session status: DOWN-NEGOTIATING     ",
    ]
    ios = living("ios", Snapshot((lost, HUB_IKE), (HUB_CHILD,)))
    text = ios.type("show crypto session")
    assert (text.count("Interface:"), text.count("  IKE SA:"), text.count("Inactive")) == (1, 2, 1)


def test_a_session_of_12_4() -> None:
    assert ios_live.sessions(AT_HUB).split("\n") == [
        "Crypto session current status",
        "",
        "Interface: Ethernet0/0",
        "Session status: UP-ACTIVE     ",
        "Peer: 172.16.1.1 port 500 ",
        "  IKE SA: local 192.168.1.2/500 remote 172.16.1.1/500 Active ",
        "  IPSEC FLOW: permit ip 10.2.1.0/255.255.255.0 10.1.1.0/255.255.255.0 ",
        "        Active SAs: 2, origin: dynamic crypto map",
        "",
    ]


def test_sessions_of_a_router_in_brief(living) -> None:
    shown = living("ios", AT_HUB).type("show crypto session brief").split("\n")
    assert shown[0].startswith("Status: A- Active, U - Up, D - Down")
    assert shown[-1].split() == ["172.16.1.1", "Et0/0", "172.16.1.1", "00:01:50", "UA"]


def test_sessions_of_the_pix(living) -> None:
    pix = living("pix", AT_PIX)
    lines = comparable(pix.type("show vpn-sessiondb l2l"))
    assert lines[:3] == ["Session Type: LAN-to-LAN", "", "Connection   : 192.168.1.2"]
    assert "Bytes Tx     : 600                    Bytes Rx     : 600" in lines
    assert "Duration     : 0h:01m:40s" in lines
    assert pix_live.sessions(Snapshot(), []).startswith("INFO: There are presently no active sessions")


def test_sessions_of_the_pix_in_detail(living) -> None:
    pix = living("pix", AT_PIX)
    shown = pix.type("show vpn-sessiondb detail l2l")
    assert shown.split("\n")[1] == "Session Type: LAN-to-LAN Detailed"
    rows = parse_output("cisco_asa", "show vpn-sessiondb detail l2l", shown)
    assert [(row["connection"], row["connection_type"], row["rekey_time_left"]) for row in rows] == [
        (HUB, "IKE", "86300"),
        (HUB, "IPsec", "3506"),
    ]
    lines = comparable(shown)
    for line in (
        "IKE Tunnels: 1",
        "IPsec Tunnels: 1",
        "  Tunnel ID    : 1.1",
        "  UDP Src Port : 500                    UDP Dst Port : 500",
        "  IKE Neg Mode : Main                   Auth Mode    : preSharedKeys",
        "  Encryption   : DES                    Hashing      : MD5",
        "  Rekey Int (T): 86400 Seconds          Rekey Left(T): 86300 Seconds",
        "  D/H Group    : 1",
        "  Tunnel ID    : 1.2",
        "  Local Addr   : 10.1.1.0/255.255.255.0/0/0",
        "  Remote Addr  : 10.2.1.0/255.255.255.0/0/0",
        "  Encapsulation: Tunnel",
        "  Rekey Int (T): 3600 Seconds           Rekey Left(T): 3506 Seconds",
        "  Bytes Tx     : 600                    Bytes Rx     : 600",
        "  Pkts Tx      : 10                     Pkts Rx      : 10",
    ):
        assert line in lines


# -- maps and the engine


def test_a_connected_peer_has_a_temporary_entry(living) -> None:
    lines = living("ios", AT_HUB).type("show crypto map").split("\n")
    assert lines[2:8] == [
        'Crypto Map "IPSEC" 65536 ipsec-isakmp',
        "\tPeer = 172.16.1.1",
        "\tExtended IP access list ",
        "\t    access-list  permit ip 10.2.1.0 0.0.0.255 10.1.1.0 0.0.0.255",
        "\t    dynamic (created from dynamic map DYN/10)",
        "\tCurrent peer: 172.16.1.1",
    ]
    assert lines[-2:] == ["\tInterfaces using crypto map IPSEC:", "\t\tEthernet0/0"]


def test_a_static_entry_shows_its_list_and_its_peer(living) -> None:
    ios = living("ios", Snapshot((), (replace(HUB_CHILD, dynamic="", sequence=5, acl="101"),)))
    ios.enter("access-list 101 permit ip 10.2.1.0 0.0.0.255 10.1.1.0 0.0.0.255", "crypto map IPSEC 5 ipsec-isakmp",
              "set peer 172.16.1.1", "match address 101", "set transform-set DYN-TS")  # fmt: skip
    assert ios.type("show crypto map").split("\n")[:5] == [
        'Crypto Map "IPSEC" 5 ipsec-isakmp',
        "\tPeer = 172.16.1.1",
        "\tExtended IP access list 101",
        "\t    access-list 101 permit ip 10.2.1.0 0.0.0.255 10.1.1.0 0.0.0.255",
        "\tCurrent peer: 172.16.1.1",
    ]


def test_the_map_of_a_pix_names_the_peer_in_use(living) -> None:
    assert "\tCurrent peer: 192.168.1.2" in living("pix", AT_PIX).type("show crypto map").split("\n")
    assert "Current peer" not in living("pix", Snapshot()).type("show crypto map")


def test_the_engine_counts_in_and_out(living) -> None:
    rows = [
        line.split() for line in living("ios", AT_HUB).type("show crypto engine connections active").split("\n")[2:5]
    ]
    assert rows == [
        ["2", "Ethernet0/0", HUB, "set", "HMAC_MD5+DES_56_CB", "0", "0"],
        ["2001", "Ethernet0/0", HUB, "set", "DES_56_CB+HMAC_MD5", "0", "10"],
        ["2002", "Ethernet0/0", HUB, "set", "DES_56_CB+HMAC_MD5", "10", "0"],
    ]


# -- translations


def test_translations_of_a_router(living) -> None:
    ios = living("ios", AT_HUB, [TCP, ICMP, STATIC])
    assert ios.type("show ip nat translations").split("\n") == [
        "Pro Inside global      Inside local       Outside local      Outside global",
        "tcp 192.168.1.2:1025   10.2.1.9:1025      203.0.113.80:80    203.0.113.80:80",
        "icmp 192.168.1.2:512   10.2.1.9:512       203.0.113.80:512   203.0.113.80:512",
        "--- 192.0.2.20         10.2.1.20          ---                ---",
    ]
    wide = replace(TCP, inside_local="192.168.100.200:42532")
    row = ios_live.translations([wide]).split("\n")[1]
    assert row == "tcp 192.168.1.2:1025   192.168.100.200:42532 203.0.113.80:80 203.0.113.80:80"
    counts = ios.type("show ip nat statistics").split("\n")
    assert counts[0] == "Total active translations: 3 (1 static, 2 dynamic; 2 extended)"
    assert "[Id: 1] access-list 100 interface Ethernet0/0 refcount 2" in counts
    ios.type("clear ip nat translation *")
    assert ios.plant.cleared == [("nat", None, None, None)]
    assert ios.type("show ip nat translations") == ""


def test_a_rule_of_a_living_router_is_in_use_while_traffic_holds_it(living) -> None:
    ios = living("ios", AT_HUB, [STATIC])
    line = f"no {RULE}"
    ios.plant.table.append(TCP)
    ios.type("configure terminal")
    ios.type(line)
    assert ios.raw.endswith("Dynamic mapping in use, do you want to delete all entries? [no]: ")
    ios.type("no")
    assert ios.plant.cleared == []
    ios.type(line)
    ios.type("yes")
    assert ios.plant.cleared == [("nat", RULE, None, None)]
    assert "ip nat inside source" not in ios.device.running_config()


def test_translations_and_connections_of_a_pix(living) -> None:
    rule = "nat (inside) 1 0.0.0.0 0.0.0.0"
    one = replace(TCP, inside_local="10.1.1.9:1025", inside_global=f"{PIX}:1024", line=rule)
    two = replace(ICMP, inside_local="10.1.1.9:340", inside_global=f"{PIX}:0", line=rule)
    three = replace(STATIC, inside_local="10.1.1.20")
    through = replace(one, inside_local="10.1.1.20:80", inside_global="192.0.2.20:80", line="static (inside,outside) x")
    pix = living("pix", AT_PIX, [two, one, three, through])
    assert pix.type("show xlate").split("\n") == [
        "3 in use, 3 most used",
        "PAT Global 172.16.1.1(0) Local 10.1.1.9 ICMP id 340",
        "PAT Global 172.16.1.1(1024) Local 10.1.1.9(1025)",
        "Global 192.0.2.20 Local 10.1.1.20",
    ]
    assert pix.type("show xlate detail").split("\n")[3:] == [
        "ICMP PAT from inside:10.1.1.9/340 to outside:172.16.1.1/0 flags ri",
        "TCP PAT from inside:10.1.1.9/1025 to outside:172.16.1.1/1024 flags ri",
        "NAT from inside:10.1.1.20 to outside:192.0.2.20 flags s",
    ]
    assert pix.type("show conn").split("\n") == [
        "1 in use, 1 most used",
        "TCP out 203.0.113.80:80 in 10.1.1.9:1025 idle 0:00:22 bytes 1774 flags UIO",
    ]
    pix.type("clear xlate")
    assert pix.plant.cleared == [("nat", None, None, None)]
    assert pix.type("show xlate") == "0 in use, 3 most used"


def test_hosts_behind_a_pool_of_addresses_have_a_slot_each(living) -> None:
    rule = "nat (inside) 1 0.0.0.0 0.0.0.0"
    flows_of_one = [
        replace(TCP, inside_local=f"10.1.1.9:{port}", inside_global=f"192.0.2.30:{port}", line=rule)
        for port in (1025, 1026)
    ]
    pix = living("pix", AT_PIX, flows_of_one)
    pix.enter("no global (outside) 1 interface", "global (outside) 1 192.0.2.30-192.0.2.40")
    assert pix.type("show xlate").split("\n") == ["1 in use, 1 most used", "Global 192.0.2.30 Local 10.1.1.9"]


# -- addresses and routes


def test_addresses_and_routes_of_a_pix_with_a_lease(living) -> None:
    pix = living("pix", Snapshot())
    assert "Ethernet0                  172.16.1.1      YES DHCP   up                    up" in pix.type(
        "show interface ip brief"
    )
    assert pix.type("show ip address").split("\n")[1:4] == [
        "Interface                Name                   IP address      Subnet mask     Method ",
        "Ethernet0                outside                172.16.1.1      255.255.255.0   DHCP  ",
        "Ethernet1                inside                 10.1.1.2        255.255.255.0   CONFIG",
    ]
    table = comparable(pix.type("show route"))
    assert table[8:] == [
        "Gateway of last resort is 172.16.1.2 to network 0.0.0.0",
        "",
        "C    172.16.1.0 255.255.255.0 is directly connected, outside",
        "C    10.1.1.0 255.255.255.0 is directly connected, inside",
        "S*   0.0.0.0 0.0.0.0 [1/0] via 172.16.1.2, outside",
    ]


def test_the_line_of_an_interface_without_a_cable_is_down(living) -> None:
    ios = living("ios", Snapshot())
    ios.enter("interface Serial2/1", "no shutdown")
    rows = {line.split()[0]: line[54:] for line in ios.type("show ip interface brief").split("\n")}
    assert rows["Serial2/0"] == "administratively down down"
    assert rows["Serial2/1"] == "up                    down"
    assert rows["FastEthernet1/0"] == "up                    up"


def test_a_default_route_from_dhcp(living) -> None:
    pix = living("pix", Snapshot())
    pix.enter("no route outside 0.0.0.0 0.0.0.0 172.16.1.2", "interface Ethernet0", "ip address dhcp setroute")
    pix.device.gateways["outside"] = "172.16.1.254"
    assert "S*   0.0.0.0 0.0.0.0 [1/0] via 172.16.1.254, outside" in pix.type("show route")
    ios = living("ios", Snapshot())
    ios.enter("no ip route 0.0.0.0 0.0.0.0 192.168.1.1", "interface Ethernet0/0", "ip address dhcp")
    assert "Gateway of last resort is not set" in ios.type("show ip route")
    ios.device.leases["Ethernet0/0"], ios.device.gateways["Ethernet0/0"] = "192.168.7.9/24", "192.168.7.1"
    # distance: a capture of a router with an address from DHCP
    assert ios.type("show ip route").split("\n")[8:] == [
        "Gateway of last resort is 192.168.7.1 to network 0.0.0.0",
        "",
        "C    192.168.7.0/24 is directly connected, Ethernet0/0",
        "     10.0.0.0/24 is subnetted, 1 subnets",
        "C       10.2.1.0 is directly connected, FastEthernet1/0",
        "S*   0.0.0.0/0 [254/0] via 192.168.7.1",
    ]


# -- ping


def test_ping_on_both_platforms(living) -> None:
    pix = living("pix", AT_PIX, [], [LOST, ANSWER, ANSWER, ANSWER, ANSWER])
    assert pix.type("ping inside 10.2.1.1").split("\n") == [
        "Type escape sequence to abort.",
        "Sending 5, 100-byte ICMP Echos to 10.2.1.1, timeout is 2 seconds:",
        "?!!!!",
        "Success rate is 80 percent (4/5), round-trip min/avg/max = 2/2/2 ms",
    ]
    assert pix.plant.inner.typed[0][-3:] == ("-I", "10.1.1.2", "10.2.1.1")
    assert pix.plant.outer.typed == []
    pix.type("ping 203.0.113.80 repeat 2")
    assert [words[-2:] for words in pix.plant.outer.typed] == [(PIX, "203.0.113.80")] * 2
    assert pix.type("ping nowhere 10.2.1.1").startswith("ERROR:")
    ios = living("ios", AT_HUB, [], [LOST])
    assert ios.type("ping 10.1.1.1 source fa1/0 repeat 3").split("\n") == [
        "",
        "Type escape sequence to abort.",
        "Sending 3, 100-byte ICMP Echos to 10.1.1.1, timeout is 2 seconds:",
        "Packet sent with a source address of 10.2.1.1 ",
        "...",
        "Success rate is 0 percent (0/3)",
    ]
    assert ios.type("ping 10.1.1.1 source 10.2.1.1 repeat 1").count("source address of 10.2.1.1") == 1
    assert ios.type("ping 10.1.1.1 source 10.9.9.9").startswith("% Invalid source address")
    assert ios.type("ping 10.1.1.1 source Serial2/0").startswith("% Invalid source interface")


def test_without_a_route_nothing_is_sent(living) -> None:
    pix = living("pix", Snapshot())
    pix.enter("no route outside 0.0.0.0 0.0.0.0 172.16.1.2")
    assert "?????" in pix.type("ping 203.0.113.80")
    assert pix.plant.outer.typed == pix.plant.inner.typed == []


def test_marks_of_single_requests() -> None:
    assert mark(ANSWER) == ("!", 2.4)
    assert mark(LOST) == (".", None)
    assert mark("From 10.1.1.254 icmp_seq=1 Destination Host Unreachable\n") == ("U", None)
    assert mark("From 10.1.1.2 icmp_seq=1 Destination Host Unreachable\n", "10.1.1.2") == (".", None)
    host = Host([ANSWER])
    assert ping(host, "10.2.1.1", "10.1.1.2", 2, 200) == Pinged("10.2.1.1", "!!", (2.4, 2.4), "10.1.1.2", 200)  # type: ignore[arg-type]
    assert host.typed[0] == ("ping", "-n", "-c", "1", "-W", "1", "-s", "172", "-I", "10.1.1.2", "10.2.1.1")
    assert way([], "10.2.1.1") is None
    assert "!" * 70 + "\n" + "!" * 10 in ios_live.pinged(Pinged("10.2.1.1", "!" * 80))


def test_at_level_cli_those_answer_that_the_settings_name(pix, ios) -> None:
    for session in (pix, ios):
        session.device.answers.add("203.0.113.7")
    pix.device.leases["outside"], pix.device.gateways["outside"] = "172.16.1.9/24", "172.16.1.2"
    assert pix.type("ping 203.0.113.7").split("\n") == [
        "Type escape sequence to abort.",
        "Sending 5, 100-byte ICMP Echos to 203.0.113.7, timeout is 2 seconds:",
        "!!!!!",
        "Success rate is 100 percent (5/5), round-trip min/avg/max = 1/1/1 ms",
    ]
    assert pix.type("ping inside 203.0.113.8 repeat 3").split("\n")[2:] == ["???", "Success rate is 0 percent (0/3)"]
    for own in ("10.1.1.2", "172.16.1.9", "172.16.1.2"):
        assert "!!!!!" in pix.type(f"ping {own}")
    assert pix.type("ping nowhere 203.0.113.7").startswith("ERROR:")
    assert ios.type("ping 203.0.113.7 source fa1/0 repeat 2").split("\n") == [
        "",
        "Type escape sequence to abort.",
        "Sending 2, 100-byte ICMP Echos to 203.0.113.7, timeout is 2 seconds:",
        "Packet sent with a source address of 10.2.1.1 ",
        "!!",
        "Success rate is 100 percent (2/2), round-trip min/avg/max = 1/1/1 ms",
    ]
    assert ios.type("ping 203.0.113.8").split("\n")[3:] == [".....", "Success rate is 0 percent (0/5)"]
    assert ios.type("ping 203.0.113.7 source 10.9.9.9").startswith("% Invalid source address")


def test_at_level_cli_a_lease_brings_its_routes(pix) -> None:
    pix.enter("no route outside 0.0.0.0 0.0.0.0 172.16.1.2", "interface Ethernet0", "ip address dhcp setroute")
    assert "Gateway of last resort is not set" in pix.type("show route")
    pix.device.leases["outside"], pix.device.gateways["outside"] = "172.16.1.9/24", "172.16.1.254"
    assert pix.type("show route").split("\n")[-5:] == [
        "Gateway of last resort is 172.16.1.254 to network 0.0.0.0",
        "",
        "C    172.16.1.0 255.255.255.0 is directly connected, outside",
        "C    10.1.1.0 255.255.255.0 is directly connected, inside",
        "S*   0.0.0.0 0.0.0.0 [1/0] via 172.16.1.254, outside",
    ]


# -- clearing


@pytest.mark.parametrize(
    ("platform", "line", "cleared"),
    [
        ("pix", "clear crypto isakmp sa", [("ike", None)]),
        ("pix", "clear isakmp sa", [("ike", None)]),
        ("pix", "clear crypto ipsec sa", [("ipsec", None, None)]),
        ("pix", "clear ipsec sa peer 192.168.1.2", [("ipsec", HUB, None)]),
        ("pix", "clear crypto ipsec sa map IPSEC", [("ipsec", None, "IPSEC")]),
        ("pix", "clear crypto ipsec sa entry 192.168.1.2 esp 537BC76F", [("spi", HUB_SPI)]),
        ("pix", "clear crypto ipsec sa counters", [("counters", None)]),
        ("pix", "clear xlate", [("nat", None, None, None)]),
        ("pix", "clear xlate local 10.1.1.9", [("nat", None, "10.1.1.9", None)]),
        ("pix", "clear xlate global 192.0.2.30", [("nat", None, None, "192.0.2.30")]),
        ("pix", "clear conn", [("connections",)]),
        ("pix", "clear local-host", [("connections",)]),
        ("pix", "clear local-host 10.1.1.9", [("host", "10.1.1.9")]),
        ("ios", "clear crypto isakmp", [("ike", None)]),
        ("ios", "clear crypto isakmp 2", [("ike", PIX)]),
        ("ios", "clear crypto isakmp 9", []),
        ("ios", "clear crypto sa", [("ipsec", None, None)]),
        ("ios", "clear crypto sa peer 172.16.1.1", [("ipsec", PIX, None)]),
        ("ios", "clear crypto sa map IPSEC", [("ipsec", None, "IPSEC")]),
        ("ios", "clear crypto sa counters", [("counters", None)]),
        ("ios", "clear crypto sa entry 172.16.1.1 esp 1691877579", [("spi", PIX_SPI)]),
        ("ios", "clear crypto sa entry 172.16.1.1 esp 0x64D800CB", [("spi", PIX_SPI)]),
        ("ios", "clear crypto session", [("ipsec", None, None), ("ike", None)]),
        ("ios", "clear crypto session remote 172.16.1.1", [("ipsec", PIX, None), ("ike", PIX)]),
        ("ios", "clear ip nat translation *", [("nat", None, None, None)]),
        ("ios", "clear ip nat translation inside 192.0.2.20 10.2.1.20", [("nat", None, "10.2.1.20", "192.0.2.20")]),
    ],
)
def test_clear_commands_answer_nothing_and_reach_the_stages(living, platform, line, cleared) -> None:
    session = living(platform, AT_PIX if platform == "pix" else AT_HUB)
    assert session.type(line) == ""
    assert session.plant.cleared == cleared


@pytest.mark.parametrize("line", ["clear local-host", "clear local-host 10.1.1.9", "cle local 10.1.1.9"])
def test_local_hosts_are_cleared_at_level_cli_too(pix, line: str) -> None:
    before = pix.device.running_config()
    assert pix.type(line) == ""
    assert pix.device.running_config() == before


@pytest.mark.parametrize("rest", ["inside", "10.1.1", "10.1.1.9 10.1.1.10", "all"])
def test_clear_local_host_takes_one_address(living, rest: str) -> None:
    pix = living("pix", AT_PIX)
    assert "ERROR: % Invalid input detected" in pix.type(f"clear local-host {rest}")
    assert pix.plant.cleared == []


def test_a_local_host_may_be_named(living) -> None:
    pix = living("pix", AT_PIX)
    pix.enter("names", "name 10.1.1.9 printer")
    assert pix.type("clear local-host printer") == ""
    assert pix.plant.cleared == [("host", "10.1.1.9")]


@pytest.mark.parametrize(
    ("which", "named", "count"),
    [
        ("l2l", 'of type "l2l"', 1),
        ("all", 'of type "all"', 1),
        ("ipaddress 192.168.1.2", 'with ipaddress "192.168.1.2"', 1),
        ("name 192.168.1.2", 'with name "192.168.1.2"', 1),
        ("index 1", 'with index "1"', 1),
        ("index 2", 'with index "2"', 0),
        ("tunnel-group 192.0.2.9", 'with tunnel-group "192.0.2.9"', 0),
    ],
)
def test_sessions_of_a_pix_are_logged_off(living, which: str, named: str, count: int) -> None:
    pix = living("pix", AT_PIX)
    answer = f"INFO: Number of sessions {named} logged off : {count}"
    assert pix.type(f"vpn-sessiondb logoff {which} noconfirm") == answer
    assert pix.plant.cleared == [("ipsec", HUB, None), ("ike", HUB)] * count
    pix.plant.cleared.clear()
    assert pix.shell.feed(f"vpn-sessiondb logoff {which}\r").endswith(
        "Do you want to logoff the VPN session(s)? [confirm]"
    )
    assert pix.plant.cleared == []
    assert answer in pix.shell.feed("\r")
    assert pix.plant.cleared == [("ipsec", HUB, None), ("ike", HUB)] * count


def test_counts_of_translations_and_connections(living) -> None:
    pix = living("pix", AT_PIX)
    assert pix.type("show xlate count") == "0 in use, 0 most used"
    assert pix.type("show conn count") == pix.type("show conn").split("\n")[0]
    ios = living("ios", AT_HUB)
    assert ios.type("show ip nat translations total") == "Total number of translations: 0"


# -- clients that nobody here wrote: the templates of netmiko


def test_the_templates_for_the_asa_read_what_the_pix_shows(living) -> None:
    child = replace(PIX_CHILD, encryption="3des", hash="sha", packets_out=12)
    pix = living("pix", Snapshot((PIX_IKE,), (child,)))
    (row,) = parse_output("cisco_asa", "show crypto ipsec sa", pix.type("show crypto ipsec sa"))
    expected = {
        "interface": "outside", "crypto_map_tag": "IPSEC", "sequence_number": "10", "local_address": PIX,
        "local_identity_addr": "10.1.1.0", "local_identity_mask": "255.255.255.0",
        "remote_identity_addr": "10.2.1.0", "current_peer": HUB,
        "packets_encapsulated": "12", "packets_decapsulated": "10",
        "local_crypto_endpoint": PIX, "remote_crypto_endpoint": HUB, "path_mtu": "1500", "ipsec_overhead": "58",
        "current_outbound_spi": "537BC76F",
        "inbound_spi_hex": f"0x{PIX_SPI:X}", "inbound_spi_integer": str(PIX_SPI),
        "outbound_spi_hex": f"0x{HUB_SPI:X}", "outbound_spi_integer": str(HUB_SPI),
        "inbound_encryption": "esp-3des", "inbound_authentication": "esp-sha-hmac",
        "inbound_settings_in_use": "L2L, Tunnel", "inbound_crypto_map": "IPSEC",
        "inbound_remaining_lifetime": "3506", "inbound_remaining_lifetime_kilobytes": "4274999",
        "outbound_iv_size": "8 bytes", "outbound_replay_detection": "Y",
    }  # fmt: skip
    assert {name: row[name] for name in expected} == expected
    (answered,) = parse_output("cisco_asa", "ping 10.2.1.1", pix.type("ping inside 10.2.1.1"))
    assert (answered["success_qty"], answered["rtt_max"]) == ("5", "2")
    rows = parse_output("cisco_asa", "show route", pix.type("show route"))
    assert [(row["protocol"], row["type"], row["network"], row["nexthopif"]) for row in rows] == [
        ("C", "", "172.16.1.0", "outside"),
        ("C", "", "10.1.1.0", "inside"),
        ("S", "", "0.0.0.0", "outside"),
    ]
    brief = parse_output("cisco_asa", "show interface ip brief", pix.type("show interface ip brief"))
    assert {row["interface"]: row["ip_address"] for row in brief} == {"Ethernet0": PIX, "Ethernet1": "10.1.1.2"}


def test_the_templates_for_ios_read_what_the_router_shows(living) -> None:
    ios = living("ios", AT_HUB, [TCP, ICMP, STATIC])
    rows = parse_output("cisco_ios", "show ip nat translations", ios.type("show ip nat translations"))
    assert [(row["protocol"], row["inside_local_ip"], row["inside_global_port"]) for row in rows] == [
        ("tcp", "10.2.1.9", "1025"),
        ("icmp", "10.2.1.9", "512"),
        ("---", "10.2.1.20", ""),
    ]
    (answered,) = parse_output("cisco_ios", "ping 10.1.1.1", ios.type("ping 10.1.1.1 source fa1/0"))
    assert (answered["source"], answered["response_stream"], answered["success_pct"]) == ("10.2.1.1", ["!!!!!"], "100")
    table = parse_output("cisco_ios", "show ip route", ios.type("show ip route"))
    assert [(row["network"], row["prefix_length"], row["nexthop_ip"]) for row in table] == [
        ("192.168.1.0", "24", ""),
        ("10.2.1.0", "24", ""),
        ("0.0.0.0", "0", "192.168.1.1"),
    ]
    brief = parse_output("cisco_ios", "show ip interface brief", ios.type("show ip interface brief"))
    assert (brief[0]["interface"], brief[0]["ip_address"], brief[0]["proto"]) == ("Ethernet0/0", HUB, "up")


def test_the_templates_for_later_ios_read_the_later_layout() -> None:
    # They know no 12.4: `plaintext mtu`, `sibling_flags` and `IKEv1 SA` are asked for.
    later = replace(HUB_CHILD, dynamic="", acl="101", nat_t=True, pfs=5)
    found = Snapshot((HUB_IKE,), (later,))
    text = ios_live.ipsec_sa(found, ios_live.FIFTEEN, detail=True)
    # the template wants a window size behind `replay detection support`
    text = text.replace("replay detection support: Y", "replay detection support: Y  replay window size: 128")
    rows = parse_output("cisco_ios", "show crypto ipsec sa detail", text)
    assert [(row["sa_orientation"], row["sa_spi_dec"], row["sa_conn_id"], row["sa_status"]) for row in rows] == [
        ("inbound", str(HUB_SPI), "1", "ACTIVE(ACTIVE)"),
        ("outbound", str(PIX_SPI), "2", "ACTIVE(ACTIVE)"),
    ]
    first = rows[0]
    assert (first["pkts_encaps"], first["pfs"], first["dh_group"]) == ("10", "Y", "group5")
    assert (first["sa_in_use_settings"], first["sa_lifetime_sec"]) == ("Tunnel UDP-Encaps", "3494")
    (row,) = parse_output(
        "cisco_ios", "show crypto session detail", ios_live.sessions(found, ios_live.FIFTEEN, detail=True)
    )
    assert (row["session_status"], row["peer"], row["ikev1_status"], row["active_sa"], row["origin"]) == (
        "UP-ACTIVE", PIX, "Active", "2", "crypto map",
    )  # fmt: skip
    assert (row["src_host"], row["lifetime"], row["uptime"]) == ("10.2.1.0", clock(86290), clock(110))
    text = ios_live.isakmp_sa(found, ios_live.FIFTEEN)
    assert text.split("\n")[:3] == [
        "IPv4 Crypto ISAKMP SA",
        "dst             src             state          conn-id status",
        "192.168.1.2     172.16.1.1      QM_IDLE              2 ACTIVE",
    ]
