# Copyright: The netvpn.dynamic_l2l contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""What PIX/ASA 7.x to 9.x write of IKE and IPsec: the table of their messages, and what each means for a negotiation.

``debug crypto isakmp|ikev1`` and syslog say the same words; before them stand the group and the peer. Message numbers
are Cisco's syslog guide's. IKEv2 is told by syslog 750003 and by ``debug crypto ikev2``.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import replace

from ..diagnosis.logs import Record, moment
from ..diagnosis.negotiation import Draft, Reader, Row, Table, message_id, network, spi

_SEED = "seed, pix-7.2-debug-isakmp"
_SEED_IPSEC = "seed, pix-7.2-debug-ipsec"
_PIX_SYSLOG = "PIX 7 syslog as a log parser's author quotes it"
_GUIDE = "ASA syslog guide"

_PROXY = r"(?P<{0}_address>[0-9.]+)/(?P<{0}_mask>[0-9.]+)/[0-9]+/[0-9]+"


def _quiet(*literals: str, source: str = _SEED) -> list[Row]:
    return [Row(literal, "quiet", source=source) for literal in literals]


def _fault(literal: str, code: str, source: str, grade: str = "V", pattern: str = "") -> Row:
    return Row(literal, "fault", pattern, code, source, grade)


TABLE = Table(
    [
        # --- how far it came -----------------------------------------------------------------------------------------
        Row("IKE_DECODE", "packet", r"IKE_DECODE (?P<way>SENDING|RECEIVED|RESENDING) Message \(msgid=(?P<id>[0-9a-f]{1,8})\) with "
            r"payloads : (?P<payloads>.*NONE \(0\))", source=_SEED),
        Row("IKE_DECODE", "quiet", source=_SEED),
        Row("IKE Initiator: New Phase 1", "start", r"IKE Peer (?P<peer>[^ ,]+) +local Proxy Address (?P<local>[0-9.]+), remote Proxy "
            r"Address (?P<remote>[0-9.]+),(?: +Crypto map \((?P<map>[^)]+)\))?", source=_SEED),
        Row("IKE Initiator: Rekeying Phase 1", "start", r"IKE Peer (?P<peer>[^ ,]+)", source=_GUIDE, grade="G"),
        Row("IKE Initiator: New Phase 2", "quiet", source=_GUIDE, grade="G"),
        Row("IKE Initiator: Rekeying Phase 2", "quiet", source=_GUIDE, grade="G"),
        Row("PHASE 1 COMPLETED", "phase1", source=_SEED),
        Row("PHASE 2 COMPLETED", "phase2", r"\(msgid=(?P<id>[0-9a-f]{1,8})", source=_SEED),
        Row("Security negotiation complete", "complete", r"(?P<role>Initiator|Responder), +Inbound SPI = (?P<inbound>0x[0-9a-fA-F]+), "
            r"Outbound SPI = (?P<outbound>0x[0-9a-fA-F]+)", source=_SEED),
        Row("Security negotiation complete", "quiet", source=_SEED),
        Row("IKE got SPI from key engine", "inbound", r"SPI = (?P<inbound>0x[0-9a-fA-F]+)", source=_SEED),
        Row("FSM error history", "stuck", r"IKE (?P<mode>MM|AM) (?P<role>Initiator|Responder) FSM error history.*?"
            r"_WAIT_MSG(?P<wait>[2-6])", source=_PIX_SYSLOG),
        # At 9.x and 8.3 a struct in brackets stands between; what died elsewhere says nothing by itself.
        Row("FSM error history", "quiet", source=_GUIDE, grade="G"),
        # --- what was agreed -----------------------------------------------------------------------------------------
        Row("Transmitting Proxy Id", "proxies", r"Local subnet: (?P<local_address>[0-9.]+) mask (?P<local_mask>[0-9.]+) .*Remote "
            r"subnet: (?P<remote_address>[0-9.]+) Mask (?P<remote_mask>[0-9.]+)", source=_SEED),
        Row("Transmitting Proxy Id", "quiet", source=_SEED),
        Row("Received remote IP Proxy Subnet data", "proxies", r"Address (?P<remote_address>[0-9.]+), Mask (?P<remote_mask>[0-9.]+)",
            source=_GUIDE, grade="G"),
        Row("Received local IP Proxy Subnet data", "proxies", r"Address (?P<local_address>[0-9.]+), Mask (?P<local_mask>[0-9.]+)",
            source=_GUIDE, grade="G"),
        Row("Connection landed on tunnel_group", "found", r"tunnel_group (?P<tunnel_group>\S+)", source=_SEED),
        Row("Static Crypto Map check, map", "found", r"map (?P<map>\S+), seq = (?P<sequence>[0-9]+) is a successful match",
            source=_PIX_SYSLOG),
        Row("acceptable Matches global IKE entry", "ike", r"global IKE entry # (?P<policy>[0-9]+)", source=_PIX_SYSLOG),
        Row("acceptable Matches global IPSec SA entry", "quiet", source=_PIX_SYSLOG),
        Row("acceptable Matches global IPsec SA entry", "quiet", source=_GUIDE, grade="G"),
        Row("Automatic NAT Detection Status", "nat", r"Remote end +(?P<remote>is NOT|IS|is) +behind a NAT device +This +end +"
            r"(?P<local>is NOT|IS|is) +behind", "nat-traversal", "failures.md, NAT-T"),
        Row("Automatic NAT Detection Status", "quiet", "", "nat-traversal", "failures.md, NAT-T"),
        Row("Responder forcing change of IPSec rekeying duration", "note", r"from (?P<before>[0-9]+) to (?P<after>[0-9]+) (?P<unit>\w+)",
            "lifetime-changed", _SEED),
        Row("Overriding Initiator's IPSec rekeying duration", "note", r"from (?P<before>[0-9]+) to (?P<after>[0-9]+) (?P<unit>\w+)",
            "lifetime-changed", "ASA 2017 syslog of a responder"),
        # --- phase 1 -------------------------------------------------------------------------------------------------
        _fault("had problems decrypting packet, probably due to mismatched pre-shared key", "key-differs", "failures.md, key differs",
               "U"),
        _fault("All SA proposals found unacceptable", "ike-policy-differs", "failures.md, IKE policy"),
        _fault("All IKE SA proposals found unacceptable", "ike-policy-differs", "failures.md, IKE policy", "U"),
        _fault("Error processing payload: Payload ID: 1", "ike-policy-differs", "failures.md, IKE policy", "G",
               r"Payload ID: 1\b(?![0-9])"),
        _fault("Error processing payload: Payload ID", "message-malformed", "asa-cli.md 8, 713048", "G"),
        _fault("Unsupported Oakley group", "ike-policy-differs", "asa-cli.md 8, 713047", "G"),
        _fault("Detected invalid Diffie-Hel", "ike-policy-differs", "asa-cli.md 8, 713118", "G"),
        _fault("Can't find a valid tunnel group, aborting", "tunnel-group-missing", "failures.md, tunnel-group missing or misnamed"),
        _fault("BASE GROUP default preshared key not configured", "tunnel-group-missing", "asa-cli.md 8, 713138", "G"),
        _fault("No Group found matching", "tunnel-group-missing", _GUIDE, "G"),
        Row("un-encrypted NO_PROPOSAL_CHOSEN notify message", "hint", "", "ike-policy-differs",
            "failures.md, tunnel-group missing or misnamed; another notify in the same words", "U"),
        Row("Received non-routine Notify message: No proposal chosen", "notified", "", "phase-2-refused", "ASA syslog guide, 713068", "G"),
        Row("Received non-routine Notify message: Invalid ID info", "notified", "", "crypto-acl-not-mirrored",
            "ASA syslog guide, 713068", "G"),
        Row("Received non-routine Notify message", "quiet", source="ASA syslog guide, 713068", grade="G"),
        Row("INVALID_COOKIE notify message", "hint", "", "tunnel-group-missing", "failures.md, tunnel-group missing or misnamed"),
        Row("Information Exchange processing failed", "hint", "", "phase-1-refused", "failures.md, tunnel-group missing or misnamed"),
        Row("Removing peer from peer table failed", "end_hint", "", "phase-1-refused", "failures.md, tunnel-group missing or misnamed"),
        Row("Unable to remove PeerTblEntry", "end_hint", "", "phase-1-refused", "failures.md, tunnel-group missing or misnamed"),
        _fault("No crypto map bound to interface", "map-not-bound", "failures.md, map not bound, wrong order"),
        Row("Duplicate Phase 1 packet detected", "resent", source=_GUIDE, grade="G"),
        Row("Duplicate first packet detected", "resent", source="asa-cli.md 8, T6"),
        Row("Duplicate Phase 2 packet detected", "resent", source=_GUIDE, grade="G"),
        Row("Duplicate packet detected", "resent", source=_GUIDE, grade="G"),
        Row("P1 Retransmit msg dispatched", "resent", source=_GUIDE, grade="G"),
        Row("P2 Retransmit msg dispatched", "resent", source=_GUIDE, grade="G"),
        _fault("IKE Peer address same as our interface address", "peer-wrong", "asa-cli.md 8, 713062", "G"),
        _fault("IKE Peer address not configured for destination", "peer-wrong", "asa-cli.md 8, 713063", "G"),
        _fault("IKE Initiator unable to find policy", "no-interesting-traffic", "failures.md, no interesting traffic", "G",
               r"Intf (?P<interface>[^ ,]+), Src: (?P<source>[^ ,]+), Dst: (?P<destination>[^ ,]+)"),
        # --- phase 2 -------------------------------------------------------------------------------------------------
        _fault("All IPSec SA proposals found unacceptable", "transform-set-differs", "failures.md, transform set", "M"),
        _fault("Rejecting IPSec tunnel: no matching crypto map entry", "crypto-acl-not-mirrored",
               "failures.md, crypto ACLs not mirrored", "V",
               f"remote proxy {_PROXY.format('remote')} local proxy {_PROXY.format('local')}"),
        _fault("Rejecting IPSec tunnel: no matching crypto map entry", "crypto-acl-not-mirrored", "failures.md, crypto ACLs not mirrored"),
        _fault("Tunnel rejected: Crypto Map Policy not found", "crypto-acl-not-mirrored", "asa-cli.md 8, 713061", "G",
               r"Src:\s*(?P<source>[^ ,]+), Dst:\s*(?P<destination>[^ ,!]+)"),
        Row("ACL does not match proxy IDs", "trial", "", "crypto-acl-not-mirrored", "ASA syslog guide, 713222", "G"),
        Row("Static Crypto Map check", "quiet", source=_PIX_SYSLOG),
        _fault("Mismatch: Overriding phase 2 DH Group", "pfs-differs", "failures.md, PFS differs", "G"),
        Row("QM FSM error", "refused2", r"mess id 0x(?P<id>[0-9a-f]{1,8})", "phase-2-refused", "failures.md, crypto ACLs not mirrored"),
        Row("Removing peer from correlator table failed", "hint", "", "phase-2-refused", "failures.md, crypto ACLs not mirrored"),
        Row("Reason: crypto map policy not found", "end_hint", "", "crypto-acl-not-mirrored", "failures.md, crypto ACLs not mirrored"),
        Row("decapsulated inner packet doesn't match the negotiated policy", "data", r"SPI= (?P<spi>0x[0-9A-Fa-f]+).* from (?P<peer>\S+) "
            r"\(user= [^)]*\) to .*specifies its destination as (?P<destination>[^ ,]+), its source as (?P<source>[^ ,]+),.*local "
            r"proxy as (?P<local_address>[0-9.]+)/(?P<local_mask>[0-9.]+).*remote_proxy as (?P<remote_address>[0-9.]+)/"
            r"(?P<remote_mask>[0-9.]+)", "crypto-acl-not-mirrored", "failures.md, crypto ACLs not mirrored"),
        Row("decapsulated inner packet doesn't match the negotiated policy", "data", "", "crypto-acl-not-mirrored",
            "failures.md, crypto ACLs not mirrored"),
        # --- what happens to SAs and packets -------------------------------------------------------------------------
        _fault("IKE lost contact with remote peer", "peer-lost", "failures.md, stale or duplicate SA", "G"),
        Row("Duplicate remote proxy", "data", "", "stale-sa", "failures.md, stale or duplicate SA", "G"),
        Row("Duplicate entry in tunnel table", "data", "", "stale-sa", "failures.md, stale or duplicate SA", "G"),
        Row("IKE session establishment timed out", "fault", r"\[(?P<state>[^\]]+)\]", "negotiation-timed-out",
            "failures.md, stale or duplicate SA", "G"),
        Row("failed anti-replay checking", "data", r" from (?P<peer>\S+)", "replay", "failures.md, stale or duplicate SA"),
        Row("Received a non-IPSec packet", "data", r" from (?P<peer>[^ ,]+)", "packet-in-clear", "failures.md, stale or duplicate SA"),
        Row("PMTU-D packet", "data", r"packet (?P<size>[0-9]+) bytes greater than effective mtu (?P<mtu>[0-9]+)", "mtu",
            "failures.md, MTU"),
        Row("An inbound LAN-to-LAN SA", "sa",
            r"SPI= (?P<inbound>0x[0-9A-Fa-f]+)\) between (?P<local>\S+) and (?P<peer>\S+) .*been created",
            source="ASA 2017 syslog of a responder"),
        Row("An outbound LAN-to-LAN SA", "sa",
            r"SPI= (?P<outbound>0x[0-9A-Fa-f]+)\) between (?P<local>\S+) and (?P<peer>\S+) .*been created",
            source="ASA 2017 syslog of a responder"),
        Row("LAN-to-LAN SA", "quiet", source="ASA syslog guide, 602304"),
        Row("Session is being torn down", "end", source="failures.md, crypto ACLs not mirrored"),
        Row("Session disconnected. Session Type:", "end", source="asa-cli.md 8, 113019"),
        Row("Connection terminated for peer", "end", source="asa-cli.md 8, 713050"),
        # --- IKEv2 ---------------------------------------------------------------------------------------------------
        _fault("There was no IPSEC policy found for received TS", "crypto-acl-not-mirrored", "failures.md, crypto ACLs not mirrored"),
        _fault("Failed to authenticate the IKE SA", "key-differs", "failures.md, key differs"),
        _fault("Failed to receive the AUTH msg before the timer expired", "auth-unanswered", "asa-cli.md 8, 750003"),
        Row("Failed to find a matching policy", "fault", "", "ike-policy-differs", "published ASA IKEv2 debug"),
        Row("Failed to verify the proposed policies", "hint", "", "ike-policy-differs", "published ASA IKEv2 debug"),
        Row("Expected Policies:", "hint", r"Expected Policies:(?P<expected>.*)", "ike-policy-differs", "published ASA IKEv2 debug"),
        Row("Received Policies:", "hint", r"Received Policies:(?P<received>.*)", "ike-policy-differs", "published ASA IKEv2 debug"),
        Row("Negotiation aborted due to ERROR", "fault", r"ERROR: (?P<error>.*)", "phase-1-refused", "failures.md, key differs"),
        # --- IPsec debug ---------------------------------------------------------------------------------------------
        Row("New embryonic SA created", "embryonic", r"Direction: ?(?P<way>inbound|outbound) SPI ?: ?(?P<spi>0x[0-9A-Fa-f]+)"
            r"(?: Session ID: (?P<session>0x[0-9A-Fa-f]+))?", source=_SEED_IPSEC),
        Row("New outbound encrypt rule", "rule", r"SPI (?P<spi>0x[0-9A-Fa-f]+) Src addr: (?P<local_address>[0-9.]+) Src mask: "
            r"(?P<local_mask>[0-9.]+) Dst addr: (?P<remote_address>[0-9.]+) Dst mask: (?P<remote_mask>[0-9.]+)", source=_SEED_IPSEC),
        Row("New outbound permit rule", "rule", r"SPI (?P<spi>0x[0-9A-Fa-f]+) Src addr: (?P<local>[0-9.]+) Src mask: [0-9.]+ Dst addr: "
            r"(?P<peer>[0-9.]+)", source=_SEED_IPSEC),
        Row("New inbound tunnel flow rule", "quiet", source=_SEED_IPSEC),
        Row("New inbound decrypt rule", "quiet", source=_SEED_IPSEC),
        Row("New inbound permit rule", "quiet", source=_SEED_IPSEC),
        Row("bound VPN context, SPI", "context", r"Completed (?P<way>inbound|outbound) VPN context, SPI (?P<spi>0x[0-9A-Fa-f]+)",
            source=_SEED_IPSEC),
        Row("bound permit rule, SPI", "permit", r"Completed (?P<way>inbound|outbound) permit rule, SPI (?P<spi>0x[0-9A-Fa-f]+)",
            source=_SEED_IPSEC),
        *_quiet("IPSEC: Completed", "IPSEC: Creating", "IPSEC: Updating", "IPSEC: New ", "IPSEC: Deleted", "IPSEC: Destroy",
                source=_SEED_IPSEC),
        # --- known, and nothing to say -------------------------------------------------------------------------------
        *_quiet(
            "constructing ", "Constructing ", "constucting ", "processing ", "Processing IOS/PIX", "Oakley proposal is acceptable",
            "Received Cisco Unity", "Received DPD VID", "Received xauth", "Received NAT-Traversal", "Received Fragmentation VID",
            "Received Altiga", " VID", "Generating keys", "Computing hash", "Generating Quick Mode Key", "Freeing previously allocated",
            "Oakley begin quick mode", "Keep-alive type for this connection", "rekey timer", "loading all IPSEC SAs",
            "got a KEY_ADD msg", "Pitcher: received", "Sending keep-alive", "Received keep-alive",
        ),
        *_quiet("IKE Peer included IKE fragmentation capability", "Queuing KEY-ACQUIRE", "De-queuing KEY-ACQUIRE",
                source="published ASA 8.0 syslog, stuck at MM_WAIT_MSG4"),
        *_quiet("IKE Remote Peer configured for crypto map", "QM IsRekeyed", "requesting SPI", "computing NAT Discovery hash",
                source=_PIX_SYSLOG),
        Row("IKE Remote Peer configured for SA", "quiet", source="ASA syslog guide, 713066", grade="G"),
        Row("IKE Deleting SA: Remote Proxy", "quiet", source="ASA syslog guide, 715009", grade="G"),
        *_quiet("AAA retrieved default group policy", source="ASA 2017 syslog of a responder"),
    ]
)  # fmt: skip

