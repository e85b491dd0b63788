# Copyright: The netvpn.dynamic_l2l contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""What two ends' configurations offer each other, side by side: policies, keys, transform sets, PFS, access lists.

A :class:`View` is one end's part in a tunnel, in the words of both platforms. Each comparison returns what differs, with
the device lines of both ends, or None where the ends agree.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, fields
from typing import Union

from ..acl import Ace
from ..algorithms import IkeProposal, Spelling, Suite, Transform, transform_name
from ..asa import render as asa_render
from ..asa.dialect import for_version as asa_version
from ..asa.model import AsaConfig
from ..ios import render as ios_render
from ..ios.dialect import for_version as ios_version
from ..ios.model import DynamicEntry, IosConfig
from ..ios.model import MapEntry as IosEntry
from ..prefixes import Prefix, dotted
from ..secret import MASK, Secret
from .result import Fix, Narrowing

Config = Union[AsaConfig, IosConfig]


@dataclass(frozen=True)
class View:
    """What an end offers to one peer. ``acl`` is None where a dynamic entry takes any proxy identity."""

    end: str
    platform: str
    spelling: Spelling
    #: ``(head line, what it means or None, its lines)``
    policies: tuple[tuple[str, IkeProposal | None, tuple[str, ...]], ...]
    #: ``(line, what it means or None)``
    sets: tuple[tuple[str, Transform | None], ...]
    acl: str | None
    #: ``(line, entry)`` of the permits, as this end sees them
    permits: tuple[tuple[str, Ace], ...]
    pfs: str | None
    pfs_line: str
    entry: str
    key: Secret | None
    key_line: str
    #: the peers of a static entry, and the addresses of the interface that its map is bound to
    peers: tuple[str, ...] = ()
    addresses: tuple[str, ...] = ()


def views(end: str, config: Config, peers: Sequence[str]) -> Iterator[View]:
    """What ``end`` offers a peer at one of the addresses; without a static entry for it, what its dynamic entries offer."""
    if isinstance(config, AsaConfig):
        yield from _asa_views(end, config, peers)
    else:
        yield from _ios_views(end, config, peers)


def _asa_views(end: str, config: AsaConfig, peers: Sequence[str]) -> Iterator[View]:
    dialect = asa_version(config.version)
    policies = tuple(
        (
            f"{dialect.isakmp} policy {policy.number}",
            policy.proposal,
            tuple(asa_render.policy_attributes(policy, dialect)),
        )
        for _number, policy in sorted(config.policies.items())
    )
    static = [entry for _key, entry in sorted(config.entries.items()) if entry.peers and not entry.dynamic]
    chosen = [entry for entry in static if set(entry.peers) & set(peers)] or (
        static if not peers or len(static) == 1 else [entry for _key, entry in sorted(config.dynamic_entries.items())]
    )
    for entry in chosen:
        names = [name for name in entry.transform_sets if name in config.transform_sets]
        sets = tuple(
            (
                asa_render.transform_set_text(config.transform_sets[name]),
                dialect.spelling.read_transform(config.transform_sets[name].words),
            )
            for name in names
        )
        entries = config.access_lists[entry.acl].aces if entry.acl in config.access_lists else ()
        group = next((config.groups[peer] for peer in entry.peers if peer in config.groups), None)
        yield View(
            end,
            "asa",
            dialect.spelling,
            policies,
            sets,
            entry.acl,
            tuple(
                (f"access-list {entry.acl} {asa_render.entry_text(ace)}", ace)
                for ace in entries
                if ace.action == "permit"
            ),
            entry.pfs,
            f"{entry.head} set pfs {entry.pfs}" if entry.pfs else entry.head,
            entry.head,
            group.key if group else None,
            f"tunnel-group {group.name} ipsec-attributes: pre-shared-key {MASK}" if group else "",
            entry.peers,
            tuple(
                dotted(interface.address)
                for interface in config.interfaces.values()
                if interface.address is not None and config.bindings.get(interface.name) == entry.map
            ),
        )


