"""The last words of a session that does not end with QUIT (SS-03, SS-04, SS-06).

Pure: why it ends and where it stood go in; reply, log line and exit status come out.  In the
middle of a message the message is abandoned, and the reply says so in the classic words of that
place, which differ by a colon and a full stop.
"""

from __future__ import annotations

from pymta.dataclass import dataclass
from pymta.journal import session_events as say
from pymta.journal.event import Event
from pymta.mail.reply import Reply
from pymta.session.visit import Visit

UNEXPECTED = Reply(421, "Unexpected failure, please try later", "4.3.0")


@dataclass(frozen=True, slots=True)
class Farewell:
    """`reply` None: there is nobody left to hear it.

    `closes_down`: the connection stays, and every command hears the reply again.
    `is_drop`: a rule of policy wants it (SS-04).
    """

    reply: Reply | None
    event: Event | None
    status: int
    closes_down: bool = False
    is_drop: bool = False

    @property
    def reason(self) -> str:
        """That of N-08; "" for an end that is none of those."""
        return str(self.event.fields.get("REASON", "")) if self.event else ""


@dataclass(frozen=True, slots=True)
class Underway:
    """The message that was being received."""

    id: str
    sender: str


def closed(
    visit: Visit, message: Underway | None, seconds: float, *, has_sender: bool, error: str
) -> Farewell:
    reply = Reply(421, f"{visit.host} lost input connection", "4.4.2")
    if message is not None:  # SS-02: a dropped reception is no failure of the session
        event = say.lost_in_data(visit.origin, message.id, message.sender, error, seconds)
        return Farewell(reply, event, 0)
    tell = say.lost_after_mail if has_sender else say.lost
    return Farewell(reply, tell(visit.origin, error, seconds), 1)


def timed_out(visit: Visit, message: Underway | None, seconds: float) -> Farewell:
    if message is not None:
        text = f"{visit.host} SMTP incoming data timeout - closing connection."
        event = say.data_timeout(visit.origin, message.id, message.sender, seconds)
    else:
        text = f"{visit.host}: SMTP command timeout - closing connection"
        event = say.command_timeout(visit.origin, seconds)
    return Farewell(Reply(421, text, "4.4.2"), event, 1)


def terminated(visit: Visit, message: Underway | None, seconds: float) -> Farewell:
    if message is not None:
        text = (
            f"{visit.host} Service not available - SIGTERM or SIGINT received - closing connection."
        )
    else:
        text = f"{visit.host}: Service not available - closing connection"
    return Farewell(Reply(421, text, "4.3.2"), say.terminated(visit.origin, seconds), 1)


def draining(visit: Visit, seconds: float) -> Farewell:
    """Only between commands; a client that waits is told, and comes back to our successor."""
    text = f"{visit.host}: Service not available - closing connection"
    return Farewell(Reply(421, text, "4.3.2"), say.stopped(visit.origin, seconds), 0)


def hasty(visit: Visit, line: str, following: str) -> Farewell:
    """SS-04: `line` is the command after which more had come already, `following` what it was."""
    reply = Reply(554, "SMTP synchronization error", "5.5.0")
    told = say.sent_too_soon(visit.origin, line, following, is_pipelining=visit.is_extended)
    return Farewell(reply, told, 1)


def unwritable(visit: Visit, error: str) -> Farewell:
    return Farewell(None, say.write_failed(visit.origin, error), 1)


def failed(visit: Visit, message: Underway | None, trace: str) -> Farewell:
    """CL-03."""
    event = say.crashed(visit.origin, trace)
    if message is None:
        return Farewell(UNEXPECTED, event, 1, closes_down=True)
    text = f"{visit.host} Unexpected failure, please try later - closing connection."
    return Farewell(Reply(421, text, "4.3.0"), event, 1)


def unclear(visit: Visit, why: str) -> Farewell:
    """CP-08: nobody knows how large a message of this client may be."""
    reply = Reply(421, "Temporary local problem - please try later", "4.3.5")
    return Farewell(reply, say.settings_unclear(visit.origin, why), 0, closes_down=True)
