"""A spool in memory that knows where its messages stand, and not what is in them."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass

from pymta.load.reading import Room
from pymta.mail.envelope import DEFAULT_QUEUE, Envelope
from pymta.spool.alarm import alarm
from pymta.spool.fold import fold, step
from pymta.spool.outcomes import Record, State
from pymta.spool.store import Glance, Message, Seal, SpoolError, Waiting, glance_of

_BODY = b"Subject: simulated\r\n\r\n"


@dataclass(slots=True)
class Copy:
    id: str
    envelope: Envelope
    seal: Seal
    state: State
    due: float = 0.0
    is_first: bool = True


class CopiedSpool:
    """A `Spool`; `clock` gives seconds since the epoch."""

    def __init__(self, messages: Iterable[Message], clock: Callable[[], float]) -> None:
        self._clock = clock
        self._numbers = itertools.count(1)
        self.kept: dict[str, Copy] = {}
        for message in messages:
            copy = Copy(message.id, message.envelope, message.seal, message.state)
            if message.history:
                copy.is_first = False
                at = message.history[-1].at
                copy.due = alarm(message.state, at, message.envelope.received_at)
            self.kept[message.id] = copy

    def begin(self, envelope: Envelope, *, id: str = "") -> CopiedIntake:
        return CopiedIntake(self, id or self.reserve(), envelope)

    def reserve(self) -> str:
        return f"simulated-{next(self._numbers):06}"

    def holds(self, id: str) -> bool:
        return id in self.kept

    def claim(self, id: str) -> CopiedClaim | None:
        copy = self.kept.get(id)
        return CopiedClaim(self, copy) if copy else None

    def peek(self, id: str) -> Message | None:
        copy = self.kept.get(id)
        return Message(id, copy.envelope, copy.seal, copy.state) if copy else None

    def glance(self, id: str, queue: str) -> Glance | None:
        message = self.peek(id)
        return glance_of(message) if message and message.envelope.queue_name == queue else None

    def glances(self, queue: str, trouble: Callable[[SpoolError], None]) -> Iterator[Glance]:  # noqa: ARG002
        return (found for id in self.ids(queue) if (found := self.glance(id, queue)))

    def queues(self) -> tuple[str, ...]:
        return tuple({DEFAULT_QUEUE, *(copy.envelope.queue_name for copy in self.kept.values())})

    def waiting(self, queue: str = DEFAULT_QUEUE) -> Iterator[Waiting]:
        for id, copy in sorted(self.kept.items()):
            if copy.envelope.queue_name == queue:
                yield Waiting(id, copy.due, copy.is_first)

    def ids(self, queue: str = DEFAULT_QUEUE) -> list[str]:
        return [waiting.id for waiting in self.waiting(queue)]

    def room(self) -> Room:
        return Room(1 << 40, 1 << 20)

    def clear(self) -> None:
        pass

    def sweep(self) -> int:
        return 0


class CopiedClaim:
    def __init__(self, spool: CopiedSpool, copy: Copy) -> None:
        self.id = copy.id
        self.envelope = copy.envelope
        self.seal = copy.seal
        self._spool = spool
        self._copy = copy

    @property
    def state(self) -> State:
        return self._copy.state

    def blocks(self) -> Iterator[bytes]:
        yield _BODY

    def prepare(self) -> None:
        """There is always room."""

    def note(self, *records: Record) -> None:
        copy = self._copy
        copy.state = step(copy.state, *records)
        copy.due = alarm(copy.state, records[-1].at, copy.envelope.received_at)
        copy.is_first = False

    def is_mine(self) -> bool:
        return True

    def finish(self) -> bool:
        self._spool.kept.pop(self.id, None)
        return False

    def release(self) -> None:
        """Nobody else is there."""


class CopiedIntake:
    """A report that is written."""

    def __init__(self, spool: CopiedSpool, id: str, envelope: Envelope) -> None:
        self.id = id
        self._spool = spool
        self._envelope = envelope

    def write(self, chunk: bytes) -> None:
        pass

    def commit(self, seal: Seal) -> None:
        state = fold(len(self._envelope.recipients), (), seal.frozen)
        self._spool.kept[self.id] = Copy(self.id, self._envelope, seal, state)

    def abandon(self) -> None:
        pass
