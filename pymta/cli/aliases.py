"""`pymta aliases`: is what stands in the files of aliases right?  And `newaliases`.

Touches: click, disk, accounts, environment.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Iterator
from functools import partial
from itertools import islice
from pathlib import Path

import click

from pymta.accounts import passwd
from pymta.cli.options import state_option
from pymta.cli.places import daemon_places
from pymta.cli.served import served_settings, settings_for_others
from pymta.config.rewriting import TABLES as NAMES
from pymta.config.routing import ALIASES
from pymta.config.settings import Settings
from pymta.config.table_name import REGEX, parse_table_name
from pymta.dataclass import dataclass
from pymta.routing.own import OwnAddresses
from pymta.routing.table_check import (
    alias_mistakes,
    mailbox_mistakes,
    name_mistakes,
    recipient_mistakes,
)
from pymta.tables.file import FileTable, T
from pymta.tables.opened import keepers_of, open_tables
from pymta.tables.regex import RegexTable
from pymta.tables.text import TextTable

MOST_TOLD = 50  # mistakes of one file
Check = Callable[[TextTable], Iterator[str]]


@dataclass(frozen=True, slots=True)
class Looked:
    """`count` is that of the entries of the file."""

    path: str
    count: int
    mistakes: tuple[str, ...]


@click.command()
@state_option
def aliases(state: Path | None) -> int:
    """Look for mistakes in files of aliases.

    Nothing need be compiled or reloaded: a file is read again when it has changed.  The exit code
    is 65 when something is wrong.
    """
    directory = str(state or daemon_places(os.environ).state)
    found = list(look(_settings(directory)))
    if not found:
        click.echo("no files of aliases are there")
    for file in found:
        entries = "1 entry" if file.count == 1 else f"{file.count} entries"
        click.echo(f"{file.path}: {entries}, {_counted(file.mistakes)}")
        for mistake in file.mistakes:
            click.echo(f"  {mistake}")
    return os.EX_DATAERR if any(file.mistakes for file in found) else os.EX_OK


def tell_mistakes() -> None:
    """For `newaliases`: on standard error, and no reason to fail.

    Whoever may not read the settings is told nothing.
    """
    try:
        found = list(look(_settings(str(daemon_places(os.environ).state))))
    except Exception:  # noqa: BLE001 - it is the daemon that says what is wrong with settings
        return
    for file in found:
        for mistake in file.mistakes:
            sys.stderr.write(f"pymta: {mistake}\n")


def look(settings: Settings) -> Iterator[Looked]:
    """At each file that the settings name; one that need not be there may be missing.

    Databases are not looked through.
    """
    routing = settings.routing
    own = OwnAddresses(settings, passwd.finder(passwd.PATIENCE), open_tables(settings))
    kinds: tuple[tuple[tuple[str, ...], Check], ...] = (
        (routing.alias_file, partial(alias_mistakes, own=own, is_virtual=False)),
        (routing.virtual_aliases, partial(alias_mistakes, own=own, is_virtual=True)),
        (routing.virtual_mailboxes, partial(mailbox_mistakes, own=own)),
        (routing.relay_recipients, recipient_mistakes),
        *((getattr(settings.rewriting, option), name_mistakes) for option in NAMES),
    )
    keepers = keepers_of(settings)
    for names, check in kinds:
        for name in names:
            table = parse_table_name(name, routing.tables or {})
            if table.kind == REGEX:
                yield _look_at(FileTable(table.name, RegexTable, keepers=keepers), _regex_mistakes)
            elif table.file and (table.file != ALIASES or Path(table.file).exists()):
                yield _look_at(FileTable(table.file, TextTable, keepers=keepers), check)


def _look_at(file: FileTable[T], check: Callable[[T], Iterator[str]]) -> Looked:
    path = file.path
    try:
        text = file.text()
    except OSError as error:
        return Looked(path, 0, (f"{path} cannot be read: {error.strerror or error}",))
    except ValueError as error:
        return Looked(path, 0, (f"{path} cannot be used: {error}",))
    return Looked(path, len(text), tuple(islice(check(text), MOST_TOLD)))


def _regex_mistakes(text: RegexTable) -> Iterator[str]:
    """Where its values lead depends on who is looked up."""
    for mistake in text.mistakes:
        yield f"{text.name}:{mistake.line}: {mistake.why}"


def _counted(mistakes: tuple[str, ...]) -> str:
    match len(mistakes):
        case 0:
            return "no mistakes"
        case 1:
            return "1 mistake"
        case count if count == MOST_TOLD:
            return f"at least {MOST_TOLD} mistakes"
        case count:
            return f"{count} mistakes"


def _settings(state_directory: str) -> Settings:
    try:
        return served_settings(state_directory)
    except PermissionError:
        return settings_for_others(state_directory)
