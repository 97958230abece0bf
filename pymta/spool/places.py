"""The spool's directories, made when they are missing and open while the spool is in use.

They are opened at the first use, hence after the fork, so that a process which never touches
the spool holds no descriptor of it.

Touches: disk.
"""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from pymta.mail.message_id import HOST_BITS
from pymta.spool.disk import Disk
from pymta.spool.paths import CORRUPT, HOST, INCOMING, JOURNAL, QUEUE


@dataclass(frozen=True, slots=True)
class Places:
    """Descriptors of the spool directory and of those in it, on one disk."""

    disk: Disk
    top: int
    incoming: int
    queue: int
    journal: int
    corrupt: int


def open_places(disk: Disk, directory: Path) -> Places:
    _make(disk, str(directory))
    top = disk.open_directory(str(directory), follow=True)
    made = [_make(disk, str(directory / n)) for n in (INCOMING, QUEUE, JOURNAL, CORRUPT)]
    if any(made):  # else a power cut could take queue/ away with the first message in it
        disk.sync(top)
    return Places(
        disk,
        top,
        *(
            disk.open_directory(str(directory / name), follow=False)
            for name in (INCOMING, QUEUE, JOURNAL, CORRUPT)
        ),
    )


def close_places(places: Places) -> None:
    for fd in (places.top, places.incoming, places.queue, places.journal, places.corrupt):
        places.disk.close(fd)


def host_number(places: Places, roll: Callable[[int], int], pid: int) -> int:
    """The random number of this spool, made at the first start by `roll(bits)`.

    It makes ids differ between hosts whose process ids and clocks agree.
    """
    kept = _kept_number(places)
    if kept is not None:
        return kept
    draft = f"{HOST}.{pid}"
    with suppress(FileNotFoundError):  # of a process that was stopped in here
        places.disk.unlink(places.top, draft)
    number = roll(HOST_BITS)
    _write_number(places, draft, number)
    try:
        places.disk.link(places.top, draft, places.top, HOST)
    except FileExistsError:  # another process was quicker, or the file is damaged
        number = _kept_number(places) or number
    places.disk.unlink(places.top, draft)
    places.disk.sync(places.top)
    return number


def _write_number(places: Places, name: str, number: int) -> None:
    fd = places.disk.create(places.top, name)
    try:
        places.disk.write(fd, b"%d\n" % number)
        places.disk.sync(fd)
    finally:
        places.disk.close(fd)


def _kept_number(places: Places) -> int | None:
    try:
        fd = places.disk.open(places.top, HOST)
    except FileNotFoundError:
        return None
    try:
        text = places.disk.read(fd, 32, 0)
    finally:
        places.disk.close(fd)
    digits = text.removesuffix(b"\n")
    # Only ASCII digits, and never more than fit: int() alone is far more generous.
    if not digits or digits.strip(b"0123456789") or int(digits) >> HOST_BITS:
        return None
    return int(digits)


def _make(disk: Disk, path: str) -> bool:
    try:
        disk.make_directory(path)
    except FileExistsError:
        return False
    return True
