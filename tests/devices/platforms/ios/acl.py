# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: The netvpn.dynamic_l2l contributors
"""IOS 12.4: access lists, numbered and named. Numbers of entries are kept inside and shown by `show access-lists`."""

from __future__ import annotations

import ipaddress
from dataclasses import dataclass

from ...engine import Call, Effect, Grade, Refused, Result, Rows
from ...store import Block, Item
from .. import names

SEQ = "Cisco, IP Access List Entry Sequence Numbering"
STEP = 10
MACROS = {
    "ADDRESS": "{ any | host <host:address> | <ip:address> <wildcard:wildcard> }",
    "PORT": "[ { <op:=eq|neq|lt|gt> <port:port> | range <port:port> <port:port> } ]",
    "TAIL": (
        "[<icmp:icmp-type> [<code:0-255>]] [established] [precedence <precedence:word>] [dscp <dscp:word>] [tos <tos:word>]"
        " [fragments] [{ log | log-input }] [time-range <range:word>]"
    ),
    "ACE": "<protocol:ios-protocol> $ADDRESS $PORT $ADDRESS $PORT $TAIL",
    "STANDARD": "{ any | host <host:address> | <ip:address> [<wildcard:wildcard>] } [log]",
}


def extended(number: str) -> bool:
    """Is it the number of an extended list?"""
    return 100 <= int(number) <= 199 or 2000 <= int(number) <= 2699


@dataclass
class List:
    """A list, wherever its entries stand: lines of the configuration (numbered) or of a block (named)."""

    config: Block
    id: str
    head: Item | None

    @property
    def block(self) -> Block:
        """Where the entries are."""
        return self.head.block if self.head else self.config

    @property
    def entries(self) -> list[Item]:
        """Entries and remarks in order."""
        return self.block.find("ace") if self.head else self.config.find("access-list", id=self.id)

    def insert(self, body: str, number: int, after: Item | None) -> None:
        """A new line behind another (None: before all)."""
        entries = self.entries
        text = body if self.head else f"access-list {self.id} {body}"
        item = self.block.make(text)
        item.number = number
        if after is not None:
            self.block.insert(item, after=after)
        elif entries:
            self.block.insert(item, before=entries[0])
        else:
            self.block.insert(item)


def the_list(config: Block, name: str) -> List:
    """A list by name or number."""
    return List(config, name, config.one("ip-access-list", id=name))


def renumber(entries: list[Item], start: int = STEP, step: int = STEP) -> None:
    """Numbers 10, 20, ... as after a reload: they are not in the configuration."""
    for item in entries:
        if item["action"] != "remark":
            item.number, start = start, start + step


def number_all(config: Block) -> None:
    """Give all lists their numbers."""
    for name in {item["id"] for item in config.find("ip-access-list", "access-list")}:
        renumber(the_list(config, name).entries)


def canonical(words: list[str]) -> str:
    """An extended entry (from `permit` or `deny` on) as the configuration shows it."""
    protocol = words[1]
    if protocol.isdigit():
        protocol = names.IOS_PROTOCOLS.get(int(protocol), protocol)
    out, index = [], 2
    while index < len(words):
        word, following = words[index], words[index + 1] if index + 1 < len(words) else ""
        if word == "any":
            out.append(word)
            index += 1
        elif word in ("host", "precedence", "dscp", "tos", "time-range"):
            out += [word, following]
            index += 2
        elif word.count(".") == 3:
            out.append(_address(word, following))
            index += 2
        elif word in names.OPERATORS:
            count = 2 if word == "range" else 1
            ports = [
                names.port(p, protocol, names.IOS_TCP, names.IOS_UDP) for p in words[index + 1 : index + 1 + count]
            ]
            out += [word, *ports]
            index += 1 + count
        elif protocol == "icmp" and word.isdigit() and int(word) in names.ICMP and out[-1] != word:
            code = words[index + 1] if index + 1 < len(words) and words[index + 1].isdigit() else ""
            out.append("packet-too-big" if (word, code) == ("3", "4") else names.ICMP[int(word)])
            index += 2 if (word, code) == ("3", "4") else 1
        else:
            out.append(word)
            index += 1
    return _padded(words[0], " ".join([protocol, *out]))


