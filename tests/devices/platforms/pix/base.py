# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: The netvpn.dynamic_l2l contributors
"""PIX 7.2: names, interfaces, and the single lines of the whole device."""

from __future__ import annotations

import re

from ...engine import Call, Effect, Grade, Refused, Result, Rows, drop, put, put_here
from ...store import Item
from .common import nameifs, need_interface, need_network
from .version import version

_GUIDE = "PIX 7.2 guide"


def _hostname(call: Call) -> Result:
    call.config.put(f"hostname {call['name']}")
    return None


def _no_hostname(call: Call) -> Result:
    call.config.put(f"hostname {version(call).factory_name}")
    return None


def _interface(call: Call) -> Result:
    name = call["name"]
    known = {item["name"].lower(): item for item in call.config.find("interface")}
    item = known.get(name.lower())
    if item is None:
        parent, dot, _ = name.partition(".")
        if not dot or parent.lower() not in known:
            raise Refused("ERROR: % Invalid interface")  # text: recall; the hardware is what was loaded
        item = call.config.put(f"interface {known[parent.lower()]['name']}.{name.partition('.')[2]}")
        for line in ("no vlan", "no nameif", "no security-level", "no ip address"):
            item.block.put(line)
    call.enter("interface", "(config-subif)" if "." in name else "(config-if)", item)
    return None


def _nameif(call: Call) -> Result:
    name = call["name"]
    old = call.here.one("nameif")
    if old and old["name"] == name:
        return None
    if name in nameifs(call.config):
        raise Refused(f'ERROR: Name "{name}" has been assigned to another interface')  # recall
    if old and old["name"]:
        _rename(call, old["name"], name)
    call.here.put(f"nameif {name}")
    security = call.here.one("security")
    if security is None or not security["level"]:
        level = "100" if name == "inside" else "0"
        call.here.put(f"security-level {level}")
        call.config.put(f"mtu {name} 1500")
        return f'INFO: Security level for "{name}" set to {level} by default.'
    if not call.config.one("mtu", interface=name):
        call.config.put(f"mtu {name} 1500")
    return None


def _rename(call: Call, old: str, new: str) -> None:
    """The lines that name an interface follow its new name (recall)."""
    pattern = re.compile(rf"(?<![\w-]){re.escape(old)}(?![\w-])")
    kinds = (
        "mtu",
        "global",
        "nat",
        "static",
        "access-group",
        "route",
        "crypto-map",
        "isakmp-enable",
        "management-access",
    )
    for item in call.config.find(*kinds):
        text = pattern.sub(new, item.text)
        found = call.config.schema.classify(text)
        assert found
        item.text, item.fields = text, found[1]


def _no_nameif(call: Call) -> Result:
    old = call.here.one("nameif")
    if old and old["name"]:
        users = call.config.find("global", "nat", "access-group", "crypto-map", "isakmp-enable", interface=old["name"])
        if users:
            # A device takes these lines away with the name; nobody may do that by accident here (recall, strict)
            raise Refused(f"ERROR: interface {old['name']} is in use: {users[0].text}")
        call.config.drop("mtu", interface=old["name"])
    call.here.put("no nameif")
    call.here.put("no security-level")
    return None


def _address(call: Call) -> Result:
    if call.has("address"):
        text = f"ip address {call['address']} {call['mask']}"
        if call.has("standby"):
            text += f" standby {call['standby']}"
    else:
        text = "ip address dhcp" + (" setroute" if "setroute" in call.words else "")
    call.here.put(text)
    return None


def _simple(kind: str, text: str) -> Effect:
    def effect(call: Call) -> Result:
        call.config.put(text.replace("{value}", " ".join(call.match.all("value"))))
        return None

    assert kind
    return effect


def _timeout_conn(call: Call) -> Result:
    line = call.config.one("timeout-conn")
    words = line.text.split() if line else "timeout conn 1:00:00 half-closed 0:10:00 udp 0:02:00 icmp 0:00:02".split()
    words[2] = call["value"] or words[2]
    for name in ("half-closed", "udp", "icmp"):
        if call.has(name):
            words[words.index(name) + 1] = call[name]
    call.config.put(" ".join(words))
    return None


