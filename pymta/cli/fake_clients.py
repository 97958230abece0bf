"""What the daemon remembers of its clients, for a fake session: nothing, and each question is told.

Otherwise a rule that only wants to know whether somebody was here before would seem never to hold.
"""

from __future__ import annotations

from collections.abc import Callable


class FakeClients:
    """A `Clients` (pymta.hints.clients).  `tell` hears each question."""

    def __init__(self, tell: Callable[[str], object]) -> None:
        self._tell = tell

    def _ask(self, key: str, *_: object, **_named: object) -> None:
        self._tell(f"{key}: what came before is not known here")

    count = level = sight = _ask

    def forget(self, key: str) -> None:
        pass
