# Copyright: The netvpn.dynamic_l2l contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""The errors of the core: each says what was wrong, where, and what to do about it."""

from __future__ import annotations

#: A value is shown up to this many characters.
LONGEST = 120


class CoreError(Exception):
    """Base of all errors that the core raises on purpose.

    The message is complete by itself and never holds a secret: whoever raises one
    passes the name of an option, a value that may be seen, a device line already redacted.
    """


class InputError(CoreError):
    """The user's input cannot be carried out; raised before anything is written.

    Attributes: ``option`` (dotted path, e.g. ``l2l_tunnels[0].networks``), ``value`` (its text),
    ``problem`` and ``remedy`` (sentences).
    """

    def __init__(self, option: str, value: object, problem: str, remedy: str) -> None:
        self.option = option
        self.value = value
        self.problem = problem
        self.remedy = remedy
        super().__init__(_visible(f"{option}{_told(value)}: {problem}. {remedy}."))


def _told(value: object) -> str:
    """`` = VALUE``, or nothing for None."""
    if value is None:
        return ""
    try:
        text = str(value)
    except ValueError:  # a whole number of more than 4,300 digits
        text = type(value).__name__
    return f" = {text if len(text) <= LONGEST else text[:LONGEST] + '…'}"


def _visible(text: str) -> str:
    """Control characters as escapes: a value must not write over the message in the reader's terminal."""
    return "".join(char if char.isprintable() else repr(char)[1:-1] for char in text)


class ReadError(CoreError):
    """What the device sent is not a whole running configuration, or not one that we can read."""


class PlanError(CoreError):
    """No sequence of lines leads from what the device has to what is wanted."""


class DeviceError(CoreError):
    """The device refused a line, asked something, or does not hold what was written.

    Attributes: ``line`` (redacted), ``answer`` (the device's text, redacted), ``rolled_back`` (True: the configuration
    is again the one before; False: it is not; None: nothing was undone).
    """

    rolled_back: bool | None = None

    def __init__(self, message: str, line: str = "", answer: str = "") -> None:
        self.line = line
        self.answer = answer
        super().__init__(message)


class TransportError(CoreError):
    """The connection failed: timed out, was dropped, or lost step with the device."""
