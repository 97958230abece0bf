"""What systemd hears: READY, STATUS, RELOADING, STOPPING (sd_notify).

The text must be ASCII: one other byte loses the whole datagram, READY=1 included.  STATUS goes
out at most once a second.  Only the supervisor says anything; the variable is taken out of the
environment, so that no child can.

Touches: environment, sockets, clock.
"""

from __future__ import annotations

import os
import time

from sdnotify import SystemdNotifier

VARIABLE = "NOTIFY_SOCKET"
PACE = 1.0  # seconds between two STATUS lines


class Notify:
    """The channel to the service manager; every call is a no-op when there is none."""

    def __init__(self) -> None:
        self._manager = SystemdNotifier()
        self.address = os.environ.pop(VARIABLE, "")
        self._said = ""
        self._said_at = 0.0

    def ready(self, status: str) -> None:
        self._said = status
        self._manager.notify(f"READY=1\nSTATUS={status}")

    def reloading(self) -> None:
        usec = time.clock_gettime_ns(time.CLOCK_MONOTONIC) // 1000
        self._manager.notify(f"RELOADING=1\nMONOTONIC_USEC={usec}")

    def stopping(self, status: str) -> None:
        self._manager.notify(f"STOPPING=1\nSTATUS={status}")

    def patience(self, seconds: float) -> None:
        """Starting takes longer: do not give up on us yet."""
        self._manager.notify(f"EXTEND_TIMEOUT_USEC={int(seconds * 1_000_000)}")

    def status(self, text: str) -> float | None:
        """Say it when it is news; None, or in how many seconds it may be said."""
        if text == self._said:
            return None
        left = self._said_at + PACE - time.monotonic()
        if left > 0:
            return left
        self._said, self._said_at = text, time.monotonic()
        self._manager.notify(f"STATUS={text}")
        return None
