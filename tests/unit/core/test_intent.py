# Copyright: The netvpn.dynamic_l2l contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""The intent: what is read, what is refused and in which words, and that nothing gets from it into a line unseen."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from _core.errors import CoreError, InputError
from _core.intent import parse_intent
from _core.options import Names, Options, first_free
from _core.prefixes import Prefix
from _core.run import run
from _core.secret import MASK, Secret
from core_support.asa_worlds import PAT
from core_support.asa_worlds import start as asa_start
from core_support.ios_worlds import start as ios_start
from core_support.scenario import intent, options, plan_asa, plan_ios, responder, tunnel
from hypothesis import given, settings
from hypothesis import strategies as st

# --- reading --------------------------------------------------------------------------------------------------------


def test_what_is_written_is_what_is_read() -> None:
    wanted = intent(
        [
            responder(
                suite=None,
                ike={"encryption": "aes256", "hash": "sha", "group": 5},
                ipsec={"encryption": "aes128", "hash": "md5"},
                networks=["10.2.1.0/24", {"prefix": "10.2.5.0/24", "interface": "Vlan5"}],
                dpd={"interval": 30, "retry": 3},
                pfs=5,
                lifetimes={"ike_seconds": 28800, "ipsec_seconds": 3600, "ipsec_kilobytes": 4608000},
                match_address="yes",
            )
        ],
        [tunnel(networks="10.1.1.0/24", responder_networks=["10.2.5.128/25"])],
    )
    hub, osaka = wanted.responders[0], wanted.tunnels[0]
    assert (hub.suite.ike.encryption, hub.suite.ike.group, hub.suite.ike.lifetime) == ("aes256", 5, 28800)
    assert (hub.suite.ipsec.encryption, hub.suite.ipsec.integrity) == ("aes128", "md5")
    assert (hub.dpd and hub.dpd.interval, hub.pfs, hub.ipsec_seconds, hub.ipsec_kilobytes) == (30, 5, 3600, 4608000)
    assert hub.match_address is True
    assert [str(network) for network in hub.networks] == ["10.2.1.0/24", "10.2.5.0/24"]
    assert osaka.present
    assert osaka.pairs == ((Prefix.parse("10.1.1.0/24"), Prefix.parse("10.2.5.128/25")),)
    # A part of a network lies where the whole does.
    assert osaka.responder_networks[0].interface == "Vlan5"
    assert wanted.of_initiator("pix") == wanted.of_responder("hub") == wanted.tunnels
    assert wanted.of_initiator("hub") == ()
    assert wanted.responder("nobody") is None


def test_what_is_not_stated_is_not_managed() -> None:
    hub = intent().responders[0]
    assert (hub.dpd, hub.pfs, hub.ipsec_seconds, hub.ipsec_kilobytes, hub.suite.ike.lifetime) == (None,) * 5


def test_match_address_is_the_default() -> None:
    assert intent([responder(match_address=None)]).responders[0].match_address is True


def test_nothing_at_all_is_an_empty_intent() -> None:
    assert parse_intent(None, None).tunnels == ()


def test_a_tunnel_may_repeat_the_responders_key() -> None:
    assert intent(tunnels=[tunnel(pre_shared_key="cisco123")]).tunnels[0].name == "osaka"


def test_several_initiators_of_one_hub_and_several_hubs_of_one_initiator_are_fine() -> None:
    hubs = [responder(), responder(host="rome", address="192.168.2.2", networks=["10.3.1.0/24"])]
    tunnels = [
        tunnel(),
        tunnel(name="to-rome", responder="rome"),
        tunnel(name="kobe", initiator="pix2", networks=["10.1.2.0/24"]),
    ]
    assert len(intent(hubs, tunnels).tunnels) == 3


# --- refusing -------------------------------------------------------------------------------------------------------

KOBE = tunnel(name="kobe", initiator="pix2", networks=["10.1.2.0/24"])
ROME = responder(host="rome", address="192.168.2.2", networks=["10.3.1.0/24"])

