# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: The netvpn.dynamic_l2l contributors
"""Which of the facts on recall a device relies on, as far as that can be told cheaply.

Told from the configuration and from what changed in it, whenever the plant follows a change (`Used.look`), and from the
associations when somebody asks (`Used.seen`). A fact is counted rather too often than too seldom: whether a packet came
that would have met it is not known.
"""

from __future__ import annotations

import ipaddress
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

from . import facts
from .crypto import Crypto, Entry
from .cryptochanges import ADDRESS, GONE, IKE_OFF, OPTIONS, POLICY, REPLACED, UNBOUND, changes
from .cryptorules import proxies_of
from .reading import Fabric
from .sa import Snapshot

if TYPE_CHECKING:
    from ..device import Device

_Network = ipaddress.IPv4Network
_ANY = "0.0.0.0/0"


@dataclass(frozen=True)
class Moment:
    """A device as it is: its configuration, its addresses, and the gateways of its leases."""

    device: Device
    fabric: Fabric
    crypto: Crypto
    addresses: Mapping[str, tuple[str, int]]
    gateways: Mapping[str, str]

    def entries(self) -> Iterator[Entry]:
        """Those of all maps that are on an interface."""
        for port in self.crypto.bound:
            yield from self.crypto.entries(port)


@dataclass(frozen=True)
class Check:
    """When a fact counts, in words, and the test of it."""

    when: str
    of: Callable[[Moment], bool]


@dataclass(frozen=True)
class SeenCheck:
    """The same of associations that exist."""

    when: str
    of: Callable[[Moment, Snapshot], bool]


@dataclass(frozen=True)
class ChangeCheck:
    """The same of what changed. `busy`: it counts only while there are associations."""

    when: str
    of: Callable[[Moment, Moment], bool]
    busy: bool = False


# -- the configuration


def _pix_static_wins(now: Moment) -> bool:
    leased = any(port.setroute and port.name in now.gateways for port in now.fabric.ports)
    return now.fabric.platform == "pix" and leased and any(route.prefix == _ANY for route in now.fabric.routes)


def _pix_route_stays(now: Moment) -> bool:
    for route in now.fabric.routes if now.fabric.platform == "pix" else ():
        own = now.addresses.get(route.port or "")
        if own and route.hop and ipaddress.IPv4Address(route.hop) not in _Network(own, strict=False):
            return True
    return False


def _no_route_map(now: Moment) -> bool:
    config = now.device.config
    if now.fabric.platform != "ios":
        return False
    known = {item["name"] for item in config.find("route-map")}
    if any(item["by"] != "list" and item["name"] not in known for item in config.find("nat-rule")):
        return True
    mapped = {item["name"] for item in config.find("nat-rule") if item["by"] != "list"}
    lists = {
        name
        for item in config.find("route-map")
        if item["name"] in mapped and (line := item.block.one("match-address"))
        for name in line["acls"].split()
    }
    return bool(lists - now.fabric.acls.keys())


def _key_specific(now: Moment) -> bool:
    keys = [_Network(key.peers) for key in now.crypto.keys]
    return any(one != other and one.subnet_of(other) for one in keys for other in keys)


CONFIGURED = {
    "pix-static-wins": Check("a static default route stands beside a lease with `setroute`", _pix_static_wins),
    "pix-route-stays": Check("the next hop of a static route is outside of its interface's network", _pix_route_stays),
    "ios-nat-no-route-map": Check("a rule names a missing route-map, or one with a missing list", _no_route_map),
    "ios-static-route-map-in": Check(
        "a static has a route-map",
        lambda now: (
            now.fabric.platform == "ios" and any(rule.kind == "static" and bool(rule.when) for rule in now.fabric.nat)
        ),
    ),
    "key-specific": Check("one key's addresses are part of another's", _key_specific),
    "pix-incomplete": Check(
        "a bound map has an incomplete entry",
        lambda now: now.crypto.platform == "pix" and any(not entry.complete for entry in now.entries()),
    ),
    "pix-identity-auto": Check(
        "no line, or `auto`, says what identity is sent",
        lambda now: (
            now.crypto.platform == "pix"
            and bool(now.crypto.bound)
            and ((line := now.device.config.one("isakmp-identity")) is None or line["value"].split()[0] == "auto")
        ),
    ),
    "reload": Check(
        "the device was reloaded", lambda now: any(event.name == "reloaded" for event in now.device.events)
    ),
}


# -- associations


def _same_networks(_now: Moment, found: Snapshot) -> bool:
    peers: dict[tuple[str, str], set[str]] = {}
    for child in found.children:
        peers.setdefault((child.local_ident, child.remote_ident), set()).add(child.peer)
    return any(len(each) > 1 for each in peers.values())


