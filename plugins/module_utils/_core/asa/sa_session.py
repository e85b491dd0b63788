# Copyright: The netvpn.dynamic_l2l contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""What PIX/ASA print for ``show vpn-sessiondb [detail] l2l`` (asa-cli.md §6.4)."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any

from ..associations.sa import IkeSa, IpsecSa
from ..associations.text import Form, Found, identity

#: What stands before a colon, one or two to a row.
_KEYS = re.compile(
    r"(Connection|Index|IP Addr|Protocol|Encryption|Hashing|Bytes [TR]x|Pkts [TR]x(?: Drop)?|Login Time|Duration|"
    r"Filter Name|IPv6 Filter|Session ID|Tunnel ID|UDP Src Port|UDP Dst Port|IKE Neg Mode|Auth Mode|Rem Auth Mode|"
    r"Loc Auth Mode|(?:Rekey|Reval|SQ) (?:Int|Left) ?\([TD]\)|EoU Age ?\(T\)|Hold Left ?\(T\)|Posture Token|Redirect URL|"
    r"D/H Group|PRF|Local Addr|Remote Addr|Encapsulation|PFS Group|Idle Time Out|Idle TO Left|Tunnel Zone|Public IP|"
    r"Assigned IP|Username|Group Policy|Tunnel Group|VLAN Mapping|VLAN|Audt Sess ID|Security Grp) ?:(?: |$)"
)

_HEADS = {"IKE:": 1, "IKEv1:": 1, "IKEv2:": 2, "IPsec:": 0, "IPSec:": 0, "IPsecOverNatT:": 0}

#: Numbers of tunnels, which are counted anyway; network admission control.
_UNNEEDED = re.compile(r"NAC:|(?:IKE|IKEv1|IKEv2|IPsec|IPSec|IPsecOverNatT) (?:Tunnels|Sessions): .*")


class Sessions(Form):
    """A session as its IKE SA and its IPsec SAs.

    The list has no states: what is in it is up. Without ``detail`` it tells neither identities nor SPIs: the session's
    bytes are those of one IPsec SA without identities. With it each ``IPsec`` part is an SA pair, so ``active`` is 2.
    """

    def __init__(self, found: Found, words: Sequence[str] = ()) -> None:
        super().__init__(found, words)
        self._session: dict[str, str] = {}
        self._parts: list[tuple[str, dict[str, str]]] = []
        self._idents: dict[int, dict[str, Any]] = {}

    def take(self, row: str) -> bool:
        if row in _HEADS or _UNNEEDED.fullmatch(row):
            self._parts.append((row, {}))
            return True
        if row.startswith(("Session Type:", "INFO: There are presently no active sessions")):
            return True
        before, *rest = _KEYS.split(row)
        if before or not rest:
            return False
        for at in range(0, len(rest), 2):
            key, value = rest[at], rest[at + 1]
            if key == "Connection":
                self._close()
            text = value.strip()
            if key in ("Local Addr", "Remote Addr"):
                side = identity(text if text.count("/") == 3 else f"{text}/0/0")
                self._idents.setdefault(len(self._parts), {})["local" if key == "Local Addr" else "remote"] = side
            (self._parts[-1][1] if self._parts else self._session)[key] = text
        return True

    def _close(self) -> None:
        session = self._session
        if session:
            peer = session.get("IP Addr", "")
            version = 2 if "IKEv2" in session.get("Protocol", "") else 1
            self._close_ike(peer, version)
            pairs = [place for place, (head, _told) in enumerate(self._parts, 1) if _HEADS.get(head) == 0]
            for place in pairs:
                self._close_pair(peer, version, place)
            if not self._parts:
                # Which of the two directions has how many packets is told by detail only.
                self.found.ipsec.append(IpsecSa(peer, version=version, counters=_numbers(session)))
            self.found.truncated |= not peer or (bool(self._parts) and not pairs and "IPsec" in session["Protocol"])
        self._session, self._parts, self._idents = {}, [], {}

    def _close_ike(self, peer: str, version: int) -> None:
        told: dict[str, str] = next((told for head, told in self._parts if _HEADS.get(head)), {})
        sa: dict[str, Any] = {"up": True, "version": version, "session": self._session.get("Index", "")}
        if told:
            sa.update(
                encryption=told.get("Encryption", ""),
                hash=told.get("Hashing", ""),
                authentication=told.get("Auth Mode") or told.get("Rem Auth Mode", ""),
                group=_number(told, "D/H Group"),
                lifetime=_number(told, "Rekey Int (T)"),
                remaining=_number(told, "Rekey Left(T)"),
                port=_number(told, "UDP Dst Port"),
            )
        if "Protocol" in self._session:
            sa["nat_t"] = "OverNatT" in self._session["Protocol"]
        self.found.ike.append(IkeSa(peer, **sa))

    def _close_pair(self, peer: str, version: int, place: int) -> None:
        told = self._parts[place - 1][1]
        self.found.truncated |= "Pkts Tx" not in told
        group = told.get("PFS Group")
        self.found.ipsec.append(
            IpsecSa(
                peer,
                version=version,
                counters=_numbers(told),
                pfs=f"group{group}" if group else "",
                active=2,
                **self._idents.get(place, {}),
            )
        )

    def end(self) -> None:
        self._close()


def _number(told: dict[str, str], key: str) -> int | None:
    word = told.get(key, "").partition(" ")[0]
    return int(word) if word.isdecimal() else None


def _numbers(told: dict[str, str]) -> dict[str, int]:
    """Counters, and what is left of the lifetime, under the device's words."""
    names = {
        "Bytes Tx": "bytes_tx",
        "Bytes Rx": "bytes_rx",
        "Pkts Tx": "pkts_tx",
        "Pkts Rx": "pkts_rx",
        "Pkts Tx Drop": "pkts_tx_drop",
        "Pkts Rx Drop": "pkts_rx_drop",
        "Rekey Left(T)": "rekey_left_seconds",
        "Rekey Left(D)": "rekey_left_kilobytes",
    }
    found = {name: _number(told, key) for key, name in names.items()}
    return {name: number for name, number in found.items() if number is not None}
