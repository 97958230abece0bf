"""SIGTERM as something to wait for (SS-06).

The handler only leaves a byte in a pipe.  Who waits for the client waits for it too;
between two waits, above all while a message is being committed, nothing is interrupted.  SIGINT
and SIGHUP are for the supervisor and ignored here.

Touches: signals, descriptors.
"""

from __future__ import annotations

import os
import signal
from types import FrameType
from typing import Protocol


class HasFileno(Protocol):
    def fileno(self) -> int: ...


class Termination:
    """`write` is where the signal leaves its byte, `read` who waits for it."""

    def __init__(self, read: int, write: int) -> None:
        self._read, self._write = read, write

    def fileno(self) -> int:
        return self._read

    def close(self) -> None:
        os.close(self._read)
        os.close(self._write)


def catch() -> Termination:
    """From here on SIGTERM is waited for, and nothing else ends this process."""
    read, write = os.pipe2(os.O_NONBLOCK | os.O_CLOEXEC)
    signal.set_wakeup_fd(write, warn_on_full_buffer=False)
    signal.signal(signal.SIGTERM, _note)
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    signal.signal(signal.SIGHUP, signal.SIG_IGN)
    signal.signal(signal.SIGPIPE, signal.SIG_IGN)
    return Termination(read, write)


def has_come(bell: HasFileno) -> bool:
    """Was it SIGTERM that made `bell` readable?  Any signal with a handler does."""
    return signal.SIGTERM in os.read(bell.fileno(), 64)


def _note(number: int, frame: FrameType | None) -> None:
    """Without a Python handler the wakeup descriptor would not be written to."""
