# Copyright: The netvpn.dynamic_l2l contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""Configurations, show output, the intent and the other end's log say which device line a failure is."""

from __future__ import annotations

from typing import Any

import pytest
from _core.associations import reading as associations
from _core.diagnosis.diagnose import End, diagnose
from _core.diagnosis.result import Diagnosis, Problem
from _core.secret import MASK
from core_support import scenario
from core_support.golden import seed

KEY = scenario.KEY
PIX, IOS = "pix-7.2-running-config.cfg", "ios-12.4-running-config.cfg"
PERMIT = "permit ip 10.1.1.0 255.255.255.0 10.2.1.0 255.255.255.0"
MATCH = """ip access-list extended MATCH
 permit ip 10.2.1.0 0.0.0.255 10.1.1.0 0.0.0.255
!
"""
MATCHED = (
    (" set transform-set DYN-TS\n", " set transform-set DYN-TS\n match address MATCH\n"),
    ("access-list 100 deny", f"{MATCH}access-list 100 deny"),
)

# Lines of failures.md and ios-show.md, with the reference's addresses.
BAD_KEY = """\
*Nov 26 03:00:00.000: ISAKMP (0:0): received packet from 172.16.1.1 dport 500 sport 500 Global (N) NEW SA
*Nov 26 03:00:00.100: %CRYPTO-4-IKMP_BAD_MESSAGE: IKE message from 172.16.1.1 failed its sanity check or is malformed
"""
NO_POLICY = """\
*Nov 26 03:00:00.000: ISAKMP (0:0): received packet from 172.16.1.1 dport 500 sport 500 Global (N) NEW SA
*Nov 26 03:00:00.010: ISAKMP:(0:0:N/A:0):atts are not acceptable. Next payload is 0
*Nov 26 03:00:00.020: ISAKMP:(0:0:N/A:0):no offers accepted!
*Nov 26 03:00:00.030: ISAKMP:(0:0:N/A:0): phase 1 SA policy not acceptable! (local 192.168.1.2 remote 172.16.1.1)
"""
NO_TRANSFORM = """\
*Nov 26 03:00:00.000: ISAKMP:(0:1:SW:1): IPSec policy invalidated proposal with error 256
*Nov 26 03:00:00.010: ISAKMP:(0:1:SW:1): phase 2 SA policy not acceptable! (local 192.168.1.2 remote 172.16.1.1)
"""
NO_PROXY = """\
*Nov 26 03:00:00.000: IPSEC(validate_transform_proposal): proxy identities not supported
*Nov 26 03:00:00.010: ISAKMP:(0:1:SW:1): IPSec policy invalidated proposal with error 32
*Nov 26 03:00:00.020: ISAKMP:(0:1:SW:1): phase 2 SA policy not acceptable! (local 192.168.1.2 remote 172.16.1.1)
"""
REFUSED = """\
Nov 26 03:00:00 [IKEv1]: Group = 192.168.1.2, IP = 192.168.1.2, PHASE 1 COMPLETED
Nov 26 03:00:00 [IKEv1]: Group = 192.168.1.2, IP = 192.168.1.2, Received non-routine Notify message: No proposal chosen (14)
"""
UNANSWERED = """\
Nov 26 03:00:00 [IKEv1 DEBUG]: IP = 192.168.1.2, IKE MM Initiator FSM error history (struct &0x1a2b3c)  <state>, <event>:  MM_DONE, EV_ERROR-->MM_WAIT_MSG2, EV_RETRY-->MM_WAIT_MSG2, EV_TIMEOUT-->MM_WAIT_MSG2, NullEvent
"""  # noqa: E501

STUCK_PIX = """\
pix#show crypto isakmp sa

   Active SA: 1
    Rekey SA: 0 (A tunnel will report 1 Active and 1 Rekey SA during rekey)
Total IKE SA: 1

1   IKE Peer: 192.168.1.2
    Type    : user            Role    : initiator
    Rekey   : no              State   : {state}
"""
STUCK_IOS = """\
Router#show crypto isakmp sa
dst             src             state          conn-id slot status
192.168.1.2     172.16.1.1      {state}          0    0 ACTIVE
"""
NO_SA = "pix#show crypto isakmp sa\n\nThere are no isakmp sas\npix#show crypto ipsec sa\n\nThere are no ipsec sas\n"


