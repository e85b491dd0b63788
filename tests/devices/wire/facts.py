# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: The netvpn.dynamic_l2l contributors
"""What the emulated devices do at level wire: one fact for each behaviour, with its source and grade.

The command lines have rows of their own (`engine.Row`); what a change does to security associations stands in
`cryptochanges.CONSEQUENCES`, which becomes part of this table. `docs/fidelity.md` is made of all (`fidelity.py`).

A behaviour that is added to the code gets a fact here. What cannot be sourced is `Grade.RECALL`, and a check in
`used.py` if it can be told cheaply that a device does it: the tests count what rests on recall.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from typing import Final, Literal

from ..engine import Grade
from .cryptochanges import CONSEQUENCES

SEED, CAPTURE, VENDOR, TOOL, RECALL = Grade.SEED, Grade.CAPTURE, Grade.VENDOR, Grade.TOOL, Grade.RECALL
Platform = Literal["pix", "ios", "both"]
PIX: Final = "pix"
IOS: Final = "ios"
BOTH: Final = "both"


@dataclass(frozen=True)
class Fact:
    """A behaviour. `key` names it, `says` is one sentence, `subject` one of `SUBJECTS`."""

    key: str
    platform: Platform
    subject: str
    says: str
    source: str
    grade: Grade


ROUTES = "Interfaces, addresses, routes"
NAT = "Translation"
FLOWS = "Flows that exist when a rule or an address changes"
FILTER = "What may pass"
IKE = "IKE, phase 1"
MAP = "Crypto maps and phase 2"
NO_SA = "Traffic without security associations"
CHANGE = "What a change does to security associations"
END = "Renewing and ending"
SHOW = "What the show commands print of living devices"
LOGS = "Logs"
SUBJECTS = (ROUTES, NAT, FLOWS, FILTER, IKE, MAP, NO_SA, CHANGE, END, SHOW, LOGS)

_FACTS = (
    Fact(
        "pix-nameif",
        PIX,
        ROUTES,
        "No packet passes an interface without a name.",
        "none",
        RECALL,
    ),
    Fact(
        "dhcp",
        BOTH,
        ROUTES,
        "An interface with `ip address dhcp` asks for a lease; its address and gateway are used until it loses "
        "the lease.",
        "seed (PIX), ios-nat-acl.md D6",
        SEED,
    ),
    Fact(
        "pix-setroute",
        PIX,
        ROUTES,
        "The gateway of a lease becomes the default route only with `setroute`.",
        "seed; treatment.md 1",
        SEED,
    ),
    Fact(
        "pix-static-wins",
        PIX,
        ROUTES,
        "A static default route wins over the one that `setroute` brings.",
        "none: both have distance 1",
        RECALL,
    ),
    Fact(
        "pix-route-stays",
        PIX,
        ROUTES,
        "A static route stays in use when its next hop is no longer in the network of its interface; the hop "
        "does not answer.",
        "treatment.md 1 (a lease with another gateway has no way out); that the route stays: none",
        RECALL,
    ),
    Fact(
        "ios-dhcp-route",
        IOS,
        ROUTES,
        "A lease brings a default route by itself, with distance 254, behind every static one.",
        "captures of 12.4, 15 and XE: `S* 0.0.0.0/0 [254/0] via`",
        CAPTURE,
    ),
    Fact(
        "ios-route-hop",
        IOS,
        ROUTES,
        "A route whose next hop is in no connected network is not used.",
        "none; one level only",
        RECALL,
    ),
    Fact(
        "nat-before-crypto",
        BOTH,
        NAT,
        "What goes out is routed, translated, then compared with the crypto map; what NAT changed no longer "
        "fits a list of inside addresses.",
        "seed; ios-nat-acl.md D4.3; treatment.md 1",
        SEED,
    ),
    Fact(
        "pix-nat-order",
        PIX,
        NAT,
        "Exemption comes first, then statics as they stand, policy NAT as it stands, and plain `nat` by the "
        "best match.",
        "asa-cli.md 3.3 (PIX 7.2 guide OL-12172-03 p. 17-14)",
        VENDOR,
    ),
    Fact(
        "pix-no-nat-control",
        PIX,
        NAT,
        "Without `nat-control` what no rule fits passes untranslated; with it, not to a less secure interface.",
        "asa-cli.md 3.3",
        VENDOR,
    ),
    Fact(
        "pix-exempt-both-ways",
        PIX,
        NAT,
        "An exemption serves flows from both sides; identity NAT only those from inside.",
        "asa-cli.md 3.3; FWSM guide OL-20748-01",
        VENDOR,
    ),
    Fact(
        "pix-real-address",
        PIX,
        NAT,
        "From outside, a host that is translated on its way out cannot be reached by its real address.",
        "Cisco document 71871 (asymmetric NAT)",
        VENDOR,
    ),
    Fact(
        "pix-nat-no-global",
        PIX,
        NAT,
        "A `nat` id without a `global` on the way out drops the traffic.",
        "packetsneverlie.blogspot.com 2015-03 (ASA 8.2: `No matching global`)",
        CAPTURE,
    ),
    Fact(
        "pix-pool-order",
        PIX,
        NAT,
        "A range of a `global` is used before its single addresses.",
        "ASA 7.0 guide OL-6721-01 p. 14-23",
        VENDOR,
    ),
    Fact(
        "pix-own-packets",
        PIX,
        NAT,
        "The device's own packets are not translated.",
        "treatment.md 1 (ASA 9.2 firewall guide)",
        VENDOR,
    ),
    Fact(
        "pix-policy-static",
        PIX,
        NAT,
        "`static` with an access list translates what the list permits, and the way back.",
        "asa-cli.md 3.3",
        VENDOR,
    ),
    Fact(
        "ike-ports",
        BOTH,
        NAT,
        "PAT gives no host the ports 500 and 4500 of the interface.",
        "none: they are the device's own",
        RECALL,
    ),
    Fact(
        "ios-nat-order",
        IOS,
        NAT,
        "Statics come first, then rules with a list by number and name, then rules with a route-map.",
        "ios-nat-acl.md D4.2 (batfish, tested on GNS3)",
        TOOL,
    ),
    Fact(
        "ios-exempt",
        IOS,
        NAT,
        "A `deny` of a rule's list leaves the traffic untranslated.",
        "seed; ios-nat-acl.md D4.1",
        SEED,
    ),
    Fact(
        "ios-static-not-exempt",
        IOS,
        NAT,
        "A static is not exempted by the `deny` of another rule's list; a route-map of its own does it.",
        "packetu.com 2012-06-05; ios-nat-acl.md D4.2, D5",
        CAPTURE,
    ),
    Fact(
        "ios-nat-no-list",
        IOS,
        NAT,
        "A rule whose list is missing or empty translates nothing.",
        "ios-nat-acl.md D2.4 (measured on 17.15)",
        CAPTURE,
    ),
    Fact(
        "ios-nat-no-route-map",
        IOS,
        NAT,
        "A rule whose route-map is missing, or whose route-map names a missing list, translates nothing.",
        "as with a missing list (ios-nat-acl.md D2.4)",
        RECALL,
    ),
    Fact(
        "ios-static-route-map-in",
        IOS,
        NAT,
        "A static with a route-map takes flows from outside where the map permits the way back.",
        "ios-nat-acl.md D5 says only what is translated outwards",
        RECALL,
    ),
    Fact(
        "ios-nat-no-address",
        IOS,
        NAT,
        "A rule that names an interface without an address still takes its traffic, and drops it.",
        "ios-nat-acl.md D4.1 (batfish PR 6528)",
        TOOL,
    ),
    Fact(
        "ios-own-packets",
        IOS,
        NAT,
        "Packets that the router itself sends out of an outside interface are translated too.",
        "ios-nat-acl.md D4.1 (batfish PR 6671; IP addressing guide XE 17)",
        VENDOR,
    ),
    Fact(
        "ios-route-map-interface",
        IOS,
        NAT,
        "`match interface` limits a rule to what leaves by that interface.",
        "ios-nat-acl.md D5",
        CAPTURE,
    ),
    Fact(
        "flow-translated",
        BOTH,
        FLOWS,
        "A translated flow goes on as before after a change of the rules, until it is quiet or cleared.",
        "treatment.md 1 (ASA 8.4 guide p. 30-3; tech note 13779)",
        VENDOR,
    ),
    Fact(
        "pix-flow-plain",
        PIX,
        FLOWS,
        "An untranslated flow of TCP or UDP goes on untranslated after a change of the rules; each packet of "
        "ICMP is looked at anew.",
        "treatment.md 1: the connection is looked up first",
        RECALL,
    ),
    Fact(
        "ios-flow-plain",
        IOS,
        FLOWS,
        "The next packet of an untranslated flow is translated if the rules say so by now.",
        "logic: ios-nat-acl.md D4.3 has each packet pass NAT",
        RECALL,
    ),
    Fact(
        "ios-answer",
        IOS,
        FLOWS,
        "An answer to a flow that came in untranslated is translated like any packet, which breaks that flow.",
        "packetu.com 2012-06-05 (statics); ios-nat-acl.md D4.3",
        CAPTURE,
    ),
    Fact(
        "ios-static-gone",
        IOS,
        FLOWS,
        "Flows of a static end when the line is taken away.",
        "logic: the line is the entry of the table",
        RECALL,
    ),
    Fact(
        "flow-old-lease",
        BOTH,
        FLOWS,
        "Flows that are translated to an interface's address end when the interface gets another one.",
        "none",
        RECALL,
    ),
    Fact(
        "pix-timeouts",
        PIX,
        FLOWS,
        "A quiet flow is forgotten after `timeout conn` (TCP 1 h, half-closed 10 min, UDP 2 min, ICMP 2 s).",
        "seed",
        SEED,
    ),
    Fact(
        "pix-no-connection",
        PIX,
        FLOWS,
        "A segment of TCP that is no SYN and belongs to no connection is dropped, whichever way it goes; so a connection "
        "that was cleared does not go on.",
        "SYS 106015; SYS 106100 (`dropped because of no matching connection`)",
        VENDOR,
    ),
    Fact(
        "pix-no-connection-first",
        PIX,
        FLOWS,
        "Such a segment is dropped in silence (nobody gets a reset), and before a list of an inside interface is asked.",
        "none",
        RECALL,
    ),
    Fact(
        "pix-ended",
        PIX,
        FLOWS,
        "The port of a TCP flow that has ended is free again after 30 s.",
        "none",
        RECALL,
    ),
    Fact(
        "ios-timeouts",
        IOS,
        FLOWS,
        "A quiet translation is forgotten after 24 h (TCP), 5 min (UDP), 1 min (ICMP, ended TCP), or as `ip "
        "nat translation` says.",
        "ios-nat-acl.md D4.4",
        CAPTURE,
    ),
    Fact(
        "clear-xlate",
        PIX,
        FLOWS,
        "`clear xlate` ends the flows that use translations.",
        "treatment.md 1 (ASA 8.4 guide p. 30-3)",
        VENDOR,
    ),
    Fact(
        "clear-local-host",
        PIX,
        FLOWS,
        "`clear local-host` ends all flows, translated or not; with an address those of that host, on either side.",
        "PIX course NS1 2.0",
        VENDOR,
    ),
    Fact(
        "clear-local-host-mapped",
        PIX,
        FLOWS,
        "`clear local-host` knows a host by its own address, not by the one that it is translated to.",
        "logic: a local host is not what it is translated to",
        RECALL,
    ),
    Fact(
        "clear-nat",
        IOS,
        FLOWS,
        "`clear ip nat translation *` ends all translations but statics.",
        "ios-nat-acl.md D4.4 (command reference)",
        VENDOR,
    ),
    Fact(
        "pix-levels",
        PIX,
        FILTER,
        "Flows start from more to less secure interfaces without a list; same levels need "
        "`same-security-traffic permit inter-interface`.",
        "asa-cli.md 3.8 (command reference)",
        VENDOR,
    ),
    Fact(
        "pix-hairpin",
        PIX,
        FILTER,
        "What would leave where it came in is dropped without `same-security-traffic permit intra-interface`, "
        "decrypted packets too; a router routes it.",
        "asa-cli.md 3.8",
        VENDOR,
    ),
    Fact(
        "pix-list-mapped",
        PIX,
        FILTER,
        "Lists of interfaces name translated addresses, and are asked for the first packet of a flow.",
        "asa-cli.md 3.1 (migration to 8.3)",
        VENDOR,
    ),
    Fact(
        "pix-icmp",
        PIX,
        FILTER,
        "Without `inspect icmp` answers to pings of the inside are dropped unless a list permits them.",
        "Cisco, Handling ICMP Pings with the PIX; the seed inspects no ICMP",
        VENDOR,
    ),
    Fact(
        "pix-icmp-lines",
        PIX,
        FILTER,
        "With an `icmp` line for an interface, what none permits is not answered.",
        "ASA command reference, icmp",
        VENDOR,
    ),
    Fact(
        "pix-far-interface",
        PIX,
        FILTER,
        "The address of another interface than the one that a host is behind does not answer; "
        "`management-access` opens one through a tunnel.",
        "ASA command reference for `management-access`; the rest: none",
        RECALL,
    ),
    Fact(
        "permit-vpn",
        PIX,
        FILTER,
        "Decrypted packets pass the list of the outside unless `no sysopt connection permit-vpn` stands.",
        "asa-cli.md 3.8",
        VENDOR,
    ),
    Fact(
        "ios-list-decrypted",
        IOS,
        FILTER,
        "Decrypted packets are not compared with the list of the outside interface a second time.",
        "ios-nat-acl.md D4.3 (from 12.3(8)T)",
        VENDOR,
    ),
    Fact(
        "ios-list-esp",
        IOS,
        FILTER,
        "The list outwards of the outside interface sees ESP, not what is in it.",
        "ios-nat-acl.md D4.3 (measured on 17.15)",
        CAPTURE,
    ),
    Fact(
        "ios-no-list",
        IOS,
        FILTER,
        "A list that is missing or empty permits all on an interface.",
        "ios-nat-acl.md D2.4 (measured on 17.15)",
        CAPTURE,
    ),
    Fact(
        "pix-ike-on",
        PIX,
        IKE,
        "IKE answers and starts only where `crypto isakmp enable` is on.",
        "seed; asa-cli.md 8 (MM_WAIT_MSG2)",
        SEED,
    ),
    Fact(
        "ios-ike-on",
        IOS,
        IKE,
        "IKE is on as soon as a crypto map is on an interface that is up, unless `no crypto isakmp enable`.",
        "ios-crypto.md B3.3, B5.3 (log `ISAKMP is ON`)",
        CAPTURE,
    ),
    Fact(
        "policy-order",
        BOTH,
        IKE,
        "One proposal for each policy, in order of their numbers; the responder takes the first of its own policies "
        "that one of the offer equals in cipher, hash, group and authentication.",
        "seed (debug of both); ios-crypto.md B10; asa-cli.md 3.5; IOS IPv6 IPsec guide 15.2S (`its own highest priority`)",
        SEED,
    ),
    Fact(
        "policy-65535",
        PIX,
        IKE,
        "Policy 65535 takes part: the reference's PIX offers two transforms.",
        "seed",
        SEED,
    ),
    Fact(
        "policy-lifetime",
        BOTH,
        IKE,
        "Lifetimes of phase 1 need not be equal: the shorter one counts.",
        "ios-crypto.md B10; asa-cli.md 3.5",
        CAPTURE,
    ),
    Fact(
        "key-address",
        BOTH,
        IKE,
        "The key is chosen by the peer's address alone; the identity that it sends is not looked at.",
        "seed (`found peer pre-shared key matching`); ios-crypto.md B10",
        SEED,
    ),
    Fact(
        "key-specific",
        BOTH,
        IKE,
        "Where a host's key and the wildcard both fit, the host's is used.",
        "ios-crypto.md B2 expects it",
        RECALL,
    ),
    Fact(
        "key-base",
        PIX,
        IKE,
        "The key of `DefaultL2LGroup` serves peers that no group is named after.",
        "messages 713138, 713139",
        VENDOR,
    ),
    Fact(
        "pix-no-group",
        PIX,
        IKE,
        "Without a group for the peer it goes silent at message 3: the peer waits for message 4.",
        "asa-cli.md 8 (debug of an ASA 8.0)",
        CAPTURE,
    ),
    Fact(
        "ios-no-key",
        IOS,
        IKE,
        "Without a key for the peer it refuses with message 1.",
        "ios-crypto.md B10 (`No pre-shared key with`)",
        CAPTURE,
    ),
    Fact(
        "wrong-key",
        BOTH,
        IKE,
        "Different keys: message 5 cannot be read, the negotiation hangs in key exchange and ends.",
        "failures.md; asa-cli.md 8",
        CAPTURE,
    ),
    Fact(
        "key-hostname",
        IOS,
        IKE,
        "Keys for host names are not used in main mode.",
        "ios-crypto.md B2",
        CAPTURE,
    ),
    Fact(
        "pix-identity-auto",
        PIX,
        IKE,
        "`crypto isakmp identity auto`, and no such line, send the address where the key is shared.",
        "asa-cli.md 3.5 (recall)",
        RECALL,
    ),
    Fact(
        "pix-nat-t",
        PIX,
        IKE,
        "NAT traversal is off unless `crypto isakmp nat-traversal` stands.",
        "ASA 7.0 guide OL-6721-01 p. 23-7",
        VENDOR,
    ),
    Fact(
        "ios-nat-t",
        IOS,
        IKE,
        "NAT traversal is on.",
        "ios-crypto.md B4.2 (nat-transparency)",
        VENDOR,
    ),
    Fact(
        "no-nat-t",
        BOTH,
        IKE,
        "Behind NAT and without NAT traversal IKE comes up and ESP is lost.",
        "logic: ESP has no ports",
        RECALL,
    ),
    Fact(
        "initial-contact",
        BOTH,
        IKE,
        "A peer's initial contact ends older associations with the same two addresses, and no others.",
        "seed (`Process initial contact, bring down existing`)",
        SEED,
    ),
    Fact(
        "map-order",
        BOTH,
        MAP,
        "Entries are tried in order of their numbers, those of a dynamic map where it hangs.",
        "ios-crypto.md B5.2; asa-cli.md 3.7",
        VENDOR,
    ),
    Fact(
        "ios-incomplete",
        IOS,
        MAP,
        "An entry without peer, list or transform set is skipped.",
        "ios-crypto.md B5.2 (`incomplete state`)",
        CAPTURE,
    ),
    Fact(
        "pix-incomplete",
        PIX,
        MAP,
        "An entry without peer, list or transform set is skipped.",
        "none for 7.2 (treatment.md 3); as IOS",
        RECALL,
    ),
    Fact(
        "ios-proxy",
        IOS,
        MAP,
        "A static entry takes the networks that its list permits or narrower ones, and refuses wider ones.",
        "ios-crypto.md B10",
        CAPTURE,
    ),
    Fact(
        "pix-proxy",
        PIX,
        MAP,
        "A static entry takes the networks of an entry of its list.",
        "asa-cli.md 8 (713061)",
        CAPTURE,
    ),
    Fact(
        "pix-proxy-narrower",
        PIX,
        MAP,
        "A static entry refuses narrower networks.",
        "none",
        RECALL,
    ),
    Fact(
        "dynamic-list",
        BOTH,
        MAP,
        "A dynamic entry with a list takes what lies within a permit.",
        "ios-crypto.md B10 (command reference)",
        VENDOR,
    ),
    Fact(
        "dynamic-open",
        BOTH,
        MAP,
        "A dynamic entry without a list takes any networks, another peer's too.",
        "seed; ios-crypto.md B10",
        SEED,
    ),
    Fact(
        "dynamic-silent",
        BOTH,
        MAP,
        "A dynamic entry never starts a negotiation.",
        "asa-cli.md 3.7; ios-crypto.md B10",
        VENDOR,
    ),
    Fact(
        "transforms",
        BOTH,
        MAP,
        "The transform set is one that both entries name.",
        "ios-crypto.md B10; asa-cli.md 8",
        CAPTURE,
    ),
    Fact(
        "pix-refusal",
        PIX,
        MAP,
        "Where it refuses the only proposal, it ends phase 1 too.",
        "failures.md (713259 `Session is being torn down`)",
        CAPTURE,
    ),
    Fact(
        "pfs",
        BOTH,
        MAP,
        "With `set pfs` the offer must carry this group.",
        "ios-crypto.md B10",
        VENDOR,
    ),
    Fact(
        "pix-no-pfs",
        PIX,
        MAP,
        "Without `set pfs` none is offered and any group is taken.",
        "ios-crypto.md B10 (Cisco's text for the PIX)",
        VENDOR,
    ),
    Fact(
        "ios-no-pfs",
        IOS,
        MAP,
        "Without `set pfs` none is offered and any group is taken.",
        "ios-crypto.md B10: recall for IOS",
        RECALL,
    ),
    Fact(
        "pix-pfs-default",
        PIX,
        MAP,
        "`set pfs` alone means group 2.",
        "Netspoc-Approve (asa-cli.md 3.7)",
        TOOL,
    ),
    Fact(
        "sa-lifetime",
        BOTH,
        MAP,
        "The lifetime of phase 2 is 8 h on a PIX and 1 h on a router where none is given; the shorter one counts.",
        "seed",
        SEED,
    ),
    Fact(
        "newest-sa",
        BOTH,
        MAP,
        "Of several associations for the same networks, with different peers too, the newest one sends.",
        "none: which a router uses for answers after a new lease was not found",
        RECALL,
    ),
    Fact(
        "no-sa-static",
        BOTH,
        NO_SA,
        "What a static entry's list permits is dropped while there are no associations, and starts a negotiation.",
        "asa-cli.md 6.6 (first packet: drop by VPN encrypt)",
        CAPTURE,
    ),
    Fact(
        "pix-no-sa-dynamic",
        PIX,
        NO_SA,
        "What a dynamic entry's list permits is dropped while there are no associations.",
        "ASA 7.0 guide OL-6721-01 p. 23-18",
        VENDOR,
    ),
    Fact(
        "ios-no-sa-dynamic",
        IOS,
        NO_SA,
        "What a dynamic entry's list permits is dropped while there are no associations.",
        "treatment.md 1: recall that IOS has the PIX's wording",
        RECALL,
    ),
    Fact(
        "no-sa-open",
        BOTH,
        NO_SA,
        "With a dynamic entry without a list it leaves in clear.",
        "ASA 7.0 guide OL-6721-01 p. 23-18; ios-crypto.md B10",
        VENDOR,
    ),
    Fact(
        "ios-clear-in",
        IOS,
        NO_SA,
        "What comes in clear and fits a crypto list the other way round is dropped, with and without associations.",
        "failures.md (`RECVD_PKT_NOT_IPSEC`); treatment.md 1",
        CAPTURE,
    ),
    Fact(
        "pix-clear-in",
        PIX,
        NO_SA,
        "What comes in clear is dropped if there are associations for it.",
        "treatment.md 1 (`show asp drop`, ipsec-spoof)",
        VENDOR,
    ),
    Fact(
        "ios-clear-in-open",
        IOS,
        NO_SA,
        "Associations of a dynamic entry without a list drop what comes in clear for their networks.",
        "ios-show.md C4.1: its temporary entry has a list; the drop: none",
        RECALL,
    ),
    Fact(
        "dynamic-stays",
        BOTH,
        NO_SA,
        "Associations of a dynamic entry protect what was negotiated, whatever became of its list.",
        "temporary entries (ios-show.md C4.1); the rest: none",
        RECALL,
    ),
    Fact(
        "pix-rekey",
        PIX,
        END,
        "Phase 1 is renewed after 95 % of its lifetime, phase 2 after 85 %.",
        "seed (`rekey timer`)",
        SEED,
    ),
    Fact(
        "ios-rekey",
        IOS,
        END,
        "The phases are renewed after the same shares of their lifetimes as on a PIX.",
        "none",
        RECALL,
    ),
    Fact(
        "pix-dpd",
        PIX,
        END,
        "Peers are asked whether they live unless the group says `isakmp keepalive disable`.",
        "seed (R-U-THERE without a line)",
        SEED,
    ),
    Fact(
        "pix-dpd-time",
        PIX,
        END,
        "Peers are asked after 10 s of silence, and again every 2 s, where the group says nothing.",
        "asa-cli.md 3.8 (recall)",
        RECALL,
    ),
    Fact(
        "ios-dpd",
        IOS,
        END,
        "Peers are asked only with `crypto isakmp keepalive`; 2 s between tries where none are given.",
        "ios-crypto.md B3.3",
        VENDOR,
    ),
    Fact(
        "stale",
        BOTH,
        END,
        "Without keepalives the association of a peer that is gone stays until its lifetime ends.",
        "treatment.md 1; the seed's router sends no DPD",
        SEED,
    ),
    Fact(
        "clear-sa",
        BOTH,
        END,
        "Clearing phase 2 leaves phase 1; the peer is told, and the next packet negotiates.",
        "asa-cli.md 7; ios-show.md C5",
        CAPTURE,
    ),
    Fact(
        "traces",
        BOTH,
        END,
        "A failed or ended main mode is shown for 60 s on a router (`MM_NO_STATE`) and for 30 s on a PIX.",
        "none for the times",
        RECALL,
    ),
    Fact(
        "reload",
        BOTH,
        END,
        "A reload forgets associations, flows and leases, and tells nobody.",
        "logic",
        RECALL,
    ),
    Fact(
        "show-pix-isakmp",
        PIX,
        SHOW,
        "`show crypto isakmp sa`.",
        "seed",
        SEED,
    ),
    Fact(
        "show-pix-waiting",
        PIX,
        SHOW,
        "A negotiation is `user`, `MM_WAIT_MSGn`.",
        "captures of ASA; asa-cli.md 8",
        CAPTURE,
    ),
    Fact(
        "show-pix-isakmp-detail",
        PIX,
        SHOW,
        "The widths of `show crypto isakmp sa detail`.",
        "itsecworks 2010 for the words",
        RECALL,
    ),
    Fact(
        "show-pix-ipsec",
        PIX,
        SHOW,
        "`show crypto ipsec sa`.",
        "seed; ntc-templates",
        SEED,
    ),
    Fact(
        "show-pix-ipsec-detail",
        PIX,
        SHOW,
        "The wording of the counters of `show crypto ipsec sa detail` in 7.2.",
        "ASA command reference for later versions",
        RECALL,
    ),
    Fact(
        "show-pix-dynamic",
        PIX,
        SHOW,
        "Associations of a dynamic entry are shown by the name of the dynamic map.",
        "captures of later ASA",
        RECALL,
    ),
    Fact(
        "show-ios-isakmp",
        IOS,
        SHOW,
        "`show crypto isakmp sa`.",
        "seed; ios-show.md C1.1",
        SEED,
    ),
    Fact(
        "show-ios-ipsec",
        IOS,
        SHOW,
        "`show crypto ipsec sa`.",
        "seed; genieparser",
        SEED,
    ),
    Fact(
        "show-ios-rekeyed",
        IOS,
        SHOW,
        "While phase 2 is renewed the older pair stands first.",
        "none",
        RECALL,
    ),
    Fact(
        "show-ios-session",
        IOS,
        SHOW,
        "`show crypto session`.",
        "genieparser, ntc-templates (ios-show.md C3.1)",
        CAPTURE,
    ),
    Fact(
        "show-ios-session-dynamic",
        IOS,
        SHOW,
        "`show crypto session` says `dynamic crypto map` for the flows of a dynamic entry.",
        "none",
        RECALL,
    ),
    Fact(
        "show-xlate",
        PIX,
        SHOW,
        "`show xlate`.",
        "captures of PIX",
        CAPTURE,
    ),
    Fact(
        "show-conn",
        PIX,
        SHOW,
        "`show conn` has no commas.",
        "ASA command reference (words, order, `B`), with commas; no capture of 7.x found",
        RECALL,
    ),
    Fact(
        "show-conn-bytes",
        PIX,
        SHOW,
        "The bytes of `show conn` are data: opening a connection carries none.",
        "captures of ASA (`bytes 0, flags UB`); Cisco document 113602 (`bytes 0, flags saA`)",
        CAPTURE,
    ),
    Fact(
        "show-conn-bytes-both",
        PIX,
        SHOW,
        "The bytes of `show conn` are those of both directions together.",
        "SYS 302014 (`data transfer of the connection`) says nothing of directions",
        RECALL,
    ),
    Fact(
        "show-conn-flags",
        PIX,
        SHOW,
        "An open connection of TCP has the flags `UIO` (`UIOB` from outside), whether data went already or not; one that "
        "is asked for `saA` (`SaAB`).",
        "ASA command reference, Cisco document 113602 for the letters",
        RECALL,
    ),
    Fact(
        "show-nat",
        IOS,
        SHOW,
        "`show ip nat translations`.",
        "captures of 12.4 and 15 (ios-show.md C9.1)",
        CAPTURE,
    ),
    Fact(
        "show-ios-ping",
        IOS,
        SHOW,
        "`ping` prints seventy marks in a line, and refuses a source that is not there with two texts of 12.4.",
        "none",
        RECALL,
    ),
)

watchers: list[Callable[[Fact], None]] = []


@cache
def table() -> dict[str, Fact]:
    """All facts by their keys; those of `CONSEQUENCES` have the change as key."""
    ends = {
        "nothing": "none ends",
        "port": "those of the interface end",
        "entry": "those of the entry end",
        "address": "those with the old address end",
    }
    from .logfacts import FACTS

    found = {fact.key: fact for fact in (*_FACTS, *FACTS)}
    for each in CONSEQUENCES.values():
        head, colon, rest = each.change.partition(": ")
        platform: Platform = PIX if head == "PIX" else IOS if head == "IOS" else BOTH
        text = rest if colon else each.change
        says = f"{text[0].upper()}{text[1:]}: {ends[each.ends]}."
        found[each.change] = Fact(each.change, platform, CHANGE, says, each.source, each.grade)
    return found


def use(key: str) -> None:
    """A device does this."""
    fact = table()[key]
    for watcher in watchers:
        watcher(fact)
