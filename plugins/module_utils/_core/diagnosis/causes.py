# Copyright: The netvpn.dynamic_l2l contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""What keeps a tunnel down, or hurts one that is up: per failure the likely cause, the others, how to confirm and to mend.

The signs of each are rows of the platforms' tables (``asa/logs.py``, ``ios/logs.py``); each row names the line of a fact
sheet that it follows. This table is the only place that says what a failure means.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Command:
    """A line to type on a platform; ``releases`` where not all have it so. ``{peer}`` stands for the peer's address."""

    platform: str
    text: str
    releases: str = ""


#: IKE and IPsec SAs, as each platform's releases show them.
_SAS = (
    Command("asa", "show crypto isakmp sa detail", "7.0 to 8.3"),
    Command("asa", "show crypto ikev1 sa detail", "8.4 and later"),
    Command("ios", "show crypto isakmp sa detail"),
)
_IPSEC = (
    Command("asa", "show crypto ipsec sa peer {peer}"),
    Command("ios", "show crypto ipsec sa peer {peer}"),
)
_POLICIES = (
    Command("asa", "show running-config crypto isakmp", "7.0 to 8.3"),
    Command("asa", "show running-config crypto ikev1", "8.4 and later"),
    Command("ios", "show crypto isakmp policy"),
)
_TRANSFORMS = (
    Command("asa", "show running-config crypto ipsec"),
    Command("asa", "show running-config crypto map"),
    Command("ios", "show crypto ipsec transform-set"),
    Command("ios", "show crypto map"),
)
_LISTS = (
    Command("asa", "show running-config crypto map"),
    Command("asa", "show access-list"),
    Command("ios", "show crypto map"),
    Command("ios", "show crypto dynamic-map"),
    Command("ios", "show access-lists"),
)
_KEYS = (
    Command("asa", "more system:running-config | include tunnel-group|pre-shared-key"),
    Command("ios", "show crypto isakmp key"),
)
_ROUTES = (
    Command("asa", "show route"),
    Command("ios", "show ip route"),
)
_CLEAR = (
    Command("asa", "clear crypto ipsec sa peer {peer}"),
    Command("asa", "clear crypto isakmp sa", "7.0 to 8.3; of all peers"),
    Command("asa", "clear crypto ikev1 sa {peer}", "8.4 and later"),
    Command("ios", "clear crypto session remote {peer}"),
)

#: What every mismatch between the ends is mended by.
_BOTH = "Run the roles at both ends with the same intent: "


@dataclass(frozen=True)
class Cause:
    """A failure. ``phase``: 1 and 2 of the negotiation, 3 for an SA that is up, 0 where none begins.

    ``general``: the device says only that something was refused; a more exact sign of the same negotiation, or of the
    other end, says what.
    """

    code: str
    title: str
    phase: int
    likely: str
    others: tuple[str, ...]
    confirm: tuple[Command, ...]
    mend: str
    lines: tuple[Command, ...] = ()
    source: str = ""
    general: bool = False


