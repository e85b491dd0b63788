# Copyright: The netvpn.dynamic_l2l contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""Which negotiation of a router a message is about.

A router names an IKE SA by a number, and all that have no keys yet by 0; what stands between two packet lines is about
the same packet. So a message with a number belongs to that SA, one with 0 to the peer it names or to the negotiation
without keys that was spoken of last, one without any to what was spoken of last.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from ..diagnosis.logs import Record, moment
from ..diagnosis.negotiation import Draft, Reader


@dataclass
class Stream:
    """What was spoken of last, of one device."""

    current: Draft | None = None
    #: the negotiation without keys
    zero: Draft | None = None
    by_peer: dict[str, Draft] = field(default_factory=dict)
    #: phase 1, and what was spoken of last, by the number of the IKE SA
    phase1: dict[str, Draft] = field(default_factory=dict)
    latest: dict[str, Draft] = field(default_factory=dict)
    quick: dict[tuple[str, str], Draft] = field(default_factory=dict)
    spis: dict[str, Draft] = field(default_factory=dict)
    request: dict[str, str] = field(default_factory=dict)
    cookies: dict[str, Draft] = field(default_factory=dict)
    sessions: dict[str, Draft] = field(default_factory=dict)
    #: IPsec debug: negotiations whose outbound half is still to come, by peer
    halves: dict[str, Draft] = field(default_factory=dict)
    #: the last direction named by ``inbound SA from``
    way: str = ""


class StreamReader(Reader):
    """Keeps what was spoken of last, for each device."""

    platform = "ios"

    def __init__(self, end: str) -> None:
        super().__init__(end)
        self.forget()

    def forget(self) -> None:
        """A text ends."""
        self._streams: dict[str, Stream] = {}

    def _stream(self, record: Record) -> Stream:
        return self._streams[record.host]

    def _draft_of(self, stream: Stream, number: str | None, named: Mapping[str, str], record: Record) -> Draft | None:
        if number is None:
            return stream.current
        if number == "0":
            peer = named.get("peer", "")
            zero = stream.zero
            if zero and peer and zero.peer and zero.peer != peer:
                zero = stream.by_peer.get(peer, zero)
                stream.zero = zero
            return zero
        if number not in stream.latest:
            current = stream.current
            if current and current is stream.zero and not current.connection and not current.ended and current.stages:
                # The SA got its keys, and with them its number.
                current.connection = number
                stream.phase1[number] = stream.latest[number] = current
            else:
                draft = self._new(stream, record, named.get("peer", ""))
                draft.connection = number
                stream.phase1[number] = stream.latest[number] = draft
        return stream.latest[number]

    def _new(self, stream: Stream, record: Record, peer: str = "", *, phase1: bool = True) -> Draft:
        draft = self.add(Draft(self.end, self.platform, peer, host=record.host))
        draft.phase1, draft.moment = phase1, moment(record.stamp)
        draft.touch(self.place(record))
        if peer:
            stream.by_peer[peer] = draft
        return draft

    def _begun(self, stream: Stream, record: Record, values: Mapping[str, str], role: str) -> Draft:
        """A phase 1 begins: a new negotiation, unless one has just begun."""
        number, peer = values.get("connection", "0"), values.get("peer", "")
        draft = stream.latest.get(number) if number != "0" else stream.zero
        fresh = (
            draft is not None
            and not draft.ended
            and draft.stages.keys() <= {"MM1", "AM1"}
            and all(sign.unless_up for sign in draft.signs)
            and (not peer or draft.peer in ("", peer))
            and (not role or draft.role in ("", role))
        )
        if draft is None or not fresh:
            draft = self._new(stream, record, peer)
            if number != "0":
                draft.connection = number
                stream.phase1[number] = stream.latest[number] = draft
        if number == "0":
            stream.zero = draft
        stream.current = draft
        draft.begun = True
        draft.role = draft.role or role
        if peer:
            draft.peer = draft.peer or peer
            stream.by_peer[peer] = draft
        if stream.request and role == "initiator" and draft.peer in ("", stream.request.get("peer")):
            self._take_request(stream, draft)
        return draft

    @staticmethod
    def _take_request(stream: Stream, draft: Draft) -> None:
        draft.local = draft.local or stream.request.get("local", "")
        draft.found.update({key: value for key, value in stream.request.items() if key.endswith("_proxy")})
        stream.request = {}
