# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: The netvpn.dynamic_l2l contributors
"""PIX 7.2: what is typed outside the configuration mode: moving, showing, clearing, saving."""

from __future__ import annotations

import hashlib

from ...engine import CONFIG, EXEC, Call, Effect, Grade, Question, Reply, Result, Rows, say, silent
from ...store import Item
from ..live import alive, plugged, snapshot
from . import live
from .version import version

_CLIENTS = "netmiko, cisco.asa, Netspoc-Approve"

# `show running-config <section>`: the kinds of lines of each
SECTIONS: dict[str, tuple[str, ...]] = {
    "access-group": ("access-group",),
    "access-list": ("access-list",),
    "crypto": (
        "transform-set",
        "ipsec-lifetime",
        "dynamic-map",
        "crypto-map",
        "isakmp-identity",
        "isakmp-enable",
        "isakmp-policy",
        "isakmp-nat-traversal",
        "isakmp-am-disable",
    ),
    "global": ("global",),
    "group-policy": ("group-policy",),
    "hostname": ("hostname",),
    "icmp": ("icmp-unreachable", "icmp"),
    "interface": ("interface",),
    "logging": ("logging", "logging-other"),
    "management-access": ("management-access",),
    "mtu": ("mtu",),
    "name": ("name",),
    "names": ("names", "name"),
    "nat": ("nat",),
    "nat-control": ("nat-control",),
    "object-group": ("object-group",),
    "pager": ("pager",),
    "route": ("route",),
    "same-security-traffic": ("same-security-traffic",),
    "ssh": ("ssh", "ssh-timeout", "ssh-version"),
    "static": ("static",),
    "sysopt": ("sysopt",),
    "telnet": ("telnet", "telnet-timeout"),
    "terminal": ("terminal-width",),
    "timeout": ("timeout-xlate", "timeout-conn", "timeout"),
    "tunnel-group": ("tunnel-group",),
    "username": ("username",),
}
CRYPTO_SECTIONS: dict[str, tuple[str, ...]] = {
    "dynamic-map": ("dynamic-map",),
    "ipsec": ("transform-set", "ipsec-lifetime"),
    "isakmp": ("isakmp-identity", "isakmp-enable", "isakmp-policy", "isakmp-nat-traversal", "isakmp-am-disable"),
    "map": ("crypto-map",),
}


def _lines(call: Call, items: list[Item], secrets: bool = False) -> Reply:
    show = call.device.platform.printer(call.device, secrets=secrets)
    out: list[str] = []
    for item in items:
        out.append(item.indent + show(item))
        out += item.block.lines(show)
        if item.kind and item.kind.name == "interface":
            out.append("!")
    return Reply("".join(f"{line}\n" for line in out), paged=True)


def _section(kinds: tuple[str, ...], field: str = "") -> Effect:
    def effect(call: Call) -> Result:
        items = call.config.find(*kinds)
        wanted = call["which"]
        if wanted and field:
            items = [item for item in items if item[field].lower() == wanted.lower()]
        return _lines(call, items)

    return effect


def _running(call: Call) -> Result:
    return Reply("".join(f"{line}\n" for line in call.device.platform.show_running(call.device)), paged=True)


def _running_all(call: Call) -> Result:
    """With the defaults that hide: as far as they are known (ntc-templates show_running-config_all_crypto_map)."""
    out: list[str] = []
    for line in call.device.platform.show_running(call.device):
        out.append(line)
        if " match address " in line and line.startswith("crypto map "):
            head = line.split(" match address ")[0]
            if not any(item.text.startswith(f"{head} set connection-type") for item in call.config.find("crypto-map")):
                out.append(f"{head} set connection-type bidirectional")
        if line.startswith("snmp-server enable") and not call.config.find("sysopt", what="permit-vpn"):
            out.append("sysopt connection permit-vpn")
    return Reply("".join(f"{line}\n" for line in out), paged=True)


