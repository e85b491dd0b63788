# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: The netvpn.dynamic_l2l contributors
"""What can happen in negotiations, as records: phases 1, quick modes, and steps of them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

StepName = Literal[
    # Phase 1, the initiator's messages and the responder's; `received` says that it was understood
    "wanted", "mm1-sent", "mm2-received", "mm3-sent", "mm4-received", "mm5-sent", "mm6-received",
    "mm1-received", "mm2-sent", "mm3-received", "mm4-sent", "mm5-received", "mm6-sent", "up",
    # Phase 1 that fails: what came was refused (policies, key), could not be read, or nothing came
    "policy-refused", "no-key", "mm5-unreadable", "mm6-unreadable", "policy-notified", "resent", "given-up",
    # Phase 2
    "qm1-sent", "qm2-received", "qm3-sent", "qm1-received", "qm2-sent", "qm3-received",
    "quick-refused", "quick-notified",
    # What ends an association, and what keeps it
    "delete-sent", "delete-received", "child-closed", "down", "dpd-sent", "dpd-answered", "dpd-received",
    "dpd-ack-sent", "dpd-dead", "unknown-spi", "unknown-sa",
]  # fmt: skip

_CIPHERS = {
    "DES_CBC": "des",
    "3DES_CBC": "3des",
    "AES_CBC_128": "aes128",
    "AES_CBC_192": "aes192",
    "AES_CBC_256": "aes256",
}
_HASHES = {"HMAC_MD5_96": "md5", "HMAC_SHA1_96": "sha"}
_GROUPS = {"MODP_768": 1, "MODP_1024": 2, "MODP_1536": 5}


@dataclass(frozen=True)
class Suite:
    """A proposal: `encryption` and `hash` as in sa.py; empty where it names nothing that a device knows. `groups`: those
    that it allows (none: no PFS is offered)."""

    encryption: str = ""
    hash: str = ""
    groups: tuple[int, ...] = ()

    @property
    def group(self) -> int:
        """The group of a phase 1 proposal."""
        return self.groups[0] if self.groups else 0


def suites(text: str) -> tuple[Suite, ...]:
    """`IKE:DES_CBC/HMAC_MD5_96/PRF_HMAC_MD5/MODP_768, ...`"""
    found = []
    for each in text.split(", "):
        words = each.partition(":")[2].split("/")
        found.append(
            Suite(
                next((_CIPHERS[word] for word in words if word in _CIPHERS), ""),
                next((_HASHES[word] for word in words if word in _HASHES), ""),
                tuple(_GROUPS[word] for word in words if word in _GROUPS),
            )
        )
    return tuple(found)


@dataclass
class Main:
    """A phase 1: its daemon's number (that of the show commands), its ends, what was offered and chosen, how far it is.

    `offered` and `configured` are the peer's and our proposals as last compared. `translated`: there is NAT on the way,
    as far as is known (strongSwan's userspace ESP lies about the other end, see cryptostage.py).
    """

    number: int
    initiator: bool
    local: str = ""
    remote: str = ""
    local_port: int = 500
    remote_port: int = 500
    offered: tuple[Suite, ...] = ()
    configured: tuple[Suite, ...] = ()
    suite: Suite = Suite()
    up: bool = False
    step: int = 0
    cookies: tuple[str, str] = ("", "")
    probes: int = 0
    translated: bool = False


@dataclass
class Quick:
    """A quick mode. `local` and `remote`: the networks (`10.1.1.0/24`), ours first; `child`: the name in the daemon's
    configuration (of an entry that refuses too); `lifetimes`: the peer's seconds and ours, 0 where they are the same;
    `size`: bytes of the first message; `number`: the daemon's of the pair of SAs; `first`: of its phase 1;
    `taken`, `sent`: bytes that went through, once it is closed."""

    message: int
    initiator: bool
    local: str = ""
    remote: str = ""
    child: str = ""
    spi_in: int = 0
    spi_out: int = 0
    offered: tuple[Suite, ...] = ()
    configured: tuple[Suite, ...] = ()
    suite: Suite = Suite()
    lifetimes: tuple[int, int] = (0, 0)
    rekeys: bool = False
    size: int = 0
    number: int = 0
    first: bool = False
    taken: int = 0
    sent: int = 0
    refused: Literal["", "proxies", "transform", "pfs"] = ""


@dataclass(frozen=True)
class Step:
    """Something that happened. `message`: of the packet that was sent or taken; `size`: its bytes; `spi`, `why`: of a
    delete (`esp`, `ike`) or of a packet that fits nothing; `again`: which time it was sent again."""

    name: StepName
    main: Main
    quick: Quick | None = None
    message: int = 0
    size: int = 0
    spi: int = 0
    why: str = ""
    again: int = 0
    values: Mapping[str, str] = field(default_factory=dict)
