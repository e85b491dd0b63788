# Copyright: The netvpn.dynamic_l2l contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""The intent: which networks of which initiators are joined to which responders, and how.

Written once for both ends. :func:`parse_intent` turns the users' ``l2l_responders`` and ``l2l_tunnels``
into frozen values and refuses, by itself and without any device, all that cannot be meant.
"""

from __future__ import annotations

import re
from bisect import bisect_left
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from .algorithms import (
    ENCRYPTIONS,
    GROUPS,
    HASHES,
    SUITES,
    IkeProposal,
    Suite,
    Transform,
    require_group_strength,
    require_strength,
)
from .errors import InputError
from .prefixes import Prefix, Region, dotted, parse_address
from .secret import Secret

#: A pre-shared key as both platforms take it: printable, no blank (it would end the word), no ``?`` (it starts
#: the help), at most 128 characters (ASA guides, tunnel-group; IOS takes as many).
_KEY = re.compile(r"[!->@-~]+")
KEY_LIMIT = 128

#: A tunnel's name goes into names of device objects: a letter, then letters, digits, ``_ . -``.
_NAME = re.compile(r"[A-Za-z][A-Za-z0-9_.-]*")
NAME_LIMIT = 40

#: A host is an inventory name: it goes into messages and names of files, never into a line.
_HOST = re.compile(r"[^\s/]([^/]{0,253}[^\s/])?")

#: ``nameif`` of a PIX/ASA (48 characters), ``GigabitEthernet0/0/1.100`` of a router.
_INTERFACE = re.compile(r"[A-Za-z0-9][A-Za-z0-9_./:-]{0,63}")

_RESPONDER_KEYS = frozenset(
    "host address networks suite ike ipsec pre_shared_key match_address allow_weak_crypto dpd pfs lifetimes".split()
)
#: What a tunnel may accept of a plan that does not keep the rule; see :mod:`.prove`.
CLEAR_WHILE_CHANGING, OTHERS_INTERRUPTED, OTHERS_CHANGED, NOT_MODELLED = ACCEPT = (
    "clear-while-changing",
    "others-interrupted",
    "others-changed",
    "not-modelled",
)

_TUNNEL_KEYS = frozenset("name initiator responder networks responder_networks state pre_shared_key accept".split())


@dataclass(frozen=True)
class Network:
    """A network behind one of the devices; ``interface`` is its name on the device, None to find it by the routes."""

    prefix: Prefix
    interface: str | None = None

    def __str__(self) -> str:
        return str(self.prefix)


@dataclass(frozen=True)
class DeadPeerDetection:
    """IKE keepalives: probe after ``interval`` seconds without traffic, again after ``retry`` seconds."""

    interval: int
    retry: int


@dataclass(frozen=True)
class Responder:
    """A router with a static address, and what both ends of all its tunnels must agree on.

    ``address`` is how the initiators see it. ``pfs`` is a Diffie-Hellman group. ``ipsec_seconds`` and
    ``ipsec_kilobytes`` are SA lifetimes. None means: not managed.
    """

    host: str
    address: str
    networks: tuple[Network, ...]
    suite: Suite
    pre_shared_key: Secret
    match_address: bool = True
    allow_weak_crypto: str = "legacy"
    dpd: DeadPeerDetection | None = None
    pfs: int | None = None
    ipsec_seconds: int | None = None
    ipsec_kilobytes: int | None = None


@dataclass(frozen=True)
class Tunnel:
    """One initiator's networks joined to one responder's. ``present`` is False for ``state: absent``."""

    name: str
    initiator: str
    responder: Responder
    networks: tuple[Network, ...]
    responder_networks: tuple[Network, ...]
    present: bool = True
    #: what may happen to packets while the tunnel is changed, some of ACCEPT
    accept: frozenset[str] = frozenset()

    @property
    def pairs(self) -> tuple[tuple[Prefix, Prefix], ...]:
        """The proxy identities, as the initiator sees them: ``(local, remote)``, in the order of the intent."""
        return tuple((ours.prefix, theirs.prefix) for ours in self.networks for theirs in self.responder_networks)

    @property
    def region(self) -> Region:
        """All packets from the initiator's networks to the responder's."""
        return Region.pairs((n.prefix for n in self.networks), (n.prefix for n in self.responder_networks))


@dataclass(frozen=True)
class Intent:
    """All responders and all tunnels, in the order in which they were written."""

    responders: tuple[Responder, ...] = ()
    tunnels: tuple[Tunnel, ...] = ()

    def of_initiator(self, host: str) -> tuple[Tunnel, ...]:
        """The tunnels that ``host`` initiates."""
        return tuple(tunnel for tunnel in self.tunnels if tunnel.initiator == host)

    def of_responder(self, host: str) -> tuple[Tunnel, ...]:
        """The tunnels that ``host`` responds to."""
        return tuple(tunnel for tunnel in self.tunnels if tunnel.responder.host == host)

    def responder(self, host: str) -> Responder | None:
        """The responder of that inventory name."""
        return next((responder for responder in self.responders if responder.host == host), None)


def interface_name(value: object, option: str) -> str:
    """``value`` as the name of an interface; raises InputError for what no device would take in a line."""
    text = scalar(value)
    if text is None or not _INTERFACE.fullmatch(text):
        raise InputError(option, shown(value), "no interface has such a name", "Give its name as the device shows it")
    return text


def scalar(value: object) -> str | None:
    """``value`` as one text: strings, numbers, dates (YAML makes them), vaulted strings. None for everything else."""
    if value is None or isinstance(value, (bool, Mapping, list, tuple, set, frozenset, bytes, bytearray)):
        return None
    if isinstance(value, int) and value.bit_length() > 128:
        return None
    return str(value)


def whole_number(value: object, low: int, high: int) -> int | None:
    """``value`` as a whole number between the bounds, written in ASCII digits; None when it is none."""
    text = scalar(value)
    if text is None or not re.fullmatch(r"[0-9]{1,10}", text) or not low <= int(text) <= high:
        return None
    return int(text)


def shown(value: object) -> object:
    """``value`` for a message: of what is no single text only its type, for a key may be in it."""
    return value if value is None or isinstance(value, bool) or scalar(value) is not None else type(value).__name__


def refuse_choice(option: str, value: object, choices: Sequence[Any]) -> InputError:
    """The error for a value that is not one of ``choices``."""
    return InputError(
        option, shown(value), "this is not one of the choices", f"Choose one of {', '.join(map(str, choices))}"
    )


@dataclass
class _Reader:
    """Reads one mapping of the users' data and names the option in each error."""

    data: Mapping[str, Any]
    path: str
    known: frozenset[str] = field(default_factory=frozenset)

    def __post_init__(self) -> None:
        if not isinstance(self.data, Mapping):
            raise InputError(
                self.path,
                type(self.data).__name__,
                "a mapping is expected here",
                "See the example in the role's documentation",
            )
        if unknown := sorted(str(key) for key in set(self.data) - self.known):
            raise InputError(
                f"{self.path}.{unknown[0][:40]}",
                None,
                "there is no such option",
                f"Known are: {', '.join(sorted(self.known))}",
            )

    def text(self, key: str) -> str:
        value = self.data.get(key)
        text = scalar(value)
        if value is None or text == "":
            raise InputError(f"{self.path}.{key}", None, "it is missing", f"Give {key}")
        if text is None:
            raise InputError(
                f"{self.path}.{key}", shown(value), "a text is expected here", "Put it in quotes, as one word"
            )
        return text

    def host(self, key: str) -> str:
        text = self.text(key)
        if not (_HOST.fullmatch(text) and text.isprintable()):
            raise InputError(
                f"{self.path}.{key}",
                text,
                "no host of an inventory has such a name",
                "Give the inventory name: up to 255 printable characters, without '/' and without blanks around it",
            )
        return text

    def part(self, key: str, known: str) -> _Reader:
        """A mapping inside; an empty one when it is not given."""
        value = self.data.get(key)
        return _Reader({} if value is None else value, f"{self.path}.{key}", frozenset(known.split()))

    def integer(self, key: str, low: int, high: int, unit: str) -> int | None:
        value = self.data.get(key)
        if value is None:
            return None
        number = whole_number(value, low, high)
        if number is None:
            raise InputError(
                f"{self.path}.{key}",
                shown(value),
                "out of range",
                f"Give a whole number from {low} to {high} ({unit})",
            )
        return number

    def choice(self, key: str, choices: Sequence[Any], default: Any = None) -> Any:
        value = self.data.get(key)
        if value is None:
            return default
        text = scalar(value)
        found = next((choice for choice in choices if str(choice) == text), None)
        if found is None:
            raise refuse_choice(f"{self.path}.{key}", value, choices)
        return found

    def some_of(self, key: str, choices: Sequence[str]) -> frozenset[str]:
        """A list of choices, or one of them alone; empty where there is none."""
        items = self.data.get(key)
        if items is None:
            return frozenset()
        found = []
        for item in items if isinstance(items, (list, tuple)) else [items]:
            text = scalar(item)
            if text is None or text not in choices:
                raise refuse_choice(f"{self.path}.{key}", item, choices)
            found.append(text)
        return frozenset(found)

    def networks(self, key: str) -> tuple[Network, ...]:
        items = self.data.get(key)
        path = f"{self.path}.{key}"
        if isinstance(items, (str, Mapping)) and items:
            items = [items]
        if items is not None and items != "" and not isinstance(items, (list, tuple, Mapping)):
            raise InputError(path, type(items).__name__, "a list is expected here", "Write it as [10.1.1.0/24]")
        if not items:
            raise InputError(path, None, "the list is empty", "Name at least one network, as 10.1.1.0/24")
        found: list[Network] = []
        taken = _Taken()
        for index, item in enumerate(items):
            at = f"{path}[{index}]"
            network = _read_network(item, at)
            if clash := taken.overlapping(network):
                raise InputError(at, network, f"it overlaps {clash[0]} of the same list", "Name each network once")
            taken.add(network)
            found.append(network)
        return tuple(found)

    def key(self, key: str) -> Secret:
        value = self.data.get(key)
        path = f"{self.path}.{key}"
        text = scalar(value)
        if value is None or text == "":
            raise InputError(
                path, None, "it is missing or empty", "Give the key that both ends share, best from a vault"
            )
        # The value is a secret: each message says what is allowed, never what was given.
        if text is None or isinstance(value, (int, float)):
            raise InputError(
                path,
                None,
                "YAML does not read it as a text, so the devices would get something else than what was written",
                "Put it in quotes",
            )
        if len(text) > KEY_LIMIT:
            raise InputError(
                path,
                None,
                f"the key has {len(text)} characters, and the devices take up to {KEY_LIMIT}",
                "Use a shorter key",
            )
        if not _KEY.fullmatch(text):
            raise InputError(
                path,
                None,
                f"the devices cannot take this key: it holds {_unfit(text)}",
                "Use printable ASCII characters without blanks and without '?'",
            )
        if set(text) == {"*"}:
            raise InputError(
                path, None, "it is made of stars only, as devices show a key that they hide", "Give the key itself"
            )
        if text.isdecimal() and len(text) == 1:
            # IOS reads a lone 0 or 6 as the form of the key that follows; which digits others read so is not sourced.
            raise InputError(
                path,
                None,
                "it is a single digit, which devices read as the form of a key that follows",
                "Use a longer key",
            )
        return Secret(text)


