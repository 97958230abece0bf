"""Into an mbox: locked, appended, synced; on failure it is as it was before.

Two locks are held, as Debian wants of every program (Policy 11.6): that of fcntl(2) first, then the
file NAME.lock.  None is waited for while the other is held, so nobody's order can block ours.  The
lock of a process that was killed is no lock: the kernel takes the first away, and of the second the
file tells whose it was, and how old it is.

    steps                                   stopped before the next one
    1  lock twice                           NAME.lock is left, of a process that is dead
    2  append the message                   a part of it stays; a repeated attempt appends it whole
    3  sync file and directory; is it       delivered; repeated, and there twice
       still wanted?
    4  unlock, return: the caller records   likewise

Between two of the calls that may fail, the file is cut back to what it was.  A kill in the middle
of step 2 is all that can leave a part behind; a Maildir has no such moment.

Neither a link nor a file with a second name is written to, nor anything but a regular file, nor a
file that belongs to somebody else.

Touches: disk, clock.
"""

from __future__ import annotations

import errno
import fcntl
import os
import stat
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager, suppress
from itertools import chain
from pathlib import Path

from pymta.spool.disk import Disk
from pymta.transport.from_lines import quoted

PATIENCE = 20.0  # seconds for the locks
PAUSE = 0.1  # seconds until they are tried again
LOCK = ".lock"
# Seconds after which a lock has been forgotten, whoever has made it, as in lockfile(3).
FORGOTTEN = 300.0


class LockedError(OSError):
    """Somebody else has the mailbox; EAGAIN."""

    def __init__(self, path: Path) -> None:
        super().__init__(errno.EAGAIN, f"{path} is locked by another program")


class Mbox:
    """The file `name` in `directory`, which is there.  `mode` is for a new one.

    `follow`: the directory may be a link.  `patience` is in seconds.
    """

    def __init__(
        self,
        directory: Path,
        name: str,
        *,
        mode: int = 0o600,
        follow: bool = False,
        disk: Disk | None = None,
        patience: float = PATIENCE,
    ) -> None:
        self._directory = directory
        self._name = name
        self._mode = mode
        self._follow = follow
        self._disk = disk or Disk()
        self._patience = patience

    def store(self, first: bytes, blocks: Iterable[bytes], is_mine: Callable[[], bool]) -> bool:
        """Append a message behind the line `first` (`pymta.transport.from_lines`).

        `is_mine` is asked before anybody else can see it.  False: it said no, and nothing is
        delivered.  Raises OSError; nothing is visible then either.
        """
        directory = self._disk.open_directory(str(self._directory), follow=self._follow)
        try:
            with self._locked(directory) as fd:
                return self._append(directory, fd, chain([first], quoted(blocks)), is_mine)
        finally:
            self._disk.close(directory)

    def _append(
        self, directory: int, fd: int, blocks: Iterable[bytes], is_mine: Callable[[], bool]
    ) -> bool:
        size = self._disk.facts(fd).size
        try:
            for block in chain([self._gap(fd, size)], blocks):
                self._disk.write(fd, block)
            self._disk.sync(fd)
            # Each time: who made the file may have been killed before he came to this.
            self._disk.sync(directory)
            is_to_stay = is_mine()
        except BaseException:
            with suppress(OSError):
                self._take_back(fd, size)
            raise
        if not is_to_stay:
            self._take_back(fd, size)
        return is_to_stay

    def _take_back(self, fd: int, size: int) -> None:
        self._disk.cut(fd, size)
        self._disk.sync(fd)

    def _gap(self, fd: int, size: int) -> bytes:
        """What is missing between a message that somebody left there and ours."""
        end = self._disk.read(fd, 2, max(0, size - 2))
        if not end or end == b"\n\n":
            return b""
        return b"\n" if end.endswith(b"\n") else b"\n\n"

    @contextmanager
    def _locked(self, directory: int) -> Iterator[int]:
        """The open file; both locks are held."""
        until = time.monotonic() + self._patience
        while True:
            fd = self._opened(directory)
            try:
                lock = self._lock(directory, fd)
                if lock is not None:
                    try:
                        yield fd
                    finally:
                        self._unlock(directory, lock)
                    return
            finally:
                self._disk.close(fd)
            if time.monotonic() >= until:
                raise LockedError(self._directory / self._name)
            time.sleep(PAUSE)

    def _opened(self, directory: int) -> int:
        try:
            fd = self._disk.open_to_append(directory, self._name)
        except FileNotFoundError:
            fd = self._disk.create(directory, self._name)
            os.fchmod(fd, self._mode)
        try:
            self._look_at(fd)
        except BaseException:
            self._disk.close(fd)
            raise
        return fd

    def _look_at(self, fd: int) -> None:
        found = os.fstat(fd)
        path = self._directory / self._name
        if not stat.S_ISREG(found.st_mode):
            raise OSError(errno.EINVAL, f"{path} is no regular file")
        if found.st_uid != os.geteuid():
            raise OSError(errno.EPERM, f"{path} belongs to uid {found.st_uid}")
        if found.st_nlink > 1:
            raise OSError(errno.EMLINK, f"{path} has more than one name")

    def _lock(self, directory: int, fd: int) -> int | None:
        """Take both locks, or none; for `_unlock`."""
        try:
            fcntl.lockf(fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except (BlockingIOError, PermissionError):
            return None
        lock = self._take_lock_file(directory)
        if lock is None:
            return None  # the other lock ends with the descriptor
        is_there = False
        try:
            # Whoever had the locks before may have put another file in its place.
            is_there = self._is_named(directory, self._name, fd)
        finally:
            if not is_there:
                self._unlock(directory, lock)
        return lock if is_there else None

    def _unlock(self, directory: int, lock: int) -> None:
        """Who was slow may have been taken for dead, and the lock be somebody else's by now.

        As long as ours is open, no other file can have its inode.
        """
        try:
            with suppress(OSError):
                if self._is_named(directory, self._name + LOCK, lock):
                    self._disk.unlink(directory, self._name + LOCK)
        finally:
            self._disk.close(lock)

    def _is_named(self, directory: int, name: str, fd: int) -> bool:
        found = self._disk.look(directory, name)
        return found is not None and found.inode == self._disk.facts(fd).inode

    def _take_lock_file(self, directory: int) -> int | None:
        """The open file; None: another one is there."""
        name = self._name + LOCK
        try:
            fd = self._disk.create(directory, name)
        except FileExistsError:
            if self._is_forgotten(directory, name):
                with suppress(FileNotFoundError):
                    self._disk.unlink(directory, name)
            return None  # taken at the next try, so that two who find it do not both have it
        try:
            self._disk.write(fd, b"%d\n" % os.getpid())
        except BaseException:
            self._unlock(directory, fd)
            raise
        return fd

    def _is_forgotten(self, directory: int, name: str) -> bool:
        """We hold the other lock, so a program that takes both is not at work."""
        found = self._disk.look(directory, name)
        if found is None:
            return False
        try:
            fd = self._disk.open(directory, name)
        except OSError:
            text = b""
        else:
            try:
                text = self._disk.read(fd, 32, 0).strip()
            finally:
                self._disk.close(fd)
        is_old = time.time() - found.modified > FORGOTTEN
        return is_old or (text.isdigit() and not _is_alive(int(text)))


def _is_alive(pid: int) -> bool:
    if pid == 0:
        return True  # nobody's; kill(2) would take it for our own group
    try:
        os.kill(pid, 0)
    except (ProcessLookupError, OverflowError):
        return False
    except OSError:
        return True  # somebody else's
    return True
