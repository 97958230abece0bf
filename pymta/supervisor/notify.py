"""What systemd hears: READY, STATUS, WATCHDOG and so on, and what it is to keep (sd_notify).

A datagram is read whole or not at all: one byte that is not ASCII, a NUL, or more than 4096 bytes
lose READY=1 with the text beside it.  So every text is made harmless and short first.  Figures go
out at most once a second; what changes the state of the unit goes out at once.

The supervisor never waits for the manager.  While its queue is full, what changes the state is
kept in order and tried again; a text or a sign of life is merely said anew.

Only the supervisor says anything; the variables are taken out of the environment, so that no child
can, and the next image gets them back.

Touches: environment, sockets, clock.
"""

from __future__ import annotations

import os
import socket
import time
from collections import deque
from collections.abc import Callable, Sequence

from sdnotify import SystemdNotifier

VARIABLE = "NOTIFY_SOCKET"
WATCHDOG_USEC = "WATCHDOG_USEC"
WATCHDOG_PID = "WATCHDOG_PID"
PACE = 1.0  # seconds between two STATUS lines, and between two attempts
LONGEST = 2000  # characters of a status; the manager refuses datagrams above 4096 bytes whole
_STATUS = "STATUS="
_Owed = tuple[str, tuple[int, ...]]  # a text, and the descriptors that go with it


class Notify:
    """The channel to the service manager; every call is a no-op when there is none.

    `watchdog` is within how many seconds it wants to hear of us, again and again; 0: it does not.
    """

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        # The library would leave a socket open when it finds no address.
        self._manager = _manager() if os.environ.get(VARIABLE) else None
        self._environment = {
            name: value
            for name in (VARIABLE, WATCHDOG_USEC, WATCHDOG_PID)
            if (value := os.environ.pop(name, ""))
        }
        self.watchdog = _watchdog(self._environment) if self._manager else 0.0
        self._clock = clock
        self._owed: deque[_Owed] = deque()
        self._said: object = None
        self._said_at = float("-inf")

    @property
    def is_heard(self) -> bool:
        return self._manager is not None

    def environment(self) -> dict[str, str]:
        """What the next image of this process needs to be heard."""
        return dict(self._environment)

    def starting(self, status: str) -> None:
        """What keeps us from being ready (BL-06)."""
        self._tell(_status(status))

    def ready(self, status: str) -> None:
        self._insist(f"READY=1\n{_status(status)}")

    def reloading(self) -> None:
        usec = time.clock_gettime_ns(time.CLOCK_MONOTONIC) // 1000
        self._insist(f"RELOADING=1\nMONOTONIC_USEC={usec}")

    def stopping(self, status: str) -> None:
        self._insist(f"STOPPING=1\n{_status(status)}")

    def extend(self, seconds: float) -> None:
        """A start or a stop takes so much longer from now: do not give up on us yet."""
        self._insist(f"EXTEND_TIMEOUT_USEC={int(seconds * 1_000_000)}")

    def alive(self) -> bool:
        """For the watchdog; `pymta.supervisor.pulse` says when that is true.  False: not heard."""
        return self._tell("WATCHDOG=1")

    def status(self, facts: Callable[[], object], text: Callable[[], str]) -> float | None:
        """Say it when the facts are news; None, or in how many seconds it may be said.

        This is asked in every turn, and often there is nobody to say it to.
        """
        if self._manager is None:
            return None
        if self._owed:
            self._pay()
        if (now := facts()) == self._said:
            return PACE if self._owed else None
        left = self._said_at + PACE - self._clock()
        if left > 0:
            return left
        if not self._tell(_status(text())):
            return PACE
        self._said = now
        return None

    def keep(self, fd: int, name: str) -> None:
        """A copy of this descriptor waits with systemd for our successor, if the unit allows it.

        Not a second one, when it is there already.  A manager that has gone is no fault of ours.
        """
        self._insist(f"FDSTORE=1\nFDNAME={name}", fd)

    def forget(self, name: str) -> None:
        """That copy is to be closed."""
        self._insist(f"FDSTOREREMOVE=1\nFDNAME={name}")

    def _insist(self, text: str, *fds: int) -> None:
        if self._manager:
            self._owed.append((text, fds))
            self._pay()

    def _pay(self) -> None:
        while self._owed and self._tell(*self._owed[0]):
            self._owed.popleft()

    def _tell(self, text: str, fds: Sequence[int] = ()) -> bool:
        """False: the manager had no room for it.  The library sends no descriptors."""
        if not self._manager:
            return True
        if _STATUS in text:
            self._said_at = self._clock()
        try:
            if fds:
                socket.send_fds(self._manager.socket, [text.encode("ascii")], fds)
            else:
                self._manager.notify(text)
        except (BlockingIOError, InterruptedError):
            return False
        except OSError:  # there is no manager any more, and nobody to whom it would matter
            return True
        return True


def _manager() -> SystemdNotifier | None:
    """One that tells of errors and never waits; None: the address is no use."""
    try:
        manager = SystemdNotifier(debug=True)
    except OSError:
        return None
    manager.socket.setblocking(False)
    return manager


def _watchdog(environment: dict[str, str]) -> float:
    """Seconds; 0 when it is off, or meant for another process (sd_watchdog_enabled(3))."""
    usec, pid = environment.get(WATCHDOG_USEC, ""), environment.get(WATCHDOG_PID, "")
    if not usec.isdecimal() or (pid and pid != str(os.getpid())):
        return 0.0
    return int(usec) / 1_000_000


def _status(text: str) -> str:
    """On one line, since each line is an assignment.  A complaint may quote any text of a file."""
    plain = text.encode("ascii", "replace").decode("ascii")
    line = "".join(c if c.isprintable() else " " for c in plain)
    return _STATUS + (line if len(line) <= LONGEST else f"{line[: LONGEST - 4]} ...")
