"""One mail transaction: what MAIL and RCPT have set.

It is thrown away whole by EHLO, HELO and RSET and after a message (`pymta.smtp.states.RESETS`);
nothing of it is ever cleared piece by piece, so nothing can be forgotten.
"""

from __future__ import annotations

from dataclasses import dataclass, field

from pymta.mail.address import Mailbox
from pymta.mail.envelope import Client, Envelope, Recipient


@dataclass(slots=True)
class Transaction:
    """`sender` is "" for the null sender; whether there is one at all, the state knows.

    `body` is the BODY parameter of MAIL, "" when it had none.

    `recipients` are kept by their comparing key, so that one named twice is stored once.
    """

    sender: str = ""
    body: str = ""
    recipients: dict[tuple[str, str], Recipient] = field(default_factory=dict)
    remote_domain: str = ""  # of the first recipient that another host is to get now
    is_full_told: bool = False  # one log line for all recipients above the limit

    def add(self, key: tuple[str, str], mailbox: Mailbox, *, is_remote: bool) -> None:
        self.recipients.setdefault(key, Recipient(str(mailbox)))
        if is_remote and not self.remote_domain:
            self.remote_domain = mailbox.domain.lower()

    def envelope(self, received_at: float, client: Client, queue: str) -> Envelope:
        return Envelope(
            sender=self.sender,
            recipients=tuple(self.recipients.values()),
            received_at=received_at,
            client=client,
            body=self.body or "7BIT",
            queue_name=queue,
        )
