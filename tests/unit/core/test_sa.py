# Copyright: The netvpn.dynamic_l2l contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""Security associations as data: the reference scenario's, joined, named, asked for."""

from __future__ import annotations

import ipaddress
import json
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import pytest
from _core.associations.reading import gather, named, of_peer, of_tunnels, parse_ipsec_sa, read
from _core.associations.sa import Associations, Identity, IkeSa, IpsecSa, Spi
from _core.errors import InputError, ReadError
from _core.intent import Intent, parse_intent
from _core.prefixes import Prefix
from core_support import golden

IOS = golden.seed("ios-12.4-show.txt")
PIX = golden.seed("pix-7.2-show.txt")

BRANCH, CENTRE = (Identity.of(Prefix.parse(text)) for text in ("10.1.1.0/24", "10.2.1.0/24"))


def intent() -> Intent:
    responders = [
        {"host": "hub", "address": "192.168.1.2", "networks": ["10.2.1.0/24", "10.2.8.0/22"],
         "suite": "aes256-sha-g5", "pre_shared_key": "k" * 12},
    ]  # fmt: skip
    tunnels = [
        {"name": "osaka", "initiator": "pix515e", "responder": "hub", "networks": ["10.1.1.0/24"]},
        {"name": "kobe", "initiator": "pix501", "responder": "hub", "networks": ["10.1.4.0/22"]},
    ]
    return parse_intent(responders, tunnels)


class Typed:
    """A device that answers from a table, and refuses what is not in it as its platform does."""

    def __init__(
        self, answers: dict[str, str], refusal: str = "                ^\n% Invalid input detected at '^' marker.\n"
    ):
        self.answers = answers
        self.refusal = refusal
        self.typed: list[str] = []

    def read(self, command: str) -> str:
        plain = " ".join(command.split())
        self.typed.append(plain)
        return f"hub#{command}\n{self.answers.get(plain, self.refusal)}\nhub#"

    def write(self, lines: Sequence[str], question: str | None = None, reply: str = "no") -> list[str]:
        raise AssertionError("a reader types nothing in configuration mode")

    def drop(self) -> None:
        raise AssertionError("nothing went wrong")


def answers(text: str) -> dict[str, str]:
    """The outputs of a seed text by their commands."""
    found: dict[str, list[str]] = {}
    for row in text.splitlines():
        if "#show" in row:
            found[row.partition("#")[2]] = rows = []
        else:
            rows.append(row)
    return {command: "\n".join(rows) for command, rows in found.items()}


def test_both_ends_of_the_reference_tell_of_one_tunnel() -> None:
    initiator, responder = read(PIX), read(IOS)
    assert not (initiator.unread)
    assert not (responder.unread)
    assert not (initiator.truncated)
    assert not (responder.truncated)
    (pix_ike,), (pix_ipsec,) = initiator.ike, initiator.ipsec
    (ios_ike,), (ios_ipsec,) = responder.ike, responder.ipsec
    assert (pix_ike.peer, pix_ike.role, pix_ike.state, pix_ike.up) == ("192.168.1.2", "initiator", "MM_ACTIVE", True)
    assert (ios_ike.peer, ios_ike.role, ios_ike.state, ios_ike.up) == ("172.16.1.1", "responder", "QM_IDLE", True)
    assert ios_ike.local == "192.168.1.2"
    assert ios_ike.identifier == "2"
    assert (pix_ipsec.local, pix_ipsec.remote) == (BRANCH, CENTRE) == (ios_ipsec.remote, ios_ipsec.local)
    assert [one.spi for one in pix_ipsec.inbound] == [one.spi for one in ios_ipsec.outbound] == ["0x64d800cb"]
    assert [one.spi for one in pix_ipsec.outbound] == [one.spi for one in ios_ipsec.inbound] == ["0x537bc76f"]
    assert pix_ipsec.counters["pkts_encaps"] == ios_ipsec.counters["pkts_decaps"] == 10
    assert pix_ipsec.up
    assert ios_ipsec.up
    assert ios_ipsec.dynamic


