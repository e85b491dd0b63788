# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: The netvpn.dynamic_l2l contributors
"""PIX 7.2: the lines of `debug crypto isakmp`, `debug crypto ipsec` and of the syslog, by what happened.

Seed lines stand as they are with fields for their values. Numbers and severities of messages: a debug of an ASA 8.0.4
that prints them (`T5`), the syslog guide (`SYS`), and for the prefix `%PIX-` the samples in a log collector (`PIXLOG`):
SOURCES.md. Payloads are those of a PIX's packets; total lengths are those of the packets on the wire.
"""

from __future__ import annotations

from ...logs.lines import Line

_G = "Group = {group}, IP = {peer}, "
_I = "IP = {peer}, "
_SENT = "IKE_DECODE SENDING Message (msgid={msgid}) with payloads : HDR + {payloads} + NONE (0) total length : {size}"
_TAKEN = _SENT.replace("SENDING", "RECEIVED")


def _seed(line: int, number: int, text: str, severity: int = 7, brief: bool = False) -> Line:
    return Line(f"pix-7.2-debug-isakmp.txt:{line}", text, "isakmp", severity, number, brief)


def _brief(line: int, number: int, text: str, severity: int = 7) -> Line:
    return _seed(line, number, text, severity, brief=True)


def _sys(number: int, severity: int, text: str, row: str = "", brief: bool = True) -> Line:
    """A message that the syslog guide has; in a debug it stands behind `[IKEv1]` where it is more than debugging."""
    return Line(row or f"SYS {number}", text, "isakmp", severity, number, brief and severity < 7)


def _only(number: int, severity: int, text: str, row: str) -> Line:
    return Line(row, text, "syslog", severity, number)


def _message(line: int, text: str, payloads: str, msgid: str = "0") -> Line:
    # 713236: T5; in the seed these stand behind `[IKEv1]`
    return _brief(line, 713236, _I + text.replace("{payloads}", payloads).replace("{msgid}", msgid))


_KE = "KE (4) + NONCE (10) + VENDOR (13) + VENDOR (13) + VENDOR (13) + VENDOR (13)"
_QM = "HASH (8) + SA (1) + NONCE (10) + ID (5) + ID (5) + NOTIFY (11)"
_ID = "ID (5) + HASH (8) + IOS KEEPALIVE (128) + VENDOR (13)"
_CALL = "IKE Peer {peer} local Proxy Address {local_proxy}, remote Proxy Address {remote_proxy}, Crypto map ({map})"

#: What an initiator sends, by the number of main mode's message (0: quick mode's first): for what is sent again.
PAYLOADS = {0: _QM, 1: "SA (1) + VENDOR (13)", 3: _KE, 5: _ID}

