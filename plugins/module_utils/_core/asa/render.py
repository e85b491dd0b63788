# Copyright: The netvpn.dynamic_l2l contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""How the objects of a PIX/ASA are written: as running-config text, and as steps that create or remove them.

Stages name places in ``plan.SWITCH_ORDER``. The order inside a stage is the order in which the planner asks.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import asdict
from typing import Any

from ..acl import Ace, Address, Entry, Remark
from ..prefixes import ANY
from ..secret import MASK
from ..steps import Line, Ref, Step, removal_step, simple_step
from .dialect import Dialect
from .model import AsaConfig, Global, IkePolicy, MapEntry, Nat, TransformSet, TunnelGroup


def acl_ref(name: str) -> Ref:
    """The object that ``access-list NAME`` lines make."""
    return ("access-list", name)


def set_ref(name: str) -> Ref:
    """A transform set."""
    return ("transform-set", name)


def entry_ref(entry: MapEntry) -> Ref:
    """An entry of a crypto map."""
    return ("crypto map", entry.map, str(entry.sequence))


def group_ref(name: str) -> Ref:
    """A tunnel group."""
    return ("tunnel-group", name)


def policy_ref(number: int) -> Ref:
    """An IKE policy."""
    return ("policy", str(number))


def binding_ref(interface: str) -> Ref:
    """The crypto map of an interface."""
    return ("crypto map interface", interface)


def enable_ref(interface: str) -> Ref:
    """IKE on an interface."""
    return ("enable", interface)


def exemption_ref(interface: str) -> Ref:
    """``nat (interface) 0 access-list``."""
    return ("nat 0", interface)


def nat_ref(nat: Nat) -> Ref:
    """A ``nat`` rule with an id."""
    return ("nat", nat_text(nat))


def global_ref(item: Global) -> Ref:
    """A ``global`` line."""
    return ("global", global_text(item))


def address_text(address: Address) -> str:
    """``any``, ``host 10.1.1.1``, ``10.1.1.0 255.255.255.0`` or the device's own words."""
    if address.opaque:
        return address.opaque
    if address.prefix == ANY:
        return "any"
    if address.prefix.length == 32:
        return f"host {address.prefix.address}"
    return f"{address.prefix.address} {address.prefix.netmask}"


def entry_text(entry: Entry) -> str:
    """An entry as it stands behind ``access-list NAME``."""
    if isinstance(entry, Remark):
        return f"remark {entry.text}"
    if not isinstance(entry, Ace):
        return entry.text
    words = [
        "extended", entry.action, entry.protocol, address_text(entry.source), *entry.source_port,
        address_text(entry.destination), *entry.destination_port, *entry.options,
    ]  # fmt: skip
    return " ".join(words)


def nat_text(nat: Nat) -> str:
    """``nat (inside) 1 0.0.0.0 0.0.0.0``."""
    what = f"access-list {nat.acl}" if nat.acl else f"{nat.prefix.address} {nat.prefix.netmask}" if nat.prefix else ""
    return f"nat ({nat.interface}) {nat.id} {what} {nat.tail}".rstrip()


def global_text(item: Global) -> str:
    """``global (outside) 1 interface``."""
    return f"global ({item.interface}) {item.id} {item.value}"


def entry_lines(entry: MapEntry) -> list[str]:
    """The lines of a map entry, in the running config's order."""
    if entry.dynamic:
        return [f"{entry.head} ipsec-isakmp dynamic {entry.dynamic}"]
    lines = []
    if entry.acl:
        lines.append(f"match address {entry.acl}")
    if entry.pfs:
        # group2 is the default of these releases and shown as a bare ``set pfs``.
        lines.append("set pfs" if entry.pfs == "group2" else f"set pfs {entry.pfs}")
    if entry.peers:
        lines.append(f"set peer {' '.join(entry.peers)}")
    if entry.transform_sets:
        lines.append(f"set transform-set {' '.join(entry.transform_sets)}")
    if entry.seconds is not None:
        lines.append(f"set security-association lifetime seconds {entry.seconds}")
    if entry.kilobytes is not None:
        lines.append(f"set security-association lifetime kilobytes {entry.kilobytes}")
    return [f"{entry.head} {line}" for line in (*lines, *entry.others)]


