# Copyright: The netvpn.dynamic_l2l contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""What configurations, show output and intent add to a log: which device line it is.

A failure that a log can only call refused is made exact where both configurations are at hand; the audit says what one
configuration lacks by itself.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from .. import audit
from ..asa import parse as asa_parse
from ..asa.model import AsaConfig
from ..associations import reading as associations
from ..associations.sa import Associations
from ..errors import CoreError
from ..intent import Intent, Tunnel
from ..ios import parse as ios_parse
from ..prefixes import Prefix
from ..steps import Finding
from . import compared
from .causes import Command
from .compared import Config, View, views
from .negotiation import Sign
from .result import Fix, Narrowing, Negotiation

#: failure → what is looked at, in this order: comparisons of both ends, or findings of an audit by code.
_LOOK: dict[str, tuple[str, ...]] = {
    "key-differs": ("keys",),
    "auth-failed": ("keys",),
    "auth-unanswered": ("keys",),
    "key-missing": ("key-missing", "tunnel-group-missing"),
    "tunnel-group-missing": ("tunnel-group-missing", "key-missing", "identity-not-address"),
    "ike-policy-differs": ("policies", "key-missing", "tunnel-group-missing"),
    "weak-suite-barred": (),
    "peer-unreachable": ("peers", "unreachable"),
    "answer-lost": (),
    "phase-1-refused": ("policies", "key-missing", "tunnel-group-missing", "keys", "map-not-bound", "isakmp-not-enabled"),
    "negotiation-timed-out": ("policies", "key-missing", "tunnel-group-missing", "keys"),
    "message-malformed": ("policies", "keys"),
    "identity-not-accepted": ("identity-not-address",),
    "peer-wrong": ("peers",),
    "ike-off": ("map-not-bound", "isakmp-not-enabled"),
    "map-not-bound": ("map-not-bound",),
    "transform-set-differs": ("transforms", "pfs"),
    "pfs-differs": ("pfs", "transforms"),
    "crypto-acl-not-mirrored": ("lists", "dynamic-entry-before-static", "exemption-missing", "exemption-shadowed"),
    "phase-2-refused": ("transforms", "lists", "pfs", "dynamic-entry-before-static", "map-not-bound"),
    "quick-mode-unanswered": ("transforms", "lists", "pfs"),
    "no-interesting-traffic": (
        "exemption-missing", "exemption-shadowed", "static-nat-shadows-exemption", "no-crypto-entry", "map-not-bound",
        "isakmp-not-enabled", "peers", "policies", "key-missing", "tunnel-group-missing", "keys", "transforms", "lists", "pfs",
        "not-protected", "never-initiates",
    ),
    "stale-sa": ("no-dpd-on-responder",),
    "peer-lost": (),
    "packet-in-clear": ("map-not-bound", "no-crypto-entry", "exemption-missing", "clear-without-sa", "not-protected", "lists"),
    "return-route-missing": ("exemption-missing", "exemption-shadowed", "static-nat-shadows-exemption", "not-protected"),
}  # fmt: skip

#: Findings that are failures of their own.
_AS_CAUSE = {
    "key-missing": "key-missing",
    "tunnel-group-missing": "tunnel-group-missing",
    "map-not-bound": "map-not-bound",
    "isakmp-not-enabled": "ike-off",
}

#: What both ends agree in, where nothing differs.
_PARTS = {
    "policies": "their IKE policies",
    "keys": "their keys",
    "transforms": "their transform sets",
    "pfs": "PFS",
    "lists": "their access lists",
    "peers": "the peer's address",
}

#: Failures that are told by a comparison; where it finds nothing that is worth telling.
_COMPARED = frozenset(
    ("key-differs", "ike-policy-differs", "transform-set-differs", "pfs-differs", "crypto-acl-not-mirrored")
)


#: Findings by which packets of a tunnel's networks do not get into it, although it is up.
_OUTSIDE = frozenset(
    ("exemption-missing", "exemption-shadowed", "static-nat-shadows-exemption", "not-protected", "no-crypto-entry")
)

