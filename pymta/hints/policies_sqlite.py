"""MTA-STS policies in one SQLite file, shared by all processes of a host (see `database`).

What has run out goes now and then, and above `MOST` what was asked for the longest ago.

Touches: disk, process id.
"""

from __future__ import annotations

import sqlite3
from contextlib import suppress
from pathlib import Path

from pymta.hints.database import Database, storable
from pymta.hints.policies import KeptPolicy
from pymta.tls.mta_sts import Policy, parse_policy

PATIENCE = 2.0  # seconds for another process's write; a write takes well under a millisecond
MOST = 100_000  # domains
KEPT = 86_400.0  # seconds; that there was none is not worth more

_SCHEMA = """
CREATE TABLE IF NOT EXISTS policy (
    domain TEXT PRIMARY KEY,
    tried REAL NOT NULL,
    id TEXT NOT NULL,
    policy TEXT NOT NULL,
    fetched REAL NOT NULL,
    ends REAL NOT NULL,
    why TEXT NOT NULL
) WITHOUT ROWID
"""
_GET = "SELECT tried, id, policy, fetched, why FROM policy WHERE domain = ?"
_PUT = "INSERT OR REPLACE INTO policy VALUES (?, ?, ?, ?, ?, ?, ?)"
_END = "DELETE FROM policy WHERE ends < ? AND tried < ?"
_CUT = """DELETE FROM policy WHERE domain IN
    (SELECT domain FROM policy ORDER BY tried DESC LIMIT -1 OFFSET ?)"""


class SqlitePolicies:
    def __init__(self, path: Path, *, patience: float = PATIENCE, most: int = MOST) -> None:
        self._file = Database(path, _SCHEMA, patience)
        self._most = most
        self._has_expired = False

    def get(self, domain: str) -> KeptPolicy | None:
        if not self._file.exists:  # most hosts never keep any
            return None
        row = self._file.ask(lambda file: file.execute(_GET, (storable(domain),)).fetchone())
        if row is None:
            return None
        tried, id, text, fetched, why = row
        return KeptPolicy(domain, tried, id, _policy(text), fetched, why)

    def put(self, kept: KeptPolicy) -> None:
        text = kept.policy.text if kept.policy else ""
        ends = kept.fetched + (kept.policy.max_age if kept.policy else 0)
        row = (kept.domain, kept.tried, kept.id, text, kept.fetched, ends, kept.why)
        plain = tuple(storable(one) if isinstance(one, str) else one for one in row)

        def put(file: sqlite3.Connection) -> None:
            file.execute(_PUT, plain)
            if not self._has_expired:  # once in a process is often enough
                self._expire(file, kept.tried)
                self._has_expired = True

        self._file.ask(put)

    def tidy(self, now: float) -> int:
        """Drop what has run out, also a damaged file set aside; how many pieces."""
        return self._file.tidy(lambda file: self._expire(file, now), now - KEPT)

    def close(self) -> None:
        self._file.close()

    def _expire(self, file: sqlite3.Connection, now: float) -> int:
        ended = file.execute(_END, (now, now - KEPT)).rowcount
        return max(ended, 0) + max(file.execute(_CUT, (self._most,)).rowcount, 0)


def _policy(text: str) -> Policy | None:
    with suppress(ValueError):  # of another version of ours: as if it were not there
        return parse_policy(text)
    return None
