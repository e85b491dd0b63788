# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: The netvpn.dynamic_l2l contributors
"""IOS 12.4: what is typed outside the configuration mode: moving, showing, clearing, saving."""

from __future__ import annotations

from ...engine import CONFIG, EXEC, Call, Effect, Grade, Question, Refused, Reply, Result, Rows, say, silent
from ...grammar import Failure
from ...store import Item
from ..live import alive, plant_of, plugged, routing_table, snapshot
from . import live
from .acl import the_list
from .common import full_name
from .crypto import bound_to, incomplete
from .version import version

_CLIENTS = "cisco.ios, netmiko, Netspoc-Approve, scrapli"


def _paged(lines: list[str]) -> Reply:
    return Reply("".join(f"{line}\n" for line in lines), paged=True)


# -- moving


def _enable(call: Call) -> Result:
    shell, secrets = call.shell, call.device.secrets
    if not secrets.enable:
        return "% No password set"
    # With AAA one wrong answer is enough (captures)
    aaa = any(item.text == "aaa new-model" for item in call.config.find("aaa"))
    asked, refusal = (1, "% Access denied\n\n") if aaa else (3, "% Bad secrets\n\n")
    level = int(call["level"] or 15)

    def ask(attempt: int) -> Question:
        def answer(text: str) -> Reply:
            if text == secrets.enable:
                shell.raise_to(level)
                return Reply()
            if attempt < asked:
                return Reply(question=ask(attempt + 1))
            return Reply(refusal)

        return Question("Password: ", answer, echo=False)

    return Reply(question=ask(1))


def _disable(call: Call) -> Result:
    call.shell.raise_to(1)
    return None


def _locked(call: Call) -> None:
    name = call.device.faults.locked
    if name:
        # exclusive configuration mode, 12.3(14)T and later: two published sessions; the numbers are of one of them
        raise Refused(
            f"Configuration mode locked exclusively by user '{name}' process '187' from terminal '7'. Please try later."
        )


def _configure(call: Call) -> Result:
    _locked(call)
    call.shell.mode = CONFIG
    return "Enter configuration commands, one per line.  End with CNTL/Z."


def _configure_what(call: Call) -> Result:
    def answer(text: str) -> Reply:
        if not text.strip() or "terminal".startswith(text.strip().lower()):
            try:
                _locked(call)
            except Refused as refusal:
                return Reply(f"{refusal}\n")
            call.shell.mode = CONFIG
            return Reply("Enter configuration commands, one per line.  End with CNTL/Z.\n")
        return Reply('?Must be "terminal", "memory" or "network"\n')  # recall

    return Reply(question=Question("Configuring from terminal, memory, or network [terminal]? ", answer))


def _up(call: Call) -> Result:
    parent = call.shell.mode.parent
    assert parent
    if parent.name == "exec":
        return leave_config(call)
    call.shell.mode = parent
    return None


def leave_config(call: Call) -> Reply:
    """Back to the exec mode; the log line follows the prompt."""
    call.shell.mode = EXEC
    return Reply(later=[_config_i(call)])


def _config_i(call: Call) -> str:
    user = f"{call.shell.user} on " if call.shell.user else ""
    return f"%SYS-5-CONFIG_I: Configured from console by {user}vty0 (127.0.0.1)"


def _do(call: Call) -> Result:
    shell = call.shell
    mode = shell.mode
    shell.mode = EXEC
    command = call["command"]
    if "configure".startswith(command.split()[0].lower()[:4]) and command.lower().startswith("conf"):
        shell.mode = mode
        raise Refused(call.device.platform.explain(shell, call.line, _failure(3)).rstrip("\n") + "\n")
    reply = call.device.platform.execute(shell, command)
    shell.mode = mode
    return reply


def _failure(column: int) -> Failure:
    return Failure("invalid", column)


# -- saving


def _write(call: Call) -> Result:
    return _saved(call)


def _saved(call: Call) -> Reply:
    if call.device.faults.nvram_full:

        def answer(text: str) -> Reply:
            return Reply()

        head = "Building configuration...\nCompressed configuration is too large for nvram\n"
        return Reply(head, question=Question("Truncate config?? [no]: ", answer))
    call.device.save()
    return Reply("Building configuration...\n[OK]\n")


