# Copyright: The netvpn.dynamic_l2l contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""What one device is told beside the intent: names of its objects, and how far we may go on it."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from typing import Any

from .errors import InputError
from .intent import interface_name

#: Objects with this prefix are ours whoever made them.
PREFIX = "L2L-"

#: Names of maps, sets and lists as both platforms take them. How long a name may be is not sourced; 64 stays far below
#: an input line of 254 characters (IOS), and the commands of two names and two networks fit.
_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.-]{0,63}")

#: Lists of a router: IOS takes a name that begins with a letter, or the number of an extended list.
_IOS_LISTS = ("match_acl", "nat_acl")
_EXTENDED = ((100, 199), (2000, 2699))


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
        if data and not isinstance(data, Mapping):
            raise InputError("names", type(data).__name__, "a mapping is expected here", "Write it as crypto_map: VPN")
        known = {item.name for item in fields(cls)}
        ranges = {"ike_policy": (1, 10000), "sequence": (1, 65535), "nat_id": (1, 65535)}
        for key, value in (data or {}).items():
            if value is None:
                continue
            option = f"names.{key}"
            if key not in known:
                raise InputError(option, None, "there is no such name", f"Known are: {', '.join(sorted(known))}")
            if key in ranges:
                low, high = ranges[key]
                if not str(value).isdecimal() or not low <= int(value) <= high:
                    raise InputError(option, value, "out of range", f"Give a whole number from {low} to {high}")
                values[key] = int(value)
                continue
            bare = str(value).replace("{tunnel}", "T").replace("{interface}", "I").replace("{transform}", "X")
            if not _NAME.fullmatch(bare):
                raise InputError(
                    option, value, "the devices cannot take this name", "Use up to 64 letters, digits and _ . -"
                )
            if key in _IOS_LISTS and bare[0].isdigit() and not _is_extended(bare):
                raise InputError(
                    option,
                    value,
                    "IOS has no extended access list of this name",
                    "Begin with a letter, or give a number from 100 to 199 or from 2000 to 2699",
                )
            values[key] = str(value)
        return cls(**values)

    def rendered(self, name: str, **parts: str) -> str:
        """A name with what stands in braces filled in: ``rendered("crypto_acl", tunnel="osaka")``.

        Raises InputError when the devices cannot take what comes out.
        """
        template: str = getattr(self, name)
        text = template.format(**parts)
        if not _NAME.fullmatch(text):
            raise InputError(
                f"names.{name}",
                template,
                f"it becomes '{text}', and the devices take up to 64 letters, digits and _ . -",
                "Shorten it, or what is filled in",
            )
        return text


def _is_extended(number: str) -> bool:
    return number.isdecimal() and any(low <= int(number) <= high for low, high in _EXTENDED)


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

    def __post_init__(self) -> None:
        if self.outside_interface:
            interface_name(self.outside_interface, "outside_interface")


def first_free(taken: set[int], wanted: int | None = None, above: int = 0, below: int = 65536) -> int | None:
    """``wanted``, else the first free multiple of ten between the bounds, else any free number; None without one."""
    if wanted is not None:
        return wanted
    tens = (number for number in range((above // 10 + 1) * 10, below, 10) if number not in taken)
    rest = (number for number in range(above + 1, below) if number not in taken)
    return next(tens, None) or next(rest, None)
