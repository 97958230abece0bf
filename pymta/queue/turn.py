"""May this run begin, where several clocks and hands start runs over one queue?

The alarm of the daemon, pymta-queue.timer and people do not know of each other.  What they share is
a file for each queue, STATE/run/queue or queue.NAME: a lock on it, and in it a stamp, the time when
a run began.  Only runs that come to the whole queue have to do with it:

    who starts it                  takes the lock    stamps   does not begin when
    the alarm                      with others       no       somebody has it alone, or a run of
                                                              another kind has begun within the
                                                              interval of the alarm
    a unit; a command in place of  alone             yes      anybody has it
      a daemon that does not run
    a command, by hand or by way   with others, if   yes      never: who asks for it gets it
      of the daemon                it can be had

So alarm runs overlap as `queue_run_max` allows (QR-03), and where alarm and timer are both on, one
of the two does the work: no run of the timer begins beside one of the alarm, and the alarm skips
its ticks for as long as the timer comes round within its interval.  When the timer stops, the alarm
is back within two intervals.  Runs over a part of a queue (-qi, -R, ids, ...) go beside all others:
what they are for would not be done by the one under way, and no message is in two hands anyway.

The lock is a record lock of fcntl(2), which no child inherits and which ends with its process: a
delivery worker that outlives its run holds up nobody.  It also ends when its process closes any
descriptor of the file; a run opens it once, and nobody else does.

To clear the spool of what stopped processes left is a matter of turns as well: it looks at the
journals of all queues, so that runs over a small queue every minute would mostly do that.

Touches: disk.
"""

from __future__ import annotations

import fcntl
import os
from contextlib import suppress
from enum import Enum
from pathlib import Path

from pymta.channel.selection import Selection

SWEEP_PACE = 600.0  # seconds between two sweeps; what they clear is in nobody's way
_LONGEST = 32  # bytes of a stamp
_FLAGS = os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW | os.O_CLOEXEC


class NotYet(Enum):
    """Why a run does not begin."""

    UNDER_WAY = "another one is under way"
    RECENT = "another one has begun within the interval"


class Turn:
    """A run that may go on, until `leave` or the end of the process."""

    def __init__(self, fd: int = -1) -> None:
        self._fd = fd

    def leave(self) -> None:
        if self._fd >= 0:
            fd, self._fd = self._fd, -1
            os.close(fd)


def take_turn(directory: Path, selection: Selection, now: float, *, alone: bool) -> Turn | NotYet:
    """`now` in seconds since the epoch.  Never waits.  Raises OSError: the directory is no use."""
    if not selection.is_whole:
        return Turn()
    with suppress(FileExistsError):
        directory.mkdir(mode=0o700)
    name = f"queue.{selection.queue}" if selection.queue else "queue"
    fd = os.open(directory / name, _FLAGS, 0o600)
    try:
        wait = _wait(fd, selection, now, alone=alone)
    except BaseException:
        os.close(fd)
        raise
    if wait is None:
        return Turn(fd)
    os.close(fd)
    return wait


def takes_sweep(directory: Path, now: float) -> bool:
    """Is it up to this run to clear the spool?"""
    try:
        fd = os.open(directory / "swept", _FLAGS, 0o600)
    except OSError:  # the directory is not there yet; once too often does no harm
        return True
    try:
        if 0 <= now - _stamp(fd) < SWEEP_PACE:
            return False
        _write_stamp(fd, now)
        return True
    finally:
        os.close(fd)


def _wait(fd: int, selection: Selection, now: float, *, alone: bool) -> NotYet | None:
    has_lock = _lock(fd, fcntl.LOCK_EX if alone else fcntl.LOCK_SH)
    is_alarm = selection.interval > 0
    if not has_lock and (alone or is_alarm):
        return NotYet.UNDER_WAY
    if not is_alarm:
        _write_stamp(fd, now)
        return None
    # A stamp ahead of us was written before the clock was set back.
    return NotYet.RECENT if 0 <= now - _stamp(fd) < selection.interval else None


def _lock(fd: int, how: int) -> bool:
    try:
        fcntl.lockf(fd, how | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


def _write_stamp(fd: int, now: float) -> None:
    """A disk that is full keeps nobody from delivering: without a stamp a run comes too often."""
    text = f"{now:017.3f}\n".encode()
    with suppress(OSError):
        os.pwrite(fd, text, 0)
        os.ftruncate(fd, len(text))


def _stamp(fd: int) -> float:
    """Seconds since the epoch; far in the past when no run has begun yet."""
    try:
        return float(os.pread(fd, _LONGEST, 0))
    except ValueError:
        return float("-inf")
