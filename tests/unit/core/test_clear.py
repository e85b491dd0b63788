# Copyright: The netvpn.dynamic_l2l contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""What is typed to clear which SAs: by tunnel on either end, by peer, all; and what else that would end."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from _core.asa.dialect import CLEARS_7_0, CLEARS_7_2, CLEARS_8_4
from _core.asa.dialect import clears as asa_clears
from _core.associations.clear import KINDS, Target, Words, chosen_of, clearance, counts, kinds, outcome
from _core.associations.clear_run import clear
from _core.associations.reading import named, read
from _core.associations.sa import Associations, Identity
from _core.errors import CoreError, DeviceError, InputError, ReadError
from _core.intent import Intent
from _core.ios.dialect import CLEARS as IOS
from _core.prefixes import Prefix
from _core.session import Cli, Session
from core_support import golden
from core_support.asa_worlds import start as asa_start
from core_support.ios_worlds import start as ios_start
from core_support.living import Living, LivingTransport, Pair, ike_text, ipsec_text
from core_support.scenario import intent, responder, tunnel

SHOWS = {"asa": "pix-7.2-show.txt", "ios": "ios-12.4-show.txt"}
HOSTS = {"asa": "pix", "ios": "hub"}
WORDS = {"asa": CLEARS_7_2, "ios": IOS}
both = pytest.mark.parametrize("platform", ["asa", "ios"])

OSAKA = Target(tunnels=("osaka",))
ALL = Target(everything=True)

#: A hub with two initiators, and one of them with a network that the intent does not name.
HUB_PAIRS = [
    Pair("10.2.1.0/24", "10.1.1.0/24", "172.16.1.1", 0x11111111, 0x21111111, "192.168.1.2"),
    Pair("10.2.1.0/24", "10.1.2.0/24", "172.16.2.1", 0x12222222, 0x22222222, "192.168.1.2"),
    Pair("10.2.1.0/24", "10.7.7.0/24", "172.16.1.1", 0x13333333, 0x23333333, "192.168.1.2"),
]
HUB_IKE = {"172.16.1.1": ("192.168.1.2", 1001), "172.16.2.1": ("192.168.1.2", 1002)}
TUNNELS = [tunnel(), tunnel(name="kobe", initiator="pix2", networks=["10.1.2.0/24"])]


def seed(platform: str) -> Associations:
    """The reference's two tables, with the name of the tunnel."""
    return named(read(golden.seed(SHOWS[platform]), platform), intent(), HOSTS[platform])


def hub() -> Associations:
    texts = [ike_text("ios", HUB_IKE), ipsec_text("ios", HUB_PAIRS)]
    found = read(texts[0], "ios", "show crypto isakmp sa") + read(texts[1], "ios", "show crypto ipsec sa")
    return named(found, intent(tunnels=TUNNELS), "hub")


def typed(found: Associations, target: Target, words: Words, what: Any = KINDS) -> list[str]:
    return [item.command for item in clearance(found, target, what, words).commands]


@pytest.mark.parametrize(
    ("platform", "commands"),
    [
        ("asa", ["clear crypto ipsec sa peer 192.168.1.2", "clear crypto isakmp sa"]),
        ("ios", ["clear crypto sa peer 172.16.1.1", "clear crypto isakmp 2"]),
    ],
)
def test_a_tunnel_is_cleared_by_its_peer_where_the_peer_has_nothing_else(platform: str, commands: list[str]) -> None:
    assert typed(seed(platform), OSAKA, WORDS[platform]) == commands


@pytest.mark.parametrize(
    ("platform", "commands"),
    [
        ("asa", ["clear crypto ipsec sa entry 172.16.1.1 esp 0x64d800cb"]),
        ("ios", ["clear crypto sa entry 192.168.1.2 esp 0x537bc76f"]),
    ],
)
def test_else_by_the_spi_of_its_networks_on_either_end(platform: str, commands: list[str]) -> None:
    found = seed(platform)
    (sa,) = found.ipsec
    both_sides = Identity.of(Prefix.parse("10.77.0.0/16"))
    other = replace(sa, tunnel="", local=both_sides, remote=both_sides)
    done = clearance(replace(found, ipsec=(other, sa)), OSAKA, ["ipsec"], WORDS[platform])
    assert [item.command for item in done.commands] == commands
    assert done.also == []


