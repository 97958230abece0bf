"""A spool that keeps nothing: what a fake session accepts is gone."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterator

from pymta.load.reading import Room
from pymta.mail.envelope import DEFAULT_QUEUE, Envelope
from pymta.mail.message_id import make_id
from pymta.spool.store import Claim, Glance, Message, Seal, SpoolError, Waiting

_ROOM = Room(1 << 60, None)  # the disk of the daemon may be closed to whoever asks


class FakeIntake:
    def __init__(self, id: str) -> None:
        self.id = id

    def write(self, chunk: bytes) -> None:
        """Nothing."""

    def commit(self, seal: Seal) -> None:
        """Nothing."""

    def abandon(self) -> None:
        """Nothing."""


class FakeSpool:
    """`seconds` since the epoch are what ids are made of."""

    def __init__(self, seconds: int) -> None:
        self._seconds = seconds
        self._numbers = itertools.count()

    def begin(self, envelope: Envelope, *, id: str = "") -> FakeIntake:  # noqa: ARG002
        return FakeIntake(id or self.reserve())

    def reserve(self) -> str:
        return make_id(self._seconds, next(self._numbers), 0)

    def holds(self, id: str) -> bool:  # noqa: ARG002
        return False

    def claim(self, id: str) -> Claim | None:  # noqa: ARG002
        return None

    def peek(self, id: str) -> Message | None:  # noqa: ARG002
        return None

    def glance(self, id: str, queue: str) -> Glance | None:  # noqa: ARG002
        return None

    def glances(self, queue: str, trouble: Callable[[SpoolError], None]) -> Iterator[Glance]:  # noqa: ARG002
        return iter(())

    def queues(self) -> tuple[str, ...]:
        return (DEFAULT_QUEUE,)

    def waiting(self, queue: str = DEFAULT_QUEUE) -> Iterator[Waiting]:  # noqa: ARG002
        return iter(())

    def ids(self, queue: str = DEFAULT_QUEUE) -> list[str]:  # noqa: ARG002
        return []

    def room(self) -> Room:
        return _ROOM

    def clear(self) -> None:
        pass

    def sweep(self) -> int:
        return 0
