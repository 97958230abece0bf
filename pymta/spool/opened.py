"""A message file, open and checked: envelope, seal, and where the body is.

Touches: disk.
"""

from __future__ import annotations

import errno
import hashlib
from collections.abc import Iterator

from pymta.dataclass import dataclass
from pymta.mail.envelope import Envelope
from pymta.spool import journal_lines
from pymta.spool.disk import Disk, Facts
from pymta.spool.journal_lines import Journal
from pymta.spool.places import Places, Queued
from pymta.spool.record import FOOTER, OPENING, Layout, decode_head, decode_layout, decode_seal
from pymta.spool.store import Seal

BLOCK = 256 * 1024  # bytes of the body in memory at once
LARGEST_JOURNAL = 64 << 20  # bytes; four days of retries for 50 000 recipients need a third of it

_SMALL = 64 * 1024  # bytes read at the first go: all of a usual message


@dataclass(frozen=True, slots=True)
class Opened:
    """`start` is what of the file was read for that: all of a usual message."""

    envelope: Envelope
    seal: Seal
    layout: Layout
    start: bytes


def open_queued(places: Places, id: str) -> tuple[Queued, int] | None:
    """A message and its descriptor; None: it has gone.  ValueError: this is no file of ours."""
    found = places.queues.first(lambda queue: open_message(places.disk, queue, id))
    return (Queued(places, found[0], id), found[1]) if found else None


def open_message(disk: Disk, queue: int, id: str) -> int | None:
    """The same in this directory."""
    try:
        return disk.open(queue, id)
    except FileNotFoundError:
        return None
    except OSError as error:
        if error.errno in {errno.ELOOP, errno.ENXIO}:  # a symbolic link; a socket
            raise ValueError("not a regular file") from error
        raise


def read_message(disk: Disk, fd: int, facts: Facts | None = None) -> Opened:
    """Read everything but the body.  ValueError: the file is not whole."""
    facts = facts or disk.facts(fd)
    if not facts.is_regular:
        raise ValueError("not a regular file")
    start = disk.read(fd, min(facts.size, _SMALL), 0)

    def part(offset: int, length: int) -> bytes:
        if offset + length <= len(start):
            return start[offset : offset + length]
        return read_all(disk, fd, length, offset)

    footer = part(max(facts.size - FOOTER, 0), min(FOOTER, facts.size))
    layout = decode_layout(part(0, min(OPENING, facts.size)), footer, facts.size)
    envelope = decode_head(part(0, layout.body_start), layout)
    seal = decode_seal(part(layout.seal_start, layout.seal_length), layout)
    return Opened(envelope, seal, layout, start)


def read_body(disk: Disk, fd: int, opened: Opened) -> Iterator[bytes]:
    """The body in blocks; ValueError at its end when it is not what was sealed."""
    digest = hashlib.sha256()
    offset, end = opened.layout.body_start, opened.layout.seal_start
    while offset < end:
        block = opened.start[offset:end] or disk.read(fd, min(BLOCK, end - offset), offset)
        if not block:
            raise ValueError("the message is cut short")
        digest.update(block)
        offset += len(block)
        yield block
    if digest.hexdigest() != opened.seal.digest:
        raise ValueError("the message is damaged")


def read_journal(disk: Disk, fd: int) -> Journal:
    """All records of a journal file.  ValueError: it cannot be trusted."""
    facts = disk.facts(fd)
    if not facts.is_regular or facts.size > LARGEST_JOURNAL:
        raise ValueError("not a journal")
    return journal_lines.decode(read_all(disk, fd, facts.size, 0))


def read_all(disk: Disk, fd: int, length: int, offset: int) -> bytes:
    """Exactly so many bytes, or fewer when the file ends before."""
    blocks = []
    while length > 0 and (block := disk.read(fd, length, offset)):
        blocks.append(block)
        offset += len(block)
        length -= len(block)
    return b"".join(blocks)