def group_lines(group: TunnelGroup) -> list[str]:
    """A tunnel group, its key masked."""
    lines = [f"tunnel-group {group.name} type {group.type}"] if group.type else []
    sections: dict[str, list[str]] = {}
    for section, text in group.others:
        sections.setdefault(section, []).append(text)
    ipsec = sections.setdefault("ipsec-attributes", [])
    if group.dpd:
        ipsec.insert(0, f"isakmp keepalive threshold {group.dpd.interval} retry {group.dpd.retry}")
    if group.key:
        ipsec.insert(0, f"pre-shared-key {MASK}")
    for section, texts in sections.items():
        if texts:
            lines += [f"tunnel-group {group.name} {section}", *(f" {text}" for text in texts)]
    return lines


def policy_lines(policy: IkePolicy, dialect: Dialect) -> list[str]:
    """An IKE policy as the release shows it: a block, or one line for each attribute."""
    head = f"{dialect.isakmp} policy {policy.number}"
    attributes = policy.lines or policy_attributes(policy, dialect)
    if dialect.policy_block:
        return [head, *(f" {attribute}" for attribute in attributes)]
    return [f"{head} {attribute}" for attribute in attributes]


def policy_attributes(policy: IkePolicy, dialect: Dialect) -> tuple[str, ...]:
    """The five lines of a pre-shared-key policy, in the device's order; all are shown even when default."""
    if policy.proposal is None:
        return policy.lines
    return (
        "authentication pre-share",
        f"encryption {dialect.spelling.ike[policy.proposal.encryption]}",
        f"hash {policy.proposal.hash}",
        f"group {policy.proposal.group}",
        f"lifetime {policy.proposal.lifetime or 86400}",
    )


def owned_text(config: AsaConfig, scope: Iterable[Ref], dialect: Dialect) -> str:
    """The objects of ``scope`` as running-config text, keys masked; sections as in the running config.

    Lists are shown whole, entries of others included: an edit is judged by what stands around it. Inside a section
    objects are sorted: in which order the device keeps them says nothing about what it does.
    """
    wanted = set(scope)
    lines: list[str] = []
    for name, access_list in sorted(config.access_lists.items()):
        if acl_ref(name) in wanted:
            lines += [f"access-list {name} {entry_text(entry)}" for entry in access_list.entries]
    lines += sorted(global_text(item) for item in config.globals if global_ref(item) in wanted)
    for interface, acl in sorted(config.exemptions.items()):
        if exemption_ref(interface) in wanted:
            lines.append(f"nat ({interface}) 0 access-list {acl}")
    lines += sorted(nat_text(nat) for nat in config.nats if nat_ref(nat) in wanted)
    for _name, transform_set in sorted(config.transform_sets.items()):
        if set_ref(transform_set.name) in wanted:
            lines.append(transform_set_text(transform_set))
    for name in sorted({entry.map for entry in config.entries.values()} | set(config.bindings.values())):
        for entry in config.entries_of(name):
            if entry_ref(entry) in wanted:
                lines += entry_lines(entry)
        lines += [
            f"crypto map {name} interface {interface}"
            for interface, bound in sorted(config.bindings.items())
            if bound == name and binding_ref(interface) in wanted
        ]
    lines += [f"{dialect.isakmp} enable {i}" for i in sorted(config.enabled) if enable_ref(i) in wanted]
    for number, policy in sorted(config.policies.items()):
        if policy_ref(number) in wanted:
            lines += policy_lines(policy, dialect)
    for name, group in sorted(config.groups.items()):
        if group_ref(name) in wanted:
            lines += group_lines(group)
    return "".join(f"{line}\n" for line in lines)


