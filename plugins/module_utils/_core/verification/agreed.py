# Copyright: The netvpn.dynamic_l2l contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""Whether two ends agreed on what the intent asks for: algorithms, PFS, lifetimes, as far as a device shows them."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from ..algorithms import IkeProposal, Transform
from ..associations.sa import IkeSa, IpsecSa, Spi
from ..intent import Responder

OK, FAILED, UNKNOWN = ("ok", "failed", "unknown")

#: Why nothing passes; its own result says more.
DOWN = "The tunnel is down"


@dataclass(frozen=True)
class Check:
    """What was asked for, what was found, and what it means: see ``verify.Result``."""

    expected: str
    found: str
    status: str
    message: str


def encryption_word(text: str) -> str:
    """Our word for an encryption as devices show it: ``AES-256``, ``aes 256``, ``AES-CBC-256`` and ``esp-256-aes`` are one.

    ``aes`` where the key size is not told; any other word as it stands, in small letters.
    """
    parts = [part for part in re.split(r"[^a-z0-9]+", text.lower()) if part not in ("", "esp", "cbc", "keysize")]
    sizes = ("128", "192", "256")
    # The size stands last with us, wherever a device writes it.
    return "".join(sorted(parts, key=lambda part: part in sizes))


def hash_word(text: str) -> str:
    """Our word for a hash: ``SHA``, ``SHA1``, ``SHA96`` and ``esp-sha-hmac`` are ``sha``; ``SHA256`` is another."""
    word = re.sub(r"[^a-z0-9]", "", re.sub(r"esp-|-hmac", "", text.lower()))
    return {"sha1": "sha", "sha96": "sha", "md596": "md5"}.get(word, word)


def transform_words(text: str) -> tuple[str, str]:
    """``esp-256-aes esp-sha-hmac`` → ``("aes256", "sha")``; empty where there is none.

    In a transform ``esp-aes`` alone has a key of 128 bits (ios-show.md C2, asa-cli.md §3.6).
    """
    encryption = integrity = ""
    words = text.lower().split()
    for at, word in enumerate(words):
        if re.fullmatch(r"esp-(md5|sha\d*)-hmac", word):
            integrity = hash_word(word)
        elif word.startswith("esp-") and not word.endswith("-hmac") and not encryption:
            size = words[at + 1] if at + 1 < len(words) and words[at + 1].isdecimal() else ""
            encryption = encryption_word(f"{word} {size}")
    return ("aes128" if encryption == "aes" else encryption), integrity


def check_ike(wanted: IkeProposal, live: Sequence[IkeSa]) -> Check:
    """The algorithms of the IKE SAs that are up."""
    expected = str(wanted)
    if not live:
        return Check(expected, "no IKE SA", UNKNOWN, "There is no IKE SA now; IPsec SAs live on without one")
    found: dict[str, str] = {}
    for sa in live:
        parts = (
            ("encryption", encryption_word(sa.encryption), wanted.encryption),
            ("hash", hash_word(sa.hash), wanted.hash),
            ("group", str(sa.group or ""), str(wanted.group)),
        )
        shown = []
        status = OK
        for part, word, ours in parts:
            clear = bool(word) and not (word == "aes" and ours.startswith("aes"))
            shown.append(_told(part, word, clear))
            status = _worse(status, UNKNOWN if not clear else OK if word == ours else FAILED)
        found[", ".join(shown)] = _worse(found.get(", ".join(shown), OK), status)
    return _summed(
        expected,
        found,
        "The ends agreed on what the intent says",
        "The ends agreed on something else: another IKE policy comes first on one of them, or the SA is older than the "
        "configuration. Clear it with ipsec_clear, then compare the policies",
    )


