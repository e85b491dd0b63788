# Copyright: The netvpn.dynamic_l2l contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""What configurations, show output and intent add to a log: which device line it is.

A failure that a log can only call refused is made exact where both configurations are at hand; the audit says what one
configuration lacks by itself.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from . import associations, audit, compared
from .asa import parse as asa_parse
from .asa.model import AsaConfig
from .causes import Command
from .compared import Config, View, views
from .diagnosis import Fix, Narrowing, Negotiation
from .errors import CoreError
from .intent import Intent, Tunnel
from .ios import parse as ios_parse
from .negotiation import Sign
from .prefixes import Prefix
from .sa import Associations
from .steps import Finding

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
        "isakmp-not-enabled", "not-protected", "never-initiates", "peers", "policies", "key-missing", "tunnel-group-missing", "keys",
        "transforms", "lists", "pfs",
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
    "keys": "their keys, as far as these can be compared,",
    "transforms": "their transform sets",
    "pfs": "PFS",
    "lists": "their access lists",
    "peers": "the peer's address",
}

#: Failures that are told by a comparison; where it finds nothing that is worth telling.
_COMPARED = frozenset(
    ("key-differs", "ike-policy-differs", "transform-set-differs", "pfs-differs", "crypto-acl-not-mirrored")
)


@dataclass
class Knowledge:
    """What is known beside the logs."""

    configs: dict[str, Config] = field(default_factory=dict)
    platforms: dict[str, str] = field(default_factory=dict)
    shows: dict[str, Associations] = field(default_factory=dict)
    intent: Intent | None = None
    unused: tuple[str, ...] = ()
    #: ends whose log is at hand and holds no negotiation
    quiet: tuple[str, ...] = ()
    _findings: dict[str, tuple[Finding, ...]] = field(default_factory=dict)

    @property
    def pair(self) -> bool:
        """Whether more than one end is known."""
        return len(self.platforms) > 1

    def platform_of(self, end: str) -> str:
        """asa, ios, or empty."""
        return self.platforms.get(end, "")

    def ends_of(self, platform: str) -> tuple[str, ...]:
        """The ends of a platform."""
        return tuple(end for end, word in self.platforms.items() if word == platform)

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
            elif found := self._unreachable(end) if what == "unreachable" else self._by_audit(what, end):
                return found
        if agreeing and pair and code in _COMPARED:
            hidden = "; a masked or encrypted key cannot be compared" if code == "key-differs" and _hidden(pair) else ""
            return Narrowing(
                f"the configurations of {pair[0].end} and {pair[1].end} agree in {' and '.join(agreeing)} now{hidden}: they "
                "were changed after the log, or one of the other causes holds"
            )
        return None

    def _pair(self, end: str, peer: str, negotiations: Sequence[Negotiation]) -> tuple[View, View] | None:
        """The initiator's and the responder's part of the tunnel."""
        others = [name for name in self.configs if name != end]
        if end not in self.configs or not others:
            return None
        role = next((one.role for one in negotiations if one.role), "")
        if not role and self.intent:
            role = "initiator" if self.intent.of_initiator(end) else "responder"
        role = role or ("initiator" if isinstance(self.configs[end], AsaConfig) else "responder")
        mine, its = self._addresses(end, negotiations), [peer] if peer else []
        other = self._other(end, others)
        here = next(iter(views(end, self.configs[end], its or self._addresses(other, ()))), None)
        there = next(iter(views(other, self.configs[other], mine)), None)
        if here is None or there is None:
            return None
        return (here, there) if role == "initiator" else (there, here)

    def _other(self, end: str, others: Sequence[str]) -> str:
        """The end that shares a tunnel, where the intent tells; else the only other one."""
        for tunnel in self.tunnels(end):
            partner = tunnel.responder.host if tunnel.initiator == end else tunnel.initiator
            if partner in others:
                return partner
        return others[0]

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
        wanted = next((tunnel.responder.suite for tunnel in self.tunnels(pair[0].end)), None)
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
        for tunnel in self.tunnels(end):
            for name in (tunnel.initiator, tunnel.responder.host):
                if name not in self.configs:
                    continue
                calls = [tunnel.responder.address] if name == tunnel.initiator else [peer] if name == end else []
                for view in views(name, self.configs[name], calls):
                    if view.key and view.key.same_as(tunnel.responder.pre_shared_key) is False:
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
            for tunnel in self.tunnels(end)
            if other in (tunnel.initiator, tunnel.responder.host)
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
                self.unused = (*self.unused, f"the configuration of {end} was not audited: {error}")
                found = ()
            self._findings[end] = found
        return self._findings[end]

    def _by_audit(self, code: str, end: str) -> Narrowing | None:
        # The end that says so first, then the other.
        for name in sorted(self.configs, key=lambda other: other != end):
            for finding in self.findings(name):
                if finding.code == code:
                    return self._told(name, finding)
        return None

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

    def _unreachable(self, end: str) -> Narrowing | None:
        """Why nobody answers: what the other end's configuration lacks."""
        for code in ("isakmp-not-enabled", "map-not-bound"):
            for name in (name for name in self.configs if name != end):
                for finding in self.findings(name):
                    if finding.code == code:
                        return self._told(name, finding)
        for name in self.quiet:
            if name != end:
                return Narrowing(
                    f"the log of {name} holds no message of it: nothing arrives there, or {name} did not log then"
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
