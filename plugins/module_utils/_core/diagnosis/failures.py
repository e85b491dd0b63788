# Copyright: The netvpn.dynamic_l2l contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""The failures of each end's log by themselves, then of both ends together: each once, by its most exact name."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace

from ..asa.logs import STUCK
from .causes import CAUSES, UNANSWERED, Cause
from .negotiation import FINISHED, Draft, Reader, Sign
from .result import Alignment


@dataclass
class Read:
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
class Failure:
    """A failure at one end, before the ends are put together."""

    cause: Cause
    end: str
    peer: str
    signs: tuple[Sign, ...]
    drafts: tuple[int, ...] = ()
    stage: str = ""
    state: str = ""
    device: tuple[str, str] = ("", "")


# --- one end -------------------------------------------------------------------------------------------------------------


def of_drafts(read: Read, numbers: Mapping[int, int]) -> list[Failure]:
    """The failures of an end's negotiations; ``numbers``: of each draft, by its id."""
    found: list[Failure] = []
    for draft in read.drafts:
        signs = [sign for sign in draft.signs if not (draft.finished and sign.unless_up)]
        failed = draft.ended or draft.unanswered or any(not sign.unless_up for sign in signs)
        if not failed:
            signs = [sign for sign in signs if not sign.trial]
        exact = [sign for sign in signs if not CAUSES[sign.code].general]
        signs = signs if not exact else [*exact, *(sign for sign in signs if CAUSES[sign.code].general)]
        if draft.unanswered and not draft.finished and not exact:
            code = _unanswered(draft)
            found.append(_failure(CAUSES[code], read.name, draft, [*draft.unanswered, *signs], numbers))
        elif signs:
            # One negotiation fails for one reason; what else was said of it belongs to that.
            code = first_sign(exact or signs).code
            told = signs if draft.finished else [*signs, *draft.unanswered]
            found.append(_failure(CAUSES[code], read.name, draft, told, numbers))
    return found


def first_sign(signs: Sequence[Sign]) -> Sign:
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


def _failure(cause: Cause, end: str, draft: Draft, signs: Iterable[Sign], numbers: Mapping[int, int]) -> Failure:
    ordered = tuple(sorted(signs, key=lambda sign: (sign.place.text, sign.place.number)))
    peer = draft.peer or next((sign.peer for sign in ordered if sign.peer), "")
    return Failure(cause, end, peer, ordered, (numbers[id(draft)],), draft.reached(), device=draft.device)


def of_strays(read: Read) -> list[Failure]:
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
        found.append(Failure(CAUSES[code], read.name, sign.peer, (sign,), device=sign.device))
    return found


def _state_code(sign: Sign) -> str:
    """A message that was sent again, of a negotiation that is not in the log."""
    state = sign.values.get("state", "")
    known = {"MM_KEY_EXCH": "key-differs", "MM_SA_SETUP": "tunnel-group-missing", "MM_NO_STATE": "peer-unreachable"}
    return known.get(state, "phase-1-refused")


def merged(failures: Sequence[Failure]) -> list[Failure]:
    """The same failure with the same peer is one; a general one goes into the exact one it came with."""
    groups: dict[tuple[tuple[str, str], str, str], list[Failure]] = {}
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


def _together(failures: Sequence[Failure]) -> Failure:
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


def last_up(read: Read) -> dict[tuple[tuple[str, str], str], tuple[tuple[int, int], Draft]]:
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
        for key in ((draft.device, draft.peer), (draft.device, "")):
            if key not in found or found[key][0] < done:
                found[key] = (done, draft)
    return found


# --- both ends ---------------------------------------------------------------------------------------------------------


def across(
    found: Sequence[Failure],
    alignments: Sequence[Alignment],
    of_each_other: Callable[[tuple[str, str], tuple[str, str]], bool],
) -> list[Failure]:
    """What one end only calls refused is what the other end says that it was.

    ``of_each_other``: whether two ``(end, peer)`` are the two sides of one thing.
    """
    pairs = {frozenset(one.negotiations) for one in alignments}
    result = list(found)
    for here in found:
        if not any(one is here for one in result):
            continue
        for there in sorted(result, key=lambda one: (one.cause.general, one.cause.code in _SILENT)):
            if there.end == here.end or there.cause.phase not in (1, 2) or not _says_less(here, there):
                continue
            if of_each_other((here.end, here.peer), (there.end, there.peer)) or any(
                frozenset((a, b)) in pairs for a in here.drafts for b in there.drafts
            ):
                both = replace(there, signs=(*there.signs, *here.signs), drafts=(*there.drafts, *here.drafts))
                result = [both if one is there else one for one in result if one is not here]
                break
    return result


def _says_less(here: Failure, there: Failure) -> bool:
    """Whether what one end saw of a failure is what the other end tells better."""
    if here.cause.code == there.cause.code:
        return _grade(here) >= _grade(there)
    if _hearsay(here) and not _hearsay(there) and not there.cause.general and there.cause.code not in _SILENT:
        return here.cause.phase == there.cause.phase
    if not here.cause.general and (here.cause.code not in _SILENT or there.cause.general):
        return False
    return here.cause.phase == there.cause.phase or there.cause.code == "map-not-bound"


def _hearsay(failure: Failure) -> bool:
    """Whether an end knows of a failure only by what the other end notified it of."""
    signs = [sign for sign in failure.signs if sign.code == failure.cause.code]
    return bool(signs) and all("notif" in sign.row.literal.lower() for sign in signs)


def _grade(failure: Failure) -> int:
    return min("VGMU".index(sign.row.grade) for sign in failure.signs)


#: One end hears nothing; the other one may have said why.
_SILENT = frozenset(("peer-unreachable", "tunnel-group-missing", "key-differs", "quick-mode-unanswered", "answer-lost"))
