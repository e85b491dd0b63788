# Copyright: The netvpn.dynamic_l2l contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""Debug and syslog text as records: whatever stands before a message is taken off, lines that belong together are joined.

Nothing here knows what a message means; the tables of the platforms do (``asa/logs.py``, ``ios/logs.py``). Reading is
linear in the length of the text, and no text is an error: a line that nobody knows becomes a record without a tag or a
stray line, and is told as unread.

Prefixes: failures.md, "Prefixes to accept"; ios-show.md C6 (time stamps) and C7.1; syslog as collectors write it.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field

from ..secret import MASK

#: A record is judged by so many characters; the longest that is known has some 700.
LONGEST = 4000

#: Where the message itself begins.
_BODY = re.compile(
    r"%(?P<facility>[A-Z][A-Z0-9_]*(?:-[A-Za-z0-9_]+)*?)-(?P<severity>[0-7])-(?P<mnemonic>[A-Za-z0-9_]+):"
    r"|\[IKEv(?P<asa>[12])[^\]]{0,20}\]:?"
    r"|IKEv2-(?:PROTO|PLAT)-(?P<level>[0-9])[^:\s]{0,4}:"
    r"|(?P<ikev2>IKEv2(?:-ERROR|-INTERNAL|-PAK)?:)"
    r"|(?P<isakmp>ISAKMP(?:-PAK|-ERROR)?)(?=[:( ])"
    r"|(?P<ipsec>IPSEC(?=[(:])|IPSec:|IPSec\(|Crypto mapdb|map_db_find_best|insert sa successfully)"
)

_MONTH = r"(?:Jan|Feb|Mar|Apr|May|Jun|Jul|Aug|Sep|Oct|Nov|Dec)"
_STAMP = re.compile(
    rf"[*.]?{_MONTH}\s+[0-9]{{1,2}}(?:\s+[0-9]{{4}})?\s+[0-9]{{2}}:[0-9]{{2}}:[0-9]{{2}}(?:\.[0-9]+)?"
    r"(?:\s+(?:UTC|GMT|[A-Z]{1,4}T)\b)?(?:\s+[0-9]{4}\b)?"
    r"|[0-9]{4}-[0-9]{2}-[0-9]{2}[T ][0-9:.]+(?:Z|[+-][0-9]{2}:?[0-9]{2})?"
    r"|[*.]?[0-9]{2}:[0-9]{2}:[0-9]{2}(?:\.[0-9]+)?"
    r"|[0-9]+y[0-9]+w|[0-9]+w[0-9]+d|[0-9]+d[0-9]+h"
)
_MOMENT = re.compile(rf"[*.]?({_MONTH})\s+([0-9]{{1,2}})(?:\s+[0-9]{{4}})?\s+([0-9:]{{8}})")
_PRIORITY = re.compile(r"<[0-9]{1,3}>(?:1\s)?")
#: A device's own number (``service sequence-numbers``) or a collector's; its facility and level in words.
_SEQUENCE = re.compile(r"[0-9]{1,10}:\s|(?:local[0-7]|kern|user|daemon|syslog)\.[a-z]{3,8}\b")
_HOST = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.:/-]*")
_SEPARATOR = re.compile(r"[\s:]*")
#: ``Router#``, ``pixfirewall(config)#``, and what was typed there.
_PROMPT = re.compile(r"[A-Za-z][A-Za-z0-9_.-]{0,62}(?:/[a-z/]+)?(?:\([a-z0-9-]{1,40}\))?[#>]")
#: What commands print between the messages: pings, modes, what was switched on.
_PRINTED = re.compile(
    r"Type escape sequence|Sending [0-9]+, [0-9]+-byte|Packet sent with|Success rate is|[!.?UQM&]{1,70}$|Enter configuration commands"
    r"|Building configuration|% |\^$|All possible debugging|(?:Crypto|IKEv2) .{0,40}debugging is o"
)
_PAGER = re.compile(r"<--- More --->|\s?--More--\s?")
_ESCAPES = re.compile(r"\x1b\[[0-9;?]*[A-Za-z]|[\x00\x07\x08]")

