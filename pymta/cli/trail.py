"""`pymta trail`: the whole story of a message, from its arrival to its end, with its reports.

Touches: click, disk, processes, environment.
"""

from __future__ import annotations

import json
import os
import re
import time
from pathlib import Path

import click

from pymta.cli.command_error import CommandError
from pymta.cli.identity import become_owner, may_become_owner
from pymta.cli.log_records import Journal, LogFiles, Records, with_rotated
from pymta.cli.options import PATH, state_option
from pymta.cli.places import daemon_places
from pymta.cli.reasons import of_message
from pymta.cli.served import served_settings, settings_for_others
from pymta.cli.story import Story, as_plain, gather, in_order, told
from pymta.config.duration import parse_duration
from pymta.config.launch import MAIN_LOG
from pymta.config.settings import Settings
from pymta.journal.local_time import stamp
from pymta.mail.message_id import is_id
from pymta.spool.files import FileSpool
from pymta.spool.store import SpoolError

NOT_FOUND = 1
_MOMENT = re.compile(r"\d{4}-\d\d-\d\d(?: \d\d:\d\d(?::\d\d)?)?", re.ASCII)


@click.command()
@state_option
@click.option("--since", metavar="TIME", default="", help="Only from then on: 2d, or 2026-11-27.")
@click.option(
    "--limit", type=click.IntRange(1), default=20, show_default=True, help="So many, the latest."
)
@click.option(
    "--file",
    "files",
    type=PATH,
    multiple=True,
    help="Look in this log file and those rotated from it, not where the settings say.",
)
@click.option("--journal", is_flag=True, default=False, help="Look in the journal.")
@click.option("--json", "in_json", is_flag=True, default=False, help="As JSON, for programs.")
@click.argument("keys", metavar="ID|ADDRESS|MESSAGE-ID...", nargs=-1, required=True)
def trail(
    state: Path | None,
    *,
    since: str,
    limit: int,
    files: tuple[Path, ...],
    journal: bool,
    in_json: bool,
    keys: tuple[str, ...],
) -> int:
    """Tell all that the log has of a message.

    Of an address all messages from or for it are told, of a Message-ID, in angle brackets or not,
    those that have it.  Reports about a message follow it.  Exit code 1: nothing was found.
    """
    where = str(state.absolute() if state else daemon_places(os.environ).state)
    start = _since(since)
    records = _records(where, files, start, in_journal=journal)
    ids: dict[str, None] = {}
    for key in keys:
        ids |= dict.fromkeys(_messages(records, key))
    latest = sorted(ids)[-limit:]  # ids sort by time
    stories = in_order(gather(records.lines(latest), latest).values())
    now = _standings(where, stories)
    if in_json:
        found = [as_plain(story) | {"now": now.get(story.id, "")} for story in stories]
        click.echo(json.dumps(found, indent=1))
    else:
        _print(stories, now, left_out=len(ids) - len(latest))
    if not stories:
        click.echo(f"pymta: nothing found in {records.where}", err=True)
        return NOT_FOUND
    return os.EX_OK


def _print(stories: list[Story], now: dict[str, str], left_out: int) -> None:
    if left_out:
        more = "1 older message" if left_out == 1 else f"{left_out} older messages"
        click.echo(f"pymta: {more} left out; --limit takes more", err=True)
    for number, story in enumerate(stories):
        if number:
            click.echo()
        for line in told(story):
            click.echo(line)
        if story.id in now:
            click.echo(f"{'now':19} {story.id} {now[story.id]}")


def _messages(records: Records, key: str) -> list[str]:
    if is_id(key):
        return [key]
    bare = key.removeprefix("<").removesuffix(">")
    found = [] if bare != key else list(records.of_address(key))
    return found or list(records.of_message_id(bare))


def _records(state: str, files: tuple[Path, ...], since: str, *, in_journal: bool) -> Records:
    """Where the settings in force say that the log is."""
    if files:
        return LogFiles([one for file in files for one in with_rotated(file)], since)
    if in_journal:
        return Journal(since)
    try:
        may = may_become_owner(state)
    except CommandError:  # no daemon has run here
        return Journal(since)
    settings = served_settings(state) if may else settings_for_others(state)
    paths = _paths(settings, state)
    return LogFiles(paths, since) if paths else Journal(since)


def _paths(settings: Settings, state: str) -> list[Path]:
    """No path: the journal has it."""
    if path := settings.journal.log_path:
        return with_rotated(Path(path.replace("%s", "main")))
    own = Path(state, MAIN_LOG)
    return with_rotated(own) if own.exists() else []


def _standings(state: str, stories: list[Story]) -> dict[str, str]:
    """How those stand that are still in the queue, for whoever may look."""
    try:
        if not may_become_owner(state):
            return {}
        become_owner(state)
        spool = FileSpool(Path(state, "spool"))
        found = {}
        for story in stories:
            message = spool.peek(story.id)
            if message:
                reasons = of_message(message, time.time(), is_busy=False)
                found[story.id] = "; ".join(
                    one.text + (f", not before {stamp(one.until)}" if one.until else "")
                    for one in reasons
                )
    except (CommandError, SpoolError):
        return {}
    return found


def _since(text: str) -> str:
    """As the log writes times.  Raises CommandError."""
    if not text or _MOMENT.fullmatch(text):
        return text
    try:
        seconds = parse_duration(text)
    except ValueError:
        raise click.UsageError(
            f'--since {text}: want a time such as "2d", "2026-11-27" or "2026-11-27 06:00"'
        ) from None
    return stamp(time.time() - seconds)
