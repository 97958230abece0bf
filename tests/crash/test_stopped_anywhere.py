"""The spool stopped after every single disk call, then opened anew, swept and read.

A life of several messages runs on a disk that stops after N calls, for every N until the whole
life runs through.  What was promised until then must be there afterwards: after a kill, where
everything written stays, and after power cuts, where what was not synced may be gone in any
combination.  The same check must fail for disks and programs that are wrong on purpose.
"""

from __future__ import annotations

import itertools
import os
import random
import signal
from collections.abc import Callable
from contextlib import closing, suppress
from dataclasses import replace
from pathlib import Path

import pytest

from pymta.journal.event import Event
from pymta.mail.envelope import Client, Envelope, Recipient
from pymta.spool import intake, opened
from pymta.spool.aside import Tell
from pymta.spool.claim import FileClaim
from pymta.spool.disk import Disk, Facts
from pymta.spool.files import FileSpool, say_on_stderr
from pymta.spool.intake import FileIntake
from pymta.spool.journal_lines import encode
from pymta.spool.outcomes import (
    Deferred,
    Delivered,
    Failed,
    Frozen,
    Record,
    Redirected,
    Reported,
)
from pymta.spool.queues import Queues
from pymta.spool.store import Seal, SpoolError
from tests.doubles.memory_disk import MemoryDisk
from tests.doubles.watched_disk import KillAfter, StopAfter, Stopped, WatchedDisk

SpoolOn = Callable[[Disk], FileSpool]

NOW = 1_700_000_000.0
LATER = 4e9
TOP = Path("/spool")
NAMED = "slow"
ENVELOPE = Envelope(
    "sender@example.org",
    (Recipient("one@example.net"), Recipient("two@example.net")),
    NOW,
    Client("192.0.2.1", 1025, "client.example.org", "esmtp"),
)
BODY = b"Subject: test\r\n\r\n" + b"0123456789abcdef\r\n" * 16  # more than one block
BLOCKS = {
    intake: 128,
    opened: 256,
}  # bytes; the calls are the same, and each copies next to nothing
PIECE = 50  # bytes that arrive at a time


@pytest.fixture(autouse=True)
def small_blocks(monkeypatch: pytest.MonkeyPatch) -> None:
    for module, size in BLOCKS.items():
        monkeypatch.setattr(module, "BLOCK", size)


class Promises:
    """What the program was told it may count on, until it was stopped."""

    def __init__(self) -> None:
        self.accepted: set[str] = set()
        self.settling: set[str] = set()  # removal has begun
        self.settled: set[str] = set()
        self.noted: dict[str, list[bytes]] = {}

    def make(self, kind: str, id: str, line: bytes = b"") -> None:
        match kind:
            case "accepted":
                self.accepted.add(id)
            case "settling":
                self.settling.add(id)
            case "settled":
                self.settled.add(id)
            case "noted":
                self.noted.setdefault(id, []).append(line)


def live(spool: FileSpool, promises: Promises) -> None:
    """Every kind of thing that happens to messages."""
    put_off = accept(spool, promises)
    at_once = accept(spool, promises)
    in_parts = accept(spool, promises, queue=NAMED)
    slow = accept(spool, promises, queue=NAMED)
    spool.begin(ENVELOPE).write(BODY)  # its client hangs up: nobody even abandons it
    abandoned = spool.begin(ENVELOPE)
    abandoned.write(BODY)
    abandoned.abandon()

    attempt(spool, promises, put_off, Deferred(NOW, (0, 1), NOW + 900, "busy"))
    settle(spool, promises, at_once)
    attempt(spool, promises, in_parts, Delivered(NOW, (0,)))
    bounce = spool.reserve()
    attempt(spool, promises, in_parts, Failed(NOW, (1,), "no such user", bounce))
    accept(spool, promises, id=bounce, queue=NAMED)
    settle(spool, promises, in_parts, Reported(NOW, bounce))
    attempt(spool, promises, put_off, Redirected(NOW, (0,), (2,), ("three@example.net",)))
    attempt(spool, promises, put_off, Delivered(NOW, (2,)))
    attempt(spool, promises, put_off, Frozen(NOW, "by hand"))
    settle(spool, promises, slow)
    accept(spool, promises)
    spool.sweep()


