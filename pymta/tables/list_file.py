"""What an :include: of an alias names: a file of addresses, read anew for each message.

It may belong to root, to us, or to whom an operator has given a list; so may the directories that
it is in, and links to it (`pymta.tables.owned_file`).  But nobody else than owner and group may
write to it, or any user of the machine could subscribe anybody.

Touches: disk.
"""

from __future__ import annotations

import os
from collections.abc import Callable

from pymta.tables.file import read_text
from pymta.tables.owned_file import open_owned
from pymta.tables.table import Found, Unsure

LARGEST = 1 << 20  # bytes


def read_list(path: str, us: Callable[[], int] = os.geteuid) -> Found | Unsure:
    """`path` is absolute; `us` is the uid of the daemon."""
    try:
        fd = open_owned(path, us())
        try:
            text = read_text(fd, os.fstat(fd), LARGEST)
        finally:
            os.close(fd)
    except OSError as error:
        return Unsure(f"{path} cannot be read: {error.strerror or error}")
    except ValueError as error:
        return Unsure(f"{path} cannot be used: {error}")
    return Found(text.replace("\r\n", "\n"), path, path, 1)
