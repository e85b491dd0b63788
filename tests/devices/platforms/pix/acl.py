# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: The netvpn.dynamic_l2l contributors
"""PIX 7.2: access lists, object groups, access-group."""

from __future__ import annotations

import re
import zlib

from ...engine import Call, Effect, Grade, Refused, Result, Rows, drop, drop_here, put_here
from ...grammar import is_address, is_mask
from ...store import Block, Item
from .. import names
from .common import acl, acl_users, need_acl, need_interface, need_network
from .version import version

_ADDRESS = (
    "{ any | host <host:address> | <ip:address> <mask:mask> | object-group <group:word> | interface <interface:word> }"
)
MACROS = {
    "ADDRESS": _ADDRESS,
    "PORT": "[ { <op:=eq|lt|gt|neq> <port:port> | range <port:port> <port:port> | object-group <service:word> } ]",
    "ACE": (
        "{ <protocol:pix-protocol> | object-group <group:word> } $ADDRESS $PORT $ADDRESS $PORT [<icmp:icmp-type>]"
        " [log [{ disable | default | <level:0-7> [interval <seconds:1-600>] }]] [time-range <range:word>] [inactive]"
    ),
}


def canonical(words: list[str]) -> str:
    """An entry (from `permit` or `deny` on) as the device shows it."""
    protocol = words[1]
    if protocol.isdigit():
        protocol = names.PIX_PROTOCOLS.get(int(protocol), protocol)
    out, index = [words[0], protocol], 2
    while index < len(words):
        word, following = words[index], words[index + 1] if index + 1 < len(words) else ""
        if word in ("host", "object-group", "interface", "time-range"):
            out += [word, following]
            index += 2
        elif is_address(word) and is_mask(following):
            if following == "255.255.255.255":
                out += ["host", word]
            elif following == "0.0.0.0" and word == "0.0.0.0":
                out.append("any")
            else:
                need_network(word, following)
                out += [word, following]
            index += 2
        elif word in names.OPERATORS:
            count = 2 if word == "range" else 1
            ports = [
                names.port(p, protocol, names.PIX_TCP, names.PIX_UDP) for p in words[index + 1 : index + 1 + count]
            ]
            out += [word, *ports]
            index += 1 + count
        elif protocol == "icmp" and word.isdigit() and int(word) in names.ICMP:
            out.append(names.ICMP[int(word)])
            index += 1
        else:
            out.append(word)
            index += 1
    return " ".join(out)


def _identity(rest: str) -> str:
    # entries that differ in `log` alone are the same entry (Netspoc-Approve)
    return re.sub(r" log\b.*", "", rest)


def exempts_badly(rest: str) -> bool:
    """May an entry not stand in a list that a `nat` line uses?"""
    words = rest.split()
    return words[0] == "deny" or words[1] != "ip"


def _entry(call: Call) -> str:
    words = call.words
    action = next(index for index, word in enumerate(words[2:], 2) if word in ("permit", "deny"))
    for group in call.match.all("group") + call.match.all("service"):
        if not call.config.one("object-group", name=group):
            raise Refused(f"ERROR: specified object group <{group}> not found")
    return canonical(words[action:])


def _insert(call: Call, kind: str, rest: str) -> Result:
    config, name = call.config, call["id"]
    entries = acl(config, name)
    same = [e for e in entries if e["type"] == kind and _identity(e["rest"]) == _identity(rest)]
    if kind == "extended" and same:
        return "ACE not added. Possible duplicate entry"
    item = config.make(f"access-list {name} {kind} {rest}")
    line = int(call["line"]) if call.has("line") else len(entries) + 1
    if line <= len(entries):
        config.insert(item, before=entries[line - 1])
    elif entries:
        config.insert(item, after=entries[-1])
    else:
        config.insert(item)
    if kind == "extended" and exempts_badly(rest) and config.find("nat", acl=name):
        # before 8.3 (virtualbacon.net, a post of that title)
        call.config.drop("nat", acl=name)
        call.device.event("nat-removed", name)
        return "ERROR: ACE contains port, protocol, or deny. Removing NAT configuration"
    return None


def _add(call: Call) -> Result:
    return _insert(call, "extended", _entry(call))


def _remark(call: Call) -> Result:
    return _insert(call, "remark", call["text"][:100])


def _take(call: Call, item: Item | None) -> Result:
    name = call["id"]
    if not acl(call.config, name):
        raise Refused(f"ERROR: access-list <{name}> does not exist")
    if item is None:
        raise Refused("Specified access-list does not exist")
    if len(acl(call.config, name)) == 1:
        _unused(call.config, name)
    call.config.remove(item)
    return None


def _unused(config: Block, name: str) -> None:
    """The last entry of a list in use stays (rule and text are recall: the vendor's texts leave it open)."""
    if acl_users(config, name):
        raise Refused(f"ERROR: Access-list {name} is in use, cannot be removed")


def _remove(call: Call) -> Result:
    rest = _entry(call)
    found = [e for e in acl(call.config, call["id"]) if e["type"] == "extended" and e["rest"] == rest]
    return _take(call, found[0] if found else None)


def _remove_remark(call: Call) -> Result:
    entries = [e for e in acl(call.config, call["id"]) if e["type"] == "remark" and e["rest"] == call["text"]]
    return _take(call, entries[0] if entries else None)


def clear_lists(config: Block, name: str) -> None:
    """`clear configure access-list`."""
    for each in {item["id"] for item in config.find("access-list") if name in ("", item["id"])}:
        _unused(config, each)
        config.drop("access-list", id=each)


