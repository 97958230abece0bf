"""Does a daemon end because nobody has called for a while?  (-bw with a time: N-11)

Whoever handed the socket in listens again then, and starts us anew with the next call.  The first
call is waited for as long as it takes, and no connection is cut for this.
"""

from __future__ import annotations

from dataclasses import replace

from pymta.dataclass import dataclass


@dataclass(frozen=True, slots=True)
class IdleEnd:
    """`limit` in seconds, 0: never.  `called_at`, on the clock of the loop, is the last call."""

    limit: int
    called_at: float | None = None

    def called(self, now: float) -> IdleEnd:
        return replace(self, called_at=now)

    def wait(self, now: float, sessions: int) -> float | None:
        """Seconds until it ends if nobody calls; None: it does not, as things are."""
        if not self.limit or self.called_at is None or sessions:
            return None
        return max(0.0, self.called_at + self.limit - now)
