# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: The netvpn.dynamic_l2l contributors
"""What a device does with proposals and packets, by its own rules; and these rules as configuration of strongSwan.

strongSwan chooses among children by how well their selectors fit (equal 5, overlapping 1, summed over selectors and over
both sides; the first of the best wins) and then *narrows* what was proposed. The devices do neither: they take a
proposal as it is or not at all. So each pair of networks of a crypto ACL is surrounded by children that win for every
proposal that the device would refuse and that have no transform in common with anybody (`_refusals`): the peer gets
NO-PROPOSAL-CHOSEN, as from the device (failures.md, crypto ACLs not mirrored).

Limits: selectors with ranges of ports and wildcards with holes are not negotiated; where a refusal of a static entry
would make the device go on to a dynamic entry without a list, a narrower proposal stays with the static entry.
"""

from __future__ import annotations

import ipaddress
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from .crypto import EVERYBODY, Crypto, Entry, Key, Policy, Transform, most_specific
from .nft import Addresses, resolve
from .reading import Rule, protocol_number

Network = ipaddress.IPv4Network
_MODP = {1: "modp768", 2: "modp1024", 5: "modp1536"}
_GROUPS = ("modp768", "modp1024", "modp1536")
_INTEGRITY = {"md5": "md5", "sha": "sha1"}
# No emulated device can be given these
_IMPOSSIBLE = "null-sha512"
# PIX: `Starting P1 rekey timer: 82080 seconds` of 86400, `P2 rekey timer: 3060 seconds` of 3600 (seed). IOS: recall
_SOFT_IKE, _SOFT_CHILD = 0.95, 0.85


@dataclass(frozen=True)
class Selector:
    """One side of a proxy identity. `port` 0: any."""

    network: Network
    protocol: int = 0
    port: int = 0

    def __contains__(self, other: Selector) -> bool:
        return (
            other.network.subnet_of(self.network)
            and self.protocol in (0, other.protocol)
            and self.port in (0, other.port)
        )

    def text(self, network: str = "") -> str:
        """As strongSwan writes it."""
        network = network or str(self.network)
        if not self.protocol:
            return network
        return f"{network}[{self.protocol}/{self.port}]" if self.port else f"{network}[{self.protocol}]"


@dataclass(frozen=True)
class Proxies:
    """A proxy identity: ours and the peer's."""

    local: Selector
    remote: Selector

    def __contains__(self, other: Proxies) -> bool:
        return other.local in self.local and other.remote in self.remote


ANY = Proxies(Selector(Network(EVERYBODY)), Selector(Network(EVERYBODY)))


@dataclass(frozen=True)
class Child:
    """A child of a connection: what it stands for. `entry` None: it refuses."""

    name: str
    proxies: Proxies
    entry: Entry | None
    accepts: bool = True


@dataclass(frozen=True)
class Peer:
    """A connection of strongSwan: one for each address or network that a key is for, or a static peer."""

    name: str
    port: str
    local: str
    remote: str
    children: tuple[Child, ...] = ()


@dataclass(frozen=True)
class Plan:
    """What strongSwan is given. `helpers`: addresses by the network in which strongSwan needs one of its own."""

    connections: dict[str, dict[str, Any]] = field(default_factory=dict)
    keys: dict[str, tuple[tuple[str, ...], str]] = field(default_factory=dict, repr=False)
    peers: tuple[Peer, ...] = ()
    helpers: dict[str, str] = field(default_factory=dict)

    def peer(self, name: str) -> Peer | None:
        """A connection by its name."""
        return next((peer for peer in self.peers if peer.name == name), None)


# -- the devices' rules


def proxies_of(rule: Rule, addresses: Addresses) -> Proxies | None:
    """The proxy identity that an entry of a crypto ACL stands for; None where it cannot be negotiated."""
    ends = []
    for address, ports in ((rule.source, rule.source_ports), (rule.destination, rule.destination_ports)):
        text = resolve(address, addresses)
        if text is None or "&" in text or (ports and ports[0] != ports[1]):
            return None
        protocol = 0 if rule.protocol == "ip" else protocol_number(rule.protocol)
        ends.append(Selector(Network(text), protocol, ports[0] if ports else 0))
    return Proxies(*ends)


