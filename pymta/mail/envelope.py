"""The envelope: what SMTP said about a message, apart from the message.

It is fixed when the client sends DATA and never changes after that.  What happens later to a
recipient (delivered, deferred, failed) is a record in the journal (`pymta.spool.outcomes`);
what the configuration thinks of an address is asked afresh at every attempt.  So no setting
and no route ever stands here.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

NULL_SENDER = ""
DEFAULT_QUEUE = ""

# It stands in file names, log lines, classic words (-qGNAME/10m) and names of units.
_QUEUE_NAME = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_.-]{0,63}")


@dataclass(frozen=True, slots=True)
class Recipient:
    """One RCPT TO, as the client wrote it, without the angle brackets."""

    address: str


@dataclass(frozen=True, slots=True)
class Client:
    """Where a message came from, as the log and the Received field tell it.

    `address` is "" for a message of a user of this machine, whose account is `user`, and for one
    that we wrote ourselves, which has neither.
    """

    address: str = ""
    port: int = 0
    helo: str = ""
    protocol: str = "local"
    user: str = ""


@dataclass(frozen=True, slots=True)
class Envelope:
    """Sender and recipients of one message, with the facts of its arrival.

    `sender` is "" for the null sender (RFC 5321 s4.5.5).  `received_at` is in seconds since the
    epoch.  `body` is the BODY parameter of MAIL, 7BIT or 8BITMIME (RFC 6152).  `queue_name` is the
    queue that the message waits in, for good (N-16).
    """

    sender: str
    recipients: tuple[Recipient, ...]
    received_at: float
    client: Client = Client()
    body: str = "7BIT"
    queue_name: str = DEFAULT_QUEUE


def is_queue_name(text: str) -> bool:
    """Can a queue beside the default one have this name?"""
    return _QUEUE_NAME.fullmatch(text) is not None
