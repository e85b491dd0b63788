# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: The netvpn.dynamic_l2l contributors
"""IOS 12.4: address translation, route-maps, static routes."""

from __future__ import annotations

import ipaddress

from ...engine import Call, Effect, Grade, Question, Refused, Reply, Result, Rows, drop_here, put_here
from ...grammar import is_mask
from ...store import Item
from ..live import alive
from . import live
from .common import interface

N13779 = "Cisco tech note 13779"
_RULE = (
    "ip nat inside source { <by:=list> <name:word> | <by:=route-map> <name:word> }"
    " { interface <interface:interface> | pool <pool:word> } [overload]"
)
_STATIC = (
    "ip nat inside source static { <local:address> <global:address>"
    " | <protocol:=tcp|udp> <local:address> <lport:port>"
    " { <global:address> | interface <interface:interface> } <gport:port> }"
    " [extendable] [no-alias] [route-map <map:word> [reversible]]"
)
_IN_USE = "\nDynamic mapping in use, do you want to delete all entries? [no]: "


def _rule_text(call: Call) -> str:
    text = f"ip nat inside source {call['by']} {call['name']} "
    if call.has("pool"):
        return text + f"pool {call['pool']}" + (" overload" if "overload" in call.words else "")
    # IOS adds `overload` by itself to a rule with an interface (batfish, tested on GNS3)
    return text + f"interface {interface(call)['name']} overload"


def _when_free(call: Call, rule: Item, do: Effect, refusal: str) -> Result:
    """Do it at once, or as the device does it while translations hold the rule."""
    if not live.in_use(call, rule):
        return do(call)
    if call.device.faults.nat_in_use == "refuse":
        raise Refused(refusal)

    def answer(text: str) -> Reply:
        if text.strip().lower() not in ("y", "yes"):
            return Reply()  # Enter or `no` keeps both (recall)
        live.end_translations(call, rule)
        call.device.event("translations-cleared", rule.text)
        do(call)
        call.device.touched = True
        return Reply()

    return Reply(question=Question(_IN_USE.replace("\n", "\r\n"), answer))


def _rule(call: Call) -> Result:
    text = _rule_text(call)
    if call.has("pool") and not call.config.one("nat-pool", name=call["pool"]):
        raise Refused(f"%Pool {call['pool']} does not exist")  # second hand
    old = call.config.one("nat-rule", by=call["by"], name=call["name"])

    def do(each: Call) -> Result:
        each.config.put(text)
        return None

    if old and old.text != text:
        # replaces the rule of the same list (captures); asked while it is in use
        return _when_free(call, old, do, "%Dynamic mapping in use, cannot change")
    return do(call)


def _no_rule(call: Call) -> Result:
    text = _rule_text(call)
    found = [item for item in call.config.find("nat-rule") if item.text == text]
    if not found:
        raise Refused("%Dynamic mapping not found")

    def do(each: Call) -> Result:
        each.config.remove(found[0])
        return None

    return _when_free(call, found[0], do, "%Dynamic mapping in use, cannot remove")


def _static_text(call: Call) -> str:
    words = [word for word in call.words if word != "no"]
    if call.has("interface"):
        words[words.index("interface") + 1] = interface(call)["name"]
    if call.has("protocol") and "extendable" not in words and not call.has("interface"):
        words.append("extendable")  # shown though not typed (12.4T capture)
    return " ".join(words)


def _static(call: Call) -> Result:
    text = _static_text(call)
    if not call.has("protocol"):
        for item in call.config.find("nat-static"):
            words = item["rest"].split()
            if words[0] == call["local"] and item.text != text:
                raise Refused(f"% {words[0]} already mapped ({words[0]} -> {words[1]})")
            if words[1] == call["global"] and item.text != text:
                raise Refused(f"% similar static entry ({words[0]} -> {words[1]}) already exists")
    call.config.put(text)
    return None


def _no_static(call: Call) -> Result:
    text = _static_text(call)
    for item in call.config.find("nat-static"):
        if item.text == text:
            call.config.remove(item)
            return None
    raise Refused("%Dynamic mapping not found")  # text for a static: recall


def _pool(call: Call) -> Result:
    call.config.put(" ".join(call.words))
    return None


def _no_pool(call: Call) -> Result:
    name = call["name"]
    if not call.config.one("nat-pool", name=name):
        raise Refused(f"%Pool {name} not found")  # recall
    if call.config.find("nat-rule", pool=name):
        raise Refused(f"%Pool {name} in use, cannot destroy")
    call.config.drop("nat-pool", name=name)
    return None


# -- route-maps


def _route_map(call: Call) -> Result:
    sequence = call["seq"] or "10"
    old = call.config.one("route-map", name=call["name"], seq=sequence)
    action = call["action"] or (old["action"] if old else "permit")
    item = call.config.put(f"route-map {call['name']} {action} {sequence}")
    call.enter("route-map", "(config-route-map)", item)
    return None


def _no_route_map(call: Call) -> Result:
    fields = {"name": call["name"]} | ({"seq": call["seq"]} if call.has("seq") else {})
    call.config.drop("route-map", **fields)
    return None


def _match_address(call: Call) -> Result:
    old = call.here.one("match-address")
    acls = list(dict.fromkeys([*(old["acls"].split() if old else []), *call.match.all("acl")]))
    call.here.put(f"match ip address {' '.join(acls)}")
    return None


def _no_match_address(call: Call) -> Result:
    old = call.here.one("match-address")
    if old:
        rest = [name for name in old["acls"].split() if call.has("acl") and name not in call.match.all("acl")]
        call.here.remove(old)
        if rest:
            call.here.put(f"match ip address {' '.join(rest)}")
    return None