def _dropped(now: Moment, found: Snapshot) -> bool:
    dropped = {idents for idents, errors in found.errors.items() if errors.send}
    for entry in now.entries() if now.crypto.platform == "ios" and dropped else ():
        for rule in (entry.rules or ()) if entry.dynamic else ():
            proxies = proxies_of(rule, now.addresses)
            if proxies and (str(proxies.local.network), str(proxies.remote.network)) in dropped:
                return True
    return False


def _unasked_pfs(now: Moment, found: Snapshot) -> bool:
    without = {entry.place for entry in now.entries() if entry.pfs is None}
    places = ((each.map, each.sequence, each.dynamic, each.dynamic_sequence) for each in found.children if each.pfs)
    return now.crypto.platform == "ios" and any(place in without for place in places)


SEEN = {
    "newest-sa": SeenCheck("associations with two peers have the same networks", _same_networks),
    "ios-no-sa-dynamic": SeenCheck("packets for a dynamic entry's list were dropped", _dropped),
    "ios-no-pfs": SeenCheck("an association has a group that its entry does not ask for", _unasked_pfs),
    "traces": SeenCheck(
        "a negotiation is shown that is not up", lambda _now, found: any(sa.state != "established" for sa in found.ike)
    ),
    "show-pix-dynamic": SeenCheck(
        "a PIX has associations of a dynamic entry",
        lambda now, found: now.crypto.platform == "pix" and any(child.dynamic for child in found.children),
    ),
}


# -- changes


def _rules_changed(platform: str) -> Callable[[Moment, Moment], bool]:
    def changed(before: Moment, now: Moment) -> bool:
        return now.fabric.platform == platform and _translating(before.fabric) != _translating(now.fabric)

    return changed


def _translating(fabric: Fabric) -> object:
    lists = {name for rule in fabric.nat for clause in rule.when for name in clause.lists}
    return fabric.nat, {name: fabric.acls.get(name) for name in lists}


def _statics_gone(before: Moment, now: Moment) -> bool:
    def statics(moment: Moment) -> set[str]:
        return {rule.line for rule in moment.fabric.nat if rule.kind == "static"}

    return now.fabric.platform == "ios" and bool(statics(before) - statics(now))


def _moved(before: Moment, now: Moment) -> set[str]:
    """Interfaces that have lost an address."""
    return {name for name, own in before.addresses.items() if now.addresses.get(name) != own}


def _pool_moved(before: Moment, now: Moment) -> bool:
    return bool(_moved(before, now) & {pool.interface for rule in before.fabric.nat for pool in rule.pools})


def _address_changed(before: Moment, now: Moment) -> bool:
    return bool(_moved(before, now) & before.crypto.bound.keys())


def _row(name: str) -> Callable[[Moment, Moment], bool]:
    """Is a change this row of `CONSEQUENCES`?"""
    return lambda before, now: any(change.name == name for change in changes(before.crypto, now.crypto))


_BUSY = "it happens while there are associations"
CHANGED = {
    "pix-flow-plain": ChangeCheck("rules of NAT change on a living PIX", _rules_changed("pix")),
    "ios-flow-plain": ChangeCheck("rules of NAT change on a living router", _rules_changed("ios")),
    "ios-static-gone": ChangeCheck("a static is taken away", _statics_gone),
    "flow-old-lease": ChangeCheck("an interface that is translated to loses its address", _pool_moved),
    ADDRESS: ChangeCheck(_BUSY, _address_changed, busy=True),
    **{name: ChangeCheck(_BUSY, _row(name), busy=True) for name in (UNBOUND, REPLACED, IKE_OFF, GONE, POLICY, OPTIONS)},
}


def counted() -> dict[str, str]:
    """The facts that are counted, and when."""
    tables: tuple[Mapping[str, Check | SeenCheck | ChangeCheck], ...] = (CONFIGURED, SEEN, CHANGED)
    return {key: check.when for checks in tables for key, check in checks.items()}


class Used:
    """Watches one device. `keys`: what it was found to rely on."""

    def __init__(self) -> None:
        self.keys: set[str] = set()
        self._now: Moment | None = None

    def look(self, now: Moment, sas: Callable[[], Snapshot]) -> None:
        """The configuration, or an address, is this from now on. `sas`: the associations before that."""
        before, self._now = self._now, now
        for key, check in CONFIGURED.items():
            if key not in self.keys and check.of(now):
                self._use(key)
        if before is None:
            return
        found: Snapshot | None = None
        for key, change in CHANGED.items():
            if key in self.keys or not change.of(before, now):
                continue
            if change.busy:
                found = found or sas()
                if not found.children and not any(sa.state == "established" for sa in found.ike):
                    continue
            self._use(key)

    def seen(self, found: Snapshot) -> None:
        """These associations exist."""
        if self._now is None:
            return
        for key, check in SEEN.items():
            if key not in self.keys and check.of(self._now, found):
                self._use(key)

    def _use(self, key: str) -> None:
        self.keys.add(key)
        facts.use(key)
