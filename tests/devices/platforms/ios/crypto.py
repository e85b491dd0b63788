# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: The netvpn.dynamic_l2l contributors
"""IOS 12.4: IKE policies and keys, transform sets, crypto maps."""

from __future__ import annotations

from ...engine import Call, Effect, Grade, Refused, Reply, Result, Rows, drop, drop_here, put, put_here, value_line
from ...store import Block, Item
from .common import interface, short_name
from .version import version

YANG = "Cisco-IOS-XE-crypto.yang (ranges)"
CAPTURES = "captures of 15.0 (cisco-labs)"
_NOTE = (
    "% NOTE: This new crypto map will remain disabled until a peer\n"
    "        and a valid access list have been configured.\n"
)
# 12.4: no SHA-2, no GCM (Cisco tech note 116055: from 15.1(2)T)
_AH = "ah-md5-hmac|ah-sha-hmac"
_AUTH = "esp-md5-hmac|esp-sha-hmac"


# -- IKE


def _policy(call: Call) -> Result:
    item = call.config.put(f"crypto isakmp policy {call['seq']}")
    call.enter("isakmp-policy", "(config-isakmp)", item)
    return None


def _policy_line(name: str) -> Effect:
    def effect(call: Call) -> Result:
        if call["value"] == version(call).policy_defaults[name]:
            call.here.drop(name)
        else:
            call.here.put(f"{name} {call['value']}")
        return None

    return effect


def _encryption(call: Call) -> Result:
    value = " ".join(call.match.all("value"))
    value = "aes" if value == "aes 128" else value  # folding: recall
    if value == version(call).policy_defaults["encr"]:
        call.here.drop("encr")
    else:
        call.here.put(f"encr {value}")
    return None


def _key(call: Call) -> Result:
    by, peer, mask = call["by"], call["peer"], call["mask"]
    if by == "address" and not mask:
        mask = "0.0.0.0" if peer == "0.0.0.0" else "255.255.255.255"
    for item in call.config.find("isakmp-key", by=by, peer=peer):
        if by == "hostname" or _mask(item) == mask:
            # `address mask`: packet captures of the CLI; the wildcard's two figures: recall
            raise Refused(f"A pre-shared key for address mask {peer} {mask} already exists!")
    text = f"crypto isakmp key {'6 ' if call['type'] == '6' else ''}{call['key']} {by} {peer}"
    if by == "address" and mask != "255.255.255.255":
        text += f" {mask}"
    call.config.put(text + (" no-xauth" if "no-xauth" in call.words else ""))
    return None


def _mask(item: Item) -> str:
    return item["mask"] or ("0.0.0.0" if item["peer"] == "0.0.0.0" else "255.255.255.255")


def _no_key(call: Call) -> Result:
    by, peer = call["by"], call["peer"]
    mask = call["mask"] or ("0.0.0.0" if peer == "0.0.0.0" else "255.255.255.255")
    for item in call.config.find("isakmp-key", by=by, peer=peer):
        # That the text of the key is compared is recall: strict, so that a wrong key does not pass
        if (by == "hostname" or _mask(item) == mask) and item["key"] == call["key"]:
            call.config.remove(item)
            return None
    raise Refused(f"% No pre-shared key for address {peer}")  # recall


def _keepalive(call: Call) -> Result:
    words = [call["seconds"], *([call["retry"]] if call.has("retry") else [])]
    if "periodic" in call.words:
        words.append("periodic")
    call.config.put(f"crypto isakmp keepalive {' '.join(words)}")
    return None


# -- transform sets


def _set_users(config: Block, name: str) -> list[Item]:
    entries = config.find("crypto-map", "dynamic-map")
    return [e for e in entries for line in e.block.find("transform-set") if name in line["names"].split()]


def _transform(call: Call) -> Result:
    # canonical order: AH, ESP cipher, ESP hash, compression (15.4: what was typed, and what was shown)
    parts = [call["ah"], call["esp"], call["size"] if call["size"] != "128" else "", call["auth"], call["comp"]]
    text = " ".join(part for part in parts if part)
    item = call.config.put(f"crypto ipsec transform-set {call['name']} {text}")
    call.enter("transform-set", "(cfg-crypto-trans)", item)
    return None


