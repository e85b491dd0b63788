# Copyright: The netvpn.dynamic_l2l contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""How the objects of IOS are written: as running-config text, and as steps that create or remove them.

Each step says what it does twice: as lines for the device, and as an effect on :class:`IosConfig`.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import asdict, replace
from typing import Any

from ..acl import AccessList, Ace, Address, Entry, Placed, Remark, edited
from ..algorithms import IkeProposal
from ..intent import DeadPeerDetection
from ..prefixes import ANY
from ..secret import MASK
from ..steps import (
    Line,
    Placing,
    Ref,
    Step,
    alter,
    append,
    joined,
    put,
    removal_step,
    simple_step,
    take,
    towards,
    without,
)
from .dialect import Dialect
from .model import DynamicEntry, IkePolicy, Interface, IosConfig, IsakmpKey, MapEntry, NatRule, TransformSet


def acl_ref(name: str) -> Ref:
    """An access list."""
    return ("access-list", name)


def set_ref(name: str) -> Ref:
    """A transform set."""
    return ("transform-set", name)


def dynamic_ref(name: str) -> Ref:
    """A dynamic map, all its entries."""
    return ("crypto dynamic-map", name)


def entry_ref(entry: MapEntry) -> Ref:
    """An entry of a crypto map."""
    return ("crypto map", entry.map, str(entry.sequence))


def policy_ref(number: int) -> Ref:
    """An IKE policy."""
    return ("policy", str(number))


def key_ref(key: IsakmpKey) -> Ref:
    """The key for an address."""
    return ("key", str(key.prefix))


def keepalive_ref() -> Ref:
    """``crypto isakmp keepalive``, one for the device."""
    return ("keepalive",)


def binding_ref(interface: str) -> Ref:
    """The crypto map of an interface."""
    return ("interface crypto map", interface)


def role_ref(interface: str) -> Ref:
    """``ip nat inside`` or ``outside`` of an interface."""
    return ("interface nat", interface)


def rule_ref(rule: NatRule) -> Ref:
    """A dynamic translation rule."""
    return ("nat rule", rule.text)


def numbers_ref(name: str) -> Ref:
    """Free numbers between the entries of a list."""
    return ("numbers", name)


def moved_ref(name: str, entry: Entry) -> Ref:
    """That an entry no longer stands where it stood: no list takes it twice."""
    return ("moved", name, entry_text(entry))


def there_ref(name: str, entry: Entry) -> Ref:
    """That an entry stands in its new place, or stands for another one for a while."""
    return ("there", name, entry_text(entry))


#: IKE policies and keys: any of them may be what a peer agrees to.
NEGOTIATION: frozenset[Ref] = frozenset({("policies and keys",)})

#: What the device asks when a rule with live translations is removed (IOS 12.4 to 15; also spelt ``entires``).
_IN_USE = r"delete all ent\w+\? \[no\]: ?"


def address_text(address: Address) -> str:
    """``any``, ``host 10.2.1.1``, ``10.2.1.0 0.0.0.255`` or the device's own words."""
    if address.opaque:
        return address.opaque
    if address.prefix == ANY:
        return "any"
    if address.prefix.length == 32:
        return f"host {address.prefix.address}"
    return f"{address.prefix.address} {address.prefix.wildcard}"


def entry_text(entry: Entry) -> str:
    """An entry of an extended list, as typed in the list's block."""
    if isinstance(entry, Remark):
        return f"remark {entry.text}"
    if not isinstance(entry, Ace):
        return entry.text
    words = [
        entry.action, entry.protocol, address_text(entry.source), *entry.source_port,
        address_text(entry.destination), *entry.destination_port, *entry.options,
    ]  # fmt: skip
    return " ".join(words)


def list_head(name: str) -> str:
    """The line that opens a list; numbered ones are opened the same way (and edited in place only so)."""
    return f"ip access-list extended {name}"


