# Copyright: The netvpn.dynamic_l2l contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""IKEv2 SAs as both platforms print them, in nearly the same lines (asa-cli.md §6.2, ios-show.md C3.2, C3.3)."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any

from .sa import IkeSa, IpsecSa, Spi
from .text import Form, Found, Lines, endpoint, selector, spi

#: A network that the other end announced: ``10.255.1.238 255.255.255.255``.
_SUBNET = re.compile(r"[0-9.]+ [0-9.]+")


class Ikev2(Form):
    """``show crypto ikev2 sa [detail]``, ``show crypto ikev2 session``.

    Child SAs become IPsec SAs with their identities and SPIs; what else is known of them, ``show crypto ipsec sa`` tells.
    """

    def __init__(self, found: Found, words: Sequence[str] = ()) -> None:
        super().__init__(found, words)
        self._columns: list[str] = []
        self._sections: set[str] = set()
        self._session = ""
        self._missing = 0
        self._sa: dict[str, Any] | None = None
        self._child: dict[str, Any] | None = None

    def take(self, row: str) -> bool:
        if _LINES.take(self, row):
            return True
        words = row.split()
        if words[0].isdecimal() and len(words) == len(self._columns):
            self._take_row(words)
            return True
        if " -> " in row:
            return self._take_pair(row)
        return bool(_SUBNET.fullmatch(row))

    def _take_section(self, row: str) -> None:
        self._close()
        self._sections.add(row.split()[0])

    def _take_session(self, row: str) -> None:
        self._close()
        told = dict(item.partition(":")[::2] for item in row.split(", "))
        self._session = told["Session-id"]
        self._missing += int(told["CHILD count"])

    def _take_columns(self, row: str) -> None:
        self._close()
        self._columns = row.split()

    def _take_row(self, words: list[str]) -> None:
        self._close()
        told = {column: words[place] for place, column in enumerate(self._columns)}
        self._sa = {
            "version": 2,
            "identifier": words[0],
            "session": self._session,
            "state": told.get("Status", ""),
            "up": told.get("Status") == "READY",
            "role": told.get("Role", "").lower(),
        }
        if "Local" in told:
            self._sa["local"], _port = endpoint(told["Local"])
            self._sa["peer"], self._sa["port"] = endpoint(told["Remote"])

    def _there(self) -> dict[str, Any]:
        if self._sa is None:
            raise ValueError
        return self._sa

    def _take_side(self, row: str) -> None:
        side, word, *rest = row.split()
        if word == "subnets:":
            return
        if rest:
            if word not in _OF_A_SIDE:
                raise ValueError
        elif side == "Local":
            # IPv6: addresses on rows of their own.
            self._there()["local"], _port = endpoint(word)
        else:
            self._there()["peer"], self._there()["port"] = endpoint(word)

    def _take_suite(self, row: str) -> None:
        told = {key: value.strip() for key, _sep, value in (item.partition(":") for item in row.split(","))}
        told = {key.strip(): value for key, value in told.items()}
        encryption = told["Encr"] + (f"-{told['keysize']}" if "keysize" in told else "")
        if "esp_hmac" in told:
            if self._child is None:
                raise ValueError
            self._child["transform"] = f"{encryption} {told['esp_hmac']}"
            return
        sign, verify = told["Auth sign"], told["Auth verify"]
        self._there().update(
            encryption=encryption,
            hash=told["Hash"],
            group=int(told["DH Grp"]),
            authentication=sign if sign == verify else f"{sign}/{verify}",
        )

    def _take_time(self, row: str) -> None:
        lifetime, active = row.partition(": ")[2].split()[0].split("/")
        self._there().update(lifetime=int(lifetime), remaining=max(0, int(lifetime) - int(active)))

    def _take_session_id(self, row: str) -> None:
        self._there()["session"] = row.partition("Session-id: ")[2]

    def _take_nat(self, row: str) -> None:
        self._there()["nat_t"] = not row.startswith("NAT-T is not")

    def _take_initiator(self, row: str) -> None:
        self._there()["role"] = "initiator" if row.endswith("Yes") else "responder"

    # -- child SAs

    def _take_child(self, row: str) -> None:
        self._close_child()
        self._there()
        self._child = {}
        if "local selector" in row:
            self._child["local"] = selector(row.partition("local selector ")[2])

    def _take_child_remote(self, row: str) -> None:
        if self._child is None:
            raise ValueError
        self._child["remote"] = selector(row.partition("remote selector ")[2])

    def _take_pair(self, row: str) -> bool:
        # Newer XE: ``local selector -> remote selector``, then a row for each pair.
        if self._child is None:
            return False
        if not row.startswith("local selector"):
            local, remote = row.split(" -> ")
            self._child.update(local=selector(local), remote=selector(remote))
        return True

    def _take_spis(self, row: str) -> None:
        if self._child is None:
            raise ValueError
        self._child["inbound"], self._child["outbound"] = map(spi, row.partition(": ")[2].split("/"))

    def _close_child(self) -> None:
        if self._child is not None and self._sa is not None:
            child, sa = self._child, self._sa
            self._missing -= 1
            self.found.truncated |= "outbound" not in child
            transform = child.get("transform", "")
            inbound, outbound = (
                (Spi(child[way], transform),) if way in child else () for way in ("inbound", "outbound")
            )
            self.found.ipsec.append(
                IpsecSa(
                    sa.get("peer", ""),
                    sa.get("local", ""),
                    version=2,
                    local=child.get("local"),
                    remote=child.get("remote"),
                    port=sa.get("port"),
                    inbound=inbound,
                    outbound=outbound,
                )
            )
        self._child = None

    def _close(self) -> None:
        self._close_child()
        if self._sa is not None:
            self.found.truncated |= "lifetime" not in self._sa
            self.found.ike.append(IkeSa(**{"peer": "", **self._sa}))
        self._sa = None

    def end(self) -> None:
        self._close()
        # IOS prints both section lines, whatever stands below them; the ASA says how many child SAs follow.
        self.found.truncated |= self._sections == {"IPv4"} or self._missing > 0


