"""`pymta explain`: where would mail for an address go, and would a client be let in with it?

Touches: click, disk, sockets, clock, environment.
"""

from __future__ import annotations

import io
import json
import os
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import Any

import click

from pymta.cli.command_error import CommandError
from pymta.cli.explanation import FAILS, WAITS, Explained, as_plain, lines
from pymta.cli.identity import become_owner, may_become_owner
from pymta.cli.options import state_option
from pymta.cli.places import daemon_places
from pymta.cli.quiet import QUIET
from pymta.cli.served import served_settings, settings_for_others
from pymta.config.settings import Settings
from pymta.dataclass import dataclass
from pymta.journal.line import printable
from pymta.journal.local_time import stamp
from pymta.mail.address import BadPath, Mailbox, parse_mailbox
from pymta.routing.rewriting import Names, UnclearNameError
from pymta.tables.opened import open_tables

SOME_WAIT, SOME_FAIL = 1, 2  # as the classic -bt has it


@dataclass(frozen=True, slots=True)
class Client:
    """Who would hand it in; `address` is "" where nobody asks about that."""

    address: str = ""
    helo: str = ""
    account: str = ""


@click.command()
@state_option
@click.option("--from", "sender", metavar="ADDRESS", default="", help="Its sender  [default: <>]")
@click.option("--client", metavar="ADDR", default="", help="Ask policy, too, about this client.")
@click.option("--helo", metavar="NAME", default="", help="What the client calls itself.")
@click.option("--account", metavar="NAME", default="", help="As whom it has logged in.")
@click.option("--json", "in_json", is_flag=True, default=False, help="As JSON, for programs.")
@click.argument("addresses", metavar="ADDRESS...", nargs=-1, required=True)
def explain(
    state: Path | None,
    *,
    sender: str,
    client: str,
    helo: str,
    account: str,
    in_json: bool,
    addresses: tuple[str, ...],
) -> int:
    """Say where mail for ADDRESS would go, by which hosts.

    The questions are asked as at a delivery, but nothing is delivered, stored or noted.  With
    --client a session is held first, of which nothing is kept either: would policy take the
    message?  Exit code 0: all is well; 1: somebody would wait; 2: somebody would fail.
    """
    if not client and (helo or account):
        raise CommandError("--helo and --account want a --client", os.EX_USAGE)
    for address in (sender, *addresses):
        found = parse_mailbox(address) if address else None
        if isinstance(found, BadPath):
            raise CommandError(f"{address!r} is no address: {found.why}", os.EX_DATAERR)
    where = str(state.absolute() if state else daemon_places(os.environ).state)
    settings = settings_here(where)
    caller = Client(client, helo, account)
    worst, told = 0, []
    for one in explained(settings, sender, addresses, caller):
        worst = max(worst, one.status)
        told.append(one)
        if not in_json:
            for line in one.lines():
                click.echo(line)
    if in_json:
        click.echo(json.dumps([one.plain() for one in told], indent=1))
    return worst


@dataclass(frozen=True, slots=True)
class Told:
    """`policy` are the lines of a session, `reply` the last one of it that counts.

    `address` is the one that was asked about, which may be called something else.
    """

    found: Explained
    policy: tuple[str, ...] = ()
    reply: str = ""
    address: str = ""

    @property
    def status(self) -> int:
        if self.found.worst == FAILS or self.reply.startswith("5"):
            return SOME_FAIL
        return SOME_WAIT if self.found.worst == WAITS or self.reply.startswith("4") else 0

    def lines(self) -> Iterator[str]:
        if self.policy:
            yield f"policy says: {self.reply}"
            yield from (f"    {line}" for line in self.policy)
        if self.is_renamed:
            yield f"{printable(self.address)} is called {printable(self.found.address)} here"
        yield from lines(self.found, stamp)

    def plain(self) -> dict[str, Any]:
        policy = {"reply": self.reply, "lines": list(self.policy)} if self.policy else None
        asked = {"asked": self.address} if self.is_renamed else {}
        return as_plain(self.found) | asked | {"policy": policy}

    @property
    def is_renamed(self) -> bool:
        return self.address not in {"", self.found.address}


def explained(
    settings: Settings, sender: str, addresses: Iterable[str], client: Client = Client()
) -> Iterator[Told]:
    """One after another."""
    # Loaded here: it is all of a delivery.
    from pymta.cli.ways import explainer  # noqa: PLC0415

    names = Names(settings, open_tables(settings))
    try:
        mailbox = parse_mailbox(sender)
        own = str(names.of_sender(mailbox)) if isinstance(mailbox, Mailbox) else ""
    except UnclearNameError:
        own = sender
    ask = explainer(settings, QUIET, own)
    for address in addresses:
        policy, reply = _session(client, sender, address) if client.address else ((), "")
        yield Told(_of_one(address, names, ask), policy, reply, address)


def _of_one(address: str, names: Names, ask: Callable[[str], Explained]) -> Explained:
    """By the name under which the message would be queued."""
    mailbox = parse_mailbox(address)
    if isinstance(mailbox, BadPath) or not mailbox.domain:
        return ask(address)
    try:
        called = names.of_recipient(mailbox)
    except UnclearNameError as error:
        return Explained(address, WAITS, str(error), "canonical")
    return ask(address if called == mailbox else str(called))


def settings_here(state: str) -> Settings:
    """Those that are served, for whoever may see them; else what the files say."""
    try:
        if may_become_owner(state):
            become_owner(state)
            return served_settings(state)
    except CommandError:  # no daemon has run here yet
        pass
    return settings_for_others(state)


class _Ear(io.BytesIO):
    """Hears replies; the remarks come in between."""

    def __init__(self, lines: list[str]) -> None:
        super().__init__()
        self._lines = lines

    def write(self, data: Any) -> int:
        self._lines += [f"<<< {line}" for line in bytes(data).decode().splitlines()]
        return len(data)


def _session(client: Client, sender: str, address: str) -> tuple[tuple[str, ...], str]:
    """All that is said, and the reply that decided."""
    # All of a session, with the reader of settings files.
    from pymta.cli.fake_session import fake_call, hold, places_in, read_files  # noqa: PLC0415

    settings = read_files(None)
    said: list[str] = []
    helo = client.helo or "client.invalid"
    fake = fake_call(client.address, helo=helo, account=client.account)
    utf8 = "" if f"{sender}{address}".isascii() else " SMTPUTF8"
    script = f"MAIL FROM:<{sender}>{utf8}\r\nRCPT TO:<{address}>\r\nQUIT\r\n"
    source = io.BytesIO(script.encode())
    hold(fake, settings, places_in(settings), source=source, sink=_Ear(said), say=said.append)
    replies = [line.removeprefix("<<< ") for line in said if line.startswith("<<< ")]
    replies = [line for line in replies if not line.startswith("221")]
    refused = [line for line in replies if line[:1] in {"4", "5"}]
    return tuple(_from_mail_on(said)), (refused[:1] or replies[-1:] or [""])[0]


def _from_mail_on(said: list[str]) -> list[str]:
    """Without greetings and what was asked before them, where they went well, and the goodbye."""
    greeted = next((n for n, line in enumerate(said, 1) if line.startswith("<<< 250 ")), 0)
    return [line for line in said[greeted:] if not line.startswith("<<< 221 ")]
