# Copyright: The netvpn.dynamic_l2l contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""From a PIX/ASA's configuration and the intent to the ordered lines that join them.

One way: :class:`.wanted.Wanted` edits a copy of the configuration into what is wanted; here the difference becomes steps,
and the steps are put in order.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace

from ..acl import AccessList, Ace, Delete, Entry, Insert, list_edits
from ..errors import PlanError
from ..intent import Intent
from ..options import Options
from ..prefixes import Region
from ..steps import Finding, Line, Plan, Step, in_order, removal_step, simple_step
from . import render
from .dialect import for_version
from .model import AsaConfig, IkePolicy, MapEntry
from .wanted import TEMPORARY, Wanted

#: The places of steps, first to last. "untranslated" steps concern classes that leave with their own source before the
#: change: their exemption must stand before the binding, so that nothing else happens to them there; "translated"
#: classes switch at their exemption, which therefore comes after the binding. Removal is the mirror image.
SWITCH_ORDER = (
    "object",
    "crypto-acl",
    "entry",
    "enable",
    "exemption-untranslated",
    "global",
    "bind",
    "acl-untranslated",
    "temporary-out",
    "exemption-translated",
    "nat",
    # from here on things go
    "nat-out",
    "exemption-translated-out",
    "temporary-in",
    "acl-out",
    "unbind",
    "entry-out",
    "exemption-untranslated-out",
    "global-out",
    "rest",
)


def make_plan(config: AsaConfig, intent: Intent, host: str, options: Options, *, absent: bool = False) -> Plan:
    """The plan for the initiator ``host``; ``absent`` takes all its tunnels away.

    Raises InputError or PlanError, before anything is sent, when the device cannot hold what is wanted.
    """
    tunnels = intent.of_initiator(host)
    wanted = Wanted(config, options, for_version(config.version), tunnels)
    leaving = [tunnel for tunnel in tunnels if absent or not tunnel.present]
    staying = [tunnel for tunnel in tunnels if not absent and tunnel.present]
    for tunnel in staying:
        wanted.place(tunnel)
    for tunnel in leaving:
        wanted.take_away(tunnel)
    if not options.partial:
        wanted.take_forgotten()
    if leaving and not staying:
        wanted.take_shared_away(leaving)
    wanted.clear_up()
    wanted.protect_others(staying)
    wanted.judge(staying)
    difference = _Difference(wanted)
    steps = difference.placed(in_order(difference.steps(), SWITCH_ORDER))
    dialect = wanted.dialect
    return Plan(
        steps,
        render.owned_text(config, wanted.scope, dialect),
        render.owned_text(wanted.target, wanted.scope, dialect),
        tuple(wanted.findings),
        frozenset(wanted.scope),
        render.owned_data(wanted.target, wanted.scope, dialect),
    )


@dataclass(frozen=True)
class _Edit:
    """An entry into a list, above ``above`` (None: at the end), or out of it."""

    entry: Entry
    adds: bool
    above: Entry | None = None