def test_without_its_ipsec_sas_the_router_does_not_tell_which_side_it_is() -> None:
    (ike,) = read(answers(IOS)["show crypto isakmp sa"]).ike
    assert (ike.dst, ike.src, ike.peer, ike.local, ike.role) == ("192.168.1.2", "172.16.1.1", "", "", "")
    (ike,) = (read(answers(IOS)["show crypto isakmp sa"]) + read(answers(IOS)["show crypto ipsec sa"])).ike
    assert (ike.dst, ike.src, ike.peer, ike.local, ike.role) == ("", "", "172.16.1.1", "192.168.1.2", "responder")


@pytest.mark.parametrize(("text", "host"), [(PIX, "pix515e"), (IOS, "hub")])
def test_an_sa_has_the_name_of_the_tunnel_with_its_identities_at_either_end(text: str, host: str) -> None:
    found = named(read(text), intent(), host)
    assert [sa.tunnel for sa in found.ipsec] == ["osaka"]
    assert [sa.tunnels for sa in found.ike] == [("osaka",)]


@pytest.mark.parametrize(("text", "host"), [(PIX, "hub"), (IOS, "pix515e"), (PIX, "pix501"), (IOS, "elsewhere")])
def test_identities_that_are_not_mirrored_or_of_another_host_name_nothing(text: str, host: str) -> None:
    found = named(read(text), intent(), host)
    assert [sa.tunnel for sa in found.ipsec] == [""]
    assert [sa.tunnels for sa in found.ike] == [()]


def test_the_peers_address_never_names_an_sa() -> None:
    moved = replace(read(IOS), ipsec=tuple(replace(sa, peer="203.0.113.7") for sa in read(IOS).ipsec))
    found = named(moved, intent(), "hub")
    assert [sa.tunnel for sa in found.ipsec] == ["osaka"]
    assert [sa.tunnels for sa in found.ike] == [()], "the IKE SA is with an address that no IPsec SA is with"


@pytest.mark.parametrize(
    ("remote", "local", "name"),
    [
        ("10.1.1.0/24", "10.2.1.0/24", "osaka"),
        ("10.1.1.64/26", "10.2.1.7/32", "osaka"),
        ("10.1.4.0/22", "10.2.8.0/22", "kobe"),
        ("10.1.7.255/32", "10.2.11.255/32", "kobe"),
        ("10.1.0.0/23", "10.2.1.0/24", ""),
        ("10.1.1.0/24", "10.2.0.0/23", ""),
        ("10.1.8.0/24", "10.2.1.0/24", ""),
        ("9.0.0.0/8", "10.2.1.0/24", ""),
    ],
)
def test_identities_within_a_pair_of_networks_are_the_tunnels_and_wider_ones_are_not(
    remote: str, local: str, name: str
) -> None:
    sa = IpsecSa("x", local=Identity.of(Prefix.parse(local)), remote=Identity.of(Prefix.parse(remote)))
    assert named(Associations(ipsec=(sa,)), intent(), "hub").ipsec[0].tunnel == name


def test_the_sas_of_one_tunnel_or_of_one_peer_can_be_had_alone() -> None:
    spis = (Spi("0x00000001"),)
    kobe = IpsecSa(
        "192.0.2.9", local=CENTRE, remote=Identity.of(Prefix.parse("10.1.4.0/22")), inbound=spis, outbound=spis
    )
    both = named(read(IOS) + Associations((IkeSa("192.0.2.9", up=True),), (kobe,)), intent(), "hub")
    for part in (of_tunnels(both, ["kobe"]), of_peer(both, "192.0.2.9")):
        assert [sa.tunnel for sa in part.ipsec] == ["kobe"]
        assert [sa.peer for sa in part.ike] == ["192.0.2.9"]
    assert of_tunnels(both, ["osaka", "kobe"]) == both


