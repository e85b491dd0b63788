# Copyright: The netvpn.dynamic_l2l contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""Verification: what is said of each tunnel, from the seed's text and from SAs of all shapes; waiting; expectations."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import replace
from itertools import product
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import pytest
from _core.asa import parse as asa_parse
from _core.associations.reading import named
from _core.associations.sa import Associations, Identity, IkeSa, IpsecSa, Spi, Unread
from _core.errors import InputError
from _core.intent import Intent
from _core.prefixes import Prefix
from _core.run import run
from _core.session import Cli, Session
from _core.verification.agreed import encryption_word, hash_word, transform_words
from _core.verification.bring_up import asa_probes
from _core.verification.judging import LEVELS, Missing, Result, judge
from _core.verification.report import junit, table, verification_junit, verification_table
from _core.verification.run import verify
from _core.verification.seen import Readings, look
from core_support.ios_worlds import start as ios_start
from core_support.scenario import REFERENCE_NAMES, intent, responder, tunnel
from core_support.transports import ModelTransport, ScriptedTransport
from hypothesis import given
from hypothesis import strategies as st

SEED = Path(__file__).resolve().parents[2] / "golden" / "seed"
PIX, HUB = "172.16.1.1", "192.168.1.2"

# --- whole runs on the seed's text ------------------------------------------------------------------------------------


def shown(name: str) -> dict[str, str]:
    """Command → what the seed's device answers, without its prompt and echo."""
    text = (SEED / name).read_text(encoding="utf-8")
    prompt = re.match(r"\S+?#", text)
    assert prompt
    parts = [part.partition("\n") for part in text.split(prompt[0])[1:]]
    return {command.strip(): f"{answer}{prompt[0]}" for command, _, answer in parts}


def device(platform: str, **changed: str) -> dict[str, str | list[str]]:
    """What the seed's devices answer to each command."""
    if platform == "asa":
        shows = shown("pix-7.2-show.txt")
        config = {"more system:running-config": _seed("pix-7.2-running-config.cfg") + "pixfirewall#"}
        # 7.2 has no other way to show it, and the seed has no detail.
        shows["show crypto isakmp sa detail"] = shows.pop("show crypto isakmp sa")
    else:
        shows = shown("ios-12.4-show.txt")
        shows["show crypto isakmp sa detail"] = "Router#"
        config = {
            "show running-config": "Building configuration...\n" + _seed("ios-12.4-running-config.cfg") + "Router#",
            "show access-lists": "Extended IP access list 100\n    10 deny ip 10.2.1.0 0.0.0.255 10.1.1.0 0.0.0.255\n"
            "    20 permit ip 10.2.1.0 0.0.0.255 any\nRouter#",
        }
    return {**config, **shows, **changed}


def _seed(name: str) -> str:
    return (SEED / name).read_text(encoding="utf-8")


class Time:
    """A clock that only waiting moves; each ping without an answer takes ten seconds, as on a device."""

    def __init__(self) -> None:
        self.at = 0.0
        self.pauses: list[float] = []

    def now(self) -> float:
        return self.at

    def pause(self, seconds: float) -> None:
        self.pauses.append(seconds)
        self.at += seconds


class SlowTransport(ScriptedTransport):
    """One whose pings take time."""

    def __init__(self, reads: dict[str, str | list[str]], time: Time) -> None:
        super().__init__(reads)
        self.time = time

    def read(self, command: str) -> str:
        answer = super().read(command)
        if command.startswith("ping") and "0 percent" in answer:
            self.time.at += 10
        return answer


HOSTS = {"asa": "pix", "ios": "hub"}


class Run:
    """One call of the core, as the module makes it."""

    def __init__(self, platform: str, reads: dict[str, str | list[str]] | None = None, **changed: Any) -> None:
        self.time = Time()
        self.transport = SlowTransport(reads or device(platform), self.time)
        check_mode = changed.pop("check_mode", False)
        request = {
            "host": HOSTS[platform],
            "responders": [responder()],
            "tunnels": [tunnel()],
            "names": REFERENCE_NAMES,
            "pat": "present",
            **changed,
        }
        self.result = verify(
            request, check_mode=check_mode, open_session=self.open, compile_query=compile_word, clock=self.time
        )

    def open(self, cli: Cli) -> Session:
        return Session(self.transport, cli)

    @property
    def statuses(self) -> dict[str, str]:
        """``osaka up`` → ``ok``."""
        return {f"{each['tunnel']} {each['check']}".strip(): each["status"] for each in self.result["results"]}

    def of(self, check: str, name: str = "osaka") -> dict[str, str]:
        """The result of one check."""
        (found,) = [each for each in self.result["results"] if (each["tunnel"], each["check"]) == (name, check)]
        return found


def compile_word(query: str) -> Callable[[Any], Any]:
    """A query language of one word, in place of JMESPath, which the core does not know: the tests of the doors have it."""
    if not query.isidentifier():
        raise ValueError(f"{query} is no word\nand more rows of explanation")

    def search(document: Any) -> Any:
        if query == "unfit":
            raise ValueError("no such function")
        return document.get(query)

    return search