def _unfit(key: str) -> str:
    """What of a key the command line cannot take, in words: no piece of the key."""
    kinds = (
        ("a line break or another control character", any(ord(char) < 32 or ord(char) == 127 for char in key)),
        ("a blank, which ends the word", " " in key),
        ("'?', which calls the help", "?" in key),
        ("characters outside ASCII", not key.isascii()),
    )
    return ", ".join(words for words, found in kinds if found)


class _Taken:
    """Networks that do not overlap, each with whose it is; to look one up takes a bisection, for lists may be long."""

    def __init__(self) -> None:
        self._starts: list[int] = []
        self._held: list[tuple[Network, str, int]] = []

    def overlapping(self, network: Network) -> tuple[Network, str, int] | None:
        """What shares an address with ``network``."""
        at = bisect_left(self._starts, network.prefix.network)
        near = self._held[max(at - 1, 0) : at + 1]
        return next((held for held in near if held[0].prefix.overlaps(network.prefix)), None)

    def add(self, network: Network, owner: str = "", index: int = 0) -> None:
        at = bisect_left(self._starts, network.prefix.network)
        self._starts.insert(at, network.prefix.network)
        self._held.insert(at, (network, owner, index))


def _read_network(item: object, at: str) -> Network:
    if isinstance(item, Mapping):
        reader = _Reader(item, at, frozenset({"prefix", "interface"}))
        prefix, option, interface = reader.text("prefix"), f"{at}.prefix", item.get("interface")
    else:
        prefix, option, interface = scalar(item) or "", at, None
        if not prefix:
            raise InputError(at, shown(item), "this is not an IPv4 network", "Write it as 10.1.1.0/24")
    network = Prefix.parse(prefix, option)
    first = network.network >> 24
    if first >= 224 or (network.length >= 8 and first in (0, 127)):
        raise InputError(option, network, "no host can have an address of this network", "Name a network of hosts")
    return Network(network, None if interface is None else interface_name(interface, f"{at}.interface"))