def list_lines(access_list: AccessList, *, standard: bool = False) -> list[str]:
    """A list as 12.4 shows it: numbered lists line by line, named ones as a block; ``deny`` is padded."""

    def shown(entry: Entry) -> str:
        if standard and isinstance(entry, Ace):
            return f"{entry.action} {address_text(entry.source).removeprefix('host ')}"
        text = entry_text(entry)
        return text.replace("deny ", "deny   ", 1) if text.startswith("deny ") else text

    if access_list.name.isdecimal():
        return [f"access-list {access_list.name} {shown(entry)}" for entry in access_list.entries]
    kind = "standard" if standard else "extended"
    return [f"ip access-list {kind} {access_list.name}", *(f" {shown(entry)}" for entry in access_list.entries)]


def policy_attributes(proposal: IkeProposal, dialect: Dialect) -> tuple[str, ...]:
    """The lines of a pre-shared-key policy in the device's order; what is default is not shown, so it is not sent."""
    default = dialect.default_policy
    lines = []
    if proposal.encryption != default.encryption:
        lines.append(f"encr {dialect.spelling.ike[proposal.encryption]}")
    if proposal.hash != default.hash:
        lines.append(f"hash {proposal.hash}")
    lines.append("authentication pre-share")
    if proposal.group != default.group:
        lines.append(f"group {proposal.group}")
    if proposal.lifetime not in (None, default.lifetime):
        lines.append(f"lifetime {proposal.lifetime}")
    return tuple(lines)


def policy_lines(policy: IkePolicy) -> list[str]:
    """A policy as the running config shows it."""
    return [f"crypto isakmp policy {policy.number}", *(f" {line}" for line in policy.lines)]


def key_target(key: IsakmpKey) -> str:
    """What stands behind the key: ``address 0.0.0.0 0.0.0.0``; a host key has no mask."""
    mask = "" if key.prefix.length == 32 else f" {key.prefix.netmask}"
    return f"address {key.prefix.address}{mask}" + (f" {key.tail}" if key.tail else "")


def key_line(key: IsakmpKey) -> Line:
    """``crypto isakmp key KEY address …``."""
    return Line.of("crypto isakmp key ", key.key, f" {key_target(key)}")


def no_key_line(key: IsakmpKey) -> Line:
    """The ``no`` form; the exact key is sent with it (whether the device compares it is not sourced)."""
    return Line.of("no crypto isakmp key ", key.key, f" {key_target(key)}")


def dynamic_attributes(entry: DynamicEntry) -> tuple[str, ...]:
    """The managed lines of a dynamic entry, in the running config's order."""
    lines = []
    if entry.kilobytes is not None:
        lines.append(f"set security-association lifetime kilobytes {entry.kilobytes}")
    if entry.seconds is not None:
        lines.append(f"set security-association lifetime seconds {entry.seconds}")
    if entry.transform_sets:
        lines.append(f"set transform-set {' '.join(entry.transform_sets)}")
    if entry.pfs:
        lines.append(f"set pfs {entry.pfs}")
    if entry.acl:
        lines.append(f"match address {entry.acl}")
    return tuple(lines)


def transform_set_lines(transform_set: TransformSet) -> list[str]:
    """A transform set with the lines under it."""
    head = f"crypto ipsec transform-set {transform_set.name} {' '.join(transform_set.words)}"
    return [head, *(f" {line}" for line in transform_set.lines)]