def _name(call: Call) -> Result:
    for item in call.config.find("name"):
        if item["name"] == call["name"] and item["address"] != call["address"]:
            raise Refused(f"ERROR: Name {call['name']} is already in use")  # recall
    call.config.put(f"name {call['address']} {call['name']}")
    return None


def _no_sysopt(call: Call) -> Result:
    call.config.drop("sysopt", what=call["what"])
    if call["what"] == "permit-vpn":
        call.config.put("no sysopt connection permit-vpn")
    return None


def _sysopt(call: Call) -> Result:
    call.config.drop("sysopt", what=call["what"])
    if call["what"] != "permit-vpn":
        call.config.put(f"sysopt connection {call['what']}")
    return None


def _permit_ipsec(call: Call) -> Result:
    # the older word for permit-vpn (PIX 6.x; that 7.2 still takes it is recall)
    call.config.drop("sysopt", what="permit-vpn")
    if call.words[0] == "no":
        call.config.put("no sysopt connection permit-vpn")
    return None


def _access(kind: str) -> Effect:
    def effect(call: Call) -> Result:
        need_interface(call, call["interface"])
        need_network(call["address"], call["mask"])
        call.config.put(f"{kind} {call['address']} {call['mask']} {call['interface']}")
        return None

    return effect


def _icmp(call: Call) -> Result:
    need_interface(call, call["interface"])
    call.config.put(" ".join(call.words))
    return None


def _no_icmp(call: Call) -> Result:
    wanted = " ".join(call.words[1:])
    for item in call.config.find("icmp"):
        if item.text == wanted:
            call.config.remove(item)
    return None


def _mtu(call: Call) -> Result:
    need_interface(call, call["interface"])
    call.config.put(f"mtu {call['interface']} {call['value']}")
    return None


def _management(call: Call) -> Result:
    need_interface(call, call["interface"])
    call.config.put(f"management-access {call['interface']}")
    return None


def _no_management(call: Call) -> Result:
    found: Item | None = call.config.one("management-access")
    if found and call["interface"] in ("", found["interface"]):
        call.config.remove(found)
    return None


