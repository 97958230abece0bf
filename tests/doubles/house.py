"""A session to talk to: the real conversation in a thread, over a socket pair."""

from __future__ import annotations

import socket
import ssl
import threading
import traceback
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field, replace
from typing import Self

from pymta.accounts.account import Find, nobody
from pymta.channel.pair import End, make_pair
from pymta.channel.words import Drain, Etrn, HandOn, Named, Proxied, Short, Verdict
from pymta.config.roles import SMTP
from pymta.config.session import Session
from pymta.config.settings import Machine, Settings
from pymta.load.reading import NOTHING, Load, Room
from pymta.mail.caller import Endpoint, LocalCaller, plain_address
from pymta.policy.tables import tables_of
from pymta.resolver.reverse import Hosts
from pymta.sasl.exchange import BackEnd
from pymta.sasl.in_order import InOrder
from pymta.session.conversation import Conversation
from pymta.session.stop import Stop
from pymta.session.stream import Stream
from pymta.session.visit import Visit
from pymta.session.world import World
from pymta.tables.address_tables import NO_TABLES, AddressTables
from pymta.tls.certificates import Certificates
from tests.doubles.clients import MemoryClients
from tests.doubles.log import MemoryLog
from tests.doubles.memory_dns import MemoryDns
from tests.doubles.memory_spool import MemorySpool

HOST = "mx.example.org"
DATE = "Sun, 22 Nov 2026 15:58:06 +0000"
CONNECTION = "x1"  # the id of every connection
PATIENCE = 20  # seconds; a test that waits longer has failed


def usual_settings(**changes: object) -> Settings:
    """Settings of a configured server named HOST; options by name, whatever their group.

    It does not insist on its turn, so that a test may say everything in one piece.
    """
    settings = Settings(
        machine=Machine(is_configured=True), session=Session(smtp_enforce_sync=False)
    )
    settings = replace(settings, routing=replace(settings.routing, primary_hostname=HOST))
    for name, value in changes.items():
        for group in (
            "session",
            "auth",
            "login",
            "submission",
            "immediate",
            "routing",
            "rewriting",
            "limits",
            "queue",
            "machine",
            "journal",
            "policy",
            "tls",
            "proxy",
            "sendmail",
        ):
            part = getattr(settings, group)
            if hasattr(part, name):
                settings = replace(settings, **{group: replace(part, **{name: value})})
    return settings


@dataclass
class House:
    """The server's side: what it has stored, told the log, handed on, and had to put off."""

    settings: Settings = field(default_factory=usual_settings)
    spool: MemorySpool = field(default_factory=MemorySpool)
    log: MemoryLog = field(default_factory=MemoryLog)
    handed_on: list[HandOn] = field(default_factory=list)
    dns: MemoryDns = field(default_factory=MemoryDns)
    ask_ident: Callable[[Endpoint, Endpoint, float], str] = lambda *_: ""
    others: int = 0
    role: str = SMTP
    tls: Certificates | None = None  # with it, TLS begins before the greeting
    starttls: Certificates | None = None  # with it, whoever wants to may begin it
    put_off: list[Short] = field(default_factory=list)
    runs: list[Etrn] = field(default_factory=list)
    load: Load = NOTHING
    log_room: Room | None = None
    find: Find = nobody
    address_tables: AddressTables = NO_TABLES
    back_end: BackEnd = field(default_factory=InOrder)
    clients: MemoryClients = field(default_factory=MemoryClients)
    name_of: Callable[[int], str] = str
    trusts: bool = True  # a user of this machine may send as anybody
    is_proxied: bool = False  # whoever calls is a proxy
    judge: Callable[[Proxied | Named], Verdict | Stop] = lambda _: Verdict()

    def call(
        self,
        caller: str = "192.0.2.7",
        local: str = "198.51.100.1",
        pair: tuple[socket.socket, socket.socket] | None = None,
        early: bytes = b"",
    ) -> Guest:
        """A new connection; `pair` are the client's and the server's end of one made elsewhere.

        `early` is what the client has said before anybody listens.
        """
        ends = Endpoint(plain_address(caller), 40112), Endpoint(plain_address(local), 25)
        ours, theirs = pair or socket.socketpair()
        ours.sendall(early)
        return Guest(self, ours, theirs, *ends)

    def call_from_here(self, uid: int = 1000) -> Guest:
        """One of a user of this machine."""
        return Guest(self, *socket.socketpair(), LocalCaller(uid, uid, 4711), None)


