"""`pymta status`: what the running daemon is doing, for people and for programs.

Touches: click, sockets, disk.
"""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

import click

from pymta.cli.ask_daemon import ask_daemon, runtime_directory
from pymta.cli.command_error import CommandError
from pymta.cli.options import state_option, wait_option
from pymta.cli.status_view import shown


@click.command()
@click.option("--json", "in_json", is_flag=True, default=False, help="As JSON, for programs.")
@wait_option(10)
@state_option
def status(in_json: bool, wait: float, state: Path | None) -> None:
    """Show what the running daemon is doing.

    Listeners, connections by address, deliveries, queue runs, and the limits that apply to them.
    pymta(8) explains the names in the JSON form.
    """
    report = _ask(runtime_directory(state), wait)
    if in_json:
        click.echo(json.dumps(report, indent=2))
        return
    for line in shown(report):
        click.echo(line)


def _ask(directory: str, wait: float) -> Any:
    # Counting a long queue may take a while; the report has the last figure either way.
    try:
        ask_daemon(directory, "queue-size", wait=min(wait, 2.0), failure=os.EX_SOFTWARE)
    except CommandError as error:
        if error.status in {os.EX_UNAVAILABLE, os.EX_NOPERM}:
            raise
    return json.loads(ask_daemon(directory, "status-json", wait=wait, failure=os.EX_SOFTWARE))
