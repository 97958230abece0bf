"""Tables in files of SQLite: asked as they are now, or nobody knows."""

from __future__ import annotations

import os
import sqlite3
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path

import pytest

from pymta.tables import question
from pymta.tables.keepers import Keepers
from pymta.tables.question import answer_of, values_of
from pymta.tables.sqlite import SqliteTable
from pymta.tables.table import Found, Nothing, Unsure

QUERY = "SELECT target FROM aliases WHERE address = :key ORDER BY target"


def make(path: Path, *rows: tuple[str, object]) -> Path:
    with closing(sqlite3.connect(path)) as database, database:
        database.execute("CREATE TABLE aliases (address TEXT, target)")
        database.executemany("INSERT INTO aliases VALUES (?, ?)", rows)
    path.chmod(0o644)
    return path


def into_a_pipe(path: Path) -> None:
    path.unlink()
    os.mkfifo(path)


@pytest.fixture
def file(tmp_path: Path) -> Path:
    rows = (("team", "alice"), ("team", "bob"), ("none", None), ("one", 1), ("bare", ""))
    return make(tmp_path / "people?.sqlite", *rows, ("raw", b"\xff"))


@pytest.fixture
def opened() -> Iterator[Callable[..., SqliteTable]]:
    made: list[SqliteTable] = []

    def open_table(file: Path, query: str = QUERY, seconds: float = 60) -> SqliteTable:
        made.append(SqliteTable("people", str(file), query, seconds))
        return made[-1]

    yield open_table
    for table in made:
        table._close()


Opened = Callable[..., SqliteTable]


@pytest.mark.parametrize(
    ("key", "value"), [("team", "alice, bob"), ("one", "1"), ("bare", ""), ("none", None)]
)
def test_rows_are_targets(file: Path, opened: Opened, key: str, value: str | None) -> None:
    wanted = Nothing() if value is None else Found(value, "table people")
    assert opened(file).lookup(key) == wanted


def test_who_is_not_in_it_is_nobody(file: Path, opened: Opened) -> None:
    assert opened(file).lookup("ghost") == Nothing()


def test_a_key_is_never_part_of_the_query(file: Path, opened: Opened) -> None:
    assert opened(file).lookup("x' OR '1'='1") == Nothing()


def test_a_query_may_use_the_parts_of_an_address(file: Path, opened: Opened) -> None:
    table = opened(file, "SELECT :local_part || '/' || :domain || '/' || :key")
    assert table.lookup("a@b@c.test") == Found("a@b/c.test/a@b@c.test", "table people")
    assert table.lookup("@c.test") == Found("/c.test/@c.test", "table people")
    assert values_of("root") == {"key": "root", "local_part": "root", "domain": ""}


def test_a_change_and_another_file_count_at_once(file: Path, opened: Opened) -> None:
    table = opened(file)
    assert table.lookup("new") == Nothing()
    with closing(sqlite3.connect(file)) as database, database:
        database.execute("INSERT INTO aliases VALUES ('new', 'carol')")
    assert table.lookup("new") == Found("carol", "table people")
    make(file.with_name("other"), ("new", "dave")).replace(file)
    assert table.lookup("new") == Found("dave", "table people")


@pytest.mark.parametrize(
    ("spoil", "why"),
    [
        (lambda path: path.unlink(), "{}: No such file or directory"),
        (lambda path: path.write_bytes(b"x" * 5000), "file is not a database"),
        (lambda path: path.chmod(0o646), "{}: everybody may write to it; want chmod o-w"),
        (into_a_pipe, "{}: it is no file"),
    ],
)
def test_a_file_that_cannot_be_used_says_nothing_of_anybody(
    file: Path, opened: Opened, spoil: Callable[[Path], object], why: str
) -> None:
    spoil(file)
    said = f"table people cannot be asked: {why.format(file)}"
    assert opened(file).lookup("team") == Unsure(said)


@pytest.mark.root
def test_a_file_that_belongs_to_somebody_else_is_not_used(file: Path, opened: Opened) -> None:
    """He would say who gets whose mail; in table_owners an operator may allow it."""
    os.chown(file, 4001, 4001)
    answer = opened(file).lookup("team")
    assert isinstance(answer, Unsure)
    assert "it belongs to 4001; want root, or its owner in table_owners" in answer.why
    named = SqliteTable("people", str(file), QUERY, 60, keepers=Keepers(names=("4001",)))
    assert named.lookup("team") == Found("alice, bob", "table people")
    named._close()


def test_it_is_asked_again_when_it_is_back(file: Path, opened: Opened) -> None:
    table = opened(file)
    file.rename(file.with_name("away"))
    assert isinstance(table.lookup("team"), Unsure)
    file.with_name("away").rename(file)
    assert table.lookup("team") == Found("alice, bob", "table people")


@pytest.mark.parametrize(
    ("query", "why"),
    [
        ("SELECT gone FROM aliases WHERE address = :key", "no such column: gone"),
        ("DELETE FROM aliases WHERE address = :key", "attempt to write a readonly database"),
        ("SELECT 1 FROM", "incomplete input"),
    ],
)
def test_a_query_that_does_not_work_is_no_answer(
    file: Path, opened: Opened, query: str, why: str
) -> None:
    assert opened(file, query).lookup("team") == Unsure(f"table people cannot be asked: {why}")


def test_a_query_that_takes_too_long_is_no_answer(file: Path, opened: Opened) -> None:
    endless = (
        "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n)"
        " SELECT count(*) FROM n WHERE :key <> ''"
    )
    said = opened(file, endless, 0.05).lookup("team")
    assert said == Unsure("table people cannot be asked: no answer within 0.05s")


def test_who_writes_for_too_long_is_not_waited_for(file: Path, opened: Opened) -> None:
    with closing(sqlite3.connect(file, isolation_level=None)) as writer:
        writer.execute("BEGIN EXCLUSIVE")
        assert isinstance(opened(file, seconds=0.05).lookup("team"), Unsure)
    assert opened(file).lookup("team") == Found("alice, bob", "table people")


def test_what_is_no_text_is_no_answer(file: Path, opened: Opened) -> None:
    assert opened(file).lookup("raw") == Unsure("table people: what it says is no text")


@pytest.mark.parametrize("rows", [["x"] * (question.MOST_ROWS + 1), ["x" * question.LARGEST, "y"]])
def test_too_much_is_no_answer(rows: list[str]) -> None:
    assert isinstance(answer_of("people", rows), Unsure)