def edited(name: str, *edits: tuple[str, str]) -> str:
    """A configuration of the reference with texts replaced."""
    text = seed(name)
    for old, new in edits:
        assert old in text, old
        text = text.replace(old, new)
    return text


def config(*edits: tuple[str, str], key: str = KEY) -> str:
    """The initiator's configuration, its key in clear as ``more system:running-config`` shows it."""
    return edited(PIX, ("pre-shared-key *", f"pre-shared-key {key}"), *edits)


def both(
    pix: str = "",
    hub: str = "",
    *,
    pix_config: str | None = None,
    hub_config: str | None = None,
    intent: bool = False,
    **more: dict[str, Any],
) -> Diagnosis:
    """Two ends; the configurations are the reference's where none is given."""
    ends = {
        "pix": End(
            (pix,) if pix else (), "asa", config() if pix_config is None else pix_config, **more.get("pix_more", {})
        ),
        "hub": End(
            (hub,) if hub else (), "ios", seed(IOS) if hub_config is None else hub_config, **more.get("hub_more", {})
        ),
    }
    return diagnose(ends, scenario.intent() if intent else None)


def only(found: Diagnosis) -> Problem:
    (problem,) = found.problems
    assert KEY not in repr(found) + str(found.as_dict())
    return problem


def faults(problem: Problem, end: str) -> list[str]:
    return [line for name, line in problem.at_fault if name == end]


def commands(problem: Problem, end: str) -> list[str]:
    return [fix.command for fix in problem.commands if fix.end == end]


# --- both configurations ---------------------------------------------------------------------------------------------------


def test_keys_are_compared_and_never_shown() -> None:
    problem = only(both(hub=BAD_KEY, pix_config=config(key="another-word")))
    assert problem.code == "key-differs"
    assert problem.narrowed
    assert problem.likely == "the pre-shared keys of pix and hub are not equal"
    assert faults(problem, "pix") == [f"tunnel-group 192.168.1.2 ipsec-attributes: pre-shared-key {MASK}"]
    assert faults(problem, "hub") == [f"crypto isakmp key {MASK} address 0.0.0.0 0.0.0.0"]
    assert "another-word" not in str(problem)


@pytest.mark.parametrize("wrong", ["pix", "hub"])
def test_the_intent_says_which_end_has_the_wrong_key(wrong: str) -> None:
    pix = config(key="another-word") if wrong == "pix" else config()
    hub = edited(IOS, ("cisco123", "another-word")) if wrong == "hub" else seed(IOS)
    problem = only(both(hub=BAD_KEY, pix_config=pix, hub_config=hub, intent=True))
    assert problem.likely == f"the pre-shared key of {wrong} is not the one of the intent"
    assert {end for end, _line in problem.at_fault} == {wrong}
    assert "another-word" not in str(problem)


def test_a_masked_key_is_not_said_to_be_equal() -> None:
    found = both(hub=BAD_KEY, pix_config=seed(PIX))
    problem = only(found)
    assert (problem.code, problem.narrowed, problem.at_fault) == ("key-differs", False, ())
    assert found.unused == (
        "the pre-shared keys of pix and hub were not compared: a masked or encrypted one cannot be",
    )


def test_keys_that_are_equal_now_were_changed_or_are_not_the_cause() -> None:
    problem = only(both(hub=BAD_KEY))
    assert "pix and hub agree in their keys now" in problem.likely


def test_a_missing_key_is_told_before_a_different_one() -> None:
    bare = edited(IOS, ("crypto isakmp key cisco123 address 0.0.0.0 0.0.0.0\n", ""))
    problem = only(both(hub=BAD_KEY, hub_config=bare))
    assert problem.code == "key-missing"
    assert problem.others[0] == "the log alone says: The pre-shared keys differ"


def test_the_attribute_in_which_the_nearest_policies_differ_is_told() -> None:
    other = edited(IOS, (" hash md5\n", ""))
    problem = only(both(hub=NO_POLICY, hub_config=other, intent=True))
    assert problem.code == "ike-policy-differs"
    assert "differ in hash md5 against sha" in problem.likely
    assert "which hub lacks" in problem.likely
    assert faults(problem, "pix") == ["crypto isakmp policy 10", "hash md5"]
    assert commands(problem, "hub") == ["crypto isakmp policy 10", "hash md5"]
    assert commands(problem, "pix") == []


