# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: The netvpn.dynamic_l2l contributors
"""What a device's running configuration says of IKE and IPsec, as data of one form for both platforms.

Only the lines of the device's own store are read; what the device does with them is in cryptorules.py.
"""

from __future__ import annotations

import ipaddress
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Literal

from ..platforms.ios.version import IosVersion
from ..store import Block, Item
from .reading import Fabric, Rule, read_fabric

if TYPE_CHECKING:
    from ..device import Device

EVERYBODY = "0.0.0.0/0"
_GROUPS = {"group1": 1, "group2": 2, "group5": 5, "group7": 7}
# PIX: seed, the debug's `lifedur= 28800s and 4608000kb`; IOS: ios-crypto.md B4.2 and the seed's SA of 3600 s
_LIFETIMES = {"pix": (28800, 4608000), "ios": (3600, 4608000)}


@dataclass(frozen=True)
class Policy:
    """An IKE policy. `encryption`: `des`, `3des`, `aes128`, `aes192`, `aes256`; `hash`: `md5`, `sha`."""

    number: int
    encryption: str
    hash: str
    authentication: str
    group: int
    lifetime: int


@dataclass(frozen=True)
class Key:
    """A pre-shared key and the addresses (a network) that it is for. Printing it does not show the key."""

    peers: str
    secret: str = field(repr=False)


@dataclass(frozen=True)
class Transform:
    """A transform set; words are empty where it has no such transform."""

    name: str
    encryption: str = ""
    hash: str = ""
    ah: str = ""


@dataclass(frozen=True)
class Keepalive:
    """Dead peer detection: seconds of silence, and seconds between tries."""

    threshold: int
    retry: int


@dataclass(frozen=True)
class Entry:
    """An entry of a crypto map, or one of a dynamic map that hangs at `sequence` of it (then `dynamic` is not empty).

    `rules`: the crypto ACL; None without `match address`; empty if the list is missing or has no entry.
    `role`: PIX `set connection-type`.
    """

    map: str
    sequence: int
    dynamic: str = ""
    dynamic_sequence: int = 0
    peers: tuple[str, ...] = ()
    acl: str | None = None
    rules: tuple[Rule, ...] | None = None
    transforms: tuple[Transform, ...] = ()
    pfs: int | None = None
    lifetime: int = 3600
    kilobytes: int = 4608000
    role: Literal["both", "originate", "answer"] = "both"

    @property
    def place(self) -> tuple[str, int, str, int]:
        """What names the entry."""
        return self.map, self.sequence, self.dynamic, self.dynamic_sequence

    @property
    def complete(self) -> bool:
        """Does it have all it needs? A dynamic entry needs a transform set alone (PIX, IOS: ios-crypto.md B5.1).

        Incomplete entries are skipped: captured for IOS (ios-crypto.md B5.2, `incomplete state`); for PIX 7.2 not
        sourced (treatment.md section 3), taken as for IOS.
        """
        return bool(self.transforms) and bool(self.dynamic or (self.peers and self.rules is not None))


@dataclass(frozen=True)
class Crypto:
    """IKE and IPsec of a device.

    `bound`: crypto map by interface; `listens`: interfaces where IKE is on; `keepalives` by the addresses of the peers,
    the most specific counts; `local`: interface whose address a map uses instead of the bound one's.
    """

    platform: Literal["pix", "ios"]
    policies: tuple[Policy, ...] = ()
    keys: tuple[Key, ...] = ()
    maps: dict[str, tuple[Entry, ...]] = field(default_factory=dict)
    bound: dict[str, str] = field(default_factory=dict)
    local: dict[str, str] = field(default_factory=dict)
    listens: frozenset[str] = frozenset()
    nat_t: bool = False
    keepalives: dict[str, Keepalive] = field(default_factory=dict)
    identity: str = "address"
    ports: dict[str, str] = field(default_factory=dict)
    networks: tuple[str, ...] = ()

    def entries(self, port: str) -> tuple[Entry, ...]:
        """The entries of the map on an interface, in the order in which they are tried."""
        return self.maps.get(self.bound.get(port, ""), ())


def read_crypto(device: Device) -> Crypto:
    """IKE and IPsec as the running configuration describes them."""
    fabric = read_fabric(device)
    if fabric.platform == "pix":
        return _pix(device.config, fabric)
    return _ios(device, fabric)


def most_specific(peers: dict[str, Keepalive], address: str) -> Keepalive | None:
    """The value for an address among those for networks."""
    found = [net for net in map(ipaddress.IPv4Network, peers) if ipaddress.IPv4Address(address) in net]
    return peers[str(max(found, key=lambda net: net.prefixlen))] if found else None


def _ports(fabric: Fabric) -> dict[str, str]:
    return {port.name: port.hardware for port in fabric.ports if port.up}


def _networks(fabric: Fabric) -> tuple[str, ...]:
    """Networks that static routes name."""
    return tuple(sorted({route.prefix for route in fabric.routes if route.prefix != EVERYBODY}))


# -- PIX


