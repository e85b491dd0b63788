# Copyright: The netvpn.dynamic_l2l contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""What one device is told beside the intent: names of its objects, and how far we may go on it."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, fields
from typing import Any

from .errors import InputError
from .intent import Tunnel, interface_name, refuse_choice, scalar, shown, whole_number

#: Objects with this prefix are ours whoever made them.
PREFIX = "L2L-"

#: Names of maps, sets and lists as both platforms take them. How long a name may be is not sourced; 64 stays far below
#: an input line of 254 characters (IOS), and the commands of two names and two networks fit.
NAME_LIMIT = 64
_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.-]*")

#: What may stand in braces in which name, with the shortest text that it can become.
_BRACES = {
    "transform_set": ("transform", "DES-MD5"),
    "crypto_acl": ("tunnel", "t"),
    "exemption_acl": ("interface", "i"),
}

#: Names that must differ: one list cannot tell what is protected or matched, and decide what is translated.
_DISTINCT = (("crypto_acl", "exemption_acl"), ("match_acl", "nat_acl"))

#: What both platforms take: IKE policies of PIX/ASA go up to 65534, those of IOS up to 10000.
_RANGES = {"ike_policy": (1, 10000), "sequence": (1, 65535), "nat_id": (1, 65535)}

_CHOICES = {
    "pat": ("foreign", "present"),
    "update_secret": ("on_create", "always"),
    "clear_flows": ("none", "affected"),
}

#: Lists of a router: IOS takes a name that begins with a letter, or the number of an extended list.
_IOS_LISTS = ("match_acl", "nat_acl")
EXTENDED = ((100, 199), (2000, 2699))


@dataclass(frozen=True)
class Names:
    """Names for objects that have to be made. What exists keeps its name.

    ``{tunnel}``, ``{interface}`` and ``{transform}`` stand for the tunnel's name, the interface's, and the transform's
    (``AES256-SHA``). None: ``ike_policy`` and ``sequence`` take the first free multiple of ten.
    """

    crypto_map: str = PREFIX + "MAP"
    transform_set: str = PREFIX + "{transform}"
    crypto_acl: str = PREFIX + "{tunnel}"
    exemption_acl: str = PREFIX + "NONAT-{interface}"
    dynamic_map: str = PREFIX + "DYN"
    match_acl: str = PREFIX + "MATCH"
    nat_acl: str = PREFIX + "NAT"
    ike_policy: int | None = None
    sequence: int | None = None
    nat_id: int | None = None

    @classmethod
    def read(cls, data: Mapping[str, Any] | None) -> Names:
        """From the user's ``names``; raises InputError for an unknown or impossible one."""
        values: dict[str, Any] = {}
        if data is not None and not isinstance(data, Mapping):
            raise InputError("names", type(data).__name__, "a mapping is expected here", "Write it as crypto_map: VPN")
        known = {item.name for item in fields(cls)}
        for key, value in (data or {}).items():
            option = f"names.{str(key)[:40]}"
            if key not in known:
                raise InputError(option, None, "there is no such name", f"Known are: {', '.join(sorted(known))}")
            if value is not None:
                values[key] = _number(key, value) if key in _RANGES else _name(key, value)
        found = cls(**values)
        for one, two in _DISTINCT:
            if getattr(found, one) == getattr(found, two):
                raise InputError(
                    f"names.{two if two in values else one}",
                    getattr(found, two),
                    f"{one} and {two} have the same name, and one list cannot be both",
                    "Give each its own",
                )
        return found

    def rendered(self, name: str, **parts: str) -> str:
        """A name with what stands in braces filled in: ``rendered("crypto_acl", tunnel="osaka")``.

        Raises InputError when the devices cannot take what comes out.
        """
        template: str = getattr(self, name)
        text = template.format(**parts)
        if len(text) > NAME_LIMIT:
            raise InputError(
                f"names.{name}",
                template,
                f"it becomes '{text}', which has {len(text)} characters, and the devices take up to {NAME_LIMIT}",
                "Shorten it, or what is filled in",
            )
        if not _NAME.fullmatch(text):
            raise InputError(
                f"names.{name}",
                template,
                f"it becomes '{text}', and the devices take letters, digits and _ . -",
                "Leave the braces out, and give a name of its own",
            )
        return text


