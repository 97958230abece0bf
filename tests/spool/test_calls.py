"""Which system calls a message costs, in which order, and that none may fail unnoticed."""

from __future__ import annotations

import errno
import itertools
from pathlib import Path

import pytest

from pymta.mail.envelope import Envelope, Recipient
from pymta.spool.files import FileSpool
from pymta.spool.outcomes import Deferred, Delivered
from pymta.spool.states import WRITER_LIMIT
from pymta.spool.store import Seal, SpoolError
from tests.doubles.memory_disk import MemoryDisk
from tests.doubles.recorder import Recorder
from tests.doubles.watched_disk import WatchedDisk

NOW = 1_700_000_000.0
TOP = Path("/spool")
ENVELOPE = Envelope("a@b.example", (Recipient("c@d.example"), Recipient("e@d.example")), NOW)
BODY = b"Subject: x\r\n\r\nbody\r\n"


@pytest.fixture
def recorder() -> Recorder:
    return Recorder()


@pytest.fixture
def disk() -> MemoryDisk:
    return MemoryDisk(lambda: NOW)


@pytest.fixture
def spool(disk: MemoryDisk, recorder: Recorder) -> FileSpool:
    spool = FileSpool(TOP, clock=lambda: NOW, disk=WatchedDisk(disk, recorder), roll=lambda _: 7)
    spool.reserve()  # makes the directories
    recorder.calls.clear()
    return spool


def accept(spool: FileSpool, body: bytes = BODY) -> str:
    intake = spool.begin(ENVELOPE)
    intake.write(body)
    intake.commit(Seal())
    return intake.id


def test_accepting_is_one_write_one_sync_of_the_file_and_one_of_the_directory(
    spool: FileSpool, recorder: Recorder
) -> None:
    accept(spool)

    assert recorder.changes() == ["create", "write", "sync", "link", "unlink", "sync"]


@pytest.mark.parametrize(
    ("body", "more"), [(BODY, []), (b"x" * 100_000, ["facts", "read"])], ids=["small", "large"]
)
def test_a_line_of_a_listing_is_one_open_and_one_read_of_each_file(
    spool: FileSpool, recorder: Recorder, body: bytes, more: list[str]
) -> None:
    claim = spool.claim(accept(spool, body))
    assert claim
    for _ in range(9):
        claim.note(Deferred(NOW, (0, 1), NOW + 900, "busy"))
    recorder.calls.clear()

    assert spool.glance(claim.id, "")

    assert recorder.calls == ["open", "read", *more, "close", "open", "read", "close"]


def test_a_large_body_is_written_in_blocks(spool: FileSpool, recorder: Recorder) -> None:
    intake = spool.begin(ENVELOPE)
    for _ in range(1000):
        intake.write(b"x" * 1000)
    intake.commit(Seal())

    assert 8 <= recorder.calls.count("write") <= 9


def test_a_delivery_at_the_first_attempt_costs_one_call_that_changes_anything(
    spool: FileSpool, recorder: Recorder
) -> None:
    id = accept(spool)
    recorder.calls.clear()
    claim = spool.claim(id)
    assert claim
    list(claim.blocks())
    claim.finish()

    assert [c for c in recorder.changes() if not c.startswith(("open", "read"))] == ["unlink"]


def test_making_room_for_records_syncs_nothing_and_is_no_record(
    spool: FileSpool, recorder: Recorder
) -> None:
    id = accept(spool)
    claim = spool.claim(id)
    assert claim
    recorder.calls.clear()
    claim.prepare()
    made = recorder.changes()
    claim.release()
    again = spool.claim(id)
    assert again
    recorder.calls.clear()
    again.prepare()

    assert made == ["create", "write"]
    assert recorder.changes() == ["cut", "write"]  # never more than the room for one attempt
    assert again.state.pending == (0, 1)


def test_a_torn_record_does_not_become_a_damaged_one_by_the_room_behind_it(
    spool: FileSpool, disk: MemoryDisk
) -> None:
    id = accept(spool)
    claim = spool.claim(id)
    assert claim
    claim.note(Delivered(NOW, (0,)))
    claim.release()
    whole = disk.tree()[f"/spool/journal/{id}"]
    disk.put(f"/spool/journal/{id}", whole + b"0000 torn\n")
    torn = spool.claim(id)
    assert torn
    torn.prepare()
    torn.release()

    kept = spool.claim(id)
    assert kept
    assert kept.state.pending == (1,)


@pytest.mark.parametrize("call", ["create", "write"])
def test_a_disk_without_room_is_found_before_the_delivery(
    spool: FileSpool, recorder: Recorder, call: str
) -> None:
    claim = spool.claim(accept(spool))
    assert claim
    recorder.error = errno.ENOSPC
    recorder.broken = lambda _count, name: name == call

    with pytest.raises(SpoolError) as refused:
        claim.prepare()
    assert refused.value.errno == errno.ENOSPC


