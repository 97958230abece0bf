"""A listing shows the queue as it is, whatever the last one has left of it."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any
from unittest.mock import patch

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pymta.mail.envelope import Envelope, Recipient
from pymta.spool import listing
from pymta.spool.files import FileSpool
from pymta.spool.outcomes import Deferred, Delivered, Frozen, Held, Record, Redirected, Thawed
from pymta.spool.store import Glance, Seal, SpoolError
from tests.doubles.memory_disk import MemoryDisk
from tests.doubles.recorder import Recorder
from tests.doubles.watched_disk import WatchedDisk

NOW = 1_700_000_000.0
TOP = Path("/spool")
TO = tuple(Recipient(f"user{n}@d.example") for n in range(3))
RECORDS: tuple[Record, ...] = (
    Deferred(NOW, (0, 1, 2), NOW + 900, "busy"),
    Delivered(NOW, (1,)),
    Redirected(NOW, (2,), (0, 3), ("n\u00e9w@example.net",)),
    Frozen(NOW, "by hand"),
    Thawed(NOW),
    Held(NOW, "root"),
)


@pytest.fixture(autouse=True)
def small() -> Iterator[None]:
    """What many messages have, two of them have here, and three a block."""
    with patch.object(listing, "FEWEST", 2), patch.object(listing, "ROWS", 3):
        yield


@pytest.fixture
def recorder() -> Recorder:
    return Recorder()


@pytest.fixture
def disk() -> MemoryDisk:
    return MemoryDisk(lambda: NOW)


@pytest.fixture
def spool(disk: MemoryDisk, recorder: Recorder) -> FileSpool:
    return FileSpool(TOP, clock=lambda: NOW, disk=WatchedDisk(disk, recorder), roll=lambda _: 7)


def arrive(spool: FileSpool, sender: str = "a@b.example", seal: Seal | None = None) -> str:
    intake = spool.begin(Envelope(sender, TO, NOW))
    intake.write(b"Subject: x\r\n\r\nbody\r\n")
    intake.commit(seal or Seal())
    return intake.id


def note(spool: FileSpool, id: str, *records: Record) -> None:
    claim = spool.claim(id)
    assert claim
    claim.note(*records)
    claim.release()


def settle(spool: FileSpool, id: str) -> None:
    claim = spool.claim(id)
    assert claim
    claim.finish()


def listed(spool: FileSpool) -> list[Glance]:
    troubles: list[SpoolError] = []
    found = [*spool.glances("", troubles.append)]
    assert not troubles
    return found


def one_by_one(spool: FileSpool) -> list[Glance]:
    return [found for id in spool.ids() if (found := spool.glance(id, ""))]


def fill(spool: FileSpool, count: int = 7) -> list[str]:
    """Messages that were put off, in a queue that was listed twice, so that it is noted."""
    ids = [arrive(spool, seal=Seal(frozen="\u00e9" if n == 4 else "")) for n in range(count)]
    for id in ids[::2]:
        note(spool, id, RECORDS[0])
    listed(spool)
    listed(spool)
    return ids


def begin_notes(disk: MemoryDisk) -> None:
    """As another listing does, which may have been killed since."""
    top = disk.open_directory(str(TOP), follow=False)
    fd = disk.create(top, "listing.new")
    disk.write(fd, b"half of it")
    disk.close(fd)
    disk.close(top)


def test_what_was_noted_is_not_read_again(spool: FileSpool, recorder: Recorder) -> None:
    ids = fill(spool)
    recorder.calls.clear()
    assert listed(spool) == one_by_one(spool)

    recorder.calls.clear()
    listed(spool)
    assert recorder.calls.count("open") == 1  # the notes
    assert recorder.calls.count("stamp") == len(ids)


def test_the_first_listing_only_says_that_there_was_one(
    spool: FileSpool, disk: MemoryDisk, recorder: Recorder
) -> None:
    for _ in range(3):
        arrive(spool)
    recorder.calls.clear()
    assert len(listed(spool)) == 3
    assert "stamp" not in recorder.calls
    assert disk.tree()["/spool/listing"] == b"pymta-listing 1\n"


def test_a_few_messages_leave_nothing(spool: FileSpool, disk: MemoryDisk) -> None:
    arrive(spool)
    assert listed(spool) == listed(spool) == one_by_one(spool)
    assert "/spool/listing" not in disk.tree()


@pytest.mark.parametrize("record", RECORDS, ids=lambda record: type(record).__name__)
def test_whatever_became_of_a_message_is_shown(spool: FileSpool, record: Record) -> None:
    ids = fill(spool)
    for id in ids[:2]:  # one with a journal, and one that has none yet
        note(spool, id, record)
    assert listed(spool) == one_by_one(spool) == listed(spool)


def test_what_has_gone_is_not_shown_and_what_came_is(spool: FileSpool) -> None:
    ids = fill(spool)
    for id in (ids[0], ids[3], ids[6]):
        settle(spool, id)
    new = arrive(spool, "new@b.example")
    for _ in range(2):
        assert [one.id for one in listed(spool)] == [ids[1], ids[2], ids[4], ids[5], new]


@given(
    st.lists(
        st.one_of(
            st.sampled_from(["arrive", "list"]),
            st.tuples(st.integers(0, 9), st.sampled_from(["settle", *RECORDS])),
        ),
        max_size=40,
    )
)
def test_a_listing_shows_what_reading_each_message_does(steps: list[Any]) -> None:
    """All of it within one tick of the clock that files are stamped by."""
    spool = FileSpool(TOP, clock=lambda: NOW, disk=MemoryDisk(lambda: NOW), roll=lambda _: 7)
    for step in (*steps, "list", "list", "list"):
        ids = spool.ids()
        match step:
            case "arrive":
                arrive(spool)
            case "list":
                assert listed(spool) == one_by_one(spool)
            case (number, "settle") if ids:
                settle(spool, ids[number % len(ids)])
            case (number, record) if ids:
                note(spool, ids[number % len(ids)], record)


@pytest.mark.parametrize(
    "damage",
    [
        lambda _: b"",
        lambda _: b"pymta-listing 2\n",
        lambda _: b"pymta-listing 1\n\0\0\0\0",
        lambda text: text[:-5],
        lambda text: text[: len(text) // 2],
        lambda text: text.replace(b"d.example", b"e.example"),
        lambda text: text + b"00000000 []\n",
        lambda text: text + b"\n",
    ],
    ids=["empty", "newer", "zeros", "cut", "half", "forged", "a line more", "an empty line more"],
)
def test_notes_that_are_damaged_only_cost_time(
    spool: FileSpool, disk: MemoryDisk, damage: Callable[[bytes], bytes]
) -> None:
    fill(spool)
    sound = disk.tree()["/spool/listing"]
    disk.put("/spool/listing", damage(sound))

    assert listed(spool) == one_by_one(spool)
    listed(spool)
    assert disk.tree()["/spool/listing"].startswith(b"pymta-listing 1\n")
    assert listed(spool) == one_by_one(spool)


def test_who_is_stopped_in_the_middle_leaves_nothing_new(
    spool: FileSpool, disk: MemoryDisk
) -> None:
    ids = fill(spool)
    sound, opened = disk.tree()["/spool/listing"], disk.open_files()
    note(spool, ids[0], RECORDS[1])
    found = spool.glances("", print)
    next(found)
    assert "/spool/listing.new" in disk.tree()
    found.close()  # type: ignore[attr-defined]
    assert "/spool/listing.new" not in disk.tree()
    assert disk.tree()["/spool/listing"] == sound
    assert disk.open_files() == opened


def test_nothing_is_written_anew_where_all_is_as_it_was(
    spool: FileSpool, recorder: Recorder
) -> None:
    fill(spool)
    recorder.calls.clear()
    listed(spool)
    assert "rename" not in recorder.calls


@pytest.mark.parametrize("call", ["write", "create", "rename", "unlink"])
def test_a_disk_that_takes_nothing_takes_nothing_from_a_listing(
    spool: FileSpool, disk: MemoryDisk, recorder: Recorder, call: str
) -> None:
    ids = fill(spool)
    opened = disk.open_files()
    note(spool, ids[1], RECORDS[1])
    recorder.broken = lambda _, name: name == call
    shown = listed(spool)
    recorder.broken = lambda *_: False
    assert shown == one_by_one(spool) == listed(spool)
    assert disk.open_files() == opened


def test_one_listing_at_a_time_takes_notes() -> None:
    disk = MemoryDisk(time.time)
    spool = FileSpool(TOP, disk=disk, roll=lambda _: 7)
    fill(spool)
    begin_notes(disk)
    assert listed(spool) == one_by_one(spool)
    assert disk.tree()["/spool/listing.new"] == b"half of it"


def test_notes_that_were_abandoned_are_cleared_away(spool: FileSpool, disk: MemoryDisk) -> None:
    """The clock of this disk stands still since years."""
    fill(spool)
    begin_notes(disk)
    listed(spool)
    assert "/spool/listing.new" not in disk.tree()


def test_a_journal_that_has_just_changed_is_not_noted() -> None:
    """The next change might get the same time, which goes in steps."""
    disk = MemoryDisk(time.time)
    spool = FileSpool(TOP, disk=disk, roll=lambda _: 7)
    ids = fill(spool)
    noted = disk.tree()["/spool/listing"].decode()
    assert [id in noted for id in ids] == [False, True, False, True, False, True, False]


def test_damage_is_told_and_hides_nobody(spool: FileSpool, disk: MemoryDisk) -> None:
    ids = fill(spool)
    arrive(spool)
    broken = arrive(spool)
    disk.put(f"/spool/queue/{broken}", b"PYMTA-MESSAGE 1\nnothing of it")
    for _ in range(2):
        troubles: list[SpoolError] = []
        shown = [*spool.glances("", troubles.append)]
        assert len(shown) == len(ids) + 1
        assert [broken in str(trouble) for trouble in troubles] == [True]


def test_named_queues_have_their_own_on_a_real_disk(tmp_path: Path) -> None:
    spool = FileSpool(tmp_path / "spool")
    for queue in ("", "slow"):
        for _ in range(3):
            intake = spool.begin(Envelope("a@b.example", TO, NOW, queue_name=queue))
            intake.write(b"x\r\n")
            intake.commit(Seal())
    for _ in range(3):
        assert {one.queue for one in spool.glances("slow", print)} == {"slow"}
        assert listed(spool) == one_by_one(spool)
    spool.close()
    left = [path for path in (tmp_path / "spool").iterdir() if path.is_file()]
    assert sorted(path.name for path in left) == ["host", "listing", "listing.slow"]
    assert {path.stat().st_mode & 0o777 for path in left if "listing" in path.name} == {0o600}