def _copy(call: Call) -> Result:
    def answer(_text: str) -> Reply:
        return _saved(call)

    return Reply(question=Question("Destination filename [startup-config]? ", answer))


def _erase(call: Call) -> Result:
    def answer(text: str) -> Reply:
        if text not in ("", "y", "Y"):
            return Reply()
        call.device.startup = None
        return Reply("[OK]\nErase of nvram: complete\n")

    text = "Erasing the nvram filesystem will remove all configuration files! Continue? [confirm]"
    return Reply(question=Question(text, answer, single=True))


# -- reload: dialogues of published sessions and of Netspoc-Approve


def _reload(call: Call) -> Result:
    minutes = int(call["minutes"]) if call.has("minutes") else None

    def go(_key: str) -> Reply:
        if _key not in ("", "y", "Y"):
            return Reply()
        if minutes is None:
            call.device.reload()
            return Reply(close=True)
        call.device.reload_minutes = minutes
        return Reply()

    def confirm(text: str = "") -> Reply:
        if minutes is not None:
            text += f"Reload scheduled in {minutes} minutes by {_who(call)}\nReload reason: Reload Command\n"
        return Reply(text, question=Question("Proceed with reload? [confirm]", go, single=True))

    def save(text: str) -> Reply:
        word = text.strip().lower()
        if word in ("n", "no"):
            return confirm()
        if word in ("y", "yes"):
            return confirm(_saved(call).text)
        return Reply("% Please answer 'yes' or 'no'.\n", question=ask)

    ask = Question("System configuration has been modified. Save? [yes/no]: ", save)
    if call.device.platform.render(call.device, secrets=True) != call.device.startup:
        return Reply("\n", question=ask)
    return confirm()


def _who(call: Call) -> str:
    return f"{call.shell.user or 'console'} on vty0 (127.0.0.1)"


def _reload_cancel(call: Call) -> Result:
    if call.device.reload_minutes is None:
        return "No reload is scheduled."
    call.device.reload_minutes = None
    # The banner comes behind the prompt; the prompt is not repeated.
    call.shell.notify_later("\n\n\a***\n*** --- SHUTDOWN ABORTED ---\n***\n")
    return None


def _show_reload(call: Call) -> Result:
    minutes = call.device.reload_minutes
    if minutes is None:
        return "No reload is scheduled."
    return f"Reload scheduled in {minutes} minutes by {_who(call)}\nReload reason: Reload Command"


# -- showing


def _running(call: Call) -> Result:
    return _paged([*call.device.platform.show_running(call.device), ""])


def _running_interface(call: Call) -> Result:
    name = full_name(call["interface"]) or ""
    item = call.config.one("interface", name=name)
    if not item:
        raise Refused(call.device.platform.explain(call.shell, call.line, _failure(call.line.index(call["interface"]))))
    body = ["!", f"interface {name}", *item.block.lines(), "end"]
    size = sum(len(line) + 1 for line in body)
    return _paged(["Building configuration...", "", f"Current configuration : {size} bytes", *body, ""])


def _startup(call: Call) -> Result:
    return _paged([*call.device.platform.show_startup(call.device), ""])


def _more(call: Call) -> Result:
    if call.device.faults.no_more:
        return call.device.platform.unauthorized
    return _paged([*call.device.platform.show_running(call.device), ""])


def _version(call: Call) -> Result:
    host = call.device.platform.hostname(call.device)
    # Layout: ntc-templates show_version_01 (12.4(6)T2); the image and the board are of the seed's age (recall)
    ethernet = len(call.config.find("interface"))
    return _paged(
        [
            version(call).title,
            "Technical Support: http://www.cisco.com/techsupport",
            "Copyright (c) 1986-2006 by Cisco Systems, Inc.",
            "Compiled Tue 16-May-06 12:12 by kellythw",
            "",
            "ROM: System Bootstrap, Version 12.3(8r)YH6, RELEASE SOFTWARE (fc1)",
            "",
            f"{host} uptime is 1 day, 2 hours, 15 minutes",
            "System returned to ROM by Reload Command",
            f'System image file is "{version(call).image}"',
            "",
            "Cisco 3640 (R4700) processor (revision 0xFF) with 124928K/6144K bytes of memory.",
            "Processor board ID 00000000",
            f"{ethernet} interfaces",
            "125K bytes of NVRAM.",
            "",
            "Configuration register is 0x2102",
            "",
        ]
    )


