# Copyright: The netvpn.dynamic_l2l contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""What is handed over for a diagnosis as plain data: every shape that modules return, and everything else refused by name."""

from __future__ import annotations

import json
from typing import Any

import pytest
from _core.associations import reading as associations
from _core.diagnosis.evidence import DEVICE, END_KEYS, diagnose_ike, read_associations, read_ends, read_intent
from _core.diagnosis.exposed import exposed
from _core.errors import InputError
from _core.secret import MASK
from core_support import scenario
from core_support.golden import seed
from hypothesis import given
from hypothesis import strategies as st

LOG = seed("pix-7.2-debug-isakmp.txt")
BAD_KEY = "*Nov 26 03:00:00.100: %CRYPTO-4-IKMP_BAD_MESSAGE: IKE message from 172.16.1.1 failed its sanity check or is malformed\n"
PIX, IOS = seed("pix-7.2-running-config.cfg"), seed("ios-12.4-running-config.cfg")


def keyless() -> list[dict[str, Any]]:
    return [scenario.responder(pre_shared_key=None)]


@pytest.mark.parametrize(
    ("given", "name"),
    [
        (LOG, DEVICE),
        ([LOG], DEVICE),
        ({"pix": LOG}, "pix"),
        ({"pix": [LOG]}, "pix"),
        ({"pix": {"logs": LOG}}, "pix"),
        (
            {"pix": {"logs": [LOG], "platform": "asa", "running_config": PIX, "shows": [seed("pix-7.2-show.txt")]}},
            "pix",
        ),
    ],
)
def test_a_log_may_come_in_each_of_these_shapes(given: Any, name: str) -> None:
    found = diagnose_ike(given)
    (one,) = found["negotiations"]
    assert (one["end"], one["outcome"], one["reached"]) == (name, "up", "PHASE2")
    assert found["problems"] == []


@pytest.mark.parametrize(("platform", "name"), [("asa", "pix-7.2-show.txt"), ("ios", "ios-12.4-show.txt")])
def test_associations_come_back_from_plain_data(platform: str, name: str) -> None:
    found = associations.read(seed(name), platform)
    assert found.ipsec
    again = read_associations(json.loads(json.dumps(found.as_dict())), "associations")
    assert (again.ike, again.ipsec, again.truncated) == (found.ike, found.ipsec, found.truncated)


def test_a_range_and_a_network_of_ipv6_come_back_too() -> None:
    for network in ("10.1.1.5-10.1.1.9", "2001:db8::/32"):
        side = {"network": network, "protocol": 6, "ports": [80, 80]}
        found = read_associations({"ipsec": [{"peer": "192.0.2.1", "local": side}]}, "associations")
        assert found.ipsec[0].local is not None
        assert found.ipsec[0].local.as_dict() == side


def test_configurations_with_their_keys_hidden_are_compared_but_for_the_keys() -> None:
    """As ``ipsec_diagnose`` returns them."""
    ends = {
        "pix": {"platform": "asa", "running_config": exposed(PIX, "asa")},
        "hub": {"platform": "ios", "logs": [BAD_KEY], "running_config": exposed(IOS, "ios"), "access_lists": ""},
    }
    found = diagnose_ike(ends, keyless(), [scenario.tunnel()])
    (problem,) = found["problems"]
    assert problem["code"] == "key-differs"
    assert [text[:52] for text in found["unused"]] == ["the pre-shared keys of pix and hub were not compared"]


def test_an_end_tells_whether_its_key_is_the_intents_where_its_configuration_came_without() -> None:
    ends = {
        "pix": {"platform": "asa", "running_config": exposed(PIX, "asa"), "key": "as intended"},
        "hub": {"logs": [BAD_KEY], "running_config": exposed(IOS, "ios"), "key": "another"},
    }
    (problem,) = diagnose_ike(ends, keyless(), [scenario.tunnel()])["problems"]
    assert problem["likely"] == "the pre-shared key of hub is not the one of the intent"
    assert problem["narrowed"]


def test_keys_of_the_intent_may_be_left_out_and_are_not_taken_for_others() -> None:
    ends = {"hub": {"logs": BAD_KEY, "running_config": IOS}}
    without = diagnose_ike(ends, keyless(), [scenario.tunnel()])
    assert diagnose_ike(ends, [scenario.responder()], [scenario.tunnel()]) == without
    intent = read_intent(keyless(), [scenario.tunnel()])
    assert intent is not None
    assert not intent.responders[0].pre_shared_key.known
    assert not intent.tunnels[0].responder.pre_shared_key.known


