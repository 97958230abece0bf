"""How many connections may this address hold?  (LM-03)

Three answers are kept apart: a number; nothing, when none is set for the address; and trouble, when
what is set cannot be understood.  Trouble never keeps a caller out: it is told, and what could be
understood of it still counts.
"""

from __future__ import annotations

import re

from pymta.config.per_host import Value
from pymta.config.units import MOST
from pymta.dataclass import dataclass

_DIGITS = re.compile(r"0*([0-9]*)")
_LONGEST = len(str(MOST))


@dataclass(frozen=True, slots=True)
class Share:
    """`limit` 0: none.  `trouble` is the line to log, "" when there is none."""

    limit: int = 0
    trouble: str = ""


NO_LIMIT = Share()


def share_of(value: Value | None, origin: str) -> Share:
    """`value` is what is set for the caller (None: as if it were not); HC-04 has his `origin`."""
    if value is None:
        return NO_LIMIT
    if isinstance(value, int):
        return Share(value)
    match = _DIGITS.match(value)
    digits = match[1] if match else ""
    if len(digits) > _LONGEST or int(digits or 0) > MOST:
        text = f"failed for {origin}: the number is too large"
        return Share(trouble=f"expansion of smtp_accept_max_per_host {text}")
    limit = int(digits or 0)
    if match and match.end() < len(value):
        text = f"for {origin} contains non-digit: {value}"
        return Share(limit, f"expansion of smtp_accept_max_per_host {text}")
    return Share(limit)
