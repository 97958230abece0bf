"""What stands in front of a classic line: ``2026-11-22 10:00:00.123 +0100 [4711]``.

The last three are there when `millisec`, `log_timezone` and the selector `pid` ask for them.

Touches: clock, processes.
"""

from __future__ import annotations

import os
import time
from collections.abc import Callable

from pymta.config.journal import Journal
from pymta.dataclass import dataclass
from pymta.journal.local_time import stamp


@dataclass(frozen=True, slots=True)
class Stamp:
    """`clock` gives seconds since the epoch."""

    millisec: bool = False
    zone: bool = False
    pid: bool = False
    clock: Callable[[], float] = time.time

    def __call__(self) -> str:
        return self.time() + self.process()

    def time(self) -> str:
        now = self.clock()
        text = stamp(now)
        if self.millisec:
            text += f".{int(now % 1 * 1000):03}"
        if self.zone:
            text += time.strftime(" %z", time.localtime(now))
        return text

    def process(self) -> str:
        return f" [{os.getpid()}]" if self.pid else ""


PLAIN = Stamp()


def stamp_of(journal: Journal) -> Stamp:
    """As the settings want it."""
    on = journal.selected
    return Stamp(millisec="millisec" in on, zone=journal.log_timezone, pid="pid" in on)
