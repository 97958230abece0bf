"""Messages put off for want of disk space: told once, then with a count.

Sessions say each; a full disk must not fill the log disk with one line per message.  A shortage
begins with a line.  While it lasts there is another every hour, with how many were put off since
the one before; after some minutes without any it is over, and the next is a new one.
"""

from __future__ import annotations

OVER_AFTER = 600.0  # seconds without a message that was put off
AGAIN_AFTER = 3600.0  # seconds between two lines about one shortage


class Shortage:
    """Times are on the clock of the loop."""

    def __init__(self) -> None:
        self._told_at = float("-inf")
        self._last = float("-inf")
        self._untold = 0

    def heard(self, why: str, now: float) -> str:
        """One more was put off.  The line to write now, "" for none."""
        is_known = self.lasts(now) and now < self._told_at + AGAIN_AFTER
        self._last = now
        if is_known:
            self._untold += 1
            return ""
        before, self._untold = self._untold, 0
        self._told_at = now
        return f"{why} ({before} more put off since the last such line)" if before else why

    def lasts(self, now: float) -> bool:
        return now < self._last + OVER_AFTER
