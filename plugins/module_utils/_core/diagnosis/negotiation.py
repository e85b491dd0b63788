# Copyright: The netvpn.dynamic_l2l contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""IKE negotiations as one end's log tells them, and what the readers of both platforms share.

A reader takes records one after the other and keeps a *draft* per negotiation: a phase 1 exchange with its first quick
mode, each further quick mode of the same IKE SA alone (another pair of proxy identities, a renewal, another try), or
the IPsec SAs that only the IPsec debug tells of. What a record says is in the tables of the platforms (:class:`Row`);
what it means for the negotiation is in their readers.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from .logs import Record

#: The steps in the order of the protocol, with who sends the message. What a log of both ends can be laid side by side by.
STEPS: dict[str, str] = {
    "MM1": "main mode 1: the initiator offers its IKE policies",
    "MM2": "main mode 2: the responder has chosen one",
    "MM3": "main mode 3: the initiator's Diffie-Hellman value and nonce",
    "MM4": "main mode 4: the responder's Diffie-Hellman value and nonce",
    "MM5": "main mode 5: the initiator's identity and proof of the key, encrypted",
    "MM6": "main mode 6: the responder's identity and proof of the key, encrypted",
    "AM1": "aggressive mode 1: the initiator's offer, Diffie-Hellman value and identity",
    "AM2": "aggressive mode 2: the responder's choice, Diffie-Hellman value, identity and proof",
    "AM3": "aggressive mode 3: the initiator's proof",
    "PHASE1": "phase 1 is complete: the IKE SA is up",
    "QM1": "quick mode 1: the initiator offers transforms and proxy identities",
    "QM2": "quick mode 2: the responder has chosen",
    "QM3": "quick mode 3: the initiator's proof of life",
    "PHASE2": "phase 2 is complete: the IPsec SAs are up",
    "INIT1": "IKE_SA_INIT request: the initiator's proposal and Diffie-Hellman value",
    "INIT2": "IKE_SA_INIT response: the responder's choice and Diffie-Hellman value",
    "AUTH1": "IKE_AUTH request: the initiator's identity, proof, transforms and selectors",
    "AUTH2": "IKE_AUTH response: the responder's",
    "IKEUP": "the IKEv2 SA is up",
    "CHILD1": "CREATE_CHILD_SA request",
    "CHILD2": "CREATE_CHILD_SA response",
    "SPI": "IPsec: SPIs are chosen",
    "SA": "IPsec: the SAs of both directions are made",
    "ACTIVE": "IPsec: both directions are in use",
}
#: What IPsec debug alone tells of comes before all that IKE tells.
IPSEC_ONLY = frozenset(("SPI", "SA", "ACTIVE"))
_ORDER = {step: index - len(STEPS) * (step in IPSEC_ONLY) for index, step in enumerate(STEPS)}

#: What a negotiation finds out beside its proposals.
_FOUND = frozenset(("map", "sequence", "tunnel_group"))

#: Steps after which a negotiation has given what it was for.
FINISHED = frozenset(("PHASE2", "ACTIVE", "CHILD2"))


@dataclass(frozen=True)
class Place:
    """Where a record stands: the end's name, which of its texts (from 0), the line's number (from 1), what it says."""

    end: str
    text: int
    number: int
    shown: str


@dataclass(frozen=True)
class Row:
    """One kind of message.

    ``literal`` stands in every such message, ``pattern`` (empty: not needed) finds its values by name; ``kind`` names
    the reader's method; ``code`` is the failure or note that it is a sign of. ``source`` is the row of a fact sheet, or
    the published text, that the message was taken from; ``grade`` as in failures.md: V verbatim in a capture, G Cisco's
    guide, M a title in Cisco's debug guides, U not found anywhere.
    """

    literal: str
    kind: str
    pattern: str = ""
    code: str = ""
    source: str = ""
    grade: str = "V"


class Table:
    """The rows of a platform, asked in their order."""

    def __init__(self, rows: Iterable[Row]) -> None:
        self.rows = tuple(rows)
        self._compiled = tuple(
            (row.literal, re.compile(row.pattern) if row.pattern else None, row) for row in self.rows
        )

    def find(self, text: str) -> tuple[Row, Mapping[str, str]] | None:
        """The row of a message, with the values that it names."""
        for literal, pattern, row in self._compiled:
            if literal in text:
                if pattern is None:
                    return row, {}
                if found := pattern.search(text):
                    return row, {name: value for name, value in found.groupdict().items() if value is not None}
        return None


@dataclass(frozen=True)
class Sign:
    """A message that tells of a failure or of something to know: its code, where, and the values it named.

    ``unless_up``: it means something only where the negotiation does not come up after all; ``trial``: one of several
    choices did not fit, which says something only where the negotiation failed for it.
    """

    code: str
    place: Place
    row: Row
    values: Mapping[str, str]
    peer: str = ""
    unless_up: bool = False
    trial: bool = False
    #: whose message it is, where a collector's text is of several devices
    device: tuple[str, str] = ("", "")