@pytest.mark.parametrize("platform", HOSTS)
def test_the_reference_is_configured_up_and_carrying_traffic_on_both_ends(platform: str) -> None:
    run = Run(platform)
    assert run.result["verified"] is True
    unknown = {check for check, status in run.statuses.items() if status != "ok"}
    # Neither of the seed's commands shows the algorithms of IKE.
    assert unknown == {"osaka ike"}
    assert run.statuses["osaka ike"] == "unknown"
    (seen,) = run.result["tunnels"]
    assert (seen["up"], seen["sent"], seen["received"], seen["sent_more"]) == (True, 10, 10, None)
    mine, theirs = ("10.1.1.0/24", "10.2.1.0/24") if platform == "asa" else ("10.2.1.0/24", "10.1.1.0/24")
    assert seen["pairs"] == [{"local": mine, "remote": theirs, "state": "up"}]
    assert run.result["changed"] is False


@pytest.mark.parametrize("platform", HOSTS)
@pytest.mark.parametrize("level", LEVELS)
def test_a_level_asks_all_that_those_before_it_ask(platform: str, level: str) -> None:
    run = Run(platform, level=level)
    checks = {check.rpartition(" ")[2] for check in run.statuses}
    assert ("up" in checks, "sent" in checks) == (level != "configured", level == "traffic")
    # And no more is typed than is asked.
    assert any("crypto" in line for line in run.transport.typed) is (level != "configured")
    assert (run.result["associations"] is None) is (level == "configured")


def test_a_tunnel_is_configured_or_not_by_itself_and_the_device_as_a_whole() -> None:
    more = [tunnel(), tunnel(name="kobe", responder="rome", networks=["10.1.1.0/24"])]
    rome = responder(host="rome", address="192.168.2.2", networks=["10.3.1.0/24"])
    names = {**REFERENCE_NAMES, "crypto_acl": "{tunnel}"}
    run = Run("asa", responders=[responder(), rome], tunnels=more, names=names, level="configured")
    assert run.result["configured"] is False
    assert run.statuses == {"configured": "failed", "osaka configured": "ok", "kobe configured": "failed"}
    (device_result, *_rest) = run.result["results"]
    assert "site would send" in device_result["message"]
    assert "set peer 192.168.2.2" in run.of("configured", "kobe")["message"]
    assert run.result["diff"]["after"] != run.result["diff"]["before"]


def test_the_tunnels_that_lack_lines_are_found_among_many() -> None:
    tunnels = [tunnel(name=f"t{at}", initiator=f"pix{at}", networks=[f"10.100.{at}.0/24"]) for at in range(60)]
    hub = ios_start()
    hub.head.insert(0, "Building configuration...")
    held = [each for at, each in enumerate(tunnels) if at not in (7, 50)]
    wanted = {"host": "hub", "responders": [responder()], "names": REFERENCE_NAMES, "pat": "present"}

    def open_session(cli: Cli) -> Session:
        return Session(ModelTransport(hub), cli)

    run(
        "ios",
        {**wanted, "tunnels": held, "state": "present", "save": "never"},
        check_mode=False,
        open_session=open_session,
    )
    result = verify(
        {**wanted, "tunnels": tunnels, "level": "configured"},
        check_mode=False,
        open_session=open_session,
        compile_query=compile_word,
    )
    failed = {each["tunnel"] for each in result["results"] if each["status"] == "failed"}
    assert failed == {"", "t7", "t50"}
    assert result["counts"] == {"ok": 58, "failed": 3, "unknown": 0}


def test_what_is_too_much_is_the_devices_and_no_tunnels() -> None:
    extra = _seed("pix-7.2-running-config.cfg").replace(
        "crypto map IPSEC 10 match",
        "crypto map IPSEC 30 match address L2L-old\ncrypto map IPSEC 30 set peer 192.168.9.9\n"
        "crypto map IPSEC 30 set transform-set DYN-TS\ncrypto map IPSEC 10 match",
        1,
    )
    extra = extra.replace(
        "access-list IPSec-traffic",
        "access-list L2L-old extended permit ip 10.1.1.0 255.255.255.0 10.9.0.0 255.255.255.0\naccess-list IPSec-traffic",
        1,
    )
    run = Run("asa", device("asa", **{"more system:running-config": extra + "pixfirewall#"}), level="configured")
    assert run.statuses == {"configured": "failed", "osaka configured": "ok"}
    assert any("10.9.0.0" in line for line in run.result["commands"])


def test_a_release_that_is_not_planned_for_leaves_configured_unknown_and_the_rest_is_asked() -> None:
    newer = _seed("pix-7.2-running-config.cfg").replace("PIX Version 7.2(2)", "ASA Version 9.1(5)")
    run = Run("asa", device("asa", **{"more system:running-config": newer + "pixfirewall#"}))
    assert run.result["configured"] is None
    assert (run.statuses["configured"], run.statuses["osaka configured"]) == ("unknown", "unknown")
    assert (run.statuses["osaka up"], run.statuses["osaka sent"]) == ("ok", "ok")
    # Behind which interface a network lies is only known where the intent says it.
    reads = device("asa", **{"more system:running-config": newer + "pixfirewall#", "ping inside 10.2.1.1": ANSWERED})
    asked = Run("asa", reads, bring_up=True, wait=1)
    assert "name the interface of 10.1.1.0/24 in the intent" in asked.result["attempts"][0]["said"]
    asked = Run(
        "asa",
        reads,
        tunnels=[tunnel(networks=[{"prefix": "10.1.1.0/24", "interface": "inside"}])],
        bring_up=True,
        wait=1,
    )
    assert asked.result["attempts"][0]["answers"] == 4


