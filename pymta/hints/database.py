"""One SQLite file that all processes of a host share, and that may be lost at any time.

Opened at the first use, hence after the fork, and anew in a process that inherited it: a SQLite
connection must not cross a fork.  A damaged file is set aside as ``….corrupt`` and made anew.  One
that is locked for longer than its patience has no answer.

Touches: disk, clock, process id.
"""

from __future__ import annotations

import os
import sqlite3
import time
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import TypeVar

T = TypeVar("T")
_PAUSE = 0.01  # seconds


class Database:
    """`schema` makes the tables that are not there; `patience` is in seconds.

    `in_one` wraps a question into a transaction, so that no other process writes in between.
    """

    def __init__(self, path: Path, schema: str, patience: float) -> None:
        self.path = path
        self._schema = schema
        self._patience = patience
        self._connection: sqlite3.Connection | None = None
        self._inherited: list[sqlite3.Connection] = []
        self._inode = 0
        self._pid = 0

    @property
    def exists(self) -> bool:
        return self.path.exists()

    def ask(self, question: Callable[[sqlite3.Connection], T]) -> T | None:
        """The answer, or None when the file cannot give one."""
        end = time.monotonic() + self._patience
        while True:
            try:
                return question(self._opened())
            except sqlite3.OperationalError as error:  # locked, full, read-only, no such directory
                self.close()
                if not _is_busy(error) or time.monotonic() >= end:
                    return None
                time.sleep(_PAUSE)
            except (sqlite3.Error, OSError):
                self.close()
                break
        with suppress(sqlite3.Error, OSError):  # damaged: once more with a new one
            self.set_aside()
            return question(self._opened())
        self.close()
        return None

    def in_one(self, question: Callable[[sqlite3.Connection], T]) -> T | None:
        def asked(connection: sqlite3.Connection) -> T:
            connection.execute("BEGIN IMMEDIATE")
            answer = question(connection)
            connection.execute("COMMIT")
            return answer

        return self.ask(asked)  # a failure closes the connection, which undoes what was begun

    def close(self) -> None:
        connection, self._connection = self._connection, None
        if connection is None:
            return
        if self._pid != os.getpid():  # the parent's: even closing it could disturb the file
            self._inherited.append(connection)
            return
        with suppress(sqlite3.Error):
            connection.close()

    def set_aside(self) -> None:
        if self.path.stat().st_ino != self._inode:  # another process has made a new one
            return
        for suffix in ("-wal", "-shm"):
            with suppress(FileNotFoundError):
                self.path.with_name(self.path.name + suffix).unlink()
        self.path.replace(self._corrupt)

    def tidy(self, drop: Callable[[sqlite3.Connection], int], oldest: float) -> int:
        """What `drop` says that it drops, and a damaged file set aside before `oldest`, in seconds
        since the epoch; how many pieces.  Nothing is made where nothing is kept.
        """
        if not self.exists:
            return 0
        return (self.in_one(drop) or 0) + self._drop_corrupt(oldest)

    def _drop_corrupt(self, oldest: float) -> int:
        try:
            if self._corrupt.stat().st_mtime >= oldest:
                return 0
            self._corrupt.unlink()
        except FileNotFoundError:
            return 0
        return 1

    @property
    def _corrupt(self) -> Path:
        return self.path.with_name(self.path.name + ".corrupt")

    def _opened(self) -> sqlite3.Connection:
        if self._connection is not None and self._pid == os.getpid():
            return self._connection
        self.close()
        self.path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        connection = sqlite3.connect(self.path, timeout=self._patience, isolation_level=None)
        self._inode = self.path.stat().st_ino
        try:
            self.path.chmod(0o600)
            connection.execute("PRAGMA journal_mode=WAL")
            # A power cut may take the last entries away; they are only hints.
            connection.execute("PRAGMA synchronous=NORMAL")
            for statement in self._schema.split(";"):
                connection.execute(statement)
        except BaseException:
            connection.close()
            raise
        self._connection, self._pid = connection, os.getpid()
        return connection


def _is_busy(error: sqlite3.OperationalError) -> bool:
    """SQLite waits for others by itself, but not in all places: where somebody makes the file, or
    is the last to close it, another one hears at once that it is locked.
    """
    code: int = getattr(error, "sqlite_errorcode", 0)  # the module itself gives none
    return code & 0xFF in {sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED}


def storable(text: str) -> str:
    """What SQLite can keep: a lone surrogate is not UTF-8."""
    return text.encode("utf-8", "replace").decode("utf-8")
