# Copyright: The netvpn.dynamic_l2l contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""Why a tunnel does not come up: logs of either or both ends, with configurations and show output where they are at hand.

:func:`diagnose` is the way in. The logs are read by the platforms' readers; what their signs mean is in ``causes.py``;
what configurations and show output add is in ``narrow.py``. No text is an error: the worst log gives a diagnosis that
says what was not understood.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace

from ..asa.logs import AsaReader
from ..associations.sa import Associations
from ..errors import InputError
from ..intent import Intent
from ..ios.log_reader import IosReader
from .align import align
from .causes import CAUSES, NOTES, Command
from .failures import Failure, Read, across, first_sign, last_up, merged, of_drafts, of_strays
from .logs import read_records
from .narrow import Knowledge, learn
from .negotiation import IPSEC_ONLY, Draft, Place, Reader, joined
from .result import Diagnosis, Fix, Narrowing, Negotiation, Note, Problem
from .unlogged import silent

PLATFORMS = ("asa", "ios")


@dataclass(frozen=True)
class End:
    """One end: its logs, each a text (IKE debug, IPsec debug, syslog; pieces of one log joined), and what else is known.

    ``platform`` (``asa``, ``ios``) is recognised by the lines where it is empty. ``running_config`` may hold keys: they
    are compared and never shown. ``associations`` are what its show output says. ``key`` is whether its key is that of
    the intent, for a configuration that came without keys; None: not known.
    """

    texts: tuple[str, ...] = ()
    platform: str = ""
    running_config: str = field(default="", repr=False)
    access_lists: str = ""
    associations: Associations | None = None
    key: bool | None = None


def diagnose(ends: Mapping[str, End], intent: Intent | None = None) -> Diagnosis:
    """What the logs of the ends say, made exact by configurations, show output and intent where they are given.

    ``ends`` are one or two (or more) devices by name; with an intent their names are inventory names. Raises InputError
    where nothing is given, or a platform is none.
    """
    _check(ends)
    reads = [_read(name, end) for name, end in ends.items()]
    drafts = [draft for read in reads for draft in read.drafts]
    knowledge = learn(
        {name: (end.running_config, end.access_lists, end.associations) for name, end in ends.items()},
        {read.name: read.platform for read in reads},
        intent,
    )
    knowledge.quiet = tuple(read.name for read in reads if ends[read.name].texts and not read.drafts)
    knowledge.keys = {name: end.key for name, end in ends.items() if end.key is not None}
    numbers = {id(draft): number for number, draft in enumerate(drafts)}
    negotiations = tuple(_negotiation(numbers[id(draft)], draft, knowledge) for draft in drafts)
    knowledge.meet(negotiations)
    alignments = align(negotiations, knowledge.of_each_other)
    found: list[Failure] = []
    notes: list[Note] = []
    for read in reads:
        failures = [*of_drafts(read, numbers), *of_strays(read)]
        up = last_up(read)
        for failure in merged(failures):
            done, after = up.get((failure.device, failure.peer), ((-1, 0), None))
            if after and done > max((sign.place.text, sign.place.number) for sign in failure.signs):
                notes.append(_resolved(failure, after))
            else:
                found.append(failure)
        notes += _notes(read)
    found = across(found, alignments, knowledge.of_each_other)
    problems = [_problem(failure, negotiations, knowledge) for failure in found]
    told = [(problem.end, problem.peer) for problem in problems]
    for one in silent(knowledge, negotiations, told, [name for name, end in ends.items() if end.texts]):
        problems.append(
            _problem(Failure(CAUSES[one.code], one.end, one.peer, (), (), "", one.state), negotiations, knowledge)
        )
    unread = tuple(place for read in reads for reader in read.readers for place in reader.unread)
    return Diagnosis(
        _verdict(problems, negotiations, notes, ends),
        negotiations,
        tuple(problems),
        tuple(notes),
        alignments,
        unread,
        sum(read.elsewhere for read in reads),
        knowledge.unused,
    )


def _check(ends: Mapping[str, End]) -> None:
    if not ends:
        raise InputError("ends", None, "no end is given", "Give the log of one end, or of both by name")
    for name, end in ends.items():
        if end.platform not in ("", *PLATFORMS):
            raise InputError(
                f"ends.{name}.platform", end.platform, "this is no platform", f"Choose one of {', '.join(PLATFORMS)}"
            )
        for index, text in enumerate(end.texts):
            if not isinstance(text, str):
                raise InputError(
                    f"ends.{name}.logs[{index}]", type(text).__name__, "a text is expected here", "Give the log as text"
                )