def test_a_device_that_cannot_be_brought_to_the_intent_is_not_configured() -> None:
    # No interface and no route leads to the network.
    run = Run("asa", tunnels=[tunnel(networks=[{"prefix": "10.1.1.0/24", "interface": "dmz9"}])], level="configured")
    assert run.statuses["configured"] == run.statuses["osaka configured"] == "failed"
    assert "the device has no such interface" in run.result["results"][0]["message"]
    assert "the device has no such interface" in run.of("configured")["message"]
    assert run.result["configured"] is False


def test_no_key_is_in_any_result() -> None:
    given = {"pre_shared_key": "Vz7fQ2mKx9Lw4Rt8"}
    for platform in HOSTS:
        run = Run(platform, responders=[responder(**given)], tunnels=[tunnel()])
        assert given["pre_shared_key"] not in repr(run.result)
        assert "cisco123" not in repr(run.result)


# --- bringing up and waiting -------------------------------------------------------------------------------------------

NONE = {
    "show crypto isakmp sa detail": "There are no isakmp sas\npix#",
    "show crypto ipsec sa": "There are no ipsec sas\npix#",
}
ANSWERED = "Success rate is 80 percent (4/5), round-trip min/avg/max = 1/2/3 ms\npix#"
SILENT = "?????\nSuccess rate is 0 percent (0/5)\npix#"


def cold(**changed: str | list[str]) -> dict[str, str | list[str]]:
    """A PIX whose tunnel comes up once it was pinged: nothing at the first reading, the seed's SAs later."""
    warm = device("asa")
    reads = {command: [NONE[command], str(warm[command])] for command in NONE}
    return {**warm, **reads, "ping inside 10.2.1.1": ANSWERED, **changed}


def test_a_tunnel_is_brought_up_from_an_address_of_the_initiators_own() -> None:
    run = Run("asa", cold(), bring_up=True)
    assert run.result["attempts"] == [
        {
            "tunnel": "osaka",
            "local": "10.1.1.0/24",
            "remote": "10.2.1.0/24",
            "command": "ping inside 10.2.1.1",
            "answers": 4,
            "said": "answered",
        }
    ]
    assert (run.result["tunnels"][0]["sent_more"], run.of("sent")["found"]) == (10, "10, 10 of them new")
    assert run.result["verified"] is True
    assert run.time.pauses == []


def test_the_given_address_is_pinged_where_it_is_behind_the_other_end() -> None:
    reads = cold(**{"ping inside 10.2.1.77": ANSWERED})
    run = Run("asa", reads, bring_up=True, probe=["10.2.1.77"])
    assert [attempt["command"] for attempt in run.result["attempts"]] == ["ping inside 10.2.1.77"]


def test_a_tunnel_that_does_not_come_is_waited_for_no_longer_than_told() -> None:
    reads = {**device("asa"), **NONE, "ping inside 10.2.1.1": SILENT}
    run = Run("asa", reads, bring_up=True, wait=25)
    # A ping takes ten seconds, between two a pause: the third one begins before the time is over.
    assert run.transport.typed.count("ping inside 10.2.1.1") == 3
    assert run.time.at == 32
    assert run.result["attempts"][0]["answers"] == 0
    assert run.statuses["osaka up"] == run.statuses["osaka sent"] == "failed"
    assert "there is no IKE SA" in run.of("up")["message"]


def test_a_device_that_answers_at_once_is_not_asked_without_a_pause() -> None:
    reads = {**device("asa"), **NONE, "ping inside 10.2.1.1": "No route to host 10.2.1.1\npix#"}
    run = Run("asa", reads, bring_up=True, wait=5)
    assert run.time.pauses == [1.0] * 5
    assert run.transport.typed.count("ping inside 10.2.1.1") == 6


def test_of_many_dead_tunnels_those_are_not_tried_for_which_there_is_no_time() -> None:
    far = [f"10.2.{number}.0/24" for number in range(1, 7)]
    pings = {f"ping inside 10.2.{number}.1": SILENT for number in range(1, 7)}
    run = Run("asa", {**device("asa"), **NONE, **pings}, responders=[responder(networks=far)], bring_up=True, wait=30)
    said = [attempt["said"] for attempt in run.result["attempts"]]
    assert said == ["no answer"] * 3 + ["not tried: the time was over"] * 3


def test_nothing_is_sent_in_check_mode_nor_below_the_level_up() -> None:
    for more in ({"check_mode": True}, {"level": "configured"}):
        run = Run("asa", bring_up=True, **more)
        assert not any("ping" in line for line in run.transport.typed)
        assert run.result["attempts"] == []


def test_a_responder_brings_nothing_up() -> None:
    run = Run("ios", bring_up=True)
    assert not any("ping" in line for line in run.transport.typed)
    assert run.result["verified"] is True


def test_a_probe_that_goes_another_way_than_into_the_tunnel_is_a_failure() -> None:
    # The counters stand still although the device sent five packets.
    run = Run("asa", {**device("asa"), "ping inside 10.2.1.1": SILENT}, bring_up=True)
    assert (run.statuses["osaka up"], run.statuses["osaka sent"]) == ("ok", "failed")
    assert "went another way" in run.of("sent")["message"]


def test_what_is_sent_and_not_answered_names_the_way_back() -> None:
    one, two = (str(device("asa")["show crypto ipsec sa"]).replace("encaps: 10", f"encaps: {n}") for n in (10, 15))
    reads: dict[str, str | list[str]] = {
        **device("asa"),
        "ping inside 10.2.1.1": SILENT,
        "show crypto ipsec sa": [one, *[two] * 9],
    }
    run = Run("asa", reads, bring_up=True)
    assert (run.statuses["osaka sent"], run.statuses["osaka received"]) == ("ok", "failed")
    assert "the route back" in run.of("received")["message"]
    assert "at hub" in run.of("received")["message"]


