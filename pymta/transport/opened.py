"""A connection to a host, from the first octet until it waits for a message.

Where TLS is only wanted if it can be had, and the handshake fails, the host is called again and
spoken to in clear, which a line in the log says: a certificate or a version that nobody can use
must not keep mail from those who never asked for TLS (RFC 7435 s3).

Touches: sockets, clock, randomness, OpenSSL.
"""

from __future__ import annotations

import secrets
import socket
from collections.abc import Callable
from dataclasses import field, replace
from typing import NamedTuple

from pymta.config.transport import Transport
from pymta.dataclass import dataclass
from pymta.journal import remote_events
from pymta.journal.event import Event
from pymta.mail.caller import Endpoint, LocalSocket, endpoint
from pymta.mail.host import Host
from pymta.sasl.client import ClientLogin
from pymta.smtp.client_hello import Hello, Starttls
from pymta.smtp.client_words import (
    NeedReply,
    NoService,
    Ready,
    Refused,
    SendBody,
    SendBytes,
    Stage,
    StartTls,
    Unheard,
)
from pymta.smtp.offers import Offers
from pymta.smtp.replies import ReplyReader
from pymta.tls.facts import Facts
from pymta.tls.trouble import TlsError
from pymta.transport.classify import CLOSED, Connection, Later, from_error
from pymta.transport.connect import connect, connect_here
from pymta.transport.own_certificate import read_own
from pymta.transport.password import password_of
from pymta.transport.terms import Terms
from pymta.transport.tls_need import CLEAR, Level
from pymta.transport.trust import SecondHandshakeError, Trust
from pymta.transport.wire import Clock, Wire

BUDGET = 1800.0  # seconds until it waits for a message
NONCE = 18  # octets of chance
QUIT = b"QUIT\r\n"


@dataclass(slots=True)
class Opened:
    """It waits for a message.  `sent` are those that it has had; `is_to_reset`: RSET goes first."""

    wire: Wire
    replies: ReplyReader
    offers: Offers
    connection: Connection
    sent: int = 0
    is_to_reset: bool = False
    idle_since: float = 0.0

    def quit(self) -> None:
        self.wire.say_and_go(QUIT)
        self.wire.close()


@dataclass(frozen=True, slots=True)
class Shut:
    """No message can be sent there now; `number` and `error` tell what broke it, if something.

    `anchors` are for another try, whose handshake trusts them.
    """

    result: Refused | Unheard
    number: int = 0
    error: str = ""
    connection: Connection | None = None
    anchors: tuple[bytes, ...] = ()


class _Secrets(NamedTuple):
    """A password, and a certificate with its key."""

    password: str = ""
    own: bytes = b""


NO_SECRETS = _Secrets()


@dataclass(frozen=True, slots=True)
class Opener:
    """`clock` is monotonic; `tell` writes a line."""

    settings: Transport
    hostname: str
    trust: Trust
    clock: Clock
    tell: Callable[[Event], None]

    def open(self, host: Host, terms: Terms, id: str) -> Opened | Shut | Later:
        """Later: there is no connection.  `id` is that of the message it is for."""
        try:
            password = password_of(terms.login) if terms.login else ""
        except ValueError as error:
            assert terms.login
            why = f"no password for {terms.login.name}: {error}"
            return Shut(Unheard(why, Stage.AUTH, "AUTH"))
        try:
            own = read_own(terms.own) if terms.own else b""
        except ValueError as error:
            why = f"no certificate of ours for it: {error}"
            return Shut(Unheard(why, Stage.HANDSHAKE, "STARTTLS"))
        return self._open(host, terms, id, _Secrets(password, own))

    def _open(self, host: Host, terms: Terms, id: str, secrets: _Secrets) -> Opened | Shut | Later:
        found = self._call(host, terms, secrets)
        if isinstance(found, Shut) and found.anchors:
            return self._call(host, terms, secrets, anchors=found.anchors)
        if not isinstance(found, Shut) or terms.need.level is not Level.MAY or terms.tls_on_connect:
            return found
        if found.result.stage is not Stage.HANDSHAKE or not isinstance(found.result, Unheard):
            return found
        self.tell(remote_events.tls_given_up(id, host, found.error or found.result.why))
        return self._call(host, replace(terms, need=CLEAR), secrets)

    def open_lmtp(self, server: Host | LocalSocket) -> Opened | Shut | Later:
        """The same in LMTP (RFC 2033), in clear: it is of our own house."""
        return self._call(server, Terms(CLEAR), is_lmtp=True)

    def _call(
        self,
        server: Host | LocalSocket,
        terms: Terms,
        secrets: _Secrets = NO_SECRETS,
        *,
        is_lmtp: bool = False,
        anchors: tuple[bytes, ...] = (),
    ) -> Opened | Shut | Later:
        host = server if isinstance(server, Host) else None
        try:
            sock = self._connect(server)
        except OSError as error:
            return from_error(error, host, "" if host and not is_lmtp else str(server))
        sock.setblocking(False)
        wire = Wire(sock, self.clock, self.clock() + BUDGET)
        local = endpoint(sock.getsockname()) if host else None
        greeting = _Greeting(wire, host, terms, self, local, is_lmtp, secrets, anchors)
        try:
            found = greeting.hold()
        except BaseException:
            wire.close()
            raise
        if isinstance(found, Shut):
            wire.close()
        return found

    def _connect(self, server: Host | LocalSocket) -> socket.socket:
        if isinstance(server, Host):
            return connect(server, self.settings.connect_timeout)
        return connect_here(server, self.settings.connect_timeout)


