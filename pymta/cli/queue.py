"""`pymta queue`: look at the queue; what changes it is in modules of its own.

Every command becomes the owner of the state directory before it touches anything.

Touches: click, disk, clock.
"""

from __future__ import annotations

import json
import os
import sys
import time
from collections.abc import Iterator
from itertools import chain
from pathlib import Path

import click

from pymta.cli.chosen import check_ids, chosen, glances, messages
from pymta.cli.command_error import CommandError
from pymta.cli.identity import become_owner
from pymta.cli.lazy import LazyGroup
from pymta.cli.listing import as_plain, listed, shown
from pymta.cli.message_filter import Filter
from pymta.cli.options import queue_option, state_option
from pymta.cli.places import daemon_places
from pymta.journal.local_time import stamp
from pymta.mail.edits import edited
from pymta.mail.envelope import Envelope
from pymta.report.headers import header_of
from pymta.spool.files import FileSpool
from pymta.spool.store import Message, glance_of

LONGEST_HEADER = 1 << 20  # bytes that `show` prints at most

COMMANDS = {
    "list": "pymta.cli.queue:list_",
    "show": "pymta.cli.queue:show",
    "why": "pymta.cli.queue_why:why",
    "run": "pymta.cli.queue_run:run",
    **{
        name: f"pymta.cli.queue_orders:{name.replace('-', '_')}"
        for name in (
            "hold",
            "release",
            "freeze",
            "thaw",
            "remove",
            "bounce",
            "expire",
            "reroute",
            "edit-recipients",
        )
    },
}


@click.group(cls=LazyGroup, lazy=COMMANDS)
@state_option
@click.pass_context
def queue(ctx: click.Context, state: Path | None) -> None:
    """Look at the queue, deliver what is due, change what waits."""
    ctx.obj = str(state.absolute() if state else daemon_places(os.environ).state)


@click.command(name="list")
@chosen
@click.option("--json", "in_json", is_flag=True, default=False, help="As JSON, for programs.")
@click.argument("ids", metavar="[ID]...", nargs=-1)
@click.pass_obj
def list_(state: str, *, which: Filter, in_json: bool, ids: tuple[str, ...]) -> None:
    """List waiting messages of all queues, the oldest first.

    Age, size, message id and sender of each, and Q= where it is in a named queue; then its
    recipients: D before one that is settled.
    """
    check_ids(ids)
    become_owner(state)
    spool = _spool(state)
    if in_json:
        _print_json(messages(spool, which, ids))
        return
    now = time.time()
    found = map(glance_of, messages(spool, which, ids)) if ids else glances(spool, which)
    for message in found:
        sys.stdout.write(listed(message, now) + "\n")


@click.command()
@queue_option
@click.argument("id")
@click.pass_obj
def show(state: str, queue: str | None, id: str) -> None:
    """Show one message: envelope, state, history and header."""
    check_ids((id,))
    become_owner(state)
    spool = _spool(state)
    message = spool.peek(id)
    if message is None or not _is_in(message.envelope, queue):
        where = f"queue {queue}" if queue else "the queue"
        raise CommandError(f"{id}: no such message in {where}", os.EX_NOINPUT)
    for line in shown(message, _header(spool, id), time.time(), stamp):
        click.echo(line)


def _is_in(envelope: Envelope, queue: str | None) -> bool:
    return queue is None or envelope.queue_name == queue


def _spool(state: str) -> FileSpool:
    return FileSpool(Path(state, "spool"))


def _print_json(messages: Iterator[Message]) -> None:
    """An array, a message per line, never all of them in memory."""
    before = "["
    for message in messages:
        sys.stdout.write(f"{before}\n{json.dumps(as_plain(message))}")
        before = ","
    click.echo("[]" if before == "[" else "\n]")


def _header(spool: FileSpool, id: str) -> bytes | None:
    """The header of the message with what we put on top; None when it has gone meanwhile."""
    with spool.reading(id) as message:
        if message is None:
            return None
        top = "".join(message.seal.on_top).encode("utf-8", "surrogateescape")
        blocks = edited(message.blocks, message.seal.edits)
        return header_of(chain([top], blocks), LONGEST_HEADER).removesuffix(b"\r\n")
