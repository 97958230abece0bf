"""`pymta spool torture DIR`: stop a spool on this disk everywhere, and look what is left.

Touches: click, disk, processes, clock.
"""

from __future__ import annotations

import os
import sys
import tempfile
from collections import Counter
from collections.abc import Iterable, Iterator
from contextlib import nullcontext
from itertools import chain
from pathlib import Path
from typing import Any

import click

from pymta.cli.command_error import CommandError
from pymta.cli.options import PATH
from pymta.spool.torture import Torturer, Trial

MOMENTS = 50
SEEDS = 4  # nothing unsynced is kept; all of it; and what dice say, twice
QUICK = 0.0002  # seconds: no disk that turns or wears is that quick
DONE = {
    "kill": "kills between two system calls",
    "moment": "kills at any moment",
    "power": "power cuts",
}


@click.command()
@click.option("--seed", type=int, default=None, help="Of the dice, to have the same trials again.")
@click.argument("directory", metavar="DIR", type=PATH)
def torture(*, seed: int | None, directory: Path) -> int:
    """Stop a spool in DIR at every point, and look whether what was promised is there.

    Works in a new directory below DIR, which is on the disk in question, and touches nothing else.
    A process is killed before each of its calls to the disk, and at moments that dice choose; and
    the power goes after each call, with what was not synced gone, there, or there in part.  Takes
    some seconds, on a slow disk minutes.  The exit code is 1 when a promise was broken; its
    directory then stays.
    """
    seed = int.from_bytes(os.urandom(4)) if seed is None else seed
    try:
        top = Path(tempfile.mkdtemp(prefix="torture-", dir=directory))
    except FileNotFoundError as error:
        raise CommandError(f"{directory}: no such directory", os.EX_NOINPUT) from error
    torturer = Torturer(top, seed)
    calls = torturer.calls()
    each = range(calls + 1)
    trials = chain(torturer.kills(each), torturer.moments(MOMENTS), torturer.cuts(each, SEEDS))
    click.echo(_about_the_disk(directory, torturer.seconds_of_a_sync()))
    done, broken = _count(_shown(trials, (1 + SEEDS) * len(each) + MOMENTS))
    for kind, what in DONE.items():
        click.echo(f"{done[kind]:5} {what}")
    for trial in broken:
        click.echo(f"BROKEN: {trial.kind} {trial.number}: {trial.broken}")
    if broken:
        click.echo(f"{len(broken)} promises were broken; see {top} (--seed {seed})")
        return 1
    top.rmdir()
    click.echo("every promise was kept")
    return os.EX_OK


def _about_the_disk(directory: Path, seconds: float) -> str:
    found = f"{directory}: a sync takes {seconds * 1000:.2f} ms"
    if seconds < QUICK:
        return f"{found}; that is memory, or a disk with a cache: does it outlive a power cut?"
    return found


def _shown(trials: Iterable[Trial], number: int) -> Iterator[Trial]:
    bar: Any = click.progressbar(trials, number, file=sys.stderr) if sys.stderr.isatty() else None
    with bar or nullcontext(trials) as some:
        yield from some


def _count(trials: Iterable[Trial]) -> tuple[Counter[str], list[Trial]]:
    done: Counter[str] = Counter()
    broken = []
    for trial in trials:
        done[trial.kind] += 1
        if trial.broken:
            broken.append(trial)
    return done, broken