def test_between_two_readings_without_a_probe_only_time_passes() -> None:
    run = Run("ios", interval=7)
    assert run.time.pauses == [7]
    assert run.result["tunnels"][0]["sent_more"] == 0
    # It carried traffic once, and nobody knows whether somebody wanted to send now.
    assert run.result["verified"] is True


def test_networks_in_which_the_device_has_no_address_are_sent_from_with_packet_tracer_where_there_is_one() -> None:
    config = asa_parse.parse(
        _seed("pix-7.2-running-config.cfg").replace(
            "route outside", "route inside 10.7.0.0 255.255.0.0 10.1.1.9\nroute outside", 1
        )
    )
    (wanted,) = intent(tunnels=[tunnel(networks=["10.1.1.0/24", "10.7.5.0/24", "10.99.0.0/24"])]).tunnels
    # No route of its own leads to the last one but the default route, by outside.
    commands = [probe.command for probe in asa_probes(config, [wanted], ())]
    assert commands[:2] == ["ping inside 10.2.1.1", "packet-tracer input inside icmp 10.7.5.1 8 0 10.2.1.1"]
    older = asa_probes(replace(config, version="7.0(4)"), [wanted], ())
    assert older[1].command == ""
    assert "no packet-tracer" in older[1].reason


def test_what_packet_tracer_says_is_kept_and_no_counter_has_to_grow() -> None:
    routed = _seed("pix-7.2-running-config.cfg").replace(
        "route outside", "route inside 10.7.0.0 255.255.0.0 10.1.1.9\nroute outside", 1
    )
    tracer = "packet-tracer input inside icmp 10.7.0.1 8 0 10.2.1.1"
    # asa-cli.md §6.6
    answer = "Result:\ninput-interface: inside\nAction: drop\nDrop-reason: (acl-drop) Flow is denied by configured rule\npix#"
    reads = device("asa", **{"more system:running-config": routed + "pixfirewall#", tracer: answer})
    run = Run("asa", reads, tunnels=[tunnel(networks=["10.7.0.0/16"])], bring_up=True, wait=1)
    (attempt,) = run.result["attempts"]
    assert (attempt["command"], attempt["answers"]) == (tracer, None)
    assert attempt["said"] == "Action: drop, Drop-reason: (acl-drop) Flow is denied by configured rule"


# --- bad input: before any session is opened ----------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("changed", "told"),
    [
        ({"host": "nobody"}, "host = nobody: it has no part in the intent"),
        ({"host": None}, "host: it is missing or no text"),
        ({"level": "all"}, "level = all: this is not one of the choices"),
        ({"tunnel": ["nara"]}, "tunnel[0] = nara: pix has no tunnel of this name. Its tunnels are: osaka"),
        ({"wait": 0}, "wait = 0: out of range"),
        ({"interval": 4000}, "interval = 4000: out of range"),
        ({"probe": ["10.2.1"]}, "probe[0] = 10.2.1: this is not an IPv4 address"),
        ({"probe": ["10.9.1.1"]}, "probe[0] = 10.9.1.1: no tunnel of the intent leads there"),
        ({"expect": "up"}, "expect = str: a list is expected here"),
        ({"expect": ["up"]}, "expect[0] = str: a mapping is expected here"),
        ({"expect": [{"name": "up"}]}, "expect[0].query: it is missing or no text"),
        ({"expect": [{"query": "up"}]}, "expect[0].name: it is missing or no text"),
        ({"expect": [{"name": "n", "query": "host", "wanted": 1}]}, "expect[0].wanted: there is no such option"),
        ({"expect": [{"name": "n", "query": "no word"}]}, "expect[0].query = no word: it cannot be read as JMESPath"),
        ({"expect": [{"name": "n", "query": "host"}] * 2}, "expect[1].name = n: two expectations have this name"),
        (
            {"expect": [{"name": "n", "query": "host", "equals": 1, "truthy": True}]},
            "expect[0] = n: both equals and truthy",
        ),
        ({"expect": [{"name": "n", "query": "host", "truthy": "maybe"}]}, "expect[0].truthy = maybe: this is neither"),
    ],
)
def test_bad_input_names_option_value_and_remedy(changed: dict[str, Any], told: str) -> None:
    def no_session(_cli: Cli) -> Session:
        raise AssertionError("a session was opened")

    request = {"host": "pix", "responders": [responder()], "tunnels": [tunnel()], **changed}
    with pytest.raises(InputError) as refused:
        verify(request, check_mode=False, open_session=no_session, compile_query=compile_word)
    assert str(refused.value).startswith(told)
    assert refused.value.remedy


# --- expectations of one's own --------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("expectation", "status", "found"),
    [
        ({"query": "configured"}, "ok", "true"),
        ({"query": "configured", "truthy": False}, "failed", "true"),
        ({"query": "role", "equals": "initiator"}, "ok", '"initiator"'),
        ({"query": "role", "equals": "responder"}, "failed", '"initiator"'),
        ({"query": "attempts", "truthy": False}, "ok", "[]"),
        ({"query": "attempts", "equals": []}, "ok", "[]"),
        ({"query": "missing"}, "failed", "null"),
        # True is a number in Python and none in what users write.
        ({"query": "configured", "equals": 1}, "failed", "true"),
        ({"query": "unfit"}, "failed", "nothing"),
    ],
)
def test_an_expectation_is_one_more_result(expectation: dict[str, Any], status: str, found: str) -> None:
    run = Run("asa", expect=[{"name": "mine", **expectation}])
    result = run.of("expect mine", "")
    assert (result["status"], result["found"]) == (status, found)
    assert expectation["query"] in result["message"]
    assert run.result["verified"] is (status == "ok")


