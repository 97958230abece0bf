"""One descriptor kept for the moment when no other is left (AE-04).

A caller who waits while all descriptors are taken could not even be told so.  The spare one is
given up for him, and taken again when he has gone.  Where the shortage is the whole machine's,
somebody else may have been faster; then it is missing until there is one again.

Touches: descriptors.
"""

from __future__ import annotations

import os
from contextlib import suppress


class Spare:
    def __init__(self) -> None:
        self._fd = -1
        self.take()

    def take(self) -> None:
        """Have it again, if it can be had."""
        if self._fd < 0:
            with suppress(OSError):
                self._fd = os.open(os.devnull, os.O_RDONLY | os.O_CLOEXEC)

    def give_up(self) -> bool:
        """Make room for one descriptor; false when there is nothing to give up."""
        if self._fd < 0:
            return False
        os.close(self._fd)
        self._fd = -1
        return True