def _brief(call: Call) -> Result:
    lines = ["Interface                  IP-Address      OK? Method Status                Protocol"]
    for item in call.config.find("interface"):
        address = item.block.one("address")
        shown, method = "unassigned", "unset"
        if address and address["address"] == "dhcp":
            shown, method = call.device.leases.get(item["name"], "unassigned").partition("/")[0], "DHCP"
        elif address and address["address"]:
            shown, method = address["address"], "NVRAM"
        down = item.block.one("shutdown")
        status = "administratively down" if down else "up"
        line = "down" if down or not plugged(call.device, item) else "up"
        lines.append(f"{item['name']:<26} {shown:<15} YES {method:<6} {status:<21} {line}")
    if any(item.block.find("nat") for item in call.config.find("interface")):
        lines.append(f"{'NVI0':<26} {'unassigned':<15} YES {'unset':<6} {'up':<21} up")
    return "\n".join(lines)


_LEGEND = [
    "Codes: C - connected, S - static, R - RIP, M - mobile, B - BGP",
    "       D - EIGRP, EX - EIGRP external, O - OSPF, IA - OSPF inter area ",
    "       N1 - OSPF NSSA external type 1, N2 - OSPF NSSA external type 2",
    "       E1 - OSPF external type 1, E2 - OSPF external type 2",
    "       i - IS-IS, su - IS-IS summary, L1 - IS-IS level-1, L2 - IS-IS level-2",
    "       ia - IS-IS inter area, * - candidate default, U - per-user static route",
    "       o - ODR, P - periodic downloaded static route",
    "",
]


def _routes(call: Call) -> Result:
    return live.routes(routing_table(call.device), _LEGEND)


_ENCRYPTION = {
    "des": "DES - Data Encryption Standard (56 bit keys).",
    "3des": "Three key triple DES",
    "aes": "AES - Advanced Encryption Standard (128 bit keys).",
    "aes 192": "AES - Advanced Encryption Standard (192 bit keys).",
    "aes 256": "AES - Advanced Encryption Standard (256 bit keys).",
}
_HASH = {"md5": "Message Digest 5", "sha": "Secure Hash Standard"}
_AUTHENTICATION = {
    "pre-share": "Pre-Shared Key",
    "rsa-sig": "Rivest-Shamir-Adleman Signature",
    "rsa-encr": "Rivest-Shamir-Adleman Encryption",
}
_GROUP = {"1": "768", "2": "1024", "5": "1536"}


def _policies(call: Call) -> Result:
    lines, defaults = ["", "Global IKE policy"], version(call).policy_defaults

    def suite(title: str, values: dict[str, str]) -> None:
        lines.append(title)
        lines.append(f"\tencryption algorithm:\t{_ENCRYPTION[values['encr']]}")
        lines.append(f"\thash algorithm:\t\t{_HASH[values['hash']]}")
        lines.append(f"\tauthentication method:\t{_AUTHENTICATION[values['authentication']]}")
        lines.append(f"\tDiffie-Hellman group:\t#{values['group']} ({_GROUP[values['group']]} bit)")
        lines.append(f"\tlifetime:\t\t{values['lifetime']} seconds, no volume limit")

    for item in call.config.find("isakmp-policy"):
        own = {line.kind.name: line["value"] for line in item.block if line.kind}
        suite(f"Protection suite of priority {item['seq']}", {**defaults, **own})
    suite("Default protection suite", dict(defaults))
    return "\n".join(lines)


def _isakmp_sa(_call: Call) -> Result:
    return "dst             src             state          conn-id slot status"


