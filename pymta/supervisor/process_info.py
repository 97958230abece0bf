"""What the daemon is doing, in a file, for those who send SIGUSR1 and look (SL-06).

One line: the pid in five columns, a blank, the text.  The file is ours, in a directory of ours;
a name that leads elsewhere is not followed.

Touches: disk.
"""

from __future__ import annotations

import os
from pathlib import Path

MODE = 0o640


def line(pid: int, text: str) -> bytes:
    return f"{pid:5} {text}\n".encode("ascii", "replace")


def write(path: Path, data: bytes) -> str:
    """Append it; "" or why that could not be done, for the log."""
    flags = os.O_WRONLY | os.O_APPEND | os.O_CREAT | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC
    try:
        fd = os.open(path, flags, MODE)
    except OSError as error:
        return f"{path}: {error.strerror}"
    try:
        os.write(fd, data)
    except OSError as error:
        return f"{path}: {error.strerror}"
    finally:
        os.close(fd)
    return ""
