# Copyright: The netvpn.dynamic_l2l contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""What users and modules hand over for a diagnosis, as plain data: texts, or each end's evidence by its name."""

from __future__ import annotations

import ipaddress
from collections.abc import Mapping, Sequence
from dataclasses import fields, replace
from typing import Any, TypeVar

from ..associations import reading as associations
from ..associations.sa import Associations, Identity, IkeSa, IpsecSa, Spi, join
from ..errors import InputError
from ..intent import Intent, parse_intent, shown
from ..secret import MASKED
from .diagnose import End, diagnose

#: What an end may have.
END_KEYS = ("logs", "platform", "running_config", "access_lists", "associations", "shows", "key")

#: The name of an end of which only texts are given.
DEVICE = "device"

#: Fields of associations by their annotations.
_TYPES: dict[str, tuple[type, ...]] = {
    "str": (str,),
    "int": (int,),
    "bool": (bool,),
    "int | None": (int, type(None)),
    "bool | None": (bool, type(None)),
}

T = TypeVar("T", IkeSa, IpsecSa, Spi)


def diagnose_ike(evidence: object, responders: object = None, tunnels: object = None) -> dict[str, Any]:
    """The filter: a text, several texts of one device, or name → text, texts or a mapping with END_KEYS.

    ``responders`` and ``tunnels`` are the intent, without keys or with them. Raises InputError for what is none of that.
    """
    return diagnose(read_ends(evidence), read_intent(responders, tunnels)).as_dict()


def read_ends(evidence: object) -> dict[str, End]:
    """The ends by name; texts alone are of an end that is called ``device``."""
    if not isinstance(evidence, Mapping):
        return {DEVICE: End(_texts(evidence, "text"))}
    return {str(name): _read_end(given, f"ends.{name}") for name, given in evidence.items()}


def _read_end(given: object, option: str) -> End:
    if not isinstance(given, Mapping):
        return End(_texts(given, option))
    if unknown := sorted(str(key) for key in set(given) - set(END_KEYS)):
        raise InputError(
            f"{option}.{unknown[0][:40]}", None, "an end has no such option", f"Known are: {', '.join(END_KEYS)}"
        )
    platform, running_config, access_lists = (
        _text(given.get(key), f"{option}.{key}") for key in ("platform", "running_config", "access_lists")
    )
    parts = [
        associations.read(text, platform if platform in associations.SHOWS else "")
        for text in _texts(given.get("shows"), f"{option}.shows")
    ]
    if given.get("associations") is not None:
        parts.append(read_associations(given["associations"], f"{option}.associations"))
    return End(
        _texts(given.get("logs"), f"{option}.logs"),
        platform,
        running_config,
        access_lists,
        join(parts) if parts else None,
        _read_key(given.get("key"), f"{option}.key"),
    )


#: Whether an end's key is that of the intent, in words.
KEYS = {True: "as intended", False: "another", None: "unknown"}


def _read_key(value: object, option: str) -> bool | None:
    for same, word in KEYS.items():
        if value == word:
            return same
    if value is None:
        return None
    raise InputError(option, shown(value), "this says nothing of a key", f"Choose one of {', '.join(KEYS.values())}")


def _text(value: object, option: str) -> str:
    if value is None or isinstance(value, str):
        return value or ""
    raise _unfit(option, value, "a text")


def _texts(value: object, option: str) -> tuple[str, ...]:
    if isinstance(value, (list, tuple)):
        return tuple(_text(item, f"{option}[{index}]") for index, item in enumerate(value))
    return (text,) if (text := _text(value, option)) else ()


def _unfit(option: str, value: object, wanted: str) -> InputError:
    # Only its type: whatever it is may hold a key.
    return InputError(
        option, type(value).__name__, f"{wanted} is expected here", "See the examples of the filter diagnose_ike"
    )