_TABLE = (
    ("IPv4 Crypto IKEv2 S", Ikev2._take_section),
    ("IPv6 Crypto IKEv2 S", Ikev2._take_section),
    ("Session-id:", Ikev2._take_session),
    ("Tunnel-id ", Ikev2._take_columns),
    ("Local ", Ikev2._take_side),
    ("Remote ", Ikev2._take_side),
    ("Encr: ", Ikev2._take_suite),
    ("Life/Active Time: ", Ikev2._take_time),
    ("CE id: ", Ikev2._take_session_id),
    ("NAT-T is ", Ikev2._take_nat),
    ("Initiator of SA", Ikev2._take_initiator),
    ("Child sa:", Ikev2._take_child),
    ("remote selector ", Ikev2._take_child_remote),
    ("ESP spi in/out: ", Ikev2._take_spis),
)

#: ``Local spi: …  Remote spi: …`` and so on: cookies, names, counters of messages.
_OF_A_SIDE = ("spi:", "id:", "req", "next", "window:", "Sys")

#: Lines that say nothing that is needed: counters of messages, names, what is configured, the other end's networks.
_UNNEEDED = (
    "IKEv2 SAs:",
    "There are no IKEv2 SAs",
    "Status Description:",
    "DPD configured for",
    "Fragmentation ",
    "Dynamic Route Update:",
    "Extended Authentication ",
    "Cisco Trust Security SGT",
    "Pushed IP address:",
    "PEER TYPE:",
    "Quantum-",
    "PQC Key Exchange:",
    "AH spi in/out:",
    "CPI in/out:",
    "ah_hmac:",
)

_LINES = Lines(_TABLE, _UNNEEDED)
