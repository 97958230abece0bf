"""A file of policy functions that fails again and again is put out of use for a while.

Sessions say each failure, and those who come after a few within a short time do not ask it any
more.  The supervisor only counts: it has never read the file, and does not know what is in it.
"""

from __future__ import annotations

from collections import deque

from pymta.config.duration import format_duration
from pymta.config.policy_code import PolicyCode


class Breaker:
    """Times are on the clock of the loop."""

    def __init__(self, settings: PolicyCode) -> None:
        self._settings = settings
        self._failures: deque[float] = deque(maxlen=settings.policy_breaker_failures)
        self._until: float | None = None  # while it is out of use

    def failed(self, rule: str, now: float) -> str:
        """One more.  The line to write now, "" for none."""
        most, time = self._settings.policy_breaker_failures, self._settings.policy_breaker_time
        if not most or self._until is not None:  # of a session that began before
            return ""
        self._failures.append(now)
        if len(self._failures) < most or self._failures[0] < now - time:
            return ""
        self._failures.clear()
        pause = self._settings.policy_breaker_pause
        self._until = now + pause
        what = "asks the next" if self._settings.policy_on_breaker == "skip" else "defers"
        return (
            f"{self._settings.policy_file} is out of use for {format_duration(pause)}:"
            f" {most} failures within {format_duration(time)}, the last of {rule};"
            f" each of its stages {what}"
        )

    def recovered(self, now: float) -> str:
        """The line to write when its time is over, once; "" for none."""
        if self._until is None or now < self._until:
            return ""
        self._until = None
        return f"{self._settings.policy_file} is in use again"

    def is_out(self) -> bool:
        return self._until is not None