@dataclass(frozen=True)
class Stage:
    """A step that was seen, and the first line that shows it."""

    step: str
    place: Place


@dataclass
class Draft:
    """A negotiation while its log is read."""

    end: str
    platform: str
    peer: str = ""
    local: str = ""
    role: str = ""
    version: int = 1
    host: str = ""
    #: phase 1 is part of it
    phase1: bool = False
    #: the log holds its beginning
    begun: bool = False
    ended: bool = False
    stages: dict[str, Stage] = field(default_factory=dict)
    ike: dict[str, Any] = field(default_factory=dict)
    ipsec: dict[str, Any] = field(default_factory=dict)
    #: what else was agreed or found: nat_t, identities, proxies, lifetimes
    found: dict[str, Any] = field(default_factory=dict)
    signs: list[Sign] = field(default_factory=list)
    notes: list[Sign] = field(default_factory=list)
    #: message id of its quick mode, 8 hexadecimal digits
    message_id: str = ""
    spis: dict[str, str] = field(default_factory=dict)
    #: IKEv2 SPIs, or what the device calls the SA by
    cookies: tuple[str, str] = ("", "")
    connection: str = ""
    attributes: dict[str, str] = field(default_factory=dict)
    unanswered: list[Sign] = field(default_factory=list)
    first: Place | None = None
    last: Place | None = None
    #: when it began, see logs.moment
    moment: str = ""

    @property
    def device(self) -> tuple[str, str]:
        """Whose negotiation it is, where a collector's text is of several devices."""
        return self.platform, self.host

    def reached(self) -> str:
        """The furthest step of the protocol that was seen."""
        return max(self.stages, key=lambda step: _ORDER[step], default="")

    def has(self, *steps: str) -> bool:
        """Whether one of the steps was seen."""
        return any(step in self.stages for step in steps)

    @property
    def finished(self) -> bool:
        """Whether it came to its end well. The first child SA of IKEv2 comes with the IKE SA, unless it was refused."""
        refused = any(not sign.unless_up for sign in self.signs)
        return bool(FINISHED & self.stages.keys()) or (self.version == 2 and self.has("IKEUP") and not refused)

    def step(self, name: str, place: Place) -> None:
        """A step was seen; the first sight counts."""
        self.stages.setdefault(name, Stage(name, place))

    def touch(self, place: Place) -> None:
        """A record belongs to it."""
        self.first = self.first or place
        self.last = place


class Reader:
    """What both platforms' readers share. One reader reads all texts of one end, in their order."""

    platform = ""
    table: Table

    def __init__(self, end: str) -> None:
        self.end = end
        self.drafts: list[Draft] = []
        #: signs that belong to no negotiation of the log
        self.strays: list[Sign] = []
        self.unread: list[Place] = []
        #: messages that are of other matters
        self.elsewhere = 0
        self._text = 0

    def text_begins(self, index: int) -> None:
        """Records of the end's next text follow; it is a log of its own, of the same time or another."""
        self._text = index
        self.forget()

    def forget(self) -> None:
        """Nothing that was spoken of is spoken of any more."""
        raise NotImplementedError

    def place(self, record: Record) -> Place:
        """Where a record stands."""
        return Place(self.end, self._text, record.number, record.shown)

    def take(self, record: Record) -> None:
        """Read one record."""
        raise NotImplementedError

    def handle(self, row: Row, values: Mapping[str, str], record: Record, draft: Draft | None) -> None:
        """Let the method of the row's kind do what it means."""
        method: Callable[[Row, Mapping[str, str], Record, Draft | None], None] = getattr(self, f"_on_{row.kind}")
        method(row, values, record, draft)

    def add(self, draft: Draft) -> Draft:
        """A negotiation begins."""
        self.drafts.append(draft)
        return draft

    # --- kinds that mean the same on both platforms ------------------------------------------------------------------

    def _on_quiet(self, row: Row, values: Mapping[str, str], record: Record, draft: Draft | None) -> None:
        """Known, and nothing to say."""

    def _on_elsewhere(self, row: Row, values: Mapping[str, str], record: Record, draft: Draft | None) -> None:
        self.elsewhere += 1

    def _sign(
        self, row: Row, values: Mapping[str, str], record: Record, draft: Draft | None, *, unless_up: bool = False
    ) -> Sign:
        peer = values.get("peer") or (draft.peer if draft else "")
        return Sign(row.code, self.place(record), row, values, peer, unless_up, device=(self.platform, record.host))

    def _on_fault(self, row: Row, values: Mapping[str, str], record: Record, draft: Draft | None) -> None:
        sign = self._sign(row, values, record, draft)
        if draft:
            draft.peer, draft.local = draft.peer or values.get("peer", ""), draft.local or values.get("local", "")
        (draft.signs if draft else self.strays).append(sign)

    def _on_hint(self, row: Row, values: Mapping[str, str], record: Record, draft: Draft | None) -> None:
        sign = self._sign(row, values, record, draft, unless_up=True)
        (draft.signs if draft else self.strays).append(sign)

    def _on_trial(self, row: Row, values: Mapping[str, str], record: Record, draft: Draft | None) -> None:
        sign = replace(self._sign(row, values, record, draft, unless_up=True), trial=True)
        (draft.signs if draft else self.strays).append(sign)

    def _on_note(self, row: Row, values: Mapping[str, str], record: Record, draft: Draft | None) -> None:
        if draft:
            draft.notes.append(self._sign(row, values, record, draft))

    def _on_resent(self, row: Row, values: Mapping[str, str], record: Record, draft: Draft | None) -> None:
        """A message was sent again: nobody answered it. What that means is told by the step it was of."""
        sign = self._sign(row, values, record, draft, unless_up=True)
        if draft:
            draft.unanswered.append(sign)
        else:
            self.strays.append(sign)

    def _on_ike(self, row: Row, values: Mapping[str, str], record: Record, draft: Draft | None) -> None:
        if draft:
            draft.ike.update({name: value for name, value in values.items() if name not in ("group", "peer")})

    def _on_found(self, row: Row, values: Mapping[str, str], record: Record, draft: Draft | None) -> None:
        if draft:
            draft.found.update({name: value for name, value in values.items() if name in _FOUND})