def test_a_first_record_syncs_journal_and_directory_and_a_second_only_the_journal(
    spool: FileSpool, recorder: Recorder
) -> None:
    claim = spool.claim(accept(spool))
    assert claim
    recorder.calls.clear()
    claim.note(Delivered(NOW, (0,)))
    first = recorder.changes()
    recorder.calls.clear()
    claim.note(Deferred(NOW, (1,), NOW + 900, "busy"))

    assert first == ["create", "write", "set_time", "sync", "sync"]
    assert recorder.changes() == ["write", "set_time", "sync"]


def test_the_removal_of_a_message_is_synced_before_its_journal_goes(
    spool: FileSpool, recorder: Recorder
) -> None:
    claim = spool.claim(accept(spool))
    assert claim
    claim.note(Delivered(NOW, (0, 1)))
    recorder.calls.clear()
    claim.finish()

    assert recorder.changes() == ["unlink", "sync", "unlink"]


def test_one_sync_serves_for_the_removal_of_many_messages(
    disk: MemoryDisk, recorder: Recorder
) -> None:
    spool = FileSpool(TOP, clock=lambda: NOW, disk=WatchedDisk(disk, recorder), together=9)
    claims = [spool.claim(accept(spool)) for _ in range(3)]
    for claim in claims:
        assert claim
        claim.note(Delivered(NOW, (0, 1)))
    recorder.calls.clear()
    for claim in claims:
        assert claim
        assert claim.finish()
    removed = recorder.changes()
    recorder.calls.clear()
    spool.clear()

    assert removed == ["unlink"] * 3
    assert recorder.changes() == ["sync", *["unlink"] * 3]
    assert disk.tree().keys() == {"/spool/host"}


@pytest.mark.parametrize(
    "error", [errno.ENOSPC, errno.EIO, errno.EDQUOT, errno.EROFS, errno.EMFILE]
)
def test_whatever_call_fails_while_a_message_comes_in_it_is_refused_and_leaves_nothing(
    error: int,
) -> None:
    for number in itertools.count(1):
        recorder, disk = Recorder(), MemoryDisk(lambda: NOW)
        spool = FileSpool(
            TOP, clock=lambda: NOW, disk=WatchedDisk(disk, recorder), roll=lambda _: 7
        )
        spool.reserve()
        recorder.calls.clear()
        recorder.error = error
        recorder.broken = lambda count, _name, number=number: count == number  # type: ignore[misc]
        refusals = []
        try:
            accept(spool, b"x" * 300_000)
        except SpoolError as refused:
            refusals.append(refused.errno)
        calls = len(recorder.calls)
        recorder.broken = lambda _count, _name: False
        assert refusals in ([], [error])
        assert len(list(spool.waiting())) == 1 - len(refusals)
        assert disk.open_files() == 0 or recorder.calls[number - 1] == "close"
        if calls < number:
            return
        assert accept(spool)  # no restart is needed once the disk says yes again


def test_a_sync_that_failed_is_not_tried_again_on_the_same_file(
    spool: FileSpool, recorder: Recorder
) -> None:
    recorder.broken = lambda _count, name: name == "sync"
    with pytest.raises(SpoolError):
        accept(spool)

    assert recorder.calls.count("sync") == 1


@pytest.mark.parametrize("call", ["create", "write", "set_time", "sync"])
def test_a_record_that_could_not_be_kept_is_told_and_the_claim_writes_no_more(
    spool: FileSpool, recorder: Recorder, call: str
) -> None:
    id = accept(spool)
    claim = spool.claim(id)
    assert claim
    recorder.broken = lambda _count, name: name == call
    with pytest.raises(SpoolError):
        claim.note(Delivered(NOW, (0,)))
    recorder.broken = lambda _count, _name: False

    assert claim.state.pending == (0, 1)
    if call != "create":
        with pytest.raises(SpoolError):
            claim.note(Delivered(NOW, (0,)))
    claim.release()
    again = spool.claim(id)
    assert again
    assert again.state.pending == (0, 1)
    again.note(Delivered(NOW, (0,)))


def test_a_removal_that_fails_is_told_and_the_message_stays(
    spool: FileSpool, recorder: Recorder
) -> None:
    id = accept(spool)
    claim = spool.claim(id)
    assert claim
    recorder.broken = lambda _count, name: name == "unlink"

    with pytest.raises(SpoolError):
        claim.finish()
    recorder.broken = lambda _count, _name: False
    claim.release()

    assert spool.claim(id)


def test_a_writer_that_takes_too_long_gives_up_before_the_sweeper_comes(disk: MemoryDisk) -> None:
    now = NOW
    spool = FileSpool(TOP, clock=lambda: now, disk=disk)
    intake = spool.begin(ENVELOPE)
    now += WRITER_LIMIT + 1

    with pytest.raises(SpoolError) as refused:
        intake.commit(Seal())
    assert refused.value.errno == errno.ETIMEDOUT
    assert list(spool.waiting()) == []
