"""Changes to the password file: one account at a time, everything else stays to the octet.

Whoever logs in meanwhile sees the file as it was, or as it will be; of two who change it at the
same time one waits for the other.

Touches: disk.
"""

from __future__ import annotations

import fcntl
import os
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from pymta.accounts.password_line import Entry, parse_line
from pymta.dataclass import dataclass

MODE = 0o640


class EditError(Exception):
    """The account is there already, or is not; the argument is for whoever typed it."""


@dataclass(frozen=True, slots=True)
class Line:
    """Of the file, counted from 1: an account, or what is wrong."""

    number: int
    entry: Entry | None
    fault: str = ""


def lines(data: bytes) -> Iterator[Line]:
    """Those that say something.  A second one of a name is of no use, and so is the first."""
    names = Counter(raw.partition(b":")[0] for raw in data.split(b"\n"))
    for number, raw in enumerate(data.split(b"\n"), 1):
        try:
            entry = parse_line(raw.removesuffix(b"\r").decode())
        except ValueError as error:
            yield Line(number, None, str(error))
            continue
        if entry and names[raw.partition(b":")[0]] > 1:
            yield Line(number, None, f"{entry.name} stands there more than once")
        elif entry:
            yield Line(number, entry)


def added(data: bytes, entry: Entry) -> bytes:
    """Raises EditError."""
    if _places(data, entry.name):
        raise EditError(f"{entry.name} is there already; `pymta user passwd` changes its password")
    end = b"" if not data or data.endswith(b"\n") else b"\n"
    return data + end + str(entry).encode() + b"\n"


def changed(data: bytes, entry: Entry) -> bytes:
    """Fields that are another program's stay.  Raises EditError."""
    rows = data.split(b"\n")
    place = _only(data, entry.name)
    _, _, *others = rows[place].removesuffix(b"\r").decode().split(":")
    if others and others[0].startswith("{"):
        others = others[1:]
    if others and entry.hash and entry.verifier:
        raise EditError(f"{entry.name} has fields of another program, so it can have one scheme")
    rows[place] = ":".join([str(entry), *others]).encode()
    return b"\n".join(rows)


def removed(data: bytes, name: str) -> bytes:
    """All its lines.  Raises EditError."""
    places = _places(data, name)
    if not places:
        raise _unknown(name)
    return b"\n".join(row for n, row in enumerate(data.split(b"\n")) if n not in places)


def current(data: bytes, name: str) -> Entry | None:
    """What is kept of it now; None where that is of no use."""
    try:
        return parse_line(data.split(b"\n")[_only(data, name)].removesuffix(b"\r").decode())
    except ValueError:
        return None


def edit(path: Path, change: Callable[[bytes], bytes], gid: int) -> bytes:
    """Put the file as `change` makes it in place of what is there; what stands there now.

    A new file belongs to us and to group `gid`, which may read it.  Raises OSError, and what
    `change` raises.
    """
    real = Path(os.path.realpath(path))
    with _locked(real, gid) as file:
        before = _all(file)
        after = change(before)
        if after != before:
            _replace(real, after, os.fstat(file))
    return after


@contextmanager
def _locked(path: Path, gid: int) -> Iterator[int]:
    """The file that has the name now: whoever waited for the lock may hold a former one."""
    while True:
        fd = _opened(path, gid)
        try:
            fcntl.flock(fd, fcntl.LOCK_EX)
            if os.path.samestat(os.fstat(fd), os.stat(path)):  # noqa: PTH116 - beside fstat
                yield fd
                return
        except FileNotFoundError:
            continue
        finally:
            os.close(fd)


def _opened(path: Path, gid: int) -> int:
    flags = os.O_RDONLY | os.O_CLOEXEC
    try:
        return os.open(path, flags)
    except FileNotFoundError:
        fd = os.open(path, flags | os.O_CREAT, MODE)
        if os.geteuid() == 0:
            os.fchown(fd, -1, gid)
        os.fchmod(fd, MODE)  # whatever the umask
        return fd


def _all(fd: int) -> bytes:
    with os.fdopen(os.dup(fd), "rb") as file:
        return file.read()


def _replace(path: Path, data: bytes, like: os.stat_result) -> None:
    """All of it or nothing, with the owner and the rights of what was there."""
    fresh = path.with_name(f".{path.name}.{os.getpid()}")
    fresh.unlink(missing_ok=True)
    fd = os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
    try:
        with os.fdopen(fd, "wb") as file:
            file.write(data)
            if os.geteuid() == 0:
                os.fchown(fd, like.st_uid, like.st_gid)
            os.fchmod(fd, like.st_mode & 0o777)
            file.flush()
            os.fsync(fd)
        fresh.replace(path)
    except OSError:
        fresh.unlink(missing_ok=True)
        raise
    directory = os.open(path.parent, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        os.fsync(directory)
    finally:
        os.close(directory)


def _places(data: bytes, name: str) -> list[int]:
    start = name.encode() + b":"
    return [n for n, row in enumerate(data.split(b"\n")) if row.startswith(start)]


def _only(data: bytes, name: str) -> int:
    places = _places(data, name)
    if not places:
        raise _unknown(name)
    if len(places) > 1:
        raise EditError(f"{name} stands there more than once; `pymta user remove` takes all out")
    return places[0]


def _unknown(name: str) -> EditError:
    return EditError(f"{name} is not there; `pymta user add` makes it")
