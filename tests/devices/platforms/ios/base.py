# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: The netvpn.dynamic_l2l contributors
"""IOS 12.4: interfaces and the single lines of the whole router."""

from __future__ import annotations

import hashlib
import ipaddress

from ...engine import BadWord, Call, Effect, Grade, Refused, Reply, Result, Rows, drop, drop_here, put, put_here, silent
from ...grammar import is_mask
from ...store import Item
from .common import VIRTUAL, full_name, networks
from .crypto import any_bound
from .version import version


def _interface(call: Call) -> Result:
    name = full_name(call["name"])
    if name is None:
        raise BadWord(call["name"])
    item = call.config.one("interface", name=name)
    if item is None:
        parent = name.partition(".")[0]
        software = name.startswith(VIRTUAL) and "/" not in name
        if not software and not ("." in name and call.config.one("interface", name=parent)):
            raise BadWord(call["name"])  # the hardware is what was loaded (refusal: recall)
        item = call.config.make(f"interface {name}")
        after, before = _place(call, name, parent)
        call.config.insert(item, after, before)
        item.block.put("no ip address")
    call.enter("interface", "(config-subif)" if "." in name else "(config-if)", item)
    return None


def _place(call: Call, name: str, parent: str) -> tuple[Item | None, Item | None]:
    """Loopback and Tunnel first, sub-interfaces behind their parent, Vlan and Dialer last (captures)."""
    interfaces = call.config.find("interface")
    if "." in name:
        same = [i for i in interfaces if i["name"].partition(".")[0] == parent]
        return same[-1], None
    if name.startswith(("Loopback", "Tunnel")):
        first = [i for i in interfaces if (i["name"] > name or not i["name"].startswith(("Loopback", "Tunnel")))]
        return None, first[0] if first else None
    return None, None


def _no_interface(call: Call) -> Result:
    name = full_name(call["name"]) or ""
    item = call.config.one("interface", name=name)
    if item is None:
        raise BadWord(call["name"])
    if not name.startswith(VIRTUAL) and "." not in name:
        raise Refused("% Cannot remove this interface")  # text: recall; that hardware stays is documented
    call.config.remove(item)
    return None


def _address(call: Call) -> Result:
    address, mask = call["address"], call["mask"]
    if not is_mask(mask):
        raise Refused(f"Bad mask 0x{int(ipaddress.IPv4Address(mask)):08X} for address {address}")
    network = ipaddress.IPv4Network((address, mask), strict=False)
    if network.prefixlen < 31 and ipaddress.IPv4Address(address) in (
        network.network_address,
        network.broadcast_address,
    ):
        raise Refused(f"Bad mask /{network.prefixlen} for address {address}")
    for other in call.config.find("interface"):
        if other is not call.target and any(network.overlaps(each) for each in networks(other)):
            raise Refused(f"% {network.network_address} overlaps with {other['name']}")
    secondary = "secondary" in call.words
    call.here.put(f"ip address {address} {mask}" + (" secondary" if secondary else ""))
    return None


def _no_address(call: Call) -> Result:
    if "secondary" in call.words:
        call.here.drop("secondary", address=call["address"])
        return None
    if call.here.find("secondary"):
        if call.has("address"):
            raise Refused("Must delete secondary before deleting primary")  # recall
        call.here.drop("secondary")
    call.here.put("no ip address")
    return None


def _nat(call: Call) -> Result:
    first = not any(item.block.find("nat") for item in call.config.find("interface"))
    call.here.put(f"ip nat {call['side']}")
    if not call.here.one("reassembly"):
        call.here.put(version(call).reassembly)  # by itself
    if first and not call.here.one("shutdown"):
        # once, about a second later; 12.4 and 15.x (captures)
        return Reply(later=["%LINEPROTO-5-UPDOWN: Line protocol on Interface NVI0, changed state to up"])
    return None


def _no_nat(call: Call) -> Result:
    if call.here.drop("nat", side=call["side"]):
        # a reference count (Cisco, Virtual Fragmentation Reassembly); that the line goes follows
        for line in call.here.find("reassembly"):
            if not line["no"]:
                call.here.remove(line)
    return None


def _shutdown(call: Call) -> Result:
    before = any_bound(call.config)
    if call.words[0] == "no":
        call.here.drop("shutdown")
    else:
        call.here.put("shutdown")
    after = any_bound(call.config)
    if before != after:
        return Reply(later=[f"%CRYPTO-6-ISAKMP_ON_OFF: ISAKMP is {'ON' if after else 'OFF'}"])
    return None


