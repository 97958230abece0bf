"""A seat among the deliveries to one destination, over all processes of this host.

A seat is a lock on one byte of the file STATE/run/seats: where the byte lies follows from the name
of the destination and the number of the seat, so the file stays empty however many destinations
there are.  A lock ends with the process that holds it, however that ends; no count can be left
wrong.  Two names whose bytes fall together, which a hash of 47 bits hardly ever lets happen, would
share their seats.

The locks are those of open file descriptions (F_OFD_SETLK): another descriptor of the same file
that somebody closes does not end them.

Touches: disk.
"""

from __future__ import annotations

import fcntl
import os
import struct
from contextlib import suppress
from functools import lru_cache
from hashlib import blake2b
from pathlib import Path

MOST = 1 << 16  # seats of one destination
_FLAGS = os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW | os.O_CLOEXEC
_FLOCK = "hhqqi4x" if struct.calcsize("P") == 8 else "hhqqi"  # struct flock of fcntl(2)


class Seats:
    """Opened at its first use, hence after a fork, and anew in a process that inherited it."""

    def __init__(self, directory: Path) -> None:
        self._path = directory / "seats"
        self._fd = -1
        self._pid = 0

    def take(self, name: str, most: int) -> int | None:
        """The number of a seat that is ours until `leave`; None: all are taken.

        Raises OSError when the directory cannot be used.
        """
        for number in range(min(most, MOST)):
            if self._lock(fcntl.F_WRLCK, _offset(name, number)):
                return number
        return None

    def leave(self, name: str, number: int) -> None:
        with suppress(OSError):
            self._lock(fcntl.F_UNLCK, _offset(name, number))

    def close(self) -> None:
        if self._fd >= 0 and self._pid == os.getpid():
            os.close(self._fd)
        self._fd = -1

    def _lock(self, kind: int, offset: int) -> bool:
        lock = struct.pack(_FLOCK, kind, os.SEEK_SET, offset, 1, 0)
        try:
            fcntl.fcntl(self._opened(), fcntl.F_OFD_SETLK, lock)
        except BlockingIOError:
            return False
        return True

    def _opened(self) -> int:
        if self._fd < 0 or self._pid != os.getpid():
            with suppress(FileExistsError):
                self._path.parent.mkdir(mode=0o700)
            self._fd, self._pid = os.open(self._path, _FLAGS, 0o600), os.getpid()
        return self._fd


@lru_cache(maxsize=256)  # who takes a seat leaves it, and the next message goes the same way
def _offset(name: str, number: int) -> int:
    digest = blake2b(name.encode("utf-8", "surrogateescape"), digest_size=8).digest()
    return (int.from_bytes(digest, "big") >> 17 << 16) + number
