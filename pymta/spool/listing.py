"""A whole queue in glances, most of them as the last listing has seen them.

A message never changes, so what was read of it is true while its name is in the queue.  What has
become of its recipients is in its journal, which only grows, so a journal of the same size, last
changed at the same time, says the same.  A listing of many messages leaves what it has read in a
file beside the queue; for the next one that is a stat(2) for each message instead of two files to
read, which takes two fifths of the time.  To write it takes a quarter more, so the first listing
only says that there was one, and the second writes.

The file is a cache.  Nothing in it is believed without these signs, nobody syncs it, and where it
is missing, damaged or of another version, a listing only takes longer.

    pymta-listing 1
    CRC [[id, [size, changed], sender, recipients, …], …]       blocks, in the order of ids

Touches: disk, clock.
"""

from __future__ import annotations

import json
import time
import zlib
from bisect import bisect_right
from collections.abc import Callable, Iterator
from contextlib import suppress
from typing import Any

from pymta.spool import scan
from pymta.spool.disk import STEPS, Disk
from pymta.spool.glance import glance
from pymta.spool.paths import listing_of
from pymta.spool.places import Places
from pymta.spool.store import Glance, SpoolError

FEWEST = 1000  # messages of a queue; fewer are read as quickly
ROWS = 500  # of a block: what is read and written at once, or copied as it is
ABANDONED = 3600.0  # seconds after which a new file is nobody's any more

_VERSION = b"pymta-listing 1\n"
_PIECE = 1 << 20  # bytes
_NO_JOURNAL = [-1, 0]
_AS_JSON = json.JSONEncoder(separators=(",", ":"), check_circular=False)

Row = list[Any]  # as JSON has it: id and signs, then the rest of a glance
Trouble = Callable[[SpoolError], None]


def glances(places: Places, queue: str, trouble: Trouble) -> Iterator[Glance]:
    """Every message of one queue, in the order of arrival.  `trouble` hears of those that cannot be
    read; they hide no others.
    """
    ids = scan.ids(places, queue)
    view = _View(places, queue, trouble)
    name = listing_of(queue)
    if len(ids) < FEWEST or _is_first(places.disk, places.top, name):
        yield from (found for id in ids if (found := view.read(id)))
        return
    notes = _Notes(places.disk, places.top, name)
    done = 0
    try:
        for line in _lines(places.disk, places.top, name):
            noted = _decoded(line)
            if not noted:
                break
            end = bisect_right(ids, noted[-1][0], done)
            shown, rows = view.look(ids[done:end], noted)
            yield from shown
            notes.keep(rows, line if rows == noted else b"")
            done = end
        while done < len(ids):
            shown, rows = view.look(ids[done : done + ROWS], [])
            yield from shown
            if rows:
                notes.keep(rows)
            done += ROWS
        notes.finish()
    finally:
        notes.close()


class _View:
    """Messages of one queue, as they were noted where that still holds."""

    def __init__(self, places: Places, queue: str, trouble: Trouble) -> None:
        self._places, self._queue, self._trouble = places, queue, trouble

    def look(self, ids: list[str], noted: list[Row]) -> tuple[list[Glance], list[Row]]:
        """What there is to show, and what to note of it."""
        stamp, journal = self._places.disk.stamp, self._places.journal
        known = {row[0]: row for row in noted}
        shown, rows = [], []
        for id in ids:
            row, signs = known.get(id), stamp(journal, id) or _NO_JOURNAL
            if row is not None and row[1] == signs:
                rows.append(row)
                shown.append(_glance_of(row))
            # Its journal was looked at first: one that grows meanwhile shows other signs next time.
            elif found := self.read(id):
                shown.append(found)
                if _are_steady(signs):
                    rows.append(_row_of(found, signs))
        return shown, rows

    def read(self, id: str) -> Glance | None:
        try:
            return glance(self._places, self._queue, id)
        except SpoolError as error:
            self._trouble(error)
            return None


