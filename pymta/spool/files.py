"""The spool as files on one host: `store.Spool`, kept by the rules of `states`.

Touches: disk, clock, randomness.
"""

from __future__ import annotations

import errno
import os
import secrets
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, nullcontext, suppress
from pathlib import Path

from pymta.journal.event import Event
from pymta.load.reading import Room
from pymta.mail.envelope import DEFAULT_QUEUE, Envelope
from pymta.mail.message_id import FRACTIONS, HOST_BITS, is_id, make_id, pid_part
from pymta.spool import scan, sweep
from pymta.spool.aside import Tell
from pymta.spool.claim import FileClaim, take_claim
from pymta.spool.disk import Disk
from pymta.spool.glance import glance
from pymta.spool.intake import FileIntake
from pymta.spool.places import Places, close_places, open_places
from pymta.spool.settled import Settled
from pymta.spool.store import Glance, Message, SpoolError, Waiting, refusing


def say_on_stderr(event: Event) -> None:
    sys.stderr.write(f"{event.queue_id} {event.text}\n")


class FileSpool:
    """Nothing is opened before the first use, so it may be made before a fork.

    `tell` hears of messages that were set aside.  `roll(bits)` gives a random number.  What is left
    to do of settled messages is done for `together` of them at once, or by `clear`.
    """

    def __init__(
        self,
        directory: Path,
        *,
        clock: Callable[[], float] = time.time,
        tell: Tell = say_on_stderr,
        disk: Disk | None = None,
        roll: Callable[[int], int] = secrets.randbits,
        together: int = 1,
    ) -> None:
        self._directory = directory
        self._clock = clock
        self._tell = tell
        self._disk = disk or Disk()
        self._roll = roll
        self._settled = Settled(together)
        self._open: Places | None = None
        self._opener = 0
        self._last_tick = 0

    def begin(self, envelope: Envelope, *, id: str = "") -> FileIntake:
        with refusing("cannot begin a message"):
            places = self._places()
            queue = places.queues.make(envelope.queue_name)
            fd, id = (self._create_reserved(id), id) if id else self._create_new(places)
            return FileIntake(places, fd, id, envelope, self._clock, queue=queue)

    def reserve(self) -> str:
        with refusing("cannot make a message id"):
            places = self._places()
            while not _is_free(places, id := self._new_id(places)):
                pass
            return id

    def holds(self, id: str) -> bool:
        if not is_id(id):
            return False
        with refusing(f"cannot look at message {id}"):
            return self._places().queues.find(id) is not None

    def claim(self, id: str) -> FileClaim | None:
        if not is_id(id):
            return None
        return take_claim(self._places(), id, self._tell, self._settled)

    def clear(self) -> None:
        with refusing("cannot drop the journals of settled messages"):
            self._settled.drop()

    def is_claimed(self, id: str) -> bool:
        """Is a process at work on it?  Whoever wants to claim it now is not kept from it."""
        with refusing(f"cannot look at message {id}"), suppress(FileNotFoundError):
            at = self._places().queues.find(id) if is_id(id) else None
            return at is not None and self._disk.is_locked(at, id)
        return False

    def peek(self, id: str) -> Message | None:
        return scan.peek(self._places(), id) if is_id(id) else None

    def glance(self, id: str, queue: str) -> Glance | None:
        return glance(self._places(), queue, id) if is_id(id) else None

    def glances(self, queue: str, trouble: Callable[[SpoolError], None]) -> Iterator[Glance]:
        from pymta.spool import listing  # noqa: PLC0415 - nobody who takes or delivers mail lists it

        return listing.glances(self._places(), queue, trouble)

    def reading(self, id: str) -> AbstractContextManager[scan.Reading | None]:
        """All of it, without a claim; None when it has gone."""
        return scan.reading(self._places(), id) if is_id(id) else nullcontext()

    def queues(self) -> tuple[str, ...]:
        with refusing("cannot list the queues"):
            return self._places().queues.names()

    def waiting(self, queue: str = DEFAULT_QUEUE) -> Iterator[Waiting]:
        return scan.scan(self._places(), queue)

    def ids(self, queue: str = DEFAULT_QUEUE) -> list[str]:
        return scan.ids(self._places(), queue)

    def room(self) -> Room:
        with refusing("cannot see what is free on the disk"):
            return self._disk.room(self._places().top)

    def sweep(self) -> int:
        with refusing("cannot clear the spool"):
            return sweep.sweep(self._places(), self._clock())

    def damaged(self) -> int:
        """How many messages were set aside, because they cannot be read."""
        with refusing("cannot look for damaged messages"):
            places = self._places()
            return sum(map(is_id, self._disk.names(places.corrupt)))

    def close(self) -> None:
        """Let go of the directories; they are opened again when they are needed."""
        if self._open is not None:
            places, self._open = self._open, None
            if self._opener == os.getpid():
                close_places(places)

    def _places(self) -> Places:
        # A forked child may have closed what it inherited, and the numbers may mean other files.
        if self._open is None or self._opener != os.getpid():
            with refusing(f"cannot open the spool directory {self._directory}"):
                self._open = open_places(self._disk, self._directory, lambda: self._roll(HOST_BITS))
            self._opener = os.getpid()
        return self._open

    def _new_id(self, places: Places) -> str:
        """Never the same twice in this process, whatever the clock does."""
        self._last_tick = max(int(self._clock() * FRACTIONS), self._last_tick + 1)
        seconds, fraction = divmod(self._last_tick, FRACTIONS)
        return make_id(seconds, pid_part(places.host, self._opener), fraction)

    def _create_new(self, places: Places) -> tuple[int, str]:
        while True:
            id = self._new_id(places)
            fd = self._create(places, id)
            if fd is not None:
                return fd, id

    def _create(self, places: Places, id: str) -> int | None:
        """A descriptor of a new incoming/ID; None: some file of this id exists."""
        try:
            fd = self._disk.create(places.incoming, id)
        except FileExistsError:
            return None
        # Nobody else can create incoming/ID while we have it, so what is free now stays free.
        is_free = False
        try:
            is_free = _is_free(places, id, but=places.incoming)
        finally:
            if not is_free:
                self._disk.close(fd)
                self._disk.unlink(places.incoming, id)
        return fd if is_free else None

    def _create_reserved(self, id: str) -> int:
        if not is_id(id):
            raise SpoolError(errno.EINVAL, "not a message id")
        # Who reserved an id is the only one to use it, one process after another (the claim of
        # the message it reports on sees to that); so a file found here was left by a dead one.
        places = self._places()
        with suppress(FileNotFoundError):
            self._disk.unlink(places.incoming, id)
        fd = self._create(places, id)
        if fd is None:
            raise SpoolError(errno.EEXIST, f"message {id} exists")
        return fd


def _is_free(places: Places, id: str, *, but: int = -1) -> bool:
    """No file of this id anywhere, except perhaps in the directory `but`."""
    for at in (places.incoming, places.journal, places.corrupt):
        if at != but and places.disk.inode(id, at) is not None:
            return False
    return places.queues.find(id) is None