def add(rows: Rows) -> None:
    """The rows of this module."""
    config = "config"
    rows.both(config, "hostname <name:word>", _hostname, "hostname [<name:word>]", _no_hostname, "seed", Grade.SEED)
    rows.both(
        config,
        "domain-name <value:word>",
        _simple("domain-name", "domain-name {value}"),
        "domain-name [<value:word>]",
        drop("domain-name"),
        "captures of 8.2",
        Grade.CAPTURE,
    )
    rows.add(config, "names", put("names"), "seed", Grade.SEED)
    rows.add(config, "no names", put("no names"), "captures of 8.2: names in lines", Grade.RECALL)
    name = "name <address:address> <name:word>"
    no_name = drop("name", address="{address}")
    rows.both(config, name, _name, "name <address:address> [<name:word>]", no_name, "captures of 8.2", Grade.CAPTURE)
    interface = "interface <name:interface>"
    rows.add(config, interface, _interface, "seed", Grade.SEED)
    sub = "interface"
    rows.both(sub, "nameif <name:word>", _nameif, "nameif [<name:word>]", _no_nameif, "seed; INFO: recall", Grade.SEED)
    rows.both(
        sub,
        "security-level <value:0-100>",
        put_here("security-level {value}"),
        "security-level [<value:0-100>]",
        put_here("no security-level"),
        "seed",
        Grade.SEED,
    )
    rows.both(
        sub,
        "ip address { <address:address> <mask:mask> [standby <standby:address>] | dhcp [setroute] }",
        _address,
        "ip address [<rest:rest>]",
        put_here("no ip address"),
        "seed",
        Grade.SEED,
    )
    shown = lambda call: call.here.drop("shutdown") and None  # noqa: E731
    rows.both(sub, "shutdown", put_here("shutdown"), "shutdown", shown, "seed", Grade.SEED)
    for word, values in (("speed", "=10|100|1000|auto"), ("duplex", "=auto|full|half"), ("description", "rest")):
        hidden = _hide(word, "auto")
        rows.both(sub, f"{word} <value:{values}>", hidden, f"{word} [<value:rest>]", _hide(word), _GUIDE, Grade.RECALL)
    rows.both(sub, "vlan <value:1-4094>", put_here("vlan {value}"), "vlan", put_here("no vlan"), _GUIDE, Grade.RECALL)
    rows.both(
        config, "pager lines <value:0-512>", _pager, "pager [lines <value:0-512>]", put("no pager"), "seed", Grade.SEED
    )
    rows.both(
        config,
        "terminal width <width:0-511>",
        _width,
        "terminal width [<width:0-511>]",
        drop("terminal-width"),
        "ASA 9.5 capture; netmiko",
        Grade.CAPTURE,
    )
    mtu = "mtu <interface:word> <value:64-65535>"
    no_mtu = put("mtu {interface} 1500")
    rows.both(config, mtu, _mtu, "mtu <interface:word> [<value:64-65535>]", no_mtu, "seed", Grade.SEED)
    same = "same-security-traffic permit <value:=inter-interface|intra-interface>"
    rows.both(
        config,
        same,
        put("same-security-traffic permit {value}"),
        same,
        drop("same-security-traffic", which="{value}"),
        "ASA command reference",
        Grade.VENDOR,
    )
    sysopt = "sysopt connection <what:=permit-vpn|reclassify-vpn|timewait|preserve-vpn-flows>"
    rows.both(config, sysopt, _sysopt, sysopt, _no_sysopt, "Netspoc-Approve; recall for 7.2 defaults", Grade.TOOL)
    ipsec = "sysopt connection permit-ipsec"
    rows.both(config, ipsec, _permit_ipsec, ipsec, _permit_ipsec, "PIX 6.x captures", Grade.RECALL)
    rows.both(
        config,
        "management-access <interface:word>",
        _management,
        "management-access [<interface:word>]",
        _no_management,
        "ASA command reference",
        Grade.VENDOR,
    )
    for kind, default in (("telnet", "5"), ("ssh", "5"), ("console", "0")):
        form = f"{kind} timeout {{value}}"
        back = put(f"{kind} timeout {default}")
        rows.both(config, f"{kind} timeout <value:0-1440>", put(form), f"{kind} timeout", back, "seed", Grade.SEED)
    for kind in ("telnet", "ssh"):
        line = f"{kind} <address:address> <mask:mask> <interface:word>"
        gone = drop(kind, address="{address}", mask="{mask}", interface="{interface}")
        rows.both(config, line, _access(kind), line, gone, "captures of 8.2", Grade.CAPTURE)
    rows.add(config, "timeout xlate <value:time>", put("timeout xlate {value}"), "seed", Grade.SEED)
    conn = "timeout conn <value:time> [half-closed <half-closed:time>] [udp <udp:time>] [icmp <icmp:time>]"
    rows.add(config, conn, _timeout_conn, "seed", Grade.SEED)
    for name in ("half-closed", "udp", "icmp"):
        rows.add(config, f"timeout {name} <{name}:time>", _timeout_conn, "seed's line in parts: recall", Grade.RECALL)
    icmp = (
        "icmp <action:=permit|deny> { any | host <host:address> | <ip:address> <mask:mask> } [<type:icmp-type>]"
        " <interface:word>"
    )
    rows.both(config, icmp, _icmp, icmp, _no_icmp, "ASA command reference", Grade.VENDOR)
    rows.both(
        config,
        "enable password <word:secret> [encrypted]",
        _enable_password,
        "enable password",
        lambda call: None,
        "seed shows the line",
        Grade.RECALL,
    )


def _enable_password(call: Call) -> Result:
    # The hash is not the device's: text that no one can turn back (only the form of the line is sourced)
    if "encrypted" not in call.words:
        call.device.secrets.enable = call["word"]
    return None


def _hide(kind: str, default: str = "") -> Effect:
    def effect(call: Call) -> Result:
        value = " ".join(call.match.all("value"))
        if call.words[0] == "no" or value == default:
            call.here.drop(kind)
        else:
            call.here.put(f"{kind} {value}")
        return None

    return effect


def _pager(call: Call) -> Result:
    # `pager lines 0` is stored as `no pager` (Netspoc-Approve knows both forms of `show pager`; the folding is recall)
    call.config.put(f"pager lines {call['value']}" if call["value"] != "0" else "no pager")
    return None


def _width(call: Call) -> Result:
    call.config.drop("terminal-width")
    if call["width"] != "80":
        call.config.put(f"terminal width {call['width']}")
    return None