def require_list_names(names: Names, tunnels: Sequence[Tunnel]) -> None:
    """Refuse what the names and an initiator's tunnels show without the device.

    Raises InputError when a tunnel's list gets a name that is too long, or two tunnels the same.
    """
    for tunnel in tunnels:
        names.rendered("crypto_acl", tunnel=tunnel.name)
    if sum(tunnel.present for tunnel in tunnels) > 1 and "{tunnel}" not in names.crypto_acl:
        raise InputError(
            "names.crypto_acl",
            names.crypto_acl,
            "this initiator has several tunnels",
            "Put {tunnel} into the name",
        )


def _number(key: str, value: object) -> int:
    low, high = _RANGES[key]
    number = whole_number(value, low, high)
    if number is None:
        raise InputError(f"names.{key}", shown(value), "out of range", f"Give a whole number from {low} to {high}")
    return number


def _name(key: str, value: object) -> str:
    option = f"names.{key}"
    text = scalar(value)
    brace, shortest = _BRACES.get(key, ("", ""))
    bare = text.replace(f"{{{brace}}}", shortest) if text and brace else text
    if bare and re.search(r"\{(tunnel|interface|transform)\}", bare):
        raise InputError(
            option,
            text,
            "these braces mean nothing in this name",
            f"Only {{{brace}}} is filled in here" if brace else "Leave them out: nothing is filled in here",
        )
    if text is None or bare is None or not _NAME.fullmatch(bare):
        raise InputError(
            option,
            shown(value),
            "the devices cannot take this name",
            "Use letters, digits and _ . - and begin with a letter or a digit",
        )
    if len(bare) > NAME_LIMIT:
        raise InputError(
            option, text, f"it has {len(bare)} characters, and the devices take up to {NAME_LIMIT}", "Shorten it"
        )
    if key in _IOS_LISTS and bare[0].isdigit() and not _is_extended(bare):
        raise InputError(
            option,
            text,
            "IOS has no extended access list of this name",
            "Begin with a letter, or give a number from 100 to 199 or from 2000 to 2699",
        )
    return text


def _is_extended(name: str) -> bool:
    return any(whole_number(name, low, high) is not None for low, high in EXTENDED) and not name.startswith("0")


@dataclass(frozen=True)
class Options:
    """How one device is treated. The defaults are those of the modules, which document each."""

    names: Names = field(default_factory=Names)
    pat: str = "foreign"
    remove_shared: bool = False
    exclusive: bool = False
    partial: bool = False
    update_secret: str = "on_create"
    outside_interface: str | None = None
    #: The router's address in the intent is a translation's, and on none of its interfaces.
    behind_nat: bool = False
    #: Whether connections and translations that began under another treatment are cleared.
    clear_flows: str = "none"

    def __post_init__(self) -> None:
        for option, choices in _CHOICES.items():
            value = getattr(self, option)
            if not isinstance(value, str) or value not in choices:
                raise refuse_choice(option, value, choices)
        for option in ("remove_shared", "exclusive", "partial", "behind_nat"):
            value = getattr(self, option)
            if not isinstance(value, bool):
                raise InputError(option, shown(value), "this is neither true nor false", "Write true or false")
        if self.outside_interface is not None:
            interface_name(self.outside_interface, "outside_interface")


def first_free(taken: set[int], wanted: int | None = None, above: int = 0, below: int = 65536) -> int | None:
    """``wanted``, else the first free multiple of ten between the bounds, else any free number; None without one."""
    if wanted is not None:
        return wanted
    tens = (number for number in range((above // 10 + 1) * 10, below, 10) if number not in taken)
    rest = (number for number in range(above + 1, below) if number not in taken)
    return next(tens, None) or next(rest, None)
