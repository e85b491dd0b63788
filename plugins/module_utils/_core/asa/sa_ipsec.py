# Copyright: The netvpn.dynamic_l2l contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""What PIX/ASA print for ``show crypto ipsec sa``, in all its forms (asa-cli.md §6.3)."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any

from ..associations.sa import IpsecSa, Spi
from ..associations.text import Form, Found, Lines, counters, endpoint, identity, spi


class Ipsec(Form):
    """``show crypto ipsec sa`` in all its forms (asa-cli.md §6.3)."""

    def __init__(self, found: Found, words: Sequence[str] = ()) -> None:
        super().__init__(found, words)
        self._interface = ""
        self._block: dict[str, Any] | None = None
        self._way = ""
        self._spi: dict[str, Any] | None = None
        self._whole = False

    def take(self, row: str) -> bool:
        if row.startswith("#"):
            return self._block is not None and counters(row, self._block["counters"])
        return _LINES.take(self, row)

    # -- the block

    def _take_interface(self, row: str) -> None:
        self._close()
        self._interface = row.split()[1]

    def _take_peer_head(self, _row: str) -> None:
        # ``show crypto ipsec sa entry``: blocks by peer instead of by interface.
        self._close()
        self._interface = ""

    def _take_map(self, row: str) -> None:
        self._close()
        self._block = {"peer": "", "interface": self._interface, "counters": {}}
        for item in row.split(", "):
            key, _sep, value = item.partition(": ")
            if key == "Crypto map tag":
                self._block["map"] = value
            elif key == "seq num":
                self._block["sequence"] = int(value)
            elif key == "local addr":
                self._block["local_address"] = value

    def _there(self) -> dict[str, Any]:
        if self._block is None:
            raise ValueError
        return self._block

    def _take_acl(self, row: str) -> None:
        self._there()["acl"] = row.split()[1]

    def _take_local(self, row: str) -> None:
        self._there()["local"] = identity(row.split()[-1])

    def _take_remote(self, row: str) -> None:
        self._there()["remote"] = identity(row.split()[-1])

    def _take_peer(self, row: str) -> None:
        self._there()["peer"] = row.split()[1].rstrip(",")

    def _take_endpoints(self, row: str) -> None:
        _address, port = endpoint(row.split()[-1])
        self._there()["port"] = port

    def _take_mtu(self, row: str) -> None:
        self._there()["mtu"] = int(row.split()[2].rstrip(","))

    # -- its SAs

    def _take_list(self, row: str) -> None:
        self._close_spi()
        self._there()
        self._way = row.split()[0]

    def _take_spi(self, row: str) -> None:
        self._close_spi()
        self._there()
        if not self._way:
            raise ValueError
        self._spi = {"spi": spi(row.split(maxsplit=1)[1])}
        self._whole = False

    def _sa(self) -> dict[str, Any]:
        if self._spi is None:
            raise ValueError
        return self._spi

    def _take_state(self, row: str) -> None:
        self._sa()["active"] = row.split()[-1] == "active"

    def _take_transform(self, row: str) -> None:
        self._sa()["transform"] = row.partition(": ")[2]

    def _take_settings(self, row: str) -> None:
        settings = re.split(r" ?, ?", row.partition("{")[2].strip("}, "))
        sa = self._sa()
        sa["mode"] = next((word.lower() for word in settings if word in ("Tunnel", "Transport")), "")
        sa["nat_t"] = "NAT-T-Encaps" in settings
        for word in settings:
            if word in ("IKEv1", "IKEv2"):
                self._there()["version"] = int(word[-1])
            elif word.startswith("PFS Group "):
                self._there()["pfs"] = f"group{word.split()[2]}"

    def _take_timing(self, row: str) -> None:
        unit, _sep, value = row.partition("remaining key lifetime ")[2].partition(": ")
        numbers = value.strip("()").split("/")
        self._sa()["remaining_seconds"] = int(numbers[-1])
        if len(numbers) == 2 and "/" in unit:
            self._sa()["remaining_kilobytes"] = int(numbers[0])

    def _take_last(self, _row: str) -> None:
        self._sa()
        self._whole = self._way == "outbound"

    def _close_spi(self) -> None:
        if self._spi is not None and self._block is not None:
            self._block.setdefault(self._way, []).append(Spi(**self._spi))
        self._spi = None

    def _close(self) -> None:
        self._close_spi()
        if self._block is not None:
            block = self._block
            block["inbound"] = tuple(block.get("inbound", ()))
            block["outbound"] = tuple(block.get("outbound", ()))
            self.found.truncated |= not (self._whole or "identity" in self.words)
            self.found.ipsec.append(IpsecSa(**block))
        self._block, self._way, self._whole = None, "", False

    def end(self) -> None:
        begun = bool(self._interface) and not self.found.ipsec and self._block is None
        self._close()
        self.found.truncated |= begun


_TABLE = (
    ("spi:", Ipsec._take_spi),
    ("SA State:", Ipsec._take_state),
    ("transform:", Ipsec._take_transform),
    ("in use settings", Ipsec._take_settings),
    ("sa timing:", Ipsec._take_timing),
    ("replay detection support:", Ipsec._take_last),
    ("inbound ", Ipsec._take_list),
    ("outbound ", Ipsec._take_list),
    ("Crypto map tag:", Ipsec._take_map),
    ("access-list ", Ipsec._take_acl),
    ("local ident", Ipsec._take_local),
    ("remote ident", Ipsec._take_remote),
    ("current_peer:", Ipsec._take_peer),
    ("local crypto endpt.", Ipsec._take_endpoints),
    ("path mtu", Ipsec._take_mtu),
    ("interface:", Ipsec._take_interface),
    ("peer address:", Ipsec._take_peer_head),
)

#: Lines that say nothing that is not read elsewhere.
_UNNEEDED = (
    "There are no ipsec sas",
    "Protected vrf",
    "dynamic allocated peer ip",
    "current outbound spi",
    "current inbound spi",
    "PMTU time remaining",
    "ICMP error validation",
    "slot:",
    "IV size:",
    "Anti replay bitmap:",
    "0x",
)

_LINES = Lines(_TABLE, _UNNEEDED)
