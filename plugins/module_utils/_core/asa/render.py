# Copyright: The netvpn.dynamic_l2l contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""How the objects of a PIX/ASA are written: as running-config text, and as steps that create or remove them.

Each step says what it does twice: as lines for the device, and as an effect on :class:`AsaConfig`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import asdict, replace
from typing import Any

from ..acl import AccessList, Ace, Address, Entry, Placed, Remark, edited
from ..errors import PlanError
from ..prefixes import ANY
from ..secret import MASK
from ..steps import (
    Effect,
    Line,
    Placing,
    Ref,
    Step,
    alter,
    append,
    put,
    removal_step,
    simple_step,
    take,
    towards,
    without,
)
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


#: All IKE policies: any of them may be what a peer agrees to.
POLICIES: frozenset[Ref] = frozenset({("policies",)})


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
    return Step(
        lines,
        (Line.of(f"no {head}"),),
        provides=frozenset({policy_ref(policy.number)}),
        effect=put("policies", policy.number, policy),
        edits=POLICIES,
    )


def change_policy(old: IkePolicy, new: IkePolicy, dialect: Dialect) -> Step:
    """Another lifetime for a policy that is adopted: nothing else of it can differ."""
    head = f"{dialect.isakmp} policy {new.number}"
    if new.proposal is None or old.proposal is None:
        raise PlanError(
            f"'{head}' holds a value that is not known here, and its lifetime has to change. "
            "Set the lifetime on the device, or give it another names.ike_policy; nothing was changed."
        )
    do, undo = (f"lifetime {proposal.lifetime}" for proposal in (new.proposal, old.proposal))
    effect = put("policies", new.number, new)
    if dialect.policy_block:
        lines = (Line.of(do, parents=(head,)),), (Line.of(undo, parents=(head,)),)
    else:
        lines = (Line.of(f"{head} {do}"),), (Line.of(f"{head} {undo}"),)
    return Step(*lines, effect=effect, edits=POLICIES)


def remove_policy(policy: IkePolicy, dialect: Dialect) -> Step:
    """``no crypto isakmp policy N``; undone by the whole policy."""
    made = create_policy(policy, dialect)
    return Step(made.undo, made.do, effect=take("policies", policy.number), edits=POLICIES, adds=False)


def create_group(group: TunnelGroup) -> list[Step]:
    """``type``, key and keepalives of a tunnel group that does not exist."""
    section = (f"tunnel-group {group.name} ipsec-attributes",)
    refs = frozenset({group_ref(group.name)})
    # ``clear configure tunnel-group`` is the only sourced way to take a whole group away (Netspoc-Approve).
    head = Step(
        (Line.of(f"tunnel-group {group.name} type {group.type}"),),
        (Line.of(f"clear configure tunnel-group {group.name}"),),
        provides=refs,
        effect=put("groups", group.name, TunnelGroup(group.name, type=group.type)),
        edits=refs,
    )
    lines = group_attributes(group)
    steps = [head]
    if lines:
        undo = tuple(Line.of(_negated(line), parents=section) for line in lines)
        key = group.key if group.key and group.key.known else None
        effect = alter("groups", group.name, key=key, dpd=group.dpd)
        steps.append(Step(lines, undo, needs=refs, provides=refs, effect=effect, edits=refs))
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
    refs = frozenset({group_ref(new.name)})
    if old.type != new.type:
        steps.append(
            Step(
                (Line.of(f"tunnel-group {new.name} type {new.type}"),),
                (),
                provides=refs,
                effect=alter("groups", new.name, type=new.type),
                edits=refs,
            )
        )
    before = dict(zip(("key", "dpd"), (old.key, old.dpd), strict=True))
    for line in group_attributes(new):
        what = "key" if line.secret else "dpd"
        value = new.key if line.secret else new.dpd
        if before[what] == value:
            continue
        back = group_attributes(
            TunnelGroup(old.name, key=old.key if line.secret else None, dpd=None if line.secret else old.dpd)
        )
        undo = back or (Line.of(_negated(line), parents=line.parents),)
        if line.secret and old.key and not old.key.known:
            # The key behind the stars is not known: it cannot be put back.
            undo = ()
        effect = alter("groups", new.name, **{what: value})
        steps.append(Step((line,), undo, needs=refs, effect=effect, edits=refs, adds=bool(undo)))
    return steps


def remove_group(group: TunnelGroup) -> Step:
    """The whole group; undone by all that is known of it."""
    made = create_group(group)
    others = tuple(Line.of(text, parents=(f"tunnel-group {group.name} {section}",)) for section, text in group.others)
    refs = frozenset({group_ref(group.name)})
    return Step(
        made[0].undo,
        (*(line for step in made for line in step.do), *others),
        removes=refs,
        effect=take("groups", group.name),
        edits=refs,
        adds=False,
    )


def entry_line(name: str, entry: Entry, position: int, length: int) -> Line:
    """An ACE typed into a list of ``length`` entries at ``position``; at the end no line number is needed."""
    at = "" if position >= length else f"line {position + 1} "
    return Line.of(f"access-list {name} {at}{entry_text(entry)}")


