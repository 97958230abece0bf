"""A log that remembers, and a line for logs that do not."""

from __future__ import annotations

from pymta.journal.debug import Debug
from pymta.journal.event import Event, Kind
from pymta.journal.stamp import Stamp

LINE = Event(Kind.ARRIVED, "<= a@b.example", queue_id="1aB2cD-00000000123-4567")
STAMP = Stamp(clock=lambda: 1_000_000_000.25)


class MemoryLog:
    """Satisfies `pymta.journal.log.Log`; `events` are all that were written, in order."""

    def __init__(self) -> None:
        self.events: list[Event] = []
        self.debug: Debug | None = None
        self.is_closed = False

    def write(self, event: Event) -> None:
        self.events.append(event)

    def descriptors(self) -> tuple[int, ...]:
        return ()

    def close(self) -> None:
        self.is_closed = True

    def texts(self) -> list[str]:
        return [event.text for event in self.events]
