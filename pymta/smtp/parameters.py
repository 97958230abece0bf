"""What may follow the path of MAIL and RCPT (RFC 5321 s4.1.2, RFC 1870, RFC 6152).

Strict: a parameter that we did not offer is 555 (RFC 5321 s4.1.1.11), one that is malformed or
given twice is 501.  RCPT knows none.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from pymta.mail.reply import Reply

_SIZE = re.compile(rb"[0-9]{1,20}")  # RFC 1870 s6.1; the length is bounded before int()
_BODIES = {b"7BIT": "7BIT", b"8BITMIME": "8BITMIME"}


@dataclass(frozen=True, slots=True)
class MailParameters:
    """`size` in octets, 0 when the client did not say; `body` "" likewise."""

    size: int = 0
    body: str = ""


def parse_mail_parameters(rest: bytes) -> MailParameters | Reply:
    """`rest` is what stands behind the closing bracket."""
    words = _split(rest)
    if isinstance(words, Reply):
        return words
    size, body = 0, ""
    for keyword, value in words.items():
        match keyword:
            case b"SIZE" if _SIZE.fullmatch(value):
                size = int(value)
            case b"BODY" if value.upper() in _BODIES:
                body = _BODIES[value.upper()]
            case b"SIZE" | b"BODY":
                return Reply(501, f"invalid value of parameter {keyword.decode()}", "5.5.4")
            case _:
                return _UNKNOWN
    return MailParameters(size, body)


def check_rcpt_parameters(rest: bytes) -> Reply | None:
    """None when nothing is wrong."""
    words = _split(rest)
    if isinstance(words, Reply):
        return words
    return _UNKNOWN if words else None


_UNKNOWN = Reply(555, "unknown parameter", "5.5.4")


def _split(rest: bytes) -> dict[bytes, bytes] | Reply:
    if rest and rest[:1] not in (b" ", b"\t"):
        return Reply(501, "text follows the closing angle bracket", "5.5.2")
    words: dict[bytes, bytes] = {}
    for word in rest.split():
        keyword, _, value = word.partition(b"=")
        keyword = keyword.upper()
        if keyword in words:
            return Reply(501, "parameter given twice", "5.5.4")
        words[keyword] = value
    return words
