"""`pymta daemon`: the server of a host, in the foreground, as units start it.

Started by systemd it is its own user already.  Started by root by hand it becomes the account of
`pymta_user` once it listens; everything that it makes belongs to that account from the start.

Touches: click, environment, disk.
"""

from __future__ import annotations

import os
from pathlib import Path

import click

from pymta.cli.options import PATH, debug_option
from pymta.cli.places import DAEMON_CONFIG
from pymta.cli.start import daemon_machine, start_daemon
from pymta.config.launch import Launch


@click.command()
@click.option(
    "--config",
    type=PATH,
    default=None,
    help=f"The settings file  [default: {DAEMON_CONFIG}, if it exists]",
)
@debug_option
def daemon(config: Path | None, debug: tuple[str, ...]) -> None:
    """Serve mail for this host, in the foreground; for units.

    Sockets come from systemd, else they are bound here.  Without a settings file mail is taken from
    this machine only.
    """
    start_daemon(daemon_machine(config, os.environ), Launch(debug=debug))