#: case: (responders, tunnels, the option, words of the message)
REFUSALS: dict[str, tuple[list[Any], list[Any], str, str]] = {
    "no mapping": (["hub"], [], "l2l_responders[0]", "a mapping is expected"),
    "an unknown option": ([responder(colour="red")], [], "l2l_responders[0].colour", "there is no such option"),
    "an unknown option of a tunnel": ([responder()], [tunnel(mtu=1400)], "l2l_tunnels[0].mtu", "Known are: accept, initiator"),
    "no host": ([responder(host=None)], [], "l2l_responders[0].host", "it is missing"),
    "no address": ([responder(address=None)], [], "l2l_responders[0].address", "it is missing"),
    "a bad address": ([responder(address="192.168.1.300")], [], "l2l_responders[0].address", "not an IPv4 address"),
    "an IPv6 address": (
        [responder(address="2001:db8::1")], [], "l2l_responders[0].address", "no pair of these platforms",
    ),
    "a name as address": ([responder(address="hub.example")], [], "l2l_responders[0].address", "not an IPv4 address"),
    "a multicast address": ([responder(address="224.0.0.1")], [], "l2l_responders[0].address", "no peer can have"),
    "a loopback address": ([responder(address="127.0.0.1")], [], "l2l_responders[0].address", "no peer can have"),
    "no networks": ([responder(networks=None)], [], "l2l_responders[0].networks", "the list is empty"),
    "an empty list of networks": ([responder(networks=[])], [], "l2l_responders[0].networks", "the list is empty"),
    "networks that are a number": ([responder(networks=5)], [], "l2l_responders[0].networks", "a list is expected"),
    "host bits": (
        [responder(networks=["10.2.1.5/24"])], [], "l2l_responders[0].networks[0]", "Did you mean 10.2.1.0/24",
    ),
    "an IPv6 network": (
        [responder(networks=["2001:db8::/64"])], [], "l2l_responders[0].networks[0]", "IPv6 cannot be carried",
    ),
    "no network": ([responder(networks=["lan"])], [], "l2l_responders[0].networks[0]", "not an IPv4 network"),
    "a network without prefix": (
        [responder(networks=[{"interface": "x"}])], [], "l2l_responders[0].networks[0].prefix", "it is missing",
    ),
    "an interface that cannot be": (
        [responder(networks=[{"prefix": "10.2.1.0/24", "interface": "a b"}])], [],
        "l2l_responders[0].networks[0].interface", "no interface has such a name",
    ),
    "a network twice": (
        [responder(networks=["10.2.1.0/24", "10.2.1.128/25"])], [], "l2l_responders[0].networks[1]",
        "overlaps 10.2.1.0/24 of the same list",
    ),
    "no suite": ([responder(suite=None)], [], "l2l_responders[0].suite", "it is missing"),
    "an unknown suite": ([responder(suite="strong")], [], "l2l_responders[0].suite", "there is no such suite"),
    "a suite twice over": (
        [responder(ike={"encryption": "des"})], [], "l2l_responders[0].suite", "both a suite and ike/ipsec",
    ),
    "half a suite": (
        [responder(suite=None, ike={"encryption": "aes256", "hash": "sha", "group": 5})], [],
        "l2l_responders[0].suite", "it is missing",
    ),
    "an incomplete proposal": (
        [responder(suite=None, ike={"encryption": "aes256"}, ipsec={"encryption": "aes256", "hash": "sha"})], [],
        "l2l_responders[0].ike.hash", "it is missing",
    ),
    "an unknown algorithm": (
        [responder(suite=None, ike={"encryption": "rot13", "hash": "sha", "group": 5},
                   ipsec={"encryption": "aes256", "hash": "sha"})], [],
        "l2l_responders[0].ike.encryption", "Choose one of des, 3des",
    ),
    "a broken suite, with the best one": (
        [responder(allow_weak_crypto="legacy")], [], "l2l_responders[0].suite",
        "The best suite of all supported releases is aes256-sha-g5 (allow_weak_crypto: legacy)",
    ),
    "a broken suite": (
        [responder(allow_weak_crypto=None)], [], "l2l_responders[0].suite", "set allow_weak_crypto: broken",
    ),
    "a legacy suite where none is allowed": (
        [responder(suite="aes256-sha-g5", allow_weak_crypto="none")], [], "l2l_responders[0].suite",
        "set allow_weak_crypto: legacy",
    ),
    "an unknown grade": (
        [responder(allow_weak_crypto="all")], [], "l2l_responders[0].allow_weak_crypto", "none, legacy, broken",
    ),
    "no key": ([responder(pre_shared_key=None)], [], "l2l_responders[0].pre_shared_key", "missing or empty"),
    "an empty key": ([responder(pre_shared_key="")], [], "l2l_responders[0].pre_shared_key", "missing or empty"),
    "a key with a blank": ([responder(pre_shared_key="a b")], [], "l2l_responders[0].pre_shared_key", "cannot take"),
    "a key with a question mark": (
        [responder(pre_shared_key="what?")], [], "l2l_responders[0].pre_shared_key", "it holds '?'",
    ),
    "a key with a new line": (
        [responder(pre_shared_key="a\nreload")], [], "l2l_responders[0].pre_shared_key", "cannot take",
    ),
    "a key that ends in a new line": (
        [responder(pre_shared_key="abc\n")], [], "l2l_responders[0].pre_shared_key", "cannot take",
    ),
    "a key that is too long": (
        [responder(pre_shared_key="x" * 129)], [], "l2l_responders[0].pre_shared_key", "take up to 128",
    ),
    "a key of other letters": (
        [responder(pre_shared_key="ключ")], [], "l2l_responders[0].pre_shared_key", "printable ASCII",
    ),
    "a key that a device showed": (
        [responder(pre_shared_key="*****")], [], "l2l_responders[0].pre_shared_key", "made of stars only",
    ),
    "a key that is a form": ([responder(pre_shared_key="6")], [], "l2l_responders[0].pre_shared_key", "longer key"),
    "match_address that is neither": (
        [responder(match_address="maybe")], [], "l2l_responders[0].match_address", "neither true nor false",
    ),
    "a lifetime out of range": (
        [responder(lifetimes={"ike_seconds": 5})], [], "l2l_responders[0].lifetimes.ike_seconds", "120 to 86400",
    ),
    "a lifetime that is no number": (
        [responder(lifetimes={"ipsec_seconds": "1h"})], [], "l2l_responders[0].lifetimes.ipsec_seconds", "whole number",
    ),
    "a lifetime that is true": (
        [responder(lifetimes={"ipsec_seconds": True})], [], "l2l_responders[0].lifetimes.ipsec_seconds", "whole number",
    ),
    "an unknown lifetime": (
        [responder(lifetimes={"seconds": 5})], [], "l2l_responders[0].lifetimes.seconds", "no such option",
    ),
    "dpd out of range": ([responder(dpd={"interval": 5})], [], "l2l_responders[0].dpd.interval", "10 to 3600"),
    "dpd that is no mapping": ([responder(dpd=True)], [], "l2l_responders[0].dpd", "a mapping is expected"),
    "pfs with an unknown group": ([responder(pfs=7)], [], "l2l_responders[0].pfs", "1, 2, 5, 14"),
    "a responder twice": ([responder(), responder(address="192.168.9.9")], [], "l2l_responders[1].host", "stands twice"),
    "an address twice": ([responder(), responder(host="two")], [], "l2l_responders[1].address", "hub has it already"),
    "no name": ([responder()], [tunnel(name=None)], "l2l_tunnels[0].name", "it is missing"),
    "a bad name": ([responder()], [tunnel(name="1 tunnel")], "l2l_tunnels[0].name", "a letter, then"),
    "a long name": ([responder()], [tunnel(name="x" * 41)], "l2l_tunnels[0].name", "Use up to 40"),
    "no initiator": ([responder()], [tunnel(initiator=None)], "l2l_tunnels[0].initiator", "it is missing"),
    "an unknown responder": ([responder()], [tunnel(responder="x")], "l2l_tunnels[0].responder", "Known are: hub"),
    "a responder without any": ([], [tunnel()], "l2l_tunnels[0].responder", "Known are: none"),
    "an empty list of a tunnel": ([responder()], [tunnel(networks=[])], "l2l_tunnels[0].networks", "is empty"),
    "networks outside the responder's": (
        [responder()], [tunnel(responder_networks=["10.2.2.0/24"])], "l2l_tunnels[0].responder_networks",
        "outside the networks of hub",
    ),
    "both sides alike": (
        [responder()], [tunnel(networks=["10.2.0.0/16"])], "l2l_tunnels[0].networks", "must not share addresses",
    ),
    "a network of the hub that is not in this tunnel": (
        [responder(networks=["10.2.1.0/24", "10.2.5.0/24"])],
        [tunnel(networks=["10.2.5.0/24"], responder_networks=["10.2.1.0/24"])], "l2l_tunnels[0].networks",
        "another network of hub",
    ),
    "local here and remote there": (
        [responder(), {**ROME, "networks": ["10.1.1.0/25"]}],
        [tunnel(), tunnel(name="r", responder="rome", networks=["10.7.0.0/16"])], "l2l_tunnels[1].responder_networks",
        "overlaps 10.1.1.0/24 of the tunnel osaka",
    ),
    "a key of its own": (
        [responder()], [tunnel(pre_shared_key="another")], "l2l_tunnels[0].pre_shared_key", "needs IKEv2",
    ),
    "an unknown state": ([responder()], [tunnel(state="gone")], "l2l_tunnels[0].state", "present, absent"),
    "a name twice": ([responder()], [tunnel(), {**KOBE, "name": "osaka"}], "l2l_tunnels[1].name", "have this name"),
    "two tunnels for one pair": (
        [responder()], [tunnel(), {**KOBE, "initiator": "pix"}], "l2l_tunnels[1]", "Add the networks to osaka",
    ),
    "networks of two initiators that overlap": (
        [responder()], [tunnel(), {**KOBE, "networks": ["10.1.1.128/25"]}], "l2l_tunnels[1].networks",
        "overlaps 10.1.1.0/24 of the tunnel osaka",
    ),
    "networks of two responders that overlap": (
        [responder(), {**ROME, "networks": ["10.2.0.0/16"]}], [tunnel(), tunnel(name="r", responder="rome")],
        "l2l_tunnels[1].responder_networks", "overlaps 10.2.1.0/24",
    ),
    "a responder as initiator": (
        [responder()], [tunnel(initiator="hub")], "l2l_tunnels[0].initiator", "this host is a responder",
    ),
}  # fmt: skip


