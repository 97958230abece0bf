"""Ids one after another, for the pool of a queue run."""

from __future__ import annotations

from collections.abc import Iterable


class Line:
    """A `pymta.queue.pool.Source`; `over` are those whose attempt has ended."""

    def __init__(self, ids: Iterable[str]) -> None:
        self._ids = iter(ids)
        self.over: list[str] = []

    def take(self, after: str) -> str:
        return next(self._ids, "")

    def ended(self, id: str) -> None:
        self.over.append(id)
