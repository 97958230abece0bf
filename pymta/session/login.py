"""AUTH: who is it that calls?  (RFC 4954)

A login is one command with one outcome, however many lines it takes: 334 asks for another one,
235, or a reply that refuses, is the end of it.  What it says is checked by a back end
(`pymta.sasl`), which is the only one to see it.  The log hears of a login that failed whom the
client said to be, and nothing else of what it said.

Who has failed too often is not asked any more (`guesses`), and hears nothing from which he could
learn whether he was right.

A wrong password and a name that nobody has get the same reply, after the same delay.
"""

from __future__ import annotations

from dataclasses import replace

from pymta.hints.clients import Clients
from pymta.journal import login_events as say
from pymta.mail.reply import Reply
from pymta.sasl.exchange import (
    BackEnd,
    Challenge,
    Exchange,
    Failure,
    Fault,
    Link,
    Step,
)
from pymta.session.answer import Answer, fault
from pymta.session.guesses import Guesses
from pymta.session.pace import Enough
from pymta.session.visit import Visit
from pymta.smtp.login import challenge, parse_auth, parse_response

MOST_STEPS = 10  # no mechanism needs half as many; one that never ends is ended
LONGEST_DELAY = 30.0  # seconds

GO_ON = 334  # the code of a reply that is a challenge
DONE = Reply(235, "Authentication succeeded", "2.7.0")
REFUSED = Reply(535, "Incorrect authentication data", "5.7.8")
_MALFORMED = Reply(501, "Invalid authentication data", "5.5.2")
_NOT_NOW = Reply(454, "Temporary authentication failure", "4.7.0")
_NOT_OFFERED = Reply(503, "AUTH command used when not advertised", "5.5.1")
_NEEDS_TLS = Reply(538, "Encryption required for requested authentication mechanism", "5.7.11")
_UNKNOWN = Reply(504, "authentication mechanism not supported", "5.5.4")
_REPLIES = {Fault.REJECTED: REFUSED, Fault.MALFORMED: _MALFORMED, Fault.TEMPORARY: _NOT_NOW}


def mechanisms(visit: Visit, back_end: BackEnd) -> tuple[str, ...]:
    """The mechanisms for the reply to EHLO; none where a password would be heard by others."""
    if not visit.may_log_in or not (visit.tls or visit.may_log_in_clear):
        return ()
    return back_end.mechanisms(link_of(visit))


def link_of(visit: Visit) -> Link:
    link = Link(has_tls=visit.tls is not None, local=visit.local, remote=visit.remote)
    if visit.tls is None:
        return link
    return replace(link, binding=visit.tls.end_point, certified=visit.certified)


class Login:
    """All logins of one session, one at a time.  `end` when the client goes in the middle."""

    def __init__(self, visit: Visit, back_end: BackEnd, clients: Clients) -> None:
        self._visit = visit
        self._back_end = back_end
        self._clients = clients
        self._exchange: Exchange | None = None
        self._mechanism = ""
        self._steps = 0
        self.failures = 0  # of this connection

    @property
    def _guesses(self) -> Guesses:
        """A client that stands behind another one has an address of its own."""
        return Guesses(self._visit.settings.login, self._clients, self._visit.address)

    def begin(self, argument: bytes) -> Answer:
        """The answer to AUTH: 334, 235, or why not."""
        auth = parse_auth(argument)
        if isinstance(auth, Reply):
            return fault(auth)
        if not self._visit.offer.mechanisms:
            return fault(_NEEDS_TLS if self._is_for_tls else _NOT_OFFERED)
        if auth.mechanism not in self._visit.offer.mechanisms:
            return fault(_UNKNOWN)
        if self._guesses.is_shut_out:
            return Answer(REFUSED, enough=self._shut_out())
        self._mechanism, self._steps = auth.mechanism, 0
        self._exchange = self._back_end.begin(auth.mechanism, link_of(self._visit))
        return self._after(self._exchange.step(auth.response))

    def respond(self, line: bytes | None) -> Answer:
        """The answer to a line behind 334."""
        response = parse_response(line)
        if isinstance(response, Reply):
            self.end()
            return fault(response)
        assert self._exchange
        return self._after(self._exchange.step(response))

    def end(self) -> None:
        if self._exchange:
            self._exchange.close()
            self._exchange = None

    @property
    def _is_for_tls(self) -> bool:
        """He would be served if he began TLS."""
        return self._visit.may_log_in and self._visit.has_offered_tls

    def _after(self, step: Step) -> Answer:
        self._steps += 1
        name = step.name if isinstance(step, Failure) else step.account
        if self._guesses.is_closed(name):  # whether the password was right nobody learns
            self.end()
            closed = Failure(Fault.TEMPORARY, "too many failures of this account", name)
            return self._failed(closed, is_closed=True)
        if isinstance(step, Challenge):
            if self._steps < MOST_STEPS:
                return Answer(challenge(step.data))
            step = Failure(Fault.MALFORMED, "no end in sight")
        self.end()
        if isinstance(step, Failure):
            return self._failed(step, is_closed=False)
        self._guesses.succeeded(name)
        self._visit.account, self._visit.mechanism = name, self._mechanism
        return Answer(DONE)

    def _failed(self, failure: Failure, *, is_closed: bool) -> Answer:
        reply = _REPLIES[failure.fault]
        origin, mechanism = self._visit.origin, self._mechanism
        event = say.login_failed(origin, mechanism, reply, failure.name, failure.why)
        is_unsure = failure.fault is Fault.TEMPORARY and not is_closed
        if is_unsure and not failure.may_be_guess:
            return Answer(reply, events=(event,))
        self.failures += 1
        from_here = 0
        if is_unsure:
            self._guesses.may_have_failed(failure.name)
        else:
            from_here = self._guesses.failed(failure.name, is_closed=is_closed)
        delay = self._delay(max(from_here, self.failures))
        return Answer(reply, events=(event,), delay=delay, enough=self._enough(reply))

    def _enough(self, reply: Reply) -> Enough | None:
        """Whoever guesses need not do it here any longer."""
        most = self._visit.settings.login.auth_failures_max
        if not most or self.failures < most:
            return None
        text = f"{reply.text}\nToo many authentication failures"
        return Enough(
            Reply(reply.code, text, reply.enhanced), "too many authentication failures", 1
        )

    def _shut_out(self) -> Enough:
        text = f"{self._visit.host}: Too many authentication failures; please try again later"
        why = "too many authentication failures from its address"
        return Enough(Reply(421, text, "4.7.0"), why, 1)

    def _delay(self, failures: int) -> float:
        """Twice as long each time."""
        first = self._visit.settings.login.auth_failure_delay
        return min(first * 2.0 ** min(failures - 1, 10), LONGEST_DELAY)