#: How far the entries of a list stand from each other before its edits: room for as many as anybody may insert.
_DISTANCE = 1 << 32


def number_above(below: int, rank: int) -> int:
    """The number of an entry that comes above the one at ``below`` of the list as it was.

    ``rank`` orders those that come to the same place. No device sees these numbers.
    """
    return below * _DISTANCE + 1 + rank


def _placing(name: str) -> Placing:
    """What entries that come to the list or leave it do to a configuration."""

    def placing(config: AsaConfig, changes: Sequence[Placed]) -> Any:
        known = config.access_lists.get(name, AccessList(name))
        numbers = known.numbers or range(_DISTANCE, (len(known.entries) + 1) * _DISTANCE, _DISTANCE)
        left = edited(known, numbers, changes)
        return put("access_lists", name, left)(config) if left.entries else take("access_lists", name)(config)

    return placing


def insert_entry(name: str, entry: Entry, number: int | None = None, *, lazy: bool = False) -> Step:
    """One ACE into a list, at the place of ``number`` or at the end; the planner says at which line that is.

    ``lazy``: nothing refers to the list yet; the line that will needs all of it.
    """
    placed, placing = Placed(entry, number, comes=True), _placing(name)
    text = f"access-list {name} {entry_text(entry)}"
    refs = {acl_ref(name)}
    made = simple_step(text, lambda config: placing(config, (placed,)), provides=refs if lazy else (), edits=refs)
    return replace(made, lazy=lazy, region=towards([entry]), placed=placed, placing=placing)


def delete_entry(name: str, entry: Entry, *, last: bool) -> Step:
    """One ACE out, by its whole text (a line number alone is not accepted everywhere).

    ``last``: the list goes with it, so nothing may refer to it any more.
    """
    placed, placing = Placed(entry, None, comes=False), _placing(name)
    text = f"access-list {name} {entry_text(entry)}"
    refs = {acl_ref(name)}
    made = removal_step(text, lambda config: placing(config, (placed,)), removes=refs if last else (), edits=refs)
    return replace(made, region=towards([entry]), placed=placed, placing=placing)


def create_transform_set(transform_set: TransformSet) -> Step:
    """``crypto ipsec transform-set …``."""
    refs = {set_ref(transform_set.name)}
    effect = put("transform_sets", transform_set.name, transform_set)
    return simple_step(transform_set_text(transform_set), effect, provides=refs, edits=refs)


def remove_transform_set(transform_set: TransformSet) -> Step:
    """``no crypto ipsec transform-set …``."""
    refs = {set_ref(transform_set.name)}
    effect = take("transform_sets", transform_set.name)
    return removal_step(transform_set_text(transform_set), effect, removes=refs, edits=refs)


def _attribute(attribute: str, entry: MapEntry) -> dict[str, Any]:
    """Which value of :class:`MapEntry` a line of ``entry`` gives."""
    fields = {
        "match address": "acl",
        "set pfs": "pfs",
        "set peer": "peers",
        "set transform-set": "transform_sets",
        "set security-association lifetime seconds": "seconds",
        "set security-association lifetime kilobytes": "kilobytes",
        "ipsec-isakmp dynamic": "dynamic",
    }
    name = next((value for words, value in fields.items() if attribute.startswith(words)), None)
    return {name: getattr(entry, name)} if name else {"others": (attribute,)}


def _edit_entry(entry: MapEntry, change: Callable[[MapEntry], MapEntry]) -> Effect:
    """``change`` of the entry as it is then; an entry without any line is none."""
    key = (entry.map, entry.sequence)

    def effect(config: AsaConfig) -> Any:
        changed = change(config.entries.get(key, MapEntry(*key)))
        return (take("entries", key) if changed == MapEntry(*key) else put("entries", key, changed))(config)

    return effect


def create_map_line(entry: MapEntry, attribute: str) -> Step:
    """One line of a map entry."""
    needs: set[Ref] = set()
    if attribute.startswith("match address"):
        needs = {acl_ref(entry.acl or "")}
    elif attribute.startswith("set transform-set"):
        needs = {set_ref(name) for name in entry.transform_sets}
    effect = _edit_entry(entry, lambda now: replace(now, **_attribute(attribute, entry)))
    refs = {entry_ref(entry)}
    return simple_step(f"{entry.head} {attribute}", effect, provides=refs, needs=needs, edits=refs)


def replace_map_line(old: MapEntry, new: MapEntry, attribute: str) -> Step:
    """A single-valued line: typed again it replaces the old one."""
    word = " ".join(attribute.split()[: 4 if "lifetime" in attribute else 2])
    previous = next((row for row in entry_lines(old) if row.startswith(f"{old.head} {word}")), None)
    made = create_map_line(new, attribute)
    return replace(made, undo=(Line.of(previous),) if previous else made.undo)


