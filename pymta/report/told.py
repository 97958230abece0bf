"""What a sender is told about one recipient (RFC 3464 s2.3).

    failed      he will never have the message
    delayed     he has not got it yet; it is tried on
    delivered   it is in his mailbox
    relayed     another host has it, which sends no such reports
    expanded    it goes on to several others, who are not told of

The words are those of the field Action.
"""

from __future__ import annotations

import re

from pymta.dataclass import dataclass
from pymta.mail.envelope import RFC822, UTF8
from pymta.mail.xtext import encode_utf8_address
from pymta.report.failure import parse_failure
from pymta.smtp.notifications import is_utf8
from pymta.spool.outcomes import DELAYED, DELIVERED, EXPANDED, FAILED, LIST, RELAYED

_BY_HOST = re.compile(r"H=(\S+ \[[^\]]*\](?::[0-9]+)?)")
_TEXT = {
    DELIVERED: "delivered to the mailbox",
    RELAYED: "passed on to a server that sends no reports of this kind",
    EXPANDED: "sent on to other addresses",
}


@dataclass(frozen=True, slots=True)
class Told:
    """`status` is an enhanced code; `host` as ``mx.example.org [192.0.2.1]``, `reply` what it said.

    `orcpt` is the recipient as his sender named him at first, ``rfc822;a@b.example``, "" when he
    did not say.  `in_place_of` is the one to whom he wrote, for a recipient whom he does not know.
    `until` is when a recipient who is delayed is given up, in the form of RFC 5322, "" where nobody
    knows.
    """

    recipient: str
    action: str
    status: str
    text: str
    host: str = ""
    reply: str = ""
    orcpt: str = ""
    in_place_of: str = ""
    until: str = ""


def told(recipient: str, action: str, line: str, orcpt: str = "", in_place_of: str = "") -> Told:
    """`line` is what the journal keeps: a failure, or how it was delivered."""
    if action in {FAILED, DELAYED}:
        why = parse_failure(line)
        return Told(
            recipient, action, why.status, why.text, why.host, why.reply, orcpt, in_place_of
        )
    found = _BY_HOST.search(line)
    host = found[1] if found else ""
    text = "passed to the mailing list" if line == LIST else _TEXT[action]
    status = "2.1.9" if action == RELAYED else "2.0.0"  # RFC 3886
    return Told(recipient, action, status, text, host, "", orcpt, in_place_of)


def typed(address: str, *, in_utf8: bool) -> str:
    """An address with its type, for a report that is itself in UTF-8 or in ASCII (RFC 6533 s3)."""
    if address.isascii():
        return f"{RFC822}; {address}"
    return f"{UTF8}; {address if in_utf8 else encode_utf8_address(address)}"


def original(orcpt: str, *, in_utf8: bool) -> str:
    kind, _, address = orcpt.partition(";")
    if is_utf8(kind) and not in_utf8:
        address = encode_utf8_address(address)
    return f"{kind}; {address}"
