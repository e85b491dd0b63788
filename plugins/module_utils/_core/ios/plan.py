# Copyright: The netvpn.dynamic_l2l contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""From an IOS router's configuration and the intent to the ordered lines that join them.

One way: :class:`.wanted.Wanted` edits a copy of the configuration into what is wanted; here the difference becomes steps,
and the steps are put in order.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from ..acl import AccessList, Insert
from ..intent import Intent
from ..moving import Moving, halves_finding
from ..options import Options
from ..proven import proven
from ..steps import Plan, Step, joined, replay_together
from . import render
from .dialect import for_version
from .model import IosConfig
from .wanted import Wanted


def make_plan(config: IosConfig, intent: Intent, host: str, options: Options, *, absent: bool = False) -> Plan:
    """The plan for the responder ``host``; ``absent`` takes all its tunnels away.

    Raises InputError or PlanError, before anything is sent, when the device cannot hold what is wanted.
    """
    responder = intent.responder(host)
    if responder is None:
        return Plan((), "", "")
    tunnels = intent.of_responder(host)
    staying = [tunnel for tunnel in tunnels if not absent and tunnel.present]
    leaving = [tunnel for tunnel in tunnels if absent or not tunnel.present]
    wanted = Wanted(config, options, for_version(config.version), responder, tunnels)
    if staying:
        wanted.place(staying, leaving)
    elif leaving:
        wanted.take_away(leaving)
    else:
        wanted.keep_all()
    if staying and options.exclusive:
        wanted.take_foreign_denies(staying)
    wanted.settle_lists()
    difference = _Difference(wanted)
    steps, proof = proven(render.reached, wanted, difference.steps())
    difference.as_held(steps)
    # Findings propose lines by the numbers that entries then have.
    wanted.judge(staying)
    return Plan(
        steps,
        render.owned_text(config, wanted.scope, wanted.dialect),
        render.owned_text(wanted.target, wanted.scope, wanted.dialect),
        (*wanted.findings, *proof.findings),
        frozenset(wanted.scope),
        render.owned_data(wanted.target, wanted.scope, wanted.dialect),
        proof.switches,
    )


