"""One message in a glance: what a line of a listing says of it, with as few reads as can be.

A listing of a hundred thousand messages spends its time here, so nothing is decoded that it does
not show: of the seal only whether the message came frozen, of the journal no line that merely put
somebody off.  What guards a file against damage is looked at all the same.

Touches: disk.
"""

from __future__ import annotations

import errno

from pymta.spool import journal_lines
from pymta.spool.disk import Disk
from pymta.spool.fold import fold
from pymta.spool.opened import LARGEST_JOURNAL, open_message, read_all
from pymta.spool.outcomes import Record
from pymta.spool.places import Places
from pymta.spool.record import FOOTER, OPENING, Brief, brief_of_head, decode_layout, frozen_in_seal
from pymta.spool.store import Glance, SpoolError, standing

# Bytes of a file that are read at first: all of most messages, and their whole journal.  A second
# read and the question how large the file is cost more than to copy so many.
_START = 16 * 1024
_END = 2048  # bytes of its end: seal and footer of all but a few
_DEFERRED = b'{"is":"Deferred",'  # neither settles nor adds anybody


def glance(places: Places, queue: str, id: str) -> Glance | None:
    """None: it has gone.  Raises SpoolError, as `pymta.spool.scan.peek`."""
    at = places.queues.get(queue)
    if at is None:
        return None
    try:
        return _glance(places, at, id)
    except ValueError as error:
        raise SpoolError(errno.EBADMSG, f"message {id}: {error}") from error
    except OSError as error:
        what = f"cannot read message {id}: {error.strerror or error}"
        raise SpoolError(error.errno, what) from error


def _glance(places: Places, at: int, id: str) -> Glance | None:
    disk = places.disk
    fd = open_message(disk, at, id)
    if fd is None:
        return None
    try:
        brief, size, frozen = _read(disk, fd)
    finally:
        disk.close(fd)
    records = _records(places, id)
    if records is None and disk.look(at, id) is None:  # settled, and its journal gone with it
        return None
    held = ""
    if records:
        state = fold(len(brief.recipients), records, frozen)
        recipients, frozen, held = standing(brief.recipients, state), state.frozen, state.held
    else:
        recipients = tuple([(address, True) for address in brief.recipients])
    return Glance(
        id, brief.sender, recipients, brief.received_at, brief.queue_name, size, frozen, held
    )


def _read(disk: Disk, fd: int) -> tuple[Brief, int, str]:
    """What the envelope says, the size of the message, and why it came frozen."""
    end = start = disk.read(fd, _START, 0)
    size, end_at = len(start), 0
    if size == _START:
        size = disk.facts(fd).size
        end_at = max(size - _END, 0)
        end = disk.read(fd, _END, end_at)
    layout = decode_layout(start[:OPENING], end[-FOOTER:], size)
    head = start[: layout.body_start]
    if layout.body_start > len(start):
        head = read_all(disk, fd, layout.body_start, 0)
    at = layout.seal_start - end_at
    seal = end[at : at + layout.seal_length]
    if at < 0:
        seal = read_all(disk, fd, layout.seal_length, layout.seal_start)
    return brief_of_head(head, layout), layout.body_length, frozen_in_seal(seal, layout)


def _records(places: Places, id: str) -> tuple[Record, ...] | None:
    """Those that may say more than when somebody is tried again; None: there is no journal."""
    disk = places.disk
    try:
        fd = disk.open(places.journal, id)
    except FileNotFoundError:
        return None
    try:
        content = disk.read(fd, _START, 0)
        if len(content) == _START:
            facts = disk.facts(fd)
            if not facts.is_regular or facts.size > LARGEST_JOURNAL:
                raise ValueError("not a journal")
            content = read_all(disk, fd, facts.size, 0)
    finally:
        disk.close(fd)
    return journal_lines.decode(content, without=_DEFERRED).records