def owned_data(config: AsaConfig, scope: Iterable[Ref] | None, dialect: Dialect) -> dict[str, Any]:
    """The objects of ``scope`` (None: all) as plain data; keys masked, None where there is no key."""
    wanted = None if scope is None else set(scope)

    def ours(ref: Ref) -> bool:
        return wanted is None or ref in wanted

    maps: dict[str, Any] = {}
    for entry in (entry for _key, entry in sorted(config.entries.items()) if ours(entry_ref(entry))):
        maps.setdefault(entry.map, {})[str(entry.sequence)] = {
            "match_address": entry.acl,
            "peers": list(entry.peers),
            "transform_sets": list(entry.transform_sets),
            "pfs": entry.pfs,
            "lifetime_seconds": entry.seconds,
            "lifetime_kilobytes": entry.kilobytes,
            "dynamic": entry.dynamic,
        }
    lists = (item for item in config.access_lists.values() if ours(acl_ref(item.name)))
    return {
        "version": config.version,
        "access_lists": {item.name: [entry_text(entry) for entry in item.entries] for item in lists},
        "globals": [global_text(item) for item in config.globals if ours(global_ref(item))],
        "exemptions": {i: acl for i, acl in config.exemptions.items() if ours(exemption_ref(i))},
        "nat": [nat_text(nat) for nat in config.nats if ours(nat_ref(nat))],
        "transform_sets": {t.name: list(t.words) for t in config.transform_sets.values() if ours(set_ref(t.name))},
        "crypto_maps": maps,
        "bindings": {i: name for i, name in config.bindings.items() if ours(binding_ref(i))},
        "isakmp_enabled": [i for i in config.enabled if ours(enable_ref(i))],
        "ike_policies": {
            str(n): list(policy_attributes(policy, dialect))
            for n, policy in config.policies.items()
            if ours(policy_ref(n))
        },
        "tunnel_groups": {
            group.name: {
                "type": group.type,
                "pre_shared_key": MASK if group.key else None,
                "dpd": asdict(group.dpd) if group.dpd else None,
            }
            for group in config.groups.values()
            if ours(group_ref(group.name))
        },
    }


def transform_set_text(transform_set: TransformSet) -> str:
    """``crypto ipsec transform-set NAME esp-aes-256 esp-sha-hmac``."""
    return f"crypto ipsec transform-set {transform_set.name} {' '.join(transform_set.words)}"


# --- steps ---------------------------------------------------------------------------------------------------------


def create_policy(policy: IkePolicy, dialect: Dialect) -> Step:
    """An IKE policy with all its lines; inert until a peer negotiates, so they are one step."""
    head = f"{dialect.isakmp} policy {policy.number}"
    attributes = policy_attributes(policy, dialect)
    if dialect.policy_block:
        lines = tuple(Line.of(attribute, parents=(head,)) for attribute in attributes)
    else:
        lines = tuple(Line.of(f"{head} {attribute}") for attribute in attributes)
    return Step(lines, (Line.of(f"no {head}"),), "object", provides=frozenset({policy_ref(policy.number)}))


def remove_policy(policy: IkePolicy, dialect: Dialect) -> Step:
    """``no crypto isakmp policy N``; undone by the whole policy."""
    made = create_policy(policy, dialect)
    return Step(made.undo, made.do, "rest")


def create_group(group: TunnelGroup) -> list[Step]:
    """``type``, key and keepalives of a tunnel group that does not exist."""
    section = (f"tunnel-group {group.name} ipsec-attributes",)
    # ``clear configure tunnel-group`` is the only sourced way to take a whole group away (Netspoc-Approve).
    head = Step(
        (Line.of(f"tunnel-group {group.name} type {group.type}"),),
        (Line.of(f"clear configure tunnel-group {group.name}"),),
        "object",
        provides=frozenset({group_ref(group.name)}),
    )
    lines = group_attributes(group)
    steps = [head]
    if lines:
        undo = tuple(Line.of(_negated(line), parents=section) for line in lines)
        steps.append(
            Step(
                lines,
                undo,
                "object",
                needs=frozenset({group_ref(group.name)}),
                provides=frozenset({group_ref(group.name)}),
            )
        )
    return steps


