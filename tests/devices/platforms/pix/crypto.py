# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: The netvpn.dynamic_l2l contributors
"""PIX 7.2: transform sets, crypto maps, IKE policies, tunnel groups, group policies."""

from __future__ import annotations

from ...engine import Call, Effect, Grade, Refused, Result, Rows, drop, drop_here, put, put_here
from ...store import Block, Item
from .common import need_acl, need_interface
from .version import version

GUIDE = "PIX 7.2 guide OL-12172-03, chapter 27"
_INCOMPLETE = "WARNING: The crypto map entry is incomplete!"
_WILL_BE = "WARNING: The crypto map entry will be incomplete!"
_ESP = "esp-des|esp-3des|esp-aes|esp-aes-192|esp-aes-256|esp-null"
_AUTH = "esp-md5-hmac|esp-sha-hmac|esp-none"
TRANSFORM = f"crypto ipsec transform-set <name:word> <esp:={_ESP}> [<auth:={_AUTH}>]"


# -- transform sets


def _set_users(config: Block, name: str) -> list[Item]:
    lines = config.find("crypto-map", "dynamic-map", what="set transform-set")
    return [line for line in lines if name in line["value"].split()]


def _transform(call: Call) -> Result:
    name, text = call["name"], " ".join(call.words)
    if not call.has("auth"):
        text += " esp-none"  # a set without a hash shows esp-none (recall)
    item = call.config.one("transform-set", name=name)
    if item and item.text != text and _set_users(call.config, name):
        # G84 64-20: changing a set that an SA uses tears the tunnel down
        call.device.event("tunnels-torn-down", text)
    call.config.put(text)
    return None


def _no_transform(call: Call) -> Result:
    name = call["name"]
    if not call.config.one("transform-set", name=name):
        raise Refused(f'ERROR: transform set with tag "{name}" does not exist.')
    for line in _set_users(call.config, name):
        # ASA 8.4 guide 64-20: the references go with the set; the same assumed for 7.2
        _without(call.config, line, name)
        call.device.event("reference-removed", line.text)
    call.config.drop("transform-set", name=name)
    return None


def _without(block: Block, line: Item, value: str) -> None:
    rest = [each for each in line["value"].split() if each != value]
    if rest:
        block.put(f"{line.text[: -len(line['value'])]}{' '.join(rest)}")
    else:
        block.remove(line)


# -- crypto maps


def incomplete(config: Block, name: str, sequence: str) -> bool:
    """Is an entry without match address, peer or transform set? An entry without lines is none."""
    whats = {line["what"] for line in config.find("crypto-map", map=name, seq=sequence)}
    needed = {"match address", "set peer", "set transform-set"}
    return bool(whats) and "ipsec-isakmp dynamic" not in whats and not needed <= whats


def _bound(config: Block, name: str) -> list[Item]:
    return [line for line in config.find("crypto-map", map=name) if line["interface"]]


def _map_line(what: str, value: str) -> Effect:
    """A line of an entry, of a crypto map or a dynamic one; the keywords of the line say of which."""

    def effect(call: Call) -> Result:
        name, sequence, kind = call["map"], call["seq"], call.words[1]
        given = call.match.all("value")
        if what == "match address":
            need_acl(call, given[0])
        if what == "set transform-set":
            for each in given:
                if not call.config.one("transform-set", name=each):
                    # Refused: recall. Text: as IOS prints it
                    raise Refused(f'ERROR: transform set with tag "{each}" does not exist.')
        old = call.config.one("crypto-map" if kind == "map" else kind, map=name, seq=sequence, what=what)
        if what in ("set peer", "set transform-set"):
            # a second line is appended (Netspoc-Approve: such lines must be removed first)
            given = list(dict.fromkeys([*(old["value"].split() if old else []), *given]))
            if what == "set transform-set" and len(given) > version(call).most_transform_sets:
                raise Refused(f"ERROR: Maximum number of transform sets is {version(call).most_transform_sets}")
        shown = value.replace("{value}", " ".join(given)).strip()
        call.config.put(f"crypto {kind} {name} {sequence} {what} {shown}".strip())
        if kind == "map" and incomplete(call.config, name, sequence):
            return _INCOMPLETE
        return None

    return effect