def _pix(config: Block, fabric: Fabric) -> Crypto:
    aliases = {item["name"]: item["address"] for item in config.find("name")}
    keys, keepalives = [], {}
    l2l = {item["name"] for item in config.find("tunnel-group", what="type", value="ipsec-l2l")} | {"DefaultL2LGroup"}
    for item in config.find("tunnel-group", what="ipsec-attributes"):
        peers = _group_peers(aliases.get(item["name"], item["name"]))
        if item["name"] not in l2l or peers is None:
            continue  # a group that no address names is found in aggressive mode or by certificate only
        if (line := item.block.one("pre-shared-key")) and line.secret is not None:
            keys.append(Key(peers, line.secret))
    for name in sorted(l2l):
        peers = _group_peers(aliases.get(name, name))
        attributes = config.one("tunnel-group", name=name, what="ipsec-attributes")
        keepalive = attributes.block.one("keepalive") if attributes else None
        words = keepalive["value"].split() if keepalive else ["threshold", "10", "retry", "2"]
        # On by default: the seed's PIX has no such line and sends R-U-THERE; 10 s and 2 s are recall (asa-cli.md 3.8)
        if peers is not None and words[0] != "disable":
            keepalives[peers] = Keepalive(int(words[1]), int(words[3]))
    bound = {port.name: port.map for port in fabric.ports if port.map and port.up}
    return Crypto(
        "pix",
        tuple(_pix_policies(config)),
        tuple(keys),
        {name: tuple(_pix_map(config, fabric, aliases, name)) for name in sorted(set(bound.values()))},
        bound,
        listens=frozenset(item["interface"] for item in config.find("isakmp-enable")),
        # off by default in 7.x: ASA 7.0 guide 23-7
        nat_t=bool(config.one("isakmp-nat-traversal")),
        keepalives=keepalives,
        identity=_pix_identity(config),
        ports=_ports(fabric),
        networks=_networks(fabric),
    )


def _group_peers(name: str) -> str | None:
    if name == "DefaultL2LGroup":
        return EVERYBODY  # messages 713138, 713139: the base group's key serves whom no group is named after
    try:
        return f"{ipaddress.IPv4Address(name)}/32"
    except ValueError:
        return None


def _pix_identity(config: Block) -> str:
    line = config.one("isakmp-identity")
    words = line["value"].split() if line else ["auto"]
    # auto: the address where the key is shared (recall)
    if words[0] == "hostname":
        name = config.one("hostname")
        return name["name"] if name else "address"
    return words[1] if words[0] == "key-id" and words[1:] else "address"


def _cipher(word: str) -> str:
    """`aes-256`, `aes 256`, `aes` → as strongSwan and the records call it."""
    word = word.replace("-", "").replace(" ", "")
    return "aes128" if word == "aes" else word


def _pix_policies(config: Block) -> Iterator[Policy]:
    for item in config.find("isakmp-policy"):
        value = {line.kind.name: line["value"] for line in item.block if line.kind}
        yield Policy(
            int(item["seq"]),
            _cipher(value["encryption"]),
            value["hash"],
            value["authentication"],
            int(value["group"]),
            int(value["lifetime"]),
        )


def _transforms(words: list[str]) -> dict[str, str]:
    found = {"encryption": "", "hash": "", "ah": ""}
    for place, word in enumerate(words):
        if word.startswith("ah-"):
            found["ah"] = word.split("-")[1]
        elif word in ("esp-md5-hmac", "esp-sha-hmac"):
            found["hash"] = word.split("-")[1]
        elif word.startswith("esp-") and word != "esp-none":
            size = words[place + 1] if words[place + 1 :] and words[place + 1].isdigit() else ""
            found["encryption"] = _cipher(word.removeprefix("esp-") + size)
    return found


def _sets(config: Block, names: list[str]) -> tuple[Transform, ...]:
    found = []
    for name in names:
        for item in config.find("transform-set", name=name):
            words = item["transforms"].split()
            if words[0] != "mode":
                found.append(Transform(name, **_transforms(words)))
    return tuple(found)


def _lifetime(config: Block, platform: str, unit: str, own: Item | None) -> int:
    line = own or config.one("ipsec-lifetime", unit=unit)
    return int(line["value"]) if line else _LIFETIMES[platform][unit == "kilobytes"]


def _pix_map(config: Block, fabric: Fabric, aliases: dict[str, str], name: str) -> Iterator[Entry]:
    for sequence in sorted({int(line["seq"]) for line in config.find("crypto-map", map=name) if line["seq"]}):
        hanging = config.one("crypto-map", map=name, seq=str(sequence), what="ipsec-isakmp dynamic")
        if hanging is None:
            yield _pix_entry(config, fabric, aliases, "crypto-map", name, sequence)
            continue
        dynamic = hanging["value"]
        numbers = {int(line["seq"]) for line in config.find("dynamic-map", map=dynamic)}
        for number in sorted(numbers):
            yield _pix_entry(config, fabric, aliases, "dynamic-map", dynamic, number, hung=(name, sequence))


