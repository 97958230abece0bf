"""One message to a host that waits for one: write, wait, believe nothing too long.

Every write and every read has a deadline, and the message as a whole has a budget, so that a host
that sends one octet a minute cannot hold us.  The wait for the answer to the final dot is outside
of the budget: who gives up there delivers the message twice (RFC 5321 s4.5.3.2.6).

Touches: sockets, clock.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace

from pymta.config.transport import Transport
from pymta.smtp.chunks import ChunkWriter
from pymta.smtp.client import Transaction
from pymta.smtp.client_words import (
    After,
    Finished,
    NeedReply,
    Refused,
    Result,
    SendBody,
    SendBytes,
    Stage,
    StartTls,
    Unheard,
)
from pymta.smtp.stuffing import DotStuffer
from pymta.spool.store import SpoolError
from pymta.transport.classify import CLOSED, Connection
from pymta.transport.downgrade import UnfitError, fit
from pymta.transport.opened import Opened
from pymta.transport.parcel import Parcel
from pymta.transport.remote import Heard

BASE_BUDGET = 1800.0  # seconds for greeting and commands
HELD = 64 * 1024  # octets of a message that wait for the rest of it at most
SLOWEST = 4096  # octets per second that the budget allows for the message


def send(
    opened: Opened, parcel: Parcel, timeouts: Transport, *, is_lmtp: bool = False
) -> tuple[Heard, After]:
    """What the host said of each recipient, and what can be done with the connection now."""
    fitted = parcel
    if timeouts.mime_output_conversion:
        try:
            fitted = fit(parcel, opened.offers.words)
        except UnfitError as unfit:
            return _unsent(opened, parcel, Refused(unfit.reply, Stage.MAIL, ""))
        except SpoolError as error:
            number, why = error.errno or 0, error.strerror or str(error)
            return _unsent(opened, parcel, Unheard(why, Stage.BODY, Stage.BODY.value), number, why)
    wire = opened.wire
    wire.deadline = wire.clock() + BASE_BUDGET + fitted.size / SLOWEST
    converted = "" if fitted is parcel else "8bit" if fitted.eight_bit else "7bit"
    return _Conversation(opened, fitted, timeouts, is_lmtp, converted).hold()


def _unsent(
    opened: Opened, parcel: Parcel, result: Result, number: int = 0, error: str = ""
) -> tuple[Heard, After]:
    """Nothing was said to the host."""
    after = After.RESET if opened.is_to_reset else After.ANOTHER
    return Heard((result,) * len(parcel.recipients), number, error, opened.connection), after


@dataclass(slots=True)
class _Conversation:
    opened: Opened
    parcel: Parcel
    timeouts: Transport
    is_lmtp: bool
    converted: str
    transaction: Transaction = field(init=False)
    number: int = 0
    error: str = ""
    is_lost: bool = False  # nothing more may be written; there need not be a number that says why
    final_deadline: float = 0.0  # set when the dot has gone out

    def __post_init__(self) -> None:
        parcel = self.parcel
        self.transaction = Transaction(
            self.opened.offers,
            self.opened.replies,
            parcel.sender_of_ours or parcel.sender,
            parcel.recipients,
            size=parcel.size,
            eight_bit=parcel.eight_bit,
            is_binary=parcel.is_binary,
            wishes=parcel.wishes,
            is_lmtp=self.is_lmtp,
            reset=self.opened.is_to_reset,
        )

    def hold(self) -> tuple[Heard, After]:
        while True:
            action = self.transaction.next_action()
            if isinstance(action, Finished):
                connection = self._connection()
                return Heard(action.results, self.number, self.error, connection), action.after
            try:
                self._do(action)
            except OSError as error:
                self._lost(error)

    def _connection(self) -> Connection:
        """As it was for this message, and mostly is for the next one."""
        opened, has_pipelined = self.opened, self.transaction.has_pipelined
        known = opened.connection
        if (known.has_pipelined, known.converted) != (has_pipelined, self.converted):
            opened.connection = replace(
                known, has_pipelined=has_pipelined, converted=self.converted
            )
        return opened.connection

    def _do(self, action: SendBytes | NeedReply | StartTls | SendBody) -> None:
        match action:
            case SendBytes(data):
                self.opened.wire.write(data, self.timeouts.command_timeout)
            case NeedReply(is_final):
                self._hear(self._read(is_final=is_final))
            case SendBody(is_chunk):
                self._send_body(ChunkWriter(self.parcel.size) if is_chunk else DotStuffer())

    def _read(self, *, is_final: bool) -> bytes:
        wire = self.opened.wire
        if not is_final:
            return wire.read(self.timeouts.command_timeout)
        self.final_deadline = self.final_deadline or (wire.clock() + self.timeouts.final_timeout)
        return wire.read_until(self.final_deadline)

    def _hear(self, data: bytes) -> None:
        if not data:
            self.number = CLOSED
        self.transaction.receive(data)

    def _send_body(self, stuffer: DotStuffer | ChunkWriter) -> None:
        """Once the dot is out there is no way back; until then the message is not sent.

        What is small goes out with what follows it: a usual message in one write with its dot.
        """
        held = b""
        try:
            for block in self.parcel.content():
                held += stuffer.feed(block)
                if len(held) >= HELD:
                    self._write_body(held)
                    held = b""
                if self.is_lost:
                    return
            is_mine = self.parcel.is_mine()
        except SpoolError as error:
            self._lost(error)
            return
        if is_mine:
            self._write_body(held + stuffer.finish())
        else:
            self.transaction.lost("message was taken over by another process")

    def _write_body(self, data: bytes) -> None:
        try:
            self.opened.wire.write(data, self.timeouts.data_timeout)
        except OSError as error:
            self._hear_last_words()
            self._lost(error)

    def _hear_last_words(self) -> None:
        """A host that hangs up in the middle of the message may have said why."""
        said = self.opened.wire.read_what_is_there()
        if said[:1] in {b"4", b"5"}:  # a 2xx cannot be true: the message has not ended
            self.transaction.receive(said)

    def _lost(self, error: OSError) -> None:
        self.is_lost = True
        self.number, self.error = error.errno or 0, error.strerror or str(error)
        self.transaction.lost(self.error)