def _no_map_line(what: str) -> Effect:
    def effect(call: Call) -> Result:
        name, sequence, kind = call["map"], call["seq"], call.words[2]
        line = call.config.one("crypto-map" if kind == "map" else kind, map=name, seq=sequence, what=what)
        given = call.match.all("value")
        if line is None:
            return None  # silence: recall
        if what in ("set peer", "set transform-set") and given:
            for each in given:
                current = call.config.one(line.kind.name if line.kind else "", map=name, seq=sequence, what=what)
                if current:
                    _without(call.config, current, each)
        elif given and what == "match address" and line["value"] != given[0]:
            return None
        else:
            call.config.remove(line)
        if kind == "map" and incomplete(call.config, name, sequence):
            return _WILL_BE
        return None

    return effect


def _bind(call: Call) -> Result:
    name, interface = call["map"], call["interface"]
    need_interface(call, interface)
    if not call.config.find("crypto-map", map=name):
        raise Refused(f'ERROR: crypto map with tag "{name}" does not exist.')  # recall
    for other in call.config.find("crypto-map", interface=interface):
        if other["map"] == name:
            # ASA 7.0 guide 23-13
            call.device.event("tunnels-torn-down", " ".join(call.words))
        else:
            call.config.remove(other)  # one crypto map for each interface (recall: the new one replaces)
    call.config.put(f"crypto map {name} interface {interface}")
    sequences = {line["seq"] for line in call.config.find("crypto-map", map=name) if line["seq"]}
    if any(incomplete(call.config, name, each) for each in sequences):
        return _INCOMPLETE
    return None


def _dynamic(call: Call) -> Result:
    name = call["dynamic"]
    if not call.config.find("dynamic-map", map=name):
        raise Refused(f'ERROR: dynamic crypto map with tag "{name}" does not exist.')  # recall
    call.config.put(f"crypto map {call['map']} {call['seq']} ipsec-isakmp dynamic {name}")
    return None


def _plain_entry(call: Call) -> Result:
    # accepted, but an entry without lines is not shown (recall)
    return None if call.config.find("crypto-map", map=call["map"], seq=call["seq"]) else _INCOMPLETE


def _clear_map(call: Call) -> Result:
    for line in call.config.find("crypto-map"):
        if call["map"] in ("", line["map"]):
            call.config.remove(line)
    return None


def _map_rows(rows: Rows, kind: str) -> None:
    head = f"crypto {kind} <map:word> <seq:1-65535>"
    lines: list[tuple[str, str, str, str, Grade]] = [
        ("match address", "<value:word>", "{value}", "[<value:word>]", Grade.SEED),
        ("set peer", "<value:address>+", "{value}", "[<value:address>+]", Grade.SEED),
        ("set transform-set", "<value:word>+", "{value}", "[<value:word>+]", Grade.SEED),
        ("set pfs", "[<value:=group1|group2|group5|group7>]", "{value}", "[<value:word>]", Grade.TOOL),
        ("set nat-t-disable", "", "", "", Grade.CAPTURE),
        ("set reverse-route", "", "", "", Grade.TOOL),
    ]
    if kind == "map":
        words = "<value:=bidirectional|originate-only|answer-only>"
        lines.append(("set connection-type", words, "{value}", "[<value:word>]", Grade.TOOL))
        lines.append(("set trustpoint", "<value:word>", "{value}", "[<value:word>]", Grade.TOOL))
        modes = "{ main | <value:=aggressive> [<value:=group1|group2|group5>] }"
        lines.append(("set phase1-mode", modes, "{value}", "[<value:word>+]", Grade.TOOL))
    for what, grammar, value, no_grammar, grade in lines:
        effect = _pfs if what == "set pfs" else _connection if what == "set connection-type" else None
        rows.both(
            "config",
            f"{head} {what} {grammar}",
            effect or _map_line(what, value),
            f"{head} {what} {no_grammar}",
            _no_map_line(what),
            f"{GUIDE}; Netspoc-Approve",
            grade,
        )
    for unit in ("seconds", "kilobytes"):
        what = f"set security-association lifetime {unit}"
        other = "kilobytes" if unit == "seconds" else "seconds"
        tail = f"[{other} <second:120-2147483647>]"
        rows.add(
            "config",
            f"{head} set security-association lifetime {unit} <value:10-2147483647> {tail}",
            _lifetime(unit, other),
            "Netspoc-Approve; ntc-templates all_crypto_map2",
            Grade.TOOL,
        )
        no_grammar = f"no {head} {what} [<value:10-2147483647>]"
        rows.add("config", no_grammar, _no_map_line(what), "Netspoc-Approve", Grade.TOOL)