def takes(entry: Entry, offer: Proxies, platform: str, addresses: Addresses) -> bool:
    """Does an entry take this proxy identity from a peer?

    Static, IOS: an offer within a permit (ios-crypto.md B10: narrower yes, wider no). Static, PIX: the permit itself
    (`not mirrored`, asa-cli.md 8; that narrower is refused: recall). Dynamic: within a permit; without a list any (B10).
    """
    if entry.rules is None:
        return bool(entry.dynamic)
    for rule in entry.rules:
        own = proxies_of(rule, addresses)
        if own is None or offer not in own:
            continue
        if rule.action == "deny":
            return False
        if entry.dynamic or platform == "ios" or own == offer:
            return True
    return False


def verdict(
    entries: Iterable[Entry], peer: str | None, offer: Proxies, platform: str, addresses: Addresses
) -> Entry | None:
    """The entry that answers a peer's offer: the first in order of sequence (`peer` None: one without an entry of its own)."""
    for entry in entries:
        if entry.complete and entry.role != "originate" and (not entry.peers or peer in entry.peers):
            if takes(entry, offer, platform, addresses):
                return entry
    return None


def secret_for(crypto: Crypto, peer: str) -> str | None:
    """The key for an address: the most specific (that a host's key is preferred to the wildcard: recall, B2)."""
    address = ipaddress.IPv4Address(peer)
    found = [key for key in crypto.keys if address in Network(key.peers)]
    return max(found, key=lambda key: Network(key.peers).prefixlen).secret if found else None


def _owners(crypto: Crypto, key: Key, addresses: Addresses) -> tuple[str, ...]:
    """The addresses that a key is for, as networks: not those with a key of their own, and not ours.

    strongSwan looks for a key by the identities of its connections, ours and `%any`, before it does by addresses, and
    takes what fits either: a key for `%any` would always be found first.
    """
    found = [Network(key.peers)]
    taken = [Network(each.peers) for each in crypto.keys] + [Network(address) for address, _ in addresses.values()]
    for net in taken:
        if net != Network(key.peers) and net.subnet_of(Network(key.peers)):
            found = [
                part
                for each in found
                if not each.subnet_of(net)
                for part in (each.address_exclude(net) if net.subnet_of(each) else [each])
            ]
    return tuple(str(each).removesuffix("/32") for each in sorted(found))


def acceptable(crypto: Crypto) -> list[Policy]:
    """The policies that can be used with a shared key, in order."""
    found = [p for p in crypto.policies if p.authentication == "pre-share" and p.group in _MODP]
    return sorted(found, key=lambda policy: policy.number)


# -- strongSwan's children


def _within(selector: Selector) -> list[str]:
    """Two ranges that no network equals and that together touch all that overlaps: narrower and wider networks."""
    network = selector.network
    if network.num_addresses < 4:
        # of a host nothing is narrower; two almost whole address spaces touch all that is wider
        return [selector.text("0.0.0.0-255.255.255.254"), selector.text("0.0.0.1-255.255.255.255")]
    first, last = network[0], network[-1]
    return [selector.text(f"{first}-{last - 1}"), selector.text(f"{first + 1}-{last}")]