def _isakmp_key(call: Call) -> Result:
    lines = ["Keyring      Hostname/Address                            Preshared Key", ""]
    for item in call.config.find("isakmp-key"):
        peer = f"{item['peer']:<15}[{item['mask']}]" if item["mask"] else item["peer"]
        lines.append(f"{'default':<13}{peer:<44}{item['key']}")
    return "\n".join(lines)


def _no_sas(_call: Call) -> Result:
    return "\nNo SAs found"


def _session(call: Call) -> Result:
    lines = ["Crypto session current status", ""]
    for item in call.config.find("interface"):
        for line in item.block.find("crypto-map"):
            for entry in call.config.find("crypto-map", map=line["map"]):
                for peer in entry.block.find("peer"):
                    lines += [f"Interface: {item['name']}", "Session status: DOWN     "]
                    lines += [f"Peer: {peer['peer']} port 500 ", "        Active SAs: 0, origin: crypto map", ""]
    return "\n".join(lines) + "\n"


def _crypto_map(call: Call) -> Result:
    lines: list[str] = []
    found = snapshot(call.device)
    used = {(each.map, str(each.sequence)): each.peer for each in found.children if not each.dynamic}
    for name in dict.fromkeys(item["map"] for item in call.config.find("crypto-map")):
        for item in call.config.find("crypto-map", map=name):
            if not item["seq"]:
                continue
            lines.append(f'Crypto Map "{name}" {item["seq"]} ipsec-isakmp')
            if item["dynamic"]:
                lines.append(f"\tDynamic map template tag: {item['dynamic']}")
                continue
            if incomplete(item):
                lines += ["\tWARNING: This crypto map is in an incomplete state!"]
                lines += ["\t\t(missing peer or access-list definitions)"]
            lines += [f"\tPeer = {peer['peer']}" for peer in item.block.find("peer")]
            lines += [f"\tExtended IP access list {match['acl']}" for match in item.block.find("match")]
            if plant_of(call.device):
                lines += _entries(call, item)
            if peer := used.get((name, item["seq"])):
                lines.append(f"\tCurrent peer: {peer}")
            lines += _entry_tail(item)
        for number, peer, dynamic, sequence, aces in live.temporary_entries(found, name):
            lines += [f'Crypto Map "{name}" {number} ipsec-isakmp', f"\tPeer = {peer}", "\tExtended IP access list "]
            lines += [f"\t    access-list  {ace}" for ace in aces]
            lines += [f"\t    dynamic (created from dynamic map {dynamic}/{sequence})", f"\tCurrent peer: {peer}"]
            entry = call.config.one("dynamic-map", map=dynamic, seq=str(sequence))
            lines += _entry_tail(entry) if entry else []
        lines.append(f"\tInterfaces using crypto map {name}:")
        lines += [f"\t\t{each}" for each in bound_to(call.config, name)]
        lines.append("")
    return "\n".join(lines)


def _entries(call: Call, item: Item) -> list[str]:
    """The lines of an entry's list, as behind its name (genieparser)."""
    out = []
    for match in item.block.find("match"):
        for entry in the_list(call.config, match["acl"]).entries:
            if entry["action"] != "remark":
                out.append(f"\t    access-list {match['acl']} {entry['action']} {entry['rest']}")
    return out


def _entry_tail(item: Item) -> list[str]:
    units = {line["unit"]: line["value"] for line in item.block.find("lifetime")}
    kilobytes, seconds = units.get("kilobytes", "4608000"), units.get("seconds", "3600")
    lines = [f"\tSecurity association lifetime: {kilobytes} kilobytes/{seconds} seconds"]
    pfs = item.block.one("pfs")
    lines.append("\tPFS (Y/N): Y" if pfs else "\tPFS (Y/N): N")
    if pfs:
        lines.append(f"\tDH group:  {pfs['group']}")
    sets = [name for line in item.block.find("transform-set") for name in line["names"].split()]
    return [*lines, "\tTransform sets={ ", *(f"\t\t{name}, " for name in sets), "\t}"]