def test_a_key_is_nowhere_in_what_comes_back() -> None:
    ends = {
        "pix": {"logs": [LOG, BAD_KEY], "running_config": PIX.replace("pre-shared-key *", "pre-shared-key never-seen")},
        "hub": {"logs": [BAD_KEY], "running_config": IOS.replace("cisco123", "nor-this-one")},
    }
    found = json.dumps(diagnose_ike(ends, [scenario.responder(pre_shared_key="nor-that")], [scenario.tunnel()]))
    assert not any(key in found for key in ("never-seen", "nor-this-one", "nor-that"))
    assert MASK in found


@pytest.mark.parametrize(
    ("given", "part"),
    [
        ({}, "no end is given"),
        (7, "text = int: a text is expected here"),
        ([7], "text[0] = int: a text is expected here"),
        ({"pix": 7}, "ends.pix = int: a text is expected here"),
        ({"pix": {"log": LOG}}, "ends.pix.log: an end has no such option. Known are: logs, platform"),
        ({"pix": {"logs": {"a": 1}}}, "ends.pix.logs = dict: a text is expected"),
        ({"pix": {"platform": "junos"}}, "ends.pix.platform = junos: this is no platform. Choose one of asa, ios"),
        (
            {"pix": {"key": "perhaps"}},
            "ends.pix.key = perhaps: this says nothing of a key. Choose one of as intended, another",
        ),
        ({"pix": {"running_config": ["x"]}}, "ends.pix.running_config = list: a text is expected"),
        ({"pix": {"associations": "x"}}, "ends.pix.associations = str: what ipsec_info returns is expected"),
        ({"pix": {"associations": {"ike": 7}}}, "ends.pix.associations.ike = int: a list is expected"),
        ({"pix": {"associations": {"ike": [7]}}}, "ends.pix.associations.ike[0] = int: what ipsec_info returns"),
        ({"pix": {"associations": {"ike": [{"peer": 7}]}}}, "ike[0].peer = 7: this is not what ipsec_info returns"),
        ({"pix": {"associations": {"ipsec": [{"local": {"network": "x"}}]}}}, "ipsec[0].local = dict: what ipsec_info"),
        ({"pix": {"associations": {"ipsec": [{"counters": {"a": "b"}}]}}}, "counters = dict: a mapping of numbers"),
    ],
)
def test_what_is_no_evidence_is_refused_by_name(given: Any, part: str) -> None:
    with pytest.raises(InputError, match=r".") as caught:
        diagnose_ike(given)
    assert part in str(caught.value)


@pytest.mark.parametrize(
    ("responders", "tunnels", "part"),
    [
        ("x", None, "l2l_responders = str: a list is expected here"),
        (["x"], None, "l2l_responders[0] = str: a mapping is expected here"),
        (None, {"a": 1}, "l2l_tunnels = dict: a list is expected here"),
        ([], [scenario.tunnel()], "hub"),
    ],
)
def test_what_is_no_intent_is_refused_by_name(responders: Any, tunnels: Any, part: str) -> None:
    with pytest.raises(InputError, match=r".") as caught:
        diagnose_ike(LOG, responders, tunnels)
    assert part in str(caught.value)


ANYTHING = st.recursive(
    st.one_of(st.none(), st.booleans(), st.integers(), st.text(max_size=8)),
    lambda inner: st.one_of(
        st.lists(inner, max_size=3),
        st.dictionaries(
            st.sampled_from(
                (*END_KEYS, "pix", "ike", "ipsec", "peer", "local", "network", "ports", "inbound", "counters")
            ),
            inner,
            max_size=4,
        ),
    ),
    max_leaves=12,
)


@given(ANYTHING)
def test_whatever_is_handed_over_is_diagnosed_or_refused_by_name(anything: Any) -> None:
    try:
        json.dumps(diagnose_ike({"pix": anything}))
        json.dumps(diagnose_ike(anything))
    except InputError as error:
        assert error.option.startswith(("ends", "text"))  # noqa: PT017  # what is refused is told apart from a defect


def test_an_end_by_its_name_alone_is_one_that_nothing_is_known_of() -> None:
    assert read_ends({"pix": None})["pix"].texts == ()
