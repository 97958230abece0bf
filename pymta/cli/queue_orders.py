"""`pymta queue hold`, `release`, `freeze`, `thaw`, `remove`, `bounce`, `expire`, `reroute` and
`edit-recipients`: what an operator may do to messages that wait.

Exit codes beside those of `pymta.cli.app`: 1, no message fits the filter.

Touches: click, disk, clock.
"""

from __future__ import annotations

import functools
import json
import os
import sys
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import nullcontext
from pathlib import Path
from typing import Any

import click

from pymta.cli import orders
from pymta.cli.carry_out import Operator, Outcome, Word
from pymta.cli.chosen import check_ids, chosen, listing, waiting_ids
from pymta.cli.command_error import CommandError
from pymta.cli.identity import become_owner, login_name
from pymta.cli.message_filter import Filter, fits, fits_at_a_glance
from pymta.cli.options import Command
from pymta.cli.orders import Edit, Order
from pymta.cli.served import served_settings
from pymta.config.addresses import parse_host
from pymta.dataclass import dataclass
from pymta.journal.log import open_hand_log
from pymta.mail.address import BadPath, parse_mailbox
from pymta.mail.host import SMTP_PORT
from pymta.spool.files import FileSpool
from pymta.spool.store import Message, SpoolError

NONE_FITS = 1
LONG = 200  # messages; from so many on a terminal shows how far it is
_STATUS = {
    Word.DONE: os.EX_OK,
    Word.UNCHANGED: os.EX_OK,
    Word.REFUSED: os.EX_DATAERR,
    Word.GONE: os.EX_NOINPUT,
    Word.FAILED: os.EX_IOERR,
    Word.BUSY: os.EX_TEMPFAIL,
}


@dataclass(frozen=True, slots=True)
class How:
    """`done` is what becomes of a message, for people; `are_named`: by their ids, not a filter."""

    which: Filter
    done: str
    is_dry: bool = False
    in_json: bool = False
    wait: float = 0.0
    are_named: bool = False


_OPTIONS = (
    click.option("--all", "takes_all", is_flag=True, default=False, help="Every message."),
    click.option("--dry-run", is_flag=True, default=False, help="Only say what would be done."),
    click.option("--json", "in_json", is_flag=True, default=False, help="As JSON, for programs."),
    click.option(
        "--wait",
        type=click.FloatRange(0, 3600),
        default=0.0,
        metavar="SECONDS",
        help="How long to wait for each message that is just being delivered.",
    ),
    click.argument("ids", metavar="[ID]...", nargs=-1),
)


def ordering(done: str) -> Callable[[Command], Command]:
    """Ids or a filter, and how to go about it; the command gives the order."""

    def decorate(command: Command) -> Command:
        def ordered(
            state: str,
            *,
            which: Filter,
            takes_all: bool,
            dry_run: bool,
            in_json: bool,
            wait: float,
            ids: tuple[str, ...],
            **more: Any,
        ) -> int:
            check_ids(ids)
            if not (ids or takes_all or not which.takes_all or which.queue is not None):
                text = "want message ids, a filter such as --sender, or --all"
                raise click.UsageError(text)
            how = How(which, done, dry_run, in_json, wait, are_named=bool(ids))
            return _give(state, command(**more), ids, how)

        made: Command = click.pass_obj(functools.wraps(command)(ordered))
        for option in reversed(_OPTIONS):
            made = option(made)
        return chosen(made)

    return decorate


@click.command()
@ordering("held")
def hold() -> Order:
    """Hold messages back: no queue run tries them, not even by force, until they are released."""
    return orders.hold


@click.command()
@ordering("released")
def release() -> Order:
    """Let messages go on that were held back."""
    return orders.release


@click.command()
@ordering("frozen")
def freeze() -> Order:
    """Freeze messages: only a run with force tries them, until they are thawed."""
    return orders.freeze


@click.command()
@ordering("thawed")
def thaw() -> Order:
    """Thaw frozen messages: the next queue run tries them."""
    return orders.thaw


@click.command()
@ordering("removed")
def remove() -> Order:
    """Remove messages, undelivered; the sender is not told."""
    return orders.remove


@click.command()
@click.option("--reason", metavar="TEXT", default="", help="Told to the sender.")
@ordering("given up")
def bounce(reason: str) -> Order:
    """Give messages up, and tell their senders whom they have not reached."""
    return orders.bounce(reason)


@click.command()
@ordering("given up")
def expire() -> Order:
    """The same as if their time in the queue were over."""
    return orders.expire


@click.command()
@click.option(
    "--to",
    metavar="HOST[:PORT]|ADDRESS",
    default="",
    help="A host, or an address that gets them in place of all who wait.",
)
@click.option("--usual", is_flag=True, default=False, help="Undo it: by their usual hosts again.")
@ordering("rerouted")
def reroute(to: str, usual: bool) -> Order:
    """Have messages brought to another host, for everybody who still waits, local or not.

    The order stands until they have left the queue; the host is looked up at each attempt.
    """
    if bool(to) == usual:
        raise CommandError("want one of --to and --usual", os.EX_USAGE)
    if "@" in to:
        return orders.send_all_to(checked_address(to))
    try:
        if to:
            parse_host(to, SMTP_PORT)
    except ValueError as error:
        raise CommandError(f"--to {to}: {error}", os.EX_USAGE) from None
    return orders.reroute(to.lower())


