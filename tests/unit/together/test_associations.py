# Copyright: The netvpn.dynamic_l2l contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""What the emulated devices print of any associations is read back as what they are: two programs that share no code."""

from __future__ import annotations

from ipaddress import IPv4Address, IPv4Network

import pytest
from ansible_collections.netvpn.dynamic_l2l.plugins.module_utils._core.associations.reading import read
from ansible_collections.netvpn.dynamic_l2l.plugins.module_utils._core.associations.sa import Associations
from devices.platforms.ios import live as ios
from devices.platforms.pix import live as pix
from devices.wire.sa import ChildSa, Errors, IkeSa, Snapshot
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

OWN = "192.168.1.2"
PEERS = ("172.16.1.1", "172.16.2.1", "198.51.100.7")
ENCRYPTIONS = ("des", "3des", "aes128", "aes192", "aes256")
LAYOUTS = {"12.4": ios.CLASSIC, "15": ios.FIFTEEN}

quickly = settings(max_examples=80, deadline=None, suppress_health_check=[HealthCheck.too_slow])


@st.composite
def ike_sas(draw: st.DrawFn) -> tuple[IkeSa, ...]:
    return tuple(
        IkeSa(
            number,
            OWN,
            draw(st.sampled_from(PEERS)),
            draw(st.booleans()),
            draw(st.sampled_from(("established", "established", "deleted", "connecting"))),
            draw(st.sampled_from(ENCRYPTIONS)),
            draw(st.sampled_from(("md5", "sha"))),
            draw(st.sampled_from((1, 2, 5, 14))),
            86400,
            draw(st.integers(0, 86400)),
            nat_t=draw(st.booleans()),
            interface="Ethernet0/0",
            rekeying=draw(st.booleans()),
            dpd=draw(st.booleans()),
            step=draw(st.integers(1, 6)),
        )
        for number in range(1, draw(st.integers(1, 5)))
    )


def prefix(address: int, length: int) -> str:
    return str(IPv4Network((IPv4Address(address), length), strict=False))


@st.composite
def children(draw: st.DrawFn) -> tuple[ChildSa, ...]:
    spis = iter(draw(st.lists(st.integers(1, 2**32 - 1), min_size=12, max_size=12, unique=True)))
    nat_t, pfs = draw(st.booleans()), draw(st.sampled_from((None, 2, 5)))
    number = st.integers(0, 2**32 - 1)
    found = []
    for at in range(draw(st.integers(0, 4))):
        # Few identities, so that some pairs are those of a rekey.
        local, remote = (prefix(draw(st.sampled_from((10 << 24, (10 << 24) + 256 * at))), draw(st.sampled_from((8, 24, 32))))
                         for _side in "12")  # fmt: skip
        found.append(
            ChildSa(
                draw(st.sampled_from(PEERS)), OWN, "MAP", 10, draw(st.sampled_from((None, "LIST"))), "outside", local, remote,
                next(spis), next(spis), draw(st.sampled_from(ENCRYPTIONS)), draw(st.sampled_from(("md5", "sha"))), pfs,
                draw(number), draw(number), draw(number), draw(number), 3600, draw(st.integers(0, 3600)), draw(number), nat_t,
                number=at + 1, local_port=4500 if nat_t else 500, remote_port=4500 if nat_t else 500,
                dynamic=draw(st.sampled_from(("", "DYN"))), dynamic_sequence=10,
            )
        )  # fmt: skip
    return tuple(found)


@st.composite
def snapshots(draw: st.DrawFn) -> Snapshot:
    found = draw(children())
    errors = {
        (each.local_ident, each.remote_ident): Errors(draw(st.integers(0, 99)), draw(st.integers(0, 99)))
        for each in found
    }
    return Snapshot(draw(ike_sas()), found, errors)


def spis_of(found: Associations) -> set[tuple[str, str, str, str, str]]:
    """Peer, identities, direction and number of each SA."""
    return {
        (sa.peer, sa.local.network if sa.local else "", sa.remote.network if sa.remote else "", way, one.spi)
        for sa in found.ipsec
        for way, ones in (("in", sa.inbound), ("out", sa.outbound))
        for one in ones
    }


def wanted_spis(found: Snapshot) -> set[tuple[str, str, str, str, str]]:
    return {
        (each.peer, each.local_ident, each.remote_ident, way, f"0x{spi:08x}")
        for each in found.children
        for way, spi in (("in", each.spi_in), ("out", each.spi_out))
    }


def whole(text: str, platform: str, command: str) -> Associations:
    found = read(text, platform, command)
    assert found == read(f"device#{command}\n{text}\ndevice#", platform)
    assert not found.unread
    assert not found.truncated
    return found


@quickly
@given(snapshots(), st.booleans())
def test_ipsec_sas_of_a_pix_come_back(found: Snapshot, detail: bool) -> None:
    back = whole(pix.ipsec_sa(found, detail=detail), "asa", "show crypto ipsec sa")
    assert spis_of(back) == wanted_spis(found)
    for sa in back.ipsec:
        mine = [each for each in found.children if f"0x{each.spi_in:08x}" in {one.spi for one in sa.inbound}]
        assert sa.counters["pkts_encaps"] == sum(each.packets_out for each in mine)
        assert sa.counters["pkts_decaps"] == sum(each.packets_in for each in mine)
        assert {one.remaining_seconds for one in sa.inbound} == {each.remaining for each in mine}
        assert {one.remaining_kilobytes for one in sa.outbound} == {each.kilobytes for each in mine}
        assert {one.nat_t for one in sa.inbound} == {mine[0].nat_t}
        assert sa.pfs == (f"group{mine[0].pfs}" if mine[0].pfs else "")
        assert (sa.local_address, sa.interface, sa.up) == (OWN, "outside", True)


