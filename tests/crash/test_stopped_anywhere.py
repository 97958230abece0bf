"""The spool stopped after every single disk call, then opened anew, swept and read.

A life of several messages (`pymta.spool.trial`) runs on a disk that stops after N calls, for every
N until the whole life runs through.  What was promised until then must be there afterwards: after a
kill, where everything written stays, and after power cuts, where what was not synced may be gone in
any combination.  The same check must fail for disks and programs that are wrong on purpose.
"""

from __future__ import annotations

import itertools
import random
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

import pytest

from pymta.journal.event import Event
from pymta.mail.envelope import Envelope
from pymta.spool import intake, opened
from pymta.spool.aside import Tell
from pymta.spool.claim import FileClaim
from pymta.spool.disk import Disk, Facts
from pymta.spool.files import FileSpool, say_on_stderr
from pymta.spool.intake import FileIntake
from pymta.spool.memory_disk import MemoryDisk
from pymta.spool.outcomes import Deferred, Record
from pymta.spool.queues import Queues
from pymta.spool.store import SpoolError
from pymta.spool.torture import Torturer, Trial
from pymta.spool.trial import LATER, NOW, Body, BrokenPromiseError, Life, Promises
from pymta.spool.watched_disk import StopAfter, Stopped, WatchedDisk

SpoolOn = Callable[[Disk], FileSpool]

TOP = Path("/spool")
BODY = Body(b"Subject: test\r\n\r\n" + b"0123456789abcdef\r\n" * 16)  # more than one block
BLOCKS = {
    intake: 128,
    opened: 256,
}  # bytes; the calls are the same, and each copies next to nothing


@pytest.fixture(autouse=True)
def small_blocks(monkeypatch: pytest.MonkeyPatch) -> None:
    for module, size in BLOCKS.items():
        monkeypatch.setattr(module, "BLOCK", size)


def life(spool: FileSpool, promises: Promises | None = None) -> Life:
    return Life(spool, (promises or Promises()).make, BODY)


def open_spool(disk: Disk, tell: Tell = say_on_stderr) -> FileSpool:
    """At a time when everything that a stopped process left is old enough to be swept."""
    return FileSpool(TOP, clock=lambda: LATER, tell=tell, disk=disk, roll=lambda _: 7)


def live_until(disk: MemoryDisk, count: int, spool_on: SpoolOn) -> tuple[Promises, bool]:
    """The promises made until the stop; true when the life came to its end before it."""
    promises = Promises()
    try:
        life(spool_on(WatchedDisk(disk, StopAfter(count))), promises).live()
    except Stopped:
        return promises, False
    return promises, True


def right_spool(disk: Disk, together: int = 1) -> FileSpool:
    ticks = itertools.count()
    return FileSpool(
        TOP,
        clock=lambda: NOW + next(ticks) / 1000,
        disk=disk,
        roll=lambda _: 7,
        together=together,
    )


def worker_spool(disk: Disk) -> FileSpool:
    """Of a process that settles one message after another."""
    return right_spool(disk, together=9)


def stop_everywhere(spool_on: SpoolOn, end: Callable[[MemoryDisk], bool]) -> int:
    """Live, stop and check for every count; `end` is what the stop means to the disk."""
    for count in itertools.count():
        disk = MemoryDisk(lambda: NOW)
        promises, is_through = live_until(disk, count, spool_on)
        was_cut = end(disk)
        told: list[Event] = []
        spool = open_spool(disk, tell=told.append)
        life(spool).check(promises, was_cut=was_cut)
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


@pytest.mark.parametrize("spool_on", [right_spool, worker_spool])
def test_after_a_kill_at_any_call_every_promise_holds(spool_on: SpoolOn) -> None:
    assert stop_everywhere(spool_on, kill) > 100


LONG = [pytest.param(seed, marks=pytest.mark.long) for seed in "bcdefgh"]


@pytest.mark.parametrize("seed", ["nothing", "all", "a", *LONG])
def test_after_a_power_cut_at_any_call_every_promise_holds(seed: str) -> None:
    assert stop_everywhere(right_spool, cut_power(seed)) > 100


def test_after_a_power_cut_every_promise_holds_of_who_drops_journals_together() -> None:
    assert stop_everywhere(worker_spool, cut_power("a")) > 100


