"""Into a Maildir, safe against a pulled plug: tmp/, synced, renamed into new/, synced.

The file name follows from the message and its recipient, so an attempt repeated after a crash
replaces the file of the first one instead of doubling it.  (A reader who had moved the first away
from new/ in between sees it twice: the window is between our rename and our record.)

    steps                                   stopped before the next one
    1  write tmp/NAME, sync it              a file in tmp/ that the repeated attempt removes
    2  rename it to new/NAME                delivered; repeated, and replaced by the same
    3  sync new/                            likewise; a power cut may still undo step 2
    4  return: the caller records it        delivered; repeated, and replaced by the same

Directories are made with mode 0700 and files with 0600.  A directory's entry in its parent is
synced once by each process, even when an earlier one made it: that one may have been stopped
before it had synced.

Touches: disk.
"""

from __future__ import annotations

import hashlib
import os
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from pymta.config.addresses import is_local_part
from pymta.mail.message_id import arrival_time
from pymta.mail.trace import delivered_to, return_path
from pymta.transport.line_ends import with_lf
from pymta.transport.parcel import Parcel

_DIRECTORY = os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC
_NEW_FILE = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC


class Maildirs:
    """All mailboxes below one directory, ``ROOT/<mailbox>/``."""

    def __init__(self, root: Path) -> None:
        self._root = root
        self._synced: set[str] = set()

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
                os.unlink(name, dir_fd=tmp)
            try:
                _write(tmp, name, with_lf(_content(parcel)))
                if not parcel.is_mine():
                    os.unlink(name, dir_fd=tmp)
                    return False
                os.rename(name, name, src_dir_fd=tmp, dst_dir_fd=new)
            except BaseException:
                with suppress(OSError):
                    os.unlink(name, dir_fd=tmp)
                raise
            os.fsync(new)
        return True

    @contextmanager
    def _opened(self, mailbox: str) -> Iterator[tuple[int, int]]:
        """Descriptors of tmp/ and new/ of a mailbox that is there for good."""
        is_synced = mailbox in self._synced
        with (
            _directory(self._root) as root,
            _below(root, mailbox) as box,
            _below(box, "tmp") as tmp,
            _below(box, "new") as new,
            _below(box, "cur"),
        ):
            if not is_synced:
                os.fsync(box)
                os.fsync(root)
                _sync(self._root.parent)
                self._synced.add(mailbox)
            yield tmp, new


def file_name(id: str, recipient: str) -> str:
    """``1795362000.1wIcRd-000000012Tz-1abc-5b2f0c9d1e7a.pymta``: arrival, id, whom it is for.

    The id is unique across hosts, so no host name is needed where a Maildir usually has one.
    """
    whom = hashlib.sha256(recipient.encode()).hexdigest()[:12]
    return f"{arrival_time(id)}.{id}-{whom}.pymta"


def _content(parcel: Parcel) -> Iterator[bytes]:
    yield (return_path(parcel.sender) + delivered_to(parcel.recipients[0])).encode("ascii")
    yield from parcel.content()


def _write(directory: int, name: str, blocks: Iterable[bytes]) -> None:
    fd = os.open(name, _NEW_FILE, 0o600, dir_fd=directory)
    try:
        for block in blocks:
            _write_all(fd, block)
        os.fsync(fd)
    finally:
        os.close(fd)


def _write_all(fd: int, block: bytes) -> None:
    rest = memoryview(block)
    while rest:
        rest = rest[os.write(fd, rest) :]


@contextmanager
def _directory(path: Path) -> Iterator[int]:
    with suppress(FileExistsError):
        path.mkdir(mode=0o700)
    fd = os.open(path, _DIRECTORY)
    try:
        yield fd
    finally:
        os.close(fd)


@contextmanager
def _below(parent: int, name: str) -> Iterator[int]:
    with suppress(FileExistsError):
        os.mkdir(name, 0o700, dir_fd=parent)
    fd = os.open(name, _DIRECTORY, dir_fd=parent)
    try:
        yield fd
    finally:
        os.close(fd)


def _sync(path: Path) -> None:
    fd = os.open(path, _DIRECTORY)
    try:
        os.fsync(fd)
    finally:
        os.close(fd)