# --- reading -----------------------------------------------------------------------------------------------------------


def _read(name: str, end: End) -> Read:
    readers: dict[str, Reader] = {"asa": AsaReader(name), "ios": IosReader(name)}
    counts = dict.fromkeys(readers, 0)
    elsewhere = 0
    last = end.platform
    strays: list[Place] = []
    for index, text in enumerate(end.texts):
        rows = read_records(text)
        for reader in readers.values():
            reader.text_begins(index)
        # A line without a mark is of the device that spoke before, or at the beginning of the one that speaks next.
        last = last or next((record.platform for record in rows.records if record.platform), "ios")
        for record in rows.records:
            platform = record.platform or last
            counts[platform] += bool(record.platform)
            readers[platform].take(record)
            last = platform
        strays += [Place(name, index, stray.number, stray.shown) for stray in rows.strays if not stray.typed]
        elsewhere += sum(stray.typed for stray in rows.strays)
    used = tuple(readers.values())
    readers[last or "ios"].unread.extend(strays)
    platform = end.platform or max(counts, key=lambda key: counts[key]) if any(counts.values()) else end.platform
    drafts = [draft for reader in used for draft in joined(reader.drafts)]
    kept = [draft for draft in drafts if draft.stages or draft.signs or draft.unanswered]
    _give_up(kept)
    kept.sort(key=lambda draft: (draft.first.text, draft.first.number) if draft.first else (0, 0))
    return Read(name, used, kept, platform, elsewhere + sum(reader.elsewhere for reader in used))


def _give_up(drafts: Sequence[Draft]) -> None:
    """A phase 1 that did not come up was given up when the next one with the same peer began."""
    latest: dict[tuple[str, str, int], Draft] = {}
    for draft in drafts:
        if not draft.phase1 or not draft.begun or draft.first is None:
            continue
        key = (draft.host, draft.peer, draft.first.text)
        before = latest.get(key)
        if before and not before.has("PHASE1", "IKEUP"):
            before.ended = True
        latest[key] = draft


def _outcome(draft: Draft) -> str:
    if draft.finished:
        return "up"
    if draft.ended or any(not sign.unless_up for sign in draft.signs) or draft.unanswered:
        return "failed"
    if draft.has("PHASE1", "IKEUP"):
        return "ike-up" if not draft.has("QM1", "CHILD1") else "unfinished"
    return "unfinished"


def _mode(draft: Draft) -> str:
    if draft.version == 2:
        return "ikev2"
    if draft.stages and draft.stages.keys() <= IPSEC_ONLY:
        return "ipsec"
    if any(step.startswith("AM") for step in draft.stages):
        return "aggressive"
    if any(step.startswith("MM") for step in draft.stages):
        return "main"
    return "quick" if not draft.phase1 or (draft.has("QM1", "QM2") and not draft.has("PHASE1")) else ""


def _negotiation(number: int, draft: Draft, knowledge: Knowledge) -> Negotiation:
    stages = sorted(draft.stages.values(), key=lambda stage: (stage.place.text, stage.place.number))
    agreed = {
        "ike": dict(draft.ike),
        "ipsec": dict(draft.ipsec),
        "nat_t": draft.found.get("nat_t"),
        "local_proxy": draft.found.get("local_proxy", ""),
        "remote_proxy": draft.found.get("remote_proxy", ""),
        "tunnel_group": draft.found.get("tunnel_group", ""),
        "map": draft.found.get("map", ""),
    }
    identifiers = {
        "connection": draft.connection,
        "message_id": draft.message_id,
        "spi_in": draft.spis.get("inbound", ""),
        "spi_out": draft.spis.get("outbound", ""),
        "ike_spis": list(draft.cookies) if any(draft.cookies) else [],
    }
    # A draft is kept for a step or a sign, and each has its place.
    first = draft.first or Place(draft.end, 0, 0, "")
    found = Negotiation(
        number,
        draft.end,
        draft.host,
        draft.peer,
        draft.local,
        draft.role,
        draft.version,
        _mode(draft),
        draft.reached(),
        tuple(stages),
        _outcome(draft),
        agreed,
        identifiers,
        draft.begun,
        first,
        draft.last or first,
    )
    return replace(found, tunnel=knowledge.tunnel_of(found))


def _resolved(failure: Failure, after: Draft) -> Note:
    what = failure.cause.title[0].lower() + failure.cause.title[1:]
    return Note(
        failure.cause.code,
        failure.end,
        failure.peer,
        f"For a while {what}; afterwards the tunnel with {after.peer or 'the peer'} came up",
        tuple(sign.place for sign in failure.signs),
    )


