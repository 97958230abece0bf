"""Message ids in the classic modern form, ``1wIcRd-000000012Tz-1abc``.

Three numbers in base 62, joined by hyphens: six digits of seconds since the epoch, eleven that
say who made the id (a number of the host and a process id), four of a fraction of a second.
The digits are in ASCII order, so ids sort as text in the order of arrival.

This module only writes and reads the form.  That no id is given twice is the spool's business
(`pymta.spool.files`): it never goes back in time and refuses a name that exists.
"""

from __future__ import annotations

import re
from functools import lru_cache

DIGITS = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
LENGTH = 23  # characters, hyphens included

FRACTIONS = 1_000_000  # the last part counts microseconds; four digits hold 14 times that
PID_BITS = 22  # Linux gives no process id of 2**22 or more
HOST_BITS = 42  # with PID_BITS makes 64, and eleven digits hold a little more than that

_VALUE = {digit: value for value, digit in enumerate(DIGITS)}
_FORM = re.compile(r"[0-9A-Za-z]{6}-[0-9A-Za-z]{11}-[0-9A-Za-z]{4}", re.ASCII)


def make_id(seconds: int, pid_part: int, fraction: int) -> str:
    """The id for a moment and a maker.

    `seconds` since the epoch; `pid_part` from `pid_part()`; `fraction` in microseconds.  Raises
    OverflowError when a number does not fit its digits.
    """
    return f"{_base62_again(seconds, 6)}-{_base62_again(pid_part, 11)}-{_base62(fraction, 4)}"


def pid_part(host: int, pid: int) -> int:
    """Host number (`HOST_BITS` of it) and process id as the middle number of an id."""
    return (host & ((1 << HOST_BITS) - 1)) << PID_BITS | (pid & ((1 << PID_BITS) - 1))


def is_id(text: str) -> bool:
    """Has it the form of an id?  True makes it safe as a file name, too."""
    return _FORM.fullmatch(text) is not None


def arrival_time(id: str) -> int:
    """Seconds since the epoch at which the id was made.  Raises ValueError: not an id."""
    if not is_id(id):
        raise ValueError(f"not a message id: {id!r}")
    seconds = 0
    for digit in id[:6]:
        seconds = seconds * len(DIGITS) + _VALUE[digit]
    return seconds


@lru_cache(maxsize=8)
def _base62_again(number: int, width: int) -> str:
    """Of what the next id has as well, mostly."""
    return _base62(number, width)


def _base62(number: int, width: int) -> str:
    digits, rest = "", number
    for _ in range(width):
        digits = DIGITS[rest % 62] + digits
        rest //= 62
    if rest:
        raise OverflowError(f"{number} does not fit {width} digits of base 62")
    return digits
