"""What we offer in the reply to EHLO (RFC 5321 s4.1.1.1)."""

from __future__ import annotations

from collections.abc import Callable
from functools import lru_cache

from pymta.dataclass import dataclass
from pymta.smtp.xclient import ATTRIBUTES as XCLIENT

# RFC 9422 s4: a value has at most six digits; what is above is as good as no limit.
_MOST = 999_999


@dataclass(frozen=True, slots=True)
class Limits:
    """How much one connection, and one transaction, may hold (RFC 9422); 0 is no limit."""

    mails: int = 0
    recipients: int = 0

    @property
    def text(self) -> str:
        """What EHLO tells of them; "" when there is nothing to tell."""
        values = {"MAILMAX": self.mails, "RCPTMAX": self.recipients}
        return " ".join(f"{name}={n}" for name, n in values.items() if 0 < n <= _MOST)


@dataclass(frozen=True, slots=True)
class Offer:
    """What decides it; one field for each extension that not everybody is offered.

    `size_limit` 0 is no limit (RFC 1870 s4).
    `limits` None: they are not told (N-34).
    `chunking`: a message may come with BDAT (RFC 3030).
    `early`: this client need not wait for our greeting the next time (N-35).
    `starttls`: it may ask for TLS now (RFC 3207).
    `etrn`: it may have its mail delivered (RFC 1985).
    `xclient`: it may say for whom it speaks.
    `smtputf8`: addresses and header may be in UTF-8 (RFC 6531).
    `dsn`: it may say which reports it wants (RFC 3461).
    `requiretls`: it may ask for TLS all the way (RFC 8689).
    `mechanisms`: it may log in with these, the best first (RFC 4954).
    `delivery`: it may have its mail wait (sendmail -odq).
    `qualify`: the domain of addresses that have none, "" where they must have one.
    """

    size_limit: int = 0
    limits: Limits | None = None
    chunking: bool = False
    early: bool = False
    starttls: bool = False
    etrn: bool = False
    xclient: bool = False
    smtputf8: bool = False
    dsn: bool = False
    requiretls: bool = False
    mechanisms: tuple[str, ...] = ()
    delivery: bool = False
    qualify: str = ""


NO_OFFER = Offer()  # before EHLO, and after HELO


@dataclass(frozen=True, slots=True)
class Extension:
    """`rfc` is "" where there is none.  `whom` is what decides who is offered it, for the README.

    `words` gives what follows the keyword, None where it is not offered.
    """

    keyword: str
    rfc: str
    about: str
    whom: str
    words: Callable[[Offer], str | None]


def _if(*, so: bool, words: str = "") -> str | None:
    return words if so else None


EVERYBODY = "everybody"
OF_THIS_MACHINE = "users of this machine, on their socket"
EXTENSIONS = (
    Extension("SIZE", "1870", "largest message taken", EVERYBODY, lambda o: str(o.size_limit)),
    Extension(
        "LIMITS",
        "9422",
        "messages of a connection, recipients of a message",
        "`limits_advertise_hosts`",
        lambda o: (o.limits.text if o.limits else None) or None,
    ),
    Extension("8BITMIME", "6152", "8-bit text in messages", EVERYBODY, lambda _: ""),
    Extension("PIPELINING", "2920", "commands in groups", EVERYBODY, lambda _: ""),
    Extension(
        "CHUNKING",
        "3030",
        "messages in pieces of known length",
        "`chunking_advertise_hosts`",
        lambda o: _if(so=o.chunking),
    ),
    Extension(
        "BINARYMIME",
        "3030",
        "messages of any octets, in such pieces",
        "`chunking_advertise_hosts`",
        lambda o: _if(so=o.chunking),
    ),
    Extension(
        "PIPECONNECT",
        "",
        "commands before the greeting, next time",
        "`pipe_connect_advertise_hosts`",
        lambda o: _if(so=o.early),
    ),
    Extension(
        "STARTTLS",
        "3207",
        "TLS from here on",
        "`tls_advertise_hosts`, with a certificate, until TLS is on",
        lambda o: _if(so=o.starttls),
    ),
    Extension(
        "ETRN",
        "1985",
        "delivery of what waits for a domain",
        "`smtp_etrn_hosts`",
        lambda o: _if(so=o.etrn),
    ),
    Extension(
        "XCLIENT",
        "",
        "speaking for another client",
        "`hosts_xclient`",
        lambda o: _if(so=o.xclient, words=" ".join(XCLIENT)),
    ),
    Extension(
        "SMTPUTF8",
        "6531",
        "addresses and headers beyond ASCII",
        "`smtputf8_advertise_hosts`",
        lambda o: _if(so=o.smtputf8),
    ),
    Extension(
        "DSN",
        "3461",
        "which reports the sender wants",
        "`dsn_advertise_hosts`",
        lambda o: _if(so=o.dsn),
    ),
    Extension(
        "REQUIRETLS",
        "8689",
        "TLS on the whole way",
        "whoever has begun TLS",
        lambda o: _if(so=o.requiretls),
    ),
    Extension(
        "AUTH",
        "4954",
        "login",
        "`auth_advertise_hosts`, inside TLS; in clear to `auth_without_tls_hosts`",
        lambda o: _if(so=bool(o.mechanisms), words=" ".join(o.mechanisms)),
    ),
    Extension(
        "XDELIVERY",
        "",
        "messages that wait for a queue run",
        OF_THIS_MACHINE,
        lambda o: _if(so=o.delivery),
    ),
    Extension(
        "XQUALIFY",
        "",
        "the domain of addresses that have none",
        OF_THIS_MACHINE,
        lambda o: o.qualify or None,
    ),
    Extension(
        "ENHANCEDSTATUSCODES", "2034", "replies that programs understand", EVERYBODY, lambda _: ""
    ),
)


@lru_cache(maxsize=64)  # of offers there are as many as kinds of clients
def offered(offer: Offer) -> tuple[str, ...]:
    """The keywords with their parameters."""
    lines = ((one.keyword, one.words(offer)) for one in EXTENSIONS)
    return tuple(f"{keyword} {words}".strip() for keyword, words in lines if words is not None)
