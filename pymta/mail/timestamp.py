"""Dates as mail writes them (RFC 5322 s3.3), from a number of seconds and a zone passed in.

Plain arithmetic: a greeting has a date, and `datetime` would cost each session process eighty
kilobytes of memory of its own.
"""

from __future__ import annotations

# Names are spelt here: strftime would take them from the locale.
_DAYS = "Thu Fri Sat Sun Mon Tue Wed".split()  # the first day of all was a Thursday
_MONTHS = "Jan Feb Mar Apr May Jun Jul Aug Sep Oct Nov Dec".split()

_DAYS_OF_4_YEARS = 1461  # the first of which is a leap year
_DAYS_OF_400_YEARS = 146_097
# The day 1 March of the year 0: counted from there, a leap day is the last one of its year.
_FIRST_MARCH = -719_468


def format_date(seconds: float, zone: int) -> str:
    """``Sun, 22 Nov 2026 15:58:06 +0100``.

    `seconds` are since the epoch; `zone` is the offset east of Greenwich, in seconds.
    """
    days, second = divmod(int(seconds // 1) + zone, 86_400)
    year, month, day = _civil(days)
    sign = "-" if zone < 0 else "+"
    hours, minutes = divmod(abs(zone) // 60, 60)
    return (
        f"{_DAYS[days % 7]}, {day:02} {_MONTHS[month - 1]} {year}"
        f" {second // 3600:02}:{second // 60 % 60:02}:{second % 60:02} {sign}{hours:02}{minutes:02}"
    )


def _civil(days: int) -> tuple[int, int, int]:
    """Year, month and day of a day that is counted from the epoch, in the Gregorian calendar."""
    era, day = divmod(days - _FIRST_MARCH, _DAYS_OF_400_YEARS)
    # What the leap days before it have added; there is none in three of four centuries.
    leap_days = day // (_DAYS_OF_4_YEARS - 1) - day // 36_524 + day // (_DAYS_OF_400_YEARS - 1)
    year = (day - leap_days) // 365
    day -= 365 * year + year // 4 - year // 100
    month = (5 * day + 2) // 153  # five months from March or August on have 153 days
    day -= (153 * month + 2) // 5
    is_next_year = month >= 10
    return 400 * era + year + is_next_year, month + 3 - 12 * is_next_year, day + 1
