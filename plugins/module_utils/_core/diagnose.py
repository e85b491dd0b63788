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

from .align import align
from .asa.logs import STUCK, AsaReader
from .causes import CAUSES, NOTES, UNANSWERED, Cause, Command
from .diagnosis import Alignment, Diagnosis, Fix, Narrowing, Negotiation, Note, Problem
from .errors import InputError
from .intent import Intent
from .ios.log_reader import IosReader
from .logs import read_records
from .narrow import Knowledge, learn
from .negotiation import FINISHED, IPSEC_ONLY, Draft, Place, Reader, Sign, joined
from .sa import Associations
from .unlogged import silent

PLATFORMS = ("asa", "ios")


@dataclass(frozen=True)
class End:
    """One end: its logs, each a text (IKE debug, IPsec debug, syslog; pieces of one log joined), and what else is known.

    ``platform`` (``asa``, ``ios``) is recognised by the lines where it is empty. ``running_config`` may hold keys: they
    are compared and never shown. ``associations`` are what its show output says.
    """

    texts: tuple[str, ...] = ()
    platform: str = ""
    running_config: str = field(default="", repr=False)
    access_lists: str = ""
    associations: Associations | None = None


@dataclass
class _Read:
    """One end's logs, read."""

    name: str
    readers: tuple[Reader, ...]
    drafts: list[Draft]
    platform: str
    elsewhere: int

    @property
    def strays(self) -> list[Sign]:
        return [sign for reader in self.readers for sign in reader.strays]


@dataclass(frozen=True)
class _Found:
    """A failure at one end, before the ends are put together."""

    cause: Cause
    end: str
    peer: str
    signs: tuple[Sign, ...]
    drafts: tuple[int, ...] = ()
    stage: str = ""
    state: str = ""
    device: tuple[str, str] = ("", "")


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
    numbers = {id(draft): number for number, draft in enumerate(drafts)}
    negotiations = tuple(_negotiation(numbers[id(draft)], draft, knowledge) for draft in drafts)
    alignments = align(negotiations)
    found: list[_Found] = []
    notes: list[Note] = []
    for read in reads:
        failures = [*_of_drafts(read, numbers), *_of_strays(read)]
        up = _last_up(read)
        for failure in _merged(failures):
            done, after = up.get((failure.device, failure.peer), ((-1, 0), None))
            if after and done > max((sign.place.text, sign.place.number) for sign in failure.signs):
                notes.append(_resolved(failure, after))
            else:
                found.append(failure)
        notes += _notes(read)
    found = _across(found, alignments, negotiations)
    problems = [_problem(failure, negotiations, knowledge) for failure in found]
    told = [(problem.end, problem.peer) for problem in problems]
    for one in silent(knowledge, negotiations, told, [name for name, end in ends.items() if end.texts]):
        problems.append(
            _problem(_Found(CAUSES[one.code], one.end, one.peer, (), (), "", one.state), negotiations, knowledge)
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


def _read(name: str, end: End) -> _Read:
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
    return _Read(name, used, kept, platform, elsewhere + sum(reader.elsewhere for reader in used))


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
    assert draft.first is not None
    assert draft.last is not None
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
        draft.first,
        draft.last,
    )
    return replace(found, tunnel=knowledge.tunnel_of(found))


# --- what failed -------------------------------------------------------------------------------------------------------


def _of_drafts(read: _Read, numbers: Mapping[int, int]) -> list[_Found]:
    found: list[_Found] = []
    for draft in read.drafts:
        signs = [sign for sign in draft.signs if not (draft.finished and sign.unless_up)]
        failed = draft.ended or draft.unanswered or any(not sign.unless_up for sign in signs)
        if not failed:
            signs = [sign for sign in signs if not sign.trial]
        exact = [sign for sign in signs if not CAUSES[sign.code].general]
        signs = signs if not exact else [*exact, *(sign for sign in signs if CAUSES[sign.code].general)]
        if draft.unanswered and not draft.finished and not exact:
            code = _unanswered(draft)
            found.append(_found(CAUSES[code], read.name, draft, [*draft.unanswered, *signs], numbers))
        elif signs:
            # One negotiation fails for one reason; what else was said of it belongs to that.
            code = _first(exact or signs).code
            told = signs if draft.finished else [*signs, *draft.unanswered]
            found.append(_found(CAUSES[code], read.name, draft, told, numbers))
    return found


def _first(signs: Sequence[Sign]) -> Sign:
    """What says most of a failure: what is certain before what may mean something, then the first."""
    return min(signs, key=lambda sign: (sign.unless_up, sign.place.text, sign.place.number))


