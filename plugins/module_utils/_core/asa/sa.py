# Copyright: The netvpn.dynamic_l2l contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""What PIX/ASA 7.0 to 9.x prints of its SAs. Shapes: asa-cli.md §6, failures.md "Show output"."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any

from ..associations.ikev2 import Ikev2
from ..associations.sa import IkeSa
from ..associations.text import Form, Found, Reader
from .sa_ipsec import Ipsec
from .sa_session import Sessions

#: States of an IKEv1 SA that can carry negotiations (asa-cli.md §6.1).
UP_STATES = ("MM_ACTIVE", "AM_ACTIVE")


class Isakmp(Form):
    """``show crypto isakmp sa`` and ``show crypto ikev1 sa``, plain and detail (asa-cli.md §6.1)."""

    def __init__(self, found: Found, words: Sequence[str] = ()) -> None:
        super().__init__(found, words)
        self._sa: dict[str, Any] | None = None
        self._total: int | None = None
        self._count = 0

    def take(self, row: str) -> bool:
        if found := re.fullmatch(r"(\d+ )?IKE Peer: ?(\S+)", row):
            self._close()
            self._sa = {"peer": found[2]}
            return True
        words = row.split()
        if len(words) == 10 and words[0].isdecimal():
            return self._take_table(words)
        if found := re.match(r"Total IKE SA: (\d+)", row):
            self._total = int(found[1])
            return True
        if self._sa is not None and (pairs := dict(_PAIR.findall(row))):
            return self._take_pairs(pairs)
        return row.startswith(_ISAKMP_UNNEEDED)

    def _take_pairs(self, pairs: dict[str, str]) -> bool:
        sa = self._sa or {}
        for key, value in pairs.items():
            if key == "Role":
                sa["role"] = value
            elif key == "Rekey":
                sa["rekey"] = value == "yes"
            elif key == "State":
                sa.update(state=value, up=value.upper() in UP_STATES)
            elif key == "Encrypt":
                sa["encryption"] = value
            elif key == "Hash":
                sa["hash"] = value
            elif key == "Auth":
                sa["authentication"] = value
            elif key == "Lifetime":
                sa["lifetime"] = int(value)
            elif key == "Lifetime Remaining":
                sa["remaining"] = int(value)
            elif key == "D/H Group":
                sa["group"] = int(value)
            elif key != "Type":
                return False
        return True

    def _take_table(self, words: list[str]) -> bool:
        # ``IKE Peer Type Dir Rky State Encrypt Hash Auth Lifetime``: a sample of the command reference.
        _number, peer, _type, direction, rekey, state, encryption, hash_, authentication, lifetime = words
        self._close()
        self._sa = {
            "peer": peer,
            "role": {"Resp": "responder", "Init": "initiator"}.get(direction, ""),
            "rekey": rekey == "Yes",
            "state": state,
            "up": state.upper() in UP_STATES,
            "encryption": encryption,
            "hash": hash_,
            "authentication": authentication,
            "lifetime": int(lifetime),
        }
        return True

    def _close(self) -> None:
        if self._sa is not None:
            self.found.truncated |= "state" not in self._sa
            self._count += 1
            self.found.ike.append(IkeSa(**self._sa))
        self._sa = None

    def end(self) -> None:
        self._close()
        self.found.truncated |= self._total is not None and self._count < self._total


_PAIR = re.compile(r"(Type|Role|Rekey|State|Encrypt|Hash|Auth|Lifetime Remaining|Lifetime|D/H Group) ?: ?(\S+)")

_ISAKMP_UNNEEDED = ("IKEv1 SAs:", "Active SA:", "Rekey SA:", "There are no ", "IKE Peer Type Dir ")


def _begins(row: str) -> str:
    if row.startswith(("interface:", "peer address:", "Crypto map tag:", "There are no ipsec sas")):
        return "ipsec"
    if row.startswith(("IKEv1 SAs:", "Active SA:", "There are no isakmp sas", "There are no IKEv1 ", "IKE Peer")):
        return "isakmp"
    if row.startswith(("IKEv2 SAs:", "Session-id:", "Tunnel-id ", "There are no IKEv2 ")):
        return "ikev2"
    return "session" if row.startswith(("Session Type:", "INFO: There are presently no active sessions")) else ""


READER = Reader(
    forms={"isakmp": Isakmp, "ikev2": Ikev2, "ipsec": Ipsec, "session": Sessions},
    commands={
        ("crypto", "isakmp", "sa"): "isakmp",
        ("crypto", "ikev1", "sa"): "isakmp",
        ("crypto", "ikev2", "sa"): "ikev2",
        ("isakmp", "sa"): "isakmp",
        ("crypto", "ipsec", "sa"): "ipsec",
        ("ipsec", "sa"): "ipsec",
        ("vpn-sessiondb", "l2l"): "session",
        ("vpn-sessiondb", "detail", "l2l"): "session",
    },
    begins=_begins,
)