@quickly
@given(snapshots(), st.booleans(), st.sampled_from(sorted(LAYOUTS)))
def test_ipsec_sas_of_a_router_come_back(found: Snapshot, detail: bool, layout: str) -> None:
    back = whole(ios.ipsec_sa(found, LAYOUTS[layout], detail=detail), "ios", "show crypto ipsec sa")
    assert spis_of(back) == wanted_spis(found)
    for sa in back.ipsec:
        mine = [each for each in found.children if f"0x{each.spi_in:08x}" in {one.spi for one in sa.inbound}]
        assert sa.counters["pkts_encaps"] == sum(each.packets_out for each in mine)
        assert sa.counters["pkts_decaps"] == sum(each.packets_in for each in mine)
        assert {one.remaining_kilobytes for one in sa.inbound} == {each.kilobytes for each in mine}
        assert {one.nat_t for one in sa.outbound} == {mine[0].nat_t}
        assert {one.mode for one in sa.inbound} == {"tunnel"}
        assert (sa.local_address, sa.up) == (OWN, True)


@quickly
@given(ike_sas(), st.booleans())
def test_ike_sas_of_a_pix_come_back(sas: tuple[IkeSa, ...], detail: bool) -> None:
    back = whole(pix.isakmp_sa(Snapshot(sas), detail=detail), "asa", "show crypto isakmp sa")
    living = [each for each in sas if each.state != "deleted"]
    assert [(one.peer, one.role, one.up, one.rekey) for one in back.ike] == [
        (each.remote, "initiator" if each.initiator else "responder", each.state == "established", each.rekeying)
        for each in living
    ]
    if detail:
        assert [(one.hash.lower(), one.lifetime, one.remaining) for one in back.ike] == [
            (each.hash, each.lifetime, each.remaining) for each in living
        ]


@quickly
@given(ike_sas(), st.sampled_from(sorted(LAYOUTS)))
def test_ike_sas_of_a_router_come_back_with_their_side_from_detail(sas: tuple[IkeSa, ...], layout: str) -> None:
    found = Snapshot(sas)
    plain = whole(ios.isakmp_sa(found, LAYOUTS[layout]), "ios", "show crypto isakmp sa")
    detail = whole(ios.isakmp_sa_detail(found, LAYOUTS[layout]), "ios", "show crypto isakmp sa detail")
    assert sorted((one.dst, one.src, one.up, one.deleted) for one in plain.ike if one.dst) == sorted(
        (each.remote, each.local, each.state == "established", each.state == "deleted")
        if each.initiator
        else (each.local, each.remote, each.state == "established", each.state == "deleted")
        for each in sas
    )
    for back in (plain + detail, detail + plain):
        assert sorted((one.peer, one.role, one.remaining, one.group, one.encryption) for one in back.ike) == sorted(
            (
                each.remote,
                "initiator" if each.initiator else "responder",
                each.remaining,
                each.group,
                each.encryption.rstrip("0123456789"),
            )
            for each in sas
        )


@quickly
@given(snapshots(), st.booleans(), st.sampled_from(sorted(LAYOUTS)))
def test_sessions_of_a_router_come_back(found: Snapshot, detail: bool, layout: str) -> None:
    back = whole(ios.sessions(found, LAYOUTS[layout], detail=detail), "ios", "show crypto session")
    living = [each for each in found.ike if each.state != "deleted"]
    assert sorted((one.peer, one.local, one.up) for one in back.ike) == sorted(
        (each.remote, each.local, each.state == "established") for each in living
    )
    assert sum(sa.active or 0 for sa in back.ipsec) == 2 * len(found.children)
    if detail:
        assert sum(sa.counters["pkts_encaps"] for sa in back.ipsec) == sum(e.packets_out for e in found.children)


@quickly
@given(snapshots())
def test_sessions_of_a_pix_come_back(found: Snapshot) -> None:
    back = whole(pix.sessions(found, ["172.16.1.1"]), "asa", "show vpn-sessiondb l2l")
    shown = [each for each in found.ike if each.state == "established" and not each.rekeying]
    assert [(one.peer, one.up) for one in back.ike] == [(each.remote, True) for each in shown]


@pytest.mark.parametrize("layout", sorted(LAYOUTS))
def test_a_router_without_associations_says_so_in_every_layout(layout: str) -> None:
    form = LAYOUTS[layout]
    texts = {
        "show crypto isakmp sa": ios.isakmp_sa(Snapshot(), form),
        "show crypto isakmp sa detail": ios.isakmp_sa_detail(Snapshot(), form),
        "show crypto ipsec sa": ios.ipsec_sa(Snapshot(), form),
        "show crypto session": ios.sessions(Snapshot(), form),
    }
    for command, text in texts.items():
        assert whole(text, "ios", command) == Associations()