def _read_suite(reader: _Reader) -> Suite:
    name = reader.data.get("suite")
    full = {key: reader.data.get(key) for key in ("ike", "ipsec")}
    if name and any(full.values()):
        raise InputError(
            f"{reader.path}.suite", shown(name), "both a suite and ike/ipsec are given", "Give one or the other"
        )
    if name:
        suite = SUITES.get(scalar(name) or "")
        if suite is None:
            raise InputError(
                f"{reader.path}.suite", shown(name), "there is no such suite", f"Known are: {', '.join(SUITES)}"
            )
        return suite
    if not all(full.values()):
        raise InputError(
            f"{reader.path}.suite",
            None,
            "it is missing",
            f"Name one of {', '.join(SUITES)}, or give ike and ipsec in full",
        )
    ike, ipsec = reader.part("ike", "encryption hash group"), reader.part("ipsec", "encryption hash")
    for part, keys in ((ike, ("encryption", "hash", "group")), (ipsec, ("encryption", "hash"))):
        for key in keys:
            part.text(key)
    return Suite(
        "as given",
        IkeProposal(ike.choice("encryption", ENCRYPTIONS), ike.choice("hash", HASHES), ike.choice("group", GROUPS)),
        Transform(ipsec.choice("encryption", ENCRYPTIONS), ipsec.choice("hash", HASHES)),
    )


