"""`pymta queue`: look at the queue, start a run over it, take messages out.

Every command here becomes the owner of the state directory before it touches anything.

Touches: click, disk, clock.
"""

from __future__ import annotations

import heapq
import json
import os
import time
from collections.abc import Iterator, Sequence
from operator import attrgetter
from pathlib import Path

import click

from pymta.cli.command_error import CommandError
from pymta.cli.identity import become_owner, login_name
from pymta.cli.lazy import LazyGroup
from pymta.cli.listing import as_plain, listed, shown
from pymta.cli.options import queue_option, state_option
from pymta.cli.places import daemon_places
from pymta.cli.served import served_settings
from pymta.journal.delivery_events import completed
from pymta.journal.hand_events import removed
from pymta.journal.log import Log, open_hand_log
from pymta.mail.envelope import Envelope
from pymta.mail.message_id import is_id
from pymta.spool.files import FileSpool
from pymta.spool.store import Message, Spool, SpoolError

LONGEST_HEADER = 1 << 20  # bytes that `show` prints at most

COMMANDS = {
    "list": "pymta.cli.queue:list_",
    "show": "pymta.cli.queue:show",
    "run": "pymta.cli.queue_run:run",
    "remove": "pymta.cli.queue:remove",
}


@click.group(cls=LazyGroup, lazy=COMMANDS)
@state_option
@click.pass_context
def queue(ctx: click.Context, state: Path | None) -> None:
    """Look at the queue, deliver what is due, remove messages."""
    ctx.obj = str(state.absolute() if state else daemon_places(os.environ).state)


@click.command(name="list")
@queue_option
@click.option("--json", "in_json", is_flag=True, default=False, help="As JSON, for programs.")
@click.pass_obj
def list_(state: str, queue: str | None, in_json: bool) -> None:
    """List waiting messages of all queues, the oldest first.

    Age, size, message id and sender of each, and Q= where it is in a named queue; then its
    recipients: D before one that is settled.
    """
    become_owner(state)
    spool = _spool(state)
    messages = _messages(spool, spool.queues() if queue is None else (queue,))
    if in_json:
        _print_json(messages)
        return
    now = time.time()
    for message in messages:
        click.echo(listed(message, now))


@click.command()
@queue_option
@click.argument("id")
@click.pass_obj
def show(state: str, queue: str | None, id: str) -> None:
    """Show one message: envelope, state, history and header."""
    _check_ids((id,))
    become_owner(state)
    spool = _spool(state)
    message = spool.peek(id)
    if message is None or not _is_in(message.envelope, queue):
        raise _no_such(id, queue)
    for line in shown(message, _header(spool, id), time.time(), _stamp):
        click.echo(line)


@click.command()
@queue_option
@click.argument("ids", metavar="ID...", nargs=-1, required=True)
@click.pass_obj
def remove(state: str, queue: str | None, ids: tuple[str, ...]) -> None:
    """Remove messages, undelivered; the sender is not told."""
    _check_ids(ids)
    user = login_name() or str(os.getuid())  # who typed it, before we become the owner
    become_owner(state)
    log = open_hand_log(served_settings(state))
    try:
        spool = _spool(state, log)
        told = (_remove(spool, log, id, user=user, queue=queue) for id in ids)
        failures = [failure for failure in told if failure]
    finally:
        log.close()
    if failures:
        text = "\n".join(str(failure) for failure in failures)
        raise CommandError(text, max(failure.status for failure in failures))


def _remove(
    spool: Spool, log: Log, id: str, *, user: str, queue: str | None
) -> CommandError | None:
    claim = spool.claim(id)
    if claim is None:
        if spool.holds(id):
            return CommandError(f"{id}: another process is handling it, try again", os.EX_TEMPFAIL)
        return _no_such(id, queue)
    if not _is_in(claim.envelope, queue):
        claim.release()
        return _no_such(id, queue)
    claim.finish()
    log.write(removed(id, claim.envelope.sender, user))
    waited = time.time() - claim.envelope.received_at
    log.write(completed(id, claim.envelope.sender, waited))
    return None


def _is_in(envelope: Envelope, queue: str | None) -> bool:
    return queue is None or envelope.queue_name == queue


def _no_such(id: str, queue: str | None) -> CommandError:
    where = f"queue {queue}" if queue else "the queue"
    return CommandError(f"{id}: no such message in {where}", os.EX_NOINPUT)


def _check_ids(ids: tuple[str, ...]) -> None:
    for id in ids:
        if not is_id(id):
            raise CommandError(f"{id!r} is not a message id", os.EX_DATAERR)


def _spool(state: str, log: Log | None = None) -> FileSpool:
    directory = Path(state, "spool")
    return FileSpool(directory, tell=log.write) if log else FileSpool(directory)


def _messages(spool: Spool, queues: Sequence[str]) -> Iterator[Message]:
    """One that is damaged is told on standard error; it must not hide those after it."""
    by_arrival = heapq.merge(*map(spool.waiting, queues), key=attrgetter("id"))
    for waiting in by_arrival:
        try:
            message = spool.peek(waiting.id)
        except SpoolError as error:
            click.echo(f"pymta: {error.strerror}", err=True)
            continue
        if message:  # it may have been delivered since
            yield message


def _print_json(messages: Iterator[Message]) -> None:
    """An array, a message per line, never all of them in memory."""
    before = "["
    for message in messages:
        click.echo(f"{before}\n{json.dumps(as_plain(message))}", nl=False)
        before = ","
    click.echo("[]" if before == "[" else "\n]")


def _header(spool: Spool, id: str) -> bytes | None:
    """The header of the message with what we put on top; None when it is being delivered.

    Reading needs the claim, since only its holder knows that the file stays.
    """
    claim = spool.claim(id)
    if claim is None:
        return None
    try:
        top = "".join(claim.seal.on_top).encode("utf-8", "surrogateescape")
        received = b""
        for block in claim.blocks():
            received += block
            if b"\r\n\r\n" in received or len(received) > LONGEST_HEADER:
                break
    finally:
        claim.release()
    own = b"" if received.startswith(b"\r\n") else received.partition(b"\r\n\r\n")[0]
    return (top + own)[:LONGEST_HEADER].removesuffix(b"\r\n")


def _stamp(seconds: float) -> str:
    return time.strftime("%Y-%m-%d %H:%M:%S", time.localtime(seconds))
