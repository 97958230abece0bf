"""The shape of a hint store.

Keys are text such as ``mx.example.org[192.0.2.1]:25``.  No operation raises because of the
store's own trouble: `get` answers None, `put` and `forget` do nothing.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Protocol

from pymta.dataclass import dataclass


@dataclass(frozen=True, slots=True)
class HostHint:
    """A host that could not be reached; times in seconds since the epoch."""

    host: str
    first_failed: float
    last_tried: float
    next_try: float
    why: str
    is_expired: bool = False  # it has failed for longer than its retry schedule goes on
    rule: str = ""  # where that schedule stands, for the operator


class Hints(Protocol):
    def get(self, host: str) -> HostHint | None: ...

    def put(self, hint: HostHint) -> None: ...

    def forget(self, host: str) -> None: ...


class StillHints:
    """What was remembered at one moment, for who only looks."""

    def __init__(self, hints: Iterable[HostHint] = ()) -> None:
        self._kept = {hint.host: hint for hint in hints}

    def get(self, host: str) -> HostHint | None:
        return self._kept.get(host)

    def put(self, hint: HostHint) -> None:
        pass

    def forget(self, host: str) -> None:
        pass