def _read_responder(data: Mapping[str, Any], path: str) -> Responder:
    reader = _Reader(data, path, _RESPONDER_KEYS)
    suite = _read_suite(reader)
    allowed = reader.choice("allow_weak_crypto", ("none", "legacy", "broken"), "legacy")
    require_strength(suite, allowed, f"{path}.suite")
    lifetimes = reader.part("lifetimes", "ike_seconds ipsec_seconds ipsec_kilobytes")
    # Ranges that both ends take: IOS 60-86400 (IKE), 120-86400 and 2560-4294967295 (IPsec).
    ike_seconds = lifetimes.integer("ike_seconds", 120, 86400, "seconds")
    dpd = None
    probe = reader.part("dpd", "interval retry")
    if probe.data:
        # IOS: keepalive 10-3600, retry 2-60; PIX/ASA: threshold 10-3600, retry 2-10.
        interval, retry = probe.integer("interval", 10, 3600, "seconds"), probe.integer("retry", 2, 10, "seconds")
        dpd = DeadPeerDetection(interval or 10, retry or 2)
    pfs = reader.choice("pfs", GROUPS)
    if pfs is not None:
        require_group_strength(pfs, allowed, f"{path}.pfs")
    return Responder(
        host=reader.host("host"),
        address=_read_address(reader.text("address"), f"{path}.address"),
        networks=reader.networks("networks"),
        suite=Suite(
            suite.name, IkeProposal(suite.ike.encryption, suite.ike.hash, suite.ike.group, ike_seconds), suite.ipsec
        ),
        pre_shared_key=reader.key("pre_shared_key"),
        match_address=_read_bool(data.get("match_address"), f"{path}.match_address", default=True),
        allow_weak_crypto=allowed,
        dpd=dpd,
        pfs=pfs,
        ipsec_seconds=lifetimes.integer("ipsec_seconds", 120, 86400, "seconds"),
        ipsec_kilobytes=lifetimes.integer("ipsec_kilobytes", 2560, 2147483647, "kilobytes"),
    )


