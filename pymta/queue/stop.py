"""Somebody asked us to end: SIGTERM or SIGINT.  The handler leaves a byte; the run reads it.

Only where the run may be busy by itself without an end, with a pattern of the operator's, the
handler breaks it off.

Touches: signals, sockets.
"""

from __future__ import annotations

import signal
import socket
from collections.abc import Callable
from types import TracebackType
from typing import Any, Self, TypeVar

CAUGHT = (signal.SIGTERM, signal.SIGINT)

T = TypeVar("T")


class BrokenOffError(Exception):
    """A signal has come while `Stop.breaking_off` was at work."""


class Stop:
    """Watches for the signals as a context; what was there before is put back at its end."""

    def __init__(self) -> None:
        self._read, self._write = socket.socketpair()
        self._before: dict[signal.Signals, Any] = {}
        self._wakeup = -1
        self._breaks_off = False

    def __enter__(self) -> Self:
        self._read.setblocking(False)
        self._write.setblocking(False)
        self._wakeup = signal.set_wakeup_fd(self._write.fileno(), warn_on_full_buffer=False)
        for number in CAUGHT:
            self._before[number] = signal.signal(number, lambda *_: self._note())
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        for number, handler in self._before.items():
            signal.signal(number, handler)
        signal.set_wakeup_fd(self._wakeup)
        self.forget()

    def fileno(self) -> int:
        return self._read.fileno()

    def is_asked(self) -> bool:
        """Has a signal come since the last call?"""
        try:
            return bool(set(self._read.recv(64)) & set(CAUGHT))
        except BlockingIOError:
            return False

    def breaking_off(self, work: Callable[[], T]) -> T:
        """What `work` gives; BrokenOffError as soon as a signal comes."""
        self._breaks_off = True
        try:
            return work()
        finally:
            self._breaks_off = False

    def _note(self) -> None:
        """The wakeup descriptor has the number already."""
        if self._breaks_off:
            raise BrokenOffError

    def forget(self) -> None:
        """Close our sockets; all that a forked child has to do with this."""
        self._read.close()
        self._write.close()


def put_back() -> None:
    """In a worker: what the run caught means nothing here.

    SIGINT is ignored, because a Ctrl-C reaches the whole group of a terminal, while only the run
    decides when a worker may end: it lets a delivery past its final dot come to its end.
    """
    signal.set_wakeup_fd(-1)
    signal.signal(signal.SIGTERM, signal.SIG_DFL)
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    signal.signal(signal.SIGUSR1, signal.SIG_IGN)  # until it has something of its own to tell
