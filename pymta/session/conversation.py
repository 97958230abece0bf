"""The dialogue: events from the protocol to the command modules, their answers to the client.

Replies are collected while complete commands are at hand and written together before the next
wait, so a pipelining client gets one packet for its group.  Nobody waits without a deadline: a
command has `smtp_receive_timeout` as a whole, however slowly its octets come, and a message must
keep moving too (`_data_deadline`).

Touches: sockets, disk, clock.
"""

from __future__ import annotations

import time

from pymta.journal import session_events as say
from pymta.mail.host_list import Answer as InList
from pymta.mail.reply import Reply
from pymta.session import data, farewell, greeting, hello, mail_from, rcpt_to, small, starttls
from pymta.session.answer import Answer
from pymta.session.caller import Caller
from pymta.session.chronicle import Chronicle
from pymta.session.closedown import close_down
from pymta.session.farewell import Farewell, Underway
from pymta.session.hand_on import hand_on
from pymta.session.pace import Enough, Pace, quotable
from pymta.session.stream import Stop, Stream
from pymta.session.transaction import Transaction
from pymta.session.turn import line_out_of_turn
from pymta.session.visit import Visit
from pymta.session.watch import Watch
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
        self._caller = Caller(visit.address, visit.settings, world.dns, world.hosts, world.is_ours)
        self._pace = Pace(visit.settings.session, self._is_counted)
        self._chronicle = Chronicle(visit, world.tell)
        self._watch = Watch(world.debug, visit, self._pace.quote)
        self._reception: data.Reception | None = None
        self._replies = bytearray()
        self._has_refused = False  # the last command was a MAIL or RCPT that failed
        self._waiting_since = time.monotonic()
        self._received = 0  # octets of the message under way that still count
        self._is_swallowing = False  # it was refused and goes on coming
        self._has_quit = False
        self._is_sent_away = False  # with a reply that its next command may cross
        self.has_ended_well = False  # by QUIT, the end of the input, or a time-out in a command

    def run(self) -> int:
        """From the first question to the last reply; gives the exit status of SS-03."""
        refused = greeting.begin(self._visit, self._stream, self._caller, self._world)
        if refused is not None:
            self._chronicle.was_refused = True
            return self._end(refused)
        self._watch.ready()
        self._server.needs_hello = self._visit.needs_hello
        self._waiting_since = time.monotonic()
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
        self._chronicle.end()
        self._stream.drain(linger=self._has_quit or self._is_sent_away)

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
        self._is_sent_away = stop in {Stop.DRAINING, Stop.TERMINATED}
        self.has_ended_well = stop is Stop.CLOSED or (stop is Stop.TIMED_OUT and idle)
        seconds = self._chronicle.seconds
        message = self._underway()
        match stop:
            case Stop.CLOSED:
                self._give_up_transaction("connection lost")
                has_sender = self._has_sender
                error = self._stream.error
                return farewell.closed(
                    self._visit, message, seconds, has_sender=has_sender, error=error
                )
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
        if isinstance(event, BodyPart):
            return self._take(event)
        self._watch.heard(event)
        if self._server.has_pending:
            extended, enforced = self._visit.is_extended, self._visit.enforces_sync
            line = line_out_of_turn(event, is_pipelining=extended, is_enforced=enforced)
            if line is not None:
                return self._refuse_haste(line)
        match event:
            case Unknown(line):
                return self._refuse_unknown(line)
            case BadSyntax(why, line):
                return self._answer(Answer(Reply(501, why, "5.5.2"), is_fault=True), line)
            case Misplaced(command, why):
                return self._refuse_misplaced(command, why)
            case Command():
                return self._obey(event)

    def _refuse_haste(self, line: bytes) -> int:
        """SS-04"""
        self._give_up_transaction("sync failure")
        following = quotable(self._server.pending(greeting.QUOTED))
        return self._end(farewell.hasty(self._visit, self._pace.quote(line), following))

    def _refuse_unknown(self, line: bytes) -> int | None:
        enough = self._pace.unknown_verb(line)
        if enough is not None:
            self._give_up_transaction("unrecognized command")
            return self._drop(enough)
        answer = Answer(Reply(500, "unrecognized command", "5.5.1"), is_fault=True)
        return self._answer(answer, line)

    def _refuse_misplaced(self, command: Command, why: str) -> int | None:
        """SS-05: what pipelining makes inevitable after a refusal is no fault of the client."""
        self._chronicle.heard(command.verb)
        is_inevitable = self._has_refused and command.verb in (Verb.RCPT, Verb.DATA)
        self._has_refused = is_inevitable
        answer = Answer(Reply(503, why, "5.5.1"), is_fault=not is_inevitable)
        return self._answer(answer, command.line)

    def _obey(self, command: Command) -> int | None:
        self._visit.has_pipelined |= self._server.has_pending
        enough = self._pace.command(command.verb)
        if enough is not None:
            self._give_up_transaction("too many non-mail commands")
            return self._drop(enough)
        self._chronicle.heard(command.verb)
        if command.verb in (Verb.RSET, Verb.QUIT):
            self._give_up_transaction(command.verb.name)
        answer = self._ask(command)
        if answer is starttls.GO_AHEAD:
            return self._start_tls()
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
                return mail_from.answer(self._visit, command, self._world)
            case Verb.RCPT:
                return rcpt_to.answer(self._visit, command, self._world)
            case Verb.DATA:
                return self._begin_message()
            case Verb.RSET:
                return small.RSET
            case Verb.NOOP:
                return small.NOOP
            case Verb.VRFY:
                return small.VRFY
            case Verb.STARTTLS:
                return starttls.answer(self._visit)
            case Verb.QUIT:
                return small.quit_answer(self._visit)

    def _succeed(self, verb: Verb) -> None:
        self._server.succeeded(verb)
        if verb in RESETS:
            self._visit.transaction = Transaction()

    def _start_tls(self) -> int | None:
        """What was said in clear is forgotten; a failure ends the session, and its process."""
        self._give_up_transaction("STARTTLS")
        self._answer(starttls.GO_AHEAD, b"")
        if self._flush() is not None:
            return self._end(farewell.unwritable(self._visit, self._stream.error))
        end = starttls.encrypt(self._visit, self._stream, self._chronicle)
        if end is not None:
            return self._end(end)
        self._server = Server()
        self._server.needs_hello = self._visit.needs_hello
        self._pace.has_started_tls()
        self._has_refused = False
        self._waiting_since = time.monotonic()
        return None

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
            self._watch.accepted(reception.id)
            hand_on(self._visit, self._world, reception.accepted)
        self._visit.transaction = Transaction()
        if stop is not None:
            return self._end(farewell.unwritable(self._visit, self._stream.error))
        self._watch.ready()
        return None

    def _hurry(self, reception: data.Reception) -> None:
        """After a refusal the client has one time-out for the rest: nobody sends into the void."""
        if reception.refusal is not None:
            if not self._is_swallowing:
                self._waiting_since = time.monotonic()
            self._is_swallowing = True
            self._received = 0

    # Replies and the end.

    @property
    def _has_sender(self) -> bool:
        return self._server.state in (State.MAIL, State.RCPT)

    def _give_up_transaction(self, cause: str) -> None:
        """It came to nothing; told here, forgotten where the state changes."""
        if self._has_sender:
            self._chronicle.incomplete(cause)

    def _answer(self, answer: Answer, line: bytes) -> int | None:
        for event in answer.events:
            self._chronicle.tell(event)
        if answer.is_fault:
            is_syntax = answer.reply.code != 503
            quoted = self._pace.quote(line)
            self._chronicle.fault(quoted, answer.reply.text, is_syntax=is_syntax)
            enough = self._pace.fault(answer.reply, quoted)
            if enough is not None:
                return self._drop(enough)
        self._say(answer.reply)
        return None

    def _say(self, reply: Reply) -> None:
        self._watch.said(reply)
        self._replies += reply.encode(with_enhanced=self._visit.is_extended)

    def _flush(self) -> Stop | None:
        if not self._replies:
            return None
        replies, self._replies = bytes(self._replies), bytearray()
        return self._stream.write(replies, time.monotonic() + self._timeout())

    def _drop(self, enough: Enough) -> int:
        self._chronicle.tell(say.dropped(self._visit.origin, enough.why))
        self._say(enough.reply)
        self._flush()
        return enough.status

    def _leave(self) -> int:
        self._has_quit = self.has_ended_well = self._flush() is None
        self._chronicle.closed_by_quit()
        return 0

    def _is_counted(self) -> bool:
        """SS-05; whoever cannot be found out about is counted like everybody."""
        hosts = self._visit.settings.session.smtp_accept_max_nonmail_hosts
        return self._caller.is_in(hosts) is not InList.NO

    def _end(self, end: Farewell) -> int:
        if end.event is not None:
            self._chronicle.tell(end.event)
        if end.reply is not None:
            self._say(end.reply)
            # Nobody waits for a client that is being left; what fits into the buffer goes.
            self._stream.write(bytes(self._replies), time.monotonic())
            if end.closes_down and not self._stream.is_mute:
                self._close_down(end.reply)
        return end.status

    def _close_down(self, reply: Reply) -> None:
        deadline = time.monotonic() + self._timeout()
        extended = self._visit.is_extended
        close_down(self._stream, reply, self._visit.host, deadline, with_enhanced=extended)
