# Copyright: The netvpn.dynamic_l2l contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""Which proxy identities a configuration accepts, and with whom; looked up, for lists may be long."""

from __future__ import annotations

from collections.abc import Iterable

from ..acl import Ace, Opaque
from ..ios.model import IosConfig
from ..prefixes import ALL_ADDRESSES, parse_address
from ..treatment import Config
from .sa import Identity, IpsecSa


class Cover:
    """Which proxy identities a configuration accepts, with whom: what the access lists of bound entries permit.

    ``open``: an entry without an access list takes what a peer proposes. An entry of a list that is not understood holds
    everything: what it means stays.
    """

    def __init__(self, config: Config) -> None:
        self.open = False
        #: lengths of local and remote network → their first addresses → peers (None: any)
        self._table: dict[tuple[int, int], dict[tuple[int, int], set[str] | None]] = {}
        bound = (
            [port.crypto_map for port in config.interfaces.values() if port.crypto_map]
            if isinstance(config, IosConfig)
            else list(config.bindings.values())
        )
        for name in dict.fromkeys(bound):
            for entry in config.entries_of(name):
                if entry.dynamic:
                    for inner in config.dynamic_of(entry.dynamic):
                        self._add(config, inner.acl, None)
                        self.open = self.open or not inner.acl
                elif entry.acl:
                    self._add(config, entry.acl, _addresses(entry.peers))

    def _add(self, config: Config, acl: str | None, peers: set[str] | None) -> None:
        access_list = config.access_lists.get(acl or "")
        for entry in access_list.entries if access_list else ():
            if isinstance(entry, Opaque):
                self._hold((0, 0), (0, 0), None)
            elif isinstance(entry, Ace) and entry.action == "permit":
                source, destination = entry.source.prefix, entry.destination.prefix
                self._hold((source.length, destination.length), (source.network, destination.network), peers)

    def _hold(self, lengths: tuple[int, int], networks: tuple[int, int], peers: set[str] | None) -> None:
        row = self._table.setdefault(lengths, {})
        known = row.get(networks, set())
        row[networks] = None if known is None or peers is None else known | peers

    def __bool__(self) -> bool:
        return self.open or bool(self._table)

    @property
    def pairs(self) -> set[tuple[tuple[int, int], tuple[int, int], str | None]]:
        """All pairs of networks, each with each of its peers."""
        return {
            (lengths, networks, peer)
            for lengths, row in self._table.items()
            for networks, peers in row.items()
            for peer in (peers if peers is not None else (None,))
        }

    def lists(self, sa: IpsecSa) -> bool:
        """Whether an entry's list permits the identities of ``sa``, or a larger pair, with its peer."""
        if sa.local is None or sa.remote is None or sa.local.family != 4:
            return True
        for lengths, row in self._table.items():
            key = tuple(_within(side, length) for side, length in zip((sa.local, sa.remote), lengths))  # noqa: B905
            if key in row:
                peers = row[key]
                if peers is None or sa.peer in peers:
                    return True
        return False


def _within(side: Identity, length: int) -> int | None:
    """The first address of the network of that length which holds ``side``; None where none does."""
    mask = ALL_ADDRESSES[1] << (32 - length) & ALL_ADDRESSES[1]
    return side.low & mask if side.low & mask == side.high & mask else None


def _addresses(peers: Iterable[str]) -> set[str] | None:
    """Peers by their addresses; None (any) where one is written as a name."""
    found = set(peers)
    try:
        for peer in found:
            parse_address(peer)
    except ValueError:
        return None
    return found
