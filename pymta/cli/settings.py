"""`pymta config`: look at settings files, and at the settings in force.

    check    reads the files as a start would, and names every mistake
    show     prints the settings that are being served; those of the files before a first start
    diff     says what a reload would change: the files against what is being served
    accept   for the daemon, at a reload: validates the files and leaves the next generation

Touches: click, disk, clock.
"""

from __future__ import annotations

import os
import time
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import click

from pymta.cli.command_error import CommandError
from pymta.cli.config_diff import DIFFERENT, as_json, as_text, listeners_of
from pymta.cli.identity import login_name
from pymta.cli.options import PATH, state_option
from pymta.cli.own_certificate import provide_certificate
from pymta.cli.places import DAEMON_CONFIG, daemon_places
from pymta.cli.policy_trial import may_try, try_policy
from pymta.config import generation, sources
from pymta.config.certificate_files import dates, own_dates, read_certificates
from pymta.config.complaints import ConfigError
from pymta.config.difference import changes, difference
from pymta.config.document import as_toml
from pymta.config.generation import GenerationError, candidate_file, current_file
from pymta.config.held import Held
from pymta.config.read import has_credentials, read_settings
from pymta.config.secret import VARIABLE
from pymta.config.services import port_of
from pymta.config.settings import Machine, Settings
from pymta.tables.opened import objections


@click.group()
def config() -> None:
    """Check settings files, show the settings in force."""


@config.command()
@click.option(
    "--config",
    "file",
    type=PATH,
    default=None,
    help=f"The settings file  [default: {DAEMON_CONFIG}]",
)
@click.option("--quiet", is_flag=True, default=False, help="Say nothing when all is well.")
def check(file: Path | None, quiet: bool) -> None:
    """Read the settings files and name every mistake.

    Changes nothing and needs no daemon.  The exit code is 78 when there are mistakes.

    Credentials are for a unit alone, and are looked at when it starts; `pymta doctor` knows where
    they come from.
    """
    read = _read_files(file)
    if may_try():
        try_policy(read)
    for path, why in objections(read):
        click.echo(f"pymta: warning: {path} is not used: {why}", err=True)
    if quiet:
        return
    if read.machine.is_configured:
        click.echo(f"{read.machine.config_file}: no mistakes")
        if has_credentials(read) and VARIABLE not in os.environ:
            click.echo("credentials were not looked at: only the daemon's unit has them")
        found = read_certificates(read.tls, os.environ.get(VARIABLE))
        own = own_dates(read.routing.smarthosts or {}, os.environ.get(VARIABLE), time.time())
        for line in (*dates(found.texts, time.time()), *own):
            click.echo(line)
        if read.policy_source.text and not may_try():
            click.echo("policy_file was not run, because we are root; `pymta policy check` does")
    else:
        click.echo(f"{read.machine.config_file} does not exist; defaults apply")


@config.command()
@click.option(
    "--config",
    "file",
    type=PATH,
    default=None,
    help="Show what this file says, not what is being served.",
)
@state_option
def show(file: Path | None, state: Path | None) -> None:
    """Print all settings with their meaning, as a settings file."""
    served = None if file else _served(state)
    if served:
        lines = (f"generation {served.generation}, as the daemon serves it", *served.changes.lines)
        origin = "\n# ".join(lines)
    else:
        served = _read_files(file)
        named = served.machine.is_configured
        origin = served.machine.config_file if named else "defaults, without a settings file"
    click.echo(f"# {origin}\n")
    click.echo(as_toml(served), nl=False)


@config.command()
@click.option(
    "--config", "file", type=PATH, default=None, help="Compare this file, not the daemon's own."
)
@click.option("--json", "in_json", is_flag=True, default=False, help="As JSON, for programs.")
@state_option
def diff(file: Path | None, in_json: bool, state: Path | None) -> int:
    """Say what a reload would change: the settings files against what is being served.

    The exit code is 0 when nothing would change, 1 when something would, 78 when there are mistakes
    in the files, so that a reload would be refused.
    """
    directory = state or Path(daemon_places(os.environ).state)
    try:
        serving = generation.load(current_file(directory))
    except FileNotFoundError:
        text = f"nothing has been served from {directory} yet, so there is nothing to compare with"
        raise CommandError(text, os.EX_UNAVAILABLE) from None
    fresh = _read_again(serving, file, listeners_of(serving), credentials=os.environ.get(VARIABLE))
    found = difference(serving, fresh, port_of)
    click.echo(as_json(serving, found) if in_json else as_text(found))
    return DIFFERENT if found else os.EX_OK


@config.command(hidden=True)
@click.option("--socket", "sockets", multiple=True, metavar="NAME:PORT", help="From systemd.")
@click.argument("current", type=PATH)
def accept(current: Path, sockets: Sequence[str]) -> int:
    """Validate the files that CURRENT came from; leave the next generation beside it."""
    serving = generation.load(current)
    named = (text.rpartition(":") for text in sockets)
    if serving.machine.in_terminal:
        provide_certificate(serving.machine.state_directory)
    try:
        handed = [(role, int(port)) for role, _, port in named]
        settings = _read_again(serving, None, handed, credentials=os.environ.get(VARIABLE, ""))
        try_policy(settings)
    except ConfigError as error:
        click.echo(str(error))
        return os.EX_CONFIG
    fresh = replace(settings, generation=serving.generation + 1)
    fresh = replace(fresh, changes=changes(serving, fresh, port_of))
    generation.store(candidate_file(current), fresh)
    return os.EX_OK


def _read_again(
    serving: Settings,
    file: Path | None,
    sockets: Sequence[tuple[str, int]],
    *,
    credentials: str | None,
) -> Settings:
    """As a reload reads the files, or `file`; `sockets` are handed-in ones, by role and port.

    `credentials` as for `read_settings`.  Raises ConfigError.
    """
    place, machine = _files_again(serving.machine)
    login = login_name() if machine.in_terminal else ""
    was_root = serving.launch.uid > 0
    held = Held(tuple(sockets), serving.tls if was_root else None, serving.process.spool_directory)
    return read_settings(
        file or place,
        machine,
        login=login,
        launch=serving.launch,
        held=held,
        credentials=credentials,
    )


def _files_again(machine: Machine) -> tuple[Path | None, Machine]:
    """The file to read, and the facts with what has changed since.

    A first settings file may have appeared.  That one which was there has gone is a mistake: to
    fall back to defaults would silently stop taking mail from other hosts.
    """
    if not machine.config_file:
        return None, machine
    file = Path(machine.config_file)
    if machine.is_configured or sources.exists(file):
        return file, replace(machine, is_configured=True)
    return None, machine


def _served(state: Path | None) -> Settings | None:
    """The generation in force, where we may see it."""
    directory = state or Path(daemon_places(os.environ).state)
    try:
        return generation.load(current_file(directory))
    except (FileNotFoundError, PermissionError, GenerationError):
        if state:
            raise
        return None


def _read_files(file: Path | None) -> Settings:
    """As `pymta daemon` would read them."""
    places = daemon_places(os.environ)
    path = (file or Path(DAEMON_CONFIG)).absolute()
    machine = Machine(
        state_directory=places.state,
        runtime_directory=places.runtime,
        config_file=str(path),
        is_configured=file is not None or sources.exists(path),
    )
    place_of_file = path if machine.is_configured else None
    return read_settings(place_of_file, machine, login="", credentials=os.environ.get(VARIABLE))