def test_without_intent_nobody_is_told_to_change_the_policy() -> None:
    problem = only(both(hub=NO_POLICY, hub_config=edited(IOS, (" hash md5\n", ""))))
    assert "differ in hash md5 against sha" in problem.likely
    assert "the intent" not in problem.likely


def test_transform_sets_are_told_as_both_lines() -> None:
    other = config(("DYN-TS esp-des esp-md5-hmac", "DYN-TS esp-aes-256 esp-sha-hmac"))
    problem = only(both(hub=NO_TRANSFORM, pix_config=other, intent=True))
    assert problem.code == "transform-set-differs"
    assert "crypto ipsec transform-set DYN-TS esp-aes-256 esp-sha-hmac" in faults(problem, "pix")
    assert "crypto ipsec transform-set DYN-TS esp-des esp-md5-hmac" in faults(problem, "hub")
    assert commands(problem, "pix")[0].endswith("esp-des esp-md5-hmac")
    assert commands(problem, "hub") == []


def test_the_entry_that_has_no_mirror_is_told_with_the_line_that_makes_one() -> None:
    wide = config(
        (
            f"IPSec-traffic extended {PERMIT}",
            "IPSec-traffic extended permit ip 10.1.0.0 255.255.0.0 10.2.1.0 255.255.255.0",
        )
    )
    problem = only(both(hub=NO_PROXY, pix_config=wide, hub_config=edited(IOS, *MATCHED)))
    assert problem.code == "crypto-acl-not-mirrored"
    assert faults(problem, "pix") == [
        "access-list IPSec-traffic extended permit ip 10.1.0.0 255.255.0.0 10.2.1.0 255.255.255.0"
    ]
    assert faults(problem, "hub") == ["ip access-list extended MATCH: permit ip 10.2.1.0 0.0.0.255 10.1.1.0 0.0.0.255"]
    assert commands(problem, "hub") == [
        "ip access-list extended MATCH",
        "permit ip 10.2.1.0 0.0.0.255 10.1.0.0 0.0.255.255",
    ]


def test_the_intent_says_which_entry_is_the_wrong_one() -> None:
    wide = config(
        (
            f"IPSec-traffic extended {PERMIT}",
            "IPSec-traffic extended permit ip 10.1.0.0 255.255.0.0 10.2.1.0 255.255.255.0",
        )
    )
    problem = only(both(hub=NO_PROXY, pix_config=wide, hub_config=edited(IOS, *MATCHED), intent=True))
    assert "so the entry of pix is the wrong one" in problem.likely
    assert commands(problem, "hub") == []
    assert commands(problem, "pix") == [
        f"access-list IPSec-traffic extended {PERMIT}",
        "no access-list IPSec-traffic extended permit ip 10.1.0.0 255.255.0.0 10.2.1.0 255.255.255.0",
    ]


@pytest.mark.parametrize(
    ("pix_edits", "hub_edits", "code"),
    [
        ([("DYN-TS esp-des esp-md5-hmac", "DYN-TS esp-3des esp-md5-hmac")], [], "transform-set-differs"),
        ([(f"IPSec-traffic extended {PERMIT}", f"IPSec-traffic extended {PERMIT.replace('10.1.1.0', '10.1.9.0')}")], MATCHED,
         "crypto-acl-not-mirrored"),
        ([], [(" set transform-set DYN-TS\n", " set transform-set DYN-TS\n set pfs group2\n")], "pfs-differs"),
    ],
)  # fmt: skip
def test_what_the_log_only_calls_refused_is_named_by_the_configurations(
    pix_edits: list[tuple[str, str]], hub_edits: list[tuple[str, str]], code: str
) -> None:
    problem = only(both(REFUSED, pix_config=config(*pix_edits), hub_config=edited(IOS, *hub_edits)))
    assert problem.code == code
    assert problem.others[0] == "the log alone says: Phase 2 was refused, and nothing says why"
    assert problem.narrowed


def test_a_refusal_that_no_configuration_explains_stays_one() -> None:
    problem = only(both(REFUSED))
    assert (problem.code, problem.narrowed) == ("phase-2-refused", False)


