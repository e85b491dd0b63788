# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: The netvpn.dynamic_l2l contributors
"""What happens in a device's negotiations, step by step, read off the log that its IKE daemon writes while it happens.

A step is told when the daemon has done it: a message of main or quick mode sent or taken, a proposal refused, an
association that came up or went. Nothing here knows of a platform; `platforms/*/log.py` say what a device prints for a
step.
"""

from __future__ import annotations

import collections
import re
import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Literal

from .steps import Main, Quick, Step, suites


@dataclass
class _Passing:
    """What is known of a packet until its step can be told."""

    exchange: str = ""
    kind: str = ""
    message: int = 0
    payloads: tuple[str, ...] = ()


_ENDS = re.compile(r"(received|sending) packet: from ([\d.]+)\[(\d+)\] to ([\d.]+)\[(\d+)\] \((\d+) bytes\)")
_MESSAGE = re.compile(r"(parsed|generating) (\w+) (request|response) (\d+) \[ (.*) \]")
_STARTS = re.compile(r"initiating Main Mode IKE_SA .*\[(\d+)\] to ([\d.]+)")
_UP = re.compile(r"IKE_SA .*\[(\d+)\] established between ([\d.]+)\[.*\]\.\.\.([\d.]+)\[(.*)\]")
_CHILD = re.compile(r"CHILD_SA (.+)\{(\d+)\} established with SPIs (\w+)_i (\w+)_o and TS (\S+) === (\S+)")
_CLOSING = re.compile(
    r"closing CHILD_SA (.+)\{\d+\} with SPIs (\w+)_i \((\d+) bytes.*\) (\w+)_o \((\d+) bytes.*\) and TS (\S+) === (\S+)"
)
_LIFETIMES = re.compile(r"received (\d+)s lifetime, configured (\d+)s")
_RESENDS = re.compile(r"sending retransmit (\d+) of request")
_DELETE_ESP = re.compile(r"(received|sending) DELETE for ESP CHILD_SA with SPI (\w+)")
_DELETE_IKE = re.compile(r"(received|sending) DELETE for IKE_SA ")
_DELETING = re.compile(r"deleting IKE_SA .*\[(\d+)\] between ([\d.]+)\[.*\]\.\.\.([\d.]+)\[")
_PROXIES = re.compile(r"looking for a child config for (\S+) === (\S+)")
_FOUND = re.compile(r'found matching child config "(.+)" with prio')
_REKEYS = re.compile(r"CHILD_SA .+\{(\d+)\} state change: INSTALLED => REKEYING")
_COOKIES = re.compile(r"checkin IKEv1 SA .*\[(\d+)\] with SPIs (\w+)_i (\w+)_r")
_LOOKUP = re.compile(r"checkout IKEv1 SA by message with SPIs (\w+)_i (\w+)_r")
_HEADER = re.compile(r"parsed ESP header with SPI (\w+)")
_NAMES = {"SA": 1, "KE": 3, "ID": 5}


