"""`pymta retry`: what is remembered of hosts that failed, and which rules are for whom.

Touches: click, disk, environment.
"""

from __future__ import annotations

import json
import os
import time
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import click

from pymta.cli.command_error import CommandError
from pymta.cli.explanation import hint_lines, plain_hint
from pymta.cli.identity import become_owner
from pymta.cli.lazy import LazyGroup
from pymta.cli.options import state_option
from pymta.cli.places import daemon_places
from pymta.cli.served import served_settings
from pymta.config.duration import format_duration
from pymta.hints.sqlite import SqliteHints
from pymta.hints.store import HostHint
from pymta.journal.local_time import stamp
from pymta.mail.address import BadPath, parse_mailbox
from pymta.mail.trouble import STAGES, WORDS, Trouble
from pymta.retry.rules import parse_retry
from pymta.retry.schedule import Schedule

MOST_SHOWN = 50  # attempts of a schedule
NONE_FOUND = 1

COMMANDS = {
    "list": "pymta.cli.retry:list_",
    "reset": "pymta.cli.retry:reset",
    "test": "pymta.cli.retry:test",
}


@click.group(cls=LazyGroup, lazy=COMMANDS)
@state_option
@click.pass_context
def retry(ctx: click.Context, state: Path | None) -> None:
    """Look at hosts that failed, try retry rules out."""
    ctx.obj = str(state.absolute() if state else daemon_places(os.environ).state)


@click.command(name="list")
@click.option("--json", "in_json", is_flag=True, default=False, help="As JSON, for programs.")
@click.argument("texts", metavar="[TEXT]...", nargs=-1)
@click.pass_obj
def list_(state: str, *, in_json: bool, texts: tuple[str, ...]) -> None:
    """List hosts that could not be reached, the one that is asked next first.

    With texts only hosts with one of them in their name or address.
    """
    become_owner(state)
    now = time.time()
    found = _fitting(state, texts)
    if in_json:
        click.echo(json.dumps([{"host": h.host} | plain_hint(h) for h in found], indent=1))
        return
    for hint in found:
        click.echo(hint.host)
        until = hint.next_try if hint.next_try > now else 0.0
        for line in hint_lines(hint, until, stamp):
            click.echo(f"    {line}")


@click.command()
@click.option("--all", "takes_all", is_flag=True, default=False, help="Every host.")
@click.argument("texts", metavar="[TEXT]...", nargs=-1)
@click.pass_obj
def reset(state: str, *, takes_all: bool, texts: tuple[str, ...]) -> int:
    """Forget that hosts have failed, so that they are asked again at once.

    Hosts with one of the texts in their name or address.  Messages keep the times of their next
    attempts: `pymta queue run --force` tries them now.  Exit code 1: there was none.
    """
    if bool(texts) == takes_all:
        raise CommandError("want texts of hosts, or --all", os.EX_USAGE)
    become_owner(state)
    found = _fitting(state, texts)
    with closing(_hints(state)) as hints:
        for hint in found:
            hints.forget(hint.host)
            click.echo(hint.host)
    return os.EX_OK if found else NONE_FOUND


@click.command()
@click.option("--sender", metavar="ADDRESS", default="", help="From whom  [default: bounces]")
@click.option("--cause", metavar="WORD", default="", help="What went wrong, such as refused.")
@click.argument("address")
@click.pass_obj
def test(state: str, *, sender: str, cause: str, address: str) -> None:
    """Say which retry rule is for ADDRESS, and when it would be tried.

    ADDRESS is of a recipient, or a domain.  The times count from the first failure, if each try
    fails right when it is due.
    """
    if "@" in address and isinstance(parse_mailbox(address), BadPath):
        raise CommandError(f"{address!r} is no address", os.EX_DATAERR)
    _check_cause(cause)
    become_owner(state)
    settings = served_settings(state)
    rules = parse_retry(settings.queue.retry_rules, settings.queue.retry)
    recipient = address if "@" in address else f"@{address}"
    found = rules.find(Trouble(cause, recipient, sender))
    click.echo(f"rule: {found.words}")
    tries = list(attempts(found.schedule))
    for number, seconds in enumerate(tries[:MOST_SHOWN], 2):
        click.echo(f"try {number:3d} after {format_duration(round(seconds))}")
    if len(tries) > MOST_SHOWN:
        click.echo(f"… {len(tries) - MOST_SHOWN} more …")
    last = format_duration(round(tries[-1])) if tries else "the first failure"
    click.echo(f"given up after {last}")


def attempts(schedule: Schedule) -> Iterator[float]:
    """Seconds after the first failure of each try, when all of them fail at once."""
    first = last = now = 0.0
    while (again := schedule.next_try(first, last, now)) is not None:
        last, now = now, again
        yield now


def _hints(state: str) -> SqliteHints:
    return SqliteHints(Path(state, "hints", "hints.sqlite"))


def _fitting(state: str, texts: tuple[str, ...]) -> list[HostHint]:
    """Nothing is made where there are no hints."""
    wanted = [text.lower() for text in texts]
    with closing(_hints(state)) as hints:
        found = hints.all() if hints.exists else []
    fitting = (h for h in found if not wanted or any(text in h.host.lower() for text in wanted))
    return sorted(fitting, key=lambda hint: (hint.next_try, hint.host))


def _check_cause(cause: str) -> None:
    is_reply = cause.partition("_")[0] in STAGES
    if cause and cause not in WORDS and not is_reply:
        known = ", ".join(WORDS)
        raise CommandError(f"--cause {cause}: want {known}, or rcpt_451 and the like", os.EX_USAGE)
