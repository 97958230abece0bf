"""When is the next queue run of our own due?  (QR-01…QR-03)

The pace is from start to start and does not depend on how long a run takes.  The first run is due
at once.  A run that falls due while as many as may be are still going is skipped and not made up
for.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

from pymta.channel.selection import Selection
from pymta.config.launch import Launch


@dataclass(frozen=True, slots=True)
class QueueClock:
    """`interval` in seconds, 0: never.  `due_at` is on the clock of the loop."""

    interval: int
    due_at: float

    def is_due(self, now: float) -> bool:
        return self.interval > 0 and now >= self.due_at

    def started(self, now: float) -> QueueClock:
        """After a start, a skip or a failed fork alike (QR-02)."""
        return replace(self, due_at=now + self.interval)

    def wait(self, now: float) -> float | None:
        """Seconds until it is due; None when there is no clock."""
        return max(0.0, self.due_at - now) if self.interval else None


def may_start(alive: int, most: int) -> bool:
    """QR-03: `most` 0 means no limit."""
    return not most or alive < most


def selection(launch: Launch) -> Selection:
    """What the daemon's own runs take: what its command line said (QR-09, N-03)."""
    return Selection(
        force=launch.force,
        thaw=launch.thaw,
        first_only=launch.first_only,
        local_only=launch.local_only,
        two_stage=launch.two_stage,
        recipients=launch.recipients,
        senders=launch.senders,
        by="alarm",
    )
