# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: The netvpn.dynamic_l2l contributors
"""Security associations as the show commands need them: what the daemon has, in the words of the devices.

Nothing here knows of strongSwan, of a platform or of a format: `ike.py` makes these records, `platforms/*/live.py`
prints them.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Literal

IkeState = Literal["connecting", "established", "deleted"]


@dataclass(frozen=True)
class IkeSa:
    """A phase 1 SA, one that is being negotiated, or the trace of one that is gone.

    `number` counts from 1 in order of creation and is the connection number of the show commands. `step` says how far
    a main mode came that is "connecting": the number of the last message seen (1 to 6); the devices name it each in
    their own way (`MM_NO_STATE`, `MM_KEY_EXCH`, `MM_WAIT_MSG2`).
    `encryption` is `des`, `3des`, `aes128`, `aes192` or `aes256`, `hash` is `md5` or `sha`; both are empty and `group`
    is 0 as long as no policy was agreed on.
    `cookies` are initiator and responder, 16 hexadecimal digits each.
    """

    number: int
    local: str
    remote: str
    initiator: bool
    state: IkeState
    encryption: str = ""
    hash: str = ""
    group: int = 0
    lifetime: int = 86400
    remaining: int = 0
    nat_t: bool = False
    local_port: int = 500
    remote_port: int = 500
    cookies: tuple[str, str] = ("", "")
    interface: str = ""
    rekeying: bool = False
    dpd: bool = False
    step: int = 0


@dataclass(frozen=True)
class ChildSa:
    """A pair of phase 2 SAs.

    `peer` is the address the pair was negotiated with, `local` our own. `map`, `sequence` and `acl` are those of the
    entry of the crypto map that the pair belongs to (of a dynamic entry: the place of the crypto map where it hangs;
    `dynamic` and `dynamic_sequence` name the entry itself). `lifetime` and `remaining` in seconds, `kilobytes` what is
    left of the volume. During a rekey several pairs have the same identities.
    """

    peer: str
    local: str
    map: str
    sequence: int
    acl: str | None
    interface: str
    local_ident: str
    remote_ident: str
    spi_in: int
    spi_out: int
    encryption: str
    hash: str
    pfs: int | None = None
    packets_in: int = 0
    packets_out: int = 0
    bytes_in: int = 0
    bytes_out: int = 0
    lifetime: int = 3600
    remaining: int = 0
    kilobytes: int = 0
    nat_t: bool = False
    initiator: bool = False
    dynamic: str = ""
    dynamic_sequence: int = 0
    number: int = 0
    local_port: int = 500
    remote_port: int = 500


@dataclass(frozen=True)
class Identity:
    """A pair of networks that the devices print a block for, with or without SAs: a static entry's ACE with its peer.

    `acl` and `ace` as configured. `local_ident` and `remote_ident` like `10.1.1.0/24`.
    """

    map: str
    sequence: int
    interface: str
    acl: str
    peer: str
    local: str
    local_ident: str
    remote_ident: str


@dataclass(frozen=True)
class Errors:
    """Counters of an identity's block: packets that found no SA, packets that failed or came in clear."""

    send: int = 0
    receive: int = 0


@dataclass(frozen=True)
class Snapshot:
    """All SAs of a device at one moment.

    `errors` by `(local_ident, remote_ident)`. `identities` are the blocks that exist without SAs.
    """

    ike: tuple[IkeSa, ...] = ()
    children: tuple[ChildSa, ...] = ()
    errors: dict[tuple[str, str], Errors] = field(default_factory=dict)
    identities: tuple[Identity, ...] = ()