def owned_text(config: IosConfig, scope: Iterable[Ref], dialect: Dialect) -> str:
    """The objects of ``scope`` as running-config text, keys masked; sections as in the running config.

    Lists are shown whole, entries of others included: an edit is judged by what stands around it. Inside a section
    objects are sorted: in which order the device keeps them says nothing about what it does.
    """
    del dialect  # one form in this band
    wanted = set(scope)
    lines: list[str] = []
    for number, policy in sorted(config.policies.items()):
        if policy_ref(number) in wanted:
            lines += policy_lines(policy)
    lines += sorted(f"crypto isakmp key {MASK} {key_target(key)}" for key in config.keys if key_ref(key) in wanted)
    if config.keepalive and keepalive_ref() in wanted:
        lines.append(f"crypto isakmp keepalive {config.keepalive.interval} {config.keepalive.retry}")
    for _name, transform_set in sorted(config.transform_sets.items()):
        if set_ref(transform_set.name) in wanted:
            lines += transform_set_lines(transform_set)
    for (name, _sequence), dynamic in sorted(config.dynamic_entries.items()):
        if dynamic_ref(name) in wanted:
            lines += [dynamic.head, *(f" {line}" for line in (*dynamic_attributes(dynamic), *dynamic.others))]
    for _key, entry in sorted(config.entries.items()):
        if entry_ref(entry) in wanted:
            lines += [entry.head, *(f" {line}" for line in entry.lines)]
    for interface in config.interfaces.values():
        lines += _interface_lines(interface, wanted)
    lines += sorted(rule.text for rule in config.nat_rules if rule_ref(rule) in wanted)
    for access_list in sorted(config.access_lists.values(), key=lambda item: (item.name.isdecimal(), item.name)):
        if acl_ref(access_list.name) in wanted:
            lines += list_lines(access_list, standard=access_list.name in config.standard_lists)
    return "".join(f"{line}\n" for line in lines)


def owned_data(config: IosConfig, scope: Iterable[Ref] | None, dialect: Dialect) -> dict[str, Any]:
    """The objects of ``scope`` (None: all) as plain data; keys masked."""
    del dialect
    wanted = None if scope is None else set(scope)

    def ours(ref: Ref) -> bool:
        return wanted is None or ref in wanted

    maps: dict[str, Any] = {}
    for _key, entry in sorted(config.entries.items()):
        if ours(entry_ref(entry)):
            maps.setdefault(entry.map, {})[str(entry.sequence)] = {"dynamic": entry.dynamic, "lines": list(entry.lines)}
    dynamic: dict[str, Any] = {}
    for _key, item in sorted(config.dynamic_entries.items()):
        if ours(dynamic_ref(item.map)):
            dynamic.setdefault(item.map, {})[str(item.sequence)] = {
                "match_address": item.acl,
                "transform_sets": list(item.transform_sets),
                "pfs": item.pfs,
                "lifetime_seconds": item.seconds,
                "lifetime_kilobytes": item.kilobytes,
            }
    lists = (access_list for access_list in config.access_lists.values() if ours(acl_ref(access_list.name)))
    return {
        "version": config.version,
        "ike_policies": {str(n): list(p.lines) for n, p in config.policies.items() if ours(policy_ref(n))},
        "keys": {str(key.prefix): MASK for key in config.keys if ours(key_ref(key))},
        "keepalive": asdict(config.keepalive) if config.keepalive and ours(keepalive_ref()) else None,
        "transform_sets": {t.name: list(t.words) for t in config.transform_sets.values() if ours(set_ref(t.name))},
        "dynamic_maps": dynamic,
        "crypto_maps": maps,
        "bindings": {
            i.name: i.crypto_map for i in config.interfaces.values() if i.crypto_map and ours(binding_ref(i.name))
        },
        "nat_roles": {i.name: i.nat for i in config.interfaces.values() if i.nat and ours(role_ref(i.name))},
        "nat_rules": [rule.text for rule in config.nat_rules if ours(rule_ref(rule))],
        "access_lists": {item.name: [entry_text(entry) for entry in item.entries] for item in lists},
    }


def _interface_lines(interface: Interface, wanted: set[Ref]) -> list[str]:
    lines = []
    if interface.nat and role_ref(interface.name) in wanted:
        lines.append(f" ip nat {interface.nat}")
    if interface.crypto_map and binding_ref(interface.name) in wanted:
        lines.append(f" crypto map {interface.crypto_map}")
    return [f"interface {interface.name}", *lines] if lines else []


# --- steps ---------------------------------------------------------------------------------------------------------


def create_policy(policy: IkePolicy) -> Step:
    """A policy with its lines; inert until a peer negotiates, so they are one step."""
    head = f"crypto isakmp policy {policy.number}"
    lines = tuple(Line.of(line, parents=(head,)) for line in policy.lines)
    return Step(
        lines,
        (Line.of(f"no {head}"),),
        provides=frozenset({policy_ref(policy.number)}),
        effect=put("policies", policy.number, policy),
        edits=NEGOTIATION,
    )


