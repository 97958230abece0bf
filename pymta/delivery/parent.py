"""What the parent says, and when to stop.

One message at a time comes over the channel.  Drain, the end of the channel and SIGTERM mean the
same: finish what has begun, begin nothing new.  A delivery may last long, so between two groups
of a message it is asked `is_over`; an order that comes early is kept.

SIGINT is for the parent, which decides what is to be finished.

Touches: signals, sockets.
"""

from __future__ import annotations

import select
import signal
import socket
from collections.abc import Callable
from math import ceil
from types import FrameType

from pymta.channel.pair import End
from pymta.channel.words import Deliver


class Parent:
    def __init__(self, channel: End) -> None:
        self._channel = channel
        self._early: list[Deliver] = []
        self._is_over = False
        self._wake, self._woken = socket.socketpair()
        self._wake.setblocking(False)
        self._woken.setblocking(False)
        signal.set_wakeup_fd(self._woken.fileno(), warn_on_full_buffer=False)
        signal.signal(signal.SIGTERM, _note)
        signal.signal(signal.SIGINT, signal.SIG_IGN)
        signal.signal(signal.SIGHUP, signal.SIG_IGN)
        signal.signal(signal.SIGPIPE, signal.SIG_IGN)
        self._poll = select.poll()
        self._poll.register(self._wake, select.POLLIN)
        self._poll.register(self._channel, select.POLLIN)

    def next(self, meanwhile: Callable[[], float | None] = lambda: None) -> Deliver | None:
        """Wait for the next message to deliver; None: there is nothing more to do.

        `meanwhile` is called before each wait, and again after as many seconds as it says.
        """
        while not self._early and not self._is_over:
            wait = meanwhile()
            self._listen(None if wait is None else ceil(wait * 1000))
        return None if self._is_over else self._early.pop(0)

    def is_over(self) -> bool:
        """Has somebody said that we should stop?  Never waits."""
        self._listen(0)
        return self._is_over

    def _listen(self, milliseconds: float | None) -> None:
        for fd, _ in self._poll.poll(milliseconds):
            if fd == self._wake.fileno():
                # Another signal with a handler wakes us, too.
                self._is_over |= signal.SIGTERM in self._wake.recv(64)
            else:
                self._hear()

    def _hear(self) -> None:
        word = self._channel.hear()
        if isinstance(word, Deliver):
            self._early.append(word)
        else:
            self._is_over = True


def _note(number: int, frame: FrameType | None) -> None:
    """Without a Python handler the wakeup descriptor would not be written to."""
