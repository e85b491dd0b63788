# Copyright: The netvpn.dynamic_l2l contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""What IOS prints for ``show crypto session [detail]`` (ios-show.md C3.1)."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from ..associations.sa import Identity, IkeSa, IpsecSa
from ..associations.text import PROTOCOLS, Form, Found, Lines, endpoint, identity6, seconds
from ..prefixes import Prefix


class Session(Form):
    """A session as IKE SAs and flows.

    ``state`` of each IKE SA is the word for the whole session (``UP-ACTIVE``, ``DOWN-NEGOTIATING``), ``up`` whether it
    is called Active itself. A flow has no SPIs here: ``active`` is their number. Its counters are ``pkts_decaps``,
    ``pkts_encaps`` (the device: ``#pkts dec'ed``, ``enc'ed``), ``inbound_drop``, ``outbound_drop``, and what is left of its
    life as ``inbound_seconds``, ``inbound_kilobytes`` and so on.
    """

    def __init__(self, found: Found, words: Sequence[str] = ()) -> None:
        super().__init__(found, words)
        self._start("")

    def _start(self, interface: str) -> None:
        self._interface, self._status, self._peer, self._session = interface, "", "", ""
        self._port: int | None = None
        self._ike: dict[str, Any] | None = None
        self._flow: dict[str, Any] | None = None

    def take(self, row: str) -> bool:
        return _LINES.take(self, row)

    def _take_interface(self, row: str) -> None:
        self.end()
        self._start(row.partition(": ")[2])

    def _take_status(self, row: str) -> None:
        self._status = row.partition(": ")[2]

    def _take_peer(self, row: str) -> None:
        words = row.split()
        self._peer, self._port = words[1], int(words[3])

    def _take_session(self, row: str) -> None:
        self._session = row.split()[2]

    def _take_ike(self, row: str) -> None:
        self._close_ike()
        words = row.split()
        self._ike = {"version": 2 if words[0] == "IKEv2" else 1, "session": self._session, "state": self._status}
        self._ike["local"], _port = endpoint(words[3])
        if len(words) > 4:
            self._take_remote(" ".join(words[4:]))

    def _take_remote(self, row: str) -> None:
        # An IPv6 address has a line of its own.
        _word, remote, status = row.split()
        if self._ike is None:
            raise ValueError
        self._ike["peer"], self._ike["port"] = endpoint(remote)
        self._ike["up"] = status == "Active"

    def _take_capabilities(self, row: str) -> None:
        if self._ike is None:
            raise ValueError
        told = dict(word.partition(":")[::2] for word in row.split())
        self._ike.update(
            nat_t="N" in told["Capabilities"].replace("(none)", ""),
            identifier=told["connid"],
            remaining=seconds(told["lifetime"]),
        )

    def _take_flow(self, row: str) -> None:
        self._close_flow()
        words = row.split()[2:]
        if words.pop(0) != "permit":
            raise ValueError
        protocol = PROTOCOLS[word] if (word := words.pop(0)) in PROTOCOLS else int(word)
        local, remote = _side(words, protocol), _side(words, protocol)
        if words:
            raise ValueError
        self._flow = {"local": local, "remote": remote, "counters": {}}

    def _take_active(self, row: str) -> None:
        if self._flow is None:
            raise ValueError
        number, _sep, origin = row.partition(": ")[2].partition(", origin: ")
        self._flow["active"] = int(number)
        # That ``crypto map`` means a static entry is not sourced.
        self._flow["dynamic"] = True if origin.startswith("dynamic") else None

    def _take_way(self, row: str) -> None:
        if self._flow is None:
            raise ValueError
        words = row.replace("KB Vol Rekey Disabled", "-").split()
        way = words[0].rstrip(":").lower()
        found = self._flow["counters"]
        found["pkts_decaps" if way == "inbound" else "pkts_encaps"] = int(words[3])
        found[f"{way}_drop"] = int(words[5])
        kilobytes, _sep, left = words[-1].partition("/")
        if kilobytes.isdecimal():
            found[f"{way}_kilobytes"] = int(kilobytes)
        found[f"{way}_seconds"] = int(left)
        self._flow["whole"] = way == "outbound"

    def _close_ike(self) -> None:
        if self._ike is not None:
            self.found.truncated |= "peer" not in self._ike
            self.found.ike.append(IkeSa(**{"peer": self._peer, **self._ike}))
        self._ike = None

    def _close_flow(self) -> None:
        if self._flow is not None:
            detail = "whole" in self._flow or bool(self._flow["counters"])
            whole = "active" in self._flow and (self._flow.pop("whole", False) or not detail)
            self.found.truncated |= not whole
            self.found.ipsec.append(IpsecSa(self._peer, interface=self._interface, port=self._port, **self._flow))
        self._flow = None

    def end(self) -> None:
        self._close_ike()
        self._close_flow()
        self.found.truncated |= bool(self._interface) and not self._peer


def _side(words: list[str], protocol: int) -> Identity:
    """Takes ``host 10.1.1.1`` or ``10.1.1.0/255.255.255.0`` from the front of ``words``."""
    if words[0] == "host":
        words.pop(0)
        return Identity.of(Prefix.from_mask(words.pop(0), "255.255.255.255"), protocol)
    address, _sep, mask = words.pop(0).partition("/")
    if ":" in address:
        return identity6(f"{address}/{mask}", protocol)
    return Identity.of(Prefix.from_mask(address, mask), protocol)


_TABLE = (
    ("Interface:", Session._take_interface),
    ("Session status:", Session._take_status),
    ("Peer:", Session._take_peer),
    ("Session ID:", Session._take_session),
    ("IKE SA:", Session._take_ike),
    ("IKEv1 SA:", Session._take_ike),
    ("IKEv2 SA:", Session._take_ike),
    ("remote ", Session._take_remote),
    ("Capabilities:", Session._take_capabilities),
    ("IPSEC FLOW:", Session._take_flow),
    ("Active SAs:", Session._take_active),
    ("Inbound:", Session._take_way),
    ("Outbound:", Session._take_way),
)

#: Title and legend; who is at the other end, which nothing here is found by.
_UNNEEDED = (
    "Crypto session current status",
    "Code: ",
    "K - ",
    "X - ",
    "R - ",
    "S - ",
    "Uptime:",
    "Phase1_id:",
    "Desc:",
    "Profile:",
    "Username:",
    "Group:",
    "Assigned address:",
    "System IP:",
)

_LINES = Lines(_TABLE, _UNNEEDED)
