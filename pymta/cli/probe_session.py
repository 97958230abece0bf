"""`pymta probe-session`: what would a client from this address hear, and which setting says so?

Touches: click, disk.
"""

from __future__ import annotations

from pathlib import Path

import click

from pymta.cli.fake_session import SMTP_PORT, fake_call, hold_here, read_files
from pymta.cli.options import PATH
from pymta.cli.places import DAEMON_CONFIG


@click.command(name="probe-session")
@click.option("--from", "caller", required=True, metavar="ADDR", help="Address of the client.")
@click.option("--local", metavar="ADDR", default="", help="Address it called  [default: loopback]")
@click.option("--port", type=click.IntRange(1, 65_535), default=SMTP_PORT, show_default=True)
@click.option("--role", metavar="NAME", default="", help="Of that socket  [default: by the port]")
@click.option("--helo", metavar="NAME", default="", help="Say EHLO with this name first.")
@click.option("--account", metavar="NAME", default="", help="It has logged in as this one.")
@click.option("--tls", "has_tls", is_flag=True, default=False, help="It has begun TLS.")
@click.option(
    "--config", "file", type=PATH, default=None, help=f"Settings  [default: {DAEMON_CONFIG}]"
)
def probe_session(*, caller: str, file: Path | None, **how: str) -> int:
    """Hold a session as if a client had called from ADDR.

    It is held in the terminal.  Nothing is stored or delivered, and no daemon is needed or
    disturbed.  Replies go to standard output.  Every question that the settings are asked is told
    on standard error, with file and line of what decided, and so is what the log would say.

    ADDR is an address, or one with a port: 192.0.2.7.40112, [2001:db8::7]:40112.  The exit code is
    0 when the client was let in and ended the session itself, 1 when it was turned away.
    """
    return hold_here(fake_call(caller, **how), read_files(file))  # type: ignore[arg-type]
