"""Session workers without a connection, ready for the next caller (architecture, decision 3).

The one that became free last is taken first, so that in quiet times the others grow old and go.
At rest nobody stays longer than `worker_idle_timeout`.
"""

from __future__ import annotations


class Standby:
    """Free session workers of the present generation, by pid."""

    def __init__(self) -> None:
        self._since: dict[int, float] = {}

    def __len__(self) -> int:
        return len(self._since)

    def add(self, pid: int, now: float) -> None:
        self._since[pid] = now

    def take(self) -> int | None:
        """A free worker for a caller; None: a new one must be born."""
        return self._since.popitem()[0] if self._since else None

    def drop(self, pid: int) -> None:
        """It has died or was sent away."""
        self._since.pop(pid, None)

    def retire(self, now: float, timeout: float) -> tuple[int, ...]:
        """Those who have waited too long; they are on standby no more."""
        over = tuple(pid for pid, since in self._since.items() if now - since >= timeout)
        for pid in over:
            del self._since[pid]
        return over

    def wait(self, now: float, timeout: float) -> float | None:
        """Seconds until the next one has waited too long; None: there is nobody."""
        oldest = next(iter(self._since.values()), None)
        return None if oldest is None else max(0.0, oldest + timeout - now)