def _pfs(call: Call) -> Result:
    # group2 is the default before 9.13 and not displayed (Netspoc-Approve; ASA 7.2(3) capture)
    group = call["value"]
    return _map_line("set pfs", "" if group in ("", "group2") else "{value}")(call)


def _connection(call: Call) -> Result:
    # bidirectional is shown by `show running-config all` alone (ntc-templates)
    if call["value"] == "bidirectional":
        call.config.drop("crypto-map", map=call["map"], seq=call["seq"], what="set connection-type")
        return _INCOMPLETE if incomplete(call.config, call["map"], call["seq"]) else None
    return _map_line("set connection-type", "{value}")(call)


def _lifetime(unit: str, other: str) -> Effect:
    def effect(call: Call) -> Result:
        head = f"crypto {call.words[1]} {call['map']} {call['seq']} set security-association lifetime"
        call.config.put(f"{head} {unit} {call['value']}")
        if call.has("second"):
            call.config.put(f"{head} {other} {call['second']}")
        if call.words[1] == "map" and incomplete(call.config, call["map"], call["seq"]):
            return _INCOMPLETE
        return None

    return effect


# -- IKE


def _policy(call: Call) -> Item:
    number = call["seq"]
    item = call.config.one("isakmp-policy", seq=number)
    if item is None:
        item = call.config.put(f"crypto isakmp policy {number}")
        for name, value in version(call).policy_defaults.items():
            item.block.put(f"{name} {value}")
    return item


def _enter_policy(call: Call) -> Result:
    call.enter("isakmp-policy", version(call).policy_prompt, _policy(call))
    return None


def _flat_policy(call: Call) -> Result:
    _policy(call).block.put(f"{call['what']} {call['value']}")
    return None


def _policy_default(name: str) -> Effect:
    def effect(call: Call) -> Result:
        call.here.put(f"{name} {version(call).policy_defaults[name]}")
        return None

    return effect


def _enable(call: Call) -> Result:
    need_interface(call, call["interface"])
    call.config.put(f"crypto isakmp enable {call['interface']}")
    return None


_POLICY_LINES = {
    "authentication": "<value:=pre-share|rsa-sig|dsa-sig>",
    "encryption": "<value:=des|3des|aes|aes-192|aes-256>",
    "hash": "<value:=md5|sha>",
    "group": "<value:=1|2|5|7>",
    "lifetime": "<value:60-2147483647>",
}


