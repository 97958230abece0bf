"""Hints about hosts in one SQLite file, shared by all processes of a host (see `database`).

A store that cannot answer is taken for empty.

Touches: disk, process id.
"""

from __future__ import annotations

import sqlite3
from contextlib import closing
from pathlib import Path
from typing import Any

from pymta.hints.database import Database, storable
from pymta.hints.store import HostHint, StillHints

PATIENCE = 2.0  # seconds for another process's write; a write takes well under a millisecond
KEPT = 30 * 86_400.0  # seconds after which a hint that nobody renewed is dropped
LONGEST_WHY = 500  # characters

_SCHEMA = """
DROP TABLE IF EXISTS host;
CREATE TABLE IF NOT EXISTS failing_host (
    host TEXT PRIMARY KEY,
    first_failed REAL NOT NULL,
    last_tried REAL NOT NULL,
    next_try REAL NOT NULL,
    why TEXT NOT NULL,
    is_expired INTEGER NOT NULL,
    rule TEXT NOT NULL
) WITHOUT ROWID
"""
_GET = "SELECT * FROM failing_host WHERE host = ?"
_ALL = "SELECT * FROM failing_host"
_PUT = "INSERT OR REPLACE INTO failing_host VALUES (?, ?, ?, ?, ?, ?, ?)"
_FORGET = "DELETE FROM failing_host WHERE host = ?"
_EXPIRE = "DELETE FROM failing_host WHERE last_tried < ?"


class SqliteHints:
    def __init__(self, path: Path, *, patience: float = PATIENCE) -> None:
        self._file = Database(path, _SCHEMA, patience)
        self._has_expired = False

    def get(self, host: str) -> HostHint | None:
        row = self._file.ask(lambda database: database.execute(_GET, (storable(host),)).fetchone())
        return None if row is None else _hint(row)

    @property
    def exists(self) -> bool:
        return self._file.exists

    def all(self) -> list[HostHint]:
        """Of every host that failed; none when the store cannot answer."""
        rows = self._file.ask(lambda database: database.execute(_ALL).fetchall())
        return [_hint(row) for row in rows or ()]

    def put(self, hint: HostHint) -> None:
        row = (
            storable(hint.host),
            hint.first_failed,
            hint.last_tried,
            hint.next_try,
            storable(hint.why[:LONGEST_WHY]),
            hint.is_expired,
            storable(hint.rule[:LONGEST_WHY]),
        )
        self._file.ask(lambda database: self._put(database, row, hint.last_tried - KEPT))

    def forget(self, host: str) -> None:
        self._file.ask(lambda database: database.execute(_FORGET, (storable(host),)))

    def tidy(self, now: float) -> int:
        """Drop what nobody has renewed, also a damaged file set aside; how many pieces."""
        oldest = now - KEPT
        return self._file.tidy(lambda file: file.execute(_EXPIRE, (oldest,)).rowcount, oldest)

    def close(self) -> None:
        self._file.close()

    def _put(
        self,
        database: sqlite3.Connection,
        row: tuple[str, float, float, float, str, bool, str],
        oldest: float,
    ) -> None:
        database.execute(_PUT, row)
        if not self._has_expired:  # once in a process is often enough
            database.execute(_EXPIRE, (oldest,))
            self._has_expired = True


def still_hints(path: Path) -> StillHints:
    """Those of now; none where they cannot be read.  Nothing is made, mended or set aside."""
    # Where nobody has it open all is in the file, and to look for more would make other files.
    is_open = path.with_name(f"{path.name}-wal").exists()
    uri = f"{path.absolute().as_uri()}?{'mode=ro' if is_open else 'immutable=1'}"
    try:
        with closing(sqlite3.connect(uri, uri=True, timeout=PATIENCE)) as database:
            return StillHints(map(_hint, database.execute(_ALL)))
    except sqlite3.Error:
        return StillHints()


def _hint(row: tuple[Any, ...]) -> HostHint:
    host, first, last, again, why, is_expired, rule = row
    return HostHint(host, first, last, again, why, bool(is_expired), rule)
