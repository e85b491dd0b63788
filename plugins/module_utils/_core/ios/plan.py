# Copyright: The netvpn.dynamic_l2l contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""From an IOS router's configuration and the intent to the ordered lines that join them.

One way: :class:`.wanted.Wanted` edits a copy of the configuration into what is wanted; here the difference becomes steps,
and the steps are put in order.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

from ..acl import AccessList, Ace, Entry, Insert, Remark, list_edits, meaning
from ..intent import Intent
from ..options import Options
from ..steps import Line, Plan, Step, in_order, removal_step, simple_step
from . import render
from .dialect import for_version
from .model import DynamicEntry, IkePolicy, IosConfig
from .wanted import Wanted

#: The places of steps, first to last. ``-early`` ones concern a dynamic entry without access list in front of which
#: nothing is translated yet: the translation must be complete before the binding, or Internet traffic would show the
#: entry's treatment in between. A class that is translated today switches at its ``deny``, after the binding.
SWITCH_ORDER = (
    # a class that leaves, and is translated afterwards: later lines could take its protection before
    "deny-out-first",
    "object",
    "nat-list-early",
    "nat-role-early",
    "nat-rule-early",
    "entry",
    "bind",
    "acl",
    "nat-list",
    "nat-role",
    "nat-rule",
    # from here on things go
    "nat-rule-out",
    "deny-out",
    "unbind",
    "entry-out",
    "nat-rule-out-late",
    "nat-role-out",
    "acl-out",
    "deny-out-late",
    "rest",
)

#: What the device asks when a rule with live translations is removed (IOS 12.4 to 15; also spelt ``entires``).
_IN_USE = r"delete all ent\w+\? \[no\]: ?"


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
    wanted.judge(staying)
    difference = _Difference(wanted)
    steps = in_order(difference.steps(), SWITCH_ORDER)
    difference.as_held(steps)
    return Plan(
        steps,
        render.owned_text(config, wanted.scope, wanted.dialect),
        render.owned_text(wanted.target, wanted.scope, wanted.dialect),
        tuple(wanted.findings),
        frozenset(wanted.scope),
        render.owned_data(wanted.target, wanted.scope, wanted.dialect),
    )


