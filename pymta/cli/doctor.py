"""`pymta doctor`: what is missing on this host.

Touches: click, sockets, disk, environment.
"""

from __future__ import annotations

import json
import os
from pathlib import Path

import click

from pymta.cli.ask_daemon import NoDaemonError, ask_daemon, runtime_directory
from pymta.cli.command_error import CommandError
from pymta.cli.identity import change_user
from pymta.cli.options import state_option, wait_option
from pymta.cli.places import DAEMON_CONFIG, daemon_places
from pymta.config import sources
from pymta.config.settings import Machine
from pymta.doctor.daemon import Asked
from pymta.doctor.examine import examine
from pymta.doctor.finding import as_plain, as_text, has_fault

MUST_BE_MENDED = 1
FORMAT = 1


@click.command()
@click.option("--json", "in_json", is_flag=True, default=False, help="As JSON, for programs.")
@wait_option(10)
@state_option
def doctor(in_json: bool, wait: float, state: Path | None) -> int:
    """Say what is wrong or missing on this host.

    Compares the running daemon, its units, its settings and the machine with what they promise each
    other, and says nothing when all is well.  Changes nothing.  Root sees all of it.

    The exit code is 0 when nothing must be mended, though there may be notes, and 1 otherwise.
    """
    found = examine(_ask(state, wait), _place(state), is_of_host=state is None, become=change_user)
    if in_json:
        click.echo(
            json.dumps({"format": FORMAT, "findings": [as_plain(f) for f in found]}, indent=2)
        )
    else:
        for finding in found:
            click.echo(as_text(finding))
    return MUST_BE_MENDED if has_fault(found) else os.EX_OK


def _ask(state: Path | None, wait: float) -> Asked:
    try:
        told = ask_daemon(
            runtime_directory(state), "status-json", wait=wait, failure=os.EX_SOFTWARE
        )
    except NoDaemonError as error:
        return Asked(trouble=str(error))
    except CommandError as error:
        return Asked(trouble=str(error), is_denied=error.status == os.EX_NOPERM)
    return Asked(json.loads(told))


def _place(state: Path | None) -> Machine:
    places = daemon_places(os.environ)
    file = Path(DAEMON_CONFIG)
    return Machine(
        state_directory=str(state.absolute()) if state else places.state,
        runtime_directory=runtime_directory(state),
        config_file="" if state else DAEMON_CONFIG,
        is_configured=state is None and sources.exists(file),
    )
