"""Everything in a spool is read, what is wrong is named, and nothing is changed."""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from pymta.mail.message_id import is_id
from pymta.spool.disk import Disk
from pymta.spool.files import FileSpool
from pymta.spool.journal_lines import HEADER, encode
from pymta.spool.outcomes import Deferred
from pymta.spool.verify import Verifier
from tests.doubles.queued import put
from tests.doubles.watched_disk import WatchedDisk

Spoil = Callable[[Path, str, str], None]


@pytest.fixture
def spool(tmp_path: Path) -> Path:
    return tmp_path / "spool"


@pytest.fixture
def plain(spool: Path) -> str:
    return put(spool.parent)


@pytest.fixture
def slow(spool: Path) -> str:
    """A message of a named queue, with a journal."""
    return put(spool.parent, queue="slow", due=4e9)


@pytest.fixture
def ids(plain: str, slow: str) -> tuple[str, str]:
    return plain, slow


def found(spool: Path, *, damage: bool = True) -> dict[str, str]:
    """What was found, by place."""
    findings = Verifier(spool).findings()
    return {one.place: one.what for one in findings if one.is_damage == damage}


def tree(spool: Path) -> list[tuple[str, int, int]]:
    files = (path.lstat() for path in sorted(spool.rglob("*")))
    paths = map(str, sorted(spool.rglob("*")))
    return [(path, f.st_mtime_ns, f.st_size) for path, f in zip(paths, files, strict=True)]


def test_where_all_is_well_nothing_is_said_or_changed(spool: Path, plain: str, slow: str) -> None:
    before = tree(spool)
    verifier = Verifier(spool)

    assert verifier.messages() == [f"queue/{plain}", f"queue.slow/{slow}"]
    assert list(verifier.findings()) == []
    assert (verifier.read.messages, verifier.read.journals) == (2, 1)
    assert verifier.read.octets == 2 * len(b"Subject: x\r\n\r\nbody\r\n")
    assert tree(spool) == before


def body_flipped(spool: Path, plain: str, slow: str) -> None:
    path = spool / "queue" / plain
    path.write_bytes(path.read_bytes().replace(b"\r\nbody", b"\r\nbodz"))


def cut(spool: Path, plain: str, slow: str) -> None:
    path = spool / "queue" / plain
    path.write_bytes(path.read_bytes()[:-9])


def zeros(spool: Path, plain: str, slow: str) -> None:
    (spool / "queue" / plain).write_bytes(bytes(900))


def link(spool: Path, plain: str, slow: str) -> None:
    (spool / "queue" / plain).rename(spool / "elsewhere")
    (spool / "queue" / plain).symlink_to(spool / "elsewhere")


def newer(spool: Path, plain: str, slow: str) -> None:
    path = spool / "queue" / plain
    path.write_bytes(path.read_bytes().replace(b"MESSAGE 1", b"MESSAGE 2", 1))


def readable(spool: Path, plain: str, slow: str) -> None:
    (spool / "queue" / plain).chmod(0o640)


def open_to_all(spool: Path, plain: str, slow: str) -> None:
    (spool / "queue").chmod(0o777)


def no_message(spool: Path, plain: str, slow: str) -> None:
    (spool / "queue" / "README").write_text("x")


def moved(spool: Path, plain: str, slow: str) -> None:
    (spool / "queue" / plain).rename(spool / "queue.slow" / plain)


def twice(spool: Path, plain: str, slow: str) -> None:
    (spool / "queue.slow" / plain).hardlink_to(spool / "queue" / plain)


def set_aside(spool: Path, plain: str, slow: str) -> None:
    (spool / "queue" / plain).rename(spool / "corrupt" / plain)


def record_lost(spool: Path, plain: str, slow: str) -> None:
    path = spool / "journal" / slow
    first = encode(Deferred(1.0, (0,), 2.0, "first")).replace(b"first", b"worst")
    path.write_bytes(HEADER + first + path.read_bytes().removeprefix(HEADER))


def record_of_tomorrow(spool: Path, plain: str, slow: str) -> None:
    path = spool / "journal" / slow
    path.write_bytes(path.read_bytes().replace(b"JOURNAL 1", b"JOURNAL 2", 1))


