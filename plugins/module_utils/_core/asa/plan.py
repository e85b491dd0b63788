# Copyright: The netvpn.dynamic_l2l contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""From a PIX/ASA's configuration and the intent to the ordered lines that join them.

One way: :class:`.wanted.Wanted` edits a copy of the configuration into what is wanted; here the difference becomes steps,
and the steps are put in order.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property

from ..acl import AccessList, Entry, Insert
from ..intent import Intent
from ..list_edits import Use, change_list
from ..moving import Moving
from ..options import Options
from ..prefixes import Region
from ..proven import proven
from ..steps import Finding, Line, Plan, Ref, Step, joined, towards
from . import render
from .dialect import for_version
from .model import AsaConfig, MapEntry
from .wanted import TEMPORARY, Wanted


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
    search = _Search(wanted)
    ordered, proof = proven(render.reached, wanted, search.steps, search.detour)
    steps = search.difference.placed(ordered)
    dialect = wanted.dialect
    return Plan(
        steps,
        render.owned_text(config, wanted.scope, dialect),
        render.owned_text(wanted.target, wanted.scope, dialect),
        (*wanted.findings, *proof.findings),
        frozenset(wanted.scope),
        render.owned_data(wanted.target, wanted.scope, dialect),
        proof.switches,
    )


#: An entry of a bound map that has not both list and peer, up to 7.1.
INTERFACE_STOPS = "until its peer is set, the new entry of the bound map may stop all traffic of the interface"


class _Search:
    """The steps of a plan, and those of the longer way: an entry of a bound map is made, and taken apart, around the
    temporary ACE, so that it is never incomplete for a packet that anybody sends."""

    def __init__(self, wanted: Wanted) -> None:
        self.wanted = wanted
        self.difference = _Difference(wanted)
        self.steps = self.difference.steps()

    def detour(self, blocked: frozenset[Ref]) -> Sequence[Step] | None:
        """Steps around the entries among ``blocked``; None where all are taken around already."""
        old, new = self.wanted.current.entries, self.wanted.target.entries
        changing = {render.entry_ref(old.get(key) or new[key]) for key in old.keys() ^ new.keys()}
        whole = self.difference.whole | (blocked & changing)
        if whole == self.difference.whole:
            return None
        self.difference = _Difference(self.wanted, whole)
        return self.difference.steps()


def _together(regions: Sequence[Region | None]) -> Region | None:
    """The packets of all; None: any."""
    known = [region for region in regions if region is not None]
    if len(known) < len(regions):
        return None
    return Region(tuple(dict.fromkeys(box for region in known for box in region.boxes)))


def _bounded(step: Step, regions: Mapping[Ref, Region | None]) -> Step:
    """``step`` with the packets that it may touch, by the objects that it edits."""
    if step.region is not None or not step.edits:
        return step
    region = _together([regions.get(ref) for ref in step.edits])
    return step if region is None else replace(step, region=region)


def _list_first(entry: MapEntry, steps: Sequence[Step]) -> list[Step]:
    """The lines of a new entry, its list before all else: an entry without a list has to do with every packet."""
    listed = frozenset({("list of", *render.entry_ref(entry))})
    first, *others = steps
    return [
        replace(first, provides=first.provides | listed),
        *(replace(step, needs=step.needs | listed) for step in others),
    ]


def _list_last(entry: MapEntry, steps: Sequence[Step]) -> list[Step]:
    """The lines that take an entry apart, its list after all else."""
    listed = frozenset({("list of", *render.entry_ref(entry))})
    *others, last = steps
    return [
        *(replace(step, releases=step.releases | listed) for step in others),
        replace(last, removes=last.removes | listed),
    ]