def _clear(call: Call) -> Result:
    if call.has("id") and not acl(call.config, call["id"]):
        raise Refused(f"ERROR: access-list <{call['id']}> does not exist")
    clear_lists(call.config, call["id"])
    return None


def _bind(call: Call) -> Result:
    need_acl(call, call["acl"])
    need_interface(call, call["interface"])
    call.config.put(" ".join(call.words))
    return None


# -- object groups


def _group(call: Call) -> Result:
    name = call["name"]
    item = call.config.one("object-group", name=name) or call.config.put(f"object-group network {name}")
    call.enter("object-group", version(call).group_prompt, item)
    return None


def _group_users(config: Block, name: str) -> list[Item]:
    used = re.compile(rf"object-group {re.escape(name)}(?: |\Z)")
    return [e for e in config.find("access-list") if used.search(e["rest"])] + [
        member
        for group in config.find("object-group")
        for member in group.block.find("member", type="group-object", value=name)
    ]


def _no_group(call: Call) -> Result:
    name = call["name"]
    if not call.config.one("object-group", name=name):
        raise Refused(f"Removing object-group ({name}) failed; it does not exist")
    if _group_users(call.config, name):
        raise Refused(f"Removing object-group ({name}) not allowed, it is being used.")
    call.config.drop("object-group", name=name)
    return None


def _member_text(call: Call) -> str:
    if call.has("group"):
        return f"group-object {call['group']}"
    if call.has("host") or call["mask"] == "255.255.255.255":
        return f"network-object host {call['host'] or call['ip']}"
    need_network(call["ip"], call["mask"])
    return f"network-object {call['ip']} {call['mask']}"


def _member(call: Call) -> Result:
    text = _member_text(call)
    group = call["group"]
    if group:
        other = call.config.one("object-group", name=group)
        if not other or not other.block.find("member"):
            raise Refused(f"object-group ({group}) is empty. Cannot add an empty group-object to object-group")
        if group == call.target["name"]:
            raise Refused(f"Adding obj (group-object {group}) to grp ({group}) failed; cause a loop in grp hierarchy")
    if any(member.text == text for member in call.here):
        shown = text.split(" ", 1)[1]
        return f"Adding obj ({shown}) to grp ({call.target['name']}) failed; object already exists"
    call.here.put(text)
    return None


def _no_member(call: Call) -> Result:
    text, name = _member_text(call), call.target["name"]
    members = call.here.find("member")
    found = [member for member in members if member.text == text]
    if not found:
        return None
    if len(members) == 1 and _group_users(call.config, name):
        raise Refused(
            f"Removing obj from object-group not allowed;\n"
            f"object-group ({name}),  being used in access-list, would become empty"
        )
    call.here.remove(found[0])
    return None


# -- show


def show(name: str = "") -> Effect:
    """`show access-list`: the head is recall for 7.2 (later releases add a hash of the name)."""

    def effect(call: Call) -> Result:
        lines = []
        ids = list(dict.fromkeys(item["id"] for item in call.config.find("access-list")))
        wanted = call["id"] or name
        if not wanted:
            lines += ["access-list cached ACL log flows: total 0, denied 0 (deny-flow-max 4096)"]
            lines += ["            alert-interval 300"]
        for each in ids:
            if wanted and each != wanted:
                continue
            entries = acl(call.config, each)
            lines.append(f"access-list {each}; {len([e for e in entries if e['type'] != 'remark'])} elements")
            for number, entry in enumerate(entries, 1):
                text = f"access-list {each} line {number} {entry['type']} {entry['rest']}"
                if entry["type"] != "remark":
                    text += f" (hitcnt=0) 0x{zlib.crc32(text.encode()):08x} "
                lines.append(text)
        if wanted and wanted not in ids:
            raise Refused(f"ERROR: access-list <{wanted}> does not exist")
        return "\n".join(lines)

    return effect


def add(rows: Rows) -> None:
    """The rows of this module."""
    ace = "access-list <id:word> [line <line:1-2147483647>] [extended] <action:=permit|deny> $ACE"
    rows.both("config", ace, _add, ace, _remove, "PIX 7.2 guide OL-12172-03; seed; Netspoc-Approve", Grade.SEED)
    remark = "access-list <id:word> [line <line:1-2147483647>] remark <text:rest>"
    rows.both("config", remark, _remark, remark, _remove_remark, "PIX 7.2 guide OL-12172-03", Grade.VENDOR)
    clear = "clear configure access-list [<id:word>]"
    rows.add("config", clear, _clear, "ASA 9.0 guide, ACLs 1-4; refusal while in use is recall", Grade.TOOL)
    bind = "access-group <acl:word> <direction:=in|out> interface <interface:word>"
    unbind = drop("access-group", acl="{acl}", direction="{direction}", interface="{interface}")
    rows.both("config", bind, _bind, bind, unbind, "Netspoc-Approve: binding another list replaces", Grade.TOOL)
    group = "object-group network <name:word>"
    rows.both("config", group, _group, group, _no_group, "Cisco NSO cisco-asa NED; mock ASA", Grade.TOOL)
    member = "{ network-object { host <host:address> | <ip:address> <mask:mask> } | group-object <group:word> }"
    rows.both("object-group", member, _member, member, _no_member, "Cisco NSO cisco-asa NED", Grade.TOOL)
    rows.both(
        "object-group",
        "description <text:rest>",
        put_here("description {text}"),
        "description [<text:rest>]",
        drop_here("group-description"),
        "common",
        Grade.RECALL,
    )
    rows.add("exec", "show access-list [<id:word>]", show(), "ntc-templates; 7.2 head by analogy", Grade.RECALL)
