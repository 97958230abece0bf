"""What is done in a home directory, by a process that is its owner already.

    the home is missing, or another's     put off: it is not mounted
    there is a .forward                   told, when that is wanted and the file can be trusted
    he was only to be asked               there is nothing
    otherwise                             into the Maildir, or his mbox in the spool directory

What lies in a home is its owner's own business: links are followed, with his rights and nobody
else's.  Only what others could have written is not believed.  A file that opens slowly, such as a
FIFO, keeps nobody waiting; a file system that hangs is the caller's time limit's business.

Touches: disk, clock.
"""

from __future__ import annotations

import errno
import math
import os
import stat
import time
from collections.abc import Callable, Iterator
from contextlib import nullcontext
from dataclasses import dataclass
from pathlib import Path

from pymta.accounts.account import ROOT, Account
from pymta.config.deliver import Deliver
from pymta.local.identity import in_group
from pymta.mail.trace import delivered_to, return_path
from pymta.routing.forward_file import LONGEST
from pymta.spool.disk import Disk
from pymta.transport.from_lines import from_line
from pymta.transport.local_request import (
    Answer,
    Deed,
    Forward,
    Nothing,
    PutOff,
    Request,
    Stored,
)
from pymta.transport.maildir import Maildir
from pymta.transport.mbox import Mbox

BLOCK = 256 * 1024  # bytes of a message in memory at once
_NOT_WANTED = PutOff(0, "nobody waits for the delivery any more")
_READ = os.O_RDONLY | os.O_NONBLOCK | os.O_NOCTTY | os.O_CLOEXEC
_WRITABLE_BY_OTHERS = stat.S_IWGRP | stat.S_IWOTH


@dataclass(frozen=True, slots=True)
class Errand:
    """One delivery: what was asked, the open message, to whom, by which settings.

    `is_wanted` is asked right before the message becomes visible: does somebody still wait?
    `group` may be taken on for the spool directory.  After `until`, in monotonic seconds, no more
    of the message is read.
    """

    request: Request
    message: int
    account: Account
    settings: Deliver
    is_wanted: Callable[[], bool]
    disk: Disk | None = None
    group: int | None = None
    until: float = math.inf


def deliver(errand: Errand) -> Answer:
    """Never raises OSError: every one is an answer."""
    home = Path(errand.account.home)
    trouble = _look_at_message(errand) or _look_at(home, errand.account)
    if trouble:
        return trouble
    deed = errand.request.deed
    if deed is not Deed.STORE and errand.settings.forward_file:
        forward = _forward(home / errand.settings.forward_file, errand.account)
        if forward:
            return forward
    return Nothing() if deed is Deed.LOOK else _store(home, errand)


def _look_at_message(errand: Errand) -> PutOff | None:
    """Only what is whole, and is read without waiting."""
    found = os.fstat(errand.message)
    if stat.S_ISREG(found.st_mode) and found.st_size == errand.request.size:
        return None
    return PutOff(0, "the message is not what was announced")


def _look_at(home: Path, account: Account) -> PutOff | None:
    try:
        owner = home.stat().st_uid
    except OSError as error:
        return PutOff(error.errno or 0, f"home directory {home} (not mounted?)")
    if owner != account.uid:
        return PutOff(
            0, f"home directory {home} belongs to uid {owner}, not to {account.name}: not mounted?"
        )
    return None


def _forward(path: Path, account: Account) -> Forward | PutOff | None:
    """None: there is no such file."""
    try:
        fd = os.open(path, _READ)
    except (FileNotFoundError, NotADirectoryError):
        return None
    except OSError as error:
        return PutOff(error.errno or 0, f"cannot open {path}")
    try:
        return _read_forward(fd, path, account)
    except OSError as error:
        return PutOff(error.errno or 0, f"cannot read {path}")
    finally:
        os.close(fd)


def _read_forward(fd: int, path: Path, account: Account) -> Forward | PutOff:
    found = os.fstat(fd)
    if not stat.S_ISREG(found.st_mode):
        return PutOff(0, f"{path} is no regular file")
    if found.st_uid not in {account.uid, ROOT}:
        return PutOff(0, f"{path} belongs to uid {found.st_uid}, not to {account.name}")
    if found.st_mode & _WRITABLE_BY_OTHERS:
        mode = stat.S_IMODE(found.st_mode)
        return PutOff(0, f"{path} is writable by others (mode {mode:04o}); chmod go-w mends it")
    content = b""
    while len(content) <= LONGEST and (block := os.read(fd, LONGEST + 1 - len(content))):
        content += block
    if len(content) > LONGEST:
        return PutOff(errno.EFBIG, f"{path} has more than {LONGEST} bytes")
    return Forward(content)


def _store(home: Path, errand: Errand) -> Stored | PutOff:
    request, settings = errand.request, errand.settings
    if settings.mail_spool_directory:
        path = Path(settings.mail_spool_directory, errand.account.name)
        return _append(path, errand)
    path = home / settings.home_maildir
    maildir = Maildir(path, home, disk=errand.disk, makes=settings.home_maildir_create, follow=True)
    try:
        is_stored = maildir.store(request.file, _content(errand), errand.is_wanted)
    except OSError as error:
        return _cannot(f"store into {path}", error)
    return Stored() if is_stored else _NOT_WANTED


def _append(path: Path, errand: Errand) -> Stored | PutOff:
    """To an mbox in the spool directory, which is the operator's."""
    mode = 0o600 if errand.group is None else 0o660
    mbox = Mbox(path.parent, path.name, mode=mode, follow=True, disk=errand.disk)
    first = from_line(errand.request.sender, time.asctime())
    try:
        with nullcontext() if errand.group is None else in_group(errand.group):
            is_stored = mbox.store(first, _content(errand), errand.is_wanted)
    except OSError as error:
        return _cannot(f"append to {path}", error)
    return Stored() if is_stored else _NOT_WANTED


def _cannot(what: str, error: OSError) -> PutOff:
    """The number of the error says the usual; what we know beyond that is told, too."""
    number, said = error.errno or 0, error.strerror or str(error)
    more = "" if said == os.strerror(number) else f": {said}"
    return PutOff(number, f"cannot {what}{more}")


def _content(errand: Errand) -> Iterator[bytes]:
    """Raises OSError when the message ends early."""
    request = errand.request
    head = return_path(request.sender) + delivered_to(request.recipient)
    yield head.replace("\r\n", "\n").encode()
    at, end = 0, errand.request.size
    while at < end:
        block = os.pread(errand.message, min(BLOCK, end - at), at)
        if not block:
            raise OSError(errno.EIO, "the message is cut short")
        if time.monotonic() > errand.until:
            raise TimeoutError(errno.ETIMEDOUT, "the time for it is over")
        at += len(block)
        yield block