CAUSES: dict[str, Cause] = {
    cause.code: cause
    for cause in (
        Cause(
            "key-differs",
            "The pre-shared keys differ",
            1,
            "The two ends have different pre-shared keys: the first encrypted message (main mode 5) cannot be read",
            (
                "a device in between changes or drops UDP 4500 after NAT was found (main mode 5 is the first message there)",
                "an identity that the other end does not accept (crypto isakmp identity)",
                "a damaged packet: the message is not unique to keys",
            ),
            (*_SAS, *_KEYS),
            _BOTH
            + "both take the responder's pre_shared_key; with update_secret: always, because a key that is masked or "
            "encrypted cannot be compared",
            (
                Command("asa", "tunnel-group {peer} ipsec-attributes"),
                Command("asa", "pre-shared-key KEY", "7.0 to 8.3"),
                Command("asa", "ikev1 pre-shared-key KEY", "8.4 and later"),
                Command("ios", "no crypto isakmp key OLD address 0.0.0.0 0.0.0.0"),
                Command("ios", "crypto isakmp key KEY address 0.0.0.0 0.0.0.0"),
            ),
            "failures.md, key differs",
        ),
        Cause(
            "key-missing",
            "There is no pre-shared key for the peer",
            1,
            "The router has no pre-shared key that the peer's address matches, so it neither starts nor answers main mode",
            (
                "a key with another address or mask than the peer has (the initiator's is leased: only 0.0.0.0 0.0.0.0 fits)",
                "the key stands in a keyring or profile that does not match the peer",
            ),
            _KEYS,
            "Run the role of that router: it sets the key of the intent",
            (
                Command("ios", "crypto isakmp key KEY address 0.0.0.0 0.0.0.0"),
                Command("asa", "tunnel-group {peer} ipsec-attributes"),
            ),
            "failures.md, no key for the peer",
        ),
        Cause(
            "tunnel-group-missing",
            "The end that answers has no tunnel group or key for the caller",
            1,
            "The answering PIX/ASA has no tunnel-group named like the caller's address, or one without a key",
            (
                "the tunnel-group is there under another name or address, or is not of type ipsec-l2l",
                "the answer is lost on the way, or a device in between does not let it pass",
                "the other end has forgotten the negotiation (restarted, cleared)",
            ),
            (Command("asa", "show running-config tunnel-group"), *_SAS, *_KEYS),
            "Run the role of the end that has no key for the other: it makes the tunnel group (PIX/ASA) or the key (IOS)",
            (
                Command("asa", "tunnel-group {peer} type ipsec-l2l"),
                Command("asa", "tunnel-group {peer} ipsec-attributes"),
                Command("asa", "pre-shared-key KEY", "7.0 to 8.3"),
                Command("asa", "ikev1 pre-shared-key KEY", "8.4 and later"),
                Command("ios", "crypto isakmp key KEY address 0.0.0.0 0.0.0.0"),
            ),
            "failures.md, tunnel-group missing or misnamed",
        ),
        Cause(
            "ike-policy-differs",
            "The ends have no IKE policy in common",
            1,
            "No IKE policy of one end equals one of the other in encryption, hash, Diffie-Hellman group and authentication "
            "(lifetimes need not be equal)",
            (
                "the policy is there and the release does not have, or bars, one of its algorithms",
                "the router has no pre-shared key for the caller, so it refuses every offer of pre-shared authentication",
            ),
            _POLICIES,
            _BOTH + "both take the suite of the intent",
            (
                Command("asa", "crypto isakmp policy NUMBER", "7.2 to 8.3"),
                Command("asa", "crypto ikev1 policy NUMBER", "8.4 and later"),
                Command("ios", "crypto isakmp policy NUMBER"),
            ),
            "failures.md, IKE policy",
        ),
        Cause(
            "weak-suite-barred",
            "The release bars the algorithms of the policy",
            1,
            "XE 17 does not use DES, 3DES, MD5 and the groups 1, 2 and 5 any more: the policy is in the configuration and is "
            "not offered",
            (
                "lines of the device's default policies (65507 to 65514) alone are no failure: is the own policy a strong one?",
            ),
            (Command("ios", "show crypto isakmp policy"), Command("ios", "show version")),
            "Choose a strong suite in the intent, at both ends",
            (),
            "failures.md, weak suite barred",
        ),
        Cause(
            "peer-unreachable",
            "The peer does not answer the first message",
            1,
            "The peer is down, has another address, or UDP 500 does not get there and back",
            (
                "IKE is not enabled at the peer (crypto isakmp enable, a crypto map on its interface)",
                "a filter or a translation in between drops UDP 500",
                "the way to the peer leads out of another interface",
                "the peer refuses every policy without a word",
            ),
            (
                *_ROUTES,
                Command("asa", "ping {peer}"),
                Command("ios", "ping {peer}"),
                Command("asa", "show running-config crypto isakmp", "7.0 to 8.3"),
                Command("ios", "show crypto map"),
            ),
            "Mend the way to the peer, or correct the responder's address in the intent; then run the role of the end that "
            "does not answer: it enables IKE and binds the crypto map",
            (),
            "ios-show.md C7.6; asa-cli.md 8, MM_WAIT_MSG2",
        ),
        Cause(
            "answer-lost",
            "The caller does not react to the answer to its first message",
            1,
            "The responder's answer (main mode 2) does not get back to the caller",
            (
                "a filter or a translation in between lets UDP 500 pass in one direction only",
                "the caller refuses what was chosen",
                "devices of different makers that do not understand each other",
            ),
            (*_ROUTES, *_SAS),
            "Look for what drops UDP 500 from the responder to the caller",
            (),
            "ios-show.md C7.6; asa-cli.md 8, MM_WAIT_MSG3",
        ),
        Cause(
            "phase-1-refused",
            "Phase 1 failed; this end does not say why",
            1,
            "The peer refused the negotiation or gave it up",
            (
                "no IKE policy in common",
                "no tunnel group or key for this end at the peer",
                "different keys",
                "the peer does not answer",
            ),
            (*_SAS, *_POLICIES),
            "Read the log of the other end: the end that refuses says why",
            (),
            "failures.md, tunnel-group missing or misnamed",
            general=True,
        ),
        Cause(
            "negotiation-timed-out",
            "The negotiation timed out",
            1,
            "The peer stopped answering in the state that the line names",
            ("MM_WAIT_MSG2: unreachable; 3: answer lost; 4: no tunnel group or key at the peer; 5 and 6: keys differ",),
            _SAS,
            "Read the log of the other end",
            (),
            "asa-cli.md 8, stuck states",
            general=True,
        ),
        Cause(
            "message-malformed",
            "A message could not be processed",
            1,
            "A payload is not what this end expects: the settings of the ends differ, or the packet was damaged",
            ("no IKE policy in common", "different keys"),
            (*_SAS, *_POLICIES),
            "Compare the settings of both ends, or read the other end's log",
            (),
            "asa-cli.md 8, 713048",
        ),
        Cause(
            "identity-not-accepted",
            "The peer's identity is not accepted",
            1,
            "No profile, tunnel group or certificate of this end matches the identity that the peer names itself by",
            (
                "a harmless line, where the tunnel comes up all the same",
                "crypto isakmp identity of the peer is not address",
            ),
            (Command("ios", "show crypto ikev2 profile"), *_SAS),
            "Let the peer name itself by address (crypto isakmp identity address), or correct what is matched here",
            (),
            "ios-show.md C7.7",
        ),
        Cause(
            "auth-failed",
            "Authentication failed",
            1,
            "The proof that the peer sent is not of the key that is configured here",
            ("different keys", "an identity that no profile matches"),
            _KEYS,
            _BOTH + "both take the responder's pre_shared_key",
            (),
            "ios-show.md C7.7",
            general=True,
        ),
        Cause(
            "auth-unanswered",
            "The peer does not send its authentication",
            1,
            "The peer went silent after the first exchange of IKEv2: different keys at its end, or UDP 4500 is dropped",
            ("the peer refused the identity of this end",),
            (
                Command("asa", "show crypto ikev2 sa detail", "8.4 and later"),
                Command("ios", "show crypto ikev2 sa detailed"),
            ),
            "Read the log of the other end",
            (),
            "asa-cli.md 8, 750003",
        ),
        Cause(
            "peer-wrong",
            "The crypto map names a wrong peer",
            1,
            "set peer of the crypto map entry is missing, or is not the other end's address as it is seen from here",
            ("the other end's address was changed, or is translated on the way",),
            (Command("asa", "show running-config crypto map"),),
            "Correct the responder's address in the intent and run the role",
            (Command("asa", "crypto map MAP SEQUENCE set peer ADDRESS"),),
            "asa-cli.md 8, 713062 and 713063",
        ),
        Cause(
            "ike-off",
            "IKE is off",
            1,
            "No interface of the router that is up has a crypto map, so it does not listen for IKE at all; or IKE is not enabled "
            "on the interface of the PIX/ASA",
            ("the interface with the crypto map is down", "no crypto isakmp enable"),
            (
                Command("asa", "show running-config crypto isakmp", "7.0 to 8.3"),
                Command("asa", "show running-config crypto ikev1", "8.4 and later"),
                Command("ios", "show crypto map"),
                Command("ios", "show ip interface brief"),
            ),
            "Run the role of that end: it enables IKE and binds the crypto map to the interface towards the other end",
            (
                Command("asa", "crypto isakmp enable outside", "7.2 to 8.3"),
                Command("asa", "crypto ikev1 enable outside", "8.4 and later"),
                Command("ios", "interface NAME"),
                Command("ios", "crypto map MAP"),
            ),
            "ios-show.md C7.6, crypto not bound at the responder",
        ),
        Cause(
            "map-not-bound",
            "The crypto map is not bound to the interface towards the other end",
            2,
            "The crypto map is bound to no interface, or to another one than the peer's packets come in by",
            ("the peer's packets come in by another interface: a route",),
            (Command("asa", "show running-config crypto map"), Command("ios", "show crypto map")),
            "Run the role of that end: it binds the crypto map",
            (
                Command("asa", "crypto map MAP interface outside"),
                Command("ios", "interface NAME"),
                Command("ios", "crypto map MAP"),
            ),
            "failures.md, map not bound, wrong order",
        ),
        Cause(
            "transform-set-differs",
            "The ends have no transform set in common",
            2,
            "No transform set of the one end's crypto map entry equals one of the other's",
            (
                "PFS: one end asks for a Diffie-Hellman group that the other does not offer (the devices say the same words)",
                "tunnel mode here, transport mode there",
            ),
            _TRANSFORMS,
            _BOTH + "both take the suite, and pfs, of the intent",
            (
                Command("asa", "crypto ipsec transform-set NAME TRANSFORMS", "7.0 to 8.3"),
                Command("asa", "crypto ipsec ikev1 transform-set NAME TRANSFORMS", "8.4 and later"),
                Command("ios", "crypto ipsec transform-set NAME TRANSFORMS"),
            ),
            "failures.md, transform set",
        ),
        Cause(
            "crypto-acl-not-mirrored",
            "The access lists of the crypto maps do not mirror each other",
            2,
            "The proxy identities that one end proposes are permitted, mirrored, by no entry of the other end's list",
            (
                "the peer is looked for in the wrong crypto map entry: a dynamic one in front of the static one, another "
                "set peer",
                "translation comes first, so that the other end sees another source (NAT exemption)",
                "a network was added or removed at one end only",
            ),
            _LISTS,
            _BOTH + "both make their lists from the tunnel's networks",
            (
                Command("asa", "access-list NAME extended permit ip NETWORK MASK NETWORK MASK"),
                Command("ios", "ip access-list extended NAME"),
                Command("ios", "permit ip NETWORK WILDCARD NETWORK WILDCARD"),
            ),
            "failures.md, crypto ACLs not mirrored",
        ),
        Cause(
            "pfs-differs",
            "PFS differs",
            2,
            "One end asks for perfect forward secrecy with a group that the other does not offer",
            ("the transform sets differ: most devices say the same words for both",),
            _TRANSFORMS,
            _BOTH + "state pfs in the intent, so that both ends get it",
            (
                Command("asa", "crypto map MAP SEQUENCE set pfs GROUP"),
                Command("ios", "crypto dynamic-map MAP SEQUENCE"),
                Command("ios", "set pfs GROUP"),
            ),
            "failures.md, PFS differs",
        ),
        Cause(
            "phase-2-refused",
            "Phase 2 was refused, and nothing says why",
            2,
            "Phase 1 is right. The peer refused the proxy identities or the transforms that were offered",
            (
                "the access lists of the crypto maps do not mirror each other",
                "the transform sets differ",
                "PFS differs (a peer that then deletes the IKE SA as well is seen with PFS, and is what a PIX/ASA does)",
                "the peer looks in another crypto map entry (a dynamic one in front)",
            ),
            (*_IPSEC, *_TRANSFORMS, *_LISTS),
            "Read the log of the other end: the end that refuses says why. With both configurations at hand the lines are "
            "compared here",
            (),
            "failures.md, crypto ACLs not mirrored; ios-show.md C7.6",
            general=True,
        ),
        Cause(
            "quick-mode-unanswered",
            "Nobody answers the quick mode",
            2,
            "Phase 1 is up and the peer does not answer the first message of phase 2: it refused it without a word, or lost "
            "the IKE SA",
            ("packets are lost on the way", "the peer drops what it cannot decrypt: one end has an old IKE SA"),
            (*_SAS, *_IPSEC),
            "Clear the SAs at both ends and try again; read the log of the other end",
            _CLEAR,
            "ios-show.md C7.6",
        ),
        Cause(
            "no-interesting-traffic",
            "No packet gets into the tunnel",
            0,
            "No packet matched the crypto map's list, so nothing was negotiated",
            (
                "traffic is translated before it gets to the crypto map (NAT exemption)",
                "the route to the other end's networks leads out of another interface",
                "the list names other networks, or has a netmask where IOS wants a wildcard",
                "nobody sends anything: try a ping from a host of the inside network",
            ),
            (
                Command("asa", "show access-list"),
                Command("asa", "show running-config nat"),
                Command("asa", "packet-tracer input inside icmp SOURCE 8 0 DESTINATION", "7.2 and later"),
                Command("ios", "show access-lists"),
                Command("ios", "show ip nat translations"),
                *_ROUTES,
            ),
            "Run the role: it exempts the tunnel's traffic from translation and makes the lists; then send a packet from a "
            "host of the initiator's network",
            (),
            "failures.md, no interesting traffic",
        ),
        Cause(
            "stale-sa",
            "One end uses an SA that the other does not have any more",
            3,
            "The other end was restarted, cleared, or has got another address, and this one still holds the old SA",
            (
                "one line at the beginning of a negotiation is no failure: the old SA goes and the tunnel comes up",
                "IKE packets of somebody else",
            ),
            (*_SAS, *_IPSEC),
            "Clear the old SAs at the end that sends with them; state dpd in the intent, so that they go by themselves",
            (
                *_CLEAR,
                Command("ios", "crypto isakmp keepalive SECONDS RETRY"),
            ),
            "failures.md, stale or duplicate SA",
        ),
        Cause(
            "peer-lost",
            "The peer stopped answering while the tunnel was up",
            3,
            "The peer, or the way to it, is down; dead peer detection took the SAs away",
            ("the peer's address changed (a new lease)", "the peer was restarted", "UDP 500 or 4500 is dropped"),
            (*_ROUTES, *_SAS),
            "Find out what happened to the peer; the initiator brings the tunnel up again with the next packet",
            (),
            "failures.md, stale or duplicate SA",
        ),
        Cause(
            "replay",
            "Packets come too late or twice",
            3,
            "Packets overtake each other on the way (quality of service, several links), beyond the window of the anti-replay check",
            ("packets were copied and sent again on purpose",),
            _IPSEC,
            "Widen the window of the anti-replay check where the release can, or mend the queueing",
            (Command("ios", "crypto ipsec security-association replay window-size 1024"),),
            "failures.md, stale or duplicate SA",
        ),
        Cause(
            "mac-failed",
            "Packets are damaged on the way",
            3,
            "A packet's integrity check failed: something on the way changes packets, or hardware is at fault",
            ("the ends use different keys for the SA: clear it",),
            _IPSEC,
            "Clear the SAs once; where it comes again, look for what changes packets",
            _CLEAR,
            "ios-show.md C8",
        ),
        Cause(
            "packet-in-clear",
            "Packets that should be protected arrive in clear",
            3,
            "The other end sends them in clear: its crypto map does not match them, is not bound, or has no SA and lets them go",
            (
                "the other end translates them first",
                "the list of this end covers more than the other's",
            ),
            (*_LISTS, *_IPSEC),
            _BOTH + "the list of each must mirror the other's (match_address: true at the router)",
            (),
            "failures.md, stale or duplicate SA",
        ),
        Cause(
            "mtu",
            "Packets are too big for the tunnel",
            3,
            "Packets with the don't-fragment bit do not fit into the tunnel, and their sender does not learn it",
            ("ICMP unreachables are dropped on the way to the sender",),
            _IPSEC,
            "Lower the TCP segment size on the inside interfaces",
            (
                Command("asa", "sysopt connection tcpmss 1350"),
                Command("ios", "ip tcp adjust-mss 1350"),
            ),
            "failures.md, MTU",
        ),
        Cause(
            "return-route-missing",
            "Packets go into the tunnel and nothing comes back",
            3,
            "The other end, or a host behind it, has no way back to this end's network, or translates the answers",
            (
                "ESP is dropped on the way while IKE passes",
                "the host at the other end does not answer",
                "the other end's exemption from translation is missing",
            ),
            (*_IPSEC, *_ROUTES),
            "Give the other end's network a route back through its tunnel device; run its role: it exempts the answers from "
            "translation",
            (),
            "failures.md, return route missing",
        ),
        Cause(
            "esp-filtered",
            "ESP does not get through",
            3,
            "Both ends are up, each sends, and neither receives: ESP (protocol 50, or UDP 4500) is dropped on the way",
            ("both ends lack a route to the other's network",),
            _IPSEC,
            "Let protocol 50 and UDP 4500 pass in both directions",
            (),
            "ios-show.md C7.6, ESP filtered",
        ),
    )
}

#: What else is worth telling, by code.
NOTES: dict[str, str] = {
    "lifetime-changed": "The lifetime was changed",
    "nat-traversal": "There is a translation between the ends: IKE and ESP go over UDP 4500",
}

#: A message that nobody answered means what the step says that it belongs to.
UNANSWERED: dict[str, str] = {
    "": "peer-unreachable",
    "MM1": "peer-unreachable",
    "MM2": "answer-lost",
    "MM3": "tunnel-group-missing",
    "MM4": "key-differs",
    "MM5": "key-differs",
    "AM1": "peer-unreachable",
    "AM2": "key-differs",
    "MM6": "quick-mode-unanswered",
    "AM3": "quick-mode-unanswered",
    "PHASE1": "quick-mode-unanswered",
    "QM1": "quick-mode-unanswered",
    "QM2": "quick-mode-unanswered",
    "INIT1": "peer-unreachable",
    "INIT2": "auth-unanswered",
    "AUTH1": "auth-unanswered",
}
