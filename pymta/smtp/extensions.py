"""What we offer in the reply to EHLO (RFC 5321 s4.1.1.1)."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Offer:
    """What decides it; one field for each extension that not everybody is offered.

    `size_limit` 0 is no limit (RFC 1870 s4).
    `early`: this client need not wait for our greeting the next time (N-35).
    `starttls`: it may ask for TLS now (RFC 3207).
    `etrn`: it may have its mail delivered (RFC 1985).
    """

    size_limit: int = 0
    early: bool = False
    starttls: bool = False
    etrn: bool = False


def offered(offer: Offer) -> tuple[str, ...]:
    """The keywords with their parameters."""
    return tuple(_keywords(offer))


def _keywords(offer: Offer) -> Iterator[str]:
    yield f"SIZE {offer.size_limit}"
    yield "8BITMIME"
    yield "PIPELINING"
    if offer.early:
        yield "PIPECONNECT"
    if offer.starttls:
        yield "STARTTLS"
    if offer.etrn:
        yield "ETRN"
    yield "ENHANCEDSTATUSCODES"
