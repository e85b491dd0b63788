# Copyright: The netvpn.dynamic_l2l contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""How IOS releases write, show and answer. One dialect per band of releases; all of it data."""

from __future__ import annotations

import re
from dataclasses import dataclass

from ..algorithms import IkeProposal, Spelling
from ..associations.clear import Words
from ..associations.text import Shows
from ..diagnosis.debugging import Debug, Debugging
from ..errors import InputError
from ..session import Cli

_SPELLING = Spelling(
    ike={"des": "des", "3des": "3des", "aes128": "aes", "aes192": "aes 192", "aes256": "aes 256"},
    esp={"des": "esp-des", "3des": "esp-3des", "aes128": "esp-aes", "aes192": "esp-aes 192", "aes256": "esp-aes 256"},
    integrity={"md5": "esp-md5-hmac", "sha": "esp-sha-hmac"},
    # Group 14 came with 12.4(20)T; ``version 12.4`` does not tell the train.
    groups=(1, 2, 5),
)

#: How every release of the platform is spoken to.
CLI = Cli(
    # Two blanks: the connection drops output lines that equal the command.
    reads=("show  running-config",),
    # Sequence numbers are not in the running config of 12.4 ("not nvgened").
    supplements=("show  access-lists",),
    first_line=r"Building configuration\.\.\.|Current configuration : \d+ bytes",
    trailer=r"end",
    harmless=(
        r"% NOTE: This new crypto map will remain disabled until a peer",
        r"and a valid access list have been configured\.",
        # to ``clear ip nat translation …`` of a translation that ended meanwhile: ios-session.md, "NAT"
        r"% ?Translation not found",
    ),
    levels=("show  privilege",),
    save="write memory",
    saved=r"\[OK\]",
)


#: What shows SAs. The table tells state and role, its ``detail`` the side, algorithms and lifetime (ios-show.md C1.1, C1.2).
SHOWS = Shows(
    ike=(("show  crypto isakmp sa", "show  crypto isakmp sa detail"),),
    also=("show  crypto ikev2 sa detailed",),
    ipsec="show  crypto ipsec sa",
)


#: ios-show.md C6; the load: "show processes cpu" of Cisco's case studies, its first line.
DEBUGGING = Debugging(
    busy="show  processes cpu",
    load=r"CPU utilization for five seconds: (\d+)%",
    shows="show  debugging",
    debugs=(
        Debug("debug crypto isakmp", "no debug crypto isakmp", r"Crypto ISAKMP debugging is on"),
        Debug("debug crypto ipsec", "no debug crypto ipsec", r"Crypto IPSEC debugging is on"),
    ),
    condition="debug crypto condition peer ipv4 {peer}",
    uncondition="no debug crypto condition peer ipv4 {peer}",
    last="show  privilege",
    monitor="terminal monitor",
    unmonitor="terminal no monitor",
)


@dataclass(frozen=True)
class Dialect:
    """One band of releases. ``default_policy`` is what an IKE policy means where it shows no line."""

    name: str
    spelling: Spelling = _SPELLING
    cli: Cli = CLI
    default_policy: IkeProposal = IkeProposal("des", "sha", 1, 86400)


#: ios-show.md C5; ``entry``: ``clear crypto sa`` reference, IOS 11.3 T to 12.2. ``clear crypto isakmp`` takes the conn-id
#: that ``show crypto isakmp sa`` prints. ``do``: 12.3 and later (ios-nat-acl.md D4.4 has it in an EEM script).
CLEARS = Words(
    ipsec_all="clear crypto sa",
    ipsec_peer="clear crypto sa peer {peer}",
    ipsec_entry="clear crypto sa entry {address} esp {spi}",
    ike_all={1: "clear crypto isakmp", 2: "clear crypto ikev2 sa"},
    ike_one={1: "clear crypto isakmp {identifier}", 2: "clear crypto ikev2 sa remote {peer}"},
    configuring="do ",
    answers=True,
)


def clears(_version: str) -> Words:
    """How the release clears SAs: all alike."""
    return CLEARS


IOS_12_4 = Dialect("IOS 12.4")


def for_version(version: str) -> Dialect:
    """The dialect of ``12.4``. Raises InputError for releases that are not supported."""
    # ``12.4``, ``12.4(6)T2``, ``12.4T``; nothing else, for it is repeated in messages.
    number = re.fullmatch(r"([0-9]{1,2})\.([0-9]{1,2})([(.A-Za-z][0-9A-Za-z().]*)?", version)
    if not number:
        raise InputError(
            "version",
            version or None,
            "this release of IOS is not supported: it is not written as one",
            "Supported is 12.4, written as 12.4 or 12.4(6)T2",
        )
    release = (int(number[1]), int(number[2]))
    if release < (12, 4):
        raise InputError(
            "version",
            version,
            "this release of IOS is too old",
            "Supported is 12.4: upgrade the router, or keep its tunnels by hand",
        )
    if release > (12, 4):
        raise InputError(
            "version",
            version,
            "IOS 15 and IOS XE write keys and lists in another way, which is not supported yet",
            "Supported is 12.4",
        )
    return IOS_12_4