def _address(address: str, wildcard: str) -> str:
    if wildcard == "255.255.255.255":
        return "any"
    if wildcard == "0.0.0.0":
        return f"host {address}"
    # a netmask typed for a wildcard is taken and rewritten (measured on 17.15)
    cleared = int(ipaddress.IPv4Address(address)) & ~int(ipaddress.IPv4Address(wildcard)) & 0xFFFFFFFF
    return f"{ipaddress.IPv4Address(cleared)} {wildcard}"


def _padded(action: str, rest: str) -> str:
    return f"{action:<6} {rest}" if action == "deny" else f"{action} {rest}"


def standard(words: list[str]) -> str:
    """A standard entry as the configuration shows it: a host is its bare address."""
    rest = [word for word in words[1:] if word != "log"]
    if rest[0] == "host":
        shown = rest[1]
    elif rest[0] == "any":
        shown = "any"
    else:
        shown = _address(rest[0], rest[1] if len(rest) > 1 else "0.0.0.0").removeprefix("host ")
    return _padded(words[0], shown + (" log" if "log" in words else ""))


def _body(call: Call, is_extended: bool) -> str:
    words = call.words
    start = next(index for index, word in enumerate(words) if word in ("permit", "deny"))
    return canonical(words[start:]) if is_extended else standard(words[start:])


def _add(target: List, body: str, number: int | None) -> Result:
    entries = target.entries
    bodies = [f"{_padded(e['action'], e['rest'])}" for e in entries]
    if body in bodies:
        return None  # silent on classic IOS (12.2S to 15.x documents)
    numbered = [e for e in entries if e["action"] != "remark"]
    if number is None:
        last = numbered[-1].number if numbered else 0
        if last + STEP > 2147483647:
            raise Refused("% Exceeded maximum sequence number.")
        target.insert(body, last + STEP, entries[-1] if entries else None)
        return None
    if any(e.number == number for e in numbered):
        raise Refused("% Duplicate sequence number")
    before = [e for e in numbered if e.number < number]
    target.insert(body, number, before[-1] if before else None)
    return None


def _global(call: Call) -> Result:
    return _add(List(call.config, call["id"], None), _body(call, extended(call["id"])), None)


def _global_remark(call: Call) -> Result:
    target = List(call.config, call["id"], None)
    entries = target.entries
    target.insert(f"remark {call['text']}", 0, entries[-1] if entries else None)
    return None


def _no_global(call: Call) -> Result:
    # the whole list, even with a full entry behind the number (course captures, INE); silent even while in use
    call.config.drop("access-list", id=call["id"])
    return None


def _open(call: Call) -> Result:
    kind, name = call["type"], call["id"]
    if name.isdigit():
        if extended(name) != (kind == "extended"):
            raise Refused("% Invalid access list name.")  # recall
        # The entries of a numbered list are lines of the configuration: the mode only remembers the number.
        call.enter("ext-nacl" if kind == "extended" else "std-nacl", _suffix(kind), None, name)
        return None
    head = call.config.one("ip-access-list", id=name)
    if head and head["type"] != kind:
        # text: measured on 17.15
        raise Refused("% The ACL cannot be created or an ACL with the same name but incompatible type already exists.")
    head = head or call.config.put(f"ip access-list {kind} {name}")
    call.enter("ext-nacl" if kind == "extended" else "std-nacl", _suffix(kind), head, name)
    return None


def _suffix(kind: str) -> str:
    return "(config-ext-nacl)" if kind == "extended" else "(config-std-nacl)"


def _current(call: Call) -> List:
    return List(call.config, call.shell.mode.label, call.shell.mode.target)


def _entry(call: Call) -> Result:
    number = int(call["number"]) if call.has("number") else None
    return _add(_current(call), _body(call, call.shell.mode.name == "ext-nacl"), number)


def _remark(call: Call) -> Result:
    target = _current(call)
    entries = target.entries
    target.insert(f"remark {call['text']}", 0, entries[-1] if entries else None)
    return None


def _no_number(call: Call) -> Result:
    target = _current(call)
    for item in target.entries:
        if item.number == int(call["number"]) and item["action"] != "remark":
            target.block.remove(item)
    return None


