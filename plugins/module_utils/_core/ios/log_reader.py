# Copyright: The netvpn.dynamic_l2l contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""What the messages of a router mean for its negotiations; which one they are about is in ``log_stream.py``."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from ..diagnosis.logs import Record
from ..diagnosis.negotiation import Draft, Row, Table, message_id, spi
from .log_ipsec import IpsecReader
from .log_stream import Stream
from .logs import IKEV2, IPSEC, ISAKMP, SYSLOG

#: ``ISAKMP:(0:1:SW:1):``, ``ISAKMP (0:134217729):``, ``ISAKMP-ERROR: (1003):``, ``ISAKMP: `` (ios-show.md C7.1).
_ISAKMP = re.compile(r"ISAKMP(?:-PAK|-ERROR)?\s*:?\s*(?:\((?P<id>[^()\s]*)\))?[:\s]*")
_IKEV2 = re.compile(
    r"IKEv2(?:-ERROR|-INTERNAL|-PAK)?:(?:\((?:SESSION ID = (?P<session>[0-9]+),)?SA ID = [0-9]+\))?[:\s]*"
)

#: What a packet line's role and state say of its message: main mode.
_PACKETS = {
    ("sending", "I", "MM_NO_STATE"): "MM1",
    ("received", "I", "MM_NO_STATE"): "MM2",
    ("received", "N", "NEW SA"): "",
    ("sending", "R", "MM_SA_SETUP"): "MM2",
    ("sending", "I", "MM_SA_SETUP"): "MM3",
    ("received", "R", "MM_SA_SETUP"): "MM3",
    ("received", "I", "MM_SA_SETUP"): "MM4",
    ("sending", "I", "MM_KEY_EXCH"): "MM5",
    ("received", "R", "MM_KEY_EXCH"): "MM5",
    ("sending", "R", "AG_INIT_EXCH"): "AM2",
    ("received", "R", "AG_INIT_EXCH"): "AM3",
    ("sending", "I", "AG_INIT_EXCH"): "AM1",
    ("received", "I", "AG_INIT_EXCH"): "AM2",
}
#: The states, without what is no letter or figure (copies of the debug mangle them).
_STATES = {
    **{f"{role}MM{number}": f"MM{number}" for role in "IR" for number in range(1, 7)},
    "IAM1": "AM1",
    "RAMAAAAWAIT": "AM1",
    "RAM2": "AM2",
    "QMIQM1": "QM1",
    "QMSPISTARVE": "QM1",
    "QMRQM2": "QM2",
}
#: Errors of the IPsec part that quick mode hands on (failures.md).
_ERRORS = {"32": "crypto-acl-not-mirrored", "256": "transform-set-differs"}


def connection(text: str | None) -> str | None:
    """The number of an IKE SA: ``0:1:SW:1`` and ``0:134217729`` are both 1, ``0:0:N/A:0`` is 0; None without one."""
    if text is None:
        return None
    parts = text.split(":")
    number = parts[1] if len(parts) > 1 else parts[0]
    # 12.4 mainline prints 0x08000001 for the SA that it calls 1 elsewhere.
    return str(int(number) & 0x07FFFFFF) if number.isdecimal() else None


