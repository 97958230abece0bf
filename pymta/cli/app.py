"""`pymta`: the commands, and what becomes of their errors.

Exit codes (sysexits(3)):

    0   done                               70  a bug of ours; the traceback is on standard error
    64  wrong words on the command line    73  a file or directory cannot be made
    65  wrong data, such as no message id  75  not now: busy, or no answer in time
    66  no such message or queue           77  not allowed; the text says who may
    69  no daemon answers                  78  mistakes in the settings, each with its line

Touches: click, processes.
"""

from __future__ import annotations

import os
import sys
import traceback
from collections.abc import Sequence
from typing import NoReturn

import click

from pymta import __version__
from pymta.cli.command_error import CommandError
from pymta.cli.identity import NotOwnerError
from pymta.cli.lazy import LazyGroup
from pymta.cli.streams import fill_closed_streams
from pymta.config.complaints import ConfigError
from pymta.config.generation import GenerationError

INTERRUPTED = 130

COMMANDS = {
    "serve": "pymta.cli.serve:serve",
    "daemon": "pymta.cli.daemon:daemon",
    "reload": "pymta.cli.reload:reload",
    "status": "pymta.cli.status:status",
    "doctor": "pymta.cli.doctor:doctor",
    "queue": "pymta.cli.queue:queue",
    "trail": "pymta.cli.trail:trail",
    "explain": "pymta.cli.explain:explain",
    "aliases": "pymta.cli.aliases:aliases",
    "table": "pymta.cli.table:table",
    "retry": "pymta.cli.retry:retry",
    "simulate": "pymta.cli.simulate:simulate",
    "user": "pymta.cli.user:user",
    "tidy": "pymta.cli.tidy:tidy",
    "spool": "pymta.cli.spool:spool",
    "config": "pymta.cli.settings:config",
    "policy": "pymta.cli.policy:policy",
    "probe-session": "pymta.cli.probe_session:probe_session",
    "deliver-helper": "pymta.cli.deliver_helper:deliver_helper",
    "version": "pymta.cli.app:version",
}


@click.group(
    cls=LazyGroup,
    lazy=COMMANDS,
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100},
    epilog="To look around: pymta serve.  Each command has a --help of its own.",
)
def app() -> None:
    """A mail transfer agent: takes mail over SMTP, keeps it safe, delivers it or says why not."""


@click.command(name="version")
def version() -> None:
    """Print the version."""
    click.echo(f"pymta {__version__}")


def main() -> NoReturn:
    fill_closed_streams()
    sys.exit(run(sys.argv[1:]))


def run(arguments: Sequence[str]) -> int:
    """Do what the words say; the exit code."""
    try:
        status = app.main(list(arguments), prog_name="pymta", standalone_mode=False)
    except click.exceptions.Abort:
        return INTERRUPTED
    except KeyboardInterrupt:
        return INTERRUPTED
    except NotOwnerError as error:
        return _by_daemon(arguments, error)
    except Exception as error:  # noqa: BLE001 - the one place where every error has an exit code
        return _explain(error)
    return status if isinstance(status, int) else os.EX_OK


def _by_daemon(arguments: Sequence[str], refusal: NotOwnerError) -> int:
    """The daemon does it for those who may ask for it; nothing has been done so far."""
    # Loaded only now, for those who are neither root nor the owner.
    from pymta.cli.via_daemon import order  # noqa: PLC0415

    try:
        return order("pymta", arguments, refusal)
    except KeyboardInterrupt:
        return INTERRUPTED
    except Exception as error:  # noqa: BLE001 - as in `run`
        return _explain(error)


def _explain(error: Exception) -> int:
    match error:
        case click.UsageError():
            error.show()
            return os.EX_USAGE
        case click.ClickException():
            error.show()
            return os.EX_NOINPUT
        case CommandError():
            return _complain(str(error), error.status)
        case ConfigError():
            count = len(error.complaints)
            head = "1 mistake" if count == 1 else f"{count} mistakes"
            return _complain(f"{head} in the settings:\n{error}", os.EX_CONFIG)
        case GenerationError():
            return _complain(str(error), os.EX_CONFIG)
        case PermissionError():
            return _complain(f"{error.filename or error}: not allowed", os.EX_NOPERM)
        case OSError():
            place = f"{error.filename}: " if error.filename else ""
            return _complain(f"{place}{error.strerror or error}", os.EX_IOERR)
        case _:
            traceback.print_exception(error)
            return os.EX_SOFTWARE


def _complain(text: str, status: int) -> int:
    click.echo(f"pymta: {text}", err=True)
    return status
