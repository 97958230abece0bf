"""A log for commands that only look: whatever is told to it is nobody's business."""

from __future__ import annotations

from collections.abc import Sequence

from pymta.journal.debug import Debug
from pymta.journal.event import Event


class Quiet:
    debug: Debug | None = None
    owes_lines = False

    def write(self, event: Event) -> None:
        """It is not kept."""

    def tell_lost(self) -> None:
        """Nothing is lost that was not wanted."""

    def descriptors(self) -> tuple[int, ...]:
        return ()

    def legacy(self) -> tuple[int, ...]:
        return ()

    def inherit(self, descriptors: Sequence[int]) -> None:
        """Nobody was before us."""

    def close(self) -> None:
        """Nothing is open."""


QUIET = Quiet()