# --- what is judged: SAs of all shapes -------------------------------------------------------------------------------------


def spi(**changed: Any) -> Spi:
    return replace(Spi("0x0000abcd", "esp-des esp-md5-hmac", "tunnel", remaining_seconds=3000), **changed)


def flow(local: str, remote: str, peer: str = HUB, encaps: int = 4, decaps: int = 4, **changed: Any) -> IpsecSa:
    counters = {"pkts_encaps": encaps, "pkts_decaps": decaps, "send_errors": 0, "recv_errors": 0}
    ends = (Identity.of(Prefix.parse(local)), Identity.of(Prefix.parse(remote)))
    made = IpsecSa(peer, local=ends[0], remote=ends[1], inbound=(spi(),), outbound=(spi(),), counters=counters)
    return replace(made, **changed)


def ike(**changed: Any) -> IkeSa:
    return replace(
        IkeSa(HUB, PIX, state="MM_ACTIVE", up=True, encryption="DES", hash="MD5", group=1, lifetime=86400), **changed
    )


def results(
    host: str,
    wanted: Intent,
    last: Associations,
    first: Associations | None = None,
    probed: Sequence[str] = (),
    missing: Missing | None = None,
) -> dict[tuple[str, str], Result]:
    last = named(last, wanted, host)
    readings = Readings(named(first, wanted, host) if first else last, last, frozenset(probed))
    own = (*wanted.of_initiator(host), *wanted.of_responder(host))
    found = judge(host, look(host, own, readings), missing or Missing(), readings, "traffic")
    return {(result.tunnel, result.check): result for result in found}


WIDE = intent([responder(networks=["10.2.1.0/24", "10.2.2.0/24"])])
OURS, THEIRS = ["10.1.1.0/24"], ["10.2.1.0/24", "10.2.2.0/24"]


def test_all_some_or_none_of_the_pairs_are_up() -> None:
    pairs = [flow(ours, theirs) for ours, theirs in product(OURS, THEIRS)]
    for count, (status, found) in enumerate([("failed", "none"), ("failed", "1 of 2"), ("ok", "all 2")]):
        up = results("pix", WIDE, Associations(ipsec=tuple(pairs[:count])))["osaka", "up"]
        assert (up.status, up.found) == (status, found)
    one = results("pix", WIDE, Associations(ipsec=tuple(pairs[:1])))["osaka", "up"]
    assert "No SAs for 10.1.1.0/24 to 10.2.2.0/24" in one.message


def test_sas_for_parts_of_a_pair_make_it_up_only_together() -> None:
    halves = [flow("10.1.1.0/24", half) for half in ("10.2.1.0/25", "10.2.1.128/25")]
    half = results("pix", intent(), Associations(ipsec=(halves[0],)))["osaka", "up"]
    assert (half.status, half.found) == ("failed", "part")
    assert results("pix", intent(), Associations(ipsec=tuple(halves)))["osaka", "up"].status == "ok"


def test_sas_of_one_protocol_or_port_are_not_the_pair() -> None:
    narrow = flow("10.1.1.0/24", "10.2.1.0/24")
    assert narrow.local
    for local in (replace(narrow.local, protocol=6), replace(narrow.local, ports=(80, 80))):
        up = results("pix", intent(), Associations(ipsec=(replace(narrow, local=local),)))["osaka", "up"]
        assert (up.status, up.found) == ("failed", "part")


def test_an_sa_in_one_direction_only_is_not_up() -> None:
    one_way = flow("10.1.1.0/24", "10.2.1.0/24", outbound=())
    assert results("pix", intent(), Associations(ipsec=(one_way,)))["osaka", "up"].status == "failed"


def test_a_responder_sees_the_pairs_mirrored_and_says_who_can_begin() -> None:
    there = flow("10.2.1.0/24", "10.1.1.0/24", peer=PIX)
    found = results("hub", intent(), Associations(ipsec=(there,)))
    assert (found["osaka", "up"].status, found["osaka", "peer"].found) == ("ok", PIX)
    down = results("hub", intent(), Associations())["osaka", "up"]
    assert "A responder cannot begin: send traffic at pix" in down.message


@pytest.mark.parametrize(
    ("phase_1", "told"),
    [
        ((), "there is no IKE SA"),
        ((ike(state="MM_WAIT_MSG6", up=False),), "IKE is in state MM_WAIT_MSG6"),
        ((ike(state="MM_NO_STATE", up=False, deleted=True),), "there is no IKE SA"),
        ((ike(),), "IKE is up, so phase 2 failed"),
    ],
)
def test_a_tunnel_that_is_down_says_how_far_ike_is(phase_1: tuple[IkeSa, ...], told: str) -> None:
    assert told in results("pix", intent(), Associations(ike=phase_1))["osaka", "up"].message


def test_a_tunnel_that_is_down_for_other_networks_than_the_ones_that_are_up_says_so() -> None:
    odd = flow("10.1.0.0/16", "10.2.1.0/24")
    up = results("pix", intent(), Associations((ike(),), (odd,)))["osaka", "up"]
    assert "the other end has SAs with pix, but for 10.1.0.0/16 to 10.2.1.0/24" in up.message