@dataclass
class _Difference:
    """What leads from a configuration to what is wanted of it, as steps in the natural order of the platform."""

    wanted: Wanted

    def steps(self) -> list[Step]:
        """What is added in the order in which it is typed by hand, then what goes, users before what they use."""
        return [*self._adding(), *self._removing()]

    def _adding(self) -> list[Step]:
        old, new = self.wanted.current, self.wanted.target
        steps: list[Step] = []
        for number, policy in sorted(new.policies.items()):
            if number not in old.policies:
                steps.append(render.create_policy(policy))
            elif old.policies[number] != policy:
                steps.append(render.change_policy(old.policies[number], policy))
        steps += self._keys()
        if new.keepalive and new.keepalive != old.keepalive:
            steps.append(render.change_keepalive(old.keepalive, new.keepalive))
        for name, transform_set in new.transform_sets.items():
            if name not in old.transform_sets:
                steps.append(render.create_transform_set(transform_set))
        translating = {name for config in (old, new) for rule in config.nat_rules for name in config.lists_of(rule)}
        lists = {name: self._list(old.access_lists.get(name), new.access_lists[name]) for name in new.access_lists}
        steps += [step for name, edits in lists.items() if name not in translating for step in edits if step.adds]
        for key, dynamic in new.dynamic_entries.items():
            if key not in old.dynamic_entries:
                steps.append(render.create_dynamic(dynamic))
            elif old.dynamic_entries[key] != dynamic:
                steps += render.change_dynamic(old.dynamic_entries[key], dynamic)
        bound = {interface.crypto_map for interface in old.interfaces.values()}
        for key, entry in new.entries.items():
            if key not in old.entries:
                steps.append(render.create_entry(entry, bound=entry.map in bound))
        for name, interface in new.interfaces.items():
            if interface.crypto_map and interface.crypto_map != old.interfaces[name].crypto_map:
                entries = new.entries_of(interface.crypto_map)
                steps.append(render.create_binding(old.interfaces[name], interface.crypto_map, entries))
        steps += [step for name, edits in lists.items() if name in translating for step in edits if step.adds]
        rules = [rule for rule in new.nat_rules if rule not in old.nat_rules]
        roles = self._roles()
        for name in roles:
            stand = [other for rule in new.nat_rules if rule not in rules for other in new.lists_of(rule)]
            steps.append(
                render.create_role(new.interfaces[name], str(new.interfaces[name].nat), stand, lazy=bool(rules))
            )
        steps += [render.create_rule(rule, roles) for rule in rules]
        steps += [step for edits in lists.values() for step in edits if not step.adds]
        return steps

    def _roles(self) -> list[str]:
        """The interfaces that get a part in the translation."""
        before = self.wanted.current.interfaces
        return [i.name for i in self.wanted.target.interfaces.values() if i.nat and i.nat != before[i.name].nat]

    def _keys(self) -> list[Step]:
        before = {key.prefix: key for key in self.wanted.current.keys}
        steps = []
        for key in self.wanted.target.keys:
            old = before.get(key.prefix)
            if old is None:
                steps.append(render.create_key(key))
            elif old is not key and old != key:
                steps.append(render.replace_key(old, key))
        return steps

    def _list(self, old: AccessList | None, new: AccessList) -> list[Step]:
        if old:
            return self._list_edits(old, new)
        if render.acl_ref(new.name) in render.reached(self.wanted.current):
            # Something refers to it while it is missing: each entry counts as soon as it is typed.
            return [render.insert_entry(new.name, entry, None, lazy=True) for entry in new.entries]
        return render.create_list(new)

    def _list_edits(self, old: AccessList, new: AccessList) -> list[Step]:
        """Edits of a list in place. The steps may be put in any order: numbers say where an entry goes."""
        change = self.wanted.changes.get(new.name)
        if change is None or not change.edits:
            return []
        self.wanted.findings += halves_finding(
            change, [f"access-list {new.name} {render.entry_text(ace)}" for ace in change.halved]
        )
        reached = render.acl_ref(new.name) in render.reached(self.wanted.current)
        # New entries right above each old one, those that go included.
        above: list[list[tuple[int, int]]] = [[] for _row in range(len(old.entries) + 1)]
        for index, (edit, (below, rank)) in enumerate(zip(change.edits, change.places, strict=True)):
            if isinstance(edit, Insert):
                above[below].append((rank, index))
        numbers = old.numbers or tuple(render.default_numbers(old.entries))
        distance, numbers_now, fresh = render.free_numbers(numbers, [len(rows) for rows in above])
        number_of = {
            index: number
            for rows, found in zip(above, fresh, strict=True)
            for (_rank, index), number in zip(sorted(rows), found, strict=True)
        }
        only_at_end = not any(above[:-1]) and all(isinstance(edit, Insert) for edit in change.edits)
        # Nothing refers to the list yet, or it decides about an interface that is still to get its part.
        translating = {name for rule in self.wanted.current.nat_rules for name in self.wanted.current.lists_of(rule)}
        lazy = not reached or (new.name in translating and bool(self._roles()))
        moving = Moving(change)
        steps: list[Step] = []
        for index, (edit, (below, _rank)) in enumerate(zip(change.edits, change.places, strict=True)):
            entry = edit.entry
            if isinstance(edit, Insert):
                number = None if only_at_end else number_of[index]
                gone, there = moving.needs_of_insert(entry), moving.waited_for(entry)
                steps.append(render.insert_entry(new.name, entry, number, lazy=lazy, moved=gone, there=there))
            else:
                came = moving.came_at(entry, index)
                number = numbers_now[below] if came is None else number_of[came]
                # A ``deny`` that moves up was dead where it stood: it goes right before it comes back.
                adds = entry in moving.moved
                there_first = moving.needs_of_delete(entry)
                steps.append(
                    render.delete_entry(
                        new.name, entry, number, moves=moving.moves(entry), there=there_first, adds=adds
                    )
                )
        if distance:
            steps.insert(0, render.resequence(new.name, distance))
        if not reached and len(steps) > 1:
            # What nothing refers to is one change, whatever is typed.
            return [replace(joined(steps), lazy=True, edits=frozenset({render.acl_ref(new.name)}))]
        return steps

    def as_held(self, steps: Sequence[Step]) -> None:
        """Put the target's lists in the order and with the numbers in which they come out when ``steps`` have been typed."""
        held = replay_together(self.wanted.current, steps)
        for name in self.wanted.target.access_lists:
            self.wanted.target.access_lists[name] = held.access_lists.get(name, AccessList(name))

    def _removing(self) -> list[Step]:
        old, new = self.wanted.current, self.wanted.target
        steps = [render.remove_rule(rule, old.lists_of(rule)) for rule in old.nat_rules if rule not in new.nat_rules]
        for name, interface in old.interfaces.items():
            if interface.crypto_map and not new.interfaces[name].crypto_map:
                steps.append(render.remove_binding(interface, old.entries_of(interface.crypto_map)))
        steps += [render.remove_entry(entry) for key, entry in old.entries.items() if key not in new.entries]
        for name, interface in old.interfaces.items():
            if interface.nat and not new.interfaces[name].nat:
                steps.append(render.remove_role(interface))
        steps += [render.remove_list(found) for name, found in old.access_lists.items() if name not in new.access_lists]
        for key, dynamic in old.dynamic_entries.items():
            if key not in new.dynamic_entries:
                steps.append(render.remove_dynamic(dynamic))
        for name, transform_set in old.transform_sets.items():
            if name not in new.transform_sets:
                steps.append(render.remove_transform_set(transform_set))
        for key_ in old.keys:
            if all(key.prefix != key_.prefix for key in new.keys):
                steps.append(render.remove_key(key_))
        if old.keepalive and not new.keepalive:
            steps.append(render.change_keepalive(old.keepalive, None))
        steps += [render.remove_policy(policy) for number, policy in old.policies.items() if number not in new.policies]
        return steps
