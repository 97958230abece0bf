"""What came of an attempt: Delivered, Later or Never.

The one rule that is easy to get wrong: trouble with a host is never a failure of the message.  A
refused connection, a 554 greeting, an EHLO that is not answered say that this host does not serve
us now, so the next one is asked and the mail waits.  Only what is said about the message or its
recipient, with a 5xx, is final.

Numbers behind ``defer`` in the log are errno, or below zero those of the classic daemon.
"""

from __future__ import annotations

import errno

from pymta.dataclass import dataclass
from pymta.mail import trouble
from pymta.mail.caller import Endpoint
from pymta.mail.host import Host
from pymta.mail.reply import Reply
from pymta.smtp.client_words import Refused, Result, Stage, Taken, Unheard
from pymta.tls.facts import Facts

NO_TIME_YET = -53  # no host may be tried again yet
LIMITED = -57  # so much goes there already as may go at once, or in a time
CLOSED = -18  # the remote host closed the connection
TLS_FAILED = -37  # the handshake
TLS_REQUIRED = -38  # and not had
LOGIN_FAILED = -42
ROUTING = -1  # a lookup did not complete
_BY_ERRNO = {
    errno.ECONNREFUSED: trouble.REFUSED,
    errno.ETIMEDOUT: trouble.TIMEOUT_CONNECT,
    errno.EDQUOT: trouble.QUOTA,
}
_BY_STAGE = {
    Stage.MAIL: trouble.MAIL,
    Stage.RCPT: trouble.RCPT,
    Stage.DATA: trouble.DATA,
    Stage.BODY: trouble.DATA,
    Stage.FINAL: trouble.DATA,
}
_BY_TERMS = {
    Stage.STARTTLS: trouble.TLS_REQUIRED,
    Stage.HANDSHAKE: trouble.TLS_REQUIRED,
    Stage.REQUIRETLS: trouble.TLS_REQUIRED,
    Stage.AUTH: trouble.AUTH_FAILED,
}
_LOST = {CLOSED, errno.ECONNRESET, errno.EPIPE}
LONGEST_QUOTE = 1000  # characters of a reply in logs, journals and reports
_TERMS = {
    Stage.STARTTLS: TLS_REQUIRED,
    Stage.HANDSHAKE: TLS_FAILED,
    Stage.REQUIRETLS: TLS_REQUIRED,
    Stage.AUTH: LOGIN_FAILED,
}
_REFUSED = _TERMS | {
    Stage.RCPT: -44,
    Stage.MAIL: -45,
    Stage.DATA: -46,
    Stage.BODY: -46,
    Stage.FINAL: -46,
}


@dataclass(frozen=True, slots=True)
class Connection:
    """A connection to a host, as the log tells of it.

    `local` is our own end, None for a socket of this machine.  `greeted` has a letter for each
    greeting, ``e`` for EHLO, ``h`` for HELO and ``l`` for LHLO; `has_pipelined`: commands went out
    in groups.  `tls` is what was agreed on, None in clear; `login` the mechanism of ours, "" for
    none.  `is_reused`: it had carried a message before.  `converted` is into what the message was
    brought for the host, 7bit or 8bit, "" where it went as it is.
    """

    local: Endpoint | None
    greeted: str = ""
    has_pipelined: bool = False
    tls: Facts | None = None
    login: str = ""
    is_reused: bool = False
    converted: str = ""


@dataclass(frozen=True, slots=True)
class Delivered:
    """`host` and its `confirmation` are absent for a mailbox of ours.

    `is_passed_on`: so are the reports that the sender asked for.
    """

    host: Host | None = None
    confirmation: str = ""
    connection: Connection | None = None
    is_passed_on: bool = False


@dataclass(frozen=True, slots=True)
class Remembered:
    """What a host had done when it was last asked."""

    host: Host
    why: str


