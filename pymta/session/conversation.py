"""The dialogue: events from the protocol to the command modules, their answers to the client.

What is heard comes from `ear`, what is said goes to `voice`.

Touches: sockets, disk, clock.
"""

from __future__ import annotations

from pymta.mail.host_list import Answer as InList
from pymta.mail.reply import Reply
from pymta.session import farewell, greeting, hello, login, policy, starttls, verbs, xclient
from pymta.session.answer import Answer
from pymta.session.caller import Caller
from pymta.session.chronicle import Chronicle
from pymta.session.data import GONE
from pymta.session.ear import Ear
from pymta.session.ending import Ending, underway
from pymta.session.farewell import Farewell
from pymta.session.incoming import GO_ON, Incoming
from pymta.session.login import Login
from pymta.session.pace import Enough, Pace, unreadable_chunk
from pymta.session.patience import Patience
from pymta.session.stop import Stop
from pymta.session.stream import Stream
from pymta.session.turn import line_out_of_turn
from pymta.session.visit import Visit
from pymta.session.voice import Voice
from pymta.session.watch import Watch
from pymta.session.world import World
from pymta.smtp.chunks import parse_chunk
from pymta.smtp.command import BadSyntax, Command, Unknown, Verb
from pymta.smtp.server import BodyPart, Event, LoginLine, Misplaced, Server
from pymta.smtp.states import RESETS, State

# After a refusal of these a client that pipelines says more that must be refused.
REFUSED = (Verb.MAIL, Verb.RCPT, Verb.BDAT)


