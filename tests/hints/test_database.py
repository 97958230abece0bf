"""The file that processes share: who hears that it is locked tries again while he has patience."""

from __future__ import annotations

import sqlite3
from pathlib import Path

import pytest

from pymta.hints.database import Database

SCHEMA = "CREATE TABLE IF NOT EXISTS t (n)"


def refuse(code: int) -> None:
    error = sqlite3.OperationalError("refused")
    error.sqlite_errorcode = code
    raise error


class Asked:
    """A question that is refused so often before it has an answer."""

    def __init__(self, code: int, refusals: int) -> None:
        self.code = code
        self.left = refusals
        self.times = 0

    def __call__(self, database: sqlite3.Connection) -> int:
        self.times += 1
        if self.left:
            self.left -= 1
            refuse(self.code)
        return int(database.execute("SELECT count(*) FROM t").fetchone()[0])


@pytest.mark.parametrize("code", [sqlite3.SQLITE_BUSY, 261, sqlite3.SQLITE_LOCKED])  # and recovery
def test_who_hears_at_once_that_it_is_locked_asks_again(code: int, tmp_path: Path) -> None:
    database = Database(tmp_path / "hints.sqlite", SCHEMA, 20)
    assert database.ask(Asked(code, 2)) == 0
    database.close()


@pytest.mark.parametrize(
    ("code", "patience"), [(sqlite3.SQLITE_BUSY, 0), (sqlite3.SQLITE_FULL, 20)]
)
def test_nobody_asks_again_without_patience_or_where_waiting_does_not_help(
    code: int, patience: float, tmp_path: Path
) -> None:
    database = Database(tmp_path / "hints.sqlite", SCHEMA, patience)
    asked = Asked(code, 1)
    assert database.ask(asked) is None
    assert asked.times == 1
    assert database.ask(asked) == 0
    database.close()