def _duplex(call: Call) -> Result:
    call.here.put("half-duplex" if call.words[0] == "half-duplex" else " ".join(call.words))
    return None


def _interface_rows(rows: Rows) -> None:
    mode = "interface"
    name = "interface <name:interface> [point-to-point]"
    rows.add("config", name, _interface, "seed; captures of abbreviations", Grade.SEED)
    rows.add("config", "no interface <name:interface>", _no_interface, "Cisco, Configuration Replace", Grade.RECALL)
    text = "description <text:rest>"
    rows.both(mode, text, put_here("description {text}"), "description [<text:rest>]", drop_here("description"),
              "captures of 15.1", Grade.CAPTURE)  # fmt: skip
    address = "ip address <address:address> <mask:wildcard> [secondary]"
    rows.add(mode, address, _address, "seed; captures of the refusals", Grade.SEED)
    rows.add(mode, "ip address dhcp", put_here("ip address dhcp"), "captures", Grade.CAPTURE)
    no_address = "no ip address [{ dhcp | <address:address> <mask:wildcard> [secondary] }]"
    rows.add(mode, no_address, _no_address, "seed", Grade.SEED)
    rows.both(mode, "shutdown", _shutdown, "shutdown", _shutdown, "seed; lab captures of the log line", Grade.SEED)
    rows.both(mode, "ip nat <side:=inside|outside>", _nat, "ip nat <side:=inside|outside>", _no_nat, "seed", Grade.SEED)
    reassembly = "ip virtual-reassembly"
    rows.both(mode, reassembly, put_here(reassembly), reassembly, _no_reassembly, "seed; captures", Grade.CAPTURE)
    group = "ip access-group <acl:word> <direction:=in|out>"
    rows.both(mode, group, put_here("ip access-group {acl} {direction}"), "ip access-group [<acl:word>] <direction:=in|out>",
              drop_here("access-group", direction="{direction}"), "captures of 15.1", Grade.CAPTURE)  # fmt: skip
    rows.both(
        mode, "duplex <value:=auto|full|half>", _duplex, "duplex", _auto("duplex"), "seed", Grade.SEED, Grade.RECALL
    )
    rows.both(mode, "half-duplex", _duplex, "half-duplex", drop_here("duplex"), "seed", Grade.SEED, Grade.RECALL)
    rows.both(mode, "speed <value:=auto|10|100>", put_here("speed {value}"), "speed", _auto("speed"), "seed", Grade.SEED,
              Grade.RECALL)  # fmt: skip
    rows.both(mode, "ip tcp adjust-mss <value:500-1460>", put_here("ip tcp adjust-mss {value}"), "ip tcp adjust-mss",
              drop_here("adjust-mss"), "captures of 15.0", Grade.CAPTURE)  # fmt: skip
    rows.both(mode, "ip mtu <value:68-1500>", put_here("ip mtu {value}"), "ip mtu", drop_here("mtu"), "common",
              Grade.RECALL)  # fmt: skip
    encapsulation = "encapsulation dot1Q <vlan:1-4094>"
    rows.both(mode, encapsulation, put_here("encapsulation dot1Q {vlan}"), encapsulation, drop_here("encapsulation"),
              "captures of 15.4", Grade.CAPTURE)  # fmt: skip


def _auto(kind: str) -> Effect:
    return put_here(f"{kind} auto")


def _no_reassembly(call: Call) -> Result:
    call.here.drop("reassembly")
    if call.here.one("nat"):
        call.here.put("no ip virtual-reassembly")  # shown when the administrator removed it (capture of 15.x)
    return None


# -- the router


def _hostname(call: Call) -> Result:
    call.config.put(f"hostname {call['name']}")
    return None


def _switch(kind: str, shown: str, what: str) -> tuple[Effect, Effect]:
    """A line that is shown in both its forms: on and off."""
    return put(shown.replace("{no}", "")), put(shown.replace("{no}", "no "))


def _username(call: Call) -> Result:
    text = f"username {call['name']}"
    if call.has("level"):
        text += f" privilege {call['level']}"
    if call["how"] == "password":
        text += f" password {call['type'] or '0'} {call['word']}"
    elif call["how"] == "secret":
        text += f" secret 5 {call['word'] if call['type'] == '5' else _hash(call['word'])}"
    call.config.put(text)
    return None


def _hash(word: str) -> str:
    # Only the shape of a type 5 secret: nothing can be read from it, and it is the same each time.
    digest = hashlib.sha256(word.encode()).hexdigest()
    return f"$1${digest[:4]}${digest[4:26]}"


