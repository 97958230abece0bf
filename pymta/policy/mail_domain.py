"""Could mail be sent to this domain?  A sender whose domain takes none cannot hear of failures.

YES           it has a mail host, or an address where nothing says otherwise (RFC 5321 s5.1)
NO_MAIL       it says itself that it takes none: the null MX (RFC 7505)
NOWHERE       it has neither MX nor address
NO_DOMAIN     it does not exist
NO_MAILBOX    it is ours, and has no such mailbox, which only we can know
UNKNOWN       nobody could tell
"""

from __future__ import annotations

from collections.abc import Callable
from enum import Enum

from pymta.mail.caller import Address
from pymta.resolver.answer import Answer, Failed, Found, Mx, NoSuchDomain


class Standing(Enum):
    YES = "yes"
    NO_MAIL = "no mail"
    NOWHERE = "nowhere"
    NO_DOMAIN = "no domain"
    NO_MAILBOX = "no mailbox"
    UNKNOWN = "unknown"


def standing(
    domain: str,
    mx: Callable[[str], Answer[Mx]],
    addresses: Callable[[str], Answer[Address]],
) -> Standing:
    """That MX hosts have addresses is not asked: it is a stranger who would let us ask."""
    match mx(domain):
        case Found(records):
            is_null = all(not record.target for record in records)
            return Standing.NO_MAIL if is_null else Standing.YES
        case NoSuchDomain():
            return Standing.NO_DOMAIN
        case Failed():
            return Standing.UNKNOWN
    match addresses(domain):
        case Found():
            return Standing.YES
        case Failed():
            return Standing.UNKNOWN
    return Standing.NOWHERE