def change_policy(old: IkePolicy, new: IkePolicy) -> Step:
    """Only the lifetime of an adopted policy can differ."""
    parents = (f"crypto isakmp policy {new.number}",)
    do, undo = (
        next((line for line in policy.lines if line.startswith("lifetime")), "no lifetime") for policy in (new, old)
    )
    return Step(
        (Line.of(do, parents=parents),),
        (Line.of(undo, parents=parents),),
        effect=put("policies", new.number, new),
        edits=NEGOTIATION,
    )


def remove_policy(policy: IkePolicy) -> Step:
    """``no crypto isakmp policy N``; undone by the whole policy."""
    made = create_policy(policy)
    return Step(made.undo, made.do, effect=take("policies", policy.number), edits=NEGOTIATION, adds=False)


def create_key(key: IsakmpKey) -> Step:
    """A key for an address that has none."""
    return Step(
        (key_line(key),),
        (no_key_line(key),),
        provides=frozenset({key_ref(key)}),
        effect=append("keys", key),
        edits=NEGOTIATION,
    )


def replace_key(old: IsakmpKey, new: IsakmpKey) -> Step:
    """Another key for an address: the device refuses a second one, so the old one goes first, in the same write."""
    return joined([remove_key(old), create_key(new)])


def remove_key(key: IsakmpKey) -> Step:
    """The key of an address goes."""
    return Step((no_key_line(key),), (key_line(key),), effect=without("keys", key), edits=NEGOTIATION, adds=False)


def change_keepalive(old: DeadPeerDetection | None, new: DeadPeerDetection | None) -> Step:
    """``crypto isakmp keepalive``: no packet depends on it."""

    def line(value: DeadPeerDetection | None) -> Line:
        text = f"crypto isakmp keepalive {value.interval} {value.retry}" if value else "no crypto isakmp keepalive"
        return Line.of(text)

    do = line(new)
    if new is None and old:
        do = Line.of(f"no {line(old).shown}")
    return Step(
        (do,),
        (line(old),),
        effect=lambda config: replace(config, keepalive=new),
        edits=frozenset({keepalive_ref()}),
        adds=new is not None,
    )


def create_transform_set(transform_set: TransformSet) -> Step:
    """``crypto ipsec transform-set …`` for tunnels."""
    refs = {set_ref(transform_set.name)}
    effect = put("transform_sets", transform_set.name, transform_set)
    return simple_step(transform_set_lines(transform_set)[0], effect, provides=refs, edits=refs)


def remove_transform_set(transform_set: TransformSet) -> Step:
    """``no crypto ipsec transform-set …``."""
    refs = {set_ref(transform_set.name)}
    effect = take("transform_sets", transform_set.name)
    return removal_step(transform_set_lines(transform_set)[0], effect, removes=refs, edits=refs)


def create_dynamic(entry: DynamicEntry) -> Step:
    """A dynamic entry, complete; nothing refers to it yet, so its lines are one step."""
    lines = tuple(Line.of(line, parents=(entry.head,)) for line in dynamic_attributes(entry))
    needs = {set_ref(name) for name in entry.transform_sets} | ({acl_ref(entry.acl)} if entry.acl else set())
    refs = frozenset({dynamic_ref(entry.map)})
    return Step(
        lines,
        (Line.of(f"no {entry.head}"),),
        provides=refs,
        needs=frozenset(needs),
        effect=put("dynamic_entries", (entry.map, entry.sequence), entry),
        edits=refs,
    )


def change_dynamic(old: DynamicEntry, new: DynamicEntry) -> list[Step]:
    """Single-valued lines, typed again with their new value; a second ``set transform-set`` replaces the first."""
    steps = []
    before = dynamic_attributes(old)
    refs = frozenset({dynamic_ref(new.map)})
    fields = {
        "set transform-set": "transform_sets",
        "set pfs": "pfs",
        "set security-association lifetime seconds": "seconds",
        "set security-association lifetime kilobytes": "kilobytes",
        "match address": "acl",
    }
    for line in dynamic_attributes(new):
        if line in before:
            continue
        head, field = next((head, field) for head, field in fields.items() if line.startswith(head))
        previous = next((row for row in before if row.startswith(head)), f"no {line}")
        steps.append(
            Step(
                (Line.of(line, parents=(new.head,)),),
                (Line.of(previous, parents=(new.head,)),),
                provides=refs,
                # What the new line names comes before it, what the old one named may go only after it.
                needs=_named_in(new, field),
                releases=_named_in(old, field),
                effect=alter("dynamic_entries", (new.map, new.sequence), **{field: getattr(new, field)}),
                edits=refs,
            )
        )
    return steps


