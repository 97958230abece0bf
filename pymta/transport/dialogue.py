"""Lead the client's dialogue with one host over a socket: write, wait, believe nothing too long.

Every write and every read has a deadline, and the session as a whole has a budget, so that a host
that sends one octet a minute cannot hold us.  The wait for the answer to the final dot is outside
of the budget: who gives up there delivers the message twice (RFC 5321 s4.5.3.2.6).

A host that answers EHLO with our own name is ourselves or misconfigured.  It is passed over like
one that does not answer, which is no failure of the message: two machines with one name are an
accident of installation, and mail must outlast those.  Only where the DNS makes us the best host
of a domain (`pymta.routing.mx`) is a loop certain, and final; Postfix draws the line there too.

Touches: sockets, clock.
"""

from __future__ import annotations

import errno
import os
import select
import socket
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field

from pymta.config.transport import Transport
from pymta.mail.caller import Endpoint, LocalSocket, endpoint
from pymta.mail.host import Host
from pymta.smtp.chunks import ChunkWriter
from pymta.smtp.client import ClientDialogue
from pymta.smtp.client_words import Finished, NeedReply, SendBody, SendBytes, Wait
from pymta.smtp.stuffing import DotStuffer
from pymta.spool.store import SpoolError
from pymta.transport.classify import CLOSED, Connection, Later, from_error
from pymta.transport.connect import connect, connect_here
from pymta.transport.parcel import Parcel
from pymta.transport.remote import Heard

READ = 16_384  # octets at once; replies are short
BASE_BUDGET = 1800.0  # seconds for greeting and commands
SLOWEST = 4096  # octets per second that the budget allows for the message

Clock = Callable[[], float]


@dataclass(frozen=True, slots=True)
class Caller:
    """Calls hosts and talks to them; its `talk` and `talk_lmtp` are what `remote.deliver` wants.

    `clock` is monotonic, in seconds.
    """

    settings: Transport
    hostname: str
    clock: Clock = time.monotonic

    def talk(self, host: Host, parcel: Parcel) -> Heard | Later:
        try:
            sock = connect(host, self.settings.connect_timeout)
        except OSError as error:
            return from_error(error, host)
        return self._converse(sock, parcel)

    def talk_lmtp(self, server: Host | LocalSocket, parcel: Parcel) -> Heard | Later:
        """The same in LMTP (RFC 2033)."""
        try:
            if isinstance(server, Host):
                sock = connect(server, self.settings.connect_timeout)
            else:
                sock = connect_here(server, self.settings.connect_timeout)
        except OSError as error:
            return from_error(error, server if isinstance(server, Host) else None, str(server))
        return self._converse(sock, parcel, is_lmtp=True)

    def _converse(self, sock: socket.socket, parcel: Parcel, *, is_lmtp: bool = False) -> Heard:
        with sock:
            sock.setblocking(False)
            deadline = self.clock() + BASE_BUDGET + parcel.size / SLOWEST
            wire = Wire(sock, self.clock, deadline)
            local = endpoint(sock.getsockname()) if sock.family != socket.AF_UNIX else None
            return _Conversation(
                wire, local, parcel, self.settings, self.hostname, is_lmtp=is_lmtp
            ).hold()


@dataclass(frozen=True, slots=True)
class Wire:
    """A non-blocking socket whose writes and reads end in time, by TimeoutError."""

    sock: socket.socket
    clock: Clock
    deadline: float

    def write(self, data: bytes, patience: float) -> None:
        """All of it; each piece that the kernel takes renews `patience`, in seconds."""
        rest = memoryview(data)
        while rest:
            self._wait(select.POLLOUT, min(self.clock() + patience, self.deadline))
            with suppress(BlockingIOError):
                rest = rest[self.sock.send(rest, socket.MSG_NOSIGNAL) :]

    def read(self, patience: float) -> bytes:
        """At least one octet, or b"" at the end of the stream."""
        return self.read_until(min(self.clock() + patience, self.deadline))

    def read_until(self, deadline: float) -> bytes:
        while True:
            self._wait(select.POLLIN, deadline)
            with suppress(BlockingIOError):
                return self.sock.recv(READ)

    def read_what_is_there(self) -> bytes:
        with suppress(OSError):
            return self.sock.recv(READ)
        return b""

    def _wait(self, event: int, deadline: float) -> None:
        poll = select.poll()
        poll.register(self.sock, event)
        left = deadline - self.clock()
        if left <= 0 or not poll.poll(left * 1000):
            raise TimeoutError(errno.ETIMEDOUT, os.strerror(errno.ETIMEDOUT))


