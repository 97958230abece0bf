"""Rows of sinks: where a line goes that the first one cannot take.

A log is a row of sinks.  Each event goes to the first that takes it at once; none waits, because
a session or the supervisor must not stand still when nobody reads the log.  What no sink took is
counted (`lost`), and the count is told as soon as one takes lines again.

A log file or a syslog daemon that takes no lines is worth a line itself, to whom takes them
instead, and so is their return.  journald has no such line: standard error leads to it as well.

Touches: clock.
"""

from __future__ import annotations

import time
from collections.abc import Sequence
from typing import Protocol

from pymta.journal import log_events
from pymta.journal.event import Event, Stream
from pymta.journal.lost import Lost

TELL_AGAIN = 3600.0  # seconds before one and the same trouble is told once more


class Writer(Protocol):
    """Neither call raises or waits for long."""

    def write(self, event: Event) -> None: ...

    def tell_lost(self) -> None:
        """Say now how many lines nobody took, if anybody takes that line."""
        ...

    def descriptors(self) -> tuple[int, ...]:
        """What a forked child must not close, if it is to go on with this log."""
        ...

    def close(self) -> None:
        """Drain what this process has sent, within a bound, and let go."""
        ...


class Sink(Protocol):
    @property
    def trouble(self) -> str:
        """Why the last event was not taken, where that is worth a line."""
        ...

    def put(self, event: Event) -> bool:
        """Take it at once, or say False."""
        ...

    def descriptors(self) -> tuple[int, ...]: ...

    def close(self) -> None: ...


class Row:
    """A log over sinks, the best first.  A forked child may go on with the one it inherited.

    What no sink took is added to `lost`, which several rows may share; None where a line that is
    not taken is not lost, because it stands in another log as well.
    """

    def __init__(self, sinks: Sequence[Sink], lost: Lost | None) -> None:
        self._sinks = tuple(sinks)
        self._lost = lost
        self._detour = _Detour()

    def write(self, event: Event) -> None:
        if self._lost and self._lost.is_owed:
            self.tell_lost()
        if not self._put(event) and self._lost:
            self._lost.add(1)

    def tell_lost(self) -> None:
        count = self._lost.take() if self._lost else 0
        if self._lost and count and not self._put(log_events.lines_lost(count)):
            self._lost.add(count)

    def descriptors(self) -> tuple[int, ...]:
        return tuple(fd for sink in self._sinks for fd in sink.descriptors())

    def close(self) -> None:
        self.tell_lost()
        for sink in self._sinks:
            sink.close()

    def _put(self, event: Event) -> bool:
        for sink in self._sinks:
            if sink.put(event):
                first = self._sinks[0]
                is_detour = sink is not first
                remark = self._detour.goes_on(first.trouble) if is_detour else self._detour.ends()
                if remark:
                    sink.put(remark)
                return True
        return False


class Both:
    """Two logs at once, such as the daemon's and a terminal, which may get panics only."""

    def __init__(self, first: Writer, second: Writer, *, panics_only: bool = False) -> None:
        self._logs = (first, second)
        self._panics_only = panics_only

    def write(self, event: Event) -> None:
        first, second = self._logs
        first.write(event)
        if not self._panics_only or Stream.PANIC in event.streams:
            second.write(event)

    def tell_lost(self) -> None:
        for log in self._logs:
            log.tell_lost()

    def descriptors(self) -> tuple[int, ...]:
        return tuple(fd for log in self._logs for fd in log.descriptors())

    def close(self) -> None:
        for log in self._logs:
            log.close()


class _Detour:
    """Lines of this process that went to another sink than the first, and what to say of it."""

    def __init__(self) -> None:
        self._lines = 0
        self._told = ""
        self._told_at = 0.0

    def goes_on(self, trouble: str) -> Event | None:
        now = time.monotonic()
        if not trouble or (trouble == self._told and now - self._told_at < TELL_AGAIN):
            return None
        self._told, self._told_at = trouble, now
        self._lines = 1
        return log_events.cannot_be_written(trouble)

    def ends(self) -> Event | None:
        if not self._lines:
            return None
        self._lines = 0
        return log_events.can_be_written_again()