def _ios_views(end: str, config: IosConfig, peers: Sequence[str]) -> Iterator[View]:
    dialect = ios_version(config.version)
    policies = tuple(
        (f"crypto isakmp policy {policy.number}", policy.proposal, tuple(policy.lines))
        for _number, policy in sorted(config.policies.items())
    )
    static = [entry for _key, entry in sorted(config.entries.items()) if set(entry.peers) & set(peers)]
    dynamic = [part for _key, part in sorted(config.dynamic_entries.items())]
    chosen: list[IosEntry | DynamicEntry] = [*static] or [*dynamic]
    for entry in chosen:
        names = [name for name in entry.transform_sets if name in config.transform_sets]
        sets = tuple(
            (f"crypto ipsec transform-set {name} {' '.join(config.transform_sets[name].words)}",
             dialect.spelling.read_transform(config.transform_sets[name].words))
            for name in names
        )  # fmt: skip
        entries = config.access_lists[entry.acl].aces if entry.acl in config.access_lists else ()
        lines = entry.lines if isinstance(entry, IosEntry) else ()
        pfs = (
            entry.pfs
            if isinstance(entry, DynamicEntry)
            else next((line.split()[-1] for line in lines if line.startswith("set pfs")), None)
        )
        key = max(
            (key for key in config.keys if not key.prefix.length or any(key.prefix.address == peer for peer in peers)),
            key=lambda key: key.prefix.length,
            default=None,
        )
        yield View(
            end,
            "ios",
            dialect.spelling,
            policies,
            sets,
            entry.acl,
            tuple(
                (f"{ios_render.list_head(entry.acl)}: {ios_render.entry_text(ace)}", ace)
                for ace in entries
                if ace.action == "permit"
            )
            if entry.acl
            else (),
            pfs,
            f"{entry.head}: set pfs {pfs}" if pfs else entry.head,
            entry.head,
            key.key if key else None,
            f"crypto isakmp key {MASK} {ios_render.key_target(key)}" if key else "",
            entry.peers if isinstance(entry, IosEntry) else (),
            tuple(
                dotted(address)
                for interface in config.interfaces.values()
                if interface.crypto_map
                for address in interface.addresses
            ),
        )


# --- comparisons -------------------------------------------------------------------------------------------------------

Comparison = Callable[[View, View], Union[Narrowing, None]]


def policies_differ(one: View, two: View, wanted: Suite | None = None) -> Narrowing | None:
    """No IKE policy in common: the nearest pair, and in what it differs; with ``wanted`` which end is not as it should be."""
    here, there = ([policy for policy in view.policies if policy[1] is not None] for view in (one, two))
    if any(mine[1].matches(its[1]) for mine in here for its in there if mine[1] and its[1]):
        return None
    for view, policies in ((one, here), (two, there)):
        if not policies:
            return Narrowing(
                f"{view.end} has no IKE policy with a pre-shared key that is understood here",
                "ike-policy-differs",
                tuple((view.end, head) for head, _proposal, _lines in view.policies),
            )
    mine, its = min(((a, b) for a in here for b in there), key=lambda pair: len(_unequal(pair[0][1], pair[1][1])))
    unequal = _unequal(mine[1], its[1])
    told = ", ".join(f"{name} {getattr(mine[1], name)} against {getattr(its[1], name)}" for name in unequal)
    at_fault = [
        row
        for view, policy in ((one, mine), (two, its))
        for row in ((view.end, policy[0]), *((view.end, line) for line in policy[2] if _names(line, unequal)))
    ]
    lacking = [
        (view, policy)
        for view, policy, policies in ((one, mine, here), (two, its, there))
        if wanted and not any(item[1].matches(wanted.ike) for item in policies if item[1])
    ]
    commands = tuple(
        Fix(view.end, view.platform, text)
        for view, policy in lacking
        if wanted
        for text in (policy[0], *(_attribute(view, name, wanted.ike) for name in _unequal(policy[1], wanted.ike)))
    )
    who = (
        f"; the intent wants {wanted.ike}, which {' and '.join(view.end for view, _policy in lacking)} lacks"
        if wanted and lacking
        else ""
    )
    return Narrowing(
        f"no IKE policy of {one.end} equals one of {two.end}; the nearest, '{mine[0]}' of {one.end} and '{its[0]}' of {two.end}, "
        f"differ in {told}{who}",
        "ike-policy-differs",
        tuple(at_fault),
        commands,
    )


