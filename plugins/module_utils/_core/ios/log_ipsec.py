# Copyright: The netvpn.dynamic_l2l contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""What the messages of a router's IPsec part and of its IKEv2 mean for its negotiations."""

from __future__ import annotations

from collections.abc import Mapping

from ..diagnosis.logs import Record
from ..diagnosis.negotiation import Draft, Row, network, spi
from .log_stream import StreamReader

_NOTIFIES = {
    "NO_PROPOSAL_CHOSEN": {"IKE_SA_INIT": "ike-policy-differs", "": "transform-set-differs"},
    "TS_UNACCEPTABLE": {"": "crypto-acl-not-mirrored"},
    "AUTHENTICATION_FAILED": {"": "key-differs"},
}
_V2_STEPS = {"IKE_SA_INIT": "INIT", "IKE_AUTH": "AUTH", "CREATE_CHILD_SA": "CHILD"}


class IpsecReader(StreamReader):
    """IPsec debug and IKEv2."""

    # --- IPsec -------------------------------------------------------------------------------------------------------

    @staticmethod
    def _proxies(values: Mapping[str, str]) -> dict[str, str]:
        return {
            f"{side}_proxy": network(values[f"{side}_address"], values[f"{side}_mask"])
            for side in ("local", "remote")
            if f"{side}_mask" in values
        }

    def _on_sa_request(self, row: Row, values: Mapping[str, str], record: Record, draft: Draft | None) -> None:
        stream = self._stream(record)
        stream.request = {"peer": values["peer"], "local": values["local"], **self._proxies(values)}

    def _on_identity(self, row: Row, values: Mapping[str, str], record: Record, draft: Draft | None) -> None:
        current = self._at_peer(values, record)
        if current:
            current.local = current.local or values["local"]
            current.found.update(self._proxies(values))

    def _at_peer(self, values: Mapping[str, str], record: Record) -> Draft | None:
        stream = self._stream(record)
        peer, current = values.get("peer", ""), stream.current
        if current and (not peer or current.peer in ("", peer)):
            return current
        return stream.by_peer.get(peer)

    def _on_fault2(self, row: Row, values: Mapping[str, str], record: Record, draft: Draft | None) -> None:
        super()._on_fault(row, values, record, self._stream(record).current)

    def _on_timer(self, row: Row, values: Mapping[str, str], record: Record, draft: Draft | None) -> None:
        """A request for SAs was not served: something before it says why, or nobody answered."""
        super()._on_hint(row, values, record, self._stream(record).current)

    def _ipsec_of(self, number: str, values: Mapping[str, str], record: Record) -> Draft:
        stream = self._stream(record)
        draft = stream.spis.get(number)
        if draft is None:
            draft = self.add(
                Draft(self.end, self.platform, values.get("peer", ""), values.get("local", ""), host=record.host)
            )
            stream.spis[number] = draft
        draft.touch(self.place(record))
        return draft

    def _on_getting(self, row: Row, values: Mapping[str, str], record: Record, draft: Draft | None) -> None:
        number = spi(values["spi"])
        known = self._ipsec_of(number, values, record)
        known.spis["inbound"] = number
        known.step("SPI", self.place(record))

    def _on_initialize(self, row: Row, values: Mapping[str, str], record: Record, draft: Draft | None) -> None:
        stream, number, way = self._stream(record), spi(values["spi"]), values["way"].lower()
        known = stream.spis.get(number)
        if known is None and way == "outbound":
            # Its inbound half came just before.
            known = stream.halves.pop(values["peer"], None)
            if known:
                stream.spis[number] = known
        known = known or self._ipsec_of(number, values, record)
        known.touch(self.place(record))
        known.spis[way] = number
        if known.spis.keys() == {"inbound"}:
            stream.halves[values["peer"]] = known
        known.peer, known.local = known.peer or values["peer"], known.local or values["local"]
        known.found.update(self._proxies(values))
        known.ipsec.update(
            transform=values["transform"],
            mode=values["mode"],
            lifetime_seconds=int(values["seconds"]),
            lifetime_kilobytes=int(values["kilobytes"]),
        )

    def _on_create(self, row: Row, values: Mapping[str, str], record: Record, draft: Draft | None) -> None:
        known = self._ipsec_of(spi(values["spi"]), values, record)
        known.ipsec.setdefault("transform", values["transform"])
        known.attributes[f"created {spi(values['spi'])}"] = "1"
        if len([name for name in known.attributes if name.startswith("created")]) == 2:
            known.step("SA", self.place(record))

    def _on_enabled(self, row: Row, values: Mapping[str, str], record: Record, draft: Draft | None) -> None:
        known = self._stream(record).spis.get(spi(values["spi"].replace(" ", "")))
        if known:
            known.touch(self.place(record))
            known.step("ACTIVE", self.place(record))

    # --- IKEv2 -------------------------------------------------------------------------------------------------------

    def _on_packet2(self, row: Row, values: Mapping[str, str], record: Record, draft: Draft | None) -> None:
        stream, place = self._stream(record), self.place(record)
        known = stream.cookies.get(values["initiator"])
        sent, request = values["way"] == "Sending", values["kind"] == "REQUEST"
        if known is None:
            known = self._new(stream, record, values["peer"])
            known.version, known.local = 2, values["local"]
            if values["exchange"] == "IKE_SA_INIT":
                known.begun, known.role = True, "initiator" if sent == request else "responder"
            stream.cookies[values["initiator"]] = known
        known.touch(place)
        if int(values["responder"], 16):
            known.cookies = (values["initiator"].lower(), values["responder"].lower())
        else:
            known.cookies = (values["initiator"].lower(), known.cookies[1])
        if "session" in values:
            stream.sessions[values["session"]] = known
        step = _V2_STEPS.get(values["exchange"])
        if step:
            known.step(f"{step}{1 if request else 2}", place)
        for notify, codes in _NOTIFIES.items():
            if f"NOTIFY({notify})" in values["payloads"]:
                code = codes.get(values["exchange"], codes[""])
                sign = self._sign(Row(notify, "fault", "", code, row.source, row.grade), values, record, known)
                known.signs.append(sign)

    def _of_session(self, values: Mapping[str, str], record: Record) -> Draft | None:
        stream = self._stream(record)
        known = stream.sessions.get(values.get("session", ""))
        if known:
            known.touch(self.place(record))
        return known

    def _on_ike_up(self, row: Row, values: Mapping[str, str], record: Record, draft: Draft | None) -> None:
        known = self._of_session(values, record)
        if known:
            known.step("IKEUP", self.place(record))
