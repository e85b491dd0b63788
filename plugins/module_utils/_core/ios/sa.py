# Copyright: The netvpn.dynamic_l2l contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""What IOS 12.4 to XE 17 prints of its SAs. Shapes: ios-show.md C1 to C3, failures.md "Show output"."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from ..associations.ikev2 import Ikev2
from ..associations.sa import IkeSa
from ..associations.text import Form, Found, Reader, seconds
from .sa_ipsec import Ipsec
from .sa_session import Session

#: The state without which a negotiation has not come to its end (ios-show.md C1.1).
_UP = "QM_IDLE"

_STATUSES = ("ACTIVE", "STDBY")


class Isakmp(Form):
    """``show crypto isakmp sa``: a table in which ``dst`` is the responder, ``src`` the initiator (ios-show.md C1.1).

    With ``detail``: another one, of local side and peer, algorithms and what is left of the lifetime (C1.2).
    """

    def __init__(self, found: Found, words: Sequence[str] = ()) -> None:
        super().__init__(found, words)
        self._slot: bool | None = None
        self._sections: set[str] = set()

    def take(self, row: str) -> bool:
        words = row.split()
        if words[:2] == ["dst", "src"]:
            self._slot = "slot" in words
        elif words[1:] == ["Crypto", "ISAKMP", "SA"]:
            self._sections.add(words[0])
        elif len(words) > 3 and words[3].isdecimal() and not words[0].isdecimal():
            self._row(words)
        elif len(words) > 3 and words[0].isdecimal():
            return self._detail(words)
        elif words[0] == "Engine-id:Conn-id":
            # No number while keys are made, and again when the SA is given up.
            if words[-1] == "????" and self.found.ike:
                self.found.ike[-1] = replace(self.found.ike[-1], up=False)
        else:
            return row.startswith(_UNNEEDED)
        return True

    def _row(self, words: list[str]) -> None:
        dst, src, state, identifier, *rest = words
        slot = bool(rest) and rest[0].isdecimal() if self._slot is None else self._slot
        status = " ".join(rest[1:] if slot else rest)
        deleted = "(deleted)" in status
        up = state == _UP and not deleted and status != "STDBY"
        self.found.ike.append(IkeSa("", state=state, up=up, deleted=deleted, identifier=identifier, dst=dst, src=src))

    def _detail(self, words: list[str]) -> bool:
        identifier, local, peer, *rest = words
        at = next((place for place, word in enumerate(rest[:2]) if word in _STATUSES), None)
        if at is None:
            return False
        told = rest[at + 1 :]
        deleted = told[:1] == ["(deleted)"]
        told = told[deleted:]
        capabilities = told.pop() if told and told[-1].isalpha() and len(told) in (2, 6) else ""
        remaining = seconds(told.pop()) if told else None
        encryption, hash_, authentication, group = told if len(told) == 4 else ("", "", "", "")
        self.found.ike.append(
            IkeSa(
                peer,
                local,
                deleted=deleted,
                encryption=encryption,
                hash=hash_,
                authentication=authentication,
                group=int(group) if group else None,
                remaining=remaining,
                nat_t="N" in capabilities if encryption else None,
                identifier=identifier,
            )
        )
        return True

    def end(self) -> None:
        # 12.4T on prints both section lines, whatever stands below them.
        self.found.truncated |= self._sections == {"IPv4"}


#: The legend of ``detail``, its header.
_UNNEEDED = ("Codes: ", "K - ", "T - ", "X - ", "psk - ", "renc - ", "C-id Local ")


def _begins(row: str) -> str:
    first, _sep, rest = row.partition(" ")
    if first == "interface:" or row.startswith("Crypto map tag:") or row == "No SAs found":
        return "ipsec"
    if first in ("IPv4", "IPv6") and rest.startswith("Crypto "):
        return "isakmp" if rest == "Crypto ISAKMP SA" else "ikev2" if rest.startswith("Crypto IKEv2 S") else ""
    if (first == "dst" and rest.startswith("src ")) or (first == "C-id" and rest.startswith("Local ")):
        return "isakmp"
    if first == "Tunnel-id":
        return "ikev2"
    if first == "Codes:" and rest.startswith("C - IKE configuration mode"):
        return "isakmp"
    return "session" if row == "Crypto session current status" or first == "Interface:" else ""


READER = Reader(
    forms={"isakmp": Isakmp, "ikev2": Ikev2, "ipsec": Ipsec, "session": Session},
    commands={
        ("crypto", "isakmp", "sa"): "isakmp",
        ("crypto", "ikev2", "sa"): "ikev2",
        ("crypto", "ikev2", "session"): "ikev2",
        ("crypto", "ipsec", "sa"): "ipsec",
        ("crypto", "session"): "session",
    },
    begins=_begins,
)
