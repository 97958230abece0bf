"""The message that a report is about: as much of it as goes back (RFC 3461 s4.3, RFC 6522 s4).

Its header, or the whole of it where its sender asked for that (RET=FULL), it failed, and it is
short and clean enough: what is inside message/rfc822 must not be encoded, so it must not need to.
"""

from __future__ import annotations

from collections.abc import Iterable
from itertools import chain

from pymta.dataclass import dataclass
from pymta.report.headers import header_of
from pymta.report.mime import Part, is_honest, text_part


@dataclass(frozen=True, slots=True)
class Returned:
    """`content` is the header alone unless `is_whole`; `smtputf8`: it came as such a message."""

    content: bytes
    is_whole: bool = False
    smtputf8: bool = False


def returned(blocks: Iterable[bytes], *, most: int, smtputf8: bool) -> Returned:
    """The whole when it has at most `most` octets; 0: the header alone."""
    if not most:
        return Returned(header_of(blocks), smtputf8=smtputf8)
    content = bytearray()
    ahead = iter(blocks)
    for block in ahead:
        content += block
        if len(content) > most:
            break
    else:
        if is_honest(bytes(content)):
            return Returned(bytes(content), is_whole=True, smtputf8=smtputf8)
    return Returned(header_of(chain([bytes(content)], ahead)), smtputf8=smtputf8)


def returned_part(returned: Returned, *, in_utf8: bool) -> Part:
    content = returned.content
    header = header_of([content])
    is_international = returned.smtputf8 and not header.isascii() and _is_utf8(header)
    if returned.is_whole:
        kind = "message/global" if is_international else "message/rfc822"
        return Part(kind, "7bit" if content.isascii() else "8bit", content)
    kind = "message/global-headers" if is_international else "text/rfc822-headers"
    return text_part(kind, content, may_be_8bit=in_utf8 and is_international)


def _is_utf8(text: bytes) -> bool:
    try:
        text.decode("utf-8")
    except UnicodeDecodeError:
        return False
    return True
