# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: The netvpn.dynamic_l2l contributors
"""What a router with IOS 12.4 logs for each step of its negotiations: the lines of log_lines.py with their values.

Addresses in memory, handles and the numbers behind `spi` of a notify are made up, the same for the same association. The
lifetime of an offered IKE policy is that of our own policy: the daemon does not tell the peer's.
"""

from __future__ import annotations

import ipaddress
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from ...logs.lines import Line, Record, fill
from ...wire.crypto import Crypto, Entry, Policy
from ...wire.cryptorules import acceptable
from ...wire.steps import Main, Quick, Step, Suite
from .log_lines import IPSEC, ISAKMP

_ENCRYPTION = {"des": "DES-CBC", "3des": "3DES-CBC"}
_ESP = {"des": "ESP_DES", "3des": "ESP_3DES"}
_SETS = {"des": "esp-des", "3des": "esp-3des", "aes128": "esp-aes", "aes192": "esp-aes 192", "aes256": "esp-aes 256"}
_HMACS = {"md5": "esp-md5-hmac", "sha": "esp-sha-hmac"}
# What the initiator waits for when it sends a message again, and the stage that it stands in (ios-show.md C7.2)
_WAITS = {1: ("MM_NO_STATE", "IKE_I_MM1"), 3: ("MM_SA_SETUP", "IKE_I_MM3"), 5: ("MM_KEY_EXCH", "IKE_I_MM5")}


@dataclass(frozen=True)
class View:
    """What a step does not say: the peer's SPI and the lifetime that it offers, where the daemon does not tell them yet."""

    crypto: Crypto = field(default_factory=lambda: Crypto("ios"))
    spi_out: int | None = None
    seconds: int | None = None


