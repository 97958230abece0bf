"""`pymta queue run`: a pass over what is due, typed by hand or started by the timer's unit.

Touches: click, environment, disk.
"""

from __future__ import annotations

import os
import re
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path

import click

from pymta.channel.selection import Selection
from pymta.cli import typed
from pymta.cli.ask_daemon import NoDaemonError
from pymta.cli.chosen import AGE, FROZEN, HOST, SIZE, check_ids, check_patterns, messages
from pymta.cli.command_error import CommandError
from pymta.cli.identity import become_owner, may_become_owner
from pymta.cli.message_filter import Bound, Filter
from pymta.cli.options import check_queue
from pymta.cli.served import served_settings
from pymta.cli.via_daemon import run_via_daemon
from pymta.journal.log import open_hand_log
from pymta.journal.stderr import is_journal_stream
from pymta.mail.envelope import DEFAULT_QUEUE
from pymta.queue.main import main
from pymta.spool.files import FileSpool

NONE_FITS = 1


@click.command()
@click.option(
    "--queue",
    "queues",
    metavar="NAME",
    multiple=True,
    callback=lambda _ctx, _option, names: tuple(map(check_queue, names)),
    help="This queue instead of the default one; may be given again for more.",
)
@click.option("--force", is_flag=True, default=False, help="Whatever the retry times say.")
@click.option(
    "--two-stage", is_flag=True, default=False, help="All local mailboxes before the first host."
)
@click.option("--new", is_flag=True, default=False, help="Only messages that nobody has tried.")
@click.option("--local", is_flag=True, default=False, help="Only mailboxes of ours.")
@click.option(
    "--domain",
    metavar="DOMAIN",
    default="",
    help="Only to this domain, in all queues, and whatever the retry times say.",
)
@click.option("--recipient", metavar="TEXT", default="", help="Only to addresses with this text.")
@click.option("--sender", metavar="TEXT", default="", help="Only from addresses with this text.")
@click.option(
    "--regex", is_flag=True, default=False, help="These texts are regular expressions of Python."
)
@HOST
@AGE
@SIZE
@FROZEN
@click.option(
    "--via-daemon",
    is_flag=True,
    default=False,
    help="Have the daemon do it, counted in queue_run_max; without a daemon do it here.",
)
@click.argument("ids", metavar="[ID]...", nargs=-1)
@click.pass_obj
def run(
    state: str,
    *,
    queues: tuple[str, ...],
    force: bool,
    two_stage: bool,
    new: bool,
    local: bool,
    domain: str,
    recipient: str,
    sender: str,
    regex: bool,
    host: str,
    age: Bound | None,
    size: Bound | None,
    frozen: bool,
    via_daemon: bool,
    ids: tuple[str, ...],
) -> int:
    """Deliver what is due now, or the messages named.

    Log lines go where the daemon's go, and to this terminal.  Exit code 75: not now, since other
    runs are under way.
    """
    if domain:
        if recipient or ids:
            raise CommandError("--domain goes without --recipient and message ids", os.EX_USAGE)
        recipient = at_domain(domain)
    which = Selection(
        force=force or bool(domain),
        thaw=force,
        first_only=new,
        local_only=local,
        two_stage=two_stage,
        ids=ids,
        recipients=recipient,
        recipients_are_pattern=regex or bool(domain),
        senders=sender,
        senders_are_pattern=regex,
        by=_who_asks(os.environ),
    )
    _check(which, via_daemon=via_daemon)
    fitting = Filter(host=host, age=age, size=size, frozen=frozen)
    if not fitting.takes_all:
        if via_daemon:
            raise CommandError("--via-daemon takes no filter", os.EX_USAGE)
        which = _only(which, fitting, state)
        if not which.ids:
            click.echo("pymta: no message fits", err=True)
            return NONE_FITS
    is_ours = may_become_owner(state)
    if via_daemon or not is_ours:
        try:
            _have_daemon_do(which, queues, state)
        except NoDaemonError:
            if not is_ours:
                raise
        else:
            return os.EX_OK
    everywhere = bool(domain) and not queues
    alone = via_daemon or which.by != "hand"
    return _run_here(which, queues, state, alone=alone, everywhere=everywhere)


def _only(which: Selection, fitting: Filter, state: str) -> Selection:
    """Of those that are meant the ones that fit, by their ids."""
    become_owner(state)
    found = messages(FileSpool(Path(state, "spool")), fitting, which.ids)
    return replace(which, ids=tuple(message.id for message in found))


def at_domain(name: str) -> str:
    """The pattern of all addresses there.

    A template unit hands its instance over with each hyphen as a slash, unless whoever started it
    had it escaped (systemd.unit(5)).  No domain has a slash, so both ways are understood.
    """
    return f"@{re.escape(name.replace('/', '-'))}$"


def _who_asks(environ: Mapping[str, str]) -> str:
    """systemd.exec(5): the timer names itself to the unit that it starts.

    A unit has its standard error in the journal; a person has not.
    """
    if not is_journal_stream(2, environ):
        return "hand"
    return "timer" if "TRIGGER_UNIT" in environ else "unit"


def _check(which: Selection, *, via_daemon: bool) -> None:
    check_ids(which.ids)
    texts = (which.recipients, which.senders)
    if via_daemon and any(texts):
        said = "--domain, --recipient or --sender"
        raise CommandError(f"--via-daemon takes no {said}", os.EX_USAGE)
    if which.senders_are_pattern:
        check_patterns(*texts)


def _have_daemon_do(which: Selection, queues: Sequence[str], state: str) -> None:
    """Raises NoDaemonError, or CommandError: not now, or not for us."""
    wanted = (DEFAULT_QUEUE,) if which.ids else queues or (DEFAULT_QUEUE,)
    for queue in wanted:
        click.echo(run_via_daemon(state, replace(which, queue=queue)))


def _run_here(
    which: Selection, queues: Sequence[str], state: str, *, alone: bool, everywhere: bool
) -> int:
    become_owner(state)
    settings = served_settings(state)
    if everywhere:
        queues = FileSpool(Path(state, "spool")).queues()
    by_queue = dict.fromkeys(queues or (DEFAULT_QUEUE,), which.ids)
    if which.ids and not queues:
        by_queue = _queues_of(which.ids, state)
    selections = [replace(which, queue=queue, ids=ids) for queue, ids in by_queue.items()]
    log = open_hand_log(settings)
    log.write(typed.event())
    return main(settings, log, *selections, alone=alone)


def _queues_of(ids: Sequence[str], state: str) -> dict[str, tuple[str, ...]]:
    """The ids by the queues that they are in, those left out that have gone."""
    spool = FileSpool(Path(state, "spool"))
    wanted = frozenset(ids)  # there may be very many
    found = {
        queue: tuple(id for id in spool.ids(queue) if id in wanted) for queue in spool.queues()
    }
    if not any(found.values()):
        raise CommandError(f"{' '.join(ids)}: no such message in any queue", os.EX_NOINPUT)
    return {queue: here for queue, here in found.items() if here}