def check_ipsec(wanted: Transform, flows: Iterable[IpsecSa]) -> Check:
    """The transforms of all SAs of a tunnel, both directions."""
    spis = [spi for flow in flows for spi in (*flow.inbound, *flow.outbound)]
    expected = str(wanted)
    if not spis:
        return Check(expected, "no SAs", UNKNOWN, "There are no SAs that would tell")
    found: dict[str, str] = {}
    for spi in spis:
        words = transform_words(spi.transform)
        # Tunnel mode is all that can be asked for; transport would need the hosts themselves as ends.
        strange = f", {spi.mode} mode" if spi.mode and spi.mode != "tunnel" else ""
        right = words == (wanted.encryption, wanted.integrity) and not strange
        text = f"{words[0] or 'no encryption'}, {words[1] or 'no integrity'}{strange}" if spi.transform else "not shown"
        found[text] = UNKNOWN if not spi.transform else OK if right else FAILED
    return _summed(
        expected,
        found,
        "The ends agreed on what the intent says",
        "The ends agreed on another transform: a set with it comes first on one of them, or the SAs are older than the "
        "configuration. Clear them with ipsec_clear, then compare the transform sets",
    )


def check_pfs(group: int | None, flows: Iterable[IpsecSa]) -> Check | None:
    """Perfect forward secrecy, where the intent asks for it."""
    if group is None:
        return None
    flows = [flow for flow in flows if flow.inbound or flow.outbound]
    expected = f"group {group}"
    if not flows:
        return Check(expected, "no SAs", UNKNOWN, "There are no SAs that would tell")
    found: dict[str, str] = {}
    for flow in flows:
        told = re.search(r"\d+", flow.pfs)
        if told:
            found[f"group {told[0]}"] = OK if int(told[0]) == group else FAILED
        else:
            found["none" if flow.pfs == "none" else "not shown"] = FAILED if flow.pfs == "none" else UNKNOWN
    return _summed(
        expected,
        found,
        "The keys of the SAs are independent of phase 1",
        "Another group than asked for, or none: compare 'set pfs' of both ends, then clear the SAs with ipsec_clear",
    )


def check_lifetimes(responder: Responder, live: Sequence[IkeSa], flows: Iterable[IpsecSa]) -> Check | None:
    """Lifetimes, where the intent states some.

    Few releases show what was agreed, most what is left: more left than was asked for is wrong, less proves nothing.
    """
    spis: list[Spi] = [spi for flow in flows for spi in (*flow.inbound, *flow.outbound)]
    rows: tuple[tuple[str, str, int | None, list[int | None], list[int | None]], ...] = (
        ("IKE", "s", responder.suite.ike.lifetime, [sa.lifetime for sa in live], [sa.remaining for sa in live]),
        ("IPsec", "s", responder.ipsec_seconds, [], [spi.remaining_seconds for spi in spis]),
        ("IPsec", "kB", responder.ipsec_kilobytes, [], [spi.remaining_kilobytes for spi in spis]),
    )
    expected, found, status = [], [], OK
    for name, unit, wanted, agreed, left in rows:
        if wanted is None:
            continue
        expected.append(f"{name} {wanted} {unit}")
        sure = [value for value in agreed if value is not None]
        rest = [value for value in left if value is not None]
        if sure:
            found.append(f"{name} {', '.join(str(value) for value in dict.fromkeys(sure))} {unit}")
            status = _worse(status, OK if set(sure) == {wanted} else FAILED)
        elif rest:
            found.append(f"{name} {max(rest)} {unit} left")
            status = _worse(status, FAILED if max(rest) > wanted else UNKNOWN)
        else:
            found.append(f"{name} not shown")
            status = _worse(status, UNKNOWN)
    if not expected:
        return None
    return _summed(
        ", ".join(expected),
        {", ".join(found): status},
        "The SAs live as long as the intent says",
        "The SAs were made with other lifetimes: compare those of both ends, then clear the SAs with ipsec_clear",
        "The device shows what is left and not what was agreed",
    )


def _told(part: str, word: str, clear: bool) -> str:
    if not word:
        return f"{part} not shown"
    if not clear:
        return f"{word} (key size not shown)"
    return f"group {word}" if part == "group" else word


def _worse(one: str, two: str) -> str:
    return max(one, two, key=(OK, UNKNOWN, FAILED).index)


def _summed(
    expected: str, found: dict[str, str], right: str, wrong: str, unclear: str = "The device does not show all of it"
) -> Check:
    """One check over what several SAs show: as bad as the worst of them."""
    status = OK
    for each in found.values():
        status = _worse(status, each)
    message = {OK: right, FAILED: wrong, UNKNOWN: unclear}[status]
    return Check(expected, " / ".join(found), status, message)