#: How a finding of a tunnel of the intent begins.
_TUNNEL = re.compile(r"tunnel ([^\s:]+): ")


@dataclass
class Knowledge:
    """What is known beside the logs."""

    configs: dict[str, Config] = field(default_factory=dict)
    platforms: dict[str, str] = field(default_factory=dict)
    shows: dict[str, Associations] = field(default_factory=dict)
    intent: Intent | None = None
    unused: tuple[str, ...] = ()
    #: end → whether its keys are those of the intent, as the end itself was asked
    keys: dict[str, bool] = field(default_factory=dict)
    #: ends whose log is at hand and holds no negotiation
    quiet: tuple[str, ...] = ()
    #: the ends' own addresses, and those that they call or are called by, as far as anything tells
    own: dict[str, set[str]] = field(default_factory=dict)
    calls: dict[str, set[str]] = field(default_factory=dict)
    _findings: dict[str, tuple[Finding, ...]] = field(default_factory=dict)
    _partners: dict[tuple[str, str], tuple[str, ...]] = field(default_factory=dict)

    def platform_of(self, end: str) -> str:
        """asa, ios, or empty."""
        return self.platforms.get(end, "")

    def has_release(self, end: str, command: Command) -> bool:
        """Whether a command is of the end's release, where that is known."""
        config = self.configs.get(end)
        if config is None or not command.releases:
            return True
        # Configurations of later releases are not read (asa/dialect.py).
        return not command.releases.startswith("8.4")

    def peer_at(self, end: str, negotiations: Iterable[Negotiation]) -> str:
        """Whom an end calls or is called by, where there is one only."""
        peers = {one.peer for one in negotiations if one.end == end and one.peer}
        config = self.configs.get(end)
        if not peers and isinstance(config, AsaConfig):
            peers = {peer for entry in config.entries.values() for peer in entry.peers}
        return next(iter(peers)) if len(peers) == 1 else ""

    def tunnel_of(self, one: Negotiation) -> str:
        """The tunnel of the intent whose networks were negotiated; never found by the peer's address."""
        proxies = (str(one.agreed["local_proxy"]), str(one.agreed["remote_proxy"]))
        if self.intent is None or not all(proxies):
            return ""
        for tunnel in self.intent.tunnels:
            pairs = tunnel.pairs if tunnel.initiator == one.end else [(b, a) for a, b in tunnel.pairs]
            if one.end in (tunnel.initiator, tunnel.responder.host) and any(
                all(proxies[side] in (str(pair[side]), pair[side].address) for side in (0, 1)) for pair in pairs
            ):
                return tunnel.name
        return ""

    def tunnels(self, end: str) -> tuple[Tunnel, ...]:
        """The present tunnels of the intent that an end has a part in."""
        if self.intent is None:
            return ()
        found = (*self.intent.of_initiator(end), *self.intent.of_responder(end))
        return tuple(tunnel for tunnel in found if tunnel.present)

    # --- who is whose other end --------------------------------------------------------------------------------------

    def meet(self, negotiations: Iterable[Negotiation]) -> None:
        """Take the addresses that logs, configurations, show output and intent tell."""
        for end in self.platforms:
            own, calls = self.own.setdefault(end, set()), self.calls.setdefault(end, set())
            config, shown = self.configs.get(end), self.shows.get(end)
            if config is not None:
                own |= {address for view in views(end, config, ()) for address in view.addresses}
                calls |= {peer for view in views(end, config, ()) for peer in view.peers}
            if shown is not None:
                own |= {*(sa.local for sa in shown.ike), *(sa.local_address for sa in shown.ipsec)}
                calls |= {*(sa.peer for sa in shown.ike), *(sa.peer for sa in shown.ipsec)}
            if self.intent and (responder := self.intent.responder(end)):
                own.add(responder.address)
        for one in negotiations:
            self.own[one.end].add(one.local)
            self.calls[one.end].add(one.peer)
        for found in (*self.own.values(), *self.calls.values()):
            found.discard("")
        self._partners.clear()

    def partners(self, end: str, peer: str = "") -> tuple[str, ...]:
        """The ends that can be the other end of ``end``, with ``peer`` as its address: of two ends the other one.

        Of more the intent tells, or the addresses. Several are left where nothing tells them apart.
        """
        key = (end, peer)
        if key not in self._partners:
            self._partners[key] = self._find_partners(end, peer)
        return self._partners[key]

    def _find_partners(self, end: str, peer: str) -> tuple[str, ...]:
        others = [other for other in self.platforms if other != end]
        if len(others) < 2:
            return tuple(others)
        if self.tunnels(end):
            others = [other for other in others if self.shared(end, other)]
        else:
            others = [
                other for other in others if self.own[other] & self.calls[end] or self.own[end] & self.calls[other]
            ]
        if len(others) > 1 and peer:
            # Who has another address is not it, unless nobody's is known.
            others = [other for other in others if peer in self.own[other]] or [
                other for other in others if not self.own[other]
            ]
        return tuple(others)

    def partner(self, end: str, peer: str = "") -> str:
        """The other end, where only one can be it."""
        found = self.partners(end, peer)
        return found[0] if len(found) == 1 else ""

    def of_each_other(self, one: tuple[str, str], two: tuple[str, str]) -> bool:
        """Whether two ``(end, peer)`` are the two sides of one thing, as far as is known."""
        if two[0] not in self.partners(*one) or one[0] not in self.partners(*two):
            return False
        sides = ((one, two), (two, one))
        if any(here[1] and self.own[there[0]] and here[1] not in self.own[there[0]] for here, there in sides):
            return False
        return all(self.partner(*side) or side[1] in self.own[other[0]] for side, other in sides)

    def shared(self, one: str, two: str) -> tuple[Tunnel, ...]:
        """The tunnels between two ends."""
        return tuple(tunnel for tunnel in self.tunnels(one) if two in (tunnel.initiator, tunnel.responder.host))

    # --- narrowing ---------------------------------------------------------------------------------------------------

    def narrow(
        self, code: str, end: str, peer: str, negotiations: Sequence[Negotiation], signs: Sequence[Sign]
    ) -> Narrowing | None:
        """Which lines it is; None where nothing at hand tells."""
        pair = self._pair(end, peer, negotiations)
        proxies = self._proxies(end, negotiations, signs, pair)
        agreeing = []
        for what in _LOOK.get(code, ()):
            if what == "keys" and (found := self._not_the_intents_key(end, peer)):
                return found
            if what in _PARTS:
                if pair is None:
                    continue
                found = self._compare(what, pair, proxies)
                if found:
                    return found
                agreeing.append(_PARTS[what])
            elif found := self._unreachable(end, peer) if what == "unreachable" else self._by_audit(what, end, peer):
                return found
        if not agreeing or pair is None or code not in _COMPARED:
            return None
        names = f"{pair[0].end} and {pair[1].end}"
        if code == "key-differs" and _hidden(pair):
            self.tell(f"the pre-shared keys of {names} were not compared: a masked or encrypted one cannot be")
            return None
        return Narrowing(
            f"the configurations of {names} agree in {' and '.join(agreeing)} now: they were changed after the log, or one of "
            "the other causes holds"
        )

    def tell(self, text: str) -> None:
        """Something of the input could not be used."""
        if text not in self.unused:
            self.unused = (*self.unused, text)

    def _pair(self, end: str, peer: str, negotiations: Sequence[Negotiation]) -> tuple[View, View] | None:
        """The initiator's and the responder's part of the tunnel."""
        other = self.partner(end, peer)
        if end not in self.configs or other not in self.configs:
            return None
        role = next((one.role for one in negotiations if one.role), "")
        if not role and self.intent:
            role = "initiator" if self.intent.of_initiator(end) else "responder"
        role = role or ("initiator" if isinstance(self.configs[end], AsaConfig) else "responder")
        mine, its = self._addresses(end, negotiations), [peer] if peer else []
        here = next(iter(views(end, self.configs[end], its or self._addresses(other, ()))), None)
        there = next(iter(views(other, self.configs[other], mine)), None)
        if here is None or there is None:
            return None
        return (here, there) if role == "initiator" else (there, here)

    def _addresses(self, end: str, negotiations: Iterable[Negotiation]) -> list[str]:
        found = [one.local for one in negotiations if one.end == end and one.local]
        if self.intent and (responder := self.intent.responder(end)):
            found.append(responder.address)
        return list(dict.fromkeys(found))

    @staticmethod
    def _proxies(
        end: str, negotiations: Sequence[Negotiation], signs: Sequence[Sign], pair: tuple[View, View] | None
    ) -> tuple[str, str]:
        """What was proposed, as the initiator sees it."""
        for sign in signs:
            if "local_proxy" in sign.values and "remote_proxy" in sign.values:
                local, remote = sign.values["local_proxy"], sign.values["remote_proxy"]
                return (local, remote) if pair and pair[0].end == sign.place.end else (remote, local)
        for one in negotiations:
            local, remote = str(one.agreed["local_proxy"]), str(one.agreed["remote_proxy"])
            if local and remote:
                return (local, remote) if pair and pair[0].end == one.end else (remote, local)
        return "", ""

    def _compare(self, what: str, pair: tuple[View, View], proxies: tuple[str, str]) -> Narrowing | None:
        if what == "lists":
            pairs = self._pairs(pair[0].end, pair[1].end)
            return compared.lists_differ(*pair, proxies, pairs) or compared.lists_differ(*pair, wanted=pairs)
        wanted = next((tunnel.responder.suite for tunnel in self.shared(pair[0].end, pair[1].end)), None)
        if what == "policies":
            return compared.policies_differ(*pair, wanted)
        if what == "transforms":
            return compared.transforms_differ(*pair, wanted)
        comparisons: dict[str, Callable[[View, View], Narrowing | None]] = {
            "peers": compared.peers_differ,
            "keys": compared.keys_differ,
            "pfs": compared.pfs_differs,
        }
        return comparisons[what](*pair)

    def _not_the_intents_key(self, end: str, peer: str) -> Narrowing | None:
        """Which end's key is not the intent's, where the intent has one that may be compared."""
        at_fault: dict[str, str] = {}
        other = self.partner(end, peer)
        for tunnel in self.shared(end, other) if other else self.tunnels(end):
            for name in (tunnel.initiator, tunnel.responder.host):
                if name not in self.configs or name not in (end, other):
                    continue
                for view in _key_views(name, self.configs[name], tunnel, peer if name == end else ""):
                    same = view.key.same_as(tunnel.responder.pre_shared_key) if view.key else None
                    if same is False or (same is None and self.keys.get(name) is False):
                        at_fault[name] = view.key_line
        if not at_fault:
            return None
        return Narrowing(
            f"the pre-shared key of {' and '.join(at_fault)} is not the one of the intent",
            "key-differs",
            tuple(at_fault.items()),
        )

    def _pairs(self, end: str, other: str) -> list[tuple[Prefix, Prefix]]:
        """The networks that the intent joins between two ends, as the first one sees them."""
        return [
            (local, remote) if tunnel.initiator == end else (remote, local)
            for tunnel in self.shared(end, other)
            for local, remote in tunnel.pairs
        ]

    # --- one configuration alone -------------------------------------------------------------------------------------

    def findings(self, end: str) -> tuple[Finding, ...]:
        """What the audit says of an end's configuration."""
        if end not in self._findings:
            config = self.configs[end]
            try:
                found = audit.audit(config, None, end)
                if self.tunnels(end):
                    intended = [one for one in audit.audit(config, self.intent, end) if not _routeless(config, one)]
                    codes = {one.code for one in intended}
                    # What is wrong with the lines as they are counts, too: a way that is missing, for one.
                    found = (*intended, *(one for one in found if one.code not in codes))
            except CoreError as error:
                self.tell(f"the configuration of {end} was not audited: {error}")
                found = ()
            self._findings[end] = found
        return self._findings[end]

    def _by_audit(self, code: str, end: str, peer: str) -> Narrowing | None:
        # The end that says so first, then the other.
        for name in (end, self.partner(end, peer)):
            for finding in self._concerning(name, end, peer):
                if finding.code == code:
                    return self._told(name, finding)
        return None

    def outside(self, end: str, peer: str) -> bool:
        """Whether the audit says that packets of a tunnel are translated, or do not get to its crypto map."""
        return any(finding.code in _OUTSIDE for finding in self._concerning(end, end, peer))

    def _concerning(self, name: str, end: str, peer: str) -> Iterator[Finding]:
        """The findings of an end that are not of a tunnel with somebody else."""
        if name not in self.configs:
            return
        other = self.partner(end, peer)
        named = {tunnel.name for tunnel in (self.shared(end, other) if other else self.tunnels(end))}
        for finding in self.findings(name):
            of = _TUNNEL.match(finding.message)
            if of is None or of[1] in named:
                yield finding

    def _told(self, end: str, finding: Finding) -> Narrowing:
        platform = self.platforms.get(end, "")
        packet = finding.packet
        example = f" (for example {packet.protocol} from {packet.source} to {packet.destination})" if packet else ""
        return Narrowing(
            f"{end}: {finding.message}{example}",
            _AS_CAUSE.get(finding.code, ""),
            tuple((end, line) for line in finding.lines),
            tuple(Fix(end, platform, command) for command in finding.commands),
        )

    def _unreachable(self, end: str, peer: str) -> Narrowing | None:
        """Why nobody answers: what the other end's configuration lacks, or that nothing gets there."""
        other = self.partner(end, peer)
        for code in ("isakmp-not-enabled", "map-not-bound"):
            for finding in self._concerning(other, end, peer):
                if finding.code == code:
                    return self._told(other, finding)
        if other in self.quiet:
            return Narrowing(
                f"the log of {other} holds no message of it: nothing arrives there, or {other} did not log then"
            )
        return None


