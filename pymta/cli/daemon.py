"""`pymta daemon`: the server of a host, in the foreground, as units start it.

Started by systemd it is its own user already.  Started by root by hand it becomes the owner of the
state directory first, so that no file of root appears in the queue.

Touches: click, processes, disk.
"""

from __future__ import annotations

import os
from pathlib import Path

import click

from pymta.cli.identity import Become, become_owner, decide
from pymta.cli.options import PATH
from pymta.cli.places import DAEMON_CONFIG, Places, daemon_places
from pymta.cli.start import make_directory, start
from pymta.config import sources
from pymta.config.settings import Machine


@click.command()
@click.option(
    "--config",
    type=PATH,
    default=None,
    help=f"The settings file  [default: {DAEMON_CONFIG}, if it exists]",
)
def daemon(config: Path | None) -> None:
    """Serve mail for this host, in the foreground; for units.

    Sockets come from systemd, else they are bound here.  Without a settings file mail is taken from
    this machine only.
    """
    places = daemon_places(os.environ)
    _prepare(places)
    file = (config or Path(DAEMON_CONFIG)).absolute()
    machine = Machine(
        state_directory=places.state,
        runtime_directory=places.runtime,
        config_file=str(file),
        is_configured=config is not None or sources.exists(file),
    )
    start(file if machine.is_configured else None, machine, login="")


def _prepare(places: Places) -> None:
    """Both directories, and ourselves as the user they belong to."""
    make_directory(places.state, 0o700)
    make_directory(places.runtime, 0o755)
    found = Path(places.state).stat()
    if isinstance(decide(os.geteuid(), found.st_uid, found.st_gid), Become):
        os.chown(places.runtime, found.st_uid, found.st_gid)
    become_owner(places.state)
