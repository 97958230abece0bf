"""`pymta reload`: ask the running daemon to take changed settings, and tell what came of it.

The daemon answers when the new settings serve, or says why the old ones stay.

Touches: click, sockets, disk.
"""

from __future__ import annotations

import os
from pathlib import Path

import click

from pymta.cli.ask_daemon import ask_daemon, runtime_directory
from pymta.cli.options import state_option, wait_option


@click.command()
@wait_option(30)
@click.option("--pid", type=int, default=None, help="Only if this process is the daemon.")
@state_option
def reload(wait: float, pid: int | None, state: Path | None) -> None:
    """Have the running daemon take changed settings.

    A mistake in them changes nothing: it is printed, and the exit code is 78.
    """
    directory = runtime_directory(state)
    click.echo(ask_daemon(directory, "reload", wait=wait, failure=os.EX_CONFIG, pid=pid))
