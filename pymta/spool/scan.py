"""Look at the queue from outside: who waits, and one message without a claim.

Touches: disk.
"""

from __future__ import annotations

import errno
from collections.abc import Iterator
from contextlib import contextmanager

from pymta.dataclass import dataclass
from pymta.mail.message_id import is_id
from pymta.spool.disk import Disk
from pymta.spool.fold import fold
from pymta.spool.journal_lines import Journal
from pymta.spool.opened import Opened, open_queued, read_body, read_journal, read_message
from pymta.spool.places import Places
from pymta.spool.store import Message, Seal, SpoolError, Waiting, refusing


def ids(places: Places, queue: str) -> list[str]:
    """Names only.  Ids sort as text in the order of arrival."""
    with refusing("cannot list the queue"):
        at = places.queues.get(queue)
        names = [] if at is None else places.disk.names(at)
    return sorted(filter(is_id, names))


def scan(places: Places, queue: str) -> Iterator[Waiting]:
    """Names and times only, of this queue only."""
    for id in ids(places, queue):
        with refusing(f"cannot look at message {id}"):
            journal = places.disk.look(places.journal, id)
        if journal is None:
            yield Waiting(id, due=0.0, is_first=True)
        else:
            yield Waiting(id, due=journal.modified, is_first=False)


@dataclass(frozen=True, slots=True)
class Reading:
    """A message of which every octet is there to be read, whoever settles it meanwhile."""

    seal: Seal
    blocks: Iterator[bytes]  # as received; SpoolError at the end when it was not what was sealed


@contextmanager
def reading(places: Places, id: str) -> Iterator[Reading | None]:
    """Without a claim, so that nobody's attempt fails on whoever takes his time to read."""
    with _readable(id):
        found = open_queued(places, id)
    if found is None:
        yield None
        return
    _, fd = found
    try:
        with _readable(id):
            opened = read_message(places.disk, fd)
        yield Reading(opened.seal, _blocks(places.disk, fd, id, opened))
    finally:
        places.disk.close(fd)


def peek(places: Places, id: str) -> Message | None:
    """The message as it stands, while somebody else may work on it."""
    with _readable(id):
        return _read(places, id)


@contextmanager
def _readable(id: str) -> Iterator[None]:
    with refusing(f"cannot read message {id}"):
        try:
            yield
        except ValueError as error:
            raise SpoolError(errno.EBADMSG, f"message {id}: {error}") from error


def _blocks(disk: Disk, fd: int, id: str, opened: Opened) -> Iterator[bytes]:
    with _readable(id):
        yield from read_body(disk, fd, opened)


def _read(places: Places, id: str) -> Message | None:
    found = open_queued(places, id)
    if found is None:
        return None
    queued, fd = found
    try:
        opened = read_message(places.disk, fd)
    finally:
        places.disk.close(fd)
    records = _journal(places, id).records
    if places.disk.look(queued.queue, id) is None:  # settled meanwhile, and its journal with it
        return None
    state = fold(len(opened.envelope.recipients), records, opened.seal.frozen)
    return Message(id, opened.envelope, opened.seal, state, records)


def _journal(places: Places, id: str) -> Journal:
    try:
        fd = places.disk.open(places.journal, id)
    except FileNotFoundError:
        return Journal()
    try:
        return read_journal(places.disk, fd)
    finally:
        places.disk.close(fd)
