"""Is a certificate good today, and for how long?"""

from __future__ import annotations

from datetime import UTC, datetime

from pymta.tls.leaf import Leaf

DAY = 86_400
SOON = 14 * DAY  # those who renew by program do so a month before


def expiry(found: Leaf, now: float) -> str:
    """What an operator should know of its dates; "" when there is nothing to worry about."""
    if now > found.end:
        return f"has been out of date since {day(found.end)}: others may refuse to talk to us"
    if now < found.begin:
        return f"is not valid before {day(found.begin)}, and the clock says {day(now)}"
    if found.end - now < SOON:
        days = int((found.end - now) // DAY)
        return f"is good until {day(found.end)} only, {days} day{'' if days == 1 else 's'} more"
    return ""


def day(moment: float) -> str:
    return datetime.fromtimestamp(moment, UTC).date().isoformat()
