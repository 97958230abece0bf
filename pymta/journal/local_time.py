"""The time of day on this machine, as mail has it and as people read it.

Touches: clock.
"""

from __future__ import annotations

import time
from functools import lru_cache

from pymta.mail.timestamp import format_date


def local_date(seconds: float) -> str:
    """``Sun, 22 Nov 2026 15:58:06 +0100``; `seconds` are since the epoch."""
    return _date(int(seconds // 1), time.tzname)


@lru_cache(maxsize=2)  # a message has several dates, and most of them are the same
def _date(second: int, _zone: tuple[str, str]) -> str:
    return format_date(second, time.localtime(second).tm_gmtoff)


def stamp(seconds: float) -> str:
    """``2026-11-22 15:58:06``, likewise."""
    return _stamp(int(seconds // 1), time.tzname)


@lru_cache(maxsize=2)
def _stamp(second: int, _zone: tuple[str, str]) -> str:
    return time.strftime("%Y-%m-%d %H:%M:%S", time.localtime(second))
