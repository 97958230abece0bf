"""What a command leaves behind in a session of its own, where no signal to its group reaches it.

Orphans become children of the nearest ancestor that has asked for them (PR_SET_CHILD_SUBREAPER,
prctl(2)), and so can be ended.  Otherwise a user could fill the helper with processes that nobody
ends, and nobody's mail would have a place there.  One that has become another user meanwhile, as a
set-user-ID program does, is beyond us; it is not waited for, or the answer of its command would be.

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
MOST_ROUNDS = 100  # whoever forks faster than that is left to LimitNPROC= of the unit


@contextmanager
def ended_afterwards() -> Iterator[None]:
    """Whatever this process has as children when the block ends is ended then.

    The process must have no other children than those of the block.
    """
    adopt()
    try:
        yield
    finally:
        beyond_us: set[int] = set()
        for _ in range(MOST_ROUNDS):
            if not (found := children() - beyond_us):
                break
            beyond_us |= found - _ended(found)


def adopt() -> None:
    """Orphans below this process become its children."""
    if ctypes is not None:
        ctypes.CDLL(None).prctl(_SET_CHILD_SUBREAPER, 1, 0, 0, 0)


def children() -> set[int]:
    """Of this process, those that have ended and were not waited for among them."""
    pid = os.getpid()
    with suppress(OSError):
        return set(map(int, Path(f"/proc/{pid}/task/{pid}/children").read_text().split()))
    return set()


def _ended(found: set[int]) -> set[int]:
    """Those of them that we may end; they are gone then."""
    ours = set(filter(_kill, found))
    for pid in ours:
        with suppress(ChildProcessError):
            os.waitpid(pid, 0)
    return ours


def _kill(pid: int) -> bool:
    try:
        os.kill(pid, signal.SIGKILL)
    except PermissionError:
        return False
    except ProcessLookupError:
        pass
    return True