@pytest.mark.parametrize(
    ("words", "target", "commands"),
    [
        (CLEARS_7_0, ALL, ["clear ipsec sa", "clear isakmp sa"]),
        (CLEARS_7_2, ALL, ["clear crypto ipsec sa", "clear crypto isakmp sa"]),
        (CLEARS_8_4, ALL, ["clear crypto ipsec sa", "clear crypto ikev1 sa"]),
        (CLEARS_7_0, Target(peer="192.168.1.2"), ["clear ipsec sa peer 192.168.1.2", "clear isakmp sa"]),
        (CLEARS_8_4, Target(peer="192.168.1.2"), [
            "clear crypto ipsec sa peer 192.168.1.2", "clear crypto ikev1 sa 192.168.1.2",
        ]),
    ],
)  # fmt: skip
def test_each_release_of_pix_and_asa_gets_its_spelling(words: Words, target: Target, commands: list[str]) -> None:
    assert typed(seed("asa"), target, words) == commands


def test_a_router_gets_its_own_spellings() -> None:
    found = seed("ios")
    assert typed(found, ALL, IOS) == ["clear crypto sa", "clear crypto isakmp"]
    assert typed(found, Target(peer="172.16.1.1"), IOS) == ["clear crypto sa peer 172.16.1.1", "clear crypto isakmp 2"]


@pytest.mark.parametrize(
    ("version", "words"),
    [("7.0(4)", CLEARS_7_0), ("7.1(2)", CLEARS_7_0), ("7.2(2)", CLEARS_7_2), ("8.2(5)", CLEARS_7_2),
     ("8.3(1)", CLEARS_7_2), ("8.4(2)", CLEARS_8_4), ("9.16(1)", CLEARS_8_4), ("", CLEARS_7_2)],
)  # fmt: skip
def test_the_spelling_is_that_of_the_band_of_releases(version: str, words: Words) -> None:
    assert asa_clears(version) is words


@both
@pytest.mark.parametrize("what", KINDS)
def test_one_kind_alone_is_cleared_where_it_is_asked_for(platform: str, what: str) -> None:
    found = seed(platform)
    for target in (OSAKA, ALL, Target(peer=found.ipsec[0].peer)):
        done = clearance(found, target, [what], WORDS[platform])
        assert {item.kind for item in done.commands} == {what}
        assert counts(done.chosen) == {"ike": 0, "ipsec": 0, what: 1}


@both
def test_where_nothing_is_nothing_is_typed(platform: str) -> None:
    for target in (OSAKA, ALL, Target(peer="203.0.113.1")):
        done = clearance(Associations(), target, KINDS, WORDS[platform])
        assert not done.commands
        assert not done.findings


def test_identities_without_an_sa_are_not_cleared() -> None:
    # IOS shows the identities of a bound map also while there is no SA for them: spi 0x0(0), no SAs below.
    text = golden.seed(SHOWS["ios"]).partition("     inbound esp sas:")[0].replace("0x64D800CB(1691877579)", "0x0(0)")
    found = named(read(text, "ios"), intent(), "hub")
    assert [sa.tunnel for sa in found.ipsec] == ["osaka"]
    assert typed(found, ALL, IOS, ["ipsec"]) == []


def test_another_tunnel_stays_and_a_stranger_with_the_same_peer_is_named() -> None:
    done = clearance(hub(), OSAKA, KINDS, IOS)
    assert [item.command for item in done.commands] == [
        "clear crypto sa entry 192.168.1.2 esp 0x11111111",
        "clear crypto isakmp 1001",
    ]
    assert done.also == ["10.2.1.0/24 to 10.7.7.0/24"]
    assert done.commands[0].as_dict() == {
        "command": "clear crypto sa entry 192.168.1.2 esp 0x11111111",
        "kind": "ipsec", "peer": "172.16.1.1", "tunnel": "osaka", "local": "10.2.1.0/24", "remote": "10.1.1.0/24",
        "also": [],
    }  # fmt: skip
    assert typed(hub(), Target(tunnels=("osaka", "kobe")), IOS, ["ipsec"]) == [
        "clear crypto sa entry 192.168.1.2 esp 0x11111111",
        "clear crypto sa peer 172.16.2.1",
    ]


