"""A place among the deliveries of this host.

At most `deliver_max` delivery workers run at once, those of the daemon and of all queue runs
together.  The last places are for new local mail alone: who has got one of those has it for one
message, unless another becomes free.

A place is the lock on one of the files STATE/run/deliver.N; it ends with the process that holds it,
however that ends, so no count can ever be left wrong.  The files stay empty and are never removed:
a lock on a removed file would be no lock.

Touches: disk, clock.
"""

from __future__ import annotations

import fcntl
import os
from collections.abc import Callable, Sequence
from contextlib import suppress
from pathlib import Path

PAUSE = 0.05  # seconds between looks
_FLAGS = os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW | os.O_CLOEXEC


class Place:
    """A place that is ours until `leave` or the end of the process."""

    def __init__(self, fd: int, number: int) -> None:
        self._fd = fd
        self.number = number

    def change_to(self, other: Place) -> None:
        """Have that one in place of this."""
        os.close(self._fd)
        self._fd, self.number = other._fd, other.number

    def leave(self) -> None:
        os.close(self._fd)


def wait_for_place(
    directory: Path,
    numbers: Sequence[int],
    *,
    patience: float,
    clock: Callable[[], float],
    sleep: Callable[[float], None],
) -> Place | None:
    """One of these places, or None when all have been taken for `patience` seconds.

    Raises OSError when the directory cannot be used.
    """
    until = clock() + patience
    while (place := take_place(directory, numbers)) is None:
        if clock() >= until:
            return None
        sleep(PAUSE)
    return place


def take_place(directory: Path, numbers: Sequence[int]) -> Place | None:
    """A free place at once, or None.  Raises OSError when the directory cannot be used."""
    with suppress(FileExistsError):
        directory.mkdir(mode=0o700)
    for number in numbers:
        fd = os.open(directory / f"deliver.{number}", _FLAGS, 0o600)
        try:
            fcntl.flock(fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            os.close(fd)
        except BaseException:
            os.close(fd)
            raise
        else:
            return Place(fd, number)
    return None
