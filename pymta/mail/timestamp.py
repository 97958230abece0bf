"""Dates as mail writes them (RFC 5322 s3.3), from a number of seconds and a zone passed in."""

from __future__ import annotations

from datetime import datetime, timedelta, timezone

# Names are spelt here: strftime would take them from the locale.
_DAYS = "Mon Tue Wed Thu Fri Sat Sun".split()
_MONTHS = "Jan Feb Mar Apr May Jun Jul Aug Sep Oct Nov Dec".split()


def format_date(seconds: float, zone: int) -> str:
    """``Sun, 22 Nov 2026 15:58:06 +0100``.

    `seconds` are since the epoch; `zone` is the offset east of Greenwich, in seconds.
    """
    when = datetime.fromtimestamp(int(seconds), timezone(timedelta(seconds=zone)))
    sign = "-" if zone < 0 else "+"
    hours, minutes = divmod(abs(zone) // 60, 60)
    return (
        f"{_DAYS[when.weekday()]}, {when.day:02} {_MONTHS[when.month - 1]} {when.year}"
        f" {when:%H:%M:%S} {sign}{hours:02}{minutes:02}"
    )
