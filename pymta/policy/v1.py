"""What a file of policy functions may use of pymta, version 1: it stays as it is.

    from pymta.policy.v1 import Call, Pass, Recipient, Refuse, Sender, Verdict

    def rcpt(call: Call, sender: Sender, recipient: Recipient) -> Verdict:
        if recipient.address == "old@example.org":
            return Refuse("this mailbox has moved", enhanced="5.1.6")
        return Pass()

Facts may get more fields, each with a default, and there may be more verdicts; nothing goes, and
nothing changes its meaning.  What must change some day does so in a version 2, beside this one.
"""

from __future__ import annotations

from pymta.mail.address import Mailbox
from pymta.mail.caller import Address
from pymta.mail.header_fields import Field
from pymta.policy.facts import Call, Message, Recipient, Sender
from pymta.policy.verdict import (
    Accept,
    Defer,
    Discard,
    Drop,
    Freeze,
    Pass,
    Queue,
    Refuse,
    Relay,
    Verdict,
)

__all__ = [
    "Accept",
    "Address",
    "Call",
    "Defer",
    "Discard",
    "Drop",
    "Field",
    "Freeze",
    "Mailbox",
    "Message",
    "Pass",
    "Queue",
    "Recipient",
    "Refuse",
    "Relay",
    "Sender",
    "Verdict",
]
