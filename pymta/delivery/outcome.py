"""What came of one attempt for one recipient, and the way that was tried."""

from __future__ import annotations

from dataclasses import dataclass

from pymta.transport.classify import Outcome


@dataclass(frozen=True, slots=True)
class Addressee:
    """A recipient of the message; `index` is its place in the envelope."""

    index: int
    address: str


@dataclass(frozen=True, slots=True)
class Tried:
    """`router` and `transport` are words for the log, "" where it did not get so far.

    `size` is what was to be delivered, in octets, and `took` how long that took, in seconds.
    """

    addressee: Addressee
    outcome: Outcome
    router: str = ""
    transport: str = ""
    mailbox: str = ""
    size: int = 0
    took: float = 0.0