def _match_interface(call: Call) -> Result:
    call.here.put(f"match interface {interface(call)['name']}")
    return None


# -- routes

_ROUTE = (
    "ip route <net:address> <mask:mask> { <hop:address> | <interface:interface> [<hop:address>] } [<distance:1-255>]"
    " [name <name:word>] [track <track:1-1000>] [permanent]"
)


def _route_text(call: Call) -> str:
    words = [word for word in call.words if word != "no"]
    if call.has("interface"):
        words[4] = interface(call)["name"]
    return " ".join(words)


def _route(call: Call) -> Result:
    address, mask = int(ipaddress.IPv4Address(call["net"])), int(ipaddress.IPv4Address(call["mask"]))
    if not is_mask(call["mask"]) or address & ~mask & 0xFFFFFFFF:
        raise Refused("%Inconsistent address and mask")  # recall
    call.config.put(_route_text(call))
    return None


def _no_route(call: Call) -> Result:
    text = _route_text(call)
    for item in call.config.find("route"):
        if item.text == text or item.text.startswith(text + " "):
            call.config.remove(item)
            return None
    raise Refused("%No matching route to delete")


# -- show and clear


def _translations(call: Call) -> Result:
    lines = call.device.translations
    head = ["Pro Inside global      Inside local       Outside local      Outside global"]
    return "\n".join([*head, *lines]) if lines else None


def _total(call: Call) -> Result:
    return f"Total number of translations: {len(call.device.translations)}"


def _clear(call: Call) -> Result:
    live.end_translations(call)
    call.device.event("cleared", "translations")
    return None


def _statistics(call: Call) -> Result:
    sides: dict[str, list[str]] = {"outside": [], "inside": []}
    for item in call.config.find("interface"):
        for line in item.block.find("nat"):
            sides[line["side"]].append(f"  {item['name']}")
    count, statics = len(call.device.translations), len(call.config.find("nat-static"))
    lines = [f"Total active translations: {count} ({statics} static, {count} dynamic; {count} extended)"]
    lines += ["Outside interfaces:", *sides["outside"], "Inside interfaces: ", *sides["inside"]]
    lines += ["Hits: 0  Misses: 0", "CEF Translated packets: 0, CEF Punted packets: 0", "Expired translations: 0"]
    lines += ["Dynamic mappings:", "-- Inside Source"]
    for number, rule in enumerate(call.config.find("nat-rule"), 1):
        where = f"interface {rule['interface']}" if rule["interface"] else f"pool {rule['pool']}"
        by = "access-list" if rule["by"] == "list" else "route-map"
        lines.append(f"[Id: {number}] {by} {rule['name']} {where} refcount {count}")
    return "\n".join([*lines, "", "Total doors: 0", "Appl doors: 0", "Normal doors: 0", "Queued Packets: 0"])


def add(rows: Rows) -> None:
    """The rows of this module."""
    config = "config"
    rows.both(config, _RULE, _rule, _RULE, _no_rule, f"seed; {N13779}", Grade.SEED)
    rows.both(config, _STATIC, _static, _STATIC, _no_static, "IOS NAT captures; simulators' texts", Grade.TOOL)
    pool = "ip nat pool <name:word> <first:address> <last:address>"
    tail = "{ netmask <mask:mask> | prefix-length <length:1-32> }"
    no_pool = f"ip nat pool <name:word> [<first:address> <last:address> {tail}]"
    rows.both(config, f"{pool} {tail}", _pool, no_pool, _no_pool, N13779, Grade.VENDOR)
    rows.add(config, "ip nat translation <what:word> <seconds:1-536870>", _pool, "IOS NAT timeouts", Grade.RECALL)

    head = "route-map <name:word> [<action:=permit|deny>] [<seq:0-65535>]"
    rows.both(config, head, _route_map, head, _no_route_map, "captures of 15.0", Grade.CAPTURE, Grade.RECALL)
    match = "match ip address <acl:word>+"
    rows.both("route-map", match, _match_address, "match ip address [<acl:word>+]", _no_match_address,
              "captures of 15.0", Grade.CAPTURE)  # fmt: skip
    rows.both("route-map", "match interface <interface:interface>", _match_interface,
              "match interface [<interface:interface>]", drop_here("match-interface"), "captures", Grade.CAPTURE)  # fmt: skip
    rows.both("route-map", "description <text:rest>", put_here("description {text}"), "description [<text:rest>]",
              drop_here("description"), "common", Grade.RECALL)  # fmt: skip

    rows.both(config, _ROUTE, _route, _ROUTE, _no_route, "seed; captures of the refusal", Grade.SEED)
    forced = "clear ip nat translation { * | forced }"
    rows.add("exec", forced, _clear, "lab log of XE 17; genielibs mocks", Grade.CAPTURE)
    one = "{ inside <mapped:address> <inner:address>"
    one += " | <protocol:=tcp|udp> inside <mapped:address> <mport:1-65535> <inner:address> <port:1-65535> }"
    # of a flow by its ports its host's others go too
    rows.add("exec", f"clear ip nat translation {one} [forced]", _clear, "genielibs mocks", Grade.CAPTURE)
    rows.add(
        "exec",
        "show ip nat translations [verbose]",
        alive(_translations, live.show_translations),
        "ntc-templates",
        Grade.CAPTURE,
    )
    rows.add("exec", "show ip nat translations total", alive(_total, live.show_translations),
             "ios-show.md C9.1 has the line for XE; recall", Grade.RECALL)  # fmt: skip
    rows.add("exec", "show ip nat statistics", alive(_statistics, live.show_statistics), "genieparser", Grade.CAPTURE)