def test_the_name_is_found_after_the_peers_address_changed() -> None:
    moved = [Pair("10.2.1.0/24", "10.1.1.0/24", "172.16.9.77", 0x1, 0x2, "192.168.1.2")]
    found = named(read(ipsec_text("ios", moved), "ios"), intent(tunnels=TUNNELS), "hub")
    assert typed(found, OSAKA, IOS) == ["clear crypto sa peer 172.16.9.77"]


def test_while_sas_are_renewed_each_pair_of_spis_is_cleared() -> None:
    text = golden.seed(SHOWS["ios"])
    start, end = text.index("      spi: 0x537BC76F"), text.index("\n     inbound ah sas:")
    found = named(
        read(text[:end] + text[start:end].replace("537BC76F", "000000FE").replace("1400620911", "254") + text[end:], "ios"),
        intent(), "hub",
    )  # fmt: skip
    stranger = replace(found.ipsec[0], tunnel="", remote=found.ipsec[0].local)
    found = replace(found, ipsec=(*found.ipsec, stranger))
    assert typed(found, OSAKA, IOS, ["ipsec"]) == [
        "clear crypto sa entry 192.168.1.2 esp 0x537bc76f",
        "clear crypto sa entry 192.168.1.2 esp 0x000000fe",
    ]


def test_without_what_names_one_sa_its_peers_are_cleared_and_the_others_are_named() -> None:
    # A cut text: the inbound SAs and the outbound ones of the first block are missing.
    text = ipsec_text("ios", [HUB_PAIRS[0]]).replace("local crypto endpt.: 192.168.1.2, ", "")
    text = text.partition("     outbound esp sas:")[0]
    bare = read(text, "ios").ipsec[0]
    whole = hub()
    without = Associations(whole.ike, (type(bare)(**{**vars(whole.ipsec[0]), "local_address": ""}), *whole.ipsec[1:]))
    assert typed(without, OSAKA, IOS, ["ipsec"]) == ["clear crypto sa entry 172.16.1.1 esp 0x21111111"]
    nothing = type(bare)(**{**vars(whole.ipsec[0]), "local_address": "", "outbound": ()})
    done = clearance(Associations(whole.ike, (nothing, *whole.ipsec[1:])), OSAKA, ["ipsec"], IOS)
    assert [item.command for item in done.commands] == ["clear crypto sa peer 172.16.1.1"]
    assert done.also == ["10.2.1.0/24 to 10.7.7.0/24"]


def two_peers() -> Associations:
    """A PIX with a tunnel to the hub, and IKE with somebody else."""
    one = Pair("10.1.1.0/24", "10.2.1.0/24", "192.168.1.2", 0x1, 0x2, "172.16.1.1")
    peers = {"192.168.1.2": ("172.16.1.1", 1), "203.0.113.9": ("172.16.1.1", 2)}
    found = read(ike_text("asa", peers), "asa", "show crypto isakmp sa") + read(ipsec_text("asa", [one]), "asa")
    return named(found, intent(), "pix")


def test_a_release_that_clears_only_everybodys_ike_sas_ends_the_peers_session_instead() -> None:
    done = clearance(two_peers(), OSAKA, KINDS, CLEARS_7_2)
    assert [item.command for item in done.commands] == [
        "clear crypto ipsec sa peer 192.168.1.2",
        "vpn-sessiondb logoff tunnel-group 192.168.1.2 noconfirm",
    ]
    assert done.also == []
    # That ends phase 2 as well, so it is said where that was not asked for.
    assert clearance(two_peers(), OSAKA, ["ike"], CLEARS_7_2).also == ["tunnel osaka (10.1.1.0/24 to 10.2.1.0/24)"]
    assert typed(two_peers(), OSAKA, CLEARS_8_4)[1:] == ["clear crypto ikev1 sa 192.168.1.2"]


def test_where_no_command_ends_one_peers_ike_sa_it_stays_and_that_is_said() -> None:
    done = clearance(two_peers(), OSAKA, KINDS, replace(CLEARS_7_2, session=""))
    assert [item.command for item in done.commands] == ["clear crypto ipsec sa peer 192.168.1.2"]
    (finding,) = done.findings
    assert finding.code == "ike-not-cleared"
    assert "203.0.113.9" in finding.message