class Narrator:
    """Steps to records."""

    def __init__(self) -> None:
        # Phase 1s that the peer deleted: what a router prints when it ends one itself nobody says
        self._deleted: set[int] = set()

    def memory(self, what: str, number: int) -> int:
        """An address that nobody can know."""
        base = {"struct": 0x64C2864C, "sa": 0x65166F40, "pointer": 0x65166F40, "peer_handle": 0x80000004,
                "sibling": 0x80000004}[what]  # fmt: skip
        return base + number if what in ("peer_handle", "sibling") else base + 0x1F4 * (number & 0xFFFF)

    def narrate(self, step: Step, view: View) -> Iterator[Record]:
        """The records of a step, in order."""
        values = self._values(step, view)
        for lines, more in self._blocks(step, view, values):
            yield from fill(lines, {**values, **more}, step.main.remote)

    def _blocks(
        self, step: Step, view: View, values: dict[str, Any]
    ) -> Iterator[tuple[Iterable[Line], dict[str, Any]]]:
        main, quick, name = step.main, step.quick, step.name
        none: dict[str, Any] = {}
        if name == "mm1-received":
            yield ISAKMP[name], none
        elif name in ("mm2-sent", "mm2-received"):
            if name == "mm2-received":
                yield ISAKMP[name], self._before(main)
            else:
                yield ISAKMP["key found"], self._before(main)
            yield from self._checked(main, view, self._before(main))
            if name == "mm2-sent":
                yield ISAKMP[name], none
        elif name == "policy-refused":
            yield ISAKMP["key found"], none
            yield from self._checked(main, view, none)
            yield ISAKMP["refused"], none
        elif name == "no-key":
            yield ISAKMP["no key"], none
            for policy in acceptable(view.crypto):
                yield ISAKMP["check"], {"transform": 1, "priority": policy.number}
                yield ISAKMP["key missing"] + ISAKMP["not acceptable"], {"next": 0}
            yield ISAKMP["refused"], none
        elif name in ("mm5-received", "mm5-unreadable"):
            yield ISAKMP["mm5-arrived"], none
            yield ISAKMP[name], none
        elif name == "wanted":
            yield IPSEC[name], none
            if main.up:
                yield ISAKMP["wanted, phase 1 is there"], none
            else:
                yield ISAKMP[name], none
                if step.values.get("group") == "none":
                    yield ISAKMP["wanted, no key"], none
        elif quick is not None:
            yield from self._of_quick(step, quick, view, values)
        elif name == "delete-received":
            yield ISAKMP[name], none
            if step.why == "esp":
                yield IPSEC["delete asked"], none
            else:
                self._deleted.add(main.number)
        elif name == "down":
            if main.number in self._deleted:
                self._deleted.discard(main.number)
                yield ISAKMP[name], none
        elif name in ISAKMP and not (name in ("resent", "given-up") and main.up):
            yield ISAKMP[name], none

    def _of_quick(
        self, step: Step, quick: Quick, view: View, values: dict[str, Any]
    ) -> Iterator[tuple[Iterable[Line], dict[str, Any]]]:
        name = step.name
        none: dict[str, Any] = {}
        if name in ("qm1-received", "qm2-received"):
            yield ISAKMP[name], none
            yield from self._proposals(quick, view)
            if name == "qm1-received":
                if quick.refused != "pfs":
                    yield IPSEC["offered"] + IPSEC["matched"], none
                if quick.refused in ("transform", "proxies"):
                    error = "error 256" if quick.refused == "transform" else "error 32"
                    yield IPSEC[error], none
                    yield ISAKMP[error], none
                elif not quick.refused:
                    yield ISAKMP["identities"], none
            else:
                yield ISAKMP["qm2-identities"], none
                yield IPSEC["installed"], none
        elif name == "qm2-sent":
            yield IPSEC["asked"], none
            yield ISAKMP[name], none
        elif name == "qm3-received":
            yield IPSEC["installed"], none
            yield ISAKMP[name], none
            yield IPSEC["enabled"], none
        elif name == "qm3-sent":
            yield ISAKMP[name], none
            yield IPSEC["enabled"], none
        elif name == "child-closed":
            yield IPSEC["deleted"], none
        elif name == "resent":
            yield ISAKMP["resent, quick mode"], none
        elif name in ISAKMP:
            yield ISAKMP[name], none

    # -- proposals

    def _before(self, main: Main) -> dict[str, Any]:
        return {"conn": "0:0:N/A:0", "handle": "0:0"}

    def _checked(self, main: Main, view: View, more: dict[str, Any]) -> Iterator[tuple[Iterable[Line], dict[str, Any]]]:
        """Each policy with each transform that was offered, until one fits."""
        offered = [(number, suite) for number, suite in enumerate(main.offered, 1)]
        if main.initiator and main.suite in main.configured:
            # what the responder chose bears the number that it had in the offer
            offered = [(main.configured.index(main.suite) + 1, main.suite)]
        for policy in acceptable(view.crypto):
            for number, suite in offered:
                following = 0 if number == offered[-1][0] else 3
                yield ISAKMP["check"], {**more, "transform": number, "priority": policy.number}
                yield ISAKMP["attributes"], {**more, **_attributes(suite, policy.lifetime)}
                differs = _difference(suite, policy)
                if not differs:
                    yield ISAKMP["acceptable"], {**more, "next": following}
                    return
                yield ISAKMP[f"{differs} differs"] + ISAKMP["not acceptable"], {**more, "next": following}

    def _proposals(self, quick: Quick, view: View) -> Iterator[tuple[Iterable[Line], dict[str, Any]]]:
        for number, suite in enumerate(quick.offered or (quick.suite,), 1):
            yield ISAKMP["proposal"], {"proposal": number, **_phase_2(suite)}
            if suite == quick.suite or (suite.encryption, suite.hash) == (quick.suite.encryption, quick.suite.hash):
                return

    # -- values

    def _values(self, step: Step, view: View) -> dict[str, Any]:
        main, quick = step.main, step.quick
        known = bool(main.suite.encryption) or main.up
        nat = main.translated and view.crypto.nat_t
        entry = _entry(view.crypto, quick.child) if quick else None
        suite = (quick.suite if quick.suite.encryption else (quick.offered or (Suite(),))[0]) if quick else Suite()
        waits, stage = _WAITS.get(main.step | 1, _WAITS[1])
        number = quick.number if quick else 0
        seconds = (quick.lifetimes[0] if quick else 0) or view.seconds or (entry.lifetime if entry else 3600)
        return {
            "peer": main.remote,
            "local": main.local,
            "my_port": main.local_port if nat else 500,
            "peer_port": main.remote_port if nat else 500,
            "side": "I" if main.initiator else "R",
            "conn": f"0:{main.number}:SW:1" if known else "0:0:N/A:0",
            "handle": f"0:{0x08000000 + main.number}" if known else "0:0",
            "message": _signed(quick.message) if quick else 0,
            "node": _signed(step.message),
            "waits": waits,
            "stage": stage,
            "again": step.again,
            "first": "" if quick and quick.first else None,
            "ike": "" if step.why == "ike" else None,
            "encaps": "3 (Tunnel-UDP)" if nat else "1 (Tunnel)",
            "seconds": seconds,
            "seconds_short": seconds if seconds < 65536 else None,
            "seconds_long": _long(seconds) if seconds >= 65536 else None,
            "kilobytes": entry.kilobytes if entry else 4608000,
            "transform_set": f"{_SETS.get(suite.encryption, '')} {_HMACS.get(suite.hash, '')}".strip(),
            "keysize": suite.encryption[3:] if suite.encryption.startswith("aes") else 0,
            "spi": step.spi,
            "spi_in": quick.spi_in if quick else 0,
            "spi_out": quick.spi_out if quick else 0,
            "spi_out_early": (view.spi_out or quick.spi_out or None) if quick else None,
            "conn_in": 2001 + 2 * max(0, number - 1),
            "conn_out": 2002 + 2 * max(0, number - 1),
            "probe": (int(main.cookies[0] or "0", 16) & 0x7FFFFFFF) + main.probes,
            "first_sa": self.memory("sa", main.number) if quick and quick.first else None,
            **_proxies(step, quick),
            **{what: self.memory(what, main.number) for what in ("struct", "sa", "pointer", "peer_handle")},
            "sibling": self.memory("sibling", number or 1),
        }


