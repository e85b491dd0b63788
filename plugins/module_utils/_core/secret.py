# Copyright: The netvpn.dynamic_l2l contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""A value that must not be seen."""

from __future__ import annotations

from dataclasses import dataclass

#: What stands for a secret wherever somebody may look.
MASK = "********"


@dataclass(frozen=True)
class Secret:
    """A pre-shared key or password. Its text leaves only by :meth:`reveal`.

    ``known`` is False when the device shows only stars (PIX/ASA 7.x print ``*``, 8.x ``*****``; the
    number of stars is not the key's length) or an encrypted (type 6) form.
    """

    _text: str
    known: bool = True

    def reveal(self) -> str:
        """The clear text: for the line that goes to the device, and for nothing else."""
        return self._text

    def same_as(self, other: Secret) -> bool | None:
        """True or False where both are known, None where one of them is masked."""
        if not (self.known and other.known):
            return None
        return self._text == other._text

    def __repr__(self) -> str:
        return f"Secret({MASK})"

    __str__ = __repr__


#: The key behind a device's stars.
MASKED = Secret("", known=False)