ISAKMP: dict[str, tuple[Line, ...]] = {
    # -- phase 1, initiator
    "wanted": (
        _seed(2, 715077, "Pitcher: received a key acquire message, spi 0x0"),
        _brief(3, 713041, _I + "IKE Initiator: New Phase 1, Intf {interface}, " + _CALL, 5),
    ),
    "wanted, phase 1 is there": (
        _seed(2, 715077, "Pitcher: received a key acquire message, spi 0x0"),
        _sys(713041, 5, _G + "IKE Initiator: New Phase 2, Intf {interface}, " + _CALL),
    ),
    "mm1-sent": (
        _seed(4, 715046, _I + "constructing ISAKMP SA payload"),
        _seed(5, 715046, _I + "constructing Fragmentation VID + extended capabilities payload"),
        _message(6, _SENT, "SA (1) + VENDOR (13)"),
    ),
    "mm2-received": (
        _message(7, _TAKEN, "SA (1)"),
        _seed(8, 715047, _I + "processing SA payload"),
        _seed(9, 713906, _I + "Oakley proposal is acceptable"),
    ),
    "mm3-sent": (
        _seed(10, 715046, _I + "constructing ke payload"),
        _seed(11, 715046, _I + "constructing nonce payload"),
        _seed(12, 715046, _I + "constructing Cisco Unity VID payload"),
        _seed(13, 715046, _I + "constructing xauth V6 VID payload"),
        _seed(14, 715048, _I + "Send IOS VID"),
        _seed(15, 715038, _I + "Constructing ASA spoofing IOS Vendor ID payload (version: 1.0.0, capabilities: 20000001)"),
        _seed(16, 715046, _I + "constructing VID payload"),
        _seed(17, 715048, _I + "Send Altiga/Cisco VPN3000/Cisco ASA GW VID"),
        _message(18, _SENT, _KE),
    ),
    "mm4-received": (
        _message(19, _TAKEN, _KE),
        _seed(20, 715047, _I + "processing ke payload"),
        _seed(21, 715047, _I + "processing ISA_KE payload"),
        _seed(22, 715047, _I + "processing nonce payload"),
        _seed(23, 715047, _I + "processing VID payload"),
        _seed(24, 715049, _I + "Received Cisco Unity client VID"),
        _seed(25, 715047, _I + "processing VID payload"),
        _seed(26, 715049, _I + "Received DPD VID"),
        _seed(27, 715047, _I + "processing VID payload"),
        _seed(28, 715038, _I + "Processing IOS/PIX Vendor ID payload (version: 1.0.0, capabilities: 0000077f)"),
        _seed(29, 715047, _I + "processing VID payload"),
        _seed(30, 715049, _I + "Received xauth V6 VID"),
        _brief(31, 713906, _I + "Connection landed on tunnel_group {group}"),
        _seed(32, 713906, _G + "Generating keys for {role} ..."),
    ),
    "mm5-sent": (
        _seed(33, 715046, _G + "constructing ID payload"),
        _seed(34, 715046, _G + "constructing hash payload"),
        _seed(35, 715076, _G + "Computing hash for ISAKMP"),
        _seed(36, 715034, _I + "Constructing IOS keep alive payload: proposal=32767/32767 sec."),
        _seed(37, 715046, _G + "constructing dpd vid payload"),
        _message(38, _SENT, _ID),
    ),
    "mm6-received": (
        _message(39, _TAKEN, "ID (5) + HASH (8)"),
        _seed(40, 715047, _G + "processing ID payload"),
        _seed(41, 715047, _G + "processing hash payload"),
        _seed(42, 715076, _G + "Computing hash for ISAKMP"),
        _brief(43, 713906, _I + "Connection landed on tunnel_group {group}"),
    ),
    "up": (
        _brief(44, 713906, _G + "Freeing previously allocated memory for authorization-dn-attributes"),
        _seed(45, 713906, _G + "Oakley begin quick mode{initiates}"),
        _brief(46, 713119, _G + "PHASE 1 COMPLETED", 5),
        _brief(47, 713121, _I + "Keep-alive type for this connection: {keepalive}"),
        _seed(48, 715080, _G + "Starting P1 rekey timer: {rekey} seconds."),
    ),
    # -- quick mode, initiator
    "begin": (_seed(45, 713906, _G + "Oakley begin quick mode"),),
    "qm1-sent": (
        _seed(49, 715006, _G + "IKE got SPI from key engine: SPI = 0x{spi_in:08x}"),
        _seed(50, 713906, _G + "oakley constucting quick mode"),
        _seed(51, 715046, _G + "constructing blank hash payload"),
        _seed(52, 715046, _G + "constructing IPSec SA payload"),
        _seed(53, 715046, _G + "constructing IPSec nonce payload"),
        _seed(54, 715001, _G + "constructing proxy ID"),
        _seed(55, 713906, _G + "Transmitting Proxy Id: Local subnet: {local_proxy} mask {local_mask} Protocol 0 Port 0 "
              "Remote subnet: {remote_proxy} Mask {remote_mask} Protocol 0 Port 0"),
        _seed(56, 715046, _G + "constructing qm hash payload"),
        _message(57, _SENT, _QM, "{message}"),
    ),
    "qm2-received": (
        _message(58, _TAKEN, _QM, "{message}"),
        _seed(59, 715047, _G + "processing hash payload"),
        _seed(60, 715047, _G + "processing SA payload"),
        _seed(61, 715047, _G + "processing nonce payload"),
        _seed(62, 715047, _G + "processing ID payload"),
        _seed(63, 715047, _G + "processing ID payload"),
        _seed(64, 715047, _G + "processing notify payload{notified}"),
        _brief(65, 713073, _G + "Responder forcing change of IPSec rekeying duration from {offered} to {forced} seconds", 5),
        _seed(66, 713906, _G + "loading all IPSEC SAs"),
        _seed(67, 715001, _G + "Generating Quick Mode Key!"),
        _seed(68, 715001, _G + "Generating Quick Mode Key!"),
        _brief(69, 713049, _G + "Security negotiation complete for LAN-to-LAN Group ({group}) {role}, "
               "Inbound SPI = 0x{spi_in:08x}, Outbound SPI = 0x{spi_out:08x}", 5),
    ),
    "qm3-sent": (
        _seed(70, 713906, _G + "oakley constructing final quick mode"),
        _message(71, _SENT, "HASH (8)", "{message}"),
    ),
    "installed": (
        _seed(72, 715007, _G + "IKE got a KEY_ADD msg for SA: SPI = 0x{spi_out:08x}"),
        _seed(73, 715077, _G + "Pitcher: received KEY_UPDATE, spi 0x{spi_in:08x}"),
        _seed(74, 715080, _G + "Starting P2 rekey timer: {rekey} seconds."),
        _brief(75, 713120, _G + "PHASE 2 COMPLETED (msgid={message})", 5),
    ),
    # -- keepalives
    "dpd-sent": (
        _seed(76, 715036, _G + "Sending keep-alive of type DPD R-U-THERE (seq number 0x{probe:08x})"),
        _seed(77, 715046, _G + "constructing blank hash payload"),
        _seed(78, 715046, _G + "constructing qm hash payload"),
        _message(79, _SENT, "HASH (8) + NOTIFY (11)", "{message}"),
    ),
    "dpd-answered": (
        _message(80, _TAKEN, "HASH (8) + NOTIFY (11)", "{message}"),
        _seed(81, 715047, _G + "processing hash payload"),
        _seed(82, 715047, _G + "processing notify payload"),
        _seed(83, 715075, _G + "Received keep-alive of type DPD R-U-THERE-ACK (seq number 0x{probe:08x})"),
    ),
    "dpd-received": (
        _message(80, _TAKEN, "HASH (8) + NOTIFY (11)", "{message}"),
        _seed(81, 715047, _G + "processing hash payload"),
        _seed(82, 715047, _G + "processing notify payload"),
        _sys(715075, 7, _G + "Received keep-alive of type DPD R-U-THERE (seq number 0x{probe:08x})"),
    ),
    "dpd-ack-sent": (
        _sys(715036, 7, _G + "Sending keep-alive of type DPD R-U-THERE-ACK (seq number 0x{probe:08x})"),
        _seed(77, 715046, _G + "constructing blank hash payload"),
        _seed(78, 715046, _G + "constructing qm hash payload"),
        _message(79, _SENT, "HASH (8) + NOTIFY (11)", "{message}"),
    ),
    "dpd-dead": (
        _sys(713123, 3, _G + "IKE lost contact with remote peer, deleting connection (keepalive type: DPD)"),
    ),
    # -- responder: no log of one is in the seed; the same lines, with those of the guide for what is a responder's
    "mm1-received": (
        _message(7, _TAKEN, "SA (1) + VENDOR (13)"),
        _seed(8, 715047, _I + "processing SA payload"),
    ),
    "mm2-sent": (
        _seed(9, 713906, _I + "Oakley proposal is acceptable"),
        _sys(715028, 7, _I + "IKE SA Proposal # 1, Transform # {transform} acceptable  Matches global IKE entry # {entry}"),
        _seed(4, 715046, _I + "constructing ISAKMP SA payload"),
        _seed(5, 715046, _I + "constructing Fragmentation VID + extended capabilities payload"),
        _message(6, _SENT, "SA (1) + VENDOR (13)"),
    ),
    "qm1-received": (
        _message(58, _TAKEN, _QM, "{message}"),
        _seed(59, 715047, _G + "processing hash payload"),
        _seed(60, 715047, _G + "processing SA payload"),
        _seed(61, 715047, _G + "processing nonce payload"),
        _seed(62, 715047, _G + "processing ID payload"),
        _sys(713035, 7, _G + "Received remote IP Proxy Subnet data in ID Payload: Address {remote_proxy}, "
             "Mask {remote_mask}, Protocol 0, Port 0"),
        _seed(63, 715047, _G + "processing ID payload"),
        _sys(713034, 7, _G + "Received local IP Proxy Subnet data in ID Payload: Address {local_proxy}, "
             "Mask {local_mask}, Protocol 0, Port 0"),
    ),
    "qm2-sent": (
        _sys(713066, 7, _G + "IKE Remote Peer configured for SA: {map}"),
        _sys(713075, 5, _G + "Overriding Initiator's IPSec rekeying duration from {offered} to {forced} seconds"),
        _seed(49, 715006, _G + "IKE got SPI from key engine: SPI = 0x{spi_in:08x}"),
        _seed(50, 713906, _G + "oakley constucting quick mode"),
        _seed(51, 715046, _G + "constructing blank hash payload"),
        _seed(52, 715046, _G + "constructing IPSec SA payload"),
        _seed(53, 715046, _G + "constructing IPSec nonce payload"),
        _seed(54, 715001, _G + "constructing proxy ID"),
        _seed(55, 713906, _G + "Transmitting Proxy Id: Local subnet: {local_proxy} mask {local_mask} Protocol 0 Port 0 "
              "Remote subnet: {remote_proxy} Mask {remote_mask} Protocol 0 Port 0"),
        _seed(56, 715046, _G + "constructing qm hash payload"),
        _message(57, _SENT, _QM, "{message}"),
    ),
    "qm3-received": (
        _message(80, _TAKEN, "HASH (8)", "{message}"),
        _seed(81, 715047, _G + "processing hash payload"),
        _seed(66, 713906, _G + "loading all IPSEC SAs"),
        _seed(67, 715001, _G + "Generating Quick Mode Key!"),
        _seed(68, 715001, _G + "Generating Quick Mode Key!"),
        _brief(69, 713049, _G + "Security negotiation complete for LAN-to-LAN Group ({group}) {role}, "
               "Inbound SPI = 0x{spi_in:08x}, Outbound SPI = 0x{spi_out:08x}", 5),
    ),
    # -- what fails
    "policy-notified": (
        Line("T5", _I + "IKE_DECODE RECEIVED Message (msgid=0) with payloads : HDR + NOTIFY (11) + NONE (0) "
             "total length : {size}", "isakmp", 7, 713236, True),
        Line("T5", _I + "Received an un-encrypted {notify} notify message, dropping", "isakmp", 5, 713904, True),
        Line("T5", _I + "Information Exchange processing failed", "isakmp", 4, 713903, True),
    ),
    "resent": (
        Line("T5", _I + "IKE_DECODE RESENDING Message (msgid={msgid}) with payloads : HDR + {payloads} + NONE (0) "
             "total length : {size}", "isakmp", 7, 713236, True),
    ),
    # phase 1 never came up: asa-cli.md 8; 713902 with the peer's address alone: a PIX's sample
    "given-up": (
        Line("PIXLOG 713902", _I + "Removing peer from peer table failed, no match!", "isakmp", 3, 713902, True),
        Line("asa-cli.md 8", _I + "Error: Unable to remove PeerTblEntry", "isakmp", 4, 713903, True),
    ),
    "policy-refused": (
        Line("failures.md IKE policy", _I + "All SA proposals found unacceptable", "isakmp", 7, 713906),
        _sys(713048, 3, _I + "Error processing payload: Payload ID: 1"),
    ),
    "no-key": (
        Line("failures.md tunnel-group missing or misnamed", _G + "Can't find a valid tunnel group, aborting...!",
             "isakmp", 3, 713902, True),
        Line("failures.md tunnel-group missing or misnamed", _G + "Removing peer from peer table failed, no match!",
             "isakmp", 3, 713902, True),
        Line("failures.md tunnel-group missing or misnamed", _G + "Error: Unable to remove PeerTblEntry",
             "isakmp", 4, 713903, True),
    ),
    "no-group": (
        _sys(713138, 3, _I + "Group {peer} not found and BASE GROUP default preshared key not configured"),
    ),
    "unreadable": (
        Line("failures.md key differs", _G + "Error, had problems decrypting packet, probably due to mismatched "
             "pre-shared key.  Aborting", "isakmp", 5, 713904, True),
    ),
    "quick-notified": (
        _message(80, _TAKEN, "HASH (8) + NOTIFY (11)", "{notice}"),
        _seed(81, 715047, _G + "processing hash payload"),
        _seed(82, 715047, _G + "processing notify payload"),
        _sys(713068, 5, _G + "Received non-routine Notify message: No proposal chosen (14)"),
        Line("asa-cli.md 8", _G + "QM FSM error (P2 struct &0x{structure:x}, mess id 0x{message})!",
             "isakmp", 3, 713902, True),
        Line("asa-cli.md 8", _G + "Removing peer from correlator table failed, no match!", "isakmp", 3, 713902, True),
    ),
    "refused, proxies": (
        Line("failures.md crypto ACLs not mirrored", _G + "Rejecting IPSec tunnel: no matching crypto map entry for "
             "remote proxy {remote_proxy}/{remote_mask}/0/0 local proxy {local_proxy}/{local_mask}/0/0 on interface "
             "{interface}", "isakmp", 3, 713061, True),
    ),
    "refused, transform": (
        Line("failures.md transform set", _G + "All IPSec SA proposals found unacceptable!", "isakmp", 5, 713904, True),
    ),
    "refused, pfs": (
        Line("failures.md PFS differs", _G + "All IPSec SA proposals found unacceptable!", "isakmp", 5, 713904, True),
    ),
    "quick-refused": (
        _message(79, _SENT, "HASH (8) + NOTIFY (11)", "{notice}"),
        Line("failures.md crypto ACLs not mirrored", _G + "QM FSM error (P2 struct &0x{structure:x}, "
             "mess id 0x{message})!", "isakmp", 3, 713902, True),
        Line("failures.md crypto ACLs not mirrored", _G + "Removing peer from correlator table failed, no match!",
             "isakmp", 3, 713902, True),
    ),
    "torn-down": (
        Line("asa-cli.md 8", _G + "Session is being torn down. Reason: crypto map policy not "
             "found", "isakmp", 5, 713259, True),
    ),
    # -- what ends
    "delete-sent": (
        _seed(77, 715046, _G + "constructing blank hash payload"),
        _sys(715046, 7, _G + "constructing {kind} delete payload"),
        _seed(78, 715046, _G + "constructing qm hash payload"),
        _message(79, _SENT, "HASH (8) + DELETE (12)", "{message}"),
    ),
    "delete-received": (
        _message(80, _TAKEN, "HASH (8) + DELETE (12)", "{message}"),
        _seed(81, 715047, _G + "processing hash payload"),
        _sys(715047, 7, _G + "processing delete payload"),
    ),
    "terminated": (
        Line("PIXLOG 713050", _G + "Connection terminated for peer {peer}.  Reason: {why}  Remote Proxy {remote_proxy}, "
             "Local Proxy {local_proxy}", "isakmp", 5, 713050, True),
    ),
    "child-closed": (
        Line("PIXLOG 715009", _G + "IKE Deleting SA: Remote Proxy {remote_proxy}, Local Proxy {local_proxy}",
             "isakmp", 7, 715009),
    ),
}  # fmt: skip