def _dynamic_map(call: Call) -> Result:
    lines: list[str] = []
    for item in call.config.find("dynamic-map"):
        lines.append(f'Crypto Map Template"{item["map"]}" {item["seq"]}')
        match = item.block.one("match")
        lines.append(f"\tExtended IP access list {match['acl']}" if match else "\tNo matching address list set.")
        lines += _entry_tail(item)
    return "\n".join(lines)


def _transform_sets(call: Call) -> Result:
    lines: list[str] = []
    for item in call.config.find("transform-set"):
        mode = item.block.one("mode")
        lines.append(f"Transform set {item['name']}: {{ {item['transforms']}  }} ")
        lines += [f"   will negotiate = {{ {'Transport' if mode else 'Tunnel'},  }}, ", ""]
    return "\n".join(lines)


def _privilege(call: Call) -> Result:
    return f"Current privilege level is {call.shell.level}"


def _terminal(call: Call) -> Result:
    platform = call.device.platform
    return f'Line 2, Location: "", Type: "xterm"\nLength: {platform.page(call.shell)} lines, Width: {platform.width(call.shell)} columns'


def _archive(_call: Call) -> Result:
    return " Archive feature not enabled"


def _cleared(what: str) -> Effect:
    def effect(call: Call) -> Result:
        call.device.event("cleared", f"{what} {call['peer']}".strip())
        return None

    return effect


def _length(call: Call) -> Result:
    call.shell.page_override = int(call["lines"])
    return None


def _width(call: Call) -> Result:
    call.shell.width_override = int(call["width"])
    return None


def _leave(_call: Call) -> Result:
    return Reply(close=True)