@pytest.mark.parametrize("case", REFUSALS)
def test_what_cannot_be_meant_is_refused_with_option_value_and_remedy(case: str) -> None:
    responders, tunnels, option, says = REFUSALS[case]
    with pytest.raises(InputError) as error:
        parse_intent(responders, tunnels)
    message = str(error.value)
    assert error.value.option == option
    assert message.startswith(option)
    assert says in message
    assert error.value.remedy
    assert message.endswith(".")
    assert error.value.value is None or str(error.value.value) in message


@pytest.mark.parametrize("platform", ["asa", "ios"])
@pytest.mark.parametrize("case", REFUSALS)
def test_what_the_intent_alone_shows_is_refused_before_a_connection_is_opened(case: str, platform: str) -> None:
    responders, tunnels, option, _says = REFUSALS[case]
    opened: list[object] = []

    def open_session(cli: object) -> Any:
        opened.append(cli)
        raise AssertionError("a connection was opened")

    request = {"host": "pix", "state": "present", "save": "changed", "responders": responders, "tunnels": tunnels}
    with pytest.raises(InputError) as error:
        run(platform, request, check_mode=False, open_session=open_session)
    assert error.value.option == option
    assert opened == []


# --- keys -----------------------------------------------------------------------------------------------------------

printable = st.text(st.characters(min_codepoint=33, max_codepoint=126, exclude_characters="?"), min_size=2, max_size=30)