#: Messages that no debug prints.
SYSLOG: dict[str, tuple[Line, ...]] = {
    "created": (
        _only(602303, 6, "IPSEC: An outbound LAN-to-LAN SA (SPI= 0x{spi_out:08X}) between {local} and {peer} "
              "(user= {group}) has been created.", "ECLOUD"),
        _only(602303, 6, "IPSEC: An inbound LAN-to-LAN SA (SPI= 0x{spi_in:08X}) between {local} and {peer} "
              "(user= {group}) has been created.", "ECLOUD"),
    ),
    "deleted": (
        _only(602304, 6, "IPSEC: An outbound LAN-to-LAN SA (SPI= 0x{spi_out:08X}) between {local} and {peer} "
              "(user= {group}) has been deleted.", "PIXLOG 602304"),
        _only(602304, 6, "IPSEC: An inbound LAN-to-LAN SA (SPI= 0x{spi_in:08X}) between {local} and {peer} "
              "(user= {group}) has been deleted.", "PIXLOG 602304"),
    ),
    "disconnected": (
        _only(113019, 4, "Group = {group}, Username = {group}, IP = {peer}, Session disconnected. Session Type: "
              "IPSecLAN2LAN, Duration: {duration}, Bytes xmt: {sent}, Bytes rcv: {taken}, Reason: {why}",
              "PIXLOG 113019"),
    ),
    "no-connection": (
        # two blanks before `on`: the samples
        _only(106015, 6, "Deny TCP (no connection) from {source}/{source_port} to {destination}/{destination_port} "
              "flags {flags}  on interface {port}", "SYS 106015"),
    ),
}  # fmt: skip


