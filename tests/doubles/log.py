"""A log that remembers, a sink that can be shut, and a line for logs that are real."""

from __future__ import annotations

import re
from collections.abc import Sequence

from pymta.journal.debug import Debug
from pymta.journal.event import Event, Kind
from pymta.journal.stamp import Stamp

_DURATION = re.compile(r" D=[0-9]+\.[0-9]s")
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

    owes_lines = False

    def tell_lost(self) -> None:
        pass

    def legacy(self) -> tuple[int, ...]:
        return ()

    def inherit(self, descriptors: Sequence[int]) -> None:
        assert not descriptors

    def descriptors(self) -> tuple[int, ...]:
        return ()

    def close(self) -> None:
        self.is_closed = True

    def texts(self) -> list[str]:
        """As if no session had taken any time: how long one does is a matter of the machine."""
        return [_DURATION.sub(" D=0.0s", event.text) for event in self.events]


class Valve:
    """A sink that takes events while it `is_open`."""

    def __init__(self, *, is_open: bool = True, trouble: str = "") -> None:
        self.is_open = is_open
        self.why = trouble
        self.taken: list[Event] = []

    @property
    def trouble(self) -> str:
        return "" if self.is_open else self.why

    def put(self, event: Event) -> bool:
        if self.is_open:
            self.taken.append(event)
        return self.is_open

    def descriptors(self) -> tuple[int, ...]:
        return ()

    def close(self) -> None:
        pass

    def texts(self) -> list[str]:
        return [event.text for event in self.taken]
