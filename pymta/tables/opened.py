"""The tables that settings name, ready to be asked.

Touches: disk.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Iterator, Mapping
from functools import partial
from pathlib import Path
from typing import Any

from pymta.config.database_drivers import lacking
from pymta.config.databases import LDAP, POSTGRESQL, SQLITE, timeout_of
from pymta.config.own_addresses import TABLES
from pymta.config.rewriting import TABLES as NAMES
from pymta.config.routing import ALIASES
from pymta.config.settings import Settings
from pymta.config.smarthosts import read_smarthosts
from pymta.config.table_name import CIDR, DATABASE, FILE, REGEX, TableName, parse_table_name
from pymta.tables.address_tables import AddressTables
from pymta.tables.file import FileTable
from pymta.tables.keepers import Keepers
from pymta.tables.list_file import read_list
from pymta.tables.question import Lacking
from pymta.tables.srs_secrets import SrsSecrets
from pymta.tables.table import InOrder, Table
from pymta.tables.text import TextTable


def open_tables(settings: Settings, opened: Opened | None = None) -> AddressTables:
    """Nothing is read, and nobody called, before somebody asks."""
    routing, rewriting = settings.routing, settings.rewriting
    opened = opened or Opened(settings)
    for smarthost in read_smarthosts(routing.smarthosts or {}, settings.hostname):
        opened.in_order((*smarthost.senders_in, *smarthost.domains_in))  # loads what they need
    return AddressTables(
        aliases=opened.in_order(routing.alias_file),
        virtual_aliases=opened.in_order(routing.virtual_aliases),
        virtual_mailboxes=opened.in_order(routing.virtual_mailboxes),
        relay_recipients=opened.in_order(routing.relay_recipients),
        canonical=opened.in_order(rewriting.canonical),
        sender_canonical=opened.in_order(rewriting.sender_canonical),
        recipient_canonical=opened.in_order(rewriting.recipient_canonical),
        read_list=partial(read_list, us=keepers_of(settings).us),
        srs_secrets=SrsSecrets(routing.srs_secrets),
        named=opened.table,
    )


class Opened:
    """Each table once, whoever asks it: a process has one connection to a database.

    What a kind of table needs is loaded with the first one of it, before anybody forks.
    """

    def __init__(self, settings: Settings) -> None:
        self._databases = settings.routing.tables or {}
        self._keepers = keepers_of(settings)
        self._open: dict[str, Table] = {}

    def in_order(self, names: Iterable[str]) -> InOrder:
        """`names` are those of a setting."""
        return InOrder(map(self.table, names))

    def table(self, text: str) -> Table:
        """As `pymta.config.table_name` has it.  Raises ValueError."""
        if text not in self._open:
            self._open[text] = self._opened(parse_table_name(text, self._databases))
        return self._open[text]

    def _opened(self, name: TableName) -> Table:
        if name.kind == FILE:
            is_optional = name.name == ALIASES
            keepers = self._keepers
            return FileTable(name.name, TextTable, may_be_missing=is_optional, keepers=keepers)
        if name.kind in _FILES:
            return _FILES[name.kind](name.name, self._keepers)
        return self._database(name.name)

    def _database(self, name: str) -> Table:
        table = self._databases[name]
        if why := lacking(table["type"]):  # it was there when the settings were read
            return Lacking(name, why)
        return _OPEN[table["type"]](name, table, self._keepers)


# Loaded where they are wanted: each of them brings a library.


def _sqlite(name: str, table: Mapping[str, Any], keepers: Keepers) -> Table:
    from pymta.tables.sqlite import SqliteTable  # noqa: PLC0415

    seconds = timeout_of(table, "query_timeout")
    return SqliteTable(name, table["file"], table["query"], seconds, keepers=keepers)


def _postgresql(name: str, table: Mapping[str, Any], _: Keepers) -> Table:
    from pymta.tables.postgresql import PostgresqlTable  # noqa: PLC0415

    return PostgresqlTable(name, table)


def _ldap(name: str, table: Mapping[str, Any], _: Keepers) -> Table:
    from pymta.tables.ldap import LdapTable  # noqa: PLC0415

    return LdapTable(name, table)


_OPEN: Mapping[str, Callable[[str, Mapping[str, Any], Keepers], Table]] = {
    SQLITE: _sqlite,
    POSTGRESQL: _postgresql,
    LDAP: _ldap,
}


def _regex(path: str, keepers: Keepers) -> Table:
    from pymta.tables.regex import RegexTable  # noqa: PLC0415

    return FileTable(path, RegexTable, keepers=keepers)


def _cidr(path: str, keepers: Keepers) -> Table:
    from pymta.tables.cidr import CidrTable  # noqa: PLC0415

    return FileTable(path, CidrTable, keepers=keepers)


_FILES: Mapping[str, Callable[[str, Keepers], Table]] = {REGEX: _regex, CIDR: _cidr}


def keepers_of(settings: Settings) -> Keepers:
    us = partial(_owner, settings.machine.state_directory)
    return Keepers(us, settings.routing.table_owners)


def objections(settings: Settings) -> Iterator[tuple[str, str]]:
    """Files of tables that are not used because of who owns what, each with the reason.

    What is not there, or not to be seen by us, is no matter of owners.
    """
    routing, rewriting = settings.routing, settings.rewriting
    named = [name for option in TABLES for name in getattr(routing, option)]
    named += [name for option in NAMES for name in getattr(rewriting, option)]
    tables = (parse_table_name(name, routing.tables or {}) for name in named)
    keepers = keepers_of(settings)
    for path in dict.fromkeys(table.name for table in tables if table.kind != DATABASE):
        try:
            os.close(keepers.open(path))
        except OSError:
            continue
        except ValueError as error:
            yield path, str(error)


def _owner(state_directory: str) -> int:
    """The uid of the daemon, also where somebody else asks what it would do."""
    try:
        return Path(state_directory).stat().st_uid
    except OSError:  # it has not been made
        return os.geteuid()
