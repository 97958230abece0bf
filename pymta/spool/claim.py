"""One process per message: the lock on its file, and what its holder may do.

A lock is on a file, not on a name.  Between our open and our lock the message may have been
settled, so what was got is compared with what the name means now.  The lock ends with the
process that holds it; nobody ever has to find out whether a holder is dead.

Touches: disk.
"""

from __future__ import annotations

import errno
import os
from collections.abc import Iterator, Sequence
from contextlib import suppress

from pymta.spool import journal_lines
from pymta.spool.alarm import alarm
from pymta.spool.aside import Tell, set_aside
from pymta.spool.disk import Facts
from pymta.spool.fold import fold, step
from pymta.spool.journal_lines import Journal
from pymta.spool.opened import Opened, open_queued, read_body, read_journal, read_message
from pymta.spool.outcomes import Record, State
from pymta.spool.places import Places, Queued, find_queued
from pymta.spool.settled import Settled
from pymta.spool.store import NewerFormatError, SpoolError, refusing

# Bytes that one attempt may add to a journal: some replies of hosts, and numbers of recipients.
_ROOM = 4096
_ROOM_EACH = 16


def take_claim(places: Places, id: str, tell: Tell, settled: Settled) -> FileClaim | None:
    """None: gone, in other hands, or unreadable and now set aside."""
    with refusing(f"cannot claim message {id}"):
        return _open_and_lock(places, id, tell, settled)


def _open_and_lock(places: Places, id: str, tell: Tell, settled: Settled) -> FileClaim | None:
    disk = places.disk
    try:
        found = open_queued(places, id)
    except ValueError as error:  # nothing to lock; whoever renames it first tells it
        if queued := find_queued(places, id):
            set_aside(queued, str(error), tell)
        return None
    if found is None:
        return None
    queued, fd = found
    claim = None
    try:
        if disk.lock(fd):
            facts = disk.facts(fd)
            if _is_linked(queued, facts.inode):
                claim = _read_or_set_aside(queued, fd, facts, tell, settled)
    finally:
        if claim is None:
            disk.close(fd)
    return claim


def _read_or_set_aside(
    queued: Queued, fd: int, facts: Facts, tell: Tell, settled: Settled
) -> FileClaim | None:
    try:
        opened = read_message(queued.places.disk, fd, facts)
        pen = Pen(queued)
    except NewerFormatError as error:
        what = f"message {queued.id}: {error}; it waits for a newer pymta"
        raise SpoolError(errno.EPROTONOSUPPORT, what) from error
    except ValueError as error:
        set_aside(queued, str(error), tell)
        return None
    return FileClaim(queued, fd, facts.inode, opened, pen, tell=tell, settled=settled)


def _is_linked(queued: Queued, inode: tuple[int, int]) -> bool:
    return queued.places.disk.inode(queued.id, queued.queue) == inode