class _Notes:
    """The next file, which takes the place of the last when it is complete and says anything new.

    What goes wrong with it is nobody's trouble: there will be none.
    """

    def __init__(self, disk: Disk, top: int, name: str) -> None:
        self._disk, self._top, self._name = disk, top, name
        self._new = f"{name}.new"
        self._is_new = False  # something in it
        self._fd = self._begin()
        self._write(_VERSION)

    def keep(self, rows: list[Row], line: bytes = b"") -> None:
        """A block; `line` is that of the last file where it says the same."""
        self._is_new |= not line
        if rows:
            self._write(line or _encoded(rows))

    def finish(self) -> None:
        if self._fd is not None and self._is_new:
            with suppress(OSError):
                self._disk.rename(self._top, self._new, self._top, self._name)
                self._disk.close(self._fd)
                self._fd = None

    def close(self) -> None:
        """What was not finished is of no use."""
        if self._fd is not None:
            self._disk.close(self._fd)
            self._fd = None
            with suppress(OSError):
                self._disk.unlink(self._top, self._new)

    def _begin(self) -> int | None:
        try:
            return self._disk.create(self._top, self._new)
        except FileExistsError:  # another listing is at it, or one was killed
            with suppress(OSError):
                found = self._disk.look(self._top, self._new)
                if found and time.time() - found.modified > ABANDONED:
                    self._disk.unlink(self._top, self._new)
        except OSError:
            pass
        return None

    def _write(self, line: bytes) -> None:
        if self._fd is not None:
            try:
                self._disk.write(self._fd, line)
            except OSError:
                self.close()


def _is_first(disk: Disk, top: int, name: str) -> bool:
    """Has nobody listed this queue before?  From now on somebody has."""
    try:
        fd = disk.create(top, name)
    except FileExistsError:
        return False
    except OSError:
        return True
    try:
        with suppress(OSError):
            disk.write(fd, _VERSION)
    finally:
        disk.close(fd)
    return True


def _lines(disk: Disk, top: int, name: str) -> Iterator[bytes]:
    """Those of the last file, each with its end, but for the first; none where there is none."""
    try:
        fd = disk.open(top, name)
    except OSError:
        return
    try:
        with suppress(OSError):
            if disk.facts(fd).is_regular and disk.read(fd, len(_VERSION), 0) == _VERSION:
                yield from _split(disk, fd, len(_VERSION))
    finally:
        disk.close(fd)


def _split(disk: Disk, fd: int, offset: int) -> Iterator[bytes]:
    """A line without its end was cut off."""
    rest = b""
    while piece := disk.read(fd, _PIECE, offset):
        offset += len(piece)
        *lines, rest = (rest + piece).split(b"\n")
        for line in lines:
            yield line + b"\n"


def _encoded(rows: list[Row]) -> bytes:
    text = _AS_JSON.encode(rows).encode("ascii")
    return b"%08x %s\n" % (zlib.crc32(text), text)


def _decoded(line: bytes) -> list[Row]:
    """Nothing where the line is damaged."""
    crc, _, text = line.rstrip(b"\n").partition(b" ")
    if crc != b"%08x" % zlib.crc32(text):
        return []
    rows: list[Row] = json.loads(text)
    return rows


def _row_of(found: Glance, signs: list[int]) -> Row:
    return [
        *(found.id, signs, found.sender, found.recipients, found.received_at),
        *(found.queue, found.size, found.frozen, found.held),
    ]


def _glance_of(row: Row) -> Glance:
    id, _, sender, recipients, received_at, queue, size, frozen, held = row
    who = tuple([(address, waits) for address, waits in recipients])
    return Glance(id, sender, who, received_at, queue, size, frozen, held)


def _are_steady(signs: list[int]) -> bool:
    """A change right after this one may get the same time, which goes in steps."""
    return signs == _NO_JOURNAL or time.time_ns() - signs[1] > STEPS
