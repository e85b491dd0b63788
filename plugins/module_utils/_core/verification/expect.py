# Copyright: The netvpn.dynamic_l2l contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""What users expect of the data themselves, as JMESPath expressions.

The library is imported by the doors and comes in as a function: the core needs nothing but netaddr.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from ..errors import LONGEST, InputError
from ..intent import scalar, shown
from .agreed import FAILED, OK
from .judging import Result

#: Makes a function of an expression; raises ValueError for one that cannot be read, and the function for one that does
#: not fit the data (``jmespath.exceptions.JMESPathError`` is a ValueError).
Compile = Callable[[str], Callable[[Any], Any]]

_KEYS = ("name", "query", "equals", "truthy")


@dataclass(frozen=True)
class Expectation:
    """``query`` over the document gives ``equals``, or (``truthy``) something that is true, or not, as JMESPath means it."""

    name: str
    query: str
    search: Callable[[Any], Any]
    equals: Any = None
    by_value: bool = False
    truthy: bool = True

    @property
    def expected(self) -> str:
        """In words."""
        return _text(self.equals) if self.by_value else "true" if self.truthy else "false"


def read_expectations(items: Sequence[Mapping[str, Any]] | None, compile_query: Compile) -> tuple[Expectation, ...]:
    """Read ``expect``. Raises InputError naming the expression, before any device is asked."""
    found: list[Expectation] = []
    if items is not None and not isinstance(items, (list, tuple)):
        raise InputError("expect", type(items).__name__, "a list is expected here", "Write it as [{name: …, query: …}]")
    for index, item in enumerate(items or ()):
        path = f"expect[{index}]"
        if not isinstance(item, Mapping):
            raise InputError(path, type(item).__name__, "a mapping is expected here", "Write it as {name: …, query: …}")
        if unknown := sorted(str(key) for key in set(item) - set(_KEYS)):
            raise InputError(
                f"{path}.{unknown[0][:40]}", None, "there is no such option", f"Known are: {', '.join(_KEYS)}"
            )
        query, name = scalar(item.get("query")), scalar(item.get("name"))
        if not query:
            raise InputError(
                f"{path}.query", shown(item.get("query")), "it is missing or no text", "Give an expression"
            )
        if not name:
            raise InputError(
                f"{path}.name", shown(item.get("name")), "it is missing or no text", "Give it a name of yours"
            )
        if any(each.name == name for each in found):
            raise InputError(f"{path}.name", name, "two expectations have this name", "Give each its own")
        # The modules' options give every key, None where the user gave none.
        equals, truthy = item.get("equals"), item.get("truthy")
        if equals is not None and truthy is not None:
            raise InputError(path, name, "both equals and truthy are given", "Give one or the other")
        if truthy is not None and not isinstance(truthy, bool):
            raise InputError(f"{path}.truthy", shown(truthy), "this is neither true nor false", "Write true or false")
        try:
            search = compile_query(query)
        except ValueError as error:
            raise InputError(
                f"{path}.query",
                query,
                f"it cannot be read as JMESPath: {_first_row(error)}",
                "Correct it; try it with the jp tool or jmespath.org on the module's result",
            ) from None
        found.append(Expectation(name, query, search, equals, equals is not None, truthy is not False))
    return tuple(found)


def check(host: str, expectations: Sequence[Expectation], document: Mapping[str, Any]) -> tuple[Result, ...]:
    """One result each, for the whole host."""
    return tuple(_check(host, each, document) for each in expectations)


def _check(host: str, each: Expectation, document: Mapping[str, Any]) -> Result:
    def result(found: str, status: str, message: str) -> Result:
        return Result(host, "", f"expect {each.name}", each.expected, found, status, message)

    try:
        value = each.search(document)
    except ValueError as error:
        return result("nothing", FAILED, f"'{each.query}' does not fit the data: {_first_row(error)}")
    if each.by_value:
        # JSON knows no difference between 1 and 1.0, YAML between '1' and 1 does: what users write is compared as it is.
        holds = value == each.equals and isinstance(value, bool) == isinstance(each.equals, bool)
    else:
        holds = _true(value) is each.truthy
    return result(_text(value), OK if holds else FAILED, f"'{each.query}' {'holds' if holds else 'does not hold'}")


def _true(value: Any) -> bool:
    """What JMESPath calls true: everything but null, false, and what is empty. Zero is true."""
    return value is not None and value is not False and value not in ("", [], {})


def _text(value: Any) -> str:
    text = json.dumps(value, default=str, ensure_ascii=False)
    return text if len(text) <= LONGEST else text[:LONGEST] + "…"


def _first_row(error: Exception) -> str:
    return str(error).split("\n", 1)[0].strip() or type(error).__name__