def accept(spool: FileSpool, promises: Promises, *, id: str = "", queue: str = "") -> str:
    message = spool.begin(replace(ENVELOPE, queue_name=queue), id=id)
    for start in range(0, len(BODY), PIECE):
        message.write(BODY[start : start + PIECE])
    message.commit(Seal(on_top=("Received: by us\r\n",)))
    promises.make("accepted", message.id)
    return message.id


def attempt(spool: FileSpool, promises: Promises, id: str, record: Record) -> None:
    claim = claimed(spool, id)
    claim.prepare()
    claim.note(record)
    promises.make("noted", id, encode(record))
    claim.release()


def settle(spool: FileSpool, promises: Promises, id: str, *records: Record) -> None:
    claim = claimed(spool, id)
    assert b"".join(claim.blocks()) == BODY
    claim.prepare()
    for record in records:
        claim.note(record)
        promises.make("noted", id, encode(record))
    assert claim.is_mine()
    promises.make("settling", id)
    claim.finish()
    promises.make("settled", id)


def claimed(spool: FileSpool, id: str) -> FileClaim:
    claim = spool.claim(id)
    assert claim is not None
    return claim


def open_spool(disk: Disk, top: Path = TOP, tell: Tell = say_on_stderr) -> FileSpool:
    """At a time when everything that a stopped process left is old enough to be swept."""
    return FileSpool(top, clock=lambda: LATER, tell=tell, disk=disk, roll=lambda _: 7)


def check(spool: FileSpool, promises: Promises, *, was_cut: bool) -> None:
    """Everything promised holds for whoever opens the spool next, before a sweep and after it."""
    before = present(spool, promises)
    spool.sweep()
    after = present(spool, promises)
    assert before == after
    assert promises.accepted - promises.settling <= after
    if not was_cut:  # a removal without a journal is not synced: see `states`
        assert not promises.settled & after
    for id in sorted(after):  # and life goes on
        record = Deferred(LATER, (0,), LATER + 1, "tried again")
        attempt(spool, promises, id, record)
        assert history(spool, id)[-1] == encode(record)
        claimed(spool, id).finish()
    assert all_waiting(spool) == []


def present(spool: FileSpool, promises: Promises) -> set[str]:
    ids = [id for _, id in all_waiting(spool)]
    assert len(set(ids)) == len(ids)
    for queue, id in all_waiting(spool):
        claim = claimed(spool, id)
        assert claim.envelope == replace(ENVELOPE, queue_name=queue)
        assert b"".join(claim.blocks()) == BODY
        claim.release()
        noted = promises.noted.get(id, [])
        assert history(spool, id)[: len(noted)] == noted
    return set(ids)


def all_waiting(spool: FileSpool) -> list[tuple[str, str]]:
    """Queue and id of every message."""
    return [(queue, message.id) for queue in spool.queues() for message in spool.waiting(queue)]


def history(spool: FileSpool, id: str) -> list[bytes]:
    message = spool.peek(id)
    assert message is not None
    return [encode(record) for record in message.history]


def live_until(disk: MemoryDisk, count: int, spool_on: SpoolOn) -> tuple[Promises, bool]:
    """The promises made until the stop; true when the life came to its end before it."""
    promises = Promises()
    try:
        live(spool_on(WatchedDisk(disk, StopAfter(count))), promises)
    except Stopped:
        return promises, False
    return promises, True


def right_spool(disk: Disk) -> FileSpool:
    ticks = itertools.count()
    return FileSpool(TOP, clock=lambda: NOW + next(ticks) / 1000, disk=disk, roll=lambda _: 7)


def stop_everywhere(spool_on: SpoolOn, end: Callable[[MemoryDisk], bool]) -> int:
    """Live, stop and check for every count; `end` is what the stop means to the disk."""
    for count in itertools.count():
        disk = MemoryDisk(lambda: NOW)
        promises, is_through = live_until(disk, count, spool_on)
        was_cut = end(disk)
        told: list[Event] = []
        spool = open_spool(disk, tell=told.append)
        check(spool, promises, was_cut=was_cut)
        assert told == []
        spool.sweep()
        assert [path for path in disk.tree() if "/host" not in path] == []
        if is_through:
            return count
    raise AssertionError


