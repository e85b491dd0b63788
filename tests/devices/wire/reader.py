# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: The netvpn.dynamic_l2l contributors
"""A thread that reads a descriptor of the kernel until it is told to stop."""

from __future__ import annotations

import contextlib
import errno
import os
import select
import threading
from collections.abc import Callable


class Reader:
    """Calls `took` with whatever comes, one read each. Closes the descriptor in the end."""

    def __init__(self, descriptor: int, name: str, took: Callable[[bytes], None]) -> None:
        self._descriptor, self._took = descriptor, took
        self._stop, self._stopping = os.pipe2(os.O_CLOEXEC)
        self._thread = threading.Thread(target=self._read, name=name, daemon=True)
        self._thread.start()

    def _read(self) -> None:
        while True:
            ready = select.select([self._descriptor, self._stop], [], [])[0]
            if self._stop in ready:
                return
            try:
                data = os.read(self._descriptor, 65536)
            except OSError as error:
                if error.errno == errno.ENOBUFS:
                    continue  # more came than fits; the rest goes on
                return
            self._took(data)

    def close(self) -> None:
        """Read no more."""
        with contextlib.suppress(OSError):
            os.write(self._stopping, b"x")
        if self._thread is not threading.current_thread():
            self._thread.join(2)
        for descriptor in (self._descriptor, self._stop, self._stopping):
            with contextlib.suppress(OSError):
                os.close(descriptor)