@dataclass
class _Difference:
    """What leads from a configuration to what is wanted of it, as steps."""

    wanted: Wanted
    #: What a step does to which list; its line number is known only when the steps are in order.
    edits: dict[Line, tuple[str, _Edit]] = field(default_factory=dict)

    def steps(self) -> list[Step]:
        """The difference between current and target, in the natural order of the platform."""
        return [*self._adding(), *self._removing()]

    def _adding(self) -> list[Step]:
        old, new = self.wanted.current, self.wanted.target
        steps: list[Step] = []
        for number, policy in sorted(new.policies.items()):
            if number not in old.policies:
                steps.append(render.create_policy(policy, self.wanted.dialect))
            elif old.policies[number] != policy:
                steps.append(self._change_lifetime(old.policies[number], policy))
        for name, group in new.groups.items():
            if name not in old.groups:
                steps += render.create_group(group)
            elif old.groups[name] != group:
                steps += render.change_group(old.groups[name], group)
        for name, transform_set in new.transform_sets.items():
            if name not in old.transform_sets:
                steps.append(
                    simple_step(render.transform_set_text(transform_set), "object", provides={render.set_ref(name)})
                )
        for name, access_list in new.access_lists.items():
            steps += self._list_additions(old.access_lists.get(name), access_list)
        for key, entry in new.entries.items():
            steps += self._entry_additions(old.entries.get(key), entry)
        for interface in new.enabled:
            if interface not in old.enabled:
                steps.append(simple_step(f"{self.wanted.dialect.isakmp} enable {interface}", "enable"))
        for interface, name in new.exemptions.items():
            if old.exemptions.get(interface) != name:
                stage = (
                    "exemption-untranslated" if interface in self.wanted.plain_exemptions else "exemption-translated"
                )
                text = f"nat ({interface}) 0 access-list {name}"
                steps.append(simple_step(text, stage, needs={render.acl_ref(name)}))
        for item in new.globals:
            if item not in old.globals:
                # Where its ``nat`` waits already, this line is what lets packets out.
                waiting = any(nat.id == item.id for nat in old.nats)
                steps.append(simple_step(render.global_text(item), "nat" if waiting else "global"))
        for interface, name in new.bindings.items():
            if old.bindings.get(interface) != name:
                needs = {render.entry_ref(entry) for entry in new.entries_of(name)}
                steps.append(simple_step(f"crypto map {name} interface {interface}", "bind", needs=needs))
        for nat in new.nats:
            if nat not in old.nats:
                steps.append(simple_step(render.nat_text(nat), "nat"))
        return steps

    def _change_lifetime(self, old: IkePolicy, new: IkePolicy) -> Step:
        head = f"{self.wanted.dialect.isakmp} policy {new.number}"
        if new.proposal is None or old.proposal is None:
            raise PlanError(
                f"'{head}' holds a value that is not known here, and its lifetime has to change. "
                "Set the lifetime on the device, or give it another names.ike_policy; nothing was changed."
            )
        do, undo = (f"lifetime {proposal.lifetime}" for proposal in (new.proposal, old.proposal))
        if self.wanted.dialect.policy_block:
            return Step((Line.of(do, parents=(head,)),), (Line.of(undo, parents=(head,)),), "object")
        return Step((Line.of(f"{head} {do}"),), (Line.of(f"{head} {undo}"),), "object")

    def _list_additions(self, old: AccessList | None, new: AccessList) -> list[Step]:
        steps: list[Step] = []
        old_entries = old.entries if old else ()
        entries = list(old_entries)
        for edit in list_edits(old_entries, new.entries):
            if isinstance(edit, Insert):
                stage = self.wanted.ace_stage.get((new.name, edit.entry), "crypto-acl")
                above = next((entry for entry in entries[edit.position :] if entry in old_entries), None)
                provides = old is None and stage != "acl-untranslated"
                steps.append(self._insertion(new.name, _Edit(edit.entry, True, above), stage, provides=provides))
                entries.insert(edit.position, edit.entry)
            else:
                steps.append(self._deletion(new.name, edit.entry, self._out_stage(new.name, edit), last=False))
                del entries[edit.position]
        # An interrupted run may have left the temporary entry behind; then it goes with the others that are too many.
        if new.name in self.wanted.temporary and TEMPORARY not in old_entries:
            place, out = self.wanted.temporary[new.name]
            steps.insert(0, self._insertion(new.name, _Edit(TEMPORARY, True), place, provides=True))
            steps.append(self._deletion(new.name, TEMPORARY, out, last=False))
        return steps

    def _insertion(self, name: str, edit: _Edit, stage: str, *, provides: bool) -> Step:
        step = render.insert_entry(name, edit.entry, stage, provides=provides)
        self.edits[step.do[0]] = (name, edit)
        return step

    def _deletion(self, name: str, entry: Entry, stage: str, *, last: bool) -> Step:
        step = render.delete_entry(name, entry, stage, last=last)
        self.edits[step.do[0]] = (name, _Edit(entry, False))
        return step

    def placed(self, steps: Sequence[Step]) -> tuple[Step, ...]:
        """``steps`` with line numbers for the order that they are in, and the target's lists as they then come out."""
        lists = {name: list(access_list.entries) for name, access_list in self.wanted.current.access_lists.items()}
        result = []
        for step in steps:
            name, edit = self.edits.get(step.do[0], ("", None))
            if edit is None:
                result.append(step)
                continue
            entries = lists.setdefault(name, [])
            if edit.adds:
                position = entries.index(edit.above) if edit.above in entries else len(entries)
                result.append(replace(step, do=(render.entry_line(name, edit.entry, position, len(entries)),)))
                entries.insert(position, edit.entry)
            else:
                position = entries.index(edit.entry)
                del entries[position]
                result.append(replace(step, undo=(render.entry_line(name, edit.entry, position, len(entries)),)))
        for name in self.wanted.target.access_lists:
            self.wanted.target.access_lists[name] = AccessList(name, tuple(lists.get(name, ())))
        return tuple(result)

    def _out_stage(self, name: str, edit: Delete) -> str:
        stage = self.wanted.ace_stage.get((name, edit.entry), "rest")
        if stage != "exemption-out":
            return stage
        return self._exemption_out_stage(edit.entry, name)

    def _exemption_out_stage(self, entry: Entry, name: str) -> str:
        """A class that is translated afterwards switches here, before its protection goes; another one after it."""
        homes = [interface for interface, acl in self.wanted.current.exemptions.items() if acl == name]
        region = entry.region if isinstance(entry, Ace) else Region()
        outsides = set(self.wanted.current.bindings) or {item.interface for item in self.wanted.current.globals}
        later = any(
            self.wanted.translated(self.wanted.target, home, outside, region) for home in homes for outside in outsides
        )
        return "exemption-translated-out" if later else "exemption-untranslated-out"

    def _entry_additions(self, old: MapEntry | None, new: MapEntry) -> list[Step]:
        head = f"{new.head} "
        before = render.entry_lines(old) if old else []
        added = [line.removeprefix(head) for line in render.entry_lines(new) if line not in before]
        steps: list[Step] = []
        for line in added:
            if old and line.startswith("set transform-set") and old.transform_sets:
                steps += self._swap(new, "set transform-set", old.transform_sets, new.transform_sets)
            elif old and line.startswith("set peer") and old.peers:
                steps += self._swap(new, "set peer", old.peers, new.peers)
            elif old and line.startswith(("set pfs", "set security-association")):
                steps.append(self._replace_line(old, new, line))
            else:
                steps.append(render.create_map_line(new, line))
        if self.wanted.dialect.entry_at_once and old is None and new.map in self.wanted.current.bindings.values():
            steps = [_joined(steps[:2]), *steps[2:]]
            self.wanted.findings.append(
                Finding(
                    "interface-stops",
                    "warning",
                    f"{self.wanted.dialect.name}: until its peer is set, the new entry of the bound map may stop all traffic "
                    "of the interface",
                )
            )
        return steps

    def _swap(self, entry: MapEntry, attribute: str, old: Sequence[str], new: Sequence[str]) -> list[Step]:
        """The new peer or set is appended, then the old ones go: the entry is never without one."""
        ref = render.set_ref if attribute == "set transform-set" else render.group_ref
        return [
            *(
                simple_step(
                    f"{entry.head} {attribute} {name}", "entry", needs={ref(name)}, provides={render.entry_ref(entry)}
                )
                for name in new
                if name not in old
            ),
            *(
                removal_step(f"{entry.head} {attribute} {name}", "entry-out", releases={ref(name)})
                for name in old
                if name not in new
            ),
        ]

    def _replace_line(self, old: MapEntry, new: MapEntry, line: str) -> Step:
        """A single-valued line: typed again it replaces the old one."""
        word = " ".join(line.split()[: 4 if "lifetime" in line else 2])
        previous = next((row for row in render.entry_lines(old) if row.startswith(f"{old.head} {word}")), None)
        undo = previous or f"no {new.head} {line}"
        return Step((Line.of(f"{new.head} {line}"),), (Line.of(undo),), "entry")

    def _removing(self) -> list[Step]:
        old, new = self.wanted.current, self.wanted.target
        steps: list[Step] = []
        for nat in old.nats:
            if nat not in new.nats:
                steps.append(removal_step(render.nat_text(nat), "nat-out"))
        for interface, name in old.exemptions.items():
            if interface not in new.exemptions:
                stages = {
                    self._exemption_out_stage(ace, name) for ace in old.access_lists.get(name, AccessList(name)).aces
                }
                stage = min(stages, key=SWITCH_ORDER.index, default="rest")
                text = f"nat ({interface}) 0 access-list {name}"
                steps.append(removal_step(text, stage, releases={render.acl_ref(name)}))
        for interface, name in old.bindings.items():
            if interface not in new.bindings:
                steps.append(removal_step(f"crypto map {name} interface {interface}", "unbind"))
        for key, entry in old.entries.items():
            if key not in new.entries:
                # Reversed: transform set, peer, and the list last.
                for line in reversed(render.entry_lines(entry)):
                    steps.append(render.remove_map_line(entry, line.removeprefix(f"{entry.head} ")))
        for item in old.globals:
            if item not in new.globals:
                steps.append(removal_step(render.global_text(item), "global-out"))
        for interface in old.enabled:
            if interface not in new.enabled:
                steps.append(removal_step(f"{self.wanted.dialect.isakmp} enable {interface}", "rest"))
        for name, access_list in old.access_lists.items():
            if name not in new.access_lists:
                steps += self._list_removal(access_list)
        for name, transform_set in old.transform_sets.items():
            if name not in new.transform_sets:
                text = render.transform_set_text(transform_set)
                steps.append(removal_step(text, "rest", removes={render.set_ref(name)}))
        for name, group in old.groups.items():
            if name not in new.groups:
                steps.append(render.remove_group(group))
        for number, policy in old.policies.items():
            if number not in new.policies:
                steps.append(render.remove_policy(policy, self.wanted.dialect))
        return steps

    def _list_removal(self, access_list: AccessList) -> list[Step]:
        """A list goes entry by entry, from the bottom up; its last ones only once nothing refers to it."""
        steps: list[Step] = []
        name = access_list.name
        whole = name in self.wanted.temporary
        if whole:
            place, out = self.wanted.temporary[name]
            if TEMPORARY not in access_list.entries:
                steps.append(self._insertion(name, _Edit(TEMPORARY, True), place, provides=False))
        for entry in reversed([entry for entry in access_list.entries if not whole or entry != TEMPORARY]):
            stage = self.wanted.ace_stage.get((name, entry), "rest")
            early = whole and stage == "acl-out"
            steps.append(self._deletion(name, entry, stage if early else "rest", last=not early))
        if whole:
            steps.append(self._deletion(name, TEMPORARY, out, last=True))
        return steps


def _joined(steps: Sequence[Step]) -> Step:
    """Several steps that must share a write."""
    return Step(
        tuple(line for step in steps for line in step.do),
        tuple(line for step in reversed(steps) for line in step.undo),
        steps[0].stage,
        provides=frozenset().union(*(step.provides for step in steps)),
        needs=frozenset().union(*(step.needs for step in steps)),
    )