@dataclass(frozen=True, slots=True)
class Later:
    """Try again.  `number` and `error` as in errno and its text; `why` says more, or is "".

    `not_before` is a moment, in seconds since the epoch, when a try makes sense again; 0: as the
    schedule says.  `cause` is a word for retry rules, see `pymta.mail.trouble`.  `is_hopeless`:
    every host of the destination has failed for longer than its schedule goes on.  `is_limited`:
    our own limits were in the way, which is nobody's failure.  `remembered` is why no host was
    asked this time.
    """

    number: int
    error: str = ""
    why: str = ""
    host: Host | None = None
    not_before: float = 0.0
    connection: Connection | None = None
    cause: str = ""
    is_hopeless: bool = False
    is_limited: bool = False
    remembered: Remembered | None = None

    @property
    def text(self) -> str:
        return ": ".join(part for part in (self.error, self.why) if part)


@dataclass(frozen=True, slots=True)
class Never:
    """Final.  `enhanced` is a 5.x.x code (RFC 3463)."""

    why: str
    enhanced: str
    host: Host | None = None
    connection: Connection | None = None


Outcome = Delivered | Later | Never


def from_result(
    result: Result,
    host: Host | None,
    number: int = 0,
    error: str = "",
    *,
    connection: Connection | None = None,
    is_lmtp: bool = False,
) -> Outcome:
    """What the host said about one recipient; None is an LMTP server behind a local socket.

    `number` and `error` tell what broke the connection, when something did.
    """
    match result:
        case Taken(reply, offers_dsn):
            return Delivered(host, _quote(reply), connection, is_passed_on=offers_dsn)
        case Refused(reply, stage, after):
            who = "LMTP error" if is_lmtp else "SMTP error from remote mail server"
            why = f"{who} after {after}: {_quote(reply)}"
            if not after:  # our own finding: nobody must be told that the host said so
                why = reply.text
            if reply.is_permanent and not stage.is_about_host:
                return Never(why, _permanent(reply.enhanced), host, connection)
            cause = _BY_TERMS.get(stage, "")
            if stage in _BY_STAGE:
                cause = trouble.of_reply(_BY_STAGE[stage], reply.code)
            number = _REFUSED.get(stage, 0)
            return Later(number, why=why, host=host, connection=connection, cause=cause)
        case Unheard(why, stage, after):
            cause = _cause_of_silence(number) or _BY_TERMS.get(stage, "")
            if error:
                why = f"after {after}"
            else:
                number, why = number or _TERMS.get(stage, 0), f"{why} after {after}"
            return Later(number, error, why, host, connection=connection, cause=cause)


def is_about_host(result: Result) -> bool:
    """Did the trouble come before a word of the message was said?"""
    return not isinstance(result, Taken) and result.stage.is_about_host


def is_about_terms(result: Result) -> bool:
    """Would the host do for others what it did not do for this message?"""
    return not isinstance(result, Taken) and result.stage.is_about_terms


def is_without_requiretls(result: Result) -> bool:
    """It will never have what REQUIRETLS asks for, as it is set up now (RFC 8689 s4.2.1)."""
    return not isinstance(result, Taken) and result.stage is Stage.REQUIRETLS


def may_have_it(result: Result) -> bool:
    """The final dot was sent and no answer heard: another host might deliver it twice."""
    return isinstance(result, Unheard) and result.stage is Stage.FINAL


def from_error(error: OSError, host: Host | None = None, why: str = "") -> Later:
    """The world's fault."""
    number = error.errno or 0
    text = error.strerror or str(error)
    return Later(number, text, why, host, cause=_BY_ERRNO.get(number, ""))


def too_early(until: float) -> Later:
    """Every host failed lately, and the first of them is asked again then."""
    return Later(NO_TIME_YET, why="retry time not reached for any host", not_before=until)


def limited(why: str, until: float) -> Later:
    return Later(LIMITED, why=why, not_before=until, is_limited=True)


def _cause_of_silence(number: int) -> str:
    """In the middle of a dialogue."""
    if number == errno.ETIMEDOUT:
        return trouble.TIMEOUT
    return trouble.LOST_CONNECTION if number in _LOST else ""


def _quote(reply: Reply) -> str:
    """The reply on one line, as far as anybody reads it."""
    return reply.one_line()[:LONGEST_QUOTE]


def _permanent(enhanced: str) -> str:
    return enhanced if enhanced.startswith("5.") else "5.0.0"