def _named_in(entry: DynamicEntry, field: str) -> frozenset[Ref]:
    """The objects that a line of a dynamic entry names."""
    if field == "acl":
        return frozenset({acl_ref(entry.acl)} if entry.acl else ())
    return frozenset(map(set_ref, entry.transform_sets)) if field == "transform_sets" else frozenset()


def remove_dynamic(entry: DynamicEntry) -> Step:
    """A dynamic entry with all its lines."""
    made = create_dynamic(entry)
    others = tuple(Line.of(line, parents=(entry.head,)) for line in entry.others)
    return Step(
        made.undo,
        (*made.do, *others),
        releases=made.needs,
        removes=made.provides,
        effect=take("dynamic_entries", (entry.map, entry.sequence)),
        edits=made.edits,
        adds=False,
    )


def create_entry(entry: MapEntry, *, bound: bool) -> Step:
    """``crypto map M N ipsec-isakmp dynamic D``. Of a map that is not ``bound`` it serves only the binding."""
    refs = frozenset({entry_ref(entry)})
    return Step(
        (Line.of(entry.head),),
        (Line.of(f"no crypto map {entry.map} {entry.sequence}"),),
        provides=refs,
        needs=frozenset({dynamic_ref(entry.dynamic or "")}),
        effect=put("entries", (entry.map, entry.sequence), entry),
        edits=refs,
        lazy=not bound,
    )


def remove_entry(entry: MapEntry) -> Step:
    """``no crypto map M N``; where the binding goes too, right after it."""
    refs = frozenset({entry_ref(entry)})
    return Step(
        (Line.of(f"no crypto map {entry.map} {entry.sequence}"),),
        (Line.of(entry.head),),
        releases=frozenset({dynamic_ref(entry.dynamic or "")}),
        removes=refs,
        effect=take("entries", (entry.map, entry.sequence)),
        edits=refs,
        adds=False,
        lazy=True,
    )


def create_binding(interface: Interface, name: str, entries: Iterable[MapEntry]) -> Step:
    """``crypto map M`` on an interface, once its entries are there."""
    effect = alter("interfaces", interface.name, crypto_map=name)
    parents = (f"interface {interface.name}",)
    return simple_step(f"crypto map {name}", effect, needs=map(entry_ref, entries), parents=parents)


def remove_binding(interface: Interface, entries: Iterable[MapEntry]) -> Step:
    """``no crypto map M`` on an interface."""
    effect = alter("interfaces", interface.name, crypto_map=None)
    parents = (f"interface {interface.name}",)
    released = map(entry_ref, entries)
    return removal_step(f"crypto map {interface.crypto_map}", effect, releases=released, parents=parents)


def create_role(interface: Interface, role: str, lists: Iterable[str], *, lazy: bool) -> Step:
    """``ip nat inside`` or ``outside``. Where a rule stands its list must say first what is not translated.

    ``lazy``: the rule is still to come, and the role serves only it.
    """
    effect = alter("interfaces", interface.name, nat=role)
    parents = (f"interface {interface.name}",)
    made = simple_step(f"ip nat {role}", effect, provides={role_ref(interface.name)}, parents=parents)
    return replace(made, follows=frozenset(map(acl_ref, lists)), lazy=lazy)


def remove_role(interface: Interface) -> Step:
    """``no ip nat …`` on an interface."""
    effect = alter("interfaces", interface.name, nat=None)
    return removal_step(f"ip nat {interface.nat}", effect, parents=(f"interface {interface.name}",))


