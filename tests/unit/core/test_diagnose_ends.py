# Copyright: The netvpn.dynamic_l2l contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""Many ends in one diagnosis: each failure is of the two ends that it is between, whatever goes wrong at others."""

from __future__ import annotations

from typing import Any

from _core.associations import reading as associations
from _core.diagnosis.diagnose import End, diagnose
from _core.diagnosis.result import Diagnosis
from _core.intent import Intent
from core_support import scenario
from core_support.golden import seed

PIX, IOS = "pix-7.2-running-config.cfg", "ios-12.4-running-config.cfg"
NO_POLICY = """\
*Nov 26 03:00:00.000: ISAKMP (0:0): received packet from 172.16.1.1 dport 500 sport 500 Global (N) NEW SA
*Nov 26 03:00:00.020: ISAKMP:(0:0:N/A:0):no offers accepted!
*Nov 26 03:00:00.030: ISAKMP:(0:0:N/A:0): phase 1 SA policy not acceptable! (local 192.168.1.2 remote 172.16.1.1)
"""
UNANSWERED = """\
Nov 26 03:00:00 [IKEv1]: IP = 192.168.1.2, IKE Initiator: New Phase 1, Intf inside, IKE Peer 192.168.1.2 local Proxy Address 10.1.1.0, remote Proxy Address 10.2.1.0, Crypto map (IPSEC)
Nov 26 03:00:00 [IKEv1]: IP = 192.168.1.2, IKE_DECODE SENDING Message (msgid=0) with payloads : HDR + SA (1) + NONE (0) total length : 144
Nov 26 03:00:08 [IKEv1]: IP = 192.168.1.2, IKE_DECODE RESENDING Message (msgid=0) with payloads : HDR + SA (1) + NONE (0) total length : 144
Nov 26 03:00:32 [IKEv1 DEBUG]: IP = 192.168.1.2, IKE MM Initiator FSM error history (struct &0x1a2b3c)  <state>, <event>:  MM_DONE, EV_ERROR-->MM_WAIT_MSG2, EV_RETRY-->MM_WAIT_MSG2, EV_TIMEOUT
"""  # noqa: E501


def at(text: str, number: int) -> str:
    """The reference with the addresses of another pair; the networks are the same."""
    return text.replace("172.16.1.", f"172.16.{number}.").replace("192.168.1.", f"192.168.{number}.")


def config(name: str, number: int, *edits: tuple[str, str]) -> str:
    text = seed(name)
    for old, new in edits:
        assert old in text, old
        text = text.replace(old, new)
    return at(text, number)


def intent(count: int) -> Intent:
    numbers = range(1, count + 1)
    return scenario.intent(
        [scenario.responder(host=f"hub{number}", address=f"192.168.{number}.2") for number in numbers],
        [scenario.tunnel(name=f"t{number}", initiator=f"pix{number}", responder=f"hub{number}") for number in numbers],
    )


#: What is wrong with the first four of five pairs; the fifth is right.
EDITS: dict[str, tuple[tuple[str, str], ...]] = {
    "pix2": (("nat (inside) 0 access-list NO-NAT\n", ""),),
    "hub1": ((" hash md5\n", ""),),
    "pix4": (("crypto map IPSEC interface outside\n", ""),),
}


def five() -> dict[str, End]:
    ends = {}
    for number in range(1, 6):
        log = {1: at(NO_POLICY, 1), 5: at(seed("ios-12.4-debug-isakmp.txt"), 5)}.get(number, "")
        hub = config(IOS, number, *EDITS.get(f"hub{number}", ()))
        ends[f"hub{number}"] = End((log,), "ios", hub)
        log = {3: at(UNANSWERED, 3), 5: at(seed("pix-7.2-debug-isakmp.txt"), 5)}.get(number, "")
        pix = config(PIX, number, *EDITS.get(f"pix{number}", ()))
        ends[f"pix{number}"] = End((log,), "asa", pix)
    return ends


def told(found: Diagnosis) -> dict[str, Any]:
    return {one.end: (one.code, sorted({end for end, _line in one.at_fault})) for one in found.problems}


