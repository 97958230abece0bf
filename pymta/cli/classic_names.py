"""What addresses are called, on the classic command line (-brw): a line for each place.

The exit status is 0, 1 when nobody can say now, 2 when something is no address.

Touches: disk, sockets.
"""

from __future__ import annotations

import sys

from pymta.cli.classic_addresses import SOME_FAIL, typed
from pymta.cli.explain import SOME_WAIT, settings_here
from pymta.journal.line import printable
from pymta.mail.address import BadPath, Mailbox, parse_mailbox
from pymta.mail.header_addresses import Side
from pymta.routing.rewriting import Names, UnclearNameError
from pymta.tables.opened import open_tables

FIELDS = {
    "sender": Side.SENDER,
    "from": Side.SENDER,
    "to": Side.RECIPIENT,
    "cc": Side.RECIPIENT,
    "bcc": Side.RECIPIENT,
    "reply-to": Side.SENDER,
}


def show(state: str, addresses: tuple[str, ...]) -> int:
    settings = settings_here(state)
    names = Names(settings, open_tables(settings))
    worst = 0
    for address in addresses or typed():
        found = parse_mailbox(address)
        if isinstance(found, BadPath):
            sys.stdout.write(f"{printable(address)}: no address: {found.why}\n")
            worst = SOME_FAIL
            continue
        try:
            called = _called(found, names)
        except UnclearNameError as error:
            sys.stdout.write(f"{printable(address)}: nobody can say now: {printable(str(error))}\n")
            worst = max(worst, SOME_WAIT)
            continue
        for place, name in called.items():
            sys.stdout.write(f"{place:>8}: {printable(str(name))}\n")
    return worst


def _called(mailbox: Mailbox, names: Names) -> dict[str, Mailbox]:
    """Raises UnclearNameError."""
    found = {place: names.in_header(mailbox, side) for place, side in FIELDS.items()}
    return found | {"env-from": names.of_sender(mailbox), "env-to": names.of_recipient(mailbox)}