def kill(disk: MemoryDisk) -> bool:
    disk.stop()
    return False


def cut_power(seed: str) -> Callable[[MemoryDisk], bool]:
    """Nothing unsynced survives, or all of it, or what dice say."""
    dice = random.Random(seed)
    keeps: dict[str, Callable[[], bool]] = {"nothing": lambda: False, "all": lambda: True}

    def cut(disk: MemoryDisk) -> bool:
        disk.cut_power(keeps.get(seed, lambda: dice.random() < 0.5))
        return True

    return cut


def test_after_a_kill_at_any_call_every_promise_holds() -> None:
    assert stop_everywhere(right_spool, kill) > 100


LONG = [pytest.param(seed, marks=pytest.mark.long) for seed in "efgh"]


@pytest.mark.parametrize("seed", ["nothing", "all", *"abcd", *LONG])
def test_after_a_power_cut_at_any_call_every_promise_holds(seed: str) -> None:
    assert stop_everywhere(right_spool, cut_power(seed)) > 100


def test_after_a_kill_and_then_a_power_cut_every_promise_holds() -> None:
    """What a killed process left unsynced is nobody's promise; what the next one builds is."""
    for count in itertools.count():
        disk = MemoryDisk(lambda: NOW)
        promises, is_through = live_until(disk, count, right_spool)
        disk.stop()
        spool = open_spool(disk)
        for _, id in all_waiting(spool):
            attempt(spool, promises, id, Deferred(NOW, (0,), NOW, "after the kill"))
            promises.noted[id] = history(spool, id)
        disk.cut_power(lambda: False)
        check(open_spool(disk), promises, was_cut=True)
        if is_through:
            return


def test_a_killed_process_on_a_real_disk_keeps_every_promise(tmp_path: Path) -> None:
    for count in itertools.count():
        top = tmp_path / str(count)
        promises, is_through = live_in_a_child(top, count)
        with closing(open_spool(Disk(), top)) as spool:
            check(spool, promises, was_cut=False)
        if is_through:
            return


def live_in_a_child(top: Path, count: int) -> tuple[Promises, bool]:
    """A process that lives until it kills itself at a call, and says its promises over a pipe."""
    read, write = os.pipe()
    child = os.fork()
    if child == 0:
        status = 1
        try:
            live(FileSpool(top, disk=WatchedDisk(Disk(), KillAfter(count))), SpokenPromises(write))
            status = 0
        finally:  # whatever happens, there must not be a second pytest
            os._exit(status)
    os.close(write)
    promises = Promises()
    with open(read, "rb") as pipe:  # noqa: PTH123 (a descriptor, not a path)
        for line in pipe:
            kind, id, text = line.split(b"|", 2)
            promises.make(kind.decode(), id.decode(), text)
    _, status = os.waitpid(child, 0)
    assert os.waitstatus_to_exitcode(status) in {0, -signal.SIGKILL}
    return promises, os.waitstatus_to_exitcode(status) == 0


class SpokenPromises(Promises):
    def __init__(self, pipe: int) -> None:
        super().__init__()
        self._pipe = pipe

    def make(self, kind: str, id: str, line: bytes = b"") -> None:
        os.write(self._pipe, f"{kind}|{id}|".encode() + (line or b"\n"))


# Tests of the test: each is wrong in one way, and must be found out.


class WithoutSync(WatchedDisk):
    """Does not sync what `forgets` picks."""

    def __init__(self, inner: Disk, forgets: Callable[[Facts], bool]) -> None:
        super().__init__(inner, lambda _name, _arguments: None)
        self._forgets = forgets

    def sync(self, fd: int) -> None:
        if not self._forgets(self.facts(fd)):
            self.inner.sync(fd)


class PublishesFirst(FileIntake):
    """Gives the message its name before its content is on disk."""

    def _publish(self) -> None:
        self._disk.link(self._places.incoming, self.id, self._queue, self.id)
        self._disk.unlink(self._places.incoming, self.id)
        self._disk.sync(self._queue)
        self._flush()
        self._disk.sync(self._writable())
        self._close()