def test_after_a_kill_and_then_a_power_cut_every_promise_holds() -> None:
    """What a killed process left unsynced is nobody's promise; what the next one builds is."""
    for count in itertools.count():
        disk = MemoryDisk(lambda: NOW)
        promises, is_through = live_until(disk, count, right_spool)
        disk.stop()
        second = life(open_spool(disk))
        for _, id in second.all_waiting():
            second.attempt(id, Deferred(NOW, (0,), NOW, "after the kill"))
            promises.noted[id] = second.history(id)
        disk.cut_power(lambda: False)
        life(open_spool(disk)).check(promises, was_cut=True)
        if is_through:
            return


@pytest.mark.parametrize("step", [7, pytest.param(1, marks=pytest.mark.long)])
def test_a_killed_process_on_a_real_disk_keeps_every_promise(tmp_path: Path, step: int) -> None:
    """After all that a life has, and calls before that; the disk in memory has them all above."""
    torturer = Torturer(tmp_path, seed=1, body=BODY)
    calls = torturer.calls()

    trials = list(torturer.kills(range(calls, -1, -step)))

    assert len(trials) == calls // step + 1 > 100 // step
    assert [trial for trial in trials if trial.broken] == []
    assert list(tmp_path.iterdir()) == []


def test_what_a_power_cut_left_is_read_from_a_real_disk(tmp_path: Path) -> None:
    """Some of the cuts of the test above; `pymta spool torture` makes them all."""
    trials = list(Torturer(tmp_path, seed=1, body=BODY).cuts(range(0, 300, 17), seeds=3))

    assert len(trials) == 54
    assert [trial for trial in trials if trial.broken] == []


def test_a_kill_at_any_moment_keeps_every_promise(tmp_path: Path) -> None:
    assert [
        trial for trial in Torturer(tmp_path, seed=1, body=BODY).moments(10) if trial.broken
    ] == []


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
    def finish(self) -> bool:
        if self._pen.exists:
            self._disk.unlink(self._queued.places.journal, self.id)
            self._disk.sync(self._queued.places.journal)
        self._disk.unlink(self._queued.queue, self.id)
        self._disk.sync(self._queued.queue)
        self.release()
        return False


class NeverSyncsRemoval(FileClaim):
    def finish(self) -> bool:
        self._disk.unlink(self._queued.queue, self.id)
        if self._pen.exists:
            self._disk.unlink(self._queued.places.journal, self.id)
            self._disk.sync(self._queued.places.journal)
        self.release()
        return False


class NotesOneByOne(FileClaim):
    def note(self, *records: Record) -> None:
        for record in records:
            super().note(record)


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
    with pytest.raises(BrokenPromiseError):
        sweep_after_every_kill(SyncsDefaultOnly)
    sweep_after_every_kill(Queues)


def sweep_after_every_kill(queues: type) -> None:
    for count in itertools.count():
        disk = MemoryDisk(lambda: NOW)
        promises, is_through = live_until(disk, count, right_spool)
        disk.stop()
        spool = WrongSpool(disk, queues=queues)
        spool.sweep()
        more = life(spool)
        more.attempt(more.accept(), Deferred(NOW, (0,), NOW, "busy"))
        disk.cut_power(lambda: False)
        life(open_spool(disk)).check(promises, was_cut=True)
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
            lambda disk: WrongSpool(disk, claim=NotesOneByOne), kill, id="an order noted in halves"
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
    with pytest.raises((BrokenPromiseError, SpoolError)):
        stop_everywhere(wrong, end)


class TakesAwayAtOnce(Disk):
    """Loses what was linked, as if the disk had said "synced" and lied."""

    def link(self, at: int, name: str, to: int, new: str) -> None:
        super().rename(at, name, to, f"{new}.lost")


def test_a_disk_that_loses_what_it_kept_is_found_out(tmp_path: Path) -> None:
    (trial,) = itertools.islice(
        Torturer(tmp_path, seed=1, disk=TakesAwayAtOnce(), body=BODY).moments(1), 1
    )
    assert trial == Trial("moment", 0, trial.broken)
    assert trial.broken
    assert list(tmp_path.iterdir())  # kept, for whoever wants to know why
