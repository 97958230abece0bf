"""Lines about logins, in the classic words, and about where passwords are looked up.

PLAIN authenticator failed for (client.example) [192.0.2.7]: 535 Incorrect authentication data
   (set_id=alice)

Ban filters look for this line.  They take the mechanism for one word, so a hyphen in it is written
as an underscore.
"""

from __future__ import annotations

from pymta.journal.event import MAIN, MAIN_AND_PANIC, MAIN_AND_REJECT, Event, Kind
from pymta.journal.origin import Origin
from pymta.mail.reply import Reply


def login_failed(origin: Origin, mechanism: str, reply: Reply, name: str, why: str) -> Event:
    """`name` is whom the client said to be, "" when it did not; `why` is for the operator alone."""
    word = mechanism.replace("-", "_")
    said = f" (set_id={name})" if name else ""
    # The line of a wrong password ends where filters expect it to.
    more = "" if reply.code == 535 else f": {why}"
    text = f"{word} authenticator failed for {origin.who}: {reply.code} {reply.text}{said}{more}"
    fields = origin.fields | {"MECHANISM": mechanism, "WHY": why}
    if name:
        fields["ACCOUNT"] = name
    return Event(Kind.LOGIN_FAILED, text, fields=fields, streams=MAIN_AND_REJECT)


def trouble(what: str) -> Event:
    """Somebody, or everybody, cannot log in until it is mended."""
    return Event(Kind.LOGIN_TROUBLE, f"logins: {what}", streams=MAIN_AND_PANIC)


def remark(what: str) -> Event:
    """Logins work all the same."""
    return Event(Kind.REMARK, f"logins: {what}", streams=MAIN)
