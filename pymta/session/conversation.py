"""The dialogue: events from the protocol to the command modules, their answers to the client.

Replies are collected while complete commands are at hand and written together before the next
wait, so a pipelining client gets one packet for its group.  Nobody waits without a deadline: a
command has `smtp_receive_timeout` as a whole, however slowly its octets come, and a message must
keep moving too (`_data_deadline`).

Touches: sockets, disk, clock.
"""

from __future__ import annotations

import time

from pymta.journal.session_events import dropped
from pymta.mail.reply import Reply
from pymta.session import data, farewell, hello, mail_from, rcpt_to, small
from pymta.session.answer import Answer
from pymta.session.farewell import Farewell, Underway
from pymta.session.hand_on import hand_on
from pymta.session.pace import Enough, Pace
from pymta.session.stream import Stop, Stream
from pymta.session.transaction import Transaction
from pymta.session.visit import Visit
from pymta.session.world import World
from pymta.smtp.command import BadSyntax, Command, Unknown, Verb
from pymta.smtp.server import BodyPart, Event, Misplaced, Server
from pymta.smtp.states import RESETS, State

# A message may be slow, but not for ever: it gains a second per this many octets.  Slower than any
# line in use, far above what somebody would send who only wants to hold a slot.
_OCTETS_PER_SECOND = 100