def _unequal(one: IkeProposal | None, two: IkeProposal | None) -> tuple[str, ...]:
    names = [item.name for item in fields(IkeProposal) if item.name != "lifetime"]
    return tuple(name for name in names if getattr(one, name) != getattr(two, name))


def _names(line: str, attributes: Sequence[str]) -> bool:
    return line.split()[:1] != [] and (
        line.split()[0] in attributes or ("encryption" in attributes and line.startswith("encr"))
    )


def _attribute(view: View, name: str, proposal: IkeProposal) -> str:
    value = getattr(proposal, name)
    return f"{name} {view.spelling.ike.get(value, value) if name == 'encryption' else value}"


def peers_differ(one: View, two: View) -> Narrowing | None:
    """``one`` calls an address that is not ``two``'s."""
    if not one.peers or not two.addresses or set(one.peers) & set(two.addresses):
        return None
    return Narrowing(
        f"{one.end} calls {' and '.join(one.peers)}, and the crypto map of {two.end} is at {' and '.join(two.addresses)}",
        "peer-wrong",
        ((one.end, f"{one.entry} set peer {one.peers[0]}"),),
        (Fix(one.end, "asa", f"{one.entry} set peer {two.addresses[0]}"),) if one.platform == "asa" else (),
    )


def transforms_differ(one: View, two: View, wanted: Suite | None = None) -> Narrowing | None:
    """No transform set in common; with ``wanted`` which end is not as it should be."""
    here = {transform for _line, transform in one.sets if transform}
    there = {transform for _line, transform in two.sets if transform}
    if here & there or any(transform is None for _line, transform in (*one.sets, *two.sets)):
        return None
    told = [
        f"{view.end} offers {' or '.join(str(transform) for _line, transform in view.sets) or 'none'} ({view.entry})"
        for view in (one, two)
    ]
    lacking = [view for view, has in ((one, here), (two, there)) if wanted and wanted.ipsec not in has]
    commands: list[Fix] = []
    for view in lacking:
        if wanted is None:
            break
        name = transform_name(wanted.ipsec)
        commands.append(
            Fix(
                view.end,
                view.platform,
                f"crypto ipsec transform-set {name} {view.spelling.write_transform(wanted.ipsec)}",
            )
        )
        if view.platform == "asa":
            commands.append(Fix(view.end, "asa", f"{view.entry} set transform-set {name}"))
        else:
            commands += [Fix(view.end, "ios", view.entry), Fix(view.end, "ios", f"set transform-set {name}")]
    who = (
        f"; the intent wants {wanted.ipsec}, which {' and '.join(view.end for view in lacking)} lacks"
        if wanted and lacking
        else ""
    )
    return Narrowing(
        f"no transform set in common: {', '.join(told)}{who}",
        "transform-set-differs",
        tuple((view.end, line) for view in (one, two) for line in (*(row[0] for row in view.sets), view.entry)),
        tuple(commands),
    )