def create_rule(rule: NatRule, roles: Iterable[str]) -> Step:
    """``ip nat inside source …``, once its list is there and the interfaces have their ``roles``."""
    made = simple_step(rule.text, append("nat_rules", rule), needs={acl_ref(rule.name)})
    # On the way back only connections that began under it end.
    undo = (replace(made.undo[0], question=_IN_USE, answer="yes"),)
    return replace(made, undo=undo, follows=frozenset(map(role_ref, roles)))


def remove_rule(rule: NatRule, lists: Iterable[str]) -> Step:
    """``no ip nat inside source …``; the device may ask whether translations are to be deleted."""
    return Step(
        (Line.of(f"no {rule.text}", question=_IN_USE),),
        (Line.of(rule.text),),
        releases=frozenset(map(acl_ref, lists)),
        effect=without("nat_rules", rule),
        adds=False,
    )


def create_list(access_list: AccessList) -> list[Step]:
    """A list that does not exist, with its entries; nothing refers to it yet, so its lines are one step."""
    if not access_list.entries:
        return []
    name = access_list.name
    head = (list_head(name),)
    refs = frozenset({acl_ref(name)})
    made = AccessList(name, access_list.entries, tuple(default_numbers(access_list.entries)))
    return [
        Step(
            tuple(Line.of(entry_text(entry), parents=head) for entry in access_list.entries),
            (Line.of(no_list(name)),),
            provides=refs,
            effect=put("access_lists", name, made),
            edits=refs,
            region=None,
            lazy=True,
        )
    ]


def remove_list(access_list: AccessList) -> Step:
    """The whole list, once nothing refers to it."""
    head = (list_head(access_list.name),)
    back = tuple(Line.of(entry_text(entry), parents=head) for entry in access_list.entries)
    refs = frozenset({acl_ref(access_list.name)})
    return Step(
        (Line.of(no_list(access_list.name)),),
        back,
        removes=refs,
        effect=take("access_lists", access_list.name),
        edits=refs,
        adds=False,
    )


def no_list(name: str) -> str:
    """The line that removes a whole list."""
    return f"no access-list {name}" if name.isdecimal() else f"no {list_head(name)}"


def _numbers(access_list: AccessList) -> tuple[int, ...]:
    return access_list.numbers or tuple(default_numbers(access_list.entries))


def _placing(name: str) -> Placing:
    """What entries that come to the list or leave it do to a configuration."""

    def placing(config: IosConfig, changes: Sequence[Placed]) -> Any:
        known = config.access_lists.get(name, AccessList(name))
        return put("access_lists", name, edited(known, _numbers(known), changes))(config)

    return placing


def insert_entry(
    name: str, entry: Entry, number: int | None, *, lazy: bool = False, moved: Iterable[Entry] = (), there: bool = False
) -> Step:
    """One ACE into a list; at its end no number is needed.

    ``lazy``: what needs the list is still to come. ``moved``: what must have left its place before. ``there``: others wait
    until it is there.
    """
    head = (list_head(name),)
    text = entry_text(entry)
    shown = text if number is None else f"{number} {text}"
    refs = frozenset({acl_ref(name)})
    placed, placing = Placed(entry, number, comes=True), _placing(name)
    return Step(
        (Line.of(shown, parents=head),),
        (Line.of(f"no {text}", parents=head),),
        provides=(refs if lazy else frozenset()) | frozenset({there_ref(name, entry)} if there else ()),
        needs=frozenset({numbers_ref(name), *(moved_ref(name, other) for other in moved)}),
        effect=lambda config: placing(config, (placed,)),
        edits=refs,
        region=towards([entry]),
        lazy=lazy,
        placed=placed,
        placing=placing,
    )