@dataclass(slots=True)
class _Greeting:
    """`host` and `local` are None for a socket of this machine."""

    wire: Wire
    host: Host | None
    terms: Terms
    opener: Opener
    local: Endpoint | None
    is_lmtp: bool
    secrets: _Secrets
    anchors: tuple[bytes, ...]
    found: tuple[bytes, ...] = ()  # anchors for another try
    replies: ReplyReader = field(default_factory=ReplyReader)
    facts: Facts | None = None
    number: int = 0
    error: str = ""
    hello: Hello = field(init=False)

    def __post_init__(self) -> None:
        need = self.terms.need
        self.hello = Hello(
            self.opener.hostname,
            self.replies,
            starttls=Starttls.AT_ONCE if self.terms.tls_on_connect else _STARTTLS[need.level],
            asks_requiretls=need.asks_requiretls,
            login=self._login(),
            is_lmtp=self.is_lmtp,
        )

    def _login(self) -> ClientLogin | None:
        login = self.terms.login
        if login is None:
            return None
        return ClientLogin(
            login.name,
            self.secrets.password,
            nonce=secrets.token_urlsafe(NONCE).encode(),
            binding=lambda: self.facts.end_point if self.facts else b"",
            mechanisms=login.mechanisms,
            may_go_in_clear=login.may_go_in_clear,
        )

    def hold(self) -> Opened | Shut:
        while True:
            action = self.hello.next_action()
            match action:
                case Ready(offers):
                    return Opened(self.wire, self.replies, offers, self._connection())
                case NoService(result, is_spoken_to):
                    if is_spoken_to:
                        self.wire.say_and_go(QUIT)
                    connection = self._connection()
                    return Shut(result, self.number, self.error, connection, self.found)
                case _:
                    self._try(action)

    def _connection(self) -> Connection:
        return Connection(
            self.local, self.hello.greeted, tls=self.facts, login=self.hello.mechanism
        )

    def _try(self, action: SendBytes | NeedReply | StartTls | SendBody) -> None:
        patience = self.opener.settings.command_timeout
        try:
            match action:
                case SendBytes(data):
                    self.wire.write(data, patience)
                case NeedReply():
                    self._hear(self.wire.read(patience))
                case StartTls():
                    self._secure(patience)
        except SecondHandshakeError as error:
            self.found = error.anchors
            self.hello.lost(str(error))
        except TlsError as error:
            self.hello.lost(str(error))
        except OSError as error:
            self.number, self.error = error.errno or 0, error.strerror or str(error)
            self.hello.lost(self.error)

    def _hear(self, data: bytes) -> None:
        if not data:
            self.number = CLOSED
        self.hello.receive(data)

    def _secure(self, patience: float) -> None:
        assert self.host  # nobody asks for TLS on a socket of this machine
        need = self.terms.need
        self.facts = self.opener.trust.secure(
            self.wire, self.host, need, patience, anchors=self.anchors, own=self.secrets.own
        )
        self.hello.secured()


_STARTTLS = {
    Level.NONE: Starttls.NEVER,
    Level.MAY: Starttls.IF_OFFERED,
    Level.MUST: Starttls.ALWAYS,
    Level.VERIFIED: Starttls.ALWAYS,
    Level.DANE: Starttls.ALWAYS,
}