def _unanswered(draft: Draft) -> str:
    waits = [sign.values["wait"] for sign in draft.unanswered if "wait" in sign.values]
    if waits:
        return STUCK[waits[-1]]
    reached = draft.reached()
    if reached in ("", "MM1") and (
        state := next((s.values["state"] for s in draft.unanswered if "state" in s.values), "")
    ):
        # ``retransmitting phase 1 MM_KEY_EXCH...`` alone tells the step (failures.md).
        return {"MM_KEY_EXCH": "key-differs", "MM_SA_SETUP": "tunnel-group-missing"}.get(state, "peer-unreachable")
    return UNANSWERED.get(reached, "phase-1-refused")


def _found(cause: Cause, end: str, draft: Draft, signs: Iterable[Sign], numbers: Mapping[int, int]) -> _Found:
    ordered = tuple(sorted(signs, key=lambda sign: (sign.place.text, sign.place.number)))
    peer = draft.peer or next((sign.peer for sign in ordered if sign.peer), "")
    return _Found(cause, end, peer, ordered, (numbers[id(draft)],), draft.reached(), device=draft.device)


def _of_strays(read: _Read) -> list[_Found]:
    """Signs outside of any negotiation."""
    found = []
    up = {(draft.device, draft.peer) for draft in read.drafts if draft.has("PHASE1", "IKEUP") or draft.finished}
    anybody = {device for device, _peer in up}
    tried = {draft.device for draft in read.drafts if draft.stages}
    for sign in read.strays:
        code = sign.code or _state_code(sign)
        if not code:
            continue
        if sign.unless_up and ((sign.device, sign.peer) in up if sign.peer else sign.device in anybody):
            continue
        if sign.trial and sign.device in tried:
            continue
        found.append(_Found(CAUSES[code], read.name, sign.peer, (sign,), device=sign.device))
    return found


def _state_code(sign: Sign) -> str:
    """A message that was sent again, of a negotiation that is not in the log."""
    state = sign.values.get("state", "")
    known = {"MM_KEY_EXCH": "key-differs", "MM_SA_SETUP": "tunnel-group-missing", "MM_NO_STATE": "peer-unreachable"}
    return known.get(state, "phase-1-refused")


def _merged(failures: Sequence[_Found]) -> list[_Found]:
    """The same failure with the same peer is one; a general one goes into the exact one it came with."""
    groups: dict[tuple[tuple[str, str], str, str], list[_Found]] = {}
    for failure in failures:
        groups.setdefault((failure.device, failure.cause.code, failure.peer), []).append(failure)
    named = {key[:2]: key for key in groups if key[2]}
    for key in [key for key in groups if not key[2] and key[:2] in named]:
        groups[named[key[:2]]] += groups.pop(key)
    exact: dict[tuple[tuple[str, str], str], tuple[tuple[str, str], str, str]] = {}
    first: dict[tuple[str, str], tuple[tuple[str, str], str, str]] = {}
    for key, (failure, *_more) in groups.items():
        if not failure.cause.general and failure.cause.phase != 3:
            exact.setdefault((failure.device, failure.peer), key)
            first.setdefault(failure.device, key)
    for key in list(groups):
        failure = groups[key][0]
        device = failure.device
        into = exact.get((device, failure.peer)) or (exact.get((device, "")) if failure.peer else first.get(device))
        drafts = any(one.drafts for one in groups[key])
        if failure.cause.general and into and (not drafts or failure.cause.phase == groups[into][0].cause.phase):
            groups[into] += groups.pop(key)
    return [_together(group) for group in groups.values()]


def _together(failures: Sequence[_Found]) -> _Found:
    """What is one failure, told by several messages or tries; the first one's name, the last one's step."""
    one, *more = failures
    if not more:
        return one
    signs = sorted(
        (sign for failure in failures for sign in failure.signs), key=lambda sign: (sign.place.text, sign.place.number)
    )
    stage = next((failure.stage for failure in reversed(failures) if failure.stage), "")
    drafts = tuple(draft for failure in failures for draft in failure.drafts)
    return replace(one, signs=tuple(signs), drafts=drafts, stage=stage)