@dataclass
class _Difference:
    """What leads from a configuration to what is wanted of it, as steps."""

    wanted: Wanted
    #: What a step does to which list: list, entry, whether it adds, its number (None: at the end).
    edits: dict[Line, tuple[str, Entry, bool, int | None]] = field(default_factory=dict)
    #: list that is edited → number of each entry
    numbers: dict[str, dict[Entry, int]] = field(default_factory=dict)

    def steps(self) -> list[Step]:
        """The difference between current and target, in the natural order of the platform."""
        return [*self._adding(), *self._removing()]

    def _adding(self) -> list[Step]:
        old, new = self.wanted.current, self.wanted.target
        steps: list[Step] = []
        for number, policy in sorted(new.policies.items()):
            if number not in old.policies:
                steps.append(render.create_policy(policy))
            elif old.policies[number] != policy:
                steps.append(self._change_policy(old.policies[number], policy))
        steps += self._keys()
        if new.keepalive and new.keepalive != old.keepalive:
            text = f"crypto isakmp keepalive {new.keepalive.interval} {new.keepalive.retry}"
            back = old.keepalive
            undo = f"crypto isakmp keepalive {back.interval} {back.retry}" if back else "no crypto isakmp keepalive"
            steps.append(Step((Line.of(text),), (Line.of(undo),), "object"))
        for name, transform_set in new.transform_sets.items():
            if name not in old.transform_sets:
                text = render.transform_set_lines(transform_set)[0]
                steps.append(simple_step(text, "object", provides={render.set_ref(name)}))
        for name, access_list in new.access_lists.items():
            if name not in old.access_lists:
                stages = [self.wanted.ace_stage.get((name, entry), "object") for entry in access_list.entries]
                steps += render.create_list(access_list, stages)
            else:
                steps += self._list_edits(old.access_lists[name], access_list)
        for key, dynamic in new.dynamic_entries.items():
            if key not in old.dynamic_entries:
                steps.append(render.create_dynamic(dynamic))
            elif old.dynamic_entries[key] != dynamic:
                steps += self._change_dynamic(old.dynamic_entries[key], dynamic)
        for key, entry in new.entries.items():
            if key not in old.entries:
                needs = {render.dynamic_ref(entry.dynamic or "")}
                text = f"no crypto map {entry.map} {entry.sequence}"
                provides = frozenset({render.entry_ref(entry)})
                steps.append(Step((Line.of(entry.head),), (Line.of(text),), "entry", provides, frozenset(needs)))
        for name, interface in new.interfaces.items():
            before = old.interfaces[name]
            parents = (f"interface {name}",)
            if interface.crypto_map and interface.crypto_map != before.crypto_map:
                needs = {render.entry_ref(entry) for entry in new.entries_of(interface.crypto_map)}
                steps.append(simple_step(f"crypto map {interface.crypto_map}", "bind", needs=needs, parents=parents))
            if interface.nat and interface.nat != before.nat:
                stage = "nat-role-early" if name in self.wanted.early_homes else "nat-role"
                steps.append(simple_step(f"ip nat {interface.nat}", stage, parents=parents))
        for rule in new.nat_rules:
            if rule not in old.nat_rules:
                needs = {render.acl_ref(rule.name)}
                steps.append(simple_step(rule.text, "nat-rule-early" if self.wanted.early else "nat-rule", needs=needs))
        return steps

    def _change_policy(self, old: IkePolicy, new: IkePolicy) -> Step:
        """Only the lifetime of an adopted policy can differ."""
        parents = (f"crypto isakmp policy {new.number}",)
        do, undo = (
            next((line for line in policy.lines if line.startswith("lifetime")), "no lifetime") for policy in (new, old)
        )
        return Step((Line.of(do, parents=parents),), (Line.of(undo, parents=parents),), "object")

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

    def _change_dynamic(self, old: DynamicEntry, new: DynamicEntry) -> list[Step]:
        """Single-valued lines, typed again with their new value; a second ``set transform-set`` replaces the first."""
        steps = []
        before = render.dynamic_attributes(old)
        for line in render.dynamic_attributes(new):
            if line in before:
                continue
            head = " ".join(line.split()[: 4 if "lifetime" in line else 2])
            previous = next((row for row in before if row.startswith(head)), f"no {line}")
            needs = {render.set_ref(name) for name in new.transform_sets} if "transform-set" in line else set()
            if line.startswith("match address"):
                needs = {render.acl_ref(new.acl or "")}
            steps.append(
                Step(
                    (Line.of(line, parents=(new.head,)),),
                    (Line.of(previous, parents=(new.head,)),),
                    "entry",
                    provides=frozenset({render.dynamic_ref(new.map)}),
                    needs=frozenset(needs),
                    # What the old line named may go only after this one.
                    releases=frozenset(
                        {render.set_ref(name) for name in old.transform_sets if "transform-set" in line}
                    ),
                )
            )
        return steps

    def _list_edits(self, old: AccessList, new: AccessList) -> list[Step]:
        """Edits of a list in place. The steps may be put in any order: numbers say where an entry goes."""
        # A permit is never moved: as long as it is out, nobody behind it has Internet access.
        placed = {entry for name, entry in self.wanted.ace_stage if name == new.name}
        edits = list_edits(old.entries, new.entries, placed)
        if not edits:
            return []
        # Old entries, also those that go, and the new ones above each of them.
        rows: list[tuple[Entry, int | None]] = [(entry, index) for index, entry in enumerate(old.entries)]
        live = list(rows)
        above: list[list[Entry]] = [[] for _row in range(len(rows) + 1)]
        for edit in edits:
            if isinstance(edit, Insert):
                below = next((index for _entry, index in live[edit.position :] if index is not None), len(rows))
                above[below].append(edit.entry)
                live.insert(edit.position, (edit.entry, None))
            else:
                del live[edit.position]
        numbers = old.numbers or tuple(render.default_numbers(old.entries))
        distance, numbers_now, fresh = render.free_numbers(numbers, [len(entries) for entries in above])
        number_of = {
            entry: number
            for entries, row in zip(above, fresh, strict=True)
            for entry, number in zip(entries, row, strict=True)
        }
        only_at_end = not any(above[:-1]) and all(isinstance(edit, Insert) for edit in edits)
        steps: list[Step] = []
        for edit in edits:
            if isinstance(edit, Insert):
                stage = self.wanted.ace_stage.get((new.name, edit.entry), "object")
                number = None if only_at_end else number_of[edit.entry]
                step = render.insert_entry(new.name, edit.entry, number, stage)
            else:
                # A ``deny`` that moves up was dead where it stood: it goes right before it comes back.
                moves = edit.entry in new.entries
                stage = (
                    self.wanted.ace_stage.get((new.name, edit.entry), "rest")
                    if moves
                    else self._out_stage(new.name, edit.entry)
                )
                number = numbers_now[old.entries.index(edit.entry)]
                step = render.delete_entry(new.name, edit.entry, number, stage)
            self.edits[step.do[0]] = (new.name, edit.entry, isinstance(edit, Insert), number)
            steps.append(step)
        self.numbers[new.name] = dict(zip(old.entries, numbers_now, strict=True)) | number_of
        if distance:
            first = min((step.stage for step in steps), key=SWITCH_ORDER.index)
            steps.insert(0, render.resequence(new.name, distance, first))
        return steps

    def as_held(self, steps: Sequence[Step]) -> None:
        """Put the target's lists in the order in which they come out when ``steps`` have been typed."""
        lists = {name: list(found.entries) for name, found in self.wanted.current.access_lists.items()}
        for name, entry, adds, number in (self.edits[step.do[0]] for step in steps if step.do[0] in self.edits):
            entries = lists[name]
            if not adds:
                entries.remove(entry)
                continue
            at = len(entries)
            if number is not None:
                later = (i for i, other in enumerate(entries) if self.numbers[name].get(other, 0) > number)
                at = next(later, at)
                # A remark right above an entry speaks of it.
                while at < len(entries) and at and isinstance(entries[at - 1], Remark):
                    at -= 1
            entries.insert(at, entry)
        for name in self.numbers:
            self.wanted.target.access_lists[name] = AccessList(name, tuple(lists[name]))

    def _out_stage(self, name: str, entry: Entry) -> str:
        """A class that is translated afterwards switches at its ``deny``; one that is not, when its protection goes."""
        stage = self.wanted.ace_stage.get((name, entry), "rest")
        if stage != "deny-out" or not isinstance(entry, Ace):
            return stage
        later = meaning(self.wanted.list_named(name).entries, entry.region)
        ruled = any(name in self.wanted.target.lists_of(rule) for rule in self.wanted.target.nat_rules)
        if not ruled or not (later.permit or later.unsure):
            return "deny-out-late"
        # One that another entry replaces must wait for that entry.
        return "deny-out" if entry.region.overlaps(self.wanted.staying) else "deny-out-first"

    def _removing(self) -> list[Step]:
        old, new = self.wanted.current, self.wanted.target
        steps: list[Step] = []
        for rule in old.nat_rules:
            if rule not in new.nat_rules:
                stage = self.wanted.rule_out_stage()
                do = Line.of(f"no {rule.text}", question=_IN_USE)
                lists = frozenset(render.acl_ref(name) for name in old.lists_of(rule))
                steps.append(Step((do,), (Line.of(rule.text),), stage, releases=lists))
        for name, interface in old.interfaces.items():
            parents = (f"interface {name}",)
            if interface.crypto_map and not new.interfaces[name].crypto_map:
                released = {render.entry_ref(entry) for entry in old.entries_of(interface.crypto_map)}
                steps.append(
                    removal_step(f"crypto map {interface.crypto_map}", "unbind", releases=released, parents=parents)
                )
            if interface.nat and not new.interfaces[name].nat:
                steps.append(removal_step(f"ip nat {interface.nat}", "nat-role-out", parents=parents))
        for key, entry in old.entries.items():
            if key not in new.entries:
                steps.append(
                    Step(
                        (Line.of(f"no crypto map {entry.map} {entry.sequence}"),),
                        (Line.of(entry.head),),
                        "entry-out",
                        releases=frozenset({render.dynamic_ref(entry.dynamic or "")}),
                    )
                )
        for key, dynamic in old.dynamic_entries.items():
            if key not in new.dynamic_entries:
                steps.append(render.remove_dynamic(dynamic))
        for name, access_list in old.access_lists.items():
            if name not in new.access_lists:
                steps.append(render.remove_list(access_list, "acl-out"))
        for name, transform_set in old.transform_sets.items():
            if name not in new.transform_sets:
                text = render.transform_set_lines(transform_set)[0]
                steps.append(removal_step(text, "rest", removes={render.set_ref(name)}))
        for isakmp_key in old.keys:
            if all(key.prefix != isakmp_key.prefix for key in new.keys):
                steps.append(render.remove_key(isakmp_key))
        if old.keepalive and not new.keepalive:
            text = f"crypto isakmp keepalive {old.keepalive.interval} {old.keepalive.retry}"
            steps.append(removal_step(text, "rest"))
        for number, policy in old.policies.items():
            if number not in new.policies:
                steps.append(render.remove_policy(policy))
        return steps
