"""What is sent on has a sender of ours (SRS), and reports to him go back to whose mail it was.

A host that is sent mail of example.com by us would hold us for a liar (SPF): example.com has never
said that we may send for it.  So what an alias or a .forward sends on to another host has a sender
of ours, who stands for the other one (`pymta.mail.srs`):

    the null sender, and senders in domains of ours       stay
    hosts behind us (relay_to_domains)                    know us; the sender stays
    mail that is not sent on, or by the owner of a list   has its own sender
    a sender for whom that would be too long              stays, as well as he can

The message in the spool keeps its own sender: he is told of failures, and each attempt signs
afresh.
"""

from __future__ import annotations

from collections.abc import Callable

from pymta.config.routing import Routing
from pymta.mail import srs
from pymta.mail.address import Mailbox, parse_mailbox
from pymta.mail.caller import Address
from pymta.mail.domain import key_of_domain
from pymta.mail.srs import DAY, Forged, Signed
from pymta.routing.address_class import Ours, classify, relayed_domains, srs_domain
from pymta.routing.expansion import TABLE_TROUBLE
from pymta.routing.route import SRS, Defer, Expanded, Fail, Item
from pymta.routing.target import Whom
from pymta.tables.address_tables import Secrets
from pymta.tables.table import Unsure

NOT_OURS = Fail("invalid SRS address: its hash does not match", "5.1.1")


def signed_by_us(who: Ours, routing: Routing, secrets: Secrets) -> Signed | Fail | Defer | None:
    """For whom this one stands; None: it is no such address."""
    if not who.domain or who.domain != srs_domain(routing):
        return None
    if srs.read(who.local_part, ()) is None:  # nobody need look for a secret
        return None
    known = secrets()
    if isinstance(known, Unsure):
        return Defer(known.why, TABLE_TROUBLE)
    found = srs.read(who.local_part, known)
    return NOT_OURS if isinstance(found, Forged) else found


def route_back(
    who: Ours, routing: Routing, secrets: Secrets, *, is_final: bool
) -> Expanded | Fail | Defer | None:
    """On to whose mail it was, however long ago: RCPT has asked for the time."""
    found = signed_by_us(who, routing, secrets)
    if not isinstance(found, Signed):
        return found
    if is_final:  # there is no mailbox
        return NOT_OURS
    return Expanded((Item(Whom(found.sender), SRS),), who.local_part, SRS, SRS)


def is_outside(address: str, routing: Routing) -> bool:
    """Does a recipient whom we send mail to by SMTP judge us by the sender?"""
    return key_of_domain(address.rpartition("@")[2]) not in relayed_domains(routing)


def sender_of_ours(
    sender: str,
    routing: Routing,
    secrets: Secrets,
    now: float,
    is_local_address: Callable[[Address], bool],
) -> str | Unsure:
    """As whom we send on what `sender` wrote ("" for the null sender), at `now`, in seconds since
    the epoch.
    """
    mailbox, domain = parse_mailbox(sender), srs_domain(routing)
    if not domain or not isinstance(mailbox, Mailbox):
        return sender
    is_own = isinstance(classify(sender, routing, is_local_address), Ours)
    if is_own or key_of_domain(mailbox.domain) == domain:
        return sender
    known = secrets()
    if isinstance(known, Unsure):
        return known
    made = srs.sign(mailbox, domain, known[0], int(now // DAY))
    return sender if made is None else str(made)
