"""A spool in memory, with a disk that can be told to refuse."""

from __future__ import annotations

import errno
from collections.abc import Iterator
from dataclasses import dataclass, field

from pymta.mail.envelope import Envelope
from pymta.mail.message_id import make_id
from pymta.spool.store import Claim, Message, Seal, SpoolError, Waiting


@dataclass
class StoredMessage:
    id: str
    envelope: Envelope
    body: bytes
    seal: Seal


@dataclass
class MemorySpool:
    """Takes messages in; `fail_at` is "begin", "write" or "commit", `error` the errno then.

    `crash` is raised instead of an error of the disk, as a mistake of our own would be.
    """

    stored: list[StoredMessage] = field(default_factory=list)
    open: set[str] = field(default_factory=set)  # begun, neither committed nor abandoned
    fail_at: str = ""
    error: int = errno.EIO
    crash: Exception | None = None
    count: int = 0

    def begin(self, envelope: Envelope, *, id: str = "") -> MemoryIntake:
        self.step("begin")
        intake = MemoryIntake(self, id or self.reserve(), envelope)
        self.open.add(intake.id)
        return intake

    def reserve(self) -> str:
        self.count += 1
        return make_id(1_700_000_000, 1, self.count)

    def holds(self, id: str) -> bool:
        return any(message.id == id for message in self.stored)

    def claim(self, id: str) -> Claim | None:
        raise AssertionError("nobody delivers from here")

    def peek(self, id: str) -> Message | None:
        raise AssertionError("nobody lists this")

    def waiting(self) -> Iterator[Waiting]:
        return iter(())

    def sweep(self) -> int:
        return 0

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
        self._spool.step("write")
        self._body += chunk

    def commit(self, seal: Seal) -> None:
        self._spool.step("commit")
        self._spool.open.discard(self.id)
        self._spool.stored.append(StoredMessage(self.id, self._envelope, bytes(self._body), seal))

    def abandon(self) -> None:
        self._spool.open.discard(self.id)
