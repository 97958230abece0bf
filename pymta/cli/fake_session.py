"""A session in the terminal as if somebody had called from an address (the classic `-bh`).

The real conversation under the real settings, with what makes it harmless: nothing is stored or
delivered, no slot of a daemon is taken, no login is checked.  Replies go to standard output; on
standard error stand the lines that the log would have, and each question that the settings were
asked, with its answer and the place of what decided:

    >>> relay_from_hosts: [192.0.2.7]: may not send to other hosts (/etc/pymta/pymta.toml:12)
    LOG: H=(client.example) [192.0.2.7] F=<> rejected RCPT <x@far.example>: relay not permitted

Names are looked up in the DNS as ever, and the load is that of this machine now.  What a daemon
remembers of its clients is not known here, and nothing is added to it: a condition of a rule that
needs it cannot tell, and a remark says so.  Functions of a policy file run in this process, as
whoever has started it.

Touches: sockets, processes, clock, disk.
"""

from __future__ import annotations

import os
import socket
import sys
import time
import traceback
from collections.abc import Callable, Mapping
from contextlib import ExitStack, closing
from pathlib import Path
from typing import BinaryIO

from pymta.accounts import passwd
from pymta.channel.pair import make_pair
from pymta.cli.command_error import CommandError
from pymta.cli.fake_clients import FakeClients
from pymta.cli.fake_spool import FakeSpool
from pymta.cli.places import DAEMON_CONFIG, daemon_places
from pymta.cli.terminal import TerminalStream
from pymta.config import sources
from pymta.config.addresses import parse_interface
from pymta.config.per_host import item_for, value_for
from pymta.config.read import read_settings
from pymta.config.read_policy_code import complete
from pymta.config.roles import KNOWN, LOCAL, SMTP, role_named
from pymta.config.settings import Machine, Settings
from pymta.config.sources import Found, read_sources
from pymta.dataclass import dataclass
from pymta.journal.event import Event
from pymta.journal.line import message, printable
from pymta.journal.local_time import local_date
from pymta.load.gauge import Gauge
from pymta.load.reading import queue_only, reserve
from pymta.mail.caller import Endpoint, plain_address
from pymta.mail.host_list import host_list
from pymta.policy.decision import Decision, Explain
from pymta.policy.tables import tables_of
from pymta.resolver.query import Resolver
from pymta.routing.here import here
from pymta.session.conversation import Conversation
from pymta.session.own_policy import PolicyFile
from pymta.session.sessions import read_hosts
from pymta.session.visit import Visit
from pymta.session.world import World
from pymta.tables.opened import Opened, open_tables
from pymta.tls.facts import Facts

LET_IN, TURNED_AWAY = 0, 1
SMTP_PORT = 25
CLIENT_PORT = 40_000  # what that of a client might be, where nobody says it
LOOPBACK = {4: "127.0.0.1", 6: "::1"}
PRETENDED_TLS = Facts("TLS1.3", "TLS_AES_256_GCM_SHA384", 256)
MECHANISM = "fake"
Say = Callable[[str], object]


@dataclass(frozen=True, slots=True)
class Fake:
    """Whom to take him for.  `helo` is said for him, `account` is what he has logged in as.

    `role` is that of the socket he called, "" for one that is told by its port.
    """

    caller: Endpoint
    local: Endpoint
    role: str
    helo: str = ""
    account: str = ""
    has_tls: bool = False


def fake_call(
    caller: str, *, local: str = "", port: int = SMTP_PORT, role: str = "", **more: str | bool
) -> Fake:
    """From texts as people write them; `more` is as in `Fake`.  Raises CommandError."""
    client = _endpoint(caller, CLIENT_PORT)
    if role_named(role, port) in {None, LOCAL}:
        raise CommandError(f"--role {role}: want one of {KNOWN}, but not {LOCAL}", os.EX_USAGE)
    ours = _endpoint(local or LOOPBACK[client.address.version], port)
    return Fake(client, Endpoint(ours.address, port), role, **more)  # type: ignore[arg-type]


def _endpoint(text: str, port: int) -> Endpoint:
    """`port` where the text has none."""
    try:
        address, said, zone = parse_interface(text, "the command line")
    except ValueError as error:
        raise CommandError(str(error), os.EX_USAGE) from None
    if zone:
        raise CommandError(f"{text}: an address with a zone is of one machine only", os.EX_USAGE)
    return Endpoint(plain_address(str(address)), said or port)


def read_files(file: Path | str | None) -> Settings:
    """What a start would read, but for what only a daemon has need of.  Raises ConfigError."""
    places = daemon_places(os.environ)
    path = Path(file or DAEMON_CONFIG).absolute()
    is_configured = bool(file) or sources.exists(path)
    machine = Machine(
        state_directory=places.state,
        runtime_directory=places.runtime,
        config_file=str(path),
        is_configured=is_configured,
    )
    found = path if is_configured else None
    return complete(read_settings(found, machine, login="", is_to_serve=False, credentials=None))


