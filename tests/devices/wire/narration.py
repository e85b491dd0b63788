# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: The netvpn.dynamic_l2l contributors
"""A device's log made of what its negotiations do: the journal's steps, with what the device knows besides.

Emulated devices leave for each other what strongSwan does not tell: the responder's lifetime, which the devices put into
a notify, and the SPI that an initiator offers.
"""

from __future__ import annotations

import collections
import ipaddress
import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from ..platforms.ios import log as ios_log
from ..platforms.pix import log as pix_log
from .crypto import Crypto, Entry
from .cryptorules import Proxies
from .journal import Journal
from .steps import Main, Step

if TYPE_CHECKING:
    from ..device import Device

_PATIENCE = 0.5


class _Told:
    """What emulated devices tell each other of a quick mode, by its message id."""

    def __init__(self) -> None:
        self._changed = threading.Condition()
        self._values: collections.OrderedDict[tuple[str, int], int] = collections.OrderedDict()
        self.addresses: collections.Counter[str] = collections.Counter()

    def tell(self, what: str, message: int, value: int) -> None:
        with self._changed:
            self._values[what, message] = value
            while len(self._values) > 5000:
                self._values.popitem(last=False)
            self._changed.notify_all()

    def ask(self, what: str, message: int, peer: str) -> int | None:
        """The value; an emulated peer's is waited for, whose log may be read a moment later than ours."""
        with self._changed:
            if self.addresses[peer]:
                self._changed.wait_for(lambda: (what, message) in self._values, _PATIENCE)
            return self._values.get((what, message))


_told = _Told()


@dataclass
class _Session:
    """What a PIX prints when a session is over: since when, and what went through."""

    begin: float
    sent: int = 0
    taken: int = 0


class Narration:
    """Follows the journal of one device."""

    def __init__(self, device: Device, view: Callable[[], tuple[Crypto, Mapping[str, tuple[str, int]]]]) -> None:
        """`view`: the device's IKE and IPsec and its addresses, as they are now."""
        self._device, self._view = device, view
        self.journal = Journal(self._step)
        self._pix, self._ios = pix_log.Narrator(), ios_log.Narrator()
        self._sessions: dict[int, _Session] = {}
        # Pairs of networks with a peer, by how many SAs they have
        self._children: collections.Counter[tuple[str, str, str]] = collections.Counter()
        self._known: set[str] = set()

    def wanted(self, port: str, entry: Entry, proxies: Proxies, known: bool) -> None:
        """Traffic asks for an association. `known`: there is a key, so that the negotiation can start."""
        crypto, addresses = self._view()
        local = addresses.get(crypto.local.get(entry.map, port), ("", 0))[0]
        for peer in entry.peers[:1]:
            main = self.journal.up(peer) or Main(0, True, local, peer)
            inside = [
                name for name, (own, length) in addresses.items() if name != port and _within(own, length, proxies)
            ]
            values = {
                "interface": inside[0] if inside else port,
                "map": entry.map,
                "local": str(proxies.local.network),
                "remote": str(proxies.remote.network),
                "group": "" if known else "none",
            }
            self.journal.wanted(main, values)

    def _step(self, step: Step) -> None:
        crypto, addresses = self._view()
        self._follow_addresses({own for own, _ in addresses.values()})
        for record in self._records(step, crypto, addresses):
            self._device.logs.take(record)

    def _records(self, step: Step, crypto: Crypto, addresses: Mapping[str, tuple[str, int]]) -> list[Any]:
        main, quick = step.main, step.quick
        if quick is not None and step.name == "qm1-sent":
            _told.tell("spi", quick.message, quick.spi_in)
            _told.tell("offer", quick.message, _lifetime(crypto, main))
        if quick is not None and step.name == "qm1-received":
            _told.tell("lifetime", quick.message, quick.lifetimes[1])
        replaced = self._count(step)
        if crypto.platform == "ios":
            early = offer = None
            if quick is not None and step.name in ("qm1-received", "qm2-sent", "qm3-received"):
                early = _told.ask("spi", quick.message, main.remote)
                offer = _told.ask("offer", quick.message, main.remote)
            return list(self._ios.narrate(step, ios_log.View(crypto, early, offer)))
        forced = None
        if quick is not None and quick.initiator and step.name in ("qm2-received", "qm3-sent"):
            forced = _told.ask("lifetime", quick.message, main.remote) or None
        session = self._sessions.get(main.number, _Session(time.monotonic()))
        others = any(peer == main.remote and count > 0 for (peer, _, _), count in self._children.items())
        newer = self.journal.up(main.remote)
        view = pix_log.View(
            crypto,
            frozenset(item["name"] for item in self._device.config.find("tunnel-group", what="type")),
            {own: name for name, (own, _) in addresses.items()},
            forced,
            (int(time.monotonic() - session.begin), session.sent, session.taken),
            others or (newer is not None and newer is not main),
            replaced,
        )
        return list(self._pix.narrate(step, view))

    def _count(self, step: Step) -> bool:
        """Keep account of sessions and pairs; is the pair that is closed replaced by a newer one?"""
        main, quick = step.main, step.quick
        if step.name == "up":
            self._sessions[main.number] = _Session(time.monotonic())
        if quick is None:
            if step.name == "down" and len(self._sessions) > 500:
                self._sessions.clear()
            return False
        pair = main.remote, quick.local, quick.remote
        if step.name in ("qm2-received", "qm3-received"):
            self._children[pair] += 1
        elif step.name == "child-closed":
            self._children[pair] -= 1
            session = self._sessions.get(main.number)
            if session is not None:
                session.sent, session.taken = session.sent + quick.sent, session.taken + quick.taken
            return self._children[pair] > 0
        return False

    def _follow_addresses(self, own: set[str]) -> None:
        if own != self._known:
            _told.addresses.update(own - self._known)
            _told.addresses.subtract(self._known - own)
            self._known = own

    def close(self) -> None:
        """The device is no more."""
        self._follow_addresses(set())


def _lifetime(crypto: Crypto, main: Main) -> int:
    """What we offer to a peer: the lifetime of its entry."""
    found = [entry.lifetime for entries in crypto.maps.values() for entry in entries if main.remote in entry.peers]
    return found[0] if found else 0


def _within(own: str, length: int, proxies: Proxies) -> bool:
    return proxies.local.network.subnet_of(ipaddress.IPv4Network(f"{own}/{length}", strict=False)) or (
        ipaddress.IPv4Address(own) in proxies.local.network
    )
