"""The spool's directories, made when they are missing and open while the spool is in use.

They are opened at the first use, hence after the fork, so that a process which never touches
the spool holds no descriptor of it.

The file `host` holds the random number that makes ids differ between hosts whose process ids and
clocks agree.  It is made last, when all directories and their names are synced.  So whoever
finds it knows that a power cut takes no directory away with the first message in it, even if the
process that made them was stopped half-way.

The file `format` is for later: a pymta that keeps messages in another way will write its number
there, and this one then touches nothing.  Where it is missing the format is 1.

Touches: disk.
"""

from __future__ import annotations

import errno
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

from pymta.dataclass import dataclass
from pymta.mail.message_id import HOST_BITS
from pymta.spool.disk import Disk
from pymta.spool.paths import CORRUPT, FORMAT, HOST, INCOMING, JOURNAL, QUEUE
from pymta.spool.queues import Queues
from pymta.spool.store import SpoolError

OUR_FORMAT = 1

Roll = Callable[[], int]


@dataclass(frozen=True, slots=True)
class Places:
    """Descriptors of the spool directory and of those in it, on one disk; the host's number."""

    disk: Disk
    top: int
    incoming: int
    queues: Queues
    journal: int
    corrupt: int
    host: int


@dataclass(frozen=True, slots=True)
class Queued:
    """A message that was seen in a queue; `queue` is the descriptor of that directory."""

    places: Places
    queue: int
    id: str


def find_queued(places: Places, id: str) -> Queued | None:
    queue = places.queues.find(id)
    return None if queue is None else Queued(places, queue, id)


def open_places(disk: Disk, directory: Path, roll: Roll) -> Places:
    """Open the spool; make it when there is none.  `roll` gives a number of `HOST_BITS`."""
    try:
        return _open(disk, directory)
    except FileNotFoundError:
        _make(disk, directory, roll)
        return _open(disk, directory)


def close_places(places: Places) -> None:
    places.queues.close()
    for fd in (places.top, places.incoming, places.journal, places.corrupt):
        places.disk.close(fd)


def _open(disk: Disk, directory: Path) -> Places:
    """FileNotFoundError: something is missing, or the number is damaged."""
    fds = [disk.open_directory(str(directory), follow=True)]
    try:
        read_format(disk, fds[0])
        host = read_host(disk, fds[0])
        for name in (INCOMING, QUEUE, JOURNAL, CORRUPT):
            fds.append(disk.open_directory(str(directory / name), follow=False))  # noqa: PERF401 (closed below if one fails)
    except BaseException:
        for fd in fds:
            disk.close(fd)
        raise
    top, incoming, queue, journal, corrupt = fds
    queues = Queues(disk, directory, top, queue)
    return Places(disk, top, incoming, queues, journal, corrupt, host)


def _make(disk: Disk, directory: Path, roll: Roll) -> None:
    for path in (directory, *(directory / name for name in (INCOMING, QUEUE, JOURNAL, CORRUPT))):
        with suppress(FileExistsError):
            disk.make_directory(str(path))
    for path in (directory.parent, directory):
        fd = disk.open_directory(str(path), follow=True)
        try:
            disk.sync(fd)
            if path == directory:
                _keep_number(disk, fd, roll() & ((1 << HOST_BITS) - 1))
        finally:
            disk.close(fd)


def _keep_number(disk: Disk, top: int, number: int) -> None:
    """Whole or not at all: written under a name that nobody reads, then linked."""
    draft = f"{HOST}.{number}"
    with suppress(FileNotFoundError):  # of a process with the same luck that was stopped here
        disk.unlink(top, draft)
    fd = disk.create(top, draft)
    try:
        disk.write(fd, b"%d\n" % number)
        disk.sync(fd)
    finally:
        disk.close(fd)
    try:
        disk.link(top, draft, top, HOST)
    except FileExistsError:  # another process was quicker, or a damaged one stands there
        with suppress(FileNotFoundError):
            read_host(disk, top)
            disk.unlink(top, draft)
            return
        disk.rename(top, draft, top, HOST)
    else:
        disk.unlink(top, draft)
    disk.sync(top)


def read_host(disk: Disk, top: int) -> int:
    """The number of this host.  FileNotFoundError: there is none, or it is damaged."""
    fd = disk.open(top, HOST)
    try:
        text = disk.read(fd, 32, 0)
    finally:
        disk.close(fd)
    digits = text.removesuffix(b"\n")
    # Only ASCII digits, and never more than fit: int() alone is far more generous.
    if not digits or digits.strip(b"0123456789") or int(digits) >> HOST_BITS:
        raise FileNotFoundError("the number of this host is damaged")
    return int(digits)


def read_format(disk: Disk, top: int) -> None:
    """Raises SpoolError where a newer pymta keeps this spool in a way that we do not know."""
    if disk.look(top, FORMAT) is None:
        return
    fd = disk.open(top, FORMAT)
    try:
        text = disk.read(fd, 32, 0)
    finally:
        disk.close(fd)
    if text != b"%d\n" % OUR_FORMAT:
        found = text.strip()[:16].decode("ascii", "backslashreplace")
        raise SpoolError(
            errno.EPROTONOSUPPORT,
            f"the spool has format {found}, and this pymta knows {OUR_FORMAT} alone: it is left as"
            " it is, for a newer one",
        )
