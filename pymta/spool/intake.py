"""Take one message in: begin, body, commit or abandon; the steps of `states` in their order.

Small writes are gathered, so that a usual message costs one write, one sync of the file and one
of the directory.  Whatever goes wrong ends in `abandon`: a file whose sync has failed once is bad
for good (the kernel may have dropped its pages), so nobody tries again on the same one.

Touches: disk.
"""

from __future__ import annotations

import errno
import hashlib
import zlib
from collections.abc import Callable
from contextlib import suppress

from pymta.mail.envelope import Envelope
from pymta.spool.places import Places
from pymta.spool.record import encode_head, encode_tail
from pymta.spool.states import WRITER_LIMIT, is_overdue
from pymta.spool.store import Seal, SpoolError, refusing

BLOCK = 128 * 1024  # bytes gathered before they are written


class FileIntake:
    """A message on its way in; the file incoming/ID has been created by the caller as `fd`.

    `queue` is the directory of the queue that it goes to.
    """

    def __init__(
        self,
        places: Places,
        fd: int,
        id: str,
        envelope: Envelope,
        clock: Callable[[], float],
        *,
        queue: int,
    ) -> None:
        self.id = id
        self._queue = queue
        self._disk = places.disk
        self._places = places
        self._fd: int | None = fd
        self._clock = clock
        self._began = clock()
        head = encode_head(envelope)
        self._head_crc = zlib.crc32(head)
        self._body_start = len(head)
        self._gathered = bytearray(head)
        self._size = 0
        self._digest = hashlib.sha256()

    def write(self, chunk: bytes) -> None:
        self._digest.update(chunk)
        self._size += len(chunk)
        self._gathered += chunk
        if len(self._gathered) >= BLOCK:
            self._all_or_nothing(self._flush)

    def commit(self, seal: Seal) -> None:
        """From the return of this on the message is ours."""
        self._gathered += encode_tail(
            seal.of(self._size, self._digest.hexdigest()),
            seal_start=self._body_start + self._size,
            head_crc=self._head_crc,
        )
        self._all_or_nothing(self._publish)

    def abandon(self) -> None:
        """Nothing remains.  Never raises: what cannot be removed now, the sweeper removes."""
        if self._fd is None:
            return
        with suppress(OSError):
            self._disk.unlink(self._places.incoming, self.id)
        self._close()

    def _publish(self) -> None:
        self._flush()
        self._disk.sync(self._writable())
        self._disk.link(self._places.incoming, self.id, self._queue, self.id)
        try:
            with suppress(OSError):  # a second name does no harm; the sweeper takes it
                self._disk.unlink(self._places.incoming, self.id)
            self._disk.sync(self._queue)
        except OSError:
            # It may be gone after a power cut, so it was not accepted, and must not be delivered
            # after the client has been told to keep it.
            with suppress(OSError):
                self._disk.unlink(self._queue, self.id)
            raise
        self._close()

    def _flush(self) -> None:
        if is_overdue(self._began, self._clock()):
            raise SpoolError(errno.ETIMEDOUT, f"the message took more than {WRITER_LIMIT} s")
        self._disk.write(self._writable(), bytes(self._gathered))
        self._gathered.clear()

    def _all_or_nothing(self, steps: Callable[[], None]) -> None:
        try:
            with refusing(f"cannot write message {self.id}"):
                steps()
        except SpoolError:
            self.abandon()
            raise

    def _writable(self) -> int:
        if self._fd is None:
            raise SpoolError(errno.EBADF, f"message {self.id} was abandoned")
        return self._fd

    def _close(self) -> None:
        if self._fd is not None:
            fd, self._fd = self._fd, None
            with suppress(OSError):  # synced or given up: nothing hangs on it
                self._disk.close(fd)
