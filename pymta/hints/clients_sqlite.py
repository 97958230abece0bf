"""Hints about clients in one SQLite file, shared by all processes of a host (see `database`).

Its size is bounded: what has run out goes now and then, and above `LARGEST` what would run out
first.  A session waits `PATIENCE` for it at the most.

Touches: disk, process id, clock.
"""

from __future__ import annotations

import hashlib
import sqlite3
import time
from collections.abc import Callable
from pathlib import Path

from pymta.hints.clients import Sighting
from pymta.hints.database import Database, storable
from pymta.hints.window import Window, counted, level, turned

PATIENCE = 0.5  # seconds for another process's write; a write takes well under a millisecond
LARGEST = 128 << 20  # octets of the file in use, above which the part that ends first is dropped
LONGEST_KEY = 200  # characters; of a longer one a hash is kept
_SWEEP_EVERY = 500  # writes of one process

_SCHEMA = """
CREATE TABLE IF NOT EXISTS rate (
    key TEXT PRIMARY KEY, ends REAL NOT NULL,
    began REAL NOT NULL, count REAL NOT NULL, before REAL NOT NULL
) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS sighting (
    key TEXT PRIMARY KEY, ends REAL NOT NULL,
    first REAL NOT NULL, last REAL NOT NULL, passes INTEGER NOT NULL
) WITHOUT ROWID;
CREATE INDEX IF NOT EXISTS rate_ends ON rate (ends);
CREATE INDEX IF NOT EXISTS sighting_ends ON sighting (ends)
"""
_WINDOW = "SELECT began, count, before FROM rate WHERE key = ?"
_PUT_WINDOW = "INSERT OR REPLACE INTO rate VALUES (?, ?, ?, ?, ?)"
_SIGHTING = "SELECT first, last, passes FROM sighting WHERE key = ? AND ends >= ?"
_PUT_SIGHTING = "INSERT OR REPLACE INTO sighting VALUES (?, ?, ?, ?, ?)"
_FORGET = ("DELETE FROM rate WHERE key = ?", "DELETE FROM sighting WHERE key = ?")
_END = ("DELETE FROM rate WHERE ends < ?", "DELETE FROM sighting WHERE ends < ?")
_HALVE = (  # the half that ends first
    """DELETE FROM rate WHERE key IN
    (SELECT key FROM rate ORDER BY ends LIMIT (SELECT count(*) / 2 FROM rate))""",
    """DELETE FROM sighting WHERE key IN
    (SELECT key FROM sighting ORDER BY ends LIMIT (SELECT count(*) / 2 FROM sighting))""",
)


class SqliteClients:
    """`clock` gives seconds since the epoch."""

    def __init__(
        self, path: Path, *, patience: float = PATIENCE, clock: Callable[[], float] = time.time
    ) -> None:
        self._file = Database(path, _SCHEMA, patience)
        self._clock = clock
        self._writes = 0

    def count(
        self, key: str, amount: float, period: float, *, most: float | None = None
    ) -> float | None:
        now, kept = self._clock(), _kept(key)

        def ask(database: sqlite3.Connection) -> float:
            before = turned(_window(database, kept), now, period)
            after = counted(before, amount)
            reached = level(after, now, period)
            if most is None or reached <= most:
                row = (kept, after.began + 2 * period, after.began, after.count, after.before)
                database.execute(_PUT_WINDOW, row)
                self._wrote(database, now)
            return reached

        return self._file.in_one(ask)

    def level(self, key: str, period: float) -> float | None:
        now = self._clock()
        window = self._file.ask(lambda database: turned(_window(database, _kept(key)), now, period))
        return None if window is None else level(window, now, period)

    def sight(
        self,
        key: str,
        see: Callable[[Sighting | None, float], Sighting],
        kept: float,
        *,
        untried: float | None = None,
    ) -> Sighting | None:
        now, name = self._clock(), _kept(key)

        def ask(database: sqlite3.Connection) -> Sighting:
            row = database.execute(_SIGHTING, (name, now)).fetchone()
            seen = see(None if row is None else Sighting(*row), now)
            ends = now + (kept if seen.passes or untried is None else untried)
            row = (name, ends, seen.first, seen.last, seen.passes)
            database.execute(_PUT_SIGHTING, row)
            self._wrote(database, now)
            return seen

        return self._file.in_one(ask)

    def forget(self, key: str) -> None:
        def ask(database: sqlite3.Connection) -> None:
            for statement in _FORGET:
                database.execute(statement, (_kept(key),))

        self._file.in_one(ask)

    def tidy(self, now: float) -> int:
        """Drop what has run out, and a damaged file set aside a day ago; how many pieces."""
        return self._file.tidy(lambda database: _drop_ended(database, now), now - 86_400)

    def close(self) -> None:
        self._file.close()

    def _wrote(self, database: sqlite3.Connection, now: float) -> None:
        if self._writes % _SWEEP_EVERY == 0:
            _drop_ended(database, now)
            _drop_half_above(database, LARGEST)
        self._writes += 1


def _window(database: sqlite3.Connection, key: str) -> Window | None:
    row = database.execute(_WINDOW, (key,)).fetchone()
    return None if row is None else Window(*row)


def _kept(key: str) -> str:
    text = storable(key)
    if len(text) <= LONGEST_KEY:
        return text
    return text[:50] + hashlib.blake2b(text.encode(), digest_size=16).hexdigest()


def _drop_ended(database: sqlite3.Connection, now: float) -> int:
    done = [database.execute(statement, (now,)) for statement in _END]
    return sum(max(cursor.rowcount, 0) for cursor in done)


def _drop_half_above(database: sqlite3.Connection, largest: int) -> None:
    if _octets(database) > largest:
        for statement in _HALVE:
            database.execute(statement)


def _octets(database: sqlite3.Connection) -> int:
    """What is in use; free pages are used again before the file grows."""
    pages, free, size = (
        database.execute(f"PRAGMA {name}").fetchone()[0]
        for name in ("page_count", "freelist_count", "page_size")
    )
    return int((pages - free) * size)
