"""What a command leaves behind in a session of its own, where no signal to its group reaches it.

Orphans become children of the nearest ancestor that has asked for them (PR_SET_CHILD_SUBREAPER,
prctl(2)), and so can be ended.  Otherwise a user could fill the helper with processes that nobody
ends, and nobody's mail would have a place there.

Touches: processes, signals.
"""

from __future__ import annotations

import os
import signal
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

try:
    import ctypes
except (ImportError, MemoryError):  # pragma: no cover - a libffi that wants executable memory
    ctypes = None  # type: ignore[assignment]

_SET_CHILD_SUBREAPER = 36
MOST_ROUNDS = 100  # whoever forks faster than that is left to TasksMax= of the unit


@contextmanager
def ended_afterwards() -> Iterator[None]:
    """Whatever this process has as children when the block ends is ended then.

    The process must have no other children than those of the block.
    """
    if ctypes is not None:
        ctypes.CDLL(None).prctl(_SET_CHILD_SUBREAPER, 1, 0, 0, 0)
    try:
        yield
    finally:
        for _ in range(MOST_ROUNDS):
            if not (children := _children()):
                break
            _end(children)


def _children() -> list[int]:
    pid = os.getpid()
    with suppress(OSError):
        return list(map(int, Path(f"/proc/{pid}/task/{pid}/children").read_text().split()))
    return []


def _end(children: list[int]) -> None:
    for pid in children:
        with suppress(ProcessLookupError, PermissionError):
            os.kill(pid, signal.SIGKILL)
    for pid in children:
        with suppress(ChildProcessError):
            os.waitpid(pid, 0)
