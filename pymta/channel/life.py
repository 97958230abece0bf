"""The life of a forked child: what it closes, and that it never returns to its parent's code.

Touches: processes, descriptors.
"""

from __future__ import annotations

import os
import traceback
from collections.abc import Callable, Iterable, Iterator
from contextlib import suppress
from typing import NoReturn

FIRST_FD = 3  # 0-2 are the null device, the terminal or the journal's stream
BUG = 70  # EX_SOFTWARE: an exception that no main had expected

Life = Callable[[], int]


def live_and_leave(life: Life) -> NoReturn:
    """Leave the process with what `life` gives as exit status.

    What it raises goes to standard error.  Standard error may be gone as well; not even then does
    the child climb up its parent's stack, where it would go on as a second parent.
    """
    status = BUG
    try:
        status = life()
    except BaseException:  # noqa: BLE001 - the last guard
        with suppress(OSError, ValueError):
            traceback.print_exc()
    finally:
        os._exit(status)


def close_all_but(keep: Iterable[int]) -> None:
    """In a child: close every descriptor from 3 up but these, in few system calls.

    The parent's socket objects stay behind with dead numbers; they are never collected, because
    the child never returns from `fork`.
    """
    below = FIRST_FD
    for fd in sorted(keep):
        os.closerange(below, fd)
        below = max(below, fd + 1)
    os.closerange(below, os.sysconf("SC_OPEN_MAX"))


def reap() -> Iterator[tuple[int, int]]:
    """In the parent: pid and status, as of waitpid(2), of each child that has died by now."""
    while True:
        try:
            pid, status = os.waitpid(-1, os.WNOHANG)
        except ChildProcessError:
            return
        if not pid:
            return
        yield pid, status
