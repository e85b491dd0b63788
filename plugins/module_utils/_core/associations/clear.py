# Copyright: The netvpn.dynamic_l2l contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""What is typed to clear which security associations, and what that hits beside them.

IPsec SAs are cleared by their peer where all that it has are meant, which also takes what is renewed meanwhile; else each
by its destination, protocol and SPI: its siblings of the same negotiation go with it (``clear crypto sa`` reference,
IOS 11.3 T to 12.2), and no SA of another tunnel does. IKE SAs belong to a peer
and not to a tunnel; what else hangs on them is named. Nothing here ever clears more than it was asked for: where a
release can only clear the IKE SAs of everybody, that is typed for one peer only while nobody else has any.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from ..errors import InputError
from ..intent import scalar, shown
from ..prefixes import parse_address
from ..steps import Finding
from .sa import Associations, IkeSa, IpsecSa

IKE, IPSEC = KINDS = ("ike", "ipsec")


@dataclass(frozen=True)
class Words:
    """How a band of releases clears SAs, as exec commands.

    ``{peer}``, ``{address}`` (a destination), ``{spi}`` and ``{identifier}`` are filled in. ``ike_one`` is of one IKE
    SA or one peer, ``ike_all`` of all, by version of IKE; a version that is missing cannot be cleared so.
    ``configuring`` stands before an exec command that is typed in configuration mode. ``answers``: the device takes
    negotiations of peers as long as an entry stands, so that SAs whose entry goes are cleared after it has gone.
    """

    ipsec_all: str
    ipsec_peer: str
    ipsec_entry: str
    ike_all: Mapping[int, str]
    ike_one: Mapping[int, str] = field(default_factory=dict)
    configuring: str = ""
    answers: bool = False
    #: ends both phases of one peer, where IKE SAs are cleared of all peers or of none; a release may lack it
    session: str = ""


@dataclass(frozen=True)
class Target:
    """Whose SAs: those of tunnels (by name), of one peer (its address), or all. Exactly one of the three."""

    tunnels: tuple[str, ...] = ()
    peer: str = ""
    everything: bool = False

    @classmethod
    def read(cls, tunnel: object, peer: object, everything: object) -> Target:
        """From a module's ``tunnel`` (a name or several), ``peer`` and ``all``. Raises InputError."""
        if everything is not None and not isinstance(everything, bool):
            raise InputError("all", shown(everything), "this is neither true nor false", "Write true or false")
        items = tunnel if isinstance(tunnel, (list, tuple)) else [] if tunnel is None else [tunnel]
        names = []
        for item in items:
            name = scalar(item)
            if not name:
                raise InputError("tunnel", shown(item), "a tunnel has a name of text", "Give its name in the intent")
            names.append(name)
        address = scalar(peer) or ""
        if peer not in (None, "") and not address:
            raise InputError("peer", shown(peer), "a text is expected here", "Give the peer's address, as 192.0.2.1")
        given = [option for option, value in (("tunnel", names), ("peer", address), ("all", everything)) if value]
        if len(given) != 1:
            raise InputError(
                "tunnel, peer, all",
                None,
                f"{' and '.join(given)} are given together" if given else "nothing says whose associations to clear",
                "Give one of tunnel: NAME, peer: ADDRESS or all: true; all: true interrupts everybody",
            )
        if address:
            try:
                parse_address(address)
            except ValueError:
                raise InputError(
                    "peer", address, "this is not an IPv4 address", "Give the peer's address, as 192.0.2.1"
                ) from None
        return cls(tuple(dict.fromkeys(names)), address, bool(everything))


def kinds(what: object) -> tuple[str, ...]:
    """The kinds of a module's ``what``: all without it. Raises InputError."""
    items = what if isinstance(what, (list, tuple)) else [] if what is None else [what]
    for item in items:
        if item not in KINDS:
            raise InputError("what", shown(item), "this is not one of the choices", f"Choose among {', '.join(KINDS)}")
    if what is not None and not items:
        raise InputError("what", None, "the list is empty", f"Name at least one of {', '.join(KINDS)}")
    return tuple(kind for kind in KINDS if not items or kind in items)


@dataclass(frozen=True)
class Cleared:
    """One command: an exec command, and the SAs that it is meant for.

    ``local`` and ``remote`` are proxy identities, empty where it is not about one pair; ``also`` names what it hits
    beside them.
    """

    command: str
    kind: str
    peer: str = ""
    tunnel: str = ""
    local: str = ""
    remote: str = ""
    also: tuple[str, ...] = ()

    def as_dict(self) -> dict[str, Any]:
        """For a module's return value."""
        return {**vars(self), "also": list(self.also)}