@dataclass(slots=True)
class _Conversation:
    wire: Wire
    local: Endpoint | None
    parcel: Parcel
    timeouts: Transport
    hostname: str
    is_lmtp: bool = False
    dialogue: ClientDialogue = field(init=False)
    number: int = 0
    error: str = ""
    final_deadline: float = 0.0  # set when the dot has gone out

    def __post_init__(self) -> None:
        parcel = self.parcel
        self.dialogue = ClientDialogue(
            self.hostname,
            parcel.sender,
            parcel.recipients,
            size=parcel.size,
            eight_bit=parcel.eight_bit,
            is_binary=parcel.is_binary,
            wishes=parcel.wishes,
            is_lmtp=self.is_lmtp,
        )

    def hold(self) -> Heard:
        while True:
            action = self.dialogue.next_action()
            if isinstance(action, Finished):
                self._say_farewell(action.farewell)
                return Heard(action.results, self.number, self.error, self._connection())
            try:
                self._do(action)
            except OSError as error:
                self._lost(error)

    def _connection(self) -> Connection:
        greeted, has_pipelined = self.dialogue.greeted, self.dialogue.has_pipelined
        return Connection(self.local, greeted, has_pipelined)

    def _do(self, action: SendBytes | NeedReply | SendBody) -> None:
        match action:
            case SendBytes(data):
                self.wire.write(data, self.timeouts.command_timeout)
            case NeedReply(wait):
                self._hear(self._read(wait))
            case SendBody(is_chunk):
                self._send_body(ChunkWriter(self.parcel.size) if is_chunk else DotStuffer())

    def _read(self, wait: Wait) -> bytes:
        if wait is not Wait.FINAL:
            return self.wire.read(self.timeouts.command_timeout)
        self.final_deadline = self.final_deadline or (
            self.wire.clock() + self.timeouts.final_timeout
        )
        return self.wire.read_until(self.final_deadline)

    def _hear(self, data: bytes) -> None:
        if not data:
            self.number = CLOSED
        self.dialogue.receive(data)

    def _send_body(self, stuffer: DotStuffer | ChunkWriter) -> None:
        """Once the dot is out there is no way back; until then the message is not sent."""
        try:
            for block in self.parcel.content():
                self._write_body(stuffer.feed(block))
                if self._is_over():
                    return
            is_mine = self.parcel.is_mine()
        except SpoolError as error:
            self._lost(error)
            return
        if is_mine:
            self._write_body(stuffer.finish())
        else:
            self.dialogue.lost("message was taken over by another process")

    def _write_body(self, data: bytes) -> None:
        try:
            self.wire.write(data, self.timeouts.data_timeout)
        except OSError as error:
            self._hear_last_words()
            self._lost(error)

    def _is_over(self) -> bool:
        return self.number != 0

    def _hear_last_words(self) -> None:
        """A host that hangs up in the middle of the message may have said why."""
        said = self.wire.read_what_is_there()
        if said[:1] in {b"4", b"5"}:  # a 2xx cannot be true: the message has not ended
            self.dialogue.receive(said)

    def _lost(self, error: OSError) -> None:
        self.number, self.error = error.errno or 0, error.strerror or str(error)
        self.dialogue.lost(self.error)

    def _say_farewell(self, farewell: bytes) -> None:
        with suppress(OSError):
            self.wire.sock.send(farewell, socket.MSG_NOSIGNAL | socket.MSG_DONTWAIT)
