# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: The netvpn.dynamic_l2l contributors
"""IOS 12.4: the lines of `debug crypto isakmp`, `debug crypto ipsec` and of the syslog, by what happened.

Seed lines stand as a device prints them, without what the extraction of the seed's document did to them; lines that it
lost and lines of failures follow the sheets, in the form of 12.4 mainline (`ISAKMP:(0:1:SW:1):`, ios-show.md C7.1).
"""

from __future__ import annotations

from ...logs.lines import Line

_P = "ISAKMP:({conn}):"
_H = "ISAKMP ({handle}): "


def _seed(line: int, text: str) -> Line:
    return Line(f"ios-12.4-debug-isakmp.txt:{line}", text)


def _ipsec(line: int, text: str) -> Line:
    return Line(f"ios-12.4-debug-ipsec.txt:{line}", text, "ipsec")


def _show(section: str, text: str) -> Line:
    return Line(f"ios-show.md {section}", text)


def _input(line: int, text: str) -> Line:
    return _seed(line, f"{_P}Input = {text}")


def _state(row: int | str, before: str, after: str) -> Line:
    # two blanks between, one behind and an empty line with phase 1's states (C7.1)
    text = f"{_P}Old State = {before}  New State = {after} \n"
    return _seed(row, text) if isinstance(row, int) else _show(row, text)


def _node(row: int | str, before: str, after: str) -> Line:
    text = f"{_P}Old State = {before}  New State = {after}"
    return _seed(row, text) if isinstance(row, int) else _show(row, text)


def _sent(row: int | str, state: str) -> Line:
    text = _P + " sending packet to {peer} my_port {my_port} peer_port {peer_port} ({side}) " + state
    return _seed(row, text) if isinstance(row, int) else _show(row, text)


def _taken(row: int | str, state: str) -> Line:
    text = _H + "received packet from {peer} dport {my_port} sport {peer_port} Global ({side}) " + state
    return _seed(row, text) if isinstance(row, int) else _show(row, text)


def _identity(row: int | str, address: str) -> Line:
    fields = (
        ("next-payload", "8"),
        ("type", "1"),
        ("address", address),
        ("protocol", "17"),
        ("port", "500"),
        ("length", "12"),
    )
    body = "".join(f"\n\t{name:<12} : {value} " for name, value in fields).rstrip(" ")
    text = f"{_H}ID payload {body}"
    return _seed(row, text) if isinstance(row, int) else _show(row, text)


_IDLE = "QM_IDLE      "
_PROCESS = "IKE_MESG_INTERNAL, IKE_PROCESS_MAIN_MODE"
_COMPLETE = "IKE_MESG_INTERNAL, IKE_PROCESS_COMPLETE"
_EXCHANGE = "IKE_MESG_FROM_PEER, IKE_MM_EXCH"
_DELETED = 'deleting node {node} error FALSE reason "Informational (in) state 1"'

