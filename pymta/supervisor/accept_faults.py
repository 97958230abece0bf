"""Failed accepts: equal failures in a row become one line with a count (AE-01…AE-04).

The log must not grow with every failed call, and a cause that lasts must not become a busy loop.
So the first failure is only remembered, equal ones are counted, and the line is written when the
cause changes, when fifty have come, or when a call gets through.  After a shortage of descriptors
or memory the loop stops listening for a moment.
"""

from __future__ import annotations

import errno
from dataclasses import dataclass

FLUSH_AT = 50  # AE-02
SHORTAGES = frozenset({errno.EMFILE, errno.ENFILE, errno.ENOBUFS, errno.ENOMEM})
FIRST_PAUSE = 0.1  # seconds; AE-04: from here, doubled, to LONGEST_PAUSE
LONGEST_PAUSE = 1.0


@dataclass(frozen=True, slots=True)
class Series:
    """Equal failures in a row; `count` 0: none."""

    count: int = 0
    kind: str = "accept"
    number: int = 0  # the errno
    text: str = ""
    pause: float = 0.0  # seconds before the next accept


@dataclass(frozen=True, slots=True)
class Line:
    """A line to write; `is_panic` when fifty forced it out (AE-03)."""

    text: str
    is_panic: bool = False


def failed(series: Series, kind: str, error: OSError) -> tuple[Series, Line | None]:
    """One more failure; EINTR is none (AE-01) and must not come here."""
    number = error.errno or 0
    pause = min(max(series.pause * 2, FIRST_PAUSE), LONGEST_PAUSE) if number in SHORTAGES else 0.0
    same = (series.kind, series.number) == (kind, number)
    if series.count and same and series.count < FLUSH_AT:
        again = Series(series.count + 1, kind, number, series.text, pause)
        return again, None
    fresh = Series(1, kind, number, error.strerror or str(error), pause)
    return fresh, _line(series, forced=series.count >= FLUSH_AT)


def succeeded(series: Series) -> tuple[Series, Line | None]:
    return Series(), _line(series, forced=False)


def _line(series: Series, *, forced: bool) -> Line | None:
    if not series.count:
        return None
    plural = "failure" if series.count == 1 else "failures"
    return Line(f"{series.count} {series.kind}() {plural}: {series.text}", forced)