def _enable(call: Call) -> Result:
    if call["how"] == "secret":
        shown = f"5 {call['word'] if call['type'] == '5' else _hash(call['word'])}"
    else:
        shown = f"{call['type']} {call['word']}".strip()
    if call["type"] in ("", "0"):
        call.device.secrets.enable = call["word"]
    call.config.put(f"enable {call['how']} {shown}")
    return None


def _line(call: Call) -> Result:
    kind, first = call["type"], call["first"]
    last = call["last"]
    for item in call.config.find("line", type=kind):
        begin, _, end = item["range"].partition(" ")
        if int(begin) <= int(first) <= int(end or begin):
            call.enter("line", "(config-line)", item)
            return None
    item = call.config.put(f"line {kind} {first} {last}".rstrip())
    call.enter("line", "(config-line)", item)
    return None


def _line_rows(rows: Rows) -> None:
    rows.add("config", "line <type:=con|aux|vty> <first:0-807> [<last:1-807>]", _line, "seed", Grade.SEED)
    rows.add("config", "line <type:=console> <first:0-0>", _console, "seed", Grade.SEED)
    mode = "line"
    common = "common IOS lines"
    for line, kind in (
        ("privilege level <value:0-15>", "privilege"),
        ("exec-timeout <value:0-35791> [<value:0-2147483>]", "exec-timeout"),
        ("logging synchronous", "logging"),
        ("transport input { <value:=ssh|telnet>+ | <value:=all|none> }", "transport-input"),
        ("login [<value:=local>]", "login"),
    ):
        words = line.split(" <")[0].split(" [")[0].split(" {")[0]
        rows.both(mode, line, put_here(f"{words} {{value}}"), f"{words} [<value:rest>]", drop_here(kind), common,
                  Grade.RECALL)  # fmt: skip
    rows.both(mode, "password [<type:=0|7>] <word:secret>", put_here("password {type} {word}"), "password",
              drop_here("password"), common, Grade.RECALL)  # fmt: skip


def _console(call: Call) -> Result:
    item = call.config.one("line", type="con")
    call.enter("line", "(config-line)", item or call.config.put("line con 0"))
    return None


def add(rows: Rows) -> None:
    """The rows of this module."""
    config = "config"
    back = put("hostname Router")
    rows.both(config, "hostname <name:word>", _hostname, "hostname [<name:word>]", back, "seed", Grade.SEED)
    _interface_rows(rows)
    for what in ("server", "secure-server"):
        on, off = _switch("http", f"{{no}}ip http {what}", what)
        rows.both(config, f"ip http {what}", on, f"ip http {what}", off, "seed; captures", Grade.SEED)
    stamps = "service timestamps <what:=debug|log> { datetime [<how:=msec|localtime|show-timezone|year>+] | uptime }"
    rows.both(config, stamps, _timestamps, "service timestamps <what:=debug|log>", _no_timestamps, "seed", Grade.SEED)
    on, off = _switch("service", "{no}service password-encryption", "password-encryption")
    rows.both(config, "service password-encryption", on, "service password-encryption", off, "seed", Grade.SEED)
    lookup = "ip { domain lookup | domain-lookup }"
    rows.both(config, lookup, drop("domain-lookup"), lookup, put("no ip domain lookup"), "captures", Grade.CAPTURE)
    domain = "ip { domain name | domain-name } <name:word>"
    rows.both(config, domain, put("ip domain name {name}"), domain, drop("domain-name"), "captures", Grade.CAPTURE)
    user = "username <name:word> [privilege <level:0-15>] [<how:=password|secret> [<type:=0|5|7>] <word:secret>]"
    no_user = drop("username", name="{name}")
    rows.both(config, user, _username, "username <name:word> [<rest:rest>]", no_user, "captures", Grade.CAPTURE)
    enable = "enable <how:=secret|password> [<type:=0|5|7>] <word:secret>"
    rows.both(config, enable, _enable, "enable <how:=secret|password>", drop("enable", what="{how}"), "captures",
              Grade.RECALL)  # fmt: skip
    rows.both(config, "ip cef", put("ip cef"), "ip cef", put("no ip cef"), "seed", Grade.SEED)
    rows.both(config, "file prompt <how:=quiet|noisy|alert>", silent, "file prompt", silent, "NAPALM sends it",
              Grade.TOOL)  # fmt: skip
    _line_rows(rows)


def _timestamps(call: Call) -> Result:
    shown = "uptime" if "uptime" in call.words else " ".join(["datetime", *call.match.all("how")])
    call.config.put(f"service timestamps {call['what']} {shown}")
    return None


def _no_timestamps(call: Call) -> Result:
    call.config.put(f"no service timestamps {call['what']}")
    return None