@settings(max_examples=40)
@given(st.one_of(printable, st.text(max_size=200)), st.sampled_from(sorted(REFUSALS)))
def test_no_message_holds_the_key(key: str, case: str) -> None:
    # A key that is a piece of ordinary messages proves nothing.
    key = f"{key}\x00K3y"[-60:] if key.isascii() and key.isprintable() else f"{key}K3y"
    responders, tunnels, _option, _says = REFUSALS[case]
    told = [{**item, "pre_shared_key": key} if isinstance(item, dict) else item for item in responders]
    told_tunnels = [{**item, "pre_shared_key": key} for item in tunnels]
    for given_ in ((told, tunnels), (responders, told_tunnels), (told, told_tunnels)):
        try:
            seen = repr(parse_intent(*given_))
        except InputError as error:
            seen = f"{error} {error.__dict__!r}"
        assert key not in seen


@given(printable)
def test_a_secret_leaves_only_by_reveal(key: str) -> None:
    if set(key) == {"*"}:
        return
    hub = intent([responder(pre_shared_key=key)]).responders[0]
    assert hub.pre_shared_key.reveal() == key
    assert repr(hub.pre_shared_key) == str(hub.pre_shared_key) == f"{hub.pre_shared_key}" == f"Secret({MASK})"


def test_secrets_are_compared_only_where_both_are_known() -> None:
    assert Secret("a").same_as(Secret("a")) is True
    assert Secret("a").same_as(Secret("b")) is False
    assert Secret("a").same_as(Secret("", known=False)) is None


