"""A log that remembers."""

from __future__ import annotations

from pymta.journal.event import Event


class MemoryLog:
    """Satisfies `pymta.journal.log.Log`; `events` are all that were written, in order."""

    def __init__(self) -> None:
        self.events: list[Event] = []
        self.is_closed = False

    def write(self, event: Event) -> None:
        self.events.append(event)

    def descriptors(self) -> tuple[int, ...]:
        return ()

    def close(self) -> None:
        self.is_closed = True

    def texts(self) -> list[str]:
        return [event.text for event in self.events]
