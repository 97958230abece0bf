"""What a client's dialogue says to whoever drives it: deeds to do, and how it went in the end."""

from __future__ import annotations

from enum import Enum, auto

from pymta.dataclass import dataclass
from pymta.mail.reply import Reply
from pymta.smtp.offers import Offers


class Stage(Enum):
    """How far the dialogue was; the value is how a log line says it."""

    GREETING = "initial connection"
    EHLO = "EHLO"
    HELO = "HELO"
    LHLO = "LHLO"
    STARTTLS = "STARTTLS"
    HANDSHAKE = "TLS negotiation"
    REQUIRETLS = "EHLO for REQUIRETLS"
    AUTH = "AUTH"
    RSET = "RSET"
    MAIL = "MAIL FROM"
    RCPT = "RCPT TO"
    DATA = "DATA"
    BODY = "sending data block"
    FINAL = "end of data"

    @property
    def is_about_host(self) -> bool:
        """Nothing of the message was mentioned yet: another host may say otherwise."""
        return self not in _OF_MESSAGE

    @property
    def is_about_terms(self) -> bool:
        """The host serves others; what it does not have is what we ask of it: TLS, a login."""
        return self in _OF_TERMS


_OF_MESSAGE = {Stage.MAIL, Stage.RCPT, Stage.DATA, Stage.BODY, Stage.FINAL}
_OF_TERMS = {Stage.STARTTLS, Stage.HANDSHAKE, Stage.REQUIRETLS, Stage.AUTH}


@dataclass(frozen=True, slots=True)
class SendBytes:
    data: bytes


@dataclass(frozen=True, slots=True)
class NeedReply:
    """`is_final`: to the final dot; too short a wait there doubles messages (RFC 5321 s4.5.3.2)."""

    is_final: bool = False


@dataclass(frozen=True, slots=True)
class StartTls:
    """Do the TLS handshake now; nothing that came in clear may be read after it."""


@dataclass(frozen=True, slots=True)
class SendBody:
    """Write the message through a `DotStuffer`, final dot included.

    `is_chunk`: through a `ChunkWriter` instead; its BDAT has been said.
    """

    is_chunk: bool = False


@dataclass(frozen=True, slots=True)
class Taken:
    """`offers_dsn`: the host sends the reports that were asked for, in our place."""

    reply: Reply
    offers_dsn: bool = False


@dataclass(frozen=True, slots=True)
class Refused:
    """`after` is the command that was answered, such as ``RCPT TO:<a@b.example>``.

    It is "" when nobody was asked: the refusal is our own finding.
    """

    reply: Reply
    stage: Stage
    after: str


@dataclass(frozen=True, slots=True)
class Unheard:
    why: str
    stage: Stage
    after: str


Result = Taken | Refused | Unheard


@dataclass(frozen=True, slots=True)
class Ready:
    """The host waits for a message."""

    offers: Offers


@dataclass(frozen=True, slots=True)
class NoService:
    """It does not serve us now.  `is_spoken_to`: it would read a QUIT."""

    result: Refused | Unheard
    is_spoken_to: bool = False


class After(Enum):
    """What can be done with a connection when a message is through."""

    ANOTHER = auto()
    RESET = auto()  # another one, after RSET
    CLOSE = auto()  # nothing; not even QUIT would be read


@dataclass(frozen=True, slots=True)
class Finished:
    """One result for each recipient, in their order."""

    results: tuple[Result, ...]
    after: After = After.CLOSE


Deed = SendBytes | NeedReply | StartTls | SendBody
