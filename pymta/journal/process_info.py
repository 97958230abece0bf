"""What a process is doing, in a file, for those who send SIGUSR1 and look (SL-06, section 5).

One line each: the pid in five columns, a blank, the text.  Every process of the family appends its
own, so a signal to all of them (`systemctl kill -s USR1 pymta`) answers for all.  The file is ours,
in a directory of ours; a name that leads elsewhere is not followed.

The line is written by the handler, because a process that waits for a slow host or a slow disk is
just what somebody wants to know about.

Touches: disk, processes, signals.
"""

from __future__ import annotations

import os
import signal
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from types import FrameType

from pymta.config.launch import PROCESS_LOG
from pymta.config.settings import Settings
from pymta.journal.line import printable

MODE = 0o640
LONGEST = 380  # bytes of a line; one write, so lines of several processes never mix


def tell_on_signal(settings: Settings, what: Callable[[], str]) -> None:
    """From here on SIGUSR1 makes this process say `what` it is doing; it may come at any moment."""

    def tell(_number: int, _frame: FrameType | None) -> None:
        write(path_of(settings), line(os.getpid(), what()))

    signal.signal(signal.SIGUSR1, tell)


@contextmanager
def told_on_signal(settings: Settings, what: Callable[[], str]) -> Iterator[None]:
    """The same, but only within."""
    before = signal.getsignal(signal.SIGUSR1)
    tell_on_signal(settings, what)
    try:
        yield
    finally:
        signal.signal(signal.SIGUSR1, before)


def path_of(settings: Settings) -> Path:
    configured = settings.process.process_log_path
    return Path(configured or f"{settings.machine.state_directory}/{PROCESS_LOG}")


def line(pid: int, text: str) -> bytes:
    return f"{pid:5} {printable(text)}".encode("ascii", "backslashreplace")[:LONGEST] + b"\n"


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