def test_the_wrong_peer_is_told_with_the_address_that_the_other_end_has() -> None:
    wrong = config(
        ("set peer 192.168.1.2", "set peer 192.168.1.3"), ("tunnel-group 192.168.1.2", "tunnel-group 192.168.1.3")
    )
    problem = only(both(UNANSWERED.replace("192.168.1.2", "192.168.1.3"), pix_config=wrong))
    assert problem.code == "peer-wrong"
    assert faults(problem, "pix") == ["crypto map IPSEC 10 set peer 192.168.1.3"]
    assert commands(problem, "pix") == ["crypto map IPSEC 10 set peer 192.168.1.2"]


def test_nobody_answers_because_the_other_end_binds_no_map() -> None:
    problem = only(both(UNANSWERED, hub_config=edited(IOS, (" crypto map IPSEC\n", ""))))
    assert problem.code == "map-not-bound"
    assert problem.likely.startswith("hub: ")


def test_a_log_of_the_other_end_without_a_message_says_that_none_arrives() -> None:
    quiet = "Nov 26 03:00:00.000: %SYS-5-CONFIG_I: Configured from console by console\n"
    problem = only(both(UNANSWERED, quiet))
    assert problem.code == "peer-unreachable"
    assert "the log of hub holds no message of it" in problem.likely


def test_a_configuration_that_cannot_be_read_is_told_and_not_used() -> None:
    found = both(hub=NO_POLICY, hub_config="version 11.0\nend\n")
    assert found.unused
    assert "the configuration of hub was not used" in found.unused[0]
    assert found.problems[0].code == "ike-policy-differs"
    assert not found.problems[0].narrowed


# --- one configuration -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("edit", "code", "part"),
    [
        (("crypto map IPSEC interface outside\n", ""), "map-not-bound", "is not bound to outside"),
        (("crypto isakmp enable outside\n", ""), "ike-off", "IKE is not enabled on outside"),
        (("nat (inside) 0 access-list NO-NAT\n", ""), "no-interesting-traffic", "not exempt from translation"),
        ((f"NO-NAT extended {PERMIT}", f"NO-NAT extended {PERMIT.replace('10.2.1.0', '10.2.2.0')}"), "no-interesting-traffic",
         "not exempt from translation"),
        (("route outside 0.0.0.0 0.0.0.0 172.16.1.2 1\n", ""), "no-interesting-traffic", "no route"),
    ],
)  # fmt: skip
@pytest.mark.parametrize("shown", [False, True])
def test_a_tunnel_that_nobody_asks_for_is_explained_by_the_initiators_configuration(
    edit: tuple[str, str], code: str, part: str, shown: bool
) -> None:
    given = {"associations": associations.read(NO_SA, "asa")} if shown else {}
    found = diagnose({"pix": End(("",), "asa", config(edit), **given)}, scenario.intent())
    problem = only(found)
    assert problem.code == code
    assert part in problem.likely
    assert commands(problem, "pix") or "route" in part


def test_an_exemption_that_is_missing_is_shown_by_a_packet() -> None:
    found = diagnose({"pix": End(("",), "asa", config(("nat (inside) 0 access-list NO-NAT\n", "")))})
    assert "for example" in only(found).likely
    assert "from 10.1.1." in only(found).likely
    assert "to 10.2.1." in only(found).likely


def test_a_configuration_without_fault_and_a_log_without_a_line_are_no_problem() -> None:
    assert diagnose({"pix": End(("",), "asa", config())}, scenario.intent()).problems == ()


def test_a_missing_tunnel_group_is_the_line_for_a_failure_that_only_says_so() -> None:
    bare = config()
    bare = bare[: bare.index("tunnel-group 192.168.1.2 type")] + bare[bare.index("prompt") :]
    text = "Nov 26 03:00:00 [IKEv1]: IP = 192.168.1.2, No valid authentication type found for the tunnel group\n"
    problem = only(diagnose({"pix": End((text,), "asa", bare)}, scenario.intent()))
    assert problem.code in ("tunnel-group-missing", "key-missing")
    assert problem.narrowed
    assert any("tunnel-group 192.168.1.2" in command for command in commands(problem, "pix"))