@dataclass(frozen=True)
class Clearance:
    """What is to be typed, in order, for which SAs (``chosen``), and what should be known about it."""

    commands: tuple[Cleared, ...] = ()
    chosen: Associations = Associations()
    findings: tuple[Finding, ...] = ()

    @property
    def also(self) -> list[str]:
        """What is hit beside what was asked for, each once."""
        return list(dict.fromkeys(text for item in self.commands for text in item.also))


def alive(sa: IpsecSa) -> bool:
    """Whether there is anything to clear: IOS shows identities of a bound map also while they have no SA."""
    return bool(sa.inbound or sa.outbound)


def pair_of(sa: IpsecSa) -> tuple[str, str]:
    """The proxy identities for people, as the device sees them: local and remote."""
    return tuple(  # type: ignore[return-value]
        (side.network if not side.protocol else f"{side.network} protocol {side.protocol}") if side else "?"
        for side in (sa.local, sa.remote)
    )


def described(sa: IpsecSa) -> str:
    """``tunnel osaka (10.1.1.0/24 to 10.2.1.0/24)``, without a name what it protects alone."""
    local, remote = pair_of(sa)
    return f"tunnel {sa.tunnel} ({local} to {remote})" if sa.tunnel else f"{local} to {remote}"


def chosen_of(found: Associations, target: Target, what: Collection[str] = KINDS) -> Associations:
    """The SAs of ``found`` that ``target`` means. Those of a tunnel are the ones with its proxy identities.

    ``found`` has its names (:func:`.associations.named`), by which an IKE SA is of the tunnels whose IPsec SAs its peer has.
    """
    ipsec = [sa for sa in found.ipsec if alive(sa)]
    ike = [sa for sa in found.ike if not sa.deleted]
    if target.tunnels:
        wanted = set(target.tunnels)
        ipsec = [sa for sa in ipsec if sa.tunnel in wanted]
        ike = [sa for sa in ike if wanted & set(sa.tunnels)]
    elif target.peer:
        ipsec = [sa for sa in ipsec if sa.peer == target.peer]
        ike = [sa for sa in ike if target.peer in _ends(sa)]
    return Associations(tuple(ike) if IKE in what else (), tuple(ipsec) if IPSEC in what else ())


def _ends(sa: IkeSa) -> set[str]:
    """The peer, or both ends where IOS does not tell which of them is the peer."""
    return {sa.peer} if sa.peer else {sa.dst, sa.src}


def clearance(found: Associations, target: Target, what: Collection[str], words: Words) -> Clearance:
    """How to clear what ``target`` means. ``found`` is all that the device has; its SAs have names where they have any."""
    chosen = chosen_of(found, target, what)
    commands: list[Cleared] = []
    findings: list[Finding] = []
    if chosen.ipsec:
        if target.everything:
            commands.append(Cleared(words.ipsec_all, IPSEC))
        elif target.peer:
            commands.append(Cleared(words.ipsec_peer.format(peer=target.peer), IPSEC, target.peer))
        else:
            commands += entries(found, chosen.ipsec, words)
    if target.everything:
        versions = sorted({sa.version for sa in chosen.ike})
        commands += [Cleared(words.ike_all[version], IKE) for version in versions if version in words.ike_all]
    else:
        commands += _ike(found, chosen, target, words, findings)
    return Clearance(tuple(commands), chosen, tuple(findings))


def entries(found: Associations, chosen: Iterable[IpsecSa], words: Words) -> Iterator[Cleared]:
    """Clear these IPsec SAs and no others: a peer as a whole where all that it has are meant, else each by its SPI.

    Where the device did not show what names an SA its peer is cleared, and what that hits too is told.
    """
    meant: dict[str, list[IpsecSa]] = {}
    for sa in chosen:
        meant.setdefault(sa.peer, []).append(sa)
    others: dict[str, list[IpsecSa]] = {}
    for sa in found.ipsec:
        if alive(sa) and not any(sa is one for one in meant.get(sa.peer, ())):
            others.setdefault(sa.peer, []).append(sa)
    for peer, sas in meant.items():
        single = [list(_by_spi(sa, words)) for sa in sas]
        if peer and (peer not in others or not all(single)):
            yield replace(
                _about(words.ipsec_peer.format(peer=peer), sas), also=tuple(map(described, others.get(peer, ())))
            )
        else:
            yield from (item for items in single for item in items)


def _by_spi(sa: IpsecSa, words: Words) -> Iterator[Cleared]:
    """One SPI of each negotiation. Inbound SAs are named by our own address, outbound ones by the peer's."""
    address, spis = (sa.local_address, sa.inbound) if sa.local_address and sa.inbound else (sa.peer, sa.outbound)
    if address:
        yield from (_about(words.ipsec_entry.format(address=address, spi=spi.spi), [sa]) for spi in spis)


