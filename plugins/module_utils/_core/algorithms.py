# Copyright: The netvpn.dynamic_l2l contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""Encryption, integrity and Diffie-Hellman choices: suites, grades, and how each platform spells them."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace

from .errors import InputError

#: From weakest to strongest; ``allow_weak_crypto`` names the weakest grade that is let through.
GRADES = ("broken", "legacy", "sound")

_ENCRYPTION_GRADE = {"des": "broken", "3des": "legacy", "aes128": "sound", "aes192": "sound", "aes256": "sound"}
# HMAC-SHA-1 is not graded: IKEv1 on PIX/ASA has nothing better.
_HASH_GRADE = {"md5": "broken", "sha": "sound"}
_GROUP_GRADE = {1: "broken", 2: "broken", 5: "legacy", 14: "sound"}


@dataclass(frozen=True)
class IkeProposal:
    """What IKE phase 1 negotiates, authenticated by a pre-shared key.

    ``encryption`` is des, 3des, aes128, aes192 or aes256; ``hash`` md5 or sha; ``group`` the Diffie-Hellman
    group; ``lifetime`` in seconds, None where the intent does not state it (then it is not managed).
    """

    encryption: str
    hash: str
    group: int
    lifetime: int | None = None

    def matches(self, other: IkeProposal) -> bool:
        """Whether the two would be accepted by each other; lifetimes need not be equal (the shorter is used)."""
        return replace(self, lifetime=None) == replace(other, lifetime=None)

    def __str__(self) -> str:
        return f"{self.encryption}, {self.hash}, group {self.group}"


@dataclass(frozen=True)
class Transform:
    """What IPsec (ESP, tunnel mode) uses: encryption and integrity, in the words of :class:`IkeProposal`."""

    encryption: str
    integrity: str

    def __str__(self) -> str:
        return f"{self.encryption}, {self.integrity}"


@dataclass(frozen=True)
class Suite:
    """A named pair of proposals that both ends of a tunnel use."""

    name: str
    ike: IkeProposal
    ipsec: Transform

    @property
    def grade(self) -> str:
        """The grade of the weakest part."""
        return min((grade for _part, grade in self.weaknesses()), key=GRADES.index, default="sound")

    def weaknesses(self) -> tuple[tuple[str, str], ...]:
        """Each part that is not sound, with its grade: ``(("IKE encryption des", "broken"), …)``."""
        parts = (
            (f"IKE encryption {self.ike.encryption}", _ENCRYPTION_GRADE[self.ike.encryption]),
            (f"IKE hash {self.ike.hash}", _HASH_GRADE[self.ike.hash]),
            (f"Diffie-Hellman group {self.ike.group}", _GROUP_GRADE[self.ike.group]),
            (f"ESP encryption {self.ipsec.encryption}", _ENCRYPTION_GRADE[self.ipsec.encryption]),
            (f"ESP integrity {self.ipsec.integrity}", _HASH_GRADE[self.ipsec.integrity]),
        )
        return tuple((part, grade) for part, grade in parts if grade != "sound")


def _suite(name: str, encryption: str, hash_: str, group: int) -> Suite:
    return Suite(name, IkeProposal(encryption, hash_, group), Transform(encryption, hash_))


#: Suites are named by what they hold and never change: an upgrade of a device must not rewrite a tunnel.
#: ``reference`` is what the reference scenario of 2007 uses; it is broken by today's measure.
SUITES = {
    suite.name: suite
    for suite in (
        _suite("aes256-sha-g14", "aes256", "sha", 14),
        _suite("aes256-sha-g5", "aes256", "sha", 5),
        _suite("aes192-sha-g5", "aes192", "sha", 5),
        _suite("aes128-sha-g5", "aes128", "sha", 5),
        _suite("aes256-sha-g2", "aes256", "sha", 2),
        _suite("aes128-sha-g2", "aes128", "sha", 2),
        _suite("3des-sha-g5", "3des", "sha", 5),
        _suite("3des-sha-g2", "3des", "sha", 2),
        _suite("reference", "des", "md5", 1),
    )
}

#: The best suite that every supported release of both platforms has: what a refusal names before a device was asked.
BEST_EVERYWHERE = SUITES["aes256-sha-g5"]

ENCRYPTIONS = tuple(_ENCRYPTION_GRADE)
HASHES = tuple(_HASH_GRADE)
GROUPS = tuple(_GROUP_GRADE)


