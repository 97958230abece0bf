"""What is known when policy is asked: frozen, so that no rule can change it for the next one.

    Call        who is at the other end                         from connect on
    Sender      what MAIL said                                  from mail on
    Recipient   what RCPT said, and what we know of it          at rcpt
    Message     the message, as far as policy may look into it  at data

These are what functions of the operator's own are called with, so names here are for good; new
ones come with a default.
"""

from __future__ import annotations

from collections.abc import Iterator

from pymta.dataclass import dataclass
from pymta.mail.address import Mailbox
from pymta.mail.caller import Address
from pymta.mail.domain import key_of_domain
from pymta.mail.header_fields import Field
from pymta.policy.stage import Stage


@dataclass(frozen=True, slots=True)
class Call:
    """One connection.

    `address` is None for a user of this machine, whose account is `user`; `local_address` is ours.
    `role` is what the socket is for: smtp, submission, submissions, local.  `host` is our name.
    `name` is the client's, found for its address and verified by its addresses; "" where nobody
    asked (see host_lookup) or there is none.  `ident` is what its machine calls the user.
    `helo` is "" before it was said.  `protocol` is as in Received: smtp, esmtp, esmtps, …
    `tls` is version and cipher, such as ``TLS1.3:TLS_AES_256_GCM_SHA384:256``, "" in clear.
    `certified` are the names in his certificate, () without one that somebody vouched for
    (tls_verify_certificates).
    `account` is who has logged in, "" for nobody.
    `is_trusted`: from a network of relay_from_hosts, or a user of this machine.
    `connections` are those open now, this one included; `mails` and `messages` count the MAIL
    commands that were taken in this one and the messages that were, `recipients` those of all its
    messages.
    """

    address: Address | None
    port: int = 0
    local_address: Address | None = None
    local_port: int = 0
    role: str = "smtp"
    host: str = ""
    user: str = ""
    name: str = ""
    ident: str = ""
    helo: str = ""
    protocol: str = "smtp"
    tls: str = ""
    account: str = ""
    is_trusted: bool = False
    connections: int = 1
    mails: int = 0
    messages: int = 0
    id: str = ""
    certified: tuple[str, ...] = ()
    recipients: int = 0


@dataclass(frozen=True, slots=True)
class Sender:
    """`mailbox` is None for the null sender; `size` is what SIZE= said, 0 for nothing."""

    mailbox: Mailbox | None
    size: int = 0
    body: str = ""

    @property
    def address(self) -> str:
        """Without brackets; "" for the null sender."""
        return str(self.mailbox) if self.mailbox else ""

    @property
    def domain(self) -> str:
        """In small letters and ASCII (A-labels); "" for the null sender."""
        return key_of_domain(self.mailbox.domain) if self.mailbox else ""


@dataclass(frozen=True, slots=True)
class Recipient:
    """`is_local`: in a domain of ours, where it exists, else it would have been refused.

    `account` is that of a system user.  `number` counts the recipients of the message, this one
    included.  `is_permitted`: settings let this caller send there; else it is refused, unless
    policy says `Relay`.
    """

    mailbox: Mailbox
    is_local: bool = True
    account: str = ""
    number: int = 1
    is_permitted: bool = True

    @property
    def address(self) -> str:
        return str(self.mailbox)

    @property
    def domain(self) -> str:
        return key_of_domain(self.mailbox.domain)


@dataclass(frozen=True, slots=True)
class Message:
    """`size` in octets as received; `id` is ours.

    `header` are its fields in order, decoded, with those on top that mail of users lacked; of very
    many, or very long ones, the first (`is_header_cut`).
    """

    id: str
    size: int
    header: tuple[Field, ...] = ()
    is_header_cut: bool = False
    has_eight_bit: bool = False

    def texts(self, name: str) -> tuple[str, ...]:
        """Of each field of this name; letter case does not count."""
        return tuple(self._texts(name.lower()))

    def _texts(self, name: str) -> Iterator[str]:
        for field in self.header:
            if field.name.lower() == name:
                yield field.text


@dataclass(frozen=True, slots=True)
class Facts:
    """All that is known at a stage; what comes later is None or empty.

    `recipients` are those that were taken, known at data.
    `reason` is that of N-08 at notquit.
    """

    stage: Stage
    call: Call
    sender: Sender | None = None
    recipient: Recipient | None = None
    recipients: tuple[Recipient, ...] = ()
    message: Message | None = None
    reason: str = ""
