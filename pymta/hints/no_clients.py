"""A store of what clients did for where there is none: it can tell nothing."""

from __future__ import annotations

from collections.abc import Callable

from pymta.hints.clients import Sighting


class NoClients:
    """A `Clients`."""

    def count(
        self, key: str, amount: float, period: float, *, most: float | None = None
    ) -> float | None:
        pass

    def level(self, key: str, period: float) -> float | None:
        pass

    def sight(
        self,
        key: str,
        see: Callable[[Sighting | None, float], Sighting],
        kept: float,
        *,
        untried: float | None = None,
    ) -> Sighting | None:
        pass

    def forget(self, key: str) -> None:
        pass