def read_intent(responders: object, tunnels: object) -> Intent | None:
    """The intent, where one is given. Keys may be left out: then none is compared with a device's."""
    if responders is None and tunnels is None:
        return None
    rows: list[dict[str, Any]] = []
    for index, item in enumerate(_rows(responders, "l2l_responders")):
        if not isinstance(item, Mapping):
            raise _unfit(f"l2l_responders[{index}]", item, "a mapping")
        rows.append({"pre_shared_key": "-", **item})
    intent = parse_intent(rows, _rows(tunnels, "l2l_tunnels"))
    kept = [
        responder if row["pre_shared_key"] != "-" else replace(responder, pre_shared_key=MASKED)
        for responder, row in zip(intent.responders, rows)  # noqa: B905  # as many: parse_intent refuses no row silently
    ]
    by_host = {responder.host: responder for responder in kept}
    return Intent(
        tuple(kept),
        tuple(replace(tunnel, responder=by_host[tunnel.responder.host]) for tunnel in intent.tunnels),
    )


def _rows(value: object, option: str) -> Sequence[Any]:
    if value is None:
        return ()
    if isinstance(value, (list, tuple)):
        return value
    raise _unfit(option, value, "a list")


# --- associations ------------------------------------------------------------------------------------------------------


def read_associations(given: object, option: str) -> Associations:
    """What :meth:`Associations.as_dict` wrote, as the modules return it."""
    if not isinstance(given, Mapping):
        raise _unfit(option, given, "what ipsec_info returns")
    ike = [_read_sa(IkeSa, item, f"{option}.ike[{index}]") for index, item in enumerate(_listed(given, "ike", option))]
    ipsec = []
    for index, item in enumerate(_listed(given, "ipsec", option)):
        at = f"{option}.ipsec[{index}]"
        sa = _read_sa(IpsecSa, item, at)
        counters = item.get("counters") or {}
        if not isinstance(counters, Mapping) or any(not isinstance(count, int) for count in counters.values()):
            raise _unfit(f"{at}.counters", counters, "a mapping of numbers")
        sa = replace(
            sa,
            local=_identity(item.get("local"), f"{at}.local"),
            remote=_identity(item.get("remote"), f"{at}.remote"),
            inbound=_spis(item, "inbound", at),
            outbound=_spis(item, "outbound", at),
            counters=dict(counters),
        )
        ipsec.append(sa)
    return Associations(tuple(ike), tuple(ipsec), (), bool(given.get("truncated")))


def _spis(item: Mapping[str, Any], way: str, option: str) -> tuple[Spi, ...]:
    found = _listed(item, way, option)
    return tuple(_read_sa(Spi, spi, f"{option}.{way}[{number}]") for number, spi in enumerate(found))


def _listed(given: Mapping[str, Any], key: str, option: str) -> list[Any]:
    found = given.get(key)
    if found is None:
        return []
    if not isinstance(found, list):
        raise _unfit(f"{option}.{key}", found, "a list")
    return found


def _read_sa(kind: type[T], item: object, option: str) -> T:
    """The plain fields; fields that are no plain value are left as they are by default."""
    if not isinstance(item, Mapping):
        raise _unfit(option, item, "what ipsec_info returns")
    values: dict[str, Any] = {}
    for one in fields(kind):
        types = _TYPES.get(str(one.type))
        if types is None or one.name not in item:
            continue
        if not isinstance(item[one.name], types):
            raise InputError(
                f"{option}.{one.name}",
                shown(item[one.name]),
                "this is not what ipsec_info returns",
                "See the examples of the filter diagnose_ike",
            )
        values[one.name] = item[one.name]
    for name in ("peer", "spi"):
        if name in (one.name for one in fields(kind)):
            values.setdefault(name, "")
    return kind(**values)


def _identity(given: object, option: str) -> Identity | None:
    """``10.1.1.0/24`` or ``10.1.1.5-10.1.1.9`` with a protocol and ports."""
    if given is None:
        return None
    try:
        network, protocol, (first, last) = given["network"], given["protocol"], given["ports"]  # type: ignore[index]
        low, _dash, high = str(network).partition("-")
        ends = ipaddress.ip_network(low) if not high else (ipaddress.ip_address(low), ipaddress.ip_address(high))
        return Identity(int(ends[0]), int(ends[-1]), int(protocol), (int(first), int(last)), ends[0].version)
    except (KeyError, TypeError, ValueError) as error:
        raise _unfit(option, given, "what ipsec_info returns") from error