class Pen:
    """Writes the journal of a claimed message, which exists only once there is a record."""

    def __init__(self, queued: Queued) -> None:
        self._disk = queued.places.disk
        self._queue = queued.queue
        self._directory = queued.places.journal
        self._id = queued.id
        self._fd: int | None = None
        self._is_broken = False
        self._is_named = False
        self.journal = Journal()
        with suppress(FileNotFoundError):
            self._fd = self._disk.open_to_append(self._directory, self._id)
            self._read(self._fd)

    @property
    def exists(self) -> bool:
        return self._fd is not None

    def append(self, records: Sequence[Record], due: float) -> None:
        """All or none, synced before it returns.  After one failure this pen writes no more."""
        if self._is_broken:
            raise SpoolError(errno.EIO, f"the journal of {self._id} failed before")
        line = journal_lines.encode(*records)
        if self._fd is None:
            self._fd = self._disk.create(self._directory, self._id)
        try:
            self._put(self._fd, line, due)
            if not self._is_named:  # who created it may have been stopped before this
                self._disk.sync(self._directory)
                self._is_named = True
        except OSError:
            self._is_broken = True
            with suppress(OSError):  # a part of a line would be ignored anyway
                self._disk.cut(self._fd, self.journal.good)
            raise

    def prepare(self, recipients: int, *, owes_report: bool) -> None:
        """Take room for the records of an attempt: blanks, which read as a torn record.

        A single recipient needs none: when it goes well the message is removed, and that works on a
        full disk too.  Not so where the sender is to be told of it
        (`owes_report`): that is recorded before the removal.
        """
        if recipients <= 1 and not owes_report:
            if not self._disk.is_writable(self._queue):
                raise OSError(errno.EROFS, os.strerror(errno.EROFS))
            return
        if self._fd is None:
            self._fd = self._disk.create(self._directory, self._id)
        try:
            self._drop_torn(self._fd)
            self._disk.write(self._fd, b" " * (_ROOM + _ROOM_EACH * recipients))
        except OSError:
            self._is_broken = True
            with suppress(OSError):
                self._disk.cut(self._fd, self.journal.good)
            raise

    def close(self) -> None:
        if self._fd is not None:
            fd, self._fd = self._fd, None
            self._disk.close(fd)

    def _put(self, fd: int, line: bytes, due: float) -> None:
        self._drop_torn(fd)
        good = self.journal.good
        text = line if good else journal_lines.HEADER + line
        self._disk.write(fd, text)
        self._disk.set_time(fd, due)  # after the write, which sets it too
        self._disk.sync(fd)
        self.journal = Journal(good=good + len(text))

    def _drop_torn(self, fd: int) -> None:
        """A record of a process that was stopped, or the blanks of `prepare`."""
        if self._disk.facts(fd).size > self.journal.good:
            self._disk.cut(fd, self.journal.good)

    def _read(self, fd: int) -> None:
        try:
            self.journal = read_journal(self._disk, fd)
        except BaseException:
            self.close()
            raise


class FileClaim:
    """A message in our hands, until `finish` or `release`."""

    def __init__(
        self,
        queued: Queued,
        fd: int,
        inode: tuple[int, int],
        opened: Opened,
        pen: Pen,
        *,
        tell: Tell,
        settled: Settled,
    ) -> None:
        self.id = queued.id
        self.envelope = opened.envelope
        self.seal = opened.seal
        self._queued = queued
        self._disk = queued.places.disk
        self._fd: int | None = fd
        self._inode = inode
        self._opened = opened
        self._pen = pen
        self._tell = tell
        self._settled = settled
        self._state = fold(len(self.envelope.recipients), pen.journal.records, self.seal.frozen)

    @property
    def state(self) -> State:
        return self._state

    def blocks(self) -> Iterator[bytes]:
        fd = self._held()
        with refusing(f"cannot read message {self.id}"):
            try:
                yield from read_body(self._disk, fd, self._opened)
            except ValueError as error:
                set_aside(self._queued, str(error), self._tell)
                raise SpoolError(errno.EBADMSG, f"message {self.id}: {error}") from error

    def prepare(self) -> None:
        self._held()
        with refusing(f"cannot record what will happen to message {self.id}"):
            owes_report = any(one.wants_success for one in self.envelope.recipients)
            self._pen.prepare(len(self._state.pending), owes_report=owes_report)

    def note(self, *records: Record) -> None:
        self._held()
        later = step(self._state, *records)
        with refusing(f"cannot record what happened to message {self.id}"):
            self._pen.append(records, alarm(later, records[-1].at, self.envelope.received_at))
        self._state = later

    def is_mine(self) -> bool:
        self._held()
        with refusing(f"cannot look at message {self.id}"):
            return _is_linked(self._queued, self._inode)

    def finish(self) -> bool:
        self._held()
        is_left = False
        with refusing(f"cannot remove message {self.id}"):
            with suppress(FileNotFoundError):
                self._disk.unlink(self._queued.queue, self.id)
            if self._pen.exists:
                is_left = self._settled.add(self._queued)
        self.release()
        return is_left

    def release(self) -> None:
        if self._fd is not None:
            fd, self._fd = self._fd, None
            with suppress(OSError):  # every record is synced: nothing hangs on the close
                self._pen.close()
            with suppress(OSError):
                self._disk.close(fd)

    def _held(self) -> int:
        if self._fd is None:
            raise SpoolError(errno.EBADF, f"message {self.id} is claimed no more")
        return self._fd
