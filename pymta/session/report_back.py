"""May somebody send to an address that we have made by SRS?  Reports may, for some weeks.

Such an address leads to a stranger, at another host, and whoever has seen a message that we sent on
knows it.  So it takes what has the null sender, as reports have, and nothing else: it is no way to
send mail through us.
"""

from __future__ import annotations

from pymta.config.duration import format_duration
from pymta.mail.address import Mailbox
from pymta.mail.domain import key_of_domain
from pymta.mail.srs import DAY
from pymta.policy.decision import Decision, Explain, nobody_asks
from pymta.routing.address_class import Ours
from pymta.routing.own import OwnAddresses
from pymta.routing.route import Defer, Fail
from pymta.routing.srs import signed_by_us
from pymta.session.recipient_verdict import Accept, Refuse, refusal


def judge_report(
    mailbox: Mailbox,
    sender: str,
    own: OwnAddresses,
    now: float,
    *,
    explain: Explain = nobody_asks,
) -> Accept | Refuse | None:
    """None: it is no such address.  `now` is in seconds since the epoch."""
    routing = own.settings.routing
    if not routing.srs_secrets:
        return None
    who = Ours(mailbox.local, key_of_domain(mailbox.domain))
    found = signed_by_us(who, routing, own.tables.srs_secrets)
    if found is None:
        return None
    if isinstance(found, Defer):
        explain(Decision("srs_secrets", found.why))
        return refusal(found)
    if isinstance(found, Fail):
        explain(Decision("srs_secrets", f"{mailbox}: none of them has made it"))
        return refusal(found)
    most = own.settings.routing.srs_max_age
    if found.is_older_than(most // DAY, int(now // DAY)):
        explain(Decision("srs_max_age", f"{mailbox}: older than {format_duration(most)}"))
        return refusal(Fail("SRS address has expired", "5.1.1"))
    if sender:
        explain(Decision("srs_secrets", f"{mailbox}: stands for {found.sender}, for reports alone"))
        return refusal(Fail("SRS address takes reports alone, from the null sender", "5.7.1"))
    explain(Decision("srs_secrets", f"{mailbox}: stands for {found.sender}"))
    return Accept(mailbox, is_local=True)
