"""`pymta user`: accounts of the password file, who may log in.

What is changed counts from the next login on; a daemon need not be told.

Touches: click, disk, accounts.
"""

from __future__ import annotations

import json
import os
from collections.abc import Callable
from functools import partial
from pathlib import Path

import click

from pymta.accounts.hashes import missing_for
from pymta.accounts.password_edit import (
    EditError,
    added,
    changed,
    current,
    edit,
    lines,
    removed,
)
from pymta.accounts.password_line import Entry
from pymta.accounts.password_text import PasswordText
from pymta.cli.account import account_for
from pymta.cli.command_error import CommandError
from pymta.cli.lazy import LazyGroup
from pymta.cli.new_password import ask, entry_for, hash_options, schemes_of
from pymta.cli.options import PATH
from pymta.cli.places import DAEMON_CONFIG, daemon_places
from pymta.config.process import Process
from pymta.config.read import read_settings
from pymta.config.secret import credential, source
from pymta.config.settings import Machine, Settings
from pymta.dataclass import dataclass
from pymta.sasl.prepare import prepare_name

COMMANDS = {
    "add": "pymta.cli.user:add",
    "passwd": "pymta.cli.user:passwd",
    "remove": "pymta.cli.user:remove",
    "list": "pymta.cli.user:list_",
}


@dataclass(frozen=True, slots=True)
class Place:
    """The password file; a new one may be read by group `gid`."""

    path: Path
    gid: int

    def edit(self, change: Callable[[bytes], bytes]) -> bytes:
        """What stands there now.  Raises CommandError and OSError."""
        try:
            return edit(self.path, change, self.gid)
        except EditError as error:
            raise CommandError(f"{self.path}: {error}", os.EX_DATAERR) from None
        except FileNotFoundError:
            text = f"there is no directory {self.path.parent}"
            raise CommandError(text, os.EX_CANTCREAT) from None


@click.group(cls=LazyGroup, lazy=COMMANDS)
@click.option(
    "--config",
    "config",
    type=PATH,
    default=None,
    help=f"The settings file that names the password file  [default: {DAEMON_CONFIG}]",
)
@click.option("--file", "file", type=PATH, default=None, help="The password file itself.")
@click.pass_context
def user(ctx: click.Context, config: Path | None, file: Path | None) -> None:
    """Say who may log in, with which password.

    Accounts are those of the file that auth_password_file names.
    """
    if config and file:
        raise click.UsageError("want --config or --file, not both")
    ctx.obj = partial(_place, config, file)


@user.command()
@hash_options
@click.argument("name")
@click.pass_obj
def add(
    place: Callable[[], Place], name: str, schemes: tuple[str, ...], iterations: int, cost: int
) -> None:
    """Add an account, as a rule a mail address; its password is asked for.

    Where standard input is no terminal its first line is the password.
    """
    name, file = _name(name), place()
    file.edit(lambda data: _untouched(added(data, Entry(name)), data))  # before a password is typed
    entry = entry_for(name, ask(name), schemes, iterations=iterations, cost=cost)
    _tell_of_scram(file.edit(lambda data: added(data, entry)))


@user.command()
@hash_options
@click.argument("name")
@click.pass_obj
def passwd(
    place: Callable[[], Place], name: str, schemes: tuple[str, ...], iterations: int, cost: int
) -> None:
    """Give an account another password.

    Where standard input is no terminal its first line is the password.
    """
    name, file = _name(name), place()
    before = file.edit(lambda data: _untouched(changed(data, Entry(name)), data))
    kept = schemes or schemes_of(current(before, name))
    entry = entry_for(name, ask(name), kept, iterations=iterations, cost=cost)
    _tell_of_scram(file.edit(lambda data: changed(data, entry)))


@user.command()
@click.argument("names", metavar="NAME...", nargs=-1, required=True)
@click.pass_obj
def remove(place: Callable[[], Place], names: tuple[str, ...]) -> None:
    """Take accounts out; all of them, or none when one of them is not there."""
    wanted = [_name(name) for name in names]

    def change(data: bytes) -> bytes:
        for name in wanted:
            data = removed(data, name)
        return data

    place().edit(change)


@user.command(name="list")
@click.option("--json", "in_json", is_flag=True, default=False, help="As JSON, for programs.")
@click.pass_obj
def list_(place: Callable[[], Place], in_json: bool) -> int:
    """List the accounts, and how the password of each is kept.

    Lines of no use are named on standard error; the exit code is 65 then.
    """
    path = place().path
    data = path.read_bytes()
    found = list(lines(data))
    entries = [line.entry for line in found if line.entry]
    if in_json:
        click.echo(json.dumps([_plain(entry) for entry in entries], indent=1))
    else:
        for entry in entries:
            click.echo(f"{entry.name}  {' '.join(entry.schemes) or 'locked'}")
    faults = [line for line in found if line.fault]
    for line in faults:
        click.echo(f"pymta: {path}:{line.number}: {line.fault}", err=True)
    for text in dict.fromkeys(missing_for(entry.hash) for entry in entries if entry.hash):
        if text:
            click.echo(f"pymta: {text}", err=True)
    _tell_of_scram(data)
    return os.EX_DATAERR if faults else os.EX_OK


def _plain(entry: Entry) -> dict[str, object]:
    return {"name": entry.name, "schemes": list(entry.schemes), "locked": entry.is_locked}


def _name(text: str) -> str:
    """As it is compared.  Raises CommandError."""
    try:
        name = prepare_name(text)
    except ValueError as error:
        raise CommandError(f"{text!r}: {error}", os.EX_USAGE) from None
    if name.startswith("#"):
        raise CommandError(f"{text!r}: in the file this would be a comment", os.EX_USAGE)
    return name


def _untouched(_: bytes, data: bytes) -> bytes:
    """The change could be made; it is not yet."""
    return data


def _tell_of_scram(data: bytes) -> None:
    """The one effect that an account has on others."""
    if b"{SCRAM-SHA-256}" in data and not PasswordText(data).has_verifiers:
        text = "SCRAM is not offered: some accounts have no verifier for it (pymta user list)"
        click.echo(f"pymta: {text}", err=True)


def _place(config: Path | None, file: Path | None) -> Place:
    """Raises CommandError when no file is named, ConfigError for mistakes in the settings."""
    if file:
        return Place(file.absolute(), account_for(Process(), daemon_places(os.environ).state).gid)
    path = (config or Path(DAEMON_CONFIG)).absolute()
    settings = _read(path, is_asked_for=config is not None)
    value = settings.auth.auth_password_file
    if not value:
        text = (
            f'no password file is set; want auth_password_file = "/etc/pymta/passwords" in {path}'
        )
        raise CommandError(text, os.EX_CONFIG)
    if (name := credential(value)) and not (value := source(name)):
        text = f"where credential {name} comes from only its unit knows; name it with --file"
        raise CommandError(text, os.EX_CONFIG)
    state = settings.machine.state_directory
    return Place(Path(value), account_for(settings.process, state).gid)


def _read(path: Path, *, is_asked_for: bool) -> Settings:
    places = daemon_places(os.environ)
    machine = Machine(
        state_directory=places.state,
        runtime_directory=places.runtime,
        config_file=str(path),
        is_configured=is_asked_for or path.exists(),
    )
    return read_settings(
        path if machine.is_configured else None, machine, login="", is_to_serve=False
    )
