"""Can a password file that the settings name be used?  The one of accounts, or one of a smarthost.

What stands in it is no matter of the settings: it changes without them, and one wrong line in it
concerns one account.

Touches: disk.
"""

from __future__ import annotations

import os
import stat

from pymta.config.secret import credential, path_of

LARGEST = 64 << 20  # bytes; a million accounts


def objection(found: os.stat_result) -> str:
    """Why a file cannot be trusted to hold passwords; "" when it can."""
    if not stat.S_ISREG(found.st_mode):
        return "it is no file"
    if found.st_mode & stat.S_IWOTH:
        return "it may be written by everybody; want chmod 640"
    if found.st_size > LARGEST:
        return f"it is larger than {LARGEST >> 20}M"
    return ""


def remark(found: os.stat_result) -> str:
    """What is not as it should be, though the file can be used; "" when nothing is."""
    return "it may be read by everybody; want chmod 640" if found.st_mode & stat.S_IROTH else ""


ACCOUNTS = "; want one that `pymta user add` has made"


def fault(value: str, directory: str | None, wanted: str = "") -> str:
    """What is wrong with it, "" when nothing is; `wanted` is said where there is none.

    `directory` is where systemd has put credentials, "" when it has not; None: they are for
    another process than us.
    """
    if not value or (directory is None and credential(value)):
        return ""
    try:
        found = _look(path_of(value, directory or ""))
    except FileNotFoundError:
        return f"there is no such file{wanted}"
    except OSError as error:
        return f"cannot be read: {error.strerror}"
    except ValueError as error:
        return str(error)
    return objection(found) or remark(found)


def _look(path: str) -> os.stat_result:
    """Raises OSError, also when we may not read it."""
    fd = os.open(path, os.O_RDONLY | os.O_CLOEXEC | os.O_NONBLOCK | os.O_NOCTTY)
    try:
        return os.fstat(fd)
    finally:
        os.close(fd)