def test_a_second_look_tells_what_stayed_and_what_is_there_again() -> None:
    before = chosen_of(hub(), OSAKA)
    commands = clearance(hub(), OSAKA, KINDS, IOS).commands
    assert outcome(before, Associations(), commands) == []
    assert [finding.code for finding in outcome(before, before, commands)] == ["association-remains"]
    fresh = named(
        read(ipsec_text("ios", [Pair("10.2.1.0/24", "10.1.1.0/24", "172.16.1.1", 7, 8, "192.168.1.2")]), "ios"),
        intent(tunnels=TUNNELS), "hub",
    )  # fmt: skip
    (again,) = outcome(before, fresh, commands)
    assert (again.code, again.level) == ("association-again", "note")


# --- what is asked for --------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "given", [{}, {"all": False}, {"tunnel": [], "peer": ""}, {"tunnel": "osaka", "all": True},
              {"peer": "192.0.2.1", "tunnel": ["osaka"]}],
)  # fmt: skip
def test_exactly_one_must_say_whose_sas_are_meant(given: dict[str, Any]) -> None:
    with pytest.raises(InputError, match="all: true interrupts everybody"):
        Target.read(given.get("tunnel"), given.get("peer"), given.get("all"))


@pytest.mark.parametrize(
    ("given", "option"),
    [({"peer": "hub"}, "peer"), ({"peer": ["192.0.2.1"]}, "peer"), ({"tunnel": [{"a": 1}]}, "tunnel"),
     ({"all": "yes"}, "all"), ({"peer": "192.0.2.1\n"}, "peer")],
)  # fmt: skip
def test_what_is_no_name_and_no_address_is_refused(given: dict[str, Any], option: str) -> None:
    with pytest.raises(InputError) as error:
        Target.read(given.get("tunnel"), given.get("peer"), given.get("all"))
    assert error.value.option == option


def test_kinds_are_both_without_a_word_and_none_is_refused() -> None:
    assert kinds(None) == KINDS == ("ike", "ipsec")
    assert kinds(["ipsec"]) == ("ipsec",)
    for bad in ([], ["ah"], "esp"):
        with pytest.raises(InputError):
            kinds(bad)


# --- a whole call -------------------------------------------------------------------------------------------------

PIX_VERSION = "Cisco PIX Security Appliance Software Version 7.2(2) \nDevice Manager Version 5.2(2)"
#: ntc-templates, cisco_ios show_version
IOS_VERSION = "Cisco IOS Software, 2800 Software (C2800NM-ADVENTERPRISEK9-M), Version 12.4(6)T2, RELEASE SOFTWARE (fc1)"


def living(platform: str, **changed: Any) -> Living:
    if platform == "ios":
        found = Living("ios", list(HUB_PAIRS), dict(HUB_IKE), {"show version": IOS_VERSION})
    else:
        pair = Pair("10.1.1.0/24", "10.2.1.0/24", "192.168.1.2", 0x11111111, 0x21111111, "172.16.1.1")
        found = Living("asa", [pair], {"192.168.1.2": ("172.16.1.1", 1)}, {"show version": PIX_VERSION})
    for name, value in changed.items():
        setattr(found, name, value)
    return found


def call(device: Living, *, check_mode: bool = False, **request: Any) -> dict[str, Any]:
    model = asa_start() if device.platform == "asa" else ios_start()

    def open_session(cli: Cli) -> Session:
        return Session(LivingTransport(model, device), cli)

    given = {"host": HOSTS[device.platform], "responders": [responder()], "tunnels": TUNNELS, **request}
    return clear(given, check_mode=check_mode, open_session=open_session)


@both
def test_check_mode_says_what_a_real_run_types_and_types_nothing(platform: str) -> None:
    device = living(platform)
    checked = call(device, check_mode=True, tunnel=["osaka"])
    assert device.cleared == []
    done = call(device, tunnel=["osaka"])
    assert device.cleared == done["commands"] == checked["commands"] != []
    assert (checked["before"], checked["after"]) == ({"ike": 1, "ipsec": 1}, None)
    assert (done["before"], done["after"]) == ({"ike": 1, "ipsec": 1}, {"ike": 0, "ipsec": 0})
    assert checked["changed"] is done["changed"] is True
    assert done["also"] == checked["also"]


@both
def test_a_second_run_has_nothing_to_clear_and_others_have_theirs(platform: str) -> None:
    device = living(platform)
    call(device, tunnel="osaka")
    again = call(device, tunnel="osaka")
    assert again["changed"] is False
    assert again["commands"] == []
    assert again["before"] == again["after"] == {"ike": 0, "ipsec": 0}
    assert [pair.peer for pair in device.pairs] == ({"asa": [], "ios": ["172.16.2.1", "172.16.1.1"]})[platform]