@pytest.mark.parametrize(
    ("phase_1", "status", "found"),
    [
        ((ike(),), "ok", "des, md5, group 1"),
        ((ike(encryption="3DES", group=2),), "failed", "3des, md5, group 2"),
        ((ike(group=None),), "unknown", "des, md5, group not shown"),
        ((ike(encryption="aes", group=None),), "failed", "aes, md5, group not shown"),
        ((), "unknown", "no IKE SA"),
        ((ike(up=False),), "unknown", "no IKE SA"),
        # While it is renewed there are two; one that is wrong is enough.
        ((ike(), ike(hash="SHA")), "failed", "des, md5, group 1 / des, sha, group 1"),
    ],
)
def test_ikes_algorithms_are_compared_as_far_as_they_are_shown(
    phase_1: tuple[IkeSa, ...], status: str, found: str
) -> None:
    sas = Associations(phase_1, (flow("10.1.1.0/24", "10.2.1.0/24"),))
    result = results("pix", intent(), sas)["osaka", "ike"]
    assert (result.expected, result.status, result.found) == ("des, md5, group 1", status, found)


def test_the_key_size_of_aes_is_not_guessed() -> None:
    # `show crypto isakmp sa detail` of IOS writes aes for all sizes: ios-show.md C1.2.
    wanted = intent([responder(suite="aes256-sha-g5", allow_weak_crypto="legacy")])
    sas = Associations((ike(encryption="aes", hash="sha", group=5),), (flow("10.1.1.0/24", "10.2.1.0/24"),))
    result = results("pix", wanted, sas)["osaka", "ike"]
    assert (result.status, result.found) == ("unknown", "aes (key size not shown), sha, group 5")


@pytest.mark.parametrize(
    ("transform", "status"),
    [
        ("esp-des esp-md5-hmac", "ok"),
        ("esp-des esp-md5-hmac none", "ok"),
        ("esp-des esp-md5-hmac no compression", "ok"),
        ("esp-des esp-sha-hmac", "failed"),
        ("esp-null esp-md5-hmac", "failed"),
        ("esp-des", "failed"),
        ("", "unknown"),
    ],
)
def test_the_transform_is_compared(transform: str, status: str) -> None:
    one = flow("10.1.1.0/24", "10.2.1.0/24", inbound=(spi(transform=transform),), outbound=(spi(transform=transform),))
    assert results("pix", intent(), Associations(ipsec=(one,)))["osaka", "ipsec"].status == status


def test_transport_mode_is_not_what_was_asked_for() -> None:
    one = flow("10.1.1.0/24", "10.2.1.0/24", inbound=(spi(mode="transport"),))
    result = results("pix", intent(), Associations(ipsec=(one,)))["osaka", "ipsec"]
    assert (result.status, result.found) == ("failed", "des, md5, transport mode / des, md5")


@pytest.mark.parametrize(
    ("written", "word"),
    [
        ("AES-256", "aes256"), ("aes 256", "aes256"), ("AES256", "aes256"), ("AES-CBC-256", "aes256"), ("aes", "aes"),
        ("AES-CBC, keysize: 192", "aes192"), ("3DES", "3des"), ("DES", "des"), ("", ""), ("aes-gcm-256", "aesgcm256"),
    ],
)  # fmt: skip
def test_encryption_is_known_in_all_spellings(written: str, word: str) -> None:
    assert encryption_word(written) == word


@pytest.mark.parametrize(
    ("written", "word"),
    [
        ("SHA", "sha"),
        ("SHA1", "sha"),
        ("SHA96", "sha"),
        ("MD5", "md5"),
        ("SHA256", "sha256"),
        ("esp-sha256-hmac", "sha256"),
    ],
)
def test_hashes_are_known_in_all_spellings(written: str, word: str) -> None:
    assert hash_word(written) == word


@pytest.mark.parametrize(
    ("written", "words"),
    [
        # asa-cli.md §3.6, ios-show.md C2: configuration and show output write it differently.
        ("esp-aes-256 esp-sha-hmac none", ("aes256", "sha")),
        ("esp-256-aes esp-sha-hmac", ("aes256", "sha")),
        ("esp-aes 256 esp-sha-hmac", ("aes256", "sha")),
        ("esp-aes esp-md5-hmac no compression", ("aes128", "md5")),
        ("esp-3des esp-sha-hmac", ("3des", "sha")),
        ("esp-gcm 256", ("gcm256", "")),
        ("esp-md5-hmac", ("", "md5")),
    ],
)
def test_transforms_are_known_in_all_spellings(written: str, words: tuple[str, str]) -> None:
    assert transform_words(written) == words


@pytest.mark.parametrize(
    ("told", "status"), [("group5", "ok"), ("Group 5", "ok"), ("group2", "failed"), ("none", "failed"), ("", "unknown")]
)
def test_pfs_is_looked_at_where_it_was_asked_for(told: str, status: str) -> None:
    one = flow("10.1.1.0/24", "10.2.1.0/24", pfs=told)
    assert ("osaka", "pfs") not in results("pix", intent(), Associations(ipsec=(one,)))
    wanted = intent([responder(pfs=5)])
    assert results("pix", wanted, Associations(ipsec=(one,)))["osaka", "pfs"].status == status


