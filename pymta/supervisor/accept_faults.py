"""Failed accepts: equal failures in a row become one line with a count (AE-01…AE-04).

The log must not grow with every failed call, and a cause that lasts must not become a busy loop.
So the first failure is only remembered, equal ones are counted, and the line is written when the
cause changes, when fifty have come, when a call gets through, or when a signal ends a wait.

After a shortage of descriptors or memory the loop stops listening for a moment.  So it does when
the wait itself fails, because nothing else would hold it up, and when anything at all has failed
fifty times in a row.
"""

from __future__ import annotations

import errno

from pymta.dataclass import dataclass

FLUSH_AT = 50  # AE-02
NO_DESCRIPTOR = frozenset({errno.EMFILE, errno.ENFILE})
SHORTAGES = NO_DESCRIPTOR | {errno.ENOBUFS, errno.ENOMEM}
FIRST_PAUSE = 0.1  # seconds; AE-04: from here, doubled, to LONGEST_PAUSE
LONGEST_PAUSE = 1.0

ACCEPT = "accept"
WAIT = "select"  # what the classic daemon waits with, and its lines name


@dataclass(frozen=True, slots=True)
class Series:
    """Equal failures in a row; `count` 0: none."""

    count: int = 0
    kind: str = ACCEPT
    number: int = 0  # the errno
    text: str = ""
    pause: float = 0.0  # seconds before the next accept

    @property
    def last(self) -> str:
        """The last failure, for those who ask how we are; "" for none."""
        return f"last {self.kind}() failed: {self.text}" if self.count else ""


@dataclass(frozen=True, slots=True)
class Line:
    """A line to write; `is_panic` when fifty forced it out (AE-03)."""

    text: str
    is_panic: bool = False


def failed(series: Series, kind: str, error: OSError) -> tuple[Series, Line | None]:
    """One more failure; EINTR is none (AE-01) and must not come here."""
    number = error.errno or 0
    is_same = series.count > 0 and (series.kind, series.number) == (kind, number)
    is_full = is_same and series.count >= FLUSH_AT
    before = series.pause if is_same else 0.0
    needs_pause = number in SHORTAGES or kind == WAIT or is_full or before
    pause = longer(before) if needs_pause else 0.0
    if is_same and not is_full:
        return Series(series.count + 1, kind, number, series.text, pause), None
    fresh = Series(1, kind, number, error.strerror or str(error), pause)
    return fresh, _line(series, forced=is_full)


def over(series: Series) -> tuple[Series, Line | None]:
    """A call got through, or the wait was merely interrupted."""
    return Series(), _line(series, forced=False)


def longer(pause: float) -> float:
    """The pause after one of `pause` seconds, 0 for none, that has changed nothing."""
    return min(max(pause * 2, FIRST_PAUSE), LONGEST_PAUSE)


def _line(series: Series, *, forced: bool) -> Line | None:
    if not series.count:
        return None
    plural = "failure" if series.count == 1 else "failures"
    return Line(f"{series.count} {series.kind}() {plural}: {series.text}", forced)
