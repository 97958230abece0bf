"""One message, several processes, on a real disk."""

from __future__ import annotations

import os
import signal
import zlib
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path

import pytest

from pymta.journal.event import Event, Kind
from pymta.mail.envelope import Envelope, Recipient
from pymta.spool.disk import Disk
from pymta.spool.files import FileSpool
from pymta.spool.journal_lines import HEADER
from pymta.spool.outcomes import Delivered
from pymta.spool.store import Seal, SpoolError
from tests.doubles.watched_disk import WatchedDisk

NOW = 1_700_000_000.0
ENVELOPE = Envelope("a@b.example", (Recipient("c@d.example"),), NOW)


@pytest.fixture
def top(tmp_path: Path) -> Path:
    return tmp_path / "spool"


@pytest.fixture
def told() -> list[Event]:
    return []


@pytest.fixture
def spool(top: Path, told: list[Event]) -> Iterator[FileSpool]:
    spool = FileSpool(top, tell=told.append)
    yield spool
    spool.close()


def accept(spool: FileSpool, body: bytes = b"x" * 1000) -> str:
    intake = spool.begin(ENVELOPE)
    intake.write(body)
    intake.commit(Seal())
    return intake.id


def in_child(work: Callable[[], bool]) -> int:
    child = os.fork()
    if child == 0:
        try:
            os._exit(0 if work() else 1)
        finally:
            os._exit(2)
    return child


def status_of(child: int) -> int:
    return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])


def test_of_many_processes_each_message_is_delivered_by_one(spool: FileSpool, top: Path) -> None:
    ids = [accept(spool) for _ in range(30)]
    notes = top.parent / "notes"
    notes.touch()

    def deliver_all() -> bool:
        fd = os.open(notes, os.O_WRONLY | os.O_APPEND)
        mine = FileSpool(top)
        for waiting in mine.waiting():
            claim = mine.claim(waiting.id)
            if claim:
                os.write(fd, f"{claim.id}\n".encode())
                claim.finish()
        return True

    assert [status_of(child) for child in [in_child(deliver_all) for _ in range(4)]] == [0] * 4
    assert sorted(notes.read_text().split()) == ids
    assert list(spool.waiting()) == []


def test_a_claim_ends_with_the_process_that_held_it(spool: FileSpool) -> None:
    id = accept(spool)
    read, write = os.pipe()

    def hold() -> bool:
        claim = spool.claim(id)
        os.write(write, b"1" if claim else b"0")
        signal.pause()
        return False

    child = in_child(hold)
    assert os.read(read, 1) == b"1"
    assert spool.claim(id) is None
    os.kill(child, signal.SIGKILL)
    assert status_of(child) == -signal.SIGKILL
    os.close(read)
    os.close(write)

    assert spool.claim(id)


def test_a_message_that_was_settled_between_open_and_lock_is_not_claimed(top: Path) -> None:
    plain = FileSpool(top)
    id = accept(plain)

    def settle_first(name: str, _arguments: object) -> None:
        if name == "lock":
            claim = plain.claim(id)
            assert claim
            claim.finish()

    late = FileSpool(top, disk=WatchedDisk(Disk(), settle_first))
    assert late.claim(id) is None


def test_a_message_that_was_replaced_between_open_and_lock_is_not_claimed(top: Path) -> None:
    plain = FileSpool(top)
    id = accept(plain)
    path = top / "queue" / id

    def replace_first(name: str, _arguments: object) -> None:
        if name == "lock":
            path.with_suffix(".new").write_bytes(path.read_bytes())
            path.with_suffix(".new").rename(path)

    late = FileSpool(top, disk=WatchedDisk(Disk(), replace_first))
    assert late.claim(id) is None
    assert plain.claim(id)


def test_a_claim_whose_file_was_removed_by_hand_is_mine_no_more(
    spool: FileSpool, top: Path
) -> None:
    id = accept(spool)
    claim = spool.claim(id)
    assert claim
    (top / "queue" / id).unlink()

    assert not claim.is_mine()
    claim.finish()