class DropsJournalFirst(FileClaim):
    def finish(self) -> None:
        if self._pen.exists:
            self._disk.unlink(self._queued.places.journal, self.id)
            self._disk.sync(self._queued.places.journal)
        self._disk.unlink(self._queued.queue, self.id)
        self._disk.sync(self._queued.queue)
        self.release()


class NeverSyncsRemoval(FileClaim):
    def finish(self) -> None:
        self._disk.unlink(self._queued.queue, self.id)
        if self._pen.exists:
            self._disk.unlink(self._queued.places.journal, self.id)
            self._disk.sync(self._queued.places.journal)
        self.release()


class NeverSyncsNames(Queues):
    """Makes the directory of a queue without making sure that it stays."""

    def make(self, name: str) -> int:
        if name not in self._open:
            with suppress(FileExistsError):
                self._disk.make_directory(self._path(name))
        found = self.get(name)
        assert found is not None
        return found


class SyncsDefaultOnly(Queues):
    def sync_all(self) -> None:
        self._disk.sync(self._open[""])


class WrongSpool(FileSpool):
    """Its intakes, claims and queues are of the given wrong kinds."""

    def __init__(
        self,
        disk: Disk,
        intake: type = FileIntake,
        claim: type = FileClaim,
        queues: type = Queues,
    ) -> None:
        ticks = itertools.count()
        super().__init__(TOP, clock=lambda: NOW + next(ticks) / 1000, disk=disk, roll=lambda _: 7)
        self._wrong_intake = intake
        self._wrong_claim = claim
        self._places().queues.__class__ = queues

    def begin(self, envelope: Envelope, *, id: str = "") -> FileIntake:
        message = super().begin(envelope, id=id)
        message.__class__ = self._wrong_intake
        return message

    def claim(self, id: str) -> FileClaim | None:
        claim = super().claim(id)
        if claim is not None:
            claim.__class__ = self._wrong_claim
        return claim


def test_a_sweeper_that_syncs_one_queue_only_is_found_out() -> None:
    """Killed between removal and journal; swept, life goes on, and then the power goes."""
    with pytest.raises(AssertionError):
        sweep_after_every_kill(SyncsDefaultOnly)
    sweep_after_every_kill(Queues)


def sweep_after_every_kill(queues: type) -> None:
    for count in itertools.count():
        disk = MemoryDisk(lambda: NOW)
        promises, is_through = live_until(disk, count, right_spool)
        disk.stop()
        spool = WrongSpool(disk, queues=queues)
        spool.sweep()
        attempt(spool, Promises(), accept(spool, Promises()), Deferred(NOW, (0,), NOW, "busy"))
        disk.cut_power(lambda: False)
        check(open_spool(disk), promises, was_cut=True)
        if is_through:
            return


@pytest.mark.parametrize(
    ("wrong", "end"),
    [
        pytest.param(
            lambda disk: right_spool(WithoutSync(disk, lambda _: True)),
            cut_power("nothing"),
            id="no sync at all",
        ),
        pytest.param(
            lambda disk: right_spool(WithoutSync(disk, lambda facts: facts.is_regular)),
            cut_power("nothing"),
            id="files are not synced",
        ),
        pytest.param(
            lambda disk: right_spool(WithoutSync(disk, lambda facts: not facts.is_regular)),
            cut_power("nothing"),
            id="directories are not synced",
        ),
        pytest.param(
            lambda disk: WrongSpool(disk, intake=PublishesFirst), kill, id="named before written"
        ),
        pytest.param(
            lambda disk: WrongSpool(disk, claim=DropsJournalFirst),
            kill,
            id="journal removed before its message",
        ),
        pytest.param(
            lambda disk: WrongSpool(disk, claim=NeverSyncsRemoval),
            cut_power("nothing"),
            id="journal removed before the removal of its message is on disk",
        ),
        pytest.param(
            lambda disk: WrongSpool(disk, queues=NeverSyncsNames),
            cut_power("nothing"),
            id="the directory of a queue is not synced",
        ),
    ],
)
def test_a_wrong_program_is_found_out(
    wrong: SpoolOn, end: Callable[[MemoryDisk], bool], capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises((AssertionError, SpoolError)):
        stop_everywhere(wrong, end)