def _pix_entry(
    config: Block,
    fabric: Fabric,
    aliases: dict[str, str],
    kind: str,
    name: str,
    number: int,
    hung: tuple[str, int] | None = None,
) -> Entry:
    lines = {line["what"]: line for line in config.find(kind, map=name, seq=str(number))}

    def words(what: str) -> list[str]:
        return lines[what]["value"].split() if what in lines else []

    acl = next(iter(words("match address")), None)
    pfs = None
    if "set pfs" in lines:
        # without a group: group 2 before 9.13 (Netspoc-Approve)
        pfs = _GROUPS.get(next(iter(words("set pfs")), "group2"), 0)
    role = next(iter(words("set connection-type")), "")
    return Entry(
        hung[0] if hung else name,
        hung[1] if hung else number,
        name if hung else "",
        number if hung else 0,
        tuple(aliases.get(peer, peer) for peer in words("set peer")),
        acl,
        fabric.acls.get(acl, ()) if acl else None,
        _sets(config, words("set transform-set")),
        pfs,
        _lifetime(config, "pix", "seconds", lines.get("set security-association lifetime seconds")),
        _lifetime(config, "pix", "kilobytes", lines.get("set security-association lifetime kilobytes")),
        "originate" if role == "originate-only" else "answer" if role == "answer-only" else "both",
    )


# -- IOS


def _ios(device: Device, fabric: Fabric) -> Crypto:
    config = device.config
    bound = {port.name: port.map for port in fabric.ports if port.map and port.up}
    keepalives = {}
    if line := config.one("isakmp-keepalive"):
        words = line["value"].split()
        retry = int(words[1]) if words[1:] and words[1].isdigit() else 2
        keepalives[EVERYBODY] = Keepalive(int(words[0]), retry)
    identity = config.one("isakmp-identity")
    hostname = config.one("hostname")
    # IKE listens when a map is bound (the log's `ISAKMP is ON`, ios-crypto.md B5.3) on all interfaces
    on = bool(bound) and not config.one("isakmp-off")
    return Crypto(
        "ios",
        tuple(_ios_policies(device)),
        tuple(_ios_keys(config)),
        {name: tuple(_ios_map(config, fabric, name)) for name in sorted(set(bound.values()))},
        bound,
        {
            item["map"]: item["value"]
            for item in config.find("crypto-map", wide="local-address")
            if fabric.port(item["value"])
        },
        frozenset(port.name for port in fabric.ports if on),
        nat_t=True,  # on by default (ios-crypto.md B4.2, nat-transparency)
        keepalives=keepalives,
        identity=hostname["name"] if identity and identity["value"] == "hostname" and hostname else "address",
        ports=_ports(fabric),
        networks=_networks(fabric),
    )


def _ios_policies(device: Device) -> Iterator[Policy]:
    version = device.platform.version
    assert isinstance(version, IosVersion)
    defaults = version.policy_defaults
    for item in device.config.find("isakmp-policy"):
        value = {**defaults, **{line.kind.name: line["value"] for line in item.block if line.kind}}
        yield Policy(
            int(item["seq"]),
            _cipher(value["encr"]),
            value["hash"],
            value["authentication"],
            int(value["group"]),
            int(value["lifetime"]),
        )


def _ios_keys(config: Block) -> Iterator[Key]:
    # Keys for names serve aggressive mode alone (ios-crypto.md B2)
    for item in config.find("isakmp-key", by="address"):
        mask = item["mask"] or ("0.0.0.0" if item["peer"] == "0.0.0.0" else "255.255.255.255")
        yield Key(str(ipaddress.IPv4Network((item["peer"], mask), strict=False)), item["key"])


def _ios_map(config: Block, fabric: Fabric, name: str) -> Iterator[Entry]:
    for item in config.find("crypto-map", map=name):
        if not item["seq"]:
            continue
        if not item["dynamic"]:
            yield _ios_entry(config, fabric, item, name, int(item["seq"]))
            continue
        for below in config.find("dynamic-map", map=item["dynamic"]):
            yield _ios_entry(config, fabric, below, name, int(item["seq"]), item["dynamic"], int(below["seq"]))


def _ios_entry(
    config: Block, fabric: Fabric, item: Item, name: str, sequence: int, dynamic: str = "", number: int = 0
) -> Entry:
    block = item.block
    match, sets, pfs = block.one("match"), block.one("transform-set"), block.one("pfs")
    acl = match["acl"] if match else None
    return Entry(
        name,
        sequence,
        dynamic,
        number,
        tuple(line["peer"] for line in block.find("peer")),
        acl,
        fabric.acls.get(acl, ()) if acl else None,
        _sets(config, sets["names"].split() if sets else []),
        _GROUPS.get(pfs["group"], 0) if pfs else None,
        _lifetime(config, "ios", "seconds", block.one("lifetime", unit="seconds")),
        _lifetime(config, "ios", "kilobytes", block.one("lifetime", unit="kilobytes")),
    )
