"""A table in a file of SQLite, which is opened when somebody asks, and read only.

Another file in its place is noticed with the next question.  A file in WAL mode can only be read
while somebody else has it open, or by who may write beside it: SQLite wants it so.

Touches: disk, accounts, clock.
"""

from __future__ import annotations

import os
import sqlite3
import stat
import time
from collections.abc import Callable
from urllib.parse import quote

from pymta.tables.keepers import Keepers
from pymta.tables.question import MOST_ROWS, answer_of, cannot_be_asked, values_of
from pymta.tables.table import Answer

STEPS = 10_000  # instructions of SQLite between two looks at the clock: about a millisecond

Seen = tuple[int, int]


class SqliteTable:
    """`seconds` is what one question may take, and `now` counts them; `keepers` are those who may
    own the file.
    """

    def __init__(
        self,
        name: str,
        file: str,
        query: str,
        seconds: float,
        *,
        keepers: Keepers = Keepers(),  # noqa: B008 - it is frozen
        now: Callable[[], float] = time.monotonic,
    ) -> None:
        self._name = name
        self._file = file
        self._query = query
        self._seconds = seconds
        self._keepers = keepers
        self._now = now
        self._until = 0.0
        self._seen: Seen = (0, 0)
        self._connection: sqlite3.Connection | None = None

    def lookup(self, key: str) -> Answer:
        self._until = self._now() + self._seconds
        try:
            cursor = self._opened().execute(self._query, values_of(key))
            try:
                rows = cursor.fetchmany(MOST_ROWS + 1)
            finally:
                cursor.close()  # until then writers would wait for us
        except sqlite3.OperationalError as error:
            late = self._now() > self._until
            return self._fail(f"no answer within {self._seconds:g}s" if late else error)
        except (sqlite3.Error, OverflowError, UnicodeError) as error:
            return self._fail(error)
        except OSError as error:
            return self._fail(f"{self._file}: {error.strerror or error}")
        except ValueError as error:
            return self._fail(f"{self._file}: {error}")
        return answer_of(self._name, (row[0] for row in rows))

    def _opened(self) -> sqlite3.Connection:
        """Raises OSError, ValueError and sqlite3.Error."""
        found = os.stat(self._file)  # noqa: PTH116 - for every question
        seen = found.st_dev, found.st_ino
        if self._connection is not None and seen == self._seen:
            return self._connection
        self._close()
        if not stat.S_ISREG(found.st_mode):  # a pipe would keep us waiting
            raise ValueError("it is no file")
        if found.st_mode & stat.S_IWOTH:
            raise ValueError("everybody may write to it; want chmod o-w")
        os.close(self._keepers.open(self._file))  # where others have no say, it stays the same
        self._connection = sqlite3.connect(
            f"file:{quote(self._file)}?mode=ro",
            uri=True,
            timeout=self._seconds,
            isolation_level=None,
        )
        self._connection.set_progress_handler(self._is_late, STEPS)
        for guard in ("query_only = ON", "trusted_schema = OFF"):
            self._connection.execute(f"PRAGMA {guard}")
        self._seen = seen
        return self._connection

    def _is_late(self) -> bool:
        return self._now() > self._until

    def _fail(self, why: object) -> Answer:
        self._close()
        return cannot_be_asked(self._name, why)

    def _close(self) -> None:
        if self._connection is not None:
            self._connection.close()
            self._connection = None
