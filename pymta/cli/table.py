"""`pymta table query`: what a table says of a key, asked as the daemon would.

Touches: click, disk, accounts, environment, sockets.
"""

from __future__ import annotations

import json
import os
from ipaddress import ip_address
from pathlib import Path

import click

from pymta.cli.command_error import CommandError
from pymta.cli.explain import settings_here
from pymta.cli.options import state_option
from pymta.cli.places import daemon_places
from pymta.config.own_addresses import TABLES
from pymta.config.rewriting import TABLES as CANONICAL
from pymta.config.rewriting import TABLES as NAMES
from pymta.config.settings import Settings
from pymta.config.table_name import DATABASE
from pymta.tables.opened import Opened
from pymta.tables.table import Answer, Found, Nothing, Table
from pymta.tables.text import key_of

NOT_THERE = 1


@click.group()
def table() -> None:
    """Ask tables of addresses."""


@table.command()
@state_option
@click.option("--json", "in_json", is_flag=True, default=False, help="As JSON, for programs.")
@click.argument("name", metavar="NAME")
@click.argument("key", metavar="KEY")
def query(state: Path | None, *, in_json: bool, name: str, key: str) -> int:
    """Print what stands behind KEY in the table NAME, and where.

    KEY is a local part, an address, @ and a domain, or the address of a host.  NAME is one of
    [tables.NAME] in the settings, a table as settings name it, such as /etc/aliases or
    regex:/etc/pymta/old, or a setting, such as virtual_aliases, whose tables are asked one after
    another.  Exit code 0: found; 1: there is no such key; 75: the table cannot be asked, so mail
    would wait.
    """
    try:
        wanted = _key(key)
    except ValueError as error:
        raise CommandError(str(error), os.EX_DATAERR) from error
    settings = settings_here(str(state.absolute() if state else daemon_places(os.environ).state))
    answer = _opened(settings, name).lookup(wanted)
    click.echo(json.dumps(_plain(answer)) if in_json else _text(answer, wanted))
    match answer:
        case Found():
            return os.EX_OK
        case Nothing():
            return NOT_THERE
    return os.EX_TEMPFAIL


def _key(text: str) -> str:
    """Raises ValueError."""
    try:
        return str(ip_address(text))
    except ValueError:
        return key_of(text)


def _opened(settings: Settings, name: str) -> Table:
    opened = Opened(settings)
    for subject, names in ((settings.routing, TABLES), (settings.rewriting, CANONICAL)):
        if name in names:
            return opened.in_order(getattr(subject, name))
    if name in NAMES:
        return opened.in_order(getattr(settings.rewriting, name))
    if name in (settings.routing.tables or {}):
        name = f"{DATABASE}:{name}"
    try:
        return opened.table(name)
    except ValueError as error:
        raise CommandError(f"{name}: {error}", os.EX_USAGE) from error


def _text(answer: Answer, key: str) -> str:
    match answer:
        case Found(value, where):
            return f"{value}\nsaid in {where}"
        case Nothing():
            return f"nothing is said of {key}"
    return answer.why


def _plain(answer: Answer) -> dict[str, str]:
    match answer:
        case Found(value, where):
            return {"answer": "found", "value": value, "where": where}
        case Nothing():
            return {"answer": "nothing"}
    return {"answer": "unsure", "why": answer.why}
