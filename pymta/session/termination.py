"""SIGTERM as something to wait for (SS-06).

The handler only leaves a byte in a socket pair.  Who waits for the client waits for it too;
between two waits, above all while a message is being committed, nothing is interrupted.  SIGINT
and SIGHUP are for the supervisor and ignored here.

Touches: signals, sockets.
"""

from __future__ import annotations

import os
import signal
import socket
from types import FrameType
from typing import Protocol


class HasFileno(Protocol):
    def fileno(self) -> int: ...


class Termination:
    def __init__(self) -> None:
        self._read, self._write = socket.socketpair()
        self._read.setblocking(False)
        self._write.setblocking(False)
        signal.set_wakeup_fd(self._write.fileno(), warn_on_full_buffer=False)
        signal.signal(signal.SIGTERM, _note)
        signal.signal(signal.SIGINT, signal.SIG_IGN)
        signal.signal(signal.SIGHUP, signal.SIG_IGN)
        signal.signal(signal.SIGPIPE, signal.SIG_IGN)

    def fileno(self) -> int:
        return self._read.fileno()


def has_come(bell: HasFileno) -> bool:
    """Was it SIGTERM that made `bell` readable?  Any signal with a handler does."""
    return signal.SIGTERM in os.read(bell.fileno(), 64)


def _note(number: int, frame: FrameType | None) -> None:
    """Without a Python handler the wakeup descriptor would not be written to."""
