"""The tables that settings name, ready to be asked.

Touches: disk.
"""

from __future__ import annotations

from collections.abc import Iterable

from pymta.config.routing import ALIASES, Routing
from pymta.tables.address_tables import AddressTables
from pymta.tables.file import FileTable
from pymta.tables.list_file import read_list
from pymta.tables.table import InOrder


def open_tables(routing: Routing) -> AddressTables:
    """Nothing is read before somebody asks."""
    return AddressTables(
        aliases=_in_order(routing.alias_file),
        virtual_aliases=_in_order(routing.virtual_aliases),
        virtual_mailboxes=_in_order(routing.virtual_mailboxes),
        relay_recipients=_in_order(routing.relay_recipients),
        read_list=read_list,
    )


def _in_order(paths: Iterable[str]) -> InOrder:
    return InOrder(FileTable(path, may_be_missing=path == ALIASES) for path in paths)