def _read_bool(value: object, path: str, *, default: bool) -> bool:
    if value is None:
        return default
    words = {"true": True, "yes": True, "on": True, "1": True, "false": False, "no": False, "off": False, "0": False}
    found = value if isinstance(value, bool) else words.get((scalar(value) or "").lower())
    if found is None:
        raise InputError(path, shown(value), "this is neither true nor false", "Write true or false")
    return found


def _read_address(text: str, path: str) -> str:
    if ":" in text:
        raise InputError(
            path,
            text,
            "this is an IPv6 address, and no pair of these platforms has IKEv1 tunnels over IPv6",
            "Give the router's IPv4 address, as 192.0.2.1",
        )
    try:
        address = parse_address(text)
    except ValueError:
        raise InputError(
            path, text, "this is not an IPv4 address", "Give the address that the initiators see, as 192.0.2.1"
        ) from None
    if dotted(address) != text:
        raise InputError(
            path,
            text,
            "a number in it begins with 0, which some read as octal",
            f"Write it as {dotted(address)}, if that is what is meant",
        )
    first = address >> 24
    if first in (0, 127) or first >= 224:
        raise InputError(
            path, text, "no peer can have this address", "Give the address that the initiators see, as 192.0.2.1"
        )
    return text


def _read_tunnel(data: Mapping[str, Any], path: str, responders: Mapping[str, Responder]) -> Tunnel:
    reader = _Reader(data, path, _TUNNEL_KEYS)
    name = reader.text("name")
    if len(name) > NAME_LIMIT:
        raise InputError(
            f"{path}.name",
            name,
            f"it has {len(name)} characters, and it goes into names on the device",
            f"Use up to {NAME_LIMIT}",
        )
    if not _NAME.fullmatch(name):
        raise InputError(
            f"{path}.name",
            name,
            "it goes into names on the device, and cannot",
            "Use a letter, then letters, digits and _ . -",
        )
    host = reader.host("responder")
    responder = responders.get(host)
    if responder is None:
        raise InputError(
            f"{path}.responder",
            host,
            "l2l_responders has no such host",
            f"Known are: {', '.join(responders) or 'none'}",
        )
    networks = reader.networks("networks")
    chosen = responder.networks
    if data.get("responder_networks") is not None:
        chosen = reader.networks("responder_networks")
        for network in chosen:
            if not any(own.prefix.contains(network.prefix) for own in responder.networks):
                raise InputError(
                    f"{path}.responder_networks",
                    network,
                    f"it lies outside the networks of {host} ({', '.join(map(str, responder.networks))})",
                    "Name a part of them, or widen the responder's networks",
                )
        # A part lies where the whole does.
        chosen = tuple(
            network if network.interface else Network(network.prefix, _interface_of(network, responder.networks))
            for network in chosen
        )
    for local in networks:
        clash = next((remote for remote in chosen if remote.prefix.overlaps(local.prefix)), None)
        if clash:
            raise InputError(
                f"{path}.networks",
                local,
                f"it overlaps {clash} behind the responder",
                "The two sides must not share addresses",
            )
    for local in networks:
        # Not part of this tunnel, but the hub sends what is for its own network there and not to us.
        clash = next((own for own in responder.networks if own.prefix.overlaps(local.prefix)), None)
        if clash:
            raise InputError(
                f"{path}.networks",
                local,
                f"it overlaps {clash}, another network of {host}: the responder would never send it into the tunnel",
                "The two sides must not share addresses",
            )
    if (
        data.get("pre_shared_key") is not None
        and reader.key("pre_shared_key").same_as(responder.pre_shared_key) is False
    ):
        raise InputError(
            f"{path}.pre_shared_key",
            None,
            f"it differs from the key of {host}: in IKEv1 main mode the responder chooses the key by address, "
            "before it knows who calls",
            "Leave it out; a key per initiator needs IKEv2",
        )
    present = reader.choice("state", ("present", "absent"), "present") == "present"
    return Tunnel(
        name, reader.host("initiator"), responder, networks, chosen, present, reader.some_of("accept", ACCEPT)
    )


def _interface_of(network: Network, wholes: Sequence[Network]) -> str | None:
    return next((whole.interface for whole in wholes if whole.prefix.contains(network.prefix)), None)