class Places:
    """Where in the settings files something stands."""

    def __init__(self, found: Mapping[str, Found]) -> None:
        self._found = found

    def of(self, decision: Decision) -> str:
        found = self._found.get(decision.setting)
        return f"{found.file}:{found.line(*decision.item)}" if found else "default"


def places_in(settings: Settings) -> Places:
    """Of the files that these settings were just read from."""
    machine = settings.machine
    return Places(read_sources(Path(machine.config_file)).found if machine.is_configured else {})


def hold(
    fake: Fake,
    settings: Settings,
    places: Places,
    *,
    source: BinaryIO,
    sink: BinaryIO,
    say: Say,
) -> int:
    """The whole session.  0: he was let in, and ended it himself; else 1.

    `source` and `sink` are what he says and hears, `say` takes the remarks.
    """

    def explain(decision: Decision) -> None:
        text = printable(f"{decision.setting}: {decision.outcome}")
        say(f">>> {text} ({places.of(decision)})")

    def unknown(question: str) -> None:
        say(f">>> {printable(question)}")

    world = _world(settings, _teller(settings, say), explain, FakeClients(unknown))
    visit = _visit(fake, settings)
    _explain_before(fake, settings, explain)
    first = (f"EHLO {fake.helo}\r\n".encode(),) if fake.helo else ()
    with ExitStack() as stack:
        ours, _client = (stack.enter_context(sock) for sock in socket.socketpair())
        quiet, _end = (stack.enter_context(closing(end)) for end in make_pair())
        stream = TerminalStream(source, sink, ours, quiet, first)
        conversation = Conversation(visit, stream, world)
        try:
            conversation.run()
        except Exception:  # noqa: BLE001 - as in a real one: CL-03
            conversation.fail(traceback.format_exc())
        conversation.part()
        return LET_IN if conversation.has_ended_well else TURNED_AWAY


def _visit(fake: Fake, settings: Settings) -> Visit:
    load = Gauge(reserve(settings.limits), settings.limits).read()
    role, port = _role(fake, settings), fake.local.port
    visit = Visit(settings, fake.caller, fake.local, 0, load, "fake", role=role)
    has_tls = fake.has_tls or settings.starts_tls(role, port)
    visit.tls = PRETENDED_TLS if has_tls else None
    if fake.account:
        visit.account, visit.mechanism = fake.account, MECHANISM
    return visit


def _role(fake: Fake, settings: Settings) -> str:
    """A port is for users if a unit would have it so, or our own settings do."""
    named = role_named(fake.role, fake.local.port) or SMTP
    return settings.own_role(fake.local.port) if named == SMTP and not fake.role else named


def _world(
    settings: Settings, tell: Callable[[Event], None], explain: Explain, clients: FakeClients
) -> World:
    opened = Opened(settings)
    return World(
        spool=FakeSpool(int(time.time())),
        tell=tell,
        read_load=Gauge(queue_only(settings.immediate), settings.limits).read,
        dns=Resolver(settings.routing),
        hosts=read_hosts,
        is_ours=here(settings).__contains__,
        ask_ident=lambda _caller, _local, _seconds: "",
        find=passwd.finder(passwd.PATIENCE),
        address_tables=open_tables(settings, opened),
        now=time.time,
        date=local_date,
        tables=tables_of(settings, opened.table),
        explain=explain,
        clients=clients,
        own_judge=PolicyFile(settings, tell, explain).judge,
    )


def _teller(settings: Settings, say: Say) -> Callable[[Event], None]:
    selected = settings.journal.selected

    def tell(event: Event) -> None:
        if not event.selector or event.selector in selected or len(event.streams) > 1:
            say(f"LOG: {message(event)}")

    return tell


def _explain_before(fake: Fake, settings: Settings, explain: Explain) -> None:
    """What the supervisor asks before there is a session, and what a visit takes as given."""
    address = fake.caller.address
    if host_list(settings.proxy.hosts_proxy).holds_network(address):
        text = f"[{address}]: a proxy, of whom a PROXY header would be read"
        explain(Decision("hosts_proxy", text))
    for option, table, unit in (
        ("smtp_accept_max_per_host", settings.limits.smtp_accept_max_per_host, "connections"),
        ("message_size_limit", settings.session.message_size_limit, "octets"),
        ("queue_name", settings.queue.queue_name, "is its queue"),
    ):
        value = value_for(table, address)
        if value is not None:
            item = item_for(table, address)
            explain(Decision(option, f"[{address}]: {value} {unit}", item))


def hold_here(fake: Fake, settings: Settings) -> int:
    """With standard input, output and error."""

    def say(text: str) -> None:
        sys.stderr.write(f"{text}\n")
        sys.stderr.flush()

    places = places_in(settings)
    source, sink = sys.stdin.buffer, sys.stdout.buffer
    return hold(fake, settings, places, source=source, sink=sink, say=say)
