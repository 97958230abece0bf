"""Hints about hosts in one SQLite file, shared by all processes of a host (see `database`).

A store that cannot answer is taken for empty.

Touches: disk, process id.
"""

from __future__ import annotations

import sqlite3
from pathlib import Path

from pymta.hints.database import Database, storable
from pymta.hints.store import HostHint

PATIENCE = 2.0  # seconds for another process's write; a write takes well under a millisecond
KEPT = 30 * 86_400.0  # seconds after which a hint that nobody renewed is dropped
LONGEST_WHY = 500  # characters

_SCHEMA = """
CREATE TABLE IF NOT EXISTS host (
    host TEXT PRIMARY KEY,
    first_failed REAL NOT NULL,
    last_tried REAL NOT NULL,
    next_try REAL NOT NULL,
    why TEXT NOT NULL
) WITHOUT ROWID
"""
_GET = "SELECT host, first_failed, last_tried, next_try, why FROM host WHERE host = ?"
_PUT = "INSERT OR REPLACE INTO host VALUES (?, ?, ?, ?, ?)"
_FORGET = "DELETE FROM host WHERE host = ?"
_EXPIRE = "DELETE FROM host WHERE last_tried < ?"


class SqliteHints:
    def __init__(self, path: Path, *, patience: float = PATIENCE) -> None:
        self._file = Database(path, _SCHEMA, patience)
        self._has_expired = False

    def get(self, host: str) -> HostHint | None:
        row = self._file.ask(lambda database: database.execute(_GET, (storable(host),)).fetchone())
        return None if row is None else HostHint(host, *row[1:])

    def put(self, hint: HostHint) -> None:
        row = (
            storable(hint.host),
            hint.first_failed,
            hint.last_tried,
            hint.next_try,
            storable(hint.why[:LONGEST_WHY]),
        )
        self._file.ask(lambda database: self._put(database, row, hint.last_tried - KEPT))

    def forget(self, host: str) -> None:
        self._file.ask(lambda database: database.execute(_FORGET, (storable(host),)))

    def tidy(self, now: float) -> int:
        """Drop what nobody has renewed, also a damaged file set aside; how many pieces.

        Nothing is made where there are no hints.
        """
        if not self._file.exists:
            return 0
        cursor = self._file.ask(lambda database: database.execute(_EXPIRE, (now - KEPT,)))
        return (max(cursor.rowcount, 0) if cursor else 0) + self._file.drop_corrupt(now - KEPT)

    def close(self) -> None:
        self._file.close()

    def _put(
        self,
        database: sqlite3.Connection,
        row: tuple[str, float, float, float, str],
        oldest: float,
    ) -> None:
        database.execute(_PUT, row)
        if not self._has_expired:  # once in a process is often enough
            database.execute(_EXPIRE, (oldest,))
            self._has_expired = True
