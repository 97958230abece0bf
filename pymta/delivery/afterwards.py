"""What is left to do of settled messages, done for several at once.

Their journals go after one sync, and what hints say of them in one transaction.  Nothing hangs on
it: journals that a stopped process leaves go with the next sweep, hints when they are old.

Touches: disk, clock.
"""

from __future__ import annotations

import time
from collections.abc import Callable

from pymta.hints.waits import Waits
from pymta.journal import delivery_events
from pymta.journal.event import Event
from pymta.spool.store import Spool, SpoolError

TOGETHER = 50  # messages
LONGEST = 0.25  # seconds that a message waits for others, unless an attempt lasts longer


class Afterwards:
    """`clock` is monotonic, in seconds."""

    def __init__(
        self,
        spool: Spool,
        waits: Waits,
        tell: Callable[[Event], None],
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._spool = spool
        self._waits = waits
        self._tell = tell
        self._clock = clock
        self._gone: list[str] = []
        self._since = 0.0

    def add(self, id: str) -> None:
        """It is settled; something is left to do, or it was put off before."""
        if not self._gone:
            self._since = self._clock()
        self._gone.append(id)
        if len(self._gone) >= TOGETHER:
            self.close()

    def in_time(self) -> float | None:
        """Do it when its time has come; the seconds until then, None when nothing is left."""
        if not self._gone:
            return None
        left = self._since + LONGEST - self._clock()
        if left > 0:
            return left
        self.close()
        return None

    def close(self) -> None:
        """Do it now."""
        gone, self._gone = self._gone, []
        if not gone:
            return
        try:
            self._spool.clear()
        except SpoolError as error:
            self._tell(delivery_events.spool_trouble(gone[0], error.strerror or str(error)))
        self._waits.forget(*gone)