def _beside(selector: Selector, others: Iterable[Network]) -> list[str]:
    """An address that every wider network has, and neither this one nor one of the others; none: there is none."""
    network = selector.network
    if not network.prefixlen:
        return []
    sibling = next(half for half in network.supernet().subnets() if half != network)
    others = list(others)
    for address in (sibling[-1], sibling[0], sibling[sibling.num_addresses // 2]):
        if not any(address in other for other in others):
            return [selector.text(f"{address}/32")]
    return []


def _narrow(proxies: Proxies) -> Proxies | None:
    """An offer within, if there is one."""
    if proxies.remote.network.prefixlen < 31:
        half = next(proxies.remote.network.subnets())
        return Proxies(proxies.local, Selector(half, proxies.remote.protocol, proxies.remote.port))
    if proxies.local.network.prefixlen < 31:
        half = next(proxies.local.network.subnets())
        return Proxies(Selector(half, proxies.local.protocol, proxies.local.port), proxies.remote)
    return None


def _wide(proxies: Proxies) -> Proxies | None:
    if proxies.remote.network.prefixlen:
        return Proxies(proxies.local, Selector(proxies.remote.network.supernet()))
    if proxies.local.network.prefixlen:
        return Proxies(Selector(proxies.local.network.supernet()), proxies.remote)
    return None


@dataclass
class _Children:
    """The children of a connection, in the order in which strongSwan must meet them."""

    crypto: Crypto
    addresses: Addresses
    entries: list[Entry]
    peer: str | None
    before: list[tuple[Child, list[str], list[str]]] = field(default_factory=list)
    middle: list[tuple[Child, list[str], list[str]]] = field(default_factory=list)
    after: list[tuple[Child, list[str], list[str]]] = field(default_factory=list)
    seen: set[Proxies] = field(default_factory=set)

    def verdict(self, offer: Proxies) -> Entry | None:
        return verdict(self.entries, self.peer, offer, self.crypto.platform, self.addresses)

    def build(self) -> list[tuple[Child, list[str], list[str]]]:
        for entry in self.entries:
            if entry.rules is None:
                self._open(entry)
                continue
            for number, rule in enumerate(entry.rules, 1):
                proxies = proxies_of(rule, self.addresses)
                if proxies is not None:
                    self._rule(entry, number, rule, proxies)
        return [*self.before, *self.middle, *self.after]

    def _open(self, entry: Entry) -> None:
        if self.verdict(ANY) is entry and ANY not in self.seen:
            self.seen.add(ANY)
            self._add(self.middle, Child(_name(entry, "any"), ANY, entry))

    def _rule(self, entry: Entry, number: int, rule: Rule, proxies: Proxies) -> None:
        chosen = self.verdict(proxies)
        if proxies not in self.seen:
            self.seen.add(proxies)
            if chosen is None:
                self._add(self.before, Child(_name(entry, f"{number}-no"), proxies, None))
            else:
                self._add(self.middle, Child(_name(chosen, str(number), entry), proxies, chosen))
                self._refusals(entry, number, proxies, chosen)
        if rule.action == "permit" and not entry.dynamic and entry.role != "answer" and chosen is not entry:
            # ours to start though another entry answers: behind the other child, which wins for what peers offer
            self._add(self.after, Child(_name(entry, f"{number}-start"), proxies, entry, accepts=False))

    def _refusals(self, entry: Entry, number: int, proxies: Proxies, chosen: Entry) -> None:
        narrow, wide = _narrow(proxies), _wide(proxies)
        refuses_narrow = narrow is not None and self.verdict(narrow) is None
        refuses_wide = wide is not None and self.verdict(wide) is None
        if not refuses_narrow and not refuses_wide:
            return
        others = [
            found for entry in self.entries for rule in entry.rules or () if (found := proxies_of(rule, self.addresses))
        ]
        for side in ("l", "r"):
            local, remote = [proxies.local.text()], [proxies.remote.text()]
            if side == "l":
                local = (
                    _within(proxies.local)
                    if refuses_narrow
                    else _beside(proxies.local, [each.local.network for each in others])
                )
            else:
                remote = (
                    _within(proxies.remote)
                    if refuses_narrow
                    else _beside(proxies.remote, [each.remote.network for each in others])
                )
            if local and remote:
                self.before.append((Child(_name(entry, f"{number}-no-{side}"), proxies, None), local, remote))

    def _add(self, where: list[tuple[Child, list[str], list[str]]], child: Child) -> None:
        where.append((child, [child.proxies.local.text()], [child.proxies.remote.text()]))


def _name(entry: Entry, number: str, cause: Entry | None = None) -> str:
    """`MAP:SEQUENCE[:DYNAMIC:SEQUENCE]/ACE`"""
    parts = [entry.map, str(entry.sequence)]
    if entry.dynamic:
        parts += [entry.dynamic, str(entry.dynamic_sequence)]
    behind = f"@{cause.sequence}" if cause is not None and cause is not entry else ""
    return ":".join(parts) + f"/{number}{behind}"


def esp_proposals(entry: Entry | None) -> list[str]:
    """The transform sets of an entry.

    `set pfs`: this group and no other. Without: none is offered, any is taken (ios-crypto.md B10).
    """
    found = []
    for transform in entry.transforms if entry else ():
        if words := _esp(transform):
            assert entry
            if entry.pfs is None:
                words += ["modpnone", *_GROUPS]
            elif entry.pfs in _MODP:
                words.append(_MODP[entry.pfs])
            else:
                continue
            found.append("-".join(words))
    return found or [_IMPOSSIBLE]


def _esp(transform: Transform) -> list[str]:
    """AH, esp-seal and ESP without a hash cannot be had of strongSwan's userspace ESP."""
    if transform.ah or transform.hash not in _INTEGRITY or transform.encryption in ("", "seal"):
        return []
    return [transform.encryption, _INTEGRITY[transform.hash]]


def ike_proposals(crypto: Crypto) -> list[str]:
    """One proposal for each policy, in order."""
    return [f"{p.encryption}-{_INTEGRITY[p.hash]}-{_MODP[p.group]}" for p in acceptable(crypto)]


# -- all of it


def compile_crypto(crypto: Crypto, addresses: Addresses, ports: Iterable[str], pace: float = 1) -> Plan:
    """strongSwan's configuration. `ports`: the interfaces that lead outside; `pace`: by what the seconds of dead peer
    detection are multiplied (nobody waits in tests)."""
    proposals = ike_proposals(crypto)
    outer = list(ports)
    plan = Plan(helpers=_helpers(crypto, addresses, outer))
    if not proposals:
        return plan
    for key in crypto.keys:
        plan.keys[key.peers] = (_owners(crypto, key, addresses), key.secret)
    peers = []
    for port in outer:
        local = addresses.get(crypto.local.get(crypto.bound.get(port, ""), port))
        if port in crypto.listens and local is not None and port in crypto.ports:
            peers += list(_peers(crypto, addresses, port, local[0]))
    connections: dict[str, dict[str, Any]] = {}
    done = []
    for peer, entries in peers:
        made = _Children(crypto, addresses, entries, _host(peer.remote)).build()
        done.append(Peer(peer.name, peer.port, peer.local, peer.remote, tuple(child for child, _, _ in made)))
        connections[peer.name] = _connection(crypto, peer, proposals, made, pace)
    return Plan(connections, plan.keys, tuple(done), plan.helpers)


def _host(remote: str) -> str | None:
    return remote.removesuffix("/32") if remote.endswith("/32") else None


def _peers(crypto: Crypto, addresses: Addresses, port: str, local: str) -> Iterator[tuple[Peer, list[Entry]]]:
    entries = [entry for entry in crypto.entries(port) if entry.complete]
    remotes = {f"{peer}/32" for entry in entries for peer in entry.peers if secret_for(crypto, peer) is not None}
    remotes |= {key.peers for key in crypto.keys}
    if crypto.platform == "pix":
        # The PIX looks for a tunnel group only with message 3, and goes silent then (asa-cli.md 8: the peer stays in
        # MM_WAIT_MSG4). IOS finds no key with message 1 and refuses the policies (ios-crypto.md B10).
        remotes.add(EVERYBODY)
    for remote in sorted(remotes, key=lambda text: (-Network(text).prefixlen, text)):
        peer = _host(remote)
        known = remote != EVERYBODY or any(key.peers == EVERYBODY for key in crypto.keys)
        own = [entry for entry in entries if known and (not entry.peers or peer in entry.peers)]
        yield Peer(f"{port}:{remote}", port, local, remote), own


def _connection(
    crypto: Crypto,
    peer: Peer,
    proposals: list[str],
    children: list[tuple[Child, list[str], list[str]]],
    pace: float,
) -> dict[str, Any]:
    # strongSwan writes one lifetime into all transforms of an offer, where the devices write each policy's own: it is
    # the first policy's. What the show commands print is that of the policy that was chosen.
    lifetime = acceptable(crypto)[0].lifetime
    soft = int(lifetime * _SOFT_IKE)
    host = _host(peer.remote)
    found: dict[str, Any] = {
        "version": "1",
        "local_addrs": [peer.local],
        "remote_addrs": [host or peer.remote],
        "proposals": proposals,
        "encap": "yes",
        "mobike": "no",
        "fragmentation": "no",
        # An INITIAL-CONTACT takes the peer's older SAs away, nothing else does
        "unique": "no",
        "keyingtries": "1",
        # strongSwan offers the sum of both as the lifetime
        "reauth_time": str(soft),
        "over_time": str(lifetime - soft),
        "rand_time": "0",
        "local": {"auth": "psk", "id": peer.local if crypto.identity == "address" else f"fqdn:{crypto.identity}"},
        # The identity is not looked at (ios-crypto.md B10); PIX: `peer-id-validate` is for certificates
        "remote": {"auth": "psk", "id": "%any"},
        "children": {child.name: _child(child, local, remote, host is not None) for child, local, remote in children},
    }
    keepalive = most_specific(crypto.keepalives, host or peer.remote.partition("/")[0])
    if keepalive:
        found["dpd_delay"] = f"{max(1, round(keepalive.threshold * pace))}s"
        found["dpd_timeout"] = f"{max(4, round(keepalive.threshold * pace + 3 * keepalive.retry * pace))}s"
    return found


def _child(child: Child, local: list[str], remote: list[str], host: bool) -> dict[str, Any]:
    lifetime = child.entry.lifetime if child.entry else 3600
    return {
        "local_ts": local,
        "remote_ts": remote,
        "esp_proposals": esp_proposals(child.entry),
        "life_time": f"{lifetime}s",
        "rekey_time": f"{int(lifetime * _SOFT_CHILD)}s",
        "rand_time": "0",
        # An SA of the same networks with another peer is another SA: the newest is used. Without this strongSwan
        # shares one policy among them and its userspace ESP uses the oldest.
        "if_id_in": "%unique",
        "if_id_out": "%unique",
    }


def inner_networks(crypto: Crypto, addresses: Addresses, outer: Iterable[str]) -> dict[str, str]:
    """Networks of the inside with an address in each: the device's own where it has one, else the first of all.

    Connected ones, those of static routes, and what crypto ACLs name as ours.
    """
    found: dict[str, str] = {}
    for name, (address, length) in addresses.items():
        if name not in outer:
            found[str(Network(f"{address}/{length}", strict=False))] = address
    own = [address for address, _ in addresses.values()]
    texts = [*crypto.networks]
    for entries in crypto.maps.values():
        for rule in (rule for entry in entries for rule in entry.rules or ()):
            proxies = proxies_of(rule, addresses)
            if proxies is not None:
                texts.append(str(proxies.local.network))
    for text in texts:
        network = Network(text)
        if network.prefixlen == 0 or text in found:
            continue
        here = [address for address in own if ipaddress.IPv4Address(address) in network]
        found[text] = here[0] if here else helper(network)
    return found


def helper(network: Network) -> str:
    """An address in a network: its last but one, the only one of a host."""
    return str(network[-2] if network.num_addresses > 2 else network[0])


def _helpers(crypto: Crypto, addresses: Addresses, outer: list[str]) -> dict[str, str]:
    outside = {addresses[name][0] for name in outer if name in addresses}
    return {net: own for net, own in inner_networks(crypto, addresses, outer).items() if own not in outside}


def starters(
    plan: Plan, port: str, entry: Entry, rule: Rule, addresses: Mapping[str, tuple[str, int]]
) -> list[tuple[str, str]]:
    """The connections and children with which an entry's traffic starts a negotiation, by the order of its peers."""
    proxies = proxies_of(rule, addresses)
    found = []
    for address in entry.peers:
        for peer in plan.peers:
            if peer.port != port or peer.remote != f"{address}/32":
                continue
            for child in peer.children:
                if child.entry is not None and child.entry.place == entry.place and child.proxies == proxies:
                    found.append((peer.name, child.name))
                    break
    return found
