"""Into a Maildir, safe against a pulled plug: tmp/, synced, renamed into new/, synced.

The file name follows from the message and its recipient, so an attempt repeated after a crash
replaces the file of the first one instead of doubling it.  (A reader who had moved the first away
from new/ in between sees it twice: the window is between our rename and our record.)

    steps                                   stopped before the next one
    1  write tmp/NAME, sync it              a file in tmp/ that the repeated attempt removes
    2  rename it to new/NAME                delivered; repeated, and replaced by the same
    3  sync new/                            likewise; a power cut may still undo step 2
    4  return: the caller records it        delivered; repeated, and replaced by the same

Directories are made with mode 0700 and files with 0600.  cur/ is made last, when all others and
their names are synced.  So whoever finds it knows that a power cut takes none of them away, even if
the process that made them was stopped half-way; and a usual delivery costs two syncs, not five.

Touches: disk.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Iterator
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path

from pymta.config.addresses import is_local_part
from pymta.mail.message_id import arrival_time
from pymta.mail.trace import delivered_to, return_path
from pymta.spool.disk import Disk
from pymta.transport.line_ends import with_lf
from pymta.transport.parcel import Parcel

LEFT_AFTER = 36 * 3600  # seconds; what readers of Maildirs allow a writer, too


class Maildirs:
    """All mailboxes below one directory, ``ROOT/<mailbox>/``."""

    def __init__(self, root: Path, *, disk: Disk | None = None) -> None:
        self._root = root
        self._disk = disk or Disk()

    def store(self, mailbox: str, parcel: Parcel) -> bool:
        """Deliver to `mailbox`; `parcel` has one recipient.

        False: the claim was lost, nothing is delivered.  Raises OSError when the disk, or the
        spool that is read from, says no; nothing is visible in the mailbox then.
        """
        if not is_local_part(mailbox):  # it was looked up in the settings, which are checked
            raise ValueError(f"not a mailbox name: {mailbox!r}")
        name = file_name(parcel.id, parcel.recipients[0])
        with self._opened(mailbox) as (tmp, new):
            with suppress(FileNotFoundError):
                self._disk.unlink(tmp, name)
            try:
                self._write(tmp, name, with_lf(_content(parcel)))
                is_mine = parcel.is_mine()
                if is_mine:
                    self._disk.rename(tmp, name, new, name)
                else:
                    self._disk.unlink(tmp, name)
            except BaseException:
                with suppress(OSError):
                    self._disk.unlink(tmp, name)
                raise
            self._disk.sync(new)
        return is_mine

    @contextmanager
    def _opened(self, mailbox: str) -> Iterator[tuple[int, int]]:
        """Descriptors of tmp/ and new/ of a mailbox that is there for good."""
        path = self._root / mailbox
        with ExitStack() as held:
            try:
                fds = self._open(path, held)
            except FileNotFoundError:
                self._make(path)
                fds = self._open(path, held)
            yield fds

    def _open(self, path: Path, held: ExitStack) -> tuple[int, int]:
        """Step by step from the top: none of them may be a link to somewhere else."""
        for above in (self._root, path, path / "cur"):
            held.enter_context(self._directory(above))
        tmp = held.enter_context(self._directory(path / "tmp"))
        return tmp, held.enter_context(self._directory(path / "new"))

    def _make(self, path: Path) -> None:
        """Make what is missing, and sync also what is not: who made it may have been stopped."""
        with ExitStack() as held:
            root, box, *_ = [
                held.enter_context(self._directory(made, make=True))
                for made in (self._root, path, path / "tmp", path / "new")
            ]
            above = held.enter_context(self._directory(self._root.parent))
            for fd in (box, root, above):
                self._disk.sync(fd)
            held.enter_context(self._directory(path / "cur", make=True))

    @contextmanager
    def _directory(self, path: Path, *, make: bool = False) -> Iterator[int]:
        """Its descriptor; with `make` it is made when it is missing."""
        if make:
            with suppress(FileExistsError):
                self._disk.make_directory(str(path))
        fd = self._disk.open_directory(str(path), follow=False)
        try:
            yield fd
        finally:
            self._disk.close(fd)

    def _write(self, directory: int, name: str, blocks: Iterable[bytes]) -> None:
        fd = self._disk.create(directory, name)
        try:
            for block in blocks:
                self._disk.write(fd, block)
            self._disk.sync(fd)
        finally:
            self._disk.close(fd)


def tidy(root: Path, now: float) -> int:
    """Remove what attempts that never came back left in tmp/; how many files.

    A live one would have to be at it for longer than `LEFT_AFTER` to lose its file; the rename
    would fail then, and the message stay in the queue.  `now` in seconds since the epoch.
    """
    stale = [p for p in root.glob("*/tmp/*.pymta") if p.lstat().st_mtime < now - LEFT_AFTER]
    for path in stale:
        path.unlink(missing_ok=True)
    return len(stale)


def file_name(id: str, recipient: str) -> str:
    """``1795362000.1wIcRd-000000012Tz-1abc-5b2f0c9d1e7a.pymta``: arrival, id, whom it is for.

    The id is unique across hosts, so no host name is needed where a Maildir usually has one.
    """
    whom = hashlib.sha256(recipient.encode()).hexdigest()[:12]
    return f"{arrival_time(id)}.{id}-{whom}.pymta"


def _content(parcel: Parcel) -> Iterator[bytes]:
    yield (return_path(parcel.sender) + delivered_to(parcel.recipients[0])).encode("ascii")
    yield from parcel.content()
