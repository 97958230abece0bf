"""A table in a directory, by LDAP, over one connection, which is made when somebody asks.

When the connection has been lost since the last question another one is made at once.  Referrals
are not followed: whoever they name was not chosen by an operator.

Touches: sockets, disk, environment, threads, python-ldap.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import nullcontext
from typing import Any

import ldap
from ldap.filter import escape_filter_chars

from pymta.config.databases import PLACEHOLDER, timeout_of
from pymta.config.secret_file import read_secret
from pymta.tables.cut_off import cut_off
from pymta.tables.question import MOST_ROWS, answer_of, cannot_be_asked, values_of
from pymta.tables.table import Answer

SCOPES = {"sub": ldap.SCOPE_SUBTREE, "one": ldap.SCOPE_ONELEVEL, "base": ldap.SCOPE_BASE}
GRACE = 1  # seconds; those of the library go first, where it keeps them
_LOST = (ldap.SERVER_DOWN, ldap.CONNECT_ERROR, ldap.UNAVAILABLE)


class LdapTable:
    """`table` is what the settings say of it."""

    def __init__(self, name: str, table: Mapping[str, Any]) -> None:
        self._name = name
        self._table = table
        self._connection: Any = None
        times = (timeout_of(table, key) for key in ("connect_timeout", "query_timeout"))
        self._longest: float = max(times) + GRACE

    def lookup(self, key: str) -> Answer:
        was_open = self._connection is not None
        try:
            with nullcontext() if was_open else cut_off(self._longest):
                return answer_of(self._name, self._ask(key))
        except _LOST as error:
            self.close()
            if not was_open:
                return cannot_be_asked(self._name, _words(error))
        except ldap.LDAPError as error:
            self.close()
            return cannot_be_asked(self._name, _words(error))
        except ValueError as error:
            return cannot_be_asked(self._name, error)
        return self.lookup(key)

    def close(self) -> None:
        if self._connection is not None:
            self._connection.unbind_ext()
            self._connection = None

    def _ask(self, key: str) -> list[str]:
        """Raises ldap.LDAPError and ValueError."""
        values, attribute = values_of(key), self._table["attribute"]
        entries = self._opened().search_ext_s(
            self._table["base"],
            SCOPES[self._table.get("scope", "sub")],
            PLACEHOLDER.sub(
                lambda found: escape_filter_chars(values[found[1]]), self._table["filter"]
            ),
            [attribute],
            timeout=timeout_of(self._table, "query_timeout"),
            sizelimit=MOST_ROWS,
        )
        return [value.decode() for value in _values(entries, attribute)]

    def _opened(self) -> Any:
        if self._connection is None:
            connection = ldap.initialize(self._table["server"])
            try:
                self._prepare(connection)
            except BaseException:
                connection.unbind_ext()
                raise
            self._connection = connection
        return self._connection

    def _prepare(self, connection: Any) -> None:
        table = self._table
        seconds = timeout_of(table, "connect_timeout")
        connection.protocol_version = ldap.VERSION3
        connection.timeout = seconds  # of whatever says no other
        connection.set_option(ldap.OPT_NETWORK_TIMEOUT, seconds)
        connection.set_option(ldap.OPT_TIMEOUT, seconds)
        connection.set_option(ldap.OPT_REFERRALS, 0)
        connection.set_option(ldap.OPT_X_TLS_REQUIRE_CERT, ldap.OPT_X_TLS_DEMAND)
        if authorities := table.get("tls_certificates"):
            connection.set_option(ldap.OPT_X_TLS_CACERTFILE, authorities)
        connection.set_option(ldap.OPT_X_TLS_NEWCTX, 0)  # the last: it takes over the others
        if table.get("starttls"):
            connection.start_tls_s()
        if login := table.get("login"):
            connection.simple_bind_s(login, read_secret(table["password_file"]))


def _values(entries: list[Any], attribute: str) -> Iterator[bytes]:
    """Of all entries; a referral has no name."""
    for name, attributes in entries:
        for found, values in attributes.items() if name is not None else ():
            if found.lower() == attribute.lower():
                yield from values


def _words(error: ldap.LDAPError) -> str:
    """What python-ldap says is a table, or nothing."""
    if isinstance(error, ldap.TIMEOUT):
        return "no answer in time"
    said = error.args[0] if error.args and isinstance(error.args[0], dict) else {}
    words = [str(said[key]) for key in ("desc", "info") if said.get(key)]
    return ": ".join(words) or type(error).__name__
