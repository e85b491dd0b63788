# Copyright: The netvpn.dynamic_l2l contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""How PIX/ASA releases write, show and answer. One dialect per band of releases; all of it data."""

from __future__ import annotations

import re
from dataclasses import dataclass, replace

from ..algorithms import Spelling
from ..associations.clear import Words
from ..associations.text import Shows
from ..diagnosis.debugging import Debug, Debugging
from ..errors import InputError
from ..session import Cli

_SPELLING = Spelling(
    ike={"des": "des", "3des": "3des", "aes128": "aes", "aes192": "aes-192", "aes256": "aes-256"},
    esp={"des": "esp-des", "3des": "esp-3des", "aes128": "esp-aes", "aes192": "esp-aes-192", "aes256": "esp-aes-256"},
    integrity={"md5": "esp-md5-hmac", "sha": "esp-sha-hmac"},
    # Group 14 for IKEv1 came with 9.13.
    groups=(1, 2, 5),
)

#: Answers that are no refusal. WARNING and INFO texts: CLI guides 7.0 and 7.2 and the answers that a production
#: tool accepts (Netspoc-Approve, asa/device.go); whatever is not here is a failure.
_HARMLESS = (
    r"WARNING: The crypto map entry (is|will be) incomplete!",
    r"WARNING: (For IKEv1, )?L2L tunnel-groups that have names which are not an IP",
    r"address may only be used if the tunnel authentication",
    r"method is Digital Certificates and/or The peer is",
    r"configured to use Aggressive Mode",
    r"INFO: .*",
    r"\S+ interface address added to PAT pool",
    r"nat 0 \S+ will be (identity translated for outbound|non-translated)",
    r"Global \S+ will be Port Address Translated",
)

#: IKE policy that some releases carry by themselves; never sent, removed, or matched to an intent.
BUILT_IN_POLICY = 65535

#: How every release of the platform is spoken to.
CLI = Cli(
    # ``more system:running-config`` shows the keys in clear text, ``show running-config`` masks them; the first may
    # be refused by command authorization. Two blanks: the connection drops output lines that equal the command.
    reads=("more  system:running-config", "show  running-config"),
    supplements=(),
    first_line=r"(: Saved|:|(PIX|ASA) Version \S+.*)",
    trailer=r": end",
    epilogue=r"(no )?asdm .*",
    harmless=_HARMLESS,
    levels=("show  curpriv",),
    save="write memory",
    saved=r"\[OK\]",
)


#: What shows SAs. From 8.4 on each version of IKE has its own, before there is one (asa-cli.md §6.1, §6.2); which, the
#: device's answer tells.
SHOWS = Shows(
    ike=(("show  crypto ikev1 sa detail", "show  crypto ikev2 sa detail"), ("show  crypto isakmp sa detail",)),
    also=(),
    ipsec="show  crypto ipsec sa",
)


#: Load: third-party captures of ``show cpu usage``. Level 7: the reference document's own logs. ``show debug`` names
#: the command that is on (command reference 6.x); 7.2 has no condition, 8.0 and later have (asa-cli.md).
DEBUGGING = Debugging(
    busy="show  cpu usage",
    load=r"CPU utilization for 5 seconds = (\d+)%",
    shows="show  debug",
    debugs=(
        Debug("debug crypto isakmp 7", "no debug crypto isakmp", r"crypto (isakmp|ikev1)\b"),
        Debug("debug crypto ipsec 7", "no debug crypto ipsec", r"crypto ipsec\b"),
    ),
    condition="debug crypto condition peer {peer}",
    uncondition="no debug crypto condition peer {peer}",
    last="show  curpriv",
)


@dataclass(frozen=True)
class Dialect:
    """One band of releases.

    ``isakmp`` begins IKE lines; ``policy_block`` tells whether a policy is a block with five lines or five lines with
    one head; ``entry_at_once``: an entry of a bound map without both peer and access list stops the whole interface
    (sourced for PIX 6, assumed for 7.0 and 7.1), so its first lines share a write. ``packet_tracer``: there is the
    command of this name, which sends a packet as if it had come in at an interface (asa-cli.md §6.6).
    """

    name: str
    isakmp: str
    policy_block: bool
    entry_at_once: bool
    packet_tracer: bool
    spelling: Spelling = _SPELLING
    cli: Cli = CLI