#: The group, the user, the peer before the words.
_HEAD = re.compile(r"(?:Group = (?P<group>[^,]*), )?(?:Username = [^,]*, )?(?:IP = (?P<peer>[^,\s]+), )?")
#: IKEv2 syslog: ``Local:192.0.2.1:500 Remote:198.51.100.9:500 Username:…``.
_HEAD2 = re.compile(r"Local:(?P<local>\S+?):[0-9]+ Remote:(?P<peer>\S+?):[0-9]+ Username:\S*\s*")
#: ``IKEv2-PROTO-1: (16): …``
_SESSION = re.compile(r"\((?P<session>[0-9]+)\):\s*")

#: Families of syslog that are of IKE and IPsec: sessions (113019), IPsec (402, 602), IKEv1 (713 to 715), IKEv2 (750 to 752).
_FAMILIES = ("113019", "402", "602", "713", "714", "715", "750", "751", "752")

#: What the numbers of payloads mean.
_SA, _KE, _ID, _HASH, _NONCE = 1, 4, 5, 8, 10
_PAYLOAD = re.compile(r"\(([0-9]+)\)")

#: What a main mode that waits for a message is stuck at (asa-cli.md 8): by the message waited for.
STUCK = {
    "2": "peer-unreachable",
    "3": "answer-lost",
    "4": "tunnel-group-missing",
    "5": "key-differs",
    "6": "key-differs",
}

