# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: The netvpn.dynamic_l2l contributors
"""PIX 7.0 to 8.2: global, nat, static, nat-control; routes."""

from __future__ import annotations

from ...engine import Call, Grade, Refused, Result, Rows, drop, put
from .acl import exempts_badly
from .common import acl, need_acl, need_interface, need_network
from .version import version

# 0: no limit, the default (ASDM guide, "ASA 8.2 and earlier": TCP and UDP 0 to 65535, embryonic up to 65536)
_LIMITS = "[[<tcp:=tcp>] <max:0-65535> [<embryonic:0-65536>]] [<udp:=udp> <udp-max:0-65535>]"
_NAT = (
    "nat <interface:paren> <id:0-65535> { access-list <acl:word> | <ip:address> <mask:mask> | <zero:0-0> <zero:0-0> }"
    " [dns] [outside] [norandomseq] " + _LIMITS
)
_GLOBAL = "global <interface:paren> <id:1-65535> { interface | <range:word> [netmask <mask:mask>] }"
_PLACE = "{ <to:address> | interface }"
_STATIC = (
    "static <pair:paren-pair> { <protocol:=tcp|udp> " + _PLACE + " <port:port> <from:address> <port:port>"
    " | "
    + _PLACE
    + " { <from:address> | access-list <acl:word> } } [netmask <mask:mask>] [dns] [norandomseq] "
    + _LIMITS
)
_ROUTE = "route <interface:word> { <net:address> <mask:mask> | <zero:0-0> <zero:0-0> } <hop:address> [<metric:1-255>]"


def _interface(call: Call) -> str:
    name = call["interface"].strip("()")
    need_interface(call, name)
    return name


def _shown_limits(words: list[str], call: Call) -> list[str]:
    """The line with its limits as the device shows them: none where all are 0, as where none was typed (seed)."""
    typed = sum(call.has(name) for name in ("tcp", "max", "embryonic", "udp", "udp-max"))
    words = words[: len(words) - typed]
    limit, embryonic, udp = (int(call[name] or 0) for name in ("max", "embryonic", "udp-max"))
    # Other limits: one example (a comment in a published converter) has `tcp 255 2000`;
    # that `tcp` is always shown, and no single 0 at the end, is recall
    if limit or embryonic:
        words = [*words, "tcp", str(limit), *([str(embryonic)] if embryonic else [])]
    return [*words, "udp", str(udp)] if udp else words


def _nat_text(words: list[str], call: Call) -> str:
    words = _shown_limits(words, call)
    if call.has("zero"):
        words[3:5] = ["0.0.0.0", "0.0.0.0"]
    return " ".join(words)


def _nat(call: Call) -> Result:
    interface = _interface(call)
    if call.has("acl"):
        need_acl(call, call["acl"])
        if any(e["type"] == "extended" and exempts_badly(e["rest"]) for e in acl(call.config, call["acl"])):
            # recall; the rule behind it is sourced (see acl.py)
            raise Refused("ERROR: Access-list contains port, protocol, or deny")
        if call["id"] == "0" and "outside" not in call.words:
            # one exemption list for each interface (recall)
            for other in call.config.find("nat", interface=interface, id="0"):
                if other["acl"]:
                    call.config.remove(other)
    elif call.has("ip"):
        need_network(call["ip"], call["mask"])
    text = _nat_text(call.words, call)
    call.config.put(text)
    if call["id"] == "0" and not call.has("acl"):
        address = call["ip"] or "0.0.0.0"
        kept = "non-translated" if address == "0.0.0.0" else "identity translated for outbound"
        return f"nat 0 {address} will be {kept}"
    return None


def _take(kind: str, text: str, call: Call) -> Result:
    found = [item for item in call.config.find(kind) if item.text == text]
    if not found:
        # text: recall
        raise Refused(f"ERROR: {kind} does not exist: {text}")
    call.config.remove(found[0])
    return None


def _global(call: Call) -> Result:
    interface = _interface(call)
    call.config.put(" ".join(call.words))
    if call.words[3] == "interface":
        # PIX; an ASA puts `INFO: ` before it (Netspoc-Approve)
        return f"{version(call).pat_prefix}{interface} interface address added to PAT pool"
    if "-" not in call["range"]:
        return f"Global {call['range']} will be Port Address Translated"
    return None


def _static(call: Call) -> Result:
    for name in call["pair"].strip("()").split(","):
        need_interface(call, name)
    if call.has("acl"):
        need_acl(call, call["acl"])
    call.config.put(_static_text(call.words, call))
    return None


def _static_text(words: list[str], call: Call) -> str:
    limited = _shown_limits(words, call)
    if not call.has("acl") and not call.has("mask"):
        # the mask is printed even where it was not typed (captures of 8.2)
        at = next((n for n, word in enumerate(limited) if n > 3 and word in ("dns", "norandomseq", "tcp", "udp")), None)
        at = len(limited) if at is None else at
        limited[at:at] = ["netmask", "255.255.255.255"]
    return " ".join(limited)


def _route_words(call: Call, words: list[str]) -> str:
    if call.has("zero"):
        words[2:4] = ["0.0.0.0", "0.0.0.0"]
    return " ".join(words if call.has("metric") else [*words, "1"])


def _route(call: Call) -> Result:
    need_interface(call, call["interface"])
    if call.has("net"):
        need_network(call["net"], call["mask"])
    text = _route_words(call, call.words)
    if any(item.text == text for item in call.config.find("route")):
        return "WARNING: Route already exists"
    item = call.config.make(text)
    if call.config.find("route", net=item["net"], mask=item["mask"], metric=item["metric"]):
        # one route for each destination (Netspoc-Approve); the text is recall
        raise Refused("ERROR: Cannot add route entry, conflict with existing routes")
    call.config.put(text)
    return None


def _no_route(call: Call) -> Result:
    text = _route_words(call, call.words[1:])
    found = [item for item in call.config.find("route") if item.text == text]
    if not found:
        raise Refused("ERROR: Route does not exist")  # recall
    call.config.remove(found[0])
    return None


def add(rows: Rows) -> None:
    """The rows of this module."""
    guide = "ASA 7.0 guide OL-6721-01 14-23; seed"
    rows.both(
        "config",
        _NAT,
        _nat,
        _NAT,
        lambda call: _take("nat", _nat_text(call.words[1:], call), call),
        f"{guide}; limits: Netspoc-Approve, ASDM guide",
        Grade.SEED,
    )
    rows.both(
        "config",
        _GLOBAL,
        _global,
        _GLOBAL,
        lambda call: _take("global", " ".join(call.words[1:]), call),
        guide,
        Grade.SEED,
    )
    rows.both(
        "config",
        _STATIC,
        _static,
        _STATIC,
        lambda call: _take("static", _static_text(call.words[1:], call), call),
        "captures of ASA 7.2(3), 8.2; limits: Netspoc-Approve, ASDM guide",
        Grade.CAPTURE,
    )
    rows.both(
        "config", "nat-control", put("nat-control"), "nat-control", drop("nat-control"), "ASA 7.0 guide", Grade.VENDOR
    )
    rows.both("config", _ROUTE, _route, _ROUTE, _no_route, "seed; Netspoc-Approve", Grade.SEED)
    for kind in ("nat", "global", "static", "route", "access-group"):
        rows.add(
            "config", f"clear configure {kind}", drop(kind), "ASA command reference, clear configure", Grade.VENDOR
        )
