"""The envelope: what SMTP said about a message, apart from the message.

It is fixed when the client sends DATA and never changes after that.  What happens later to a
recipient (delivered, deferred, failed) is a record in the journal (`pymta.spool.outcomes`);
what the configuration thinks of an address is asked afresh at every attempt.  So no setting
and no route ever stands here.
"""

from __future__ import annotations

import re
from dataclasses import replace

from pymta.dataclass import dataclass

NULL_SENDER = ""
BINARYMIME = "BINARYMIME"
DEFAULT_QUEUE = ""
NEVER = "NEVER"
NOTIFY = ("SUCCESS", "FAILURE", "DELAY")
_UNSAID = ("FAILURE", "DELAY")  # what a sender is told who asked for nothing
RFC822, UTF8 = "rfc822", "utf-8"  # types of addresses (RFC 3461 s4.2, RFC 6533 s3)

# It stands in file names, log lines, classic words (-qGNAME/10m) and names of units.
_QUEUE_NAME = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_.-]{0,63}")


@dataclass(frozen=True, slots=True)
class Recipient:
    """One RCPT TO, as the client wrote it, without the angle brackets.

    `notify` is what its sender wants to be told of (RFC 3461 s4.1): SUCCESS, FAILURE, DELAY, or
    NEVER alone; () when he did not say.  `orcpt` is the original recipient in plain text, as
    ``rfc822;a@b.example``, "" when he did not say.
    """

    address: str
    notify: tuple[str, ...] = ()
    orcpt: str = ""

    @property
    def wants_failure(self) -> bool:
        return not self.notify or "FAILURE" in self.notify

    @property
    def wants_success(self) -> bool:
        return "SUCCESS" in self.notify

    @property
    def wants_delay(self) -> bool:
        return not self.notify or "DELAY" in self.notify

    def without_success(self) -> Recipient:
        """Who has been told that it goes on to several is not told by each of them."""
        if not self.wants_success:
            return self
        rest = tuple(word for word in self.notify if word != "SUCCESS")
        return replace(self, notify=rest or (NEVER,))

    def and_also(self, other: Recipient) -> Recipient:
        """Named twice in one transaction: whoever asked for a report by one of them gets it."""
        said = [one.notify or _UNSAID for one in (self, other)]
        both = tuple(word for word in NOTIFY if any(word in words for words in said))
        notify = (both or (NEVER,)) if self.notify or other.notify else ()
        return replace(self, notify=notify, orcpt=self.orcpt or other.orcpt)


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
    epoch.  `body` is the BODY parameter of MAIL, 7BIT, 8BITMIME (RFC 6152) or BINARYMIME
    (RFC 3030: any octets, in lines or not).  `queue_name` is the
    queue that the message waits in, for good (N-16).  `smtputf8`: MAIL had that parameter, so
    addresses and header may be in UTF-8 (RFC 6531).  `ret` (FULL, HDRS) and `envid` are for reports
    (RFC 3461), "" when MAIL did not say.  `requires_tls`: it must not travel without TLS to a host
    that proves its name (RFC 8689).
    """

    sender: str
    recipients: tuple[Recipient, ...]
    received_at: float
    client: Client = Client()
    body: str = "7BIT"
    queue_name: str = DEFAULT_QUEUE
    smtputf8: bool = False
    ret: str = ""
    envid: str = ""
    requires_tls: bool = False

    @property
    def is_binary(self) -> bool:
        return self.body == BINARYMIME


def is_queue_name(text: str) -> bool:
    """Can a queue beside the default one have this name?"""
    return _QUEUE_NAME.fullmatch(text) is not None