def pfs_differs(one: View, two: View) -> Narrowing | None:
    """``one`` is the initiator. A responder without ``set pfs`` takes any group (ios-show.md C7.6, PFS rule)."""
    if not two.pfs or _group(two.pfs) == _group(one.pfs):
        return None
    asked = f"asks for {one.pfs}" if one.pfs else "asks for none"
    return Narrowing(
        f"{two.end} demands PFS with {two.pfs}, and {one.end} {asked}",
        "pfs-differs",
        ((one.end, one.pfs_line), (two.end, two.pfs_line)),
        (Fix(one.end, one.platform, f"{one.entry} set pfs {two.pfs}"),) if one.platform == "asa" else (),
    )


def _group(pfs: str | None) -> str:
    return (pfs or "").removeprefix("group")


def keys_differ(one: View, two: View) -> Narrowing | None:
    """Equal, unequal or unknown; never what they are."""
    for view in (one, two):
        if view.key is None:
            return Narrowing(
                f"{view.end} has no pre-shared key for the other end", "key-missing", ((view.end, view.entry),)
            )
    if one.key and two.key and one.key.same_as(two.key) is False:
        return Narrowing(
            f"the pre-shared keys of {one.end} and {two.end} are not equal",
            "key-differs",
            ((one.end, one.key_line), (two.end, two.key_line)),
        )
    return None


def lists_differ(
    one: View, two: View, proxies: tuple[str, str] = ("", ""), wanted: Sequence[tuple[Prefix, Prefix]] = ()
) -> Narrowing | None:
    """``one`` proposes: which of its entries the other end permits, mirrored, by none.

    ``proxies`` are the networks that the log says were proposed, ``wanted`` those of the intent, as ``one`` sees them: the
    former choose the entry, the latter say which end has to change.
    """
    if two.acl is None and not two.permits:
        return None  # a dynamic entry without a list takes what is proposed
    lacking = [
        (line, ace)
        for line, ace in one.permits
        if not any(other.region.contains(ace.mirrored.region) for _line, other in two.permits)
    ]
    named = [row for row in lacking if proxies[0] and _is(row[1], proxies)]
    if not lacking or (proxies[0] and not named and any(_is(ace, proxies) for _line, ace in one.permits)):
        return None
    line, ace = (named or lacking)[0]
    mirror = ace.mirrored
    near = [other for other, entry in two.permits if entry.region.overlaps(mirror.region)] or [
        other
        for other, entry in two.permits
        if entry.source.prefix == mirror.source.prefix or entry.destination.prefix == mirror.destination.prefix
    ]
    instead = f"nearest is '{near[0]}'" if near else f"list {two.acl} has nothing like it"
    if wanted and (ace.source.prefix, ace.destination.prefix) not in wanted:
        has = {(entry.source.prefix, entry.destination.prefix) for _line, entry in one.permits}
        added = [Ace.between("permit", *pair) for pair in wanted if pair not in has]
        instead += f". The intent has no such pair of networks, so the entry of {one.end} is the wrong one"
        commands = (*_entries(one, added), *_entries(one, [ace], "no "))
    else:
        commands = _entries(two, [mirror])
    return Narrowing(
        f"{one.end} proposes what '{line}' permits, and {two.end} permits no mirror of it: {instead}",
        "crypto-acl-not-mirrored",
        ((one.end, line), *((two.end, other) for other in near[:3]), *(() if near else ((two.end, two.entry),))),
        commands,
    )


def _entries(view: View, entries: Sequence[Ace], no: str = "") -> tuple[Fix, ...]:
    """The lines that put entries into the view's access list, or take them out."""
    if view.platform == "asa":
        return tuple(
            Fix(view.end, "asa", f"{no}access-list {view.acl} {asa_render.entry_text(entry)}") for entry in entries
        )
    lines = [ios_render.list_head(view.acl or ""), *(f"{no}{ios_render.entry_text(entry)}" for entry in entries)]
    return tuple(Fix(view.end, "ios", line) for line in lines) if entries else ()


def _is(ace: Ace, proxies: tuple[str, str]) -> bool:
    return (str(ace.source.prefix), str(ace.destination.prefix)) == proxies