def _ipsec(first: int, *texts: str) -> Line:
    return Line(f"pix-7.2-debug-ipsec.txt:{first}", "\n".join(texts), "ipsec")


def _embryonic(first: int, way: str) -> Line:
    return _ipsec(
        first,
        f"IPSEC: New embryonic SA created @ 0x{{sa_{way}:08X}},",
        f"    SCB: 0x{{scb_{way}:08X}},",
        f"    Direction: {way}bound",
        f"    SPI : 0x{{spi_{way}:08X}}",
        "    Session ID: 0x{session:07X}",
        "    VPIF num : 0x{port:07X}",
        "    Tunnel type: l2l",
        "    Protocol : esp",
        "    Lifetime : 240 seconds",
    )


def _context(first: int, head: str, way: str, flags: str, mtu: int, peer: str) -> Line:
    return _ipsec(
        first,
        f"IPSEC: {head}, SPI 0x{{spi_{way}:08X}}",
        f"    Flags: 0x{flags}",
        f"    SA : 0x{{sa_{way}:08X}}",
        f"    SPI : 0x{{spi_{way}:08X}}",
        f"    MTU : {mtu} bytes",
        "    VCID : 0x00000000",
        f"    Peer : 0x{peer}",
        f"    SCB : 0x{{scb_{way}:08X}}",
        "    Channel: 0x{channel:08X}",
    )