class Conversation:
    """One session: `run`, when that raises `fail`, and `part` in any case."""

    def __init__(self, visit: Visit, stream: Stream, world: World) -> None:
        self._visit = visit
        self._stream = stream
        self._world = world
        self._server = Server()
        self._pace = Pace(visit.settings.session)
        self._reception: data.Reception | None = None
        self._replies = bytearray()
        self._has_refused = False  # the last command was a MAIL or RCPT that failed
        self._began = time.monotonic()
        self._waiting_since = self._began
        self._received = 0  # octets of the message under way that still count
        self._is_swallowing = False  # it was refused and goes on coming
        self._has_quit = False
        self.has_ended_well = False  # by QUIT, the end of the input, or a time-out in a command

    def run(self) -> int:
        """From the banner to the last reply; gives the exit status of SS-03."""
        self._say(hello.banner(self._visit, self._world.date(self._world.now())))
        while True:
            event = self._server.next_event()
            status = self._listen() if event is None else self._handle(event)
            if status is not None:
                return status

    def fail(self, trace: str) -> int:
        """CL-03: our own fault; the client hears that it is not its own."""
        return self._end(farewell.failed(self._visit, self._underway(), trace))

    def part(self) -> None:
        """Nothing of a message that was not accepted remains, and nothing is left unread."""
        if self._reception is not None:
            self._reception.abandon()
        self._stream.drain(linger=self._has_quit)

    # Waiting for the client.

    def _listen(self) -> int | None:
        """Flush, then read once.  A number is the exit status."""
        if self._flush() is not None:
            return self._end(farewell.unwritable(self._visit, self._stream.error))
        if self._reception is None:
            got = self._stream.read(self._command_deadline(), at_command=True)
        else:
            got = self._stream.read(self._data_deadline(), at_command=False)
        if isinstance(got, Stop):
            return self._end(self._why(got))
        self._received += len(got)
        self._server.receive(got)
        return None

    def _timeout(self) -> float:
        return self._visit.settings.session.smtp_receive_timeout or float("inf")

    def _command_deadline(self) -> float:
        return self._waiting_since + self._timeout()

    def _data_deadline(self) -> float:
        """No read may take longer than the time-out, nor the whole longer than its size allows."""
        whole = self._waiting_since + self._timeout() + self._received / _OCTETS_PER_SECOND
        return min(time.monotonic() + self._timeout(), whole)

    def _why(self, stop: Stop) -> Farewell:
        idle = self._reception is None
        self.has_ended_well = stop is Stop.CLOSED or (stop is Stop.TIMED_OUT and idle)
        seconds = time.monotonic() - self._began
        message = self._underway()
        match stop:
            case Stop.CLOSED:
                has_sender = self._server.state in (State.MAIL, State.RCPT)
                error = self._stream.error
                return farewell.closed(self._visit, message, has_sender=has_sender, error=error)
            case Stop.TIMED_OUT if self._reception and self._reception.refusal:
                refusal = self._reception.refusal
                return Farewell(refusal.reply, refusal.event, 1)
            case Stop.TIMED_OUT:
                return farewell.timed_out(self._visit, message, seconds)
            case Stop.TERMINATED:
                return farewell.terminated(self._visit, message, seconds)
            case Stop.DRAINING:
                return farewell.draining(self._visit, seconds)

    def _underway(self) -> Underway | None:
        if self._reception is None:
            return None
        return Underway(self._reception.id, self._reception.sender)

    # One event.

    def _handle(self, event: Event) -> int | None:
        if self._reception is None or (isinstance(event, BodyPart) and event.is_last):
            self._waiting_since = time.monotonic()
        match event:
            case BodyPart():
                return self._take(event)
            case Unknown(line):
                return self._refuse_unknown(line)
            case BadSyntax(why, line):
                return self._answer(Answer(Reply(501, why, "5.5.2"), is_fault=True), line)
            case Misplaced(command, why):
                return self._refuse_misplaced(command, why)
            case Command():
                return self._obey(event)

    def _refuse_unknown(self, line: bytes) -> int | None:
        enough = self._pace.unknown_verb(line)
        if enough is not None:
            return self._drop(enough)
        answer = Answer(Reply(500, "unrecognized command", "5.5.1"), is_fault=True)
        return self._answer(answer, line)

    def _refuse_misplaced(self, command: Command, why: str) -> int | None:
        """SS-05: what pipelining makes inevitable after a refusal is no fault of the client."""
        is_inevitable = self._has_refused and command.verb in (Verb.RCPT, Verb.DATA)
        self._has_refused = is_inevitable
        answer = Answer(Reply(503, why, "5.5.1"), is_fault=not is_inevitable)
        return self._answer(answer, command.line)

    def _obey(self, command: Command) -> int | None:
        enough = self._pace.command(command.verb)
        if enough is not None:
            return self._drop(enough)
        answer = self._ask(command)
        if answer.reply.code < 400:
            self._succeed(command.verb)
        self._has_refused = answer.reply.code >= 400 and command.verb in (Verb.MAIL, Verb.RCPT)
        status = self._answer(answer, command.line)
        return self._leave() if command.verb is Verb.QUIT else status

    def _ask(self, command: Command) -> Answer:
        match command.verb:
            case Verb.EHLO | Verb.HELO:
                return hello.answer(self._visit, command)
            case Verb.MAIL:
                return mail_from.answer(self._visit, command)
            case Verb.RCPT:
                return rcpt_to.answer(self._visit, command)
            case Verb.DATA:
                return self._begin_message()
            case Verb.RSET:
                return small.RSET
            case Verb.NOOP:
                return small.NOOP
            case Verb.VRFY:
                return small.VRFY
            case Verb.QUIT:
                return small.quit_answer(self._visit)

    def _succeed(self, verb: Verb) -> None:
        self._server.succeeded(verb)
        if verb in RESETS:
            self._visit.transaction = Transaction()

    # The message.

    def _begin_message(self) -> Answer:
        begun = data.begin(self._visit, self._world)
        if isinstance(begun, Answer):
            return begun
        self._reception = begun
        self._received = 0
        self._is_swallowing = False
        return Answer(data.GO_AHEAD)

    def _take(self, part: BodyPart) -> int | None:
        reception = self._reception
        assert reception is not None
        answer = reception.take(part)
        if answer is None:
            self._hurry(reception)
            return None
        self._reception = None
        self._answer(answer, b"")
        self._pace.next_message()
        # ID-07: the reply first.  When it cannot be written the message is ours all the same; the
        # client may send it again, and losing it would be worse.
        stop = self._flush()
        if reception.accepted is not None:
            hand_on(self._visit, self._world, reception.accepted)
        self._visit.transaction = Transaction()
        if stop is not None:
            return self._end(farewell.unwritable(self._visit, self._stream.error))
        return None

    def _hurry(self, reception: data.Reception) -> None:
        """After a refusal the client has one time-out for the rest: nobody sends into the void."""
        if reception.refusal is not None:
            if not self._is_swallowing:
                self._waiting_since = time.monotonic()
            self._is_swallowing = True
            self._received = 0

    # Replies and the end.

    def _answer(self, answer: Answer, line: bytes) -> int | None:
        for event in answer.events:
            self._world.tell(event)
        enough = self._pace.fault(answer.reply, line) if answer.is_fault else None
        if enough is not None:
            return self._drop(enough)
        self._say(answer.reply)
        return None

    def _say(self, reply: Reply) -> None:
        self._replies += reply.encode(with_enhanced=self._visit.is_extended)

    def _flush(self) -> Stop | None:
        if not self._replies:
            return None
        replies, self._replies = bytes(self._replies), bytearray()
        return self._stream.write(replies, time.monotonic() + self._timeout())

    def _drop(self, enough: Enough) -> int:
        self._world.tell(dropped(self._visit.origin, enough.why))
        self._say(enough.reply)
        self._flush()
        return enough.status

    def _leave(self) -> int:
        self._has_quit = self.has_ended_well = self._flush() is None
        return 0

    def _end(self, end: Farewell) -> int:
        if end.event is not None:
            self._world.tell(end.event)
        if end.reply is not None:
            self._say(end.reply)
            # Nobody waits for a client that is being left; what fits into the buffer goes.
            self._stream.write(bytes(self._replies), time.monotonic())
        return end.status