ISAKMP: dict[str, tuple[Line, ...]] = {
    # -- phase 1, responder
    "mm1-received": (
        Line("ios-12.4-debug-isakmp.txt:2",
             "ISAKMP (0:0): received packet from {peer} dport {my_port} sport {peer_port} Global (N) NEW SA"),
        _seed(3, "ISAKMP: Created a peer struct for {peer}, peer port {peer_port}"),
        _seed(4, "ISAKMP: New peer created peer = 0x{struct:X} peer_handle = 0x{peer_handle:X}"),
        _seed(5, "ISAKMP: Locking peer struct 0x{struct:X}, IKE refcount 1 for crypto_isakmp_process_block"),
        _seed(6, "ISAKMP: local port {my_port}, remote port {peer_port}"),
        _seed(7, "insert sa successfully sa = {sa:X}"),
        _input(8, _EXCHANGE),
        _state(9, "IKE_READY", "IKE_R_MM1"),
        _seed(10, _P + " processing SA payload. message ID = 0"),
        _seed(11, _P + " processing vendor id payload"),
        _seed(12, _P + " vendor ID seems Unity/DPD but major 194 mismatch"),
    ),
    "key found": (
        _seed(13, _P + "found peer pre-shared key matching {peer}"),
        _seed(14, _P + " local preshared key found"),
        _seed(15, "ISAKMP : Scanning profiles for xauth ..."),
    ),
    "check": (_seed(16, _P + "Checking ISAKMP transform {transform} against priority {priority} policy"),),
    "attributes": (
        _seed(18, "ISAKMP:      default group {group}"),
        _seed(20, "ISAKMP:      encryption {encryption}"),
        _show("C7.3", "ISAKMP:      keylength of {bits}"),
        _seed(22, "ISAKMP:      hash {hash}"),
        _show("C7.3", "ISAKMP:      auth pre-share"),
        _seed(23, "ISAKMP:      life type in seconds"),
        _seed(24, "ISAKMP:      life duration (VPI) of  {life_long} "),
        _show("C7.3", "ISAKMP:      life duration (basic) of {life_short}"),
    ),
    "acceptable": (_seed(25, _P + "atts are acceptable. Next payload is {next}"),),
    "encryption differs": (Line("failures.md IKE policy", _P + "Encryption algorithm offered does not match policy!"),),
    "length differs": (_show("C7.6", _P + "Proposed key length does not match policy"),),
    "hash differs": (Line("failures.md IKE policy", _P + "Hash algorithm offered does not match policy!"),),
    "group differs": (Line("failures.md IKE policy", _P + "Diffie-Hellman group offered does not match policy!"),),
    "key missing": (_show("C7.6", _P + "Preshared authentication offered but does not match policy!"),),
    "not acceptable": (Line("failures.md IKE policy", _P + "atts are not acceptable. Next payload is {next}"),),
    "refused": (
        Line("failures.md IKE policy", _P + "no offers accepted!"),
        Line("failures.md IKE policy", _P + " phase 1 SA policy not acceptable! (local {local} remote {peer})"),
        Line("ios-show.md C8", "%CRYPTO-6-IKMP_MODE_FAILURE: Processing of Main mode failed with peer at {peer}",
             "syslog", 6),
    ),
    "no key": (Line("failures.md no key for the peer", _P + "No pre-shared key with {peer}!"),),
    "mm2-sent": (
        _seed(26, _P + " processing vendor id payload"),
        _seed(27, _P + " vendor ID seems Unity/DPD but major 194 mismatch"),
        _input(28, _PROCESS),
        _state("C7.3", "IKE_R_MM1", "IKE_R_MM1"),
        _sent(29, "MM_SA_SETUP"),
        _input(30, _COMPLETE),
        _state(31, "IKE_R_MM1", "IKE_R_MM2"),
    ),
    "mm3-received": (
        _taken(32, "MM_SA_SETUP"),
        _input(33, _EXCHANGE),
        _state(34, "IKE_R_MM2", "IKE_R_MM3"),
        _seed(35, _P + " processing KE payload. message ID = 0"),
        _seed(36, _P + " processing NONCE payload. message ID = 0"),
        _seed(37, _P + "found peer pre-shared key matching {peer}"),
        _seed(38, _P + "SKEYID state generated"),
        _seed(39, _P + " processing vendor id payload"),
        _seed(40, _P + " vendor ID is Unity"),
        _seed(41, _P + " processing vendor id payload"),
        _seed(42, _P + " vendor ID seems Unity/DPD but major 46 mismatch"),
        _seed(43, _P + " vendor ID is XAUTH"),
        _seed(44, _P + " processing vendor id payload"),
        _seed(45, _P + " speaking to another IOS box!"),
        _seed(46, _P + " processing vendor id payload"),
        _seed(47, _P + "vendor ID seems Unity/DPD but hash mismatch"),
        _input(48, _PROCESS),
        _state(49, "IKE_R_MM3", "IKE_R_MM3"),
    ),
    "mm4-sent": (
        _sent(50, "MM_KEY_EXCH"),
        _input(51, _COMPLETE),
        _state("C7.3", "IKE_R_MM3", "IKE_R_MM4"),
    ),
    "mm5-arrived": (
        _taken(52, "MM_KEY_EXCH"),
        _input(53, _EXCHANGE),
        _state("C7.3", "IKE_R_MM4", "IKE_R_MM5"),
        _seed(54, _P + " processing ID payload. message ID = 0"),
    ),
    "mm5-received": (
        _identity(55, "{peer}"),
        _seed(65, _P + ": peer matches *none* of the profiles"),
        _seed(66, _P + " processing HASH payload. message ID = 0"),
        _seed(67, "ISAKMP:received payload type 17"),
        _seed(68, _P + " processing vendor id payload"),
        _seed(69, _P + " vendor ID is DPD"),
        _seed(70, _P + "SA authentication status:\n\tauthenticated"),
        _seed(72, _P + "SA has been authenticated with {peer}"),
        _seed(73, "ISAKMP: Trying to insert a peer {local}/{peer}/{peer_port}/,  and inserted successfully {struct:X}."),
        _input(74, _PROCESS),
        _state(75, "IKE_R_MM5", "IKE_R_MM5"),
    ),
    "mm5-unreadable": (
        _show("C7.6", _P + "reserved not zero on ID payload!"),
        Line("failures.md key differs", "%CRYPTO-4-IKMP_BAD_MESSAGE: IKE message from {peer} failed its sanity check or "
             "is malformed", "syslog", 4),
    ),
    "mm6-sent": (
        _seed(76, _P + "SA is doing pre-shared key authentication using id type ID_IPV4_ADDR"),
        _identity(77, "{local}"),
        _seed(89, _P + "Total payload length: 12"),
        _sent(90, "MM_KEY_EXCH"),
        _input(91, _COMPLETE),
        _state("C7.3", "IKE_R_MM5", "IKE_P1_COMPLETE"),
        _input(93, "IKE_MESG_INTERNAL, IKE_PHASE1_COMPLETE"),
        _state(94, "IKE_P1_COMPLETE", "IKE_P1_COMPLETE"),
    ),
    # -- quick mode, responder
    "qm1-received": (
        _taken(95, _IDLE),
        _seed(96, "ISAKMP: set new node {message} to " + _IDLE),
        _seed(97, _P + " processing HASH payload. message ID = {message}"),
        _seed(98, _P + " processing SA payload. message ID = {message}"),
    ),
    "proposal": (
        _seed(99, _P + "Checking IPSec proposal {proposal}"),
        _seed(100, "ISAKMP: transform {proposal}, {esp}"),
        _seed(101, "ISAKMP:   attributes in transform:"),
        _seed(102, "ISAKMP:      SA life type in seconds"),
        _seed(104, "ISAKMP:      SA life duration (basic) of {seconds_short}"),
        _show("C7.3", "ISAKMP:      SA life duration (VPI) of  {seconds_long} "),
        _seed(106, "ISAKMP:      SA life type in kilobytes"),
        _seed(108, "ISAKMP:      SA life duration (VPI) of  0x0 0x46 0x50 0x0 "),
        _seed(110, "ISAKMP:      encaps is {encaps}"),
        _seed(112, "ISAKMP:      authenticator is {hmac}"),
        _show("C7.5", "ISAKMP:      key length is {bits}"),
        _seed(113, _P + "atts are acceptable."),
    ),
    "identities": (
        _seed(114, _P + " processing NONCE payload. message ID = {message}"),
        _seed(115, _P + " processing ID payload. message ID = {message}"),
        _seed(116, _P + " processing ID payload. message ID = {message}"),
        _seed(117, _P + " processing NOTIFY INITIAL_CONTACT protocol 1\n\tspi 0, message ID = {message}, sa = {first_sa:X}"),
        _seed(118, _P + "SA authentication status:\n\tauthenticated{first}"),
        _seed(119, _P + " Process initial contact,\nbring down existing phase 1 and 2 SA's with local {local} remote {peer} "
              "remote port {peer_port}{first}"),
    ),
    "qm2-sent": (
        _seed(120, _P + " asking for 1 spis from ipsec"),
        _seed(121, _P + "Node {message}, Input = IKE_MESG_FROM_PEER, IKE_QM_EXCH"),
        _node("C7.5", "IKE_QM_READY", "IKE_QM_SPI_STARVE"),
        _seed(122, "ISAKMP: received ke message (2/1)"),
        _seed(123, "ISAKMP: Locking peer struct 0x{struct:X}, IPSEC refcount 1 for for stuff_ke"),
        _seed(124, _P + " Creating IPSec SAs"),
        _seed(125, "\tinbound SA from {peer} to {local} (f/i)  0/ 0\n\t(proxy {remote_proxy} to {local_proxy})"),
        _seed(126, "\thas spi 0x{spi_in:X} and conn_id 0 and flags 2"),
        _seed(126, "\tlifetime of {seconds} seconds"),
        _seed(127, "\tlifetime of {kilobytes} kilobytes"),
        _seed(129, "\thas client flags 0x0"),
        _seed(130, "\toutbound SA from {local} to {peer} (f/i)  0/ 0 (proxy {local_proxy} to {remote_proxy})"),
        _seed(130, "\thas spi {spi_out_early} and conn_id 0 and flags A"),
        _seed(132, "\tlifetime of {seconds} seconds"),
        _seed(133, "\tlifetime of {kilobytes} kilobytes"),
        _seed(134, "\thas client flags 0x0"),
        _sent(135, _IDLE),
        _seed(136, _P + "Node {message}, Input = IKE_MESG_FROM_IPSEC, IKE_SPI_REPLY"),
        _node(137, "IKE_QM_SPI_STARVE", "IKE_QM_R_QM2"),
        _seed(138, "ISAKMP: Locking peer struct 0x{struct:X}, IPSEC refcount 2 for from create_transforms"),
        _seed(139, "ISAKMP: Unlocking IPSEC struct 0x{struct:X} from create_transforms, count 1"),
    ),
    "qm3-received": (
        _taken(140, _IDLE),
        _seed(141, _P + 'deleting node {message} error FALSE reason "QM done (await)"'),
        _seed(142, _P + "Node {message}, Input = IKE_MESG_FROM_PEER, IKE_QM_EXCH"),
        _node(143, "IKE_QM_R_QM2", "IKE_QM_PHASE2_COMPLETE"),
    ),
    # -- quick mode that is refused
    "error 256": (Line("failures.md transform set", _P + " IPSec policy invalidated proposal with error 256"),),
    "error 32": (Line("failures.md crypto ACLs not mirrored", _P + " IPSec policy invalidated proposal with error 32"),),
    "quick-refused": (
        _show("C7.6", _P + " phase 2 SA policy not acceptable! (local {local} remote {peer})"),
        _show("C7.6", "ISAKMP: set new node {node} to " + _IDLE),
        _show("C7.6", _P + "Sending NOTIFY PROPOSAL_NOT_CHOSEN protocol 3\n\tspi {pointer}, message ID = {node}"),
        _sent("C7.6", _IDLE),
        _show("C7.6", _P + "purging node {node}"),
        _show("C7.6", _P + 'deleting node {message} error TRUE reason "QM rejected"'),
        _show("C7.6", _P + "Node {message}, Input = IKE_MESG_FROM_PEER, IKE_QM_EXCH"),
        _node("C7.6", "IKE_QM_READY", "IKE_QM_READY"),
    ),
    # -- initiator (C7.4, C7.5; captures of 12.4T and XE in the form of 12.4)
    "wanted": (
        _show("C7.4", "ISAKMP: Created a peer struct for {peer}, peer port {peer_port}"),
        _show("C7.4", "ISAKMP: New peer created peer = 0x{struct:X} peer_handle = 0x{peer_handle:X}"),
        _show("C7.4", "ISAKMP: Locking peer struct 0x{struct:X}, IKE refcount 1 for isakmp_initiator"),
        _show("C7.4", "ISAKMP: local port {my_port}, remote port {peer_port}"),
        _show("C7.4", "ISAKMP: set new node 0 to " + _IDLE),
        _show("C7.4", "insert sa successfully sa = {sa:X}"),
        _show("C7.4", _P + "Can not start Aggressive mode, trying Main mode."),
    ),
    "wanted, phase 1 is there": (
        _show("C7.6", "ISAKMP: set new node 0 to " + _IDLE),
        _show("C7.6", _P + " sitting IDLE. Starting QM immediately (QM_IDLE      )"),
    ),
    "wanted, no key": (
        Line("failures.md no key for the peer", _P + "No pre-shared key with {peer}!"),
        _show("C7.6", _P + "No Cert or pre-shared address key. "),
        Line("failures.md no key for the peer", _P + "construct_initial_message: Can not start Main mode"),
        _show("C7.6", "ISAKMP: Unlocking peer struct 0x{struct:X} for isadb_unlock_peer_delete_sa(), count 0"),
        _show("C7.6", "ISAKMP: Deleting peer node by peer_reap for {peer}: {struct:X}"),
        _show("C7.6", _P + "purging SA., sa={sa:X}, delme={sa:X}"),
    ),
    "mm1-sent": (
        _show("C7.4", _P + "found peer pre-shared key matching {peer}"),
        _show("C7.4", _P + "Input = IKE_MESG_FROM_IPSEC, IKE_SA_REQ_MM"),
        _state("C7.4", "IKE_READY", "IKE_I_MM1"),
        _show("C7.4", _P + " beginning Main Mode exchange"),
        _sent("C7.4", "MM_NO_STATE"),
    ),
    "mm2-received": (
        _taken("C7.4", "MM_NO_STATE"),
        _show("C7.4", _P + "Input = " + _EXCHANGE),
        _state("C7.4", "IKE_I_MM1", "IKE_I_MM2"),
        _show("C7.4", _P + " processing SA payload. message ID = 0"),
        _show("C7.4", _P + "found peer pre-shared key matching {peer}"),
        _show("C7.4", _P + " local preshared key found"),
        _show("C7.4", "ISAKMP : Scanning profiles for xauth ..."),
    ),
    "mm3-sent": (
        _show("C7.4", _P + "Input = " + _PROCESS),
        _state("C7.4", "IKE_I_MM2", "IKE_I_MM2"),
        _sent("C7.4", "MM_SA_SETUP"),
        _show("C7.4", _P + "Input = " + _COMPLETE),
        _state("C7.4", "IKE_I_MM2", "IKE_I_MM3"),
    ),
    "mm4-received": (
        _taken("C7.4", "MM_SA_SETUP"),
        _show("C7.4", _P + "Input = " + _EXCHANGE),
        _state("C7.4", "IKE_I_MM3", "IKE_I_MM4"),
        _show("C7.4", _P + " processing KE payload. message ID = 0"),
        _show("C7.4", _P + " processing NONCE payload. message ID = 0"),
        _show("C7.4", _P + "found peer pre-shared key matching {peer}"),
        _seed(38, _P + "SKEYID state generated"),
        _show("C7.4", _P + "Input = " + _PROCESS),
        _state("C7.4", "IKE_I_MM4", "IKE_I_MM4"),
    ),
    "mm5-sent": (
        _show("C7.4", _P + "Send initial contact"),
        _show("C7.4", _P + "SA is doing pre-shared key authentication using id type ID_IPV4_ADDR"),
        _identity("C7.4", "{local}"),
        _show("C7.4", _P + "Total payload length: 12"),
        _sent("C7.4", "MM_KEY_EXCH"),
        _show("C7.4", _P + "Input = " + _COMPLETE),
        _state("C7.4", "IKE_I_MM4", "IKE_I_MM5"),
    ),
    "mm6-received": (
        _taken("C7.4", "MM_KEY_EXCH"),
        _show("C7.4", _P + " processing ID payload. message ID = 0"),
        _identity("C7.4", "{peer}"),
        _show("C7.4", _P + ": peer matches *none* of the profiles"),
        _show("C7.4", _P + " processing HASH payload. message ID = 0"),
        _show("C7.4", _P + "SA authentication status:\n\tauthenticated"),
        _show("C7.4", _P + "SA has been authenticated with {peer}"),
        _show("C7.4", "ISAKMP: Trying to insert a peer {local}/{peer}/{peer_port}/,  and inserted successfully {struct:X}."),
        _show("C7.4", _P + "Input = " + _EXCHANGE),
        _state("C7.4", "IKE_I_MM5", "IKE_I_MM6"),
        _show("C7.4", _P + "Input = " + _PROCESS),
        _state("C7.4", "IKE_I_MM6", "IKE_I_MM6"),
        _show("C7.4", _P + "Input = " + _COMPLETE),
        _state("C7.4", "IKE_I_MM6", "IKE_P1_COMPLETE"),
    ),
    "qm1-sent": (
        _show("C7.5", _P + "beginning Quick Mode exchange, M-ID of {message}"),
        _sent("C7.5", _IDLE),
        _show("C7.5", _P + "Node {message}, Input = IKE_MESG_INTERNAL, IKE_INIT_QM"),
        _node("C7.5", "IKE_QM_READY", "IKE_QM_I_QM1"),
        _show("C7.5", _P + "Input = IKE_MESG_INTERNAL, IKE_PHASE1_COMPLETE"),
        _state("C7.5", "IKE_P1_COMPLETE", "IKE_P1_COMPLETE"),
    ),
    "qm2-received": (
        _taken("C7.5", _IDLE),
        _show("C7.5", _P + " processing HASH payload. message ID = {message}"),
        _show("C7.5", _P + " processing SA payload. message ID = {message}"),
    ),
    "qm2-identities": (
        _show("C7.5", _P + " processing NONCE payload. message ID = {message}"),
        _show("C7.5", _P + " processing ID payload. message ID = {message}"),
        _show("C7.5", _P + " processing ID payload. message ID = {message}"),
        _show("C7.5", _P + " Creating IPSec SAs"),
        _show("C7.5", "\tinbound SA from {peer} to {local} (f/i)  0/ 0\n\t(proxy {remote_proxy} to {local_proxy})"),
        _show("C7.5", "\thas spi 0x{spi_in:X} and conn_id 0 and flags 2"),
        _show("C7.5", "\tlifetime of {seconds} seconds"),
        _show("C7.5", "\tlifetime of {kilobytes} kilobytes"),
        _show("C7.5", "\thas client flags 0x0"),
        _show("C7.5", "\toutbound SA from {local} to {peer} (f/i)  0/ 0\n\t(proxy {local_proxy} to {remote_proxy})"),
        _show("C7.5", "\thas spi {spi_out} and conn_id 0 and flags A"),
        _show("C7.5", "\tlifetime of {seconds} seconds"),
        _show("C7.5", "\tlifetime of {kilobytes} kilobytes"),
        _show("C7.5", "\thas client flags 0x0"),
    ),
    "qm3-sent": (
        _sent("C7.5", _IDLE),
        _show("C7.5", _P + 'deleting node {message} error FALSE reason "No Error"'),
        _show("C7.5", _P + "Node {message}, Input = IKE_MESG_FROM_PEER, IKE_QM_EXCH"),
        _node("C7.5", "IKE_QM_I_QM1", "IKE_QM_PHASE2_COMPLETE"),
    ),
    "quick-notified": (
        _taken("C7.6", _IDLE),
        _show("C7.6", "ISAKMP: set new node {node} to " + _IDLE),
        _show("C7.6", _P + " processing HASH payload. message ID = {node}"),
        _show("C7.6", _P + " processing NOTIFY PROPOSAL_NOT_CHOSEN protocol 3\n\tspi {spi_in}, message ID = {node}, sa = {sa:X}"),
        _show("C7.6", _P + " deleting spi {spi_in} message ID = {message}"),
        _show("C7.6", _P + 'deleting node {message} error TRUE reason "Delete Larval"'),
        _show("C7.6", _P + _DELETED),
        _show("C7.6", _P + "Input = IKE_MESG_FROM_PEER, IKE_INFO_NOTIFY"),
        _state("C7.6", "IKE_P1_COMPLETE", "IKE_P1_COMPLETE"),
    ),
    "resent": (
        Line("failures.md key differs", _P + " retransmitting phase 1 {waits}..."),
        _show("C7.6", _P + "incrementing error counter on sa, attempt {again} of 5: retransmit phase 1"),
        _sent("C7.6", "{waits}"),
    ),
    "resent, quick mode": (
        _show("C7.6", _P + " retransmitting phase 2 QM_IDLE       {message} ..."),
        _show("C7.6", _P + "incrementing error counter on node, attempt {again} of 5: retransmit phase 2"),
        _sent("C7.6", _IDLE),
    ),
    "given-up": (
        _show("C7.6", _P + 'deleting SA reason "Death by retransmission P1" state (I) {waits} (peer {peer})'),
        _state("C7.6", "{stage}", "IKE_DEST_SA"),
    ),
    # -- keepalives, and what ends
    "dpd-sent": (
        _show("C7.6", "ISAKMP: set new node {node} to " + _IDLE),
        _show("C7.6", _P + "Sending NOTIFY DPD/R_U_THERE protocol 1\n\tspi {pointer}, message ID = {node}"),
        _sent("C7.6", _IDLE),
        _show("C7.6", _P + "purging node {node}"),
        _show("C7.6", _P + "Input = IKE_MESG_FROM_TIMER, IKE_TIMER_PEERS_ALIVE"),
        _state("C7.6", "IKE_P1_COMPLETE", "IKE_P1_COMPLETE"),
    ),
    "dpd-answered": (
        _taken("C7.6", _IDLE),
        _show("C7.6", "ISAKMP: set new node {node} to " + _IDLE),
        _show("C7.6", _P + " processing HASH payload. message ID = {node}"),
        _show("C7.6", _P + " processing NOTIFY DPD/R_U_THERE_ACK protocol 1\n\tspi 0, message ID = {node}, sa = {sa:X}"),
        _show("C7.6", _P + " DPD/R_U_THERE_ACK received from peer {peer}, sequence 0x{probe:X}"),
        _show("C7.6", _P + _DELETED),
    ),
    "dpd-dead": (
        _show("C7.6", _P + "peer {peer} not responding!"),
        _show("C7.6", _P + "peer does not do paranoid keepalives.\n"),
        _show("C7.6", _P + 'deleting SA reason "peers alive" state ({side}) QM_IDLE       (peer {peer})'),
        _state("C7.6", "IKE_P1_COMPLETE", "IKE_DEST_SA"),
    ),
    "delete-sent": (
        _show("C5", "ISAKMP: set new node {node} to " + _IDLE),
        _sent("C5", _IDLE),
        _show("C5", _P + "purging node {node}"),
    ),
    "delete-received": (
        _taken("C5", _IDLE),
        _show("C5", "ISAKMP: set new node {node} to " + _IDLE),
        _show("C5", _P + " processing HASH payload. message ID = {node}"),
        _show("C5", _P + " processing DELETE payload. message ID = {node}"),
        _show("C5", _P + "peer does not do paranoid keepalives.\n"),
        _show("C7.6", _P + 'deleting SA reason "No reason" state ({side}) QM_IDLE       (peer {peer}){ike}'),
        _show("C5", _P + _DELETED),
    ),
    "down": (
        _show("C7.6", _P + "Input = IKE_MESG_INTERNAL, IKE_PHASE1_DEL"),
        _state("C7.6", "IKE_P1_COMPLETE", "IKE_DEST_SA"),
        _show("C7.6", _P + 'deleting SA reason "No reason" state ({side}) QM_IDLE       (peer {peer}) '),
    ),
    "unknown-sa": (
        Line("failures.md stale or duplicate SA", "%CRYPTO-4-IKMP_NO_SA: IKE message from {peer} has no SA and is not an "
             "initialization offer", "syslog", 4),
    ),
    "unknown-spi": (
        Line("failures.md stale or duplicate SA", "%CRYPTO-4-RECVD_PKT_INV_SPI: decaps: rec'd IPSEC packet has invalid spi "
             "for destaddr={local}, prot=50, spi=0x{spi:X}({spi}), srcaddr={peer}", "syslog", 4),
    ),
}  # fmt: skip

