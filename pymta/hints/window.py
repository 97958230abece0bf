"""How often in the last hour?  A count that slides with the clock, in three numbers.

The time is cut into periods of one length; the count of the one before fades as the present one
goes on, as if it had been spread evenly.  So nobody gets more by waiting for the hour to strike,
and a key costs the same whether it was seen ten times or a million.
"""

from __future__ import annotations

from pymta.dataclass import dataclass


@dataclass(frozen=True, slots=True)
class Window:
    """`began` in seconds since the epoch; `before` is the count of the period before that."""

    began: float
    count: float = 0.0
    before: float = 0.0


def turned(window: Window | None, now: float, period: float) -> Window:
    """As it stands now.

    A clock that was set back changes nothing, unless by more than a period: until that time came
    again nobody would get anything, so the count begins anew.
    """
    if window is None or now < window.began - period:
        return Window(now)
    periods = int((now - window.began) // period)
    if periods <= 0:
        return window
    if periods == 1:
        return Window(window.began + period, 0.0, window.count)
    return Window(now)


def level(window: Window, now: float, period: float) -> float:
    """How often in the last `period`; the window has been `turned`."""
    gone = min(max(now - window.began, 0.0) / period, 1.0)
    return window.count + window.before * (1.0 - gone)


def counted(window: Window, amount: float) -> Window:
    return Window(window.began, window.count + amount, window.before)
