"""Lines in log files of our own, in the classic form.

Opened for appending, one write per line, so several processes may share a file.  It is opened anew
when the name no longer leads to it, so logrotate needs to tell nobody.  A file that is made gets
mode 0640 whatever the umask, and belongs to the account that serves, even where root is still to
become it: root opens nothing in a place where another account may have laid a link.

Touches: clock, disk, processes.
"""

from __future__ import annotations

import errno
import os
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from functools import cache
from pathlib import Path

from pymta.journal.event import Event, Stream
from pymta.journal.line import stamped
from pymta.journal.stamp import PLAIN, Stamp

MODE = 0o640
DIRECTORY_MODE = 0o750
# Non-blocking, in case the name is a pipe that nobody reads.
_FLAGS = os.O_WRONLY | os.O_APPEND | os.O_NONBLOCK | os.O_CLOEXEC
NOBODY = (-1, -1)


class FileSink:
    """Lines to `path`, or with ``%s`` in it to one file for each stream of an event.

    `owner` are uid and gid of whom the files belong to, where we may still be root.  `trouble`
    says why a line could not be written.
    """

    def __init__(self, path: str, stamp: Stamp = PLAIN, *, owner: tuple[int, int] = NOBODY) -> None:
        self._stamp = stamp
        names = {stream: path.replace("%s", stream.value, 1) for stream in Stream}
        files = {name: _LogFile(Path(name), owner) for name in names.values()}
        self._files = {stream: files[name] for stream, name in names.items()}
        self._distinct = cache(self._find_distinct)
        self.trouble = ""

    def put(self, event: Event) -> bool:
        line = stamped(event, self._stamp())
        self.trouble = ""
        for file in self._distinct(event.streams):
            try:
                file.append(line)
            except OSError as error:  # no permission, disk full: the next sink takes it
                self.trouble = f"{file.path}: {error.strerror}"
        return not self.trouble

    def descriptors(self) -> tuple[int, ...]:
        return tuple(file.fd for file in self._distinct(tuple(Stream)) if file.fd >= 0)

    def close(self) -> None:
        for file in self._distinct(tuple(Stream)):
            file.close()

    def _find_distinct(self, streams: tuple[Stream, ...]) -> tuple[_LogFile, ...]:
        return tuple(dict.fromkeys(self._files[stream] for stream in streams))


class _LogFile:
    """One file, open from its first line on."""

    def __init__(self, path: Path, owner: tuple[int, int]) -> None:
        self.path = path
        self._name = str(path)
        self.fd = -1
        self._owner = owner
        self._identity = (0, 0)
        self._is_torn = False

    def append(self, line: bytes) -> None:
        """Raises OSError."""
        self._open_if_moved()
        # On a full disk a line goes out in part; the next starts on a line of its own.
        data = b"\n" + line if self._is_torn else line
        sent = os.write(self.fd, data)
        self._is_torn = sent < len(data)
        if self._is_torn:
            raise OSError(errno.ENOSPC, "a line was written in part")

    def close(self) -> None:
        if self.fd >= 0:
            os.close(self.fd)
            self.fd = -1

    def _open_if_moved(self) -> None:
        if self.fd >= 0 and self._is_in_place():
            return
        self.close()
        with _as(self._owner):
            self.fd = _open(self.path)
        self._is_torn = False
        found = os.fstat(self.fd)
        self._identity = (found.st_dev, found.st_ino)

    def _is_in_place(self) -> bool:
        try:
            found = os.stat(self._name)  # noqa: PTH116 (for each line; a Path takes longer)
        except (FileNotFoundError, NotADirectoryError):
            return False
        return (found.st_dev, found.st_ino) == self._identity


def _open(path: Path) -> int:
    """The file, made if it is missing, in a directory that is made if it is missing."""
    with suppress(FileNotFoundError):
        return os.open(path, _FLAGS)
    with suppress(FileExistsError):
        path.parent.mkdir(DIRECTORY_MODE)
        path.parent.chmod(DIRECTORY_MODE)  # whatever the umask
    try:
        fd = os.open(path, _FLAGS | os.O_CREAT | os.O_EXCL, MODE)
    except FileExistsError:  # another process was quicker
        return os.open(path, _FLAGS)
    os.fchmod(fd, MODE)
    return fd


@contextmanager
def _as(owner: tuple[int, int]) -> Iterator[None]:
    """What is done within is done by the owner, when we are root and the owner is not."""
    uid, gid = owner
    if uid <= 0 or os.geteuid() != 0:
        yield
        return
    groups, root_group = os.getgroups(), os.getegid()
    try:
        os.setgroups([gid])
        os.setegid(gid)
        os.seteuid(uid)
        yield
    finally:
        os.seteuid(0)
        os.setegid(root_group)
        os.setgroups(groups)
