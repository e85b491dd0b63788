# Copyright: The netvpn.dynamic_l2l contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""Suites, their grades, and how each platform spells them."""

from __future__ import annotations

import pytest
from _core.algorithms import (
    BEST_EVERYWHERE,
    ENCRYPTIONS,
    GRADES,
    GROUPS,
    HASHES,
    SUITES,
    IkeProposal,
    Suite,
    Transform,
    require_available,
    require_strength,
    transform_name,
)
from _core.asa.dialect import ASA_7_0, ASA_7_2
from _core.errors import InputError
from _core.ios.dialect import IOS_12_4

DIALECTS = {"asa 7.0": ASA_7_0, "asa 7.2": ASA_7_2, "ios 12.4": IOS_12_4}


def test_suites_never_change() -> None:
    """An upgrade of the collection must not rewrite a tunnel: whoever changes this test breaks a promise."""
    held = {name: (str(suite.ike), str(suite.ipsec), suite.grade) for name, suite in SUITES.items()}
    assert held == {
        "aes256-sha-g14": ("aes256, sha, group 14", "aes256, sha", "sound"),
        "aes256-sha-g5": ("aes256, sha, group 5", "aes256, sha", "legacy"),
        "aes192-sha-g5": ("aes192, sha, group 5", "aes192, sha", "legacy"),
        "aes128-sha-g5": ("aes128, sha, group 5", "aes128, sha", "legacy"),
        "aes256-sha-g2": ("aes256, sha, group 2", "aes256, sha", "broken"),
        "aes128-sha-g2": ("aes128, sha, group 2", "aes128, sha", "broken"),
        "3des-sha-g5": ("3des, sha, group 5", "3des, sha", "legacy"),
        "3des-sha-g2": ("3des, sha, group 2", "3des, sha", "broken"),
        "reference": ("des, md5, group 1", "des, md5", "broken"),
    }


def test_a_suite_is_as_weak_as_its_weakest_part() -> None:
    suite = Suite("x", IkeProposal("aes256", "sha", 14), Transform("des", "sha"))
    assert suite.grade == "broken"
    assert suite.weaknesses() == (("ESP encryption des", "broken"),)
    assert Suite("y", IkeProposal("aes256", "sha", 14), Transform("3des", "sha")).grade == "legacy"


@pytest.mark.parametrize("allowed", ["none", "legacy", "broken"])
@pytest.mark.parametrize("name", SUITES)
def test_what_is_weaker_than_allowed_is_refused_and_the_remedy_works(name: str, allowed: str) -> None:
    suite = SUITES[name]
    floor = {"none": "sound"}.get(allowed, allowed)
    if GRADES.index(suite.grade) >= GRADES.index(floor):
        require_strength(suite, allowed, "suite")
        return
    with pytest.raises(InputError) as error:
        require_strength(suite, allowed, "suite")
    assert all(part in str(error.value) for part, _grade in suite.weaknesses())
    require_strength(suite, suite.grade, "suite")
    assert f"allow_weak_crypto: {suite.grade}" in str(error.value)


@pytest.mark.parametrize("dialect", DIALECTS)
def test_what_is_written_is_read_back(dialect: str) -> None:
    spelling = DIALECTS[dialect].spelling
    for encryption in ENCRYPTIONS:
        assert spelling.read_ike(spelling.ike[encryption].split()) == encryption
        for integrity in HASHES:
            transform = Transform(encryption, integrity)
            assert spelling.read_transform(tuple(spelling.write_transform(transform).split())) == transform


@pytest.mark.parametrize("dialect", DIALECTS)
@pytest.mark.parametrize("words", ["", "esp-null esp-sha-hmac", "ah-sha-hmac", "esp-des", "esp-aes 512 esp-sha-hmac"])
def test_a_transform_that_we_do_not_know_is_none(dialect: str, words: str) -> None:
    assert DIALECTS[dialect].spelling.read_transform(tuple(words.split())) is None


@pytest.mark.parametrize("dialect", DIALECTS)
def test_what_a_release_lacks_is_refused_and_the_best_that_it_has_is_named(dialect: str) -> None:
    spelling = DIALECTS[dialect].spelling
    with pytest.raises(InputError, match="no Diffie-Hellman group 14") as error:
        require_available(SUITES["aes256-sha-g14"], spelling, "this release", "suite")
    assert "aes256-sha-g5 (allow_weak_crypto: legacy)" in str(error.value)
    for name, suite in SUITES.items():
        if name != "aes256-sha-g14":
            require_available(suite, spelling, "this release", "suite")


def test_what_is_called_best_everywhere_is_the_best_of_every_release() -> None:
    assert {dialect.spelling.best() for dialect in DIALECTS.values()} == {BEST_EVERYWHERE}


def test_everything_that_is_lacking_is_told() -> None:
    spelling = ASA_7_2.spelling
    bare = type(spelling)(ike={}, esp={}, integrity={}, groups=())
    assert len(bare.lacking(SUITES["reference"])) == 4


def test_proposals_match_whatever_their_lifetimes() -> None:
    assert IkeProposal("des", "md5", 1, 60).matches(IkeProposal("des", "md5", 1))
    assert not IkeProposal("des", "md5", 1).matches(IkeProposal("des", "sha", 1))
    assert set(GROUPS) == {1, 2, 5, 14}


def test_names_of_sets_say_what_is_in_them() -> None:
    assert transform_name(Transform("aes256", "sha")) == "AES256-SHA"