def _more(call: Call) -> Result:
    if call.device.faults.no_more:
        return call.device.platform.unauthorized
    lines = call.device.platform.show_running(call.device, secrets=not call.device.faults.more_masked)
    return Reply("".join(f"{line}\n" for line in lines), paged=True)


def _startup(call: Call) -> Result:
    return Reply("".join(f"{line}\n" for line in call.device.platform.show_startup(call.device)), paged=True)


# -- moving


def _enable(call: Call) -> Result:
    shell, secrets = call.shell, call.device.secrets
    level = int(call["level"] or 15)

    def ask(attempt: int) -> Question:
        def answer(text: str) -> Reply:
            if text == secrets.enable:
                shell.raise_to(level)
                return Reply()
            # both texts: recall
            if attempt < 3:
                return Reply("Invalid password\n", question=ask(attempt + 1))
            return Reply("Invalid password\nAccess denied.\n")

        return Question("Password: ", answer, echo=False)

    return Reply(question=ask(1))


def _login(call: Call) -> Result:
    def user(name: str) -> Reply:
        def password(word: str) -> Reply:
            if call.device.secrets.login.get(name) == word:
                call.shell.raise_to(15)
                call.shell.user = name
                return Reply()
            return Reply("Login failed\n")  # recall

        return Reply(question=Question("Password: ", password, echo=False))

    return Reply(question=Question("Username: ", user))


def _leave(_call: Call) -> Result:
    return Reply("\nLogoff\n\n", close=True)


def _up(call: Call) -> Result:
    parent = call.shell.mode.parent
    assert parent
    call.shell.mode = parent
    return None


def _end(call: Call) -> Result:
    call.shell.mode = EXEC
    return None


def _disable(call: Call) -> Result:
    call.shell.raise_to(1)
    return None


def _configure(call: Call) -> Result:
    call.shell.mode = CONFIG
    return None


# -- saving


def checksum(lines: list[str]) -> str:
    """Thirty-two hexadecimal digits, as the device prints them; the value is this emulator's own."""
    return hashlib.md5("\n".join(lines).encode(), usedforsecurity=False).hexdigest()


def _save(call: Call) -> Result:
    return _saved(call, "Building configuration...\n")


def _saved(call: Call, head: str) -> Reply:
    lines = call.device.platform.render(call.device, secrets=True)
    digest = checksum(lines)
    parts = " ".join(digest[start : start + 8] for start in range(0, 32, 8))
    if call.device.faults.nvram_full:
        # `[FAILED]`: a unit-tested mock ASA; the line before it is recall
        return Reply(f"{head}%Error writing nvram:/startup-config (No space left on device)\n[FAILED]\n")
    call.device.save()
    size = sum(len(line) + 1 for line in lines)
    return Reply(f"{head}Cryptochecksum: {parts} \n\n{size} bytes copied in 1.230 secs ({size} bytes/sec)\n[OK]\n")


def _copy(call: Call) -> Result:
    # Questions: ASA command reference, copy (source filename); the rest as `write memory`
    def source(_name: str) -> Reply:
        reply = _saved(call, "")
        reply.text = reply.text.replace("[OK]\n", "")
        return Reply("\n" + reply.text)

    return Reply(question=Question("\nSource filename [running-config]? ", source))


# -- showing


def _version(call: Call) -> Result:
    host = call.device.platform.hostname(call.device)
    # First line: captures; the rest is recall of the layout
    lines = [
        "",
        f"Cisco PIX Security Appliance Software Version {version(call).number} ",
        "",
        "Compiled on Wed 22-Nov-06 14:16 by builders",
        'System image file is "flash:/pix722.bin"',
        'Config file at boot was "startup-config"',
        "",
        f"{host} up 1 day 2 hours",
        "",
        "Hardware:   PIX-515E, 128 MB RAM, CPU Pentium II 433 MHz",
        "Flash E28F128J3 @ 0xfff00000, 16MB",
        "BIOS Flash AM29F400B @ 0xfffd8000, 32KB",
        "",
    ]
    for number, item in enumerate(call.config.find("interface")):
        lines.append(
            f" {number}: Ext: {item['name']}           : address is 0000.0000.00{number:02x}, irq {10 + number}"
        )
    lines += ["", "Serial Number: 000000000", "Running Activation Key: 0x00000000", ""]
    return Reply("".join(f"{line}\n" for line in lines), paged=True)


