"""All tables that say where addresses of ours lead."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from pymta.tables.table import NO_TABLE, Found, Table, Unsure

ReadList = Callable[[str], Found | Unsure]
Secrets = Callable[[], tuple[bytes, ...] | Unsure]  # the first signs


def no_list(path: str) -> Unsure:
    """Where nothing may be included."""
    return Unsure(f"{path} cannot be read: nothing is included here")


@dataclass(frozen=True, slots=True)
class AddressTables:
    """`aliases` are keyed by local part, the others by address or ``@domain``.  `read_list` reads
    what an :include: names.  `canonical` and those for one side say what addresses are called;
    `srs_secrets` are those of `pymta.mail.srs`.
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


NO_TABLES = AddressTables()
