"""Times as people write them: ``30s``, ``1h30m``, ``1w``.

It imports next to nothing, since every start of the classic program reads one.
"""

from __future__ import annotations

import re

LONGEST_WAIT = 1_209_600  # 2w; poll() counts milliseconds in 31 bits, which end at 24 days

_PART = re.compile(r"([0-9]+)([wdhms])")
_WHOLE = re.compile(r"(?:[0-9]+[wdhms])+")
_UNITS = {"w": 604_800, "d": 86_400, "h": 3600, "m": 60, "s": 1}


def parse_duration(text: str) -> int:
    """Seconds of ``1h30m``: parts in any order and size, no blanks, the unit obligatory.

    Raises ValueError.  "0s" is zero; a bare "0" is taken as well.
    """
    if text == "0":
        return 0
    if not _WHOLE.fullmatch(text):
        raise ValueError('want a time such as "30s", "10m" or "1d12h"')
    return sum(int(number) * _UNITS[unit] for number, unit in _PART.findall(text))


def format_duration(seconds: float) -> str:
    """Weeks to seconds, zero parts left out: 90 -> ``1m30s``, 0 -> ``0s``."""
    rest = int(abs(seconds))
    parts = []
    for unit, size in _UNITS.items():
        number, rest = divmod(rest, size)
        if number:
            parts.append(f"{number}{unit}")
    return ("-" if seconds < 0 else "") + ("".join(parts) or "0s")