#: What goes on with the record above although it is not indented (copies lose blanks; IKEv2 debug never has them).
_CONTINUES = re.compile(
    r"Initiator SPI|IKEv2 (?:IKE_\w+|CREATE_\w+|INFORMATIONAL|Negotiation)|Payload contents|Num\. transforms|Proposal [0-9]+:"
    r"|bring down existing|Technical Support:|Copyright \(c\)|Compiled |(?:local|remote|src|dest)_proxy\s*=|\(key eng\. msg\.\)"
    r"|\(sa\) sa_dest|\{|(?:protocol|lifedur|spi|sa_spi|sa_trans|sa_lifetime)\s*=|(?:src|dst) (?:addr|port)|protocol\s+:"
    r"|(?:address|type|next-payload|port|length)\s*:|:\s"
)

#: Configuration that may have been typed in between: its secrets are shown nowhere.
_SECRETS = re.compile(
    r"(?P<kept>isakmp key (?:[06] )?|pre-shared-key (?:[068] |local |remote |hex )*|(?:password|secret|passwd) (?:[0-9] )?"
    r"|key-string (?:[0-9] )?|snmp-server community |key len )(?P<secret>[^\s,]+)"
)
#: Key material in a debug of the highest levels: bytes in a row.
_BYTES = re.compile(
    r"(?:\b[0-9A-Fa-f]{2}[ :]){15,}[0-9A-Fa-f]{2}\b|(?:\b[0-9A-Fa-f]{8}\s+){3,}[0-9A-Fa-f]{8}\b|\b[0-9A-Fa-f]{33,}\b"
)


@dataclass(frozen=True)
class Record:
    """One message of a device.

    ``number`` and ``last`` are its lines in the text, from 1; ``platform`` is asa, ios, or empty where the message does
    not tell; ``host`` is what a collector wrote before it; ``tag`` says what it is: a syslog number (``713119``) or name
    (``CRYPTO-4-IKMP_BAD_MESSAGE``), ``IKEv1``, ``IKEv2``, ``ISAKMP``, ``IPSEC``, or empty. ``text`` is the message,
    its lines joined with single blanks, ``shown`` the same for people, without secrets.
    """

    number: int
    last: int
    platform: str
    host: str
    stamp: str
    tag: str
    text: str
    shown: str


@dataclass(frozen=True)
class Stray:
    """A line that is no part of a message: ``typed`` at a prompt or printed by a command, or not understood."""

    number: int
    shown: str
    typed: bool


@dataclass
class Records:
    """What was found in one text, in its order."""

    records: list[Record] = field(default_factory=list)
    strays: list[Stray] = field(default_factory=list)


@dataclass
class _Open:
    """A record whose lines are still coming."""

    number: int
    last: int
    platform: str
    host: str
    stamp: str
    tag: str
    parts: list[str]

    def close(self) -> Record:
        text = " ".join(" ".join(self.parts).split())[:LONGEST]
        return Record(self.number, self.last, self.platform, self.host, self.stamp, self.tag, text, redacted(text))


def redacted(text: str) -> str:
    """``text`` without what must not be seen: keys and passwords of typed lines, key lengths, dumped key material."""
    return _BYTES.sub(MASK, _SECRETS.sub(rf"\g<kept>{MASK}", text))


def moment(stamp: str) -> str:
    """Month, day and time to the second of a stamp, which debug and syslog of one device have in common; or the stamp."""
    found = _MOMENT.match(stamp)
    return f"{found[1]} {found[2]} {found[3]}" if found else stamp