def _privilege(call: Call) -> Result:
    level = call.shell.level
    user = call.shell.user or f"enable_{level}"
    modes = "P_PRIV" if level >= 2 else "P_UNPR"
    if call.shell.mode.configures:
        modes += " P_CONF"
    return f"Username : {user}\nCurrent privilege level : {level}\nCurrent Mode/s : {modes}"


def _interfaces(call: Call) -> Result:
    rows = ["Interface                  IP-Address      OK? Method Status                Protocol"]
    for item in call.config.find("interface"):
        address = item.block.one("address")
        shown, method = "unassigned", "unset"
        if address and address["address"] == "dhcp":
            name = item.block.one("nameif")
            shown = call.device.leases.get(name["name"] if name else "", "unassigned").partition("/")[0]
            method = "DHCP"
        elif address and address["address"]:
            shown, method = address["address"], "CONFIG"
        up = not item.block.one("shutdown")
        status = "up" if up else "administratively down"
        if up and not plugged(call.device, item, "nameif"):
            status, up = "down", False
        rows.append(f"{item['name']:<26} {shown:<15} YES {method:<6} {status:<21} {'up' if up else 'down'}")
    return "\n".join(rows)


def _crypto_map(call: Call) -> Result:
    lines = []
    used = {(each.map, str(each.sequence)): each.peer for each in snapshot(call.device).children}
    for sequence in dict.fromkeys((item["map"], item["seq"]) for item in call.config.find("crypto-map") if item["seq"]):
        entry = {i["what"]: i["value"] for i in call.config.find("crypto-map", map=sequence[0], seq=sequence[1])}
        bound = [i["interface"] for i in call.config.find("crypto-map", map=sequence[0]) if i["interface"]]
        lines += ["", f'Crypto Map "{sequence[0]}" {sequence[1]} ipsec-isakmp']
        if "ipsec-isakmp dynamic" in entry:
            lines.append(f"\tDynamic map template tag: {entry['ipsec-isakmp dynamic']}")
            continue
        lines += [f"\tPeer = {peer}" for peer in entry.get("set peer", "").split()]
        if "match address" in entry:
            lines.append(f"\taccess-list {entry['match address']}")
        if sequence in used:
            lines.append(f"\tCurrent peer: {used[sequence]}")
        lines.append(f"\tTransform sets={{ {', '.join(entry.get('set transform-set', '').split())} }}")
        lines.append(f"\tCrypto map interface: {', '.join(bound)}")
    return "\n".join(lines)


