"""One mail transaction: what MAIL and RCPT have set.

It is thrown away whole by EHLO, HELO and RSET and after a message (`pymta.smtp.states.RESETS`);
nothing of it is ever cleared piece by piece, so nothing can be forgotten.
"""

from __future__ import annotations

from dataclasses import field
from enum import IntEnum

from pymta.dataclass import dataclass
from pymta.mail.address import Mailbox
from pymta.mail.domain import key_of_domain
from pymta.mail.envelope import Client, Envelope, Recipient
from pymta.policy.facts import Recipient as RecipientFacts
from pymta.policy.facts import Sender
from pymta.smtp.parameters import NOTHING_ASKED, MailParameters, RcptParameters


class Hold(IntEnum):
    """Policy wants the message to wait (ID-06); of two rules the stricter counts."""

    NOTHING = 0
    ROUTE = 1  # only what goes to other hosts waits (N-42)
    QUEUE = 2
    FREEZE = 3


@dataclass(frozen=True, slots=True)
class Discarded:
    """Policy wants the message thrown away: at which command, by which rule, and why."""

    by: str
    rule: str
    why: str


@dataclass(slots=True)
class Transaction:
    """`sender` is "" for the null sender; whether there is one at all, the state knows.

    `asked` are the parameters of MAIL.

    `facts` and `told` are sender and recipients as policy saw them.  `hold` and `discarded` are
    what it wants done, `rule` who wants `hold`; `rules` said yes to something.

    `recipients` are kept by their comparing key, so that one named twice is stored once.
    """

    sender: str = ""
    asked: MailParameters = NOTHING_ASKED
    recipients: dict[tuple[str, str], Recipient] = field(default_factory=dict)
    remote_domain: str = ""  # of the first recipient that another host is to get now
    is_full_told: bool = False  # one log line for all recipients above the limit
    facts: Sender | None = None
    told: list[RecipientFacts] = field(default_factory=list)
    hold: Hold = Hold.NOTHING
    rule: str = ""
    rules: dict[str, None] = field(default_factory=dict)
    discarded: Discarded | None = None

    def hold_back(self, hold: Hold, rule: str) -> None:
        if hold > self.hold:
            self.hold, self.rule = hold, rule

    def discard(self, by: str, rule: str, why: str) -> None:
        self.discarded = self.discarded or Discarded(by, rule, why)

    @property
    def whole_discarded(self) -> Discarded | None:
        """Nobody is to get the message; all its recipients may have been thrown away singly."""
        if self.discarded or self.recipients:
            return self.discarded
        return Discarded("RCPT", "", "")

    @property
    def why_frozen(self) -> str:
        return f"by rule {self.rule}" if self.hold is Hold.FREEZE else ""

    def add(
        self,
        key: tuple[str, str],
        mailbox: Mailbox,
        parameters: RcptParameters,
        *,
        is_remote: bool,
    ) -> None:
        new = Recipient(str(mailbox), parameters.notify, parameters.orcpt)
        known = self.recipients.get(key)
        self.recipients[key] = known.and_also(new) if known else new
        if is_remote and not self.remote_domain:
            self.remote_domain = key_of_domain(mailbox.domain)

    def envelope(self, received_at: float, client: Client, queue: str) -> Envelope:
        return Envelope(
            sender=self.sender,
            recipients=tuple(self.recipients.values()),
            received_at=received_at,
            client=client,
            body=self.asked.body or "7BIT",
            queue_name=queue,
            smtputf8=self.asked.smtputf8,
            ret=self.asked.ret,
            envid=self.asked.envid,
            requires_tls=self.asked.requires_tls,
        )