def _ike_rows(rows: Rows) -> None:
    # 7.0 and 7.1 had `isakmp ...`, which 7.2 still takes and shows as `crypto isakmp ...`
    prefix = "{ crypto isakmp | isakmp }"
    source = f"{GUIDE}; seed"
    policy = f"{prefix} policy <seq:1-65535>"
    no_policy = drop("isakmp-policy", seq="{seq}")
    rows.both("config", policy, _enter_policy, policy, no_policy, source, Grade.SEED)
    for name, values in _POLICY_LINES.items():
        flat = f"{policy} <what:={name}> {values}"
        rows.add("config", flat, _flat_policy, "PIX 6.3 and 7.0 form, taken by 7.2 (seed's remark)", Grade.TOOL)
        rows.both(
            "isakmp-policy",
            f"{name} {values}",
            put_here(f"{name} {{value}}"),
            f"{name} [<value:word>]",
            _policy_default(name),
            f"{source}; defaults: recall for 7.x",
            Grade.SEED,
            Grade.RECALL,
        )
    enable = f"{prefix} enable <interface:word>"
    no_enable = drop("isakmp-enable", interface="{interface}")
    rows.both("config", enable, _enable, enable, no_enable, source, Grade.SEED)
    identity = f"{prefix} identity {{ <value:=address|hostname|auto> | <value:=key-id> <value:word> }}"
    rows.both(
        "config",
        identity,
        put("crypto isakmp identity {value}"),
        f"{prefix} identity [<value:word>+]",
        drop("isakmp-identity"),
        "ASA 7.2(3) capture",
        Grade.CAPTURE,
    )
    rows.both(
        "config",
        f"{prefix} nat-traversal [<seconds:10-3600>]",
        lambda call: _nat_traversal(call),
        f"{prefix} nat-traversal [<seconds:10-3600>]",
        drop("isakmp-nat-traversal"),
        "ASA 7.0 guide 23-7 (off by default); two blanks and 20 s: recall",
        Grade.VENDOR,
    )
    disable = f"{prefix} am-disable"
    rows.both(
        "config",
        disable,
        put("crypto isakmp am-disable"),
        disable,
        drop("isakmp-am-disable"),
        "ASA command reference; ASA 7.2(3) capture",
        Grade.CAPTURE,
    )
    clear = f"clear configure {prefix} policy"
    rows.add("config", clear, drop("isakmp-policy"), "ASA command reference, clear configure", Grade.RECALL)


def _nat_traversal(call: Call) -> Result:
    call.config.put(f"crypto isakmp nat-traversal  {call['seconds'] or '20'}")
    return None


# -- tunnel groups and group policies

_NAME_WARNING = (
    "WARNING: L2L tunnel-groups that have names which are not an IP\n"
    "address may only be used if the tunnel authentication\n"
    "method is Digital Certificates and/or The peer is\n"
    "configured to use Aggressive Mode\n"
)


def _tunnel_group(call: Call) -> Result:
    name = call["name"]
    if call.config.one("tunnel-group", name=name, what="type", value=call["type"]):
        return None
    if call.config.one("tunnel-group", name=name, what="type"):
        # whether a type can change in place is not sourced: refused
        raise Refused(f"ERROR: tunnel-group {name} already exists with another type")
    call.config.put(f"tunnel-group {name} type {call['type']}")
    if call["type"] == "ipsec-l2l" and not _is_address(name):
        return _NAME_WARNING
    return None


def _is_address(name: str) -> bool:
    parts = name.split(".")
    return len(parts) == 4 and all(part.isdigit() for part in parts)


def _attributes(what: str, suffix: str) -> Effect:
    def effect(call: Call) -> Result:
        name = call["name"]
        if not call.config.find("tunnel-group", name=name) and name not in ("DefaultL2LGroup", "DefaultRAGroup"):
            raise Refused(f"ERROR: tunnel-group {name} does not exist")  # recall
        found = call.config.one("tunnel-group", name=name, what=what)
        # a block without lines is not shown (recall): it is made with its first line
        call.enter(what, suffix, found or call.config.make(f"tunnel-group {name} {what}"), name)
        return None

    return effect


def _in_block(call: Call, text: str, secret: str | None = None) -> Result:
    target = call.target
    if target not in call.config.items:
        call.config.insert(target)
    target.block.put(text, secret=secret)
    return None


def _put_in(form: str) -> Effect:
    return lambda call: _in_block(call, form.replace("{value}", " ".join(call.match.all("value"))))


def _drop_in(kind: str) -> Effect:
    def effect(call: Call) -> Result:
        call.here.drop(kind)
        if not call.here.items and call.target in call.config.items:
            call.config.remove(call.target)
        return None

    return effect