def test_a_spool_that_was_used_before_a_fork_is_opened_anew_in_the_child(
    spool: FileSpool,
) -> None:
    id = accept(spool)

    def work() -> bool:
        os.closerange(3, 1000)
        first = os.open("/dev/null", os.O_RDONLY)  # takes a number that was a directory's
        second = accept(spool)
        return first == 3 and {m.id for m in spool.waiting()} == {id, second}

    assert status_of(in_child(work)) == 0


def test_processes_of_one_spool_make_different_ids_in_one_instant(top: Path) -> None:
    spool = FileSpool(top, clock=lambda: NOW)
    spool.reserve()
    read, write = os.pipe()

    def reserve() -> bool:
        return bool(os.write(write, f"{spool.reserve()}\n".encode()))

    children = [in_child(reserve) for _ in range(5)]
    assert [status_of(child) for child in children] == [0] * 5
    os.close(write)
    ids = os.read(read, 10_000).split()
    os.close(read)

    assert len(set(ids)) == 5


def test_two_spools_make_different_ids_whatever_pid_and_clock(tmp_path: Path) -> None:
    one, other = (FileSpool(tmp_path / n, clock=lambda: NOW).reserve() for n in ("a", "b"))

    assert one != other
    assert one[:7] == other[:7]


@pytest.mark.parametrize("kept", [b"", b"-1\n", b"x\n", b"9" * 31, b"99999999999999999\n"])
def test_a_damaged_host_number_is_made_anew(spool: FileSpool, top: Path, kept: bytes) -> None:
    accept(spool)
    spool.close()
    (top / "host").write_bytes(kept)

    accept(spool)

    assert len(list(spool.waiting())) == 2
    assert (top / "host").read_bytes() != kept


def test_an_id_that_exists_anywhere_is_not_given_again(top: Path) -> None:
    def fresh() -> FileSpool:
        return FileSpool(top, clock=lambda: NOW)

    in_queue = accept(fresh())
    incoming = fresh().begin(ENVELOPE).id
    third = fresh().begin(ENVELOPE)
    third.commit(Seal())
    (top / "queue" / third.id).rename(top / "corrupt" / third.id)
    fourth = accept(fresh())
    claim = fresh().claim(fourth)
    assert claim
    claim.note(Delivered(NOW, (0,)))
    (top / "queue" / fourth).unlink()

    taken = {in_queue, incoming, third.id, fourth}
    assert fresh().reserve() not in taken
    assert len({*taken, accept(fresh())}) == 5


def test_nobody_but_the_owner_can_read_a_message(spool: FileSpool, top: Path) -> None:
    claim = spool.claim(accept(spool))
    assert claim
    claim.note(Delivered(NOW, ()))

    modes = {p.relative_to(top).parts[0]: p.stat().st_mode & 0o777 for p in top.rglob("*/*")}
    assert modes == {"queue": 0o600, "journal": 0o600}
    assert {p.stat().st_mode & 0o777 for p in (top, *top.iterdir()) if p.is_dir()} == {0o700}


def put_link(path: Path, target: str) -> None:
    path.unlink()
    path.symlink_to(target)


def put_directory(path: Path) -> None:
    path.unlink()
    path.mkdir()


def put_fifo(path: Path) -> None:
    path.unlink()
    os.mkfifo(path)


DAMAGES: dict[str, Callable[[Path], object]] = {
    "cut short": lambda path: path.write_bytes(path.read_bytes()[:-1]),
    "empty": lambda path: path.write_bytes(b""),
    "zeros": lambda path: path.write_bytes(bytes(path.stat().st_size)),
    "a symbolic link": lambda path: put_link(path, "/etc/passwd"),
    "a dangling link": lambda path: put_link(path, "/nonexistent"),
    "a directory": put_directory,
    "a fifo": put_fifo,
}


@pytest.mark.parametrize("damage", list(DAMAGES))
def test_a_message_that_cannot_be_read_is_set_aside_and_told_once(
    spool: FileSpool, top: Path, told: list[Event], damage: str
) -> None:
    id, other = accept(spool), accept(spool)
    DAMAGES[damage](top / "queue" / id)
    with pytest.raises(SpoolError):
        spool.peek(id)
    with pytest.raises(SpoolError):
        spool.glance(id, "")

    assert spool.claim(id) is None
    assert spool.claim(id) is None

    assert [(event.kind, event.queue_id) for event in told] == [(Kind.SET_ASIDE, id)]
    assert os.path.lexists(top / "corrupt" / id)
    assert [message.id for message in spool.waiting()] == [other]
    assert spool.claim(other)