def read_records(text: str) -> Records:
    """The messages of a text that came from a console, a terminal, a buffer or a collector."""
    found = Records()
    current: _Open | None = None
    for number, line, indented in _lines(text):
        if not line:
            continue
        opened = _begin(number, line)
        if opened is None and current and (indented or _goes_on(current, line)):
            current.parts.append(line)
            current.last = number
            continue
        if current:
            found.records.append(current.close())
        current = opened
        if opened is None:
            found.strays.append(Stray(number, redacted(line), bool(_PROMPT.match(line) or _PRINTED.match(line))))
    if current:
        found.records.append(current.close())
    return found


def _lines(text: str) -> Iterator[tuple[int, str, bool]]:
    """``(number, line, whether it was indented)``; carriage returns, escapes and a pager's remains taken out."""
    rows = text.split("\n") if "\n" in text else text.split("\r")
    for number, raw in enumerate(rows, 1):
        row = _ESCAPES.sub("", raw)
        clean = _PAGER.sub("", row)
        line = clean.replace("\r", " ").strip()
        yield number, line, len(clean) == len(row) and clean[:1] in (" ", "\t")


def _goes_on(current: _Open, line: str) -> bool:
    if _PROMPT.match(line):
        return False
    return bool(_CONTINUES.match(line)) or current.parts[-1].endswith((",", "("))


def _begin(number: int, line: str) -> _Open | None:
    """The record that begins with this line; None where none does."""
    body = _BODY.search(line)
    if body:
        head = _head(line[: body.start()], syslog=body["facility"] is not None)
        if head is not None:  # else: a name in the middle of a sentence
            return _opened(number, line, body, head)
    # A message without a name: the device's own stamp is the last one, a collector's stands before it.
    stamps = [found for found in _STAMP.finditer(line, 0, 200) if line[found.end() : found.end() + 1] == ":"]
    for stamp in reversed(stamps):
        head = _head(line[: stamp.start()], syslog=False)
        if head is not None:
            return _Open(number, number, "", head[0], stamp[0], "", [line[stamp.end() + 1 :].strip()])
    return None


def _opened(number: int, line: str, body: re.Match[str], head: tuple[str, str]) -> _Open:
    host, stamp = head
    rest = line[body.end() :].strip()
    platform, tag = "ios", "ISAKMP"
    if body["facility"]:
        family = body["facility"].split("-")[0]
        is_asa = family in ("ASA", "PIX", "FTD")
        platform = "asa" if is_asa else "ios"
        tag = body["mnemonic"] if is_asa else f"{body['facility']}-{body['severity']}-{body['mnemonic']}"
    elif body["asa"]:
        platform, tag = "asa", f"IKEv{body['asa']}"
    elif body["level"]:
        platform, tag = "asa", "IKEv2"
    elif body["ikev2"]:
        tag = "IKEv2"
        rest = line[body.start() :].strip()
    elif body["ipsec"]:
        # ``IPSEC: New embryonic SA created`` is PIX/ASA's, ``IPSEC(key_engine): …`` and the rest IOS's.
        platform = "asa" if line.startswith("IPSEC:", body.start()) else "ios"
        tag = "IPSEC"
        rest = line[body.start() :].strip()
        if rest.startswith("IPSEC:(SESSION"):
            platform = "ios"
    else:
        rest = line[body.start() :].strip()
    return _Open(number, number, platform, host, stamp, tag, [rest])


def _head(head: str, *, syslog: bool) -> tuple[str, str] | None:
    """``(host, time stamp)`` of what stands before a message; None where that is no prefix."""
    position, host, stamp, known = 0, "", "", False
    prompt = _PROMPT.match(head)
    if prompt:
        position = prompt.end()
    for _round in range(8):
        position = _SEPARATOR.match(head, position).end()  # type: ignore[union-attr]
        if position >= len(head):
            return host, stamp
        if found := _PRIORITY.match(head, position):
            known = True
        elif found := _STAMP.match(head, position):
            stamp, known = stamp or found[0], True
        elif found := _SEQUENCE.match(head, position):
            known = True
        elif not host and (known or syslog) and (found := _HOST.match(head, position)):
            host = found[0].rstrip(":")
        else:
            return None
        position = found.end()
    return None