def _key(call: Call) -> Result:
    if len(call["key"]) > 128:
        raise Refused("ERROR: pre-shared-key is longer than 128 characters")
    return _in_block(call, "pre-shared-key *", secret=call["key"])


def _no_group_attributes(call: Call) -> Result:
    call.config.drop("tunnel-group", name=call["name"], what=call["what"])
    return None


def _no_tunnel_group(call: Call) -> Result:
    if call.has("name") and not call.config.find("tunnel-group", name=call["name"]):
        raise Refused(f"ERROR: tunnel-group {call['name']} does not exist")  # recall
    for item in call.config.find("tunnel-group"):
        if call["name"] in ("", item["name"]):
            call.config.remove(item)
    return None


def _group_policy(call: Call) -> Result:
    call.config.put(f"group-policy {call['name']} internal")
    return None


def _policy_attributes(call: Call) -> Result:
    name = call["name"]
    if not call.config.find("group-policy", name=name) and name != "DfltGrpPolicy":
        raise Refused(f"ERROR: group-policy {name} does not exist")  # recall
    item = call.config.put(f"group-policy {name} attributes")
    call.enter("group-policy", "(config-group-policy)", item)
    return None


def _no_group_policy(call: Call) -> Result:
    name = call["name"]
    users = [g for g in call.config.find("tunnel-group") if g.block.find("default-group-policy", name=name)]
    if users:
        raise Refused(f"ERROR: group-policy {name} is in use by tunnel-group {users[0]['name']}")  # recall
    if not call.config.drop("group-policy", name=name):
        raise Refused(f"ERROR: group-policy {name} does not exist")  # recall
    return None


def _default_policy(call: Call) -> Result:
    if not call.config.find("group-policy", name=call["value"]) and call["value"] != "DfltGrpPolicy":
        raise Refused(f"ERROR: group-policy {call['value']} does not exist")  # recall
    return _in_block(call, f"default-group-policy {call['value']}")


def _filter(call: Call) -> Result:
    if call["value"] != "none":
        need_acl(call, call["value"])
        call.here.put(f"vpn-filter value {call['value']}")
    else:
        call.here.put("vpn-filter none")
    return None


def _tunnel_rows(rows: Rows) -> None:
    source = "Netspoc-Approve; ntc-templates; seed"
    types = "tunnel-group <name:word> type <type:=ipsec-l2l|ipsec-ra>"
    rows.add("config", types, _tunnel_group, source, Grade.SEED)
    no_group = "no tunnel-group <name:word> [type <type:=ipsec-l2l|ipsec-ra>]"
    rows.add("config", no_group, _no_tunnel_group, "ASA command reference, tunnel-group", Grade.VENDOR)
    rows.add("config", "clear configure tunnel-group [<name:word>]", _no_tunnel_group, "Netspoc-Approve", Grade.TOOL)
    for what, suffix in (
        ("ipsec-attributes", "(config-tunnel-ipsec)"),
        ("general-attributes", "(config-tunnel-general)"),
    ):
        rows.both(
            "config",
            f"tunnel-group <name:word> {what}",
            _attributes(what, suffix),
            f"tunnel-group <name:word> <what:={what}>",
            _no_group_attributes,
            source,
            Grade.SEED if what.startswith("ipsec") else Grade.TOOL,
            Grade.TOOL,
        )
    ipsec = "ipsec-attributes"
    key = "pre-shared-key <key:secret>"
    rows.both(ipsec, key, _key, "pre-shared-key [<key:secret>]", _drop_in("pre-shared-key"), source, Grade.SEED)
    keepalive = "isakmp keepalive { <value:=threshold> <value:10-3600> <value:=retry> <value:2-10> | <value:=disable> }"
    rows.both(
        ipsec,
        keepalive,
        _put_in("isakmp keepalive {value}"),
        "isakmp keepalive [<value:word>+]",
        _drop_in("keepalive"),
        source,
        Grade.TOOL,
    )
    rows.both(
        ipsec,
        "peer-id-validate <value:=req|cert|nocheck>",
        _put_in("peer-id-validate {value}"),
        "peer-id-validate [<value:word>]",
        _drop_in("peer-id-validate"),
        source,
        Grade.TOOL,
    )
    general = "default-group-policy <value:word>"
    rows.both(
        "general-attributes",
        general,
        _default_policy,
        "default-group-policy [<value:word>]",
        _drop_in("default-group-policy"),
        source,
        Grade.TOOL,
    )
    rows.add("config", "group-policy <name:word> internal", _group_policy, source, Grade.TOOL)
    rows.add("config", "group-policy <name:word> attributes", _policy_attributes, source, Grade.TOOL)
    rows.add("config", "no group-policy <name:word>", _no_group_policy, source, Grade.RECALL)
    rows.add("config", "clear configure group-policy <name:word>", _no_group_policy, "Netspoc-Approve", Grade.TOOL)
    for name, values in (
        ("vpn-idle-timeout", "{ <value:1-35791394> | <value:=none> }"),
        ("vpn-session-timeout", "{ <value:1-35791394> | <value:=none> }"),
        ("vpn-tunnel-protocol", "<value:=IPSec|l2tp-ipsec|webvpn>+"),
    ):
        rows.both(
            "group-policy",
            f"{name} {values}",
            put_here(f"{name} {{value}}"),
            f"{name} [<value:word>+]",
            drop_here(name),
            source,
            Grade.TOOL,
        )
    rows.both(
        "group-policy",
        "vpn-filter { value <value:word> | <value:=none> }",
        _filter,
        "vpn-filter [value <value:word>]",
        drop_here("vpn-filter"),
        source,
        Grade.TOOL,
    )