_KEY = (
    "\n    local_proxy= {local_proxy}/{local_mask}/0/0 (type={local_type}),"
    "\n    remote_proxy= {remote_proxy}/{remote_mask}/0/0 (type={remote_type}),"
    "\n    protocol= ESP, transform= {transform_set}  (Tunnel),"
)
_MATCH = (
    "Crypto mapdb : proxy_match\n\tsrc addr     : {local_proxy}\n\tdst addr     : {remote_proxy}\n\tprotocol     : 0"
    "\n\tsrc port     : 0\n\tdst port     : 0"
)


def _sas(line: int, way: str, spi: str, flags: str) -> Line:
    head = f"IPSEC(initialize_sas): ,\n  (key eng. msg.) {way} local= {{local}}, remote= {{peer}},"
    tail = (
        f"\n    lifedur= {{seconds}}s and {{kilobytes}}kb,\n    spi= 0x{{{spi}:X}}({{{spi}}}), conn_id= 0, "
        f"keysize= {{keysize}}, flags= {flags}"
    )
    return _ipsec(line, head + _KEY + tail)


def _created(line: int, target: str, spi: str, conn: str) -> Line:
    return _ipsec(
        line,
        f"IPSEC(create_sa): sa created,\n  (sa) sa_dest= {target}, sa_proto= 50,\n    sa_spi= 0x{{{spi}:X}}({{{spi}}}),"
        f"\n    sa_trans= {{transform_set}} , sa_conn_id= {{{conn}}}",
    )


