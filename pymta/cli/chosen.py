"""Options by which messages are chosen, and the messages that they choose.

Touches: click, disk, clock.
"""

from __future__ import annotations

import functools
import heapq
import os
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from itertools import repeat
from operator import attrgetter
from typing import Any

import click

from pymta.cli.command_error import CommandError
from pymta.cli.message_filter import (
    Bound,
    Filter,
    check_pattern,
    fits,
    fits_at_a_glance,
    parse_age,
    parse_bytes,
)
from pymta.cli.options import Command, queue_option
from pymta.mail.message_id import is_id
from pymta.spool.store import Glance, Message, Spool, SpoolError, glance_of


def _bound(parse: Callable[[str], Bound]) -> Callable[..., Bound | None]:
    def read(ctx: click.Context, param: click.Parameter, text: str | None) -> Bound | None:
        try:
            return None if text is None else parse(text)
        except ValueError as error:
            raise click.BadParameter(str(error), ctx, param) from error

    return read


HOST, AGE, SIZE, FROZEN = (
    click.option("--host", metavar="TEXT", default="", help="Put off last by such a host."),
    click.option(
        "--age",
        metavar="TIME",
        default=None,
        callback=_bound(parse_age),
        help='So old, such as 2d, or older; "<1h" is younger.',
    ),
    click.option(
        "--size",
        metavar="BYTES",
        default=None,
        callback=_bound(parse_bytes),
        help='So large, such as 10M, or larger; "<4K" is smaller.',
    ),
    click.option("--frozen", is_flag=True, default=False, help="Frozen ones."),
)
_OPTIONS = (
    queue_option,
    click.option("--sender", metavar="TEXT", default="", help="From such addresses; <>: bounces."),
    click.option("--recipient", metavar="TEXT", default="", help="Waiting for such addresses."),
    click.option(
        "--regex",
        is_flag=True,
        default=False,
        help="These texts are patterns (regular expressions).",
    ),
    click.option("--domain", metavar="DOMAIN", default="", help="Waiting for this very domain."),
    HOST,
    AGE,
    SIZE,
    FROZEN,
    click.option("--held", is_flag=True, default=False, help="Those that somebody holds."),
)


def chosen(command: Command) -> Command:
    """The options of a filter; the command gets `which`."""

    @functools.wraps(command)
    def with_filter(
        *args: Any,
        queue: str | None,
        sender: str,
        recipient: str,
        regex: bool,
        domain: str,
        host: str,
        age: Bound | None,
        size: Bound | None,
        frozen: bool,
        held: bool,
        **more: Any,
    ) -> Any:
        which = Filter(
            sender, recipient, regex, domain, host, age, size, frozen, held=held, queue=queue
        )
        if which.are_patterns:
            check_patterns(which.sender, which.recipient)
        return command(*args, which=which, **more)

    made = with_filter
    for option in reversed(_OPTIONS):
        made = option(made)
    return made


def messages(spool: Spool, which: Filter, ids: Iterable[str] = ()) -> Iterator[Message]:
    """Those that fit, of the whole queue by arrival, or of the ids.

    One that is damaged is told on standard error; it must not hide those after it.
    """
    is_meant = fits(which)
    now = time.time()
    for id in ids or _worth_reading(spool, which, now):
        try:
            message = spool.peek(id)
        except SpoolError as error:
            _tell(error)
            continue
        if message and is_meant(message, now):  # it may have been delivered since
            yield message


def glances(spool: Spool, which: Filter) -> Iterator[Glance]:
    """The same of the whole queue, as far as a listing shows it; for less."""
    if which.host:  # what hosts said is in no glance
        yield from map(glance_of, messages(spool, which))
        return
    found = _glances(spool, which)
    if which.takes_all:
        yield from found
        return
    may_fit, now = fits_at_a_glance(which), time.time()
    yield from (one for one in found if may_fit(one, now))


def waiting_ids(spool: Spool, which: Filter) -> Iterator[str]:
    return (id for id, _ in listing(spool, which))


def _worth_reading(spool: Spool, which: Filter, now: float) -> Iterator[str]:
    """Those that a glance does not rule out."""
    if which.takes_all:
        return waiting_ids(spool, which)
    may_fit = fits_at_a_glance(which)
    return (found.id for found in _glances(spool, which) if may_fit(found, now))


def _glances(spool: Spool, which: Filter) -> Iterator[Glance]:
    found = (spool.glances(queue, _tell) for queue in _queues(spool, which))
    return heapq.merge(*found, key=attrgetter("id"))


def listing(spool: Spool, which: Filter) -> Iterator[tuple[str, str]]:
    """Each id with its queue, in the order of arrival."""
    queues = _queues(spool, which)
    return heapq.merge(*(zip(spool.ids(queue), repeat(queue)) for queue in queues))


def _queues(spool: Spool, which: Filter) -> tuple[str, ...]:
    return spool.queues() if which.queue is None else (which.queue,)


def _tell(error: SpoolError) -> None:
    click.echo(f"pymta: {error.strerror}", err=True)


def check_ids(ids: Sequence[str]) -> None:
    for id in ids:
        if not is_id(id):
            raise CommandError(f"{id!r} is not a message id", os.EX_DATAERR)


def check_patterns(*texts: str) -> None:
    for text in texts:
        try:
            check_pattern(text)
        except ValueError as error:
            raise CommandError(str(error), os.EX_USAGE) from None