def _no_transform(call: Call) -> Result:
    name = call["name"]
    if not call.config.one("transform-set", name=name):
        raise Refused(f'ERROR: transform set with tag "{name}" does not exist.')
    if _set_users(call.config, name):
        raise Refused(f"ERROR: transform set {name} in use")  # recall
    call.config.drop("transform-set", name=name)
    return None


# -- crypto maps


def bound_to(config: Block, name: str) -> list[str]:
    """The interfaces that a map is bound to."""
    return [item["name"] for item in config.find("interface") if item.block.find("crypto-map", map=name)]


def _dynamic_entry(call: Call) -> Result:
    item = call.config.put(f"crypto dynamic-map {call['map']} {call['seq']}")
    call.enter("crypto-map", "(config-crypto-map)", item, "dynamic")
    return None


def _no_dynamic(call: Call) -> Result:
    name = call["map"]
    entries = call.config.find("dynamic-map", map=name)
    gone = [item for item in entries if call["seq"] in ("", item["seq"])]
    users = call.config.find("crypto-map", dynamic=name)
    if gone and len(gone) == len(entries) and users:
        # refused: recall; genielibs and a controller's template always drop the crypto map first
        raise Refused(f'ERROR: Crypto Dynamic Map with tag "{name}" is in use by crypto map {users[0]["map"]}')
    for item in gone:
        call.config.remove(item)
    return None


def _static_entry(call: Call) -> Result:
    name, sequence = call["map"], call["seq"]
    old = call.config.one("crypto-map", map=name, seq=sequence)
    if old and old["dynamic"]:
        raise Refused(f'ERROR: "{name}" {sequence} is a dynamic entry')  # recall
    if old is None and "ipsec-isakmp" not in call.words:
        raise Refused("% Incomplete command.\n")
    item = old or call.config.put(f"crypto map {name} {sequence} ipsec-isakmp")
    call.enter("crypto-map", "(config-crypto-map)", item, "static")
    return None if old else _NOTE


def _dynamic_reference(call: Call) -> Result:
    name, sequence = call["map"], call["seq"]
    old = call.config.one("crypto-map", map=name, seq=sequence)
    if old and not old["dynamic"]:
        raise Refused(f'ERROR: "{name}" {sequence} is a static entry')  # recall
    # A dynamic map that does not exist (yet) is taken (belief of the sources, recall)
    call.config.put(f"crypto map {name} {sequence} ipsec-isakmp dynamic {call['dynamic']}")
    return None


def _no_map(call: Call) -> Result:
    name, sequence = call["map"], call["seq"]
    entries = call.config.find("crypto-map", map=name)
    gone = [item for item in entries if sequence in ("", item["seq"])]
    if call.has("dynamic"):
        gone = [item for item in gone if item["dynamic"] == call["dynamic"]]
    if not gone:
        raise Refused(f"Could not find crypto map entry {name} {sequence}".rstrip())  # recall
    interfaces = bound_to(call.config, name)
    if interfaces and len([item for item in entries if item["seq"]]) == len([item for item in gone if item["seq"]]):
        # first line: genielibs (XE 17); the second, of 12.4 and 15: recall
        shown = ", ".join(short_name(each) for each in interfaces)
        raise Refused(
            f"% Crypto-map {name} is in use by interface(s): {shown}\n"
            "Please remove the crypto map from the above interface(s) first"
        )
    for item in gone:
        call.config.remove(item)
    return None


def _local_address(call: Call) -> Result:
    call.config.put(f"crypto map {call['map']} local-address {interface(call)['name']}")
    return None


def _sets(call: Call) -> Result:
    names = call.match.all("name")
    for name in names:
        if not call.config.one("transform-set", name=name):
            raise Refused(f'ERROR: transform set with tag "{name}" does not exist.')
    if len(names) > version(call).most_transform_sets:
        raise Refused(f"ERROR: at most {version(call).most_transform_sets} transform sets")  # recall
    call.here.put(f"set transform-set {' '.join(names)}")
    return None


