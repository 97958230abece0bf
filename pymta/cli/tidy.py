"""`pymta tidy`: clear away what nobody will need again; pymta-tidy.timer starts it once a day.

    spool       what stopped processes left, as `pymta.spool.states` allows
    hints       about hosts that nobody has tried for a month, and policies that have run out
    mailboxes   half-written files in Maildirs that we own
    settings    half-written generations

None of it is in anybody's way, so nothing fails when this is never done; and all of it is safe
beside a daemon and queue runs.  Messages are never touched, not even damaged ones: those are
counted.

Touches: click, disk, clock.
"""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import click

from pymta.cli import typed
from pymta.cli.identity import become_owner
from pymta.cli.options import state_option
from pymta.cli.places import daemon_places
from pymta.cli.served import served_settings
from pymta.config import generation
from pymta.config.generation import current_file
from pymta.hints.clients_sqlite import SqliteClients
from pymta.hints.policies_sqlite import SqlitePolicies
from pymta.hints.sqlite import SqliteHints
from pymta.hints.waits_sqlite import SqliteWaits
from pymta.journal import hand_events
from pymta.journal.log import Log, open_hand_log
from pymta.spool.files import FileSpool
from pymta.transport import mailboxes


@click.command()
@state_option
def tidy(state: Path | None) -> int:
    """Clear away leftovers, and old hints about others.

    A daily timer does it.  Never touches a message.
    """
    directory = state.absolute() if state else Path(daemon_places(os.environ).state)
    become_owner(str(directory))
    log = open_hand_log(served_settings(str(directory)))
    log.write(typed.event())
    try:
        return clear(directory, log, time.time())
    finally:
        log.close()


def clear(directory: Path, log: Log, now: float) -> int:
    """The exit status: 75 when a part could not be looked at; the others are done all the same."""
    spool = FileSpool(directory / "spool", tell=log.write)
    hints = SqliteHints(directory / "hints" / "hints.sqlite")
    clients = SqliteClients(directory / "hints" / "clients.sqlite")
    policies = SqlitePolicies(directory / "hints" / "mta-sts.sqlite")
    waits = SqliteWaits(directory / "hints" / "waits.sqlite")
    counts = SqliteClients(directory / "hints" / "destinations.sqlite")
    databases = (hints, clients, policies, waits, counts)
    parts: dict[str, Callable[[], int]] = {
        "spool": spool.sweep,
        "hints": lambda: sum(database.tidy(now) for database in databases),
        "mailboxes": lambda: mailboxes.tidy(directory / "mail", now),
        "settings": lambda: generation.tidy(current_file(directory), now),
    }
    cleared = dict(_done(parts, log))
    for database in databases:
        database.close()
    if any(cleared.values()):
        log.write(hand_events.tidied(cleared))
    if "spool" in cleared and (damaged := spool.damaged()):
        log.write(hand_events.damaged(damaged, str(directory / "spool/corrupt")))
    spool.close()
    return os.EX_OK if cleared.keys() == parts.keys() else os.EX_TEMPFAIL


def _done(parts: dict[str, Callable[[], int]], log: Log) -> Iterator[tuple[str, int]]:
    for name, part in parts.items():
        try:
            yield name, part()
        except OSError as error:
            log.write(hand_events.untidy(name, error.strerror or str(error)))
