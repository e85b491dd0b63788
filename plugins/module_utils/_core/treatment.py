# Copyright: The netvpn.dynamic_l2l contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""What a running configuration does with packets: exactly, for every class, in both directions, its own included."""

from __future__ import annotations

import weakref
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any, Union

from .asa.model import AsaConfig
from .asa.treat import forwarding as asa_forwarding
from .firstmatch import tidy
from .forwarding import ANY_PEER, SELF, Fate, Forwarding, Letter, Needed, PacketClass, Way
from .ios.model import IosConfig
from .ios.treat import forwarding as ios_forwarding
from .prefixes import EVERYTHING, Box, Prefix, Region
from .touched import touched as difference

__all__ = (
    "ANY_PEER",
    "NOTHING_ELSE",
    "SELF",
    "Fate",
    "Known",
    "Letter",
    "Needed",
    "PacketClass",
    "classes",
    "emerging",
    "fate_of",
    "is_lifted",
    "model",
    "touched",
)

Config = Union[AsaConfig, IosConfig]

#: The direction of what comes out of a tunnel.
EMERGING = "emerging"

#: protocol, source, source port, destination, destination port
Packet = tuple[int, int, int, int, int]


@dataclass(frozen=True)
class Known:
    """What is known, or taken as given, beside the configuration.

    ``local`` are networks that lie behind the device, whatever its routes say: no lease is from them. ``lifted``: as if all
    interfaces that have an address were up.
    """

    local: tuple[Prefix, ...] = ()
    lifted: bool = False


NOTHING_ELSE = Known()

_MODELS: dict[tuple[int, Known], tuple[weakref.ref[Any], Mapping[str, Needed], Forwarding]] = {}


def is_lifted(config: Config) -> bool:
    """Whether it makes a difference to take interfaces that are shut as up."""
    return any(interface.shutdown and interface.numbered for interface in config.interfaces.values())


def model(
    config: Config,
    peers: Mapping[str, Needed] | None = None,
    *,
    known: Known = NOTHING_ELSE,
    like: Config | None = None,
) -> Forwarding:
    """The tables of a configuration, made once: a configuration is not changed after it was asked about.

    ``peers`` says what the other ends need, by address (ANY_PEER: those of dynamic entries); an entry that has not what
    its peer needs is unable to negotiate. Without it anything that could work counts. ``like`` is one that was asked about
    before and differs in little: what both have is taken from its tables.
    """
    needed = peers or {}
    if known.lifted and not is_lifted(config):
        known = replace(known, lifted=False)
    key = (id(config), known)
    found = _MODELS.get(key)
    if found is not None and found[0]() is config and found[1] == needed:
        return found[2]
    shown = _lifted(config) if known.lifted else config
    if isinstance(shown, AsaConfig):
        near = _MODELS.get((id(like), known))
        made = near[2] if near is not None and near[0]() is like and near[1] == needed else None
        tables = asa_forwarding(
            shown, needed, known.local, (like, made) if made and isinstance(like, AsaConfig) else None
        )
    else:
        tables = ios_forwarding(shown, needed, known.local)
    forget: Callable[[Any], Any] = lambda _gone: _MODELS.pop(key, None)  # noqa: E731
    _MODELS[key] = (weakref.ref(config, forget), needed, tables)
    return tables


def _lifted(config: Config) -> Config:
    up = {name: replace(i, shutdown=False) if i.numbered else i for name, i in config.interfaces.items()}
    return replace(config, interfaces=up)  # type: ignore[arg-type]


def classes(
    config: Config, within: Mapping[str, Region] | None = None, *, peers: Mapping[str, Needed] | None = None
) -> tuple[PacketClass, ...]:
    """The packets of ``within`` (where they enter → which; None: all) as disjoint classes of one fate each."""
    tables = model(config, peers)
    places = tables.places() if within is None else within
    return tuple(
        PacketClass(enters, tables.direction(enters), region, fate)
        for enters, wanted in places.items()
        for region, fate in _sorted(wanted, lambda box, at=enters: tables.treat(at, box))  # type: ignore[misc]
    )


def emerging(
    config: Config, within: Mapping[str, Region] | None = None, *, peers: Mapping[str, Needed] | None = None
) -> tuple[PacketClass, ...]:
    """The same for what comes out of tunnels, per interface that they end at: let in, as an entry says, or dropped."""
    tables = model(config, peers)
    ends = {name: EVERYTHING for name, port in tables.ports.items() if port.entries}
    return tuple(
        PacketClass(enters, EMERGING, region, fate)
        for enters, wanted in (ends if within is None else within).items()
        for region, fate in _sorted(wanted, lambda box, at=enters: tables.emerge(at, box))  # type: ignore[misc]
    )


def _sorted(region: Region, way: Way) -> Iterator[tuple[Region, Fate]]:
    """The packets of ``region`` by what they meet and by the lines that decide."""
    found: dict[tuple[Fate, str, str], list[Box]] = {}
    for box in region.boxes:
        for piece, fate in way(box):
            found.setdefault((fate, fate.line, fate.detail), []).append(piece)
    for (fate, _line, _detail), boxes in found.items():
        yield Region(tidy(boxes)), fate


def fate_of(config: Config, enters: str, packet: Packet, *, peers: Mapping[str, Needed] | None = None) -> Fate:
    """What one packet meets that enters at an interface, or comes from the device itself (``self``)."""
    box = tuple((value, value) for value in packet)
    return next(fate for _piece, fate in model(config, peers).treat(enters, box))


def touched(
    before: Config,
    after: Config,
    *,
    peers: Mapping[str, Needed] | None = None,
    many: int | None = None,
    known: Known = NOTHING_ELSE,
) -> dict[str, Region]:
    """Where packets enter → those that the change can touch: a line need be judged on these alone.

    More rows of one table than ``many`` are taken together with what lies between them.
    """
    one = model(before, peers, known=known)
    return difference(one, model(after, peers, known=known, like=before), many=many)
