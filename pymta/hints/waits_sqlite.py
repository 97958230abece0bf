"""`pymta.hints.waits` in an SQLite file that all processes of a host share (see `database`).

Touches: disk, process id.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from pathlib import Path

from pymta.hints.database import Database, storable
from pymta.hints.waits import Wait

PATIENCE = 2.0  # seconds for another process's write
KEPT = 8 * 86_400.0  # seconds after its time when a hint is dropped: its message has gone
_BATCH = 1000

_SCHEMA = """
CREATE TABLE IF NOT EXISTS wait (
    id TEXT PRIMARY KEY,
    destination TEXT NOT NULL,
    hosts TEXT NOT NULL,
    due REAL NOT NULL,
    wake REAL NOT NULL,
    generation INTEGER NOT NULL
) WITHOUT ROWID
"""
_PUT = "INSERT OR REPLACE INTO wait VALUES (?, ?, ?, ?, ?, ?)"
_FORGET = "DELETE FROM wait WHERE id = ?"
_SOME = "SELECT * FROM wait WHERE id > ? AND generation = ? ORDER BY id LIMIT ?"
_EXPIRE = "DELETE FROM wait WHERE due < ?"


class SqliteWaits:
    """A `Waits`."""

    def __init__(self, path: Path, *, patience: float = PATIENCE) -> None:
        self._file = Database(path, _SCHEMA, patience)

    def note(self, wait: Wait) -> None:
        hosts = storable(" ".join(wait.hosts))
        row = (wait.id, storable(wait.destination), hosts, wait.due, wait.wake, wait.generation)
        self._file.ask(lambda database: database.execute(_PUT, row))

    def forget(self, id: str) -> None:
        if self._file.exists:
            self._file.ask(lambda database: database.execute(_FORGET, (id,)))

    def known(self, generation: int) -> Iterator[Wait]:
        """In pieces, so that nobody's write waits for long."""
        last, rows = "", self._some("", generation)
        while rows:
            for id, destination, hosts, due, wake, _ in rows:
                last = id
                yield Wait(id, destination, tuple(hosts.split(" ")), due, wake, generation)
            rows = self._some(last, generation)

    def tidy(self, now: float) -> int:
        """Drop what is of messages that have gone, also a damaged file set aside; how many."""
        if not self._file.exists:
            return 0
        cursor = self._file.ask(lambda database: database.execute(_EXPIRE, (now - KEPT,)))
        return (max(cursor.rowcount, 0) if cursor else 0) + self._file.drop_corrupt(now - KEPT)

    def close(self) -> None:
        self._file.close()

    def _some(self, last: str, generation: int) -> list[tuple[str, str, str, float, float, int]]:
        if not self._file.exists:
            return []

        def ask(
            database: sqlite3.Connection,
        ) -> list[tuple[str, str, str, float, float, int]]:
            return database.execute(_SOME, (last, generation, _BATCH)).fetchall()

        return self._file.ask(ask) or []