# --- nothing gets into a line unseen --------------------------------------------------------------------------------

WILD = st.text(st.sampled_from("ab1.-_ \n\r\t\x00\x03\x1a!?{}\"'\\;|/:*"), min_size=1, max_size=12)
FIELDS = (
    "tunnel name", "network", "interface", "crypto_map", "transform_set", "crypto_acl", "exemption_acl", "dynamic_map",
    "match_acl", "nat_acl", "outside_interface", "address", "key", "suite", "nat_id", "sequence", "ike_policy",
)  # fmt: skip


@settings(max_examples=200)
@given(st.sampled_from(FIELDS), WILD)
def test_no_field_can_bring_another_line_or_a_control_character_into_a_line(field: str, text: str) -> None:
    hub: dict[str, Any] = {"match_address": True}
    spoke: dict[str, Any] = {}
    names: dict[str, Any] = {}
    outside = None
    match field:
        case "tunnel name":
            spoke["name"] = text
        case "network":
            spoke["networks"] = [text]
        case "interface":
            spoke["networks"] = [{"prefix": "10.1.1.0/24", "interface": text}]
        case "outside_interface":
            outside = text
        case "address":
            hub["address"] = text
        case "key":
            hub["pre_shared_key"] = text
        case "suite":
            hub["suite"] = text
        case _:
            names[field] = text
    for platform in ("asa", "ios"):
        try:
            wanted = intent([responder(**hub)], [tunnel(**spoke)])
            chosen = options(names, pat="present", outside_interface=outside)
            if platform == "asa":
                plan = plan_asa(asa_start(), wanted, chosen)
            else:
                plan = plan_ios(ios_start(), wanted, chosen)
        except CoreError:
            continue
        for step in plan.steps:
            for line in (*step.do, *step.undo):
                for row in (line.sent, *line.parents):
                    assert row.isprintable()
                    assert row.isascii()
                    assert "?" not in row
                    assert not row.startswith(("!", " "))
                    assert len(row) < 250
        assert not any("!" in command for command in plan.commands)


# --- options --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("data", "option", "says"),
    [
        ({"crypto_maps": "A"}, "names.crypto_maps", "there is no such name"),
        ({"crypto_map": "A B"}, "names.crypto_map", "cannot take this name"),
        ({"crypto_map": "A\n"}, "names.crypto_map", "cannot take this name"),
        ({"crypto_map": ""}, "names.crypto_map", "cannot take this name"),
        ({"crypto_map": "x" * 65}, "names.crypto_map", "up to 64"),
        ({"crypto_acl": "{site}"}, "names.crypto_acl", "cannot take this name"),
        ({"nat_acl": 10}, "names.nat_acl", "from 100 to 199"),
        ({"match_acl": "2700"}, "names.match_acl", "Begin with a letter"),
        ({"match_acl": "1st"}, "names.match_acl", "Begin with a letter"),
        ({"crypto_acl": "{tunnel.__class__}"}, "names.crypto_acl", "cannot take this name"),
        ({"ike_policy": 0}, "names.ike_policy", "1 to 10000"),
        ({"sequence": "ten"}, "names.sequence", "whole number"),
        ({"nat_id": -1}, "names.nat_id", "out of range"),
    ],
)
def test_names_that_no_device_takes_are_refused(data: dict[str, Any], option: str, says: str) -> None:
    with pytest.raises(InputError) as error:
        Names.read(data)
    assert error.value.option == option
    assert says in str(error.value)