def add(rows: Rows) -> None:
    """The rows of this module."""
    any_ = "any"
    rows.add("user", "enable [<level:0-15>]", _enable, "Netspoc-Approve; captures", Grade.TOOL)
    rows.add("exec", "enable [<level:0-15>]", silent, "recall (a mock refuses it)", Grade.RECALL)
    rows.add("user", "login", _login, "netmiko", Grade.TOOL)
    rows.add("exec", "login", _login, "netmiko", Grade.TOOL)
    rows.add("exec", "disable", _disable, "cisco.asa", Grade.TOOL)
    rows.add("exec", "configure terminal", _configure, _CLIENTS, Grade.TOOL)
    rows.add("leave", "{ exit | quit }", _up, "mock ASA; PIX before 7 knew no `end`", Grade.TOOL)
    rows.add("leave", "end", _end, "mock ASA", Grade.TOOL)
    rows.add("user", "{ exit | quit | logout }", _leave, "captures of Logoff", Grade.CAPTURE)
    rows.add("exec", "{ exit | quit | logout }", _leave, "captures of Logoff", Grade.CAPTURE)

    for command in ("terminal pager [lines] <lines:0-512>", "no terminal pager"):
        rows.add("exec", command, _pager, _CLIENTS, Grade.TOOL)
    rows.add(any_, "show curpriv", _privilege, "netmiko sends it; layout recall", Grade.RECALL)
    rows.add(any_, "show version", _version, "captures (first line); rest recall", Grade.RECALL)
    rows.add("exec", "show hostname", lambda call: call.device.platform.hostname(call.device), "Netspoc", Grade.TOOL)
    rows.add("exec", "show clock", say("01:00:00.000 UTC Fri Jan 1 1993"), "recall", Grade.RECALL)
    rows.add("exec", "show pager", _show_pager, "Netspoc-Approve", Grade.TOOL)
    rows.add("exec", "show terminal", _show_terminal, "Netspoc-Approve", Grade.TOOL)
    rows.add("exec", "show mode", say("Security context mode: single "), "recall", Grade.RECALL)
    rows.add("exec", "show privilege", _show_privilege, "recall", Grade.RECALL)
    rows.add("exec", "show { checksum }", _show_checksum, "recall", Grade.RECALL)

    rows.add("exec", "show running-config", _running, "seed", Grade.SEED)
    rows.add("exec", "show running-config all", _running_all, "ntc-templates", Grade.TOOL)
    rows.add("exec", "write terminal", _running, "recall", Grade.RECALL)
    fields = {"interface": "name", "access-list": "id", "tunnel-group": "name", "group-policy": "name"}
    for name, kinds in SECTIONS.items():
        effect = _section(tuple(kinds), fields.get(name, ""))
        tail = " [<which:interface>]" if name == "interface" else " [<which:word>]" if name in fields else ""
        rows.add("exec", f"show running-config {name}{tail}", effect, "ntc-templates directory names", Grade.TOOL)
        rows.add("exec", f"show running-config all {name}{tail}", effect, "ntc-templates directory names", Grade.TOOL)
    for name, kinds in CRYPTO_SECTIONS.items():
        effect = _section(kinds, "map" if name.endswith("map") else "")
        tail = " [<which:word>]" if name.endswith("map") else ""
        rows.add("exec", f"show running-config crypto {name}{tail}", effect, "ntc-templates names", Grade.TOOL)
    rows.add("exec", "show running-config isakmp", _section(CRYPTO_SECTIONS["isakmp"]), "7.0 form", Grade.RECALL)
    rows.add("exec", "show { startup-config | configuration }", _startup, "ASA command reference", Grade.RECALL)
    rows.add("exec", "more system:running-config", _more, "captures: it prints the keys", Grade.CAPTURE)

    rows.add("exec", "write [memory]", _save, "Netspoc-Approve; mock ASA", Grade.TOOL)
    rows.add("exec", "copy running-config startup-config", _copy, "ASA command reference", Grade.RECALL)

    no_sas = say("\nThere are no isakmp sas")
    isakmp = "show { crypto isakmp | isakmp } sa [detail]"
    rows.add("exec", isakmp, alive(no_sas, live.show_isakmp), "seed; without SAs recall for 7.2", Grade.RECALL)
    no_ipsec = say("\nThere are no ipsec sas")
    which = "[{ peer <peer:address> | map <map:word> | identity | entry }]"
    ipsec_sa = f"show {{ crypto ipsec | ipsec }} sa {which} [detail]"
    rows.add("exec", ipsec_sa, alive(no_ipsec, live.show_ipsec), "seed; captures", Grade.CAPTURE)
    rows.add("exec", "show crypto map", _crypto_map, "layout recall", Grade.RECALL)
    none = say("INFO: There are presently no active sessions of the type specified")
    l2l = "show vpn-sessiondb [detail] l2l"
    rows.add("exec", l2l, alive(none, live.show_sessions), "captures of 2014 and 2018; 7.x recall", Grade.RECALL)
    which = (
        "{ l2l | all | name <name:word> | ipaddress <ipaddress:address> | index <index:1-65535> "
        "| tunnel-group <tunnel-group:word> }"
    )
    rows.add("exec", f"vpn-sessiondb logoff {which} [noconfirm]", live.logoff,
             "asa-cli.md 7; the answer's words recall", Grade.RECALL)  # fmt: skip
    empty = say("0 in use, 0 most used")
    xlate = alive(empty, live.show_xlate)
    rows.add("exec", "show xlate", xlate, "PIX capture with PAT; empty recall", Grade.RECALL)
    rows.add("exec", "show xlate count", xlate, "recall: the first line", Grade.RECALL)
    rows.add("exec", "show xlate detail", xlate, "PIX capture", Grade.CAPTURE)
    rows.add("exec", "show conn count", alive(empty, live.show_conn), "recall: the first line", Grade.RECALL)
    rows.add("exec", "show conn", alive(empty, live.show_conn),
             "words and order: ASA command reference; that 7.2 has no commas: recall", Grade.RECALL)  # fmt: skip
    brief = "recall (column widths of IOS 12.4)"
    rows.add("exec", "show interface ip brief", _interfaces, brief, Grade.RECALL)
    address = "show ip address [<interface:word>]"
    rows.add("exec", address, live.show_addresses, "ASA command reference", Grade.RECALL)
    rows.add("exec", "show route", live.show_routes, "recall", Grade.RECALL)
    pings = "captures of ASA; ntc-templates"
    repeat = "[repeat <count:1-1000>]"
    rows.add("exec", f"ping {{ <interface:word> <address:address> | <address:address> }} {repeat}",
             live.ping, pings, Grade.CAPTURE)  # fmt: skip

    clear_xlate = "clear xlate [{ global <mapped:address> | local <local:address> }]"
    rows.add("exec", clear_xlate, alive(silent, live.clear_xlate), "ASA 8.4 guide 30-3", Grade.VENDOR)
    clear_ike = alive(_cleared("ike"), live.clear_isakmp)
    rows.add("exec", "clear { crypto isakmp | isakmp } sa", clear_ike, "seed's text", Grade.SEED)
    ipsec = (
        "clear { crypto ipsec | ipsec } sa [{ peer <peer:address> | counters | map <map:word> "
        "| entry <entry:address> <protocol:=esp|ah> <spi:word> }]"
    )
    clear_sas = alive(_cleared("ipsec"), live.clear_ipsec)
    rows.add("exec", ipsec, clear_sas, "seed's text; ASA captures", Grade.SEED)
    connections = alive(silent, live.clear_connections)
    rows.add("exec", "clear conn", connections, "recall", Grade.RECALL)
    local_host = alive(silent, live.clear_local_host)
    rows.add("exec", "clear local-host [<host:address>]", local_host,
             "PIX course NS1 2.0; that it prints nothing: recall", Grade.RECALL)  # fmt: skip
    rows.add("exec", "clear access-list <id:word> counters", silent, "ASA command reference", Grade.VENDOR)


def _cleared(what: str) -> Effect:
    def effect(call: Call) -> Result:
        call.device.event("cleared", f"{what} {call['peer']}".strip())
        return None

    return effect


def _pager(call: Call) -> Result:
    call.shell.page_override = int(call["lines"] or "0")
    return None


def _show_pager(call: Call) -> Result:
    lines = call.device.platform.page(call.shell)
    return f"pager lines {lines}" if lines else "no pager"


def _show_terminal(call: Call) -> Result:
    return f"\nWidth = {call.device.platform.width(call.shell)}, no monitor\nterminal interactive"


def _show_privilege(call: Call) -> Result:
    return f"Current privilege level is {call.shell.level}"


def _show_checksum(call: Call) -> Result:
    digest = checksum(call.device.platform.render(call.device, secrets=True))
    return "Cryptochecksum: " + " ".join(digest[start : start + 8] for start in range(0, 32, 8))
