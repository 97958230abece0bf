"""Hints on disk: kept, shared, and never in the way."""

from __future__ import annotations

import os
import sqlite3
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from pymta.hints.sqlite import KEPT, LONGEST_WHY, SqliteHints
from pymta.hints.store import HostHint

HINT = HostHint("mx.example.org[192.0.2.1]:25", 1000.0, 1900.0, 2800.0, "Connection refused")


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "hints" / "hints.sqlite"


@pytest.fixture
def hints(path: Path) -> Iterator[SqliteHints]:
    store = SqliteHints(path)
    yield store
    store.close()


def test_a_hint_outlives_its_process(hints: SqliteHints, path: Path) -> None:
    hints.put(HINT)
    hints.close()

    again = SqliteHints(path)
    assert again.get(HINT.host) == HINT
    again.close()


def test_an_unknown_host_has_no_hint(hints: SqliteHints) -> None:
    assert hints.get("other.example[192.0.2.2]:25") is None


def test_a_newer_hint_replaces_the_older(hints: SqliteHints) -> None:
    newer = replace(HINT, last_tried=2800.0, next_try=4000.0)
    hints.put(HINT)
    hints.put(newer)

    assert hints.get(HINT.host) == newer


def test_a_host_that_answers_is_forgotten(hints: SqliteHints) -> None:
    hints.put(HINT)
    hints.forget(HINT.host)
    hints.forget("never.heard.of")

    assert hints.get(HINT.host) is None


def test_hints_that_nobody_renews_are_dropped_by_the_next_process(
    hints: SqliteHints, path: Path
) -> None:
    hints.put(HINT)
    other = SqliteHints(path)
    other.put(replace(HINT, host="b", last_tried=HINT.last_tried + KEPT + 1))
    other.close()

    assert hints.get(HINT.host) is None
    assert hints.get("b") is not None


def test_a_reason_of_any_length_and_any_characters_is_kept_bounded(hints: SqliteHints) -> None:
    hints.put(replace(HINT, why="\udcff\x00\n" + "x" * 10_000))

    kept = hints.get(HINT.host)
    assert kept is not None
    assert len(kept.why) == LONGEST_WHY


@pytest.mark.parametrize(
    "content",
    [
        pytest.param(b"no database at all, " * 100, id="another file"),
        pytest.param(b"SQLite format 3\x00" + b"\xff" * 8000, id="a damaged header"),
    ],
)
def test_a_damaged_store_is_set_aside_and_made_anew(path: Path, content: bytes) -> None:
    path.parent.mkdir()
    path.write_bytes(content)
    hints = SqliteHints(path)

    assert hints.get(HINT.host) is None
    hints.put(HINT)

    assert hints.get(HINT.host) == HINT
    assert path.with_name("hints.sqlite.corrupt").read_bytes() == content
    hints.close()


def test_a_store_that_another_process_has_renewed_is_not_set_aside_again(
    hints: SqliteHints, path: Path
) -> None:
    hints.put(HINT)
    path.rename(path.with_name("old"))
    renewed = SqliteHints(path)
    renewed.put(HINT)
    renewed.close()

    hints._file.set_aside()

    assert path.exists()


def test_a_locked_store_is_no_hint_and_no_error(path: Path, hints: SqliteHints) -> None:
    hints.put(HINT)
    hints.close()
    impatient = SqliteHints(path, patience=0.01)
    lock = sqlite3.connect(path, isolation_level=None)
    lock.execute("BEGIN EXCLUSIVE")

    impatient.put(replace(HINT, why="newer"))
    impatient.forget(HINT.host)
    lock.execute("ROLLBACK")
    lock.close()

    assert impatient.get(HINT.host) == HINT
    impatient.close()


@pytest.mark.parametrize("obstacle", ["a directory in its place", "a file as its directory"])
def test_a_store_that_cannot_be_opened_is_no_hint_and_no_error(path: Path, obstacle: str) -> None:
    if obstacle == "a directory in its place":
        path.mkdir(parents=True)
    else:
        path.parent.write_bytes(b"")
    hints = SqliteHints(path)

    hints.put(HINT)
    hints.forget(HINT.host)

    assert hints.get(HINT.host) is None
    hints.close()


def test_a_child_opens_the_store_for_itself(hints: SqliteHints) -> None:
    hints.put(HINT)
    child = os.fork()
    if child == 0:
        status = 1
        try:
            found = hints.get(HINT.host)
            hints.put(replace(HINT, why="from the child"))
            status = 0 if found == HINT else 2
        finally:
            os._exit(status)
    _, status = os.waitpid(child, 0)

    assert os.waitstatus_to_exitcode(status) == 0
    kept = hints.get(HINT.host)
    assert kept is not None
    assert kept.why == "from the child"


def test_the_store_is_readable_by_its_owner_alone(hints: SqliteHints, path: Path) -> None:
    hints.put(HINT)

    assert path.stat().st_mode & 0o777 == 0o600
    assert path.parent.stat().st_mode & 0o777 == 0o700