@dataclass(frozen=True)
class Spelling:
    """How one platform writes algorithms: ``ike`` and ``esp`` map our word to the device's words.

    The same tables say what the version has: a word that is missing is not available. ``groups`` lists the
    Diffie-Hellman groups; ``integrity`` maps to the ESP keyword.
    """

    ike: dict[str, str]
    esp: dict[str, str]
    integrity: dict[str, str]
    groups: tuple[int, ...]

    def lacking(self, suite: Suite) -> tuple[str, ...]:
        """What of ``suite`` this version does not have, in words."""
        missing = []
        if suite.ike.encryption not in self.ike:
            missing.append(f"IKE encryption {suite.ike.encryption}")
        if suite.ike.group not in self.groups:
            missing.append(f"Diffie-Hellman group {suite.ike.group}")
        if suite.ipsec.encryption not in self.esp:
            missing.append(f"ESP encryption {suite.ipsec.encryption}")
        if suite.ipsec.integrity not in self.integrity:
            missing.append(f"ESP integrity {suite.ipsec.integrity}")
        return tuple(missing)

    def best(self) -> Suite:
        """The first suite of the list (strongest first) that this version has."""
        return next(suite for suite in SUITES.values() if not self.lacking(suite))

    def read_ike(self, words: Iterable[str]) -> str | None:
        """Our word for the device's IKE encryption words; None for one we do not know."""
        return _reverse(self.ike, words)

    def read_transform(self, words: tuple[str, ...]) -> Transform | None:
        """The transform behind ``esp-aes-256 esp-sha-hmac`` (PIX/ASA) or ``esp-aes 256 esp-sha-hmac`` (IOS)."""
        for integrity, keyword in self.integrity.items():
            if words[-1:] == (keyword,):
                encryption = _reverse(self.esp, words[:-1])
                return None if encryption is None else Transform(encryption, integrity)
        return None

    def write_transform(self, transform: Transform) -> str:
        """The device's words for ``transform``."""
        return f"{self.esp[transform.encryption]} {self.integrity[transform.integrity]}"


def _reverse(table: dict[str, str], words: Iterable[str]) -> str | None:
    text = " ".join(words)
    return next((ours for ours, theirs in table.items() if theirs == text), None)


def require_available(suite: Suite, spelling: Spelling, version: str, option: str) -> None:
    """Raise InputError when ``version`` cannot do ``suite``, naming the best one that it can."""
    if missing := spelling.lacking(suite):
        best = spelling.best()
        raise InputError(
            option,
            suite.name,
            f"{version} has no {', no '.join(missing)}",
            f"The best suite of this version is {best.name} (allow_weak_crypto: {_needed(best)})",
        )


def require_group(group: int | None, spelling: Spelling, version: str, option: str) -> None:
    """Raise InputError when ``version`` does not have the Diffie-Hellman group of ``pfs``, naming the best that it has."""
    if group is not None and group not in spelling.groups:
        best = max(spelling.groups)
        raise InputError(
            option,
            group,
            f"{version} has no Diffie-Hellman group {group}",
            f"The best group of this version is {best} (allow_weak_crypto: {_permission(_GROUP_GRADE[best])})",
        )


def require_group_strength(group: int, allowed: str, option: str) -> None:
    """Raise InputError when the Diffie-Hellman group of ``pfs`` is weaker than ``allow_weak_crypto`` lets through."""
    grade = _GROUP_GRADE[group]
    if GRADES.index(grade) < GRADES.index(_floor(allowed)):
        best = BEST_EVERYWHERE.ike.group
        raise InputError(
            option,
            group,
            f"Diffie-Hellman group {group} is graded {grade}, and allow_weak_crypto is {allowed}",
            f"The best group of all supported releases is {best} (allow_weak_crypto: {_permission(_GROUP_GRADE[best])}); to "
            f"keep this one set allow_weak_crypto: {_permission(grade)} on this responder",
        )


def _floor(allowed: str) -> str:
    return "sound" if allowed == "none" else allowed


def require_strength(suite: Suite, allowed: str, option: str) -> None:
    """Raise InputError when ``suite`` is weaker than ``allow_weak_crypto`` (none, legacy, broken) lets through."""
    if GRADES.index(suite.grade) < GRADES.index(_floor(allowed)):
        weak = ", ".join(f"{part} ({grade})" for part, grade in suite.weaknesses())
        raise InputError(
            option,
            suite.name,
            f"it holds {weak}, and allow_weak_crypto is {allowed}",
            f"No supported release has a better one: set allow_weak_crypto: {_needed(suite)} on this responder"
            if suite == BEST_EVERYWHERE
            else f"The best suite of all supported releases is {BEST_EVERYWHERE.name} "
            f"(allow_weak_crypto: {_needed(BEST_EVERYWHERE)}); to keep this one set allow_weak_crypto: {_needed(suite)} "
            "on this responder",
        )


def transform_name(transform: Transform) -> str:
    """``AES256-SHA``, for ``{transform}`` in names."""
    return f"{transform.encryption}-{transform.integrity}".upper()


def _needed(suite: Suite) -> str:
    return _permission(suite.grade)


def _permission(grade: str) -> str:
    return "none" if grade == "sound" else grade