def add(rows: Rows) -> None:
    """The rows of this module."""
    rows.add("user", "enable [<level:0-15>]", _enable, "netmiko session logs; captures of the refusals", Grade.CAPTURE)
    rows.add("exec", "enable [<level:0-15>]", silent, "recall", Grade.RECALL)
    rows.add("any", "disable", _disable, "cisco.ios, scrapli", Grade.TOOL)
    rows.add("any", "{ exit | quit | logout }", _leave, "scrapli's recordings", Grade.CAPTURE)
    rows.add("exec", "configure terminal", _configure, "netmiko session logs", Grade.CAPTURE)
    rows.add("exec", "configure", _configure_what, "capture", Grade.CAPTURE)
    pending = say("%No Rollback Confirmed Change pending")
    rows.add("exec", "configure confirm", pending, "lab log of XE 17; NAPALM", Grade.CAPTURE)
    rows.add("leave", "exit", _up, "captures", Grade.CAPTURE)
    rows.add("leave", "end", leave_config, "captures", Grade.CAPTURE)
    rows.add("leave", "do <command:rest>", _do, "Netspoc-Approve", Grade.TOOL)

    rows.add("any", "terminal length <lines:0-512>", _length, _CLIENTS, Grade.CAPTURE)
    rows.add("any", "terminal width <width:0-512>", _width, f"{_CLIENTS}; netmiko issue 254", Grade.CAPTURE)
    rows.add("any", "show version", _version, "ntc-templates 12.4; hardware recall", Grade.CAPTURE)
    rows.add("any", "show privilege", _privilege, "genieparser; cisco.ios", Grade.CAPTURE)
    rows.add("any", "show clock", say("*01:00:00.000 UTC Fri Mar 1 2002"), "common", Grade.RECALL)
    rows.add("any", "show terminal", _terminal, "common", Grade.RECALL)
    show_users = (
        "    Line       User       Host(s)              Idle       Location\n"
        "* 2 vty 0     admin      idle                 00:00:00   127.0.0.1"
    )
    rows.add("any", "show users", say(show_users), "ntc-templates", Grade.CAPTURE)

    rows.add("exec", "show running-config [all]", _running, "seed", Grade.SEED)
    interface = "show running-config interface <interface:interface>"
    rows.add("exec", interface, _running_interface, "ntc-templates", Grade.CAPTURE)
    rows.add("exec", "write terminal", _running, "common", Grade.RECALL)
    rows.add("exec", "show { startup-config | configuration }", _startup, "captures of 12.4", Grade.CAPTURE)
    rows.add("exec", "more system:running-config", _more, "Cisco command reference", Grade.VENDOR)
    rows.add("exec", "more nvram:startup-config", _startup, "Cisco command reference", Grade.VENDOR)
    rows.add("exec", "show archive [config rollback timer]", _archive, "ntc-templates; captures", Grade.CAPTURE)
    rows.add("exec", "write [memory]", _write, "Netspoc-Approve; captures", Grade.CAPTURE)
    rows.add("exec", "copy running-config startup-config", _copy, "scrapli's recordings", Grade.CAPTURE)
    captures = "published reload sessions; Netspoc-Approve"
    rows.add("exec", "reload [in <minutes:1-34560>]", _reload, captures, Grade.CAPTURE)
    rows.add("exec", "reload cancel", _reload_cancel, captures, Grade.CAPTURE)
    rows.add("exec", "show reload", _show_reload, captures, Grade.CAPTURE)
    rows.add("exec", "{ write erase | erase startup-config }", _erase, "captures", Grade.CAPTURE)

    isakmp = alive(_isakmp_sa, live.show_isakmp)
    rows.add("exec", "show crypto isakmp sa", isakmp, "seed; captures of 12.4 without SAs", Grade.CAPTURE)
    rows.add("exec", "show crypto isakmp sa detail", isakmp, "captures of 15; recall without SAs", Grade.RECALL)
    rows.add("exec", "show crypto isakmp policy", _policies, "captures with tabs; 12.4 trailer", Grade.CAPTURE)
    rows.add("exec", "show crypto isakmp key", _isakmp_key, "capture; wildcard recall", Grade.CAPTURE)
    rows.add("exec", "show crypto isakmp peers", alive(silent, live.show_peers), "genieparser", Grade.CAPTURE)
    which = "[{ peer <peer:address> | map <map:word> | interface <interface:interface> | identity }]"
    sa = f"show crypto ipsec sa {which} [detail]"
    rows.add("exec", sa, alive(_no_sas, live.show_ipsec),
             "seed; genieparser; without SAs Packet Tracer alone, recall for devices", Grade.RECALL)  # fmt: skip
    rows.add("exec", "show crypto ipsec transform-set [<name:word>]", _transform_sets, "recall for 12.4", Grade.RECALL)
    rows.add("exec", "show crypto map [{ tag <map:word> | interface <interface:interface> }]", _crypto_map,
             "12.4T/15 capture with a dynamic map; genieparser", Grade.CAPTURE)  # fmt: skip
    rows.add("exec", "show crypto dynamic-map [tag <map:word>]", _dynamic_map, "recall", Grade.RECALL)
    rows.add("exec", "show crypto session [{ detail | brief | remote <peer:address> }]",
             alive(_session, live.show_session), "captures of 12.4 and 15", Grade.CAPTURE)  # fmt: skip
    rows.add("exec", "show crypto engine connections active", live.show_engine, "recall for 12.x", Grade.RECALL)
    rows.add("exec", "show ip interface brief", _brief, "ntc-templates 12.4", Grade.CAPTURE)
    rows.add("exec", "show ip route [static]", _routes, "12.4T capture; indents recall", Grade.RECALL)
    ping = "ping <address:address> [source <source:word>] [repeat <count:1-1000>] [size <size:36-18024>]"
    rows.add("exec", ping, live.ping, "captures", Grade.CAPTURE)
    none = "clear commands answer nothing (captures)"
    sa_options = (
        "[{ peer <peer:address> | map <map:word> | counters | entry <entry:address> <protocol:=esp|ah> <spi:word> }]"
    )
    clear_sa = alive(_cleared("ipsec"), live.clear_sa)
    rows.add("exec", f"clear crypto sa {sa_options}", clear_sa, none, Grade.CAPTURE)
    rows.add("exec", "clear crypto isakmp [<id:1-65535>]", alive(_cleared("ike"), live.clear_isakmp), none,
             Grade.CAPTURE)  # fmt: skip
    session = "clear crypto session [remote <peer:address>]"
    rows.add("exec", session, alive(_cleared("session"), live.clear_session), none, Grade.VENDOR)