def _match(call: Call) -> Result:
    call.here.put(f"match address {call['acl']}")
    return None


def _bind(call: Call) -> Result:
    name = call["map"]
    if not call.config.find("crypto-map", map=name):
        raise Refused(f'ERROR: Crypto Map with tag "{name}" does not exist.')  # recall
    before = any_bound(call.config)
    old = call.here.one("crypto-map")
    if old and old["map"] == name:
        return None
    call.here.put(f"crypto map {name}")
    if not before and not call.here.one("shutdown"):
        return Reply(later=["%CRYPTO-6-ISAKMP_ON_OFF: ISAKMP is ON"])
    return None


def any_bound(config: Block) -> bool:
    """Is any crypto map bound to an interface that is not shut down?"""
    return any(i.block.find("crypto-map") and not i.block.find("shutdown") for i in config.find("interface"))


def _unbind(call: Call) -> Result:
    before = any_bound(call.config)
    for item in call.here.find("crypto-map"):
        if call["map"] in ("", item["map"]):
            call.here.remove(item)
            call.device.event("unbound", item["map"])
    if before and not any_bound(call.config):
        return Reply(later=["%CRYPTO-6-ISAKMP_ON_OFF: ISAKMP is OFF"])
    return None


def incomplete(item: Item) -> bool:
    """Does a static entry lack peer, list or set? It is then shown with `! Incomplete` (recall)."""
    if item.kind is None or item.kind.name != "crypto-map" or item["dynamic"] or not item["seq"]:
        return False
    return not all(item.block.find(name) for name in ("peer", "match", "transform-set"))


def _entry_rows(rows: Rows) -> None:
    mode = "crypto-map"
    rows.both(mode, "set transform-set <name:word>+", _sets, "set transform-set [<name:word>+]",
              drop_here("transform-set"), f"seed; {CAPTURES}", Grade.SEED, Grade.TOOL)  # fmt: skip
    rows.both(mode, "match address <acl:word>", _match, "match address [<acl:word>]", drop_here("match"),
              CAPTURES, Grade.CAPTURE)  # fmt: skip
    # a second peer is added (XE 17 lab)
    rows.both(mode, "set peer <peer:address> [default]", put_here("set peer {peer}"), "set peer <peer:address>",
              drop_here("peer", peer="{peer}"), CAPTURES, Grade.CAPTURE)  # fmt: skip
    rows.both(mode, "set pfs [<group:=group1|group2|group5>]", _pfs, "set pfs [<group:word>]", drop_here("pfs"),
              "captures of 15.4", Grade.CAPTURE)  # fmt: skip
    for unit, limits, default in (("seconds", "120-86400", "3600"), ("kilobytes", "2560-4294967295", "4608000")):
        line = f"set security-association lifetime {unit}"
        assert default
        rows.both(mode, f"{line} <value:{limits}>", put_here(f"{line} {{value}}"), f"{line} [<value:{limits}>]",
                  drop_here("lifetime", unit=unit), f"captures of 15.4; {YANG}", Grade.CAPTURE)  # fmt: skip
    idle = "set security-association idle-time"
    rows.both(mode, f"{idle} <value:60-86400>", put_here(f"{idle} {{value}}"), f"{idle} [<value:60-86400>]",
              drop_here("idle-time"), YANG, Grade.VENDOR)  # fmt: skip
    rows.both(mode, "set nat demux", put_here("set nat demux"), "set nat demux", drop_here("nat-demux"),
              "L2TP gateway templates", Grade.TOOL)  # fmt: skip
    rows.both(mode, "set isakmp-profile <name:word>", put_here("set isakmp-profile {name}"),
              "set isakmp-profile [<name:word>]", drop_here("isakmp-profile"), CAPTURES, Grade.CAPTURE)  # fmt: skip
    rows.both(mode, "description <text:rest>", put_here("description {text}"), "description [<text:rest>]",
              drop_here("description"), "Cisco-IOS-XE-crypto.yang; place recall", Grade.RECALL)  # fmt: skip
    rows.both(mode, "reverse-route [{ <value:=static> | <value:=remote-peer> [<value:address>] }]", _reverse,
              "reverse-route [<value:word>+]", drop_here("reverse-route"), CAPTURES, Grade.CAPTURE)  # fmt: skip