@pytest.mark.parametrize(
    ("lifetimes", "changed", "status", "found"),
    [
        ({"ike_seconds": 86400}, {}, "ok", "IKE 86400 s"),
        ({"ike_seconds": 3600}, {}, "failed", "IKE 86400 s"),
        ({"ike_seconds": 3600}, {"lifetime": None, "remaining": 3000}, "unknown", "IKE 3000 s left"),
        ({"ike_seconds": 3600}, {"lifetime": None, "remaining": 7000}, "failed", "IKE 7000 s left"),
        ({"ipsec_seconds": 3600}, {}, "unknown", "IPsec 3000 s left"),
        ({"ipsec_seconds": 1800}, {}, "failed", "IPsec 3000 s left"),
        ({"ipsec_kilobytes": 100000}, {}, "unknown", "IPsec not shown"),
    ],
)
def test_lifetimes_are_looked_at_where_they_were_asked_for(
    lifetimes: dict[str, int], changed: dict[str, Any], status: str, found: str
) -> None:
    sas = Associations((ike(**changed),), (flow("10.1.1.0/24", "10.2.1.0/24"),))
    assert ("osaka", "lifetimes") not in results("pix", intent(), sas)
    result = results("pix", intent([responder(lifetimes=lifetimes)]), sas)["osaka", "lifetimes"]
    assert (result.status, result.found) == (status, found)


def test_sas_of_an_earlier_lease_are_named() -> None:
    ends = ("10.2.1.0/24", "10.1.1.0/24")
    both = (flow(*ends, peer="172.16.1.1"), flow(*ends, peer="172.16.1.7"))
    result = results("hub", intent(), Associations(ipsec=both))["osaka", "peer"]
    assert (result.status, result.found) == ("failed", "172.16.1.1, 172.16.1.7")
    assert "ipsec_clear" in result.message


def test_identities_of_the_same_peer_that_no_tunnel_has_are_named_at_the_tunnel_and_those_of_others_are_not() -> None:
    mine = flow("10.1.1.0/24", "10.2.1.0/24")
    odd = flow("10.1.9.0/24", "10.2.1.0/24")
    other = flow("10.1.1.0/24", "10.7.0.0/16", peer="203.0.113.9")
    result = results("pix", intent(), Associations(ipsec=(mine, odd, other)))["osaka", "identities"]
    assert (result.status, result.found) == ("failed", "10.1.9.0/24 to 10.2.1.0/24")
    # At the responder by the address at which the tunnel's own SAs end.
    there = (flow("10.2.1.0/24", "10.1.1.0/24", peer=PIX), flow("10.2.1.0/24", "10.1.9.0/24", peer=PIX))
    assert results("hub", intent(), Associations(ipsec=there))["osaka", "identities"].status == "failed"
    # A crypto map entry without SAs is listed by IOS too, and is none.
    empty = replace(odd, inbound=(), outbound=())
    assert results("pix", intent(), Associations(ipsec=(mine, empty)))["osaka", "identities"].status == "ok"


def test_a_tunnel_that_is_to_be_absent_has_no_sas() -> None:
    wanted = intent(tunnels=[tunnel(state="absent")])
    left = results("pix", wanted, Associations(ipsec=(flow("10.1.1.0/24", "10.2.1.0/24"),)))
    assert (left["osaka", "up"].status, ("osaka", "sent") in left) == ("failed", False)
    assert results("pix", wanted, Associations())["osaka", "up"].status == "ok"


@pytest.mark.parametrize(
    ("encaps", "decaps", "sent", "received", "told"),
    [
        (4, 4, "ok", "ok", ""),
        # failures.md: return route missing; no interesting traffic.
        (4, 0, "ok", "failed", "the route back"),
        (0, 4, "failed", "ok", "none goes back"),
        (0, 0, "failed", "failed", "Nothing was ever encrypted"),
    ],
)
def test_traffic_is_looked_for_in_each_direction(encaps: int, decaps: int, sent: str, received: str, told: str) -> None:
    one = flow("10.1.1.0/24", "10.2.1.0/24", encaps=encaps, decaps=decaps)
    found = results("pix", intent(), Associations(ipsec=(one,)))
    assert (found["osaka", "sent"].status, found["osaka", "received"].status) == (sent, received)
    assert told in found["osaka", "sent"].message + found["osaka", "received"].message


def test_counters_that_are_not_shown_are_unknown() -> None:
    found = results("pix", intent(), Associations(ipsec=(flow("10.1.1.0/24", "10.2.1.0/24", counters={}),)))
    assert {found["osaka", check].status for check in ("sent", "received", "errors")} == {"unknown"}


def test_a_counter_that_was_set_back_counts_from_zero() -> None:
    before, after = (
        Associations(ipsec=(flow("10.1.1.0/24", "10.2.1.0/24", encaps=count, decaps=count),)) for count in (90, 3)
    )
    assert results("pix", intent(), after, before)["osaka", "sent"].found == "3, 3 of them new"


def test_errors_count_only_while_they_are_watched() -> None:
    def with_errors(count: int) -> Associations:
        counters = {"pkts_encaps": 9, "pkts_decaps": 9, "send_errors": count}
        return Associations(ipsec=(flow("10.1.1.0/24", "10.2.1.0/24", counters=counters),))

    assert results("pix", intent(), with_errors(5))["osaka", "errors"].status == "ok"
    assert results("pix", intent(), with_errors(5), with_errors(5))["osaka", "errors"].status == "ok"
    assert results("pix", intent(), with_errors(6), with_errors(5))["osaka", "errors"].status == "failed"