def _about(command: str, sas: Sequence[IpsecSa]) -> Cleared:
    names = {sa.tunnel for sa in sas}
    local, remote = (", ".join(dict.fromkeys(pair_of(sa)[side] for sa in sas)) for side in (0, 1))
    return Cleared(command, IPSEC, sas[0].peer, names.pop() if len(names) == 1 else "", local, remote)


def _ike(
    found: Associations, chosen: Associations, target: Target, words: Words, findings: list[Finding]
) -> Iterator[Cleared]:
    peers = {target.peer} if target.peer else {sa.peer for sa in chosen.ike}
    others: dict[str, list[IpsecSa]] = {}
    for other in found.ipsec if target.tunnels else ():
        if alive(other) and other.tunnel not in target.tunnels:
            others.setdefault(other.peer, []).append(other)
    typed: set[str] = set()
    for sa in chosen.ike:
        peer = target.peer or sa.peer
        also = tuple(map(described, others.get(peer, ())))
        command = one_ike(sa, peer, words)
        if not command and sa.version in words.ike_all:
            strangers = sorted({other.peer for other in found.ike if not other.deleted and not _ends(other) & peers})
            if not strangers:
                command = words.ike_all[sa.version]
            elif words.session and peer:
                command = words.session.format(peer=peer)
                also = tuple(described(other) for other in found.ipsec if _ends_too(other, peer, chosen))
            else:
                findings.append(_only_all(words.ike_all[sa.version], peer, strangers))
        if command and command not in typed:
            typed.add(command)
            yield Cleared(command, IKE, peer, sa.tunnels[0] if len(sa.tunnels) == 1 else "", also=also)


def _ends_too(sa: IpsecSa, peer: str, chosen: Associations) -> bool:
    """Whether the end of a peer's session ends ``sa``, which was not asked for."""
    return alive(sa) and sa.peer == peer and not any(sa is one for one in chosen.ipsec)


def one_ike(sa: IkeSa, peer: str, words: Words) -> str:
    """The command that clears this IKE SA, or all of its peer's, and nothing else; empty where there is none."""
    form = words.ike_one.get(sa.version, "")
    if "{identifier}" in form and not (sa.identifier.isdecimal() and int(sa.identifier)):
        return ""
    return form.format(identifier=sa.identifier, peer=peer) if peer or "{peer}" not in form else ""


def _only_all(command: str, peer: str, others: Sequence[str]) -> Finding:
    more = f" and {len(others) - 3} more" if len(others) > 3 else ""
    return Finding(
        "ike-not-cleared",
        "note",
        f"the IKE SA with {peer} stays: this release clears those of all peers with '{command}' and of no single one, and "
        f"{', '.join(others[:3])}{more} would lose theirs. Its IPsec SAs were cleared all the same where that was asked; "
        "all: true clears everybody's",
        commands=(command,),
    )


def session_stays(command: str, peer: str, answer: str) -> Finding:
    """A release without the command that ends one peer's session."""
    return Finding(
        "ike-not-cleared",
        "note",
        f"the IKE SA with {peer} stays: this release clears those of all peers at once, and does not take '{command}' "
        f"({answer}). Its IPsec SAs were cleared all the same where that was asked; all: true clears everybody's",
        commands=(command,),
    )


def counts(found: Associations) -> dict[str, int]:
    """How many there are of each kind: IKE SAs, and pairs of proxy identities that have IPsec SAs."""
    return {IKE: len(found.ike), IPSEC: len(found.ipsec)}


def spis_of(found: Associations) -> set[tuple[str, str]]:
    """The SPIs of all IPsec SAs, each with its peer."""
    return {(sa.peer, one.spi) for sa in found.ipsec for one in (*sa.inbound, *sa.outbound)}


def outcome(before: Associations, after: Associations, commands: Sequence[Cleared]) -> list[Finding]:
    """What a second look at the chosen SAs tells: what did not go, and what is there again."""
    if not any(item.kind == IPSEC for item in commands):
        return []
    old, new = spis_of(before), spis_of(after)
    remaining = [sa for sa in before.ipsec if spis_of(Associations(ipsec=(sa,))) & new]
    fresh = [sa for sa in after.ipsec if not spis_of(Associations(ipsec=(sa,))) & old]
    return [*(_remains(sa) for sa in remaining[:_SHOWN]), *(_again(sa) for sa in fresh[:_SHOWN])]


#: So many SAs are told one by one.
_SHOWN = 20


def _remains(sa: IpsecSa) -> Finding:
    return Finding(
        "association-remains",
        "warning",
        f"the device took the command, and the SA of {described(sa)} with {sa.peer} is still there with the same SPI: "
        "look at it with 'show crypto ipsec sa'",
    )


def _again(sa: IpsecSa) -> Finding:
    return Finding(
        "association-again",
        "note",
        f"{described(sa)} with {sa.peer} has SAs with other SPIs already: there is traffic for it, and it was negotiated "
        "again",
    )