def message_id(text: str, base: int) -> str:
    """A message id as 8 hexadecimal digits: PIX/ASA prints it so, IOS as a decimal number, to 15 a signed one."""
    return f"{int(text, base) & 0xFFFFFFFF:08x}"


def spi(text: str) -> str:
    """An SPI as ``0x`` and 8 hexadecimal digits; both platforms print both ways."""
    number = int(text, 16) if text[:2].lower() == "0x" else int(text)
    return f"0x{number & 0xFFFFFFFF:08x}"


def network(address: str, mask: str) -> str:
    """``10.1.1.0/24`` of an address and a mask as printed; as printed where that is no network."""
    try:
        octets = [int(part) for part in mask.split(".")]
        number = int.from_bytes(bytes(octets), "big")
    except ValueError:
        return f"{address} {mask}"
    length = bin(number).count("1")
    contiguous = len(octets) == 4 and number == (0xFFFFFFFF << (32 - length)) & 0xFFFFFFFF
    return f"{address}/{length}" if contiguous else f"{address} {mask}"


def joined(drafts: Sequence[Draft]) -> list[Draft]:
    """Several logs of one end (IKE debug, IPsec debug, syslog) tell of the same negotiations: each once.

    The same are those that name one SPI, one message id or IKEv2 SPIs; and of two texts those that began with the same
    peer in the same second, the first of one with the first of the other, and so on.
    """
    kept: list[Draft] = []
    owners: dict[tuple[str, ...], Draft] = {}
    counts: dict[tuple[str, ...], int] = {}
    for draft in drafts:
        keys = list(_identifiers(draft))
        if draft.moment and draft.phase1:
            when = (draft.host, draft.peer, draft.role, draft.moment)
            text = str(draft.first.text if draft.first else 0)
            counts[(*when, text)] = nth = counts.get((*when, text), 0) + 1
            keys.append(("when", *when, str(nth)))
        owner = next((owners[key] for key in keys if key in owners and _joinable(owners[key], draft)), None)
        if owner is None:
            kept.append(draft)
        else:
            _merge(owner, draft)
        for key in keys:
            owners.setdefault(key, owner or draft)
    return kept


def _joinable(one: Draft, two: Draft) -> bool:
    """One log tells of a negotiation once, but for what the IPsec debug adds."""
    places = [draft.first.text if draft.first else 0 for draft in (one, two)]
    return places[0] != places[1] or any(draft.stages.keys() <= IPSEC_ONLY for draft in (one, two))


def _identifiers(draft: Draft) -> Iterator[tuple[str, ...]]:
    yield from (("spi", draft.host, value) for value in draft.spis.values())
    if draft.message_id:
        yield "message id", draft.host, draft.peer, draft.message_id
    if all(draft.cookies):
        yield ("cookies", draft.host, *draft.cookies)


def _merge(owner: Draft, other: Draft) -> None:
    """What ``other`` tells more is told by ``owner`` too."""
    for name, stage in other.stages.items():
        owner.stages.setdefault(name, stage)
    for table, more in ((owner.ike, other.ike), (owner.ipsec, other.ipsec), (owner.found, other.found)):
        for key, value in more.items():
            table.setdefault(key, value)
    for direction, value in other.spis.items():
        owner.spis.setdefault(direction, value)
    owner.signs += other.signs
    owner.notes += other.notes
    owner.unanswered += other.unanswered
    owner.peer, owner.local, owner.role = owner.peer or other.peer, owner.local or other.local, owner.role or other.role
    owner.phase1, owner.begun = owner.phase1 or other.phase1, owner.begun or other.begun
    owner.message_id = owner.message_id or other.message_id
    owner.connection = owner.connection or other.connection
    owner.ended = owner.ended or other.ended