def _handle(first: int, way: str) -> Line:
    head = f"IPSEC: Completed {way}bound VPN context, SPI 0x{{spi_{way}:08X}}"
    return _ipsec(first, head, f"    VPN handle: 0x{{handle_{way}:08X}}")


def _rule(first: int, name: str, way: str, source: str, target: str, *, outer: bool) -> Line:
    return _ipsec(
        first,
        f"IPSEC: New {name}, SPI 0x{{spi_{way}:08X}}",
        f"    Src addr: {source}",
        f"    Src mask: {'255.255.255.255' if outer else source.replace('proxy', 'mask')}",
        f"    Dst addr: {target}",
        f"    Dst mask: {'255.255.255.255' if outer else target.replace('proxy', 'mask')}",
        *(
            line
            for side in ("Src", "Dst")
            for line in (f"    {side} ports", "      Upper: 0", "      Lower: 0", "      Op : ignore")
        ),
        f"    Protocol: {50 if outer else 0}",
        f"    Use protocol: {'true' if outer else 'false'}",
        f"    SPI: 0x{f'{{spi_{way}:08X}}' if outer else '00000000'}",
        f"    Use SPI: {'true' if outer else 'false'}",
    )


def _done(first: int, name: str, way: str, rule: str) -> Line:
    return _ipsec(first, f"IPSEC: Completed {name}, SPI 0x{{spi_{way}:08X}}", f"    Rule ID: 0x{{rule_{rule}:08X}}")