def test_each_pair_has_its_own_failure() -> None:
    found = diagnose(five(), intent(5))
    assert told(found) == {
        "hub1": ("ike-policy-differs", ["hub1", "pix1"]),
        "pix2": ("no-interesting-traffic", ["pix2"]),
        "pix3": ("peer-unreachable", []),
        "pix4": ("map-not-bound", ["pix4"]),
    }
    (silent,) = (one for one in found.problems if one.end == "pix3")
    assert "the log of hub3 holds no message of it" in silent.likely


def test_addresses_tell_the_pairs_where_no_intent_does() -> None:
    assert told(diagnose(five())) == told(diagnose(five(), intent(5)))


def test_a_pair_is_told_with_others_as_alone() -> None:
    ends = five()
    together = {one.end: one for one in diagnose(ends, intent(5)).problems}
    for number in range(1, 6):
        pair = {name: ends[name] for name in (f"pix{number}", f"hub{number}")}
        for one in diagnose(pair, intent(5)).problems:
            assert (one.code, one.likely, one.at_fault) == (
                together[one.end].code,
                together[one.end].likely,
                together[one.end].at_fault,
            )


def test_commands_are_for_the_two_ends_that_it_is_between() -> None:
    for one in diagnose(five(), intent(5)).problems:
        assert {fix.end for fix in (*one.confirm, *one.commands)} <= {f"pix{one.end[-1]}", f"hub{one.end[-1]}"}


def spokes(**configs: str) -> dict[str, End]:
    """One hub that refuses the policies of 172.16.1.1, and initiators whose addresses nobody knows but they themselves."""
    hub = config(IOS, 1, (" hash md5\n", ""))
    found = {"hub": End((NO_POLICY,), "ios", hub)}
    return {**found, **{name: End(("",), "asa", text) for name, text in configs.items()}}


def fan() -> Intent:
    tunnels = [scenario.tunnel(), scenario.tunnel(name="kobe", initiator="pix2", networks=["10.1.2.0/24"])]
    return scenario.intent(None, tunnels)


def test_a_caller_that_could_be_any_of_several_is_compared_with_none() -> None:
    found = diagnose(spokes(pix=seed(PIX), pix2=seed(PIX).replace("10.1.1.", "10.1.2.")), fan())
    (problem,) = (one for one in found.problems if one.end == "hub")
    assert (problem.code, problem.narrowed) == ("ike-policy-differs", False)


def test_a_caller_whose_address_is_known_is_compared() -> None:
    leased = seed(PIX).replace("ip address dhcp setroute", "ip address 172.16.1.1 255.255.255.252")
    leased = leased.replace("ip address dhcp", "ip address 172.16.1.1 255.255.255.252")
    found = diagnose(spokes(pix=leased, pix2=seed(PIX).replace("10.1.1.", "10.1.2.")), fan())
    (problem,) = (one for one in found.problems if one.end == "hub")
    assert problem.narrowed
    assert {end for end, _line in problem.at_fault} == {"hub", "pix"}


def test_a_tunnel_that_is_up_and_that_hosts_do_not_get_into_is_a_problem() -> None:
    """Negotiated by a packet of the device itself, while those of the network are translated."""
    pix = End((seed("pix-7.2-debug-isakmp.txt"),), "asa", config(PIX, 1, *EDITS["pix2"]))
    found = diagnose({"pix": pix}, scenario.intent())
    assert found.negotiations[0].outcome == "up"
    shown = associations.read(seed("pix-7.2-show.txt"), "asa")
    also = diagnose({"pix": End((), "asa", pix.running_config, associations=shown)}, scenario.intent())
    for (problem,) in (found.problems, also.problems):
        assert (problem.code, problem.state) == ("no-interesting-traffic", "up")
        assert "not exempt from translation" in problem.likely


def test_one_tunnel_of_an_initiator_may_be_silent_while_another_is_up() -> None:
    tunnels = [
        scenario.tunnel(),
        scenario.tunnel(name="far", responder="hub2", networks=["10.1.1.0/24"], responder_networks=["10.3.1.0/24"]),
    ]
    responders = [
        scenario.responder(),
        scenario.responder(host="hub2", address="192.168.2.2", networks=["10.3.1.0/24"]),
    ]
    shown = associations.read(seed("pix-7.2-show.txt"), "asa")
    found = diagnose({"pix": End(platform="asa", associations=shown)}, scenario.intent(responders, tunnels))
    assert [(one.code, one.peer) for one in found.problems] == [("no-interesting-traffic", "192.168.2.2")]