def _last_up(read: _Read) -> dict[tuple[tuple[str, str], str], tuple[tuple[int, int], Draft]]:
    """``(device, peer)`` → where its last negotiation came up; the peer is empty for anybody's."""
    found: dict[tuple[tuple[str, str], str], tuple[tuple[int, int], Draft]] = {}
    for draft in read.drafts:
        if not draft.finished or draft.ended:
            continue
        done = max(
            (stage.place.text, stage.place.number)
            for step, stage in draft.stages.items()
            if step in FINISHED or step == "IKEUP"
        )
        for key in {(draft.device, draft.peer), (draft.device, "")}:
            if key not in found or found[key][0] < done:
                found[key] = (done, draft)
    return found


def _resolved(failure: _Found, after: Draft) -> Note:
    what = failure.cause.title[0].lower() + failure.cause.title[1:]
    return Note(
        failure.cause.code,
        failure.end,
        failure.peer,
        f"For a while {what}; afterwards the tunnel with {after.peer or 'the peer'} came up",
        tuple(sign.place for sign in failure.signs),
    )


def _notes(read: _Read) -> list[Note]:
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


# --- both ends ---------------------------------------------------------------------------------------------------------


def _across(
    found: Sequence[_Found], alignments: Sequence[Alignment], negotiations: Sequence[Negotiation]
) -> list[_Found]:
    """What one end only calls refused is what the other end says that it was."""
    pairs = {frozenset(one.negotiations) for one in alignments}
    result = list(found)
    for here in found:
        if not any(one is here for one in result):
            continue
        for there in sorted(result, key=lambda one: (one.cause.general, one.cause.code in _SILENT)):
            if there.end == here.end or there.cause.phase not in (1, 2) or not _says_less(here, there):
                continue
            if any(frozenset((a, b)) in pairs for a in here.drafts for b in there.drafts) or _of_each_other(
                here, there, negotiations
            ):
                both = replace(there, signs=(*there.signs, *here.signs), drafts=(*there.drafts, *here.drafts))
                result = [both if one is there else one for one in result if one is not here]
                break
    return result


def _says_less(here: _Found, there: _Found) -> bool:
    """Whether what one end saw of a failure is what the other end tells better."""
    if here.cause.code == there.cause.code:
        return _grade(here) >= _grade(there)
    if _hearsay(here) and not _hearsay(there) and not there.cause.general and there.cause.code not in _SILENT:
        return here.cause.phase == there.cause.phase
    if not here.cause.general and (here.cause.code not in _SILENT or there.cause.general):
        return False
    return here.cause.phase == there.cause.phase or there.cause.code == "map-not-bound"


def _hearsay(failure: _Found) -> bool:
    """Whether an end knows of a failure only by what the other end notified it of."""
    signs = [sign for sign in failure.signs if sign.code == failure.cause.code]
    return bool(signs) and all("notif" in sign.row.literal.lower() for sign in signs)


def _grade(failure: _Found) -> int:
    return min("VGMU".index(sign.row.grade) for sign in failure.signs)


#: One end hears nothing; the other one may have said why.
_SILENT = frozenset(("peer-unreachable", "tunnel-group-missing", "key-differs", "quick-mode-unanswered", "answer-lost"))


def _of_each_other(one: _Found, two: _Found, negotiations: Sequence[Negotiation]) -> bool:
    """Whether two failures at two ends can be of one negotiation: each end's peer is the other, as far as is known."""

    def own(failure: _Found) -> set[str]:
        return {item.local for item in negotiations if item.end == failure.end and item.local}

    return all(
        not there or not failure.peer or failure.peer in there for failure, there in ((one, own(two)), (two, own(one)))
    )


# --- telling -----------------------------------------------------------------------------------------------------------


def _problem(failure: _Found, negotiations: Sequence[Negotiation], knowledge: Knowledge) -> Problem:
    mine = [negotiations[number] for number in failure.drafts]
    narrowing = knowledge.narrow(failure.cause.code, failure.end, failure.peer, mine, failure.signs) or Narrowing("")
    cause = CAUSES.get(narrowing.code, failure.cause)
    others = cause.others
    if cause is not failure.cause:
        others = (f"the log alone says: {failure.cause.title}", *others)
    grades = [sign.row.grade for sign in failure.signs if sign.code == failure.cause.code]
    own = [sign for sign in failure.signs if sign.place.end == failure.end]
    exact = [sign for sign in own if sign.code == failure.cause.code] or own
    first = _first(exact).row if exact else None
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
    commands: Iterable[Command], failure: _Found, knowledge: Knowledge, negotiations: Sequence[Negotiation]
) -> Iterable[Fix]:
    for command in commands:
        ends = knowledge.ends_of(command.platform)
        if not ends and knowledge.platform_of(failure.end) not in ("", command.platform) and knowledge.pair:
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