class Guest:
    """The client's side of one connection, and its session in a thread."""

    def __init__(
        self,
        house: House,
        sock: socket.socket,
        theirs: socket.socket,
        caller: Endpoint | LocalCaller,
        local: Endpoint | None,
    ) -> None:
        self.sock = sock
        self._theirs = theirs
        self.sock.settimeout(PATIENCE)
        self._file = self.sock.makefile("rb")
        self.supervisor, channel = make_pair()
        self._alarm, bell = socket.socketpair()
        world = World(
            spool=house.spool,
            tell=house.log.write,
            hand_on=house.handed_on.append,
            put_off=house.put_off.append,
            ask_run=house.runs.append,
            judge=house.judge,
            read_load=lambda: house.load,
            log_room=lambda: house.log_room,
            find=house.find,
            address_tables=house.address_tables,
            back_end=house.back_end,
            clients=house.clients,
            dns=house.dns,
            hosts=lambda: Hosts("127.0.0.1 localhost"),
            is_ours=lambda address: local is not None and address == local.address,
            name_of=house.name_of,
            tables=tables_of(house.settings),
            ask_ident=house.ask_ident,
            now=lambda: 1.7e9,
            date=lambda _: DATE,
        )
        visit = Visit(
            *(house.settings, caller, local, house.others, house.load, CONNECTION), role=house.role
        )
        visit.starts_tls = house.tls is not None
        visit.is_trusted_user = house.trusts
        visit.is_proxied = house.is_proxied
        certificates = house.tls or house.starttls
        layer = certificates.layer if certificates else None
        stream = Stream(*(theirs, channel, bell), new_layer=layer, starts_tls=visit.starts_tls)
        self._conversation = Conversation(visit, stream, world)
        self._ends: tuple[socket.socket | End, ...] = (bell, channel)
        self._status: int | None = None
        self._thread = threading.Thread(target=self._live, daemon=True)
        self._thread.start()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.hang_up()
        self.status()
        self._alarm.close()
        self.supervisor.close()
        for end in self._ends:
            end.close()

    @property
    def has_ended_well(self) -> bool:
        """May its process take another connection?"""
        return self._conversation.has_ended_well

    def start_tls(self, context: ssl.SSLContext, sni: str = "") -> None:
        """The handshake; what is said from here on is encrypted."""
        self._file.close()
        self.sock = context.wrap_socket(
            self.sock, suppress_ragged_eofs=False, server_hostname=sni or None
        )
        self._file = self.sock.makefile("rb")

    def say(self, *lines: str) -> None:
        """Send lines in one piece, each with its CRLF."""
        self.send("".join(f"{line}\r\n" for line in lines).encode())

    def send(self, data: bytes) -> None:
        self.sock.sendall(data)

    def hear(self) -> str:
        """One whole reply, its lines joined with a newline; "" at end of file."""
        lines = []
        while True:
            line = self.hear_line()
            lines.append(line)
            if line[3:4] != "-":
                return "\n".join(lines)

    def hear_line(self) -> str:
        return self._file.readline().decode("ascii").removesuffix("\r\n")

    def ask(self, *lines: str) -> list[str]:
        """Send lines in one piece; one reply for each."""
        self.say(*lines)
        return [self.hear() for _ in lines]

    def hear_all(self) -> str:
        """Everything up to end of file."""
        return self._file.read().decode("ascii")

    def drain(self) -> None:
        assert self.supervisor.say(Drain())

    def terminate(self) -> None:
        """What SIGTERM leaves behind."""
        self._alarm.send(b"\x0f")

    def hang_up(self) -> None:
        with suppress(OSError):  # the other side may have gone first
            self.sock.shutdown(socket.SHUT_RDWR)
        self._file.close()
        self.sock.close()

    def status(self) -> int:
        """The exit status, once the session has ended."""
        self._thread.join(PATIENCE)
        assert self._status is not None, "the session did not end"
        return self._status

    def _live(self) -> None:
        try:
            try:
                self._status = self._conversation.run()
            except RuntimeError:  # "crash" of a double; as `pymta.session.main` does
                self._status = self._conversation.fail(traceback.format_exc())
        finally:
            self._conversation.part()
            self._theirs.close()
