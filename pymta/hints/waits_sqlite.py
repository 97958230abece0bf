"""`pymta.hints.waits` in an SQLite file that all processes of a host share (see `database`).

Touches: disk, process id.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from pathlib import Path

from pymta.hints.database import Database, storable
from pymta.hints.waits import HostWait

PATIENCE = 2.0  # seconds for another process's write
KEPT = 8 * 86_400.0  # seconds after its time when a hint is dropped: its message has gone
_BATCH = 1000

_SCHEMA = """
DROP TABLE IF EXISTS wait;
CREATE TABLE IF NOT EXISTS waiting (
    id TEXT PRIMARY KEY,
    destination TEXT NOT NULL,
    hosts TEXT NOT NULL,
    due REAL NOT NULL,
    wake REAL NOT NULL,
    generation INTEGER NOT NULL,
    until REAL NOT NULL
) WITHOUT ROWID
"""
_PUT = "INSERT OR REPLACE INTO waiting VALUES (?, ?, ?, ?, ?, ?, ?)"
_FORGET = "DELETE FROM waiting WHERE id = ?"
_GET = "SELECT * FROM waiting WHERE id = ?"
_SOME = "SELECT * FROM waiting WHERE id > ? AND generation = ? ORDER BY id LIMIT ?"
_EXPIRE = "DELETE FROM waiting WHERE due < ?"

_Row = tuple[str, str, str, float, float, int, float]


class SqliteWaits:
    """A `Waits`."""

    def __init__(self, path: Path, *, patience: float = PATIENCE) -> None:
        self._file = Database(path, _SCHEMA, patience)

    def note(self, wait: HostWait) -> None:
        hosts = storable(" ".join(wait.hosts))
        times = (wait.due, wait.wake, wait.generation, wait.until)
        row = (wait.id, storable(wait.destination), hosts, *times)
        self._file.ask(lambda database: database.execute(_PUT, row))

    def forget(self, *ids: str) -> None:
        if ids and self._file.exists:
            rows = [(id,) for id in ids]
            self._file.in_one(lambda database: database.executemany(_FORGET, rows))

    def get(self, id: str) -> HostWait | None:
        if not self._file.exists:
            return None
        row = self._file.ask(lambda database: database.execute(_GET, (id,)).fetchone())
        return _wait(row) if row else None

    def known(self, generation: int) -> Iterator[HostWait]:
        """In pieces, so that nobody's write waits for long."""
        last, rows = "", self._some("", generation)
        while rows:
            for row in rows:
                last = row[0]
                yield _wait(row)
            rows = self._some(last, generation)

    def tidy(self, now: float) -> int:
        """Drop what is of messages that have gone, also a damaged file set aside; how many."""
        oldest = now - KEPT
        return self._file.tidy(lambda file: file.execute(_EXPIRE, (oldest,)).rowcount, oldest)

    def close(self) -> None:
        self._file.close()

    def _some(self, last: str, generation: int) -> list[_Row]:
        if not self._file.exists:
            return []

        def ask(database: sqlite3.Connection) -> list[_Row]:
            return database.execute(_SOME, (last, generation, _BATCH)).fetchall()

        return self._file.ask(ask) or []


def _wait(row: _Row) -> HostWait:
    id, destination, hosts, *times = row
    due, wake, generation, until = times
    return HostWait(id, destination, tuple(hosts.split(" ")), due, wake, int(generation), until)
