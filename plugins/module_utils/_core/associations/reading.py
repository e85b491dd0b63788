# Copyright: The netvpn.dynamic_l2l contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""A device's security associations: read from text, asked for, given the names of the intent's tunnels."""

from __future__ import annotations

import re
from bisect import bisect_right
from collections.abc import Collection, Mapping
from dataclasses import replace
from typing import Any

from ..asa import dialect as asa_dialect
from ..asa import sa as asa_sa
from ..errors import InputError, ReadError
from ..intent import Intent, Network, Tunnel, shown
from ..ios import dialect as ios_dialect
from ..ios import sa as ios_sa
from ..session import Transport, first_words, is_refusal, refused
from .sa import Associations, IpsecSa, join
from .text import Reader, Shows, rows

_READERS: Mapping[str, Reader] = {"asa": asa_sa.READER, "ios": ios_sa.READER}

#: Rows that only one of the platforms prints (failures.md "Show output").
_MARKS = (
    ("asa", re.compile(r"(\d+ )?IKE Peer: ?\S+|IKE Peer Type Dir .*|Active SA: \d+|IKEv[12] SAs:|There are no .*|"
                       r"current_peer: ?[^:]*|Session Type: ?.*|Crypto map tag: .*, local addr: .*|peer address: .*|"
                       r"INFO: There are presently no .*|Tunnel-id Local Remote Status Role")),
    ("ios", re.compile(r"dst src state .*|.*Crypto (ISAKMP|IKEv2) (SA|Session)|protected vrf: .*|No SAs found|"
                       r"Crypto map tag: .*, local addr\.? .*|current_peer:? .*|Crypto session current status|"
                       r"C-id Local .*|Codes: C - IKE .*|Tunnel-id Local Remote fvrf/ivrf Status|Session status: .*")),
)  # fmt: skip


def read(text: str, platform: str = "", command: str = "") -> Associations:
    """What output of show commands says: one output or several, with or without prompt and command before them.

    ``platform`` (``asa``, ``ios``) and ``command`` are found in the text where they are not given. Nothing is refused:
    what is not understood is in ``unread``, and ``truncated`` says that a text ends too early. Raises InputError for
    another platform.
    """
    if not platform:
        platform = _platform_of(text)
    elif platform not in _READERS:
        raise InputError(
            "platform", platform, "this is no platform", f"Choose one of {', '.join(_READERS)}, or leave it out"
        )
    return _READERS[platform].read(text, command)


def parse_ipsec_sa(text: object, platform: object = None, command: object = None) -> dict[str, Any]:
    """The filter: :func:`read` and :func:`join` for a text or several of one device. Raises InputError."""
    texts: list[str] = []
    for item in text if isinstance(text, (list, tuple)) else [text]:
        if isinstance(item, str):
            texts.append(item)
        else:
            raise InputError(
                "text",
                type(item).__name__,
                "a text is expected here, or a list of texts",
                "Give what the device printed, as stdout of a module's result",
            )
    if not (platform is None or isinstance(platform, str)):
        raise InputError("platform", shown(platform), "a text is expected here", "Write asa or ios, or leave it out")
    if not (command is None or isinstance(command, str)):
        raise InputError("command", shown(command), "a text is expected here", "Write what was typed, or leave it out")
    return join(read(item, platform or "", command or "") for item in texts).as_dict()


def _platform_of(text: str) -> str:
    """Whose output it is: the first row that only one of them prints."""
    for _number, row in rows(text):
        for platform, mark in _MARKS:
            if row and mark.fullmatch(row):
                return platform
    return "ios"


SHOWS: Mapping[str, Shows] = {"asa": asa_dialect.SHOWS, "ios": ios_dialect.SHOWS}

#: A release that does not know a command says so: ``% Invalid input detected at '^' marker.`` on both platforms.
_UNKNOWN = re.compile(r"(ERROR: )?% ?(Invalid input|Incomplete command|Unrecognized command|Ambiguous command).*")