IPSEC: dict[str, tuple[Line, ...]] = {
    "offered": (
        # CE2; in 12.4 without ports (C7.4)
        Line("ios-show.md C7.5", "IPSEC(validate_proposal_request): proposal part #1,\n  (key eng. msg.) INBOUND "
             "local= {local}, remote= {peer}," + _KEY + "\n    lifedur= 0s and 0kb,\n    spi= 0x0(0), conn_id= 0, "
             "keysize= {keysize}, flags= 0x2", "ipsec"),
    ),
    "matched": (_ipsec(2, _MATCH),),
    "error 256": (
        Line("failures.md transform set", "IPSEC(ipsec_process_proposal): transform proposal not supported for identity: "
             "\n    {{{transform_set} }}", "ipsec"),
    ),
    "error 32": (
        Line("failures.md crypto ACLs not mirrored", "map_db_find_best did not find matching map", "ipsec"),
        Line("failures.md crypto ACLs not mirrored", "IPSEC(ipsec_process_proposal): proxy identities not supported",
             "ipsec"),
    ),
    "asked": (
        _ipsec(6, "IPSEC(key_engine): got a queue event with 1 kei messages"),
        _ipsec(7, "IPSEC(key_engine): got a queue event with 1 kei messages"),
        _ipsec(8, "IPSEC(spi_response): getting spi {spi_in} for SA \n\tfrom {local} to {peer} for prot 3"),
    ),
    "installed": (
        _ipsec(10, "IPSEC(key_engine): got a queue event with 2 kei messages"),
        _sas(11, "INBOUND", "spi_in", "0x2"),
        _sas(18, "OUTBOUND", "spi_out", "0xA"),
        _ipsec(25, _MATCH),
        _ipsec(36, "IPSec: Flow_switching Allocated flow for sibling {sibling:X}"),
        _ipsec(37, "IPSEC(policy_db_add_ident): src {local_proxy}, dest {remote_proxy}, dest_port 0\n"),
        _created(38, "{local}", "spi_in", "conn_in"),
        _created(42, "{peer}", "spi_out", "conn_out"),
    ),
    "enabled": (
        _ipsec(46, "IPSEC(key_engine): got a queue event with 1 kei messages"),
        _ipsec(47, "IPSEC(key_engine_enable_outbound): rec'd enable notify from ISAKMP"),
        _ipsec(48, "IPSEC(key_engine_enable_outbound): enable SA with spi {spi_out}/50"),
    ),
    "wanted": (
        Line("ios-show.md C7.4", "IPSEC(sa_request): ,\n  (key eng. msg.) OUTBOUND local= {local}, remote= {peer}," + _KEY
             + "\n    lifedur= {seconds}s and {kilobytes}kb,\n    spi= 0x0(0), conn_id= 0, keysize= 0, flags= 0x0", "ipsec"),
    ),
    "deleted": (
        Line("ios-show.md C7.6", "IPSEC(delete_sa): deleting SA,\n  (sa) sa_dest= {local}, sa_proto= 50,\n    "
             "sa_spi= 0x{spi_in:X}({spi_in}),\n    sa_trans= {transform_set} , sa_conn_id= {conn_in}", "ipsec"),
        Line("ios-show.md C7.6", "IPSEC(delete_sa): deleting SA,\n  (sa) sa_dest= {peer}, sa_proto= 50,\n    "
             "sa_spi= 0x{spi_out:X}({spi_out}),\n    sa_trans= {transform_set} , sa_conn_id= {conn_out}", "ipsec"),
    ),
    "delete asked": (
        Line("IOS123", "IPSEC(key_engine_delete_sas): rec'd delete notify from ISAKMP", "ipsec"),
        Line("ios-show.md C7.6", "IPSEC(key_engine_delete_sas): delete SA with spi 0x{spi:X} proto 50 for {peer}", "ipsec"),
    ),
}  # fmt: skip


def lines() -> tuple[Line, ...]:
    """All of them."""
    return tuple(line for table in (ISAKMP, IPSEC) for group in table.values() for line in group)
