"""Which queue run of our own is due, and when is the next?  (QR-01…QR-03, N-28)

Every periodic queue has its pace, from start to start.  It depends neither on how long a run takes
nor on how late the loop comes to it: the next time is always whole intervals after the one before.
The first run of each is due at once.

A tick starts one run at most, that of the queue whose time is the earliest, and of several the one
with the shortest interval; the others wait for the next tick, a second later.  A run that falls due
while as many as may be still go on is skipped and not made up for.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable
from dataclasses import replace

from pymta.channel.selection import Selection, asked_by
from pymta.config.launch import Launch
from pymta.config.run_word import RunWord
from pymta.dataclass import dataclass

SHORTEST_TICK = 1.0  # seconds


@dataclass(frozen=True, slots=True)
class Periodic:
    """`due_at` is on the clock of the loop, as all times here."""

    word: RunWord
    due_at: float

    def after(self, now: float) -> Periodic:
        """Started, skipped or not to be forked: all the same (QR-02)."""
        passed = math.floor((now - self.due_at) / self.word.interval) + 1
        return replace(self, due_at=self.due_at + passed * self.word.interval)


@dataclass(frozen=True, slots=True)
class QueueClock:
    """The next tick comes `not_before` this time."""

    runs: tuple[Periodic, ...]
    not_before: float

    def tick(
        self, now: float, may_start: Callable[[str], bool]
    ) -> tuple[RunWord | None, QueueClock]:
        """The run to start now, None for none, and the clock afterwards.

        `may_start` says whether a queue may have one more run.
        """
        clock = self
        while (run := clock._first_due(now)) is not None:
            clock = replace(clock, runs=tuple(r.after(now) if r is run else r for r in clock.runs))
            if may_start(run.word.queue):
                tick = max(run.due_at, clock.not_before)
                late = now - tick >= SHORTEST_TICK
                return run.word, replace(clock, not_before=SHORTEST_TICK + (now if late else tick))
        return None, clock

    def wait(self, now: float) -> float | None:
        """Seconds until there is something to do; None when there is no clock."""
        if not self.runs:
            return None
        return max(0.0, max(self.not_before, min(run.due_at for run in self.runs)) - now)

    def lateness(self, now: float) -> float:
        """Seconds by which a tick has been missed; 0 when none has."""
        if not self.runs:
            return 0.0
        return max(0.0, now - max(self.not_before, min(run.due_at for run in self.runs)))

    def _first_due(self, now: float) -> Periodic | None:
        if now < self.not_before:
            return None
        due = (run for run in self.runs if run.due_at <= now)
        return min(due, key=lambda run: (run.due_at, run.word.interval), default=None)


def start_clock(words: Iterable[RunWord], now: float) -> QueueClock:
    """QR-01: the alarm counts as elapsed when the loop starts."""
    return QueueClock(tuple(Periodic(word, now) for word in words), now)


def selection(word: RunWord, launch: Launch, by: str) -> Selection:
    """What a run of the daemon's clock takes: its own word, and what the command line said of all
    runs (QR-09, N-03).
    """
    return replace(
        asked_by(word, by),
        force=word.force or launch.force,
        thaw=word.thaw or launch.thaw,
        recipients=launch.recipients,
        recipients_are_pattern=launch.recipients_are_pattern,
        senders=launch.senders,
        senders_are_pattern=launch.senders_are_pattern,
        interval=word.interval,
        stands_in=word.stands_in,
    )