_OUT = ("{local_proxy}", "{remote_proxy}")
_IN = _OUT[::-1]

IPSEC: dict[str, tuple[Line, ...]] = {
    "allocated": (_embryonic(2, "in"),),
    "installed": (
        _embryonic(12, "out"),
        _ipsec(21, "IPSEC: Completed host OBSA update, SPI 0x{spi_out:08X}"),
        _context(22, "Creating outbound VPN context", "out", "0000005", 1500, "00000000"),
        _handle(31, "out"),
        _rule(33, "outbound encrypt rule", "out", *_OUT, outer=False),
        _done(50, "outbound encrypt rule", "out", "encrypt"),
        _rule(52, "outbound permit rule", "out", "{local}", "{peer}", outer=True),
        _done(69, "outbound permit rule", "out", "permit_out"),
        _ipsec(71, "IPSEC: Completed host IBSA update, SPI 0x{spi_in:08X}"),
        _context(72, "Creating inbound VPN context", "in", "0000006", 0, "{handle_out:08X}"),
        _handle(81, "in"),
        _context(83, "Updating outbound VPN context 0x{handle_out:08X}", "out", "0000005", 1500, "{handle_in:08X}"),
        _handle(92, "out"),
        _done(94, "outbound inner rule", "out", "encrypt"),
        _done(96, "outbound outer SPD rule", "out", "permit_out"),
        _rule(98, "inbound tunnel flow rule", "in", *_IN, outer=False),
        _done(115, "inbound tunnel flow rule", "in", "flow"),
        _rule(117, "inbound decrypt rule", "in", "{peer}", "{local}", outer=True),
        _done(135, "inbound decrypt rule", "in", "decrypt"),
        _rule(137, "inbound permit rule", "in", "{peer}", "{local}", outer=True),
        _done(155, "inbound permit rule", "in", "permit_in"),
    ),
}


def lines() -> tuple[Line, ...]:
    """All of them."""
    return tuple(line for table in (ISAKMP, SYSLOG, IPSEC) for group in table.values() for line in group)
