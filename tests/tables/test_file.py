"""Tables in files: as of now, and never "nobody" where nobody can tell."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

import pytest

from pymta.tables.file import SETTLING, FileTable
from pymta.tables.list_file import read_list
from pymta.tables.table import Found, Nothing, Unsure
from pymta.tables.text import TextTable

LONG_AGO = 1_700_000_000.0


class Clock:
    """Sleeping moves it on, and lets something happen."""

    def __init__(self, then: Callable[[], object] = lambda: None) -> None:
        self.now = LONG_AGO
        self.then = then
        self.slept: list[float] = []

    def sleep(self, seconds: float) -> None:
        self.slept.append(seconds)
        self.now += seconds
        self.then()


def write(path: Path, text: str, *, at: float = LONG_AGO - 60) -> Path:
    path.write_text(text)
    os.utime(path, (at, at))
    return path


def opened(
    path: Path, clock: Clock | None = None, *, may_be_missing: bool = False
) -> FileTable[TextTable]:
    clock = clock or Clock()
    return FileTable(
        str(path),
        TextTable,
        may_be_missing=may_be_missing,
        now=lambda: clock.now,
        sleep=clock.sleep,
    )


def value(table: FileTable[TextTable], key: str) -> str:
    answer = table.lookup(key)
    assert isinstance(answer, Found), answer
    return answer.value


def test_a_change_counts_at_once(tmp_path: Path) -> None:
    file = write(tmp_path / "aliases", "a: alice\n")
    table = opened(file)
    assert value(table, "a") == "alice"
    assert table.lookup("b") == Nothing()
    write(file, "a: bobby\nb: bob\n")
    assert (value(table, "a"), value(table, "b")) == ("bobby", "bob")
    write(tmp_path / "new", "a: carol\n").replace(file)
    assert value(table, "a") == "carol"
    assert table.lookup("b") == Nothing()


def test_a_file_is_read_once_as_long_as_it_is_the_same(tmp_path: Path) -> None:
    table = opened(write(tmp_path / "aliases", "a: alice\n"))
    assert table.text() is table.text()


def into_a_pipe(path: Path) -> None:
    path.unlink()
    os.mkfifo(path)


def not_utf8(path: Path) -> None:
    path.write_bytes(b"a: alice\nb: \xff\n")


@pytest.mark.parametrize(
    ("spoil", "why"),
    [
        (lambda path: path.unlink(), "{} does not exist"),
        (into_a_pipe, "{} cannot be used: it is no file"),
        (
            lambda path: path.chmod(0o666),
            "{} cannot be used: everybody may write to it; want chmod o-w",
        ),
        (not_utf8, "{} cannot be used: line 2: this is not UTF-8"),
    ],
)
def test_a_file_that_cannot_be_used_makes_everybody_wait(
    tmp_path: Path, spoil: Callable[[Path], object], why: str
) -> None:
    file = write(tmp_path / "aliases", "a: alice\n")
    table = opened(file)
    assert value(table, "a") == "alice"
    spoil(file)
    assert table.lookup("a") == Unsure(why.format(file))
    assert table.lookup("b") == Unsure(why.format(file))


def test_a_file_that_need_not_exist_has_nobody(tmp_path: Path) -> None:
    os.utime(tmp_path, (LONG_AGO - 60, LONG_AGO - 60))
    table = opened(tmp_path / "aliases", may_be_missing=True)
    assert table.lookup("a") == Nothing()
    assert opened(tmp_path / "none" / "aliases", may_be_missing=True).lookup("a") == Nothing()


def test_a_file_that_has_just_been_emptied_is_asked_again(tmp_path: Path) -> None:
    """Whoever writes it in place is about to fill it."""
    file = write(tmp_path / "aliases", "", at=LONG_AGO)
    clock = Clock(lambda: write(file, "a: alice\n", at=LONG_AGO + 0.1))
    assert value(opened(file, clock), "a") == "alice"
    assert clock.slept == [SETTLING, SETTLING]


def test_an_entry_at_the_end_of_a_file_that_is_being_written_may_be_cut(tmp_path: Path) -> None:
    file = write(tmp_path / "aliases", "b: bob\na: ali", at=LONG_AGO)
    clock = Clock(lambda: write(file, "b: bob\na: alice\n", at=LONG_AGO + 0.1))
    table = opened(file, clock)
    assert value(table, "b") == "bob"
    assert not clock.slept
    assert value(table, "a") == "alice"


def test_a_file_that_is_written_again_and_again_makes_whoever_is_not_found_wait(
    tmp_path: Path,
) -> None:
    file = write(tmp_path / "aliases", "a: alice\nb: bob\n", at=LONG_AGO)
    clock = Clock()
    clock.then = lambda: write(file, "a: alice\nb: bob\n", at=clock.now)
    table = opened(file, clock)
    assert table.lookup("x") == Unsure(f"{file} is being written")
    assert value(table, "a") == "alice"


def test_a_file_that_is_about_to_be_replaced_is_asked_again(tmp_path: Path) -> None:
    os.utime(tmp_path, (LONG_AGO, LONG_AGO))
    file = tmp_path / "aliases"
    clock = Clock(lambda: write(file, "a: alice\n"))
    assert value(opened(file, clock, may_be_missing=True), "a") == "alice"


def test_a_settled_file_keeps_nobody_waiting(tmp_path: Path) -> None:
    clock = Clock()
    table = opened(write(tmp_path / "aliases", "a: alice\n", at=LONG_AGO - SETTLING), clock)
    assert table.lookup("x") == Nothing()
    future = opened(write(tmp_path / "later", "a: alice\n", at=LONG_AGO + 3600), clock)
    assert future.lookup("x") == Nothing()
    assert not clock.slept


def test_a_list_is_read_as_it_stands(tmp_path: Path) -> None:
    file = tmp_path / "list"
    file.write_bytes(b"alice\r\nbob\r\n")
    assert read_list(str(file)) == Found("alice\nbob\n", str(file), str(file), 1)
    file.chmod(0o602)
    why = "everybody may write to it; want chmod o-w"
    assert read_list(str(file)) == Unsure(f"{file} cannot be used: {why}")
    file.unlink()
    assert read_list(str(file)) == Unsure(f"{file} cannot be read: No such file or directory")
