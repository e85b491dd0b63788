# Copyright: The netvpn.dynamic_l2l contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""What IOS prints for ``show crypto ipsec sa``, in all its forms (ios-show.md C2)."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any

from ..associations.sa import IpsecSa, Spi
from ..associations.text import Form, Found, Lines, counters, endpoint, identity, spi


class Ipsec(Form):
    """``show crypto ipsec sa`` in all its forms (ios-show.md C2)."""

    def __init__(self, found: Found, words: Sequence[str] = ()) -> None:
        super().__init__(found, words)
        self._interface = ""
        self._map: dict[str, Any] = {}
        self._block: dict[str, Any] | None = None
        self._way = ""
        self._lists: set[str] = set()
        self._spi: dict[str, Any] | None = None
        self._nothing = False

    def take(self, row: str) -> bool:
        if row.startswith("#"):
            return self._block is not None and counters(row, self._block["counters"])
        return _LINES.take(self, row)

    # -- the block

    def _take_interface(self, row: str) -> None:
        self._close()
        self._interface = row.split()[1]
        self._map = {}

    def _take_map(self, row: str) -> None:
        self._close()
        name, _sep, address = row.partition(", ")
        self._map = {"map": name.split()[3], "local_address": address.split()[-1]}

    def _open(self, _row: str) -> None:
        self._close()
        self._block = {"peer": "", "interface": self._interface, "counters": {}, **self._map}

    def _take_local(self, row: str) -> None:
        # 12.2 has no line ``protected vrf`` that opens the block.
        if self._block is None or "local" in self._block:
            self._open(row)
        self._there()["local"] = identity(row.split()[-1])

    def _there(self) -> dict[str, Any]:
        if self._block is None:
            raise ValueError
        return self._block

    def _take_remote(self, row: str) -> None:
        self._there()["remote"] = identity(row.split()[-1])

    def _take_peer(self, row: str) -> None:
        words = row.split()
        peer, port = endpoint(words[1])
        self._there().update(peer=peer, port=int(words[3]) if words[2:3] == ["port"] else port)

    def _take_flags(self, row: str) -> None:
        # Made from a dynamic map: empty; from a static entry: origin_is_acl (ios-show.md C2.1).
        self._there()["dynamic"] = "origin_is_acl" not in row

    def _take_mtu(self, row: str) -> None:
        found = re.search(r"path mtu (\d+)", row)
        if found:
            self._there()["mtu"] = int(found[1])

    def _take_pfs(self, row: str) -> None:
        yes = row.split()[2].startswith("Y")
        self._there()["pfs"] = row.partition("DH group: ")[2].split(",")[0] if yes else "none"

    # -- its SAs

    def _take_list(self, row: str) -> None:
        self._close_spi()
        self._there()
        self._way = row.rpartition(" ")[0]
        self._lists.add(self._way)

    def _take_spi(self, row: str) -> None:
        self._close_spi()
        self._there()
        if not self._way:
            raise ValueError
        self._spi = {"spi": spi(row.split(maxsplit=1)[1])}

    def _sa(self) -> dict[str, Any]:
        if self._spi is None:
            raise ValueError
        return self._spi

    def _take_transform(self, row: str) -> None:
        self._sa()["transform"] = row.partition(":")[2].strip(" ,")

    def _take_settings(self, row: str) -> None:
        settings = re.split(r"[ ,]+", row.partition("{")[2].strip("} "))
        self._sa()["mode"] = settings[0].lower()
        self._sa()["nat_t"] = "UDP-Encaps" in settings

    def _take_timing(self, row: str) -> None:
        unit, _sep, value = row.partition("remaining key lifetime")[2].partition(":")
        if value:
            numbers = value.strip(" ()").split("/")
            self._sa()["remaining_seconds"] = int(numbers[-1])
            if len(numbers) == 2 and "/" in unit:
                self._sa()["remaining_kilobytes"] = int(numbers[0])
        else:
            factors = {"day": 86400, "hour": 3600, "min": 60, "sec": 1}
            parts = re.findall(r"(\d+) (day|hour|min|sec)", row)
            self._sa()["remaining_seconds"] = sum(int(number) * factors[word] for number, word in parts)

    def _take_status(self, row: str) -> None:
        self._sa()["active"] = row.split(":")[1].strip().startswith("ACTIVE")
        self._sa()["whole"] = True

    def _take_nothing(self, _row: str) -> None:
        self._close()
        self._nothing = True

    def _close_spi(self) -> None:
        if self._spi is not None and self._block is not None:
            # Every train ends an SA with its status (ios-show.md C2.1); 12.2 ends it before.
            self._spi.pop("whole", None)
            side = "inbound" if self._way.startswith("inbound") else "outbound"
            if " esp" in self._way or " ah" in self._way:
                self._block.setdefault(side, []).append(Spi(**self._spi))
        self._spi = None

    def _close(self) -> None:
        self._close_spi()
        if self._block is not None:
            block = self._block
            block["inbound"] = tuple(block.get("inbound", ()))
            block["outbound"] = tuple(block.get("outbound", ()))
            whole = "outbound pcp" in self._lists or (not self._lists and "identity" in self.words)
            self.found.truncated |= not whole
            self.found.ipsec.append(IpsecSa(**block))
        self._block, self._way, self._lists = None, "", set()

    def end(self) -> None:
        begun = bool(self._interface) and not self.found.ipsec and self._block is None
        self._close()
        self.found.truncated |= begun and not self._nothing


_TABLE = (
    ("spi:", Ipsec._take_spi),
    ("transform:", Ipsec._take_transform),
    ("in use settings", Ipsec._take_settings),
    ("sa timing:", Ipsec._take_timing),
    ("Status:", Ipsec._take_status),
    ("inbound ", Ipsec._take_list),
    ("outbound ", Ipsec._take_list),
    ("protected vrf:", Ipsec._open),
    ("local ident", Ipsec._take_local),
    ("remote ident", Ipsec._take_remote),
    ("current_peer", Ipsec._take_peer),
    ("PERMIT,", Ipsec._take_flags),
    ("path mtu", Ipsec._take_mtu),
    ("plaintext mtu", Ipsec._take_mtu),
    ("PFS (Y/N):", Ipsec._take_pfs),
    ("interface:", Ipsec._take_interface),
    ("Crypto map tag:", Ipsec._take_map),
    ("No SAs found", Ipsec._take_nothing),
)

#: Lines that say nothing that is not read elsewhere.
_UNNEEDED = (
    "local crypto endpt.",
    "remote crypto endpt.",
    "current outbound spi:",
    "conn id:",
    "slot:",
    "IV size:",
    "replay detection support:",
    "Kilobyte Volume Rekey has been disabled",
)

_LINES = Lines(_TABLE, _UNNEEDED)
