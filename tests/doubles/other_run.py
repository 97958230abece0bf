"""A queue run in another process that has its turn and does not end.

Touches: processes.
"""

from __future__ import annotations

import os
import signal
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from pymta.channel.selection import Selection
from pymta.queue.turn import Turn, take_turn

LONG_AGO = 1_700_000_000.0  # when it began


@contextmanager
def under_way(directory: Path, selection: Selection) -> Iterator[int]:
    """Its pid; it is killed at the end.  A run of the timer is alone, as in its unit."""
    read, write = os.pipe()
    pid = os.fork()
    if pid == 0:
        try:
            turn = take_turn(directory, selection, LONG_AGO, alone=selection.by == "timer")
            os.write(write, b"1" if isinstance(turn, Turn) else b"0")
            signal.pause()
        finally:
            os._exit(1)
    os.close(write)
    try:
        assert os.read(read, 1) == b"1"
        yield pid
    finally:
        os.close(read)
        os.kill(pid, signal.SIGKILL)
        os.waitpid(pid, 0)