class Journal:
    """Reads lines of the log, tells steps. `told` is called in the thread that reads."""

    def __init__(self, told: Callable[[Step], None]) -> None:
        self._told = told
        self._lock = threading.RLock()
        self._mains: collections.OrderedDict[int, Main] = collections.OrderedDict()
        self._quicks: dict[int, list[Quick]] = {}
        self._incoming: dict[int, _Passing] = {}
        self._outgoing: dict[int, _Passing] = {}
        self._sizes: dict[int, int] = {}
        self._ends: dict[int, tuple[str, int, str, int]] = {}
        self._spis: dict[int, int] = {}
        # The networks of what is proposed next, and of what there is, by the daemon's number of a child
        self._proposed: dict[int, list[str]] = {}
        self._networks: dict[int, list[str]] = {}
        self._again: dict[int, int] = {}
        self._deleting: dict[int, tuple[str, int]] = {}
        # A new phase 1 that an old one makes is written under the old one's number until it is sent
        self._instead: dict[int, int] = {}
        self._lookups: dict[str, tuple[str, str]] = {}
        self._headers: dict[str, int] = {}
        # Pairs of SAs that there are, and peers of those that are gone, by the SPI of what comes in
        self._there: dict[int, tuple[Main, Quick]] = {}
        self._closed: collections.OrderedDict[int, Main] = collections.OrderedDict()

    # -- what comes in

    def wanted(self, main: Main, values: Mapping[str, str]) -> None:
        """Traffic asks for an association (`values`: of the entry of the crypto map)."""
        with self._lock:
            self._told(Step("wanted", main, values=values))

    def up(self, remote: str) -> Main | None:
        """The phase 1 with a peer that is there, the newest."""
        with self._lock:
            return next((each for each in reversed(self._mains.values()) if each.up and each.remote == remote), None)

    def line(self, thread: str, group: str, number: str, text: str) -> None:
        """A line of the log."""
        with self._lock:
            if group == "MGR":
                self._manager(thread, text)
            elif group == "ESP":
                self._esp(thread, number, text)
            elif number:
                key = self._instead.get(int(number), int(number))
                readers = {"NET": self._net, "ENC": self._enc, "IKE": self._ike, "CFG": self._cfg, "CHD": self._chd}
                readers["JOB"] = self._job
                if reader := readers.get(group):
                    reader(key, text)

    # -- by group

    def _net(self, key: int, text: str) -> None:
        found = _ENDS.match(text)
        if not found:
            return
        way, source, source_port, target, target_port, size = found.groups()
        main = self._mains.get(key)
        if way == "received":
            self._sizes[key] = int(size)
            self._ends[key] = (target, int(target_port), source, int(source_port))
            self._incoming.pop(key, None)
            return
        if main is None:
            return
        main.local, main.local_port, main.remote, main.remote_port = source, int(source_port), target, int(target_port)
        again = self._again.pop(key, 0)
        passing = self._outgoing.get(key, _Passing())
        if again:
            quick = self._quick(key, passing.message) if passing.exchange == "QUICK_MODE" else None
            self._told(Step("resent", main, quick, passing.message, int(size), again=again))
        elif passing.exchange:
            self._sent(main, passing, int(size))
            for old, new in list(self._instead.items()):
                if new == key:
                    del self._instead[old]

    def _enc(self, key: int, text: str) -> None:
        found = _MESSAGE.match(text)
        if not found:
            return
        verb, exchange, kind, message, payloads = found.groups()
        passing = _Passing(exchange, kind, int(message), tuple(payloads.split()))
        if verb == "generating":
            self._outgoing[key] = passing
            self._generating(key, passing)
        else:
            self._incoming[key] = passing
            self._parsed(key, passing)

    def _generating(self, key: int, passing: _Passing) -> None:
        if passing.exchange == "QUICK_MODE" and passing.kind == "request" and "SA" in passing.payloads:
            main = self._mains.get(key)
            if main is not None:
                quick = self._new_quick(key, Quick(passing.message, True))
                quick.spi_in = self._spis.pop(key, 0)
                proposed = self._proposed.pop(key, [])
                if len(proposed) == 2:
                    quick.local, quick.remote = proposed

    def _parsed(self, key: int, passing: _Passing) -> None:
        main = self._mains.get(key)
        if main is None:
            return
        size, message = self._sizes.get(key, 0), passing.message
        if passing.exchange == "ID_PROT":
            # With message 1 and 2 the choice of a proposal follows
            step = _NAMES.get(passing.payloads[0], 0) + (passing.kind == "response")
            if step in (3, 4, 5, 6):
                main.step = step
                self._tell(f"mm{step}-received", main, size=size)
        elif passing.exchange == "QUICK_MODE" and passing.kind == "request" and "SA" in passing.payloads:
            self._new_quick(key, Quick(message, False, size=size))
        elif passing.exchange == "INFORMATIONAL_V1":
            if "N(DPD)" in passing.payloads:
                self._tell("dpd-received", main, message=message, size=size)
            elif "N(DPD_ACK)" in passing.payloads:
                self._tell("dpd-answered", main, message=message, size=size)

    def _sent(self, main: Main, passing: _Passing, size: int) -> None:
        message = passing.message
        if passing.exchange == "ID_PROT":
            step = _NAMES.get(passing.payloads[0], 0) + (passing.kind == "response")
            if step:
                main.step = max(main.step, step)
                self._tell(f"mm{step}-sent", main, size=size)
        elif passing.exchange == "QUICK_MODE":
            quick = self._quick(main.number, message)
            if quick is not None:
                step = 2 if passing.kind == "response" else 1 if "SA" in passing.payloads else 3
                if step == 2:
                    # Now all is known of what was taken
                    self._tell("qm1-received", main, quick, message=message, size=quick.size)
                self._tell(f"qm{step}-sent", main, quick, message=message, size=size)
        elif passing.exchange == "INFORMATIONAL_V1":
            self._informed(main, passing, size)

    def _informed(self, main: Main, passing: _Passing, size: int) -> None:
        message = passing.message
        if "N(DPD)" in passing.payloads:
            main.probes += 1
            self._tell("dpd-sent", main, message=message, size=size)
        elif "N(DPD_ACK)" in passing.payloads:
            self._tell("dpd-ack-sent", main, message=message, size=size)
        elif "D" in passing.payloads and main.number in self._deleting:
            why, spi = self._deleting.pop(main.number)
            self._tell("delete-sent", main, message=message, size=size, spi=spi, why=why)
        elif "N(NO_PROP)" in passing.payloads or "N(INVAL_ID)" in passing.payloads:
            quick = next((each for each in reversed(self._quicks.get(main.number, [])) if each.refused), None)
            if main.up and quick is not None:
                self._tell("quick-refused", main, quick, message=message, size=size)

    def _ike(self, key: int, text: str) -> None:
        if found := _STARTS.match(text):
            number, remote = int(found[1]), found[2]
            if number != key:
                self._instead[key] = number
            self._new_main(Main(number, True, remote=remote))
        elif text.endswith("is initiating a Main Mode IKE_SA"):
            local, local_port, remote, remote_port = self._ends.get(key, ("", 500, text.split()[0], 500))
            main = self._new_main(Main(key, False, local, remote, local_port, remote_port, step=1))
            self._tell("mm1-received", main, size=self._sizes.get(key, 0))
        elif text.startswith("no IKE config found"):
            local, local_port, remote, remote_port = self._ends.get(key, ("", 500, "", 500))
            main = self._new_main(Main(key, False, local, remote, local_port, remote_port, step=1))
            self._tell("mm1-received", main, size=self._sizes.get(key, 0))
            self._tell("no-key", main)
        elif known := self._mains.get(key):
            self._of_main(known, text)

    def _of_main(self, main: Main, text: str) -> None:
        key, size = main.number, self._sizes.get(main.number, 0)
        passing = self._incoming.get(key, _Passing())
        if found := _UP.match(text):
            main.up = True
            main.translated = main.translated or found[4] != found[3]
            self._tell("up", main)
        elif text.startswith("local host is behind NAT"):
            main.translated = True
        elif text == "no proposal found":
            self._tell("policy-refused", main)
        elif found := _LIFETIMES.match(text):
            if quick := self._quick(key, passing.message):
                quick.lifetimes = (int(found[1]), int(found[2]))
        elif text.startswith("detected rekeying of CHILD_SA"):
            if quick := self._quick(key, passing.message):
                quick.rekeys = True
        elif found := _CHILD.match(text):
            self._installed(main, passing, found)
        elif found := _CLOSING.match(text):
            name, spi_in, taken, spi_out, sent, local, remote = found.groups()
            spi = int(spi_in, 16)
            unknown = Quick(0, main.initiator, local, remote, name, spi, int(spi_out, 16))
            _, quick = self._there.get(spi, (main, unknown))
            quick.taken, quick.sent = int(taken), int(sent)
            self._gone(main, quick, spi)
        elif found := _RESENDS.match(text):
            self._again[key] = int(found[1])
        elif text.startswith("giving up after"):
            self._tell("given-up", main)
        elif found := _DELETE_ESP.match(text):
            if found[1] == "sending":
                self._deleting[key] = ("esp", int(found[2], 16))
            else:
                spi = int(found[2], 16)
                self._tell("delete-received", main, message=passing.message, size=size, spi=spi, why="esp")
        elif found := _DELETE_IKE.match(text):
            if found[1] == "sending":
                self._deleting[key] = ("ike", 0)
            else:
                self._tell("delete-received", main, message=passing.message, size=size, why="ike")
        elif _DELETING.match(text):
            main.up = False
            self._tell("down", main)
        else:
            self._refusals(main, passing, text)

    def _refusals(self, main: Main, passing: _Passing, text: str) -> None:
        size = self._sizes.get(main.number, 0)
        if text.endswith("processing failed"):
            if text.startswith("ID_PROT request") and main.step == 4:
                self._tell("mm5-unreadable", main, size=size)
            elif text.startswith("ID_PROT response") and main.step == 5:
                self._tell("mm6-unreadable", main, size=size)
        elif text.startswith(("received NO_PROPOSAL_CHOSEN", "received INVALID_ID")):
            if not main.up:
                self._tell("policy-notified", main, size=size)
            elif quick := next((each for each in reversed(self._quicks.get(main.number, [])) if each.initiator), None):
                self._tell("quick-notified", main, quick, message=passing.message, size=size)
        elif text.startswith("received INVALID_KE_PAYLOAD") and not main.up:
            # What strongSwan says where a PIX without a tunnel group for us is silent (asa-cli.md 8)
            self._tell("given-up", main)
        elif text.startswith(("no matching proposal found", "no matching CHILD_SA config found")):
            if quick := self._quick(main.number, passing.message):
                quick.refused = _reason(quick) if "proposal" in text else "proxies"
                self._tell("qm1-received", main, quick, message=quick.message, size=quick.size)
        elif text.startswith("no shared key found for") and not main.initiator and main.step == 3:
            self._no_key(main, text)

    def _no_key(self, main: Main, text: str) -> None:
        """strongSwan looks twice: by the identities, which fails always, and by the addresses."""
        if re.search(r"no shared key found for (?:[\d.]+|'[\d.]+') - ", text):
            self._tell("no-key", main)

    def _installed(self, main: Main, passing: _Passing, found: re.Match[str]) -> None:
        name, number, spi_in, spi_out, local, remote = found.groups()
        self._networks[int(number)] = [local, remote]
        quick = self._quick(main.number, passing.message)
        if quick is None:
            return
        quick.child, quick.local, quick.remote, quick.number = name, local, remote, int(number)
        quick.spi_in, quick.spi_out = int(spi_in, 16), int(spi_out, 16)
        self._there[quick.spi_in] = (main, quick)
        size = self._sizes.get(main.number, 0)
        self._tell("qm2-received" if quick.initiator else "qm3-received", main, quick, message=quick.message, size=size)

    def _cfg(self, key: int, text: str) -> None:
        main, passing = self._mains.get(key), self._incoming.get(key, _Passing())
        quick = self._quick(key, passing.message) if passing.exchange == "QUICK_MODE" else None
        if main is None:
            return
        what = quick or main
        if text.startswith("proposing traffic selectors for us"):
            self._proposed[key] = []
        elif text.startswith(" ") and not text.startswith("  ") and len(self._proposed.get(key, "..")) < 2:
            self._proposed[key].append(text.strip())
        elif text.startswith("received proposals: "):
            what.offered = suites(text.partition(": ")[2])
        elif text.startswith("configured proposals: "):
            what.configured = suites(text.partition(": ")[2])
        elif text.startswith("selected proposal: "):
            what.suite = suites(text.partition(": ")[2])[0]
            if quick is None and main.initiator and not main.up:
                main.step = 2
                self._tell("mm2-received", main, size=self._sizes.get(key, 0))
        elif quick is not None and (found := _PROXIES.match(text)):
            quick.local, quick.remote = found.groups()
        elif quick is not None and (found := _FOUND.match(text)):
            quick.child = found[1]

    def _chd(self, key: int, text: str) -> None:
        if (found := _REKEYS.match(text)) and int(found[1]) in self._networks:
            self._proposed[key] = list(self._networks[int(found[1])])

    def _job(self, key: int, text: str) -> None:
        """A peer that does not answer: its associations are gone without another word."""
        main = self._mains.get(key)
        if main is None or not text.startswith("DPD check timed out"):
            return
        self._tell("dpd-dead", main)
        for spi, (owner, quick) in list(self._there.items()):
            if owner.remote == main.remote:
                self._gone(main, quick, spi)
        main.up = False
        self._tell("down", main)

    def _gone(self, main: Main, quick: Quick, spi: int) -> None:
        self._there.pop(spi, None)
        self._closed[spi] = main
        while len(self._closed) > 500:
            self._closed.popitem(last=False)
        self._tell("child-closed", main, quick, spi=spi)

    def _manager(self, thread: str, text: str) -> None:
        if found := _COOKIES.match(text):
            if main := self._mains.get(int(found[1])):
                main.cookies = (found[2], found[3])
        elif found := _LOOKUP.match(text):
            self._lookups[thread] = (found[1], found[2])
        elif text.startswith("IKE_SA checkout not successful"):
            # Only what a packet asked for: the daemon's own jobs look for associations that are gone as well.
            cookies = self._lookups.pop(thread, None)
            main = next((each for each in reversed(self._mains.values()) if cookies and each.cookies == cookies), None)
            if main is not None:
                self._tell("unknown-sa", main)
        else:
            self._lookups.pop(thread, None)

    def _esp(self, thread: str, number: str, text: str) -> None:
        if text.startswith("allocated SPI ") and number:
            key = self._instead.get(int(number), int(number))
            self._spis[key] = int(text.rpartition(" ")[2], 16)
            passing = self._incoming.get(key, _Passing())
            quick = self._quick(key, passing.message) if passing.exchange == "QUICK_MODE" else None
            if quick is not None and not quick.initiator and not quick.spi_in:
                quick.spi_in = self._spis.pop(key)
        elif found := _HEADER.match(text):
            self._headers[thread] = int(found[1], 16)
        elif "does not belong to an installed SA" in text:
            spi = self._headers.pop(thread, 0)
            if spi in self._closed:
                self._tell("unknown-spi", self._closed[spi], spi=spi)

    # -- records

    def _new_main(self, main: Main) -> Main:
        self._mains[main.number] = main
        self._quicks[main.number] = []
        while len(self._mains) > 200:
            number, _ = self._mains.popitem(last=False)
            for each in (self._quicks, self._incoming, self._outgoing, self._sizes, self._ends, self._spis):
                each.pop(number, None)
        return main

    def _new_quick(self, key: int, quick: Quick) -> Quick:
        found = self._quicks.setdefault(key, [])
        quick.first = not found
        found.append(quick)
        del found[:-50]
        return quick

    def _quick(self, key: int, message: int) -> Quick | None:
        return next((each for each in reversed(self._quicks.get(key, [])) if each.message == message), None)

    def _tell(
        self,
        name: str,
        main: Main,
        quick: Quick | None = None,
        *,
        message: int = 0,
        size: int = 0,
        spi: int = 0,
        why: str = "",
    ) -> None:
        self._told(Step(name, main, quick, message, size, spi, why))  # type: ignore[arg-type]


def _reason(quick: Quick) -> Literal["proxies", "transform", "pfs"]:
    """Why a quick mode found no proposal: the entry that fits refuses all (see cryptorules.py), or the suites differ, or
    the group alone."""
    usable = [each for each in quick.configured if each.encryption and each.hash]
    if not usable:
        return "proxies"
    ours = {(each.encryption, each.hash) for each in usable}
    return "pfs" if any((each.encryption, each.hash) in ours for each in quick.offered) else "transform"