def delete_entry(
    name: str, entry: Entry, number: int, *, moves: bool = False, there: Iterable[Entry] = (), adds: bool = False
) -> Step:
    """One ACE out of a list that stays, by its text; ``number`` is where it stood.

    ``moves``: it comes back elsewhere. ``there``: what must be there before. ``adds``: it goes only so that another can come.
    """
    head = (list_head(name),)
    text = entry_text(entry)
    placed, placing = Placed(entry, number, comes=False), _placing(name)
    return Step(
        (Line.of(f"no {text}", parents=head),),
        (Line.of(f"{number} {text}", parents=head),),
        provides=frozenset({moved_ref(name, entry)} if moves else ()),
        needs=frozenset({numbers_ref(name), *(there_ref(name, other) for other in there)}),
        effect=lambda config: placing(config, (placed,)),
        edits=frozenset({acl_ref(name)}),
        region=towards([entry]),
        adds=adds,
        lazy=adds,
        placed=placed,
        placing=placing,
    )


def resequence(name: str, distance: int) -> Step:
    """New numbers for a list: it means the same, so nothing undoes it."""

    def effect(config: IosConfig) -> Any:
        entries = config.access_lists[name].entries
        numbers, last = [], 0
        for entry in entries:
            last += 0 if isinstance(entry, Remark) else distance
            numbers.append(0 if isinstance(entry, Remark) else last)
        return put("access_lists", name, AccessList(name, entries, tuple(numbers)))(config)

    return Step(
        (Line.of(f"ip access-list resequence {name} {distance} {distance}"),),
        (),
        provides=frozenset({numbers_ref(name)}),
        effect=effect,
        edits=frozenset({numbers_ref(name)}),
        lazy=True,
    )


def reached(config: IosConfig) -> frozenset[Ref]:
    """The objects that packets can meet: something bound or translating refers to them."""
    refs: set[Ref] = {ref for name in config.other_users for ref in (acl_ref(name), set_ref(name))}
    refs |= {acl_ref(name) for rule in config.nat_rules for name in config.lists_of(rule)}
    for name in {interface.crypto_map for interface in config.interfaces.values() if interface.crypto_map}:
        refs |= NEGOTIATION
        for entry in config.entries_of(name):
            refs |= {entry_ref(entry), acl_ref(entry.acl or "")}
            refs |= {set_ref(word) for line in entry.lines for word in line.split()[2:]}
            for dynamic in config.dynamic_of(entry.dynamic or ""):
                refs |= {dynamic_ref(dynamic.map), acl_ref(dynamic.acl or ""), *map(set_ref, dynamic.transform_sets)}
    return frozenset(refs)


def default_numbers(entries: Sequence[Entry]) -> list[int]:
    """The numbers of a list that was never edited; remarks have none (0)."""
    numbers, last = [], 0
    for entry in entries:
        last += 0 if isinstance(entry, Remark) else 10
        numbers.append(0 if isinstance(entry, Remark) else last)
    return numbers


def free_numbers(old: Sequence[int], gaps: Sequence[int]) -> tuple[int, list[int], list[list[int]]]:
    """Numbers for new entries in the gaps above each old entry: ``(distance, old numbers, new ones of each gap)``.

    ``old`` are the numbers of the old entries (0: a remark, which has none), ``gaps`` how many new entries come right
    above each, and behind the last. ``distance`` is 0, or where a gap has too few numbers that of a new numbering.
    """
    rows: list[int] = []
    distance = 0
    if any(below - above <= wanted for above, below, wanted in _gaps(old, gaps)):
        distance = 10 * (max(gaps) // 10 + 1)
        last = 0
        for number in old:
            last += distance if number else 0
            rows.append(last if number else 0)
    else:
        rows = list(old)
    fresh = [
        [above + (below - above) * (i + 1) // (wanted + 1) for i in range(wanted)]
        for above, below, wanted in _gaps(rows, gaps)
    ]
    return distance, rows, fresh


def _gaps(numbers: Sequence[int], gaps: Sequence[int]) -> list[tuple[int, int, int]]:
    """``(number above, number below, new entries)`` of each gap; there is always room behind the last entry."""
    following: list[int] = [0]
    for number in reversed(numbers):
        following.append(number or following[-1])
    found = []
    above = 0
    for position, (wanted, below) in enumerate(zip(gaps, reversed(following), strict=True)):
        behind = (above // 10 + 1) * 10 + 10 * wanted
        found.append((above, below or behind, wanted))
        above = max([above, *numbers[position : position + 1]])
    return found
