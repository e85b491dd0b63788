# Copyright: The netvpn.dynamic_l2l contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""How the objects of IOS are written: as running-config text, and as steps that create or remove them.

Stages name places in ``plan.SWITCH_ORDER``. The order inside a stage is the order in which the planner asks.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import asdict
from typing import Any

from ..acl import AccessList, Ace, Address, Entry, Remark
from ..algorithms import IkeProposal
from ..prefixes import ANY
from ..secret import MASK
from ..steps import Line, Ref, Step
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
    return Step(lines, (Line.of(f"no {head}"),), "object", provides=frozenset({policy_ref(policy.number)}))


def remove_policy(policy: IkePolicy) -> Step:
    """``no crypto isakmp policy N``; undone by the whole policy."""
    made = create_policy(policy)
    return Step(made.undo, made.do, "rest")


def create_key(key: IsakmpKey) -> Step:
    """A key for an address that has none."""
    return Step((key_line(key),), (no_key_line(key),), "object", provides=frozenset({key_ref(key)}))


def replace_key(old: IsakmpKey, new: IsakmpKey) -> Step:
    """Another key for an address: the device refuses a second one, so the old one goes first, in the same write."""
    return Step(
        (no_key_line(old), key_line(new)),
        (no_key_line(new), key_line(old)),
        "object",
        provides=frozenset({key_ref(new)}),
    )


def remove_key(key: IsakmpKey) -> Step:
    """The key of an address goes."""
    return Step((no_key_line(key),), (key_line(key),), "rest")


def create_dynamic(entry: DynamicEntry) -> Step:
    """A dynamic entry, complete; nothing refers to it yet, so its lines are one step."""
    lines = tuple(Line.of(line, parents=(entry.head,)) for line in dynamic_attributes(entry))
    needs = {set_ref(name) for name in entry.transform_sets} | ({acl_ref(entry.acl)} if entry.acl else set())
    return Step(
        lines,
        (Line.of(f"no {entry.head}"),),
        "object",
        provides=frozenset({dynamic_ref(entry.map)}),
        needs=frozenset(needs),
    )


def remove_dynamic(entry: DynamicEntry) -> Step:
    """A dynamic entry with all its lines."""
    made = create_dynamic(entry)
    others = tuple(Line.of(line, parents=(entry.head,)) for line in entry.others)
    return Step(
        made.undo,
        (*made.do, *others),
        "rest",
        releases=made.needs,
        removes=frozenset({dynamic_ref(entry.map)}),
    )


def create_list(access_list: AccessList, stages: Iterable[str]) -> list[Step]:
    """A list that does not exist, entry by entry; undone with its last entry by removing the list."""
    steps = []
    head = (list_head(access_list.name),)
    for index, (entry, stage) in enumerate(zip(access_list.entries, stages, strict=True)):
        text = entry_text(entry)
        undo = Line.of(f"no {text}", parents=head) if index else Line.of(no_list(access_list.name))
        steps.append(
            Step((Line.of(text, parents=head),), (undo,), stage, provides=frozenset({acl_ref(access_list.name)}))
        )
    return steps


def remove_list(access_list: AccessList, stage: str) -> Step:
    """The whole list, once nothing refers to it."""
    head = (list_head(access_list.name),)
    back = tuple(Line.of(entry_text(entry), parents=head) for entry in access_list.entries)
    return Step((Line.of(no_list(access_list.name)),), back, stage, removes=frozenset({acl_ref(access_list.name)}))


def no_list(name: str) -> str:
    """The line that removes a whole list."""
    return f"no access-list {name}" if name.isdecimal() else f"no {list_head(name)}"


def insert_entry(name: str, entry: Entry, number: int | None, stage: str) -> Step:
    """One ACE into a list in use; at its end no number is needed."""
    head = (list_head(name),)
    text = entry_text(entry)
    shown = text if number is None else f"{number} {text}"
    return Step((Line.of(shown, parents=head),), (Line.of(f"no {text}", parents=head),), stage)


def delete_entry(name: str, entry: Entry, number: int, stage: str) -> Step:
    """One ACE out of a list that stays, by its text; ``number`` is where it stood."""
    head = (list_head(name),)
    text = entry_text(entry)
    return Step((Line.of(f"no {text}", parents=head),), (Line.of(f"{number} {text}", parents=head),), stage)


def resequence(name: str, distance: int, stage: str) -> Step:
    """New numbers for a list: it means the same, so nothing undoes it."""
    return Step((Line.of(f"ip access-list resequence {name} {distance} {distance}"),), (), stage)


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
    found = []
    for position, wanted in enumerate(gaps):
        above = max(numbers[:position], default=0)
        behind = (above // 10 + 1) * 10 + 10 * wanted
        below = next((number for number in numbers[position:] if number), behind)
        found.append((above, below, wanted))
    return found
