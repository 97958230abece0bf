"""Stopping in good order: who is asked to go, and when asking is over.

First everybody is told to finish: an idle session says 421 at its next command boundary, a DATA
or a delivery past its final dot runs to its end.  When the grace time is over, SIGTERM; whoever
does not go then is killed, because the service manager would do the same a little later.
"""

from __future__ import annotations

from dataclasses import replace
from enum import Enum

from pymta.dataclass import dataclass

LAST_WORDS = 5.0  # seconds between SIGTERM and SIGKILL: a worker writes one reply and one line


class Measure(Enum):
    """What is to be done now to children that are still there."""

    WAIT = "wait"
    TERMINATE = "terminate"
    KILL = "kill"


@dataclass(frozen=True, slots=True)
class Farewell:
    """A stop under way.  Times are on the clock of the loop."""

    deadline: float
    terminated: bool = False

    def measure(self, now: float) -> Measure:
        if now < self.deadline:
            return Measure.WAIT
        return Measure.KILL if self.terminated else Measure.TERMINATE

    def longest(self, now: float) -> float:
        """Seconds that all of it may take from now, the last measure included."""
        return self.deadline - now + LAST_WORDS * (1 if self.terminated else 2)

    def after(self, measure: Measure, now: float) -> Farewell:
        """Having taken this measure."""
        if measure is Measure.TERMINATE:
            return replace(self, deadline=now + LAST_WORDS, terminated=True)
        return replace(self, deadline=now + LAST_WORDS)

    def hurried(self, now: float) -> Farewell:
        """The operator asks a second time: no more grace."""
        return self if self.terminated else replace(self, deadline=now)
