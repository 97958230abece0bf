"""`pymta deliver-helper`: the process of root that stores mail of system users; for units.

Touches: click, processes, accounts.
"""

from __future__ import annotations

import os
import pwd
import sys
from pathlib import Path

import click

from pymta.cli.command_error import CommandError
from pymta.cli.options import PATH
from pymta.cli.places import DAEMON_CONFIG

PROGRAM = "pymta.local.main"
USER = "pymta"


@click.command(name="deliver-helper")
@click.option(
    "--for", "user", default=USER, show_default=True, help="The one account that may ask."
)
@click.option(
    "--config",
    type=PATH,
    default=DAEMON_CONFIG,
    show_default=True,
    help="The settings file; it and its drop-ins must belong to root.",
)
def deliver_helper(user: str, config: Path) -> None:
    """Store mail of system users; for pymta-deliver.service.

    Runs as root, on a socket from systemd.  Each delivery becomes the user before it touches a
    file.
    """
    try:
        uid = pwd.getpwnam(user).pw_uid
    except KeyError:
        raise CommandError(f'--for: no account has the name "{user}"', os.EX_NOUSER) from None
    sys.stdout.flush()
    sys.stderr.flush()
    # -P: the directory we are started in is no place to import from.
    arguments = ["-P", "-m", PROGRAM, str(uid), str(config.absolute())]
    os.execv(sys.executable, [sys.executable, *arguments])
