"""Only one daemon serves a state directory.

Two would put their settings into each other's place, and a reload of the one would make it the
other.  The control socket keeps them apart where both have one in the same place; but a daemon may
have none (N-22), so each holds a lock besides.  It is a record lock: children do not inherit it,
and it ends with the process, however that ends.

Touches: disk, descriptors.
"""

from __future__ import annotations

import fcntl
import os
import struct
from contextlib import suppress
from pathlib import Path

NAME = "daemon.lock"  # in STATE/run, beside the places of deliveries
_FLOCK = struct.Struct("hhqqi")  # type, whence, start, length, pid: struct flock in fcntl(2)


def take(state_directory: str) -> bool:
    """Hold it until the end of this image.  False: another process holds it.

    Raises OSError when the directory cannot be written.
    """
    path = _path(state_directory)
    with suppress(FileExistsError):
        path.parent.mkdir(mode=0o700)
    fd = os.open(path, os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW | os.O_CLOEXEC, 0o600)
    try:
        fcntl.lockf(fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        os.close(fd)
        return False
    return True  # the descriptor stays open, and with it the lock


def holder(state_directory: str) -> int:
    """The process that holds it, 0 when there is none."""
    try:
        fd = os.open(_path(state_directory), os.O_RDONLY | os.O_NOFOLLOW | os.O_CLOEXEC)
    except FileNotFoundError:
        return 0
    try:
        wanted = _FLOCK.pack(fcntl.F_WRLCK, os.SEEK_SET, 0, 0, 0)
        found, _, _, _, pid = _FLOCK.unpack(fcntl.fcntl(fd, fcntl.F_GETLK, wanted))
    finally:
        os.close(fd)
    return 0 if found == fcntl.F_UNLCK else int(pid)


def _path(state_directory: str) -> Path:
    return Path(state_directory, "run", NAME)
