"""`pymta queue run`: one pass over what is due, typed by hand or started by the timer's unit.

Touches: click, environment.
"""

from __future__ import annotations

import os

import click

from pymta.channel.selection import Selection
from pymta.cli import typed
from pymta.cli.command_error import CommandError
from pymta.cli.identity import become_owner, may_become_owner
from pymta.cli.served import served_settings
from pymta.cli.via_daemon import run_via_daemon
from pymta.journal.log import is_journal_stream, open_hand_log
from pymta.mail.message_id import is_id
from pymta.queue.main import main


@click.command()
@click.option("--force", is_flag=True, default=False, help="Whatever the retry times say.")
@click.argument("ids", metavar="[ID]...", nargs=-1)
@click.pass_obj
def run(state: str, force: bool, ids: tuple[str, ...]) -> int:
    """Deliver what is due now, or the messages named.

    Log lines go where the daemon's go, and to this terminal.
    """
    for id in ids:
        if not is_id(id):
            raise CommandError(f"{id!r} is not a message id", os.EX_DATAERR)
    if not may_become_owner(state):
        click.echo(run_via_daemon(state, Selection(force=force, thaw=force, ids=ids)))
        return os.EX_OK
    become_owner(state)
    settings = served_settings(state)
    log = open_hand_log(settings)
    log.write(typed.event())
    # A unit has its standard error in the journal; a person has not.
    by = "timer" if is_journal_stream(2, os.environ) else "hand"
    return main(settings, log, Selection(force=force, thaw=force, ids=ids, by=by))
