"""`pymta serve`: a mail server in the terminal, with nothing to set up.

It listens on loopback, as whoever started it, and never changes the user; for root that is worth a
warning.  Everything lies below its state directory.

Touches: click, processes, disk.
"""

from __future__ import annotations

import os
from pathlib import Path

import click

from pymta.cli.command_error import CommandError
from pymta.cli.identity import Stay, account_name, decide, login_name
from pymta.cli.options import PATH, debug_option
from pymta.cli.own_certificate import provide_certificate
from pymta.cli.places import deliver_socket, serve_state
from pymta.cli.start import make_directory, start
from pymta.config.launch import Launch
from pymta.config.settings import Machine

DEFAULT_PORT = 2525


@click.command()
@click.option(
    "--port",
    type=click.IntRange(1, 65535),
    default=DEFAULT_PORT,
    show_default=True,
    help="Port on 127.0.0.1 and ::1.",
)
@click.option(
    "--config",
    type=PATH,
    default=None,
    help="A settings file; without it there are defaults.",
)
@click.option(
    "--state",
    type=PATH,
    default=None,
    help="Where mail, queue and the rest lie  [default: ~/.local/state/pymta]",
)
@debug_option
def serve(port: int, config: Path | None, state: Path | None, debug: tuple[str, ...]) -> None:
    """Serve mail in this terminal, until Ctrl-C.

    Takes mail for localhost and this machine's name, from this machine only, and puts it into
    Maildirs.  The first lines say how to send a message and where to find it.  Where settings name
    no certificate, one is made at the first start and kept, for STARTTLS.
    """
    directory = str((state or Path(serve_state(os.environ, _home()))).absolute())
    make_directory(directory, 0o700)
    _check_owner(directory)
    if os.geteuid() == 0:
        click.echo("pymta: warning: running as root; any other user will do", err=True)
    machine = Machine(
        state_directory=directory,
        runtime_directory=directory,
        deliver_socket=deliver_socket(directory, os.geteuid()),
        config_file=str(config.absolute()) if config else "",
        is_configured=True,  # callers come from this machine, unless a file says otherwise
        in_terminal=True,
        serve_port=port,
    )
    provide_certificate(directory)
    launch = Launch(debug=debug)
    start(config.absolute() if config else None, machine, login=login_name(), launch=launch)


def _home() -> str:
    try:
        return str(Path.home())
    except RuntimeError as error:
        raise CommandError("no home directory: add --state DIRECTORY", os.EX_CANTCREAT) from error


def _check_owner(directory: str) -> None:
    """Files of two users in one queue would lock one of them out."""
    found = Path(directory).stat()
    if decide(os.geteuid(), found.st_uid, found.st_gid) != Stay():
        owner = account_name(found.st_uid)
        raise CommandError(
            f"{directory} belongs to {owner}: start as {owner}, or choose another --state",
            os.EX_NOPERM,
        )
