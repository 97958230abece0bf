"""How many lines were lost and not yet told, by a whole family of processes (CL-03).

All that were forked from one daemon count in one place, and so does the image that takes its place
at a reload: what a worker of former settings could not write, somebody tells who can.  The kernel
does the counting, because several may lose lines at once.  To ask it costs as much as half a line,
so a byte that all of them share says whether there is anything to ask.

Touches: descriptors.
"""

from __future__ import annotations

import mmap
import os
from contextlib import suppress


class Lost:
    def __init__(self) -> None:
        self._counter = os.eventfd(0, os.EFD_NONBLOCK | os.EFD_CLOEXEC)
        self._shared = os.memfd_create("pymta-log-lost", os.MFD_CLOEXEC)
        os.ftruncate(self._shared, 1)
        self._flag = mmap.mmap(self._shared, 1)

    @property
    def is_owed(self) -> bool:
        """Is there anything to tell?"""
        return self._counter >= 0 and bool(self._flag[0])

    def add(self, count: int) -> None:
        if self._counter >= 0:
            os.eventfd_write(self._counter, count)
            self._flag[0] = True

    def take(self) -> int:
        """The number; from here on it is the caller's to tell."""
        if not self.is_owed:
            return 0
        self._flag[0] = False
        with suppress(BlockingIOError):  # another process was quicker
            return os.eventfd_read(self._counter)
        return 0

    def descriptors(self) -> tuple[int, ...]:
        """What a child must keep, and an image that is to `inherit`."""
        return (self._counter, self._shared) if self._counter >= 0 else ()

    def inherit(self, counter: int, shared: int) -> None:
        """Count on where the image before us did; the descriptors are ours from here on."""
        own = self.take()
        self.close()
        self._counter, self._shared = counter, shared
        self._flag = mmap.mmap(shared, 1)
        if own:
            self.add(own)

    def close(self) -> None:
        for fd in self.descriptors():
            os.close(fd)
        self._counter = self._shared = -1
