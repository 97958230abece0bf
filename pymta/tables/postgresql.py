"""A table in PostgreSQL, over one connection, which is made when somebody asks.

A question is answered within its time or not at all: libpq itself would wait for a server that is
there and says nothing for as long as the kernel does.  When the connection has been lost since the
last question, which is so after every restart of the server, another one is made at once.

The server is told to end what takes too long, and to change nothing, by the connection option
`options`, unless the settings give one themselves: PgBouncer knows none, and wants ``options=''``.

Touches: sockets, disk, environment, clock, psycopg.
"""

from __future__ import annotations

import select
import time
from collections.abc import Callable, Iterator, Mapping
from typing import Any

import psycopg
from psycopg import conninfo
from psycopg.pq import ConnStatus, DiagnosticField, ExecStatus, abc

from pymta.config.databases import PLACEHOLDER, VALUES, timeout_of
from pymta.config.secret_file import read_secret
from pymta.tables.question import MOST_ROWS, answer_of, cannot_be_asked, values_of
from pymta.tables.table import Answer

_ROW, _END = ExecStatus.SINGLE_TUPLE, ExecStatus.TUPLES_OK


class _RefusedError(Exception):
    """The server says that it cannot be asked this."""


class PostgresqlTable:
    """`table` is what the settings say of it; `now` counts seconds."""

    def __init__(
        self, name: str, table: Mapping[str, Any], now: Callable[[], float] = time.monotonic
    ) -> None:
        self._name = name
        self._table = table
        self._now = now
        self._connect_seconds = timeout_of(table, "connect_timeout")
        self._seconds = timeout_of(table, "query_timeout")
        query = table["query"]
        self._wanted = [value for value in VALUES if value in PLACEHOLDER.findall(query)]
        self._command = PLACEHOLDER.sub(
            lambda found: f"${self._wanted.index(found[1]) + 1}", query
        ).encode()
        self._connection: psycopg.Connection[Any] | None = None

    def lookup(self, key: str) -> Answer:
        was_open = self._connection is not None
        try:
            return self._ask(key)
        except psycopg.Error as error:  # the connection, as a rule
            self.close()
            if not was_open:
                return cannot_be_asked(self._name, error)
        except (OSError, ValueError, _RefusedError) as error:
            self.close()
            return cannot_be_asked(self._name, error)
        return self.lookup(key)

    def close(self) -> None:
        if self._connection is not None:
            self._connection.close()
            self._connection = None

    def _ask(self, key: str) -> Answer:
        """Raises psycopg.Error, OSError, ValueError and _RefusedError."""
        connection = self._opened().pgconn
        values = values_of(key)
        connection.send_query_params(
            self._command, [values[name].encode() for name in self._wanted]
        )
        connection.set_single_row_mode()  # or a table of millions would be in memory at once
        rows: list[str | None] = []
        for value in self._rows(connection):
            rows.append(value)
            if len(rows) > MOST_ROWS:
                self.close()  # the rest is not wanted
                break
        return answer_of(self._name, rows)

    def _rows(self, connection: abc.PGconn) -> Iterator[str | None]:
        until = self._now() + self._seconds
        while connection.flush():
            self._wait(connection, select.POLLIN | select.POLLOUT, until)
            connection.consume_input()
        while True:
            while connection.is_busy():
                self._wait(connection, select.POLLIN, until)
                connection.consume_input()
            result = connection.get_result()
            if result is None:
                return
            if result.status not in {_ROW, _END}:
                self._refused(connection, result)
            if result.status == _ROW:
                value = result.get_value(0, 0)
                yield None if value is None else value.decode()

    def _refused(self, connection: abc.PGconn, result: abc.PGresult) -> None:
        why = result.error_message.decode(errors="replace") or "want a SELECT that gives rows"
        severity = result.error_field(DiagnosticField.SEVERITY_NONLOCALIZED)
        if connection.status == ConnStatus.BAD or severity in {b"FATAL", b"PANIC"}:
            raise psycopg.OperationalError(why)
        raise _RefusedError(why)

    def _wait(self, connection: abc.PGconn, events: int, until: float) -> None:
        poll = select.poll()
        poll.register(connection.socket, events)
        if not poll.poll(max(0.0, until - self._now()) * 1000):
            raise TimeoutError(f"no answer within {self._seconds}s")

    def _opened(self) -> psycopg.Connection[Any]:
        if self._connection is None:
            self._connection = psycopg.connect(self._target(), autocommit=True)
        return self._connection

    def _target(self) -> str:
        """With the password as its file has it now."""
        said = conninfo.conninfo_to_dict(self._table["server"])
        guards = f"-c default_transaction_read_only=on -c statement_timeout={self._seconds * 1000}"
        more: dict[str, Any] = {
            "client_encoding": "UTF8",
            "connect_timeout": self._connect_seconds,
            "fallback_application_name": "pymta",
            "options": said.get("options", guards),
        }
        if login := self._table.get("login"):
            more["user"] = login
        if secret := self._table.get("password_file"):
            more["password"] = read_secret(secret)
        return conninfo.make_conninfo(self._table["server"], **more)