@click.command(name="edit-recipients")
@click.option("--add", metavar="ADDRESS", multiple=True, help="Let him have it, too.")
@click.option(
    "--remove", metavar="ADDRESS", multiple=True, help="Take him out; the sender is not told."
)
@click.option(
    "--replace", metavar="OLD NEW", nargs=2, multiple=True, help="NEW in the place of OLD."
)
@ordering("edited")
def edit_recipients(
    add: tuple[str, ...], remove: tuple[str, ...], replace: tuple[tuple[str, str], ...]
) -> Order:
    """Change who is to have messages, of those who have not got them yet."""
    if not (add or remove or replace):
        raise CommandError("want --add, --remove or --replace", os.EX_USAGE)
    pairs = tuple((old, checked_address(new)) for old, new in replace)
    return orders.edit(Edit(tuple(map(checked_address, add)), remove, pairs))


def checked_address(text: str) -> str:
    """As the operator typed it.  Raises CommandError for what is no address."""
    found = parse_mailbox(text)
    if isinstance(found, BadPath):
        raise CommandError(f"{text!r} is no address: {found.why}", os.EX_DATAERR)
    return text


def give(state: str, order: Order, ids: Sequence[str]) -> Iterator[Outcome]:
    """For a command of the classic line."""
    by = login_name() or str(os.getuid())
    become_owner(state)
    settings = served_settings(state)
    log = open_hand_log(settings, echoes=False)
    try:
        operator = Operator(FileSpool(Path(state, "spool"), tell=log.write), log, settings, by)
        for id in ids:
            yield operator.do(id, order)
        operator.hand_on()
    finally:
        log.close()


def _give(
    state: str,
    order: Order,
    ids: tuple[str, ...],
    how: How,
) -> int:
    by = login_name() or str(os.getuid())  # who typed it, before we become the owner
    become_owner(state)
    settings = served_settings(state)
    look = FileSpool(Path(state, "spool"))
    number = len(ids) or sum(1 for _ in waiting_ids(look, how.which))
    is_long = number >= LONG and sys.stderr.isatty() and not how.in_json
    log = open_hand_log(settings, echoes=not (is_long or how.in_json))
    try:
        spool = FileSpool(Path(state, "spool"), tell=log.write)
        operator = Operator(spool, log, settings, by, wait=how.wait)
        found = ((id, None) for id in ids) if ids else listing(look, how.which)
        bar = click.progressbar(found, length=number, file=sys.stderr) if is_long else None
        with bar or nullcontext(found) as some:
            meant = _worth_reading(some, how.which, look)
            status = _tell(_outcomes(meant, operator, order, how, look), how)
        operator.hand_on()
    finally:
        log.close()
    return status


def _worth_reading(
    found: Iterable[tuple[str, str | None]], which: Filter, look: FileSpool
) -> Iterator[str]:
    """Those that a glance does not rule out; ids that were named have no queue, and all count."""
    may_fit = fits_at_a_glance(which)
    for id, queue in found:
        try:
            one = None if queue is None or which.takes_all else look.glance(id, queue)
        except SpoolError:  # it is told when it is read
            one = None
        if one is None or may_fit(one, time.time()):
            yield id


def _outcomes(
    ids: Iterable[str], operator: Operator, order: Order, how: How, look: FileSpool
) -> Iterator[Outcome]:
    is_meant = fits(how.which)

    def still(message: Message) -> bool:
        return is_meant(message, time.time())

    for id in ids:
        try:
            message = look.peek(id)
        except SpoolError as error:
            yield Outcome(id, Word.FAILED, error.strerror or str(error))
            continue
        if message is None or not still(message):
            outcome = Outcome(id, Word.GONE)
        elif how.is_dry:
            outcome = operator.would_do(message, order)
        else:
            outcome = operator.do(id, order, still)
        if outcome.word is not Word.GONE or how.are_named:
            yield outcome


def _tell(outcomes: Iterable[Outcome], how: How) -> int:
    """The exit status: the worst of all."""
    status, number, before = os.EX_OK, 0, "["
    count = 0
    for outcome in outcomes:
        count += 1
        number += outcome.word is Word.DONE
        status = max(status, _STATUS[outcome.word])
        text = outcome.text or _missing(outcome, how.which)
        if how.in_json:
            found = {"id": outcome.id, "outcome": outcome.word.value, "why": text}
            click.echo(f"{before}\n{json.dumps(found)}", nl=False)
            before = ","
        elif text:
            words = f"the message {text}" if outcome.word is Word.UNCHANGED else text
            click.echo(f"pymta: {outcome.id}: {words}", err=True)
        elif how.is_dry:
            click.echo(outcome.id)
    if how.in_json:
        click.echo("[]" if before == "[" else "\n]")
    else:
        what = "1 message" if number == 1 else f"{number} messages"
        click.echo(f"{what} would be {how.done}" if how.is_dry else f"{what} {how.done}")
    return status if count else NONE_FITS


def _missing(outcome: Outcome, which: Filter) -> str:
    if outcome.word is not Word.GONE:
        return ""
    if which.takes_all:
        return f"no such message in {f'queue {which.queue}' if which.queue else 'the queue'}"
    return "no such message that fits"
