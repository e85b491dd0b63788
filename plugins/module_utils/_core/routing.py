# Copyright: The netvpn.dynamic_l2l contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""Which interface of a device a network lies behind: given by the user, or found by the device's routes."""

from __future__ import annotations

from collections.abc import Collection, Sequence

from .errors import InputError
from .intent import Network
from .prefixes import Prefix, longest_match


def known_interface(name: str, interfaces: Collection[str]) -> str:
    """``outside_interface`` as the user gave it. Raises InputError when the device does not have it."""
    if name not in interfaces:
        raise InputError(
            "outside_interface", name, "the device has no such interface", f"Its interfaces are: {_listed(interfaces)}"
        )
    return name


def home_of(
    network: Network,
    interfaces: Collection[str],
    routes: Sequence[tuple[Prefix, str]],
    outside: str,
    option: str,
    others: str,
) -> str:
    """The interface behind which ``network`` lies; it cannot be ``outside``, where the ``others`` are.

    Raises InputError naming ``option`` when no interface and no route reaches it.
    """
    name = network.interface or longest_match(network.prefix.network, routes)
    if name is None or name not in interfaces:
        problem = "the device has no such interface" if name else "no interface and no route of the device reaches it"
        raise InputError(option, network.interface or network, problem, f"Its interfaces are: {_listed(interfaces)}")
    if name == outside:
        raise InputError(
            option,
            network,
            f"it lies behind {outside}, where the {others}",
            "Give the device a route to it, or name its interface: {prefix: …, interface: …}",
        )
    return name


def _listed(interfaces: Collection[str]) -> str:
    return ", ".join(interfaces) or "none"
