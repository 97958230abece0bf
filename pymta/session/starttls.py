"""STARTTLS: a connection that began in clear goes on encrypted (RFC 3207).

Nothing that was said in clear survives (s4.2): not the name of the client, not the transaction,
and no octet behind the command, because anybody on the way may have put it there.  So the command
must be the last of what was sent, also for clients that need not wait for their turn otherwise,
and the state machine behind it is a new one.

After a handshake that failed nothing is believed any more: every command hears 554 (SS-04).

Touches: sockets, clock, OpenSSL.
"""

from __future__ import annotations

import time

from pymta.journal import session_events as say
from pymta.journal.event import Kind
from pymta.mail.reply import Reply
from pymta.session import policy
from pymta.session.answer import Answer, fault
from pymta.session.chronicle import Chronicle
from pymta.session.closedown import close_down
from pymta.session.farewell import Farewell
from pymta.session.handshake import shake_hands
from pymta.session.stop import Stop
from pymta.session.stream import Stream
from pymta.session.transaction import Transaction
from pymta.session.visit import Visit
from pymta.smtp.extensions import NO_OFFER

GO_AHEAD = Answer(Reply(220, "TLS go ahead", "2.0.0"))
_NOT_OFFERED = fault(Reply(503, "STARTTLS command used when not advertised", "5.5.1"))
_FAILED = Reply(554, "Security failure", "5.7.0")


def answer(visit: Visit) -> Answer:
    """Only after an EHLO that offered it, and so never inside TLS."""
    return GO_AHEAD if visit.has_offered_tls else _NOT_OFFERED


def encrypt(visit: Visit, stream: Stream, chronicle: Chronicle) -> Farewell | None:
    """After GO_AHEAD was written.  None: there is TLS, and the client starts anew with EHLO."""
    now = time.monotonic()
    deadline = now + (visit.settings.session.smtp_receive_timeout or float("inf"))
    failed = shake_hands(visit, stream, now - chronicle.seconds)
    if failed is None:
        _forget(visit)
        return None
    if failed.event is None or failed.event.kind is not Kind.TLS_FAILED:
        return failed  # we have to go, which is nobody's failure
    chronicle.tell(failed.event)
    policy.last_words(visit, "tls-failed")
    return _stay_closed(visit, stream, chronicle, deadline)


def _forget(visit: Visit) -> None:
    visit.helo = ""
    visit.is_extended = visit.has_offered_tls = visit.has_pipelined = False
    visit.offer = NO_OFFER
    visit.mechanism, visit.account = "", ""
    visit.transaction = Transaction()


def _stay_closed(visit: Visit, stream: Stream, chronicle: Chronicle, deadline: float) -> Farewell:
    """SS-04: in clear again, with a client that may not even have noticed.

    `deadline` was that of the handshake: who let it pass is not waited for once more.
    """
    stream.take_outside()
    end = close_down(stream, _FAILED, visit.host, deadline, with_enhanced=True, resets=False)
    if end is None:
        chronicle.closed_by_quit()
    closed = say.closed_by_eof(visit.origin, chronicle.seconds) if end is Stop.CLOSED else None
    return Farewell(None, closed, 0)
