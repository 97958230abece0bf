"""Lines on standard error: a terminal, a pipe, a file, or the stream that journald reads.

One line is one write, so lines of several processes never mix.  It never waits: not for a
terminal that was stopped with Ctrl-S, not for a journald that hangs.  The non-blocking flag
belongs to the open file, which our parent's shell shares, so it is never set on descriptor 2
itself: a socket is asked per call, and a pipe or terminal is opened once more for ourselves.

Touches: clock, disk, processes, sockets.
"""

from __future__ import annotations

import os
import select
import socket
import stat
from collections.abc import Mapping
from typing import Protocol

from pymta.journal.event import Event
from pymta.journal.line import message, prefixed, stamped
from pymta.journal.stamp import PLAIN, Stamp


class _Way(Protocol):
    def write(self, data: bytes) -> int: ...

    def fileno(self) -> int: ...

    def close(self) -> None: ...


class StderrSink:
    """Lines to `fd`, with the priority in front when journald reads them, else with the time."""

    trouble = ""

    def __init__(self, fd: int, stamp: Stamp = PLAIN, *, with_priority: bool) -> None:
        self._with_priority = with_priority
        self._stamp = stamp
        self._is_torn = False
        self._way = _way_to(fd)

    def put(self, event: Event) -> bool:
        line = self._line(event)
        # The rest of a line that went out in part is lost; the next starts on a line of its own.
        data = b"\n" + line if self._is_torn else line
        try:
            sent = self._way.write(data) if self._way else 0
        except OSError:  # full, closed, or a dead terminal: there is nobody left to tell
            return False
        if sent:
            self._is_torn = sent < len(data)
        return sent == len(data)

    def _line(self, event: Event) -> bytes:
        return prefixed(event) if self._with_priority else stamped(event, self._stamp())

    def descriptors(self) -> tuple[int, ...]:
        return (self._way.fileno(),) if self._way else ()

    def close(self) -> None:
        if self._way:
            self._way.close()
            self._way = None


def _way_to(fd: int) -> _Way | None:
    try:
        mode = os.fstat(fd).st_mode
    except OSError:  # descriptor 2 was closed before we came
        return None
    if stat.S_ISSOCK(mode):
        return _Socket(fd)
    if stat.S_ISREG(mode):
        # Others write at the offset that this descriptor shares with us, and files do not block.
        return _Plain(os.dup(fd))
    try:
        flags = os.O_WRONLY | os.O_NONBLOCK | os.O_NOCTTY | os.O_CLOEXEC
        return _Plain(os.open(f"/proc/self/fd/{fd}", flags))
    except OSError:  # no /proc, or the terminal belongs to the user we were before
        return _Polled(os.dup(fd))


class DebugSink(StderrSink):
    """Lines of whoever watches, in the classic form: the pid in five columns (DB-01)."""

    def __init__(self, fd: int) -> None:
        super().__init__(fd, with_priority=False)

    def _line(self, event: Event) -> bytes:
        return f"{os.getpid():5} {message(event)}\n".encode()


def is_journal_stream(fd: int, environ: Mapping[str, str]) -> bool:
    """Is `fd` the very stream that systemd connected to the journal?  (systemd.exec(5))

    The variable alone proves nothing: a child whose output was redirected inherits it too.
    """
    try:
        found = os.fstat(fd)
    except OSError:
        return False
    return environ.get("JOURNAL_STREAM") == f"{found.st_dev}:{found.st_ino}"


class _Plain:
    def __init__(self, fd: int) -> None:
        self._fd = fd

    def write(self, data: bytes) -> int:
        return os.write(self._fd, data)

    def fileno(self) -> int:
        return self._fd

    def close(self) -> None:
        os.close(self._fd)


class _Polled(_Plain):
    """A blocking descriptor.  What poll() calls writable takes a page; a line may be two."""

    _PAGE = 4096

    def write(self, data: bytes) -> int:
        poll = select.poll()
        poll.register(self._fd, select.POLLOUT)
        if not poll.poll(0):
            return 0
        return super().write(data[: self._PAGE])


class _Socket:
    def __init__(self, fd: int) -> None:
        self._sock = socket.socket(fileno=os.dup(fd))

    def write(self, data: bytes) -> int:
        return self._sock.send(data, socket.MSG_DONTWAIT | socket.MSG_NOSIGNAL)

    def fileno(self) -> int:
        return self._sock.fileno()

    def close(self) -> None:
        self._sock.close()
