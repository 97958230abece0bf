"""What we offer in the reply to EHLO (RFC 5321 s4.1.1.1)."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

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


NO_OFFER = Offer()  # before EHLO, and after HELO


def offered(offer: Offer) -> tuple[str, ...]:
    """The keywords with their parameters."""
    return tuple(_keywords(offer))


def _keywords(offer: Offer) -> Iterator[str]:
    yield f"SIZE {offer.size_limit}"
    if offer.limits and offer.limits.text:
        yield f"LIMITS {offer.limits.text}"
    yield "8BITMIME"
    yield "PIPELINING"
    if offer.chunking:
        yield "CHUNKING"
    if offer.early:
        yield "PIPECONNECT"
    if offer.starttls:
        yield "STARTTLS"
    if offer.etrn:
        yield "ETRN"
    if offer.xclient:
        yield f"XCLIENT {' '.join(XCLIENT)}"
    if offer.smtputf8:
        yield "SMTPUTF8"
    if offer.dsn:
        yield "DSN"
    if offer.requiretls:
        yield "REQUIRETLS"
    if offer.mechanisms:
        yield f"AUTH {' '.join(offer.mechanisms)}"
    yield "ENHANCEDSTATUSCODES"