def _refuse_doubles(tunnels: Sequence[Tunnel]) -> None:
    """Each name once, and one tunnel for a pair of devices."""
    names: set[str] = set()
    pairs: dict[tuple[str, str], str] = {}
    for index, tunnel in enumerate(tunnels):
        if tunnel.name in names:
            raise InputError(
                f"l2l_tunnels[{index}].name", tunnel.name, "two tunnels have this name", "Give each its own"
            )
        names.add(tunnel.name)
        pair = (tunnel.initiator, tunnel.responder.host)
        if pair in pairs:
            raise InputError(
                f"l2l_tunnels[{index}]",
                tunnel.name,
                f"{tunnel.initiator} and {tunnel.responder.host} have the tunnel {pairs[pair]} already",
                f"Add the networks to {pairs[pair]}",
            )
        pairs[pair] = tunnel.name


def _refuse_overlaps(tunnels: Sequence[Tunnel]) -> None:
    """Networks of all tunnels of one responder, and of one initiator, must not overlap.

    At the responder the initiators' networks must be distinct, at the initiator the responders'; and what is local in
    one tunnel cannot be remote in another. The later one of two tunnels is the one that is refused.
    """
    callers: dict[str, _Taken] = defaultdict(_Taken)
    remotes: dict[str, _Taken] = defaultdict(_Taken)
    for index, tunnel in enumerate(tunnels):
        for taken, key, networks in (
            (callers[tunnel.responder.host], "networks", tunnel.networks),
            (remotes[tunnel.initiator], "responder_networks", tunnel.responder_networks),
        ):
            for network in networks:
                if clash := taken.overlapping(network):
                    raise _overlap(index, key, network, clash[0], clash[1])
                taken.add(network, tunnel.name, index)
    for index, tunnel in enumerate(tunnels):
        for network in tunnel.networks:
            if clash := remotes[tunnel.initiator].overlapping(network):
                remote, name, other = clash
                if other < index:
                    raise _overlap(index, "networks", network, remote, name)
                raise _overlap(other, "responder_networks", remote, network, tunnel.name)


def _overlap(index: int, key: str, one: Network, two: Network, name: str) -> InputError:
    return InputError(
        f"l2l_tunnels[{index}].{key}",
        one,
        f"it overlaps {two} of the tunnel {name}: the device could not tell the two apart",
        "Renumber one side or name smaller networks",
    )


def parse_intent(responders: Sequence[Mapping[str, Any]] | None, tunnels: Sequence[Mapping[str, Any]] | None) -> Intent:
    """Read ``l2l_responders`` and ``l2l_tunnels``. Raises InputError naming option, value and remedy."""
    by_host: dict[str, Responder] = {}
    by_address: dict[str, str] = {}
    given: tuple[tuple[str, object], ...] = (("l2l_responders", responders), ("l2l_tunnels", tunnels))
    for name, items in given:
        if items is not None and not isinstance(items, (list, tuple)):
            raise InputError(name, type(items).__name__, "a list is expected here", "See docs/data-model.md")
    for index, item in enumerate(responders or ()):
        path = f"l2l_responders[{index}]"
        responder = _read_responder(item, path)
        if responder.host in by_host:
            raise InputError(
                f"{path}.host", responder.host, "this host stands twice in the list", "Merge the two entries"
            )
        if responder.address in by_address:
            raise InputError(
                f"{path}.address",
                responder.address,
                f"{by_address[responder.address]} has it already",
                "Give each responder its own address",
            )
        by_address[responder.address] = responder.host
        by_host[responder.host] = responder
    read = tuple(_read_tunnel(item, f"l2l_tunnels[{index}]", by_host) for index, item in enumerate(tunnels or ()))
    for index, tunnel in enumerate(read):
        if tunnel.initiator in by_host:
            raise InputError(
                f"l2l_tunnels[{index}].initiator",
                tunnel.initiator,
                "this host is a responder",
                "An initiator is a PIX/ASA with a dynamic address, a responder an IOS router; name the PIX/ASA here",
            )
    _refuse_doubles(read)
    _refuse_overlaps(read)
    return Intent(tuple(by_host.values()), read)
