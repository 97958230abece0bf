"""`pymta simulate`: what would become of the queue if a host were down for so long.

Touches: click, disk, sockets, clock.
"""

from __future__ import annotations

import json
import os
import time
from collections import Counter
from itertools import islice
from pathlib import Path

import click

from pymta.cli.chosen import messages
from pymta.cli.identity import become_owner
from pymta.cli.message_filter import Filter
from pymta.cli.options import state_option
from pymta.cli.places import daemon_places
from pymta.cli.quiet import QUIET
from pymta.cli.served import served_settings
from pymta.config.duration import format_duration, parse_duration
from pymta.delivery.real_world import world_as_it_is
from pymta.journal.event import Kind
from pymta.journal.line import printable
from pymta.journal.local_time import stamp
from pymta.simulation.outage import Outage
from pymta.simulation.play import Happened, Play
from pymta.spool.files import FileSpool

MOST = 10_000  # messages that are played, the oldest
USUAL_INTERVAL = 900  # seconds between runs of pymta-queue.timer


class Duration(click.ParamType):  # type: ignore[type-arg]  # older ones have none
    """A time such as 3d."""

    name = "time"

    def convert(
        self, value: object, param: click.Parameter | None, ctx: click.Context | None
    ) -> int:
        if isinstance(value, int):
            return value
        try:
            return parse_duration(str(value))
        except ValueError as error:
            self.fail(str(error), param, ctx)


@click.command()
@click.option(
    "--outage", "names", multiple=True, metavar="NAME", help="A domain or host that is down."
)
@click.option("--for", "length", type=Duration(), default="3d", help="For how long (3d).")
@click.option("--at", "delay", type=Duration(), default="0s", help="Begin so long from now.")
@click.option("--every", type=Duration(), default=None, help="Time between two queue runs.")
@click.option("--summary", is_flag=True, default=False, help="Only how it ends.")
@click.option("--json", "in_json", is_flag=True, default=False, help="As JSON, a line for each.")
@state_option
def simulate(
    *,
    names: tuple[str, ...],
    length: int,
    delay: int,
    every: int | None,
    summary: bool,
    in_json: bool,
    state: Path | None,
) -> int:
    """Play the queue through an outage, sending nothing.

    Prints when what would be tried, returned, delivered, as the log would have it.  Rules, routes
    and what is remembered of hosts are those of now.  Hosts that are not named take everything;
    nothing is sent or changed.
    """
    directory = str(state.absolute() if state else daemon_places(os.environ).state)
    become_owner(directory)
    settings = served_settings(directory)
    now = time.time()
    spool = Path(directory, "spool")  # one that is not there is not to be made
    waiting = list(islice(messages(FileSpool(spool), Filter()), MOST)) if spool.exists() else []
    outages = [Outage(name, now + delay, now + delay + length) for name in names]
    interval = every or settings.queue.queue_run_interval or USUAL_INTERVAL
    world = world_as_it_is(settings, QUIET)
    play = Play(world, waiting, outages, start=now, interval=max(1, interval))
    counts: Counter[Kind] = Counter()
    last = now
    for happened in play.play(now + delay + length + 30 * 86_400):
        counts[happened.event.kind] += 1
        last = happened.at
        if not summary:
            click.echo(_as_json(happened) if in_json else _line(happened, now))
    if not in_json:
        _sum_up(len(waiting), counts, len(play.spool.kept), last - now)
    return os.EX_OK


def _line(happened: Happened, start: float) -> str:
    event = happened.event
    since = f"+{format_duration(happened.at - start)}"
    return f"{stamp(happened.at)} {since:>10} {event.queue_id} {printable(event.text)}"


def _as_json(happened: Happened) -> str:
    event = happened.event
    return json.dumps(
        {
            "at": happened.at,
            "id": event.queue_id,
            "kind": event.kind.name.lower(),
            "text": event.text,
            "fields": dict(event.fields),
        }
    )


def _sum_up(messages: int, counts: Counter[Kind], left: int, took: float) -> None:
    parts = (
        (counts[Kind.DELIVERED], "deliveries"),
        (counts[Kind.DEFERRED], "tries put off"),
        (counts[Kind.FAILED], "recipients given up"),
        (counts[Kind.BOUNCED], "reports"),
    )
    told = ", ".join(f"{count} {what}" for count, what in parts)
    click.echo(f"{messages} messages: {told}; {left} still there after {format_duration(took)}")
