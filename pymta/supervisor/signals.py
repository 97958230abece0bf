"""Signals leave a note and wake the loop; nothing else happens in a handler.

Every signal becomes a byte in a socket pair (`signal.set_wakeup_fd`), so that none is lost
between two waits (ML-03) and the loop reads them like any other input.

Touches: processes, signals, sockets.
"""

from __future__ import annotations

import os
import signal
import socket
from types import FrameType

CAUGHT = (signal.SIGCHLD, signal.SIGHUP, signal.SIGTERM, signal.SIGINT, signal.SIGUSR1)


class Signals:
    """The signals that have arrived, to be read by the loop."""

    def __init__(self) -> None:
        self._read, write = socket.socketpair()
        self._read.setblocking(False)
        write.setblocking(False)
        self._write = write  # kept: closing it would close the wakeup descriptor
        self._has_child_died = True  # perhaps, before there was anybody to be told
        # So one that waits, as of the client of the rehearsal, need not interrupt anything.
        signal.sigtimedwait({signal.SIGCHLD}, 0)
        signal.set_wakeup_fd(write.fileno(), warn_on_full_buffer=False)
        for number in CAUGHT:
            signal.signal(number, self._note)
        signal.signal(signal.SIGPIPE, signal.SIG_IGN)
        unblock()

    def fileno(self) -> int:
        return self._read.fileno()

    def has_child_died(self) -> bool:
        """Has any, since the last call?  It is known before the byte has been read."""
        has_died, self._has_child_died = self._has_child_died, False
        return has_died

    def leave_to_next_image(self) -> None:
        """From here to the handlers of the next image no signal is lost and none kills us (HU-02).

        What has come and was not read yet is sent once more, and waits with what is coming.
        """
        block()
        for number in self.arrived():
            os.kill(os.getpid(), number)

    def arrived(self) -> set[int]:
        """All signals since the last call."""
        try:
            return set(self._read.recv(4096))
        except BlockingIOError:
            return set()

    def _note(self, number: int, _frame: FrameType | None) -> None:
        """The wakeup descriptor has the number already."""
        if number == signal.SIGCHLD:
            self._has_child_died = True


def name_of(number: int) -> str:
    """How the log calls a signal; those without a name of their own go by their number."""
    try:
        return signal.Signals(number).name
    except ValueError:  # a real-time signal
        return f"signal {number}"


def block() -> None:
    """What comes from here on waits until `unblock`."""
    signal.pthread_sigmask(signal.SIG_BLOCK, CAUGHT)


def block_reload() -> None:
    """At a start, before there are handlers: a SIGHUP waits, while SIGTERM still ends us.

    It does not, after a reload: the image before us has blocked what is for the loop (HU-02).  What
    is not, and was blocked by whoever started us, is blocked no more (ST-10).
    """
    signal.pthread_sigmask(signal.SIG_BLOCK, (signal.SIGHUP, signal.SIGUSR1))
    signal.pthread_sigmask(signal.SIG_UNBLOCK, signal.valid_signals() - set(CAUGHT))


def unblock() -> None:
    signal.pthread_sigmask(signal.SIG_UNBLOCK, CAUGHT)


def put_back() -> None:
    """In a child: what the parent caught means nothing here.

    SIGINT stays ignored, because a Ctrl-C in a terminal reaches every process of the group while
    only the supervisor decides who may finish; SIGHUP likewise.
    """
    signal.set_wakeup_fd(-1)
    signal.signal(signal.SIGCHLD, signal.SIG_DFL)
    signal.signal(signal.SIGTERM, signal.SIG_DFL)
    signal.signal(signal.SIGHUP, signal.SIG_IGN)
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    signal.signal(signal.SIGUSR1, signal.SIG_IGN)  # until it has something of its own to tell
