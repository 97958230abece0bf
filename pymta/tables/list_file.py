"""What an :include: of an alias names: a file of addresses, read anew for each message.

It may belong to root, to us, or to whom an operator has given a list; but nobody else than owner
and group may write to it, or any user of the machine could subscribe anybody.

Touches: disk.
"""

from __future__ import annotations

import os

from pymta.tables.file import read_text
from pymta.tables.table import Found, Unsure

LARGEST = 1 << 20  # bytes
_READ = os.O_RDONLY | os.O_CLOEXEC | os.O_NONBLOCK | os.O_NOCTTY


def read_list(path: str) -> Found | Unsure:
    """`path` is absolute."""
    try:
        fd = os.open(path, _READ)
        try:
            text = read_text(fd, os.fstat(fd), LARGEST)
        finally:
            os.close(fd)
    except OSError as error:
        return Unsure(f"{path} cannot be read: {error.strerror or error}")
    except ValueError as error:
        return Unsure(f"{path} cannot be used: {error}")
    return Found(text.replace("\r\n", "\n"), path, path, 1)
