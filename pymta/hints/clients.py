"""What we remember about clients and what they send: how often, and since when.

Nothing here is of one kind of policy.  A key is text that the asker chooses, with a word in front
that says what for, such as ``rate:per-network:192.0.2.0/24`` or ``auth:alice``.

Whatever trouble the store has, no operation raises: None says that it cannot tell, and whoever
asked goes on without.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Protocol

from pymta.dataclass import dataclass


@dataclass(frozen=True, slots=True)
class Sighting:
    """When something came first and last, in seconds since the epoch, and how often it passed."""

    first: float
    last: float
    passes: int = 0


class Clients(Protocol):
    def count(
        self, key: str, amount: float, period: float, *, most: float | None = None
    ) -> float | None:
        """How often in the last `period` seconds, this time included.

        What goes above `most` is told, and not counted: who is refused does not refuse himself
        for longer by trying.  Without `most` everything counts.
        """
        ...

    def level(self, key: str, period: float) -> float | None:
        """The same, without counting."""
        ...

    def sight(
        self,
        key: str,
        see: Callable[[Sighting | None, float], Sighting],
        kept: float,
        *,
        untried: float | None = None,
    ) -> Sighting | None:
        """Replace what is known with what `see` makes of it, and of the time.

        It is forgotten after `kept` seconds; after `untried`, as long as it has never passed: of
        those that never come again there are most by far.
        `see` only thinks: it may be asked twice.
        """
        ...

    def forget(self, key: str) -> None: ...
