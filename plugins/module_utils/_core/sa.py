# Copyright: The netvpn.dynamic_l2l contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""Security associations as data: one shape for what PIX/ASA and IOS print of them, in all versions.

Everything is told as the device that was asked sees it: ``local`` is its own side, ``peer`` the other end. IOS prints
``dst`` and ``src`` of an IKE SA by role and not by side; the readers of the platforms turn that round.

The shape is public: filters and modules return :meth:`Associations.as_dict`, which ``docs/data-model.md`` documents.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass, field
from typing import Any

from .prefixes import Prefix


@dataclass(frozen=True)
class Identity:
    """One side of the proxy identities: what an SA protects there.

    ``low`` and ``high`` are the first and the last address (IKEv2 may agree on a range that is no prefix); ``protocol``
    0 is any; ports are the first and last one, 0 and 65535 (or 0 and 0, as IKEv1 writes it) any.
    """

    low: int
    high: int
    protocol: int = 0
    ports: tuple[int, int] = (0, 65535)

    @classmethod
    def of(cls, prefix: Prefix, protocol: int = 0, port: int = 0) -> Identity:
        """IKEv1: a network, a protocol and a port, where 0 is any."""
        return cls(prefix.network, prefix.last, protocol, (port, port) if port else (0, 65535))


@dataclass(frozen=True)
class IkeSa:
    """An IKE SA (phase 1). What the text does not tell is None or empty.

    ``state`` is the device's own word (``MM_ACTIVE``, ``QM_IDLE``, ``UP-ACTIVE``, ``READY``); ``up`` whether it can
    carry negotiations; ``deleted`` whether the device calls it so (IOS: ``QM_IDLE … ACTIVE (deleted)``).
    """

    peer: str
    local: str = ""
    version: int = 1
    role: str = ""  # initiator, responder
    state: str = ""
    up: bool = False
    deleted: bool = False
    encryption: str = ""
    hash: str = ""
    group: int | None = None
    authentication: str = ""
    lifetime: int | None = None  # seconds agreed
    remaining: int | None = None  # seconds left
    nat_t: bool | None = None
    identifier: str = ""  # conn-id, session id: the device's own number
    rekey: bool | None = None


@dataclass(frozen=True)
class Spi:
    """One direction of an IPsec SA; several of a direction are there while it is renewed."""

    spi: str  # 0x and eight digits, small letters
    transform: str = ""  # as the device writes it: "esp-des esp-md5-hmac"
    mode: str = ""  # tunnel, transport
    nat_t: bool | None = None
    remaining_seconds: int | None = None
    remaining_kilobytes: int | None = None
    active: bool = True


@dataclass(frozen=True)
class IpsecSa:
    """The IPsec SAs (phase 2) of one pair of proxy identities with one peer.

    ``tunnel`` is its name in the intent, where one was given and its identities are the tunnel's: never found by the
    peer's address. ``up`` is whether there is one SPI in each direction.
    """

    peer: str
    local_address: str = ""
    interface: str = ""
    map: str = ""
    sequence: int | None = None
    dynamic: bool | None = None
    acl: str = ""
    version: int | None = None
    local: Identity | None = None
    remote: Identity | None = None
    inbound: tuple[Spi, ...] = ()
    outbound: tuple[Spi, ...] = ()
    #: what the device counts, by the device's words with _ for blanks and without #: ``pkts_encaps``, ``send_errors``
    counters: dict[str, int] = field(default_factory=dict)
    pfs: str = ""
    mtu: int | None = None
    tunnel: str = ""

    @property
    def up(self) -> bool:
        """Whether packets can be protected both ways."""
        return any(one.active for one in self.inbound) and any(one.active for one in self.outbound)


@dataclass(frozen=True)
class Unread:
    """A line that was not understood: its number in its text, from 1, and what it says."""

    command: str
    number: int
    text: str


@dataclass(frozen=True)
class Associations:
    """All that a device said of its SAs. ``truncated``: a text ended where more had to come."""

    ike: tuple[IkeSa, ...] = ()
    ipsec: tuple[IpsecSa, ...] = ()
    unread: tuple[Unread, ...] = ()
    truncated: bool = False

    def as_dict(self) -> dict[str, Any]:
        """Plain data, as modules and filters return it."""
        return asdict(self)