@both
def test_all_is_all_and_a_peer_is_one(platform: str) -> None:
    device = living(platform)
    peer = device.pairs[0].peer
    call(device, peer=peer, host=None, responders=None, tunnels=None)
    assert peer not in {pair.peer for pair in device.pairs}
    assert peer not in device.ike
    call(device, all=True, host=None, responders=None, tunnels=None)
    assert (device.pairs, device.ike) == ([], {})


def test_what_the_initiators_traffic_brings_back_is_no_failure() -> None:
    device = living("ios")

    def back(command: str) -> None:
        if "isakmp" in command:
            device.pairs.append(Pair("10.2.1.0/24", "10.1.1.0/24", "172.16.1.1", 0x31, 0x32, "192.168.1.2"))
            device.ike["172.16.1.1"] = ("192.168.1.2", 1009)

    device.watch = back
    done = call(device, tunnel="osaka")
    assert done["after"] == {"ike": 1, "ipsec": 1} or done["after"]["ipsec"] == 1
    assert [finding["code"] for finding in done["findings"]] == ["association-again"]


@both
def test_a_refused_command_fails_where_something_is_left_and_names_it(platform: str) -> None:
    refusal = "Command authorization failed" if platform == "asa" else "% Authorization failed."
    device = living(platform)
    device.refuses = dict.fromkeys(call(living(platform), check_mode=True, tunnel="osaka")["commands"], refusal)
    with pytest.raises(DeviceError, match=r"(?i)authorization failed") as error:
        call(device, tunnel="osaka")
    assert error.value.line == device.cleared[0]
    assert error.value.answer == refusal


def test_a_release_that_cannot_log_a_session_off_keeps_the_ike_sa_and_that_is_said() -> None:
    device = living("asa")
    device.ike["203.0.113.9"] = ("172.16.1.1", 2)
    device.refuses = {
        "vpn-sessiondb logoff tunnel-group 192.168.1.2 noconfirm": "ERROR: % Invalid input detected at '^' marker."
    }
    done = call(device, tunnel="osaka")
    assert done["after"] == {"ike": 1, "ipsec": 0}
    (finding,) = done["findings"]
    assert (finding["code"], finding["level"]) == ("ike-not-cleared", "note")
    assert "Invalid input" in finding["message"]


def test_words_of_a_device_about_an_sa_that_is_gone_already_are_no_failure() -> None:
    device = living("ios")

    def gone(_command: str) -> None:
        device.pairs, device.ike = [], {}

    device.watch = gone
    device.refuses = dict.fromkeys(call(living("ios"), check_mode=True, tunnel="osaka")["commands"], "% No such SA")
    assert call(device, tunnel="osaka")["after"] == {"ike": 0, "ipsec": 0}


def test_a_tunnel_that_the_device_has_no_part_in_is_refused() -> None:
    with pytest.raises(InputError, match=r"tunnel\[0\] = kobe: pix has no tunnel of this name"):
        call(living("asa"), tunnel="kobe")
    with pytest.raises(InputError, match=r"Its tunnels are: osaka, kobe"):
        call(living("ios"), tunnel="osakka")


def test_a_tunnel_needs_the_intent() -> None:
    for missing in ("host", "responders", "tunnels"):
        with pytest.raises(InputError) as error:
            call(living("ios"), tunnel="osaka", **{missing: None})
        assert error.value.option == "tunnel"


def test_a_device_of_the_other_platform_is_refused_before_anything_is_typed() -> None:
    device = living("ios")
    with pytest.raises(InputError, match="has it as initiator, and the device is IOS"):
        call(device, host="pix", tunnel="osaka")
    assert device.cleared == []


def test_a_device_that_does_not_say_what_it_is_is_left_alone() -> None:
    device = living("ios", shows={"show version": "Arista vEOS"})
    with pytest.raises(ReadError, match="does not tell what the device is"):
        call(device, all=True)


def test_no_key_is_in_any_error() -> None:
    assert isinstance(intent(), Intent)
    with pytest.raises(CoreError) as error:
        call(living("ios"), tunnel="x", responders=[responder(pre_shared_key="dk3-Zq_v!8xPw0RtLm2N")])
    assert "dk3" not in str(error.value)
