"""What is done in a home directory, by a process that is its owner already.

    the home is missing, or another's     put off: it is not mounted
    there is a .forward                   told, when that is wanted and the file can be trusted; or
                                          what it names is done, see `pymta.local.items`
    he was only to be asked               there is nothing
    otherwise                             into the Maildir, or his mbox in the spool directory

What lies in a home is its owner's own business: links are followed, with his rights and nobody
else's.  Only what others could have written is not believed.  A file that opens slowly, such as a
FIFO, keeps nobody waiting; a file system that hangs is the caller's time limit's business.

Touches: disk, clock.
"""

from __future__ import annotations

import errno
import os
import stat
import time
from contextlib import closing, nullcontext
from pathlib import Path

from pymta.accounts.account import ROOT, Account
from pymta.local.identity import in_group
from pymta.local.items import of_aliases, of_forward
from pymta.local.task import Errand, cannot, content, outcome
from pymta.routing.forward_file import LONGEST, with_lists
from pymta.routing.target import Unusable
from pymta.tables.owned_file import open_owned
from pymta.transport.from_lines import from_line
from pymta.transport.local_request import Answer, Deed, Forward, Nothing, PutOff, Stored
from pymta.transport.maildir import Maildir
from pymta.transport.mbox import Mbox

_READ = os.O_RDONLY | os.O_NONBLOCK | os.O_NOCTTY | os.O_CLOEXEC
_WRITABLE_BY_OTHERS = stat.S_IWGRP | stat.S_IWOTH


def deliver(errand: Errand) -> Answer:
    """Never raises OSError: every one is an answer."""
    home = Path(errand.account.home)
    trouble = _look_at_message(errand) or _look_at(home, errand.account)
    if trouble:
        return trouble
    return _at_home(home, errand)


def deliver_alias(errand: Errand) -> Answer:
    """A command or a file of an alias, for an account whose home does not matter."""
    return _look_at_message(errand) or of_aliases(errand)


def _at_home(home: Path, errand: Errand) -> Answer:
    deed = errand.request.deed
    if deed is not Deed.STORE and errand.settings.forward_file:
        forward = _forward(home / errand.settings.forward_file, errand.account)
        if isinstance(forward, Forward):
            forward = _with_lists(forward, errand.account)
        if isinstance(forward, Forward) and deed is Deed.ITEM:
            return of_forward(forward.content, errand)
        if forward:
            return forward
    return Nothing() if deed in {Deed.LOOK, Deed.ITEM} else _store(home, errand)


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


def _with_lists(forward: Forward, account: Account) -> Forward | PutOff:
    """What is in his lists is told with it: nobody else may look for them."""

    def read(path: str) -> bytes | Unusable:
        try:
            fd = open_owned(path, account.uid)
        except OSError as error:
            return Unusable(f"{path} cannot be read: {error.strerror or error}")
        except ValueError as error:
            return Unusable(f"{path} cannot be used: {error}")
        try:
            found = _read_forward(fd, Path(path), account)
        except OSError as error:
            return Unusable(f"{path} cannot be read: {error.strerror or error}")
        finally:
            os.close(fd)
        return found.content if isinstance(found, Forward) else Unusable(found.why)

    content = with_lists(forward.content, read)
    if isinstance(content, Unusable):
        return PutOff(0, f"the forward file of {account.name} cannot be used: {content.why}")
    return Forward(content)


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
        with closing(maildir):
            is_stored = maildir.store(request.file, content(errand), errand.is_wanted)
    except OSError as error:
        return cannot(f"store into {path}", error)
    return outcome(is_stored)


def _append(path: Path, errand: Errand) -> Stored | PutOff:
    """To an mbox in the spool directory, which is the operator's."""
    mode = 0o600 if errand.group is None else 0o660
    mbox = Mbox(path.parent, path.name, mode=mode, follow=True, disk=errand.disk)
    first = from_line(errand.request.sender, time.asctime())
    try:
        with nullcontext() if errand.group is None else in_group(errand.group):
            is_stored = mbox.store(first, content(errand), errand.is_wanted)
    except OSError as error:
        return cannot(f"append to {path}", error)
    return outcome(is_stored)
