"""What systemd hears: READY, STATUS, RELOADING, STOPPING, and what it is to keep (sd_notify).

The text must be ASCII: one other byte loses the whole datagram, READY=1 included.  STATUS goes
out at most once a second.  Only the supervisor says anything; the variable is taken out of the
environment, so that no child can.

Touches: environment, sockets, clock.
"""

from __future__ import annotations

import contextlib
import os
import socket
import time
from collections.abc import Callable

from sdnotify import SystemdNotifier

VARIABLE = "NOTIFY_SOCKET"
PACE = 1.0  # seconds between two STATUS lines


class Notify:
    """The channel to the service manager; every call is a no-op when there is none."""

    def __init__(self) -> None:
        # The library would leave a socket open when it finds no address.
        self._manager = SystemdNotifier() if os.environ.get(VARIABLE) else None
        self.address = os.environ.pop(VARIABLE, "")
        self._said: object = None
        self._said_at = 0.0

    def starting(self, status: str) -> None:
        """What keeps us from being ready (BL-06)."""
        self._tell(f"STATUS={_safe(status)}")

    def ready(self, status: str) -> None:
        self._tell(f"READY=1\nSTATUS={_safe(status)}")

    def reloading(self) -> None:
        usec = time.clock_gettime_ns(time.CLOCK_MONOTONIC) // 1000
        self._tell(f"RELOADING=1\nMONOTONIC_USEC={usec}")

    def stopping(self, status: str) -> None:
        self._tell(f"STOPPING=1\nSTATUS={_safe(status)}")

    def patience(self, seconds: float) -> None:
        """Starting takes longer: do not give up on us yet."""
        self._tell(f"EXTEND_TIMEOUT_USEC={int(seconds * 1_000_000)}")

    def status(self, facts: Callable[[], object], text: Callable[[], str]) -> float | None:
        """Say it when the facts are news; None, or in how many seconds it may be said.

        This is asked in every turn, and often there is nobody to say it to.
        """
        if self._manager is None or (now := facts()) == self._said:
            return None
        left = self._said_at + PACE - time.monotonic()
        if left > 0:
            return left
        self._said, self._said_at = now, time.monotonic()
        self._tell(f"STATUS={_safe(text())}")
        return None

    def keep(self, fd: int, name: str) -> None:
        """A copy of this descriptor waits with systemd for our successor, if the unit allows it.

        Not a second one, when it is there already.  A manager that has gone is no fault of ours.
        """
        if self._manager and self._manager.socket:
            text = f"FDSTORE=1\nFDNAME={name}".encode("ascii")
            with contextlib.suppress(OSError):
                socket.send_fds(self._manager.socket, [text], [fd])

    def forget(self, name: str) -> None:
        """That copy is to be closed."""
        self._tell(f"FDSTOREREMOVE=1\nFDNAME={name}")

    def _tell(self, text: str) -> None:
        if self._manager:
            self._manager.notify(text)


def _safe(status: str) -> str:
    """On one line, since each line is an assignment.  A complaint may quote any text of a file."""
    return " ".join(status.encode("ascii", "replace").decode("ascii").splitlines())