def _entry(crypto: Crypto, child: str) -> Entry | None:
    place = child.partition("/")[0]
    for entries in crypto.maps.values():
        for entry in entries:
            names = [entry.map, str(entry.sequence)]
            names += [entry.dynamic, str(entry.dynamic_sequence)] if entry.dynamic else []
            if place == ":".join(names):
                return entry
    return None


def _signed(message: int) -> int:
    """Message ids are printed as signed numbers (PFSB; captures of 12.3)."""
    return message - (1 << 32) if message >= 1 << 31 else message


def _long(seconds: int) -> str:
    return " ".join(f"0x{byte:X}" for byte in seconds.to_bytes(4, "big"))


def _difference(suite: Suite, policy: Policy) -> str:
    """What the device names first, if the two differ."""
    ours, theirs = policy.encryption, suite.encryption
    if ours.rstrip("0123456789") != theirs.rstrip("0123456789") or (ours != theirs and not ours.startswith("aes")):
        return "encryption"
    if ours != theirs:
        return "length"
    if policy.hash != suite.hash:
        return "hash"
    return "group" if policy.group != suite.group else ""


def _attributes(suite: Suite, lifetime: int) -> dict[str, object]:
    aes = suite.encryption.startswith("aes")
    return {
        "group": suite.group,
        "encryption": _ENCRYPTION.get(suite.encryption, "AES-CBC"),
        "bits": suite.encryption[3:] if aes else None,
        "hash": suite.hash.upper(),
        "life_long": _long(lifetime) if lifetime >= 65536 else None,
        "life_short": lifetime if lifetime < 65536 else None,
    }


def _phase_2(suite: Suite) -> dict[str, object]:
    aes = suite.encryption.startswith("aes")
    return {
        "esp": _ESP.get(suite.encryption, "ESP_AES"),
        "hmac": f"HMAC-{suite.hash.upper()}",
        "bits": suite.encryption[3:] if aes else None,
    }


def _proxies(step: Step, quick: Quick | None) -> Mapping[str, object]:
    found: dict[str, object] = {}
    for side in ("local", "remote"):
        text = getattr(quick, side) if quick else step.values.get(side, "")
        network = ipaddress.IPv4Network(text, strict=False) if text else None
        found[f"{side}_proxy"] = str(network.network_address) if network else None
        found[f"{side}_mask"] = str(network.netmask) if network else None
        found[f"{side}_type"] = 1 if network and network.prefixlen == 32 else 4
    return found