def _pfs(call: Call) -> Result:
    call.here.put(f"set pfs {call['group'] or 'group1'}")  # group1 without a value: recall
    return None


def _reverse(call: Call) -> Result:
    call.here.put(" ".join(["reverse-route", *call.match.all("value")]))
    return None


def add(rows: Rows) -> None:
    """The rows of this module."""
    config = "config"
    policy = "crypto isakmp policy <seq:1-10000>"
    rows.both(
        config, policy, _policy, policy, drop("isakmp-policy", seq="{seq}"), f"seed; genielibs; {YANG}", Grade.SEED
    )
    mode = "isakmp-policy"
    ciphers = "{ <value:=des|3des> | <value:=aes> [<value:=128|192|256>] }"
    rows.both(mode, f"encryption {ciphers}", _encryption, "encryption [<value:word>+]", drop_here("encr"),
              f"{CAPTURES}; CML lab", Grade.CAPTURE, Grade.TOOL)  # fmt: skip
    for name, values in (
        ("hash", "=md5|sha"),
        ("authentication", "=pre-share|rsa-sig|rsa-encr"),
        ("group", "=1|2|5"),
        ("lifetime", "60-86400"),
    ):
        effect = _policy_line(name)
        back = drop_here(name)
        rows.both(
            mode, f"{name} <value:{values}>", effect, f"{name} [<value:word>]", back, "seed", Grade.SEED, Grade.TOOL
        )
        rows.add(mode, f"default {name}", back, YANG, Grade.VENDOR)
    rows.add(mode, "default encryption", drop_here("encr"), YANG, Grade.VENDOR)

    peer = "{ <by:=address> <peer:address> [<mask:mask>] | <by:=hostname> <peer:word> } [no-xauth]"
    key = f"crypto isakmp key [<type:=0|6>] <key:secret> {peer}"
    rows.both(config, key, _key, key, _no_key, "seed; genielibs; captures of the refusal", Grade.SEED, Grade.TOOL)
    keepalive = "crypto isakmp keepalive <seconds:10-3600> [<retry:2-60>] [{ periodic | on-demand }]"
    rows.both(config, keepalive, _keepalive,
              "crypto isakmp keepalive [<seconds:10-3600> [<retry:2-60>] [{ periodic | on-demand }]]",
              drop("isakmp-keepalive"), f"batfish's 15.2 capture; {YANG}", Grade.CAPTURE)  # fmt: skip
    rows.both(config, "crypto isakmp identity <value:=address|hostname|dn>", _identity,
              "crypto isakmp identity [<value:word>]", drop("isakmp-identity"), YANG, Grade.VENDOR)  # fmt: skip
    nat = "crypto isakmp nat keepalive"
    rows.both(config, f"{nat} <value:5-3600>", put(f"{nat} {{value}}"), f"{nat} [<value:5-3600>]",
              drop("nat-keepalive"), YANG, Grade.VENDOR)  # fmt: skip
    for kind, line in (("invalid-spi", "crypto isakmp invalid-spi-recovery"),
                       ("aggressive", "crypto isakmp aggressive-mode disable")):  # fmt: skip
        rows.both(config, line, put(line), line, drop(kind), YANG, Grade.VENDOR)
    enable = "crypto isakmp enable"
    rows.both(config, enable, drop("isakmp-off"), enable, put(f"no {enable}"), YANG, Grade.VENDOR)

    sizes = "{ <esp:=esp-des|esp-3des|esp-null|esp-seal> | <esp:=esp-aes> [<size:=128|192|256>] }"
    words = f"[<ah:={_AH}>] [{sizes}] [<auth:={_AUTH}>] [<ah:={_AH}>] [<comp:=comp-lzs>]"
    transform = f"crypto ipsec transform-set <name:word> {words}"
    rows.both(
        config, transform, _transform_checked, transform, _no_transform, f"seed; {CAPTURES}", Grade.SEED, Grade.TOOL
    )
    rows.both("transform-set", "mode { tunnel | <value:=transport> [<value:=require>] }", _mode, "mode [<value:word>]",
              drop_here("mode"), "captures: ` mode tunnel` is hidden up to 15.1", Grade.CAPTURE)  # fmt: skip
    for unit, limits, default in (("seconds", "120-86400", "3600"), ("kilobytes", "2560-4294967295", "4608000")):
        line = f"crypto ipsec security-association lifetime {unit}"
        effect = value_line("ipsec-lifetime", f"{line} {{value}}", f"{line} {default}", here=False)
        rows.both(config, f"{line} <value:{limits}>", _global_lifetime(unit, default, effect), f"{line} [<value:{limits}>]",
                  drop("ipsec-lifetime", unit=unit), f"captures of 15.4; {YANG}", Grade.CAPTURE)  # fmt: skip
    bit = "crypto ipsec df-bit"
    rows.both(config, f"{bit} <value:=clear|set|copy>", value_line("df-bit", f"{bit} {{value}}", f"{bit} copy", here=False),
              f"{bit} [<value:word>]", drop("df-bit"), f"batfish's 15.2 capture; {YANG}", Grade.CAPTURE)  # fmt: skip

    dynamic = "crypto dynamic-map <map:word> <seq:1-65535>"
    rows.both(config, dynamic, _dynamic_entry, "crypto dynamic-map <map:word> [<seq:1-65535>]", _no_dynamic,
              f"seed; {CAPTURES}", Grade.SEED, Grade.RECALL)  # fmt: skip
    entry = "crypto map <map:word> <seq:1-65535>"
    rows.add(
        config, f"{entry} ipsec-isakmp dynamic <dynamic:word>", _dynamic_reference, f"seed; {CAPTURES}", Grade.SEED
    )
    rows.add(config, f"{entry} [ipsec-isakmp]", _static_entry, "captures 12.4 to 17.x of the note", Grade.CAPTURE)
    no_map = "no crypto map <map:word> [<seq:1-65535> [ipsec-isakmp [dynamic <dynamic:word>]]]"
    rows.add(config, no_map, _no_map, "genielibs (refusal while bound)", Grade.TOOL)
    local = "crypto map <map:word> local-address <interface:interface>"
    no_local = "crypto map <map:word> local-address [<interface:interface>]"
    rows.both(config, local, _local_address, no_local, drop("crypto-map", map="{map}", wide="local-address"),
              CAPTURES, Grade.CAPTURE)  # fmt: skip
    _entry_rows(rows)
    rows.both("interface", "crypto map <map:word>", _bind, "crypto map [<map:word>]", _unbind,
              "seed; CML lab (the log line)", Grade.SEED, Grade.TOOL)  # fmt: skip


def _transform_checked(call: Call) -> Result:
    if not (call.has("ah") or call.has("esp") or call.has("auth") or call.has("comp")):
        raise Refused("% Incomplete command.\n")
    return _transform(call)


def _mode(call: Call) -> Result:
    if call.has("value"):
        call.here.put(f"mode {' '.join(call.match.all('value'))}")
    else:
        call.here.drop("mode")
    return None


def _identity(call: Call) -> Result:
    call.config.drop("isakmp-identity")
    if call["value"] != "address":  # the default is hidden
        call.config.put(f"crypto isakmp identity {call['value']}")
    return None


def _global_lifetime(unit: str, default: str, effect: Effect) -> Effect:
    def checked(call: Call) -> Result:
        if call["value"] == default:
            call.config.drop("ipsec-lifetime", unit=unit)
            return None
        return effect(call)

    return checked