class IosReader(IpsecReader):
    """Reads the records of one router."""

    table = ISAKMP

    def take(self, record: Record) -> None:
        """Read one record."""
        stream = self._streams.setdefault(record.host, Stream())
        text, values, table, number = record.text, {}, ISAKMP, None
        if record.tag.startswith(("CRYPTO", "IKEV2", "IPSEC-", "IOSXE-3-PLATFORM")):
            table, text = SYSLOG, f"%{record.tag}: {text}"
        elif record.tag and record.tag not in ("ISAKMP", "IPSEC", "IKEv2"):
            self.elsewhere += 1
            return
        elif record.tag == "IPSEC":
            table = IPSEC
        elif record.tag == "IKEv2" and (head := _IKEV2.match(text)):
            table, text = IKEV2, text[head.end() :]
            values = {"session": head["session"]} if head["session"] else {}
        elif head := _ISAKMP.match(text):
            number, text = connection(head["id"]), text[head.end() :]
        self._read(stream, table, text, values, number, record)

    def _read(
        self, stream: Stream, table: Table, text: str, values: dict[str, str], number: str | None, record: Record
    ) -> None:
        if not text:
            return
        found = table.find(text)
        if found is None:
            self.unread.append(self.place(record))
            return
        row, named = found
        draft = self._draft_of(stream, number, named, record) if table is ISAKMP else None
        if draft and row.kind != "quiet":
            stream.current = draft
            draft.touch(self.place(record))
        known = {**values, **named}
        if number is not None:
            known["connection"] = number
        self.handle(row, known, record, draft)

    # --- phase 1 -----------------------------------------------------------------------------------------------------

    def _on_request(self, row: Row, values: Mapping[str, str], record: Record, draft: Draft | None) -> None:
        stream = self._stream(record)
        stream.zero = None
        self._begun(stream, record, values, "initiator")

    def _on_begin(self, row: Row, values: Mapping[str, str], record: Record, draft: Draft | None) -> None:
        self._begun(self._stream(record), record, values, "initiator").step("MM1", self.place(record))

    def _on_begin_aggressive(self, row: Row, values: Mapping[str, str], record: Record, draft: Draft | None) -> None:
        self._begun(self._stream(record), record, values, "initiator").step("AM1", self.place(record))

    def _on_peer_struct(self, row: Row, values: Mapping[str, str], record: Record, draft: Draft | None) -> None:
        self._begun(self._stream(record), record, {**values, "connection": "0"}, "")

    def _on_locking(self, row: Row, values: Mapping[str, str], record: Record, draft: Draft | None) -> None:
        if draft:
            draft.role = draft.role or ("initiator" if values["what"] == "isakmp_initiator" else "responder")

    def _on_packet(self, row: Row, values: Mapping[str, str], record: Record, draft: Draft | None) -> None:
        way, role, state = values["way"], values["role"], values.get("state", "")
        place = self.place(record)
        if role == "N" or state == "NEW SA":
            draft = self._begun(self._stream(record), record, {**values, "connection": "0"}, "responder")
            draft.attributes["arrived"] = "1"
            return
        if draft is None:
            draft = self._new(self._stream(record), record, values["peer"])
            self._stream(record).zero = self._stream(record).current = draft
        if draft.ended:
            return
        draft.peer = draft.peer or values["peer"]
        self._stream(record).by_peer.setdefault(values["peer"], draft)
        draft.role = draft.role or {"I": "initiator", "R": "responder"}.get(role, "")
        if values.get("port") == "4500":
            self._nat_note(row, values, record, draft)
        step = _PACKETS.get((way, role, state), "")
        if (way, role, state) == ("sending", "R", "MM_KEY_EXCH"):
            step = "MM6" if draft.has("MM5") else "MM4"
        if not step:
            return
        first = f"{step[:2]}1"
        if draft.attributes.pop("arrived", "") and not draft.has(first):
            draft.step(first, draft.first or place)
        if step not in draft.stages:
            draft.attributes["last packet"] = step
            draft.step(step, place)
        else:
            draft.attributes.pop("last packet", None)

    def _on_duplicate(self, row: Row, values: Mapping[str, str], record: Record, draft: Draft | None) -> None:
        """The packet before was an old one: the step that it seemed to be was not made."""
        if draft is None:
            return
        step = draft.attributes.pop("last packet", "")
        if step and step in ("MM3", "MM5"):
            draft.stages.pop(step, None)
        self._on_resent(row, values, record, draft)

    def _on_state(self, row: Row, values: Mapping[str, str], record: Record, draft: Draft | None) -> None:
        state = re.sub(r"[^A-Z0-9]", "", values["state"]).removeprefix("IKE")
        place = self.place(record)
        if draft is None:
            return
        if state == "P1COMPLETE":
            begun = any(step[:2] in ("MM", "AM") for step in draft.stages)
            if draft.phase1 and not draft.ended and (begun or "P1" not in values.get("old", "")):
                if not draft.has("AM1", "AM2"):
                    draft.step("MM6", place)
                draft.step("PHASE1", place)
        elif state == "DESTSA":
            draft.ended = True
        elif state == "QMPHASE2COMPLETE":
            draft.step("QM3", place)
            draft.step("PHASE2", place)
        elif (step := _STATES.get(state)) and not draft.ended:
            if step.startswith(("MM", "AM")) and not draft.phase1:
                return
            draft.role = draft.role or {"I": "initiator", "R": "responder"}.get(state[0], "")
            draft.attributes.pop("arrived", None)
            draft.step(step, place)

    def _on_input(self, row: Row, values: Mapping[str, str], record: Record, draft: Draft | None) -> None:
        stream = self._stream(record)
        if "id" in values and draft:
            known = stream.quick.get((draft.connection, message_id(values["id"], 10)))
            if known:
                stream.latest[known.connection] = stream.current = known
        elif draft and "IKE_AM_EXCH" in values["input"] and draft.attributes.pop("arrived", ""):
            draft.step("AM1", self.place(record))

    def _on_authenticated(self, row: Row, values: Mapping[str, str], record: Record, draft: Draft | None) -> None:
        if draft and draft.phase1:
            draft.peer = draft.peer or values["peer"]
            if draft.role == "initiator" and not draft.has("AM1"):
                draft.step("MM6", self.place(record))

    def _on_peers(self, row: Row, values: Mapping[str, str], record: Record, draft: Draft | None) -> None:
        if draft:
            draft.local, draft.peer = draft.local or values["local"], draft.peer or values["peer"]

    # --- attributes --------------------------------------------------------------------------------------------------

    def _on_checking(self, row: Row, values: Mapping[str, str], record: Record, draft: Draft | None) -> None:
        if draft:
            kept = {key: value for key, value in draft.attributes.items() if key in ("arrived", "last packet")}
            draft.attributes = {**kept, **{key: value for key, value in values.items() if key == "policy"}}

    def _on_attribute(self, row: Row, values: Mapping[str, str], record: Record, draft: Draft | None) -> None:
        if draft is None:
            return
        draft.attributes.update({key: value for key, value in values.items() if key != "connection"})
        if "UDP" in values.get("mode", ""):
            self._nat_note(row, values, record, draft)

    def _on_life(self, row: Row, values: Mapping[str, str], record: Record, draft: Draft | None) -> None:
        if draft is None:
            return
        try:
            number = 0
            for byte in values["value"].split():
                number = number * 256 + int(byte, 16) if values["form"] == "VPI" else int(byte)
        except ValueError:
            return
        draft.attributes[f"lifetime_{draft.attributes.pop('life_type', 'seconds')}"] = str(number)

    def _on_accepted(self, row: Row, values: Mapping[str, str], record: Record, draft: Draft | None) -> None:
        if draft is None:
            return
        names = ("arrived", "last packet", "life_type")
        agreed: dict[str, Any] = {
            key: int(value) if value.isdecimal() else value
            for key, value in draft.attributes.items()
            if key not in names
        }
        (draft.ike if "next" in values else draft.ipsec).update(agreed)
        # What an earlier policy or transform refused does not matter any more.
        draft.signs = [sign for sign in draft.signs if sign.row.kind != "refused1"]

    def _on_refused1(self, row: Row, values: Mapping[str, str], record: Record, draft: Draft | None) -> None:
        offered = {f"offered_{key}": value for key, value in (draft.attributes if draft else {}).items()}
        self._on_trial(row, {**values, **offered}, record, draft)

    def _on_nat(self, row: Row, values: Mapping[str, str], record: Record, draft: Draft | None) -> None:
        if draft is None:
            return
        # Two verdicts follow one another, the second one is of the peer and of both.
        draft.found["nat_t"] = row.code
        if row.code in ("local", "both") or "floating" in row.literal:
            self._nat_note(row, values, record, draft)

    def _nat_note(self, row: Row, values: Mapping[str, str], record: Record, draft: Draft) -> None:
        if not any(note.code == "nat-traversal" for note in draft.notes):
            note = Row(row.literal, "note", row.pattern, "nat-traversal", row.source, row.grade)
            draft.notes.append(self._sign(note, {}, record, draft))

    # --- phase 2 -----------------------------------------------------------------------------------------------------

    def _quick_of(self, values: Mapping[str, str], record: Record, draft: Draft, role: str) -> Draft:
        """The negotiation of a message id: phase 1's own one where that had none yet."""
        stream, number = self._stream(record), message_id(values["id"], 10)
        at = values.get("connection") or draft.connection
        known = stream.quick.get((at, number))
        if known is None:
            known = stream.phase1.get(at) or draft
            if known.message_id or known.has("PHASE2", "QM1") or known.ended:
                parent = known
                known = self._new(stream, record, parent.peer, phase1=False)
                known.local, known.connection, known.role, known.begun = parent.local, at, role or parent.role, True
            known.message_id = number
            stream.quick[at, number] = known
            if stream.request and stream.request.get("peer") == known.peer and role == "initiator":
                self._take_request(stream, known)
        stream.latest[at] = stream.current = known
        known.touch(self.place(record))
        return known

    def _on_begin_quick(self, row: Row, values: Mapping[str, str], record: Record, draft: Draft | None) -> None:
        if draft:
            self._quick_of(values, record, draft, "initiator").step("QM1", self.place(record))

    def _on_sa_payload(self, row: Row, values: Mapping[str, str], record: Record, draft: Draft | None) -> None:
        if draft is None:
            return
        place = self.place(record)
        if not int(values["id"]):
            if draft.attributes.pop("arrived", ""):
                draft.step("MM1", draft.first or place)
            elif draft.role == "initiator" and not draft.has("AM1"):
                draft.step("MM2", place)
            return
        known = self._stream(record).quick.get((draft.connection, message_id(values["id"], 10)))
        mine = known is not None and known.role == "initiator" and known.has("QM1")
        quick = self._quick_of(values, record, draft, "initiator" if mine else "responder")
        quick.step("QM2" if mine else "QM1", place)

    def _on_node_done(self, row: Row, values: Mapping[str, str], record: Record, draft: Draft | None) -> None:
        known = self._node(values, record, draft)
        if known:
            known.step("QM3", self.place(record))

    def _node(self, values: Mapping[str, str], record: Record, draft: Draft | None) -> Draft | None:
        if draft is None or "id" not in values:
            return None
        stream = self._stream(record)
        known = stream.quick.get((values.get("connection") or draft.connection, message_id(values["id"], 10)))
        if known:
            known.touch(self.place(record))
        return known

    def _on_node_refused(self, row: Row, values: Mapping[str, str], record: Record, draft: Draft | None) -> None:
        known = self._node(values, record, draft) or draft
        super()._on_fault(row, values, record, known)
        if known and not known.phase1:
            known.ended = True

    def _on_refused_id(self, row: Row, values: Mapping[str, str], record: Record, draft: Draft | None) -> None:
        known = self._node(values, record, draft)
        if known:
            super()._on_hint(row, values, record, known)

    def _on_notified1(self, row: Row, values: Mapping[str, str], record: Record, draft: Draft | None) -> None:
        super()._on_fault(row, values, record, draft)

    def _on_notified2(self, row: Row, values: Mapping[str, str], record: Record, draft: Draft | None) -> None:
        """The peer refused our offer; of which quick mode it speaks is told by a later line, if at all."""
        super()._on_fault(row, values, record, draft)

    def _on_invalidated(self, row: Row, values: Mapping[str, str], record: Record, draft: Draft | None) -> None:
        code = _ERRORS.get(values["error"], row.code)
        super()._on_fault(Row(row.literal, "fault", row.pattern, code, row.source, row.grade), values, record, draft)

    def _on_resent2(self, row: Row, values: Mapping[str, str], record: Record, draft: Draft | None) -> None:
        self._on_resent(row, values, record, self._node(values, record, draft) or draft)

    def _on_installed(self, row: Row, values: Mapping[str, str], record: Record, draft: Draft | None) -> None:
        if draft:
            draft.spis["inbound"] = spi(values["inbound"])
            self._stream(record).spis[draft.spis["inbound"]] = draft

    def _on_sas(self, row: Row, values: Mapping[str, str], record: Record, draft: Draft | None) -> None:
        """``inbound SA from R to L … (proxy RN to LN) has spi …``, its lines as one record or as several."""
        if draft is None:
            return
        stream = self._stream(record)
        pattern = (
            r"(?P<way>in|out)bound SA from (?P<from>[0-9.]+) to (?P<to>[0-9.]+)[^(]*(?:\(f/i\)[^(]*)?\(proxy (?P<a>[0-9.]+) to "
            r"(?P<b>[0-9.]+)\)(?: has spi (?P<spi>0x[0-9A-Fa-f]+|[0-9]+))?"
        )
        for found in re.finditer(pattern, record.text):
            stream.way = f"{found['way']}bound"
            if found["spi"]:
                self._set_spi(stream, draft, found["spi"])
            inward = stream.way == "inbound"
            draft.local = draft.local or (found["to"] if inward else found["from"])
            draft.found.setdefault("local_proxy", found["b"] if inward else found["a"])
            draft.found.setdefault("remote_proxy", found["a"] if inward else found["b"])

    def _on_has_spi(self, row: Row, values: Mapping[str, str], record: Record, draft: Draft | None) -> None:
        stream = self._stream(record)
        if draft and stream.way:
            self._set_spi(stream, draft, values["spi"])

    @staticmethod
    def _set_spi(stream: Stream, draft: Draft, text: str) -> None:
        draft.spis[stream.way] = spi(text)
        stream.spis[draft.spis[stream.way]] = draft

    # --- the end of it -----------------------------------------------------------------------------------------------

    def _on_deleting(self, row: Row, values: Mapping[str, str], record: Record, draft: Draft | None) -> None:
        stream = self._stream(record)
        at = values.get("connection", "0")
        for one in {id(one): one for one in (draft, stream.phase1.get(at), stream.latest.get(at)) if one}.values():
            one.ended = True

    def _on_died(self, row: Row, values: Mapping[str, str], record: Record, draft: Draft | None) -> None:
        self._on_resent(row, values, record, draft)
        self._on_deleting(row, values, record, draft)

    def _on_purging(self, row: Row, values: Mapping[str, str], record: Record, draft: Draft | None) -> None:
        if draft and not draft.finished:
            draft.ended = True

    def _on_lost(self, row: Row, values: Mapping[str, str], record: Record, draft: Draft | None) -> None:
        self.strays.append(self._sign(row, values, record, draft))
        if row.literal.startswith("deleting SA"):
            self._on_deleting(row, values, record, draft)

    def _on_end(self, row: Row, values: Mapping[str, str], record: Record, draft: Draft | None) -> None:
        known = draft or self._stream(record).sessions.get(values.get("session", ""))
        if known:
            known.ended = True

    # --- syslog ------------------------------------------------------------------------------------------------------

    def _on_by_peer(self, row: Row, values: Mapping[str, str], record: Record, draft: Draft | None) -> None:
        """Of the negotiation that the peer is at, if the log holds one that has not come up."""
        known = self._stream(record).by_peer.get(values.get("peer", ""))
        if known and (known.finished or known.ended):
            known = None
        if known:
            known.touch(self.place(record))
        super()._on_fault(row, values, record, known)

    def _on_data(self, row: Row, values: Mapping[str, str], record: Record, draft: Draft | None) -> None:
        self.strays.append(self._sign(row, values, record, None))

    def _on_ike_off(self, row: Row, values: Mapping[str, str], record: Record, draft: Draft | None) -> None:
        self.strays.append(self._sign(row, values, record, None))

    def _on_ike_on(self, row: Row, values: Mapping[str, str], record: Record, draft: Draft | None) -> None:
        self.strays = [sign for sign in self.strays if sign.code != "ike-off"]

    def _on_session(self, row: Row, values: Mapping[str, str], record: Record, draft: Draft | None) -> None:
        stream = self._stream(record)
        known = stream.by_peer.get(values["peer"])
        if values["state"] == "DOWN":
            if known:
                known.ended = True
            return
        if known is None or known.ended:
            known = self._new(stream, record, values["peer"])
        known.step("PHASE2", self.place(record))

    def _on_fault(self, row: Row, values: Mapping[str, str], record: Record, draft: Draft | None) -> None:
        stream = self._stream(record)
        known = draft or self._of_session(values, record)
        if known and values.get("local"):
            known.local = known.local or values["local"]
        if known is None and values.get("peer"):
            known = stream.by_peer.get(values["peer"])
        super()._on_fault(row, values, record, known)

    def _on_hint(self, row: Row, values: Mapping[str, str], record: Record, draft: Draft | None) -> None:
        super()._on_hint(row, values, record, draft or self._of_session(values, record))

    def _on_resent(self, row: Row, values: Mapping[str, str], record: Record, draft: Draft | None) -> None:
        super()._on_resent(row, values, record, draft or self._of_session(values, record))
