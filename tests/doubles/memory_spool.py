"""A spool in memory, held to the same contract as the one on disk (tests/contracts)."""

from __future__ import annotations

import errno
import hashlib
import itertools
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace

from pymta.load.reading import Room
from pymta.mail.envelope import DEFAULT_QUEUE, Envelope, is_queue_name
from pymta.mail.message_id import is_id, make_id
from pymta.spool.alarm import alarm
from pymta.spool.fold import fold
from pymta.spool.outcomes import Record, State
from pymta.spool.store import Glance, Message, Seal, SpoolError, Waiting, glance_of


@dataclass
class Kept:
    id: str
    envelope: Envelope
    seal: Seal
    body: bytes
    history: list[Record] = field(default_factory=list)
    due: float = 0.0


class MemorySpool:
    """`messages` are those in the queue, `open` those begun and neither committed nor abandoned.

    `free` is what `room` says.  `fail_at` is "room", "begin", "write", "commit", "prepare" or
    "note", `error` the errno then.  `crash` is raised instead of an error of the disk, as a mistake
    of our own would be.
    """

    def __init__(
        self,
        *,
        clock: Callable[[], float] = time.time,
        fail_at: str = "",
        crash: Exception | None = None,
    ) -> None:
        self.messages: dict[str, Kept] = {}
        self.open: set[str] = set()
        self.claimed: set[str] = set()
        self.fail_at = fail_at
        self.error = errno.EIO
        self.free = Room(1 << 40, 1 << 20)
        self.crash = crash
        self._clock = clock
        self._numbers = itertools.count()
        self._queues = {DEFAULT_QUEUE}

    def begin(self, envelope: Envelope, *, id: str = "") -> MemoryIntake:
        self.step("begin")
        if envelope.queue_name and not is_queue_name(envelope.queue_name):
            raise SpoolError(errno.EINVAL, "no name of a queue")
        if id and not is_id(id):
            raise SpoolError(errno.EINVAL, "not a message id")
        if id in self.messages:
            raise SpoolError(errno.EEXIST, f"message {id} exists")
        self._queues.add(envelope.queue_name)
        intake = MemoryIntake(self, id or self.reserve(), envelope)
        self.open.add(intake.id)
        return intake

    def reserve(self) -> str:
        return make_id(int(self._clock()), next(self._numbers), 0)

    def holds(self, id: str) -> bool:
        return id in self.messages

    def claim(self, id: str) -> MemoryClaim | None:
        if id not in self.messages or id in self.claimed:
            return None
        self.claimed.add(id)
        return MemoryClaim(self, id)

    def clear(self) -> None:
        self.step("clear")

    def peek(self, id: str) -> Message | None:
        kept = self.messages.get(id)
        if kept is None:
            return None
        return Message(id, kept.envelope, kept.seal, state_of(kept), tuple(kept.history))

    def glance(self, id: str, queue: str) -> Glance | None:
        message = self.peek(id)
        return glance_of(message) if message and message.envelope.queue_name == queue else None

    def glances(self, queue: str, trouble: Callable[[SpoolError], None]) -> Iterator[Glance]:
        return (found for id in self.ids(queue) if (found := self.glance(id, queue)))

    def queues(self) -> tuple[str, ...]:
        return tuple(sorted(self._queues))

    def waiting(self, queue: str = DEFAULT_QUEUE) -> Iterator[Waiting]:
        here = {id: kept for id, kept in self.messages.items() if kept.envelope.queue_name == queue}
        for id, kept in sorted(here.items()):
            yield Waiting(id, kept.due if kept.history else 0.0, is_first=not kept.history)

    def ids(self, queue: str = DEFAULT_QUEUE) -> list[str]:
        return [waiting.id for waiting in self.waiting(queue)]

    def room(self) -> Room:
        self.step("room")
        return self.free

    def sweep(self) -> int:
        return 0

    @property
    def stored(self) -> list[Kept]:
        """The queue in the order of acceptance."""
        return list(self.messages.values())

    def step(self, name: str) -> None:
        if name == self.fail_at:
            raise self.crash or SpoolError(self.error, "the disk says no")


class MemoryIntake:
    def __init__(self, spool: MemorySpool, id: str, envelope: Envelope) -> None:
        self.id = id
        self._spool = spool
        self._envelope = envelope
        self._body = bytearray()

    def write(self, chunk: bytes) -> None:
        self._go_on("write")
        self._body += chunk

    def commit(self, seal: Seal) -> None:
        self._go_on("commit")
        self.abandon()
        body = bytes(self._body)
        whole = replace(seal, size=len(body), digest=hashlib.sha256(body).hexdigest())
        self._spool.messages[self.id] = Kept(self.id, self._envelope, whole, body)

    def abandon(self) -> None:
        self._spool.open.discard(self.id)

    def _go_on(self, step: str) -> None:
        if self.id not in self._spool.open:
            raise SpoolError(errno.EBADF, f"message {self.id} was abandoned")
        try:
            self._spool.step(step)
        except SpoolError:
            self.abandon()
            raise


class MemoryClaim:
    def __init__(self, spool: MemorySpool, id: str) -> None:
        self.id = id
        self._spool = spool
        self._kept = spool.messages[id]
        self._is_held = True
        self.envelope = self._kept.envelope
        self.seal = self._kept.seal

    @property
    def state(self) -> State:
        return state_of(self._kept)

    def blocks(self) -> Iterator[bytes]:
        self._hold()
        if self._kept.body:
            yield self._kept.body

    def prepare(self) -> None:
        self._hold()
        self._spool.step("prepare")

    def note(self, *records: Record) -> None:
        self._hold()
        self._spool.step("note")
        self._kept.history += records
        self._kept.due = alarm(self.state, records[-1].at, self.envelope.received_at)

    def is_mine(self) -> bool:
        self._hold()
        return self._spool.messages.get(self.id) is self._kept

    def finish(self) -> bool:
        self._hold()
        self._spool.messages.pop(self.id, None)
        self.release()
        return False

    def release(self) -> None:
        if self._is_held:
            self._is_held = False
            self._spool.claimed.discard(self.id)

    def _hold(self) -> None:
        if not self._is_held:
            raise SpoolError(errno.EBADF, f"message {self.id} is claimed no more")


def state_of(kept: Kept) -> State:
    return fold(len(kept.envelope.recipients), kept.history, kept.seal.frozen)
