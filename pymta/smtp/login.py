"""The words of a login (RFC 4954 s4): a mechanism, and what it says in base64.

Base64 is read strictly, in the one way in which it may be written: two servers that understand it
differently would take different names out of it.
"""

from __future__ import annotations

import re
from base64 import b64encode
from binascii import Error, a2b_base64

from pymta.dataclass import dataclass
from pymta.mail.reply import Reply

CANCEL = b"*"
TOO_LONG = Reply(500, "authentication exchange line is too long", "5.5.6")
_NOT_BASE64 = Reply(501, "invalid base64 data", "5.5.2")
_CANCELLED = Reply(501, "authentication cancelled", "5.7.0")
_MECHANISM = re.compile(rb"[A-Za-z0-9_-]{1,20}")  # RFC 4422 s3.1


@dataclass(frozen=True, slots=True)
class Auth:
    """What AUTH said: the mechanism in capitals, and the initial response, None without one."""

    mechanism: str
    response: bytes | None


def parse_auth(argument: bytes) -> Auth | Reply:
    mechanism, _, rest = argument.partition(b" ")
    rest = rest.strip(b" \t")
    if not _MECHANISM.fullmatch(mechanism):
        return Reply(501, "malformed name of an authentication mechanism", "5.5.4")
    name = mechanism.decode("ascii").upper()
    if not rest:
        return Auth(name, None)
    if rest == b"=":  # an empty one, which is another thing than none
        return Auth(name, b"")
    response = _decode(rest)
    return response if isinstance(response, Reply) else Auth(name, response)


def parse_response(line: bytes | None) -> bytes | Reply:
    """What answers a challenge; None is a line that was too long."""
    if line is None:
        return TOO_LONG
    line = line.rstrip(b" \t")
    return _CANCELLED if line == CANCEL else _decode(line)


def challenge(data: bytes) -> Reply:
    """334, which has no enhanced code (RFC 2034 s4)."""
    return Reply(334, b64encode(data).decode("ascii"))


def _decode(text: bytes) -> bytes | Reply:
    try:
        data = a2b_base64(text, strict_mode=True)
    except Error:
        return _NOT_BASE64
    return data if b64encode(data) == text else _NOT_BASE64