def add(rows: Rows) -> None:
    """The rows of this module."""
    no_set = f"crypto ipsec transform-set <name:word> [<esp:={_ESP}> [<auth:={_AUTH}>]]"
    rows.both("config", TRANSFORM, _transform, no_set, _no_transform, f"{GUIDE}; seed", Grade.SEED, Grade.VENDOR)
    lifetime = "crypto ipsec security-association lifetime"
    for unit, default in (("seconds", "28800"), ("kilobytes", "4608000")):
        rows.both(
            "config",
            f"{lifetime} {unit} <value:10-2147483647>",
            _global_lifetime(unit, default),
            f"{lifetime} {unit} [<value:10-2147483647>]",
            drop("ipsec-lifetime", unit=unit),
            "ASA 7.2(3) capture hides the defaults, 8.2 shows them",
            Grade.CAPTURE,
        )
    _map_rows(rows, "map")
    _map_rows(rows, "dynamic-map")
    rows.add("config", "crypto map <map:word> <seq:1-65535> ipsec-isakmp", _plain_entry, GUIDE, Grade.RECALL)
    dynamic = "crypto map <map:word> <seq:1-65535> ipsec-isakmp dynamic <dynamic:word>"
    no_dynamic = drop("crypto-map", map="{map}", seq="{seq}", what="ipsec-isakmp dynamic")
    rows.both("config", dynamic, _dynamic, dynamic, no_dynamic, "ntc-templates crypto map", Grade.TOOL)
    bind = "crypto map <map:word> interface <interface:word>"
    unbind = drop("crypto-map", map="{map}", interface="{interface}")
    rows.both("config", bind, _bind, bind, unbind, f"{GUIDE}; ASA 7.0 guide 23-13; seed", Grade.SEED)
    clear = "clear configure crypto map [<map:word>]"
    rows.add("config", clear, _clear_map, "guides' heading Clearing Crypto Map Configurations", Grade.VENDOR)
    rows.add("config", "clear configure crypto dynamic-map", drop("dynamic-map"), "ASA command reference", Grade.RECALL)
    _ike_rows(rows)
    _tunnel_rows(rows)


def _global_lifetime(unit: str, default: str) -> Effect:
    def effect(call: Call) -> Result:
        if call["value"] == default:
            call.config.drop("ipsec-lifetime", unit=unit)
        else:
            call.config.put(f"crypto ipsec security-association lifetime {unit} {call['value']}")
        return None

    return effect