def gather(transport: Transport, platform: str, *, peer: str = "", detail: bool = False) -> Associations:
    """Ask a device for its IKE and IPsec SAs, with the commands that its release has.

    With ``peer`` the IPsec SAs are asked for that peer, and IKE SAs of others are left out. Raises ReadError when the
    device does not show them (naming command and answer), TransportError.
    """
    shows = SHOWS[platform]
    texts: list[tuple[str, str]] = []
    refusals: list[str] = []
    for commands in shows.ike:
        answer = transport.read(commands[0])
        if not _unknown(answer, commands[0]):
            texts.append((commands[0], answer))
            texts += [(command, transport.read(command)) for command in commands[1:]]
            break
        refusals.append(f"'{_plain(commands[0])}': {first_words(answer, commands[0])}")
    else:
        raise ReadError(
            f"the device does not show its IKE SAs ({'; '.join(refusals)}). Look whether it has crypto at all "
            "(show version), and whether the user may type that"
        )
    for command in shows.also:
        answer = transport.read(command)
        if not _unknown(answer, command):
            texts.append((command, answer))
    command = f"{shows.ipsec}{f' peer {peer}' if peer else ''}{' detail' if detail else ''}"
    texts.append((command, transport.read(command)))
    parts = []
    for command, answer in texts:
        if refused(answer, command):
            raise ReadError(
                f"the device refused '{_plain(command)}': {first_words(answer, command)}. Log in as a user who may type it"
            )
        parts.append(read(answer, platform, _plain(command)))
    found = join(parts)
    return of_peer(found, peer) if peer else found


def _plain(command: str) -> str:
    return " ".join(command.split())


def _unknown(answer: str, command: str) -> bool:
    return is_refusal(answer, command) and bool(_UNKNOWN.match(first_words(answer, command)))


def of_peer(found: Associations, peer: str) -> Associations:
    """Only the SAs with ``peer``.

    Where a PIX/ASA shows names instead of addresses, those that it answered with to ``peer`` count.
    """
    aliases = {peer} | {sa.peer for sa in found.ipsec if not re.fullmatch(r"[0-9.]+|.*:.*", sa.peer)}
    return replace(
        found,
        ike=tuple(sa for sa in found.ike if aliases & {sa.peer, sa.dst, sa.src}),
        ipsec=tuple(sa for sa in found.ipsec if sa.peer in aliases),
    )


def of_tunnels(found: Associations, names: Collection[str]) -> Associations:
    """Only the SAs of some tunnels, of associations that were :func:`named`."""
    wanted = set(names)
    return replace(
        found,
        ike=tuple(sa for sa in found.ike if wanted & set(sa.tunnels)),
        ipsec=tuple(sa for sa in found.ipsec if sa.tunnel in wanted),
    )


def named(found: Associations, intent: Intent, host: str) -> Associations:
    """The same with the names of the tunnels that ``host`` has a part in.

    The name of an IPsec SA is found by its proxy identities alone: they are one of the tunnel's pairs of networks, or
    within one, as ``host`` sees them (mirrored at the responder). The peer's address says nothing, for an initiator's
    changes. An IKE SA has no proxy identities: it gets the names of all IPsec SAs with the same peer (and the same UDP
    port and own address, where both tell them), so one whose IPsec SAs are gone has none.
    """
    table = _Table(intent, host)
    ipsec = tuple(replace(sa, tunnel=table.tunnel(sa)) for sa in found.ipsec)
    by_peer: dict[str, list[IpsecSa]] = {}
    for sa in ipsec:
        if sa.tunnel and sa.peer and (sa.up or sa.inbound or sa.outbound):
            by_peer.setdefault(sa.peer, []).append(sa)
    ike = tuple(
        replace(
            one,
            tunnels=tuple(
                dict.fromkeys(
                    sa.tunnel
                    for sa in by_peer.get(one.peer, ())
                    if _agree(one.port, sa.port) and _agree(one.local, sa.local_address)
                )
            ),
        )
        for one in found.ike
    )
    return replace(found, ipsec=ipsec, ike=ike)


def _agree(one: object, two: object) -> bool:
    return not one or not two or one == two


class _Table:
    """The tunnels of a host, looked up by the remote network: those of one host do not overlap (intent.py)."""

    def __init__(self, intent: Intent, host: str) -> None:
        sides: list[tuple[Network, tuple[Network, ...], Tunnel]] = []
        for tunnel in intent.of_initiator(host):
            sides += [(remote, tunnel.networks, tunnel) for remote in tunnel.responder_networks]
        for tunnel in intent.of_responder(host):
            sides += [(remote, tunnel.responder_networks, tunnel) for remote in tunnel.networks]
        self._sides = sorted(sides, key=lambda side: side[0].prefix.network)
        self._starts = [remote.prefix.network for remote, _local, _tunnel in self._sides]

    def tunnel(self, sa: IpsecSa) -> str:
        """The name for an SA; empty when its identities are nobody's."""
        if sa.local is None or sa.remote is None or sa.remote.family != 4:
            return ""
        at = bisect_right(self._starts, sa.remote.low) - 1
        if at < 0:
            return ""
        remote, locals_, tunnel = self._sides[at]
        mine = sa.local
        fits = sa.remote.within(remote.prefix) and any(mine.within(local.prefix) for local in locals_)
        return tunnel.name if fits else ""