def test_what_was_not_understood_or_cut_short_is_a_doubt() -> None:
    for doubtful in (Associations(unread=(Unread("show crypto ipsec sa", 3, "#new"),)), Associations(truncated=True)):
        assert results("pix", intent(), doubtful)["", "reading"].status == "unknown"
    assert ("", "reading") not in results("pix", intent(), Associations())


def test_nothing_is_said_of_the_sas_of_a_tunnel_that_has_none() -> None:
    found = results("pix", intent([responder(pfs=5, lifetimes={"ipsec_seconds": 3600})]), Associations())
    assert [check for tunnel_, check in found if tunnel_] == ["configured", "up", "identities", "sent", "received"]
    assert {found["osaka", check].status for check in ("up", "sent", "received")} == {"failed"}


networks = st.sampled_from(["10.1.1.0/24", "10.1.1.0/25", "10.1.1.128/25", "10.2.1.0/24", "10.2.2.0/24", "0.0.0.0/0"])
counters = st.dictionaries(st.sampled_from(["pkts_encaps", "pkts_decaps", "send_errors"]), st.integers(0, 9))
flows = st.builds(
    lambda ours, theirs, peer, counts, there: flow(
        ours, theirs, peer, counters=counts, inbound=(spi(),) if there else (), outbound=(spi(),) if there else ()
    ),
    networks,
    networks,
    st.sampled_from([HUB, PIX, "203.0.113.9"]),
    counters,
    st.booleans(),
)
readings = st.builds(
    Associations, st.just(()) | st.just((ike(),)), st.lists(flows, max_size=5).map(tuple), truncated=st.booleans()
)


@given(readings, readings, st.sampled_from(["pix", "hub"]), st.booleans())
def test_whatever_a_device_shows_each_question_gets_one_answer(
    first: Associations, last: Associations, host: str, probed: bool
) -> None:
    found = results(host, WIDE, last, first, ("osaka",) if probed else ())
    assert {result.status for result in found.values()} <= {"ok", "failed", "unknown"}
    assert all(result.found and result.expected and result.message for result in found.values())
    # A pair is up exactly when each address of it is protected both ways.
    live = [each for each in named(last, WIDE, host).ipsec if each.up and each.tunnel]
    sides = (OURS, THEIRS) if host == "pix" else (THEIRS, OURS)
    points = [
        (Prefix.parse(a).network + at, Prefix.parse(b).network + to)
        for a, b in product(*sides)
        for at, to in product((0, 127, 128, 255), repeat=2)
    ]
    covered = [
        any(
            each.local
            and each.remote
            and each.local.low <= a <= each.local.high
            and each.remote.low <= b <= each.remote.high
            for each in live
        )
        for a, b in points
    ]
    assert (found["osaka", "up"].status == "ok") is all(covered)


# --- table and JUnit ---------------------------------------------------------------------------------------------------------


def test_the_table_has_a_row_for_each_tunnel_on_each_host_and_says_what_to_do(
    same_as_golden: Callable[[str, str], None],
) -> None:
    wanted = intent([responder(networks=["10.2.1.0/24", "10.2.2.0/24"])])
    sas = Associations((ike(),), (flow("10.1.1.0/24", "10.2.1.0/24"),))
    both = [*results("pix", wanted, sas).values(), *results("hub", wanted, Associations()).values()]
    text = table([result.as_dict() for result in both])
    assert max(map(len, text.splitlines()[:4])) < 100
    same_as_golden("verification-table.txt", text)


texts = st.text(max_size=30)
odd_results = st.lists(
    st.builds(Result, texts, texts, texts, texts, texts, st.sampled_from(["ok", "failed", "unknown"]), texts),
    max_size=6,
)


@given(odd_results)
def test_junit_is_xml_whatever_a_device_said(items: list[Result]) -> None:
    told = [item.as_dict() for item in items]
    root = ElementTree.fromstring(verification_junit(told).encode())
    cases = root.findall("./testsuite/testcase")
    assert len(cases) == len(items) == int(root.attrib["tests"])
    by_status = [len(root.findall(f"./testsuite/testcase/{tag}")) for tag in ("failure", "skipped")]
    statuses = [item.status for item in items]
    assert by_status == [statuses.count("failed"), statuses.count("unknown")]
    assert by_status == [int(root.attrib["failures"]), int(root.attrib["skipped"])]
    assert f"{len(items)} checks" in verification_table(told)


def test_junit_has_a_suite_for_each_tunnel_and_a_case_for_each_check_on_each_host() -> None:
    both = [*results("pix", intent(), Associations()).values(), *results("hub", intent(), Associations()).values()]
    root = ElementTree.fromstring(junit([result.as_dict() for result in both], "mine").encode())
    assert root.attrib["name"] == "mine"
    assert [suite.attrib["name"] for suite in root] == ["(device)", "osaka"]
    up = root.findall("./testsuite[@name='osaka']/testcase[@name='up']")
    assert [case.attrib["classname"] for case in up] == ["osaka.pix", "osaka.hub"]
    (failure,) = up[0].findall("failure")
    assert failure.text == "expected: SAs for 10.1.1.0/24 to 10.2.1.0/24\nfound: none"
    assert "The tunnel is down" in failure.attrib["message"]


@pytest.mark.parametrize(
    "given", ["results", [{"host": "pix"}], [7], [{**dict.fromkeys(Result.__dataclass_fields__, ""), "status": "good"}]]
)
def test_what_is_no_result_is_refused(given: Any) -> None:
    with pytest.raises(InputError, match="results"):
        verification_table(given)
