"""The time of day on this machine, as mail has it and as people read it.

Touches: clock.
"""

from __future__ import annotations

import time

from pymta.mail.timestamp import format_date


def local_date(seconds: float) -> str:
    """``Sun, 22 Nov 2026 15:58:06 +0100``; `seconds` are since the epoch."""
    return format_date(seconds, time.localtime(seconds).tm_gmtoff)


def stamp(seconds: float) -> str:
    """``2026-11-22 15:58:06``, likewise."""
    return time.strftime("%Y-%m-%d %H:%M:%S", time.localtime(seconds))