@dataclass
class _Difference:
    """What leads from a configuration to what is wanted of it, as steps in the natural order of the platform.

    ``whole``: entries of a bound map whose list gets the temporary ACE while they are made or taken apart.
    """

    wanted: Wanted
    whole: frozenset[Ref] = frozenset()
    #: Which entry a step puts into, or takes out of, which list; its line number is known only when all are in order.
    edits: dict[Line, tuple[str, Entry]] = field(default_factory=dict)

    def steps(self) -> list[Step]:
        """What is added in the order in which it is typed by hand, then what goes, users before what they use."""
        regions = self._regions()
        return [_bounded(step, regions) for step in (*self._adding(), *self._removing())]

    def _regions(self) -> dict[Ref, Region | None]:
        """The packets that lines of a map entry, or of its peers' groups, may touch: those of its list, before and after.

        None: any, as where it has no list yet. A dynamic entry has to do with what groups there are: then nobody knows.
        """
        found: dict[Ref, list[Region | None]] = {}
        for config in (self.wanted.current, self.wanted.target):
            for entry in config.entries.values():
                if entry.dynamic:
                    return {}
                access_list = config.access_lists.get(entry.acl or "")
                whole = access_list is not None and bool(entry.peers)
                region = towards(access_list.entries) if access_list and whole else None
                for ref in (render.entry_ref(entry), *map(render.group_ref, entry.peers)):
                    found.setdefault(ref, []).append(region)
        return {ref: _together(regions) for ref, regions in found.items()}

    @cached_property
    def _reached(self) -> frozenset[Ref]:
        """What packets can meet as the device is."""
        return render.reached(self.wanted.current)

    @cached_property
    def _whole_lists(self) -> frozenset[str | None]:
        """The lists whose entry must be complete before its ACEs, and as long as one of them is there."""
        entries = (*self.wanted.current.entries.values(), *self.wanted.target.entries.values())
        return frozenset(entry.acl for entry in entries if render.entry_ref(entry) in self.whole)

    def _adding(self) -> list[Step]:
        old, new, dialect = self.wanted.current, self.wanted.target, self.wanted.dialect
        steps: list[Step] = []
        for number, policy in sorted(new.policies.items()):
            if number not in old.policies:
                steps.append(render.create_policy(policy, dialect))
            elif old.policies[number] != policy:
                steps.append(render.change_policy(old.policies[number], policy, dialect))
        for name, group in new.groups.items():
            if name not in old.groups:
                steps += render.create_group(group)
            elif old.groups[name] != group:
                steps += render.change_group(old.groups[name], group)
        for name, transform_set in new.transform_sets.items():
            if name not in old.transform_sets:
                steps.append(render.create_transform_set(transform_set))
        exempting = {*old.exemptions.values(), *new.exemptions.values()}
        lists = {
            name: self._list_additions(old.access_lists.get(name), new.access_lists[name]) for name in new.access_lists
        }
        steps += [step for name, edits in lists.items() if name not in exempting for step in edits if step.adds]
        for key, entry in new.entries.items():
            steps += self._entry_additions(old.entries.get(key), entry)
        steps += [render.create_enable(interface, dialect) for interface in new.enabled if interface not in old.enabled]
        steps += [step for name, edits in lists.items() if name in exempting for step in edits if step.adds]
        for interface, name in new.exemptions.items():
            if old.exemptions.get(interface) != name:
                steps.append(render.create_exemption(interface, name, self._both(name)))
        steps += [render.create_global(item) for item in new.globals if item not in old.globals]
        for interface, name in new.bindings.items():
            if old.bindings.get(interface) != name:
                steps.append(render.create_binding(name, interface, new.entries_of(name)))
        steps += [render.create_nat(nat) for nat in new.nats if nat not in old.nats]
        steps += [step for edits in lists.values() for step in edits if not step.adds]
        return steps

    def _list_additions(self, old: AccessList | None, new: AccessList) -> list[Step]:
        """Edits of a list that is wanted. They may be put in any order: numbers say where an entry goes.

        Edits in place always do (never ``Way.NEW_LIST``): an exemption list has nothing but permits, and of a crypto list
        what stays keeps its order, while what comes are permits behind it.
        """
        steps: list[Step] = []
        old_entries = old.entries if old else ()
        whole = new.name in self._whole_lists
        # An exemption list that nothing refers to yet is typed right before the line that will.
        exempts = new.name in self.wanted.target.exemptions.values()
        reached = render.acl_ref(new.name) in self._reached
        crypto = any(entry.acl == new.name for entry in self.wanted.target.entries.values())
        use = Use.EXEMPTION if exempts else Use.CRYPTO if crypto else Use.CHOICE
        change = change_list(old_entries, new.entries, use, bound=reached)
        moving = Moving(change)
        for edit, (below, rank) in zip(change.edits, change.places, strict=True):
            if isinstance(edit, Insert):
                number = render.number_above(below, rank)
                steps.append(self._insertion(new.name, edit.entry, number, lazy=exempts and not reached))
            else:
                steps.append(self._deletion(new.name, edit.entry, last=False))
            if edit.entry in moving.moved:
                # It goes right before it comes back: no list takes it twice.
                moved = frozenset({("moved", new.name, render.entry_text(edit.entry))})
                comes = isinstance(edit, Insert)
                steps[-1] = replace(steps[-1], needs=moved) if comes else replace(steps[-1], provides=moved, adds=True)
        if old is None and steps and not whole:
            # An entry that names a list which is not there has to do with every packet.
            steps[0] = replace(steps[0], provides=steps[0].provides | {render.acl_ref(new.name)})
        # An interrupted run may have left the temporary entry behind; then it goes with the others that are too many.
        if whole and TEMPORARY not in old_entries:
            there = frozenset({("temporary ACE", new.name)})
            steps.insert(0, self._insertion(new.name, TEMPORARY, None, lazy=True))
            steps = [replace(step, provides=step.provides | there) if step.adds else step for step in steps]
            # It stands until the entry is complete.
            users = {render.entry_ref(entry) for entry in self.wanted.target.entries.values() if entry.acl == new.name}
            steps.append(replace(self._deletion(new.name, TEMPORARY, last=False), needs=there | users))
        return steps

    def _both(self, name: str) -> list[AccessList]:
        """A list as it was, and as it will be."""
        configs = (self.wanted.current, self.wanted.target)
        return [config.access_lists[name] for config in configs if name in config.access_lists]

    def _insertion(self, name: str, entry: Entry, number: int | None, *, lazy: bool) -> Step:
        step = render.insert_entry(name, entry, number, lazy=lazy)
        self.edits[step.do[0]] = (name, entry)
        return step

    def _deletion(self, name: str, entry: Entry, *, last: bool) -> Step:
        step = render.delete_entry(name, entry, last=last)
        self.edits[step.do[0]] = (name, entry)
        return step

    def placed(self, steps: Sequence[Step]) -> tuple[Step, ...]:
        """``steps`` with line numbers for the order that they are in, and the target's lists as they then come out."""
        config = self.wanted.current
        result = []
        for step in steps:
            before, config = config, step.effect(config)
            if step.do[0] in self.edits:
                name, entry = self.edits[step.do[0]]
                longer, shorter = (config, before) if step.adds else (before, config)
                entries = longer.access_lists[name].entries
                length = len(shorter.access_lists.get(name, AccessList(name)).entries)
                line = (render.entry_line(name, entry, entries.index(entry), length),)
                step = replace(step, do=line) if step.adds else replace(step, undo=line)
            result.append(step)
        for name in self.wanted.target.access_lists:
            self.wanted.target.access_lists[name] = config.access_lists.get(name, AccessList(name))
        return tuple(result)

    def _entry_additions(self, old: MapEntry | None, new: MapEntry) -> list[Step]:
        head = f"{new.head} "
        before = render.entry_lines(old) if old else []
        added = [line.removeprefix(head) for line in render.entry_lines(new) if line not in before]
        steps: list[Step] = []
        for line in added:
            if old and line.startswith("set transform-set") and old.transform_sets:
                steps += render.swap_values(new, "set transform-set", old.transform_sets, new.transform_sets)
            elif old and line.startswith("set peer") and old.peers:
                steps += render.swap_values(new, "set peer", old.peers, new.peers)
            elif old and line.startswith(("set pfs", "set security-association")):
                steps.append(render.replace_map_line(old, new, line))
            else:
                steps.append(render.create_map_line(new, line))
        if self.wanted.dialect.entry_at_once and old is None and new.map in self.wanted.current.bindings.values():
            count = next(at for at, line in enumerate(added, 1) if line.startswith("set peer"))
            steps = [joined(steps[:count]), *steps[count:]]
            self.wanted.note(Finding("interface-stops", "warning", f"{self.wanted.dialect.name}: {INTERFACE_STOPS}"))
        return steps if old else _list_first(new, steps)

    def _removing(self) -> list[Step]:
        old, new, dialect = self.wanted.current, self.wanted.target, self.wanted.dialect
        steps = [render.remove_nat(nat) for nat in old.nats if nat not in new.nats]
        for interface, name in old.bindings.items():
            if interface not in new.bindings:
                steps.append(render.remove_binding(name, interface))
        for key, entry in old.entries.items():
            if key not in new.entries:
                # Reversed: transform set, peer, and the list last.
                rows = [line.removeprefix(f"{entry.head} ") for line in reversed(render.entry_lines(entry))]
                gone = [render.remove_map_line(entry, row) for row in rows]
                at = next((at for at, row in enumerate(rows) if row.startswith("set peer")), len(rows) - 1)
                if dialect.entry_at_once and entry.map in new.bindings.values() and at < len(rows) - 1:
                    gone = [*gone[:at], joined(gone[at:], adds=False)]
                steps += _list_last(entry, gone) if entry.acl else gone
        for interface, name in old.exemptions.items():
            if interface not in new.exemptions:
                steps.append(render.remove_exemption(interface, name, self._both(name)))
        steps += [render.remove_global(item) for item in old.globals if item not in new.globals]
        steps += [render.remove_enable(interface, dialect) for interface in old.enabled if interface not in new.enabled]
        for name, access_list in old.access_lists.items():
            if name not in new.access_lists:
                steps += self._list_removal(access_list)
        for name, transform_set in old.transform_sets.items():
            if name not in new.transform_sets:
                steps.append(render.remove_transform_set(transform_set))
        steps += [render.remove_group(group) for name, group in old.groups.items() if name not in new.groups]
        for number, policy in old.policies.items():
            if number not in new.policies:
                steps.append(render.remove_policy(policy, dialect))
        return steps

    def _list_removal(self, access_list: AccessList) -> list[Step]:
        """A list goes entry by entry, from the bottom up; its last ones only once nothing refers to it."""
        name = access_list.name
        whole = name in self._whole_lists
        steps: list[Step] = []
        # As long as the list is used one entry must stay in it.
        there = frozenset({("temporary ACE", name)})
        if whole and TEMPORARY not in access_list.entries:
            steps.append(replace(self._insertion(name, TEMPORARY, None, lazy=False), provides=there))
        for entry in reversed([entry for entry in access_list.entries if not whole or entry != TEMPORARY]):
            gone = self._deletion(name, entry, last=not whole)
            steps.append(replace(gone, needs=there) if whole else gone)
        if whole:
            steps.append(self._deletion(name, TEMPORARY, last=True))
        return steps
