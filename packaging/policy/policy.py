"""An example of policy functions: copy it to /etc/pymta/policy.py, and change what you like.

    policy_file = "/etc/pymta/policy.py"

A function is asked at its stage, where no rule of the settings has decided.  `Pass()` is no
opinion: whatever else there is goes on.  Then:

    pymta policy check && pymta policy test && systemctl reload pymta
"""

from __future__ import annotations

import re
from ipaddress import ip_network

from pymta.policy.v1 import (
    Call,
    Defer,
    Freeze,
    Message,
    Pass,
    Recipient,
    Refuse,
    Sender,
    Verdict,
)

# Machines of ours, which may send what others may not.
_OURS = ip_network("198.51.100.0/24")
# Mailboxes that have moved; RFC 3463 has a status of its own for them.  They stay in local_parts:
# a recipient who does not exist is refused before anybody is asked.
_MOVED = {
    "old@example.org": "new@example.org",
    "sales@example.org": "shop@example.com",
}
# Lists that nobody from outside may write to.
_INTERNAL = frozenset({"all@example.org", "staff@example.org"})
_MOST_RECIPIENTS_AT_NIGHT = 20
_INVOICE = re.compile(r"\b(invoice|rechnung) [0-9]{4,12}\b", re.IGNORECASE)
# No expression that repeats what repeats, such as (a+)+: there are texts for which it never ends.


def _is_ours(call: Call) -> bool:
    """A logged-in user, a user of this machine, or one of our networks."""
    if call.account or call.address is None:
        return True
    return call.address.version == _OURS.version and call.address in _OURS


def helo(call: Call) -> Verdict:
    """Nobody else has our name."""
    if call.helo.lower() == call.host.lower() and not _is_ours(call):
        return Refuse("that is my name, not yours", log="HELO with our name")
    return Pass()


def rcpt(call: Call, sender: Sender, recipient: Recipient) -> Verdict:
    address = recipient.address.lower()
    if address in _MOVED:
        return Refuse(f"this mailbox has moved to {_MOVED[address]}", enhanced="5.1.6")
    if address in _INTERNAL and not _is_ours(call):
        return Refuse("this list takes mail of its members only")
    if not sender.address and recipient.number > 1:
        # A bounce is about one message, and so for one sender.
        return Refuse("bounces have one recipient", code=550, enhanced="5.5.3")
    return Pass()


def data(
    call: Call, sender: Sender, recipients: tuple[Recipient, ...], message: Message
) -> Verdict:
    if len(recipients) > _MOST_RECIPIENTS_AT_NIGHT and not call.tls and not _is_ours(call):
        return Defer("so many recipients only over TLS, please")
    subjects = message.texts("Subject")
    if any(map(_INVOICE.search, subjects)) and sender.domain == "example.org":
        return Freeze()  # somebody looks at it first
    return Pass()
