"""What is remembered about clients, in dictionaries, by a clock that a test sets."""

from __future__ import annotations

from collections.abc import Callable

from pymta.hints.clients import Sighting
from pymta.hints.window import Window, counted, level, turned


class MemoryClients:
    """`is_gone`: nothing can be told."""

    def __init__(self, now: float = 1.7e9) -> None:
        self.now = now
        self.is_gone = False
        self.windows: dict[str, Window] = {}
        self.sightings: dict[str, tuple[Sighting, float]] = {}

    def count(
        self, key: str, amount: float, period: float, *, most: float | None = None
    ) -> float | None:
        if self.is_gone:
            return None
        window = counted(turned(self.windows.get(key), self.now, period), amount)
        reached = level(window, self.now, period)
        if most is None or reached <= most:
            self.windows[key] = window
        return reached

    def level(self, key: str, period: float) -> float | None:
        if self.is_gone:
            return None
        return level(turned(self.windows.get(key), self.now, period), self.now, period)

    def sight(
        self,
        key: str,
        see: Callable[[Sighting | None, float], Sighting],
        kept: float,
        *,
        untried: float | None = None,
    ) -> Sighting | None:
        if self.is_gone:
            return None
        before, ends = self.sightings.get(key, (None, 0.0))
        seen = see(before if ends >= self.now else None, self.now)
        is_short = not seen.passes and untried is not None
        self.sightings[key] = seen, self.now + (untried if is_short and untried else kept)
        return seen

    def forget(self, key: str) -> None:
        self.windows.pop(key, None)
        self.sightings.pop(key, None)
