"""When should a queue run look at a message again?  The time that stands in a listing.

It is the mtime of its journal, so that a run opens only what is due.  What nobody tries has a time
that no run lives to see, and that says since when it is so:

    failed, and nobody can be told    `_FAR` after it came
    frozen for other reasons          a `_STEP` beyond that, after it was frozen
    held                              one more, after the last that happened

So a run knows of a frozen message how long it has been there, and need not open it to see.  What is
not told apart rightly, since it is years old, is opened for nothing.
"""

from __future__ import annotations

from enum import Enum, auto

from pymta.spool.outcomes import State

_STEP = 10 * 365 * 86_400.0  # seconds
_FAR = 5 * _STEP  # even the last ends before 32 bits do, and every file system can keep it
_GRACE = 86_400.0  # seconds, for limits that put somebody off for longer than any rule does


class Still(Enum):
    """Why nobody tries it."""

    UNTOLD = auto()
    FROZEN = auto()
    HELD = auto()


def alarm(state: State, now: float, arrived: float) -> float:
    """In seconds since the epoch; `arrived` is when the message came."""
    if state.held:
        return now + _FAR + 2 * _STEP
    if state.frozen and state.pending and not state.owed:  # a report to write waits for nobody
        if state.is_untold:
            return arrived + _FAR
        return (state.frozen_since or now) + _FAR + _STEP
    return min(max(state.look, now), now + _FAR)


def is_out_of_reach(due: float, now: float) -> bool:
    """Of an alarm: is it that of a message which is frozen or held?"""
    return due > now + _FAR / 2


def still_since(due: float, now: float) -> tuple[Still, float]:
    """Of an alarm that is out of reach: why, and since when."""
    since = due - _FAR
    for why in (Still.UNTOLD, Still.FROZEN):
        if since <= now + _STEP / 2:
            return why, since
        since -= _STEP
    return Still.HELD, since


def has_come(due: float, now: float, longest: float) -> bool:
    """Is it time?  `longest` is for how many seconds a retry rule may put somebody off.

    What is to come later than that was put off by a clock that was ahead.
    """
    return due <= now or (due > now + longest + _GRACE and not is_out_of_reach(due, now))
