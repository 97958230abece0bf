"""Lines in a log file of our own, in the classic form.

Opened for appending, one write per line, so several processes may share it.  It is opened anew
when the name no longer leads to it, so logrotate needs to tell nobody.

Touches: clock, disk.
"""

from __future__ import annotations

import os
import time
from collections.abc import Callable
from pathlib import Path

from pymta.journal.event import Event
from pymta.journal.line import stamped
from pymta.journal.stderr import stamp

MODE = 0o640


class FileSink:
    def __init__(self, path: Path, *, clock: Callable[[], float] = time.time) -> None:
        self._path = path
        self._clock = clock
        self._fd = -1
        self._identity = (0, 0)
        self._is_torn = False

    def put(self, event: Event) -> bool:
        line = stamped(event, stamp(self._clock()))
        try:
            self._open_if_moved()
            # On a full disk a line goes out in part; the next starts on a line of its own.
            data = b"\n" + line if self._is_torn else line
            sent = os.write(self._fd, data)
        except OSError:  # no such directory, no permission, disk full: the next sink takes it
            return False
        self._is_torn = sent < len(data)
        return not self._is_torn

    def descriptors(self) -> tuple[int, ...]:
        return (self._fd,) if self._fd >= 0 else ()

    def close(self) -> None:
        if self._fd >= 0:
            os.close(self._fd)
            self._fd = -1

    def _open_if_moved(self) -> None:
        if self._fd >= 0 and self._is_in_place():
            return
        self.close()
        flags = os.O_WRONLY | os.O_APPEND | os.O_CREAT | os.O_CLOEXEC
        # Non-blocking, in case the name is a pipe that nobody reads.
        self._fd = os.open(self._path, flags | os.O_NONBLOCK, MODE)
        self._is_torn = False
        found = os.fstat(self._fd)
        self._identity = (found.st_dev, found.st_ino)

    def _is_in_place(self) -> bool:
        try:
            found = self._path.stat()
        except FileNotFoundError:
            return False
        return (found.st_dev, found.st_ino) == self._identity