def test_a_name_that_becomes_too_long_is_refused() -> None:
    assert Names(crypto_acl="to-{tunnel}").rendered("crypto_acl", tunnel="osaka") == "to-osaka"
    with pytest.raises(InputError, match=r"it becomes 'x{30}y{40}'"):
        Names.read({"crypto_acl": "x" * 30 + "{tunnel}"}).rendered("crypto_acl", tunnel="y" * 40)
    wanted = intent(tunnels=[tunnel(name="y" * 40)])
    with pytest.raises(InputError, match=r"names\.crypto_acl"):
        plan_asa(asa_start(PAT), wanted, options({"crypto_acl": "x" * 30 + "{tunnel}"}))


# --- whatever YAML and JSON can hold --------------------------------------------------------------------------------

SCALARS = st.one_of(
    st.none(), st.booleans(), st.integers(), st.floats(allow_nan=False), st.text(max_size=12), st.dates(),
    st.sampled_from(["10.1.1.0/24", "hub", "osaka", "192.168.1.2", "reference", "１０.1.1.0/24", "٣", "10.1.1.0/٢٤"]),
)  # fmt: skip
ANYTHING = st.recursive(
    SCALARS, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3)
)
HUB_KEYS, SPOKE_KEYS = (sorted(data) + more for data, more in (
    (responder(), ["ike", "ipsec", "dpd", "pfs", "lifetimes"]), (tunnel(), ["responder_networks", "state", "pre_shared_key"]),
))  # fmt: skip


def told(read: Callable[..., object], *data: object) -> str | None:
    """The option that is refused; None when all is well. Any other exception is a bug."""
    try:
        read(*data)
    except InputError as error:
        return error.option
    return None


@settings(max_examples=400)
@given(st.sampled_from(HUB_KEYS), ANYTHING, st.sampled_from(SPOKE_KEYS), ANYTHING)
def test_any_value_anywhere_is_read_or_refused_by_name(hub_key: str, one: object, spoke_key: str, two: object) -> None:
    for hub, spoke in (
        ({**responder(), hub_key: one}, tunnel()),
        (responder(), {**tunnel(), spoke_key: two}),
        ({**responder(), hub_key: one}, {**tunnel(), spoke_key: two}),
    ):
        assert (told(parse_intent, [hub], [spoke]) or "l2l_").startswith("l2l_")


@given(ANYTHING, ANYTHING)
def test_any_lists_are_read_or_refused_by_name(responders: Any, tunnels: Any) -> None:
    assert (told(parse_intent, responders, tunnels) or "l2l_").startswith("l2l_")


@given(st.one_of(ANYTHING, st.dictionaries(st.sampled_from(sorted(Names.__dataclass_fields__)), ANYTHING, max_size=3)))
def test_any_names_are_read_or_refused_by_name(data: Any) -> None:
    assert (told(Names.read, data) or "names").startswith("names")


def test_names_that_are_not_given_keep_their_defaults() -> None:
    assert Names.read(None) == Names.read({"crypto_map": None}) == Names()
    assert Names.read({"nat_acl": 100}).nat_acl == "100"


def test_an_outside_interface_that_cannot_be_is_refused() -> None:
    with pytest.raises(InputError, match="outside_interface"):
        Options(outside_interface="outside\nreload")


@given(st.sets(st.integers(1, 60)), st.integers(0, 50), st.integers(2, 70))
def test_the_first_free_number_is_a_multiple_of_ten_if_there_is_one(taken: set[int], above: int, below: int) -> None:
    found = first_free(taken, above=above, below=below)
    free = [number for number in range(above + 1, below) if number not in taken]
    tens = [number for number in free if number % 10 == 0]
    assert found == next(iter(tens or free), None)
    assert first_free(taken, wanted=7) == 7


def test_the_source_of_a_plan_does_not_matter_for_the_pat_of_others() -> None:
    """``pat: foreign`` never sends a translation rule."""
    commands = plan_asa(asa_start(PAT), intent(), options()).commands
    assert not any(command.startswith(("global", "nat (inside) 1")) for command in commands)
