"""The pid file: for scripts that know no service manager (BG-03…BG-06, N-21).

Root writes it, perhaps into a directory that belongs to another user, so nothing that lies there is
trusted.  A file is replaced only when it looks like a pid file and like nothing else: plain, one
name, mode 0644, digits and a line end.  It is never written through: the old name goes, and a new
file takes its place.  It is removed only while it holds our own pid.

A pid file that cannot be written costs a remark and nothing else (BG-05).

Touches: disk.
"""

from __future__ import annotations

import os
import re
import stat
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from pymta.dataclass import dataclass

MODE = 0o644  # BG-05, regardless of the umask
LONGEST = 20  # bytes; a pid has at most seven digits
_PID = re.compile(rb"[0-9]+\n")


@dataclass(frozen=True, slots=True)
class Found:
    """What stands under the name now; `content` its first bytes."""

    is_plain: bool
    links: int
    mode: int
    content: bytes


def may_replace(found: Found) -> bool:
    """Is this a pid file, and nothing that somebody would miss?"""
    return (
        found.is_plain
        and found.links == 1
        and found.mode == MODE
        and _PID.fullmatch(found.content) is not None
    )


def may_remove(found: Found, pid: int) -> bool:
    """Is it still ours?"""
    return found.is_plain and found.content == b"%d\n" % pid


def write(path: Path, pid: int) -> str:
    """Put our pid there; "" when it is there, else why not, for the log."""
    try:
        with _directory(path) as at:
            found = _look(path.name, at)
            if found and may_remove(found, pid):
                return ""
            if found and not may_replace(found):
                return f"{path}: this is no pid file, it stays as it is"
            if found:
                os.unlink(path.name, dir_fd=at)
            _create(path.name, at, pid)
    except OSError as error:
        return f"{path}: {error.strerror}"
    return ""


def remove(path: Path, pid: int) -> None:
    """Take it away if it is ours and we may; else it stays, as the classic one always did."""
    try:
        with _directory(path) as at:
            found = _look(path.name, at)
            if found and may_remove(found, pid):
                os.unlink(path.name, dir_fd=at)
    except OSError:
        return


@contextmanager
def _directory(path: Path) -> Iterator[int]:
    """Every step names this very directory, wherever its name leads by then."""
    at = os.open(path.parent, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        yield at
    finally:
        os.close(at)


def _look(name: str, at: int) -> Found | None:
    flags = os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC
    try:
        fd = os.open(name, flags, dir_fd=at)
    except FileNotFoundError:
        return None
    try:
        status = os.fstat(fd)
        is_plain = stat.S_ISREG(status.st_mode)
        content = os.read(fd, LONGEST) if is_plain else b""
        return Found(is_plain, status.st_nlink, stat.S_IMODE(status.st_mode), content)
    finally:
        os.close(fd)


def _create(name: str, at: int, pid: int) -> None:
    flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC
    fd = os.open(name, flags, MODE, dir_fd=at)
    try:
        os.fchmod(fd, MODE)
        os.write(fd, b"%d\n" % pid)
    finally:
        os.close(fd)
