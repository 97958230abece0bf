"""The directories of named queues, on a real disk and among several processes."""

from __future__ import annotations

import errno
import os
import time
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from pymta.journal.event import Event
from pymta.mail.envelope import Envelope, Recipient
from pymta.spool.disk import Disk
from pymta.spool.files import FileSpool
from pymta.spool.outcomes import Deferred
from pymta.spool.store import Seal, SpoolError
from tests.doubles.memory_disk import MemoryDisk
from tests.doubles.watched_disk import WatchedDisk

PLAIN = Envelope("a@b.example", (Recipient("c@d.example"),), 0.0)
SLOW = replace(PLAIN, queue_name="slow")


@pytest.fixture
def top(tmp_path: Path) -> Path:
    return tmp_path / "spool"


@pytest.fixture
def spool(top: Path) -> Iterator[FileSpool]:
    spool = FileSpool(top)
    yield spool
    spool.close()


def accept(spool: FileSpool, envelope: Envelope = SLOW) -> str:
    intake = spool.begin(envelope)
    intake.commit(Seal())
    return intake.id


def ids(spool: FileSpool, queue: str = "slow") -> list[str]:
    return [message.id for message in spool.waiting(queue)]


def test_a_named_queue_is_a_directory_beside_the_default_one(spool: FileSpool, top: Path) -> None:
    """N-16: so that a unit can ask whether it is empty."""
    plain, slow = accept(spool, PLAIN), accept(spool)

    assert [path.name for path in (top / "queue").iterdir()] == [plain]
    assert [path.name for path in (top / "queue.slow").iterdir()] == [slow]
    assert (top / "queue.slow").stat().st_mode & 0o777 == 0o700


def test_a_queue_that_another_process_makes_is_seen(spool: FileSpool, top: Path) -> None:
    assert spool.queues() == ("",)
    other = FileSpool(top)
    id = accept(other)
    other.close()

    assert spool.holds(id)
    assert spool.queues() == ("", "slow")
    assert ids(spool) == [id]


def test_whoever_knows_all_queues_does_not_look_for_more_until_there_is_one(top: Path) -> None:
    seen: list[str] = []
    spool = FileSpool(top, disk=WatchedDisk(Disk(), lambda name, *_: seen.append(name)))
    id = accept(spool, PLAIN)
    os.utime(top, (time.time() - 60, time.time() - 60))  # nothing has changed there for long
    nobody = id[:-4] + "zzzz"
    assert not spool.holds(nobody)
    seen.clear()
    assert not spool.holds(nobody)
    assert "names" not in seen

    other = FileSpool(top)
    assert spool.holds(accept(other))
    other.close()


def test_listing_one_queue_looks_at_nothing_of_another(top: Path) -> None:
    """N-16"""
    seen: list[tuple[str, tuple[Any, ...]]] = []
    spool = FileSpool(top, disk=WatchedDisk(Disk(), lambda *call: seen.append(call)))
    plain, slow = accept(spool, PLAIN), accept(spool)
    seen.clear()

    assert ids(spool) == [slow]
    assert not any(plain in arguments for _, arguments in seen)
    spool.close()


def test_only_the_first_message_of_a_queue_costs_a_sync_more(top: Path) -> None:
    calls: list[str] = []
    spool = FileSpool(top, disk=WatchedDisk(Disk(), lambda name, _: calls.append(name)))
    spool.reserve()

    def cost() -> int:
        calls.clear()
        accept(spool)
        return calls.count("sync")

    assert [cost(), cost()] == [3, 2]
    spool.close()


@pytest.mark.parametrize("kind", ["file", "link"])
def test_what_is_no_directory_stops_no_other_queue(
    spool: FileSpool, top: Path, tmp_path: Path, kind: str
) -> None:
    spool.reserve()
    if kind == "file":
        (top / "queue.slow").touch()
    else:
        (top / "queue.slow").symlink_to(tmp_path)

    with pytest.raises(SpoolError) as refused:
        accept(spool)
    assert refused.value.errno == errno.ENOTDIR
    assert spool.holds(accept(spool, PLAIN))
    assert spool.queues() == ("",)
    assert ids(spool) == []


def test_other_names_are_no_queues(spool: FileSpool, top: Path) -> None:
    spool.reserve()
    for name in ("queue.", "queue.-x", "queue.a b", "queues", "queue~"):
        (top / name).mkdir()

    assert spool.queues() == ("",)


def test_a_directory_that_an_operator_took_away_is_made_again(spool: FileSpool, top: Path) -> None:
    claim = spool.claim(accept(spool))
    assert claim
    claim.finish()
    (top / "queue.slow").rmdir()
    assert spool.queues() == ("",)

    id = accept(spool)

    assert ids(spool) == [id]
    assert ids(FileSpool(top)) == [id]


def test_a_directory_that_was_made_anew_by_another_process_is_the_one_that_counts(
    spool: FileSpool, top: Path
) -> None:
    """Else the sweeper would take a journal whose message waits there."""
    claim = spool.claim(accept(spool))
    assert claim
    claim.finish()
    (top / "queue.slow").rmdir()
    other = FileSpool(top)
    id = accept(other)
    theirs = other.claim(id)
    assert theirs
    theirs.note(Deferred(0.0, (0,), 1.0, "busy"))
    theirs.release()
    other.close()

    assert spool.sweep() == 0
    assert spool.holds(id)
    assert ids(spool) == [id]
    message = spool.peek(id)
    assert message
    assert message.history


def test_a_damaged_message_leaves_its_queue_and_no_other(top: Path) -> None:
    told: list[Event] = []
    spool = FileSpool(top, tell=told.append)
    good, bad = accept(spool), accept(spool)
    (top / "queue.slow" / bad).write_bytes(b"x")

    assert spool.claim(bad) is None
    assert [event.queue_id for event in told] == [bad]
    assert (top / "corrupt" / bad).exists()
    assert ids(spool) == [good]
    spool.close()


def test_a_sweep_knows_the_journals_of_all_queues(spool: FileSpool, top: Path) -> None:
    """A journal whose message waits in a named queue is no leftover."""
    for envelope in (PLAIN, SLOW):
        claim = spool.claim(accept(spool, envelope))
        assert claim
        claim.note(Deferred(0.0, (0,), 1.0, "busy"))
        claim.release()
    fresh = FileSpool(top)

    assert fresh.sweep() == 0
    assert len(list((top / "journal").iterdir())) == 2
    fresh.close()


def test_a_disk_that_is_full_refuses_a_new_queue_and_leaves_nothing() -> None:
    disk = MemoryDisk(lambda: 0.0)

    def refuse(name: str, _arguments: object) -> None:
        if name == "make_directory" and is_full:
            raise OSError(errno.ENOSPC, "full")

    is_full = False
    spool = FileSpool(Path("/spool"), clock=lambda: 0.0, disk=WatchedDisk(disk, refuse))
    spool.reserve()
    is_full = True
    with pytest.raises(SpoolError) as refused:
        spool.begin(SLOW)
    assert refused.value.errno == errno.ENOSPC
    is_full = False

    assert spool.holds(accept(spool))