def test_a_device_is_asked_with_the_commands_that_its_release_has() -> None:
    pix = answers(PIX)
    old = Typed(
        {
            "show crypto isakmp sa detail": pix["show crypto isakmp sa"],
            "show crypto ipsec sa": pix["show crypto ipsec sa"],
        }
    )
    new = Typed({"show crypto ikev1 sa detail": pix["show crypto isakmp sa"], "show crypto ikev2 sa detail": "\nThere are no IKEv2 SAs\n",
                 "show crypto ipsec sa": pix["show crypto ipsec sa"]})  # fmt: skip
    assert gather(old, "asa") == gather(new, "asa") == read(PIX)
    assert old.typed == ["show crypto ikev1 sa detail", "show crypto isakmp sa detail", "show crypto ipsec sa"]
    assert new.typed == ["show crypto ikev1 sa detail", "show crypto ikev2 sa detail", "show crypto ipsec sa"]


def test_a_device_that_shows_no_sas_is_named_with_its_answers() -> None:
    with pytest.raises(
        ReadError, match=r"'show crypto ikev1 sa detail': % Invalid.*'show crypto isakmp sa detail': % Invalid"
    ):
        gather(Typed({}), "asa")
    refusing = Typed({"show crypto isakmp sa": "", "show crypto isakmp sa detail": ""}, "% Authorization failed.\n")
    with pytest.raises(ReadError, match=r"refused 'show crypto ikev2 sa detailed': % Authorization failed"):
        gather(refusing, "ios")


@pytest.mark.parametrize(
    ("given", "message"),
    [
        (("", "junos"), "platform = junos: this is no platform. Choose one of asa, ios, or leave it out."),
        (("", ["ios"]), "platform = list: a text is expected here. Write asa or ios, or leave it out."),
        (("", "ios", 7.2), "command = 7.2: a text is expected here. Write what was typed, or leave it out."),
        ((["", None],), "text = NoneType: a text is expected here, or a list of texts. Give what the device printed, as "
         "stdout of a module's result."),
        (({"stdout": ""},), "text = dict: a text is expected here, or a list of texts. Give what the device printed, as "
         "stdout of a module's result."),
    ],
)  # fmt: skip
def test_what_is_no_output_of_a_known_platform_is_refused(given: tuple[Any, ...], message: str) -> None:
    with pytest.raises(InputError) as error:
        parse_ipsec_sa(*given)
    assert str(error.value) == message


def test_several_texts_of_a_device_are_joined() -> None:
    parts = answers(IOS)
    assert parse_ipsec_sa(list(parts.values())) == read(IOS).as_dict() == parse_ipsec_sa(IOS, platform="ios")


def test_the_data_are_plain() -> None:
    for text in (IOS, PIX):
        data = read(text).as_dict()
        assert json.loads(json.dumps(data)) == data
        assert data["ipsec"][0]["up"] is True


@pytest.mark.parametrize(
    ("low", "high", "family", "shown"),
    [
        ("10.1.1.0", "10.1.1.255", 4, "10.1.1.0/24"),
        ("0.0.0.0", "255.255.255.255", 4, "0.0.0.0/0"),
        ("10.1.1.5", "10.1.1.5", 4, "10.1.1.5/32"),
        ("10.1.1.128", "10.1.2.127", 4, "10.1.1.128-10.1.2.127"),
        ("10.1.1.0", "10.1.1.2", 4, "10.1.1.0-10.1.1.2"),
        ("2001:db8::", "2001:db8::ffff", 6, "2001:db8::/112"),
        ("2001:db8::1", "2001:db8::2", 6, "2001:db8::1-2001:db8::2"),
    ],
)
def test_a_range_of_addresses_is_written_as_a_prefix_where_it_is_one(
    low: str, high: str, family: int, shown: str
) -> None:
    first, last = (int(ipaddress.ip_address(text)) for text in (low, high))
    assert Identity(first, last, family=family).network == shown


def test_an_sa_is_up_with_an_active_spi_each_way() -> None:
    one, dead = Spi("0x00000001"), Spi("0x00000002", active=False)
    assert IpsecSa("x", inbound=(dead, one), outbound=(one,)).up
    assert not IpsecSa("x", inbound=(dead,), outbound=(one,)).up
    assert not IpsecSa("x", inbound=(one,)).up
    assert not IpsecSa("x").up
    assert IpsecSa("x", active=2).up
    assert not IpsecSa("x", active=0).up
