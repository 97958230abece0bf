"""Whatever the disk says to any call, the client hears 452 or 451 and nothing stays in part."""

from __future__ import annotations

import errno
import itertools
import os
from pathlib import Path
from typing import Any

import pytest

from pymta.spool.files import FileSpool
from pymta.spool.memory_disk import MemoryDisk
from pymta.spool.watched_disk import WatchedDisk
from tests.doubles.house import Guest, House

NOW = 1_700_000_000.0
FULL, BROKEN = "452 4.3.1 ", "451 4.3.0 "
LETTER = ("MAIL FROM:<a@b.example>", "RCPT TO:<postmaster>", "DATA")


class Faults:
    """The call of this number, counted from when it was set, fails with this error."""

    def __init__(self) -> None:
        self.number = self.error = self.calls = 0
        self.name = ""

    def set(self, number: int, error: int) -> None:
        self.number, self.error, self.calls, self.name = number, error, 0, ""

    def __call__(self, name: str, _arguments: tuple[Any, ...]) -> None:
        self.calls += 1
        if self.calls == self.number:
            self.name = name
            raise OSError(self.error, os.strerror(self.error))


def send(guest: Guest, *, body: str) -> str:
    """The last reply; the session is ready for the next message afterwards."""
    for command in LETTER:
        (reply,) = guest.ask(command)
        if reply[0] not in "23":
            guest.ask("RSET")
            return reply
    guest.send(body.encode() + b"\r\n")
    (reply,) = guest.ask(".")
    return reply


@pytest.mark.parametrize(
    ("error", "expected"),
    [
        (errno.ENOSPC, FULL),
        (errno.EDQUOT, FULL),
        (errno.EIO, BROKEN),
        (errno.EMFILE, BROKEN),
        (errno.ENFILE, BROKEN),
        (errno.EROFS, BROKEN),
    ],
    ids=lambda value: errno.errorcode.get(value, "") if isinstance(value, int) else value[:3],
)
def test_any_call_to_the_disk_may_fail(error: int, expected: str) -> None:
    """Reliability, promises 1 and 3; a sync that fails (EIO) is one of them."""
    faults, disk = Faults(), MemoryDisk(lambda: NOW)
    spool = FileSpool(
        Path("/spool"), clock=lambda: NOW, disk=WatchedDisk(disk, faults), roll=lambda _: 7
    )
    failed: set[str] = set()
    accepted = 0
    with House(spool=spool).call() as guest:  # type: ignore[arg-type]
        guest.hear()
        guest.ask("EHLO client.example")
        for number in itertools.count(1):
            faults.set(number, error)
            reply = send(guest, body="x" * 200)
            is_through = not faults.name
            failed.add(faults.name)
            if reply.startswith("250 "):
                accepted += 1
            else:
                assert reply.startswith(expected), (faults.name, reply)
            faults.set(0, 0)
            queue, incoming = list(spool.waiting()), incoming_of(disk)
            assert len(queue) == accepted, faults.name
            assert not incoming or failed & {"unlink"}, incoming  # which the sweeper takes
            if is_through:
                break
    assert {"create", "write", "sync", "link"} <= failed
    assert accepted >= 1


def incoming_of(disk: MemoryDisk) -> list[str]:
    return [path for path in disk.tree() if path.startswith("/spool/incoming/")]
