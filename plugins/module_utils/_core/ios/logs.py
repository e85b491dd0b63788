# Copyright: The netvpn.dynamic_l2l contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""What IOS 12.1 to XE 17 writes of IKE and IPsec: the table of its messages.

``debug crypto isakmp``, ``debug crypto ipsec``, ``debug crypto ikev2`` and syslog. What the messages mean for a
negotiation is in ``log_reader.py``.
"""

from __future__ import annotations

from ..diagnosis.negotiation import Row, Table

_MAIN = "ios-show.md C7.3"
_INITIATOR = "ios-show.md C7.4"
_QUICK = "ios-show.md C7.5"
_FAILURES = "ios-show.md C7.6"
_V2 = "ios-show.md C7.7"
_SYSLOG = "ios-show.md C8"
_IP = r"[0-9A-Fa-f.:]+?"


def _quiet(*literals: str, source: str = _MAIN) -> list[Row]:
    return [Row(literal, "quiet", source=source) for literal in literals]


def _fault(literal: str, code: str, source: str, grade: str = "V", pattern: str = "") -> Row:
    return Row(literal, "fault", pattern, code, source, grade)


def _hint(literal: str, code: str, source: str, grade: str = "V", pattern: str = "") -> Row:
    return Row(literal, "hint", pattern, code, source, grade)


def _data(literal: str, code: str, source: str, grade: str = "V", pattern: str = "") -> Row:
    return Row(literal, "data", pattern, code, source, grade)


#: Syslog, asked with the name before the text.
SYSLOG = Table(
    [
        Row("IKMP_BAD_MESSAGE", "by_peer", rf"message from (?P<peer>{_IP})(?::[0-9]+)? failed", "key-differs", "failures.md, key differs"),
        _data("IKMP_NO_SA", "stale-sa", "failures.md, stale or duplicate SA", pattern=rf"from (?P<peer>{_IP}) has no SA"),
        _data("RECVD_PKT_INV_SPI", "stale-sa", "failures.md, stale or duplicate SA",
              pattern=r"destaddr=(?P<local>[^,\s]+),.*spi=(?P<spi>0x[0-9A-Fa-f]+).*srcaddr=(?P<peer>[^,\s]+)"),
        _data("RECVD_PKT_INV_SPI", "stale-sa", "failures.md, stale or duplicate SA"),
        _data("RECVD_PKT_NOT_IPSEC", "packet-in-clear", "failures.md, stale or duplicate SA",
              pattern=r"dest_addr= ?/(?P<destination>[^,\s]+), src_addr= (?P<source>[^,\s]+)"),
        _data("RECVD_PKT_NOT_IPSEC", "packet-in-clear", "failures.md, stale or duplicate SA"),
        _data("PKT_REPLAY_ERR", "replay", _FAILURES),
        _data("REPLAY_ERROR", "replay", _FAILURES, "U", r"src_addr (?P<peer>[^,\s]+)"),
        _data("RECVD_PKT_MAC_ERR", "mac-failed", _SYSLOG, "U"),
        Row("ISAKMP is OFF", "ike_off", "", "ike-off", _FAILURES),
        Row("ISAKMP is ON", "ike_on", source=_SYSLOG),
        Row("GDOI_ON_OFF", "quiet", source=_SYSLOG),
        Row("IKMP_MODE_FAILURE", "by_peer", rf"Processing of Quick mode failed with peer at (?P<peer>{_IP})$", "phase-2-refused",
            _SYSLOG, "U"),
        Row("IKMP_MODE_FAILURE", "by_peer", rf"failed with peer at (?P<peer>{_IP})$", "phase-1-refused", _SYSLOG, "U"),
        Row("IKMP_NOT_ENCRYPTED", "by_peer", rf"packet from (?P<peer>{_IP}) was not encrypted", "stale-sa", _SYSLOG, "U"),
        Row("IKMP_NO_ID_CERT_ADDR_MATCH", "by_peer", "", "identity-not-accepted", _SYSLOG, "U"),
        Row("IKE_DENY_SA_REQ", "quiet", source=_SYSLOG, grade="U"),
        Row("SESSION_STATUS", "session", rf"is (?P<state>UP|DOWN) *\. +Peer (?P<peer>{_IP})(?::[0-9]+)? ", source=_SYSLOG, grade="U"),
        Row("SESSION_STATUS", "quiet", source=_SYSLOG, grade="U"),
        Row("There was no IPSEC policy found for received TS", "by_peer", "", "crypto-acl-not-mirrored", _V2, "U"),
        Row("Failed to authenticate the IKE SA", "by_peer", "", "key-differs", _V2, "U"),
        Row("IKEV2-3-NEG_ABORT", "by_peer", "", "phase-1-refused", _SYSLOG, "U"),
        Row("IKEV2-5-SA_", "quiet", source=_SYSLOG, grade="U"),
        Row("IKEV2-5-OSM_", "quiet", source=_SYSLOG, grade="U"),
        *_quiet("%CRYPTO-6-", source=_SYSLOG),
    ]
)  # fmt: skip

#: ``debug crypto isakmp`` without its prefix.
ISAKMP = Table(
    [
        # --- how far it came -----------------------------------------------------------------------------------------
        Row("received packet from", "packet", rf"(?P<way>received) packet from (?P<peer>{_IP})(?: dport (?P<port>[0-9]+) sport "
            r"(?P<peer_port>[0-9]+))?(?: Global| \S+)? \((?P<role>[INR])\)(?: (?P<state>NEW SA|\w+))?", source=_MAIN),
        Row("sending packet to", "packet", rf"(?P<way>sending) packet to (?P<peer>{_IP})(?: my_port (?P<port>[0-9]+) peer_port "
            r"(?P<peer_port>[0-9]+))? \((?P<role>[INR])\) (?P<state>\w+)", source=_MAIN),
        Row("New State = ", "state", r"(?:Old State = (?P<old>[A-Z0-9_. ]+?) +)?New State = (?P<state>[A-Z0-9_ ]+)",
            source="ios-show.md C7.2"),
        Row("Input = ", "input", r"(?:Node (?P<id>-?[0-9]+), )?Input = (?P<input>[A-Z0-9_, ]+)", source="ios-show.md C7.2"),
        Row("Created a peer struct for", "peer_struct", rf"struct for (?P<peer>{_IP}), peer port (?P<peer_port>[0-9]+)", source=_MAIN),
        Row("Locking peer struct", "locking", r"for (?P<what>isakmp_initiator|crypto_isakmp_process_block)", source=_MAIN),
        Row("Locking peer struct", "quiet", source=_MAIN),
        Row("SA request profile is", "request", source=_INITIATOR),
        Row("beginning Main Mode exchange", "begin", source=_INITIATOR),
        Row("beginning Aggressive Mode exchange", "begin_aggressive", source=_INITIATOR, grade="U"),
        Row("beginning Quick Mode exchange", "begin_quick", r"M-ID of (?P<id>-?[0-9]+)", source=_QUICK),
        Row("processing SA payload", "sa_payload", r"message ID ?= ?(?P<id>-?[0-9]+)", source=_MAIN),
        Row("SA has been authenticated with", "authenticated", rf"with (?P<peer>{_IP})$", source=_MAIN),
        Row("Trying to insert a peer", "peers", r"insert a peer (?P<local>[^/\s]+)/(?P<peer>[^/\s]+)/(?P<peer_port>[0-9]+)/",
            source=_MAIN),
        Row("Trying to find existing peer", "peers", r"existing peer (?P<local>[^/\s]+)/(?P<peer>[^/\s]+)/(?P<peer_port>[0-9]+)/",
            source=_FAILURES),
        Row("QM done (await)", "node_done", r"deleting node (?P<id>-?[0-9]+) error FALSE", source=_QUICK),
        Row('reason "No Error"', "node_done", r"deleting node (?P<id>-?[0-9]+) error FALSE", source=_QUICK),
        Row("installed IPSEC SA", "installed", r"SPI:(?P<inbound>0x[0-9A-Fa-f]+)\)", source=_QUICK),
        Row("bound SA from", "sas", source=_QUICK),
        Row("has spi ", "has_spi", r"has spi (?P<spi>0x[0-9A-Fa-f]+|[0-9]+)", source=_QUICK),
        # --- what was agreed -----------------------------------------------------------------------------------------
        Row("Checking ISAKMP transform", "checking", r"transform (?P<transform>[0-9]+) against priority (?P<policy>[0-9]+) policy",
            source=_MAIN),
        Row("Checking IPSec proposal", "checking", source=_QUICK),
        Row("atts are acceptable", "accepted", r"acceptable\. ?(?P<next>Next payload is [0-9]+)?", source=_MAIN),
        Row("encryption ", "attribute", r"^\.?\s*encryption (?P<encryption>\S+)$", source=_MAIN),
        Row("keylength of", "attribute", r"keylength of (?P<key_length>[0-9]+)", source=_MAIN),
        Row("key length is", "attribute", r"key length is (?P<key_length>[0-9]+)", source=_QUICK),
        Row("hash ", "attribute", r"^hash (?P<hash>\S+)$", source=_MAIN),
        Row("default group", "attribute", r"default group (?P<group>[0-9]+)", source=_MAIN),
        Row("group is ", "attribute", r"^group is (?P<pfs_group>[0-9]+)", source=_QUICK, grade="U"),
        Row("auth ", "attribute", r"^[\s.]*auth (?P<authentication>\S+)$", source=_MAIN),
        Row("life type in", "attribute", r"life type in (?P<life_type>seconds|kilobytes)", source=_MAIN),
        Row("life duration", "life", r"life duration \((?P<form>basic|VPI)\) of +(?P<value>[0-9a-fx ]+)", source=_MAIN),
        Row("transform ", "attribute", r"^transform [0-9]+, (?P<protocol>(?:ESP|AH)_\w+)", source=_QUICK),
        Row("encaps is", "attribute", r"encaps is [0-9] \((?P<mode>[^)]+)\)", "nat-traversal", "failures.md, NAT-T"),
        Row("authenticator is", "attribute", r"authenticator is (?P<integrity>\S+)", source=_QUICK),
        Row("His hash no match", "nat", "", "remote", "failures.md, NAT-T"),
        Row("My hash no match", "nat", "", "local", _FAILURES),
        Row("No NAT Found for self or peer", "nat", "", "none", _FAILURES),
        Row("NAT found, both nodes inside NAT", "nat", "", "both", _FAILURES),
        Row("Detected port floating", "nat", "", "remote", _FAILURES),
        Row("vendor ID is NAT-T", "quiet", "", "nat-traversal", "failures.md, NAT-T"),
        Row("restart ike sa timer to", "note", r"to (?P<after>[0-9]+) (?P<unit>secs)", "lifetime-changed", _INITIATOR),
        # --- phase 1 fails -------------------------------------------------------------------------------------------
        _fault("No pre-shared key with", "key-missing", "failures.md, no key for the peer", pattern=rf"key with (?P<peer>{_IP})!"),
        _hint("No Cert or pre-shared address key", "key-missing", _FAILURES),
        _hint("no pre-shared key based on hostname", "key-missing", _FAILURES),
        _hint("Can not start Main mode", "key-missing", "failures.md, no key for the peer"),
        _hint("Error while processing SA request", "phase-1-refused", _FAILURES),
        _hint("Error while processing KMI message", "phase-1-refused", _FAILURES),
        Row("offered does not match policy", "refused1", r"(?P<attribute>Encryption algorithm|Hash algorithm|Diffie-Hellman group|"
            r"Authentication method) offered", "ike-policy-differs", "failures.md, IKE policy"),
        Row("Preshared authentication offered but does not match policy", "refused1", "", "key-missing", _FAILURES, "U"),
        Row("roposed key length does not match policy", "refused1", r"roposed (?P<attribute>key length)", "ike-policy-differs",
            "failures.md, IKE policy"),
        Row("are not acceptable. Next payload", "refused1", "", "ike-policy-differs", "failures.md, IKE policy"),
        _fault("no offers accepted", "ike-policy-differs", "failures.md, IKE policy"),
        _fault("phase 1 SA policy not acceptable", "ike-policy-differs", "failures.md, IKE policy",
               pattern=r"\(local (?P<local>\S+) remote (?P<peer>[^\s)]+)\)"),
        _fault("phase 1 SA policy not acceptable", "ike-policy-differs", "failures.md, IKE policy"),
        _hint("CSDL compliant", "weak-suite-barred", "failures.md, weak suite barred"),
        _hint("reserved not zero on", "key-differs", _FAILURES, "U"),
        Row("retransmitting phase 1", "resent", r"phase 1 (?P<state>\w+)", "", "failures.md, key differs"),
        Row("retransmitting due to retransmit phase", "resent", source=_FAILURES),
        Row("is a duplicate of a previous packet", "duplicate", source=_FAILURES),
        Row("incrementing error counter on sa", "resent", source=_FAILURES, grade="U"),
        Row("Death by retransmission", "died", rf"state \((?P<role>[IR])\) (?P<state>\w+) +\(peer (?P<peer>{_IP})\)", source=_FAILURES,
            grade="U"),
        # --- phase 2 fails -------------------------------------------------------------------------------------------
        Row("IPSec policy invalidated proposal with error", "invalidated", r"error (?P<error>[0-9]+)", "phase-2-refused",
            "failures.md, transform set"),
        _fault("IPSec policy invalidated proposal", "phase-2-refused", "as above, without a number", "U"),
        _fault("phase 2 SA policy not acceptable", "phase-2-refused", "failures.md, transform set",
               pattern=r"\(local (?P<local>\S+) remote (?P<peer>[^\s)]+)\)"),
        _fault("phase 2 SA policy not acceptable", "phase-2-refused", "failures.md, transform set"),
        Row("NOTIFY PROPOSAL_NOT_CHOSEN protocol 1", "notified1", "", "ike-policy-differs", "by RFC 2408; the text as for protocol 3",
            "U"),
        Row("processing NOTIFY PROPOSAL_NOT_CHOSEN", "notified2", "", "phase-2-refused", "failures.md, crypto ACLs not mirrored"),
        Row("processing NOTIFY INVALID_ID_INFO", "notified2", "", "crypto-acl-not-mirrored",
            "by RFC 2408; the text as for PROPOSAL_NOT_CHOSEN", "U"),
        Row("Sending NOTIFY PROPOSAL_NOT_CHOSEN", "quiet", source=_FAILURES),
        Row("deleting spi", "refused_id", r"deleting spi [0-9]+ message ID = (?P<id>-?[0-9]+)", "phase-2-refused", _FAILURES),
        Row('reason "QM rejected"', "node_refused", r"deleting node (?P<id>-?[0-9]+) error TRUE", "phase-2-refused",
            "failures.md, crypto ACLs not mirrored"),
        Row('"Delete Larval"', "node_refused", r"deleting node (?P<id>-?[0-9]+) error TRUE", "phase-2-refused",
            "failures.md, crypto ACLs not mirrored"),
        Row("Phase 2 err count exceeded", "node_refused", r"deleting node (?P<id>-?[0-9]+) error TRUE", "quick-mode-unanswered",
            _FAILURES, "U"),
        Row("retransmitting phase 2", "resent2", r"phase 2 \w+ +(?P<id>-?[0-9]+)", "", _FAILURES, "U"),
        Row("incrementing error counter on node", "resent", source=_FAILURES, grade="U"),
        # --- ends ----------------------------------------------------------------------------------------------------
        Row("not responding!", "lost", rf"peer (?P<peer>{_IP}) not responding", "peer-lost", _FAILURES, "U"),
        Row("DPD incrementing error counter", "hint", "", "peer-lost", _FAILURES, "U"),
        Row('deleting SA reason "peers alive"', "lost", rf"\(peer (?P<peer>{_IP})\)", "peer-lost", _FAILURES, "U"),
        Row('deleting SA reason "Dead peer"', "lost", rf"\(peer (?P<peer>{_IP})\)", "peer-lost", _FAILURES, "U"),
        Row("deleting SA reason", "deleting",
            rf'reason "(?P<reason>[^"]*)" state \((?P<role>[IR])\) (?P<state>\w+) +\(peer (?P<peer>{_IP})\)',
            source=_FAILURES),
        Row("deleting SA reason", "quiet", source=_FAILURES),
        Row("IKE_DEST_SA", "quiet", source="ios-show.md C7.2"),
        # --- known, and nothing to say -------------------------------------------------------------------------------
        Row("set new node", "quiet", source=_QUICK),
        Row("purging SA", "purging", source=_FAILURES),
        *_quiet(
            "New peer created", "Unlocking ", "Deleting peer node", "local port", "insert sa successfully", "processing vendor id payload",
            "vendor ID ", "found peer pre-shared key", "local preshared key found", "Scanning profiles", "Acceptable atts",
            "Basic life_in_seconds", "Fill atts in sa", "Returning Actual lifetime", "Started lifetime timer", "constructed NAT-T",
            "Sending an IKE IP", "processing KE payload", "processing NONCE payload", "processing ID payload", "processing HASH payload",
            "SKEYID state generated", "speaking to another IOS box", "received payload type", "ID payload", "peer matches ",
            "Found ADDRESS key in keyring", "processing NOTIFY INITIAL_CONTACT", "SA authentication status", "Process initial contact",
            "and inserted successfully", "SA is doing", "pre-shared key authentication using id type", "Total payload length",
            "IKE_DPD is enabled", "processing IKE frag vendor", "Support for IKE Fragmentation", "authenticated",
        ),
        *_quiet("Can not start Aggressive mode", "Send initial contact", "processing NOTIFY RESPONDER_LIFETIME", "responder lifetime",
                "Find a dup sa in the avl tree", "Setting UDP ENC peer", source=_INITIATOR),
        *_quiet("QM Initiator gets spi", "QM Responder gets spi", "attributes in transform", "IPSec Install callback", "asking for 1 spis",
                "received ke message", "Creating IPSec SAs", "lifetime of", "has client flags", "processing NAT-OA", source=_QUICK),
        *_quiet("deleting node", "purging node", "processing DELETE payload", "does not do paranoid keepalives", "KEY_MGR_DELETE_SAS",
                "ignoring request to send delete notify", "Failed to find peer index node", "Pregen DH Group",
                "SA has outstanding requests",
                "sitting IDLE", "DPD/R_U_THERE", "address :", "address      :", "protocol :", "protocol     :", "debugging is o",
                "processing NOTIFY", "construct_fail_reply", source=_FAILURES),
    ]
)  # fmt: skip

_IDENTITY = (
    r"local= (?P<local>[0-9A-Fa-f.:]+?)(?::[0-9]+)?, remote= (?P<peer>[0-9A-Fa-f.:]+?)(?::[0-9]+)?, "
    r"local_proxy= (?P<local_address>[0-9.]+)/(?P<local_mask>[0-9.]+)/\S+(?: \(type=[0-9]\))?, "
    r"remote_proxy= (?P<remote_address>[0-9.]+)/(?P<remote_mask>[0-9.]+)/"
)

#: ``debug crypto ipsec``.
IPSEC = Table(
    [
        Row("IPSEC(sa_request)", "sa_request", _IDENTITY, source=_INITIATOR),
        Row("IPSEC(sa_request)", "quiet", source="ios-show.md C0, SMG (12.2)"),
        Row("(validate_proposal_request)", "identity", _IDENTITY, source=_QUICK),
        Row("(validate_proposal_request)", "quiet", source=_QUICK),
        Row("IPSEC(initialize_sas)", "initialize", r"(?P<way>INBOUND|OUTBOUND) " + _IDENTITY + r".*transform= (?P<transform>[a-z0-9 -]+?) "
            r"+\((?P<mode>[A-Za-z-]+)\).*lifedur= (?P<seconds>[0-9]+)s and (?P<kilobytes>[0-9]+)kb, spi= (?P<spi>0x[0-9A-Fa-f]+)",
            source="seed, ios-12.4-debug-ipsec"),
        Row("IPSEC(create_sa)", "create", r"sa_dest= (?P<destination>[^,\s]+),.*sa_spi= (?P<spi>0x[0-9A-Fa-f]+)\([0-9]+\), sa_trans= "
            r"(?P<transform>[a-z0-9 -]+?) *,", source="seed, ios-12.4-debug-ipsec"),
        Row("getting spi", "getting", rf"getting spi (?P<spi>[0-9]+) for SA from (?P<local>{_IP}) to (?P<peer>{_IP}) for",
            source="seed, ios-12.4-debug-ipsec"),
        Row("enable SA with spi", "enabled", r"with spi (?P<spi>[0-9 ]+)/50", source="seed, ios-12.4-debug-ipsec"),
        Row("transform proposal not supported for identity", "fault2", r"identity: *\{(?P<offered>[^}]*)\}", "transform-set-differs",
            "failures.md, transform set"),
        Row("transform proposal not supported for identity", "fault2", "", "transform-set-differs", "failures.md, transform set"),
        Row("proxy identities not supported", "fault2", "", "crypto-acl-not-mirrored", "failures.md, crypto ACLs not mirrored"),
        Row("did not find matching map", "fault2", "", "crypto-acl-not-mirrored", "failures.md, crypto ACLs not mirrored"),
        Row("no IPSEC cryptomap exists for local address", "fault2", r"local address (?P<local>\S+)", "map-not-bound", _FAILURES, "U"),
        Row("request timer fired", "timer", r"count = (?P<count>[0-9]+)", "phase-2-refused", _FAILURES),
        *_quiet("IPSEC(key_engine", "Crypto mapdb", "Flow_switching", "IPSEC(policy_db_add_ident)", "IPSEC(spi_response)",
                "IPSEC(initialize_sas)", "IPSEC(create_sa)", "IPSEC(ipsec_process_proposal)Map Accepted",
                "IPSEC(ipsec_process_proposal): Map",
                "IPSEC(crypto_ipsec", "IPSEC(get_old_outbound", "IPSEC(lifetime_expiry)", "IPSEC(delete_sa)", "IPSEC(update_current",
                "IPSEC(rte_mgr)", "IPSEC(sa_aging)", "IPSEC(sibling", "IPSEC:(SESSION", "insert sa successfully",
                "(ipsec_process_proposal)", source=_QUICK),
    ]
)  # fmt: skip

#: ``debug crypto ikev2`` without its prefix.
IKEV2 = Table(
    [
        Row(" Packet [", "packet2",
            r"(?P<way>Sending|Received) Packet \[(?:To|From) (?P<peer>\S+?):[0-9]+/(?:From|To) (?P<local>\S+?):[0-9]+/"
            r"VRF[^\]]*\] *Initiator SPI : (?P<initiator>[0-9A-F]{16}) - Responder SPI : (?P<responder>[0-9A-F]{16}) Message id: "
            r"(?P<id>[0-9]+) IKEv2 (?P<exchange>\w+) Exchange (?P<kind>REQUEST|RESPONSE) Payload contents:(?P<payloads>.*)", source=_V2),
        Row(" Packet [", "quiet", source=_V2),
        Row("SA created; inserting SA into database", "ike_up", source=_V2),
        Row("Failed to find a matching policy", "fault", r"ESP:", "transform-set-differs", _V2),
        Row("Failed to find a matching policy", "fault", "", "ike-policy-differs", _V2),
        Row("Received no proposal chosen notify", "hint", "", "ike-policy-differs", _V2),
        Row("wrong DH group", "quiet", source=_V2),
        Row("Failed to authenticate the IKE SA", "fault", "", "key-differs", _V2),
        Row("authentication data FAILED", "fault", "", "key-differs", _V2),
        Row("Auth exchange failed", "hint", "", "auth-failed", _V2),
        Row("IKEv2 profile not found", "hint", "", "identity-not-accepted", _V2),
        Row("Failed to locate an item in the database", "hint", "", "identity-not-accepted", _V2),
        Row("There was no IPSEC policy found for received TS", "fault", "", "crypto-acl-not-mirrored", _V2, "U"),
        Row("Retransmitting packet", "resent", source="published IKEv2 debug of XE 16.7"),
        Row("Initial exchange failed", "hint", "", "phase-1-refused", "published IKEv2 debug of XE 16.7"),
        Row("Deleting SA", "end", source=_V2),
        *_quiet(
            "Getting preshared key", "Matched peer block", "Searching Policy", "Searching policy", "Using the Default Policy",
            "Found Policy", "Computing DH", "DH key Computation", "Request queued", "no config data", "Generating IKE_",
            "IKE Proposal:", "ESP Proposal:", "Insert SA", "Processing IKE_", "Verify SA init", "Checking NAT discovery", "NAT not found",
            "SKEYSEED", "Completed SA init", "Config data", "Config-type", "Attrib type", "Have config mode", "Check for EAP",
            "Generate my authentication", "Use preshared key", "IKEv2 authentication data", "Get my authentication",
            "My authentication method", "Constructing ID", "Building packet", "Process auth response", "Verify peer's", "Peer's policy",
            "Get peer's", "Peer's authentication method", "authenctication data PASSED", "Session with IKE ID PAIR", "MIB tunnel",
            "Checking for duplicate", "No duplicate", "Queuing IKE SA delete", "Sending DELETE", "Checking if request will fit",
            "Check for existing", "Delete all IKE SAs", "Processing ACK", "Error constructing config reply", "Address type",
            "Generate IKEv2", "Received Policies", "Expected Policies", source=_V2,
        ),
    ]
)  # fmt: skip
