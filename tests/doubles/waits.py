"""Hints about messages in a dictionary."""

from __future__ import annotations

from collections.abc import Iterator

from pymta.hints.waits import Wait


class MemoryWaits:
    def __init__(self) -> None:
        self.kept: dict[str, Wait] = {}

    def note(self, wait: Wait) -> None:
        self.kept[wait.id] = wait

    def forget(self, id: str) -> None:
        self.kept.pop(id, None)

    def get(self, id: str) -> Wait | None:
        return self.kept.get(id)

    def known(self, generation: int) -> Iterator[Wait]:
        kept = sorted(self.kept.values(), key=lambda wait: wait.id)
        return iter([wait for wait in kept if wait.generation == generation])
