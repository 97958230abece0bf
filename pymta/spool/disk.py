"""The only place in the spool that opens, writes, syncs, links, renames and unlinks.

One method is one system call, so that a test disk can stop after the Nth of them, or forget
what was not synced.  Files are named by a directory's descriptor and a name without slashes; no
symbolic link is ever followed, and nothing is left open in a program that we start.

Touches: disk.
"""

from __future__ import annotations

import fcntl
import os
import stat
import time

from pymta.dataclass import dataclass
from pymta.load.reading import Room
from pymta.load.room import room

_READ = os.O_RDONLY | os.O_NOFOLLOW | os.O_CLOEXEC
_APPEND = os.O_RDWR | os.O_APPEND | os.O_NOFOLLOW | os.O_CLOEXEC
STEPS = 2_000_000_000  # nanoseconds: more than any file system's
_DIRECTORY = os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC


@dataclass(frozen=True, slots=True)
class Facts:
    """What the disk knows of a file; times in seconds since the epoch."""

    inode: tuple[int, int]  # with its device
    size: int
    modified: float
    changed: float
    is_regular: bool


@dataclass(frozen=True, slots=True)
class Rights:
    """Whose a file is, and what others may do with it."""

    uid: int
    mode: int  # of it, the permission bits


class Disk:
    """The real one.  All methods raise OSError as the system call does."""

    def make_directory(self, path: str) -> None:
        os.mkdir(path, 0o700)  # noqa: PTH102 (the system call, like its neighbours)

    def open_directory(self, path: str, *, follow: bool) -> int:
        return os.open(path, _DIRECTORY | (0 if follow else os.O_NOFOLLOW))

    def create(self, at: int, name: str) -> int:
        """A new file, open for reading and appending.  FileExistsError: the name is taken."""
        return os.open(name, _APPEND | os.O_CREAT | os.O_EXCL, 0o600, dir_fd=at)

    def open(self, at: int, name: str) -> int:
        # Somebody may have put a FIFO there; an open that waits would stop the queue.
        return os.open(name, _READ | os.O_NONBLOCK, dir_fd=at)

    def open_to_append(self, at: int, name: str) -> int:
        return os.open(name, _APPEND | os.O_NONBLOCK, dir_fd=at)

    def read(self, fd: int, count: int, offset: int) -> bytes:
        return os.pread(fd, count, offset)

    def write(self, fd: int, data: bytes) -> None:
        sent = os.write(fd, data)
        while sent < len(data):
            sent += os.write(fd, memoryview(data)[sent:])

    def cut(self, fd: int, length: int) -> None:
        os.ftruncate(fd, length)

    def set_time(self, fd: int, seconds: float) -> None:
        os.utime(fd, (seconds, seconds))

    def sync(self, fd: int) -> None:
        os.fsync(fd)

    def lock(self, fd: int) -> bool:
        """Take the lock of this file, without waiting; it ends with its descriptor."""
        try:
            fcntl.flock(fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            return False
        return True

    def is_locked(self, at: int, name: str) -> bool:
        """Asked without taking the lock, of /proc/locks.

        By the number of the file alone: some file systems name another device there than stat(2).
        """
        number = os.stat(name, dir_fd=at, follow_symlinks=False).st_ino
        with open("/proc/locks", encoding="ascii") as locks:  # noqa: PTH123 (as its neighbours)
            held = (line.split() for line in locks)
            return any(
                words[1] == "FLOCK" and words[5].endswith(f":{number}")
                for words in held
                if len(words) > 5
            )

    def facts(self, fd: int) -> Facts:
        return _facts(os.fstat(fd))

    def is_writable(self, at: int) -> bool:
        """Whether names in this directory can be changed; not on a disk that is read-only now."""
        return os.access(".", os.W_OK, dir_fd=at)

    def look(self, at: int, name: str) -> Facts | None:
        """None: there is no such name."""
        try:
            return _facts(os.stat(name, dir_fd=at, follow_symlinks=False))
        except FileNotFoundError:
            return None

    def stamp(self, at: int, name: str) -> list[int] | None:
        """Its size, and the time of its last change in nanoseconds; None: there is no such name.

        Cheaper than to look, for whoever asks of very many.
        """
        try:
            found = os.stat(name, dir_fd=at, follow_symlinks=False)
        except FileNotFoundError:
            return None
        return [found.st_size, found.st_ctime_ns]

    def inode(self, path: str, at: int | None = None) -> tuple[int, int] | None:
        """As `Facts.inode`, of the last name as it stands; None: there is nothing."""
        try:
            found = os.stat(path, dir_fd=at, follow_symlinks=False)
        except FileNotFoundError:
            return None
        return found.st_dev, found.st_ino

    def rights(self, at: int, name: str) -> Rights:
        found = os.stat(name, dir_fd=at, follow_symlinks=False)
        return Rights(found.st_uid, stat.S_IMODE(found.st_mode))

    def link(self, at: int, name: str, to: int, new: str) -> None:
        """FileExistsError: the new name is taken."""
        os.link(name, new, src_dir_fd=at, dst_dir_fd=to, follow_symlinks=False)

    def rename(self, at: int, name: str, to: int, new: str) -> None:
        os.rename(name, new, src_dir_fd=at, dst_dir_fd=to)

    def unlink(self, at: int, name: str) -> None:
        os.unlink(name, dir_fd=at)

    def names(self, at: int) -> list[str]:
        # Opened anew: a descriptor that was inherited over fork shares its place in the listing.
        fd = os.open(".", _DIRECTORY, dir_fd=at)
        try:
            return os.listdir(fd)  # noqa: PTH208 (pathlib takes no descriptor)
        finally:
            os.close(fd)

    def version(self, at: int) -> int | None:
        """Of the names in this directory: while it is the same, so are they.

        None: they have changed so lately that the next change might get the same time, which goes
        in steps.
        """
        changed = os.fstat(at).st_mtime_ns
        return changed if time.time_ns() - changed > STEPS else None

    def room(self, at: int) -> Room:
        return room(at)

    def close(self, fd: int) -> None:
        os.close(fd)


def _facts(found: os.stat_result) -> Facts:
    return Facts(
        inode=(found.st_dev, found.st_ino),
        size=found.st_size,
        modified=found.st_mtime,
        changed=found.st_ctime,
        is_regular=stat.S_ISREG(found.st_mode),
    )