class Conversation:
    """One session: `run`, when that raises `fail`, and `part` in any case."""

    def __init__(self, visit: Visit, stream: Stream, world: World) -> None:
        self._visit = visit
        self._stream = stream
        self._world = world
        self._server = Server()
        self._caller = Caller(
            *(visit.address, visit.settings, world.dns, world.hosts, world.is_ours),
            explain=world.explain,
        )
        policy.appoint(visit, self._caller, world)
        self._pace = Pace(visit.settings.session, self._is_counted, explain=world.explain)
        self._chronicle = Chronicle(visit, world.tell)
        self._watch = Watch(world.debug, visit, self._pace.quote)
        self._patience = Patience(visit.settings.session)
        self._voice = Voice(visit, stream, self._watch, self._patience)
        self._ear = Ear(stream, self._voice, self._patience)
        self._ending = Ending(visit, stream, self._voice, self._chronicle, self._patience)
        self._incoming = Incoming(visit, world, self._watch, self._patience, stream.has_gone)
        self._login = Login(visit, world.back_end, world.clients)
        self._has_refused = False  # the last command was a MAIL or RCPT that failed

    @property
    def has_ended_well(self) -> bool:
        """May its process take another connection?"""
        return self._ending.is_good

    def run(self) -> int:
        """From the first question to the last reply; gives the exit status of SS-03."""
        refused = greeting.begin(self._visit, self._stream, self._caller, self._world)
        if refused is not None:
            self._chronicle.was_refused = True
            return self._ending.end(refused)
        self._watch.ready()
        self._server.needs_hello = self._visit.needs_hello
        self._patience.begin()
        self._voice.say(hello.banner(self._visit, self._world.date(self._world.now())))
        while True:
            match self._ear.hear(self._server):
                case None:
                    return self._ending.unwritable()
                case Stop() as stop:
                    return self._stop(stop)
                case event:
                    status = self._handle(event)
            if status is not None:
                return status

    def fail(self, trace: str) -> int:
        """CL-03: our own fault; the client hears that it is not its own."""
        message = underway(self._incoming.reception)
        return self._ending.end(farewell.failed(self._visit, message, trace))

    def part(self) -> None:
        """Nothing of a message that was not accepted remains, and nothing is left unread."""
        self._incoming.abandon()
        self._login.end()
        self._ending.part()

    def _stop(self, stop: Stop) -> int:
        has_sender, reception = self._has_sender, self._incoming.reception
        if stop is Stop.CLOSED:
            self._give_up_transaction("connection lost")
        return self._ending.after(stop, reception, has_sender=has_sender)

    def _handle(self, event: Event) -> int | None:
        if not self._server.is_in_data:
            self._patience.begin()
        if isinstance(event, BodyPart):
            return self._take(event)
        if isinstance(event, LoginLine):
            return self._log_in(self._login.respond(event.line))
        self._watch.heard(event)
        if self._server.has_pending:
            extended, enforced = self._visit.is_extended, self._visit.enforces_sync
            line = line_out_of_turn(event, is_pipelining=extended, is_enforced=enforced)
            if line is not None:
                return self._refuse_haste(line)
        match event:
            case Unknown(line):
                return self._refuse_unknown(line)
            case BadSyntax(why, line, Verb.BDAT):
                return self._refuse_chunk(why, line)
            case BadSyntax(why, line):
                return self._answer(Answer(Reply(501, why, "5.5.2"), is_fault=True), line)
            case Misplaced(command, why):
                return self._refuse_misplaced(command, why)
            case Command():
                return self._obey(event)

    def _refuse_haste(self, line: bytes) -> int:
        """SS-04"""
        self._give_up_transaction("sync failure")
        quoted = self._pace.quote(line)  # first: it may be an AUTH
        following = self._pace.quote_following(self._server.pending(greeting.QUOTED))
        return self._ending.end(farewell.hasty(self._visit, quoted, following))

    def _refuse_unknown(self, line: bytes) -> int | None:
        enough = self._pace.unknown_verb(line)
        if enough is not None:
            self._give_up_transaction("unrecognized command")
            return self._ending.drop(enough)
        answer = Answer(Reply(500, "unrecognized command", "5.5.1"), is_fault=True)
        return self._answer(answer, line)

    def _refuse_chunk(self, why: str, line: bytes) -> int:
        """Nobody can tell where it ends, and its octets must not be taken for commands."""
        self._give_up_transaction("malformed BDAT")
        return self._ending.drop(unreadable_chunk(why, self._pace.quote(line)))

    def _refuse_misplaced(self, command: Command, why: str) -> int | None:
        """SS-05: what pipelining makes inevitable after a refusal is one more, and no fault."""
        self._chronicle.heard(command.verb)
        is_inevitable = self._has_refused and command.verb in (Verb.RCPT, Verb.DATA, Verb.BDAT)
        self._has_refused = is_inevitable
        answer = Answer(Reply(503, why, "5.5.1"), is_fault=not is_inevitable)
        return self._answer(answer, command.line)

    def _obey(self, command: Command) -> int | None:
        # What follows BDAT may be its own octets.
        self._visit.has_pipelined |= self._server.has_pending and command.verb is not Verb.BDAT
        enough = self._pace.command(command.verb)
        if enough is not None:
            self._give_up_transaction("too many non-mail commands")
            return self._ending.drop(enough)
        self._chronicle.heard(command.verb)
        if command.verb in (Verb.RSET, Verb.QUIT):
            self._give_up_transaction(command.verb.name)
        if command.verb is Verb.AUTH:
            return self._log_in(self._login.begin(command.argument))
        if command.verb is Verb.XCLIENT:
            return self._become_another(command)
        answer = self._ask(command)
        if answer is starttls.GO_AHEAD:
            return self._start_tls()
        if answer is GO_ON:
            self._has_refused = False
            self._server.succeeded(Verb.BDAT)
            return None
        if answer.reply.code < 400:
            self._succeed(command.verb)
        self._has_refused = answer.reply.code >= 400 and command.verb in REFUSED
        status = self._answer(answer, command.line)
        return self._ending.quit() if command.verb is Verb.QUIT else status

    def _ask(self, command: Command) -> Answer:
        match command.verb:
            case Verb.DATA:
                return self._incoming.begin()
            case Verb.BDAT:
                return self._begin_chunk(command)
            case Verb.STARTTLS:
                return starttls.answer(self._visit)
            case _:
                return verbs.answer(self._visit, command, self._world)

    def _begin_chunk(self, command: Command) -> Answer:
        chunk = parse_chunk(command.argument)
        assert chunk is not None
        answer = self._incoming.begin_chunk(chunk)
        if answer is not GO_ON and self._visit.offer.chunking:
            self._forget_message()
        return answer

    def _succeed(self, verb: Verb) -> None:
        self._server.succeeded(verb)
        if verb in RESETS:
            self._incoming.forget()

    def _forget_message(self) -> None:
        """It was refused, so that what still comes of it must not be taken for another one."""
        self._server.failed()
        self._incoming.forget()

    def _log_in(self, answer: Answer) -> int | None:
        """A step of a login was answered, which may be the first and the last one."""
        if answer.reply.code == login.GO_ON:
            self._server.succeeded(Verb.AUTH)
        else:
            self._server.end_login(is_good=bool(self._visit.account))
            if self._visit.account and not self._server.has_pending:
                self._pace.may_hold_secrets = False
        return self._answer(answer, Verb.AUTH.value)

    def _start_tls(self) -> int | None:
        """What was said in clear is forgotten; a failure ends the session, and its process."""
        self._give_up_transaction("STARTTLS")
        self._incoming.forget()
        self._answer(starttls.GO_AHEAD, b"")
        if self._voice.flush() is not None:
            return self._ending.unwritable()
        end = starttls.encrypt(self._visit, self._stream, self._chronicle)
        if end is not None:
            return self._ending.end(end)
        self._server = Server()
        self._server.needs_hello = self._visit.needs_hello
        self._pace.begins_anew()
        self._has_refused = False
        self._patience.begin()
        return None

    def _become_another(self, command: Command) -> int | None:
        """The peer speaks for somebody; with him the session begins anew, or ends."""
        met = xclient.answer(self._visit, command, self._caller, self._world, self._chronicle)
        if isinstance(met, Stop):
            return self._stop(met)
        if isinstance(met, Farewell):
            return self._ending.end(met)
        if met.reply.code == 220:
            # Who is called something has introduced himself, to the host before us.
            self._server.needs_hello = self._visit.needs_hello and not self._visit.helo
            self._succeed(Verb.XCLIENT)
            self._server.is_logged_in = bool(self._visit.account)
            self._pace.begins_anew()
        return self._answer(met, command.line)

    def _take(self, part: BodyPart) -> int | None:
        answer = self._incoming.take(part)
        if answer is None:
            return None
        if answer is GONE:
            return self._stop(Stop.CLOSED)
        status = self._answer(answer, Verb.DATA.value)
        if not part.is_last:
            self._end_chunk(answer)
            return status
        self._pace.next_message()
        # ID-07: the reply first.  When it cannot be written the message is ours all the same; the
        # client may send it again, and losing it would be worse.
        stop = self._voice.flush()
        self._incoming.finish()
        if stop is not None:
            return self._ending.unwritable()
        self._watch.ready()
        return status

    def _end_chunk(self, answer: Answer) -> None:
        """Not the last one of its message, unless it was refused."""
        if answer.reply.code >= 400:
            self._has_refused = True
            self._pace.next_message()
            self._forget_message()

    @property
    def _has_sender(self) -> bool:
        return self._server.state in (State.MAIL, State.RCPT, State.CHUNKS)

    def _give_up_transaction(self, cause: str) -> None:
        """It came to nothing; told here, forgotten where the state changes."""
        if self._has_sender:
            self._chronicle.incomplete(cause)

    def _answer(self, answer: Answer, line: bytes) -> int | None:
        for event in answer.events:
            self._chronicle.tell(event)
        if answer.reply.code >= 400 and (enough := self._count(answer, line)) is not None:
            return self._ending.drop(enough)
        if answer.delay or self._visit.delay:
            stop = self._hold_back(answer.delay + self._visit.take_delay())
            if stop is not None:
                if self._incoming.is_answered:  # or a message that is ours would come once more
                    self._voice.say(answer.reply)
                return self._stop(stop)
        if answer.enough is not None:
            return self._ending.drop(answer.enough)
        self._voice.say(answer.reply)
        return self._drop() if answer.drops else None

    def _count(self, answer: Answer, line: bytes) -> Enough | None:
        """SS-05: how often may this happen?"""
        quoted = self._pace.quote(line)
        if not answer.is_fault:
            return self._pace.refusal(answer.reply, quoted)
        is_syntax = answer.reply.code != 503
        self._chronicle.fault(quoted, answer.reply.text, is_syntax=is_syntax)
        return self._pace.fault(answer.reply, quoted)

    def _drop(self) -> int:
        self._give_up_transaction("policy")
        return self._ending.drop_by_policy()

    def _hold_back(self, seconds: float) -> Stop | None:
        """Replies to what came before are not held back with this one."""
        return self._voice.flush() or self._stream.rest(seconds)

    def _is_counted(self) -> bool:
        """SS-05; whoever cannot be found out about is counted like everybody."""
        hosts = self._visit.settings.session.smtp_accept_max_nonmail_hosts
        return self._caller.is_in(hosts, "smtp_accept_max_nonmail_hosts") is not InList.NO
