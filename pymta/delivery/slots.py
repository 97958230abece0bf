"""A place among the deliveries of this host.

At most `deliver_max` delivery workers run at once, those of the daemon and of all queue runs
together.  A place is the lock on one of the files STATE/run/deliver.N; it ends with the process
that holds it, however that ends, so no count can ever be left wrong.  The files stay empty and are
never removed: a lock on a removed file would be no lock.

Touches: disk, clock.
"""

from __future__ import annotations

import fcntl
import os
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

PAUSE = 0.05  # seconds between looks
_FLAGS = os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW | os.O_CLOEXEC


class Place:
    """A place that is ours until `leave` or the end of the process."""

    def __init__(self, fd: int) -> None:
        self._fd = fd

    def leave(self) -> None:
        os.close(self._fd)


def wait_for_place(
    directory: Path,
    most: int,
    *,
    patience: float,
    clock: Callable[[], float],
    sleep: Callable[[float], None],
) -> Place | None:
    """A place, or None when all have been taken for `patience` seconds.

    Raises OSError when the directory cannot be used.
    """
    until = clock() + patience
    while (place := take_place(directory, most)) is None:
        if clock() >= until:
            return None
        sleep(PAUSE)
    return place


def take_place(directory: Path, most: int) -> Place | None:
    """A free place at once, or None.  Raises OSError when the directory cannot be used."""
    with suppress(FileExistsError):
        directory.mkdir(mode=0o700)
    for number in range(most):
        fd = os.open(directory / f"deliver.{number}", _FLAGS, 0o600)
        try:
            fcntl.flock(fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            os.close(fd)
        except BaseException:
            os.close(fd)
            raise
        else:
            return Place(fd)
    return None