def _routeless(config: Config, finding: Finding) -> bool:
    """A map that is bound, and called unbound since no route tells towards which interface it had to be."""
    return (
        finding.code == "map-not-bound"
        and not finding.commands
        and isinstance(config, AsaConfig)
        and bool(config.bindings)
    )


def _hidden(pair: tuple[View, View]) -> bool:
    return any(view.key is not None and not view.key.known for view in pair)


def _key_views(end: str, config: Config, tunnel: Tunnel, peer: str) -> Iterable[View]:
    calls = [tunnel.responder.address] if end == tunnel.initiator else [peer] if peer else []
    return views(end, config, calls)


def has_the_intents_key(end: str, config: Config, tunnels: Iterable[Tunnel]) -> bool | None:
    """Whether the keys of a configuration are those of the intent; None where a device hides what would tell."""
    told = [
        view.key.same_as(tunnel.responder.pre_shared_key)
        for tunnel in tunnels
        for view in _key_views(end, config, tunnel, "")
        if view.key
    ]
    return False if False in told else None if None in told or not told else True


def learn(
    given: Mapping[str, tuple[str, str, Associations | None]], platforms: Mapping[str, str], intent: Intent | None
) -> Knowledge:
    """Read what is given beside the logs; what cannot be read is told, never an error."""
    knowledge = Knowledge(platforms=dict(platforms), intent=intent)
    unused = []
    for end, (running_config, access_lists, shown) in given.items():
        if shown is not None:
            knowledge.shows[end] = associations.named(shown, intent, end) if intent else shown
        if not running_config:
            continue
        platform = knowledge.platforms[end] or _platform_of(running_config)
        knowledge.platforms[end] = platform
        try:
            knowledge.configs[end] = (
                asa_parse.parse(running_config) if platform == "asa" else ios_parse.parse(running_config, access_lists)
            )
        except CoreError as error:
            unused.append(f"the configuration of {end} was not used: {error}")
    knowledge.unused = tuple(unused)
    return knowledge


def _platform_of(running_config: str) -> str:
    head = running_config[:2000]
    return "asa" if "PIX Version" in head or "ASA Version" in head else "ios"