def remove_map_line(entry: MapEntry, attribute: str) -> Step:
    """``no crypto map M N …``; the entry vanishes with its last line."""
    releases: set[Ref] = {group_ref(peer) for peer in entry.peers} if attribute.startswith("set peer") else set()
    if attribute.startswith("match address"):
        releases = {acl_ref(entry.acl or "")}
    elif attribute.startswith("set transform-set"):
        releases = {set_ref(name) for name in entry.transform_sets}
    empty = {name: getattr(MapEntry("", 0), name) for name in _attribute(attribute, entry)}

    def change(now: MapEntry) -> MapEntry:
        if "others" in empty:
            return replace(now, others=tuple(line for line in now.others if line != attribute))
        return replace(now, **empty)

    effect = _edit_entry(entry, change)
    return removal_step(f"{entry.head} {attribute}", effect, releases=releases, edits={entry_ref(entry)})


def swap_values(entry: MapEntry, attribute: str, old: Sequence[str], new: Sequence[str]) -> list[Step]:
    """The new peer or set is appended, then the old ones go: the entry is never without one."""
    field, ref = ("transform_sets", set_ref) if attribute == "set transform-set" else ("peers", group_ref)

    def edited(change: Callable[[tuple[str, ...]], tuple[str, ...]]) -> Effect:
        def apply(now: MapEntry) -> MapEntry:
            changed: dict[str, Any] = {field: change(getattr(now, field))}
            return replace(now, **changed)

        return _edit_entry(entry, apply)

    def added(name: str) -> Effect:
        return edited(lambda values: (*values, name))

    def gone(name: str) -> Effect:
        return edited(lambda values: tuple(value for value in values if value != name))

    refs = {entry_ref(entry)}
    return [
        *(
            simple_step(f"{entry.head} {attribute} {name}", added(name), needs={ref(name)}, provides=refs, edits=refs)
            for name in new
            if name not in old
        ),
        *(
            removal_step(f"{entry.head} {attribute} {name}", gone(name), releases={ref(name)}, edits=refs)
            for name in old
            if name not in new
        ),
    ]


def create_binding(name: str, interface: str, entries: Iterable[MapEntry]) -> Step:
    """``crypto map M interface I``, once its entries are there."""
    effect = put("bindings", interface, name)
    return simple_step(f"crypto map {name} interface {interface}", effect, needs=map(entry_ref, entries))


def remove_binding(name: str, interface: str) -> Step:
    """``no crypto map M interface I``."""
    return removal_step(f"crypto map {name} interface {interface}", take("bindings", interface))


def create_enable(interface: str, dialect: Dialect) -> Step:
    """``crypto isakmp enable I``."""
    return simple_step(
        f"{dialect.isakmp} enable {interface}", append("enabled", interface), edits={enable_ref(interface)}
    )


def remove_enable(interface: str, dialect: Dialect) -> Step:
    """``no crypto isakmp enable I``."""
    text = f"{dialect.isakmp} enable {interface}"
    return removal_step(text, without("enabled", interface), edits={enable_ref(interface)})


def create_exemption(interface: str, name: str, lists: Iterable[AccessList]) -> Step:
    """``nat (I) 0 access-list NAME``; ``lists`` are the list as it was and as it will be."""
    made = simple_step(
        f"nat ({interface}) 0 access-list {name}", put("exemptions", interface, name), needs={acl_ref(name)}
    )
    return replace(made, region=towards(entry for found in lists for entry in found.entries))


def remove_exemption(interface: str, name: str, lists: Iterable[AccessList]) -> Step:
    """``no nat (I) 0 access-list NAME``."""
    text = f"nat ({interface}) 0 access-list {name}"
    made = removal_step(text, take("exemptions", interface), releases={acl_ref(name)})
    return replace(made, region=towards(entry for found in lists for entry in found.entries))


def create_global(item: Global) -> Step:
    """``global (I) N VALUE``."""
    return simple_step(global_text(item), append("globals", item))


def remove_global(item: Global) -> Step:
    """``no global (I) N VALUE``."""
    return removal_step(global_text(item), without("globals", item))


def create_nat(nat: Nat) -> Step:
    """``nat (I) N …``."""
    return simple_step(nat_text(nat), append("nats", nat))


def remove_nat(nat: Nat) -> Step:
    """``no nat (I) N …``."""
    return removal_step(nat_text(nat), without("nats", nat))


def reached(config: AsaConfig) -> frozenset[Ref]:
    """The objects that packets can meet: something bound or translating refers to them."""
    refs: set[Ref] = {acl_ref(name) for name in (*config.exemptions.values(), *config.other_users)}
    refs |= {acl_ref(nat.acl) for nat in config.nats if nat.acl}
    refs |= {set_ref(name) for name in config.other_users}
    for interface in config.bindings:
        refs |= {enable_ref(interface), *POLICIES}
    bound = set(config.bindings.values())
    for entry in config.entries.values() if bound else ():
        if entry.map in bound:
            refs |= {entry_ref(entry), acl_ref(entry.acl or "")}
            refs.update(map(set_ref, entry.transform_sets))
            refs.update(map(group_ref, entry.peers))
    return frozenset(refs)