def test_what_guards_a_message_is_looked_at_in_a_glance(spool: FileSpool, top: Path) -> None:
    """Of the 22 octets of the body nobody looks at one."""
    id = accept(spool, b"b" * 22)
    path = top / "queue" / id
    whole = path.read_bytes()

    unseen = 0
    for at, octet in enumerate(whole):
        path.write_bytes(whole[:at] + bytes([octet ^ 1]) + whole[at + 1 :])
        with suppress(SpoolError):
            assert spool.glance(id, "")
            unseen += 1

    assert unseen == 22


def test_a_body_that_is_damaged_never_comes_to_its_end(
    spool: FileSpool, top: Path, told: list[Event]
) -> None:
    id = accept(spool, b"the body\r\n")
    path = top / "queue" / id
    path.write_bytes(path.read_bytes().replace(b"the body", b"tha body"))
    claim = spool.claim(id)
    assert claim

    blocks = claim.blocks()
    assert next(blocks) == b"tha body\r\n"
    with pytest.raises(SpoolError):
        next(blocks)
    assert not claim.is_mine()
    claim.release()

    assert len(told) == 1
    assert (top / "corrupt" / id).exists()


SHIPPED = b'%08x {"is":"Shipped"}\n' % zlib.crc32(b'{"is":"Shipped"}')
NEWER: dict[str, Callable[[Path, str], object]] = {
    "message": lambda top, name: put_newer(top / "queue" / name, b"MESSAGE 1", b"MESSAGE 2"),
    "journal": lambda top, name: (top / "journal" / name).write_bytes(b"PYMTA-JOURNAL 2\n..\n"),
    "record": lambda top, name: (top / "journal" / name).write_bytes(HEADER + SHIPPED),
}


def put_newer(path: Path, old: bytes, new: bytes) -> None:
    path.write_bytes(path.read_bytes().replace(old, new, 1))


@pytest.mark.parametrize("what", list(NEWER))
def test_what_a_newer_pymta_wrote_stays_where_it_is(
    spool: FileSpool, top: Path, told: list[Event], what: str
) -> None:
    """After a downgrade it waits for the upgrade; without what was recorded all would get it."""
    id, other = accept(spool), accept(spool)
    NEWER[what](top, id)
    before = [path.read_bytes() for path in (top / "queue" / id, *(top / "journal").iterdir())]

    with pytest.raises(SpoolError, match="it waits for a newer pymta"):
        spool.claim(id)
    with pytest.raises(SpoolError, match=r"of an unknown (version|kind)"):
        spool.peek(id)

    after = [path.read_bytes() for path in (top / "queue" / id, *(top / "journal").iterdir())]
    assert before == after
    assert told == []
    assert spool.claim(other)


def test_a_spool_of_another_format_is_not_touched(spool: FileSpool, top: Path) -> None:
    id = accept(spool)
    spool.close()
    (top / "format").write_text("2\n")
    before = sorted(top.rglob("*"))

    for deed in (lambda: accept(spool), lambda: spool.claim(id), spool.sweep, spool.queues):
        with pytest.raises(SpoolError, match="has format 2, and this pymta knows 1 alone"):
            deed()

    assert sorted(top.rglob("*")) == before
    (top / "format").write_text("1\n")
    assert spool.claim(id)


def test_a_torn_record_is_cut_before_the_next_is_written(spool: FileSpool, top: Path) -> None:
    id = accept(spool)
    claim = spool.claim(id)
    assert claim
    claim.note(Delivered(NOW, ()))
    claim.release()
    with (top / "journal" / id).open("ab") as journal:
        journal.write(b"00000000 {torn")

    again = spool.claim(id)
    assert again
    again.note(Delivered(NOW, (0,)))

    message = spool.peek(id)
    assert message
    assert message.history == (Delivered(NOW, ()), Delivered(NOW, (0,)))
