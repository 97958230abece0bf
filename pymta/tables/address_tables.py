"""All tables that say where addresses of ours lead."""

from __future__ import annotations

from collections.abc import Callable

from pymta.dataclass import dataclass
from pymta.tables.table import NO_TABLE, Found, Table, Unsure

OpenTable = Callable[[str], Table]  # by its name, as `pymta.config.table_name` has it
ReadList = Callable[[str], Found | Unsure]
Secrets = Callable[[], tuple[bytes, ...] | Unsure]  # the first signs


def no_list(path: str) -> Unsure:
    """Where nothing may be included."""
    return Unsure(f"{path} cannot be read: nothing is included here")


def no_table(name: str) -> Table:
    """Where nobody opens any."""
    raise ValueError(f"{name} cannot be opened here")


@dataclass(frozen=True, slots=True)
class AddressTables:
    """`aliases` are keyed by local part, the others by address or ``@domain``.  `read_list` reads
    what an :include: names.  `canonical` and those for one side say what addresses are called;
    `srs_secrets` are those of `pymta.mail.srs`.  `named` opens a table that smarthosts name.
    """

    aliases: Table = NO_TABLE
    virtual_aliases: Table = NO_TABLE
    virtual_mailboxes: Table = NO_TABLE
    relay_recipients: Table = NO_TABLE
    canonical: Table = NO_TABLE
    sender_canonical: Table = NO_TABLE
    recipient_canonical: Table = NO_TABLE
    read_list: ReadList = no_list
    srs_secrets: Secrets = tuple
    named: OpenTable = no_table


NO_TABLES = AddressTables()
