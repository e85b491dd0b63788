# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: The netvpn.dynamic_l2l contributors
"""The crypto map as the packets of the crypto namespace meet it: rules of nftables that mark for routing, or drop.

Packets that come over the joint from the NAT namespace are checked against the entries in their order. They get
- LIVE: SAs protect them: to the TUN device of strongSwan;
- TRAP: an entry's list permits them and there are no SAs: to the trap, which drops them and may start a negotiation;
- FRESH, FRESH_TRAP: the same, but strongSwan's own routes (its table 220) are asked first: it puts them there before it
  tells of new SAs, so there is no moment in which traffic of new SAs leaves in clear;
- none: they leave in clear.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace

from .crypto import Crypto, Entry
from .cryptorules import inner_networks
from .names import Joint
from .nft import Addresses, Chain, match, note, script
from .reading import ANY

TABLE = "crypto"
LIVE, TRAP, FRESH, FRESH_TRAP = 0x10000, 0x20000, 0x30000, 0x40000
_ESP_IN_UDP = "@th,64,32 != 0"


@dataclass(frozen=True, order=True)
class Pair:
    """The networks that a pair of SAs protects, and the entry (`Entry.place`) and interface that it belongs to."""

    port: str
    place: tuple[str, int, str, int]
    local: str
    remote: str


@dataclass(frozen=True)
class Live:
    """What the rules must know of the SAs. `mute`: peers whose ESP would need NAT traversal that is off."""

    pairs: frozenset[Pair] = frozenset()
    mute: frozenset[str] = frozenset()


def _ends(source: str, destination: str) -> str:
    parts = []
    for word, network in (("saddr", source), ("daddr", destination)):
        if network != ANY:
            parts.append(f"ip {word} {network}")
    return " ".join(parts)


def _join(networks: Iterable[str]) -> str:
    """Several networks as one anonymous set. Networks within others are left out: nft refuses them."""
    import ipaddress

    collapsed = ipaddress.collapse_addresses(ipaddress.IPv4Network(text) for text in networks)
    return "{ " + ", ".join(str(network) for network in collapsed) + " }"


def compile_marks(crypto: Crypto, addresses: Addresses, joints: Mapping[str, Joint], live: Live) -> str:
    """The rules as a script of nft. `joints`: by the names of the interfaces that lead outside."""
    hook = Chain("classify", hook="type filter hook prerouting priority mangle + 5; policy accept;")
    box = Chain("own_in", hook="type filter hook input priority filter - 5; policy accept;")
    leave = Chain("own_out", hook="type filter hook output priority filter - 5; policy accept;")
    more: list[Chain] = []
    for port, joint in joints.items():
        bound = port in crypto.bound and port in addresses
        if bound:
            more += _outbound(crypto, addresses, joints, port, live)
            hook.add(f'iifname "{joint.cry}" goto out_{joint.port}')
            inbound = _inbound(crypto, addresses, port, joint, live)
            if inbound.rules:
                more.append(inbound)
                hook.add(f'iifname "{joint.port}" goto {inbound.name}')
        if port not in crypto.listens:
            box.add(f'iifname "{joint.port}" udp dport {{ 500, 4500 }} drop', note("IKE is off"))
    for peer in sorted(live.mute):
        box.add(f"ip saddr {peer} udp dport 4500 {_ESP_IN_UDP} drop", note("ESP behind NAT, without NAT traversal"))
        leave.add(f"ip daddr {peer} udp sport 4500 {_ESP_IN_UDP} drop")
    return script(TABLE, [*more, hook, *(chain for chain in (box, leave) if chain.rules)])


def _outbound(crypto: Crypto, addresses: Addresses, joints: Mapping[str, Joint], port: str, live: Live) -> list[Chain]:
    chain = Chain(f"out_{joints[port].port}")
    chains: list[Chain] = []
    open_entries = []
    for number, entry in enumerate(entry for entry in crypto.entries(port) if entry.complete):
        pairs = [pair for pair in sorted(live.pairs) if (pair.port, pair.place) == (port, entry.place)]
        protect = [f"{_ends(pair.local, pair.remote)} meta mark set {LIVE} accept".strip() for pair in pairs]
        if entry.dynamic:
            # what was negotiated counts, whatever became of the list since (temporary entries; recall)
            chain.rules += protect
        if entry.rules is None:
            open_entries.append(entry)
            continue
        hit = Chain(f"hit_{joints[port].port}_{number}")
        if not entry.dynamic:
            hit.rules += protect
        if pairs:
            # strongSwan's routes know destinations only: beside live SAs they cannot tell
            hit.add(f"ip daddr {_join(pair.remote for pair in pairs)} meta mark set {TRAP} accept")
        hit.add(f"meta mark set {FRESH_TRAP} accept")
        listed = Chain(f"acl_{joints[port].port}_{number}")
        for rule in entry.rules:
            found = match(rule, addresses)
            if found is not None:
                listed.add(found, "return" if rule.action == "deny" else f"goto {hit.name}", note(rule.text))
        chains += [hit, listed]
        chain.add(f"jump {listed.name}", note(f"{entry.map} {entry.sequence} {entry.dynamic}".strip()))
    if open_entries:
        remotes = [pair.remote for pair in live.pairs if pair.port == port]
        inner = [net for net in inner_networks(crypto, addresses, joints) if net != ANY]
        if remotes:
            chain.add(f"ip daddr {_join(remotes)} accept")
        if inner:
            chain.add(f"ip saddr {_join(inner)} meta mark set {FRESH}")
    return [*chains, chain]


def _inbound(crypto: Crypto, addresses: Addresses, port: str, joint: Joint, live: Live) -> Chain:
    """Packets in clear that should have been encrypted.

    IOS: what the mirrored lists permit is dropped, SAs or not; PIX: for SAs that there are (`ipsec-spoof`;
    treatment.md section 1). SAs of a dynamic entry without a list: its temporary entry has one (recall).
    """
    chain = Chain(f"in_{joint.port}")
    own = addresses[port][0]
    drops: list[str] = []
    for entry in crypto.entries(port):
        pairs = [pair for pair in sorted(live.pairs) if (pair.port, pair.place) == (port, entry.place)]
        if crypto.platform == "pix" or entry.rules is None:
            drops += [f"{_ends(pair.remote, pair.local)} counter drop".strip() for pair in pairs]
            continue
        if not entry.complete:
            continue
        drops += _mirrored(entry, addresses)
    if drops:
        chain.add(f"ip daddr {own} udp dport {{ 500, 4500 }} accept")
        chain.rules += drops
    return chain


def _mirrored(entry: Entry, addresses: Addresses) -> list[str]:
    found = []
    for rule in entry.rules or ():
        text = match(replace(rule, other=()), addresses, reverse=True)
        if text is None:
            continue
        if rule.action == "deny":
            # what another entry's list permits behind this is dropped on the device; rare, not emulated
            found.append(f"{text} accept".strip())
        else:
            found.append(f"{text} counter drop {note(rule.text)}".strip())
    return found
