# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: The netvpn.dynamic_l2l contributors
"""What the devices do with their logs, as facts with source and grade: part of the table of facts.py."""

from __future__ import annotations

from ..engine import Grade
from .facts import BOTH, IOS, LOGS, PIX, Fact

FACTS = (
    Fact(
        "log-success",
        BOTH,
        LOGS,
        "A negotiation that succeeds logs the lines of the reference scenario's four debug logs, with its own values.",
        "seed; lines that the seed lost: ios-show.md C7",
        Grade.SEED,
    ),
    Fact(
        "log-failures",
        BOTH,
        LOGS,
        "A negotiation that fails logs the lines that its platform's captures have for that failure.",
        "failures.md; ios-show.md C7.6; asa-cli.md 8",
        Grade.CAPTURE,
    ),
    Fact(
        "log-failures-unsourced",
        BOTH,
        LOGS,
        "PIX `had problems decrypting packet`, IOS `reserved not zero`, `Death by retransmission`, dead peers and quick "
        "modes without an answer; IOS `IKMP_MODE_FAILURE` for main mode alone.",
        "named in failures.md and ios-show.md C7.6, C8 without a capture",
        Grade.RECALL,
    ),
    Fact(
        "log-pix-messages",
        PIX,
        LOGS,
        "The lines of `debug crypto isakmp` are log messages at once, `%PIX-SEVERITY-NUMBER: ` before the same text.",
        "debug and syslog of one event of an ASA 8.0.4; samples of a PIX; the syslog guide for numbers",
        Grade.CAPTURE,
    ),
    Fact(
        "log-pix-session",
        PIX,
        LOGS,
        "Debugs belong to the session that asked for them and end with it; log messages need `terminal monitor`.",
        "none",
        Grade.RECALL,
    ),
    Fact(
        "log-pix-levels",
        PIX,
        LOGS,
        "`debug crypto isakmp` shows lines with `[IKEv1]` from level 1 on, all others from level 7 on; `debug crypto ipsec` "
        "shows nothing below 7.",
        "seed for level 7; lower ones: none",
        Grade.RECALL,
    ),
    Fact(
        "log-ios-monitor",
        IOS,
        LOGS,
        "Debug lines are log messages of level 7: a session sees them after `terminal monitor`, the buffer holds them with "
        "`logging buffered`; without `service timestamps` they bear no time.",
        "ios-show.md C6 (Cisco document 10374; captures)",
        Grade.CAPTURE,
    ),
    Fact(
        "log-ios-condition",
        IOS,
        LOGS,
        "With `debug crypto condition peer ipv4` debugs show what is about that peer alone.",
        "Cisco, Crypto Conditional Debug Support; no capture (ios-show.md C6)",
        Grade.VENDOR,
    ),
    Fact(
        "log-pix-no-connection",
        PIX,
        LOGS,
        "Each segment of TCP that is dropped since it belongs to no connection logs 106015, with the addresses that it came "
        "with.",
        "SYS 106015; samples of a PIX, an FWSM and an ASA; that it has the addresses before translation: recall",
        Grade.VENDOR,
    ),
    Fact(
        "log-own-line",
        BOTH,
        LOGS,
        "What a device prints by itself begins on a line of its own; the prompt is not repeated.",
        "ios-session.md 1.6; PIX: none",
        Grade.CAPTURE,
    ),
    Fact(
        "log-behind",
        BOTH,
        LOGS,
        "It never stands within the answer to a command, at a page or a question: it comes behind the next prompt.",
        "none; a router's long ping lets it through (ios-show.md C9.5)",
        Grade.RECALL,
    ),
    Fact(
        "log-payloads",
        PIX,
        LOGS,
        "The payloads that it names are those that a PIX sends and gets from a router; the lengths are those of the wire.",
        "seed",
        Grade.SEED,
    ),
    Fact(
        "log-initial-contact",
        IOS,
        LOGS,
        "The first quick mode of each phase 1 that it answers logs an INITIAL-CONTACT, as a PIX sends it; strongSwan's does "
        "not, and nothing ends by it.",
        "seed",
        Grade.SEED,
    ),
    Fact(
        "log-made-up",
        BOTH,
        LOGS,
        "Addresses in memory, handles, numbers of rules and sessions and the sequence numbers of keepalives are made up; the "
        "lifetime of an offered IKE policy is that of the router's own.",
        "none",
        Grade.RECALL,
    ),
    Fact(
        "show-logging",
        BOTH,
        LOGS,
        "`show logging`: header of captures of 12.x and of an ASA 8, then the last lines that fit into the buffer.",
        "ios-show.md C6; captures",
        Grade.CAPTURE,
    ),
)