def test_a_tunnel_is_named_by_its_networks_and_not_by_the_peer() -> None:
    renamed = scenario.intent(
        [scenario.responder(address="203.0.113.9")],
        [scenario.tunnel(), scenario.tunnel(name="kobe", initiator="kobe", networks=["10.1.2.0/24"])],
    )
    found = diagnose({"pix": End((seed("pix-7.2-debug-isakmp.txt"),))}, renamed)
    assert [one.tunnel for one in found.negotiations] == ["osaka"]


# --- show output -----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("state", "code"),
    [
        ("MM_WAIT_MSG2", "peer-unreachable"),
        ("MM_WAIT_MSG4", "tunnel-group-missing"),
        ("MM_WAIT_MSG6", "key-differs"),
        ("MM_ACTIVE", "phase-2-refused"),
    ],
)
def test_a_state_in_which_an_initiator_stays_says_what_is_wrong(state: str, code: str) -> None:
    text = STUCK_PIX.format(state=state) + "pix#show crypto ipsec sa\n\nThere are no ipsec sas\n"
    problem = only(diagnose({"pix": End(platform="asa", associations=associations.read(text, "asa"))}))
    assert problem.code == code
    assert state in problem.state
    assert problem.lines == ()


@pytest.mark.parametrize(
    ("state", "code"),
    [("MM_NO_STATE", "peer-unreachable"), ("MM_SA_SETUP", "tunnel-group-missing"), ("MM_KEY_EXCH", "key-differs")],
)
def test_a_state_in_which_a_router_stays_says_what_is_wrong(state: str, code: str) -> None:
    found = diagnose({"hub": End(platform="ios", associations=associations.read(STUCK_IOS.format(state=state), "ios"))})
    assert only(found).code == code


def test_an_initiator_without_sas_and_without_log_has_no_traffic_for_the_tunnel() -> None:
    problem = only(diagnose({"pix": End(platform="asa", associations=associations.read(NO_SA, "asa"))}))
    assert problem.code == "no-interesting-traffic"
    assert not problem.narrowed


def shown(name: str, platform: str, sent: int, received: int) -> associations.Associations:
    """The reference's show output with other counters."""
    text = (
        seed(name)
        .replace("#pkts encaps: 10,", f"#pkts encaps: {sent},")
        .replace("#pkts decaps: 10,", f"#pkts decaps: {received},")
    )
    found = associations.read(text, platform)
    assert [(sa.counters["pkts_encaps"], sa.counters["pkts_decaps"]) for sa in found.ipsec] == [(sent, received)]
    return found


def counted(pix: tuple[int, int], hub: tuple[int, int] | None) -> Diagnosis:
    ends = {"pix": End(platform="asa", associations=shown("pix-7.2-show.txt", "asa", *pix))}
    if hub:
        ends["hub"] = End(platform="ios", associations=shown("ios-12.4-show.txt", "ios", *hub))
    return diagnose(ends)


@pytest.mark.parametrize(
    ("pix", "hub", "code", "part"),
    [
        ((10, 0), None, "return-route-missing", "10 packets sent, none received"),
        ((10, 0), (0, 10), "return-route-missing", "the other end received them"),
        ((10, 0), (0, 0), "esp-filtered", "the other end received none"),
    ],
)
def test_counters_say_which_way_packets_are_lost(
    pix: tuple[int, int], hub: tuple[int, int] | None, code: str, part: str
) -> None:
    problem = only(counted(pix, hub))
    assert problem.code == code
    assert part in problem.state


def test_counters_of_a_tunnel_that_works_are_no_problem() -> None:
    found = counted((10, 10), (10, 10))
    assert found.problems == ()


def test_a_static_translation_that_answers_in_clear_is_the_line_where_nothing_comes_back() -> None:
    static = "ip nat inside source static 10.2.1.10 192.168.1.9"
    found = diagnose(
        {
            "pix": End(platform="asa", running_config=config(), associations=shown("pix-7.2-show.txt", "asa", 10, 0)),
            "hub": End(
                platform="ios",
                running_config=edited(IOS, ("ip nat inside source list", f"{static}\nip nat inside source list")),
                associations=shown("ios-12.4-show.txt", "ios", 0, 10),
            ),
        },
        scenario.intent(),
    )
    problem = only(found)
    assert problem.code == "return-route-missing"
    assert problem.at_fault == (("hub", static),)
