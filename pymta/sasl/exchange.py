"""The shape of one login under way, and of whatever can serve some.

    back_end.mechanisms(link)                what may be offered on this connection, here and now
    exchange = back_end.begin(name, link)    only for one of those names
    exchange.step(response)                  until it is a Success or a Failure, and then no more
    exchange.close()                         always, however it ended; more than once does no harm

Octets here are plain: base64, the "=" of an empty initial response and the "*" that cancels belong
to the protocol around it (RFC 4954 s4).  A back end may ask another program, so `mechanisms`,
`begin` and `step` may wait; none of them longer than its own deadline, and none of them raises for
anything that a client or that program does.

What a mechanism says together with success (SCRAM does) is a Challenge here, whose answer is empty:
SMTP has no other place for it.
"""

from __future__ import annotations

from enum import Enum, auto
from typing import Protocol

from pymta.dataclass import dataclass
from pymta.mail.caller import Endpoint

LONGEST_RESPONSE = 9216  # octets: the line of 12288 that RFC 4954 s4 asks for, out of its base64


@dataclass(frozen=True, slots=True)
class Link:
    """What a connection gives to a login.

    `binding` is that of tls-server-end-point (RFC 5929 s4): the hash of our certificate; empty
    without TLS, or where there is no such hash.  `certified` are the mail addresses, or other
    names, in a certificate of the client that was verified.
    `local` and `remote` are None for a user of this machine.
    """

    has_tls: bool = False
    binding: bytes = b""
    certified: tuple[str, ...] = ()
    local: Endpoint | None = None
    remote: Endpoint | None = None
    service: str = "smtp"


@dataclass(frozen=True, slots=True)
class Challenge:
    """The client has to answer this.

    `account` is who it has proved to be, when that is what it says; for whom a login is closed
    must not hear so.
    """

    data: bytes = b""
    account: str = ""


@dataclass(frozen=True, slots=True)
class Success:
    """The client may act as this account: a name in its prepared form, see `prepare`."""

    account: str


class Fault(Enum):
    REJECTED = auto()  # name or proof are wrong, and nobody learns which
    MALFORMED = auto()  # no message of this mechanism
    TEMPORARY = auto()  # nobody can say now


@dataclass(frozen=True, slots=True)
class Failure:
    """`why` is for the log, never for the client; it holds nothing secret and no control octets.

    `name` is whom the client said to be, prepared; "" when it never said so, or not properly.  That
    is also the key for whoever counts failures.  `may_be_guess`: somebody has said no, and it is
    TEMPORARY because another could not be asked.
    """

    fault: Fault
    why: str
    name: str = ""
    may_be_guess: bool = False


Step = Challenge | Success | Failure


class Exchange(Protocol):
    def step(self, response: bytes | None) -> Step:
        """None: the client gave no initial response."""
        ...

    def close(self) -> None: ...


class BackEnd(Protocol):
    def mechanisms(self, link: Link) -> tuple[str, ...]:
        """Names in capitals, the best first; none while it cannot serve any."""
        ...

    def begin(self, mechanism: str, link: Link) -> Exchange: ...