def host_lost(spool: Path, plain: str, slow: str) -> None:
    (spool / "host").write_text("many\n")


def format_of_tomorrow(spool: Path, plain: str, slow: str) -> None:
    (spool / "format").write_text("2\n")


def what_is_wrong(spool: Path, place: str, plain: str, slow: str) -> str:
    damage = found(spool)
    assert len(damage) == 1, damage
    return damage[place.replace("ID", plain).replace("SLOW", slow)]


@pytest.mark.parametrize(
    ("spoil", "place", "what"),
    [
        (body_flipped, "queue/ID", "the message is damaged"),
        (cut, "queue/ID", "no footer: it is cut short"),
        (zeros, "queue/ID", "not a message file of version 1"),
        (link, "queue/ID", "is a symbolic link"),
        (newer, "queue/ID", "a message file of an unknown version"),
        (readable, "queue/ID", "has mode 0640: others may read or change it"),
        (open_to_all, "queue", "has mode 0777: others may read or change it"),
        (no_message, "queue/README", "is no message: nobody looks at it, and units take it for m"),
        (moved, "queue.slow/ID", "its envelope says that it belongs in queue/"),
        (twice, "queue.slow/ID", "its envelope says that it belongs in queue/"),
        (set_aside, "corrupt/ID", "could not be read and was set aside"),
        (record_lost, "journal/SLOW", "record 1 is damaged"),
        (record_of_tomorrow, "journal/SLOW", "a journal of an unknown version"),
        (host_lost, "host", "the number of this host is damaged"),
        (format_of_tomorrow, "format", "the spool has format 2, and this pymta knows 1 alone"),
    ],
)
def test_damage_is_named_with_its_place(
    spool: Path, ids: tuple[str, str], spoil: Spoil, place: str, what: str
) -> None:
    spoil(spool, *ids)

    assert what_is_wrong(spool, place, *ids).startswith(what)


@pytest.mark.parametrize("name", ["incoming", "queue", "journal", "corrupt"])
def test_a_directory_that_is_missing_is_damage_and_hides_no_other(
    spool: Path, slow: str, name: str
) -> None:
    """Its content went with it, which is no spool without mail."""
    (spool / "queue.slow" / slow).chmod(0o640)
    shutil.rmtree(spool / name)

    assert found(spool) == {
        name: "is missing",
        f"queue.slow/{slow}": "has mode 0640: others may read or change it",
    }


@pytest.mark.root
def test_a_file_of_somebody_else_is_named(spool: Path, plain: str) -> None:
    os.chown(spool / "queue" / plain, 4711, 4711)

    assert found(spool) == {
        f"queue/{plain}": f"belongs to uid 4711, and the spool to uid {os.getuid()}"
    }


def test_what_a_killed_process_left_is_a_remark(spool: Path, plain: str, slow: str) -> None:
    """A torn record, a message half written, a journal without its message; see `states`."""
    with (spool / "journal" / slow).open("ab") as journal:
        journal.write(b"   ")
    (spool / "queue" / plain).rename(spool / "incoming" / plain)
    orphan = plain[:-1] + ("0" if plain[-1] != "0" else "1")
    assert is_id(orphan)
    (spool / "journal" / orphan).touch(0o600)

    assert found(spool) == {}
    remarks = found(spool, damage=False)
    assert remarks.keys() == {f"journal/{slow}", f"journal/{orphan}", f"incoming/{plain}"}
    assert remarks[f"journal/{slow}"].startswith("its last record is torn")


def test_a_message_that_is_settled_while_we_look_is_no_damage(spool: Path, slow: str) -> None:
    made = FileSpool(spool)

    def settle(name: str, arguments: tuple[Any, ...]) -> None:
        if name == "open" and arguments[1] == slow and (claim := made.claim(slow)):
            claim.finish()

    assert list(Verifier(spool, WatchedDisk(Disk(), settle)).findings()) == []
    assert made.queues() == ("", "slow")
    assert not made.holds(slow)
    made.close()
