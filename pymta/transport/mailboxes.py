"""The mailboxes that pymta owns: a Maildir for each below one directory, or an mbox.

Touches: disk, clock.
"""

from __future__ import annotations

import errno
import hashlib
import time
from contextlib import suppress
from functools import lru_cache
from pathlib import Path

from pymta.config.addresses import is_mailbox_name
from pymta.mail.message_id import arrival_time
from pymta.mail.trace import delivered_to, return_path
from pymta.spool.disk import Disk
from pymta.transport.from_lines import from_line
from pymta.transport.maildir import Maildir
from pymta.transport.mbox import LOCK, Mbox
from pymta.transport.parcel import Parcel

MOST_OPEN = 64  # mailboxes
LEFT_AFTER = 36 * 3600  # seconds; what readers of Maildirs allow a writer, too


class Maildirs:
    """All mailboxes below one directory, ``ROOT/<mailbox>/``; none of them a link elsewhere.

    Those that had mail last stay open, with two descriptors each.
    """

    def __init__(self, root: Path, *, disk: Disk | None = None) -> None:
        self._root = root
        self._disk = disk or Disk()
        self._open: dict[str, Maildir] = {}  # who has waited longest for mail comes first

    def store(self, mailbox: str, parcel: Parcel) -> bool:
        """Deliver to `mailbox`; `parcel` has one recipient.

        False: the claim was lost, nothing is delivered.  Raises OSError when the disk, or the
        spool that is read from, says no; nothing is visible in the mailbox then.
        """
        name = file_name(parcel.id, parcel.recipients[0])
        blocks = parcel.as_file(_head(parcel))
        return self._opened(mailbox).store(name, blocks, parcel.is_mine)

    def _opened(self, mailbox: str) -> Maildir:
        maildir = self._open.pop(mailbox, None)
        if maildir is None:
            if not is_mailbox_name(mailbox):  # it was looked up in settings, which are checked
                raise ValueError(f"not a mailbox name: {mailbox!r}")
            maildir = Maildir(self._root / mailbox, self._root.parent, disk=self._disk)
            if len(self._open) == MOST_OPEN:
                self._open.pop(next(iter(self._open))).close()
        self._open[mailbox] = maildir
        return maildir


class Mboxes:
    """All mailboxes in one directory, ``ROOT/<mailbox>``; none of them a link elsewhere."""

    def __init__(self, root: Path, *, disk: Disk | None = None) -> None:
        self._root = root
        self._disk = disk or Disk()
        self._is_there = False

    def store(self, mailbox: str, parcel: Parcel) -> bool:
        """As `Maildirs.store` does."""
        if not is_mailbox_name(mailbox):
            raise ValueError(f"not a mailbox name: {mailbox!r}")
        if mailbox.endswith(LOCK):
            raise OSError(errno.EINVAL, f"the name of a mailbox cannot end in {LOCK}")
        self._make_root()
        mbox = Mbox(self._root, mailbox, disk=self._disk)
        first = from_line(parcel.sender, time.asctime())
        return mbox.store(first, parcel.as_file(_head(parcel)), parcel.is_mine)

    def _make_root(self) -> None:
        """Once for each process: one before us may have been killed between the two steps."""
        if self._is_there:
            return
        with suppress(FileExistsError):
            self._disk.make_directory(str(self._root))
        above = self._disk.open_directory(str(self._root.parent), follow=False)
        try:
            self._disk.sync(above)
        finally:
            self._disk.close(above)
        self._is_there = True


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
    return f"{arrival_time(id)}.{id}-{_whom(recipient)}.pymta"


@lru_cache(maxsize=256)
def _whom(recipient: str) -> str:
    return hashlib.sha256(recipient.encode()).hexdigest()[:12]


def _head(parcel: Parcel) -> bytes:
    return (return_path(parcel.sender) + delivered_to(parcel.recipients[0])).encode()
