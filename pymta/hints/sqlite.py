"""Hints in one SQLite file, shared by all processes of a host.

Opened at the first use, hence after the fork, and anew in a process that inherited it: a SQLite
connection must not cross a fork.  A damaged file is set aside as ``….corrupt`` and made anew.  A
store that is locked for longer than `PATIENCE` is taken for empty.

Touches: disk, process id.
"""

from __future__ import annotations

import os
import sqlite3
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import TypeVar

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

T = TypeVar("T")


class SqliteHints:
    def __init__(self, path: Path, *, patience: float = PATIENCE) -> None:
        self._path = path
        self._patience = patience
        self._database: sqlite3.Connection | None = None
        self._inherited: list[sqlite3.Connection] = []
        self._inode = 0
        self._pid = 0
        self._has_expired = False

    def get(self, host: str) -> HostHint | None:
        row = self._ask(lambda database: database.execute(_GET, (_text(host),)).fetchone())
        return None if row is None else HostHint(host, *row[1:])

    def put(self, hint: HostHint) -> None:
        row = (
            _text(hint.host),
            hint.first_failed,
            hint.last_tried,
            hint.next_try,
            _text(hint.why[:LONGEST_WHY]),
        )
        self._ask(lambda database: self._put(database, row, hint.last_tried - KEPT))

    def forget(self, host: str) -> None:
        self._ask(lambda database: database.execute(_FORGET, (_text(host),)))

    def tidy(self, now: float) -> int:
        """Drop what nobody has renewed, also a damaged file set aside; how many pieces.

        Nothing is made where there are no hints.
        """
        if not self._path.exists():
            return 0
        cursor = self._ask(lambda database: database.execute(_EXPIRE, (now - KEPT,)))
        return (max(cursor.rowcount, 0) if cursor else 0) + self._drop_corrupt(now - KEPT)

    def close(self) -> None:
        database, self._database = self._database, None
        if database is None:
            return
        if self._pid != os.getpid():  # the parent's: even closing it could disturb the file
            self._inherited.append(database)
            return
        with suppress(sqlite3.Error):
            database.close()

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

    def _ask(self, question: Callable[[sqlite3.Connection], T]) -> T | None:
        """The answer, or None when the store cannot give one."""
        try:
            return question(self._opened())
        except sqlite3.OperationalError:  # locked, full, read-only, no such directory
            self.close()
            return None
        except (sqlite3.Error, OSError):
            self.close()
        with suppress(sqlite3.Error, OSError):  # damaged: once more with a new one
            self._set_aside()
            return question(self._opened())
        self.close()
        return None

    def _opened(self) -> sqlite3.Connection:
        if self._database is not None and self._pid == os.getpid():
            return self._database
        self.close()
        self._path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        database = sqlite3.connect(self._path, timeout=self._patience, isolation_level=None)
        self._inode = self._path.stat().st_ino
        try:
            self._path.chmod(0o600)
            database.execute("PRAGMA journal_mode=WAL")
            # A power cut may take the last hints away; they are only hints.
            database.execute("PRAGMA synchronous=NORMAL")
            database.execute(_SCHEMA)
        except BaseException:
            database.close()
            raise
        self._database, self._pid = database, os.getpid()
        return database

    def _drop_corrupt(self, oldest: float) -> int:
        corrupt = self._path.with_name(self._path.name + ".corrupt")
        try:
            if corrupt.stat().st_mtime >= oldest:
                return 0
            corrupt.unlink()
        except FileNotFoundError:
            return 0
        return 1

    def _set_aside(self) -> None:
        if self._path.stat().st_ino != self._inode:  # another process has made a new one
            return
        for suffix in ("-wal", "-shm"):
            with suppress(FileNotFoundError):
                self._path.with_name(self._path.name + suffix).unlink()
        self._path.replace(self._path.with_name(self._path.name + ".corrupt"))


def _text(text: str) -> str:
    """What SQLite can keep: a lone surrogate is not UTF-8."""
    return text.encode("utf-8", "replace").decode("utf-8")
