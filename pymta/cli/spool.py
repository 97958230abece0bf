"""`pymta spool`: is everything on disk as it was written, and does this disk keep what it promises?

Touches: click, disk.
"""

from __future__ import annotations

import json
import os
import sys
from contextlib import nullcontext
from pathlib import Path
from typing import Any

import click

from pymta.cli.identity import become_owner
from pymta.cli.lazy import LazyGroup
from pymta.cli.options import state_option
from pymta.cli.places import daemon_places
from pymta.spool.verify import Finding, Verifier

LONG = 1000  # messages from which on a terminal sees a progress bar

COMMANDS = {
    "verify": "pymta.cli.spool:verify",
    "torture": "pymta.cli.spool_torture:torture",
}


@click.group(cls=LazyGroup, lazy=COMMANDS)
@state_option
@click.pass_context
def spool(ctx: click.Context, state: Path | None) -> None:
    """Check the spool, and whether a disk is good for one."""
    ctx.obj = str(state.absolute() if state else daemon_places(os.environ).state)


@click.command()
@click.option("--json", "in_json", is_flag=True, default=False, help="As JSON, for programs.")
@click.pass_obj
def verify(state: str, *, in_json: bool) -> int:
    """Read every message and say what is damaged; nothing is changed.

    Safe beside a serving daemon.  The exit code is 1 when there is damage: a message or a journal
    that is not what was written, a file that others may read or that belongs to somebody else, a
    directory that is missing, a message that was set aside.  What a killed process left, and a
    sweep takes, is a remark.
    """
    become_owner(state)
    top = Path(state, "spool")
    found = Verifier(top)
    try:
        paths = found.messages()
    except FileNotFoundError:
        return _say_none(top, in_json=in_json)
    is_long = len(paths) >= LONG and sys.stderr.isatty() and not in_json
    bar: Any = click.progressbar(length=len(paths), file=sys.stderr) if is_long else None
    with bar or nullcontext():
        if bar:
            found.seen = lambda _path: bar.update(1)
        findings = list(found.findings())
    _say(found, findings, in_json=in_json)
    return 1 if any(finding.is_damage for finding in findings) else os.EX_OK


def _say_none(top: Path, *, in_json: bool) -> int:
    """There was never mail here."""
    if in_json:
        _say(Verifier(top), [], in_json=True)
    else:
        click.echo(f"{top}: there is no spool yet")
    return os.EX_OK


def _say(found: Verifier, findings: list[Finding], *, in_json: bool) -> None:
    read = found.read
    damage = [finding for finding in findings if finding.is_damage]
    if in_json:
        members = {
            "directory": str(found.top),
            "messages": read.messages,
            "journals": read.journals,
            "bytes": read.octets,
            "damage": [{"place": one.place, "what": one.what} for one in damage],
            "remarks": [
                {"place": one.place, "what": one.what} for one in findings if not one.is_damage
            ],
        }
        click.echo(json.dumps(members))
        return
    for one in findings:
        word = "damage" if one.is_damage else "remark"
        click.echo(f"{word}  {one.place or found.top}: {one.what}")
    click.echo(
        f"{found.top}: {_number(read.messages, 'message')} and {_number(read.journals, 'journal')}"
        f" read whole, {read.octets} bytes; {len(damage) or 'no'} damage found"
    )


def _number(count: int, what: str) -> str:
    return f"{count} {what}{'' if count == 1 else 's'}"