def _no_entry(call: Call) -> Result:
    target, body = _current(call), _body(call, call.shell.mode.name == "ext-nacl")
    for item in target.entries:
        if _padded(item["action"], item["rest"]) == body:
            target.block.remove(item)
    return None


def _no_remark(call: Call) -> Result:
    target = _current(call)
    for item in target.entries:
        if item["action"] == "remark" and item["rest"] == call["text"]:
            target.block.remove(item)
            break
    return None


def _no_list(call: Call) -> Result:
    call.config.drop("access-list", id=call["id"])
    call.config.drop("ip-access-list", id=call["id"])
    return None


def _resequence(call: Call) -> Result:
    entries = the_list(call.config, call["id"]).entries
    if not entries:
        raise Refused("% Access list does not exist")  # recall
    renumber(entries, int(call["start"]), int(call["step"]))
    return None


def _show(call: Call) -> Result:
    lines: list[str] = []
    found = {item["id"] for item in call.config.find("ip-access-list", "access-list")}
    ordered = sorted(found, key=lambda name: (not name.isdigit(), int(name) if name.isdigit() else 0, name))
    for name in ordered:
        if call["id"] not in ("", name):
            continue
        target = the_list(call.config, name)
        is_extended = target.head["type"] == "extended" if target.head else extended(name)
        lines.append(f"{'Extended' if is_extended else 'Standard'} IP access list {name}")
        for item in target.entries:
            if item["action"] == "remark":
                continue
            rest = item["rest"]
            if is_extended:
                lines.append(f"    {item.number} {item['action']} {rest}")  # one blank, as in captures
            else:
                address, _, wildcard = rest.partition(" ")
                shown = f"{address}, wildcard bits {wildcard}" if "." in wildcard else rest
                lines.append(f"    {item.number} {_padded(item['action'], shown)}")
    return "\n".join(lines)


def add(rows: Rows) -> None:
    """The rows of this module."""
    action = "<action:=permit|deny>"
    for numbers in ("100-199", "2000-2699"):
        line = f"access-list <id:{numbers}> {action} $ACE"
        rows.add("config", line, _global, f"seed; {SEQ}", Grade.SEED)
        rows.add("config", f"no {line}", _no_global, "course captures on IOS 15; INE blog 2008", Grade.CAPTURE)
    for numbers in ("1-99", "1300-1999"):
        line = f"access-list <id:{numbers}> {action} $STANDARD"
        rows.add("config", line, _global, "captures of 12.4", Grade.CAPTURE)
        rows.add("config", f"no {line}", _no_global, "course captures on IOS 15", Grade.CAPTURE)
    any_number = "<id:1-2699>"
    rows.add(
        "config", f"access-list {any_number} remark <text:rest>", _global_remark, "captures of 15.1", Grade.CAPTURE
    )
    rows.add("config", f"no access-list {any_number} remark <text:rest>", _no_global, "recall", Grade.RECALL)
    rows.add("config", f"no access-list {any_number}", _no_global, "lab log of XE 17; seed's practice", Grade.CAPTURE)
    head = "ip access-list <type:=extended|standard> <id:word>"
    rows.both("config", head, _open, head, _no_list, "INE, routing-bits; Netspoc-Approve", Grade.CAPTURE)
    resequence = "ip access-list resequence <id:word> <start:1-2147483647> <step:1-2147483647>"
    rows.add("config", resequence, _resequence, f"{SEQ}; Netspoc-Approve", Grade.VENDOR)
    for mode, grammar in (("ext-nacl", "$ACE"), ("std-nacl", "$STANDARD")):
        line = f"[<number:1-2147483647>] {action} {grammar}"
        rows.add(mode, line, _entry, f"{SEQ}; lab log of XE 17", Grade.VENDOR)
        rows.add(mode, f"no {line}", _no_entry, "routing-bits; Netspoc-Approve", Grade.CAPTURE)
        rows.add(mode, "no <number:1-2147483647>", _no_number, f"{SEQ}", Grade.VENDOR)
        rows.both(mode, "remark <text:rest>", _remark, "remark <text:rest>", _no_remark, SEQ, Grade.VENDOR)
    show: Effect = _show
    for command in ("show access-lists [<id:word>]", "show ip access-lists [<id:word>]"):
        rows.add("exec", command, show, "ntc-templates; genieparser", Grade.CAPTURE)