def _notes(read: Read) -> list[Note]:
    found = []
    for draft in read.drafts:
        for sign in draft.notes:
            message = NOTES[sign.code]
            if sign.code == "lifetime-changed":
                before = f"from {sign.values['before']} " if "before" in sign.values else ""
                message = (
                    f"{message} {before}to {sign.values['after']} {sign.values['unit']}: the ends are configured differently, "
                    "and the shorter one counts. State lifetimes in the intent to have the same"
                )
            found.append(Note(sign.code, read.name, draft.peer, message, (sign.place,)))
    # Debug and syslog say the same twice.
    return list({(note.code, note.peer, note.message): note for note in reversed(found)}.values())[::-1]


# --- telling -----------------------------------------------------------------------------------------------------------


def _problem(failure: Failure, negotiations: Sequence[Negotiation], knowledge: Knowledge) -> Problem:
    mine = [negotiations[number] for number in failure.drafts]
    narrowing = knowledge.narrow(failure.cause.code, failure.end, failure.peer, mine, failure.signs) or Narrowing("")
    cause = CAUSES.get(narrowing.code, failure.cause)
    others = cause.others
    if cause is not failure.cause:
        others = (f"the log alone says: {failure.cause.title}", *others)
    grades = [sign.row.grade for sign in failure.signs if sign.code == failure.cause.code]
    own = [sign for sign in failure.signs if sign.place.end == failure.end]
    exact = [sign for sign in own if sign.code == failure.cause.code] or own
    first = first_sign(exact).row if exact else None
    tunnel = next((one.tunnel for one in mine if one.tunnel), "")
    return Problem(
        cause.code,
        cause.title,
        failure.end,
        failure.peer,
        failure.stage,
        narrowing.sentence or cause.likely,
        others,
        tuple(sign.place for sign in failure.signs),
        tuple(_fixes(cause.confirm, failure, knowledge, negotiations)),
        cause.mend,
        narrowing.commands or tuple(_fixes(cause.lines, failure, knowledge, negotiations)),
        first.source if first else failure.cause.source,
        min(grades, key="VGMU".index, default=first.grade if first else "V"),
        failure.drafts,
        bool(narrowing.sentence),
        narrowing.at_fault,
        tunnel,
        failure.state,
    )


def _fixes(
    commands: Iterable[Command], failure: Failure, knowledge: Knowledge, negotiations: Sequence[Negotiation]
) -> Iterable[Fix]:
    other = knowledge.partner(failure.end, failure.peer)
    for command in commands:
        ends = [end for end in (failure.end, other) if end and knowledge.platform_of(end) == command.platform]
        if not ends and other and knowledge.platform_of(failure.end) not in ("", command.platform):
            continue
        for end in ends or ("",):
            if not knowledge.has_release(end, command):
                continue
            peer = failure.peer if end == failure.end else knowledge.peer_at(end, negotiations)
            text = command.text.replace("{peer}", peer or "PEER")
            yield Fix(end, command.platform, text, command.releases)


def _verdict(
    problems: Sequence[Problem], negotiations: Sequence[Negotiation], notes: Sequence[Note], ends: Mapping[str, End]
) -> str:
    if problems:
        worst = min(problems, key=lambda problem: CAUSES[problem.code].phase or 4)
        stage = f"after {worst.stage}" if worst.stage else worst.state
        where = f" ({', '.join(filter(None, (worst.end, worst.peer and f'peer {worst.peer}', stage)))})"
        more = (
            f". There {'is one problem' if len(problems) == 2 else f'are {len(problems) - 1} problems'} more"
            if len(problems) > 1
            else ""
        )
        return f"{worst.title}{where}: {worst.likely}{more}."
    if not negotiations:
        given = any(end.texts for end in ends.values())
        return (
            "The logs hold no negotiation: no packet asked for the tunnel, or IKE is not logged there."
            if given
            else "No log was given, and nothing else shows a failure."
        )
    up = [one for one in negotiations if one.outcome == "up"]
    if up:
        peers = sorted({one.peer for one in up if one.peer})
        told = f" {len(notes)} thing{'s are' if len(notes) > 1 else ' is'} worth knowing." if notes else ""
        return f"The tunnel with {', '.join(peers) or 'the peer'} came up; nothing is wrong in the log.{told}"
    last = negotiations[-1]
    if last.outcome == "ike-up":
        return f"Phase 1 with {last.peer or 'the peer'} came up, and the log holds no phase 2; nothing failed."
    return (
        f"The log ends after {last.reached or 'the beginning'} with {last.peer or 'the peer'}, before anything failed."
    )
