"""The tables that settings name, ready to be asked.

Touches: disk.
"""

from __future__ import annotations

import os
from collections.abc import Iterable
from functools import partial
from pathlib import Path

from pymta.config.routing import ALIASES
from pymta.config.settings import Settings
from pymta.tables.address_tables import AddressTables
from pymta.tables.file import FileTable
from pymta.tables.list_file import read_list
from pymta.tables.table import InOrder


def open_tables(settings: Settings) -> AddressTables:
    """Nothing is read before somebody asks."""
    routing = settings.routing
    return AddressTables(
        aliases=_in_order(routing.alias_file),
        virtual_aliases=_in_order(routing.virtual_aliases),
        virtual_mailboxes=_in_order(routing.virtual_mailboxes),
        relay_recipients=_in_order(routing.relay_recipients),
        read_list=partial(read_list, us=partial(_owner, settings.machine.state_directory)),
    )


def _owner(state_directory: str) -> int:
    """The uid of the daemon, also where somebody else asks what it would do."""
    try:
        return Path(state_directory).stat().st_uid
    except OSError:  # it has not been made
        return os.geteuid()


def _in_order(paths: Iterable[str]) -> InOrder:
    return InOrder(FileTable(path, may_be_missing=path == ALIASES) for path in paths)