def group_attributes(group: TunnelGroup) -> tuple[Line, ...]:
    """The ``ipsec-attributes`` lines that we manage."""
    section = (f"tunnel-group {group.name} ipsec-attributes",)
    lines = []
    if group.key and group.key.known:
        lines.append(Line.of("pre-shared-key ", group.key, parents=section))
    if group.dpd:
        keepalive = f"isakmp keepalive threshold {group.dpd.interval} retry {group.dpd.retry}"
        lines.append(Line.of(keepalive, parents=section))
    return tuple(lines)


def _negated(line: Line) -> str:
    """The ``no`` form without its value: a key is not needed to take a key away."""
    return "no pre-shared-key" if line.secret else f"no {line.shown}"


def change_group(old: TunnelGroup, new: TunnelGroup) -> list[Step]:
    """Steps for a group that exists: its type where it has none, a new key, other keepalives."""
    steps = []
    if old.type != new.type:
        steps.append(
            Step(
                (Line.of(f"tunnel-group {new.name} type {new.type}"),),
                (),
                "object",
                provides=frozenset({group_ref(new.name)}),
            )
        )
    before = dict(zip(("key", "dpd"), (old.key, old.dpd), strict=True))
    for line in group_attributes(new):
        what = "key" if line.secret else "dpd"
        if before[what] == (new.key if line.secret else new.dpd):
            continue
        back = group_attributes(
            TunnelGroup(old.name, key=old.key if line.secret else None, dpd=None if line.secret else old.dpd)
        )
        undo = back or (Line.of(_negated(line), parents=line.parents),)
        if line.secret and old.key and not old.key.known:
            # The key behind the stars is not known: it cannot be put back.
            undo = ()
        steps.append(Step((line,), undo, "object", needs=frozenset({group_ref(new.name)})))
    return steps


def remove_group(group: TunnelGroup) -> Step:
    """The whole group; undone by all that is known of it."""
    made = create_group(group)
    others = tuple(Line.of(text, parents=(f"tunnel-group {group.name} {section}",)) for section, text in group.others)
    return Step(
        made[0].undo,
        (*(line for step in made for line in step.do), *others),
        "rest",
        removes=frozenset({group_ref(group.name)}),
    )


def entry_line(name: str, entry: Entry, position: int, length: int) -> Line:
    """An ACE typed into a list of ``length`` entries at ``position``; at the end no line number is needed."""
    at = "" if position >= length else f"line {position + 1} "
    return Line.of(f"access-list {name} {at}{entry_text(entry)}")


def insert_entry(name: str, entry: Entry, stage: str, *, provides: bool) -> Step:
    """One ACE at the end of a list; the planner says where else."""
    text = f"access-list {name} {entry_text(entry)}"
    return simple_step(text, stage, provides={acl_ref(name)} if provides else ())


def delete_entry(name: str, entry: Entry, stage: str, *, last: bool) -> Step:
    """One ACE out, by its whole text (a line number alone is not accepted everywhere)."""
    text = f"access-list {name} {entry_text(entry)}"
    return removal_step(text, stage, removes={acl_ref(name)} if last else ())


def create_map_line(entry: MapEntry, attribute: str, stage: str = "entry") -> Step:
    """One line of a map entry."""
    needs: set[Ref] = set()
    if attribute.startswith("match address"):
        needs = {acl_ref(entry.acl or "")}
    elif attribute.startswith("set transform-set"):
        needs = {set_ref(name) for name in entry.transform_sets}
    return simple_step(f"{entry.head} {attribute}", stage, provides={entry_ref(entry)}, needs=needs)


def remove_map_line(entry: MapEntry, attribute: str) -> Step:
    """``no crypto map M N …``; the entry vanishes with its last line."""
    releases: set[Ref] = {group_ref(peer) for peer in entry.peers} if attribute.startswith("set peer") else set()
    if attribute.startswith("match address"):
        releases = {acl_ref(entry.acl or "")}
    elif attribute.startswith("set transform-set"):
        releases = {set_ref(name) for name in entry.transform_sets}
    return removal_step(f"{entry.head} {attribute}", "entry-out", releases=releases)
