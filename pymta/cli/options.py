"""Options that several commands share.

Touches: click, environment.
"""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import click

from pymta.cli.command_error import CommandError
from pymta.config.debugging import parse_debug
from pymta.config.run_word import NO_QUEUE_NAME
from pymta.mail.envelope import is_queue_name

Command = Callable[..., Any]

DEBUG = "PYMTA_DEBUG"
# click would look at the path before we do, and call what only root may read a usage error.
PATH = click.Path(path_type=Path, readable=False)


def _categories(ctx: click.Context, param: click.Parameter, value: bool) -> tuple[str, ...]:
    """Which lines somebody wants to watch; a unit may say so in its environment."""
    said = os.environ.get(DEBUG) or ("1" if value else "")
    if not said:
        return ()
    try:
        return parse_debug("" if said == "1" else said)
    except ValueError as error:
        raise click.BadParameter(f"{DEBUG}: {error}", ctx, param) from error


debug_option = click.option(
    "--debug",
    is_flag=True,
    default=False,
    callback=_categories,
    help=f"Say line by line what is being done.  {DEBUG} in the environment does the same and"
    " chooses: 1, or names as behind -d of pymta-sendmail.",
)

queue_option = click.option(
    "--queue",
    "queue",
    metavar="NAME",
    default=None,
    callback=lambda _ctx, _option, name: None if name is None else check_queue(name),
    help='Only this queue; "" is the default one.',
)

state_option = click.option(
    "--state", type=PATH, default=None, help="State directory of a `pymta serve`."
)


def wait_option(default: float) -> Callable[[Command], Command]:
    return click.option(
        "--wait",
        type=click.FloatRange(0.1, 3600),
        default=default,
        show_default=True,
        metavar="SECONDS",
        help="How long to wait for the answer.",
    )


def check_queue(name: str) -> str:
    """The name of a queue, "" for the default one.  Raises CommandError."""
    if name and not is_queue_name(name):
        raise CommandError(f"{name!r}: {NO_QUEUE_NAME}", os.EX_USAGE)
    return name