_Key = tuple[str, str]


class AsaReader(Reader):
    """Reads the records of one PIX/ASA."""

    platform = "asa"
    table = TABLE

    def __init__(self, end: str) -> None:
        super().__init__(end)
        self.forget()

    def forget(self) -> None:
        """A text ends."""
        self._phase1: dict[_Key, Draft] = {}
        self._latest: dict[_Key, Draft] = {}
        self._quick: dict[tuple[str, str, str], Draft] = {}
        self._ipsec: dict[tuple[str, str], Draft] = {}
        self._spis: dict[tuple[str, str], Draft] = {}

    def take(self, record: Record) -> None:
        """Read one record."""
        if record.tag.isdecimal() and not record.tag.startswith(_FAMILIES):
            self.elsewhere += 1
            return
        text, values = record.text, {}
        if record.tag != "IPSEC":
            head = _HEAD2.match(text) or _HEAD.match(text)
            if head:
                text = text[head.end() :]
                values = {name: value for name, value in head.groupdict().items() if value}
            if record.tag == "IKEv2" and (session := _SESSION.match(text)):
                text, values = text[session.end() :], {"session": session["session"]}
        found = self.table.find(text)
        if found is None:
            self.unread.append(self.place(record))
            return
        row, named = found
        self.handle(row, {**values, **named}, record, self._draft_of(values, record))

    # --- which negotiation -------------------------------------------------------------------------------------------

    @staticmethod
    def _key(values: Mapping[str, str], record: Record) -> _Key:
        return record.host, values.get("peer") or f"#{values['session']}" if "session" in values else values.get(
            "peer", ""
        )

    def _draft_of(self, values: Mapping[str, str], record: Record) -> Draft | None:
        """The negotiation that the peer is at."""
        draft = self._latest.get(self._key(values, record))
        if draft and record.tag != "IPSEC":
            draft.touch(self.place(record))
        return draft

    def _begin(self, values: Mapping[str, str], record: Record, *, phase1: bool = True) -> Draft:
        key = self._key(values, record)
        peer = "" if key[1].startswith("#") else key[1]
        version = 2 if record.tag == "IKEv2" or record.tag.startswith(("750", "751", "752")) else 1
        draft = self.add(
            Draft(
                self.end,
                self.platform,
                peer,
                values.get("local", "") if version == 2 else "",
                host=record.host,
                version=version,
            )
        )
        draft.phase1, draft.moment = phase1, moment(record.stamp)
        draft.touch(self.place(record))
        self._latest[key] = draft
        if phase1:
            self._phase1[key] = draft
        return draft

    def _open(self, values: Mapping[str, str], record: Record) -> Draft:
        """The negotiation of the peer, a new one where there is none or the last has ended."""
        draft = self._latest.get(self._key(values, record))
        return self._begin(values, record) if draft is None or draft.ended else draft

    # --- phase 1 -----------------------------------------------------------------------------------------------------

    def _on_start(self, row: Row, values: Mapping[str, str], record: Record, draft: Draft | None) -> None:
        draft = self._begin(values, record)
        draft.role, draft.begun = "initiator", True
        draft.found.update({name: value for name, value in values.items() if name == "map"})

    def _on_packet(self, row: Row, values: Mapping[str, str], record: Record, draft: Draft | None) -> None:
        payloads = {int(number) for number in _PAYLOAD.findall(values["payloads"])}
        sent = values["way"] != "RECEIVED"
        if values["way"] == "RESENDING":
            draft = draft or self._begin(values, record)
            self._on_resent(row, values, record, draft)
        elif int(values["id"], 16):
            self._quick_packet(values, record, payloads, sent)
        else:
            self._main_packet(values, record, payloads, sent)

    def _main_packet(self, values: Mapping[str, str], record: Record, payloads: set[int], sent: bool) -> None:
        place, draft = self.place(record), self._phase1.get(self._key(values, record))
        if _SA in payloads:
            if draft is None or self._is_new(draft, sent):
                draft = self._begin(values, record)
                draft.role, draft.begun = ("initiator" if sent else "responder"), True
            first = (draft.role == "initiator") == sent
            mode = "AM" if _KE in payloads else "MM"
            draft.step(f"{mode}{1 if first else 2}", place)
            return
        if not payloads & {_KE, _HASH}:
            return  # a notify in clear
        if draft is None or draft.ended:
            draft = self._begin(values, record)
        if draft.has("AM1", "AM2"):
            if _HASH in payloads:
                draft.step("AM3", place)
            return
        pair = (3, 4) if _KE in payloads else (5, 6)
        if not draft.role:
            # The log was joined in the middle: who sends the first of two is the initiator.
            draft.role = "initiator" if sent == (not draft.has(f"MM{pair[0]}")) else "responder"
        draft.step(f"MM{pair[0] if (draft.role == 'initiator') == sent else pair[1]}", place)

    @staticmethod
    def _is_new(draft: Draft, sent: bool) -> bool:
        """Whether an SA payload begins another phase 1."""
        if draft.ended or draft.has("MM3", "AM3", "PHASE1"):
            return True
        if not draft.role:
            return True
        # An answer, or the same first message once more.
        return (draft.role == "initiator") == sent and draft.has("MM2", "AM2") and draft.role == "initiator"

    def _on_phase1(self, row: Row, values: Mapping[str, str], record: Record, draft: Draft | None) -> None:
        draft = self._phase1.get(self._key(values, record))
        if draft is None or draft.ended or draft.has("PHASE1"):
            draft = self._begin(values, record)
        draft.step("PHASE1", self.place(record))

    def _on_stuck(self, row: Row, values: Mapping[str, str], record: Record, draft: Draft | None) -> None:
        """The history of an exchange that failed, newest first: what it waited for last."""
        draft = self._open(values, record)
        draft.role = draft.role or values["role"].lower()
        draft.step(f"{values['mode']}{int(values['wait']) - 1}", self.place(record))
        draft.unanswered.append(self._sign(row, values, record, draft, unless_up=True))
        draft.ended = True

    # --- phase 2 -----------------------------------------------------------------------------------------------------

    def _quick_of(self, values: Mapping[str, str], record: Record, *, sent: bool | None = None) -> Draft:
        """The negotiation of a message id: phase 1's own one where that had none yet."""
        key, number = self._key(values, record), message_id(values["id"], 16)
        known = self._quick.get((*key, number))
        if known:
            self._latest[key] = known
            return known
        draft = self._phase1.get(key)
        if draft is None or draft.ended or draft.message_id or draft.has("PHASE2"):
            draft = self._begin(values, record, phase1=False)
            if sent is not None:
                draft.role, draft.begun = ("initiator" if sent else "responder"), True
        draft.message_id = number
        self._quick[(*key, number)] = draft
        self._latest[key] = draft
        return draft

    def _quick_packet(self, values: Mapping[str, str], record: Record, payloads: set[int], sent: bool) -> None:
        place = self.place(record)
        if _SA in payloads:
            draft = self._quick_of(values, record, sent=sent)
            draft.step("QM2" if draft.has("QM1") else "QM1", place)
        elif payloads == {_HASH, 0}:
            known = self._quick.get((*self._key(values, record), message_id(values["id"], 16)))
            if known and known.has("QM1", "QM2"):
                known.step("QM3", place)

    def _on_phase2(self, row: Row, values: Mapping[str, str], record: Record, draft: Draft | None) -> None:
        key = self._key(values, record)
        if draft and not draft.message_id and not draft.ended and not draft.has("PHASE2"):
            draft.message_id = message_id(values["id"], 16)
            self._quick[(*key, draft.message_id)] = draft
        self._quick_of(values, record).step("PHASE2", self.place(record))

    def _on_refused2(self, row: Row, values: Mapping[str, str], record: Record, draft: Draft | None) -> None:
        if draft and not draft.ended and not draft.message_id and not draft.has("PHASE2"):
            draft.message_id = message_id(values["id"], 16)
            self._quick[(*self._key(values, record), draft.message_id)] = draft
        draft = self._quick_of(values, record)
        draft.signs.append(self._sign(row, values, record, draft))

    def _on_complete(self, row: Row, values: Mapping[str, str], record: Record, draft: Draft | None) -> None:
        draft = self._open(values, record)
        draft.role = draft.role or values["role"].lower()
        for way in ("inbound", "outbound"):
            draft.spis[way] = spi(values[way])
            self._spis[record.host, draft.spis[way]] = draft

    def _on_inbound(self, row: Row, values: Mapping[str, str], record: Record, draft: Draft | None) -> None:
        draft = self._open(values, record)
        draft.spis["inbound"] = spi(values["inbound"])
        self._spis[record.host, draft.spis["inbound"]] = draft

    def _on_proxies(self, row: Row, values: Mapping[str, str], record: Record, draft: Draft | None) -> None:
        draft = self._open(values, record)
        for side in ("local", "remote"):
            if f"{side}_address" in values:
                draft.found[f"{side}_proxy"] = network(values[f"{side}_address"], values[f"{side}_mask"])

    # --- signs -------------------------------------------------------------------------------------------------------

    def _on_fault(self, row: Row, values: Mapping[str, str], record: Record, draft: Draft | None) -> None:
        if values.get("peer") or values.get("session"):
            draft = self._open(values, record)
        super()._on_fault(row, self._with_proxies(values), record, draft)

    def _on_notified(self, row: Row, values: Mapping[str, str], record: Record, draft: Draft | None) -> None:
        """The peer refused: a proposal of phase 2, or of phase 1 where that is not complete."""
        draft = self._open(values, record)
        if not draft.has("PHASE1", "QM1") and draft.phase1 and draft.has("MM1", "AM1"):
            row = replace(row, code="ike-policy-differs")
        super()._on_fault(row, values, record, draft)

    def _on_hint(self, row: Row, values: Mapping[str, str], record: Record, draft: Draft | None) -> None:
        if draft is None and (values.get("peer") or values.get("session")):
            draft = self._begin(values, record)
        super()._on_hint(row, values, record, draft)

    def _on_end_hint(self, row: Row, values: Mapping[str, str], record: Record, draft: Draft | None) -> None:
        self._on_hint(row, values, record, draft)
        self._on_end(row, values, record, self._latest.get(self._key(values, record)))

    def _on_end(self, row: Row, values: Mapping[str, str], record: Record, draft: Draft | None) -> None:
        if draft:
            draft.ended = True

    def _on_data(self, row: Row, values: Mapping[str, str], record: Record, draft: Draft | None) -> None:
        """Something about packets or SAs, not about a negotiation."""
        self.strays.append(self._sign(row, self._with_proxies(values), record, None))

    @staticmethod
    def _with_proxies(values: Mapping[str, str]) -> dict[str, str]:
        found = dict(values)
        for side in ("local", "remote"):
            if f"{side}_mask" in found:
                found[f"{side}_proxy"] = network(found.pop(f"{side}_address"), found.pop(f"{side}_mask"))
        return found

    def _on_nat(self, row: Row, values: Mapping[str, str], record: Record, draft: Draft | None) -> None:
        if draft is None:
            return
        ends = [end for end in ("local", "remote") if values[end].lower() == "is"]
        draft.found["nat_t"] = {0: "none", 1: ends[0] if ends else "", 2: "both"}[len(ends)]
        if ends:
            draft.notes.append(self._sign(row, values, record, draft))

    # --- IPsec -------------------------------------------------------------------------------------------------------

    def _on_sa(self, row: Row, values: Mapping[str, str], record: Record, draft: Draft | None) -> None:
        draft = self._latest.get((record.host, values["peer"]))
        if draft:
            way = "inbound" if "inbound" in values else "outbound"
            draft.spis.setdefault(way, spi(values[way]))
            draft.local = draft.local or values["local"]
            draft.touch(self.place(record))

    def _on_embryonic(self, row: Row, values: Mapping[str, str], record: Record, draft: Draft | None) -> None:
        number, way = spi(values["spi"]), values["way"]
        # Both directions name the session that they are of; a record that is cut off is of the one before.
        session = (record.host, values.get("session", ""))
        draft = self._spis.get((record.host, number)) or self._ipsec.get(session)
        if draft is None or draft.spis.get(way, number) != number:
            draft = self.add(Draft(self.end, self.platform, host=record.host))
        draft.touch(self.place(record))
        self._ipsec[session] = self._ipsec[record.host, ""] = draft
        draft.spis[way] = number
        self._spis[record.host, number] = draft
        draft.step("SPI", self.place(record))

    def _of_spi(self, values: Mapping[str, str], record: Record) -> Draft | None:
        draft = self._spis.get((record.host, spi(values["spi"])))
        if draft:
            draft.touch(self.place(record))
        return draft

    def _on_rule(self, row: Row, values: Mapping[str, str], record: Record, draft: Draft | None) -> None:
        draft = self._of_spi(values, record)
        if draft is None:
            return
        draft.peer, draft.local = draft.peer or values.get("peer", ""), draft.local or values.get("local", "")
        draft.found.update(
            {name: value for name, value in self._with_proxies(values).items() if name.endswith("_proxy")}
        )

    def _on_context(self, row: Row, values: Mapping[str, str], record: Record, draft: Draft | None) -> None:
        draft = self._of_spi(values, record)
        if draft:
            draft.attributes[f"context {values['way']}"] = "made"
            if len([name for name in draft.attributes if name.startswith("context")]) == 2:
                draft.step("SA", self.place(record))

    def _on_permit(self, row: Row, values: Mapping[str, str], record: Record, draft: Draft | None) -> None:
        draft = self._of_spi(values, record)
        if draft:
            draft.attributes[f"permit {values['way']}"] = "made"
            if len([name for name in draft.attributes if name.startswith("permit")]) == 2:
                draft.step("ACTIVE", self.place(record))