#: asa-cli.md §7, and the reference document's ``clear [crypto] ipsec sa``, ``clear [crypto] isakmp sa``. ``entry``: the
#: PIX 6.3 command reference, crypto ipsec (its arguments by recall). Up to 8.3 nothing clears the IKE SAs of one peer
#: alone; its session can be logged off, by its tunnel group, whose name is its address with keys in main mode. Exec
#: commands are taken in configuration mode: CLI guide 7.2, "Command Modes and Prompts".
_LOGOFF = "vpn-sessiondb logoff tunnel-group {peer} noconfirm"
CLEARS_7_0 = Words(
    ipsec_all="clear ipsec sa",
    ipsec_peer="clear ipsec sa peer {peer}",
    ipsec_entry="clear ipsec sa entry {address} esp {spi}",
    ike_all={1: "clear isakmp sa"},
    session=_LOGOFF,
)
CLEARS_7_2 = Words(
    ipsec_all="clear crypto ipsec sa",
    ipsec_peer="clear crypto ipsec sa peer {peer}",
    ipsec_entry="clear crypto ipsec sa entry {address} esp {spi}",
    ike_all={1: "clear crypto isakmp sa"},
    session=_LOGOFF,
)
CLEARS_8_4 = replace(
    CLEARS_7_2,
    ike_all={1: "clear crypto ikev1 sa", 2: "clear crypto ikev2 sa"},
    ike_one={1: "clear crypto ikev1 sa {peer}", 2: "clear crypto ikev2 sa {peer}"},
    session="",
)

#: First release of each band, ascending. More releases can be cleared than configured.
_CLEARS: tuple[tuple[tuple[int, int], Words], ...] = (((7, 0), CLEARS_7_0), ((7, 2), CLEARS_7_2), ((8, 4), CLEARS_8_4))


def clears(version: str) -> Words:
    """How the release clears SAs; an unknown one as the oldest of its kind that is in service."""
    number = re.match(r"([0-9]{1,2})\.([0-9]{1,2})", version)
    release = (int(number[1]), int(number[2])) if number else (7, 2)
    return next((words for first, words in reversed(_CLEARS) if release >= first), CLEARS_7_0)


ASA_7_0 = Dialect("PIX/ASA 7.0-7.1", "isakmp", policy_block=False, entry_at_once=True, packet_tracer=False)
ASA_7_2 = Dialect("PIX/ASA 7.2-8.2", "crypto isakmp", policy_block=True, entry_at_once=False, packet_tracer=True)

#: First release of each band, ascending; ``None`` ends what is supported.
_BANDS: tuple[tuple[tuple[int, int], Dialect | None], ...] = (
    ((7, 0), ASA_7_0),
    ((7, 2), ASA_7_2),
    ((8, 3), None),
)


def for_version(version: str) -> Dialect:
    """The dialect of ``7.2(2)``. Raises InputError for releases that are not supported."""
    # ``7.2(2)``, ``8.0(4)28``, ``8.2``; nothing else, for it is repeated in messages.
    number = re.fullmatch(r"([0-9]{1,2})\.([0-9]{1,2})([(.][0-9().]*)?", version)
    if not number:
        raise InputError(
            "version",
            version or None,
            "this release of PIX/ASA is not supported: it is not written as one",
            "Supported are 7.0 to 8.2, written as 7.2(2)",
        )
    release = (int(number[1]), int(number[2]))
    if release < (7, 0):
        raise InputError(
            "version",
            version,
            "PIX 6.x has no tunnel groups and writes tunnels in another way",
            "Supported are 7.0 to 8.2: upgrade the PIX, or keep its tunnels by hand",
        )
    found = next(dialect for first, dialect in reversed(_BANDS) if release >= first)
    if found is None:
        raise InputError(
            "version",
            version,
            "from 8.3 on translation is written in another way, which is not supported yet",
            "Supported are 7.0 to 8.2",
        )
    return found
